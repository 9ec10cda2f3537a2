//! Sets through their handlers: against plain sets over all encodings, with rollbacks, and the edges of each command.

use crate::sys::random::Seeded;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::Ordering::Relaxed;

use super::value::SetValue;
use crate::commands::stage::{run, run_as, run_sliced};
use crate::ds::entry::{NewValue, Object};
use crate::ds::segments::{SEGMENT_BLOCKS_MAX, moves};
use crate::resp::args::OwnedArgs;
use crate::resp::reply::Protocol;
use crate::sys::random;
use crate::txn::access::Expiry;
use crate::txn::stage;
use crate::txn::{Effect, Txn};

type Members = BTreeSet<Vec<u8>>;

/// With these in place of set-max-intset-entries, set-max-listpack-entries and set-max-listpack-value.
fn txn(ints: u64, packed: u64, member_bytes: u64) -> Txn {
    let txn = stage::txn();
    txn.store.settings.set_max_intset_entries.store(ints, Relaxed);
    txn.store.settings.set_max_listpack_entries.store(packed, Relaxed);
    txn.store.settings.set_max_listpack_value.store(member_bytes, Relaxed);
    txn
}

fn add(txn: &mut Txn, key: &[u8], members: impl Iterator<Item = Vec<u8>>) {
    let members: Vec<Vec<u8>> = members.collect();
    let mut request: Vec<&[u8]> = vec![b"SADD", key];
    request.extend(members.iter().map(Vec::as_slice));
    run_as(txn, Protocol::Resp2, &request);
}

/// The elements of a flat array of bulk strings.
fn elements(reply: &str) -> Vec<Vec<u8>> {
    let lines: Vec<&str> = reply.split("\r\n").collect();
    lines[1..].chunks_exact(2).map(|pair| pair[1].as_bytes().to_vec()).collect()
}

fn distinct(reply: &str) -> Members {
    let all = elements(reply);
    let distinct: Members = all.iter().cloned().collect();
    assert_eq!(distinct.len(), all.len(), "no member comes twice");
    assert!(reply.starts_with(&format!("*{}\r\n", all.len())), "{}", &reply[..reply.len().min(60)]);
    distinct
}

fn encoding(txn: &mut Txn, key: &[u8]) -> &'static str {
    txn.peek(key).map_or("none", |entry| entry.encoding())
}

/// Everything that a rollback must bring back.
#[derive(Debug, PartialEq)]
struct State {
    /// In their order.
    members: Vec<Vec<u8>>,
    encoding: &'static str,
    expiry: Option<i64>,
    /// Keys of the store, and those with an expiry.
    counters: (u64, u64),
}

fn state(txn: &mut Txn, key: &[u8]) -> State {
    let mut members = Vec::new();
    if let Some(set) = txn.get_object::<SetValue>(key).expect("a set") {
        set.for_each(|member| members.push(member.to_vec()));
        assert_eq!(set.len(), members.len());
        assert!(members.iter().all(|member| set.contains(super::member::parsed(member))));
    }
    let encoding = encoding(txn, key);
    if encoding == "hashtable" {
        members.sort();
    }
    let expiry = txn.peek(key).and_then(|entry| entry.expiry());
    let counters = (txn.store.counters.keys(0), txn.store.counters.expires(0));
    if txn.store.counters.keys(0) == 1 {
        let bytes = txn.peek(key).map_or(0, |entry| entry.memory_bytes() as u64);
        assert!(bytes == 0 || bytes == txn.store.counters.bytes());
    }
    State { members, encoding, expiry, counters }
}

#[test]
fn random_changes_and_rollbacks_agree_with_a_plain_set_over_all_encodings() {
    changes_agree(random::next_u64());
}

