//! The nodes of a long list in order, as a B+ tree that knows how many elements lie where.
//!
//! ```text
//!                     [ 900 elements | 700 ]                    branches: up to 64 kids each, and their sums
//!                    /                      \
//!       [ 500 | 400 ]                        [ 700 ]
//!       /           \                        /     \
//!    leaf            leaf                 leaf      …           entries: a node and the number of its elements
//! ```
//!
//! Nodes and branches are shared (`Arc`) and copied when one who shares them writes: a copy of the whole tree costs
//! nothing, so a long reply can be written from the list as it was, while others go on.
//!
//! Every operation touches O(log n) branches and one node. Two branches beside each other that would fit into one are made
//! one wherever an edit meets them (not when a kid at an end goes), which keeps all but the edges at least half full.

use std::sync::Arc;

use smallvec::SmallVec;

use super::Side;
use super::limits::Limits;
use super::node::{Node, Nodes};

/// Most kids of a branch.
const FANOUT: usize = 64;

/// Sizes of nodes are kept in so many bytes, so that 32 bits do.
const HEAP_UNIT: usize = 16;

/// What lies below a place in the tree.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Sum {
    pub elements: u64,
    pub nodes: u64,
    /// Bytes on the heap.
    pub heap: u64,
}

#[derive(Clone, Default)]
pub struct Tree {
    root: Option<Arc<Branch>>,
    /// Branches between the root and the nodes, both ends counted; 0 for an empty tree.
    height: usize,
    sum: Sum,
}

#[derive(Clone)]
enum Branch {
    Leaf(Vec<Entry>),
    Inner(Vec<Kid>),
}

#[derive(Clone)]
struct Entry {
    node: Arc<Node>,
    elements: u32,
    /// In units of [`HEAP_UNIT`].
    heap: u32,
}

#[derive(Clone)]
struct Kid {
    branch: Arc<Branch>,
    sum: Sum,
}

const _: () = assert!(size_of::<Entry>() == 16);

/// Two counters of an Arc.
const ARC_BYTES: usize = 16;

impl Entry {
    fn of(node: Node) -> Entry {
        let heap = node.heap_bytes() + ARC_BYTES + size_of::<Node>();
        // A node of several elements has fewer than 4 G of them.
        Entry { elements: node.len() as u32, heap: heap.div_ceil(HEAP_UNIT) as u32, node: Arc::new(node) }
    }

    fn into_node(self) -> Node {
        Arc::unwrap_or_clone(self.node)
    }
}

impl Branch {
    fn len(&self) -> usize {
        match self {
            Branch::Leaf(entries) => entries.len(),
            Branch::Inner(kids) => kids.len(),
        }
    }

    /// O(FANOUT), over one run of memory.
    fn sum(&self) -> Sum {
        let mut sum = Sum { heap: (ARC_BYTES + size_of::<Branch>()) as u64, ..Sum::default() };
        match self {
            Branch::Leaf(entries) => {
                sum.nodes = entries.len() as u64;
                sum.heap += (entries.capacity() * size_of::<Entry>()) as u64;
                for entry in entries {
                    sum.elements += entry.elements as u64;
                    sum.heap += (entry.heap as usize * HEAP_UNIT) as u64;
                }
            }
            Branch::Inner(kids) => {
                sum.heap += (kids.capacity() * size_of::<Kid>()) as u64;
                for kid in kids {
                    sum.elements += kid.sum.elements;
                    sum.nodes += kid.sum.nodes;
                    sum.heap += kid.sum.heap;
                }
            }
        }
        sum
    }

    /// Takes over the kids of the branch to its right, which has the same height.
    fn absorb(&mut self, right: Arc<Branch>) {
        match (self, Arc::unwrap_or_clone(right)) {
            (Branch::Leaf(mine), Branch::Leaf(theirs)) => mine.extend(theirs),
            (Branch::Inner(mine), Branch::Inner(theirs)) => mine.extend(theirs),
            _ => unreachable!("branches of one height"),
        }
    }

    /// Splits off the right half if there are too many kids.
    fn overflow(&mut self) -> Option<Kid> {
        if self.len() <= FANOUT {
            return None;
        }
        let half = self.len() / 2;
        Some(Kid::of(match self {
            Branch::Leaf(entries) => Branch::Leaf(entries.split_off(half)),
            Branch::Inner(kids) => Branch::Inner(kids.split_off(half)),
        }))
    }
}

