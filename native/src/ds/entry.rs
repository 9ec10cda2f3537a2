//! One key with its value in one allocation.
//!
//! ```text
//!   0        1        2                 4                          7        8
//!   +--------+--------+-----------------+--------------------------+--------+
//!   | kind   | flags  | key length u16  | access clock u24         | vlen u8|   8 bytes, always
//!   +--------+--------+-----------------+--------------------------+--------+
//!   | expiry, ms since the epoch, i64                    if EXPIRES         |
//!   | key length u64                                     if LONG_KEY        |
//!   | Int: i64 (8) | Inline: nothing | Heap: Vec<u8> (24) | Object: Box (16) | Thin: its word (8)
//!   | key bytes … | value bytes (Inline), or the annex (Thin), vlen of them |
//!   +-----------------------------------------------------------------------+
//! ```
//!
//! 16-byte key and 16-byte value: 8 + 16 + 16 = 40 bytes, one allocator class, one cache miss to reach.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use super::block::Block;
pub use super::item::canonical_integer;
use super::object::Gone;
pub use super::object::{NewValue, Object, Value};

#[path = "entry_objects.rs"]
mod objects;

/// Longest value that shares its key's allocation, bytes. Above it the copy of a resize would outweigh the miss saved.
pub const INLINE_VALUE_BYTES_MAX: usize = 192;

const _: () = assert!(INLINE_VALUE_BYTES_MAX <= u8::MAX as usize, "vlen is one byte");

const HEADER: usize = 8;

/// What the value is. Numbers are in memory only, never on disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    Int = 0,
    Inline = 1,
    Heap = 2,
    Object = 3,
    /// This and all above, by the number of the thin type.
    Thin = 4,
}

const EXPIRES: u8 = 1;
const LONG_KEY: u8 = 2;
/// Made by a command that edits in place (APPEND, SETRANGE, …): OBJECT ENCODING says `raw` whatever the length.
const RAW: u8 = 4;
/// The object has elements that expire: `Object::due_ms` is asked.
const DUE: u8 = 8;

impl NewValue<'_> {
    /// What TYPE will reply.
    pub fn type_name(&self) -> &'static str {
        match self {
            NewValue::Object(object) => object.type_name(),
            _ => "string",
        }
    }
}

/// An owned key with its value.
pub struct Entry(NonNull<u8>);

// SAFETY: an Entry owns its block alone, and everything in it (bytes, Vec<u8>, Box<dyn Object: Send>) may change threads.
unsafe impl Send for Entry {}

/// A borrowed entry.
#[derive(Clone, Copy)]
pub struct EntryRef<'a>(NonNull<u8>, PhantomData<&'a Entry>);

impl Entry {
    /// A new entry. `expiry` is in ms since the epoch. Cost: one allocation and two copies.
    pub fn new(key: &[u8], value: NewValue, expiry: Option<i64>) -> Entry {
        match value {
            NewValue::Int(number) => Entry::build(key, expiry, Kind::Int, 0, 8, &[], |fixed| {
                // SAFETY: `fixed` points to 8 writable, 8-aligned bytes reserved by `build`.
                unsafe { fixed.cast::<i64>().write(number) }
            }),
            NewValue::Text(text) => match canonical_integer(text) {
                Some(number) => Entry::new(key, NewValue::Int(number), expiry),
                None => Entry::new(key, NewValue::Plain(text), expiry),
            },
            NewValue::Plain(text) if text.len() <= INLINE_VALUE_BYTES_MAX => {
                Entry::build(key, expiry, Kind::Inline, 0, 0, text, |_| ())
            }
            NewValue::Plain(text) => Entry::heap(key, text.to_vec(), expiry, 0),
            NewValue::Raw(text) if text.len() <= INLINE_VALUE_BYTES_MAX => {
                Entry::build(key, expiry, Kind::Inline, RAW, 0, text, |_| ())
            }
            NewValue::Raw(text) => Entry::heap(key, text.to_vec(), expiry, RAW),
            NewValue::RawOwned(buffer) => Entry::heap(key, buffer, expiry, RAW),
            NewValue::Object(object) => match object.thin() {
                Some(kind) => {
                    let word = Box::into_raw(object).cast::<u64>();
                    let made = Entry::thin(key, expiry, kind, word);
                    // SAFETY: the object, of 8 bytes as all thin ones, has moved into the entry: its box is empty.
                    drop(unsafe { Box::from_raw(word.cast::<ManuallyDrop<u64>>()) });
                    made
                }
                None => Entry::build(key, expiry, Kind::Object, object.due_ms().map_or(0, |_| DUE), 16, &[], |fixed| {
                    // SAFETY: `fixed` points to 16 writable, 8-aligned bytes reserved by `build`.
                    unsafe { fixed.cast::<Box<dyn Object>>().write(object) }
                }),
            },
        }
    }

