//! Walking members in their order, forwards and backwards.

use smallvec::SmallVec;

use super::inner::Inner;
use super::leaf::Leaf;
use super::member::MemberRef;
use super::tree::ScoreTree;
use super::word::{member_of, raw_of};
use crate::sys::cpu::prefetch;

/// Members whose blocks are on their way into the cache: what covers a memory access at 10 ns a member.
const AHEAD: usize = 10;

/// Members from one rank on.
pub struct Walk<'t> {
    /// From the root to the parent of the leaf: nodes and which child is walked.
    path: SmallVec<[(Inner, usize); 6]>,
    words: &'t [u64],
    /// The next member's place in `words`, plus one while walking backwards.
    at: usize,
    left: usize,
    backwards: bool,
}

impl ScoreTree {
    /// `count` members from rank `from` on (at most as many as there are), or down from it if `backwards`.
    pub fn walk(&self, from: usize, count: usize, backwards: bool) -> Walk<'_> {
        let there = if backwards { from + 1 } else { self.len().saturating_sub(from) };
        let left = if from < self.len() { count.min(there) } else { 0 };
        let mut walk = Walk { path: SmallVec::new(), words: &[], at: 0, left, backwards };
        let Some(mut node) = self.root.filter(|_| left > 0) else { return walk };
        let mut rank = from as u64;
        for _ in 0..self.height {
            let inner = Inner::from_node(node);
            let (at, below) = inner.locate_rank(rank);
            walk.path.push((inner, at));
            (node, rank) = (inner.child(at), below);
        }
        walk.enter(Leaf::from_node(node), rank as usize + backwards as usize);
        walk
    }

    /// The member of rank `rank`.
    pub fn at(&self, rank: usize) -> Option<MemberRef<'_>> {
        self.walk(rank, 1, false).next()
    }
}

impl<'t> Walk<'t> {
    fn enter(&mut self, leaf: Leaf, at: usize) {
        self.words = leaf.words();
        self.at = at;
        let ahead = AHEAD.min(self.left);
        if self.backwards {
            self.words[..at].iter().rev().take(ahead).for_each(|word| touch(*word));
        } else {
            self.words[at..].iter().take(ahead).for_each(|word| touch(*word));
        }
        // The next leaf, unless it is under another parent.
        if let Some((parent, child)) = self.path.last() {
            let next = if self.backwards { child.wrapping_sub(1) } else { child + 1 };
            if next < parent.len() {
                Leaf::prefetch(parent.child(next));
            }
        }
    }

    /// Goes on to the leaf beside; there is one.
    fn turn(&mut self) {
        let height = self.path.len();
        while let Some((inner, child)) = self.path.last_mut() {
            let next = if self.backwards { child.wrapping_sub(1) } else { *child + 1 };
            if next < inner.len() {
                *child = next;
                break;
            }
            self.path.pop();
        }
        let (inner, child) = *self.path.last().expect("members are left");
        let mut node = inner.child(child);
        while self.path.len() < height {
            let inner = Inner::from_node(node);
            let child = if self.backwards { inner.len() - 1 } else { 0 };
            self.path.push((inner, child));
            node = inner.child(child);
        }
        let leaf = Leaf::from_node(node);
        self.enter(leaf, if self.backwards { leaf.len() } else { 0 });
    }
}

#[inline]
fn touch(word: u64) {
    prefetch(raw_of(word));
}

impl<'t> Iterator for Walk<'t> {
    type Item = MemberRef<'t>;

    #[inline]
    fn next(&mut self) -> Option<MemberRef<'t>> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        if self.backwards {
            if self.at == 0 {
                self.turn();
            }
            self.at -= 1;
            if self.at >= AHEAD && self.left >= AHEAD {
                touch(self.words[self.at - AHEAD]);
            }
            return Some(member_of(self.words[self.at]));
        }
        if self.at == self.words.len() {
            self.turn();
        }
        if self.left >= AHEAD
            && let Some(word) = self.words.get(self.at + AHEAD)
        {
            touch(*word);
        }
        self.at += 1;
        Some(member_of(self.words[self.at - 1]))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Walk<'_> {}
