//! Lists through their handlers: against a plain vector over both encodings and all kinds of nodes, with rollbacks, and the
//! edges of each command.

use crate::sys::random::step;
use std::sync::atomic::Ordering::Relaxed;

use super::value::ListValue;
use crate::commands::stage::{self, run_as, run_sliced};
use crate::ds::entry::{NewValue, Object};
use crate::resp::args::OwnedArgs;
use crate::resp::reply::Protocol;
use crate::txn::access::Expiry;
use crate::txn::stage::txn;
use crate::txn::{Effect, Txn};

fn sized(fill: i64) -> Txn {
    let txn = txn();
    txn.store.settings.list_max_listpack_size.store(fill, Relaxed);
    txn
}

/// The reply with `~` for the ends of lines.
fn run(txn: &mut Txn, request: &str) -> String {
    stage::run(txn, request).replace("\r\n", "~")
}

fn encoding(txn: &mut Txn, key: &[u8]) -> &'static str {
    txn.peek(key).map_or("none", |entry| entry.encoding())
}

fn elements(txn: &mut Txn, key: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    if let Some(list) = txn.get_object::<ListValue>(key).expect("a list") {
        list.for_each(|item| found.push(item.to_vec()));
        assert_eq!(list.len(), found.len());
        if let ListValue::Quick(quick) = list {
            quick.check();
        }
    }
    found
}

/// Everything that a rollback must bring back.
#[derive(Debug, PartialEq)]
struct State {
    elements: Vec<Vec<u8>>,
    encoding: &'static str,
    expiry: Option<i64>,
    /// Keys of the store, and those with an expiry.
    counters: (u64, u64),
}

fn state(txn: &mut Txn, key: &[u8]) -> State {
    let expiry = txn.peek(key).and_then(|entry| entry.expiry());
    let counters = (txn.store.counters.keys(0), txn.store.counters.expires(0));
    State { elements: elements(txn, key), encoding: encoding(txn, key), expiry, counters }
}

fn bulks(texts: &[Vec<u8>]) -> String {
    let bulk = |text: &Vec<u8>| format!("${}\r\n{}\r\n", text.len(), String::from_utf8_lossy(text));
    format!("*{}\r\n{}", texts.len(), texts.iter().map(bulk).collect::<String>())
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = step(self.0);
        (self.0 >> 33) as usize % bound
    }

    fn text(&mut self) -> Vec<u8> {
        match self.below(8) {
            0 => self.below(300).to_string().into_bytes(),
            1 => (self.below(1 << 31) as i64 - (1 << 30)).to_string().into_bytes(),
            2 => {
                let bytes_max = if self.below(20) == 0 { 9000 } else { 200 };
                b"y".repeat(self.below(bytes_max))
            }
            _ => format!("element:{}", self.below(40)).into_bytes(),
        }
    }
}

