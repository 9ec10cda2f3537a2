//! Walks over many bytes, as wide as the processor has it. Results are the scalar ones.

/// Shorter runs are not worth the set-up of a wide walk.
const WIDE_BYTES_MIN: usize = 256;

/// Bits set. Cost: about 130 bytes a nanosecond with AVX-512, 70 with AVX2, as long as the cache gives them.
pub fn ones(bytes: &[u8]) -> u64 {
    if bytes.len() >= WIDE_BYTES_MIN {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            if has!("avx512f") && has!("avx512vpopcntdq") {
                // SAFETY: both features have just been found on this processor.
                return unsafe { super::x86::ones_512(bytes) };
            }
            if has!("avx2") && has!("popcnt") {
                // SAFETY: as above.
                return unsafe { super::x86::ones_256(bytes) };
            }
        }
        #[cfg(target_arch = "aarch64")]
        return super::neon::ones(bytes);
    }
    ones_scalar(bytes)
}

#[inline(always)]
pub fn ones_scalar(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let whole: u64 = words.iter().map(|word| u64::from_le_bytes(*word).count_ones() as u64).sum();
    whole + rest.iter().map(|byte| byte.count_ones() as u64).sum::<u64>()
}

/// Offset of the first byte that is not `dull`, which is 0x00 or 0xff. None: all are.
pub fn first_other(bytes: &[u8], dull: u8) -> Option<usize> {
    let mut passed = 0;
    if bytes.len() >= WIDE_BYTES_MIN {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the feature has just been found on this processor.
            passed = unsafe { super::x86::dull_256(bytes, dull) };
        }
        #[cfg(target_arch = "aarch64")]
        {
            passed = super::neon::dull(bytes, dull);
        }
    }
    first_other_scalar(&bytes[passed..], dull).map(|at| passed + at)
}

fn first_other_scalar(bytes: &[u8], dull: u8) -> Option<usize> {
    let (words, _) = bytes.as_chunks::<8>();
    let passed = words.iter().take_while(|word| **word == [dull; 8]).count() * 8;
    bytes[passed..].iter().position(|byte| *byte != dull).map(|at| passed + at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::random::step;

    fn draws(seed: u64) -> impl FnMut() -> u64 {
        let mut state = seed;
        move || {
            state = step(state);
            state >> 33
        }
    }

    #[test]
    fn wide_walks_agree_with_scalar_ones_at_every_length_and_alignment() {
        let mut next = draws(3);
        let random: Vec<u8> = (0..9_000).map(|_| next() as u8).collect();
        for len in (0..1_200).chain([4_095, 4_096, 8_191]) {
            let at = next() as usize % 64;
            let bytes = &random[at..at + len];
            assert_eq!(ones(bytes), ones_scalar(bytes), "{len} bytes at {at}");
            #[cfg(target_arch = "x86_64")]
            if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("popcnt") {
                // SAFETY: both features have just been found on this processor.
                assert_eq!(unsafe { super::super::x86::ones_256(bytes) }, ones_scalar(bytes), "{len} bytes at {at}");
            }
            for dull in [0, 0xff] {
                let mut same = vec![dull; at + len];
                assert_eq!(first_other(&same[at..], dull), None);
                if len > 0 {
                    let other = next() as usize % len;
                    same[at + other] ^= 1 << (next() % 8);
                    assert_eq!(first_other(&same[at..], dull), Some(other), "{len} bytes at {at}");
                }
            }
        }
    }

    #[test]
    fn a_megabyte_of_ones_has_eight_bits_a_byte() {
        assert_eq!(ones(&vec![0xff; 1 << 20]), 8 << 20);
        assert_eq!(ones(&vec![0; 1 << 20]), 0);
    }
}
