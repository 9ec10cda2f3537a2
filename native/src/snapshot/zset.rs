//! Sorted sets as RDB files hold them.
//!
//! ```text
//!   type 5   count, then members as strings, each with its score as an f64, little-endian: written, from the greatest score down
//!   type 3   the same with scores as a byte of length and digits; 253 NaN, 254 and 255 the infinities
//!   type 17  a string that is a listpack of members and scores in turn; type 12 a ziplist (Redis below 7)
//! ```

use super::bytes::{read_length, read_string, take, write_length, write_string};
use super::packs;
use super::value::{kind, pairs};
use crate::ds::entry::Object;
use crate::resp::number;
use crate::types::zset::value::ZsetValue;

/// A member and its score.
pub type Scored = (Vec<u8>, f64);

pub fn write(zset: &ZsetValue, out: &mut Vec<u8>) {
    out.push(kind::ZSET_BINARY);
    write_length(zset.len(), out);
    // Whoever builds a tree or a list from this appends at one end.
    for (member, score) in zset.walk(zset.len().saturating_sub(1), zset.len(), true) {
        write_string(&member.to_vec(), out);
        out.extend(score.to_le_bytes());
    }
}

/// The members; None: they are damaged.
pub fn read(kind: u8, rest: &mut &[u8]) -> Option<Vec<Scored>> {
    let members = match kind {
        kind::ZSET | kind::ZSET_BINARY => {
            let count = read_length(rest)?;
            // A member and its score are two bytes at least.
            if count.checked_mul(2)? > rest.len() {
                return None;
            }
            let score = |rest: &mut &[u8]| match kind {
                kind::ZSET_BINARY => Some(f64::from_le_bytes(take(rest, 8)?.try_into().ok()?)),
                _ => digits(rest),
            };
            (0..count).map(|_| Some((read_string(rest)?, score(rest)?))).collect::<Option<Vec<_>>>()?
        }
        kind::ZSET_LISTPACK => scored(packs::listpack(&read_string(rest)?)?)?,
        kind::ZSET_ZIPLIST => scored(packs::ziplist(&read_string(rest)?)?)?,
        _ => return None,
    };
    members.iter().all(|(_, score)| !score.is_nan()).then_some(members)
}

/// A score as versions below 8 write it.
fn digits(rest: &mut &[u8]) -> Option<f64> {
    match take(rest, 1)?[0] {
        253 => Some(f64::NAN),
        254 => Some(f64::INFINITY),
        255 => Some(f64::NEG_INFINITY),
        bytes => number::c_double(take(rest, bytes as usize)?),
    }
}

/// Members and scores in turn.
fn scored(elements: Vec<Vec<u8>>) -> Option<Vec<Scored>> {
    let score = |(member, digits): (Vec<u8>, Vec<u8>)| Some((member, number::c_double(&digits)?));
    pairs(elements)?.into_iter().map(score).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_sets_read_in_every_form_and_damage_is_noticed() {
        let wanted = Some(vec![(b"a".to_vec(), 1.0), (b"b".to_vec(), 2.5)]);
        let two_and_a_half = 2.5f64.to_le_bytes();
        let one = 1f64.to_le_bytes();
        assert_eq!(read(3, &mut &b"\x02\x01a\x011\x01b\x032.5"[..]), wanted);
        assert_eq!(read(5, &mut &[&b"\x02\x01a"[..], &one, b"\x01b", &two_and_a_half].concat()[..]), wanted);
        let pack = b"\x14\x14\0\0\0\x04\0\x81a\x02\x01\x01\x81b\x02\x832.5\x04\xff";
        assert_eq!(read(17, &mut &pack[..]), wanted);
        assert_eq!(read(3, &mut &b"\x01\x01a\xfe"[..]), Some(vec![(b"a".to_vec(), f64::INFINITY)]));
        for damaged in [&b"\x01\x01a\xfd"[..], b"\x01\x01a\x02x1", b"\x02\x01a\x011", b"\xc8"] {
            assert_eq!(read(3, &mut &damaged[..]), None, "{damaged:?}");
        }
    }
}
