//! Work over all registers, as wide as the processor has it. Results are the scalar ones, bit for bit.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use super::estimate::{self, Sums};
use super::scalar::{self, Raw};
use super::{DENSE_BYTES, scalar::histogram};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Width {
    Unknown = 0,
    Scalar = 1,
    #[cfg(target_arch = "aarch64")]
    Neon = 2,
    #[cfg(target_arch = "x86_64")]
    Avx2 = 3,
    #[cfg(target_arch = "x86_64")]
    Avx512 = 4,
}

/// What is in use: found out at the first call, and changed by PFDEBUG SIMD.
static WIDTH: AtomicU8 = AtomicU8::new(Width::Unknown as u8);

/// The widest that this processor has.
pub fn widest() -> Width {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        if has!("avx512f") && has!("avx512bw") && has!("avx512vbmi") {
            return Width::Avx512;
        }
        if has!("avx2") {
            return Width::Avx2;
        }
    }
    // Every 64-bit ARM has NEON.
    #[cfg(target_arch = "aarch64")]
    return Width::Neon;
    #[cfg(not(target_arch = "aarch64"))]
    Width::Scalar
}

/// Uses the widest from now on, or none.
pub fn enable(on: bool) {
    WIDTH.store(if on { widest() } else { Width::Scalar } as u8, Relaxed);
}

pub fn is_enabled() -> bool {
    width() != Width::Scalar
}

#[inline]
fn width() -> Width {
    let known = WIDTH.load(Relaxed);
    #[cfg(target_arch = "x86_64")]
    match known {
        3 => return Width::Avx2,
        4 => return Width::Avx512,
        _ => (),
    }
    #[cfg(target_arch = "aarch64")]
    if known == Width::Neon as u8 {
        return Width::Neon;
    }
    if known == Width::Scalar as u8 {
        return Width::Scalar;
    }
    enable(true);
    widest()
}

/// Takes the registers of a dense value out; with `FOLD` each register keeps the greater of the two. Cost: 0.3 µs with
/// AVX-512, 0.6 with AVX2.
pub fn unpack<const FOLD: bool>(text: &[u8; DENSE_BYTES], raw: &mut Raw) {
    unpack_as::<FOLD>(width(), text, raw);
}

fn unpack_as<const FOLD: bool>(width: Width, text: &[u8; DENSE_BYTES], raw: &mut Raw) {
    match width {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `widest` has found these features on this processor.
        Width::Avx512 => unsafe { super::x86::unpack_512::<FOLD>(text, raw) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Width::Avx2 => unsafe { super::x86::unpack_256::<FOLD>(text, raw) },
        #[cfg(target_arch = "aarch64")]
        Width::Neon => super::neon::unpack::<FOLD>(text, raw),
        _ => scalar::unpack::<FOLD>(text, raw),
    }
}

/// Puts registers into a dense value, whose header stays. Each is below 64.
pub fn pack(raw: &Raw, text: &mut [u8; DENSE_BYTES]) {
    pack_as(width(), raw, text);
}

fn pack_as(width: Width, raw: &Raw, text: &mut [u8; DENSE_BYTES]) {
    match width {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `widest` has found these features on this processor.
        Width::Avx512 => unsafe { super::x86::pack_512(raw, text) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Width::Avx2 => unsafe { super::x86::pack_256(raw, text) },
        #[cfg(target_arch = "aarch64")]
        Width::Neon => super::neon::pack(raw, text),
        _ => scalar::pack(raw, text),
    }
}

/// The cardinality that registers stand for.
pub fn count(raw: &Raw) -> u64 {
    count_as(width(), raw)
}

fn count_as(width: Width, raw: &Raw) -> u64 {
    match sums_as(width, raw) {
        Some(sums) => estimate::from_sums(sums),
        None => estimate::from_histogram(&histogram(raw)),
    }
}

/// None: a histogram is needed, or there is no wide way to the sums.
fn sums_as(width: Width, raw: &Raw) -> Option<Sums> {
    match width {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `widest` has found these features on this processor.
        Width::Avx512 => unsafe { super::x86::sums_512(raw) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Width::Avx2 => unsafe { super::x86::sums_256(raw) },
        #[cfg(target_arch = "aarch64")]
        Width::Neon => super::neon::sums(raw),
        _ => None,
    }
}

/// How the sums are taken sixteen values at a time: from two below the least of the first registers on, nearly all lie in
/// that window, and 2^-value comes out of two tables of 16 bytes. The few others are looked at one by one.
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), expect(dead_code))]
pub(super) mod window {
    use super::super::estimate::{EXACT_MAX, Sums};
    use super::super::scalar::Raw;

