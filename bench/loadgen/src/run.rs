//! The event loop: one thread, one epoll set, and per batch one send and one recv.

use crate::connection::Connection;
use crate::histogram::Histogram;
use crate::listeners::{LISTENERS, Listeners};
use crate::options::Options;
use crate::reply::ReplyTotals;
use crate::server_cpu::server_cpu_ns;
use crate::template::Keys;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::time::{ClockId, Timespec, clock_gettime};
use std::time::Instant;

/// A reply is read this many bytes at a time at most: a share of L2, and a bound for one turn of the loop.
const READ_BYTES: usize = 64 * 1024;

pub struct Outcome {
    /// Messages that listeners should have got and did not.
    pub missing: u64,
    pub answered: u64,
    pub elapsed_ns: u64,
    pub latency_ns: Histogram,
    pub totals: ReplyTotals,
    pub background: Vec<u64>,
    pub server_cpu_ns: Option<u64>,
    pub own_cpu_ns: u64,
}

struct Run<'a> {
    options: &'a Options,
    keys: Keys,
    connections: Vec<Connection>,
    background: Option<Connection>,
    listeners: Listeners,
    background_ns: Vec<u64>,
    epoll: OwnedFd,
    clock: Instant,
    measuring: bool,
    latency_ns: Histogram,
    totals: ReplyTotals,
    answered: u64,
    /// Since the run's start, warm-up included.
    answered_ever: u64,
    issued: u64,
}

/// What the clocks said when the measured window opened.
struct WindowStart {
    at_ns: u64,
    server_cpu_ns: Option<u64>,
    own_cpu_ns: u64,
}

/// Runs the whole load. An error is a broken connection or broken RESP; error replies are in `totals`.
pub fn run(options: &Options) -> Result<Outcome, String> {
    let mut run = Run::open(options)?;
    let warmup_ns = if options.requests.is_some() {
        0
    } else {
        options.warmup.as_nanos() as u64
    };
    let end_ns = warmup_ns + options.window.as_nanos() as u64;
    let mut start = run.open_window();
    run.measuring = warmup_ns == 0;
    run.start_all()?;
    let mut events = Vec::with_capacity(256);
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let now_ns = run.now_ns();
        if !run.measuring && now_ns >= warmup_ns {
            start = run.open_window();
        }
        if run.is_finished(now_ns, end_ns) {
            let expected = run.answered_ever;
            let mut outcome = run.close_window(start);
            outcome.0.missing = outcome.1.drain(expected, &mut buffer)?;
            return Ok(outcome.0);
        }
        if run.options.rate.is_some() {
            run.start_due(now_ns)?;
        }
        run.turn(&mut events, &mut buffer)?;
    }
}

const BACKGROUND: u64 = u64::MAX;

impl<'a> Run<'a> {
    fn open(options: &'a Options) -> Result<Self, String> {
        let epoll = epoll::create(CreateFlags::CLOEXEC).map_err(|error| error.to_string())?;
        let mut connections = Vec::with_capacity(options.connections);
        for nth in 0..options.connections {
            let connection = Connection::open(options, &options.templates, options.pipeline, nth)?;
            add(&epoll, &connection, nth as u64)?;
            connections.push(connection);
        }
        let background = match &options.background {
            Some(template) => {
                let connection = Connection::open(options, std::slice::from_ref(template), 1, 0)?;
                add(&epoll, &connection, BACKGROUND)?;
                Some(connection)
            }
            None => None,
        };
        let listeners = Listeners::open(options, &epoll)?;
        Ok(Self {
            options,
            listeners,
            keys: Keys::new(options.keys, options.sequential, options.seed),
            connections,
            background,
            background_ns: Vec::new(),
            epoll,
            clock: Instant::now(),
            measuring: false,
            latency_ns: Histogram::new(),
            totals: ReplyTotals::new(),
            answered: 0,
            answered_ever: 0,
            issued: 0,
        })
    }

    fn now_ns(&self) -> u64 {
        self.clock.elapsed().as_nanos() as u64
    }

    /// Forgets what the warm-up measured, except for errors: those fail the run whenever they come.
    fn open_window(&mut self) -> WindowStart {
        self.measuring = true;
        self.answered = 0;
        self.latency_ns = Histogram::new();
        self.background_ns.clear();
        WindowStart {
            server_cpu_ns: self.options.server_pid.and_then(server_cpu_ns),
            own_cpu_ns: own_cpu_ns(),
            at_ns: self.now_ns(),
        }
    }

    fn close_window(mut self, start: WindowStart) -> (Outcome, Listeners) {
        let elapsed_ns = self.now_ns() - start.at_ns;
        self.record_overdue();
        let server_end_ns = self.options.server_pid.and_then(server_cpu_ns);
        let outcome = Outcome {
            missing: 0,
            answered: self.answered,
            elapsed_ns,
            latency_ns: self.latency_ns,
            totals: self.totals,
            background: self.background_ns,
            server_cpu_ns: server_end_ns
                .zip(start.server_cpu_ns)
                .map(|(end, begin)| end.saturating_sub(begin)),
            own_cpu_ns: own_cpu_ns() - start.own_cpu_ns,
        };
        (outcome, self.listeners)
    }

    /// Open loop: a request that is still unanswered, or was due and could not be sent, took at least this long. Left out,
    /// a server that answers nothing at all would look better than one that answers late.
    fn record_overdue(&mut self) {
        if self.options.rate.is_none() {
            return;
        }
        let now_ns = self.now_ns();
        for connection in &self.connections {
            if connection.unanswered > 0 {
                self.latency_ns
                    .record(now_ns.saturating_sub(connection.started_ns), connection.unanswered);
            }
            let mut due_ns = connection.due_ns;
            while due_ns < now_ns {
                self.latency_ns.record(now_ns - due_ns, connection.requests);
                due_ns += self.interval_ns();
            }
        }
    }

