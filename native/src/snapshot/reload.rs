//! DEBUG RELOAD: every key written to the file of snapshots, and read again; or what is in that file read beside what is there.

use std::collections::HashSet;
use std::path::Path;

use super::direct::save;
use super::file::{File, Key, Record};
use super::libraries::name_of;
use super::load::{place, put};
use super::parallel::{database_fits, duplicated};
use crate::session::server::Server;
use crate::sys::files::Mapped;
use crate::txn::Txn;

const NOTICE: u8 = 2;
const WARNING: u8 = 3;

/// The options of DEBUG RELOAD.
#[derive(Clone, Copy)]
pub struct Options {
    pub save: bool,
    pub flush: bool,
    /// Keys in the file go before those that are there.
    pub merge: bool,
}

/// Why not. The data set is as it was, and the log has been told.
pub enum Refused {
    Save,
    Load,
}

/// All shards are latched. What changes is not logged to the append-only file, as in Redis. Gives the libraries of functions in the file,
/// which the main thread puts in place of those that are there, or beside them.
pub fn reload(server: &'static Server, txn: &mut Txn, options: Options) -> Result<Vec<Vec<u8>>, Refused> {
    let name = server.settings.text("dbfilename");
    if options.save {
        save(server, txn).map_err(|error| {
            server.log.push(WARNING, format!("Error saving {name} for DEBUG RELOAD: {error}"));
            Refused::Save
        })?;
    }
    // What has expired goes when its time comes, with a trace in the append-only file.
    let (db, keep_expired) = (txn.db, std::mem::replace(&mut txn.keep_expired, true));
    let loaded = load(server, txn, Path::new(&name), options);
    (txn.db, txn.keep_expired) = (db, keep_expired);
    let libraries = loaded.map_err(|text| {
        server.log.push(WARNING, format!("DEBUG RELOAD: {text} (file {name}); the data set is as it was"));
        Refused::Load
    })?;
    server.log.push(NOTICE, "DB reloaded by DEBUG RELOAD".into());
    Ok(libraries)
}

fn load(server: &Server, txn: &mut Txn, path: &Path, options: Options) -> Result<Vec<Vec<u8>>, String> {
    let bytes = Mapped::open(path).map_err(|error| error.to_string())?;
    let (keys, libraries) = read(&bytes)?;
    let databases = txn.store.databases as u32;
    let mut names = HashSet::new();
    for key in &keys {
        database_fits(key.db, databases as usize)?;
        let is_there = !options.flush && !options.merge && {
            txn.db = key.db as u32;
            txn.exists(&key.key)
        };
        if is_there || !names.insert((key.db, &key.key)) && !options.merge {
            return Err(duplicated(key.db, &key.key));
        }
    }
    let there = server.durability.libraries();
    let is_there = |name: &[u8]| there.iter().any(|library| name_of(library) == name);
    if !options.flush
        && !options.merge
        && let Some(twice) = libraries.iter().map(|library| name_of(library)).find(|name| is_there(name))
    {
        return Err(format!("Library {} already exists", String::from_utf8_lossy(twice)));
    }
    if options.flush {
        for shard in 0..txn.store.shards_count() {
            (0..databases).for_each(|db| txn.clear_table(shard, db, true));
        }
    }
    for key in keys {
        txn.db = key.db as u32;
        if options.merge {
            txn.remove(&key.key);
        }
        put(txn, key)?;
    }
    Ok(libraries)
}

/// The keys in a file, and its libraries.
fn read(bytes: &[u8]) -> Result<(Vec<Key>, Vec<Vec<u8>>), String> {
    let (mut keys, mut libraries) = (Vec::new(), Vec::new());
    let mut file = File::open(bytes, true).map_err(place)?;
    while let Some(record) = file.next_record().map_err(place)? {
        match record {
            Record::Key(key) if !key.value.is_empty() => keys.push(*key),
            Record::Library(source) => libraries.push(source),
            _ => (),
        }
    }
    Ok((keys, libraries))
}
