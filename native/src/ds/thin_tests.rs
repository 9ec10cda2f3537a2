//! Tests of thin.rs and of objects in entries and tables.

use std::any::Any;
use std::collections::HashMap;

use super::*;
use crate::ds::digest::Digest;
use crate::ds::entry::{Entry, NewValue, Object, Value};
use crate::ds::packed::{Form, Packed};
use crate::ds::table::Table;
use crate::sys::random::step;

/// A run whose first eight bytes, if it has so many, are a time at which it is due.
#[derive(Clone, Default)]
struct Bag(Packed<Vec<u8>>);

impl Object for Bag {
    fn type_name(&self) -> &'static str {
        "bag"
    }
    fn encoding(&self) -> &'static str {
        "run"
    }
    fn memory_bytes(&self) -> usize {
        self.0.memory_bytes()
    }
    fn len(&self) -> usize {
        self.0.elements()
    }
    fn digest(&self, digest: &mut Digest) {
        digest.mix(self.0.bytes());
    }
    fn is_empty(&self) -> bool {
        matches!(self.0.form(), Form::Run([]))
    }
    fn duplicate(&self) -> Box<dyn Object> {
        Box::new(self.clone())
    }
    fn due_ms(&self) -> Option<i64> {
        self.0.bytes().first_chunk::<8>().map(|time| i64::from_le_bytes(*time))
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
    fn thin(&self) -> Option<&'static ThinType> {
        Some(register::<Bag>())
    }
    fn annex_bytes(&self) -> usize {
        self.0.annex_bytes()
    }
    fn is_annexed(&self) -> bool {
        self.0.is_annexed()
    }
}

impl Thin for Bag {
    const NUMBER: u8 = 7;
    unsafe fn move_to(&mut self, room: *mut u8, bytes: usize) {
        // SAFETY: the caller's.
        unsafe { self.0.move_to(room, bytes) }
    }
    fn move_out(&mut self) {
        self.0.move_out()
    }
    fn home(&self) -> *const u8 {
        self.0.home()
    }
}

fn bag(bytes: &[u8]) -> Bag {
    Bag(Packed::of_run(bytes, bytes.len()))
}

fn bytes(entry: &Entry) -> Vec<u8> {
    entry.borrow().object::<Bag>().expect("a bag").0.bytes().to_vec()
}

#[test]
fn a_short_run_lies_behind_its_key() {
    let entry = Entry::of_object(b"fourteen bytes", bag(&[7; 40]), None);
    // 8 of header, 8 of word, 14 of key, 2 before the run, 40 of run: 72.
    assert_eq!((entry.borrow().memory_bytes(), bytes(&entry).len()), (72, 40));
    let entry = Entry::of_object(b"fourteen bytes", bag(&[7; 191]), None);
    assert!(entry.borrow().memory_bytes() > 32 + 191);
    assert_eq!(bytes(&entry), [7; 191]);
}

#[test]
fn an_entry_keeps_its_object_through_moves_edits_and_copies() {
    for seed in 1..40u64 {
        let mut state = seed;
        let mut below = |bound: usize| {
            state = step(state);
            (state >> 33) as usize % bound
        };
        let mut model = vec![1u8; below(220)];
        let mut entry = Entry::of_object(b"key", bag(&model), None);
        entry.set_access(77);
        let (mut key, mut expiry) = (b"key".to_vec(), None);
        for turn in 0..300u32 {
            match below(7) {
                0 => {
                    key = vec![b'k'; [0, 1, 14, 300, 70_000][below(5)]];
                    entry = entry.with_key(&key);
                }
                1 => {
                    expiry = [None, Some(turn as i64)][below(2)];
                    entry = entry.with_expiry(expiry);
                }
                2 => entry = entry.borrow().duplicate(&key, expiry),
                3 => {
                    let NewValue::Object(object) = entry.into_value() else { panic!("a bag") };
                    entry = Entry::new(&key, NewValue::Object(object), expiry);
                    entry.set_access(77);
                }
                _ => {
                    let at = below(model.len() + 1);
                    let remove = below((model.len() - at).min(70) + 1);
                    let text = vec![turn as u8; below(if model.len() > 230 { 1 } else { 60 })];
                    let more = text.len() as i32 - remove as i32;
                    let edited = entry.edit_typed(|bag: &mut Bag| bag.0.splice(at, remove, &[&text], more));
                    assert!(edited.is_some());
                    model.splice(at..at + remove, text);
                }
            }
            let seen = entry.borrow();
            assert_eq!((seen.key(), seen.expiry(), seen.access()), (&key[..], expiry, 77));
            assert_eq!(bytes(&entry), model, "seed {seed}");
            let Value::Object(object) = seen.value() else { panic!("a bag") };
            assert_eq!((object.len(), object.type_name()), (model.len(), "bag"));
            if !model.is_empty() {
                let least = 16 + 8 * expiry.is_some() as usize + key.len() + model.len();
                assert!((least..least + 340).contains(&seen.memory_bytes()), "{} bytes", seen.memory_bytes());
            }
        }
    }
}

#[test]
fn a_table_knows_which_objects_are_due_first() {
    let mut state = 5u64;
    let mut below = |bound: usize| {
        state = step(state);
        (state >> 33) as usize % bound
    };
    let hash = |key: &[u8]| crate::ds::segments::hash(key);
    let mut table: Table = Table::new();
    let mut model: HashMap<Vec<u8>, i64> = HashMap::new();
    for _ in 0..20_000 {
        let key = format!("key:{}", below(300)).into_bytes();
        let at_ms = below(1000) as i64;
        // A time and some bytes, or bytes that are no time.
        let content =
            if below(3) == 0 { vec![1, 2] } else { [&at_ms.to_le_bytes()[..], &vec![3; below(260)]].concat() };
        let due = (content.len() >= 8).then_some(at_ms);
        match (table.find(hash(&key), &key), below(4)) {
            (Some(place), 0) => {
                table.remove(place);
                model.remove(&key);
            }
            (Some(place), 1) => {
                table.edit(place, |entry| *entry = Entry::new(&key, NewValue::Int(7), None));
                model.remove(&key);
            }
            (Some(place), _) => {
                let known = table.edit(place, |entry| {
                    let edited = entry.edit_object(|bag| {
                        let bag: &mut Bag = bag.as_any_mut().downcast_mut().expect("a bag");
                        let len = bag.0.bytes().len();
                        bag.0.splice(0, len, &[&content], 0)
                    });
                    edited.is_some()
                });
                model.remove(&key);
                if let (true, Some(at_ms)) = (known, due) {
                    model.insert(key, at_ms);
                }
            }
            (None, _) => {
                table.insert(hash(&key), Entry::of_object(&key, bag(&content), None));
                if let Some(at_ms) = due {
                    model.insert(key, at_ms);
                }
            }
        }
        assert_eq!(table.due_len(), model.len());
        assert_eq!(table.due_ms(), model.values().min().copied());
    }
    let mut found: Vec<(i64, Vec<u8>)> = Vec::new();
    for entry in table.due_until(500) {
        found.push((entry.object::<Bag>().and_then(Bag::due_ms).expect("due"), entry.key().to_vec()));
    }
    assert!(found.is_sorted_by_key(|(at_ms, _)| *at_ms));
    found.sort();
    let mut expected: Vec<(i64, Vec<u8>)> =
        model.into_iter().filter(|(_, at_ms)| *at_ms <= 500).map(|(key, at_ms)| (at_ms, key)).collect();
    expected.sort();
    assert_eq!(found, expected);
}
