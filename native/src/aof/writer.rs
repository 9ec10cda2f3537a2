//! The thread that takes records off the log and writes them: one write and, with `always`, one fsync for all cores together.
//!
//! ```text
//!   always      write · fsync · wake the cores that hold replies          again, as fast as the disk is
//!   everysec    write, at most once in a millisecond · fsync on a thread of its own, once a second
//!   no          write, as above
//! ```
//!
//! While a write fails it is tried again and again; what comes meanwhile is kept in memory, and requests that would add to it are
//! refused (`MISCONF`).

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::tape::{LogFile, Tape};
use crate::session::durability::{Fsync, Order};
use crate::session::server::Server;
use crate::sys::{clock, usage};

/// Bytes taken off the log in one go.
const TAKE_BYTES: usize = 4 << 20;
/// Between two writes, where no reply waits for them.
const PAUSE: Duration = Duration::from_millis(1);
const SYNC_EVERY: Duration = Duration::from_secs(1);
/// Between two attempts to write what could not be written.
const RETRY_AFTER: Duration = Duration::from_millis(100);
/// How long an fsync waits for more to write, at most, and between two looks.
const GATHER_MAX: Duration = Duration::from_millis(1);
const GATHER_LOOK: Duration = Duration::from_micros(10);
/// Errors of a stop are final after so long.
const STOP_TRIES: u32 = 20;
const NOTICE: u8 = 2;
const WARNING: u8 = 3;

/// A file to append to.
pub struct Disk(File);

impl Disk {
    /// Opens a file, which is made where there is none. Gives its length.
    pub fn open(path: &Path) -> io::Result<(Disk, u64)> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        let length = file.metadata()?.len();
        Ok((Disk(file), length))
    }
}

impl LogFile for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        self.0.set_len(bytes)
    }
}

struct Writer {
    server: &'static Server,
    tape: Tape<Disk>,
    raw: Vec<u8>,
    syncer: Syncer,
    last_sync: Instant,
    /// How long the last fsync took that replies waited for, and how many connections it served, at most of late.
    sync_took: Duration,
    group: u64,
    failed_at: Option<Instant>,
    order: Option<Order>,
}

/// Starts it on a file of `length` bytes, beside others of `before` bytes.
pub fn start(server: &'static Server, (disk, length): (Disk, u64), before: u64) -> io::Result<()> {
    let syncer = Syncer::start()?;
    let writer = Writer {
        server,
        tape: Tape::new(disk, length),
        raw: Vec::new(),
        syncer,
        last_sync: Instant::now(),
        sync_took: Duration::ZERO,
        group: 0,
        failed_at: None,
        order: None,
    };
    server.durability.aof_enabled.store(true, Relaxed);
    server.durability.aof_other_bytes.store(before, Relaxed);
    server.durability.aof_bytes.store(before + length, Relaxed);
    thread::Builder::new().name("zedis-aof".into()).spawn(move || usage::apart(|| writer.run())).map(drop)
}

impl Writer {
    fn run(mut self) {
        let log = &self.server.store.log;
        log.be_reader();
        loop {
            if self.order.is_none() {
                self.order = self.server.durability.take_order();
            }
            self.gather();
            let taken = self.take();
            let position = log.ring().map_or(0, |ring| ring.head());
            let written = self.write();
            let synced = written && self.sync(position);
            self.show();
            match self.order.take() {
                Some(Order::Rotate { at, path, done }) if position >= at => self.rotate(at, &path, done),
                Some(Order::Stop { done }) if taken == 0 => match self.stop() {
                    Some(outcome) => {
                        let _ = done.send(outcome);
                        return;
                    }
                    None => self.order = Some(Order::Stop { done }),
                },
                other => self.order = other,
            }
            if !synced {
                thread::sleep(if taken > 0 { PAUSE } else { RETRY_AFTER });
            } else if taken == 0 {
                let most =
                    if self.tape.is_dirty() { SYNC_EVERY.saturating_sub(self.last_sync.elapsed()) } else { SYNC_EVERY };
                log.sleep(most.max(PAUSE));
            } else if self.server.durability.fsync() != Fsync::Always {
                thread::sleep(PAUSE);
            }
        }
    }

