//! A small collection as a run of bytes, or a large one as something else: one word that a thin object is made of.
//!
//! ```text
//!   word   63…58    58     57 56   55…48      47…0
//!          -        mark   form    capacity   pointer
//!
//!   form 0   an annex: capacity bytes behind the key       length u8 | elements u8 | run …         pointer 0: no run at all
//!   form 1   a block of its own                            length u32 | elements u32 | capacity u32 | run …
//!   form 2   a boxed L
//! ```
//!
//! What the run holds is its owner's business (`item.rs` codes elements); the mark is a bit for the owner.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::marker::PhantomData;

use super::thin::ANNEX_BYTES_MAX;

const POINTER: u64 = 0x0000_ffff_ffff_ffff;
const CAPACITY_AT: u32 = 48;
const FORM_AT: u32 = 56;
const FORM: u64 = 3 << FORM_AT;
const ANNEX: u64 = 0;
const BLOCK: u64 = 1 << FORM_AT;
const LARGE: u64 = 2 << FORM_AT;
const MARK: u64 = 1 << 58;

/// Bytes of an annex before its run.
const ANNEX_HEAD: usize = 2;
/// Longest run that an annex takes.
pub const ANNEX_RUN_MAX: usize = ANNEX_BYTES_MAX - ANNEX_HEAD;

/// Longest run, as Redis bounds a listpack.
pub const RUN_BYTES_MAX: usize = 1 << 30;

#[repr(C)]
struct BlockHead {
    len: u32,
    elements: u32,
    capacity: u32,
}

const BLOCK_HEAD: usize = size_of::<BlockHead>();
const _: () = assert!(BLOCK_HEAD == 12 && RUN_BYTES_MAX + BLOCK_HEAD < u32::MAX as usize);

/// A long run's block is at most so much longer than it must be.
const STEP_MAX: usize = 64 * 1024;

/// Run bytes of the block that a small collection grows in before it moves into an annex: 256 with its head.
const NURSERY: usize = 256 - BLOCK_HEAD;

/// Owns a block or an L; an annex belongs to the entry around it.
pub struct Packed<L> {
    word: u64,
    owns: PhantomData<Box<L>>,
}

impl<L> Default for Packed<L> {
    /// An empty run.
    fn default() -> Packed<L> {
        Packed { word: ANNEX, owns: PhantomData }
    }
}

