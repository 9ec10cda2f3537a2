//! How entries go: those whose time has come or that make room for others, and what is freed by whom.

use super::undo::Undo;
use super::{Class, Txn};
use crate::ds::entry::{Entry, Value};
use crate::resp::args::OwnedArgs;
use crate::store::lazy_free::{BYTES_MIN, ELEMENTS_MIN};

/// How a key goes that nobody has asked to remove.
pub(super) struct Doomed {
    pub class: Class,
    pub event: &'static str,
    /// Some: to make room, freed by the lazy-free thread if large, or here. None: as any other.
    pub lazily: Option<bool>,
}

/// Does freeing it take long?
fn is_large(entry: &Entry) -> bool {
    match entry.borrow().value() {
        Value::Object(object) => object.blocks() > ELEMENTS_MIN,
        Value::Bytes(bytes) => bytes.len() > BYTES_MIN,
        Value::Int(_) => false,
    }
}

impl Txn {
    /// Removes a key that nobody has asked to remove: its command is recorded, and it is told as what it is.
    pub(super) fn take_away(&mut self, key: &[u8], doomed: Doomed) -> bool {
        let Some(entry) = self.take(key) else { return false };
        self.signal(key, doomed.class, doomed.event);
        if self.record {
            let verb: &[u8] = if doomed.lazily == Some(true) { b"UNLINK" } else { b"DEL" };
            self.effects.push((self.db, OwnedArgs::of(&[verb, key])));
        }
        if self.undo_on {
            // A rollback takes the change back that watchers would be told, so it must bring the entry back too.
            self.undo.push(Undo::Present { db: self.db, entry });
        } else {
            match doomed.lazily {
                None => self.discard(entry),
                Some(true) => self.discard_counted(entry),
                Some(false) => drop(entry),
            }
        }
        true
    }

    /// Drops an entry, on the lazy-free thread where it is large.
    pub fn discard(&mut self, entry: Entry) {
        if is_large(&entry) {
            self.store.garbage.free(1, Box::new(entry));
        }
    }

    /// The same for an entry that goes to make room: what is on its way counts as free.
    fn discard_counted(&mut self, entry: Entry) {
        if is_large(&entry) {
            let bytes = entry.borrow().memory_bytes() as u64;
            self.store.garbage.free_counted(bytes, Box::new(entry));
        }
    }
}
