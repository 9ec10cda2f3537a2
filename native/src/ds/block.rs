//! What a table owns: a key with what belongs to it, in one allocation.

/// Implemented by the keyspace's [`super::entry::Entry`] and by the blocks of sets, sorted sets and hashes. A table keeps 24
/// bits of the key's hash beside the block's raw form (48 bits, a pointer as a rule), so blocks hold no hash.
pub trait Block: Sized + 'static {
    /// A borrowed block.
    type Ref<'a>: Copy;

    /// The bits that may be set in a raw form, of the lowest 48. Where bit 0 is none of them, tables mark those that expire there.
    const RAW_BITS: u64 = 0x0000_ffff_ffff_fff8;

    fn borrow(&self) -> Self::Ref<'_>;

    /// The bytes of the key. Blocks that code keys in another form leave this out, are looked up with `find_where`, and say
    /// themselves what follows.
    fn key<'a>(_block: Self::Ref<'a>) -> &'a [u8]
    where
        Self: 'a,
    {
        unreachable!("blocks without the bytes of a key are looked up with find_where")
    }

    /// The hash of the key; within [`super::segments::Segments`] alone.
    fn hash(block: Self::Ref<'_>) -> u64 {
        super::segments::hash(Self::key(block))
    }

    /// Have both the same key?
    fn same_key(left: Self::Ref<'_>, right: Self::Ref<'_>) -> bool {
        Self::key(left) == Self::key(right)
    }

    /// Does it expire? Tables count and scan such blocks on their own.
    fn expires(_block: Self::Ref<'_>) -> bool {
        false
    }

    /// When the first of what it holds is due, ms since the epoch. Tables keep such blocks in an index.
    fn due_ms(_block: Self::Ref<'_>) -> Option<i64> {
        None
    }

    /// A deep copy. O(size).
    fn duplicate(block: Self::Ref<'_>) -> Self;

    /// Bytes of the block and of what it owns, as the allocator rounds them.
    fn memory_bytes(block: Self::Ref<'_>) -> usize;

    /// Gives the block away, as a word within [`Block::RAW_BITS`] that is not 0: a pointer, or whatever stands for the block.
    /// Whoever takes it owns it.
    fn into_raw(self) -> *mut u8;

    /// # Safety
    /// 1. `raw` came from [`Block::into_raw`] of this type, and nothing else owns it.
    unsafe fn from_raw(raw: *mut u8) -> Self;

    /// # Safety
    /// 1. `raw` came from [`Block::into_raw`] of this type, and what it points to lives for `'a`.
    /// 2. It is not written to for `'a`, but for fields whose type allows it (the access clock of an entry).
    unsafe fn borrow_raw<'a>(raw: *mut u8) -> Self::Ref<'a>;
}
