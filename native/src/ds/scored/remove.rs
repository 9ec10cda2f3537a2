//! Members leave the tree, or move within it: one by one, or all of some ranks.

use std::ptr::NonNull;
use std::sync::atomic::Ordering::Acquire;

use super::frame::Probe;
use super::inner::Inner;
use super::leaf::Leaf;
use super::member::MemberRef;
use super::tree::{ScoreTree, first_below, prefetch_node, release};
use super::word::raw_of;

/// A node with all that is below it, taken out of a tree.
pub struct Piece {
    node: NonNull<u8>,
    level: u32,
}

/// What a change below left: the child's node, None if nothing is left of it, and its least member if that is another.
struct Left<'a> {
    node: Option<NonNull<u8>>,
    least: Option<MemberRef<'a>>,
}

impl ScoreTree {
    /// Takes a member out. `member` must be in the tree and have the score it stands under.
    pub fn remove(&mut self, member: MemberRef) {
        let root = self.root.expect("the member is in the tree");
        let left = self.remove_below(root, self.height, &Probe::at(member), member);
        self.len -= 1;
        self.root = left.node;
        self.lower();
    }

    fn remove_below<'a>(&mut self, node: NonNull<u8>, level: u32, probe: &Probe, member: MemberRef) -> Left<'a> {
        if level == 0 {
            let mut leaf = self.own_leaf(node);
            let at = leaf.locate(probe);
            assert!(
                at < leaf.len() && raw_of(leaf.words()[at]) == member.raw(),
                "the member stands where its score says"
            );
            self.edit_leaf(&mut leaf, |leaf| leaf.remove(at));
            if leaf.len() == 0 {
                self.free_leaf(leaf);
                return Left { node: None, least: None };
            }
            return Left { node: Some(leaf.node()), least: (at == 0).then(|| leaf.first()) };
        }
        let inner = self.own_inner(node, level);
        let at = inner.locate(probe);
        let child = inner.child(at);
        prefetch_node(child, level - 1);
        inner.counts()[at] -= 1;
        let left = self.remove_below(child, level - 1, probe, member);
        self.mend(inner, level, at, left)
    }

    /// After a change below child `at` of `inner`, which is on `level`.
    fn mend<'a>(&mut self, inner: Inner, level: u32, at: usize, left: Left) -> Left<'a> {
        let Some(child) = left.node else {
            inner.remove_range(at, at + 1);
            if inner.len() == 0 {
                self.free_inner(inner);
                return Left { node: None, least: None };
            }
            let least = (at == 0).then(|| first_below(inner.node(), level));
            return Left { node: Some(inner.node()), least };
        };
        inner.set_child(at, child);
        if let Some(least) = left.least
            && at > 0
        {
            inner.set_least(at, least);
        }
        if at + 1 < inner.len() {
            self.join(inner, level, at);
        }
        if at > 0 {
            self.join(inner, level, at - 1);
        }
        let least = (at == 0 && left.least.is_some()).then(|| first_below(inner.node(), level));
        Left { node: Some(inner.node()), least }
    }

    /// Makes one of the children `at` and `at + 1` of `inner` if they should be.
    fn join(&mut self, inner: Inner, level: u32, at: usize) {
        let (left, right) = (inner.child(at), inner.child(at + 1));
        let joined = if level == 1 {
            if !Leaf::from_node(left).should_join(Leaf::from_node(right)) {
                return;
            }
            let (mut left, right) = (self.own_leaf(left), self.own_leaf(right));
            self.bytes -= right.memory_bytes();
            self.edit_leaf(&mut left, |left| left.join(right));
            left.node()
        } else {
            if !Inner::from_node(left).should_join(Inner::from_node(right)) {
                return;
            }
            let (mut left, right) = (self.own_inner(left, level - 1), self.own_inner(right, level - 1));
            let least = first_below(right.node(), level - 1);
            self.bytes -= right.memory_bytes();
            self.edit_inner(&mut left, |left| left.join(right, least));
            left.node()
        };
        inner.set_child(at, joined);
        inner.counts()[at] += inner.counts()[at + 1];
        inner.remove_range(at + 1, at + 2);
    }

    /// Lets roots with one child go.
    fn lower(&mut self) {
        if self.root.is_none() {
            self.height = 0;
        }
        while self.height > 0 {
            let Some(root) = self.root else { return };
            if Inner::from_node(root).len() > 1 {
                return;
            }
            let inner = self.own_inner(root, self.height);
            self.root = Some(inner.child(0));
            self.height -= 1;
            self.free_inner(inner);
        }
    }

