//! Editing values where they stand, with their inverse kept while the undo log is on.

use smallvec::SmallVec;

use super::access::{Expiry, Text};
use super::undo::{Inverse, KeyOfUndo, Undo};
use super::{Txn, WrongType};
use crate::ds::entry::{Entry, NewValue, Object, Value};
use crate::ds::table::Place;
use crate::resp::{error, number};

/// Where an edit of one object leaves its inverses. Nothing is kept while the undo log is off: ask [`Inverses::on`]
/// before cloning what an inverse would need.
pub struct Inverses<'t> {
    log: Option<&'t mut Log>,
}

/// Most edits have one inverse or two.
type Log = SmallVec<[Inverse; 2]>;

impl Inverses<'_> {
    /// For an object that is under no key yet.
    pub fn off() -> Inverses<'static> {
        Inverses { log: None }
    }

    pub fn on(&self) -> bool {
        self.log.is_some()
    }

    /// Keeps the inverse of one step. Inverses run newest first, on the same object.
    pub fn push<T: Object>(&mut self, inverse: impl FnOnce(&mut T) + Send + 'static) {
        if let Some(log) = &mut self.log {
            log.push(Box::new(move |object| {
                let object = object.as_any_mut().downcast_mut::<T>().expect("the object kept its type");
                inverse(object)
            }));
        }
    }
}

impl Txn {
    /// Edits the object of type `T` under `key`. None: no such key. A key whose object ends up empty is removed.
    /// The caller tells [`Txn::changed`].
    pub fn edit_object<T: Object, R>(
        &mut self,
        key: &[u8],
        edit: impl FnOnce(&mut T, &mut Inverses) -> R,
    ) -> Result<Option<R>, WrongType> {
        let Some(place) = self.place(key) else { return Ok(None) };
        self.edit_at(key, place, edit).map(Some)
    }

    /// As [`Txn::edit_object`], with a new object from `make` where there is none; it becomes the key's unless it is still
    /// empty afterwards.
    pub fn edit_or_make<T: Object, R>(
        &mut self,
        key: &[u8],
        make: impl FnOnce() -> T,
        edit: impl FnOnce(&mut T, &mut Inverses) -> R,
    ) -> Result<R, WrongType> {
        if let Some(place) = self.place(key) {
            return self.edit_at(key, place, edit);
        }
        let mut object = make();
        // The key's absence is all there is to undo.
        let result = edit(&mut object, &mut Inverses { log: None });
        if !object.is_empty() {
            self.insert(key, Entry::of_object(key, object, None));
        }
        Ok(result)
    }

    fn edit_at<T: Object, R>(
        &mut self,
        key: &[u8],
        place: Place,
        edit: impl FnOnce(&mut T, &mut Inverses) -> R,
    ) -> Result<R, WrongType> {
        let (db, core, undo_on, marks) = (self.db, self.core, self.undo_on, self.marks(self.no_touch));
        let mut log = Log::new();
        let (_, shard) = self.shard_mut(key);
        let table = shard.table_mut(db);
        let due = table.due_len();
        let (result, empty, bytes) = table.edit(place, |entry| {
            let access = entry.borrow().access();
            entry.set_access(marks.after(access));
            let edited = entry.edit_typed(|object: &mut T| {
                let mut inverses = Inverses { log: if undo_on { Some(&mut log) } else { None } };
                let result = edit(object, &mut inverses);
                (result, object.is_empty())
            });
            let ((result, empty), bytes) = edited.ok_or(WrongType)?;
            Ok((result, empty, bytes))
        })?;
        table.entry_bytes += bytes;
        let due = table.due_len() as i64 - due as i64;
        self.store.counters.add(core, db, 0, 0, bytes);
        self.store.counters.add_due(core, db, due);
        if !log.is_empty() {
            let key = match self.has_room_for_undo_key(key) {
                true => KeyOfUndo::Kept(self.keep_undo_key(key)),
                false => KeyOfUndo::Own(key.into()),
            };
            self.undo.extend(log.into_iter().map(|inverse| Undo::Edit { db, key: key.clone(), inverse }));
        }
        if empty {
            self.remove(key);
        }
        Ok(result)
    }

