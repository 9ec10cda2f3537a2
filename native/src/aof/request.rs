//! Running one request of a log.

use std::thread;

use crate::commands::row::{DataHandler, Row, flag};
use crate::resp::args::Args;
use crate::resp::reply::{Protocol, Reply};
use crate::txn::{Effect, Progress, Txn};

/// How it ended; its reply is in the buffer given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Done {
    Replied,
    Failed,
}

/// Runs it on `db` to its end. `holds`: the transaction has latched all shards, and keeps them.
pub fn run_data(
    txn: &mut Txn,
    (db, holds): (u32, bool),
    (row, handler): (&Row, DataHandler),
    args: Args,
    (proto, out): (Protocol, &mut Vec<u8>),
) -> Done {
    let store = txn.store;
    txn.db = db;
    let mut shards = Vec::new();
    if row.flags & flag::WHOLE == 0 {
        let _ = row.each_key(args, |index, _| shards.push(store.shard_of(store.hash(args.get(index)))));
    } else {
        shards.extend(0..store.shards_count());
    }
    while !holds && txn.latch_all(&mut shards).is_err() {
        thread::yield_now();
    }
    let mut reply = Reply::new(out, proto);
    match handler(txn, args, &mut reply) {
        Effect::Slices(mut work) => while !matches!(work.step(txn, &mut reply), Ok(Progress::Done)) {},
        Effect::Block(block) => {
            txn.again_ms = None;
            reply.raw(block.nothing.reply(proto));
        }
        _ => (),
    }
    let failed = reply.failed();
    txn.commit();
    let _ = txn.take_told();
    if !holds {
        txn.release();
    }
    if failed { Done::Failed } else { Done::Replied }
}
