//! One value as an RDB file holds it: its type's number, then its content.
//!
//! ```text
//!   type 0   a string                     type 4   count, then fields and values, as strings
//!   type 1   count, then elements of a list, as strings; type 2  members of a set
//!   type 18  count of nodes, each a length (1: a large element, 2: a listpack) and a string; type 14 ziplists only, and
//!            type 10 one ziplist (Redis below 7)
//!   type 16  a string that is a listpack of fields and values; type 13 a ziplist (Redis below 7), 9 a zipmap (below 2.6)
//!   type 20  a string that is a listpack of members; type 11 an intset: u32 width, u32 count, the integers, ascending
//!   type 24  a hash with expiring fields: the first expiry, u64; count, then per field its expiry as a length (0: none, else
//!            one more than its distance from the first), field, value; type 22 without the first, expiries absolute;
//!            Valkey's type 22: count, then per field field, value, expiry as an i64, -1: none
//!   type 25  the first expiry, u64, and a string that is a listpack of fields, values and expiries (0: none); 23 without it
//! ```
//!
//! Strings and lengths are drawn in `bytes.rs`, sorted sets in `zset.rs`, streams in `stream.rs`, what Redis does not have in
//! `module.rs`. Written are types 0, 1, 2, 4 and 5 only, which every version of Redis from 4.0 and Valkey read and pack as they
//! like, 19 for streams (Redis 7.0), and 24 where a field expires (Redis 7.4).

use super::bytes::{read_length, read_number, read_string, read_strings, write_length, write_number, write_string};
use super::expiring::{self, Triple};
use super::stream::{self, Stream};
use super::zset::{self, Scored};
use super::{array, module, packs, stream_write, vector};
use crate::ds::digest::Digest;
use crate::ds::entry::{EntryRef, Object, Value};
use crate::types::array::value::ArrayValue;
use crate::types::hash::value::HashValue;
use crate::types::list::value::ListValue;
use crate::types::set::value::SetValue;
use crate::types::stream::value::StreamValue;
use crate::types::vector::value::VectorSet;
use crate::types::zset::value::ZsetValue;

/// Who wrote it: from version 12 of the format on, Redis and Valkey give the same number to different types.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    Redis,
    Valkey,
}

pub(super) mod kind {
    pub const STRING: u8 = 0;
    pub const LIST: u8 = 1;
    pub const SET: u8 = 2;
    pub const ZSET: u8 = 3;
    pub const HASH: u8 = 4;
    pub const ZSET_BINARY: u8 = 5;
    pub const MODULE: u8 = 7;
    pub const HASH_ZIPMAP: u8 = 9;
    pub const LIST_ZIPLIST: u8 = 10;
    pub const SET_INTSET: u8 = 11;
    pub const ZSET_ZIPLIST: u8 = 12;
    pub const HASH_ZIPLIST: u8 = 13;
    pub const LIST_ZIPLISTS: u8 = 14;
    pub const STREAM: u8 = 15;
    pub const HASH_LISTPACK: u8 = 16;
    pub const ZSET_LISTPACK: u8 = 17;
    pub const LIST_LISTPACKS: u8 = 18;
    pub const STREAM_2: u8 = 19;
    pub const SET_LISTPACK: u8 = 20;
    pub const STREAM_3: u8 = 21;
    pub const HASH_EXPIRING_ABSOLUTE: u8 = 22;
    pub const HASH_LISTPACK_TRIPLES: u8 = 23;
    pub const HASH_EXPIRING: u8 = 24;
    pub const HASH_LISTPACK_EXPIRING: u8 = 25;

    /// Numbers that Redis took back, or has never given, are not.
    pub const fn is_known(kind: u8) -> bool {
        kind <= HASH_LISTPACK_EXPIRING && kind != 6 && kind != 8
    }
}

/// A value that was read and can be put under a key.
#[derive(Debug, PartialEq)]
pub enum Loaded {
    Text(Vec<u8>),
    /// Elements.
    List(Vec<Vec<u8>>),
    /// Members, each once.
    Set(Vec<Vec<u8>>),
    /// Fields with values, each field once.
    Hash(Vec<(Vec<u8>, Vec<u8>)>),
    /// The same of a hash with fields that expire.
    Expiring(Vec<Triple>),
    /// Members, each once; no score is NaN.
    Zset(Vec<Scored>),
    Stream(Box<Stream>),
    Made(Made),
}

