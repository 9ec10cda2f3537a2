//! Saving a snapshot: the data set as it was at one instant, written by a thread of its own while the cores go on.
//!
//! ```text
//!   all shards latched:  a witness into each table · the caller's own business at that instant      some 0.1 ms
//!   shard by shard:      latched for a tenth of a millisecond at a time, range by range; written outside
//!   end:                 large objects, tables on their way to be freed · checksum · fsync · rename · fsync of the folder
//! ```

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::thread;
use std::time::{Duration, Instant};

use super::bytes::{write_length, write_string};
use super::libraries::{LIBRARY_FACT, is_of_redis};
pub use super::output::Manner;
use super::output::Output;
use super::witness::{Access, Form, Sink, witness_all};
use crate::resp::args::OwnedArgs;
use crate::session::durability::Saved;
use crate::session::server::{REDIS_VERSION, Server, VERSION};
use crate::store::policy::Order;
use crate::sys::clock;
use crate::txn::Txn;
use crate::txn::record::push_request;

/// How long the saving thread holds a shard.
const SLICE: Duration = Duration::from_micros(100);
/// What is told of a snapshot that was cancelled.
const GIVEN_UP: &str = "it was given up";
/// How often a pause between keys (`rdb-key-save-delay`) looks whether it is over.
const REST_LOOK: Duration = Duration::from_millis(5);
/// Before it looks again for a shard, or all of them, that others hold.
const SHARD_BUSY_WAIT: Duration = Duration::from_micros(50);
const STORE_BUSY_WAIT: Duration = Duration::from_millis(1);
/// Before it looks again whether tables are freed that were taken away meanwhile.
const TABLES_WAIT: Duration = Duration::from_millis(1);

/// The version of Redis 7.0, and of 7.4, which has fields that expire.
const VERSION_COMMON: u32 = 10;
const VERSION_EXPIRING: u32 = 12;

/// What to save, and where.
pub struct Plan {
    pub path: PathBuf,
    pub manner: Manner,
    /// The base of an append-only file.
    pub base: bool,
    /// Requests instead of an RDB file (`aof-use-rdb-preamble no`): RESTORE for each key.
    pub resp: bool,
}

/// Saves; gives how many bytes. `instant` runs when all shards are latched. Err: the error's text; the file that was there still is.
pub fn save(server: &'static Server, plan: &Plan, instant: impl FnOnce()) -> Result<Saved, String> {
    catch_unwind(AssertUnwindSafe(|| try_save(server, plan, instant)))
        .unwrap_or_else(|_| Err(io::Error::other("a fault of this program")))
        .map_err(|error| error.to_string())
}

fn try_save(server: &'static Server, plan: &Plan, instant: impl FnOnce()) -> io::Result<Saved> {
    let began = Instant::now();
    let mut output = Output::create(&plan.path, plan.manner)?;
    server.share_latches();
    let mut txn = Txn::helper(&server.store);
    txn.set_clock(clock::now_ms());
    while txn.latch_store().is_err() {
        thread::sleep(STORE_BUSY_WAIT);
    }
    let snapshot = Snapshot::begin(server, &mut txn, plan);
    let libraries = server.durability.libraries();
    instant();
    server.wake(txn.release());
    server.durability.save_keys.store(snapshot.keys, Relaxed);
    server.durability.save_keys_done.store(0, Relaxed);
    server.durability.begun.store(true, Release);
    let outcome = snapshot.write(plan, &libraries, &mut txn, &mut output);
    server.durability.save_keys.store(0, Relaxed);
    if outcome.is_err() {
        snapshot.sink.cancelled.store(true, Relaxed);
        snapshot.walk_rest(&mut txn);
    }
    outcome?;
    if !plan.resp {
        output.push_sum()?;
    }
    output.sync()?;
    let bytes = {
        // FLUSHALL has come before, or writes its own file behind this one.
        let _one = server.durability.placing.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        snapshot.may_go_on()?;
        output.place()?
    };
    let dirty = snapshot.dirty;
    Ok(Saved { bytes, keys: snapshot.keys, dirty, seconds: began.elapsed().as_secs_f64() })
}

