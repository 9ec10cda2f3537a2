//! Sorted sets through their handlers: against a plain model over both encodings, with rollbacks, and the edges of what each
//! change means for the log.

use crate::sys::random::Seeded;
use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;

use super::value::ZsetValue;
use crate::commands::stage::{run, run_as, run_sliced};
use crate::ds::entry::{NewValue, Object};
use crate::ds::scored::member::order_of;
use crate::ds::segments::moves;
use crate::resp::args::OwnedArgs;
use crate::resp::number::double_text;
use crate::resp::reply::Protocol;
use crate::sys::random;
use crate::txn::access::Expiry;
use crate::txn::stage;
use crate::txn::{Effect, Txn};

fn txn(listpack_entries: u64) -> Txn {
    let txn = stage::txn();
    txn.store.settings.zset_max_listpack_entries.store(listpack_entries, Relaxed);
    txn
}

fn encoding(txn: &mut Txn, key: &[u8]) -> &'static str {
    txn.peek(key).map_or("none", |entry| entry.encoding())
}

/// Everything that a rollback must bring back.
#[derive(Debug, PartialEq)]
struct State {
    /// In their order, scores as bits; -0 as 0, which it becomes in a listpack.
    pairs: Vec<(Vec<u8>, u64)>,
    encoding: &'static str,
    expiry: Option<i64>,
    /// Keys of the store, and those with an expiry.
    counters: (u64, u64),
}

fn state(txn: &mut Txn, key: &[u8]) -> State {
    let mut pairs = Vec::new();
    if let Some(zset) = txn.get_object::<ZsetValue>(key).expect("a sorted set") {
        pairs.extend(zset.iter().map(|(member, score)| (member.to_vec(), (score + 0.0).to_bits())));
        assert_eq!(zset.len(), pairs.len());
    }
    let expiry = txn.peek(key).and_then(|entry| entry.expiry());
    let counters = (txn.store.counters.keys(0), txn.store.counters.expires(0));
    State { pairs, encoding: encoding(txn, key), expiry, counters }
}

/// What the model would list.
fn listed(model: &HashMap<Vec<u8>, f64>) -> Vec<(Vec<u8>, u64)> {
    let mut pairs: Vec<_> = model.iter().map(|(member, score)| (member.clone(), *score)).collect();
    pairs.sort_by(|left, right| (order_of(left.1), &left.0).cmp(&(order_of(right.1), &right.0)));
    pairs.into_iter().map(|(member, score)| (member, (score + 0.0).to_bits())).collect()
}

fn bulk(bytes: &[u8]) -> String {
    format!("${}\r\n{}\r\n", bytes.len(), String::from_utf8_lossy(bytes))
}

/// -0 as 0.
fn plain(reply: &str) -> String {
    reply.replace("$2\r\n-0\r\n", "$1\r\n0\r\n")
}

#[test]
fn random_changes_and_rollbacks_agree_with_a_model_over_both_encodings() {
    changes_agree(random::next_u64());
}

