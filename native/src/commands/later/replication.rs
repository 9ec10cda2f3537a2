//! Replication: its rows. Refused in this version.

use crate::commands::row::{Group, ROW, Row, Run, category, flag::*};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::session::handle::{Flow, Session};

const LATER: Row = Row { group: Group::Server, run: Run::Session(refused), ..ROW };

pub const ROWS: &[Row] = &[
    Row {
        name: "failover",
        arity: -1,
        flags: ADMIN | NOSCRIPT | STALE,
        categories: 0,
        since: "6.2.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        args: "[TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds]",
        ..LATER
    },
    Row {
        name: "psync",
        arity: -3,
        flags: ADMIN | NOSCRIPT | NO_ASYNC_LOADING | NO_MULTI,
        categories: 0,
        since: "2.8.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        args: "replicationid offset",
        ..LATER
    },
    Row {
        name: "replconf",
        arity: -1,
        flags: ADMIN | NOSCRIPT | LOADING | STALE | ALLOW_BUSY,
        categories: 0,
        since: "3.0.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "sync",
        arity: 1,
        flags: ADMIN | NOSCRIPT | NO_ASYNC_LOADING | NO_MULTI,
        categories: 0,
        since: "1.0.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "trimslots",
        arity: -5,
        flags: WRITE,
        categories: category::KEYSPACE | category::DANGEROUS,
        since: "8.4.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
];

fn refused(_: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let name = String::from_utf8_lossy(args.get(0)).to_uppercase();
    reply.error(&format!("ERR {name} is not in this version of Zedis: replication comes later"));
    Flow::Done
}
