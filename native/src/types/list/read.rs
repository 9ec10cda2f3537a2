//! LLEN, LINDEX, LRANGE.

use super::long::{self, LongReply};
use super::value::ListValue;
use super::{LIST, Side, bulk, range, refuse, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::resp::args::Args;
use crate::resp::reply::{Protocol, Reply};
use crate::resp::{error, number};
use crate::txn::{Effect, Txn};

pub const ROWS: &[Row] = &[
    Row {
        name: "llen",
        arity: 2,
        flags: READONLY | FAST,
        keys: &[key(RO)],
        summary: "Returns how many elements a list has.",
        args: "key",
        reply: "number",
        run: Run::Data(llen),
        ..LIST
    },
    Row {
        name: "lindex",
        arity: 3,
        flags: READONLY,
        keys: &[key(RO | ACCESS)],
        complexity: "O(log(N)) where N is the number of elements of the list",
        summary: "Returns the element at an index of a list; negative indexes count from the right.",
        args: "key index",
        reply: "string | null",
        run: Run::Data(lindex),
        ..LIST
    },
    Row {
        name: "lrange",
        arity: 4,
        flags: READONLY,
        keys: &[key(RO | ACCESS)],
        complexity: "O(log(N)+M) where N is the number of elements of the list and M the number of those returned",
        summary: "Returns the elements of a list from one index to another.",
        args: "key start stop",
        reply: "string[]",
        run: Run::Data(lrange),
        ..LIST
    },
];

fn llen(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match txn.get_object::<ListValue>(args.get(1)) {
        Ok(list) => reply.int(list.map_or(0, |list| list.count() as i64)),
        Err(_) => return wrong_type(reply),
    }
    Effect::None
}

fn lindex(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let Ok(list) = txn.get_object::<ListValue>(args.get(1)) else { return wrong_type(reply) };
    let Some(list) = list else {
        reply.null();
        return Effect::None;
    };
    let Some(index) = number::integer(args.get(2)) else { return refuse(reply, error::NOT_INTEGER) };
    let (at, count) = range(index, index, list.count());
    if count == 0 || list.get(at, |item| bulk(reply, item)).is_none() {
        reply.null();
    }
    Effect::None
}

fn lrange(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (Some(start), Some(stop)) = (number::integer(args.get(2)), number::integer(args.get(3))) else {
        return refuse(reply, error::NOT_INTEGER);
    };
    let store = txn.store;
    let Ok(list) = txn.get_object::<ListValue>(args.get(1)) else { return wrong_type(reply) };
    let Some(list) = list else {
        reply.array(0);
        return Effect::None;
    };
    let (from, count) = range(start, stop, list.count());
    if long::is_long(list, count) {
        let mut head = Vec::new();
        Reply::new(&mut head, Protocol::Resp2).array(count as usize);
        return Effect::Slices(Box::new(LongReply::new(list.clone(), from, count, Side::Left, head, store)));
    }
    reply.array(count as usize);
    list.write_bulks(from, count, Side::Left, reply.buffer());
    Effect::None
}
