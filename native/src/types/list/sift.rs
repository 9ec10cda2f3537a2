//! LREM and LINSERT in long lists, in slices between the requests of others.
//!
//! They search a copy of the list as it was when they began, which costs nothing (tree.rs), and change what is under the key in
//! the last slice, if that is then still the same: nobody can tell that time has passed. If not, they search again.

use super::Side;
use super::edit::{linsert_now, lrem_done, lrem_now};
use super::lazy::Lazy;
use super::limits::Limits;
use super::long::ELEMENTS_PER_LOOK;
use super::value::ListValue;
use crate::ds::entry::Object;
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::number;
use crate::resp::reply::Reply;
use crate::store::Store;
use crate::txn::edit::Inverses;
use crate::txn::{Class, Effect, Progress, Slice, Txn, Work};

/// Elements that are searched at once: less than 0.1 ms of short ones.
const ELEMENTS_AT_ONCE: u64 = ELEMENTS_PER_LOOK * 8;

/// Elements that are taken out between two looks at the clock.
const REMOVED_PER_LOOK: usize = 64;

/// How often a search is begun again because the list has changed on the way.
const TRIES_MAX: u32 = 3;

/// What is searched: from which side, and how many.
#[derive(Clone, Copy)]
struct Wanted {
    side: Side,
    most: u64,
}

pub struct Sift {
    request: OwnedArgs,
    inserts: bool,
    wanted: Wanted,
    list: Lazy,
    /// Elements looked at, from the side of the search.
    seen: u64,
    /// Where they are, in the order of the search; ascending once the search is over.
    indexes: Vec<u64>,
    /// LREM: what becomes of the list, and how many of the indexes are still in it.
    after: Option<(Lazy, usize)>,
    tries: u32,
}

impl Sift {
    /// The rest of a command on `list`. None: it is short, or what is wanted is near its beginning.
    pub fn of(request: Args, list: &ListValue, store: &'static Store) -> Option<Sift> {
        if list.count() <= ELEMENTS_AT_ONCE {
            return None;
        }
        let inserts = request.is(0, "linsert");
        let count = if inserts { Some(1) } else { number::integer(request.get(2)) }?;
        let side = if count < 0 { Side::Right } else { Side::Left };
        let wanted = Wanted { side, most: if count == 0 { u64::MAX } else { count.unsigned_abs() } };
        let list = Lazy::new(list.clone(), &store.garbage);
        let (request, seen, indexes) = (request.to_owned(), 0, Vec::new());
        let mut sift = Sift { request, inserts, wanted, list, seen, indexes, after: None, tries: 1 };
        let over = sift.search(ELEMENTS_AT_ONCE);
        (!over).then_some(sift)
    }

    /// Looks at so many more elements; true: that was the end of it.
    fn search(&mut self, count: u64) -> bool {
        let (list, len) = (self.list.list(), self.list.list().count());
        let count = count.min(len - self.seen);
        let from = if self.wanted.side == Side::Left { self.seen } else { len - self.seen - count };
        let (indexes, most) = (&mut self.indexes, self.wanted.most);
        list.find(self.request.borrow().get(3), from, count, self.wanted.side, |index| {
            indexes.push(index);
            (indexes.len() as u64) < most
        });
        self.seen += count;
        self.seen == len || self.indexes.len() as u64 >= self.wanted.most
    }

    /// Takes some out of the copy, from the right, so that the other indexes stay what they are; false: all are.
    fn remove_some(&mut self, limits: &Limits, store: &'static Store) -> bool {
        let copy = || (Lazy::new(self.list.list().clone(), &store.garbage), self.indexes.len());
        let (after, left) = self.after.get_or_insert_with(copy);
        let from = left.saturating_sub(REMOVED_PER_LOOK);
        let some = self.indexes[from..*left].to_vec();
        after.list_mut().remove(some, self.request.borrow().get(3), limits, &mut Inverses::off());
        *left = from;
        from > 0
    }

    /// The key's shard is latched, and the list is what it was.
    fn finish(&mut self, txn: &mut Txn, reply: &mut Reply) -> Effect {
        let args = self.request.borrow();
        let (key, limits, store) = (args.get(1), Limits::of(&txn.store.settings), txn.store);
        if self.inserts {
            let at = self.indexes[0] + u64::from(args.is(2, "after"));
            let len = txn.edit_object(key, |list: &mut ListValue, inverses| {
                list.insert(at, args.get(4), &limits, inverses);
                list.count()
            });
            reply.int(len.ok().flatten().expect("seen just now") as i64);
            txn.changed(key, Class::List, "linsert");
            return Effect::Verbatim;
        }
        let (after, _) = self.after.take().expect("made before");
        let after = after.take();
        let emptied = txn.edit_object(key, |list: &mut ListValue, inverses| {
            let before = Lazy::new(std::mem::replace(list, after), &store.garbage);
            inverses.push(move |list: &mut ListValue| *list = before.take());
            list.is_empty()
        });
        let emptied = emptied.ok().flatten().expect("seen just now");
        lrem_done(txn, key, reply, (self.indexes.len() as u64, emptied))
    }

    fn now(&self, txn: &mut Txn, reply: &mut Reply) -> Effect {
        let args = self.request.borrow();
        if self.inserts { linsert_now(txn, args, reply) } else { lrem_now(txn, args, reply) }
    }
}

impl Work for Sift {
    fn step(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        let slice = Slice::begin();
        let in_time = || !slice.is_over();
        let over = self.seen == self.list.list().count() || self.indexes.len() as u64 >= self.wanted.most;
        if !over {
            while !self.search(ELEMENTS_PER_LOOK) {
                if !in_time() {
                    return Ok(Progress::More);
                }
            }
        }
        if self.indexes.is_empty() {
            reply.int(if self.inserts { -1 } else { 0 });
            return Ok(Progress::Done);
        }
        if !self.inserts && self.after.as_ref().is_none_or(|(_, left)| *left > 0) {
            if self.after.is_none() && self.wanted.side == Side::Right {
                self.indexes.reverse();
            }
            let limits = Limits::of(&txn.store.settings);
            while self.remove_some(&limits, txn.store) {
                if !in_time() {
                    return Ok(Progress::More);
                }
            }
        }
        let request = self.request.clone();
        let key = request.borrow().get(1);
        txn.latch_key(key)?;
        let store = txn.store;
        let now = txn.peek_list(key).ok().flatten();
        let effect = match now {
            Some(now) if now.is_same(self.list.list()) => self.finish(txn, reply),
            Some(now) if self.tries < TRIES_MAX => {
                if let Some(sift) = Sift::of(request.borrow(), now, store) {
                    *self = Sift { tries: self.tries + 1, ..sift };
                    return Ok(Progress::More);
                }
                self.now(txn, reply)
            }
            // It went, or somebody changes it all the time: at once.
            _ => self.now(txn, reply),
        };
        if txn.record && matches!(effect, Effect::Verbatim) {
            txn.effects.push((txn.db, request));
        }
        Ok(Progress::Done)
    }
}
