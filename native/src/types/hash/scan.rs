//! HSCAN.

use super::fields;
use super::value::HashValue;
use super::{HASH, bulk, refuse, wrong_type};
use crate::commands::generic::scan::cursor;
use crate::commands::glob;
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::ds::item::Item;
use crate::ds::packed::Form;
use crate::resp::args::Args;
use crate::resp::reply::{Protocol, Reply};
use crate::resp::{error, number};
use crate::txn::{Effect, Txn};

pub const ROWS: &[Row] = &[Row {
    name: "hscan",
    arity: -3,
    flags: READONLY,
    keys: &[key(RO | ACCESS)],
    since: "2.8.0",
    complexity: "O(1) for a call, O(N) for a whole iteration over N fields",
    summary: "Iterates over the fields and values of a hash, some at a call.",
    args: "key cursor [MATCH pattern] [COUNT count] [NOVALUES]",
    reply: "[string, string[]]",
    run: Run::Data(hscan),
    ..HASH
}];

/// Fields looked at in one call, unless COUNT says otherwise.
const COUNT_DEFAULT: usize = 10;

struct Options<'a> {
    pattern: Option<&'a [u8]>,
    count: usize,
    values: bool,
}

fn hscan(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let now_ms = txn.now_ms;
    let Some(cursor) = cursor(args.get(2)) else { return refuse(reply, error::INVALID_CURSOR) };
    let hash = match txn.get_object::<HashValue>(args.get(1)) {
        Ok(hash) => hash,
        Err(_) => return wrong_type(reply),
    };
    let Some(hash) = hash else {
        // As Redis: the options of a scan over nothing are not looked at.
        write_reply(reply, 0, 0, &[]);
        return Effect::None;
    };
    let options = match parse_options(args) {
        Ok(options) => options,
        Err(text) => return refuse(reply, text),
    };
    let mut items = Vec::new();
    let (mut found, mut digits) = (0, itoa::Buffer::new());
    let mut out = Reply::new(&mut items, Protocol::Resp2);
    let mut each = |field: Item, value: Item| {
        if let Some(pattern) = options.pattern {
            let text = match field {
                Item::Int(number) => digits.format(number).as_bytes(),
                Item::Text(text) => text,
            };
            if !glob::matches(pattern, text) {
                return;
            }
        }
        bulk(&mut out, field);
        found += 1;
        if options.values {
            bulk(&mut out, value);
            found += 1;
        }
    };
    let next = match hash.form() {
        Form::Run(_) => {
            hash.for_each(now_ms, each);
            0
        }
        Form::Large(table) => table.table().scan(cursor, options.count, |entry| {
            if !fields::is_expired(entry, now_ms) {
                each(Item::Text(entry.key()), fields::item(entry));
            }
        }),
    };
    write_reply(reply, next, found, &items);
    Effect::None
}

/// `items` is `found` replies, which read the same in both protocols.
fn write_reply(reply: &mut Reply, cursor: u64, found: usize, items: &[u8]) {
    reply.array(2);
    reply.bulk(itoa::Buffer::new().format(cursor).as_bytes());
    reply.array(found);
    reply.raw(items);
}

fn parse_options(args: Args<'_>) -> Result<Options<'_>, &'static str> {
    let mut options = Options { pattern: None, count: COUNT_DEFAULT, values: true };
    let mut at = 3;
    while at < args.len() {
        let more = at + 1 < args.len();
        if more && args.is(at, "count") {
            let count = number::integer(args.get(at + 1)).ok_or(error::NOT_INTEGER)?;
            options.count = usize::try_from(count).ok().filter(|count| *count > 0).ok_or(error::SYNTAX)?;
            at += 2;
        } else if more && args.is(at, "match") {
            options.pattern = Some(args.get(at + 1)).filter(|pattern| *pattern != b"*");
            at += 2;
        } else if args.is(at, "novalues") {
            options.values = false;
            at += 1;
        } else if args.is(at, "noscores") {
            return Err(error::NO_SCORES_OF_ZSCAN);
        } else {
            return Err(error::SYNTAX);
        }
    }
    Ok(options)
}
