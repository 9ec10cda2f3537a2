//! Whole databases: DBSIZE, FLUSHDB, FLUSHALL, SWAPDB.

use super::SERVER;
use crate::commands::row::{Row, Run, category, flag::*};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::store::lazy_free::ELEMENTS_MIN;
use crate::txn::{Effect, Txn};

const KEYSPACE: Row = Row { categories: category::KEYSPACE, ..SERVER };
const DANGEROUS: Row = Row { categories: category::KEYSPACE | category::DANGEROUS, ..SERVER };

pub const ROWS: &[Row] = &[
    Row {
        name: "dbsize",
        arity: 1,
        flags: READONLY | FAST,
        summary: "Returns how many keys the database has.",
        reply: "number",
        run: Run::Data(dbsize),
        ..KEYSPACE
    },
    Row {
        name: "flushdb",
        arity: -1,
        flags: WRITE | WHOLE,
        complexity: "O(N) where N is the number of keys in the selected database",
        summary: "Removes all keys of the database.",
        args: "[ASYNC | SYNC]",
        run: Run::Data(flushdb),
        ..DANGEROUS
    },
    Row {
        name: "flushall",
        arity: -1,
        flags: WRITE | WHOLE,
        complexity: "O(N) where N is the total number of keys in all databases",
        summary: "Removes all keys of all databases.",
        args: "[ASYNC | SYNC]",
        run: Run::Data(flushall),
        ..DANGEROUS
    },
    Row {
        name: "swapdb",
        arity: 3,
        flags: WRITE | FAST | WHOLE,
        since: "4.0.0",
        complexity: "O(N) where N is the count of clients watching or blocking on keys from both databases.",
        summary: "Exchanges two databases: every client sees the other one's keys at once.",
        args: "index1 index2",
        run: Run::Data(swapdb),
        ..DANGEROUS
    },
];

/// Counts keys that have expired and are not yet removed, as Redis does.
fn dbsize(txn: &mut Txn, _: Args, reply: &mut Reply) -> Effect {
    reply.int(txn.store.counters.keys(txn.db) as i64);
    Effect::None
}

fn flushdb(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let db = txn.db;
    flush(txn, args, reply, db..db + 1)
}

fn flushall(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let databases = txn.store.databases as u32;
    let effect = flush(txn, args, reply, 0..databases);
    if !matches!(effect, Effect::None) {
        txn.note_flush();
    }
    effect
}

/// SYNC and ASYNC differ in nothing a client could see: the tables are taken out here, in one transaction, and freed by
/// another thread, so that nobody waits for it.
fn flush(txn: &mut Txn, args: Args, reply: &mut Reply, databases: std::ops::Range<u32>) -> Effect {
    if args.len() > 2 || (args.len() == 2 && !args.is(1, "async") && !args.is(1, "sync")) {
        reply.error(error::SYNTAX);
        return Effect::None;
    }
    for db in databases {
        if txn.store.counters.keys(db) == 0 {
            continue;
        }
        for shard in 0..txn.store.shards_count() {
            let keys = txn.with_shard(shard, |shard| shard.table(db).len()).unwrap_or(0);
            // Freeing a few keys here is cheaper than handing them over.
            txn.clear_table(shard, db, keys < ELEMENTS_MIN);
            txn.dirty += keys as u64;
        }
    }
    txn.flushed();
    // Redis counts the flush itself too, so that one of an empty database reaches its replicas.
    txn.dirty += 1;
    reply.ok();
    Effect::Verbatim
}

