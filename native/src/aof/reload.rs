//! DEBUG LOADAOF: the data set in place of itself, out of the append-only file.

use std::time::{Duration, Instant};

use super::open::{Place, parts, read_manifest};
use super::replay::{End, Replay};
use crate::session::server::Server;
use crate::snapshot::file::{File, Record};
use crate::snapshot::load::put;
use crate::sys::files::Mapped;
use crate::txn::Txn;

/// How long it waits for the log to be written.
const WRITTEN_WAIT: Duration = Duration::from_secs(10);

/// Loads the file into the store, whose shards are all latched; gives the libraries of its base. What it says of libraries behind that
/// waits in `Loading::functions`. Err: why not; the data set is empty or part of it then.
pub fn reload(server: &'static Server, place: &Place, txn: &mut Txn) -> Result<Vec<Vec<u8>>, String> {
    let log = &server.store.log;
    if log.is_on() {
        let (tail, began) = (log.tail(), Instant::now());
        server.want_sync(tail);
        while log.durable() < tail {
            if began.elapsed() > WRITTEN_WAIT {
                return Err("the log could not be written".into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    let manifest = read_manifest(place)?.ok_or("there is no append only file")?;
    let (db, now_ms) = (txn.db, txn.now_ms);
    let records = txn.set_recording(false);
    for shard in 0..txn.store.shards_count() {
        (0..txn.store.databases as u32).for_each(|db| txn.clear_table(shard, db, true));
    }
    let mut libraries = Vec::new();
    let mut replay = Replay::new(server, txn, true);
    let outcome = parts(&manifest).try_for_each(|part| load_part(place, &part.name, &mut replay, &mut libraries));
    let functions = std::mem::take(&mut replay.functions);
    txn.set_recording(records);
    (txn.db, txn.now_ms) = (db, now_ms);
    txn.unprime();
    outcome?;
    *server.loading.functions() = functions.into();
    Ok(libraries)
}

fn load_part(place: &Place, name: &str, replay: &mut Replay, libraries: &mut Vec<Vec<u8>>) -> Result<(), String> {
    let mapped = Mapped::open(&place.path(name)).map_err(|error| format!("{name}: {error}"))?;
    let mut skip = 0;
    if mapped.starts_with(b"REDIS") || mapped.starts_with(b"VALKEY") {
        let failed =
            |failure: crate::snapshot::file::Failure| format!("{} at offset {} of {name}", failure.text, failure.at);
        let mut file = File::open(&mapped, place.check_sum).map_err(failed)?;
        while let Some(record) = file.next_record().map_err(failed)? {
            match record {
                Record::Key(key) => put(replay.txn, *key)?,
                Record::Library(source) => libraries.push(source),
                _ => (),
            }
        }
        replay.txn.commit();
        replay.add_libraries(libraries);
        skip = file.position();
    }
    match replay.run(&mapped, skip, 0)? {
        End::Whole => Ok(()),
        End::Short { whole } => Err(format!("{name} ends in a request behind byte {whole}")),
    }
}