    fn heap(key: &[u8], buffer: Vec<u8>, expiry: Option<i64>, flags: u8) -> Entry {
        Entry::build(key, expiry, Kind::Heap, flags, 24, &[], |fixed| {
            // SAFETY: `fixed` points to 24 writable, 8-aligned bytes reserved by `build`.
            unsafe { fixed.cast::<Vec<u8>>().write(buffer) }
        })
    }

    fn build(
        key: &[u8],
        expiry: Option<i64>,
        kind: Kind,
        flags: u8,
        fixed_bytes: usize,
        inline: &[u8],
        write_fixed: impl FnOnce(*mut u8),
    ) -> Entry {
        const _: () = assert!(size_of::<Vec<u8>>() == 24 && size_of::<Box<dyn Object>>() == 16);
        assert!(inline.len() <= INLINE_VALUE_BYTES_MAX);
        let long_key = key.len() > u16::MAX as usize;
        let mut offset = HEADER;
        let expiry_at = offset;
        offset += if expiry.is_some() { 8 } else { 0 };
        let key_length_at = offset;
        offset += if long_key { 8 } else { 0 };
        let fixed_at = offset;
        offset += fixed_bytes;
        let layout = layout_of(offset + key.len() + inline.len());
        // SAFETY: the layout is never of size zero.
        let Some(block) = NonNull::new(unsafe { alloc(layout) }) else { handle_alloc_error(layout) };
        let base = block.as_ptr();
        let flags = flags | if expiry.is_some() { EXPIRES } else { 0 } | if long_key { LONG_KEY } else { 0 };
        let short_length = if long_key { 0 } else { key.len() as u16 };
        // SAFETY: every offset written lies inside the block (their sum made the layout), and the 8-byte fields are
        // 8-aligned because the block is and each field before them is a multiple of 8.
        unsafe {
            base.write(kind as u8);
            base.add(1).write(flags);
            base.add(2).cast::<u16>().write(short_length);
            base.add(4).cast::<u32>().write((inline.len() as u32) << 24);
            if let Some(at_ms) = expiry {
                base.add(expiry_at).cast::<i64>().write(at_ms);
            }
            if long_key {
                base.add(key_length_at).cast::<u64>().write(key.len() as u64);
            }
            write_fixed(base.add(fixed_at));
            copy_small(key, base.add(offset));
            copy_small(inline, base.add(offset + key.len()));
        }
        Entry(block)
    }

