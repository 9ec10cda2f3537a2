//! DEL, UNLINK, EXISTS, TOUCH, TYPE, RANDOMKEY.

use crate::commands::row::{Group, Joined, Pieces, ROW, Row, Run, access::*, category, flag::*, key, keys};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::txn::{Class, Effect, Txn};

pub const ROWS: &[Row] = &[
    Row {
        name: "del",
        arity: -2,
        flags: WRITE,
        keys: &[keys(1, -1, 1, RM | DELETE)],
        categories: category::KEYSPACE,
        group: Group::Generic,
        complexity: "O(N) where N is the number of keys. Large values are freed by another thread.",
        summary: "Deletes one or more keys.",
        args: "key [key ...]",
        reply: "number",
        run: Run::Data(del),
        pieces: Pieces::of_keys(Joined::Sum),
        ..ROW
    },
    Row {
        name: "unlink",
        arity: -2,
        flags: WRITE | FAST,
        keys: &[keys(1, -1, 1, RM | DELETE)],
        categories: category::KEYSPACE,
        group: Group::Generic,
        since: "4.0.0",
        complexity: "O(N) where N is the number of keys. Large values are freed by another thread.",
        summary: "Deletes one or more keys and frees their values in the background.",
        args: "key [key ...]",
        reply: "number",
        run: Run::Data(del),
        pieces: Pieces::of_keys(Joined::Sum),
        ..ROW
    },
    Row {
        name: "exists",
        arity: -2,
        flags: READONLY | FAST,
        keys: &[keys(1, -1, 1, RO)],
        categories: category::KEYSPACE,
        group: Group::Generic,
        complexity: "O(N) where N is the number of keys.",
        summary: "Counts how many of the keys exist; one given twice counts twice.",
        args: "key [key ...]",
        reply: "number",
        run: Run::Data(exists),
        pieces: Pieces::of_keys(Joined::Sum),
        ..ROW
    },
    Row {
        name: "touch",
        arity: -2,
        flags: READONLY | FAST,
        keys: &[keys(1, -1, 1, RO)],
        categories: category::KEYSPACE,
        group: Group::Generic,
        since: "3.2.1",
        complexity: "O(N) where N is the number of keys.",
        summary: "Marks keys as used just now and counts those that exist.",
        args: "key [key ...]",
        reply: "number",
        run: Run::Data(touch),
        pieces: Pieces::of_keys(Joined::Sum),
        ..ROW
    },
    Row {
        name: "type",
        arity: 2,
        flags: READONLY | FAST,
        keys: &[key(RO)],
        categories: category::KEYSPACE,
        group: Group::Generic,
        summary: "Names the type of the value under a key.",
        args: "key",
        reply: "\"none\" | \"string\" | \"list\" | \"set\" | \"zset\" | \"hash\" | \"stream\"",
        run: Run::Data(type_),
        ..ROW
    },
    Row {
        name: "randomkey",
        arity: 1,
        flags: READONLY | WALKS,
        categories: category::KEYSPACE,
        group: Group::Generic,
        summary: "Picks a key of the database at random.",
        reply: "string | null",
        run: Run::Data(randomkey),
        ..ROW
    },
];

fn del(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let mut gone = 0;
    for key in args.from(1).iter() {
        if txn.remove(key) {
            txn.changed(key, Class::Generic, "del");
            gone += 1;
        }
    }
    reply.int(gone);
    if gone > 0 { Effect::Verbatim } else { Effect::None }
}

fn exists(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let mut found = 0;
    for key in args.from(1).iter() {
        let there = txn.exists(key);
        count_lookup(txn, there);
        found += there as i64;
    }
    reply.int(found);
    Effect::None
}

fn touch(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    // The one command whose purpose is to touch: CLIENT NO-TOUCH does not hold it back.
    let no_touch = std::mem::replace(&mut txn.no_touch, false);
    let found = args.from(1).iter().filter(|key| txn.get(key).is_some()).count();
    txn.no_touch = no_touch;
    reply.int(found as i64);
    Effect::None
}

fn type_(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let name = txn.peek(args.get(1)).map(|entry| entry.type_name());
    count_lookup(txn, name.is_some());
    reply.simple(name.unwrap_or("none"));
    Effect::None
}

fn randomkey(txn: &mut Txn, _: Args, reply: &mut Reply) -> Effect {
    match txn.random_key() {
        Ok(Some(key)) => reply.bulk(&key),
        Ok(None) => reply.null(),
        Err(shard) => return Effect::Busy(shard),
    }
    Effect::None
}

/// Counts a look at a key that does not mark an access, as INFO's keyspace_hits and keyspace_misses do.
pub(super) fn count_lookup(txn: &mut Txn, found: bool) {
    txn.hits += found as u64;
    txn.misses += !found as u64;
}

#[cfg(test)]
mod tests {
    use super::super::stage::{run, txn};
    use super::*;
    use crate::ds::entry::NewValue;
    use crate::txn::access::Expiry;

    #[test]
    fn keys_are_counted_as_often_as_given_and_expired_ones_are_not() {
        let mut txn = txn();
        for key in [b"a", b"b"] {
            txn.set(key, NewValue::Int(1), Expiry::Clear);
        }
        txn.set(b"old", NewValue::Int(1), Expiry::At(999_999));
        assert_eq!(run(&mut txn, exists, "EXISTS a a b old none").0, ":3~");
        assert_eq!(run(&mut txn, touch, "TOUCH a a none").0, ":2~");
        assert_eq!(run(&mut txn, del, "DEL a a none old").0, ":1~");
        assert_eq!(run(&mut txn, type_, "TYPE b").0, "+string~");
        assert_eq!(run(&mut txn, type_, "TYPE a").0, "+none~");
        assert_eq!(run(&mut txn, randomkey, "RANDOMKEY").0, "$1~b~");
        assert_eq!((txn.hits, txn.misses, txn.expired), (6, 4, 1));
    }
}
