//! Setting scores and taking members out.

use smallvec::SmallVec;

use super::bounds::Bounds;
use super::sliced::{MEMBERS_AT_ONCE, Removing};
use super::value::{Limits, Put, ZsetValue};
use super::{ZSET, refuse, wrong_type};
use crate::commands::row::{Joined, Pieces, Row, Run, access::*, flag::*, key};
use crate::ds::entry::Object;
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::txn::edit::Inverses;
use crate::txn::{Class, Effect, Txn, WrongType};

const REMOVE_RANGE: Row = Row {
    arity: 4,
    flags: WRITE,
    keys: &[key(RW | DELETE)],
    complexity: "O(log(N)+M) with N members, of which M are removed",
    args: "key min max",
    reply: "number",
    ..ZSET
};

pub const ROWS: &[Row] = &[
    Row {
        name: "zadd",
        arity: -4,
        flags: WRITE | DENYOOM | FAST,
        keys: &[key(RW | UPDATE)],
        complexity: "O(log(N)) for each member given, with N members",
        summary: "Adds members to a sorted set and gives those that are there their scores.",
        args: "key [NX|XX] [GT|LT] [CH] [INCR] score member [score member ...]",
        reply: "number | null",
        run: Run::Data(zadd),
        pieces: Some(PIECES),
        ..ZSET
    },
    Row {
        name: "zincrby",
        arity: 4,
        flags: WRITE | DENYOOM | FAST,
        keys: &[key(RW | ACCESS | UPDATE)],
        complexity: "O(log(N)) with N members",
        summary: "Adds a number to the score of a member of a sorted set; a missing member counts as 0.",
        args: "key increment member",
        reply: "number",
        run: Run::Data(zincrby),
        ..ZSET
    },
    Row {
        name: "zrem",
        arity: -3,
        flags: WRITE | FAST,
        keys: &[key(RW | DELETE)],
        complexity: "O(M*log(N)) with N members, of which M are removed",
        summary: "Removes members of a sorted set, and the key with the last of them.",
        args: "key member [member ...]",
        reply: "number",
        run: Run::Data(zrem),
        pieces: Pieces::of_key(Joined::Sum),
        ..ZSET
    },
    Row {
        name: "zremrangebyrank",
        since: "2.0.0",
        summary: "Removes the members of a sorted set with ranks in a range.",
        args: "key start stop",
        run: Run::Data(zremrangebyrank),
        ..REMOVE_RANGE
    },
    Row {
        name: "zremrangebyscore",
        summary: "Removes the members of a sorted set with scores in a range.",
        run: Run::Data(zremrangebyscore),
        ..REMOVE_RANGE
    },
    Row {
        name: "zremrangebylex",
        since: "2.8.9",
        summary: "Removes the members of a sorted set in a lexicographical range.",
        run: Run::Data(zremrangebylex),
        ..REMOVE_RANGE
    },
];

#[derive(Clone, Copy, Default)]
pub struct Options {
    pub nx: bool,
    pub xx: bool,
    pub gt: bool,
    pub lt: bool,
    /// The reply counts what changed, too.
    pub ch: bool,
    pub incr: bool,
}

/// What became of the pairs of one request.
#[derive(Default)]
struct Done {
    added: usize,
    updated: usize,
    /// The last score set or found; None if the options forbade it.
    score: Option<f64>,
    not_a_number: bool,
}

/// What INCR asks for is one score, and what is asked for wrongly is refused as a whole.
const PIECES: Pieces = Pieces {
    head: |args| {
        let mut options = Options::default();
        let first = parse_options(args, &mut options);
        if options.incr || conflict(&options, 1).is_some() { 0 } else { first }
    },
    step: 2,
    fits: |pairs| (0..pairs.len() / 2).all(|index| number::double(pairs.get(index * 2)).is_some()),
    ..Pieces::plain(Joined::Sum)
};

fn zadd(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    add(txn, args, reply, Options::default())
}

fn zincrby(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    // Words that ZADD knows are options here too, as in Redis: none leaves a pair.
    add(txn, args, reply, Options { incr: true, ..Options::default() })
}

fn add(txn: &mut Txn, args: Args, reply: &mut Reply, mut options: Options) -> Effect {
    let first = parse_options(args, &mut options);
    let words = args.len() - first;
    if words == 0 || !words.is_multiple_of(2) {
        return refuse(reply, error::SYNTAX);
    }
    if let Some(text) = conflict(&options, words / 2) {
        return refuse(reply, text);
    }
    let pairs = args.from(first);
    // All of them first: the command runs whole or not at all.
    let mut scores: SmallVec<[f64; 8]> = SmallVec::new();
    for index in 0..words / 2 {
        match number::double(pairs.get(index * 2)) {
            Some(score) => scores.push(score),
            None => return refuse(reply, error::NOT_FLOAT),
        }
    }
    set_scores(txn, args.get(1), reply, options, &scores, |index| pairs.get(index * 2 + 1))
}

