//! The value of a stream key: its entries, the groups that read them, and what idempotent producers have sent.
//!
//! Each change leaves its inverse: an appended entry its place, a deleted one its mark, a trimmed front itself.

use std::any::Any;
use std::collections::BTreeMap;

use super::block::Block;
use super::entries::{Entries, Spot, State};
use super::idmp::Idmp;
use crate::ds::digest::Digest;
use crate::ds::entry::Object;
use crate::txn::edit::Inverses;

pub use super::block::{ENTRY_BYTES_MAX, Limits};
pub use super::group::{Group, Log, UNKNOWN};
pub use super::id::Id;
pub use super::idmp::Policy;
pub use super::pending::{NOBODY, Pending};

#[derive(Clone, Debug)]
pub struct StreamValue {
    pub(super) entries: Entries,
    groups: BTreeMap<Box<[u8]>, Box<Group>>,
    groups_bytes: usize,
    idmp: Option<Box<Idmp>>,
}

/// What became of an entry that was to be deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deletion {
    Done,
    Missing,
    /// It may not go, for this reason.
    Kept(i64),
}

/// Bytes of a group besides its name and what it holds.
const GROUP_BYTES: usize = size_of::<Group>() + size_of::<(Box<[u8]>, Box<Group>)>();

impl StreamValue {
    pub fn new(policy: Policy) -> StreamValue {
        StreamValue { entries: Entries::new(policy), groups: BTreeMap::new(), groups_bytes: 0, idmp: None }
    }

    pub fn entries(&self) -> &Entries {
        &self.entries
    }

    pub fn state(&self) -> &State {
        &self.entries.state
    }

    #[inline]
    pub fn length(&self) -> u64 {
        self.entries.length()
    }

    /// Changes the numbers.
    pub fn set_state(&mut self, change: impl FnOnce(&mut State), inverses: &mut Inverses) {
        if inverses.on() {
            let state = self.entries.state;
            inverses.push(move |stream: &mut StreamValue| stream.entries.state = state);
        }
        change(&mut self.entries.state);
    }

