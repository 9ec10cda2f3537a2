//! The undo log: what to do, newest first, so that a transaction leaves no trace.
//!
//! The cost of an undo follows the size of the change: a replaced value moves into the log whole (a pointer), an edited
//! one leaves the inverse of the edit.

use super::Txn;
use crate::ds::entry::{Entry, NewValue, Object};
use crate::ds::table::Table;
use crate::resp::args::Span;

/// The inverse of an edit of one object.
pub type Inverse = Box<dyn FnOnce(&mut dyn Object) + Send>;

pub enum Undo {
    /// The key was not there: remove it.
    Absent { db: u32, key: Box<[u8]> },
    /// This entry was there: put it back, in place of whatever is.
    Present { db: u32, entry: Entry },
    /// An integer was overwritten by another. The key's bytes are in the undo log's own buffer, so that the commonest
    /// change of a procedure allocates nothing.
    Int { db: u32, key: Span, old: i64 },
    /// The expiry was this.
    Expiry { db: u32, key: Box<[u8]>, expiry: Option<i64> },
    /// A string of this length had bytes appended.
    Length { db: u32, key: Box<[u8]>, bytes: usize },
    /// A range of a string was overwritten, and the string had this length.
    Range { db: u32, key: Box<[u8]>, at: usize, old: Box<[u8]>, bytes: usize },
    /// An object was edited.
    Edit { db: u32, key: Box<[u8]>, inverse: Inverse },
    /// An entry moved from (db, from) to (to_db, to), which was free.
    Moved { db: u32, from: Box<[u8]>, to_db: u32, to: Box<[u8]> },
    /// A whole table was taken away (FLUSHDB).
    Table { shard: u32, db: u32, table: Table },
    /// Two databases of a shard changed places (SWAPDB).
    Swap { shard: u32, a: u32, b: u32 },
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
        Undo::Int { db, key, old } => {
            txn.db = db;
            let name = txn.undo_keys[key.at as usize..(key.at + key.len) as usize].to_vec();
            txn.undo_keys.truncate(key.at as usize);
            txn.with_entry(&name, |entry| entry.set_int_in_place(old));
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
            txn.with_object(&key, inverse);
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
