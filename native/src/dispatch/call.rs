//! A procedure call: begun here, run by the JavaScript of the same thread, ended here.
//!
//! ```text
//!   FCALL ─▶ begin: manifest, keys, latches, undo log on ─▶ suspended ─▶ the VM runs the function
//!                                                              │ host commands: latch more shards, run handlers
//!                       retry ◀── doomed: a shard was taken ◀──┤
//!   reply ◀── commit ◀── result ◀──────────────────────────────┤
//!   error ◀── rollback ◀── throw, time limit, kill ◀───────────┘
//! ```

use std::sync::Arc;

use super::caching::reader;
use super::dry_run::Dry;
use super::execute::{Executor, Outcome};
use super::scripts::Callee;
use crate::acl::check::Reason;
use crate::acl::log::Place;
use crate::acl::user::User;
use crate::commands::row::{Row, flag};
use crate::commands::table::table;
use crate::lua::host::Stop;
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::reply::{Protocol, Reply};
use crate::resp::{error, number};
use crate::session::conn::Conn;
use crate::session::durability::GATE_DISK;
use crate::session::functions::{End, Slot};
use crate::session::manifest;
use crate::session::tracking::Reader;
use crate::sys::clock;
use crate::txn::Savepoint;

/// Tries of one call with only the shards it turned out to need; then every shard is latched.
const TRIES_MAX: usize = 32;

/// Bytes of arguments whose buffers are kept from call to call.
const ARGUMENT_BYTES_KEPT_MAX: usize = 1 << 20;

/// The function that the core's VM runs now. One per core, its buffers kept from call to call.
#[derive(Default)]
pub struct Call {
    pub(super) active: bool,
    pub function: u32,
    /// Where it is counted.
    pub(super) slot: Slot,
    pub name: Vec<u8>,
    /// The command as it was sent.
    pub verb: Vec<u8>,
    /// `numkeys` as sent.
    count: Vec<u8>,
    /// Keys, then arguments.
    pub args: OwnedArgs,
    pub keys: usize,
    /// Hash of the first key.
    pub(super) first_hash: u64,
    pub proto: Protocol,
    /// FCALL_RO, or a function flagged no-writes.
    pub readonly: bool,
    pub(super) allow_oom: bool,
    /// What runs, where it is in Lua; else it is in a VM.
    pub(super) lua: Option<Callee>,
    /// In Lua: it has called a command that writes.
    pub(super) wrote: bool,
    /// In Lua: the command that it calls has got as far as its handler.
    pub(super) ran: bool,
    /// Memory had run out when it began.
    pub(super) out_of_memory: bool,
    savepoint: Savepoint,
    pub doom: Option<Doom>,
    in_exec: bool,
    /// The caller, where it may not do everything.
    pub(super) user: Option<Arc<User>>,
    /// Each command is asked for: the user may not do everything, or commands go by other names.
    pub(super) judged: bool,
    /// What it was refused: for the ACL log, when the call ends.
    pub(super) denied: Vec<(Reason, Vec<u8>)>,
    /// The caller has a cache, which is told when what the procedure reads changes.
    pub(super) reader: Option<Reader>,
    /// It is a dry run.
    pub(super) dry: Option<Box<Dry>>,
    /// Accesses to keys so far.
    pub(super) accesses: u64,
    /// When it began, by the coarse monotonic clock.
    pub since_ns: u64,
    /// How long it took by that clock, where nothing else timed it.
    pub(super) coarse_ns: u64,
}

impl Call {
    /// Takes over what FCALL was sent with.
    pub(super) fn copy_request(&mut self, args: Args) {
        self.verb.clear();
        self.verb.extend_from_slice(args.get(0));
        self.name.clear();
        self.name.extend_from_slice(args.get(1));
        self.count.clear();
        self.count.extend_from_slice(args.get(2));
        self.args.copy_args(args.from(3));
    }
}

