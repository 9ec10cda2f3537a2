//! One transaction context under everything: a plain command, MULTI/EXEC, a script, a procedure.
//!
//! ```text
//!   Txn = latched shards + undo log + changes + effects + database + clock
//!
//!   plain command   latch one shard → handler → commit → release             no undo log
//!   MULTI/EXEC      latch all shards of all keys, ascending → handlers → commit
//!   procedure       latch the declared keys' shards, undo log on → up-call → commit or rollback
//! ```
//!
//! Every change of the keyspace goes through the methods in `access.rs` and `edit.rs`; they keep the counters, the undo
//! log and the list of changes. Handlers never see a latch: dispatch has taken those of the keys they name.

pub mod access;
pub mod block;
mod contexts;
mod databases;
pub mod defragment;
pub mod edit;
pub mod evict;
pub mod fill;
pub mod frequency;
mod going;
pub mod notify;
pub mod patch;
pub mod record;
pub mod relocate;
pub mod sample;
#[cfg(test)]
pub(crate) mod stage;
pub mod track;
pub mod undo;
mod wall;
pub mod watch;
pub mod work;

use crate::ds::latch::LatchSet;
use crate::resp::args::OwnedArgs;
use crate::store::Store;
use crate::store::policy::Clock;
use crate::store::shard::Shard;
pub use block::{Block, Nothing};
use notify::Told;
use undo::Undo;
pub use work::{Progress, SLICE_NS, Slice, Work};

/// What a handler's run means for the log and the replicas.
pub enum Effect {
    /// Nothing changed.
    None,
    /// The keyspace changed (or something was published), and the request as it came reproduces that.
    Verbatim,
    /// The keyspace changed, and these commands reproduce it (relative times made absolute, random choices fixed).
    Rewrite(Vec<OwnedArgs>),
    /// Not done: run the rest in slices, between the requests of others. The reply comes from the work.
    Slices(Box<dyn Work>),
    /// Nothing there yet, nothing changed, nothing replied: run again when a key that is waited for holds something.
    Block(Box<Block>),
    /// Not done, nothing changed, nothing replied: this shard is held for long. Try again when it is free.
    Busy(u32),
}

/// Which keyspace event a change is, by Redis's classes (`notify-keyspace-events`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    Generic,
    String,
    List,
    Set,
    Hash,
    Zset,
    Stream,
    Array,
    /// Types that Redis has as modules: vector sets.
    Module,
    Expired,
    Evicted,
    /// A key that was not there.
    New,
    /// A value took the place of another (SET and its like); of one of another type.
    Overwritten,
    TypeChanged,
    /// A key was read that is not there.
    Miss,
    /// A database was swapped in: an expired key in place of one that had expired too.
    ExpiredStays,
    /// The same in place of no key.
    ExpiredComes,
    /// A key that clients wait for may have come or gone with its whole database; to watchers that is told apart.
    Waited,
}

/// One change of one key, kept only while somebody watches or notifications are on.
pub struct Change {
    pub db: u32,
    pub key: Box<[u8]>,
    pub class: Class,
    pub event: &'static str,
    /// Fields that the event is about, where somebody wants to know.
    pub subkeys: Box<[Box<[u8]>]>,
}

/// The value under a key is of another type than the command works on.
#[derive(Debug, PartialEq, Eq)]
pub struct WrongType;

/// Where a transaction stood, to go back to.
#[derive(Clone, Copy, Default)]
pub struct Savepoint {
    undo: usize,
    changes: usize,
    messages: usize,
    effects: usize,
    dirty: u64,
}

pub struct Txn {
    pub store: &'static Store,
    pub(crate) latches: LatchSet<'static, Shard>,
    core: usize,
    /// The logical database, below `store.databases`.
    pub db: u32,
    /// One clock for the whole transaction, ms since the epoch.
    pub now_ms: i64,
    /// Access clock that reads write into entries (LRU seconds, 24 bits; under an LFU policy minutes and a new key's
    /// counter).
    pub access_clock: u32,
    /// The user may read every key, whatever the request names: what BY and GET of SORT need.
    pub reads_all_keys: bool,
    /// A handler that replies [`Effect::Block`] wants to run again then, though no key changes (XREADGROUP CLAIM); ms since the
    /// epoch.
    pub again_ms: Option<i64>,
    /// CLIENT NO-TOUCH: reads leave the access clock alone.
    pub no_touch: bool,
    primed: (usize, usize, u64),
    undo: Vec<Undo>,
    /// Keys of `Undo::Int` records, one behind the other.
    undo_keys: Vec<u8>,
    undo_on: bool,
    /// What others are told at commit.
    told: Told,
    /// Commands that reproduce what this transaction did, kept while `record` is on (the log, replicas, a dry run).
    pub effects: Vec<(u32, OwnedArgs)>,
    pub record: bool,
    /// What is recorded goes to the log.
    logs: bool,
    journal: record::Journal,
    /// The log has got something since this was last cleared.
    pub appended: bool,
    /// The second context of its core.
    beside: bool,
    /// It is counted as one that takes latches as the only one.
    sole: bool,
    /// Changes so far, as Redis counts `server.dirty`.
    pub dirty: u64,
    pub hits: u64,
    pub misses: u64,
    pub expired: u64,
    /// Fields of hashes that have expired.
    pub expired_subkeys: u64,
    /// Expired keys are not there for it, and stay: it only reads, and writes are paused.
    pub keep_expired: bool,
}

