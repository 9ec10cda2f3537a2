//! One field of a large hash with its value: an entry, which tables index by its expiry where it has one.

use super::block::Block;
use super::entry::{Entry, EntryRef};

/// An entry of the keyspace is found when something in it is due; a field when it is due itself.
pub struct Field(Entry);

impl Field {
    pub fn new(entry: Entry) -> Field {
        Field(entry)
    }

    /// The entry, whose key stays.
    pub fn entry_mut(&mut self) -> &mut Entry {
        &mut self.0
    }
}

impl Block for Field {
    type Ref<'a> = EntryRef<'a>;

    #[inline]
    fn borrow(&self) -> EntryRef<'_> {
        self.0.borrow()
    }

    #[inline]
    fn key<'a>(block: EntryRef<'a>) -> &'a [u8]
    where
        Self: 'a,
    {
        block.key()
    }

    #[inline]
    fn expires(block: EntryRef<'_>) -> bool {
        Entry::expires(block)
    }

    #[inline]
    fn due_ms(block: EntryRef<'_>) -> Option<i64> {
        block.expiry()
    }

    fn memory_bytes(block: EntryRef<'_>) -> usize {
        block.memory_bytes()
    }

    fn duplicate(block: EntryRef<'_>) -> Field {
        Field(Entry::duplicate(block))
    }

    #[inline]
    fn into_raw(self) -> *mut u8 {
        self.0.into_raw()
    }

    #[inline]
    unsafe fn from_raw(raw: *mut u8) -> Field {
        // SAFETY: (1) the caller's, and the raw form is that of the entry.
        Field(unsafe { Entry::from_raw(raw) })
    }

    #[inline]
    unsafe fn borrow_raw<'a>(raw: *mut u8) -> EntryRef<'a> {
        // SAFETY: (1) and (2) are the caller's, and the raw form is that of the entry.
        unsafe { Entry::borrow_raw(raw) }
    }
}
