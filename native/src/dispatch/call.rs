//! A procedure call: begun here, run by the JavaScript of the same thread, ended here.
//!
//! ```text
//!   FCALL ─▶ begin: manifest, keys, latches, undo log on ─▶ suspended ─▶ the VM runs the function
//!                                                              │ host commands: latch more shards, run handlers
//!                       retry ◀── doomed: a shard was taken ◀──┤
//!   reply ◀── commit ◀── result ◀──────────────────────────────┤
//!   error ◀── rollback ◀── throw, time limit, kill ◀───────────┘
//! ```

use super::execute::{Executor, Outcome};
use crate::commands::row::{Run, flag};
use crate::commands::table::table;
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::reply::{Protocol, Reply};
use crate::resp::{error, number};
use crate::session::conn::Conn;
use crate::session::manifest;
use crate::sys::clock;
use crate::txn::{Effect, Progress, Savepoint};

/// Tries of one call with only the shards it turned out to need; then every shard is latched.
const TRIES_MAX: usize = 32;

/// The function that the core's VM runs now.
pub struct Call {
    pub function: u32,
    pub name: Vec<u8>,
    /// Keys, then arguments.
    pub args: OwnedArgs,
    pub keys: usize,
    pub proto: Protocol,
    /// FCALL_RO, or a function flagged no-writes.
    pub readonly: bool,
    allow_oom: bool,
    savepoint: Savepoint,
    pub doom: Option<Doom>,
    pub started_ns: u64,
    in_exec: bool,
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
}

/// How a host command ended; texts and replies are in the buffer given.
#[derive(PartialEq, Eq, Debug)]
pub enum Host {
    Replied,
    Error,
    Doomed,
}

impl Executor {
    /// FCALL and FCALL_RO. `in_exec`: the latches of the transaction are held already.
    pub(super) fn begin_call(&mut self, conn: &mut Conn, row: u16, args: Args, in_exec: bool) -> Outcome {
        let read_only_command = table().row(row).flags & flag::READONLY != 0;
        let mut reply = Reply::new(&mut conn.output, conn.client.proto);
        let manifest = self.manifest();
        let Some(function) = manifest.find(args.get(1)) else {
            reply.error(error::NO_FUNCTION);
            return Outcome::Failed;
        };
        let keys = match number::integer(args.get(2)) {
            None => {
                reply.error(error::BAD_NUMKEYS);
                return Outcome::Failed;
            }
            Some(count) if count > args.len() as i64 - 3 => {
                reply.error(error::TOO_MANY_NUMKEYS);
                return Outcome::Failed;
            }
            Some(count) if count < 0 => {
                reply.error(error::NEGATIVE_NUMKEYS);
                return Outcome::Failed;
            }
            Some(count) => count as usize,
        };
        let writes = function.flags & manifest::flag::NO_WRITES == 0;
        if read_only_command && writes {
            reply.error(error::RO_WRITE_FLAG);
            return Outcome::Failed;
        }
        let allow_oom = function.flags & manifest::flag::ALLOW_OOM != 0;
        if writes && !allow_oom && self.server.out_of_memory.load(std::sync::atomic::Ordering::Relaxed) {
            reply.error(error::OOM);
            return Outcome::Failed;
        }
        let rest = args.from(3);
        if !in_exec {
            let mut shards = std::mem::take(&mut self.shards);
            shards.clear();
            for index in 0..keys {
                shards.push(self.txn.store.shard_of(self.txn.store.hash(rest.get(index))));
            }
            shards.extend_from_slice(&conn.call_shards);
            let latched = if conn.call_shards.len() > TRIES_MAX {
                self.txn.latch_store()
            } else {
                self.txn.latch_all(&mut shards)
            };
            self.shards = shards;
            if let Err(shard) = latched {
                return Outcome::Shard(shard);
            }
            self.txn.keep_undo();
        }
        self.txn.unprime();
        self.figures().calls.add(1);
        self.call = Some(Call {
            function: function.id,
            name: args.get(1).to_vec(),
            args: rest.to_owned(),
            keys,
            proto: conn.client.proto,
            readonly: read_only_command || !writes,
            allow_oom,
            savepoint: self.txn.savepoint(),
            doom: None,
            started_ns: clock::mono_ns(),
            in_exec,
        });
        Outcome::Upcall
    }

