//! Replies on their way out of a core: sending, limits, and holding back who does not take them.

use std::sync::atomic::Ordering;

use super::backend::Received;
use super::core::{Code, Core, RECEIVE_BYTES};
use crate::session::conn::Conn;

/// A connection whose peer has not taken so much output is not run; its input is still received, so that a client that
/// sends everything before it reads anything comes to its end. Output buffer limits above it are reached first.
const OUTPUT_HELD_BYTES_MAX: usize = 1 << 20;
/// Input received for a connection that is not run, bytes.
const INPUT_HELD_BYTES_MAX: usize = 64 << 20;
/// Once all is sent, a larger buffer for output is given back; with a memory limit, what is kept would cost keys.
const OUTPUT_KEPT_BYTES: usize = 256 * 1024;
const OUTPUT_KEPT_BYTES_LIMITED: usize = 16 * 1024;
/// Sent output is cut off its buffer when it is this much, and half of it.
const OUTPUT_CUT_BYTES: usize = 64 * 1024;

impl Core {
    /// Sends the replies of this turn, all connections' at once: a client that sleeps is woken by the first of them and
    /// finds the others there, where a send after each connection's requests would wake it every time (measured at
    /// pipeline 16: a fifth of all processor time went into waking).
    pub(super) fn send_replies(&mut self) {
        // A subscriber stands there once for every message of the turn: the first time sends them all.
        let mut slots = std::mem::take(&mut self.to_send);
        if !slots.is_empty() {
            (self.settling.barrier, self.settling.sending) = (self.server.barrier(), true);
        }
        let repeats = slots.len() > self.conns.len();
        let mut done = vec![0u64; if repeats { self.conns.slots_count() / 64 + 1 } else { 0 }];
        for slot in slots.drain(..) {
            if let Some(word) = done.get_mut(slot / 64) {
                let bit = 1 << (slot % 64);
                if std::mem::replace(word, *word | bit) & bit != 0 {
                    continue;
                }
            }
            if let Some(conn) = self.conns.take(slot) {
                self.finish(slot, conn);
            }
        }
        self.settling.sending = false;
        self.to_send = slots;
    }

    /// Sends, enforces the output limits, and puts the connection back or closes it.
    pub(super) fn finish(&mut self, slot: usize, mut conn: Box<Conn>) -> Option<Code> {
        if conn.errand.is_some() {
            return self.finish_errand(slot, conn);
        }
        if (conn.output_bytes() > 0 || conn.has_sealed())
            && !conn.dead
            && !conn.blocked
            && !self.must_settle(slot, &mut conn)
        {
            self.send(slot, &mut conn);
        }
        if conn.output_bytes() > 0 && self.over_output_limit(&mut conn) {
            self.executor.figures().output_buffer_limit_disconnections.add(1);
            conn.dead = true;
        }
        if conn.dead || (conn.closing && conn.output_bytes() == 0 && conn.wait.is_no()) {
            self.close(slot, conn);
        } else {
            self.conns.put_back(slot, conn);
        }
        None
    }

    pub(super) fn send(&mut self, slot: usize, conn: &mut Conn) {
        if conn.tls.is_some() {
            return self.send_sealed(slot, conn);
        }
        let Ok(count) = self.net.send(slot, conn.client.fd, &conn.output[conn.sent..]) else {
            conn.dead = true;
            return;
        };
        self.note_sent(conn, count);
        conn.blocked = conn.sent < conn.output.len();
    }

    /// Counts output that the network has taken, and lets its buffer go.
    #[inline]
    pub(super) fn note_sent(&mut self, conn: &mut Conn, count: usize) {
        let figures = self.executor.figures();
        figures.writes.add(1);
        figures.output_bytes.add(count as u64);
        conn.client.output_bytes += count as u64;
        conn.sent += count;
        if conn.sent == conn.output.len() {
            conn.output.clear();
            conn.sent = 0;
            let limited = self.server.store.settings.maxmemory.load(Ordering::Relaxed) != 0;
            if conn.output.capacity() > if limited { OUTPUT_KEPT_BYTES_LIMITED } else { OUTPUT_KEPT_BYTES } {
                conn.output = Vec::new();
            }
        } else if conn.sent >= OUTPUT_CUT_BYTES.max(conn.output.len() / 2) {
            conn.output.drain(..conn.sent);
            conn.sent = 0;
        }
    }

    pub(super) fn over_output_limit(&self, conn: &mut Conn) -> bool {
        let limit = self.server.settings.output_limit(&conn.client);
        let bytes = conn.output_bytes() as u64;
        let hard = limit.hard_bytes.load(Ordering::Relaxed);
        if hard != 0 && bytes >= hard {
            return true;
        }
        let soft = limit.soft_bytes.load(Ordering::Relaxed);
        if soft == 0 || bytes < soft {
            conn.soft_limit_since_ms = 0;
            return false;
        }
        let now_ms = self.executor.txn.now_ms;
        if conn.soft_limit_since_ms == 0 {
            conn.soft_limit_since_ms = now_ms;
        }
        let seconds = limit.soft_seconds.load(Ordering::Relaxed) as i64;
        now_ms - conn.soft_limit_since_ms > seconds * 1000
    }

    pub(super) fn writable(&mut self, slot: usize) {
        let Some(conn) = self.conns.get(slot) else { return };
        if !conn.blocked {
            return;
        }
        conn.blocked = false;
        if let Some(conn) = self.conns.take(slot) {
            self.finish(slot, conn);
        }
        if self.conns.get(slot).is_some_and(|conn| conn.held) {
            self.ready.push_back(slot);
        }
    }

    /// Does so much output wait for the peer that the connection is not run?
    pub(super) fn too_much_output(&self, conn: &Conn) -> bool {
        let bytes = conn.output_bytes();
        if bytes <= OUTPUT_HELD_BYTES_MAX {
            return false;
        }
        // A limit that ends the connection must be within reach.
        let limit = self.server.settings.output_limit(&conn.client);
        let (hard, soft) = (limit.hard_bytes.load(Ordering::Relaxed), limit.soft_bytes.load(Ordering::Relaxed));
        bytes as u64 > hard.max(soft).max(self.server.clients_memory_limit())
    }

    pub(super) fn input_held_max(&self) -> usize {
        let limit = self.server.settings.client_query_buffer_limit.load(Ordering::Relaxed);
        INPUT_HELD_BYTES_MAX.min(limit as usize / 2)
    }

    /// A connection that will be closed still has to notice that its peer is gone.
    pub(super) fn drain_closing(&mut self, slot: usize, conn: &mut Conn) {
        let mut ignored = Vec::new();
        match self.net.receive(slot, conn.client.fd, &mut ignored, RECEIVE_BYTES) {
            Received::Failed => conn.dead = true,
            Received::Ended => conn.input_ended = true,
            Received::Bytes { more: true, .. } => self.ready.push_back(slot),
            _ => (),
        }
    }
}
