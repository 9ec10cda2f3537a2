//! What each function of a library did: counted by every core for itself, without a lock, in a table that the function's slot indexes.
//!
//! ```text
//!   publish(manifest)   (library, function) ─▶ slot 7, stamp 31        a REPLACE keeps both, a DELETE frees the slot
//!   core                FunctionTable[7] = { stamp 31, calls, …}       counts of another stamp are another function's: begun anew
//! ```

use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, OnceLock};

use super::figures::Counter;
use super::latency::{Histogram, Latency};
use super::manifest::{Function, Manifest, flag};
use super::server::{CoreShared, Server};

/// Functions that are counted at a time; what is loaded beyond them runs uncounted.
pub const FUNCTIONS_COUNTED_MAX: usize = CHUNKS * CHUNK;
const CHUNKS: usize = 256;
const CHUNK: usize = 64;
const _: () = assert!(FUNCTIONS_COUNTED_MAX == 16_384);

/// Calls after which older ones count half for the mean time.
const RECENT_CALLS: u64 = 64;

/// Where a function is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Slot {
    pub index: u32,
    /// 0: not counted.
    pub stamp: u64,
}

/// How a call ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    Done,
    Error,
    /// It ran over its time.
    Timeout,
    Killed,
}

/// A call that has ended.
pub struct Ended {
    pub end: End,
    /// It had changed something, and that was undone.
    pub rolled_back: bool,
    /// Accesses to keys.
    pub keys: u64,
    /// Its time in ns, and how many calls it stands for; None: it was not timed.
    pub timed: Option<(u64, u64)>,
}

/// Counts of one function on one core.
#[derive(Default)]
pub struct FunctionFigures {
    stamp: Counter,
    pub calls: Counter,
    pub errors: Counter,
    pub rollbacks: Counter,
    pub retries: Counter,
    pub timeouts: Counter,
    pub kills: Counter,
    pub keys: Counter,
    pub nanoseconds: Counter,
    pub max_ns: Counter,
    pub latency: Latency,
    /// The last calls, and their time: what the mean is of.
    recent_calls: Counter,
    recent_ns: Counter,
}

impl FunctionFigures {
    fn reset(&self) {
        let counters = [
            &self.calls,
            &self.errors,
            &self.rollbacks,
            &self.retries,
            &self.timeouts,
            &self.kills,
            &self.keys,
            &self.nanoseconds,
            &self.max_ns,
        ];
        for counter in counters {
            counter.set(0);
        }
        self.latency.reset();
    }

    /// Books a call. For the core's own thread alone.
    #[inline]
    pub fn book(&self, call: &Ended) {
        self.calls.add(1);
        self.keys.add(call.keys);
        self.recent_calls.add(1);
        if call.end != End::Done {
            self.errors.add(1);
            self.rollbacks.add(call.rolled_back as u64);
            match call.end {
                End::Timeout => self.timeouts.add(1),
                End::Killed => self.kills.add(1),
                _ => (),
            }
        }
        if let Some((ns, weight)) = call.timed {
            self.book_time(ns, weight);
        }
    }

    fn book_time(&self, ns: u64, weight: u64) {
        self.nanoseconds.add(ns * weight);
        self.latency.add(ns, weight);
        self.max_ns.set(self.max_ns.get().max(ns));
        self.note_time(ns * weight);
    }

    /// A call that this core had run in the background took so long. For the core's own thread alone.
    pub fn note_elsewhere(&self, ns: u64) {
        self.recent_calls.add(1);
        self.note_time(ns);
    }

    fn note_time(&self, ns: u64) {
        self.recent_ns.add(ns);
        if self.recent_calls.get() > RECENT_CALLS {
            self.recent_calls.set(self.recent_calls.get() / 2);
            self.recent_ns.set(self.recent_ns.get() / 2);
        }
    }

    /// Is the mean time of the last calls above `ns`?
    #[inline]
    pub fn is_slower(&self, ns: u64) -> bool {
        self.recent_ns.get() > ns.saturating_mul(self.recent_calls.get())
    }
}

