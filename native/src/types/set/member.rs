//! The large encoding, which OBJECT ENCODING calls `hashtable`: members by hash, in `ds::segments`.
//!
//! ```text
//!   raw form of a member, 48 bits
//!     1 | 47 bits, signed           an integer within ±2^46: no block at all
//!     0 | pointer      | code       code, the low three bits:
//!                        1..=7      text of 8, 16 … 56 bytes, and nothing else in the block
//!                        0          u8 length, text                       length 0..=253
//!                                   254, 7 bytes free, i64                a canonical integer
//!                                   255, 7 bytes free, u64 length, text
//! ```
//!
//! Blocks are of multiples of 8 bytes, as the allocator gives them: 16 for text of 8 to 15 and of 16 bytes.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::marker::PhantomData;

use crate::ds::block::Block;
use crate::ds::entry::canonical_integer;
use crate::ds::item::Item;
use crate::ds::segments::{self, Segments};
use crate::ds::table::same_key;

pub type MemberTable = Segments<Member>;

const IMMEDIATE: u64 = 1 << 47;
const CODE: u64 = 7;
/// Longest text with a code, bytes.
const CODED_BYTES_MAX: usize = 56;
const SHORT_BYTES_MAX: usize = 253;
const INTEGER: u8 = 254;
const LONG: u8 = 255;
/// Bytes of a block before an integer, and before the length of a long text.
const WIDE_HEAD_BYTES: usize = 8;

const _: () = assert!(SHORT_BYTES_MAX < INTEGER as usize && CODED_BYTES_MAX == CODE as usize * 8);

/// An owned member.
pub struct Member(u64);

// SAFETY: a Member owns its block alone.
unsafe impl Send for Member {}

/// A borrowed member; nothing of its block is read before somebody asks.
#[derive(Clone, Copy)]
pub struct MemberRef<'m> {
    raw: u64,
    lives: PhantomData<&'m [u8]>,
}

/// Text as sets see it: a canonical integer is one.
#[inline]
pub fn parsed(text: &[u8]) -> Item<'_> {
    match canonical_integer(text) {
        Some(number) => Item::Int(number),
        None => Item::Text(text),
    }
}

/// Hash of a member, the same in all sets. Integers are hashed as such, so that none has to be printed.
#[inline]
pub fn hash(item: Item) -> u64 {
    match item {
        Item::Int(number) => segments::hash(&number.to_le_bytes()),
        Item::Text(text) => segments::hash(text),
    }
}

fn immediate(number: i64) -> Option<u64> {
    let shifted = number << 17;
    (shifted >> 17 == number).then_some(IMMEDIATE | (number as u64 & (IMMEDIATE - 1)))
}

/// A block of so many bytes, at least one, rounded up to words.
fn allocate(bytes: usize) -> *mut u8 {
    debug_assert!(bytes > 0);
    let layout = layout(bytes);
    // SAFETY: the layout is not of size zero.
    let block = unsafe { alloc(layout) };
    if block.is_null() {
        handle_alloc_error(layout);
    }
    debug_assert!(block as u64 & (IMMEDIATE | CODE) == 0 && (block as u64) < IMMEDIATE);
    block
}

fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes.next_multiple_of(8), 8).expect("a member is far below isize::MAX")
}

impl Member {
    /// `item` must be canonical: no text that is a canonical integer.
    pub fn new(item: Item) -> Member {
        match item {
            Item::Int(number) => match immediate(number) {
                Some(raw) => Member(raw),
                None => Member::with_block(INTEGER as u64, Some(number as u64), &[]),
            },
            Item::Text(text) if text.len().is_multiple_of(8) && (8..=CODED_BYTES_MAX).contains(&text.len()) => {
                let block = allocate(text.len());
                // SAFETY: the block has just been allocated with room for the text.
                unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), block, text.len()) };
                Member(block as u64 | (text.len() as u64 / 8))
            }
            Item::Text(text) if text.len() <= SHORT_BYTES_MAX => Member::with_block(text.len() as u64, None, text),
            Item::Text(text) => Member::with_block(LONG as u64, Some(text.len() as u64), text),
        }
    }

    /// A block without a code: its first byte, the word behind its first eight, the text behind those.
    fn with_block(first: u64, word: Option<u64>, text: &[u8]) -> Member {
        let text_at = if word.is_some() { WIDE_HEAD_BYTES + 8 } else { 1 };
        let block = allocate(text_at + text.len());
        // SAFETY: the block has just been allocated with room for the head, which is a word or two, and for the text.
        unsafe {
            block.cast::<u64>().write(first.to_le());
            if let Some(word) = word {
                block.add(WIDE_HEAD_BYTES).cast::<u64>().write(word.to_le());
            }
            std::ptr::copy_nonoverlapping(text.as_ptr(), block.add(text_at), text.len());
        }
        Member(block as u64)
    }

    pub fn item(&self) -> Item<'_> {
        self.borrow().item()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let bytes = self.borrow().block_bytes();
        if bytes > 0 {
            // SAFETY: this member owns its block, which was allocated with this layout.
            unsafe { dealloc((self.0 & !CODE) as *mut u8, layout(bytes)) }
        }
    }
}

