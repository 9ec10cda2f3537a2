//! The value of a hash key: fields with values, in one of two encodings, each change with its inverse.

use std::any::Any;
use std::sync::atomic::Ordering::Relaxed;

use super::fields::{self, Fields};
use super::run::{self, PAIRS_MAX, Span};
use crate::ds::digest::Digest;
use crate::ds::entry::Object;
use crate::ds::field::Field;
use crate::ds::item::{Coded, EXPIRY_BYTES, Item, expiry_head};
use crate::ds::packed::{Form, Packed, RUN_BYTES_MAX};
use crate::ds::thin::{Thin, ThinType, register};
use crate::resp::{error, number};
use crate::store::Settings;
use crate::txn::edit::Inverses;

/// One word: a run of pairs, which lies in the key's own entry while it is short, or a table. The run is marked once one of
/// its fields was given an expiry, for good: OBJECT ENCODING calls it `listpackex` then, as Redis does.
#[derive(Clone, Default)]
pub struct HashValue(Packed<Fields>);

/// What becomes of a field's expiry when the field is set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ttl {
    Clear,
    Keep,
    /// Ms since the epoch.
    At(i64),
}

impl Ttl {
    /// The expiry of a field that had this one.
    #[inline]
    fn after(self, before: Option<i64>) -> Option<i64> {
        match self {
            Ttl::Clear => None,
            Ttl::Keep => before,
            Ttl::At(at_ms) => Some(at_ms),
        }
    }
}

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
    pub fn form(&self) -> Form<'_, Fields> {
        self.0.form()
    }

    /// The value of `field`, unless it has expired at `now_ms`. O(fields) while packed, O(1) after.
    #[inline]
    pub fn get(&self, field: &[u8], now_ms: i64) -> Option<Item<'_>> {
        match self.form() {
            Form::Run(run) => {
                let span = run::find(run, &Coded::of(Item::Text(field)))?;
                (!run::is_expired(run, span, now_ms)).then(|| run::value(run, span))
            }
            Form::Large(table) => {
                let entry = table.at(table.find(field)?);
                (!fields::is_expired(entry, now_ms)).then(|| fields::item(entry))
            }
        }
    }

    /// When `field` expires, Some(None) if never; None: there is no such field, or it has expired at `now_ms`.
    pub fn expiry(&self, field: &[u8], now_ms: i64) -> Option<Option<i64>> {
        let expiry = match self.form() {
            Form::Run(run) => run::expiry(run, run::find(run, &Coded::of(Item::Text(field)))?),
            Form::Large(table) => table.at(table.find(field)?).expiry(),
        };
        expiry.is_none_or(|at_ms| at_ms > now_ms).then_some(expiry)
    }

    /// May fields have expired at `now_ms` that are still there?
    #[inline]
    pub fn is_due(&self, now_ms: i64) -> bool {
        self.due_ms().is_some_and(|at_ms| at_ms <= now_ms)
    }

    /// Fields that have not expired at `now_ms`. Cost: follows those that have, or all of a small hash.
    pub fn live(&self, now_ms: i64) -> usize {
        if !self.is_due(now_ms) {
            return self.len();
        }
        match self.form() {
            Form::Run(run) => run::spans(run).filter(|span| !run::is_expired(run, *span, now_ms)).count(),
            Form::Large(table) => table.len() - table.table().due_until(now_ms).count(),
        }
    }

    /// Calls `each` with every field and value that has not expired at `now_ms`: as they came while packed, by hash after.
    pub fn for_each<'h>(&'h self, now_ms: i64, mut each: impl FnMut(Item<'h>, Item<'h>)) {
        self.for_each_expiring(|field, value, expiry| {
            if expiry.is_none_or(|at_ms| at_ms > now_ms) {
                each(field, value);
            }
        });
    }

    /// The same with when each expires, and those too that have.
    pub fn for_each_expiring<'h>(&'h self, mut each: impl FnMut(Item<'h>, Item<'h>, Option<i64>)) {
        match self.form() {
            Form::Run(run) => {
                for span in run::spans(run) {
                    let (field, value) = run::pair(run, span);
                    each(field, value, run::expiry(run, span));
                }
            }
            Form::Large(table) => {
                table.table().for_each(|entry| each(Item::Text(entry.key()), fields::item(entry), entry.expiry()));
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
        if matches!(self.form(), Form::Run(_)) {
            if fields > limits.fields {
                self.become_table(fields, inverses);
            } else if items.any(|item| item.len() > limits.item_bytes) {
                self.become_table(0, inverses);
            }
        }
    }

    /// Sets `field`, whether or not it has expired; true if it was not there.
    #[inline]
    pub fn set(&mut self, field: &[u8], value: Item, ttl: Ttl, limits: Limits, inverses: &mut Inverses) -> bool {
        if let Some(table) = self.0.large_mut() {
            return set_in_table(table, field, value, ttl, inverses);
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
            let run = self.0.bytes();
            let run_bytes = run.len();
            match run::find(run, &coded) {
                Some(span) => {
                    // An expiry that goes is part of the value; one that stays or comes is not.
                    let at = if ttl == Ttl::Keep { span.value + run::expiry_bytes(run, span) } else { span.value };
                    self.splice(at, span.end - at, &parts[2..], 0, inverses);
                    self.set_run_expiry(field, ttl, inverses);
                    return false;
                }
                None if self.0.elements() < limits.fields.min(PAIRS_MAX) && run_bytes < RUN_BYTES_MAX => {
                    self.splice(run_bytes, 0, &parts, 1, inverses);
                    self.set_run_expiry(field, ttl, inverses);
                    return true;
                }
                None => (),
            }
        }
        self.become_table(0, inverses);
        self.set(field, value, ttl, limits, inverses)
    }

    #[inline]
    fn set_run_expiry(&mut self, field: &[u8], ttl: Ttl, inverses: &mut Inverses) {
        if let Ttl::At(at_ms) = ttl {
            self.set_expiry(field, Some(at_ms), inverses);
        }
    }

    /// Gives `field` this expiry or takes the one it has; false if there is no such field.
    pub fn set_expiry(&mut self, field: &[u8], expiry: Option<i64>, inverses: &mut Inverses) -> bool {
        if let Some(table) = self.0.large_mut() {
            let Some(spot) = table.find(field) else { return false };
            let old = table.at(spot);
            if old.expiry() != expiry {
                let made = fields::entry(field, fields::item(old), expiry);
                keep_old(table.replace(spot, made), inverses);
            }
            return true;
        }
        let run = self.0.bytes();
        let Some(span) = run::find(run, &Coded::of(Item::Text(field))) else { return false };
        if run.len() + EXPIRY_BYTES > RUN_BYTES_MAX {
            self.become_table(0, inverses);
            return self.set_expiry(field, expiry, inverses);
        }
        let before = run::expiry_bytes(run, span);
        match expiry.map(expiry_head) {
            Some(head) => self.splice(span.value, before, &[&head], 0, inverses),
            None => self.splice(span.value, before, &[], 0, inverses),
        }
        if expiry.is_some() {
            self.mark(inverses);
        }
        true
    }

    /// A command is about to set expiries, though perhaps none: to OBJECT ENCODING that is all the same, as in Redis.
    pub fn mark(&mut self, inverses: &mut Inverses) {
        if matches!(self.form(), Form::Run(_)) && !self.0.marked() {
            self.0.set_mark(true);
            inverses.push(|hash: &mut HashValue| hash.0.set_mark(false));
        }
    }

    /// Takes `field` out, expired or not; false if it was not there.
    pub fn remove(&mut self, field: &[u8], inverses: &mut Inverses) -> bool {
        if let Some(table) = self.0.large_mut() {
            let Some(spot) = table.find(field) else { return false };
            keep_old(table.remove(spot), inverses);
            return true;
        }
        let Some(span) = run::find(self.0.bytes(), &Coded::of(Item::Text(field))) else { return false };
        self.splice(span.field, span.end - span.field, &[], -1, inverses);
        true
    }

    /// Takes `field` out if it has expired at `now_ms`.
    pub fn remove_expired(&mut self, field: &[u8], now_ms: i64, inverses: &mut Inverses) -> bool {
        let expiry = match self.form() {
            Form::Run(run) => run::find(run, &Coded::of(Item::Text(field))).and_then(|span| run::expiry(run, span)),
            Form::Large(table) => table.find(field).and_then(|spot| table.at(spot).expiry()),
        };
        expiry.is_some_and(|at_ms| at_ms <= now_ms) && self.remove(field, inverses)
    }

    /// Takes out fields that have expired at `now_ms`, `most` of a table and all of a run, and gives their names. None
    /// were found: none has, and [`Object::due_ms`] tells when the next one will.
    pub fn remove_all_expired(&mut self, now_ms: i64, most: usize, inverses: &mut Inverses) -> Vec<Box<[u8]>> {
        let Some(table) = self.0.large_mut() else { return self.remove_expired_of_run(now_ms, inverses) };
        let gone: Vec<Box<[u8]>> = table.table().due_until(now_ms).take(most).map(|entry| entry.key().into()).collect();
        for field in &gone {
            if let Some(spot) = table.find(field) {
                keep_old(table.remove(spot), inverses);
            }
        }
        if gone.len() < most {
            table.look_when_due();
        }
        gone
    }

    fn remove_expired_of_run(&mut self, now_ms: i64, inverses: &mut Inverses) -> Vec<Box<[u8]>> {
        let run = self.0.bytes();
        let (gone, kept): (Vec<Span>, Vec<Span>) =
            run::spans(run).partition(|span| run::is_expired(run, *span, now_ms));
        if gone.is_empty() {
            return Vec::new();
        }
        let names = gone.iter().map(|span| run::pair(run, *span).0.to_vec().into()).collect();
        let left: Vec<u8> = kept.iter().flat_map(|span| &run[span.field..span.end]).copied().collect();
        self.splice(0, run.len(), &[&left], -(gone.len() as i32), inverses);
        names
    }

    /// Adds to the integer at `field` (0 where there is none), whose expiry stays. One that has expired must have gone.
    /// Err: the error's text.
    pub fn increment(
        &mut self,
        field: &[u8],
        by: i64,
        limits: Limits,
        inverses: &mut Inverses,
    ) -> Result<i64, &'static str> {
        let old = match self.get(field, i64::MIN) {
            None => 0,
            Some(Item::Int(old)) => old,
            Some(Item::Text(text)) => number::integer(text).ok_or(error::HASH_NOT_INTEGER)?,
        };
        let value = old.checked_add(by).ok_or(error::OVERFLOW)?;
        self.set(field, Item::Int(value), Ttl::Keep, limits, inverses);
        Ok(value)
    }

    /// One way, as in Redis. The inverse puts the packed run back as it was.
    fn become_table(&mut self, more: usize, inverses: &mut Inverses) {
        let Form::Run(run) = self.form() else { return };
        let mut table = Fields::default();
        table.reserve(self.0.elements() + more);
        let mut digits = itoa::Buffer::new();
        for span in run::spans(run) {
            let (field, value) = run::pair(run, span);
            let field = match field {
                Item::Int(number) => digits.format(number).as_bytes(),
                Item::Text(text) => text,
            };
            table.insert(fields::hash(field), field, value, run::expiry(run, span));
        }
        let table = Packed::large(Box::new(table));
        if inverses.on() {
            let packed = self.0.take();
            inverses.push(move |hash: &mut HashValue| hash.0 = packed);
        }
        self.0 = table;
    }

    /// Undo.
    fn large_mut(&mut self) -> &mut Fields {
        self.0.large_mut().expect("the inverse of an edit of a table")
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
fn set_in_table(table: &mut Fields, field: &[u8], value: Item, ttl: Ttl, inverses: &mut Inverses) -> bool {
    let hash = fields::hash(field);
    let Some(spot) = table.find_hashed(hash, field) else {
        table.insert(hash, field, value, ttl.after(None));
        if inverses.on() {
            let field: Box<[u8]> = field.into();
            inverses.push(move |hash: &mut HashValue| {
                let table = hash.large_mut();
                if let Some(spot) = table.find(&field) {
                    drop(table.remove(spot));
                }
            });
        }
        return true;
    };
    let before = table.at(spot).expiry();
    let expiry = ttl.after(before);
    if inverses.on() || before != expiry {
        keep_old(table.replace(spot, fields::entry(field, value, expiry)), inverses);
    } else {
        table.set_value(spot, field, value);
    }
    false
}

/// Undo: the table gets a field back, in place of one with the same name.
#[inline]
fn keep_old(old: Field, inverses: &mut Inverses) {
    if inverses.on() {
        inverses.push(move |hash: &mut HashValue| hash.large_mut().put_back(old));
    }
}

impl Object for HashValue {
    fn type_name(&self) -> &'static str {
        "hash"
    }

    fn encoding(&self) -> &'static str {
        match self.form() {
            Form::Run(_) if self.0.marked() => "listpackex",
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
            Form::Large(table) => table.len() == 0,
        }
    }

    #[inline]
    fn due_ms(&self) -> Option<i64> {
        match self.form() {
            Form::Run(run) if self.0.marked() => run::first_due_ms(run),
            Form::Run(_) => None,
            Form::Large(table) => table.due_ms(),
        }
    }

    fn duplicate(&self) -> Box<dyn Object> {
        Box::new(self.clone())
    }

    fn digest(&self, digest: &mut Digest) {
        self.for_each_expiring(|field, value, expiry| {
            let mut pair = Digest::default();
            pair.mix(&field.to_vec());
            pair.mix(&value.to_vec());
            if expiry.is_some() {
                pair.add(b"!!hexpire!!");
            }
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
