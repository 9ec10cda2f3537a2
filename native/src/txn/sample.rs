//! Picking a key at random.

use super::Txn;
use crate::sys::random;

/// Tries before an answer of "none", for databases whose keys have nearly all expired.
const TRIES_MAX: usize = 1000;

impl Txn {
    /// A random key of the database, each as likely as another; None if there is none. Expired ones met on the way are
    /// removed. Err names a shard that is held for long. Cost: O(1) while there are more keys than shards, and else
    /// O(shards), about 10 µs.
    pub fn random_key(&mut self) -> Result<Option<Vec<u8>>, u32> {
        let (db, now_ms) = (self.db, self.now_ms);
        let mut kept = None;
        for _ in 0..TRIES_MAX {
            let keys = self.store.counters.keys(db);
            if keys == 0 {
                return Ok(None);
            }
            let shard = if keys <= self.store.shards_count() as u64 {
                match self.random_shard_by_counting()? {
                    Some(shard) => shard,
                    None => return Ok(None),
                }
            } else {
                self.random_shard_by_rejection(keys)?
            };
            let picked = self.with_shard(shard, |shard| {
                shard.table(db).random(random::below).map(|entry| (entry.key().to_vec(), entry.expiry()))
            })?;
            match picked {
                // Emptied by another core in between.
                None => continue,
                Some((key, Some(at_ms))) if at_ms <= now_ms => {
                    if !self.latch(shard) {
                        return Err(shard);
                    }
                    self.peek(&key);
                    kept = self.keep_expired.then_some(key);
                }
                Some((key, _)) => return Ok(Some(key)),
            }
        }
        // As in Redis, one that has expired where nothing may be removed (CLIENT PAUSE) and there seems to be no other.
        Ok(kept)
    }

    /// A shard, with a chance that follows its number of keys: one pass over all, keeping each with the chance of its
    /// share so far.
    fn random_shard_by_counting(&mut self) -> Result<Option<u32>, u32> {
        let (db, mut total, mut kept) = (self.db, 0u64, None);
        for shard in 0..self.store.shards_count() {
            let keys = self.with_shard(shard, |shard| shard.table(db).len())? as u64;
            total += keys;
            if keys > 0 && random::below(total) < keys {
                kept = Some(shard);
            }
        }
        Ok(kept)
    }

    /// The same for many keys: any shard, taken with the chance of its keys against twice the mean and some (a fuller
    /// shard than that is one in many thousands of stores). Seven turns on average, at most.
    fn random_shard_by_rejection(&mut self, keys: u64) -> Result<u32, u32> {
        let db = self.db;
        let most = keys * 2 / self.store.shards_count() as u64 + 8;
        let mut shard = 0;
        for _ in 0..1000 {
            shard = random::below(self.store.shards_count() as u64) as u32;
            let here = self.with_shard(shard, |shard| shard.table(db).len())? as u64;
            if random::below(most) < here {
                break;
            }
        }
        Ok(shard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ds::entry::NewValue;
    use crate::store::Store;
    use crate::txn::access::Expiry;
    use std::collections::HashMap;

    fn draws(shards: usize, keys: usize, count: usize) -> HashMap<Vec<u8>, usize> {
        let store: &'static Store = Box::leak(Box::new(Store::new(shards, 16)));
        let mut txn = Txn::new(store, 0, true);
        txn.set_clock(1_000_000);
        txn.latch_store().expect("nobody else is there");
        for index in 0..keys {
            txn.set(format!("k{index}").as_bytes(), NewValue::Int(1), Expiry::Clear);
        }
        let mut drawn = HashMap::new();
        for _ in 0..count {
            *drawn.entry(txn.random_key().expect("all shards are held").expect("there are keys")).or_insert(0) += 1;
        }
        drawn
    }

    #[test]
    fn every_key_is_about_as_likely_as_another() {
        for (shards, keys) in [(256, 20), (16, 400)] {
            let drawn = draws(shards, keys, keys * 200);
            assert_eq!(drawn.len(), keys);
            // 200 expected of each, standard deviation 14.
            assert!(drawn.values().all(|times| (110..300).contains(times)), "{shards} shards: {:?}", drawn.values());
        }
    }

    #[test]
    fn expired_keys_are_removed_and_never_drawn() {
        let store: &'static Store = Box::leak(Box::new(Store::new(16, 16)));
        let mut txn = Txn::new(store, 0, true);
        txn.set_clock(1_000_000);
        for index in 0..20 {
            assert!(txn.latch(txn.shard_of(format!("k{index}").as_bytes())));
            txn.set(format!("k{index}").as_bytes(), NewValue::Int(1), Expiry::At(1_000));
        }
        assert_eq!(txn.random_key(), Ok(None));
        assert_eq!(store.counters.keys(0), 0);
        txn.commit();
    }
}
