//! Packed elements, one behind the other, in a buffer with room at both ends: a push at either end writes its entry and
//! moves a number.
//!
//! ```text
//!   0        start                     end        cap
//!   +--------+-------------------------+----------+
//!   |  room  | entry entry … entry     |   room   |        entries as element.rs writes them
//!   +--------+-------------------------+----------+
//! ```
//!
//! 24 bytes: a small list is one of these and nothing else.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;

use super::Side;
use super::element::{self, Element, Item};
use crate::sys::alloc::good_size;
use crate::sys::cpu::prefetch;

/// What Redis counts for a listpack besides its entries: a header of 6 bytes and the end mark.
pub const LISTPACK_BYTES: usize = 7;

/// Buffers below this are not worth shrinking.
const SHRINK_BYTES_MIN: usize = 64;

pub struct Run {
    buffer: NonNull<u8>,
    cap: u32,
    start: u32,
    end: u32,
    count: u32,
}

const _: () = assert!(size_of::<Run>() == 24 && size_of::<Option<Run>>() == 24);

// SAFETY: a Run owns its buffer alone, which holds plain bytes; there is no interior mutability.
unsafe impl Send for Run {}
// SAFETY: as above.
unsafe impl Sync for Run {}

impl Default for Run {
    fn default() -> Run {
        Run { buffer: NonNull::dangling(), cap: 0, start: 0, end: 0, count: 0 }
    }
}

impl Run {
    /// An empty run with room for pushes at `side`: `bytes`, and what the allocator adds to them.
    pub fn with_room(bytes: usize, side: Side) -> Run {
        let bytes = good_size(bytes);
        let cap = u32::try_from(bytes).expect("longer elements have nodes of their own");
        let mut run = Run { buffer: allocate(bytes), cap, ..Run::default() };
        run.turn_to(side);
        run
    }

    /// A run with exactly these entries.
    pub fn of_entries(entries: &[u8], count: u32) -> Run {
        if entries.is_empty() {
            return Run::default();
        }
        let mut run = Run::with_room(entries.len(), Side::Right);
        run.end = entries.len() as u32;
        run.count = count;
        run.bytes_mut().copy_from_slice(entries);
        run
    }

    /// Starts loading both ends of the entries.
    #[inline]
    pub fn prefetch(&self) {
        let buffer: *const u8 = self.buffer.as_ptr();
        prefetch(buffer.wrapping_add(self.start as usize));
        prefetch(buffer.wrapping_add(self.end as usize));
    }

    /// Elements.
    #[inline]
    pub fn len(&self) -> usize {
        self.count as usize
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The entries.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `start <= end <= cap`, the buffer has `cap` bytes, and those between the two were written.
        unsafe {
            std::slice::from_raw_parts(self.buffer.as_ptr().add(self.start as usize), (self.end - self.start) as usize)
        }
    }