pub(crate) fn changes_agree(seed: u64) {
    println!("seed {seed}");
    let mut draws = Seeded(seed);
    let mut below = |bound: u64| draws.below(bound);
    for limit in [0, 20, 512] {
        let mut txn = txn(limit);
        txn.keep_undo();
        let mut model: HashMap<Vec<u8>, f64> = HashMap::new();
        for _ in 0..400 {
            let (mark, before, kept) = (txn.savepoint(), state(&mut txn, b"z"), model.clone());
            for _ in 0..below(20) {
                let member = match below(3) {
                    0 => below(50).to_string().into_bytes(),
                    1 if below(40) == 0 => b"x".repeat(below(400) as usize),
                    _ => format!("member:{}", below(300)).into_bytes(),
                };
                let score = match below(4) {
                    0 => below(5) as f64,
                    1 => below(1 << 31) as f64 / 1024.0 - 1e6,
                    2 => -(below(3) as f64) * 0.1,
                    _ => [f64::INFINITY, f64::NEG_INFINITY, -0.0, 1e300, 1.7e12][below(5) as usize],
                };
                let text = double_text(score);
                let old = model.get(&member).copied();
                match below(12) {
                    0..6 => {
                        let (reply, _) = run_as(&mut txn, Protocol::Resp2, &[b"ZADD", b"z", &text, &member]);
                        assert_eq!(reply, format!(":{}\r\n", old.is_none() as i32));
                        model.insert(member, score);
                    }
                    6..9 => {
                        let (reply, _) = run_as(&mut txn, Protocol::Resp2, &[b"ZREM", b"z", &member]);
                        assert_eq!(reply, format!(":{}\r\n", model.remove(&member).is_some() as i32));
                    }
                    9 => {
                        let (reply, _) = run_as(&mut txn, Protocol::Resp2, &[b"ZINCRBY", b"z", b"7.5", &member]);
                        let sum = old.unwrap_or(0.0) + 7.5;
                        assert_eq!(plain(&reply), plain(&bulk(&double_text(sum))));
                        model.insert(member, sum);
                    }
                    10 => {
                        let all = listed(&model);
                        let from = below(all.len() as u64 + 1) as usize;
                        let to = (from + below(7) as usize).min(all.len());
                        let request = format!("ZREMRANGEBYRANK z {from} {}", to as i64 - 1);
                        let expected = if to == 0 { all.len() } else { to.saturating_sub(from) };
                        assert_eq!(run(&mut txn, &request), format!(":{expected}\r\n"));
                        let gone = if to == 0 { &all[..] } else { &all[from..to.max(from)] };
                        for (member, _) in gone {
                            model.remove(member);
                        }
                    }
                    _ => {
                        let all = listed(&model);
                        let rank = all.iter().position(|(other, _)| *other == member);
                        let (reply, _) = run_as(&mut txn, Protocol::Resp2, &[b"ZRANK", b"z", &member]);
                        assert_eq!(reply, rank.map_or("$-1\r\n".to_string(), |rank| format!(":{rank}\r\n")));
                        let (reply, _) = run_as(&mut txn, Protocol::Resp2, &[b"ZSCORE", b"z", &member]);
                        assert_eq!(
                            plain(&reply),
                            plain(&old.map_or("$-1\r\n".to_string(), |old| bulk(&double_text(old))))
                        );
                        let (reply, _) = run_as(&mut txn, Protocol::Resp2, &[b"ZCOUNT", b"z", &text, b"+inf"]);
                        let count = model.values().filter(|other| **other >= score).count();
                        assert_eq!(reply, format!(":{count}\r\n"));
                    }
                }
            }
            if below(3) == 0 {
                txn.rollback_to(mark);
                model = kept;
                assert_eq!(state(&mut txn, b"z"), before, "limit {limit}");
            }
            assert_eq!(state(&mut txn, b"z").pairs, listed(&model), "limit {limit}");
        }
        run(&mut txn, "ZADD z 1 last");
        run(&mut txn, "ZREMRANGEBYRANK z 0 -1");
        assert_eq!((txn.exists(b"z"), txn.store.counters.keys(0), txn.store.counters.bytes()), (false, 0, 0));
        txn.commit();
    }
}

#[test]
fn a_rollback_brings_the_expiry_and_the_packed_encoding_back() {
    let mut txn = txn(4);
    run(&mut txn, "ZADD z 1 a 2 b 3 c 4 d");
    txn.set_expiry(b"z", Some(5_000_000));
    let before = state(&mut txn, b"z");
    let bytes = txn.store.counters.bytes();
    assert_eq!(before.encoding, "listpack");
    txn.keep_undo();
    let mark = txn.savepoint();
    run(&mut txn, "ZADD z 5 e 6 f");
    run(&mut txn, "ZINCRBY z 10 a");
    run(&mut txn, "ZPOPMIN z");
    assert_eq!(encoding(&mut txn, b"z"), "skiplist");
    txn.set_expiry(b"z", None);
    run(&mut txn, "ZUNIONSTORE z 1 z WEIGHTS 2");
    run(&mut txn, "ZREM z a c d e f");
    assert!(!txn.exists(b"z"));
    txn.rollback_to(mark);
    assert_eq!(state(&mut txn, b"z"), before);
    assert_eq!(txn.store.counters.bytes(), bytes);
    txn.commit();
}

