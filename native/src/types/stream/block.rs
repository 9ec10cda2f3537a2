//! A run of entries with neighbouring ids, in one allocation.
//!
//! ```text
//!   block  = master entry …
//!   master = fields varint, name …                 the names of the first entry's fields
//!   entry  = bytes varint, flags u8, ms 0 to 8 bytes, seq 0, 1, 2 or 8 bytes,
//!            value …                               its fields are named like the master's, or
//!            fields varint, name, value …          OWN: it has names of its own
//!
//!   flags  = DELETED | OWN << 1 | bytes of ms << 2 | code of seq << 6
//! ```
//!
//! Names and values are items of `ds/item.rs`. `ms` counts from the block's base, and so does `seq` within the base's
//! millisecond; in later ones it stands as it is. So an entry of a busy stream has 4 bytes besides its values: Redis, whose
//! layout of streams this follows, has 10 and one more for each value (t_stream.c, listpack.c).
//!
//! A deleted entry keeps its place, marked, until more than half are; then the block is written anew. Entries trimmed off the
//! front are not even marked: `start` moves past them.

use std::sync::Arc;

use super::id::Id;
use super::ladder::Rung;
use crate::ds::item::{Coded, Item, after, decoded};

/// Blocks above these are begun anew, whatever the settings say: a block is searched from its front and moved in one piece.
pub const BLOCK_BYTES_MAX: usize = 64 * 1024;
pub const BLOCK_ENTRIES_MAX: usize = 4096;

/// Bytes that all names and values of one entry may have together, as in Redis.
pub const ENTRY_BYTES_MAX: usize = 1 << 30;

/// Deleted entries below so many are not worth a block's rewriting.
const DEAD_MIN: u32 = 16;

const DELETED: u8 = 1;
const OWN: u8 = 2;
const MS_SHIFT: u8 = 2;
const SEQ_SHIFT: u8 = 6;
/// Bytes of seq, by its code.
const SEQ_BYTES: [usize; 4] = [0, 1, 2, 8];

/// How large blocks get.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// stream-node-max-bytes
    pub bytes: usize,
    /// stream-node-max-entries
    pub entries: usize,
}

impl Limits {
    /// Of the settings, where 0 is no limit.
    pub fn new(bytes: u64, entries: u64) -> Limits {
        let limit = |wanted: u64, most: usize| if wanted == 0 { most } else { (wanted as usize).min(most) };
        Limits { bytes: limit(bytes, BLOCK_BYTES_MAX), entries: limit(entries, BLOCK_ENTRIES_MAX) }
    }
}

#[derive(Clone, Debug)]
pub struct Block {
    /// No entry's id is below this.
    base: Id,
    data: Data,
    /// Bytes of the master.
    master: u32,
    /// Offset of the first entry that is not trimmed off.
    start: u32,
    live: u32,
    dead: u32,
}

/// The bytes of a block: in a buffer with room while entries are appended, then in one of their size, which clones of the block
/// share.
#[derive(Clone, Debug)]
enum Data {
    Open(Vec<u8>),
    Sealed(Arc<[u8]>),
}

impl Data {
    /// To append to.
    fn open(&mut self) -> &mut Vec<u8> {
        if let Data::Sealed(bytes) = self {
            *self = Data::Open(bytes.to_vec());
        }
        match self {
            Data::Open(buffer) => buffer,
            Data::Sealed(_) => unreachable!("opened just now"),
        }
    }

    /// To overwrite; of shared ones a copy.
    fn bytes_mut(&mut self) -> &mut [u8] {
        match self {
            Data::Open(buffer) => buffer,
            Data::Sealed(bytes) => Arc::make_mut(bytes),
        }
    }
}

impl std::ops::Deref for Data {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Data::Open(buffer) => buffer,
            Data::Sealed(bytes) => bytes,
        }
    }
}

/// What a block was before it changed, but for the change itself.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    start: u32,
    live: u32,
    dead: u32,
}

