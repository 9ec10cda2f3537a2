//! ZRANDMEMBER: members by random ranks, so that each is as likely as another.

use std::collections::HashSet;

use super::value::ZsetValue;
use super::{ZSET, bulk, member, members_header, refuse, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::ds::entry::Object;
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::sys::random;
use crate::txn::{Effect, Txn};

pub const ROWS: &[Row] = &[Row {
    name: "zrandmember",
    arity: -2,
    flags: READONLY,
    keys: &[key(RO | ACCESS)],
    since: "6.2.0",
    complexity: "O(N*log(M)) with N members returned of M",
    summary: "Returns random members of a sorted set: different ones, or with a negative count any.",
    args: "key [count [WITHSCORES]]",
    reply: "string | null | string[] | [string, number][]",
    run: Run::Data(zrandmember),
    ..ZSET
}];

/// Draws with a negative count, at most. Redis has no limit, and one request for 2^62 members ends its process.
const DRAWS_MAX: u64 = 1 << 24;

const TOO_MANY_DRAWS: &str =
    "ERR value is out of range, a negative count must be at least -16777216; ask several times";

const _: () = assert!(DRAWS_MAX == 16_777_216, "the text names the limit");

/// Of so many members, drawing one again and again until it is new is cheaper than passing all by.
const SCARCE_TIMES: usize = 4;

fn zrandmember(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    if args.len() == 2 {
        match txn.get_object::<ZsetValue>(args.get(1)) {
            Ok(None) => reply.null(),
            Ok(Some(zset)) => draw_any(zset, 1, |found, _| bulk(reply, found)),
            Err(_) => return wrong_type(reply),
        }
        return Effect::None;
    }
    let count = match number::integer(args.get(2)) {
        Some(i64::MIN) => return refuse(reply, error::OUT_OF_LONG_RANGE),
        Some(count) => count,
        None => return refuse(reply, error::NOT_INTEGER),
    };
    let with_scores = args.len() == 4 && args.is(3, "withscores");
    if args.len() > 3 && !with_scores {
        return refuse(reply, error::SYNTAX);
    }
    if with_scores && count.unsigned_abs() > i64::MAX as u64 / 2 {
        return refuse(reply, error::VALUE_OUT_OF_RANGE);
    }
    if count < 0 && count.unsigned_abs() > DRAWS_MAX {
        return refuse(reply, TOO_MANY_DRAWS);
    }
    let Ok(zset) = txn.get_object::<ZsetValue>(args.get(1)) else { return wrong_type(reply) };
    let Some(zset) = zset else {
        reply.array(0);
        return Effect::None;
    };
    let draws = if count < 0 { count.unsigned_abs() as usize } else { zset.len().min(count as usize) };
    members_header(reply, draws, with_scores);
    let each = |found, score| member(reply, found, score, with_scores);
    if count < 0 {
        draw_any(zset, draws, each)
    } else {
        draw_distinct(zset, draws, each)
    }
    Effect::None
}

/// `draws` members, each drawn from all of them.
fn draw_any<'z>(zset: &'z ZsetValue, draws: usize, mut each: impl FnMut(crate::ds::item::Item<'z>, f64)) {
    let packed: Vec<_> = match zset {
        ZsetValue::Packed(_) => zset.iter().collect(),
        ZsetValue::Scored(_) => Vec::new(),
    };
    for _ in 0..draws {
        let rank = random::below(zset.len() as u64) as usize;
        if let Some((found, score)) = packed.get(rank).copied().or_else(|| zset.walk(rank, 1, false).next()) {
            each(found, score);
        }
    }
}

/// `draws` different members; at most as many as there are.
fn draw_distinct<'z>(zset: &'z ZsetValue, draws: usize, mut each: impl FnMut(crate::ds::item::Item<'z>, f64)) {
    if matches!(zset, ZsetValue::Scored(_)) && draws * SCARCE_TIMES <= zset.len() {
        let mut drawn = HashSet::with_capacity(draws);
        while drawn.len() < draws {
            let rank = random::below(zset.len() as u64) as usize;
            if drawn.insert(rank)
                && let Some((found, score)) = zset.walk(rank, 1, false).next()
            {
                each(found, score);
            }
        }
        return;
    }
    // Selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S): every subset is as likely.
    let (mut wanted, mut left) = (draws, zset.len());
    for (found, score) in zset.iter() {
        if random::below(left as u64) < wanted as u64 {
            each(found, score);
            wanted -= 1;
        }
        left -= 1;
    }
}