impl Loaded {
    /// Is it a collection of nothing? Old versions wrote such; there is no key of it.
    pub fn is_empty(&self) -> bool {
        match self {
            Loaded::Text(_) | Loaded::Stream(_) | Loaded::Made(_) => false,
            Loaded::List(texts) | Loaded::Set(texts) => texts.is_empty(),
            Loaded::Hash(pairs) => pairs.is_empty(),
            Loaded::Expiring(triples) => triples.is_empty(),
            Loaded::Zset(members) => members.is_empty(),
        }
    }
}

/// A value of a type that is made as it is read.
pub struct Made(pub Box<dyn Object>);

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(self.0.type_name())
    }
}

impl PartialEq for Made {
    fn eq(&self, other: &Made) -> bool {
        let digest = |made: &Made| {
            let mut digest = Digest::default();
            made.0.digest(&mut digest);
            digest.to_string()
        };
        digest(self) == digest(other)
    }
}

/// Appends the value of an entry.
pub fn write(entry: EntryRef<'_>, out: &mut Vec<u8>) {
    match entry.value() {
        Value::Int(number) => {
            out.push(kind::STRING);
            write_string(itoa::Buffer::new().format(number).as_bytes(), out);
        }
        Value::Bytes(text) => {
            out.push(kind::STRING);
            write_string(text, out);
        }
        Value::Object(object) => write_object(object, out),
    }
}

/// As [`write`], with the key between type and value, as files have it. `room` is used for the value.
pub fn write_under_key(entry: EntryRef<'_>, room: &mut Vec<u8>, out: &mut Vec<u8>) {
    room.clear();
    write(entry, room);
    out.push(room[0]);
    write_string(entry.key(), out);
    out.extend_from_slice(&room[1..]);
}

fn write_object(object: &dyn Object, out: &mut Vec<u8>) {
    let any = object.as_any();
    if let Some(hash) = any.downcast_ref::<HashValue>() {
        expiring::write(hash, out);
    } else if let Some(list) = any.downcast_ref::<ListValue>() {
        out.push(kind::LIST);
        write_length(object.len(), out);
        list.for_each(|element| write_string(&element.to_vec(), out));
    } else if let Some(set) = any.downcast_ref::<SetValue>() {
        out.push(kind::SET);
        write_length(object.len(), out);
        set.for_each(|member| write_string(&member.to_vec(), out));
    } else if let Some(zset) = any.downcast_ref::<ZsetValue>() {
        zset::write(zset, out);
    } else if let Some(stream) = any.downcast_ref::<StreamValue>() {
        stream_write::write(stream, out);
    } else if let Some(array) = any.downcast_ref::<ArrayValue>() {
        out.push(kind::MODULE);
        write_number(module::ARRAY, out);
        array::write(array, out);
    } else if let Some(set) = any.downcast_ref::<VectorSet>() {
        out.push(kind::MODULE);
        write_number(module::VECTOR, out);
        vector::write(set, out);
    } else {
        unreachable!("{} is not a type of values", object.type_name());
    }
}

/// The value that `bytes` hold, all of them; None if they are damaged or of a type that is not known.
pub fn read(bytes: &[u8], dialect: Dialect) -> Option<Loaded> {
    let (kind, mut rest) = bytes.split_first()?;
    let loaded = read_kind(*kind, dialect, &mut rest)?;
    (rest.is_empty() && !loaded.is_empty()).then_some(loaded)
}

