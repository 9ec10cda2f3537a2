//! HOTKEYS: which keys cost most time or bytes, counted while somebody asked for it.
//!
//! Of each metric the heaviest keys are kept by the Space-Saving algorithm (Metwally, Agrawal, El Abbadi: Efficient Computation of
//! Frequent and Top-k Elements in Data Streams, ICDT 2005): a table of fixed size, in which a key that is not there takes the place
//! of the lightest one and inherits its weight. Ten times as many are kept as are shown, so that what is shown is nearly exact.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use super::server::{GATE_HOTKEYS, Server};

/// Keys kept for each that is shown.
const KEPT_PER_SHOWN: usize = 10;

/// What HOTKEYS START was told.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    pub cpu: bool,
    pub net: bool,
    /// Keys shown of each metric.
    pub count: usize,
    /// Ms after which it stops by itself; 0: never.
    pub duration_ms: i64,
    /// One request in so many is counted.
    pub sample_ratio: u64,
}

/// One collection, running or stopped.
pub struct Collection {
    pub wanted: Wanted,
    pub active: bool,
    /// Ms since the epoch.
    pub started_ms: i64,
    /// Ms it ran, once it has stopped.
    pub ran_ms: i64,
    /// Process CPU at the start: seconds in the system, seconds of its own.
    pub cpu_at_start: (f64, f64),
    pub all_us: u64,
    pub all_bytes: u64,
    pub by_cpu: Heaviest,
    pub by_net: Heaviest,
}

#[derive(Default)]
pub struct Hotkeys {
    collection: Mutex<Option<Collection>>,
}

impl Hotkeys {
    /// Runs `with` on the collection, if there is one.
    pub fn with<R>(&self, with: impl FnOnce(&mut Option<Collection>) -> R) -> R {
        with(&mut self.collection.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }
}

impl Collection {
    pub fn new(wanted: Wanted, now_ms: i64, cpu: (f64, f64)) -> Collection {
        let kept = wanted.count * KEPT_PER_SHOWN;
        Collection {
            wanted,
            active: true,
            started_ms: now_ms,
            ran_ms: 0,
            cpu_at_start: cpu,
            all_us: 0,
            all_bytes: 0,
            by_cpu: Heaviest::new(kept),
            by_net: Heaviest::new(kept),
        }
    }

    /// Counts a request with its keys; `sampled`: it is one of those whose keys count.
    pub fn count<'k>(&mut self, us: u64, bytes: u64, keys: impl Iterator<Item = &'k [u8]> + Clone, sampled: bool) {
        let number = keys.clone().count() as u64;
        if number == 0 || !self.active {
            return;
        }
        self.all_us += us;
        self.all_bytes += bytes;
        if !sampled {
            return;
        }
        for key in keys {
            if self.wanted.cpu {
                self.by_cpu.add(key, us / number);
            }
            if self.wanted.net {
                self.by_net.add(key, bytes / number);
            }
        }
    }

    pub fn stop(&mut self, now_ms: i64) {
        self.active = false;
        self.ran_ms = now_ms - self.started_ms;
    }

    pub fn is_overdue(&self, now_ms: i64) -> bool {
        self.active && self.wanted.duration_ms > 0 && now_ms - self.started_ms >= self.wanted.duration_ms
    }
}

/// The keys with the greatest weights, nearly.
pub struct Heaviest {
    capacity: usize,
    weights: HashMap<Arc<[u8]>, u64>,
    /// The same, lightest first.
    order: BTreeSet<(u64, Arc<[u8]>)>,
    pub total: u64,
}

impl Heaviest {
    pub fn new(capacity: usize) -> Heaviest {
        Heaviest { capacity: capacity.max(1), weights: HashMap::new(), order: BTreeSet::new(), total: 0 }
    }

    /// O(log capacity).
    pub fn add(&mut self, key: &[u8], weight: u64) {
        if weight == 0 {
            return;
        }
        self.total += weight;
        let (key, before) = match self.weights.get_key_value(key) {
            Some((key, before)) => {
                let (key, before) = (key.clone(), *before);
                self.order.remove(&(before, key.clone()));
                (key, before)
            }
            None if self.weights.len() < self.capacity => (key.into(), 0),
            None => {
                let (lightest, out) = self.order.pop_first().expect("it is full");
                self.weights.remove(&out);
                (key.into(), lightest)
            }
        };
        self.weights.insert(key.clone(), before + weight);
        self.order.insert((before + weight, key));
    }

    /// The heaviest `count`, the heaviest first.
    pub fn first(&self, count: usize) -> Vec<(Arc<[u8]>, u64)> {
        self.order.iter().rev().take(count).map(|(weight, key)| (key.clone(), *weight)).collect()
    }
}

impl Server {
    /// Opens or shuts the gate by whether hot keys are being counted.
    pub fn judge_hotkeys(&self) {
        let active = self.hotkeys.with(|now| now.as_ref().is_some_and(|now| now.active));
        if active {
            self.gate.fetch_or(GATE_HOTKEYS, Ordering::SeqCst);
        } else {
            self.gate.fetch_and(!GATE_HOTKEYS, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::random::step;

    #[test]
    fn the_heaviest_of_many_keys_come_out_in_their_order() {
        let mut heaviest = Heaviest::new(50);
        let mut seed = 1u64;
        for turn in 0..50_000u64 {
            seed = step(seed);
            heaviest.add(format!("noise:{}", (seed >> 33) % 20_000).as_bytes(), 1);
            if turn % 10 == 0 {
                heaviest.add(b"hot:1", 30);
            }
            if turn % 20 == 0 {
                heaviest.add(b"hot:2", 40);
            }
        }
        let first: Vec<String> =
            heaviest.first(2).iter().map(|(key, _)| String::from_utf8_lossy(key).into_owned()).collect();
        assert_eq!(first, ["hot:1", "hot:2"]);
        assert_eq!((heaviest.weights.len(), heaviest.order.len()), (50, 50));
        assert_eq!(heaviest.total, 50_000 + 5_000 * 30 + 2_500 * 40);
    }

    #[test]
    fn a_request_shares_its_cost_among_its_keys() {
        let wanted = Wanted { cpu: true, net: true, count: 3, duration_ms: 100, sample_ratio: 1 };
        let mut all = Collection::new(wanted, 1000, (0.0, 0.0));
        all.count(10, 100, [b"a".as_slice(), b"b"].into_iter(), true);
        all.count(7, 70, [b"a".as_slice()].into_iter(), false);
        all.count(7, 70, [].into_iter(), true);
        assert_eq!((all.all_us, all.all_bytes, all.by_cpu.total, all.by_net.total), (17, 170, 10, 100));
        assert!(!all.is_overdue(1099) && all.is_overdue(1100));
        all.stop(1100);
        all.count(10, 100, [b"a".as_slice()].into_iter(), true);
        assert_eq!((all.all_us, all.ran_ms), (17, 100));
    }
}
