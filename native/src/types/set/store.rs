//! What SINTERSTORE, SUNIONSTORE and SDIFFSTORE store, in the encoding that Redis's way of building it ends with.

use super::combine::{Combination, Operation};
use super::ints;
use super::value::{Limits, SetValue, View};
use crate::ds::entry::{NewValue, Object};
use crate::ds::item::Item;
use crate::resp::reply::Reply;
use crate::store::Settings;
use crate::txn::access::Expiry;
use crate::txn::edit::Inverses;
use crate::txn::{Class, Effect, Txn};

/// A result on its way.
pub struct Built {
    operation: Operation,
    limits: Limits,
    value: SetValue,
    /// None: the value was there from the beginning.
    combination: Option<Combination>,
    /// Which set the value began as a clone of.
    base: Option<usize>,
}

impl Built {
    pub fn new(operation: Operation, sets: &[&SetValue], settings: &Settings) -> Built {
        let limits = Limits::of(settings);
        let value = match operation {
            // Redis begins with the encoding of the smallest set, but never with a table.
            Operation::Inter => match sets.iter().min_by_key(|set| set.len()).map(|set| set.view()) {
                Some(View::Ints(_)) => SetValue::ints(),
                _ => SetValue::packed(),
            },
            _ => SetValue::ints(),
        };
        let mut built = Built { operation, limits, value, combination: None, base: None };
        if sets.is_empty() {
            return built;
        }
        // A table too large for the small encodings is a result, or the beginning of a union, as it is: a clone shares it.
        let is_base = |set: &&SetValue| match set.view() {
            View::Table(table) => table.len() > limits.ints.max(limits.packed),
            _ => false,
        };
        if operation == Operation::Union || sets.len() == 1 {
            let bases = (0..sets.len()).filter(|number| is_base(&sets[*number]));
            built.base = bases.max_by_key(|number| sets[*number].len());
        }
        if let Some(base) = built.base {
            built.value = sets[base].clone();
        }
        let rest = built.rest(sets);
        if !rest.is_empty() {
            let operation = if operation == Operation::Union { Operation::Chain } else { operation };
            built.combination = Some(Combination::new(operation, &rest));
        }
        built
    }

    /// The sets that are walked.
    fn rest<'s>(&self, sets: &[&'s SetValue]) -> Vec<&'s SetValue> {
        let is_rest = |(number, set): (usize, &&'s SetValue)| (Some(number) != self.base).then_some(*set);
        sets.iter().enumerate().filter_map(is_rest).collect()
    }

    /// Goes on until `go_on` says no (true: there is more) or all is through.
    pub fn run(&mut self, sets: &[&SetValue], go_on: impl FnMut() -> bool) -> bool {
        let rest = self.rest(sets);
        let Built { operation, limits, value, combination: Some(combination), .. } = self else { return false };
        let may_repeat = *operation == Operation::Union;
        combination.run(&rest, go_on, |member| {
            if may_repeat {
                value.add(member, *limits, &mut Inverses::off());
            } else {
                value.add_new(member, *limits, &mut Inverses::off());
            }
            true
        })
    }

    /// The result; None if it is empty.
    pub fn finish(self, sets: &[&SetValue]) -> Option<SetValue> {
        let Built { operation, limits, mut value, base, .. } = self;
        if value.is_empty() {
            return None;
        }
        match operation {
            Operation::Inter if base.is_none() => become_ints_again(&mut value, limits),
            Operation::Diff if base.is_none() && redis_adds_all_first(sets) => match encoding_of_all(sets[0], limits) {
                Encoding::Table => value.become_table(0, &mut Inverses::off()),
                Encoding::Packed => value.become_packed(&mut Inverses::off()),
                Encoding::Ints => (),
            },
            _ => (),
        }
        Some(value)
    }
}

/// Redis makes an intersection of integers alone an intset in the end, whatever it was on the way.
fn become_ints_again(value: &mut SetValue, limits: Limits) {
    if value.len() > limits.ints || matches!(value.view(), View::Ints(_)) {
        return;
    }
    let (mut numbers, mut only) = (Vec::new(), true);
    value.for_each(|member| match member {
        Item::Int(number) => numbers.push(number),
        Item::Text(_) => only = false,
    });
    if only {
        numbers.sort_unstable();
        *value = SetValue::of_run(ints::of_sorted(&numbers));
    }
}

/// Whether Redis makes a difference by adding all of the first set and removing the members of the others: when that is
/// less work than half of looking each member of the first up in each set.
fn redis_adds_all_first(sets: &[&SetValue]) -> bool {
    let all: usize = sets.iter().map(|set| set.len()).sum();
    sets[0].len() * sets.len() / 2 > all
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Ints,
    Packed,
    Table,
}

/// The encoding that an empty intset has after all members of `set` are added to it.
fn encoding_of_all(set: &SetValue, limits: Limits) -> Encoding {
    let mut all = SetValue::ints();
    if set.len() > limits.ints.max(limits.packed) {
        return Encoding::Table;
    }
    set.for_each(|member| {
        if !all.is_table() {
            all.add_new(member, limits, &mut Inverses::off());
        }
    });
    match all.view() {
        View::Ints(_) => Encoding::Ints,
        View::Items(_) => Encoding::Packed,
        View::Table(_) => Encoding::Table,
    }
}

/// Where a result goes.
pub struct Store<'a> {
    pub operation: Operation,
    pub destination: &'a [u8],
}

impl Store<'_> {
    /// Puts the result under the destination, whatever was there, or removes that where the result is empty.
    pub fn put(&self, txn: &mut Txn, result: Option<SetValue>, reply: &mut Reply) -> Effect {
        let Some(result) = result else {
            reply.int(0);
            if !txn.remove(self.destination) {
                return Effect::None;
            }
            txn.changed(self.destination, Class::Generic, "del");
            return Effect::Verbatim;
        };
        reply.int(result.len() as i64);
        txn.set(self.destination, NewValue::Object(Box::new(result)), Expiry::Clear);
        let event = match self.operation {
            Operation::Inter => "sinterstore",
            Operation::Diff => "sdiffstore",
            Operation::Union | Operation::Chain => "sunionstore",
        };
        txn.changed(self.destination, Class::Set, event);
        Effect::Verbatim
    }
}
