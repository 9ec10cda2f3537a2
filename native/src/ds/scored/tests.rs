//! The tree and its table against a plain ordered set.

use std::collections::{BTreeSet, HashMap};

use super::frame::{Edge, Probe};
use super::member::{Member, order_of};
use super::*;
use crate::sys::random;
use crate::sys::random::step;

struct Draw(u64);

impl Draw {
    fn new(seed: u64) -> Draw {
        println!("seed {seed}");
        Draw(seed)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 = step(self.0);
        (self.0 >> 33) % bound
    }
}

#[derive(Default)]
struct Model {
    scores: HashMap<Vec<u8>, f64>,
    ordered: BTreeSet<(u64, Vec<u8>)>,
}

impl Model {
    fn set(&mut self, member: &[u8], score: f64) {
        if let Some(old) = self.scores.insert(member.to_vec(), score) {
            self.ordered.remove(&(order_of(old), member.to_vec()));
        }
        self.ordered.insert((order_of(score), member.to_vec()));
    }

    fn remove(&mut self, member: &[u8]) {
        if let Some(old) = self.scores.remove(member) {
            self.ordered.remove(&(order_of(old), member.to_vec()));
        }
    }

    fn list(&self) -> Vec<(u64, Vec<u8>)> {
        self.ordered.iter().cloned().collect()
    }
}

fn set(scored: &mut Scored, member: &[u8], score: f64) {
    match scored.find(member) {
        Some(spot) => scored.set_score(spot, score),
        None => scored.insert(Member::new(member, score)),
    }
}

fn list(scored: &Scored) -> Vec<(u64, Vec<u8>)> {
    scored.walk(0, usize::MAX, false).map(|member| (member.order(), member.bytes().to_vec())).collect()
}

fn assert_same(scored: &Scored, model: &Model, draw: &mut Draw) {
    let expected = model.list();
    assert_eq!(scored.len(), expected.len());
    assert!(list(scored) == expected, "in order");
    let mut backwards: Vec<_> = match scored.len() {
        0 => Vec::new(),
        len => scored.walk(len - 1, len, true).map(|member| (member.order(), member.bytes().to_vec())).collect(),
    };
    backwards.reverse();
    assert!(backwards == expected, "backwards");
    for _ in 0..if expected.is_empty() { 0 } else { 30 } {
        let rank = draw.below(expected.len() as u64) as usize;
        let (order, bytes) = &expected[rank];
        let found = scored.member_at(rank).expect("there");
        assert_eq!((found.order(), found.bytes()), (*order, bytes.as_slice()));
        assert_eq!(scored.rank(&Probe::at(found)), rank);
        assert_eq!(scored.rank(&Probe { order: *order, edge: Edge::After(bytes) }), rank + 1);
        let start = expected.partition_point(|(other, _)| other < order);
        let end = expected.partition_point(|(other, _)| other <= order);
        assert_eq!(scored.rank(&Probe { order: *order, edge: Edge::Start }), start);
        assert_eq!(scored.rank(&Probe { order: *order, edge: Edge::End }), end);
        let mut other = bytes.clone();
        other.push(draw.below(256) as u8);
        let place = expected.partition_point(|(o, b)| (*o, b) < (*order, &other));
        assert_eq!(scored.rank(&Probe { order: *order, edge: Edge::At(&other) }), place);
        let count = draw.below(300) as usize;
        let some: Vec<_> = scored.walk(rank, count, false).map(|member| member.order()).collect();
        let right: Vec<_> = expected[rank..].iter().take(count).map(|(order, _)| *order).collect();
        assert_eq!(some, right);
    }
}

/// Kinds of scores: random, few distinct, one, rising, of all magnitudes.
fn score(draw: &mut Draw, kind: usize, turn: u64) -> f64 {
    match kind {
        0 => draw.below(1 << 30) as f64 / 1024.0 - 1e5,
        1 => draw.below(5) as f64,
        2 => 0.0,
        3 => 1.7e12 + turn as f64,
        4 => -(turn as f64),
        _ => match draw.below(8) {
            0 => f64::INFINITY,
            1 => f64::NEG_INFINITY,
            2 => -0.0,
            3 => 0.0,
            _ => loop {
                let any = f64::from_bits(draw.below(1 << 31) << 33 | draw.below(1 << 31));
                if !any.is_nan() {
                    break any;
                }
            },
        },
    }
}

fn name(draw: &mut Draw, kind: u64, range: u64) -> Vec<u8> {
    let number = draw.below(range);
    match kind {
        0 => format!("member:{number:09}").into_bytes(),
        1 => number.to_be_bytes().to_vec(),
        2 => vec![b'a'; (number % 400) as usize],
        3 => [&[b'p'; 300][..], number.to_string().as_bytes()].concat(),
        _ => number.to_string().into_bytes(),
    }
}

#[test]
fn random_changes_agree_with_an_ordered_set() {
    changes_agree(random::next_u64());
}

