//! What collections call `hashtable`: keyed blocks by hash, in segments that never stall.
//!
//! ```text
//!   hash of a key, 64 bits:    [ depth bits: which segment | next 24 bits: position in its table | … ]
//!
//!   directory (global depth 2)   segments
//!   00 ──────────────────────▶   table of all keys whose hash begins 00       depth 2
//!   01 ──────────────────────▶   table … 01                                    depth 2
//!   10 ──┬───────────────────▶   table … 1                                     depth 1
//!   11 ──┘
//! ```
//!
//! A segment is a `ds::table::Table` of blocks: the fields of a hash with their values, the members of a set. One with
//! [`SEGMENT_BLOCKS_MAX`] blocks splits in two before it takes another, so the most that one command waits for is the
//! split of one segment, whatever the size of the whole (extendible hashing, Fagin et al. 1979; theirs are disk pages).
//! Segments that a deletion leaves nearly empty merge again.
//!
//! Directory, segments and buckets are all in hash order, so a scan's cursor is a hash: what is there from start to end
//! is seen, while segments and tables grow, split, shrink and merge under it.
//!
//! A clone shares the tables: O(segments). Whoever changes a shared one makes a copy of that one segment first, so a clone
//! is a snapshot that others' changes never reach and that may be read without a latch.
//!
//! Blocks may expire; tables keep those that do in an index. Walks are in `segments_walk.rs`.

use std::hash::BuildHasher;
use std::sync::atomic::{Ordering, fence};
use std::sync::{Arc, OnceLock};

use super::block::Block;
use super::table::{Place, Table};
use crate::sys::random;

/// Blocks of one segment, at most. A split moves and hashes them all, and a change of a shared one copies them: 2048 x about 50 ns =
/// 0.1 ms; on a machine whose memory is busy with others ten times that.
pub const SEGMENT_BLOCKS_MAX: usize = 2048;

/// Two neighbours with together fewer blocks than this become one segment: a quarter of the maximum, so that neither
/// the next insertion nor the next deletion turns it back.
const MERGED_BLOCKS_MAX: usize = SEGMENT_BLOCKS_MAX / 4;

/// 2^24 segments of 2048 blocks hold 3 x 10^10 fields, and a cursor's 48 bits name every position of the deepest: 24 + 24.
const DEPTH_MAX: u32 = 24;

struct Segment<B: Block> {
    table: Arc<Table<B>>,
    /// How many leading bits of the hash all its keys share.
    depth: u32,
    /// Those bits, at the top; the rest 0.
    start: u64,
}

/// Owns its blocks, those of tables that it shares with others.
pub struct Segments<B: Block> {
    /// Segment number by the first `depth` bits of the hash; 1 << depth of them.
    directory: Vec<u32>,
    segments: Vec<Segment<B>>,
    depth: u32,
    blocks: usize,
    /// Bytes of the blocks and of the buckets.
    bytes: usize,
}

/// Where a block stands; valid until the table changes, which includes that a shared segment is copied for a change.
#[derive(Clone, Copy)]
pub struct Spot {
    segment: usize,
    place: Place,
}

/// Hash of a key. Seeded once per process from the kernel, so that nobody can choose keys that collide.
#[inline]
pub fn hash(key: &[u8]) -> u64 {
    static SEED: OnceLock<foldhash::quality::FixedState> = OnceLock::new();
    SEED.get_or_init(|| foldhash::quality::FixedState::with_seed(random::next_u64())).hash_one(KeyBytes(key))
}

/// Hashes the bytes alone, without the length that `[u8]: Hash` adds.
struct KeyBytes<'a>(&'a [u8]);

impl std::hash::Hash for KeyBytes<'_> {
    #[inline]
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write(self.0);
    }
}

impl<B: Block> Default for Segments<B> {
    fn default() -> Segments<B> {
        let segment = Segment { table: Arc::default(), depth: 0, start: 0 };
        Segments { directory: vec![0], segments: vec![segment], depth: 0, blocks: 0, bytes: 0 }
    }
}

