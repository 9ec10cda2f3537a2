//! Moving what lies in memory pages that are hardly used, so that those become free as a whole.

use super::Txn;
use crate::ds::table::POSITIONS;

/// Buckets that one step looks at, under the latch of their shard: some tens of microseconds where everything has to move.
const BUCKETS_PER_STEP: usize = 16;

/// Where defragmenting goes on.
#[derive(Clone, Copy, Default)]
pub struct Spot {
    pub shard: u32,
    pub db: u32,
    pub position: u32,
}

/// What a step did.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Moves {
    /// Blocks that were moved, and that were looked at and left.
    pub moved: u64,
    pub stayed: u64,
    /// Keys of which something was moved, and others.
    pub keys_moved: u64,
    pub keys_stayed: u64,
}

impl Txn {
    /// Looks at some entries of the shard at `spot`, which is left where the next step goes on; false when the shard is through. A
    /// shard that is held, or being saved, is passed over. Values stay as they are, so nobody is told.
    pub fn defragment(&mut self, spot: &mut Spot, moves: &mut Moves) -> bool {
        let core = self.core;
        let store = self.store;
        let more = self.with_shard(spot.shard, |shard| {
            let mut buckets = 0;
            while spot.db < shard.databases() {
                let table = shard.table_mut(spot.db);
                while spot.position < POSITIONS && !table.is_empty() && !table.has_witness() {
                    if buckets == BUCKETS_PER_STEP {
                        return true;
                    }
                    buckets += 1;
                    let (places, next) = table.places(spot.position);
                    let mut grown = 0;
                    for place in places {
                        let before = table.at(place).memory_bytes() as i64;
                        let (moved, stayed) = table.edit(place, |entry| entry.renew());
                        grown += table.at(place).memory_bytes() as i64 - before;
                        moves.moved += moved;
                        moves.stayed += stayed;
                        *if moved > 0 { &mut moves.keys_moved } else { &mut moves.keys_stayed } += 1;
                    }
                    table.entry_bytes += grown;
                    store.counters.add(core, spot.db, 0, 0, grown);
                    spot.position = next;
                }
                (spot.db, spot.position) = (spot.db + 1, 0);
            }
            false
        });
        if more == Ok(true) {
            return true;
        }
        (spot.db, spot.position) = (0, 0);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ds::entry::{NewValue, Value};
    use crate::store::Store;
    use crate::txn::access::Expiry;

    #[test]
    fn what_is_left_of_many_keys_is_moved_once_and_stays_the_same() {
        let store: &'static Store = Box::leak(Box::new(Store::new(4, 2)));
        let mut txn = Txn::new(store, 0, true);
        txn.set_clock(1_000_000);
        txn.latch_store().expect("nobody else is there");
        let text = |index: usize| vec![b'a' + (index % 26) as u8; 20 + index * 37 % 800];
        let expiry =
            |index: usize| if index.is_multiple_of(3) { Expiry::At(2_000_000 + index as i64) } else { Expiry::Clear };
        for index in 0..60_000 {
            txn.set(format!("k{index}").as_bytes(), NewValue::Text(&text(index)), expiry(index));
        }
        for index in (0..60_000).filter(|index: &usize| !index.is_multiple_of(10)) {
            txn.remove(format!("k{index}").as_bytes());
        }
        txn.commit();
        txn.release();
        let mut pass = || {
            let mut moves = Moves::default();
            for shard in 0..4 {
                let mut spot = Spot { shard, ..Spot::default() };
                while txn.defragment(&mut spot, &mut moves) {}
            }
            moves
        };
        let (first, second) = (pass(), pass());
        assert_eq!(first.keys_moved + first.keys_stayed, 6000);
        assert!(first.keys_moved > 5000, "{first:?}");
        assert!(second.keys_moved < 1500, "{second:?}");
        txn.latch_store().expect("nobody else is there");
        let mut bytes = 0;
        for index in (0..60_000).step_by(10) {
            let entry = txn.peek(format!("k{index}").as_bytes()).expect("it was not removed");
            assert!(matches!(entry.value(), Value::Bytes(found) if found == text(index)));
            assert_eq!(entry.expiry(), if index.is_multiple_of(3) { Some(2_000_000 + index as i64) } else { None });
            bytes += entry.memory_bytes() as u64;
        }
        assert_eq!(store.counters.bytes(), bytes);
        txn.commit();
    }
}
