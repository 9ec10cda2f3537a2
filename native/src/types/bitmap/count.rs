//! Counting bits, and finding the first of them.

use super::walk::{self, BitWalk, Looking};
use super::wide::{first_other, ones};
use super::{BITMAP, refuse};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::txn::access::Text;
use crate::txn::{Effect, Txn, WrongType};

pub const ROWS: &[Row] = &[
    Row {
        name: "bitcount",
        arity: -2,
        flags: READONLY,
        keys: &[key(RO | ACCESS)],
        since: "2.6.0",
        complexity: "O(N) where N is the number of bytes looked at.",
        summary: "Counts the bits that are set in a string value or a range of it.",
        args: "key [start end [BYTE|BIT]]",
        reply: "number",
        run: Run::Data(bitcount),
        ..BITMAP
    },
    Row {
        name: "bitpos",
        arity: -3,
        flags: READONLY,
        keys: &[key(RO | ACCESS)],
        since: "2.8.7",
        complexity: "O(N) where N is the number of bytes looked at.",
        summary: "Finds the first bit that is set, or clear, in a string value or a range of it.",
        args: "key bit [start [end [BYTE|BIT]]]",
        reply: "number",
        run: Run::Data(bitpos),
        ..BITMAP
    },
];

/// A range as written: negative indexes count from the end.
struct Written {
    start: i64,
    /// None: to the end, whatever that is.
    end: Option<i64>,
    bits: bool,
}

impl Written {
    /// `start [end [BYTE|BIT]]` from argument `first` on. Of two wrong words the one that Redis looks at first is told.
    fn parse(args: Args, first: usize, unit_before_end: bool) -> Result<Written, &'static str> {
        if args.len() > first + 3 {
            return Err(error::SYNTAX);
        }
        let given = |turn: usize| args.len() > first + turn;
        let index = |turn: usize| number::integer(args.get(first + turn)).ok_or(error::NOT_INTEGER);
        let start = if given(0) { index(0)? } else { 0 };
        let unit = match given(2) {
            true if args.is(first + 2, "bit") => Ok(true),
            true if !args.is(first + 2, "byte") => Err(error::SYNTAX),
            _ => Ok(false),
        };
        if unit_before_end {
            unit?;
        }
        let end = if given(1) { Some(index(1)?) } else { None };
        Ok(Written { start, end, bits: unit? })
    }

    /// Both indexes count from the end, and the first is behind the last.
    fn is_reversed(&self) -> bool {
        self.start < 0 && self.end.is_some_and(|end| end < 0 && self.start > end)
    }

    /// The bits meant, first and one past the last, of a string of `len` bytes. None: no bits.
    fn bits_of(&self, len: usize) -> Option<(u64, u64)> {
        let total = if self.bits { len as i64 * 8 } else { len as i64 };
        let end = self.end.unwrap_or(-1);
        let absolute = |index: i64| if index < 0 { (total + index).max(0) } else { index };
        let (start, end) = (absolute(self.start), absolute(end).min(total - 1));
        if start > end {
            return None;
        }
        let unit = if self.bits { 1 } else { 8 };
        Some((start as u64 * unit, (end as u64 + 1) * unit))
    }
}

fn bitcount(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    if args.len() == 3 {
        return refuse(reply, error::SYNTAX);
    }
    let range = match Written::parse(args, 2, false) {
        Ok(range) => range,
        Err(text) => return refuse(reply, text),
    };
    match txn.get_text(args.get(1)) {
        Ok(text) => {
            let mut text = text.unwrap_or(Text::Bytes(b""));
            let bytes = text.bytes();
            // BITPOS has no such rule: there both indexes are cut to the string, and may meet on its first byte.
            let bits = if range.is_reversed() { None } else { range.bits_of(bytes.len()) };
            if let Some(bits) = bits.filter(is_long) {
                return Effect::Slices(Box::new(BitWalk::new(args.get(1), Looking::Count(0), bits)));
            }
            reply.int(bits.map_or(0, |(from, to)| ones_between(bytes, from, to)) as i64);
        }
        Err(WrongType) => reply.error(error::WRONG_TYPE),
    }
    Effect::None
}

fn is_long((from, to): &(u64, u64)) -> bool {
    to - from > walk::BYTES_MIN * 8
}

