//! Ranges of the tree: counted, cut out and put back. Whole subtrees change hands; only what lies across an end is opened.

use std::sync::Arc;

use super::node::{Child, Node, group, join};
use super::slice::SLICE_LEN;

impl Child {
    /// Elements from index `from` to `to`, both included.
    pub(super) fn count_range(&self, from: u64, to: u64) -> u64 {
        let (first, last) = self.span();
        if to < first || last < from {
            return 0;
        }
        if from <= first && last <= to {
            return self.totals().elements;
        }
        match self {
            Child::Slice(slice) => {
                let (from, to) = offsets(first, from, to);
                slice.count_range(from, to) as u64
            }
            Child::Node(node) => node.children.iter().map(|child| child.count_range(from, to)).sum(),
        }
    }

    /// What is left and what was taken, when all from index `from` to `to` is taken out. Whole subtrees change hands.
    pub(super) fn extract(self, from: u64, to: u64) -> (Option<Child>, Option<Child>) {
        let (first, last) = self.span();
        if to < first || last < from {
            return (Some(self), None);
        }
        if from <= first && last <= to {
            return (None, Some(self));
        }
        match self {
            Child::Slice(mut shared) => {
                let (from, to) = offsets(first, from, to);
                if shared.count_range(from, to) == 0 {
                    return (Some(Child::Slice(shared)), None);
                }
                let slice = Arc::make_mut(&mut shared);
                let taken = slice.extract(from, to).map(|taken| Child::Slice(Arc::new(taken)));
                ((shared.count() > 0).then_some(Child::Slice(shared)), taken)
            }
            Child::Node(node) => {
                let level = node.level;
                let node = Arc::unwrap_or_clone(node);
                let (mut left, mut taken) = (Vec::new(), Vec::new());
                for child in node.children {
                    let (stays, goes) = child.extract(from, to);
                    left.extend(stays);
                    taken.extend(goes);
                }
                (of_children(level, left), of_children(level, taken))
            }
        }
    }

    /// Both together; they have no index in common.
    pub(super) fn merge(self, other: Child) -> Child {
        match (self, other) {
            (Child::Slice(mut a), Child::Slice(b)) if a.id == b.id => {
                Arc::make_mut(&mut a).merge(Arc::unwrap_or_clone(b));
                Child::Slice(a)
            }
            (Child::Node(a), Child::Node(b)) if a.level == b.level && a.prefix == b.prefix => {
                let level = a.level;
                let (a, b) = (Arc::unwrap_or_clone(a), Arc::unwrap_or_clone(b));
                let mut b = b.children.into_iter().peekable();
                let mut children = Vec::new();
                for child in a.children {
                    let mine = group(child.id(), level);
                    while let Some(theirs) = b.next_if(|theirs| group(theirs.id(), level) < mine) {
                        children.push(theirs);
                    }
                    match b.next_if(|theirs| group(theirs.id(), level) == mine) {
                        Some(theirs) => children.push(child.merge(theirs)),
                        None => children.push(child),
                    }
                }
                children.extend(b);
                Child::Node(Arc::new(Node::of(level, children)))
            }
            (Child::Node(mut shared), other) if shared.covers(other.id()) && other.level() < shared.level as i32 => {
                let node = Arc::make_mut(&mut shared);
                match node.place(group(other.id(), node.level)) {
                    Ok(at) => {
                        // Out of its place meanwhile, since a second reference would make it shared, and copied.
                        let child = node.children.remove(at);
                        let before = child.totals();
                        let merged = child.merge(other);
                        node.totals.replace(before, merged.totals());
                        node.children.insert(at, merged);
                    }
                    Err(at) => node.insert_child(at, other),
                }
                Child::Node(shared)
            }
            (other, Child::Node(node)) if node.covers(other.id()) && other.level() < node.level as i32 => {
                Child::Node(node).merge(other)
            }
            (a, b) => join(a, b),
        }
    }
}

/// One subtree of children that are in order.
fn of_children(level: u32, mut children: Vec<Child>) -> Option<Child> {
    match children.len() {
        0 | 1 => children.pop(),
        _ => {
            children.shrink_to_fit();
            Some(Child::Node(Arc::new(Node::of(level, children))))
        }
    }
}

/// Offsets of a range within the slice that begins at index `first`.
pub(super) fn offsets(first: u64, from: u64, to: u64) -> (usize, usize) {
    (from.saturating_sub(first) as usize, (to - first).min(SLICE_LEN as u64 - 1) as usize)
}