pub(crate) fn changes_agree(seed: u64) {
    println!("seed {seed}");
    let mut draws = Seeded(seed);
    let mut below = |bound: u64| draws.below(bound);
    for (ints, packed, bytes) in [(512, 128, 64), (20, 30, 64), (0, 10, 4), (10, 0, 64), (0, 0, 0)] {
        for texts in [0, 1, 3] {
            let mut txn = txn(ints, packed, bytes);
            txn.keep_undo();
            let mut model = Members::new();
            for _ in 0..200 {
                let (mark, before, kept) = (txn.savepoint(), state(&mut txn, b"s"), model.clone());
                for _ in 0..below(20) {
                    let member = match below(texts + 3) {
                        0..2 => below(50).to_string().into_bytes(),
                        2 => (1i64 << below(63)).wrapping_neg().to_string().into_bytes(),
                        3 => b"x".repeat(below(80) as usize),
                        _ => format!("member:{}", below(40)).into_bytes(),
                    };
                    match below(12) {
                        0..6 => {
                            let (reply, _) = run_as(&mut txn, Protocol::Resp2, &[b"SADD", b"s", &member]);
                            assert_eq!(reply, format!(":{}\r\n", model.insert(member) as i32));
                        }
                        6..9 => {
                            let (reply, _) = run_as(&mut txn, Protocol::Resp2, &[b"SREM", b"s", &member]);
                            assert_eq!(reply, format!(":{}\r\n", model.remove(&member) as i32));
                        }
                        9 => {
                            let (reply, _) = run_as(&mut txn, Protocol::Resp2, &[b"SISMEMBER", b"s", &member]);
                            assert_eq!(reply, format!(":{}\r\n", model.contains(&member) as i32));
                        }
                        10 => {
                            let most = if below(4) == 0 { 60 } else { 4 };
                            let count = below(most);
                            let popped = distinct(&run(&mut txn, &format!("SPOP s {count}")));
                            assert_eq!(popped.len(), (count as usize).min(model.len()));
                            assert!(popped.iter().all(|member| model.remove(member)));
                        }
                        _ => {
                            let reply = run(&mut txn, "SPOP s");
                            let popped = if reply == "$-1\r\n" { vec![] } else { elements(&format!("*1\r\n{reply}")) };
                            assert_eq!(popped.is_empty(), model.is_empty());
                            assert!(popped.iter().all(|member| model.remove(member)));
                        }
                    }
                }
                if below(3) == 0 {
                    txn.rollback_to(mark);
                    model = kept;
                    assert_eq!(state(&mut txn, b"s"), before, "{ints} {packed} {bytes}");
                }
                let found: Members = state(&mut txn, b"s").members.into_iter().collect();
                assert_eq!(found, model, "{ints} {packed} {bytes}");
            }
            run(&mut txn, "SADD s last");
            run(&mut txn, "SPOP s 1000000");
            assert_eq!((txn.exists(b"s"), txn.store.counters.keys(0), txn.store.counters.bytes()), (false, 0, 0));
            txn.commit();
        }
    }
}

/// What Redis says of `sets`, which may miss.
fn combined(operation: &str, sets: &[Members]) -> Members {
    let (first, rest) = sets.split_first().expect("at least one key");
    match operation {
        "SINTER" => first.iter().filter(|m| rest.iter().all(|set| set.contains(*m))).cloned().collect(),
        "SDIFF" => first.iter().filter(|m| !rest.iter().any(|set| set.contains(*m))).cloned().collect(),
        _ => sets.iter().flatten().cloned().collect(),
    }
}

#[test]
fn combinations_of_sets_of_all_sizes_and_encodings_agree_with_plain_sets() {
    combinations_agree(random::next_u64());
}

