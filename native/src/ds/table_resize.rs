//! How a table changes its size without a stall.
//!
//! ```text
//!   position  0                    frontier                         2^24
//!   old       |         empty          |■■■■■■■■■■■■■■■■■■■■■■■■■■■■■|
//!   buckets   |■■■■■■■■■■■■■■■■■■■■■■■■|            empty            |
//! ```
//!
//! Both arrays are in hash order, so one number says where an entry is, and a walk goes through one and then the other. Each
//! insertion and removal moves a few buckets; the frontier always stands at the start of an old bucket. Growth is done after a
//! quarter as many insertions as there are old buckets, and the next growth is due after more than half as many.
//! Redis moves one bucket per operation too (dict.c), but looks every key up in both tables.

use super::*;

/// Old buckets up to which all move at once: half a megabyte, some 45,000 entries, 0.6 ms. Two arrays at a time in each of a
/// thousand shards, which grow at about the same time, would be a fifth more memory at the peak.
const AT_ONCE_MAX: usize = if cfg!(test) { 16 } else { 8192 };
/// Old buckets that one insertion or removal moves.
const STEP: usize = 4;

/// The buckets of a table's last size.
pub(super) struct Moving {
    pub buckets: Box<[Bucket]>,
    /// How many of them are empty for good.
    pub moved: usize,
}

/// The index of the bucket for a position among `buckets`.
#[inline]
pub(super) fn index_in(buckets: &[Bucket], position: u64) -> usize {
    ((position * buckets.len() as u64) >> POSITION_BITS) as usize
}

/// The least position that belongs to bucket `index` of `count`.
pub(super) fn first_position(index: usize, count: usize) -> u32 {
    (((index as u64) << POSITION_BITS).div_ceil(count as u64) as u32).min(POSITIONS)
}

pub(super) fn empty_buckets(count: usize) -> Box<[Bucket]> {
    // SAFETY: a bucket of zeros is an empty one, see EMPTY; memory that is zero anyway is not written to.
    unsafe { Box::new_zeroed_slice(count).assume_init() }
}

/// Starts loading the entries of bucket `index`, if there is one.
#[inline]
pub(super) fn prefetch_blocks<B: Block>(buckets: &[Bucket], index: usize) {
    if let Some(bucket) = buckets.get(index) {
        each_slot(bucket, |word| prefetch(raw_of::<B>(word)));
    }
}

/// The next larger number of buckets with three significant bits: 8, 10, 12, 14, 16, 20, 24, …
pub(super) fn step_up(buckets: usize) -> usize {
    if buckets < 8 {
        return buckets + 1;
    }
    let step = buckets.next_power_of_two() / if buckets.is_power_of_two() { 4 } else { 8 };
    (buckets / step + 1) * step
}

impl<B: Block> Table<B> {
    /// The buckets of the last size, while entries are in them.
    #[inline]
    pub(super) fn old_buckets(&self) -> &[Bucket] {
        self.moving.as_ref().map_or(&[], |moving| &moving.buckets)
    }

    /// All buckets that chains start at; entries in hash order.
    pub(super) fn all_buckets(&self) -> [&[Bucket]; 2] {
        [&self.buckets, self.old_buckets()]
    }

    /// Leaves the table without buckets; its counts are the caller's affair.
    pub(super) fn take_buckets(&mut self) -> [Box<[Bucket]>; 2] {
        self.frontier = POSITIONS;
        let old = self.moving.take().map_or_else(Box::default, |moving| moving.buckets);
        [std::mem::take(&mut self.buckets), old]
    }

    /// Changes the number of buckets. Entries of a large table move later.
    pub(super) fn resize(&mut self, buckets: usize) {
        assert!(buckets >= 1 || self.entries == 0);
        while self.moving.is_some() {
            self.move_some();
        }
        let old = std::mem::replace(&mut self.buckets, empty_buckets(buckets));
        if old.is_empty() {
            return;
        }
        self.frontier = 0;
        let at_once = old.len() <= AT_ONCE_MAX || self.entries == 0;
        self.moving = Some(Box::new(Moving { buckets: old, moved: 0 }));
        while at_once && self.moving.is_some() {
            self.move_some();
        }
    }

    /// Moves a few old buckets.
    #[cold]
    pub(super) fn move_some(&mut self) {
        let Some(mut moving) = self.moving.take() else { return };
        let end = (moving.moved + STEP).min(moving.buckets.len());
        for bucket in &mut moving.buckets[moving.moved..end] {
            each_tagged(bucket, |word, tag| {
                let index = index_in(&self.buckets, position_of(word, tag) as u64);
                self.overflow_buckets += place_in(&mut self.buckets[index], tag, word);
            });
            self.overflow_buckets -= free_chain(std::mem::replace(bucket, EMPTY));
        }
        moving.moved = end;
        if end < moving.buckets.len() {
            self.frontier = first_position(end, moving.buckets.len());
            self.moving = Some(moving);
        } else {
            self.frontier = POSITIONS;
        }
    }
}