/// One random command on `l` and on its model; the reply is compared.
fn random_step(txn: &mut Txn, model: &mut Vec<Vec<u8>>, dice: &mut Dice, growing: bool) {
    let len = model.len();
    let left = dice.below(2) == 0;
    let number = |number: i64| number.to_string().into_bytes();
    let expect = |txn: &mut Txn, request: &[&[u8]], reply: String| {
        assert_eq!(run_as(txn, Protocol::Resp2, request).0, reply, "{:?}", String::from_utf8_lossy(request[0]));
    };
    match dice.below(if growing { 24 } else { 40 }) {
        0..8 => {
            let most = if dice.below(10) == 0 { 60 } else { 3 };
            let texts: Vec<Vec<u8>> = (0..1 + dice.below(most)).map(|_| dice.text()).collect();
            let mut request: Vec<&[u8]> = vec![if left { b"LPUSH" } else { b"RPUSH" }, b"l"];
            request.extend(texts.iter().map(Vec::as_slice));
            let len = len + texts.len();
            expect(txn, &request, format!(":{len}\r\n"));
            for text in texts {
                model.insert(if left { 0 } else { model.len() }, text);
            }
        }
        8 | 9 if len > 0 => {
            let index = dice.below(len) as i64 - if left { 0 } else { len as i64 };
            let text = dice.text();
            expect(txn, &[b"LSET", b"l", &number(index), &text], "+OK\r\n".into());
            let at = if left { index } else { index + len as i64 };
            model[at as usize] = text;
        }
        10..13 if len > 0 => {
            let (pivot, text) = (model[dice.below(len)].clone(), dice.text());
            let at = model.iter().position(|other| *other == pivot).expect("there");
            let word: &[u8] = if left { b"before" } else { b"after" };
            expect(txn, &[b"LINSERT", b"l", word, &pivot, &text], format!(":{}\r\n", len + 1));
            model.insert(at + !left as usize, text);
        }
        13 => {
            let text = dice.text();
            let reply = if model.contains(&text) {
                return;
            } else if len == 0 {
                ":0\r\n"
            } else {
                ":-1\r\n"
            };
            expect(txn, &[b"LINSERT", b"l", b"AFTER", &text, b"x"], reply.into());
        }
        14 | 15 if len > 0 => {
            let index = dice.below(len);
            expect(
                txn,
                &[b"LINDEX", b"l", &number(index as i64 - len as i64)],
                bulks(&model[index..=index])[4..].into(),
            );
        }
        16..18 => {
            let (start, stop) = (dice.below(len + 3) as i64, dice.below(len + 3) as i64);
            let (low, high) = ((start as usize).min(len), (stop as usize + 1).min(len));
            let wanted = if low < high { &model[low..high] } else { &[] };
            expect(txn, &[b"LRANGE", b"l", &number(start), &number(stop)], bulks(wanted));
        }
        18 | 19 if len > 0 => {
            let text = model[dice.below(len)].clone();
            let all: Vec<usize> = (0..len).filter(|at| model[*at] == text).collect();
            expect(txn, &[b"LPOS", b"l", &text, b"RANK", if left { b"1" } else { b"-1" }], {
                let found = if left { all[0] } else { all[all.len() - 1] };
                format!(":{found}\r\n")
            });
            let list: String = all.iter().map(|at| format!(":{at}\r\n")).collect();
            expect(txn, &[b"LPOS", b"l", &text, b"COUNT", b"0"], format!("*{}\r\n{list}", all.len()));
        }
        20 | 21 if len > 0 => {
            let to: &[u8] = if dice.below(2) == 0 { b"left" } else { b"right" };
            let text = model.remove(if left { 0 } else { len - 1 });
            expect(
                txn,
                &[b"LMOVE", b"l", b"l", if left { b"LEFT" } else { b"RIGHT" }, to],
                bulks(std::slice::from_ref(&text))[4..].into(),
            );
            model.insert(if to == b"left" { 0 } else { model.len() }, text);
        }
        22 if len > 0 => {
            let (count, to_left, bulk) = (1 + dice.below(len + 2), dice.below(2) == 0, dice.below(2) == 0);
            let count_text = number(count as i64);
            let sides = [if left { b"LEFT" } else { &b"RIGHT"[..] }, if to_left { b"LEFT" } else { b"RIGHT" }];
            let count = count.min(len);
            let mut part: Vec<Vec<u8>> = if left { model.drain(..count) } else { model.drain(len - count..) }.collect();
            if !bulk && left == to_left {
                part.reverse();
            }
            let order: &[u8] = if bulk { b"BULK" } else { b"OBO" };
            expect(txn, &[b"LMOVEM", b"l", b"l", sides[0], sides[1], b"COUNT", &count_text, order], bulks(&part));
            let at = if to_left { 0 } else { model.len() };
            model.splice(at..at, part);
        }
        23..33 if len > 0 => {
            let name: &[u8] = if left { b"LPOP" } else { b"RPOP" };
            if dice.below(2) == 0 {
                let text = model.remove(if left { 0 } else { len - 1 });
                return expect(txn, &[name, b"l"], bulks(&[text])[4..].into());
            }
            let most = if dice.below(4) == 0 { len + 3 } else { 4 };
            let count = 1 + dice.below(most);
            let text = number(count as i64);
            let count = count.min(len);
            let popped: Vec<Vec<u8>> =
                if left { model.drain(..count).collect() } else { model.drain(len - count..).rev().collect() };
            expect(txn, &[name, b"l", &text], bulks(&popped));
        }
        33..37 if len > 0 => {
            let (text, most) = (model[dice.below(len)].clone(), dice.below(3));
            let count = most as i64 * if left { 1 } else { -1 };
            let mut at: Vec<usize> = (0..len).filter(|at| model[*at] == text).collect();
            if !left && most > 0 {
                at.reverse();
            }
            at.truncate(if most == 0 { len } else { most });
            expect(txn, &[b"LREM", b"l", &number(count), &text], format!(":{}\r\n", at.len()));
            at.sort_unstable();
            at.iter().rev().for_each(|at| drop(model.remove(*at)));
        }
        37 if len > 0 => {
            let (start, stop) = (dice.below(len / 4 + 2), len as i64 - 1 - dice.below(len / 4 + 2) as i64);
            expect(txn, &[b"LTRIM", b"l", &number(start as i64), &number(stop)], "+OK\r\n".into());
            let end = ((stop + 1).max(0) as usize).min(len);
            *model = if stop >= 0 && start < end {
                model[start..end].to_vec()
            } else {
                kept_of_negative(model, start, stop)
            };
        }
        _ => expect(txn, &[b"LLEN", b"l"], format!(":{len}\r\n")),
    }
}

