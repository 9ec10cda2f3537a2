//! SLOWLOG and COMMANDLOG: requests that stood out, as dispatch recorded them.

use super::SERVER;
use crate::commands::row::{Row, Run, flag::*};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::session::handle::{Flow, Session};
use crate::session::slowlog::Slowlog;

const SLOWLOG: Row = Row { flags: ADMIN | LOADING | STALE, since: "2.2.12", ..SERVER };

/// Valkey 8.1's, with the slow log as one of three.
const COMMANDLOG: Row = Row { flags: ADMIN | LOADING | STALE, since: "8.1.0", ..SERVER };

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
    Row {
        name: "commandlog",
        arity: -2,
        flags: 0,
        complexity: "Depends on subcommand.",
        summary: "A container for command log commands.",
        ..COMMANDLOG
    },
    Row {
        name: "commandlog|get",
        arity: -4,
        complexity: "O(N) where N is the number of entries returned",
        summary: "Returns requests that stood out in one way, the latest first.",
        args: "count type",
        reply: "unknown[]",
        run: Run::Session(commandlog_get),
        ..COMMANDLOG
    },
    Row {
        name: "commandlog|help",
        arity: 2,
        flags: LOADING | STALE,
        summary: "Lists the subcommands.",
        reply: "string[]",
        run: Run::Session(commandlog_help),
        ..COMMANDLOG
    },
    Row {
        name: "commandlog|len",
        arity: -3,
        summary: "Returns how many requests of one kind are kept.",
        args: "type",
        reply: "number",
        run: Run::Session(commandlog_len),
        ..COMMANDLOG
    },
    Row {
        name: "commandlog|reset",
        arity: -3,
        complexity: "O(N) where N is the number of entries in the commandlog",
        summary: "Forgets the requests of one kind.",
        args: "type",
        run: Run::Session(commandlog_reset),
        ..COMMANDLOG
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
            reply.error_bytes(&error::subcommand_syntax(args.get(1), "slowlog"));
            return Flow::Done;
        }
    };
    entries(&session.server.slowlog, count, reply);
    Flow::Done
}

fn entries(log: &Slowlog, count: i64, reply: &mut Reply) {
    let entries = log.latest(usize::try_from(count).unwrap_or(usize::MAX));
    reply.array(entries.len());
    for entry in entries {
        reply.array(6);
        reply.int(entry.id as i64);
        reply.int(entry.at_ms / 1000);
        reply.int(entry.value as i64);
        reply.array(entry.argv.len());
        for word in &entry.argv {
            reply.bulk(word);
        }
        reply.text(&entry.address);
        reply.bulk(&entry.client_name);
    }
}

/// The log that argument `at` names, the last one there may be. None: an error was replied.
fn log_of(session: &Session, args: Args, at: usize, reply: &mut Reply) -> Option<&'static Slowlog> {
    let server = session.server;
    if args.len() > at + 1 {
        reply.error_bytes(&error::subcommand_syntax(args.get(1), "commandlog"));
        return None;
    }
    if args.is(at, "slow") {
        Some(&server.slowlog)
    } else if args.is(at, "large-request") {
        Some(&server.large_requests)
    } else if args.is(at, "large-reply") {
        Some(&server.large_replies)
    } else {
        reply.error("ERR type should be one of the following: slow, large-request, large-reply");
        None
    }
}

fn commandlog_get(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let count = match number::integer(args.get(2)) {
        Some(-1) => i64::MAX,
        Some(count) if count >= 0 => count,
        _ => {
            reply.error("ERR count should be greater than or equal to -1");
            return Flow::Done;
        }
    };
    if let Some(log) = log_of(session, args, 3, reply) {
        entries(log, count, reply);
    }
    Flow::Done
}

fn commandlog_len(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    if let Some(log) = log_of(session, args, 2, reply) {
        reply.int(log.len() as i64);
    }
    Flow::Done
}

fn commandlog_reset(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    if let Some(log) = log_of(session, args, 2, reply) {
        log.reset();
        reply.ok();
    }
    Flow::Done
}

fn commandlog_help(_: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.help(
        "COMMANDLOG",
        &[
            "GET <count> <type>",
            "    Return the latest <count> entries of a log (all with -1). An entry is:",
            "    number, time in seconds since 1970, microseconds taken (slow) or bytes (large-request, large-reply),",
            "    the request, the client's address, the client's name",
            "LEN <type>",
            "    Return how many entries a log has.",
            "RESET <type>",
            "    Forget the entries of a log.",
        ],
    );
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
