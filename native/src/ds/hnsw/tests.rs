//! The graph against what must always hold, against itself undone, and against the truth; kernels against the plain ones.

use std::cell::Cell;
use std::collections::HashSet;
use std::ptr::NonNull;

use super::metric::{Coding, Kernel, Probe, Shape};
use super::scan::Scan;
use super::search::{Progress, Search};
use super::{Graph, Op, Stored, Tag};

/// A seeded source of randomness (SplitMix64).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// About normally distributed.
    fn normal(&mut self) -> f32 {
        (0..6).map(|_| (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0).sum()
    }

    fn level(&mut self, m: usize) -> usize {
        (0..8).take_while(|_| self.below(m) == 0).count()
    }
}

fn coded(coding: Coding, vector: &[f32]) -> (Vec<u8>, f32) {
    let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt().max(1e-20);
    let unit: Vec<f32> = vector.iter().map(|value| value / norm).collect();
    match coding {
        Coding::F32 => (unit.iter().flat_map(|value| value.to_ne_bytes()).collect(), 0.0),
        Coding::Q8 => {
            let range = unit.iter().fold(0f32, |range, value| range.max(value.abs()));
            (unit.iter().map(|value| (value * 127.0 / range.max(1e-20)).round() as i8 as u8).collect(), range)
        }
        Coding::Bin => {
            let mut words = vec![0u64; unit.len().div_ceil(64)];
            unit.iter().enumerate().for_each(|(bit, value)| words[bit / 64] |= u64::from(*value > 0.0) << (bit % 64));
            (words.iter().flat_map(|word| word.to_ne_bytes()).collect(), 0.0)
        }
    }
}

/// A node's tag, vector, norm and links.
type Seen = (usize, Vec<u8>, u32, Vec<Vec<u32>>);

/// A graph and where its vectors come from.
struct Stage {
    graph: Graph,
    coding: Coding,
    draw: Draw,
}

impl Stage {
    fn new(coding: Coding, dimensions: usize, m: usize, seed: u64) -> Stage {
        Stage { graph: Graph::new(coding, dimensions, m), coding, draw: Draw(seed) }
    }

    fn vector(&mut self) -> Vec<f32> {
        let dimensions = self.graph.dimensions();
        match self.draw.below(10) {
            // Some are equal, and some have no direction.
            0 => (0..dimensions).map(|at| (at % 3) as f32).collect(),
            1 => vec![0.0; dimensions],
            _ => (0..dimensions).map(|_| self.draw.normal()).collect(),
        }
    }

    fn finds(&self, stored: Stored, width: usize, top: usize) -> Vec<Vec<super::pool::Found>> {
        let mut search = Search::new(stored, width, top);
        while search.run(&self.graph, 7, &mut |_, _| true) == Progress::More {}
        search.into_finds()
    }

    fn add(&mut self, vector: &[f32], mut journal: Option<&mut Vec<Op>>) {
        let (bytes, range) = coded(self.coding, vector);
        let stored = Stored { bytes: &bytes, norm: 1.0, range };
        let level = self.draw.level(self.graph.m());
        let finds = self.finds(stored, 20, level);
        // A tag lives as long as its node, and in undo logs after it: here for ever.
        let tag: Tag = NonNull::from(Box::leak(Box::new(Cell::new(u32::MAX))));
        self.graph.add(stored, tag, level, &finds, &mut journal);
    }

    fn replace(&mut self, id: u32, vector: &[f32], mut journal: Option<&mut Vec<Op>>) {
        let (bytes, range) = coded(self.coding, vector);
        let stored = Stored { bytes: &bytes, norm: 2.0, range };
        let finds = self.finds(stored, 20, self.graph.level(id));
        self.graph.replace(id, stored, &finds, &mut journal);
    }

    fn nearest(&self, vector: &[f32], count: usize, width: usize) -> Vec<u32> {
        let (bytes, range) = coded(self.coding, vector);
        let finds = self.finds(Stored { bytes: &bytes, norm: 1.0, range }, width, 0);
        finds[0].iter().take(count).map(|found| found.id()).collect()
    }

