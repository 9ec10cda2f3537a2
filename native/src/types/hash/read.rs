//! Reading fields and values.

use super::expire::expire_named;
use super::long::{AT_ONCE_FIELDS_MAX, LongReply, Wanted};
use super::value::HashValue;
use super::{HASH, bulk, wrong_type};
use crate::commands::row::{Joined, Pieces, Row, Run, access::*, flag::*, key};
use crate::ds::entry::Object;
use crate::ds::item::Item;
use crate::ds::packed::Form;
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
        pieces: Pieces::of_key(Joined::Items),
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
    let now_ms = txn.now_ms;
    let (key, field) = (args.get(1), args.get(2));
    let due = match txn.get_object::<HashValue>(key) {
        Ok(hash) => match hash.and_then(|hash| hash.get(field, now_ms)) {
            Some(value) => {
                bulk(reply, value);
                false
            }
            None => {
                reply.null();
                hash.is_some_and(|hash| hash.is_due(now_ms))
            }
        },
        Err(_) => return wrong_type(reply),
    };
    if due {
        expire_named(txn, key, std::iter::once(field));
    }
    Effect::None
}

fn hmget(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let now_ms = txn.now_ms;
    let key = args.get(1);
    let Ok(hash) = txn.get_object::<HashValue>(key) else { return wrong_type(reply) };
    reply.array(args.len() - 2);
    for field in args.from(2).iter() {
        match hash.and_then(|hash| hash.get(field, now_ms)) {
            Some(value) => bulk(reply, value),
            None => reply.null(),
        }
    }
    if hash.is_some_and(|hash| hash.is_due(now_ms)) {
        expire_named(txn, key, args.from(2).iter());
    }
    Effect::None
}

/// Replies a number that `of` makes of the value of the one field of the request.
fn number(txn: &mut Txn, args: Args, reply: &mut Reply, of: impl FnOnce(Option<Item>) -> i64) -> Effect {
    let now_ms = txn.now_ms;
    let (key, field) = (args.get(1), args.get(2));
    let Ok(hash) = txn.get_object::<HashValue>(key) else { return wrong_type(reply) };
    let value = hash.and_then(|hash| hash.get(field, now_ms));
    let due = value.is_none() && hash.is_some_and(|hash| hash.is_due(now_ms));
    reply.int(of(value));
    if due {
        expire_named(txn, key, std::iter::once(field));
    }
    Effect::None
}

fn hexists(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    number(txn, args, reply, |value| value.is_some() as i64)
}

fn hstrlen(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    number(txn, args, reply, |value| value.map_or(0, |value| value.text_len() as i64))
}

/// Fields that have expired count until they are taken out, as in Redis.
fn hlen(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match txn.get_object::<HashValue>(args.get(1)) {
        Ok(hash) => reply.int(hash.map_or(0, |hash| hash.len() as i64)),
        Err(_) => return wrong_type(reply),
    }
    Effect::None
}

fn whole(txn: &mut Txn, args: Args, reply: &mut Reply, wanted: Wanted) -> Effect {
    let (now_ms, store) = (txn.now_ms, txn.store);
    let Ok(hash) = txn.get_object::<HashValue>(args.get(1)) else { return wrong_type(reply) };
    let Some(hash) = hash else {
        wanted.begin(reply, 0);
        return Effect::None;
    };
    let count = hash.live(now_ms);
    if let Form::Large(table) = hash.form()
        && table.len() > AT_ONCE_FIELDS_MAX
    {
        return Effect::Slices(Box::new(LongReply::new(table.table().clone(), count, now_ms, wanted, store)));
    }
    wanted.begin(reply, count);
    hash.for_each(now_ms, |field, value| wanted.write(reply, field, value));
    Effect::None
}

fn hgetall(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    whole(txn, args, reply, Wanted::Both)
}

fn hkeys(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    whole(txn, args, reply, Wanted::Fields)
}

fn hvals(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    whole(txn, args, reply, Wanted::Values)
}
