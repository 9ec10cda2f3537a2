//! Streams as RDB files hold them.
//!
//! ```text
//!   type 15, 19, 21   count of blocks, each a string that is an id (ms and seq, big-endian u64s) and a string that is a listpack
//!                     entries · last id                                       numbers as lengths, an id is two
//!                     first id · greatest deleted id · entries added          19 and 21 only
//!                     count of groups, each: name as a string · last id
//!                       entries read                                          19 and 21 only
//!                       count of pending, each: id of 16 bytes · delivery time (u64, little-endian) · count of deliveries
//!                       count of consumers, each: name as a string · seen time
//!                         active time                                         21 only
//!                         count of pending, each an id of 16 bytes
//!
//!   listpack          entries, deleted ones, count of names, names, 0; then per entry
//!                     flags (1 deleted, 2 named as above) · ms and seq, above the block's id
//!                     · count, names and values in turn, or values only · how many elements that were
//! ```
//!
//! Written is type 19, which Redis 7.0 has: the time a consumer last got something is not in it, and becomes the time it last
//! asked. What was given back and belongs to nobody is written as of a consumer without a name, last seen at -1.

use std::sync::Arc;

use super::bytes::{read_length, read_number, read_string, read_u64, take};
use super::packs;
use super::value::kind;
use crate::resp::number;
use crate::txn::edit::Inverses;
use crate::types::stream::value::{
    ENTRY_BYTES_MAX, Group, Id, Limits, Log, NOBODY, Pending, Policy, StreamValue, UNKNOWN,
};

const DELETED: i64 = 1;
pub(super) const NAMED_AS_FIRST: i64 = 2;

/// Seen time of the consumer without a name that stands for nobody.
pub(super) const NOBODY_SEEN_MS: i64 = -1;

pub(super) const ID_BYTES: usize = 16;

/// A stream that was read.
#[derive(Debug)]
pub struct Stream {
    blocks: Vec<Block>,
    last_id: Id,
    max_deleted: Id,
    entries_added: u64,
    groups: Vec<(Vec<u8>, Group)>,
    /// The file does not say how many entries the groups have read.
    is_old: bool,
}

/// Entries in the order of their ids, and the names that most of them have.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    names: Arc<Vec<Vec<u8>>>,
    entries: Vec<Entry>,
}

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    id: Id,
    /// None: the block's.
    names: Option<Vec<Vec<u8>>>,
    values: Vec<Vec<u8>>,
}

/// Of the entries and numbers; groups are not compared.
impl PartialEq for Stream {
    fn eq(&self, other: &Stream) -> bool {
        let numbers = |stream: &Stream| (stream.last_id, stream.max_deleted, stream.entries_added);
        self.blocks == other.blocks && numbers(self) == numbers(other)
    }
}

impl Stream {
    /// Bytes of the texts in it.
    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        let of = |texts: &Vec<Vec<u8>>| texts.iter().map(Vec::len).sum::<usize>();
        let entry = |entry: &Entry| of(&entry.values) + entry.names.as_ref().map_or(0, of);
        self.blocks.iter().map(|block| of(&block.names) + block.entries.iter().map(entry).sum::<usize>()).sum()
    }

    /// The value. Blocks become ours one by one where their names differ, so that names are never multiplied.
    pub fn make(self, policy: Policy, limits: Limits) -> StreamValue {
        let (mut stream, mut off) = (StreamValue::new(policy), Inverses::off());
        let mut names_before: Option<Arc<Vec<Vec<u8>>>> = None;
        for block in self.blocks {
            let same = names_before.replace(block.names.clone()).is_some_and(|names| names == block.names);
            let mut room = if same { limits } else { Limits { bytes: 0, entries: 0 } };
            for entry in block.entries {
                let names = entry.names.as_ref().unwrap_or(&block.names);
                let pairs: Vec<&[u8]> = names.iter().zip(&entry.values).flat_map(|(n, v)| [&n[..], &v[..]]).collect();
                let bytes = pairs.iter().map(|text| text.len()).sum();
                stream.append(entry.id, pairs.iter().copied(), bytes, room, &mut off);
                room = Limits { bytes: usize::MAX, entries: usize::MAX };
            }
        }
        let (last_id, max_deleted, entries_added) = (self.last_id, self.max_deleted, self.entries_added);
        stream.set_state(
            |state| {
                state.last_id = state.last_id.max(last_id);
                state.max_deleted = max_deleted;
                state.entries_added = entries_added;
            },
            &mut off,
        );
        for (name, mut group) in self.groups {
            if self.is_old {
                let last_id = group.last_id;
                group.set_position(last_id, stream.entries().added_up_to(last_id), &mut Log::new(false));
            }
            stream.make_group(&name, group, &mut off);
        }
        stream
    }
}

