//! A graph for finding the vectors nearest to a given one: HNSW, a hierarchy of navigable small worlds.
//!
//! ```text
//!   level 2        a ─────────────────── f          few nodes, long links: where a search begins
//!   level 1        a ───── c ─────────── f
//!   level 0        a ─ b ─ c ─ d ─ e ─── f ─ g      all nodes, up to 2M links each
//! ```
//!
//! Malkov and Yashunin 2018 (see `search.rs`). What is our own:
//! 1. Links go both ways, so that a node can really go: its neighbours are known, and are linked among each other.
//! 2. A link is only given up where it is a side of a triangle (`link.rs`), and what a removal tears apart is tied together
//!    (`remove.rs`). So on each level every node can be reached from every other, always; tests check it.
//! 3. Nodes are numbered without holes: the last one moves into the place of one that goes (`nodes.rs`).
//! 4. Every change can leave its inverse (`journal.rs`); undone, the graph is the same link by link.
//! 5. Searches stop and go on (`search.rs`), so that a long one holds nobody up.
//!
//! The graph knows vectors as bytes (`metric.rs`), numbers and tags; not names, not randomness: levels come from outside.

mod journal;
mod link;
pub mod metric;
#[cfg(target_arch = "aarch64")]
mod metric_arm;
#[cfg(target_arch = "x86_64")]
mod metric_x86;
mod nodes;
mod nodes_room;
pub mod pool;
mod remove;
pub mod scan;
pub mod search;

use metric::{Coding, Kernel, Probe, Shape};
use nodes::Nodes;
use pool::Found;

pub use journal::{Journal, Op};
pub use nodes::{Stored, Tag};

/// Nodes of a graph, at most: a find has 31 bits for a number.
pub const GRAPH_NODES_MAX: usize = 1 << 31;
/// Levels above 0, at most.
pub const LEVEL_MAX: usize = 16;
/// M, the links a new node asks for, is from..=to here; level 0 has room for twice as many.
pub const M_MIN: usize = 4;
pub const M_MAX: usize = 4096;

/// Vectors measured with one call of a kernel.
const BATCH: usize = 64;

pub struct Graph {
    nodes: Nodes,
    coding: Coding,
    kernel: Kernel,
    shape: Shape,
    m: usize,
    /// Where searches begin: a node of the highest level.
    entry: u32,
    /// Bytes beside the slots.
    side_bytes: usize,
    removals: Removals,
}

impl Graph {
    pub fn new(coding: Coding, dimensions: usize, m: usize) -> Graph {
        assert!((M_MIN..=M_MAX).contains(&m) && dimensions > 0);
        let nodes = Nodes::new(coding.bytes(dimensions), 2 * m);
        let shape = Shape { dimensions, range_offset: nodes.range_offset() };
        let kernel = coding.kernel();
        Graph { nodes, coding, kernel, shape, m, entry: 0, side_bytes: 0, removals: Removals::default() }
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn coding(&self) -> Coding {
        self.coding
    }

    pub fn dimensions(&self) -> usize {
        self.shape.dimensions
    }

    pub fn m(&self) -> usize {
        self.m
    }

    pub fn memory_bytes(&self) -> usize {
        self.nodes.memory_bytes() + self.side_bytes + self.removals.memory_bytes()
    }

    /// Where searches begin, and the highest level there is.
    pub fn entry(&self) -> Option<(u32, usize)> {
        (!self.is_empty()).then(|| (self.entry, self.nodes.level(self.entry)))
    }

    pub fn level(&self, id: u32) -> usize {
        self.nodes.level(id)
    }

    pub fn tag(&self, id: u32) -> Tag {
        self.nodes.tag(id)
    }

    pub fn stored(&self, id: u32) -> Stored<'_> {
        self.nodes.stored(id)
    }

