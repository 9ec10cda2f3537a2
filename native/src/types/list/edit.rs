//! LSET, LINSERT, LREM, LTRIM.

use super::limits::Limits;
use super::sift::Sift;
use super::value::ListValue;
use super::{LIST, Side, range, refuse, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::ds::entry::Object;
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::txn::{Class, Effect, Txn, WrongType};

pub const ROWS: &[Row] = &[
    Row {
        name: "lset",
        arity: 4,
        flags: WRITE | DENYOOM,
        keys: &[key(RW | UPDATE)],
        complexity: "O(log(N)) where N is the number of elements of the list",
        summary: "Replaces the element at an index of a list.",
        args: "key index element",
        reply: "\"OK\"",
        run: Run::Data(lset),
        ..LIST
    },
    Row {
        name: "linsert",
        arity: 5,
        flags: WRITE | DENYOOM,
        keys: &[key(RW | INSERT)],
        since: "2.2.0",
        complexity: "O(N) where N is the number of elements to the left of the pivot, in slices that let others pass",
        summary: "Adds an element beside the first one that equals the pivot and returns the list's length; -1 without a pivot.",
        args: "key <BEFORE | AFTER> pivot element",
        reply: "number",
        run: Run::Data(linsert),
        ..LIST
    },
    Row {
        name: "lrem",
        arity: 4,
        flags: WRITE,
        keys: &[key(RW | DELETE)],
        complexity: "O(N) where N is the number of elements of the list, in slices that let others pass",
        summary: "Removes elements that equal the one given: all of them, or so many from the left, or from the right (negative count).",
        args: "key count element",
        reply: "number",
        run: Run::Data(lrem),
        ..LIST
    },
    Row {
        name: "ltrim",
        arity: 4,
        flags: WRITE,
        keys: &[key(RW | DELETE)],
        complexity: "O(log(N)) where N is the number of elements of the list; what goes is freed by another thread",
        summary: "Keeps only the elements of a list from one index to another.",
        args: "key start stop",
        reply: "\"OK\"",
        run: Run::Data(ltrim),
        ..LIST
    },
];

fn lset(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (key, text) = (args.get(1), args.get(3));
    match txn.peek_list(key) {
        Ok(Some(_)) => (),
        Ok(None) => return refuse(reply, error::NO_SUCH_KEY),
        Err(WrongType) => return wrong_type(reply),
    }
    let Some(index) = number::integer(args.get(2)) else { return refuse(reply, error::NOT_INTEGER) };
    let limits = Limits::of(&txn.store.settings);
    let set = txn.edit_object(key, |list: &mut ListValue, inverses| {
        // As Redis: before the index is looked at.
        list.make_room([text].into_iter(), &limits, inverses);
        let (at, count) = range(index, index, list.count());
        if count == 1 {
            list.set(at, text, &limits, inverses);
        }
        count == 1
    });
    if set != Ok(Some(true)) {
        return refuse(reply, error::OUT_OF_RANGE);
    }
    reply.ok();
    txn.changed(key, Class::List, "lset");
    Effect::Verbatim
}

fn linsert(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let after = if args.is(2, "after") {
        true
    } else if args.is(2, "before") {
        false
    } else {
        return refuse(reply, error::SYNTAX);
    };
    let store = txn.store;
    if let Ok(Some(list)) = txn.peek_list(args.get(1))
        && let Some(sift) = Sift::of(args, list, store)
    {
        return Effect::Slices(Box::new(sift));
    }
    insert_beside(txn, args, reply, after)
}

/// Without slices; the request was read before.
pub fn linsert_now(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    insert_beside(txn, args, reply, args.is(2, "after"))
}

fn insert_beside(txn: &mut Txn, args: Args, reply: &mut Reply, after: bool) -> Effect {
    let (key, pivot, text) = (args.get(1), args.get(3), args.get(4));
    let limits = Limits::of(&txn.store.settings);
    let inserted = txn.edit_object(key, |list: &mut ListValue, inverses| {
        // As Redis: whether there is a pivot or not.
        list.make_room([text].into_iter(), &limits, inverses);
        let mut found = None;
        list.find(pivot, 0, u64::MAX, Side::Left, |index| {
            found = Some(index);
            false
        });
        let index = found?;
        list.insert(index + after as u64, text, &limits, inverses);
        Some(list.count())
    });
    match inserted {
        Ok(Some(Some(len))) => reply.int(len as i64),
        Ok(Some(None)) => {
            reply.int(-1);
            return Effect::None;
        }
        Ok(None) => {
            reply.int(0);
            return Effect::None;
        }
        Err(WrongType) => return wrong_type(reply),
    }
    txn.changed(key, Class::List, "linsert");
    Effect::Verbatim
}

fn lrem(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    if number::integer(args.get(2)).is_none() {
        return refuse(reply, error::NOT_INTEGER);
    }
    let store = txn.store;
    if let Ok(Some(list)) = txn.peek_list(args.get(1))
        && let Some(sift) = Sift::of(args, list, store)
    {
        return Effect::Slices(Box::new(sift));
    }
    lrem_now(txn, args, reply)
}

/// Without slices.
pub fn lrem_now(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (key, text) = (args.get(1), args.get(3));
    let Some(count) = number::integer(args.get(2)) else { return refuse(reply, error::NOT_INTEGER) };
    let limits = Limits::of(&txn.store.settings);
    let removed = txn.edit_object(key, |list: &mut ListValue, inverses| {
        let side = if count < 0 { Side::Right } else { Side::Left };
        let most = if count == 0 { u64::MAX } else { count.unsigned_abs() };
        let mut indexes = Vec::new();
        list.find(text, 0, u64::MAX, side, |index| {
            indexes.push(index);
            (indexes.len() as u64) < most
        });
        if side == Side::Right {
            indexes.reverse();
        }
        let removed = indexes.len() as u64;
        if removed > 0 {
            list.remove(indexes, text, &limits, inverses);
        }
        (removed, list.is_empty())
    });
    match removed {
        Ok(removed) => lrem_done(txn, key, reply, removed.unwrap_or((0, false))),
        Err(WrongType) => wrong_type(reply),
    }
}

/// Says how many were removed, and whether that was all there was.
pub fn lrem_done(txn: &mut Txn, key: &[u8], reply: &mut Reply, (removed, emptied): (u64, bool)) -> Effect {
    reply.int(removed as i64);
    if removed == 0 {
        return Effect::None;
    }
    txn.changed(key, Class::List, "lrem");
    txn.dirty += removed - 1;
    if emptied {
        txn.signal(key, Class::Generic, "del");
    }
    Effect::Verbatim
}

fn ltrim(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let key = args.get(1);
    let (Some(start), Some(stop)) = (number::integer(args.get(2)), number::integer(args.get(3))) else {
        return refuse(reply, error::NOT_INTEGER);
    };
    let (store, limits) = (txn.store, Limits::of(&txn.store.settings));
    let trimmed = txn.edit_object(key, |list: &mut ListValue, inverses| {
        let len = list.count();
        let (from, count) = range(start, stop, len);
        let (left, right) = if count == 0 { (len, 0) } else { (from, len - from - count) };
        if left > 0 {
            list.cut(Side::Left, left, &limits, store, inverses);
        }
        if right > 0 {
            list.cut(Side::Right, right, &limits, store, inverses);
        }
        (left + right, list.is_empty())
    });
    let (removed, emptied) = match trimmed {
        Ok(Some(trimmed)) => trimmed,
        Ok(None) => {
            reply.ok();
            return Effect::None;
        }
        Err(WrongType) => return wrong_type(reply),
    };
    reply.ok();
    // As Redis: an event and a broken WATCH even where nothing was to go.
    txn.signal(key, Class::List, "ltrim");
    txn.dirty += removed;
    if emptied {
        txn.signal(key, Class::Generic, "del");
    }
    if removed > 0 { Effect::Verbatim } else { Effect::None }
}
