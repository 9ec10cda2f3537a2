//! ARSET, ARMSET, ARDEL, ARDELRANGE, ARINSERT, ARSEEK.

use super::value::ArrayValue;
use super::{ARRAY, count, index, refuse, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::ds::entry::Object;
use crate::ds::sliced::INDEX_MAX;
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::txn::{Class, Effect, Txn, WrongType};

const SET: Row = Row {
    flags: WRITE | DENYOOM | FAST,
    keys: &[key(RW | UPDATE)],
    complexity: "O(N) in the number of values given",
    reply: "number",
    ..ARRAY
};

pub const ROWS: &[Row] = &[
    Row {
        name: "arset",
        arity: -4,
        summary: "Sets elements of an array from an index on and returns how many of the places were empty; a missing key counts as an empty array.",
        args: "key index value [value ...]",
        run: Run::Data(arset),
        ..SET
    },
    Row {
        name: "armset",
        arity: -4,
        summary: "Sets elements of an array at the indexes given and returns how many of the places were empty.",
        args: "key index value [index value ...]",
        run: Run::Data(armset),
        ..SET
    },
    Row {
        name: "arinsert",
        arity: -3,
        summary: "Sets elements of an array behind the one that was inserted last and returns the index of the last of them.",
        args: "key value [value ...]",
        run: Run::Data(arinsert),
        ..SET
    },
    Row {
        name: "ardel",
        arity: -3,
        flags: WRITE | FAST,
        keys: &[key(RW | DELETE)],
        complexity: "O(N) in the number of indexes given",
        summary: "Deletes elements of an array, and the key with the last of them.",
        args: "key index [index ...]",
        reply: "number",
        run: Run::Data(ardel),
        ..ARRAY
    },
    Row {
        name: "ardelrange",
        arity: -4,
        flags: WRITE,
        keys: &[key(RW | DELETE)],
        complexity: "O(R) in the number of ranges given",
        summary: "Deletes all elements of an array within ranges of indexes, and the key with the last of them.",
        args: "key start end [start end ...]",
        reply: "number",
        run: Run::Data(ardelrange),
        ..ARRAY
    },
    Row {
        name: "arseek",
        arity: 3,
        flags: WRITE | FAST,
        keys: &[key(RW | UPDATE)],
        summary: "Sets the index that the next insertion into an array goes to.",
        args: "key index",
        reply: "number",
        run: Run::Data(arseek),
        ..ARRAY
    },
];

fn arset(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let start = match index(args.get(2)) {
        Ok(start) => start,
        Err(text) => return refuse(reply, text),
    };
    let values = args.from(3);
    if start.checked_add(values.len() as u64 - 1).is_none_or(|last| last > INDEX_MAX) {
        return refuse(reply, error::ARRAY_OVERFLOW);
    }
    let places = values.iter().zip(0..).map(|(value, offset)| (start + offset, value));
    set(txn, args.get(1), places, values.len(), "arset", reply)
}

fn armset(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    if args.len() % 2 == 1 {
        return refuse(reply, &error::wrong_arity("armset"));
    }
    let pairs = args.from(2);
    if let Err(text) = indexes(pairs, 2) {
        return refuse(reply, text);
    }
    let places =
        (0..pairs.len()).step_by(2).map(|at| (index(pairs.get(at)).expect("checked above"), pairs.get(at + 1)));
    set(txn, args.get(1), places, pairs.len() / 2, "armset", reply)
}

/// Are all arguments at `step` distance indexes?
fn indexes(args: Args, step: usize) -> Result<(), &'static str> {
    args.iter().step_by(step).try_for_each(|text| index(text).map(drop))
}

