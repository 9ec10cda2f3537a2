//! A snapshot that is walked in tiny steps between commands of every kind holds exactly what was there when it began.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::commands::{DATABASES, World, rows, shown};
use super::{Draw, grammar, run_heavy};
use crate::snapshot::file::{File, Key, Record};
use crate::snapshot::witness::{Access, Form, Sink, witness_all};

type Content = BTreeMap<(u64, Vec<u8>), Key>;

/// What bytes written for a database hold.
fn read(db: u32, bytes: &[u8], into: &mut Content, said: &[String]) {
    let mut whole = b"REDIS0012\xfe".to_vec();
    whole.push(db as u8);
    whole.extend_from_slice(bytes);
    whole.push(0xff);
    whole.extend([0; 8]);
    let mut file = File::open(&whole, false).expect("a head that is known");
    while let Some(record) = file.next_record().expect("what is written can be read") {
        let Record::Key(key) = record else { panic!("nothing but keys is written") };
        let name = (key.db, key.key.clone());
        let twice = into.insert(name, *key);
        assert!(twice.is_none(), "written twice: {twice:?}\n{}", said.join("\n"));
    }
}

fn drain(sink: &Sink, into: &mut Content, said: &[String]) {
    let (pieces, large) = sink.take();
    for piece in pieces {
        read(piece.db, &piece.bytes, into, said);
    }
    for (db, entry) in large {
        let (mut room, mut bytes) = (Vec::new(), Vec::new());
        sink.write(entry.borrow(), &mut room, &mut bytes);
        read(db, &bytes, into, said);
    }
}

fn now(world: &mut World) -> Content {
    let sink = Sink::new(Form::File(Access::None));
    let (mut all, mut room) = (Content::new(), Vec::new());
    for shard in 0..world.txn.store.shards_count() {
        for db in 0..DATABASES as u32 {
            let mut bytes = Vec::new();
            let each = |shard: &mut crate::store::shard::Shard| {
                shard.table(db).for_each(|entry| sink.write(entry, &mut room, &mut bytes));
            };
            world.txn.with_shard(shard, each).expect("held");
            read(db, &bytes, &mut all, &[]);
        }
    }
    all
}

/// Lets some witness see a little more.
fn step(draw: &mut Draw, world: &mut World) {
    let shard = draw.below(world.txn.store.shards_count() as usize) as u32;
    let db = draw.below(DATABASES) as u32;
    let _ = world.txn.with_shard(shard, |shard| shard.table_mut(db).step_witness());
}

#[test]
fn a_snapshot_holds_what_was_there_when_it_began() {
    let rows = rows();
    let world = std::cell::RefCell::new(World::new());
    run_heavy("commands during a snapshot", 60, 1000, |draw| {
        let world = &mut *world.borrow_mut();
        world.sized(draw.pick(&[0, 3, 128]));
        let mut now_ms = 1_700_000_000_000;
        world.txn.set_clock(now_ms);
        for _ in 0..60 {
            let words = grammar::request(draw, &rows);
            world.run(&words);
            world.txn.commit();
        }
        let before = now(world);
        let sink: Arc<Sink> = witness_all(&mut world.txn, Form::File(Access::None));
        let (mut saved, mut said) = (Content::new(), Vec::new());
        let pace = draw.pick(&[0, 10, 60]);
        for _ in 0..40 {
            if draw.chance(20) {
                now_ms += draw.pick(&[1, 60, 2000]);
                world.txn.set_clock(now_ms);
            }
            let undone = draw.chance(30);
            let mark = world.txn.savepoint();
            if undone {
                world.txn.keep_undo();
            }
            let words = grammar::request(draw, &rows);
            said.push(shown(&words));
            world.run(&words);
            if undone {
                world.txn.rollback_to(mark);
            }
            world.txn.commit();
            while draw.chance(pace) {
                step(draw, world);
            }
            if draw.chance(30) {
                drain(&sink, &mut saved, &said);
            }
        }
        for shard in 0..world.txn.store.shards_count() {
            let _ = world.txn.with_shard(shard, |shard| {
                (0..DATABASES as u32).for_each(|db| while shard.table_mut(db).step_witness() {});
            });
        }
        // What was flushed is freed by another thread.
        while sink.tables.load(Relaxed) > 0 {
            std::thread::yield_now();
        }
        drain(&sink, &mut saved, &said);
        for (name, key) in &before {
            assert_eq!(saved.get(name), Some(key), "lost or changed\n{}", said.join("\n"));
        }
        assert_eq!(saved.len(), before.len(), "keys that were not there\n{}", said.join("\n"));
        world.clear();
    });
}
