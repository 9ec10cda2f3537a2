//! The value of an array key: its elements and where the last one was inserted, each change with its inverse.

use std::any::Any;

use super::later;
use crate::ds::digest::Digest;
use crate::ds::entry::Object;
use crate::ds::sliced::{INDEX_MAX, NUMBER_BYTES_MAX, Sliced, Word};
use crate::store::Store;
use crate::txn::edit::Inverses;

#[derive(Clone, Default)]
pub struct ArrayValue {
    elements: Sliced,
    /// Index that ARINSERT or ARRING wrote last; None: the next goes to index 0.
    inserted: Option<u64>,
}

impl ArrayValue {
    pub fn elements(&self) -> &Sliced {
        &self.elements
    }

    pub fn inserted(&self) -> Option<u64> {
        self.inserted
    }

    /// Where the next insertion goes; None: there is no index left.
    pub fn next(&self) -> Option<u64> {
        match self.inserted {
            None => Some(0),
            Some(last) => (last < INDEX_MAX).then_some(last + 1),
        }
    }

    /// Puts elements at indexes and gives how many of those had none.
    pub fn set<'a>(&mut self, places: impl Iterator<Item = (u64, &'a [u8])>, inverses: &mut Inverses) -> u64 {
        let mut new = 0;
        let mut log: Vec<(u64, Option<Word>)> = Vec::new();
        for (index, text) in places {
            let old = self.elements.set(index, Word::of(text));
            new += old.is_none() as u64;
            if inverses.on() {
                log.push((index, old));
            }
        }
        if inverses.on() {
            inverses.push(move |array: &mut ArrayValue| array.put_back(log));
        }
        new
    }

    /// Takes elements out and gives how many there were.
    pub fn delete(&mut self, indexes: impl Iterator<Item = u64>, inverses: &mut Inverses) -> u64 {
        let mut log = Vec::new();
        let mut deleted = 0;
        for index in indexes {
            if let Some(word) = self.elements.take(index) {
                deleted += 1;
                if inverses.on() {
                    log.push((index, Some(word)));
                }
            }
        }
        if inverses.on() {
            inverses.push(move |array: &mut ArrayValue| array.put_back(log));
        }
        deleted
    }

    fn put_back(&mut self, log: Vec<(u64, Option<Word>)>) {
        for (index, old) in log.into_iter().rev() {
            match old {
                Some(word) => drop(self.elements.set(index, word)),
                None => drop(self.elements.take(index)),
            }
        }
    }

    /// Takes all elements between two indexes, both included, out and gives how many there were.
    pub fn delete_range(&mut self, from: u64, to: u64, store: &'static Store, inverses: &mut Inverses) -> u64 {
        let taken = later(self.elements.extract(from, to), store);
        let count = taken.count();
        if inverses.on() && count > 0 {
            inverses.push(move |array: &mut ArrayValue| array.elements.merge(taken.into_inner()));
        }
        count
    }

    /// Has other elements from now on.
    pub fn replace(&mut self, elements: Sliced, store: &'static Store, inverses: &mut Inverses) {
        let old = later(std::mem::replace(&mut self.elements, elements), store);
        if inverses.on() {
            inverses.push(move |array: &mut ArrayValue| array.elements = old.into_inner());
        }
    }

    pub fn set_inserted(&mut self, inserted: Option<u64>, inverses: &mut Inverses) {
        let old = std::mem::replace(&mut self.inserted, inserted);
        if inverses.on() {
            inverses.push(move |array: &mut ArrayValue| array.inserted = old);
        }
    }
}

impl Object for ArrayValue {
    fn type_name(&self) -> &'static str {
        "array"
    }

    fn encoding(&self) -> &'static str {
        "sliced-array"
    }

    fn memory_bytes(&self) -> usize {
        size_of::<ArrayValue>() + self.elements.totals().bytes
    }

    fn len(&self) -> usize {
        self.elements.count() as usize
    }

    fn digest(&self, digest: &mut Digest) {
        self.elements.walk(0, INDEX_MAX, |index, word| {
            digest.mix(index.to_string().as_bytes());
            digest.mix(word.text(&mut [0; NUMBER_BYTES_MAX]));
            true
        });
    }

    /// Shares what neither changes.
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
