//! Long commands on sorted sets, in slices between the requests of others.
//!
//! A slice reads clones that were taken when the command began, under the latches of all its keys (`ds::scored`: a clone costs next
//! to nothing), so a reply shows one moment. What is stored or removed is made beside the key, from such a clone, and put in its
//! place in the last slice, if the sources are then what they were: nobody can tell that time has passed. If not, it is made again.

use super::bounds::Bounds;
use super::combine::{Aggregate, Combination, Operation, Result as Found};
use super::input::{Input, Inputs};
use super::value::{Limits, ZsetValue};
use super::{member, members_header, store, text_of};
use crate::ds::entry::Object;
use crate::ds::scored::Gathered;
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::store::Store;
use crate::store::lazy_free::Later;
use crate::sys::clock;
use crate::txn::edit::Inverses;
use crate::txn::{Effect, Progress, SLICE_NS, Slice, Txn, Work};

/// Members that are written or moved at once, without slices: less than 0.3 ms.
pub const MEMBERS_AT_ONCE: usize = 2048;

/// Members between two looks at the clock.
pub(super) const MEMBERS_PER_LOOK: usize = 256;

/// How often a result is made anew because its sources have changed on the way.
const TRIES_MAX: u32 = 3;

/// Members of one ZADD in the log.
const LOGGED_MEMBERS_MAX: usize = 1024;

/// Ends with the slice that began when this was made.
pub(super) fn slice() -> impl Fn() -> bool {
    let slice = Slice::begin();
    move || !slice.is_over()
}

/// Members of some ranks, written after their header.
struct Writing {
    /// The next rank, counted from the end that comes first.
    at: usize,
    ranks: std::ops::Range<usize>,
    backwards: bool,
    with_scores: bool,
}

impl Writing {
    /// False: all are written.
    fn write(&mut self, zset: &ZsetValue, in_time: impl Fn() -> bool, reply: &mut Reply) -> bool {
        if self.at == 0 {
            members_header(reply, self.ranks.len(), self.with_scores);
        }
        while self.at < self.ranks.len() {
            let count = MEMBERS_PER_LOOK.min(self.ranks.len() - self.at);
            let first = if self.backwards { self.ranks.end - 1 - self.at } else { self.ranks.start + self.at };
            for (found, score) in zset.walk(first, count, self.backwards) {
                member(reply, found, score, self.with_scores);
            }
            self.at += count;
            if !in_time() {
                break;
            }
        }
        self.at < self.ranks.len()
    }
}

/// The rest of a ZRANGE.
pub struct LongRange {
    kept: Inputs,
    writing: Writing,
}

impl LongRange {
    pub fn new(
        zset: ZsetValue,
        ranks: std::ops::Range<usize>,
        (backwards, with_scores): (bool, bool),
        store: &'static Store,
    ) -> LongRange {
        let kept = Inputs::new(vec![Some(Input::Zset(zset))], store);
        LongRange { kept, writing: Writing { at: 0, ranks, backwards, with_scores } }
    }
}

impl Work for LongRange {
    fn step(&mut self, _: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        let Some(Some(Input::Zset(zset))) = self.kept.all.first() else { unreachable!("made so above") };
        let more = self.writing.write(zset, slice(), reply);
        Ok(if more { Progress::More } else { Progress::Done })
    }
}

/// What is gathered, freed by the lazy-free thread if the command ends before it is through.
struct Gathering {
    gathered: Gathered,
    store: &'static Store,
}

impl Gathering {
    fn new(store: &'static Store) -> Gathering {
        Gathering { gathered: Gathered::default(), store }
    }

    fn take(&mut self) -> Gathered {
        std::mem::take(&mut self.gathered)
    }
}

impl Drop for Gathering {
    fn drop(&mut self) {
        if self.gathered.len() > MEMBERS_AT_ONCE {
            let gathered = self.take();
            self.store.garbage.free(0, Box::new(gathered));
        }
    }
}

/// What ZUNION and its like were asked for.
pub struct Asked {
    pub operation: Operation,
    pub aggregate: Aggregate,
    pub weights: Vec<f64>,
    pub answer: Answer,
}

#[derive(Clone)]
pub enum Answer {
    Members {
        with_scores: bool,
    },
    Count {
        limit: usize,
    },
    /// The whole request, whose keys begin at argument 3, and the name of the event.
    Stored {
        request: OwnedArgs,
        event: &'static str,
    },
}

