//! How long calls took: counts in buckets that grow with the time, so that percentiles are good to a fifth.
//!
//! ```text
//!   bucket 4·e + s   times of [2^e · (1 + s/4), 2^e · (1 + (s+1)/4)) ns     e: 0..41, s: 0..4
//! ```

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::figures::Counter;

/// 2^41 ns is 36 minutes; what takes longer counts as that.
const EXPONENTS: usize = 42;
const STEPS: usize = 4;
const BUCKETS: usize = EXPONENTS * STEPS;

/// The directive `latency-tracking`, of the one server of this process: counters have no way to its settings.
static TRACKING: AtomicBool = AtomicBool::new(true);

/// Lets times be counted from now on, or no longer; what was counted stays.
pub fn track(on: bool) {
    TRACKING.store(on, Ordering::Relaxed);
}

/// Counts of one command on one core. Takes no memory until the first call.
#[derive(Default)]
pub struct Latency {
    buckets: OnceLock<Box<[Counter; BUCKETS]>>,
}

impl Latency {
    /// Counts `calls` that took so long. For the core's own thread alone.
    pub fn add(&self, ns: u64, calls: u64) {
        if !TRACKING.load(Ordering::Relaxed) {
            return;
        }
        let buckets = self.buckets.get_or_init(|| Box::new([const { Counter::new() }; BUCKETS]));
        buckets[bucket_of(ns)].add(calls);
    }

    pub fn reset(&self) {
        if let Some(buckets) = self.buckets.get() {
            buckets.iter().for_each(|bucket| bucket.set(0));
        }
    }
}

fn bucket_of(ns: u64) -> usize {
    let ns = ns.max(1);
    let exponent = 63 - ns.leading_zeros() as usize;
    if exponent >= EXPONENTS {
        return BUCKETS - 1;
    }
    // The two bits below the leading one.
    let step = if exponent >= 2 { (ns >> (exponent - 2)) & 3 } else { (ns << (2 - exponent)) & 3 };
    exponent * STEPS + step as usize
}

/// The largest time that a bucket counts, in ns.
fn end_of(bucket: usize) -> u64 {
    let (exponent, step) = (bucket / STEPS, (bucket % STEPS) as u64);
    ((1u64 << exponent) * (5 + step)).div_ceil(4) - 1
}

/// The counts of all cores together.
pub struct Histogram {
    buckets: [u64; BUCKETS],
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram { buckets: [0; BUCKETS] }
    }
}

impl Histogram {
    pub fn add(&mut self, latency: &Latency) {
        if let Some(buckets) = latency.buckets.get() {
            for (sum, bucket) in self.buckets.iter_mut().zip(buckets.iter()) {
                *sum += bucket.get();
            }
        }
    }

    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// The time in ns that this share (0 to 1) of the calls did not exceed; 0 without calls.
    pub fn at_share(&self, share: f64) -> u64 {
        let wanted = (self.count() as f64 * share).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return end_of(bucket);
            }
        }
        0
    }

    /// `(1, 3), (2, 7), (4, 8)`: so many calls took at most so many microseconds; steps without a call are left out.
    pub fn by_powers_of_two_us(&self) -> Vec<(u64, u64)> {
        let mut steps: Vec<(u64, u64)> = Vec::new();
        let mut seen = 0;
        for (bucket, count) in self.buckets.iter().enumerate().filter(|(_, count)| **count > 0) {
            seen += count;
            let us = (end_of(bucket) / 1000).max(1).next_power_of_two();
            match steps.last_mut() {
                Some((last, sum)) if *last == us => *sum = seen,
                _ => steps.push((us, seen)),
            }
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_falls_into_the_bucket_that_ends_at_or_just_above_it() {
        let mut last = 0;
        for ns in (0..100_000u64).chain((17..41).map(|e| 1 << e)).chain((17..41).map(|e| (1 << e) - 1)) {
            let bucket = bucket_of(ns);
            assert!(end_of(bucket) >= ns, "{ns}");
            assert!(end_of(bucket) <= ns + ns / 4 + 1, "{ns} ends at {}", end_of(bucket));
            if ns < 100_000 {
                assert!(bucket >= last);
                last = bucket;
            }
        }
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn percentiles_and_steps_follow_the_counts() {
        let latency = Latency::default();
        latency.add(900, 90);
        latency.add(3_000, 9);
        latency.add(1_000_000, 1);
        let mut histogram = Histogram::default();
        histogram.add(&latency);
        histogram.add(&Latency::default());
        assert_eq!(histogram.count(), 100);
        assert!((900..1200).contains(&histogram.at_share(0.5)));
        assert!((3_000..3_800).contains(&histogram.at_share(0.99)));
        assert!((1_000_000..1_250_000).contains(&histogram.at_share(1.0)));
        assert_eq!(histogram.by_powers_of_two_us(), [(1, 90), (4, 99), (2048, 100)]);
        latency.reset();
        assert_eq!(Histogram::default().at_share(0.5), 0);
    }
}
