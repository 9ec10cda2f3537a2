//! Numbers as C prints and reads them.

/// Appends `number`, which is finite, as `%.{precision}g` prints it.
pub fn append_general(out: &mut Vec<u8>, number: f64, precision: usize) {
    debug_assert!(number.is_finite() && (1..=17).contains(&precision));
    // Integers that have no more digits than wanted, which 2^53 bounds too.
    if number.trunc() == number
        && number.abs() < POWERS[precision.min(15)]
        && (number != 0.0 || number.is_sign_positive())
    {
        out.extend_from_slice(itoa::Buffer::new().format(number as i64).as_bytes());
        return;
    }
    // The shortest digits that stand for the number are also its first digits, rounded, if they are not more than wanted.
    // Below the normal numbers they are too few for that.
    if number.is_normal() {
        let digits = Digits::read(ryu::Buffer::new().format_finite(number).as_bytes());
        if digits.count <= precision {
            return digits.append(out, precision);
        }
    }
    Digits::read(format!("{number:.*e}", precision - 1).as_bytes()).append(out, precision)
}

/// 10^n by n.
const POWERS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// A number as `d.ddd * 10^exponent`, without zeros at the end.
struct Digits {
    is_negative: bool,
    digits: [u8; 24],
    count: usize,
    exponent: i32,
}

impl Digits {
    /// Of what Rust prints: `-0.00123`, `123.0`, `1.23e-5`.
    fn read(printed: &[u8]) -> Digits {
        let mut read = Digits { is_negative: printed[0] == b'-', digits: [0; 24], count: 0, exponent: -1 };
        let mut is_fraction = false;
        let mut at = usize::from(read.is_negative);
        while let Some(byte) = printed.get(at) {
            at += 1;
            match byte {
                b'.' => is_fraction = true,
                b'e' => break,
                b'0' if read.count == 0 => read.exponent -= i32::from(is_fraction),
                digit => {
                    read.digits[read.count] = *digit;
                    read.count += 1;
                    read.exponent += i32::from(!is_fraction);
                }
            }
        }
        if let Some(exponent) = std::str::from_utf8(&printed[at..]).ok().and_then(|text| text.parse::<i32>().ok()) {
            read.exponent += exponent;
        }
        while read.count > 0 && read.digits[read.count - 1] == b'0' {
            read.count -= 1;
        }
        if read.count == 0 {
            read = Digits { digits: [b'0'; 24], count: 1, exponent: 0, ..read };
        }
        read
    }

    fn append(&self, out: &mut Vec<u8>, precision: usize) {
        if self.is_negative {
            out.push(b'-');
        }
        let digits = &self.digits[..self.count];
        if self.exponent < -4 || self.exponent >= precision as i32 {
            out.push(digits[0]);
            if digits.len() > 1 {
                out.push(b'.');
                out.extend_from_slice(&digits[1..]);
            }
            let sign = if self.exponent < 0 { '-' } else { '+' };
            out.extend_from_slice(format!("e{sign}{:02}", self.exponent.unsigned_abs()).as_bytes());
        } else if self.exponent < 0 {
            out.extend_from_slice(&b"0.000"[..1 + self.exponent.unsigned_abs() as usize]);
            out.extend_from_slice(digits);
        } else {
            let whole = self.exponent as usize + 1;
            if digits.len() > whole {
                out.extend_from_slice(&digits[..whole]);
                out.push(b'.');
                out.extend_from_slice(&digits[whole..]);
            } else {
                out.extend_from_slice(digits);
                out.resize(out.len() + whole - digits.len(), b'0');
            }
        }
    }
}

/// The number that `text` begins with, as `strtod` finds it, and its length: decimal, hexadecimal, infinite or none.
pub fn leading_number(text: &[u8]) -> Option<(f64, usize)> {
    let at = usize::from(matches!(text.first(), Some(b'-' | b'+')));
    let is_negative = text.first() == Some(&b'-');
    let rest = &text[at..];
    let (value, length) = if starts_with(rest, b"inf") {
        (f64::INFINITY, if starts_with(rest, b"infinity") { 8 } else { 3 })
    } else if starts_with(rest, b"nan") {
        (f64::NAN, 3 + payload(&rest[3..]))
    } else if starts_with(rest, b"0x") && hexadecimal(&rest[2..]).is_some() {
        let (value, length) = hexadecimal(&rest[2..])?;
        (value, 2 + length)
    } else {
        decimal(rest)?
    };
    Some((if is_negative { -value } else { value }, at + length))
}

fn starts_with(text: &[u8], lower: &[u8]) -> bool {
    text.get(..lower.len()).is_some_and(|start| start.eq_ignore_ascii_case(lower))
}

/// Length of `(…)` behind a nan.
fn payload(text: &[u8]) -> usize {
    let inner = text.iter().skip(1).take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    if text.first() == Some(&b'(') && text.get(inner + 1) == Some(&b')') { inner + 2 } else { 0 }
}

fn digits(text: &[u8], is_digit: fn(&u8) -> bool) -> usize {
    text.iter().take_while(|byte| is_digit(byte)).count()
}

