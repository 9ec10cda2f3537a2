//! The table of one shard and database: cache-line buckets (`bucket.rs`), ordered by hash.
//!
//! A lookup costs two cache misses: the bucket, then the entry. A Swiss table of pointers costs three (control bytes,
//! slot, entry), and both of ours can be prefetched from the hash alone.
//!
//! Bucket of a hash: `(position * buckets) >> 24`, where `position` is the hash's top 24 bits. Those 24 bits are in the
//! bucket (tag and slot), so a resize never touches an entry: it is one pass over the buckets, 1 to 3 ns an entry. And
//! buckets are in hash order whatever their number, so a scan's cursor is simply the next position: it survives growth
//! and shrinking without the reverse-binary counting of Redis's dictScan, and never misses an entry.
//! A large table moves to its new size a few buckets per insertion, in hash order (`table_resize.rs`): what lies before the
//! *frontier* has moved.
//! The number of buckets need not be a power of two; it grows by an eighth of the next lower power, the steps in which
//! allocators size large blocks, so that tables stay 64 to 80 % full and no block has slack.
//!
//! Bit 0 of an entry's slot is set while the entry has an expiry (entries are 8-aligned); blocks whose raw form needs that bit
//! never expire. Walks over a table are in `table_walk.rs`.

use std::marker::PhantomData;

use super::block::Block;
use super::bucket::{
    Bucket, EMPTY, SLOTS, copy_chain, each_slot, each_tagged, free_chain, place_in, position_of, tag, upper,
};
use super::due::Due;
use super::entry::Entry;
use crate::sys::cpu::prefetch;

const POSITION_BITS: u32 = 24;
const TTL: u64 = 1;

/// One past the last position of a scan.
pub const POSITIONS: u32 = 1 << POSITION_BITS;

/// Buckets ahead of the one being copied whose blocks are on their way into the cache.
const COPY_AHEAD: usize = 3;

/// Owns the entries in it: blocks of type `B`, those of the keyspace unless said otherwise.
pub struct Table<B: Block = Entry> {
    buckets: Box<[Bucket]>,
    /// Where the entries from `frontier` on are still; None: all are in `buckets`.
    moving: Option<Box<Moving>>,
    /// One past the last position whose entries are in `buckets`.
    frontier: u32,
    entries: usize,
    /// Entries with an expiry.
    expiring: usize,
    overflow_buckets: usize,
    /// The entries that `Block::due_ms` has a time for; None until there is one.
    due: Option<Box<Due>>,
    /// Who sees entries before they change.
    witness: Option<Box<dyn Witness<B>>>,
    /// Bytes of the entries and what they own, as whoever changes them accounts for it.
    pub entry_bytes: i64,
    owns: PhantomData<B>,
}

