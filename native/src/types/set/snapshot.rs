//! Sets as they stood at one moment, for what reads them in slices while others go on changing them.

use super::value::SetValue;
use crate::ds::entry::Object;
use crate::store::Store;
use crate::store::lazy_free::ELEMENTS_MIN;

/// Sharing the tables costs next to nothing; see `ds::segments`. What is not shared any more when this is dropped is freed
/// by the lazy-free thread, whichever way the connection that wanted it ended.
pub struct Snapshot {
    sets: Vec<SetValue>,
    store: &'static Store,
}

impl Snapshot {
    pub fn of(sets: impl Iterator<Item = SetValue>, store: &'static Store) -> Snapshot {
        Snapshot { sets: sets.collect(), store }
    }

    pub fn sets(&self) -> Vec<&SetValue> {
        self.sets.iter().collect()
    }

    pub fn set(&self, number: usize) -> &SetValue {
        &self.sets[number]
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        if self.sets.iter().map(Object::blocks).sum::<usize>() > ELEMENTS_MIN {
            self.store.garbage.free(0, Box::new(std::mem::take(&mut self.sets)));
        }
    }
}
