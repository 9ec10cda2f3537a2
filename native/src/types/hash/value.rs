//! The value of a hash key: fields with values, in one of two encodings, each change with its inverse.

use std::any::Any;
use std::sync::atomic::Ordering::Relaxed;

use super::fields::{self, FieldTable};
use super::run::{self, PAIRS_MAX};
use crate::ds::digest::Digest;
use crate::ds::entry::{Entry, Object};
use crate::ds::item::{Coded, Item};
use crate::ds::packed::{Form, Packed, RUN_BYTES_MAX};
use crate::ds::thin::{Thin, ThinType, register};
use crate::resp::{error, number};
use crate::store::Settings;
use crate::txn::edit::Inverses;

/// One word: a run of pairs, which lies in the key's own entry while it is short, or a table.
#[derive(Clone, Default)]
pub struct HashValue(Packed<FieldTable>);

/// How large a hash may get before it becomes a table for good.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// hash-max-listpack-entries
    pub fields: usize,
    /// hash-max-listpack-value, bytes of a field or value
    pub item_bytes: usize,
}

impl Limits {
    pub fn of(settings: &Settings) -> Limits {
        Limits {
            fields: settings.hash_max_listpack_entries.load(Relaxed) as usize,
            item_bytes: settings.hash_max_listpack_value.load(Relaxed) as usize,
        }
    }
}

impl HashValue {
    #[inline]
    pub fn form(&self) -> Form<'_, FieldTable> {
        self.0.form()
    }

    /// O(fields) while packed, O(1) after.
    #[inline]
    pub fn get(&self, field: &[u8]) -> Option<Item<'_>> {
        match self.form() {
            Form::Run(run) => run::find(run, &Coded::of(Item::Text(field))).map(|span| run::value(run, span)),
            Form::Large(table) => table.find(fields::hash(field), field).map(|spot| fields::item(table.at(spot))),
        }
    }

    /// Calls `each` with every field and value: as they came while packed, by hash after.
    pub fn for_each<'h>(&'h self, mut each: impl FnMut(Item<'h>, Item<'h>)) {
        match self.form() {
            Form::Run(run) => {
                for span in run::spans(run) {
                    let (field, value) = run::pair(run, span);
                    each(field, value);
                }
            }
            Form::Large(table) => table.for_each(|entry| each(Item::Text(entry.key()), fields::item(entry))),
        }
    }

    /// Becomes a table if `fields` new ones are too many or one of `items` too long for the packed encoding, as HSET
    /// decides before it sets anything.
    pub fn make_room<'a>(
        &mut self,
        fields: usize,
        mut items: impl Iterator<Item = &'a [u8]>,
        limits: Limits,
        inverses: &mut Inverses,
    ) {
        if matches!(self.form(), Form::Run(_)) {
            if fields > limits.fields {
                self.become_table(fields, inverses);
            } else if items.any(|item| item.len() > limits.item_bytes) {
                self.become_table(0, inverses);
            }
        }
    }

    /// Sets `field`; true if it is new.
    #[inline]
    pub fn set(&mut self, field: &[u8], value: Item, limits: Limits, inverses: &mut Inverses) -> bool {
        if let Some(table) = self.0.large_mut() {
            return set_in_table(table, field, value, inverses);
        }
        let coded = Coded::of(Item::Text(field));
        let long = match value {
            Item::Text(text) => text.len() > limits.item_bytes,
            // No integer has more than 20 characters.
            Item::Int(_) => limits.item_bytes < 20 && value.text_len() > limits.item_bytes,
        };
        if !long && field.len() <= limits.item_bytes {
            let value = Coded::of(value);
            let parts = [coded.head(), coded.body(), value.head(), value.body()];
            let run_bytes = self.0.bytes().len();
            match run::find(self.0.bytes(), &coded) {
                Some(span) => {
                    self.splice(span.value, span.end - span.value, &parts[2..], 0, inverses);
                    return false;
                }
                None if self.0.elements() < limits.fields.min(PAIRS_MAX) && run_bytes < RUN_BYTES_MAX => {
                    self.splice(run_bytes, 0, &parts, 1, inverses);
                    return true;
                }
                None => (),
            }
        }
        self.become_table(0, inverses);
        self.set(field, value, limits, inverses)
    }

    /// Takes `field` out; false if it was not there.
    pub fn remove(&mut self, field: &[u8], inverses: &mut Inverses) -> bool {
        if let Some(table) = self.0.large_mut() {
            let Some(spot) = table.find(fields::hash(field), field) else { return false };
            let old = table.remove(spot);
            if inverses.on() {
                inverses.push(move |hash: &mut HashValue| hash.put_back(old));
            }
            return true;
        }
        let Some(span) = run::find(self.0.bytes(), &Coded::of(Item::Text(field))) else { return false };
        self.splice(span.field, span.end - span.field, &[], -1, inverses);
        true
    }

    /// Adds to the integer at `field` (0 where there is none). Err: the error's text.
    pub fn increment(
        &mut self,
        field: &[u8],
        by: i64,
        limits: Limits,
        inverses: &mut Inverses,
    ) -> Result<i64, &'static str> {
        let old = match self.get(field) {
            None => 0,
            Some(Item::Int(old)) => old,
            Some(Item::Text(text)) => number::integer(text).ok_or(error::HASH_NOT_INTEGER)?,
        };
        let value = old.checked_add(by).ok_or(error::OVERFLOW)?;
        self.set(field, Item::Int(value), limits, inverses);
        Ok(value)
    }

    /// One way, as in Redis. The inverse puts the packed run back as it was.
    fn become_table(&mut self, more: usize, inverses: &mut Inverses) {
        let Form::Run(run) = self.form() else { return };
        let mut table = FieldTable::default();
        table.reserve(self.0.elements() + more);
        let mut digits = itoa::Buffer::new();
        for span in run::spans(run) {
            let (field, value) = run::pair(run, span);
            let field = match field {
                Item::Int(number) => digits.format(number).as_bytes(),
                Item::Text(text) => text,
            };
            table.insert(fields::hash(field), fields::entry(field, value));
        }
        let table = Packed::large(Box::new(table));
        if inverses.on() {
            let packed = self.0.take();
            inverses.push(move |hash: &mut HashValue| hash.0 = packed);
        }
        self.0 = table;
    }

    /// Undo: the table gets an entry back, in place of one with the same field.
    fn put_back(&mut self, entry: Entry) {
        let table = self.0.large_mut().expect("the inverse of an edit of a table");
        let field = entry.borrow().key();
        let hash = fields::hash(field);
        match table.find(hash, field) {
            Some(spot) => drop(table.replace(spot, entry)),
            None => table.insert(hash, entry),
        }
    }

    /// Undo: a field that was not there goes from the table.
    fn take_out(&mut self, field: &[u8]) {
        let table = self.0.large_mut().expect("the inverse of an edit of a table");
        if let Some(spot) = table.find(fields::hash(field), field) {
            drop(table.remove(spot));
        }
    }

    /// An edit of the run, with the splice that undoes it: order and bytes come back exactly.
    #[inline]
    fn splice(&mut self, at: usize, remove: usize, parts: &[&[u8]], pairs: i32, inverses: &mut Inverses) {
        if inverses.on() {
            let insert: usize = parts.iter().map(|part| part.len()).sum();
            let old: Box<[u8]> = self.0.bytes()[at..at + remove].into();
            inverses.push(move |hash: &mut HashValue| hash.0.splice(at, insert, &[&old], -pairs));
        }
        self.0.splice(at, remove, parts, pairs);
    }
}

