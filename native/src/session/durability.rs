//! How it stands with what is written to disk.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, RwLock};

use super::server::Server;
use crate::sys::clock;
use crate::txn::Txn;

/// A bit of the server's gate: changes cannot be written to disk, so they are refused.
pub const GATE_DISK: u32 = 64;

const MISCONF_SAVE: &str = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands \
that may modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails \
(stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.";

/// How long DEBUG LOADAOF waits for the first base of a file.
const FIRST_BASE_WAIT_MS: u32 = 10_000;

/// The reply of WAITAOF when the log is on disk, and when its time is over before.
pub const WAITAOF_DONE: &[u8] = b"*2\r\n:1\r\n:0\r\n";
pub const WAITAOF_LATE: &[u8] = b"*2\r\n:0\r\n:0\r\n";

/// `appendfsync`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fsync {
    No = 0,
    EverySecond = 1,
    Always = 2,
}

/// What the thread that writes the log is asked to do.
pub enum Order {
    /// Go on in this file, which is there and empty, with what is appended behind position `at`.
    Rotate { at: u64, path: PathBuf, done: Sender<()> },
    /// Write all there is, see to it that it is on disk, and end.
    Stop { done: Sender<Result<(), String>> },
}

/// Loads the append-only file in place of the data set; all shards are latched.
pub type LoadLog = Box<dyn Fn(&mut Txn) -> Result<Vec<Vec<u8>>, String> + Send>;

/// The file of the log, for cores.
pub trait LogWriter: Send + Sync {
    /// Has the log written up to `position`, if that can be done now. False: the log's thread has to.
    fn write_up_to(&self, position: u64) -> bool;
    /// Has the log on disk soon (`appendfsync always`).
    fn sync_soon(&self);
}

/// A snapshot that was saved.
#[derive(Clone, Copy, Debug)]
pub struct Saved {
    pub bytes: u64,
    pub keys: u64,
    /// Changes so far when it began.
    pub dirty: u64,
    pub seconds: f64,
}

#[derive(Default)]
pub struct Durability {
    /// Why the log cannot be written.
    log_error: Mutex<Option<String>>,
    pub orders: Mutex<VecDeque<Order>>,
    log_writer: RwLock<Option<Arc<dyn LogWriter>>>,
    /// There is an append-only file.
    pub aof_enabled: AtomicBool,
    /// There is to be one, but its first base is not there yet, so that nothing of it could be loaded.
    opening: AtomicBool,
    /// Bytes of all its files; of that when it was last rewritten or loaded; bytes on their way into it.
    pub aof_bytes: AtomicU64,
    pub aof_base_bytes: AtomicU64,
    /// Bytes of the files that are not written any more.
    pub aof_other_bytes: AtomicU64,
    pub aof_backlog: AtomicU64,
    /// An fsync goes on beside; fsyncs that were due while one went on.
    pub fsync_pending: AtomicU64,
    pub fsync_delayed: AtomicU64,
    fsync: AtomicU8,
    pub aof_stamps: AtomicBool,
    /// A rewrite goes on; 0: none. Seconds since the epoch.
    pub rewrite_since_s: AtomicI64,
    pub rewrite_scheduled: AtomicBool,
    /// Seconds that the last one took, -1: none yet. Did it fail? How many there were, and failed in a row.
    pub rewrite_last_s: AtomicI64,
    pub rewrite_failed: AtomicBool,
    pub rewrites: AtomicU64,
    pub rewrite_failures: AtomicU64,
    /// Loads the append-only file that was last opened or written; see `aof/reload.rs`.
    load_log: Mutex<Option<LoadLog>>,
    /// What came of the snapshot or rewrite that has ended, until the main thread takes it.
    outcome: Mutex<Option<Result<Saved, String>>>,
    /// The sources of all libraries of functions, as files hold them.
    libraries: Mutex<Arc<Vec<Vec<u8>>>>,
    /// Of the snapshot being saved: since when, s since the epoch (0: none is); its keys, those that are written, bytes that changes
    /// have kept back from being lost.
    pub save_since_s: AtomicI64,
    pub save_keys: AtomicU64,
    pub save_keys_done: AtomicU64,
    pub cow_bytes: AtomicU64,
    /// Of the last one: when, s; how long, s; whether it failed; how many there were.
    pub saved_s: AtomicI64,
    pub save_last_s: AtomicI64,
    pub save_failed: AtomicBool,
    pub saves: AtomicU64,
    /// Held while a snapshot's file is put in its place. How many FLUSHALLs had been when a core last wrote the file behind one.
    pub placing: Mutex<()>,
    pub flushes_saved: AtomicU64,
    /// Bytes that changes have kept back at most, of the last snapshot and the last rewrite.
    pub save_last_cow: AtomicU64,
    pub rewrite_last_cow: AtomicU64,
    /// What goes on is to end early.
    cancelled: AtomicBool,
    /// What goes on has come to the instant that it is of.
    pub begun: AtomicBool,
    /// SAVE or SHUTDOWN waits for it: a failure is told there, and refuses no changes.
    foreground: AtomicBool,
    /// DEBUG AOF-FLUSH-SLEEP: before each write to the log, us.
    pub flush_sleep_us: AtomicU64,
    /// Changes are refused because snapshots cannot be written (`stop-writes-on-bgsave-error`).
    save_error: AtomicBool,
    /// `rdb-key-save-delay`, us for each key.
    pub key_save_delay_us: AtomicI64,
    /// Up to here somebody wants the log to be on disk (WAITAOF), whatever `appendfsync` says.
    pub sync_wanted: AtomicU64,
    /// Connections whose replies are held back, and how often replies were.
    pub held: AtomicU64,
    pub holds: AtomicU64,
    /// Cores that hold replies back until the log is on disk; a bit each.
    waiting: AtomicU64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Durability {
    pub fn fsync(&self) -> Fsync {
        match self.fsync.load(Ordering::Relaxed) {
            0 => Fsync::No,
            2 => Fsync::Always,
            _ => Fsync::EverySecond,
        }
    }

    pub fn log_error(&self) -> Option<String> {
        lock(&self.log_error).clone()
    }

    /// A snapshot is being saved from now on.
    pub fn begin_save(&self, foreground: bool) {
        self.foreground.store(foreground, Ordering::SeqCst);
        self.cancelled.store(false, Ordering::SeqCst);
        self.begun.store(false, Ordering::SeqCst);
        self.save_since_s.store(clock::now_ms() / 1000, Ordering::Relaxed);
    }

    /// A rewrite of the append-only file goes on from now on.
    pub fn begin_rewrite(&self) {
        self.cancelled.store(false, Ordering::SeqCst);
        self.begun.store(false, Ordering::SeqCst);
        self.rewrite_since_s.store(clock::now_ms() / 1000, Ordering::Relaxed);
    }

    /// The snapshot or the rewrite that goes on ends soon and leaves nothing behind; no failure.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
    }

    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// It has ended, or the rewrite has; the main thread takes it from here.
    pub fn end(&self, outcome: Result<Saved, String>) {
        *lock(&self.outcome) = Some(outcome);
    }

