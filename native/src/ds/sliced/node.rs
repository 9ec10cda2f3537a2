//! The tree over slices: a radix tree of 64-way nodes over the slices' numbers, without nodes of one child.
//!
//! ```text
//!   number of a slice, 52 bits:   g8 … g2 g1 g0        groups of six bits
//!
//!   Node level 1, prefix g8…g2        children by g1: nodes of level 0, or a slice where there is no other with that g1
//!     ├─ Node level 0, prefix g8…g1     children by g0: slices
//!     └─ Slice
//! ```
//!
//! Children are shared: a clone of a child is another reference, and who changes a shared one copies that node or slice alone.

use std::ops::AddAssign;
use std::sync::Arc;

use super::slice::{SLICE_LEN, Slice};
use super::word::Word;

/// Bits of a slice's number that a node looks at.
const GROUP_BITS: u32 = 6;
/// Bits of a position within a slice.
pub(super) const OFFSET_BITS: u32 = SLICE_LEN.trailing_zeros();
/// Bytes of the two counters of an `Arc`.
const ARC_BYTES: usize = 16;

#[derive(Clone)]
pub(super) enum Child {
    Slice(Arc<Slice>),
    Node(Arc<Node>),
}

/// What a subtree has, all told.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Totals {
    pub elements: u64,
    /// Bytes on the heap.
    pub bytes: usize,
    pub slices: u64,
    pub dense: u64,
    /// Positions of the dense slices' windows, and elements in them.
    pub dense_room: u64,
    pub dense_elements: u64,
    /// Elements that the sparse slices have room for.
    pub sparse_room: u64,
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Totals) {
        self.elements += other.elements;
        self.bytes += other.bytes;
        self.slices += other.slices;
        self.dense += other.dense;
        self.dense_room += other.dense_room;
        self.dense_elements += other.dense_elements;
        self.sparse_room += other.sparse_room;
    }
}

impl Totals {
    pub(super) fn replace(&mut self, old: Totals, new: Totals) {
        *self += new;
        self.elements -= old.elements;
        self.bytes -= old.bytes;
        self.slices -= old.slices;
        self.dense -= old.dense;
        self.dense_room -= old.dense_room;
        self.dense_elements -= old.dense_elements;
        self.sparse_room -= old.sparse_room;
    }
}

#[derive(Clone)]
pub(super) struct Node {
    /// Number of a slice below, with zeros for the groups that this node and those below look at.
    pub(super) prefix: u64,
    /// Which groups have a child.
    present: u64,
    pub(super) level: u32,
    pub(super) children: Vec<Child>,
    /// Of the children, without this node's own bytes.
    pub(super) totals: Totals,
}

impl Node {
    /// A node over these children, which are in order and two at least.
    pub(super) fn of(level: u32, children: Vec<Child>) -> Node {
        debug_assert!(children.len() >= 2);
        let mut node = Node { prefix: 0, present: 0, level, children, totals: Totals::default() };
        node.prefix = node.children[0].id() & !node.mask();
        for child in &node.children {
            node.present |= 1 << group(child.id(), level);
            node.totals += child.totals();
        }
        node
    }

    /// Bits of a slice's number that tell those below from one another.
    fn mask(&self) -> u64 {
        (1 << ((self.level + 1) * GROUP_BITS)) - 1
    }

    pub(super) fn covers(&self, id: u64) -> bool {
        id & !self.mask() == self.prefix
    }

    /// Where the child of a group is, or would be.
    #[inline]
    pub(super) fn place(&self, group: u32) -> Result<usize, usize> {
        let at = (self.present & ((1 << group) - 1)).count_ones() as usize;
        if self.present >> group & 1 == 1 { Ok(at) } else { Err(at) }
    }

    pub(super) fn insert_child(&mut self, at: usize, child: Child) {
        self.present |= 1 << group(child.id(), self.level);
        self.totals += child.totals();
        if self.children.len() == self.children.capacity() {
            self.children.reserve_exact((self.children.len() / 2).max(2));
        }
        self.children.insert(at, child);
    }
}

#[inline]
pub(super) fn group(id: u64, level: u32) -> u32 {
    (id >> (level * GROUP_BITS)) as u32 & 63
}

/// A node over two subtrees that have no number in common.
pub(super) fn join(a: Child, b: Child) -> Child {
    let level = (63 - (a.id() ^ b.id()).leading_zeros()) / GROUP_BITS;
    let children = if a.id() < b.id() { vec![a, b] } else { vec![b, a] };
    Child::Node(Arc::new(Node::of(level, children)))
}

impl Child {
    pub(super) fn of(id: u64, offset: usize, word: Word) -> Child {
        Child::Slice(Arc::new(Slice::of(id, offset, word)))
    }

    /// The least number of a slice that can be below.
    pub(super) fn id(&self) -> u64 {
        match self {
            Child::Slice(slice) => slice.id,
            Child::Node(node) => node.prefix,
        }
    }

    /// The greatest.
    fn last_id(&self) -> u64 {
        match self {
            Child::Slice(slice) => slice.id,
            Child::Node(node) => node.prefix | node.mask(),
        }
    }

    /// The first and the last index that can be below.
    pub(super) fn span(&self) -> (u64, u64) {
        (self.id() << OFFSET_BITS, self.last_id() << OFFSET_BITS | (SLICE_LEN as u64 - 1))
    }

