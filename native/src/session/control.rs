//! Requests that the TypeScript main thread serves: a queue to it, replies back by mail.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use crate::resp::args::OwnedArgs;
use crate::resp::reply::Protocol;
use crate::session::client::Client;

/// Control requests waiting or being served, at most; beyond it the client gets an error.
pub const CONTROL_REQUESTS_MAX: usize = 10_000;

pub struct ControlRequest {
    pub id: u64,
    pub argv: OwnedArgs,
    pub proto: Protocol,
    /// Who asks is on this machine.
    pub local: bool,
    /// The name of the user who asks.
    pub user: Box<[u8]>,
}

/// Lines of procedures that wait for the log, at most; later ones are dropped until the main thread has caught up.
pub const LOG_LINES_MAX: usize = 10_000;

/// What `Zedis.log` wrote, until the main thread takes it to the server's log.
#[derive(Default)]
pub struct LogQueue {
    lines: Mutex<VecDeque<(u8, String)>>,
}

impl LogQueue {
    /// Levels are 0 debug, 1 verbose, 2 notice, 3 warning.
    pub fn push(&self, level: u8, text: String) {
        let mut lines = self.lines.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if lines.len() < LOG_LINES_MAX {
            lines.push_back((level, text));
        }
    }

    pub fn pop(&self) -> Option<(u8, String)> {
        self.lines.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).pop_front()
    }
}

/// Where the reply of a control request goes.
#[derive(Clone, Copy)]
pub struct Asker {
    pub core: usize,
    pub client: u64,
}

#[derive(Default)]
pub struct ControlQueue {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    next: u64,
    waiting: VecDeque<ControlRequest>,
    askers: HashMap<u64, Asker>,
}

impl ControlQueue {
    /// Queues a request; gives its number, or None if the queue is full.
    pub fn ask(&self, asker: Asker, argv: OwnedArgs, client: &Client) -> Option<u64> {
        let mut inner = self.lock();
        if inner.askers.len() >= CONTROL_REQUESTS_MAX {
            return None;
        }
        inner.next += 1;
        let id = inner.next;
        inner.askers.insert(id, asker);
        inner.waiting.push_back(ControlRequest {
            id,
            argv,
            proto: client.proto,
            local: client.local,
            user: client.user.name.clone(),
        });
        Some(id)
    }

    /// The next request for the main thread.
    pub fn take(&self) -> Option<ControlRequest> {
        self.lock().waiting.pop_front()
    }

    /// Ends request `id`; gives who asked.
    pub fn finish(&self, id: u64) -> Option<Asker> {
        self.lock().askers.remove(&id)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
