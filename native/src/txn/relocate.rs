//! Values that change their key or database: RENAME, MOVE, COPY. Both keys' shards are latched.

use super::undo::Undo;
use super::{Class, Txn};

impl Txn {
    /// Moves what is under `from` (of this database) to `to` of `to_db`: value, encoding, expiry and access clock. What
    /// was there goes. False: there is no `from`. Cost: that of one entry, whatever the value's size; so is its undo's.
    pub fn relocate(&mut self, from: &[u8], to_db: u32, to: &[u8]) -> bool {
        let db = self.db;
        if self.place(from).is_none() {
            return false;
        }
        let entry = self.take(from).expect("placed just now");
        self.db = to_db;
        let new = !self.clear_the_way(to);
        self.restore(entry.with_key(to));
        if new {
            self.remark(to, Class::New, "new");
        }
        self.db = db;
        if self.keeps_undo() {
            self.undo.push(Undo::Moved { db, from: from.into(), to_db, to: to.into() });
        }
        true
    }

    /// Puts a deep copy of what is under `from` (of this database) under `to` of `to_db`, with its expiry. What was
    /// there goes. False: there is no `from`. O(size of the value).
    pub fn replicate(&mut self, from: &[u8], to_db: u32, to: &[u8]) -> bool {
        let (db, clock) = (self.db, self.access_clock);
        let Some(entry) = self.peek(from) else { return false };
        let mut copy = entry.duplicate(to, entry.expiry());
        copy.set_access(clock);
        self.db = to_db;
        let new = !self.clear_the_way(to);
        if new && self.keeps_undo() {
            self.undo.push(Undo::Absent { db: to_db, key: to.into() });
        }
        self.restore(copy);
        if new {
            self.remark(to, Class::New, "new");
        }
        self.db = db;
        true
    }

    /// Takes away what is under `key`, expired or not; false if nothing is. The undo log brings it back.
    fn clear_the_way(&mut self, key: &[u8]) -> bool {
        let Some(old) = self.take(key) else { return false };
        if self.keeps_undo() {
            self.undo.push(Undo::Present { db: self.db, entry: old });
        } else {
            self.discard(old);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ds::entry::NewValue;
    use crate::sys::random::step;
    use crate::txn::access::Expiry;
    use crate::txn::stage;

    /// Every key of databases 0 and 1 with encoding, expiry and text, sorted; then the counters.
    fn picture(txn: &mut Txn) -> (Vec<String>, [u64; 5]) {
        let mut all = Vec::new();
        for shard in 0..txn.store.shards_count() {
            for db in 0..2 {
                txn.latches.get(shard).table(db).for_each(|e| {
                    let copy = e.duplicate(b"", None);
                    let text = match copy.borrow().value() {
                        crate::ds::entry::Value::Int(n) => n.to_string(),
                        crate::ds::entry::Value::Bytes(b) => String::from_utf8_lossy(b).into_owned(),
                        crate::ds::entry::Value::Object(o) => o.type_name().to_string(),
                    };
                    let key = String::from_utf8_lossy(e.key()).into_owned();
                    all.push(format!("{db} {key} {} {:?} {} {text}", e.encoding(), e.expiry(), e.access()));
                });
            }
        }
        all.sort();
        let c = &txn.store.counters;
        (all, [c.keys(0), c.keys(1), c.expires(0), c.expires(1), c.bytes()])
    }

    fn txn() -> Txn {
        let mut txn = stage::txn();
        for (index, size) in [1, 20, 60, 100, 192, 193, 300, 5000].into_iter().enumerate() {
            let (text, key) = ("x".repeat(size), format!("k{index}"));
            let expiry = if index % 2 == 0 { Expiry::At(2_000_000) } else { Expiry::Clear };
            let value = if index % 3 == 0 { NewValue::Raw(text.as_bytes()) } else { NewValue::Text(text.as_bytes()) };
            txn.set(key.as_bytes(), value, expiry);
        }
        txn.set(b"n", NewValue::Int(42), Expiry::At(3_000_000));
        txn
    }

    #[test]
    fn a_move_keeps_value_encoding_expiry_and_access_clock() {
        let mut txn = txn();
        txn.set_clock(50_000_000);
        txn.set_clock(1_500_000);
        for key in ["k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7", "n"] {
            let before = {
                let e = txn.peek(key.as_bytes()).expect("set");
                (e.encoding(), e.expiry(), e.access(), e.memory_bytes())
            };
            assert!(txn.relocate(key.as_bytes(), 1, b"xx"));
            assert!(!txn.exists(key.as_bytes()));
            txn.db = 1;
            let e = txn.peek(b"xx").expect("moved");
            let after = (e.encoding(), e.expiry(), e.access(), e.memory_bytes());
            assert_eq!((before.0, before.1, before.2), (after.0, after.1, after.2), "{key}");
            txn.db = 0;
        }
        assert_eq!((txn.store.counters.keys(0), txn.store.counters.keys(1)), (0, 1));
        assert!(!txn.relocate(b"k0", 0, b"k1"));
    }

    #[test]
    fn moves_and_copies_roll_back_to_exactly_what_was() {
        let mut txn = txn();
        txn.replicate(b"k3", 1, b"k4");
        let before = picture(&mut txn);
        txn.keep_undo();
        let start = txn.savepoint();
        let mut random = 9u64;
        for _ in 0..500 {
            random = step(random);
            let (from, to) = (format!("k{}", (random >> 33) % 9), format!("k{}", (random >> 40) % 9));
            txn.db = (random >> 50 & 1) as u32;
            let to_db = (random >> 51 & 1) as u32;
            if from == to && txn.db == to_db {
                continue;
            }
            match (random >> 55) % 4 {
                0 | 1 => drop(txn.relocate(from.as_bytes(), to_db, to.as_bytes())),
                2 => drop(txn.replicate(from.as_bytes(), to_db, to.as_bytes())),
                _ => drop(txn.remove(from.as_bytes())),
            }
        }
        txn.rollback_to(start);
        assert_eq!(picture(&mut txn), before);
        txn.commit();
    }
}
