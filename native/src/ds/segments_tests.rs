//! Tests of segments.rs.

use super::super::entry::{Entry, EntryRef, NewValue, Value};
use super::walk::TooShort;
use super::*;
use crate::sys::random;
use crate::sys::random::Seeded;
use std::collections::{HashMap, HashSet};

type FieldTable = Segments<Entry>;

fn entry(key: &[u8], value: &[u8]) -> Entry {
    Entry::new(key, NewValue::Text(value), None)
}

fn put(table: &mut FieldTable, field: &str) {
    let hash = hash(field.as_bytes());
    if table.find(hash, field.as_bytes()).is_none() {
        table.insert(hash, entry(field.as_bytes(), b"value"));
    }
}

fn take(table: &mut FieldTable, field: &str) -> bool {
    let hash = hash(field.as_bytes());
    let spot = table.find(hash, field.as_bytes());
    spot.map(|spot| table.remove(spot)).is_some()
}

#[test]
fn segments_split_and_merge_and_every_field_stays_findable() {
    let mut table = FieldTable::default();
    for index in 0..60_000 {
        put(&mut table, &format!("f{index}"));
    }
    assert!(table.segments_count() >= 8, "{}", table.segments_count());
    assert_eq!(table.len(), 60_000);
    for index in 0..60_000 {
        let field = format!("f{index}");
        assert!(table.find(hash(field.as_bytes()), field.as_bytes()).is_some());
    }
    let mut seen = 0;
    table.for_each(|_| seen += 1);
    assert_eq!(seen, 60_000);
    for index in 0..59_990 {
        assert!(take(&mut table, &format!("f{index}")));
    }
    assert_eq!((table.len(), table.segments_count(), table.directory.len()), (10, 1, 1));
    for index in 59_990..60_000 {
        assert!(take(&mut table, &format!("f{index}")));
    }
    assert_eq!((table.len(), table.bytes), (0, 0));
}

#[test]
fn random_changes_of_a_table_and_its_clones_agree_with_maps() {
    changes_agree(random::next_u64());
}

/// A table that grows and shrinks, with clones taken at random that are changed themselves.
pub(crate) fn changes_agree(seed: u64) {
    println!("seed {seed}");
    let mut draws = Seeded(seed);
    let mut below = |bound: u64| draws.below(bound);
    let mut pairs = vec![(FieldTable::default(), HashMap::<Vec<u8>, Vec<u8>>::new())];
    for step in 0..60_000u64 {
        let growing = step / 15_000 % 2 == 0;
        let place = below(pairs.len() as u64) as usize;
        let (table, model) = &mut pairs[place];
        let field = format!("f{}", below(if growing { 20_000 } else { 4_000 })).into_bytes();
        let hash = hash(&field);
        let spot = table.find(hash, &field);
        assert_eq!(spot.is_some(), model.contains_key(&field));
        let value = format!("v{step}").into_bytes();
        match (spot, below(10)) {
            (Some(spot), 0..5) => {
                table.replace(spot, entry(&field, &value));
                model.insert(field, value);
            }
            (Some(spot), turn) if turn >= if growing { 9 } else { 5 } => {
                assert_eq!(table.remove(spot).borrow().key(), field);
                model.remove(&field);
            }
            (Some(_), _) => (),
            (None, turn) if growing || turn == 0 => {
                table.insert(hash, entry(&field, &value));
                model.insert(field, value);
            }
            (None, _) if !model.is_empty() => {
                // Shrinks: whatever is there goes.
                let spot = table.random_spot().expect("not empty");
                let gone = table.remove(spot);
                assert!(model.remove(gone.borrow().key()).is_some());
            }
            (None, _) => (),
        }
        assert_eq!(table.len(), model.len());
        if below(3000) == 0 {
            let copy = (table.clone(), model.clone());
            pairs.truncate(2);
            pairs.push(copy);
        }
        if step % 5_000 == 4_999 {
            pairs.iter().for_each(|(table, model)| assert_same(table, model));
        }
    }
    for (mut table, _) in pairs {
        while let Some(spot) = table.random_spot() {
            drop(table.remove(spot));
        }
        assert_eq!((table.len(), table.bytes), (0, 0));
    }
}

