//! The number that INCRBYFLOAT and HINCRBYFLOAT count in: an x87 `long double` (64-bit mantissa), in software.
//!
//! Redis adds in `long double` and prints `%.17Lf`. A 64-bit double shows other digits from the 17th on, so replies would
//! differ. Ours reads, adds and prints with the same rounding (to nearest, ties to even) on every processor.

#[path = "extended_general.rs"]
mod general;

use std::cmp::Ordering;

use super::natural::Natural;

/// A value `mantissa * 2^exponent`; the mantissa's top bit is set, but for zero and for subnormal numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extended {
    negative: bool,
    mantissa: u64,
    exponent: i32,
}

/// Exponent of the smallest subnormal number: 2^-16445.
const EXPONENT_MIN: i32 = -16_445;
/// Exponent of the largest numbers: (2^64 - 1) * 2^16320.
const EXPONENT_MAX: i32 = 16_383 - 63;
/// Exponent that marks an infinity.
const INFINITE: i32 = i32::MAX;
/// Longest text that is read as a number, bytes (Redis: MAX_LONG_DOUBLE_CHARS).
const TEXT_BYTES_MAX: usize = 5 * 1024;
/// Decimals that are printed.
const DECIMALS: u32 = 17;

impl Extended {
    pub const ZERO: Extended = Extended { negative: false, mantissa: 0, exponent: 0 };
    /// The largest finite number, about 1.2e4932.
    pub const HIGHEST: Extended = Extended { negative: false, mantissa: u64::MAX, exponent: EXPONENT_MAX };
    pub const LOWEST: Extended = Extended { negative: true, ..Extended::HIGHEST };

    pub fn from_integer(value: i64) -> Extended {
        round(value < 0, value.unsigned_abs() as u128, 0, false)
    }