/// What is in it.
pub enum Form<'a, L> {
    Run(&'a [u8]),
    Large(&'a L),
}

impl<L> Packed<L> {
    pub fn large(large: Box<L>) -> Packed<L> {
        let pointer = Box::into_raw(large) as u64;
        assert!(pointer & !POINTER == 0, "user-space pointers have 47 bits");
        Packed { word: LARGE | pointer, owns: PhantomData }
    }

    /// A run of `elements` elements, in a block of its own.
    pub fn of_run(run: &[u8], elements: usize) -> Packed<L> {
        let mut made = Packed::default();
        made.splice(0, 0, &[run], elements as i32);
        made
    }

    #[inline]
    fn pointer(&self) -> *mut u8 {
        (self.word & POINTER) as *mut u8
    }

    /// Where the run begins; dangling for an empty one without a home, and for the large form.
    #[inline]
    fn run_pointer(&self) -> *mut u8 {
        self.pointer().wrapping_add(if self.form_bits() == ANNEX { ANNEX_HEAD } else { BLOCK_HEAD })
    }

    #[inline]
    fn form_bits(&self) -> u64 {
        self.word & FORM
    }

    #[inline]
    pub fn form(&self) -> Form<'_, L> {
        match self.form_bits() {
            // SAFETY: form 2 holds the pointer of a boxed L that this owns.
            LARGE => Form::Large(unsafe { &*self.pointer().cast::<L>() }),
            _ => Form::Run(self.bytes()),
        }
    }

    #[inline]
    pub fn large_mut(&mut self) -> Option<&mut L> {
        // SAFETY: form 2 holds the pointer of a boxed L that this owns; the borrow is exclusive.
        (self.form_bits() == LARGE).then(|| unsafe { &mut *self.pointer().cast::<L>() })
    }

    /// The run; empty for the large form.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        let at = self.pointer();
        // SAFETY: an annex has its length in its first byte and as many bytes from the third on; a block its length in
        // its head and as many bytes behind that. Both live as long as the object.
        unsafe {
            match self.form_bits() {
                ANNEX if at.is_null() => &[],
                ANNEX => std::slice::from_raw_parts(at.add(ANNEX_HEAD), at.read() as usize),
                BLOCK => std::slice::from_raw_parts(at.add(BLOCK_HEAD), (*at.cast::<BlockHead>()).len as usize),
                _ => &[],
            }
        }
    }

    /// Elements of the run, as [`Packed::splice`] was told.
    #[inline]
    pub fn elements(&self) -> usize {
        let at = self.pointer();
        // SAFETY: as in `bytes`; the second byte of an annex counts the elements.
        unsafe {
            match self.form_bits() {
                ANNEX if at.is_null() => 0,
                ANNEX => at.add(1).read() as usize,
                BLOCK => (*at.cast::<BlockHead>()).elements as usize,
                _ => 0,
            }
        }
    }

    #[inline]
    pub fn marked(&self) -> bool {
        self.word & MARK != 0
    }

    pub fn set_mark(&mut self, mark: bool) {
        self.word = self.word & !MARK | if mark { MARK } else { 0 };
    }

    /// Bytes on the heap of its own, an L's content not counted.
    #[inline]
    pub fn memory_bytes(&self) -> usize {
        match self.form_bits() {
            // SAFETY: form 1 holds the pointer of a block with a head.
            BLOCK => block_layout(unsafe { (*self.pointer().cast::<BlockHead>()).capacity as usize }).size(),
            LARGE => size_of::<L>(),
            _ => 0,
        }
    }

    /// Moves the content out and leaves an empty run; what is moved out has its bytes in a block of its own.
    pub fn take(&mut self) -> Packed<L> {
        self.move_out();
        std::mem::take(self)
    }

    /// Replaces `remove` bytes of the run at `at` by `parts`; `elements` is how many more there are then. The inverse is a
    /// splice too. Cost: a copy of what follows, or of all where it does not fit its home.
    pub fn splice(&mut self, at: usize, remove: usize, parts: &[&[u8]], elements: i32) {
        let insert: usize = parts.iter().map(|part| part.len()).sum();
        let old_len = self.bytes().len();
        if insert == remove && elements == 0 && at + remove <= old_len {
            // Overwritten where it stands: values of one length, the commonest edit.
            // SAFETY: the run has `insert` bytes at `at`, and `self` is borrowed exclusively, so that no part overlaps it.
            unsafe { copy_parts(self.run_pointer().add(at), parts) };
            return;
        }
        assert!(self.form_bits() != LARGE && at + remove <= old_len);
        let new_len = old_len - remove + insert;
        let count = self.elements().wrapping_add_signed(elements as isize);
        let base = self.pointer();
        let room = match self.form_bits() {
            _ if base.is_null() => 0,
            // A run in an annex is one that `annex_bytes` finds short enough.
            ANNEX => (self.annex_capacity() - ANNEX_HEAD).min(ANNEX_RUN_MAX),
            // SAFETY: form 1 holds the pointer of a block with a head.
            _ => unsafe { (*base.cast::<BlockHead>()).capacity as usize },
        };
        // A block much too large is left for a smaller one.
        let crowded = self.form_bits() == ANNEX && count > u8::MAX as usize;
        if base.is_null() || new_len > room || room - new_len > NURSERY + new_len || crowded {
            return self.splice_into_new_block(at, remove, parts, new_len, count);
        }
        let run = self.run_pointer();
        // SAFETY: `run` has `room` writable bytes, of which `old_len` are in use; `new_len` fits. The parts are borrowed
        // from elsewhere, since `self` is borrowed exclusively.
        unsafe {
            std::ptr::copy(run.add(at + remove), run.add(at + insert), old_len - at - remove);
            copy_parts(run.add(at), parts);
            if self.form_bits() == ANNEX {
                base.write(new_len as u8);
                base.add(1).write(count as u8);
            } else {
                (*base.cast::<BlockHead>()).len = new_len as u32;
                (*base.cast::<BlockHead>()).elements = count as u32;
            }
        }
    }

    fn splice_into_new_block(&mut self, at: usize, remove: usize, parts: &[&[u8]], new_len: usize, count: usize) {
        // What will fit an annex is built in a roomy block that lasts until the entry takes it in.
        let capacity = if new_len <= ANNEX_RUN_MAX { NURSERY } else { new_len };
        let mut made = Packed { word: new_block(capacity, count) | self.word & MARK, owns: PhantomData };
        let (head, tail) = (&self.bytes()[..at], &self.bytes()[at + remove..]);
        // SAFETY: the new block has `capacity` bytes behind its head, at least `new_len`, which is the sum of the three.
        unsafe {
            let block = made.pointer();
            (*block.cast::<BlockHead>()).len = new_len as u32;
            let mut to = block.add(BLOCK_HEAD);
            to = copy_parts(to, &[head]);
            to = copy_parts(to, parts);
            copy_parts(to, &[tail]);
        }
        std::mem::swap(self, &mut made);
    }

    fn annex_capacity(&self) -> usize {
        (self.word >> CAPACITY_AT) as u8 as usize
    }

    // The five that `thin::Thin` asks for.

    #[inline]
    pub fn annex_bytes(&self) -> usize {
        if self.form_bits() == LARGE {
            return 0;
        }
        match self.bytes().len() {
            0 => 0,
            len @ 1..=ANNEX_RUN_MAX if self.elements() <= u8::MAX as usize => len + ANNEX_HEAD,
            _ => 0,
        }
    }

    #[inline]
    pub fn is_annexed(&self) -> bool {
        self.form_bits() == ANNEX
    }

    /// # Safety
    /// 1. As [`super::thin::Thin::move_to`].
    pub unsafe fn move_to(&mut self, room: *mut u8, bytes: usize) {
        let (run, elements) = (self.bytes(), self.elements());
        assert!(run.len() + ANNEX_HEAD <= bytes && bytes <= u8::MAX as usize && elements <= u8::MAX as usize);
        // SAFETY: (1); the run lies elsewhere, since the room is free.
        unsafe {
            room.write(run.len() as u8);
            room.add(1).write(elements as u8);
            copy_parts(room.add(ANNEX_HEAD), &[run]);
        }
        let word = ANNEX | self.word & MARK | (bytes as u64) << CAPACITY_AT | room as u64;
        *self = Packed { word, owns: PhantomData };
    }

    pub fn move_out(&mut self) {
        if self.form_bits() == ANNEX && !self.pointer().is_null() {
            let (len, count) = (self.bytes().len(), self.elements());
            self.splice_into_new_block(0, 0, &[], len, count);
        }
    }

    #[inline]
    pub fn home(&self) -> *const u8 {
        self.pointer()
    }
}

