//! Union, intersection and difference, as walks that can stop after any batch and go on.
//!
//! As Redis: unions and intersections go through their inputs from the smallest to the largest, which decides how sums are
//! rounded; what is no number counts as 0.

use super::input::{Candidate, Input, Progress};
use crate::ds::scored::Gathered;

/// Members of a batch: enough to cover the latency of memory, few enough to stay in the first cache.
const BATCH_MEMBERS: usize = 48;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    Union,
    Inter,
    Diff,
}

/// What becomes of the scores of one member in several inputs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Aggregate {
    Sum,
    Min,
    Max,
    /// The sum of the weights of the inputs that have it: without weights, how many they are.
    Count,
}

impl Aggregate {
    #[inline]
    fn combine(self, old: f64, new: f64) -> f64 {
        match self {
            Aggregate::Sum | Aggregate::Count => number_or_0(old + new),
            Aggregate::Min => {
                if new < old {
                    new
                } else {
                    old
                }
            }
            Aggregate::Max => {
                if new > old {
                    new
                } else {
                    old
                }
            }
        }
    }

    #[inline]
    fn weighted(self, score: f64, weight: f64) -> f64 {
        number_or_0(self.product(score, weight))
    }

    /// May be no number, of inf and 0.
    #[inline]
    fn product(self, score: f64, weight: f64) -> f64 {
        if self == Aggregate::Count { weight } else { score * weight }
    }
}

/// -inf + inf, and inf * 0.
fn number_or_0(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value }
}

/// What members that are found go into.
pub enum Result {
    Members(Gathered),
    /// How many there are, up to so many.
    Count {
        found: usize,
        limit: usize,
    },
}

/// Where a combination stands. The inputs must stay the same until it is through.
pub struct Combination {
    operation: Operation,
    aggregate: Aggregate,
    /// A weight for each input.
    weights: Vec<f64>,
    /// Numbers of the inputs in the order they are walked or looked into; no input is empty but for unions.
    order: Vec<usize>,
    /// Which of `order` is being walked, and how far.
    turn: usize,
    progress: Progress,
}

impl Combination {
    /// `inputs` as the request named them; None: no such key.
    pub fn new(operation: Operation, aggregate: Aggregate, inputs: &[Option<Input>], weights: &[f64]) -> Combination {
        let len = |number: &usize| inputs[*number].as_ref().map_or(0, Input::len);
        let mut order: Vec<usize> = (0..inputs.len()).collect();
        match operation {
            Operation::Union | Operation::Inter => order.sort_by_key(len),
            // The largest first: a member that is in one of the others is found sooner.
            Operation::Diff => order[1..].sort_by_key(|number| std::cmp::Reverse(len(number))),
        }
        if operation == Operation::Union {
            order.retain(|number| len(number) > 0);
        } else if len(&order[0]) == 0 {
            order.clear();
        } else {
            order.retain(|number| len(number) > 0 || operation == Operation::Inter);
        }
        Combination { operation, aggregate, weights: weights.to_vec(), order, turn: 0, progress: Progress::default() }
    }

    /// Goes on until `go_on` says no after some batch (true: there is more) or all is through.
    pub fn run(&mut self, inputs: &[Option<Input>], result: &mut Result, mut go_on: impl FnMut() -> bool) -> bool {
        let mut batch = Vec::with_capacity(BATCH_MEMBERS * 2);
        // Only a union walks more than the first.
        let walked = if self.operation == Operation::Union { self.order.len() } else { self.order.len().min(1) };
        while self.turn < walked {
            let number = self.order[self.turn];
            let input = inputs[number].as_ref().expect("inputs that are walked are there");
            batch.clear();
            let more = input.next(&mut self.progress, BATCH_MEMBERS, &mut batch);
            match self.operation {
                Operation::Union => (),
                Operation::Inter => self.keep_common(inputs, number, &mut batch),
                Operation::Diff => self.keep_others(inputs, &mut batch),
            }
            if !self.emit(number, &batch, result) {
                self.turn = walked;
                return false;
            }
            if !more {
                self.turn += 1;
                self.progress = Progress::default();
            }
            if !go_on() {
                return self.turn < walked;
            }
        }
        false
    }

    /// Keeps what is in all inputs, with the scores of all.
    fn keep_common(&self, inputs: &[Option<Input>], walked: usize, batch: &mut Vec<Candidate>) {
        for candidate in batch.iter_mut() {
            candidate.score = self.aggregate.weighted(candidate.score, self.weights[walked]);
        }
        for number in &self.order[1..] {
            let Some(input) = inputs[*number].as_ref() else { return batch.clear() };
            load_ahead(input, batch);
            batch.retain_mut(|candidate| {
                let Some(score) = input.score(candidate) else { return false };
                // As in Redis, which takes 0 for what is no number in the first input only: here a sum with it is 0, and it is neither less
                // nor more than anything.
                let score = self.aggregate.product(score, self.weights[*number]);
                candidate.score = self.aggregate.combine(candidate.score, score);
                true
            });
        }
    }

    /// Keeps what is in none of the others.
    fn keep_others(&self, inputs: &[Option<Input>], batch: &mut Vec<Candidate>) {
        for number in &self.order[1..] {
            let Some(input) = inputs[*number].as_ref() else { continue };
            load_ahead(input, batch);
            batch.retain(|candidate| input.score(candidate).is_none());
        }
    }

    /// False: enough was found.
    fn emit(&self, walked: usize, batch: &[Candidate], result: &mut Result) -> bool {
        match result {
            Result::Count { found, limit } => {
                *found = (*found + batch.len()).min(*limit);
                *found < *limit
            }
            Result::Members(gathered) => {
                for candidate in batch {
                    let score = match self.operation {
                        Operation::Union => self.aggregate.weighted(candidate.score, self.weights[walked]),
                        _ => candidate.score,
                    };
                    candidate.text(|text| {
                        gathered.add(candidate.hash, text, score, |old| self.aggregate.combine(old, score))
                    });
                }
                true
            }
        }
    }
}

fn load_ahead(input: &Input, batch: &[Candidate]) {
    for block in [false, true] {
        batch.iter().for_each(|candidate| input.prefetch(candidate.hash, block));
    }
}
