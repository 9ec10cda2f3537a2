//! The table of one shard and database: cache-line buckets, ordered by hash.
//!
//! ```text
//!   bucket, 64 bytes, 64-aligned
//!   +---- tags: 7 x u8 ----+ meta u8 +---- slots: 7 x u64 -------------------------------------+
//!   | t0 t1 t2 t3 t4 t5 t6 | ovf|occ | hash bits 48..64 | pointer to the entry, bits 1..48 | ttl |
//!   +----------------------+---------+----------------------------------------------------------+
//!   occ: 7 bits, slot in use · ovf: slot 6 points to a further bucket instead of an entry
//!   ttl: bit 0 of the pointer (entries are 8-aligned), set while the entry has an expiry
//! ```
//!
//! A lookup costs two cache misses: the bucket, then the entry. A Swiss table of pointers costs three (control bytes,
//! slot, entry), and both of ours can be prefetched from the hash alone.
//!
//! Bucket of a hash: `(position * buckets) >> 24`, where `position` is the hash's top 24 bits. Those 24 bits are in the
//! bucket (tag and slot), so a resize never touches an entry: it is one pass over the buckets, 1 to 3 ns an entry. And
//! buckets are in hash order whatever their number, so a scan's cursor is simply the next position: it survives growth
//! and shrinking without the reverse-binary counting of Redis's dictScan, and never misses an entry.
//! The number of buckets need not be a power of two; it grows by an eighth of the next lower power, the steps in which
//! allocators size large blocks, so that tables stay 64 to 80 % full and no block has slack.

use std::marker::PhantomData;

use crate::sys::cpu::prefetch;

use super::block::Block;
use super::entry::{Entry, Value};

const SLOTS: usize = 7;
const OVERFLOW: u8 = 0x80;
const POSITION_BITS: u32 = 24;
const TTL: u64 = 1;
const POINTER: u64 = 0x0000_ffff_ffff_fff8;

/// One past the last position of a scan.
pub const POSITIONS: u32 = 1 << POSITION_BITS;

#[repr(C, align(64))]
struct Bucket {
    tags: [u8; SLOTS],
    meta: u8,
    slots: [u64; SLOTS],
}

const _: () = assert!(size_of::<Bucket>() == 64);

const EMPTY: Bucket = Bucket { tags: [0; SLOTS], meta: 0, slots: [0; SLOTS] };

/// Owns the entries in it: blocks of type `B`, those of the keyspace unless said otherwise.
pub struct Table<B: Block = Entry> {
    buckets: Box<[Bucket]>,
    entries: usize,
    /// Entries with an expiry.
    expiring: usize,
    overflow_buckets: usize,
    /// Bytes of the entries and what they own, as whoever changes them accounts for it.
    pub entry_bytes: i64,
    owns: PhantomData<B>,
}

impl<B: Block> Default for Table<B> {
    fn default() -> Table<B> {
        Table {
            buckets: Box::default(),
            entries: 0,
            expiring: 0,
            overflow_buckets: 0,
            entry_bytes: 0,
            owns: PhantomData,
        }
    }
}

/// Where an entry stands; valid until the table changes.
#[derive(Clone, Copy)]
pub struct Place {
    bucket: *mut Bucket,
    slot: usize,
}

/// Are two keys the same? Keys of 8 to 32 bytes, nearly all there are, are compared by two overlapping words each, where a
/// call of memcmp costs more than the comparison (3 % of a GET).
#[inline]
fn same_key(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    match left.len() {
        8..=16 => {
            left.first_chunk::<8>() == right.first_chunk::<8>() && left.last_chunk::<8>() == right.last_chunk::<8>()
        }
        17..=32 => {
            left.first_chunk::<16>() == right.first_chunk::<16>() && left.last_chunk::<16>() == right.last_chunk::<16>()
        }
        _ => left == right,
    }
}

#[inline]
fn position(hash: u64) -> u64 {
    hash >> (64 - POSITION_BITS)
}

#[inline]
fn tag(hash: u64) -> u8 {
    (hash >> 40) as u8
}

