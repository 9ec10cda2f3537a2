//! Arrays through their handlers: against a plain map with rollbacks, slices with changes between them, and the edges of each
//! command.

use crate::sys::random::step;
use std::collections::BTreeMap;

use super::value::ArrayValue;
use crate::commands::stage::{run, run_between};
use crate::ds::entry::Object;
use crate::ds::sliced::INDEX_MAX;
use crate::resp::reply::Protocol;
use crate::txn::Txn;
use crate::txn::stage::txn;

/// Runs a request, its slices with `between` before each; gives how many there were too.
fn run_with(txn: &mut Txn, request: &[&[u8]], mut between: impl FnMut(&mut Txn)) -> (String, usize) {
    let ran = run_between(txn, Protocol::Resp2, request, |txn, _| between(txn));
    (String::from_utf8_lossy(&ran.reply).into_owned(), ran.slices)
}

fn bulk(text: &str) -> String {
    format!("${}\r\n{text}\r\n", text.len())
}

fn bulks(texts: &[&str]) -> String {
    let all: String = texts.iter().map(|text| if *text == "nil" { "$-1\r\n".into() } else { bulk(text) }).collect();
    format!("*{}\r\n{all}", texts.len())
}

/// What Redis does, by the plainest means.
#[derive(Clone, Default)]
struct Model {
    elements: BTreeMap<u64, String>,
    inserted: Option<u64>,
}

impl Model {
    fn len(&self) -> u64 {
        self.elements.last_key_value().map_or(0, |(index, _)| index + 1)
    }

    fn insert(&mut self, texts: &[String]) -> Option<u64> {
        for text in texts {
            let next = self.inserted.map_or(0, |last| last + 1);
            self.elements.insert(next, text.clone());
            self.inserted = Some(next);
        }
        self.inserted
    }

    fn ring(&mut self, size: u64, texts: &[String]) -> u64 {
        let len = self.len();
        let next = |inserted: Option<u64>| inserted.map_or(0, |last| last + 1);
        let keep = match () {
            () if len == 0 || size == len => 0,
            () if size < len => size,
            () if self.inserted.is_some() && next(self.inserted) < len => len,
            () => 0,
        };
        if keep > 0 {
            let mut at = self.inserted.map_or(len - 1, |last| last % len);
            let mut kept = Vec::new();
            while (kept.len() as u64) < keep
                && let Some(text) = self.elements.get(&at)
            {
                kept.insert(0, text.clone());
                at = if at == 0 { len - 1 } else { at - 1 };
            }
            self.inserted = (kept.len() as u64).checked_sub(1);
            self.elements = (0..).zip(kept).collect();
        }
        for text in texts {
            let at = next(self.inserted) % size;
            self.elements.insert(at, text.clone());
            self.inserted = Some(at);
        }
        self.inserted.expect("there were texts")
    }

    fn last(&self, count: u64) -> Vec<String> {
        let len = self.len();
        let mut at = self.inserted.filter(|last| *last < len).unwrap_or(len.wrapping_sub(1));
        let mut items = Vec::new();
        for _ in 0..count.min(len) {
            items.push(self.elements.get(&at).cloned().unwrap_or("nil".into()));
            at = if at == 0 { len - 1 } else { at - 1 };
        }
        items
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = step(self.0);
        (self.0 >> 33) % bound
    }

    fn index(&mut self) -> u64 {
        match self.below(8) {
            0..6 => self.below(24),
            6 => self.below(20_000),
            _ => INDEX_MAX - self.below(3),
        }
    }

    fn texts(&mut self) -> Vec<String> {
        let words = ["a", "7", "-12.75", "word", "longer than seven bytes", "1000000000000000000000"];
        (0..1 + self.below(3)).map(|_| words[self.below(6) as usize].replace(' ', "_")).collect()
    }
}

