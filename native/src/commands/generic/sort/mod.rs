//! SORT and SORT_RO.

mod elements;
mod options;
mod pattern;
mod radix;
mod source;
mod work;

use crate::commands::row::{Begin, Find, Group, KeySpec, ROW, Row, Run, access::*, category, flag::*, key};
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::txn::{Effect, Txn};
use source::Source;
use work::{AT_ONCE_ELEMENTS_MAX, Sort};

/// What BY and GET read: keys that nobody can name before the elements are known.
const PATTERNS: KeySpec = KeySpec { access: RO | ACCESS, begin: Begin::Unknown, find: Find::Unknown };
/// The destination of STORE, wherever in the request it stands; [`keys_of`] finds it.
const DESTINATION: KeySpec = KeySpec { access: OW | UPDATE, begin: Begin::Unknown, find: Find::Unknown };

const SORT: Row = Row {
    arity: -2,
    categories: category::SET | category::SORTED_SET | category::LIST | category::DANGEROUS,
    group: Group::Generic,
    complexity: "O(N+M*log(M)) with N elements, M of them returned; O(N) where nothing is sorted",
    ..ROW
};

pub const ROWS: &[Row] = &[
    Row {
        name: "sort",
        flags: WRITE | DENYOOM | MOVABLE_KEYS | WALKS | SORTS,
        keys: &[key(RO | ACCESS), PATTERNS, DESTINATION],
        summary: "Sorts a list, a set or a sorted set, by its elements or by keys that they name, and returns or stores the result.",
        args: "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA] [STORE destination]",
        reply: "(string | null)[] | number",
        run: Run::Data(sort),
        ..SORT
    },
    Row {
        name: "sort_ro",
        flags: READONLY | MOVABLE_KEYS | WALKS | SORTS,
        keys: &[key(RO | ACCESS), PATTERNS],
        since: "7.0.0",
        summary: "Sorts a list, a set or a sorted set, as SORT does, and returns the result.",
        args: "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA]",
        reply: "(string | null)[]",
        run: Run::Data(sort_ro),
        ..SORT
    },
];

fn sort(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    run(txn, args, false, reply)
}

fn sort_ro(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    run(txn, args, true, reply)
}

fn run(txn: &mut Txn, args: Args, readonly: bool, reply: &mut Reply) -> Effect {
    let options = match options::parse(args, readonly, txn.reads_all_keys) {
        Ok(options) => options,
        Err(text) => {
            reply.error(text);
            return Effect::None;
        }
    };
    let Ok(source) = Source::of(txn, args.get(1)) else {
        reply.error(error::WRONG_TYPE);
        return Effect::None;
    };
    let sort = Sort::new(options, source, txn.keeps_undo());
    if sort.work() > AT_ONCE_ELEMENTS_MAX {
        return Effect::Slices(Box::new(sort));
    }
    // Many keys are in most shards: taken in one go, and in order, they are not given back for want of the last one.
    if sort.lookups() > txn.store.shards_count() as usize / 4
        && let Err(shard) = txn.latch_store()
    {
        return Effect::Busy(shard);
    }
    let mark = reply.mark();
    match sort.at_once(txn, reply) {
        Ok(effect) => effect,
        Err(shard) => {
            reply.truncate(mark);
            Effect::Busy(shard)
        }
    }
}

/// Calls `each` with the keys of a SORT that its words name: the one that is sorted, and the last destination.
pub fn keys_of(args: Args, readonly: bool, mut each: impl FnMut(usize, u16)) {
    each(1, RO | ACCESS);
    let (mut destination, mut at) = (None, 2);
    while at < args.len() && !readonly {
        if args.is(at, "limit") {
            at += 2;
        } else if args.is(at, "get") || args.is(at, "by") {
            at += 1;
        } else if args.is(at, "store") && at + 1 < args.len() {
            destination = Some(at + 1);
            // As Redis, which looks at the destination as a word too.
        }
        at += 1;
    }
    if let Some(at) = destination {
        each(at, OW | UPDATE);
    }
}

#[cfg(test)]
mod tests;
