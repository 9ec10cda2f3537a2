//! Several keys in one command.

use super::STRING;
use crate::commands::row::{Row, Run, access::*, flag::*, keys};
use crate::ds::entry::NewValue;
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::txn::access::Expiry;
use crate::txn::{Class, Effect, Txn, WrongType};

pub const ROWS: &[Row] = &[
    Row {
        name: "mget",
        arity: -2,
        flags: READONLY | FAST,
        keys: &[keys(1, -1, 1, RO | ACCESS)],
        complexity: "O(N) where N is the number of keys.",
        summary: "Returns the string values of several keys, null for each that is missing or no string.",
        args: "key [key ...]",
        reply: "(string | null)[]",
        run: Run::Data(mget),
        ..STRING
    },
    Row {
        name: "mset",
        arity: -3,
        flags: WRITE | DENYOOM,
        keys: &[keys(1, -1, 2, OW | UPDATE)],
        since: "1.0.1",
        complexity: "O(N) where N is the number of keys.",
        summary: "Sets several keys to string values, in one step.",
        args: "key value [key value ...]",
        reply: "\"OK\"",
        run: Run::Data(mset),
        ..STRING
    },
    Row {
        name: "msetnx",
        arity: -3,
        flags: WRITE | DENYOOM,
        keys: &[keys(1, -1, 2, OW | INSERT)],
        since: "1.0.1",
        complexity: "O(N) where N is the number of keys.",
        summary: "Sets several keys to string values, only if every one of them is missing.",
        args: "key value [key value ...]",
        reply: "number",
        run: Run::Data(msetnx),
        ..STRING
    },
];

/// Keys whose buckets, then entries, are fetched together before the first is read: enough to cover the latency of
/// memory, few enough to stay in the first cache.
const AHEAD: usize = 16;

fn mget(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    reply.array(args.len() - 1);
    let mut first = 1;
    while first < args.len() {
        let count = (args.len() - first).min(AHEAD);
        let mut hashes = [0; AHEAD];
        for (turn, hash) in hashes[..count].iter_mut().enumerate() {
            *hash = txn.hash(args.get(first + turn));
            txn.prefetch(*hash, false);
        }
        for hash in &hashes[..count] {
            txn.prefetch(*hash, true);
        }
        for (turn, hash) in hashes[..count].iter().enumerate() {
            let key = args.get(first + turn);
            txn.prime(key, *hash);
            match txn.get_text(key) {
                Ok(Some(mut text)) => reply.bulk(text.bytes()),
                Ok(None) | Err(WrongType) => reply.null(),
            }
        }
        first += count;
    }
    txn.unprime();
    Effect::None
}

fn mset(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    if args.len().is_multiple_of(2) {
        reply.error(&error::wrong_arity("mset"));
        return Effect::None;
    }
    set_all(txn, args);
    reply.ok();
    Effect::Verbatim
}

fn msetnx(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    if args.len().is_multiple_of(2) {
        reply.error(&error::wrong_arity("msetnx"));
        return Effect::None;
    }
    if (1..args.len()).step_by(2).any(|index| txn.exists(args.get(index))) {
        reply.int(0);
        return Effect::None;
    }
    set_all(txn, args);
    reply.int(1);
    Effect::Verbatim
}

fn set_all(txn: &mut Txn, args: Args) {
    for index in (1..args.len()).step_by(2) {
        let key = args.get(index);
        txn.set(key, NewValue::Text(args.get(index + 1)), Expiry::Clear);
        txn.changed(key, Class::String, "set");
    }
}