    fn truth(&self, vector: &[f32], count: usize) -> Vec<u32> {
        let (bytes, range) = coded(self.coding, vector);
        let mut scan = Scan::new(Stored { bytes: &bytes, norm: 1.0, range }, count);
        while scan.run(&self.graph, 1000, &mut |_, _| true) == Progress::More {}
        scan.into_finds().iter().map(|found| found.id()).collect()
    }

    /// Everything that a rollback must bring back.
    fn seen(&self) -> Vec<Seen> {
        let graph = &self.graph;
        (0..graph.len() as u32)
            .map(|id| {
                let links = (0..=graph.level(id)).map(|level| graph.links(id, level).collect()).collect();
                let tag = graph.tag(id).as_ptr() as usize;
                (tag, graph.stored(id).bytes.to_vec(), graph.stored(id).norm.to_bits(), links)
            })
            .collect()
    }

    /// What holds of every graph: links go both ways, to other nodes of that level, once; each level hangs together; the
    /// entry is of the highest level; tags know their nodes.
    fn check(&self) {
        let graph = &self.graph;
        let Some((entry, top)) = graph.entry() else { return };
        for id in 0..graph.len() as u32 {
            // SAFETY: tags live for ever here.
            assert_eq!(unsafe { graph.tag(id).as_ref() }.get(), id);
            assert!(graph.level(id) <= top);
            for level in 0..=graph.level(id) {
                let links: Vec<u32> = graph.links(id, level).collect();
                let distinct: HashSet<u32> = links.iter().copied().collect();
                assert_eq!(distinct.len(), links.len(), "node {id} has a link twice");
                for to in links {
                    assert!(to != id && (to as usize) < graph.len() && graph.level(to) >= level);
                    assert!(graph.links(to, level).any(|back| back == id), "{id} -> {to} on {level} is one way");
                }
            }
        }
        for level in 0..=top {
            let mut reached = HashSet::from([entry]);
            let mut ahead = vec![entry];
            while let Some(id) = ahead.pop() {
                ahead.extend(graph.links(id, level).filter(|to| reached.insert(*to)));
            }
            let all = (0..graph.len() as u32).filter(|id| graph.level(*id) >= level).count();
            assert_eq!(reached.len(), all, "level {level} is torn apart");
        }
    }
}

#[test]
fn graphs_hang_together_through_random_changes_and_come_back_from_them() {
    changes_keep_graphs_whole(1);
}

pub(crate) fn changes_keep_graphs_whole(seed: u64) {
    for (round, coding) in [Coding::Q8, Coding::F32, Coding::Bin].into_iter().cycle().take(9).enumerate() {
        let m = [4, 5, 16][round / 3];
        let mut stage = Stage::new(coding, [3, 20, 70][round % 3], m, seed.wrapping_add(round as u64));
        let mut most = 0;
        for turn in 0..60 {
            let before = stage.seen();
            let entry = stage.graph.entry();
            let mut ops = Vec::new();
            let undone = stage.draw.below(2) == 0;
            // Grows, holds, shrinks.
            let removes = [1, 4, 7][turn / 20];
            for _ in 0..stage.draw.below(80) {
                let journal = undone.then_some(&mut ops);
                let len = stage.graph.len();
                match stage.draw.below(10) {
                    choice if choice < removes && len > 0 => {
                        let id = stage.draw.below(len) as u32;
                        let mut journal = journal;
                        stage.graph.remove(id, &mut journal);
                    }
                    9 if len > 0 => {
                        let (id, vector) = (stage.draw.below(len) as u32, stage.vector());
                        stage.replace(id, &vector, journal);
                    }
                    _ => {
                        let vector = stage.vector();
                        stage.add(&vector, journal);
                    }
                }
            }
            stage.check();
            most = most.max(stage.graph.len());
            if undone {
                stage.graph.undo(ops);
                stage.check();
                assert_eq!(stage.seen(), before, "round {round}");
                assert_eq!(stage.graph.entry(), entry);
            }
        }
        assert!(most > 60, "{most}");
        while !stage.graph.is_empty() {
            let id = stage.draw.below(stage.graph.len()) as u32;
            stage.graph.remove(id, &mut None);
        }
        assert!(stage.graph.memory_bytes() < 10_000, "{} bytes are left", stage.graph.memory_bytes());
    }
}

