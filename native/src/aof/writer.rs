//! The thread that keeps the file of the log: fsyncs that nobody waits for, errors, other files, and writing where cores cannot.
//!
//! ```text
//!   always      the thread of `group.rs` writes and fsyncs; after an error this one does
//!   everysec    cores write (`desk.rs`) · fsync on a thread of its own, once a second
//!   no          cores write
//! ```
//!
//! While a write fails it is tried again and again; what comes meanwhile is kept in memory, and requests that would add to it are
//! refused (`MISCONF`).

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use super::desk::{Desk, FAILED, SYNCING};
use super::group::Group;
use super::syncer::{Ahead, Syncer};
use super::tape::{LogFile, Tape};
use crate::session::durability::{Fsync, LogWriter, Order};
use crate::session::server::Server;
use crate::sys::cpu::{self, Waking};
use crate::sys::{clock, usage};

/// The least time it sleeps for.
const PAUSE: Duration = Duration::from_millis(1);
const SYNC_EVERY: Duration = Duration::from_secs(1);
/// Between two attempts to write what could not be written.
const RETRY_AFTER: Duration = Duration::from_millis(100);
/// Errors of a stop are final after so long.
const STOP_TRIES: u32 = 20;
const NOTICE: u8 = 2;
const WARNING: u8 = 3;

/// A file to append to: a descriptor to write by, and one for the fsyncs of the group. The system tells each of a failure, and the same
/// one only once: whoever syncs beside must not take the other's.
pub struct Disk(Arc<File>, Arc<File>);

impl Disk {
    /// Opens a file, which is made where there is none. Gives its length.
    pub fn open(path: &Path) -> io::Result<(Disk, u64)> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        let length = file.metadata()?.len();
        Ok((Disk(Arc::new(file), Arc::new(File::open(path)?)), length))
    }

    /// The descriptor of the group.
    pub(super) fn beside(&self) -> Arc<File> {
        self.1.clone()
    }
}

impl LogFile for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        self.0.set_len(bytes)
    }
}

/// The desk, as cores come to it.
struct ForCores {
    server: &'static Server,
    desk: Arc<Desk<Disk>>,
    group: Arc<Group>,
    ahead: Ahead,
}

impl LogWriter for ForCores {
    fn write_up_to(&self, position: u64) -> bool {
        let (server, slow) = (self.server, self.server.durability.flush_sleep_us.load(Relaxed) > 0);
        let see = |tape: &Tape<Disk>| {
            show(server, tape);
            if server.durability.fsync() == Fsync::EverySecond {
                self.ahead.note(&tape.file().0, tape.length());
            }
        };
        !slow && self.desk.write_up_to(&server.store.log, position, stamp(server), see)
    }

    fn sync_soon(&self) {
        self.group.nudge(self.server);
    }
}

/// The time, where it is to be written between requests.
pub(super) fn stamp(server: &Server) -> Option<i64> {
    server.durability.aof_stamps.load(Relaxed).then(|| clock::now_ms() / 1000)
}

pub(super) fn show(server: &Server, tape: &Tape<Disk>) {
    let durability = &server.durability;
    durability.aof_bytes.store(durability.aof_other_bytes.load(Relaxed) + tape.length(), Relaxed);
    durability.aof_backlog.store(tape.backlog() as u64, Relaxed);
}

struct Writer {
    server: &'static Server,
    desk: Arc<Desk<Disk>>,
    syncer: Syncer,
    group: Arc<Group>,
    last_sync: Instant,
    failed_at: Option<Instant>,
    /// The last fsync failed: that the disk takes bytes again is no recovery, only an fsync is.
    sync_failed: bool,
    order: Option<Order>,
}

