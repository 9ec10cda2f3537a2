//! How one element of a list is written in a packed node: as an entry of a listpack, so that a node's size is what Redis
//! would count against `list-max-listpack-size`, and can be walked from both ends.
//!
//! ```text
//!   entry = head data back
//!
//!   head  0nnnnnnn                    0 to 127                          10nnnnnn            text of n bytes
//!         110nnnnn n                  13 bits, signed                   1110nnnn n          text below 4 KiB
//!         0xf1 i16 · 0xf2 i24 · 0xf3 i32 · 0xf4 i64 (little endian)     0xf0 u32            longer text
//!   back  length of head and data, 7 bits a byte, the lowest last; all bytes but the first of it have bit 7 set
//!
//!   "abc"  ->  83 61 62 63 | 04          1000  ->  c3 e8 | 02
//! ```
//!
//! An integer has one form only (the shortest), so two elements are equal exactly if their entries are.

use crate::ds::entry::canonical_integer;
pub use crate::ds::item::Item;

const HEAD_BYTES_MAX: usize = 9;
pub const BACK_BYTES_MAX: usize = 5;

/// Longest text whose head is one byte.
pub const SHORT_TEXT_MAX: usize = 0x3f;

/// An element, ready to be compared with entries or written.
#[derive(Clone, Copy)]
pub struct Element<'a> {
    head: [u8; HEAD_BYTES_MAX],
    head_len: u8,
    body: &'a [u8],
}