/// A stop below zero counts from the end.
fn kept_of_negative(model: &[Vec<u8>], start: usize, stop: i64) -> Vec<Vec<u8>> {
    let end = if stop < 0 { (model.len() as i64 + stop + 1).max(0) as usize } else { 0 };
    if start < end { model[start..end].to_vec() } else { Vec::new() }
}

#[test]
fn random_changes_and_rollbacks_agree_with_a_vector_over_all_kinds_of_nodes() {
    // The fuzz target draws others.
    for seed in [2, 3, 4, 8_472_390_615_063_785_569] {
        changes_agree(seed);
    }
}

pub(crate) fn changes_agree(seed: u64) {
    println!("seed {seed}");
    let mut dice = Dice(seed);
    // list-max-listpack-size, list-compress-depth, packed threshold.
    for (fill, depth, plain) in
        [(-2, 0, 1 << 30), (4, 0, 1 << 30), (1, 1, 1 << 30), (-1, 1, 1 << 30), (16, 2, 60), (3, 0, 1)]
    {
        let mut txn = sized(fill);
        txn.store.settings.list_compress_depth.store(depth, Relaxed);
        txn.store.settings.list_packed_threshold.store(plain, Relaxed);
        txn.keep_undo();
        let mut model: Vec<Vec<u8>> = Vec::new();
        for round in 0..250 {
            let (mark, before, kept) = (txn.savepoint(), state(&mut txn, b"l"), model.clone());
            let bytes = txn.store.counters.bytes();
            for _ in 0..dice.below(20) {
                random_step(&mut txn, &mut model, &mut dice, round / 50 % 2 == 0);
            }
            if dice.below(3) == 0 {
                txn.rollback_to(mark);
                model = kept;
                assert_eq!(state(&mut txn, b"l"), before, "{fill} {depth} {plain}");
                // Nodes may be cut otherwise now.
                assert!(txn.store.counters.bytes() <= bytes * 2 + 20_000);
            }
            assert_eq!(elements(&mut txn, b"l"), model, "{fill} {depth} {plain}");
        }
        run(&mut txn, "RPUSH l last");
        run(&mut txn, "LTRIM l 1 0");
        assert_eq!((txn.exists(b"l"), txn.store.counters.keys(0), txn.store.counters.bytes()), (false, 0, 0));
        txn.commit();
    }
}

