//! A transaction for tests.

use super::Txn;
use crate::store::Store;

pub const NOW_MS: i64 = 1_000_000;

/// Over a store of its own, all of whose shards are latched.
pub fn txn() -> Txn {
    let store: &'static Store = Box::leak(Box::new(Store::new(16, 16)));
    let mut txn = Txn::new(store, 0, true);
    txn.set_clock(NOW_MS);
    txn.latch_store().expect("nobody else is there");
    txn
}