/// An entry where it stands.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    pub id: Id,
    pub deleted: bool,
    /// Offset in its block.
    pub at: usize,
    /// Offset of the entry after it.
    pub end: usize,
    block: &'a Block,
    own: bool,
    /// Offset of its values.
    items: usize,
}

impl Block {
    /// An empty block for an entry with this id and these names and values, alternating.
    pub fn new<'p>(base: Id, pairs: impl ExactSizeIterator<Item = &'p [u8]> + Clone) -> Block {
        let fields = pairs.len() / 2;
        let mut data = Vec::with_capacity(pairs.clone().map(|text| text.len() + 2).sum::<usize>() + 8);
        put_varint(&mut data, fields as u64);
        for name in pairs.step_by(2) {
            put_item(&mut data, name);
        }
        let master = data.len() as u32;
        Block { base, data: Data::Open(data), master, start: master, live: 0, dead: 0 }
    }

    /// Does an entry of so many bytes belong here, or into a new block?
    #[inline]
    pub fn has_room(&self, bytes: usize, limits: Limits) -> bool {
        self.data.len() + bytes < limits.bytes && (self.live + self.dead) < limits.entries as u32
    }

    /// Appends an entry, whose id is above all others. Cost: a copy of it.
    pub fn push<'p>(&mut self, id: Id, pairs: impl ExactSizeIterator<Item = &'p [u8]> + Clone, bytes: usize) {
        debug_assert!(id >= self.base);
        let fields = pairs.len() / 2;
        let own = !self.is_named(pairs.clone());
        // 5 bytes at most before an item, 27 before them all.
        let data = self.data.open();
        grow(data, bytes + fields * 10 + 27);
        let at = data.len();
        let ms = id.ms - self.base.ms;
        let seq = if ms == 0 { id.seq - self.base.seq } else { id.seq };
        let ms_bytes = (8 - ms.leading_zeros() as usize / 8).min(8);
        let seq_code = match seq {
            0 => 0,
            1..=0xff => 1,
            0x100..=0xffff => 2,
            _ => 3,
        };
        data.push(0);
        data.push((own as u8) << 1 | (ms_bytes as u8) << MS_SHIFT | (seq_code as u8) << SEQ_SHIFT);
        data.extend_from_slice(&ms.to_le_bytes()[..ms_bytes]);
        data.extend_from_slice(&seq.to_le_bytes()[..SEQ_BYTES[seq_code]]);
        if own {
            put_varint(data, fields as u64);
            pairs.for_each(|text| put_item(data, text));
        } else {
            pairs.skip(1).step_by(2).for_each(|value| put_item(data, value));
        }
        let len = data.len() - at - 1;
        if len < 0x80 {
            data[at] = len as u8;
        } else {
            let mut head = Vec::with_capacity(5);
            put_varint(&mut head, len as u64);
            data.splice(at..at + 1, head);
        }
        self.live += 1;
    }

    /// Undo of [`Block::push`]: the block had this many bytes.
    pub fn pop(&mut self, bytes: usize) {
        self.data.open().truncate(bytes);
        self.live -= 1;
    }

    /// Bytes of the run; with [`Block::pop`] an entry is taken back.
    pub fn len(&self) -> usize {
        self.data.len()
    }

    pub fn base(&self) -> Id {
        self.base
    }

    pub fn live(&self) -> u64 {
        self.live as u64
    }

    pub fn mark(&self) -> Mark {
        Mark { start: self.start, live: self.live, dead: self.dead }
    }

    /// Undo: the counts and the start become what they were.
    pub fn back_to(&mut self, mark: Mark) {
        (self.start, self.live, self.dead) = (mark.start, mark.live, mark.dead);
    }

    /// Are these the names of the master?
    #[inline]
    fn is_named<'p>(&self, pairs: impl ExactSizeIterator<Item = &'p [u8]>) -> bool {
        let (fields, mut at) = varint(&self.data, 0);
        if fields as usize != pairs.len() / 2 {
            return false;
        }
        for name in pairs.step_by(2) {
            let end = after(&self.data, at);
            if !Coded::of(Item::Text(name)).is(&self.data[at..end]) {
                return false;
            }
            at = end;
        }
        true
    }

    /// Nothing will be appended any more.
    pub fn seal(&mut self) {
        if let Data::Open(buffer) = &self.data {
            self.data = Data::Sealed(buffer[..].into());
        }
    }

    /// All entries that are not trimmed off, deleted ones too.
    #[inline]
    pub fn entries(&self) -> Entries<'_> {
        Entries { block: self, at: self.start as usize }
    }

    /// The entries from `id` on, deleted ones left out.
    #[inline]
    pub fn live_from(&self, id: Id) -> impl Iterator<Item = Entry<'_>> {
        self.entries().skip_while(move |entry| entry.id < id).filter(|entry| !entry.deleted)
    }

    pub fn first_live(&self) -> Option<Entry<'_>> {
        self.entries().find(|entry| !entry.deleted)
    }

    pub fn last_live(&self) -> Option<Entry<'_>> {
        self.entries().filter(|entry| !entry.deleted).last()
    }

    /// The entry with this id, unless it is deleted.
    #[inline]
    pub fn get(&self, id: Id) -> Option<Entry<'_>> {
        self.entries().find(|entry| entry.id >= id).filter(|entry| entry.id == id && !entry.deleted)
    }

    /// Offsets of the entries that are not deleted, in their order.
    pub fn live_offsets(&self, offsets: &mut Vec<u32>) {
        offsets.clear();
        offsets.extend(self.entries().filter(|entry| !entry.deleted).map(|entry| entry.at as u32));
    }

    /// The entry at an offset that [`Block::live_offsets`] gave.
    #[inline]
    pub fn entry(&self, at: usize) -> Entry<'_> {
        let (bytes, flags_at) = varint(&self.data, at);
        let flags = self.data[flags_at];
        let ms_bytes = (flags >> MS_SHIFT & 0xf) as usize;
        let ms = little(&self.data, flags_at + 1, ms_bytes);
        let seq_at = flags_at + 1 + ms_bytes;
        let seq_bytes = SEQ_BYTES[(flags >> SEQ_SHIFT) as usize];
        let seq = little(&self.data, seq_at, seq_bytes);
        let id = Id { ms: self.base.ms + ms, seq: if ms == 0 { self.base.seq + seq } else { seq } };
        Entry {
            id,
            deleted: flags & DELETED != 0,
            at,
            end: flags_at + bytes as usize,
            block: self,
            own: flags & OWN != 0,
            items: seq_at + seq_bytes,
        }
    }

    /// Marks the live entry at `at` as deleted.
    pub fn delete(&mut self, at: usize) {
        let (_, flags_at) = varint(&self.data, at);
        debug_assert!(self.data[flags_at] & DELETED == 0);
        self.data.bytes_mut()[flags_at] |= DELETED;
        self.live -= 1;
        self.dead += 1;
    }

    /// Undo of [`Block::delete`].
    pub fn undelete(&mut self, at: usize) {
        let (_, flags_at) = varint(&self.data, at);
        self.data.bytes_mut()[flags_at] &= !DELETED;
        self.live += 1;
        self.dead -= 1;
    }

    /// Trims the entries before offset `at` off, `live` of which were live.
    pub fn trim_to(&mut self, at: usize, live: u32) {
        self.start = at as u32;
        self.live -= live;
        self.dead += live;
    }

    /// More is deleted here than lives, and rewriting pays.
    #[inline]
    pub fn is_sparse(&self) -> bool {
        self.dead > self.live && self.dead >= DEAD_MIN
    }

    /// The same entries in a block without the deleted ones. O(bytes).
    pub fn rewritten(&self) -> Block {
        let mut data = Vec::with_capacity(self.data.len() / 2);
        data.extend_from_slice(&self.data[..self.master as usize]);
        for entry in self.entries().filter(|entry| !entry.deleted) {
            data.extend_from_slice(&self.data[entry.at..entry.end]);
        }
        let data = match self.data {
            Data::Open(_) => Data::Open(data),
            Data::Sealed(_) => Data::Sealed(data.into()),
        };
        Block { base: self.base, data, master: self.master, start: self.master, live: self.live, dead: 0 }
    }
}

