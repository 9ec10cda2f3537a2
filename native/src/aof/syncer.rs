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
use super::writer::Disk;
use crate::session::server::Server;
use crate::sys::files::begin_writing;

/// So many bytes more in the file, and the disk is to begin with them.
const AHEAD_BYTES: u64 = 4 << 20;

enum Ask {
    Fsync(Arc<File>, u64),
    Begin(Arc<File>, Range<u64>),
}

/// Has the disk begin with what is written, in good time before an fsync: on another thread than that which writes, since it may have to
/// wait for the disk, but not for the journal, as an fsync does. A bare loop that writes 80 MB a second saw fsyncs of 0.6 to 2 ms so, and of
/// 37 to 47 without.
pub struct Ahead {
    asks: Sender<Ask>,
    begun: AtomicU64,
}

impl Ahead {
    /// The file is so long now.
    #[inline]
    pub fn note(&self, file: &Arc<File>, length: u64) {
        let begun = self.begun.load(Relaxed);
        // Shorter: it is another one.
        if length < begun || length - begun >= AHEAD_BYTES {
            self.begin(file, begun, length);
        }
    }

    #[cold]
    fn begin(&self, file: &Arc<File>, begun: u64, length: u64) {
        self.begun.store(length, Relaxed);
        if length > begun {
            // Where the thread is gone there is nothing to be early for.
            let _ = self.asks.send(Ask::Begin(file.clone(), begun..length));
        }
    }
}

/// A thread that calls fsync, one at a time. Meanwhile cores do not write: the log's thread does, and need not be quick.
pub struct Syncer {
    asks: Sender<Ask>,
    answers: Receiver<io::Result<u64>>,
    busy: Cell<bool>,
    /// The answer that comes is about a file that is not written any more.
    stale: Cell<bool>,
}

impl Syncer {
    pub fn start(server: &'static Server, desk: Arc<Desk<Disk>>) -> io::Result<Syncer> {
        let (asks, asked) = channel::<Ask>();
        let (answer, answers) = channel();
        thread::Builder::new().name("zedis-fsync".into()).spawn(move || {
            for ask in asked {
                let (file, length) = match ask {
                    Ask::Fsync(file, length) => (file, length),
                    Ask::Begin(file, range) => {
                        begin_writing(&file, range);
                        continue;
                    }
                };
                desk.shut(SYNCING);
                let outcome = file.sync_data().map(|()| length);
                desk.open(SYNCING);
                if answer.send(outcome).is_err() {
                    return;
                }
                server.store.log.nudge();
            }
        })?;
        Ok(Syncer { asks, answers, busy: false.into(), stale: false.into() })
    }

    /// For whoever writes; `length` bytes are in the file.
    pub fn ahead(&self, length: u64) -> Ahead {
        Ahead { asks: self.asks.clone(), begun: length.into() }
    }

    /// False: one goes on yet.
    pub fn begin(&self, file: Arc<File>, length: u64) -> bool {
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
