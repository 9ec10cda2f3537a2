//! Requests that meet a script which has gone on for longer than `busy-reply-threshold`.
//!
//! ```text
//!   on its own core    the script's hook serves the network with an executor beside the one that is taken:
//!                      commands flagged ALLOW_BUSY run, the others are told BUSY
//!   on another core    whoever needs a shard that it holds is told BUSY; the rest is served as ever
//! ```
//!
//! A function in JavaScript has no such hook: its own core's clients wait, those of other cores are told the same. In the background
//! it has no clients of its own.

use std::sync::atomic::Ordering::Relaxed;

use super::execute::{Executor, Outcome, Pump};
use crate::commands::row::{Row, flag};
use crate::resp::error;
use crate::session::conn::{Conn, Wait};
use crate::session::server::SlowScript;
use crate::sys::clock;

impl Executor {
    /// Redis's text: what can end the script that core `core` runs.
    pub(super) fn busy_text(&self, core: usize) -> &'static str {
        if self.server.cores[core].script.kind() == SlowScript::SCRIPT { error::BUSY_SCRIPT } else { error::BUSY }
    }

    /// May this run while a script of this core goes on? What the queue of an EXEC does may not.
    pub(super) fn runs_beside(&self, conn: &Conn, row: &Row) -> bool {
        let aborted = conn.client.multi.as_ref().is_none_or(|multi| multi.aborted);
        row.flags & flag::ALLOW_BUSY != 0 && (row.name != "exec" || aborted)
    }

    /// May who waits for this shard go on? Also where that is to be told that its holder goes on for long.
    pub fn is_over(&self, shard: u32) -> bool {
        !self.txn.latches.wait_for(shard, self.core) || self.is_busy_elsewhere(shard)
    }

    /// Is this shard held by a script or function that goes on for long? Who is parked asks every millisecond.
    pub fn is_busy_elsewhere(&self, shard: u32) -> bool {
        let busy_ms = self.server.settings.busy_reply_threshold.load(Relaxed);
        busy_ms != 0
            && self.txn.holder(shard).is_some_and(|core| {
                let since_ns = self.server.cores[core].running_since_ns.load(Relaxed);
                since_ns != 0 && clock::coarse_ns().saturating_sub(since_ns) / 1_000_000 >= busy_ms
            })
    }

    /// A request needs such a shard: it is refused.
    #[cold]
    pub(super) fn settle_busy(&mut self, conn: &mut Conn, shard: u32) -> Option<Pump> {
        let core = self.txn.holder(shard).unwrap_or(self.core);
        let is_exec = conn.client.multi.is_some();
        self.mark = conn.output.len();
        conn.call_shards.clear();
        let outcome = self.refuse(conn, if is_exec { "exec" } else { "" }, self.busy_text(core).as_bytes());
        if let Outcome::Shard(shard) = outcome {
            // A key that it watches is held too: it waits to let go of it.
            conn.wait = Wait::Shard(shard);
            self.batch.end(&mut conn.input);
            return Some(Pump::Parked);
        }
        self.book(conn, &outcome);
        self.batch.advance();
        None
    }
}