    #[inline]
    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`; a new run's bytes are written before they are read.
        unsafe {
            std::slice::from_raw_parts_mut(
                self.buffer.as_ptr().add(self.start as usize),
                (self.end - self.start) as usize,
            )
        }
    }

    /// Bytes of the buffer behind the last entry, which may be read as anything.
    #[inline]
    pub fn room_behind(&self) -> usize {
        (self.cap - self.end) as usize
    }

    /// What a listpack of these elements takes in Redis, bytes.
    #[inline]
    pub fn listpack_bytes(&self) -> usize {
        (self.end - self.start) as usize + LISTPACK_BYTES
    }

    /// Bytes on the heap.
    #[inline]
    pub fn heap_bytes(&self) -> usize {
        self.cap as usize
    }

    /// The entries from the first element at `side` on, in either direction: its own is the first or the last of them.
    pub fn first(&self, side: Side) -> Option<Item<'_>> {
        let bytes = self.bytes();
        (!self.is_empty()).then(|| match side {
            Side::Left => element::item(bytes),
            Side::Right => element::item(&bytes[bytes.len() - element::size_back(bytes)..]),
        })
    }

    /// The element at `index`, which exists. Walked to from the nearer end.
    pub fn get(&self, index: usize) -> Item<'_> {
        element::item(&self.bytes()[self.seek(index)..])
    }

    /// Offset of element `index`; the length of all bytes for the number of elements.
    #[inline]
    pub fn seek(&self, index: usize) -> usize {
        element::seek(self.bytes(), self.len(), index)
    }

    /// Amortised O(bytes of the element).
    #[inline]
    pub fn push(&mut self, side: Side, element: &Element) {
        let size = element.size();
        let room = match side {
            Side::Left => self.start as usize,
            Side::Right => self.room_behind(),
        };
        if room < size {
            self.make_room(side, size);
        }
        let at = match side {
            Side::Left => {
                self.start -= size as u32;
                0
            }
            Side::Right => {
                self.end += size as u32;
                (self.end - self.start) as usize - size
            }
        };
        self.count += 1;
        element.write(&mut self.bytes_mut()[at..at + size]);
    }

    /// Takes the first element at `side` away; there is one.
    #[inline]
    pub fn pop(&mut self, side: Side) {
        let size = match side {
            Side::Left => element::size(self.bytes()),
            Side::Right => element::size_back(self.bytes()),
        };
        self.cut(side, size, 1);
    }

    /// Takes the first `count` elements at `side` away, whose entries have `bytes`. O(1).
    #[inline]
    pub fn cut(&mut self, side: Side, bytes: usize, count: usize) {
        debug_assert!(bytes <= self.bytes().len() && count <= self.len());
        match side {
            Side::Left => self.start += bytes as u32,
            Side::Right => self.end -= bytes as u32,
        }
        self.count -= count as u32;
        if self.count == 0 {
            self.turn_to(side);
        }
    }

    /// Empty: all room is for pushes at `side`.
    fn turn_to(&mut self, side: Side) {
        debug_assert!(self.count == 0);
        self.start = if side == Side::Left { self.cap } else { 0 };
        self.end = self.start;
    }

    /// Gives most of the room back where little of it is used. Amortised O(1) a removed byte.
    #[inline]
    pub fn shrink(&mut self) {
        let used = self.end - self.start;
        if self.cap as usize >= SHRINK_BYTES_MIN && used < self.cap / 4 {
            self.resize(used as usize + used as usize / 2, Side::Right);
        }
    }

    /// Gives all room back that the allocator would take: for a run that is full and will seldom be pushed to.
    pub fn fit(&mut self) {
        let wanted = good_size((self.end - self.start) as usize);
        if wanted + wanted / 16 < self.cap as usize {
            self.resize(wanted, Side::Right);
        }
    }

    /// Replaces the `remove` bytes at offset `at` by room for `insert` others and gives it, to be written; `change` is by
    /// how many elements there will be more or less. Moves the shorter part of what stays.
    pub fn splice(&mut self, at: usize, remove: usize, insert: usize, change: i32) -> &mut [u8] {
        let len = self.bytes().len();
        debug_assert!(at + remove <= len);
        let before = at <= len - at - remove;
        if insert > remove {
            let (more, side) = (insert - remove, if before { Side::Left } else { Side::Right });
            let room = if before { self.start as usize } else { self.room_behind() };
            if room < more {
                self.make_room(side, more);
            }
        }
        let old_start = self.start as usize;
        if before {
            self.start = self.start + remove as u32 - insert as u32;
        } else {
            self.end = self.end + insert as u32 - remove as u32;
        }
        // SAFETY: both ranges lie inside the buffer: the old one between the old start and end, the new one because the
        // room was made above.
        unsafe {
            let base = self.buffer.as_ptr();
            if before {
                std::ptr::copy(base.add(old_start), base.add(self.start as usize), at);
            } else {
                let from = old_start + at;
                std::ptr::copy(base.add(from + remove), base.add(from + insert), len - at - remove);
            }
        }
        self.count = self.count.wrapping_add_signed(change);
        &mut self.bytes_mut()[at..at + insert]
    }

    /// Splits off what follows the first `count` elements, whose entries have `at` bytes.
    pub fn split_off(&mut self, at: usize, count: usize) -> Run {
        let tail = Run::of_entries(&self.bytes()[at..], self.count - count as u32);
        let (bytes, gone) = (tail.bytes().len(), tail.len());
        self.cut(Side::Right, bytes, gone);
        tail
    }

    /// Appends the elements of another run.
    pub fn append(&mut self, other: &Run) {
        let at = self.bytes().len();
        self.splice(at, 0, other.bytes().len(), other.count as i32).copy_from_slice(other.bytes());
    }

    /// Room for `more` bytes at `side`: from the other end where a good part of the buffer lies idle there, in a larger
    /// buffer otherwise. Both happen after a share of the run's length was pushed, so that pushes are amortised O(1).
    #[cold]
    fn make_room(&mut self, side: Side, more: usize) {
        let used = (self.end - self.start) as usize;
        // Longer elements are no business of a run, see `Limits::plain_min`.
        assert!(used + more <= u32::MAX as usize);
        let idle = (self.cap as usize - used).checked_sub(more);
        match idle {
            Some(spare) if spare >= used / 8 => {
                // A quarter of it stays at the other end, or pushes at both in turn would move the run each time.
                let other = spare / 4;
                let start = if side == Side::Left { self.cap as usize - used - other } else { other };
                // SAFETY: `start + used <= cap`, and the old range holds `used` bytes.
                unsafe {
                    let base = self.buffer.as_ptr();
                    std::ptr::copy(base.add(self.start as usize), base.add(start), used);
                }
                self.start = start as u32;
                self.end = (start + used) as u32;
            }
            _ => self.resize(used + more + (used + more) / 4, side),
        }
    }

    /// Moves the elements into a buffer of at least `cap` bytes, with all room at `side`.
    fn resize(&mut self, cap: usize, side: Side) {
        let used = self.bytes().len();
        let mut made = Run::with_room(cap.max(used), Side::Right);
        made.start = if side == Side::Left { made.cap - used as u32 } else { 0 };
        made.end = made.start + used as u32;
        made.count = self.count;
        made.bytes_mut().copy_from_slice(self.bytes());
        *self = made;
    }
}

impl Clone for Run {
    fn clone(&self) -> Run {
        Run::of_entries(self.bytes(), self.count)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if self.cap > 0 {
            // SAFETY: a buffer of `cap` bytes was allocated with this layout, and nobody else owns it.
            unsafe { dealloc(self.buffer.as_ptr(), layout(self.cap as usize)) }
        }
    }
}

fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes, 1).expect("a run is far below isize::MAX")
}

fn allocate(bytes: usize) -> NonNull<u8> {
    if bytes == 0 {
        return NonNull::dangling();
    }
    // SAFETY: the layout is not of size zero.
    NonNull::new(unsafe { alloc(layout(bytes)) }).unwrap_or_else(|| handle_alloc_error(layout(bytes)))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::sys::random::step;

    fn texts(run: &Run) -> Vec<Vec<u8>> {
        element::items(run.bytes()).map(Item::to_vec).collect()
    }

    #[test]
    fn random_edits_agree_with_a_deque() {
        edits_agree(crate::sys::random::next_u64());
    }

    pub(crate) fn edits_agree(seed: u64) {
        println!("seed {seed}");
        let mut state = seed;
        let mut below = |bound: usize| {
            state = step(state);
            (state >> 33) as usize % bound
        };
        let (mut run, mut model) = (Run::default(), std::collections::VecDeque::<Vec<u8>>::new());
        for step in 0..20_000 {
            let bytes_max = if below(20) == 0 { 300 } else { 20 };
            let text = match below(3) {
                0 => below(100_000).to_string().into_bytes(),
                _ => vec![b'a' + below(26) as u8; below(bytes_max)],
            };
            let growing = step / 2000 % 2 == 0;
            let (side, element) = (if below(2) == 0 { Side::Left } else { Side::Right }, Element::of(&text));
            match below(10) {
                0..5 if growing || model.is_empty() => {
                    run.push(side, &element);
                    if side == Side::Left { model.push_front(text) } else { model.push_back(text) }
                }
                0..5 => {
                    run.pop(side);
                    if side == Side::Left {
                        model.pop_front()
                    } else {
                        model.pop_back()
                    };
                    run.shrink();
                }
                5 => {
                    let index = below(model.len() + 1);
                    let at = run.seek(index);
                    element.write(run.splice(at, 0, element.size(), 1));
                    model.insert(index, text);
                }
                6 if !model.is_empty() => {
                    let index = below(model.len());
                    let at = run.seek(index);
                    let size = element::size(&run.bytes()[at..]);
                    element.write(run.splice(at, size, element.size(), 0));
                    model[index] = text;
                }
                7 if !model.is_empty() => {
                    let index = below(model.len());
                    let at = run.seek(index);
                    let size = element::size(&run.bytes()[at..]);
                    run.splice(at, size, 0, -1);
                    model.remove(index);
                }
                8 => {
                    let index = below(model.len() + 1);
                    let tail = run.split_off(run.seek(index), index);
                    assert_eq!(tail.len(), model.len() - index);
                    run.append(&tail);
                }
                _ => {
                    run.fit();
                    run = run.clone();
                }
            }
            assert_eq!(run.len(), model.len());
            if step % 50 == 0 {
                assert_eq!(texts(&run), Vec::from(model.clone()));
            }
            assert_eq!(run.first(Side::Left).map(Item::to_vec).as_ref(), model.front());
            assert_eq!(run.first(Side::Right).map(Item::to_vec).as_ref(), model.back());
        }
    }

    #[test]
    fn a_queue_stays_small_and_pushes_at_both_ends_move_little() {
        let mut run = Run::default();
        let element = Element::of(b"sixteen bytes, y");
        for _ in 0..10 {
            run.push(Side::Right, &element);
        }
        for _ in 0..10_000 {
            run.push(Side::Right, &element);
            run.pop(Side::Left);
        }
        assert!(run.heap_bytes() <= 320, "{} bytes for 180", run.heap_bytes());
        let mut grown = Run::default();
        for turn in 0..400 {
            grown.push(if turn % 2 == 0 { Side::Left } else { Side::Right }, &element);
        }
        assert!(grown.heap_bytes() <= 400 * 18 * 3 / 2);
    }
}
