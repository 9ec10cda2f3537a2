//! ZSCAN.

use super::value::ZsetValue;
use super::{ZSET, bulk, refuse, wrong_type};
use crate::commands::generic::scan::cursor;
use crate::commands::glob;
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::ds::item::Item;
use crate::resp::args::Args;
use crate::resp::reply::{Protocol, Reply};
use crate::resp::{error, number};
use crate::txn::{Effect, Txn};

pub const ROWS: &[Row] = &[Row {
    name: "zscan",
    arity: -3,
    flags: READONLY,
    keys: &[key(RO | ACCESS)],
    since: "2.8.0",
    complexity: "O(1) for a call, O(N) for a whole iteration over N members",
    summary: "Iterates over the members and scores of a sorted set, some at a call.",
    args: "key cursor [MATCH pattern] [COUNT count] [NOSCORES]",
    reply: "[string, string[]]",
    run: Run::Data(zscan),
    ..ZSET
}];

/// Members looked at in one call, unless COUNT says otherwise.
const COUNT_DEFAULT: usize = 10;

fn zscan(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let Some(cursor) = cursor(args.get(2)) else { return refuse(reply, error::INVALID_CURSOR) };
    let Ok(zset) = txn.get_object::<ZsetValue>(args.get(1)) else { return wrong_type(reply) };
    let Some(zset) = zset else {
        // As Redis: the options of a scan over nothing are not looked at.
        write_reply(reply, 0, 0, &[]);
        return Effect::None;
    };
    let (pattern, count, scores) = match options(args) {
        Ok(options) => options,
        Err(text) => return refuse(reply, text),
    };
    let (mut items, mut found, mut digits) = (Vec::new(), 0, itoa::Buffer::new());
    let mut out = Reply::new(&mut items, Protocol::Resp2);
    let mut each = |member: Item, score: &[u8]| {
        if let Some(pattern) = pattern {
            let text = match member {
                Item::Int(number) => digits.format(number).as_bytes(),
                Item::Text(text) => text,
            };
            if !glob::matches(pattern, text) {
                return;
            }
        }
        bulk(&mut out, member);
        found += 1;
        if scores {
            out.bulk(score);
            found += 1;
        }
    };
    let next = match zset {
        ZsetValue::Packed(_) => {
            zset.iter().for_each(|(member, score)| each(member, &number::double_text(score)));
            0
        }
        // Redis prints scores of this encoding with 17 digits, here alone.
        ZsetValue::Scored(scored) => scored.scan(cursor, count, |member| {
            each(Item::Text(member.bytes()), number::percent_17g(member.score()).as_bytes());
        }),
    };
    write_reply(reply, next, found, &items);
    Effect::None
}

/// `items` is `found` replies, which read the same in both protocols.
fn write_reply(reply: &mut Reply, cursor: u64, found: usize, items: &[u8]) {
    reply.array(2);
    reply.bulk(itoa::Buffer::new().format(cursor).as_bytes());
    reply.array(found);
    reply.raw(items);
}

fn options(args: Args<'_>) -> Result<(Option<&[u8]>, usize, bool), &'static str> {
    let (mut pattern, mut count, mut scores, mut at) = (None, COUNT_DEFAULT, true, 3);
    while at < args.len() {
        let more = at + 1 < args.len();
        if more && args.is(at, "count") {
            let given = number::integer(args.get(at + 1)).ok_or(error::NOT_INTEGER)?;
            count = usize::try_from(given).ok().filter(|count| *count > 0).ok_or(error::SYNTAX)?;
        } else if more && args.is(at, "match") {
            pattern = Some(args.get(at + 1)).filter(|pattern| *pattern != b"*");
        } else if args.is(at, "noscores") {
            scores = false;
            at += 1;
            continue;
        } else if args.is(at, "novalues") {
            return Err(error::NO_VALUES_OF_HSCAN);
        } else {
            return Err(error::SYNTAX);
        }
        at += 2;
    }
    Ok((pattern, count, scores))
}
