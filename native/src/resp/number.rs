//! Numbers in requests and replies, as strictly as Redis reads them and as shortly as it writes them.

/// A 64-bit signed integer, exactly as `string2ll`: no spaces, no `+`, no leading zeros.
pub fn integer(text: &[u8]) -> Option<i64> {
    crate::ds::entry::canonical_integer(text)
}

/// A double as Redis reads one: decimal, exponent, `inf`, `-infinity`, hexadecimal floats; never NaN, no spaces.
pub fn double(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?;
    if text.is_empty() || text.len() > 5 * 1024 || text.starts_with(char::is_whitespace) {
        return None;
    }
    let (sign, body) = match text.as_bytes()[0] {
        b'-' => (-1.0, &text[1..]),
        b'+' => (1.0, &text[1..]),
        _ => (1.0, text),
    };
    if body.eq_ignore_ascii_case("inf") || body.eq_ignore_ascii_case("infinity") {
        return Some(sign * f64::INFINITY);
    }
    if let Some(hex) = body.strip_prefix("0x").or_else(|| body.strip_prefix("0X")) {
        return hexadecimal(hex).map(|value| sign * value);
    }
    if !body.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let value = body.parse::<f64>().ok()?;
    if value.is_nan() { None } else { Some(sign * value) }
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
    Some(value * 2f64.powi(exponent))
}

/// A double as RESP3 and Redis 7 print it: `%.17g`, which is the shortest text here that reads back the same.
pub fn print_double(value: f64, out: &mut Vec<u8>) {
    if value.is_nan() {
        out.extend_from_slice(b"nan");
    } else if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"inf" } else { b"-inf" });
    } else if value == value.trunc() && value.abs() < 1e17 {
        let negative_zero = value == 0.0 && value.is_sign_negative();
        out.extend_from_slice(if negative_zero { b"-0" } else { b"" });
        if !negative_zero {
            out.extend_from_slice(itoa::Buffer::new().format(value as i64).as_bytes());
        }
    } else {
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').expect("the format has an exponent");
        let exponent: i32 = exponent.parse().expect("the format has a whole exponent");
        if (-5..17).contains(&exponent) {
            out.extend_from_slice(ryu_plain(value).as_bytes());
        } else {
            out.extend_from_slice(
                format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs()).as_bytes(),
            );
        }
    }
}

fn ryu_plain(value: f64) -> String {
    format!("{value}")
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
    fn doubles_print_as_percent_17g() {
        for (value, text) in
            [(3.0, "3"), (-0.5, "-0.5"), (1e20, "1e+20"), (1.5e-7, "1.5e-07"), (123456.789, "123456.789")]
        {
            let mut out = Vec::new();
            print_double(value, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), text);
        }
    }
}
