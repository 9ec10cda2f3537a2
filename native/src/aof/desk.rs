//! The tape where cores and the log's thread take turns at it (`appendfsync everysec` and `no`).
//!
//! ```text
//!   a core, before the replies of a turn   log ─▶ tape ─▶ write(2)                 ─▶ they leave: the system has what they tell of
//!   where it cannot                        hold them ▶ nudge the log's thread, which does the same ▶ they leave
//! ```
//!
//! A core writes for everybody: what others have appended so far goes along. It cannot where another one is at it for long, where a write
//! has failed, and while an fsync goes on beside, which may keep a write to the same file waiting: then its loop goes on, and
//! its replies wait.

use std::hint::spin_loop;
use std::io;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use super::tape::{LogFile, Tape};
use crate::store::log::Log;

/// Bytes taken off the log in one go.
const TAKE_BYTES: usize = 4 << 20;
/// How often a core tries, and how long it waits before the next time, in turns of a spinning loop: some 50 us in all.
const TRIES: u32 = 32;
const TRY_SPINS: u32 = 32;

/// Why cores leave writing to the log's thread: a write or an fsync failed; an fsync goes on.
pub const FAILED: u8 = 1;
pub const SYNCING: u8 = 2;

pub struct Desk<F> {
    seat: Mutex<Seat<F>>,
    shut: AtomicU8,
    /// Up to here of the log an fsync has begun (`appendfsync always`).
    begun: AtomicU64,
}

/// What it takes to write.
pub struct Seat<F> {
    pub tape: Tape<F>,
    /// Fsyncs of before say nothing of what the tape holds now.
    epoch: u64,
    /// What an fsync has failed with.
    pub sync_error: Option<io::Error>,
}

/// An fsync that goes on: what it speaks for.
pub struct Ticket {
    position: u64,
    length: u64,
    epoch: u64,
}

impl<F: LogFile> Desk<F> {
    pub fn new(tape: Tape<F>) -> Desk<F> {
        let seat = Mutex::new(Seat { tape, epoch: 0, sync_error: None });
        Desk { seat, shut: AtomicU8::new(0), begun: AtomicU64::new(0) }
    }

    /// For the log's thread, and orders to it.
    pub fn seat(&self) -> MutexGuard<'_, Seat<F>> {
        self.seat.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub fn shut(&self, why: u8) {
        self.shut.fetch_or(why, Ordering::SeqCst);
    }

    pub fn open(&self, why: u8) {
        self.shut.fetch_and(!why, Ordering::SeqCst);
    }

    pub fn is_shut(&self, why: u8) -> bool {
        self.shut.load(Ordering::SeqCst) & why != 0
    }

    pub fn begun(&self) -> u64 {
        self.begun.load(Ordering::SeqCst)
    }

    /// An fsync begins now, for all that is written. Several may go on, each by a descriptor of its own: the system tells each
    /// descriptor of a failure, and the same one only once.
    pub fn begin_sync(&self, seat: &mut Seat<F>, log: &Log) -> Ticket {
        let ticket = Ticket { position: log.written(), length: seat.tape.length(), epoch: seat.epoch };
        self.begun.store(ticket.position, Ordering::SeqCst);
        ticket
    }

    /// For a core: has the log written up to `position`, if that can be done now. False: the log's thread has to. `stamp`: as for
    /// [`Seat::take`]. `see`: called with the tape behind a write.
    pub fn write_up_to(&self, log: &Log, position: u64, stamp: Option<i64>, see: impl Fn(&Tape<F>)) -> bool {
        for _ in 0..TRIES {
            if log.written() >= position {
                return true;
            }
            if self.shut.load(Ordering::Acquire) != 0 {
                return false;
            }
            if let Ok(mut seat) = self.seat.try_lock() {
                while seat.take(log, stamp) == TAKE_BYTES {}
                if seat.write(log, false).is_err() {
                    self.shut(FAILED);
                    return false;
                }
                see(&seat.tape);
                continue;
            }
            (0..TRY_SPINS).for_each(|_| spin_loop());
        }
        log.written() >= position
    }
}

impl<F: LogFile> Seat<F> {
    /// Takes what there is off the log, up to where the next file begins; how many bytes. `stamp`: the time, s since the epoch, where
    /// that is to be written between requests.
    pub fn take(&mut self, log: &Log, stamp: Option<i64>) -> usize {
        self.tape.stamps = stamp.is_some();
        log.take(TAKE_BYTES, |some| self.tape.take(some, stamp.unwrap_or(0)))
    }

    /// The fsync has ended. Where it failed what was kept is to be written again, and others that go on speak for nothing.
    pub fn end_sync(&mut self, log: &Log, ticket: &Ticket, outcome: io::Result<()>) {
        match outcome {
            Ok(()) if ticket.epoch != self.epoch => (),
            Ok(()) => {
                self.tape.note_synced(ticket.length);
                log.set_durable(ticket.position.max(log.durable()));
            }
            Err(error) => {
                self.epoch += 1;
                self.tape.write_again();
                self.sync_error = Some(error);
            }
        }
    }

    /// Goes on in another file. All before it is on disk.
    pub fn change(&mut self, tape: Tape<F>) {
        self.epoch += 1;
        self.tape = tape;
    }

    /// Writes what was taken. `keep`: until it is on disk.
    pub fn write(&mut self, log: &Log, keep: bool) -> io::Result<()> {
        self.tape.write(keep)?;
        log.set_written(log.ring().map_or(0, |ring| ring.head()));
        Ok(())
    }
}

#[cfg(test)]
#[path = "desk_tests.rs"]
mod tests;