    /// Runs `edit` on the object under `key` if there is one; for undo.
    pub(super) fn with_object(&mut self, key: &[u8], edit: Inverse) {
        let (db, core) = (self.db, self.core);
        let (hash, shard) = self.shard_mut(key);
        let table = shard.table_mut(db);
        let Some(place) = table.find(hash, key) else { return };
        let due = table.due_len();
        let bytes = table.edit(place, |entry| entry.edit_object(edit).map_or(0, |(_, bytes)| bytes));
        table.entry_bytes += bytes;
        let due = table.due_len() as i64 - due as i64;
        self.store.counters.add(core, db, 0, 0, bytes);
        self.store.counters.add_due(core, db, due);
    }

    /// Runs `edit` on the buffer of the string under `key`, which becomes a `raw` one with room to grow. The expiry
    /// stays. Nothing happens if there is no string.
    pub(super) fn with_text(&mut self, key: &[u8], edit: impl FnOnce(&mut Vec<u8>)) {
        let (db, core, marks) = (self.db, self.core, self.marks(self.no_touch));
        let (hash, shard) = self.shard_mut(key);
        let table = shard.table_mut(db);
        let Some(place) = table.find(hash, key) else { return };
        let before = table.at(place).memory_bytes() as i64;
        table.edit(place, |entry| {
            let clock = marks.after(entry.borrow().access());
            entry.set_access(clock);
            if let Some(buffer) = entry.heap_mut() {
                return edit(buffer);
            }
            let expiry = entry.borrow().expiry();
            let mut text = match entry.borrow().value() {
                Value::Int(number) => number.to_string().into_bytes(),
                Value::Bytes(bytes) => bytes.to_vec(),
                Value::Object(_) => return,
            };
            edit(&mut text);
            let short = text.len() <= crate::ds::entry::INLINE_VALUE_BYTES_MAX;
            let value = if short { NewValue::Raw(&text) } else { NewValue::RawOwned(text) };
            let mut made = Entry::new(key, value, expiry);
            made.set_access(clock);
            *entry = made;
        });
        let bytes = table.at(place).memory_bytes() as i64 - before;
        table.entry_bytes += bytes;
        self.store.counters.add(core, db, 0, 0, bytes);
    }

    /// Length of the string under `key`, 0 where there is none; for a command that goes on to write it.
    pub fn text_len(&mut self, key: &[u8]) -> Result<usize, WrongType> {
        Ok(self.peek_text(key)?.map_or(0, |mut text| text.bytes().len()))
    }

    /// Appends to the string under `key`, which must exist. Amortised O(bytes appended) once the string is long.
    pub fn append(&mut self, key: &[u8], tail: &[u8]) -> Result<usize, WrongType> {
        let len = self.text_len(key)?;
        if self.undo_on {
            self.keep_text_undo(key, |db, key| Undo::Length { db, key, bytes: len });
        }
        self.with_text(key, |text| {
            // Doubling up to 1 MiB, then a MiB at a time, as sdsMakeRoomFor: growth stays amortised, slack bounded.
            let wanted = text.len() + tail.len();
            if text.capacity() < wanted && text.capacity() > 0 {
                text.reserve_exact((wanted + wanted.min(1 << 20)) - text.len());
            }
            text.extend_from_slice(tail);
        });
        Ok(len + tail.len())
    }

