//! Sorted sets: members with scores, in the order of their scores.

mod algebra;
mod bounds;
mod combine;
mod input;
mod packed;
mod pop;
mod pop_sliced;
mod random;
mod range;
mod read;
mod scan;
mod sliced;
pub mod value;
pub mod write;

use crate::commands::row::{Group, ROW, Row, category};
use crate::ds::entry::{NewValue, Object};
use crate::ds::item::Item;
use crate::resp::error;
use crate::resp::reply::{Protocol, Reply};
use crate::txn::access::Expiry;
use crate::txn::{Class, Effect, Txn};
use value::ZsetValue;

/// What all rows of this room have in common.
const ZSET: Row = Row { categories: category::SORTED_SET, group: Group::SortedSet, since: "1.2.0", ..ROW };

pub fn rows() -> Vec<Row> {
    [algebra::ROWS, pop::ROWS, random::ROWS, range::ROWS, read::ROWS, scan::ROWS, write::ROWS].concat()
}

#[inline]
pub fn bulk(reply: &mut Reply, member: Item) {
    match member {
        Item::Int(number) => reply.bulk_int(number),
        Item::Text(text) => reply.bulk(text),
    }
}

/// Calls `with` with a member's text.
#[inline]
pub fn text_of<R>(member: Item, with: impl FnOnce(&[u8]) -> R) -> R {
    match member {
        Item::Text(text) => with(text),
        Item::Int(number) => with(itoa::Buffer::new().format(number).as_bytes()),
    }
}

/// An array of so many members: with scores, those are in arrays of their own in RESP3, and between the members in RESP2.
fn members_header(reply: &mut Reply, members: usize, with_scores: bool) {
    reply.array(if with_scores && reply.proto == Protocol::Resp2 { members * 2 } else { members });
}

#[inline]
fn member(reply: &mut Reply, member: Item, score: f64, with_scores: bool) {
    if !with_scores {
        return bulk(reply, member);
    }
    if reply.proto == Protocol::Resp3 {
        reply.array(2);
    }
    bulk(reply, member);
    reply.double(score);
}

/// Puts what a command computed under `key`, whatever is there; nothing computed removes it.
pub fn store(txn: &mut Txn, key: &[u8], reply: &mut Reply, made: ZsetValue, event: &'static str) -> Effect {
    let members = made.len();
    reply.int(members as i64);
    if members > 0 {
        txn.set(key, NewValue::Object(Box::new(made)), Expiry::Clear);
        txn.changed(key, Class::Zset, event);
    } else if txn.remove(key) {
        txn.changed(key, Class::Generic, "del");
    } else {
        return Effect::None;
    }
    Effect::Verbatim
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
