//! What ZUNION and its like combine: sorted sets, and sets, whose members count as having the score 1.

use super::text_of;
use super::value::ZsetValue;
use crate::ds::entry::{Object, Value};
use crate::ds::item::Item;
use crate::ds::segments::hash;
use crate::store::Store;
use crate::store::lazy_free::ELEMENTS_MIN;
use crate::txn::{Txn, WrongType};
use crate::types::set::batch::{Batch, Position};
use crate::types::set::member::parsed;
use crate::types::set::value::SetValue;

/// A clone, which shares what is large with the key it came from: as that was when the command began.
#[derive(Clone)]
pub enum Input {
    Zset(ZsetValue),
    Set(SetValue),
}

/// How far a walk through one input has come.
#[derive(Clone, Copy, Default)]
pub struct Progress {
    rank: usize,
    position: Position,
}

/// A member on its way through a combination, with the hash of its text.
pub struct Candidate<'i> {
    pub member: Item<'i>,
    pub hash: u64,
    pub score: f64,
}

impl Candidate<'_> {
    /// Calls `with` with the member's text.
    #[inline]
    pub fn text<R>(&self, with: impl FnOnce(&[u8]) -> R) -> R {
        text_of(self.member, with)
    }
}

impl Input {
    /// What is under `key`, for a command that reads.
    pub fn of(txn: &mut Txn, key: &[u8]) -> Result<Option<Input>, WrongType> {
        let Some(entry) = txn.get(key) else { return Ok(None) };
        let Value::Object(object) = entry.value() else { return Err(WrongType) };
        if let Some(zset) = object.as_any().downcast_ref::<ZsetValue>() {
            return Ok(Some(Input::Zset(zset.clone())));
        }
        object.as_any().downcast_ref::<SetValue>().map(|set| Some(Input::Set(set.clone()))).ok_or(WrongType)
    }

    pub fn len(&self) -> usize {
        match self {
            Input::Zset(zset) => zset.len(),
            Input::Set(set) => set.len(),
        }
    }

    fn blocks(&self) -> usize {
        match self {
            Input::Zset(zset) => zset.blocks(),
            Input::Set(set) => set.blocks(),
        }
    }

    /// Adds the next members to `batch`; false: they were the last.
    pub fn next<'i>(&'i self, progress: &mut Progress, members: usize, batch: &mut Vec<Candidate<'i>>) -> bool {
        match self {
            Input::Zset(zset) => {
                for (member, score) in zset.walk(progress.rank, members, false) {
                    batch.push(Candidate { member, hash: text_of(member, hash), score });
                }
                progress.rank += members;
                progress.rank < zset.len()
            }
            Input::Set(set) => {
                let mut found = Batch::new();
                let more = progress.position.next(set, &mut found);
                for candidate in &found {
                    let member = candidate.item();
                    batch.push(Candidate { member, hash: text_of(member, hash), score: 1.0 });
                }
                more
            }
        }
    }

    /// Starts loading what a lookup will touch.
    #[inline]
    pub fn prefetch(&self, hash: u64, block: bool) {
        if let Input::Zset(ZsetValue::Scored(scored)) = self {
            scored.prefetch(hash, block);
        }
    }

    #[inline]
    pub fn score(&self, candidate: &Candidate) -> Option<f64> {
        match self {
            Input::Zset(ZsetValue::Scored(scored)) => {
                candidate.text(|text| scored.get_hashed(candidate.hash, text).map(|member| member.score()))
            }
            Input::Zset(zset) => candidate.text(|text| zset.score(text)),
            Input::Set(set) => {
                let member = match candidate.member {
                    Item::Text(text) => parsed(text),
                    number => number,
                };
                set.contains(member).then_some(1.0)
            }
        }
    }
}

/// The inputs of a command. What is not shared any more when this is dropped is freed by the lazy-free thread.
pub struct Inputs {
    /// In the order of the request; None: no such key.
    pub all: Vec<Option<Input>>,
    store: &'static Store,
}

impl Inputs {
    pub fn new(all: Vec<Option<Input>>, store: &'static Store) -> Inputs {
        Inputs { all, store }
    }
}

impl Inputs {
    /// Is there under the same keys what there was?
    pub fn is_same(&self, before: &Inputs) -> bool {
        let same = |(now, before): (&Option<Input>, &Option<Input>)| match (now, before) {
            (Some(Input::Zset(now)), Some(Input::Zset(before))) => now.is_same(before),
            (Some(Input::Set(now)), Some(Input::Set(before))) => now.is_same(before),
            (now, before) => now.is_none() && before.is_none(),
        };
        self.all.len() == before.all.len() && self.all.iter().zip(&before.all).all(same)
    }
}

impl Drop for Inputs {
    fn drop(&mut self) {
        if self.all.iter().flatten().map(Input::blocks).sum::<usize>() > ELEMENTS_MIN {
            self.store.garbage.free(0, Box::new(std::mem::take(&mut self.all)));
        }
    }
}
