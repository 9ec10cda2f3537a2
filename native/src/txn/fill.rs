//! Filling the store from a file, on threads that are no cores: entries that are made beforehand, many to a shard at a time.

use super::Txn;
use super::frequency::lfu_minutes;
use crate::ds::entry::Entry;
use crate::ds::latch::LatchSet;
use crate::store::Store;
use crate::store::counters::{CORES_MAX, HELPERS_MAX};
use crate::store::policy::Clock;

/// An entry on its way into the store.
pub struct Coming {
    pub hash: u64,
    pub entry: Entry,
    pub db: u32,
    /// Its access clock.
    pub access: u32,
}

impl Txn {
    /// A context for the one thread that is no core (it loads a file); no core's latches are `sole` meanwhile.
    pub fn helper(store: &'static Store) -> Txn {
        Txn::helper_of(store, 0)
    }

    /// As [`Txn::helper`], for one of several such threads, below [`HELPERS_MAX`].
    pub fn helper_of(store: &'static Store, index: usize) -> Txn {
        assert!(index < HELPERS_MAX);
        let latches = LatchSet::new(&store.shards, (2 * CORES_MAX + index) as u32 + 1, false);
        Txn { latches, ..Txn::new(store, CORES_MAX + index, false) }
    }

    /// The access clock of a key that was idle for so long, s, or was used so often: the one that the policy in force has a use for.
    /// None: the file says nothing that it could use. `now_ms`: since the epoch.
    pub fn marked_access(&self, now_ms: i64, idle_s: Option<u64>, frequency: Option<u8>) -> Option<u32> {
        match (self.store.settings.policy.clock() == Clock::Frequency, frequency, idle_s) {
            (true, Some(frequency), _) => Some(lfu_minutes(now_ms) << 8 | frequency as u32),
            (false, _, Some(idle_s)) => {
                Some(self.access_clock.wrapping_sub(idle_s.min(0x00ff_ffff) as u32) & 0x00ff_ffff)
            }
            _ => None,
        }
    }

    /// Puts entries into their shard, which is latched; nobody is told. Err: one whose key is there already, in its database; those
    /// before it are in.
    pub fn fill(&mut self, coming: impl Iterator<Item = Coming>, shard: u32) -> Result<(), (u32, Entry)> {
        let (store, core) = (self.store, self.core);
        let shard = self.latches.get(shard);
        for Coming { hash, mut entry, db, access } in coming {
            let table = shard.table_mut(db);
            if table.find(hash, entry.borrow().key()).is_some() {
                return Err((db, entry));
            }
            entry.set_access(access);
            let (bytes, expires) = (entry.borrow().memory_bytes() as i64, entry.borrow().expiry().is_some());
            let due = table.due_len();
            table.insert(hash, entry);
            table.entry_bytes += bytes;
            let due = table.due_len() as i64 - due as i64;
            store.counters.add(core, db, 1, expires as i64, bytes);
            store.counters.add_due(core, db, due);
        }
        Ok(())
    }

    /// Starts loading these and the buckets that they will go into; their shard is latched.
    pub fn prefetch_fill<'c>(&self, coming: impl Iterator<Item = &'c Coming>, shard: u32) {
        let shard = self.latches.peek(shard);
        coming.for_each(|one| {
            shard.table(one.db).prefetch_bucket(one.hash);
            one.entry.borrow().prefetch();
        });
    }

    /// Makes room for so many more keys of a database, as if they were spread evenly over the shards. Shards that another holds are
    /// left out.
    pub fn make_room(&mut self, db: u32, keys: usize) {
        let shards = self.store.shards_count();
        // What lies above the even share in nearly all shards: three deviations of a Poisson distribution.
        let share = keys as f64 / shards as f64;
        let each = (share + 3.0 * share.sqrt()).ceil() as usize;
        for shard in 0..shards {
            let _ = self.with_shard(shard, |shard| {
                let table = shard.table_mut(db);
                table.reserve(table.len() + each);
            });
        }
    }
}
