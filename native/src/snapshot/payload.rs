//! The envelope of DUMP: a value, the version of the format (u16), and the CRC-64 of all before it (little-endian).

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use super::crc64::crc64;
use super::value::{self, Dialect, Loaded};
use crate::ds::entry::EntryRef;
use crate::store::settings::ANY_VERSION;

/// What is written: the version of Redis 7.0, which can carry nearly all there is.
const VERSION: u16 = 10;
/// That of Redis 7.4, for fields that expire.
const VERSION_EXPIRING: u16 = 12;
/// Versions of Redis that are taken. What a newer one than is known wrote is read too, if its type is known.
const VERSIONS: std::ops::RangeInclusive<u16> = 1..=79;
/// Those of Valkey, which counts its own way since its version 9.
const VERSIONS_VALKEY: std::ops::RangeInclusive<u16> = 80..=99;
const FOOTER_BYTES: usize = 10;

/// DEBUG SET-SKIP-CHECKSUM-VALIDATION: the sum of a payload is not looked at.
pub static SKIP_SUM: AtomicBool = AtomicBool::new(false);

/// The payload of an entry.
pub fn write(entry: EntryRef<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    value::write(entry, &mut out);
    let version = if out[0] == value::kind::HASH_EXPIRING { VERSION_EXPIRING } else { VERSION };
    close_as(version, out)
}

/// Puts the footer behind a content.
pub(super) fn close(out: Vec<u8>) -> Vec<u8> {
    close_as(VERSION, out)
}

fn close_as(version: u16, mut out: Vec<u8>) -> Vec<u8> {
    out.extend(version.to_le_bytes());
    out.extend(crc64(0, &out).to_le_bytes());
    out
}

/// Why a payload is not taken.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// Of a newer version, cut short or changed on the way.
    Envelope,
    /// The sum is right, and the content is not.
    Content,
}

pub fn read(payload: &[u8]) -> Result<Loaded, Refused> {
    let (content, dialect) = open(payload).ok_or(Refused::Envelope)?;
    value::read(content, dialect).ok_or(Refused::Content)
}

/// The content of a payload, and who wrote it; None: its version or its sum is wrong.
pub(super) fn open(payload: &[u8]) -> Option<(&[u8], Dialect)> {
    let (body, footer) = payload.len().checked_sub(FOOTER_BYTES).map(|at| payload.split_at(at))?;
    let version = u16::from_le_bytes([footer[0], footer[1]]);
    let sum = crc64(0, &payload[..body.len() + 2]).to_le_bytes();
    let dialect = match version {
        _ if VERSIONS.contains(&version) => Dialect::Redis,
        _ if VERSIONS_VALKEY.contains(&version) => Dialect::Valkey,
        _ if version > *VERSIONS_VALKEY.end() && ANY_VERSION.load(Relaxed) => Dialect::Valkey,
        _ => return None,
    };
    // A sum of 0 says that there is none, as in files.
    (sum == footer[2..] || footer[2..] == [0; 8] || SKIP_SUM.load(Relaxed)).then_some((body, dialect))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_of_nought_is_none_and_what_it_does_not_cover_is_bad_data() {
        assert!(matches!(read(b"\x00\x03bar\x0a\x00\0\0\0\0\0\0\0\0"), Ok(Loaded::Text(_))));
        // A string of 2^64 - 9 bytes, of which there is none.
        let lies = b"\x00\x81\xff\xff\xff\xff\xff\xff\xff\xf7\x0c\x00\0\0\0\0\0\0\0\0";
        assert_eq!(read(lies), Err(Refused::Content));
    }

    #[test]
    fn what_redis_7_dumped_is_taken_and_a_changed_byte_is_not() {
        let dumped = b"\x10\x11\x11\x00\x00\x00\x04\x00\x81a\x02\x01\x01\x81b\x02\x02\x01\xff\n\x00>@cl\x8f]v\x9a";
        assert!(matches!(read(dumped), Ok(Loaded::Hash(pairs)) if pairs.len() == 2));
        for at in 0..dumped.len() {
            let mut changed = dumped.to_vec();
            changed[at] ^= 1;
            assert_eq!(read(&changed), Err(Refused::Envelope), "{at}");
            assert_eq!(read(&dumped[..at]), Err(Refused::Envelope), "{at}");
        }
    }
}
