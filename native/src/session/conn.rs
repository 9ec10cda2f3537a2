//! A connection as dispatch sees it: its client, its unparsed input, its pending output, and what it waits for.

use std::sync::Arc;

use super::background::Errand;
use super::client::{AwaitsLog, Client};
use crate::resp::parse::Partial;
use crate::store::waiting::Waiter;
use crate::sys::alloc::good_size;
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
    /// Its part of [`Conns::bytes`].
    pub counted: usize,
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
            counted: 0,
        }
    }

    /// Makes room for input, and gives how many bytes to take in. `usual`: so many where it is not known what comes. A large bulk on its
    /// way is received in one growing buffer that ends a little behind it: doubled to the end it would take twice as much.
    pub fn make_room(&mut self, usual: usize) -> usize {
        const BEHIND_BYTES: usize = 1024;
        const MOST_BYTES: usize = 1 << 20;
        /// What is taken in may go so far beyond what was asked for.
        const CHUNK_BYTES: usize = 16 << 10;
        let missing = self.need.saturating_sub(self.input.len());
        // What is small comes with others behind it, in as few goes as possible.
        if missing == 0 || self.need <= 4 * usual {
            return missing.max(usual);
        }
        if self.input.capacity() - self.input.len() < missing {
            self.input.reserve_exact((missing + BEHIND_BYTES).min(self.input.capacity().max(usual)));
        }
        (self.input.capacity() - self.input.len()).saturating_sub(CHUNK_BYTES).clamp(1, MOST_BYTES)
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
        // What the allocator has given for them, which may be an eighth more.
        let buffers = [self.input.capacity(), self.output.capacity(), self.told_later.capacity()];
        let buffers = buffers.into_iter().filter(|bytes| *bytes > 0).map(good_size).sum::<usize>();
        size_of::<Conn>() + buffers + partial + tls + self.client.memory_bytes()
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
    /// Memory is counted, as there is a limit: what all take, and no less than the largest that may be closed for it does.
    counting: bool,
    pub bytes: usize,
    pub largest: usize,
    /// What all cores' connections took, and might take, when none here could be closed for it.
    pub evicted_in_vain: (u64, u64),
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

    pub fn put_back(&mut self, slot: usize, mut conn: Box<Conn>) {
        debug_assert!(self.slots[slot].is_none());
        if self.counting {
            self.count(&mut conn);
        }
        self.slots[slot] = Some(conn);
    }

    fn count(&mut self, conn: &mut Conn) {
        let now = conn.memory_bytes();
        if now != conn.counted || (now > self.largest && !conn.client.no_evict) {
            self.evicted_in_vain = (0, 0);
        }
        self.bytes = self.bytes - conn.counted + now;
        conn.counted = now;
        if !conn.client.no_evict {
            self.largest = self.largest.max(now);
        }
    }

    /// A connection that was taken out goes.
    pub fn uncount(&mut self, conn: &mut Conn) {
        self.bytes -= std::mem::take(&mut conn.counted);
        self.evicted_in_vain = (0, 0);
    }

    pub fn is_counting(&self) -> bool {
        self.counting
    }

    pub fn start_counting(&mut self) {
        if !std::mem::replace(&mut self.counting, true) {
            for slot in 0..self.slots.len() {
                if let Some(conn) = self.take(slot) {
                    self.put_back(slot, conn);
                }
            }
        }
    }

    pub fn stop_counting(&mut self) {
        if std::mem::take(&mut self.counting) {
            (self.bytes, self.largest) = (0, 0);
            self.slots.iter_mut().flatten().for_each(|conn| conn.counted = 0);
        }
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