struct Snapshot {
    server: &'static Server,
    sink: Arc<Sink>,
    /// Fields of hashes expire.
    expiring: bool,
    keys: u64,
    dirty: u64,
    /// FLUSHALLs so far, and whether one ends this: no snapshot of what is gone is wanted, but the base of a log is.
    flushes: u64,
    ends_by_flush: bool,
    /// Of each database: keys, and keys that expire.
    sizes: Vec<(u64, u64)>,
}

impl Snapshot {
    /// Puts the witnesses in. All shards are latched.
    fn begin(server: &'static Server, txn: &mut Txn, plan: &Plan) -> Snapshot {
        let store = &server.store;
        let access = match store.settings.policy.get().order {
            Order::Lfu => Access::Frequency,
            Order::Lru | Order::Lrm => Access::Clock(txn.access_clock),
            _ => Access::None,
        };
        let sink = witness_all(txn, if plan.resp { Form::Requests } else { Form::File(access) });
        let databases = 0..store.databases as u32;
        let expiring = databases.clone().any(|db| store.counters.due(db) > 0);
        let sizes: Vec<_> = databases.map(|db| (store.counters.keys(db), store.counters.expires(db))).collect();
        Snapshot {
            server,
            sink,
            expiring,
            keys: sizes.iter().map(|(keys, _)| keys).sum(),
            dirty: store.dirty.load(Relaxed),
            flushes: store.flushes.load(Relaxed),
            ends_by_flush: !plan.base,
            sizes,
        }
    }

    fn write(&self, plan: &Plan, libraries: &[Vec<u8>], txn: &mut Txn, output: &mut Output) -> io::Result<()> {
        self.head(plan, libraries, output)?;
        let mut file =
            Body { output, db: None, sizes: &self.sizes, sink: &self.sink, room: Vec::new(), bytes: Vec::new() };
        for shard in 0..self.server.store.shards_count() {
            self.walk(shard, txn, &mut file)?;
        }
        // Tables that were taken away meanwhile are written down where they are freed.
        loop {
            let tables = self.sink.tables.load(Acquire);
            file.take(self.server)?;
            self.may_go_on()?;
            if tables == 0 {
                return Ok(());
            }
            thread::sleep(TABLES_WAIT);
        }
    }

    fn head(&self, plan: &Plan, libraries: &[Vec<u8>], output: &mut Output) -> io::Result<()> {
        if plan.resp {
            let mut bytes = Vec::new();
            if self.server.durability.aof_stamps.load(Relaxed) {
                bytes.extend_from_slice(format!("#TS:{}\r\n", clock::now_ms() / 1000).as_bytes());
            }
            for source in libraries {
                push_request(&mut bytes, OwnedArgs::of(&[b"FUNCTION", b"LOAD", source]).borrow());
            }
            return output.push(&bytes);
        }
        let mut bytes = Vec::new();
        push_head(self.server, Head { expiring: self.expiring, base: plan.base, libraries }, &mut bytes);
        output.push(&bytes)
    }

    /// Lets the witnesses of a shard see all, in slices.
    fn walk(&self, shard: u32, txn: &mut Txn, file: &mut Body) -> io::Result<()> {
        let delay_us = self.server.durability.key_save_delay_us.load(Relaxed);
        loop {
            self.may_go_on()?;
            if !txn.latch(shard) {
                thread::sleep(SHARD_BUSY_WAIT);
                continue;
            }
            let began = Instant::now();
            let more = txn.with_shard(shard, |shard| {
                let mut more = false;
                for db in 0..shard.databases() {
                    while shard.table_mut(db).step_witness() {
                        if began.elapsed() > SLICE || delay_us > 0 {
                            return true;
                        }
                    }
                }
                // One may have changed its place with another (SWAPDB).
                (0..shard.databases()).for_each(|db| more |= shard.table(db).has_witness());
                more
            });
            self.server.wake(txn.release());
            let keys = file.take(self.server)?;
            self.rest(Duration::from_micros(delay_us.max(0) as u64 * keys));
            if more != Ok(true) {
                return Ok(());
            }
        }
    }

    /// Err: it is given up.
    fn may_go_on(&self) -> io::Result<()> {
        let durability = &self.server.durability;
        if self.ends_by_flush && self.flushes != self.server.store.flushes.load(Relaxed) {
            durability.cancel();
        }
        if self.sink.cancelled.load(Relaxed) || durability.is_cancelled() {
            return Err(io::Error::other(GIVEN_UP));
        }
        Ok(())
    }