#[test]
fn thousands_of_equal_vectors_share_their_links() {
    let mut stage = Stage::new(Coding::Q8, 8, 4, 1);
    for _ in 0..3000 {
        stage.add(&[1.0; 8], None);
    }
    stage.check();
    let most = (0..3000).map(|id| stage.graph.degree(id, 0)).max();
    assert!(most <= Some(12), "{most:?}");
    assert_eq!(stage.nearest(&[1.0; 8], 10, 20).len(), 10);
}

#[test]
fn the_nearest_are_found_before_and_after_half_of_the_nodes_have_gone() {
    for (coding, least) in [(Coding::F32, 0.95), (Coding::Q8, 0.95), (Coding::Bin, 0.8)] {
        let mut stage = Stage::new(coding, 32, 16, 42);
        let centers: Vec<Vec<f32>> = (0..20).map(|_| (0..32).map(|_| stage.draw.normal()).collect()).collect();
        let mut point = |stage: &mut Stage| -> Vec<f32> {
            let center = &centers[stage.draw.below(20)];
            center.iter().map(|value| value + stage.draw.normal() * 0.5).collect()
        };
        for _ in 0..4000 {
            let vector = point(&mut stage);
            stage.add(&vector, None);
        }
        let recall = |stage: &mut Stage, point: &mut dyn FnMut(&mut Stage) -> Vec<f32>| {
            let mut hits = 0;
            for _ in 0..50 {
                let query = point(stage);
                // Equal distances make one truth as good as another.
                let truth = stage.truth(&query, 10);
                hits += stage.nearest(&query, 10, 100).iter().filter(|id| truth.contains(id)).count();
            }
            hits as f64 / 500.0
        };
        let full = recall(&mut stage, &mut point);
        assert!(full >= least, "{coding:?}: {full}");
        for _ in 0..2000 {
            let id = stage.draw.below(stage.graph.len()) as u32;
            stage.graph.remove(id, &mut None);
        }
        stage.check();
        let half = recall(&mut stage, &mut point);
        assert!(half >= least, "{coding:?} after removals: {half}");
    }
}

#[test]
fn a_search_that_is_interrupted_by_changes_finds_what_is_there() {
    for seed in 0..20 {
        let mut stage = Stage::new(Coding::Q8, 16, 4, seed + 100);
        for _ in 0..400 {
            let vector = stage.vector();
            stage.add(&vector, None);
        }
        let query = stage.vector();
        let (bytes, range) = coded(Coding::Q8, &query);
        let stored = Stored { bytes: &bytes, norm: 1.0, range };
        let mut searches = [10, 60, 2000].map(|width| Search::new(stored, width, 1));
        let mut scan = Scan::new(stored, 50);
        let mut open = true;
        while open {
            open = false;
            for search in &mut searches {
                open |= search.run(&stage.graph, 3, &mut |_, _| true) == Progress::More;
            }
            open |= scan.run(&stage.graph, 9, &mut |_, _| true) == Progress::More;
            if stage.graph.len() > 100 {
                for _ in 0..stage.draw.below(4) {
                    let id = stage.draw.below(stage.graph.len()) as u32;
                    stage.graph.remove(id, &mut None);
                }
            }
        }
        // What went after the last slice is still among the finds, so a last look at the graph as it is.
        for search in &mut searches {
            search.run(&stage.graph, 1, &mut |_, _| true);
        }
        scan.run(&stage.graph, 1, &mut |_, _| true);
        let mut all: Vec<Vec<super::pool::Found>> = searches.map(|search| search.into_finds().swap_remove(0)).into();
        all.push(scan.into_finds());
        for finds in all {
            let distinct: HashSet<u32> = finds.iter().map(|found| found.id()).collect();
            assert_eq!(distinct.len(), finds.len());
            for found in finds {
                assert!((found.id() as usize) < stage.graph.len());
                let probe = Probe { bytes: &bytes, range };
                assert_eq!(stage.graph.distance_to(probe, found.id()), found.distance());
            }
        }
    }
}