fn set<'a>(
    txn: &mut Txn,
    key: &[u8],
    places: impl Iterator<Item = (u64, &'a [u8])>,
    values: usize,
    event: &'static str,
    reply: &mut Reply,
) -> Effect {
    let set = txn.edit_or_make(key, ArrayValue::default, |array, inverses| array.set(places, inverses));
    let Ok(new) = set else { return wrong_type(reply) };
    txn.changed(key, Class::Array, event);
    txn.dirty += values as u64 - 1;
    reply.int(new as i64);
    Effect::Verbatim
}

fn arinsert(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (key, values) = (args.get(1), args.from(2));
    let next = match txn.peek_object::<ArrayValue>(key) {
        Ok(array) => array.map_or(Some(0), ArrayValue::next),
        Err(WrongType) => return wrong_type(reply),
    };
    let last = next.and_then(|next| next.checked_add(values.len() as u64 - 1)).filter(|last| *last <= INDEX_MAX);
    let (Some(next), Some(last)) = (next, last) else { return refuse(reply, error::ARRAY_INSERT_OVERFLOW) };
    let inserted = txn.edit_or_make(key, ArrayValue::default, |array, inverses| {
        array.set(values.iter().zip(0..).map(|(value, offset)| (next + offset, value)), inverses);
        array.set_inserted(Some(last), inverses);
    });
    debug_assert!(inserted.is_ok(), "looked at above");
    txn.changed(key, Class::Array, "arinsert");
    txn.dirty += values.len() as u64 - 1;
    count(reply, last);
    Effect::Verbatim
}

fn ardel(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (key, given) = (args.get(1), args.from(2));
    if let Err(text) = indexes(given, 1) {
        return refuse(reply, text);
    }
    let edited = txn.edit_object(key, |array: &mut ArrayValue, inverses| {
        let deleted = array.delete(given.iter().filter_map(|text| index(text).ok()), inverses);
        (deleted, array.is_empty())
    });
    deleted(txn, key, edited, "ardel", reply)
}

fn ardelrange(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    if args.len() % 2 == 1 {
        return refuse(reply, &error::wrong_arity("ardelrange"));
    }
    let (key, bounds) = (args.get(1), args.from(2));
    if let Err(text) = indexes(bounds, 1) {
        return refuse(reply, text);
    }
    let store = txn.store;
    let edited = txn.edit_object(key, |array: &mut ArrayValue, inverses| {
        let mut deleted = 0;
        for at in (0..bounds.len()).step_by(2) {
            let (a, b) =
                (index(bounds.get(at)).expect("checked above"), index(bounds.get(at + 1)).expect("checked above"));
            deleted += array.delete_range(a.min(b), a.max(b), store, inverses);
        }
        (deleted, array.is_empty())
    });
    deleted(txn, key, edited, "ardelrange", reply)
}

fn deleted(
    txn: &mut Txn,
    key: &[u8],
    edited: Result<Option<(u64, bool)>, WrongType>,
    event: &'static str,
    reply: &mut Reply,
) -> Effect {
    let Ok(edited) = edited else { return wrong_type(reply) };
    let (deleted, emptied) = edited.unwrap_or((0, false));
    count(reply, deleted);
    if deleted == 0 {
        return Effect::None;
    }
    txn.changed(key, Class::Array, event);
    txn.dirty += deleted - 1;
    if emptied {
        txn.signal(key, Class::Generic, "del");
    }
    Effect::Verbatim
}

fn arseek(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    // The index that no element can have says that no insertion may follow.
    let Some(next) = number::unsigned(args.get(2)) else { return refuse(reply, error::ARRAY_INDEX) };
    let key = args.get(1);
    let edited = txn.edit_object(key, |array: &mut ArrayValue, inverses| {
        array.set_inserted(next.checked_sub(1), inverses);
    });
    match edited {
        Ok(Some(())) => {
            txn.changed(key, Class::Array, "arseek");
            reply.int(1);
            Effect::Verbatim
        }
        Ok(None) => {
            reply.int(0);
            Effect::None
        }
        Err(WrongType) => wrong_type(reply),
    }
}
