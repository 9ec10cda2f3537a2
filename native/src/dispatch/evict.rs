//! Making room: before a command, and between requests, keys go until no more memory is in use than may be.
//!
//! ```text
//!   the gate is shut ─▶ above the limit? ─▶ draw keys ─▶ the pool of the best ─▶ the best one goes ─▶ above still? again
//!   (sys/usage.rs)            no: open it     txn/evict.rs                          │
//!                                                                time is up: the command runs, and the loop goes on evicting
//! ```
//!
//! As in Redis (evict.c) a few keys are drawn for each one that goes, and the best of all draws are kept in a pool, so that a
//! handful of keys looked at chooses nearly as well as a list in order of use. Each core draws and evicts by itself, holding one
//! latch at a time and waiting for none. Ours differs in that a key of the pool that was used since it was drawn stays.

use std::sync::atomic::Ordering::Relaxed;

use super::execute::Executor;
use crate::commands::row::{Row, flag};
use crate::commands::table::table;
use crate::session::conn::Conn;
use crate::session::server::{GATE_MEMORY, GATE_PAUSE, Pause};
use crate::store::policy::{Order, Policy};
use crate::sys::clock;
use crate::txn::evict::Candidate;

/// Keys in the pool.
const POOL_LEN: usize = 16;
/// Keys that go between two looks at the clock.
const KEYS_PER_LOOK: u64 = 16;
/// How long the list of databases that have keys is good for, ms.
const DATABASES_FRESH_MS: i64 = 100;

/// What came of making room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Room {
    /// There is room.
    Enough,
    /// Not yet, and it goes on: commands may run meanwhile.
    Coming,
    /// None is to be had.
    None,
}

/// What a core knows of keys to evict.
#[derive(Default)]
pub struct Evictor {
    /// The best seen so far, worst first.
    pool: Vec<Candidate>,
    policy: Option<Policy>,
    /// Databases that have keys which may go, and when that was looked up.
    databases: Vec<u32>,
    looked_ms: i64,
    /// Whose turn it is, where keys are drawn at random.
    turn: usize,
    /// Time was up before there was room: go on in the loop.
    pub unfinished: bool,
    /// Keys went since the loop last looked.
    pub evicted: bool,
}

impl Evictor {
    /// Puts a key into the pool if it is better than the worst one there, or there is room.
    fn offer(pool: &mut Vec<Candidate>, score: u64, db: u32, key: &[u8]) {
        let at = pool.partition_point(|known| known.score < score);
        if at == 0 && pool.len() >= POOL_LEN {
            return;
        }
        // The same key may be drawn again and again; what it scores now counts.
        if let Some(known) = pool.iter().position(|known| known.db == db && *known.key == *key) {
            if pool[known].score == score {
                return;
            }
            pool.remove(known);
        } else if pool.len() >= POOL_LEN {
            pool.remove(0);
        }
        let at = pool.partition_point(|known| known.score < score);
        pool.insert(at, Candidate { score, db, key: key.into() });
    }
}

