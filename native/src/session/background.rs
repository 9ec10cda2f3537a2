//! Calls that go to the background: procedures that take long, run by threads that serve no connection.
//!
//! ```text
//!   home core                                        background core (one more thread with a VM of its own)
//!   FCALL ─▶ errand ─▶ queue ─▶ wakes an idle one ─▶ the request runs there, as this client, on a Txn like any other
//!   connection waits, in order                          │
//!   reply ◀──────────── mail: Ran ◀─────────────────────┘
//! ```
//!
//! Whoever waits has one errand, so connections bound the queue. A client that goes meanwhile goes: its call runs to its end.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use super::client::Client;
use super::functions::Slot;
use super::server::{Mail, Server};
use super::tracking::Reader;
use crate::resp::error;
use crate::sys::clock;

/// Where the reply of a call in the background goes, and what its core has to know of the client's.
pub struct Errand {
    pub home: usize,
    /// Which of the client's waits it ends.
    pub id: u64,
    pub slot: Slot,
    /// The client has a cache.
    pub reader: Option<Reader>,
    /// When it began to run, the last time it did, monotonic ns.
    pub began_ns: u64,
}

/// A request on its way to the background: RESP, and who sent it.
pub struct Job {
    pub client: Box<Client>,
    pub request: Vec<u8>,
    pub errand: Errand,
    /// When it was queued, monotonic ns.
    pub since_ns: u64,
}

/// A call in the background that has ended.
pub struct Ran {
    pub client: u64,
    pub id: u64,
    /// In the client's protocol.
    pub reply: Vec<u8>,
    pub slot: Slot,
    pub ns: u64,
    /// The client may not stay: its user is gone.
    pub closes: bool,
}

#[derive(Default)]
pub struct Background {
    jobs: Mutex<VecDeque<Job>>,
    waiting: AtomicUsize,
    /// Background cores that sleep, a bit each.
    idle: AtomicU64,
    /// Its threads have been asked for.
    wanted: AtomicBool,
    /// The first of them runs.
    pub started: AtomicBool,
}

impl Background {
    /// Puts a job in and wakes a core that sleeps. True: the threads are not there yet, and the main thread is to make them.
    pub fn push(&self, server: &Server, job: Job) -> bool {
        let mut jobs = self.jobs.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        jobs.push_back(job);
        drop(jobs);
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let idle = self.idle.load(Ordering::SeqCst);
        if idle != 0 {
            let core = idle.trailing_zeros() as usize;
            self.idle.fetch_and(!(1 << core), Ordering::SeqCst);
            crate::sys::wake::signal(server.wake_fd(core));
        }
        !self.wanted.swap(true, Ordering::SeqCst)
    }

    /// Takes out the first call of a function that has waited since `before_ns`.
    fn take_call(&self, before_ns: u64) -> Option<Job> {
        let mut jobs = self.jobs.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let at = jobs.iter().position(|job| job.errand.slot != Slot::default() && job.since_ns <= before_ns)?;
        let job = jobs.remove(at);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        job
    }

    pub fn pop(&self) -> Option<Job> {
        if self.waiting.load(Ordering::SeqCst) == 0 {
            return None;
        }
        let job = self.jobs.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).pop_front();
        if job.is_some() {
            self.waiting.fetch_sub(1, Ordering::SeqCst);
        }
        job
    }

    /// Core `core` is about to sleep. True: it had better not, there is a job.
    pub fn rest(&self, core: usize) -> bool {
        self.idle.fetch_or(1 << core, Ordering::SeqCst);
        self.waiting.load(Ordering::SeqCst) > 0
    }

    /// Core `core` is awake.
    pub fn rouse(&self, core: usize) {
        self.idle.fetch_and(!(1 << core), Ordering::SeqCst);
    }

    /// Are threads to be made for what waits?
    pub fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::SeqCst)
    }

    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

impl Server {
    /// Cores that have threads, or are about to.
    pub fn running(&self) -> usize {
        if self.background.started.load(Ordering::SeqCst) { self.cores.len() } else { self.serving }
    }

    /// Ends the call that has waited longest in the queue, and for `least_ms`, before it begins. False: there is none.
    pub fn kill_queued(&self, least_ms: u64) -> bool {
        let before_ns = clock::mono_ns().saturating_sub(least_ms * 1_000_000);
        let Some(Job { client, errand, .. }) = self.background.take_call(before_ns) else { return false };
        let reply = format!("-{}\r\n", error::FUNCTION_KILLED).into_bytes();
        let Errand { home, id, .. } = errand;
        // It has taken no time, which is nothing to judge the function by.
        let ran = Ran { client: client.id, id, reply, slot: Slot::default(), ns: 0, closes: false };
        self.send(home, Mail::Ran(Box::new(ran)));
        true
    }
}

impl Client {
    /// The same client for its call in the background: who it is and where it stands, without its socket.
    pub fn for_errand(&self) -> Box<Client> {
        let addresses = (self.address.clone(), self.local_address.clone());
        let user = (self.user.clone(), self.users_version);
        let mut made = Client::new(self.id, -1, addresses, self.unix, self.created_ms, user);
        made.core = self.core;
        made.local = self.local;
        made.name = self.name.clone();
        made.db = self.db;
        made.proto = self.proto;
        made.authenticated = self.authenticated;
        made.no_touch = self.no_touch;
        made.last_active_ms = self.last_active_ms;
        made.refresh();
        Box::new(made)
    }
}
