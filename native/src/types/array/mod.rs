//! Arrays: elements at indexes of 64 bits, with holes, under one key.

mod aggregate;
mod ere;
mod info;
mod places;
pub mod plan;
mod range;
mod read;
mod ring;
mod search;
pub mod value;
mod write;

use crate::commands::row::{Group, ROW, Row, category};
use crate::ds::sliced::{INDEX_MAX, Sliced, Word};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::store::Store;
use crate::store::lazy_free::{ELEMENTS_MIN, Later};
use crate::txn::{Effect, Slice};

/// What all rows of this room have in common.
const ARRAY: Row = Row { categories: category::ARRAY, group: Group::Array, since: "8.8.0", ..ROW };

/// Most places of a reply that lists holes too: a wrong range could ask for 2^64 of them.
const REPLY_PLACES_MAX: u64 = 1_000_000;

/// Elements looked at between two looks at the clock, and bytes of them.
const ELEMENTS_PER_LOOK: u64 = 512;
const BYTES_PER_LOOK: usize = 64 * 1024;

pub fn rows() -> Vec<Row> {
    [aggregate::ROWS, info::ROWS, range::ROWS, read::ROWS, ring::ROWS, search::ROWS, write::ROWS].concat()
}

/// An index as requests have it: an unsigned number below 2^64 - 1.
fn index(text: &[u8]) -> Result<u64, &'static str> {
    number::unsigned(text).filter(|index| *index <= INDEX_MAX).ok_or(error::ARRAY_INDEX)
}

/// The option `LIMIT count` at `at`, which must be above 0.
fn limit(args: Args, at: usize) -> Result<u64, &'static str> {
    if at + 1 >= args.len() {
        return Err(error::SYNTAX);
    }
    let limit = number::integer(args.get(at + 1)).ok_or(error::NOT_INTEGER)?;
    u64::try_from(limit).ok().filter(|limit| *limit > 0).ok_or(error::ARRAY_LIMIT)
}

/// A number that may be beyond those of 63 bits: its digits as they are, in both protocols.
fn count(reply: &mut Reply, value: u64) {
    reply.raw(b":");
    reply.raw(itoa::Buffer::new().format(value).as_bytes());
    reply.raw(b"\r\n");
}

fn element(reply: &mut Reply, word: Option<&Word>) {
    match word {
        Some(word) => reply.bulk(word.text(&mut [0; crate::ds::sliced::NUMBER_BYTES_MAX])),
        None => reply.null(),
    }
}

/// Elements that are dropped on the lazy-free thread where they are many.
fn later(elements: Sliced, store: &'static Store) -> Later<Sliced> {
    let many = elements.count() > ELEMENTS_MIN as u64;
    Later::new(elements, many.then_some(&store.garbage))
}

/// A walk over a range of elements that goes on where it stopped.
struct Cursor {
    from: u64,
    to: u64,
    done: bool,
}

impl Cursor {
    fn new(from: u64, to: u64) -> Cursor {
        Cursor { from, to, done: false }
    }

    /// Calls `see` with the elements to come until the time is over, all are seen, or `see` says that it has enough.
    fn go_on(&mut self, elements: &Sliced, slice: Slice, mut see: impl FnMut(u64, &[u8]) -> bool) {
        let mut digits = [0; crate::ds::sliced::NUMBER_BYTES_MAX];
        while !self.done {
            let (mut left, mut bytes, mut enough) = (ELEMENTS_PER_LOOK, 0, false);
            let stopped = elements.walk(self.from, self.to, |index, word| {
                let text = word.text(&mut digits);
                (left, bytes) = (left - 1, bytes + text.len());
                enough = !see(index, text);
                !enough && left > 0 && bytes < BYTES_PER_LOOK
            });
            self.stopped_at(stopped);
            if enough {
                self.done = true;
            }
            if slice.is_over() {
                break;
            }
        }
    }

    fn stopped_at(&mut self, index: Option<u64>) {
        match index {
            None => self.done = true,
            Some(index) if index == self.to => self.done = true,
            Some(index) => self.from = if self.from > self.to { index - 1 } else { index + 1 },
        }
    }
}

#[cold]
fn refuse(reply: &mut Reply, text: &str) -> Effect {
    reply.error(text);
    Effect::None
}

#[cold]
fn wrong_type(reply: &mut Reply) -> Effect {
    refuse(reply, error::WRONG_TYPE)
}

#[cfg(test)]
mod tests;
