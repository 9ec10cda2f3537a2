//! The undo log: what to do, newest first, so that a transaction leaves no trace.
//!
//! The cost of an undo follows the size of the change: a replaced value moves into the log whole (a pointer), an edited
//! one leaves the inverse of the edit.

use super::{Savepoint, Txn};
use crate::ds::entry::{Entry, NewValue, Object};
use crate::ds::table::Table;
use crate::resp::args::{OwnedArgs, Span};

/// Records and bytes of keys that the undo log keeps room for, from transaction to transaction.
const RECORDS_KEPT_MAX: usize = 16 * 1024;
const KEY_BYTES_KEPT_MAX: usize = 1 << 20;

/// The inverse of an edit of one object.
pub type Inverse = Box<dyn FnOnce(&mut dyn Object) + Send>;

/// A key that records of the undo log name.
#[derive(Clone)]
pub enum KeyOfUndo {
    /// In the undo log's buffer.
    Kept(Span),
    /// That buffer was full.
    Own(Box<[u8]>),
}

pub enum Undo {
    /// The key was not there: remove it.
    Absent { db: u32, key: Box<[u8]> },
    /// This entry was there: put it back, in place of whatever is.
    Present { db: u32, entry: Entry },
    /// An integer was overwritten by another. The key's bytes are in the undo log's own buffer, so that the commonest
    /// change of a procedure allocates nothing.
    Int { db: u32, key: Span, old: i64, access: u32 },
    /// The expiry was this.
    Expiry { db: u32, key: Box<[u8]>, expiry: Option<i64> },
    /// A string of this length had bytes appended.
    Length { db: u32, key: Box<[u8]>, bytes: usize },
    /// A range of a string was overwritten, and the string had this length.
    Range { db: u32, key: Box<[u8]>, at: usize, old: Box<[u8]>, bytes: usize },
    /// An object was edited. The key's bytes are in that buffer too; the inverses of one edit share them.
    Edit { db: u32, key: KeyOfUndo, inverse: Inverse },
    /// An entry moved from (db, from) to (to_db, to), which was free.
    Moved { db: u32, from: Box<[u8]>, to_db: u32, to: Box<[u8]> },
    /// A whole table was taken away (FLUSHDB).
    Table { shard: u32, db: u32, table: Table },
    /// Two databases of a shard changed places (SWAPDB).
    Swap { shard: u32, a: u32, b: u32 },
}

impl Txn {
    pub fn savepoint(&self) -> Savepoint {
        Savepoint {
            undo: self.undo.len(),
            changes: self.told.changes.len(),
            messages: self.told.messages.len(),
            effects: self.effects.len(),
            dirty: self.dirty,
        }
    }

    /// Does the buffer of keys have room for one more? Spans reach 4 GiB.
    #[inline]
    pub(super) fn has_room_for_undo_key(&self, key: &[u8]) -> bool {
        self.undo_keys.len() + key.len() <= u32::MAX as usize
    }

    /// Keeps a key's bytes, for which there is room, for records of the undo log.
    #[inline]
    pub(super) fn keep_undo_key(&mut self, key: &[u8]) -> Span {
        let at = self.undo_keys.len() as u32;
        self.undo_keys.extend_from_slice(key);
        Span { at, len: key.len() as u32 }
    }

    /// An integer was overwritten, whose key the buffer has room for.
    #[inline]
    pub(super) fn keep_integer_undo(&mut self, key: &[u8], old: i64, access: u32) {
        let key = self.keep_undo_key(key);
        self.undo.push(Undo::Int { db: self.db, key, old, access });
    }

    /// What was done stays: nothing of it is kept.
    #[inline]
    pub(super) fn forget_undo(&mut self) {
        self.undo.clear();
        self.undo.shrink_to(RECORDS_KEPT_MAX);
        self.undo_keys.clear();
        self.undo_keys.shrink_to(KEY_BYTES_KEPT_MAX);
    }

    fn undo_key(&self, key: Span) -> Vec<u8> {
        self.undo_keys[key.at as usize..(key.at + key.len) as usize].to_vec()
    }

    /// Has anything changed since `from` that a rollback would undo?
    pub fn has_undo_since(&self, from: Savepoint) -> bool {
        self.undo.len() > from.undo
    }

    /// Takes the effects out that were recorded since `from`.
    pub fn take_effects(&mut self, from: Savepoint) -> Vec<(u32, OwnedArgs)> {
        self.effects.split_off(from.effects.min(self.effects.len()))
    }

    /// Undoes everything since `to`. The undo log must have been on since then. Cost: follows the changes.
    pub fn rollback_to(&mut self, to: Savepoint) {
        assert!(self.undo_on, "a rollback needs the undo log");
        let on = std::mem::replace(&mut self.undo_on, false);
        while self.undo.len() > to.undo {
            let undo = self.undo.pop().expect("longer than the savepoint");
            apply(self, undo);
        }
        self.told.changes.truncate(to.changes);
        self.told.messages.truncate(to.messages);
        self.effects.truncate(to.effects);
        self.dirty = to.dirty;
        self.undo_on = on;
    }
}