    pub fn borrow(&self) -> EntryRef<'_> {
        EntryRef(self.0, PhantomData)
    }

    /// The same key and value with another expiry; reallocates only when the field appears or goes.
    pub fn with_expiry(mut self, expiry: Option<i64>) -> Entry {
        if self.set_expiry_in_place(expiry) {
            return self;
        }
        let key = self.borrow().key().to_vec();
        self.rebuilt(&key, expiry)
    }

    /// The same value, expiry, encoding and access clock under another key. O(1) but for values that share the key's block.
    pub fn with_key(self, key: &[u8]) -> Entry {
        let expiry = self.borrow().expiry();
        self.rebuilt(key, expiry)
    }

    fn rebuilt(mut self, key: &[u8], expiry: Option<i64>) -> Entry {
        let from = self.borrow();
        let (access, flags) = (from.access(), from.flags() & RAW);
        let mut made = match from.kind() {
            Kind::Inline => {
                let Value::Bytes(text) = from.value() else { unreachable!("inline values are bytes") };
                Entry::build(key, expiry, Kind::Inline, flags, 0, text, |_| ())
            }
            Kind::Thin => {
                let (kind, word) = self.word();
                let made = Entry::thin(key, expiry, kind, word);
                // SAFETY: the object has moved; an empty one is dropped in its stead.
                unsafe { word.write((kind.empty)()) };
                made
            }
            _ => match self.take_value() {
                NewValue::RawOwned(buffer) => Entry::heap(key, buffer, expiry, flags),
                other => Entry::new(key, other, expiry),
            },
        };
        made.set_access(access);
        made
    }

    /// Changes or clears the expiry if that needs no other layout; false if it does.
    pub fn set_expiry_in_place(&mut self, expiry: Option<i64>) -> bool {
        match (self.borrow().flags() & EXPIRES != 0, expiry) {
            (true, Some(at_ms)) => {
                // SAFETY: EXPIRES is set, so the 8 bytes after the header are the expiry; `&mut self` is exclusive.
                unsafe { self.0.as_ptr().add(HEADER).cast::<i64>().write(at_ms) };
                true
            }
            (false, None) => true,
            _ => false,
        }
    }

    /// Overwrites a string value where it stands, if the new one has the same kind and allocation size. The expiry and
    /// the access clock stay. False if it does not fit.
    pub fn set_text_in_place(&mut self, text: &[u8]) -> bool {
        let old = self.borrow();
        match old.kind() {
            Kind::Inline => {
                if text.len() > INLINE_VALUE_BYTES_MAX || canonical_integer(text).is_some() {
                    return false;
                }
                let value_at = old.value_offset();
                let key_len = old.key().len();
                if layout_of(value_at + key_len + text.len()) != old.layout() {
                    return false;
                }
                let base = self.0.as_ptr();
                // SAFETY: the layouts are equal, so the block has room for `text` after the key; `&mut self` is exclusive.
                unsafe {
                    base.add(1).write(base.add(1).read() & !RAW);
                    base.add(7).write(text.len() as u8);
                    copy_small(text, base.add(value_at + key_len));
                }
                true
            }
            Kind::Int => match canonical_integer(text) {
                Some(number) => self.set_int_in_place(number),
                None => false,
            },
            _ => false,
        }
    }

    /// Overwrites an integer value; false if the value is not stored as one.
    pub fn set_int_in_place(&mut self, number: i64) -> bool {
        if self.borrow().kind() != Kind::Int {
            return false;
        }
        let at = self.borrow().fixed_offset();
        // SAFETY: the kind is Int, so 8 aligned bytes at `at` hold the number; `&mut self` is exclusive.
        unsafe { self.0.as_ptr().add(at).cast::<i64>().write(number) };
        true
    }

    /// The buffer of a Heap string, to edit in place. The encoding becomes `raw`.
    pub fn heap_mut(&mut self) -> Option<&mut Vec<u8>> {
        if self.borrow().kind() != Kind::Heap {
            return None;
        }
        self.mark_raw();
        // SAFETY: the kind is Heap, so an initialised Vec<u8> lies there; the borrow of self is exclusive.
        unsafe { Some(&mut *self.0.as_ptr().add(self.borrow().fixed_offset()).cast::<Vec<u8>>()) }
    }

    /// OBJECT ENCODING says `raw` from now on, if this is a string.
    pub fn mark_raw(&mut self) {
        // SAFETY: the flags are a byte of the header; `&mut self` is exclusive.
        unsafe { *self.0.as_ptr().add(1) |= RAW };
    }

    /// The bytes of a string, to overwrite in place, its encoding as it was; None for an integer and for an object.
    pub fn text_mut(&mut self) -> Option<&mut [u8]> {
        let (old, base) = (self.borrow(), self.0.as_ptr());
        // SAFETY: Heap has a Vec<u8> in its fixed field, Inline byte 7 bytes behind the key; `&mut self` is exclusive.
        unsafe {
            match old.kind() {
                Kind::Heap => Some((*base.add(old.fixed_offset()).cast::<Vec<u8>>()).as_mut_slice()),
                Kind::Inline => {
                    let text = base.add(old.value_offset() + old.key_len());
                    Some(std::slice::from_raw_parts_mut(text, old.byte(7) as usize))
                }
                Kind::Int | Kind::Object | Kind::Thin => None,
            }
        }
    }

    /// The value, moved out; the key's block is freed. O(1) for Heap and Object.
    pub fn into_value(self) -> NewValue<'static> {
        let mut this = self;
        this.take_value()
    }

    fn take_value(&mut self) -> NewValue<'static> {
        let at = self.borrow().fixed_offset();
        let base = self.0.as_ptr();
        let taken = match self.borrow().kind() {
            // SAFETY: Int holds an i64 at `at`.
            Kind::Int => return NewValue::Int(unsafe { base.add(at).cast::<i64>().read() }),
            Kind::Inline => {
                let Value::Bytes(text) = self.borrow().value() else { unreachable!("inline values are bytes") };
                return NewValue::RawOwned(text.to_vec());
            }
            // SAFETY: Heap holds a Vec at `at`; it is forgotten below by making the entry an Int.
            Kind::Heap => NewValue::RawOwned(unsafe { base.add(at).cast::<Vec<u8>>().read() }),
            // SAFETY: Object holds a Box at `at`; it is forgotten below by making the entry an Int.
            Kind::Object => NewValue::Object(unsafe { base.add(at).cast::<Box<dyn Object>>().read() }),
            Kind::Thin => {
                let (kind, word) = self.word();
                // SAFETY: the word is an object of the type; an empty one is dropped in its stead.
                return NewValue::Object(unsafe {
                    let object = (kind.boxed)(word);
                    word.write((kind.empty)());
                    object
                });
            }
        };
        // The value has moved: an empty Vec keeps both the layout and the drop of this entry right.
        // SAFETY: the fixed field of Heap has 24 bytes and that of Object 16; each gets an initialised value of its type.
        unsafe {
            match self.borrow().kind() {
                Kind::Heap => base.add(at).cast::<Vec<u8>>().write(Vec::new()),
                _ => base.add(at).cast::<Box<dyn Object>>().write(Box::new(Gone)),
            }
        }
        taken
    }

    pub fn set_access(&mut self, clock: u32) {
        self.borrow().touch(clock);
    }
}

