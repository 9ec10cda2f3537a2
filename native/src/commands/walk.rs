//! A walk over all keys of a database in slices, between the requests of others: what KEYS, INFO keysizes and DEBUG DIGEST share.

use crate::ds::entry::EntryRef;
use crate::ds::table::POSITIONS;
use crate::txn::{Progress, Slice, Txn};

/// Buckets walked under one latch: about 2 µs, below what another core's loop spins for.
const BUCKETS_PER_LATCH: u32 = 16;

/// Where a walk goes on. Keys that stay from its begin to its end are met once; others may be.
#[derive(Default)]
pub struct Walk {
    shard: u32,
    position: u32,
}

impl Walk {
    /// Has it not begun?
    pub fn is_new(&self) -> bool {
        self.shard == 0 && self.position == 0
    }

    /// Shows `each` the keys of the next slice, but for those that have expired. Done: those were the last.
    ///
    /// # Errors
    /// The shard that another core holds.
    pub fn slice(&mut self, txn: &mut Txn, db: u32, mut each: impl FnMut(EntryRef)) -> Result<Progress, u32> {
        let now_ms = txn.now_ms;
        let slice = Slice::begin();
        let shards = txn.store.shards_count();
        while self.shard < shards {
            let position = &mut self.position;
            txn.with_shard(self.shard, |shard| {
                let table = shard.table(db);
                for _ in 0..BUCKETS_PER_LATCH {
                    if *position >= POSITIONS {
                        break;
                    }
                    *position = table.scan(*position, |entry| {
                        if entry.expiry().is_none_or(|at_ms| at_ms > now_ms) {
                            each(entry);
                        }
                    });
                    table.prefetch_position(*position);
                }
            })?;
            if *position >= POSITIONS {
                *self = Walk { shard: self.shard + 1, position: 0 };
            }
            if slice.is_over() {
                break;
            }
        }
        Ok(if self.shard < shards { Progress::More } else { Progress::Done })
    }
}