impl<B: Block> Segments<B> {
    pub fn len(&self) -> usize {
        self.blocks
    }

    pub fn is_empty(&self) -> bool {
        self.blocks == 0
    }

    pub fn memory_bytes(&self) -> usize {
        size_of::<Segments<B>>()
            + self.directory.capacity() * size_of::<u32>()
            + self.segments.capacity() * size_of::<Segment<B>>()
            + self.bytes
    }

    #[cfg(test)]
    pub fn segments_count(&self) -> usize {
        self.segments.len()
    }

    #[inline]
    fn slot(&self, hash: u64) -> usize {
        // Two steps, since a shift by 64 is none.
        ((hash >> 1) >> (63 - self.depth)) as usize
    }

    #[inline]
    fn segment_of(&self, hash: u64) -> usize {
        self.directory[self.slot(hash)] as usize
    }

    #[inline]
    pub fn find(&self, hash: u64, key: &[u8]) -> Option<Spot> {
        let number = self.segment_of(hash);
        let segment = &self.segments[number];
        segment.table.find(hash << segment.depth, key).map(|place| Spot { segment: number, place })
    }

    /// Where the block of this hash stands that `is` the one.
    #[inline]
    pub fn find_where<'t>(&'t self, hash: u64, is: impl Fn(B::Ref<'t>) -> bool) -> Option<Spot> {
        let number = self.segment_of(hash);
        let segment = &self.segments[number];
        segment.table.find_where(hash << segment.depth, is).map(|place| Spot { segment: number, place })
    }

    /// Starts loading what a lookup of this hash will touch: first the bucket, and with `block` what the bucket points to.
    #[inline]
    pub fn prefetch(&self, hash: u64, block: bool) {
        let segment = &self.segments[self.segment_of(hash)];
        if block {
            segment.table.prefetch_entry(hash << segment.depth)
        } else {
            segment.table.prefetch_bucket(hash << segment.depth)
        }
    }

    /// Is everything here shared with `other`, as of a clone that neither has changed since? O(segments).
    pub fn is_same(&self, other: &Segments<B>) -> bool {
        self.segments.len() == other.segments.len()
            && self.segments.iter().zip(&other.segments).all(|(mine, theirs)| Arc::ptr_eq(&mine.table, &theirs.table))
    }

    /// The table of a segment, to change; a copy of it where others share it.
    #[inline]
    fn own(&mut self, number: usize) -> &mut Table<B> {
        sole(&mut self.segments[number].table, None).0
    }

    /// The same, and where `spot` is in it.
    #[inline]
    fn own_at(&mut self, spot: Spot) -> (&mut Table<B>, Place) {
        let (table, place) = sole(&mut self.segments[spot.segment].table, Some(spot.place));
        (table, place.expect("a spot is a place of its segment's table"))
    }

    /// Makes the segment of `spot` this one's alone, and gives where the block stands now: for more than one change there.
    #[inline]
    pub fn owned_spot(&mut self, spot: Spot) -> Spot {
        let (_, place) = self.own_at(spot);
        Spot { place, ..spot }
    }

    /// Takes a segment's table out; a copy of it where others share it.
    fn take_table(&mut self, number: usize) -> Table<B> {
        let table = std::mem::take(&mut self.segments[number].table);
        Arc::try_unwrap(table).unwrap_or_else(|shared| shared.duplicate(None).0)
    }

