//! The large encoding, which OBJECT ENCODING calls `quicklist`: a run at either end, and a tree of nodes between them.
//!
//! ```text
//!   pushes ─▶ ends[Left] │ node node node …  tree  … node node │ ends[Right] ◀─ pushes
//! ```
//!
//! The runs at the ends are this list's alone, so that a push or pop touches one of them and nothing else; a full one moves
//! into the tree, and an empty one takes the next node out of it. A large (plain) element is always in the tree.
//!
//! Redis keeps its nodes in a chain (quicklist.c), where a place in the middle is O(nodes) away; here it is O(log nodes).

use super::Side;
use super::element::{Element, Item};
use super::limits::Limits;
use super::node::{Node, Put, View, Wanted};
use super::run::Run;
use super::tree::Tree;

/// Lists of so many nodes get buffers of full size at their ends at once.
const ROOMY_NODES_MIN: u64 = 2;

#[derive(Clone, Default)]
pub struct Quick {
    ends: [Run; 2],
    tree: Tree,
}

/// Where an element lies.
enum Spot {
    End(Side, usize),
    /// Its number among those of the tree.
    Tree(u64),
}

/// What DEBUG OBJECT tells.
pub struct Figures {
    pub nodes: u64,
    pub squeezed: bool,
    /// As Redis counts nodes.
    pub listpack_bytes: u64,
}

impl Quick {
    /// A quicklist whose first node is `run`.
    pub fn of_run(run: Run) -> Quick {
        Quick { ends: [Run::default(), run], tree: Tree::default() }
    }

    fn end(&self, side: Side) -> &Run {
        &self.ends[side as usize]
    }

    pub fn end_mut(&mut self, side: Side) -> &mut Run {
        &mut self.ends[side as usize]
    }

    /// Elements.
    #[inline]
    pub fn len(&self) -> u64 {
        self.ends[0].len() as u64 + self.tree.sum().elements + self.ends[1].len() as u64
    }

    /// Starts loading what a push or pop touches at either end.
    #[inline]
    pub fn prefetch(&self) {
        self.ends.iter().for_each(Run::prefetch);
    }

    pub fn nodes(&self) -> u64 {
        self.tree.sum().nodes + self.ends.iter().filter(|run| !run.is_empty()).count() as u64
    }

    /// Bytes on the heap. What copies of the list share counts for each of them.
    #[inline]
    pub fn heap_bytes(&self) -> usize {
        self.ends[0].heap_bytes() + self.tree.sum().heap as usize + self.ends[1].heap_bytes()
    }

    pub fn figures(&self) -> Figures {
        let mut figures = Figures { nodes: self.nodes(), squeezed: false, listpack_bytes: 0 };
        self.visit(0, self.len(), Side::Left, &mut |view, _, _| {
            figures.listpack_bytes += view.listpack_bytes() as u64;
            true
        });
        self.tree.visit(0, self.tree.sum().elements, Side::Left, &mut |node, _, _| {
            figures.squeezed |= node.is_squeezed();
            !figures.squeezed
        });
        figures
    }

    /// Do both hold the same elements in the same nodes? Told from what copies share; false if in doubt.
    pub fn is_same(&self, other: &Quick) -> bool {
        self.tree.is_same(&other.tree)
            && self.ends.iter().zip(&other.ends).all(|(mine, theirs)| mine.bytes() == theirs.bytes())
    }

    /// Amortised O(bytes of the element).
    #[inline]
    pub fn push(&mut self, side: Side, text: &[u8], limits: &Limits) {
        let run = self.end(side);
        if !run.is_empty() && limits.allow(run.listpack_bytes(), run.len(), text.len()) {
            return self.end_mut(side).push(side, &Element::of(text));
        }
        self.push_node(side, text, limits);
    }

    #[cold]
    fn push_node(&mut self, side: Side, text: &[u8], limits: &Limits) {
        let other = self.end(side.other());
        let alone = self.end(side).is_empty() && self.tree.is_empty();
        if alone && !other.is_empty() && limits.allow(other.listpack_bytes(), other.len(), text.len()) {
            // One node: its other end is the end of the list too.
            return self.end_mut(side.other()).push(side, &Element::of(text));
        }
        self.stow_end(side, limits);
        if limits.is_plain(text.len()) {
            return self.stow(side, Node::Plain(text.into()), limits);
        }
        let element = Element::of(text);
        if self.end(side).heap_bytes() < element.size() && self.tree.sum().nodes >= ROOMY_NODES_MIN {
            // Where elements are counted, the size is a guess from the last node.
            let last = self.tree.end(side).map_or(0, Node::heap_bytes);
            let bytes = if limits.count_max == usize::MAX { limits.bytes_max } else { last.min(limits.bytes_max) };
            *self.end_mut(side) = Run::with_room(bytes.max(element.size()), side);
        }
        self.end_mut(side).push(side, &element);
    }

