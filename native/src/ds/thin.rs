//! Objects of one word: they live in their key's entry, and a small one keeps its bytes there too, behind the key.
//!
//! ```text
//!   Entry:  header | expiry | word | key … | annex …             the word refers to the annex, to a block of its own, or to
//!                              └──────────────▲                   anything else
//! ```
//!
//! A boxed object costs its pointer (16 bytes) and a block more, and two cache misses more to reach its bytes.
//!
//! *Annexed*: an object whose word refers to the annex of the entry it lies in. Only there it exists: whatever leaves an
//! entry moves its bytes out first, and what an entry takes in moves them in (`Entry::settle`). Edits are lent such an
//! object; they must not exchange it for another by hand (`mem::swap`), but through the type's own methods.

use std::any::TypeId;
use std::mem::ManuallyDrop;
use std::sync::OnceLock;

use super::object::Object;

/// Longest annex, bytes; as for strings that share their key's block.
pub const ANNEX_BYTES_MAX: usize = 192;

/// Thin types, at most.
const TYPES_MAX: usize = 8;

/// A type whose objects take one word. `Default` is the empty object, which owns nothing.
pub trait Thin: Object + Sized + Default {
    /// Tells the thin types apart, below 8.
    const NUMBER: u8;

    /// Moves the bytes that `Object::annex_bytes` counts to `room` and refers to them there.
    ///
    /// # Safety
    /// 1. `room` points to `bytes` writable bytes, at least `annex_bytes()` and at most 255, which nothing else uses until
    ///    the object has moved on or is gone.
    unsafe fn move_to(&mut self, room: *mut u8, bytes: usize);

    /// Moves those bytes to a block of its own.
    fn move_out(&mut self);

    /// What a reader will touch next, for prefetching.
    fn home(&self) -> *const u8;
}

/// A thin type behind its number. Each function takes a pointer to an object of the type (`*_mut`: an exclusive one).
pub struct ThinType {
    pub(super) number: u8,
    pub(super) id: TypeId,
    pub(super) object: unsafe fn(*mut u64) -> *mut dyn Object,
    pub(super) move_to: unsafe fn(*mut u64, *mut u8, usize),
    /// Moves the object out of its place, which is not to be dropped any more.
    pub(super) boxed: unsafe fn(*mut u64) -> Box<dyn Object>,
    pub(super) home: unsafe fn(*const u64) -> *const u8,
    /// The word of an empty object.
    pub(super) empty: fn() -> u64,
}

static TYPES: [OnceLock<ThinType>; TYPES_MAX] = [const { OnceLock::new() }; TYPES_MAX];

/// The description of `T`, made at the first call.
pub fn register<T: Thin>() -> &'static ThinType {
    const { assert!(size_of::<T>() == 8 && align_of::<T>() == 8 && (T::NUMBER as usize) < TYPES_MAX) };
    let known = TYPES[T::NUMBER as usize].get_or_init(|| ThinType {
        number: T::NUMBER,
        id: TypeId::of::<T>(),
        object: |word| word.cast::<T>() as *mut dyn Object,
        // SAFETY: the caller's pointer is to an object of this type; the room is what the caller says it is.
        move_to: |word, room, bytes| unsafe { (*word.cast::<T>()).move_to(room, bytes) },
        // SAFETY: as above, and the place is given up.
        boxed: |word| unsafe {
            let mut object = word.cast::<T>().read();
            object.move_out();
            Box::new(object)
        },
        // SAFETY: as above.
        home: |word| unsafe { (*word.cast::<T>()).home() },
        empty: || {
            let empty = ManuallyDrop::new(T::default());
            // SAFETY: T has 8 initialised bytes, as asserted; an empty object owns nothing that could leak.
            unsafe { std::mem::transmute_copy::<T, u64>(&*empty) }
        },
    });
    debug_assert!(known.id == TypeId::of::<T>(), "two thin types have one number");
    known
}

/// The type of this number, of which an object exists.
#[inline]
pub(super) fn of(number: u8) -> &'static ThinType {
    TYPES[number as usize].get().expect("an object of the type was made, which registers it")
}

#[cfg(test)]
#[path = "thin_tests.rs"]
mod tests;
