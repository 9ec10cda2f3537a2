//! Hashes: fields with values under one key.

mod arguments;
pub mod expire;
mod fields;
mod fused;
mod import;
mod long;
mod random;
mod read;
mod run;
mod scan;
mod ttl;
pub mod value;
mod write;

use crate::commands::row::{Group, ROW, Row, category};
use crate::ds::item::Item;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::txn::Effect;

/// What all rows of this room have in common.
const HASH: Row = Row { categories: category::HASH, group: Group::Hash, since: "2.0.0", ..ROW };

pub fn rows() -> Vec<Row> {
    [read::ROWS, write::ROWS, random::ROWS, scan::ROWS, ttl::ROWS, fused::ROWS, import::ROWS].concat()
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

#[cfg(test)]
mod expiry_tests;
#[cfg(test)]
mod tests;
