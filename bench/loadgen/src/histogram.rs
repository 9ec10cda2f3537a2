//! Latencies in logarithmic buckets of 128 linear steps each: any percentile within 0.8 %, constant cost and size.

const STEPS_LOG2: u32 = 7;
const STEPS: u64 = 1 << STEPS_LOG2;
/// Values below 128 have a bucket each; every further power of two up to 2^63 has 128.
const BUCKETS: usize = ((64 - STEPS_LOG2 as usize) + 1) << STEPS_LOG2;

pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    sum: u128,
    max: u64,
}

impl Histogram {
    pub fn new() -> Self {
        Self {
            counts: vec![0; BUCKETS],
            total: 0,
            sum: 0,
            max: 0,
        }
    }

    pub fn record(&mut self, value: u64, times: u32) {
        self.counts[bucket_of(value)] += times as u64;
        self.total += times as u64;
        self.sum += value as u128 * times as u128;
        self.max = self.max.max(value);
    }

    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The smallest bucket bound that at least `share` (0..=1) of the values do not exceed; 0 when nothing was recorded.
    pub fn percentile(&self, share: f64) -> u64 {
        let wanted = (self.total as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted && seen > 0 {
                return upper_bound(bucket).min(self.max);
            }
        }
        self.max
    }

    pub fn mean(&self) -> f64 {
        if self.total == 0 {
            0.0
        } else {
            self.sum as f64 / self.total as f64
        }
    }

    pub fn max(&self) -> u64 {
        self.max
    }
}

fn bucket_of(value: u64) -> usize {
    if value < STEPS {
        return value as usize;
    }
    let shift = 63 - value.leading_zeros() - STEPS_LOG2;
    ((shift as usize + 1) << STEPS_LOG2) + ((value >> shift) - STEPS) as usize
}

fn upper_bound(bucket: usize) -> u64 {
    let (octave, step) = (bucket >> STEPS_LOG2, (bucket as u64) & (STEPS - 1));
    if octave == 0 {
        return step;
    }
    let shift = octave as u32 - 1;
    (((STEPS + step + 1) as u128) << shift).min(u64::MAX as u128) as u64 - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_lies_within_one_percent_below_its_buckets_bound() {
        for value in (0..63).flat_map(|bit| [1u64 << bit, (1u64 << bit) + (1u64 << bit) / 3]) {
            let bound = upper_bound(bucket_of(value));
            assert!(
                bound >= value && bound as f64 <= value as f64 * 1.01 + 1.0,
                "{value} {bound}"
            );
        }
    }

    #[test]
    fn percentiles_of_one_to_a_thousand_are_what_they_should_be() {
        let mut histogram = Histogram::new();
        (1..=1000).for_each(|value| histogram.record(value, 1));
        assert!((496..=504).contains(&histogram.percentile(0.5)));
        assert!((985..=998).contains(&histogram.percentile(0.99)));
        assert_eq!(histogram.percentile(1.0), 1000);
        assert_eq!(histogram.mean(), 500.5);
    }
}