    /// O(1).
    pub(super) fn totals(&self) -> Totals {
        match self {
            Child::Slice(slice) => {
                let mut totals = Totals {
                    elements: slice.count() as u64,
                    bytes: ARC_BYTES + size_of::<Slice>() + slice.heap_bytes(),
                    slices: 1,
                    ..Totals::default()
                };
                if slice.is_dense() {
                    (totals.dense, totals.dense_room, totals.dense_elements) =
                        (1, slice.room() as u64, slice.count() as u64);
                } else {
                    totals.sparse_room = slice.room() as u64;
                }
                totals
            }
            Child::Node(node) => {
                let own = ARC_BYTES + size_of::<Node>() + node.children.capacity() * size_of::<Child>();
                Totals { bytes: node.totals.bytes + own, ..node.totals }
            }
        }
    }

    #[inline]
    pub(super) fn slice(&self, id: u64) -> Option<&Slice> {
        let mut child = self;
        loop {
            match child {
                Child::Slice(slice) => return (slice.id == id).then_some(slice),
                // A child of the right group may still be of other numbers: the slice at the end tells.
                Child::Node(node) => child = &node.children[node.place(group(id, node.level)).ok()?],
            }
        }
    }

    /// Puts an element at an index; gives the one that stood there.
    pub(super) fn set(&mut self, index: u64, word: Word) -> Option<Word> {
        let id = index >> OFFSET_BITS;
        let offset = index as usize % SLICE_LEN;
        match self {
            Child::Slice(slice) if slice.id == id => Arc::make_mut(slice).set(offset, word),
            Child::Node(node) if node.covers(id) => {
                let node = Arc::make_mut(node);
                match node.place(group(id, node.level)) {
                    Ok(at) => {
                        let before = node.children[at].totals();
                        let old = node.children[at].set(index, word);
                        node.totals.replace(before, node.children[at].totals());
                        old
                    }
                    Err(at) => {
                        node.insert_child(at, Child::of(id, offset, word));
                        None
                    }
                }
            }
            _ => {
                *self = join(self.clone(), Child::of(id, offset, word));
                None
            }
        }
    }

    /// Takes the element at an index out, if there is one; `emptied` tells that nothing is left.
    pub(super) fn take(&mut self, index: u64, emptied: &mut bool) -> Option<Word> {
        let id = index >> OFFSET_BITS;
        let offset = index as usize % SLICE_LEN;
        match self {
            Child::Slice(slice) => {
                // Looked at first, so that nothing is copied for an element that is not there.
                if slice.id != id || slice.get(offset).is_none() {
                    return None;
                }
                let slice = Arc::make_mut(slice);
                let word = slice.take(offset);
                *emptied = slice.count() == 0;
                word
            }
            Child::Node(node) => {
                let at = node.place(group(id, node.level)).ok()?;
                node.children[at].slice(id)?.get(offset)?;
                let node = Arc::make_mut(node);
                let before = node.children[at].totals();
                let mut child_emptied = false;
                let word = node.children[at].take(index, &mut child_emptied);
                if child_emptied {
                    node.children.remove(at);
                    node.present &= !(1 << group(id, node.level));
                    node.totals.replace(before, Totals::default());
                } else {
                    node.totals.replace(before, node.children[at].totals());
                }
                if node.children.len() == 1 {
                    let only = node.children.pop().expect("there is one");
                    *self = only;
                }
                word
            }
        }
    }

    /// The first slice from number `id` on.
    pub(super) fn slice_from(&self, id: u64) -> Option<&Slice> {
        match self {
            Child::Slice(slice) => (slice.id >= id).then_some(slice),
            Child::Node(node) if node.prefix | node.mask() < id => None,
            Child::Node(node) => {
                let at = if node.covers(id) { node.place(group(id, node.level)).unwrap_or_else(|at| at) } else { 0 };
                node.children[at..].iter().find_map(|child| child.slice_from(id))
            }
        }
    }

    /// The last slice up to number `id`.
    pub(super) fn slice_up_to(&self, id: u64) -> Option<&Slice> {
        match self {
            Child::Slice(slice) => (slice.id <= id).then_some(slice),
            Child::Node(node) if node.prefix > id => None,
            Child::Node(node) => {
                let end = if node.covers(id) {
                    node.place(group(id, node.level)).map_or_else(|at| at, |at| at + 1)
                } else {
                    node.children.len()
                };
                node.children[..end].iter().rev().find_map(|child| child.slice_up_to(id))
            }
        }
    }

    pub(super) fn level(&self) -> i32 {
        match self {
            Child::Slice(_) => -1,
            Child::Node(node) => node.level as i32,
        }
    }

    /// Panics where the tree is not as it has to be; gives what it has.
    #[cfg(any(test, feature = "verify"))]
    pub(super) fn check(&self) -> Totals {
        match self {
            Child::Slice(slice) => {
                slice.check();
                self.totals()
            }
            Child::Node(node) => {
                assert!(node.children.len() >= 2 && node.children.len() == node.present.count_ones() as usize);
                let mut sum = Totals::default();
                let mut before = None;
                for child in &node.children {
                    assert!(node.covers(child.id()) && child.level() < node.level as i32);
                    let at = group(child.id(), node.level);
                    assert!(before < Some(at) && node.present >> at & 1 == 1);
                    before = Some(at);
                    sum += child.check();
                }
                assert_eq!(sum, node.totals);
                self.totals()
            }
        }
    }
}