/// Applies one record; the shard it means is latched, as it was when the record was made.
pub(super) fn apply(txn: &mut Txn, undo: Undo) {
    let db = txn.db;
    match undo {
        Undo::Absent { db, key } => {
            txn.db = db;
            drop(txn.take(&key));
        }
        Undo::Present { db, entry } => {
            txn.db = db;
            txn.restore(entry);
        }
        Undo::Int { db, key, old, access } => {
            txn.db = db;
            let name = txn.undo_key(key);
            txn.undo_keys.truncate(key.at as usize);
            txn.with_entry(&name, |entry| {
                entry.set_int_in_place(old);
                entry.set_access(access);
            });
        }
        Undo::Expiry { db, key, expiry } => {
            txn.db = db;
            txn.set_expiry(&key, expiry);
        }
        Undo::Length { db, key, bytes } => {
            txn.db = db;
            txn.with_text(&key, |text| text.truncate(bytes));
        }
        Undo::Range { db, key, at, old, bytes } => {
            txn.db = db;
            txn.with_text(&key, |text| {
                text.truncate(bytes);
                text[at..at + old.len()].copy_from_slice(&old);
            });
        }
        Undo::Edit { db, key, inverse } => {
            txn.db = db;
            let name = match key {
                KeyOfUndo::Kept(span) => txn.undo_key(span).into(),
                KeyOfUndo::Own(name) => name,
            };
            txn.with_object(&name, inverse);
        }
        Undo::Moved { db, from, to_db, to } => {
            txn.db = to_db;
            if let Some(entry) = txn.take(&to) {
                txn.db = db;
                txn.restore(entry.with_key(&from));
            }
        }
        Undo::Table { shard, db, table } => txn.swap_in_table(shard, db, table),
        Undo::Swap { shard, a, b } => txn.swap_databases_of(shard, a, b),
    }
    txn.db = db;
}

/// A value moved out of an entry, as `NewValue` of another.
pub fn moved(entry: Entry) -> NewValue<'static> {
    entry.into_value()
}

#[cfg(test)]
mod tests {
    use crate::ds::entry::{NewValue, Value};
    use crate::store::Store;
    use crate::sys::random::step;
    use crate::txn::Txn;
    use crate::txn::access::Expiry;

    const NOW_MS: i64 = 1_000_000;
    const KEYS: [&[u8]; 6] = [b"a", b"b", b"c", b"d", b"e", b"f"];

    /// What can be seen of a key: its value, its expiry, its encoding.
    type Seen = Vec<Option<(Vec<u8>, Option<i64>, &'static str)>>;

    fn seen(txn: &mut Txn) -> Seen {
        let look = |key: &&[u8]| {
            txn.peek(key).map(|entry| {
                let value = match entry.value() {
                    Value::Int(number) => number.to_string().into_bytes(),
                    Value::Bytes(text) => text.to_vec(),
                    Value::Object(_) => unreachable!("only strings here"),
                };
                (value, entry.expiry(), entry.encoding())
            })
        };
        KEYS.iter().map(look).collect()
    }

    fn assert_counted(txn: &mut Txn) {
        let (mut keys, mut expires, mut bytes) = (0, 0, 0);
        for key in KEYS {
            if let Some(entry) = txn.peek(key) {
                (keys, expires, bytes) =
                    (keys + 1, expires + entry.expiry().is_some() as u64, bytes + entry.memory_bytes() as u64);
            }
        }
        let counters = &txn.store.counters;
        assert_eq!((counters.keys(0), counters.expires(0), counters.bytes()), (keys, expires, bytes));
    }

    fn random_edit(txn: &mut Txn, mut next: impl FnMut(u64) -> u64) {
        let key = KEYS[next(6) as usize];
        let text: Vec<u8> = (0..[0, 1, 10, 44, 45, 190, 300][next(7) as usize]).map(|_| b'x' + next(3) as u8).collect();
        let expiry = [Expiry::Clear, Expiry::Keep, Expiry::At(NOW_MS + 1 + next(9) as i64)][next(3) as usize];
        match next(10) {
            0 => drop(txn.set(key, NewValue::Text(&text), expiry)),
            1 => drop(txn.set(key, NewValue::Raw(&text), expiry)),
            9 => drop(txn.set(key, NewValue::Plain(b"12"), expiry)),
            2 => drop(txn.set(key, NewValue::Int(next(1000) as i64), expiry)),
            3 => drop(txn.add_integer(key, next(1000) as i64)),
            4 if txn.exists(key) => drop(txn.append(key, &text)),
            5 if txn.exists(key) => drop(txn.set_range(key, next(250) as usize, &text)),
            6 => drop(txn.remove(key)),
            7 => drop(txn.set_expiry(key, if next(2) == 0 { None } else { Some(NOW_MS + 100) })),
            _ => drop(txn.remove_for_move(key)),
        }
    }

    #[test]
    fn a_rollback_restores_value_expiry_encoding_and_counters() {
        for round in 0..300u64 {
            let store: &'static Store = Box::leak(Box::new(Store::new(4, 16)));
            let mut txn = Txn::new(store, 0, true);
            txn.set_clock(NOW_MS);
            txn.latch_store().expect("nobody else is there");
            let mut seed = (round + 1) << 20;
            let mut next = |below: u64| {
                seed = step(seed);
                (seed >> 33) % below
            };
            for _ in 0..20 {
                random_edit(&mut txn, &mut next);
            }
            txn.commit();
            assert_counted(&mut txn);
            let before = seen(&mut txn);
            txn.keep_undo();
            let base = txn.savepoint();
            for _ in 0..20 {
                random_edit(&mut txn, &mut next);
            }
            assert_counted(&mut txn);
            txn.rollback_to(base);
            assert_eq!(seen(&mut txn), before, "round {round}");
            assert_counted(&mut txn);
            txn.commit();
        }
    }
}
