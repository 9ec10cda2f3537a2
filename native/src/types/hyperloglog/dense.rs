//! The dense encoding: registers of 6 bits, the lowest bits of a byte first.
//!
//! ```text
//!   |11000000|22221111|33333322|     four registers in three bytes
//! ```

use super::{DENSE_BYTES, HEADER_BYTES, REGISTERS};

/// Offset of the three bytes that hold register `index`, and the bits before it there.
#[inline]
fn seat(index: usize) -> (usize, u32) {
    (HEADER_BYTES + index / 4 * 3, index as u32 % 4 * 6)
}

#[inline]
fn load(text: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([text[at], text[at + 1], text[at + 2], 0])
}

#[inline]
pub fn get(text: &[u8], index: usize) -> u8 {
    debug_assert!(text.len() == DENSE_BYTES && index < REGISTERS);
    let (at, shift) = seat(index);
    (load(text, at) >> shift & 63) as u8
}

/// Where register `index` is to be written so that it is `rank`, and those three bytes; None if it is no less already.
#[inline]
pub fn raised(text: &[u8], index: usize, rank: u8) -> Option<(usize, [u8; 3])> {
    let (at, shift) = seat(index);
    let four = load(text, at);
    if (four >> shift & 63) as u8 >= rank {
        return None;
    }
    let [a, b, c, _] = (four & !(63 << shift) | (rank as u32) << shift).to_le_bytes();
    Some((at, [a, b, c]))
}

/// Sets register `index` to `rank`, whatever it was.
pub fn set(text: &mut [u8], index: usize, rank: u8) {
    let (at, shift) = seat(index);
    let four = load(text, at) & !(63 << shift) | (rank as u32 & 63) << shift;
    text[at..at + 3].copy_from_slice(&four.to_le_bytes()[..3]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::random::step;

    #[test]
    fn registers_keep_what_was_set_and_leave_their_neighbours() {
        let mut text = vec![0; DENSE_BYTES];
        let mut plain = vec![0u8; REGISTERS];
        let mut seed = 1u64;
        for _ in 0..3 * REGISTERS {
            seed = step(seed);
            let (index, rank) = ((seed >> 40) as usize % REGISTERS, (seed >> 33) as u8 & 63);
            if let Some((at, bytes)) = raised(&text, index, rank) {
                text[at..at + 3].copy_from_slice(&bytes);
            }
            plain[index] = plain[index].max(rank);
        }
        assert!((0..REGISTERS).all(|index| get(&text, index) == plain[index]));
        set(&mut text, 16_383, 63);
        set(&mut text, 16_382, 0);
        assert_eq!((get(&text, 16_383), get(&text, 16_382), get(&text, 16_381)), (63, 0, plain[16_381]));
    }
}
