//! Tests of table.rs.

use super::super::entry::NewValue;
use super::*;
use crate::sys::random::step;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;

fn hash(key: &[u8]) -> u64 {
    foldhash::fast::FixedState::with_seed(1).hash_one(key)
}

fn entry(key: &str, expiry: Option<i64>) -> Entry {
    Entry::new(key.as_bytes(), NewValue::Text(b"value"), expiry)
}

#[test]
fn random_inserts_and_removals_agree_with_a_map() {
    changes_agree(7);
}

pub(crate) fn changes_agree(mut seed: u64) {
    let mut table: Table = Table::new();
    let mut model: HashMap<String, Option<i64>> = HashMap::new();
    let mut next = |bound: u64| {
        seed = step(seed);
        (seed >> 33) % bound
    };
    for step in 0..60_000u64 {
        let limit = if step < 30_000 { 20_000 } else { 2_000 };
        let key = format!("key:{}", next(limit));
        let place = table.find(hash(key.as_bytes()), key.as_bytes());
        assert_eq!(place.is_some(), model.contains_key(&key));
        match (place, next(3)) {
            (Some(place), 0) => {
                assert_eq!(table.remove(place).borrow().key(), key.as_bytes());
                model.remove(&key);
            }
            (Some(place), _) => {
                let expiry = if next(2) == 0 { Some(step as i64) } else { None };
                table.edit(place, |slot| *slot = entry(&key, expiry));
                model.insert(key, expiry);
            }
            (None, _) => {
                table.insert(hash(key.as_bytes()), entry(&key, None));
                model.insert(key, None);
            }
        }
        assert_eq!(table.len(), model.len());
        assert_eq!(table.expiring(), model.values().filter(|e| e.is_some()).count());
    }
    for key in model.keys() {
        let place = table.find(hash(key.as_bytes()), key.as_bytes()).expect("in the model");
        table.remove(place);
    }
    assert_eq!((table.len(), table.memory_bytes()), (0, 0));
}

#[test]
fn a_scan_sees_every_entry_that_stays_exactly_once_while_the_table_grows_and_shrinks() {
    let mut table = Table::new();
    let stay: Vec<String> = (0..3000).map(|i| format!("stay:{i}")).collect();
    for key in &stay {
        table.insert(hash(key.as_bytes()), entry(key, None));
    }
    let (mut seen, mut from, mut turn) = (HashSet::new(), 0, 0);
    while from < POSITIONS {
        from = table.scan(from, |e| {
            let key = String::from_utf8_lossy(e.key()).into_owned();
            assert!(seen.insert(key.clone()) || key.starts_with("come:"), "{key} is seen twice");
        });
        turn += 1;
        for i in 0..20 {
            let key = format!("come:{}", turn * 20 + i);
            if turn % 400 < 200 {
                table.insert(hash(key.as_bytes()), entry(&key, None));
            } else {
                let key = format!("come:{}", (turn - 200) * 20 + i);
                if let Some(place) = table.find(hash(key.as_bytes()), key.as_bytes()) {
                    table.remove(place);
                }
            }
        }
    }
    assert!(stay.iter().all(|key| seen.contains(key)));
}

#[test]
fn a_table_that_moves_is_whole() {
    let mut table: Table = Table::new();
    let mut halfway = 0;
    for i in 0..20_000 {
        let key = format!("key:{i}");
        table.insert(hash(key.as_bytes()), entry(&key, None));
        if table.moving.is_some() && i % 97 == 0 {
            halfway += 1;
            let (mut walked, mut scanned, mut from) = (HashSet::new(), HashSet::new(), 0);
            table.for_each(|e| assert!(walked.insert(e.key().to_vec())));
            while from < POSITIONS {
                from = table.scan(from, |e| assert!(scanned.insert(e.key().to_vec())));
            }
            assert_eq!((walked.len(), scanned.len()), (i + 1, i + 1));
            let (copy, _) = table.duplicate(None);
            assert_eq!(copy.buckets(), table.buckets());
            for known in 0..=i {
                let key = format!("key:{known}");
                assert!(copy.get(hash(key.as_bytes()), key.as_bytes()).is_some());
            }
        }
    }
    assert!(halfway > 10, "moves last for many insertions");
    let mut entries = 0;
    table.drain(|_| entries += 1);
    assert_eq!((entries, table.memory_bytes()), (20_000, 0));
}

#[test]
fn a_table_stays_between_nine_and_nineteen_bytes_an_entry() {
    let mut table = Table::new();
    for i in 0..20_000 {
        let key = format!("key:{i}");
        table.insert(hash(key.as_bytes()), entry(&key, None));
        if i > 200 && table.moving.is_none() {
            let each = table.memory_bytes() as f64 / table.len() as f64;
            assert!((9.0..19.0).contains(&each), "{each} bytes at {i}");
        }
    }
}

#[test]
fn keys_of_every_length_are_told_apart_at_every_byte() {
    for len in 0..70 {
        let key: Vec<u8> = (0..len as u8).collect();
        assert!(same_key(&key, &key.clone()) && !same_key(&key, &[key.as_slice(), b"x"].concat()));
        for at in 0..len {
            let mut other = key.clone();
            other[at] ^= 1;
            assert!(!same_key(&key, &other), "{at} of {len}");
        }
    }
}

#[test]
fn tables_grow_in_steps_of_three_significant_bits() {
    let mut steps = vec![1];
    while steps.last().is_some_and(|n| *n < 40) {
        steps.push(step_up(steps[steps.len() - 1]));
    }
    assert_eq!(steps, [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40]);
}

#[test]
fn random_entries_cover_the_table() {
    let mut table = Table::new();
    for i in 0..100 {
        let key = format!("key:{i}");
        table.insert(hash(key.as_bytes()), entry(&key, None));
    }
    let mut seen = HashSet::new();
    for _ in 0..5000 {
        seen.insert(table.random(crate::sys::random::below).expect("not empty").key().to_vec());
    }
    assert_eq!(seen.len(), 100);
}