/// None: damaged.
pub fn read(kind: u8, rest: &mut &[u8]) -> Option<Stream> {
    let mut blocks = Vec::new();
    let mut above = None;
    for _ in 0..bounded(read_length(rest)?, 2, rest)? {
        let base = read_raw(&mut &read_string(rest).filter(|id| id.len() == ID_BYTES)?[..])?;
        blocks.push(read_block(base, packs::listpack(&read_string(rest)?)?, &mut above)?);
    }
    let length = read_number(rest)?;
    // Redis 5.0 has written lengths that were wrong; ours is counted.
    let last_id = read_id(rest)?;
    let (mut max_deleted, mut entries_added) = (Id::MIN, length);
    if kind != kind::STREAM {
        read_id(rest)?;
        max_deleted = read_id(rest)?;
        entries_added = read_number(rest)?;
    }
    let mut stream =
        Stream { blocks, last_id, max_deleted, entries_added, groups: Vec::new(), is_old: kind == kind::STREAM };
    let mut names = std::collections::HashSet::new();
    for _ in 0..bounded(read_length(rest)?, 5, rest)? {
        let (name, group_last_id) = (read_string(rest)?, read_id(rest)?);
        let entries_read = if stream.is_old { UNKNOWN } else { read_number(rest)? as i64 };
        let group = read_group(kind, group_last_id, entries_read, rest)?;
        if entries_read < UNKNOWN || !names.insert(name.clone()) {
            return None;
        }
        stream.groups.push((name, group));
    }
    Some(stream)
}

/// `count` things of so many bytes at least; None: there cannot be as many.
fn bounded(count: usize, bytes: usize, rest: &[u8]) -> Option<usize> {
    (count.checked_mul(bytes)? <= rest.len()).then_some(count)
}

fn read_id(rest: &mut &[u8]) -> Option<Id> {
    Some(Id { ms: read_number(rest)?, seq: read_number(rest)? })
}

fn read_raw(rest: &mut &[u8]) -> Option<Id> {
    let id = u128::from_be_bytes(take(rest, ID_BYTES)?.try_into().ok()?);
    Some(Id { ms: (id >> 64) as u64, seq: id as u64 })
}

/// The entries of a block that are not deleted. `above`: the last id so far.
fn read_block(base: Id, elements: Vec<Vec<u8>>, above: &mut Option<Id>) -> Option<Block> {
    let mut elements = elements.into_iter();
    // How many live and are deleted, which the entries say too.
    int(&mut elements)?;
    int(&mut elements)?;
    let count = int(&mut elements)?;
    let names = Arc::new(texts(&mut elements, count)?);
    int(&mut elements)?;
    let mut entries = Vec::new();
    while elements.len() > 0 {
        let flags = int(&mut elements)?;
        let ms = base.ms.wrapping_add(int(&mut elements)? as u64);
        let seq = base.seq.wrapping_add(int(&mut elements)? as u64);
        let (names_own, values) = if flags & NAMED_AS_FIRST != 0 {
            (None, texts(&mut elements, names.len() as i64)?)
        } else {
            let pairs = int(&mut elements)?;
            let mut mixed = texts(&mut elements, pairs.checked_mul(2)?)?.into_iter();
            let (mut own, mut values) = (Vec::new(), Vec::new());
            while let (Some(name), Some(value)) = (mixed.next(), mixed.next()) {
                own.push(name);
                values.push(value);
            }
            (Some(own), values)
        };
        int(&mut elements)?;
        if flags & DELETED != 0 {
            continue;
        }
        let id = Id { ms, seq };
        let of = names_own.as_ref().unwrap_or(&names);
        let bytes: usize = of.iter().chain(&values).map(Vec::len).sum();
        // Entries have fields, and ids that rise from 0-1.
        if above.is_some_and(|above| id <= above) || id == Id::MIN || id < base || values.is_empty() {
            return None;
        }
        if bytes > ENTRY_BYTES_MAX {
            return None;
        }
        *above = Some(id);
        entries.push(Entry { id, names: names_own, values });
    }
    Some(Block { names, entries })
}

fn int(elements: &mut std::vec::IntoIter<Vec<u8>>) -> Option<i64> {
    number::integer(&elements.next()?)
}

fn texts(elements: &mut std::vec::IntoIter<Vec<u8>>, count: i64) -> Option<Vec<Vec<u8>>> {
    let count = usize::try_from(count).ok().filter(|count| *count <= elements.len())?;
    Some(elements.take(count).collect())
}

