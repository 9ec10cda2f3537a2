//! Requests and bytes per second, as an average over the last samples.

use std::sync::Mutex;

/// As Redis: 16 samples, 100 ms apart.
const SAMPLES: usize = 16;
const SAMPLE_EVERY_MS: i64 = 100;

/// Per second.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Rate {
    pub commands: u64,
    pub input_bytes: u64,
    pub output_bytes: u64,
    /// Turns of the cores' loops, and the microseconds they took.
    pub loop_cycles: u64,
    pub loop_busy_us: u64,
}

#[derive(Default)]
pub struct Rates {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    at_ms: i64,
    totals: Rate,
    samples: [Rate; SAMPLES],
    next: usize,
}

impl Rates {
    /// Takes a sample, if it is time, from the sums so far (`totals` gives them).
    pub fn sample(&self, now_ms: i64, totals: impl FnOnce() -> Rate) {
        let mut inner = self.inner.lock().unwrap_or_else(|p| p.into_inner());
        let passed_ms = now_ms - inner.at_ms;
        if passed_ms < SAMPLE_EVERY_MS {
            return;
        }
        let totals = totals();
        if inner.at_ms != 0 {
            // A reset of the figures makes sums smaller: that is no negative rate.
            let per_second = |now: u64, before: u64| now.saturating_sub(before) * 1000 / passed_ms as u64;
            let next = inner.next;
            inner.samples[next] = Rate {
                commands: per_second(totals.commands, inner.totals.commands),
                input_bytes: per_second(totals.input_bytes, inner.totals.input_bytes),
                output_bytes: per_second(totals.output_bytes, inner.totals.output_bytes),
                loop_cycles: per_second(totals.loop_cycles, inner.totals.loop_cycles),
                loop_busy_us: per_second(totals.loop_busy_us, inner.totals.loop_busy_us),
            };
            inner.next = (next + 1) % SAMPLES;
        }
        inner.at_ms = now_ms;
        inner.totals = totals;
    }

    pub fn now(&self) -> Rate {
        let inner = self.inner.lock().unwrap_or_else(|p| p.into_inner());
        let average = |of: fn(&Rate) -> u64| inner.samples.iter().map(of).sum::<u64>() / SAMPLES as u64;
        Rate {
            commands: average(|s| s.commands),
            input_bytes: average(|s| s.input_bytes),
            output_bytes: average(|s| s.output_bytes),
            loop_cycles: average(|s| s.loop_cycles),
            loop_busy_us: average(|s| s.loop_busy_us),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_the_average_of_the_last_samples() {
        let rates = Rates::default();
        let mut commands = 0;
        for turn in 1..100 {
            rates.sample(turn * 100, || Rate { commands, ..Rate::default() });
            commands += 50;
            // Too early to count.
            rates.sample(turn * 100 + 99, || unreachable!());
        }
        assert_eq!(rates.now().commands, 500);
        rates.sample(20_000, Rate::default);
        assert!(rates.now().commands < 500);
    }
}
