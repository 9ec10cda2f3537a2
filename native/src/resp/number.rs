//! Numbers in requests and replies, as strictly as Redis reads them and as shortly as it writes them.

/// A 64-bit signed integer, exactly as `string2ll`: no spaces, no `+`, no leading zeros.
pub fn integer(text: &[u8]) -> Option<i64> {
    crate::ds::entry::canonical_integer(text)
}

/// An unsigned number of 64 bits as Redis reads one (`string2ull`): what is no plain integer goes through C's strtoull, which
/// skips white space, takes signs and leading zeros, and wraps a negative number around.
pub fn unsigned(text: &[u8]) -> Option<u64> {
    // The usual case: digits alone.
    if let [b'-', ..] = text {
        return None;
    }
    let text = match text.iter().position(|byte| !matches!(byte, b' ' | b'\t'..=b'\r')) {
        Some(start) => &text[start..],
        None => return None,
    };
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() {
        return None;
    }
    let mut value = 0u64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add((digit - b'0') as u64)?;
    }
    Some(if negative { value.wrapping_neg() } else { value })
}

/// A double as Redis reads one: decimal, exponent, `inf`, `-infinity`, hexadecimal floats; never NaN, no spaces, nothing
/// that overflows or vanishes.
pub fn double(text: &[u8]) -> Option<f64> {
    match text.first()? {
        blank if is_blank(*blank) => None,
        _ if text.len() > 5 * 1024 => None,
        _ => match whole_double(text) {
            Some(Read { value, exact_range: true }) => Some(value),
            _ => None,
        },
    }
}

/// A double as `strtod` reads the whole of a C string, which ends at a zero byte: blanks may stand before it, nothing is 0,
/// what overflows is infinite and what vanishes is 0. None: something else follows, or it is NaN.
pub fn c_double(text: &[u8]) -> Option<f64> {
    let text = text.split(|byte| *byte == 0).next().unwrap_or(b"");
    if text.is_empty() {
        return Some(0.0);
    }
    let blanks = text.iter().take_while(|byte| is_blank(**byte)).count();
    whole_double(&text[blanks..]).map(|read| read.value)
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

struct Read {
    value: f64,
    /// Neither an overflow made it infinite nor did it vanish.
    exact_range: bool,
}

fn whole_double(text: &[u8]) -> Option<Read> {
    let (sign, body) = match text {
        [b'-', body @ ..] => (-1.0, body),
        [b'+', body @ ..] => (1.0, body),
        _ => (1.0, text),
    };
    // Up to 15 digits are exact, and most scores are such.
    if (1..=15).contains(&body.len()) && body.iter().all(u8::is_ascii_digit) {
        let value = body.iter().fold(0u64, |sum, digit| sum * 10 + (digit - b'0') as u64);
        return Some(Read { value: sign * value as f64, exact_range: true });
    }
    let body = std::str::from_utf8(body).ok()?;
    if body.eq_ignore_ascii_case("inf") || body.eq_ignore_ascii_case("infinity") {
        return Some(Read { value: sign * f64::INFINITY, exact_range: true });
    }
    let (value, mantissa) = match body.strip_prefix("0x").or_else(|| body.strip_prefix("0X")) {
        Some(digits) => (hexadecimal(digits)?, digits.split(['p', 'P']).next()?),
        None if body.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
            (body.parse::<f64>().ok()?, body.split(['e', 'E']).next()?)
        }
        None => return None,
    };
    let vanished = value == 0.0 && mantissa.bytes().any(|digit| !matches!(digit, b'0' | b'.'));
    (!value.is_nan()).then(|| Read { value: sign * value, exact_range: value.is_finite() && !vanished })
}

