//! Loading an RDB file into an empty server, on a thread of its own, while the cores answer that they are loading.
//!
//! Keys are read and put into their shards by as many threads as there are processors (`parallel.rs`). Keys that have expired are left
//! out, as a master of Redis does.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use super::file::{Failure, File, Item, Key, Record};
use super::parallel::{self, Terms};
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
    let terms = Terms { began_ms: clock::now_ms(), keep_expired: base.is_some() };
    let mut file = File::open(bytes, check_sum).map_err(place)?;
    let (mut libraries, mut modules) = (Vec::new(), Vec::new());
    let loading = &server.loading;
    loading.bytes_loaded.store(before, Relaxed);
    let empty = parallel::load(server, &mut file, terms, |record| match record {
        Record::Fact(name, value) => tell_fact(server, &name, &value),
        Record::Library(source) => libraries.push(source),
        Record::Module(name, key) => tell_module(server, name, key, &mut modules),
        Record::Key(_) => (),
    });
    // Threads came upon it in whatever order; what is told of is what stands first in the file.
    let empty = empty.map_err(|text| refusal(server, bytes, check_sum, terms).unwrap_or(text))?;
    loading.bytes_loaded.store(before + file.position() as u64, Relaxed);
    let (loaded, expired) = (loading.keys_loaded.load(Relaxed), loading.keys_expired.load(Relaxed));
    let skipped = if empty > 0 { format!(", empty keys skipped: {empty}") } else { String::new() };
    server.log.push(NOTICE, format!("Done loading RDB, keys loaded: {loaded}, keys expired: {expired}{skipped}."));
    if base.is_none() {
        let seconds = (clock::now_ms() - terms.began_ms) as f64 / 1000.0;
        server.log.push(NOTICE, format!("DB loaded from disk: {seconds:.3} seconds"));
    }
    Ok(Loaded { libraries, end: file.position() })
}

/// Says where a file failed.
pub(super) fn place(failure: Failure) -> String {
    format!("{} at offset {}", failure.text, failure.at)
}

/// What a reader from front to back refuses first in a file. None: nothing that the file alone is the reason of.
fn refusal(server: &Server, bytes: &[u8], check_sum: bool, terms: Terms) -> Option<String> {
    let store = &server.store;
    let mut seen = HashSet::new();
    let mut read = || -> Result<(), String> {
        let mut file = File::open(bytes, check_sum).map_err(place)?;
        while let Some(item) = file.next_item().map_err(place)? {
            let (head, key) = match item {
                Item::Text(head, key, _) => (head, key),
                Item::Value(head, key, value) if !value.is_empty() => (head, key),
                _ => continue,
            };
            if terms.leaves_out(head.expiry) {
                continue;
            }
            parallel::database_fits(head.db, store.databases)?;
            if !seen.insert((head.db, store.hash(&key))) {
                return Err(parallel::duplicated(head.db, &key));
            }
        }
        Ok(())
    };
    read().err()
}

/// Puts a key into its shard, which is latched.
pub fn put(txn: &mut Txn, key: Key) -> Result<(), String> {
    let Key { db, key, value, expiry, idle_s, frequency } = key;
    let store = txn.store;
    parallel::database_fits(db, store.databases)?;
    txn.db = db as u32;
    if txn.exists(&key) {
        return Err(parallel::duplicated(db, &key));
    }
    value.make(&store.settings, |value| txn.set(&key, value, expiry.map_or(Expiry::Clear, Expiry::At)));
    txn.mark_access(&key, idle_s, frequency);
    Ok(())
}

fn tell_fact(server: &Server, name: &[u8], value: &[u8]) {
    let value = String::from_utf8_lossy(value);
    match name {
        b"redis-ver" => server.log.push(NOTICE, format!("Loading RDB produced by version {value}")),
        b"used-mem" => {
            let bytes = value.parse::<i64>().unwrap_or(0).max(0);
            server.loading.rdb_used_bytes.store(bytes as u64, Relaxed);
            let megabytes = bytes as f64 / (1024.0 * 1024.0);
            server.log.push(NOTICE, format!("RDB memory usage when created {megabytes:.2} Mb"));
        }
        b"aof-base" if value != "0" => server.log.push(NOTICE, "RDB is base AOF".into()),
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