impl<'a> Element<'a> {
    #[inline]
    pub fn of(text: &'a [u8]) -> Element<'a> {
        match canonical_integer(text) {
            Some(number) => Element::int(number),
            None => Element::text(text),
        }
    }

    pub fn of_item(item: Item<'a>) -> Element<'a> {
        match item {
            Item::Int(number) => Element::int(number),
            // Text of a node of its own may be a short integer, if DEBUG QUICKLIST-PACKED-THRESHOLD wants it so.
            Item::Text(text) => Element::of(text),
        }
    }

    #[inline]
    fn text(body: &'a [u8]) -> Element<'a> {
        let mut head = [0; HEAD_BYTES_MAX];
        let head_len = match body.len() {
            len @ 0..=SHORT_TEXT_MAX => {
                head[0] = 0x80 | len as u8;
                1
            }
            len @ ..=0xfff => {
                head[0] = 0xe0 | (len >> 8) as u8;
                head[1] = len as u8;
                2
            }
            len => {
                head[0] = 0xf0;
                head[1..5].copy_from_slice(&(len as u32).to_le_bytes());
                5
            }
        };
        Element { head, head_len, body }
    }

    fn int(number: i64) -> Element<'a> {
        let mut head = [0; HEAD_BYTES_MAX];
        let bytes = number.to_le_bytes();
        let head_len = match number {
            0..=0x7f => {
                head[0] = number as u8;
                1
            }
            -0x1000..=0xfff => {
                head[0] = 0xc0 | (number >> 8) as u8 & 0x1f;
                head[1] = number as u8;
                2
            }
            _ => {
                let (code, width) = match number {
                    -0x8000..=0x7fff => (0xf1, 2),
                    -0x80_0000..=0x7f_ffff => (0xf2, 3),
                    -0x8000_0000..=0x7fff_ffff => (0xf3, 4),
                    _ => (0xf4, 8),
                };
                head[0] = code;
                head[1..=width].copy_from_slice(&bytes[..width]);
                width + 1
            }
        };
        Element { head, head_len: head_len as u8, body: &[] }
    }

    /// Bytes of its entry without the back length.
    #[inline]
    fn coded_len(&self) -> usize {
        self.head_len as usize + self.body.len()
    }

    /// Bytes of its entry.
    #[inline]
    pub fn size(&self) -> usize {
        let coded = self.coded_len();
        coded + back_len(coded)
    }

    /// Length of its text, bytes.
    pub fn text_len(&self) -> usize {
        if self.body.is_empty() { item(self.head()).text_len() } else { self.body.len() }
    }

    #[inline]
    fn head(&self) -> &[u8] {
        &self.head[..self.head_len as usize]
    }

    /// Writes its entry into `to`, which has exactly the room for it.
    #[inline]
    pub fn write(&self, to: &mut [u8]) {
        let (coded, back) = to.split_at_mut(self.coded_len());
        let (head, body) = coded.split_at_mut(self.head_len as usize);
        head.copy_from_slice(self.head());
        body.copy_from_slice(self.body);
        let len = self.coded_len();
        if back.len() == 1 {
            back[0] = len as u8;
        } else {
            write_back(len, back);
        }
    }

    /// Is it the element that begins `run`?
    #[inline]
    pub fn begins(&self, run: &[u8]) -> bool {
        // The first byte tells most apart: it holds the length of a short text.
        run[0] == self.head[0] && run.starts_with(self.head()) && run[self.head_len as usize..].starts_with(self.body)
    }
}

/// Bytes of the back length of an entry of so many. Redis's bounds: one less than would fit, from two bytes on.
#[inline]
pub fn back_len(coded: usize) -> usize {
    match coded {
        0..=127 => 1,
        128..16_383 => 2,
        16_383..2_097_151 => 3,
        2_097_151..268_435_455 => 4,
        _ => BACK_BYTES_MAX,
    }
}

#[cold]
fn write_back(len: usize, back: &mut [u8]) {
    let mut rest = len;
    for byte in back[1..].iter_mut().rev() {
        *byte = rest as u8 | 0x80;
        rest >>= 7;
    }
    back[0] = rest as u8;
}

/// Bytes of the entry that begins `run`, without its back length.
#[inline]
fn coded_len(run: &[u8]) -> usize {
    match run[0] {
        0..=0x7f => 1,
        head @ 0x80..=0xbf => 1 + (head & 0x3f) as usize,
        0xc0..=0xdf => 2,
        head @ 0xe0..=0xef => 2 + ((head as usize & 0x0f) << 8 | run[1] as usize),
        0xf0 => 5 + u32::from_le_bytes([run[1], run[2], run[3], run[4]]) as usize,
        0xf1 => 3,
        0xf2 => 4,
        0xf3 => 5,
        _ => 9,
    }
}

/// Bytes of the entry that begins `run`.
#[inline]
pub fn size(run: &[u8]) -> usize {
    let coded = coded_len(run);
    coded + back_len(coded)
}

/// Bytes of the entry that ends `run`.
#[inline]
pub fn size_back(run: &[u8]) -> usize {
    let mut at = run.len() - 1;
    let (mut coded, mut shift) = ((run[at] & 0x7f) as usize, 7);
    while run[at] & 0x80 != 0 {
        at -= 1;
        coded |= ((run[at] & 0x7f) as usize) << shift;
        shift += 7;
    }
    run.len() - at + coded
}

/// The element that begins `run`.
#[inline]
pub fn item(run: &[u8]) -> Item<'_> {
    let int = |bytes: usize| {
        let mut wide = [if run[bytes] & 0x80 != 0 { 0xff } else { 0 }; 8];
        wide[..bytes].copy_from_slice(&run[1..=bytes]);
        Item::Int(i64::from_le_bytes(wide))
    };
    match run[0] {
        small @ 0..=0x7f => Item::Int(small as i64),
        0x80..=0xbf => Item::Text(&run[1..coded_len(run)]),
        // 13 bits: the sign is bit 4 of the first byte.
        head @ 0xc0..=0xdf => Item::Int((((head as i16) << 8 | run[1] as i16) << 3 >> 3) as i64),
        0xe0..=0xef => Item::Text(&run[2..coded_len(run)]),
        0xf0 => Item::Text(&run[5..coded_len(run)]),
        0xf1 => int(2),
        0xf2 => int(3),
        0xf3 => int(4),
        _ => int(8),
    }
}

/// Every element of `run`, from left to right.
pub fn items(run: &[u8]) -> impl Iterator<Item = Item<'_>> {
    let mut rest = run;
    std::iter::from_fn(move || {
        let first = (!rest.is_empty()).then(|| item(rest))?;
        rest = &rest[size(rest)..];
        Some(first)
    })
}