impl Kid {
    fn of(branch: Branch) -> Kid {
        Kid { sum: branch.sum(), branch: Arc::new(branch) }
    }
}

/// How a place in the tree is named.
#[derive(Clone, Copy)]
enum At {
    Element(u64),
    Node(u64),
}

impl At {
    /// Is it within `sum`? If not, it is counted from behind it.
    fn within(&mut self, elements: u64, nodes: u64) -> bool {
        let (at, size) = match self {
            At::Element(at) => (at, elements),
            At::Node(at) => (at, nodes),
        };
        if *at < size {
            return true;
        }
        *at -= size;
        false
    }
}

/// The kid with the place in it, which is then counted from the kid's beginning.
fn kid_at(kids: &[Kid], at: &mut At) -> usize {
    kids.iter().position(|kid| at.within(kid.sum.elements, kid.sum.nodes)).expect("the place is in the tree")
}

fn entry_at(entries: &[Entry], at: &mut At) -> usize {
    entries.iter().position(|entry| at.within(entry.elements as u64, 1)).expect("the place is in the tree")
}

impl Tree {
    pub fn sum(&self) -> Sum {
        self.sum
    }

    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Do the two share all their branches? Then they are equal.
    pub fn is_same(&self, other: &Tree) -> bool {
        match (&self.root, &other.root) {
            (Some(mine), Some(theirs)) => Arc::ptr_eq(mine, theirs),
            (mine, theirs) => mine.is_none() && theirs.is_none(),
        }
    }

    fn set_root(&mut self, branch: Arc<Branch>, height: usize) {
        self.sum = branch.sum();
        (self.root, self.height) = (Some(branch), height);
        // A root with one kid is no root.
        while let Some(Branch::Inner(kids)) = self.root.as_deref()
            && let [only] = &kids[..]
        {
            (self.root, self.height) = (Some(only.branch.clone()), self.height - 1);
            self.sum = self.root.as_ref().map(|root| root.sum()).unwrap_or_default();
        }
        if self.root.as_ref().is_some_and(|root| root.len() == 0) {
            *self = Tree::default();
        }
    }

    /// Puts a node at one end. Amortised O(1).
    pub fn push(&mut self, side: Side, node: Node) {
        let entry = Entry::of(node);
        let Some(mut root) = self.root.take() else {
            return self.set_root(Arc::new(Branch::Leaf(vec![entry])), 1);
        };
        match push(&mut root, side, entry) {
            None => self.set_root(root, self.height),
            Some(beside) => {
                let kid = Kid { sum: root.sum(), branch: root };
                let kids = if side == Side::Left { vec![beside, kid] } else { vec![kid, beside] };
                self.set_root(Arc::new(Branch::Inner(kids)), self.height + 1);
            }
        }
    }

    /// Takes the node at one end out. O(log n).
    pub fn pop(&mut self, side: Side) -> Option<Node> {
        let mut root = self.root.take()?;
        let node = pop(&mut root, side);
        self.set_root(root, self.height);
        Some(node)
    }

    /// The node at one end.
    pub fn end(&self, side: Side) -> Option<&Node> {
        let mut branch = self.root.as_deref()?;
        loop {
            branch = match (branch, side) {
                (Branch::Leaf(entries), Side::Left) => return entries.first().map(|entry| &*entry.node),
                (Branch::Leaf(entries), Side::Right) => return entries.last().map(|entry| &*entry.node),
                (Branch::Inner(kids), Side::Left) => &kids.first()?.branch,
                (Branch::Inner(kids), Side::Right) => &kids.last()?.branch,
            };
        }
    }

    /// The node with element `index`, and the element's place in it.
    pub fn find(&self, index: u64) -> Option<(&Node, usize)> {
        if index >= self.sum.elements {
            return None;
        }
        let (mut branch, mut at) = (self.root.as_deref()?, At::Element(index));
        loop {
            match branch {
                Branch::Inner(kids) => branch = &kids[kid_at(kids, &mut at)].branch,
                Branch::Leaf(entries) => {
                    let entry = &entries[entry_at(entries, &mut at)];
                    let At::Element(offset) = at else { unreachable!("named by its element") };
                    return Some((&entry.node, offset as usize));
                }
            }
        }
    }

