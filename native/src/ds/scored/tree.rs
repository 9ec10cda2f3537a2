//! Members in the order of (score, bytes), with their ranks: a B+tree that counts.
//!
//! ```text
//!                      inner: least member and count of each child
//!                     /            |             \
//!               inner              …              inner
//!              /   |  \                          /  |   \
//!          leaf   leaf  leaf …                leaf  …    leaf: a word for each member
//! ```
//!
//! The tree refers to members that a table owns (`mod.rs`). It has no links between leaves and none upwards, so a change
//! touches one path; walks keep theirs.
//!
//! Nodes hold as many as they hold: one that is full splits; one that is a quarter full joins a neighbour if both fit well
//! into one; one that is empty goes. A leaf that is full and gets its next member at the tree's end stays full, so ascending
//! scores make full leaves.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering::Acquire, Ordering::Relaxed, Ordering::Release, fence};

use super::frame::Probe;
use super::inner::Inner;
use super::leaf::Leaf;
use super::member::MemberRef;
use crate::sys::cpu::prefetch;

#[derive(Default)]
pub struct ScoreTree {
    pub(super) root: Option<NonNull<u8>>,
    /// Levels of inner nodes above the leaves.
    pub(super) height: u32,
    pub(super) len: usize,
    /// Bytes of the nodes.
    pub(super) bytes: usize,
}

// SAFETY: nodes that several trees own are only read, and the members may change threads with their table.
unsafe impl Send for ScoreTree {}

/// Starts loading a child, whose level is `level`.
#[inline]
pub(super) fn prefetch_node(node: NonNull<u8>, level: u32) {
    if level == 0 {
        return Leaf::prefetch(node);
    }
    for line in 0..5 {
        prefetch(node.as_ptr().wrapping_add(line * 64));
    }
}

impl ScoreTree {
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn memory_bytes(&self) -> usize {
        self.bytes
    }

    /// How many members stand before `probe`. O(log n).
    #[inline]
    pub fn rank(&self, probe: &Probe) -> usize {
        let Some(mut node) = self.root else { return 0 };
        let mut rank = 0;
        for level in (0..self.height).rev() {
            let inner = Inner::from_node(node);
            let at = inner.locate(probe);
            node = inner.child(at);
            prefetch_node(node, level);
            rank += inner.before(at);
        }
        rank as usize + Leaf::from_node(node).locate(probe)
    }

    /// A leaf to change: a copy of it where other trees own it too.
    #[inline]
    pub(super) fn own_leaf(&mut self, node: NonNull<u8>) -> Leaf {
        let leaf = Leaf::from_node(node);
        if leaf.owners().load(Acquire) == 1 {
            return leaf;
        }
        let copy = leaf.copy();
        self.bytes = self.bytes + copy.memory_bytes() - leaf.memory_bytes();
        release(node, 0);
        copy
    }

    /// The same of an inner node; the children of a copy have one more owner.
    #[inline]
    pub(super) fn own_inner(&mut self, node: NonNull<u8>, level: u32) -> Inner {
        let inner = Inner::from_node(node);
        if inner.owners().load(Acquire) == 1 {
            return inner;
        }
        self.copy_inner(inner, level)
    }

    #[cold]
    fn copy_inner(&mut self, inner: Inner, level: u32) -> Inner {
        let copy = inner.copy();
        for at in 0..copy.len() {
            retain(copy.child(at), level - 1);
        }
        self.bytes = self.bytes + copy.memory_bytes() - inner.memory_bytes();
        release(inner.node(), level);
        copy
    }

    /// Lets `edit` change a leaf, and counts its bytes before and after.
    #[inline]
    pub(super) fn edit_leaf<R>(&mut self, leaf: &mut Leaf, edit: impl FnOnce(&mut Leaf) -> R) -> R {
        let before = leaf.memory_bytes();
        let result = edit(leaf);
        self.bytes = self.bytes + leaf.memory_bytes() - before;
        result
    }

    pub(super) fn edit_inner<R>(&mut self, inner: &mut Inner, edit: impl FnOnce(&mut Inner) -> R) -> R {
        let before = inner.memory_bytes();
        let result = edit(inner);
        self.bytes = self.bytes + inner.memory_bytes() - before;
        result
    }

    pub(super) fn free_leaf(&mut self, leaf: Leaf) {
        self.bytes -= leaf.memory_bytes();
        leaf.free();
    }

    pub(super) fn free_inner(&mut self, inner: Inner) {
        self.bytes -= inner.memory_bytes();
        inner.free();
    }

    pub(super) fn new_leaf(&mut self, leaf: Leaf) -> Leaf {
        self.bytes += leaf.memory_bytes();
        leaf
    }
}

/// The least member below a node.
pub(super) fn first_below<'a>(mut node: NonNull<u8>, level: u32) -> MemberRef<'a> {
    for _ in 0..level {
        node = Inner::from_node(node).child(0);
    }
    Leaf::from_node(node).first()
}

/// Adds an owner to a node.
fn retain(node: NonNull<u8>, level: u32) {
    owners(node, level).fetch_add(1, Relaxed);
}

/// Takes an owner off a node; the last one's going frees it, and lets its children go.
pub(super) fn release(node: NonNull<u8>, level: u32) {
    let count = owners(node, level);
    if count.load(Acquire) != 1 && count.fetch_sub(1, Release) != 1 {
        return;
    }
    fence(Acquire);
    if level == 0 {
        return Leaf::from_node(node).free();
    }
    let inner = Inner::from_node(node);
    for at in 0..inner.len() {
        release(inner.child(at), level - 1);
    }
    inner.free();
}

fn owners(node: NonNull<u8>, level: u32) -> &'static AtomicU32 {
    if level == 0 { Leaf::from_node(node).owners() } else { Inner::from_node(node).owners() }
}

/// Shares all nodes with the original: O(1). Whoever changes a shared node makes a copy of that one.
impl Clone for ScoreTree {
    fn clone(&self) -> ScoreTree {
        if let Some(root) = self.root {
            retain(root, self.height);
        }
        ScoreTree { root: self.root, height: self.height, len: self.len, bytes: self.bytes }
    }
}

impl Drop for ScoreTree {
    fn drop(&mut self) {
        if let Some(root) = self.root.take() {
            release(root, self.height);
        }
    }
}
