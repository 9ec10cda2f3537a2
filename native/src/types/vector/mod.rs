//! Vector sets: members with a vector each, found by how near they are to another.

mod coding;
pub mod filter;
mod member;
mod project;
mod random;
mod range;
mod read;
mod request;
mod sim;
pub mod value;
mod write;

use crate::commands::row::{Group, ROW, Row};
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::sys::clock;
use crate::txn::Effect;

/// What all rows of this room have in common.
const VECTOR: Row = Row { group: Group::VectorSet, since: "8.0.0", ..ROW };

/// How long a search may take before others have their turn, ns. A search among a million takes about as long; one with much
/// effort goes on in slices.
const FIRST_SLICE_NS: u64 = 250_000;
/// Nodes that a search expands between two looks at the clock: about 10 µs.
const NODES_PER_LOOK: usize = 8;

pub fn rows() -> Vec<Row> {
    [write::ROWS, sim::ROWS, read::ROWS, random::ROWS, range::ROWS].concat()
}

/// Calls `step` until it says that there is no more to do (true) or the time is over (false).
fn until(slice_ns: u64, mut step: impl FnMut() -> bool) -> bool {
    let started_ns = clock::mono_ns();
    loop {
        if step() {
            return true;
        }
        if clock::mono_ns() - started_ns > slice_ns {
            return false;
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
pub(crate) mod tests;
