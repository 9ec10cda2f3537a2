//! Loading an RDB file into an empty server, on a thread of its own, while the cores answer that they are loading.
//!
//! Keys are parsed and put into their shards one by one. Keys that have expired are left out, as a master of Redis does.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;

use super::file::{File, Key, Record};
use crate::session::server::Server;
use crate::sys::clock;
use crate::sys::files::Mapped;
use crate::txn::Txn;
use crate::txn::access::Expiry;

/// Levels of the log.
const NOTICE: u8 = 2;
const WARNING: u8 = 3;
/// Names of modules that are told of, each once.
const MODULES_MAX: usize = 64;

/// Begins to load a file; requests are refused from now until [`Server::end_loading`]. False: there is no such file. Call it before
/// the cores run. Err: it cannot be opened.
pub fn start(server: &'static Server, path: PathBuf, check_sum: bool) -> Result<bool, String> {
    let mapped = match Mapped::open(&path) {
        Ok(mapped) => mapped,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => {
            return Err(format!("Fatal error: can't open the RDB file {} for reading: {error}", path.display()));
        }
    };
    server.begin_loading(mapped.len() as u64);
    let load = move || {
        let outcome = catch_unwind(AssertUnwindSafe(|| load(server, &mapped, check_sum, None)))
            .unwrap_or_else(|_| Err("Loading failed by a fault of this program".into()))
            .map_err(|text| refused(&path, &text));
        server.loading.finish(outcome.map(|loaded| loaded.libraries));
    };
    thread::Builder::new().name("zedis-load".into()).spawn(load).map_err(|error| error.to_string())?;
    Ok(true)
}

fn refused(path: &Path, text: &str) -> String {
    format!("{text} (file {})", path.display())
}

/// What came of a file.
pub struct Loaded {
    /// The sources of the libraries of functions in it.
    pub libraries: Vec<Vec<u8>>,
    /// Where it ends: more may stand behind it.
    pub end: usize,
}

/// Puts what is in a file into the empty store. `base`: it is that of an append-only file, whose requests may be meant for keys that have
/// expired by now; so many bytes of other files were loaded before it.
pub fn load(server: &'static Server, bytes: &[u8], check_sum: bool, base: Option<u64>) -> Result<Loaded, String> {
    let before = base.unwrap_or(0);
    let began_ms = clock::now_ms();
    let at = |failure: super::file::Failure| format!("{} at offset {}", failure.text, failure.at);
    let mut file = File::open(bytes, check_sum).map_err(at)?;
    let mut txn = Txn::helper(&server.store);
    txn.set_clock(began_ms);
    if base.is_some() {
        txn.now_ms = 0;
    }
    let (mut libraries, mut modules, mut empty) = (Vec::new(), Vec::new(), 0u64);
    let loading = &server.loading;
    while let Some(record) = file.next_record().map_err(at)? {
        loading.bytes_loaded.store(before + file.position() as u64, Relaxed);
        match record {
            Record::Fact(name, value) => tell_fact(server, &name, &value),
            Record::Library(source) => libraries.push(source),
            Record::Module(name, key) => tell_module(server, name, key, &mut modules),
            Record::Key(key) if key.value.is_empty() => empty += 1,
            Record::Key(key) if base.is_none() && key.expiry.is_some_and(|at_ms| at_ms < began_ms) => {
                loading.keys_expired.fetch_add(1, Relaxed);
            }
            Record::Key(key) => {
                insert(&mut txn, *key)?;
                let loaded = loading.keys_loaded.fetch_add(1, Relaxed);
                match loading.key_delay_us.load(Relaxed) {
                    0 => (),
                    us @ 1.. => thread::sleep(Duration::from_micros(us as u64)),
                    keys if loaded.is_multiple_of(keys.unsigned_abs()) => thread::sleep(Duration::from_micros(1)),
                    _ => (),
                }
            }
        }
    }
    if empty > 0 {
        server.log.push(NOTICE, format!("Done loading RDB, empty keys skipped: {empty}."));
    }
    let (loaded, expired) = (loading.keys_loaded.load(Relaxed), loading.keys_expired.load(Relaxed));
    server.log.push(NOTICE, format!("Done loading RDB, keys loaded: {loaded}, keys expired: {expired}."));
    let seconds = (clock::now_ms() - began_ms) as f64 / 1000.0;
    server.log.push(NOTICE, format!("DB loaded from disk: {seconds:.3} seconds"));
    Ok(Loaded { libraries, end: file.position() })
}

fn insert(txn: &mut Txn, key: Key) -> Result<(), String> {
    let shard = txn.shard_of(&key.key);
    while !txn.latch(shard) {
        thread::yield_now();
    }
    let put = put(txn, key);
    txn.commit();
    txn.release();
    put
}

/// Puts a key into its shard, which is latched.
pub fn put(txn: &mut Txn, key: Key) -> Result<(), String> {
    let Key { db, key, value, expiry, idle_s, frequency } = key;
    let store = txn.store;
    if db >= store.databases as u64 {
        let databases = store.databases;
        return Err(format!("a key of database {db}, where `databases` allows {databases}: raise it to {}", db + 1));
    }
    txn.db = db as u32;
    let new = !txn.exists(&key);
    if new {
        value.make(&store.settings, |value| txn.set(&key, value, expiry.map_or(Expiry::Clear, Expiry::At)));
        txn.mark_access(&key, idle_s, frequency);
    }
    if new { Ok(()) } else { Err(format!("RDB has duplicated key '{}' in DB {db}", String::from_utf8_lossy(&key))) }
}

fn tell_fact(server: &Server, name: &[u8], value: &[u8]) {
    let value = String::from_utf8_lossy(value);
    match name {
        b"redis-ver" => server.log.push(NOTICE, format!("Loading RDB produced by version {value}")),
        b"valkey-ver" => server.log.push(NOTICE, format!("Loading RDB produced by Valkey version {value}")),
        b"ctime" => {
            let age_s = value.parse::<i64>().map_or(0, |at_s| (clock::now_ms() / 1000 - at_s).max(0));
            server.log.push(NOTICE, format!("RDB age {age_s} seconds"));
        }
        _ => (),
    }
}

fn tell_module(server: &Server, name: String, key: Option<Vec<u8>>, told: &mut Vec<String>) {
    if told.len() >= MODULES_MAX || told.contains(&name) {
        return;
    }
    let what = match key {
        Some(key) => format!("key '{}' and others of its type are", String::from_utf8_lossy(&key)),
        None => "what it keeps beside keys is".into(),
    };
    server.log.push(
        WARNING,
        format!("The RDB file contains data of the module type '{name}', which is not known: {what} skipped"),
    );
    told.push(name);
}
