//! MEMORY: what keys and the server take.

use crate::commands::row::{Group, ROW, Row, Run, access::*, flag::*, keys};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::session::handle::{Flow, Session};
use crate::sys::{memory, usage};
use crate::txn::{Effect, Txn};

/// Bytes of a key's place in its table, on average: buckets of 64 bytes with 7 places, 64 to 80 % full, and what the allocator adds.
const PLACE_BYTES: usize = 16;

const FACT: Row = Row { arity: 2, group: Group::Server, since: "4.0.0", ..ROW };

pub const ROWS: &[Row] = &[
    Row {
        name: "memory",
        arity: -2,
        complexity: "Depends on subcommand.",
        summary: "Tells what keys and the server take in memory.",
        ..FACT
    },
    Row {
        name: "memory|doctor",
        summary: "Judges the server's use of memory.",
        reply: "string",
        run: Run::Session(doctor),
        ..FACT
    },
    Row {
        name: "memory|help",
        flags: LOADING | STALE,
        summary: "Lists the subcommands.",
        reply: "string[]",
        run: Run::Session(help),
        ..FACT
    },
    Row {
        name: "memory|malloc-stats",
        complexity: "Depends on how much memory is allocated, could be slow",
        summary: "Shows figures of the allocator.",
        reply: "string",
        run: Run::Session(malloc_stats),
        ..FACT
    },
    Row {
        name: "memory|purge",
        complexity: "Depends on how much memory is allocated, could be slow",
        summary: "Gives memory that the allocator keeps in reserve back to the system.",
        reply: "\"OK\"",
        run: Run::Session(purge),
        ..FACT
    },
    Row {
        name: "memory|stats",
        summary: "Lists what takes how much memory.",
        reply: "Record<string, unknown>",
        run: Run::Session(stats),
        ..FACT
    },
    Row {
        name: "memory|usage",
        arity: -3,
        flags: READONLY,
        keys: &[keys(2, 2, 1, RO)],
        summary: "Tells how many bytes a key takes, with its value and its place in the table.",
        args: "key [SAMPLES count]",
        reply: "number | null",
        run: Run::Data(usage),
        ..FACT
    },
];

fn usage(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let mut index = 3;
    while index < args.len() {
        if !args.is(index, "samples") || index + 1 >= args.len() {
            reply.error(error::SYNTAX);
            return Effect::None;
        }
        // Every value knows its size exactly, so that there is nothing to sample.
        match number::integer(args.get(index + 1)) {
            None => {
                reply.error(error::NOT_INTEGER);
                return Effect::None;
            }
            Some(count) if count < 0 => {
                reply.error(error::SYNTAX);
                return Effect::None;
            }
            Some(_) => index += 2,
        }
    }
    match txn.peek(args.get(2)) {
        Some(entry) => reply.int((entry.allocated_bytes() + PLACE_BYTES) as i64),
        None => reply.null(),
    }
    Effect::None
}

/// Bytes of the tables of one database.
struct Tables {
    db: u32,
    keys: u64,
    buckets_bytes: u64,
}

/// The databases that have keys. A shard held for long by another core is left out: this is a report.
fn tables(txn: &mut Txn) -> Vec<Tables> {
    let store = txn.store;
    let mut all: Vec<Tables> = (0..store.databases as u32)
        .map(|db| Tables { db, keys: store.counters.keys(db), buckets_bytes: 0 })
        .filter(|tables| tables.keys > 0)
        .collect();
    for shard in 0..store.shards_count() {
        let _ = txn.with_shard(shard, |shard| {
            for tables in &mut all {
                tables.buckets_bytes += shard.table(tables.db).memory_bytes() as u64;
            }
        });
    }
    all
}

