//! The small encoding, which OBJECT ENCODING calls `listpack`: all fields and values in one run of bytes, in the order
//! they came.
//!
//! ```text
//!   pair  = item item                    field, value, each as ds/item.rs codes it
//!   249 i64 before a value is kept free for the expiry of its field.
//!
//!   HSET h name "Ada" age 36   ->   04 n a m e  03 A d a  03 a g e  f0 24
//! ```
//!
//! Up to [`INLINE_BYTES_MAX`] bytes lie inside the value itself (a hash of one short field costs no block); longer runs
//! have a block of their length and a u16 before them, the number of pairs. The allocator grows a block in place as long
//! as its size class allows.

use crate::ds::item::{Coded, Item, after, decoded};

/// 24 bytes of a Packed, less the one that says how many are used: a field of 5 and a value of 16 bytes still fit.
pub const INLINE_BYTES_MAX: usize = 23;

/// Longest run of bytes, as Redis bounds a listpack. Above it the hash becomes a table.
pub const BLOCK_BYTES_MAX: usize = 1 << 30;

/// Pairs of a run, at most: what its u16 can count. Lookups in so many are slow already.
pub const PAIRS_MAX: usize = u16::MAX as usize;

/// Bytes of a block before the run.
const COUNT_BYTES: usize = 2;

/// A number in 0..=23 whose other 232 values the compiler may use to tell the variants of [`Packed`] apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[rustfmt::skip]
enum InlineLen {
    L0, L1, L2, L3, L4, L5, L6, L7, L8, L9, L10, L11, L12, L13, L14, L15, L16, L17, L18, L19, L20, L21, L22, L23,
}

#[rustfmt::skip]
const INLINE_LENS: [InlineLen; INLINE_BYTES_MAX + 1] = {
    use InlineLen::*;
    [L0, L1, L2, L3, L4, L5, L6, L7, L8, L9, L10, L11, L12, L13, L14, L15, L16, L17, L18, L19, L20, L21, L22, L23]
};

#[derive(Clone, Debug)]
pub struct Packed(Run);

#[derive(Clone, Debug)]
enum Run {
    Inline {
        bytes: [u8; INLINE_BYTES_MAX],
        len: InlineLen,
    },
    /// Pairs (u16, little endian), then the run.
    Block(Box<[u8]>),
}

/// Where a pair stands: offsets of its field, its value and its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    pub field: usize,
    pub value: usize,
    pub end: usize,
}

impl Default for Packed {
    fn default() -> Packed {
        Packed(Run::Inline { bytes: [0; INLINE_BYTES_MAX], len: InlineLen::L0 })
    }
}

