//! Calls of functions by functions: `Zedis.fcall`, and `redis.call('FCALL', …)` in Lua. They run on the transaction of the call they
//! are made in.
//!
//! ```text
//!   call ─▶ nest: what is its own goes onto a stack, a savepoint ─▶ the function, where ─▶ unnest: back again, counted
//!                                                                     its engine is         error: rolled back to the savepoint
//!
//!   from      to JavaScript                               to Lua
//!   the VM    runtime/nested.ts calls it                  runs in the host call (`run_nested_lua`)
//!   Lua       an up-call into the VM below                runs on the caller's Lua stack (lua/nested.rs)
//! ```
//!
//! Each Lua that lies below an up-call is away with its call; one that runs above it is another one, kept for the next time.
//!
//! Latches, accesses, the doom, the user and the clock are those of the outermost call. Whatever ends that one ends all.

use std::sync::atomic::Ordering::Relaxed;

use super::call::Doom;
use super::execute::Executor;
use super::scripts::Callee;
use crate::commands::table::table;
use crate::lua::engine::Ended;
use crate::lua::host::{Host, Ran, Stop};
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::reply::Protocol;
use crate::resp::{error, number};
use crate::session::functions::{self, End, Slot};
use crate::session::manifest;
use crate::sys::clock;
use crate::txn::Savepoint;

/// Above that, the coarse clock tells a call's time well enough.
const COARSE_ENOUGH_NS: u64 = 10_000_000;

/// Calls that may lie in each other, the outermost one counted.
pub const CALLS_NESTED_MAX: usize = 16;

/// What a call has of its own while another one runs inside it.
pub struct Outer {
    function: u32,
    slot: Slot,
    name: Vec<u8>,
    args: OwnedArgs,
    keys: usize,
    first_hash: u64,
    proto: Protocol,
    readonly: bool,
    allow_oom: bool,
    lua: Option<Callee>,
    /// Where the inner call began: in the undo log, in accesses, in time.
    savepoint: Savepoint,
    accesses: u64,
    since_ns: u64,
}

/// Why a nested call does not begin.
pub enum Refused {
    /// The text of the error that its caller gets.
    Error(Vec<u8>),
    Doomed,
}

impl Executor {
    /// Begins a call inside the one in progress; gives the function's number. `args`: keys, then arguments.
    pub fn nest(&mut self, name: &[u8], keys: usize, args: OwnedArgs, read_only: bool) -> Result<u32, Refused> {
        let refuse = |text: &str| Err(Refused::Error(text.as_bytes().to_vec()));
        if self.call().is_none_or(|call| call.doom.is_some()) {
            return Err(Refused::Doomed);
        }
        if self.outer.len() + 1 >= CALLS_NESTED_MAX {
            let name = String::from_utf8_lossy(name);
            return refuse(&format!("ERR calls are nested {CALLS_NESTED_MAX} deep, '{name}' would be one more"));
        }
        if keys > args.borrow().len() {
            return refuse(error::TOO_MANY_NUMKEYS);
        }
        let Some(function) = self.manifest.find(name) else { return refuse(error::NO_FUNCTION) };
        let (id, slot, flags, in_lua) = (function.id, function.slot, function.flags, function.in_lua);
        let writes = flags & manifest::flag::NO_WRITES == 0;
        if writes && read_only {
            return refuse(error::RO_WRITE_FLAG);
        }
        if writes && self.call.readonly {
            return refuse(error::WRITE_FROM_RO);
        }
        self.nested_permitted(name, keys, &args)?;
        if !in_lua && let Some(text) = self.too_late(name) {
            return refuse(&text);
        }
        let store = self.txn.store;
        let mut first_hash = 0;
        for index in 0..keys {
            let hash = store.hash(args.borrow().get(index));
            if index == 0 {
                first_hash = hash;
            }
            if !self.host_shard(store.shard_of(hash)) {
                return Err(Refused::Doomed);
            }
        }
        self.txn.unprime();
        let savepoint = self.txn.savepoint();
        let since_ns = self.nested_clock_ns();
        let call = &mut self.call;
        self.outer.push(Outer {
            function: std::mem::replace(&mut call.function, id),
            slot: std::mem::replace(&mut call.slot, slot),
            name: std::mem::replace(&mut call.name, name.to_vec()),
            args: std::mem::replace(&mut call.args, args),
            keys: std::mem::replace(&mut call.keys, keys),
            first_hash: std::mem::replace(&mut call.first_hash, first_hash),
            proto: std::mem::replace(&mut call.proto, Protocol::Resp3),
            readonly: call.readonly,
            allow_oom: call.allow_oom,
            lua: std::mem::replace(&mut call.lua, in_lua.then_some(Callee::Function(id))),
            savepoint,
            accesses: call.accesses,
            since_ns,
        });
        call.readonly = call.readonly || !writes;
        // Memory that the caller may not take, the called one may not either.
        call.allow_oom = call.allow_oom && flags & manifest::flag::ALLOW_OOM != 0;
        Ok(id)
    }

