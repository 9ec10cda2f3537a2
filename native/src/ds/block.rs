//! What a table owns: a key with what belongs to it, in one allocation.

/// Implemented by the keyspace's [`super::entry::Entry`] and by the blocks of sets, sorted sets and hashes. A table keeps 24
/// bits of the key's hash beside a pointer to the block, so blocks hold no hash.
pub trait Block: Sized {
    /// A borrowed block.
    type Ref<'a>: Copy;

    fn borrow(&self) -> Self::Ref<'_>;

    fn key<'a>(block: Self::Ref<'a>) -> &'a [u8]
    where
        Self: 'a;

    /// Does it expire? Tables count and scan such blocks on their own.
    fn expires(_block: Self::Ref<'_>) -> bool {
        false
    }

    /// A deep copy. O(size).
    fn duplicate(block: Self::Ref<'_>) -> Self;

    /// Bytes of the block and of what it owns, as the allocator rounds them.
    fn memory_bytes(block: Self::Ref<'_>) -> usize;

    /// Gives the block away: 8-aligned, below 2^47, never null. Whoever takes it owns it.
    fn into_raw(self) -> *mut u8;

    /// # Safety
    /// 1. `raw` came from [`Block::into_raw`] of this type, and nothing else owns it.
    unsafe fn from_raw(raw: *mut u8) -> Self;

    /// # Safety
    /// 1. `raw` came from [`Block::into_raw`] of this type and lives for `'a`.
    /// 2. It is not written to for `'a`, but for fields whose type allows it (the access clock of an entry).
    unsafe fn borrow_raw<'a>(raw: *mut u8) -> Self::Ref<'a>;
}
