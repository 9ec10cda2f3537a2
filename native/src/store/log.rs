//! The log of changes: every transaction appends what reproduces it, while its latches are held; a thread takes it to disk.
//!
//! ```text
//!   record:  bytes u64 · database before u32 · database behind u32 · requests as RESP, in MULTI and EXEC where there are several
//! ```

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use std::sync::{Mutex, OnceLock};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::ds::ring::Ring;
use crate::sys::usage;

/// Bytes between the cores and the thread that writes the file. Where it is full, cores wait for that thread. Few in
/// tests, which so have positions leap (`ds/ring.rs`).
pub const LOG_BYTES: usize = if cfg!(test) { 64 << 10 } else { 32 << 20 };
/// Bytes before the requests of a record.
pub const RECORD_HEAD_BYTES: usize = 16;
/// How long a core that finds no room waits before it looks again.
const FULL_WAIT: Duration = Duration::from_micros(20);

pub struct Log {
    ring: OnceLock<Ring>,
    cores: OnceLock<usize>,
    /// Transactions record what they do.
    on: AtomicBool,
    /// A bit for each core that knows that.
    seen: AtomicU64,
    /// The reader waits to be woken; somebody wants it to look.
    asleep: AtomicBool,
    called: AtomicBool,
    reader: Mutex<Option<Thread>>,
    /// Threads that are no cores append one after the other.
    outside: Mutex<()>,
    /// Replies wait until what they may tell of is on disk (`appendfsync always`), and not only in the file.
    pub always: AtomicBool,
    /// The reader stops here, to go on in another file; `u64::MAX`: nowhere.
    border: AtomicU64,
    /// Up to here everything is in the file: the system has it, and this process may be killed.
    written: AtomicU64,
    /// Up to here everything is on disk, as far as `always` asks for.
    durable: AtomicU64,
}

impl Default for Log {
    fn default() -> Log {
        Log {
            ring: OnceLock::new(),
            cores: OnceLock::new(),
            on: AtomicBool::new(false),
            seen: AtomicU64::new(0),
            asleep: AtomicBool::new(false),
            called: AtomicBool::new(false),
            reader: Mutex::default(),
            outside: Mutex::default(),
            always: AtomicBool::new(false),
            border: AtomicU64::new(u64::MAX),
            written: AtomicU64::new(0),
            durable: AtomicU64::new(0),
        }
    }
}

/// What stands before the requests of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Of the requests.
    pub bytes: u64,
    /// The database that the first of them is for, and the one that the last has left.
    pub first_db: u32,
    pub last_db: u32,
}

impl Head {
    #[inline]
    pub fn to_bytes(self) -> [u8; RECORD_HEAD_BYTES] {
        let mut bytes = [0; RECORD_HEAD_BYTES];
        bytes[..8].copy_from_slice(&self.bytes.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.first_db.to_le_bytes());
        bytes[12..].copy_from_slice(&self.last_db.to_le_bytes());
        bytes
    }

    /// None: not so many bytes.
    #[inline]
    pub fn from_bytes(bytes: &[u8]) -> Option<Head> {
        let (count, rest) = bytes.split_first_chunk::<8>()?;
        let (first, rest) = rest.split_first_chunk::<4>()?;
        let last = rest.first_chunk::<4>()?;
        Some(Head {
            bytes: u64::from_le_bytes(*count),
            first_db: u32::from_le_bytes(*first),
            last_db: u32::from_le_bytes(*last),
        })
    }
}

impl Log {
    #[inline]
    pub fn is_on(&self) -> bool {
        self.on.load(Ordering::Acquire)
    }

    /// Makes the ring; transactions record from their next turn on. `cores`: how many threads run transactions.
    pub fn switch_on(&self, cores: usize) {
        self.cores.get_or_init(|| cores);
        self.ring.get_or_init(|| usage::apart(|| Ring::new(LOG_BYTES, 2 * cores + 1)));
        self.on.store(true, Ordering::Release);
    }

    pub fn switch_off(&self) {
        self.on.store(false, Ordering::Release);
    }

    /// A core's transactions record from now on, or no longer.
    pub fn note_seen(&self, core: usize, on: bool) {
        let bit = 1u64.checked_shl(core as u32).unwrap_or(0);
        if on {
            self.seen.fetch_or(bit, Ordering::AcqRel);
        } else {
            self.seen.fetch_and(!bit, Ordering::AcqRel);
        }
    }

    /// Do the transactions of the first `cores` cores record?
    pub fn is_seen_by(&self, cores: usize) -> bool {
        let all = u64::MAX.checked_shl(cores as u32).map_or(u64::MAX, |rest| !rest);
        self.seen.load(Ordering::Acquire) & all == all
    }

    /// Do any cores' transactions record?
    pub fn is_seen_by_any(&self) -> bool {
        self.seen.load(Ordering::Acquire) != 0
    }

    /// The ring, once it was ever on.
    pub fn ring(&self) -> Option<&Ring> {
        self.ring.get()
    }

    /// What is appended from now on goes into another file: the reader stops at the position that this gives. All shards are latched, so
    /// that nobody appends meanwhile who has not finished.
    pub fn set_border(&self) -> u64 {
        let _nobody = self.outside.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let at = self.tail();
        self.border.store(at, Ordering::SeqCst);
        at
    }