fn decimal(text: &[u8]) -> Option<(f64, usize)> {
    let whole = digits(text, u8::is_ascii_digit);
    let mut end = whole;
    let mut fraction = 0;
    if text.get(end) == Some(&b'.') {
        fraction = digits(&text[end + 1..], u8::is_ascii_digit);
        end += 1 + fraction;
    }
    if whole + fraction == 0 {
        return None;
    }
    let exponent = exponent(&text[end..], b'e').map_or(0, |(_, length)| length);
    if exponent == 0 && end == whole && whole < 16 {
        let value = text[..whole].iter().fold(0u64, |value, digit| value * 10 + u64::from(digit - b'0'));
        return Some((value as f64, whole));
    }
    end += exponent;
    std::str::from_utf8(&text[..end]).ok()?.parse().ok().map(|value| (value, end))
}

/// An exponent behind `letter`, and the length of both.
fn exponent(text: &[u8], letter: u8) -> Option<(i32, usize)> {
    if !text.first()?.eq_ignore_ascii_case(&letter) {
        return None;
    }
    let sign = usize::from(matches!(text.get(1), Some(b'-' | b'+')));
    let count = digits(&text[1 + sign..], u8::is_ascii_digit);
    let end = 1 + sign + count;
    let value = text[1 + sign..end]
        .iter()
        .fold(0i32, |value, digit| value.saturating_mul(10).saturating_add((digit - b'0').into()).min(1_000_000_000));
    (count > 0).then_some((if text.get(1) == Some(&b'-') { -value } else { value }, end))
}

/// Behind `0x`: digits, with a point or not, and a binary exponent behind `p`.
fn hexadecimal(text: &[u8]) -> Option<(f64, usize)> {
    let whole = digits(text, u8::is_ascii_hexdigit);
    let mut end = whole;
    let mut fraction = 0;
    if text.get(end) == Some(&b'.') {
        fraction = digits(&text[end + 1..], u8::is_ascii_hexdigit);
        end += 1 + fraction;
    }
    if whole + fraction == 0 {
        return None;
    }
    // 60 bits and whether anything was lost behind them: enough to round once, as the conversion to a double does.
    let mut mantissa = 0u64;
    let mut scale = 0i64;
    for (place, digit) in text[..end].iter().filter(|byte| **byte != b'.').enumerate() {
        let digit = (*digit as char).to_digit(16).expect("counted") as u64;
        if mantissa >> 60 == 0 {
            mantissa = mantissa << 4 | digit;
        } else {
            mantissa |= u64::from(digit != 0);
            scale += 4;
        }
        scale -= if place >= whole { 4 } else { 0 };
    }
    if let Some((exponent, length)) = exponent(&text[end..], b'p') {
        scale += i64::from(exponent);
        end += length;
    }
    Some((scaled(mantissa as f64, scale), end))
}

/// `value * 2^scale`, in steps that are doubles themselves.
fn scaled(mut value: f64, mut scale: i64) -> f64 {
    while scale != 0 && value != 0.0 && value.is_finite() {
        let step = scale.clamp(-1000, 1000);
        value *= 2f64.powi(step as i32);
        scale -= step;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::{append_general, leading_number};

    #[test]
    fn numbers_print_as_with_percent_g() {
        let print = |number, precision| {
            let mut out = Vec::new();
            append_general(&mut out, number, precision);
            String::from_utf8(out).expect("ascii")
        };
        for (number, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-123456.0, "-123456"),
            (99999999999999.0, "99999999999999"),
            (100000000000000.0, "1e+14"),
            (123456789012345.0, "1.2345678901234e+14"),
            (0.1, "0.1"),
            (1.0 / 3.0, "0.33333333333333"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (0.000123456, "0.000123456"),
            (1.5e300, "1.5e+300"),
            (5e-324, "4.9406564584125e-324"),
            (1.2345678901234567, "1.2345678901235"),
            (99999999999999.96, "1e+14"),
            (1234.5, "1234.5"),
        ] {
            assert_eq!(print(number, 14), expected);
        }
        assert_eq!(
            (print(2.5, 1), print(3.5, 1), print(10.0, 1), print(0.25, 1)),
            ("2".into(), "4".into(), "1e+01".into(), "0.2".into())
        );
    }

    #[test]
    fn numbers_are_read_as_by_strtod() {
        for (text, value, length) in [
            ("12", 12.0, 2),
            ("-1.5e3,", -1500.0, 6),
            ("1e", 1.0, 1),
            ("1e+", 1.0, 1),
            ("5.", 5.0, 2),
            (".5", 0.5, 2),
            ("+7x", 7.0, 2),
            ("0x10", 16.0, 4),
            ("0x", 0.0, 1),
            ("0xg", 0.0, 1),
            ("-0x1.8p1", -3.0, 8),
            ("0x1p-1074", 5e-324, 9),
            ("1e999", f64::INFINITY, 5),
            ("infinite", f64::INFINITY, 3),
            ("-Infinity]", f64::NEG_INFINITY, 9),
            ("12345678901234567890", 12345678901234567890.0, 20),
            ("0x123456789abcdef01", 20988295479420645121.0, 19),
        ] {
            assert_eq!(leading_number(text.as_bytes()), Some((value, length)), "{text}");
        }
        for text in ["", "-", ".", "e5", "x", "+-1", "- 1"] {
            assert_eq!(leading_number(text.as_bytes()), None, "{text}");
        }
        assert!(leading_number(b"nan(12)]").is_some_and(|(value, length)| value.is_nan() && length == 7));
        assert!(leading_number(b"NaN(1-2)").is_some_and(|(value, length)| value.is_nan() && length == 3));
    }
}
