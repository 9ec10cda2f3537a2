//! Taking the members with the lowest or highest scores.

use super::pop_sliced::Popping;
use super::sliced::MEMBERS_AT_ONCE;
use super::value::ZsetValue;
use super::{ZSET, refuse, wrong_type};
use crate::commands::row::{Begin, Find, KeySpec, Row, Run, access::*, flag::*, key, keys};
use crate::commands::timeout;
use crate::ds::entry::Object;
use crate::ds::item::Item;
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::reply::{Protocol, Reply};
use crate::resp::{error, number};
use crate::txn::{Block, Class, Effect, Nothing, Txn};

const POP: Row = Row {
    arity: -2,
    flags: WRITE | FAST,
    keys: &[key(RW | ACCESS | DELETE)],
    since: "5.0.0",
    complexity: "O(log(N)*M) with N members, of which M are taken",
    args: "key [count]",
    reply: "[string, number] | [string, number][] | []",
    ..ZSET
};

const BLOCKING_POP: Row = Row {
    arity: -3,
    flags: WRITE | FAST | BLOCKING,
    keys: &[keys(1, -2, 1, RW | ACCESS | DELETE)],
    complexity: "O(log(N)) with N members",
    args: "key [key ...] timeout",
    reply: "[string, string, number] | null",
    ..POP
};

const fn counted_keys(begin: usize) -> KeySpec {
    KeySpec {
        access: RW | ACCESS | DELETE,
        begin: Begin::Index(begin),
        find: Find::KeyNum { keynum: 0, first: 1, step: 1 },
    }
}

pub const ROWS: &[Row] = &[
    Row {
        name: "zpopmin",
        summary: "Takes the members with the lowest scores out of a sorted set and returns them.",
        run: Run::Data(zpopmin),
        ..POP
    },
    Row {
        name: "zpopmax",
        summary: "Takes the members with the highest scores out of a sorted set and returns them.",
        run: Run::Data(zpopmax),
        ..POP
    },
    Row {
        name: "zmpop",
        arity: -4,
        flags: WRITE | MOVABLE_KEYS,
        keys: &[counted_keys(1)],
        since: "7.0.0",
        complexity: "O(K) + O(M*log(N)) with K keys given, N members in the sorted set and M of them taken",
        summary: "Takes members out of the first sorted set that has some and returns them.",
        args: "numkeys key [key ...] <MIN|MAX> [COUNT count]",
        reply: "[string, [string, number][]] | null",
        run: Run::Data(zmpop),
        ..ZSET
    },
    Row {
        name: "bzpopmin",
        summary: "Takes the member with the lowest score out of the first sorted set that has one; waits until one has.",
        run: Run::Data(bzpopmin),
        ..BLOCKING_POP
    },
    Row {
        name: "bzpopmax",
        summary: "Takes the member with the highest score out of the first sorted set that has one; waits until one has.",
        run: Run::Data(bzpopmax),
        ..BLOCKING_POP
    },
    Row {
        name: "bzmpop",
        arity: -5,
        flags: WRITE | BLOCKING | MOVABLE_KEYS,
        keys: &[counted_keys(2)],
        since: "7.0.0",
        complexity: "O(K) + O(M*log(N)) with K keys given, N members in the sorted set and M of them taken",
        summary: "Takes members out of the first sorted set that has some; waits until one has.",
        args: "timeout numkeys key [key ...] <MIN|MAX> [COUNT count]",
        reply: "[string, [string, number][]] | null",
        run: Run::Data(bzmpop),
        ..ZSET
    },
];

/// How popped members are replied.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Member, score, member, score, …
    Flat,
    /// Each with its score.
    Pairs,
    /// The key, then member and score.
    KeyFlat,
    /// The key and its pairs.
    KeyPairs,
}

#[derive(Clone, Copy)]
pub(super) struct Pop {
    /// From the highest score down.
    pub max: bool,
    pub count: usize,
    pub shape: Shape,
}

fn zpopmin(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    pop_one_key(txn, args, reply, false)
}

fn zpopmax(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    pop_one_key(txn, args, reply, true)
}

