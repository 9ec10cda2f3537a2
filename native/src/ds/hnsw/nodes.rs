//! Where the nodes of a graph lie: slots of one size in large blocks, numbered without holes.
//!
//! ```text
//!   slot, a multiple of 64 bytes
//!   +-----------------------+--------+---------+--------+---------+-----------+-------+----------------------------+
//!   | vector, as coded      | norm   | range   | tag    | side    | degree    | level | links of level 0, u32 each |
//!   | (4, 1 or 1/8 B / dim) | f32    | f32     | 8      | 8       | u16       | u8 +1 | room for 2M                |
//!   +-----------------------+--------+---------+--------+---------+-----------+-------+----------------------------+
//!     at 0                    at `meta`, a multiple of 8
//! ```
//!
//! Number and address are one step apart (a block's base, then a multiple), so a link takes 4 bytes and a hop one cache miss.
//! A search that looks at many neighbours and expands few touches vectors, which begin on a line of their own; links come last.
//! Numbers stay dense: the last node moves into the place of one that goes, and blocks at the end are given back.
//!
//! What few nodes have lies beside, in a [`Side`]: links of the levels above 0, and links of level 0 beyond 2M.

use std::cell::Cell;
use std::ptr::NonNull;

/// Cache line, bytes. Kernels read vectors in pieces of this size: what lies behind a vector in its slot is read and not used.
pub(super) const LINE: usize = 64;
/// Bytes of a full block of slots, about: large enough for huge pages, small enough to come and go with few nodes.
const BLOCK_BYTES: usize = 2 << 20;

const NORM: usize = 0;
const RANGE: usize = 4;
const TAG: usize = 8;
pub(super) const SIDE: usize = 16;
const DEGREE: usize = 24;
const LEVEL: usize = 26;
const LINKS: usize = 28;

/// What a node belongs to: the graph writes a node's number here whenever it has another.
///
/// The owner keeps it where it is until the node is gone, and reads it only while nobody changes the graph.
pub type Tag = NonNull<Cell<u32>>;

/// Links that have no place in a slot.
#[derive(Default, Clone)]
pub struct Side {
    /// Level 0: what does not fit into the slot, which is rare. Above: all links of that level.
    pub levels: Vec<Vec<u32>>,
}

impl Side {
    pub fn memory_bytes(&self) -> usize {
        size_of::<Side>()
            + self.levels.capacity() * size_of::<Vec<u32>>()
            + self.levels.iter().map(|links| links.capacity() * size_of::<u32>()).sum::<usize>()
    }
}

/// A vector in the form that the graph stores.
#[derive(Clone, Copy)]
pub struct Stored<'a> {
    pub bytes: &'a [u8],
    /// Length of the vector before it was normalised.
    pub norm: f32,
    /// Q8: the component that 127 stands for.
    pub range: f32,
}

pub struct Nodes {
    pub(super) vector_bytes: usize,
    pub(super) meta: usize,
    pub(super) stride: usize,
    /// Links of level 0 that fit into a slot.
    pub(super) links_max: usize,
    /// Slots of a full block, as a shift.
    pub(super) shift: u32,
    pub(super) blocks: Vec<NonNull<u8>>,
    /// Slots of the first block, which grows until it is full.
    pub(super) first: usize,
    pub(super) len: usize,
}

// SAFETY: the blocks are owned, and tags point to cells that move between threads with the owner of this graph.
unsafe impl Send for Nodes {}

