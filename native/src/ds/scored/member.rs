//! A member of a sorted set with its score, in one block; and the order such blocks stand in.
//!
//! ```text
//!   0           8        12       13
//!   +-----------+--------+--------+------------------+
//!   | score f64 | owners | len u8 | bytes …          |    up to 254 bytes
//!   +-----------+--------+--------+------------------+
//!   | score f64 | owners | 255    | len u56 | bytes … |   longer
//!   +-----------+--------+--------+---------+---------+
//! ```
//!
//! A member of 16 bytes takes 29, in a block of 32. Sorted sets that are clones of each other own members together: then a
//! block is only read, and freed by the last of its owners.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cmp::Ordering;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering::Acquire, Ordering::Relaxed, Ordering::Release, fence};

use crate::ds::block::Block;

const OWNERS: usize = 8;
const LEN: usize = 12;
/// Length byte of a member whose length stands in the seven bytes after it.
const LONG: u8 = 255;
const LONG_HEAD: usize = 20;
const SHORT_HEAD: usize = 13;

/// An owned member, or a share in one.
pub struct Member(NonNull<u8>);

// SAFETY: what several threads may own is only read, and the count of owners is atomic.
unsafe impl Send for Member {}

/// A borrowed member.
#[derive(Clone, Copy)]
pub struct MemberRef<'a>(NonNull<u8>, PhantomData<&'a Member>);

// SAFETY: what is borrowed is plain bytes that nobody writes while the borrow lives.
unsafe impl Send for MemberRef<'_> {}

/// A score as a number whose order is that of scores. -0 and 0 are the same; there is no NaN among scores.
#[inline]
pub fn order_of(score: f64) -> u64 {
    debug_assert!(!score.is_nan());
    // -0 + 0 is 0.
    let bits = (score + 0.0).to_bits();
    bits ^ (((bits as i64) >> 63) as u64 | 1 << 63)
}

impl Member {
    pub fn new(bytes: &[u8], score: f64) -> Member {
        let head = if bytes.len() < LONG as usize { SHORT_HEAD } else { LONG_HEAD };
        let layout = layout_of(head + bytes.len());
        // SAFETY: the layout is never of size zero.
        let Some(block) = NonNull::new(unsafe { alloc(layout) }) else { handle_alloc_error(layout) };
        let base = block.as_ptr();
        // SAFETY: the block has room for head and bytes, is 8-aligned, and nothing else knows it yet.
        unsafe {
            base.cast::<f64>().write(score);
            base.add(OWNERS).cast::<u32>().write(1);
            if head == SHORT_HEAD {
                base.add(LEN).write(bytes.len() as u8);
            } else {
                base.add(LEN).cast::<u64>().write_unaligned((bytes.len() as u64) << 8 | LONG as u64);
            }
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), base.add(head), bytes.len());
        }
        Member(block)
    }

    /// Does nobody else own it?
    #[inline]
    pub fn is_sole(&self) -> bool {
        self.borrow().owners().load(Acquire) == 1
    }

    /// Gives the member, which nobody else owns, another score.
    #[inline]
    pub fn set_score(&mut self, score: f64) {
        assert!(self.is_sole(), "others read it");
        // SAFETY: the first 8 aligned bytes are the score; `&mut self` is exclusive, and this is the only owner.
        unsafe { self.0.as_ptr().cast::<f64>().write(score) }
    }
}

impl<'a> MemberRef<'a> {
    #[inline]
    pub fn score(self) -> f64 {
        // SAFETY: the first 8 aligned bytes are the score.
        unsafe { self.0.as_ptr().cast::<f64>().read() }
    }

    #[inline]
    pub fn order(self) -> u64 {
        order_of(self.score())
    }

