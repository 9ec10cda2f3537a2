//! Loading on all processors: one thread cuts a file into pieces, others make the values and put them in.
//!
//! ```text
//!   cutter   skips from record to record, sums up ──▶ pieces of half a megabyte and more: pieces.rs
//!   hands    read a piece: entries ──▶ in the order of their shards ──▶ a shard at a time: latch, fetch its buckets, put in
//! ```
//!
//! What is no key is read by the cutter, in the order of the file. Keys stand once in a file, so that theirs does not matter; one that
//! stands twice is an error, whoever finds it.

use std::collections::VecDeque;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;

use super::file::{File, Head, Item, Piece, Record};
use super::load::place;
use super::pieces::Queue;
use crate::ds::entry::{Entry, NewValue};
use crate::session::server::Server;
use crate::store::counters::HELPERS_MAX;
use crate::sys::cpu;
use crate::txn::Txn;
use crate::txn::fill::Coming;

/// Where a piece ends: with the first record from here on. As many keys as make it worth to latch each of a thousand shards once.
const PIECE_BYTES: usize = if cfg!(test) { 64 } else { 512 << 10 };
/// The last helper makes room in the tables; the others are the hands.
const CUTTER: usize = HELPERS_MAX - 1;
/// Records between two reports of how far it is.
const RECORDS_PER_REPORT: u32 = 64;

/// So many keys that are left out since they hold nothing are named in the log.
const EMPTY_NAMED_MAX: u64 = 10;
const NOTICE: u8 = 2;

const FAULT: &str = "Loading failed by a fault of this program";

#[derive(Clone, Copy)]
pub struct Terms {
    pub began_ms: i64,
    /// Keys that had expired when it began are loaded too.
    pub keep_expired: bool,
}

impl Terms {
    /// Is a key that expires then left out?
    pub fn leaves_out(&self, expiry: Option<i64>) -> bool {
        !self.keep_expired && expiry.is_some_and(|at_ms| at_ms < self.began_ms)
    }
}

/// Puts the keys of a file into the store; `other` gets what is no key. Gives how many keys were of empty collections, which are left
/// out. Err: something is wrong with the file, not always the first thing that is; some keys are in the store then.
pub fn load(server: &'static Server, file: &mut File, terms: Terms, other: impl FnMut(Record)) -> Result<u64, String> {
    let queue = Queue::default();
    let whole = file.at(Piece { start: file.position(), end: file.length(), db: 0 });
    let hands = cpu::allowed().len().min(file.length() / PIECE_BYTES + 1).clamp(1, CUTTER);
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for index in 0..hands {
            let hand = Hand { server, file: &whole, queue: &queue, terms, index, hands };
            match thread::Builder::new().name("zedis-load".into()).spawn_scoped(scope, move || hand.run()) {
                Ok(thread) => threads.push(thread),
                Err(error) if index == 0 => queue.fail(format!("Can't load with another thread: {error}")),
                Err(_) => break,
            }
        }
        let cut = cut(server, file, &queue, other);
        queue.close();
        for thread in threads {
            if thread.join().is_err() {
                queue.fail(FAULT.into());
            }
        }
        cut?;
        queue.failure().map_or(Ok(()), Err)
    })?;
    Ok(queue.empty.load(Relaxed))
}

/// Goes through the file and hands out what is in it.
fn cut(server: &'static Server, file: &mut File, queue: &Queue, mut other: impl FnMut(Record)) -> Result<(), String> {
    let mut txn = Txn::helper_of(&server.store, CUTTER);
    // Type, key and value of each are a byte at least: no file is believed to have more.
    let mut room = file.length() / 3;
    let mut start = (file.position(), file.db());
    loop {
        let before = file.position();
        let record = file.skip_record().map_err(|failure| {
            queue.give_up();
            place(failure)
        })?;
        if let Some(sizes) = file.take_sizes().filter(|sizes| sizes.db < server.store.databases as u64) {
            let keys = sizes.keys.min(room);
            room -= keys;
            txn.make_room(sizes.db as u32, keys);
        }
        let is_over = record.is_none();
        if let Some(Some(record)) = record {
            other(record);
        }
        let end = if is_over { before } else { file.position() };
        if is_over || end - start.0 >= PIECE_BYTES {
            file.sum_up();
            let (from, db) = start;
            if !queue.push(Piece { start: from, end, db }) || is_over {
                return Ok(());
            }
            start = (end, file.db());
        }
    }
}

/// One thread that reads pieces.
struct Hand<'l, 'b> {
    server: &'static Server,
    file: &'l File<'b>,
    queue: &'l Queue,
    terms: Terms,
    index: usize,
    hands: usize,
}

/// What a piece was read into; kept from piece to piece.
#[derive(Default)]
struct Read {
    coming: Vec<Option<Coming>>,
    /// Where the shards' entries end in `order`, and their places in `coming`.
    ends: Vec<u32>,
    order: Vec<u32>,
    /// Records and bytes that were not reported yet.
    records: u32,
    reported: usize,
}

impl Hand<'_, '_> {
    fn run(self) {
        let _goes = Goes(self.queue);
        let mut txn = Txn::helper_of(&self.server.store, self.index);
        txn.set_clock(self.terms.began_ms);
        let mut read = Read::default();
        while let Some(piece) = self.queue.take() {
            if let Err(text) = self.read(&txn, piece, &mut read).and_then(|()| self.put_in(&mut txn, &mut read)) {
                self.queue.fail(text);
            }
        }
    }

