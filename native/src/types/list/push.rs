//! LPUSH, RPUSH, LPUSHX, RPUSHX.

use super::limits::Limits;
use super::value::ListValue;
use super::{LIST, Side, wrong_type};
use crate::commands::row::{Joined, Pieces, Row, Run, access::*, flag::*, key};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::txn::edit::Inverses;
use crate::txn::{Class, Effect, Txn, WrongType};

const PUSH: Row = Row {
    arity: -3,
    flags: WRITE | DENYOOM | FAST,
    keys: &[key(RW | INSERT)],
    complexity: "O(1) for each element",
    args: "key element [element ...]",
    reply: "number",
    ..LIST
};

pub const ROWS: &[Row] = &[
    Row {
        name: "lpush",
        summary: "Adds elements to the left of a list, one after the other, and returns its length; a missing key counts as an empty list.",
        run: Run::Data(lpush),
        pieces: Pieces::of_key(Joined::Last),
        ..PUSH
    },
    Row {
        name: "rpush",
        summary: "Adds elements to the right of a list and returns its length; a missing key counts as an empty list.",
        run: Run::Data(rpush),
        pieces: Pieces::of_key(Joined::Last),
        ..PUSH
    },
    Row {
        name: "lpushx",
        since: "2.2.0",
        summary: "Adds elements to the left of a list, as LPUSH does, only if the key is there.",
        run: Run::Data(lpushx),
        pieces: Pieces::of_key(Joined::Last),
        ..PUSH
    },
    Row {
        name: "rpushx",
        since: "2.2.0",
        summary: "Adds elements to the right of a list, as RPUSH does, only if the key is there.",
        run: Run::Data(rpushx),
        pieces: Pieces::of_key(Joined::Last),
        ..PUSH
    },
];

fn lpush(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let limits = Limits::of(&txn.store.settings);
    let pushed = txn.edit_or_make(args.get(1), ListValue::default, |list, inverses| {
        push_all(list, args, Side::Left, &limits, inverses)
    });
    pushed_so_many(txn, args, Side::Left, pushed.map(Some), reply)
}

fn rpush(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let limits = Limits::of(&txn.store.settings);
    let pushed = txn.edit_or_make(args.get(1), ListValue::default, |list, inverses| {
        push_all(list, args, Side::Right, &limits, inverses)
    });
    pushed_so_many(txn, args, Side::Right, pushed.map(Some), reply)
}

fn lpushx(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    pushx(txn, args, Side::Left, reply)
}

fn rpushx(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    pushx(txn, args, Side::Right, reply)
}

fn pushx(txn: &mut Txn, args: Args, side: Side, reply: &mut Reply) -> Effect {
    let limits = Limits::of(&txn.store.settings);
    let pushed =
        txn.edit_object(args.get(1), |list: &mut ListValue, inverses| push_all(list, args, side, &limits, inverses));
    pushed_so_many(txn, args, side, pushed, reply)
}

/// Adds every element of the request and gives the list's length.
#[inline]
fn push_all(list: &mut ListValue, args: Args, side: Side, limits: &Limits, inverses: &mut Inverses) -> u64 {
    list.make_room(args.from(2).iter(), limits, inverses);
    for text in args.from(2).iter() {
        list.push(side, text, limits, inverses);
    }
    list.count()
}

#[inline]
fn pushed_so_many(
    txn: &mut Txn,
    args: Args,
    side: Side,
    pushed: Result<Option<u64>, WrongType>,
    reply: &mut Reply,
) -> Effect {
    match pushed {
        Ok(Some(len)) => reply.int(len as i64),
        Ok(None) => {
            reply.int(0);
            return Effect::None;
        }
        Err(WrongType) => return wrong_type(reply),
    }
    txn.changed(args.get(1), Class::List, side.push_event());
    txn.dirty += args.len() as u64 - 3;
    Effect::Verbatim
}
