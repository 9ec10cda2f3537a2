//! Reading the packed encodings of small collections inside RDB files: listpacks (from Redis 7), ziplists (before) and zipmaps
//! (before 2.6).

use super::listpack::length_bytes;

/// The elements of a listpack, integers as their digits; None if it is damaged.
///
/// ```text
///   bytes u32 · count u16 · elements: encoding and data, then their length again (1 to 5 bytes) · 0xff
/// ```
pub fn listpack(pack: &[u8]) -> Option<Vec<Vec<u8>>> {
    if pack.len() < 7 || u32::from_le_bytes(pack[..4].try_into().ok()?) as usize != pack.len() {
        return None;
    }
    let (mut at, mut elements) = (6, Vec::new());
    loop {
        let rest = &pack[at..];
        let first = *rest.first()? as usize;
        let second = || rest.get(1).map(|byte| *byte as usize);
        let number = |bytes: usize| Some((signed(rest.get(1..1 + bytes)?), 1 + bytes));
        let text = |head: usize, bytes: usize| Some((rest.get(head..head.checked_add(bytes)?)?.to_vec(), head + bytes));
        let (element, bytes) = match first {
            0xff => return (at + 1 == pack.len()).then_some(elements),
            0..=0x7f => (first.to_string().into_bytes(), 1),
            0x80..=0xbf => text(1, first & 0x3f)?,
            0xc0..=0xdf => {
                let raw = (first as i64 & 0x1f) << 8 | second()? as i64;
                let value = if raw >= 1 << 12 { raw - (1 << 13) } else { raw };
                (value.to_string().into_bytes(), 2)
            }
            0xe0..=0xef => text(2, (first & 0x0f) << 8 | second()?)?,
            0xf0 => text(5, u32::from_le_bytes(rest.get(1..5)?.try_into().ok()?) as usize)?,
            0xf1 => number(2)?,
            0xf2 => number(3)?,
            0xf3 => number(4)?,
            0xf4 => number(8)?,
            _ => return None,
        };
        elements.push(element);
        at += bytes + length_bytes(bytes);
        if at >= pack.len() {
            return None;
        }
    }
}

/// The elements of an intset, as their digits; None if they are not ascending.
///
/// ```text
///   width u32 (2, 4 or 8) · count u32 · integers of that width
/// ```
pub fn intset(pack: &[u8]) -> Option<Vec<Vec<u8>>> {
    let word = |at: usize| Some(u32::from_le_bytes(pack.get(at..at + 4)?.try_into().ok()?) as usize);
    let (width, count) = (word(0)?, word(4)?);
    if !matches!(width, 2 | 4 | 8) || pack.len() - 8 != count.checked_mul(width)? {
        return None;
    }
    let numbers: Vec<i64> = pack[8..].chunks_exact(width).map(integer).collect();
    let ascending = numbers.windows(2).all(|pair| pair[0] < pair[1]);
    ascending.then(|| numbers.iter().map(|number| number.to_string().into_bytes()).collect())
}

/// The same for a ziplist.
///
/// ```text
///   bytes u32 · last u32 · count u16 · elements: length of the one before (1 or 5 bytes), encoding, data · 0xff
/// ```
pub fn ziplist(pack: &[u8]) -> Option<Vec<Vec<u8>>> {
    if pack.len() < 11 || u32::from_le_bytes(pack[..4].try_into().ok()?) as usize != pack.len() {
        return None;
    }
    let (mut at, mut elements) = (10, Vec::new());
    loop {
        match pack.get(at)? {
            0xff => return (at + 1 == pack.len()).then_some(elements),
            0xfe => at += 5,
            _ => at += 1,
        }
        let rest = pack.get(at..)?;
        let first = *rest.first()? as usize;
        let number = |bytes: usize| Some((signed(rest.get(1..1 + bytes)?), 1 + bytes));
        let text = |head: usize, bytes: usize| Some((rest.get(head..head.checked_add(bytes)?)?.to_vec(), head + bytes));
        let (element, bytes) = match first {
            0..=0x3f => text(1, first)?,
            0x40..=0x7f => text(2, (first & 0x3f) << 8 | *rest.get(1)? as usize)?,
            0x80 => text(5, u32::from_be_bytes(rest.get(1..5)?.try_into().ok()?) as usize)?,
            0xc0 => number(2)?,
            0xd0 => number(4)?,
            0xe0 => number(8)?,
            0xf0 => number(3)?,
            0xfe => number(1)?,
            0xf1..=0xfd => ((first - 0xf1).to_string().into_bytes(), 1),
            _ => return None,
        };
        elements.push(element);
        at += bytes;
    }
}

