//! Every data command, by the grammar of its own row: replies are RESP, what fails changes nothing, what is rolled back leaves no
//! trace, packed and large encodings reply alike, and what a command says of its effect makes another store the same.

use std::sync::atomic::Ordering::Relaxed;

use super::replies::{in_order, lines, value_bytes, without_signs, without_times};
use super::{Draw, grammar, run_heavy};
use crate::commands::row::{Group, Row, Run, flag};
use crate::commands::table::table;
use crate::resp::args::OwnedArgs;
use crate::resp::reply::{Protocol, Reply};
use crate::store::Store;
use crate::txn::{Effect, Progress, Txn};

pub(super) const DATABASES: usize = 4;

/// What comes of chance or of how a value is kept, and is therefore another in another store.
const OWN: &[&str] = &[
    "spop",
    "srandmember",
    "hrandfield",
    "zrandmember",
    "vrandmember",
    "randomkey",
    "scan",
    "sscan",
    "hscan",
    "zscan",
    "dump",
    "restore",
    "restore-asking",
    "vsim",
    "vlinks",
    "vinfo",
    "vadd",
    "sort",
    "sort_ro",
    "memory|usage",
    "object|encoding",
];

/// Rows of commands that work on data.
pub(super) fn rows() -> Vec<&'static Row> {
    let about_data = |row: &&Row| row.group != Group::Server || row.flags & flag::WRITE != 0;
    table().rows.iter().filter(|row| matches!(row.run, Run::Data(_))).filter(about_data).collect()
}

pub(super) struct World {
    pub txn: Txn,
    proto: Protocol,
}

impl World {
    pub fn new() -> World {
        let store: &'static Store = Box::leak(Box::new(Store::new(8, DATABASES)));
        store.settings.proto_max_bulk_len.store(100_000, Relaxed);
        let mut txn = Txn::new(store, 0, true);
        txn.latch_store().expect("nobody else is there");
        World { txn, proto: Protocol::Resp2 }
    }

    /// Collections of more than `most` elements have large encodings.
    pub fn sized(&mut self, most: u64) {
        let settings = &self.txn.store.settings;
        for setting in [
            &settings.hash_max_listpack_entries,
            &settings.set_max_listpack_entries,
            &settings.set_max_intset_entries,
            &settings.zset_max_listpack_entries,
        ] {
            setting.store(most, Relaxed);
        }
        settings.list_max_listpack_size.store((most as i64).max(1), Relaxed);
    }

