//! A part of a list that is dropped on the lazy-free thread where it is large, wherever it goes out of use: with the undo
//! log, with a client that leaves in the middle of a reply.

use super::value::ListValue;
use crate::ds::entry::Object;
use crate::store::lazy_free::{BYTES_MIN, LazyFree};

pub struct Lazy {
    list: ListValue,
    garbage: &'static LazyFree,
}

impl Lazy {
    pub fn new(list: ListValue, garbage: &'static LazyFree) -> Lazy {
        Lazy { list, garbage }
    }

    pub fn list(&self) -> &ListValue {
        &self.list
    }

    pub fn list_mut(&mut self) -> &mut ListValue {
        &mut self.list
    }

    pub fn take(mut self) -> ListValue {
        std::mem::take(&mut self.list)
    }
}

impl Drop for Lazy {
    fn drop(&mut self) {
        if self.list.memory_bytes() > BYTES_MIN {
            // No key of its own.
            self.garbage.free(0, Box::new(std::mem::take(&mut self.list)));
        }
    }
}
