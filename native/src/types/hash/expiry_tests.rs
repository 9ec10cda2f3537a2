//! Fields that expire, through their handlers, the sweep and a clock of the test's own: against a plain map over both
//! encodings, with rollbacks.

use crate::sys::random::Seeded;
use std::collections::HashMap;

use super::expire::expire_due;
use super::tests::txn;
use super::value::HashValue;
use crate::commands::stage::{run, run_as};
use crate::ds::entry::Object;
use crate::resp::args::OwnedArgs;
use crate::resp::reply::Protocol;
use crate::sys::random;
use crate::txn::{Effect, Txn};

/// Value and expiry of each field, those that have expired and are still there included.
type Model = HashMap<String, (String, Option<i64>)>;

fn live<'m>(model: &'m Model, field: &str, now_ms: i64) -> Option<&'m (String, Option<i64>)> {
    model.get(field).filter(|(_, expiry)| expiry.is_none_or(|at_ms| at_ms > now_ms))
}

/// What a lookup of the field takes out.
fn meet(model: &mut Model, field: &str, now_ms: i64) {
    if live(model, field, now_ms).is_none() {
        model.remove(field);
    }
}

fn bulk(text: Option<&str>) -> String {
    text.map_or("$-1\r\n".to_string(), |text| format!("${}\r\n{text}\r\n", text.len()))
}

fn call(txn: &mut Txn, words: &[&str]) -> String {
    let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
    run_as(txn, Protocol::Resp2, &words).0
}

fn is_met(condition: &str, before: Option<i64>, at_ms: i64) -> bool {
    match (condition, before) {
        ("NX", before) => before.is_none(),
        ("XX", before) => before.is_some(),
        ("GT", before) => before.is_some_and(|before| at_ms > before),
        ("LT", before) => before.is_none_or(|before| at_ms < before),
        _ => true,
    }
}