#[test]
fn encodings_change_at_redis_thresholds_both_ways() {
    let large = "x".repeat(8192);
    for (fill, large) in [(3, "d".to_string()), (-2, large)] {
        let mut txn = sized(fill);
        for request in ["RPUSH l @", "LINSERT l after b @", "LSET l 0 @", "LINSERT l after none @", "LSET l 9 @"] {
            run(&mut txn, "LTRIM l 1 0");
            run(&mut txn, "RPUSH l a b c");
            assert_eq!(encoding(&mut txn, b"l"), "listpack");
            run(&mut txn, &request.replace('@', &large));
            assert_eq!(encoding(&mut txn, b"l"), "quicklist", "{request} {fill}");
        }
    }
    let mut txn = sized(3);
    for request in ["RPOP l 3", "LREM l 3 a", "LTRIM l 1 1"] {
        run(&mut txn, "RPUSH l a a a d");
        assert_eq!(encoding(&mut txn, b"l"), "quicklist");
        run(&mut txn, request);
        assert_eq!((encoding(&mut txn, b"l"), run(&mut txn, "LLEN l")), ("listpack", ":1~".into()), "{request}");
        run(&mut txn, "RPOP l");
    }
    // Below the limit, but not below its half.
    run(&mut txn, "RPUSH l a b c d");
    run(&mut txn, "RPOP l");
    assert_eq!(encoding(&mut txn, b"l"), "quicklist");
    // A replaced element that makes the only node small.
    let mut txn = sized(-1);
    run(&mut txn, &format!("RPUSH l {} a b", "x".repeat(5000)));
    run(&mut txn, "RPOP l 2");
    assert_eq!(encoding(&mut txn, b"l"), "quicklist");
    run(&mut txn, "LSET l -1 c");
    assert_eq!(encoding(&mut txn, b"l"), "listpack");
    run(&mut txn, &format!("RPUSH m a b {}", "x".repeat(5000)));
    run(&mut txn, "LSET m 1 c");
    run(&mut txn, "LSET m 2 c");
    assert_eq!((encoding(&mut txn, b"m"), run(&mut txn, "LRANGE m 0 -1")), ("listpack", "*3~$1~a~$1~c~$1~c~".into()));
    let mut txn = sized(0);
    run(&mut txn, "RPUSH l a");
    assert_eq!(encoding(&mut txn, b"l"), "listpack");
    run(&mut txn, "RPUSH l b");
    assert_eq!(encoding(&mut txn, b"l"), "quicklist");
    let mut txn = sized(-6);
    run(&mut txn, &format!("RPUSH l {}", "x".repeat(60_000)));
    assert_eq!(encoding(&mut txn, b"l"), "listpack");
    run(&mut txn, &format!("RPUSH l {}", "x".repeat(5536)));
    assert_eq!(encoding(&mut txn, b"l"), "quicklist");
}

fn figures(txn: &mut Txn, key: &[u8]) -> (u64, bool) {
    let list = txn.get_object::<ListValue>(key).expect("a list").expect("there");
    list.figures().map_or((0, false), |figures| (figures.nodes, figures.squeezed))
}

#[test]
fn nodes_in_the_middle_are_compressed_and_large_elements_have_their_own() {
    let mut txn = sized(-1);
    txn.store.settings.list_compress_depth.store(1, Relaxed);
    for index in 0..100 {
        run(&mut txn, &format!("RPUSH l {index}:{}", "abcdef".repeat(300)));
    }
    assert_eq!(figures(&mut txn, b"l"), (50, true));
    let bytes = txn.store.counters.bytes();
    assert!(bytes < 30_000, "{bytes} bytes for 180,000");
    for index in [0, 1, 49, 98, 99] {
        assert!(run(&mut txn, &format!("LINDEX l {index}")).contains(&format!("{index}:abc")));
    }
    for index in 0..100 {
        assert!(run(&mut txn, if index % 2 == 0 { "LPOP l" } else { "RPOP l" }).contains(":abcdef"));
    }
    txn.store.settings.list_compress_depth.store(0, Relaxed);
    txn.store.settings.list_packed_threshold.store(5, Relaxed);
    run(&mut txn, "RPUSH p aa bb");
    run(&mut txn, &format!("RPUSH p {} c", "x".repeat(5000)));
    assert_eq!(figures(&mut txn, b"p"), (3, false));
    run(&mut txn, "LSET p 0 longer");
    assert_eq!(figures(&mut txn, b"p"), (4, false));
    assert_eq!(run(&mut txn, "LPOS p longer"), ":0~");
}

