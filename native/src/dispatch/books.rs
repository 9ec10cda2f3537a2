//! The books of requests: counts, times, the slow log, and replies that the client does not want.

use std::sync::atomic::Ordering;

use super::batch::{Request, UNKNOWN};
use super::execute::{Executor, Outcome};
use crate::commands::row::{Row, Run, flag};
use crate::commands::secrets::{REDACTED, secrets};
use crate::commands::table::table;
use crate::resp::args::Args;
use crate::session::client::ReplyMode;
use crate::session::conn::{Conn, Wait, Walk};
use crate::session::figures::TIMED_EVERY;
use crate::session::functions::{End, Ended};
use crate::session::slowlog::{LENGTH_DEFAULT, SlowEntry, shortened};
use crate::sys::clock;

/// Slow requests are told apart by the coarse clock where they may be no faster than this; it ticks every 4 ms at most.
const COARSE_ENOUGH_US: i64 = 8000;

impl Executor {
    /// Counts what was looked up since the last time, for whoever asks on any core. Cost: four additions.
    #[inline]
    pub fn collect_figures(&mut self) {
        self.figures().collect(&mut self.txn);
    }

    /// How many requests the time of this one stands for; 0: it is not timed. Whatever may be slow is timed, the rest
    /// where nothing is in a hurry, or now and then.
    #[inline]
    pub(super) fn weight_of(&self, request: &Request) -> u64 {
        let threshold_us = self.server.settings.slowlog_slower_than.load(Ordering::Relaxed);
        let may_be_slow = request.row != UNKNOWN && table().may_be_slow(request.row);
        if may_be_slow || self.batch.is_small() || (0..COARSE_ENOUGH_US).contains(&threshold_us) {
            1
        } else if self.requests.is_multiple_of(TIMED_EVERY) {
            TIMED_EVERY
        } else {
            0
        }
    }

    /// Counts a request that has run, and silences its reply where the client asked for that.
    #[inline]
    pub(super) fn book(&mut self, conn: &mut Conn, outcome: &Outcome) {
        let row = conn.client.last_command;
        let figures = self.figures();
        match outcome {
            Outcome::Refused => self.count_refusal(conn, row),
            Outcome::Queued => (),
            _ if row == UNKNOWN => (),
            // Counted when the main thread has served it (CONFIG RESETSTAT counts itself), and when its time of waiting is over.
            Outcome::Waits if matches!(conn.wait, Wait::Control { .. } | Wait::Block(_) | Wait::Background(_)) => (),
            _ => {
                figures.commands.add(1);
                conn.client.commands += 1;
                let per_command = &figures.per_command[row as usize];
                per_command.calls.add(1);
                if self.weight != 0 {
                    let ns = clock::mono_ns() - self.started_ns;
                    self.book_time(conn, outcome, row, ns);
                }
                if *outcome == Outcome::Failed {
                    self.count_failure(conn, self.mark, row);
                }
            }
        }
        if !conn.client.plain && conn.client.reply_mode != ReplyMode::On && *outcome != Outcome::Waits && !pushes(row) {
            after_silenced(conn, self.mark);
        }
    }

    #[inline]
    pub(super) fn book_time(&mut self, conn: &mut Conn, outcome: &Outcome, row: u16, ns: u64) {
        if *outcome == Outcome::Waits {
            if matches!(conn.wait, Wait::Work { .. } | Wait::Gather(_))
                && let Some(request) = self.batch.current()
            {
                let argv = told(self.batch.args(&request));
                conn.walk = Some(Box::new(Walk { row, ns, argv }));
            }
            return;
        }
        self.figures().per_command[row as usize].timed(ns, self.weight);
        self.note_latency(row, ns);
        if self.is_slow(ns)
            && let Some(request) = self.batch.current()
        {
            self.log_slow(conn, row, told(self.batch.args(&request)), ns);
        }
    }

    /// Notes a command that took so long as to be a latency event.
    #[inline]
    pub(super) fn note_latency(&self, row: u16, ns: u64) {
        let ms = ns / 1_000_000;
        if ms > 0 {
            let fast = table().row(row).flags & flag::FAST != 0;
            let event = if fast { "fast-command" } else { "command" };
            self.server.note_event(event, clock::now_ms() / 1000, ms);
        }
    }

    #[inline]
    pub(super) fn is_slow(&self, ns: u64) -> bool {
        let threshold_us = self.server.settings.slowlog_slower_than.load(Ordering::Relaxed);
        threshold_us >= 0 && ns / 1000 >= threshold_us as u64
    }

    #[cold]
    pub(super) fn log_slow(&self, conn: &Conn, row: u16, argv: Vec<Vec<u8>>, ns: u64) {
        let settings = &self.server.settings;
        let max = settings.text("slowlog-max-len").parse().unwrap_or(LENGTH_DEFAULT);
        if !is_kept_out(row) {
            self.server.slowlog.push(self.entry(conn, argv, ns / 1000), max);
        }
    }

    /// A call of a procedure that nobody timed has ended: was it slow, by the coarse clock?
    pub(super) fn book_untimed_call(&self, conn: &Conn) {
        let ns = self.call.coarse_ns;
        self.note_latency(conn.client.last_command, ns);
        if self.is_slow(ns)
            && let Some(request) = self.batch.current()
        {
            self.log_slow(conn, conn.client.last_command, told(self.batch.args(&request)), ns);
        }
    }

