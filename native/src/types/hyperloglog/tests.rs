//! HyperLogLogs through their handlers and below: registers against plain ones, sparse against dense, rollbacks.

use crate::sys::random::step;
use std::sync::atomic::Ordering::Relaxed;

use super::scalar::Raw;
use super::sparse::{self, Cursor, Raised};
use super::{EMPTY, Encoding, REGISTERS, count, dense, encoding, hash};
use crate::commands::stage::{run, run_as};
use crate::ds::entry::{NewValue, Value};
use crate::resp::reply::Protocol;
use crate::txn::access::Expiry;
use crate::txn::stage::txn;
use crate::txn::{Effect, Txn};

fn text(txn: &mut Txn, key: &[u8]) -> Option<Vec<u8>> {
    txn.peek(key).map(|entry| match entry.value() {
        Value::Bytes(text) => text.to_vec(),
        Value::Int(number) => number.to_string().into_bytes(),
        Value::Object(_) => panic!("a string"),
    })
}

fn draws(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state = step(state);
        (state >> 33) % below
    }
}

#[test]
fn sparse_values_hold_what_plain_registers_hold_and_count_alike() {
    registers_agree(0);
}

pub(crate) fn registers_agree(first: u64) {
    for round in (0..40).map(|round| first.wrapping_add(round)) {
        let mut next = draws(round);
        let mut text = EMPTY.to_vec();
        let mut plain = vec![0u8; REGISTERS];
        for step in 0..1_500 {
            // Clustered registers, so that runs are cut and joined.
            let near = next(8) * 2048 + next(1 << (3 + round % 9));
            let index = (near as usize).min(REGISTERS - 1);
            let rank = 1 + next(if round % 2 == 0 { 3 } else { 32 }) as u8;
            let raised = sparse::raise(&mut text, index, rank, usize::MAX);
            assert_eq!(raised, Ok(if plain[index] < rank { Raised::Yes } else { Raised::No }));
            plain[index] = plain[index].max(rank);
            if step % 100 == 0 {
                let dense = sparse::to_dense(&text).expect("whole");
                assert!((0..REGISTERS).all(|index| dense::get(&dense, index) == plain[index]), "round {round}");
                let both = (count::count(&text, Encoding::Sparse), count::count(&dense, Encoding::Dense));
                assert_eq!(both.0, both.1);
            }
        }
    }
}

/// What stands at the same places after any order of steps is in the wire tests, against redis-server.
#[test]
fn ascending_registers_raised_with_a_cursor_give_the_same_bytes() {
    for round in 0..300 {
        let mut next = draws(1_000 + round);
        let mut one = EMPTY.to_vec();
        for _ in 0..next(400) {
            let index = next(1 << (4 + round % 11)) as usize;
            sparse::raise(&mut one, index, 1 + next(4) as u8, usize::MAX).expect("whole");
        }
        let mut raw = Raw([0; REGISTERS]);
        sparse::unpack(&one, &mut raw).expect("whole");
        for _ in 0..next(400) {
            let index = next(1 << (4 + round % 11)) as usize;
            raw.0[index] = raw.0[index].max(1 + next(4) as u8);
        }
        let (mut plain, mut cursor) = (one.clone(), Cursor::START);
        for (index, register) in raw.0.iter().enumerate().filter(|(_, register)| **register > 0) {
            let alone = sparse::raise(&mut plain, index, *register, usize::MAX);
            assert_eq!(sparse::raise_from(&mut one, index, *register, usize::MAX, &mut cursor), alone);
            assert_eq!(one, plain, "round {round}, register {index}");
        }
    }
}

#[test]
fn a_value_becomes_dense_beyond_the_limit_and_with_a_great_rank() {
    let mut txn = txn();
    txn.store.settings.hll_sparse_max_bytes.store(100, Relaxed);
    let mut elements = 0;
    while encoding(&text(&mut txn, b"h").unwrap_or(EMPTY.to_vec())) == Some(Encoding::Sparse) {
        assert!(text(&mut txn, b"h").is_none_or(|text| text.len() <= 100));
        run(&mut txn, &format!("PFADD h {elements}"));
        elements += 1;
    }
    assert!((20..60).contains(&elements), "{elements}");
    assert_eq!(run(&mut txn, "PFCOUNT h"), format!(":{elements}\r\n"));
    let mut sparse = EMPTY.to_vec();
    assert_eq!(sparse::raise(&mut sparse, 5, 33, usize::MAX), Ok(Raised::NeedsDense));
    assert_eq!(sparse, EMPTY);
    txn.commit();
}

#[test]
fn counts_are_within_the_error_that_is_promised() {
    let mut txn = txn();
    let mut added = 0;
    for elements in [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000u64] {
        let words: Vec<String> = (added..elements).map(|element| format!("e{element}")).collect();
        for words in words.chunks(1_000) {
            let mut request: Vec<&[u8]> = vec![b"PFADD", b"h"];
            request.extend(words.iter().map(|word| word.as_bytes()));
            run_as(&mut txn, Protocol::Resp2, &request);
        }
        added = elements;
        let reply = run(&mut txn, "PFCOUNT h");
        let counted: u64 = reply[1..].trim().parse().expect("a number");
        let wrong = counted.abs_diff(elements) as f64 / elements as f64;
        assert!(wrong < 0.03, "{counted} of {elements}");
        // The second time it is read from the header.
        assert_eq!(run(&mut txn, "PFCOUNT h"), reply);
    }
    txn.commit();
}

