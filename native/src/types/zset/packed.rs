//! The small encoding, which OBJECT ENCODING calls `listpack`: all members and scores in one run of bytes, in their order.
//!
//! ```text
//!   block = u16 pairs, then pairs
//!   pair  = item score                    the member as ds/item.rs codes it
//!   score = an integer as an item codes it | 245 f64, little endian
//!
//!   ZADD z 10 Ada 1.5 "36"   ->   02 00   f0 24 f5 (1.5)   03 A d a f0 0a
//! ```

use std::cmp::Ordering;

use crate::ds::item::{Coded, Item, after, decoded};

/// Longest run of bytes, as Redis bounds a listpack. Above it the set becomes a table.
pub const RUN_BYTES_MAX: usize = 1 << 30;

/// Pairs of a run, at most: what its u16 can count. Lookups in so many are slow already.
pub const PAIRS_MAX: usize = u16::MAX as usize;

const COUNT_BYTES: usize = 2;
const FLOAT: u8 = 245;

/// No block while empty.
#[derive(Clone, Debug, Default)]
pub struct Packed(Box<[u8]>);

/// Where a pair stands: offsets of its member, its score and its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    pub member: usize,
    pub score: usize,
    pub end: usize,
}

/// A score, ready to be written.
pub struct CodedScore {
    bytes: [u8; 9],
    len: usize,
}

