//! Which keys are the best to evict, and taking one away.

use super::frequency::{lfu_decayed, lfu_minutes};
use super::going::Doomed;
use super::{Class, Txn};
use crate::ds::entry::EntryRef;
use crate::store::policy::{Order, Policy};
use crate::sys::random;
use std::sync::atomic::Ordering::Relaxed;

/// Buckets of one table that are looked at for keys of a sample: where few keys expire, others have a try.
const BUCKETS_MAX: usize = 64;

/// A key that may go, kept to be compared with others.
pub struct Candidate {
    /// The higher, the sooner it goes.
    pub score: u64,
    pub db: u32,
    pub key: Box<[u8]>,
}

impl Txn {
    /// Draws about `count` keys of database `db` and shows `each` with its score. Shards that are held by others are passed
    /// over. Gives how many there were. Cost: a few cache misses a key; O(shards) where nearly all of them are empty.
    pub fn draw(&mut self, policy: Policy, db: u32, count: usize, mut each: impl FnMut(u64, &[u8])) -> usize {
        let scores = Scores::new(self, policy);
        let shards = self.store.shards_count();
        let first = random::below(shards as u64) as u32;
        let mut drawn = 0;
        for turn in 0..shards {
            let shard = (first + turn) & (shards - 1);
            let found = self.with_shard(shard, |shard| {
                let wanted = (count - drawn, BUCKETS_MAX);
                let show = |entry: EntryRef| each(scores.of(entry), entry.key());
                shard.table(db).some(wanted, policy.volatile, random::below, show)
            });
            drawn += found.unwrap_or(0);
            if drawn >= count {
                break;
            }
        }
        drawn
    }

    /// Removes a key that was drawn, whose shard is latched, unless it is less worth removing by now: gone, or used meanwhile.
    /// Gives the bytes that are free by that, or will be soon.
    pub fn evict(&mut self, policy: Policy, candidate: &Candidate) -> Option<u64> {
        let scores = Scores::new(self, policy);
        let key = &*candidate.key;
        self.db = candidate.db;
        let (db, hash) = (candidate.db, self.hash(key));
        let lazily = self.store.settings.lazyfree_lazy_eviction.load(Relaxed);
        let table = self.latches.get(self.store.shard_of(hash)).table(db);
        let entry = table.get(hash, key)?;
        if policy.volatile && entry.expiry().is_none() || scores.of(entry) < candidate.score {
            return None;
        }
        let bytes = entry.allocated_bytes() as u64;
        self.take_away(key, Doomed { class: Class::Evicted, event: "evicted", lazily: Some(lazily) });
        Some(bytes)
    }
}

/// How much keys are worth evicting under a policy, at one moment.
#[derive(Clone, Copy)]
struct Scores {
    order: Order,
    clock: u32,
    minutes: u32,
    decay: u64,
}

impl Scores {
    fn new(txn: &Txn, policy: Policy) -> Scores {
        let decay = txn.store.settings.lfu_decay_time.load(Relaxed);
        Scores { order: policy.order, clock: txn.access_clock, minutes: lfu_minutes(txn.now_ms), decay }
    }