    #[inline]
    pub fn at(&self, spot: Spot) -> B::Ref<'_> {
        self.segments[spot.segment].table.at(spot.place)
    }

    /// Lets `edit` change the block at `spot`, whose key stays.
    #[inline]
    pub fn edit<R>(&mut self, spot: Spot, edit: impl FnOnce(&mut B) -> R) -> R {
        let (table, place) = self.own_at(spot);
        let before = B::memory_bytes(table.at(place)) + table.due_bytes();
        let result = table.edit(place, edit);
        let after = B::memory_bytes(table.at(place)) + table.due_bytes();
        self.bytes = self.bytes + after - before;
        result
    }

    /// Puts `made`, which has the same key, in place of the block at `spot`, and gives that.
    pub fn replace(&mut self, spot: Spot, made: B) -> B {
        moves::count(1);
        let bytes = B::memory_bytes(made.borrow());
        let (table, place) = self.own_at(spot);
        let due = table.due_bytes();
        let old = table.edit(place, |block| std::mem::replace(block, made));
        let due_now = table.due_bytes();
        self.bytes = self.bytes + bytes + due_now - due - B::memory_bytes(old.borrow());
        old
    }

    /// Puts `block` in; its key, of this hash, must not be there. Splits the segment if it is full.
    pub fn insert(&mut self, hash: u64, block: B) {
        let mut number = self.segment_of(hash);
        if self.segments[number].table.len() >= SEGMENT_BLOCKS_MAX && self.segments[number].depth < DEPTH_MAX {
            self.split(number);
            number = self.segment_of(hash);
        }
        moves::count(1);
        let bytes = B::memory_bytes(block.borrow());
        let depth = self.segments[number].depth;
        let table = self.own(number);
        let buckets = table.memory_bytes();
        table.insert(hash << depth, block);
        let buckets_now = table.memory_bytes();
        self.bytes = self.bytes + bytes + buckets_now - buckets;
        self.blocks += 1;
    }

    /// Takes the block at `spot` out. Merges its segment with the neighbour if few are left.
    pub fn remove(&mut self, spot: Spot) -> B {
        moves::count(1);
        let (table, place) = self.own_at(spot);
        let buckets = table.memory_bytes();
        let block = table.remove(place);
        let (buckets_now, left) = (table.memory_bytes(), table.len());
        self.bytes = self.bytes + buckets_now - buckets - B::memory_bytes(block.borrow());
        self.blocks -= 1;
        if self.segments[spot.segment].depth > 0 && left < MERGED_BLOCKS_MAX / 2 {
            self.merge(spot.segment);
        }
        block
    }

    /// Room for `blocks` in all, as far as one segment goes.
    pub fn reserve(&mut self, blocks: usize) {
        if self.segments.len() == 1 {
            let table = self.own(0);
            let buckets = table.memory_bytes();
            table.reserve(blocks.min(SEGMENT_BLOCKS_MAX));
            let buckets_now = table.memory_bytes();
            self.bytes = self.bytes + buckets_now - buckets;
        }
    }

    /// Bytes of the buckets of one segment's table.
    fn bucket_bytes(&self, number: usize) -> usize {
        self.segments[number].table.memory_bytes()
    }

    /// Parts a segment by the next bit of the hash.
    fn split(&mut self, number: usize) {
        let (depth, start) = (self.segments[number].depth + 1, self.segments[number].start);
        if depth > self.depth {
            self.directory = self.directory.iter().flat_map(|segment| [*segment, *segment]).collect();
            self.depth = depth;
        }
        self.bytes -= self.bucket_bytes(number);
        let mut old = self.take_table(number);
        let bit = 1u64 << (64 - depth);
        // A half holds half the blocks and a few; 1/8 more is 15 standard deviations.
        let room = old.len() / 2 + old.len() / 16;
        let (mut low, mut high) = (Table::new(), Table::new());
        low.reserve(room);
        high.reserve(room);
        moves::count(old.len());
        old.drain(|block| {
            let hash = B::hash(block.borrow());
            let half = if hash & bit == 0 { &mut low } else { &mut high };
            half.insert(hash << depth, block);
        });
        let other = self.segments.len();
        self.segments[number] = Segment { table: Arc::new(low), depth, start };
        self.segments.push(Segment { table: Arc::new(high), depth, start: start | bit });
        self.bytes += self.bucket_bytes(number) + self.bucket_bytes(other);
        self.point_at(other);
    }

    /// Makes the directory slots of a segment's hashes name it.
    fn point_at(&mut self, number: usize) {
        let Segment { depth, start, .. } = self.segments[number];
        let first = self.slot(start);
        let slots = 1 << (self.depth - depth);
        self.directory[first..first + slots].fill(number as u32);
    }

    /// Joins a segment with the one that differs in its last bit, if both are small and equally deep.
    fn merge(&mut self, number: usize) {
        let Segment { depth, start, .. } = self.segments[number];
        let bit = 1u64 << (64 - depth);
        let other = self.segment_of(start ^ bit);
        let together = self.segments[number].table.len() + self.segments[other].table.len();
        if self.segments[other].depth != depth || together >= MERGED_BLOCKS_MAX {
            return;
        }
        self.bytes -= self.bucket_bytes(number) + self.bucket_bytes(other);
        let mut joined = Table::new();
        if together > 0 {
            joined.reserve(together);
        }
        moves::count(together);
        for part in [number, other] {
            self.take_table(part).drain(|block| {
                let hash = B::hash(block.borrow());
                joined.insert(hash << (depth - 1), block);
            });
        }
        self.segments[number] = Segment { table: Arc::new(joined), depth: depth - 1, start: start & !bit };
        self.bytes += self.bucket_bytes(number);
        self.point_at(number);
        self.segments.swap_remove(other);
        if other < self.segments.len() {
            self.point_at(other);
        }
        while self.depth > 0 && self.segments.iter().all(|segment| segment.depth < self.depth) {
            self.directory = self.directory.iter().step_by(2).copied().collect();
            self.depth -= 1;
        }
    }
}