    /// `failed`: other than by being cancelled.
    fn note_rewrite(&self, outcome: &Result<Saved, String>, failed: bool) {
        let now_s = clock::now_ms() / 1000;
        self.rewrite_last_s.store(now_s - self.rewrite_since_s.swap(0, Ordering::Relaxed), Ordering::Relaxed);
        if failed {
            self.rewrite_failed.store(true, Ordering::Relaxed);
            self.rewrite_failures.fetch_add(1, Ordering::Relaxed);
        } else if outcome.is_ok() {
            self.rewrite_failed.store(false, Ordering::Relaxed);
            self.rewrites.fetch_add(1, Ordering::Relaxed);
            self.rewrite_failures.store(0, Ordering::Relaxed);
        }
    }

    /// From now on cores write through this; None: nobody does.
    pub fn set_log_writer(&self, writer: Option<Arc<dyn LogWriter>>) {
        *self.log_writer.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = writer;
    }

    fn write_up_to(&self, position: u64) -> bool {
        let writer = self.log_writer.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        writer.as_ref().is_some_and(|writer| writer.write_up_to(position))
    }

    fn sync_soon(&self) {
        let writer = self.log_writer.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(writer) = writer.as_ref() {
            writer.sync_soon();
        }
    }

    pub fn set_load_log(&self, load: LoadLog) {
        *lock(&self.load_log) = Some(load);
    }

    /// Where the append-only file was switched on just now: blocks until it has its first base, or ten seconds. What that waits for of the
    /// calling core, namely that changes are recorded from now on, is done here. In a transaction there is no waiting.
    pub fn await_first_base(&self, txn: &mut Txn) {
        for _ in 0..FIRST_BASE_WAIT_MS {
            if !self.is_opening() || txn.holds_latches() {
                return;
            }
            txn.set_clock(txn.now_ms);
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }

    /// Loads the append-only file; gives the libraries of functions in its base. Err: why not.
    pub fn load_log(&self, txn: &mut Txn) -> Result<Vec<Vec<u8>>, String> {
        let load = lock(&self.load_log);
        load.as_ref().ok_or("there is no append only file")?(txn)
    }

    pub fn libraries(&self) -> Arc<Vec<Vec<u8>>> {
        lock(&self.libraries).clone()
    }

    /// Before a change of libraries is logged: what is logged later than a snapshot begins is not in it.
    pub fn set_libraries(&self, sources: Vec<Vec<u8>>) {
        *lock(&self.libraries) = Arc::new(sources);
    }

    pub fn is_opening(&self) -> bool {
        self.opening.load(Ordering::Acquire)
    }

    /// Is there an append-only file, or will there be one?
    pub fn has_log(&self) -> bool {
        self.aof_enabled.load(Ordering::Relaxed) || self.is_opening()
    }

    pub fn take_order(&self) -> Option<Order> {
        lock(&self.orders).pop_front()
    }

    /// This core holds replies back.
    pub fn wait_on(&self, core: usize) {
        self.waiting.fetch_or(1 << core, Ordering::SeqCst);
    }
}

impl Server {
    /// `appendfsync` by its name.
    pub fn set_fsync(&self, name: &str) {
        let fsync = match name {
            "no" => Fsync::No,
            "always" => Fsync::Always,
            _ => Fsync::EverySecond,
        };
        self.durability.fsync.store(fsync as u8, Ordering::Relaxed);
        self.store.log.always.store(fsync == Fsync::Always, Ordering::SeqCst);
        self.store.log.nudge();
        self.wake_waiting();
    }