    fn read(&self, txn: &Txn, piece: Piece, read: &mut Read) -> Result<(), String> {
        let mut file = self.file.at(piece);
        let settings = &self.server.store.settings;
        read.reported = piece.start;
        while file.position() < piece.end {
            match file.next_item().map_err(place)? {
                None => break,
                Some(Item::Other(_)) => (),
                Some(Item::Text(head, key, text)) => self.make(txn, head, &key, NewValue::Text(&text), read)?,
                Some(Item::Value(_, key, value)) if value.is_empty() => self.leave_out(&key),
                Some(Item::Value(head, key, value)) => {
                    value.make(settings, |value| self.make(txn, head, &key, value, read))?;
                }
            }
            self.report(file.position(), read, false);
        }
        self.report(file.position(), read, true);
        Ok(())
    }

    /// The key of a collection without elements: the first few are named.
    #[cold]
    fn leave_out(&self, key: &[u8]) {
        if self.queue.empty.fetch_add(1, Relaxed) < EMPTY_NAMED_MAX {
            self.server.log.push(NOTICE, format!("Loading RDB: skipping empty key: {}", key.escape_ascii()));
        }
    }

    fn make(&self, txn: &Txn, head: Head, key: &[u8], value: NewValue, read: &mut Read) -> Result<(), String> {
        let (store, loading) = (&self.server.store, &self.server.loading);
        if self.terms.leaves_out(head.expiry) {
            loading.keys_expired.fetch_add(1, Relaxed);
            return Ok(());
        }
        database_fits(head.db, store.databases)?;
        let marked = txn.marked_access(self.terms.began_ms, head.idle_s, head.frequency);
        read.coming.push(Some(Coming {
            hash: store.hash(key),
            entry: Entry::new(key, value, head.expiry),
            db: head.db as u32,
            access: marked.unwrap_or(txn.access_clock),
        }));
        read.records += 1;
        Ok(())
    }

    /// Counts what was read, and waits after each key if that was asked for.
    fn report(&self, position: usize, read: &mut Read, at_once: bool) {
        let loading = &self.server.loading;
        let delay = loading.key_delay_us.load(Relaxed);
        if !at_once && delay == 0 && read.records < RECORDS_PER_REPORT {
            return;
        }
        let records = std::mem::take(&mut read.records) as u64;
        loading.bytes_loaded.fetch_add((position - read.reported) as u64, Relaxed);
        read.reported = position;
        self.server.tell_load_progress();
        let loaded = loading.keys_loaded.fetch_add(records, Relaxed) + records;
        let wait_us = match delay {
            1.. => delay as u64 * records,
            keys if keys < 0 && records > 0 && loaded.is_multiple_of(keys.unsigned_abs()) => 1,
            _ => return,
        };
        // One after the other, as one thread would.
        let _turn = self.queue.turn.lock();
        thread::sleep(Duration::from_micros(wait_us));
    }

    /// Puts in what was read, a shard at a time.
    fn put_in(&self, txn: &mut Txn, read: &mut Read) -> Result<(), String> {
        let shards = self.server.store.shards_count() as usize;
        read.sort(shards, |coming| self.server.store.shard_of(coming.hash) as usize);
        let Read { coming, ends, order, .. } = read;
        // Each begins elsewhere, and comes back to a shard that another is in, so that they do not wait for each other.
        let first = shards * self.index / self.hands;
        let mut left: VecDeque<usize> = (first..shards).chain(0..first).collect();
        let (mut put, mut in_vain) = (Ok(()), 0);
        while let Some(shard) = left.pop_front() {
            let from = if shard == 0 { 0 } else { ends[shard - 1] };
            let places = &order[from as usize..ends[shard] as usize];
            if places.is_empty() {
                continue;
            }
            if !txn.latch(shard as u32) {
                left.push_back(shard);
                in_vain += 1;
                if in_vain >= left.len() {
                    thread::yield_now();
                }
                continue;
            }
            in_vain = 0;
            txn.prefetch_fill(places.iter().filter_map(|place| coming[*place as usize].as_ref()), shard as u32);
            put = txn.fill(places.iter().filter_map(|place| coming[*place as usize].take()), shard as u32);
            txn.release();
            if put.is_err() {
                break;
            }
        }
        coming.clear();
        put.map_err(|(db, entry)| duplicated(db as u64, entry.borrow().key()))
    }
}

impl Read {
    /// Fills `order` and `ends`, by counting.
    fn sort(&mut self, shards: usize, shard_of: impl Fn(&Coming) -> usize) {
        let Read { coming, ends, order, .. } = self;
        ends.clear();
        ends.resize(shards, 0);
        coming.iter().flatten().for_each(|one| ends[shard_of(one)] += 1);
        let mut sum = 0;
        for end in ends.iter_mut() {
            sum += std::mem::replace(end, sum);
        }
        // From here on each is where its shard's next goes.
        order.clear();
        order.resize(coming.len(), 0);
        for (place, one) in coming.iter().enumerate() {
            if let Some(one) = one {
                let end = &mut ends[shard_of(one)];
                order[*end as usize] = place as u32;
                *end += 1;
            }
        }
    }
}

/// Err: there is no such database.
pub fn database_fits(db: u64, databases: usize) -> Result<(), String> {
    if db < databases as u64 {
        return Ok(());
    }
    Err(format!("a key of database {db}, where `databases` allows {databases}: raise it to {}", db + 1))
}

pub fn duplicated(db: u64, key: &[u8]) -> String {
    format!("RDB has duplicated key '{}' in DB {db}", String::from_utf8_lossy(key))
}

/// Sees to it that nobody waits for a hand that has panicked.
struct Goes<'q>(&'q Queue);

impl Drop for Goes<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.fail(FAULT.into());
        }
    }
}
