//! Reading and replacing whole values.

use super::going::Doomed;
use super::notify::event;
use super::undo::Undo;
use super::{Class, Txn, WrongType};
use crate::ds::entry::{Entry, EntryRef, NewValue, Object, Value};
use crate::ds::table::Place;
use crate::store::policy::Clock;
use crate::store::shard::Shard;

/// What becomes of a key's expiry when its value is replaced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expiry {
    Clear,
    Keep,
    /// Ms since the epoch.
    At(i64),
}

/// A string value as bytes; an integer's digits are printed into the buffer inside.
pub enum Text<'a> {
    Bytes(&'a [u8]),
    Digits(itoa::Buffer, i64),
}

impl Text<'_> {
    pub fn bytes(&mut self) -> &[u8] {
        match self {
            Text::Bytes(bytes) => bytes,
            Text::Digits(buffer, number) => buffer.format(*number).as_bytes(),
        }
    }
}

impl Txn {
    #[inline]
    pub(super) fn shard_mut(&mut self, key: &[u8]) -> (u64, &mut Shard) {
        let hash = self.hash(key);
        let shard = self.store.shard_of(hash);
        (hash, self.latches.get(shard))
    }

    /// Where `key` stands, if it is there and not expired. An expired key is removed on the way (an effect of its own).
    #[inline]
    pub(super) fn place(&mut self, key: &[u8]) -> Option<Place> {
        let (db, now_ms) = (self.db, self.now_ms);
        let (hash, shard) = self.shard_mut(key);
        let table = shard.table(db);
        let place = table.find(hash, key)?;
        match table.at(place).expiry() {
            Some(at_ms) if at_ms <= now_ms => {
                if !self.keep_expired {
                    self.expire(key);
                }
                None
            }
            _ => Some(place),
        }
    }

    /// Removes a key whose time has come, as if DEL had been sent.
    #[cold]
    pub fn expire(&mut self, key: &[u8]) {
        if self.take_away(key, Doomed { class: Class::Expired, event: "expired", lazily: None }) {
            self.expired += 1;
        }
    }

