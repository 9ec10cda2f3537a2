//! One shard: its tables, who watches its keys, and its figures. Reached only through its latch.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use smallvec::SmallVec;

use super::waiting::Queue;
use crate::ds::table::Table;

/// Set when a key that a client watches has changed; EXEC of that client then replies null.
pub type WatchFlag = Arc<AtomicBool>;

/// One client that watches a key.
pub struct Watcher {
    pub flag: WatchFlag,
    /// The key had expired when the watch began, and is still in the table: its removal is no change.
    pub expired: bool,
}

pub struct Shard {
    /// Database 0, which nearly everybody uses, beside the latch word: one cache line less on the hot path.
    first: Table,
    rest: Box<[Table]>,
    /// Per watched key (database, key), who watches it.
    pub watched: HashMap<(u32, Box<[u8]>), Vec<Watcher>>,
    /// Per key, which clients wait for it to hold something.
    pub waiting: HashMap<(u32, Box<[u8]>), Queue>,
    /// Per key, of whatever database, which clients may have it in their own caches.
    pub tracked: HashMap<Box<[u8]>, SmallVec<[u64; 2]>>,
    /// Where the active expiry cycle goes on: database and table position.
    pub expire_cursor: (u32, u32),
}

impl Shard {
    pub fn new(databases: usize) -> Shard {
        assert!(databases >= 1);
        Shard {
            first: Table::new(),
            rest: (1..databases).map(|_| Table::new()).collect(),
            watched: HashMap::new(),
            waiting: HashMap::new(),
            tracked: HashMap::new(),
            expire_cursor: (0, 0),
        }
    }

    #[inline]
    pub fn table(&self, db: u32) -> &Table {
        if db == 0 { &self.first } else { &self.rest[db as usize - 1] }
    }

    #[inline]
    pub fn table_mut(&mut self, db: u32) -> &mut Table {
        if db == 0 { &mut self.first } else { &mut self.rest[db as usize - 1] }
    }

    /// Does anybody want to know when a key of this shard changes? Then its latch is marked (`Txn::signal`).
    #[inline]
    pub fn is_observed(&self) -> bool {
        !self.watched.is_empty() || !self.waiting.is_empty() || !self.tracked.is_empty()
    }

    pub fn databases(&self) -> u32 {
        self.rest.len() as u32 + 1
    }
}
