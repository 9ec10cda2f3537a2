//! Strings: text and integers.

use crate::commands::row::{Group, ROW, Row, Run, access::*, category, flag::*, key};
use crate::ds::entry::NewValue;
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::txn::access::Expiry;
use crate::txn::{Class, Effect, Txn, WrongType};

pub const ROWS: &[Row] = &[
    Row {
        name: "get",
        arity: 2,
        flags: READONLY | FAST,
        keys: &[key(RO | ACCESS)],
        categories: category::STRING,
        group: Group::String,
        summary: "Returns the string value of a key.",
        args: "key",
        reply: "string | null",
        run: Run::Data(get),
        ..ROW
    },
    Row {
        name: "set",
        arity: -3,
        flags: WRITE | DENYOOM,
        keys: &[key(RW | ACCESS | UPDATE | VARIABLE)],
        categories: category::STRING,
        group: Group::String,
        summary: "Sets the string value of a key, ignoring its type. The key is created if it doesn't exist.",
        args: "key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]",
        reply: "\"OK\" | string | null",
        run: Run::Data(set),
        ..ROW
    },
    Row {
        name: "incr",
        arity: 2,
        flags: WRITE | DENYOOM | FAST,
        keys: &[key(RW | ACCESS | UPDATE)],
        categories: category::STRING,
        group: Group::String,
        summary: "Increments the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.",
        args: "key",
        reply: "number",
        run: Run::Data(incr),
        ..ROW
    },
];

fn get(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match txn.get_text(args.get(1)) {
        Ok(None) => reply.null(),
        Ok(Some(mut text)) => reply.bulk(text.bytes()),
        Err(WrongType) => reply.error(error::WRONG_TYPE),
    }
    Effect::None
}

fn set(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    if args.len() != 3 {
        reply.error(error::SYNTAX);
        return Effect::None;
    }
    txn.set(args.get(1), NewValue::Text(args.get(2)), Expiry::Clear);
    txn.changed(args.get(1), Class::String, "set");
    reply.ok();
    Effect::Verbatim
}

fn incr(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match increment(txn, args.get(1), 1) {
        Ok(value) => {
            reply.int(value);
            Effect::Verbatim
        }
        Err(text) => {
            reply.error(text);
            Effect::None
        }
    }
}

/// Adds to the integer under `key` (0 where there is none) and keeps its expiry. Err: the error's text.
pub fn increment(txn: &mut Txn, key: &[u8], by: i64) -> Result<i64, &'static str> {
    let old = match txn.get_integer(key) {
        Ok(old) => old.unwrap_or(0),
        Err(Some(WrongType)) => return Err(error::WRONG_TYPE),
        Err(None) => return Err(error::NOT_INTEGER),
    };
    let value = old.checked_add(by).ok_or(error::OVERFLOW)?;
    txn.set(key, NewValue::Int(value), Expiry::Keep);
    txn.changed(key, Class::String, "incrby");
    Ok(value)
}