/// `1f.8p-3` after its `0x`.
fn hexadecimal(text: &str) -> Option<f64> {
    let (mantissa, exponent) = match text.split_once(['p', 'P']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0;
    for digit in whole.chars() {
        value = value * 16.0 + digit.to_digit(16)? as f64;
    }
    let mut scale = 1.0 / 16.0;
    for digit in fraction.chars() {
        value += digit.to_digit(16)? as f64 * scale;
        scale /= 16.0;
    }
    // In two steps, since 2^-1074 is no power that a double multiplies with.
    let exponent = exponent.clamp(-4000, 4000);
    Some(value * 2f64.powi(exponent / 2) * 2f64.powi(exponent - exponent / 2))
}

/// Longest text of a double: `-` and 17 digits with a point, `e-308`; a whole number with up to 7 zeros behind its digits.
pub const DOUBLE_BYTES_MAX: usize = 32;

/// A double's text, without a heap.
pub struct DoubleText {
    bytes: [u8; DOUBLE_BYTES_MAX],
    len: u8,
}

impl std::ops::Deref for DoubleText {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len as usize]
    }
}

impl DoubleText {
    fn push(&mut self, bytes: &[u8]) {
        let at = self.len as usize;
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len() as u8;
    }

    fn pad(&mut self, zeros: usize) {
        (0..zeros).for_each(|_| self.push(b"0"));
    }
}

/// A double as Redis 7.2 and later print it: the shortest digits that read back the same; plain where that is not much longer
/// (0.000012, 12345678900000), with an exponent otherwise (1.2e-7, 1e+20).
pub fn double_text(value: f64) -> DoubleText {
    /// Up to here every whole number is printed digit by digit: half of what 64 bits hold.
    const WHOLE_MAX: f64 = 4611686018427387904.0;
    let mut text = DoubleText { bytes: [0; DOUBLE_BYTES_MAX], len: 0 };
    if value.is_nan() {
        text.push(b"nan");
    } else if value.is_infinite() {
        text.push(if value > 0.0 { b"inf" } else { b"-inf" });
    } else if value == 0.0 {
        text.push(if value.is_sign_negative() { b"-0" } else { b"0" });
    } else if value.abs() <= WHOLE_MAX && value == value.trunc() {
        text.push(itoa::Buffer::new().format(value as i64).as_bytes());
    } else {
        if value < 0.0 {
            text.push(b"-");
        }
        let (digits, len, exponent) = shortest_digits(value.abs());
        lay_out(&digits[..len], exponent, &mut text);
    }
    text
}

/// `digits * 10^exponent` of a positive number, without zeros at either end.
fn shortest_digits(value: f64) -> ([u8; 17], usize, i32) {
    let mut buffer = ryu::Buffer::new();
    let (mantissa, exponent) = {
        let text = buffer.format_finite(value);
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        (mantissa, exponent.parse::<i32>().expect("ryu prints whole exponents"))
    };
    let (mut digits, mut len, mut exponent, mut behind_point) = ([0; 17], 0, exponent, false);
    for byte in mantissa.bytes() {
        match byte {
            b'.' => behind_point = true,
            _ => {
                exponent -= behind_point as i32;
                if len > 0 || byte != b'0' {
                    // Only zeros can follow the 17th digit: 1234567890123456800.0
                    if len < 17 {
                        digits[len] = byte;
                        len += 1;
                    } else {
                        exponent += 1;
                    }
                }
            }
        }
    }
    while len > 1 && digits[len - 1] == b'0' {
        len -= 1;
        exponent += 1;
    }
    (digits, len, exponent)
}

fn lay_out(digits: &[u8], exponent: i32, text: &mut DoubleText) {
    let len = digits.len() as i32;
    // Exponent of the first digit.
    let leading = exponent + len - 1;
    if exponent >= 0 && leading < len + 7 {
        text.push(digits);
        text.pad(exponent as usize);
    } else if exponent < 0 && (exponent > -7 || leading.abs() < 4) {
        if leading < 0 {
            text.push(b"0.");
            text.pad((-leading - 1) as usize);
            text.push(digits);
        } else {
            let (whole, fraction) = digits.split_at(leading as usize + 1);
            text.push(whole);
            text.push(b".");
            text.push(fraction);
        }
    } else {
        text.push(&digits[..1]);
        if len > 1 {
            text.push(b".");
            text.push(&digits[1..]);
        }
        text.push(if leading < 0 { b"e-" } else { b"e+" });
        text.push(itoa::Buffer::new().format(leading.abs()).as_bytes());
    }
}