pub(crate) fn combinations_agree(seed: u64) {
    println!("seed {seed}");
    let mut draws = Seeded(seed);
    let mut below = |bound: u64| draws.below(bound);
    for turn in 0..60 {
        let mut txn = txn(512, 128, 64);
        // Now and then sets that are walked in slices, and tables of several segments and depths.
        let size_max = [5, 300, 3000, 40_000][if turn % 20 == 0 { 3 } else { turn % 3 }];
        let keys: Vec<String> = (0..8).map(|key| format!("k{key}")).collect();
        let mut model: HashMap<String, Members> = HashMap::new();
        for key in &keys {
            let (size, range) = (below(size_max), 1 + below(size_max * 2));
            let texts = below(3);
            let members: Members = (0..size)
                .map(|_| match below(range) {
                    number if texts == 0 || texts == 1 && number % 2 == 0 => number.to_string().into_bytes(),
                    number => format!("member:{number}").into_bytes(),
                })
                .collect();
            for chunk in members.iter().cloned().collect::<Vec<_>>().chunks(100) {
                add(&mut txn, key.as_bytes(), chunk.iter().cloned());
            }
            model.insert(key.clone(), members);
        }
        for _ in 0..12 {
            let most = if below(4) == 0 { 16 } else { 3 };
            let count = 1 + below(most);
            let named: Vec<&String> = (0..count).map(|_| &keys[below(8) as usize]).collect();
            let sets: Vec<Members> = named.iter().map(|key| model[*key].clone()).collect();
            let list: Vec<&str> = named.iter().map(|key| key.as_str()).collect();
            let list = list.join(" ");
            for operation in ["SINTER", "SUNION", "SDIFF"] {
                let expected = combined(operation, &sets);
                assert_eq!(distinct(&run(&mut txn, &format!("{operation} {list}"))), expected, "{operation} {list}");
                let stored = format!(":{}\r\n", expected.len());
                assert_eq!(run(&mut txn, &format!("{operation}STORE out {list}")), stored);
                assert_eq!(distinct(&run(&mut txn, "SMEMBERS out")), expected);
                assert_eq!(txn.exists(b"out"), !expected.is_empty());
                assert_eq!(run(&mut txn, &format!("{operation}CARD {count} {list}")), stored);
                let limit = 1 + below(20) as usize;
                let limited = format!(":{}\r\n", expected.len().min(limit));
                assert_eq!(run(&mut txn, &format!("{operation}CARD {count} {list} LIMIT {limit}")), limited);
            }
        }
        // Nothing that was stored or read has touched the sources.
        for (key, members) in &model {
            assert_eq!(distinct(&run(&mut txn, &format!("SMEMBERS {key}"))), *members);
        }
        txn.commit();
    }
}

#[test]
fn encodings_change_when_redis_changes_them() {
    let mut txn = txn(5, 4, 8);
    let mut expect = |request: &str, key: &str, wanted: &str| {
        if !request.is_empty() {
            run(&mut txn, request);
        }
        assert_eq!(encoding(&mut txn, key.as_bytes()), wanted, "{request}");
    };
    expect("SADD i 1 2 3 4 5", "i", "intset");
    expect("SADD i 6", "i", "hashtable");
    expect("SREM i 6 5 4", "i", "hashtable");
    expect("SADD j 1 2 3 4 5 1", "j", "hashtable");
    expect("SADD l 1 2 3 a", "l", "listpack");
    expect("SADD l b", "l", "hashtable");
    expect("SADD m a 1 2 3", "m", "listpack");
    expect("SADD m a a a a a", "m", "hashtable");
    expect("SADD n 1 2 3 4", "n", "intset");
    expect("SADD n a", "n", "hashtable");
    expect("SADD o 12345678", "o", "intset");
    expect("SADD o a", "o", "listpack");
    expect("SADD p 123456789", "p", "intset");
    expect("SADD p a", "p", "hashtable");
    expect("SADD q 123456789a", "q", "hashtable");
    expect("SADD r 1 2 3 4 5 6", "r", "hashtable");
    expect("SADD t a b c d e", "t", "hashtable");
    expect("SPOP t 4", "t", "hashtable");
    expect("SADD u a b c d e f g h i j k l", "u", "hashtable");
    expect("SPOP u 10", "u", "listpack");
    expect("SADD v 1 2 3 4", "v", "intset");
    expect("SPOP v 3", "v", "intset");
    // Integers out of a table make an intset again, and a large difference with many keys stays what it was.
    expect("SINTERSTORE out r i", "out", "intset");
    expect("SINTERSTORE out t", "out", "listpack");
    expect("SUNIONSTORE out n l", "out", "hashtable");
    expect("SUNIONSTORE out o", "out", "listpack");
    expect("SDIFFSTORE out r none", "out", "hashtable");
    expect("SADD w 1 2 3 4 5 6", "w", "hashtable");
    expect("SADD x 1", "x", "intset");
    expect("SADD y 2", "y", "intset");
    expect("SDIFFSTORE out w x", "out", "intset");
    expect("SDIFFSTORE out w x y x y", "out", "hashtable");
    txn.commit();
}