pub(crate) fn changes_agree(seed: u64) {
    let mut draw = Draw::new(seed);
    for kind in 0..6 {
        for names in 0..5 {
            let (mut scored, mut model) = (Scored::default(), Model::default());
            let range = [50, 3000, 20_000][draw.below(3) as usize];
            for turn in 0..8000u64 {
                // Phases of growing and of shrinking.
                let growing = turn / 2000 % 2 == 0;
                let member = name(&mut draw, names, range);
                if draw.below(10) < if growing { 8 } else { 3 } {
                    let score = score(&mut draw, kind, turn);
                    set(&mut scored, &member, score);
                    model.set(&member, score);
                } else if let Some(spot) = scored.find(&member) {
                    let gone = scored.remove(spot);
                    assert_eq!(gone.borrow().bytes(), member);
                    model.remove(&member);
                }
                if turn % 500 == 499 {
                    assert_same(&scored, &model, &mut draw);
                }
                if turn % 1000 == 700 && !scored.is_empty() {
                    let from = draw.below(scored.len() as u64) as usize;
                    let to = from + draw.below((scored.len() - from) as u64 / 3 + 2) as usize;
                    let to = to.min(scored.len());
                    let expected = model.list()[from..to].to_vec();
                    let mut gone = Vec::new();
                    scored.remove_range(from, to, |member| {
                        gone.push((member.borrow().order(), member.borrow().bytes().to_vec()))
                    });
                    assert!(gone == expected, "what was taken out");
                    gone.iter().for_each(|(_, member)| model.remove(member));
                    assert_same(&scored, &model, &mut draw);
                }
            }
            let copy = Scored::load(scored.walk(0, usize::MAX, false).map(|m| Member::new(m.bytes(), m.score())));
            assert_same(&copy, &model, &mut draw);
            let len = scored.len();
            scored.remove_range(0, len, |_| ());
            assert_eq!((scored.len(), list(&scored).len()), (0, 0));
        }
    }
}

#[test]
fn cuts_of_every_length_leave_the_rest() {
    let mut draw = Draw::new(random::next_u64());
    for turn in 0..200 {
        let len = [1, 100, 130, 1000, 20_000][turn % 5];
        let mut model = Model::default();
        for number in 0..len {
            model.set(format!("m{number:06}").as_bytes(), (number / 3) as f64);
        }
        let members = model.list();
        let mut scored = Scored::load(members.iter().map(|(_, bytes)| Member::new(bytes, model.scores[bytes])));
        let mut rest = members;
        while !rest.is_empty() && draw.below(8) > 0 {
            let from = draw.below(rest.len() as u64) as usize;
            let to = from + 1 + draw.below((rest.len() - from) as u64) as usize;
            let mut gone = 0;
            scored.remove_range(from, to, |_| gone += 1);
            assert_eq!(gone, to - from);
            rest.drain(from..to);
            assert!(list(&scored) == rest, "{from} to {to}");
        }
    }
}

#[test]
fn a_scan_sees_all_members() {
    let mut scored = Scored::default();
    for number in 0..20_000 {
        scored.insert(Member::new(format!("m{number}").as_bytes(), number as f64));
    }
    let (mut cursor, mut seen) = (0, std::collections::HashSet::new());
    loop {
        cursor = scored.scan(cursor, 100, |member| {
            seen.insert(member.bytes().to_vec());
        });
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(seen.len(), 20_000);
}

#[test]
fn leaves_of_different_prefixes_join() {
    let mut scored = Scored::default();
    for number in 0..20_000 {
        scored.insert(Member::new(format!("key:{number:012}").as_bytes(), 0.0));
    }
    for number in (0..20_000).filter(|number| number % 50 != 0) {
        let spot = scored.find(format!("key:{number:012}").as_bytes()).expect("there");
        scored.remove(spot);
    }
    assert_eq!(scored.len(), 400);
    for (rank, number) in (0..20_000).step_by(50).enumerate() {
        let member = scored.get(format!("key:{number:012}").as_bytes()).expect("there");
        assert_eq!(scored.rank(&Probe::at(member)), rank);
    }
}

/// Clones are taken, changed and dropped in any order; each stays what it was but for its own changes.
#[test]
fn clones_never_see_the_changes_of_others() {
    let mut draw = Draw::new(random::next_u64());
    for kind in [0, 1, 2] {
        let mut all = vec![(Scored::default(), Model::default())];
        for turn in 0..300u64 {
            let which = draw.below(all.len() as u64) as usize;
            match draw.below(8) {
                0 if all.len() < 6 => {
                    let (scored, model) = &all[which];
                    let clone =
                        (scored.clone(), Model { scores: model.scores.clone(), ordered: model.ordered.clone() });
                    all.push(clone);
                }
                1 if all.len() > 1 => drop(all.swap_remove(which)),
                2 if !all[which].0.is_empty() => {
                    let (scored, model) = &mut all[which];
                    let from = draw.below(scored.len() as u64) as usize;
                    let to = (from + draw.below(200) as usize).min(scored.len());
                    scored.remove_range(from, to, |gone| model.remove(gone.borrow().bytes()));
                }
                _ => {
                    let (scored, model) = &mut all[which];
                    for _ in 0..200 {
                        let member = name(&mut draw, 0, 3000);
                        if draw.below(4) > 0 {
                            let score = score(&mut draw, kind, turn);
                            set(scored, &member, score);
                            model.set(&member, score);
                        } else if let Some(spot) = scored.find(&member) {
                            scored.remove(spot);
                            model.remove(&member);
                        }
                    }
                }
            }
            for (scored, model) in &all {
                assert_same(scored, model, &mut draw);
            }
        }
    }
}
