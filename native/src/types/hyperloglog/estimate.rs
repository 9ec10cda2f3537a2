//! From registers to a cardinality: Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches"
//! (arXiv:1702.01284), as Redis computes it, rounding for rounding.

use super::REGISTERS;
use super::hash::RANK_MAX;

/// What the estimate needs to know of the registers, where none is above [`EXACT_MAX`].
#[derive(Debug, PartialEq, Eq, Clone, Copy, Default)]
pub struct Sums {
    /// Sum of 2^-value over the registers that are not 0, in units of 2^-39.
    pub weight: u64,
    /// Registers that are 0.
    pub zeros: u32,
}

/// Greatest register for which [`Sums`] do: 16,384 registers of 2^38 units stay below 2^53, so that neither the sum here nor
/// any of the steps by which Redis halves and adds is ever rounded, and both come to the same number.
pub const EXACT_MAX: u8 = 39;

const _: () = assert!((REGISTERS as u64) << (EXACT_MAX - 1) <= 1 << 53);

/// 1 / (2 ln 2), with the digits that Redis has.
const ALPHA: f64 = 0.721_347_520_444_481_7;
const M: f64 = REGISTERS as f64;

/// The cardinality. Cost: about 20 ns.
pub fn from_sums(sums: Sums) -> u64 {
    // 2^-39: exact, as a power of two is.
    const UNIT: f64 = 1.0 / (1u64 << EXACT_MAX) as f64;
    finish(sums.weight as f64 * UNIT, sums.zeros)
}

/// The cardinality, from how many registers have each value.
pub fn from_histogram(histogram: &[u32; 64]) -> u64 {
    let top = RANK_MAX as usize;
    let mut z = M * tau((M - histogram[top] as f64) / M);
    for count in histogram[1..top].iter().rev() {
        z = (z + *count as f64) * 0.5;
    }
    finish(z, histogram[0])
}

fn finish(z: f64, zeros: u32) -> u64 {
    let z = z + M * sigma(zeros as f64 / M);
    let estimate = (ALPHA * M * M / z).round();
    // Only registers that no element can have set come to this. C's llroundl gives the least integer there.
    if estimate < 9.3e18 { estimate as u64 } else { 1 << 63 }
}

fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if before == z {
            return z;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
        if before == z {
            return z / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::random::step;

    #[test]
    fn sums_and_histograms_come_to_the_same_number() {
        let mut seed = 7u64;
        let mut next = || {
            seed = step(seed);
            seed >> 20
        };
        for round in 0..2_000 {
            // Registers as `elements` different elements would leave them, and others that none would.
            let mut histogram = [0u32; 64];
            let mut sums = Sums::default();
            let spread = 1 + round % EXACT_MAX as u64;
            for _ in 0..REGISTERS {
                let value = if round % 3 == 0 {
                    next() % (spread + 1)
                } else {
                    (next().trailing_zeros() as u64 + spread).saturating_sub(3).min(EXACT_MAX as u64)
                };
                histogram[value as usize] += 1;
                match value {
                    0 => sums.zeros += 1,
                    _ => sums.weight += 1 << (EXACT_MAX as u64 - value),
                }
            }
            assert_eq!(from_sums(sums), from_histogram(&histogram), "{histogram:?}");
        }
    }

    #[test]
    fn registers_that_are_all_alike_have_an_end() {
        let all = |value: usize| {
            let mut histogram = [0; 64];
            histogram[value] = REGISTERS as u32;
            from_histogram(&histogram)
        };
        assert_eq!((all(0), all(1)), (0, 23_637));
        assert_eq!((all(51), all(63)), (1 << 63, 1 << 63));
    }
}
