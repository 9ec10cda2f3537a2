//! RESTORE payloads: any content under a right sum is refused or read, within bounds, and what is read can be written
//! and read again.

use super::{Draw, run};
use crate::ds::entry::{Entry, NewValue};
use crate::ds::hnsw::metric::Coding;
use crate::snapshot::crc64::crc64;
use crate::snapshot::payload;
use crate::snapshot::stream_sample;
use crate::snapshot::value::{Loaded, Made};
use crate::store::Settings;
use crate::txn::edit::Inverses;
use crate::types::array::value::ArrayValue;
use crate::types::vector::value::{Coded, VectorSet};

/// Contents as Redis writes them: texts, integers, a compressed text, hashes as a table, a listpack and a ziplist; lists as
/// elements, as listpacks with a large element between them, as ziplists, and as one.
pub(super) const CONTENTS: &[&[u8]] = &[
    b"\x00\x05hello",
    b"\x00\xc1\x10\x27",
    b"\x00\xc3\x07\x40\x21\x00a\x20\x00\xe0\x14\x00",
    b"\x04\x02\x01a\xc0\x01\x01b\xc0\x02",
    b"\x10\x11\x11\x00\x00\x00\x04\x00\x81a\x02\x01\x01\x81b\x02\x02\x01\xff",
    b"\x0d\x13\x13\x00\x00\x00\x0e\x00\x00\x00\x02\x00\x00\x02ab\x04\xfe\x05\xff\xff\xff",
    b"\x04\x81\x00\x00\x00\x00\x00\x00\x00\x01\x80\x00\x00\x00\x01a\x40\x01b",
    b"\x01\x02\x01a\xc0\x07",
    b"\x18\xe8\x03\x00\x00\x00\x00\x00\x00\x02\x01\x01a\xc0\x01\x00\x01b\xc0\x02",
    b"\x16\x02\x43\xe8\x01a\xc0\x01\x00\x01b\xc0\x02",
    b"\x17\x16\x16\x00\x00\x00\x06\x00\x81a\x02\x01\x01\xc3\xe8\x02\x81b\x02\x02\x01\x00\x01\xff",
    b"\x12\x02\x02\x0f\x0f\x00\x00\x00\x03\x00\x81a\x02\x01\x01\xdc\x18\x02\xff\x01\x05large",
    b"\x0e\x02\x0d\x0d\x00\x00\x00\x0a\x00\x00\x00\x01\x00\x00\xf2\xff\x0d\x0d\x00\x00\x00\x0a\x00\x00\x00\x01\x00\x00\xf3\xff",
    b"\x0a\x0d\x0d\x00\x00\x00\x0a\x00\x00\x00\x01\x00\x00\xf2\xff",
    b"\x09\x11\x02\x01a\x03\x00one\x01b\x01\x01t \xff",
    b"\x03\x02\x01a\x03-10\x01b\xfe",
    b"\x05\x02\x01a\x00\x00\x00\x00\x00\x00\xf0\x3f\x01b\x00\x00\x00\x00\x00\x00\x04\xc0",
    b"\x11\x14\x14\x00\x00\x00\x04\x00\x81a\x02\x01\x01\x81b\x02\x832.5\x04\xff",
];

/// The same of the other types, as they are written here.
pub(super) fn written() -> Vec<Vec<u8>> {
    let mut off = Inverses::off();
    let mut array = ArrayValue::default();
    array.set([(3, &b"three"[..]), (70_000, b"17"), (1 << 40, b"2.5")].into_iter(), &mut off);
    array.set_inserted(Some(3), &mut off);
    let mut values = vec![NewValue::Object(Box::new(stream_sample(12))), NewValue::Object(Box::new(array))];
    for coding in [Coding::F32, Coding::Q8, Coding::Bin] {
        let mut set = VectorSet::new(coding, 3, 4, None);
        for (name, vector) in [("a", [1.0, 2.0, 3.0]), ("b", [-1.0, 0.5, 0.0]), ("c", [0.0, 0.0, 0.0])] {
            set.load(name.as_bytes(), &Coded::of(coding, vector.to_vec()), b"{\"n\":1}");
        }
        values.push(NewValue::Object(Box::new(set)));
    }
    let payload = |value| payload::write(Entry::new(b"k", value, None).borrow());
    values.into_iter().map(payload).map(|payload| payload[..payload.len() - 10].to_vec()).collect()
}

