//! The fsyncs of `appendfsync always`: a thread that writes what there is and sees to it that it is on disk, for all who wait at once.
//!
//! ```text
//!   thread   gather · write ─ fsync ─────────── wake the cores · gather · write ─ fsync ───────
//!   cores    ──── run, hold ┘                   └ let replies go, run what comes, hold ┘
//! ```
//!
//! One at a time, since two do not end sooner: they write the same file's last block and inode, and wait for each other there (measured on
//! ext4: bench/README.md). So what counts is how many replies one covers, and it is worth a wait for those that the last one has let go.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use super::desk::{Desk, FAILED, Ticket};
use super::writer::{Disk, show, stamp};
use crate::session::durability::Fsync;
use crate::session::server::Server;
use crate::sys::cpu::{self, Waking};
use crate::sys::{clock, usage};

/// How long an fsync waits for more to write, at most; nor longer than the last one took.
const GATHER_MAX: Duration = Duration::from_millis(1);

pub struct Group {
    state: Mutex<State>,
    /// The thread waits here.
    call: Condvar,
}

#[derive(Default)]
struct State {
    waits: Waits,
    ended: bool,
    /// How many replies had been held when the last fsync began; how many are held at a time, at most of late.
    holds: u64,
    peak: u64,
    /// How long the last fsync took.
    took: Duration,
}

/// What the thread waits for.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Waits {
    #[default]
    Nothing,
    Anything,
    Enough,
}

impl State {
    /// `holds`: how many replies have been held so far. Those that the last fsync has served will soon be back with their next requests, and
    /// an fsync serves many as well as few. Nine tenths of them: some may stay away.
    fn is_enough(&self, holds: u64) -> bool {
        (holds - self.holds) * 10 >= self.peak * 9
    }

    /// An fsync has ended; `held`: how many replies are, those that go now and those that have come since it began.
    fn note_end(&mut self, took: Duration, held: u64) {
        self.took = took;
        self.peak = held.max(self.peak * 7 / 8);
    }

    /// For so long it is worth to wait for more.
    fn patience(&self) -> Duration {
        self.took.min(GATHER_MAX)
    }
}

impl Group {
    /// Starts its thread.
    pub fn start(server: &'static Server, desk: &Arc<Desk<Disk>>) -> std::io::Result<Arc<Group>> {
        let group = Arc::new(Group { state: Mutex::default(), call: Condvar::new() });
        let (own, desk) = (group.clone(), desk.clone());
        let run = move || {
            cpu::on_waking(Waking::Interrupts);
            usage::apart(|| own.run(server, &desk))
        };
        thread::Builder::new().name("zedis-sync".into()).spawn(run)?;
        Ok(group)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Something is to be on disk soon. Once a turn of a core.
    pub fn nudge(&self, server: &Server) {
        let state = self.state();
        if match state.waits {
            Waits::Nothing => false,
            Waits::Anything => true,
            Waits::Enough => state.is_enough(server.durability.holds.load(Relaxed)),
        } {
            self.call.notify_one();
        }
    }

    /// Nothing will be written any more.
    pub fn end(&self) {
        self.state().ended = true;
        self.call.notify_one();
    }

    fn run(&self, server: &'static Server, desk: &Desk<Disk>) {
        let durability = &server.durability;
        let mut state = self.state();
        while !state.ended {
            if !is_wanted(server, desk) {
                state.waits = Waits::Anything;
                state = self.call.wait(state).unwrap_or_else(|poisoned| poisoned.into_inner());
                state.waits = Waits::Nothing;
                continue;
            }
            state = self.gather(server, state);
            state.holds = durability.holds.load(Relaxed);
            drop(state);
            let began = Instant::now();
            if let Some(ticket) = begin(server, desk) {
                let file = desk.seat().tape.file().beside();
                let outcome = file.sync_data();
                let fails = outcome.is_err();
                desk.seat().end_sync(&server.store.log, &ticket, outcome);
                if fails {
                    desk.shut(FAILED);
                    server.store.log.nudge();
                }
                let took = began.elapsed();
                server.note_event("aof-fsync-always", clock::now_ms() / 1000, took.as_millis() as u64);
                state = self.state();
                state.note_end(took, durability.held.load(Relaxed));
                drop(state);
                server.wake_waiting();
            }
            state = self.state();
        }
    }

    fn gather<'a>(&'a self, server: &Server, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let until = Instant::now() + state.patience();
        while !state.ended && !state.is_enough(server.durability.holds.load(Relaxed)) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state.waits = Waits::Enough;
            state = self.call.wait_timeout(state, left).unwrap_or_else(|poisoned| poisoned.into_inner()).0;
            state.waits = Waits::Nothing;
        }
        state
    }
}

/// Is there something that no fsync has begun for? Where something has failed the log's thread is at it.
fn is_wanted(server: &Server, desk: &Desk<Disk>) -> bool {
    server.durability.fsync() == Fsync::Always && !desk.is_shut(FAILED) && server.store.log.readable() > desk.begun()
}

/// Writes what there is.
fn begin(server: &Server, desk: &Desk<Disk>) -> Option<Ticket> {
    let sleep_us = server.durability.flush_sleep_us.load(Relaxed);
    if sleep_us > 0 {
        thread::sleep(Duration::from_micros(sleep_us));
    }
    let mut seat = desk.seat();
    while seat.take(&server.store.log, stamp(server)) > 0 {}
    if seat.write(&server.store.log, true).is_err() {
        desk.shut(FAILED);
        server.store.log.nudge();
        return None;
    }
    show(server, &seat.tape);
    Some(desk.begin_sync(&mut seat, &server.store.log))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_fsync_waits_for_nearly_all_who_were_there_when_the_last_one_ended_and_forgets_who_stays_away() {
        let mut state = State { holds: 100, ..State::default() };
        assert!(state.is_enough(101), "nobody is known yet");
        state.note_end(Duration::from_micros(300), 50);
        assert!(!state.is_enough(144) && state.is_enough(145));
        assert_eq!(state.patience(), Duration::from_micros(300));
        // One client is left.
        for _ in 0..40 {
            state.note_end(Duration::from_secs(1), 1);
        }
        assert!(state.is_enough(101));
        assert_eq!(state.patience(), GATHER_MAX);
    }
}