/// All functions of one core, by slot. Takes memory for those that are called.
pub struct FunctionTable {
    chunks: Box<[OnceLock<Box<[FunctionFigures]>>]>,
}

impl Default for FunctionTable {
    fn default() -> Self {
        FunctionTable { chunks: (0..CHUNKS).map(|_| OnceLock::new()).collect() }
    }
}

impl FunctionTable {
    /// The figures of the function in `slot`, to count in; None: it is not counted, or another has its slot by now. For the core's
    /// own thread alone.
    #[inline]
    pub fn own(&self, slot: Slot) -> Option<&FunctionFigures> {
        if slot.stamp == 0 {
            return None;
        }
        let make = || (0..CHUNK).map(|_| FunctionFigures::default()).collect();
        let figures = &self.chunks[slot.index as usize / CHUNK].get_or_init(make)[slot.index as usize % CHUNK];
        let stamp = figures.stamp.get();
        if stamp != slot.stamp {
            if stamp > slot.stamp {
                return None;
            }
            figures.reset();
            figures.recent_calls.set(0);
            figures.recent_ns.set(0);
            figures.stamp.set(slot.stamp);
        }
        Some(figures)
    }

    /// The same to read, on any thread; None: it was not called on this core.
    pub fn look(&self, slot: Slot) -> Option<&FunctionFigures> {
        let figures = &self.chunks[slot.index as usize / CHUNK].get()?[slot.index as usize % CHUNK];
        (slot.stamp != 0 && figures.stamp.get() == slot.stamp).then_some(figures)
    }

    /// CONFIG RESETSTAT; what the mean is of stays. For the core's own thread alone.
    pub fn reset(&self) {
        self.chunks.iter().filter_map(OnceLock::get).flatten().for_each(FunctionFigures::reset);
    }
}

/// Which function has which slot.
#[derive(Default)]
pub struct Slots {
    inner: Mutex<Given>,
}

#[derive(Default)]
struct Given {
    by_name: HashMap<(String, Box<[u8]>), Slot>,
    free: Vec<u32>,
    next: u32,
    stamp: u64,
}

impl Slots {
    /// Gives every function of a manifest its slot: the one it has, or a free one. Those of functions that are no more become free.
    pub fn assign(&self, manifest: &mut Manifest) {
        let mut given = self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut old = std::mem::take(&mut given.by_name);
        let mut new = Vec::new();
        for (name, function) in manifest.iter_mut() {
            let full = (function.library.clone(), Box::from(name));
            match old.remove(&full) {
                Some(slot) => {
                    function.slot = slot;
                    given.by_name.insert(full, slot);
                }
                None => new.push((full, &mut function.slot)),
            }
        }
        given.free.extend(old.into_values().map(|slot| slot.index));
        for (full, place) in new {
            let index = given.free.pop().or_else(|| {
                given.next += 1;
                (given.next as usize <= FUNCTIONS_COUNTED_MAX).then(|| given.next - 1)
            });
            let Some(index) = index else {
                given.next -= 1;
                continue;
            };
            given.stamp += 1;
            *place = Slot { index, stamp: given.stamp };
            given.by_name.insert(full, *place);
        }
    }
}

/// What all cores counted of one function.
#[derive(Default)]
pub struct Sums {
    pub calls: u64,
    pub errors: u64,
    pub rollbacks: u64,
    pub retries: u64,
    pub timeouts: u64,
    pub kills: u64,
    pub keys: u64,
    pub nanoseconds: u64,
    pub max_ns: u64,
    pub times: Histogram,
}

impl Sums {
    /// The time that this share (0 to 1) of the calls did not exceed, microseconds.
    pub fn us_at(&self, share: f64) -> f64 {
        self.times.at_share(share).min(self.max_ns) as f64 / 1000.0
    }
}