impl Nodes {
    pub fn new(vector_bytes: usize, links_max: usize) -> Nodes {
        let meta = vector_bytes.next_multiple_of(8);
        let stride = (meta + LINKS + links_max * 4).next_multiple_of(LINE);
        let shift = (BLOCK_BYTES / stride).max(1).ilog2();
        Nodes { vector_bytes, meta, stride, links_max, shift, blocks: Vec::new(), first: 0, len: 0 }
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Bytes of all blocks.
    pub fn memory_bytes(&self) -> usize {
        let slots = self.first + self.blocks.len().saturating_sub(1) * self.block_slots();
        slots * self.stride + self.blocks.capacity() * size_of::<NonNull<u8>>()
    }

    /// From a vector's address to that of its range.
    pub fn range_offset(&self) -> usize {
        self.meta + RANGE
    }

    pub(super) fn block_slots(&self) -> usize {
        1 << self.shift
    }

    /// Address of a slot, and of its vector.
    #[inline]
    fn slot(&self, id: u32) -> *mut u8 {
        debug_assert!((id as usize) < self.len);
        let block = self.blocks[(id >> self.shift) as usize];
        // SAFETY: the slot lies inside its block, since ids below `len` have slots.
        unsafe { block.as_ptr().add((id as usize & (self.block_slots() - 1)) * self.stride) }
    }

    /// The stored bytes of a vector begin here, and whole lines of its slot may be read from here on.
    #[inline]
    pub fn vector_at(&self, id: u32) -> *const u8 {
        self.slot(id)
    }

    #[inline]
    pub fn vector(&self, id: u32) -> &[u8] {
        // SAFETY: a slot begins with the vector's bytes, written when the node was added.
        unsafe { std::slice::from_raw_parts(self.slot(id), self.vector_bytes) }
    }

    #[inline]
    fn field<T: Copy>(&self, id: u32, offset: usize) -> T {
        // SAFETY: callers name a field of the type at its offset, which is aligned since `meta` is and each offset is.
        unsafe { self.slot(id).add(self.meta + offset).cast::<T>().read() }
    }

    #[inline]
    pub(super) fn set_field<T: Copy>(&mut self, id: u32, offset: usize, value: T) {
        // SAFETY: as in `field`; `&mut self` is exclusive.
        unsafe { self.slot(id).add(self.meta + offset).cast::<T>().write(value) }
    }

    #[inline]
    pub fn norm(&self, id: u32) -> f32 {
        self.field(id, NORM)
    }

    #[inline]
    pub fn range(&self, id: u32) -> f32 {
        self.field(id, RANGE)
    }

    pub fn tag(&self, id: u32) -> Tag {
        self.field(id, TAG)
    }

    /// Highest level the node is on.
    #[inline]
    pub fn level(&self, id: u32) -> usize {
        self.field::<u8>(id, LEVEL) as usize
    }

    pub fn stored(&self, id: u32) -> Stored<'_> {
        Stored { bytes: self.vector(id), norm: self.norm(id), range: self.range(id) }
    }

    pub fn set_stored(&mut self, id: u32, stored: Stored) {
        assert_eq!(stored.bytes.len(), self.vector_bytes);
        // SAFETY: the slot has room for the vector, and no other reference to it lives beside `&mut self`.
        unsafe { self.slot(id).copy_from(stored.bytes.as_ptr(), stored.bytes.len()) };
        self.set_field(id, NORM, stored.norm);
        self.set_field(id, RANGE, stored.range);
    }

    pub(super) fn side_at(&self, id: u32) -> *mut Side {
        self.field(id, SIDE)
    }

    pub(super) fn side(&self, id: u32) -> Option<&Side> {
        // SAFETY: the field is null or a Side that this node owns.
        unsafe { self.side_at(id).as_ref() }
    }

    fn side_mut(&mut self, id: u32) -> Option<&mut Side> {
        // SAFETY: as in `side`; `&mut self` is exclusive.
        unsafe { self.side_at(id).as_mut() }
    }

    /// The links of a node on a level: those in one place, then those in another.
    #[inline]
    pub fn links(&self, id: u32, level: usize) -> (&[u32], &[u32]) {
        if level == 0 {
            let degree = self.field::<u16>(id, DEGREE) as usize;
            // SAFETY: `degree` links were written behind the fields; it never exceeds `links_max`.
            let own = unsafe { std::slice::from_raw_parts(self.slot(id).add(self.meta + LINKS).cast::<u32>(), degree) };
            if degree < self.links_max {
                return (own, &[]);
            }
            let more = self.side(id).and_then(|side| side.levels.first());
            return (own, more.map_or(&[], Vec::as_slice));
        }
        (self.side(id).and_then(|side| side.levels.get(level)).map_or(&[], Vec::as_slice), &[])
    }

    /// Starts loading the links of level 0.
    #[inline]
    pub fn prefetch_links(&self, id: u32) {
        let at = self.slot(id).wrapping_add(self.meta + DEGREE);
        crate::sys::cpu::prefetch(at);
        crate::sys::cpu::prefetch(at.wrapping_add(LINE));
    }

    #[inline]
    pub fn degree(&self, id: u32, level: usize) -> usize {
        let (own, more) = self.links(id, level);
        own.len() + more.len()
    }

    /// Adds a link at the end. Gives by how many bytes the memory beside the slots grew.
    pub fn push_link(&mut self, id: u32, level: usize, to: u32) -> isize {
        let degree = self.field::<u16>(id, DEGREE) as usize;
        if level == 0 && degree < self.links_max {
            // SAFETY: there is room for `links_max` links behind the fields; `&mut self` is exclusive.
            unsafe { self.slot(id).add(self.meta + LINKS).cast::<u32>().add(degree).write(to) };
            self.set_field(id, DEGREE, degree as u16 + 1);
            return 0;
        }
        if self.side_at(id).is_null() {
            self.set_field(id, SIDE, Box::into_raw(Box::<Side>::default()));
        }
        let side = self.side_mut(id).expect("made above");
        // A side made just now counts whole.
        let before = if side.levels.is_empty() { 0 } else { side.memory_bytes() as isize };
        while side.levels.len() <= level {
            side.levels.push(Vec::new());
        }
        side.levels[level].push(to);
        side.memory_bytes() as isize - before
    }

