//! An element in one word: numbers and up to seven bytes lie in it, longer text in a block of its own.
//!
//! ```text
//!   bits 63 … 2                              1 0
//!   address of a block                       0 0    text of 8 bytes and more that is no number; the whole word 0: nothing
//!   integer, signed, 62 bits                 0 1    text that is a canonical integer
//!   mantissa, signed, 58 bits | decimals, 4  1 0    text that is a canonical decimal: -12.50 is -1250 with 2 decimals
//!   seven bytes               | length, 6    1 1    other text of up to 7 bytes
//!
//!   block:  length, u32 | bytes …
//! ```
//!
//! A text has one form only, so equal texts have equal words or equal blocks.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::num::NonZeroU64;
use std::ptr::NonNull;

use crate::ds::entry::canonical_integer;

const TAG: u64 = 3;
const TAG_BLOCK: u64 = 0;
const TAG_INTEGER: u64 = 1;
const TAG_DECIMAL: u64 = 2;
const TAG_SHORT: u64 = 3;

/// Longest text that lies in the word.
const SHORT_BYTES_MAX: usize = 7;
/// Most decimals of a decimal in the word: what four bits hold.
const DECIMALS_MAX: usize = 15;
/// Most digits of one: every number of 17 digits is below 2^57.
const DIGITS_MAX: usize = 17;
const _: () = assert!(10u64.pow(DIGITS_MAX as u32) < 1 << 57);

/// Bytes of the length before a block's text.
const HEAD_BYTES: usize = 4;

/// Longest text of a number in the word: sign, 17 digits, point; or an integer of 62 bits with its sign.
pub const NUMBER_BYTES_MAX: usize = 20;

/// An element; see the drawing above.
#[repr(transparent)]
pub struct Word(NonZeroU64);

const _: () = assert!(size_of::<Option<Word>>() == 8);

// SAFETY: a word owns its block alone, as a Box would.
unsafe impl Send for Word {}
// SAFETY: nothing of a word changes while it is borrowed.
unsafe impl Sync for Word {}

/// Where the text of a number in a word is written to.
pub type Digits = [u8; NUMBER_BYTES_MAX];

/// What an element is, as far as that can be told without looking at its text.
pub enum Kind<'w> {
    Integer(i64),
    /// A decimal or other text.
    Text(&'w [u8]),
}

impl Word {
    /// The element for a text, which is shorter than 4 GiB.
    pub fn of(text: &[u8]) -> Word {
        let bits = match canonical_integer(text) {
            Some(number) if (number << 2) >> 2 == number => (number as u64) << 2 | TAG_INTEGER,
            _ => match decimal(text) {
                Some(bits) => bits,
                None if text.len() <= SHORT_BYTES_MAX => {
                    let mut bytes = [0; 8];
                    bytes[1..=text.len()].copy_from_slice(text);
                    u64::from_le_bytes(bytes) | (text.len() as u64) << 2 | TAG_SHORT
                }
                None => return Word::block(text),
            },
        };
        Word(NonZeroU64::new(bits).expect("the tag is not 0"))
    }

    fn block(text: &[u8]) -> Word {
        let len = u32::try_from(text.len()).expect("texts are shorter than 4 GiB");
        let layout = layout(text.len());
        // SAFETY: the layout has at least the four bytes of the length.
        let Some(block) = NonNull::new(unsafe { alloc(layout) }) else { handle_alloc_error(layout) };
        // SAFETY: the block has room for the length and the text behind it, and nobody else knows it.
        unsafe {
            block.as_ptr().cast::<u32>().write(len);
            block.as_ptr().add(HEAD_BYTES).copy_from_nonoverlapping(text.as_ptr(), text.len());
        }
        let address = block.as_ptr().expose_provenance() as u64;
        debug_assert!(address & TAG == TAG_BLOCK);
        Word(NonZeroU64::new(address).expect("not null"))
    }

    /// The text of a block; None: it lies in the word.
    fn block_text(&self) -> Option<&[u8]> {
        let bits = self.0.get();
        if bits & TAG != TAG_BLOCK {
            return None;
        }
        let block = std::ptr::with_exposed_provenance::<u8>(bits as usize);
        // SAFETY: a word with this tag is the address of a block that `Word::block` made and this word owns: its length,
        // and so many bytes behind it. It lives as long as the word.
        unsafe {
            let len = block.cast::<u32>().read() as usize;
            Some(std::slice::from_raw_parts(block.add(HEAD_BYTES), len))
        }
    }

    /// The text of the element, in `digits` if it has to be written.
    #[inline]
    pub fn text<'w>(&'w self, digits: &'w mut Digits) -> &'w [u8] {
        let bits = self.0.get();
        match bits & TAG {
            TAG_BLOCK => self.block_text().expect("its tag says so"),
            TAG_SHORT => {
                let len = (bits >> 2 & 7) as usize;
                digits[..8].copy_from_slice(&bits.to_le_bytes());
                &digits[1..=len]
            }
            TAG_INTEGER => put(itoa::Buffer::new().format(bits as i64 >> 2).as_bytes(), digits),
            _ => write_decimal(bits as i64 >> 6, (bits >> 2 & 15) as usize, digits),
        }
    }

