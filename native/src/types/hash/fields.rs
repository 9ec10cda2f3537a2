//! The large encoding, which OBJECT ENCODING calls `hashtable`: a field and its value are an entry of `ds::segments`, and
//! so is the field's expiry. Each segment indexes the fields that expire in it by when, so that splits, copies on write and
//! clones cost what they cost without.

use crate::ds::block::Block;
use crate::ds::entry::{Entry, EntryRef, NewValue, Value};
use crate::ds::field::Field;
use crate::ds::item::Item;
use crate::ds::segments::{Segments, Spot};

pub use crate::ds::segments::hash;

pub type FieldTable = Segments<Field>;

/// The table, and what a key's entry asks of it often.
#[derive(Clone, Default)]
pub struct Fields {
    table: FieldTable,
    /// Fields with an expiry.
    expiring: usize,
    /// No field is due before this. What moves or removes the first one leaves it too early: whoever finds nothing due then
    /// calls [`Fields::look_when_due`].
    due_ms: i64,
}

impl Fields {
    pub fn table(&self) -> &FieldTable {
        &self.table
    }

    pub fn len(&self) -> usize {
        self.table.len()
    }

    pub fn memory_bytes(&self) -> usize {
        size_of::<Fields>() - size_of::<FieldTable>() + self.table.memory_bytes()
    }

    pub fn reserve(&mut self, fields: usize) {
        self.table.reserve(fields);
    }

    /// When the first field is due, at the earliest.
    #[inline]
    pub fn due_ms(&self) -> Option<i64> {
        (self.expiring > 0).then_some(self.due_ms)
    }

    /// Finds out when the first field is due. O(segments).
    pub fn look_when_due(&mut self) {
        debug_assert!(self.expiring > 0 || self.table.first_due_ms().is_none());
        self.due_ms = self.table.first_due_ms().unwrap_or(i64::MAX);
    }

    #[inline]
    pub fn find(&self, field: &[u8]) -> Option<Spot> {
        self.table.find(hash(field), field)
    }

    /// The same where the hash is known.
    #[inline]
    pub fn find_hashed(&self, hash: u64, field: &[u8]) -> Option<Spot> {
        self.table.find(hash, field)
    }

    #[inline]
    pub fn at(&self, spot: Spot) -> EntryRef<'_> {
        self.table.at(spot)
    }

    /// Puts in a field of this hash that is not there.
    #[inline]
    pub fn insert(&mut self, hash: u64, field: &[u8], value: Item, expiry: Option<i64>) {
        self.table.insert(hash, entry(field, value, expiry));
        self.came(expiry);
    }

    /// Puts another value and expiry in place of those at `spot`, and gives the old ones.
    pub fn replace(&mut self, spot: Spot, made: Field) -> Field {
        let expiry = made.borrow().expiry();
        let old = self.table.replace(spot, made);
        self.went(old.borrow().expiry());
        self.came(expiry);
        old
    }

    /// Takes the field at `spot` out.
    pub fn remove(&mut self, spot: Spot) -> Field {
        let old = self.table.remove(spot);
        self.went(old.borrow().expiry());
        old
    }

    /// Gives the field at `spot` another value, its expiry as it is: where it stands, if that has the same size.
    #[inline]
    pub fn set_value(&mut self, spot: Spot, field: &[u8], value: Item) {
        let spot = self.table.owned_spot(spot);
        let fits = self.table.edit(spot, |block| match value {
            Item::Int(number) => block.entry_mut().set_int_in_place(number),
            Item::Text(text) => block.entry_mut().set_text_in_place(text),
        });
        if !fits {
            let expiry = self.table.at(spot).expiry();
            drop(self.table.replace(spot, entry(field, value, expiry)));
        }
    }

    /// Puts back what was taken out or replaced, in place of a field of the same name.
    pub fn put_back(&mut self, made: Field) {
        let field = made.borrow().key();
        let hash = hash(field);
        match self.table.find(hash, field) {
            Some(spot) => drop(self.replace(spot, made)),
            None => {
                let expiry = made.borrow().expiry();
                self.table.insert(hash, made);
                self.came(expiry);
            }
        }
    }

    #[inline]
    fn came(&mut self, expiry: Option<i64>) {
        if let Some(at_ms) = expiry {
            self.due_ms = if self.expiring == 0 { at_ms } else { self.due_ms.min(at_ms) };
            self.expiring += 1;
        }
    }

    #[inline]
    fn went(&mut self, expiry: Option<i64>) {
        self.expiring -= expiry.is_some() as usize;
    }
}

/// The value of a field's entry.
#[inline]
pub fn item(entry: EntryRef<'_>) -> Item<'_> {
    match entry.value() {
        Value::Int(number) => Item::Int(number),
        Value::Bytes(text) => Item::Text(text),
        Value::Object(_) => Item::Text(b""),
    }
}

/// Has the field of this entry expired at `now_ms`?
#[inline]
pub fn is_expired(entry: EntryRef<'_>, now_ms: i64) -> bool {
    entry.expiry().is_some_and(|at_ms| at_ms <= now_ms)
}

/// A field's entry with its value.
pub fn entry(field: &[u8], value: Item, expiry: Option<i64>) -> Field {
    Field::new(match value {
        Item::Int(number) => Entry::new(field, NewValue::Int(number), expiry),
        Item::Text(text) => Entry::new(field, NewValue::Text(text), expiry),
    })
}
