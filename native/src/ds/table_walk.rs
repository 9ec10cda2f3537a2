//! Walking a table, drawing from it, and loading ahead what a lookup will touch.

use smallvec::SmallVec;

use super::resize::first_position;
use super::*;
use crate::ds::entry::{EntryRef, Object, Value};

impl Table {
    /// Starts loading the object that `hash` may mean; its entry should be in the cache by now. False: there is none.
    #[inline]
    pub fn prefetch_object(&self, hash: u64) -> bool {
        let home = self.entry_at(hash).and_then(|entry| entry.object_home());
        if let Some(home) = home {
            prefetch(home);
        }
        home.is_some()
    }

    /// Starts loading where the object that `hash` may mean has an element; see [`Object::prefetch`].
    #[inline]
    pub fn prefetch_element(&self, hash: u64, element: &[u8], again: bool) -> bool {
        self.object_at(hash).is_some_and(|object| object.prefetch(element, again))
    }

    /// Starts loading the ends of the object that `hash` may mean; see [`Object::prefetch_ends`].
    #[inline]
    pub fn prefetch_ends(&self, hash: u64, again: bool) -> bool {
        self.object_at(hash).is_some_and(|object| object.prefetch_ends(again))
    }

    /// The object that `hash` may mean.
    #[inline]
    fn object_at(&self, hash: u64) -> Option<&dyn Object> {
        match self.entry_at(hash)?.value() {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The entry that `hash` may mean: its key is not compared.
    #[inline]
    fn entry_at(&self, hash: u64) -> Option<EntryRef<'_>> {
        if self.buckets.is_empty() {
            return None;
        }
        let bucket = self.bucket_of(hash);
        let found = bucket.matches(tag(hash));
        (found != 0).then(|| entry_of::<Entry>(bucket.slots[found.trailing_zeros() as usize]))
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
            prefetch((&raw const *self.bucket_of(hash)).cast());
        }
    }

    /// Starts loading the entries that `hash` may mean; the bucket should be in the cache by now.
    #[inline]
    pub fn prefetch_entry(&self, hash: u64) {
        if self.buckets.is_empty() {
            return;
        }
        let bucket = self.bucket_of(hash);
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
            each_slot(self.bucket_at(from as u64), |word| prefetch(raw_of::<B>(word)));
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
        if self.buckets.is_empty() || from >= POSITIONS {
            return POSITIONS;
        }
        each_tagged(self.bucket_at(from as u64), |word, tag| {
            let position = position_of(word, tag);
            if position >= from {
                each(position, entry_of::<B>(word));
            }
        });
        self.next_position(from)
    }

    /// The first position of the bucket after the one that covers `from`.
    #[inline]
    fn next_position(&self, from: u32) -> u32 {
        let moved = from < self.frontier;
        let buckets = if moved { &self.buckets } else { self.old_buckets() };
        let next = first_position(index_in(buckets, from as u64) + 1, buckets.len());
        // A new bucket across the frontier has been filled up to there.
        if moved { next.min(self.frontier) } else { next }
    }

