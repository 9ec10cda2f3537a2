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
    /// MULTI, for the case that there are several, then the requests.
    bytes: Vec<u8>,
    requests: usize,
    first_db: u32,
    db: u32,
}

impl Journal {
    fn push(&mut self, db: u32, args: Args) {
        if self.requests == 0 {
            self.bytes.extend_from_slice(MULTI);
            (self.first_db, self.db) = (db, db);
        } else if self.db != db {
            self.db = db;
            let number = itoa::Buffer::new().format(db).to_owned();
            push_count(&mut self.bytes, b'*', 2);
            push_bulk(&mut self.bytes, b"SELECT");
            push_bulk(&mut self.bytes, number.as_bytes());
        }
        self.requests += 1;
        match args.as_sent() {
            Some(request) => self.bytes.extend_from_slice(request),
            None => push_request(&mut self.bytes, args),
        }
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

    /// As [`Txn::record_request`], for the only request of a transaction that is committed next, whose name is the table's: it is
    /// appended now, in one copy from where it was received. False: that cannot be done.
    #[inline]
    pub fn record_sole(&mut self, args: Args) -> bool {
        if !self.logs || self.undo_on || self.journal.requests != 0 || !self.effects.is_empty() {
            return false;
        }
        let Some(request) = args.as_sent() else { return false };
        let head = Head { bytes: request.len() as u64, first_db: self.db, last_db: self.db };
        self.store.log.append(self.core, self.beside, head, request);
        self.appended = true;
        true
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
        if *requests > 1 {
            bytes.extend_from_slice(EXEC);
        }
        let body = if *requests > 1 { &bytes[..] } else { &bytes[MULTI.len()..] };
        let head = Head { bytes: body.len() as u64, first_db: *first_db, last_db: *db };
        self.store.log.append(self.core, self.beside, head, body);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::args::Span;
    use crate::resp::parse::{self, Limits, Parsed};
    use crate::sys::random::Seeded;

    /// What is copied as it was received, or None; it is what would have been written anew.
    fn copied(input: &[u8]) -> Option<Vec<u8>> {
        let (mut spans, mut words) = (Vec::new(), Vec::new());
        let limits = Limits { bulk_bytes_max: 1 << 20, authenticated: true };
        let Parsed::Request { .. } = parse::request(input, 0, limits, &mut spans, &mut words) else { return None };
        if input[0] != b'*' || spans.is_empty() {
            return None;
        }
        let args = Args::new(input, &spans);
        let mut written = Vec::new();
        push_request(&mut written, args);
        let sent = args.as_sent()?;
        assert_eq!(sent.escape_ascii().to_string(), written.escape_ascii().to_string());
        Some(written)
    }

    #[test]
    fn a_request_is_copied_as_it_came_where_that_is_how_requests_are_written() {
        let mut wanted = Vec::new();
        for (count, bytes) in [(1, 0), (2, 9), (3, 10), (9, 99), (10, 100), (101, 12345)] {
            let argument = vec![b'$'; bytes];
            let words: Vec<&[u8]> = vec![&argument[..]; count];
            wanted.clear();
            push_request(&mut wanted, OwnedArgs::of(&words).borrow());
            assert_eq!(copied(&wanted).as_ref(), Some(&wanted));
            assert_eq!(copied(&[&wanted[..], b"*1\r\n$4\r\nPING\r\n"].concat()).as_ref(), Some(&wanted));
        }
        for other in [
            "*01\r\n$4\r\nPING\r\n",
            "*1\r\n$04\r\nPING\r\n",
            "*1\r\n$4\r\nPINGxy",
            "*1\r\n$4\rxPING\r\n",
            "*1\rx$4\r\nPING\r\n",
        ] {
            assert_eq!(copied(other.as_bytes()), None, "{other:?}");
        }
        for owned in [&[b"PING" as &[u8]][..], &[b"*1\r\n$4\r\n", b"PING"]] {
            assert_eq!(OwnedArgs::of(owned).borrow().as_sent(), None);
        }
        // A part of a request is none.
        let spans = [Span { at: 8, len: 3 }, Span { at: 17, len: 1 }, Span { at: 24, len: 1 }];
        let whole = Args::new(b"*3\r\n$3\r\nDEL\r\n$1\r\na\r\n$1\r\nb\r\n", &spans);
        assert!(whole.as_sent().is_some() && whole.first(2).as_sent().is_none() && whole.from(1).as_sent().is_none());
    }

    #[test]
    fn whatever_is_changed_in_a_request_it_is_copied_only_if_it_is_written_so() {
        let request = b"*3\r\n$3\r\nSET\r\n$12\r\nkey:00000001\r\n$1\r\n1\r\n";
        let mut as_it_came = 0;
        for round in 0..20_000 {
            let mut draws = Seeded(round + 1);
            let mut input = request.to_vec();
            for _ in 0..=draws.below(2) {
                let at = draws.below(input.len() as u64) as usize;
                let byte = b"0123456789+-$*\r\n x"[draws.below(18) as usize];
                match draws.below(3) {
                    0 => input[at] = byte,
                    1 => input.insert(at, byte),
                    _ => drop(input.remove(at)),
                }
            }
            as_it_came += copied(&input).is_some() as usize;
        }
        assert!(as_it_came > 1000, "{as_it_came}");
    }
}
