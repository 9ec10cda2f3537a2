//! CLIENT itself, its help, and the subcommands that hold connections or let them go: PAUSE, UNPAUSE, UNBLOCK.

use super::CONNECTION;
use crate::commands::row::{Row, Run, flag::*};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::session::conn::{Conns, Wait};
use crate::session::gather::Gather;
use crate::session::handle::{Flow, Session};
use crate::session::server::Pause;
use crate::sys::clock;

const ADMINISTRATION: Row = Row { flags: ADMIN | NOSCRIPT | LOADING | STALE, ..CONNECTION };

pub const ROWS: &[Row] = &[
    Row {
        name: "client",
        arity: -2,
        categories: 0,
        since: "2.4.0",
        complexity: "Depends on subcommand.",
        summary: "A container for client connection commands.",
        ..CONNECTION
    },
    Row {
        name: "client|help",
        arity: 2,
        flags: LOADING | STALE,
        since: "5.0.0",
        summary: "Lists the subcommands.",
        reply: "string[]",
        run: Run::Session(help),
        ..CONNECTION
    },
    Row {
        name: "client|pause",
        arity: -3,
        since: "3.0.0",
        summary: "Holds the requests of all clients, or their writes, for some time.",
        args: "timeout [WRITE | ALL]",
        run: Run::Session(pause),
        ..ADMINISTRATION
    },
    Row {
        name: "client|unpause",
        arity: 2,
        since: "6.2.0",
        complexity: "O(N) Where N is the number of paused clients",
        summary: "Ends a pause.",
        run: Run::Session(unpause),
        ..ADMINISTRATION
    },
    Row {
        name: "client|unblock",
        arity: -3,
        since: "5.0.0",
        complexity: "O(log N) where N is the number of client connections",
        summary: "Ends the waiting of a client in a blocking command.",
        args: "client-id [TIMEOUT | ERROR]",
        reply: "number",
        run: Run::Session(unblock),
        ..ADMINISTRATION
    },
];

fn help(_: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.help(
        "CLIENT",
        &[
            "CACHING (YES|NO)",
            "    Track the keys of the next request, or do not.",
            "GETNAME",
            "    Return this connection's name.",
            "GETREDIR",
            "    Return the connection that tracking redirects to.",
            "ID",
            "    Return this connection's number.",
            "INFO",
            "    Describe this connection.",
            "KILL <ip:port>",
            "    Close the connection from this address.",
            "KILL <option> <value> [<option> <value> [...]]",
            "    Close the connections that meet every option:",
            "    * ADDR (<ip:port>|<unixsocket>:0)",
            "      The client's address.",
            "    * LADDR (<ip:port>|<unixsocket>:0)",
            "      The server's address.",
            "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
            "      The kind of connection.",
            "    * USER <username>",
            "      Who has logged in.",
            "    * ID <client-id>",
            "      The connection's number.",
            "    * MAXAGE <seconds>",
            "      Open for at least so long.",
            "    * SKIPME (YES|NO)",
            "      Spare this connection (the default), or do not.",
            "LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB)] [ID <client-id> [<client-id> ...]]",
            "    Describe connections, a line each.",
            "NO-EVICT (ON|OFF)",
            "    Spare this connection when clients are evicted.",
            "NO-TOUCH (ON|OFF)",
            "    Read without changing access times.",
            "PAUSE <milliseconds> [WRITE|ALL]",
            "    Hold all requests, or writes only, for some time.",
            "REPLY (ON|OFF|SKIP)",
            "    Turn this connection's replies on or off, or skip the next.",
            "SETINFO <option> <value>",
            "    Tell the client's library (LIB-NAME) or its version (LIB-VER).",
            "SETNAME <name>",
            "    Name this connection.",
            "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]] [OPTIN] [OPTOUT] [NOLOOP]",
            "    Turn invalidation messages for client-side caches on or off.",
            "TRACKINGINFO",
            "    Return how keys of this connection are tracked.",
            "UNBLOCK <client-id> [TIMEOUT|ERROR]",
            "    End the waiting of a client in a blocking command.",
            "UNPAUSE",
            "    End a pause.",
        ],
    );
    Flow::Done
}

fn pause(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let mode = match args.len() {
        3 => Some(Pause::All),
        4 if args.is(3, "write") => Some(Pause::Writes),
        4 if args.is(3, "all") => Some(Pause::All),
        4 => None,
        _ => {
            reply.error_bytes(&error::subcommand_syntax(args.get(1), "client"));
            return Flow::Done;
        }
    };
    let Some(mode) = mode else {
        reply.error("ERR CLIENT PAUSE mode must be WRITE or ALL");
        return Flow::Done;
    };
    let now_ms = clock::now_ms();
    match number::integer(args.get(2)) {
        None => reply.error("ERR timeout is not an integer or out of range"),
        Some(timeout_ms) if timeout_ms < 0 => reply.error("ERR timeout is negative"),
        Some(timeout_ms) if timeout_ms > i64::MAX - now_ms => reply.error("ERR timeout is out of range"),
        Some(timeout_ms) => {
            session.server.set_pause(mode, now_ms + timeout_ms);
            reply.ok();
        }
    }
    Flow::Done
}

fn unpause(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    session.server.set_pause(Pause::No, 0);
    reply.ok();
    Flow::Done
}

fn unblock(_: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let with_error = args.len() == 4 && args.is(3, "error");
    if args.len() > 4 {
        reply.error_bytes(&error::subcommand_syntax(args.get(1), "client"));
        return Flow::Done;
    }
    if args.len() == 4 && !args.is(3, "timeout") && !with_error {
        reply.error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
        return Flow::Done;
    }
    let Some(id) = number::integer(args.get(2)) else {
        reply.error(error::NOT_INTEGER);
        return Flow::Done;
    };
    let question = move |conns: &mut Conns| (Vec::new(), i64::from(end_waiting(conns, id as u64, with_error)));
    let combine = |reply: &mut Reply, _: Vec<u8>, count: i64| reply.int(count);
    Flow::Gather(Gather { question: Some(Box::new(question)), combine: Box::new(combine) })
}

/// Ends the waiting of a client of these connections, as if its time were over, or with an error. False: it does not wait, at
/// least for nothing that has a timeout.
fn end_waiting(conns: &mut Conns, id: u64, with_error: bool) -> bool {
    let Some((slot, conn)) = conns.iter().find(|(_, conn)| conn.client.id == id) else { return false };
    let error = format!("-{}\r\n", error::UNBLOCKED).into_bytes();
    match &mut conn.wait {
        Wait::Block(waiter) if waiter.cancel() => {
            let reply = if with_error { error } else { waiter.nothing.to_vec() };
            conns.unblocked.push((slot, reply));
            true
        }
        // WAIT; a sleep, which has the books of a walk beside it, has no timeout.
        Wait::Until(at_ms, reply) if conn.walk.is_none() => {
            *at_ms = 0;
            if with_error {
                *reply = error;
            }
            true
        }
        _ => false,
    }
}
