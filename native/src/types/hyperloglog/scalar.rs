//! Work over all registers, one at a time: the reference that the wide ones in x86.rs and neon.rs are held against.

use super::{DENSE_BYTES, HEADER_BYTES, REGISTERS};

/// Registers, a byte each.
#[repr(align(64))]
pub struct Raw(pub [u8; REGISTERS]);

/// Takes the registers of a dense value out; with `FOLD` each register keeps the greater of the two.
pub fn unpack<const FOLD: bool>(text: &[u8; DENSE_BYTES], raw: &mut Raw) {
    let (groups, _) = text[HEADER_BYTES..].as_chunks::<3>();
    let (fours, _) = raw.0.as_chunks_mut::<4>();
    for ([a, b, c], four) in groups.iter().zip(fours) {
        let packed = u32::from_le_bytes([*a, *b, *c, 0]);
        for (turn, register) in four.iter_mut().enumerate() {
            let value = (packed >> (6 * turn) & 63) as u8;
            *register = if FOLD { value.max(*register) } else { value };
        }
    }
}

/// Puts registers into a dense value, whose header stays. Each is below 64.
pub fn pack(raw: &Raw, text: &mut [u8; DENSE_BYTES]) {
    let (groups, _) = text[HEADER_BYTES..].as_chunks_mut::<3>();
    let (fours, _) = raw.0.as_chunks::<4>();
    for ([a, b, c], [r0, r1, r2, r3]) in groups.iter_mut().zip(fours) {
        let packed = *r0 as u32 | (*r1 as u32) << 6 | (*r2 as u32) << 12 | (*r3 as u32) << 18;
        [*a, *b, *c, _] = packed.to_le_bytes();
    }
}

/// How many registers have each value. Four tables, so that equal neighbours need not wait for each other.
pub fn histogram(raw: &Raw) -> [u32; 64] {
    let mut tables = [[0u32; 64]; 4];
    for four in raw.0.as_chunks::<4>().0 {
        for (table, register) in tables.iter_mut().zip(four) {
            table[(*register & 63) as usize] += 1;
        }
    }
    std::array::from_fn(|value| tables.iter().map(|table| table[value]).sum())
}
