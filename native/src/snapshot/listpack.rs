//! Writing listpacks, which streams are made of in every version of RDB files; `packs.rs` draws and reads them.

use crate::resp::number;

const HEAD_BYTES: usize = 6;
/// Elements that the head can count; it says so many where there are more.
const COUNT_MAX: usize = u16::MAX as usize;

pub struct Listpack {
    bytes: Vec<u8>,
    count: usize,
}

impl Listpack {
    pub fn new() -> Listpack {
        Listpack { bytes: vec![0; HEAD_BYTES], count: 0 }
    }

    /// Appends a text; one that is the digits of an integer as that.
    pub fn text(&mut self, text: &[u8]) {
        if let Some(number) = number::integer(text) {
            return self.int(number);
        }
        let at = self.bytes.len();
        match text.len() {
            len @ 0..=0x3f => self.bytes.push(0x80 | len as u8),
            len @ 0x40..=0xfff => self.bytes.extend([0xe0 | (len >> 8) as u8, len as u8]),
            len => {
                self.bytes.push(0xf0);
                self.bytes.extend((len as u32).to_le_bytes());
            }
        }
        self.bytes.extend_from_slice(text);
        self.close_element(at);
    }

    pub fn int(&mut self, number: i64) {
        let at = self.bytes.len();
        let little = number.to_le_bytes();
        match number {
            0..=0x7f => self.bytes.push(number as u8),
            -0x1000..=0xfff => self.bytes.extend([0xc0 | (number >> 8) as u8 & 0x1f, number as u8]),
            _ => {
                let (head, width) = [(0xf1, 2), (0xf2, 3), (0xf3, 4)]
                    .into_iter()
                    .find(|(_, width)| number >> (8 * width - 1) == 0 || number >> (8 * width - 1) == -1)
                    .unwrap_or((0xf4, 8));
                self.bytes.push(head);
                self.bytes.extend_from_slice(&little[..width]);
            }
        }
        self.close_element(at);
    }

    /// Writes the length of the element that begins at `at` behind it, to be read from its end.
    fn close_element(&mut self, at: usize) {
        let len = self.bytes.len() - at;
        let more = length_bytes(len) - 1;
        self.bytes.push((len >> (7 * more)) as u8);
        for left in (0..more).rev() {
            self.bytes.push((len >> (7 * left)) as u8 & 0x7f | 0x80);
        }
        self.count += 1;
    }

    /// The whole.
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.push(0xff);
        let bytes = self.bytes.len() as u32;
        self.bytes[..4].copy_from_slice(&bytes.to_le_bytes());
        self.bytes[4..6].copy_from_slice(&(self.count.min(COUNT_MAX) as u16).to_le_bytes());
        self.bytes
    }
}

/// Bytes of the length behind an element of `len` bytes. The greatest number of each width takes one more, as in Redis.
pub fn length_bytes(len: usize) -> usize {
    match len {
        0..=0x7f => 1,
        0x80..=0x3ffe => 2,
        0x3fff..=0x1f_fffe => 3,
        0x1f_ffff..=0xfff_fffe => 4,
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::super::packs::listpack;
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let mut wanted: Vec<Vec<u8>> = vec![b"".to_vec(), b"a".to_vec(), b"007".to_vec()];
        for len in [63, 64, 127, 4095, 4096, 16_381, 16_382, 16_383, 16_384, 100_000] {
            wanted.push(vec![b'x'; len]);
        }
        for bits in 0..63 {
            for number in [1i64 << bits, (1 << bits) - 1, -(1 << bits), -(1 << bits) - 1] {
                wanted.push(number.to_string().into_bytes());
            }
        }
        wanted.extend([i64::MAX, i64::MIN].map(|number| number.to_string().into_bytes()));
        let mut pack = Listpack::new();
        wanted.iter().for_each(|text| pack.text(text));
        assert_eq!(listpack(&pack.finish()), Some(wanted));
    }
}