/// Shares all tables with the original: O(segments), 50 ns each at worst.
impl<B: Block> Clone for Segments<B> {
    fn clone(&self) -> Segments<B> {
        let segment = |segment: &Segment<B>| Segment {
            table: Arc::clone(&segment.table),
            depth: segment.depth,
            start: segment.start,
        };
        Segments {
            directory: self.directory.clone(),
            segments: self.segments.iter().map(segment).collect(),
            depth: self.depth,
            blocks: self.blocks,
            bytes: self.bytes,
        }
    }
}

// SAFETY: blocks of a table that one Segments owns alone may change threads with it. Those of a shared table are only read,
// by whichever threads own the sharers: every change goes through `own` and its like. (The one thing that can be written
// through a reader's view, the access clock of an entry, is a matter of the keyspace and of no Segments.)
unsafe impl<B: Block + Send> Send for Segments<B> {}

/// The table, to change, and where `follow` is in it; a copy put in its place where others share it.
#[inline]
fn sole<B: Block>(table: &mut Arc<Table<B>>, follow: Option<Place>) -> (&mut Table<B>, Option<Place>) {
    let mut place = follow;
    // No weak references exist, so a count of one can only be ours.
    if Arc::strong_count(table) != 1 {
        let (copy, followed) = table.duplicate(follow);
        moves::count(copy.len());
        *table = Arc::new(copy);
        place = followed;
    }
    // What others read of it happened before they let it go.
    fence(Ordering::Acquire);
    // SAFETY: the only reference is borrowed exclusively, and there are no weak ones.
    (unsafe { &mut *Arc::as_ptr(table).cast_mut() }, place)
}

/// Counts the blocks a thread moved, for tests of what a change costs.
pub mod moves {
    #[cfg(test)]
    thread_local! {
        pub static MOVED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    }

    #[inline]
    pub fn count(_blocks: usize) {
        #[cfg(test)]
        MOVED.with(|moved| moved.set(moved.get() + _blocks));
    }
}

#[path = "segments_walk.rs"]
mod walk;

pub use walk::{Glimpse, Prefix};

#[cfg(test)]
#[path = "segments_tests.rs"]
pub(crate) mod tests;
