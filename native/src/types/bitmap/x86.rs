//! Counting and looking for bits with AVX2 and AVX-512.

use std::arch::x86_64::*;

use super::combine::{self, Lanes, Operation, Way};
use super::wide::ones_scalar;

/// Bits set, 64 bytes an instruction.
#[target_feature(enable = "avx512f,avx512vpopcntdq,popcnt")]
pub fn ones_512(bytes: &[u8]) -> u64 {
    let (blocks, rest) = bytes.as_chunks::<256>();
    let mut sums = [_mm512_setzero_si512(); 4];
    for block in blocks {
        for (part, sum) in block.as_chunks::<64>().0.iter().zip(&mut sums) {
            // SAFETY: the part has 64 bytes.
            let bits = unsafe { _mm512_loadu_si512(part.as_ptr().cast()) };
            *sum = _mm512_add_epi64(*sum, _mm512_popcnt_epi64(bits));
        }
    }
    let total: i64 = sums.into_iter().map(|sum| _mm512_reduce_add_epi64(sum)).sum();
    total as u64 + ones_scalar(rest)
}

/// Sum and carry of three bits, in every place.
#[target_feature(enable = "avx2")]
fn add_bits(a: __m256i, b: __m256i, c: __m256i) -> (__m256i, __m256i) {
    let either = _mm256_xor_si256(a, b);
    let carry = _mm256_or_si256(_mm256_and_si256(a, b), _mm256_and_si256(either, c));
    (_mm256_xor_si256(either, c), carry)
}

/// Bits set in each of four quads.
#[target_feature(enable = "avx2")]
fn ones_of(bits: __m256i) -> __m256i {
    let of_nibble = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    let nibble = _mm256_set1_epi8(0x0f);
    let low = _mm256_shuffle_epi8(of_nibble, _mm256_and_si256(bits, nibble));
    let high = _mm256_shuffle_epi8(of_nibble, _mm256_and_si256(_mm256_srli_epi16::<4>(bits), nibble));
    _mm256_sad_epu8(_mm256_add_epi8(low, high), _mm256_setzero_si256())
}

/// Bits set: sixteen vectors at a time are added up bit by bit, as a counter in each place, and only what overflows it is
/// counted (Muła, Kurz, Lemire: "Faster Population Counts Using AVX2 Instructions", 2018; after Harley and Seal).
#[target_feature(enable = "avx2,popcnt")]
pub fn ones_256(bytes: &[u8]) -> u64 {
    let none = _mm256_setzero_si256();
    let (mut ones, mut twos, mut fours, mut eights, mut total) = (none, none, none, none, none);
    let (blocks, rest) = bytes.as_chunks::<512>();
    for block in blocks {
        // SAFETY: callers pass 0 to 15, and the block has 16 * 32 bytes.
        let load = |turn: usize| unsafe { _mm256_loadu_si256(block.as_ptr().add(turn * 32).cast()) };
        let mut eights_of = [none; 2];
        for (half, eight) in eights_of.iter_mut().enumerate() {
            let mut fours_of = [none; 2];
            for (quarter, four) in fours_of.iter_mut().enumerate() {
                let at = half * 8 + quarter * 4;
                let (sum, first) = add_bits(ones, load(at), load(at + 1));
                let (sum, second) = add_bits(sum, load(at + 2), load(at + 3));
                ones = sum;
                (twos, *four) = add_bits(twos, first, second);
            }
            (fours, *eight) = add_bits(fours, fours_of[0], fours_of[1]);
        }
        let (sum, sixteens) = add_bits(eights, eights_of[0], eights_of[1]);
        eights = sum;
        total = _mm256_add_epi64(total, ones_of(sixteens));
    }
    total = _mm256_slli_epi64::<4>(total);
    for (counter, shift) in [(eights, 3), (fours, 2), (twos, 1), (ones, 0)] {
        total = _mm256_add_epi64(total, _mm256_sll_epi64(ones_of(counter), _mm_cvtsi32_si128(shift)));
    }
    let mut parts = [0u64; 4];
    // SAFETY: `parts` has 32 bytes.
    unsafe { _mm256_storeu_si256(parts.as_mut_ptr().cast(), total) };
    parts.iter().sum::<u64>() + ones_scalar(rest)
}

/// How many bytes at the beginning are `dull`, at least: all blocks of 128 bytes before the first other one.
#[target_feature(enable = "avx2")]
pub fn dull_256(bytes: &[u8], dull: u8) -> usize {
    let same = _mm256_set1_epi8(dull as i8);
    let blocks = bytes.as_chunks::<128>().0;
    let is_dull = |block: &&[u8; 128]| {
        // SAFETY: the block has 4 * 32 bytes.
        let load = |turn: usize| unsafe { _mm256_loadu_si256(block.as_ptr().add(turn * 32).cast()) };
        let other = |turn: usize| _mm256_xor_si256(load(turn), same);
        let any = _mm256_or_si256(_mm256_or_si256(other(0), other(1)), _mm256_or_si256(other(2), other(3)));
        _mm256_testz_si256(any, any) == 1
    };
    blocks.iter().take_while(is_dull).count() * 128
}

/// 32 bytes. Made by [`pass`] alone, which has the feature that all of this needs.
#[derive(Clone, Copy)]
struct Vector(__m256i);

impl Lanes for Vector {
    const BYTES: usize = 32;
    // SAFETY: 32 zero bytes are a vector.
    const NONE: Vector = unsafe { std::mem::zeroed() };

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Vector {
        // SAFETY: as for the caller; AVX2 is there, as `pass` says.
        Vector(unsafe { _mm256_loadu_si256(from.cast()) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: as for the caller; AVX2 is there, as `pass` says.
        unsafe { _mm256_storeu_si256(to.cast(), self.0) }
    }

    #[inline(always)]
    fn and(self, other: Vector) -> Vector {
        // SAFETY: AVX2 is there, as `pass` says.
        Vector(unsafe { _mm256_and_si256(self.0, other.0) })
    }

    #[inline(always)]
    fn or(self, other: Vector) -> Vector {
        // SAFETY: AVX2 is there, as `pass` says.
        Vector(unsafe { _mm256_or_si256(self.0, other.0) })
    }

    #[inline(always)]
    fn xor(self, other: Vector) -> Vector {
        // SAFETY: AVX2 is there, as `pass` says.
        Vector(unsafe { _mm256_xor_si256(self.0, other.0) })
    }

    #[inline(always)]
    fn without(self, other: Vector) -> Vector {
        // SAFETY: AVX2 is there, as `pass` says.
        Vector(unsafe { _mm256_andnot_si256(other.0, self.0) })
    }

    #[inline(always)]
    fn not(self) -> Vector {
        // SAFETY: AVX2 is there, as `pass` says.
        Vector(unsafe { _mm256_xor_si256(self.0, _mm256_set1_epi8(-1)) })
    }
}

/// One pass of a BITOP; see combine.rs.
///
/// # Safety
/// As for `combine::pass`.
#[target_feature(enable = "avx2")]
pub unsafe fn pass(operation: Operation, sources: &[*const u8], count: usize, target: *mut u8, way: Way) {
    // SAFETY: as for the caller.
    unsafe { combine::pass::<Vector>(operation, sources, count, target, way) }
}
