//! Pending entries and groups against plain maps, with rollbacks.

use crate::sys::random::step;
use std::collections::{BTreeMap, HashMap};

use super::group::{Group, Log, UNKNOWN};
use super::id::Id;
use super::pending::{NOBODY, Pel, Pending};
use crate::sys::random;

fn draws(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |bound| {
        state = step(state);
        (state >> 33) % bound
    }
}

fn id(ms: u64, seq: u64) -> Id {
    Id { ms, seq }
}

fn compare(pel: &Pel, model: &BTreeMap<Id, Pending>, below: &mut impl FnMut(u64) -> u64) {
    pel.check();
    assert_eq!(pel.from(Id::MIN).collect::<Vec<_>>(), model.values().copied().collect::<Vec<_>>());
    assert_eq!(pel.first(), model.values().next().copied());
    assert_eq!(pel.last(), model.values().next_back().copied());
    let from = id(below(3000), below(3));
    assert!(pel.from(from).eq(model.range(from..).map(|(_, row)| *row)));
    let owner = below(6) as u32;
    let owned = model.range(from..).map(|(_, row)| *row).filter(|row| row.owner == owner);
    assert!(pel.owned_from(owner, from).eq(owned));
    let time = below(5000);
    let idle = |row: &Pending| row.owner == NOBODY || row.time <= time;
    assert!(pel.idle_from(from, time).eq(model.range(from..).map(|(_, row)| *row).filter(idle)));
    let mut oldest: Vec<Pending> = model.values().copied().filter(|row| idle(row) && row.id.ms % 3 != 0).collect();
    oldest.sort_by_key(|row| (row.owner != NOBODY, row.time, row.id));
    let count = below(1 + oldest.len() as u64 * 2) as usize;
    oldest.truncate(count);
    assert_eq!(pel.oldest(time, count, |id| id.ms % 3 != 0), oldest);
}

#[test]
fn the_pending_list_agrees_with_a_map() {
    pending_agrees(random::next_u64());
}

pub(crate) fn pending_agrees(seed: u64) {
    println!("seed {seed}");
    let mut below = draws(seed);
    for round in 0..60 {
        let (mut pel, mut model) = (Pel::default(), BTreeMap::new());
        let mut next = 0;
        // Values near each other, so that columns are narrow; or far apart.
        let far = [1, 1 << 9, 1 << 33][round % 3];
        for step in 0..600 {
            match below(12) {
                // In order, as reads deliver; many of one owner.
                0..5 => {
                    let (owner, time) = (1 + below(5) as u32, below(5000) * far);
                    for _ in 0..below(40) {
                        next += 1 + below(2);
                        let row = Pending { id: id(next, below(3)), owner, time, count: 1 };
                        assert_eq!(pel.put(row), model.insert(row.id, row));
                    }
                }
                5 => {
                    let owner = below(6) as u32;
                    let row =
                        Pending { id: id(below(3000), below(3)), owner, time: below(5000) * far, count: below(3) };
                    assert_eq!(pel.put(row), model.insert(row.id, row));
                }
                6..9 => {
                    for _ in 0..below(60) {
                        let first = model.keys().next().copied();
                        let some = if below(2) == 0 { first } else { Some(id(below(3000), below(3))) };
                        let Some(some) = some else { continue };
                        assert_eq!(pel.remove(some), model.remove(&some));
                    }
                }
                9 if step % 50 == 0 => {
                    let owner = below(6) as u32;
                    let (mut gone, mut expected) = (Vec::new(), Vec::new());
                    pel.remove_owned(owner, |row| gone.push(row));
                    model.retain(|_, row| {
                        if row.owner == owner {
                            expected.push(*row);
                        }
                        row.owner != owner
                    });
                    assert_eq!(gone, expected);
                }
                _ => {
                    let some = id(below(3000), below(3));
                    assert_eq!(pel.get(some), model.get(&some).copied());
                }
            }
            if step % 20 == 0 {
                compare(&pel, &model, &mut below);
            }
        }
        for id in model.keys() {
            assert!(pel.remove(*id).is_some());
        }
        assert_eq!((pel.len(), pel.heap_bytes()), (0, 0));
    }
}