    #[inline]
    fn of(self, entry: EntryRef) -> u64 {
        match self.order {
            Order::Lru | Order::Lrm => (self.clock.wrapping_sub(entry.access()) & 0x00ff_ffff) as u64,
            Order::Lfu => 255 - lfu_decayed(entry.access(), self.minutes, self.decay) as u64,
            Order::Ttl => u64::MAX - entry.expiry().unwrap_or(i64::MAX).max(0) as u64,
            Order::Random | Order::Never => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ds::entry::NewValue;
    use crate::store::Store;
    use crate::store::policy::POLICIES;
    use crate::sys::alloc::good_size;
    use crate::txn::access::Expiry;
    use std::collections::HashSet;

    fn policy(name: &str) -> Policy {
        POLICIES.iter().find(|(known, _)| *known == name).expect("there is such a policy").1
    }

    fn filled(shards: usize, keys: usize, expiry: impl Fn(usize) -> Expiry) -> Txn {
        let store: &'static Store = Box::leak(Box::new(Store::new(shards, 16)));
        let mut txn = Txn::new(store, 0, true);
        txn.set_clock(1_000_000);
        txn.latch_store().expect("nobody else is there");
        for index in 0..keys {
            txn.set(format!("k{index}").as_bytes(), NewValue::Int(1), expiry(index));
        }
        txn.commit();
        txn.release();
        txn
    }

    #[test]
    fn draws_reach_every_key_however_few_or_many_there_are() {
        for (shards, keys) in [(256, 3), (16, 400), (1, 50)] {
            let mut txn = filled(shards, keys, |_| Expiry::Clear);
            let mut seen = HashSet::new();
            for _ in 0..keys * 100 {
                let drawn = txn.draw(policy("allkeys-lru"), 0, 5, |_, key| seen.extend([key.to_vec()]));
                assert_eq!(drawn, keys.min(5));
            }
            assert_eq!(seen.len(), keys);
            assert_eq!(txn.draw(policy("allkeys-lru"), 3, 5, |_, _| ()), 0);
        }
    }

    #[test]
    fn volatile_policies_draw_and_evict_keys_that_expire_only() {
        let mut txn = filled(16, 300, |index| if index % 50 == 0 { Expiry::At(2_000_000) } else { Expiry::Clear });
        let mut seen = HashSet::new();
        for _ in 0..1000 {
            txn.draw(policy("volatile-ttl"), 0, 5, |_, key| seen.extend([key.to_vec()]));
        }
        assert_eq!(seen.len(), 6);
        txn.latch_store().expect("nobody else is there");
        let mut evict = |key: &str| {
            let candidate = Candidate { score: 0, db: 0, key: key.as_bytes().into() };
            txn.evict(policy("volatile-lru"), &candidate).is_some()
        };
        assert!(!evict("k1") && evict("k50") && !evict("k50") && !evict("nosuch"));
        txn.commit();
    }

    #[test]
    fn an_eviction_is_recorded_as_the_command_that_repeats_it() {
        let mut txn = filled(1, 2, |_| Expiry::Clear);
        txn.latch_store().expect("nobody else is there");
        txn.record = true;
        for (key, lazily) in [("k0", false), ("k1", true)] {
            txn.store.settings.lazyfree_lazy_eviction.store(lazily, Relaxed);
            let candidate = Candidate { score: 0, db: 0, key: key.as_bytes().into() };
            assert_eq!(txn.evict(policy("allkeys-lru"), &candidate), Some(good_size(24) as u64));
        }
        let effects: Vec<Vec<Vec<u8>>> =
            txn.effects.iter().map(|(_, args)| args.borrow().iter().map(<[u8]>::to_vec).collect()).collect();
        assert_eq!(effects, [[b"DEL".to_vec(), b"k0".to_vec()], [b"UNLINK".to_vec(), b"k1".to_vec()]]);
        assert_eq!(txn.store.counters.bytes(), 0);
        txn.commit();
    }

    #[test]
    fn a_key_that_was_used_since_it_was_drawn_stays() {
        let mut txn = filled(1, 1, |_| Expiry::Clear);
        txn.set_clock(9_000_000);
        let mut score = 0;
        txn.draw(policy("allkeys-lru"), 0, 5, |found, _| score = found);
        assert_eq!(score, 8000);
        txn.latch_store().expect("nobody else is there");
        assert!(txn.get(b"k0").is_some());
        let candidate = Candidate { score, db: 0, key: b"k0".as_slice().into() };
        assert_eq!(txn.evict(policy("allkeys-lru"), &candidate), None);
        assert!(txn.evict(policy("allkeys-lru"), &Candidate { score: 0, ..candidate }).is_some());
        txn.commit();
    }
}
