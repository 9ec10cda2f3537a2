//! Counting which keys cost most, while HOTKEYS collects.

use std::sync::atomic::Ordering::Relaxed;

use super::batch::{Request, UNKNOWN};
use super::execute::{Executor, Outcome};
use crate::commands::row::{Row, access};
use crate::commands::table::table;
use crate::resp::args::Args;
use crate::session::conn::Conn;
use crate::session::server::GATE_HOTKEYS;
use crate::sys::{clock, random};

impl Executor {
    #[inline]
    pub(super) fn counts_hotkeys(&self) -> bool {
        self.server.gate.load(Relaxed) & GATE_HOTKEYS != 0
    }

    /// Counts the request that ran just now. One that goes on in slices counts with its first; those that EXEC runs count one by
    /// one, EXEC itself has no keys.
    #[cold]
    pub(super) fn count_hotkeys(&self, conn: &Conn, request: &Request, outcome: &Outcome) {
        let row = conn.client.last_command;
        if row != UNKNOWN && matches!(outcome, Outcome::Done | Outcome::Failed | Outcome::Waits) {
            let us = (clock::mono_ns() - self.started_ns) / 1000;
            let bytes = request.bytes as u64 + conn.output.len().saturating_sub(self.mark) as u64;
            self.count_keys(table().row(row), self.batch.args(request), us, bytes);
        }
    }

    pub(super) fn count_keys(&self, row: &Row, args: Args, us: u64, bytes: u64) {
        let mut keys: Vec<&[u8]> = Vec::new();
        let _ = row.each_key(args, |index, kind| {
            if kind & access::NOT_KEY == 0 {
                keys.push(args.get(index));
            }
        });
        self.server.hotkeys.with(|now| {
            if let Some(now) = now {
                let sampled = now.wanted.sample_ratio == 1 || random::below(now.wanted.sample_ratio) == 0;
                now.count(us, bytes, keys.iter().copied(), sampled);
            }
        });
    }

    /// Ends a collection whose time is over.
    pub fn stop_overdue_hotkeys(&self) {
        if self.counts_hotkeys() {
            let now_ms = clock::now_ms();
            self.server.hotkeys.with(|now| {
                if let Some(now) = now.as_mut().filter(|now| now.is_overdue(now_ms)) {
                    now.stop(now_ms);
                }
            });
            self.server.judge_hotkeys();
        }
    }
}