    /// `rdb-key-save-delay`, unless the directive is changed or the snapshot given up meanwhile.
    fn rest(&self, length: Duration) {
        let until = Instant::now() + length;
        let durability = &self.server.durability;
        while Instant::now() < until && self.may_go_on().is_ok() && durability.key_save_delay_us.load(Relaxed) > 0 {
            thread::sleep(until.saturating_duration_since(Instant::now()).min(REST_LOOK));
        }
    }

    /// Takes the witnesses out that are left.
    fn walk_rest(&self, txn: &mut Txn) {
        for shard in 0..self.server.store.shards_count() {
            while !txn.latch(shard) {
                thread::sleep(SHARD_BUSY_WAIT);
            }
            let _ = txn.with_shard(shard, |shard| {
                (0..shard.databases()).for_each(|db| while shard.table_mut(db).step_witness() {});
            });
            self.server.wake(txn.release());
        }
    }
}

/// What stands before the keys of a file.
pub(super) struct Head<'h> {
    /// Fields of hashes expire.
    pub expiring: bool,
    /// It is the base of an append-only file.
    pub base: bool,
    pub libraries: &'h [Vec<u8>],
}

pub(super) fn push_head(server: &Server, head: Head, bytes: &mut Vec<u8>) {
    let version = if head.expiring { VERSION_EXPIRING } else { VERSION_COMMON };
    bytes.extend(format!("REDIS{version:04}").into_bytes());
    let mut fact = |name: &str, value: &str| {
        bytes.push(0xfa);
        write_string(name.as_bytes(), bytes);
        write_string(value.as_bytes(), bytes);
    };
    fact("redis-ver", REDIS_VERSION);
    fact("zedis-ver", VERSION);
    fact("redis-bits", "64");
    fact("ctime", &(clock::now_ms() / 1000).to_string());
    fact("used-mem", &server.used_memory().to_string());
    fact("aof-base", if head.base { "1" } else { "0" });
    for source in head.libraries {
        if is_of_redis(source) {
            bytes.push(0xf5);
        } else {
            // Redis refuses a file with a library in another language, and passes over facts that it does not know.
            bytes.push(0xfa);
            write_string(LIBRARY_FACT, bytes);
        }
        write_string(source, bytes);
    }
}

/// The keys of a file.
struct Body<'o> {
    output: &'o mut Output,
    db: Option<u32>,
    sizes: &'o [(u64, u64)],
    sink: &'o Sink,
    room: Vec<u8>,
    bytes: Vec<u8>,
}

impl Body<'_> {
    /// Writes what the witnesses have handed over; gives how many keys.
    fn take(&mut self, server: &Server) -> io::Result<u64> {
        let (pieces, large) = self.sink.take();
        let mut keys = 0;
        for piece in pieces {
            self.select(piece.db)?;
            self.output.push(&piece.bytes)?;
            keys += piece.keys;
        }
        for (db, entry) in large {
            self.select(db)?;
            self.bytes.clear();
            self.sink.write(entry.borrow(), &mut self.room, &mut self.bytes);
            self.output.push(&self.bytes)?;
            keys += 1;
        }
        let durability = &server.durability;
        durability.save_keys_done.fetch_add(keys, Relaxed);
        durability.cow_bytes.fetch_max(self.sink.waiting_max.load(Relaxed), Relaxed);
        Ok(keys)
    }

    fn select(&mut self, db: u32) -> io::Result<()> {
        if self.db.replace(db) == Some(db) {
            return Ok(());
        }
        if self.sink.form == Form::Requests {
            let mut bytes = Vec::new();
            push_request(&mut bytes, OwnedArgs::of(&[b"SELECT", db.to_string().as_bytes()]).borrow());
            return self.output.push(&bytes);
        }
        let mut bytes = vec![0xfe];
        write_length(db as usize, &mut bytes);
        let (keys, expiring) = self.sizes[db as usize];
        bytes.push(0xfb);
        write_length(keys as usize, &mut bytes);
        write_length(expiring as usize, &mut bytes);
        self.output.push(&bytes)
    }
}