    /// Moves the run at an end into the tree.
    fn stow_end(&mut self, side: Side, limits: &Limits) {
        let mut run = std::mem::take(self.end_mut(side));
        if run.is_empty() {
            // Its buffer is as good as a new one.
            *self.end_mut(side) = run;
            return;
        }
        run.fit();
        self.stow(side, Node::Packed(run), limits);
    }

    /// Puts a node at an end of the tree; the run at that end of the list is empty. The node that thereby comes to lie deep
    /// enough is compressed.
    fn stow(&mut self, side: Side, node: Node, limits: &Limits) {
        debug_assert!(self.end(side).is_empty());
        self.tree.push(side, node);
        // Counted as if both ends held a node, which they mostly do.
        let Some(before) = limits.depth.checked_sub(1).map(|depth| depth as u64) else { return };
        let nodes = self.tree.sum().nodes;
        if nodes > before * 2 {
            let place = if side == Side::Left { before } else { nodes - 1 - before };
            self.tree.edit_node(place, limits, Node::squeezed);
        }
    }

    /// Makes sure that what the list begins with at `side` is at hand: in the run of that end, if it is not a large element.
    fn unstow(&mut self, side: Side) {
        if !self.end(side).is_empty() || self.tree.is_empty() || self.tree.end(side).is_some_and(Node::is_plain) {
            return;
        }
        if let Some(Node::Packed(run)) = self.tree.pop(side).map(Node::expanded) {
            *self.end_mut(side) = run;
        }
    }

    /// Takes the first element at `side` away after `read` has seen it. None: the list is empty.
    #[inline]
    pub fn pop<R>(&mut self, side: Side, read: impl FnOnce(Item) -> R) -> Option<R> {
        if self.end(side).is_empty() {
            self.unstow(side);
        }
        let from = if !self.end(side).is_empty() {
            side
        } else if self.tree.is_empty() {
            side.other()
        } else {
            let node = self.tree.pop(side)?.expanded();
            return Some(read(node.view().get(0)));
        };
        let run = self.end_mut(from);
        let result = read(run.first(side)?);
        run.pop(side);
        Some(result)
    }

    /// Calls `read` with the element at `index`. None: there is none.
    pub fn get<R>(&self, index: u64, read: impl FnOnce(Item) -> R) -> Option<R> {
        match self.spot(index)? {
            Spot::End(side, index) => Some(read(self.end(side).get(index))),
            Spot::Tree(index) => {
                let (node, offset) = self.tree.find(index)?;
                Some(read(node.view().get(offset)))
            }
        }
    }

    fn spot(&self, index: u64) -> Option<Spot> {
        let left = self.end(Side::Left).len() as u64;
        if index < left {
            return Some(Spot::End(Side::Left, index as usize));
        }
        let (index, middle) = (index - left, self.tree.sum().elements);
        if index < middle {
            return Some(Spot::Tree(index));
        }
        let index = (index - middle) as usize;
        (index < self.end(Side::Right).len()).then_some(Spot::End(Side::Right, index))
    }

    /// Puts an element in the place of the one at `index`, which exists. Moves one node at most.
    pub fn replace(&mut self, index: u64, text: &[u8], limits: &Limits) {
        match self.spot(index).expect("the element exists") {
            Spot::End(side, offset) => self.put_at_end(side, offset, Put::Replace, text, limits),
            Spot::Tree(index) => {
                self.tree.edit(index, limits, |node, offset| node.put(offset, Put::Replace, text, limits))
            }
        }
        self.gather(limits);
    }

