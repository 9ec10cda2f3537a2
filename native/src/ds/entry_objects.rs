//! Objects in entries: a box, or a thin object's word with its annex (`thin.rs` draws it).

use std::any::TypeId;
use std::mem::ManuallyDrop;

use super::{DUE, Entry, EntryRef, Kind, NewValue, Object, Value, layout_of};
use crate::ds::thin::{self, ANNEX_BYTES_MAX, ThinType};
use crate::sys::alloc::{good_size, is_sparse};
use crate::sys::cpu::prefetch;

/// An annex may be so much larger than it must be before an edit makes another: fields that come and go leave it alone.
const ANNEX_SLACK: usize = 16;

impl EntryRef<'_> {
    /// Starts loading its head, which is about to be looked at.
    #[inline]
    pub fn prefetch(self) {
        prefetch(self.0.as_ptr());
    }
}

impl Entry {
    /// A new entry with an object, which a thin type's need no box for.
    pub fn of_object<T: Object>(key: &[u8], object: T, expiry: Option<i64>) -> Entry {
        match object.thin() {
            Some(kind) => {
                let mut object = ManuallyDrop::new(object);
                Entry::thin(key, expiry, kind, (&raw mut object).cast())
            }
            None => Entry::new(key, NewValue::Object(Box::new(object)), expiry),
        }
    }

    /// A new entry that takes over the object at `word`, an exclusive pointer to one of this type; its place is not to be
    /// dropped afterwards. What it would keep in an annex moves there.
    pub(super) fn thin(key: &[u8], expiry: Option<i64>, kind: &ThinType, word: *mut u64) -> Entry {
        // SAFETY: the caller's pointer is to an object of the type.
        let object = unsafe { &*(kind.object)(word) };
        let (annex, due) = (object.annex_bytes(), object.due_ms().is_some());
        assert!(annex <= ANNEX_BYTES_MAX);
        // The word is moved first, then what it refers to.
        let mut made =
            Entry::build(key, expiry, Kind::Thin, if due { DUE } else { 0 }, 8, &[0; 255][..annex], |fixed| {
                // SAFETY: `fixed` points to 8 writable, 8-aligned bytes reserved by `build`.
                unsafe { fixed.cast::<u64>().write(word.read()) }
            });
        let base = made.0.as_ptr();
        // SAFETY: the header is ours to write; its length byte grows by what rounding left free at the block's end.
        unsafe { base.write(Kind::Thin as u8 + kind.number) };
        if annex > 0 {
            made.take_room();
            let (room, bytes) = made.annex();
            // SAFETY: the word just moved is an object of the type; the annex is the entry's own, unused so far.
            unsafe { (kind.move_to)(base.add(made.borrow().fixed_offset()).cast(), room, bytes) };
        }
        made
    }

    /// Makes the annex reach to the end of the block.
    fn take_room(&mut self) {
        let entry = self.borrow();
        let before = entry.value_offset() + entry.key_len();
        let bytes = (entry.layout().size() - before).min(u8::MAX as usize);
        // SAFETY: byte 7 of the header; `&mut self` is exclusive. The layout stays: it was rounded up to this.
        unsafe { self.0.as_ptr().add(7).write(bytes as u8) };
        debug_assert!(self.borrow().layout() == layout_of(before + bytes));
    }

    /// Where the annex is, and its bytes.
    fn annex(&mut self) -> (*mut u8, usize) {
        let entry = self.borrow();
        let at = entry.value_offset() + entry.key_len();
        // SAFETY: the annex follows the key inside the block.
        (unsafe { self.0.as_ptr().add(at) }, entry.byte(7) as usize)
    }

    /// The object of a thin kind: its type, and its word.
    pub(super) fn word(&self) -> (&'static ThinType, *mut u64) {
        debug_assert!(self.borrow().kind() == Kind::Thin);
        // SAFETY: the fixed field of a thin entry is inside the block.
        let at = unsafe { self.0.as_ptr().add(self.borrow().fixed_offset()) };
        (thin::of(self.borrow().byte(0) - Kind::Thin as u8), at.cast())
    }