impl Txn {
    /// A context for the thread numbered `core`, which alone may use it. `sole`: no other thread runs transactions.
    pub fn new(store: &'static Store, core: usize, sole: bool) -> Txn {
        Txn {
            store,
            latches: LatchSet::new(&store.shards, contexts::own_token(core), sole).with_kin(contexts::held_token(core)),
            core,
            db: 0,
            now_ms: 0,
            access_clock: 0,
            reads_all_keys: true,
            again_ms: None,
            no_touch: false,
            primed: (0, 0, 0),
            undo: Vec::new(),
            undo_keys: Vec::new(),
            undo_on: false,
            told: Told::default(),
            effects: Vec::new(),
            record: false,
            logs: false,
            journal: record::Journal::default(),
            appended: false,
            beside: false,
            sole: false,
            dirty: 0,
            hits: 0,
            misses: 0,
            expired: 0,
            expired_subkeys: 0,
            keep_expired: false,
        }
    }

    /// Sets the transaction's clock.
    pub fn set_clock(&mut self, now_ms: i64) {
        self.now_ms = now_ms;
        self.look_at_log();
        if self.store.share.load(std::sync::atomic::Ordering::Relaxed) && self.latches.is_empty() {
            self.share_latches();
        }
        self.access_clock = if self.store.settings.policy.clock() == Clock::Frequency {
            frequency::lfu_minutes(now_ms) << 8 | frequency::LFU_START
        } else {
            (now_ms / 1000) as u32 & 0x00ff_ffff
        };
    }

    /// Hash of a key; the one dispatch computed while it parsed the batch, where it is the same slice.
    #[inline]
    pub fn hash(&self, key: &[u8]) -> u64 {
        if self.primed.0 == key.as_ptr() as usize && self.primed.1 == key.len() {
            return self.primed.2;
        }
        self.store.hash(key)
    }

    /// Tells the hash of a key's slice beforehand. The slice must live, unchanged, until the next call of this.
    #[inline]
    pub fn prime(&mut self, key: &[u8], hash: u64) {
        self.primed = (key.as_ptr() as usize, key.len(), hash);
    }

    pub fn unprime(&mut self) {
        self.primed = (0, 0, 0);
    }

    #[inline]
    pub(crate) fn shard_of(&self, key: &[u8]) -> u32 {
        self.store.shard_of(self.hash(key))
    }

    /// Latches the shard of a hash. False: its holder is in for long; nothing was taken.
    #[inline]
    pub fn latch(&mut self, shard: u32) -> bool {
        self.latches.acquire(shard)
    }

    /// Latches the shard of a key that is not held yet (work in slices). Err names it: its holder is in for long.
    pub fn latch_key(&mut self, key: &[u8]) -> Result<(), u32> {
        let shard = self.shard_of(key);
        if self.latches.acquire(shard) { Ok(()) } else { Err(shard) }
    }

    /// Latches shards (any order, repeats allowed) or none of them. Err names the one that was taken.
    pub fn latch_all(&mut self, shards: &mut Vec<u32>) -> Result<(), u32> {
        shards.sort_unstable();
        shards.dedup();
        self.latches.acquire_all(shards)
    }

    /// Latches every shard of the store (FLUSHALL, SWAPDB).
    pub fn latch_store(&mut self) -> Result<(), u32> {
        let mut all: Vec<u32> = (0..self.store.shards_count()).collect();
        self.latch_all(&mut all)
    }

    /// Starts loading what a lookup of this hash will touch: first its bucket, and on a second call its entry.
    #[inline]
    pub fn prefetch(&mut self, hash: u64, entry: bool) {
        let db = self.db;
        self.latches.glance(self.store.shard_of(hash), |shard| {
            let table = shard.table(db);
            if entry { table.prefetch_entry(hash) } else { table.prefetch_bucket(hash) }
        });
    }