#[inline]
fn upper(hash: u64) -> u64 {
    hash & 0xffff_0000_0000_0000
}

#[inline]
fn entry_of<'a, B: Block>(slot: u64) -> B::Ref<'a> {
    // SAFETY: occupied slots hold the pointer of a live block that the table owns (1) and lends out as its own borrow (2).
    unsafe { B::borrow_raw((slot & POINTER) as *mut u8) }
}

impl Bucket {
    #[inline]
    fn occupied(&self) -> u8 {
        if self.meta & OVERFLOW != 0 { self.meta & 0x3f } else { self.meta & 0x7f }
    }

    /// Bits of the occupied slots whose tag is `tag`.
    #[inline]
    fn matches(&self, tag: u8) -> u8 {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_loadl_epi64, _mm_movemask_epi8, _mm_set1_epi8};
            // SAFETY: SSE2 is part of x86-64; the eight bytes read are tags and meta, the head of this bucket.
            let equal = unsafe {
                let tags = _mm_loadl_epi64((&raw const *self).cast());
                _mm_movemask_epi8(_mm_cmpeq_epi8(tags, _mm_set1_epi8(tag as i8)))
            };
            equal as u8 & self.occupied()
        }
        #[cfg(not(target_arch = "x86_64"))]
        self.matches_scalar(tag)
    }

    /// The same without SIMD, and the reference for its test.
    #[cfg(any(test, not(target_arch = "x86_64")))]
    fn matches_scalar(&self, tag: u8) -> u8 {
        let mut found = 0u8;
        for slot in 0..SLOTS {
            found |= ((self.tags[slot] == tag) as u8) << slot;
        }
        found & self.occupied()
    }

    #[inline]
    fn next(&self) -> Option<*mut Bucket> {
        if self.meta & OVERFLOW != 0 { Some(self.slots[6] as *mut Bucket) } else { None }
    }
}

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
            if let Value::Object(object) = entry.value() {
                prefetch((&raw const *object).cast());
            }
        }
    }
}

impl<B: Block> Table<B> {
    pub fn new() -> Self {
        Table::default()
    }

    pub fn len(&self) -> usize {
        self.entries
    }

    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// How many entries have an expiry.
    pub fn expiring(&self) -> usize {
        self.expiring
    }

    /// Buckets, chained ones included.
    pub fn buckets(&self) -> usize {
        self.buckets.len() + self.overflow_buckets
    }

    /// Bytes of the buckets; the entries are not counted.
    pub fn memory_bytes(&self) -> usize {
        self.buckets() * size_of::<Bucket>()
    }