    #[inline]
    pub fn kind<'w>(&'w self, digits: &'w mut Digits) -> Kind<'w> {
        let bits = self.0.get();
        if bits & TAG == TAG_INTEGER { Kind::Integer(bits as i64 >> 2) } else { Kind::Text(self.text(digits)) }
    }

    /// Bytes of its block, 0 where it has none.
    #[inline]
    pub fn block_bytes(&self) -> usize {
        self.block_text().map_or(0, |text| layout(text.len()).size().next_multiple_of(8))
    }
}

fn layout(text_bytes: usize) -> Layout {
    Layout::from_size_align(HEAD_BYTES + text_bytes, HEAD_BYTES).expect("far below the address space")
}

impl Clone for Word {
    fn clone(&self) -> Word {
        match self.block_text() {
            Some(text) => Word::block(text),
            None => Word(self.0),
        }
    }
}

impl Drop for Word {
    #[inline]
    fn drop(&mut self) {
        if let Some(text) = self.block_text() {
            let layout = layout(text.len());
            let block = std::ptr::with_exposed_provenance_mut::<u8>(self.0.get() as usize);
            // SAFETY: `Word::block` made it with this layout, and the word, which owns it, goes.
            unsafe { dealloc(block, layout) }
        }
    }
}

/// The word of `-?(0|[1-9][0-9]*).[0-9]+` with up to 17 digits, 15 of them behind the point; but not of `-0.0`, whose sign would
/// be lost. Texts of up to 7 bytes are left to the other form.
fn decimal(text: &[u8]) -> Option<u64> {
    if text.len() <= SHORT_BYTES_MAX || text.len() > NUMBER_BYTES_MAX {
        return None;
    }
    let (negative, body) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let point = body.iter().position(|byte| *byte == b'.')?;
    let (whole, decimals) = (&body[..point], &body[point + 1..]);
    let leading_zero = whole.len() > 1 && whole[0] == b'0';
    if whole.is_empty() || leading_zero || decimals.is_empty() || decimals.len() > DECIMALS_MAX {
        return None;
    }
    if whole.len() + decimals.len() > DIGITS_MAX {
        return None;
    }
    let mut mantissa = 0i64;
    for byte in whole.iter().chain(decimals) {
        if !byte.is_ascii_digit() {
            return None;
        }
        mantissa = mantissa * 10 + (byte - b'0') as i64;
    }
    if negative && mantissa == 0 {
        return None;
    }
    let mantissa = if negative { -mantissa } else { mantissa };
    Some((mantissa as u64) << 6 | (decimals.len() as u64) << 2 | TAG_DECIMAL)
}

fn write_decimal(mantissa: i64, decimals: usize, digits: &mut Digits) -> &[u8] {
    let mut rest = mantissa.unsigned_abs();
    let mut at = digits.len();
    let mut written = 0;
    // One digit at least before the point.
    while written <= decimals || rest > 0 {
        if written == decimals && decimals > 0 {
            at -= 1;
            digits[at] = b'.';
        }
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        written += 1;
    }
    if mantissa < 0 {
        at -= 1;
        digits[at] = b'-';
    }
    &digits[at..]
}

fn put<'d>(text: &[u8], digits: &'d mut Digits) -> &'d [u8] {
    digits[..text.len()].copy_from_slice(text);
    &digits[..text.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(word: &Word) -> Vec<u8> {
        word.text(&mut [0; NUMBER_BYTES_MAX]).to_vec()
    }

    #[test]
    fn every_text_comes_back_and_says_what_it_costs() {
        let long = "x".repeat(70_000);
        for (text, has_block) in [
            ("", false),
            ("0", false),
            ("-0", false),
            ("7", false),
            ("-7", false),
            ("007", false),
            ("seventy", false),
            ("eighteen", true),
            ("2305843009213693951", false),
            ("2305843009213693952", true),
            ("-2305843009213693952", false),
            ("-2305843009213693953", true),
            ("9223372036854775807", true),
            ("3.14159", false),
            ("3.141592", false),
            ("-3.14159265358979", false),
            ("-0.00000000000001", false),
            ("0.000000000000001", false),
            ("0.0000000000000001", true),
            ("12345678901.5", false),
            ("1234567890123456.7", false),
            ("12345678901234567.8", true),
            ("99999999999999.999", false),
            ("-9999999999999999.9", false),
            ("-0.000000", true),
            ("00.12345678", true),
            (".123456789", true),
            ("123456789.", true),
            ("12.345.678", true),
            ("1.5e300000", true),
            ("+1.2345678", true),
            (&long, true),
        ] {
            let word = Word::of(text.as_bytes());
            assert_eq!(text_of(&word), text.as_bytes());
            assert_eq!(word.block_bytes() > 0, has_block, "{text}");
            assert_eq!(text_of(&word.clone()), text.as_bytes());
        }
    }

    #[test]
    fn bytes_of_any_value_come_back() {
        for byte in 0..=255u8 {
            for len in 0..20 {
                let text = vec![byte; len];
                assert_eq!(text_of(&Word::of(&text)), text);
            }
        }
    }
}
