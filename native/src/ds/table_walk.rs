//! Walking a table, drawing from it, and loading ahead what a lookup will touch.

use super::*;
use crate::ds::entry::Value;

impl Table {
    /// Starts loading the object that `hash` may mean; its entry should be in the cache by now.
    #[inline]
    pub fn prefetch_object(&self, hash: u64) {
        if self.buckets.is_empty() {
            return;
        }
        let bucket = &self.buckets[self.bucket_index(hash)];
        let found = bucket.matches(tag(hash));
        if found != 0 {
            let entry = entry_of::<Entry>(bucket.slots[found.trailing_zeros() as usize]);
            if let Some(home) = entry.object_home() {
                prefetch(home);
            }
        }
    }

    /// Starts loading where the object that `hash` may mean has an element; see [`Object::prefetch`].
    #[inline]
    pub fn prefetch_element(&self, hash: u64, element: &[u8], again: bool) -> bool {
        if self.buckets.is_empty() {
            return false;
        }
        let bucket = &self.buckets[self.bucket_index(hash)];
        let found = bucket.matches(tag(hash));
        found != 0 && {
            let entry = entry_of::<Entry>(bucket.slots[found.trailing_zeros() as usize]);
            matches!(entry.value(), Value::Object(object) if object.prefetch(element, again))
        }
    }
}

impl<B: Block> Table<B> {
    /// Bytes of the index of what is due; part of [`Table::memory_bytes`].
    #[inline]
    pub fn due_bytes(&self) -> usize {
        self.due.as_ref().map_or(0, |due| due.memory_bytes())
    }

    /// Starts loading the bucket of `hash` into the cache.
    #[inline]
    pub fn prefetch_bucket(&self, hash: u64) {
        if !self.buckets.is_empty() {
            prefetch((&raw const self.buckets[self.bucket_index(hash)]).cast());
        }
    }

    /// Starts loading the entries that `hash` may mean; the bucket should be in the cache by now.
    #[inline]
    pub fn prefetch_entry(&self, hash: u64) {
        if self.buckets.is_empty() {
            return;
        }
        let bucket = &self.buckets[self.bucket_index(hash)];
        let found = bucket.matches(tag(hash));
        if found != 0 {
            let entry: *const u8 = raw_of::<B>(bucket.slots[found.trailing_zeros() as usize]);
            prefetch(entry);
            // Blocks of 40 bytes begin anywhere in a cache line: most of them end in the next.
            prefetch(entry.wrapping_add(39));
        }
    }

    /// Starts loading the entries of the bucket that covers `from` into the cache.
    pub fn prefetch_position(&self, from: u32) {
        if from < POSITIONS && !self.buckets.is_empty() {
            self.prefetch_blocks(((from as u64 * self.buckets.len() as u64) >> POSITION_BITS) as usize);
        }
    }

    /// Starts loading the entries of bucket `index`, if there is one.
    #[inline]
    pub(super) fn prefetch_blocks(&self, index: usize) {
        if let Some(bucket) = self.buckets.get(index) {
            each_slot(bucket, |word| prefetch(raw_of::<B>(word)));
        }
    }

    /// Calls `each` for the entries of the bucket that covers `from`, and gives the position to go on with;
    /// [`POSITIONS`] when the table is through. Entries present from a scan's start to its end are seen exactly once,
    /// whatever the table's size became in between: those before `from` were seen by an earlier call and are left out.
    pub fn scan<'t>(&'t self, from: u32, mut each: impl FnMut(B::Ref<'t>)) -> u32 {
        self.scan_positions(from, |_, block| each(block))
    }

    /// The same with the position that each entry's hash gives it.
    #[inline]
    pub fn scan_positions<'t>(&'t self, from: u32, mut each: impl FnMut(u32, B::Ref<'t>)) -> u32 {
        let count = self.buckets.len() as u64;
        if count == 0 || from >= POSITIONS {
            return POSITIONS;
        }
        let index = (from as u64 * count) >> POSITION_BITS;
        each_tagged(&self.buckets[index as usize], |word, tag| {
            let position = position_of(word, tag);
            if position >= from {
                each(position, entry_of::<B>(word));
            }
        });
        // The first position of the next bucket: the least p with (p * count) >> 24 == index + 1.
        ((((index + 1) << POSITION_BITS).div_ceil(count)) as u32).min(POSITIONS)
    }

    /// As [`Table::scan`], for the entries with an expiry only; others are not touched.
    pub fn scan_expiring(&self, from: u32, mut each: impl FnMut(B::Ref<'_>)) -> u32 {
        let count = self.buckets.len() as u64;
        if count == 0 || from >= POSITIONS {
            return POSITIONS;
        }
        let index = (from as u64 * count) >> POSITION_BITS;
        each_slot(&self.buckets[index as usize], |word| {
            if expires::<B>(word) {
                each(entry_of::<B>(word))
            }
        });
        ((((index + 1) << POSITION_BITS).div_ceil(count)) as u32).min(POSITIONS)
    }

    /// All entries, in hash order.
    pub fn for_each<'t>(&'t self, mut each: impl FnMut(B::Ref<'t>)) {
        for bucket in &self.buckets {
            each_slot(bucket, |word| each(entry_of::<B>(word)));
        }
    }

    /// A random entry: a random bucket that is not empty, then a random slot of it. Cost: O(1) at usual fill.
    pub fn random(&self, below: impl FnMut(u64) -> u64) -> Option<B::Ref<'_>> {
        self.random_place(below).map(|place| self.at(place))
    }

    /// Where a random entry stands.
    pub fn random_place(&self, mut below: impl FnMut(u64) -> u64) -> Option<Place> {
        if self.entries == 0 {
            return None;
        }
        loop {
            let first = &self.buckets[below(self.buckets.len() as u64) as usize];
            // A bucket is taken with a chance that follows its load, or full buckets would be under-represented. A load of
            // more than LOAD_MAX is as rare as one in two hundred.
            let load = first.load();
            let mut pick = below(load.max(LOAD_MAX) as u64) as usize;
            if pick >= load {
                continue;
            }
            let mut bucket = first;
            while pick >= bucket.own_load() {
                pick -= bucket.own_load();
                // SAFETY: chained buckets are alive as long as the bucket that links them, and the load counted this one.
                bucket = unsafe { &*bucket.next().expect("the load counts what is chained") };
            }
            return Some(Place { bucket: (&raw const *bucket).cast_mut(), slot: bucket.nth_slot(pick) });
        }
    }
}

const LOAD_MAX: usize = 12;