fn swapdb(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let Some(first) = number::integer(args.get(1)).filter(|index| i32::try_from(*index).is_ok()) else {
        reply.error("ERR invalid first DB index");
        return Effect::None;
    };
    let Some(second) = number::integer(args.get(2)).filter(|index| i32::try_from(*index).is_ok()) else {
        reply.error("ERR invalid second DB index");
        return Effect::None;
    };
    let there = 0..txn.store.databases as i64;
    if !there.contains(&first) || !there.contains(&second) {
        reply.error(error::INVALID_DB);
        return Effect::None;
    }
    if first != second {
        for shard in 0..txn.store.shards_count() {
            txn.swap_databases(shard, first as u32, second as u32);
        }
    }
    txn.dirty += 1;
    reply.ok();
    Effect::Verbatim
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ds::entry::NewValue;
    use crate::resp::args::OwnedArgs;
    use crate::resp::reply::Protocol;
    use crate::txn::access::Expiry;
    use crate::txn::stage::txn;

    fn call(txn: &mut Txn, handler: fn(&mut Txn, Args, &mut Reply) -> Effect, words: &[&[u8]]) -> String {
        let mut out = Vec::new();
        handler(txn, OwnedArgs::of(words).borrow(), &mut Reply::new(&mut out, Protocol::Resp2));
        String::from_utf8(out).expect("ASCII")
    }

    fn fill(txn: &mut Txn, db: u32, count: usize) {
        txn.db = db;
        for number in 0..count {
            let expiry = if number % 3 == 0 { Expiry::At(9_000_000) } else { Expiry::Clear };
            txn.set(format!("key{number}").as_bytes(), NewValue::Int(number as i64), expiry);
        }
    }

    #[test]
    fn a_flush_empties_its_database_and_no_other_and_a_rollback_brings_all_of_it_back() {
        let mut txn = txn();
        fill(&mut txn, 3, 2000);
        fill(&mut txn, 0, 50);
        let counters = &txn.store.counters;
        let before = (counters.keys(0), counters.expires(0), counters.keys(3), counters.expires(3), counters.bytes());
        txn.keep_undo();
        let start = txn.savepoint();
        assert_eq!(call(&mut txn, flushdb, &[b"FLUSHDB"]), "+OK\r\n");
        assert_eq!((counters.keys(0), counters.keys(3)), (0, 2000));
        assert_eq!(call(&mut txn, flushall, &[b"FLUSHALL", b"async"]), "+OK\r\n");
        assert_eq!((counters.keys(3), counters.expires(3), counters.bytes()), (0, 0, 0));
        txn.rollback_to(start);
        let after = (counters.keys(0), counters.expires(0), counters.keys(3), counters.expires(3), counters.bytes());
        assert_eq!(before, after);
        txn.db = 3;
        assert_eq!(call(&mut txn, dbsize, &[b"DBSIZE"]), ":2000\r\n");
        assert_eq!(txn.get_integer(b"key1999"), Ok(Some(1999)));
    }

    #[test]
    fn swapped_databases_change_places_with_their_counts() {
        let mut txn = txn();
        fill(&mut txn, 0, 30);
        fill(&mut txn, 5, 3);
        assert_eq!(call(&mut txn, swapdb, &[b"SWAPDB", b"0", b"5"]), "+OK\r\n");
        let counters = &txn.store.counters;
        assert_eq!((counters.keys(0), counters.expires(0)), (3, 1));
        assert_eq!((counters.keys(5), counters.expires(5)), (30, 10));
        assert_eq!(call(&mut txn, swapdb, &[b"SWAPDB", b"x", b"5"]), "-ERR invalid first DB index\r\n");
        assert_eq!(call(&mut txn, swapdb, &[b"SWAPDB", b"0", b"99999999999"]), "-ERR invalid second DB index\r\n");
        assert_eq!(call(&mut txn, swapdb, &[b"SWAPDB", b"0", b"16"]), "-ERR DB index is out of range\r\n");
    }

    #[test]
    fn a_flush_refuses_words_it_does_not_know() {
        let mut txn = txn();
        for words in [&[&b"FLUSHALL"[..], b"now"][..], &[b"FLUSHALL", b"sync", b"async"]] {
            assert_eq!(call(&mut txn, flushall, words), "-ERR syntax error\r\n");
        }
    }
}