/// The value of a type that `rest` begins with, which may be an empty collection. None: as [`read`].
pub fn read_kind(kind: u8, dialect: Dialect, rest: &mut &[u8]) -> Option<Loaded> {
    let loaded = match kind {
        kind::STRING => Loaded::Text(read_string(rest)?),
        kind::HASH => {
            let count = read_length(rest)?;
            // Each string is a byte at least.
            if count.checked_mul(2)? > rest.len() {
                return None;
            }
            Loaded::Hash((0..count).map(|_| Some((read_string(rest)?, read_string(rest)?))).collect::<Option<_>>()?)
        }
        kind::HASH_EXPIRING_ABSOLUTE..=kind::HASH_LISTPACK_EXPIRING => {
            Loaded::Expiring(expiring::read(kind, dialect, rest)?)
        }
        kind::LIST => Loaded::List(read_strings(rest)?),
        kind::SET => Loaded::Set(read_strings(rest)?),
        kind::SET_INTSET => Loaded::Set(packs::intset(&read_string(rest)?)?),
        kind::SET_LISTPACK => Loaded::Set(packs::listpack(&read_string(rest)?)?),
        kind::LIST_ZIPLIST => Loaded::List(packs::ziplist(&read_string(rest)?)?),
        kind::LIST_ZIPLISTS => nodes(rest, |rest| packs::ziplist(&read_string(rest)?))?,
        kind::LIST_LISTPACKS => nodes(rest, |rest| match read_length(rest)? {
            1 => Some(vec![read_string(rest)?]),
            2 => packs::listpack(&read_string(rest)?),
            _ => None,
        })?,
        kind::HASH_LISTPACK => Loaded::Hash(pairs(packs::listpack(&read_string(rest)?)?)?),
        kind::HASH_ZIPLIST => Loaded::Hash(pairs(packs::ziplist(&read_string(rest)?)?)?),
        kind::HASH_ZIPMAP => Loaded::Hash(pairs(packs::zipmap(&read_string(rest)?)?)?),
        kind::ZSET | kind::ZSET_BINARY | kind::ZSET_ZIPLIST | kind::ZSET_LISTPACK => {
            Loaded::Zset(zset::read(kind, rest)?)
        }
        kind::STREAM | kind::STREAM_2 | kind::STREAM_3 => Loaded::Stream(Box::new(stream::read(kind, rest)?)),
        kind::MODULE => match read_number(rest)? {
            module::ARRAY => Loaded::Made(Made(Box::new(array::read(rest)?))),
            module::VECTOR => Loaded::Made(Made(vector::read(rest)?)),
            module::OLD_VECTOR => Loaded::Made(Made(vector::read_old(rest)?)),
            _ => return None,
        },
        _ => return None,
    };
    let whole = match &loaded {
        Loaded::Set(members) => are_distinct(members.iter()),
        Loaded::Hash(pairs) => are_distinct(pairs.iter().map(|(field, _)| field)),
        Loaded::Expiring(triples) => are_distinct(triples.iter().map(|(field, ..)| field)),
        Loaded::Zset(members) => are_distinct(members.iter().map(|(member, _)| member)),
        _ => true,
    };
    whole.then_some(loaded)
}

fn are_distinct<'v>(texts: impl ExactSizeIterator<Item = &'v Vec<u8>>) -> bool {
    let count = texts.len();
    texts.collect::<std::collections::HashSet<_, foldhash::fast::RandomState>>().len() == count
}

/// The elements of a list that is written node by node.
fn nodes(rest: &mut &[u8], mut node: impl FnMut(&mut &[u8]) -> Option<Vec<Vec<u8>>>) -> Option<Loaded> {
    let mut elements = Vec::new();
    for _ in 0..read_length(rest)? {
        elements.append(&mut node(rest)?);
    }
    Some(Loaded::List(elements))
}

