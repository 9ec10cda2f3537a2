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
//! Blocks may expire; tables count and scan those that do.

use std::hash::BuildHasher;
use std::sync::OnceLock;

use super::block::Block;
use super::table::{POSITIONS, Place, Table};
use crate::sys::random;

/// Blocks of one segment, at most. A split moves and hashes them all: 8192 x about 50 ns = 0.4 ms.
pub const SEGMENT_BLOCKS_MAX: usize = 8192;

/// Two neighbours with together fewer blocks than this become one segment: a quarter of the maximum, so that neither
/// the next insertion nor the next deletion turns it back.
const MERGED_BLOCKS_MAX: usize = SEGMENT_BLOCKS_MAX / 4;

/// 2^24 segments of 8192 blocks hold 10^11 fields, and a cursor's 48 bits name every position of the deepest: 24 + 24.
const DEPTH_MAX: u32 = 24;

const CURSOR_BITS: u32 = 48;

struct Segment<B: Block> {
    table: Table<B>,
    /// How many leading bits of the hash all its keys share.
    depth: u32,
    /// Those bits, at the top; the rest 0.
    start: u64,
}

/// Owns its blocks.
pub struct Segments<B: Block> {
    /// Segment number by the first `depth` bits of the hash; 1 << depth of them.
    directory: Vec<u32>,
    segments: Vec<Segment<B>>,
    depth: u32,
    blocks: usize,
    /// Bytes of the blocks and of the buckets.
    bytes: usize,
}

/// Where a block stands; valid until the table changes.
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
        let segment = Segment { table: Table::new(), depth: 0, start: 0 };
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

    #[inline]
    pub fn at(&self, spot: Spot) -> B::Ref<'_> {
        self.segments[spot.segment].table.at(spot.place)
    }

    /// Lets `edit` change the block at `spot`, whose key stays.
    #[inline]
    pub fn edit<R>(&mut self, spot: Spot, edit: impl FnOnce(&mut B) -> R) -> R {
        let table = &mut self.segments[spot.segment].table;
        let before = B::memory_bytes(table.at(spot.place));
        let result = table.edit(spot.place, edit);
        self.bytes = self.bytes + B::memory_bytes(table.at(spot.place)) - before;
        result
    }

    /// Puts `made`, which has the same key, in place of the block at `spot`, and gives that.
    pub fn replace(&mut self, spot: Spot, made: B) -> B {
        moves::count(1);
        let bytes = B::memory_bytes(made.borrow());
        let old = self.segments[spot.segment].table.edit(spot.place, |block| std::mem::replace(block, made));
        self.bytes = self.bytes + bytes - B::memory_bytes(old.borrow());
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
        let segment = &mut self.segments[number];
        let buckets = segment.table.memory_bytes();
        self.bytes += B::memory_bytes(block.borrow());
        segment.table.insert(hash << segment.depth, block);
        self.bytes = self.bytes + segment.table.memory_bytes() - buckets;
        self.blocks += 1;
    }

    /// Takes the block at `spot` out. Merges its segment with the neighbour if few are left.
    pub fn remove(&mut self, spot: Spot) -> B {
        moves::count(1);
        let segment = &mut self.segments[spot.segment];
        let buckets = segment.table.memory_bytes();
        let block = segment.table.remove(spot.place);
        self.bytes = self.bytes + segment.table.memory_bytes() - buckets - B::memory_bytes(block.borrow());
        self.blocks -= 1;
        if segment.depth > 0 && segment.table.len() < MERGED_BLOCKS_MAX / 2 {
            self.merge(spot.segment);
        }
        block
    }

    /// Room for `blocks` in all, as far as one segment goes.
    pub fn reserve(&mut self, blocks: usize) {
        if let [segment] = &mut self.segments[..] {
            let buckets = segment.table.memory_bytes();
            segment.table.reserve(blocks.min(SEGMENT_BLOCKS_MAX));
            self.bytes = self.bytes + segment.table.memory_bytes() - buckets;
        }
    }

    /// Calls `each` for about `count` blocks from `cursor` on (0 begins) and gives the cursor to go on with, 0 at the
    /// end. A cursor that nobody gave out ends the scan or goes on somewhere.
    pub fn scan<'t>(&'t self, cursor: u64, count: usize, mut each: impl FnMut(B::Ref<'t>)) -> u64 {
        let mut seen = 0;
        // Redis looks at no more than ten times as many buckets as entries were asked for.
        let mut steps = count.saturating_mul(10);
        let mut cursor = cursor;
        while cursor >> CURSOR_BITS == 0 {
            let hash = cursor << (64 - CURSOR_BITS);
            let segment = &self.segments[self.segment_of(hash)];
            let position = ((hash << segment.depth) >> 40) as u32;
            let next = segment.table.scan(position, |block| {
                seen += 1;
                each(block)
            });
            // `next` counts 2^-24 parts of the segment, which is 2^-depth of all hashes.
            let start = segment.start >> (64 - CURSOR_BITS);
            cursor = start + ((next as u64) << (CURSOR_BITS - 24 - segment.depth));
            debug_assert!(next <= POSITIONS);
            steps = steps.saturating_sub(1);
            if seen >= count || steps == 0 {
                break;
            }
        }
        if cursor >> CURSOR_BITS == 0 { cursor } else { 0 }
    }

    /// All blocks, in hash order.
    pub fn for_each<'t>(&'t self, mut each: impl FnMut(B::Ref<'t>)) {
        let mut slot = 0;
        while slot < self.directory.len() {
            let segment = &self.segments[self.directory[slot] as usize];
            segment.table.for_each(&mut each);
            slot += 1 << (self.depth - segment.depth);
        }
    }

    /// A random block, each about as likely: segments hold nearly equal shares of the hashes they cover.
    pub fn random(&self) -> Option<B::Ref<'_>> {
        if self.is_empty() {
            return None;
        }
        loop {
            let number = self.directory[random::below(self.directory.len() as u64) as usize];
            if let Some(block) = self.segments[number as usize].table.random(random::below) {
                return Some(block);
            }
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
        let mut old = std::mem::take(&mut self.segments[number].table);
        let bit = 1u64 << (64 - depth);
        // A half holds half the blocks and a few; 1/8 more is 15 standard deviations.
        let room = old.len() / 2 + old.len() / 16;
        let (mut low, mut high) = (Table::new(), Table::new());
        low.reserve(room);
        high.reserve(room);
        moves::count(old.len());
        old.drain(|block| {
            let hash = hash(B::key(block.borrow()));
            let half = if hash & bit == 0 { &mut low } else { &mut high };
            half.insert(hash << depth, block);
        });
        let other = self.segments.len();
        self.segments[number] = Segment { table: low, depth, start };
        self.segments.push(Segment { table: high, depth, start: start | bit });
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
            self.segments[part].table.drain(|block| {
                let hash = hash(B::key(block.borrow()));
                joined.insert(hash << (depth - 1), block);
            });
        }
        self.segments[number] = Segment { table: joined, depth: depth - 1, start: start & !bit };
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

impl<B: Block> Clone for Segments<B> {
    fn clone(&self) -> Segments<B> {
        let mut copy = Segments::default();
        copy.reserve(self.len());
        self.for_each(|block| copy.insert(hash(B::key(block)), B::duplicate(block)));
        copy
    }
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

#[cfg(test)]
#[path = "segments_tests.rs"]
mod tests;
