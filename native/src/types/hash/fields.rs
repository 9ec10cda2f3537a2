//! The large encoding, which OBJECT ENCODING calls `hashtable`: a field and its value are an entry of `ds::segments`.

use crate::ds::entry::{Entry, EntryRef, NewValue, Value};
use crate::ds::item::Item;
use crate::ds::segments::{Segments, Spot};

pub use crate::ds::segments::hash;

pub type FieldTable = Segments<Entry>;

/// The value of a field's entry.
#[inline]
pub fn item(entry: EntryRef<'_>) -> Item<'_> {
    match entry.value() {
        Value::Int(number) => Item::Int(number),
        Value::Bytes(text) => Item::Text(text),
        Value::Object(_) => Item::Text(b""),
    }
}

/// A field's entry with its value.
pub fn entry(field: &[u8], value: Item) -> Entry {
    match value {
        Item::Int(number) => Entry::new(field, NewValue::Int(number), None),
        Item::Text(text) => Entry::new(field, NewValue::Text(text), None),
    }
}

/// Gives the field at `spot` another value where it stands, if that has the same size; false if not.
#[inline]
pub fn set_in_place(table: &mut FieldTable, spot: Spot, value: Item) -> bool {
    table.edit(spot, |entry| match value {
        Item::Int(number) => entry.set_int_in_place(number),
        Item::Text(text) => entry.set_text_in_place(text),
    })
}