    /// Appends an entry, whose id is above the last one given. `bytes`: of all names and values.
    pub fn append<'p>(
        &mut self,
        id: Id,
        pairs: impl ExactSizeIterator<Item = &'p [u8]> + Clone,
        bytes: usize,
        limits: Limits,
        inverses: &mut Inverses,
    ) {
        debug_assert!(id > self.state().last_id);
        let empty = self.length() == 0;
        let entries = &mut self.entries;
        match &mut entries.tail {
            Some(tail) if tail.has_room(bytes, limits) => {
                if inverses.on() {
                    let len = tail.len();
                    inverses.push(move |stream: &mut StreamValue| {
                        stream.entries.tail.as_mut().expect("the tail is back").pop(len);
                    });
                }
            }
            _ => {
                let sealed = entries.tail.take().map(|mut full| {
                    full.seal();
                    entries.sealed.push_back(full);
                });
                entries.tail = Some(Block::new(id, pairs.clone()));
                inverses.push(move |stream: &mut StreamValue| {
                    let entries = &mut stream.entries;
                    entries.tail = sealed.and_then(|()| entries.sealed.pop_back());
                });
            }
        }
        entries.tail.as_mut().expect("there since just now").push(id, pairs, bytes);
        self.set_state(
            |state| {
                state.last_id = id;
                state.entries_added += 1;
                if empty {
                    state.first_id = id;
                }
            },
            inverses,
        );
    }

    // ---- deleting ----

    /// Deletes the entries with these ids but for those that `keeps` gives a reason for; tells `done` what became of each. Gives
    /// how many went.
    pub fn delete_all(
        &mut self,
        ids: impl Iterator<Item = Id>,
        mut keeps: impl FnMut(&mut StreamValue, Id, &mut Inverses) -> Option<i64>,
        mut done: impl FnMut(Deletion),
        inverses: &mut Inverses,
    ) -> u64 {
        let (mut deleted, mut max, mut first) = (0, self.state().max_deleted, false);
        for id in ids {
            if let Some(reason) = keeps(self, id, inverses) {
                done(Deletion::Kept(reason));
            } else if self.delete(id, inverses) {
                deleted += 1;
                max = max.max(id);
                first |= id == self.state().first_id;
                done(Deletion::Done);
            } else {
                done(Deletion::Missing);
            }
        }
        if deleted > 0 {
            let first_id = if first { self.entries.first_live().unwrap_or(Id::MIN) } else { self.state().first_id };
            self.set_state(|state| (state.max_deleted, state.first_id) = (max, first_id), inverses);
        }
        deleted
    }

    /// Deletes one entry; false if it is not there. The numbers stay what they are.
    pub(super) fn delete(&mut self, id: Id, inverses: &mut Inverses) -> bool {
        let Some(spot) = self.entries.find(id) else { return false };
        let block = self.entries.block(spot);
        let Some(at) = block.get(id).map(|entry| entry.at) else { return false };
        let base = block.base();
        self.entries.edit_block(spot, |block| block.delete(at));
        if inverses.on() {
            inverses.push(move |stream: &mut StreamValue| stream.entries.edit_based(base, |block| block.undelete(at)));
        }
        self.tidy(spot, inverses);
        true
    }

    /// Trims the first block's entries before offset `at` off, `live` of which were live.
    pub(super) fn trim_front(&mut self, at: usize, live: u32, inverses: &mut Inverses) {
        let Some(spot) = self.entries.first_spot() else { return };
        let (base, mark) = (self.entries.block(spot).base(), self.entries.block(spot).mark());
        self.entries.edit_block(spot, |block| block.trim_to(at, live));
        if inverses.on() {
            inverses.push(move |stream: &mut StreamValue| stream.entries.edit_based(base, |block| block.back_to(mark)));
        }
        self.tidy(spot, inverses);
    }

    /// Takes an empty block away, and writes one anew where more is deleted than lives.
    fn tidy(&mut self, spot: Spot, inverses: &mut Inverses) {
        let entries = &mut self.entries;
        let block = entries.block(spot);
        if block.live() > 0 {
            if block.is_sparse() {
                let rewritten = block.rewritten();
                let old = entries.edit_block(spot, |block| std::mem::replace(block, rewritten));
                inverses.push(move |stream: &mut StreamValue| {
                    stream.entries.edit_based(old.base(), |block| *block = old);
                });
            }
            return;
        }
        match spot {
            Spot::Tail => {
                let old = entries.tail.take();
                inverses.push(move |stream: &mut StreamValue| stream.entries.tail = old);
            }
            Spot::Sealed(place) => {
                let old = entries.sealed.remove(place);
                inverses.push(move |stream: &mut StreamValue| stream.entries.sealed.insert(old));
            }
        }
    }

    // ---- groups ----

    pub fn groups(&self) -> impl ExactSizeIterator<Item = (&[u8], &Group)> {
        self.groups.iter().map(|(name, group)| (&**name, &**group))
    }

    pub fn group(&self, name: &[u8]) -> Option<&Group> {
        self.groups.get(name).map(|group| &**group)
    }

    /// A new group; false if there is one with this name.
    pub fn make_group(&mut self, name: &[u8], group: Group, inverses: &mut Inverses) -> bool {
        if self.groups.contains_key(name) {
            return false;
        }
        self.put_group(name.into(), Box::new(group));
        if inverses.on() {
            let name: Box<[u8]> = name.into();
            inverses.push(move |stream: &mut StreamValue| drop(stream.take_group(&name)));
        }
        true
    }

    pub fn put_group(&mut self, name: Box<[u8]>, group: Box<Group>) {
        self.groups_bytes += GROUP_BYTES + name.len() + group.heap_bytes();
        self.groups.insert(name, group);
    }

    pub fn take_group(&mut self, name: &[u8]) -> Option<Box<Group>> {
        let group = self.groups.remove(name)?;
        self.groups_bytes -= GROUP_BYTES + name.len() + group.heap_bytes();
        Some(group)
    }

    /// Changes a group, with a view of the entries. What `edit` logs is taken back with the rest. None: no such group.
    pub fn edit_group<T>(
        &mut self,
        name: &[u8],
        inverses: &mut Inverses,
        edit: impl FnOnce(&mut Group, &Entries, &mut Log) -> T,
    ) -> Option<T> {
        let group = self.groups.get_mut(name)?;
        let before = group.heap_bytes();
        let mut log = Log::new(inverses.on());
        let result = edit(group, &self.entries, &mut log);
        self.groups_bytes = self.groups_bytes + group.heap_bytes() - before;
        if log.holds() {
            let name: Box<[u8]> = name.into();
            inverses.push(move |stream: &mut StreamValue| {
                let group = stream.groups.get_mut(&*name).expect("the group is back");
                let before = group.heap_bytes();
                group.undo(log);
                stream.groups_bytes = stream.groups_bytes + group.heap_bytes() - before;
            });
        }
        Some(result)
    }

    /// Does any group still need this entry: one that has not read so far, or where it is pending?
    pub fn is_referenced(&self, id: Id) -> bool {
        self.groups.values().any(|group| group.last_id < id || group.pel().get(id).is_some())
    }

    /// The least last id of all groups; None: there are none.
    pub fn groups_last_id_min(&self) -> Option<Id> {
        self.groups.values().map(|group| group.last_id).min()
    }

    /// An entry is pending nowhere any more.
    pub fn drop_references(&mut self, id: Id, inverses: &mut Inverses) {
        let having = self.groups.iter().filter(|(_, group)| group.pel().get(id).is_some());
        for name in having.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
            self.edit_group(&name, inverses, |group, _, log| group.remove(id, log));
        }
    }

    // ---- idempotent producers ----

    pub fn idmp(&self) -> Option<&Idmp> {
        self.idmp.as_deref()
    }

    pub fn remember(&mut self, producer: &[u8], iid: &[u8], id: Id, now_ms: i64, inverses: &mut Inverses) {
        let policy = self.state().policy;
        let idmp = self.idmp.get_or_insert_default();
        idmp.sweep(policy, now_ms);
        let back = idmp.remember(producer, iid, id, policy);
        if inverses.on() {
            let (producer, iid): (Box<[u8]>, Box<[u8]>) = (producer.into(), iid.into());
            inverses.push(move |stream: &mut StreamValue| {
                let Some(idmp) = &mut stream.idmp else { return };
                idmp.forget(&producer, &iid, back);
                if idmp.is_empty() {
                    stream.idmp = None;
                }
            });
        }
        self.set_state(|state| (state.iids_added, state.knows_producers) = (state.iids_added + 1, true), inverses);
    }

    /// Another policy, under which nothing is remembered yet.
    pub fn set_policy(&mut self, policy: Policy, inverses: &mut Inverses) {
        self.set_state(|state| (state.policy, state.knows_producers) = (policy, true), inverses);
        let old = self.idmp.take();
        inverses.push(move |stream: &mut StreamValue| stream.idmp = old);
    }
}

