//! Taking a node out, and tying its neighbours together again.
//!
//! Each neighbour on a level has lost a link and gets one back where that is good:
//! 1. Pairs of neighbours, nearest first, are linked if both miss a link.
//! 2. Neighbours that are linked, or have a neighbour in common, hang together. If they are still in several groups, the
//!    nearest pair of two groups is linked, with or without room, until there is one. Nobody else can have been cut off:
//!    every path through the node came in over one neighbour and left over another.

use super::pool::Found;
use super::{BATCH, Graph, Journal};

/// Neighbours that are paired by distance, at most: all pairs of 128 are 8,128 distances, about 0.2 ms. More only hang
/// together in a chain of such runs.
const PAIRED_MAX: usize = 128;

impl Graph {
    /// Takes a node out. Another one gets its number (see [`super::Removals`]); tags are told.
    pub fn remove(&mut self, id: u32, journal: &mut Journal) {
        self.unlink_all(id, journal);
        self.step_remove(id, journal);
    }

    /// Takes all links from a node, which stays; searches begin elsewhere, unless it is the only one.
    pub(super) fn unlink_all(&mut self, id: u32, journal: &mut Journal) {
        if self.entry == id
            && let Some(next) = self.entry_without(id)
        {
            self.step_entry(next, journal);
        }
        for level in 0..=self.nodes.level(id) {
            let around: Vec<u32> = self.links(id, level).collect();
            for neighbour in &around {
                self.disconnect(id, *neighbour, level, journal);
            }
            self.tie(&around, level, journal);
        }
    }

    /// A node of the highest level that remains. Every level hangs together, so the highest level on which the node has a
    /// neighbour is the highest that others are on.
    fn entry_without(&self, id: u32) -> Option<u32> {
        (0..=self.nodes.level(id)).rev().find_map(|level| self.links(id, level).next())
    }

    /// Links former neighbours of a node among each other.
    fn tie(&mut self, around: &[u32], level: usize, journal: &mut Journal) {
        let mut last = None;
        for run in around.chunks(PAIRED_MAX) {
            self.tie_run(run, level, journal);
            // Runs hang together by a link from one to the next; inside, each does by itself.
            if let Some(last) = last.replace(run[0]) {
                self.bridge(last, run[0], level, journal);
            }
        }
    }

    fn tie_run(&mut self, around: &[u32], level: usize, journal: &mut Journal) {
        let pairs = self.pairs(around);
        let mut missing = vec![true; around.len()];
        let room = |graph: &Graph, id: u32| graph.degree(id, level) < graph.degree_max(level);
        for (_, a, b) in &pairs {
            let (from, to) = (around[*a as usize], around[*b as usize]);
            if missing[*a as usize]
                && missing[*b as usize]
                && room(self, from)
                && room(self, to)
                && !self.links(from, level).any(|id| id == to)
            {
                self.step_link(from, level, to, journal);
                self.step_link(to, level, from, journal);
                (missing[*a as usize], missing[*b as usize]) = (false, false);
            }
        }
        let mut groups = self.groups(around, level);
        for (_, a, b) in pairs {
            if groups.join(a, b) {
                self.bridge(around[a as usize], around[b as usize], level, journal);
            }
        }
    }

    /// Links two nodes, whatever room they have, if they are not linked.
    fn bridge(&mut self, a: u32, b: u32, level: usize, journal: &mut Journal) {
        if !self.links(a, level).any(|id| id == b) {
            let to = Found::new(self.distance(a, b), b);
            self.connect(a, to, level, true, journal);
        }
    }

    /// All pairs, by their places in `around`, nearest first.
    fn pairs(&self, around: &[u32]) -> Vec<(u32, u8, u8)> {
        let mut pairs = Vec::with_capacity(around.len() * around.len() / 2);
        let mut distances = [0.0; BATCH];
        for (a, id) in around.iter().enumerate() {
            for (turn, others) in around[a + 1..].chunks(BATCH).enumerate() {
                self.measure(self.probe(*id), others, &mut distances);
                for (index, distance) in distances[..others.len()].iter().enumerate() {
                    pairs.push((distance.to_bits(), a as u8, (a + 1 + turn * BATCH + index) as u8));
                }
            }
        }
        pairs.sort_unstable();
        pairs
    }

    /// Which of `around` hang together by a link or a common neighbour.
    fn groups(&self, around: &[u32], level: usize) -> Groups {
        let mut groups = Groups((0..around.len() as u8).collect());
        let mut reached: Vec<(u32, u8)> = Vec::new();
        for (place, id) in around.iter().enumerate() {
            reached.push((*id, place as u8));
            reached.extend(self.links(*id, level).map(|other| (other, place as u8)));
        }
        reached.sort_unstable();
        for two in reached.windows(2) {
            if two[0].0 == two[1].0 {
                groups.join(two[0].1, two[1].1);
            }
        }
        groups
    }
}

/// Disjoint sets of places: each names one of its set, in the end the set's own.
struct Groups(Vec<u8>);

const _: () = assert!(PAIRED_MAX <= u8::MAX as usize, "a place is a byte");

impl Groups {
    fn find(&mut self, mut place: u8) -> u8 {
        while self.0[place as usize] != place {
            self.0[place as usize] = self.0[self.0[place as usize] as usize];
            place = self.0[place as usize];
        }
        place
    }

    /// Makes two sets one; false if they were.
    fn join(&mut self, a: u8, b: u8) -> bool {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a as usize] = b;
        a != b
    }
}
