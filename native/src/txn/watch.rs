//! WATCH: flags that are set when a watched key changes, at commit and never by what is rolled back.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Change, Class, Txn};
use crate::store::shard::{Shard, WatchFlag};

impl Txn {
    /// Registers `flag` for `key` of database `db`; false if it was registered already. The key's shard must be latched.
    ///
    /// A key that has expired goes first, so that its expiry is no change to who watches it from now on; whoever has
    /// watched it until now is told.
    pub fn watch(&mut self, db: u32, key: &[u8], flag: &WatchFlag) -> bool {
        let before = std::mem::replace(&mut self.db, db);
        let known = self.changes.len();
        self.exists(key);
        if self.changes.len() > known {
            self.tell(known);
            self.told = self.changes.len();
        }
        self.db = before;
        let (_, shard) = self.shard_mut(key);
        let flags = shard.watched.entry((db, key.into())).or_default();
        let new = !flags.iter().any(|other| Arc::ptr_eq(other, flag));
        if new {
            flags.push(flag.clone());
        }
        new
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

    /// Tells the watchers of the watched keys of a whole database (FLUSHDB, SWAPDB) that `touched` says have changed; it
    /// is given the shard, the key's hash and the key.
    pub(super) fn touch_watched(&mut self, shard: u32, db: u32, touched: impl Fn(&Shard, u64, &[u8]) -> bool) {
        let store = self.store;
        let names: Vec<Box<[u8]>> = {
            let shard = self.latches.peek(shard);
            let watched = shard.watched.keys().filter(|(of, _)| *of == db).map(|(_, key)| key);
            watched.filter(|key| touched(shard, store.hash(key), key)).cloned().collect()
        };
        for key in names {
            self.changes.push(Change { db, key, class: Class::New, event: "" });
        }
    }

    /// Sets the flags of the watchers of the keys in `changes[from..]`.
    fn tell(&mut self, from: usize) {
        let changes = std::mem::take(&mut self.changes);
        for change in &changes[from..] {
            let (_, shard) = self.shard_mut(&change.key);
            if shard.watched.is_empty() {
                continue;
            }
            if let Some(flags) = shard.watched.get(&(change.db, change.key.clone())) {
                for flag in flags {
                    flag.store(true, Ordering::Release);
                }
            }
        }
        self.changes = changes;
    }
}

/// Sets the flags of the watchers of all changed keys. Gives the changes on, less those without an event.
#[cold]
pub(super) fn tell_watchers(txn: &mut Txn) -> Vec<Change> {
    let told = std::mem::take(&mut txn.told);
    txn.tell(told);
    let mut changes = std::mem::take(&mut txn.changes);
    changes.retain(|change| !change.event.is_empty());
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ds::entry::NewValue;
    use crate::store::Store;
    use crate::txn::access::Expiry;

    const NOW_MS: i64 = 1_000_000;

    fn txn() -> Txn {
        let store: &'static Store = Box::leak(Box::new(Store::new(16, 16)));
        let mut txn = Txn::new(store, 0, true);
        txn.set_clock(NOW_MS);
        txn.latch_store().expect("nobody else is there");
        txn
    }

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
    fn an_expiry_before_watch_tells_earlier_watchers_alone() {
        let (mut txn, early, late) = (txn(), WatchFlag::default(), WatchFlag::default());
        set(&mut txn, b"k", Expiry::At(NOW_MS + 5));
        txn.watch(0, b"k", &early);
        txn.set_clock(NOW_MS + 10);
        txn.watch(0, b"k", &late);
        txn.commit();
        assert!(told(&early) && !told(&late));
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