    #[inline]
    fn bucket_index(&self, hash: u64) -> usize {
        ((position(hash) * self.buckets.len() as u64) >> POSITION_BITS) as usize
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
            let entry = (bucket.slots[found.trailing_zeros() as usize] & POINTER) as *const u8;
            prefetch(entry);
            // Blocks of 40 bytes begin anywhere in a cache line: most of them end in the next.
            prefetch(entry.wrapping_add(39));
        }
    }

    #[inline]
    pub fn find(&self, hash: u64, key: &[u8]) -> Option<Place> {
        if self.buckets.is_empty() {
            return None;
        }
        let mut bucket = (&raw const self.buckets[self.bucket_index(hash)]).cast_mut();
        let (tag, upper) = (tag(hash), upper(hash));
        loop {
            // SAFETY: `bucket` is one of this table's buckets or a chained one, alive while `&self` is.
            let here = unsafe { &*bucket };
            let mut found = here.matches(tag);
            while found != 0 {
                let slot = found.trailing_zeros() as usize;
                found &= found - 1;
                let word = here.slots[slot];
                if word & !(POINTER | 7) == upper && same_key(B::key(entry_of::<B>(word)), key) {
                    return Some(Place { bucket, slot });
                }
            }
            bucket = here.next()?;
        }
    }

    #[inline]
    pub fn get(&self, hash: u64, key: &[u8]) -> Option<B::Ref<'_>> {
        self.find(hash, key).map(|place| self.at(place))
    }

    /// The entry at `place`, which `find` gave and no change has moved since.
    #[inline]
    pub fn at(&self, place: Place) -> B::Ref<'_> {
        // SAFETY: `place` came from `find` on this table (callers hold `&self` since, or changed nothing).
        entry_of::<B>(unsafe { (*place.bucket).slots[place.slot] })
    }

    /// Lets `edit` change the entry at `place` or put another (with the same key) in its stead.
    #[inline]
    pub fn edit<R>(&mut self, place: Place, edit: impl FnOnce(&mut B) -> R) -> R {
        // SAFETY: as in `at`, and `&mut self` is exclusive. The slot's ownership moves to `entry` and back; if `edit`
        // panics, `entry` frees the block while the slot still names it, so the guard writes the slot in every case.
        struct PutBack<B: Block> {
            bucket: *mut Bucket,
            slot: usize,
            entry: std::mem::ManuallyDrop<B>,
        }
        impl<B: Block> Drop for PutBack<B> {
            fn drop(&mut self) {
                let expires = B::expires(B::borrow(&self.entry));
                // SAFETY: `entry` is taken once, here; bucket and slot are the ones the word was read from.
                unsafe {
                    let raw = std::mem::ManuallyDrop::take(&mut self.entry).into_raw() as u64;
                    let word = &mut (*self.bucket).slots[self.slot];
                    *word = (*word & !(POINTER | 7)) | raw | if expires { TTL } else { 0 };
                }
            }
        }
        // SAFETY: the slot at `place` is occupied and owned by this table; ownership comes back in PutBack::drop.
        let (entry, expired_before) = unsafe {
            let word = (*place.bucket).slots[place.slot];
            (B::from_raw((word & POINTER) as *mut u8), word & TTL != 0)
        };
        let mut guard = PutBack { bucket: place.bucket, slot: place.slot, entry: std::mem::ManuallyDrop::new(entry) };
        let result = edit(&mut guard.entry);
        let expires_now = B::expires(B::borrow(&guard.entry));
        drop(guard);
        self.expiring = self.expiring + expires_now as usize - expired_before as usize;
        result
    }

    /// Puts `entry` in; its key must not be in the table.
    pub fn insert(&mut self, hash: u64, entry: B) {
        debug_assert!(self.find(hash, B::key(entry.borrow())).is_none());
        if self.entries * 10 >= self.buckets.len() * SLOTS * 8 {
            self.resize(step_up(self.buckets.len()));
        }
        let expires = B::expires(entry.borrow());
        let raw = entry.into_raw() as u64;
        debug_assert!(raw & !POINTER == 0, "user-space pointers have 47 bits");
        self.entries += 1;
        self.expiring += expires as usize;
        let index = self.bucket_index(hash);
        self.overflow_buckets +=
            place_in(&mut self.buckets[index], tag(hash), upper(hash) | raw | if expires { TTL } else { 0 });
    }

    /// Takes the entry at `place` out. May shrink the table.
    pub fn remove(&mut self, place: Place) -> B {
        // SAFETY: the slot is occupied and owned by this table; it is cleared here, so ownership moves to the caller.
        let (word, empty) = unsafe {
            let bucket = &mut *place.bucket;
            let word = bucket.slots[place.slot];
            bucket.meta &= !(1 << place.slot);
            bucket.slots[place.slot] = 0;
            (word, bucket.meta == 0)
        };
        self.entries -= 1;
        self.expiring -= (word & TTL != 0) as usize;
        // SAFETY: as above.
        let entry = unsafe { B::from_raw((word & POINTER) as *mut u8) };
        if self.entries == 0 {
            self.resize(0);
        } else if empty && self.entries * 10 < self.buckets.len() * SLOTS * 2 {
            self.resize((self.entries * 10 / (SLOTS * 6)).max(1));
        }
        entry
    }

    /// Calls `each` for the entries of the bucket that covers `from`, and gives the position to go on with;
    /// [`POSITIONS`] when the table is through. Entries present from a scan's start to its end are seen exactly once,
    /// whatever the table's size became in between: those before `from` were seen by an earlier call and are left out.
    pub fn scan<'t>(&'t self, from: u32, mut each: impl FnMut(B::Ref<'t>)) -> u32 {
        let count = self.buckets.len() as u64;
        if count == 0 || from >= POSITIONS {
            return POSITIONS;
        }
        let index = (from as u64 * count) >> POSITION_BITS;
        let bucket = &self.buckets[index as usize];
        if (index << POSITION_BITS).div_ceil(count) < from as u64 {
            each_tagged(bucket, &mut |word, tag| {
                if (word >> 48) << 8 | tag as u64 >= from as u64 {
                    each(entry_of::<B>(word));
                }
            });
        } else {
            each_slot(bucket, &mut |word| each(entry_of::<B>(word)));
        }
        // The first position of the next bucket: the least p with (p * count) >> 24 == index + 1.
        ((((index + 1) << POSITION_BITS).div_ceil(count)) as u32).min(POSITIONS)
    }

    /// Starts loading the entries of the bucket that covers `from` into the cache.
    pub fn prefetch_position(&self, from: u32) {
        if from < POSITIONS && !self.buckets.is_empty() {
            let index = (from as u64 * self.buckets.len() as u64) >> POSITION_BITS;
            each_slot(&self.buckets[index as usize], &mut |word| prefetch((word & POINTER) as *const u8));
        }
    }

    /// As [`Table::scan`], for the entries with an expiry only; others are not touched.
    pub fn scan_expiring(&self, from: u32, mut each: impl FnMut(B::Ref<'_>)) -> u32 {
        let count = self.buckets.len() as u64;
        if count == 0 || from >= POSITIONS {
            return POSITIONS;
        }
        let index = (from as u64 * count) >> POSITION_BITS;
        each_slot(&self.buckets[index as usize], &mut |word| {
            if word & TTL != 0 {
                each(entry_of::<B>(word))
            }
        });
        ((((index + 1) << POSITION_BITS).div_ceil(count)) as u32).min(POSITIONS)
    }

    /// All entries, in hash order.
    pub fn for_each<'t>(&'t self, mut each: impl FnMut(B::Ref<'t>)) {
        for bucket in &self.buckets {
            each_slot(bucket, &mut |word| each(entry_of::<B>(word)));
        }
    }

    /// A random entry: a random bucket that is not empty, then a random slot of it. Cost: O(1) at usual fill.
    pub fn random(&self, mut below: impl FnMut(u64) -> u64) -> Option<B::Ref<'_>> {
        if self.entries == 0 {
            return None;
        }
        loop {
            let mut words: smallvec::SmallVec<[u64; 16]> = smallvec::SmallVec::new();
            each_slot(&self.buckets[below(self.buckets.len() as u64) as usize], &mut |word| words.push(word));
            // A bucket is taken with a chance that follows its load, or full buckets would be under-represented.
            let pick = below(words.len().max(12) as u64) as usize;
            if pick < words.len() {
                return Some(entry_of::<B>(words[pick]));
            }
        }
    }

    /// Takes every entry out, in hash order.
    pub fn drain(&mut self, mut each: impl FnMut(B)) {
        (self.entries, self.expiring, self.overflow_buckets, self.entry_bytes) = (0, 0, 0, 0);
        for bucket in std::mem::take(&mut self.buckets) {
            // SAFETY: the table owned these entries and has let its buckets go; each word is seen once.
            each_slot(&bucket, &mut |word| each(unsafe { B::from_raw((word & POINTER) as *mut u8) }));
            free_chain(bucket);
        }
    }

    /// Room for `entries` in one go.
    pub fn reserve(&mut self, entries: usize) {
        let buckets = entries * 10 / (SLOTS * 8) + 1;
        if buckets > self.buckets.len() {
            self.resize(buckets);
        }
    }

    fn resize(&mut self, buckets: usize) {
        assert!(buckets >= 1 || self.entries == 0);
        let old = std::mem::replace(&mut self.buckets, (0..buckets).map(|_| EMPTY).collect());
        self.overflow_buckets = 0;
        for bucket in &old {
            self.move_bucket(bucket);
        }
        for bucket in old {
            free_chain(bucket);
        }
    }

    fn move_bucket(&mut self, bucket: &Bucket) {
        let mut here = bucket;
        loop {
            let mut occupied = here.occupied();
            while occupied != 0 {
                let slot = occupied.trailing_zeros() as usize;
                occupied &= occupied - 1;
                let (word, tag) = (here.slots[slot], here.tags[slot]);
                let position = (word >> 48) << 8 | tag as u64;
                let index = ((position * self.buckets.len() as u64) >> POSITION_BITS) as usize;
                self.overflow_buckets += place_in(&mut self.buckets[index], tag, word);
            }
            match here.next() {
                // SAFETY: chained buckets live until `free_chain`, after the move.
                Some(next) => here = unsafe { &*next },
                None => return,
            }
        }
    }
}

