//! The last refusals, for ACL LOG, and how many there were of each kind, for INFO.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::check::Reason;

/// Like refusals within this time are one entry, ms.
const SAME_MS: i64 = 60_000;
/// Entries that are looked at for a like one.
const LOOKED_AT: usize = 10;

/// How the refused request came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    Toplevel,
    Multi,
    /// A script or a procedure of any language: Redis has one word for them.
    Script,
}

impl Place {
    pub fn name(self) -> &'static str {
        match self {
            Place::Toplevel => "toplevel",
            Place::Multi => "multi",
            Place::Script => "lua",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub id: u64,
    pub count: u64,
    pub reason: Reason,
    pub place: Place,
    /// The command, key, channel or database that was refused.
    pub object: Vec<u8>,
    pub user: Vec<u8>,
    /// A line as CLIENT LIST has it.
    pub client: String,
    /// Ms since the epoch.
    pub created_ms: i64,
    pub updated_ms: i64,
}

#[derive(Default)]
pub struct Log {
    inner: Mutex<Inner>,
    denied: [AtomicU64; Reason::COUNT],
}

#[derive(Default)]
struct Inner {
    next: u64,
    /// The latest first.
    entries: VecDeque<Entry>,
}

impl Log {
    /// Counts a refusal and notes it, as a further one of a like entry or as the newest of at most `max`. The entry's
    /// number and count are chosen here.
    pub fn add(&self, mut entry: Entry, max: usize) {
        self.denied[entry.reason as usize].fetch_add(1, Relaxed);
        let mut inner = self.lock();
        let alike = |known: &Entry| {
            known.reason == entry.reason
                && known.place == entry.place
                && (known.updated_ms - entry.updated_ms).abs() <= SAME_MS
                && known.object == entry.object
                && known.user == entry.user
        };
        if let Some(at) = inner.entries.iter().take(LOOKED_AT).position(alike) {
            let known = inner.entries.remove(at).expect("found there");
            let entry = Entry { id: known.id, count: known.count + 1, created_ms: known.created_ms, ..entry };
            inner.entries.push_front(entry);
        } else if max > 0 {
            entry.id = inner.next;
            entry.count = 1;
            inner.next += 1;
            inner.entries.push_front(entry);
        }
        inner.entries.truncate(max);
    }

    /// The latest `count` entries.
    pub fn latest(&self, count: usize) -> Vec<Entry> {
        self.lock().entries.iter().take(count).cloned().collect()
    }

    pub fn reset(&self) {
        self.lock().entries.clear();
    }

    /// Refusals since the start.
    pub fn denied(&self, reason: Reason) -> u64 {
        self.denied[reason as usize].load(Relaxed)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