fn pop_one_key(txn: &mut Txn, args: Args, reply: &mut Reply, max: bool) -> Effect {
    if args.len() > 3 {
        return refuse(reply, error::SYNTAX);
    }
    let counted = args.len() == 3;
    let count = match counted.then(|| number::integer(args.get(2))) {
        None => 1,
        Some(None) => return refuse(reply, error::NOT_POSITIVE),
        Some(Some(count)) if count < 0 => return refuse(reply, error::NOT_POSITIVE),
        Some(Some(count)) => count as usize,
    };
    let shape = if counted && reply.proto == Protocol::Resp3 { Shape::Pairs } else { Shape::Flat };
    let key = args.get(1);
    match members_of(txn, key) {
        Err(effect) => effect(reply),
        Ok(members) if members == 0 || count == 0 => {
            reply.array(0);
            Effect::None
        }
        Ok(_) => {
            let request = Pop { max, count, shape };
            if let Some(work) = long_pop(txn, args.from(1).first(1), key, request) {
                return work;
            }
            pop(txn, key, reply, request);
            Effect::Verbatim
        }
    }
}

fn zmpop(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (keys, request) = match parse_mpop(args, 1) {
        Ok(parsed) => parsed,
        Err(text) => return refuse(reply, text),
    };
    match pop_first(txn, keys, reply, request, true) {
        Some(effect) => effect,
        None => {
            reply.null_array();
            Effect::None
        }
    }
}

fn bzpopmin(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    blocking_pop(txn, args, reply, false)
}

fn bzpopmax(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    blocking_pop(txn, args, reply, true)
}

fn blocking_pop(txn: &mut Txn, args: Args, reply: &mut Reply, max: bool) -> Effect {
    let last = args.len() - 1;
    let request = Pop { max, count: 1, shape: Shape::KeyFlat };
    pop_or_block(txn, args.get(last), args.from(1).first(last - 1), reply, request)
}

fn bzmpop(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (keys, request) = match parse_mpop(args, 2) {
        Ok(parsed) => parsed,
        Err(text) => return refuse(reply, text),
    };
    pop_or_block(txn, args.get(1), keys, reply, request)
}

fn pop_or_block(txn: &mut Txn, timeout: &[u8], keys: Args, reply: &mut Reply, request: Pop) -> Effect {
    let deadline_ms = match timeout::seconds(timeout, txn.now_ms) {
        Ok(deadline_ms) => deadline_ms,
        Err(text) => return refuse(reply, text),
    };
    if let Some(effect) = pop_first(txn, keys, reply, request, true) {
        return effect;
    }
    Effect::Block(Box::new(Block {
        keys: keys.iter().map(Box::from).collect(),
        awaited: "zset",
        gone_counts: false,
        deadline_ms,
        nothing: Nothing::Array,
        request: None,
    }))
}

/// `numkeys key [key ...] MIN|MAX [COUNT count]` from argument `at` on: the keys, and what to take. Err: the error's text.
fn parse_mpop(args: Args<'_>, at: usize) -> Result<(Args<'_>, Pop), &'static str> {
    let positive = |at: usize, text| number::integer(args.get(at)).filter(|number| *number > 0).ok_or(text);
    let keys_count = positive(at, error::NUMKEYS_NOT_POSITIVE)?;
    let side = usize::try_from(keys_count).ok().and_then(|count| count.checked_add(at + 1));
    let side = side.filter(|side| *side < args.len()).ok_or(error::SYNTAX)?;
    let max = match (args.is(side, "min"), args.is(side, "max")) {
        (true, _) => false,
        (_, true) => true,
        _ => return Err(error::SYNTAX),
    };
    let mut count = None;
    let mut option = side + 1;
    while option < args.len() {
        if count.is_some() || !args.is(option, "count") || option + 1 >= args.len() {
            return Err(error::SYNTAX);
        }
        count = Some(positive(option + 1, error::COUNT_NOT_POSITIVE)?);
        option += 2;
    }
    let keys = args.from(at + 1).first(keys_count as usize);
    Ok((keys, Pop { max, count: count.unwrap_or(1) as usize, shape: Shape::KeyPairs }))
}