    /// As [`Table::scan`], for the entries with an expiry only; others are not touched.
    pub fn scan_expiring(&self, from: u32, mut each: impl FnMut(B::Ref<'_>)) -> u32 {
        if self.buckets.is_empty() || from >= POSITIONS {
            return POSITIONS;
        }
        each_slot(self.bucket_at(from as u64), |word| {
            if expires::<B>(word) {
                each(entry_of::<B>(word))
            }
        });
        self.next_position(from)
    }

    /// Where the entries of the bucket that covers `from` stand, and the position to go on with, as [`Table::scan`]. For changes that
    /// leave every entry in its place.
    pub fn places(&self, from: u32) -> (SmallVec<[Place; 2 * SLOTS]>, u32) {
        let mut places = SmallVec::new();
        if self.buckets.is_empty() || from >= POSITIONS {
            return (places, POSITIONS);
        }
        let mut bucket = (&raw const *self.bucket_at(from as u64)).cast_mut();
        loop {
            // SAFETY: `bucket` is one of this table's buckets or a chained one, alive while `&self` is.
            let here = unsafe { &*bucket };
            places.extend((0..here.own_load()).map(|nth| Place { bucket, slot: here.nth_slot(nth) }));
            match here.next() {
                Some(next) => bucket = next,
                None => return (places, self.next_position(from)),
            }
        }
    }

    /// Shows `each` about `count` entries, of a random bucket and those behind it, in at most `buckets_max` of them; entries with an
    /// expiry only, if `expiring`. Every entry has its chance. Gives how many there were.
    pub fn some<'t>(
        &'t self,
        (count, buckets_max): (usize, usize),
        expiring: bool,
        mut below: impl FnMut(u64) -> u64,
        mut each: impl FnMut(B::Ref<'t>),
    ) -> usize {
        let count = count.min(if expiring { self.expiring } else { self.entries });
        let mut from = below(POSITIONS as u64) as u32;
        let mut given = 0;
        for _ in 0..buckets_max.min(self.buckets() + 1) {
            if given >= count {
                break;
            }
            let mut words: SmallVec<[u64; 2 * SLOTS]> = SmallVec::new();
            each_slot(self.bucket_at(from as u64), |word| {
                if !expiring || expires::<B>(word) {
                    words.push(word);
                }
            });
            let wanted = words.len().min(count - given);
            // Where a bucket has more than are wanted, the last ones must not be left out every time.
            let first = if wanted < words.len() { below(words.len() as u64) as usize } else { 0 };
            words.iter().cycle().skip(first).take(wanted).for_each(|word| each(entry_of::<B>(*word)));
            given += wanted;
            from = self.next_position(from);
            if from >= POSITIONS {
                from = 0;
            }
        }
        given
    }

    /// A deep copy, every block's copy in the place of its block; and where the one at `follow` went.
    pub fn duplicate(&self, follow: Option<Place>) -> (Table<B>, Option<Place>) {
        let follow_bucket = follow.map_or(std::ptr::null_mut(), |place| place.bucket);
        let mut followed = None;
        let mut copies = self.all_buckets().map(|all| {
            let mut copies = empty_buckets(all.len());
            for (index, (from, to)) in all.iter().zip(&mut copies).enumerate() {
                prefetch_blocks::<B>(all, index + COPY_AHEAD);
                followed = followed.or(copy_chain::<B>(from, to, follow_bucket));
            }
            copies
        });
        let moving = self
            .moving
            .as_ref()
            .map(|moving| Box::new(Moving { buckets: std::mem::take(&mut copies[1]), moved: moving.moved }));
        let [buckets, _] = copies;
        let mut copy = Table { buckets, moving, due: None, witness: None, ..Table::default() };
        (copy.frontier, copy.entries, copy.expiring) = (self.frontier, self.entries, self.expiring);
        (copy.overflow_buckets, copy.entry_bytes) = (self.overflow_buckets, self.entry_bytes);
        if self.due.is_some() {
            let mut due = Due::default();
            for bucket in copy.all_buckets().into_iter().flatten() {
                each_slot(bucket, |word| {
                    let at_ms = B::due_ms(entry_of::<B>(word));
                    due.change(None, at_ms.map(|at_ms| (at_ms, word & B::RAW_BITS)));
                });
            }
            copy.due = Some(Box::new(due));
        }
        (copy, followed.zip(follow).map(|(bucket, place)| Place { bucket, slot: place.slot }))
    }

    /// All entries, in hash order.
    pub fn for_each<'t>(&'t self, mut each: impl FnMut(B::Ref<'t>)) {
        for bucket in self.all_buckets().into_iter().flatten() {
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
            let old = self.old_buckets();
            let pick = below((self.buckets.len() + old.len()) as u64) as usize;
            let first = self.buckets.get(pick).unwrap_or_else(|| &old[pick - self.buckets.len()]);
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