    /// Puts an element before the one at `index`, or at the end. Moves one node at most.
    pub fn insert(&mut self, index: u64, text: &[u8], limits: &Limits) {
        let (left, middle) = (self.end(Side::Left).len() as u64, self.tree.sum().elements);
        if index == 0 || index == self.len() {
            return self.push(if index == 0 { Side::Left } else { Side::Right }, text, limits);
        }
        if index <= left {
            return self.put_at_end(Side::Left, index as usize, Put::Insert, text, limits);
        }
        if index - left > middle || (index - left == middle && !self.end(Side::Right).is_empty()) {
            return self.put_at_end(Side::Right, (index - left - middle) as usize, Put::Insert, text, limits);
        }
        let index = index - left;
        // Between two nodes: the one before has a look first, or each of many elements would get a node of its own.
        let behind = index == middle
            || self.tree.find(index).is_some_and(|(_, offset)| offset == 0)
                && self.tree.find(index - 1).is_some_and(|(node, _)| {
                    let view = node.view();
                    !node.is_plain() && limits.allow(view.listpack_bytes(), node.len(), text.len())
                });
        let (index, more) = if behind { (index - 1, 1) } else { (index, 0) };
        self.tree.edit(index, limits, |node, offset| node.put(offset + more, Put::Insert, text, limits));
    }

    fn put_at_end(&mut self, side: Side, offset: usize, put: Put, text: &[u8], limits: &Limits) {
        let run = std::mem::take(self.end_mut(side));
        let mut nodes = Node::Packed(run).put(offset, put, text, limits);
        if nodes.len() == 1 && !nodes[0].is_plain() {
            if let Some(Node::Packed(run)) = nodes.pop() {
                *self.end_mut(side) = run;
            }
            return;
        }
        if side == Side::Left {
            nodes.into_iter().rev().for_each(|node| self.stow(side, node, limits));
        } else {
            nodes.into_iter().for_each(|node| self.stow(side, node, limits));
        }
    }

    /// A replaced element may have become so small that a few nodes fit into one: as in Redis, where a node keeps its
    /// elements however large one of them gets.
    fn gather(&mut self, limits: &Limits) {
        let nodes = self.nodes();
        if !(2..=3).contains(&nodes) || self.heap_bytes() > 4 * limits.bytes_max {
            return;
        }
        let (mut bytes, mut plain) = (0, false);
        self.visit(0, self.len(), Side::Left, &mut |view, _, _| {
            bytes += view.listpack_bytes();
            plain |= view.is_plain();
            true
        });
        let count = self.len() as usize;
        if !plain && limits.is_small(bytes, count) && !limits.exceeded(bytes, count) {
            *self = Quick::of_run(self.gathered());
        }
    }

    /// All elements in one run. O(n): for short lists.
    pub fn gathered(&self) -> Run {
        let mut run = Run::default();
        self.visit(0, self.len(), Side::Left, &mut |view, skip, take| {
            view.items(skip, take).for_each(|item| run.push(Side::Right, &Element::of_item(item)));
            true
        });
        run
    }

    /// The only node, if there is one only and it is no large element.
    pub fn only_run(&mut self) -> Option<&mut Run> {
        if self.nodes() != 1 {
            return None;
        }
        self.unstow(Side::Right);
        self.ends.iter_mut().find(|run| !run.is_empty())
    }

    /// Takes the elements at `indexes` (ascending) away. Each node is edited once.
    pub fn remove(&mut self, indexes: &[u64], limits: &Limits) {
        let mut rest = indexes;
        // From the right, so that the indexes of those to the left stay.
        while let Some(&last) = rest.last() {
            let (first, len) = self.node_around(last);
            let from = rest.partition_point(|index| *index < first);
            let within: Vec<usize> = rest[from..].iter().map(|index| (index - first) as usize).collect();
            rest = &rest[..from];
            match self.spot(first).expect("the element exists") {
                Spot::End(side, _) => {
                    let run = std::mem::take(self.end_mut(side));
                    if within.len() < len
                        && let Some(Node::Packed(run)) = Node::Packed(run).without(&within).pop()
                    {
                        *self.end_mut(side) = run;
                    }
                }
                Spot::Tree(index) => self.tree.edit(index, limits, |node, _| node.without(&within)),
            }
        }
    }

    /// Index of the first element of the node with element `index`, and how many it has.
    fn node_around(&self, index: u64) -> (u64, usize) {
        match self.spot(index).expect("the element exists") {
            Spot::End(side, offset) => (index - offset as u64, self.end(side).len()),
            Spot::Tree(place) => {
                let (node, offset) = self.tree.find(place).expect("the element exists");
                (index - offset as u64, node.len())
            }
        }
    }