#[test]
fn rolling_ten_members_back_touches_ten_members_of_a_large_set() {
    let mut txn = txn(128);
    for turn in 0..1000 {
        let words: Vec<Vec<u8>> = (0..200).map(|index| format!("{}", turn * 100 + index / 2).into_bytes()).collect();
        let mut request: Vec<&[u8]> = vec![b"ZADD", b"z"];
        request.extend(words.iter().map(Vec::as_slice));
        run_as(&mut txn, Protocol::Resp2, &request);
    }
    assert_eq!(run(&mut txn, "ZCARD z"), ":100000\r\n");
    txn.keep_undo();
    let mark = txn.savepoint();
    for index in 0..10 {
        match index % 3 {
            0 => run(&mut txn, &format!("ZADD z 1.5 {index}")),
            1 => run(&mut txn, &format!("ZREM z {index}")),
            _ => run(&mut txn, &format!("ZADD z 7 new:{index}")),
        };
    }
    let moved = moves::MOVED.get();
    txn.rollback_to(mark);
    assert!(moves::MOVED.get() - moved <= 10);
    assert_eq!(run(&mut txn, "ZCARD z"), ":100000\r\n");
    assert_eq!(run(&mut txn, "ZSCORE z 3"), "$1\r\n3\r\n");
    assert_eq!(run(&mut txn, "ZRANK z 1"), ":1\r\n");
    assert_eq!(run(&mut txn, "ZSCORE z new:2"), "$-1\r\n");
    txn.commit();
}

#[test]
fn a_listpack_becomes_a_skiplist_at_redis_thresholds() {
    let mut txn = txn(3);
    run(&mut txn, "ZADD z 1 a 2 b 3 c");
    assert_eq!(encoding(&mut txn, b"z"), "listpack");
    run(&mut txn, "ZADD z 9 a");
    assert_eq!(encoding(&mut txn, b"z"), "listpack");
    run(&mut txn, "ZADD z 4 d");
    assert_eq!(encoding(&mut txn, b"z"), "skiplist");
    run(&mut txn, "ZREM z b c d");
    assert_eq!(encoding(&mut txn, b"z"), "skiplist");
    // What a STORE command builds is as small as it can be.
    run(&mut txn, "ZUNIONSTORE copy 1 z");
    assert_eq!(encoding(&mut txn, b"copy"), "listpack");
    // More pairs than the limit make a skiplist even if they repeat one member.
    run(&mut txn, "ZADD repeated 1 a 2 a 3 a 4 a");
    assert_eq!((encoding(&mut txn, b"repeated"), run(&mut txn, "ZCARD repeated").as_str()), ("skiplist", ":1\r\n"));
    run(&mut txn, &format!("ZADD v 1 {}", "x".repeat(64)));
    assert_eq!(encoding(&mut txn, b"v"), "listpack");
    run(&mut txn, &format!("ZADD w 1 {}", "x".repeat(65)));
    assert_eq!(encoding(&mut txn, b"w"), "skiplist");
    txn.commit();
}