    /// Overwrites bytes of the string under `key`, which must exist, from `at` on; pads with zeros up to there.
    pub fn set_range(&mut self, key: &[u8], at: usize, bytes: &[u8]) -> Result<usize, WrongType> {
        let len = self.text_len(key)?;
        if self.undo_on {
            let mut text = self.peek_text(key)?.unwrap_or(Text::Bytes(b""));
            let whole = text.bytes();
            let old: Box<[u8]> = whole[at.min(len)..(at + bytes.len()).min(len)].into();
            self.keep_text_undo(key, |db, key| Undo::Range { db, key, at: at.min(len), old, bytes: len });
        }
        if at + bytes.len() <= len && self.overwrite(key, at, bytes) {
            return Ok(len);
        }
        self.with_text(key, |text| {
            if text.len() < at + bytes.len() {
                text.resize(at + bytes.len(), 0);
            }
            text[at..at + bytes.len()].copy_from_slice(bytes);
        });
        Ok(len.max(at + bytes.len()))
    }

    /// Overwrites bytes inside a string where they stand; false where that takes another encoding.
    fn overwrite(&mut self, key: &[u8], at: usize, bytes: &[u8]) -> bool {
        let (db, marks) = (self.db, self.marks(self.no_touch));
        let (hash, shard) = self.shard_mut(key);
        let table = shard.table_mut(db);
        let Some(place) = table.find(hash, key) else { return false };
        table.edit(place, |entry| {
            let access = entry.borrow().access();
            entry.set_access(marks.after(access));
            let Some(old) = entry.text_mut() else { return false };
            old[at..at + bytes.len()].copy_from_slice(bytes);
            entry.mark_raw();
            true
        })
    }

    /// Undo of an in-place text edit: exact for a heap buffer; a short or integer value is kept whole, so that its
    /// encoding comes back too.
    fn keep_text_undo(&mut self, key: &[u8], inverse: impl FnOnce(u32, Box<[u8]>) -> Undo) {
        let db = self.db;
        let (hash, shard) = self.shard_mut(key);
        let table = shard.table(db);
        let Some(entry) = table.get(hash, key) else { return };
        let undo = match (entry.kind(), entry.encoding()) {
            (crate::ds::entry::Kind::Heap, _) => inverse(db, key.into()),
            _ => Undo::Present { db, entry: entry.duplicate(key, entry.expiry()) },
        };
        self.undo.push(undo);
    }

    /// Adds to the integer under `key`, 0 where there is none; its expiry stays. One lookup where the number can be
    /// overwritten in place. The caller tells [`Txn::changed`]. Err: the error's text.
    #[inline]
    pub fn add_integer(&mut self, key: &[u8], by: i64) -> Result<i64, &'static str> {
        let (db, undo_on, marks) = (self.db, self.undo_on, self.marks(false));
        let has_room = !undo_on || self.has_room_for_undo_key(key);
        let Some(place) = self.place(key) else {
            self.set(key, NewValue::Int(by), Expiry::Clear);
            return Ok(by);
        };
        let (_, shard) = self.shard_mut(key);
        let table = shard.table_mut(db);
        let old = match table.at(place).value() {
            Value::Int(number) => number,
            Value::Bytes(text) => number::integer(text).ok_or(error::NOT_INTEGER)?,
            Value::Object(_) => return Err(error::WRONG_TYPE),
        };
        let value = old.checked_add(by).ok_or(error::OVERFLOW)?;
        let access = table.at(place).access();
        let fits = has_room
            && table.edit(place, |entry| {
                let fits = entry.set_int_in_place(value);
                if fits {
                    entry.set_access(marks.after(access));
                }
                fits
            });
        if !fits {
            self.set(key, NewValue::Int(value), Expiry::Keep);
        } else if undo_on {
            self.keep_integer_undo(key, old, access);
        }
        Ok(value)
    }

    /// The string under `key` as an integer; Ok(None) where there is none, Err(None) if it is no integer.
    #[inline]
    pub fn get_integer(&mut self, key: &[u8]) -> Result<Option<i64>, Option<WrongType>> {
        match self.get(key).map(|entry| entry.value()) {
            None => Ok(None),
            Some(Value::Int(number)) => Ok(Some(number)),
            Some(Value::Bytes(text)) => number::integer(text).map(Some).ok_or(None),
            Some(Value::Object(_)) => Err(Some(WrongType)),
        }
    }
}