impl Executor {
    /// Before a request that may need memory, or any: evicts keys while too much is in use, for as long as
    /// `maxmemory-eviction-tenacity` allows. No latch is held, and no transaction in progress.
    #[cold]
    pub(super) fn make_room(&mut self) -> Room {
        let server = self.server;
        let began_ns = clock::mono_ns();
        // What its own Lua takes is known exactly; what the others' do, as of their last tick.
        self.figures().lua_bytes.set(self.lua_bytes());
        if self.fits() {
            server.gate.fetch_and(!GATE_MEMORY, Relaxed);
            server.memory.note_exceeded(false, began_ns);
            self.evictor.unfinished = false;
            return Room::Enough;
        }
        let policy = server.store.settings.policy.get();
        // Clients go first; their cores see to that at their next turn.
        if server.will_evict_clients() {
            self.evictor.unfinished = false;
            return Room::Coming;
        }
        if policy.order == Order::Never {
            self.evictor.unfinished = false;
            server.memory.note_exceeded(true, began_ns);
            return if self.await_lazy_free(began_ns) { Room::Enough } else { Room::None };
        }
        let paused = server.gate.load(Relaxed) & GATE_PAUSE != 0 && server.pause(self.txn.now_ms) != Pause::No;
        let importing = server.settings.import_mode.load(Relaxed);
        if paused || importing || server.is_loading() || self.busy {
            return Room::Enough;
        }
        let acting = std::mem::replace(&mut self.acting, 0);
        let db = self.txn.db;
        let room = self.evict_until(policy, began_ns);
        self.acting = acting;
        self.txn.db = db;
        self.evictor.unfinished = room == Room::Coming;
        let now_ns = clock::mono_ns();
        server.memory.note_exceeded(room != Room::Enough, now_ns);
        self.note_eviction("eviction-cycle", now_ns - began_ns);
        room
    }

    /// Between requests: goes on where time was up. True: and still is.
    pub fn go_on_evicting(&mut self) -> bool {
        if self.evictor.unfinished && !self.evictor.evicted {
            self.evict_unasked();
        }
        self.evictor.unfinished
    }

    /// Now and then: makes room though nobody sends a request.
    pub fn evict_unasked(&mut self) {
        self.evictor.unfinished = false;
        // First, those are told whose keys went just now.
        if self.server.gate.load(Relaxed) & GATE_MEMORY != 0 && !self.evictor.evicted {
            self.make_room();
        }
    }

    /// Is no more in use than may be?
    fn fits(&self) -> bool {
        !self.server.exceeds_memory()
    }

    fn evict_until(&mut self, policy: Policy, began_ns: u64) -> Room {
        let limit_ns = time_limit_ns(self.server.store.settings.maxmemory_eviction_tenacity.load(Relaxed));
        if self.evictor.policy != Some(policy) {
            self.evictor = Evictor { policy: Some(policy), ..Evictor::default() };
        }
        let limit = self.server.store.settings.maxmemory.load(Relaxed);
        let wanted = self.server.limited_memory().saturating_sub(limit);
        let (mut turns, mut freed) = (0, 0);
        loop {
            turns += 1;
            if let Some(bytes) = self.evict_one(policy) {
                self.figures().evicted.add(1);
                self.evictor.evicted = true;
                freed += bytes;
            } else if self.evictor.databases.is_empty() {
                return if self.await_lazy_free(began_ns) { Room::Enough } else { Room::None };
            }
            // Whom a key's going is told takes memory for the telling: that must not make the next key go, and so on.
            if freed >= wanted || self.fits() {
                return Room::Enough;
            }
            if turns % KEYS_PER_LOOK == 0 && clock::mono_ns() - began_ns > limit_ns {
                return Room::Coming;
            }
        }
    }

    /// Evicts the best key that is at hand, and gives its bytes. None: none was; `databases` is empty if there is none at all.
    fn evict_one(&mut self, policy: Policy) -> Option<u64> {
        self.refresh_databases(policy);
        let count = self.server.store.settings.maxmemory_samples.load(Relaxed).clamp(1, 64) as usize;
        let mut drawn = 0;
        if policy.order == Order::Random {
            self.evictor.turn += 1;
            let at = self.evictor.turn % self.evictor.databases.len().max(1);
            let db = self.evictor.databases.get(at).copied()?;
            let pool = &mut self.evictor.pool;
            pool.clear();
            drawn = self.txn.draw(policy, db, 1, |score, key| Evictor::offer(pool, score, db, key));
        } else {
            for db in &self.evictor.databases {
                let pool = &mut self.evictor.pool;
                drawn += self.txn.draw(policy, *db, count, |score, key| Evictor::offer(pool, score, *db, key));
            }
        }
        if drawn == 0 {
            // Somebody may have emptied them.
            self.evictor.looked_ms = 0;
        }
        while let Some(candidate) = self.evictor.pool.pop() {
            let shard = self.txn.shard_of(&candidate.key);
            if !self.txn.latch(shard) {
                continue;
            }
            let freed = self.txn.evict(policy, &candidate);
            self.commit_and_release();
            if freed.is_some() {
                return freed;
            }
        }
        None
    }