impl Rung for Block {
    #[inline]
    fn floor(&self) -> Id {
        self.base
    }

    #[inline]
    fn elements(&self) -> u64 {
        self.live as u64
    }

    #[inline]
    fn heap_bytes(&self) -> usize {
        match &self.data {
            Data::Open(buffer) => buffer.capacity().next_multiple_of(16),
            // The two counts of the sharers.
            Data::Sealed(bytes) => (bytes.len() + 16).next_multiple_of(16),
        }
    }
}

pub struct Entries<'a> {
    block: &'a Block,
    at: usize,
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    #[inline]
    fn next(&mut self) -> Option<Entry<'a>> {
        if self.at >= self.block.data.len() {
            return None;
        }
        let entry = self.block.entry(self.at);
        self.at = entry.end;
        Some(entry)
    }
}

impl<'a> Entry<'a> {
    /// Its names and values, and how many pairs there are.
    #[inline]
    pub fn pairs(&self) -> (usize, impl Iterator<Item = (Item<'a>, Item<'a>)> + use<'a>) {
        let data: &'a [u8] = &self.block.data;
        let from = if self.own { self.items } else { 0 };
        let (fields, names) = varint(data, from);
        let (own, mut name_at, mut value_at) = (self.own, names, self.items);
        let pairs = (0..fields).map(move |_| {
            let name_end = after(data, name_at);
            let name = decoded(&data[name_at..name_end]);
            if own {
                value_at = name_end;
            }
            let value_end = after(data, value_at);
            let value = decoded(&data[value_at..value_end]);
            name_at = if own { value_end } else { name_end };
            value_at = value_end;
            (name, value)
        });
        (fields as usize, pairs)
    }
}

