//! Work over all registers with AVX2 and AVX-512 (VBMI).
//!
//! ```text
//!   unpack   24 bytes ─▶ two lanes of 12 ─▶ words |b0 b1|b1 b2| ─▶ bits to the top ─▶ two shifts ─▶ 32 registers
//!            48 bytes ─▶ quads of 6 bytes ─▶ multishift by 0 6 12 … 42 ─▶ 64 registers                      (AVX-512)
//!   pack     32 registers ─▶ r0 + 64 r1 ─▶ w0 + 4096 w1 ─▶ three bytes of each dword
//!   sums     value - base ─▶ 2^-value from two tables ─▶ sums of bytes; see `wide::window`
//! ```

use std::arch::x86_64::*;

use super::estimate::Sums;
use super::scalar::Raw;
use super::wide::window;
use super::{DENSE_BYTES, HEADER_BYTES, REGISTERS};

// Loads reach back into the header: 8 bytes (AVX2) or 16 (AVX-512) before the registers they mean.
const _: () = assert!(HEADER_BYTES == 16 && DENSE_BYTES == HEADER_BYTES + 512 * 24 && REGISTERS == 512 * 32);

#[target_feature(enable = "avx2")]
pub fn unpack_256<const FOLD: bool>(text: &[u8; DENSE_BYTES], raw: &mut Raw) {
    // Dwords 2 3 4 and 5 6 7 of a load are the 24 bytes meant.
    let lanes = _mm256_setr_epi32(2, 3, 4, 0, 5, 6, 7, 0);
    #[rustfmt::skip]
    let words = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 10, 10, 11));
    // The first word of a pair has its 12 bits at the bottom, the second at the top.
    let to_top = _mm256_set1_epi32(1 << 16 | 16);
    let even = _mm256_set1_epi16(0x003f);
    let odd = _mm256_set1_epi16(0x3f00);
    for turn in 0..REGISTERS / 32 {
        // SAFETY: 8 + 24 * 511 + 32 is the length of `text`; 32 * 511 + 32 is that of `raw`.
        unsafe {
            let packed = _mm256_loadu_si256(text.as_ptr().add(HEADER_BYTES - 8 + turn * 24).cast());
            let packed = _mm256_shuffle_epi8(_mm256_permutevar8x32_epi32(packed, lanes), words);
            let top = _mm256_mullo_epi16(packed, to_top);
            let even = _mm256_and_si256(_mm256_srli_epi16::<4>(top), even);
            let odd = _mm256_and_si256(_mm256_srli_epi16::<2>(top), odd);
            let mut registers = _mm256_or_si256(even, odd);
            let to = raw.0.as_mut_ptr().add(turn * 32).cast::<__m256i>();
            if FOLD {
                registers = _mm256_max_epu8(registers, _mm256_load_si256(to));
            }
            _mm256_store_si256(to, registers);
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub fn unpack_512<const FOLD: bool>(text: &[u8; DENSE_BYTES], raw: &mut Raw) {
    // Bytes 16.. of a load are the 48 meant; quad q gets six of them, whatever its last two are.
    let mut order = [0u8; 64];
    for (at, from) in order.iter_mut().enumerate() {
        *from = (16 + at / 8 * 6 + (at % 8).min(5)) as u8;
    }
    // SAFETY: `order` has 64 bytes.
    let order = unsafe { _mm512_loadu_si512(order.as_ptr().cast()) };
    let shifts = _mm512_set1_epi64(i64::from_le_bytes([0, 6, 12, 18, 24, 30, 36, 42]));
    let six_bits = _mm512_set1_epi8(63);
    for turn in 0..REGISTERS / 64 {
        // SAFETY: 48 * 255 + 64 is the length of `text`; 64 * 255 + 64 is that of `raw`, which is aligned to 64.
        unsafe {
            let packed = _mm512_loadu_si512(text.as_ptr().add(turn * 48).cast());
            let quads = _mm512_permutexvar_epi8(order, packed);
            let mut registers = _mm512_and_si512(_mm512_multishift_epi64_epi8(shifts, quads), six_bits);
            let to = raw.0.as_mut_ptr().add(turn * 64).cast::<__m512i>();
            if FOLD {
                registers = _mm512_max_epu8(registers, _mm512_load_si512(to));
            }
            _mm512_store_si512(to, registers);
        }
    }
}

#[target_feature(enable = "avx2")]
pub fn pack_256(raw: &Raw, text: &mut [u8; DENSE_BYTES]) {
    let first = _mm256_set1_epi16(64 << 8 | 1);
    let second = _mm256_set1_epi32(4096 << 16 | 1);
    #[rustfmt::skip]
    let three = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
    // Dwords 0 1 2 and 4 5 6 are filled now.
    let together = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7);
    let six_dwords = _mm256_setr_epi32(-1, -1, -1, -1, -1, -1, 0, 0);
    for turn in 0..REGISTERS / 32 {
        // SAFETY: 32 * 511 + 32 is the length of `raw`, which is aligned to 64. The store writes 24 bytes alone, and
        // 16 + 24 * 511 + 24 is the length of `text`.
        unsafe {
            let registers = _mm256_load_si256(raw.0.as_ptr().add(turn * 32).cast());
            let words = _mm256_maddubs_epi16(registers, first);
            let dwords = _mm256_madd_epi16(words, second);
            let packed = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(dwords, three), together);
            _mm256_maskstore_epi32(text.as_mut_ptr().add(HEADER_BYTES + turn * 24).cast(), six_dwords, packed);
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub fn pack_512(raw: &Raw, text: &mut [u8; DENSE_BYTES]) {
    let first = _mm512_set1_epi16(64 << 8 | 1);
    let second = _mm512_set1_epi32(4096 << 16 | 1);
    // Three bytes of each of the 16 dwords; the last 16 bytes are not stored.
    let mut order = [0u8; 64];
    for (at, from) in order.iter_mut().take(48).enumerate() {
        *from = (at / 3 * 4 + at % 3) as u8;
    }
    // SAFETY: `order` has 64 bytes.
    let order = unsafe { _mm512_loadu_si512(order.as_ptr().cast()) };
    for turn in 0..REGISTERS / 64 {
        // SAFETY: 64 * 255 + 64 is the length of `raw`, which is aligned to 64. The store writes 48 bytes alone, and
        // 16 + 48 * 255 + 48 is the length of `text`.
        unsafe {
            let registers = _mm512_load_si512(raw.0.as_ptr().add(turn * 64).cast());
            let dwords = _mm512_madd_epi16(_mm512_maddubs_epi16(registers, first), second);
            let packed = _mm512_permutexvar_epi8(order, dwords);
            _mm512_mask_storeu_epi8(text.as_mut_ptr().add(HEADER_BYTES + turn * 48).cast(), (1 << 48) - 1, packed);
        }
    }
}

/// Vectors between two looks at whether any register was outside of the window.
const RUN: usize = 8;

/// None: a register is too great for the sums, or all are.
#[target_feature(enable = "avx2")]
pub fn sums_256(raw: &Raw) -> Option<Sums> {
    let base = window::base(raw)?;
    let mut sums = Sums::default();
    let from = _mm256_set1_epi8(base as i8);
    // Values of the window come to lie at 112..128, all others at 128 or more: table look-ups give 0 there.
    let to = _mm256_set1_epi8(128u8.wrapping_sub(window::VALUES) as i8);
    let none = _mm256_setzero_si256();
    let (mut upper, mut lower, mut zeros) = (none, none, none);
    // SAFETY: the tables have 16 bytes.
    let (upper_byte, lower_byte) = unsafe {
        let load = |table: &[u8; 16]| _mm256_broadcastsi128_si256(_mm_loadu_si128(table.as_ptr().cast()));
        (load(&window::upper_byte(base)), load(&window::LOWER_BYTE))
    };
    for block in raw.0.as_chunks::<{ 32 * RUN }>().0 {
        let mut outside = none;
        let mut zeros_here = none;
        for turn in 0..RUN {
            // SAFETY: the block has RUN * 32 bytes and is aligned to 64, as `raw` is.
            let values = unsafe { _mm256_load_si256(block.as_ptr().add(turn * 32).cast()) };
            let index = _mm256_adds_epu8(_mm256_sub_epi8(values, from), to);
            outside = _mm256_or_si256(outside, index);
            upper = _mm256_add_epi64(upper, _mm256_sad_epu8(_mm256_shuffle_epi8(upper_byte, index), none));
            lower = _mm256_add_epi64(lower, _mm256_sad_epu8(_mm256_shuffle_epi8(lower_byte, index), none));
            zeros_here = _mm256_sub_epi8(zeros_here, _mm256_cmpeq_epi8(values, none));
        }
        if base == 0 {
            zeros = _mm256_add_epi64(zeros, _mm256_sad_epu8(zeros_here, none));
        }
        if _mm256_movemask_epi8(outside) != 0 && !add_outside(block, base, &mut sums) {
            return None;
        }
    }
    let total = |vector: __m256i| {
        let mut parts = [0u64; 4];
        // SAFETY: `parts` has 32 bytes.
        unsafe { _mm256_storeu_si256(parts.as_mut_ptr().cast(), vector) };
        parts.iter().sum::<u64>()
    };
    Some(window::close(sums, base, total(upper), total(lower), total(zeros) as u32))
}

/// The same, 64 registers at a time.
#[target_feature(enable = "avx512f,avx512bw")]
pub fn sums_512(raw: &Raw) -> Option<Sums> {
    let base = window::base(raw)?;
    let mut sums = Sums::default();
    let from = _mm512_set1_epi8(base as i8);
    let to = _mm512_set1_epi8(128u8.wrapping_sub(window::VALUES) as i8);
    let none = _mm512_setzero_si512();
    let (mut upper, mut lower, mut zeros) = (none, none, 0);
    // SAFETY: the tables have 16 bytes.
    let (upper_byte, lower_byte) = unsafe {
        let load = |table: &[u8; 16]| _mm512_broadcast_i32x4(_mm_loadu_si128(table.as_ptr().cast()));
        (load(&window::upper_byte(base)), load(&window::LOWER_BYTE))
    };
    for block in raw.0.as_chunks::<{ 64 * RUN }>().0 {
        let mut outside = none;
        for turn in 0..RUN {
            // SAFETY: the block has RUN * 64 bytes and is aligned to 64, as `raw` is.
            let values = unsafe { _mm512_load_si512(block.as_ptr().add(turn * 64).cast()) };
            let index = _mm512_adds_epu8(_mm512_sub_epi8(values, from), to);
            outside = _mm512_or_si512(outside, index);
            upper = _mm512_add_epi64(upper, _mm512_sad_epu8(_mm512_shuffle_epi8(upper_byte, index), none));
            lower = _mm512_add_epi64(lower, _mm512_sad_epu8(_mm512_shuffle_epi8(lower_byte, index), none));
            if base == 0 {
                zeros += _mm512_testn_epi8_mask(values, values).count_ones();
            }
        }
        if _mm512_movepi8_mask(outside) != 0 && !add_outside(block, base, &mut sums) {
            return None;
        }
    }
    let total = |vector: __m512i| _mm512_reduce_add_epi64(vector) as u64;
    Some(window::close(sums, base, total(upper), total(lower), zeros))
}

/// Adds the registers of a block that are outside of the window. False: one is too great for the sums.
#[target_feature(enable = "avx2")]
fn add_outside(block: &[u8], base: u8, sums: &mut Sums) -> bool {
    let from = _mm256_set1_epi8(base as i8);
    let to = _mm256_set1_epi8(128u8.wrapping_sub(window::VALUES) as i8);
    for part in block.as_chunks::<32>().0 {
        // SAFETY: the part has 32 bytes.
        let values = unsafe { _mm256_loadu_si256(part.as_ptr().cast()) };
        let index = _mm256_adds_epu8(_mm256_sub_epi8(values, from), to);
        let mut outside = _mm256_movemask_epi8(index) as u32;
        while outside != 0 {
            if !window::add(sums, part[outside.trailing_zeros() as usize]) {
                return false;
            }
            outside &= outside - 1;
        }
    }
    true
}