#[test]
fn changes_are_counted_and_nothing_is_propagated_where_nothing_changed() {
    let mut txn = txn(128);
    let mut dirty = |request: &str| {
        let before = txn.dirty;
        let words: Vec<&[u8]> = request.split(' ').map(str::as_bytes).collect();
        let effect = run_as(&mut txn, Protocol::Resp2, &words).1;
        assert_eq!(matches!(effect, Effect::None), txn.dirty == before, "{request:?}");
        txn.dirty - before
    };
    assert_eq!(dirty("ZADD z 1 a 2 b"), 2);
    assert_eq!(dirty("ZADD z 1 a 2 b"), 0);
    assert_eq!(dirty("ZADD z 1 a 3 b 4 c"), 2);
    assert_eq!(dirty("ZADD z NX 5 a"), 0);
    assert_eq!(dirty("ZADD z XX 5 none"), 0);
    assert_eq!(dirty("ZADD none XX 5 a"), 0);
    assert_eq!(dirty("ZADD z LT 5 a"), 0);
    assert_eq!(dirty("ZADD z x a"), 0);
    assert_eq!(dirty("ZINCRBY z 0 a"), 0);
    assert_eq!(dirty("ZREM z x y"), 0);
    assert_eq!(dirty("ZREM z a b x"), 2);
    assert_eq!(dirty("ZRANGESTORE d z 0 -1"), 1);
    assert_eq!(dirty("ZRANGESTORE d none 0 -1"), 1);
    assert_eq!(dirty("ZRANGESTORE d none 0 -1"), 0);
    assert_eq!(dirty("ZADD z 1 a 2 b 3 c"), 3);
    assert_eq!(dirty("ZPOPMAX z 2"), 2);
    assert_eq!(dirty("ZPOPMAX z 0"), 0);
    assert_eq!(dirty("ZUNIONSTORE d 2 z none"), 1);
    assert_eq!(dirty("ZREMRANGEBYSCORE z -inf +inf"), 1);
    assert_eq!(dirty("ZREMRANGEBYSCORE z -inf +inf"), 0);
    txn.commit();
}

#[test]
fn a_pop_from_one_of_several_keys_travels_as_what_was_popped() {
    let mut txn = txn(128);
    txn.record = true;
    run(&mut txn, "ZADD b 1 x 2 y");
    for (request, logged) in [
        (&[&b"ZMPOP"[..], b"2", b"a", b"b", b"MIN", b"COUNT", b"9"][..], OwnedArgs::of(&[b"ZPOPMIN", b"b", b"2"])),
        (&[b"BZPOPMAX", b"a", b"b", b"0"], OwnedArgs::of(&[b"ZPOPMAX", b"b", b"1"])),
        (&[b"BZMPOP", b"0", b"1", b"b", b"MAX"], OwnedArgs::of(&[b"ZPOPMAX", b"b", b"1"])),
    ] {
        let Effect::Rewrite(commands) = run_as(&mut txn, Protocol::Resp2, request).1 else { panic!("rewritten") };
        assert_eq!(commands, [logged]);
        run(&mut txn, "ZADD b 1 x");
    }
    run(&mut txn, "ZREM b x");
    let effect = run_as(&mut txn, Protocol::Resp2, &[b"BZPOPMIN", b"a", b"b", b"1.5"]).1;
    let Effect::Block(block) = effect else { panic!("nothing is there") };
    assert_eq!((block.awaited, block.deadline_ms, block.keys.len()), ("zset", Some(1_001_500), 2));
    txn.commit();
}