    /// Why a script in Lua may call nothing in JavaScript any more: `procedure-time-limit` counts from its beginning. Else that would
    /// be stopped at once, and the script with it.
    fn too_late(&self, name: &[u8]) -> Option<String> {
        let limit = self.server.settings.procedure_time_limit.load(Relaxed);
        let ms = clock::coarse_ns().saturating_sub(self.call.since_ns) / 1_000_000;
        if limit == 0 || ms < limit || self.outermost().0.is_none() {
            return None;
        }
        let name = String::from_utf8_lossy(name);
        Some(format!(
            "ERR function '{name}' was not called: the script has run for {ms} ms, and procedure-time-limit ({limit} ms) counts from its beginning"
        ))
    }

    /// The caller's user needs FCALL and the keys for the inner call too.
    fn nested_permitted(&mut self, name: &[u8], keys: usize, args: &OwnedArgs) -> Result<(), Refused> {
        if !self.call.judged || self.call.user.is_none() {
            return Ok(());
        }
        let Some(row) = self.server.acl.catalog.find(b"fcall") else { return Ok(()) };
        let count = keys.to_string();
        let mut request: Vec<&[u8]> = vec![table().name(row).as_bytes(), name, count.as_bytes()];
        let borrowed = args.borrow();
        request.extend(borrowed.iter());
        let request = OwnedArgs::of(&request);
        self.host_permits(row, request.borrow()).map_err(Refused::Error)
    }

    /// Ends the innermost nested call, and counts it. `undo`: what it wrote is taken back.
    pub fn unnest(&mut self, end: End, undo: bool) {
        let Some(outer) = self.outer.pop() else { return };
        let rolled_back = undo && self.call.active && self.txn.has_undo_since(outer.savepoint);
        if !matches!(self.call.doom, Some(Doom::Retry(_))) && self.call.dry.is_none() {
            let keys = self.call.accesses - outer.accesses;
            let ns = self.nested_clock_ns().saturating_sub(outer.since_ns);
            // As of a call of its own: see `time_of_call`.
            let timed = (self.weight != 0 || ns >= COARSE_ENOUGH_NS).then_some((ns, self.weight.max(1)));
            if let Some(function) = self.figures().functions.own(self.call.slot) {
                function.book(&functions::Ended { end, rolled_back, keys, timed });
            }
        }
        if undo && self.call.active {
            self.txn.rollback_to(outer.savepoint);
        }
        self.txn.unprime();
        let call = &mut self.call;
        call.lua = outer.lua;
        call.function = outer.function;
        call.slot = outer.slot;
        call.name = outer.name;
        call.args = outer.args;
        call.keys = outer.keys;
        call.first_hash = outer.first_hash;
        call.proto = outer.proto;
        call.readonly = outer.readonly;
        call.allow_oom = outer.allow_oom;
    }

    /// The outermost call ends, whatever lies in it.
    pub(super) fn unnest_all(&mut self) {
        while !self.outer.is_empty() {
            self.unnest(End::Error, false);
        }
    }

    fn nested_clock_ns(&self) -> u64 {
        if self.weight != 0 { clock::mono_ns() } else { clock::coarse_ns() }
    }

    /// What the outermost call runs, by its name and its number of keys.
    pub(super) fn outermost(&self) -> (Option<Callee>, &[u8], usize) {
        let call = &self.call;
        self.outer.first().map_or((call.lua, &call.name, call.keys), |outer| (outer.lua, &outer.name, outer.keys))
    }

    /// Does a function in Lua run inside one of the VM? Then the VM's limits are its own.
    pub fn is_nested_in_vm(&self) -> bool {
        self.outer.first().is_some_and(|outermost| outermost.lua.is_none())
    }

    /// May what the call in progress, which is in Lua, calls be in the VM?
    pub fn may_call_vm(&self) -> bool {
        self.manifest.has_others_than_lua()
    }