    /// Lets `edit` change the object, and gives its result and how many bytes the entry has more; None if the value is a
    /// string.
    pub fn edit_object<R>(&mut self, edit: impl FnOnce(&mut dyn Object) -> R) -> Option<(R, i64)> {
        let object: *mut dyn Object = match self.borrow().kind() {
            // SAFETY: the kind is Object, so an initialised Box lies in the fixed field; the borrow of self is exclusive.
            Kind::Object => unsafe { &mut **self.fixed().cast::<Box<dyn Object>>() },
            Kind::Thin => {
                let (kind, word) = self.word();
                // SAFETY: the word is an object of the type.
                unsafe { (kind.object)(word) }
            }
            _ => return None,
        };
        // SAFETY: the object lies in this entry or is owned by it alone; the borrow of self is exclusive.
        let object = unsafe { &mut *object };
        let before = object.memory_bytes() as i64;
        let result = edit(object);
        let after = object.memory_bytes() as i64;
        let state = State::of(object);
        Some((result, after - before + self.settle(state)))
    }

    /// As [`Entry::edit_object`], for the type that the object must have.
    #[inline]
    pub fn edit_typed<T: Object, R>(&mut self, edit: impl FnOnce(&mut T) -> R) -> Option<(R, i64)> {
        let object: *mut T = match self.borrow().kind() {
            // SAFETY: the kind is Object, so an initialised Box lies in the fixed field; the borrow of self is exclusive.
            Kind::Object => unsafe { (**self.fixed().cast::<Box<dyn Object>>()).as_any_mut().downcast_mut()? },
            Kind::Thin if self.borrow().thin_type().id == TypeId::of::<T>() => self.fixed().cast(),
            _ => return None,
        };
        // SAFETY: it is an object of this very type, in this entry or owned by it alone; the borrow of self is exclusive.
        let object = unsafe { &mut *object };
        let before = object.memory_bytes() as i64;
        let result = edit(object);
        let after = object.memory_bytes() as i64;
        let state = State::of(object);
        Some((result, after - before + self.settle(state)))
    }

    #[inline]
    fn fixed(&mut self) -> *mut u8 {
        // SAFETY: the fixed field is inside the block.
        unsafe { self.0.as_ptr().add(self.borrow().fixed_offset()) }
    }

    /// After an edit: notes whether elements expire, and gives a thin object an annex that fits it. Gives how many bytes
    /// entry and object have more through that.
    #[inline]
    fn settle(&mut self, state: State) -> i64 {
        let flags = self.borrow().flags();
        if (flags & DUE != 0) != state.due {
            // SAFETY: byte 1 of the header; `&mut self` is exclusive.
            unsafe { self.0.as_ptr().add(1).write(flags ^ DUE) };
        }
        let annex = if self.borrow().kind() == Kind::Thin { self.borrow().byte(7) as usize } else { 0 };
        let slack = annex.wrapping_sub(state.wanted);
        if slack < ANNEX_SLACK && state.annexed == (state.wanted > 0) || state.empty {
            return 0;
        }
        self.change_annex()
    }

    #[cold]
    fn change_annex(&mut self) -> i64 {
        let before = self.borrow().memory_bytes() as i64;
        let (kind, word) = self.word();
        // SAFETY: the word is an object of the type.
        let wanted = unsafe { (*(kind.object)(word)).annex_bytes() };
        let (room, bytes) = self.annex();
        if wanted > 0 && wanted <= bytes && bytes - wanted < ANNEX_SLACK {
            // SAFETY: as above; the annex is this entry's own, and unused while its object is elsewhere: it would have been
            // left alone otherwise.
            unsafe { (kind.move_to)(word, room, bytes) };
        } else {
            let entry = self.borrow();
            let mut made = Entry::thin(entry.key(), entry.expiry(), kind, word);
            made.set_access(entry.access());
            // SAFETY: the object has moved; an empty one is dropped with the old block in its stead.
            unsafe { word.write((kind.empty)()) };
            *self = made;
        }
        self.borrow().memory_bytes() as i64 - before
    }
}

