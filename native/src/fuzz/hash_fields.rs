//! Hashes whose fields expire: any changes in any encoding, with copies that share what they can, leave what a plain map has;
//! the table of keys knows which are due.

use std::collections::BTreeMap;

use super::{Draw, run};
use crate::ds::entry::Object;
use crate::ds::item::Item;
use crate::store::Store;
use crate::txn::Txn;
use crate::types::hash::value::{HashValue, Limits, Ttl};

type Model = BTreeMap<Vec<u8>, (Vec<u8>, Option<i64>)>;

const KEYS: [&[u8]; 3] = [b"h", b"copied", b"a-longer-key-than-others"];

fn name(draw: &mut Draw) -> Vec<u8> {
    match draw.below(3) {
        0 => (draw.below(300) as i64 - 150).to_string().into_bytes(),
        1 => draw.bytes(b"ab\x00\xf9\xff", 4),
        _ => draw.bytes(b"field", 80),
    }
}

fn change(draw: &mut Draw, txn: &mut Txn, key: &[u8], model: &mut Model, limits: Limits) {
    let now_ms = txn.now_ms;
    let (field, value) = (name(draw), if draw.chance(30) { name(draw) } else { draw.bytes(b"v\xf90", 9) });
    let at_ms = if draw.chance(5) { i64::MAX } else { now_ms - 50 + draw.below(200) as i64 };
    let ttl = draw.pick(&[Ttl::Clear, Ttl::Keep, Ttl::At(at_ms)]);
    let what = draw.below(6);
    let most = 1 + draw.below(5);
    let edited = txn.edit_or_make(key, HashValue::default, |hash, inverses| match what {
        0..3 => {
            let before = model.get(&field).map(|(_, expiry)| *expiry);
            let new = hash.set(&field, Item::Text(&value), ttl, limits, inverses);
            assert_eq!(new, before.is_none());
            let expiry = match ttl {
                Ttl::Clear => None,
                Ttl::Keep => before.flatten(),
                Ttl::At(at_ms) => Some(at_ms),
            };
            model.insert(field, (value, expiry));
        }
        3 => {
            let expiry = if let Ttl::At(at_ms) = ttl { Some(at_ms) } else { None };
            let there = hash.set_expiry(&field, expiry, inverses);
            assert_eq!(there, model.contains_key(&field));
            if let Some((_, before)) = model.get_mut(&field) {
                *before = expiry;
            }
        }
        4 => assert_eq!(hash.remove(&field, inverses), model.remove(&field).is_some()),
        _ => {
            let gone = hash.remove_all_expired(now_ms, most, inverses);
            for field in &gone {
                let (_, expiry) = model.remove(&**field).expect("it was there");
                assert!(expiry.is_some_and(|at_ms| at_ms <= now_ms));
            }
            let left = model.values().any(|(_, expiry)| expiry.is_some_and(|at_ms| at_ms <= now_ms));
            assert!(!left || gone.len() == most);
        }
    });
    assert!(edited.is_ok());
}

fn compare(txn: &mut Txn, key: &[u8], model: &Model) {
    let now_ms = txn.now_ms;
    let mut found = Model::new();
    let first = model.values().filter_map(|(_, expiry)| *expiry).min();
    let Some(hash) = txn.peek_object::<HashValue>(key).expect("a hash") else {
        assert!(model.is_empty());
        return;
    };
    hash.for_each_expiring(|field, value, expiry| {
        found.insert(field.to_vec(), (value.to_vec(), expiry));
    });
    assert_eq!((&found, hash.len()), (model, model.len()));
    assert!(hash.due_ms() <= first && hash.due_ms().is_some() == first.is_some());
    for (field, (value, expiry)) in model {
        let alive = expiry.is_none_or(|at_ms| at_ms > now_ms);
        assert_eq!(hash.get(field, now_ms).map(Item::to_vec).as_ref(), alive.then_some(value));
        assert_eq!(hash.expiry(field, now_ms), alive.then_some(*expiry));
    }
}

#[test]
fn expiring_fields_agree_with_a_map_in_every_encoding() {
    run("hash_fields", 300, |draw| {
        let store: &'static Store = Box::leak(Box::new(Store::new(4, 1)));
        let mut txn = Txn::new(store, 0, true);
        txn.set_clock(1_000_000);
        txn.latch_store().expect("nobody else is there");
        let limits = Limits { fields: draw.pick(&[0, 3, 20, 512]), item_bytes: draw.pick(&[10, 64]) };
        let mut models = [Model::new(), Model::new(), Model::new()];
        for _ in 0..draw.below(400) {
            let which = draw.below(KEYS.len());
            if draw.chance(3) {
                let to = draw.below(KEYS.len());
                if to != which && txn.replicate(KEYS[which], 0, KEYS[to]) {
                    models[to] = models[which].clone();
                }
            }
            change(draw, &mut txn, KEYS[which], &mut models[which], limits);
            txn.set_clock(txn.now_ms + draw.below(4) as i64);
            if draw.chance(10) {
                compare(&mut txn, KEYS[which], &models[which]);
            }
        }
        let mut due = 0;
        for (key, model) in KEYS.iter().zip(&models) {
            compare(&mut txn, key, model);
            due += model.values().any(|(_, expiry)| expiry.is_some()) as u64;
        }
        assert_eq!(txn.store.counters.due(0), due);
        txn.commit();
        for key in KEYS {
            txn.remove(key);
        }
        assert_eq!((txn.store.counters.bytes(), txn.store.counters.due(0)), (0, 0));
        txn.commit();
    });
}
