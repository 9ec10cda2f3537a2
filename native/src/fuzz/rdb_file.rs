//! RDB files: any bytes are read to their end or refused, in bounded time, and nothing stands in a file that was cut. Who passes over
//! records comes to where who reads them does, and several threads load what one reads.

use std::collections::BTreeSet;

use super::payload::{CONTENTS, written};
use super::{Draw, run, run_heavy};
use crate::commands::table::table;
use crate::session::server::Server;
use crate::snapshot::file::{File, Record};
use crate::snapshot::load::load;
use crate::sys::clock;
use crate::txn::Txn;

const RECORDS: &[&[u8]] = &[
    b"\xfa\x09redis-ver\x055.0.1",
    b"\xfe\x03\xfb\x02\x01",
    b"\xfc\x10\x27\0\0\0\0\0\0\xf9\x07\x00\x01k\x01v",
    b"\xfd\x10\x27\0\0\xf8\x07\x02\x01s\x02\x01a\x01b",
    b"\xf5\x03lib",
    b"\xf4\x01\x02\x03",
    b"\x07\x01m\x81\0\0\0\0\0\0\x04\0\x02\x05\x05\x01x\x04\0\0\0\0\0\0\0\0\0",
    b"\xf7\x81\0\0\0\0\0\0\x04\0\x02\x02\x02\x01\x05\x03aux\0",
    b"\x16\x01h\x01\x01a\x01b\xff\xff\xff\xff\xff\xff\xff\xff",
];

#[test]
fn files_are_read_to_their_end_or_refused() {
    run("rdb files", 100_000, |draw| {
        let mut bytes = draw.pick(&[&b"REDIS0009"[..], b"REDIS0012", b"REDIS0003", b"VALKEY080"]).to_vec();
        for _ in 0..draw.below(6) {
            bytes.extend_from_slice(draw.pick(RECORDS));
        }
        bytes.push(0xff);
        bytes.extend([0; 8]);
        if draw.below(4) > 0 {
            draw.damage(&mut bytes, b"\x00\x01\x02\x40\x80\x81\xc0\xc3\xf0\xf3\xf4\xf5\xf7\xf8\xfa\xfb\xfe\xff");
        }
        let Ok(mut file) = File::open(&bytes, true) else { return };
        let (mut records, mut at) = (0, file.position());
        while let Ok(Some(record)) = file.next_record() {
            assert!(file.position() > at && !matches!(record, Record::Key(key) if key.key.len() > bytes.len() * 88));
            at = file.position();
            records += 1;
        }
        assert!(records <= bytes.len());
    });
}

const TELLING: &[u8] = b"\x00\x01\x02\x03\x40\x80\x81\xc0\xc3\xf0\xf3\xf4\xf5\xf7\xf8\xfa\xfb\xfc\xfe\xff";

/// Keys of every type, and what stands between them; damaged most of the time.
fn file(draw: &mut Draw, written: &[Vec<u8>], damaged_percent: u64) -> Vec<u8> {
    let mut bytes = draw.pick(&[&b"REDIS0009"[..], b"REDIS0012", b"REDIS0003", b"VALKEY080"]).to_vec();
    for number in 0..draw.below(12) {
        let at = draw.below(CONTENTS.len() + written.len() + RECORDS.len());
        match CONTENTS.get(at).copied().or(written.get(at.wrapping_sub(CONTENTS.len())).map(Vec::as_slice)) {
            Some(content) => {
                // Seldom the same key twice.
                let name = if draw.chance(2) { 0 } else { number as u8 };
                bytes.extend([content[0], 2, b'k', b'0' + name]);
                bytes.extend_from_slice(&content[1..]);
            }
            None => bytes.extend_from_slice(RECORDS[at - CONTENTS.len() - written.len()]),
        }
    }
    bytes.push(0xff);
    bytes.extend([0; 8]);
    if draw.chance(damaged_percent) {
        draw.damage(&mut bytes, TELLING);
    }
    bytes
}

#[test]
fn records_are_passed_over_to_where_they_end() {
    let written = written();
    run("rdb files passed over", 100_000, |draw| {
        let bytes = file(draw, &written, 60);
        let (Ok(mut read), Ok(mut passed)) = (File::open(&bytes, true), File::open(&bytes, true)) else { return };
        loop {
            let (record, skipped) = (read.next_record(), passed.skip_record());
            match record {
                // It may be damaged where only who reads it looks.
                Err(failure) => {
                    assert!(skipped.is_ok() || skipped == Err(failure));
                    return;
                }
                Ok(record) => {
                    let beside = record.as_ref().map(|one| !matches!(one, Record::Key(_)));
                    let skipped = skipped.expect("it was read");
                    assert_eq!(skipped.map(|record| record.is_some()), beside);
                    assert_eq!((passed.position(), passed.db()), (read.position(), read.db()));
                    if beside.is_none() {
                        return;
                    }
                }
            }
        }
    });
}

/// What one thread makes of a file, front to back.
fn by_one(bytes: &[u8], server: &Server, base: bool) -> Result<BTreeSet<(u64, Vec<u8>)>, String> {
    let told = |failure: crate::snapshot::file::Failure| format!("{} at offset {}", failure.text, failure.at);
    let (mut file, mut keys, now_ms) = (File::open(bytes, true).map_err(told)?, BTreeSet::new(), clock::now_ms());
    while let Some(record) = file.next_record().map_err(told)? {
        let Record::Key(key) = record else { continue };
        if key.value.is_empty() || !base && key.expiry.is_some_and(|at_ms| at_ms < now_ms) {
            continue;
        }
        if key.db >= server.store.databases as u64 {
            let (db, databases) = (key.db, server.store.databases);
            return Err(format!(
                "a key of database {db}, where `databases` allows {databases}: raise it to {}",
                db + 1
            ));
        }
        let name = String::from_utf8_lossy(&key.key).into_owned();
        if !keys.insert((key.db, key.key)) {
            return Err(format!("RDB has duplicated key '{name}' in DB {}", key.db));
        }
    }
    Ok(keys)
}

#[test]
fn threads_load_what_one_reads_or_refuse_it_for_the_same_reason() {
    let written = written();
    let server: &'static Server = Box::leak(Box::new(Server::new(1, 0, 4, 4, table().catalog())));
    run_heavy("rdb files loaded", 2_000, 20, |draw| {
        let (bytes, base) = (file(draw, &written, 30), draw.chance(50));
        let loaded = load(server, &bytes, true, base.then_some(0));
        assert_eq!(loaded.map(|_| ()), by_one(&bytes, server, base).map(|_| ()));
        let mut keys = BTreeSet::new();
        let mut txn = Txn::helper(&server.store);
        for shard in 0..server.store.shards_count() {
            for db in 0..server.store.databases as u32 {
                let _ = txn.with_shard(shard, |shard| {
                    shard.table(db).for_each(|entry| {
                        keys.insert((db as u64, entry.key().to_vec()));
                    });
                });
                assert!(txn.latch(shard), "nobody holds it");
                txn.clear_table(shard, db, true);
                txn.release();
            }
        }
        if let Ok(wanted) = by_one(&bytes, server, base) {
            assert_eq!(keys, wanted);
        }
        assert_eq!((0..server.store.databases as u32).map(|db| server.store.counters.keys(db)).sum::<u64>(), 0);
        while server.log.pop().is_some() {}
    });
}
