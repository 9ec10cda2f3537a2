//! Overwriting bytes of a string where it stands: one lookup, no copy, and an undo that follows the bytes written.

use super::undo::Undo;
use super::{Txn, WrongType};
use crate::ds::entry::Kind;

/// Where bytes stood that were overwritten, and what they were.
type Overwritten = (usize, Box<[u8]>);

/// The bytes of a string, open to be overwritten. Its length stays.
pub struct Patch<'t> {
    bytes: &'t mut [u8],
    /// Oldest first; None while the undo log does not ask.
    log: Option<&'t mut Vec<Overwritten>>,
    raw: bool,
}

impl Patch<'_> {
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        self.bytes
    }

    /// `len` bytes from `at` on, to be written; they must lie inside.
    #[inline]
    pub fn range_mut(&mut self, at: usize, len: usize) -> &mut [u8] {
        let range = &mut self.bytes[at..at + len];
        if let Some(log) = &mut self.log {
            log.push((at, Box::from(&*range)));
        }
        self.raw = true;
        range
    }

    /// The encoding becomes `raw`, though nothing is written: commands that are about to write make it so in Redis.
    #[inline]
    pub fn unshare(&mut self) {
        self.raw = true;
    }

    /// Overwrites what stands from `at` on.
    #[inline]
    pub fn write(&mut self, at: usize, new: &[u8]) {
        self.range_mut(at, new.len()).copy_from_slice(new);
    }
}

impl Txn {
    /// Runs `edit` over the bytes of the string under `key`, whose encoding becomes `raw` if anything is written. None: no
    /// such key. The caller tells [`Txn::changed`].
    #[inline]
    pub fn patch_text<R>(&mut self, key: &[u8], edit: impl FnOnce(&mut Patch) -> R) -> Result<Option<R>, WrongType> {
        let Some(place) = self.place(key) else { return Ok(None) };
        let (db, marks, undo_on) = (self.db, self.marks(self.no_touch), self.undo_on);
        let (_, shard) = self.shard_mut(key);
        let table = shard.table_mut(db);
        let entry = table.at(place);
        let kind = entry.kind();
        // A value that shares its key's block is short: its undo is the whole entry, and brings the encoding back too.
        let whole = match kind {
            Kind::Object | Kind::Thin => return Err(WrongType),
            Kind::Int => return Ok(Some(self.patch_digits(key, edit))),
            Kind::Inline if undo_on => Some(entry.duplicate(key, entry.expiry())),
            Kind::Inline | Kind::Heap => None,
        };
        let mut log = Vec::new();
        let keeps = undo_on && kind == Kind::Heap;
        let (result, len) = table.edit(place, |entry| {
            let access = entry.borrow().access();
            entry.set_access(marks.after(access));
            let bytes = entry.text_mut().expect("neither an integer nor an object");
            let len = bytes.len();
            let mut patch = Patch { bytes, log: keeps.then_some(&mut log), raw: false };
            let result = edit(&mut patch);
            if patch.raw {
                entry.mark_raw();
            }
            (result, len)
        });
        if let Some(entry) = whole {
            self.undo.push(Undo::Present { db, entry });
        }
        for (at, old) in log {
            self.undo.push(Undo::Range { db, key: key.into(), at, old, bytes: len });
        }
        Ok(Some(result))
    }

    /// The same for an integer, which becomes text if anything is written.
    #[cold]
    fn patch_digits<R>(&mut self, key: &[u8], edit: impl FnOnce(&mut Patch) -> R) -> R {
        let mut digits = match self.peek_text(key) {
            Ok(Some(mut text)) => text.bytes().to_vec(),
            _ => unreachable!("an integer stands there"),
        };
        let mut patch = Patch { bytes: &mut digits, log: None, raw: false };
        let result = edit(&mut patch);
        if patch.raw {
            self.edit_short_text(key, |text| *text = digits);
        }
        result
    }

    /// Edits the string under `key`, which must exist, in a buffer that may grow and shrink. Its undo is a copy of the
    /// whole: for values whose length has a small limit.
    pub fn edit_short_text<R>(&mut self, key: &[u8], edit: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        if self.undo_on {
            let db = self.db;
            let (hash, shard) = self.shard_mut(key);
            let entry = shard.table(db).get(hash, key).expect("the caller has seen it");
            let entry = entry.duplicate(key, entry.expiry());
            self.undo.push(Undo::Present { db, entry });
        }
        let mut result = None;
        self.with_text(key, |text| result = Some(edit(text)));
        result.expect("the caller has seen the string")
    }
}
