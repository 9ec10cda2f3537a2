//! Asking for members.

use super::member::parsed;
use super::value::SetValue;
use super::{SET, wrong_type};
use crate::commands::row::{Joined, Pieces, Row, Run, access::*, flag::*, key};
use crate::ds::entry::Object;
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::txn::{Effect, Txn};

const ASK: Row = Row { arity: 3, flags: READONLY | FAST, keys: &[key(RO)], element: 2, reply: "number", ..SET };

pub const ROWS: &[Row] = &[
    Row {
        name: "sismember",
        summary: "Tells whether a set has a member.",
        args: "key member",
        run: Run::Data(sismember),
        ..ASK
    },
    Row {
        name: "smismember",
        arity: -3,
        keys: &[key(RO | ACCESS)],
        since: "6.2.0",
        complexity: "O(N) in the number of members asked for",
        summary: "Tells for each of several members whether a set has it.",
        args: "key member [member ...]",
        reply: "number[]",
        run: Run::Data(smismember),
        pieces: Pieces::of_key(Joined::Items),
        ..ASK
    },
    Row {
        name: "scard",
        arity: 2,
        summary: "Returns how many members a set has.",
        args: "key",
        run: Run::Data(scard),
        ..ASK
    },
];

fn sismember(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match txn.get_object::<SetValue>(args.get(1)) {
        Ok(set) => reply.int(set.is_some_and(|set| set.contains(parsed(args.get(2)))) as i64),
        Err(_) => return wrong_type(reply),
    }
    Effect::None
}

fn smismember(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let Ok(set) = txn.get_object::<SetValue>(args.get(1)) else { return wrong_type(reply) };
    reply.array(args.len() - 2);
    for member in args.from(2).iter() {
        reply.int(set.is_some_and(|set| set.contains(parsed(member))) as i64);
    }
    Effect::None
}

fn scard(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match txn.get_object::<SetValue>(args.get(1)) {
        Ok(set) => reply.int(set.map_or(0, |set| set.len() as i64)),
        Err(_) => return wrong_type(reply),
    }
    Effect::None
}
