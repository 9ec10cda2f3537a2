//! WATCH: flags that are set when a watched key changes, at commit and never by what is rolled back.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Change, Class, Txn};
use crate::store::shard::WatchFlag;

impl Txn {
    /// Registers `flag` for `key` of database `db`. The key's shard must be latched.
    pub fn watch(&mut self, db: u32, key: &[u8], flag: &WatchFlag) {
        let (_, shard) = self.shard_mut(key);
        let flags = shard.watched.entry((db, key.into())).or_default();
        if !flags.iter().any(|other| Arc::ptr_eq(other, flag)) {
            flags.push(flag.clone());
        }
    }

    /// Takes `flag` off `key` of database `db`. The key's shard must be latched.
    pub fn unwatch(&mut self, db: u32, key: &[u8], flag: &WatchFlag) {
        let (_, shard) = self.shard_mut(key);
        let name = (db, Box::from(key));
        if let Some(flags) = shard.watched.get_mut(&name) {
            flags.retain(|other| !Arc::ptr_eq(other, flag));
            if flags.is_empty() {
                shard.watched.remove(&name);
            }
        }
    }

    /// A whole database of a shard changed (FLUSHDB, SWAPDB): every watched key of it that exists, or did, has changed.
    pub(super) fn touch_watched(&mut self, shard: u32, db: u32) {
        let names: Vec<Box<[u8]>> = {
            let shard = self.latches.get(shard);
            shard.watched.keys().filter(|(of, _)| *of == db).map(|(_, key)| key.clone()).collect()
        };
        for key in names {
            self.changes.push(Change { db, key, class: Class::New, event: "" });
        }
    }
}

/// Sets the flags of the watchers of all changed keys. Gives the changes on, less those without an event.
#[cold]
pub(super) fn tell_watchers(txn: &mut Txn) -> Vec<Change> {
    let mut changes = std::mem::take(&mut txn.changes);
    for change in &changes {
        let (_, shard) = txn.shard_mut(&change.key);
        if shard.watched.is_empty() {
            continue;
        }
        if let Some(flags) = shard.watched.get(&(change.db, change.key.clone())) {
            for flag in flags {
                flag.store(true, Ordering::Release);
            }
        }
    }
    changes.retain(|change| !change.event.is_empty());
    changes
}
