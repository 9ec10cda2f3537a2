//! What a core does now and then: expired keys, idle clients, memory figures.

use std::sync::atomic::Ordering::Relaxed;

use super::secure::is_late_for_handshake;
use crate::dispatch::execute::Executor;
use crate::ds::table::POSITIONS;
use crate::session::conn::{Conns, Wait};
use crate::session::server::{GATE_PAUSE, GATE_SPARED, Pause, Server};
use crate::sys::{clock, usage};
use crate::types::hash::expire::expire_due;

/// Share of a core's time that the expiry cycle may take while many keys are found expired, per cent.
const EXPIRE_SHARE_MAX: u64 = 25;
/// Microseconds of one expiry cycle while few are found.
const EXPIRE_QUIET_US: u64 = 500;
/// A cycle goes on at full share while more than one in so many of the keys looked at has expired.
const EXPIRED_WORTHWHILE: u64 = 10;
/// Connections looked at per run for idleness and shrinking.
const CLIENTS_PER_RUN: usize = 1024;
/// Hashes with expired fields that one look at a shard takes on, and fields of each: 0.2 ms, then others have a turn.
const HASHES_PER_STEP: usize = 16;
const FIELDS_PER_STEP: usize = 512;

pub struct Cron {
    core: usize,
    next_ms: i64,
    shard: u32,
    client_cursor: usize,
    idle: Vec<usize>,
    /// The last cycle found many: go on soon.
    hurry: bool,
    /// When it was last decided how much to defragment.
    defrag_judged_ms: i64,
}

/// Ms between two such decisions.
const DEFRAG_EVERY_MS: i64 = 500;

impl Cron {
    pub fn new(core: usize) -> Cron {
        Cron {
            core,
            next_ms: 0,
            shard: core as u32,
            client_cursor: 0,
            idle: Vec::new(),
            hurry: false,
            defrag_judged_ms: 0,
        }
    }

    /// Ms until the next run is due, at least 1.
    pub fn timeout_ms(&self, now_ms: i64) -> u32 {
        (self.next_ms - now_ms).clamp(1, 100) as u32
    }

    /// Slots of connections to close, for idleness or for output that nobody takes.
    pub fn take_idle(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.idle)
    }

    /// Does what is due. Cost while nothing is: one compare.
    pub fn run(&mut self, server: &'static Server, executor: &mut Executor, conns: &mut Conns, now_ms: i64) {
        if now_ms < self.next_ms {
            return;
        }
        let period_ms = 1000 / server.settings.hz.load(Relaxed).max(1) as i64;
        executor.sweep_lua();
        executor.figures().lua_bytes.set(executor.lua_bytes());
        executor.acting = 0;
        usage::tell_rest();
        executor.forget_rest();
        // A pause is for somebody who wants to see the same data meanwhile.
        let paused = server.gate.load(Relaxed) & GATE_PAUSE != 0 && server.pause(now_ms) != Pause::No;
        let spared = server.gate.load(Relaxed) & GATE_SPARED != 0;
        if server.store.settings.active_expire.load(Relaxed)
            && !paused
            && !spared
            && self.core < server.serving
            && !server.is_loading()
        {
            self.expire(server, executor, period_ms as u64);
        }
        if self.core < server.serving {
            executor.evict_unasked();
        }
        self.next_ms = now_ms + if self.hurry { (period_ms / 4).max(1) } else { period_ms };
        self.look_at_clients(server, conns, now_ms);
        if self.core == 0 {
            server.sample_rates(now_ms);
            server.judge_memory();
            self.judge_defrag(server, now_ms);
            executor.forget_some_readers();
            executor.stop_overdue_hotkeys();
        }
    }

    /// The active expiry cycle over this core's share of the shards, going on where the last one stopped. Adaptive: a
    /// short look while little has expired, up to a quarter of the time while much has. Entries without expiry are not
    /// touched (the table marks the others), so the cost follows the keys that can expire.
    fn expire(&mut self, server: &'static Server, executor: &mut Executor, period_ms: u64) {
        let effort = server.store.settings.active_expire_effort.load(Relaxed);
        let quiet_us = EXPIRE_QUIET_US * effort;
        let most_us = period_ms * 1000 * (EXPIRE_SHARE_MAX + 2 * (effort - 1)) / 100 / if self.hurry { 4 } else { 1 };
        let started = clock::mono_ns();
        let (mut looked, mut expired) = (0u64, 0u64);
        let cores = server.serving as u32;
        let count = server.store.shards_count();
        let own = count.div_ceil(cores).max(1);
        self.hurry = false;
        for turn in 0..own {
            if self.shard >= count {
                self.shard = self.core as u32;
                if self.shard >= count {
                    return;
                }
            }
            let (more, seen, gone) = expire_step(executor, self.shard);
            // At once: who sees the keys gone finds them counted, also while this core sleeps until its next turn.
            executor.collect_figures();
            looked += seen;
            expired += gone;
            if !more {
                self.shard += cores;
            }
            let spent_us = (clock::mono_ns() - started) / 1000;
            let worthwhile = expired * EXPIRED_WORTHWHILE > looked;
            if (spent_us > quiet_us && !worthwhile) || spent_us > most_us {
                self.hurry = worthwhile;
                break;
            }
            let _ = turn;
        }
        let spent_us = (clock::mono_ns() - started) / 1000;
        executor.figures().expire_cycle_us.add(spent_us);
        server.note_event("expire-cycle", executor.txn.now_ms / 1000, spent_us / 1000);
    }

    fn judge_defrag(&mut self, server: &Server, now_ms: i64) {
        if server.defrag.enabled.load(Relaxed) && now_ms >= self.defrag_judged_ms + DEFRAG_EVERY_MS {
            self.defrag_judged_ms = now_ms;
            server.judge_defrag();
        }
    }

    fn look_at_clients(&mut self, server: &'static Server, conns: &mut Conns, now_ms: i64) {
        let timeout_ms = server.settings.timeout.load(Relaxed) as i64 * 1000;
        let mut looked = 0;
        let mut last = 0;
        let from = self.client_cursor;
        let (mut input_max, mut output_max) = (0, 0);
        for (slot, conn) in conns.iter().filter(|(slot, _)| *slot >= from).take(CLIENTS_PER_RUN) {
            looked += 1;
            last = slot;
            let limit = server.settings.output_limit(&conn.client);
            let soft_bytes = limit.soft_bytes.load(Relaxed);
            let soft_ms = limit.soft_seconds.load(Relaxed) as i64 * 1000;
            input_max = input_max.max(conn.input.capacity());
            output_max = output_max.max(conn.output_bytes());
            let is_idle = timeout_ms > 0
                && matches!(conn.wait, Wait::No)
                // Who only listens is silent by nature.
                && conn.client.subscribed.is_none()
                && now_ms - conn.client.last_active_ms > timeout_ms;
            if is_idle || is_late_for_handshake(conn, now_ms) {
                self.idle.push(slot);
            } else if soft_bytes > 0
                && conn.soft_limit_since_ms > 0
                && conn.output_bytes() as u64 >= soft_bytes
                && now_ms - conn.soft_limit_since_ms > soft_ms
            {
                // Its reader takes nothing, so no other event will ever look at the limit.
                server.cores[self.core].figures.output_buffer_limit_disconnections.add(1);
                self.idle.push(slot);
            }
            // Buffers that grew for one large request are given back.
            if conn.output.is_empty() && conn.output.capacity() > 0 && now_ms - conn.client.last_active_ms > 2000 {
                conn.output = Vec::new();
            }
            if conn.input.is_empty() && conn.input.capacity() > 0 {
                conn.input = Vec::new();
            }
        }
        let figures = &server.cores[self.core].figures;
        figures.input_buffer_max.set(input_max as u64);
        figures.output_buffer_max.set(output_max as u64);
        self.client_cursor = if looked < CLIENTS_PER_RUN { 0 } else { last + 1 };
    }
}

