//! REDUCE: vectors of many dimensions as vectors of fewer, so that distances stay about the same.
//!
//! A random projection, as a product of three matrices that take no memory (the subsampled randomised Hadamard transform:
//! Ailon and Chazelle 2009, Tropp 2011):
//!
//! ```text
//!   reduced = 1/√n · S · H · D · vector
//!
//!   D   flips signs: component j by bit j of a random stream
//!   H   the Hadamard matrix of n, the next power of two: entry (i, j) is -1 to the number of bits set in both i and j
//!   S   takes `reduced` of the n components, drawn without repetition from the stream
//! ```
//!
//! n log n steps instead of the product of both dimensions: 65,536 dimensions take 1 million additions, not 4 billion.
//! Everything follows from a seed that the set keeps, so that the same vectors give the same set anywhere.
//!
//! Sets that Redis made (`PLAIN`) have its projection: no signs flipped, the first `reduced` rows, 1/√ of the dimensions that come in.

/// The seed of new sets. A constant: what is replayed elsewhere must come out the same.
pub const SEED: u64 = 0x5A65_6469_7356_5331;

/// In place of a seed: the projection of Redis.
pub const PLAIN: u64 = 0;

#[derive(Clone, Debug, PartialEq)]
pub struct Projection {
    pub seed: u64,
    /// Dimensions of what comes in.
    pub input: usize,
    /// Which components of the transformed vector are taken, in this order.
    taken: Box<[u32]>,
}

impl Projection {
    /// From `input` to `output` dimensions, which must not be more.
    pub fn new(seed: u64, input: usize, output: usize) -> Projection {
        assert!(output <= input);
        if seed == PLAIN {
            return Projection { seed, input, taken: (0..output as u32).collect() };
        }
        let transformed = input.next_power_of_two();
        let mut stream = Stream(seed ^ transformed as u64);
        // Floyd's: `output` of the numbers below `transformed`, each subset as likely.
        let mut taken = std::collections::BTreeSet::new();
        for most in transformed - output..transformed {
            let drawn = (stream.next() % (most as u64 + 1)) as u32;
            if !taken.insert(drawn) {
                taken.insert(most as u32);
            }
        }
        Projection { seed, input, taken: taken.into_iter().collect() }
    }

    /// The projection as a matrix, as Redis writes its own: a row of little-endian floats for each dimension that comes out.
    pub fn matrix(&self) -> Vec<u8> {
        self.entries().flat_map(f32::to_le_bytes).collect()
    }

    /// Is this its matrix? Cost: one pass.
    pub fn is_written_as(&self, matrix: &[u8]) -> bool {
        let (floats, rest) = matrix.as_chunks::<4>();
        rest.is_empty()
            && floats.len() == self.taken.len() * self.input
            && floats
                .iter()
                .zip(self.entries())
                .all(|(float, entry)| (f32::from_le_bytes(*float) - entry).abs() <= entry.abs() * 1e-5)
    }

    /// Row by row.
    fn entries(&self) -> impl Iterator<Item = f32> + '_ {
        let plain = self.seed == PLAIN;
        let scale = 1.0 / if plain { self.input as f32 } else { self.input.next_power_of_two() as f32 }.sqrt();
        let mut stream = Stream(self.seed);
        let flipped: Vec<u64> = (0..self.input.div_ceil(64)).map(|_| if plain { 0 } else { stream.next() }).collect();
        self.taken.iter().flat_map(move |row| {
            let flipped = flipped.clone();
            (0..self.input).map(move |column| {
                let odd =
                    (u64::from((*row as usize & column).count_ones()) + (flipped[column / 64] >> (column % 64))) & 1;
                if odd == 0 { scale } else { -scale }
            })
        })
    }

    pub fn memory_bytes(&self) -> usize {
        size_of::<Projection>() + self.taken.len() * size_of::<u32>()
    }

    pub fn apply(&self, vector: &[f32]) -> Vec<f32> {
        assert_eq!(vector.len(), self.input);
        let mut work = vec![0f32; self.input.next_power_of_two()];
        if self.seed == PLAIN {
            work[..self.input].copy_from_slice(vector);
            transform(&mut work);
            let scale = 1.0 / (self.input as f32).sqrt();
            return self.taken.iter().map(|at| work[*at as usize] * scale).collect();
        }
        let mut signs = Stream(self.seed);
        for (out, values) in work.chunks_mut(64).zip(vector.chunks(64)) {
            let bits = signs.next();
            for (bit, (out, value)) in out.iter_mut().zip(values).enumerate() {
                *out = if bits >> bit & 1 == 0 { *value } else { -*value };
            }
        }
        transform(&mut work);
        let scale = 1.0 / (work.len() as f32).sqrt();
        self.taken.iter().map(|at| work[*at as usize] * scale).collect()
    }
}

