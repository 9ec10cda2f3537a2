//! Letting go of what a client watches.

use std::sync::atomic::Ordering::Relaxed;

use super::client::{Client, WatchedKey};
use crate::store::shard::WatchFlag;
use crate::txn::Txn;

impl Client {
    /// Takes the client's flag off every key it watches, and gives it a fresh one. Shards that are not latched are latched for
    /// that moment; Err names one that is held for long: call again when it is free, for the rest.
    pub fn forget_watches(&mut self, txn: &mut Txn) -> Result<(), u32> {
        unwatch(txn, &mut self.watched, &self.watch_flag)?;
        if self.watch_broken() {
            self.watch_flag = Default::default();
        }
        Ok(())
    }
}

/// Takes `flag` off these keys, and each that is done off the list; Err as above.
pub fn unwatch(txn: &mut Txn, watched: &mut Vec<WatchedKey>, flag: &WatchFlag) -> Result<(), u32> {
    let before = txn.db;
    while let Some((db, key)) = watched.last() {
        let shard = txn.store.shard_of(txn.store.hash(key));
        let held = txn.holds(shard);
        if !held && !txn.latch(shard) {
            txn.db = before;
            return Err(shard);
        }
        txn.db = *db;
        txn.unwatch(*db, key, flag);
        if !held {
            txn.latches.release_one(shard);
        }
        watched.pop();
        if watched.is_empty() {
            txn.store.watching_clients.fetch_sub(1, Relaxed);
        }
    }
    txn.db = before;
    Ok(())
}