/// Elements by twos; None: one is left over.
pub(super) fn pairs(elements: Vec<Vec<u8>>) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    if !elements.len().is_multiple_of(2) {
        return None;
    }
    let mut pairs = Vec::with_capacity(elements.len() / 2);
    let mut elements = elements.into_iter();
    while let (Some(field), Some(value)) = (elements.next(), elements.next()) {
        pairs.push((field, value));
    }
    Some(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Option<Loaded> {
        super::read(bytes, Dialect::Redis)
    }
    use crate::ds::entry::{Entry, NewValue};
    use crate::sys::random::step;

    #[test]
    fn strings_of_every_length_and_integers_of_every_width_come_back() {
        let mut texts: Vec<Vec<u8>> = [0usize, 1, 63, 64, 16_383, 16_384, 100_000].map(|n| vec![b'x'; n]).to_vec();
        for number in [0, -1, 127, -128, 128, 32_767, -32_769, i32::MAX as i64, i32::MIN as i64 - 1, i64::MAX] {
            texts.push(number.to_string().into_bytes());
        }
        texts.extend([b"007".to_vec(), b"-0".to_vec(), b"+1".to_vec()]);
        for text in texts {
            let mut out = Vec::new();
            write(Entry::new(b"k", NewValue::Text(&text), None).borrow(), &mut out);
            assert_eq!(read(&out), Some(Loaded::Text(text)));
            assert_eq!(read(&out[..out.len() - 1]), None);
        }
    }

    #[test]
    fn lists_that_redis_wrote_read_in_every_form() {
        let texts = |texts: &[&str]| Some(Loaded::List(texts.iter().map(|text| text.as_bytes().to_vec()).collect()));
        // DUMP of a list of Redis 7.0, its one listpack compressed, without the envelope.
        let dumped =
            b"\x12\x01\x02\xc3\x18@X\x10X\x00\x00\x00\x04\x00\x81a\x02\x01\x01\xdc\x18\x02\xe0Fx\xe0<\x00\x01H\xff";
        assert_eq!(read(dumped), texts(&["a", "1", "-1000", &"x".repeat(70)]));
        assert_eq!(read(b"\x12\x02\x02\x0a\x0a\x00\x00\x00\x01\x00\x81a\x02\xff\x01\x05large"), texts(&["a", "large"]));
        let ziplist = b"\x0d\x0d\x00\x00\x00\x0a\x00\x00\x00\x01\x00\x00\xf2\xff";
        assert_eq!(read(&[b"\x0e\x02", &ziplist[..], ziplist].concat()), texts(&["1", "1"]));
        assert_eq!(read(&[b"\x0a", &ziplist[..]].concat()), texts(&["1"]));
        assert_eq!(read(b"\x01\x02\x01a\xc0\x07"), texts(&["a", "7"]));
        for damaged in [&b"\x01\x00"[..], b"\x12\x00", b"\x12\x01\x03\x01a", b"\x01\x03\x01a\x01b", b"\x0e\x01\x01a"] {
            assert_eq!(read(damaged), None);
        }
    }

    #[test]
    fn sets_that_redis_wrote_read_and_damage_is_noticed() {
        let members = |texts: &[&str]| Some(Loaded::Set(texts.iter().map(|text| text.as_bytes().to_vec()).collect()));
        assert_eq!(read(b"\x02\x02\x01a\xc0\x07"), members(&["a", "7"]));
        // DUMP of SADD s -1 300 70000 without its envelope, and of SADD s a b as Redis 7.2 has it.
        let ints = b"\x0b\x14\x04\0\0\0\x03\0\0\0\xff\xff\xff\xff\x2c\x01\0\0\x70\x11\x01\0";
        assert_eq!(read(ints), members(&["-1", "300", "70000"]));
        let pack = b"\x14\x0d\x0d\0\0\0\x02\0\x81a\x02\x81b\x02\xff";
        assert_eq!(read(pack), members(&["a", "b"]));
        // Twice the same, none, not ascending, of an unknown width, too short.
        for damaged in [
            &b"\x02\x02\x01a\x01a"[..],
            b"\x02\x00",
            b"\x0b\x0c\x02\0\0\0\x02\0\0\0\x02\0\x01\0",
            b"\x0b\x0a\x03\0\0\0\x01\0\0\0\x02\0",
            b"\x0b\x04\x02\0\0\0",
            b"\x0b\x08\x02\0\0\0\0\0\0\0",
        ] {
            assert_eq!(read(damaged), None, "{damaged:?}");
        }
    }

    #[test]
    fn a_hash_that_redis_7_wrote_reads_and_damage_is_noticed() {
        // DUMP h after HSET h a 1 b 2, without its envelope.
        let dumped = b"\x10\x11\x11\x00\x00\x00\x04\x00\x81a\x02\x01\x01\x81b\x02\x02\x01\xff";
        let pair = |field: &str, value: &str| (field.as_bytes().to_vec(), value.as_bytes().to_vec());
        assert_eq!(read(dumped), Some(Loaded::Hash(vec![pair("a", "1"), pair("b", "2")])));
        assert_eq!(
            read(b"\x04\x02\x01a\xc0\x01\x01b\xc0\x02"),
            Some(Loaded::Hash(vec![pair("a", "1"), pair("b", "2")]))
        );
        // Twice the same field; none; more announced than there is; an unknown type.
        for damaged in
            [&b"\x04\x02\x01a\x01b\x01a\x01b"[..], b"\x04\x00", b"\x04\x81\x7f\xff\xff\xff\xff\xff\xff\xff", b"\xfe"]
        {
            assert_eq!(read(damaged), None);
        }
        let mut seed = 1u64;
        for _ in 0..100_000 {
            seed = step(seed);
            let mut damaged = dumped.to_vec();
            damaged[(seed >> 33) as usize % dumped.len()] = (seed >> 50) as u8;
            damaged[(seed >> 40) as usize % dumped.len()] = (seed >> 56) as u8;
            let _ = read(&damaged);
        }
    }
}
