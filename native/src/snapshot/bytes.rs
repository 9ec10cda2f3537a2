//! Lengths and strings, what everything in RDB files is made of.
//!
//! ```text
//!   length   00nnnnnn · 01nnnnnn n · 0x80 u32 · 0x81 u64 (big-endian) · 11xxxxxx: not a length but
//!            0xc0 i8 · 0xc1 i16 · 0xc2 i32 (little-endian) · 0xc3 compressed: length, length before, LZF bytes
//!   string   length and bytes, or one of the four above
//! ```

use std::borrow::Cow;
use std::sync::atomic::Ordering::Relaxed;

use super::{lzf, packs};
use crate::resp::number;
use crate::store::settings::COMPRESS;

/// Strings up to here are not worth it, as in Redis.
const COMPRESS_BYTES_MIN: usize = 20;

pub(super) fn write_length(length: usize, out: &mut Vec<u8>) {
    match length {
        0..=0x3f => out.push(length as u8),
        0x40..=0x3fff => out.extend([0x40 | (length >> 8) as u8, length as u8]),
        _ => match u32::try_from(length) {
            Ok(length) => {
                out.push(0x80);
                out.extend(length.to_be_bytes());
            }
            Err(_) => {
                out.push(0x81);
                out.extend((length as u64).to_be_bytes());
            }
        },
    }
}

pub(super) fn write_string(text: &[u8], out: &mut Vec<u8>) {
    match number::integer(text).map(i32::try_from) {
        Some(Ok(number)) => match (i8::try_from(number), i16::try_from(number)) {
            (Ok(number), _) => out.extend([0xc0, number as u8]),
            (_, Ok(number)) => {
                out.push(0xc1);
                out.extend(number.to_le_bytes());
            }
            _ => {
                out.push(0xc2);
                out.extend(number.to_le_bytes());
            }
        },
        _ if text.len() > COMPRESS_BYTES_MIN && COMPRESS.load(Relaxed) => match lzf::compress(text, text.len() - 4) {
            Some(packed) => {
                out.push(0xc3);
                write_length(packed.len(), out);
                write_length(text.len(), out);
                out.extend_from_slice(&packed);
            }
            None => write_plain(text, out),
        },
        _ => write_plain(text, out),
    }
}

fn write_plain(text: &[u8], out: &mut Vec<u8>) {
    write_length(text.len(), out);
    out.extend_from_slice(text);
}

pub(super) fn take<'b>(rest: &mut &'b [u8], count: usize) -> Option<&'b [u8]> {
    let (taken, left) = rest.split_at_checked(count)?;
    *rest = left;
    Some(taken)
}

pub(super) fn read_length(rest: &mut &[u8]) -> Option<usize> {
    match take(rest, 1)?[0] {
        byte @ 0..=0x3f => Some(byte as usize),
        byte @ 0x40..=0x7f => Some((byte as usize & 0x3f) << 8 | take(rest, 1)?[0] as usize),
        0x80 => Some(u32::from_be_bytes(take(rest, 4)?.try_into().ok()?) as usize),
        0x81 => usize::try_from(u64::from_be_bytes(take(rest, 8)?.try_into().ok()?)).ok(),
        _ => None,
    }
}

/// Their number, then so many strings.
pub(super) fn read_strings(rest: &mut &[u8]) -> Option<Vec<Vec<u8>>> {
    let count = read_length(rest)?;
    // Each string is a byte at least.
    if count > rest.len() {
        return None;
    }
    (0..count).map(|_| read_string(rest)).collect()
}

pub(super) fn read_string(rest: &mut &[u8]) -> Option<Vec<u8>> {
    read_text(rest).map(Cow::into_owned)
}

/// A string, borrowed where it stands there as it is.
pub(super) fn read_text<'b>(rest: &mut &'b [u8]) -> Option<Cow<'b, [u8]>> {
    match rest.first()? {
        special @ 0xc0..=0xc2 => {
            let bytes = 1usize << (special - 0xc0);
            take(rest, 1)?;
            Some(packs::signed(take(rest, bytes)?).into())
        }
        0xc3 => {
            take(rest, 1)?;
            let (packed, whole) = (read_length(rest)?, read_length(rest)?);
            lzf::expand(take(rest, packed)?, whole).map(Cow::Owned)
        }
        _ => {
            let length = read_length(rest)?;
            Some(take(rest, length)?.into())
        }
    }
}

pub(super) fn read_u64(rest: &mut &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(take(rest, 8)?.try_into().ok()?))
}

/// Lengths are written for numbers of 64 bits too.
pub(super) fn write_number(number: u64, out: &mut Vec<u8>) {
    write_length(number as usize, out);
}

pub(super) fn read_number(rest: &mut &[u8]) -> Option<u64> {
    Some(read_length(rest)? as u64)
}

const _: () = assert!(usize::BITS == 64);
