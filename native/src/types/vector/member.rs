//! A member's name and attributes in one block, and all members of a set in the order of their names.
//!
//! ```text
//!   0          4             8                    16
//!   +----------+-------------+--------------------+-----------------+
//!   | node u32 | name length | attributes, or null| name bytes …    |
//!   +----------+-------------+--------------------+-----------------+
//!                              └▶ length u32, JSON text …
//! ```
//!
//! The graph writes the member's node number into the first field (`ds::hnsw::Tag`).

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::borrow::Borrow;
use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::Bound;
use std::ptr::NonNull;

use crate::ds::hnsw::Tag;

const NAME: usize = 16;
const ATTRIBUTES_TEXT: usize = 4;

/// Owns its block and the attributes.
pub struct Member(NonNull<u8>);

// SAFETY: a member owns its blocks alone. The cell in it is written through the graph of the same set, under `&mut` of that.
unsafe impl Send for Member {}

impl Member {
    /// A member without attributes, of no node yet.
    pub fn new(name: &[u8]) -> Member {
        let length = u32::try_from(name.len()).expect("an argument is below 4 GiB");
        let block = allocate(layout(NAME + name.len()));
        // SAFETY: the block has room for the fields, which are aligned to their sizes, and for the name behind them.
        unsafe {
            let at = block.as_ptr();
            at.cast::<u32>().write(0);
            at.add(4).cast::<u32>().write(length);
            at.add(8).cast::<*mut u8>().write(std::ptr::null_mut());
            at.add(NAME).copy_from_nonoverlapping(name.as_ptr(), name.len());
        }
        Member(block)
    }

    /// Where the graph writes the node's number.
    pub fn tag(&self) -> Tag {
        self.0.cast()
    }

    /// The member whose tag this is, without owning it.
    ///
    /// # Safety
    /// 1. The tag came from [`Member::tag`] of a member that lives for `'a`.
    pub unsafe fn of_tag<'a>(tag: Tag) -> Borrowed<'a> {
        Borrowed(std::mem::ManuallyDrop::new(Member(tag.cast())), std::marker::PhantomData)
    }

    pub fn node(&self) -> u32 {
        // SAFETY: the first field is the cell.
        unsafe { self.0.cast::<Cell<u32>>().as_ref().get() }
    }

    #[inline]
    pub fn name(&self) -> &[u8] {
        // SAFETY: the length stands before the name, and both live as long as the member.
        unsafe {
            let length = self.0.as_ptr().add(4).cast::<u32>().read();
            std::slice::from_raw_parts(self.0.as_ptr().add(NAME), length as usize)
        }
    }

    fn attributes_at(&self) -> *mut u8 {
        // SAFETY: the third field is the pointer.
        unsafe { self.0.as_ptr().add(8).cast::<*mut u8>().read() }
    }

    /// The attributes' text; None where there are none.
    #[inline]
    pub fn attributes(&self) -> Option<&[u8]> {
        let at = NonNull::new(self.attributes_at())?;
        // SAFETY: a length and so many bytes lie there, and the member owns them.
        unsafe {
            let length = at.cast::<u32>().read();
            Some(std::slice::from_raw_parts(at.as_ptr().add(ATTRIBUTES_TEXT), length as usize))
        }
    }

    /// Sets the attributes, or takes them away if the text is empty.
    ///
    /// # Safety
    /// 1. Nobody holds the attributes that were there.
    pub unsafe fn set_attributes(&self, text: &[u8]) {
        let old = self.attributes_at();
        let mut made = std::ptr::null_mut();
        if !text.is_empty() {
            let length = u32::try_from(text.len()).expect("an argument is below 4 GiB");
            made = allocate(layout(ATTRIBUTES_TEXT + text.len())).as_ptr();
            // SAFETY: the block has room for the length and the text.
            unsafe {
                made.cast::<u32>().write(length);
                made.add(ATTRIBUTES_TEXT).copy_from_nonoverlapping(text.as_ptr(), text.len());
            }
        }
        // SAFETY: the third field is the pointer; (1) nobody reads what is freed.
        unsafe {
            self.0.as_ptr().add(8).cast::<*mut u8>().write(made);
            free_attributes(old);
        }
    }

    /// Bytes of both blocks, without the place in the order of names.
    pub fn memory_bytes(&self) -> usize {
        let attributes = self.attributes().map_or(0, |text| layout(ATTRIBUTES_TEXT + text.len()).size());
        layout(NAME + self.name().len()).size() + attributes
    }
}

fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes.next_multiple_of(8), 8).expect("a block is far below isize::MAX")
}

