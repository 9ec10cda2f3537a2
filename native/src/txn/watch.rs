//! WATCH: flags that are set when a watched key changes, at commit and never by what is rolled back.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Change, Class, Txn};
use crate::store::shard::{Shard, WatchFlag, Watcher};

impl Txn {
    /// Registers `flag` for `key` of database `db`; false if it was registered already. The key's shard must be latched.
    pub fn watch(&mut self, db: u32, key: &[u8], flag: &WatchFlag) -> bool {
        let (now_ms, store) = (self.now_ms, self.store);
        self.mark_observed(key);
        let (hash, shard) = self.shard_mut(key);
        let expired = is_expired(shard, db, hash, key, now_ms);
        let watchers = shard.watched.entry((db, key.into())).or_default();
        store.watched_keys.fetch_add(watchers.is_empty() as u64, Ordering::Relaxed);
        let new = !watchers.iter().any(|watcher| Arc::ptr_eq(&watcher.flag, flag));
        if new {
            watchers.push(Watcher { flag: flag.clone(), expired });
        }
        new
    }

    /// Has `key` of database `db` expired since `flag` was registered for it? The key's shard must be latched.
    pub fn expired_since_watch(&mut self, db: u32, key: &[u8], flag: &WatchFlag) -> bool {
        let now_ms = self.now_ms;
        let (hash, shard) = self.shard_mut(key);
        let watchers = shard.watched.get(&(db, key.into())).map_or(&[][..], Vec::as_slice);
        let was_alive = watchers.iter().any(|watcher| Arc::ptr_eq(&watcher.flag, flag) && !watcher.expired);
        was_alive && is_expired(shard, db, hash, key, now_ms)
    }