/// What an entry must know of its object after an edit.
struct State {
    wanted: usize,
    annexed: bool,
    due: bool,
    empty: bool,
}

impl State {
    #[inline]
    fn of<T: Object + ?Sized>(object: &T) -> State {
        State {
            wanted: object.annex_bytes(),
            annexed: object.is_annexed(),
            due: object.due_ms().is_some(),
            empty: object.is_empty(),
        }
    }
}

impl<'a> EntryRef<'a> {
    #[inline]
    pub(super) fn thin_type(self) -> &'static ThinType {
        thin::of(self.byte(0) - Kind::Thin as u8)
    }

    /// The object if it is a `T`.
    #[inline]
    pub fn object<T: Object>(self) -> Option<&'a T> {
        match self.kind() {
            Kind::Thin if self.thin_type().id == TypeId::of::<T>() => {
                // SAFETY: the word is an object of this very type, and lives as long as the block.
                Some(unsafe { &*self.0.as_ptr().add(self.fixed_offset()).cast::<T>() })
            }
            Kind::Object => match self.value() {
                Value::Object(object) => object.as_any().downcast_ref(),
                _ => None,
            },
            _ => None,
        }
    }

    /// What a reader of the object will touch beyond the entry's first bytes.
    #[inline]
    pub fn object_home(self) -> Option<*const u8> {
        match self.kind() {
            // SAFETY: the word is an object of the type.
            Kind::Thin => Some(unsafe { (self.thin_type().home)(self.0.as_ptr().add(self.fixed_offset()).cast()) }),
            Kind::Object => match self.value() {
                Value::Object(object) => Some((&raw const *object).cast()),
                _ => None,
            },
            _ => None,
        }
    }
}

impl EntryRef<'_> {
    /// As `memory_bytes`, with what the allocator adds to the block of the entry, and to that of a long string.
    pub fn allocated_bytes(self) -> usize {
        let own = self.layout().size();
        let rest = self.memory_bytes() - own;
        good_size(own)
            + match self.kind() {
                Kind::Heap => good_size(rest),
                _ => rest,
            }
    }
}

/// Objects up to so many bytes are copied where they lie badly; of larger ones nothing is moved.
const RENEWED_BYTES_MAX: usize = 4096;

impl Entry {
    /// Moves to other memory what lies in pages that are hardly used: the block, the text of a long string, a small object. Gives how
    /// many blocks that were, and how many stayed.
    pub fn renew(&mut self) -> (u64, u64) {
        let (mut moved, mut stayed) = (0, 0);
        let entry = self.borrow();
        let badly = is_sparse(self.0.as_ptr());
        let whole = match entry.value() {
            Value::Object(object) => {
                let home = std::ptr::from_ref(object).cast::<u8>();
                let small = entry.memory_bytes() <= RENEWED_BYTES_MAX;
                small && (badly || entry.kind() == Kind::Object && is_sparse(home))
            }
            _ => false,
        };
        if whole {
            let copy = entry.duplicate(entry.key(), entry.expiry());
            *self = copy;
            return (2, 0);
        }
        if entry.kind() == Kind::Heap {
            // SAFETY: the kind is Heap, so an initialised Vec<u8> lies there; the borrow of self is exclusive.
            let text = unsafe { &mut *self.0.as_ptr().add(entry.fixed_offset()).cast::<Vec<u8>>() };
            if is_sparse(text.as_ptr()) {
                let mut other = Vec::with_capacity(text.capacity());
                other.extend_from_slice(text);
                *text = other;
                moved += 1;
            } else {
                stayed += 1;
            }
        }
        if badly {
            let key = self.borrow().key().to_vec();
            let old = std::mem::replace(self, Entry::new(b"", NewValue::Int(0), None));
            *self = old.with_key(&key);
            moved += 1;
        } else {
            stayed += 1;
        }
        (moved, stayed)
    }
}