fn allocate(layout: Layout) -> NonNull<u8> {
    // SAFETY: the layout is not of size zero.
    let Some(block) = NonNull::new(unsafe { alloc(layout) }) else { handle_alloc_error(layout) };
    block
}

/// # Safety
/// `at` is null or attributes of a member that nobody needs any more.
unsafe fn free_attributes(at: *mut u8) {
    if !at.is_null() {
        // SAFETY: the caller's; the length gives the layout that the block was made with.
        unsafe {
            let length = at.cast::<u32>().read();
            dealloc(at, layout(ATTRIBUTES_TEXT + length as usize));
        }
    }
}

/// A member that belongs to somebody else.
pub struct Borrowed<'a>(std::mem::ManuallyDrop<Member>, std::marker::PhantomData<&'a Member>);

impl<'a> Borrowed<'a> {
    pub fn name(&self) -> &'a [u8] {
        // SAFETY: the name lives as long as the member, which is `'a`.
        unsafe { &*(self.0.name() as *const [u8]) }
    }

    pub fn attributes(&self) -> Option<&'a [u8]> {
        // SAFETY: the attributes live until somebody has the set for himself, which is not before the end of `'a`.
        self.0.attributes().map(|text| unsafe { &*(text as *const [u8]) })
    }
}

impl Clone for Member {
    /// With the same name and attributes, of no node.
    fn clone(&self) -> Member {
        let copy = Member::new(self.name());
        // SAFETY: (1) the copy was made just now.
        unsafe { copy.set_attributes(self.attributes().unwrap_or(b"")) };
        copy
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        // SAFETY: the member owns both blocks; the name's length gives the layout.
        unsafe {
            free_attributes(self.attributes_at());
            dealloc(self.0.as_ptr(), layout(NAME + self.name().len()));
        }
    }
}

impl Borrow<[u8]> for Member {
    fn borrow(&self) -> &[u8] {
        self.name()
    }
}

impl PartialEq for Member {
    fn eq(&self, other: &Member) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Member {}

impl PartialOrd for Member {
    fn partial_cmp(&self, other: &Member) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Member {
    fn cmp(&self, other: &Member) -> Ordering {
        self.name().cmp(other.name())
    }
}

/// All members by name: one structure for lookups and for ranges. A lookup costs about a microsecond among a million, where a
/// hash table would take a fifth; it comes before a search that takes a hundred times as long, and no growth ever stalls.
#[derive(Default)]
pub struct Members {
    names: BTreeSet<Member>,
    bytes: usize,
}

/// Bytes that a member takes in the order of names, on average: leaves of 104 bytes hold 11 places and are 70 % full, the nodes
/// above them add a fifth.
const PLACE_BYTES: usize = 104 * 10 / 77 * 6 / 5;

impl Members {
    pub fn len(&self) -> usize {
        self.names.len()
    }

    pub fn memory_bytes(&self) -> usize {
        self.bytes + self.names.len() * PLACE_BYTES
    }

    pub fn get(&self, name: &[u8]) -> Option<&Member> {
        self.names.get(name)
    }

    /// Adds a member whose name is new, and gives its tag.
    pub fn insert(&mut self, member: Member) -> Tag {
        let tag = member.tag();
        self.bytes += member.memory_bytes();
        let new = self.names.insert(member);
        debug_assert!(new);
        tag
    }

    pub fn take(&mut self, name: &[u8]) -> Option<Member> {
        let member = self.names.take(name)?;
        self.bytes -= member.memory_bytes();
        Some(member)
    }

    /// Sets the attributes of a member that is there, and gives the old ones.
    pub fn set_attributes(&mut self, name: &[u8], text: &[u8]) -> Box<[u8]> {
        let member = self.names.get(name).expect("the caller has looked");
        let old = member.attributes().unwrap_or(b"").into();
        let before = member.memory_bytes();
        // SAFETY: (1) `&mut self` keeps others from the attributes, and `old` is a copy.
        unsafe { member.set_attributes(text) };
        self.bytes = self.bytes + member.memory_bytes() - before;
        old
    }

    pub fn range<'s>(&'s self, from: Bound<&[u8]>, to: Bound<&[u8]>) -> impl Iterator<Item = &'s Member> {
        self.names.range::<[u8], _>((from, to))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Member> {
        self.names.iter()
    }
}

impl Clone for Members {
    /// The same names and attributes; the copies are of no node.
    fn clone(&self) -> Members {
        Members { names: self.names.iter().cloned().collect(), bytes: self.bytes }
    }
}
