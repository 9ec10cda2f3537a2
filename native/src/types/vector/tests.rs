//! Vector sets through their handlers: against a plain model with rollbacks, slices with changes between them, and the edges of
//! each command.

use crate::sys::random::{Seeded, step};
use std::collections::HashMap;

use super::value::VectorSet;
use crate::commands::stage::{run, run_between};
use crate::ds::entry::{NewValue, Object};
use crate::resp::reply::Protocol;
use crate::sys::random;
use crate::txn::Txn;
use crate::txn::access::Expiry;
use crate::txn::stage::txn;

/// Runs a request, its slices with `between` before each; gives how many there were too.
fn run_with(txn: &mut Txn, proto: Protocol, request: &[&[u8]], mut between: impl FnMut(&mut Txn)) -> (String, usize) {
    let ran = run_between(txn, proto, request, |txn, _| between(txn));
    (String::from_utf8_lossy(&ran.reply).into_owned(), ran.slices)
}

fn run_bytes(txn: &mut Txn, request: &[&[u8]]) -> String {
    run_with(txn, Protocol::Resp2, request, |_| ()).0
}

fn blob(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Everything that a rollback must bring back: members with vectors, attributes and links, and what VINFO says.
fn state(txn: &mut Txn, key: &[u8]) -> Vec<String> {
    let names: Vec<Vec<u8>> = txn.peek_object::<VectorSet>(key).expect("a vector set").map_or(Vec::new(), |set| {
        assert_eq!(set.members().len(), set.graph().len());
        (0..set.graph().len() as u32).map(|node| set.member(node).name().to_vec()).collect()
    });
    let mut all = vec![run_bytes(txn, &[b"VINFO", key])];
    for name in names {
        for command in [&b"VEMB"[..], b"VGETATTR", b"VLINKS"] {
            all.push(run_bytes(txn, &[command, key, &name]));
        }
    }
    all
}

#[test]
fn random_changes_and_rollbacks_agree_with_a_map() {
    changes_agree(random::next_u64());
}

pub(crate) fn changes_agree(seed: u64) {
    println!("seed {seed}");
    let mut draws = Seeded(seed);
    let mut below = |bound: u64| draws.below(bound);
    for option in [&b"Q8"[..], b"NOQUANT", b"BIN"] {
        let mut txn = txn();
        txn.keep_undo();
        let mut model: HashMap<Vec<u8>, (Vec<f32>, Vec<u8>)> = HashMap::new();
        for _ in 0..120 {
            let (mark, before, kept) = (txn.savepoint(), state(&mut txn, b"v"), model.clone());
            for _ in 0..below(12) {
                let name = format!("m{}", below(40)).into_bytes();
                match below(10) {
                    0..5 => {
                        let vector: Vec<f32> = (0..5).map(|_| below(100) as f32 - 49.5).collect();
                        let attributes = format!("{{\"a\":{}}}", below(9)).into_bytes();
                        let packed = blob(&vector);
                        let mut request: Vec<&[u8]> = vec![b"VADD", b"v", b"FP32", &packed, &name, option, b"M", b"4"];
                        let sets = below(2) == 0;
                        if sets {
                            request.extend([&b"SETATTR"[..], &attributes]);
                        }
                        let reply = run_bytes(&mut txn, &request);
                        let old = model.get(&name);
                        assert_eq!(reply, format!(":{}\r\n", old.is_none() as i32));
                        let attributes = if sets { attributes } else { old.map_or(Vec::new(), |old| old.1.clone()) };
                        model.insert(name, (vector, attributes));
                    }
                    5..8 => {
                        let reply = run_bytes(&mut txn, &[b"VREM", b"v", &name]);
                        assert_eq!(reply, format!(":{}\r\n", model.remove(&name).is_some() as i32));
                    }
                    _ => {
                        let text = if below(3) == 0 { Vec::new() } else { format!("t{}", below(50)).into_bytes() };
                        let reply = run_bytes(&mut txn, &[b"VSETATTR", b"v", &name, &text]);
                        assert_eq!(reply, format!(":{}\r\n", model.contains_key(&name) as i32));
                        if let Some(member) = model.get_mut(&name) {
                            member.1 = text;
                        }
                    }
                }
            }
            if below(3) == 0 {
                txn.rollback_to(mark);
                model = kept;
                assert_eq!(state(&mut txn, b"v"), before);
            }
            assert_eq!(run(&mut txn, "VCARD v"), format!(":{}\r\n", model.len()));
            let attributed = model.values().filter(|member| !member.1.is_empty()).count();
            if let Some(set) = txn.peek_object::<VectorSet>(b"v").expect("a vector set") {
                assert_eq!(set.attributed(), attributed);
            }
            for (name, (vector, attributes)) in &model {
                let found = txn.peek_object::<VectorSet>(b"v").expect("a vector set").expect("has members");
                let member = found.members().get(name).expect("a member");
                assert_eq!(member.attributes().unwrap_or(b""), attributes);
                let packed = blob(vector);
                let reply = run_bytes(&mut txn, &[b"VSIM", b"v", b"FP32", &packed, b"COUNT", b"1", b"WITHSCORES"]);
                let score: f64 = reply.trim_end().rsplit("\r\n").next().expect("a score").parse().expect("a number");
                assert!(score > 0.98, "{reply}");
            }
        }
        let names: Vec<Vec<u8>> = model.into_keys().collect();
        for name in names {
            run_bytes(&mut txn, &[b"VREM", b"v", &name]);
        }
        assert_eq!((txn.exists(b"v"), txn.store.counters.keys(0), txn.store.counters.bytes()), (false, 0, 0));
        txn.commit();
    }
}

#[test]
fn a_copy_is_a_set_of_its_own() {
    let mut txn = txn();
    for member in 0..50 {
        run(&mut txn, &format!("VADD v VALUES 3 {member} 1 {} m{member} SETATTR {{\"n\":{member}}}", 50 - member));
    }
    let copy = txn.peek(b"v").expect("added").duplicate(b"w", None);
    txn.set(b"w", copy.into_value(), Expiry::Clear);
    for member in 0..50 {
        run(&mut txn, &format!("VREM v m{member}"));
    }
    assert!(!txn.exists(b"v"));
    assert_eq!(run(&mut txn, "VCARD w"), ":50\r\n");
    assert_eq!(run(&mut txn, "VGETATTR w m7"), "$7\r\n{\"n\":7}\r\n");
    assert_eq!(run(&mut txn, "VSIM w ELE m7 COUNT 1"), "*1\r\n$2\r\nm7\r\n");
    for member in 0..50 {
        assert_eq!(run(&mut txn, &format!("VREM w m{member}")), ":1\r\n");
    }
    assert!(!txn.exists(b"w"));
    txn.commit();
}

/// A set of `count` members of 16 dimensions.
fn filled(count: usize) -> Txn {
    let mut txn = txn();
    let mut seed = 7u64;
    for member in 0..count {
        let vector: Vec<f32> = (0..16)
            .map(|_| {
                seed = step(seed);
                (seed >> 40) as f32 / (1 << 23) as f32 - 1.0
            })
            .collect();
        let name = format!("m{member:06}");
        let attributes = format!("{{\"n\":{member}}}");
        let packed = blob(&vector);
        run_bytes(
            &mut txn,
            &[
                b"VADD",
                b"v",
                b"FP32",
                &packed,
                name.as_bytes(),
                b"EF",
                b"10",
                b"M",
                b"4",
                b"SETATTR",
                attributes.as_bytes(),
            ],
        );
    }
    txn
}

#[test]
fn long_commands_run_in_slices_while_the_set_changes() {
    let mut txn = filled(6000);
    let query = blob(&[0.5; 16]);
    let mut turn = 0;
    let mut between = |txn: &mut Txn| {
        turn += 1;
        run(txn, &format!("VREM v m{:06}", turn * 7 % 6000));
    };
    let requests: [&[&[u8]]; 5] = [
        &[b"VSIM", b"v", b"FP32", &query, b"COUNT", b"5000"],
        &[b"VSIM", b"v", b"FP32", &query, b"TRUTH", b"COUNT", b"20", b"WITHSCORES"],
        &[b"VSIM", b"v", b"FP32", &query, b"FILTER", b".n % 997 == 1", b"FILTER-EF", b"100000", b"EF", b"700"],
        &[b"VRANGE", b"v", b"-", b"+"],
        &[b"VRANDMEMBER", b"v", b"3000"],
    ];
    for request in requests {
        let (reply, _) = run_with(&mut txn, Protocol::Resp2, request, &mut between);
        let header: usize = reply[1..reply.find('\r').expect("a line")].parse().expect("a count");
        let lines = reply.matches("\r\n$").count();
        assert_eq!(header, lines, "{request:?}");
        assert!(header > 0, "{request:?}");
        let mut names: Vec<&str> = reply.split("\r\n").filter(|line| line.starts_with('m')).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all, "{request:?} gives a member twice");
    }
    let (reply, slices) = run_with(
        &mut txn,
        Protocol::Resp2,
        &[b"VADD", b"v", b"FP32", &query, b"new", b"EF", b"100000", b"M", b"4"],
        between,
    );
    assert_eq!(reply, ":1\r\n");
    assert!(slices > 0);
    assert_eq!(run(&mut txn, "VSIM v ELE new COUNT 1"), "*1\r\n$3\r\nnew\r\n");
    txn.commit();
}