    /// Replaces the node with element `index` by what `edit` makes of it and of the element's place in it. Small nodes that
    /// are then beside each other become one.
    pub fn edit(&mut self, index: u64, limits: &Limits, edit: impl FnOnce(Node, usize) -> Nodes) {
        debug_assert!(index < self.sum.elements);
        self.edit_at(At::Element(index), limits, edit);
    }

    /// The same for node number `index`.
    pub fn edit_node(&mut self, index: u64, limits: &Limits, edit: impl FnOnce(Node) -> Node) {
        debug_assert!(index < self.sum.nodes);
        self.edit_at(At::Node(index), limits, |node, _| smallvec::smallvec![edit(node)]);
    }

    fn edit_at(&mut self, at: At, limits: &Limits, edit: impl FnOnce(Node, usize) -> Nodes) {
        let Some(mut root) = self.root.take() else { return };
        match edit_branch(&mut root, at, limits, edit) {
            None => self.set_root(root, self.height),
            Some(beside) => {
                let kids = vec![Kid { sum: root.sum(), branch: root }, beside];
                self.set_root(Arc::new(Branch::Inner(kids)), self.height + 1);
            }
        }
    }

    /// What lies before the node with element `index`; that node and the element's place in it; what lies after it.
    pub fn split(mut self, index: u64) -> (Tree, Option<(Node, usize)>, Tree) {
        if index >= self.sum.elements {
            return (self, None, Tree::default());
        }
        let Some(root) = self.root.take() else { return (self, None, Tree::default()) };
        let (left, node, right) = split(root, self.height, At::Element(index));
        (left, Some(node), right)
    }

    /// The two behind each other. O(log n).
    pub fn join(self, right: Tree) -> Tree {
        let (Some(left_root), Some(right_root)) = (&self.root, &right.root) else {
            return if self.is_empty() { right } else { self };
        };
        let (mut left_root, mut right_root) = (left_root.clone(), right_root.clone());
        let (left_height, right_height) = (self.height, right.height);
        drop((self, right));
        let mut joined = Tree::default();
        let (height, beside) = if left_height >= right_height {
            (left_height, graft(&mut left_root, Side::Right, left_height - right_height, right_root))
        } else {
            let beside = graft(&mut right_root, Side::Left, right_height - left_height, left_root);
            left_root = right_root;
            (right_height, beside)
        };
        let Some(beside) = beside else {
            joined.set_root(left_root, height);
            return joined;
        };
        let kid = Kid { sum: left_root.sum(), branch: left_root };
        let kids = if left_height >= right_height { vec![kid, beside] } else { vec![beside, kid] };
        joined.set_root(Arc::new(Branch::Inner(kids)), height + 1);
        joined
    }

    /// Calls `each` with the nodes that hold the elements from `from` on, `count` of them, and which of a node's elements
    /// those are: how many to skip and how many to take. The last node first if `side` is the right one. False: `each` has
    /// had enough.
    pub fn visit(&self, from: u64, count: u64, side: Side, each: &mut dyn FnMut(&Node, usize, usize) -> bool) -> bool {
        match &self.root {
            Some(root) if count > 0 => visit(root, from, count, side, each),
            _ => true,
        }
    }
}

fn push(branch: &mut Arc<Branch>, side: Side, entry: Entry) -> Option<Kid> {
    match Arc::make_mut(branch) {
        // A full leaf stays full: lists grow at their ends.
        Branch::Leaf(entries) if entries.len() == FANOUT => Some(Kid::of(Branch::Leaf(vec![entry]))),
        Branch::Leaf(entries) => {
            entries.insert(if side == Side::Left { 0 } else { entries.len() }, entry);
            None
        }
        Branch::Inner(kids) => {
            let last = if side == Side::Left { 0 } else { kids.len() - 1 };
            let kid = &mut kids[last];
            let beside = push(&mut kid.branch, side, entry);
            kid.sum = kid.branch.sum();
            let beside = beside?;
            if kids.len() == FANOUT {
                return Some(Kid::of(Branch::Inner(vec![beside])));
            }
            kids.insert(if side == Side::Left { 0 } else { kids.len() }, beside);
            None
        }
    }
}

