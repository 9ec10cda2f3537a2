//! Elements as bulk strings, many at once: one reservation for all of them, then plain stores.

use super::element::{self, Item, SHORT_TEXT_MAX};

/// Most bytes that the bulk string of an element has more than its entry: `$20`, 20 characters and two line ends for the
/// 10 bytes of a 64-bit integer. Text has 5 to 8 more.
const GROWTH_MAX: usize = 5 + 20 + 2 - 10;

/// The heads of short bulk strings are stored as whole words, so a little more than all is reserved.
const SLACK: usize = 8;

/// `$0\r\n` to `$63\r\n`, each in 8 bytes.
const HEADS: [[u8; 8]; SHORT_TEXT_MAX + 1] = {
    let mut heads = [[0; 8]; SHORT_TEXT_MAX + 1];
    let mut len = 0;
    while len <= SHORT_TEXT_MAX {
        let (tens, ones) = (b'0' + len as u8 / 10, b'0' + len as u8 % 10);
        heads[len] = match len {
            0..10 => [b'$', ones, b'\r', b'\n', 0, 0, 0, 0],
            _ => [b'$', tens, ones, b'\r', b'\n', 0, 0, 0],
        };
        len += 1;
    }
    heads
};

/// Appends the `count` elements that `run` holds, from left to right. Cost: about 4 ns a short one.
pub fn write(run: &[u8], count: usize, out: &mut Vec<u8>) {
    let mut room = Room::reserve(run, count, out);
    let mut at = 0;
    for _ in 0..count {
        let rest = &run[at..];
        at += room.write(rest);
    }
}

/// The same from right to left.
pub fn write_back(run: &[u8], count: usize, out: &mut Vec<u8>) {
    let mut room = Room::reserve(run, count, out);
    let mut end = run.len();
    for _ in 0..count {
        let size = element::size_back(&run[..end]);
        room.write(&run[end - size..end]);
        end -= size;
    }
}

/// Appends one text as a bulk string.
pub fn write_plain(text: &[u8], out: &mut Vec<u8>) {
    out.reserve(text.len() + 32);
    out.push(b'$');
    out.extend_from_slice(itoa::Buffer::new().format(text.len()).as_bytes());
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(text);
    out.extend_from_slice(b"\r\n");
}

/// The reserved end of a buffer; what was written becomes part of the buffer when this goes.
struct Room<'o> {
    out: &'o mut Vec<u8>,
    written: usize,
}

impl Room<'_> {
    fn reserve<'o>(run: &[u8], count: usize, out: &'o mut Vec<u8>) -> Room<'o> {
        out.reserve(run.len() + count * GROWTH_MAX + SLACK);
        Room { out, written: 0 }
    }

    /// Writes the element that begins `run` and gives the size of its entry. At most `count` calls on disjoint entries of
    /// the reserved run.
    #[inline]
    fn write(&mut self, run: &[u8]) -> usize {
        let head = run[0] as usize;
        if head & 0xc0 != 0x80 {
            return self.write_other(run);
        }
        let len = head & SHORT_TEXT_MAX;
        let text = &run[1..1 + len];
        let head_len = if len < 10 { 4 } else { 5 };
        // SAFETY: the reservation covers every entry's bytes and GROWTH_MAX more for each, plus SLACK for the last head's
        // word; this entry of `len + 2` bytes becomes `head_len + len + 2`.
        unsafe {
            let to = self.out.as_mut_ptr().add(self.out.len() + self.written);
            to.cast::<[u8; 8]>().write(HEADS[len]);
            copy_short(text, to.add(head_len));
            to.add(head_len + len).cast::<[u8; 2]>().write(*b"\r\n");
        }
        self.written += head_len + len + 2;
        len + 2
    }

    #[inline(never)]
    fn write_other(&mut self, run: &[u8]) -> usize {
        let mut digits = itoa::Buffer::new();
        let text = match element::item(run) {
            Item::Int(number) => digits.format(number).as_bytes(),
            Item::Text(text) => text,
        };
        self.put(b"$");
        self.put(itoa::Buffer::new().format(text.len()).as_bytes());
        self.put(b"\r\n");
        self.put(text);
        self.put(b"\r\n");
        element::size(run)
    }

    fn put(&mut self, bytes: &[u8]) {
        debug_assert!(self.out.len() + self.written + bytes.len() <= self.out.capacity());
        // SAFETY: as in `write`: the parts of one element together are no longer than its entry and GROWTH_MAX.
        unsafe {
            let to = self.out.as_mut_ptr().add(self.out.len() + self.written);
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len());
        }
        self.written += bytes.len();
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        let len = self.out.len() + self.written;
        assert!(len <= self.out.capacity());
        // SAFETY: `written` bytes after the old length were initialised, within the capacity.
        unsafe { self.out.set_len(len) }
    }
}

/// Copies up to 63 bytes by two overlapping moves of fixed sizes, without a call.
///
/// # Safety
/// 1. `to` has room for `text` and does not overlap it.
#[inline(always)]
unsafe fn copy_short(text: &[u8], to: *mut u8) {
    let (from, len) = (text.as_ptr(), text.len());
    // SAFETY: (1); each move lies within `len` bytes of both, for the lengths of its arm.
    unsafe {
        match len {
            0 => (),
            1..4 => {
                to.write(*from);
                to.add(len / 2).write(*from.add(len / 2));
                to.add(len - 1).write(*from.add(len - 1));
            }
            4..8 => both_ends::<4>(from, to, len),
            8..16 => both_ends::<8>(from, to, len),
            16..32 => both_ends::<16>(from, to, len),
            _ => both_ends::<32>(from, to, len),
        }
    }
}

/// # Safety
/// 1. `from` is readable and `to` writable for `len` bytes, they do not overlap, and `N <= len <= 2 * N`.
#[inline(always)]
unsafe fn both_ends<const N: usize>(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: (1)
    unsafe {
        let (head, tail) = (from.cast::<[u8; N]>().read(), from.add(len - N).cast::<[u8; N]>().read());
        to.cast::<[u8; N]>().write(head);
        to.add(len - N).cast::<[u8; N]>().write(tail);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::list::Side;
    use crate::types::list::element::Element;
    use crate::types::list::run::Run;

    #[test]
    fn elements_of_every_length_and_kind_are_written_from_both_sides() {
        let mut texts: Vec<Vec<u8>> =
            (0..200usize).map(|len| (0..len).map(|at| b'a' + (at % 26) as u8).collect()).collect();
        texts.extend([4095usize, 4096, 70_000].map(|len| vec![b'z'; len]));
        for power in 0..63 {
            texts.extend([1i64 << power, -(1i64 << power), (1i64 << power) - 1].map(|n| n.to_string().into_bytes()));
        }
        texts.push(i64::MIN.to_string().into_bytes());
        let bulk = |text: &Vec<u8>| [format!("${}\r\n", text.len()).as_bytes(), text, b"\r\n"].concat();
        let mut run = Run::default();
        texts.iter().for_each(|text| run.push(Side::Right, &Element::of(text)));
        let mut out = b"before".to_vec();
        write(run.bytes(), run.len(), &mut out);
        assert_eq!(out, [b"before".to_vec(), texts.iter().flat_map(bulk).collect()].concat());
        out.clear();
        write_back(run.bytes(), run.len(), &mut out);
        assert_eq!(out, texts.iter().rev().flat_map(bulk).collect::<Vec<u8>>());
        for text in &texts {
            let mut run = Run::default();
            run.push(Side::Left, &Element::of(text));
            let mut out = Vec::new();
            write(run.bytes(), 1, &mut out);
            assert_eq!(out, bulk(text));
        }
    }
}