#[inline]
fn set_in_table(table: &mut FieldTable, field: &[u8], value: Item, inverses: &mut Inverses) -> bool {
    let hash = fields::hash(field);
    let Some(spot) = table.find(hash, field) else {
        table.insert(hash, fields::entry(field, value));
        if inverses.on() {
            let field: Box<[u8]> = field.into();
            inverses.push(move |hash: &mut HashValue| hash.take_out(&field));
        }
        return true;
    };
    if inverses.on() {
        let old = table.replace(spot, fields::entry(field, value));
        inverses.push(move |hash: &mut HashValue| hash.put_back(old));
        return false;
    }
    let spot = table.owned_spot(spot);
    if !fields::set_in_place(table, spot, value) {
        drop(table.replace(spot, fields::entry(field, value)));
    }
    false
}

impl Object for HashValue {
    fn type_name(&self) -> &'static str {
        "hash"
    }

    fn encoding(&self) -> &'static str {
        match self.form() {
            Form::Run(_) => "listpack",
            Form::Large(_) => "hashtable",
        }
    }

    #[inline]
    fn memory_bytes(&self) -> usize {
        match self.form() {
            Form::Run(_) => self.0.memory_bytes(),
            Form::Large(table) => table.memory_bytes(),
        }
    }

    fn len(&self) -> usize {
        match self.form() {
            Form::Run(_) => self.0.elements(),
            Form::Large(table) => table.len(),
        }
    }

    #[inline]
    fn is_empty(&self) -> bool {
        match self.form() {
            Form::Run(run) => run.is_empty(),
            Form::Large(table) => table.is_empty(),
        }
    }

    fn duplicate(&self) -> Box<dyn Object> {
        Box::new(self.clone())
    }

    fn digest(&self, digest: &mut Digest) {
        self.for_each(|field, value| {
            let mut pair = Digest::default();
            pair.mix(&field.to_vec());
            pair.mix(&value.to_vec());
            digest.add_digest(&pair);
        });
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    #[inline]
    fn thin(&self) -> Option<&'static ThinType> {
        Some(register::<HashValue>())
    }

    #[inline]
    fn annex_bytes(&self) -> usize {
        self.0.annex_bytes()
    }

    #[inline]
    fn is_annexed(&self) -> bool {
        self.0.is_annexed()
    }
}

impl Thin for HashValue {
    const NUMBER: u8 = 0;

    unsafe fn move_to(&mut self, room: *mut u8, bytes: usize) {
        // SAFETY: (1) is the caller's.
        unsafe { self.0.move_to(room, bytes) }
    }

    fn move_out(&mut self) {
        self.0.move_out()
    }

    #[inline]
    fn home(&self) -> *const u8 {
        self.0.home()
    }
}
