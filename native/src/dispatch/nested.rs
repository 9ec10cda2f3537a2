//! Calls of functions by functions: `Zedis.fcall`. They run on the transaction of the call they are made in.
//!
//! ```text
//!   call ─▶ nest: what is its own goes onto a stack, a savepoint ─▶ the function's VM ─▶ unnest: back again
//!                                                                     error: rolled back to the savepoint
//! ```
//!
//! Latches, accesses, the doom, the user and the clock are those of the outermost call. Whatever ends that one ends all.

use super::call::Doom;
use super::execute::Executor;
use crate::commands::table::table;
use crate::resp::args::OwnedArgs;
use crate::resp::error;
use crate::resp::reply::Protocol;
use crate::session::functions::Slot;
use crate::session::manifest;
use crate::txn::Savepoint;

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
    /// Where the inner call began.
    savepoint: Savepoint,
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
        if in_lua {
            let name = String::from_utf8_lossy(name);
            return refuse(&format!("ERR function '{name}' is in Lua, which a procedure cannot call"));
        }
        let writes = flags & manifest::flag::NO_WRITES == 0;
        if writes && read_only {
            return refuse(error::RO_WRITE_FLAG);
        }
        if writes && self.call.readonly {
            return refuse(error::WRITE_FROM_RO);
        }
        self.nested_permitted(name, keys, &args)?;
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
            savepoint,
        });
        call.readonly = call.readonly || !writes;
        // Memory that the caller may not take, the called one may not either.
        call.allow_oom = call.allow_oom && flags & manifest::flag::ALLOW_OOM != 0;
        Ok(id)
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

    /// Ends the innermost nested call. `failed`: what it wrote is undone.
    pub fn unnest(&mut self, failed: bool) {
        let Some(outer) = self.outer.pop() else { return };
        if failed && self.call.active {
            self.txn.rollback_to(outer.savepoint);
        }
        self.txn.unprime();
        let call = &mut self.call;
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
            self.unnest(false);
        }
    }

    /// The call in progress ends with this error, whatever its function still does.
    pub fn fail_call(&mut self, text: String) {
        if let Some(call) = self.call_mut() {
            call.doom.get_or_insert(Doom::Failed(text));
        }
    }
}
