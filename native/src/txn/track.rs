//! Which clients may have a key in their own caches: remembered by the key's shard when they read it, forgotten when it changes.

use std::sync::atomic::Ordering::Relaxed;

use smallvec::SmallVec;

use super::Txn;

/// Clients that read a key, as words that only `session` understands.
pub type Readers = SmallVec<[u64; 2]>;

impl Txn {
    /// Remembers that `reader` read `key`, whose shard is latched. As in Redis the database does not matter.
    pub fn remember_reader(&mut self, key: &[u8], reader: u64) {
        let store = self.store;
        self.mark_observed(key);
        let (_, shard) = self.shard_mut(key);
        if let Some(readers) = shard.tracked.get_mut(key) {
            if readers.contains(&reader) {
                return;
            }
            readers.push(reader);
        } else {
            shard.tracked.insert(key.into(), SmallVec::from_slice(&[reader]));
            store.tracked_keys.fetch_add(1, Relaxed);
        }
        store.tracked_items.fetch_add(1, Relaxed);
    }

    /// Forgets who read `key`, and gives them. Its shard is latched.
    pub fn take_readers(&mut self, key: &[u8]) -> Readers {
        let store = self.store;
        let (_, shard) = self.shard_mut(key);
        if shard.tracked.is_empty() {
            return SmallVec::new();
        }
        let readers = shard.tracked.remove(key).unwrap_or_default();
        store.tracked_keys.fetch_sub(!readers.is_empty() as u64, Relaxed);
        store.tracked_items.fetch_sub(readers.len() as u64, Relaxed);
        readers
    }

    /// Forgets all that a latched shard remembers.
    pub fn forget_readers(&mut self, shard: u32) {
        let store = self.store;
        let tracked = std::mem::take(&mut self.latches.get(shard).tracked);
        if tracked.is_empty() {
            return;
        }
        store.tracked_keys.fetch_sub(tracked.len() as u64, Relaxed);
        store.tracked_items.fetch_sub(tracked.values().map(|readers| readers.len() as u64).sum(), Relaxed);
        store.garbage.free(0, Box::new(tracked));
    }

    /// Forgets up to `count` keys of a latched shard, any of them, and gives them with their readers.
    pub fn take_any_readers(&mut self, shard: u32, count: usize) -> Vec<(Box<[u8]>, Readers)> {
        let keys: Vec<Box<[u8]>> = self.latches.get(shard).tracked.keys().take(count).cloned().collect();
        keys.into_iter()
            .map(|key| {
                let readers = self.take_readers(&key);
                (key, readers)
            })
            .collect()
    }
}
