//! Letting go of what a client watches.

use std::sync::atomic::Ordering::Relaxed;

use super::client::Client;
use crate::txn::Txn;

impl Client {
    /// Takes the client's flag off every key it watches, and gives it a fresh one. Shards that are not latched are latched for
    /// that moment; Err names one that is held for long: call again when it is free, for the rest.
    pub fn forget_watches(&mut self, txn: &mut Txn) -> Result<(), u32> {
        let before = txn.db;
        while let Some((db, key)) = self.watched.last() {
            let shard = txn.store.shard_of(txn.store.hash(key));
            let held = txn.holds(shard);
            if !held && !txn.latch(shard) {
                txn.db = before;
                return Err(shard);
            }
            txn.db = *db;
            txn.unwatch(*db, key, &self.watch_flag);
            if !held {
                txn.latches.release_one(shard);
            }
            self.watched.pop();
            if self.watched.is_empty() {
                txn.store.watching_clients.fetch_sub(1, Relaxed);
            }
        }
        txn.db = before;
        if self.watch_broken() {
            self.watch_flag = Default::default();
        }
        Ok(())
    }
}