fn assert_same(txn: &mut Txn, model: &Model) {
    let none = ArrayValue::default();
    let array = txn.peek_object::<ArrayValue>(b"a").expect("nothing else is put there").unwrap_or(&none);
    array.elements().check();
    assert_eq!(array.len() as u64, model.elements.len() as u64);
    if !model.elements.is_empty() {
        assert_eq!(array.inserted(), model.inserted);
    }
    let expected: String =
        model.elements.iter().map(|(index, text)| format!("*2\r\n:{index}\r\n{}", bulk(text))).collect();
    let expected = format!("*{}\r\n{expected}", model.elements.len());
    assert_eq!(run(txn, &format!("ARSCAN a 0 {INDEX_MAX}")), expected);
    assert_eq!(run(txn, "ARLEN a"), format!(":{}\r\n", model.len()));
    assert_eq!(run(txn, "ARCOUNT a"), format!(":{}\r\n", model.elements.len()));
}

/// A change, in both; the replies are the same.
fn change(txn: &mut Txn, model: &mut Model, random: &mut Random) {
    let (index, texts) = (random.index(), random.texts());
    let words = texts.join(" ");
    match random.below(9) {
        0 | 1 => {
            let reply = run(txn, &format!("ARSET a {index} {words}"));
            if index.checked_add(texts.len() as u64 - 1).is_none_or(|last| last > INDEX_MAX) {
                return assert_eq!(reply, "-ERR array index overflow\r\n");
            }
            let new = texts
                .iter()
                .zip(0..)
                .map(|(text, offset)| (index + offset, text))
                .filter(|(at, text)| model.elements.insert(*at, (*text).clone()).is_none())
                .count();
            assert_eq!(reply, format!(":{new}\r\n"));
        }
        2 => {
            let other = random.index();
            let reply = run(txn, &format!("ARMSET a {index} {} {other} {}", texts[0], texts[0]));
            let new =
                [index, other].iter().filter(|at| model.elements.insert(**at, texts[0].clone()).is_none()).count();
            assert_eq!(reply, format!(":{new}\r\n"));
        }
        3 => {
            let other = random.index();
            let gone = [index, other].iter().filter(|at| model.elements.remove(at).is_some()).count();
            assert_eq!(run(txn, &format!("ARDEL a {index} {other}")), format!(":{gone}\r\n"));
        }
        4 => {
            let other = if random.below(4) > 0 {
                (index.saturating_add(random.below(6))).min(INDEX_MAX)
            } else {
                random.index()
            };
            let range = index.min(other)..=index.max(other);
            let gone = model.elements.len();
            model.elements.retain(|at, _| !range.contains(at));
            let gone = gone - model.elements.len();
            assert_eq!(run(txn, &format!("ARDELRANGE a {index} {other}")), format!(":{gone}\r\n"));
        }
        5 => {
            let start = model.inserted.map_or(Some(0), |last| (last < INDEX_MAX).then_some(last + 1));
            let end =
                start.and_then(|start| start.checked_add(texts.len() as u64 - 1)).filter(|last| *last <= INDEX_MAX);
            let reply = run(txn, &format!("ARINSERT a {words}"));
            match end {
                None => assert_eq!(reply, "-ERR insert index overflow\r\n"),
                Some(last) => {
                    model.insert(&texts);
                    assert_eq!(reply, format!(":{last}\r\n"));
                }
            }
        }
        6 => {
            let exists = !model.elements.is_empty();
            if exists {
                model.inserted = index.checked_sub(1);
            }
            assert_eq!(run(txn, &format!("ARSEEK a {index}")), format!(":{}\r\n", exists as u8));
        }
        _ => {
            let size = 1 + random.below(30);
            let last = model.ring(size, &texts);
            assert_eq!(run(txn, &format!("ARRING a {size} {words}")), format!(":{last}\r\n"));
        }
    }
    if model.elements.is_empty() {
        model.inserted = None;
    }
}

