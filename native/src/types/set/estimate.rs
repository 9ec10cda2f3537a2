//! How many different members were seen, to about 0.8 %, in 16 KiB: HyperLogLog.
//!
//! Registers as Flajolet et al. (2007) have them; the count by the improved raw estimator of Ertl, "New cardinality
//! estimation algorithms for HyperLogLog sketches" (2017), algorithm 6, which needs no correction for small counts. A byte a
//! register instead of six bits: this one lives no longer than a command.

use super::member;
use crate::ds::item::Item;

const INDEX_BITS: u32 = 14;
const REGISTERS: usize = 1 << INDEX_BITS;
/// What is left of a hash.
const RANKED_BITS: u32 = 64 - INDEX_BITS;
/// With a limit, the estimate is looked at after so many members at least: it costs a pass over the registers.
const LOOK_MEMBERS_MIN: usize = 1024;

pub struct Estimate {
    /// One more than the zeros that the hashes of a register began with, at most.
    registers: Box<[u8; REGISTERS]>,
    limit: usize,
    members: usize,
    look_at: usize,
}

impl Estimate {
    pub fn new(limit: usize) -> Estimate {
        Estimate { registers: Box::new([0; REGISTERS]), limit, members: 0, look_at: limit }
    }

    /// Takes a member into account; false once the estimate has reached the limit.
    pub fn add(&mut self, member: Item) -> bool {
        let hash = member::hash(member);
        let rank = ((hash >> INDEX_BITS) | 1 << RANKED_BITS).trailing_zeros() as u8 + 1;
        let register = &mut self.registers[hash as usize % REGISTERS];
        *register = rank.max(*register);
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
        let mut of_rank = [0u32; RANKED_BITS as usize + 2];
        self.registers.iter().for_each(|rank| of_rank[*rank as usize] += 1);
        let all = REGISTERS as f64;
        let mut sum = all * tau(1.0 - of_rank[RANKED_BITS as usize + 1] as f64 / all);
        for rank in (1..=RANKED_BITS as usize).rev() {
            sum = 0.5 * (sum + of_rank[rank] as f64);
        }
        sum += all * sigma(of_rank[0] as f64 / all);
        // 1 / (2 ln 2)
        let count = all * all * std::f64::consts::LOG2_E / 2.0 / sum;
        (count.round() as usize).min(self.limit)
    }
}

/// x + the sum of x^(2^k) * 2^(k-1) from k = 1 on.
fn sigma(x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut power, mut weight, mut sum) = (x, 1.0, x);
    loop {
        power *= power;
        let before = sum;
        sum += power * weight;
        weight += weight;
        if sum == before {
            return sum;
        }
    }
}

/// A third of: 1 - x - the sum of (1 - x^(2^-k))^2 * 2^-k from k = 1 on.
fn tau(x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut root, mut weight, mut sum) = (x, 1.0, 1.0 - x);
    loop {
        root = root.sqrt();
        let before = sum;
        weight *= 0.5;
        sum -= (1.0 - root).powi(2) * weight;
        if sum == before {
            return sum / 3.0;
        }
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