#[test]
fn a_rollback_brings_the_expiry_the_encoding_and_replaced_values_back() {
    let mut txn = txn(512, 4, 64);
    run(&mut txn, "SADD s a b c d");
    add(&mut txn, b"large", (0..5000).map(|number| format!("m{number}").into_bytes()));
    txn.set_expiry(b"s", Some(5_000_000));
    let (before, large) = (state(&mut txn, b"s"), state(&mut txn, b"large"));
    txn.keep_undo();
    let mark = txn.savepoint();
    run(&mut txn, "SADD s e f");
    run(&mut txn, "SMOVE s large a");
    run(&mut txn, "SPOP large 4990");
    assert_eq!(encoding(&mut txn, b"large"), "hashtable");
    run(&mut txn, "SPOP s 100");
    assert!(!txn.exists(b"s"));
    run(&mut txn, "SUNIONSTORE s large");
    run(&mut txn, "SINTERSTORE large none large");
    assert!(!txn.exists(b"large"));
    txn.rollback_to(mark);
    assert_eq!((state(&mut txn, b"s"), state(&mut txn, b"large")), (before, large));
    txn.commit();
}

#[test]
fn rolling_ten_members_back_touches_ten_members_of_a_large_set() {
    let mut txn = txn(512, 128, 64);
    for turn in 0..100 {
        add(&mut txn, b"s", (0..1000).map(|index| format!("member:{}", turn * 1000 + index).into_bytes()));
    }
    assert_eq!(run(&mut txn, "SCARD s"), ":100000\r\n");
    txn.keep_undo();
    let mark = txn.savepoint();
    for index in 0..10 {
        if index % 2 == 0 {
            run(&mut txn, &format!("SREM s member:{index}"));
        } else {
            run(&mut txn, &format!("SADD s new:{index}"));
        }
    }
    let moved = moves::MOVED.get();
    txn.rollback_to(mark);
    assert_eq!(moves::MOVED.get() - moved, 10);
    assert_eq!(run(&mut txn, "SCARD s"), ":100000\r\n");
    assert_eq!(run(&mut txn, "SISMEMBER s member:2"), ":1\r\n");
    assert_eq!(run(&mut txn, "SISMEMBER s new:1"), ":0\r\n");
    txn.commit();
}

#[test]
fn a_clone_of_a_large_set_costs_little_and_changes_do_not_reach_it() {
    let mut txn = txn(512, 128, 64);
    add(&mut txn, b"s", (0..100_000).map(|number| format!("member:{number}").into_bytes()));
    let moved = moves::MOVED.get();
    run(&mut txn, "SUNIONSTORE t s");
    assert_eq!(moves::MOVED.get() - moved, 0, "no member is touched");
    run(&mut txn, "SREM s member:1");
    assert!(moves::MOVED.get() - moved <= SEGMENT_BLOCKS_MAX + 1, "one segment is copied");
    assert_eq!(run(&mut txn, "SISMEMBER t member:1"), ":1\r\n");
    assert_eq!(run(&mut txn, "SDIFF t s"), "*1\r\n$8\r\nmember:1\r\n");
    txn.commit();
}

#[test]
fn a_slice_answers_as_of_the_beginning_and_a_store_as_of_its_end() {
    let mut txn = txn(512, 128, 64);
    for key in [b"a", b"b"] {
        add(&mut txn, key, (0..30_000).map(|number| format!("member:{number}").into_bytes()));
    }
    for name in ["sinter", "smembers", "sunionstore", "sinterstore"] {
        let store = name.ends_with("store");
        let request = format!("{name} {}", if store { "out a b" } else { "a" });
        let changes = ["SREM a member:7", "SREM b member:7", "SADD a later", "SADD b later"];
        let (reply, steps) = run_sliced(&mut txn, &request, 2, &changes);
        assert!(steps > 3, "{name}: {steps} steps");
        let key = if store { "out" } else { "a" };
        let now = distinct(&run(&mut txn, &format!("SMEMBERS {key}")));
        if store {
            assert_eq!(reply, ":30000\r\n");
            assert!(!now.contains(b"member:7".as_slice()) && now.contains(b"later".as_slice()), "{name}");
        } else {
            let replied = distinct(&reply);
            assert!(replied.contains(b"member:7".as_slice()) && !replied.contains(b"later".as_slice()), "{name}");
            assert!(!now.contains(b"member:7".as_slice()) && now.contains(b"later".as_slice()));
        }
        for key in ["a", "b"] {
            run(&mut txn, &format!("SREM {key} later"));
            run(&mut txn, &format!("SADD {key} member:7"));
        }
    }
    txn.commit();
}