#[test]
fn a_string_is_refused_and_stays() {
    let mut txn = txn(128);
    txn.set(b"s", NewValue::Text(b"text"), Expiry::Clear);
    for request in [
        "ZADD s 1 m",
        "ZINCRBY s 1 m",
        "ZREM s m",
        "ZSCORE s m",
        "ZMSCORE s m",
        "ZCARD s",
        "ZRANK s m",
        "ZREVRANK s m",
        "ZCOUNT s 0 1",
        "ZLEXCOUNT s - +",
        "ZRANGE s 0 1",
        "ZRANGESTORE d s 0 1",
        "ZREVRANGE s 0 1",
        "ZRANGEBYSCORE s 0 1",
        "ZREVRANGEBYSCORE s 1 0",
        "ZRANGEBYLEX s - +",
        "ZREVRANGEBYLEX s + -",
        "ZREMRANGEBYRANK s 0 1",
        "ZREMRANGEBYSCORE s 0 1",
        "ZREMRANGEBYLEX s - +",
        "ZPOPMIN s",
        "ZPOPMAX s 0",
        "ZMPOP 1 s MIN",
        "BZPOPMIN s 1",
        "BZPOPMAX s 1",
        "BZMPOP 1 1 s MAX",
        "ZRANDMEMBER s",
        "ZRANDMEMBER s 2",
        "ZSCAN s 0",
        "ZUNION 1 s",
        "ZINTER 2 none s",
        "ZDIFF 1 s",
        "ZUNIONSTORE d 1 s",
        "ZINTERSTORE d 1 s",
        "ZDIFFSTORE d 1 s",
        "ZINTERCARD 1 s",
    ] {
        assert!(run(&mut txn, request).starts_with("-WRONGTYPE"), "{request}");
    }
    assert!(txn.get_text(b"s").is_ok() && !txn.exists(b"d"));
    txn.commit();
}

#[test]
fn pairs_are_nested_in_resp3_and_flat_in_resp2() {
    for limit in [0, 128] {
        let mut txn = txn(limit);
        run(&mut txn, "ZADD z 1.5 m");
        let mut both = |request: &str| {
            let words: Vec<&[u8]> = request.split(' ').map(str::as_bytes).collect();
            [Protocol::Resp2, Protocol::Resp3].map(|proto| run_as(&mut txn, proto, &words).0.replace("\r\n", " "))
        };
        let flat = "*2 $1 m $3 1.5 ";
        let nested = "*1 *2 $1 m ,1.5 ";
        for request in [
            "ZRANGE z 0 -1 WITHSCORES",
            "ZRANDMEMBER z 1 WITHSCORES",
            "ZRANDMEMBER z -1 withscores",
            "ZUNION 1 z WITHSCORES",
            "ZINTER 1 z WITHSCORES",
            "ZDIFF 1 z WITHSCORES",
            "ZREVRANGEBYSCORE z 2 1 WITHSCORES",
        ] {
            assert_eq!(both(request), [flat, nested], "{request}");
        }
        assert_eq!(both("ZSCAN z 0"), ["*2 $1 0 *2 $1 m $3 1.5 ", "*2 $1 0 *2 $1 m $3 1.5 "]);
        assert_eq!(both("ZRANK z m WITHSCORE"), ["*2 :0 $3 1.5 ", "*2 :0 ,1.5 "]);
        assert_eq!(both("ZRANK z x WITHSCORE"), ["*-1 ", "_ "]);
        assert_eq!(both("ZRANK z x"), ["$-1 ", "_ "]);
        assert_eq!(both("ZMSCORE z m x"), ["*2 $3 1.5 $-1 ", "*2 ,1.5 _ "]);
        assert_eq!(both("ZMPOP 1 none MIN"), ["*-1 ", "_ "]);
        for (request, resp2, resp3) in [
            ("ZPOPMIN z", flat, "*2 $1 m ,1.5 "),
            ("ZPOPMAX z 5", flat, nested),
            ("ZMPOP 1 z MIN", "*2 $1 z *1 *2 $1 m $3 1.5 ", "*2 $1 z *1 *2 $1 m ,1.5 "),
            ("BZPOPMIN z 0", "*3 $1 z $1 m $3 1.5 ", "*3 $1 z $1 m ,1.5 "),
            ("BZMPOP 0 1 z MAX COUNT 3", "*2 $1 z *1 *2 $1 m $3 1.5 ", "*2 $1 z *1 *2 $1 m ,1.5 "),
        ] {
            let words: Vec<&[u8]> = request.split(' ').map(str::as_bytes).collect();
            for (proto, expected) in [(Protocol::Resp2, resp2), (Protocol::Resp3, resp3)] {
                assert_eq!(run_as(&mut txn, proto, &words).0.replace("\r\n", " "), expected, "{request}");
                assert!(!txn.exists(b"z"));
                run(&mut txn, "ZADD z 1.5 m");
            }
        }
        txn.commit();
    }
}

