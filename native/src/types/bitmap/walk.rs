//! BITCOUNT and BITPOS over long ranges, in slices between the requests of others.
//!
//! What others change meanwhile may be counted or not, byte by byte, as a KEYS may see or miss a key; inside MULTI and
//! procedures nobody comes between. A value that is replaced is counted from its beginning again.

use super::count::{first_between, ones_between};
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::txn::access::Text;
use crate::txn::{Progress, Slice, Txn, Work, WrongType};

/// Longer ranges go in slices, bytes: what fits the second cache is through in 20 µs.
pub const BYTES_MIN: u64 = 2 << 20;
/// Bytes between two looks at the clock.
const PIECE_BYTES: u64 = 128 * 1024;
/// Replacements of the value after which the walk goes on with what it finds.
const RESTARTS_MAX: u32 = 4;

pub enum Looking {
    /// Counts: so many bits so far.
    Count(u64),
    /// For the first bit like this; without an end the string goes on with zeros for ever.
    First { on: bool, open: bool },
}

pub struct BitWalk {
    key: Box<[u8]>,
    looking: Looking,
    /// Bits still to be looked at, one past the last of the range, and where it began.
    at: u64,
    to: u64,
    from: u64,
    /// Where the string's bytes are.
    place: usize,
    restarts: u32,
}

impl BitWalk {
    pub fn new(key: &[u8], looking: Looking, (from, to): (u64, u64)) -> BitWalk {
        BitWalk { key: key.into(), looking, at: from, to, from, place: 0, restarts: 0 }
    }

    /// What the piece from `self.at` on says; Some: the reply.
    fn look(&mut self, bytes: &[u8]) -> Option<i64> {
        let end = self.to.min(bytes.len() as u64 * 8);
        let next = (self.at / 8 * 8 + PIECE_BYTES * 8).min(end);
        if self.at < next {
            match &mut self.looking {
                Looking::Count(bits) => *bits += ones_between(bytes, self.at, next),
                Looking::First { on, .. } => {
                    if let Some(found) = first_between(bytes, self.at, next, *on) {
                        return Some(found as i64);
                    }
                }
            }
            self.at = next;
        }
        (self.at >= end).then_some(match self.looking {
            Looking::Count(bits) => bits as i64,
            Looking::First { on, open } if !on && open => self.to as i64,
            Looking::First { .. } => -1,
        })
    }
}

impl Work for BitWalk {
    fn step(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        let shard = txn.store.shard_of(txn.store.hash(&self.key));
        if !txn.holds(shard) && !txn.latch(shard) {
            return Err(shard);
        }
        let slice = Slice::begin();
        let key = std::mem::take(&mut self.key);
        let progress = match txn.peek_text(&key) {
            Ok(text) => {
                let mut text = text.unwrap_or(Text::Bytes(b""));
                let bytes = text.bytes();
                let place = bytes.as_ptr() as usize;
                if place != self.place && self.place != 0 && self.restarts < RESTARTS_MAX {
                    self.restarts += 1;
                    self.at = self.from;
                    if let Looking::Count(bits) = &mut self.looking {
                        *bits = 0;
                    }
                }
                self.place = place;
                loop {
                    if let Some(found) = self.look(bytes) {
                        reply.int(found);
                        break Progress::Done;
                    }
                    if slice.is_over() {
                        break Progress::More;
                    }
                }
            }
            Err(WrongType) => {
                reply.error(error::WRONG_TYPE);
                Progress::Done
            }
        };
        self.key = key;
        Ok(progress)
    }
}