    /// Takes the link at `index` out and puts the last one in its place.
    pub fn swap_remove_link(&mut self, id: u32, level: usize, index: usize) {
        if level > 0 {
            self.side_mut(id).expect("a node with links above level 0 has a side").levels[level].swap_remove(index);
            return;
        }
        let last = match self.side_mut(id).and_then(|side| side.levels.first_mut()).and_then(Vec::pop) {
            Some(last) => {
                let own = self.links_max;
                if index >= own {
                    let more = &mut self.side_mut(id).expect("it held the last link").levels[0];
                    if index - own < more.len() {
                        more[index - own] = last;
                    }
                    return;
                }
                last
            }
            None => {
                let degree = self.field::<u16>(id, DEGREE);
                assert!(index < degree as usize);
                self.set_field(id, DEGREE, degree - 1);
                self.links_at(id)[degree as usize - 1]
            }
        };
        self.links_at(id)[index] = last;
    }

    /// The inverse of [`Nodes::swap_remove_link`].
    pub fn swap_insert_link(&mut self, id: u32, level: usize, index: usize, to: u32) -> isize {
        let degree = self.degree(id, level);
        if index == degree {
            return self.push_link(id, level, to);
        }
        let moved = self.replace_link(id, level, index, to);
        self.push_link(id, level, moved)
    }

    /// Puts `to` in place of the link at `index`, and gives that.
    pub fn replace_link(&mut self, id: u32, level: usize, index: usize, to: u32) -> u32 {
        let place = if level == 0 && index < self.links_max {
            &mut self.links_at(id)[index]
        } else {
            let own = if level == 0 { self.links_max } else { 0 };
            &mut self.side_mut(id).expect("it holds that link").levels[level][index - own]
        };
        std::mem::replace(place, to)
    }

    /// All room for links in a slot.
    fn links_at(&mut self, id: u32) -> &mut [u32] {
        // SAFETY: the slot has `links_max` u32 behind its fields, zeroed or written; `&mut self` is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.slot(id).add(self.meta + LINKS).cast::<u32>(), self.links_max) }
    }

    /// Adds a node without links, on levels 0 to `level`, and gives its number.
    pub fn push(&mut self, stored: Stored, tag: Tag, level: usize) -> u32 {
        self.make_room();
        let id = self.len as u32;
        self.len += 1;
        self.set_field(id, TAG, tag);
        self.set_field::<*mut Side>(id, SIDE, std::ptr::null_mut());
        self.set_field(id, DEGREE, 0u16);
        self.set_field(id, LEVEL, level as u8);
        self.set_stored(id, stored);
        self.write_tag(id);
        id
    }

    /// Takes the last node away; it has no links any more. Gives by how many bytes the memory beside the slots grew.
    pub fn pop(&mut self) -> isize {
        let id = self.len as u32 - 1;
        let side = self.side_at(id);
        let mut grown = 0;
        if !side.is_null() {
            // SAFETY: the node owned it and is going; nothing else points to it.
            let side = unsafe { Box::from_raw(side) };
            debug_assert!(side.levels.iter().all(Vec::is_empty));
            grown = -(side.memory_bytes() as isize);
        }
        self.len -= 1;
        self.give_room_back();
        grown
    }

    /// Exchanges two nodes' slots. Their tags learn their new numbers; links to them are the caller's to change.
    pub fn swap(&mut self, a: u32, b: u32) {
        if a == b {
            return;
        }
        // SAFETY: two different slots do not overlap, and both are `stride` bytes.
        unsafe { std::ptr::swap_nonoverlapping(self.slot(a), self.slot(b), self.stride) };
        self.write_tag(a);
        self.write_tag(b);
    }

    fn write_tag(&self, id: u32) {
        // SAFETY: tags live as long as their nodes (see `Tag`), and `&mut self` of the caller keeps readers out.
        unsafe { self.tag(id).as_ref().set(id) };
    }

    /// Gives a node another tag (a copy of the graph belongs to other members).
    pub fn set_tag(&mut self, id: u32, tag: Tag) {
        self.set_field(id, TAG, tag);
        self.write_tag(id);
    }
}