/// Every combination of operation, aggregate and weights of zsets and sets, against maps.
#[test]
fn combinations_agree_with_a_model() {
    combinations_agree_with(random::next_u64());
}

pub(crate) fn combinations_agree_with(seed: u64) {
    println!("seed {seed}");
    let mut draws = Seeded(seed);
    let mut below = |bound: u64| draws.below(bound);
    for turn in 0..150 {
        let mut txn = txn([0, 20, 512][turn % 3]);
        let mut models: Vec<HashMap<Vec<u8>, f64>> = Vec::new();
        for key in 0..4 {
            let mut model = HashMap::new();
            let is_set = below(3) == 0;
            for _ in 0..[0, 3, 40, 300][below(4) as usize] {
                let member = match below(2) {
                    0 => below(200).to_string().into_bytes(),
                    _ => format!("m{}", below(200)).into_bytes(),
                };
                let score =
                    if is_set { 1.0 } else { [below(100) as f64 / 4.0, f64::INFINITY, -3.0][below(3) as usize] };
                let (name, text) = (format!("k{key}"), double_text(score));
                if is_set {
                    run_as(&mut txn, Protocol::Resp2, &[b"SADD", name.as_bytes(), &member]);
                } else {
                    run_as(&mut txn, Protocol::Resp2, &[b"ZADD", name.as_bytes(), &text, &member]);
                }
                model.insert(member, score);
            }
            models.push(model);
        }
        let chosen: Vec<usize> = (0..1 + below(4)).map(|_| below(4) as usize).collect();
        let (operation, aggregate) = (below(3), below(4));
        let weights: Vec<f64> =
            chosen.iter().map(|_| [1.0, 2.0, -1.5, f64::NEG_INFINITY, 0.0][below(5) as usize]).collect();
        // What is no number counts as 0 in each input of a union, and in the first one of an intersection.
        let weighted = |place: usize, number: usize, score: f64| match aggregate {
            _ if operation == 2 => score,
            3 => weights[number],
            _ if (operation == 0 || place == 0) && (score * weights[number]).is_nan() => 0.0,
            _ => score * weights[number],
        };
        let mut order: Vec<usize> = (0..chosen.len()).collect();
        if operation < 2 {
            order.sort_by_key(|number| models[chosen[*number]].len());
        }
        let mut expected: HashMap<Vec<u8>, f64> = HashMap::new();
        for (place, number) in order.iter().enumerate() {
            for (member, score) in &models[chosen[*number]] {
                let score = weighted(place, *number, *score);
                let old = expected.get(member).copied();
                let new = match (old, aggregate) {
                    (None, _) => score,
                    (Some(old), 0 | 3) if (old + score).is_nan() => 0.0,
                    (Some(old), 0 | 3) => old + score,
                    (Some(old), 1) => old.min(score),
                    (Some(old), _) => old.max(score),
                };
                expected.insert(member.clone(), new);
            }
        }
        let first = &models[chosen[0]];
        match operation {
            1 => expected.retain(|member, _| chosen.iter().all(|key| models[*key].contains_key(member))),
            2 => {
                expected = first.clone();
                expected.retain(|member, _| !chosen[1..].iter().any(|key| models[*key].contains_key(member)));
            }
            _ => (),
        }
        let mut words =
            vec![["ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE"][operation as usize].to_string(), "dst".into()];
        words.push(chosen.len().to_string());
        words.extend(chosen.iter().map(|key| format!("k{key}")));
        if operation < 2 {
            words.push("WEIGHTS".into());
            words.extend(weights.iter().map(|weight| String::from_utf8_lossy(&double_text(*weight)).into_owned()));
            words.extend(["AGGREGATE".into(), ["sum", "min", "max", "count"][aggregate as usize].into()]);
        }
        assert_eq!(run(&mut txn, &words.join(" ")), format!(":{}\r\n", expected.len()), "{words:?}");
        let found: Vec<_> = state(&mut txn, b"dst").pairs;
        assert_eq!(found, listed(&expected), "{words:?}");
        if operation == 1 {
            let keys: Vec<String> = chosen.iter().map(|key| format!("k{key}")).collect();
            let request = format!("ZINTERCARD {} {}", keys.len(), keys.join(" "));
            assert_eq!(run(&mut txn, &request), format!(":{}\r\n", expected.len()));
            let few = expected.len().min(3);
            assert_eq!(run(&mut txn, &format!("{request} LIMIT 3")), format!(":{few}\r\n"));
        }
        txn.commit();
    }
}