/// Starts it on a file of `length` bytes, beside others of `before` bytes.
pub fn start(server: &'static Server, (disk, length): (Disk, u64), before: u64) -> io::Result<()> {
    let desk = Arc::new(Desk::new(Tape::new(disk, length)));
    let syncer = Syncer::start(server, desk.clone())?;
    let ahead = syncer.ahead(length);
    let group = Group::start(server, &desk)?;
    let writer = Writer {
        server,
        desk: desk.clone(),
        syncer,
        group: group.clone(),
        last_sync: Instant::now(),
        failed_at: None,
        sync_failed: false,
        order: None,
    };
    server.durability.aof_enabled.store(true, Relaxed);
    server.durability.aof_other_bytes.store(before, Relaxed);
    server.durability.aof_bytes.store(before + length, Relaxed);
    thread::Builder::new().name("zedis-aof".into()).spawn(move || {
        cpu::on_waking(Waking::Interrupts);
        usage::apart(|| writer.run())
    })?;
    server.durability.set_log_writer(Some(Arc::new(ForCores { server, desk, group, ahead })));
    Ok(())
}

impl Writer {
    fn run(mut self) {
        let log = &self.server.store.log;
        log.be_reader();
        loop {
            if self.order.is_none() {
                self.order = self.server.durability.take_order();
            }
            let (taken, written) = self.write();
            let position = log.written();
            let synced = written && self.sync(position);
            show(self.server, &self.desk.seat().tape);
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
                log.sleep(self.most());
            }
        }
    }

    /// How long there is nothing to do, if nobody calls.
    fn most(&self) -> Duration {
        let due = self.desk.seat().tape.is_dirty() && !self.syncer.is_busy();
        let most = if due { SYNC_EVERY.saturating_sub(self.last_sync.elapsed()) } else { SYNC_EVERY };
        if self.order.is_some() { PAUSE } else { most.max(PAUSE) }
    }

    /// Takes what there is off the log, how many bytes, and writes it. False: that failed, now or a moment ago.
    fn write(&mut self) -> (usize, bool) {
        let log = &self.server.store.log;
        let desk = self.desk.clone();
        let mut seat = desk.seat();
        let taken = seat.take(log, stamp(self.server));
        if self.failed_at.is_some_and(|at| at.elapsed() < RETRY_AFTER) {
            return (taken, false);
        }
        let sleep_us = self.server.durability.flush_sleep_us.load(Relaxed);
        if sleep_us > 0 && seat.tape.backlog() > 0 {
            thread::sleep(Duration::from_micros(sleep_us));
        }
        let always = self.server.durability.fsync() == Fsync::Always;
        match seat.write(log, always) {
            Ok(()) => {
                drop(seat);
                if !always {
                    self.server.wake_waiting();
                }
                (taken, true)
            }
            Err(error) => (taken, self.fail("writing to", &error)),
        }
    }

    fn fail(&mut self, what: &str, error: &io::Error) -> bool {
        if self.failed_at.is_none() {
            self.server.log.push(WARNING, format!("Error {what} the AOF file: {error}"));
        }
        self.failed_at = Some(Instant::now());
        self.desk.shut(FAILED);
        let text = error.to_string();
        let plain = text.split(" (os error").next().unwrap_or(&text).to_string();
        self.server.set_log_error(Some(plain));
        false
    }

    fn recovered(&mut self) {
        self.desk.open(FAILED);
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
            // The group's business, unless something has failed.
            Fsync::Always if self.failed_at.is_none() && !self.sync_failed => {
                let error = self.desk.seat().sync_error.take();
                if let Some(error) = error {
                    return self.fail_sync(&error);
                }
            }
            Fsync::Always => {
                let outcome = self.desk.seat().tape.sync();
                if let Err(error) = outcome {
                    return self.fail_sync(&error);
                }
                (self.last_sync, self.sync_failed) = (Instant::now(), false);
                log.set_durable(position.max(log.durable()));
                self.server.wake_waiting();
            }
            Fsync::EverySecond | Fsync::No if log.durable() < durability.sync_wanted.load(Relaxed) => {
                if let Err(error) = self.sync_beside() {
                    return self.fail_sync(&error);
                }
                (self.last_sync, self.sync_failed) = (Instant::now(), false);
                log.set_durable(position);
                self.server.wake_waiting();
            }
            Fsync::EverySecond => {
                match self.syncer.take_outcome() {
                    Some(Ok(length)) => {
                        self.desk.seat().tape.note_synced(length);
                        self.sync_failed = false;
                    }
                    Some(Err(error)) => return self.fail_sync(&error),
                    None => (),
                }
                let (file, length, dirty) = self.file();
                if self.sync_failed || (dirty && self.last_sync.elapsed() >= SYNC_EVERY) {
                    let quiet = durability.rewrite_since_s.load(Relaxed) != 0
                        && self.server.settings.text("no-appendfsync-on-rewrite") == "yes";
                    self.last_sync = Instant::now();
                    if !quiet && !self.syncer.begin(file, length) {
                        durability.fsync_delayed.fetch_add(1, Relaxed);
                    }
                }
                durability.fsync_pending.store(self.syncer.is_busy() as u64, Relaxed);
            }
            // Nobody asks for one any more.
            Fsync::No => self.sync_failed = false,
        }
        if self.sync_failed {
            return false;
        }
        self.recovered();
        if durability.fsync() == Fsync::Always {
            self.group.nudge(self.server);
        }
        true
    }

    fn fail_sync(&mut self, error: &io::Error) -> bool {
        self.sync_failed = true;
        self.fail("fsyncing", error)
    }

    /// The file that is written, its length, and whether some of that may not be on disk.
    fn file(&self) -> (Arc<File>, u64, bool) {
        let seat = self.desk.seat();
        (seat.tape.file().0.clone(), seat.tape.length(), seat.tape.is_dirty())
    }

    /// Has all on disk that is written, while others may write on.
    fn sync_beside(&self) -> io::Result<()> {
        let (file, length, dirty) = self.file();
        if dirty {
            self.desk.shut(SYNCING);
            let outcome = file.sync_data();
            self.desk.open(SYNCING);
            outcome?;
            self.desk.seat().tape.note_synced(length);
        }
        Ok(())
    }

    /// Goes on in another file, once all before it is on disk; until then the order stays.
    fn rotate(&mut self, at: u64, path: &Path, done: Sender<()>) {
        // Most of it while others write on: what they have written by then is little.
        let before = self.sync_beside();
        let desk = self.desk.clone();
        let mut seat = desk.seat();
        let tape = &mut seat.tape;
        let outcome =
            if tape.backlog() > 0 { Err(io::ErrorKind::Other.into()) } else { before.and_then(|()| tape.sync()) };
        match outcome.and_then(|()| Disk::open(path)) {
            Ok((disk, length)) => {
                self.server.durability.aof_other_bytes.fetch_add(tape.length(), Relaxed);
                seat.change(Tape::new(disk, length));
                drop(seat);
                let log = &self.server.store.log;
                log.set_durable(at.max(log.durable()));
                log.clear_border();
                self.server.wake_waiting();
                self.group.nudge(self.server);
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
        let desk = self.desk.clone();
        let tape = &mut desk.seat().tape;
        let mut tries = 0;
        let outcome = loop {
            match tape.write(true).and_then(|()| tape.sync()) {
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
                format!("The end of the AOF file could not be written: {error}; {} bytes are lost", tape.backlog()),
            ),
        }
        server.store.log.set_written(server.store.log.tail());
        server.store.log.set_durable(server.store.log.tail());
        self.group.end();
        server.durability.aof_enabled.store(false, Relaxed);
        server.wake_waiting();
        server.set_log_error(None);
        // Before the log is switched on again: what it holds then is for another file. Stragglers of a server that stops may write on.
        if !server.stopping.load(Relaxed) {
            server.durability.set_log_writer(None);
        }
        show(server, tape);
        Some(outcome)
    }
}
