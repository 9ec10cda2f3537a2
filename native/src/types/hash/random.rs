//! HRANDFIELD.

use std::collections::HashSet;

use super::expire::expire_due;
use super::fields::{self, FieldTable};
use super::run::{self, Span};
use super::value::HashValue;
use super::{HASH, bulk, refuse, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::ds::entry::{EntryRef, Object};
use crate::ds::item::Item;
use crate::ds::packed::Form;
use crate::resp::args::Args;
use crate::resp::reply::{Protocol, Reply};
use crate::resp::{error, number};
use crate::sys::random;
use crate::txn::{Effect, Txn, WrongType};

pub const ROWS: &[Row] = &[Row {
    name: "hrandfield",
    arity: -2,
    flags: READONLY,
    keys: &[key(RO | ACCESS)],
    since: "6.2.0",
    complexity: "O(N) in the number of fields returned",
    summary: "Returns random fields of a hash: different ones, or with a negative count any.",
    args: "key [count [WITHVALUES]]",
    reply: "string | null | string[] | [string, string][]",
    run: Run::Data(hrandfield),
    ..HASH
}];

/// Draws with a negative count, at most. Redis has no limit, and one request for 2^62 fields ends its process.
const DRAWS_MAX: u64 = 1 << 24;

const TOO_MANY_DRAWS: &str =
    "ERR value is out of range, a negative count must be at least -16777216; ask several times";

const _: () = assert!(DRAWS_MAX == 16_777_216, "the text names the limit");

fn hrandfield(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    if args.len() == 2 {
        match looked_up(txn, args.get(1)) {
            Ok(None) => reply.null(),
            Ok(Some(hash)) => draw_any(hash, 1, |field, _| bulk(reply, field)),
            Err(_) => return wrong_type(reply),
        }
        return Effect::None;
    }
    let count = match number::integer(args.get(2)) {
        Some(i64::MIN) => return refuse(reply, error::OUT_OF_LONG_RANGE),
        Some(count) => count,
        None => return refuse(reply, error::NOT_INTEGER),
    };
    let values = args.len() == 4 && args.is(3, "withvalues");
    if args.len() > 3 && !values {
        return refuse(reply, error::SYNTAX);
    }
    if values && count.unsigned_abs() > i64::MAX as u64 / 2 {
        return refuse(reply, error::VALUE_OUT_OF_RANGE);
    }
    if count < 0 && count.unsigned_abs() > DRAWS_MAX {
        return refuse(reply, TOO_MANY_DRAWS);
    }
    let hash = match looked_up(txn, args.get(1)) {
        Ok(hash) => hash,
        Err(WrongType) => return wrong_type(reply),
    };
    let Some(hash) = hash else {
        reply.array(0);
        return Effect::None;
    };
    let draws = if count < 0 { count.unsigned_abs() as usize } else { hash.len().min(count as usize) };
    let nested = values && reply.proto == Protocol::Resp3;
    reply.array(if values && !nested { draws * 2 } else { draws });
    let write = |field: Item, value: Item| {
        if nested {
            reply.array(2);
        }
        bulk(reply, field);
        if values {
            bulk(reply, value);
        }
    };
    if count < 0 {
        draw_any(hash, draws, write)
    } else {
        draw_distinct(hash, draws, write)
    }
    Effect::None
}

/// The hash under `key`. All fields that have expired are taken out before, as in Redis: there is no drawing around them.
fn looked_up<'t>(txn: &'t mut Txn, key: &[u8]) -> Result<Option<&'t HashValue>, WrongType> {
    let now_ms = txn.now_ms;
    if txn.peek_object::<HashValue>(key)?.is_some_and(|hash| hash.is_due(now_ms)) {
        expire_due(txn, key, usize::MAX);
    }
    txn.get_object::<HashValue>(key)
}

/// `draws` fields, each drawn from all of them.
fn draw_any<'h>(hash: &'h HashValue, draws: usize, mut write: impl FnMut(Item<'h>, Item<'h>)) {
    match hash.form() {
        Form::Run(run) => {
            let spans: Vec<Span> = run::spans(run).collect();
            for _ in 0..if spans.is_empty() { 0 } else { draws } {
                let (field, value) = run::pair(run, spans[random::below(spans.len() as u64) as usize]);
                write(field, value);
            }
        }
        Form::Large(table) => {
            for entry in (0..draws).map_while(|_| table.table().random()) {
                write(Item::Text(entry.key()), fields::item(entry));
            }
        }
    }
}

/// `draws` different fields; at most as many as there are.
fn draw_distinct<'h>(hash: &'h HashValue, draws: usize, mut write: impl FnMut(Item<'h>, Item<'h>)) {
    if draws >= hash.len() {
        return hash.for_each(i64::MIN, write);
    }
    match hash.form() {
        Form::Run(run) => draw_packed(run, hash.len(), draws, write),
        Form::Large(table) => {
            for entry in draw_entries(table.table(), draws) {
                write(Item::Text(entry.key()), fields::item(entry));
            }
        }
    }
}

/// Selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S): every subset is as likely, in the order of the fields.
fn draw_packed<'h>(run: &'h [u8], pairs: usize, draws: usize, mut write: impl FnMut(Item<'h>, Item<'h>)) {
    let (mut wanted, mut left) = (draws, pairs);
    for span in run::spans(run) {
        let (field, value) = run::pair(run, span);
        if random::below(left as u64) < wanted as u64 {
            write(field, value);
            wanted -= 1;
        }
        left -= 1;
    }
}

fn draw_entries(table: &FieldTable, draws: usize) -> Vec<EntryRef<'_>> {
    // Above a third of the fields, repeated draws would mostly hit what was drawn before: shuffle references instead.
    if draws * 3 > table.len() {
        let mut all = Vec::with_capacity(table.len());
        table.for_each(|entry| all.push(entry));
        for turn in 0..draws {
            let other = turn + random::below((all.len() - turn) as u64) as usize;
            all.swap(turn, other);
        }
        all.truncate(draws);
        return all;
    }
    let mut drawn = HashSet::with_capacity(draws);
    let mut entries = Vec::with_capacity(draws);
    while entries.len() < draws {
        let Some(entry) = table.random() else { break };
        // No two entries share an address, and each holds its key; an empty one has its entry's end as address.
        if drawn.insert(entry.key().as_ptr()) {
            entries.push(entry);
        }
    }
    entries
}
