//! A dry run: a procedure call on live data that is rolled back whatever comes of it, and told in its place.
//!
//! ```text
//!   result        what FCALL would have replied; an error, if that is what it would have been
//!   effects       commands that do what the call did, as the log would have them: chances taken, times absolute;
//!                 SELECT n before those in another database than the one before
//!   keys_read     keys that the call looked at         keys_written   keys that its effects change
//!   log           lines it logged, which go nowhere else
//!   time_us       microseconds from its beginning to its end
//! ```
//!
//! The undo log takes the changes back and what would have been told of them; what it knows nothing of is kept here: counts of hits
//! and expired keys. Reads leave access times alone. Of keys that SORT's patterns or a walk over the keyspace meet only the effects
//! tell.

use std::collections::BTreeSet;

use super::execute::Executor;
use crate::commands::asked;
use crate::commands::row::access;
use crate::commands::table::table;
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::reply::Reply;
use crate::sys::clock;
use crate::txn::Savepoint;

/// Lines of a dry run's log that are told; of more it is told how many.
const LINES_MAX: usize = 1000;

/// Keys with their databases.
type Keys = BTreeSet<(u32, Box<[u8]>)>;

/// What a dry run keeps until its end.
pub struct Dry {
    began_ns: u64,
    db: u32,
    recorded: bool,
    no_touch: bool,
    /// Hits, misses, expired keys, expired fields.
    counts: [u64; 4],
    read: Keys,
    lines: Vec<String>,
    lines_count: usize,
}

impl Dry {
    #[inline]
    pub(super) fn note_read(&mut self, db: u32, key: &[u8]) {
        if !self.read.iter().next_back().is_some_and(|(last_db, last)| *last_db == db && &**last == key) {
            self.read.insert((db, key.into()));
        }
    }

    /// A command is about to run.
    pub(super) fn note_command(&mut self, db: u32, number: u16, args: Args) {
        let each = |index: usize, bits: u16| {
            if bits & (access::RO | access::ACCESS) != 0 {
                self.note_read(db, args.get(index));
            }
        };
        let _ = asked::each_key(table().row(number), args, each);
    }

    pub(super) fn log(&mut self, line: String) {
        self.lines_count += 1;
        if self.lines.len() < LINES_MAX {
            self.lines.push(line);
        }
    }
}

impl Executor {
    /// A dry run is about to begin.
    pub(super) fn begin_dry_run(&mut self) -> Box<Dry> {
        let txn = &mut self.txn;
        Box::new(Dry {
            began_ns: clock::mono_ns(),
            db: txn.db,
            recorded: std::mem::replace(&mut txn.record, true),
            no_touch: std::mem::replace(&mut txn.no_touch, true),
            counts: [txn.hits, txn.misses, txn.expired, txn.expired_subkeys],
            read: Keys::new(),
            lines: Vec::new(),
            lines_count: 0,
        })
    }

    /// Takes back what a dry run did since `since`.
    pub(super) fn undo_dry_run(&mut self, dry: &Dry, since: Savepoint) {
        let txn = &mut self.txn;
        txn.rollback_to(since);
        (txn.record, txn.no_touch, txn.db) = (dry.recorded, dry.no_touch, dry.db);
        [txn.hits, txn.misses, txn.expired, txn.expired_subkeys] = dry.counts;
    }
}

impl Dry {
    /// Writes what comes before the result.
    pub(super) fn tell_result(reply: &mut Reply) {
        reply.map(6);
        reply.text("result");
    }

    /// Writes what comes behind the result.
    pub(super) fn tell_rest(&self, effects: &[(u32, OwnedArgs)], reply: &mut Reply) {
        let us = (clock::mono_ns() - self.began_ns) / 1000;
        let mut written = Keys::new();
        for (db, command) in effects {
            note_written(*db, command.borrow(), &mut written);
        }
        let mut at = self.db;
        let selects = effects.iter().filter(|(db, _)| std::mem::replace(&mut at, *db) != *db).count();
        reply.text("effects");
        reply.array(effects.len() + selects);
        let mut at = self.db;
        for (db, command) in effects {
            if std::mem::replace(&mut at, *db) != *db {
                reply.array(2);
                reply.text("SELECT");
                reply.bulk_int(*db as i64);
            }
            let words = command.borrow();
            reply.array(words.len());
            // Procedures name commands in lower case, and what is rewritten is in upper case.
            reply.bulk(&words.get(0).to_ascii_uppercase());
            words.from(1).iter().for_each(|word| reply.bulk(word));
        }
        for (name, keys) in [("keys_read", &self.read), ("keys_written", &written)] {
            reply.text(name);
            reply.array(keys.len());
            keys.iter().for_each(|(_, key)| reply.bulk(key));
        }
        reply.text("log");
        let more = self.lines_count - self.lines.len();
        reply.array(self.lines.len() + usize::from(more > 0));
        self.lines.iter().for_each(|line| reply.text(line));
        if more > 0 {
            reply.text(&format!("... ({more} more lines)"));
        }
        reply.text("time_us");
        reply.int(us as i64);
    }
}

/// The keys that an effect changes.
fn note_written(db: u32, command: Args, written: &mut Keys) {
    let Some(number) = table().resolve(command) else { return };
    let each = |index: usize, bits: u16| {
        if bits & (access::RO | access::NOT_KEY) == 0 {
            written.insert((db, command.get(index).into()));
        }
    };
    let _ = table().row(number).each_key(command, each);
}