fn sealed(draw: &mut Draw, written: &[Vec<u8>]) -> Vec<u8> {
    let at = draw.below(CONTENTS.len() + written.len());
    let mut body = CONTENTS.get(at).map_or_else(|| written[at - CONTENTS.len()].clone(), |content| content.to_vec());
    draw.damage(
        &mut body,
        b"\x00\x01\x02\x04\x0d\x10\x3f\x40\x80\x81\xbf\xc0\xc1\xc2\xc3\xe0\xef\xf0\xf1\xf4\xfe\xff\x7f",
    );
    body.extend(10u16.to_le_bytes());
    body.extend(crc64(0, &body).to_le_bytes());
    body
}

/// What an array or a vector set takes in any case: slices and slots are made for more than one element.
const MADE_BYTES: usize = 1 << 20;

fn bytes_of(loaded: &Loaded) -> usize {
    match loaded {
        Loaded::Text(text) => text.len(),
        Loaded::List(texts) | Loaded::Set(texts) => texts.iter().map(Vec::len).sum(),
        Loaded::Hash(pairs) => pairs.iter().map(|(field, value)| field.len() + value.len()).sum(),
        Loaded::Zset(members) => members.iter().map(|(member, _)| member.len()).sum(),
        Loaded::Stream(stream) => stream.bytes(),
        Loaded::Made(Made(object)) => object.memory_bytes().saturating_sub(MADE_BYTES),
        Loaded::Expiring(triples) => triples.iter().map(|(field, value, _)| field.len() + value.len()).sum(),
    }
}

/// Members and fields come back in another order, and without the sign of zeros.
fn in_order(mut loaded: Loaded) -> Loaded {
    match &mut loaded {
        Loaded::Set(members) => members.sort(),
        Loaded::Hash(pairs) => pairs.sort(),
        Loaded::Expiring(triples) => triples.sort(),
        Loaded::Zset(members) => {
            members.iter_mut().for_each(|(_, score)| *score += 0.0);
            members.sort_by(|a, b| a.0.cmp(&b.0));
        }
        _ => (),
    }
    loaded
}

#[test]
fn payloads_are_refused_or_read_and_come_back() {
    let written = written();
    run("payloads", 100_000, |draw| {
        let sealed = sealed(draw, &written);
        let Ok(loaded) = payload::read(&sealed) else { return };
        // The most that a byte can stand for: LZF's 88, inside of it a listpack's byte as the digits of an integer.
        assert!(bytes_of(&loaded) <= sealed.len() * 88 * 20, "{sealed:?}");
        let dumped = |loaded: Loaded| {
            loaded.make(&Settings::default(), |value| payload::write(Entry::new(b"k", value, None).borrow()))
        };
        let again = dumped(loaded);
        match (payload::read(&sealed), payload::read(&again)) {
            (Ok(Loaded::Stream(_)), Ok(read)) => assert!(dumped(read) == again, "{sealed:?}"),
            // Hashes all of whose fields have no expiry are written as those that never had any.
            (Ok(Loaded::Expiring(triples)), Ok(Loaded::Hash(pairs))) => assert_eq!(triples.len(), pairs.len()),
            (loaded, read) => assert_eq!(read.map(in_order), loaded.map(in_order), "{sealed:?}"),
        }
    });
}

/// A few bytes that announce much must not have it allocated.
#[test]
fn lengths_that_are_announced_are_not_believed() {
    for content in [
        &b"\x00\x81\x00\x00\x00\xff\xff\xff\xff\xff"[..],
        b"\x00\xc3\x01\x81\x00\x00\x00\xff\xff\xff\xff\xff\x00",
        b"\x04\x81\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\x04\x80\xff\xff\xff\xff",
        b"\x01\x81\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\x02\x81\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\x0b\x08\x08\0\0\0\xff\xff\xff\xff",
        b"\x12\x81\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\x0e\x80\xff\xff\xff\xff",
    ] {
        let mut body = content.to_vec();
        body.extend(10u16.to_le_bytes());
        body.extend(crc64(0, &body).to_le_bytes());
        assert_eq!(payload::read(&body), Err(payload::Refused::Content), "{content:?}");
    }
}