/// Why a call will be rolled back, whatever its function still does.
pub enum Doom {
    /// A shard it needs is held by another core: try again with this one latched from the start.
    Retry(u32),
    /// The text of the error to reply.
    Failed(String),
}

/// What became of an up-call.
pub enum CallEnd<'a> {
    /// A reply in the client's protocol.
    Reply(&'a [u8]),
    Int(i64),
    Null,
    /// An error's text, without `-`.
    Error(&'a [u8]),
    /// The time limit stopped it.
    Terminated,
    /// A user stopped it: the text of the error.
    Killed(&'a str),
    /// A script's reply in the client's protocol. `failed`: it is an error that the script returned, or holds one; counted already.
    Script {
        reply: &'a [u8],
        failed: bool,
    },
    /// An error that a script did not catch. `keep`: what it wrote stays, as in Redis.
    ScriptError {
        text: &'a [u8],
        counted: bool,
        keep: bool,
    },
    /// A script in Lua was ended.
    Stopped(Stop),
}

impl Executor {
    /// The call in progress.
    #[inline]
    pub fn call(&self) -> Option<&Call> {
        if self.call.active { Some(&self.call) } else { None }
    }

    #[inline]
    pub(super) fn call_mut(&mut self) -> Option<&mut Call> {
        if self.call.active { Some(&mut self.call) } else { None }
    }

    /// FCALL and FCALL_RO, with the request copied into `self.call`. `in_exec`: the latches of the transaction are held
    /// already. `first_hash`: the hash of the first key, where it is known.
    pub(super) fn begin_call(&mut self, conn: &mut Conn, row: u16, first_hash: Option<u64>, in_exec: bool) -> Outcome {
        let row = table().row(row);
        let (read_only_command, dry) = (row.flags & flag::READONLY != 0, row.flags & flag::DRY_RUN != 0);
        let is_script = row.evaluates();
        let (slot, flags, declared) = match self.find_callee(row, is_script) {
            Ok(found) => found,
            Err(text) => {
                // As Redis: a script is looked for when the number of its keys is known, a digest of another length never.
                let by_digest = row.name.starts_with("evalsha");
                let counts_first = is_script && (!by_digest || self.call.name.len() == 40);
                let mut reply = Reply::new(&mut conn.output, conn.client.proto);
                match self.keys_count(is_script) {
                    Err(text) if counts_first => reply.error(text),
                    _ => reply.error_bytes(&text),
                }
                return Outcome::Failed;
            }
        };
        // As Redis, which judges what begins with `#!` by its flags before it looks at anything else.
        let needs_memory = flags & (manifest::flag::NO_WRITES | manifest::flag::ALLOW_OOM) == 0 && declared;
        if self.out_of_memory && needs_memory && !in_exec {
            return self.refuse(conn, row.name, error::OOM.as_bytes());
        }
        let mut reply = Reply::new(&mut conn.output, conn.client.proto);
        if !in_exec && conn.call_shards.is_empty() && self.goes_to_background(flags, slot) {
            return self.hand_over(conn, slot);
        }
        let keys = match self.keys_count(is_script) {
            Ok(count) => count,
            Err(text) => {
                reply.error(text);
                return Outcome::Failed;
            }
        };
        let rest = self.call.args.borrow();
        let writes = flags & manifest::flag::NO_WRITES == 0;
        if read_only_command && writes && declared {
            reply.error(error::RO_WRITE_FLAG);
            return Outcome::Failed;
        }
        if writes
            && !read_only_command
            && self.server.gate.load(std::sync::atomic::Ordering::Relaxed) & GATE_DISK != 0
            && let Some(text) = self.server.disk_refusal()
        {
            reply.error(&text);
            return Outcome::Failed;
        }
        let allow_oom = flags & manifest::flag::ALLOW_OOM != 0;
        let out_of_memory = self.out_of_memory;
        if writes && !allow_oom && declared && out_of_memory {
            // In EXEC: else it was refused above.
            reply.error(error::OOM_CALL);
            return Outcome::Failed;
        }
        let store = self.txn.store;
        let first_hash = match first_hash {
            Some(hash) => hash,
            None if keys > 0 => store.hash(rest.get(0)),
            None => 0,
        };
        self.txn.db = conn.client.db;
        if !in_exec {
            let latched = if keys == 1 && conn.call_shards.is_empty() {
                let shard = store.shard_of(first_hash);
                if self.txn.latch(shard) { Ok(()) } else { Err(shard) }
            } else if conn.call_shards.len() > TRIES_MAX {
                self.txn.latch_store()
            } else {
                self.shards.clear();
                self.shards.extend((0..keys).map(|index| store.shard_of(store.hash(rest.get(index)))));
                self.shards.extend_from_slice(&conn.call_shards);
                self.txn.latch_all(&mut self.shards)
            };
            if let Err(shard) = latched {
                return Outcome::Shard(shard);
            }
            self.txn.keep_undo();
        }
        self.txn.unprime();
        if dry {
            self.call.dry = Some(self.begin_dry_run());
        } else {
            self.figures().calls.add(1);
        }
        let call = &mut self.call;
        call.active = true;
        call.slot = slot;
        call.wrote = false;
        call.ran = false;
        call.out_of_memory = out_of_memory;
        call.keys = keys;
        call.first_hash = first_hash;
        call.proto = conn.client.proto;
        call.readonly = read_only_command || !writes;
        call.allow_oom = allow_oom;
        call.savepoint = self.txn.savepoint();
        call.doom = None;
        call.user = (!conn.client.user.free).then(|| conn.client.user.clone());
        call.judged = call.user.is_some() || table().renamed || dry;
        call.denied.clear();
        self.txn.reads_all_keys = true;
        call.in_exec = in_exec;
        call.reader = match &conn.errand {
            _ if dry => None,
            Some(errand) => errand.reader,
            None => reader(self.core, &conn.client),
        };
        call.accesses = 0;
        call.since_ns = clock::coarse_ns();
        Outcome::Upcall
    }

    /// How many keys the request in `self.call` says it names. Err: the error's text.
    fn keys_count(&self, is_script: bool) -> Result<usize, &'static str> {
        match number::integer(&self.call.count) {
            None => Err(if is_script { error::NOT_INTEGER } else { error::BAD_NUMKEYS }),
            Some(count) if count > self.call.args.borrow().len() as i64 => Err(error::TOO_MANY_NUMKEYS),
            Some(count) if count < 0 => Err(error::NEGATIVE_NUMKEYS),
            Some(count) => Ok(count as usize),
        }
    }

    /// Script or function that `self.call` names, left there; gives where it is counted, its flags, and whether they count. Err: the
    /// error's text.
    pub(super) fn find_callee(&mut self, row: &Row, is_script: bool) -> Result<(Slot, u32, bool), Vec<u8>> {
        if !self.is_background() {
            self.refresh_manifest();
        }
        if is_script {
            let found = self.find_script(row)?;
            self.call.lua = Some(Callee::Script(found.slot));
            return Ok((Slot::default(), found.flags, found.declared));
        }
        let function = self.manifest.find(&self.call.name).ok_or(error::NO_FUNCTION)?;
        self.call.lua = function.in_lua.then_some(Callee::Function(function.id));
        self.call.function = function.id;
        Ok((function.slot, function.flags, true))
    }

    /// Ends the call in progress: commits and replies, or rolls back. Gives what that means for the request.
    pub(super) fn end_call(&mut self, conn: &mut Conn, end: CallEnd) -> Outcome {
        assert!(self.call.active, "a call is in progress");
        self.unnest_all();
        self.call.active = false;
        if matches!(end, CallEnd::Killed(_)) {
            self.kill_doomed();
        }
        let (doom, dry) = (self.call.doom.take(), self.call.dry.take());
        let call = &self.call;
        let (savepoint, in_exec) = (call.savepoint, call.in_exec);
        // `kept`: an error was replied, but what was written stays.
        let (mut failed, mut kept, mut ended) = (false, false, End::Error);
        let mut reply = Reply::new(&mut conn.output, conn.client.proto);
        if dry.is_some() && !matches!(doom, Some(Doom::Retry(_))) {
            Dry::tell_result(&mut reply);
        }
        match (&doom, end) {
            (Some(Doom::Retry(shard)), _) => {
                let figures = &self.server.cores[self.core].figures;
                figures.call_retries.add(1);
                if let Some(function) = figures.functions.own(call.slot) {
                    function.retries.add(1);
                }
                conn.call_shards.extend_from_slice(self.txn.latches.held());
                conn.call_shards.push(*shard);
                conn.call_shards.sort_unstable();
                conn.call_shards.dedup();
                match &dry {
                    Some(dry) => self.undo_dry_run(dry, savepoint),
                    None => self.txn.rollback_to(savepoint),
                }
                if !in_exec {
                    self.commit_and_release();
                }
                return Outcome::Retry;
            }
            (Some(Doom::Failed(text)), _) => {
                failed = true;
                reply.error(text);
            }
            (None, CallEnd::Reply(bytes)) => reply.raw(bytes),
            (None, CallEnd::Int(value)) => reply.int(value),
            (None, CallEnd::Null) => reply.null(),
            (None, CallEnd::Script { reply: bytes, failed: is_error }) => {
                reply.raw(bytes);
                // Its errors were counted one by one.
                self.error_counted = is_error;
                kept = is_error;
            }
            (None, CallEnd::ScriptError { text, counted, keep }) => {
                reply.error_bytes(text);
                self.error_counted = counted;
                (failed, kept) = (!keep, keep);
            }
            (None, CallEnd::Stopped(stop)) => {
                (failed, ended) = (true, if stop == Stop::TimeLimit { End::Timeout } else { End::Killed });
                reply.error_bytes(&self.stopped_text(stop));
            }
            (None, CallEnd::Error(text)) => {
                failed = true;
                reply.error(&String::from_utf8_lossy(text));
            }
            (None, CallEnd::Killed(text)) => {
                (failed, ended) = (true, End::Killed);
                reply.error(text);
            }
            (None, CallEnd::Terminated) => {
                (failed, ended) = (true, End::Timeout);
                self.server.cores[self.core].figures.call_timeouts.add(1);
                let limit = self.server.settings.procedure_time_limit.load(std::sync::atomic::Ordering::Relaxed);
                reply.error(&format!(
                    "ERR function '{}' ran longer than procedure-time-limit ({limit} ms) and was rolled back",
                    String::from_utf8_lossy(&call.name)
                ));
            }
        }
        if let Some(dry) = &dry {
            // What fails is rolled back: it would have had no effect.
            let effects = if failed { Vec::new() } else { self.txn.take_effects(savepoint) };
            dry.tell_rest(&effects, &mut reply);
            self.undo_dry_run(dry, savepoint);
            (failed, kept) = (false, false);
        } else {
            let end = if failed || kept { ended } else { End::Done };
            self.book_call(end, failed && self.txn.has_undo_since(savepoint));
            if failed {
                self.txn.rollback_to(savepoint);
            }
        }
        conn.call_shards.clear();
        for (reason, object) in std::mem::take(&mut self.call.denied) {
            self.note_denial(conn, reason, Place::Script, object);
        }
        if !in_exec {
            self.commit_and_release();
        }
        if self.call.args.memory_bytes() > ARGUMENT_BYTES_KEPT_MAX {
            self.call.args = OwnedArgs::default();
            // What FUNCTION STATS shows is a copy of them.
            let running = &self.server.cores[self.core].running;
            running.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).args = OwnedArgs::default();
        }
        if failed || kept { Outcome::Failed } else { Outcome::Done }
    }
}
