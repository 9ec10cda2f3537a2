//! The fsyncs of `appendfsync everysec`, and what makes them short: the disk is given what is written as it comes, not once a second.

use std::cell::Cell;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::desk::{Desk, SYNCING};
use super::tape::LogFile;
use super::writer::Disk;
use crate::session::server::Server;
use crate::sys::cpu::{self, Waking};
use crate::sys::files::begin_writing;

/// So many bytes more in the file, and the disk is to begin with them. Few in tests.
const AHEAD_BYTES: u64 = if cfg!(test) { 256 } else { 4 << 20 };

/// A file as this thread needs it.
pub trait OnItsWay {
    /// Has the disk begin with a range of it. Nothing is promised, and what goes wrong is told by the next fsync.
    fn begin_writing(&self, range: Range<u64>);
    /// Returns when everything is on disk that was written before.
    fn sync_data(&self) -> io::Result<()>;
}

impl OnItsWay for File {
    fn begin_writing(&self, range: Range<u64>) {
        begin_writing(self, range);
    }

    fn sync_data(&self) -> io::Result<()> {
        File::sync_data(self)
    }
}

enum Ask<W> {
    Fsync(Arc<W>, u64),
    Begin(Arc<W>, Range<u64>),
}

impl<W: OnItsWay> Ask<W> {
    /// Does it. Of an fsync: how it ended, and up to which length of the file it speaks for all.
    fn carry_out<F: LogFile>(self, desk: &Desk<F>) -> Option<io::Result<u64>> {
        match self {
            Ask::Begin(file, range) => {
                file.begin_writing(range);
                None
            }
            Ask::Fsync(file, length) => {
                desk.shut(SYNCING);
                let outcome = file.sync_data().map(|()| length);
                desk.open(SYNCING);
                Some(outcome)
            }
        }
    }
}

/// Has the disk begin with what is written, in good time before an fsync: on another thread than that which writes, since it may have to
/// wait for the disk, but not for the journal, as an fsync does. A bare loop that writes 80 MB a second saw fsyncs of 0.6 to 2 ms so, and of
/// 37 to 47 without.
pub struct Ahead<W = File> {
    asks: Sender<Ask<W>>,
    begun: AtomicU64,
}

impl<W: OnItsWay> Ahead<W> {
    /// The file is so long now.
    #[inline]
    pub fn note(&self, file: &Arc<W>, length: u64) {
        let begun = self.begun.load(Relaxed);
        // Shorter: it is another one, or was cut.
        if length < begun || length - begun >= AHEAD_BYTES {
            self.begin(file, begun, length);
        }
    }

    #[cold]
    fn begin(&self, file: &Arc<W>, begun: u64, length: u64) {
        let from = if length < begun { 0 } else { begun };
        if length - from < AHEAD_BYTES {
            return self.begun.store(from, Relaxed);
        }
        self.begun.store(length, Relaxed);
        // Where the thread is gone there is nothing to be early for.
        let _ = self.asks.send(Ask::Begin(file.clone(), from..length));
    }
}

/// A thread that calls fsync, one at a time. Meanwhile cores do not write: the log's thread does, and need not be quick.
pub struct Syncer<W = File> {
    asks: Sender<Ask<W>>,
    answers: Receiver<io::Result<u64>>,
    busy: Cell<bool>,
    /// The answer that comes is about a file that is not written any more.
    stale: Cell<bool>,
}

impl Syncer {
    pub fn start(server: &'static Server, desk: Arc<Desk<Disk>>) -> io::Result<Syncer> {
        let (syncer, asked, answer) = Syncer::new();
        thread::Builder::new().name("zedis-fsync".into()).spawn(move || {
            cpu::on_waking(Waking::Interrupts);
            for ask in asked {
                let Some(outcome) = ask.carry_out(&desk) else { continue };
                if answer.send(outcome).is_err() {
                    return;
                }
                server.store.log.nudge();
            }
        })?;
        Ok(syncer)
    }
}

impl<W: OnItsWay> Syncer<W> {
    /// And the two ends that its thread has.
    fn new() -> (Syncer<W>, Receiver<Ask<W>>, Sender<io::Result<u64>>) {
        let (asks, asked) = channel();
        let (answer, answers) = channel();
        (Syncer { asks, answers, busy: false.into(), stale: false.into() }, asked, answer)
    }

    /// For whoever writes; `length` bytes are in the file.
    pub fn ahead(&self, length: u64) -> Ahead<W> {
        Ahead { asks: self.asks.clone(), begun: length.into() }
    }

    /// False: one goes on yet.
    pub fn begin(&self, file: Arc<W>, length: u64) -> bool {
        if self.busy.get() {
            return false;
        }
        self.busy.set(self.asks.send(Ask::Fsync(file, length)).is_ok());
        self.busy.get()
    }

    pub fn is_busy(&self) -> bool {
        self.busy.get()
    }

    pub fn take_outcome(&self) -> Option<io::Result<u64>> {
        let outcome = self.answers.try_recv().ok()?;
        self.busy.set(false);
        if self.stale.replace(false) { None } else { Some(outcome) }
    }

    /// Another file is written from now on.
    pub fn forget(&self) {
        self.stale.set(self.busy.get());
    }
}

#[cfg(test)]
#[path = "syncer_tests.rs"]
mod tests;
