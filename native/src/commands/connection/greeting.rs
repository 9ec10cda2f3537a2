//! PING, ECHO, SELECT, RESET and QUIT.

use super::CONNECTION;
use crate::commands::row::{Row, Run, flag::*};
use crate::resp::args::Args;
use crate::resp::reply::{Protocol, Reply};
use crate::resp::{error, number};
use crate::session::client::ReplyMode;
use crate::session::handle::{Flow, Session};
use crate::txn::Effect;

const ANY_STATE: u32 = NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY | IMMEDIATE;

pub const ROWS: &[Row] = &[
    Row {
        name: "ping",
        arity: -1,
        flags: FAST,
        summary: "Answers PONG, or the message.",
        args: "[message]",
        reply: "string",
        run: Run::Session(ping),
        ..CONNECTION
    },
    Row {
        name: "echo",
        arity: 2,
        flags: LOADING | STALE | FAST,
        summary: "Answers the message.",
        args: "message",
        reply: "string",
        run: Run::Session(echo),
        ..CONNECTION
    },
    Row {
        name: "select",
        arity: 2,
        flags: LOADING | STALE | FAST,
        summary: "Changes the database that the connection works on.",
        args: "index",
        run: Run::Session(select),
        ..CONNECTION
    },
    Row {
        name: "reset",
        arity: 1,
        flags: ANY_STATE,
        since: "6.2.0",
        summary: "Makes the connection as it was when it was opened.",
        reply: "\"RESET\"",
        run: Run::Session(reset),
        ..CONNECTION
    },
    Row {
        name: "quit",
        arity: -1,
        flags: ANY_STATE,
        summary: "Closes the connection.",
        run: Run::Session(quit),
        ..CONNECTION
    },
];

fn ping(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    match args.len() {
        // Like a message, so that a client which only reads those can tell.
        1 | 2 if session.client.listens_only() => {
            reply.array(2);
            reply.bulk(b"pong");
            reply.bulk(if args.len() == 2 { args.get(1) } else { b"" });
        }
        1 => reply.simple("PONG"),
        2 => reply.bulk(args.get(1)),
        _ => reply.error(&error::wrong_arity("ping")),
    }
    Flow::Done
}

fn echo(_: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    reply.bulk(args.get(1));
    Flow::Done
}

fn select(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    match number::integer(args.get(1)) {
        None => reply.error(error::NOT_INTEGER),
        Some(index) if i32::try_from(index).is_err() => {
            reply.error(&error::not_between(i32::MIN as i64, i32::MAX as i64));
        }
        Some(index) if index < 0 || index >= session.server.store.databases as i64 => reply.error(error::INVALID_DB),
        Some(index) => {
            session.client.db = index as u32;
            reply.ok();
        }
    }
    Flow::Done
}

/// What stays: the id, and lib-name and lib-ver, which say what software is behind the connection.
fn reset(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    if let Err(shard) = session.client.forget_watches(session.txn) {
        return Flow::Effect(Effect::Busy(shard));
    }
    session.local.forget(session.server, session.core, session.client);
    let (user, users_version) = session.server.acl.default_now();
    let client = &mut *session.client;
    client.multi = None;
    client.db = 0;
    client.proto = Protocol::Resp2;
    client.name.clear();
    client.authenticated = user.enabled && user.nopass;
    (client.user, client.users_version) = (user, users_version);
    client.reply_mode = ReplyMode::On;
    client.no_touch = false;
    client.no_evict = false;
    client.imports = false;
    client.takes_redirects = false;
    client.fieldsets.clear();
    client.refresh();
    reply.proto = Protocol::Resp2;
    reply.simple("RESET");
    Flow::Done
}

fn quit(_: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.ok();
    Flow::Close
}
