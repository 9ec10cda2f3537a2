//! Sets: members under one key, each once.

mod algebra;
pub mod batch;
mod combine;
mod estimate;
mod ints;
mod items;
pub mod member;
mod pop;
mod random;
mod read;
mod scan;
mod sliced;
mod snapshot;
mod store;
pub mod value;
mod write;

use crate::commands::row::{Group, ROW, Row, category};
use crate::ds::item::Item;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::txn::Effect;

/// What all rows of this room have in common.
const SET: Row = Row { categories: category::SET, group: Group::Set, ..ROW };

pub fn rows() -> Vec<Row> {
    [read::ROWS, write::ROWS, pop::ROWS, random::ROWS, algebra::ROWS, scan::ROWS].concat()
}

#[inline]
fn bulk(reply: &mut Reply, member: Item) {
    match member {
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

#[cfg(test)]
pub(crate) use ints::tests as int_tests;
#[cfg(test)]
pub(crate) mod tests;
