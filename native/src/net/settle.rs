//! Replies wait until what they may tell of is safe: in the file of the log, or on disk with `appendfsync always`.
//!
//! Not those of writes alone: who reads must not see what a crash would take back. With `everysec` and `no` the core writes the log at the
//! end of its turn, and replies leave at once; where it cannot, and with `always`, whatever the turn has to say is held until the log has come up to
//! where it ended then; the loop goes on meanwhile. One fsync serves all who wait.
//! A connection that waits is not run, or its output would never be old enough.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use super::core::Core;
use crate::resp::error;
use crate::session::conn::{Conn, Settles};
use crate::session::durability::{GATE_DISK, WAITAOF_DONE, WAITAOF_LATE};

#[derive(Default)]
pub(super) struct Settling {
    /// Connections whose replies wait for the log, and their clients; in order of the positions.
    unsettled: VecDeque<(usize, u64)>,
    /// The replies of a turn are being sent; they must wait until the log has come so far.
    pub(super) sending: bool,
    pub(super) barrier: Option<u64>,
    /// How far the log had come at the last look.
    seen: u64,
}

impl Core {
    /// Must the output of a connection wait? Then it is sent by [`Core::settle`], and the connection is not run until then.
    #[inline]
    pub(super) fn must_settle(&mut self, slot: usize, conn: &mut Conn) -> bool {
        match conn.settles {
            Some(_) => true,
            None if conn.client.awaits_log.is_some() => self.hold_asked(slot, conn),
            None => {
                let barrier = if self.settling.sending { self.settling.barrier } else { self.server.barrier() };
                barrier.is_some_and(|at| self.hold(slot, conn, at))
            }
        }
    }

    #[cold]
    fn hold(&mut self, slot: usize, conn: &mut Conn, at: u64) -> bool {
        let changes = self.executor.txn.appended;
        if !changes && self.disk_fails() {
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
        self.settling.unsettled.push_back((slot, conn.client.id));
        self.server.durability.held.fetch_add(1, Ordering::Relaxed);
        self.server.durability.holds.fetch_add(1, Ordering::Relaxed);
        self.server.durability.wait_on(self.id);
    }

    /// While the disk takes nothing changes are refused; who reads is served, and sees those in flight.
    fn disk_fails(&self) -> bool {
        self.server.gate.load(Ordering::Relaxed) & GATE_DISK != 0 && self.server.durability.log_error().is_some()
    }

    /// At the end of a turn: sees to it that what it has logged is written soon, and sends what has waited long enough.
    pub(super) fn settle(&mut self) {
        if std::mem::take(&mut self.executor.txn.appended) && self.server.barrier().is_some() {
            self.server.nudge_log();
        }
        self.release();
    }

    /// Before the next requests: who is served at last has the next ones ready while others are.
    pub(super) fn release_early(&mut self) {
        if !self.settling.unsettled.is_empty() && self.server.store.log.settled() > self.settling.seen {
            self.release();
        }
    }

    fn release(&mut self) {
        if self.settling.unsettled.is_empty() {
            return;
        }
        // Before the look at how far it is: who writes the log looks at this after it has said so.
        self.server.durability.wait_on(self.id);
        let log = &self.server.store.log;
        let now_ms = self.executor.txn.now_ms;
        let (waits, durable, fails) = (log.barrier().is_some(), log.durable(), self.disk_fails());
        self.settling.seen = log.settled();
        let (settled, opening) = (log.settled(), self.server.durability.is_opening());
        let closed = !self.server.durability.has_log();
        for _ in 0..self.settling.unsettled.len() {
            let Some((slot, client)) = self.settling.unsettled.pop_front() else { break };
            let settles = match self.conns.get(slot) {
                Some(conn) if conn.client.id == client => conn.settles,
                _ => None,
            };
            let Some(mut settles) = settles else {
                // It has gone.
                self.server.durability.held.fetch_sub(1, Ordering::Relaxed);
                continue;
            };
            if let Some(asked) = settles.asked.filter(|asked| closed || asked.until_ms <= now_ms) {
                if let Some(conn) = self.conns.get(slot)
                    && (closed || opening || asked.written > durable)
                {
                    say_instead(&mut conn.output, closed);
                }
                // What else there is to say is like any other output.
                (settles.at, settles.asked) = (asked.written, None);
            }
            let holds = match settles.asked {
                Some(_) => settles.at > durable || opening,
                None => waits && settles.at > settled,
            };
            if holds && (settles.asked.is_some() || settles.changes || !fails) {
                if let Some(conn) = self.conns.get(slot) {
                    conn.settles = Some(settles);
                }
                self.settling.unsettled.push_back((slot, client));
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
        if more && self.server.barrier().is_some_and(|now| now > settles.at) {
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

/// WAITAOF has not got what it waited for: its time is over, or the file was `closed`.
fn say_instead(output: &mut Vec<u8>, closed: bool) {
    if !output.ends_with(WAITAOF_DONE) {
        return;
    }
    output.truncate(output.len() - WAITAOF_DONE.len());
    if closed {
        output.extend_from_slice(format!("-{}\r\n", error::WAITAOF_WITHOUT_AOF).as_bytes());
    } else {
        output.extend_from_slice(WAITAOF_LATE);
    }
}
