//! SLOWLOG: the requests that took longest, as dispatch recorded them.

use super::SERVER;
use crate::commands::row::{Row, Run, flag::*};
use crate::resp::args::Args;
use crate::resp::number;
use crate::resp::reply::Reply;
use crate::session::handle::{Flow, Session};

const SLOWLOG: Row = Row { flags: ADMIN | LOADING | STALE, since: "2.2.12", ..SERVER };

/// Entries SLOWLOG GET shows unless told how many.
const SHOWN_DEFAULT: i64 = 10;

pub const ROWS: &[Row] = &[
    Row {
        name: "slowlog",
        arity: -2,
        flags: 0,
        complexity: "Depends on subcommand.",
        summary: "A container for slow log commands.",
        ..SLOWLOG
    },
    Row {
        name: "slowlog|get",
        arity: -2,
        complexity: "O(N) where N is the number of entries returned",
        summary: "Returns slow requests, the latest first.",
        args: "[count]",
        reply: "unknown[]",
        run: Run::Session(get),
        ..SLOWLOG
    },
    Row {
        name: "slowlog|help",
        arity: 2,
        flags: LOADING | STALE,
        since: "6.2.0",
        summary: "Lists the subcommands.",
        reply: "string[]",
        run: Run::Session(help),
        ..SLOWLOG
    },
    Row {
        name: "slowlog|len",
        arity: 2,
        summary: "Returns how many slow requests are kept.",
        reply: "number",
        run: Run::Session(len),
        ..SLOWLOG
    },
    Row {
        name: "slowlog|reset",
        arity: 2,
        complexity: "O(N) where N is the number of entries in the slowlog",
        summary: "Forgets the slow requests.",
        run: Run::Session(reset),
        ..SLOWLOG
    },
];

fn get(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let count = match args.len() {
        2 => SHOWN_DEFAULT,
        3 => match number::integer(args.get(2)) {
            Some(-1) => i64::MAX,
            Some(count) if count >= 0 => count,
            _ => {
                reply.error("ERR count should be greater than or equal to -1");
                return Flow::Done;
            }
        },
        _ => {
            reply.error_bytes(&crate::resp::error::subcommand_syntax(args.get(1), "slowlog"));
            return Flow::Done;
        }
    };
    let entries = session.server.slowlog.latest(usize::try_from(count).unwrap_or(usize::MAX));
    reply.array(entries.len());
    for entry in entries {
        reply.array(6);
        reply.int(entry.id as i64);
        reply.int(entry.at_ms / 1000);
        reply.int(entry.us as i64);
        reply.array(entry.argv.len());
        for word in &entry.argv {
            reply.bulk(word);
        }
        reply.text(&entry.address);
        reply.bulk(&entry.client_name);
    }
    Flow::Done
}

fn len(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.int(session.server.slowlog.len() as i64);
    Flow::Done
}

fn reset(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    session.server.slowlog.reset();
    reply.ok();
    Flow::Done
}

fn help(_: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.help(
        "SLOWLOG",
        &[
            "GET [<count>]",
            "    Return the latest <count> entries (10 unless given, all with -1). An entry is:",
            "    number, time in seconds since 1970, microseconds taken, the request,",
            "    the client's address, the client's name",
            "LEN",
            "    Return how many entries are kept.",
            "RESET",
            "    Forget them.",
        ],
    );
    Flow::Done
}