    fn row_of(words: &[Vec<u8>]) -> Option<&'static Row> {
        let number = table().find(words.first()?)?;
        let sub = words.get(1).and_then(|word| table().find_subcommand(number, word));
        Some(table().row(sub.unwrap_or(number)))
    }

    /// The reply; what is to be logged goes to `effects` of the transaction. None: it waits.
    pub fn run(&mut self, words: &[Vec<u8>]) -> Option<Vec<u8>> {
        let row = World::row_of(words).expect("a known command");
        let Run::Data(handler) = row.run else { panic!("{} is no data command", row.name) };
        let mut out = Vec::new();
        let argv: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        let owned = OwnedArgs::of(&argv);
        if !row.arity_fits(words.len()) {
            return Some(b"-ERR wrong number\r\n".to_vec());
        }
        let mut reply = Reply::new(&mut out, self.proto);
        let dirty = self.txn.dirty;
        match handler(&mut self.txn, owned.borrow(), &mut reply) {
            Effect::None => assert_eq!(self.txn.dirty, dirty, "a change that nobody is told of: {}", shown(words)),
            Effect::Verbatim => {
                if self.txn.record {
                    self.txn.effects.push((self.txn.db, owned));
                }
            }
            Effect::Rewrite(commands) => {
                if self.txn.record {
                    let db = self.txn.db;
                    self.txn.effects.extend(commands.into_iter().map(|command| (db, command)));
                }
            }
            Effect::Slices(mut work) => {
                let mut slices = 0;
                while work.step(&mut self.txn, &mut reply).expect("all shards are held") == Progress::More {
                    slices += 1;
                    assert!(slices < 1_000_000, "it never ends: {}", shown(words));
                }
            }
            Effect::Block(_) => {
                assert!(out.is_empty() && self.txn.dirty == dirty, "{}", shown(words));
                return None;
            }
            Effect::Busy(_) => panic!("all shards are held"),
        }
        Some(out)
    }

    fn ask(&mut self, line: &str, key: &[u8]) -> Vec<u8> {
        let words: Vec<Vec<u8>> =
            line.split(' ').map(|word| if word == "KEY" { key.to_vec() } else { word.as_bytes().to_vec() }).collect();
        self.run(&words).expect("nothing to wait for")
    }

    /// All that can be seen of the values, key by key.
    fn seen(&mut self) -> Vec<(u32, Vec<u8>, Vec<u8>)> {
        let (own, kept_db, record) = (self.proto, self.txn.db, std::mem::take(&mut self.txn.record));
        self.proto = Protocol::Resp2;
        let mut all = Vec::new();
        for db in 0..DATABASES as u32 {
            self.txn.db = db;
            let mut keys = Vec::new();
            for shard in 0..self.txn.store.shards_count() {
                let each = |shard: &mut crate::store::shard::Shard| {
                    shard.table(db).for_each(|entry| keys.push(entry.key().to_vec()));
                };
                self.txn.with_shard(shard, each).expect("held");
            }
            keys.sort();
            for key in keys {
                let Some(kind) = self.txn.peek(&key).map(|entry| entry.type_name()) else { continue };
                let mut text = self.ask("PEXPIRETIME KEY", &key);
                text.extend(match kind {
                    "string" => self.ask("GET KEY", &key),
                    "list" => self.ask("LRANGE KEY 0 -1", &key),
                    "set" => in_order(&self.ask("SMEMBERS KEY", &key), 1),
                    "hash" => in_order(&self.ask("HGETALL KEY", &key), 2),
                    "zset" => without_signs(&self.ask("ZRANGE KEY 0 -1 WITHSCORES", &key)),
                    "stream" => without_times(&self.ask("XINFO STREAM KEY FULL COUNT 0", &key)),
                    "vectorset" => [self.ask("VCARD KEY", &key), self.ask("VRANGE KEY - + -1", &key)].concat(),
                    "array" => self.ask("ARSCAN KEY 0 18446744073709551614", &key),
                    other => panic!("no way to see a {other}"),
                });
                all.push((db, key, text));
            }
        }
        (self.proto, self.txn.db, self.txn.record) = (own, kept_db, record);
        all
    }

    pub fn clear(&mut self) {
        self.txn.record = false;
        self.txn.commit();
        self.txn.effects.clear();
        for db in 0..DATABASES as u32 {
            self.txn.db = db;
            let mut keys = Vec::new();
            for shard in 0..self.txn.store.shards_count() {
                let each = |shard: &mut crate::store::shard::Shard| {
                    shard.table(db).for_each(|entry| keys.push(entry.key().to_vec()));
                };
                self.txn.with_shard(shard, each).expect("held");
            }
            assert_eq!(self.txn.store.counters.keys(db), keys.len() as u64);
            for key in keys {
                self.txn.remove(&key);
            }
            assert_eq!((self.txn.store.counters.keys(db), self.txn.store.counters.expires(db)), (0, 0));
        }
        self.txn.db = 0;
        self.txn.commit();
        assert_eq!(self.txn.store.counters.bytes(), 0, "bytes that no key has");
    }
}

pub(super) fn shown(words: &[Vec<u8>]) -> String {
    words.iter().map(|word| word.escape_ascii().to_string()).collect::<Vec<_>>().join(" ")
}

fn assert_resp(words: &[Vec<u8>], reply: &[u8]) {
    let good = value_bytes(reply) == Some(reply.len());
    assert!(good, "not one RESP value: {} -> {}", shown(words), reply.escape_ascii());
}