#[cfg(test)]
impl StreamValue {
    /// What [`Object::memory_bytes`] should be, counted anew.
    pub fn recounted_bytes(&self) -> usize {
        let groups = self.groups.iter().map(|(name, group)| {
            let pel = group.pel().recounted_bytes();
            GROUP_BYTES + name.len() + group.heap_bytes() - group.pel().heap_bytes() + pel
        });
        size_of::<StreamValue>()
            + self.entries.sealed.recounted_bytes()
            + self.entries.tail.as_ref().map_or(0, super::ladder::Rung::heap_bytes)
            + groups.sum::<usize>()
            + self.idmp.as_ref().map_or(0, |idmp| idmp.heap_bytes())
    }
}

impl Object for StreamValue {
    fn type_name(&self) -> &'static str {
        "stream"
    }

    fn encoding(&self) -> &'static str {
        "stream"
    }

    #[inline]
    fn memory_bytes(&self) -> usize {
        size_of::<StreamValue>()
            + self.entries.heap_bytes()
            + self.groups_bytes
            + self.idmp.as_ref().map_or(0, |idmp| idmp.heap_bytes())
    }

    /// Entries and pending ones, since both have to be freed.
    fn len(&self) -> usize {
        self.length() as usize + self.groups.values().map(|group| group.pel().len() as usize).sum::<usize>()
    }

    /// A stream without entries stays.
    fn is_empty(&self) -> bool {
        false
    }

    fn duplicate(&self) -> Box<dyn Object> {
        Box::new(self.clone())
    }

    fn digest(&self, digest: &mut Digest) {
        self.entries.range(Id::MIN, Id::MAX, |entry| {
            digest.mix(format!("{}.{}", entry.id.ms, entry.id.seq).as_bytes());
            for (field, value) in entry.pairs().1 {
                digest.mix(&field.to_vec());
                digest.mix(&value.to_vec());
            }
            true
        });
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