#[test]
fn a_set_that_goes_or_is_replaced_meanwhile_is_like_one_that_went_before() {
    let query = blob(&[0.5; 16]);
    for after in ["", "VADD v VALUES 2 1 1 other", "set"] {
        let mut txn = filled(4000);
        let mut once = true;
        let mut replace = |txn: &mut Txn| {
            if std::mem::take(&mut once) {
                txn.remove(b"v");
                match after {
                    "set" => drop(txn.set(b"v", NewValue::Text(b"text"), Expiry::Clear)),
                    "" => (),
                    request => drop(run(txn, request)),
                }
            }
        };
        let request: &[&[u8]] = &[b"VADD", b"v", b"FP32", &query, b"new", b"EF", b"100000", b"M", b"4"];
        let (reply, slices) = run_with(&mut txn, Protocol::Resp2, request, &mut replace);
        assert!(slices > 0);
        match after {
            "" => assert_eq!((reply.as_str(), run(&mut txn, "VCARD v").as_str()), (":1\r\n", ":1\r\n")),
            "set" => assert!(reply.starts_with("-WRONGTYPE"), "{reply}"),
            _ => assert!(reply.starts_with("-ERR asked M value mismatch"), "{reply}"),
        }
        txn.commit();
    }
}

#[test]
fn changes_are_counted_and_nothing_is_propagated_where_nothing_changed() {
    let mut txn = txn();
    for (request, counted) in [
        ("VADD v VALUES 2 1 2 a", 1),
        ("VADD v VALUES 2 1 3 a", 1),
        ("VADD v VALUES 3 1 3 3 a", 0),
        ("VSETATTR v none x", 0),
        ("VSETATTR v a x", 1),
        ("VREM v none", 0),
        ("VREM none a", 0),
        ("VREM v a", 1),
    ] {
        let before = txn.dirty;
        run(&mut txn, request);
        assert_eq!(txn.dirty - before, counted, "{request}");
    }
    assert!(!txn.exists(b"v"));
    txn.commit();
}

