//! What keeps a table as it was when a snapshot began: entries are written down before they change.
//!
//! ```text
//!   positions of a table, in equal ranges:   ▓▓▓▓▓░░▓░░░░▓░░     ▓ written down    ░ not yet
//!                                                 └ next: the saving thread goes on here, range by range
//!                                                       └ a change in a range not yet written has the whole range written first
//! ```
//!
//! A range is about a bucket: seven entries. One bit remembers it, so a snapshot costs an eighth of a byte for each bucket, and a change
//! costs the writing of a bucket once. Ranges are of hash positions, so tables may grow and shrink meanwhile.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};

use super::requests;
use super::value::write_under_key;
use crate::ds::entry::{Entry, EntryRef, Value};
use crate::ds::table::{POSITIONS, Table, Witness};
use crate::txn::Txn;

/// Objects of more elements are handed over as a copy that shares their parts, and written by the saving thread.
const ELEMENTS_MAX: usize = if cfg!(test) { 4 } else { 1000 };
/// Ranges of a table, at most.
const RANGES_MAX: usize = 1 << 20;

/// What the times of access of entries are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Not written.
    None,
    /// Seconds, 24 bits; now.
    Clock(u32),
    /// The low eight bits are how often.
    Frequency,
}

/// As what entries are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As they stand in an RDB file.
    File(Access),
    /// As requests that make them.
    Requests,
}

/// Entries of one database, written down.
pub struct Piece {
    pub db: u32,
    pub bytes: Vec<u8>,
    pub keys: u64,
}

#[derive(Default)]
struct Handed {
    pieces: Vec<Piece>,
    /// Large objects, by database.
    large: Vec<(u32, Entry)>,
}

/// Where witnesses put what they have written, until the saving thread takes it.
pub struct Sink {
    handed: Mutex<Handed>,
    /// Bytes that wait there, and the most that ever did.
    pub waiting: AtomicU64,
    pub waiting_max: AtomicU64,
    /// Tables that are not written down whole.
    pub tables: AtomicU64,
    /// Nobody wants it any more.
    pub cancelled: AtomicBool,
    pub form: Form,
}

impl Sink {
    pub fn new(form: Form) -> Sink {
        Sink {
            handed: Mutex::default(),
            waiting: AtomicU64::new(0),
            waiting_max: AtomicU64::new(0),
            tables: AtomicU64::new(0),
            cancelled: AtomicBool::new(false),
            form,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Handed> {
        self.handed.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Takes what waits.
    pub fn take(&self) -> (Vec<Piece>, Vec<(u32, Entry)>) {
        self.waiting.store(0, Relaxed);
        let mut handed = self.lock();
        (std::mem::take(&mut handed.pieces), std::mem::take(&mut handed.large))
    }

    fn put(&self, piece: Piece, large: Vec<(u32, Entry)>) {
        let waiting = self.waiting.fetch_add(piece.bytes.len() as u64, Relaxed) + piece.bytes.len() as u64;
        self.waiting_max.fetch_max(waiting, Relaxed);
        let mut handed = self.lock();
        handed.large.extend(large);
        match handed.pieces.last_mut() {
            Some(last) if last.db == piece.db => {
                last.bytes.extend_from_slice(&piece.bytes);
                last.keys += piece.keys;
            }
            _ if piece.keys > 0 => handed.pieces.push(piece),
            _ => (),
        }
    }

    /// Writes an entry down.
    pub fn write(&self, entry: EntryRef<'_>, room: &mut Vec<u8>, out: &mut Vec<u8>) {
        let Form::File(access) = self.form else {
            return requests::write(entry, out);
        };
        if let Some(at_ms) = entry.expiry() {
            out.push(0xfc);
            out.extend(at_ms.to_le_bytes());
        }
        match access {
            Access::None => (),
            Access::Clock(now) => {
                out.push(0xf8);
                super::bytes::write_length((now.wrapping_sub(entry.access()) & 0x00ff_ffff) as usize, out);
            }
            Access::Frequency => out.extend([0xf9, entry.access() as u8]),
        }
        write_under_key(entry, room, out);
    }
}

/// The witness of one table.
pub struct Keeper {
    sink: Arc<Sink>,
    /// The database that the table was when the snapshot began.
    db: u32,
    seen: Box<[u64]>,
    shift: u32,
    next: usize,
    ranges: usize,
    room: Vec<u8>,
}

impl Keeper {
    pub fn new(sink: &Arc<Sink>, db: u32, table: &Table) -> Keeper {
        let ranges = table.buckets().next_power_of_two().clamp(1, RANGES_MAX);
        sink.tables.fetch_add(1, Relaxed);
        Keeper {
            sink: sink.clone(),
            db,
            seen: vec![0; ranges.div_ceil(64)].into(),
            shift: POSITIONS.trailing_zeros() - ranges.trailing_zeros(),
            next: 0,
            ranges,
            room: Vec::new(),
        }
    }

    /// Writes the entries of a range down, where that has not been done.
    fn see(&mut self, table: &Table, range: usize) {
        let (word, bit) = (range / 64, 1u64 << (range % 64));
        if self.seen[word] & bit != 0 || self.sink.cancelled.load(Relaxed) {
            return;
        }
        self.seen[word] |= bit;
        let end = (range as u32 + 1) << self.shift;
        let mut position = (range as u32) << self.shift;
        let mut piece = Piece { db: self.db, bytes: Vec::new(), keys: 0 };
        let mut large = Vec::new();
        while position < end {
            position = table.scan_positions(position, |at, entry| {
                if at >= end {
                    return;
                }
                match entry.value() {
                    Value::Object(object) if object.len() > ELEMENTS_MAX => {
                        let mut copy = entry.duplicate(entry.key(), entry.expiry());
                        copy.set_access(entry.access());
                        large.push((self.db, copy));
                    }
                    _ => {
                        self.sink.write(entry, &mut self.room, &mut piece.bytes);
                        piece.keys += 1;
                    }
                }
            });
        }
        if piece.keys > 0 || !large.is_empty() {
            self.sink.put(piece, large);
        }
    }
}

impl Witness<Entry> for Keeper {
    fn before(&mut self, table: &Table, position: u32) {
        self.see(table, (position >> self.shift) as usize);
    }

    fn before_all(&mut self, table: &Table) {
        (self.next..self.ranges).for_each(|range| self.see(table, range));
    }

    fn step(&mut self, table: &Table) -> bool {
        if self.next < self.ranges {
            table.prefetch_position(((self.next + 1) as u32) << self.shift);
            self.see(table, self.next);
            self.next += 1;
        }
        self.next < self.ranges && !self.sink.cancelled.load(Relaxed)
    }
}

/// Puts a witness into each table that holds anything. All shards are latched.
pub fn witness_all(txn: &mut Txn, form: Form) -> Arc<Sink> {
    let sink = Arc::new(Sink::new(form));
    for shard in 0..txn.store.shards_count() {
        let _ = txn.with_shard(shard, |shard| {
            for db in 0..shard.databases() {
                if !shard.table(db).is_empty() {
                    let keeper = Keeper::new(&sink, db, shard.table(db));
                    shard.table_mut(db).set_witness(Box::new(keeper));
                }
            }
        });
    }
    sink
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.sink.tables.fetch_sub(1, std::sync::atomic::Ordering::Release);
    }
}
