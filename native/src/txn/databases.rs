//! Whole databases of a shard: emptied (FLUSHDB), exchanged (SWAPDB).

use super::Txn;
use super::undo::Undo;
use crate::ds::table::Table;

impl Txn {
    /// Empties database `db` of a latched shard; the table goes to the undo log or the lazy-free thread (or is dropped
    /// here if `now`, unless a snapshot has yet to see it: that would write all of it under the latch).
    pub fn clear_table(&mut self, shard: u32, db: u32, now: bool) {
        self.touch_watched(shard, db, None);
        let table = std::mem::take(self.latches.get(shard).table_mut(db));
        let keys = table.len() as u64;
        if keys == 0 {
            return;
        }
        let bytes = table.entry_bytes;
        self.store.counters.add(self.core, db, -(keys as i64), -(table.expiring() as i64), -bytes);
        self.store.counters.add_due(self.core, db, -(table.due_len() as i64));
        if self.undo_on {
            self.undo.push(Undo::Table { shard, db, table });
        } else if now && !table.has_witness() {
            drop(table);
        } else {
            self.store.garbage.free(keys, Box::new(table));
        }
    }

    pub(super) fn swap_in_table(&mut self, shard: u32, db: u32, table: Table) {
        let bytes = table.entry_bytes;
        self.store.counters.add(self.core, db, table.len() as i64, table.expiring() as i64, bytes);
        self.store.counters.add_due(self.core, db, table.due_len() as i64);
        let now = std::mem::replace(self.latches.get(shard).table_mut(db), table);
        let bytes = now.entry_bytes;
        self.store.counters.add(self.core, db, -(now.len() as i64), -(now.expiring() as i64), -bytes);
        self.store.counters.add_due(self.core, db, -(now.due_len() as i64));
    }

    /// Exchanges two databases in a latched shard (SWAPDB).
    pub fn swap_databases(&mut self, shard: u32, a: u32, b: u32) {
        if a == b {
            return;
        }
        self.touch_watched(shard, a, Some(b));
        self.touch_watched(shard, b, Some(a));
        self.swap_databases_of(shard, a, b);
        if self.undo_on {
            self.undo.push(Undo::Swap { shard, a, b });
        }
    }

    pub(super) fn swap_databases_of(&mut self, shard: u32, a: u32, b: u32) {
        let this = self.latches.get(shard);
        let table_a = std::mem::take(this.table_mut(a));
        let table_b = std::mem::replace(this.table_mut(b), table_a);
        let (keys_b, ttl_b) = (table_b.len() as i64, table_b.expiring() as i64);
        let (keys_a, ttl_a) = (this.table(b).len() as i64, this.table(b).expiring() as i64);
        let due = table_b.due_len() as i64 - this.table(b).due_len() as i64;
        *this.table_mut(a) = table_b;
        self.store.counters.add(self.core, a, keys_b - keys_a, ttl_b - ttl_a, 0);
        self.store.counters.add(self.core, b, keys_a - keys_b, ttl_a - ttl_b, 0);
        self.store.counters.add_due(self.core, a, due);
        self.store.counters.add_due(self.core, b, -due);
    }
}
