//! How far a file of keys has been loaded, and what came of it.

use std::collections::VecDeque;
use std::sync::atomic::Ordering::{self, Relaxed};
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::sync::{Mutex, MutexGuard};

use super::server::Server;
use crate::resp::args::OwnedArgs;
use crate::sys::clock;

/// A bit of the server's gate, beside those of `server.rs`: a file of keys is being loaded: what does not say that it may run meanwhile is refused.
pub const GATE_LOADING: u32 = 32;

#[derive(Default)]
pub struct Loading {
    pub started_ms: AtomicU64,
    pub bytes: AtomicU64,
    pub bytes_loaded: AtomicU64,
    pub keys_loaded: AtomicU64,
    pub keys_expired: AtomicU64,
    /// key-load-delay: how long to sleep after each key, us; below 0: one us after so many keys.
    pub key_delay_us: AtomicI64,
    outcome: Mutex<Option<Outcome>>,
    /// Requests about libraries of functions in an append-only file, for the main thread; in order.
    functions: Mutex<VecDeque<OwnedArgs>>,
}

/// The sources of the libraries of functions in it; Err: why it was not loaded.
pub type Outcome = Result<Vec<Vec<u8>>, String>;

impl Loading {
    pub fn finish(&self, outcome: Outcome) {
        *self.outcome.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(outcome);
    }

    /// Requests about libraries that were loaded; to be served before anybody else is.
    pub fn functions(&self) -> MutexGuard<'_, VecDeque<OwnedArgs>> {
        self.functions.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// What came of it, once.
    pub fn take_outcome(&self) -> Option<Outcome> {
        self.outcome.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take()
    }

    /// How much is loaded, per cent, and how long the rest will take, s, if it goes on like this.
    pub fn progress(&self, now_ms: i64) -> (f64, u64) {
        let (bytes, loaded) = (self.bytes.load(Relaxed), self.bytes_loaded.load(Relaxed));
        let spent_s = (now_ms as u64).saturating_sub(self.started_ms.load(Relaxed)) / 1000;
        let eta_s = (spent_s * bytes.saturating_sub(loaded)).checked_div(loaded).unwrap_or(1);
        (loaded as f64 / bytes.max(1) as f64 * 100.0, eta_s)
    }
}

impl Server {
    /// A file of so many bytes is being loaded from now on.
    pub fn begin_loading(&self, bytes: u64) {
        self.loading.started_ms.store(clock::now_ms() as u64, Ordering::Relaxed);
        self.loading.bytes.store(bytes, Ordering::Relaxed);
        self.gate.fetch_or(GATE_LOADING, Ordering::SeqCst);
    }

    pub fn is_loading(&self) -> bool {
        self.gate.load(Ordering::Acquire) & GATE_LOADING != 0
    }

    /// Requests are served from now on.
    pub fn end_loading(&self) {
        self.gate.fetch_and(!GATE_LOADING, Ordering::SeqCst);
    }
}
