//! MULTI, EXEC, DISCARD, WATCH, UNWATCH. What EXEC runs is dispatch's business; here the connection's state changes.

use std::sync::atomic::Ordering::Relaxed;

use super::row::{Group, ROW, Row, Run, access, category, flag::*, keys};
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::session::handle::{Flow, Session};
use crate::txn::Effect;

const ANYTIME: u32 = NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY;

/// What every row of this file has in common.
const TRANSACTION: Row =
    Row { arity: 1, flags: ANYTIME | IMMEDIATE, categories: category::TRANSACTION, group: Group::Transactions, ..ROW };

pub const ROWS: &[Row] = &[
    Row {
        name: "multi",
        since: "1.2.0",
        summary: "Starts a transaction: the commands that follow are queued until EXEC.",
        reply: "\"OK\"",
        run: Run::Session(multi),
        ..TRANSACTION
    },
    Row {
        name: "exec",
        flags: NOSCRIPT | LOADING | STALE | SKIP_SLOWLOG | IMMEDIATE,
        since: "1.2.0",
        complexity: "Depends on the commands in the transaction.",
        summary: "Runs the queued commands as one step.",
        reply: "unknown[] | null",
        run: Run::Session(exec),
        ..TRANSACTION
    },
    Row {
        name: "discard",
        since: "2.0.0",
        complexity: "O(N) where N is the number of queued commands.",
        summary: "Drops the queued commands.",
        reply: "\"OK\"",
        run: Run::Session(discard),
        ..TRANSACTION
    },
    Row {
        name: "watch",
        arity: -2,
        keys: &[keys(1, -1, 1, access::RO)],
        since: "2.2.0",
        complexity: "O(1) for every key.",
        summary: "Makes the next EXEC fail if one of these keys changes before it.",
        args: "key [key ...]",
        reply: "\"OK\"",
        run: Run::Session(watch),
        ..TRANSACTION
    },
    Row {
        name: "unwatch",
        flags: ANYTIME,
        since: "2.2.0",
        complexity: "O(N) where N is the number of watched keys.",
        summary: "Forgets all watched keys.",
        reply: "\"OK\"",
        run: Run::Session(unwatch),
        ..TRANSACTION
    },
];

fn multi(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    if session.client.multi.is_some() {
        reply.error(error::NESTED_MULTI);
        return Flow::Done;
    }
    session.client.multi = Some(Box::default());
    session.client.refresh();
    reply.ok();
    Flow::Done
}

fn exec(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    if session.client.multi.is_none() {
        reply.error(error::EXEC_WITHOUT_MULTI);
        return Flow::Done;
    }
    Flow::Exec
}

fn discard(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    if session.client.multi.is_none() {
        reply.error(error::DISCARD_WITHOUT_MULTI);
        return Flow::Done;
    }
    if let Err(shard) = session.client.forget_watches(session.txn) {
        return Flow::Effect(Effect::Busy(shard));
    }
    session.client.multi = None;
    session.client.refresh();
    reply.ok();
    Flow::Done
}

fn watch(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let Session { client, txn, .. } = session;
    if client.multi.is_some() {
        reply.error(error::WATCH_IN_MULTI);
        return Flow::Done;
    }
    // Once a watched key has changed, EXEC fails whatever else is watched.
    if !client.watch_broken() {
        for key in args.from(1).iter() {
            if txn.watch(client.db, key, &client.watch_flag) {
                session.server.store.watching_clients.fetch_add(client.watched.is_empty() as u64, Relaxed);
                client.watched.push((client.db, key.into()));
            }
        }
    }
    reply.ok();
    Flow::Done
}

fn unwatch(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    if let Err(shard) = session.client.forget_watches(session.txn) {
        return Flow::Effect(Effect::Busy(shard));
    }
    reply.ok();
    Flow::Done
}