/// Where element `index` of the `count` in `run` begins, walked to from the nearer end; the end of the run for `count`.
pub fn seek(run: &[u8], count: usize, index: usize) -> usize {
    debug_assert!(index <= count);
    if index <= count / 2 {
        let mut at = 0;
        for _ in 0..index {
            at += size(&run[at..]);
        }
        return at;
    }
    let mut at = run.len();
    for _ in index..count {
        at -= size_back(&run[..at]);
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(text: &[u8]) -> Vec<u8> {
        let element = Element::of(text);
        let mut out = vec![0; element.size()];
        element.write(&mut out);
        out
    }

    #[test]
    fn every_kind_of_element_reads_from_both_ends_as_it_was_written() {
        let numbers = [0i64, 1, 127, 128, -1, 4095, 4096, -4096, -4097, 32_767, -32_769, 1 << 23, -(1 << 23), 1 << 31];
        let mut texts: Vec<Vec<u8>> = numbers.iter().map(|number| number.to_string().into_bytes()).collect();
        texts.extend([i64::MAX, i64::MIN, -(1 << 31), -(1 << 31) - 1].map(|number| number.to_string().into_bytes()));
        texts.extend([&b""[..], b"007", b"-0", b"+1", b"\0\r\n\xff"].map(<[u8]>::to_vec));
        texts.extend([63usize, 64, 125, 126, 127, 4095, 4096, 16_378, 16_379, 70_000].map(|len| vec![b'x'; len]));
        let mut run = Vec::new();
        for text in &texts {
            let entry = entry(text);
            assert_eq!((size(&entry), size_back(&entry)), (entry.len(), entry.len()), "{}", text.len());
            assert_eq!(item(&entry).to_vec(), *text);
            assert_eq!(Element::of(text).text_len(), text.len());
            assert!(Element::of(text).begins(&entry) && !Element::of(b"other").begins(&entry));
            run.extend(entry);
        }
        assert_eq!(items(&run).map(Item::to_vec).collect::<Vec<_>>(), texts);
        for index in 0..texts.len() {
            assert_eq!(item(&run[seek(&run, texts.len(), index)..]).to_vec(), texts[index]);
        }
        assert_eq!(seek(&run, texts.len(), texts.len()), run.len());
    }

    #[test]
    fn entries_are_those_of_a_listpack() {
        assert_eq!(entry(b"abc"), [0x83, b'a', b'b', b'c', 4]);
        assert_eq!(entry(b"1000"), [0xc3, 0xe8, 2]);
        assert_eq!(entry(b"-1"), [0xdf, 0xff, 2]);
        assert_eq!(entry(b"-1000"), [0xdc, 0x18, 2]);
        assert_eq!(entry(b"70000"), [0xf2, 0x70, 0x11, 0x01, 4]);
        assert_eq!(entry(&[b'y'; 200])[..2], [0xe0, 200]);
        assert_eq!(entry(&[b'y'; 200])[202..], [1, 0x80 | 74]);
        let mut pack = vec![0; 6];
        for text in [&b"abc"[..], b"-1000", &[b'y'; 200], b"9223372036854775807"] {
            pack.extend(entry(text));
        }
        pack.push(0xff);
        let bytes = pack.len() as u32;
        pack[..4].copy_from_slice(&bytes.to_le_bytes());
        let read = crate::snapshot::packs::listpack(&pack).expect("a listpack");
        assert_eq!(read, [b"abc".to_vec(), b"-1000".to_vec(), vec![b'y'; 200], b"9223372036854775807".to_vec()]);
    }
}