    /// The neighbours of a node on one of its levels.
    pub fn links(&self, id: u32, level: usize) -> impl Iterator<Item = u32> + '_ {
        let (own, more) = self.nodes.links(id, level);
        own.iter().chain(more).copied()
    }

    pub fn degree(&self, id: u32, level: usize) -> usize {
        self.nodes.degree(id, level)
    }

    fn probe(&self, id: u32) -> Probe<'_> {
        Probe { bytes: self.nodes.vector(id), range: self.nodes.range(id) }
    }

    /// Room for links on a level, but for the few that hold the graph together.
    fn degree_max(&self, level: usize) -> usize {
        if level == 0 { self.m * 2 } else { self.m }
    }

    #[inline]
    pub fn prefetch_links(&self, id: u32) {
        self.nodes.prefetch_links(id);
    }

    #[inline]
    pub fn distance(&self, a: u32, b: u32) -> f32 {
        self.distance_to(self.probe(a), b)
    }

    #[inline]
    pub fn distance_to(&self, probe: Probe, id: u32) -> f32 {
        let mut out = [0.0];
        self.measure(probe, &[id], &mut out);
        out[0]
    }

    /// Fills `out` with the distances to the nodes `ids`, at most `BATCH` of them.
    #[inline]
    fn measure(&self, probe: Probe, ids: &[u32], out: &mut [f32]) {
        assert!(
            ids.len() <= BATCH && out.len() >= ids.len() && probe.bytes.len() == self.coding.bytes(self.dimensions())
        );
        let mut others = [std::ptr::null(); BATCH];
        for (other, id) in others.iter_mut().zip(ids) {
            *other = self.nodes.vector_at(*id);
        }
        // SAFETY: (1) slots hold vectors of this shape and are whole lines; (2, 3) asserted above; (4) the kernel was chosen
        // for this processor.
        unsafe { (self.kernel)(probe, self.shape, &others[..ids.len()], out) }
    }

    /// Measures those neighbours of a node on a level that are wanted.
    #[inline]
    fn measure_links(
        &self,
        probe: Probe,
        id: u32,
        level: usize,
        mut want: impl FnMut(u32) -> bool,
        mut each: impl FnMut(Found),
    ) {
        let (mut ids, mut distances) = ([0; BATCH], [0.0; BATCH]);
        let (own, more) = self.nodes.links(id, level);
        for links in [own, more] {
            for piece in links.chunks(BATCH) {
                let mut wanted = 0;
                for id in piece {
                    ids[wanted] = *id;
                    wanted += want(*id) as usize;
                }
                self.measure(probe, &ids[..wanted], &mut distances);
                for (id, distance) in ids[..wanted].iter().zip(&distances) {
                    each(Found::new(*distance, *id));
                }
            }
        }
    }

    /// Measures the nodes `from..to` in turn: what a search for the truth does, without links.
    pub fn measure_run(&self, probe: Probe, from: u32, to: u32, mut each: impl FnMut(Found)) {
        let mut distances = [0.0; BATCH];
        let ids: Vec<u32> = (from..to).collect();
        for ids in ids.chunks(BATCH) {
            self.measure(probe, ids, &mut distances);
            ids.iter().zip(&distances).for_each(|(id, distance)| each(Found::new(*distance, *id)));
        }
    }

    /// Removals so far, and what became of numbers in the last of them: (gone, the one that has its number now).
    pub fn removals(&self) -> &Removals {
        &self.removals
    }

    /// Gives a node another tag: the nodes of a copy belong to other members.
    pub fn set_tag(&mut self, id: u32, tag: Tag) {
        self.nodes.set_tag(id, tag);
    }
}

impl Clone for Graph {
    /// A copy whose nodes have the same tags: each needs one of its own before anything else is done with the copy.
    fn clone(&self) -> Graph {
        Graph { nodes: self.nodes.clone(), removals: Removals::default(), ..*self }
    }
}

/// The last removals, for searches that were under way. A ring: entry `n` is the `n`-th removal.
#[derive(Default)]
pub struct Removals {
    ring: Vec<(u32, u32)>,
    count: u64,
}

/// Removals that a search can follow from one slice to the next.
const REMOVALS_KEPT: usize = 256;

impl Removals {
    pub fn count(&self) -> u64 {
        self.count
    }

    fn memory_bytes(&self) -> usize {
        self.ring.capacity() * size_of::<(u32, u32)>()
    }

    fn push(&mut self, gone: u32, from: u32) {
        if self.ring.is_empty() {
            self.ring = vec![(0, 0); REMOVALS_KEPT];
        }
        self.ring[(self.count % REMOVALS_KEPT as u64) as usize] = (gone, from);
        self.count += 1;
    }

    /// Numbers have changed in a way that no search can follow (a removal was undone): all begin anew.
    fn lose(&mut self) {
        self.count += REMOVALS_KEPT as u64 + 1;
    }

    /// Those after the first `seen`. None: too many.
    pub fn since(&self, seen: u64) -> Option<impl Iterator<Item = (u32, u32)> + '_> {
        let new = self.count.checked_sub(seen)?;
        (new <= REMOVALS_KEPT as u64)
            .then(|| (seen..self.count).map(|turn| self.ring[(turn % REMOVALS_KEPT as u64) as usize]))
    }
}

#[cfg(test)]
pub(crate) mod tests;
