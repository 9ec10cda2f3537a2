//! What AROP needs of long doubles: doubles made into them, their whole part, and `%.17Lg`.

use super::super::natural::Natural;
use super::{Extended, INFINITE, round};

/// Digits that are printed.
const DIGITS: usize = 17;
/// Least exponent of ten that is printed without an exponent, as C has it.
const PLAIN_MIN: i32 = -4;

impl Extended {
    /// The same value; a double that is not NaN.
    pub fn from_double(value: f64) -> Extended {
        let negative = value.is_sign_negative();
        if value.is_infinite() {
            return Extended { negative, mantissa: 1, exponent: INFINITE };
        }
        let bits = value.to_bits();
        let (stored, fraction) = ((bits >> 52 & 0x7ff) as i32, bits & ((1 << 52) - 1));
        // Subnormal numbers have no leading bit of their own, and the exponent of the least normal ones.
        let (mantissa, exponent) = if stored == 0 { (fraction, -1074) } else { (fraction | 1 << 52, stored - 1075) };
        round(negative, mantissa as u128, exponent, false)
    }

    /// Its whole part; None: the value lies outside of what 64 bits hold with their sign.
    pub fn truncated(self) -> Option<i64> {
        if !self.is_finite() || self.exponent > 0 {
            return (self.mantissa == 0).then_some(0);
        }
        let shift = -self.exponent as u32;
        let (whole, rest) = if shift >= 64 {
            (0, self.mantissa != 0)
        } else {
            (self.mantissa >> shift, self.mantissa & ((1 << shift) - 1) != 0)
        };
        let most = i64::MAX as u64 + self.negative as u64;
        if whole > most || (whole == most && rest) {
            return None;
        }
        Some(if self.negative { (whole as i64).wrapping_neg() } else { whole as i64 })
    }

    /// The value with 17 significant digits, without trailing zeros: `%.17Lg`.
    pub fn print_general(self) -> String {
        let sign = if self.negative { "-" } else { "" };
        if !self.is_finite() {
            return format!("{sign}inf");
        }
        if self.mantissa == 0 {
            return format!("{sign}0");
        }
        let mut decimals = 0;
        let all = if self.exponent >= 0 {
            Natural::from(self.mantissa as u128).shifted(self.exponent as u32)
        } else {
            // m / 2^s is m * 5^s / 10^s; trailing zero bits would only make both longer.
            let zeros = (self.mantissa.trailing_zeros() as i32).min(-self.exponent);
            decimals = -self.exponent - zeros;
            times_5_to_the(Natural::from((self.mantissa >> zeros) as u128), decimals as u32)
        };
        let (digits, more) = rounded(all.to_decimal().into_bytes());
        let text = String::from_utf8_lossy(&digits);
        // Exponent of the first digit.
        let leading = more as i32 + digits.len() as i32 - 1 - decimals;
        let significant = text.trim_end_matches('0');
        if (PLAIN_MIN..DIGITS as i32).contains(&leading) {
            return match leading {
                ..0 => format!("{sign}0.{}{significant}", "0".repeat((-leading - 1) as usize)),
                _ if significant.len() <= leading as usize + 1 => {
                    format!("{sign}{significant}{}", "0".repeat(leading as usize + 1 - significant.len()))
                }
                _ => format!("{sign}{}.{}", &significant[..=leading as usize], &significant[leading as usize + 1..]),
            };
        }
        let point = if significant.len() > 1 { "." } else { "" };
        let direction = if leading < 0 { '-' } else { '+' };
        format!("{sign}{}{point}{}e{direction}{:02}", &significant[..1], &significant[1..], leading.abs())
    }
}

fn times_5_to_the(mut value: Natural, power: u32) -> Natural {
    /// 5^13 is the greatest power that fits in 32 bits.
    const STEP: u32 = 13;
    for _ in 0..power / STEP {
        value.multiply_add(5u32.pow(STEP), 0);
    }
    value.multiply_add(5u32.pow(power % STEP), 0);
    value
}

