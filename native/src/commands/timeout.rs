//! Timeouts of blocking commands, as arguments.

use crate::resp::error;
use crate::resp::number;

/// A timeout in seconds, a fraction allowed (BLPOP), as the time it ends: ms since the epoch, None for ever (0). Err: the
/// error's text.
pub fn seconds(text: &[u8], now_ms: i64) -> Result<Option<i64>, &'static str> {
    let seconds = number::double(text).filter(|seconds| !seconds.is_nan()).ok_or(error::TIMEOUT_NOT_FLOAT)?;
    let ms = (seconds * 1000.0).ceil();
    // 2^63 as a double; what is below fits.
    if ms >= 9_223_372_036_854_775_808.0 {
        return Err(error::TIMEOUT_OUT_OF_RANGE);
    }
    if seconds < 0.0 {
        return Err(error::TIMEOUT_NEGATIVE);
    }
    until(ms as i64, now_ms)
}

/// The same in whole milliseconds (XREAD BLOCK).
pub fn milliseconds(text: &[u8], now_ms: i64) -> Result<Option<i64>, &'static str> {
    match number::integer(text) {
        None => Err(error::TIMEOUT_NOT_INTEGER),
        Some(ms) if ms < 0 => Err(error::TIMEOUT_NEGATIVE),
        Some(ms) => until(ms, now_ms),
    }
}

fn until(ms: i64, now_ms: i64) -> Result<Option<i64>, &'static str> {
    if ms == 0 { Ok(None) } else { now_ms.checked_add(ms).map(Some).ok_or(error::TIMEOUT_OUT_OF_RANGE) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_round_up_to_milliseconds_and_zero_is_for_ever() {
        assert_eq!(seconds(b"0", 5), Ok(None));
        assert_eq!(seconds(b"1.0001", 5), Ok(Some(1006)));
        assert_eq!(seconds(b"0.0001", 5), Ok(Some(6)));
        assert_eq!(seconds(b"-1", 5), Err(error::TIMEOUT_NEGATIVE));
        assert_eq!(seconds(b"abc", 5), Err(error::TIMEOUT_NOT_FLOAT));
        assert_eq!(seconds(b"nan", 5), Err(error::TIMEOUT_NOT_FLOAT));
        assert_eq!(seconds(b"inf", 5), Err(error::TIMEOUT_OUT_OF_RANGE));
        assert_eq!(seconds(b"9223372036854775.7", 1 << 40), Err(error::TIMEOUT_OUT_OF_RANGE));
        assert_eq!(milliseconds(b"7", 5), Ok(Some(12)));
        assert_eq!(milliseconds(b"0", 5), Ok(None));
        assert_eq!(milliseconds(b"1.5", 5), Err(error::TIMEOUT_NOT_INTEGER));
        assert_eq!(milliseconds(b"9223372036854775807", 5), Err(error::TIMEOUT_OUT_OF_RANGE));
    }
}
