//! What the server takes in memory, against `maxmemory`.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::server::{GATE_MEMORY, Server};
use crate::store::policy::Order;
use crate::sys::usage;

/// Bytes of a key's place in its table, on average (16.5 at a million keys, 14.4 of them buckets).
const TABLE_BYTES: u64 = 16;

#[derive(Default)]
pub struct MemoryFigures {
    peak: AtomicU64,
    startup: AtomicU64,
    /// Since when more is in use than may be, monotonic ns; 0: it is not. And how long it was before that, ms.
    exceeded_since_ns: AtomicU64,
    exceeded_ms: AtomicU64,
}

impl MemoryFigures {
    /// Most bytes that were in use so far.
    pub fn peak(&self) -> u64 {
        self.peak.load(Relaxed)
    }

    /// Bytes in use before the first key and the first client.
    pub fn startup(&self) -> u64 {
        self.startup.load(Relaxed)
    }

    /// A core is ready to serve: what is in use now serves no key yet.
    pub fn note_start(&self) {
        self.startup.fetch_max(usage::bytes(), Relaxed);
    }

    /// Notes whether memory is exceeded. `now_ns`: monotonic.
    pub fn note_exceeded(&self, exceeded: bool, now_ns: u64) {
        let since_ns = self.exceeded_since_ns.load(Relaxed);
        if exceeded == (since_ns != 0) {
            return;
        }
        let next_ns = if exceeded { now_ns } else { 0 };
        let changed = self.exceeded_since_ns.compare_exchange(since_ns, next_ns, Relaxed, Relaxed).is_ok();
        if changed && !exceeded {
            self.exceeded_ms.fetch_add(now_ns.saturating_sub(since_ns) / 1_000_000, Relaxed);
        }
    }

    /// How long memory was exceeded in all, and has been now, ms.
    pub fn exceeded_ms(&self, now_ns: u64) -> (u64, u64) {
        let since_ns = self.exceeded_since_ns.load(Relaxed);
        let current_ms = if since_ns == 0 { 0 } else { now_ns.saturating_sub(since_ns) / 1_000_000 };
        (self.exceeded_ms.load(Relaxed) + current_ms, current_ms)
    }

    pub fn reset(&self) {
        self.exceeded_ms.store(0, Relaxed);
    }
}

impl Server {
    /// Bytes in use, as the allocator counts them. As in Redis, what interpreters take is told apart.
    pub fn used_memory(&self) -> u64 {
        let used = (usage::bytes() + usage::log_bytes()).saturating_sub(self.lua_bytes());
        self.memory.peak.fetch_max(used, Relaxed);
        used
    }

    /// Bytes of the tables' buckets: [`TABLE_BYTES`] a key, since a walk over all shards would be long.
    pub fn tables_memory(&self) -> u64 {
        (0..self.store.databases as u32).map(|db| self.store.counters.keys(db)).sum::<u64>() * TABLE_BYTES
    }

    /// Bytes of the Lua interpreters, as of their cores' last tick.
    pub fn lua_bytes(&self) -> u64 {
        self.cores.iter().map(|core| core.figures.lua_bytes.get()).sum()
    }

    /// Bytes of the cores' JavaScript: heaps, and the memories of quickjs; as of some hundred milliseconds ago at most while calls run.
    pub fn vm_bytes(&self) -> u64 {
        self.cores.iter().map(|core| core.figures.vm_bytes.get()).sum()
    }

    /// Bytes that connections may take together; 0: no limit.
    #[inline]
    pub fn clients_memory_limit(&self) -> u64 {
        match self.settings.maxmemory_clients.load(Relaxed) {
            bytes @ 0.. => bytes as u64,
            share => (self.store.settings.maxmemory.load(Relaxed) as u128 * share.unsigned_abs() as u128 / 100) as u64,
        }
    }

    /// Bytes that they take, as far as somebody counts.
    pub fn clients_memory(&self) -> u64 {
        self.cores.iter().map(|core| core.figures.clients_bytes.get()).sum()
    }

    /// No less than the largest connection takes that may be closed for it, of all cores but one.
    pub fn largest_client_but(&self, core: usize) -> u64 {
        let others = self.cores.iter().enumerate().filter(|(id, _)| *id != core);
        others.map(|(_, core)| core.figures.largest_client.get()).max().unwrap_or(0)
    }

    /// Do connections take more than they may, so that some will be closed for it?
    pub fn will_evict_clients(&self) -> bool {
        let limit = self.clients_memory_limit();
        let can = || self.cores.iter().any(|core| core.figures.largest_client.get() > 0);
        limit != 0 && self.clients_memory() > limit && can()
    }

    /// Bytes that `maxmemory` is compared with: what is being freed already is none of them, and what the log takes neither.
    pub fn limited_memory(&self) -> u64 {
        usage::bytes().saturating_sub(self.lua_bytes() + self.store.garbage.pending_bytes())
    }

    /// Is more in use than may be?
    pub fn exceeds_memory(&self) -> bool {
        let limit = self.store.settings.maxmemory.load(Relaxed);
        limit != 0 && self.limited_memory() > limit
    }

    /// Has memory run out, and is nothing evicted to make room?
    pub fn is_out_of_memory(&self) -> bool {
        self.gate.load(Relaxed) & GATE_MEMORY != 0
            && self.store.settings.policy.get().order == Order::Never
            && self.exceeds_memory()
    }

    /// Compares the memory in use with `maxmemory`, which may have changed, and opens or shuts the gate.
    pub fn judge_memory(&'static self) {
        let limit = self.store.settings.maxmemory.load(Relaxed);
        usage::set_limit((limit != 0).then_some(limit), &self.gate, GATE_MEMORY);
        self.used_memory();
        if self.exceeds_memory() {
            self.gate.fetch_or(GATE_MEMORY, Relaxed);
        } else {
            self.gate.fetch_and(!GATE_MEMORY, Relaxed);
        }
    }
}