fn read_group(kind: u8, last_id: Id, entries_read: i64, rest: &mut &[u8]) -> Option<Group> {
    let (mut group, mut off) = (Group::new(last_id, entries_read), Log::new(false));
    let mut pending = std::collections::BTreeMap::new();
    for _ in 0..bounded(read_length(rest)?, ID_BYTES + 9, rest)? {
        let (id, time, count) = (read_raw(rest)?, read_u64(rest)?, read_number(rest)?);
        if pending.insert(id, Pending { id, owner: NOBODY, time, count }).is_some() {
            return None;
        }
    }
    for _ in 0..bounded(read_length(rest)?, 10, rest)? {
        let (name, seen_ms) = (read_string(rest)?, read_u64(rest)? as i64);
        let active_ms = if kind == kind::STREAM_3 { read_u64(rest)? as i64 } else { seen_ms };
        let nobody = name.is_empty() && seen_ms == NOBODY_SEEN_MS;
        let owner = if nobody {
            NOBODY
        } else {
            if group.find(&name).is_some() {
                return None;
            }
            let number = group.make(&name, seen_ms, &mut off);
            group.touch(number, active_ms, true, &mut off);
            group.touch(number, seen_ms, false, &mut off);
            number + 1
        };
        for _ in 0..bounded(read_length(rest)?, ID_BYTES, rest)? {
            // Each belongs to one consumer.
            let row = pending.remove(&read_raw(rest)?)?;
            match owner {
                NOBODY => group.give_back(row.id, row.count, &mut off),
                owner => drop(group.put(Pending { owner, ..row }, &mut off)),
            }
        }
    }
    pending.is_empty().then_some(group)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::stream_write::write;
    use super::*;

    fn limits() -> (Policy, Limits) {
        (Policy { duration_s: 100, maxsize: 100 }, Limits::new(4096, 100))
    }

    /// A stream with gaps, entries named alike and not, groups, consumers, what is pending and what was given back.
    pub fn sample(entries: u64) -> StreamValue {
        let (policy, limits) = limits();
        let (mut stream, mut off) = (StreamValue::new(policy), Inverses::off());
        for n in 1..=entries {
            let value = format!("value {n}");
            let odd = [&b"name"[..], value.as_bytes(), b"n", b"-12345"];
            let pairs = if n % 7 == 0 { &odd[..] } else { &odd[..2] };
            stream.append(Id { ms: n / 3, seq: n }, pairs.iter().copied(), 20, limits, &mut off);
        }
        let gone = (3..entries).step_by(5).map(|n| Id { ms: n / 3, seq: n });
        stream.delete_all(gone, |_, _, _| None, |_| (), &mut off);
        let (mut group, mut log) = (Group::new(Id { ms: 30, seq: 90 }, -1), Log::new(false));
        let (ann, bob) = (group.make(b"ann", 1000, &mut log), group.make(b"bob", 2000, &mut log));
        for n in 1..entries.min(90) {
            let owner = [ann, bob][n as usize % 2] + 1;
            group.put(Pending { id: Id { ms: n / 3, seq: n }, owner, time: 5000 + n, count: n }, &mut log);
        }
        group.give_back(Id { ms: 2, seq: 6 }, 3, &mut log);
        group.give_back(Id { ms: 1, seq: 3 }, 4, &mut log);
        stream.make_group(b"group", group, &mut off);
        stream.make_group(b"other", Group::new(Id::MIN, 0), &mut off);
        stream
    }

    #[test]
    fn a_stream_comes_back_with_all_that_belongs_to_it() {
        let stream = sample(700);
        let mut out = Vec::new();
        write(&stream, &mut out);
        let (policy, limits) = limits();
        let mut rest = &out[1..];
        let again = read(out[0], &mut rest).expect("it is whole").make(policy, limits);
        assert!(rest.is_empty());
        let mut twice = Vec::new();
        write(&again, &mut twice);
        assert!(out == twice);
        let group = again.group(b"group").expect("it was there");
        let nobodys: Vec<Id> = group.pel().from(Id::MIN).filter(|row| row.owner == NOBODY).map(|row| row.id).collect();
        assert_eq!(nobodys, [Id { ms: 1, seq: 3 }, Id { ms: 2, seq: 6 }]);
        assert_eq!(
            group.consumers().map(|(_, c)| (c.seen_ms, c.pending)).collect::<Vec<_>>(),
            [(1000, 43), (2000, 44)]
        );
        for end in 1..out.len() {
            assert_eq!(read(out[0], &mut &out[1..end]), None, "{end}");
        }
    }
}