    pub const VALUES: u8 = 16;

    /// 2^(7-k) for the lower half of the window.
    pub const UPPER_BYTE: [u8; 16] = [128, 64, 32, 16, 8, 4, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    /// 2^(15-k) for its upper half.
    pub const LOWER_BYTE: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 128, 64, 32, 16, 8, 4, 2, 1];

    /// Least value of the window. None: too great for the sums to be exact.
    pub fn base(raw: &Raw) -> Option<u8> {
        let least = raw.0[..64].iter().min().expect("64 registers");
        let base = least.saturating_sub(2);
        (base + VALUES - 1 <= EXACT_MAX).then_some(base)
    }

    /// The first table: a register that is 0 weighs nothing.
    pub fn upper_byte(base: u8) -> [u8; 16] {
        let mut table = UPPER_BYTE;
        if base == 0 {
            table[0] = 0;
        }
        table
    }

    /// Adds a register outside of the window. False: too great for the sums.
    pub fn add(sums: &mut Sums, value: u8) -> bool {
        match value {
            0 => sums.zeros += 1,
            1..=EXACT_MAX => sums.weight += 1 << (EXACT_MAX - value),
            _ => return false,
        }
        true
    }

    /// Adds what the tables have given over all registers.
    pub fn close(mut sums: Sums, base: u8, upper: u64, lower: u64, zeros: u32) -> Sums {
        sums.weight += upper << (EXACT_MAX - base - 7);
        sums.weight += lower << (EXACT_MAX - base - 15);
        sums.zeros += zeros;
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::super::REGISTERS;
    use super::*;
    use crate::sys::random::step;

    fn widths() -> Vec<Width> {
        let mut all = vec![Width::Scalar, widest()];
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            all.push(Width::Avx2);
        }
        all.dedup();
        all
    }

    /// Registers of every kind: few elements, many, some that no element can set.
    fn samples() -> Vec<Box<Raw>> {
        let mut seed = 11u64;
        let mut next = || {
            seed = step(seed);
            seed >> 20
        };
        let mut samples = Vec::new();
        for round in 0..120u64 {
            let mut raw = Box::new(Raw([0; REGISTERS]));
            for register in &mut raw.0 {
                *register = match round % 4 {
                    0 => (next().trailing_zeros() as u64 + round / 4).min(51) as u8,
                    1 if next() % (round + 1) == 0 => next().trailing_zeros() as u8 + 1,
                    1 => 0,
                    2 => (next() % 64) as u8,
                    _ => (next() % 16 + round / 6) as u8,
                };
            }
            samples.push(raw);
        }
        samples
    }

    #[test]
    fn all_widths_agree_with_the_scalar_code() {
        for raw in samples() {
            let mut text = [0xa5; DENSE_BYTES];
            scalar::pack(&raw, &mut text);
            let plain = estimate::from_histogram(&histogram(&raw));
            for width in widths() {
                let mut wide = [0xa5; DENSE_BYTES];
                pack_as(width, &raw, &mut wide);
                assert!(text == wide, "{width:?}");
                let mut back = Box::new(Raw([7; REGISTERS]));
                unpack_as::<false>(width, &text, &mut back);
                assert!(back.0 == raw.0, "{width:?}");
                let mut folded = Box::new(Raw([7; REGISTERS]));
                unpack_as::<true>(width, &text, &mut folded);
                assert!(folded.0.iter().zip(&raw.0).all(|(folded, one)| *folded == 7.max(*one)), "{width:?}");
                assert_eq!(count_as(width, &raw), plain, "{width:?}");
            }
        }
    }
}