fn a_clock(draw: &mut Draw, worlds: &mut [&mut World], now_ms: &mut i64) {
    if draw.chance(20) {
        *now_ms += draw.pick(&[1, 60, 2000]);
    }
    worlds.iter_mut().for_each(|world| world.txn.set_clock(*now_ms));
}

#[test]
fn packed_and_large_encodings_reply_alike() {
    let rows: Vec<&Row> = rows().into_iter().filter(|row| !OWN.contains(&row.name)).collect();
    let worlds = std::cell::RefCell::new((World::new(), World::new()));
    run_heavy("commands over two encodings", 60, 1000, |draw| {
        let (small, large) = &mut *worlds.borrow_mut();
        small.sized(draw.pick(&[0, 1, 3]));
        large.sized(500);
        let mut now_ms = 1_700_000_000_000;
        for _ in 0..150 {
            a_clock(draw, &mut [&mut *small, &mut *large], &mut now_ms);
            let proto = if draw.chance(50) { Protocol::Resp2 } else { Protocol::Resp3 };
            (small.proto, large.proto) = (proto, proto);
            let words = grammar::request(draw, &rows);
            let (one, other) = (small.run(&words), large.run(&words));
            if let (Some(one), Some(other)) = (&one, &other) {
                assert_resp(&words, one);
                let (one_text, other_text) = (one.escape_ascii(), other.escape_ascii());
                assert!(lines(one) == lines(other), "{} -> {one_text} / {other_text}", shown(&words));
            }
            assert_eq!(one.is_some(), other.is_some(), "{}", shown(&words));
            small.txn.commit();
            large.txn.commit();
        }
        assert_eq!(small.seen(), large.seen());
        small.clear();
        large.clear();
    });
}

#[test]
fn effects_make_another_store_the_same() {
    let rows = rows();
    let worlds = std::cell::RefCell::new((World::new(), World::new()));
    run_heavy("commands and their effects", 60, 1000, |draw| {
        let (first, second) = &mut *worlds.borrow_mut();
        first.sized(draw.pick(&[0, 3, 128]));
        second.sized(draw.pick(&[0, 3, 128]));
        let mut now_ms = 1_700_000_000_000;
        let mut history = Vec::new();
        for _ in 0..100 {
            a_clock(draw, &mut [&mut *first, &mut *second], &mut now_ms);
            let words = grammar::request(draw, &rows);
            first.txn.record = true;
            first.run(&words);
            first.txn.commit();
            let mut said = shown(&words);
            for (db, command) in std::mem::take(&mut first.txn.effects) {
                second.txn.db = db;
                let command: Vec<Vec<u8>> = command.borrow().iter().map(<[u8]>::to_vec).collect();
                let reply = second.run(&command);
                said += &format!("  =>  {db}: {}", shown(&command));
                let failed = reply.as_ref().is_none_or(|reply| reply[0] == b'-');
                assert!(!failed, "an effect does nothing: {said}");
                second.txn.commit();
            }
            history.push(said);
            second.txn.db = 0;
            if draw.chance(10) {
                assert_same(first, second, &history);
            }
        }
        assert_same(first, second, &history);
        first.clear();
        second.clear();
    });
}

fn assert_same(first: &mut World, second: &mut World, history: &[String]) {
    let (one, other) = (first.seen(), second.seen());
    if one == other {
        return;
    }
    history.iter().for_each(|line| println!("{}", &line[..line.len().min(400)]));
    for (db, key, text) in one.iter().filter(|row| !other.contains(row)) {
        println!("here {db} {}: {}", key.escape_ascii(), text.escape_ascii());
    }
    for (db, key, text) in other.iter().filter(|row| !one.contains(row)) {
        println!("there {db} {}: {}", key.escape_ascii(), text.escape_ascii());
    }
    panic!("what the commands said of their effects makes something else of another store");
}