#[test]
fn distinct_draws_are_distinct_and_cover_every_member_evenly() {
    for (limit, members) in [(512, 12), (0, 12), (0, 3000)] {
        let mut txn = txn(limit);
        for index in 0..members {
            run(&mut txn, &format!("ZADD z {} m{index}", index % 5));
        }
        let mut counts: HashMap<String, usize> = HashMap::new();
        let turns = 12_000 * 4 / members;
        for turn in 0..turns {
            // Both ways of drawing: few of many, and more than a quarter.
            let count = if turn % 2 == 0 { members / 4 } else { members / 2 };
            let reply = run(&mut txn, &format!("ZRANDMEMBER z {count}"));
            let drawn: Vec<&str> = reply.split("\r\n").filter(|line| line.starts_with('m')).collect();
            let distinct: std::collections::HashSet<&str> = drawn.iter().copied().collect();
            assert_eq!((drawn.len(), distinct.len()), (count, count));
            drawn.iter().for_each(|member| *counts.entry(member.to_string()).or_default() += 1);
        }
        let expected = turns * 3 / 8;
        // A member is left out of all 16 draws of the large set with a chance of 0.0004.
        assert!(counts.len() > members - members / 100 - 1, "{}", counts.len());
        if members == 12 {
            // 1500 expected draws of each member; 5 standard deviations are below 200.
            assert!(counts.values().all(|count| count.abs_diff(expected) < 200), "{counts:?}");
        }
        txn.commit();
    }
}

#[test]
fn no_request_draws_without_end() {
    let mut txn = txn(128);
    run(&mut txn, "ZADD z 1 m");
    for count in ["-9223372036854775808", "-9223372036854775807", "-16777217", "-4611686018427387905 WITHSCORES"] {
        assert!(run(&mut txn, &format!("ZRANDMEMBER z {count}")).starts_with("-ERR value is out of range"), "{count}");
    }
    assert_eq!(run(&mut txn, "ZRANDMEMBER z 9223372036854775807"), "*1\r\n$1\r\nm\r\n");
    txn.commit();
}

#[test]
fn a_copy_of_a_large_set_shares_it_and_stays_what_it_was() {
    let mut txn = txn(0);
    for index in 0..20_000 {
        run(&mut txn, &format!("ZADD z {index} m{index}"));
    }
    assert!(txn.replicate(b"z", 0, b"copy"));
    let before = state(&mut txn, b"copy").pairs;
    for index in 0..500 {
        run(&mut txn, &format!("ZINCRBY z 100.5 m{index}"));
        run(&mut txn, &format!("ZREM z m{}", index + 1000));
    }
    run(&mut txn, "ZREMRANGEBYRANK z 5000 9000");
    assert_eq!(state(&mut txn, b"copy").pairs, before);
    assert_eq!(run(&mut txn, "ZCARD z"), format!(":{}\r\n", 20_000 - 500 - 4001));
    let after = state(&mut txn, b"z").pairs;
    run(&mut txn, "ZREMRANGEBYRANK copy 0 -1");
    assert_eq!(state(&mut txn, b"z").pairs, after);
    txn.commit();
}