#[test]
fn changes_are_those_of_a_plain_map_and_can_be_rolled_back() {
    for round in 0..400 {
        let (mut txn, mut model, mut random) = (txn(), Model::default(), Random(round << 24));
        txn.keep_undo();
        let empty = txn.savepoint();
        for _ in 0..12 {
            let (base, before) = (txn.savepoint(), model.clone());
            for _ in 0..1 + random.below(6) {
                change(&mut txn, &mut model, &mut random);
            }
            assert_same(&mut txn, &model);
            if random.below(3) == 0 {
                txn.rollback_to(base);
                model = before;
                assert_same(&mut txn, &model);
            }
            let mut items = model.last(1 + random.below(40).pow(2));
            let count = items.len();
            let newest: Vec<&str> = items.iter().map(String::as_str).collect();
            if model.len() < 100_000 {
                assert_eq!(run(&mut txn, &format!("ARLASTITEMS a {} REV", count.max(1))), bulks(&newest));
                items.reverse();
                let oldest: Vec<&str> = items.iter().map(String::as_str).collect();
                assert_eq!(run(&mut txn, &format!("ARLASTITEMS a {}", count.max(1))), bulks(&oldest));
            }
        }
        txn.rollback_to(empty);
        assert!(!txn.exists(b"a"));
        txn.commit();
    }
}

#[test]
fn ranges_are_those_of_a_plain_map_in_both_directions() {
    for round in 0..60 {
        let (mut txn, mut model, mut random) = (txn(), Model::default(), Random(round << 24));
        (0..30).for_each(|_| change(&mut txn, &mut model, &mut random));
        for _ in 0..20 {
            let (from, to) = (random.below(60), random.below(60));
            let mut places: Vec<u64> = (from.min(to)..=from.max(to)).collect();
            if from > to {
                places.reverse();
            }
            let at = |place: &u64| model.elements.get(place).map_or("nil", String::as_str);
            let expected: Vec<&str> = places.iter().map(at).collect();
            assert_eq!(run(&mut txn, &format!("ARGETRANGE a {from} {to}")), bulks(&expected));
            let held: Vec<&u64> = places.iter().filter(|place| model.elements.contains_key(place)).collect();
            let used = format!(":{}\r\n", held.len());
            assert_eq!(run(&mut txn, &format!("AROP a {from} {to} USED")), used);
            let sevens: Vec<&&u64> = held.iter().filter(|place| at(place) == "7").collect();
            assert_eq!(run(&mut txn, &format!("AROP a {from} {to} MATCH 7")), format!(":{}\r\n", sevens.len()));
            let listed: String = sevens.iter().map(|place| format!(":{place}\r\n")).collect();
            let found = format!("*{}\r\n{listed}", sevens.len());
            assert_eq!(run(&mut txn, &format!("ARGREP a {from} {to} EXACT 7")), found);
            assert_eq!(run(&mut txn, &format!("ARGREP a {from} {to} RE ^7$ GLOB ? AND")), found);
        }
    }
}

fn fill(txn: &mut Txn, count: u64) {
    for start in (0..count).step_by(1000) {
        let values: Vec<String> = (start..start + 1000).map(|value| value.to_string()).collect();
        run(txn, &format!("ARSET a {start} {}", values.join(" ")));
    }
}

#[test]
fn long_reads_go_in_slices_and_show_the_array_as_it_was() {
    let mut txn = txn();
    fill(&mut txn, 500_000);
    let spoil = |txn: &mut Txn| {
        run(txn, "ARSET a 499999 other");
        run(txn, "ARDELRANGE a 250000 400000");
    };
    for (request, expected) in [
        ("AROP a 0 499999 SUM", bulk(&(499_999u64 * 250_000).to_string())),
        ("AROP a 499999 0 MAX", bulk("499999")),
        ("ARGREP a - + EXACT 499999", "*1\r\n:499999\r\n".into()),
    ] {
        let words: Vec<&[u8]> = request.split(' ').map(|word| word.as_bytes()).collect();
        fill(&mut txn, 500_000);
        let (reply, slices) = run_with(&mut txn, &words, spoil);
        assert_eq!(reply, expected, "{request}");
        assert!(slices > 2, "{request}: {slices}");
    }
    for request in ["ARSCAN a 0 499999", "ARGETRANGE a 0 499999", "ARLASTITEMS a 500000"] {
        fill(&mut txn, 500_000);
        let words: Vec<&[u8]> = request.split(' ').map(|word| word.as_bytes()).collect();
        let whole = run(&mut txn, request);
        let (reply, slices) = run_with(&mut txn, &words, spoil);
        assert!(reply == whole && slices > 2, "{request}: {slices}");
        assert!(reply.ends_with(&bulk("499999")));
    }
}