    /// Splits it before element `index`. O(log n) and one node.
    pub fn split(self, index: u64) -> (Quick, Quick) {
        let [mut first, mut last] = self.ends;
        let left_len = first.len() as u64;
        if index <= left_len {
            let tail = first.split_off(first.seek(index as usize), index as usize);
            return (Quick::of_run(first), Quick { ends: [tail, last], tree: self.tree });
        }
        let index = index - left_len;
        let middle = self.tree.sum().elements;
        if index >= middle {
            let offset = ((index - middle) as usize).min(last.len());
            let tail = last.split_off(last.seek(offset), offset);
            return (Quick { ends: [first, last], tree: self.tree }, Quick::of_run(tail));
        }
        let (left, node, mut right) = self.tree.split(index);
        let mut left = Quick { ends: [first, Run::default()], tree: left };
        if let Some((node, offset)) = node {
            if offset == 0 {
                right.push(Side::Left, node);
            } else if let (Node::Packed(head), Node::Packed(tail)) = node.split(offset) {
                left.ends[1] = head;
                return (left, Quick { ends: [tail, last], tree: right });
            }
        }
        (left, Quick { ends: [Run::default(), last], tree: right })
    }

    /// The two behind each other. O(log n) and two nodes.
    pub fn join(self, right: Quick, limits: &Limits) -> Quick {
        let Quick { ends: [first, mut inner], mut tree } = self;
        let Quick { ends: [other, last], tree: right_tree } = right;
        let mut stow = |run: Run| {
            if !run.is_empty() {
                tree.push(Side::Right, Node::Packed(run));
            }
        };
        // What a split has cut goes together again.
        if !inner.is_empty()
            && !other.is_empty()
            && !limits.exceeded(inner.listpack_bytes() + other.bytes().len(), inner.len() + other.len())
        {
            inner.append(&other);
            stow(inner);
        } else {
            stow(inner);
            stow(other);
        }
        let mut joined = Quick { ends: [first, last], tree: tree.join(right_tree) };
        if joined.tree.is_empty() && joined.ends[1].is_empty() {
            joined.ends.swap(0, 1);
        }
        joined
    }

    /// Calls `each` with the nodes that hold the elements from `from` on, `count` of them, and which of a node's elements
    /// those are: how many to skip and how many to take. The last node first if `side` is the right one. False: `each` has
    /// had enough.
    pub fn visit(&self, from: u64, count: u64, side: Side, each: &mut dyn FnMut(&View, usize, usize) -> bool) -> bool {
        let (left, middle) = (self.end(Side::Left).len() as u64, self.tree.sum().elements);
        let end = (from + count).min(self.len());
        // The part of the range within a part of the list that begins at `start`.
        let part = |start: u64, len: u64| {
            let (low, high) = (from.max(start), end.min(start + len));
            (low < high).then(|| (low - start, high - low))
        };
        let starts = [0, left, left + middle];
        let lens = [left, middle, self.end(Side::Right).len() as u64];
        let order = if side == Side::Left { [0, 1, 2] } else { [2, 1, 0] };
        order.into_iter().all(|place| match (part(starts[place], lens[place]), place) {
            (None, _) => true,
            (Some((skip, take)), 1) => {
                self.tree.visit(skip, take, side, &mut |node, skip, take| each(&node.view(), skip, take))
            }
            (Some((skip, take)), _) => each(&View::of_run(&self.ends[place / 2]), skip as usize, take as usize),
        })
    }

    /// Calls `each` with the indexes of the elements from `from` on, `count` of them, that are the one wanted; the last one
    /// first if `side` is the right one.
    pub fn find(&self, wanted: &Wanted, from: u64, count: u64, side: Side, each: &mut dyn FnMut(u64) -> bool) -> bool {
        let end = (from + count).min(self.len());
        let mut at = if side == Side::Left { from } else { end };
        self.visit(from, count, side, &mut |view, skip, take| {
            // Index of the node's first element.
            let first = if side == Side::Left { at - skip as u64 } else { at - (skip + take) as u64 };
            at = if side == Side::Left { at + take as u64 } else { at - take as u64 };
            view.find(wanted, skip, take, side, |index| each(first + index as u64))
        })
    }
}

#[cfg(test)]
impl Quick {
    /// Panics where something is wrong with the list's parts.
    pub fn check(&self) {
        self.tree.check();
        for run in &self.ends {
            assert_eq!(super::element::items(run.bytes()).count(), run.len());
        }
    }
}
