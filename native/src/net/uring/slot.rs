//! What the backend knows of a connection and of a listening socket.

use super::buffers::Chain;
use crate::session::server::Via;

/// A connection.
pub(super) struct Slot {
    /// -1: there is none.
    pub(super) fd: i32,
    pub(super) generation: u32,
    /// Received and not taken; older than `chain`.
    pub(super) unread: Vec<u8>,
    pub(super) chain: Chain,
    /// Turn in which [`Event::Readable`] was last given.
    pub(super) told: u32,
    /// A receive is in flight.
    pub(super) receiving: bool,
    pub(super) polling: Polling,
    /// Nobody takes the bytes: do not receive more.
    pub(super) paused: bool,
    pub(super) ended: bool,
    pub(super) failed: bool,
}

impl Slot {
    pub(super) const VACANT: Slot = Slot {
        fd: -1,
        generation: 0,
        unread: Vec::new(),
        chain: Chain::EMPTY,
        told: 0,
        receiving: false,
        polling: Polling::No,
        paused: false,
        ended: false,
        failed: false,
    };

    /// More can be received without waiting.
    pub(super) fn has_more(&self) -> bool {
        !self.unread.is_empty() || !self.chain.is_empty() || self.ended || self.failed
    }

    pub(super) fn wants_bytes(&self) -> bool {
        self.fd >= 0 && !self.receiving && !self.paused && !self.ended && !self.failed
    }
}

/// A wait for room to send.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Polling {
    No,
    /// To be pushed.
    Wanted,
    InFlight,
}

pub(super) struct Listener {
    /// -1: it was forgotten; while `accepting` the request's end is still to come.
    pub(super) fd: i32,
    pub(super) via: Via,
    pub(super) accepting: bool,
    /// Not before this, monotonic ns.
    pub(super) again_ns: u64,
}

impl Listener {
    /// Another one may take its place: no request is about it any more.
    pub(super) fn is_vacant(&self) -> bool {
        self.fd < 0 && !self.accepting
    }
}
