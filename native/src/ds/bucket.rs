//! A cache line of a table: seven places with seven tags, and a link to a further one where they are not enough.
//!
//! ```text
//!   bucket, 64 bytes, 64-aligned
//!   +---- tags: 7 x u8 ----+ meta u8 +---- slots: 7 x u64 -------------------------------------+
//!   | t0 t1 t2 t3 t4 t5 t6 | ovf|occ | hash bits 48..64 | the block's raw form, bits 0..48     |
//!   +----------------------+---------+----------------------------------------------------------+
//!   occ: 7 bits, slot in use · ovf: slot 6 points to a further bucket instead of a block
//! ```
//!
//! Tag and hash bits of a slot together are the 24 bits that the table places a block by; see table.rs.

use super::block::Block;

pub const SLOTS: usize = 7;
const OVERFLOW: u8 = 0x80;
/// The part of a slot that is a block's raw form.
pub const RAW: u64 = 0x0000_ffff_ffff_ffff;

#[repr(C, align(64))]
pub struct Bucket {
    pub tags: [u8; SLOTS],
    pub meta: u8,
    pub slots: [u64; SLOTS],
}

const _: () = assert!(size_of::<Bucket>() == 64);

pub const EMPTY: Bucket = Bucket { tags: [0; SLOTS], meta: 0, slots: [0; SLOTS] };

/// The tag of a hash.
#[inline]
pub fn tag(hash: u64) -> u8 {
    (hash >> 40) as u8
}

/// What a slot keeps of a hash.
#[inline]
pub fn upper(hash: u64) -> u64 {
    hash & !RAW
}

/// The 24 bits of the hash that a slot and its tag hold.
#[inline]
pub fn position_of(word: u64, tag: u8) -> u32 {
    ((word >> 48) << 8) as u32 | tag as u32
}

impl Bucket {
    #[inline]
    fn occupied(&self) -> u8 {
        if self.meta & OVERFLOW != 0 { self.meta & 0x3f } else { self.meta & 0x7f }
    }

    /// Bits of the occupied slots whose tag is `tag`.
    #[inline]
    pub fn matches(&self, tag: u8) -> u8 {
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
    pub fn matches_scalar(&self, tag: u8) -> u8 {
        let mut found = 0u8;
        for slot in 0..SLOTS {
            found |= ((self.tags[slot] == tag) as u8) << slot;
        }
        found & self.occupied()
    }

    /// Slots in use here.
    #[inline]
    pub fn own_load(&self) -> usize {
        self.occupied().count_ones() as usize
    }

    /// Slots in use in the chain that starts here.
    #[inline]
    pub fn load(&self) -> usize {
        let mut load = 0;
        each_bucket(self, |bucket| load += bucket.own_load());
        load
    }

    /// The slot in use that has `nth` others before it; there must be one.
    pub fn nth_slot(&self, nth: usize) -> usize {
        let mut occupied = self.occupied();
        for _ in 0..nth {
            occupied &= occupied - 1;
        }
        occupied.trailing_zeros() as usize
    }

    #[inline]
    pub fn next(&self) -> Option<*mut Bucket> {
        if self.meta & OVERFLOW != 0 { Some(self.slots[6] as *mut Bucket) } else { None }
    }
}

/// Puts a slot word into the chain that starts at `bucket`; gives how many buckets it had to chain on (0 or 1).
pub fn place_in(bucket: &mut Bucket, tag: u8, word: u64) -> usize {
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

/// Calls `each` with every slot in use of the chain that starts at `bucket`.
#[inline]
pub fn each_slot(bucket: &Bucket, mut each: impl FnMut(u64)) {
    each_tagged(bucket, |word, _| each(word));
}

/// The same with the tags.
#[inline]
pub fn each_tagged(bucket: &Bucket, mut each: impl FnMut(u64, u8)) {
    each_bucket(bucket, |here| {
        let mut occupied = here.occupied();
        while occupied != 0 {
            let slot = occupied.trailing_zeros() as usize;
            occupied &= occupied - 1;
            each(here.slots[slot], here.tags[slot]);
        }
    });
}

#[inline]
fn each_bucket<'b>(bucket: &'b Bucket, mut each: impl FnMut(&'b Bucket)) {
    let mut here = bucket;
    loop {
        each(here);
        match here.next() {
            // SAFETY: chained buckets are alive as long as the bucket that links them.
            Some(next) => here = unsafe { &*next },
            None => return,
        }
    }
}

/// Makes `to`, which is empty, a copy of the chain that starts at `from`: every block's copy in its block's place. Gives the
/// bucket of the copy that stands for `follow`, if that is one of the chain.
pub fn copy_chain<B: Block>(from: &Bucket, to: &mut Bucket, follow: *const Bucket) -> Option<*mut Bucket> {
    let (mut here, mut there, mut followed) = (from, to, None);
    loop {
        if std::ptr::eq(here, follow) {
            followed = Some(&raw mut *there);
        }
        (there.tags, there.meta) = (here.tags, here.meta);
        let mut occupied = here.occupied();
        while occupied != 0 {
            let slot = occupied.trailing_zeros() as usize;
            occupied &= occupied - 1;
            let word = here.slots[slot];
            // SAFETY: (1, 2) a slot in use holds the raw form of a live block, which nobody writes to while `from` is borrowed.
            let copy = B::duplicate(unsafe { B::borrow_raw((word & B::RAW_BITS) as *mut u8) });
            there.slots[slot] = (word & !B::RAW_BITS) | copy.into_raw() as u64;
        }
        let Some(next) = here.next() else { return followed };
        there.slots[6] = Box::into_raw(Box::new(EMPTY)) as u64;
        // SAFETY: chained buckets live as long as the bucket that links them; the new one is linked by `there` alone.
        (here, there) = unsafe { (&*next, &mut *(there.slots[6] as *mut Bucket)) };
    }
}

/// Frees the buckets that are chained to `bucket`; gives their number.
pub fn free_chain(bucket: Bucket) -> usize {
    let (mut next, mut count) = (bucket.next(), 0);
    while let Some(raw) = next {
        // SAFETY: each chained bucket came from Box::into_raw in `place_in` and is linked once.
        let boxed = unsafe { Box::from_raw(raw) };
        next = boxed.next();
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_matching_agrees_with_its_scalar_reference() {
        for meta in [0u8, 0x7f, 0x2a, 0xbf, 0xff] {
            let bucket = Bucket { tags: [1, 2, 1, 0, 255, 1, 7], meta, slots: [0; SLOTS] };
            for tag in 0..=255 {
                assert_eq!(bucket.matches(tag), bucket.matches_scalar(tag));
            }
        }
    }
}