/// Pops from the first key that has members. None: none of them has. `sliced`: many members may be taken in slices.
pub(super) fn pop_first(txn: &mut Txn, keys: Args, reply: &mut Reply, request: Pop, sliced: bool) -> Option<Effect> {
    for key in keys.iter() {
        match members_of(txn, key) {
            Err(effect) => return Some(effect(reply)),
            Ok(0) => (),
            Ok(_) => {
                if sliced && let Some(work) = long_pop(txn, keys, key, request) {
                    return Some(work);
                }
                let popped = pop(txn, key, reply, request);
                if !txn.record {
                    return Some(Effect::Verbatim);
                }
                // Which of the keys had members is fixed this way.
                return Some(Effect::Rewrite(vec![logged(key, request.max, popped)]));
            }
        }
    }
    None
}

/// How many members are under `key`. Err: there is something else, and this replies so.
fn members_of(txn: &mut Txn, key: &[u8]) -> Result<usize, fn(&mut Reply) -> Effect> {
    match txn.peek_object::<ZsetValue>(key) {
        Ok(zset) => Ok(zset.map_or(0, |zset| zset.len())),
        Err(_) => Err(wrong_type),
    }
}

/// The rest of a pop that takes more out of the sorted set under `key` than goes at once.
fn long_pop(txn: &mut Txn, keys: Args, key: &[u8], request: Pop) -> Option<Effect> {
    let store = txn.store;
    let zset = txn.peek_object::<ZsetValue>(key).ok().flatten()?;
    (request.count.min(zset.len()) > MEMBERS_AT_ONCE)
        .then(|| Effect::Slices(Box::new(Popping::new(keys.to_owned(), key, request, zset.clone(), store))))
}

/// The command that takes as many members from this key.
pub(super) fn logged(key: &[u8], max: bool, popped: usize) -> OwnedArgs {
    let name: &[u8] = if max { b"ZPOPMAX" } else { b"ZPOPMIN" };
    OwnedArgs::of(&[name, key, itoa::Buffer::new().format(popped).as_bytes()])
}

/// Replies what comes before the members.
pub(super) fn pop_header(reply: &mut Reply, key: &[u8], shape: Shape, popped: usize) {
    match shape {
        Shape::Flat => reply.array(popped * 2),
        Shape::Pairs => reply.array(popped),
        Shape::KeyFlat => {
            reply.array(popped * 2 + 1);
            reply.bulk(key);
        }
        Shape::KeyPairs => {
            reply.array(2);
            reply.bulk(key);
            reply.array(popped);
        }
    }
}

#[inline]
pub(super) fn pop_member(reply: &mut Reply, shape: Shape, found: Item, score: f64) {
    if matches!(shape, Shape::Pairs | Shape::KeyPairs) {
        reply.array(2);
    }
    super::bulk(reply, found);
    reply.double(score);
}

/// Tells of members that were popped, more than none.
pub(super) fn booked(txn: &mut Txn, key: &[u8], max: bool, (popped, emptied): (usize, bool)) {
    txn.changed(key, Class::Zset, if max { "zpopmax" } else { "zpopmin" });
    txn.dirty += popped as u64 - 1;
    if emptied {
        txn.signal(key, Class::Generic, "del");
    }
}

/// Takes members out of the sorted set under `key`, which has some, and replies them. Gives how many.
fn pop(txn: &mut Txn, key: &[u8], reply: &mut Reply, Pop { max, count, shape }: Pop) -> usize {
    let edited = txn.edit_object(key, |zset: &mut ZsetValue, inverses| {
        let len = zset.len();
        let popped = count.min(len);
        pop_header(reply, key, shape, popped);
        for (found, score) in zset.walk(if max { len - 1 } else { 0 }, popped, max) {
            pop_member(reply, shape, found, score);
        }
        let (from, to) = if max { (len - popped, len) } else { (0, popped) };
        zset.remove_range(from, to, inverses);
        (popped, zset.is_empty())
    });
    let Ok(Some(popped)) = edited else { unreachable!("the caller has seen members") };
    booked(txn, key, max, popped);
    popped.0
}