/// Runs one random command on both, and compares the replies.
fn step(txn: &mut Txn, model: &mut Model, below: &mut dyn FnMut(u64) -> u64) {
    let now_ms = txn.now_ms;
    let field = match below(4) {
        0 => below(12).to_string(),
        _ => format!("field:{}", below(12)),
    };
    let value = match below(3) {
        0 => below(1000).to_string(),
        1 => "x".repeat(below(70) as usize),
        _ => format!("v{}", below(1000)),
    };
    let at_ms = now_ms - 20 + below(120) as i64;
    let at = at_ms.to_string();
    match below(13) {
        0..3 => {
            let new = !model.contains_key(&field);
            assert_eq!(call(txn, &["HSET", "h", &field, &value]), format!(":{}\r\n", new as i32));
            model.insert(field, (value, None));
        }
        3..6 => {
            let condition = ["", "NX", "XX", "GT", "LT"][below(5) as usize];
            let mut words = vec!["HPEXPIREAT", "h", &at, condition, "FIELDS", "1", &field];
            words.retain(|word| !word.is_empty());
            let code = match live(model, &field, now_ms).map(|(_, before)| *before) {
                None => -2,
                Some(before) if !is_met(condition, before, at_ms) => 0,
                Some(_) if at_ms <= now_ms => {
                    model.remove(&field);
                    2
                }
                Some(_) => {
                    model.get_mut(&field).expect("live").1 = Some(at_ms);
                    1
                }
            };
            assert_eq!(call(txn, &words), format!("*1\r\n:{code}\r\n"), "{words:?}");
        }
        6 => {
            let code = match live(model, &field, now_ms) {
                None => -2,
                Some((_, None)) => -1,
                Some(_) => {
                    model.get_mut(&field).expect("live").1 = None;
                    1
                }
            };
            assert_eq!(call(txn, &["HPERSIST", "h", "FIELDS", "1", &field]), format!("*1\r\n:{code}\r\n"));
        }
        7 => {
            let removed = model.remove(&field).is_some() as i32;
            assert_eq!(call(txn, &["HDEL", "h", &field]), format!(":{removed}\r\n"));
        }
        8 => {
            let value = live(model, &field, now_ms).map(|(value, _)| value.clone());
            assert_eq!(call(txn, &["HGET", "h", &field]), bulk(value.as_deref()));
            meet(model, &field, now_ms);
        }
        9 => {
            let value = live(model, &field, now_ms).map(|(value, _)| value.clone());
            let reply = call(txn, &["HGETDEL", "h", "FIELDS", "1", &field]);
            assert_eq!(reply, format!("*1\r\n{}", bulk(value.as_deref())));
            model.remove(&field);
        }
        10 => {
            let value = live(model, &field, now_ms).map(|(value, _)| value.clone());
            let reply = call(txn, &["HGETEX", "h", "PXAT", &at, "FIELDS", "1", &field]);
            assert_eq!(reply, format!("*1\r\n{}", bulk(value.as_deref())));
            meet(model, &field, now_ms);
            if at_ms <= now_ms {
                model.remove(&field);
            } else if let Some((_, expiry)) = model.get_mut(&field) {
                *expiry = Some(at_ms);
            }
        }
        11 => {
            let (condition, absent) = [("", false), ("FNX", true), ("FXX", false)][below(3) as usize];
            let pxat = ["PXAT", at.as_str()];
            let expiry: &[&str] = [&[][..], &pxat, &["KEEPTTL"]][below(3) as usize];
            let condition_words: &[&str] = if condition.is_empty() { &[] } else { &[condition] };
            let tail = ["FIELDS", "1", &field, &value];
            let words = [&["HSETEX", "h"], condition_words, expiry, &tail].concat();
            if !condition.is_empty() || expiry == ["KEEPTTL"] {
                meet(model, &field, now_ms);
            }
            let met = condition.is_empty() || model.contains_key(&field) != absent;
            assert_eq!(call(txn, &words), format!(":{}\r\n", met as i32), "{words:?}");
            if met {
                let before = model.get(&field).and_then(|(_, before)| *before);
                match expiry {
                    ["PXAT", _] if at_ms <= now_ms => drop(model.remove(&field)),
                    ["PXAT", _] => drop(model.insert(field, (value, Some(at_ms)))),
                    ["KEEPTTL"] => drop(model.insert(field, (value, before))),
                    _ => drop(model.insert(field, (value, None))),
                }
            }
        }
        _ => {
            meet(model, &field, now_ms);
            let old = model.get(&field).map_or(Some(0), |(old, _)| crate::resp::number::integer(old.as_bytes()));
            let reply = call(txn, &["HINCRBY", "h", &field, "7"]);
            match old {
                None => assert_eq!(reply, "-ERR hash value is not an integer\r\n"),
                Some(old) => {
                    assert_eq!(reply, format!(":{}\r\n", old + 7));
                    model.entry(field).or_insert((String::new(), None)).0 = (old + 7).to_string();
                }
            }
        }
    }
}

/// Every field with its value and expiry, and what the keyspace knows of the hash.
fn compare(txn: &mut Txn, model: &Model, note: &str) {
    let now_ms = txn.now_ms;
    let mut found = Model::new();
    let first = model.values().filter_map(|(_, expiry)| *expiry).min();
    if let Some(hash) = txn.peek_object::<HashValue>(b"h").expect("a hash") {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        hash.for_each_expiring(|field, value, expiry| {
            found.insert(text(field.to_vec()), (text(value.to_vec()), expiry));
        });
        assert_eq!(hash.len(), found.len(), "{note}");
        assert_eq!(hash.due_ms().is_some(), first.is_some(), "{note}");
        assert!(hash.due_ms() <= first, "{note}: nothing is due before the index says so");
        let alive = model.keys().filter(|field| live(model, field, now_ms).is_some()).count();
        assert_eq!(hash.live(now_ms), alive, "{note}");
        let mut seen = 0;
        hash.for_each(now_ms, |_, _| seen += 1);
        assert_eq!(seen, alive, "{note}");
    }
    assert_eq!(&found, model, "{note}");
    assert_eq!(txn.store.counters.due(0), first.is_some() as u64, "{note}");
}