#[test]
fn a_filtered_search_gives_only_what_is_accepted_within_its_effort() {
    let mut stage = Stage::new(Coding::F32, 16, 16, 7);
    for _ in 0..3000 {
        let vector: Vec<f32> = (0..16).map(|_| stage.draw.normal()).collect();
        stage.add(&vector, None);
    }
    let query: Vec<f32> = (0..16).map(|_| stage.draw.normal()).collect();
    let (bytes, range) = coded(Coding::F32, &query);
    let stored = Stored { bytes: &bytes, norm: 1.0, range };
    let run = |every: u32, effort: usize| {
        let mut accept = |_: &Graph, id: u32| id.is_multiple_of(every);
        let mut search = Search::new(stored, 20, 0).filtered(effort);
        while search.run(&stage.graph, 10, &mut accept) == Progress::More {}
        search.into_finds().swap_remove(0)
    };
    let found = run(10, 0);
    assert_eq!(found.len(), 20);
    assert!(found.iter().all(|found| found.id().is_multiple_of(10)));
    let truth = {
        let mut scan = Scan::new(stored, 20);
        while scan.run(&stage.graph, 500, &mut |_: &Graph, id: u32| id.is_multiple_of(10)) == Progress::More {}
        scan.into_finds()
    };
    let hits = found.iter().filter(|found| truth.contains(found)).count();
    assert!(hits >= 18, "{hits}");
    assert!(run(1000, 5).len() < 3);
}

/// Vectors in memory as slots have them: whole lines, the range in the last.
fn lines(coding: Coding, dimensions: usize, vectors: &[(Vec<u8>, f32)]) -> (Vec<Vec<u64>>, Shape) {
    let range_offset = coding.bytes(dimensions).next_multiple_of(64);
    let slots = vectors.iter().map(|(bytes, range)| {
        // What lies behind a vector is anything.
        let mut slot = vec![u64::MAX / 3; range_offset / 8 + 8];
        // SAFETY: the words hold more bytes than are written, and any bytes make words.
        unsafe {
            let at = slot.as_mut_ptr().cast::<u8>();
            at.copy_from(bytes.as_ptr(), bytes.len());
            at.add(range_offset).cast::<f32>().write(*range);
        }
        slot
    });
    (slots.collect(), Shape { dimensions, range_offset })
}

#[test]
fn every_kernel_agrees_with_the_plain_one() {
    let mut draw = Draw(5);
    for coding in [Coding::F32, Coding::Q8, Coding::Bin] {
        #[cfg(target_arch = "x86_64")]
        let kernels: Vec<Kernel> = super::metric_x86::kernels(coding);
        #[cfg(target_arch = "aarch64")]
        let kernels: Vec<Kernel> = super::metric_arm::kernels(coding);
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let kernels: Vec<Kernel> = Vec::new();
        println!("{coding:?}: {} kernels", kernels.len());
        for dimensions in (1..140).chain([255, 256, 300, 768, 1024, 1536, 4096]) {
            let mut vectors: Vec<(Vec<u8>, f32)> =
                (0..7).map(|_| coded(coding, &(0..dimensions).map(|_| draw.normal()).collect::<Vec<f32>>())).collect();
            vectors.push(coded(coding, &vec![0.0; dimensions]));
            vectors.push(coded(coding, &vec![-1.0; dimensions]));
            vectors.push(coded(coding, &vec![1.0; dimensions]));
            let (slots, shape) = lines(coding, dimensions, &vectors);
            let others: Vec<*const u8> = slots.iter().map(|slot| slot.as_ptr().cast()).collect();
            for (bytes, range) in &vectors {
                let probe = Probe { bytes, range: *range };
                let mut expected = [0.0; 10];
                // SAFETY: (1) `lines` made whole lines of this shape; (2) probes are stored bytes; (3) ten for ten; (4) it
                // needs nothing.
                unsafe { coding.plain()(probe, shape, &others, &mut expected) };
                for (number, kernel) in kernels.iter().enumerate() {
                    let mut out = [0.0; 10];
                    // SAFETY: as above; (4) the list has what this processor runs.
                    unsafe { kernel(probe, shape, &others, &mut out) };
                    for (a, b) in expected.iter().zip(&out) {
                        let same = if coding == Coding::F32 { (a - b).abs() < 1e-5 } else { a == b };
                        assert!(same, "{coding:?} kernel {number}, {dimensions} dimensions: {a} {b}");
                        assert!((0.0..=2.0).contains(b));
                    }
                }
            }
        }
    }
}
