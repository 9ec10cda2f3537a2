//! Values of types that Redis has in modules, or does not have: they say who wrote them, and can be skipped by who does not
//! know them.
//!
//! ```text
//!   type 7   id u64 as a length: nine letters of 6 bits, then 10 bits of version; then fields, each with an opcode:
//!            1, 2 an integer as a length · 3 f32 · 4 f64 · 5 a string · 0 the end
//! ```
//!
//! Arrays are `zedis-arr`, vector sets `vectorset` as in Redis 8; once they were `zedis-vec`. A Redis that meets one in a file says that it has no module of that name,
//! and does not load the file; RESTORE of one says `Bad data format`.

use super::bytes::{read_length, read_number, read_string, take, write_number, write_string};

pub const ARRAY: u64 = id(b"zedis-arr", 0);
pub const VECTOR: u64 = id(b"vectorset", 0);
pub const OLD_VECTOR: u64 = id(b"zedis-vec", 0);

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const NAME_LETTERS: usize = 9;
const VERSION_BITS: u32 = 10;

const END: u8 = 0;
const SIGNED: u8 = 1;
const UNSIGNED: u8 = 2;
const FLOAT: u8 = 3;
const DOUBLE: u8 = 4;
const TEXT: u8 = 5;

const fn id(name: &[u8; NAME_LETTERS], version: u64) -> u64 {
    let (mut id, mut at) = (0, 0);
    while at < NAME_LETTERS {
        let mut letter = 0;
        while LETTERS[letter] != name[at] {
            letter += 1;
        }
        id = id << 6 | letter as u64;
        at += 1;
    }
    id << VERSION_BITS | version
}

/// Is it a type that is there, in a version that is known?
pub fn is_known(id: u64) -> bool {
    matches!(id, ARRAY | VECTOR | OLD_VECTOR)
}

/// The name in an id.
pub fn name(id: u64) -> String {
    let letter =
        |at: usize| LETTERS[(id >> (VERSION_BITS as usize + 6 * (NAME_LETTERS - 1 - at)) & 63) as usize] as char;
    (0..NAME_LETTERS).map(letter).collect()
}

/// Reads past the fields of a value and its end.
pub fn skip(rest: &mut &[u8]) -> Option<()> {
    loop {
        match read_length(rest)? as u8 {
            END => return Some(()),
            SIGNED | UNSIGNED => drop(read_length(rest)?),
            FLOAT => drop(take(rest, 4)?),
            DOUBLE => drop(take(rest, 8)?),
            TEXT => drop(read_string(rest)?),
            _ => return None,
        }
    }
}

pub fn write_unsigned(number: u64, out: &mut Vec<u8>) {
    out.push(UNSIGNED);
    write_number(number, out);
}

#[cfg(test)]
pub fn write_float(number: f32, out: &mut Vec<u8>) {
    out.push(FLOAT);
    out.extend(number.to_le_bytes());
}

pub fn write_text(text: &[u8], out: &mut Vec<u8>) {
    out.push(TEXT);
    write_string(text, out);
}

pub fn write_end(out: &mut Vec<u8>) {
    out.push(END);
}

pub fn read_unsigned(rest: &mut &[u8]) -> Option<u64> {
    (take(rest, 1)?[0] == UNSIGNED).then(|| read_number(rest))?
}

pub fn read_float(rest: &mut &[u8]) -> Option<f32> {
    (take(rest, 1)?[0] == FLOAT).then(|| Some(f32::from_le_bytes(take(rest, 4)?.try_into().ok()?)))?
}

pub fn read_text(rest: &mut &[u8]) -> Option<Vec<u8>> {
    (take(rest, 1)?[0] == TEXT).then(|| read_string(rest))?
}

pub fn read_end(rest: &mut &[u8]) -> Option<()> {
    (take(rest, 1)?[0] == END).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_in_its_id_and_a_value_is_skipped_whole() {
        assert_eq!((name(ARRAY), name(VECTOR)), ("zedis-arr".into(), "vectorset".into()));
        let mut out = Vec::new();
        write_unsigned(u64::MAX, &mut out);
        write_float(1.5, &mut out);
        write_text(b"text", &mut out);
        write_end(&mut out);
        let whole = out.len();
        out.push(9);
        let mut rest = &out[..];
        assert_eq!(skip(&mut rest), Some(()));
        assert_eq!(rest, [9]);
        for end in 0..whole {
            assert_eq!(skip(&mut &out[..end]), None);
        }
    }
}