    /// Moves a member that has the score of `probe` from now on, but stands under its old one, if that stays within its
    /// leaf; `set` gives it the new score. False: nothing was done.
    pub fn reposition(&mut self, member: MemberRef, probe: &Probe, set: impl FnOnce()) -> bool {
        let old = Probe::at(member);
        let Some(mut node) = self.root else { return false };
        for level in (0..self.height).rev() {
            let inner = Inner::from_node(node);
            let at = inner.locate(&old);
            if inner.locate(probe) != at || inner.owners().load(Acquire) != 1 {
                return false;
            }
            node = inner.child(at);
            prefetch_node(node, level);
        }
        let leaf = Leaf::from_node(node);
        if leaf.owners().load(Acquire) != 1 {
            return false;
        }
        let from = leaf.locate(&old);
        let to = leaf.locate(probe);
        let to = to - (to > from) as usize;
        let inside = |at: usize| at > 0 && at + 1 < leaf.len();
        if !inside(from) || !inside(to) {
            return false;
        }
        set();
        leaf.reposition(from, to);
        true
    }

    /// Takes the members of ranks `from` to `to` (excluded) out: the pieces, in order, for [`ScoreTree::drain`]. O(log n).
    pub fn cut(&mut self, from: usize, to: usize) -> Vec<Piece> {
        assert!(from <= to && to <= self.len);
        let mut pieces = Vec::new();
        let Some(root) = self.root.filter(|_| from < to) else { return pieces };
        if to - from == self.len {
            pieces.push(Piece { node: root, level: self.height });
            (self.root, self.height, self.len) = (None, 0, 0);
            return pieces;
        }
        let left = self.cut_below(root, self.height, from as u64, to as u64, &mut pieces);
        self.len -= to - from;
        self.root = left.node;
        self.lower();
        pieces
    }

    /// Takes members out below a node, but not all of them.
    fn cut_below<'a>(
        &mut self,
        node: NonNull<u8>,
        level: u32,
        from: u64,
        to: u64,
        pieces: &mut Vec<Piece>,
    ) -> Left<'a> {
        if level == 0 {
            let mut leaf = self.own_leaf(node);
            let piece = self.new_leaf(leaf.copy_range(from as usize, to as usize));
            pieces.push(Piece { node: piece.node(), level: 0 });
            self.edit_leaf(&mut leaf, |leaf| leaf.remove_range(from as usize, to as usize));
            return Left { node: Some(leaf.node()), least: (from == 0).then(|| leaf.first()) };
        }
        let inner = self.own_inner(node, level);
        let (mut start, mut whole) = (0, 0..0);
        for at in 0..inner.len() {
            let count = inner.counts()[at];
            let end = start + count;
            let (low, high) = (from.max(start), to.min(end));
            if low < high && high - low == count {
                pieces.push(Piece { node: inner.child(at), level: level - 1 });
                whole = if whole.is_empty() { at..at + 1 } else { whole.start..at + 1 };
            } else if low < high {
                inner.counts()[at] -= high - low;
                let left = self.cut_below(inner.child(at), level - 1, low - start, high - start, pieces);
                inner.set_child(at, left.node.expect("not all is taken out"));
                if let Some(least) = left.least
                    && at > 0
                {
                    inner.set_least(at, least);
                }
            }
            start = end;
        }
        inner.remove_range(whole.start, whole.end);
        // What was left and right of the cut has become small, and they have become neighbours.
        let seam = if whole.is_empty() { inner.locate_rank(from.min(inner.count() - 1)).0 } else { whole.start };
        for at in [seam + 1, seam, seam.wrapping_sub(1), seam.wrapping_sub(2)] {
            if at < inner.len() && at + 1 < inner.len() {
                self.join(inner, level, at);
            }
        }
        Left { node: Some(inner.node()), least: (from == 0).then(|| first_below(inner.node(), level)) }
    }

    /// Gives the members of a piece to `each`, in order, and lets its nodes go.
    pub fn drain(&mut self, piece: Piece, each: &mut impl FnMut(*mut u8)) {
        self.visit(piece.node, piece.level, each);
        release(piece.node, piece.level);
    }

    /// Calls `each` for all members below a node, whose bytes are counted off.
    fn visit(&mut self, node: NonNull<u8>, level: u32, each: &mut impl FnMut(*mut u8)) {
        if level == 0 {
            let leaf = Leaf::from_node(node);
            self.bytes -= leaf.memory_bytes();
            return leaf.words().iter().for_each(|word| each(raw_of(*word)));
        }
        let inner = Inner::from_node(node);
        self.bytes -= inner.memory_bytes();
        for at in 0..inner.len() {
            self.visit(inner.child(at), level - 1, each);
        }
    }
}
