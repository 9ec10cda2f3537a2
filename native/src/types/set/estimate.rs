//! How many different members were seen, to about 0.8 %: SUNIONCARD APPROX.

use crate::ds::item::Item;
use crate::types::hyperloglog::counter::Counter;

/// With a limit, the estimate is looked at after so many members at least: it costs a pass over the registers.
const LOOK_MEMBERS_MIN: usize = 1024;

pub struct Estimate {
    counter: Counter,
    limit: usize,
    members: usize,
    look_at: usize,
}

impl Estimate {
    pub fn new(limit: usize) -> Estimate {
        Estimate { counter: Counter::default(), limit, members: 0, look_at: limit }
    }

    /// Takes a member into account; false once the estimate has reached the limit.
    pub fn add(&mut self, member: Item) -> bool {
        match member {
            Item::Int(number) => self.counter.add(itoa::Buffer::new().format(number).as_bytes()),
            Item::Text(text) => self.counter.add(text),
        }
        self.members += 1;
        if self.members < self.look_at {
            return true;
        }
        let count = self.count();
        self.look_at = self.members + (self.limit - count).max(LOOK_MEMBERS_MIN);
        count < self.limit
    }

    /// The estimate, at most the limit.
    pub fn count(&self) -> usize {
        (self.counter.count() as usize).min(self.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_counts_are_exact_and_large_ones_within_three_percent() {
        for (count, error) in [(0, 0), (1, 0), (5, 0), (100, 2), (20_000, 600), (300_000, 9000)] {
            let mut estimate = Estimate::new(usize::MAX);
            for turn in 0..2 {
                (0..count).for_each(|number| assert!(estimate.add(Item::Int(number as i64 * 7919)), "{turn}"));
            }
            assert!(estimate.count().abs_diff(count) <= error, "{} for {count}", estimate.count());
        }
    }

    #[test]
    fn a_limit_ends_the_counting() {
        let mut estimate = Estimate::new(5000);
        let taken = (0..1_000_000).take_while(|number| estimate.add(Item::Int(*number))).count();
        assert_eq!(estimate.count(), 5000);
        assert!((4800..8000).contains(&taken), "{taken}");
    }
}