    /// Ends the call in progress: commits and replies, or rolls back. Gives what that means for the request.
    pub(super) fn end_call(&mut self, conn: &mut Conn, end: CallEnd) -> Outcome {
        let call = self.call.take().expect("a call is in progress");
        let mut failed = false;
        let mut reply = Reply::new(&mut conn.output, conn.client.proto);
        match (&call.doom, end) {
            (Some(Doom::Retry(shard)), _) => {
                self.figures().call_retries.add(1);
                conn.call_shards.extend_from_slice(self.txn.latches.held());
                conn.call_shards.push(*shard);
                conn.call_shards.sort_unstable();
                conn.call_shards.dedup();
                self.txn.rollback_to(call.savepoint);
                if !call.in_exec {
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
            (None, CallEnd::Error(text)) => {
                failed = true;
                reply.error(&String::from_utf8_lossy(text));
            }
            (None, CallEnd::Terminated) => {
                failed = true;
                self.server.cores[self.core].figures.call_timeouts.add(1);
                let limit = self.server.settings.procedure_time_limit.load(std::sync::atomic::Ordering::Relaxed);
                reply.error(&format!(
                    "ERR function '{}' ran longer than procedure-time-limit ({limit} ms) and was rolled back",
                    String::from_utf8_lossy(&call.name)
                ));
            }
        }
        if failed {
            self.figures().call_errors.add(1);
            self.txn.rollback_to(call.savepoint);
        }
        conn.call_shards.clear();
        if !call.in_exec {
            self.commit_and_release();
        }
        if failed { Outcome::Failed } else { Outcome::Done }
    }

    /// Is the shard of a key latched for the call in progress? Takes it if it is free; dooms the call if not.
    #[inline]
    pub fn host_key(&mut self, key: &[u8], hash: u64) -> bool {
        let shard = self.txn.store.shard_of(hash);
        self.txn.prime(key, hash);
        if self.txn.holds(shard) {
            return self.call.as_ref().is_some_and(|call| call.doom.is_none());
        }
        self.host_shard(shard)
    }

    fn host_shard(&mut self, shard: u32) -> bool {
        let Some(call) = &mut self.call else { return false };
        if call.doom.is_some() {
            return false;
        }
        if self.txn.holds(shard) {
            return true;
        }
        let limit = self.server.settings.procedure_keys_limit.load(std::sync::atomic::Ordering::Relaxed);
        if self.txn.latches.held().len() as u64 >= limit {
            call.doom = Some(Doom::Failed(format!(
                "ERR function '{}' touches keys of more than {limit} shards (procedure-keys-limit)",
                String::from_utf8_lossy(&call.name)
            )));
            return false;
        }
        if self.txn.latch(shard) {
            return true;
        }
        call.doom = Some(Doom::Retry(shard));
        false
    }

    /// May the call in progress write? Err: the error's text.
    pub fn host_may_write(&self) -> Result<(), &'static str> {
        match &self.call {
            Some(call) if call.readonly => Err(error::WRITE_FROM_RO),
            Some(call) if !call.allow_oom && self.server.out_of_memory.load(std::sync::atomic::Ordering::Relaxed) => {
                Err(error::OOM)
            }
            _ => Ok(()),
        }
    }

    /// Runs a command for the call in progress; its reply goes to `out` as RESP3, or the error's text (without `-`).
    pub fn host_command(&mut self, row_number: u16, args: Args, out: &mut Vec<u8>) -> Host {
        out.clear();
        let table = table();
        if self.call.as_ref().is_none_or(|call| call.doom.is_some()) {
            return Host::Doomed;
        }
        let row = match table.rows.get(row_number as usize) {
            Some(row) => row,
            None => return refuse(out, "ERR Unknown Redis command called from script"),
        };
        if !row.arity_fits(args.len()) {
            return refuse(out, "ERR Wrong number of args calling Redis command from script");
        }
        let Run::Data(handler) = row.run else {
            return refuse(out, "ERR This Redis command is not allowed from script");
        };
        if row.flags & flag::NOSCRIPT != 0 {
            return refuse(out, "ERR This Redis command is not allowed from script");
        }
        if row.flags & flag::WRITE != 0
            && let Err(text) = self.host_may_write()
        {
            return refuse(out, text);
        }
        if row.flags & (flag::WHOLE | flag::WALKS) != 0 {
            for shard in 0..self.txn.store.shards_count() {
                if !self.host_shard(shard) {
                    return Host::Doomed;
                }
            }
        } else {
            self.txn.unprime();
            let mut shards = std::mem::take(&mut self.shards);
            shards.clear();
            let store = self.txn.store;
            let keys = row.each_key(args, |index, _| shards.push(store.shard_of(store.hash(args.get(index)))));
            let latched = keys.is_ok() && shards.iter().all(|shard| self.host_shard(*shard));
            self.shards = shards;
            if keys.is_ok() && !latched {
                return Host::Doomed;
            }
            // Keys that make no sense are for the handler to refuse, with its own text; it touches none then.
        }
        let mut reply = Reply::new(out, Protocol::Resp3);
        let mut effect = handler(&mut self.txn, args, &mut reply);
        loop {
            match effect {
                Effect::Slices(mut work) => loop {
                    match work.step(&mut self.txn, &mut reply) {
                        Ok(Progress::More) => (),
                        Ok(Progress::Done) => {
                            effect = Effect::None;
                            break;
                        }
                        Err(shard) => return self.doom_for(shard),
                    }
                },
                Effect::Busy(shard) => return self.doom_for(shard),
                Effect::Verbatim if self.txn.record => {
                    self.txn.effects.push((self.txn.db, args.to_owned()));
                    break;
                }
                Effect::Rewrite(commands) if self.txn.record => {
                    for command in commands {
                        self.txn.effects.push((self.txn.db, command));
                    }
                    break;
                }
                _ => break,
            }
        }
        if reply.failed() {
            // The reply is `-text\r\n`: hand the text over.
            let end = out.len() - 2;
            out.truncate(end);
            out.remove(0);
            return Host::Error;
        }
        Host::Replied
    }

    fn doom_for(&mut self, shard: u32) -> Host {
        if let Some(call) = &mut self.call {
            call.doom = Some(Doom::Retry(shard));
        }
        Host::Doomed
    }
}

fn refuse(out: &mut Vec<u8>, text: &str) -> Host {
    out.extend_from_slice(text.as_bytes());
    Host::Error
}