    /// Time between two batches of one connection of an open loop.
    fn interval_ns(&self) -> u64 {
        let rate = self.options.rate.unwrap_or(f64::INFINITY);
        ((self.connections.len() * self.options.pipeline) as f64 * 1e9 / rate).max(1.0) as u64
    }

    fn is_finished(&self, now_ns: u64, end_ns: u64) -> bool {
        match self.options.requests {
            Some(requests) => self.answered >= requests,
            None => now_ns >= end_ns,
        }
    }

    fn start_all(&mut self) -> Result<(), String> {
        let now_ns = self.now_ns();
        if let Some(rate) = self.options.rate {
            // Spread over one interval, so that the connections do not all send at once.
            let step_ns = self.options.pipeline as f64 * 1e9 / rate;
            for (nth, connection) in self.connections.iter_mut().enumerate() {
                connection.due_ns = now_ns + (nth as f64 * step_ns) as u64;
            }
        } else {
            for nth in 0..self.connections.len() {
                self.start_next(nth, now_ns)?;
            }
        }
        if let Some(mut connection) = self.background.take() {
            if !connection.start(&mut self.keys, now_ns)? {
                watch(&self.epoll, &connection, BACKGROUND, true)?;
            }
            self.background = Some(connection);
        }
        Ok(())
    }

    /// Open loop: a connection that is free sends when its time has come; a late one is measured from when it was due.
    fn start_due(&mut self, now_ns: u64) -> Result<(), String> {
        let interval_ns = self.interval_ns();
        for nth in 0..self.connections.len() {
            let connection = &mut self.connections[nth];
            if connection.unanswered == 0 && connection.due_ns <= now_ns {
                let due_ns = connection.due_ns;
                connection.due_ns += interval_ns;
                self.start_next(nth, due_ns)?;
            }
        }
        Ok(())
    }

    fn start_next(&mut self, nth: usize, started_ns: u64) -> Result<(), String> {
        if self.options.requests.is_some_and(|requests| self.issued >= requests) {
            return Ok(());
        }
        let connection = &mut self.connections[nth];
        self.issued += connection.requests as u64;
        if !connection.start(&mut self.keys, started_ns)? {
            watch(&self.epoll, connection, nth as u64, true)?;
        }
        Ok(())
    }

    fn turn(&mut self, events: &mut Vec<epoll::Event>, buffer: &mut [u8]) -> Result<(), String> {
        // An open loop polls: a timer of the kernel is too coarse for requests that are due microseconds apart.
        let poll_ns = if self.options.rate.is_some() { 0 } else { 10_000_000 };
        let timeout = Timespec {
            tv_sec: 0,
            tv_nsec: poll_ns,
        };
        events.clear();
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(events), Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(format!("epoll_wait: {error}")),
        }
        for event in events.iter() {
            let token = event.data.u64();
            let flags = event.flags;
            if token >= LISTENERS && token != BACKGROUND {
                self.listeners.receive((token - LISTENERS) as usize, buffer)?;
            } else if token == BACKGROUND {
                self.serve_background(flags, buffer)?;
            } else {
                self.serve(token as usize, flags, buffer)?;
            }
        }
        Ok(())
    }

    fn serve(&mut self, nth: usize, flags: EventFlags, buffer: &mut [u8]) -> Result<(), String> {
        let connection = &mut self.connections[nth];
        if flags.contains(EventFlags::OUT) && connection.flush()? {
            watch(&self.epoll, connection, nth as u64, false)?;
        }
        if !flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) {
            return Ok(());
        }
        let done = connection.receive(buffer, &mut self.totals)?;
        if done == 0 {
            return Ok(());
        }
        let (free, started_ns) = (
            connection.unanswered == 0 && connection.is_flushed(),
            connection.started_ns,
        );
        self.answered_ever += done as u64;
        let now_ns = self.now_ns();
        if self.measuring {
            self.answered += done as u64;
            self.latency_ns.record(now_ns.saturating_sub(started_ns), done);
        }
        if free && self.options.rate.is_none() {
            self.start_next(nth, now_ns)?;
        }
        Ok(())
    }

    fn serve_background(&mut self, flags: EventFlags, buffer: &mut [u8]) -> Result<(), String> {
        let Some(mut connection) = self.background.take() else {
            return Ok(());
        };
        if flags.contains(EventFlags::OUT) && connection.flush()? {
            watch(&self.epoll, &connection, BACKGROUND, false)?;
        }
        let mut totals = ReplyTotals::new();
        let done = connection.receive(buffer, &mut totals)?;
        if let Some(error) = totals.first_error {
            return Err(format!("the background request failed: {error}"));
        }
        if done > 0 {
            let now_ns = self.now_ns();
            self.background_ns.push(now_ns - connection.started_ns);
            if !connection.start(&mut self.keys, now_ns)? {
                watch(&self.epoll, &connection, BACKGROUND, true)?;
            }
        }
        self.background = Some(connection);
        Ok(())
    }
}

fn add(epoll: &OwnedFd, connection: &Connection, token: u64) -> Result<(), String> {
    epoll::add(epoll, &connection.socket, EventData::new_u64(token), EventFlags::IN).map_err(|error| error.to_string())
}

fn watch(epoll: &OwnedFd, connection: &Connection, token: u64, writable: bool) -> Result<(), String> {
    let flags = if writable {
        EventFlags::IN | EventFlags::OUT
    } else {
        EventFlags::IN
    };
    epoll::modify(epoll, &connection.socket, EventData::new_u64(token), flags).map_err(|error| error.to_string())
}

fn own_cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
