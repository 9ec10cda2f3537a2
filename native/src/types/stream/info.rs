//! XINFO.

use std::collections::VecDeque;

use super::group::{Group, UNKNOWN};
use super::id::Id;
use super::pending::{NOBODY, Pending};
use super::slices::{Budget, Interval, Rest, Room, Stretch, write_entry};
use super::value::StreamValue;
use super::{STREAM, refuse, refuse_bytes, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, keys};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::txn::{Effect, Txn, WrongType};

const LOOK: Row = Row { flags: READONLY, keys: &[keys(2, 2, 1, RO | ACCESS)], ..STREAM };

pub const ROWS: &[Row] = &[
    Row {
        name: "xinfo",
        arity: -2,
        categories: 0,
        complexity: "Depends on subcommand.",
        summary: "Tells what is known of a stream, its groups and their consumers.",
        ..STREAM
    },
    Row {
        name: "xinfo|consumers",
        arity: 4,
        complexity: "O(N) in the consumers",
        summary: "Lists the consumers of a group.",
        args: "key group",
        reply: "Record<string, unknown>[]",
        run: Run::Data(consumers),
        ..LOOK
    },
    Row {
        name: "xinfo|groups",
        arity: 3,
        complexity: "O(N) in the groups",
        summary: "Lists the groups of a stream.",
        args: "key",
        reply: "Record<string, unknown>[]",
        run: Run::Data(groups),
        ..LOOK
    },
    Row {
        name: "xinfo|help",
        arity: 2,
        flags: LOADING | STALE,
        summary: "Lists the subcommands.",
        reply: "string[]",
        run: Run::Data(help),
        ..STREAM
    },
    Row {
        name: "xinfo|stream",
        arity: -3,
        complexity: "O(1); O(N) in what is listed with FULL",
        summary: "Tells what is known of a stream, with FULL also of its entries, groups, consumers and pending entries.",
        args: "key [FULL [COUNT count]]",
        reply: "Record<string, unknown>",
        run: Run::Data(stream),
        ..LOOK
    },
];

/// The stream that a request names. None: it was refused.
fn look<'t>(txn: &'t mut Txn, args: Args, reply: &mut Reply) -> Option<&'t StreamValue> {
    match txn.get_object::<StreamValue>(args.get(2)) {
        Ok(Some(stream)) => return Some(stream),
        Ok(None) => reply.error(error::NO_SUCH_KEY),
        Err(WrongType) => drop(wrong_type(reply)),
    }
    None
}

fn whole(reply: &mut Reply, name: &str, value: i64) {
    reply.text(name);
    reply.int(value);
}

fn known(reply: &mut Reply, name: &str, value: Option<i64>) {
    reply.text(name);
    match value {
        Some(value) => reply.int(value),
        None => reply.null(),
    }
}

fn id(reply: &mut Reply, name: &str, value: Id) {
    reply.text(name);
    value.reply(reply);
}

fn consumers(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let now_ms = txn.now_ms;
    let Some(stream) = look(txn, args, reply) else { return Effect::None };
    let Some(group) = stream.group(args.get(3)) else {
        return refuse_bytes(reply, &error::no_group_of(args.get(2), args.get(3)));
    };
    reply.array(group.consumers().len());
    for (_, consumer) in group.consumers() {
        reply.map(4);
        reply.text("name");
        reply.bulk(&consumer.name);
        whole(reply, "pending", consumer.pending as i64);
        whole(reply, "idle", (now_ms - consumer.seen_ms).max(0));
        whole(reply, "inactive", if consumer.active_ms < 0 { -1 } else { now_ms - consumer.active_ms });
    }
    Effect::None
}

fn groups(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let Some(stream) = look(txn, args, reply) else { return Effect::None };
    reply.array(stream.groups().len());
    for (name, group) in stream.groups() {
        reply.map(6);
        reply.text("name");
        reply.bulk(name);
        whole(reply, "consumers", group.consumers().len() as i64);
        whole(reply, "pending", group.pel().len() as i64);
        id(reply, "last-delivered-id", group.last_id);
        known(reply, "entries-read", Some(group.entries_read).filter(|read| *read != UNKNOWN));
        known(reply, "lag", stream.entries().lag(group));
    }
    Effect::None
}

/// Entries listed with FULL, unless COUNT says otherwise.
const COUNT_USUAL: u64 = 10;