#[test]
fn random_expiries_and_rollbacks_agree_with_a_map_over_both_encodings() {
    let seed = random::next_u64();
    println!("seed {seed}");
    let mut draws = Seeded(seed);
    let mut below = move |bound: u64| draws.below(bound);
    for limit in [0, 10, 512] {
        let mut txn = txn(limit);
        let mut model = Model::new();
        for turn in 0..1500 {
            let undoes = below(3) == 0;
            let (mark, kept) = (txn.savepoint(), model.clone());
            if undoes {
                txn.keep_undo();
            }
            for _ in 0..below(12) {
                step(&mut txn, &mut model, &mut below);
            }
            if below(4) == 0 {
                let now_ms = txn.now_ms;
                let due = model.keys().filter(|field| live(&model, field, now_ms).is_none()).count();
                let most = 1 + below(40) as usize;
                let gone = expire_due(&mut txn, b"h", most);
                assert!(gone == due || gone == most && due > most, "{gone} of {due}, at most {most}");
                match txn.peek_object::<HashValue>(b"h").expect("a hash") {
                    Some(hash) => model.retain(|field, _| hash.get(field.as_bytes(), i64::MIN).is_some()),
                    None => model.clear(),
                }
            }
            if undoes {
                compare(&mut txn, &model, "before it is undone");
                txn.rollback_to(mark);
                model = kept;
            }
            txn.commit();
            compare(&mut txn, &model, &format!("limit {limit}, turn {turn}"));
            txn.set_clock(txn.now_ms + below(15) as i64);
        }
        run(&mut txn, "HSET h last 1");
        let all: Vec<String> = model.into_keys().chain(["last".to_string()]).collect();
        for field in all {
            call(&mut txn, &["HDEL", "h", &field]);
        }
        let counters = &txn.store.counters;
        assert_eq!((counters.keys(0), counters.bytes(), counters.due(0)), (0, 0, 0));
        txn.commit();
    }
}

#[test]
fn a_large_hash_finds_what_is_due_in_slices_and_its_copy_keeps_its_own() {
    let mut txn = txn(0);
    for index in 0..20_000 {
        call(&mut txn, &["HSET", "h", &format!("f{index}"), "v"]);
        if index % 2 == 0 {
            let at = (txn.now_ms + 10 + index % 1000).to_string();
            call(&mut txn, &["HPEXPIREAT", "h", &at, "FIELDS", "1", &format!("f{index}")]);
        }
    }
    assert!(txn.replicate(b"h", 0, b"copied"));
    assert_eq!(txn.store.counters.due(0), 2);
    txn.set_clock(txn.now_ms + 509);
    let due = |txn: &mut Txn, key: &[u8]| {
        let now_ms = txn.now_ms;
        txn.peek_object::<HashValue>(key).expect("a hash").map_or(0, |hash| hash.len() - hash.live(now_ms))
    };
    assert_eq!(due(&mut txn, b"h"), 5000);
    let mut turns = 0;
    while expire_due(&mut txn, b"h", 700) == 700 {
        turns += 1;
    }
    assert_eq!((turns, due(&mut txn, b"h"), due(&mut txn, b"copied")), (7, 0, 5000));
    assert_eq!((run(&mut txn, "HLEN h").as_str(), run(&mut txn, "HLEN copied").as_str()), (":15000\r\n", ":20000\r\n"));
    let now_ms = txn.now_ms;
    let next = txn.peek_object::<HashValue>(b"h").expect("a hash").and_then(HashValue::due_ms);
    assert_eq!(next, Some(now_ms + 1), "the sweep has found out when it has to come again");
    txn.commit();
}