    #[inline]
    pub fn bytes(self) -> &'a [u8] {
        let base = self.0.as_ptr();
        // SAFETY: the length byte, or the word it begins, says how many bytes follow; they live as long as the block.
        unsafe {
            let short = base.add(LEN).read();
            if short != LONG {
                return std::slice::from_raw_parts(base.add(SHORT_HEAD), short as usize);
            }
            let len = base.add(LEN).cast::<u64>().read_unaligned() >> 8;
            std::slice::from_raw_parts(base.add(LONG_HEAD), len as usize)
        }
    }

    /// Order by score, then by bytes.
    #[inline]
    pub fn compare(self, other: MemberRef) -> Ordering {
        self.order().cmp(&other.order()).then_with(|| self.bytes().cmp(other.bytes()))
    }

    #[inline]
    fn owners(self) -> &'a AtomicU32 {
        // SAFETY: 4 aligned bytes of the head are the count, which is only read and written atomically.
        unsafe { &*self.0.as_ptr().add(OWNERS).cast::<AtomicU32>() }
    }

    /// Where the block stands.
    #[inline]
    pub fn raw(self) -> *mut u8 {
        self.0.as_ptr()
    }

    fn layout(self) -> Layout {
        let bytes = self.bytes().len();
        layout_of(bytes + if bytes < LONG as usize { SHORT_HEAD } else { LONG_HEAD })
    }
}

impl Block for Member {
    type Ref<'a> = MemberRef<'a>;

    #[inline]
    fn borrow(&self) -> MemberRef<'_> {
        MemberRef(self.0, PhantomData)
    }

    #[inline]
    fn key<'a>(block: MemberRef<'a>) -> &'a [u8]
    where
        Self: 'a,
    {
        block.bytes()
    }

    /// Another owner of the same block. 2^32 of them would need 32 GiB of slots for this member alone.
    fn duplicate(block: MemberRef<'_>) -> Member {
        block.owners().fetch_add(1, Relaxed);
        Member(block.0)
    }

    #[inline]
    fn memory_bytes(block: MemberRef<'_>) -> usize {
        block.layout().size()
    }

    #[inline]
    fn into_raw(self) -> *mut u8 {
        let raw = self.0.as_ptr();
        std::mem::forget(self);
        raw
    }

    #[inline]
    unsafe fn from_raw(raw: *mut u8) -> Member {
        debug_assert!(!raw.is_null());
        // SAFETY: (1) a block is never null.
        Member(unsafe { NonNull::new_unchecked(raw) })
    }

    #[inline]
    unsafe fn borrow_raw<'a>(raw: *mut u8) -> MemberRef<'a> {
        debug_assert!(!raw.is_null());
        // SAFETY: (1) a live block is not null.
        MemberRef(unsafe { NonNull::new_unchecked(raw) }, PhantomData)
    }
}

impl Drop for Member {
    #[inline]
    fn drop(&mut self) {
        let owners = self.borrow().owners();
        // The only owner needs no locked instruction.
        if owners.load(Acquire) != 1 && owners.fetch_sub(1, Release) != 1 {
            return;
        }
        fence(Acquire);
        let layout = self.borrow().layout();
        // SAFETY: this was the last owner; the layout is the one the block was made with.
        unsafe { dealloc(self.0.as_ptr(), layout) }
    }
}

/// Rounded as the allocator rounds.
fn layout_of(bytes: usize) -> Layout {
    Layout::from_size_align(bytes.next_multiple_of(8), 8).expect("a member is far below isize::MAX")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_every_length_read_back() {
        for len in [0, 1, 15, 16, 23, 24, 253, 254, 255, 256, 70_000] {
            let bytes = vec![b'x'; len];
            let mut member = Member::new(&bytes, 1.5);
            assert_eq!((member.borrow().bytes(), member.borrow().score()), (&bytes[..], 1.5));
            let other = Member::duplicate(member.borrow());
            assert!(!member.is_sole());
            drop(other);
            member.set_score(-0.0);
            assert_eq!((member.borrow().bytes(), member.borrow().score().to_bits()), (&bytes[..], (-0.0f64).to_bits()));
        }
        assert_eq!(Member::memory_bytes(Member::new(&[0; 16], 0.0).borrow()), 32);
    }

    #[test]
    fn orders_are_those_of_scores() {
        let scores = [f64::NEG_INFINITY, f64::MIN, -1.5, -1.0, -5e-324, 0.0, 5e-324, 1.0, 1e300, f64::INFINITY];
        assert!(scores.windows(2).all(|pair| order_of(pair[0]) < order_of(pair[1])));
        assert_eq!(order_of(-0.0), order_of(0.0));
    }
}