fn stats(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    let server = session.server;
    let used = server.used_memory();
    let peak = server.memory.peak();
    let resident = memory::resident_bytes() as u64;
    let clients = server.sum(|figures| figures.clients.get()) * 1024;
    let tables = tables(session.txn);
    let keys: u64 = tables.iter().map(|tables| tables.keys).sum();
    let startup = server.memory.startup();
    let scripts = server.scripts.memory_bytes();
    let overhead = startup + clients + scripts + tables.iter().map(|tables| tables.buckets_bytes).sum::<u64>();
    let dataset = used.saturating_sub(overhead);
    let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    let whole = |reply: &mut Reply, name: &str, value: u64| {
        reply.text(name);
        reply.int(value as i64);
    };
    let ratio = |reply: &mut Reply, name: &str, value: f64| {
        reply.text(name);
        reply.double(value);
    };
    reply.map(28 + tables.len());
    for (name, value) in [
        ("peak.allocated", peak),
        ("total.allocated", used),
        ("startup.allocated", startup),
        ("replication.backlog", 0),
        ("clients.slaves", 0),
        ("clients.normal", clients),
        ("cluster.links", 0),
        ("aof.buffer", usage::log_bytes()),
        ("lua.caches", scripts),
        ("functions.caches", server.manifest().memory_bytes()),
        ("script.VMs", server.lua_bytes() + server.vm_bytes()),
    ] {
        whole(reply, name, value);
    }
    for tables in &tables {
        reply.text(&format!("db.{}", tables.db));
        reply.map(3);
        whole(reply, "overhead.hashtable.main", tables.buckets_bytes);
        whole(reply, "overhead.hashtable.expires", 0);
        whole(reply, "overhead.hashtable.slot-to-keys", 0);
    }
    whole(reply, "overhead.total", overhead);
    whole(reply, "keys.count", keys);
    whole(reply, "keys.bytes-per-key", used.saturating_sub(startup).checked_div(keys).unwrap_or(0));
    whole(reply, "dataset.bytes", dataset);
    ratio(reply, "dataset.percentage", share(dataset, used.saturating_sub(startup)) * 100.0);
    ratio(reply, "peak.percentage", share(used, peak) * 100.0);
    whole(reply, "allocator.allocated", used);
    whole(reply, "allocator.active", resident);
    whole(reply, "allocator.resident", resident);
    ratio(reply, "allocator-fragmentation.ratio", share(resident, used));
    whole(reply, "allocator-fragmentation.bytes", resident.saturating_sub(used));
    ratio(reply, "allocator-rss.ratio", 1.0);
    whole(reply, "allocator-rss.bytes", 0);
    ratio(reply, "rss-overhead.ratio", 1.0);
    whole(reply, "rss-overhead.bytes", 0);
    ratio(reply, "fragmentation", share(resident, used));
    whole(reply, "fragmentation.bytes", resident.saturating_sub(used));
    Flow::Done
}

fn doctor(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    let server = session.server;
    let used = server.used_memory();
    let peak = server.memory.peak();
    let limit = server.store.settings.maxmemory.load(std::sync::atomic::Ordering::Relaxed);
    let resident = memory::resident_bytes() as u64;
    const MIB: u64 = 1 << 20;
    let mut found = Vec::new();
    if peak > used + used / 2 && peak > 64 * MIB {
        found.push(format!(
            "Peak: {} MiB were in use once, {} MiB are now. What the allocator keeps in reserve goes back with MEMORY PURGE.",
            peak / MIB,
            used / MIB
        ));
    }
    // The JavaScript engine of each core is in the resident size and not in the data.
    let engines = (100 + 10 * server.serving as u64) * MIB;
    if resident > engines + used + used / 2 && used > 64 * MIB {
        found.push(format!(
            "Fragmentation: {} MiB are resident for {} MiB of data. Many values of changing size do this.",
            resident / MIB,
            used / MIB
        ));
    }
    if limit != 0 && used > limit / 10 * 9 {
        found.push(format!("Limit: {} MiB of maxmemory's {} MiB are in use.", used / MIB, limit / MIB));
    }
    let text = match (found.is_empty(), used < 5 * MIB) {
        (true, true) => "There is too little data for a judgement.".to_string(),
        (true, false) => format!("No trouble found: {} MiB of data, {} MiB resident.", used / MIB, resident / MIB),
        (false, _) => found.join("\n"),
    };
    reply.verbatim(*b"txt", format!("{text}\n").as_bytes());
    Flow::Done
}

fn malloc_stats(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    let store = &session.server.store;
    let text = format!(
        "allocator: mimalloc\nentries_bytes: {}\nlazyfree_pending_objects: {}\nresident_bytes: {}\n",
        store.counters.bytes(),
        store.garbage.pending(),
        memory::resident_bytes()
    );
    reply.verbatim(*b"txt", text.as_bytes());
    Flow::Done
}

fn purge(_: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    memory::give_back();
    reply.ok();
    Flow::Done
}

fn help(_: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.help(
        "memory",
        &[
            "DOCTOR",
            "    Judge the server's use of memory.",
            "MALLOC-STATS",
            "    Show figures of the allocator.",
            "PURGE",
            "    Give memory that the allocator keeps in reserve back to the system.",
            "STATS",
            "    List what takes how much memory.",
            "USAGE <key> [SAMPLES <count>]",
            "    Tell how many bytes <key> and its value take. Sizes are exact: <count> is",
            "    taken and has no effect.",
        ],
    );
    Flow::Done
}