fn pop(branch: &mut Arc<Branch>, side: Side) -> Node {
    match Arc::make_mut(branch) {
        Branch::Leaf(entries) => {
            let last = if side == Side::Left { 0 } else { entries.len() - 1 };
            entries.remove(last).into_node()
        }
        Branch::Inner(kids) => {
            let last = if side == Side::Left { 0 } else { kids.len() - 1 };
            let kid = &mut kids[last];
            let node = pop(&mut kid.branch, side);
            if kid.branch.len() == 0 {
                kids.remove(last);
            } else {
                kid.sum = kid.branch.sum();
            }
            node
        }
    }
}

fn edit_branch(
    branch: &mut Arc<Branch>,
    mut at: At,
    limits: &Limits,
    edit: impl FnOnce(Node, usize) -> Nodes,
) -> Option<Kid> {
    let branch = Arc::make_mut(branch);
    match branch {
        Branch::Leaf(entries) => {
            let place = entry_at(entries, &mut at);
            let offset = if let At::Element(offset) = at { offset as usize } else { 0 };
            let node = entries.remove(place).into_node();
            let made: SmallVec<[Entry; 3]> = edit(node, offset).into_iter().map(Entry::of).collect();
            let count = made.len();
            entries.splice(place..place, made);
            merge_small(entries, place, count, limits);
        }
        Branch::Inner(kids) => {
            let place = kid_at(kids, &mut at);
            let beside = edit_branch(&mut kids[place].branch, at, limits, edit);
            if kids[place].branch.len() == 0 {
                kids.remove(place);
            } else {
                kids[place].sum = kids[place].branch.sum();
                match beside {
                    Some(beside) => kids.insert(place + 1, beside),
                    None if kids[place].branch.len() < FANOUT / 2 => merge_kids(kids, place),
                    None => (),
                }
            }
        }
    }
    branch.overflow()
}

/// Makes one of the branch at `place` and one beside it if they fit into one.
fn merge_kids(kids: &mut Vec<Kid>, place: usize) {
    for left in [place, place.wrapping_sub(1)] {
        if left < kids.len() && left + 1 < kids.len() && kids[left].branch.len() + kids[left + 1].branch.len() <= FANOUT
        {
            let right = kids.remove(left + 1);
            let kid = &mut kids[left];
            Arc::make_mut(&mut kid.branch).absorb(right.branch);
            kid.sum = kid.branch.sum();
            return;
        }
    }
}

/// Makes one of the small nodes from the one before `place` to the one after its `count`.
fn merge_small(entries: &mut Vec<Entry>, place: usize, count: usize, limits: &Limits) {
    let mut left = place.saturating_sub(1);
    let mut pairs = count + 1;
    while pairs > 0 && left + 1 < entries.len() {
        pairs -= 1;
        // The sizes kept here tell most without a look at the node.
        let small = |entry: &Entry| match &*entry.node {
            Node::Packed(run) => Some((run.listpack_bytes(), run.len())),
            _ => None,
        };
        let both = (entries[left].heap + entries[left + 1].heap) as usize * HEAP_UNIT <= limits.bytes_max;
        let fit = both
            && small(&entries[left]).zip(small(&entries[left + 1])).is_some_and(|((bytes, count), (more, others))| {
                let (bytes, count) = (bytes + more, count + others);
                limits.is_small(bytes, count) && !limits.exceeded(bytes, count)
            });
        if !fit {
            left += 1;
            continue;
        }
        let Node::Packed(right) = entries.remove(left + 1).into_node() else { unreachable!("looked at above") };
        let Node::Packed(mut run) = entries.remove(left).into_node() else { unreachable!("looked at above") };
        run.append(&right);
        entries.insert(left, Entry::of(Node::Packed(run)));
    }
}

fn split(branch: Arc<Branch>, height: usize, mut at: At) -> (Tree, (Node, usize), Tree) {
    let tree = |branch: Branch, height: usize| {
        let mut tree = Tree::default();
        tree.set_root(Arc::new(branch), height);
        tree
    };
    match Arc::unwrap_or_clone(branch) {
        Branch::Leaf(mut entries) => {
            let place = entry_at(&entries, &mut at);
            let right = entries.split_off(place + 1);
            let node = entries.pop().expect("the place was found").into_node();
            let At::Element(offset) = at else { unreachable!("named by its element") };
            (tree(Branch::Leaf(entries), height), (node, offset as usize), tree(Branch::Leaf(right), height))
        }
        Branch::Inner(mut kids) => {
            let place = kid_at(&kids, &mut at);
            let right = kids.split_off(place + 1);
            let kid = kids.pop().expect("the place was found");
            let (inner_left, node, inner_right) = split(kid.branch, height - 1, at);
            let left = tree(Branch::Inner(kids), height).join(inner_left);
            (left, node, inner_right.join(tree(Branch::Inner(right), height)))
        }
    }
}

