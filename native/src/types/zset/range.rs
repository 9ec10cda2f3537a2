//! Members of a range: ZRANGE and its older forms, and ZRANGESTORE.

use super::bounds::Bounds;
use super::sliced::{Copying, LongRange, MEMBERS_AT_ONCE};
use super::value::{Limits, ZsetValue};
use super::{ZSET, member, members_header, refuse, store, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, key, keys};
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::txn::{Effect, Txn};

const RANGE: Row = Row {
    arity: -4,
    flags: READONLY,
    keys: &[key(RO | ACCESS)],
    complexity: "O(log(N)+M) with N members, of which M are returned",
    reply: "string[] | [string, number][]",
    ..ZSET
};

pub const ROWS: &[Row] = &[
    Row {
        name: "zrange",
        summary: "Returns the members of a sorted set in a range of ranks, scores or bytes.",
        args: "key start stop [BYSCORE|BYLEX] [REV] [LIMIT offset count] [WITHSCORES]",
        run: Run::Data(zrange),
        ..RANGE
    },
    Row {
        name: "zrevrange",
        summary: "Returns the members of a sorted set in a range of ranks, counted from the highest score.",
        args: "key start stop [WITHSCORES]",
        run: Run::Data(zrevrange),
        ..RANGE
    },
    Row {
        name: "zrangebyscore",
        since: "1.0.5",
        summary: "Returns the members of a sorted set with scores in a range, in ascending order.",
        args: "key min max [WITHSCORES] [LIMIT offset count]",
        run: Run::Data(zrangebyscore),
        ..RANGE
    },
    Row {
        name: "zrevrangebyscore",
        since: "2.2.0",
        summary: "Returns the members of a sorted set with scores in a range, in descending order.",
        args: "key max min [WITHSCORES] [LIMIT offset count]",
        run: Run::Data(zrevrangebyscore),
        ..RANGE
    },
    Row {
        name: "zrangebylex",
        since: "2.8.9",
        summary: "Returns the members of a sorted set in a lexicographical range, in ascending order.",
        args: "key min max [LIMIT offset count]",
        reply: "string[]",
        run: Run::Data(zrangebylex),
        ..RANGE
    },
    Row {
        name: "zrevrangebylex",
        since: "2.8.9",
        summary: "Returns the members of a sorted set in a lexicographical range, in descending order.",
        args: "key max min [LIMIT offset count]",
        reply: "string[]",
        run: Run::Data(zrevrangebylex),
        ..RANGE
    },
    Row {
        name: "zrangestore",
        arity: -5,
        flags: WRITE | DENYOOM,
        keys: &[key(OW | UPDATE), keys(2, 2, 1, RO | ACCESS)],
        since: "6.2.0",
        complexity: "O(log(N)+M) with N members, of which M are stored",
        summary: "Stores the members of a sorted set in a range under another key.",
        args: "dst src min max [BYSCORE|BYLEX] [REV] [LIMIT offset count]",
        reply: "number",
        run: Run::Data(zrangestore),
        ..ZSET
    },
];

/// How the ends of a range are given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Rank,
    Score,
    Lex,
}

/// What the command's name says already.
#[derive(Clone, Copy)]
struct Form {
    by: Option<By>,
    backwards: Option<bool>,
    /// Where the key of the sorted set is among the arguments; min and max follow.
    key: usize,
    store: bool,
}

const READ: Form = Form { by: None, backwards: None, key: 1, store: false };

/// A range as it was asked for, options and all.
struct Request<'a> {
    bounds: Bounds<'a>,
    backwards: bool,
    with_scores: bool,
    offset: i64,
    /// Negative: no limit.
    count: i64,
}

fn zrange(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    range(txn, args, reply, READ)
}

fn zrevrange(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    range(txn, args, reply, Form { by: Some(By::Rank), backwards: Some(true), ..READ })
}

fn zrangebyscore(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    range(txn, args, reply, Form { by: Some(By::Score), backwards: Some(false), ..READ })
}

fn zrevrangebyscore(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    range(txn, args, reply, Form { by: Some(By::Score), backwards: Some(true), ..READ })
}

fn zrangebylex(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    range(txn, args, reply, Form { by: Some(By::Lex), backwards: Some(false), ..READ })
}

fn zrevrangebylex(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    range(txn, args, reply, Form { by: Some(By::Lex), backwards: Some(true), ..READ })
}