fn assert_same(table: &FieldTable, model: &HashMap<Vec<u8>, Vec<u8>>) {
    let mut seen = 0;
    table.for_each(|entry| {
        let Value::Bytes(value) = entry.value() else { panic!("a text") };
        assert_eq!(model.get(entry.key()).map(Vec::as_slice), Some(value));
        seen += 1;
    });
    assert_eq!(seen, model.len());
}

#[test]
fn one_insertion_moves_at_most_one_segment() {
    let mut table = FieldTable::default();
    for index in 0..200_000 {
        let before = moves::MOVED.get();
        put(&mut table, &format!("f{index}"));
        assert!(moves::MOVED.get() - before <= SEGMENT_BLOCKS_MAX + 1);
    }
}

#[test]
fn a_scan_sees_every_field_that_stays_while_segments_split_and_merge() {
    for grows in [true, false] {
        let mut table = FieldTable::default();
        let stay: Vec<String> = (0..3000).map(|index| format!("stay:{index}")).collect();
        stay.iter().for_each(|field| put(&mut table, field));
        if !grows {
            (0..100_000).for_each(|index| put(&mut table, &format!("move:{index}")));
        }
        let (mut seen, mut cursor, mut moved) = (HashSet::new(), 0, 0);
        loop {
            cursor = table.scan(cursor, 10, |entry| {
                seen.insert(String::from_utf8_lossy(entry.key()).into_owned());
            });
            if cursor == 0 {
                break;
            }
            for _ in 0..500 {
                let field = format!("move:{moved}");
                if grows && moved < 100_000 {
                    put(&mut table, &field);
                } else if !grows {
                    take(&mut table, &field);
                }
                moved += 1;
            }
        }
        assert!(stay.iter().all(|field| seen.contains(field)), "grows: {grows}");
    }
}

#[test]
fn a_cursor_that_nobody_gave_out_is_harmless() {
    let mut table = FieldTable::default();
    (0..20_000).for_each(|index| put(&mut table, &format!("f{index}")));
    for _ in 0..2000 {
        let mut seen = 0;
        let cursor = random::next_u64() >> random::below(64);
        table.scan(cursor, 10, |_| seen += 1);
        assert!(seen < 100);
    }
}

#[test]
fn a_million_small_fields_take_at_most_fifty_six_bytes_each() {
    let mut table = FieldTable::default();
    for index in 0..1_000_000 {
        let field = format!("field:{index:07}");
        table.insert(hash(field.as_bytes()), entry(field.as_bytes(), b"val:01"));
        if index % 100_000 == 99_999 {
            let each = table.memory_bytes() as f64 / table.len() as f64;
            assert!(each <= 56.0, "{each} bytes a field at {index}");
        }
    }
}

#[test]
fn random_fields_cover_all_segments() {
    let mut table = FieldTable::default();
    (0..20_000).for_each(|index| put(&mut table, &format!("f{index}")));
    let drawn: HashSet<Vec<u8>> = (0..20_000).map(|_| table.random().expect("not empty").key().to_vec()).collect();
    // 20,000 draws of 20,000 leave 1/e of them out.
    assert!((12_000..13_300).contains(&drawn.len()), "{}", drawn.len());
}

