//! SRANDMEMBER, and drawing members at random, each as likely as another.

use std::collections::HashSet;

use super::batch::{Batch, Position};
use super::member::{MemberRef, MemberTable};
use super::snapshot::Snapshot;
use super::value::{SetValue, View};
use super::{SET, bulk, refuse, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::ds::entry::Object;
use crate::ds::item::Item;
use crate::resp::args::Args;
use crate::resp::pieces::PIECE_BYTES;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::sys::random;
use crate::txn::{Effect, Progress, Slice, Txn, Work};

pub const ROWS: &[Row] = &[Row {
    name: "srandmember",
    arity: -2,
    flags: READONLY,
    keys: &[key(RO | ACCESS)],
    complexity: "O(N) in the number of members returned",
    summary: "Returns random members of a set: different ones, or with a negative count any.",
    args: "key [count]",
    reply: "string | null | string[]",
    run: Run::Data(srandmember),
    ..SET
}];

/// Members drawn in one go: two cache misses each, half a millisecond. Above, others get their turns in between.
pub const DRAWS_AT_ONCE_MAX: usize = 4096;

/// Draws with a negative count, at most. Redis has no limit, and one request for 2^62 members ends its process.
const DRAWS_MAX: u64 = 1 << 24;

const TOO_MANY_DRAWS: &str =
    "ERR value is out of range, a negative count must be at least -16777216; ask several times";

const _: () = assert!(DRAWS_MAX == 16_777_216, "the text names the limit");

/// Of so many members, drawing one again and again until it is new is cheaper than passing all by.
const SCARCE_TIMES: usize = 4;

fn srandmember(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let store = txn.store;
    if args.len() == 2 {
        match txn.get_object::<SetValue>(args.get(1)) {
            Ok(Some(set)) => draw_one(set, |member| bulk(reply, member)),
            Ok(None) => reply.null(),
            Err(_) => return wrong_type(reply),
        }
        return Effect::None;
    }
    if args.len() > 3 {
        return refuse(reply, error::SYNTAX);
    }
    let count = match number::integer(args.get(2)) {
        Some(i64::MIN) => return refuse(reply, error::OUT_OF_LONG_RANGE),
        Some(count) => count,
        None => return refuse(reply, error::NOT_INTEGER),
    };
    if count < 0 && count.unsigned_abs() > DRAWS_MAX {
        return refuse(reply, TOO_MANY_DRAWS);
    }
    let Ok(set) = txn.get_object::<SetValue>(args.get(1)) else { return wrong_type(reply) };
    let Some(set) = set else {
        reply.array(0);
        return Effect::None;
    };
    let draws = if count < 0 { count.unsigned_abs() as usize } else { set.len().min(count as usize) };
    let how = match set.view() {
        _ if count < 0 => How::Any,
        View::Table(table) if draws * SCARCE_TIMES <= table.len() => How::Scarce(HashSet::new()),
        _ => How::Pass { left: set.len(), position: Position::default() },
    };
    let passed_by = if matches!(how, How::Pass { .. }) { set.len() } else { 0 };
    let mut drawing = Drawing { wanted: draws, how };
    if draws > DRAWS_AT_ONCE_MAX || passed_by > 4 * DRAWS_AT_ONCE_MAX {
        let snapshot = Snapshot::of([set.clone()].into_iter(), store);
        return Effect::Slices(Box::new(SlicedDraw { snapshot, drawing, begun: false }));
    }
    reply.array(draws);
    drawing.run(set, || true, |member| bulk(reply, member));
    Effect::None
}

/// Calls `each` with one of the members of a set that is not empty.
pub fn draw_one<'s>(set: &'s SetValue, each: impl FnOnce(Item<'s>)) {
    match set.view() {
        View::Ints(ints) => each(Item::Int(ints.get(random::below(ints.len() as u64) as usize))),
        View::Items(items) => {
            let nth = random::below(items.len() as u64) as usize;
            if let Some(member) = items.iter().nth(nth) {
                each(member);
            }
        }
        View::Table(table) => {
            if let Some(member) = table.random() {
                each(member.item());
            }
        }
    }
}

/// Members still to be drawn from one set, which must stay the same.
struct Drawing {
    wanted: usize,
    how: How,
}

enum How {
    /// Each from all of them.
    Any,
    /// Different ones, by drawing until one is new; with what was drawn so far.
    Scarce(HashSet<u64>),
    /// Different ones, by selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S): every subset is as likely. With how many
    /// have not passed by yet.
    Pass { left: usize, position: Position },
}

impl Drawing {
    /// Goes on until `go_on` says no after some draws (true: there are more) or all is drawn.
    fn run<'s>(&mut self, set: &'s SetValue, mut go_on: impl FnMut() -> bool, mut each: impl FnMut(Item<'s>)) -> bool {
        let mut batch = Batch::new();
        while self.wanted > 0 {
            match (&mut self.how, set.view()) {
                (How::Any, View::Items(items)) => {
                    let members: Vec<Item> = items.iter().collect();
                    for _ in 0..self.wanted.min(DRAWS_AT_ONCE_MAX) {
                        each(members[random::below(members.len() as u64) as usize]);
                        self.wanted -= 1;
                    }
                }
                (How::Any, _) => {
                    for _ in 0..self.wanted.min(64) {
                        draw_one(set, &mut each);
                        self.wanted -= 1;
                    }
                }
                (How::Scarce(drawn), View::Table(table)) => {
                    for _ in 0..self.wanted.min(64) {
                        each(draw_new(table, drawn).item());
                        self.wanted -= 1;
                    }
                }
                (How::Scarce(_), _) => unreachable!("only tables are large enough"),
                (How::Pass { left, position }, _) => {
                    position.next(set, &mut batch);
                    for candidate in batch.drain(..) {
                        if random::below(*left as u64) < self.wanted as u64 {
                            each(candidate.item());
                            self.wanted -= 1;
                        }
                        *left -= 1;
                    }
                }
            }
            if !go_on() {
                return self.wanted > 0;
            }
        }
        false
    }
}

/// A member that is not among those `drawn`, and is then. There must be many more.
fn draw_new<'t>(table: &'t MemberTable, drawn: &mut HashSet<u64>) -> MemberRef<'t> {
    loop {
        let member = table.random().expect("there are many more than were drawn");
        if drawn.insert(member.identity()) {
            return member;
        }
    }
}

/// Many draws from a snapshot.
struct SlicedDraw {
    snapshot: Snapshot,
    drawing: Drawing,
    begun: bool,
}

impl Work for SlicedDraw {
    fn step(&mut self, _: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        let slice = Slice::begin();
        if !self.begun {
            self.begun = true;
            reply.array(self.drawing.wanted);
        }
        let mark = reply.mark();
        let written = std::cell::Cell::new(0);
        let more = self.drawing.run(
            self.snapshot.set(0),
            || !slice.is_over() && written.get() < PIECE_BYTES,
            |member| {
                bulk(reply, member);
                written.set(reply.mark() - mark);
            },
        );
        Ok(if more { Progress::More } else { Progress::Done })
    }
}