impl<B: Block> Drop for Table<B> {
    fn drop(&mut self) {
        for bucket in std::mem::take(&mut self.buckets) {
            // SAFETY: the table owns these entries and is going away; nothing else refers to them.
            each_slot(&bucket, &mut |word| drop(unsafe { B::from_raw((word & POINTER) as *mut u8) }));
            free_chain(bucket);
        }
    }
}

// SAFETY: raw pointers inside are to blocks the table owns alone, and those may change threads.
unsafe impl<B: Block + Send> Send for Table<B> {}

/// The next larger number of buckets with three significant bits: 8, 10, 12, 14, 16, 20, 24, …
fn step_up(buckets: usize) -> usize {
    if buckets < 8 {
        return buckets + 1;
    }
    let step = buckets.next_power_of_two() / if buckets.is_power_of_two() { 4 } else { 8 };
    (buckets / step + 1) * step
}

/// Puts a slot word into the chain that starts at `bucket`; gives how many buckets it had to chain on (0 or 1).
fn place_in(bucket: &mut Bucket, tag: u8, word: u64) -> usize {
    let mut here = bucket;
    loop {
        let free = if here.meta & OVERFLOW != 0 { !here.meta & 0x3f } else { !here.meta & 0x7f };
        if free != 0 {
            let slot = free.trailing_zeros() as usize;
            here.tags[slot] = tag;
            here.slots[slot] = word;
            here.meta |= 1 << slot;
            return 0;
        }
        match here.next() {
            // SAFETY: chained buckets are owned by the chain that `bucket` starts; the borrow of it is exclusive.
            Some(next) => here = unsafe { &mut *next },
            None => {
                // The entry in slot 6 moves on with the new one, and slot 6 becomes the link.
                let mut chained = Box::new(EMPTY);
                chained.tags[0] = here.tags[6];
                chained.slots[0] = here.slots[6];
                chained.tags[1] = tag;
                chained.slots[1] = word;
                chained.meta = 0b11;
                here.slots[6] = Box::into_raw(chained) as u64;
                here.meta = OVERFLOW | 0x3f;
                return 1;
            }
        }
    }
}

fn each_slot(bucket: &Bucket, each: &mut dyn FnMut(u64)) {
    each_tagged(bucket, &mut |word, _| each(word));
}

fn each_tagged(bucket: &Bucket, each: &mut dyn FnMut(u64, u8)) {
    let mut here = bucket;
    loop {
        let mut occupied = here.occupied();
        while occupied != 0 {
            let slot = occupied.trailing_zeros() as usize;
            occupied &= occupied - 1;
            each(here.slots[slot], here.tags[slot]);
        }
        match here.next() {
            // SAFETY: chained buckets are alive as long as the bucket that links them.
            Some(next) => here = unsafe { &*next },
            None => return,
        }
    }
}

fn free_chain(bucket: Bucket) {
    let mut next = bucket.next();
    while let Some(raw) = next {
        // SAFETY: each chained bucket came from Box::into_raw in `place_in` and is linked once.
        let boxed = unsafe { Box::from_raw(raw) };
        next = boxed.next();
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