    /// Takes `flag` off `key` of database `db`. The key's shard must be latched.
    pub fn unwatch(&mut self, db: u32, key: &[u8], flag: &WatchFlag) {
        let store = self.store;
        let (_, shard) = self.shard_mut(key);
        let name = (db, Box::from(key));
        if let Some(watchers) = shard.watched.get_mut(&name) {
            watchers.retain(|watcher| !Arc::ptr_eq(&watcher.flag, flag));
            if watchers.is_empty() {
                shard.watched.remove(&name);
                store.watched_keys.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }

    /// A whole database of a latched shard is about to be emptied, or to change places with `other`: notes that for the
    /// watched keys that this concerns, those that are in either, and for those that clients wait for.
    pub(super) fn touch_watched(&mut self, shard: u32, db: u32, other: Option<u32>) {
        let (store, now_ms) = (self.store, self.now_ms);
        let shard = self.latches.get(shard);
        let mut changes = Vec::new();
        for (of, key) in shard.watched.keys().filter(|(of, _)| *of == db) {
            let hash = store.hash(key);
            let there = |db: u32| shard.table(db).find(hash, key).is_some();
            let alive = |db: u32| there(db) && !is_expired(shard, db, hash, key, now_ms);
            let class = if alive(db) || other.is_some_and(alive) {
                Class::New
            } else {
                match (there(db), other.is_some_and(there)) {
                    (true, false) => Class::Expired,
                    (true, true) => Class::ExpiredStays,
                    (false, true) => Class::ExpiredComes,
                    (false, false) => continue,
                }
            };
            changes.push(Change { db: *of, key: key.clone(), class, event: "", subkeys: Box::default() });
        }
        let waited = shard.waiting.keys().filter(|(of, _)| *of == db);
        changes.extend(waited.map(|(of, key)| Change {
            db: *of,
            key: key.clone(),
            class: Class::Waited,
            event: "",
            subkeys: Box::default(),
        }));
        self.told.changes.append(&mut changes);
    }
}

fn is_expired(shard: &Shard, db: u32, hash: u64, key: &[u8], now_ms: i64) -> bool {
    let entry = shard.table(db).get(hash, key);
    entry.and_then(|entry| entry.expiry()).is_some_and(|at_ms| at_ms <= now_ms)
}

/// Sets the flags of the watchers of all changed keys.
#[cold]
pub(super) fn tell_watchers(txn: &mut Txn) {
    let changes = std::mem::take(&mut txn.told.changes);
    for change in &changes {
        if change.class == Class::Waited || !change.class.is_change() {
            continue;
        }
        let (_, shard) = txn.shard_mut(&change.key);
        if shard.watched.is_empty() {
            continue;
        }
        let Some(watchers) = shard.watched.get_mut(&(change.db, change.key.clone())) else { continue };
        for watcher in watchers.iter_mut() {
            // To somebody for whom the key was not there, an expired one that comes, stays or goes is no change.
            let was_expired = watcher.expired;
            watcher.expired = match change.class {
                Class::ExpiredComes => true,
                Class::ExpiredStays => was_expired,
                _ => false,
            };
            let unnoticed = match change.class {
                Class::Expired | Class::ExpiredStays => was_expired,
                Class::ExpiredComes => true,
                _ => false,
            };
            if !unnoticed {
                watcher.flag.store(true, Ordering::Release);
            }
        }
        // Who is gone without a word (work of a connection that was closed) holds no flag any more.
        watchers.retain(|watcher| Arc::strong_count(&watcher.flag) > 1);
    }
    txn.told.changes = changes;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ds::entry::NewValue;
    use crate::txn::access::Expiry;
    use crate::txn::stage::{NOW_MS, txn};

    fn set(txn: &mut Txn, key: &[u8], expiry: Expiry) {
        txn.set(key, NewValue::Text(b"v"), expiry);
        txn.changed(key, Class::String, "set");
        txn.commit();
    }

    fn told(flag: &WatchFlag) -> bool {
        flag.load(Ordering::Acquire)
    }

    #[test]
    fn a_committed_change_tells_and_a_rolled_back_one_does_not() {
        let (mut txn, flag) = (txn(), WatchFlag::default());
        assert!(txn.watch(0, b"k", &flag) && !txn.watch(0, b"k", &flag));
        txn.keep_undo();
        let base = txn.savepoint();
        txn.set(b"k", NewValue::Int(1), Expiry::Clear);
        txn.changed(b"k", Class::String, "set");
        txn.rollback_to(base);
        txn.commit();
        assert!(!told(&flag));
        txn.db = 1;
        set(&mut txn, b"k", Expiry::Clear);
        assert!(!told(&flag), "another database");
        txn.db = 0;
        set(&mut txn, b"k", Expiry::Clear);
        assert!(told(&flag));
    }

    #[test]
    fn an_expiry_before_watch_is_a_change_to_earlier_watchers_alone() {
        for flush in [false, true] {
            let (mut txn, early, late) = (txn(), WatchFlag::default(), WatchFlag::default());
            set(&mut txn, b"k", Expiry::At(NOW_MS + 5));
            txn.watch(0, b"k", &early);
            txn.set_clock(NOW_MS + 10);
            txn.watch(0, b"k", &late);
            assert!(txn.expired_since_watch(0, b"k", &early) && !txn.expired_since_watch(0, b"k", &late));
            if flush {
                (0..16).for_each(|shard| txn.clear_table(shard, 0, true));
            } else {
                assert!(!txn.exists(b"k"), "the look removes it");
            }
            txn.commit();
            assert!(told(&early) && !told(&late), "flush: {flush}");
            set(&mut txn, b"k", Expiry::Clear);
            assert!(told(&late), "the next change is one to everybody");
        }
    }

    #[test]
    fn an_expiry_met_by_what_is_rolled_back_is_still_one_to_watchers() {
        let (mut txn, flag) = (txn(), WatchFlag::default());
        set(&mut txn, b"k", Expiry::At(NOW_MS + 5));
        txn.watch(0, b"k", &flag);
        txn.set_clock(NOW_MS + 10);
        txn.keep_undo();
        let base = txn.savepoint();
        assert!(!txn.exists(b"k"));
        txn.rollback_to(base);
        txn.commit();
        assert!(told(&flag) || txn.expired_since_watch(0, b"k", &flag));
    }

    #[test]
    fn emptying_and_swapping_tell_only_who_watches_keys_that_are_there() {
        for swap in [false, true] {
            let (mut txn, there, missing) = (txn(), WatchFlag::default(), WatchFlag::default());
            set(&mut txn, b"there", Expiry::Clear);
            set(&mut txn, b"other", Expiry::Clear);
            txn.watch(0, b"there", &there);
            txn.watch(0, b"missing", &missing);
            for shard in 0..16 {
                if swap { txn.swap_databases(shard, 0, 1) } else { txn.clear_table(shard, 0, true) }
            }
            txn.commit();
            assert!(told(&there) && !told(&missing), "swap: {swap}");
        }
    }

    #[test]
    fn swapping_an_expired_value_in_tells_nobody_for_whom_there_was_none() {
        for expired_before in [false, true] {
            let (mut txn, flag) = (txn(), WatchFlag::default());
            txn.db = 1;
            set(&mut txn, b"k", Expiry::At(NOW_MS + 5));
            txn.db = 0;
            if expired_before {
                set(&mut txn, b"k", Expiry::At(NOW_MS + 5));
            }
            txn.set_clock(NOW_MS + 10);
            txn.watch(0, b"k", &flag);
            (0..16).for_each(|shard| txn.swap_databases(shard, 0, 1));
            txn.commit();
            assert!(!told(&flag) && !txn.expired_since_watch(0, b"k", &flag), "expired before: {expired_before}");
            set(&mut txn, b"k", Expiry::Clear);
            assert!(told(&flag), "the next change is one");
        }
    }

    #[test]
    fn swapping_a_value_in_tells_who_watches_its_name() {
        let (mut txn, flag) = (txn(), WatchFlag::default());
        txn.db = 1;
        set(&mut txn, b"k", Expiry::Clear);
        txn.db = 0;
        txn.watch(0, b"k", &flag);
        for shard in 0..16 {
            txn.swap_databases(shard, 0, 1);
        }
        txn.commit();
        assert!(told(&flag));
    }
}