#[test]
fn a_million_members_take_no_more_than_60_bytes_each() {
    // A tenth of it: tables and trees are filled alike at every size of this kind.
    let mut txn = txn(128);
    for index in 0..100_000u64 {
        let score = index.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
        run(&mut txn, &format!("ZADD z {score} member:{:09}", index.wrapping_mul(7_368_787) % 1_000_000_000));
    }
    let zset = txn.get_object::<ZsetValue>(b"z").expect("a sorted set").expect("there");
    let bytes = zset.memory_bytes() as f64 / 100_000.0;
    // 56.5 to 57.7, by the seed of the hashes.
    assert!(bytes <= 60.0, "{bytes}");
    txn.commit();
}

fn sliced(txn: &mut Txn, request: &str, changes: &[&str]) -> String {
    run_sliced(txn, request, 2, changes).0.replace("\r\n", "~")
}

fn filled(txn: &mut Txn, key: &str, members: usize) {
    for number in 0..members {
        run(txn, &format!("ZADD {key} {number} member:{number:06}"));
    }
}

#[test]
fn a_slice_answers_as_of_the_beginning_and_what_is_stored_or_removed_is_as_of_the_end() {
    let mut txn = txn(128);
    filled(&mut txn, "a", 30_000);
    filled(&mut txn, "b", 30_000);
    let changes = ["ZREM a member:000007", "ZADD a 5.5 later"];
    let all = sliced(&mut txn, "ZRANGE a 0 -1", &changes);
    assert!(all.starts_with("*30000~$13~member:000000~") && all.contains("member:000007") && !all.contains("later"));
    let back = sliced(&mut txn, "ZREVRANGE a 0 -1 WITHSCORES", &["ZREM a later"]);
    assert!(back.starts_with("*60000~$13~member:029999~$5~29999~"));
    assert!(back.ends_with("$5~later~$3~5.5~$13~member:000005~$1~5~$13~member:000004~$1~4~$13~member:000003~$1~3~$13~member:000002~$1~2~$13~member:000001~$1~1~$13~member:000000~$1~0~"));
    for (request, score) in [("ZUNIONSTORE out 2 a b", "$1~2~"), ("ZINTERSTORE out 2 a b", "$1~2~")] {
        let reply = sliced(
            &mut txn,
            request,
            &["ZADD a 1 new", "ZADD b 1 new", "ZREM a member:000009", "ZREM b member:000009"],
        );
        let members = run(&mut txn, "ZCARD out");
        assert_eq!(reply, members.replace("\r\n", "~"), "{request}");
        assert_eq!(run(&mut txn, "ZSCORE out new").replace("\r\n", "~"), score, "{request}");
        assert_eq!(run(&mut txn, "ZSCORE out member:000009").replace("\r\n", "~"), "$-1~", "{request}");
        run(&mut txn, "ZREM a new");
        run(&mut txn, "ZREM b new");
    }
    assert_eq!(sliced(&mut txn, "ZRANGESTORE out a 10 20000", &["ZADD a 15.5 new"]), ":19991~");
    assert_eq!(run(&mut txn, "ZRANK out new").replace("\r\n", "~"), ":4~");
    let before = state(&mut txn, b"b");
    txn.keep_undo();
    let mark = txn.savepoint();
    assert_eq!(
        sliced(&mut txn, "ZREMRANGEBYSCORE b 100 20000", &["ZADD b 200.5 new", "ZREM b member:000000"]),
        ":19902~"
    );
    assert_eq!(run(&mut txn, "ZSCORE b new").replace("\r\n", "~"), "$-1~");
    assert_eq!(run(&mut txn, "ZCOUNT b -inf +inf").replace("\r\n", "~"), ":10097~");
    txn.rollback_to(mark);
    assert_eq!(state(&mut txn, b"b"), before);
    txn.commit();
    assert_eq!(run(&mut txn, "ZREMRANGEBYRANK b 0 -1").replace("\r\n", "~"), ":29999~");
    assert!(!txn.exists(b"b"));
}