impl Block for Entry {
    type Ref<'a> = EntryRef<'a>;

    #[inline]
    fn borrow(&self) -> EntryRef<'_> {
        EntryRef(self.0, PhantomData)
    }

    #[inline]
    fn key<'a>(block: Self::Ref<'a>) -> &'a [u8]
    where
        Self: 'a,
    {
        block.key()
    }

    #[inline]
    fn expires(block: EntryRef<'_>) -> bool {
        block.flags() & EXPIRES != 0
    }

    #[inline]
    fn due_ms(block: EntryRef<'_>) -> Option<i64> {
        if block.flags() & DUE == 0 {
            return None;
        }
        match block.value() {
            Value::Object(object) => object.due_ms(),
            _ => None,
        }
    }

    fn memory_bytes(block: EntryRef<'_>) -> usize {
        block.memory_bytes()
    }

    fn duplicate(block: EntryRef<'_>) -> Entry {
        block.duplicate(block.key(), block.expiry())
    }

    #[inline]
    fn into_raw(self) -> *mut u8 {
        let raw = self.0.as_ptr();
        std::mem::forget(self);
        raw
    }

    #[inline]
    unsafe fn from_raw(raw: *mut u8) -> Entry {
        debug_assert!(!raw.is_null());
        // SAFETY: (1) a block is never null.
        Entry(unsafe { NonNull::new_unchecked(raw) })
    }

    #[inline]
    unsafe fn borrow_raw<'a>(raw: *mut u8) -> EntryRef<'a> {
        debug_assert!(!raw.is_null());
        // SAFETY: (1) a live block is not null.
        EntryRef(unsafe { NonNull::new_unchecked(raw) }, PhantomData)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let borrowed = self.borrow();
        let (layout, kind, at) = (borrowed.layout(), borrowed.kind(), borrowed.fixed_offset());
        let base = self.0.as_ptr();
        // SAFETY: the entry owns its block; the fixed field holds an initialised value of the kind's type; the layout is
        // the one the block was made with.
        unsafe {
            match kind {
                Kind::Heap => base.add(at).cast::<Vec<u8>>().drop_in_place(),
                Kind::Object => base.add(at).cast::<Box<dyn Object>>().drop_in_place(),
                Kind::Thin => {
                    let (kind, word) = self.word();
                    (kind.object)(word).drop_in_place();
                }
                Kind::Int | Kind::Inline => (),
            }
            dealloc(base, layout);
        }
    }
}

