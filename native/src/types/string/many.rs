//! Several keys in one command.

use super::condition::Condition;
use super::options::{Allowed, Options};
use super::{STRING, rewritten};
use crate::commands::row::{Begin, Find, Joined, KeySpec, Pieces, Row, Run, access::*, flag::*, keys};
use crate::ds::entry::NewValue;
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
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
        pieces: Pieces::of_keys(Joined::Items),
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
        pieces: Pieces::in_pairs(Pieces::of_keys(Joined::Last)),
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
        pieces: Pieces::in_pairs(Some(Pieces {
            may: Some(all_missing),
            run: Some(set_missing),
            ..Pieces::plain(Joined::Last)
        })),
        ..STRING
    },
    Row {
        name: "msetex",
        arity: -4,
        flags: WRITE | DENYOOM | MOVABLE_KEYS,
        keys: &[KeySpec {
            access: OW | UPDATE,
            begin: Begin::Index(1),
            find: Find::KeyNum { keynum: 0, first: 1, step: 2 },
        }],
        since: "8.4.0",
        complexity: "O(N) where N is the number of keys.",
        summary: "Sets several keys to string values with one expiry, in one step, on conditions if told to.",
        args: "numkeys key value [key value ...] [NX|XX] [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|KEEPTTL]",
        reply: "number",
        run: Run::Data(msetex),
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
    if !all_missing(txn, args) {
        reply.int(0);
        return Effect::None;
    }
    set_missing(txn, args, reply)
}

fn all_missing(txn: &mut Txn, args: Args) -> bool {
    !(1..args.len()).step_by(2).any(|index| txn.exists(args.get(index)))
}

fn set_missing(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    set_all(txn, args);
    reply.int(1);
    Effect::Verbatim
}

fn msetex(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let count = number::integer(args.get(1)).filter(|count| (1..=i32::MAX as i64).contains(count));
    let Some(count) = count else { return refuse(reply, error::MSETEX_NUMKEYS) };
    let end = 2 + count as usize * 2;
    if end > args.len() {
        return refuse(reply, error::MSETEX_PAIRS);
    }
    let options = match Options::parse(args, end, Allowed::Msetex) {
        Ok(options) => options,
        Err(text) => return refuse(reply, text),
    };
    let expiry_ms = match options.expiry_ms(txn.wall_ms(), "msetex") {
        Ok(expiry_ms) => expiry_ms,
        Err(text) => return refuse(reply, &text),
    };
    let keys = || (2..end).step_by(2).map(|index| args.get(index));
    let holds = match options.condition {
        Condition::Missing => keys().all(|key| !txn.exists(key)),
        Condition::Present => keys().all(|key| txn.exists(key)),
        _ => true,
    };
    if !holds {
        reply.int(0);
        return Effect::None;
    }
    let expiry = match expiry_ms {
        Some(at_ms) => Expiry::At(at_ms),
        None if options.keep_ttl => Expiry::Keep,
        None => Expiry::Clear,
    };
    for index in (2..end).step_by(2) {
        let key = args.get(index);
        txn.set(key, NewValue::Text(args.get(index + 1)), expiry);
        txn.changed(key, Class::String, "set");
        if expiry_ms.is_some() {
            txn.signal(key, Class::Generic, "expire");
        }
    }
    reply.int(1);
    let mut digits = itoa::Buffer::new();
    let mut command: Vec<&[u8]> = vec![b"MSETEX", args.get(1)];
    command.extend((2..end).map(|index| args.get(index)));
    match expiry_ms {
        Some(at_ms) => command.extend([b"PXAT".as_slice(), digits.format(at_ms).as_bytes()]),
        None if options.keep_ttl => command.push(b"KEEPTTL"),
        None => (),
    }
    rewritten(txn, &command)
}

#[cold]
fn refuse(reply: &mut Reply, text: &str) -> Effect {
    reply.error(text);
    Effect::None
}

fn set_all(txn: &mut Txn, args: Args) {
    for index in (1..args.len()).step_by(2) {
        let key = args.get(index);
        txn.set(key, NewValue::Text(args.get(index + 1)), Expiry::Clear);
        txn.changed(key, Class::String, "set");
    }
}
