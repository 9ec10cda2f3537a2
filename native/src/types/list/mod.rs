//! Lists: elements in order under one key.

mod bulks;
pub mod debug;
mod edit;
mod element;
mod lazy;
mod limits;
mod long;
mod moving;
mod node;
mod pop;
mod push;
mod quick;
mod read;
mod run;
mod search;
mod sift;
mod tree;
pub mod value;
mod waiting;

pub use limits::Limits;

use crate::commands::row::{Group, ROW, Row, category};
use crate::ds::item::Item;
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::txn::Effect;

/// What all rows of this room have in common.
const LIST: Row = Row { categories: category::LIST, group: Group::List, ..ROW };

pub fn rows() -> Vec<Row> {
    [edit::ROWS, moving::ROWS, pop::ROWS, push::ROWS, read::ROWS, search::ROWS, waiting::ROWS].concat()
}

/// One end of a list. As a direction: from that end on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    Left,
    Right,
}

impl Side {
    fn other(self) -> Side {
        match self {
            Side::Left => Side::Right,
            Side::Right => Side::Left,
        }
    }

    /// `LEFT` or `RIGHT`, in any case.
    fn of(args: Args, index: usize) -> Result<Side, &'static str> {
        if args.is(index, "left") {
            Ok(Side::Left)
        } else if args.is(index, "right") {
            Ok(Side::Right)
        } else {
            Err(error::SYNTAX)
        }
    }

    /// The event of a pop there.
    fn pop_event(self) -> &'static str {
        match self {
            Side::Left => "lpop",
            Side::Right => "rpop",
        }
    }

    /// The event of a push there.
    fn push_event(self) -> &'static str {
        match self {
            Side::Left => "lpush",
            Side::Right => "rpush",
        }
    }
}

#[inline]
fn bulk(reply: &mut Reply, item: Item) {
    match item {
        Item::Int(number) => reply.bulk_int(number),
        Item::Text(text) => reply.bulk(text),
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

/// Indexes as commands have them (negative: from the end) as the first one and a number of elements, both within `len`.
fn range(start: i64, stop: i64, len: u64) -> (u64, u64) {
    let from_end = |index: i64| if index < 0 { (index as i128 + len as i128).max(-1) } else { index as i128 };
    let (start, stop) = (from_end(start).max(0), from_end(stop).min(len as i128 - 1));
    if start > stop { (0, 0) } else { (start as u64, (stop - start + 1) as u64) }
}

#[cfg(test)]
pub(crate) use {run::tests as run_tests, tree::tests as node_tests};
#[cfg(test)]
pub(crate) mod tests;
