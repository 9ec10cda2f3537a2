//! Which members a range means: by rank, by score, or by the members' bytes where all scores are the same. All end up as
//! ranks.

use std::ops::Range;

use super::packed::compare;
use super::value::ZsetValue;
use crate::ds::entry::Object;
use crate::ds::item::Item;
use crate::ds::scored::frame::{Edge, Probe};
use crate::resp::{error, number};

/// An end of a lexicographical range.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum LexEnd<'a> {
    /// `-`, before all members.
    Least,
    /// `+`, after all members.
    Greatest,
    /// `[bytes`
    At(&'a [u8]),
    /// `(bytes`
    Beside(&'a [u8]),
}

/// An end of a range of scores.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ScoreEnd {
    pub score: f64,
    /// `(`: not this score itself.
    pub beside: bool,
}

/// A range as it was asked for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Bounds<'a> {
    /// Negative ones count from the end.
    Ranks(i64, i64),
    Scores(ScoreEnd, ScoreEnd),
    Lex(LexEnd<'a>, LexEnd<'a>),
}

/// `1.5`, `(1.5`, `-inf`, as `strtod` reads them.
fn score_end(text: &[u8]) -> Option<ScoreEnd> {
    let (beside, text) = match text {
        [b'(', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    number::c_double(text).map(|score| ScoreEnd { score, beside })
}

/// `-`, `+`, `[a`, `(a`; the first two as C strings, which end at a zero byte.
fn lex_end(text: &[u8]) -> Option<LexEnd<'_>> {
    match text {
        [b'-'] | [b'-', 0, ..] => Some(LexEnd::Least),
        [b'+'] | [b'+', 0, ..] => Some(LexEnd::Greatest),
        [b'[', bytes @ ..] => Some(LexEnd::At(bytes)),
        [b'(', bytes @ ..] => Some(LexEnd::Beside(bytes)),
        _ => None,
    }
}

impl<'a> Bounds<'a> {
    /// Err: the error's text.
    pub fn ranks(start: &[u8], stop: &[u8]) -> Result<Bounds<'a>, &'static str> {
        match (number::integer(start), number::integer(stop)) {
            (Some(start), Some(stop)) => Ok(Bounds::Ranks(start, stop)),
            _ => Err(error::NOT_INTEGER),
        }
    }

    pub fn scores(min: &[u8], max: &[u8]) -> Result<Bounds<'a>, &'static str> {
        match (score_end(min), score_end(max)) {
            (Some(min), Some(max)) => Ok(Bounds::Scores(min, max)),
            _ => Err(error::NOT_SCORE_RANGE),
        }
    }

    pub fn lex(min: &'a [u8], max: &'a [u8]) -> Result<Bounds<'a>, &'static str> {
        match (lex_end(min), lex_end(max)) {
            (Some(min), Some(max)) => Ok(Bounds::Lex(min, max)),
            _ => Err(error::NOT_LEX_RANGE),
        }
    }

    /// The ranks meant, from the least member on; ranks asked for count from the greatest if `backwards`.
    pub fn of(&self, zset: &ZsetValue, backwards: bool) -> Range<usize> {
        let range = match self {
            Bounds::Ranks(start, stop) => ranks(*start, *stop, zset.len(), backwards),
            Bounds::Scores(min, max) => {
                // A range that ends before it begins is empty, and so are ranks turned round.
                let from = zset.rank(&Probe::score(min.score, min.beside));
                from..zset.rank(&Probe::score(max.score, !max.beside)).max(from)
            }
            Bounds::Lex(min, max) => lex(zset, *min, *max, backwards),
        };
        debug_assert!(range.start <= range.end && range.end <= zset.len());
        range
    }
}

fn ranks(start: i64, stop: i64, len: usize, backwards: bool) -> Range<usize> {
    let len = len as i64;
    let from_end = |rank: i64| if rank < 0 { rank.saturating_add(len) } else { rank };
    let (start, stop) = (from_end(start).max(0), from_end(stop).min(len - 1));
    if start > stop {
        return 0..0;
    }
    let (start, end) = (start as usize, stop as usize + 1);
    if backwards { len as usize - end..len as usize - start } else { start..end }
}

fn lex(zset: &ZsetValue, min: LexEnd, max: LexEnd, backwards: bool) -> Range<usize> {
    let within_min = |member: Item| match min {
        LexEnd::Least => true,
        LexEnd::Greatest => false,
        LexEnd::At(bytes) => compare(member, bytes).is_ge(),
        LexEnd::Beside(bytes) => compare(member, bytes).is_gt(),
    };
    let within_max = |member: Item| match max {
        LexEnd::Least => false,
        LexEnd::Greatest => true,
        LexEnd::At(bytes) => compare(member, bytes).is_le(),
        LexEnd::Beside(bytes) => compare(member, bytes).is_lt(),
    };
    match zset {
        // Members of different scores are in no order by bytes; then Redis finds what its walk along the listpack finds.
        ZsetValue::Packed(_) => {
            let outside = match (zset.iter().next(), zset.iter().last()) {
                (Some(first), Some(last)) => !within_min(last.0) || !within_max(first.0),
                _ => true,
            };
            if outside {
                return 0..0;
            }
            if backwards {
                let len = zset.len();
                let all = zset.walk(len - 1, len, true);
                let skipped = all.take_while(|(member, _)| !within_max(*member)).count();
                let count = match len - skipped {
                    0 => 0,
                    left => zset.walk(left - 1, left, true).take_while(|(member, _)| within_min(*member)).count(),
                };
                return len - skipped - count..len - skipped;
            }
            let skipped = zset.iter().take_while(|(member, _)| !within_min(*member)).count();
            let count = zset.walk(skipped, usize::MAX, false).take_while(|(member, _)| within_max(*member)).count();
            skipped..skipped + count
        }
        ZsetValue::Scored(scored) => {
            let Some(first) = scored.member_at(0) else { return 0..0 };
            let rank = |edge| scored.rank(&Probe { order: first.order(), edge });
            let from = match min {
                LexEnd::Least => 0,
                LexEnd::Greatest => scored.len(),
                LexEnd::At(bytes) => rank(Edge::At(bytes)),
                LexEnd::Beside(bytes) => rank(Edge::After(bytes)),
            };
            let to = match max {
                LexEnd::Least => 0,
                LexEnd::Greatest => scored.len(),
                LexEnd::At(bytes) => rank(Edge::After(bytes)),
                LexEnd::Beside(bytes) => rank(Edge::At(bytes)),
            };
            from..to.max(from)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_read_as_redis_reads_them() {
        for (text, expected) in [
            ("1", Some((1.0, false))),
            ("(1", Some((1.0, true))),
            ("(", Some((0.0, true))),
            ("", Some((0.0, false))),
            (" 5", Some((5.0, false))),
            ("(inf", Some((f64::INFINITY, true))),
            ("+inf", Some((f64::INFINITY, false))),
            ("-INF", Some((f64::NEG_INFINITY, false))),
            ("0x10", Some((16.0, false))),
            ("nan", None),
            ("((1", None),
            ("1 ", None),
            ("[1", None),
        ] {
            let end = score_end(text.as_bytes()).map(|end| (end.score, end.beside));
            assert_eq!(end, expected, "{text}");
        }
        for (text, expected) in [
            (&b"-"[..], Some(LexEnd::Least)),
            (b"+", Some(LexEnd::Greatest)),
            (b"[a", Some(LexEnd::At(b"a"))),
            (b"(a\0", Some(LexEnd::Beside(b"a\0"))),
            (b"[", Some(LexEnd::At(b""))),
            (b"", None),
            (b"a", None),
            (b"-a", None),
            (b"++", None),
        ] {
            assert_eq!(lex_end(text), expected, "{text:?}");
        }
    }

    #[test]
    fn ranks_count_from_either_end_and_are_cut_to_what_is_there() {
        for (start, stop, backwards, expected) in [
            (0, -1, false, 0..5),
            (0, -1, true, 0..5),
            (1, 2, false, 1..3),
            (1, 2, true, 2..4),
            (-2, 100, false, 3..5),
            (-100, 0, true, 4..5),
            (3, 1, false, 0..0),
            (5, 9, false, 0..0),
            (0, -6, false, 0..0),
            (i64::MIN, i64::MAX, false, 0..5),
            (i64::MAX, i64::MIN, true, 0..0),
        ] {
            assert_eq!(ranks(start, stop, 5, backwards), expected, "{start} {stop}");
        }
    }
}