    /// The entry under `key`, for a command that reads: counts a hit or miss and marks the access.
    #[inline]
    pub fn get(&mut self, key: &[u8]) -> Option<EntryRef<'_>> {
        let Some(place) = self.place(key) else {
            self.misses += 1;
            self.remark(key, Class::Miss, "keymiss");
            return None;
        };
        self.hits += 1;
        let kind = self.store.settings.policy.clock();
        if kind == Clock::Frequency && !self.no_touch {
            self.touch_lfu(key, place);
        }
        let (db, clock, no_touch) = (self.db, self.access_clock, self.no_touch);
        let (_, shard) = self.shard_mut(key);
        let entry = shard.table(db).at(place);
        if kind == Clock::Access && !no_touch && entry.access() != clock {
            entry.touch(clock);
        }
        Some(entry)
    }

    /// The entry under `key`, without counting or marking (OBJECT, TTL, EXISTS and the like).
    #[inline]
    pub fn peek(&mut self, key: &[u8]) -> Option<EntryRef<'_>> {
        let place = self.place(key)?;
        let db = self.db;
        let (_, shard) = self.shard_mut(key);
        Some(shard.table(db).at(place))
    }

    pub fn exists(&mut self, key: &[u8]) -> bool {
        self.place(key).is_some()
    }

    /// The string under `key`, for a command that reads.
    #[inline]
    pub fn get_text(&mut self, key: &[u8]) -> Result<Option<Text<'_>>, WrongType> {
        match self.get(key).map(EntryRef::value) {
            None => Ok(None),
            Some(Value::Int(number)) => Ok(Some(Text::Digits(itoa::Buffer::new(), number))),
            Some(Value::Bytes(bytes)) => Ok(Some(Text::Bytes(bytes))),
            Some(Value::Object(_)) => Err(WrongType),
        }
    }

    /// The string under `key`, without counting or marking: for a command that goes on to write it.
    #[inline]
    pub fn peek_text(&mut self, key: &[u8]) -> Result<Option<Text<'_>>, WrongType> {
        match self.peek(key).map(EntryRef::value) {
            None => Ok(None),
            Some(Value::Int(number)) => Ok(Some(Text::Digits(itoa::Buffer::new(), number))),
            Some(Value::Bytes(bytes)) => Ok(Some(Text::Bytes(bytes))),
            Some(Value::Object(_)) => Err(WrongType),
        }
    }

    /// The object of type `T` under `key`, for a command that reads.
    #[inline]
    pub fn get_object<T: Object>(&mut self, key: &[u8]) -> Result<Option<&T>, WrongType> {
        match self.get(key) {
            None => Ok(None),
            Some(entry) => entry.object::<T>().map(Some).ok_or(WrongType),
        }
    }

    /// The same without counting or marking: for a command that goes on to write it.
    pub fn peek_object<T: Object>(&mut self, key: &[u8]) -> Result<Option<&T>, WrongType> {
        match self.peek(key) {
            None => Ok(None),
            Some(entry) => entry.object::<T>().map(Some).ok_or(WrongType),
        }
    }

    /// The name that TYPE gives the value under `key`; None: there is none. Nothing is marked or counted.
    pub fn type_name(&mut self, key: &[u8]) -> Option<&'static str> {
        self.peek(key).map(|entry| entry.type_name())
    }

    /// The object under `key`, which [`Txn::get_object`] has found under the latches that are held still: borrowed so that
    /// others can be looked at beside it.
    pub fn look<T: Object>(&self, key: &[u8]) -> Option<&T> {
        let hash = self.hash(key);
        self.latches.peek(self.store.shard_of(hash)).table(self.db).get(hash, key)?.object::<T>()
    }

    /// Puts `value` under `key`, whatever was there. Gives true if the key is new. The caller tells [`Txn::changed`].
    pub fn set(&mut self, key: &[u8], value: NewValue, expiry: Expiry) -> bool {
        let (db, core, marks) = (self.db, self.core, self.marks(false));
        let (undo_on, now_ms) = (self.undo_on, self.now_ms);
        let remarked = expiry != Expiry::Keep && self.wants(event::OVERWRITTEN | event::TYPE_CHANGED);
        let (hash, shard) = self.shard_mut(key);
        let table = shard.table_mut(db);
        let place = table.find(hash, key);
        let Some(place) = place else {
            let at = if let Expiry::At(at_ms) = expiry { Some(at_ms) } else { None };
            self.insert(key, Entry::new(key, value, at));
            return true;
        };
        let old = table.at(place);
        let was_expired = old.expiry().is_some_and(|at_ms| at_ms <= now_ms);
        if remarked && !was_expired {
            let old_type = old.type_name();
            self.remark_overwritten(key, old_type, value.type_name());
        }
        // Spans of `undo_keys` reach 4 GiB; an integer beyond is kept as any other value is.
        let short_undo = self.has_room_for_undo_key(key);
        let (_, shard) = self.shard_mut(key);
        let table = shard.table_mut(db);
        let old = table.at(place);
        let (old_bytes, old_expiry) = (old.memory_bytes() as i64, old.expiry());
        let new_expiry = match expiry {
            Expiry::Clear => None,
            Expiry::Keep => old_expiry.filter(|_| !was_expired),
            Expiry::At(at_ms) => Some(at_ms),
        };
        if undo_on
            && short_undo
            && old_expiry == new_expiry
            && let (NewValue::Int(new), Value::Int(before)) = (&value, old.value())
        {
            let access = old.access();
            table.edit(place, |entry| {
                entry.set_int_in_place(*new);
                entry.set_access(marks.after(access));
            });
            self.keep_integer_undo(key, before, access);
            return was_expired;
        }
        if !undo_on && old_expiry.is_some() == new_expiry.is_some() {
            let fits = table.edit(place, |entry| {
                let fits = match &value {
                    NewValue::Text(text) => entry.set_text_in_place(text),
                    NewValue::Int(number) => entry.set_int_in_place(*number),
                    _ => false,
                };
                if fits {
                    entry.set_expiry_in_place(new_expiry);
                    let access = entry.borrow().access();
                    entry.set_access(marks.after(access));
                }
                fits
            });
            if fits {
                return was_expired;
            }
        }
        let mut made = Entry::new(key, value, new_expiry);
        made.set_access(marks.after(table.at(place).access()));
        let bytes = made.borrow().memory_bytes() as i64;
        let due = table.due_len();
        let old = table.edit(place, |entry| std::mem::replace(entry, made));
        table.entry_bytes += bytes - old_bytes;
        let due = table.due_len() as i64 - due as i64;
        let expires = new_expiry.is_some() as i64 - old_expiry.is_some() as i64;
        self.store.counters.add(core, db, 0, expires, bytes - old_bytes);
        self.store.counters.add_due(core, db, due);
        if undo_on {
            self.undo.push(Undo::Present { db, entry: old });
        } else {
            self.discard(old);
        }
        was_expired
    }

    /// Puts in the entry of a key that is not there.
    #[inline]
    pub(super) fn insert(&mut self, key: &[u8], mut entry: Entry) {
        let (db, core) = (self.db, self.core);
        entry.set_access(self.access_clock);
        let (bytes, expires) = (entry.borrow().memory_bytes() as i64, entry.borrow().expiry().is_some());
        if self.undo_on {
            self.undo.push(Undo::Absent { db, key: key.into() });
        }
        let (hash, shard) = self.shard_mut(key);
        let table = shard.table_mut(db);
        let due = table.due_len();
        table.insert(hash, entry);
        table.entry_bytes += bytes;
        let due = table.due_len() as i64 - due as i64;
        self.store.counters.add(core, db, 1, expires as i64, bytes);
        self.store.counters.add_due(core, db, due);
        self.remark(key, Class::New, "new");
    }

    /// Takes the entry under `key` out (expired or not), without a trace in undo log or changes.
    pub(super) fn take(&mut self, key: &[u8]) -> Option<Entry> {
        let (db, core) = (self.db, self.core);
        let (hash, shard) = self.shard_mut(key);
        let table = shard.table_mut(db);
        let place = table.find(hash, key)?;
        let due = table.due_len();
        let entry = table.remove(place);
        let (expires, bytes) = (entry.borrow().expiry().is_some() as i64, entry.borrow().memory_bytes() as i64);
        table.entry_bytes -= bytes;
        let due = table.due_len() as i64 - due as i64;
        self.store.counters.add(core, db, -1, -expires, -bytes);
        self.store.counters.add_due(core, db, due);
        Some(entry)
    }

    /// Edits the entry under `key` (expired or not) if there is one, without a trace; the edit keeps its size.
    pub(super) fn with_entry<R>(&mut self, key: &[u8], edit: impl FnOnce(&mut Entry) -> R) -> Option<R> {
        let db = self.db;
        let (hash, shard) = self.shard_mut(key);
        let table = shard.table_mut(db);
        let place = table.find(hash, key)?;
        Some(table.edit(place, edit))
    }

    /// Puts an entry back as it was (undo).
    pub(super) fn restore(&mut self, entry: Entry) {
        let key = entry.borrow().key().to_vec();
        drop(self.take(&key));
        let (db, core) = (self.db, self.core);
        let (expires, bytes) = (entry.borrow().expiry().is_some() as i64, entry.borrow().memory_bytes() as i64);
        let (hash, shard) = self.shard_mut(&key);
        let table = shard.table_mut(db);
        let due = table.due_len();
        table.insert(hash, entry);
        table.entry_bytes += bytes;
        let due = table.due_len() as i64 - due as i64;
        self.store.counters.add(core, db, 1, expires, bytes);
        self.store.counters.add_due(core, db, due);
    }

    /// Removes `key`; false if it was not there. The caller tells [`Txn::changed`].
    pub fn remove(&mut self, key: &[u8]) -> bool {
        if self.place(key).is_none() {
            return false;
        }
        let entry = self.take(key).expect("placed just now");
        if self.undo_on {
            self.undo.push(Undo::Present { db: self.db, entry });
        } else {
            self.discard(entry);
        }
        true
    }

    /// Takes value and expiry of `key` away, to be put under another key (RENAME, MOVE, GETDEL). With the undo log on
    /// this copies, since the log keeps the original.
    pub fn remove_for_move(&mut self, key: &[u8]) -> Option<(NewValue<'static>, Option<i64>)> {
        self.place(key)?;
        let entry = self.take(key).expect("placed just now");
        let expiry = entry.borrow().expiry();
        if self.undo_on {
            let copy = entry.borrow().duplicate(key, None);
            self.undo.push(Undo::Present { db: self.db, entry });
            return Some((copy.into_value(), expiry));
        }
        Some((entry.into_value(), expiry))
    }

    /// Sets or clears the expiry of `key`; false if the key is not there.
    pub fn set_expiry(&mut self, key: &[u8], expiry: Option<i64>) -> bool {
        let (db, core) = (self.db, self.core);
        let modified = (self.store.settings.policy.clock() == Clock::Modified).then_some(self.access_clock);
        let (hash, shard) = self.shard_mut(key);
        let table = shard.table_mut(db);
        let Some(place) = table.find(hash, key) else { return false };
        let (before, bytes_before) = (table.at(place).expiry(), table.at(place).memory_bytes());
        if before == expiry {
            return true;
        }
        table.edit(place, |entry| {
            if !entry.set_expiry_in_place(expiry) {
                let old = std::mem::replace(entry, Entry::new(b"", NewValue::Int(0), None));
                *entry = old.with_expiry(expiry);
            }
        });
        if let Some(clock) = modified {
            table.at(place).touch(clock);
        }
        let bytes = table.at(place).memory_bytes() as i64 - bytes_before as i64;
        table.entry_bytes += bytes;
        self.store.counters.add(core, db, 0, expiry.is_some() as i64 - before.is_some() as i64, bytes);
        if self.undo_on {
            self.undo.push(Undo::Expiry { db, key: key.into(), expiry: before });
        }
        true
    }
}
