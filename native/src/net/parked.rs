//! Connections that wait for a shard, the end of a pause, or a time, or whose command goes on in slices.

use std::sync::atomic::Ordering;

use super::core::{Core, WORK_OUTPUT_BYTES_MAX};
use crate::session::conn::Wait;
use crate::session::server::GATE_PAUSE;

impl Core {
    /// Those whose shard is free, whose pause is over or whose time has come go on.
    pub(super) fn look_at_parked(&mut self, now_ms: i64) {
        self.executor.figures().timeouts.set(self.timeouts.len() as u64);
        let blocked = &self.server.cores[self.id].figures.blocked;
        if self.parked.is_empty() {
            blocked.set(self.blocked as u64);
            return;
        }
        let mut paused_count = 0;
        if self.server.gate.load(Ordering::Relaxed) & GATE_PAUSE != 0 {
            self.server.pause(now_ms);
        }
        let paused = self.server.gate.load(Ordering::Relaxed) & GATE_PAUSE != 0;
        for slot in std::mem::take(&mut self.parked) {
            let Some(conn) = self.conns.get(slot) else { continue };
            let free = match &conn.wait {
                Wait::Shard(shard) => self.executor.is_over(*shard),
                Wait::Pause => !paused,
                Wait::Until(at_ms, _) => *at_ms <= now_ms,
                _ => continue,
            };
            if !free {
                paused_count += u64::from(matches!(conn.wait, Wait::Pause));
                self.parked.push(slot);
                continue;
            }
            if let Wait::Until(_, reply) = std::mem::replace(&mut conn.wait, Wait::No) {
                let mark = conn.output.len();
                conn.output.extend_from_slice(&reply);
                crate::dispatch::books::after_wait(conn, mark);
                self.executor.book_walk(conn);
            }
            self.ready.push_back(slot);
        }
        blocked.set(paused_count + self.blocked as u64);
    }

    /// One slice for each connection with work, but for those whose peer has not taken the output so far. Who holds latches goes on all
    /// the same.
    pub(super) fn work(&mut self) {
        self.worked = false;
        for _ in 0..self.working.len() {
            let Some(slot) = self.working.pop_front() else { return };
            let Some(mut conn) = self.conns.take(slot) else { continue };
            let blocked = match &conn.wait {
                Wait::Work { blocked_on: Some(shard), .. } => self.executor.txn.latches.wait_for(*shard, self.id),
                _ => false,
            };
            let held = matches!(&conn.wait, Wait::Work { work, .. } if work.is_held());
            if blocked || (!held && conn.output_bytes() > WORK_OUTPUT_BYTES_MAX) {
                self.working.push_back(slot);
                self.finish(slot, conn);
                continue;
            }
            self.worked = true;
            if self.executor.work(&mut conn) {
                self.working.push_back(slot);
                self.finish(slot, conn);
            } else {
                let end = conn.output.len();
                self.unpark(slot, &mut conn, end);
                self.finish(slot, conn);
            }
        }
    }

    /// Nothing is to be done any more for the connection in this slot.
    pub(super) fn forget_slot(&mut self, slot: usize) {
        self.parked.retain(|parked| *parked != slot);
        self.working.retain(|working| *working != slot);
        self.ready.retain(|ready| *ready != slot);
    }
}
