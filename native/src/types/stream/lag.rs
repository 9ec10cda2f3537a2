//! How far behind a group is: what Redis works out from the counters of a stream, and when it cannot tell.

use super::entries::Entries;
use super::group::{Group, UNKNOWN};
use super::id::Id;

impl Entries {
    /// Was an entry from `start` on deleted (not trimmed), as far as the greatest such id tells?
    pub fn has_gaps_from(&self, start: Id) -> bool {
        let state = self.state();
        self.length() > 0 && state.max_deleted != Id::MIN && start <= state.max_deleted
    }

    /// How many entries were added up to `id`; [`UNKNOWN`] where that cannot be told:
    ///
    /// 1. nothing was ever added: none;
    /// 2. the stream is empty now, and `id` not in the future: all;
    /// 3. an entry after `id` was deleted: unknown;
    /// 4. `id` is the last one given: all; one after it: unknown;
    /// 5. nothing among the entries was deleted, and `id` is before the first: all that are gone; or the first: one more;
    /// 6. it is somewhere between: unknown.
    pub fn added_up_to(&self, id: Id) -> i64 {
        let state = self.state();
        let added = state.entries_added as i64;
        if added == 0 {
            return 0;
        }
        if self.length() == 0 && id <= state.last_id {
            return added;
        }
        if id != Id::MIN && id < state.max_deleted {
            return UNKNOWN;
        }
        if id >= state.last_id {
            return if id == state.last_id { added } else { UNKNOWN };
        }
        if state.max_deleted == Id::MIN || state.max_deleted < state.first_id {
            let gone = added - self.length() as i64;
            if id <= state.first_id {
                return if id == state.first_id { gone + 1 } else { gone };
            }
        }
        UNKNOWN
    }

    /// The count of entries read of a group that has read up to `last_id`, after it reads the entry `id` too.
    pub fn read_after(&self, last_id: Id, read: i64, id: Id) -> i64 {
        if read != UNKNOWN && last_id >= self.state().first_id && !self.has_gaps_from(last_id) {
            return read + 1;
        }
        if self.state().entries_added > 0 { self.added_up_to(id) } else { read }
    }

    /// Entries that the group has not read; None: unknown.
    pub fn lag(&self, group: &Group) -> Option<i64> {
        let state = self.state();
        let added = state.entries_added as i64;
        if added == 0 || self.length() == 0 {
            return Some(0);
        }
        if group.last_id < state.first_id && state.max_deleted < state.first_id {
            return Some(self.length() as i64);
        }
        if group.entries_read != UNKNOWN && !self.has_gaps_from(group.last_id) {
            return Some(added - group.entries_read);
        }
        Some(self.added_up_to(group.last_id)).filter(|read| *read != UNKNOWN).map(|read| added - read)
    }
}
