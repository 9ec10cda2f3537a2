//! What a core counts: written by its own thread alone, read by INFO on any.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, Ordering::Relaxed};

use super::functions::FunctionTable;
use super::latency::Latency;
use crate::txn::Txn;

/// A counter with one writer: no locked instruction is needed.
#[derive(Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub const fn new() -> Counter {
        Counter(AtomicU64::new(0))
    }

    #[inline]
    pub fn add(&self, by: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(by), Relaxed);
    }

    #[inline]
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    pub fn set(&self, value: u64) {
        self.0.store(value, Relaxed);
    }
}

#[derive(Default)]
pub struct PerCommand {
    pub calls: Counter,
    /// Nanoseconds, scaled up from the calls that were timed (one in [`TIMED_EVERY`]).
    pub nanoseconds: Counter,
    pub rejected: Counter,
    pub failed: Counter,
    /// How long the timed calls took, scaled up likewise.
    pub latency: Latency,
}

impl PerCommand {
    /// Books a timed call that stands for `calls` of them.
    #[inline]
    pub fn timed(&self, ns: u64, calls: u64) {
        self.nanoseconds.add(ns * calls);
        self.latency.add(ns, calls);
    }
}

/// A clock read costs as much as a tenth of a GET, so only one call in so many is timed, and counts for all of them.
pub const TIMED_EVERY: u64 = 16;

#[derive(Default)]
#[repr(align(128))]
pub struct Figures {
    pub connections: Counter,
    pub rejected_connections: Counter,
    pub commands: Counter,
    pub reads: Counter,
    pub writes: Counter,
    pub input_bytes: Counter,
    pub output_bytes: Counter,
    pub hits: Counter,
    pub misses: Counter,
    pub expired: Counter,
    /// Of those, keys that the expiry cycle found.
    pub expired_active: Counter,
    /// Fields of hashes.
    pub expired_subkeys: Counter,
    pub expire_cycle_us: Counter,
    pub evicted: Counter,
    pub clients: Counter,
    pub calls: Counter,
    pub call_errors: Counter,
    pub call_retries: Counter,
    pub call_timeouts: Counter,
    pub parked: Counter,
    /// Bytes that the core's Lua has taken.
    pub lua_bytes: Counter,
    /// Bytes of the core's JavaScript, as of when native code was last entered for something else than a call's end.
    pub vm_bytes: Counter,
    /// Connections that a pause or a blocking command holds now; those of them that have a timeout.
    pub blocked: Counter,
    pub timeouts: Counter,
    /// Turns of the core's loop.
    pub loop_cycles: Counter,
    /// Microseconds of those turns, the waiting left out.
    pub loop_busy_us: Counter,
    /// Largest buffers of the connections looked at last, bytes.
    pub input_buffer_max: Counter,
    pub output_buffer_max: Counter,
    pub error_replies: Counter,
    pub query_buffer_limit_disconnections: Counter,
    pub output_buffer_limit_disconnections: Counter,
    /// Connections closed for `maxmemory-clients`; while there is such a limit: what all take, and no less than the largest does.
    pub evicted_clients: Counter,
    pub clients_bytes: Counter,
    pub largest_client: Counter,
    pub per_command: Box<[PerCommand]>,
    /// Functions of libraries.
    pub functions: FunctionTable,
    /// A reset is on its way by mail: until the core has done it, its counts are taken for zero.
    pub reset_pending: AtomicBool,
    /// Error replies by code (`ERR`, `WRONGTYPE`).
    pub errors: Mutex<std::collections::BTreeMap<String, u64>>,
}

impl Figures {
    pub fn new(commands: usize) -> Figures {
        Figures { per_command: (0..commands).map(|_| PerCommand::default()).collect(), ..Figures::default() }
    }

    /// Takes over what the core's transaction context has counted since the last time.
    pub fn collect(&self, txn: &mut Txn) {
        self.hits.add(std::mem::take(&mut txn.hits));
        self.misses.add(std::mem::take(&mut txn.misses));
        self.expired.add(std::mem::take(&mut txn.expired));
        self.expired_subkeys.add(std::mem::take(&mut txn.expired_subkeys));
    }

    /// Counts an error reply by its code: the first word after `-`.
    #[cold]
    pub fn count_error(&self, reply: &[u8]) {
        self.error_replies.add(1);
        let line = &reply[usize::from(reply.first() == Some(&b'-'))..];
        // What ends the first word is a space, at most so far on; else the error has no code of its own.
        let word = memchr::memchr(b' ', &line[..line.len().min(31)]).map_or(b"ERR".as_slice(), |end| &line[..end]);
        // What would break a line of INFO becomes an underscore.
        let shown = |byte: u8| if byte.is_ascii_graphic() && !matches!(byte, b'#' | b':') { byte as char } else { '_' };
        let code: String = word.iter().map(|byte| shown(*byte)).collect();
        let mut errors = self.errors.lock().unwrap_or_else(|p| p.into_inner());
        // As Redis: at most 128 kinds, or a script could fill memory with made-up codes.
        if errors.len() < 128 || errors.contains_key(&code) {
            *errors.entry(code).or_default() += 1;
        }
    }

    /// CONFIG RESETSTAT. For the core's own thread alone: another's would lose against a count in progress.
    pub fn reset(&self) {
        let counters = [
            &self.connections,
            &self.rejected_connections,
            &self.commands,
            &self.reads,
            &self.writes,
            &self.input_bytes,
            &self.output_bytes,
            &self.hits,
            &self.misses,
            &self.expired,
            &self.expired_active,
            &self.expired_subkeys,
            &self.expire_cycle_us,
            &self.evicted,
            &self.calls,
            &self.call_errors,
            &self.call_retries,
            &self.call_timeouts,
            &self.parked,
            &self.loop_cycles,
            &self.loop_busy_us,
            &self.error_replies,
            &self.query_buffer_limit_disconnections,
            &self.output_buffer_limit_disconnections,
            &self.evicted_clients,
        ];
        for counter in counters {
            counter.set(0);
        }
        for command in &self.per_command {
            for counter in [&command.calls, &command.nanoseconds, &command.rejected, &command.failed] {
                counter.set(0);
            }
            command.latency.reset();
        }
        self.functions.reset();
        self.errors.lock().unwrap_or_else(|p| p.into_inner()).clear();
        self.reset_pending.store(false, Ordering::Release);
    }
}