/// Looks at some buckets of a shard, and at the hashes whose first field is due. Gives whether the shard has more to look
/// at, how many keys and fields were looked at, and how many had expired.
fn expire_step(executor: &mut Executor, shard: u32) -> (bool, u64, u64) {
    const BUCKETS: usize = 64;
    let now_ms = executor.txn.now_ms;
    let mut found: Vec<(u32, Vec<u8>)> = Vec::new();
    let mut due: Vec<(u32, Vec<u8>)> = Vec::new();
    let mut looked = 0u64;
    let store = executor.txn.store;
    let more = executor.txn.with_shard(shard, |shard| {
        let (mut db, mut position) = shard.expire_cursor;
        let mut buckets = 0;
        let more = loop {
            if db >= shard.databases() {
                (db, position) = (0, 0);
                break false;
            }
            if position == 0 && due.len() < HASHES_PER_STEP && shard.table(db).due_ms().is_some_and(|at| at <= now_ms) {
                let hashes = shard.table(db).due_until(now_ms).take(HASHES_PER_STEP - due.len());
                due.extend(hashes.map(|entry| (db, entry.key().to_vec())));
            }
            if position >= POSITIONS || shard.table(db).expiring() == 0 {
                (db, position) = (db + 1, 0);
                continue;
            }
            if buckets >= BUCKETS {
                break true;
            }
            buckets += 1;
            let (mut ttl_sum_ms, mut alive) = (0, 0);
            position = shard.table(db).scan_expiring(position, |entry| {
                looked += 1;
                match entry.expiry() {
                    Some(at_ms) if at_ms <= now_ms => found.push((db, entry.key().to_vec())),
                    Some(at_ms) => {
                        ttl_sum_ms += (at_ms - now_ms) as u64;
                        alive += 1;
                    }
                    None => (),
                }
            });
            store.saw_ttls(db, ttl_sum_ms, alive);
        };
        shard.expire_cursor = (db, position);
        more
    });
    let Ok(more) = more else { return (false, 0, 0) };
    if !found.is_empty() && executor.txn.latch(shard) {
        executor.txn.unprime();
        let before = executor.txn.expired;
        for (db, key) in &found {
            executor.txn.db = *db;
            // Looks again, under the latch: somebody may have set another expiry in between.
            executor.txn.peek(key);
        }
        let active = executor.txn.expired - before;
        executor.commit_and_release();
        executor.figures().expired_active.add(active);
    }
    let full = due.len() == HASHES_PER_STEP;
    let (fields, rest) = expire_fields(executor, shard, &due);
    // What was found due had better be: a hash that gave nothing was looked at in vain.
    (more || full || rest, looked + fields.max(due.len() as u64), found.len() as u64 + fields)
}

/// Takes expired fields out of these hashes, so many of each, latching the shard for one hash at a time. Gives how many went,
/// and whether some may be left.
fn expire_fields(executor: &mut Executor, shard: u32, due: &[(u32, Vec<u8>)]) -> (u64, bool) {
    let (mut gone, mut rest) = (0, false);
    for (db, key) in due {
        let txn = &mut executor.txn;
        if !txn.latch(shard) {
            return (gone, false);
        }
        txn.unprime();
        txn.db = *db;
        // Nobody has used the key.
        let no_touch = std::mem::replace(&mut txn.no_touch, true);
        let went = expire_due(txn, key, FIELDS_PER_STEP);
        txn.no_touch = no_touch;
        gone += went as u64;
        rest |= went >= FIELDS_PER_STEP;
        executor.commit_and_release();
    }
    (gone, rest)
}