impl<'a> EntryRef<'a> {
    fn byte(self, at: usize) -> u8 {
        // SAFETY: callers pass offsets inside the 8-byte header.
        unsafe { self.0.as_ptr().add(at).read() }
    }

    fn flags(self) -> u8 {
        self.byte(1)
    }

    pub fn kind(self) -> Kind {
        match self.byte(0) {
            0 => Kind::Int,
            1 => Kind::Inline,
            2 => Kind::Heap,
            3 => Kind::Object,
            _ => Kind::Thin,
        }
    }

    fn fixed_offset(self) -> usize {
        let flags = self.flags();
        HEADER + if flags & EXPIRES != 0 { 8 } else { 0 } + if flags & LONG_KEY != 0 { 8 } else { 0 }
    }

    fn value_offset(self) -> usize {
        self.fixed_offset()
            + match self.kind() {
                Kind::Int => 8,
                Kind::Inline => 0,
                Kind::Heap => 24,
                Kind::Object => 16,
                Kind::Thin => 8,
            }
    }

    fn key_len(self) -> usize {
        let flags = self.flags();
        if flags & LONG_KEY != 0 {
            let at = HEADER + if flags & EXPIRES != 0 { 8 } else { 0 };
            // SAFETY: LONG_KEY is set, so 8 aligned bytes at `at` hold the length.
            return unsafe { self.0.as_ptr().add(at).cast::<u64>().read() as usize };
        }
        // SAFETY: bytes 2..4 of the header, 2-aligned.
        unsafe { self.0.as_ptr().add(2).cast::<u16>().read() as usize }
    }