#[test]
fn a_rollback_brings_bytes_and_encoding_back() {
    let mut next = draws(5);
    for round in 0..200 {
        let mut txn = txn();
        txn.store.settings.hll_sparse_max_bytes.store(400, Relaxed);
        let change = |txn: &mut Txn, next: &mut dyn FnMut(u64) -> u64| {
            let key = ["a", "b", "c"][next(3) as usize];
            match next(8) {
                0..4 => {
                    let many = if next(4) == 0 { 300 } else { 5 };
                    let words: Vec<String> = (0..many).map(|_| next(10_000).to_string()).collect();
                    run(txn, &format!("PFADD {key} {}", words.join(" ")));
                }
                4 => drop(run(txn, &format!("PFCOUNT {key}"))),
                5 => drop(run(txn, &format!("PFMERGE {key} a b"))),
                6 => drop(run(txn, &format!("PFDEBUG TODENSE {key}"))),
                _ => drop(txn.set_expiry(key.as_bytes(), Some(2_000_000))),
            }
        };
        for _ in 0..next(12) {
            change(&mut txn, &mut next);
        }
        txn.commit();
        let seen = |txn: &mut Txn| {
            ["a", "b", "c"].map(|key| {
                let text = text(txn, key.as_bytes());
                (text, txn.peek(key.as_bytes()).map(|entry| (entry.encoding(), entry.expiry())))
            })
        };
        let (before, bytes) = (seen(&mut txn), txn.store.counters.bytes());
        txn.keep_undo();
        let mark = txn.savepoint();
        for _ in 0..10 {
            change(&mut txn, &mut next);
        }
        txn.rollback_to(mark);
        assert!(seen(&mut txn) == before, "round {round}");
        assert!(txn.store.counters.bytes().abs_diff(bytes) < 20_000);
        txn.commit();
    }
}

#[test]
fn a_count_of_one_key_is_a_change_once_and_a_union_never() {
    let mut txn = txn();
    let mut changes = |request: &str| {
        let before = txn.dirty;
        let words: Vec<&[u8]> = request.split(' ').map(str::as_bytes).collect();
        let effect = run_as(&mut txn, Protocol::Resp2, &words).1;
        assert_eq!(matches!(effect, Effect::None), txn.dirty == before, "{request}");
        txn.dirty - before
    };
    assert_eq!(changes("PFADD h a b c"), 4);
    assert_eq!(changes("PFADD h a b c"), 0);
    assert_eq!(changes("PFCOUNT h h"), 0);
    assert_eq!(changes("PFCOUNT h"), 1);
    assert_eq!(changes("PFCOUNT h"), 0);
    assert_eq!(changes("PFADD e"), 1);
    assert_eq!(changes("PFMERGE h"), 1);
    assert_eq!(changes("PFDEBUG GETREG h"), 1);
    assert_eq!(changes("PFDEBUG TODENSE h"), 0);
    txn.commit();
}

#[test]
fn what_is_no_hyperloglog_is_told_from_what_is_a_damaged_one() {
    let mut txn = txn();
    run(&mut txn, "PFADD h a b c");
    let good = text(&mut txn, b"h").expect("made");
    let mut put = |at: usize, byte: &[u8]| {
        let mut bad = good.clone();
        bad.splice(at..(at + byte.len()).min(bad.len()), byte.iter().copied());
        txn.set(b"h", NewValue::Raw(&bad), Expiry::Clear);
        [run(&mut txn, "PFCOUNT h"), run(&mut txn, "PFMERGE d h"), run(&mut txn, "PFCOUNT h d")]
    };
    let of = |text: &str| [text; 3].map(|text| format!("-{text}\r\n"));
    let no_type = of("WRONGTYPE Key is not a valid HyperLogLog string value.");
    assert_eq!(put(0, b"h"), no_type);
    assert_eq!(put(4, b"x"), no_type);
    assert_eq!(put(4, b"\0"), no_type);
    assert_eq!(put(good.len(), b"hello"), of("INVALIDOBJ Corrupted HLL object detected"));
    assert_eq!(put(good.len() - 1, b"\x05"), of("INVALIDOBJ Corrupted HLL object detected"));
    txn.set(b"h", NewValue::Int(7), Expiry::Clear);
    assert_eq!(run(&mut txn, "PFADD h x"), no_type[0]);
    assert!(!txn.exists(b"d"));
    txn.commit();
}

#[test]
fn the_self_test_passes() {
    let mut txn = txn();
    assert_eq!(run(&mut txn, "PFSELFTEST"), "+OK\r\n");
    txn.commit();
}

#[test]
fn elements_of_any_length_have_a_register() {
    for len in 0..70 {
        let (index, rank) = hash::place(&vec![len as u8; len]);
        assert!(index < REGISTERS && (1..=hash::RANK_MAX).contains(&rank));
    }
}
