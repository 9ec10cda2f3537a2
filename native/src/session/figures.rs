//! What a core counts: written by its own thread alone, read by INFO on any.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A counter with one writer: no locked instruction is needed.
#[derive(Default)]
pub struct Counter(AtomicU64);

impl Counter {
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
}

/// A clock read costs as much as a tenth of a GET, so only one call in so many is timed, and counts for all of them.
pub const TIMED_EVERY: u64 = 16;

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
    pub expire_cycle_us: Counter,
    pub clients: Counter,
    pub calls: Counter,
    pub call_errors: Counter,
    pub call_retries: Counter,
    pub call_timeouts: Counter,
    pub parked: Counter,
    pub error_replies: Counter,
    pub query_buffer_limit_disconnections: Counter,
    pub output_buffer_limit_disconnections: Counter,
    pub per_command: Box<[PerCommand]>,
    /// Error replies by code (`ERR`, `WRONGTYPE`).
    pub errors: Mutex<std::collections::BTreeMap<String, u64>>,
}

impl Figures {
    pub fn new(commands: usize) -> Figures {
        Figures {
            connections: Counter::default(),
            rejected_connections: Counter::default(),
            commands: Counter::default(),
            reads: Counter::default(),
            writes: Counter::default(),
            input_bytes: Counter::default(),
            output_bytes: Counter::default(),
            hits: Counter::default(),
            misses: Counter::default(),
            expired: Counter::default(),
            expire_cycle_us: Counter::default(),
            clients: Counter::default(),
            calls: Counter::default(),
            call_errors: Counter::default(),
            call_retries: Counter::default(),
            call_timeouts: Counter::default(),
            parked: Counter::default(),
            error_replies: Counter::default(),
            query_buffer_limit_disconnections: Counter::default(),
            output_buffer_limit_disconnections: Counter::default(),
            per_command: (0..commands).map(|_| PerCommand::default()).collect(),
            errors: Mutex::default(),
        }
    }

    /// Counts an error reply by its code: the first word after `-`.
    #[cold]
    pub fn count_error(&self, reply: &[u8]) {
        self.error_replies.add(1);
        let line = &reply[usize::from(reply.first() == Some(&b'-'))..];
        let code: String = line.iter().take_while(|b| b.is_ascii_uppercase()).take(32).map(|b| *b as char).collect();
        let mut errors = self.errors.lock().unwrap_or_else(|p| p.into_inner());
        // As Redis: at most 128 kinds, or a script could fill memory with made-up codes.
        if errors.len() < 128 || errors.contains_key(&code) {
            *errors.entry(code).or_default() += 1;
        }
    }

    /// CONFIG RESETSTAT.
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
            &self.expire_cycle_us,
            &self.calls,
            &self.call_errors,
            &self.call_retries,
            &self.call_timeouts,
            &self.parked,
            &self.error_replies,
            &self.query_buffer_limit_disconnections,
            &self.output_buffer_limit_disconnections,
        ];
        for counter in counters {
            counter.set(0);
        }
        for command in &self.per_command {
            for counter in [&command.calls, &command.nanoseconds, &command.rejected, &command.failed] {
                counter.set(0);
            }
        }
        self.errors.lock().unwrap_or_else(|p| p.into_inner()).clear();
    }
}