    /// Counts the call in progress, which has ended so.
    pub(super) fn book_call(&mut self, end: End, rolled_back: bool) {
        let timed = self.time_of_call();
        let figures = self.figures();
        if end != End::Done {
            figures.call_errors.add(1);
        }
        if let Some(function) = figures.functions.own(self.call.slot) {
            function.book(&Ended { end, rolled_back, keys: self.call.accesses, timed });
        }
    }

    /// How long the call in progress took, ns, and how many calls that stands for. A clock read costs a call of a microsecond a
    /// fiftieth: in a pipeline one call in so many is timed, and of the others those whose time even the coarse clock shows.
    fn time_of_call(&mut self) -> Option<(u64, u64)> {
        if let Some(exec) = &self.exec {
            return Some((clock::mono_ns() - exec.since_ns, 1));
        }
        if self.weight != 0 {
            let ns = clock::mono_ns() - self.started_ns;
            return Some((ns, if ns < (COARSE_ENOUGH_US as u64 * 1000) { self.weight } else { 1 }));
        }
        self.call.coarse_ns = clock::coarse_ns().saturating_sub(self.call.since_ns);
        (self.call.coarse_ns >= (COARSE_ENOUGH_US as u64 * 1000)).then_some((self.call.coarse_ns, 1))
    }

    /// Logs the request that ran just now if it was large, or its reply.
    #[inline]
    pub(super) fn judge_size(&self, conn: &Conn, request: &Request) {
        let reply_bytes = conn.output.len().saturating_sub(self.mark) as u64;
        let settings = &self.server.settings;
        if request.bytes as u64 >= settings.large_request_bytes.load(Ordering::Relaxed)
            || reply_bytes >= settings.large_reply_bytes.load(Ordering::Relaxed)
        {
            self.log_large(conn, conn.client.last_command, request, reply_bytes);
        }
    }

    #[cold]
    fn log_large(&self, conn: &Conn, row: u16, request: &Request, reply_bytes: u64) {
        if is_kept_out(row) {
            return;
        }
        let server = self.server;
        let max = |name: &str| server.settings.text(name).parse().unwrap_or(LENGTH_DEFAULT);
        let request_bytes = request.bytes as u64;
        let argv = || told(self.batch.args(request));
        // What runs in the background came in elsewhere.
        if conn.errand.is_none() && request_bytes >= server.settings.large_request_bytes.load(Ordering::Relaxed) {
            let entry = self.entry(conn, argv(), request_bytes);
            server.large_requests.push(entry, max("commandlog-large-request-max-len"));
        }
        if reply_bytes >= server.settings.large_reply_bytes.load(Ordering::Relaxed) {
            let entry = self.entry(conn, argv(), reply_bytes);
            server.large_replies.push(entry, max("commandlog-large-reply-max-len"));
        }
    }

    fn entry(&self, conn: &Conn, argv: Vec<Vec<u8>>, value: u64) -> SlowEntry {
        SlowEntry {
            id: 0,
            at_ms: self.txn.now_ms,
            value,
            argv,
            address: conn.client.address.clone(),
            client_name: conn.client.name.clone(),
        }
    }

    #[cold]
    pub(super) fn count_failure(&mut self, conn: &Conn, mark: usize, row: u16) {
        if !std::mem::take(&mut self.error_counted) {
            self.figures().count_error(&conn.output[mark.min(conn.output.len())..]);
        }
        if row != UNKNOWN {
            self.figures().per_command[row as usize].failed.add(1);
        }
    }

    #[cold]
    pub(super) fn count_refusal(&self, conn: &Conn, row: u16) {
        self.figures().count_error(&conn.output[self.mark.min(conn.output.len())..]);
        if row != UNKNOWN {
            self.figures().per_command[row as usize].rejected.add(1);
        }
    }
}

/// Passwords stay out of the logs: those of AUTH, and those that CONFIG sets.
/// A request as the log tells it: shortened, without its secrets.
pub(super) fn told(args: Args) -> Vec<Vec<u8>> {
    let mut words = shortened(args);
    // The last word may be about how many are left out.
    let count = if words.len() < args.len() { words.len() - 1 } else { args.len() };
    secrets(args, count).for_each(|at| words[at] = REDACTED.to_vec());
    words
}

fn is_kept_out(row: u16) -> bool {
    let kept_out = |row: &Row| row.flags & (flag::SKIP_SLOWLOG | flag::NO_AUTH) != 0 || matches!(row.run, Run::Control);
    row == UNKNOWN || kept_out(table().row(row))
}

/// The reply of a request that had to wait is complete; it begins at `mark`. Silences it where the client asked for that.
pub fn after_wait(conn: &mut Conn, mark: usize) {
    if conn.client.reply_mode != ReplyMode::On {
        after_silenced(conn, mark);
    }
}

/// Are its replies pushes, which no CLIENT REPLY silences?
fn pushes(row: u16) -> bool {
    row != UNKNOWN && table().row(row).flags & (flag::PUBSUB | flag::NOSCRIPT) == flag::PUBSUB | flag::NOSCRIPT
}

/// CLIENT REPLY OFF and SKIP: takes the reply back.
#[cold]
fn after_silenced(conn: &mut Conn, mark: usize) {
    match conn.client.reply_mode {
        ReplyMode::On => (),
        ReplyMode::Off => conn.output.truncate(mark),
        ReplyMode::SkipNext => {
            conn.output.truncate(mark);
            conn.client.reply_mode = ReplyMode::Skip;
        }
        ReplyMode::Skip => {
            conn.output.truncate(mark);
            conn.client.reply_mode = ReplyMode::On;
            conn.client.refresh();
        }
    }
}
