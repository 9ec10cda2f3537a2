//! Pops of more members than go at once: they go from a clone in slices, the clone takes the place of the value, and the reply is
//! written from what that was.

use super::input::{Input, Inputs};
use super::pop::{Pop, Shape, booked, logged, pop_first, pop_header, pop_member};
use super::sliced::{MEMBERS_AT_ONCE, MEMBERS_PER_LOOK, shards_of, slice};
use super::value::ZsetValue;
use crate::ds::entry::Object;
use crate::resp::args::OwnedArgs;
use crate::resp::reply::Reply;
use crate::store::Store;
use crate::store::lazy_free::Later;
use crate::sys::clock;
use crate::txn::edit::Inverses;
use crate::txn::{Effect, Progress, SLICE_NS, Txn, Work};

/// How often it begins anew because the sorted set has changed on the way.
const TRIES_MAX: u32 = 3;

pub struct Popping {
    /// All keys of the request, and the first of them that had members.
    keys: OwnedArgs,
    key: Box<[u8]>,
    request: Pop,
    /// As it was, and what becomes of it.
    both: Inputs,
    popped: usize,
    left: usize,
    /// Members that are taken out between two looks at the clock.
    piece: usize,
    tries: u32,
    /// The members are out of the value: so many of them are replied.
    replied: Option<usize>,
}

impl Popping {
    pub fn new(keys: OwnedArgs, key: &[u8], request: Pop, zset: ZsetValue, store: &'static Store) -> Popping {
        let popped = request.count.min(zset.len());
        // Where all go, there is nothing to take out piece by piece.
        let whole = popped == zset.len();
        let (left, after) = if whole { (0, ZsetValue::default()) } else { (popped, zset.clone()) };
        let both = Inputs::new(vec![Some(Input::Zset(zset)), Some(Input::Zset(after))], store);
        Popping { keys, key: key.into(), request, both, popped, left, piece: 1, tries: 1, replied: None }
    }

    /// Takes members out of the clone, and puts it under the key. More: that is not all yet.
    fn take(&mut self, txn: &mut Txn, reply: &mut Reply, in_time: impl Fn() -> bool) -> Result<Progress, u32> {
        let [Some(Input::Zset(before)), Some(Input::Zset(after))] = &mut self.both.all[..] else {
            unreachable!("made so above")
        };
        while self.left > 0 {
            let began_ns = clock::mono_ns();
            let count = self.piece.min(self.left);
            let from = if self.request.max { after.len() - count } else { 0 };
            after.remove_range(from, from + count, &mut Inverses::off());
            self.left -= count;
            // At first each member copies the segment that it shares with the value, later hardly any does.
            let short = clock::mono_ns() - began_ns < SLICE_NS / 8;
            self.piece = if short { (self.piece * 2).min(MEMBERS_PER_LOOK) } else { 1 };
            if !in_time() {
                return Ok(Progress::More);
            }
        }
        let mut shards = shards_of(txn, self.keys.borrow().iter());
        txn.latch_all(&mut shards)?;
        txn.unprime();
        let now = txn.peek_object::<ZsetValue>(&self.key).ok().flatten();
        if !now.is_some_and(|now| now.is_same(before)) {
            let many = now.filter(|now| self.request.count.min(now.len()) > MEMBERS_AT_ONCE);
            if let Some(now) = many.filter(|_| self.tries < TRIES_MAX).cloned() {
                let tries = self.tries + 1;
                let begun = Popping::new(self.keys.clone(), &self.key, self.request, now, txn.store);
                *self = Popping { tries, ..begun };
                return Ok(Progress::More);
            }
            self.at_once(txn, reply);
            return Ok(Progress::Done);
        }
        let made = std::mem::take(after);
        let garbage = &txn.store.garbage;
        let emptied = txn.edit_object(&self.key, |zset: &mut ZsetValue, inverses| {
            let old = Later::new(std::mem::replace(zset, made), Some(garbage));
            inverses.push(move |zset: &mut ZsetValue| *zset = old.into_inner());
            zset.is_empty()
        });
        let Ok(Some(emptied)) = emptied else { unreachable!("it was looked at above") };
        booked(txn, &self.key, self.request.max, (self.popped, emptied));
        if txn.record {
            let db = txn.db;
            txn.effects.push((db, logged(&self.key, self.request.max, self.popped)));
        }
        pop_header(reply, &self.key, self.request.shape, self.popped);
        self.replied = Some(0);
        Ok(Progress::More)
    }

    /// Somebody changes it all the time, or few are left: as if the request came now.
    fn at_once(&self, txn: &mut Txn, reply: &mut Reply) {
        let db = txn.db;
        match pop_first(txn, self.keys.borrow(), reply, self.request, false) {
            None if self.request.shape == Shape::KeyPairs => reply.null_array(),
            None => reply.array(0),
            Some(Effect::Rewrite(commands)) => txn.effects.extend(commands.into_iter().map(|command| (db, command))),
            Some(_) => (),
        }
    }
}

impl Work for Popping {
    fn step(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        let in_time = slice();
        let Some(mut replied) = self.replied else { return self.take(txn, reply, in_time) };
        let Some(Some(Input::Zset(before))) = self.both.all.first() else { unreachable!("made so above") };
        while replied < self.popped {
            let count = MEMBERS_PER_LOOK.min(self.popped - replied);
            let first = if self.request.max { before.len() - 1 - replied } else { replied };
            for (found, score) in before.walk(first, count, self.request.max) {
                pop_member(reply, self.request.shape, found, score);
            }
            replied += count;
            if !in_time() {
                break;
            }
        }
        self.replied = Some(replied);
        Ok(if replied < self.popped { Progress::More } else { Progress::Done })
    }
}
