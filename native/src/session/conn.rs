//! A connection as dispatch sees it: its client, its unparsed input, its pending output, and what it waits for.

use std::sync::Arc;

use super::background::Errand;
use super::client::{AwaitsLog, Client};
use crate::resp::parse::Partial;
use crate::store::waiting::Waiter;
use crate::tls::session::Session;
use crate::txn::{Block, Work};

/// Why a connection does not go on for now.
pub enum Wait {
    No,
    /// The shard is held for long; the request is still in `input`.
    Shard(u32),
    /// The main thread works on request `id`, asked for at `since_ns`, monotonic.
    Control {
        id: u64,
        since_ns: u64,
    },
    /// Other cores are asked.
    Gather(u64),
    /// Its call runs in the background, as its errand of this number.
    Background(u64),
    /// The rest of a command that runs in slices. `blocked_on`: a shard to wait for first.
    Work {
        work: Box<dyn Work>,
        blocked_on: Option<u32>,
    },
    /// CLIENT PAUSE holds it; the request is still in `input`.
    Pause,
    /// Its command found nothing and is about to wait, or to be told that it may not.
    Begin(Box<Block>),
    /// Until a key holds something, or a time comes: BLPOP and its like.
    Block(Arc<Waiter>),
    /// Until this time, ms since the epoch, and then replies this (DEBUG SLEEP, WAIT).
    Until(i64, Vec<u8>),
}

impl Wait {
    pub fn is_no(&self) -> bool {
        matches!(self, Wait::No)
    }
}

/// What is known of a command that goes on in slices, sleeps, or asks other cores.
pub struct Walk {
    pub row: u16,
    /// So long it has run, all slices together.
    pub ns: u64,
    /// The request as the slow log keeps it.
    pub argv: Vec<Vec<u8>>,
}

/// What the output of a connection waits for.
#[derive(Clone, Copy)]
pub struct Settles {
    /// The log is on disk up to here.
    pub at: u64,
    /// Bytes of the output then.
    pub bytes: usize,
    /// Changes were logged in the same turn: it may acknowledge one.
    pub changes: bool,
    /// WAITAOF asks for it, whatever `appendfsync` says.
    pub asked: Option<AwaitsLog>,
}

pub struct Conn {
    pub client: Client,
    /// Bytes received and not parsed yet.
    pub input: Vec<u8>,
    /// Replies; from `sent` on they are not sent yet.
    pub output: Vec<u8>,
    /// Messages that wait for the end of a reply that is written in slices.
    pub told_later: Vec<u8>,
    pub wait: Wait,
    /// Beside `Wait::Work`, `Wait::Gather`, and `Wait::Until` of DEBUG SLEEP.
    pub walk: Option<Box<Walk>>,
    /// Close once the output is sent; nothing more is read.
    pub closing: bool,
    /// Close without sending anything more.
    pub dead: bool,
    /// The peer has sent its last byte.
    pub input_ended: bool,
    /// Shards a procedure turned out to need, besides those of its keys; kept between tries of one call.
    pub call_shards: Vec<u32>,
    /// Since when the output is above the soft limit, ms since the epoch.
    pub soft_limit_since_ms: i64,
    /// Bytes at the start of `output` that are sent.
    pub sent: usize,
    /// The socket takes no more for now; the network will say when it does.
    pub blocked: bool,
    /// Not run for now: too much output waits for the peer.
    pub held: bool,
    /// Its output waits for the log; see `net/settle.rs`.
    pub settles: Option<Settles>,
    /// At least so many bytes of input make up the next request.
    pub need: usize,
    /// The connection is by the TLS port.
    pub tls: Option<Box<Session>>,
    /// It stands for a client of another core, whose call runs here: no socket.
    pub errand: Option<Box<Errand>>,
    /// What is parsed of the long request that `input` starts with and that is not all there.
    pub partial: Option<Box<Partial>>,
}

impl Conn {
    pub fn new(client: Client) -> Conn {
        Conn {
            client,
            input: Vec::new(),
            output: Vec::new(),
            told_later: Vec::new(),
            wait: Wait::No,
            walk: None,
            closing: false,
            dead: false,
            input_ended: false,
            call_shards: Vec::new(),
            soft_limit_since_ms: 0,
            sent: 0,
            blocked: false,
            held: false,
            settles: None,
            need: 0,
            tls: None,
            errand: None,
            partial: None,
        }
    }

    /// Bytes not sent yet.
    pub fn output_bytes(&self) -> usize {
        self.output.len() - self.sent
    }

    /// Is there something to send besides output: an answer of a handshake, records that the socket did not take?
    pub fn has_sealed(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| !tls.outgoing().is_empty())
    }

    pub fn memory_bytes(&self) -> usize {
        let tls = self.tls.as_ref().map_or(0, |tls| tls.memory_bytes());
        let partial = self.partial.as_ref().map_or(0, |partial| partial.memory_bytes());
        let buffers = self.input.capacity() + self.output.capacity() + self.told_later.capacity();
        size_of::<Conn>() + buffers + partial + tls + self.client.fieldsets.memory_bytes()
    }
}

/// All connections of one core, by slot.
#[derive(Default)]
pub struct Conns {
    slots: Vec<Option<Box<Conn>>>,
    free: Vec<usize>,
    count: usize,
    /// Slots of connections whose waiting a visit ended, with the reply of each (CLIENT UNBLOCK).
    pub unblocked: Vec<(usize, Vec<u8>)>,
}

impl Conns {
    /// Puts a connection in; gives its slot.
    pub fn insert(&mut self, conn: Box<Conn>) -> usize {
        self.count += 1;
        match self.free.pop() {
            Some(slot) => {
                self.slots[slot] = Some(conn);
                slot
            }
            None => {
                self.slots.push(Some(conn));
                self.slots.len() - 1
            }
        }
    }

    /// Takes a connection out to work on it; its slot stays reserved until [`Conns::put_back`] or [`Conns::forget`].
    pub fn take(&mut self, slot: usize) -> Option<Box<Conn>> {
        self.slots.get_mut(slot)?.take()
    }

    pub fn put_back(&mut self, slot: usize, conn: Box<Conn>) {
        debug_assert!(self.slots[slot].is_none());
        self.slots[slot] = Some(conn);
    }

    /// Frees the slot of a connection that was taken out.
    pub fn forget(&mut self, slot: usize) {
        debug_assert!(self.slots[slot].is_none());
        self.count -= 1;
        self.free.push(slot);
    }

    pub fn get(&mut self, slot: usize) -> Option<&mut Conn> {
        self.slots.get_mut(slot)?.as_deref_mut()
    }

    /// Slots, those of connections that have gone included.
    pub fn slots_count(&self) -> usize {
        self.slots.len()
    }

    /// All connections with their slots.
    pub fn iter(&mut self) -> impl Iterator<Item = (usize, &mut Conn)> {
        self.slots.iter_mut().enumerate().filter_map(|(slot, conn)| Some((slot, conn.as_deref_mut()?)))
    }

    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}
