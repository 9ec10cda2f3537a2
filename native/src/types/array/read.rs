//! ARGET, ARMGET, ARLEN, ARCOUNT, ARNEXT.

use super::value::ArrayValue;
use super::{ARRAY, count, element, index, refuse, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::txn::{Effect, Txn, WrongType};

const READ: Row =
    Row { arity: 2, flags: READONLY | FAST, keys: &[key(RO | ACCESS)], args: "key", reply: "number", ..ARRAY };

pub const ROWS: &[Row] = &[
    Row {
        name: "arget",
        arity: 3,
        summary: "Returns the element of an array at an index.",
        args: "key index",
        reply: "string | null",
        run: Run::Data(arget),
        ..READ
    },
    Row {
        name: "armget",
        arity: -3,
        complexity: "O(N) in the number of indexes given",
        summary: "Returns the elements of an array at indexes.",
        args: "key index [index ...]",
        reply: "(string | null)[]",
        run: Run::Data(armget),
        ..READ
    },
    Row { name: "arlen", summary: "Returns the greatest index of an array plus one.", run: Run::Data(arlen), ..READ },
    Row { name: "arcount", summary: "Returns how many elements an array has.", run: Run::Data(arcount), ..READ },
    Row {
        name: "arnext",
        summary: "Returns the index that the next insertion into an array goes to.",
        reply: "number | null",
        run: Run::Data(arnext),
        ..READ
    },
];

fn arget(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match (txn.get_object::<ArrayValue>(args.get(1)), index(args.get(2))) {
        (Err(WrongType), _) => return wrong_type(reply),
        (_, Err(text)) => return refuse(reply, text),
        (Ok(array), Ok(index)) => element(reply, array.and_then(|array| array.elements().get(index))),
    }
    Effect::None
}

fn armget(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let Ok(array) = txn.get_object::<ArrayValue>(args.get(1)) else { return wrong_type(reply) };
    let mark = reply.mark();
    reply.array(args.len() - 2);
    for text in args.from(2).iter() {
        match index(text) {
            Ok(index) => element(reply, array.and_then(|array| array.elements().get(index))),
            Err(text) => {
                reply.truncate(mark);
                return refuse(reply, text);
            }
        }
    }
    Effect::None
}

fn figure(txn: &mut Txn, args: Args, reply: &mut Reply, figure: impl FnOnce(&ArrayValue) -> u64) -> Effect {
    match txn.get_object::<ArrayValue>(args.get(1)) {
        Ok(array) => count(reply, array.map_or(0, figure)),
        Err(WrongType) => return wrong_type(reply),
    }
    Effect::None
}

fn arlen(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    figure(txn, args, reply, |array| array.elements().len())
}

fn arcount(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    figure(txn, args, reply, |array| array.elements().count())
}

fn arnext(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match txn.get_object::<ArrayValue>(args.get(1)).map(|array| array.map_or(Some(0), ArrayValue::next)) {
        Ok(Some(next)) => count(reply, next),
        Ok(None) => reply.null(),
        Err(WrongType) => return wrong_type(reply),
    }
    Effect::None
}
