//! Arrays against a plain map.

use std::collections::BTreeMap;

use super::*;
use crate::sys::random::step;

type Model = BTreeMap<u64, Vec<u8>>;

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = step(self.0);
        (self.0 >> 33) % bound
    }

    /// Indexes of several kinds: near each other, in one slice, in a few, far away, at the end.
    fn index(&mut self) -> u64 {
        match self.below(12) {
            0..6 => self.below(200),
            6 | 7 => self.below(SLICE_LEN as u64),
            8 | 9 => self.below(40_000_000),
            10 => INDEX_MAX - self.below(5000),
            _ => 1 << self.below(64),
        }
    }

    fn text(&mut self) -> Vec<u8> {
        match self.below(5) {
            0 => self.below(1000).to_string().into_bytes(),
            1 => format!("{}.{:03}", self.below(99_999), self.below(1000)).into_bytes(),
            2 => vec![b'a' + self.below(26) as u8; self.below(8) as usize],
            _ => vec![b'a' + self.below(26) as u8; 8 + self.below(60) as usize],
        }
    }
}

fn text_of(word: &Word) -> Vec<u8> {
    word.text(&mut [0; NUMBER_BYTES_MAX]).to_vec()
}

fn listed(array: &Sliced, from: u64, to: u64) -> Vec<(u64, Vec<u8>)> {
    let mut seen = Vec::new();
    assert_eq!(array.walk(from, to, |index, word| (seen.push((index, text_of(word))), true).1), None);
    seen
}

fn assert_same(array: &Sliced, model: &Model) {
    array.check();
    assert_eq!(array.count(), model.len() as u64);
    assert_eq!(array.len(), model.last_key_value().map_or(0, |(index, _)| index + 1));
    let expected: Vec<(u64, Vec<u8>)> = model.iter().map(|(index, text)| (*index, text.clone())).collect();
    assert_eq!(listed(array, 0, INDEX_MAX), expected);
}

#[test]
fn elements_come_and_go_as_in_a_map_and_clones_keep_what_they_had() {
    for round in 0..60 {
        let mut random = Random(round << 20);
        let (mut array, mut model) = (Sliced::default(), Model::new());
        let mut kept: Option<(Sliced, Model)> = None;
        for step in 0..600 {
            let index = random.index();
            match random.below(10) {
                0..6 => {
                    let text = random.text();
                    let old = array.set(index, Word::of(&text)).as_ref().map(text_of);
                    assert_eq!(old, model.insert(index, text));
                }
                6 | 7 => assert_eq!(array.take(index).as_ref().map(text_of), model.remove(&index)),
                8 => {
                    let (a, b) = (index, random.index());
                    let (low, high) = (a.min(b), a.max(b));
                    let within: Vec<u64> = model.range(low..=high).map(|(index, _)| *index).collect();
                    assert_eq!(array.count_range(low, high), within.len() as u64);
                    let mut expected: Vec<_> = model.range(low..=high).map(|(at, text)| (*at, text.clone())).collect();
                    assert_eq!(listed(&array, low, high), expected);
                    if low < high {
                        expected.reverse();
                        assert_eq!(listed(&array, high, low), expected);
                    }
                    let before = array.totals();
                    let taken = array.extract(low, high);
                    taken.check();
                    array.check();
                    assert_eq!(taken.count(), within.len() as u64);
                    if random.below(3) > 0 {
                        array.merge(taken);
                        assert_eq!(array.totals().elements, before.elements);
                    } else {
                        within.iter().for_each(|index| drop(model.remove(index)));
                    }
                }
                _ => {
                    if let Some((array, model)) = kept.replace((array.clone(), model.clone())) {
                        assert_same(&array, &model);
                    }
                    assert!(kept.as_ref().is_some_and(|(kept, _)| kept.is_same(&array)));
                }
            }
            assert_eq!(array.get(index).map(text_of), model.get(&index).cloned());
            if step % 40 == 0 {
                assert_same(&array, &model);
            }
        }
        assert_same(&array, &model);
    }
}

#[test]
fn a_walk_stops_where_it_is_told_to() {
    let mut array = Sliced::default();
    (0..20_000).step_by(7).for_each(|index| drop(array.set(index, Word::of(b"x"))));
    let mut left = 1000;
    let stopped = array.walk(0, INDEX_MAX, |_, _| {
        left -= 1;
        left > 0
    });
    assert_eq!(stopped, Some(999 * 7));
    assert_eq!(array.walk(6, 1, |_, _| unreachable!()), None);
}

#[test]
fn numbers_in_a_row_cost_little_more_than_their_words() {
    let mut array = Sliced::default();
    (0..1_000_000).for_each(|index| drop(array.set(index, Word::of(index.to_string().as_bytes()))));
    let totals = array.totals();
    assert_eq!((totals.slices, totals.dense, totals.dense_elements), (245, 245, 1_000_000));
    assert!(totals.bytes < 8_050_000, "{totals:?}");
}

#[test]
fn elements_far_apart_cost_a_slice_each_and_no_more() {
    let (mut array, mut random) = (Sliced::default(), Random(5));
    for _ in 0..10_000 {
        let index = random.below(1 << 31) << 33 | random.below(1 << 31);
        array.set(index, Word::of(b"1"));
    }
    let totals = array.totals();
    assert!(totals.bytes < 10_000 * 240, "{totals:?}");
}

#[test]
fn downwards_and_from_the_middle_windows_stay_dense() {
    let mut array = Sliced::default();
    for distance in 0..2000u64 {
        array.set(2000 - distance, Word::of(b"left"));
        array.set(2000 + distance, Word::of(b"right"));
        array.check();
    }
    assert_eq!((array.totals().dense, array.count()), (1, 3999));
    for index in (0..4096).filter(|index| index % 64 != 0) {
        array.take(index);
    }
    array.check();
    assert_eq!(array.totals().dense, 0);
    assert!(array.totals().bytes < 4000, "{:?}", array.totals());
}