/// Makes room for so many bytes more. Grows by half: the last block of a stream may stay as it is for long.
#[inline]
fn grow(data: &mut Vec<u8>, bytes: usize) {
    let wanted = data.len() + bytes;
    if wanted > data.capacity() {
        let roomy = (data.capacity() + data.capacity() / 2).min(BLOCK_BYTES_MAX);
        data.reserve_exact(wanted.max(roomy) - data.len());
    }
}

#[inline]
fn put_item(data: &mut Vec<u8>, text: &[u8]) {
    let coded = Coded::of(Item::Text(text));
    data.extend_from_slice(coded.head());
    data.extend_from_slice(coded.body());
}

/// 7 bits a byte, the lowest first; all but the last byte have the high bit.
fn put_varint(data: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        data.push(value as u8 | 0x80);
        value >>= 7;
    }
    data.push(value as u8);
}

/// The number at `at`, and the offset after it.
#[inline]
fn varint(data: &[u8], at: usize) -> (u64, usize) {
    let first = data[at];
    if first < 0x80 {
        return (first as u64, at + 1);
    }
    let (mut value, mut shift, mut at) = ((first & 0x7f) as u64, 7, at + 1);
    loop {
        let byte = data[at];
        value |= ((byte & 0x7f) as u64) << shift;
        at += 1;
        if byte < 0x80 {
            return (value, at);
        }
        shift += 7;
    }
}