/// Fields and values of a zipmap, in turn.
///
/// ```text
///   count u8 · fields: length (1 byte, or 254 and u32) and bytes · values: length, a byte that says how many are unused behind
///   the value, bytes, unused ones · 0xff
/// ```
pub fn zipmap(pack: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (mut at, mut elements) = (1, Vec::new());
    let length = |at: &mut usize| {
        let first = *pack.get(*at)?;
        *at += 1;
        if first != 254 {
            return Some(first as usize);
        }
        let four = pack.get(*at..*at + 4)?;
        *at += 4;
        // Nobody writes a short length in the long form: it was made to confuse readers (CVE-2026-25243).
        Some(u32::from_le_bytes(four.try_into().ok()?) as usize).filter(|bytes| *bytes >= 254)
    };
    loop {
        if *pack.get(at)? == 0xff {
            return (at + 1 == pack.len()).then_some(elements);
        }
        let bytes = length(&mut at)?;
        elements.push(pack.get(at..at + bytes)?.to_vec());
        at += bytes;
        if *pack.get(at)? == 0xff {
            return None;
        }
        let bytes = length(&mut at)?;
        let unused = *pack.get(at)? as usize;
        elements.push(pack.get(at + 1..at + 1 + bytes)?.to_vec());
        at += 1 + bytes + unused;
    }
}

/// Digits of [`integer`].
pub(super) fn signed(bytes: &[u8]) -> Vec<u8> {
    integer(bytes).to_string().into_bytes()
}

/// A little-endian two's complement integer of 1 to 8 bytes.
fn integer(bytes: &[u8]) -> i64 {
    debug_assert!((1..=8).contains(&bytes.len()));
    let fill = if bytes.last().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
    let mut whole = [fill; 8];
    whole[..bytes.len()].copy_from_slice(bytes);
    i64::from_le_bytes(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_every_width_have_their_sign() {
        assert_eq!(signed(&[0xff]), b"-1");
        assert_eq!(signed(&[0, 0, 0x80]), b"-8388608");
        assert_eq!(signed(&[0xff, 0x7f]), b"32767");
        assert_eq!(signed(&i64::MIN.to_le_bytes()), i64::MIN.to_string().as_bytes());
    }

    #[test]
    fn a_listpack_of_every_encoding_reads_and_no_damage_panics() {
        let mut body = vec![5, 1, 0x82, b'a', b'b', 3, 0xdf, 0xff, 2, 0xf1, 0x18, 0xfc, 3];
        body.extend([0xe0, 3, b'x', b'y', b'z', 5, 0xf4, 1, 0, 0, 0, 0, 0, 0, 0x80, 9, 0xff]);
        let mut pack = (body.len() as u32 + 6).to_le_bytes().to_vec();
        pack.extend([6, 0]);
        pack.extend(body);
        let read = listpack(&pack).expect("it is whole");
        let texts: Vec<String> = read.into_iter().map(|e| String::from_utf8_lossy(&e).into_owned()).collect();
        assert_eq!(texts, ["5", "ab", "-1", "-1000", "xyz", "-9223372036854775807"]);
        for at in 0..pack.len() {
            for byte in [0, 0x7f, 0x80, 0xc0, 0xf0, 0xf4, 0xfe, 0xff] {
                let mut damaged = pack.clone();
                damaged[at] = byte;
                let _ = (listpack(&damaged), ziplist(&damaged), listpack(&damaged[..at]), ziplist(&damaged[..at]));
                let _ = (zipmap(&damaged), zipmap(&damaged[at..]));
            }
        }
    }
}
