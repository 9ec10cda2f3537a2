//! Snapshots that a core writes itself, with all shards latched: of DEBUG RELOAD, and of what FLUSHALL leaves.

use std::io;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;

use super::bytes::write_length;
use super::output::{Manner, Output};
use super::save::{Head, push_head};
use super::witness::{Access, Form, Sink};
use crate::session::server::Server;
use crate::sys::clock;
use crate::txn::Txn;

const WARNING: u8 = 3;
/// More keys than that behind FLUSHALL, in one transaction, are left to a snapshot beside, which is begun soon.
const KEYS_MAX: u64 = 1000;

/// Behind FLUSHALL, before anybody sees what it did: where there are rules for saving (`save`), the file of snapshots is to hold what is left,
/// so that a crash does not bring back what is gone. As in Redis, who asked for it waits.
#[cold]
pub fn save_after_flush(server: &Server, txn: &mut Txn) {
    let store = &server.store;
    let keys: u64 = (0..store.databases as u32).map(|db| store.counters.keys(db)).sum();
    if keys > KEYS_MAX || server.settings.text("save").is_empty() || server.is_loading() {
        return;
    }
    let (flushes, dirty) = (store.flushes.load(Relaxed), store.dirty.load(Relaxed));
    // A snapshot of before that goes on gives up from now on, or has put its file in place already.
    let durability = &server.durability;
    let outcome = {
        let _one = durability.placing.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        save(server, txn)
    };
    match outcome {
        Ok(_) => {
            store.dirty.fetch_sub(dirty, Relaxed);
            durability.saved_s.store(clock::now_ms() / 1000, Relaxed);
            durability.saves.fetch_add(1, Relaxed);
            durability.save_failed.store(false, Relaxed);
            durability.flushes_saved.store(flushes, Relaxed);
        }
        Err(error) => server.log.push(WARNING, format!("Error saving behind FLUSHALL: {error}; it is tried again")),
    }
}

/// Writes the whole data set to the file of snapshots. All shards are latched. Gives how many bytes.
pub(super) fn save(server: &Server, txn: &mut Txn) -> io::Result<u64> {
    let name = server.settings.text("dbfilename");
    let sink = Sink::new(Form::File(Access::None));
    let (mut bytes, mut room) = (Vec::new(), Vec::new());
    let databases = txn.store.databases as u32;
    let expiring = (0..databases).any(|db| txn.store.counters.due(db) > 0);
    push_head(server, Head { expiring, base: false, libraries: &server.durability.libraries() }, &mut bytes);
    for db in 0..databases {
        if txn.store.counters.keys(db) == 0 {
            continue;
        }
        bytes.push(0xfe);
        write_length(db as usize, &mut bytes);
        for shard in 0..txn.store.shards_count() {
            let _ = txn.with_shard(shard, |shard| {
                shard.table(db).for_each(|entry| sink.write(entry, &mut room, &mut bytes));
            });
        }
    }
    let manner = Manner { sum: server.settings.text("rdbchecksum") != "no", sync_often: false, rate: 0 };
    let mut output = Output::create_beside(Path::new(&name), manner)?;
    output.push(&bytes)?;
    output.push_sum()?;
    output.finish()
}