fn range(txn: &mut Txn, args: Args, reply: &mut Reply, form: Form) -> Effect {
    let request = match parse(args, form) {
        Ok(request) => request,
        Err(text) => return refuse(reply, text),
    };
    let kept = txn.store;
    let Ok(zset) = txn.get_object::<ZsetValue>(args.get(form.key)) else { return wrong_type(reply) };
    let Some(zset) = zset else {
        reply.array(0);
        return Effect::None;
    };
    let ranks = request.ranks(zset);
    if ranks.len() > MEMBERS_AT_ONCE {
        let how = (request.backwards, request.with_scores);
        return Effect::Slices(Box::new(LongRange::new(zset.clone(), ranks, how, kept)));
    }
    members_header(reply, ranks.len(), request.with_scores);
    let first = if request.backwards { ranks.end.saturating_sub(1) } else { ranks.start };
    for (found, score) in zset.walk(first, ranks.len(), request.backwards) {
        member(reply, found, score, request.with_scores);
    }
    Effect::None
}

fn zrangestore(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let request = match parse(args, Form { key: 2, store: true, ..READ }) {
        Ok(request) => request,
        Err(text) => return refuse(reply, text),
    };
    let (kept, limits) = (txn.store, Limits::of(&txn.store.settings));
    let made = match txn.get_object::<ZsetValue>(args.get(2)) {
        Ok(Some(zset)) if request.ranks(zset).len() > MEMBERS_AT_ONCE => {
            let copying = Copying::new(args.to_owned(), zset.clone(), ranks_to_store, kept);
            return Effect::Slices(Box::new(copying));
        }
        Ok(zset) => zset.map(|zset| zset.part(request.ranks(zset), limits)),
        Err(_) => return wrong_type(reply),
    };
    store(txn, args.get(1), reply, made.unwrap_or_default(), "zrangestore")
}

/// The ranks that a ZRANGESTORE, which was read before, means.
fn ranks_to_store(request: &OwnedArgs, zset: &ZsetValue) -> std::ops::Range<usize> {
    let request = parse(request.borrow(), Form { key: 2, store: true, ..READ });
    request.map_or(0..0, |request| request.ranks(zset))
}

fn parse<'a>(args: Args<'a>, form: Form) -> Result<Request<'a>, &'static str> {
    let Form { mut by, mut backwards, .. } = form;
    let (mut with_scores, mut offset, mut count) = (false, 0, -1);
    let mut at = form.key + 3;
    while at < args.len() {
        let left = args.len() - at - 1;
        if !form.store && args.is(at, "withscores") {
            with_scores = true;
        } else if args.is(at, "limit") && left >= 2 {
            let integer = |at: usize| number::integer(args.get(at)).ok_or(error::NOT_INTEGER);
            (offset, count) = (integer(at + 1)?, integer(at + 2)?);
            at += 2;
        } else if backwards.is_none() && args.is(at, "rev") {
            backwards = Some(true);
        } else if by.is_none() && args.is(at, "bylex") {
            by = Some(By::Lex);
        } else if by.is_none() && args.is(at, "byscore") {
            by = Some(By::Score);
        } else {
            return Err(error::SYNTAX);
        }
        at += 1;
    }
    let (by, backwards) = (by.unwrap_or(By::Rank), backwards.unwrap_or(false));
    if count != -1 && by == By::Rank {
        return Err(error::LIMIT_BY_RANK);
    }
    if with_scores && by == By::Lex {
        return Err(error::WITHSCORES_BY_LEX);
    }
    let (first, second) = (args.get(form.key + 1), args.get(form.key + 2));
    // Backwards the greater end comes first.
    let (min, max) = if backwards { (second, first) } else { (first, second) };
    let bounds = match by {
        By::Rank => Bounds::ranks(first, second)?,
        By::Score => Bounds::scores(min, max)?,
        By::Lex => Bounds::lex(min, max)?,
    };
    Ok(Request { bounds, backwards, with_scores, offset, count })
}

impl Request<'_> {
    /// The ranks asked for, from the least member on.
    fn ranks(&self, zset: &ZsetValue) -> std::ops::Range<usize> {
        let mut ranks = self.bounds.of(zset, self.backwards);
        // An offset below 0 passes over everything, as in Redis.
        let skipped = usize::try_from(self.offset).unwrap_or(usize::MAX).min(ranks.len());
        let count = usize::try_from(self.count).unwrap_or(usize::MAX).min(ranks.len() - skipped);
        if self.backwards {
            ranks.end -= skipped;
            ranks.start = ranks.end - count;
        } else {
            ranks.start += skipped;
            ranks.end = ranks.start + count;
        }
        ranks
    }
}
