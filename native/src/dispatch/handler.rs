//! Running a handler: its keys latched, its reply written, its effect passed on.

use crate::commands::row::{Row, Run, flag};
use crate::commands::table::table;
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::session::conn::{Conn, Wait};
use crate::session::handle::{Flow, Session};
use crate::session::local::Local;
use crate::session::server::Server;
use crate::txn::{Effect, Txn};

use super::execute::Outcome;

/// Latches the shards of all keys of a request, or all shards where the row says so. A walk latches none here.
pub(super) fn latch_keys(txn: &mut Txn, number: u16, args: Args, shards: &mut Vec<u32>) -> Result<(), u32> {
    let row = table().row(number);
    if row.flags & flag::WHOLE != 0 {
        return txn.latch_store();
    }
    shards.clear();
    let store = txn.store;
    let _ = row.each_key(args, |index, _| shards.push(store.shard_of(store.hash(args.get(index)))));
    txn.latch_all(shards)
}

pub(super) fn run_handler(
    txn: &mut Txn,
    local: &mut Local,
    (server, core): (&'static Server, usize),
    row: &Row,
    args: Args,
    conn: &mut Conn,
) -> (Outcome, Option<Flow>) {
    txn.db = conn.client.db;
    txn.no_touch = conn.client.no_touch;
    let mut reply = Reply::new(&mut conn.output, conn.client.proto);
    match row.run {
        Run::Data(handler) => {
            let effect = handler(txn, args, &mut reply);
            let failed = reply.failed();
            let outcome = after_effect(effect, txn, row, args, conn);
            (if failed && outcome == Outcome::Done { Outcome::Failed } else { outcome }, None)
        }
        Run::Session(handler) => {
            let flow = {
                let mut session = Session { client: &mut conn.client, txn, server, core, local };
                handler(&mut session, args, &mut reply)
            };
            let failed = reply.failed();
            match flow {
                Flow::Done if failed => (Outcome::Failed, None),
                Flow::Done => (Outcome::Done, None),
                Flow::Close => (Outcome::Close, None),
                Flow::Kill => (Outcome::Kill, None),
                Flow::Effect(effect) => {
                    let outcome = after_effect(effect, txn, row, args, conn);
                    (if failed && outcome == Outcome::Done { Outcome::Failed } else { outcome }, None)
                }
                other => (Outcome::Done, Some(other)),
            }
        }
        _ => unreachable!("only data and session commands have handlers"),
    }
}

/// The one place that hands effects to the log, and walks to the loop.
#[inline]
pub(super) fn after_effect(effect: Effect, txn: &mut Txn, row: &Row, args: Args, conn: &mut Conn) -> Outcome {
    match effect {
        Effect::None => Outcome::Done,
        Effect::Verbatim => {
            record_request(txn, row, args);
            Outcome::Done
        }
        Effect::Rewrite(commands) => {
            txn.record_commands(commands);
            Outcome::Done
        }
        Effect::Slices(work) => {
            conn.wait = Wait::Work { work, blocked_on: None };
            Outcome::Waits
        }
        Effect::Block(block) => {
            conn.wait = Wait::Begin(block);
            Outcome::Waits
        }
        Effect::Busy(shard) => Outcome::Shard(shard),
    }
}

/// Records a request that did what it says.
#[inline]
pub(super) fn record_request(txn: &mut Txn, row: &Row, args: Args) {
    if txn.record {
        txn.record_request(args, is_kept(row), || table().in_own_words(row, args));
    }
}

/// As [`record_request`], where nothing else comes before the commit. False: it does not go so.
#[inline]
pub(super) fn record_sole(txn: &mut Txn, row: &Row, args: Args) -> bool {
    txn.record && !is_kept(row) && txn.record_sole(args)
}

/// Commands may have other names than their own; and the log of changes has no use for messages.
#[inline]
fn is_kept(row: &Row) -> bool {
    table().is_renamed() || row.flags & flag::PUBSUB != 0
}