    /// Starts loading the object (hash, list, …) that a lookup of this hash will touch; its entry should be in the cache. False: there is none.
    #[inline]
    pub fn prefetch_object(&mut self, hash: u64) -> bool {
        let (db, mut found) = (self.db, false);
        self.latches.glance(self.store.shard_of(hash), |shard| found = shard.table(db).prefetch_object(hash));
        found
    }

    /// Starts loading where the object of this hash has an element, in two steps; its home should be in the cache. False: that
    /// would be of no use.
    #[inline]
    pub fn prefetch_element(&mut self, hash: u64, element: &[u8], again: bool) -> bool {
        let (db, mut useful) = (self.db, false);
        self.latches.glance(self.store.shard_of(hash), |shard| {
            useful = shard.table(db).prefetch_element(hash, element, again);
        });
        useful
    }

    /// Starts loading the ends of the list of this hash, in two steps; its object should be in the cache. False: a second step
    /// would be of no use.
    #[inline]
    pub fn prefetch_ends(&mut self, hash: u64, again: bool) -> bool {
        let (db, mut useful) = (self.db, false);
        self.latches.glance(self.store.shard_of(hash), |shard| useful = shard.table(db).prefetch_ends(hash, again));
        useful
    }

    pub fn holds(&self, shard: u32) -> bool {
        self.latches.holds(shard)
    }

    /// Latches the shard of `key` where it is not held anyway, for a slice of work. Err: it is held for long by another.
    pub fn hold(&mut self, key: &[u8]) -> Result<(), u32> {
        let shard = self.shard_of(key);
        if self.latches.holds(shard) || self.latches.acquire(shard) { Ok(()) } else { Err(shard) }
    }

    /// Runs `with` on one shard, latched for that long where it is not held anyway. Err: it is held for long by another.
    pub fn with_shard<R>(&mut self, shard: u32, with: impl FnOnce(&mut Shard) -> R) -> Result<R, u32> {
        let held = self.latches.holds(shard);
        if !held && !self.latches.acquire(shard) {
            return Err(shard);
        }
        let result = with(self.latches.get(shard));
        if !held {
            self.latches.release_one(shard);
        }
        Ok(result)
    }

    /// From here on changes can be rolled back.
    pub fn keep_undo(&mut self) {
        self.undo_on = true;
    }

    pub fn keeps_undo(&self) -> bool {
        self.undo_on
    }

    /// Makes the changes final: tells watchers, counts, forgets the undo log. The latches are still held afterwards. True:
    /// there is something to tell; see [`Txn::take_told`].
    #[inline]
    pub fn commit(&mut self) -> bool {
        if self.logs {
            self.append_record();
        }
        if self.dirty != 0 {
            self.store.add_dirty(self.dirty);
            self.dirty = 0;
        }
        self.undo_on = false;
        if !self.undo.is_empty() {
            self.forget_undo();
        }
        if self.told.changes.is_empty() {
            return !self.told.messages.is_empty();
        }
        watch::tell_watchers(self);
        true
    }

    /// Ends the transaction: lets all latches go. Gives the cores to wake, a bit each.
    #[inline]
    pub fn release(&mut self) -> u64 {
        debug_assert!(self.undo.is_empty(), "commit or roll back first");
        self.unprime();
        self.keep_expired = false;
        self.latches.release();
        self.latches.take_wakes()
    }

    /// Notes that `key` changed. `Txn`'s own methods change values, but only the handler knows what the change is called.
    #[inline]
    pub fn changed(&mut self, key: &[u8], class: Class, event: &'static str) {
        self.dirty += 1;
        self.signal(key, class, event);
    }

    /// Does anybody want to know when a key of this shard changes? The mark of its latch says no without a look at the shard.
    #[inline]
    fn is_observed(&mut self, shard: u32) -> bool {
        debug_assert!(self.latches.is_marked(shard) || !self.latches.peek(shard).is_observed());
        self.latches.is_marked(shard) && self.look_who_observes(shard)
    }

    #[cold]
    fn look_who_observes(&mut self, shard: u32) -> bool {
        let observed = self.latches.peek(shard).is_observed();
        self.latches.mark(shard, observed);
        observed
    }

    /// Marks the shard of `key`, which somebody observes from now on. It is latched.
    fn mark_observed(&mut self, key: &[u8]) {
        let shard = self.shard_of(key);
        self.latches.mark(shard, true);
    }

    /// As [`Txn::changed`], for a further event of a change that was counted already.
    #[inline]
    pub fn signal(&mut self, key: &[u8], class: Class, event: &'static str) {
        let shard = self.shard_of(key);
        if self.is_observed(shard) || self.store.notify.load(std::sync::atomic::Ordering::Relaxed) {
            let subkeys = Box::default();
            self.told.changes.push(Change { db: self.db, key: key.into(), class, event, subkeys });
        }
    }
}