    /// Before an fsync that replies wait for: those that the last one has served will soon be back with their next requests, and one fsync
    /// for all is twice as good as one for those who are here and another for the rest.
    fn gather(&mut self) {
        let durability = &self.server.durability;
        if durability.fsync() != Fsync::Always || durability.held.load(Relaxed) == 0 {
            return;
        }
        let (began, most) = (Instant::now(), (self.sync_took / 2).min(GATHER_MAX));
        let mut held = durability.held.load(Relaxed);
        while held * 10 < self.group * 9 && began.elapsed() < most {
            thread::sleep(GATHER_LOOK);
            held = durability.held.load(Relaxed);
        }
        self.group = held.max(self.group * 7 / 8);
    }

    /// Takes what there is off the log, up to where the next file begins.
    fn take(&mut self) -> usize {
        self.raw.clear();
        let count = self.server.store.log.take(TAKE_BYTES, &mut self.raw);
        self.tape.stamps = self.server.durability.aof_stamps.load(Relaxed);
        self.tape.take(&self.raw, clock::now_ms() / 1000);
        count
    }

    /// Writes what waits. False: that failed, now or a moment ago.
    fn write(&mut self) -> bool {
        if self.failed_at.is_some_and(|at| at.elapsed() < RETRY_AFTER) {
            return false;
        }
        let always = self.server.durability.fsync() == Fsync::Always;
        match self.tape.write(always) {
            Ok(()) => true,
            Err(error) => self.fail("writing to", &error),
        }
    }

    fn fail(&mut self, what: &str, error: &io::Error) -> bool {
        if self.failed_at.is_none() {
            self.server.log.push(WARNING, format!("Error {what} the AOF file: {error}"));
        }
        self.failed_at = Some(Instant::now());
        let text = error.to_string();
        let plain = text.split(" (os error").next().unwrap_or(&text).to_string();
        self.server.set_log_error(Some(plain));
        false
    }

    fn recovered(&mut self) {
        if self.failed_at.take().is_some() {
            self.server.set_log_error(None);
            self.server.log.push(WARNING, "AOF write error looks solved, the server can write again.".into());
        }
    }

    /// Does what `appendfsync` asks for. `position`: up to there the log is written. False: it failed.
    fn sync(&mut self, position: u64) -> bool {
        let durability = &self.server.durability;
        let log = &self.server.store.log;
        match durability.fsync() {
            Fsync::Always => {
                if self.tape.is_dirty() {
                    let began = Instant::now();
                    if let Err(error) = self.tape.sync() {
                        return self.fail("fsyncing", &error);
                    }
                    self.last_sync = Instant::now();
                    self.sync_took = began.elapsed();
                    let ms = began.elapsed().as_millis() as u64;
                    self.note_latency("aof-fsync-always", ms);
                }
                if log.durable() < position {
                    log.set_durable(position);
                    self.server.wake_waiting();
                }
            }
            Fsync::EverySecond | Fsync::No if log.durable() < durability.sync_wanted.load(Relaxed) => {
                if let Err(error) = self.tape.sync() {
                    return self.fail("fsyncing", &error);
                }
                self.last_sync = Instant::now();
                log.set_durable(position);
                self.server.wake_waiting();
            }
            Fsync::EverySecond => {
                match self.syncer.take_outcome() {
                    Some(Ok(length)) => self.tape.note_synced(length),
                    Some(Err(error)) => return self.fail("fsyncing", &error),
                    None => (),
                }
                if self.tape.is_dirty() && self.last_sync.elapsed() >= SYNC_EVERY {
                    let quiet = durability.rewrite_since_s.load(Relaxed) != 0
                        && self.server.settings.text("no-appendfsync-on-rewrite") == "yes";
                    self.last_sync = Instant::now();
                    if !quiet && !self.syncer.begin(&self.tape.file().0, self.tape.length()) {
                        durability.fsync_delayed.fetch_add(1, Relaxed);
                    }
                }
                durability.fsync_pending.store(self.syncer.is_busy() as u64, Relaxed);
            }
            Fsync::No => (),
        }
        self.recovered();
        true
    }

