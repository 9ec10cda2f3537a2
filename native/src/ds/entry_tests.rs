//! Tests of entry.rs.

use super::*;

fn text(entry: &Entry) -> Vec<u8> {
    match entry.borrow().value() {
        Value::Int(number) => number.to_string().into_bytes(),
        Value::Bytes(text) => text.to_vec(),
        Value::Object(_) => panic!("not a string"),
    }
}

#[test]
fn a_sixteen_byte_key_and_value_take_forty_bytes() {
    let entry = Entry::new(b"key:000000000001", NewValue::Text(b"value-0000000001"), None);
    assert_eq!(entry.borrow().memory_bytes(), 40);
    let entry = Entry::new(b"key:000000000001", NewValue::Text(b"value-0000000001"), Some(7));
    assert_eq!(entry.borrow().memory_bytes(), 48);
}

#[test]
fn every_layout_gives_back_key_value_and_expiry() {
    for key_len in [0, 1, 16, 255, 65_535, 65_536, 100_000] {
        for value_len in [0, 1, 44, 45, 192, 193, 5000] {
            for expiry in [None, Some(1_700_000_000_000)] {
                let (key, value) = (vec![b'k'; key_len], vec![b'v'; value_len]);
                let entry = Entry::new(&key, NewValue::Text(&value), expiry);
                assert_eq!(entry.borrow().key(), key);
                assert_eq!(text(&entry), value);
                assert_eq!(entry.borrow().expiry(), expiry);
                let toggled = if expiry.is_some() { None } else { Some(5) };
                let entry = entry.with_expiry(toggled);
                assert_eq!(entry.borrow().key(), key);
                assert_eq!(text(&entry), value);
                assert_eq!(entry.borrow().expiry(), toggled);
            }
        }
    }
}

#[test]
fn in_place_edits_keep_key_and_expiry() {
    let mut entry = Entry::new(b"k", NewValue::Text(b"abcdefghij"), Some(9));
    assert!(entry.set_text_in_place(b"jihgfedcb"));
    assert_eq!((text(&entry), entry.borrow().expiry()), (b"jihgfedcb".to_vec(), Some(9)));
    assert!(!entry.set_text_in_place(&[b'x'; 100]));
    assert!(!entry.set_text_in_place(b"12345"), "an integer has another layout");
    let mut entry = Entry::new(b"k", NewValue::Text(b"41"), None);
    assert!(entry.set_text_in_place(b"-42"));
    assert_eq!(text(&entry), b"-42");
}

#[test]
fn only_canonical_integers_are_integers() {
    for yes in ["0", "1", "-1", "9223372036854775807", "-9223372036854775808"] {
        assert_eq!(canonical_integer(yes.as_bytes()).map(|n| n.to_string()).as_deref(), Some(yes));
    }
    for no in ["", "-", "-0", "00", "01", "+1", " 1", "1 ", "1.0", "9223372036854775808", "-9223372036854775809"] {
        assert_eq!(canonical_integer(no.as_bytes()), None, "{no}");
    }
}
