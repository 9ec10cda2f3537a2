//! ZUNION ZINTER ZDIFF, their STORE forms, and ZINTERCARD.

use super::combine::{Aggregate, Operation};
use super::input::{Input, Inputs};
use super::sliced::{Answer, Asked, Combining};
use super::{ZSET, refuse, wrong_type};
use crate::commands::row::{Begin, Find, KeySpec, Row, Run, access::*, flag::*, key};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::txn::{Effect, Txn};

const fn counted_keys(begin: usize) -> KeySpec {
    KeySpec { access: RO | ACCESS, begin: Begin::Index(begin), find: Find::KeyNum { keynum: 0, first: 1, step: 1 } }
}

const READ: Row = Row {
    arity: -3,
    flags: READONLY | MOVABLE_KEYS,
    keys: &[counted_keys(1)],
    since: "6.2.0",
    reply: "string[] | [string, number][]",
    ..ZSET
};

const STORE: Row = Row {
    arity: -4,
    flags: WRITE | DENYOOM | MOVABLE_KEYS,
    keys: &[key(OW | UPDATE), counted_keys(2)],
    since: "2.0.0",
    reply: "number",
    ..ZSET
};

const UNION_COST: &str = "O(N)+O(M*log(M)) with N members in all inputs together and M in the result";
const INTER_COST: &str =
    "O(N*K)+O(M*log(M)) at worst, with N members in the smallest input, K inputs and M members in the result";
const DIFF_COST: &str =
    "O(N*K)+O(M*log(M)) at worst, with N members in the first input, K inputs and M members in the result";

pub const ROWS: &[Row] = &[
    Row {
        name: "zunion",
        complexity: UNION_COST,
        summary: "Returns the members that any of several sorted sets has.",
        args: "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM|MIN|MAX|COUNT>] [WITHSCORES]",
        run: Run::Data(zunion),
        ..READ
    },
    Row {
        name: "zinter",
        complexity: INTER_COST,
        summary: "Returns the members that all of several sorted sets have.",
        args: "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM|MIN|MAX|COUNT>] [WITHSCORES]",
        run: Run::Data(zinter),
        ..READ
    },
    Row {
        name: "zdiff",
        complexity: DIFF_COST,
        summary: "Returns the members of the first sorted set that none of the others has.",
        args: "numkeys key [key ...] [WITHSCORES]",
        run: Run::Data(zdiff),
        ..READ
    },
    Row {
        name: "zunionstore",
        complexity: UNION_COST,
        summary: "Stores the members that any of several sorted sets has under a key.",
        args: "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM|MIN|MAX|COUNT>]",
        run: Run::Data(zunionstore),
        ..STORE
    },
    Row {
        name: "zinterstore",
        complexity: INTER_COST,
        summary: "Stores the members that all of several sorted sets have under a key.",
        args: "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM|MIN|MAX|COUNT>]",
        run: Run::Data(zinterstore),
        ..STORE
    },
    Row {
        name: "zdiffstore",
        since: "6.2.0",
        complexity: DIFF_COST,
        summary: "Stores the members of the first sorted set that none of the others has under a key.",
        args: "destination numkeys key [key ...]",
        run: Run::Data(zdiffstore),
        ..STORE
    },
    Row {
        name: "zintercard",
        since: "7.0.0",
        complexity: "O(N*K) at worst, with N members in the smallest input and K inputs",
        summary: "Counts the members that all of several sorted sets have, up to a limit if one is given.",
        args: "numkeys key [key ...] [LIMIT limit]",
        reply: "number",
        run: Run::Data(zintercard),
        ..READ
    },
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Reply,
    Store,
    Count,
}

/// A request, its keys read.
struct Request {
    aggregate: Aggregate,
    weights: Vec<f64>,
    with_scores: bool,
    /// 0: no limit.
    limit: usize,
}

fn zunion(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    combine(txn, args, reply, Operation::Union, Form::Reply, "zunion")
}

fn zinter(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    combine(txn, args, reply, Operation::Inter, Form::Reply, "zinter")
}

fn zdiff(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    combine(txn, args, reply, Operation::Diff, Form::Reply, "zdiff")
}

fn zunionstore(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    combine(txn, args, reply, Operation::Union, Form::Store, "zunionstore")
}

fn zinterstore(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    combine(txn, args, reply, Operation::Inter, Form::Store, "zinterstore")
}

fn zdiffstore(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    combine(txn, args, reply, Operation::Diff, Form::Store, "zdiffstore")
}

fn zintercard(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    combine(txn, args, reply, Operation::Inter, Form::Count, "zintercard")
}

fn combine(
    txn: &mut Txn,
    args: Args,
    reply: &mut Reply,
    operation: Operation,
    form: Form,
    name: &'static str,
) -> Effect {
    let first = if form == Form::Store { 2 } else { 1 };
    let keys = match number::integer(args.get(first)) {
        None => return refuse(reply, error::NOT_INTEGER),
        Some(count) if count < 1 => return refuse(reply, &error::no_input_key(name)),
        Some(count) if count as u64 > (args.len() - first - 1) as u64 => return refuse(reply, error::SYNTAX),
        Some(count) => args.from(first + 1).first(count as usize),
    };
    let mut inputs = Vec::with_capacity(keys.len());
    for key in keys.iter() {
        match Input::of(txn, key) {
            Ok(input) => inputs.push(input),
            Err(_) => return wrong_type(reply),
        }
    }
    let inputs = Inputs::new(inputs, txn.store);
    let request = match parse(args.from(first + 1 + keys.len()), keys.len(), operation, form) {
        Ok(request) => request,
        Err(text) => return refuse(reply, text),
    };
    let Request { aggregate, weights, with_scores, limit } = request;
    let answer = match form {
        Form::Reply => Answer::Members { with_scores },
        Form::Count => Answer::Count { limit: if limit == 0 { usize::MAX } else { limit } },
        Form::Store => Answer::Stored { request: args.to_owned(), event: name },
    };
    Combining::new(Asked { operation, aggregate, weights, answer }, inputs, txn.store).begin(txn, reply)
}

/// What follows the keys. Err: the error's text.
fn parse(args: Args, keys: usize, operation: Operation, form: Form) -> Result<Request, &'static str> {
    let mut request = Request { aggregate: Aggregate::Sum, weights: vec![1.0; keys], with_scores: false, limit: 0 };
    let has_scores = operation != Operation::Diff && form != Form::Count;
    let mut at = 0;
    while at < args.len() {
        let left = args.len() - at;
        if has_scores && left > keys && args.is(at, "weights") {
            for (number, weight) in request.weights.iter_mut().enumerate() {
                *weight = number::double(args.get(at + 1 + number)).ok_or(error::WEIGHT_NOT_FLOAT)?;
            }
            at += 1 + keys;
        } else if has_scores && left >= 2 && args.is(at, "aggregate") {
            request.aggregate = match args.get(at + 1).to_ascii_lowercase().as_slice() {
                b"sum" => Aggregate::Sum,
                b"min" => Aggregate::Min,
                b"max" => Aggregate::Max,
                b"count" => Aggregate::Count,
                _ => return Err(error::SYNTAX),
            };
            at += 2;
        } else if form == Form::Reply && args.is(at, "withscores") {
            request.with_scores = true;
            at += 1;
        } else if form == Form::Count && left >= 2 && args.is(at, "limit") {
            let limit = number::integer(args.get(at + 1)).filter(|limit| *limit >= 0);
            request.limit = limit.ok_or(error::LIMIT_NEGATIVE)? as usize;
            at += 2;
        } else {
            return Err(error::SYNTAX);
        }
    }
    Ok(request)
}
