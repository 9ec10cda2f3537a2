//! Where an element goes: its register, and the rank it brings.

use super::{P, REGISTERS};

/// Bits of a hash beyond those that name the register.
const Q: u32 = 64 - P;

/// The greatest rank: no bit of the Q is set.
pub const RANK_MAX: u8 = Q as u8 + 1;

/// The register of an element, and 1 + the zeros before the first set bit of what is left of its hash.
#[inline]
pub fn place(element: &[u8]) -> (usize, u8) {
    let hash = murmur64a(element, 0xadc8_3b19);
    let rank = (hash >> P | 1 << Q).trailing_zeros() + 1;
    (hash as usize & (REGISTERS - 1), rank as u8)
}

/// MurmurHash2 of 64 bits for 64-bit machines, as Austin Appleby published it, read as little-endian everywhere.
#[inline]
fn murmur64a(bytes: &[u8], seed: u64) -> u64 {
    const M: u64 = 0xc6a4_a793_5bd1_e995;
    const R: u32 = 47;
    let mut hash = seed ^ (bytes.len() as u64).wrapping_mul(M);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let mut mixed = u64::from_le_bytes(*word).wrapping_mul(M);
        mixed ^= mixed >> R;
        hash = (hash ^ mixed.wrapping_mul(M)).wrapping_mul(M);
    }
    if !rest.is_empty() {
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        hash = (hash ^ u64::from_le_bytes(last)).wrapping_mul(M);
    }
    hash ^= hash >> R;
    hash = hash.wrapping_mul(M);
    hash ^ hash >> R
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_redis() {
        // Seen in redis-server: PFADD of each alone, then PFDEBUG DECODE.
        for (element, register, rank) in
            [(&b"a"[..], 12711, 2), (b"", 5938, 2), (b"hello", 9216, 1), (b"0123456789abcdef", 5949, 1)]
        {
            assert_eq!(place(element), (register, rank), "{element:?}");
        }
        assert_eq!(place(b"0123456789abcde"), (15725, 4));
    }
}
