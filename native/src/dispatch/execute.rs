//! Running the requests of a connection, one by one, in order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::batch::{Batch, Fill, Request, UNKNOWN};
use super::caching::{end_caching, reader, remember_read};
use super::call::{Call, CallEnd};
use super::changes::Name;
use super::control::CONTROL_FULL;
use super::divided::{ARGUMENTS_AT_ONCE, Held};
use super::evict::{Evictor, Room, needs_memory};
use super::exec::Exec;
use super::handler::{after_effect, latch_keys, record_sole, run_handler};
use super::nested::Outer;
use super::permission::permitted;
use super::scripts::Lua;
use crate::acl::log::Place;
use crate::commands::asked;
use crate::commands::row::{Row, Run, flag};
use crate::commands::table::table;
use crate::resp::error;
use crate::resp::parse::Limits;
use crate::resp::reply::Reply;
use crate::session::conn::{Conn, Wait};
use crate::session::durability::GATE_DISK;
use crate::session::figures::Figures;
use crate::session::functions::Slot;
use crate::session::gather::Gather;
use crate::session::loading::GATE_LOADING;
use crate::session::local::Local;
use crate::session::manifest::Manifest;
use crate::session::server::{GATE_MEMORY, GATE_PAUSE, GATE_SPARED, Mail, Server};
use crate::snapshot::direct;
use crate::store::waiting::Waiter;
use crate::sys::clock;
use crate::txn::{Effect, Txn};

/// What became of one request.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Replied.
    Done,
    /// Replied with an error.
    Failed,
    /// Replied with an error, and not run: unknown, wrong arity, not allowed.
    Refused,
    /// Replied that it will run with its transaction.
    Queued,
    /// Replied; close when that is sent.
    Close,
    /// Close at once.
    Kill,
    /// The VM must run `executor.call` first.
    Upcall,
    /// Not run: this shard is held for long.
    Shard(u32),
    /// Not run and rolled back: run it again at once.
    Retry,
    /// The core waits with its latches held for the answer to a queued command. See `Executor::answer_exec`.
    Asks,
    /// The connection waits; the request is over but for its reply.
    Waits,
    /// The connection waits; the request will run later.
    Paused,
}

/// Why [`Executor::pump`] came back.
#[derive(Debug, PartialEq, Eq)]
pub enum Pump {
    /// All input has run.
    Idle,
    /// The connection waits for something; see `conn.wait`.
    Parked,
    /// `executor.call` is to be run by the VM; then [`Executor::resume`].
    Upcall,
    /// The transaction waits for an answer, and the core with it; then [`Executor::answer_exec`].
    Asks,
    /// There is more input, but enough was replied for one turn: send, then others have theirs.
    Yield,
}

/// Replies that one connection may pile up before they are sent, bytes: what a slow reader that asks for much can hold beyond
/// its output buffer limit is this and one reply.
const OUTPUT_TURN_BYTES: usize = 256 * 1024;

/// Runs requests for the connections of one core.
pub struct Executor {
    pub server: &'static Server,
    pub core: usize,
    pub txn: Txn,
    pub batch: Batch,
    pub(super) call: Call,
    /// The calls that the one in progress is nested in, outermost first.
    pub(super) outer: Vec<Outer>,
    pub(super) exec: Option<Box<Exec>>,
    /// For commands that keep their latches between slices; made at first use, and the core's, whichever executor serves.
    pub held: Option<Box<Held>>,
    /// Scripts, the last one for the next call; made at first use, away while one runs.
    pub lua: Vec<Box<Lua>>,
    /// The error of the request that fails now was counted when a command made it.
    pub(super) error_counted: bool,
    /// It serves while a script of this core goes on for long: commands that are not meant for that are refused.
    pub busy: bool,
    pub(super) shards: Vec<u32>,
    pub(super) manifest: Arc<Manifest>,
    manifest_version: u64,
    pub(super) requests: u64,
    /// When the current request began, monotonic ns, and how many requests its time stands for; 0: it is not timed.
    pub(super) started_ns: u64,
    pub(super) weight: u64,
    /// Length of the output before the current request.
    pub(super) mark: usize,
    /// Gatherings that connections of this core wait for.
    pub asked: Vec<(u64, Gather)>,
    /// A control request was queued since the last look: the main thread is to be told.
    pub noted: bool,
    pub(super) next_gather: u64,
    /// What this core's connections want to be told.
    pub local: Local,
    /// Mail of this core to itself.
    pub own_mail: VecDeque<Mail>,
    /// The client whose requests run; 0: none, the server acts by itself.
    pub acting: u64,
    /// Keys that changed in this turn of the loop, each with who changed it last, for caches that want to know of prefixes.
    pub(super) changed_keys: BTreeMap<Box<[u8]>, u64>,
    /// Where forgetting readers of keys goes on.
    pub(super) forgetting_shard: u32,
    /// The request in progress met a memory that had run out.
    pub(super) out_of_memory: bool,
    pub evictor: Evictor,
    /// Keys whose waiters could not be served at once; see `changes.rs`.
    pub(super) deferred: Vec<Name>,
    /// Cancelled waiters that still stand in queues of shards that were taken.
    pub(super) forgotten: Vec<Arc<Waiter>>,
}