/// A number of `bytes` bytes at `at`, little endian.
#[inline]
fn little(data: &[u8], at: usize, bytes: usize) -> u64 {
    if bytes == 0 {
        return 0;
    }
    match data.get(at..at + 8) {
        Some(eight) => u64::from_le_bytes(eight.try_into().expect("8 bytes")) & (u64::MAX >> (64 - 8 * bytes)),
        None => {
            let mut wide = [0; 8];
            wide[..bytes].copy_from_slice(&data[at..at + bytes]);
            u64::from_le_bytes(wide)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(ms: u64, seq: u64) -> Id {
        Id { ms, seq }
    }

    fn push(block: &mut Block, id: Id, pairs: &[&[u8]]) {
        block.push(id, pairs.iter().copied(), pairs.iter().map(|text| text.len()).sum());
    }

    type Shown = (Id, Vec<(Vec<u8>, Vec<u8>)>);

    fn shown(block: &Block) -> Vec<Shown> {
        let entries = block.entries().filter(|entry| !entry.deleted);
        entries
            .map(|entry| {
                let (fields, pairs) = entry.pairs();
                let pairs: Vec<_> = pairs.map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
                assert_eq!(pairs.len(), fields);
                (entry.id, pairs)
            })
            .collect()
    }

    #[test]
    fn entries_of_every_shape_read_back() {
        let (long, huge) = (vec![b'x'; 200], vec![b'y'; 70_000]);
        let names: Vec<Vec<u8>> = (0..300).map(|index| format!("field{index}").into_bytes()).collect();
        let many: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
        let entries: Vec<(Id, Vec<&[u8]>)> = vec![
            (id(100, 7), vec![b"a", b"1", b"12", b"text"]),
            (id(100, 8), vec![b"a", b"-5000", b"12", b""]),
            (id(100, 1 << 40), vec![b"a", b"1"]),
            (id(101, 0), vec![b"a", &long, b"12", b"9223372036854775807"]),
            (id(700, 300), vec![b"b", &huge, b"12", b"x", b"c", b"007"]),
            (id(1 << 50, 0), many),
            (id(u64::MAX, u64::MAX), vec![b"a", b"", b"12", b""]),
        ];
        let mut block = Block::new(entries[0].0, entries[0].1.iter().copied());
        for (id, pairs) in &entries {
            push(&mut block, *id, pairs);
        }
        let expected: Vec<_> = entries
            .iter()
            .map(|(id, pairs)| (*id, pairs.chunks(2).map(|pair| (pair[0].to_vec(), pair[1].to_vec())).collect()))
            .collect();
        assert_eq!(shown(&block), expected);
        assert_eq!(block.get(id(101, 0)).map(|entry| entry.id), Some(id(101, 0)));
        assert!(block.get(id(101, 1)).is_none() && block.get(id(99, 0)).is_none());
        assert_eq!(block.first_live().map(|entry| entry.id), Some(id(100, 7)));
        assert_eq!(block.last_live().map(|entry| entry.id), Some(Id::MAX));
    }

    #[test]
    fn deleted_and_trimmed_entries_are_gone_and_come_back() {
        let mut block = Block::new(id(1, 0), [&b"f"[..], b"v"].into_iter());
        for ms in 1..=40 {
            push(&mut block, id(ms, 0), &[b"f", b"value"]);
        }
        let whole = shown(&block);
        let mark = block.mark();
        let at = block.get(id(20, 0)).expect("there").at;
        block.delete(at);
        assert_eq!((block.live(), shown(&block).len()), (39, 39));
        let cut = block.get(id(31, 0)).expect("there").at;
        block.trim_to(cut, 29);
        assert_eq!(shown(&block), whole[30..]);
        assert!(block.is_sparse());
        let rewritten = block.rewritten();
        assert_eq!((shown(&rewritten), rewritten.live(), rewritten.base()), (shown(&block), 10, id(1, 0)));
        assert!(rewritten.len() < block.len() / 3);
        block.trim_to(0, 0);
        block.back_to(Mark { live: mark.live - 1, dead: 1, ..mark });
        block.undelete(at);
        assert_eq!(shown(&block), whole);
    }

    #[test]
    fn an_entry_of_a_busy_stream_has_four_bytes_besides_its_values() {
        let pairs: [&[u8]; 4] = [b"sensor", b"1234567890ab", b"temperature", b"19.8"];
        let mut block = Block::new(id(1_526_919_030_474, 0), pairs.iter().copied());
        push(&mut block, id(1_526_919_030_474, 0), &pairs);
        let before = block.len();
        push(&mut block, id(1_526_919_030_500, 0), &pairs);
        // Length, flags, one byte of ms; then 13 and 5 bytes of values.
        assert_eq!(block.len() - before, 3 + 18);
    }
}