#[test]
fn what_was_random_is_logged_as_what_came_of_it() {
    for (size, count) in
        [(5, 1), (5, 3), (5, 9), (3000, 2900), (3000, 10), (20_000, 6000), (20_000, 19_990), (40_000, 40_000)]
    {
        let mut txn = txn(512, 128, 64);
        txn.record = true;
        add(&mut txn, b"s", (0..size).map(|number| format!("m{number}").into_bytes()));
        let mut whole: Members = state(&mut txn, b"s").members.into_iter().collect();
        txn.effects.clear();
        let (reply, effect) = run_as(&mut txn, Protocol::Resp2, &[b"SPOP", b"s", count.to_string().as_bytes()]);
        let popped = distinct(&reply);
        assert_eq!(popped.len(), count.min(size));
        let mut commands: Vec<OwnedArgs> = txn.effects.drain(..).map(|(_, command)| command).collect();
        if let Effect::Rewrite(rewritten) = effect {
            commands.extend(rewritten);
        }
        for command in &commands {
            let args = command.borrow();
            match args.get(0) {
                b"DEL" => whole.clear(),
                b"SREM" => args.from(2).iter().for_each(|member| assert!(whole.remove(member))),
                other => panic!("{}", String::from_utf8_lossy(other)),
            }
            assert!(args.len() <= 1026);
        }
        let left: Members = state(&mut txn, b"s").members.into_iter().collect();
        assert_eq!(left, whole, "{count} of {size}");
        txn.commit();
    }
}

#[test]
fn changes_are_counted_and_nothing_is_propagated_where_nothing_changed() {
    let mut txn = txn(512, 128, 64);
    let mut dirty = |request: &[&[u8]]| {
        let before = txn.dirty;
        let effect = run_as(&mut txn, Protocol::Resp2, request).1;
        assert_eq!(matches!(effect, Effect::None), txn.dirty == before, "{request:?}");
        txn.dirty - before
    };
    assert_eq!(dirty(&[b"SADD", b"s", b"a", b"b", b"a"]), 2);
    assert_eq!(dirty(&[b"SADD", b"s", b"a"]), 0);
    assert_eq!(dirty(&[b"SREM", b"s", b"x"]), 0);
    assert_eq!(dirty(&[b"SMOVE", b"s", b"t", b"x"]), 0);
    assert_eq!(dirty(&[b"SMOVE", b"s", b"s", b"a"]), 0);
    assert_eq!(dirty(&[b"SMOVE", b"s", b"t", b"a"]), 2);
    assert_eq!(dirty(&[b"SADD", b"s", b"a"]), 1);
    assert_eq!(dirty(&[b"SMOVE", b"s", b"t", b"a"]), 1);
    assert_eq!(dirty(&[b"SINTERSTORE", b"none", b"s", b"t"]), 0);
    assert_eq!(dirty(&[b"SUNIONSTORE", b"u", b"s", b"t"]), 1);
    assert_eq!(dirty(&[b"SINTERSTORE", b"u", b"s", b"t"]), 1);
    assert_eq!(dirty(&[b"SPOP", b"s", b"0"]), 0);
    assert_eq!(dirty(&[b"SADD", b"s", b"1", b"2", b"3"]), 3);
    assert_eq!(dirty(&[b"SPOP", b"s", b"2"]), 2);
    assert_eq!(dirty(&[b"SPOP", b"s", b"9"]), 2);
    assert_eq!(dirty(&[b"SPOP", b"s"]), 0);
    assert_eq!(dirty(&[b"SREM", b"t", b"a", b"b"]), 1);
    txn.commit();
}

