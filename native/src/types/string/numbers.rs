//! Counting: integers of 64 bits, and sums of long doubles.

use super::{STRING, rewritten};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::ds::entry::{NewValue, Value};
use crate::resp::args::Args;
use crate::resp::extended::Extended;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::txn::access::Expiry;
use crate::txn::{Class, Effect, Txn};

/// What the rows of this file have in common.
const COUNT: Row = Row {
    arity: 2,
    flags: WRITE | DENYOOM | FAST,
    keys: &[key(RW | ACCESS | UPDATE)],
    args: "key",
    reply: "number",
    ..STRING
};

pub const ROWS: &[Row] = &[
    Row {
        name: "incr",
        summary: "Adds one to the integer value of a key; a missing key counts as 0.",
        run: Run::Data(incr),
        ..COUNT
    },
    Row {
        name: "decr",
        summary: "Takes one from the integer value of a key; a missing key counts as 0.",
        run: Run::Data(decr),
        ..COUNT
    },
    Row {
        name: "incrby",
        arity: 3,
        summary: "Adds a number to the integer value of a key; a missing key counts as 0.",
        args: "key increment",
        run: Run::Data(incrby),
        ..COUNT
    },
    Row {
        name: "decrby",
        arity: 3,
        summary: "Takes a number from the integer value of a key; a missing key counts as 0.",
        args: "key decrement",
        run: Run::Data(decrby),
        ..COUNT
    },
    Row {
        name: "incrbyfloat",
        arity: 3,
        since: "2.6.0",
        summary: "Adds a number with a fraction to the value of a key; a missing key counts as 0.",
        args: "key increment",
        reply: "string",
        run: Run::Data(incrbyfloat),
        ..COUNT
    },
];

fn incr(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    count(txn, args, reply, 1)
}

fn decr(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    count(txn, args, reply, -1)
}

fn incrby(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match number::integer(args.get(2)) {
        Some(by) => count(txn, args, reply, by),
        None => refuse(reply, error::NOT_INTEGER),
    }
}

fn decrby(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match number::integer(args.get(2)).map(i64::checked_neg) {
        Some(Some(by)) => count(txn, args, reply, by),
        Some(None) => refuse(reply, error::DECREMENT_OVERFLOW),
        None => refuse(reply, error::NOT_INTEGER),
    }
}

#[inline]
fn count(txn: &mut Txn, args: Args, reply: &mut Reply, by: i64) -> Effect {
    match increment(txn, args.get(1), by) {
        Ok(value) => {
            reply.int(value);
            Effect::Verbatim
        }
        Err(text) => refuse(reply, text),
    }
}

/// Adds to the integer under `key` (0 where there is none) and keeps its expiry. Err: the error's text.
#[inline]
pub fn increment(txn: &mut Txn, key: &[u8], by: i64) -> Result<i64, &'static str> {
    let value = txn.add_integer(key, by)?;
    txn.changed(key, Class::String, "incrby");
    Ok(value)
}

fn incrbyfloat(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let key = args.get(1);
    let old = match txn.peek(key).map(|entry| entry.value()) {
        None => Some(Extended::ZERO),
        Some(Value::Int(number)) => Some(Extended::from_integer(number)),
        Some(Value::Bytes(text)) => Extended::parse(text),
        Some(Value::Object(_)) => return refuse(reply, error::WRONG_TYPE),
    };
    let (Some(old), Some(by)) = (old, Extended::parse(args.get(2))) else {
        return refuse(reply, error::NOT_FLOAT);
    };
    let sum = old.plus(by);
    if !sum.is_finite() {
        return refuse(reply, error::NAN_OR_INFINITY);
    }
    let text = sum.print();
    txn.set(key, NewValue::Plain(text.as_bytes()), Expiry::Keep);
    txn.changed(key, Class::String, "incrbyfloat");
    reply.text(&text);
    // Another machine may round otherwise: the result is what travels.
    rewritten(txn, &[b"SET", key, text.as_bytes(), b"KEEPTTL"])
}

#[cold]
fn refuse(reply: &mut Reply, text: &str) -> Effect {
    reply.error(text);
    Effect::None
}