/// Multiplies by the Hadamard matrix, in place. Every step is the same addition in any order, so all machines agree.
fn transform(work: &mut [f32]) {
    let mut half = 1;
    while half < work.len() {
        for pair in work.chunks_exact_mut(half * 2) {
            let (low, high) = pair.split_at_mut(half);
            for (a, b) in low.iter_mut().zip(high) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        half *= 2;
    }
}

/// SplitMix64 (Steele et al. 2014), the same stream for the same seed.
struct Stream(u64);

impl Stream {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(a: &[f32], b: &[f32]) -> f32 {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    }

    #[test]
    fn angles_stay_about_the_same() {
        let mut stream = Stream(1);
        let mut value = || (stream.next() >> 40) as f32 / (1 << 23) as f32 - 1.0;
        let projection = Projection::new(SEED, 300, 128);
        for blend in [0.0, 0.5, 0.9, 1.0] {
            let a: Vec<f32> = (0..300).map(|_| value()).collect();
            let b: Vec<f32> = a.iter().map(|a| a * blend + value() * (1.0 - blend)).collect();
            let after = cosine(&projection.apply(&a), &projection.apply(&b));
            assert!((cosine(&a, &b) - after).abs() < 0.2, "{} {after}", cosine(&a, &b));
        }
    }

    #[test]
    fn all_components_taken_keep_every_distance() {
        let projection = Projection::new(SEED, 64, 64);
        let vector: Vec<f32> = (0..64).map(|at| at as f32 - 20.0).collect();
        let after = projection.apply(&vector);
        let length = |vector: &[f32]| vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        assert!((length(&vector) - length(&after)).abs() < 0.01);
    }

    #[test]
    fn a_projection_is_the_product_with_its_matrix() {
        let (input, output) = (70, 13);
        let vector: Vec<f32> = (0..input).map(|at| at as f32 - 20.5).collect();
        for (seed, other) in [(PLAIN, SEED), (SEED, PLAIN)] {
            let projection = Projection::new(seed, input, output);
            let mut matrix = projection.matrix();
            let (floats, _) = matrix.as_chunks::<4>();
            for (row, value) in floats.chunks_exact(input).zip(projection.apply(&vector)) {
                let product: f32 =
                    row.iter().zip(&vector).map(|(entry, value)| f32::from_le_bytes(*entry) * value).sum();
                assert!((product - value).abs() < 1e-3, "{product} {value}");
            }
            assert!(projection.is_written_as(&matrix) && !projection.is_written_as(&matrix[4..]));
            assert!(!Projection::new(other, input, output).is_written_as(&matrix));
            matrix[7] ^= 0x80;
            assert!(!projection.is_written_as(&matrix));
        }
        // As redis-server 8.6.3 writes it: 1/2 of the first two rows of Hadamard's matrix.
        let half = |sign: f32| (sign / 2.0).to_le_bytes();
        let rows = [1.0, 1.0, 1.0, 1.0, 1.0, -1.0, 1.0, -1.0].map(half).concat();
        assert_eq!(Projection::new(PLAIN, 4, 2).matrix(), rows);
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let (one, two) = (Projection::new(SEED, 5, 3), Projection::new(SEED, 5, 3));
        assert_eq!(one.apply(&[1.0, 2.0, 3.0, 4.0, 5.0]), two.apply(&[1.0, 2.0, 3.0, 4.0, 5.0]));
        assert_ne!(one, Projection::new(SEED + 1, 5, 3));
    }
}