#[test]
fn a_string_is_refused_and_stays() {
    let mut txn = txn(512, 128, 64);
    txn.set(b"s", NewValue::Text(b"text"), Expiry::Clear);
    run(&mut txn, "SADD t a");
    for request in [
        "SADD s a",
        "SREM s a",
        "SISMEMBER s a",
        "SMISMEMBER s a",
        "SCARD s",
        "SMEMBERS s",
        "SPOP s",
        "SPOP s 1",
        "SRANDMEMBER s",
        "SRANDMEMBER s 1",
        "SMOVE s t a",
        "SMOVE t s a",
        "SSCAN s 0",
        "SINTER t s",
        "SINTER none s",
        "SUNION s",
        "SDIFF none s",
        "SINTERSTORE t t s",
        "SUNIONSTORE t s",
        "SDIFFSTORE t s",
        "SINTERCARD 1 s",
        "SUNIONCARD 2 t s",
        "SDIFFCARD 2 t s",
        "SPOP s 0",
    ] {
        assert!(run(&mut txn, request).starts_with("-WRONGTYPE"), "{request}");
    }
    assert!(txn.get_text(b"s").is_ok());
    assert_eq!(run(&mut txn, "SUNIONSTORE s t"), ":1\r\n");
    assert_eq!(run(&mut txn, "SMOVE none s a"), ":0\r\n");
    txn.commit();
}

#[test]
fn no_request_draws_without_end() {
    let mut txn = txn(512, 128, 64);
    run(&mut txn, "SADD s v");
    for count in ["-9223372036854775808", "-9223372036854775807", "-16777217"] {
        assert!(run(&mut txn, &format!("SRANDMEMBER s {count}")).starts_with("-ERR value is out of range"), "{count}");
    }
    assert_eq!(run(&mut txn, "SRANDMEMBER s 9223372036854775807"), "*1\r\n$1\r\nv\r\n");
    assert_eq!(elements(&run(&mut txn, "SRANDMEMBER s -70000")).len(), 70_000);
    txn.commit();
}

#[test]
fn draws_are_fair_in_every_encoding_and_every_way_of_drawing() {
    // 20 members; a count of 2 draws again where a member repeats, one of 15 passes all by.
    for (ints, packed, prefix) in [(512, 128, ""), (512, 128, "m"), (0, 0, "m"), (0, 0, "")] {
        let mut txn = txn(ints, packed, 64);
        add(&mut txn, b"s", (0..20).map(|number| format!("{prefix}{number}").into_bytes()));
        for (request, each) in
            [("SRANDMEMBER s", 1), ("SRANDMEMBER s -3", 3), ("SRANDMEMBER s 2", 2), ("SRANDMEMBER s 15", 15)]
        {
            let mut counts: HashMap<Vec<u8>, usize> = HashMap::new();
            let turns = 20_000;
            for _ in 0..turns {
                let reply = run(&mut txn, request);
                let drawn = if each == 1 { elements(&format!("*1\r\n{reply}")) } else { elements(&reply) };
                assert_eq!(drawn.len(), each);
                drawn.into_iter().for_each(|member| *counts.entry(member).or_default() += 1);
            }
            let expected = turns * each / 20;
            // Standard deviations are below the root of the expected count.
            let most = (expected as f64).sqrt() as usize * 6;
            assert!(counts.values().all(|count| count.abs_diff(expected) < most), "{request}: {counts:?}");
        }
        let mut counts: HashMap<Vec<u8>, usize> = HashMap::new();
        for _ in 0..4000 {
            let popped = distinct(&run(&mut txn, "SPOP s 5"));
            popped.iter().for_each(|member| *counts.entry(member.clone()).or_default() += 1);
            add(&mut txn, b"s", popped.into_iter());
        }
        assert!(counts.values().all(|count| count.abs_diff(1000) < 190), "{counts:?}");
        txn.commit();
    }
}

#[test]
fn many_draws_from_many_members_are_distinct_and_even() {
    let mut txn = txn(512, 128, 64);
    for start in (0..30_000).step_by(1000) {
        add(&mut txn, b"s", (start..start + 1000).map(|number| format!("m{number}").into_bytes()));
    }
    for count in [3000, 9000, 6000, 25_000, 30_000, 40_000] {
        let drawn = distinct(&run(&mut txn, &format!("SRANDMEMBER s {count}")));
        assert_eq!(drawn.len(), count.min(30_000));
        let low = drawn.iter().filter(|member| member.len() == 6 && member[1] == b'1').count();
        // A third are m1xxxx.
        assert!(low.abs_diff(drawn.len() / 3) < 500, "{low} of {}", drawn.len());
    }
    assert_eq!(elements(&run(&mut txn, "SRANDMEMBER s -50000")).len(), 50_000);
    txn.commit();
}

