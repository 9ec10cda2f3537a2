//! Hashes through their handlers: against a plain map over both encodings, with rollbacks, and the edges of each command.

use crate::sys::random::Seeded;
use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;

use super::value::HashValue;
use crate::commands::stage::{run, run_as};
use crate::ds::entry::{NewValue, Object};
use crate::ds::segments::moves;
use crate::resp::args::OwnedArgs;
use crate::resp::reply::Protocol;
use crate::sys::random;
use crate::txn::access::Expiry;
use crate::txn::stage;
use crate::txn::{Effect, Txn};

pub(super) fn txn(listpack_entries: u64) -> Txn {
    let txn = stage::txn();
    txn.store.settings.hash_max_listpack_entries.store(listpack_entries, Relaxed);
    txn
}

fn encoding(txn: &mut Txn, key: &[u8]) -> &'static str {
    txn.peek(key).map_or("none", |entry| entry.encoding())
}

/// Everything that a rollback must bring back.
#[derive(Debug, PartialEq)]
struct State {
    /// In their order.
    pairs: Vec<(Vec<u8>, Vec<u8>)>,
    encoding: &'static str,
    expiry: Option<i64>,
    /// Keys of the store, and those with an expiry.
    counters: (u64, u64),
}

fn state(txn: &mut Txn, key: &[u8]) -> State {
    let mut pairs = Vec::new();
    if let Some(hash) = txn.get_object::<HashValue>(key).expect("a hash") {
        hash.for_each(i64::MIN, |field, value| pairs.push((field.to_vec(), value.to_vec())));
        assert_eq!(hash.len(), pairs.len());
    }
    let expiry = txn.peek(key).and_then(|entry| entry.expiry());
    let counters = (txn.store.counters.keys(0), txn.store.counters.expires(0));
    State { pairs, encoding: encoding(txn, key), expiry, counters }
}

#[test]
fn random_changes_and_rollbacks_agree_with_a_map_over_both_encodings() {
    let seed = random::next_u64();
    println!("seed {seed}");
    let mut draws = Seeded(seed);
    let mut below = |bound: u64| draws.below(bound);
    for limit in [0, 20, 512] {
        let mut txn = txn(limit);
        txn.keep_undo();
        let mut model: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
        for _ in 0..400 {
            let (mark, before, kept) = (txn.savepoint(), state(&mut txn, b"h"), model.clone());
            for _ in 0..below(20) {
                let field = match below(3) {
                    0 => below(50).to_string().into_bytes(),
                    _ => format!("field:{}", below(50)).into_bytes(),
                };
                let value = match below(4) {
                    0 => (below(1 << 31) as i64 - (1 << 30)).to_string().into_bytes(),
                    1 => {
                        let bytes_max = if below(50) == 0 { 300 } else { 64 };
                        b"x".repeat(below(bytes_max) as usize)
                    }
                    _ => format!("v{}", below(1000)).into_bytes(),
                };
                match below(10) {
                    0..5 => {
                        let new = !model.contains_key(&field);
                        let (reply, _) = run_as(&mut txn, Protocol::Resp2, &[b"HSET", b"h", &field, &value]);
                        assert_eq!(reply, format!(":{}\r\n", new as i32));
                        model.insert(field, value);
                    }
                    5..8 => {
                        let (reply, _) = run_as(&mut txn, Protocol::Resp2, &[b"HDEL", b"h", &field]);
                        assert_eq!(reply, format!(":{}\r\n", model.remove(&field).is_some() as i32));
                    }
                    8 => {
                        let old = model.get(&field).map_or(Some(0), |old| crate::resp::number::integer(old));
                        let (reply, _) = run_as(&mut txn, Protocol::Resp2, &[b"HINCRBY", b"h", &field, b"7"]);
                        match old {
                            Some(old) => {
                                assert_eq!(reply, format!(":{}\r\n", old + 7));
                                model.insert(field, (old + 7).to_string().into_bytes());
                            }
                            None => assert_eq!(reply, "-ERR hash value is not an integer\r\n"),
                        }
                    }
                    _ => {
                        let (reply, _) = run_as(&mut txn, Protocol::Resp2, &[b"HGET", b"h", &field]);
                        let expected = model.get(&field).map_or("$-1\r\n".to_string(), |value| {
                            format!("${}\r\n{}\r\n", value.len(), String::from_utf8_lossy(value))
                        });
                        assert_eq!(reply, expected);
                    }
                }
            }
            if below(3) == 0 {
                txn.rollback_to(mark);
                model = kept;
                let mut after = state(&mut txn, b"h");
                let mut before = before;
                if after.encoding == "hashtable" {
                    after.pairs.sort();
                    before.pairs.sort();
                }
                assert_eq!(after, before, "limit {limit}");
            }
            let mut found = state(&mut txn, b"h").pairs;
            found.sort();
            let mut expected: Vec<_> = model.clone().into_iter().collect();
            expected.sort();
            assert_eq!(found, expected, "limit {limit}");
        }
        run(&mut txn, "HSET h last 1");
        let all: Vec<Vec<u8>> = state(&mut txn, b"h").pairs.into_iter().map(|(field, _)| field).collect();
        for field in all {
            run_as(&mut txn, Protocol::Resp2, &[b"HDEL", b"h", &field]);
        }
        assert_eq!((txn.exists(b"h"), txn.store.counters.keys(0), txn.store.counters.bytes()), (false, 0, 0));
        txn.commit();
    }
}