/// The gold of dry runs and of the log: a transaction's effects, applied to what its rollback left, make what it had made itself. They
/// are applied by a clock that is behind, so a time that is not absolute shows, and so does what an expired key was deleted for.
#[test]
fn effects_remake_what_was_rolled_back() {
    let rows = rows();
    let world = std::cell::RefCell::new(World::new());
    run_heavy("commands, rolled back and made again", 60, 1000, |draw| {
        let world = &mut *world.borrow_mut();
        world.sized(draw.pick(&[0, 3, 128]));
        let mut now_ms = 1_700_000_000_000;
        for _ in 0..20 {
            let began_ms = now_ms;
            world.txn.keep_undo();
            let mark = world.txn.savepoint();
            let mut history = Vec::new();
            world.txn.record = true;
            for _ in 0..1 + draw.below(8) {
                a_clock(draw, &mut [&mut *world], &mut now_ms);
                let words = grammar::request(draw, &rows);
                world.run(&words);
                history.push(shown(&words));
            }
            let direct = world.seen();
            let effects = world.txn.take_effects(mark);
            world.txn.record = false;
            world.txn.rollback_to(mark);
            world.txn.commit();
            world.txn.set_clock(began_ms);
            for (db, command) in effects {
                world.txn.db = db;
                let command: Vec<Vec<u8>> = command.borrow().iter().map(<[u8]>::to_vec).collect();
                history.push(format!("  =>  {db}: {}", shown(&command)));
                let failed = world.run(&command).is_none_or(|reply| reply[0] == b'-');
                assert!(!failed, "an effect does nothing: {history:#?}");
                world.txn.commit();
            }
            world.txn.db = 0;
            world.txn.set_clock(now_ms);
            let again = world.seen();
            for row in direct.iter().filter(|row| !again.contains(row)) {
                println!("directly {} {}: {}", row.0, row.1.escape_ascii(), row.2.escape_ascii());
            }
            for row in again.iter().filter(|row| !direct.contains(row)) {
                println!("by effects {} {}: {}", row.0, row.1.escape_ascii(), row.2.escape_ascii());
            }
            assert!(direct == again, "the effects make something else: {history:#?}");
        }
        world.clear();
    });
}

#[test]
fn a_rollback_leaves_no_trace_and_what_fails_changes_nothing() {
    let rows = rows();
    let world = std::cell::RefCell::new(World::new());
    run_heavy("commands and their rollbacks", 60, 1000, |draw| {
        let world = &mut *world.borrow_mut();
        world.sized(draw.pick(&[0, 3, 128]));
        world.txn.set_clock(1_700_000_000_000);
        for _ in 0..25 {
            let undone = draw.chance(60);
            let before = world.seen();
            let counters = |world: &World| {
                let counters = &world.txn.store.counters;
                (0..DATABASES as u32).map(|db| (counters.keys(db), counters.expires(db))).collect::<Vec<_>>()
            };
            let counted = counters(world);
            world.txn.keep_undo();
            let mark = world.txn.savepoint();
            let mut all = Vec::new();
            for _ in 0..if undone { 1 + draw.below(4) } else { 6 } {
                let words = grammar::request(draw, &rows);
                let reply = world.run(&words);
                if let Some(reply) = &reply {
                    assert_resp(&words, reply);
                }
                let failed = reply.is_some_and(|reply| reply[0] == b'-');
                all.push(shown(&words));
                if failed && all.len() == 1 {
                    assert!(world.seen() == before, "it fails and changes something: {all:?}");
                }
            }
            if undone {
                world.txn.rollback_to(mark);
                let after = world.seen();
                for row in before.iter().filter(|row| !after.contains(row)) {
                    println!("gone: {} {}", row.1.escape_ascii(), row.2.escape_ascii());
                }
                for row in after.iter().filter(|row| !before.contains(row)) {
                    println!("left: {} {}", row.1.escape_ascii(), row.2.escape_ascii());
                }
                assert!(after == before, "not rolled back: {all:#?}");
                assert_eq!(counters(world), counted, "{all:#?}");
            }
            world.txn.commit();
        }
        world.clear();
    });
}
