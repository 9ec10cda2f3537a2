//! `appendfsync always`: replies wait until what they may tell of is on disk.
//!
//! Not those of writes alone: who reads must not see what a crash would take back. Whatever a turn of the loop has to say is held until the log
//! is on disk up to where it ended then; the loop goes on meanwhile. One fsync serves all who wait.
//! A connection that waits is not run, or its output would never be old enough.

use std::sync::atomic::Ordering;

use super::core::Core;
use crate::session::conn::{Conn, Settles};
use crate::session::durability::{GATE_DISK, WAITAOF_DONE, WAITAOF_LATE};

impl Core {
    /// Must the output of a connection wait? Then it is sent by [`Core::settle`], and the connection is not run until then.
    #[inline]
    pub(super) fn must_settle(&mut self, slot: usize, conn: &mut Conn) -> bool {
        match conn.settles {
            Some(_) => true,
            None if conn.client.awaits_log.is_some() => self.hold_asked(slot, conn),
            None => self.server.store.log.barrier().is_some_and(|at| self.hold(slot, conn, at)),
        }
    }

    #[cold]
    fn hold(&mut self, slot: usize, conn: &mut Conn, at: u64) -> bool {
        let changes = self.executor.txn.appended;
        if self.disk_fails() && !changes {
            return false;
        }
        conn.settles = Some(Settles { at, bytes: conn.output_bytes(), changes, asked: None });
        self.note_held(slot, conn);
        true
    }

    #[cold]
    fn hold_asked(&mut self, slot: usize, conn: &mut Conn) -> bool {
        let asked = conn.client.awaits_log.take();
        let at = asked.map_or(0, |asked| asked.at);
        conn.settles = Some(Settles { at, bytes: conn.output_bytes(), changes: true, asked });
        self.note_held(slot, conn);
        true
    }

    fn note_held(&mut self, slot: usize, conn: &Conn) {
        self.unsettled.push_back((slot, conn.client.id));
        self.server.durability.held.fetch_add(1, Ordering::Relaxed);
        self.server.durability.wait_on(self.id);
    }

    /// While the disk takes nothing changes are refused; who reads is served, and sees those in flight.
    fn disk_fails(&self) -> bool {
        self.server.gate.load(Ordering::Relaxed) & GATE_DISK != 0
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
        let now_ms = self.executor.txn.now_ms;
        let (waits, durable, fails) = (log.barrier().is_some(), log.durable(), self.disk_fails());
        for _ in 0..self.unsettled.len() {
            let Some((slot, client)) = self.unsettled.pop_front() else { break };
            let settles = match self.conns.get(slot) {
                Some(conn) if conn.client.id == client => conn.settles,
                _ => None,
            };
            let Some(settles) = settles else {
                // It has gone.
                self.server.durability.held.fetch_sub(1, Ordering::Relaxed);
                continue;
            };
            let late = settles.asked.is_some_and(|asked| asked.until_ms <= now_ms);
            if late
                && let Some(conn) = self.conns.get(slot)
                && settles.asked.is_some_and(|asked| asked.written > durable)
                && conn.output.ends_with(WAITAOF_DONE)
            {
                let from = conn.output.len() - WAITAOF_DONE.len();
                conn.output[from..].copy_from_slice(WAITAOF_LATE);
            }
            let holds = if settles.asked.is_some() { !late } else { waits && (settles.changes || !fails) };
            if holds && settles.at > durable {
                self.unsettled.push_back((slot, client));
            } else if let Some(conn) = self.conns.take(slot) {
                self.server.durability.held.fetch_sub(1, Ordering::Relaxed);
                self.end_hold(slot, conn, settles);
            }
        }
    }

    fn end_hold(&mut self, slot: usize, mut conn: Box<Conn>, settles: Settles) {
        conn.settles = None;
        // What has come since may tell of what was changed since.
        let more = conn.output_bytes() > settles.bytes;
        if more && self.server.store.log.barrier().is_some_and(|now| now > settles.at) {
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