impl Server {
    /// Where calls of this function run now: `background` if any core sends them there, else `core`.
    pub fn path_of(&self, function: &Function) -> &'static str {
        let threshold_ns = self.settings.procedure_background_threshold.load(Relaxed) * 1_000_000;
        let is_slow = |core: &CoreShared| {
            core.figures.functions.look(function.slot).is_some_and(|figures| figures.is_slower(threshold_ns))
        };
        let slow = threshold_ns != 0 && self.cores[..self.serving].iter().any(is_slow);
        let there = self.cores.len() > self.serving;
        if there && (function.flags & flag::BACKGROUND != 0 || slow) { "background" } else { "core" }
    }

    /// The figures of one function, of all cores together.
    pub fn function_sums(&self, slot: Slot) -> Sums {
        let mut sums = Sums::default();
        for figures in self.figures().filter_map(|figures| figures.functions.look(slot)) {
            for (sum, counter) in [
                (&mut sums.calls, &figures.calls),
                (&mut sums.errors, &figures.errors),
                (&mut sums.rollbacks, &figures.rollbacks),
                (&mut sums.retries, &figures.retries),
                (&mut sums.timeouts, &figures.timeouts),
                (&mut sums.kills, &figures.kills),
                (&mut sums.keys, &figures.keys),
                (&mut sums.nanoseconds, &figures.nanoseconds),
            ] {
                *sum += counter.get();
            }
            sums.max_ns = sums.max_ns.max(figures.max_ns.get());
            sums.times.add(&figures.latency);
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(names: &[&str]) -> Manifest {
        let functions: Vec<String> =
            names.iter().map(|name| format!(r#"{{"name":"{name}","library":"l","id":1,"flags":[]}}"#)).collect();
        Manifest::parse(format!(r#"{{"version":1,"functions":[{}]}}"#, functions.join(",")).as_bytes()).expect("good")
    }

    fn slot(manifest: &Manifest, name: &str) -> Slot {
        manifest.find(name.as_bytes()).expect("there").slot
    }

    #[test]
    fn a_function_keeps_its_slot_while_it_is_loaded_and_a_new_one_begins_anew() {
        let (slots, table) = (Slots::default(), FunctionTable::default());
        let mut first = manifest(&["a", "b"]);
        slots.assign(&mut first);
        let a = slot(&first, "a");
        assert_ne!(a.index, slot(&first, "b").index);
        let done = |ns| Ended { end: End::Done, rolled_back: false, keys: 2, timed: Some((ns, 1)) };
        table.own(a).expect("counted").book(&done(1000));
        let mut second = manifest(&["a", "c"]);
        slots.assign(&mut second);
        assert_eq!(slot(&second, "a"), a);
        assert_eq!(table.look(a).map(|figures| figures.calls.get()), Some(1));
        let mut third = manifest(&["d"]);
        slots.assign(&mut third);
        let mut fourth = manifest(&["d", "e", "f"]);
        slots.assign(&mut fourth);
        let reused = ["d", "e", "f"].map(|name| slot(&fourth, name)).into_iter().find(|slot| slot.index == a.index);
        let reused = reused.expect("its slot is taken again");
        assert!(table.look(reused).is_none());
        assert_eq!(table.own(reused).expect("counted").calls.get(), 0);
        // The old function's call that was on its way counts nowhere.
        assert!(table.own(a).is_none());
    }

    #[test]
    fn the_mean_follows_the_last_calls() {
        let figures = FunctionFigures::default();
        let timed = |ns| Ended { end: End::Done, rolled_back: false, keys: 0, timed: Some((ns, 1)) };
        (0..1000).for_each(|_| figures.book(&timed(1000)));
        assert!(figures.is_slower(950) && !figures.is_slower(1050));
        (0..500).for_each(|_| figures.book(&timed(9000)));
        assert!(figures.is_slower(8500) && !figures.is_slower(9500));
        (0..500).for_each(|_| figures.note_elsewhere(10));
        assert!(!figures.is_slower(100));
    }
}
