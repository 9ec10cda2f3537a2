//! Recording: what reproduces a transaction, for the log and for dry runs.
//!
//! What can be taken back yet is kept as requests (`effects`); what cannot is written at once as it will stand in the log.

use super::Txn;
use crate::resp::args::{Args, OwnedArgs};
use crate::store::log::Head;

const MULTI: &[u8] = b"*1\r\n$5\r\nMULTI\r\n";
const EXEC: &[u8] = b"*1\r\n$4\r\nEXEC\r\n";
/// A larger buffer is let go when its record is written.
const JOURNAL_BYTES_KEPT_MAX: usize = 64 * 1024;

/// A record in the making.
#[derive(Default)]
pub(super) struct Journal {
    bytes: Vec<u8>,
    requests: usize,
    first_db: u32,
    db: u32,
}

impl Journal {
    fn push(&mut self, db: u32, args: Args) {
        if self.requests == 0 {
            (self.first_db, self.db) = (db, db);
        } else if self.db != db {
            self.db = db;
            let number = itoa::Buffer::new().format(db).to_owned();
            push_count(&mut self.bytes, b'*', 2);
            push_bulk(&mut self.bytes, b"SELECT");
            push_bulk(&mut self.bytes, number.as_bytes());
        }
        self.requests += 1;
        push_request(&mut self.bytes, args);
    }
}

fn push_count(bytes: &mut Vec<u8>, kind: u8, count: usize) {
    bytes.push(kind);
    match count {
        0..10 => bytes.push(b'0' + count as u8),
        _ => bytes.extend_from_slice(itoa::Buffer::new().format(count).as_bytes()),
    }
    bytes.extend_from_slice(b"\r\n");
}

fn push_bulk(bytes: &mut Vec<u8>, text: &[u8]) {
    push_count(bytes, b'$', text.len());
    bytes.extend_from_slice(text);
    bytes.extend_from_slice(b"\r\n");
}

/// Writes a request as RESP.
pub fn push_request(bytes: &mut Vec<u8>, args: Args) {
    push_count(bytes, b'*', args.len());
    args.iter().for_each(|arg| push_bulk(bytes, arg));
}

impl Txn {
    /// Records that this request, run in the current database, did what was done. `own_words`: the same, in the names of the
    /// table; called where the request is kept.
    #[inline]
    pub fn record_request(&mut self, args: Args, renamed: bool, own_words: impl FnOnce() -> OwnedArgs) {
        if !self.record {
            return;
        }
        if self.logs && !self.undo_on && self.effects.is_empty() && !renamed {
            return self.journal.push(self.db, args);
        }
        self.effects.push((self.db, own_words()));
    }

    /// Records commands, run in the current database.
    pub fn record_commands(&mut self, commands: Vec<OwnedArgs>) {
        if self.record {
            let db = self.db;
            self.effects.extend(commands.into_iter().map(|command| (db, command)));
        }
    }

    /// Switches recording off, or back to what it was; gives what it was.
    pub fn set_recording(&mut self, on: bool) -> bool {
        self.logs = on;
        std::mem::replace(&mut self.record, on)
    }

    /// Takes up whether changes are logged; only while nothing is latched, so that a transaction is recorded whole or not at all.
    #[inline]
    pub(super) fn look_at_log(&mut self) {
        let on = self.store.log.is_on();
        if on != self.logs && self.latches.is_empty() && !self.undo_on && self.core < crate::store::counters::CORES_MAX
        {
            self.logs = on;
            self.record = on;
            if !self.beside {
                self.store.log.note_seen(self.core, on);
            }
        }
    }

    /// Appends what this transaction has recorded, at its commit.
    #[inline]
    pub(super) fn append_record(&mut self) {
        if self.journal.requests == 0 && self.effects.is_empty() {
            return;
        }
        for (db, command) in self.effects.drain(..) {
            // Messages are for those who listen now.
            if !is_message(command.borrow().get(0)) {
                self.journal.push(db, command.borrow());
            }
        }
        let Journal { bytes, requests, first_db, db } = &mut self.journal;
        if *requests == 0 {
            return;
        }
        let several = *requests > 1;
        if several {
            bytes.extend_from_slice(EXEC);
        }
        let length = bytes.len() + if several { MULTI.len() } else { 0 };
        let mut head = [0; crate::store::log::RECORD_HEAD_BYTES + MULTI.len()];
        let (front, multi) = head.split_at_mut(crate::store::log::RECORD_HEAD_BYTES);
        front.copy_from_slice(&Head { bytes: length as u64, first_db: *first_db, last_db: *db }.to_bytes());
        multi.copy_from_slice(MULTI);
        let head = if several { &head[..] } else { &head[..crate::store::log::RECORD_HEAD_BYTES] };
        self.store.log.append(self.core, self.beside, head, bytes);
        self.appended = true;
        *requests = 0;
        bytes.clear();
        if bytes.capacity() > JOURNAL_BYTES_KEPT_MAX {
            *bytes = Vec::new();
        }
    }
}

/// PUBLISH and SPUBLISH.
fn is_message(name: &[u8]) -> bool {
    name.len() >= 7 && (name.eq_ignore_ascii_case(b"publish") || name.eq_ignore_ascii_case(b"spublish"))
}
