//! Combinations of large sets, in slices between the requests of others.
//!
//! A slice reads a snapshot that was taken when the command began, under the latches of all its keys, so the answer is what
//! the sets were at that moment, as if nobody else had come in between. Taking it costs next to nothing (`ds::segments`).

use super::algebra::{looked_up, sources};
use super::bulk;
use super::combine::{Combination, Operation};
use super::estimate::Estimate;
use super::snapshot::Snapshot;
use super::store::{Built, Store};
use super::value::SetValue;
use crate::ds::item::Item;
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::pieces::{PIECE_BYTES, Pieces};
use crate::resp::reply::Reply;
use crate::txn::{Effect, Progress, Slice, Txn, Work};

/// How often a result is made anew because its sources have changed on the way, before it is stored as of its beginning.
const TRIES_MAX: u32 = 3;

/// Members of one SADD in the log.
const LOGGED_MEMBERS_MAX: usize = 1024;

/// What is replied of a result.
pub enum Answer {
    Members,
    Count { limit: usize },
    Estimate(Box<Estimate>),
}

impl Answer {
    /// Takes a member into account, the `count`th; false: what was asked for is known.
    pub fn counts_on(&mut self, member: Item, count: usize) -> bool {
        match self {
            Answer::Members => true,
            Answer::Count { limit } => count < *limit,
            Answer::Estimate(estimate) => estimate.add(member),
        }
    }

    /// The number to reply after so many members.
    pub fn counted(&self, count: usize) -> usize {
        match self {
            Answer::Members => count,
            Answer::Count { limit } => count.min(*limit),
            Answer::Estimate(estimate) => estimate.count(),
        }
    }
}

pub struct SlicedAnswer {
    snapshot: Snapshot,
    combination: Combination,
    answer: Answer,
    count: usize,
    pieces: Pieces,
    step: Step,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Begin,
    /// One set: its size is known before the walk, and its members go out as they come.
    Stream,
    Walk,
    Send,
}

impl SlicedAnswer {
    pub fn new(operation: Operation, snapshot: Snapshot, answer: Answer) -> SlicedAnswer {
        let combination = Combination::new(operation, &snapshot.sets());
        SlicedAnswer { snapshot, combination, answer, count: 0, pieces: Pieces::default(), step: Step::Begin }
    }
}

impl Work for SlicedAnswer {
    fn step(&mut self, _: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        let slice = Slice::begin();
        let in_time = || !slice.is_over();
        let sets = self.snapshot.sets();
        if self.step == Step::Begin {
            self.step = Step::Walk;
            if let ([set], Answer::Members) = (&sets[..], &self.answer) {
                reply.set(crate::ds::entry::Object::len(*set));
                self.step = Step::Stream;
            }
        }
        if self.step == Step::Stream {
            let mark = reply.mark();
            let written = std::cell::Cell::new(mark);
            let more = self.combination.run(
                &sets,
                || in_time() && written.get() - mark < PIECE_BYTES,
                |member| {
                    bulk(reply, member);
                    written.set(reply.mark());
                    true
                },
            );
            return Ok(if more { Progress::More } else { Progress::Done });
        }
        if self.step == Step::Walk {
            let SlicedAnswer { answer, count, pieces, .. } = self;
            let more = self.combination.run(&sets, in_time, |member| {
                *count += 1;
                if let Answer::Members = answer {
                    gather(pieces, member);
                }
                answer.counts_on(member, *count)
            });
            if more {
                return Ok(Progress::More);
            }
            if !matches!(answer, Answer::Members) {
                reply.int(answer.counted(*count) as i64);
                return Ok(Progress::Done);
            }
            reply.set(*count);
            self.step = Step::Send;
        }
        Ok(if self.pieces.send(reply) { Progress::More } else { Progress::Done })
    }
}

pub fn gather(pieces: &mut Pieces, member: Item) {
    match member {
        Item::Int(number) => pieces.bulk_int(number),
        Item::Text(text) => pieces.bulk(text),
    }
}

/// A result that is stored once it is whole. If its sources are then what they were, nobody can tell that time has passed;
/// if not, it is made again, and at last stored as of the moment it began with.
pub struct SlicedStore {
    operation: Operation,
    request: OwnedArgs,
    snapshot: Snapshot,
    built: Option<Built>,
    tries: u32,
}

impl SlicedStore {
    /// The latches of all keys are held.
    pub fn new(txn: &mut Txn, operation: Operation, request: Args) -> SlicedStore {
        let request = request.to_owned();
        let snapshot = snapshot(txn, operation, &request);
        let built = Some(Built::new(operation, &snapshot.sets(), &txn.store.settings));
        SlicedStore { operation, request, snapshot, built, tries: 1 }
    }
}

fn snapshot(txn: &mut Txn, operation: Operation, request: &OwnedArgs) -> Snapshot {
    let found = sources(txn, operation, request.borrow().from(2)).unwrap_or_default();
    let sets: Vec<SetValue> = looked_up(txn, &found).into_iter().cloned().collect();
    Snapshot::of(sets.into_iter(), txn.store)
}

impl Work for SlicedStore {
    fn step(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        let slice = Slice::begin();
        let sets = self.snapshot.sets();
        let built = self.built.as_mut().expect("not stored yet");
        if built.run(&sets, || !slice.is_over()) {
            return Ok(Progress::More);
        }
        let request = self.request.borrow();
        let (destination, keys) = (request.get(1), request.from(2));
        let mut shards: Vec<u32> = request.from(1).iter().map(|key| txn.store.shard_of(txn.store.hash(key))).collect();
        txn.latch_all(&mut shards)?;
        let now = sources(txn, self.operation, keys).map(|found| looked_up(txn, &found));
        let still_sets = now.is_ok();
        let same = now
            .is_ok_and(|now| now.len() == sets.len() && now.iter().zip(&sets).all(|(now, before)| now.is_same(before)));
        if !same && still_sets && self.tries < TRIES_MAX {
            self.tries += 1;
            self.snapshot = snapshot(txn, self.operation, &self.request);
            self.built = Some(Built::new(self.operation, &self.snapshot.sets(), &txn.store.settings));
            return Ok(Progress::More);
        }
        let result = self.built.take().expect("not stored yet").finish(&sets);
        // In the log stands either the request, which finds the same sources there, or what came of others.
        let logged =
            txn.record.then(|| if same { vec![self.request.clone()] } else { explicit(destination, result.as_ref()) });
        let effect = Store { operation: self.operation, destination }.put(txn, result, reply);
        if let (Effect::Verbatim, Some(commands)) = (effect, logged) {
            let db = txn.db;
            txn.effects.extend(commands.into_iter().map(|command| (db, command)));
        }
        Ok(Progress::Done)
    }
}

/// Commands that make `destination` this set.
fn explicit(destination: &[u8], set: Option<&SetValue>) -> Vec<OwnedArgs> {
    let mut commands = vec![OwnedArgs::of(&[b"DEL", destination])];
    if let Some(set) = set {
        commands.extend(batches(b"SADD", destination, |each| set.for_each(each)));
    }
    commands
}

/// Commands with these members, so many each.
pub fn batches(name: &[u8], key: &[u8], members: impl FnOnce(&mut dyn FnMut(Item))) -> Vec<OwnedArgs> {
    let (mut commands, mut room) = (Vec::new(), 0);
    members(&mut |member| {
        if room == 0 {
            commands.push(OwnedArgs::of(&[name, key]));
            room = LOGGED_MEMBERS_MAX;
        }
        commands.last_mut().expect("pushed above").push(&member.to_vec());
        room -= 1;
    });
    commands
}
