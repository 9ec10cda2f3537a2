//! The allocator: mimalloc, asked in the way that wastes least.
//!
//! The crate's own wrapper asks for every block with its alignment, which makes mimalloc add room for aligning: 48 bytes
//! for an entry of 40, 14 KiB for a table of 12. Measured over 1 million keys: 65 bytes a key that way, 56 this way.
//!
//! Each call tells the size of the block it took or freed, which the allocator has at hand anyway, and `usage.rs` adds it up.

use std::alloc::{GlobalAlloc, Layout};
use std::ffi::c_void;

use libmimalloc_sys::mi_unsafe_heap_page_is_under_utilized;

use super::usage;

/// Alignment that every block of mimalloc has; `.cargo/config.toml` builds it so.
const WORD: usize = 8;
/// What `max_align_t` asks for, and with it the Lua interpreter, for each of its strings and tables.
const PAIR: usize = 16;
/// Largest alignment that blocks of a multiple of it usually have anyway (cache lines).
const LINE: usize = 64;

unsafe extern "C" {
    // Of mimalloc: as the functions without `u`, and they tell the sizes of blocks, what rounding adds to them included.
    fn mi_umalloc(size: usize, block_bytes: *mut usize) -> *mut c_void;
    fn mi_ucalloc(count: usize, size: usize, block_bytes: *mut usize) -> *mut c_void;
    fn mi_urealloc(block: *mut c_void, size: usize, before: *mut usize, after: *mut usize) -> *mut c_void;
    fn mi_ufree(block: *mut c_void, block_bytes: *mut usize);
    fn mi_umalloc_aligned(size: usize, align: usize, block_bytes: *mut usize) -> *mut c_void;
    fn mi_uzalloc_aligned(size: usize, align: usize, block_bytes: *mut usize) -> *mut c_void;
}

/// Pages of which no more than so many per cent are in use are emptied, when memory is defragmented.
const SPARSE_PERCENT: usize = 80;

pub struct Allocator;

/// Bytes that a block asked for with `bytes` takes: growing up to there costs nothing.
pub fn good_size(bytes: usize) -> usize {
    // SAFETY: a plain calculation.
    unsafe { libmimalloc_sys::mi_good_size(bytes) }
}

/// Is so little of the page that a block lies in in use that the block had better lie elsewhere? A hint: other threads may change
/// that meanwhile.
pub fn is_sparse(block: *const u8) -> bool {
    // SAFETY: it reads a few words of the page's description, which is there as long as the block, and acts on none.
    unsafe { mi_unsafe_heap_page_is_under_utilized(std::ptr::null_mut(), block.cast_mut().cast(), SPARSE_PERCENT) }
}

/// Does a block of this size usually have this alignment, though none is asked for? Asked for it, the allocator takes a larger one.
#[inline]
fn is_aligned_anyway(size: usize, align: usize) -> bool {
    align <= PAIR || align <= LINE && size.is_multiple_of(LINE)
}

/// Counts a block that `take` gives, with its size.
#[inline]
fn counted(take: impl FnOnce(*mut usize) -> *mut c_void) -> *mut u8 {
    let mut bytes = 0;
    let block = take(&mut bytes);
    if !block.is_null() {
        usage::note(bytes as isize);
    }
    block.cast()
}

/// # Safety
/// 1. `block` is one of this allocator, and nobody uses it any more.
#[inline]
unsafe fn free(block: *mut u8) {
    let mut bytes = 0;
    // SAFETY: (1)
    unsafe { mi_ufree(block.cast(), &mut bytes) };
    usage::note(-(bytes as isize));
}

// SAFETY: every method gives what its namesake in mimalloc gives, which is a valid block of the layout or null; blocks
// of all of them are freed by mi_ufree.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (size, align) = (layout.size(), layout.align());
        // SAFETY: plain sizes and alignments; a block of the wrong alignment is freed before another is asked for.
        unsafe {
            if align <= WORD {
                return counted(|bytes| mi_umalloc(size, bytes));
            }
            if is_aligned_anyway(size, align) {
                let block = counted(|bytes| mi_umalloc(size.next_multiple_of(align), bytes));
                if (block as usize).is_multiple_of(align) {
                    return block;
                }
                free(block);
            }
            counted(|bytes| mi_umalloc_aligned(size, align, bytes))
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let (size, align) = (layout.size(), layout.align());
        // SAFETY: as in `alloc`.
        unsafe {
            if align <= WORD {
                return counted(|bytes| mi_ucalloc(1, size, bytes));
            }
            if is_aligned_anyway(size, align) {
                let block = counted(|bytes| mi_ucalloc(1, size.next_multiple_of(align), bytes));
                if (block as usize).is_multiple_of(align) {
                    return block;
                }
                free(block);
            }
            counted(|bytes| mi_uzalloc_aligned(size, align, bytes))
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        // SAFETY: the caller gives a block of this allocator.
        unsafe { free(block) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller gives a block of this allocator and its layout.
        unsafe {
            if layout.align() <= WORD {
                let (mut before, mut after) = (0, 0);
                let grown = mi_urealloc(block.cast(), size, &mut before, &mut after);
                if !grown.is_null() {
                    usage::note(after as isize - before as isize);
                }
                return grown.cast();
            }
            let other = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !other.is_null() {
                other.copy_from_nonoverlapping(block, layout.size().min(size));
                free(block);
            }
            other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::alloc::{alloc, alloc_zeroed, dealloc, realloc};

    #[test]
    fn lines_of_a_cache_take_no_more_than_their_size() {
        // As buckets of tables are asked for: multiples of 64 bytes in the steps of the allocator.
        for lines in [1, 2, 8, 10, 12, 14, 48, 96, 160, 224, 320] {
            let layout = Layout::from_size_align(lines * LINE, LINE).expect("a plain layout");
            for take in [alloc, alloc_zeroed] {
                let mut blocks = Vec::with_capacity(100);
                let before = usage::of_this_thread();
                // SAFETY: the size is not zero; blocks are freed with the layout they were asked for with.
                unsafe {
                    blocks.extend((0..100).map(|_| take(layout)));
                    assert!(blocks.iter().all(|block| (*block as usize).is_multiple_of(LINE)));
                    let taken = usage::of_this_thread() - before;
                    blocks.into_iter().for_each(|block| dealloc(block, layout));
                    assert_eq!(taken, 100 * good_size(layout.size()) as i64, "{lines} lines");
                }
            }
        }
    }

    #[test]
    fn what_is_taken_and_freed_adds_up_to_nothing() {
        let mut held = Vec::with_capacity(1000);
        let before = usage::of_this_thread();
        for size in [1, 8, 40, 100, 1000, 4096, 70_000, 1 << 20, 40 << 20] {
            for align in [1, 8, 16, 64, 128, 4096] {
                let layout = Layout::from_size_align(size, align).expect("a plain layout");
                // SAFETY: sizes are not zero; each block is freed below with the layout it has then.
                unsafe {
                    held.push((alloc(layout), layout));
                    held.push((alloc_zeroed(layout), layout));
                    let grown = realloc(alloc(layout), layout, size * 2);
                    held.push((grown, Layout::from_size_align(size * 2, align).expect("a plain layout")));
                }
            }
        }
        let sum: usize = held.iter().map(|(_, layout)| layout.size()).sum();
        let taken = usage::of_this_thread() - before;
        assert!((sum as i64..sum as i64 * 2).contains(&taken), "{taken} for {sum}");
        for (block, layout) in held.drain(..) {
            // SAFETY: as above.
            unsafe { dealloc(block, layout) };
        }
        assert_eq!(usage::of_this_thread(), before);
    }
}
