//! Records from the log as they go to a file: which database they are for, when they were written, what is on disk.
//!
//! ```text
//!   ring ─▶ take: records ─▶ waiting: RESP with SELECT and #TS lines ─▶ write ─▶ sync: on disk
//! ```
//!
//! What is not on disk yet is kept where that is asked for (`keep`), so that a failed sync, after which nobody knows what the system has
//! dropped, ends in writing it again.

use std::io;

use crate::resp::args::OwnedArgs;
use crate::store::log::{Head, RECORD_HEAD_BYTES};
use crate::txn::record::push_request;

/// A file as the log needs it. Errors leave it as it was, as far as the caller can know.
pub trait LogFile {
    /// Appends some of the bytes; how many.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// Returns when everything is on disk.
    fn sync(&mut self) -> io::Result<()>;
    /// Cuts it to so many bytes; what is written next comes behind them.
    fn cut(&mut self, bytes: u64) -> io::Result<()>;
}

/// The way of records into one file.
pub struct Tape<F> {
    file: F,
    /// Bytes of the file that are whole requests, written.
    written: u64,
    /// Bytes of the file that are on disk for sure.
    synced: u64,
    /// To be written, or written and kept until they are on disk: the file's bytes from `written - kept` on.
    waiting: Vec<u8>,
    kept: usize,
    /// Bytes of a record's head that is not whole yet.
    raw: Vec<u8>,
    /// Bytes that the record in progress still has; its last database.
    left: u64,
    last_db: u32,
    db: Option<u32>,
    second: i64,
    /// Write the time as a comment when it changes.
    pub stamps: bool,
}

impl<F: LogFile> Tape<F> {
    /// Goes on behind `length` bytes of a file, which are on disk.
    pub fn new(file: F, length: u64) -> Tape<F> {
        Tape {
            file,
            written: length,
            synced: length,
            waiting: Vec::new(),
            kept: 0,
            raw: Vec::new(),
            left: 0,
            last_db: 0,
            db: None,
            second: 0,
            stamps: false,
        }
    }

    /// Bytes of the file.
    pub fn length(&self) -> u64 {
        self.written
    }

    /// Bytes that wait to be written.
    pub fn backlog(&self) -> usize {
        self.waiting.len() - self.kept
    }

    /// Is something written that may not be on disk?
    pub fn is_dirty(&self) -> bool {
        self.synced < self.written
    }

    /// Somebody else has seen to it that the first `length` bytes are on disk.
    pub fn note_synced(&mut self, length: u64) {
        self.synced = self.synced.max(length.min(self.written));
        let from = self.written - self.kept as u64;
        self.forget(self.synced.saturating_sub(from) as usize);
    }

    pub fn file(&self) -> &F {
        &self.file
    }

    /// Takes bytes of the log in. `now_s`: the time, for the stamps.
    pub fn take(&mut self, bytes: &[u8], now_s: i64) {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.left > 0 {
                let count = rest.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
                self.waiting.extend_from_slice(&rest[..count]);
                rest = &rest[count..];
                self.left -= count as u64;
                if self.left == 0 {
                    self.db = Some(self.last_db);
                }
                continue;
            }
            if self.raw.is_empty()
                && let Some(head) = Head::from_bytes(rest)
            {
                rest = &rest[RECORD_HEAD_BYTES..];
                self.begin(head, now_s);
                continue;
            }
            let count = rest.len().min(RECORD_HEAD_BYTES - self.raw.len());
            self.raw.extend_from_slice(&rest[..count]);
            rest = &rest[count..];
            if let Some(head) = Head::from_bytes(&self.raw) {
                self.raw.clear();
                self.begin(head, now_s);
            }
        }
    }

    fn begin(&mut self, head: Head, now_s: i64) {
        if self.stamps && now_s != self.second {
            self.second = now_s;
            self.waiting.extend_from_slice(format!("#TS:{now_s}\r\n").as_bytes());
        }
        if self.db != Some(head.first_db) {
            let number = head.first_db.to_string();
            push_request(&mut self.waiting, OwnedArgs::of(&[b"SELECT", number.as_bytes()]).borrow());
        }
        (self.left, self.last_db) = (head.bytes, head.last_db);
        if self.left == 0 {
            self.db = Some(self.last_db);
        }
    }

    /// Writes what waits. `keep`: until it is on disk. After an error the file ends behind what was written before, as far as the
    /// system lets it.
    pub fn write(&mut self, keep: bool) -> io::Result<()> {
        let began = self.written;
        while self.kept < self.waiting.len() {
            match self.file.write(&self.waiting[self.kept..]) {
                Ok(0) => return self.give_up(began, io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.kept += count;
                    self.written += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                Err(error) => return self.give_up(began, error),
            }
        }
        if !keep {
            self.forget(self.kept);
        }
        Ok(())
    }

    /// A part of what waits is in the file: out with it, or, where that fails too, go on behind it the next time.
    fn give_up(&mut self, began: u64, error: io::Error) -> io::Result<()> {
        if self.written > began && self.file.cut(began).is_ok() {
            self.kept -= (self.written - began) as usize;
            self.written = began;
        }
        Err(error)
    }

    /// Sees to it that all that is written is on disk. After an error what was kept is to be written again.
    pub fn sync(&mut self) -> io::Result<()> {
        if let Err(error) = self.file.sync() {
            self.write_again();
            return Err(error);
        }
        self.synced = self.written;
        self.forget(self.kept);
        Ok(())
    }

    /// A sync has failed: what was kept is to be written again.
    pub fn write_again(&mut self) {
        let from = self.written - self.kept as u64;
        if self.kept > 0 && self.file.cut(from).is_ok() {
            (self.written, self.kept) = (from, 0);
        }
    }

    /// The first `count` bytes that are written need not be kept.
    fn forget(&mut self, count: usize) {
        self.waiting.drain(..count);
        self.kept -= count;
        if self.waiting.is_empty() && self.waiting.capacity() > 1 << 20 {
            self.waiting = Vec::new();
        }
    }

    /// Gives the file up, with what of the log was not written.
    pub fn into_file(self) -> F {
        self.file
    }
}

#[cfg(test)]
#[path = "tape_tests.rs"]
mod tests;
