//! RENAME, RENAMENX, MOVE, COPY.

use super::database;
use crate::commands::row::{Group, ROW, Row, Run, access::*, category, flag::*, key, keys};
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::txn::{Class, Effect, Txn};

pub const ROWS: &[Row] = &[
    Row {
        name: "copy",
        arity: -3,
        flags: WRITE | DENYOOM,
        keys: &[keys(1, 1, 1, RO | ACCESS), keys(2, 2, 1, OW | UPDATE)],
        categories: category::KEYSPACE,
        group: Group::Generic,
        since: "6.2.0",
        complexity: "O(N) where N is the size of the value; O(1) for strings.",
        summary: "Copies the value of a key to a new key.",
        args: "source destination [DB destination-db] [REPLACE]",
        reply: "number",
        run: Run::Data(copy),
        ..ROW
    },
    Row {
        name: "rename",
        arity: 3,
        flags: WRITE,
        keys: &[keys(1, 1, 1, RW | ACCESS | DELETE), keys(2, 2, 1, OW | UPDATE)],
        categories: category::KEYSPACE,
        group: Group::Generic,
        summary: "Gives a key another name and overwrites what is there.",
        args: "key newkey",
        reply: "\"OK\"",
        run: Run::Data(rename),
        ..ROW
    },
    Row {
        name: "renamenx",
        arity: 3,
        flags: WRITE | FAST,
        keys: &[keys(1, 1, 1, RW | ACCESS | DELETE), keys(2, 2, 1, OW | INSERT)],
        categories: category::KEYSPACE,
        group: Group::Generic,
        summary: "Gives a key another name if that one is free.",
        args: "key newkey",
        reply: "number",
        run: Run::Data(renamenx),
        ..ROW
    },
    Row {
        name: "move",
        arity: 3,
        flags: WRITE | FAST,
        keys: &[key(RW | ACCESS | UPDATE)],
        categories: category::KEYSPACE,
        group: Group::Generic,
        summary: "Moves a key to another database.",
        args: "key db",
        reply: "number",
        run: Run::Data(move_),
        ..ROW
    },
];

fn copy(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (from, to) = (args.get(1), args.get(2));
    let (db, mut to_db, mut replace) = (txn.db, txn.db, false);
    let mut index = 3;
    while index < args.len() {
        if args.is(index, "replace") {
            replace = true;
        } else if args.is(index, "db") && index + 1 < args.len() {
            match database(txn, args.get(index + 1), reply) {
                Some(number) => to_db = number,
                None => return Effect::None,
            }
            index += 1;
        } else {
            reply.error(error::SYNTAX);
            return Effect::None;
        }
        index += 1;
    }
    if db == to_db && from == to {
        reply.error(error::SAME_OBJECT);
        return Effect::None;
    }
    // Counts as a read of the source, for the access clock too.
    let missing = txn.get(from).is_none();
    txn.db = to_db;
    let old_type = if missing { None } else { txn.type_name(to) };
    txn.db = db;
    if missing || (old_type.is_some() && !replace) {
        reply.int(0);
        return Effect::None;
    }
    txn.replicate(from, to_db, to);
    txn.db = to_db;
    txn.changed(to, Class::Generic, "copy_to");
    remark_overwritten(txn, to, old_type);
    txn.db = db;
    reply.int(1);
    Effect::Verbatim
}

fn rename(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (from, to) = (args.get(1), args.get(2));
    if !txn.exists(from) {
        reply.error(error::NO_SUCH_KEY);
        return Effect::None;
    }
    reply.ok();
    if from == to {
        return Effect::None;
    }
    // An expired destination goes with a DEL of its own, as in Redis.
    txn.exists(to);
    relocate_here(txn, from, to);
    Effect::Verbatim
}

fn renamenx(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (from, to) = (args.get(1), args.get(2));
    if !txn.exists(from) {
        reply.error(error::NO_SUCH_KEY);
        return Effect::None;
    }
    if from == to || txn.exists(to) {
        reply.int(0);
        return Effect::None;
    }
    relocate_here(txn, from, to);
    reply.int(1);
    Effect::Verbatim
}

fn relocate_here(txn: &mut Txn, from: &[u8], to: &[u8]) {
    let old_type = txn.type_name(to);
    txn.relocate(from, txn.db, to);
    txn.changed(from, Class::Generic, "rename_from");
    txn.signal(to, Class::Generic, "rename_to");
    remark_overwritten(txn, to, old_type);
}

/// Tells of what a value that has come to `to` has taken the place of, if anything.
pub(super) fn remark_overwritten(txn: &mut Txn, to: &[u8], old_type: Option<&'static str>) {
    if let (Some(old), Some(new)) = (old_type, txn.type_name(to)) {
        txn.remark_overwritten(to, old, new);
    }
}

fn move_(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let key = args.get(1);
    let (db, Some(to_db)) = (txn.db, database(txn, args.get(2), reply)) else { return Effect::None };
    if db == to_db {
        reply.error(error::SAME_OBJECT);
        return Effect::None;
    }
    let missing = !txn.exists(key);
    txn.db = to_db;
    let taken = txn.exists(key);
    txn.db = db;
    if missing || taken {
        reply.int(0);
        return Effect::None;
    }
    txn.relocate(key, to_db, key);
    txn.changed(key, Class::Generic, "move_from");
    txn.db = to_db;
    txn.signal(key, Class::Generic, "move_to");
    txn.db = db;
    reply.int(1);
    Effect::Verbatim
}

#[cfg(test)]
mod tests {
    use super::super::stage::{run, txn};
    use super::*;
    use crate::ds::entry::NewValue;
    use crate::txn::access::Expiry;

    #[test]
    fn values_move_with_their_expiry_and_copies_stay_apart() {
        let mut txn = txn();
        txn.set(b"a", NewValue::Text(b"text"), Expiry::At(5_000_000));
        assert_eq!(run(&mut txn, rename, "RENAME none b").0, "-ERR no such key~");
        assert_eq!(run(&mut txn, rename, "RENAME a a").0, "+OK~");
        assert_eq!(run(&mut txn, rename, "RENAME a b").0, "+OK~");
        assert_eq!(txn.peek(b"b").and_then(|e| e.expiry()), Some(5_000_000));
        assert_eq!(txn.peek(b"b").map(|e| e.encoding()), Some("embstr"));
        assert_eq!(run(&mut txn, copy, "COPY b c").0, ":1~");
        assert_eq!(run(&mut txn, copy, "COPY b c").0, ":0~");
        assert_eq!(run(&mut txn, copy, "COPY b c REPLACE DB 3").0, ":1~");
        assert_eq!(run(&mut txn, copy, "COPY b b DB 0").0, "-ERR source and destination objects are the same~");
        assert_eq!(run(&mut txn, copy, "COPY b c DB 16").0, "-ERR DB index is out of range~");
        assert_eq!(run(&mut txn, copy, "COPY b c DB").0, "-ERR syntax error~");
        assert_eq!(run(&mut txn, renamenx, "RENAMENX b c").0, ":0~");
        assert_eq!(run(&mut txn, move_, "MOVE c 3").0, ":0~");
        assert_eq!(run(&mut txn, move_, "MOVE c 4").0, ":1~");
        assert_eq!(run(&mut txn, renamenx, "RENAMENX b c").0, ":1~");
        assert_eq!((txn.db, txn.store.counters.keys(0), txn.store.counters.keys(4)), (0, 1, 1));
    }
}