    /// Runs the nested call in progress, which is in Lua and was made by the VM, and ends it; gives its reply in RESP3, or why there is
    /// none.
    pub fn run_nested_lua(host: &mut (impl Host + AsMut<Executor> + 'static)) -> Result<Vec<u8>, Refused> {
        let (mut output, end) = Executor::run_lua(host);
        let executor: &mut Executor = host.as_mut();
        let undo = executor.server.settings.script_rollback.load(Relaxed);
        match end.ended {
            Ended::Replied { failed: false, .. } => {
                executor.unnest(End::Done, false);
                Ok(output)
            }
            // An error that the function returned, in whole or as an element: what it wrote stays, as in Redis.
            Ended::Replied { .. } => {
                executor.unnest(End::Error, false);
                if output.first() != Some(&b'-') {
                    return Ok(output);
                }
                output.truncate(output.len() - 2);
                output.remove(0);
                Err(Refused::Error(output))
            }
            Ended::Failed { .. } => {
                executor.unnest(End::Error, undo);
                Err(Refused::Error(output))
            }
            Ended::Stopped(stop) => {
                let end = match stop {
                    Stop::Doomed => End::Error,
                    Stop::Killed => {
                        executor.fail_call(error::FUNCTION_KILLED.into());
                        End::Killed
                    }
                    Stop::TimeLimit => {
                        executor.fail_for_time();
                        End::Timeout
                    }
                };
                executor.unnest(end, true);
                Err(Refused::Doomed)
            }
        }
    }

    /// The call in progress has run for too long, in the function that runs now.
    pub fn fail_for_time(&mut self) {
        let limit = self.server.settings.procedure_time_limit.load(Relaxed);
        let name = String::from_utf8_lossy(&self.call.name).into_owned();
        let ran = format!("ran longer than procedure-time-limit ({limit} ms) and");
        self.fail_call(match self.outermost().0 {
            None => format!("ERR function '{name}' {ran} was rolled back"),
            Some(_) => format!("ERR function '{name}' and the script that called it {ran} were rolled back"),
        });
    }

    /// `redis.call` of FCALL or FCALL_RO: the call that it begins, or the text of its error in `out`. None: it is another command.
    #[inline]
    pub fn script_nests(&mut self, args: Args, proto: Protocol, out: &mut Vec<u8>) -> Option<Ran> {
        let name = args.get(0);
        if !matches!(name.first(), Some(b'f' | b'F')) {
            return None;
        }
        self.script_nests_by_name(args, proto, out)
    }

    fn script_nests_by_name(&mut self, args: Args, proto: Protocol, out: &mut Vec<u8>) -> Option<Ran> {
        let ran = self.script_nests_if_named(args, proto, out);
        if ran == Some(Ran::Failed) {
            self.figures().count_error(out);
        }
        ran
    }

    fn script_nests_if_named(&mut self, args: Args, proto: Protocol, out: &mut Vec<u8>) -> Option<Ran> {
        let number = table().find(args.get(0))?;
        let row = table().row(number);
        if !matches!(row.name, "fcall" | "fcall_ro") {
            return None;
        }
        out.clear();
        let mut refuse = |text: &str| {
            out.extend_from_slice(text.as_bytes());
            Some(Ran::Failed)
        };
        if !row.arity_fits(args.len()) {
            return refuse("ERR Wrong number of args calling Redis command from script");
        }
        let keys = match number::integer(args.get(2)) {
            None => return refuse(error::BAD_NUMKEYS),
            Some(count) if count < 0 => return refuse(error::NEGATIVE_NUMKEYS),
            Some(count) => count as usize,
        };
        match self.nest(args.get(1), keys, args.from(3).to_owned(), row.name == "fcall_ro") {
            Ok(id) if self.call.lua.is_some() => Some(Ran::Nests(id)),
            Ok(_) => {
                self.call.proto = proto;
                Some(Ran::NestsInVm)
            }
            Err(Refused::Doomed) => Some(Ran::Doomed),
            Err(Refused::Error(text)) => {
                out.extend_from_slice(&text);
                Some(Ran::Failed)
            }
        }
    }

    /// Keys and arguments of the nested call that has begun, and how many are keys.
    pub fn take_nested_args(&mut self) -> (OwnedArgs, usize) {
        (std::mem::take(&mut self.call.args), self.call.keys)
    }

    /// Ends a nested call that was made by Lua.
    pub fn end_nested(&mut self, failed: bool) {
        let undo = failed && self.server.settings.script_rollback.load(Relaxed);
        self.unnest(if failed { End::Error } else { End::Done }, undo);
    }

    /// The call in progress is killed: if it was about to be tried again, it is not.
    pub fn kill_doomed(&mut self) {
        if matches!(self.call.doom, Some(Doom::Retry(_))) {
            let text = match self.outermost().0 {
                None => error::FUNCTION_KILLED.into(),
                Some(_) => String::from_utf8_lossy(&self.stopped_text(Stop::Killed)).into_owned(),
            };
            self.call.doom = Some(Doom::Failed(text));
        }
    }

    /// The call in progress ends with this error, whatever its function still does.
    pub fn fail_call(&mut self, text: String) {
        if let Some(call) = self.call_mut() {
            call.doom.get_or_insert(Doom::Failed(text));
        }
    }
}