#[test]
fn a_ring_that_shrinks_by_much_is_ordered_in_slices_though_others_change_it() {
    let mut txn = txn();
    fill(&mut txn, 500_000);
    let mut changes = 0;
    let (reply, slices) = run_with(&mut txn, &[b"ARRING", b"a", b"300000", b"new"], |txn| {
        if changes < 40 {
            changes += 1;
            run(txn, &format!("ARSET a 499999 change{changes}"));
        }
    });
    assert_eq!((reply.as_str(), slices > 2), (":0\r\n", true));
    assert_eq!(run(&mut txn, "ARLEN a"), ":300000\r\n");
    assert_eq!(run(&mut txn, "ARMGET a 0 1 299999"), bulks(&["new", "200001", &format!("change{changes}")]));
    assert!(changes > 1);
}

#[test]
fn cutting_out_most_of_a_large_array_costs_little() {
    let mut txn = txn();
    fill(&mut txn, 1_000_000);
    txn.commit();
    txn.keep_undo();
    let base = txn.savepoint();
    let started = std::time::Instant::now();
    assert_eq!(run(&mut txn, "ARDELRANGE a 5 999990"), ":999986\r\n");
    txn.rollback_to(base);
    assert!(started.elapsed().as_millis() < 20, "{:?}", started.elapsed());
    assert_eq!(run(&mut txn, "AROP a 0 18446744073709551614 USED"), ":1000000\r\n");
}

#[test]
fn sums_print_as_long_doubles_of_what_redis_stores() {
    let mut txn = txn();
    for (values, expected) in [
        ("10 20 30", "60"),
        ("1.5 2", "3.5"),
        ("0.1 0.2", "0.30000000000000000"),
        ("9223372036854775807 1", "9.2233720368547758e+18"),
        ("x 1e3 y", "1000"),
        ("-0.5 0.5", "0"),
        ("inf 1", "inf"),
    ] {
        run(&mut txn, &format!("ARSET s 0 {values}"));
        let reply = run(&mut txn, "AROP s 0 100 SUM");
        if expected.starts_with("0.3") {
            // Neither 0.1 nor 0.2 is a double short of two bits, so both are read as long doubles.
            assert_eq!(reply, bulk("0.3"));
        } else {
            assert_eq!(reply, bulk(expected), "{values}");
        }
        run(&mut txn, "ARDELRANGE s 0 100");
    }
}

#[test]
fn a_digest_knows_values_and_places_apart_and_not_how_they_came_about() {
    let mut txn = txn();
    let mut digest = |requests: &[&str]| {
        run(&mut txn, "ARDELRANGE d 0 99999");
        requests.iter().for_each(|request| drop(run(&mut txn, request)));
        let mut digest = crate::ds::digest::Digest::default();
        let array = txn.peek_object::<ArrayValue>(b"d").expect("an array").expect("it is there");
        array.digest(&mut digest);
        digest.to_string()
    };
    let plain = digest(&["ARSET d 0 a b c"]);
    assert_eq!(digest(&["ARSET d 2 c", "ARSET d 70000 x", "ARINSERT d a b", "ARDEL d 70000"]), plain);
    assert_ne!(digest(&["ARSET d 0 a b x"]), plain);
    assert_ne!(digest(&["ARSET d 1 a b c"]), plain);
}