fn bitpos(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let on = match number::integer(args.get(2)) {
        Some(bit @ 0..=1) => bit == 1,
        Some(_) => return refuse(reply, error::BIT_ARGUMENT),
        None => return refuse(reply, error::NOT_INTEGER),
    };
    let range = match Written::parse(args, 3, true) {
        Ok(range) => range,
        Err(text) => return refuse(reply, text),
    };
    let found = match txn.get_text(args.get(1)) {
        Ok(None) => (!on).then_some(0),
        Ok(Some(mut text)) => {
            let bytes = text.bytes();
            let (bits, open) = (range.bits_of(bytes.len()), range.end.is_none());
            if let Some(bits) = bits.filter(is_long) {
                return Effect::Slices(Box::new(BitWalk::new(args.get(1), Looking::First { on, open }, bits)));
            }
            bits.and_then(|(from, to)| {
                // Without an end the string goes on with zeros for ever.
                first_between(bytes, from, to, on).or((!on && open).then_some(to))
            })
        }
        Err(WrongType) => return refuse(reply, error::WRONG_TYPE),
    };
    reply.int(found.map_or(-1, |bit| bit as i64));
    Effect::None
}

/// The bits of byte `at` that lie in `from..to`.
fn mask_of(at: u64, from: u64, to: u64) -> u8 {
    let first = from.saturating_sub(at * 8).min(8) as u32;
    let past = to.saturating_sub(at * 8).min(8) as u32;
    ((0xffu16 >> first) & !(0xffu16 >> past)) as u8
}

/// Bits set among `from..to`, which is not empty and lies inside.
pub fn ones_between(bytes: &[u8], from: u64, to: u64) -> u64 {
    let (first, last) = (from / 8, (to - 1) / 8);
    let edge = |at: u64| (bytes[at as usize] & mask_of(at, from, to)).count_ones() as u64;
    if first == last {
        return edge(first);
    }
    edge(first) + edge(last) + ones(&bytes[first as usize + 1..last as usize])
}

/// Position of the first bit among `from..to` (not empty, inside) that is set, or clear.
pub fn first_between(bytes: &[u8], from: u64, to: u64, on: bool) -> Option<u64> {
    let (first, last) = ((from / 8) as usize, ((to - 1) / 8) as usize);
    let in_byte = |at: usize| {
        let byte = if on { bytes[at] } else { !bytes[at] } & mask_of(at as u64, from, to);
        (byte != 0).then(|| at as u64 * 8 + byte.leading_zeros() as u64)
    };
    // The edges have bits outside of the range; all between is whole bytes.
    in_byte(first).or_else(|| {
        let dull = if on { 0 } else { 0xff };
        let between = bytes.get(first + 1..last).unwrap_or(&[]);
        match first_other(between, dull) {
            Some(at) => in_byte(first + 1 + at),
            None if last > first => in_byte(last),
            None => None,
        }
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::sys::random::step;

    #[test]
    fn counts_and_positions_agree_with_a_look_at_every_bit() {
        counts_agree(3);
    }

    pub(crate) fn counts_agree(mut seed: u64) {
        let mut next = |below: u64| {
            seed = step(seed);
            (seed >> 33) % below
        };
        for _ in 0..3_000 {
            let most = if next(4) == 0 { 700 } else { 40 };
            let len = 1 + next(most);
            let kind = next(3);
            let bytes: Vec<u8> = (0..len)
                .map(|_| match kind {
                    0 => next(256) as u8,
                    1 => {
                        if next(30) == 0 {
                            0x10
                        } else {
                            0
                        }
                    }
                    _ => {
                        if next(30) == 0 {
                            0xef
                        } else {
                            0xff
                        }
                    }
                })
                .collect();
            let from = next(len * 8);
            let to = from + 1 + next(len * 8 - from);
            let bit = |at: u64| bytes[at as usize / 8] >> (7 - at % 8) & 1 == 1;
            assert_eq!(ones_between(&bytes, from, to), (from..to).filter(|at| bit(*at)).count() as u64);
            for on in [false, true] {
                assert_eq!(first_between(&bytes, from, to, on), (from..to).find(|at| bit(*at) == on));
            }
        }
    }
}