#[test]
fn random_members_are_fair() {
    let mut txn = filled(30);
    let mut counts: HashMap<String, usize> = HashMap::new();
    for request in ["VRANDMEMBER v", "VRANDMEMBER v -3", "VRANDMEMBER v 5"] {
        for _ in 0..2000 {
            let reply = run(&mut txn, request);
            for name in reply.split("\r\n").filter(|line| line.starts_with('m')) {
                *counts.entry(name.to_string()).or_default() += 1;
            }
        }
    }
    assert_eq!(counts.len(), 30);
    // 18,000 draws of 30: 600 each, give or take 24.
    assert!(counts.values().all(|count| (450..750).contains(count)), "{counts:?}");
    txn.commit();
}

#[test]
fn memory_is_what_members_take_and_all_of_it_comes_back() {
    let mut txn = filled(2000);
    let per_member = |txn: &mut Txn| {
        let set = txn.peek_object::<VectorSet>(b"v").expect("a vector set").expect("filled");
        set.memory_bytes() / set.len()
    };
    let full = per_member(&mut txn);
    assert!((100..400).contains(&full), "{full}");
    for member in 0..1990 {
        run(&mut txn, &format!("VREM v m{member:06}"));
    }
    let set = txn.peek_object::<VectorSet>(b"v").expect("a vector set").expect("ten are left");
    assert!(set.memory_bytes() < 12_000, "{}", set.memory_bytes());
    txn.commit();
}
