//! DEBUG RELOAD: every key written as in a file, and read again, in memory.

use super::file::{File, Record};
use super::load::put;
use super::witness::{Access, Form, Sink};
use crate::txn::Txn;

/// Writes all keys down, empties the store, and reads them again. All shards are latched. Err: what was written cannot be read; the data
/// set is as it was.
pub fn reload(txn: &mut Txn) -> Result<(), String> {
    let sink = Sink::new(Form::File(Access::None));
    let (mut bytes, mut room) = (b"REDIS0012".to_vec(), Vec::new());
    let databases = txn.store.databases as u32;
    for db in 0..databases {
        bytes.push(0xfe);
        super::bytes::write_length(db as usize, &mut bytes);
        for shard in 0..txn.store.shards_count() {
            let _ = txn.with_shard(shard, |shard| {
                shard.table(db).for_each(|entry| sink.write(entry, &mut room, &mut bytes));
            });
        }
    }
    bytes.push(0xff);
    bytes.extend([0; 8]);
    let failed = |failure: super::file::Failure| format!("{} at offset {}", failure.text, failure.at);
    let (mut file, mut keys) = (File::open(&bytes, false).map_err(failed)?, Vec::new());
    while let Some(record) = file.next_record().map_err(failed)? {
        if let Record::Key(key) = record {
            keys.push(key);
        }
    }
    for shard in 0..txn.store.shards_count() {
        (0..databases).for_each(|db| txn.clear_table(shard, db, true));
    }
    let (db, keep_expired) = (txn.db, std::mem::replace(&mut txn.keep_expired, true));
    for key in keys {
        put(txn, *key)?;
    }
    (txn.db, txn.keep_expired) = (db, keep_expired);
    Ok(())
}