/// A double as `%.17g` of C prints it.
pub fn percent_17g(value: f64) -> String {
    const DIGITS: i32 = 17;
    if !value.is_finite() || value == 0.0 {
        return String::from_utf8_lossy(&double_text(value)).into_owned();
    }
    let text = format!("{value:.*e}", DIGITS as usize - 1);
    let (mantissa, exponent) = text.split_once('e').expect("the format has an exponent");
    let exponent: i32 = exponent.parse().expect("the format has a whole exponent");
    let trimmed = |text: &str| text.trim_end_matches('0').trim_end_matches('.').to_string();
    if (-4..DIGITS).contains(&exponent) {
        return match (DIGITS - 1 - exponent) as usize {
            0 => format!("{value:.0}"),
            decimals => trimmed(&format!("{value:.decimals$}")),
        };
    }
    format!("{}e{}{:02}", trimmed(mantissa), if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

/// A long double sum as INCRBYFLOAT prints it: `%.17Lf` with the trailing zeros cut; never an exponent.
pub fn print_human(value: f64) -> String {
    if value.is_infinite() {
        return (if value > 0.0 { "inf" } else { "-inf" }).to_string();
    }
    // Redis sums in 80-bit long doubles and prints 17 decimals. The shortest text of our 64-bit sum agrees with that
    // for every sum of inputs of up to 15 significant digits, where `%.17Lf` of a 64-bit sum would show its error.
    format!("{value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_read_as_strictly_as_redis_does() {
        for (text, value) in
            [("1", 1.0), ("-1.5", -1.5), (".5", 0.5), ("1e3", 1000.0), ("inf", f64::INFINITY), ("0x10", 16.0)]
        {
            assert_eq!(double(text.as_bytes()), Some(value), "{text}");
        }
        for text in ["", " 1", "1 ", "abc", "nan", "1,5", "--1", "0x", "1e", "e5"] {
            assert_eq!(double(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn what_overflows_or_vanishes_is_no_double_but_an_end_of_a_range() {
        for (text, c) in [
            ("1e400", Some(f64::INFINITY)),
            ("-1e400", Some(f64::NEG_INFINITY)),
            ("1e-400", Some(0.0)),
            ("", Some(0.0)),
            (" 1", Some(1.0)),
            ("1\0x", Some(1.0)),
            ("\0", Some(0.0)),
            (" ", None),
            ("1 ", None),
            ("nan", None),
        ] {
            assert_eq!((double(text.as_bytes()), c_double(text.as_bytes())), (None, c), "{text}");
        }
        for text in ["0", "-0", "0e5", "4.9e-324", "12345678901234567890", "-inf", "+5", "0x1p-1074"] {
            assert!(
                double(text.as_bytes()).is_some() && c_double(text.as_bytes()) == double(text.as_bytes()),
                "{text}"
            );
        }
        assert_eq!(double(b"-0").map(f64::to_bits), Some((-0.0f64).to_bits()));
    }

    #[test]
    fn seventeen_digits_are_those_of_c() {
        for (value, text) in [
            (0.1, "0.10000000000000001"),
            (-2.5, "-2.5"),
            (3.0, "3"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (12345678901234567.0, "12345678901234568"),
            (1e-5, "1.0000000000000001e-05"),
            (0.0001, "0.0001"),
            (1e300, "1.0000000000000001e+300"),
            (f64::NEG_INFINITY, "-inf"),
            (-0.0, "-0"),
        ] {
            assert_eq!(percent_17g(value), text);
        }
    }

    /// The layouts are those of ZSCORE in redis-server 7.2.6.
    #[test]
    fn doubles_print_their_shortest_digits() {
        for text in [
            "3",
            "-0.5",
            "0.1",
            "1e+20",
            "1.5e-7",
            "123456.789",
            "-0",
            "0.000001",
            "1e-7",
            "1.2345e-7",
            "0.0012345678901234567",
            "12345678901234568000000",
            "1.2345678901234566e+25",
            "4611686018427387904",
            "5e+18",
            "5e-324",
            "1.7976931348623157e+308",
            "-1234567.25",
            "17179869184.25",
            "1e-8",
            "0.00001",
        ] {
            let value: f64 = text.parse().expect("a number");
            let printed = double_text(value);
            assert_eq!(String::from_utf8_lossy(&printed), text);
        }
    }
}