#[test]
fn replies_are_sets_in_resp3_and_draws_are_arrays() {
    let mut txn = txn(512, 128, 64);
    run(&mut txn, "SADD s 1");
    for (request, reply) in [
        (&[&b"SMEMBERS"[..], b"s"][..], "~1\r\n$1\r\n1\r\n"),
        (&[b"SINTER", b"s", b"s"], "~1\r\n$1\r\n1\r\n"),
        (&[b"SUNION", b"s", b"none"], "~1\r\n$1\r\n1\r\n"),
        (&[b"SDIFF", b"s", b"none"], "~1\r\n$1\r\n1\r\n"),
        (&[b"SMEMBERS", b"none"], "~0\r\n"),
        (&[b"SPOP", b"none", b"1"], "~0\r\n"),
        (&[b"SPOP", b"none"], "_\r\n"),
        (&[b"SRANDMEMBER", b"none"], "_\r\n"),
        (&[b"SRANDMEMBER", b"none", b"1"], "*0\r\n"),
        (&[b"SRANDMEMBER", b"s", b"1"], "*1\r\n$1\r\n1\r\n"),
        (&[b"SPOP", b"s", b"1"], "~1\r\n$1\r\n1\r\n"),
    ] {
        assert_eq!(
            run_as(&mut txn, Protocol::Resp3, request).0,
            reply,
            "{}",
            String::from_utf8_lossy(&request.concat())
        );
    }
    txn.commit();
}

#[test]
fn sscan_sees_all_that_stays_and_a_large_count_runs_in_slices() {
    let mut txn = txn(512, 128, 64);
    for start in (0..40_000).step_by(1000) {
        add(&mut txn, b"s", (start..start + 1000).map(|number| format!("m{number}").into_bytes()));
    }
    let mut turn = 0;
    for count in [100, 7000, 30_000] {
        let (mut cursor, mut found) = ("0".to_string(), Members::new());
        loop {
            let reply = run(&mut txn, &format!("SSCAN s {cursor} COUNT {count}"));
            let lines: Vec<&str> = reply.split("\r\n").collect();
            let members: Vec<&str> = lines[4..].chunks_exact(2).map(|pair| pair[1]).collect();
            assert!(members.len() < count + 100, "{}", members.len());
            assert_eq!(lines[3], format!("*{}", members.len()));
            found.extend(members.iter().map(|member| member.as_bytes().to_vec()));
            cursor = lines[2].to_string();
            if cursor == "0" {
                break;
            }
            for number in 0..200 {
                turn += 1;
                run(&mut txn, &format!("{} s other:{}", if turn % 3 == 0 { "SREM" } else { "SADD" }, turn + number));
            }
        }
        assert!((0..40_000).all(|number| found.contains(format!("m{number}").as_bytes())));
    }
    assert_eq!(run(&mut txn, "SSCAN none 0 FOO"), "*2\r\n$1\r\n0\r\n*0\r\n");
    txn.commit();
}

#[test]
fn a_million_members_take_at_most_thirty_six_bytes_each() {
    for (what, limit) in [("member:", 34.0), ("", 18.0), ("a longer mem:", 42.0)] {
        let mut txn = txn(512, 128, 64);
        for start in (0..1_000_000).step_by(1000) {
            add(
                &mut txn,
                b"s",
                (start..start + 1000)
                    .map(|number| format!("{what}{number:07}").trim_start_matches('0').as_bytes().to_vec()),
            );
        }
        let set = txn.get_object::<SetValue>(b"s").expect("a set").expect("there");
        let each = set.memory_bytes() as f64 / set.len() as f64;
        println!("{what:?}: {each} bytes");
        assert!(each <= limit, "{what:?}: {each} bytes");
        txn.commit();
    }
}
