//! SSCAN.

use super::algebra::AT_ONCE_MEMBERS_MAX;
use super::sliced::gather;
use super::snapshot::Snapshot;
use super::value::{SetValue, View};
use super::{SET, refuse, wrong_type};
use crate::commands::generic::scan::cursor;
use crate::commands::glob;
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::ds::entry::Object;
use crate::ds::item::Item;
use crate::resp::args::Args;
use crate::resp::pieces::Pieces;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::txn::{Effect, Progress, Slice, Txn, Work};

pub const ROWS: &[Row] = &[Row {
    name: "sscan",
    arity: -3,
    flags: READONLY,
    keys: &[key(RO | ACCESS)],
    since: "2.8.0",
    complexity: "O(1) for a call, O(N) for a whole iteration over N members",
    summary: "Iterates over the members of a set, some at a call.",
    args: "key cursor [MATCH pattern] [COUNT count]",
    reply: "[string, string[]]",
    run: Run::Data(sscan),
    ..SET
}];

/// Members looked at in one call, unless COUNT says otherwise.
const COUNT_DEFAULT: usize = 10;
/// Members looked at between two looks at the clock.
const CLOCK_MEMBERS: usize = 256;

fn sscan(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let Some(cursor) = cursor(args.get(2)) else { return refuse(reply, error::INVALID_CURSOR) };
    let store = txn.store;
    let set = match txn.get_object::<SetValue>(args.get(1)) {
        Ok(set) => set,
        Err(_) => return wrong_type(reply),
    };
    let Some(set) = set else {
        // As Redis: the options of a scan over nothing are not looked at.
        write_head(reply, 0, 0);
        return Effect::None;
    };
    let (pattern, count) = match options(args) {
        Ok(options) => options,
        Err(text) => return refuse(reply, text),
    };
    let mut step = Scan { cursor, left: count, pattern: pattern.map(Box::from), found: Pieces::default() };
    if count.min(set.len()) > AT_ONCE_MEMBERS_MAX {
        let snapshot = Snapshot::of([set.clone()].into_iter(), store);
        return Effect::Slices(Box::new(SlicedScan { snapshot, scan: step, through: false }));
    }
    step.run(set, || true);
    step.write(reply);
    while step.found.send(reply) {}
    Effect::None
}

fn write_head(reply: &mut Reply, cursor: u64, found: usize) {
    reply.array(2);
    reply.bulk(itoa::Buffer::new().format(cursor).as_bytes());
    reply.array(found);
}

/// A call on its way.
struct Scan {
    cursor: u64,
    /// Members still to be looked at.
    left: usize,
    pattern: Option<Box<[u8]>>,
    found: Pieces,
}

impl Scan {
    /// Goes on until `go_on` says no; false: the call is through. A small set is looked at whole.
    fn run(&mut self, set: &SetValue, mut go_on: impl FnMut() -> bool) -> bool {
        let Scan { cursor, left, pattern, found } = self;
        let mut digits = itoa::Buffer::new();
        let mut look = |member: Item| {
            if let Some(pattern) = pattern {
                let text = match member {
                    Item::Int(number) => digits.format(number).as_bytes(),
                    Item::Text(text) => text,
                };
                if !glob::matches(pattern, text) {
                    return;
                }
            }
            gather(found, member);
        };
        let View::Table(table) = set.view() else {
            set.for_each(look);
            *cursor = 0;
            return false;
        };
        loop {
            let mut seen = 0;
            *cursor = table.scan(*cursor, (*left).min(CLOCK_MEMBERS), |member| {
                seen += 1;
                look(member.item());
            });
            *left = left.saturating_sub(seen.max(1));
            if *cursor == 0 || *left == 0 {
                return false;
            }
            if !go_on() {
                return true;
            }
        }
    }

    fn write(&self, reply: &mut Reply) {
        write_head(reply, self.cursor, self.found.elements());
    }
}

/// A call with so large a COUNT that it would keep others waiting.
struct SlicedScan {
    snapshot: Snapshot,
    scan: Scan,
    through: bool,
}

impl Work for SlicedScan {
    fn step(&mut self, _: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        if !self.through {
            let slice = Slice::begin();
            if self.scan.run(self.snapshot.set(0), || !slice.is_over()) {
                return Ok(Progress::More);
            }
            self.through = true;
            self.scan.write(reply);
        }
        Ok(if self.scan.found.send(reply) { Progress::More } else { Progress::Done })
    }
}

fn options(args: Args<'_>) -> Result<(Option<&[u8]>, usize), &'static str> {
    let (mut pattern, mut count, mut at) = (None, COUNT_DEFAULT, 3);
    while at < args.len() {
        let more = at + 1 < args.len();
        if more && args.is(at, "count") {
            let given = number::integer(args.get(at + 1)).ok_or(error::NOT_INTEGER)?;
            count = usize::try_from(given).ok().filter(|count| *count > 0).ok_or(error::SYNTAX)?;
        } else if more && args.is(at, "match") {
            pattern = Some(args.get(at + 1)).filter(|pattern| *pattern != b"*");
        } else if args.is(at, "noscores") {
            return Err(error::NO_SCORES_OF_ZSCAN);
        } else if args.is(at, "novalues") {
            return Err(error::NO_VALUES_OF_HSCAN);
        } else {
            return Err(error::SYNTAX);
        }
        at += 2;
    }
    Ok((pattern, count))
}
