//! What a key's value can be: a string, an integer, or an object of one of the types.

use std::any::Any;

use super::digest::Digest;
use super::thin::ThinType;

/// A value that is not a string: a hash, list, set and so on.
pub trait Object: Any + Send {
    /// The name TYPE replies: `hash`.
    fn type_name(&self) -> &'static str;
    /// The name OBJECT ENCODING replies: `listpack`.
    fn encoding(&self) -> &'static str;
    /// Bytes on the heap, as far as known in O(1).
    fn memory_bytes(&self) -> usize;
    /// Elements.
    fn len(&self) -> usize;
    /// A deep copy for COPY and for the undo log of whole-value replacements. O(size).
    fn duplicate(&self) -> Box<dyn Object>;
    /// Mixes elements in that have an order, adds those that have none, as Redis does for the type. O(size).
    fn digest(&self, digest: &mut Digest);
    fn as_any(&self) -> &dyn Any;
    fn as_any_mut(&mut self) -> &mut dyn Any;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Blocks that are freed with it, more or less; decides whether that is left to the lazy-free thread.
    fn blocks(&self) -> usize {
        self.len()
    }

    /// Starts loading what a lookup of `element` will touch: first, then with `again` what that leads to. False: there is
    /// nothing that would not be in the cache anyway.
    fn prefetch(&self, _element: &[u8], _again: bool) -> bool {
        false
    }

    /// Starts loading what a push or pop at either end will touch: first, then with `again` what that leads to. False: there is
    /// nothing more to load.
    fn prefetch_ends(&self, _again: bool) -> bool {
        false
    }

    /// When the first of its elements expires, ms since the epoch. Tables keep such objects in an index.
    fn due_ms(&self) -> Option<i64> {
        None
    }

    /// A type of one word, whose objects live in the entry itself, tells so here (`thin::register`).
    fn thin(&self) -> Option<&'static ThinType> {
        None
    }

    /// Of a thin object: bytes it would keep in an annex, at most `thin::ANNEX_BYTES_MAX`; 0: none, or a home of its own.
    fn annex_bytes(&self) -> usize {
        0
    }

    /// Of a thin object: do its bytes lie in the annex?
    fn is_annexed(&self) -> bool {
        false
    }
}

/// A value as its reader sees it.
pub enum Value<'a> {
    Int(i64),
    Bytes(&'a [u8]),
    Object(&'a dyn Object),
}

/// A new value, to be put under a key.
pub enum NewValue<'a> {
    /// Text; stored as an integer if it is a canonical one (as `SET` does).
    Text(&'a [u8]),
    /// Text that stays text, even if it is a canonical integer (the sum of an INCRBYFLOAT).
    Plain(&'a [u8]),
    /// Text whose encoding stays `raw`.
    Raw(&'a [u8]),
    /// The same, already in a buffer of its own with room to grow; kept as it is.
    RawOwned(Vec<u8>),
    Int(i64),
    Object(Box<dyn Object>),
}

/// Stands where an Object was moved out of; dropped with the entry, never seen.
pub(super) struct Gone;

impl Object for Gone {
    fn type_name(&self) -> &'static str {
        "none"
    }
    fn encoding(&self) -> &'static str {
        "none"
    }
    fn memory_bytes(&self) -> usize {
        0
    }
    fn len(&self) -> usize {
        0
    }
    fn duplicate(&self) -> Box<dyn Object> {
        Box::new(Gone)
    }
    fn digest(&self, _digest: &mut Digest) {}
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