    fn refresh_databases(&mut self, policy: Policy) {
        let now_ms = self.txn.now_ms;
        let age_ms = now_ms - self.evictor.looked_ms;
        if (0..DATABASES_FRESH_MS).contains(&age_ms) && !self.evictor.databases.is_empty() {
            return;
        }
        let store = &self.server.store;
        let keys = |db: u32| if policy.volatile { store.counters.expires(db) } else { store.counters.keys(db) };
        self.evictor.databases.clear();
        self.evictor.databases.extend((0..store.databases as u32).filter(|db| keys(*db) > 0));
        self.evictor.looked_ms = now_ms;
    }

    /// Nothing can be evicted: is memory on its way to be free (UNLINK, FLUSHALL ASYNC), and soon enough?
    fn await_lazy_free(&mut self, began_ns: u64) -> bool {
        let limit_ns = time_limit_ns(self.server.store.settings.maxmemory_eviction_tenacity.load(Relaxed));
        while self.server.store.garbage.pending() > 0 && clock::mono_ns() - began_ns < limit_ns {
            std::thread::yield_now();
            if self.fits() {
                return true;
            }
        }
        false
    }

    fn note_eviction(&self, event: &'static str, ns: u64) {
        self.server.note_event(event, self.txn.now_ms / 1000, ns / 1_000_000);
    }
}

/// May running this take memory, or queueing it?
pub(super) fn needs_memory(conn: &Conn, row: &Row) -> bool {
    let ends_multi = matches!(row.name, "exec" | "discard" | "quit" | "reset");
    row.flags & flag::DENYOOM != 0
        || (row.name == "exec" && queues_denyoom(conn))
        || (conn.client.multi.is_some() && !ends_multi)
}

/// Does the transaction being queued hold a command that may take memory?
fn queues_denyoom(conn: &Conn) -> bool {
    let table = table();
    let queue = conn.client.multi.as_ref().map_or(&[][..], |multi| &multi.queue);
    queue.iter().any(|(number, _)| table.row(*number).flags & flag::DENYOOM != 0)
}

/// How long one request may be held up, ns (Redis: evictionTimeLimitUs): up to 0.5 ms by default, growing by 15 % a step from
/// there on, without end at 100.
fn time_limit_ns(tenacity: u64) -> u64 {
    match tenacity {
        0..=10 => 50_000 * tenacity,
        11..=99 => (500_000.0 * 1.15f64.powi(tenacity as i32 - 10)) as u64,
        _ => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pool_keeps_the_best_keys_each_once() {
        let mut pool = Vec::new();
        for score in [5, 3, 9, 9, 1] {
            Evictor::offer(&mut pool, score, 0, format!("k{score}").as_bytes());
        }
        Evictor::offer(&mut pool, 7, 0, b"k1");
        assert_eq!(pool.iter().map(|known| known.score).collect::<Vec<_>>(), [3, 5, 7, 9]);
        for score in 10..40 {
            Evictor::offer(&mut pool, score, 0, format!("k{score}").as_bytes());
        }
        Evictor::offer(&mut pool, 0, 0, b"bad");
        assert_eq!(pool.len(), POOL_LEN);
        assert_eq!((pool[0].score, pool[POOL_LEN - 1].score), (24, 39));
    }

    #[test]
    fn time_limits_are_those_of_redis() {
        assert_eq!([0, 1, 10, 100].map(time_limit_ns), [0, 50_000, 500_000, u64::MAX]);
        assert!((120_000_000_000..130_000_000_000).contains(&time_limit_ns(99)));
    }
}
