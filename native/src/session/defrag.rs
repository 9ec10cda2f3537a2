//! Active defragmentation: when it is worth its while, how much of the time it may take, and what it has done.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use super::server::Server;
use crate::sys::memory;
use crate::txn::defragment::Moves;

/// The directives `activedefrag` and `active-defrag-…`, and figures.
pub struct Defrag {
    pub enabled: AtomicBool,
    /// Bytes; less than that is left alone.
    pub ignore_bytes: AtomicU64,
    /// Per cent of the memory in use that is lost, from which on something is done, and from which on as much as may be.
    pub threshold_lower: AtomicU64,
    pub threshold_upper: AtomicU64,
    /// Per cent of a core's time, at these.
    pub cycle_min: AtomicU64,
    pub cycle_max: AtomicU64,
    /// Per cent of its time that each core gives now; 0: nothing is done.
    pub effort: AtomicU64,
    /// Resident bytes before the first key.
    resident_at_start: AtomicU64,
    pub hits: AtomicU64,
    pub misses: AtomicU64,
    pub key_hits: AtomicU64,
    pub key_misses: AtomicU64,
    pub busy_us: AtomicU64,
}

impl Default for Defrag {
    fn default() -> Defrag {
        Defrag {
            enabled: AtomicBool::new(false),
            ignore_bytes: AtomicU64::new(100 << 20),
            threshold_lower: AtomicU64::new(10),
            threshold_upper: AtomicU64::new(100),
            cycle_min: AtomicU64::new(1),
            cycle_max: AtomicU64::new(25),
            effort: AtomicU64::new(0),
            resident_at_start: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            key_hits: AtomicU64::new(0),
            key_misses: AtomicU64::new(0),
            busy_us: AtomicU64::new(0),
        }
    }
}

impl Defrag {
    pub fn note_start(&self) {
        self.resident_at_start.store(memory::resident_bytes() as u64, Relaxed);
    }

    pub fn note(&self, moves: Moves, us: u64) {
        self.hits.fetch_add(moves.moved, Relaxed);
        self.misses.fetch_add(moves.stayed, Relaxed);
        self.key_hits.fetch_add(moves.keys_moved, Relaxed);
        self.key_misses.fetch_add(moves.keys_stayed, Relaxed);
        self.busy_us.fetch_add(us, Relaxed);
    }

    pub fn reset(&self) {
        for figure in [&self.hits, &self.misses, &self.key_hits, &self.key_misses, &self.busy_us] {
            figure.store(0, Relaxed);
        }
    }

    /// The effort for so much memory lost, as Redis: in proportion, between the thresholds.
    fn effort_for(&self, lost: u64, used: u64) -> u64 {
        let (lower, upper) = (self.threshold_lower.load(Relaxed), self.threshold_upper.load(Relaxed));
        let (least, most) = (self.cycle_min.load(Relaxed), self.cycle_max.load(Relaxed));
        let percent = lost * 100 / used.max(1);
        if lost < self.ignore_bytes.load(Relaxed) || percent < lower {
            return 0;
        }
        let share = (percent - lower) as f64 / (upper.saturating_sub(lower).max(1)) as f64;
        (least as f64 + share.min(1.0) * most.saturating_sub(least) as f64) as u64
    }
}

impl Server {
    /// Bytes that are resident beyond what is in use: pages in which blocks were freed here and there. What the process had before
    /// its first key (code, engines of JavaScript) is not counted.
    pub fn lost_memory(&self, resident: u64) -> u64 {
        let data = self.used_memory().saturating_sub(self.memory.startup());
        resident.saturating_sub(self.defrag.resident_at_start.load(Relaxed) + data)
    }

    /// Decides anew how much of their time cores give. Cost: a small file is read.
    pub fn judge_defrag(&self) {
        let defrag = &self.defrag;
        let effort = if defrag.enabled.load(Relaxed) {
            defrag.effort_for(self.lost_memory(memory::resident_bytes() as u64), self.used_memory())
        } else {
            0
        };
        defrag.effort.store(effort, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effort_grows_between_the_thresholds() {
        let defrag = Defrag::default();
        let effort = |percent: u64| defrag.effort_for(percent << 30, 100 << 30);
        assert_eq!([0, 9, 10, 55, 100, 500].map(effort), [0, 0, 1, 13, 25, 25]);
        assert_eq!(defrag.effort_for(99 << 20, 10 << 20), 0, "too little is lost");
    }
}
