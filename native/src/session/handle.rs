//! What a handler about the connection or the server works on.

use super::client::Client;
use super::gather::Gather;
use super::local::Local;
use super::server::Server;
use crate::resp::args::OwnedArgs;
use crate::txn::{Effect, Txn};

pub struct Session<'a> {
    pub client: &'a mut Client,
    /// For handlers that look at keys. Keys named by the row are latched; others through `with_shard`.
    pub txn: &'a mut Txn,
    pub server: &'static Server,
    pub core: usize,
    /// What connections of this core want to be told.
    pub local: &'a mut Local,
}

/// How a session handler ended.
pub enum Flow {
    /// Replied.
    Done,
    /// Replied or to be continued, as a data handler.
    Effect(Effect),
    /// Replied; close once that is sent.
    Close,
    /// Close at once.
    Kill,
    /// Run the queued transaction (EXEC).
    Exec,
    /// Ask all cores; the reply comes from the gathering.
    Gather(Gather),
    /// Ask the main thread this; the reply is its answer.
    Control(OwnedArgs),
    /// Reply OK after this many ms, holding this connection only.
    SleepMs(u64),
    /// Send this reply after so many ms (None: never), holding this connection only.
    Later { ms: Option<u64>, reply: Vec<u8> },
}
