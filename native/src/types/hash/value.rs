//! The value of a hash key: fields with values, in one of two encodings, each change with its inverse.

use std::any::Any;
use std::sync::atomic::Ordering::Relaxed;

use super::fields::{self, FieldTable};
use super::packed::{BLOCK_BYTES_MAX, PAIRS_MAX, Packed};
use crate::ds::entry::{Entry, Object};
use crate::ds::item::{Coded, Item};
use crate::resp::{error, number};
use crate::store::Settings;
use crate::txn::edit::Inverses;

/// 24 bytes; the smallest hashes lie inside them.
#[derive(Clone)]
pub enum HashValue {
    Packed(Packed),
    Table(Box<FieldTable>),
}

const _: () = assert!(size_of::<HashValue>() == 24);

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

impl Default for HashValue {
    fn default() -> HashValue {
        HashValue::Packed(Packed::default())
    }
}

impl HashValue {
    /// O(fields) while packed, O(1) after.
    #[inline]
    pub fn get(&self, field: &[u8]) -> Option<Item<'_>> {
        match self {
            HashValue::Packed(packed) => packed.find(&Coded::of(Item::Text(field))).map(|span| packed.value(span)),
            HashValue::Table(table) => table.find(fields::hash(field), field).map(|spot| fields::item(table.at(spot))),
        }
    }

    /// Calls `each` with every field and value: as they came while packed, by hash after.
    pub fn for_each<'h>(&'h self, mut each: impl FnMut(Item<'h>, Item<'h>)) {
        match self {
            HashValue::Packed(packed) => packed.iter().for_each(|(field, value)| each(field, value)),
            HashValue::Table(table) => {
                table.for_each(|entry| each(Item::Text(entry.key()), fields::item(entry)));
            }
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
        if matches!(self, HashValue::Packed(_)) {
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
        match self {
            HashValue::Packed(packed) => {
                let coded = Coded::of(Item::Text(field));
                let long = match value {
                    Item::Text(text) => text.len() > limits.item_bytes,
                    // No integer has more than 20 characters.
                    Item::Int(_) => limits.item_bytes < 20 && value.text_len() > limits.item_bytes,
                };
                if !long && field.len() <= limits.item_bytes {
                    let value = Coded::of(value);
                    let parts = [coded.head(), coded.body(), value.head(), value.body()];
                    let run_bytes = packed.bytes().len();
                    match packed.find(&coded) {
                        Some(span) => {
                            splice(packed, span.value, span.end - span.value, &parts[2..], 0, inverses);
                            return false;
                        }
                        None if packed.len() < limits.fields.min(PAIRS_MAX) && run_bytes < BLOCK_BYTES_MAX => {
                            splice(packed, run_bytes, 0, &parts, 1, inverses);
                            return true;
                        }
                        None => (),
                    }
                }
                self.become_table(0, inverses);
                self.set(field, value, limits, inverses)
            }
            HashValue::Table(table) => {
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
        }
    }

    /// Takes `field` out; false if it was not there.
    pub fn remove(&mut self, field: &[u8], inverses: &mut Inverses) -> bool {
        match self {
            HashValue::Packed(packed) => {
                let Some(span) = packed.find(&Coded::of(Item::Text(field))) else { return false };
                splice(packed, span.field, span.end - span.field, &[], -1, inverses);
                true
            }
            HashValue::Table(table) => {
                let Some(spot) = table.find(fields::hash(field), field) else { return false };
                let old = table.remove(spot);
                if inverses.on() {
                    inverses.push(move |hash: &mut HashValue| hash.put_back(old));
                }
                true
            }
        }
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

    /// One way, as in Redis. The inverse puts the packed run back as it was, without a copy.
    fn become_table(&mut self, more: usize, inverses: &mut Inverses) {
        let HashValue::Packed(packed) = self else { return };
        let packed = std::mem::take(packed);
        let mut table = FieldTable::default();
        table.reserve(packed.len() + more);
        let mut digits = itoa::Buffer::new();
        for (field, value) in packed.iter() {
            let field = match field {
                Item::Int(number) => digits.format(number).as_bytes(),
                Item::Text(text) => text,
            };
            table.insert(fields::hash(field), fields::entry(field, value));
        }
        *self = HashValue::Table(Box::new(table));
        inverses.push(move |hash: &mut HashValue| *hash = HashValue::Packed(packed));
    }

    /// Undo: the table gets an entry back, in place of one with the same field.
    fn put_back(&mut self, entry: Entry) {
        let HashValue::Table(table) = self else { unreachable!("the inverse of an edit of a table") };
        let field = entry.borrow().key();
        let hash = fields::hash(field);
        match table.find(hash, field) {
            Some(spot) => drop(table.replace(spot, entry)),
            None => table.insert(hash, entry),
        }
    }

    /// Undo: a field that was not there goes from the table.
    fn take_out(&mut self, field: &[u8]) {
        let HashValue::Table(table) = self else { unreachable!("the inverse of an edit of a table") };
        if let Some(spot) = table.find(fields::hash(field), field) {
            drop(table.remove(spot));
        }
    }
}

/// An edit of a packed run, with the splice that undoes it: order and bytes come back exactly.
#[inline]
fn splice(packed: &mut Packed, at: usize, remove: usize, parts: &[&[u8]], pairs: i16, inverses: &mut Inverses) {
    if inverses.on() {
        let insert: usize = parts.iter().map(|part| part.len()).sum();
        let old: Box<[u8]> = packed.bytes()[at..at + remove].into();
        inverses.push(move |hash: &mut HashValue| {
            let HashValue::Packed(packed) = hash else { unreachable!("the inverse of an edit of a packed hash") };
            packed.splice(at, insert, &[&old], -pairs);
        });
    }
    packed.splice(at, remove, parts, pairs);
}

impl Object for HashValue {
    fn type_name(&self) -> &'static str {
        "hash"
    }

    fn encoding(&self) -> &'static str {
        match self {
            HashValue::Packed(_) => "listpack",
            HashValue::Table(_) => "hashtable",
        }
    }

    #[inline]
    fn memory_bytes(&self) -> usize {
        size_of::<HashValue>()
            + match self {
                HashValue::Packed(packed) => packed.heap_bytes(),
                HashValue::Table(table) => table.memory_bytes(),
            }
    }

    fn len(&self) -> usize {
        match self {
            HashValue::Packed(packed) => packed.len(),
            HashValue::Table(table) => table.len(),
        }
    }

    #[inline]
    fn is_empty(&self) -> bool {
        match self {
            HashValue::Packed(packed) => packed.is_empty(),
            HashValue::Table(table) => table.is_empty(),
        }
    }

    fn duplicate(&self) -> Box<dyn Object> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
