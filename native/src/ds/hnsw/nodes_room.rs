//! The blocks that slots lie in: made, grown, given back, copied, freed.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;

use super::nodes::{LINE, Nodes, SIDE};

impl Nodes {
    fn layout(&self, slots: usize) -> Layout {
        Layout::from_size_align(slots * self.stride, LINE).expect("a block is far below isize::MAX")
    }

    fn allocate(&self, slots: usize) -> NonNull<u8> {
        let layout = self.layout(slots);
        // Zeroed, so that whole lines may be read; a block of this size comes zeroed from the system anyway.
        // SAFETY: the layout is not of size zero.
        let Some(block) = NonNull::new(unsafe { alloc_zeroed(layout) }) else { handle_alloc_error(layout) };
        block
    }

    /// Room for one more. The first block doubles until it is full (a copy of at most 2 MiB); then blocks are added.
    pub(super) fn make_room(&mut self) {
        let full = self.block_slots();
        if self.len < self.first + self.blocks.len().saturating_sub(1) * full {
            return;
        }
        if self.first < full {
            self.resize_first((self.first * 2).clamp(1, full));
        } else {
            let block = self.allocate(full);
            self.blocks.push(block);
        }
    }

    fn resize_first(&mut self, slots: usize) {
        let block = self.allocate(slots);
        if let Some(old) = self.blocks.pop() {
            // SAFETY: both blocks hold `len` slots, the new one was allocated just now, and the old one is freed with the
            // layout that it was made with.
            unsafe {
                block.as_ptr().copy_from_nonoverlapping(old.as_ptr(), self.len.min(slots) * self.stride);
                dealloc(old.as_ptr(), self.layout(self.first));
            }
        }
        self.blocks.push(block);
        self.first = slots;
    }

    /// Frees the last block once it has been empty for a quarter of a block; halves a first block that is a quarter full.
    pub(super) fn give_room_back(&mut self) {
        let full = self.block_slots();
        if self.blocks.len() > 1 {
            if self.len + full / 4 < (self.blocks.len() - 1) * full {
                let block = self.blocks.pop().expect("there are two");
                // SAFETY: blocks but the first are of the full layout, and no node is left in the last.
                unsafe { dealloc(block.as_ptr(), self.layout(full)) };
            }
        } else if self.len > 0 && self.len <= self.first / 4 {
            self.resize_first(self.first / 2);
        }
    }
}

impl Clone for Nodes {
    /// A copy with the same tags, which must not be told anything until each node has a tag of its own.
    fn clone(&self) -> Nodes {
        let mut copy = Nodes { blocks: Vec::with_capacity(self.blocks.len()), ..*self };
        for (number, block) in self.blocks.iter().enumerate() {
            let slots = if number == 0 { self.first } else { self.block_slots() };
            let made = self.allocate(slots);
            // SAFETY: both blocks have this size.
            unsafe { made.as_ptr().copy_from_nonoverlapping(block.as_ptr(), slots * self.stride) };
            copy.blocks.push(made);
        }
        for id in 0..self.len as u32 {
            if let Some(side) = self.side(id) {
                copy.set_field(id, SIDE, Box::into_raw(Box::new(side.clone())));
            }
        }
        copy
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        for id in 0..self.len as u32 {
            let side = self.side_at(id);
            if !side.is_null() {
                // SAFETY: the node owns its side.
                drop(unsafe { Box::from_raw(side) });
            }
        }
        for (number, block) in self.blocks.iter().enumerate() {
            let slots = if number == 0 { self.first } else { self.block_slots() };
            // SAFETY: each block is freed once, with the layout that it was made with.
            unsafe { dealloc(block.as_ptr(), self.layout(slots)) };
        }
    }
}