#[test]
fn edits_deep_inside_a_long_list_leave_the_rest_alone_and_roll_back_alone() {
    let mut txn = txn();
    for part in 0..200 {
        let words: Vec<Vec<u8>> = (0..1000).map(|index| format!("e:{}", part * 1000 + index).into_bytes()).collect();
        let mut request: Vec<&[u8]> = vec![b"RPUSH", b"l"];
        request.extend(words.iter().map(Vec::as_slice));
        run_as(&mut txn, Protocol::Resp2, &request);
    }
    let before = elements(&mut txn, b"l");
    let nodes = figures(&mut txn, b"l").0;
    txn.keep_undo();
    let mark = txn.savepoint();
    for index in (0..50).map(|turn| turn * 3571) {
        assert_eq!(run(&mut txn, &format!("LINDEX l {index}")), format!("${}~e:{index}~", 2 + index.to_string().len()));
        run(&mut txn, &format!("LSET l {index} set:{index}"));
    }
    run(&mut txn, "LINSERT l BEFORE e:100000 inserted");
    assert_eq!(run(&mut txn, "LPOS l inserted"), ":100000~");
    assert!(figures(&mut txn, b"l").0 <= nodes + 2);
    run(&mut txn, "LTRIM l 50000 -50001");
    assert_eq!(run(&mut txn, "LLEN l"), ":100001~");
    assert_eq!(run(&mut txn, "LPOP l 30000").matches('$').count(), 30_000);
    run(&mut txn, "LMOVEM l m LEFT RIGHT COUNT 20000 BULK");
    assert_eq!(run(&mut txn, "LLEN m"), ":20000~");
    run(&mut txn, "LMOVEM l m RIGHT RIGHT COUNT 20000 OBO");
    txn.rollback_to(mark);
    assert_eq!(elements(&mut txn, b"l"), before);
    assert!(!txn.exists(b"m"));
    txn.commit();
}

#[test]
fn a_long_reply_shows_the_list_as_it_was_while_others_change_it() {
    let mut txn = txn();
    for index in 0..30_000 {
        run(&mut txn, &format!("RPUSH l element:{index}"));
    }
    let changes = ["LSET l 15000 changed", "LPOP l 14000", "RPUSH l more", "LREM l 0 element:20000", "LTRIM l 1 0"];
    let (reply, _) = run_sliced(&mut txn, "LRANGE l 0 -1", 0, &changes);
    assert!(!txn.exists(b"l"));
    let wanted: Vec<Vec<u8>> = (0..30_000).map(|index| format!("element:{index}").into_bytes()).collect();
    assert_eq!(reply, bulks(&wanted));
}

#[test]
fn long_pops_and_searches_reply_as_short_ones_do() {
    let mut txn = txn();
    txn.record = true;
    for index in 0..20_000 {
        run(&mut txn, &format!("RPUSH l {}", if index % 4 == 0 { "same".into() } else { format!("e{index}") }));
    }
    let all: String = (0..5000).map(|index| format!(":{}~", index * 4)).collect();
    assert_eq!(run(&mut txn, "LPOS l same COUNT 0"), format!("*5000~{all}"));
    assert_eq!(run(&mut txn, "LPOS l e19999"), ":19999~");
    assert_eq!(run(&mut txn, "LPOS l e3 RANK -1"), ":3~");
    assert_eq!(run(&mut txn, "LPOS l e3 RANK -1 MAXLEN 19996"), "$-1~");
    assert_eq!(run(&mut txn, "LPOS l none"), "$-1~");
    txn.effects.clear();
    let popped = run(&mut txn, "RPOP l 15000");
    assert!(popped.starts_with("*15000~$6~e19999~$6~e19998~") && popped.ends_with("$5~e5001~$4~same~"));
    assert_eq!(txn.effects, [(0, OwnedArgs::of(&[b"RPOP", b"l", b"15000"]))]);
    assert_eq!(run(&mut txn, "LLEN l"), ":5000~");
    txn.commit();
}