impl Executor {
    pub fn new(server: &'static Server, core: usize) -> Executor {
        let sole = server.serving == 1 && core == 0 && !server.is_loading();
        Executor {
            server,
            core,
            txn: Txn::of_core(&server.store, core, sole),
            batch: Batch::default(),
            call: Call::default(),
            outer: Vec::new(),
            exec: None,
            held: None,
            lua: Vec::new(),
            error_counted: false,
            busy: false,
            shards: Vec::new(),
            manifest: server.manifest(),
            manifest_version: 0,
            requests: 0,
            started_ns: 0,
            weight: 0,
            mark: 0,
            asked: Vec::new(),
            noted: false,
            next_gather: 0,
            local: Local::default(),
            own_mail: VecDeque::new(),
            acting: 0,
            changed_keys: BTreeMap::new(),
            forgetting_shard: 0,
            out_of_memory: false,
            evictor: Evictor::default(),
            deferred: Vec::new(),
            forgotten: Vec::new(),
        }
    }

    /// A second one for the same core, beside that whose script goes on for long.
    pub fn beside(server: &'static Server, core: usize) -> Executor {
        let txn = Txn::beside(&server.store, core, server.cores.len() == 1 && !server.is_loading());
        Executor { txn, busy: true, ..Executor::new(server, core) }
    }

