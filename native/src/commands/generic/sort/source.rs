//! What can be sorted, as it stood when the command began: clones, which share what is large with the key.

use crate::ds::entry::{Object, Value};
use crate::ds::item::Item;
use crate::store::Store;
use crate::store::lazy_free::ELEMENTS_MIN;
use crate::txn::{Txn, WrongType};
use crate::types::list::Side;
use crate::types::list::value::ListValue;
use crate::types::set::batch::{Batch, Position};
use crate::types::set::value::SetValue;
use crate::types::zset::value::ZsetValue;

pub enum Kind {
    Nothing,
    List(ListValue),
    Set(SetValue),
    Zset(ZsetValue),
}

pub struct Source {
    pub kind: Kind,
    store: &'static Store,
}

impl Source {
    /// What is under `key`.
    pub fn of(txn: &mut Txn, key: &[u8]) -> Result<Source, WrongType> {
        let store = txn.store;
        let kind = match txn.get(key).map(|entry| entry.value()) {
            None => Kind::Nothing,
            Some(Value::Object(object)) => {
                let object = object.as_any();
                if let Some(list) = object.downcast_ref::<ListValue>() {
                    Kind::List(list.clone())
                } else if let Some(set) = object.downcast_ref::<SetValue>() {
                    Kind::Set(set.clone())
                } else if let Some(zset) = object.downcast_ref::<ZsetValue>() {
                    Kind::Zset(zset.clone())
                } else {
                    return Err(WrongType);
                }
            }
            Some(_) => return Err(WrongType),
        };
        Ok(Source { kind, store })
    }

    pub fn len(&self) -> usize {
        match &self.kind {
            Kind::Nothing => 0,
            Kind::List(list) => list.len(),
            Kind::Set(set) => set.len(),
            Kind::Zset(zset) => zset.len(),
        }
    }

    /// About how many bytes the texts of `elements` of it have.
    pub fn bytes_of(&self, elements: usize) -> usize {
        let all = match &self.kind {
            Kind::Nothing => 0,
            Kind::List(list) => list.memory_bytes(),
            Kind::Set(set) => set.memory_bytes(),
            Kind::Zset(zset) => zset.memory_bytes(),
        };
        (all as f64 * elements as f64 / self.len().max(1) as f64) as usize
    }

    /// Frees what a command on this has gathered, on the lazy-free thread.
    pub fn free_later(&self, gathered: impl Send + 'static) {
        self.store.garbage.free(0, Box::new(gathered));
    }

    /// Has it an order of its own, which BY a fixed pattern keeps?
    pub fn is_ordered(&self) -> bool {
        !matches!(self.kind, Kind::Set(_))
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        let (blocks, object): (usize, Box<dyn std::any::Any + Send>) =
            match std::mem::replace(&mut self.kind, Kind::Nothing) {
                Kind::Nothing => return,
                Kind::List(list) => (list.blocks(), Box::new(list)),
                Kind::Set(set) => (set.blocks(), Box::new(set)),
                Kind::Zset(zset) => (zset.blocks(), Box::new(zset)),
            };
        if blocks > ELEMENTS_MIN {
            self.store.garbage.free(0, object);
        }
    }
}

/// A way through a source, or through a range of an ordered one.
pub struct Walk {
    next: usize,
    end: usize,
    position: Position,
}

/// Elements of a step: some microseconds. Of a list, each step has to walk to its place in a node of up to 8 KiB.
const STEP_ELEMENTS: usize = 1024;

impl Walk {
    /// Through these elements; through all where the source has no order.
    pub fn through(range: std::ops::Range<usize>) -> Walk {
        Walk { next: range.start, end: range.end, position: Position::default() }
    }

    /// Calls `each` with the next elements; false: they were the last.
    pub fn next(&mut self, source: &Source, mut each: impl FnMut(Item)) -> bool {
        match &source.kind {
            Kind::Nothing => false,
            Kind::Set(set) => {
                let mut batch = Batch::new();
                let more = self.position.next(set, &mut batch);
                batch.iter().for_each(|candidate| each(candidate.item()));
                more
            }
            Kind::List(list) => {
                let count = (self.end - self.next).min(STEP_ELEMENTS);
                list.visit(self.next as u64, count as u64, Side::Left, &mut |view, skip, take| {
                    view.items(skip, take).for_each(&mut each);
                    true
                });
                self.next += count;
                self.next < self.end
            }
            Kind::Zset(zset) => {
                let count = (self.end - self.next).min(STEP_ELEMENTS);
                zset.walk(self.next, count, false).for_each(|(member, _)| each(member));
                self.next += count;
                self.next < self.end
            }
        }
    }
}