    fn note_latency(&self, event: &'static str, ms: u64) {
        let threshold_ms = self.server.settings.latency_threshold_ms.load(Relaxed);
        if threshold_ms != 0 && ms >= threshold_ms {
            self.server.events.record(event, clock::now_ms() / 1000, ms);
        }
    }

    fn show(&self) {
        let durability = &self.server.durability;
        durability.aof_bytes.store(durability.aof_other_bytes.load(Relaxed) + self.tape.length(), Relaxed);
        durability.aof_backlog.store(self.tape.backlog() as u64, Relaxed);
    }

    /// Goes on in another file, once all before it is on disk; until then the order stays.
    fn rotate(&mut self, at: u64, path: &Path, done: Sender<()>) {
        let outcome = if self.tape.backlog() > 0 { Err(io::ErrorKind::Other.into()) } else { self.tape.sync() };
        match outcome.and_then(|()| Disk::open(path)) {
            Ok((disk, length)) => {
                self.server.durability.aof_other_bytes.fetch_add(self.tape.length(), Relaxed);
                self.tape = Tape::new(disk, length);
                self.server.store.log.clear_border();
                self.syncer.forget();
                let _ = done.send(());
            }
            Err(error) => {
                self.fail("changing", &error);
                self.order = Some(Order::Rotate { at, path: path.into(), done });
            }
        }
    }

    /// Ends, if nobody appends any more. Some: it is over, and how it ended.
    fn stop(&mut self) -> Option<Result<(), String>> {
        let server = self.server;
        if server.store.log.is_seen_by_any() && !server.stopping.load(Relaxed) {
            return None;
        }
        if server.store.log.ring().is_some_and(|ring| ring.head() < ring.tail()) {
            return None;
        }
        let mut tries = 0;
        let outcome = loop {
            match self.tape.write(true).and_then(|()| self.tape.sync()) {
                Ok(()) => break Ok(()),
                Err(error) if tries >= STOP_TRIES => break Err(error.to_string()),
                Err(_) => {
                    tries += 1;
                    thread::sleep(RETRY_AFTER);
                }
            }
        };
        match &outcome {
            Ok(()) => server.log.push(NOTICE, "The AOF file is on disk up to its last request.".into()),
            Err(error) => server.log.push(
                WARNING,
                format!(
                    "The end of the AOF file could not be written: {error}; {} bytes are lost",
                    self.tape.backlog()
                ),
            ),
        }
        server.store.log.set_durable(server.store.log.tail());
        server.wake_waiting();
        server.set_log_error(None);
        server.durability.aof_enabled.store(false, Relaxed);
        self.show();
        Some(outcome)
    }
}

/// A thread that calls fsync, one at a time, so that writing goes on meanwhile.
struct Syncer {
    asks: Sender<(File, u64)>,
    answers: Receiver<io::Result<u64>>,
    busy: std::cell::Cell<bool>,
    /// The answer that comes is about a file that is not written any more.
    stale: std::cell::Cell<bool>,
}

impl Syncer {
    fn start() -> io::Result<Syncer> {
        let (asks, asked) = channel::<(File, u64)>();
        let (answer, answers) = channel();
        thread::Builder::new().name("zedis-fsync".into()).spawn(move || {
            for (file, length) in asked {
                if answer.send(file.sync_data().map(|()| length)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Syncer { asks, answers, busy: false.into(), stale: false.into() })
    }

    /// False: one goes on yet.
    fn begin(&self, file: &File, length: u64) -> bool {
        if self.busy.get() {
            return false;
        }
        let Ok(file) = file.try_clone() else { return false };
        self.busy.set(self.asks.send((file, length)).is_ok());
        self.busy.get()
    }

    fn is_busy(&self) -> bool {
        self.busy.get()
    }

    fn take_outcome(&self) -> Option<io::Result<u64>> {
        let outcome = self.answers.try_recv().ok()?;
        self.busy.set(false);
        if self.stale.replace(false) { None } else { Some(outcome) }
    }

    /// Another file is written from now on.
    fn forget(&self) {
        self.stale.set(self.busy.get());
    }
}