#[test]
fn a_rollback_brings_the_expiry_and_the_packed_encoding_back() {
    let mut txn = txn(4);
    run(&mut txn, "HSET h a 1 b 2 c 3 d 4");
    txn.set_expiry(b"h", Some(5_000_000));
    let before = state(&mut txn, b"h");
    let bytes = txn.store.counters.bytes();
    assert_eq!(before.encoding, "listpack");
    txn.keep_undo();
    let mark = txn.savepoint();
    run(&mut txn, "HSET h e 5 f 6");
    run(&mut txn, "HINCRBYFLOAT h a 0.5");
    run(&mut txn, "HDEL h b");
    assert_eq!(encoding(&mut txn, b"h"), "hashtable");
    txn.set_expiry(b"h", None);
    run(&mut txn, "HDEL h a c d e f");
    assert!(!txn.exists(b"h"));
    txn.rollback_to(mark);
    assert_eq!(state(&mut txn, b"h"), before);
    assert_eq!(txn.store.counters.bytes(), bytes);
    txn.commit();
}

#[test]
fn rolling_ten_fields_back_touches_ten_fields_of_a_large_hash() {
    let mut txn = txn(128);
    for turn in 0..1000 {
        let words: Vec<Vec<u8>> =
            (0..200).map(|index| format!("field:{}", turn * 100 + index / 2).into_bytes()).collect();
        let mut request: Vec<&[u8]> = vec![b"HSET", b"h"];
        request.extend(words.iter().map(Vec::as_slice));
        run_as(&mut txn, Protocol::Resp2, &request);
    }
    assert_eq!(run(&mut txn, "HLEN h"), ":100000\r\n");
    txn.keep_undo();
    let mark = txn.savepoint();
    for index in 0..10 {
        match index % 3 {
            0 => run(&mut txn, &format!("HSET h field:{index} changed")),
            1 => run(&mut txn, &format!("HDEL h field:{index}")),
            _ => run(&mut txn, &format!("HSET h new:{index} v")),
        };
    }
    let moved = moves::MOVED.get();
    txn.rollback_to(mark);
    assert_eq!(moves::MOVED.get() - moved, 10);
    assert_eq!(run(&mut txn, "HLEN h"), ":100000\r\n");
    assert_eq!(run(&mut txn, "HGET h field:0"), "$7\r\nfield:0\r\n");
    assert_eq!(run(&mut txn, "HGET h field:1"), "$7\r\nfield:1\r\n");
    assert_eq!(run(&mut txn, "HGET h new:2"), "$-1\r\n");
    txn.commit();
}

