//! Intersection, union and difference, as walks that can stop after any batch and go on.
//!
//! 1. Intersection: walk one set, drop what is not in each of the others, the smallest first.
//! 2. Difference: walk the first set, drop what is in one of the others, the largest first; where many small ones are taken
//!    away from a large one, gather their members in a table first.
//! 3. Union: walk the largest, then of each other set what is in none walked before; where there are many, what is not
//!    among the members gathered so far.
//!
//! All tables are in the order of one hash, and a walk knows so much of each hash from the table's own slots that a lookup
//! in a table no deeper needs neither the member nor its hash: a walk over two large sets goes through both tables from
//! front to end, and reads a member only where 24 bits of two hashes agree. That is why the intersection of two tables may
//! walk the larger one: two or three nanoseconds for each member of it, against a hash and two cache misses for each of
//! the smaller.

use std::cmp::Reverse;

use super::batch::{Batch, Position, Probe, is_in};
use super::member::{Member, MemberTable};
use super::value::{SetValue, View};
use crate::ds::entry::Object;
use crate::ds::item::Item;

/// Walking a table costs so much less than looking its members up in a deeper one.
const WALK_INSTEAD_TIMES: usize = 8;
/// More sets than this are united by gathering: beyond, the lookups in all earlier ones cost more than a table does.
const UNITED_BY_LOOKUP_MAX: usize = 5;
/// The same for sets that are taken away.
const TAKEN_AWAY_BY_LOOKUP_MAX: usize = 8;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    Inter,
    Union,
    Diff,
    /// The members of all sets one after the other, whether or not they came before.
    Chain,
}

/// Where a combination of sets stands. The sets must stay the same until it is through.
pub struct Combination {
    how: How,
    /// Numbers of the sets that are walked, in this order.
    walked: Vec<usize>,
    /// Numbers of the sets that are looked into.
    looked_into: Vec<usize>,
    /// Which of `walked` is being walked, and how far.
    turn: usize,
    position: Position,
    gathered: MemberTable,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum How {
    /// What is in all that are looked into.
    InAll,
    /// What is in none of them.
    InNone,
    /// Everything.
    All,
    /// What is in none that was walked before.
    NotBefore,
    /// What was not gathered yet, which is gathered then.
    Gather,
    /// The sets but the last are gathered; then what of the last was not.
    GatherThenNot,
}

impl Combination {
    /// `sets` are the ones that exist; for a difference the first of the request comes first. None: an empty result.
    pub fn new(operation: Operation, sets: &[&SetValue]) -> Combination {
        let mut order: Vec<usize> = (0..sets.len()).collect();
        let len = |set: &usize| sets[*set].len();
        let (how, walked, looked_into) = match operation {
            _ if sets.is_empty() => (How::All, order, Vec::new()),
            Operation::Chain => (How::All, order, Vec::new()),
            Operation::Inter => {
                order.sort_by_key(len);
                let walked = order.remove(walked_by_inter(sets, &order));
                (How::InAll, vec![walked], order)
            }
            Operation::Diff => {
                let mut others = order.split_off(1);
                others.sort_by_key(|set| Reverse(len(set)));
                if others.len() > TAKEN_AWAY_BY_LOOKUP_MAX && others.iter().map(len).sum::<usize>() < sets[0].len() {
                    others.push(0);
                    (How::GatherThenNot, others, Vec::new())
                } else {
                    (How::InNone, order, others)
                }
            }
            Operation::Union => {
                order.sort_by_key(|set| Reverse(len(set)));
                match order.len() {
                    0 | 1 => (How::All, order, Vec::new()),
                    2..=UNITED_BY_LOOKUP_MAX => (How::NotBefore, order.clone(), order),
                    _ => (How::Gather, order, Vec::new()),
                }
            }
        };
        Combination {
            how,
            walked,
            looked_into,
            turn: 0,
            position: Position::default(),
            gathered: MemberTable::default(),
        }
    }

    /// Goes on through `sets`, the ones it was made for, until `go_on` says no after some batch (true: there is more) or all
    /// is through. `emit` takes each member of the result, and says whether it wants another.
    pub fn run<'s>(
        &mut self,
        sets: &[&'s SetValue],
        mut go_on: impl FnMut() -> bool,
        mut emit: impl FnMut(Item<'s>) -> bool,
    ) -> bool {
        let mut probes: Vec<Probe> = self.probes(sets);
        let mut batch = Batch::new();
        while self.turn < self.walked.len() {
            let walked = sets[self.walked[self.turn]];
            // A glimpse in passing drops most of what the first other table has not, and loads what the rest is compared with.
            let glimpsed = self.how == How::InAll && probes.first().is_some_and(|first| first.is_glimpsed_from(walked));
            let more = if glimpsed {
                self.position.next_passing(walked, &mut batch, |hash| probes[0].may_have(hash))
            } else {
                self.position.next(walked, &mut batch)
            };
            match self.how {
                How::InAll if glimpsed => {
                    probes[0].retain(&mut batch, true, true);
                    retain_each(&mut probes[1..], &mut batch, true);
                }
                How::InAll => retain_each(&mut probes, &mut batch, true),
                How::InNone => retain_each(&mut probes, &mut batch, false),
                How::All => (),
                How::NotBefore => retain_each(&mut probes[..self.turn], &mut batch, false),
                How::GatherThenNot if self.turn + 1 == self.walked.len() => {
                    Probe::Table(&self.gathered).retain(&mut batch, false, false);
                }
                How::Gather | How::GatherThenNot => self.gather(&mut batch),
            }
            if self.how != How::GatherThenNot || self.turn + 1 == self.walked.len() {
                for candidate in &batch {
                    if !emit(candidate.item()) {
                        self.turn = self.walked.len();
                        return false;
                    }
                }
            }
            batch.clear();
            if !more {
                self.turn += 1;
                self.position = Position::default();
            }
            if !go_on() {
                return self.turn < self.walked.len();
            }
        }
        false
    }

    fn probes<'s>(&self, sets: &[&'s SetValue]) -> Vec<Probe<'s>> {
        let lookups = match self.how {
            How::NotBefore => self.walked[1..].iter().map(|set| sets[*set].len()).sum(),
            _ => self.walked.first().map_or(0, |set| sets[*set].len()),
        };
        self.looked_into.iter().map(|set| Probe::new(sets[*set], lookups)).collect()
    }

    /// Keeps what was not gathered yet, and gathers it.
    fn gather(&mut self, batch: &mut Batch) {
        let gathered = &mut self.gathered;
        batch.retain(|candidate| {
            let new = !is_in(gathered, candidate);
            if new {
                gathered.insert(candidate.full_hash(), Member::new(candidate.item()));
            }
            new
        });
    }
}

fn retain_each(probes: &mut [Probe], batch: &mut Batch, there: bool) {
    for probe in probes {
        if batch.is_empty() {
            return;
        }
        probe.retain(batch, there, false);
    }
}

/// Which of `order`, the sets by size, an intersection walks: the smallest, or a deeper table that is not much larger.
fn walked_by_inter(sets: &[&SetValue], order: &[usize]) -> usize {
    let View::Table(smallest) = sets[order[0]].view() else { return 0 };
    let (depth, most) = (smallest.depth_at(0), smallest.len() * WALK_INSTEAD_TIMES);
    let deepest = (1..order.len()).filter_map(|at| match sets[order[at]].view() {
        View::Table(table) if table.len() <= most && table.depth_at(0) > depth => Some((table.depth_at(0), at)),
        _ => None,
    });
    deepest.max().map_or(0, |(_, at)| at)
}
