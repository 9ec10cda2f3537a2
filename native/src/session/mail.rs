//! Mail between cores: what one thread asks another core's loop to do.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use super::background::Ran;
use super::client::WatchedKey;
use super::conn::Conns;
use super::local::{Letter, Recipient};
use crate::acl::check::Denial;
use crate::acl::user::User;
use crate::store::shard::WatchFlag;
use crate::store::waiting::Waiter;

/// Which kind of listening socket a connection came in by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Via {
    Tcp = 0,
    Tls = 1,
    Unix = 2,
}

/// A listening socket, which all cores that serve accept from. It is closed when the last of them has let go of it.
pub struct Listener {
    pub fd: OwnedFd,
    pub via: Via,
}

/// A message to a core's loop.
pub enum Mail {
    /// The reply (RESP bytes in the client's protocol) of control request `id`.
    Control { client: u64, id: u64, reply: Vec<u8> },
    /// Run this over the core's connections.
    Visit(Box<dyn FnOnce(&mut Conns) + Send>),
    /// One core's answer to gathering `id` that `client` waits for.
    Answer { client: u64, id: u64, core: usize, text: Vec<u8>, number: i64 },
    /// A new connection for this core: an accepted socket.
    Accepted { fd: i32, via: Via },
    /// A session of the process with itself, as this user, with the rules at `version`.
    Inner { fd: i32, user: Arc<User>, version: u64, local: bool },
    /// For the JavaScript of the core: thaw or drop a library.
    JavaScript(String),
    /// A client that watched these keys has gone; their shards were taken then.
    Watched(Vec<WatchedKey>, WatchFlag),
    /// Accept from this socket too.
    Listen(Arc<Listener>),
    /// Accept no more from this one, which is shut down.
    Unlisten(Arc<Listener>),
    /// Look at parked connections again.
    Look,
    /// Fewer keys are to be remembered for caches: forget what is too many.
    ForgetReaders,
    /// A client of this core that waited for a key was served: the reply, and how long its command ran.
    Served { waiter: Arc<Waiter>, reply: Vec<u8>, ns: u64 },
    /// The command of a client of this core that waits may not run any more.
    Refused { waiter: Arc<Waiter>, denial: Denial },
    /// A message for who of this core subscribes to its channel.
    Letter(Arc<Letter>),
    /// The same for these of them: who subscribed when it was published here.
    Deliver(Arc<Letter>, Vec<Recipient>),
    /// A key changed that this client read; `by` is who changed it.
    Invalid { client: u64, key: Box<[u8]>, by: u64 },
    /// Keys that changed, each with who changed it last, for who wants to know of their prefixes.
    Changed(Arc<BTreeMap<Box<[u8]>, u64>>),
    /// All keys may have gone: for who has a cache.
    Flushed,
    /// Invalid keys (None: all) for a connection that another one named for that.
    Redirected { client: u64, keys: Option<Arc<[Box<[u8]>]>> },
    /// For who runs MONITOR on this core.
    Line(Arc<[u8]>),
    /// A call of a client of this core has ended in the background.
    Ran(Box<Ran>),
    /// CONFIG RESETSTAT: the figures of the core start anew.
    ResetFigures,
    /// Users have changed: judge the connections anew.
    Judge,
}
