//! Calls in the background, as both their cores see them: the one that runs them, and the one whose connection waits.
//!
//! A background core has no sockets. An errand is a connection of it all the same, without one: so it parks, retries, is killed and
//! rolled back as any other.

use std::sync::atomic::Ordering;

use super::core::{Code, Core};
use crate::session::background::Ran;
use crate::session::conn::{Conn, Wait};
use crate::session::server::Mail;
use crate::sys::clock;

/// Errands that one core has begun and that wait for a shard; beyond it the others wait in the queue.
const ERRANDS_MAX: usize = 64;

impl Core {
    /// Takes the next errand on, if this core has nothing to run.
    pub(super) fn take_errand(&mut self) {
        let background = &self.server.background;
        background.rouse(self.id);
        if !self.ready.is_empty() || self.conns.len() >= ERRANDS_MAX {
            return;
        }
        let Some(job) = background.pop() else { return };
        let mut conn = Box::new(Conn::new(*job.client));
        conn.input = job.request;
        conn.errand = Some(Box::new(job.errand));
        let slot = self.conns.insert(conn);
        self.ready.push_back(slot);
    }

    /// Runs what the errand in this slot is about.
    pub(super) fn run_errand(&mut self, slot: usize, mut conn: Box<Conn>) -> Option<Code> {
        // In this order: libraries are mailed before a manifest names their functions, so the VM has those of the one that is looked
        // at now once it has read all mail there is.
        self.executor.refresh_manifest();
        if self.server.cores[self.id].has_mail.load(Ordering::Acquire) {
            self.read_mail();
        }
        if !self.mail.is_empty() {
            self.conns.put_back(slot, conn);
            self.ready.push_front(slot);
            return Some(Code::Mail);
        }
        if let Some(errand) = &mut conn.errand {
            errand.began_ns = clock::mono_ns();
        }
        self.executor.txn.set_clock(clock::now_ms());
        let pump = self.executor.pump(&mut conn);
        self.after_pump(slot, conn, pump)
    }

    /// Is there an errand that this core could take on? Whoever brings one from here on wakes it.
    pub(super) fn may_take_errand(&self) -> bool {
        self.executor.is_background() && self.conns.len() < ERRANDS_MAX && self.server.background.rest(self.id)
    }

    /// An errand has got somewhere: to its end, or it waits.
    pub(super) fn finish_errand(&mut self, slot: usize, mut conn: Box<Conn>) -> Option<Code> {
        // A request that has not run, or has to run again, is still in the input.
        let ended = conn.wait.is_no() && conn.input.is_empty();
        if !(ended || conn.closing || conn.dead) {
            self.conns.put_back(slot, conn);
            return None;
        }
        self.conns.forget(slot);
        self.forget_slot(slot);
        let errand = conn.errand.take().expect("the caller has looked");
        let ran = Ran {
            client: conn.client.id,
            id: errand.id,
            reply: std::mem::take(&mut conn.output),
            slot: errand.slot,
            ns: clock::mono_ns().saturating_sub(errand.began_ns),
            closes: conn.closing || conn.dead,
        };
        self.server.send(errand.home, Mail::Ran(Box::new(ran)));
        None
    }

    /// A call of a connection here has ended in the background: its reply goes out, and the connection goes on.
    pub(super) fn ran(&mut self, ran: Ran) {
        if let Some(function) = self.executor.figures().functions.own(ran.slot) {
            function.note_elsewhere(ran.ns);
        }
        let Some(slot) = self.by_id.get(&ran.client).copied() else { return };
        let Some(mut conn) = self.conns.take(slot) else { return };
        if matches!(conn.wait, Wait::Background(id) if id == ran.id) {
            conn.client.commands += 1;
            conn.closing |= ran.closes;
            let mark = conn.output.len();
            conn.output.extend_from_slice(&ran.reply);
            self.unpark(slot, &mut conn, mark);
        }
        self.finish(slot, conn);
    }
}
