//! Reading fields and values.

use super::value::HashValue;
use super::{HASH, bulk, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::ds::entry::Object;
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::txn::{Effect, Txn};

const ONE_FIELD: Row =
    Row { arity: 3, flags: READONLY | FAST, keys: &[key(RO)], args: "key field", reply: "number", ..HASH };

const WHOLE: Row = Row {
    arity: 2,
    flags: READONLY,
    keys: &[key(RO | ACCESS)],
    args: "key",
    complexity: "O(N) in the number of fields",
    reply: "string[]",
    ..HASH
};

pub const ROWS: &[Row] = &[
    Row {
        name: "hget",
        keys: &[key(RO | ACCESS)],
        summary: "Returns the value of one field of a hash.",
        reply: "string | null",
        run: Run::Data(hget),
        ..ONE_FIELD
    },
    Row {
        name: "hmget",
        arity: -3,
        flags: READONLY | FAST,
        keys: &[key(RO | ACCESS)],
        complexity: "O(N) in the number of fields asked for",
        summary: "Returns the values of several fields of a hash, in the order asked for.",
        args: "key field [field ...]",
        reply: "(string | null)[]",
        run: Run::Data(hmget),
        ..HASH
    },
    Row { name: "hexists", summary: "Tells whether a hash has a field.", run: Run::Data(hexists), ..ONE_FIELD },
    Row {
        name: "hstrlen",
        since: "3.2.0",
        summary: "Returns the length in bytes of the value of one field of a hash.",
        run: Run::Data(hstrlen),
        ..ONE_FIELD
    },
    Row {
        name: "hlen",
        arity: 2,
        summary: "Returns how many fields a hash has.",
        args: "key",
        run: Run::Data(hlen),
        ..ONE_FIELD
    },
    Row {
        name: "hgetall",
        summary: "Returns all fields of a hash with their values.",
        reply: "Record<string, string>",
        run: Run::Data(hgetall),
        ..WHOLE
    },
    Row { name: "hkeys", summary: "Returns the names of all fields of a hash.", run: Run::Data(hkeys), ..WHOLE },
    Row { name: "hvals", summary: "Returns the values of all fields of a hash.", run: Run::Data(hvals), ..WHOLE },
];

fn hget(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match txn.get_object::<HashValue>(args.get(1)) {
        Ok(hash) => match hash.and_then(|hash| hash.get(args.get(2))) {
            Some(value) => bulk(reply, value),
            None => reply.null(),
        },
        Err(_) => return wrong_type(reply),
    }
    Effect::None
}

fn hmget(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let Ok(hash) = txn.get_object::<HashValue>(args.get(1)) else { return wrong_type(reply) };
    reply.array(args.len() - 2);
    for field in args.from(2).iter() {
        match hash.and_then(|hash| hash.get(field)) {
            Some(value) => bulk(reply, value),
            None => reply.null(),
        }
    }
    Effect::None
}

fn hexists(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match txn.get_object::<HashValue>(args.get(1)) {
        Ok(hash) => reply.int(hash.is_some_and(|hash| hash.get(args.get(2)).is_some()) as i64),
        Err(_) => return wrong_type(reply),
    }
    Effect::None
}

fn hstrlen(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match txn.get_object::<HashValue>(args.get(1)) {
        Ok(hash) => {
            let value = hash.and_then(|hash| hash.get(args.get(2)));
            reply.int(value.map_or(0, |value| value.text_len() as i64));
        }
        Err(_) => return wrong_type(reply),
    }
    Effect::None
}

fn hlen(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match txn.get_object::<HashValue>(args.get(1)) {
        Ok(hash) => reply.int(hash.map_or(0, |hash| hash.len() as i64)),
        Err(_) => return wrong_type(reply),
    }
    Effect::None
}

fn hgetall(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let Ok(hash) = txn.get_object::<HashValue>(args.get(1)) else { return wrong_type(reply) };
    reply.map(hash.map_or(0, |hash| hash.len()));
    if let Some(hash) = hash {
        hash.for_each(|field, value| {
            bulk(reply, field);
            bulk(reply, value);
        });
    }
    Effect::None
}

fn hkeys(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let Ok(hash) = txn.get_object::<HashValue>(args.get(1)) else { return wrong_type(reply) };
    reply.array(hash.map_or(0, |hash| hash.len()));
    if let Some(hash) = hash {
        hash.for_each(|field, _| bulk(reply, field));
    }
    Effect::None
}

fn hvals(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let Ok(hash) = txn.get_object::<HashValue>(args.get(1)) else { return wrong_type(reply) };
    reply.array(hash.map_or(0, |hash| hash.len()));
    if let Some(hash) = hash {
        hash.for_each(|_, value| bulk(reply, value));
    }
    Effect::None
}
