//! What is due when, in order: hashes by the first of their fields to expire, fields by their expiry.

use std::collections::BTreeSet;

/// Words that stand for things (addresses of blocks, hashes of keys), by time. Their owner keeps it in step, so that every
/// address in it is one of a live block. Cost of each change: O(log n).
#[derive(Clone, Default)]
pub struct Due {
    things: BTreeSet<(i64, u64)>,
}

/// Bytes of a B-tree's node per element: leaves of 11 elements of 16 bytes are two thirds full.
const ELEMENT_BYTES: usize = 26;

impl Due {
    pub fn len(&self) -> usize {
        self.things.len()
    }

    pub fn is_empty(&self) -> bool {
        self.things.is_empty()
    }

    /// Bytes on the heap, about.
    pub fn memory_bytes(&self) -> usize {
        self.things.len() * ELEMENT_BYTES
    }

    /// The time at which the first is due, ms since the epoch.
    #[inline]
    pub fn first_ms(&self) -> Option<i64> {
        self.things.first().map(|(at_ms, _)| *at_ms)
    }

    /// What was due at `before` is due at `after` now, and another word may stand for it.
    #[inline]
    pub fn change(&mut self, before: Option<(i64, u64)>, after: Option<(i64, u64)>) {
        if before == after {
            return;
        }
        if let Some(before) = before {
            let known = self.things.remove(&before);
            debug_assert!(known, "what is due is in the index");
        }
        if let Some(after) = after {
            self.things.insert(after);
        }
    }

    /// Those that are due at `now_ms`, the first ones first.
    pub fn until(&self, now_ms: i64) -> impl Iterator<Item = u64> {
        self.things.range(..=(now_ms, u64::MAX)).map(|(_, thing)| *thing)
    }
}
