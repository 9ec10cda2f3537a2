//! Which calls go to the background, and handing them over.

use std::sync::atomic::Ordering;

use super::caching::reader;
use super::execute::{Executor, Outcome};
use crate::session::background::{Errand, Job};
use crate::session::conn::{Conn, Wait};
use crate::session::functions::Slot;
use crate::session::manifest::flag;
use crate::sys::clock;
use crate::txn::record::push_request;

impl Executor {
    /// Is this a core that serves no connection?
    #[inline]
    pub fn is_background(&self) -> bool {
        self.core >= self.server.serving
    }

    /// Is there another core for what takes long?
    #[inline]
    pub(super) fn has_background(&self) -> bool {
        !self.is_background() && self.server.cores.len() > self.server.serving
    }

    /// Does a call of this function go to the background? It is marked so, or its last calls here took long.
    #[inline]
    pub(super) fn goes_to_background(&self, flags: u32, slot: Slot) -> bool {
        if !self.has_background() {
            return false;
        }
        let threshold_ms = self.server.settings.procedure_background_threshold.load(Ordering::Relaxed);
        let is_slow = || self.figures().functions.look(slot).is_some_and(|own| own.is_slower(threshold_ms * 1_000_000));
        flags & flag::BACKGROUND != 0 || (threshold_ms != 0 && is_slow())
    }

    /// Gives the current request to the background; its connection waits for the reply.
    #[cold]
    pub(super) fn hand_over(&mut self, conn: &mut Conn, slot: Slot) -> Outcome {
        let current = self.batch.current().expect("a request runs");
        let args = self.batch.args(&current);
        let mut request = Vec::new();
        push_request(&mut request, args);
        self.next_gather += 1;
        let id = self.next_gather;
        let reader = reader(self.core, &conn.client);
        let errand = Errand { home: self.core, id, slot, reader, began_ns: 0 };
        // From here on this thread is not the only one that runs transactions.
        self.txn.share_latches();
        let job = Job { client: conn.client.for_errand(), request, errand, since_ns: clock::mono_ns() };
        self.noted |= self.server.background.push(self.server, job);
        conn.wait = Wait::Background(id);
        Outcome::Waits
    }
}