impl<'m> MemberRef<'m> {
    /// The member. Reads its block.
    #[inline]
    pub fn item(self) -> Item<'m> {
        if self.raw & IMMEDIATE != 0 {
            return Item::Int((self.raw << 17) as i64 >> 17);
        }
        let (block, code) = ((self.raw & !CODE) as *const u8, (self.raw & CODE) as usize);
        // SAFETY: the block lives for 'm and is as the drawing above says.
        unsafe {
            if code != 0 {
                return Item::Text(std::slice::from_raw_parts(block, code * 8));
            }
            match *block {
                INTEGER => Item::Int(i64::from_le(block.add(WIDE_HEAD_BYTES).cast::<i64>().read())),
                LONG => {
                    let len = u64::from_le(block.add(WIDE_HEAD_BYTES).cast::<u64>().read()) as usize;
                    Item::Text(std::slice::from_raw_parts(block.add(WIDE_HEAD_BYTES + 8), len))
                }
                len => Item::Text(std::slice::from_raw_parts(block.add(1), len as usize)),
            }
        }
    }

    /// Is it this member, which must be canonical? Reads a block only where lengths may agree.
    #[inline]
    pub fn is(self, other: Item) -> bool {
        match (self.item(), other) {
            (Item::Int(left), Item::Int(right)) => left == right,
            (Item::Text(left), Item::Text(right)) => same_key(left, right),
            _ => false,
        }
    }

    /// What tells it apart from all others of its set.
    pub fn identity(self) -> u64 {
        self.raw
    }

    /// Where its block is, to load it ahead; meaningless for an integer without one.
    #[inline]
    pub fn address(self) -> *const u8 {
        (self.raw & !CODE) as *const u8
    }

    /// Bytes of its block, not rounded; 0: it has none.
    #[inline]
    fn block_bytes(self) -> usize {
        if self.raw & IMMEDIATE != 0 {
            return 0;
        }
        match self.item() {
            Item::Int(_) => WIDE_HEAD_BYTES + 8,
            Item::Text(text) if self.raw & CODE != 0 => text.len(),
            Item::Text(text) if text.len() <= SHORT_BYTES_MAX => 1 + text.len(),
            Item::Text(text) => WIDE_HEAD_BYTES + 8 + text.len(),
        }
    }
}

impl Block for Member {
    type Ref<'m> = MemberRef<'m>;

    const RAW_BITS: u64 = 0x0000_ffff_ffff_ffff;

    #[inline]
    fn borrow(&self) -> MemberRef<'_> {
        MemberRef { raw: self.0, lives: PhantomData }
    }

    #[inline]
    fn hash(block: MemberRef<'_>) -> u64 {
        hash(block.item())
    }

    fn same_key(left: MemberRef<'_>, right: MemberRef<'_>) -> bool {
        left.is(right.item())
    }

    fn duplicate(block: MemberRef<'_>) -> Member {
        if block.raw & IMMEDIATE != 0 {
            return Member(block.raw);
        }
        Member::new(block.item())
    }

    #[inline]
    fn memory_bytes(block: MemberRef<'_>) -> usize {
        block.block_bytes().next_multiple_of(8)
    }

    #[inline]
    fn into_raw(self) -> *mut u8 {
        let raw = self.0 as *mut u8;
        std::mem::forget(self);
        raw
    }

    #[inline]
    unsafe fn from_raw(raw: *mut u8) -> Member {
        Member(raw as u64)
    }

    #[inline]
    unsafe fn borrow_raw<'m>(raw: *mut u8) -> MemberRef<'m> {
        MemberRef { raw: raw as u64, lives: PhantomData }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_every_length_and_integers_of_every_size_read_back() {
        let ends = [0, 1, -1, (1 << 46) - 1, 1 << 46, -(1 << 46), -(1 << 46) - 1, i64::MAX, i64::MIN];
        for number in ends {
            let member = Member::new(Item::Int(number));
            assert_eq!(member.item(), Item::Int(number));
            assert_eq!(member.borrow().block_bytes() == 0, (-(1i64 << 46)..1 << 46).contains(&number), "{number}");
            assert!(ends.iter().all(|other| member.borrow().is(Item::Int(*other)) == (*other == number)));
        }
        for len in (0..400).chain([65_536]) {
            let text: Vec<u8> = (0..len).map(|at| at as u8 | 0x40).collect();
            let member = Member::new(Item::Text(&text));
            assert_eq!(member.item(), Item::Text(&text));
            let copy = Member::duplicate(member.borrow());
            assert!(Member::same_key(copy.borrow(), member.borrow()));
            assert!(len == 0 || !member.borrow().is(Item::Text(&text[1..])));
            let bytes = Member::memory_bytes(member.borrow());
            assert!(bytes >= len.max(1) && bytes <= len + 24 && (len > 56 || bytes < len + 9), "{len}: {bytes}");
        }
        assert_eq!(Member::memory_bytes(Member::new(Item::Text(b"sixteen bytes it")).borrow()), 16);
    }

    #[test]
    fn hashes_do_not_depend_on_how_an_integer_is_kept() {
        for number in [0, 7, -7, 1 << 50, i64::MIN] {
            assert_eq!(
                Member::hash(Member::new(Item::Int(number)).borrow()),
                hash(parsed(number.to_string().as_bytes()))
            );
        }
        assert_eq!(parsed(b"007"), Item::Text(b"007"));
    }
}
