//! Looking for the nodes nearest to a vector: down the levels, then widely on those that are asked for.
//!
//! Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using hierarchical navigable small world
//! graphs", 2018, algorithms 2 and 5. Ours can stop after any number of nodes and go on later, in a graph that has changed
//! meanwhile: nodes that were added are met or not, those that went are forgotten, moved ones renamed.

use super::Graph;
use super::metric::Probe;
use super::pool::{Found, Met, Pool};

/// Accepts or refuses a node as a find.
pub type Accept<'a> = &'a mut dyn FnMut(&Graph, u32) -> bool;

/// A search, at the beginning, under way or over.
pub struct Search {
    /// The vector looked for, as stored ones are.
    probe: Vec<u8>,
    range: f32,
    /// How many finds to keep on each level that is asked for.
    width: usize,
    /// Nodes to expand on the lowest level before giving up; 0: no limit. With a filter only.
    effort_max: usize,
    filtered: bool,
    /// The highest level to give finds of.
    top: usize,
    /// Level being searched, and how.
    at: Stage,
    met: Met,
    expanded: usize,
    /// Finds per level, 0 first.
    finds: Vec<Vec<Found>>,
    removals_seen: u64,
}

enum Stage {
    Start,
    /// Going to ever nearer nodes on a level above those asked for.
    Descent(usize, Found),
    Wide(usize, Pool),
    Over,
}

#[derive(PartialEq, Eq, Debug)]
pub enum Progress {
    More,
    Done,
}

impl Search {
    /// `stored` must be of the graph's coding. Finds are kept for the levels 0 to `top`.
    pub fn new(stored: super::Stored, width: usize, top: usize) -> Search {
        Search {
            probe: stored.bytes.to_vec(),
            range: stored.range,
            width: width.max(1),
            effort_max: 0,
            filtered: false,
            top,
            at: Stage::Start,
            met: Met::default(),
            expanded: 0,
            finds: Vec::new(),
            removals_seen: 0,
        }
    }

    /// Only nodes that are accepted are finds; the search ends after `effort_max` nodes (0: no limit).
    pub fn filtered(mut self, effort_max: usize) -> Search {
        (self.filtered, self.effort_max) = (true, effort_max);
        self
    }

    /// Uses what another search used to remember nodes: a graph of millions needs much of it.
    pub fn with_met(mut self, met: Met) -> Search {
        self.met = met;
        self
    }

    pub fn take_met(&mut self) -> Met {
        std::mem::take(&mut self.met)
    }

    /// The finds of each level that was asked for, 0 first and the nearest first; empty ones where the graph has no such level.
    pub fn into_finds(mut self) -> Vec<Vec<Found>> {
        self.finds.resize_with(self.top + 1, Vec::new);
        self.finds
    }

    /// Goes on for about `nodes` expanded nodes. Done: the finds are complete.
    pub fn run(&mut self, graph: &Graph, nodes: usize, accept: Accept) -> Progress {
        self.catch_up(graph);
        let mut left = nodes;
        loop {
            if matches!(self.at, Stage::Over) {
                return Progress::Done;
            }
            if left == 0 {
                return Progress::More;
            }
            left -= 1;
            self.at = match std::mem::replace(&mut self.at, Stage::Over) {
                Stage::Start => self.start(graph, accept),
                Stage::Descent(level, nearest) => self.descend(graph, level, nearest, accept),
                Stage::Wide(level, pool) => self.widen(graph, level, pool, accept, &mut left),
                Stage::Over => Stage::Over,
            };
        }
    }

    fn probe(&self) -> Probe<'_> {
        Probe { bytes: &self.probe, range: self.range }
    }

    /// Learns which nodes have gone since the last run.
    fn catch_up(&mut self, graph: &Graph) {
        if matches!(self.at, Stage::Start) {
            self.removals_seen = graph.removals.count();
            return;
        }
        let Some(removals) = graph.removals.since(self.removals_seen) else {
            // Too many to follow: from the beginning.
            self.at = Stage::Start;
            self.finds.clear();
            self.removals_seen = graph.removals.count();
            return;
        };
        for (gone, from) in removals {
            self.met.rename(gone, from);
            match &mut self.at {
                Stage::Wide(_, pool) => pool.rename(gone, from),
                Stage::Descent(..) => self.at = Stage::Start,
                Stage::Start | Stage::Over => (),
            }
            for finds in &mut self.finds {
                *finds = finds.iter().copied().filter(|found| found.id() != gone).collect();
                for found in finds.iter_mut().filter(|found| found.id() == from) {
                    *found = Found::new(found.distance(), gone);
                }
            }
        }
        self.removals_seen = graph.removals.count();
    }

    fn start(&mut self, graph: &Graph, accept: Accept) -> Stage {
        let Some((entry, level)) = graph.entry() else { return Stage::Over };
        let nearest = Found::new(graph.distance_to(self.probe(), entry), entry);
        self.go_on(graph, level, &[nearest], accept)
    }

    /// Begins on `level`, from what was found above.
    fn go_on(&mut self, graph: &Graph, level: usize, from: &[Found], accept: Accept) -> Stage {
        if level > self.top {
            return Stage::Descent(level, from[0]);
        }
        self.met.clear(graph.len());
        self.expanded = 0;
        let mut pool = Pool::new(self.width.min(graph.len()), self.filtered);
        for found in from {
            self.met.add(found.id());
            pool.add(*found, || !self.filtered || accept(graph, found.id()));
        }
        Stage::Wide(level, pool)
    }

    fn descend(&mut self, graph: &Graph, level: usize, nearest: Found, accept: Accept) -> Stage {
        let mut best = nearest;
        graph.measure_links(self.probe(), nearest.id(), level, |_| true, |found| best = best.min(found));
        if best != nearest {
            return Stage::Descent(level, best);
        }
        self.go_on(graph, level - 1, &[best], accept)
    }

    fn widen(&mut self, graph: &Graph, level: usize, mut pool: Pool, accept: Accept, left: &mut usize) -> Stage {
        let limit = if level == 0 && self.effort_max > 0 { self.effort_max } else { usize::MAX };
        let probe = Probe { bytes: &self.probe, range: self.range };
        loop {
            let next = if self.expanded < limit { pool.expand() } else { None };
            let Some(next) = next else { break };
            self.expanded += 1;
            let met = &mut self.met;
            graph.measure_links(
                probe,
                next.id(),
                level,
                |id| met.add(id),
                |found| {
                    if pool.takes(found) {
                        let soon = pool.add(found, || !self.filtered || accept(graph, found.id()));
                        if soon && level == 0 {
                            graph.prefetch_links(found.id());
                        }
                    }
                },
            );
            if *left == 0 {
                return Stage::Wide(level, pool);
            }
            *left -= 1;
        }
        let finds = pool.into_finds();
        let stage = match level {
            0 => Stage::Over,
            // The finds of this level are a better start than the best of them alone.
            _ => self.go_on(graph, level - 1, &finds, accept),
        };
        if self.finds.len() <= level {
            self.finds.resize_with(level + 1, Vec::new);
        }
        self.finds[level] = finds;
        stage
    }
}