    #[inline]
    pub fn figures(&self) -> &'static Figures {
        &self.server.cores[self.core].figures
    }

    #[inline]
    pub fn refresh_manifest(&mut self) {
        let version = self.server.manifest_version.load(Ordering::Acquire);
        if version != self.manifest_version {
            self.manifest = self.server.manifest();
            self.manifest_version = version;
        }
    }

    /// Runs what `conn` has sent, until its input is through, it waits, or the VM must run a function.
    pub fn pump(&mut self, conn: &mut Conn) -> Pump {
        self.batch.begin(std::mem::take(&mut conn.input));
        self.acting = conn.client.id;
        self.go_on(conn)
    }

    /// Goes on after an up-call of `conn` has ended.
    pub fn resume(&mut self, conn: &mut Conn, end: CallEnd) -> Pump {
        let outcome = self.end_call(conn, end);
        let outcome = if self.exec.is_some() { self.exec_after_call(conn, outcome) } else { outcome };
        if matches!(outcome, Outcome::Done | Outcome::Failed) {
            if self.is_monitored() {
                self.show(&conn.client, &outcome);
            }
            self.book(conn, &outcome);
            if self.weight == 0 {
                self.book_untimed_call(conn);
            }
        }
        self.settle_and_go_on(conn, outcome)
    }

    /// As [`Executor::resume`], after a transaction went on.
    pub(super) fn go_on_after(&mut self, conn: &mut Conn, outcome: Outcome) -> Pump {
        if matches!(outcome, Outcome::Done | Outcome::Failed) {
            if self.is_monitored() {
                self.show(&conn.client, &outcome);
            }
            self.book(conn, &outcome);
        }
        self.settle_and_go_on(conn, outcome)
    }

    fn settle_and_go_on(&mut self, conn: &mut Conn, outcome: Outcome) -> Pump {
        match self.settle(conn, outcome) {
            Some(pump) => pump,
            None => self.go_on(conn),
        }
    }

    fn go_on(&mut self, conn: &mut Conn) -> Pump {
        loop {
            while let Some(request) = self.batch.current() {
                let outcome = self.run(conn, &request);
                if let Some(pump) = self.settle(conn, outcome) {
                    return pump;
                }
                // Behind WAITAOF nothing runs until it has its reply.
                if conn.output.len() >= OUTPUT_TURN_BYTES || conn.client.awaits_log.is_some() {
                    self.batch.end(&mut conn.input);
                    return if conn.input.is_empty() { Pump::Idle } else { Pump::Yield };
                }
            }
            let limits = Limits {
                bulk_bytes_max: self.server.store.settings.proto_max_bulk_len.load(Ordering::Relaxed) as i64,
                authenticated: conn.client.authenticated,
            };
            self.txn.db = conn.client.db;
            match self.batch.fill(limits, &mut conn.partial, &mut self.txn) {
                Fill::Some => continue,
                Fill::Need(bytes) => {
                    conn.need = bytes;
                    self.batch.end(&mut conn.input);
                    return Pump::Idle;
                }
                Fill::Bad(text) => {
                    let mut reply = Reply::new(&mut conn.output, conn.client.proto);
                    reply.error(&format!("ERR Protocol error: {text}"));
                    self.figures().count_error(b"-ERR");
                    conn.closing = true;
                    self.batch.end(&mut conn.input);
                    conn.input.clear();
                    return Pump::Idle;
                }
            }
        }
    }

    /// Books what became of the current request. Some: stop here.
    #[inline]
    fn settle(&mut self, conn: &mut Conn, outcome: Outcome) -> Option<Pump> {
        match outcome {
            Outcome::Done | Outcome::Failed | Outcome::Refused | Outcome::Queued => {
                self.batch.advance();
                None
            }
            Outcome::Upcall => Some(Pump::Upcall),
            Outcome::Asks => Some(Pump::Asks),
            Outcome::Retry => None,
            Outcome::Close | Outcome::Kill => {
                self.batch.advance();
                conn.closing = true;
                conn.dead |= outcome == Outcome::Kill;
                self.batch.end(&mut conn.input);
                conn.input.clear();
                Some(Pump::Idle)
            }
            Outcome::Shard(shard) if self.is_busy_elsewhere(shard) => self.settle_busy(conn, shard),
            Outcome::Shard(shard) => {
                self.figures().parked.add(1);
                conn.wait = Wait::Shard(shard);
                self.batch.end(&mut conn.input);
                Some(Pump::Parked)
            }
            Outcome::Waits => {
                self.hand_request(conn);
                self.batch.advance();
                self.batch.end(&mut conn.input);
                Some(Pump::Parked)
            }
            Outcome::Paused => {
                conn.wait = Wait::Pause;
                self.batch.end(&mut conn.input);
                Some(Pump::Parked)
            }
        }
    }

    /// Runs one request.
    #[inline]
    fn run(&mut self, conn: &mut Conn, request: &Request) -> Outcome {
        self.requests += 1;
        let counted = self.counts_hotkeys();
        self.weight = if counted { 1 } else { self.weight_of(request) };
        self.started_ns = if self.weight != 0 { clock::mono_ns() } else { 0 };
        self.mark = conn.output.len();
        let client = &conn.client;
        let outcome = if request.plain
            && (client.plain || (client.guarded && self.allows_plain(client, request)))
            && self.open()
            && !self.busy
        {
            self.run_plain(conn, request)
        } else {
            let outcome = self.run_any(conn, request);
            self.end_sparing(&outcome);
            outcome
        };
        if self.is_monitored() && conn.errand.is_none() {
            self.show(&conn.client, &outcome);
        }
        self.judge_size(conn, request);
        if counted {
            self.count_hotkeys(conn, request, &outcome);
        }
        // What is not run yet, or not through yet, is booked later.
        if !matches!(outcome, Outcome::Shard(_) | Outcome::Paused | Outcome::Upcall | Outcome::Asks) {
            self.book(conn, &outcome);
        }
        outcome
    }

    #[inline]
    fn open(&self) -> bool {
        self.server.gate.load(Ordering::Relaxed) == 0
    }

    /// The fast path: a data command with one key, from a client in no special state.
    #[inline]
    fn run_plain(&mut self, conn: &mut Conn, request: &Request) -> Outcome {
        let args = self.batch.args(request);
        let row = table().row(request.row);
        conn.client.last_command = request.row;
        let Run::Data(handler) = row.run else { unreachable!("plain keys are of data commands") };
        if args.len() > ARGUMENTS_AT_ONCE && self.divide(conn, request) {
            return Outcome::Waits;
        }
        let mut reply = Reply::new(&mut conn.output, conn.client.proto);
        if !row.arity_fits(args.len()) {
            reply.error(&error::wrong_arity(row.name));
            return Outcome::Refused;
        }
        let shard = self.txn.store.shard_of(request.hash);
        if !self.txn.latch(shard) {
            return Outcome::Shard(shard);
        }
        self.txn.prime(args.get(request.key as usize), request.hash);
        self.txn.db = conn.client.db;
        self.txn.no_touch = conn.client.no_touch;
        let effect = handler(&mut self.txn, args, &mut reply);
        let failed = reply.failed();
        let outcome = match effect {
            Effect::Verbatim if record_sole(&mut self.txn, row, args) => Outcome::Done,
            effect => after_effect(effect, &mut self.txn, row, args, conn),
        };
        self.commit_and_release();
        if failed && outcome == Outcome::Done { Outcome::Failed } else { outcome }
    }

    #[inline]
    pub fn commit_and_release(&mut self) {
        let flushed = self.txn.take_flush();
        if self.txn.commit() {
            self.after_changes();
        }
        if flushed {
            direct::save_after_flush(self.server, &mut self.txn);
        }
        let wake = self.txn.release();
        if wake != 0 {
            self.server.wake(wake);
        }
    }

    /// Everything else: lookup, admission, MULTI, session and control commands, several keys.
    fn run_any(&mut self, conn: &mut Conn, request: &Request) -> Outcome {
        let gate = self.server.gate.load(Ordering::Relaxed);
        self.out_of_memory = gate & GATE_MEMORY != 0 && self.make_room() == Room::None;
        if self.evictor.evicted && conn.client.tracking.is_some() {
            self.tell_evicted(conn);
        }
        let args = self.batch.args(request);
        let table = table();
        let proto = conn.client.proto;
        let in_multi = conn.client.multi.is_some();
        conn.client.last_command = UNKNOWN;
        if !conn.client.judge(self.server) {
            return Outcome::Kill;
        }
        if request.row == UNKNOWN {
            // A browser tricked into talking to us sends HTTP; what follows in its body must never run.
            if args.get(0).eq_ignore_ascii_case(b"post") || args.get(0).eq_ignore_ascii_case(b"host:") {
                return Outcome::Kill;
            }
            let text = error::unknown_command(args.get(0), args.from(1));
            return self.refuse(conn, "", &text);
        }
        let mut number = request.row;
        if table.is_container(number) && args.len() > 1 {
            match table.find_subcommand(number, args.get(1)) {
                Some(found) => number = found,
                None => {
                    let text = error::unknown_subcommand(args.get(1), args.get(0));
                    return self.refuse(conn, "", &text);
                }
            }
        }
        let row = table.row(number);
        conn.client.last_command = number;
        if !row.arity_fits(args.len()) || matches!(row.run, Run::Container) {
            return self.refuse(conn, row.name, error::wrong_arity(row.name).as_bytes());
        }
        if row.flags & flag::PROTECTED != 0
            && let Err(text) = self.lets(&conn.client, row)
        {
            return self.refuse(conn, row.name, text.as_bytes());
        }
        if !conn.client.authenticated && row.flags & flag::NO_AUTH == 0 && self.needs_login(conn) {
            return self.refuse(conn, row.name, error::NO_AUTH.as_bytes());
        }
        if in_multi && row.flags & flag::NO_MULTI != 0 {
            return self.refuse(conn, row.name, b"ERR Command not allowed inside a transaction");
        }
        if self.busy && !self.runs_beside(conn, row) {
            return self.refuse(conn, row.name, self.busy_text(self.core).as_bytes());
        }
        let db = conn.client.multi.as_ref().and_then(|multi| multi.db).unwrap_or(conn.client.db);
        if let Err(denial) = permitted(&mut self.txn, &conn.client.user, number, args, db) {
            let place = if in_multi { Place::Multi } else { Place::Toplevel };
            let text = self.deny(conn, denial, row, args, place);
            return self.refuse(conn, row.name, &text);
        }
        self.txn.keep_expired = false;
        if gate & GATE_SPARED != 0 {
            self.begin_sparing(conn, row);
        }
        if gate & GATE_LOADING != 0 && row.flags & flag::LOADING == 0 {
            return self.refuse(conn, row.name, error::LOADING.as_bytes());
        }
        let disk = gate & GATE_DISK != 0 && (row.flags & flag::WRITE != 0 || row.name == "ping");
        if disk && let Some(text) = self.server.disk_refusal() {
            return self.refuse(conn, row.name, text.as_bytes());
        }
        if gate & GATE_PAUSE != 0 && self.is_paused(conn, row, request) {
            return Outcome::Paused;
        }
        let args = self.batch.args(request);
        if self.out_of_memory && needs_memory(conn, row) {
            return self.refuse(conn, row.name, error::OOM.as_bytes());
        }
        if conn.client.listens_only() && !is_for_listeners(row) {
            let text = error::listening_only(row.name);
            return self.refuse(conn, row.name, text.as_bytes());
        }
        if in_multi && row.flags & flag::IMMEDIATE == 0 {
            let owned = args.to_owned();
            let multi = conn.client.multi.as_mut().expect("in MULTI");
            if row.name == "select" {
                multi.db = asked::selected(args, self.server.store.databases).or(multi.db);
            }
            multi.push(number, owned);
            Reply::new(&mut conn.output, proto).simple("QUEUED");
            return Outcome::Queued;
        }
        match row.run {
            Run::Data(_) if row.flags & flag::TALKS != 0 && self.has_background() => {
                self.hand_over(conn, Slot::default())
            }
            Run::Data(_) if args.len() > ARGUMENTS_AT_ONCE && self.divide(conn, request) => {
                end_caching(&mut conn.client, row);
                Outcome::Waits
            }
            Run::Data(_) => {
                let mut shards = std::mem::take(&mut self.shards);
                let latched = latch_keys(&mut self.txn, number, args, &mut shards);
                self.shards = shards;
                if let Err(shard) = latched {
                    return Outcome::Shard(shard);
                }
                self.txn.unprime();
                let outcome = run_handler(&mut self.txn, &mut self.local, (self.server, self.core), row, args, conn);
                let outcome = self.after_flow(conn, outcome);
                if conn.client.tracking.is_some() {
                    self.remember_request(conn, row, request);
                }
                if matches!(conn.wait, Wait::Begin(_)) {
                    self.begin_wait(conn, number, request);
                }
                self.commit_and_release();
                outcome
            }
            Run::Session(_) => {
                conn.client.unread_bytes = self.batch.unparsed();
                if !row.keys.is_empty() {
                    let mut shards = std::mem::take(&mut self.shards);
                    let latched = latch_keys(&mut self.txn, number, args, &mut shards);
                    self.shards = shards;
                    if let Err(shard) = latched {
                        return Outcome::Shard(shard);
                    }
                }
                self.txn.unprime();
                let outcome = run_handler(&mut self.txn, &mut self.local, (self.server, self.core), row, args, conn);
                if conn.client.tracking.is_some() {
                    self.remember_request(conn, row, request);
                }
                self.commit_and_release();
                self.after_flow(conn, outcome)
            }
            Run::Control => {
                let owned = table.in_own_words(row, args);
                match self.ask_main(conn, owned, clock::mono_ns()) {
                    true => Outcome::Waits,
                    false => self.refuse(conn, row.name, CONTROL_FULL.as_bytes()),
                }
            }
            Run::Call => {
                self.call.copy_request(args);
                // A further try of a call was shown already.
                if self.is_monitored() && conn.call_shards.is_empty() && conn.errand.is_none() {
                    self.show_call(&conn.client, None);
                }
                let first_hash = if request.key != 0 { Some(request.hash) } else { None };
                self.begin_call(conn, number, first_hash, false)
            }
            Run::Container => unreachable!("handled above"),
        }
    }

    /// What a request means for the cache of the client that sent it.
    #[cold]
    fn remember_request(&mut self, conn: &mut Conn, row: &Row, request: &Request) {
        if let Some(reader) = reader(self.core, &conn.client) {
            remember_read(&mut self.txn, reader, row, self.batch.args(request));
        }
        end_caching(&mut conn.client, row);
    }
}

/// What a client that has subscribed may send in RESP2.
fn is_for_listeners(row: &Row) -> bool {
    let subscribes = row.flags & flag::PUBSUB != 0 && row.flags & flag::NOSCRIPT != 0;
    subscribes || matches!(row.name, "ping" | "quit" | "reset")
}
