//! What a search has found and what it goes on from.
//!
//! A find is one u64, so that finds are ordered by distance, then by age:
//!
//! ```text
//!   [ distance, f32 bits: 0 to 2, which order as integers do | inverted number, 31 bits | expanded, 1 bit ]
//! ```
//!
//! Of two at one distance the younger comes first. Among thousands of equal vectors a new node so finds those that still have
//! room for links, where the oldest would be asked again and again.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::GRAPH_NODES_MAX;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Found(u64);

const ID_MASK: u32 = (GRAPH_NODES_MAX - 1) as u32;

const _: () = assert!(GRAPH_NODES_MAX == 1 << 31, "a number has 31 bits");

impl Found {
    #[inline(always)]
    pub fn new(distance: f32, id: u32) -> Found {
        debug_assert!((0.0..=2.0).contains(&distance) && distance.is_sign_positive());
        Found(((distance.to_bits() as u64) << 32) | ((ID_MASK - id) as u64 * 2))
    }

    #[inline(always)]
    pub fn id(self) -> u32 {
        ID_MASK - (self.0 as u32 >> 1)
    }

    #[inline(always)]
    pub fn distance(self) -> f32 {
        f32::from_bits((self.0 >> 32) as u32)
    }

    #[inline(always)]
    fn is_expanded(self) -> bool {
        self.0 & 1 != 0
    }

    fn renamed(self, from: u32, to: u32) -> Found {
        if self.id() == from { Found(Found::new(self.distance(), to).0 | self.0 & 1) } else { self }
    }
}

/// The nearest so far, at most `most`, and which of them to expand next.
pub enum Pool {
    /// A sorted run with a flag for what was expanded: what is found and what to go on from are the same few.
    Sorted { finds: Vec<Found>, most: usize, next: usize },
    /// Two heaps: for many finds, where putting one in the middle costs too much, and for searches that go on from nodes
    /// that are no finds (a filter refuses them).
    Heaps { finds: BinaryHeap<Found>, ahead: BinaryHeap<Reverse<Found>>, most: usize },
}

/// Most finds of a sorted run: 8 bytes each, and on average a quarter of it moves for a new one.
const SORTED_MAX: usize = 1024;

impl Pool {
    pub fn new(most: usize, filtered: bool) -> Pool {
        if filtered || most > SORTED_MAX {
            Pool::Heaps { finds: BinaryHeap::new(), ahead: BinaryHeap::new(), most }
        } else {
            Pool::Sorted { finds: Vec::with_capacity(most), most, next: 0 }
        }
    }

    /// Is it nearer than the farthest, or is there room?
    #[inline]
    pub fn takes(&self, found: Found) -> bool {
        match self {
            Pool::Sorted { finds, most, .. } => finds.len() < *most || found < finds[*most - 1],
            Pool::Heaps { finds, most, .. } => finds.len() < *most || finds.peek().is_some_and(|worst| found < *worst),
        }
    }

    /// Puts in what it takes (see [`Pool::takes`]); `is_find` says whether it may be given out. True: it is among the next.
    #[inline]
    pub fn add(&mut self, found: Found, is_find: impl FnOnce() -> bool) -> bool {
        match self {
            Pool::Sorted { finds, most, next } => {
                let at = finds.partition_point(|other| *other < found);
                if finds.len() == *most {
                    if at == *most {
                        return false;
                    }
                    finds.pop();
                }
                finds.insert(at, found);
                let soon = at <= *next;
                *next = (*next).min(at);
                soon
            }
            Pool::Heaps { finds, ahead, most } => {
                ahead.push(Reverse(found));
                if is_find() {
                    finds.push(found);
                    if finds.len() > *most {
                        finds.pop();
                    }
                }
                false
            }
        }
    }

    /// The nearest that was not expanded yet, which now is. None: what is left can lead to nothing nearer.
    #[inline]
    pub fn expand(&mut self) -> Option<Found> {
        match self {
            Pool::Sorted { finds, next, .. } => {
                while let Some(found) = finds.get_mut(*next) {
                    *next += 1;
                    if !found.is_expanded() {
                        let plain = *found;
                        found.0 |= 1;
                        return Some(plain);
                    }
                }
                None
            }
            Pool::Heaps { finds, ahead, most } => {
                let Reverse(next) = ahead.pop()?;
                (finds.len() < *most || finds.peek().is_some_and(|worst| next <= *worst)).then_some(next)
            }
        }
    }

    /// Forgets one node and gives another its number.
    pub fn rename(&mut self, gone: u32, from: u32) {
        let keep = |found: Found| (found.id() != gone).then(|| found.renamed(from, gone));
        match self {
            Pool::Sorted { finds, next, .. } => {
                *finds = finds.iter().copied().filter_map(keep).collect();
                // Two at one distance are ordered by number.
                finds.sort_unstable_by_key(|found| found.0 >> 1);
                *next = 0;
            }
            Pool::Heaps { finds, ahead, .. } => {
                *finds = finds.drain().filter_map(keep).collect();
                *ahead = ahead.drain().filter_map(|found| keep(found.0).map(Reverse)).collect();
            }
        }
    }

    /// The finds, nearest first.
    pub fn into_finds(self) -> Vec<Found> {
        match self {
            Pool::Sorted { mut finds, .. } => {
                finds.iter_mut().for_each(|found| found.0 &= !1);
                finds
            }
            Pool::Heaps { finds, .. } => finds.into_sorted_vec(),
        }
    }
}

/// Which nodes a search has met: a bit each.
#[derive(Default)]
pub struct Met {
    bits: Vec<u64>,
    /// Those that are set, while they are few: clearing them one by one is cheaper then than clearing all.
    few: Vec<u32>,
}

impl Met {
    /// Forgets all; room for `nodes`.
    pub fn clear(&mut self, nodes: usize) {
        let words = nodes.div_ceil(64);
        if self.few.len() * 8 < self.bits.len() {
            self.few.drain(..).for_each(|id| self.bits[id as usize / 64] = 0);
        } else {
            self.few.clear();
            self.bits.fill(0);
        }
        if self.bits.len() < words {
            self.bits.resize(words.next_power_of_two(), 0);
        }
    }

    /// Marks a node; true if it is new. Nodes that came since [`Met::clear`] make the room grow.
    #[inline]
    pub fn add(&mut self, id: u32) -> bool {
        let word = id as usize / 64;
        if word >= self.bits.len() {
            self.bits.resize((word + 1).next_power_of_two(), 0);
        }
        let bit = 1 << (id % 64);
        let new = self.bits[word] & bit == 0;
        if new {
            self.bits[word] |= bit;
            self.few.push(id);
        }
        new
    }

    /// Forgets one node and gives another its number.
    pub fn rename(&mut self, gone: u32, from: u32) {
        let bit_of = |bits: &[u64], id: u32| bits.get(id as usize / 64).is_some_and(|word| word >> (id % 64) & 1 != 0);
        let moved = bit_of(&self.bits, from);
        for (id, on) in [(from, false), (gone, moved)] {
            if let Some(word) = self.bits.get_mut(id as usize / 64) {
                *word = *word & !(1 << (id % 64)) | (on as u64) << (id % 64);
            }
        }
        if moved {
            self.few.push(gone);
        }
    }
}