/// A combination on its way: begun by the handler, which is through with most; the rest goes in slices.
pub struct Combining {
    asked: Asked,
    inputs: Inputs,
    combination: Combination,
    gathering: Gathering,
    count: usize,
    stage: Stage,
    tries: u32,
}

enum Stage {
    Combine,
    Settle,
    /// All is in order and may be replied or stored.
    Ready,
    Write(Writing),
}

impl Combining {
    pub fn new(asked: Asked, inputs: Inputs, store: &'static Store) -> Combining {
        let combination = Combination::new(asked.operation, asked.aggregate, &inputs.all, &asked.weights);
        let gathering = Gathering::new(store);
        Combining { asked, inputs, combination, gathering, count: 0, stage: Stage::Combine, tries: 1 }
    }

    /// Does as much as there is time for, and the end of it too if that is short. Slices: there is more.
    pub fn begin(mut self, txn: &mut Txn, reply: &mut Reply) -> Effect {
        if self.make(slice()) || self.gathering.gathered.len() > MEMBERS_AT_ONCE && !self.stores() {
            return Effect::Slices(Box::new(self));
        }
        self.answer_or_store(txn, reply)
    }

    fn stores(&self) -> bool {
        matches!(self.asked.answer, Answer::Stored { .. })
    }

    /// True: there is more to make.
    fn make(&mut self, in_time: impl Fn() -> bool) -> bool {
        if let Stage::Combine = self.stage {
            let more = match self.asked.answer {
                Answer::Count { limit } => {
                    let mut result = Found::Count { found: self.count, limit };
                    let more = self.combination.run(&self.inputs.all, &mut result, &in_time);
                    let Found::Count { found, .. } = result else { unreachable!("made so above") };
                    self.count = found;
                    more
                }
                _ => {
                    let mut result = Found::Members(self.gathering.take());
                    let more = self.combination.run(&self.inputs.all, &mut result, &in_time);
                    let Found::Members(gathered) = result else { unreachable!("made so above") };
                    self.gathering.gathered = gathered;
                    more
                }
            };
            if more {
                return true;
            }
            self.stage = Stage::Settle;
        }
        if let Stage::Settle = self.stage {
            while self.gathering.gathered.settle(MEMBERS_PER_LOOK) {
                if !in_time() {
                    return true;
                }
            }
            self.stage = Stage::Ready;
        }
        false
    }

    /// The short end of a command whose latches are held.
    fn answer_or_store(&mut self, txn: &mut Txn, reply: &mut Reply) -> Effect {
        let answer = self.asked.answer.clone();
        if let Answer::Count { .. } = answer {
            reply.int(self.count as i64);
            return Effect::None;
        }
        let made = ZsetValue::of(self.gathering.take().finish(), Limits::of(&txn.store.settings));
        match answer {
            Answer::Stored { request, event } => store(txn, request.borrow().get(1), reply, made, event),
            Answer::Members { with_scores } => {
                let ranks = 0..made.len();
                Writing { at: 0, ranks, backwards: false, with_scores }.write(&made, || true, reply);
                Effect::None
            }
            Answer::Count { .. } => unreachable!("answered above"),
        }
    }

    /// Puts the result under its key. Err: a shard is held for long.
    fn put(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        let Answer::Stored { request, .. } = &self.asked.answer else { unreachable!("asked before") };
        let request = request.clone();
        let args = request.borrow();
        let keys = args.from(3).first(self.inputs.all.len());
        let mut shards = shards_of(txn, std::iter::once(args.get(1)).chain(keys.iter()));
        txn.latch_all(&mut shards)?;
        let now: Result<Vec<_>, _> = keys.iter().map(|key| Input::of(txn, key)).collect();
        let still = now.is_ok();
        let now = Inputs::new(now.unwrap_or_default(), txn.store);
        let same = still && now.is_same(&self.inputs);
        if !same && still && self.tries < TRIES_MAX {
            self.tries += 1;
            self.combination =
                Combination::new(self.asked.operation, self.asked.aggregate, &now.all, &self.asked.weights);
            self.inputs = now;
            self.gathering = Gathering::new(txn.store);
            self.stage = Stage::Combine;
            return Ok(Progress::More);
        }
        let effect = self.answer_or_store(txn, reply);
        // In the log stands either the request, which finds the same sources there, or what came of others.
        log(txn, effect, if same { Logged::Request(&request) } else { Logged::Value(args.get(1)) });
        Ok(Progress::Done)
    }
}

