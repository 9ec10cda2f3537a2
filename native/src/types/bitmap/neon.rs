//! Counting and looking for bits with NEON, which every 64-bit ARM has.

use std::arch::aarch64::*;

use super::combine::Lanes;
use super::wide::ones_scalar;

/// Vectors whose counts fit a byte each: 31 * 8 is below 256.
const RUN: usize = 31;

pub fn ones(bytes: &[u8]) -> u64 {
    let (vectors, rest) = bytes.as_chunks::<16>();
    let mut total = 0;
    for run in vectors.chunks(RUN) {
        // SAFETY: each vector has 16 bytes.
        total += unsafe {
            let mut counts = vdupq_n_u8(0);
            for vector in run {
                counts = vaddq_u8(counts, vcntq_u8(vld1q_u8(vector.as_ptr())));
            }
            vaddlvq_u8(counts) as u64
        };
    }
    total + ones_scalar(rest)
}

/// How many bytes at the beginning are `dull`, at least: all blocks of 64 bytes before the first other one.
pub fn dull(bytes: &[u8], dull: u8) -> usize {
    let is_dull = |block: &&[u8; 64]| {
        // SAFETY: the block has 4 * 16 bytes.
        unsafe {
            let same = vdupq_n_u8(dull);
            let other = |turn: usize| veorq_u8(vld1q_u8(block.as_ptr().add(turn * 16)), same);
            let any = vorrq_u8(vorrq_u8(other(0), other(1)), vorrq_u8(other(2), other(3)));
            vmaxvq_u8(any) == 0
        }
    };
    bytes.as_chunks::<64>().0.iter().take_while(is_dull).count() * 64
}

/// 16 bytes.
#[derive(Clone, Copy)]
pub struct Vector(uint8x16_t);

impl Lanes for Vector {
    const BYTES: usize = 16;
    // SAFETY: 16 zero bytes are a vector.
    const NONE: Vector = unsafe { std::mem::zeroed() };

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Vector {
        // SAFETY: as for the caller.
        Vector(unsafe { vld1q_u8(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: as for the caller.
        unsafe { vst1q_u8(to, self.0) }
    }

    #[inline(always)]
    fn and(self, other: Vector) -> Vector {
        // SAFETY: every 64-bit ARM has NEON.
        Vector(unsafe { vandq_u8(self.0, other.0) })
    }

    #[inline(always)]
    fn or(self, other: Vector) -> Vector {
        // SAFETY: every 64-bit ARM has NEON.
        Vector(unsafe { vorrq_u8(self.0, other.0) })
    }

    #[inline(always)]
    fn xor(self, other: Vector) -> Vector {
        // SAFETY: every 64-bit ARM has NEON.
        Vector(unsafe { veorq_u8(self.0, other.0) })
    }

    #[inline(always)]
    fn without(self, other: Vector) -> Vector {
        // SAFETY: every 64-bit ARM has NEON.
        Vector(unsafe { vbicq_u8(self.0, other.0) })
    }

    #[inline(always)]
    fn not(self) -> Vector {
        // SAFETY: every 64-bit ARM has NEON.
        Vector(unsafe { vmvnq_u8(self.0) })
    }
}
