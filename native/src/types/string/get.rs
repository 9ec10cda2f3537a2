//! Reading strings, whole or in part, and reading them on the way out.

use super::options::{Allowed, Options};
use super::{STRING, rewritten};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::ds::entry::NewValue;
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::txn::access::Expiry;
use crate::txn::{Class, Effect, Txn, WrongType};

pub const ROWS: &[Row] = &[
    Row {
        name: "get",
        arity: 2,
        flags: READONLY | FAST,
        keys: &[key(RO | ACCESS)],
        summary: "Returns the string value of a key.",
        args: "key",
        reply: "string | null",
        run: Run::Data(get),
        ..STRING
    },
    Row {
        name: "getdel",
        arity: 2,
        flags: WRITE | FAST,
        keys: &[key(RW | ACCESS | DELETE)],
        since: "6.2.0",
        summary: "Returns the string value of a key and removes the key.",
        args: "key",
        reply: "string | null",
        run: Run::Data(getdel),
        ..STRING
    },
    Row {
        name: "getex",
        arity: -2,
        flags: WRITE | FAST,
        keys: &[key(RW | ACCESS | UPDATE)],
        since: "6.2.0",
        summary: "Returns the string value of a key, and sets or removes its expiry if told to.",
        args: "key [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|PERSIST]",
        reply: "string | null",
        run: Run::Data(getex),
        ..STRING
    },
    Row {
        name: "getset",
        arity: 3,
        flags: WRITE | DENYOOM | FAST,
        keys: &[key(RW | ACCESS | UPDATE)],
        summary: "Sets a key to a new string value and returns the one before.",
        args: "key value",
        reply: "string | null",
        run: Run::Data(getset),
        ..STRING
    },
    Row { name: "getrange", flags: READONLY, since: "2.4.0", ..SUBSTR },
    SUBSTR,
    Row {
        name: "strlen",
        arity: 2,
        flags: READONLY | FAST,
        keys: &[key(RO)],
        since: "2.2.0",
        summary: "Returns the length of a string value, in bytes.",
        args: "key",
        reply: "number",
        run: Run::Data(strlen),
        ..STRING
    },
];

const SUBSTR: Row = Row {
    name: "substr",
    arity: 4,
    flags: READONLY,
    keys: &[key(RO | ACCESS)],
    complexity: "O(N) where N is the length of the part that is returned.",
    summary: "Returns part of a string value, by its first and last byte.",
    args: "key start end",
    reply: "string",
    run: Run::Data(getrange),
    ..STRING
};

fn get(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    reply_with_value(txn, args.get(1), reply);
    Effect::None
}

/// Replies with the string under `key`, null, or the error. True if there was a string.
#[inline]
pub(super) fn reply_with_value(txn: &mut Txn, key: &[u8], reply: &mut Reply) -> bool {
    match txn.get_text(key) {
        Ok(Some(mut text)) => {
            reply.bulk(text.bytes());
            return true;
        }
        Ok(None) => reply.null(),
        Err(WrongType) => reply.error(error::WRONG_TYPE),
    }
    false
}

fn getdel(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let key = args.get(1);
    if !reply_with_value(txn, key, reply) {
        return Effect::None;
    }
    txn.remove(key);
    txn.changed(key, Class::Generic, "del");
    rewritten(txn, &[b"DEL", key])
}

fn getset(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (key, value) = (args.get(1), args.get(2));
    reply_with_value(txn, key, reply);
    if reply.failed() {
        return Effect::None;
    }
    txn.set(key, NewValue::Text(value), Expiry::Clear);
    txn.changed(key, Class::String, "set");
    rewritten(txn, &[b"SET", key, value])
}

fn getex(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let options = match Options::parse(args, 2, Allowed::Getex) {
        Ok(options) => options,
        Err(text) => {
            reply.error(text);
            return Effect::None;
        }
    };
    let (key, mark) = (args.get(1), reply.mark());
    if !reply_with_value(txn, key, reply) {
        return Effect::None;
    }
    let expiry_ms = match options.expiry_ms(txn.wall_ms(), "getex") {
        Ok(expiry_ms) => expiry_ms,
        Err(text) => {
            reply.truncate(mark);
            reply.error(&text);
            return Effect::None;
        }
    };
    match expiry_ms {
        Some(at_ms) if at_ms <= txn.now_ms => {
            txn.remove(key);
            txn.changed(key, Class::Generic, "del");
            rewritten(txn, &[b"DEL", key])
        }
        Some(at_ms) => {
            txn.set_expiry(key, Some(at_ms));
            txn.changed(key, Class::Generic, "expire");
            rewritten(txn, &[b"PEXPIREAT", key, itoa::Buffer::new().format(at_ms).as_bytes()])
        }
        None if options.persist && txn.peek(key).is_some_and(|entry| entry.expiry().is_some()) => {
            txn.set_expiry(key, None);
            txn.changed(key, Class::Generic, "persist");
            rewritten(txn, &[b"PERSIST", key])
        }
        None => Effect::None,
    }
}

fn getrange(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (Some(start), Some(end)) = (number::integer(args.get(2)), number::integer(args.get(3))) else {
        reply.error(error::NOT_INTEGER);
        return Effect::None;
    };
    match txn.get_text(args.get(1)) {
        Ok(Some(mut text)) => {
            let bytes = text.bytes();
            reply.bulk(&bytes[byte_range(start, end, bytes.len())]);
        }
        Ok(None) => reply.bulk(b""),
        Err(WrongType) => reply.error(error::WRONG_TYPE),
    }
    Effect::None
}

/// The bytes from `start` to `end`, both included, of a string of `len`; negative ones count from the end. What lies
/// beyond either end is cut, except that a range wholly before the string still names its first byte (as in Redis).
fn byte_range(start: i64, end: i64, len: usize) -> std::ops::Range<usize> {
    if start < 0 && end < 0 && start > end {
        return 0..0;
    }
    let len = len as i64;
    let absolute = |index: i64| if index < 0 { (len + index).max(0) } else { index };
    let (start, end) = (absolute(start), absolute(end).min(len - 1));
    if start > end { 0..0 } else { start as usize..end as usize + 1 }
}

fn strlen(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match txn.get_text(args.get(1)) {
        Ok(text) => reply.int(text.map_or(0, |mut text| text.bytes().len()) as i64),
        Err(WrongType) => reply.error(error::WRONG_TYPE),
    }
    Effect::None
}

#[cfg(test)]
mod tests {
    use super::byte_range;

    #[test]
    fn ranges_are_cut_to_the_string() {
        for (start, end, range) in [
            (0, -1, 0..5),
            (1, 3, 1..4),
            (-2, -1, 3..5),
            (-1, -2, 0..0),
            (3, 1, 0..0),
            (5, 9, 0..0),
            (-9, -8, 0..1),
            (i64::MIN, i64::MAX, 0..5),
            (i64::MAX, i64::MIN, 0..0),
        ] {
            assert_eq!(byte_range(start, end, 5), range, "{start} {end}");
        }
        assert_eq!(byte_range(0, -1, 0), 0..0);
    }
}