impl CodedScore {
    pub fn of(score: f64) -> CodedScore {
        let mut bytes = [0; 9];
        let whole = score as i64;
        // -0 becomes 0, as in Redis's listpacks. What 64 bits do not hold is cut off by `as`.
        if whole as f64 == score && whole != i64::MAX {
            let coded = Coded::int(whole);
            let len = coded.head().len();
            bytes[..len].copy_from_slice(coded.head());
            return CodedScore { bytes, len };
        }
        bytes[0] = FLOAT;
        bytes[1..].copy_from_slice(&score.to_le_bytes());
        CodedScore { bytes, len: 9 }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

fn after_score(run: &[u8], at: usize) -> usize {
    if run[at] == FLOAT { at + 9 } else { after(run, at) }
}

fn decoded_score(score: &[u8]) -> f64 {
    match score {
        [FLOAT, bytes @ ..] => f64::from_le_bytes(bytes.try_into().expect("a float has eight bytes")),
        _ => match decoded(score) {
            Item::Int(whole) => whole as f64,
            Item::Text(_) => unreachable!("a score is a number"),
        },
    }
}

/// Order of a member's bytes against `bytes`.
pub fn compare(member: Item, bytes: &[u8]) -> Ordering {
    match member {
        Item::Text(text) => text.cmp(bytes),
        Item::Int(number) => itoa::Buffer::new().format(number).as_bytes().cmp(bytes),
    }
}

impl Packed {
    #[inline]
    pub fn run(&self) -> &[u8] {
        self.0.get(COUNT_BYTES..).unwrap_or(&[])
    }

    #[inline]
    pub fn len(&self) -> usize {
        match *self.0 {
            [low, high, ..] => u16::from_le_bytes([low, high]) as usize,
            _ => 0,
        }
    }

    /// Bytes on the heap, rounded up as allocators do.
    pub fn heap_bytes(&self) -> usize {
        if self.0.len() <= 64 { self.0.len().next_multiple_of(8) } else { self.0.len().next_multiple_of(16) }
    }

    pub fn spans(&self) -> impl Iterator<Item = Span> + Clone {
        let run = self.run();
        let mut at = 0;
        std::iter::from_fn(move || {
            (at < run.len()).then(|| {
                let score = after(run, at);
                let span = Span { member: at, score, end: after_score(run, score) };
                at = span.end;
                span
            })
        })
    }

    pub fn pair(&self, span: Span) -> (Item<'_>, f64) {
        (self.member(span), self.score(span))
    }

    #[inline]
    pub fn member(&self, span: Span) -> Item<'_> {
        decoded(&self.run()[span.member..span.score])
    }

    #[inline]
    pub fn score(&self, span: Span) -> f64 {
        decoded_score(&self.run()[span.score..span.end])
    }

    /// Where `member` stands, and its rank. O(pairs).
    pub fn find(&self, member: &Coded) -> Option<(usize, Span)> {
        let run = self.run();
        self.spans().enumerate().find(|(_, span)| member.is(&run[span.member..span.score]))
    }

    /// Offset of the first pair that stands after (score, member), or of the end.
    pub fn place_for(&self, score: f64, member: &[u8]) -> usize {
        let stands_after = |span: &Span| {
            let other = self.score(*span);
            other > score || (other == score && compare(self.member(*span), member).is_gt())
        };
        self.spans().find(stands_after).map_or(self.run().len(), |span| span.member)
    }

    /// Replaces `remove` bytes of the run at `at` by `parts`; `pairs` is how many pairs come, or go if negative. The inverse
    /// is a splice too. Cost: a copy of what follows, and one reallocation.
    pub fn splice(&mut self, at: usize, remove: usize, parts: &[&[u8]], pairs: i32) {
        let insert: usize = parts.iter().map(|part| part.len()).sum();
        let old_len = self.run().len();
        let new_len = old_len - remove + insert;
        let count = (self.len() as i32 + pairs) as u16;
        if count == 0 {
            self.0 = Box::default();
            return;
        }
        let mut block = std::mem::take(&mut self.0).into_vec();
        if new_len > old_len || block.is_empty() {
            block.reserve_exact(COUNT_BYTES + new_len - block.len());
            block.resize(COUNT_BYTES + new_len, 0);
        }
        let from = COUNT_BYTES + at;
        block.copy_within(from + remove..COUNT_BYTES + old_len, from + insert);
        block.truncate(COUNT_BYTES + new_len);
        let mut to = &mut block[from..from + insert];
        for part in parts {
            let (here, rest) = to.split_at_mut(part.len());
            here.copy_from_slice(part);
            to = rest;
        }
        block[..COUNT_BYTES].copy_from_slice(&count.to_le_bytes());
        self.0 = block.into_boxed_slice();
        debug_assert_eq!(self.len(), self.spans().count());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(packed: &mut Packed, member: &[u8], score: f64) {
        let (coded, number) = (Coded::of(Item::Text(member)), CodedScore::of(score));
        let at = packed.place_for(score, member);
        packed.splice(at, 0, &[coded.head(), coded.body(), number.bytes()], 1);
    }

    #[test]
    fn pairs_read_back_in_their_order() {
        let mut packed = Packed::default();
        let scores = [
            f64::NEG_INFINITY,
            -1e300,
            -(2f64.powi(63)),
            -1.5,
            -1.0,
            5e-324,
            0.1,
            1.0,
            127.0,
            128.0,
            3e9,
            9007199254740993.0,
            2f64.powi(63),
            f64::INFINITY,
        ];
        for score in scores.iter().rev() {
            put(&mut packed, format!("m{score}").as_bytes(), *score);
        }
        put(&mut packed, b"36", 1.0);
        put(&mut packed, b"a", 1.0);
        let found: Vec<f64> = packed.spans().map(|span| packed.score(span)).collect();
        assert!(found.is_sorted());
        assert_eq!(packed.len(), scores.len() + 2);
        let ones: Vec<Vec<u8>> =
            packed.spans().filter(|span| packed.score(*span) == 1.0).map(|span| packed.member(span).to_vec()).collect();
        assert_eq!(ones, [b"36".to_vec(), b"a".to_vec(), b"m1".to_vec()]);
        let (rank, span) = packed.find(&Coded::of(Item::Text(b"36"))).expect("there");
        assert_eq!((packed.pair(span), rank), ((Item::Int(36), 1.0), 7));
    }

    #[test]
    fn every_score_keeps_its_bits() {
        for score in [0.0, 1.0, -1.0, 1e15, 2f64.powi(62), 2f64.powi(63), -(2f64.powi(63)), 0.5, f64::MAX, 1e-320] {
            let coded = CodedScore::of(score);
            assert_eq!(decoded_score(coded.bytes()).to_bits(), score.to_bits(), "{score}");
        }
        assert_eq!(decoded_score(CodedScore::of(-0.0).bytes()).to_bits(), 0);
    }

    #[test]
    fn an_empty_run_has_no_block() {
        let mut packed = Packed::default();
        put(&mut packed, b"a", 1.0);
        assert_eq!((packed.len(), packed.heap_bytes()), (1, 8));
        let end = packed.run().len();
        packed.splice(0, end, &[], -1);
        assert_eq!((packed.len(), packed.heap_bytes(), packed.run().len()), (0, 0, 0));
    }
}
