//! The id of an entry: milliseconds and a number within them.

use crate::resp::number::unsigned;
use crate::resp::reply::Reply;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Id {
    pub ms: u64,
    pub seq: u64,
}

/// Longest text that is looked at, bytes.
const TEXT_BYTES_MAX: usize = 127;
/// Two numbers of 20 digits and a dash.
pub const ID_TEXT_MAX: usize = 41;

/// An id as XADD and its like take one: the number within the milliseconds may be left to the server (`5-*`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    Whole(Id),
    Ms(u64),
}

impl Id {
    pub const MIN: Id = Id { ms: 0, seq: 0 };
    pub const MAX: Id = Id { ms: u64::MAX, seq: u64::MAX };

    /// The id after this one; None after the last.
    pub fn next(self) -> Option<Id> {
        match (self.seq.checked_add(1), self.ms.checked_add(1)) {
            (Some(seq), _) => Some(Id { ms: self.ms, seq }),
            (None, Some(ms)) => Some(Id { ms, seq: 0 }),
            (None, None) => None,
        }
    }

    /// The id before this one; None before the first.
    pub fn previous(self) -> Option<Id> {
        match (self.seq.checked_sub(1), self.ms.checked_sub(1)) {
            (Some(seq), _) => Some(Id { ms: self.ms, seq }),
            (None, Some(ms)) => Some(Id { ms, seq: u64::MAX }),
            (None, None) => None,
        }
    }

    /// Its text (`1526919030474-0`), printed into `buffer`.
    #[inline]
    pub fn print(self, buffer: &mut [u8; ID_TEXT_MAX]) -> &[u8] {
        let (mut ms, mut seq) = (itoa::Buffer::new(), itoa::Buffer::new());
        let (ms, seq) = (ms.format(self.ms).as_bytes(), seq.format(self.seq).as_bytes());
        let end = ms.len() + 1 + seq.len();
        buffer[..ms.len()].copy_from_slice(ms);
        buffer[ms.len()] = b'-';
        buffer[ms.len() + 1..end].copy_from_slice(seq);
        &buffer[..end]
    }

    pub fn to_vec(self) -> Vec<u8> {
        self.print(&mut [0; ID_TEXT_MAX]).to_vec()
    }

    #[inline]
    pub fn reply(self, reply: &mut Reply) {
        reply.bulk(self.print(&mut [0; ID_TEXT_MAX]));
    }

    /// An id, or `-` and `+` for the first and the last there can be. A missing number within the milliseconds is
    /// `missing`.
    pub fn parse(text: &[u8], missing: u64) -> Option<Id> {
        match until_zero(text) {
            b"-" => Some(Id::MIN),
            b"+" => Some(Id::MAX),
            _ => Id::parse_strict(text, missing),
        }
    }

    /// An id, without the special ones.
    pub fn parse_strict(text: &[u8], missing: u64) -> Option<Id> {
        let (ms, seq) = split(text)?;
        Some(Id { ms: unsigned(ms)?, seq: seq.map_or(Some(missing), unsigned)? })
    }

    /// An end of an interval: `(` before it leaves the id itself out. None: no id. The Option inside is None where nothing
    /// lies on that side.
    pub fn parse_start(text: &[u8]) -> Option<Option<Id>> {
        match exclusive(text) {
            Some(text) => Some(Id::parse_strict(text, 0)?.next()),
            None => Some(Some(Id::parse(text, 0)?)),
        }
    }

    /// As [`Id::parse_start`], for the other end.
    pub fn parse_end(text: &[u8]) -> Option<Option<Id>> {
        match exclusive(text) {
            Some(text) => Some(Id::parse_strict(text, u64::MAX)?.previous()),
            None => Some(Some(Id::parse(text, u64::MAX)?)),
        }
    }
}

impl Wanted {
    pub fn parse(text: &[u8]) -> Option<Wanted> {
        match split(text)? {
            (ms, Some(b"*")) => Some(Wanted::Ms(unsigned(ms)?)),
            _ => Id::parse_strict(text, 0).map(Wanted::Whole),
        }
    }
}

fn exclusive(text: &[u8]) -> Option<&[u8]> {
    if text.len() > 1 { text.strip_prefix(b"(") } else { None }
}

/// What stands before the dash, and after it if there is one.
fn split(text: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let text = until_zero(text);
    match text.iter().position(|byte| *byte == b'-') {
        None => Some((text, None)),
        Some(at) => Some((&text[..at], Some(&text[at + 1..]))),
    }
}

/// Redis reads ids as C strings.
pub fn until_zero(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == 0).next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(ms: u64, seq: u64) -> Id {
        Id { ms, seq }
    }

    #[test]
    fn texts_are_read_as_redis_reads_them() {
        for (text, expected) in [
            (&b"1-2"[..], Some(id(1, 2))),
            (b"5", Some(id(5, 9))),
            (b"007-+3", Some(id(7, 3))),
            (b" 7-\t3", Some(id(7, 3))),
            (b"18446744073709551615-18446744073709551615", Some(Id::MAX)),
            (b"18446744073709551616", None),
            (b"", None),
            (b"-", None),
            (b"+", None),
            (b"-5", None),
            (b"5-", None),
            (b"5--1", None),
            (b"5-1-1", None),
            (b"5-*", None),
            (b"a-1", None),
            (b"5\0abc", Some(id(5, 9))),
        ] {
            assert_eq!(Id::parse_strict(text, 9), expected, "{:?}", String::from_utf8_lossy(text));
        }
        assert_eq!(Id::parse(b"-", 9), Some(Id::MIN));
        assert_eq!(Id::parse(b"+", 9), Some(Id::MAX));
        assert_eq!(Id::parse_strict(&[b'1'; 128], 0), None);
        assert_eq!(Wanted::parse(b"5-*"), Some(Wanted::Ms(5)));
        assert_eq!(Wanted::parse(b"5-7"), Some(Wanted::Whole(id(5, 7))));
        assert_eq!(Wanted::parse(b"*"), None);
    }

    #[test]
    fn intervals_leave_their_ends_out_where_that_is_asked_for() {
        assert_eq!(Id::parse_start(b"(1-1"), Some(Some(id(1, 2))));
        assert_eq!(Id::parse_end(b"(1-0"), Some(Some(id(0, u64::MAX))));
        assert_eq!(Id::parse_start(b"(1"), Some(Some(id(1, 1))));
        assert_eq!(Id::parse_end(b"1"), Some(Some(id(1, u64::MAX))));
        assert_eq!(Id::parse_start(b"(18446744073709551615-18446744073709551615"), Some(None));
        assert_eq!(Id::parse_end(b"(0-0"), Some(None));
        assert_eq!(Id::parse_start(b"(-"), None);
        assert_eq!(Id::parse_start(b"("), None);
    }

    #[test]
    fn an_id_prints_as_it_is_read() {
        for id in [Id::MIN, Id::MAX, id(1_526_919_030_474, 55), id(0, 1)] {
            assert_eq!(Id::parse_strict(&id.to_vec(), 0), Some(id));
        }
        assert_eq!(id(12, 3).to_vec(), b"12-3");
    }
}
