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

const TELL_EVERY_MS: u64 = 2000;
/// A level of the log.
const NOTICE: u8 = 2;
const MEGABYTE: f64 = 1024.0 * 1024.0;

#[derive(Default)]
pub struct Loading {
    pub started_ms: AtomicU64,
    pub bytes: AtomicU64,
    pub bytes_loaded: AtomicU64,
    pub keys_loaded: AtomicU64,
    pub keys_expired: AtomicU64,
    /// What the server that wrote the file had in use then, as it says.
    pub rdb_used_bytes: AtomicU64,
    /// key-load-delay: how long to sleep after each key, us; below 0: one us after so many keys.
    pub key_delay_us: AtomicI64,
    /// When the log is told next how far it is, ms since the epoch.
    next_told_ms: AtomicU64,
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
}

/// How far it is.
#[derive(Clone, Copy, serde::Serialize)]
pub struct LoadProgress {
    pub bytes: u64,
    pub bytes_loaded: u64,
    pub percent: f64,
    /// Keys in the store, and how many came a second.
    pub keys: u64,
    pub keys_per_s: u64,
    /// How long the rest will take, if it goes on like this.
    pub eta_s: u64,
}

impl Server {
    /// A file of so many bytes is being loaded from now on.
    pub fn begin_loading(&self, bytes: u64) {
        let now_ms = clock::now_ms() as u64;
        self.loading.started_ms.store(now_ms, Ordering::Relaxed);
        self.loading.next_told_ms.store(now_ms + TELL_EVERY_MS, Ordering::Relaxed);
        self.loading.bytes.store(bytes, Ordering::Relaxed);
        self.gate.fetch_or(GATE_LOADING, Ordering::SeqCst);
    }

    pub fn load_progress(&self) -> LoadProgress {
        let loading = &self.loading;
        let (bytes, loaded) = (loading.bytes.load(Relaxed), loading.bytes_loaded.load(Relaxed));
        let keys = (0..self.store.databases as u32).map(|db| self.store.counters.keys(db)).sum::<u64>();
        let spent_ms = (clock::now_ms() as u64).saturating_sub(loading.started_ms.load(Relaxed));
        LoadProgress {
            bytes,
            bytes_loaded: loaded,
            percent: loaded as f64 / bytes.max(1) as f64 * 100.0,
            keys,
            keys_per_s: keys * 1000 / spent_ms.max(1),
            eta_s: (spent_ms / 1000 * bytes.saturating_sub(loaded)).checked_div(loaded).unwrap_or(1),
        }
    }

    /// Tells the log how far it is, every few seconds. Any thread that loads calls it, often.
    pub fn tell_load_progress(&self) {
        let (now_ms, next) = (clock::now_ms() as u64, &self.loading.next_told_ms);
        let due_ms = next.load(Relaxed);
        if now_ms < due_ms || next.compare_exchange(due_ms, now_ms + TELL_EVERY_MS, Relaxed, Relaxed).is_err() {
            return;
        }
        let LoadProgress { bytes, bytes_loaded, percent, keys, keys_per_s, eta_s } = self.load_progress();
        let (bytes, bytes_loaded) = (bytes as f64 / MEGABYTE, bytes_loaded as f64 / MEGABYTE);
        self.log.push(
            NOTICE,
            format!(
                "Loading: {percent:.2}% ({bytes_loaded:.1} of {bytes:.1} Mb), {keys} keys, {keys_per_s} keys a second, about \
                 {eta_s} seconds left"
            ),
        );
    }

    pub fn is_loading(&self) -> bool {
        self.gate.load(Ordering::Acquire) & GATE_LOADING != 0
    }

    /// Requests are served from now on.
    pub fn end_loading(&self) {
        self.gate.fetch_and(!GATE_LOADING, Ordering::SeqCst);
    }
}