#[test]
fn a_million_pending_entries_take_a_few_bytes_each() {
    let mut pel = Pel::default();
    for number in 0..1_000_000u64 {
        // As read by ten consumers, ten entries at a time, from a stream of 10,000 entries a second.
        let row = Pending {
            id: id(1_526_919_030_474 + number / 10, number % 10),
            owner: 1 + (number / 10 % 10) as u32,
            time: 1_526_919_030_500 + number / 10,
            count: 1,
        };
        pel.put(row);
    }
    let bytes = pel.heap_bytes() as f64 / 1e6;
    println!("{bytes} bytes each");
    assert!(bytes < 5.5, "{bytes}");
    // Acknowledged at random until one in ten is left: blocks join.
    let mut below = draws(7);
    for number in 0..1_000_000u64 {
        if below(10) != 0 {
            pel.remove(id(1_526_919_030_474 + number / 10, number % 10));
        }
    }
    pel.check();
    assert!(pel.len() > 90_000 && pel.blocks() < 6000, "{} in {}", pel.len(), pel.blocks());
}

/// All that can be seen of a group.
fn shown(group: &Group) -> impl PartialEq + std::fmt::Debug + use<> {
    group.pel().check();
    let mut counts: HashMap<u32, u64> = HashMap::new();
    let rows: Vec<Pending> = group.pel().from(Id::MIN).collect();
    rows.iter().for_each(|row| *counts.entry(row.owner).or_default() += 1);
    let consumers: Vec<_> = group
        .consumers()
        .map(|(number, consumer)| {
            assert_eq!(consumer.pending, counts.get(&(number + 1)).copied().unwrap_or(0));
            let own: Vec<Pending> = rows.iter().copied().filter(|row| row.owner == number + 1).collect();
            assert_eq!(group.pending_of(number, Id::MIN).collect::<Vec<_>>(), own);
            (number, consumer.name.to_vec(), consumer.seen_ms, consumer.active_ms, consumer.pending)
        })
        .collect();
    (group.last_id, group.entries_read, rows, consumers)
}

#[test]
fn a_group_is_after_undoing_what_it_was() {
    group_undoes(random::next_u64());
}

pub(crate) fn group_undoes(seed: u64) {
    println!("seed {seed}");
    let mut below = draws(seed);
    let mut group = Group::new(Id::MIN, UNKNOWN);
    for _ in 0..400 {
        let (before, bytes) = (shown(&group), group.heap_bytes());
        let mut log = Log::new(true);
        for _ in 0..below(30) {
            let name = format!("consumer-{}", below(8));
            let number = match group.find(name.as_bytes()) {
                Some(number) => number,
                None => group.make(name.as_bytes(), below(1000) as i64, &mut log),
            };
            match below(10) {
                0..4 => {
                    for _ in 0..below(20) {
                        let row = Pending { id: id(below(500), 0), owner: number + 1, time: below(99), count: 1 };
                        group.put(row, &mut log);
                    }
                }
                4..7 => drop(group.remove(id(below(500), 0), &mut log)),
                7 => group.touch(number, below(1000) as i64, below(2) == 0, &mut log),
                8 => {
                    let pending = group.consumer(number).pending;
                    assert_eq!(group.delete(number, &mut log), pending);
                }
                _ => {
                    group.set_position(id(below(500), 1), below(50) as i64, &mut log);
                    let some = id(below(500), 0);
                    if group.pel().get(some).is_some() {
                        group.give_back(some, 3, &mut log);
                    }
                }
            }
        }
        if below(2) == 0 {
            group.undo(log);
            assert_eq!(shown(&group), before);
            assert!(group.heap_bytes() <= bytes * 2 + 400, "{} after {bytes}", group.heap_bytes());
        }
        shown(&group);
    }
}