impl<L: Clone> Clone for Packed<L> {
    /// Its bytes are in a block of its own.
    fn clone(&self) -> Packed<L> {
        match self.form() {
            Form::Large(large) => Packed::large(Box::new(large.clone())),
            Form::Run(run) => {
                let mut copy = Packed::of_run(run, self.elements());
                copy.set_mark(self.marked());
                copy
            }
        }
    }
}

impl<L> Drop for Packed<L> {
    fn drop(&mut self) {
        // SAFETY: a block and an L are owned by this alone, and made with the layout and by the box named here.
        unsafe {
            match self.form_bits() {
                BLOCK => {
                    let capacity = (*self.pointer().cast::<BlockHead>()).capacity as usize;
                    dealloc(self.pointer(), block_layout(capacity));
                }
                LARGE => drop(Box::from_raw(self.pointer().cast::<L>())),
                _ => (),
            }
        }
    }
}

// SAFETY: it owns what it points to alone, or the entry around it does, which moves with it.
unsafe impl<L: Send> Send for Packed<L> {}

/// A block for `capacity` bytes of run and what rounding adds, as the word of form 1.
fn new_block(capacity: usize, elements: usize) -> u64 {
    assert!(capacity <= RUN_BYTES_MAX + STEP_MAX);
    let layout = block_layout(capacity);
    // SAFETY: the layout is never of size zero, and begins with the head.
    let block = unsafe { alloc(layout) };
    if block.is_null() {
        handle_alloc_error(layout);
    }
    assert!(block as u64 & !POINTER == 0, "user-space pointers have 47 bits");
    let capacity = (layout.size() - BLOCK_HEAD) as u32;
    // SAFETY: the block is as large as the head at least, and 8-aligned.
    unsafe { block.cast::<BlockHead>().write(BlockHead { len: 0, elements: elements as u32, capacity }) };
    BLOCK | block as u64
}

/// Rounded to the classes of the allocator, four to a doubling, so that growing costs a copy now and then and no memory.
fn block_layout(capacity: usize) -> Layout {
    let bytes = BLOCK_HEAD + capacity;
    let step = match bytes {
        ..=64 => 8,
        _ => (1 << ((bytes - 1).ilog2() - 2)).min(STEP_MAX),
    };
    Layout::from_size_align(bytes.next_multiple_of(step), 8).expect("a run is far below isize::MAX")
}

/// Copies `parts`, one behind the other, and gives the end.
///
/// # Safety
/// 1. `to` has room for all of them and overlaps none.
unsafe fn copy_parts(mut to: *mut u8, parts: &[&[u8]]) -> *mut u8 {
    for part in parts {
        // SAFETY: (1)
        unsafe {
            std::ptr::copy_nonoverlapping(part.as_ptr(), to, part.len());
            to = to.add(part.len());
        }
    }
    to
}

#[cfg(test)]
#[path = "packed_tests.rs"]
pub(crate) mod tests;
