//! Latency events: moments at which something took longer than latency-monitor-threshold, a series for each kind of thing.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

/// Samples kept of each event, one a second at most.
pub const SAMPLES_MAX: usize = 160;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sample {
    /// Seconds since the epoch.
    pub at_s: i64,
    /// The worst of that second, ms.
    pub ms: u64,
}

#[derive(Clone, Default, Debug)]
pub struct Series {
    /// Oldest first, never empty once it is there.
    pub samples: VecDeque<Sample>,
    /// The worst ever, ms.
    pub worst_ms: u64,
}

/// What the samples of a series say together.
#[derive(Debug, PartialEq)]
pub struct Summary {
    pub average_ms: u64,
    /// Mean distance from the average, ms.
    pub deviation_ms: u64,
    /// Seconds from the first sample to now.
    pub period_s: i64,
}

impl Series {
    /// Cost: two passes over the samples.
    pub fn summary(&self, now_s: i64) -> Summary {
        let count = self.samples.len().max(1) as u64;
        let average_ms = self.samples.iter().map(|sample| sample.ms).sum::<u64>() / count;
        let deviation_ms = self.samples.iter().map(|sample| sample.ms.abs_diff(average_ms)).sum::<u64>() / count;
        let period_s = self.samples.front().map_or(0, |first| (now_s - first.at_s).max(1));
        Summary { average_ms, deviation_ms, period_s }
    }
}

/// All events of the server.
#[derive(Default)]
pub struct LatencyEvents {
    series: Mutex<BTreeMap<&'static str, Series>>,
}

impl LatencyEvents {
    pub fn record(&self, event: &'static str, at_s: i64, ms: u64) {
        let mut all = self.lock();
        let series = all.entry(event).or_default();
        series.worst_ms = series.worst_ms.max(ms);
        match series.samples.back_mut() {
            Some(last) if last.at_s == at_s => last.ms = last.ms.max(ms),
            _ => {
                if series.samples.len() == SAMPLES_MAX {
                    series.samples.pop_front();
                }
                series.samples.push_back(Sample { at_s, ms });
            }
        }
    }

    /// All series with their events.
    pub fn all(&self) -> Vec<(&'static str, Series)> {
        self.lock().iter().map(|(event, series)| (*event, series.clone())).collect()
    }

    pub fn of(&self, event: &[u8]) -> Option<(&'static str, Series)> {
        self.all().into_iter().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(event))
    }

    /// Forgets these events, all without any; gives how many there were.
    pub fn reset(&self, events: &[&[u8]]) -> usize {
        let mut all = self.lock();
        let before = all.len();
        all.retain(|name, _| {
            !events.is_empty() && !events.iter().any(|event| name.as_bytes().eq_ignore_ascii_case(event))
        });
        before - all.len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, Series>> {
        self.series.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_one_sample_its_worst_and_a_series_the_last_160() {
        let events = LatencyEvents::default();
        for (at_s, ms) in [(1, 5), (1, 9), (1, 7), (2, 3)] {
            events.record("command", at_s, ms);
        }
        let (_, series) = events.of(b"COMMAND").expect("recorded");
        assert_eq!(series.samples, [Sample { at_s: 1, ms: 9 }, Sample { at_s: 2, ms: 3 }]);
        assert_eq!(series.summary(11), Summary { average_ms: 6, deviation_ms: 3, period_s: 10 });
        (10..500).for_each(|at_s| events.record("command", at_s, 1));
        let (_, series) = events.of(b"command").expect("recorded");
        assert_eq!((series.samples.len(), series.worst_ms), (SAMPLES_MAX, 9));
        events.record("fork", 1, 1);
        assert_eq!((events.reset(&[b"nosuch"]), events.reset(&[b"fork"]), events.reset(&[])), (0, 1, 1));
    }
}
