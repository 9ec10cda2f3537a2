//! SCAN: the keyspace in steps.
//!
//! ```text
//!   cursor:  shard number << 24 | position       0: at the beginning, and at the end
//! ```
//!
//! A position is the top 24 bits of a hash, and tables are in that order whatever their size (ds/table.rs), so a cursor
//! stays right while tables grow and shrink: every key present from the first step to the last comes exactly once.

use crate::commands::glob;
use crate::commands::row::{Group, ROW, Row, Run, category, flag::*};
use crate::ds::table::POSITIONS;
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::txn::{Effect, Txn};

const POSITION_BITS: u32 = POSITIONS.trailing_zeros();
const _: () = assert!(POSITIONS == 1 << POSITION_BITS);

const COUNT_DEFAULT: u64 = 10;
/// Buckets looked at per step are at most so many times COUNT, as in Redis; empty shards are passed over for free.
const BUCKETS_PER_COUNT: u64 = 10;

pub const ROWS: &[Row] = &[Row {
    name: "scan",
    arity: -2,
    flags: READONLY | WALKS,
    categories: category::KEYSPACE,
    group: Group::Generic,
    since: "2.8.0",
    complexity: "O(COUNT) for every step, O(N) for a whole iteration over N keys.",
    summary: "Lists keys of the database in steps, from a cursor on.",
    args: "cursor [MATCH pattern] [COUNT count] [TYPE type]",
    reply: "[string, string[]]",
    run: Run::Data(scan),
    ..ROW
}];

fn scan(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let Some(cursor) = cursor(args.get(1)) else {
        reply.error(error::INVALID_CURSOR);
        return Effect::None;
    };
    let (mut count, mut pattern, mut type_name) = (COUNT_DEFAULT, None, None);
    let mut index = 2;
    while index < args.len() {
        let more = index + 1 < args.len();
        if args.is(index, "count") && more {
            match number::integer(args.get(index + 1)) {
                None => {
                    reply.error(error::NOT_INTEGER);
                    return Effect::None;
                }
                Some(number) if number < 1 => {
                    reply.error(error::SYNTAX);
                    return Effect::None;
                }
                Some(number) => count = number as u64,
            }
        } else if args.is(index, "match") && more {
            pattern = Some(args.get(index + 1)).filter(|pattern| *pattern != b"*");
        } else if args.is(index, "type") && more {
            type_name = Some(args.get(index + 1));
        } else if args.is(index, "noscores") {
            reply.error(error::NO_SCORES_OF_ZSCAN);
            return Effect::None;
        } else if args.is(index, "novalues") {
            reply.error(error::NO_VALUES_OF_HSCAN);
            return Effect::None;
        } else {
            reply.error(error::SYNTAX);
            return Effect::None;
        }
        index += 2;
    }
    let filter = Filter { pattern, type_name };
    match step(txn, cursor, count, &filter) {
        Err(shard) => Effect::Busy(shard),
        Ok((cursor, found)) => {
            reply.array(2);
            reply.bulk(itoa::Buffer::new().format(cursor).as_bytes());
            reply.array(found.len());
            for key in found {
                reply.bulk(&key);
            }
            Effect::None
        }
    }
}

struct Filter<'a> {
    pattern: Option<&'a [u8]>,
    /// As in Redis, no key is of a type that there is not.
    type_name: Option<&'a [u8]>,
}

