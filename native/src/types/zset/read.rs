//! Reading scores, ranks and counts.

use super::bounds::Bounds;
use super::value::ZsetValue;
use super::{ZSET, refuse, wrong_type};
use crate::commands::row::{Joined, Pieces, Row, Run, access::*, flag::*, key};
use crate::ds::entry::Object;
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::txn::{Effect, Txn};

const LOOK: Row = Row { arity: 3, flags: READONLY | FAST, keys: &[key(RO | ACCESS)], reply: "number", ..ZSET };

const COUNT: Row =
    Row { arity: 4, complexity: "O(log(N)) where N is the number of members", args: "key min max", ..LOOK };

const RANK: Row = Row {
    arity: -3,
    since: "2.0.0",
    complexity: "O(log(N)) where N is the number of members",
    args: "key member [WITHSCORE]",
    reply: "number | null | [number, number]",
    ..LOOK
};

pub const ROWS: &[Row] = &[
    Row {
        name: "zcard",
        arity: 2,
        keys: &[key(RO)],
        summary: "Returns how many members a sorted set has.",
        args: "key",
        run: Run::Data(zcard),
        ..LOOK
    },
    Row {
        name: "zscore",
        summary: "Returns the score of a member of a sorted set.",
        args: "key member",
        reply: "number | null",
        run: Run::Data(zscore),
        ..LOOK
    },
    Row {
        name: "zmscore",
        arity: -3,
        since: "6.2.0",
        complexity: "O(N) in the number of members asked for",
        summary: "Returns the scores of several members of a sorted set, in the order asked for.",
        args: "key member [member ...]",
        reply: "(number | null)[]",
        run: Run::Data(zmscore),
        pieces: Pieces::of_key(Joined::Items),
        ..LOOK
    },
    Row {
        name: "zrank",
        summary: "Returns how many members of a sorted set stand before this one.",
        run: Run::Data(zrank),
        ..RANK
    },
    Row {
        name: "zrevrank",
        summary: "Returns how many members of a sorted set stand after this one.",
        run: Run::Data(zrevrank),
        ..RANK
    },
    Row {
        name: "zcount",
        since: "2.0.0",
        summary: "Counts the members of a sorted set with scores in a range.",
        run: Run::Data(zcount),
        ..COUNT
    },
    Row {
        name: "zlexcount",
        since: "2.8.9",
        summary: "Counts the members of a sorted set in a lexicographical range.",
        run: Run::Data(zlexcount),
        ..COUNT
    },
];

fn zcard(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match txn.get_object::<ZsetValue>(args.get(1)) {
        Ok(zset) => reply.int(zset.map_or(0, |zset| zset.len() as i64)),
        Err(_) => return wrong_type(reply),
    }
    Effect::None
}

fn zscore(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match txn.get_object::<ZsetValue>(args.get(1)) {
        Ok(zset) => match zset.and_then(|zset| zset.score(args.get(2))) {
            Some(score) => reply.double(score),
            None => reply.null(),
        },
        Err(_) => return wrong_type(reply),
    }
    Effect::None
}

fn zmscore(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let Ok(zset) = txn.get_object::<ZsetValue>(args.get(1)) else { return wrong_type(reply) };
    reply.array(args.len() - 2);
    for member in args.from(2).iter() {
        match zset.and_then(|zset| zset.score(member)) {
            Some(score) => reply.double(score),
            None => reply.null(),
        }
    }
    Effect::None
}

fn zrank(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    rank(txn, args, reply, false)
}

fn zrevrank(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    rank(txn, args, reply, true)
}

fn rank(txn: &mut Txn, args: Args, reply: &mut Reply, backwards: bool) -> Effect {
    if args.len() > 4 {
        return refuse(reply, &error::wrong_arity(if backwards { "zrevrank" } else { "zrank" }));
    }
    let with_score = args.len() == 4;
    if with_score && !args.is(3, "withscore") {
        return refuse(reply, error::SYNTAX);
    }
    let Ok(zset) = txn.get_object::<ZsetValue>(args.get(1)) else { return wrong_type(reply) };
    let found = zset.and_then(|zset| zset.rank_of(args.get(2)).map(|found| (zset.len(), found)));
    let Some((len, (rank, score))) = found else {
        if with_score {
            reply.null_array()
        } else {
            reply.null()
        }
        return Effect::None;
    };
    if with_score {
        reply.array(2);
    }
    reply.int(if backwards { len - 1 - rank } else { rank } as i64);
    if with_score {
        reply.double(score);
    }
    Effect::None
}

fn zcount(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    count(txn, args, reply, Bounds::scores(args.get(2), args.get(3)))
}

fn zlexcount(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    count(txn, args, reply, Bounds::lex(args.get(2), args.get(3)))
}

fn count(txn: &mut Txn, args: Args, reply: &mut Reply, bounds: Result<Bounds, &'static str>) -> Effect {
    let bounds = match bounds {
        Ok(bounds) => bounds,
        Err(text) => return refuse(reply, text),
    };
    match txn.get_object::<ZsetValue>(args.get(1)) {
        Ok(zset) => reply.int(zset.map_or(0, |zset| bounds.of(zset, false).len() as i64)),
        Err(_) => return wrong_type(reply),
    }
    Effect::None
}