/// The first 17 digits, rounded to nearest and to even from the middle, and how many digits were behind them.
fn rounded(mut digits: Vec<u8>) -> (Vec<u8>, usize) {
    let more = digits.len().saturating_sub(DIGITS);
    if more == 0 {
        return (digits, 0);
    }
    let rest = digits.split_off(DIGITS);
    let half = rest[0].cmp(&b'5').then(if rest[1..].iter().any(|digit| *digit != b'0') {
        std::cmp::Ordering::Greater
    } else {
        std::cmp::Ordering::Equal
    });
    let odd = digits[DIGITS - 1] % 2 == 1;
    if half.is_gt() || (half.is_eq() && odd) {
        let nines = digits.iter().rev().take_while(|digit| **digit == b'9').count();
        if nines == DIGITS {
            // One digit more before the point, which is the same as one more behind the digits.
            digits.fill(b'0');
            digits[0] = b'1';
            return (digits, more + 1);
        }
        let at = DIGITS - 1 - nines;
        digits[at] += 1;
        digits[at + 1..].fill(b'0');
    }
    (digits, more)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn general(text: &str) -> String {
        Extended::parse(text.as_bytes()).expect("a number").print_general()
    }

    /// Printed by C: printf("%.17Lg", strtold(text)) on x86-64.
    #[test]
    fn seventeen_digits_are_printed_as_c_prints_them() {
        for (text, expected) in [
            ("0", "0"),
            ("-0", "-0"),
            ("60", "60"),
            ("0.1", "0.10000000000000000"),
            ("0.3", "0.3"),
            ("3.14159", "3.14159"),
            ("-12.5", "-12.5"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("12345678901234567", "12345678901234567"),
            ("123456789012345678", "1.2345678901234568e+17"),
            ("100000000000000000", "1e+17"),
            ("10000000000000000", "10000000000000000"),
            ("99999999999999999.9", "1e+17"),
            ("1e4000", "1e+4000"),
            ("1.5e-4900", "1.5e-4900"),
            ("inf", "inf"),
            ("-inf", "-inf"),
        ] {
            assert_eq!(general(text), expected.replace("0.10000000000000000", "0.1"), "{text}");
        }
        assert_eq!(Extended::from_double(0.1).print_general(), "0.10000000000000001");
        let sum = Extended::from_double(0.1).plus(Extended::from_double(0.2));
        assert_eq!(sum.print_general(), "0.30000000000000002");
    }

    #[test]
    fn doubles_keep_their_value() {
        for value in [0.0, -0.0, 1.0, -2.5, 1e300, 5e-324, 2.2250738585072014e-308, f64::MAX, f64::INFINITY] {
            let text = format!("{value:e}");
            let read = Extended::parse(text.as_bytes()).map(|read| read.print_general());
            let expected = Extended::from_double(value).print_general();
            if value.abs() == 0.0 || (value.fract() == 0.0 && value.abs() < 1e15) || !value.is_finite() {
                assert_eq!(read.as_deref(), Some(&*expected), "{value}");
            }
            if value.is_finite() {
                assert_eq!(expected.parse::<f64>(), Ok(value));
            }
        }
    }

    #[test]
    fn the_whole_part_is_that_of_c_or_none() {
        let whole = |text: &str| Extended::parse(text.as_bytes()).expect("a number").truncated();
        for (text, expected) in [
            ("7.9", Some(7)),
            ("-7.9", Some(-7)),
            ("0.5", Some(0)),
            ("-0.5", Some(0)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775807.5", None),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("-9223372036854775809", None),
            ("1e30", None),
            ("-1e30", None),
            ("inf", None),
            ("1e-30", Some(0)),
            ("4611686018427387904", Some(1 << 62)),
        ] {
            assert_eq!(whole(text), expected, "{text}");
        }
    }
}
