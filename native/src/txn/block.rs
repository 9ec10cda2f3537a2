//! Waiting for a key to hold something: what a blocking handler asks for, and the queues of who waits.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::Txn;
use crate::resp::args::OwnedArgs;
use crate::resp::reply::Protocol;
use crate::store::waiting::Waiter;

/// What a blocking command waits for; see [`super::Effect::Block`].
pub struct Block {
    /// Keys of this database, any of which may let the command run. Repeats are harmless.
    pub keys: Vec<Box<[u8]>>,
    /// The TYPE that counts: `list`, `zset`, `stream`.
    pub awaited: &'static str,
    /// Run the command again, too, when a key goes away or holds another type; the handler has an error for that.
    pub gone_counts: bool,
    /// Ms since the epoch; None: for ever.
    pub deadline_ms: Option<i64>,
    /// The reply where nothing may wait (MULTI, procedures). When the time is over it is a null array, as in Redis.
    pub nothing: Nothing,
    /// The request to run later, where it is not the one that was sent (XREAD's `$` has become an id).
    pub request: Option<OwnedArgs>,
}

/// How a blocking command says that nothing came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Nothing {
    /// BLPOP, BZPOPMIN, XREAD: a null array.
    Array,
    /// BLMOVE, BRPOPLPUSH: a null bulk string.
    Bulk,
}

impl Nothing {
    /// The reply's bytes.
    pub fn reply(self, proto: Protocol) -> &'static [u8] {
        match (proto, self) {
            (Protocol::Resp3, _) => b"_\r\n",
            (_, Nothing::Array) => b"*-1\r\n",
            (_, Nothing::Bulk) => b"$-1\r\n",
        }
    }
}

impl Txn {
    /// Puts a waiter at the end of the queues of its keys, whose shards are latched.
    pub fn enqueue(&mut self, waiter: &Arc<Waiter>) {
        let store = self.store;
        for key in &waiter.keys {
            self.mark_observed(key);
            let (_, shard) = self.shard_mut(key);
            let queue = shard.waiting.entry((waiter.db, key.clone())).or_default();
            let (new, watched_before) = (queue.is_empty(), queue.any_gone_counts());
            queue.push(waiter.clone());
            store.waited_keys.fetch_add(new as u64, Relaxed);
            store.waited_keys_gone.fetch_add((queue.any_gone_counts() && !watched_before) as u64, Relaxed);
        }
    }

    /// Takes a waiter out of the queues of those of its keys whose shards are latched. True: those were all.
    pub fn dequeue(&mut self, waiter: &Arc<Waiter>) -> bool {
        let mut all = true;
        for key in &waiter.keys {
            let shard = self.shard_of(key);
            if !self.latches.holds(shard) {
                all = false;
                continue;
            }
            self.edit_queue(waiter.db, key, |queue| queue.remove(waiter));
        }
        all
    }

    /// The waiter at place `at` of a key's queue, those that are over taken out on the way. The key's shard is latched.
    pub fn waiter_at(&mut self, db: u32, key: &[u8], at: usize) -> Option<Arc<Waiter>> {
        loop {
            let (_, shard) = self.shard_mut(key);
            let waiter = shard.waiting.get(&(db, Box::from(key)))?.get(at)?.clone();
            if !waiter.is_over() {
                return Some(waiter);
            }
            self.edit_queue(db, key, |queue| queue.remove_at(at));
        }
    }

    /// Does anybody wait for this key? Its shard is latched.
    pub fn is_waited_for(&mut self, db: u32, key: &[u8]) -> bool {
        let (_, shard) = self.shard_mut(key);
        !shard.waiting.is_empty() && shard.waiting.contains_key(&(db, Box::from(key)))
    }

    /// Does anybody wait to see this key gone? Its shard is latched.
    pub fn is_missed(&mut self, db: u32, key: &[u8]) -> bool {
        let (_, shard) = self.shard_mut(key);
        shard.waiting.get(&(db, Box::from(key))).is_some_and(|queue| queue.any_gone_counts())
    }

    fn edit_queue(&mut self, db: u32, key: &[u8], edit: impl FnOnce(&mut crate::store::waiting::Queue)) {
        let store = self.store;
        let (_, shard) = self.shard_mut(key);
        let name = (db, Box::from(key));
        let Some(queue) = shard.waiting.get_mut(&name) else { return };
        let before = queue.any_gone_counts();
        edit(queue);
        store.waited_keys_gone.fetch_sub((before && !queue.any_gone_counts()) as u64, Relaxed);
        if queue.is_empty() {
            shard.waiting.remove(&name);
            store.waited_keys.fetch_sub(1, Relaxed);
        }
    }
}
