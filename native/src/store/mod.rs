//! The keyspace: latched shards, each with a table per logical database.
//!
//! Knows nothing of commands, connections or RESP. Start at [`Store`].

pub mod counters;
pub mod lazy_free;
pub mod log;
pub mod policy;
pub mod settings;
pub mod shard;
pub mod subscriptions;
pub mod waiting;

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use crate::ds::latch::Latched;
use crate::sys::random;
use counters::Counters;
use lazy_free::LazyFree;
use log::Log;
use shard::Shard;
use subscriptions::{Names, Subscriptions};

pub use settings::Settings;

/// Logical databases, at most. A request names one by a number below `databases`.
pub const DATABASES_MAX: usize = 1024;

/// Shards: a power of two, many more than cores, so that two cores seldom meet on one.
pub const SHARDS_DEFAULT: usize = 1024;
pub const SHARDS_MAX: usize = 16_384;

/// All keys of the server.
pub struct Store {
    pub shards: Box<[Latched<Shard>]>,
    pub databases: usize,
    pub settings: Settings,
    hasher: foldhash::quality::FixedState,
    mask: u32,
    pub counters: Counters,
    pub garbage: LazyFree,
    pub log: Log,
    /// Contexts that take latches as the only ones are to share them.
    pub share: AtomicBool,
    /// How many cores' contexts take latches as the only ones.
    pub sole: AtomicU32,
    /// Writes since the last save, as INFO's rdb_changes_since_last_save.
    pub dirty: AtomicU64,
    /// How often FLUSHALL has run.
    pub flushes: AtomicU64,
    /// Running average, per database, of the time to live of keys that the expiry cycle looked at, ms.
    average_ttl_ms: Box<[AtomicU64]>,
    /// Somebody wants to be told of changes wherever they are: notifications, client-side caches of prefixes.
    pub notify: AtomicBool,
    /// Classes of keyspace events that are wanted (`notify-keyspace-events`), as bits of `txn::notify::event`.
    pub events: AtomicU32,
    pub subscriptions: Subscriptions,
    /// Prefixes of keys that clients with caches want to know all changes of.
    pub prefixes: Names,
    /// Keys that clients may have in their caches, and how many clients each, summed up.
    pub tracked_keys: AtomicU64,
    pub tracked_items: AtomicU64,
    /// Keys that are watched, and clients that watch any.
    pub watched_keys: AtomicU64,
    pub watching_clients: AtomicU64,
    /// Keys that clients wait for, and those of them that some wait to see gone (INFO's total_blocking_keys…).
    pub waited_keys: AtomicU64,
    pub waited_keys_gone: AtomicU64,
}

impl Store {
    /// `shards` is rounded up to a power of two.
    pub fn new(shards: usize, databases: usize) -> Store {
        let shards = shards.clamp(1, SHARDS_MAX).next_power_of_two();
        let databases = databases.clamp(1, DATABASES_MAX);
        Store {
            shards: (0..shards).map(|_| Latched::new(Shard::new(databases))).collect(),
            databases,
            settings: Settings::default(),
            // Seeded from the kernel, so that nobody can choose keys that collide.
            hasher: foldhash::quality::FixedState::with_seed(random::next_u64()),
            mask: shards as u32 - 1,
            counters: Counters::new(databases),
            garbage: LazyFree::start(),
            log: Log::default(),
            share: AtomicBool::new(false),
            sole: AtomicU32::new(0),
            notify: AtomicBool::new(false),
            events: AtomicU32::new(0),
            subscriptions: Subscriptions::default(),
            prefixes: Names::default(),
            tracked_keys: AtomicU64::new(0),
            tracked_items: AtomicU64::new(0),
            watched_keys: AtomicU64::new(0),
            watching_clients: AtomicU64::new(0),
            waited_keys: AtomicU64::new(0),
            waited_keys_gone: AtomicU64::new(0),
            dirty: AtomicU64::new(0),
            flushes: AtomicU64::new(0),
            average_ttl_ms: (0..databases).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Hash of a key; the one function that places keys. Cost: 2 to 4 ns for short keys.
    #[inline]
    pub fn hash(&self, key: &[u8]) -> u64 {
        self.hasher.hash_one(KeyBytes(key))
    }

    /// Shard of a hash: its low bits (the table uses the high ones).
    #[inline]
    pub fn shard_of(&self, hash: u64) -> u32 {
        hash as u32 & self.mask
    }

    pub fn shards_count(&self) -> u32 {
        self.mask + 1
    }

    /// Takes times to live that were seen into the average. As Redis: what was known before counts 50 times.
    pub fn saw_ttls(&self, db: u32, sum_ms: u64, count: u64) {
        let Some(seen_ms) = sum_ms.checked_div(count) else { return };
        let average = &self.average_ttl_ms[db as usize];
        let before_ms = average.load(Ordering::Relaxed);
        let now_ms = if before_ms == 0 { seen_ms } else { before_ms / 50 * 49 + seen_ms / 50 };
        average.store(now_ms, Ordering::Relaxed);
    }

    pub fn average_ttl_ms(&self, db: u32) -> u64 {
        self.average_ttl_ms[db as usize].load(Ordering::Relaxed)
    }

    /// Recomputes `notify`, after a change of what is wanted.
    pub fn refresh_notify(&self) {
        let wanted = self.events.load(Ordering::Relaxed) != 0 || !self.prefixes.is_empty();
        self.notify.store(wanted, Ordering::Relaxed);
    }

    pub fn add_dirty(&self, changes: u64) {
        self.dirty.fetch_add(changes, Ordering::Relaxed);
    }
}

/// Hashes the bytes alone, without the length that `[u8]: Hash` adds.
struct KeyBytes<'a>(&'a [u8]);

impl std::hash::Hash for KeyBytes<'_> {
    #[inline]
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write(self.0);
    }
}