/// Gives member number `index` the score of the same number, each as the options allow.
#[inline]
pub fn set_scores<'a>(
    txn: &mut Txn,
    key: &[u8],
    reply: &mut Reply,
    options: Options,
    scores: &[f64],
    member: impl Fn(usize) -> &'a [u8],
) -> Effect {
    let limits = Limits::of(&txn.store.settings);
    let edit =
        |zset: &mut ZsetValue, inverses: &mut Inverses| put_all(zset, scores, &member, options, limits, inverses);
    let done = if options.xx {
        txn.edit_object(key, edit).map(Option::unwrap_or_default)
    } else {
        txn.edit_or_make(key, ZsetValue::default, edit)
    };
    let Ok(done) = done else { return wrong_type(reply) };
    if done.not_a_number {
        return refuse(reply, error::SCORE_IS_NAN);
    }
    let changed = done.added + done.updated;
    if changed > 0 {
        txn.changed(key, Class::Zset, if options.incr { "zincr" } else { "zadd" });
        txn.dirty += changed as u64 - 1;
    }
    match (options.incr, done.score) {
        (false, _) => reply.int(if options.ch { changed } else { done.added } as i64),
        (true, Some(score)) => reply.double(score),
        (true, None) => reply.null(),
    }
    if changed > 0 { Effect::Verbatim } else { Effect::None }
}

/// Reads the words before the pairs; gives where those begin.
fn parse_options(args: Args, options: &mut Options) -> usize {
    let mut at = 2;
    while at < args.len() {
        let word = args.get(at);
        // Numbers, mostly.
        if !word.first().is_some_and(u8::is_ascii_alphabetic) {
            break;
        }
        match word.to_ascii_lowercase().as_slice() {
            b"nx" => options.nx = true,
            b"xx" => options.xx = true,
            b"gt" => options.gt = true,
            b"lt" => options.lt = true,
            b"ch" => options.ch = true,
            b"incr" => options.incr = true,
            _ => break,
        }
        at += 1;
    }
    at
}

fn conflict(options: &Options, pairs: usize) -> Option<&'static str> {
    let Options { nx, xx, gt, lt, incr, .. } = *options;
    if nx && xx {
        return Some(error::ZADD_NX_WITH_XX);
    }
    if (nx && (gt || lt)) || (gt && lt) {
        return Some(error::ZADD_GT_LT_NX);
    }
    (incr && pairs > 1).then_some(error::ZADD_INCR_PAIRS)
}

#[inline]
fn put_all<'a>(
    zset: &mut ZsetValue,
    scores: &[f64],
    member: impl Fn(usize) -> &'a [u8],
    options: Options,
    limits: Limits,
    inverses: &mut Inverses,
) -> Done {
    zset.make_room(scores.len(), limits, inverses);
    let mut done = Done::default();
    for (index, given) in scores.iter().enumerate() {
        let mut nan = false;
        let put = zset.put(member(index), limits, inverses, |old| {
            let Some(old) = old else { return (!options.xx).then_some(*given) };
            if options.nx {
                return None;
            }
            let score = if options.incr { old + given } else { *given };
            nan = score.is_nan();
            let refused = nan || (options.lt && score >= old) || (options.gt && score <= old);
            (!refused).then_some(score)
        });
        // Only INCR adds, and it takes one pair: nothing was done before.
        done.not_a_number |= nan;
        match put {
            Put::Added(score) => (done.added, done.score) = (done.added + 1, Some(score)),
            Put::Updated(score) => (done.updated, done.score) = (done.updated + 1, Some(score)),
            Put::Same(score) => done.score = Some(score),
            Put::Refused => (),
        }
    }
    done
}

fn zrem(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let key = args.get(1);
    let edited = txn.edit_object(key, |zset: &mut ZsetValue, inverses| {
        let removed = args.from(2).iter().filter(|member| zset.remove(member, inverses)).count();
        (removed, zset.is_empty())
    });
    match edited {
        Ok(edited) => gone(txn, key, reply, "zrem", edited.unwrap_or((0, false))),
        Err(WrongType) => wrong_type(reply),
    }
}

/// So many members are gone, and the key with them if they were all.
pub(super) fn gone(
    txn: &mut Txn,
    key: &[u8],
    reply: &mut Reply,
    event: &'static str,
    (removed, emptied): (usize, bool),
) -> Effect {
    reply.int(removed as i64);
    if removed == 0 {
        return Effect::None;
    }
    txn.changed(key, Class::Zset, event);
    txn.dirty += removed as u64 - 1;
    if emptied {
        txn.signal(key, Class::Generic, "del");
    }
    Effect::Verbatim
}

fn zremrangebyrank(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    remove_range(txn, args, reply, "zremrangebyrank", |args| Bounds::ranks(args.get(2), args.get(3)))
}

fn zremrangebyscore(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    remove_range(txn, args, reply, "zremrangebyscore", |args| Bounds::scores(args.get(2), args.get(3)))
}

fn zremrangebylex(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    remove_range(txn, args, reply, "zremrangebylex", |args| Bounds::lex(args.get(2), args.get(3)))
}

fn remove_range(
    txn: &mut Txn,
    args: Args,
    reply: &mut Reply,
    event: &'static str,
    bounds_of: for<'a> fn(Args<'a>) -> Result<Bounds<'a>, &'static str>,
) -> Effect {
    let (key, kept) = (args.get(1), txn.store);
    let bounds = match bounds_of(args) {
        Ok(bounds) => bounds,
        Err(text) => return refuse(reply, text),
    };
    if let Ok(Some(zset)) = txn.peek_object::<ZsetValue>(key)
        && bounds.of(zset, false).len() > MEMBERS_AT_ONCE
    {
        let removing = Removing::new(args.to_owned(), event, zset.clone(), bounds_of, kept);
        return Effect::Slices(Box::new(removing));
    }
    let edited = txn.edit_object(key, |zset: &mut ZsetValue, inverses| {
        let range = bounds.of(zset, false);
        zset.remove_range(range.start, range.end, inverses);
        (range.len(), zset.is_empty())
    });
    match edited {
        Ok(edited) => gone(txn, key, reply, event, edited.unwrap_or((0, false))),
        Err(WrongType) => wrong_type(reply),
    }
}