#[test]
fn a_clone_is_a_snapshot_that_changes_do_not_reach() {
    let mut table = FieldTable::default();
    (0..30_000).for_each(|index| put(&mut table, &format!("f{index}")));
    let before = table.clone();
    assert!(table.is_same(&before));
    let bytes = table.memory_bytes();
    let mut copied = 0;
    for index in 0..30_000 {
        let (field, moved) = (format!("f{index}"), moves::MOVED.get());
        let hash = hash(field.as_bytes());
        let spot = table.find(hash, field.as_bytes()).expect("there");
        match index % 4 {
            0 => drop(table.replace(spot, entry(field.as_bytes(), b"other"))),
            1 => drop(table.remove(spot)),
            2 => table.edit(spot, |slot| assert!(slot.set_text_in_place(b"VALUE"))),
            _ => put(&mut table, &format!("more{index}")),
        }
        copied += moves::MOVED.get() - moved;
        assert!(moves::MOVED.get() - moved <= 3 * SEGMENT_BLOCKS_MAX);
    }
    assert!(!table.is_same(&before));
    assert!(copied < 200_000, "{copied} blocks moved: a segment is copied once");
    assert_eq!((before.len(), before.memory_bytes()), (30_000, bytes));
    before.for_each(|entry| assert!(matches!(entry.value(), Value::Bytes(b"value"))));
    for index in 0..30_000 {
        let field = format!("f{index}");
        assert!(before.find(hash(field.as_bytes()), field.as_bytes()).is_some());
        let now = table.find(hash(field.as_bytes()), field.as_bytes()).map(|spot| table.at(spot));
        match index % 4 {
            0 => assert!(matches!(now.map(EntryRef::value), Some(Value::Bytes(b"other")))),
            1 => assert!(now.is_none()),
            2 => assert!(matches!(now.map(EntryRef::value), Some(Value::Bytes(b"VALUE")))),
            _ => assert!(matches!(now.map(EntryRef::value), Some(Value::Bytes(b"value")))),
        }
    }
    drop(before);
    while let Some(spot) = table.random_spot() {
        drop(table.remove(spot));
    }
    assert_eq!((table.len(), table.bytes), (0, 0));
}

#[test]
fn each_block_is_drawn_as_often_as_another() {
    let mut table = FieldTable::default();
    (0..20_000).for_each(|index| put(&mut table, &format!("f{index}")));
    // Segments of very different fill: the draws must not prefer the blocks of the empty ones.
    let half = u64::MAX / 2;
    (0..20_000).map(|index| format!("f{index}")).for_each(|field| {
        if hash(field.as_bytes()) < half && field.len() > 4 {
            take(&mut table, &field);
        }
    });
    let (low, all) = {
        let mut low = 0;
        table.for_each(|entry| low += (hash(entry.key()) < half) as usize);
        (low, table.len())
    };
    let draws = 400_000;
    let mut drawn = 0;
    (0..draws).for_each(|_| drawn += (hash(table.random().expect("not empty").key()) < half) as usize);
    let expected = draws * low / all;
    // The standard deviation is below 200.
    assert!(drawn.abs_diff(expected) < 1200, "{drawn} of {draws} draws, {expected} expected");
}

#[test]
fn a_walk_knows_enough_of_a_hash_to_look_it_up_in_tables_no_deeper() {
    let (mut large, mut small) = (FieldTable::default(), FieldTable::default());
    (0..30_000).for_each(|index| put(&mut large, &format!("f{index}")));
    (0..30_000).step_by(10).for_each(|index| put(&mut small, &format!("f{index}")));
    let (mut cursor, mut found, mut seen) = (0, 0, 0);
    loop {
        cursor = large.scan_prefixed(cursor, 64, |prefix, block| {
            seen += 1;
            assert_eq!(hash(block.key()) >> (64 - prefix.bits), prefix.hash >> (64 - prefix.bits));
            let same = small.find_by_prefix(prefix, |other| other.key() == block.key()).expect("a shallower table");
            found += same.is_some() as usize;
        });
        if cursor == 0 {
            break;
        }
    }
    assert_eq!((seen, found), (30_000, 3000));
    small.scan_prefixed(0, usize::MAX, |prefix, _| {
        assert_eq!(large.find_by_prefix(prefix, |_| false).err(), Some(TooShort));
    });
}