    /// A number as `strtold` reads it: decimal, hexadecimal or infinite, whole text only; never NaN, nothing that
    /// overflows or vanishes. Cost: about 30 ns for up to 19 digits, and quadratic in the digits beyond.
    pub fn parse(text: &[u8]) -> Option<Extended> {
        if text.len() >= TEXT_BYTES_MAX {
            return None;
        }
        let (negative, body) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, text),
        };
        if body.eq_ignore_ascii_case(b"inf") || body.eq_ignore_ascii_case(b"infinity") {
            return Some(Extended { negative, mantissa: 1, exponent: INFINITE });
        }
        let value = match body {
            [b'0', b'x' | b'X', digits @ ..] => hexadecimal(negative, digits)?,
            _ => decimal(negative, body)?,
        };
        value.is_finite().then_some(value)
    }

    pub fn negated(self) -> Extended {
        Extended { negative: !self.negative, ..self }
    }

    /// As numbers: both zeros are equal, and the infinities lie beyond all else.
    pub fn compare(self, other: Extended) -> Ordering {
        // A mantissa's top bit is set but for the least exponent, so exponents decide first.
        let size = |number: Extended| (number.mantissa != 0, number.exponent, number.mantissa);
        match (self.mantissa | other.mantissa, self.negative, other.negative) {
            (0, ..) => Ordering::Equal,
            (_, false, false) => size(self).cmp(&size(other)),
            (_, true, true) => size(other).cmp(&size(self)),
            (_, negative, _) => {
                if negative {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
        }
    }

    pub fn is_finite(self) -> bool {
        self.exponent != INFINITE
    }

    /// The sum, rounded once; not finite if it overflows or a part is infinite.
    pub fn plus(self, other: Extended) -> Extended {
        if !self.is_finite() || !other.is_finite() {
            return if self.is_finite() { other } else { self };
        }
        let (big, small) = if (other.exponent, other.mantissa) > (self.exponent, self.mantissa) && other.mantissa != 0
            || self.mantissa == 0
        {
            (other, self)
        } else {
            (self, other)
        };
        if small.mantissa == 0 {
            // The sum of two zeros is negative only if both are.
            let negative = big.negative && (big.mantissa != 0 || small.negative);
            return Extended { negative, ..big };
        }
        // 63 bits below the larger mantissa, and one bit that stands for all that was shifted out.
        let wide = (big.mantissa as u128) << 63;
        let exponent = big.exponent - 63;
        let distance = (big.exponent - small.exponent) as u32;
        let moved = (small.mantissa as u128) << 63;
        let (shifted, lost) =
            if distance < 128 { (moved >> distance, moved & ((1 << distance) - 1) != 0) } else { (0, true) };
        if big.negative == small.negative {
            return round(big.negative, wide + shifted, exponent, lost);
        }
        let difference = wide - shifted - lost as u128;
        if difference == 0 && !lost {
            return Extended::ZERO;
        }
        round(big.negative, difference, exponent, lost)
    }

    /// The value with up to 17 decimals, without trailing zeros, never with an exponent.
    pub fn print(self) -> String {
        let sign = if self.negative { "-" } else { "" };
        if !self.is_finite() {
            return format!("{sign}inf");
        }
        if self.exponent >= 0 {
            let digits = if self.exponent < 64 {
                ((self.mantissa as u128) << self.exponent).to_string()
            } else {
                Natural::from(self.mantissa as u128).shifted(self.exponent as u32).to_decimal()
            };
            return if digits == "0" { digits } else { format!("{sign}{digits}") };
        }
        // The mantissa is below 2^64 and 10^17 below 2^57: the product fits in 121 bits.
        const UNIT: u128 = 10u128.pow(DECIMALS);
        let scaled = self.mantissa as u128 * UNIT;
        let shift = -self.exponent as u32;
        let rounded = if shift >= 128 {
            0
        } else {
            let (kept, rest, half) = (scaled >> shift, scaled & ((1 << shift) - 1), 1u128 << (shift - 1));
            kept + (rest > half || (rest == half && kept & 1 == 1)) as u128
        };
        let (whole, mut fraction) = ((rounded / UNIT) as u64, (rounded % UNIT) as u64);
        if fraction == 0 {
            return if whole == 0 { "0".into() } else { format!("{sign}{whole}") };
        }
        let mut width = DECIMALS as usize;
        while fraction.is_multiple_of(10) {
            fraction /= 10;
            width -= 1;
        }
        format!("{sign}{whole}.{fraction:0width$}")
    }
}

/// The nearest number to `wide * 2^exponent`, where `more` tells that the exact value is a little larger than that.
pub(super) fn round(negative: bool, wide: u128, exponent: i32, more: bool) -> Extended {
    if wide == 0 {
        return Extended { negative, mantissa: 0, exponent: 0 };
    }
    let bits = 128 - wide.leading_zeros() as i32;
    let drop = (bits - 64).max(EXPONENT_MIN - exponent);
    let (mut kept, mut exponent) = if drop <= 0 {
        // Exact, and made to have its top bit set where the exponent allows that.
        let up = (64 - bits).min(exponent - EXPONENT_MIN);
        (wide << up, exponent - up)
    } else if drop > 128 {
        (0, 0)
    } else {
        let (kept, rest) = if drop == 128 { (0, wide) } else { (wide >> drop, wide & ((1 << drop) - 1)) };
        let half = 1u128 << (drop - 1);
        (kept + (rest > half || (rest == half && (more || kept & 1 == 1))) as u128, exponent + drop)
    };
    if kept == 1 << 64 {
        (kept, exponent) = (1 << 63, exponent + 1);
    }
    if exponent > EXPONENT_MAX {
        return Extended { negative, mantissa: 1, exponent: INFINITE };
    }
    Extended { negative, mantissa: kept as u64, exponent: if kept == 0 { 0 } else { exponent } }
}

/// `12.5e-3`, its sign taken off. None: no number, or one that vanishes.
fn decimal(negative: bool, text: &[u8]) -> Option<Extended> {
    let mut digits: Vec<u8> = Vec::with_capacity(text.len().min(64));
    let (mut exponent, mut any, mut at, mut point) = (0i64, false, 0, false);
    while let Some(&byte) = text.get(at) {
        match byte {
            b'0'..=b'9' => {
                any = true;
                exponent -= point as i64;
                if byte != b'0' || !digits.is_empty() {
                    digits.push(byte - b'0');
                }
            }
            b'.' if !point => point = true,
            _ => break,
        }
        at += 1;
    }
    if !any {
        return None;
    }
    exponent += written_exponent(&text[at..], b'e')?;
    while digits.last() == Some(&0) {
        digits.pop();
        exponent += 1;
    }
    if digits.is_empty() {
        return Some(Extended { negative, ..Extended::ZERO });
    }
    // Beyond these every number overflows (largest: 1.2e4932) or vanishes (smallest: 3.6e-4951).
    let magnitude = digits.len() as i64 + exponent;
    if !(-4960..=4940).contains(&magnitude) {
        return None;
    }
    let value = if digits.len() <= 19 && (-18..=19).contains(&exponent) {
        let number = digits.iter().fold(0u64, |sum, digit| sum * 10 + *digit as u64) as u128;
        if exponent >= 0 {
            round(negative, number * 10u128.pow(exponent as u32), 0, false)
        } else {
            // 128 bits over at most 60 leave 68 or more in the quotient.
            let (up, divisor) = (number.leading_zeros(), 10u128.pow(-exponent as u32));
            let quotient = (number << up) / divisor;
            round(negative, quotient, -(up as i32), !(number << up).is_multiple_of(divisor))
        }
    } else {
        let mut number = Natural::default();
        for digit in &digits {
            number.multiply_add(10, *digit as u32);
        }
        let mut power = Natural::from(1);
        for _ in 0..exponent.unsigned_abs() {
            power.multiply_add(10, 0);
        }
        if exponent >= 0 { number.times(&power).round(negative) } else { quotient(negative, number, power) }
    };
    (value.mantissa != 0).then_some(value)
}

/// `1f.8p-3`, sign and `0x` taken off.
fn hexadecimal(negative: bool, text: &[u8]) -> Option<Extended> {
    let (mut wide, mut more, mut exponent, mut any, mut at, mut point) = (0u128, false, 0i64, false, 0, false);
    while let Some(&byte) = text.get(at) {
        match (byte as char).to_digit(16) {
            Some(digit) => {
                any = true;
                exponent -= 4 * point as i64;
                if wide >> 120 == 0 {
                    wide = wide << 4 | digit as u128;
                } else {
                    more |= digit != 0;
                    exponent += 4;
                }
            }
            None if byte == b'.' && !point => point = true,
            None => break,
        }
        at += 1;
    }
    if !any {
        return None;
    }
    exponent += written_exponent(&text[at..], b'p')?;
    if wide == 0 {
        return Some(Extended { negative, ..Extended::ZERO });
    }
    let exponent = exponent.clamp(-100_000, 100_000) as i32;
    let value = round(negative, wide, exponent, more);
    (value.mantissa != 0).then_some(value)
}

/// The exponent in `e-12`, 0 if the text has ended. None: something else.
fn written_exponent(text: &[u8], letter: u8) -> Option<i64> {
    let [first, rest @ ..] = text else { return Some(0) };
    if first.to_ascii_lowercase() != letter {
        return None;
    }
    let (sign, digits) = match rest {
        [b'-', digits @ ..] => (-1, digits),
        [b'+', digits @ ..] => (1, digits),
        _ => (1, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(sign * digits.iter().fold(0i64, |sum, digit| (sum * 10 + (digit - b'0') as i64).min(1 << 40)))
}

/// `above / below`, rounded once. Restoring division, as many steps as the result has bits.
fn quotient(negative: bool, mut above: Natural, mut below: Natural) -> Extended {
    /// One more than 64 to round by, and one because the first bit may be 0.
    const STEPS: u32 = 66;
    let shift = above.bits() as i32 - below.bits() as i32;
    if shift < 0 {
        above = above.shifted(-shift as u32);
    } else {
        below = below.shifted(shift as u32);
    }
    let mut result = 0u128;
    for _ in 0..=STEPS {
        result <<= 1;
        if above.at_least(&below) {
            above.subtract(&below);
            result |= 1;
        }
        above.double();
    }
    round(negative, result, shift - STEPS as i32, !above.is_zero())
}

#[cfg(test)]
#[path = "extended_tests.rs"]
mod tests;