#[test]
fn a_listpack_becomes_a_hashtable_at_redis_thresholds_and_never_goes_back() {
    let mut txn = txn(3);
    run(&mut txn, "HSET h a 1 b 2 c 3");
    assert_eq!(encoding(&mut txn, b"h"), "listpack");
    run(&mut txn, "HSET h a 9");
    assert_eq!(encoding(&mut txn, b"h"), "listpack");
    run(&mut txn, "HSET h d 4");
    assert_eq!(encoding(&mut txn, b"h"), "hashtable");
    run(&mut txn, "HDEL h b c d");
    assert_eq!(encoding(&mut txn, b"h"), "hashtable");
    // More pairs than the limit make a table even if they repeat one field.
    run(&mut txn, "HSET repeated a 1 a 2 a 3 a 4");
    assert_eq!((encoding(&mut txn, b"repeated"), run(&mut txn, "HLEN repeated").as_str()), ("hashtable", ":1\r\n"));
    let (fits, long) = ("x".repeat(64), "x".repeat(65));
    run(&mut txn, &format!("HSET v {fits} {fits}"));
    assert_eq!(encoding(&mut txn, b"v"), "listpack");
    for (index, request) in [format!("HSET w{{}} a {long}"), format!("HSETNX w{{}} {long} 1")].iter().enumerate() {
        run(&mut txn, &request.replace("{}", &index.to_string()));
        assert_eq!(encoding(&mut txn, format!("w{index}").as_bytes()), "hashtable");
    }
    txn.store.settings.hash_max_listpack_value.store(4, Relaxed);
    run(&mut txn, "HSET n a 9999");
    assert_eq!(encoding(&mut txn, b"n"), "listpack");
    run(&mut txn, "HINCRBY n a 1");
    assert_eq!((encoding(&mut txn, b"n"), run(&mut txn, "HGET n a").as_str()), ("hashtable", "$5\r\n10000\r\n"));
    txn.commit();
}

#[test]
fn hincrby_stops_at_the_ends_of_64_bits() {
    for limit in [0, 128] {
        let mut txn = txn(limit);
        let mut expect = |request: &str, reply: &str| assert_eq!(run(&mut txn, request), reply, "{request}");
        expect("HINCRBY h f 9223372036854775807", ":9223372036854775807\r\n");
        expect("HINCRBY h f 1", "-ERR increment or decrement would overflow\r\n");
        expect("HINCRBY h f -9223372036854775808", ":-1\r\n");
        expect("HINCRBY h f -9223372036854775807", ":-9223372036854775808\r\n");
        expect("HINCRBY h f -1", "-ERR increment or decrement would overflow\r\n");
        expect("HGET h f", "$20\r\n-9223372036854775808\r\n");
        expect("HINCRBY h f 1.0", "-ERR value is not an integer or out of range\r\n");
        expect("HSET h g 01", ":1\r\n");
        expect("HINCRBY h g 1", "-ERR hash value is not an integer\r\n");
        expect("HINCRBYFLOAT h g 1", "$1\r\n2\r\n");
        expect("HINCRBYFLOAT h none nan", "-ERR value is not a valid float\r\n");
        expect("HINCRBYFLOAT h none inf", "-ERR value is NaN or Infinity\r\n");
        expect("HINCRBYFLOAT h d 0.1", "$3\r\n0.1\r\n");
        expect("HINCRBYFLOAT h d 0.2", "$3\r\n0.3\r\n");
        expect("HINCRBYFLOAT h d 3.0e3", "$22\r\n3000.30000000000000004\r\n");
        expect("HLEN h", ":3\r\n");
        txn.commit();
    }
}

#[test]
fn a_float_increment_travels_as_its_result() {
    let mut txn = txn(128);
    txn.record = true;
    run(&mut txn, "HSET h f 10.5");
    let (reply, effect) = run_as(&mut txn, Protocol::Resp2, &[b"HINCRBYFLOAT", b"h", b"f", b"0.25"]);
    assert_eq!(reply, "$5\r\n10.75\r\n");
    let Effect::Rewrite(commands) = effect else { panic!("rewritten") };
    assert_eq!(commands, [OwnedArgs::of(&[b"HSET", b"h", b"f", b"10.75"])]);
    txn.commit();
}