/// Puts `other`, which is `depth` levels lower, beside the kids at one end of `branch`; into the last of them if it fits.
fn graft(branch: &mut Arc<Branch>, side: Side, depth: usize, other: Arc<Branch>) -> Option<Kid> {
    if depth == 0 {
        if branch.len() + other.len() > FANOUT {
            return Some(Kid { sum: other.sum(), branch: other });
        }
        if side == Side::Right {
            Arc::make_mut(branch).absorb(other);
        } else {
            let right = std::mem::replace(branch, other);
            Arc::make_mut(branch).absorb(right);
        }
        return None;
    }
    let Branch::Inner(kids) = Arc::make_mut(branch) else { unreachable!("there are levels below") };
    let last = if side == Side::Left { 0 } else { kids.len() - 1 };
    let kid = &mut kids[last];
    let beside = graft(&mut kid.branch, side, depth - 1, other);
    kid.sum = kid.branch.sum();
    let beside = beside?;
    if kids.len() == FANOUT {
        return Some(Kid::of(Branch::Inner(vec![beside])));
    }
    kids.insert(if side == Side::Left { 0 } else { kids.len() }, beside);
    None
}

fn visit(
    branch: &Branch,
    mut from: u64,
    mut count: u64,
    side: Side,
    each: &mut dyn FnMut(&Node, usize, usize) -> bool,
) -> bool {
    // Which kids hold the range, and which part of each.
    let mut parts: SmallVec<[(usize, u64, u64); FANOUT]> = SmallVec::new();
    let mut note = |place: usize, elements: u64| {
        if from >= elements {
            from -= elements;
            return true;
        }
        let take = count.min(elements - from);
        parts.push((place, from, take));
        (from, count) = (0, count - take);
        count > 0
    };
    match branch {
        Branch::Leaf(entries) => entries.iter().enumerate().all(|(place, entry)| note(place, entry.elements as u64)),
        Branch::Inner(kids) => kids.iter().enumerate().all(|(place, kid)| note(place, kid.sum.elements)),
    };
    if side == Side::Right {
        parts.reverse();
    }
    parts.iter().all(|&(place, skip, take)| match branch {
        Branch::Leaf(entries) => each(&entries[place].node, skip as usize, take as usize),
        Branch::Inner(kids) => visit(&kids[place].branch, skip, take, side, each),
    })
}

#[cfg(test)]
impl Tree {
    /// Panics where a sum, a height or the size of a branch is wrong.
    pub fn check(&self) {
        fn check(branch: &Branch, height: usize) {
            assert!((1..=FANOUT).contains(&branch.len()));
            match branch {
                Branch::Leaf(entries) => {
                    assert_eq!(height, 1);
                    for entry in entries {
                        let fresh = Entry::of((*entry.node).clone());
                        assert!(entry.elements > 0 && entry.elements == fresh.elements && entry.heap >= fresh.heap);
                        assert_eq!(entry.node.view().items(0, usize::MAX).count(), entry.elements as usize);
                    }
                }
                Branch::Inner(kids) => {
                    for kid in kids {
                        assert_eq!(kid.sum, kid.branch.sum());
                        check(&kid.branch, height - 1);
                    }
                }
            }
        }
        if let Some(root) = &self.root {
            assert_eq!(self.sum, root.sum());
            assert!(self.height == 1 || root.len() > 1);
            check(root, self.height);
        } else {
            assert_eq!((self.height, self.sum), (0, Sum::default()));
        }
        // log2: far more than log32, to which a few edges may add.
        assert!(self.height <= 2 + (64 - self.sum.nodes.leading_zeros() as usize) / 4, "{} high", self.height);
    }
}

#[cfg(test)]
#[path = "tree_tests.rs"]
pub(crate) mod tests;