#[test]
fn changes_are_counted_as_redis_does_and_nothing_is_propagated_where_nothing_changed() {
    let mut txn = txn();
    let mut dirty = |request: &str| {
        let words: Vec<&[u8]> = request.split(' ').map(|word| word.as_bytes()).collect();
        let before = txn.dirty;
        let effect = run_as(&mut txn, Protocol::Resp2, &words).1;
        assert_eq!(matches!(effect, Effect::None | Effect::Block(_)), txn.dirty == before, "{request}");
        txn.dirty - before
    };
    for (request, changes) in [
        ("RPUSH l a b c a", 4),
        ("LPUSHX none a", 0),
        ("LPUSHX l x y", 2),
        ("LSET l 0 y", 1),
        ("LSET l 100 y", 0),
        ("LINSERT l BEFORE a z", 1),
        ("LINSERT l BEFORE none z", 0),
        ("LREM l 0 a", 2),
        ("LREM l 0 a", 0),
        ("LTRIM l 0 -1", 0),
        ("LTRIM l 1 -2", 2),
        ("LMOVE l m LEFT LEFT", 1),
        ("RPOPLPUSH none m", 0),
        ("LMOVEM l m LEFT LEFT COUNT 2 OBO", 2),
        ("LMOVEM l m LEFT LEFT EXACTLY 2 OBO", 0),
        ("LPOP m 2", 2),
        ("LPOP m 0", 0),
        ("LMPOP 2 none m RIGHT COUNT 5", 1),
        ("BLPOP m 0", 0),
        ("BLMOVE m l LEFT LEFT 0", 0),
    ] {
        assert_eq!(dirty(request), changes, "{request}");
    }
    txn.commit();
}

#[test]
fn commands_that_may_wait_and_those_of_several_keys_travel_as_what_they_did() {
    let mut txn = txn();
    txn.record = true;
    run(&mut txn, "RPUSH l 1 2 3 4 5 6 7 8 9 10");
    for (request, travels) in [
        ("BLPOP none l 0", "LPOP l"),
        ("BRPOP l 0", "RPOP l"),
        ("LMPOP 2 none l LEFT COUNT 2", "LPOP l 2"),
        ("BLMPOP 0 1 l RIGHT", "RPOP l 1"),
        ("BLMOVE l m LEFT right 0", "LMOVE l m LEFT right"),
        ("BRPOPLPUSH l m 0", "RPOPLPUSH l m"),
        ("BLMOVEM l m LEFT LEFT 0 COUNT 2 OBO", "LMOVEM l m LEFT LEFT EXACTLY 2 OBO"),
        ("BLMOVEM l m LEFT LEFT 0", "LMOVEM l m LEFT LEFT EXACTLY 1 BULK"),
    ] {
        let words: Vec<&[u8]> = request.split(' ').map(|word| word.as_bytes()).collect();
        let Effect::Rewrite(commands) = run_as(&mut txn, Protocol::Resp2, &words).1 else { panic!("{request}") };
        let wanted: Vec<&[u8]> = travels.split(' ').map(|word| word.as_bytes()).collect();
        assert_eq!(commands, [OwnedArgs::of(&wanted)]);
    }
    assert!(!txn.exists(b"l"));
    for request in
        ["BLPOP none l 0", "BLMPOP 0 1 l RIGHT", "BLMOVE l m LEFT right 0", "BLMOVEM m l LEFT LEFT 0 EXACTLY 9 OBO"]
    {
        let words: Vec<&[u8]> = request.split(' ').map(|word| word.as_bytes()).collect();
        assert!(matches!(run_as(&mut txn, Protocol::Resp2, &words).1, Effect::Block(_)), "{request}");
    }
    txn.commit();
}

