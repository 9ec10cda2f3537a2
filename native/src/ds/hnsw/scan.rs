//! The nearest nodes by measuring all of them: the truth that a search comes near to.
//!
//! Nodes lie one behind the other, so that a node costs a fraction of what it costs a search. Small graphs are always looked
//! through this way.

use std::collections::BinaryHeap;

use super::metric::Probe;
use super::pool::Found;
use super::search::{Accept, Progress};
use super::{Graph, Stored};

/// A look through all nodes, from the last to the first: it can stop and go on while nodes come and go.
pub struct Scan {
    probe: Vec<u8>,
    range: f32,
    most: usize,
    finds: BinaryHeap<Found>,
    /// Those below are still to be measured.
    next: u32,
    /// Nodes below `next` that were measured under another number.
    measured: Vec<u32>,
    started: bool,
    removals_seen: u64,
}

impl Scan {
    pub fn new(stored: Stored, most: usize) -> Scan {
        Scan {
            probe: stored.bytes.to_vec(),
            range: stored.range,
            most: most.max(1),
            finds: BinaryHeap::new(),
            next: 0,
            measured: Vec::new(),
            started: false,
            removals_seen: 0,
        }
    }

    /// Goes on for about `nodes`.
    pub fn run(&mut self, graph: &Graph, nodes: usize, accept: Accept) -> Progress {
        self.catch_up(graph);
        let from = self.next.saturating_sub(nodes.max(1) as u32);
        let Scan { probe, range, most, finds, measured, .. } = self;
        graph.measure_run(Probe { bytes: probe, range: *range }, from, self.next, |found| {
            let is_nearer = finds.len() < *most || finds.peek().is_some_and(|worst| found < *worst);
            if is_nearer && !measured.contains(&found.id()) && accept(graph, found.id()) {
                finds.push(found);
                if finds.len() > *most {
                    finds.pop();
                }
            }
        });
        self.next = from;
        if from == 0 { Progress::Done } else { Progress::More }
    }

    /// The finds, nearest first.
    pub fn into_finds(self) -> Vec<Found> {
        self.finds.into_sorted_vec()
    }

    /// Learns which nodes have gone since the last run, and who has their numbers.
    fn catch_up(&mut self, graph: &Graph) {
        let removals = if self.started { graph.removals().since(self.removals_seen) } else { None };
        self.removals_seen = graph.removals().count();
        let Some(removals) = removals else {
            // The beginning, or too many to follow: from the beginning.
            self.started = true;
            self.next = graph.len() as u32;
            self.finds.clear();
            self.measured.clear();
            return;
        };
        for (gone, from) in removals {
            let renamed = |found: Found| if found.id() == from { Found::new(found.distance(), gone) } else { found };
            self.finds = self.finds.drain().filter(|found| found.id() != gone).map(renamed).collect();
            let from_was_measured = from >= self.next || self.measured.contains(&from);
            self.measured.retain(|id| *id != gone && *id != from);
            if gone < self.next && gone != from && from_was_measured {
                self.measured.push(gone);
            }
        }
        self.next = self.next.min(graph.len() as u32);
    }
}
