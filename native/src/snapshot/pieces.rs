//! The pieces of a file that wait to be read, and whether there is any use in reading on.

use std::collections::VecDeque;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Condvar, Mutex, MutexGuard};

use super::file::Piece;

/// Bytes of pieces that wait for a hand.
const WAITING_BYTES_MAX: usize = if cfg!(test) { 128 } else { 16 << 20 };

/// Pieces on their way to the hands.
#[derive(Default)]
pub struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    /// No hand is to read on.
    given_up: AtomicBool,
    /// Keys of empty collections that hands came upon.
    pub empty: AtomicU64,
    /// Held by who waits after a key.
    pub turn: Mutex<()>,
}

#[derive(Default)]
struct Waiting {
    pieces: VecDeque<Piece>,
    bytes: usize,
    closed: bool,
    failure: Option<String>,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// False: there is no use in more.
    pub fn push(&self, piece: Piece) -> bool {
        let mut waiting = self.lock();
        while waiting.bytes > WAITING_BYTES_MAX && !self.given_up.load(Relaxed) {
            waiting = self.changed.wait(waiting).unwrap_or_else(|poisoned| poisoned.into_inner());
        }
        waiting.bytes += piece.end - piece.start;
        waiting.pieces.push_back(piece);
        drop(waiting);
        self.changed.notify_all();
        !self.given_up.load(Relaxed)
    }

    /// None: that was all.
    pub fn take(&self) -> Option<Piece> {
        let mut waiting = self.lock();
        loop {
            if self.given_up.load(Relaxed) {
                return None;
            }
            if let Some(piece) = waiting.pieces.pop_front() {
                waiting.bytes -= piece.end - piece.start;
                drop(waiting);
                self.changed.notify_all();
                return Some(piece);
            }
            if waiting.closed {
                return None;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(|poisoned| poisoned.into_inner());
        }
    }

    /// No more is to come.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    pub fn give_up(&self) {
        // Under the lock, so that nobody misses it on the way to sleep.
        let waiting = self.lock();
        self.given_up.store(true, Relaxed);
        drop(waiting);
        self.changed.notify_all();
    }

    pub fn fail(&self, text: String) {
        self.lock().failure.get_or_insert(text);
        self.give_up();
    }

    pub fn failure(&self) -> Option<String> {
        self.lock().failure.take()
    }
}