impl Work for Combining {
    fn step(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        let in_time = slice();
        if self.make(&in_time) {
            return Ok(Progress::More);
        }
        if self.stores() {
            return self.put(txn, reply);
        }
        if let (Stage::Ready, Answer::Members { with_scores }) = (&self.stage, &self.asked.answer) {
            let made = ZsetValue::of(self.gathering.take().finish(), Limits::of(&txn.store.settings));
            let (ranks, with_scores) = (0..made.len(), *with_scores);
            self.inputs = Inputs::new(vec![Some(Input::Zset(made))], txn.store);
            self.stage = Stage::Write(Writing { at: 0, ranks, backwards: false, with_scores });
        }
        let Stage::Write(writing) = &mut self.stage else {
            self.answer_or_store(txn, reply);
            return Ok(Progress::Done);
        };
        let Some(Some(Input::Zset(made))) = self.inputs.all.first() else { unreachable!("made so above") };
        Ok(if writing.write(made, in_time, reply) { Progress::More } else { Progress::Done })
    }
}

/// ZRANGESTORE of many members.
pub struct Copying {
    request: OwnedArgs,
    source: Inputs,
    ranks: std::ops::Range<usize>,
    at: usize,
    gathering: Gathering,
    /// The ranks of the request in a sorted set as it is now.
    ranks_of: fn(&OwnedArgs, &ZsetValue) -> std::ops::Range<usize>,
    tries: u32,
}

impl Copying {
    pub fn new(
        request: OwnedArgs,
        zset: ZsetValue,
        ranks_of: fn(&OwnedArgs, &ZsetValue) -> std::ops::Range<usize>,
        store: &'static Store,
    ) -> Copying {
        let ranks = ranks_of(&request, &zset);
        let source = Inputs::new(vec![Some(Input::Zset(zset))], store);
        Copying { request, source, ranks, at: 0, gathering: Gathering::new(store), ranks_of, tries: 1 }
    }
}

impl Work for Copying {
    fn step(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        let in_time = slice();
        let Some(Some(Input::Zset(zset))) = self.source.all.first() else { unreachable!("made so above") };
        while self.at < self.ranks.len() {
            let count = MEMBERS_PER_LOOK.min(self.ranks.len() - self.at);
            zset.share(self.ranks.start + self.at, count, &mut self.gathering.gathered);
            self.at += count;
            if !in_time() {
                return Ok(Progress::More);
            }
        }
        while self.gathering.gathered.settle(MEMBERS_PER_LOOK) {
            if !in_time() {
                return Ok(Progress::More);
            }
        }
        let request = self.request.clone();
        let (target, key) = (request.borrow().get(1), request.borrow().get(2));
        let mut shards = shards_of(txn, [target, key].into_iter());
        txn.latch_all(&mut shards)?;
        let now = txn.peek_object::<ZsetValue>(key).ok().flatten();
        let same = now.is_some_and(|now| now.is_same(zset));
        if let Some(now) = now.filter(|_| !same && self.tries < TRIES_MAX) {
            let (tries, now) = (self.tries + 1, now.clone());
            *self = Copying { tries, ..Copying::new(request, now, self.ranks_of, txn.store) };
            return Ok(Progress::More);
        }
        let made = ZsetValue::of(self.gathering.take().finish(), Limits::of(&txn.store.settings));
        let effect = store(txn, target, reply, made, "zrangestore");
        log(txn, effect, if same { Logged::Request(&request) } else { Logged::Value(target) });
        Ok(Progress::Done)
    }
}

/// How a request says what is to go.
type BoundsOf = for<'a> fn(Args<'a>) -> Result<Bounds<'a>, &'static str>;

fn ranks_now(bounds_of: BoundsOf, request: &OwnedArgs, zset: &ZsetValue) -> std::ops::Range<usize> {
    bounds_of(request.borrow()).map_or(0..0, |bounds| bounds.of(zset, false))
}

/// ZREMRANGEBY… of many members: they go from a clone, which then takes the place of the value.
pub struct Removing {
    request: OwnedArgs,
    event: &'static str,
    /// As it was, and what becomes of it.
    both: Inputs,
    ranks: std::ops::Range<usize>,
    left: usize,
    /// Members that are taken out between two looks at the clock.
    piece: usize,
    bounds_of: BoundsOf,
    tries: u32,
}