fn stream(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (store, now_ms) = (txn.store, txn.now_ms);
    let Some(stream) = look(txn, args, reply) else { return Effect::None };
    let syntax = || error::subcommand_syntax(args.get(1), "xinfo");
    let count = match args.len() {
        3 => None,
        4 if args.is(3, "full") => Some(COUNT_USUAL),
        6 if args.is(3, "full") && args.is(4, "count") => match number::integer(args.get(5)) {
            // 0: all.
            Some(0) => Some(u64::MAX),
            Some(count) => Some(u64::try_from(count).unwrap_or(COUNT_USUAL)),
            None => return refuse(reply, error::NOT_INTEGER),
        },
        _ => return refuse_bytes(reply, &syntax()),
    };
    numbers(stream, now_ms, count.is_some(), reply);
    let Some(count) = count else {
        whole(reply, "groups", stream.groups().len() as i64);
        for (name, back) in [("first-entry", false), ("last-entry", true)] {
            reply.text(name);
            let mark = reply.mark();
            let mut each = |entry: super::block::Entry<'_>| {
                write_entry(reply, &entry);
                false
            };
            if back {
                stream.entries().range_back(Id::MIN, Id::MAX, &mut each);
            } else {
                stream.entries().range(Id::MIN, Id::MAX, &mut each);
            }
            if reply.mark() == mark {
                reply.null();
            }
        }
        return Effect::None;
    };
    reply.text("entries");
    let mut interval = Interval { start: Id::MIN, end: Id::MAX, back: false, count };
    let (mut budget, mut written, mark) = (Budget::first(reply), 0, reply.mark());
    let through = interval.write(stream.entries(), &mut budget, &mut Room::all(), &mut written, reply);
    if !through {
        interval.cut(stream.entries());
    }
    reply.array_at(mark, (written + interval.count) as usize);
    if interval.count == 0 {
        full_groups(stream, count, reply);
        return Effect::None;
    }
    let (mut tail, nothing) = (Vec::new(), Interval { count: 0, ..interval });
    full_groups(stream, count, &mut Reply::new(&mut tail, reply.proto));
    let entries = Stretch::new(Vec::new(), stream.entries(), interval, &store.garbage);
    let groups = Stretch::new(tail, &super::entries::Entries::new(stream.state().policy), nothing, &store.garbage);
    Effect::Slices(Box::new(Rest(VecDeque::from([entries, groups]))))
}

/// The header of the reply and the numbers at its beginning.
fn numbers(stream: &StreamValue, now_ms: i64, full: bool, reply: &mut Reply) {
    let (entries, state) = (stream.entries(), stream.state());
    // What Redis 8.6 added is told of streams that it concerns: to others the reply is that of 7.2.
    reply.map(if full { 9 } else { 10 } + if state.knows_producers { 6 } else { 0 });
    whole(reply, "length", stream.length() as i64);
    // Of Redis's tree: a key for each block.
    whole(reply, "radix-tree-keys", entries.blocks() as i64);
    whole(reply, "radix-tree-nodes", entries.blocks() as i64 + 1);
    id(reply, "last-generated-id", state.last_id);
    id(reply, "max-deleted-entry-id", state.max_deleted);
    whole(reply, "entries-added", state.entries_added as i64);
    id(reply, "recorded-first-entry-id", state.first_id);
    if !state.knows_producers {
        return;
    }
    whole(reply, "idmp-duration", state.policy.duration_s as i64);
    whole(reply, "idmp-maxsize", state.policy.maxsize as i64);
    let (producers, iids) = stream.idmp().map_or((0, 0), |idmp| idmp.counts(state.policy, now_ms));
    whole(reply, "pids-tracked", producers as i64);
    whole(reply, "iids-tracked", iids as i64);
    whole(reply, "iids-added", state.iids_added as i64);
    whole(reply, "iids-duplicates", state.iids_duplicates as i64);
}

fn full_groups(stream: &StreamValue, count: u64, reply: &mut Reply) {
    reply.text("groups");
    reply.array(stream.groups().len());
    for (name, group) in stream.groups() {
        reply.map(8);
        reply.text("name");
        reply.bulk(name);
        id(reply, "last-delivered-id", group.last_id);
        known(reply, "entries-read", Some(group.entries_read).filter(|read| *read != UNKNOWN));
        known(reply, "lag", stream.entries().lag(group));
        whole(reply, "pel-count", group.pel().len() as i64);
        whole(reply, "nacked-count", group.pel().nacked() as i64);
        reply.text("pending");
        let some = count.min(group.pel().len()) as usize;
        reply.array(some);
        for row in group.pel().from(Id::MIN).take(some) {
            reply.array(4);
            row.id.reply(reply);
            reply.bulk(group.owner(row).map_or(&[], |owner| &owner.name));
            delivery(row, reply);
        }
        full_consumers(group, count, reply);
    }
}

fn full_consumers(group: &Group, count: u64, reply: &mut Reply) {
    reply.text("consumers");
    reply.array(group.consumers().len());
    for (number, consumer) in group.consumers() {
        reply.map(5);
        reply.text("name");
        reply.bulk(&consumer.name);
        whole(reply, "seen-time", consumer.seen_ms);
        whole(reply, "active-time", consumer.active_ms);
        whole(reply, "pel-count", consumer.pending as i64);
        reply.text("pending");
        let some = count.min(consumer.pending) as usize;
        reply.array(some);
        for row in group.pending_of(number, Id::MIN).take(some) {
            reply.array(3);
            row.id.reply(reply);
            delivery(row, reply);
        }
    }
}

/// When an entry was last delivered, and how often.
fn delivery(row: Pending, reply: &mut Reply) {
    reply.int(if row.owner == NOBODY { 0 } else { row.time as i64 });
    reply.int(row.count as i64);
}

fn help(_: &mut Txn, _: Args, reply: &mut Reply) -> Effect {
    reply.help(
        "xinfo",
        &[
            "CONSUMERS <key> <group>",
            "    List the consumers of a group.",
            "GROUPS <key>",
            "    List the groups of a stream.",
            "STREAM <key> [FULL [COUNT <count>]]",
            "    Tell what is known of a stream. FULL lists entries, groups and consumers, too,",
            "    and <count> entries of each list (10 unless given, 0 for all).",
        ],
    );
    Effect::None
}
