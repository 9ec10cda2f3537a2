//! BITOP over long strings: the result is built in slices, and takes the target's place at once when it is whole.
//!
//! It must be the result at that moment, for it travels as the request itself: sources are watched, and if one has changed
//! the building begins again. After [`RESTARTS_MAX`] times it goes to its end without letting others pass.

use std::sync::atomic::Ordering::AcqRel;

use super::combine::{Operation, Source, Way, combine};
use super::op::{Sources, finish, put};
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::store::shard::WatchFlag;
use crate::txn::{Effect, Progress, Slice, Txn, Work, WrongType};

/// Bytes of the result between two looks at the clock.
const PIECE_BYTES: usize = 16 * 1024;
const RESTARTS_MAX: u32 = 3;

pub struct Build {
    operation: Operation,
    args: OwnedArgs,
    shards: Vec<u32>,
    made: Vec<u8>,
    /// Lengths of the sources, as `made` was begun with.
    lens: Vec<usize>,
    /// Set when a source changes; registered with each of them while `watching`.
    flag: WatchFlag,
    watching: bool,
    restarts: u32,
}

impl Build {
    pub fn new(operation: Operation, args: Args, txn: &Txn) -> Build {
        let shards = args.from(2).iter().map(|key| txn.store.shard_of(txn.store.hash(key))).collect();
        Build {
            operation,
            args: args.to_owned(),
            shards,
            made: Vec::new(),
            lens: Vec::new(),
            flag: WatchFlag::default(),
            watching: false,
            restarts: 0,
        }
    }

    fn watch(&mut self, txn: &mut Txn, on: bool) {
        let db = txn.db;
        for key in self.args.borrow().from(3).iter() {
            match on {
                true => drop(txn.watch(db, key, &self.flag)),
                false => txn.unwatch(db, key, &self.flag),
            }
        }
        self.watching = on;
    }
}

impl Work for Build {
    fn step(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        txn.latch_all(&mut self.shards)?;
        let slice = Slice::begin();
        let sources = match Sources::look(txn, self.args.borrow(), false) {
            Ok(sources) => sources,
            Err(WrongType) => {
                self.watch(txn, false);
                reply.error(error::WRONG_TYPE);
                return Ok(Progress::Done);
            }
        };
        let len = sources.len();
        // A source that has just been found to be expired is told of only after this step: lengths show it now.
        let lens: Vec<usize> = sources.all().iter().map(Source::len).collect();
        if self.flag.swap(false, AcqRel) || (self.watching && lens != self.lens) {
            self.made.clear();
            self.restarts += 1;
        }
        self.lens = lens;
        if !self.watching {
            self.watch(txn, true);
        }
        if self.made.capacity() < len {
            self.made = Vec::with_capacity(len);
        }
        while self.made.len() < len {
            let from = self.made.len();
            let to = (from + PIECE_BYTES).min(len);
            // SAFETY: the shards of all keys are latched, so that nothing changes in them; `made` has room for `len` bytes, of
            // which those up to `to` are written then.
            unsafe {
                combine(self.operation, sources.all(), from, to, self.made.as_mut_ptr().add(from), Way::Forth);
                self.made.set_len(to);
            }
            if slice.is_over() && self.restarts < RESTARTS_MAX && to < len {
                return Ok(Progress::More);
            }
        }
        self.watch(txn, false);
        let target = self.args.borrow();
        if len > 0 {
            put(txn, target.get(2), std::mem::take(&mut self.made));
        }
        if let Effect::Verbatim = finish(txn, target.get(2), len, reply)
            && txn.record
        {
            txn.effects.push((txn.db, self.args.clone()));
        }
        Ok(Progress::Done)
    }
}
