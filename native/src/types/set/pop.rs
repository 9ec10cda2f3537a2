//! SPOP.

use super::algebra::AT_ONCE_MEMBERS_MAX;
use super::combine::Operation;
use super::ints;
use super::items;
use super::random::{DRAWS_AT_ONCE_MAX, draw_one};
use super::sliced::{Answer, SlicedAnswer, batches, gather};
use super::snapshot::Snapshot;
use super::value::{Limits, SetValue, View};
use super::{SET, bulk, refuse, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::ds::entry::Object;
use crate::ds::item::Item;
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::pieces::Pieces;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::sys::random;
use crate::txn::edit::Inverses;
use crate::txn::{Class, Effect, Progress, Slice, Txn, Work, WrongType};

pub const ROWS: &[Row] = &[Row {
    name: "spop",
    arity: -2,
    flags: WRITE | FAST,
    keys: &[key(RW | ACCESS | DELETE)],
    complexity: "O(N) in the number of members returned",
    summary: "Removes random members from a set, and the key with the last of them, and returns them.",
    args: "key [count]",
    reply: "string | null | string[]",
    run: Run::Data(spop),
    ..SET
}];

/// Where so many times fewer members stay than go, those that stay are drawn instead.
const STAY_TIMES: usize = 5;

fn spop(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let key = args.get(1);
    match args.len() {
        2 => pop_one(txn, key, reply),
        3 => match number::integer(args.get(2)) {
            Some(count) if count >= 0 => pop_several(txn, key, count as usize, reply),
            _ => refuse(reply, error::NOT_POSITIVE),
        },
        _ => refuse(reply, error::SYNTAX),
    }
}

fn pop_one(txn: &mut Txn, key: &[u8], reply: &mut Reply) -> Effect {
    let record = txn.record;
    let popped = txn.edit_object(key, |set: &mut SetValue, inverses| {
        let mut logged = None;
        take_one(set, inverses, |member| {
            bulk(reply, member);
            if record {
                logged = Some(OwnedArgs::of(&[b"SREM", key, &member.to_vec()]));
            }
        });
        (logged, set.is_empty())
    });
    let (logged, emptied) = match popped {
        Ok(Some(popped)) => popped,
        Ok(None) => {
            reply.null();
            return Effect::None;
        }
        Err(WrongType) => return wrong_type(reply),
    };
    txn.changed(key, Class::Set, "spop");
    if emptied {
        txn.signal(key, Class::Generic, "del");
    }
    logged.map_or(Effect::Verbatim, |command| Effect::Rewrite(vec![command]))
}

/// Takes one of the members out of a set that is not empty; `see` sees it before.
fn take_one(set: &mut SetValue, inverses: &mut Inverses, see: impl FnOnce(Item)) {
    match set.view() {
        View::Ints(_) => {
            let mut drawn = 0;
            draw_one(set, |member| {
                see(member);
                if let Item::Int(number) = member {
                    drawn = number;
                }
            });
            set.remove(Item::Int(drawn), inverses);
        }
        View::Items(items) => {
            let nth = random::below(items.len() as u64) as usize;
            let span = items.spans().nth(nth).expect("below their number");
            see(items.get(span));
            set.remove_span(span, inverses);
        }
        View::Table(table) => {
            let spot = table.random_spot().expect("not empty");
            see(table.at(spot).item());
            drop(set.remove_spot(spot, inverses));
        }
    }
}

fn pop_several(txn: &mut Txn, key: &[u8], count: usize, reply: &mut Reply) -> Effect {
    let (size, is_table) = match txn.peek_object::<SetValue>(key) {
        Ok(Some(set)) => (set.len(), set.is_table()),
        Ok(None) => (0, false),
        Err(WrongType) => return wrong_type(reply),
    };
    if count == 0 || size == 0 {
        reply.set(0);
        return Effect::None;
    }
    if count >= size {
        return pop_all(txn, key, reply);
    }
    let stay = size - count;
    if is_table && stay * STAY_TIMES <= count && stay <= DRAWS_AT_ONCE_MAX {
        return pop_most(txn, key, stay, reply);
    }
    if is_table && count > DRAWS_AT_ONCE_MAX {
        let work = SlicedPop { key: key.into(), left: count, popped: Pieces::default(), sending: false };
        return Effect::Slices(Box::new(work));
    }
    let record = txn.record;
    reply.set(count);
    let mut logged: Vec<Vec<u8>> = Vec::new();
    let popped = txn.edit_object(key, |set: &mut SetValue, inverses| {
        let mut see = |member: Item| {
            bulk(reply, member);
            if record {
                logged.push(member.to_vec());
            }
        };
        if set.is_table() {
            (0..count).for_each(|_| take_one(set, inverses, &mut see));
        } else {
            take_of_run(set, count, inverses, see);
        }
    });
    debug_assert!(matches!(popped, Ok(Some(()))), "it was looked at above");
    booked(txn, key, count, false);
    if !record {
        return Effect::Verbatim;
    }
    Effect::Rewrite(batches(b"SREM", key, |each| {
        logged.iter().for_each(|member| each(Item::Text(member)));
    }))
}

/// Counts and tells what was popped.
fn booked(txn: &mut Txn, key: &[u8], count: usize, emptied: bool) {
    txn.changed(key, Class::Set, "spop");
    txn.dirty += count as u64 - 1;
    if emptied {
        txn.signal(key, Class::Generic, "del");
    }
}

/// Takes `count` members, fewer than there are, out of an intset or a listpack: in one pass, by selection sampling
/// (Knuth, TAOCP 2, 3.4.2, algorithm S).
fn take_of_run(set: &mut SetValue, count: usize, inverses: &mut Inverses, mut see: impl FnMut(Item)) {
    let (mut wanted, mut left) = (count, set.len());
    let mut goes = || {
        let goes = random::below(left as u64) < wanted as u64;
        (wanted, left) = (wanted - goes as usize, left - 1);
        goes
    };
    let made = match set.view() {
        View::Ints(ints) => {
            let mut stay = Vec::with_capacity(ints.len() - count);
            for number in ints.iter() {
                if goes() { see(Item::Int(number)) } else { stay.push(number) }
            }
            ints::with_width(&stay, ints.width())
        }
        View::Items(members) => {
            let stay = members.iter().filter(|member| {
                let goes = goes();
                if goes {
                    see(*member);
                }
                !goes
            });
            items::of_items(stay)
        }
        View::Table(_) => unreachable!("a set in a run"),
    };
    set.replace(SetValue::of_run(made), inverses);
}

/// The whole set: the key goes at once, and its members are written from what it was.
fn pop_all(txn: &mut Txn, key: &[u8], reply: &mut Reply) -> Effect {
    let store = txn.store;
    let Ok(Some(set)) = txn.peek_object::<SetValue>(key) else { unreachable!("it was looked at before") };
    let size = set.len();
    let work = if size > AT_ONCE_MEMBERS_MAX {
        let snapshot = Snapshot::of([set.clone()].into_iter(), store);
        Some(SlicedAnswer::new(Operation::Union, snapshot, Answer::Members))
    } else {
        reply.set(size);
        set.for_each(|member| bulk(reply, member));
        None
    };
    txn.remove(key);
    booked(txn, key, size, true);
    logged_then(txn, vec![OwnedArgs::of(&[b"DEL", key])], work)
}

/// All but a few: those are drawn and make a new set, and what is left of the old one is the reply. The new one begins as a
/// listpack, as in Redis.
fn pop_most(txn: &mut Txn, key: &[u8], stay: usize, reply: &mut Reply) -> Effect {
    let limits = Limits::of(&txn.store.settings);
    let rest = txn.edit_object(key, |set: &mut SetValue, inverses| {
        let mut rest = set.take();
        if inverses.on() {
            let old = rest.clone();
            inverses.push(move |set: &mut SetValue| set.replace(old, &mut Inverses::off()));
        }
        let table = rest.table_mut().expect("it was looked at before");
        for _ in 0..stay {
            let spot = table.random_spot().expect("more than stay");
            let member = table.remove(spot);
            set.add_new(member.item(), limits, &mut Inverses::off());
        }
        rest
    });
    let Ok(Some(rest)) = rest else { unreachable!("it was looked at before") };
    let count = rest.len();
    booked(txn, key, count, false);
    let commands = if txn.record { batches(b"SREM", key, |each| rest.for_each(each)) } else { Vec::new() };
    let snapshot = Snapshot::of([rest].into_iter(), txn.store);
    let work = if count > AT_ONCE_MEMBERS_MAX {
        Some(SlicedAnswer::new(Operation::Union, snapshot, Answer::Members))
    } else {
        reply.set(count);
        snapshot.set(0).for_each(|member| bulk(reply, member));
        None
    };
    logged_then(txn, commands, work)
}

/// The effect of a change that is made and that these commands reproduce, when the reply may take slices.
fn logged_then(txn: &mut Txn, commands: Vec<OwnedArgs>, work: Option<SlicedAnswer>) -> Effect {
    match work {
        None if txn.record => Effect::Rewrite(commands),
        None => Effect::Verbatim,
        Some(work) => {
            if txn.record {
                let db = txn.db;
                txn.effects.extend(commands.into_iter().map(|command| (db, command)));
            }
            Effect::Slices(Box::new(work))
        }
    }
}

/// Many of very many: some hundreds at a time, as if by several SPOPs.
struct SlicedPop {
    key: Box<[u8]>,
    left: usize,
    popped: Pieces,
    sending: bool,
}

impl Work for SlicedPop {
    fn step(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        if !self.sending {
            if self.left > 0 && self.pop(txn)? {
                return Ok(Progress::More);
            }
            self.sending = true;
            reply.set(self.popped.elements());
        }
        Ok(if self.popped.send(reply) { Progress::More } else { Progress::Done })
    }
}

impl SlicedPop {
    /// Pops for one slice; false once that is all.
    fn pop(&mut self, txn: &mut Txn) -> Result<bool, u32> {
        let shard = txn.store.shard_of(txn.store.hash(&self.key));
        if !txn.latch(shard) {
            return Err(shard);
        }
        let slice = Slice::begin();
        let SlicedPop { key, left, popped, .. } = self;
        let (record, before) = (txn.record, *left);
        let mut logged: Vec<Vec<u8>> = Vec::new();
        let emptied = txn.edit_object(key, |set: &mut SetValue, inverses| {
            // Each may copy a segment that a clone shares, which is more than a look at the clock.
            while *left > 0 && !set.is_empty() && (before == *left || !slice.is_over()) {
                take_one(set, inverses, |member| {
                    gather(popped, member);
                    if record {
                        logged.push(member.to_vec());
                    }
                });
                *left -= 1;
            }
            set.is_empty()
        });
        // Somebody else may have taken the rest away, or put something else under the key.
        let Ok(Some(emptied)) = emptied else { return Ok(false) };
        let count = before - *left;
        booked(txn, key, count, emptied);
        let db = txn.db;
        let commands = batches(b"SREM", key, |each| logged.iter().for_each(|member| each(Item::Text(member))));
        txn.effects.extend(commands.into_iter().map(|command| (db, command)));
        Ok(*left > 0 && !emptied)
    }
}