#[test]
fn changes_are_counted_and_nothing_is_propagated_where_nothing_changed() {
    let mut txn = txn(128);
    let mut dirty = |request: &[&[u8]]| {
        let before = txn.dirty;
        let effect = run_as(&mut txn, Protocol::Resp2, request).1;
        assert_eq!(matches!(effect, Effect::None), txn.dirty == before, "{request:?}");
        txn.dirty - before
    };
    assert_eq!(dirty(&[b"HSET", b"h", b"a", b"1", b"b", b"2"]), 2);
    assert_eq!(dirty(&[b"HSET", b"h", b"a", b"1", b"b"]), 0);
    assert_eq!(dirty(&[b"HSETNX", b"h", b"a", b"1"]), 0);
    assert_eq!(dirty(&[b"HSETNX", b"h", b"c", b"1"]), 1);
    assert_eq!(dirty(&[b"HDEL", b"h", b"x", b"y"]), 0);
    assert_eq!(dirty(&[b"HDEL", b"h", b"a", b"b", b"c", b"d"]), 3);
    assert_eq!(dirty(&[b"HDEL", b"h", b"a"]), 0);
    txn.commit();
}

#[test]
fn whole_hashes_are_maps_in_resp3_and_flat_in_resp2() {
    for limit in [0, 128] {
        let mut txn = txn(limit);
        run(&mut txn, "HSET h f 12");
        let request: &[&[u8]] = &[b"HGETALL", b"h"];
        assert_eq!(run_as(&mut txn, Protocol::Resp3, request).0, "%1\r\n$1\r\nf\r\n$2\r\n12\r\n");
        assert_eq!(run_as(&mut txn, Protocol::Resp2, request).0, "*2\r\n$1\r\nf\r\n$2\r\n12\r\n");
        assert_eq!(run_as(&mut txn, Protocol::Resp3, &[b"HGETALL", b"none"]).0, "%0\r\n");
        assert_eq!(run(&mut txn, "HRANDFIELD h 5 WITHVALUES"), "*2\r\n$1\r\nf\r\n$2\r\n12\r\n");
        let nested = run_as(&mut txn, Protocol::Resp3, &[b"HRANDFIELD", b"h", b"-1", b"withvalues"]).0;
        assert_eq!(nested, "*1\r\n*2\r\n$1\r\nf\r\n$2\r\n12\r\n");
        txn.commit();
    }
}

#[test]
fn a_string_is_refused_and_stays() {
    let mut txn = txn(128);
    txn.set(b"h", NewValue::Text(b"text"), Expiry::Clear);
    for request in
        ["HSET h f v", "HMSET h f v", "HSETNX h f v", "HINCRBY h f 1", "HINCRBYFLOAT h f 1", "HDEL h f", "HGET h f"]
    {
        assert!(run(&mut txn, request).starts_with("-WRONGTYPE"), "{request}");
    }
    assert!(txn.get_text(b"h").is_ok());
    txn.commit();
}

#[test]
fn no_request_draws_without_end() {
    let mut txn = txn(128);
    run(&mut txn, "HSET h f v");
    for count in ["-9223372036854775808", "-9223372036854775807", "-16777217", "-4611686018427387905 WITHVALUES"] {
        assert!(run(&mut txn, &format!("HRANDFIELD h {count}")).starts_with("-ERR value is out of range"), "{count}");
    }
    assert_eq!(run(&mut txn, "HRANDFIELD h 9223372036854775807"), "*1\r\n$1\r\nf\r\n");
    txn.commit();
}