    pub fn key(self) -> &'a [u8] {
        // SAFETY: the key's bytes follow the fixed fields and live as long as the block.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().add(self.value_offset()), self.key_len()) }
    }

    pub fn value(self) -> Value<'a> {
        let at = self.fixed_offset();
        let base = self.0.as_ptr();
        // SAFETY: the kind says what the fixed field holds; inline bytes follow the key; all live as long as the block.
        unsafe {
            match self.kind() {
                Kind::Int => Value::Int(base.add(at).cast::<i64>().read()),
                Kind::Inline => {
                    let start = base.add(self.value_offset() + self.key_len());
                    Value::Bytes(std::slice::from_raw_parts(start, self.byte(7) as usize))
                }
                Kind::Heap => Value::Bytes((*base.add(at).cast::<Vec<u8>>()).as_slice()),
                Kind::Object => Value::Object(&**base.add(at).cast::<Box<dyn Object>>()),
                Kind::Thin => Value::Object(&*(self.thin_type().object)(base.add(at).cast())),
            }
        }
    }

    /// Expiry in ms since the epoch.
    pub fn expiry(self) -> Option<i64> {
        if self.flags() & EXPIRES == 0 {
            return None;
        }
        // SAFETY: EXPIRES is set, so the 8 bytes after the header are the expiry.
        Some(unsafe { self.0.as_ptr().add(HEADER).cast::<i64>().read() })
    }

    /// The 24-bit access clock (LRU seconds, or LFU minutes and counter).
    pub fn access(self) -> u32 {
        // SAFETY: bytes 4..8 of the header, 4-aligned.
        unsafe { self.0.as_ptr().add(4).cast::<u32>().read() & 0x00ff_ffff }
    }

    /// Writes the access clock; the one field that readers may write, which the latch of the shard makes exclusive.
    pub fn touch(self, clock: u32) {
        // SAFETY: bytes 4..8 of the header, 4-aligned; the caller holds the shard's latch (or the only Entry).
        unsafe {
            let field = self.0.as_ptr().add(4).cast::<u32>();
            field.write((field.read() & 0xff00_0000) | (clock & 0x00ff_ffff));
        }
    }

    pub fn type_name(self) -> &'static str {
        match self.value() {
            Value::Object(object) => object.type_name(),
            _ => "string",
        }
    }

    /// Name of the encoding as OBJECT ENCODING replies it.
    pub fn encoding(self) -> &'static str {
        match self.value() {
            Value::Int(_) => "int",
            Value::Bytes(text) if self.flags() & RAW == 0 && text.len() <= 44 => "embstr",
            Value::Bytes(_) => "raw",
            Value::Object(object) => object.encoding(),
        }
    }

    fn layout(self) -> Layout {
        // 0 where there is neither an inline value nor an annex.
        let inline = self.byte(7) as usize;
        layout_of(self.value_offset() + self.key_len() + inline)
    }

    /// Bytes of heap this entry holds, its table slot not counted.
    pub fn memory_bytes(self) -> usize {
        let own = self.layout().size();
        match self.kind() {
            Kind::Heap => {
                // SAFETY: the kind is Heap, so an initialised Vec lies in the fixed field.
                own + unsafe { (*self.0.as_ptr().add(self.fixed_offset()).cast::<Vec<u8>>()).capacity() }
            }
            Kind::Object | Kind::Thin => match self.value() {
                Value::Object(object) => own + object.memory_bytes(),
                _ => own,
            },
            Kind::Int | Kind::Inline => own,
        }
    }

    /// A deep copy under another key, with its own expiry. O(size of the value).
    pub fn duplicate(self, key: &[u8], expiry: Option<i64>) -> Entry {
        let raw = self.flags() & RAW != 0;
        let mut copy = match self.value() {
            Value::Int(number) => Entry::new(key, NewValue::Int(number), expiry),
            Value::Bytes(text) if raw => Entry::new(key, NewValue::Raw(text), expiry),
            Value::Bytes(text) => Entry::new(key, NewValue::Plain(text), expiry),
            Value::Object(object) => Entry::new(key, NewValue::Object(object.duplicate()), expiry),
        };
        copy.set_access(self.access());
        copy
    }
}

fn layout_of(bytes: usize) -> Layout {
    Layout::from_size_align(bytes.next_multiple_of(8), 8).expect("an entry is far below isize::MAX")
}

/// # Safety
/// 1. `to` has room for `from.len()` bytes and does not overlap `from`.
unsafe fn copy_small(from: &[u8], to: *mut u8) {
    // SAFETY: (1)
    unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), to, from.len()) }
}

#[cfg(test)]
#[path = "entry_tests.rs"]
mod tests;
