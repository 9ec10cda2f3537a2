//! Hashes, whose fields may expire, as an RDB file holds them; `value.rs` draws the forms.

use super::bytes::{read_length, read_number, read_string, read_u64, write_length, write_string};
use super::packs;
use super::value::{Dialect, kind};
use crate::ds::entry::Object;
use crate::resp::number;
use crate::types::hash::value::HashValue;

/// No expiry of a field is later: 48 bits of ms, less one that Redis has another use for.
const FIELD_EXPIRY_MAX: u64 = (1 << 48) - 2;

/// A field, its value, and when it expires, ms since the epoch.
pub type Triple = (Vec<u8>, Vec<u8>, Option<i64>);

/// Appends the type and the fields of a hash.
pub fn write(hash: &HashValue, out: &mut Vec<u8>) {
    let mut first_ms: Option<i64> = None;
    hash.for_each_expiring(|_, _, expiry| {
        first_ms = first_ms.map_or(expiry, |first| Some(expiry.map_or(first, |at_ms| first.min(at_ms))));
    });
    out.push(if first_ms.is_some() { kind::HASH_EXPIRING } else { kind::HASH });
    out.extend(first_ms.map(i64::to_le_bytes).into_iter().flatten());
    write_length(Object::len(hash), out);
    hash.for_each_expiring(|field, value, expiry| {
        if let Some(first_ms) = first_ms {
            write_length(expiry.map_or(0, |at_ms| (at_ms - first_ms + 1) as usize), out);
        }
        write_string(&field.to_vec(), out);
        write_string(&value.to_vec(), out);
    });
}

/// The fields behind this type's number; None: they are damaged.
pub fn read(kind: u8, dialect: Dialect, rest: &mut &[u8]) -> Option<Vec<Triple>> {
    let first = match kind {
        kind::HASH_EXPIRING | kind::HASH_LISTPACK_EXPIRING => Some(read_u64(rest)?),
        _ => None,
    };
    match kind {
        kind::HASH_EXPIRING_ABSOLUTE if dialect == Dialect::Valkey => read_valkey(rest),
        _ if dialect == Dialect::Valkey => None,
        kind::HASH_EXPIRING | kind::HASH_EXPIRING_ABSOLUTE => read_triples(rest, first),
        kind::HASH_LISTPACK_TRIPLES | kind::HASH_LISTPACK_EXPIRING => triples(packs::listpack(&read_string(rest)?)?),
        _ => None,
    }
}

/// The expiry of a field as it is written, 0 for none; None: there is no such time.
fn field_expiry(at_ms: u64) -> Option<Option<i64>> {
    (at_ms <= FIELD_EXPIRY_MAX).then(|| (at_ms > 0).then_some(at_ms as i64))
}

/// Fields, values and expiries, as Valkey has them.
fn read_valkey(rest: &mut &[u8]) -> Option<Vec<Triple>> {
    let count = read_length(rest)?;
    // Two strings of a byte at least, and eight bytes.
    if count.checked_mul(10)? > rest.len() {
        return None;
    }
    let one = |_| {
        let (field, value, at_ms) = (read_string(rest)?, read_string(rest)?, read_u64(rest)? as i64);
        let expiry = if at_ms == -1 { None } else { field_expiry(u64::try_from(at_ms).ok()?)? };
        Some((field, value, expiry))
    };
    (0..count).map(one).collect()
}

/// Expiries, fields and values. `first`: the expiries count from it, and from one on.
fn read_triples(rest: &mut &[u8], first: Option<u64>) -> Option<Vec<Triple>> {
    let count = read_length(rest)?;
    // Each of the three is a byte at least.
    if count.checked_mul(3)? > rest.len() {
        return None;
    }
    let one = |_| {
        let expiry = read_number(rest)?;
        let at_ms = match first {
            Some(first) if expiry > 0 => first.checked_add(expiry - 1)?,
            _ => expiry,
        };
        let expiry = field_expiry(at_ms)?;
        Some((read_string(rest)?, read_string(rest)?, expiry))
    };
    (0..count).map(one).collect()
}

/// A listpack's fields, values and expiries.
fn triples(elements: Vec<Vec<u8>>) -> Option<Vec<Triple>> {
    if !elements.len().is_multiple_of(3) {
        return None;
    }
    let mut triples = Vec::with_capacity(elements.len() / 3);
    let mut elements = elements.into_iter();
    while let (Some(field), Some(value), Some(expiry)) = (elements.next(), elements.next(), elements.next()) {
        let at_ms = u64::try_from(number::integer(&expiry)?).ok()?;
        triples.push((field, value, field_expiry(at_ms)?));
    }
    Some(triples)
}

#[cfg(test)]
mod tests {
    use super::super::value::{self, Dialect, Loaded};

    fn read(bytes: &[u8]) -> Option<Loaded> {
        value::read(bytes, Dialect::Redis)
    }

    #[test]
    fn expiring_fields_that_redis_wrote_read_in_every_form_and_damage_is_noticed() {
        let triple = |field: &str, value: &str, at_ms| (field.as_bytes().to_vec(), value.as_bytes().to_vec(), at_ms);
        let wanted = Some(Loaded::Expiring(vec![triple("a", "1", Some(1000)), triple("b", "2", None)]));
        let first = 1000u64.to_le_bytes();
        let pack = b"\x16\x16\x00\x00\x00\x06\x00\x81a\x02\x01\x01\xc3\xe8\x02\x81b\x02\x02\x01\x00\x01\xff";
        assert_eq!(read(&[b"\x18", &first[..], b"\x02\x01\x01a\xc0\x01\x00\x01b\xc0\x02"].concat()), wanted);
        assert_eq!(read(b"\x16\x02\x43\xe8\x01a\xc0\x01\x00\x01b\xc0\x02"), wanted);
        assert_eq!(read(&[b"\x19", &first[..], pack].concat()), wanted);
        assert_eq!(read(&[b"\x17", &pack[..]].concat()), wanted);
        let (none, at) = ([0xff; 8], 1000u64.to_le_bytes());
        let valkeys = [b"\x16\x02\x01a\xc0\x01", &at[..], b"\x01b\xc0\x02", &none[..]].concat();
        assert_eq!(value::read(&valkeys, Dialect::Valkey), wanted);
        assert_eq!(read(&valkeys), None);
        let far = u64::MAX.to_le_bytes();
        for damaged in [
            &[b"\x18", &far[..], b"\x01\x02\x01a\x01b"].concat()[..],
            &[b"\x18", &first[..], b"\x02\x01\x01a\x01b\x01\x01a\x01b"].concat(),
            &[b"\x18", &first[..], b"\x00"].concat(),
            &[b"\x18", &first[..7]].concat(),
            b"\x16\x81\x7f\xff\xff\xff\xff\xff\xff\xff",
            b"\x17\x0d\x0d\x00\x00\x00\x02\x00\x81a\x02\x81b\x02\xff",
        ] {
            assert_eq!(read(damaged), None, "{damaged:?}");
        }
    }
}
