//! Putting a whole string under a key.

use super::get::reply_with_value;
use super::options::{Allowed, Options, Time};
use super::{STRING, rewritten};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::ds::entry::NewValue;
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::reply::Reply;
use crate::txn::access::Expiry;
use crate::txn::{Class, Effect, Txn};

pub const ROWS: &[Row] = &[
    Row {
        name: "set",
        arity: -3,
        flags: WRITE | DENYOOM,
        keys: &[key(RW | ACCESS | UPDATE | VARIABLE)],
        complexity: "O(1); O(N) for IFDEQ and IFDNE, where N is the length of the value that is there.",
        summary: "Sets a key to a string value, whatever its type was, on conditions and with an expiry if told to.",
        args: "key value [NX|XX|IFEQ ifeq-value|IFNE ifne-value|IFDEQ ifdeq-digest|IFDNE ifdne-digest] [GET] [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|KEEPTTL]",
        reply: "\"OK\" | string | null",
        run: Run::Data(set),
        ..STRING
    },
    Row {
        name: "setnx",
        arity: 3,
        flags: WRITE | DENYOOM | FAST,
        keys: &[key(OW | INSERT)],
        summary: "Sets a key to a string value only if the key is missing.",
        args: "key value",
        reply: "number",
        run: Run::Data(setnx),
        ..STRING
    },
    Row {
        name: "setex",
        arity: 4,
        flags: WRITE | DENYOOM,
        keys: &[key(OW | UPDATE)],
        since: "2.0.0",
        summary: "Sets a key to a string value that expires after so many seconds.",
        args: "key seconds value",
        reply: "\"OK\"",
        run: Run::Data(setex),
        ..STRING
    },
    Row {
        name: "psetex",
        arity: 4,
        flags: WRITE | DENYOOM,
        keys: &[key(OW | UPDATE)],
        since: "2.6.0",
        summary: "Sets a key to a string value that expires after so many milliseconds.",
        args: "key milliseconds value",
        reply: "\"OK\"",
        run: Run::Data(psetex),
        ..STRING
    },
];

fn set(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (key, value) = (args.get(1), args.get(2));
    if args.len() > 3 {
        return set_with_options(txn, args, reply);
    }
    txn.set(key, NewValue::Text(value), Expiry::Clear);
    txn.changed(key, Class::String, "set");
    reply.ok();
    Effect::Verbatim
}

fn set_with_options(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (key, value) = (args.get(1), args.get(2));
    let options = match Options::parse(args, 3, Allowed::Set) {
        Ok(options) => options,
        Err(text) => {
            reply.error(text);
            return Effect::None;
        }
    };
    let expiry_ms = match options.expiry_ms(txn.wall_ms(), "set") {
        Ok(expiry_ms) => expiry_ms,
        Err(text) => {
            reply.error(&text);
            return Effect::None;
        }
    };
    let mark = reply.mark();
    if options.get {
        reply_with_value(txn, key, reply);
        if reply.failed() {
            return Effect::None;
        }
    }
    match options.condition.holds(txn, key) {
        Ok(true) => (),
        Ok(false) => {
            if !options.get {
                reply.null();
            }
            return Effect::None;
        }
        Err(text) => {
            reply.truncate(mark);
            reply.error(text);
            return Effect::None;
        }
    }
    let expiry = match expiry_ms {
        Some(at_ms) => Expiry::At(at_ms),
        None if options.keep_ttl => Expiry::Keep,
        None => Expiry::Clear,
    };
    txn.set(key, NewValue::Text(value), expiry);
    txn.changed(key, Class::String, "set");
    if !options.get {
        reply.ok();
    }
    if let Some(at_ms) = expiry_ms {
        txn.signal(key, Class::Generic, "expire");
        return rewritten(txn, &[b"SET", key, value, b"PXAT", itoa::Buffer::new().format(at_ms).as_bytes()]);
    }
    if options.get && txn.record {
        // Whoever replays it wants no reply of the old value, and the condition held.
        let mut command = OwnedArgs::of(&[b"SET", key, value]);
        if options.keep_ttl {
            command.push(b"KEEPTTL");
        }
        return Effect::Rewrite(vec![command]);
    }
    Effect::Verbatim
}

fn setnx(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let key = args.get(1);
    if txn.exists(key) {
        reply.int(0);
        return Effect::None;
    }
    txn.set(key, NewValue::Text(args.get(2)), Expiry::Clear);
    txn.changed(key, Class::String, "set");
    reply.int(1);
    Effect::Verbatim
}

fn setex(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    set_expiring(txn, args, reply, true, "setex")
}

fn psetex(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    set_expiring(txn, args, reply, false, "psetex")
}

fn set_expiring(txn: &mut Txn, args: Args, reply: &mut Reply, seconds: bool, command: &str) -> Effect {
    let (key, value) = (args.get(1), args.get(3));
    let at_ms = match (Time { text: args.get(2), seconds, absolute: false }).expiry_ms(txn.wall_ms(), command) {
        Ok(at_ms) => at_ms,
        Err(text) => {
            reply.error(&text);
            return Effect::None;
        }
    };
    txn.set(key, NewValue::Text(value), Expiry::At(at_ms));
    txn.changed(key, Class::String, "set");
    txn.signal(key, Class::Generic, "expire");
    reply.ok();
    rewritten(txn, &[b"SET", key, value, b"PXAT", itoa::Buffer::new().format(at_ms).as_bytes()])
}
