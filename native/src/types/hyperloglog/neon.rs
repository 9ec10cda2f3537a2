//! Work over all registers with NEON; what each step does is drawn in x86.rs.

use std::arch::aarch64::*;

use super::estimate::Sums;
use super::scalar::Raw;
use super::wide::window;
use super::{DENSE_BYTES, HEADER_BYTES, REGISTERS};

// Loads of 16 bytes mean their last 12, so the first reaches back into the header.
const _: () = assert!(HEADER_BYTES == 16 && DENSE_BYTES == HEADER_BYTES + 1024 * 12 && REGISTERS == 1024 * 16);

pub fn unpack<const FOLD: bool>(text: &[u8; DENSE_BYTES], raw: &mut Raw) {
    const WORDS: [u8; 16] = [4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11, 12, 13, 14, 14, 15];
    const TO_TOP: [i16; 8] = [4, 0, 4, 0, 4, 0, 4, 0];
    // SAFETY: every 64-bit ARM has NEON. The tables have 16 bytes; 12 + 12 * 1023 + 16 is the length of `text`, and
    // 16 * 1023 + 16 that of `raw`.
    unsafe {
        let (words, to_top) = (vld1q_u8(WORDS.as_ptr()), vld1q_s16(TO_TOP.as_ptr()));
        let (even, odd) = (vdupq_n_u16(0x003f), vdupq_n_u16(0x3f00));
        for turn in 0..REGISTERS / 16 {
            let packed = vqtbl1q_u8(vld1q_u8(text.as_ptr().add(HEADER_BYTES - 4 + turn * 12)), words);
            let top = vshlq_u16(vreinterpretq_u16_u8(packed), to_top);
            let registers = vorrq_u16(vandq_u16(vshrq_n_u16::<4>(top), even), vandq_u16(vshrq_n_u16::<2>(top), odd));
            let mut registers = vreinterpretq_u8_u16(registers);
            let to = raw.0.as_mut_ptr().add(turn * 16);
            if FOLD {
                registers = vmaxq_u8(registers, vld1q_u8(to));
            }
            vst1q_u8(to, registers);
        }
    }
}

pub fn pack(raw: &Raw, text: &mut [u8; DENSE_BYTES]) {
    const THREE: [u8; 16] = [0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 255, 255, 255, 255];
    // SAFETY: every 64-bit ARM has NEON. The table has 16 bytes, 16 * 1023 + 16 is the length of `raw`.
    unsafe {
        let three = vld1q_u8(THREE.as_ptr());
        for (turn, group) in text[HEADER_BYTES..].as_chunks_mut::<12>().0.iter_mut().enumerate() {
            let pairs = vreinterpretq_u16_u8(vld1q_u8(raw.0.as_ptr().add(turn * 16)));
            let low = vandq_u16(pairs, vdupq_n_u16(0x003f));
            let words = vorrq_u16(low, vandq_u16(vshrq_n_u16::<2>(pairs), vdupq_n_u16(0x0fc0)));
            let words = vreinterpretq_u32_u16(words);
            let low = vandq_u32(words, vdupq_n_u32(0x0000_0fff));
            let dwords = vorrq_u32(low, vandq_u32(vshrq_n_u32::<4>(words), vdupq_n_u32(0x00ff_f000)));
            let packed = vqtbl1q_u8(vreinterpretq_u8_u32(dwords), three);
            let mut bytes = [0u8; 16];
            vst1q_u8(bytes.as_mut_ptr(), packed);
            group.copy_from_slice(&bytes[..12]);
        }
    }
}

/// Vectors between two looks at whether any register was outside of the window.
const RUN: usize = 8;

/// None: a register is too great for the sums, or all are.
pub fn sums(raw: &Raw) -> Option<Sums> {
    let base = window::base(raw)?;
    let mut sums = Sums::default();
    let (mut upper, mut lower, mut zeros) = (0u64, 0u64, 0u32);
    // SAFETY: every 64-bit ARM has NEON. The tables have 16 bytes, a block RUN * 16.
    unsafe {
        let (upper_byte, lower_byte) =
            (vld1q_u8(window::upper_byte(base).as_ptr()), vld1q_u8(window::LOWER_BYTE.as_ptr()));
        let from = vdupq_n_u8(base);
        for block in raw.0.as_chunks::<{ 16 * RUN }>().0 {
            let (mut greatest, mut none) = (vdupq_n_u8(0), vdupq_n_u8(0));
            let (mut upper_here, mut lower_here) = (vdupq_n_u16(0), vdupq_n_u16(0));
            for turn in 0..RUN {
                let values = vld1q_u8(block.as_ptr().add(turn * 16));
                // A look-up beyond the table gives 0; values below the window wrap round to far beyond it.
                let index = vsubq_u8(values, from);
                greatest = vmaxq_u8(greatest, index);
                upper_here = vpadalq_u8(upper_here, vqtbl1q_u8(upper_byte, index));
                lower_here = vpadalq_u8(lower_here, vqtbl1q_u8(lower_byte, index));
                none = vsubq_u8(none, vceqzq_u8(values));
            }
            upper += vaddlvq_u16(upper_here) as u64;
            lower += vaddlvq_u16(lower_here) as u64;
            if base == 0 {
                zeros += vaddlvq_u8(none) as u32;
            }
            if vmaxvq_u8(greatest) >= window::VALUES {
                let outside = |value: &&u8| value.wrapping_sub(base) >= window::VALUES;
                if !block.iter().filter(outside).all(|value| window::add(&mut sums, *value)) {
                    return None;
                }
            }
        }
    }
    Some(window::close(sums, base, upper, lower, zeros))
}
