//! `appendfsync always`: replies wait until what they may tell of is on disk.
//!
//! Not those of writes alone: who reads must not see what a crash would take back. Whatever a turn of the loop has to say is held until the log
//! is on disk up to where it ended then; the loop goes on meanwhile. One fsync serves all who wait.
//! A connection that waits is not run, or its output would never be old enough.

use std::sync::atomic::Ordering;

use super::core::Core;
use crate::session::conn::Conn;
use crate::session::durability::GATE_DISK;

impl Core {
    /// Must the output of a connection wait? Then it is sent by [`Core::settle`], and the connection is not run until then.
    #[inline]
    pub(super) fn must_settle(&mut self, slot: usize, conn: &mut Conn) -> bool {
        match conn.settles_at {
            Some(_) => true,
            None => self.server.store.log.barrier().is_some_and(|at| self.hold(slot, conn, at)),
        }
    }

    #[cold]
    fn hold(&mut self, slot: usize, conn: &mut Conn, at: u64) -> bool {
        // While the disk takes nothing changes are refused; who reads is served, and sees those in flight.
        if self.server.gate.load(Ordering::Relaxed) & GATE_DISK != 0 && !self.executor.txn.appended {
            return false;
        }
        conn.settles_at = Some((at, conn.output_bytes()));
        self.unsettled.push_back((slot, conn.client.id));
        self.server.durability.wait_on(self.id);
        true
    }

    /// At the end of a turn: tells the writer of the log that there is something, and sends what has waited long enough.
    pub(super) fn settle(&mut self) {
        if std::mem::take(&mut self.executor.txn.appended) {
            self.server.store.log.nudge();
        }
        if self.unsettled.is_empty() {
            return;
        }
        // Before the look at how far it is: who writes the log looks at this after it has said so.
        self.server.durability.wait_on(self.id);
        let log = &self.server.store.log;
        let waits = log.barrier().is_some();
        let durable = log.durable();
        while let Some((slot, client)) = self.unsettled.front().copied() {
            let at = match self.conns.get(slot) {
                Some(conn) if conn.client.id == client => conn.settles_at,
                _ => None,
            };
            if at.is_some_and(|(at, _)| waits && at > durable) {
                break;
            }
            self.unsettled.pop_front();
            if let Some((at, bytes)) = at
                && let Some(conn) = self.conns.take(slot)
            {
                self.end_hold(slot, conn, at, bytes);
            }
        }
    }

    fn end_hold(&mut self, slot: usize, mut conn: Box<Conn>, at: u64, bytes: usize) {
        conn.settles_at = None;
        // What has come since may tell of what was changed since.
        if conn.output_bytes() > bytes && self.server.store.log.barrier().is_some_and(|now| now > at) {
            self.finish(slot, conn);
            return;
        }
        let was_held = std::mem::take(&mut conn.held);
        if !conn.dead && !conn.blocked {
            self.send(slot, &mut conn);
        }
        if was_held {
            self.ready.push_back(slot);
        }
        self.finish(slot, conn);
    }
}