impl Packed {
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        match &self.0 {
            Run::Inline { bytes, len } => &bytes[..*len as usize],
            Run::Block(block) => &block[COUNT_BYTES..],
        }
    }

    /// Pairs. O(1) for a block, at most 11 steps otherwise.
    pub fn len(&self) -> usize {
        match &self.0 {
            Run::Inline { .. } => self.iter().count(),
            Run::Block(block) => u16::from_le_bytes([block[0], block[1]]) as usize,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.bytes().is_empty()
    }

    /// Bytes on the heap, rounded up as allocators do.
    pub fn heap_bytes(&self) -> usize {
        match &self.0 {
            Run::Inline { .. } => 0,
            Run::Block(block) if block.len() <= 64 => block.len().next_multiple_of(8),
            Run::Block(block) => block.len().next_multiple_of(16),
        }
    }

    /// Where `field` stands. O(pairs).
    #[inline]
    pub fn find(&self, field: &Coded) -> Option<Span> {
        let run = self.bytes();
        let mut at = 0;
        while at < run.len() {
            let value = after(run, at);
            let end = after(run, value);
            if field.is(&run[at..value]) {
                return Some(Span { field: at, value, end });
            }
            at = end;
        }
        None
    }

    #[inline]
    pub fn value(&self, span: Span) -> Item<'_> {
        decoded(&self.bytes()[span.value..span.end])
    }

    /// All pairs, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (Item<'_>, Item<'_>)> + Clone {
        self.spans().map(|span| {
            let run = self.bytes();
            (decoded(&run[span.field..span.value]), decoded(&run[span.value..span.end]))
        })
    }

    pub fn spans(&self) -> impl Iterator<Item = Span> + Clone {
        let run = self.bytes();
        let mut at = 0;
        std::iter::from_fn(move || {
            (at < run.len()).then(|| {
                let value = after(run, at);
                let span = Span { field: at, value, end: after(run, value) };
                at = span.end;
                span
            })
        })
    }

    /// The pair that stands at `span`.
    pub fn pair(&self, span: Span) -> (Item<'_>, Item<'_>) {
        let run = self.bytes();
        (decoded(&run[span.field..span.value]), decoded(&run[span.value..span.end]))
    }

    /// Replaces `remove` bytes at `at` by `parts`; `pairs` is how many pairs come (1) or go (-1). The inverse is a splice
    /// too. Cost: a copy of what follows, and one reallocation if the length changes.
    pub fn splice(&mut self, at: usize, remove: usize, parts: &[&[u8]], pairs: i16) {
        let insert: usize = parts.iter().map(|part| part.len()).sum();
        let old_len = self.bytes().len();
        let new_len = old_len - remove + insert;
        match &mut self.0 {
            Run::Inline { bytes, len } if new_len <= INLINE_BYTES_MAX => {
                bytes.copy_within(at + remove..old_len, at + insert);
                fill(&mut bytes[at..at + insert], parts);
                *len = INLINE_LENS[new_len];
            }
            Run::Block(block) if new_len == old_len => {
                let at = at + COUNT_BYTES;
                fill(&mut block[at..at + insert], parts);
            }
            Run::Block(block) if new_len > INLINE_BYTES_MAX => {
                let at = at + COUNT_BYTES;
                let count = u16::from_le_bytes([block[0], block[1]]).wrapping_add_signed(pairs);
                let mut made = std::mem::take(block).into_vec();
                if new_len > old_len {
                    made.reserve_exact(new_len - old_len);
                    made.resize(COUNT_BYTES + new_len, 0);
                }
                made.copy_within(at + remove..COUNT_BYTES + old_len, at + insert);
                fill(&mut made[at..at + insert], parts);
                made.truncate(COUNT_BYTES + new_len);
                made[..COUNT_BYTES].copy_from_slice(&count.to_le_bytes());
                *block = made.into_boxed_slice();
            }
            _ => self.change_home(at, remove, insert, parts, pairs, new_len),
        }
        debug_assert_eq!(self.len(), self.spans().count());
    }

    /// The same between the two homes of a run.
    fn change_home(&mut self, at: usize, remove: usize, insert: usize, parts: &[&[u8]], pairs: i16, new_len: usize) {
        let old = self.bytes();
        let count = (self.len() as u16).wrapping_add_signed(pairs);
        let write = |run: &mut [u8]| {
            run[..at].copy_from_slice(&old[..at]);
            fill(&mut run[at..at + insert], parts);
            run[at + insert..new_len].copy_from_slice(&old[at + remove..]);
        };
        let run = if new_len <= INLINE_BYTES_MAX {
            let mut bytes = [0; INLINE_BYTES_MAX];
            write(&mut bytes);
            Run::Inline { bytes, len: INLINE_LENS[new_len] }
        } else {
            let mut block = vec![0; COUNT_BYTES + new_len].into_boxed_slice();
            block[..COUNT_BYTES].copy_from_slice(&count.to_le_bytes());
            write(&mut block[COUNT_BYTES..]);
            Run::Block(block)
        };
        self.0 = run;
    }
}

fn fill(mut to: &mut [u8], parts: &[&[u8]]) {
    for part in parts {
        let (here, rest) = to.split_at_mut(part.len());
        here.copy_from_slice(part);
        to = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(packed: &mut Packed, field: &[u8], value: &[u8]) {
        let (field, value) = (Coded::of(Item::Text(field)), Coded::of(Item::Text(value)));
        match packed.find(&field) {
            Some(span) => packed.splice(span.value, span.end - span.value, &[value.head(), value.body()], 0),
            None => {
                let end = packed.bytes().len();
                packed.splice(end, 0, &[field.head(), field.body(), value.head(), value.body()], 1);
            }
        }
    }

    #[test]
    fn every_kind_of_item_reads_back_as_it_was_written() {
        let long = vec![b'x'; 70_000];
        let texts: Vec<Vec<u8>> =
            [0i64, 7, -1, 127, 128, -128, -129, 32_767, -32_769, 1 << 31, -(1 << 31), i64::MAX, i64::MIN]
                .iter()
                .map(|number| number.to_string().into_bytes())
                .chain(
                    [&b""[..], b"007", b"-0", b"+1", b"\0\r\n\xff", &[b'y'; 239], &[b'y'; 240], &long]
                        .map(<[u8]>::to_vec),
                )
                .collect();
        let mut packed = Packed::default();
        for (index, text) in texts.iter().enumerate() {
            put(&mut packed, text, &texts[texts.len() - 1 - index]);
        }
        assert_eq!(packed.len(), texts.len());
        for (index, (field, value)) in packed.iter().enumerate() {
            assert_eq!(
                (field.to_vec(), value.to_vec()),
                (texts[index].clone(), texts[texts.len() - 1 - index].clone())
            );
            assert_eq!(value.text_len(), value.to_vec().len());
        }
    }

    #[test]
    fn a_short_hash_needs_no_block_and_a_longer_one_a_block_of_its_length() {
        let mut packed = Packed::default();
        put(&mut packed, b"field", b"sixteen bytes, y");
        assert_eq!((packed.bytes().len(), packed.heap_bytes()), (23, 0));
        put(&mut packed, b"field", b"seventeen bytes, ");
        assert_eq!((packed.bytes().len(), packed.heap_bytes()), (24, 32));
        put(&mut packed, b"field", b"1234567890");
        assert_eq!((packed.bytes().len(), packed.heap_bytes(), packed.len()), (11, 0, 1));
        assert_eq!(size_of::<Packed>(), 24);
    }
}