    pub fn clear_border(&self) {
        self.border.store(u64::MAX, Ordering::SeqCst);
    }

    /// The end of what can be read and goes into the file that is written.
    pub fn readable(&self) -> u64 {
        // The border after the end: who appended beyond it did so after it was set.
        let published = self.ring.get().map_or(0, Ring::published);
        published.min(self.border.load(Ordering::SeqCst))
    }

    /// Takes what can be read, `most` bytes of it and nothing beyond the border, and shows it in pieces; gives how many. For the reader.
    pub fn take(&self, most: usize, show: impl FnMut(&[u8])) -> usize {
        let Some(ring) = self.ring.get() else { return 0 };
        let until = self.readable();
        ring.take(most.min(until.saturating_sub(ring.head()) as usize), show)
    }

    /// Appends a record. `beside`: of the second context of a core.
    #[inline]
    pub fn append(&self, core: usize, beside: bool, head: Head, body: &[u8]) {
        let (Some(ring), Some(cores)) = (self.ring.get(), self.cores.get()) else { return };
        let writer = if core >= *cores {
            return self.append_outside(head, body);
        } else {
            core + if beside { *cores } else { 0 }
        };
        ring.append(writer, &head.to_bytes(), body, || self.wait_for_room());
    }

    /// As [`Log::append`], for a thread that is no core.
    #[cold]
    pub fn append_outside(&self, head: Head, body: &[u8]) {
        let (Some(ring), Some(cores)) = (self.ring.get(), self.cores.get()) else { return };
        let _one = self.outside.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        ring.append(2 * cores, &head.to_bytes(), body, || self.wait_for_room());
        self.nudge();
    }

    #[cold]
    fn wait_for_room(&self) {
        self.nudge();
        thread::sleep(FULL_WAIT);
    }

    /// Has the reader look at what there is, now or when it is about to sleep. At most once a turn of a core.
    pub fn nudge(&self) {
        self.called.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if self.asleep.load(Ordering::Relaxed)
            && self.asleep.swap(false, Ordering::AcqRel)
            && let Some(reader) = &*self.reader.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
        {
            reader.unpark();
        }
    }

    /// The calling thread reads from now on.
    pub fn be_reader(&self) {
        *self.reader.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(thread::current());
    }

    /// Sleeps until somebody nudges, or has done so since the last sleep, or `most` is over. For the reader.
    pub fn sleep(&self, most: Duration) {
        self.asleep.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if !self.called.load(Ordering::Relaxed) {
            thread::park_timeout(most);
        }
        self.asleep.store(false, Ordering::Relaxed);
        // Before the reader looks: who calls from now on is seen at the next sleep.
        self.called.store(false, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// The end of what was appended so far.
    #[inline]
    pub fn tail(&self) -> u64 {
        self.ring.get().map_or(0, Ring::tail)
    }

    #[inline]
    pub fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    /// Everything up to `position` is on disk.
    pub fn set_durable(&self, position: u64) {
        self.durable.store(position, Ordering::Release);
    }

    #[inline]
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Everything up to `position` is in the file.
    pub fn set_written(&self, position: u64) {
        self.written.store(position, Ordering::Release);
    }

    /// Up to here replies may tell of what was done.
    #[inline]
    pub fn settled(&self) -> u64 {
        if self.always.load(Ordering::Relaxed) { self.durable() } else { self.written() }
    }

    /// Must replies that are made now wait? Then until [`Log::settled`] has come so far.
    #[inline]
    pub fn barrier(&self) -> Option<u64> {
        if !self.on.load(Ordering::Relaxed) {
            return None;
        }
        let tail = self.tail();
        (self.settled() < tail).then_some(tail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_record_is_read_as_it_was_written() {
        let head = Head { bytes: 1 << 40, first_db: 3, last_db: 15 };
        assert_eq!(Head::from_bytes(&head.to_bytes()), Some(head));
        assert_eq!(Head::from_bytes(&head.to_bytes()[..15]), None);
    }

    #[test]
    fn the_reader_stops_at_the_border() {
        let log = Log::default();
        log.switch_on(1);
        let mut taken = Vec::new();
        let mut take = |most| log.take(most, |some| taken.extend_from_slice(some));
        let head = |bytes| Head { bytes, first_db: 0, last_db: 0 };
        log.append(0, false, head(6), b"before");
        let at = log.set_border();
        log.append(0, true, head(6), b"behind");
        assert_eq!((at, take(100), take(100)), (22, 22, 0));
        log.clear_border();
        assert_eq!((take(2), take(100)), (2, 20));
        let record = |body: &[u8]| [&head(6).to_bytes(), body].concat();
        assert_eq!(taken, [record(b"before"), record(b"behind")].concat());
    }

    #[test]
    fn all_cores_have_seen_it_when_the_last_one_has() {
        let log = Log::default();
        log.switch_on(64);
        (0..63).for_each(|core| log.note_seen(core, true));
        assert!(!log.is_seen_by(64) && log.is_seen_by(63) && log.is_seen_by(0));
        log.note_seen(63, true);
        assert!(log.is_seen_by(64));
        log.note_seen(0, false);
        assert!(!log.is_seen_by(1));
    }
}
