//! Arrays with holes: elements at indexes of 64 bits, found, changed, counted and cut out in time that does not follow their number.
//!
//! ```text
//!   Sliced ─▶ node.rs: a radix tree over slices ─▶ slice.rs: 4,096 positions, dense or sparse ─▶ word.rs: an element in 8 bytes
//! ```
//!
//! A clone shares everything and costs nothing; who changes a shared slice copies that slice. So long reads go on from a clone, and
//! a range is taken out by cutting two slices and moving what lies between as a whole.

mod cut;
mod node;
mod slice;
mod word;

use node::Child;
pub use node::Totals;
pub use slice::{SLICE_LEN, Slice};
pub use word::{Digits, Kind, NUMBER_BYTES_MAX, Word};

use cut::offsets;
use node::OFFSET_BITS;

/// The greatest index.
pub const INDEX_MAX: u64 = u64::MAX - 1;

/// Elements by index.
#[derive(Clone, Default)]
pub struct Sliced {
    root: Option<Child>,
}

impl Sliced {
    /// Elements.
    #[inline]
    pub fn count(&self) -> u64 {
        self.totals().elements
    }

    /// What it has, all told. O(1).
    pub fn totals(&self) -> Totals {
        self.root.as_ref().map(Child::totals).unwrap_or_default()
    }

    /// The greatest index with an element, and one more; 0 where there is none.
    pub fn len(&self) -> u64 {
        let last = self.root.as_ref().and_then(|root| root.slice_up_to(u64::MAX));
        last.map_or(0, |slice| (slice.id << OFFSET_BITS) + slice.last() as u64 + 1)
    }

    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    #[inline]
    pub fn get(&self, index: u64) -> Option<&Word> {
        self.root.as_ref()?.slice(index >> OFFSET_BITS)?.get(index as usize % SLICE_LEN)
    }

    /// Puts an element at an index; gives the one that stood there.
    pub fn set(&mut self, index: u64, word: Word) -> Option<Word> {
        match &mut self.root {
            Some(root) => root.set(index, word),
            None => {
                self.root = Some(Child::of(index >> OFFSET_BITS, index as usize % SLICE_LEN, word));
                None
            }
        }
    }

    /// Takes the element at an index out.
    pub fn take(&mut self, index: u64) -> Option<Word> {
        let mut emptied = false;
        let word = self.root.as_mut()?.take(index, &mut emptied);
        if emptied {
            self.root = None;
        }
        word
    }

    /// Elements from index `from` to `to`, both included.
    pub fn count_range(&self, from: u64, to: u64) -> u64 {
        self.root.as_ref().map_or(0, |root| root.count_range(from, to))
    }

    /// Takes all elements from index `from` to `to`, both included, out. Cost: two slices, and a path of the tree.
    pub fn extract(&mut self, from: u64, to: u64) -> Sliced {
        let Some(root) = self.root.take() else { return Sliced::default() };
        let (left, taken) = root.extract(from, to);
        self.root = left;
        Sliced { root: taken }
    }

    /// Takes in elements at indexes where there is none: what [`Sliced::extract`] has taken out, at the same cost.
    pub fn merge(&mut self, other: Sliced) {
        self.root = match (self.root.take(), other.root) {
            (Some(mine), Some(theirs)) => Some(mine.merge(theirs)),
            (mine, theirs) => mine.or(theirs),
        };
    }

    /// Calls `see` with the elements from index `from` to `to`, both included, downwards if `from` is the greater, until it has
    /// seen all (None) or `see` says false: then the index it said so at. Places looked at beside elements: three for each at most.
    pub fn walk(&self, from: u64, to: u64, mut see: impl FnMut(u64, &Word) -> bool) -> Option<u64> {
        let root = self.root.as_ref()?;
        let reverse = from > to;
        let (low, high) = (from.min(to), from.max(to));
        let mut id = from >> OFFSET_BITS;
        let last_id = to >> OFFSET_BITS;
        loop {
            let slice = if reverse { root.slice_up_to(id)? } else { root.slice_from(id)? };
            if if reverse { slice.id < last_id } else { slice.id > last_id } {
                return None;
            }
            let first = slice.id << OFFSET_BITS;
            let (start, end) = offsets(first, low, high);
            let mut places = slice.range(start, end);
            while let Some((offset, word)) = if reverse { places.next_back() } else { places.next() } {
                if let Some(word) = word
                    && !see(first + offset as u64, word)
                {
                    return Some(first + offset as u64);
                }
            }
            if slice.id == last_id {
                return None;
            }
            id = if reverse { slice.id - 1 } else { slice.id + 1 };
        }
    }

    /// Is it the very same: unchanged since one was cloned from the other?
    pub fn is_same(&self, other: &Sliced) -> bool {
        match (&self.root, &other.root) {
            (Some(Child::Slice(a)), Some(Child::Slice(b))) => std::sync::Arc::ptr_eq(a, b),
            (Some(Child::Node(a)), Some(Child::Node(b))) => std::sync::Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        }
    }

    /// Panics where something does not hold that everything else relies on.
    #[cfg(any(test, feature = "verify"))]
    pub fn check(&self) {
        self.root.as_ref().map(Child::check);
    }
}

#[cfg(test)]
mod tests;
