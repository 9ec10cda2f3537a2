//! How long a value is, without making it: what tells whoever cuts a file into pieces where one record ends and the next begins.
//!
//! Whatever a reader takes is skipped to the same place. Damage that does not change lengths is not noticed here.

use super::bytes::{read_length, read_number, read_u64, take};
use super::module;
use super::stream::ID_BYTES;
use super::value::{Dialect, kind};

/// Past a string.
pub(super) fn string(rest: &mut &[u8]) -> Option<()> {
    let bytes = match rest.first()? {
        special @ 0xc0..=0xc2 => {
            let bytes = 1usize << (special - 0xc0);
            take(rest, 1)?;
            bytes
        }
        0xc3 => {
            take(rest, 1)?;
            let packed = read_length(rest)?;
            read_length(rest)?;
            packed
        }
        _ => read_length(rest)?,
    };
    take(rest, bytes).map(drop)
}

/// Past a value of a type; its key is behind. None: it is cut off, or damaged.
pub(super) fn value(kind: u8, dialect: Dialect, rest: &mut &[u8]) -> Option<()> {
    let valkey = dialect == Dialect::Valkey;
    match kind {
        kind::STRING
        | kind::SET_INTSET
        | kind::SET_LISTPACK
        | kind::LIST_ZIPLIST
        | kind::HASH_LISTPACK
        | kind::HASH_ZIPLIST
        | kind::HASH_ZIPMAP
        | kind::ZSET_ZIPLIST
        | kind::ZSET_LISTPACK
        | kind::HASH_LISTPACK_TRIPLES => string(rest),
        kind::HASH_LISTPACK_EXPIRING => {
            read_u64(rest)?;
            string(rest)
        }
        kind::LIST | kind::SET | kind::LIST_ZIPLISTS => each(rest, string),
        kind::HASH => each(rest, |rest| string(rest).and_then(|()| string(rest))),
        kind::LIST_LISTPACKS => each(rest, |rest| {
            read_length(rest)?;
            string(rest)
        }),
        kind::ZSET => each(rest, |rest| {
            string(rest)?;
            match take(rest, 1)?[0] {
                253.. => Some(()),
                bytes => take(rest, bytes as usize).map(drop),
            }
        }),
        kind::ZSET_BINARY => each(rest, |rest| {
            string(rest)?;
            take(rest, 8).map(drop)
        }),
        kind::HASH_EXPIRING_ABSOLUTE if valkey => each(rest, |rest| {
            string(rest)?;
            string(rest)?;
            take(rest, 8).map(drop)
        }),
        kind::HASH_EXPIRING | kind::HASH_EXPIRING_ABSOLUTE => {
            if kind == kind::HASH_EXPIRING {
                read_u64(rest)?;
            }
            each(rest, |rest| {
                read_number(rest)?;
                string(rest)?;
                string(rest)
            })
        }
        kind::STREAM | kind::STREAM_2 | kind::STREAM_3 => stream(kind, rest),
        kind::MODULE => {
            read_number(rest)?;
            module::skip(rest)
        }
        _ => None,
    }
}

/// Past as many things as a length before them says.
fn each(rest: &mut &[u8], mut past: impl FnMut(&mut &[u8]) -> Option<()>) -> Option<()> {
    // A thing is a byte at least, so this ends where the bytes do.
    (0..read_length(rest)?).try_for_each(|_| past(rest))
}

fn id(rest: &mut &[u8]) -> Option<()> {
    read_number(rest)?;
    read_number(rest).map(drop)
}

fn stream(kind: u8, rest: &mut &[u8]) -> Option<()> {
    each(rest, |rest| string(rest).and_then(|()| string(rest)))?;
    read_number(rest)?;
    id(rest)?;
    if kind != kind::STREAM {
        id(rest)?;
        id(rest)?;
        read_number(rest)?;
    }
    each(rest, |rest| {
        string(rest)?;
        id(rest)?;
        if kind != kind::STREAM {
            read_number(rest)?;
        }
        each(rest, |rest| {
            take(rest, ID_BYTES + 8)?;
            read_number(rest).map(drop)
        })?;
        each(rest, |rest| {
            string(rest)?;
            take(rest, if kind == kind::STREAM_3 { 16 } else { 8 })?;
            each(rest, |rest| take(rest, ID_BYTES).map(drop))
        })
    })
}