    /// Must replies that are made now wait? Then until [`Log::settled`](crate::store::log::Log::settled) has come so far. Where the file
    /// is all they would wait for, the calling core writes.
    #[inline]
    pub fn barrier(&self) -> Option<u64> {
        let at = self.store.log.barrier()?;
        self.write_or_wait(at)
    }

    fn write_or_wait(&self, at: u64) -> Option<u64> {
        if self.durability.fsync() == Fsync::Always {
            // At the end of the turn somebody is told, once.
            return Some(at);
        }
        if self.durability.write_up_to(at) {
            return None;
        }
        self.store.log.nudge();
        Some(at)
    }

    /// Replies wait for the log: whoever it is that writes it is told.
    pub fn nudge_log(&self) {
        if self.durability.fsync() == Fsync::Always {
            self.durability.sync_soon();
        } else {
            self.store.log.nudge();
        }
    }

    /// The log cannot be written, for this reason; None: it can again.
    pub fn set_log_error(&self, error: Option<String>) {
        *lock(&self.durability.log_error) = error;
        self.judge_disk();
    }

    /// Snapshots cannot be written, and changes are refused for that; or no longer.
    pub fn set_save_error(&self, failing: bool) {
        self.durability.save_error.store(failing, Ordering::SeqCst);
        self.judge_disk();
    }

    fn judge_disk(&self) {
        if self.disk_refusal().is_some() {
            self.gate.fetch_or(GATE_DISK, Ordering::SeqCst);
            self.wake_waiting();
        } else {
            self.gate.fetch_and(!GATE_DISK, Ordering::SeqCst);
        }
    }

    /// What a change is refused with; None: it is not.
    pub fn disk_refusal(&self) -> Option<String> {
        let failing = self.durability.save_error.load(Ordering::SeqCst);
        let log = self.durability.log_error().map(|error| format!("MISCONF Errors writing to the AOF file: {error}"));
        log.or_else(|| failing.then(|| MISCONF_SAVE.into()))
    }

    /// What came of the snapshot or the rewrite, once; from then on another may begin.
    pub fn take_outcome(&self) -> Option<Result<Saved, String>> {
        let durability = &self.durability;
        let outcome = lock(&durability.outcome).take()?;
        let cow_bytes = durability.cow_bytes.swap(0, Ordering::Relaxed);
        let failed = outcome.is_err() && !durability.is_cancelled();
        if durability.rewrite_since_s.load(Ordering::Relaxed) != 0 {
            durability.rewrite_last_cow.store(cow_bytes, Ordering::Relaxed);
            durability.note_rewrite(&outcome, failed);
            return Some(outcome);
        }
        durability.save_last_cow.store(cow_bytes, Ordering::Relaxed);
        let now_s = clock::now_ms() / 1000;
        durability.save_last_s.store(now_s - durability.save_since_s.swap(0, Ordering::Relaxed), Ordering::Relaxed);
        if outcome.is_ok() || (failed && !durability.foreground.load(Ordering::SeqCst)) {
            durability.save_failed.store(failed, Ordering::Relaxed);
        }
        if let Ok(saved) = &outcome {
            durability.saved_s.store(now_s, Ordering::Relaxed);
            durability.saves.fetch_add(1, Ordering::Relaxed);
            self.store.dirty.fetch_sub(saved.dirty, Ordering::Relaxed);
        }
        Some(outcome)
    }

    /// The log is to be on disk up to `position`, soon.
    pub fn want_sync(&self, position: u64) {
        self.durability.sync_wanted.fetch_max(position, Ordering::SeqCst);
        self.store.log.nudge();
    }

    /// The append-only file has no base yet; or it has, or is not to come.
    pub fn set_opening(&self, opening: bool) {
        self.durability.opening.store(opening, Ordering::SeqCst);
        self.wake_waiting();
    }

    /// Hands the writer of the log an order.
    pub fn order(&self, order: Order) {
        lock(&self.durability.orders).push_back(order);
        self.store.log.nudge();
    }

    /// Has a core that takes latches as the only thread take them as one of several, from now on. Returns when it does; a function that
    /// runs there is waited for.
    pub fn share_latches(&self) {
        self.store.share.store(true, Ordering::SeqCst);
        while self.store.sole.load(Ordering::SeqCst) > 0 {
            self.wake(u64::MAX);
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }

    /// Wakes the cores that hold replies back.
    pub fn wake_waiting(&self) {
        let mut cores = self.durability.waiting.swap(0, Ordering::SeqCst);
        while cores != 0 {
            crate::sys::wake::signal(self.wake_fd(cores.trailing_zeros() as usize));
            cores &= cores - 1;
        }
    }
}