impl Removing {
    pub fn new(
        request: OwnedArgs,
        event: &'static str,
        zset: ZsetValue,
        bounds_of: BoundsOf,
        store: &'static Store,
    ) -> Removing {
        let ranks = ranks_now(bounds_of, &request, &zset);
        // Where all go, there is nothing to take out piece by piece.
        let whole = ranks.len() == zset.len();
        let (left, after) = if whole { (0, ZsetValue::default()) } else { (ranks.len(), zset.clone()) };
        let both = Inputs::new(vec![Some(Input::Zset(zset)), Some(Input::Zset(after))], store);
        Removing { request, event, both, ranks, left, piece: 1, bounds_of, tries: 1 }
    }
}

impl Work for Removing {
    fn step(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        let in_time = slice();
        let [Some(Input::Zset(before)), Some(Input::Zset(after))] = &mut self.both.all[..] else {
            unreachable!("made so above")
        };
        let mut nothing = Inverses::off();
        while self.left > 0 {
            let began_ns = clock::mono_ns();
            let count = self.piece.min(self.left);
            after.remove_range(self.ranks.start, self.ranks.start + count, &mut nothing);
            self.left -= count;
            // At first each member copies the segment that it shares with the value, later hardly any does.
            let short = clock::mono_ns() - began_ns < SLICE_NS / 8;
            self.piece = if short { (self.piece * 2).min(MEMBERS_PER_LOOK) } else { 1 };
            if !in_time() {
                return Ok(Progress::More);
            }
        }
        let request = self.request.clone();
        let key = request.borrow().get(1);
        txn.latch_key(key)?;
        let now = txn.peek_object::<ZsetValue>(key);
        let same = matches!(now, Ok(Some(now)) if now.is_same(before));
        if !same
            && self.tries < TRIES_MAX
            && let Ok(Some(now)) = now
            && ranks_now(self.bounds_of, &request, now).len() > MEMBERS_AT_ONCE
        {
            let (tries, now) = (self.tries + 1, now.clone());
            *self = Removing { tries, ..Removing::new(request, self.event, now, self.bounds_of, txn.store) };
            return Ok(Progress::More);
        }
        let removed = self.ranks.len();
        let made = same.then(|| std::mem::take(after));
        let (bounds_of, garbage) = (self.bounds_of, &txn.store.garbage);
        let edited = txn.edit_object(key, |zset: &mut ZsetValue, inverses| {
            let removed = match made {
                Some(made) => {
                    let old = Later::new(std::mem::replace(zset, made), Some(garbage));
                    inverses.push(move |zset: &mut ZsetValue| *zset = old.into_inner());
                    removed
                }
                // Somebody changes it all the time: what is in the range now, at once.
                None => {
                    let ranks = ranks_now(bounds_of, &request, zset);
                    zset.remove_range(ranks.start, ranks.end, inverses);
                    ranks.len()
                }
            };
            (removed, zset.is_empty())
        });
        let Ok(edited) = edited else {
            reply.error(error::WRONG_TYPE);
            return Ok(Progress::Done);
        };
        let effect = super::write::gone(txn, key, reply, self.event, edited.unwrap_or((0, false)));
        log(txn, effect, Logged::Request(&request));
        Ok(Progress::Done)
    }
}

enum Logged<'l> {
    Request(&'l OwnedArgs),
    /// What is under this key now.
    Value(&'l [u8]),
}

fn log(txn: &mut Txn, effect: Effect, what: Logged) {
    if !txn.record || !matches!(effect, Effect::Verbatim) {
        return;
    }
    let db = txn.db;
    match what {
        Logged::Request(request) => txn.effects.push((db, request.clone())),
        Logged::Value(key) => {
            let commands = explicit(key, txn.look::<ZsetValue>(key));
            txn.effects.extend(commands.into_iter().map(|command| (db, command)));
        }
    }
}

/// Commands that make `key` this sorted set.
fn explicit(key: &[u8], zset: Option<&ZsetValue>) -> Vec<OwnedArgs> {
    let mut commands = vec![OwnedArgs::of(&[b"DEL", key])];
    for (number, (found, score)) in zset.into_iter().flat_map(ZsetValue::iter).enumerate() {
        if number % LOGGED_MEMBERS_MAX == 0 {
            commands.push(OwnedArgs::of(&[b"ZADD", key]));
        }
        let command = commands.last_mut().expect("pushed above");
        command.push(&number::double_text(score));
        text_of(found, |text| command.push(text));
    }
    commands
}

pub(super) fn shards_of<'k>(txn: &Txn, keys: impl Iterator<Item = &'k [u8]>) -> Vec<u32> {
    keys.map(|key| txn.store.shard_of(txn.store.hash(key))).collect()
}
