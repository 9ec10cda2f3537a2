//! RESTORE payloads: any content under a right sum is refused or read, within bounds, and what is read can be written
//! and read again.

use super::{Draw, run};
use crate::ds::entry::{Entry, NewValue};
use crate::snapshot::crc64::crc64;
use crate::snapshot::payload;
use crate::snapshot::value::Loaded;
use crate::store::Settings;
use crate::types::list::Limits;
use crate::types::list::value::ListValue;
use crate::types::set::value::SetValue;

/// Contents as Redis writes them: texts, integers, a compressed text, hashes as a table, a listpack and a ziplist; lists as
/// elements, as listpacks with a large element between them, as ziplists, and as one.
const CONTENTS: &[&[u8]] = &[
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
];

fn sealed(draw: &mut Draw) -> Vec<u8> {
    let mut body = draw.pick(CONTENTS).to_vec();
    draw.damage(
        &mut body,
        b"\x00\x01\x02\x04\x0d\x10\x3f\x40\x80\x81\xbf\xc0\xc1\xc2\xc3\xe0\xef\xf0\xf1\xf4\xfe\xff\x7f",
    );
    body.extend(10u16.to_le_bytes());
    body.extend(crc64(0, &body).to_le_bytes());
    body
}

fn bytes_of(loaded: &Loaded) -> usize {
    match loaded {
        Loaded::Text(text) => text.len(),
        Loaded::List(texts) | Loaded::Set(texts) => texts.iter().map(Vec::len).sum(),
        Loaded::Hash(pairs) => pairs.iter().map(|(field, value)| field.len() + value.len()).sum(),
        Loaded::Expiring(triples) => triples.iter().map(|(field, value, _)| field.len() + value.len()).sum(),
    }
}

/// Members of a set come back in another order.
fn in_order(mut loaded: Loaded) -> Loaded {
    if let Loaded::Set(members) = &mut loaded {
        members.sort();
    }
    loaded
}

#[test]
fn payloads_are_refused_or_read_and_texts_lists_and_sets_come_back() {
    run("payloads", 100_000, |draw| {
        let sealed = sealed(draw);
        let Ok(loaded) = payload::read(&sealed) else { return };
        // The most that a byte can stand for: LZF's 88, inside of it a listpack's byte as the digits of an integer.
        assert!(bytes_of(&loaded) <= sealed.len() * 88 * 20, "{sealed:?}");
        let entry = match &loaded {
            Loaded::Text(text) => Entry::new(b"k", NewValue::Text(text), None),
            Loaded::List(elements) => {
                let limits = Limits::of(&Settings::default());
                let list = ListValue::of(elements.iter().map(Vec::as_slice), &limits);
                Entry::new(b"k", NewValue::Object(Box::new(list)), None)
            }
            Loaded::Set(members) => {
                let set = SetValue::of(members, &Settings::default());
                Entry::new(b"k", NewValue::Object(Box::new(set)), None)
            }
            Loaded::Hash(_) | Loaded::Expiring(_) => return,
        };
        let again = payload::write(entry.borrow()).expect("it has a form");
        assert_eq!(payload::read(&again).map(in_order), Ok(in_order(loaded)), "{sealed:?}");
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
