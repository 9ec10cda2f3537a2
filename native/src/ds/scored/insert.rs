//! Members come into the tree: one by one, or all at once.

use std::ptr::NonNull;

use super::frame::Probe;
use super::inner::{CHILDREN_MAX, Child, Inner};
use super::leaf::{Leaf, WORDS_LOADED, WORDS_MAX};
use super::member::{Member, MemberRef};
use super::tree::{ScoreTree, prefetch_node};
use crate::ds::block::Block;

/// On which edges of the tree a node lies.
#[derive(Clone, Copy)]
struct Edges {
    first: bool,
    last: bool,
}

impl ScoreTree {
    /// Puts a member in, which must not be there, and must live as long as it is.
    pub fn insert(&mut self, member: MemberRef) {
        self.len += 1;
        let Some(root) = self.root else {
            let leaf = self.new_leaf(Leaf::of_members(std::iter::once(member)));
            self.root = Some(leaf.node());
            return;
        };
        let edges = Edges { first: true, last: true };
        let (root, right) = self.insert_below(root, self.height, &Probe::at(member), member, edges);
        self.root = Some(match right {
            None => root,
            Some(right) => self.grow(root, right),
        });
    }

    /// A new root above two nodes.
    fn grow(&mut self, left: NonNull<u8>, right: Child) -> NonNull<u8> {
        let mut inner = Inner::new(2);
        let count = self.len as u64 - right.count;
        inner.push(Child { order: 0, least: std::ptr::null_mut(), node: left, count });
        inner.push(right);
        self.bytes += inner.memory_bytes();
        self.height += 1;
        inner.node()
    }

    /// Gives the node, which may have become another, and a new one to its right if it was full.
    fn insert_below(
        &mut self,
        node: NonNull<u8>,
        level: u32,
        probe: &Probe,
        member: MemberRef,
        edges: Edges,
    ) -> (NonNull<u8>, Option<Child>) {
        if level == 0 {
            return self.insert_into_leaf(node, probe, member, edges);
        }
        let mut inner = self.own_inner(node, level);
        let at = inner.locate(probe);
        let child = inner.child(at);
        prefetch_node(child, level - 1);
        inner.counts()[at] += 1;
        let below = Edges { first: edges.first && at == 0, last: edges.last && at + 1 == inner.len() };
        let (child, right) = self.insert_below(child, level - 1, probe, member, below);
        inner.set_child(at, child);
        let Some(right) = right else { return (inner.node(), None) };
        inner.counts()[at] -= right.count;
        if inner.has_room() {
            self.edit_inner(&mut inner, |inner| inner.insert(at + 1, right));
            return (inner.node(), None);
        }
        let middle = CHILDREN_MAX / 2;
        let (other, first) = if below.last {
            // Ascending: the full node stays full.
            let mut other = Inner::new(1);
            other.push(right);
            (other, right)
        } else {
            let (mut other, first) = inner.split(middle);
            if at < middle {
                self.edit_inner(&mut inner, |inner| inner.insert(at + 1, right));
            } else {
                other.insert(at + 1 - middle, right);
            }
            (other, first)
        };
        self.bytes += other.memory_bytes();
        (inner.node(), Some(Child { node: other.node(), count: other.count(), ..first }))
    }

    fn insert_into_leaf(
        &mut self,
        node: NonNull<u8>,
        probe: &Probe,
        member: MemberRef,
        edges: Edges,
    ) -> (NonNull<u8>, Option<Child>) {
        let mut leaf = self.own_leaf(node);
        let at = leaf.locate(probe);
        if leaf.len() < WORDS_MAX {
            self.edit_leaf(&mut leaf, |leaf| leaf.insert(at, member));
            return (leaf.node(), None);
        }
        let right = if (at == WORDS_MAX && edges.last) || (at == 0 && edges.first) {
            let alone = self.new_leaf(Leaf::of_members(std::iter::once(member)));
            if at == 0 { std::mem::replace(&mut leaf, alone) } else { alone }
        } else {
            let mut right = self.edit_leaf(&mut leaf, |leaf| leaf.split(WORDS_MAX / 2));
            self.bytes += right.memory_bytes();
            if at <= WORDS_MAX / 2 {
                self.edit_leaf(&mut leaf, |leaf| leaf.insert(at, member));
            } else {
                self.edit_leaf(&mut right, |right| right.insert(at - WORDS_MAX / 2, member));
            }
            right
        };
        let least = right.first();
        let count = right.len() as u64;
        let child = Child { order: least.order(), least: least.raw(), node: right.node(), count };
        (leaf.node(), Some(child))
    }

    /// A tree of `members`, which are in order. Leaves are seven eighths full.
    pub fn load(members: &[*mut u8]) -> ScoreTree {
        let mut tree = ScoreTree { len: members.len(), ..ScoreTree::default() };
        // SAFETY: the caller gives members that live as long as they are in the tree.
        let borrowed = |raw: &*mut u8| -> MemberRef { unsafe { Member::borrow_raw(*raw) } };
        let mut nodes: Vec<Child> = Vec::with_capacity(members.len() / WORDS_LOADED + 1);
        for chunk in even_chunks(members, WORDS_LOADED) {
            let leaf = tree.new_leaf(Leaf::of_members(chunk.iter().map(borrowed)));
            let least = leaf.first();
            nodes.push(Child { order: least.order(), least: chunk[0], node: leaf.node(), count: chunk.len() as u64 });
        }
        while nodes.len() > 1 {
            let mut above = Vec::with_capacity(nodes.len() / (CHILDREN_MAX * 3 / 4) + 1);
            for chunk in even_chunks(&nodes, CHILDREN_MAX / 8 * 7) {
                let mut inner = Inner::new(chunk.len());
                chunk.iter().for_each(|child| inner.push(*child));
                inner.refit();
                tree.bytes += inner.memory_bytes();
                above.push(Child { node: inner.node(), count: inner.count(), ..chunk[0] });
            }
            nodes = above;
            tree.height += 1;
        }
        tree.root = nodes.first().map(|child| child.node);
        tree
    }
}

/// Chunks of at most `max` that differ by one in length.
fn even_chunks<T>(all: &[T], max: usize) -> impl Iterator<Item = &[T]> {
    let chunks = all.len().div_ceil(max);
    (0..chunks).map(move |chunk| &all[chunk * all.len() / chunks..(chunk + 1) * all.len() / chunks])
}
