//! The fsyncs of `appendfsync always`: two threads, each writes what there is and sees to it that it is on disk.
//!
//! ```text
//!   one    gather · write ─ fsync ──────── wake the cores that hold replies · gather · write ─ fsync ──
//!   other  ──────── gather · write ─ fsync ──────── wake · gather · write ─ fsync ──────── wake ·
//! ```
//!
//! While one waits for the disk the cores serve those whose replies the other has let go, and the other's fsync begins: neither waits for
//! the other's end (a disk, or the journal of a file system, takes the next while it is at one). What an fsync covers was written before
//! it began, by whomever, so its end speaks for everything up to there.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use super::desk::{Desk, FAILED};
use super::writer::{Disk, show, stamp};
use crate::session::durability::{Durability, Fsync};
use crate::session::server::Server;
use crate::sys::{clock, usage};

/// Threads that fsync, and fsyncs at a time.
pub const SYNCERS: usize = 2;
/// How long an fsync waits for more to write, at most.
const GATHER_MAX: Duration = Duration::from_millis(1);

pub struct Group {
    state: Mutex<State>,
    /// The one that gathers waits here, those with nothing to do there.
    more: Condvar,
    idle: Condvar,
}

#[derive(Default)]
struct State {
    idle: usize,
    gathering: bool,
    ended: bool,
    /// How many replies had been held when the last fsync began; how many are held at a time, at most of late.
    holds: u64,
    peak: u64,
    /// How long the last fsync took.
    took: Duration,
    /// Fsyncs that go on, and when the last one began.
    going: usize,
    began: Option<Instant>,
}

impl State {
    /// Those that the last fsync has served will soon be back with their next requests, and an fsync serves many as well as few: but
    /// not so many that the other threads have none. Nine tenths of an even share.
    fn is_enough(&self, durability: &Durability) -> bool {
        (durability.holds.load(Relaxed) - self.holds) * SYNCERS as u64 * 10 >= self.peak * 9
    }

    fn note_begin(&mut self, durability: &Durability) {
        self.holds = durability.holds.load(Relaxed);
        self.peak = durability.held.load(Relaxed).max(self.peak * 7 / 8);
        self.began = Some(Instant::now());
    }

    /// Before this no other one is to begin: two that began together would end together, and all their clients would be served, and wait, at
    /// the same time.
    fn earliest(&self) -> Option<Instant> {
        self.began.filter(|_| self.going > 0).map(|began| began + (self.took / SYNCERS as u32).min(GATHER_MAX))
    }
}

impl Group {
    /// Starts its threads.
    pub fn start(server: &'static Server, desk: &Arc<Desk<Disk>>) -> std::io::Result<Arc<Group>> {
        let group = Arc::new(Group { state: Mutex::default(), more: Condvar::new(), idle: Condvar::new() });
        for number in 0..SYNCERS {
            let (group, desk) = (group.clone(), desk.clone());
            let run = move || usage::apart(|| group.run(server, &desk, number));
            thread::Builder::new().name(format!("zedis-sync-{number}")).spawn(run)?;
        }
        Ok(group)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Something is to be on disk soon. Once a turn of a core.
    pub fn nudge(&self, server: &Server) {
        let state = self.state();
        if state.gathering {
            if state.is_enough(&server.durability) {
                self.more.notify_one();
            }
        } else if state.idle > 0 {
            self.idle.notify_one();
        }
    }

    /// Nothing will be written any more.
    pub fn end(&self) {
        self.state().ended = true;
        self.idle.notify_all();
        self.more.notify_all();
    }

    fn run(&self, server: &'static Server, desk: &Desk<Disk>, number: usize) {
        let mut state = self.state();
        while !state.ended {
            if state.gathering || !is_wanted(server, desk) {
                state.idle += 1;
                state = self.idle.wait(state).unwrap_or_else(|poisoned| poisoned.into_inner());
                state.idle -= 1;
                continue;
            }
            state.gathering = true;
            state = self.gather(server, state);
            state.note_begin(&server.durability);
            drop(state);
            let began = Instant::now();
            let ticket = begin(server, desk);
            state = self.state();
            state.gathering = false;
            state.going += ticket.is_some() as usize;
            // What came since called nobody.
            if state.idle > 0 && is_wanted(server, desk) {
                self.idle.notify_one();
            }
            let Some(ticket) = ticket else { continue };
            drop(state);
            let file = desk.seat().tape.file().of(number);
            let outcome = file.sync_data();
            let fails = outcome.is_err();
            desk.seat().end_sync(&server.store.log, &ticket, outcome);
            if fails {
                desk.shut(FAILED);
                server.store.log.nudge();
            }
            server.wake_waiting();
            let took = began.elapsed();
            server.note_event("aof-fsync-always", clock::now_ms() / 1000, took.as_millis() as u64);
            state = self.state();
            state.took = took;
            state.going -= 1;
        }
    }

    fn gather<'a>(&'a self, server: &Server, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let until = Instant::now() + (state.took / 2).min(GATHER_MAX);
        while !state.ended {
            let enough = state.is_enough(&server.durability);
            let end = if enough { state.earliest() } else { Some(until) };
            let left = end.map_or(Duration::ZERO, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                break;
            }
            state = self.more.wait_timeout(state, left).unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
        state
    }
}

/// Is there something that no fsync has begun for? Where something has failed the log's thread is at it.
fn is_wanted(server: &Server, desk: &Desk<Disk>) -> bool {
    server.durability.fsync() == Fsync::Always && !desk.is_shut(FAILED) && server.store.log.readable() > desk.begun()
}

/// Writes what there is.
fn begin(server: &Server, desk: &Desk<Disk>) -> Option<super::desk::Ticket> {
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
