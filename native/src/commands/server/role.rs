//! Facts in one reply: TIME, LASTSAVE, ROLE, MODULE LIST; and REPLICAOF NO ONE, which is true already.

use super::SERVER;
use crate::commands::row::{Row, Run, category, flag::*};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::session::handle::{Flow, Session};
use crate::sys::clock;
use crate::txn::{Effect, Txn};

const ADMINISTRATION: u32 = category::ADMIN | category::DANGEROUS;

const MODULE_CHANGE: Row = Row {
    flags: ADMIN | NOSCRIPT | NO_ASYNC_LOADING | PROTECTED,
    since: "4.0.0",
    run: Run::Session(module_change),
    ..SERVER
};

pub const ROWS: &[Row] = &[
    Row {
        name: "time",
        arity: 1,
        flags: LOADING | STALE | FAST,
        since: "2.6.0",
        summary: "Returns the server's time: seconds since 1970, and the microseconds of this second.",
        reply: "[string, string]",
        run: Run::Data(time),
        ..SERVER
    },
    Row {
        name: "lastsave",
        arity: 1,
        flags: LOADING | STALE | FAST,
        categories: ADMINISTRATION,
        summary: "Returns when the data was last saved to disk, in seconds since 1970.",
        reply: "number",
        run: Run::Session(lastsave),
        ..SERVER
    },
    Row {
        name: "role",
        arity: 1,
        flags: NOSCRIPT | LOADING | STALE | FAST,
        categories: ADMINISTRATION,
        since: "2.8.12",
        summary: "Returns whether the server is a master or a replica, and of whom.",
        reply: "unknown[]",
        run: Run::Session(role),
        ..SERVER
    },
    Row {
        name: "replicaof",
        arity: 3,
        flags: ADMIN | NOSCRIPT | STALE | NO_ASYNC_LOADING,
        since: "5.0.0",
        summary: "Makes the server a replica of another, or a master.",
        args: "host port",
        run: Run::Session(replicaof),
        ..SERVER
    },
    Row {
        name: "slaveof",
        arity: 3,
        flags: ADMIN | NOSCRIPT | STALE | NO_ASYNC_LOADING,
        summary: "The old name of REPLICAOF.",
        args: "host port",
        run: Run::Session(replicaof),
        ..SERVER
    },
    Row {
        name: "module",
        arity: -2,
        since: "4.0.0",
        complexity: "Depends on subcommand.",
        summary: "A container for module commands.",
        ..SERVER
    },
    Row {
        name: "module|list",
        arity: 2,
        flags: ADMIN | NOSCRIPT,
        since: "4.0.0",
        complexity: "O(N) where N is the number of loaded modules.",
        summary: "Returns the loaded modules; there are none.",
        reply: "unknown[]",
        run: Run::Session(module_list),
        ..SERVER
    },
    Row {
        name: "module|load",
        arity: -3,
        summary: "Loads a module; there is no interface for any.",
        args: "path [arg [arg ...]]",
        ..MODULE_CHANGE
    },
    Row {
        name: "module|loadex",
        arity: -3,
        since: "7.0.0",
        summary: "Loads a module with its settings; there is no interface for any.",
        args: "path [CONFIG name value [CONFIG name value ...]] [ARGS args [args ...]]",
        ..MODULE_CHANGE
    },
    Row { name: "module|unload", arity: 3, summary: "Unloads a module; there is none.", args: "name", ..MODULE_CHANGE },
    Row {
        name: "module|help",
        arity: 2,
        flags: LOADING | STALE,
        since: "5.0.0",
        summary: "Lists the subcommands.",
        reply: "string[]",
        run: Run::Session(module_help),
        ..SERVER
    },
];

fn time(txn: &mut Txn, _: Args, reply: &mut Reply) -> Effect {
    // In a script or a procedure time stands still.
    let now_us = if txn.keeps_undo() { txn.now_ms * 1000 } else { clock::now_us() };
    reply.array(2);
    reply.bulk_int(now_us / 1_000_000);
    reply.bulk_int(now_us % 1_000_000);
    Effect::None
}

/// Nothing has been saved yet, so it is the time of the start, as in Redis.
fn lastsave(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    let saved_s = session.server.durability.saved_s.load(std::sync::atomic::Ordering::Relaxed);
    reply.int(if saved_s == 0 { session.server.started_ms / 1000 } else { saved_s });
    Flow::Done
}

fn role(_: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.array(3);
    reply.text("master");
    reply.int(0);
    reply.array(0);
    Flow::Done
}

fn replicaof(_: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    if args.is(1, "no") && args.is(2, "one") {
        reply.ok();
    } else {
        reply.error("ERR replication is not there yet in this version of Zedis: REPLICAOF takes NO ONE alone");
    }
    Flow::Done
}

/// As Redis answers where a module cannot be loaded, or is not there.
fn module_change(_: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    if args.is(1, "unload") {
        reply.error("ERR Error unloading module: no such module with that name");
    } else {
        reply.error("ERR Error loading the extension. Please check the server logs.");
    }
    Flow::Done
}

fn module_list(_: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.array(0);
    Flow::Done
}

fn module_help(_: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.help("MODULE", &["LIST", "    Return the loaded modules."]);
    Flow::Done
}