#[test]
fn distinct_draws_are_distinct_and_cover_every_field_evenly() {
    for (limit, fields) in [(512, 12), (0, 12), (0, 3000)] {
        let mut txn = txn(limit);
        for index in 0..fields {
            run(&mut txn, &format!("HSET h f{index} v"));
        }
        let mut counts: HashMap<String, usize> = HashMap::new();
        let turns = 12_000 * 4 / fields;
        for turn in 0..turns {
            // Both ways of drawing: few of many, and more than a third.
            let count = if turn % 2 == 0 { fields / 4 } else { fields / 2 };
            let reply = run(&mut txn, &format!("HRANDFIELD h {count}"));
            let drawn: Vec<&str> = reply.split("\r\n").filter(|line| line.starts_with('f')).collect();
            let distinct: std::collections::HashSet<&str> = drawn.iter().copied().collect();
            assert_eq!((drawn.len(), distinct.len()), (count, count));
            drawn.iter().for_each(|field| *counts.entry(field.to_string()).or_default() += 1);
        }
        let expected = turns * 3 / 8;
        // A field is left out of all 16 draws of the large hash with a chance of 0.0004.
        assert!(counts.len() > fields - fields / 100 - 1, "{}", counts.len());
        if fields == 12 {
            // 1500 expected draws of each field; 5 standard deviations are below 200.
            assert!(counts.values().all(|count| count.abs_diff(expected) < 200), "{counts:?}");
        }
        txn.commit();
    }
}

#[test]
fn a_hash_of_five_small_fields_is_small() {
    let mut txn = txn(128);
    run(&mut txn, "HSET user:1 name Ada age 36 city Paris plan pro seen 12345678");
    let hash = txn.get_object::<HashValue>(b"user:1").expect("a hash").expect("there");
    // 41 bytes of text: 20 of field names and 21 of values, of which 10 are digits that take 2 and 5.
    assert_eq!((hash.memory_bytes(), txn.peek(b"user:1").map(|entry| entry.memory_bytes())), (0, Some(72)));
    txn.commit();
}

#[test]
fn hscan_returns_a_listpack_whole_and_a_hashtable_in_steps() {
    let mut small = txn(128);
    run(&mut small, "HSET h a 1 b 2");
    assert_eq!(run(&mut small, "HSCAN h 0 COUNT 1 NOVALUES"), "*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n");
    assert_eq!(run(&mut small, "HSCAN h 0 MATCH [b-z]"), "*2\r\n$1\r\n0\r\n*2\r\n$1\r\nb\r\n$1\r\n2\r\n");
    assert_eq!(run(&mut small, "HSCAN h 99"), run(&mut small, "HSCAN h 0"));
    assert_eq!(run(&mut small, "HSCAN none 0 FOO"), "*2\r\n$1\r\n0\r\n*0\r\n");
    for (request, text) in [
        ("HSCAN h x", "-ERR invalid cursor\r\n"),
        ("HSCAN h 0 COUNT 0", "-ERR syntax error\r\n"),
        ("HSCAN h 0 COUNT x", "-ERR value is not an integer or out of range\r\n"),
        ("HSCAN h 0 COUNT", "-ERR syntax error\r\n"),
        ("HSCAN h 0 TYPE string", "-ERR syntax error\r\n"),
    ] {
        assert_eq!(run(&mut small, request), text, "{request}");
    }
    small.commit();

    let mut large = txn(0);
    for index in 0..20_000 {
        run(&mut large, &format!("HSET h field:{index} {index}"));
    }
    let (mut cursor, mut found) = ("0".to_string(), HashMap::new());
    loop {
        let reply = run(&mut large, &format!("HSCAN h {cursor} COUNT 100"));
        let lines: Vec<&str> = reply.split("\r\n").collect();
        let items: Vec<&str> = lines[4..].chunks_exact(2).map(|pair| pair[1]).collect();
        assert!(items.len() < 2 * 150, "{}", items.len());
        found.extend(items.chunks_exact(2).map(|pair| (pair[0].to_string(), pair[1].to_string())));
        cursor = lines[2].to_string();
        if cursor == "0" {
            break;
        }
    }
    assert_eq!(found.len(), 20_000);
    assert!(found.iter().all(|(field, value)| *field == format!("field:{value}")));
    large.commit();
}