#[test]
fn a_rotated_list_of_one_element_keeps_its_expiry() {
    let mut txn = txn();
    run(&mut txn, "RPUSH l only");
    txn.set_expiry(b"l", Some(5_000_000));
    for request in
        ["RPOPLPUSH l l", "LMOVE l l LEFT LEFT", "LMOVEM l l LEFT RIGHT COUNT 3 BULK", "BLMOVE l l LEFT RIGHT 0"]
    {
        run(&mut txn, request);
        assert_eq!(txn.peek(b"l").and_then(|entry| entry.expiry()), Some(5_000_000), "{request}");
    }
}

#[test]
fn a_string_is_refused_and_stays() {
    let mut txn = txn();
    txn.set(b"s", NewValue::Text(b"text"), Expiry::Clear);
    run(&mut txn, "RPUSH l a");
    for request in [
        "LPUSH s v",
        "RPUSHX s v",
        "LPOP s",
        "RPOP s 1",
        "LMPOP 1 s LEFT",
        "LLEN s",
        "LINDEX s 0",
        "LRANGE s 0 1",
        "LSET s 0 v",
        "LINSERT s BEFORE a b",
        "LREM s 0 a",
        "LTRIM s 0 1",
        "LPOS s a",
        "LMOVE s l LEFT LEFT",
        "LMOVE l s LEFT LEFT",
        "RPOPLPUSH l s",
        "LMOVEM l s LEFT LEFT",
        "BLPOP s 0",
        "BLMPOP 0 1 s LEFT",
        "BLMOVE s l LEFT LEFT 0",
        "BLMOVE l s LEFT LEFT 0",
        "BRPOPLPUSH l s 0",
        "BLMOVEM l s LEFT LEFT 0",
    ] {
        assert!(run(&mut txn, request).starts_with("-WRONGTYPE"), "{request}");
    }
    assert_eq!(run(&mut txn, "LRANGE l 0 -1"), "*1~$1~a~");
    assert!(txn.get_text(b"s").is_ok());
    txn.commit();
}

#[test]
fn long_searches_for_what_is_changed_run_in_slices_and_see_the_changes_of_others() {
    let mut txn = txn();
    for index in 0..60_000 {
        run(&mut txn, &format!("RPUSH l {}", if index % 3 == 2 { "same".into() } else { format!("e{index}") }));
    }
    let mut sliced = |request: &str, changes: &[&str]| {
        let reply = match changes {
            [] => run(&mut txn, request),
            _ => run_sliced(&mut txn, request, 0, changes).0.replace("\r\n", "~"),
        };
        (reply, run(&mut txn, "LLEN l"))
    };
    let both = |reply: &str, len: &str| (reply.to_string(), len.to_string());
    assert_eq!(sliced("LINSERT l AFTER e59998 x", &["LPOP l"]), both(":60000~", ":60000~"));
    assert_eq!(sliced("LPOS l x", &[]).0, ":59998~");
    assert_eq!(sliced("LINSERT l BEFORE e59998 y", &["LREM l 1 e59998"]), both(":-1~", ":59999~"));
    assert_eq!(sliced("LINSERT l BEFORE e1 y", &[]), both(":60000~", ":60000~"));
    assert_eq!(sliced("LREM l 0 e59997", &["RPUSH l e59997"]), both(":2~", ":59999~"));
    assert_eq!(sliced("LREM l -3 e30000", &["LPOP l", "LPUSH l e30000"]), both(":2~", ":59997~"));
    assert_eq!(sliced("LREM l -19000 same", &["RPUSH l same"]), both(":19000~", ":40998~"));
    assert_eq!(sliced("LPOS l same RANK -1", &[]).0, ":3001~");
    assert_eq!(sliced("LREM l 0 same", &["DEL l"]).1, ":0~");
}
