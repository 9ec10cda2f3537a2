//! What a leaf keeps of a member.
//!
//! ```text
//!   word: | digest, 20 bits (frame.rs) | address of the member / 8, 44 bits |
//! ```
//!
//! Addresses have 47 bits, and members are 8-aligned.

use super::frame::DIGESTS;
use super::member::{Member, MemberRef};
use crate::ds::block::Block;

const ADDRESS_BITS: u32 = 44;

const _: () = assert!(DIGESTS << ADDRESS_BITS == 0, "a word is 64 bits");

#[inline]
pub fn word(digest: u64, raw: *mut u8) -> u64 {
    debug_assert!(raw as u64 >> 47 == 0 && raw as u64 & 7 == 0);
    digest << ADDRESS_BITS | raw as u64 >> 3
}

#[inline]
pub fn raw_of(word: u64) -> *mut u8 {
    ((word << (64 - ADDRESS_BITS)) >> (61 - ADDRESS_BITS)) as *mut u8
}

#[inline]
pub fn member_of<'a>(word: u64) -> MemberRef<'a> {
    // SAFETY: words hold addresses of members that live as long as they are in the tree (1), and are not written to while
    // the tree is borrowed (2).
    unsafe { Member::borrow_raw(raw_of(word)) }
}

#[inline]
pub fn digest_of(word: u64) -> u64 {
    word >> ADDRESS_BITS
}

/// The least word with this digest.
#[inline]
pub fn bound(digest: u64) -> u64 {
    digest << ADDRESS_BITS
}

/// How many words are below `bound`. Branchless: the next step never waits for a guess.
#[inline]
pub fn lower_bound(words: &[u64], bound: u64) -> usize {
    let (mut base, mut left) = (0, words.len());
    while left > 1 {
        let half = left / 2;
        base += (words[base + half - 1] < bound) as usize * half;
        left -= half;
    }
    base + (left == 1 && words[base] < bound) as usize
}
