//! Walking segments, and drawing from them.

use super::*;
use crate::ds::table::POSITIONS;

/// Bits of a cursor: the leading ones of a hash, 24 for the deepest segment and 24 within its table.
const CURSOR_BITS: u32 = 48;
const _: () = assert!(CURSOR_BITS == DEPTH_MAX + POSITIONS.trailing_zeros());

/// The leading bits of a hash, as far as a walk knows them without touching the block; the others are 0.
#[derive(Clone, Copy, Debug)]
pub struct Prefix {
    pub hash: u64,
    pub bits: u32,
}

impl<B: Block> Segments<B> {
    /// Calls `each` for about `count` blocks from `cursor` on (0 begins) and gives the cursor to go on with, 0 at the
    /// end. A cursor that nobody gave out ends the scan or goes on somewhere.
    pub fn scan<'t>(&'t self, cursor: u64, count: usize, mut each: impl FnMut(B::Ref<'t>)) -> u64 {
        self.scan_prefixed(cursor, count, |_, block| each(block))
    }

    /// The same with what the walk knows of each hash.
    #[inline]
    pub fn scan_prefixed<'t>(&'t self, cursor: u64, count: usize, mut each: impl FnMut(Prefix, B::Ref<'t>)) -> u64 {
        let mut seen = 0;
        // Redis looks at no more than ten times as many buckets as entries were asked for.
        let mut steps = count.saturating_mul(10);
        let mut cursor = cursor;
        while cursor >> CURSOR_BITS == 0 {
            let hash = cursor << (64 - CURSOR_BITS);
            let segment = &self.segments[self.segment_of(hash)];
            let (start, depth) = (segment.start, segment.depth);
            let mut position = ((hash << depth) >> 40) as u32;
            while position < POSITIONS {
                position = segment.table.scan_positions(position, |position, block| {
                    seen += 1;
                    each(Prefix { hash: start | ((position as u64) << 40) >> depth, bits: 24 + depth }, block)
                });
                steps = steps.saturating_sub(1);
                if seen >= count || steps == 0 {
                    break;
                }
            }
            // Positions count 2^-24 parts of the segment, which is 2^-depth of all hashes.
            cursor = (start >> (64 - CURSOR_BITS)) + ((position as u64) << (CURSOR_BITS - 24 - depth));
            if seen >= count || steps == 0 {
                break;
            }
        }
        if cursor >> CURSOR_BITS == 0 { cursor } else { 0 }
    }

    /// As [`Segments::find_where`], for a hash of which so much is known. Err: that is too little for the segment it means.
    #[inline]
    pub fn find_by_prefix<'t>(
        &'t self,
        prefix: Prefix,
        is: impl Fn(B::Ref<'t>) -> bool,
    ) -> Result<Option<B::Ref<'t>>, TooShort> {
        let segment = &self.segments[self.segment_of(prefix.hash)];
        if prefix.bits < segment.depth + 24 {
            return Err(TooShort);
        }
        let place = segment.table.find_where(prefix.hash << segment.depth, is);
        Ok(place.map(|place| segment.table.at(place)))
    }

    /// What can be told of a block with such a hash without looking at any.
    #[inline]
    pub fn glimpse<'t>(&'t self, prefix: Prefix) -> Glimpse<B::Ref<'t>> {
        let segment = &self.segments[self.segment_of(prefix.hash)];
        if prefix.bits < segment.depth + 24 {
            return Glimpse::TooShort;
        }
        match segment.table.find_where(prefix.hash << segment.depth, |_| true) {
            None => Glimpse::No,
            Some(place) => Glimpse::Maybe(segment.table.at(place)),
        }
    }

    /// How deep the segment of this hash is: prefixes of walks over it have so many bits and 24.
    #[inline]
    pub fn depth_at(&self, hash: u64) -> u32 {
        self.segments[self.segment_of(hash)].depth
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

    /// When the first block of all is due. O(segments).
    pub fn first_due_ms(&self) -> Option<i64> {
        self.segments.iter().filter_map(|segment| segment.table.due_ms()).min()
    }

    /// The blocks that are due at `now_ms`, segment by segment. O(segments) beside them.
    pub fn due_until(&self, now_ms: i64) -> impl Iterator<Item = B::Ref<'_>> {
        self.segments.iter().flat_map(move |segment| segment.table.due_until(now_ms))
    }

    /// A random block.
    pub fn random(&self) -> Option<B::Ref<'_>> {
        self.random_spot().map(|spot| self.at(spot))
    }

    /// Where a random block stands, each as likely as another. Cost: O(1).
    pub fn random_spot(&self) -> Option<Spot> {
        if self.is_empty() {
            return None;
        }
        loop {
            let number = self.directory[random::below(self.directory.len() as u64) as usize] as usize;
            let Segment { table, depth, .. } = &self.segments[number];
            // A slot of the directory leads to a segment with a chance that follows its share of all hashes; taking it with
            // a chance that follows its density makes up for the rest. Segments are half full and more, unless most of
            // their blocks were removed; then they are an eighth full and more on average.
            let density_max = (SEGMENT_BLOCKS_MAX as u64) << (self.depth - depth);
            if self.segments.len() > 1 && random::below(density_max) >= table.len() as u64 {
                continue;
            }
            if let Some(place) = table.random_place(random::below) {
                return Some(Spot { segment: number, place });
            }
        }
    }
}

/// A prefix has fewer bits than the segment's table is ordered by.
#[derive(Debug, PartialEq, Eq)]
pub struct TooShort;

/// What 24 bits of a hash tell; see [`Segments::glimpse`].
pub enum Glimpse<R> {
    /// There is none.
    No,
    /// There is this one, whose hash begins so, and perhaps others.
    Maybe(R),
    TooShort,
}
