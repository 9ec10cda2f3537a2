//! Vectors as they come and as they are stored: projected, brought to length 1, coded.
//!
//! The arithmetic is Redis's, step by step (sums in groups of four, the same roundings), so that scores, VEMB and its RAW
//! form give the same numbers.

use crate::ds::hnsw::Stored;
use crate::ds::hnsw::metric::Coding;

/// A coded vector with its own bytes.
pub struct Coded {
    bytes: Vec<u8>,
    norm: f32,
    range: f32,
}

impl Coded {
    /// Brings a vector to length 1 and codes it.
    pub fn of(coding: Coding, mut vector: Vec<f32>) -> Coded {
        let norm = normalise(&mut vector);
        let (mut range, mut bytes) = (0.0, vec![0; coding.bytes(vector.len())]);
        match coding {
            Coding::F32 => {
                for (out, value) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(&vector) {
                    *out = value.to_ne_bytes();
                }
            }
            Coding::Q8 => {
                range = vector.iter().fold(0.0, |range: f32, value| range.max(value.abs()));
                if range > 0.0 {
                    let scale = 127.0 / range;
                    for (out, value) in bytes.iter_mut().zip(&vector) {
                        *out = (value * scale).round() as i8 as u8;
                    }
                }
            }
            Coding::Bin => {
                for (word, values) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(vector.chunks(64)) {
                    let bits = values.iter().enumerate().map(|(bit, value)| u64::from(*value > 0.0) << bit);
                    *word = bits.sum::<u64>().to_ne_bytes();
                }
            }
        }
        Coded { bytes, norm, range }
    }

    /// One that was stored before. None: it cannot have been.
    pub fn restored(coding: Coding, dimensions: usize, bytes: Vec<u8>, norm: f32, range: f32) -> Option<Coded> {
        let whole = bytes.len() == coding.bytes(dimensions) && range.is_finite() && range >= 0.0;
        // Components of a vector of length 1. Its length may be anything that VADD was given.
        let fits = |value: &[u8; 4]| (-1.01..=1.01).contains(&f32::from_ne_bytes(*value));
        let usual = match coding {
            Coding::F32 => bytes.as_chunks::<4>().0.iter().all(fits),
            Coding::Q8 => range <= 1.01,
            // Bits that stand for no dimension are never set.
            Coding::Bin => match (bytes.last_chunk::<8>(), dimensions % 64) {
                (Some(last), used @ 1..) => u64::from_ne_bytes(*last) >> used == 0,
                _ => true,
            },
        };
        (whole && usual).then_some(Coded { bytes, norm, range })
    }

    pub fn stored(&self) -> Stored<'_> {
        Stored { bytes: &self.bytes, norm: self.norm, range: self.range }
    }
}

/// Divides a vector by its length, and gives that; 1 for one of length 0, which stays. One that has no direction because a
/// component or the length is not finite becomes zeros.
fn normalise(vector: &mut [f32]) -> f32 {
    let mut sum = 0f32;
    let (fours, rest) = vector.as_chunks::<4>();
    for [a, b, c, d] in fours {
        sum += a * a + b * b + c * c + d * d;
    }
    for value in rest {
        sum += value * value;
    }
    if sum == 0.0 {
        return 1.0;
    }
    let norm = sum.sqrt();
    if norm.is_finite() {
        vector.iter_mut().for_each(|value| *value /= norm);
    } else {
        vector.fill(0.0);
    }
    norm
}

/// The vector that was stored, but for what coding lost.
pub fn decoded(coding: Coding, stored: Stored, dimensions: usize) -> Vec<f32> {
    let mut vector: Vec<f32> = match coding {
        Coding::F32 => stored.bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_ne_bytes(*bytes)).collect(),
        Coding::Q8 => stored.bytes.iter().map(|byte| *byte as i8 as f32 * stored.range / 127.0).collect(),
        Coding::Bin => {
            let bit = |at: usize| stored.bytes.as_chunks::<8>().0[at / 64];
            let sign = |at: usize| if u64::from_ne_bytes(bit(at)) >> (at % 64) & 1 != 0 { 1.0 } else { -1.0 };
            return (0..dimensions).map(sign).collect();
        }
    };
    vector.iter_mut().for_each(|value| *value *= stored.norm);
    vector
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_reads_back_but_for_what_coding_loses() {
        let vector = vec![1.0, 2.0, -3.0];
        let read = |coding| {
            let coded = Coded::of(coding, vector.clone());
            decoded(coding, coded.stored(), 3)
        };
        assert_eq!(read(Coding::F32), vector);
        assert_eq!(read(Coding::Q8), [0.9921259, 2.007874, -3.0]);
        assert_eq!(read(Coding::Bin), [1.0, 1.0, -1.0]);
    }

    #[test]
    fn a_vector_without_direction_is_stored_as_zeros() {
        for (vector, norm) in [
            (vec![0.0, 0.0], 1.0),
            (vec![f32::INFINITY, 1.0], f32::INFINITY),
            (vec![f32::MAX, f32::MAX], f32::INFINITY),
            (vec![f32::NAN, 1.0], f32::NAN),
        ] {
            for coding in [Coding::F32, Coding::Q8, Coding::Bin] {
                let coded = Coded::of(coding, vector.clone());
                assert!(coded.stored().bytes.iter().all(|byte| *byte == 0), "{vector:?}");
                assert_eq!(coded.stored().norm.to_bits(), norm.to_bits());
            }
        }
    }
}
