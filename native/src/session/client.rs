//! What a connection is to the commands: identity, database, protocol, MULTI and WATCH state.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::fieldsets::Fieldsets;
use super::local::Subscribed;
use super::multi::Multi;
use super::tracking::Tracking;
use crate::acl::user::User;
use crate::resp::reply::Protocol;
use crate::store::shard::WatchFlag;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReplyMode {
    On,
    Off,
    /// Skips the reply of the next command.
    SkipNext,
    /// Skips the reply of this command.
    Skip,
}

/// A key and the database it is in.
pub type WatchedKey = (u32, Box<[u8]>);

/// What WAITAOF waits for.
#[derive(Clone, Copy)]
pub struct AwaitsLog {
    /// The log is on disk up to here; `u64::MAX`: what will not come.
    pub at: u64,
    /// Where the client's own changes end.
    pub written: u64,
    /// Ms since the epoch.
    pub until_ms: i64,
}

pub struct Client {
    /// Its last reply is held until the log is on disk.
    pub awaits_log: Option<AwaitsLog>,
    /// Unique in the life of the server, rising.
    pub id: u64,
    pub address: String,
    pub local_address: String,
    pub fd: i32,
    /// The core that serves it.
    pub core: usize,
    /// True for a unix socket.
    pub unix: bool,
    /// From this machine.
    pub local: bool,
    pub name: Vec<u8>,
    pub lib_name: Vec<u8>,
    pub lib_ver: Vec<u8>,
    pub db: u32,
    pub proto: Protocol,
    pub authenticated: bool,
    /// Who the client is, with the rules that were in force at `users_version`.
    pub user: Arc<User>,
    pub users_version: u64,
    pub multi: Option<Box<Multi>>,
    /// Watched (database, key) pairs, and the flag their shards hold.
    pub watched: Vec<WatchedKey>,
    pub watch_flag: WatchFlag,
    /// Channels and patterns it listens to; None: none.
    pub subscribed: Option<Box<Subscribed>>,
    /// CLIENT TRACKING; None: off.
    pub tracking: Option<Box<Tracking>>,
    /// Lists of fields for HIMPORT.
    pub fieldsets: Fieldsets,
    /// It runs MONITOR.
    pub monitors: bool,
    pub reply_mode: ReplyMode,
    pub no_touch: bool,
    pub no_evict: bool,
    /// CLIENT IMPORT-SOURCE (Valkey): in import mode it sees what has expired.
    pub imports: bool,
    /// CLIENT CAPA REDIRECT (Valkey): it would follow a redirection to another server.
    pub takes_redirects: bool,
    /// Ms since the epoch.
    pub created_ms: i64,
    pub last_active_ms: i64,
    /// Row number of the last command, u16::MAX before the first.
    pub last_command: u16,
    pub commands: u64,
    pub input_bytes: u64,
    /// Input that had not run when the last command about connections or the server began, that command included.
    pub unread_bytes: usize,
    pub output_bytes: u64,
    /// Nothing but plain requests: authenticated, may do everything, no MULTI, replies on. Kept by [`Client::refresh`].
    pub plain: bool,
    /// The same, but for a user who may not do everything.
    pub guarded: bool,
    /// EXEC runs its queue: of so many commands and bytes.
    pub in_exec: Option<(usize, usize)>,
}

impl Client {
    /// A connection that has just been opened, as the default user (`user`, as it is at `users_version`).
    pub fn new(
        id: u64,
        fd: i32,
        (address, local_address): (String, String),
        unix: bool,
        now_ms: i64,
        (user, users_version): (Arc<User>, u64),
    ) -> Client {
        Client {
            awaits_log: None,
            id,
            address,
            local_address,
            fd,
            core: 0,
            unix,
            local: unix,
            name: Vec::new(),
            lib_name: Vec::new(),
            lib_ver: Vec::new(),
            db: 0,
            proto: Protocol::Resp2,
            authenticated: false,
            user,
            users_version,
            multi: None,
            watched: Vec::new(),
            watch_flag: Arc::new(AtomicBool::new(false)),
            subscribed: None,
            tracking: None,
            fieldsets: Fieldsets::default(),
            monitors: false,
            reply_mode: ReplyMode::On,
            no_touch: false,
            imports: false,
            no_evict: false,
            takes_redirects: false,
            created_ms: now_ms,
            last_active_ms: now_ms,
            last_command: u16::MAX,
            commands: 0,
            input_bytes: 0,
            unread_bytes: 0,
            output_bytes: 0,
            plain: false,
            guarded: false,
            in_exec: None,
        }
    }

    /// Recomputes `plain` and `guarded`; to be called after a change of user, authentication, MULTI, reply mode, protocol,
    /// subscriptions or tracking.
    pub fn refresh(&mut self) {
        let simple = self.authenticated
            && self.multi.is_none()
            && self.reply_mode == ReplyMode::On
            && !self.listens_only()
            && self.tracking.as_ref().is_none_or(|tracking| tracking.broadcast);
        self.plain = simple && self.user.free;
        self.guarded = simple && !self.user.free;
    }

    /// In RESP2 a client that has subscribed may do little else: its replies and messages could not be told apart.
    pub fn listens_only(&self) -> bool {
        self.subscribed.is_some() && self.proto == Protocol::Resp2
    }

    /// Bytes that it takes beside its buffers, estimated in constant time.
    pub fn memory_bytes(&self) -> usize {
        // A short name, its places in two trees or maps, and what allocators add.
        const NAME_BYTES: usize = 128;
        let subscribed =
            self.subscribed.as_ref().map_or(0, |own| own.channels.len() + own.patterns.len() + own.shards.len());
        let prefixes = self.tracking.as_ref().map_or(0, |tracking| tracking.prefixes.len());
        let queued = self.multi.as_ref().map_or(0, |multi| multi.bytes);
        (self.watched.len() + subscribed + prefixes) * NAME_BYTES + queued + self.fieldsets.memory_bytes()
    }

    /// Some watched key has changed since WATCH.
    pub fn watch_broken(&self) -> bool {
        self.watch_flag.load(Ordering::Acquire)
    }

    /// CLIENT LIST's letters.
    pub fn flags_text(&self) -> String {
        let mut text = String::new();
        if self.monitors {
            text.push('O');
        }
        if self.subscribed.is_some() {
            text.push('P');
        }
        if self.multi.is_some() || self.in_exec.is_some() {
            text.push('x');
        }
        if self.watch_broken() {
            text.push('d');
        }
        if let Some(tracking) = &self.tracking {
            text.push('t');
            if tracking.broken {
                text.push('R');
            }
            if tracking.broadcast {
                text.push('B');
            }
        }
        if self.no_evict {
            text.push('e');
        }
        if self.no_touch {
            text.push('T');
        }
        if self.unix {
            text.push('U');
        }
        if self.imports {
            text.push('I');
        }
        if text.is_empty() {
            text.push('N');
        }
        text
    }
}
