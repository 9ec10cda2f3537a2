//! WAIT and WAITAOF, as a server without replicas answers them.

use crate::commands::row::{Group, ROW, Row, Run, category, flag::*};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::session::client::AwaitsLog;
use crate::session::durability::WAITAOF_DONE;
use crate::session::handle::{Flow, Session};

pub const ROWS: &[Row] = &[
    Row {
        name: "wait",
        arity: 3,
        flags: BLOCKING,
        categories: category::CONNECTION,
        group: Group::Generic,
        since: "3.0.0",
        summary: "Waits until replicas have the writes of this connection, and tells how many do.",
        args: "numreplicas timeout",
        reply: "number",
        run: Run::Session(wait),
        ..ROW
    },
    Row {
        name: "waitaof",
        arity: 4,
        flags: BLOCKING,
        categories: category::CONNECTION,
        group: Group::Generic,
        since: "7.2.0",
        summary: "Waits until the writes of this connection are in append-only files, and tells in how many.",
        args: "numlocal numreplicas timeout",
        reply: "number[]",
        run: Run::Session(waitaof),
        ..ROW
    },
];

fn wait(_: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let Some(replicas) = number::integer(args.get(1)) else {
        reply.error(error::NOT_INTEGER);
        return Flow::Done;
    };
    let Some(timeout_ms) = timeout(args.get(2), reply) else { return Flow::Done };
    if replicas <= 0 {
        reply.int(0);
        return Flow::Done;
    }
    Flow::Later { ms: timeout_ms, reply: b":0\r\n".to_vec() }
}

fn waitaof(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let Some(local) = number::integer(args.get(1)) else {
        reply.error(error::NOT_INTEGER);
        return Flow::Done;
    };
    if !(0..=1).contains(&local) {
        reply.error(&error::not_between(0, 1));
        return Flow::Done;
    }
    let Some(replicas) = number::integer(args.get(2)).filter(|number| *number >= 0) else {
        let text = if number::integer(args.get(2)).is_none() { error::NOT_INTEGER } else { error::NOT_POSITIVE };
        reply.error(text);
        return Flow::Done;
    };
    let Some(timeout_ms) = timeout(args.get(3), reply) else { return Flow::Done };
    if local > 0 {
        if !session.server.durability.has_log() {
            reply.error(error::WAITAOF_WITHOUT_AOF);
            return Flow::Done;
        }
        reply.raw(WAITAOF_DONE);
        let written = session.server.store.log.tail();
        session.server.want_sync(written);
        let until_ms = timeout_ms.map_or(i64::MAX, |ms| session.txn.now_ms.saturating_add_unsigned(ms));
        // No replica will ever come.
        let at = if replicas == 0 { written } else { u64::MAX };
        session.client.awaits_log = Some(AwaitsLog { at, written, until_ms });
        return Flow::Done;
    }
    if replicas == 0 {
        reply.array(2);
        reply.int(0);
        reply.int(0);
        return Flow::Done;
    }
    Flow::Later { ms: timeout_ms, reply: b"*2\r\n:0\r\n:0\r\n".to_vec() }
}

/// A timeout in ms, 0 for ever. None: an error was replied.
fn timeout(text: &[u8], reply: &mut Reply) -> Option<Option<u64>> {
    match number::integer(text) {
        None => reply.error(error::TIMEOUT_NOT_INTEGER),
        Some(ms) if ms < 0 => reply.error(error::TIMEOUT_NEGATIVE),
        Some(0) => return Some(None),
        Some(ms) => return Some(Some(ms as u64)),
    }
    None
}