/// One step from `cursor` on. Err names the shard it would have to begin with, which is held for long.
fn step(txn: &mut Txn, cursor: u64, count: u64, filter: &Filter) -> Result<(u64, Vec<Vec<u8>>), u32> {
    let (db, now_ms) = (txn.db, txn.now_ms);
    let shards = txn.store.shards_count() as u64;
    let mut shard = cursor >> POSITION_BITS;
    let mut position = cursor as u32 & (POSITIONS - 1);
    let (mut found, mut looked, mut buckets) = (Vec::new(), 0, 0);
    while shard < shards {
        let mut expired = Vec::new();
        let walked = txn.with_shard(shard as u32, |shard| {
            let table = shard.table(db);
            while position < POSITIONS && looked < count && buckets < count.saturating_mul(BUCKETS_PER_COUNT) {
                buckets += !table.is_empty() as u64;
                position = table.scan(position, |entry| {
                    looked += 1;
                    if filter.pattern.is_some_and(|pattern| !glob::matches(pattern, entry.key())) {
                        return;
                    }
                    // As in Redis, of whatever type: only the pattern spares what has expired.
                    if entry.expiry().is_some_and(|at_ms| at_ms <= now_ms) {
                        return expired.push(entry.key().to_vec());
                    }
                    let name = entry.type_name().as_bytes();
                    if filter.type_name.is_some_and(|wanted| !wanted.eq_ignore_ascii_case(name)) {
                        return;
                    }
                    found.push(entry.key().to_vec());
                });
            }
        });
        match walked {
            // What was found so far is a step, if a short one.
            Err(_) if looked > 0 => break,
            Err(held) => return Err(held),
            Ok(()) => (),
        }
        if !expired.is_empty() && txn.latch(shard as u32) {
            for key in &expired {
                txn.peek(key);
            }
        }
        if position < POSITIONS {
            break;
        }
        (shard, position) = (shard + 1, 0);
    }
    let next = if shard < shards { shard << POSITION_BITS | position as u64 } else { 0 };
    Ok((next, found))
}

/// A cursor as Redis 8 reads one: an unsigned 64-bit number in decimal.
pub fn cursor(text: &[u8]) -> Option<u64> {
    let digits = text.strip_prefix(b"+").unwrap_or(text);
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::stage::{run, txn};
    use super::*;
    use crate::ds::entry::NewValue;
    use crate::txn::access::Expiry;
    use std::collections::HashMap;

    #[test]
    fn every_key_comes_exactly_once_while_others_come_and_go() {
        let mut txn = txn();
        for index in 0..500 {
            txn.set(format!("stays:{index}").as_bytes(), NewValue::Int(1), Expiry::Clear);
        }
        let mut seen: HashMap<Vec<u8>, u32> = HashMap::new();
        let (mut cursor, mut turn) = (0, 0);
        loop {
            let all = Filter { pattern: None, type_name: None };
            let (next, found) = step(&mut txn, cursor, 7, &all).expect("all shards are held");
            for key in found.into_iter().filter(|key| key.starts_with(b"stays")) {
                *seen.entry(key).or_insert(0) += 1;
            }
            if next == 0 {
                break;
            }
            (cursor, turn) = (next, turn + 1);
            for index in 0..200 {
                let key = format!("comes:{}", turn % 20 * 200 + index);
                if turn / 20 % 2 == 0 {
                    txn.set(key.as_bytes(), NewValue::Int(1), Expiry::Clear);
                } else {
                    txn.remove(key.as_bytes());
                }
            }
        }
        assert_eq!(seen.len(), 500);
        assert!(seen.values().all(|times| *times == 1));
    }

    #[test]
    fn a_step_over_few_keys_is_the_last_and_removes_expired_ones() {
        let mut txn = txn();
        for (key, expiry) in [("a", Expiry::Clear), ("b", Expiry::At(2_000_000)), ("c", Expiry::At(500))] {
            txn.set(key.as_bytes(), NewValue::Int(1), expiry);
        }
        assert_eq!(run(&mut txn, scan, "SCAN 0 COUNT 100 MATCH b TYPE STRING").0, "*2~$1~0~*1~$1~b~");
        assert_eq!(run(&mut txn, scan, "SCAN 0 MATCH b TYPE hash").0, "*2~$1~0~*0~");
        assert_eq!(txn.store.counters.keys(0), 3, "of another name");
        assert_eq!(run(&mut txn, scan, "SCAN 0 TYPE nonsense").0, "*2~$1~0~*0~");
        assert_eq!(txn.store.counters.keys(0), 2);
        assert!(
            run(&mut txn, scan, "SCAN 0 TYPE STRING COUNT 100").0.starts_with("*2~$1~0~*2~"),
            "a and b, in any order"
        );
        for (cursor, fits) in
            [("0", true), ("18446744073709551615", true), ("-1", false), ("", false), ("x", false), ("1x", false)]
        {
            assert_eq!(run(&mut txn, scan, &format!("SCAN {cursor}")).0.starts_with("-ERR invalid cursor"), !fits);
        }
        assert_eq!(run(&mut txn, scan, "SCAN 0 COUNT 0").0, "-ERR syntax error~");
    }
}