#[test]
fn what_travels_has_absolute_times_and_only_what_happened() {
    let mut txn = txn(128);
    txn.record = true;
    let now_ms = txn.now_ms;
    run(&mut txn, "HSET h a 1 b 2 c 3");
    let mut effect = |request: &str| {
        let words: Vec<&[u8]> = request.split(' ').map(|word| word.as_bytes()).collect();
        let effect = run_as(&mut txn, Protocol::Resp2, &words).1;
        let own = std::mem::take(&mut txn.effects).into_iter().map(|(_, command)| command);
        let rest = match effect {
            Effect::Rewrite(commands) => commands,
            Effect::Verbatim => vec![OwnedArgs::of(&words)],
            _ => Vec::new(),
        };
        let texts = own.chain(rest).map(|command| {
            let words: Vec<String> =
                command.borrow().iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
            words.join(" ")
        });
        texts.collect::<Vec<String>>()
    };
    let at = |ms: i64| (now_ms + ms).to_string();
    assert_eq!(effect("HEXPIRE h 10 NX FIELDS 3 a none b"), [format!("HPEXPIREAT h {} FIELDS 2 a b", at(10_000))]);
    assert_eq!(effect("HPEXPIRE h 5 XX FIELDS 1 c"), [""; 0]);
    assert_eq!(effect("HPERSIST h FIELDS 2 a c"), ["HPERSIST h FIELDS 1 a"]);
    assert_eq!(effect("HEXPIRE h 0 FIELDS 2 a none"), ["HDEL h a"]);
    assert_eq!(effect("HGETEX h FIELDS 1 b"), [""; 0]);
    assert_eq!(effect("HGETEX h EX 7 FIELDS 2 b none"), [format!("HPEXPIREAT h {} FIELDS 1 b", at(7000))]);
    assert_eq!(effect("HGETEX h PERSIST FIELDS 2 b c"), ["HPERSIST h FIELDS 1 b"]);
    assert_eq!(effect("HGETDEL h FIELDS 2 none b"), ["HDEL h b"]);
    assert_eq!(
        effect("HSETEX h PX 9 FIELDS 1 d 1"),
        ["HSET h d 1".to_string(), format!("HPEXPIREAT h {} FIELDS 1 d", at(9))]
    );
    assert_eq!(effect("HSETEX h KEEPTTL FIELDS 1 d 2"), ["HSETEX h KEEPTTL FIELDS 1 d 2"]);
    assert_eq!(
        effect("HINCRBYFLOAT h d 0.5"),
        ["HSET h d 2.5".to_string(), format!("HPEXPIREAT h {} FIELDS 1 d", at(9))]
    );
    assert_eq!(effect("HSETEX h PX 0 FIELDS 1 d 1"), ["HDEL h d"]);
    assert_eq!(effect("HSETEX h PX 9 FIELDS 1 e 1").len(), 2);
    txn.set_clock(now_ms + 9);
    let words: [&[u8]; 3] = [b"HGET", b"h", b"e"];
    run_as(&mut txn, Protocol::Resp2, &words);
    let texts: Vec<_> = std::mem::take(&mut txn.effects).into_iter().map(|(_, command)| command).collect();
    assert_eq!(texts, [OwnedArgs::of(&[b"HDEL", b"h", b"e"])]);
    txn.commit();
}

#[test]
fn where_nothing_expires_what_travels_says_that_a_field_begins_anew() {
    let mut txn = txn(128);
    txn.record = true;
    for command in ["HSETNX h f 1", "HINCRBY h f 1", "HINCRBYFLOAT h f 1"] {
        txn.keep_expired = false;
        run(&mut txn, "DEL h");
        run(&mut txn, "HSETEX h PX 9 FIELDS 2 f 5 g 5");
        txn.set_clock(txn.now_ms + 9);
        txn.keep_expired = true;
        txn.effects.clear();
        run(&mut txn, command);
        let texts: Vec<_> = std::mem::take(&mut txn.effects).into_iter().map(|(_, command)| command).collect();
        assert_eq!(texts, [OwnedArgs::of(&[b"HDEL", b"h", b"f"])], "{command}");
        // What nobody sets stays: a hash may be imported with fields whose time is over.
        run(&mut txn, "HGETDEL h FIELDS 1 g");
        run(&mut txn, "HPEXPIREAT h 1 FIELDS 1 f");
        let hash = txn.peek_object::<HashValue>(b"h").expect("a hash");
        assert_eq!(hash.map(|hash| hash.expiry(b"f", 0)), Some(Some(Some(1))), "{command}");
        assert!(hash.is_some_and(|hash| hash.get(b"g", 0).is_some()), "{command}");
    }
    txn.keep_expired = false;
    txn.commit();
}

#[test]
fn expiries_cost_nothing_where_there_are_none_and_nine_bytes_in_a_small_hash() {
    let mut txn = txn(128);
    run(&mut txn, "HSET user:1 name Ada age 36 city Paris plan pro seen 12345678");
    let before = txn.peek(b"user:1").map(|entry| entry.memory_bytes());
    assert_eq!(before, Some(72));
    run(&mut txn, "HEXPIRE user:1 100 FIELDS 2 name age");
    assert_eq!(txn.peek(b"user:1").map(|entry| entry.memory_bytes()), Some(88));
    run(&mut txn, "HPERSIST user:1 FIELDS 2 name age");
    assert_eq!((txn.store.counters.due(0), txn.peek(b"user:1").map(|entry| entry.encoding())), (0, Some("listpackex")));
    txn.commit();
}