impl<B: Block> Default for Table<B> {
    fn default() -> Table<B> {
        Table {
            buckets: Box::default(),
            moving: None,
            frontier: POSITIONS,
            entries: 0,
            expiring: 0,
            overflow_buckets: 0,
            due: None,
            witness: None,
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
pub fn same_key(left: &[u8], right: &[u8]) -> bool {
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
fn raw_of<B: Block>(slot: u64) -> *mut u8 {
    (slot & B::RAW_BITS) as *mut u8
}

#[inline]
fn entry_of<'a, B: Block>(slot: u64) -> B::Ref<'a> {
    // SAFETY: occupied slots hold the raw form of a live block that the table owns (1) and lends out as its own borrow (2).
    unsafe { B::borrow_raw(raw_of::<B>(slot)) }
}

/// Does the slot's block expire?
#[inline]
fn expires<B: Block>(slot: u64) -> bool {
    B::RAW_BITS & TTL == 0 && slot & TTL != 0
}

/// The slot of a block; its ownership moves in.
#[inline]
fn slot_of<B: Block>(hash_bits: u64, block: B) -> u64 {
    let ttl = if B::RAW_BITS & TTL == 0 && B::expires(block.borrow()) { TTL } else { 0 };
    let raw = block.into_raw() as u64;
    debug_assert!(raw & !B::RAW_BITS == 0, "user-space pointers have 47 bits");
    hash_bits | raw | ttl
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

    /// How many entries hold elements that expire.
    #[inline]
    pub fn due_len(&self) -> usize {
        self.due.as_ref().map_or(0, |due| due.len())
    }

    /// The entries whose first element is due at `now_ms`, the first ones first.
    pub fn due_until(&self, now_ms: i64) -> impl Iterator<Item = B::Ref<'_>> {
        let due = self.due.iter().flat_map(move |due| due.until(now_ms));
        // SAFETY: the index holds addresses of entries of this table, which is borrowed (1, 2).
        due.map(|address| unsafe { B::borrow_raw(address as *mut u8) })
    }

    /// When the first element of any entry is due.
    #[inline]
    pub fn due_ms(&self) -> Option<i64> {
        self.due.as_ref().and_then(|due| due.first_ms())
    }

    #[cold]
    fn due_changes(&mut self, before: Option<(i64, u64)>, after: Option<(i64, u64)>) {
        let due = self.due.get_or_insert_default();
        due.change(before, after);
        if due.is_empty() {
            self.due = None;
        }
    }

    /// Buckets, chained ones included.
    pub fn buckets(&self) -> usize {
        self.buckets.len() + self.old_buckets().len() + self.overflow_buckets
    }

    /// Bytes of the buckets; the entries are not counted.
    pub fn memory_bytes(&self) -> usize {
        self.buckets() * size_of::<Bucket>() + self.due_bytes()
    }

    /// The bucket that the chain with this position's entries starts at; the table has buckets.
    #[inline]
    fn bucket_at(&self, position: u64) -> &Bucket {
        let buckets = if position < self.frontier as u64 { &self.buckets } else { self.old_buckets() };
        &buckets[index_in(buckets, position)]
    }

    #[inline]
    fn bucket_of(&self, hash: u64) -> &Bucket {
        self.bucket_at(position(hash))
    }

    #[inline]
    pub fn find(&self, hash: u64, key: &[u8]) -> Option<Place> {
        self.find_where(hash, |block| same_key(B::key(block), key))
    }

    /// Where the block of this hash stands that `is` the one.
    #[inline]
    pub fn find_where<'t>(&'t self, hash: u64, is: impl Fn(B::Ref<'t>) -> bool) -> Option<Place> {
        if self.buckets.is_empty() {
            return None;
        }
        let mut bucket = (&raw const *self.bucket_of(hash)).cast_mut();
        let (tag, upper) = (tag(hash), upper(hash));
        loop {
            // SAFETY: `bucket` is one of this table's buckets or a chained one, alive while `&self` is.
            let here = unsafe { &*bucket };
            let mut found = here.matches(tag);
            while found != 0 {
                let slot = found.trailing_zeros() as usize;
                found &= found - 1;
                let word = here.slots[slot];
                if word & !super::bucket::RAW == upper && is(entry_of::<B>(word)) {
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
        if self.witness.is_some() {
            self.show_witness(self.position_at(place));
        }
        // SAFETY: as in `at`, and `&mut self` is exclusive. The slot's ownership moves to `entry` and back; if `edit`
        // panics, `entry` frees the block while the slot still names it, so the guard writes the slot in every case.
        struct PutBack<'t, B: Block> {
            table: &'t mut Table<B>,
            place: Place,
            entry: std::mem::ManuallyDrop<B>,
            expires: bool,
            due: Option<(i64, u64)>,
        }
        impl<B: Block> Drop for PutBack<'_, B> {
            #[inline]
            fn drop(&mut self) {
                let due_ms = B::due_ms(B::borrow(&self.entry));
                // SAFETY: `entry` is taken once, here; bucket and slot are the ones the word was read from.
                let word = unsafe {
                    let word = &mut (*self.place.bucket).slots[self.place.slot];
                    *word = slot_of(upper(*word), std::mem::ManuallyDrop::take(&mut self.entry));
                    *word
                };
                self.table.expiring = self.table.expiring + expires::<B>(word) as usize - self.expires as usize;
                if self.due.is_some() || due_ms.is_some() {
                    self.table.due_changes(self.due, due_ms.map(|at_ms| (at_ms, word & B::RAW_BITS)));
                }
            }
        }
        // SAFETY: the slot at `place` is occupied and owned by this table; ownership comes back in PutBack::drop.
        let (entry, word) = unsafe {
            let word = (*place.bucket).slots[place.slot];
            (B::from_raw(raw_of::<B>(word)), word)
        };
        let due = B::due_ms(entry.borrow()).map(|at_ms| (at_ms, word & B::RAW_BITS));
        let entry = std::mem::ManuallyDrop::new(entry);
        let mut guard = PutBack { table: self, place, entry, expires: expires::<B>(word), due };
        edit(&mut guard.entry)
    }

    /// Puts `entry` in; its key must not be in the table.
    pub fn insert(&mut self, hash: u64, entry: B) {
        debug_assert!(self.find_where(hash, |other| B::same_key(other, entry.borrow())).is_none());
        if self.witness.is_some() {
            self.show_witness(position(hash) as u32);
        }
        if self.moving.is_some() {
            self.move_some();
        }
        if self.entries * 10 >= self.buckets.len() * SLOTS * 8 {
            self.resize(step_up(self.buckets.len()));
        }
        let due_ms = B::due_ms(entry.borrow());
        let word = slot_of(upper(hash), entry);
        if let Some(at_ms) = due_ms {
            self.due_changes(None, Some((at_ms, word & B::RAW_BITS)));
        }
        self.entries += 1;
        self.expiring += expires::<B>(word) as usize;
        let position = position(hash);
        let buckets = match &mut self.moving {
            Some(moving) if position >= self.frontier as u64 => &mut moving.buckets,
            _ => &mut self.buckets,
        };
        let index = index_in(buckets, position);
        self.overflow_buckets += place_in(&mut buckets[index], tag(hash), word);
    }

    /// Takes the entry at `place` out. May shrink the table.
    pub fn remove(&mut self, place: Place) -> B {
        if self.witness.is_some() {
            self.show_witness(self.position_at(place));
        }
        // SAFETY: the slot is occupied and owned by this table; it is cleared here, so ownership moves to the caller.
        let (word, empty) = unsafe {
            let bucket = &mut *place.bucket;
            let word = bucket.slots[place.slot];
            bucket.meta &= !(1 << place.slot);
            bucket.slots[place.slot] = 0;
            (word, bucket.meta == 0)
        };
        self.entries -= 1;
        self.expiring -= expires::<B>(word) as usize;
        // SAFETY: as above.
        let entry = unsafe { B::from_raw(raw_of::<B>(word)) };
        if let Some(at_ms) = B::due_ms(entry.borrow()) {
            self.due_changes(Some((at_ms, word & B::RAW_BITS)), None);
        }
        if self.moving.is_some() {
            self.move_some();
        }
        if self.entries == 0 {
            self.resize(0);
        } else if empty && self.entries * 10 < self.buckets.len() * SLOTS * 2 {
            self.resize((self.entries * 10 / (SLOTS * 6)).max(1));
        }
        entry
    }

    /// Takes every entry out, in hash order.
    pub fn drain(&mut self, mut each: impl FnMut(B)) {
        self.dismiss_witness();
        (self.entries, self.expiring, self.overflow_buckets, self.entry_bytes, self.due) = (0, 0, 0, 0, None);
        for buckets in self.take_buckets() {
            for (index, bucket) in buckets.iter().enumerate() {
                if let Some(ahead) = buckets.get(index + COPY_AHEAD) {
                    each_slot(ahead, |word| prefetch(raw_of::<B>(word)));
                }
                // SAFETY: the table owned these entries and has let its buckets go; each word is seen once.
                each_slot(bucket, |word| each(unsafe { B::from_raw(raw_of::<B>(word)) }));
            }
            for bucket in buckets {
                free_chain(bucket);
            }
        }
    }

    /// Room for `entries` in one go.
    pub fn reserve(&mut self, entries: usize) {
        let buckets = entries * 10 / (SLOTS * 8) + 1;
        if buckets > self.buckets.len() {
            self.resize(buckets);
        }
    }
}

impl<B: Block> Drop for Table<B> {
    fn drop(&mut self) {
        self.dismiss_witness();
        for bucket in self.take_buckets().into_iter().flatten() {
            // SAFETY: the table owns these entries and is going away; nothing else refers to them.
            each_slot(&bucket, |word| drop(unsafe { B::from_raw(raw_of::<B>(word)) }));
            free_chain(bucket);
        }
    }
}

// SAFETY: raw pointers inside are to blocks the table owns alone, and those may change threads.
unsafe impl<B: Block + Send> Send for Table<B> {}

#[path = "table_resize.rs"]
mod resize;
use resize::{Moving, empty_buckets, index_in, prefetch_blocks, step_up};

#[path = "table_walk.rs"]
mod walk;

#[path = "table_witness.rs"]
mod witness;
pub use witness::Witness;

#[cfg(test)]
#[path = "table_tests.rs"]
pub(crate) mod tests;
