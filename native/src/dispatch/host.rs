//! What a running procedure asks of the store: keys and commands, on the transaction of its call.

use super::caching::remember_read;
use super::call::Doom;
use super::execute::Executor;
use super::handler::record_request;
use super::permission::permitted;
use crate::acl::user::User;
use crate::commands::asked;
use crate::commands::row::{Row, Run, flag};
use crate::commands::table::table;
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::error;
use crate::resp::reply::{Protocol, Reply};
use crate::session::function_log::Line;
use crate::sys::clock;
use crate::txn::{Effect, Progress};

/// How a host command ended; texts and replies are in the buffer given.
#[derive(PartialEq, Eq, Debug)]
pub enum Host {
    Replied,
    Error,
    Doomed,
}

/// Refusals of one call that are noted; more tell nothing new.
const DENIED_MAX: usize = 16;

impl Executor {
    /// Hash of key argument `k` of the call; the first one's was computed while parsing.
    #[inline]
    pub fn call_key_hash(&self, k: usize, key: &[u8]) -> u64 {
        if k == 0 && self.call.keys > 0 { self.call.first_hash } else { self.txn.store.hash(key) }
    }

    /// Is the shard of a key latched for the call in progress? Takes it if it is free; dooms the call if not.
    #[inline]
    pub fn host_key(&mut self, key: &[u8], hash: u64) -> bool {
        let shard = self.txn.store.shard_of(hash);
        self.txn.prime(key, hash);
        if !self.count_access() {
            return false;
        }
        let free =
            if self.txn.holds(shard) { self.call.active && self.call.doom.is_none() } else { self.host_shard(shard) };
        if free && let Some(reader) = self.call.reader {
            self.txn.remember_reader(key, reader.0);
        }
        free
    }

    /// Counts an access to a key; dooms the call that makes too many.
    #[inline]
    fn count_access(&mut self) -> bool {
        self.call.accesses += 1;
        let limit = self.server.settings.procedure_keys_limit.load(std::sync::atomic::Ordering::Relaxed);
        if self.call.accesses <= limit {
            return true;
        }
        let name = String::from_utf8_lossy(&self.call.name);
        let text = format!("ERR function '{name}' accessed keys more than {limit} times (procedure-keys-limit)");
        self.call.doom.get_or_insert(Doom::Failed(text));
        false
    }

    pub(super) fn host_shard(&mut self, shard: u32) -> bool {
        if !self.call.active || self.call.doom.is_some() {
            return false;
        }
        if self.txn.holds(shard) {
            return true;
        }
        if self.txn.latch(shard) {
            return true;
        }
        self.call.doom = Some(Doom::Retry(shard));
        false
    }

    /// May the caller of the procedure run this command? Err: the error's text.
    #[inline]
    pub(super) fn host_permits(&mut self, number: u16, args: Args) -> Result<(), Vec<u8>> {
        if let Some(dry) = &mut self.call.dry {
            dry.note_command(self.txn.db, number, args);
        }
        match self.call.user.clone() {
            None => Ok(()),
            Some(user) => self.host_judge(&user, number, args),
        }
    }

    #[cold]
    fn host_judge(&mut self, user: &User, number: u16, args: Args) -> Result<(), Vec<u8>> {
        let db = self.txn.db;
        permitted(&mut self.txn, user, number, args, db).map_err(|denial| {
            let row = table().row(number);
            if self.call.denied.len() < DENIED_MAX {
                self.call.denied.push((denial.reason, asked::refused_object(denial, row, args)));
            }
            [b"ERR ACL failure in script: ".as_slice(), &asked::explain(denial, user, row, args, false)].concat()
        })
    }

    /// The same for a command with one key, by the command's name. Err: the error's text.
    #[inline]
    pub fn host_permits_key(&mut self, name: &str, key: &[u8]) -> Result<(), String> {
        if !self.call.judged {
            return Ok(());
        }
        self.host_judge_key(name, key)
    }

    #[cold]
    fn host_judge_key(&mut self, name: &str, key: &[u8]) -> Result<(), String> {
        if let Some(dry) = &mut self.call.dry
            && self.call.user.is_none()
            && !table().renamed
        {
            if !matches!(name, "set" | "del") {
                dry.note_read(self.txn.db, key);
            }
            return Ok(());
        }
        let number = self.server.acl.catalog.find(name.as_bytes()).expect("the name is of a row");
        if table().name(number) != name {
            return Err(UNKNOWN.into());
        }
        let request = OwnedArgs::of(&[name.as_bytes(), key]);
        self.host_permits(number, request.borrow()).map_err(|text| String::from_utf8_lossy(&text).into_owned())
    }

    /// May the call in progress write, and take memory for that (`needs_memory`)? Err: the error's text. Where keys are evicted to
    /// make room, a call that has begun may go on: none goes from beneath it.
    #[inline]
    pub fn host_may_write(&self, needs_memory: bool) -> Result<(), &'static str> {
        match self.call() {
            Some(call) if call.readonly => Err(error::WRITE_FROM_RO),
            Some(call) if needs_memory && !call.allow_oom && (call.out_of_memory || self.server.is_out_of_memory()) => {
                Err(error::OOM)
            }
            _ => Ok(()),
        }
    }

    /// Runs a command for the call in progress; its reply goes to `out` in `proto`, or the error's text (without `-`).
    pub fn host_command(&mut self, row_number: u16, args: Args, proto: Protocol, out: &mut Vec<u8>) -> Host {
        let row = match self.host_admit(row_number, args, out) {
            Ok(row) => row,
            Err(end) => return end,
        };
        let Run::Data(handler) = row.run else {
            return refuse(out, NOT_ALLOWED);
        };
        if let Err(end) = self.host_latch((row_number, row), args) {
            return end;
        }
        if self.is_monitored() {
            self.show_inner(args);
        }
        self.call.ran = true;
        let mut reply = Reply::new(out, proto);
        let effect = handler(&mut self.txn, args, &mut reply);
        self.txn.unprime();
        if let Some(reader) = self.call.reader {
            remember_read(&mut self.txn, reader, row, args);
        }
        self.host_effect(effect, row, args, (proto, out))
    }

    /// May the call in progress run this command now? Err: how it ends, with the error's text in `out`.
    #[inline]
    pub(super) fn host_admit(&mut self, row_number: u16, args: Args, out: &mut Vec<u8>) -> Result<&'static Row, Host> {
        out.clear();
        if self.call().is_none_or(|call| call.doom.is_some()) {
            return Err(Host::Doomed);
        }
        let Some(row) = table().rows.get(row_number as usize) else {
            return Err(refuse(out, UNKNOWN));
        };
        if !row.arity_fits(args.len()) {
            return Err(refuse(out, "ERR Wrong number of args calling Redis command from script"));
        }
        if row.flags & flag::NOSCRIPT != 0 && !(self.call.lua.is_some() && self.server.scripts.allow_all()) {
            return Err(refuse(out, NOT_ALLOWED));
        }
        if let Err(text) = self.host_permits(row_number, args) {
            out.extend_from_slice(&text);
            return Err(Host::Error);
        }
        if self.call.lua.is_some() {
            self.script_may(row).map_err(|text| refuse(out, text))?;
        } else if row.flags & flag::WRITE != 0
            && let Err(text) = self.host_may_write(row.flags & flag::DENYOOM != 0)
        {
            return Err(refuse(out, text));
        }
        Ok(row)
    }

    /// Latches what a command needs, and tells its handler the hash of its key where it has but one. Err: a shard is taken, and the
    /// call will be tried again.
    #[inline]
    pub(super) fn host_latch(&mut self, (number, row): (u16, &Row), args: Args) -> Result<(), Host> {
        self.txn.unprime();
        let key = table().plain_key(number);
        if key != 0 {
            let key = args.get(key);
            let hash = self.txn.store.hash(key);
            if !self.count_access() || !self.host_shard(self.txn.store.shard_of(hash)) {
                return Err(Host::Doomed);
            }
            self.txn.prime(key, hash);
        } else if row.flags & (flag::WHOLE | flag::WALKS) != 0 {
            for shard in 0..self.txn.store.shards_count() {
                if !self.host_shard(shard) {
                    return Err(Host::Doomed);
                }
            }
        } else {
            let mut shards = std::mem::take(&mut self.shards);
            shards.clear();
            let store = self.txn.store;
            let keys = row.each_key(args, |index, _| shards.push(store.shard_of(store.hash(args.get(index)))));
            let latched = keys.is_ok() && shards.iter().all(|shard| self.count_access() && self.host_shard(*shard));
            self.shards = shards;
            if keys.is_ok() && !latched {
                return Err(Host::Doomed);
            }
            // Keys that make no sense are for the handler to refuse, with its own text; it touches none then.
        }
        Ok(())
    }

    /// What a command's effect means for the call, and its reply in `out`.
    pub(super) fn host_effect(
        &mut self,
        mut effect: Effect,
        row: &Row,
        args: Args,
        (proto, out): (Protocol, &mut Vec<u8>),
    ) -> Host {
        let mut reply = Reply::new(out, proto);
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
                // Nothing waits inside a procedure.
                Effect::Block(block) => {
                    self.txn.again_ms = None;
                    reply.raw(block.nothing.reply(proto));
                    break;
                }
                Effect::Verbatim => {
                    record_request(&mut self.txn, row, args);
                    break;
                }
                Effect::Rewrite(commands) => {
                    self.txn.record_commands(commands);
                    break;
                }
                Effect::None => break,
            }
        }
        if out.first() == Some(&b'-') {
            // The reply is `-text\r\n`: hand the text over.
            let end = out.len() - 2;
            out.truncate(end);
            out.remove(0);
            return Host::Error;
        }
        Host::Replied
    }

    /// A line of the call in progress for the server's log, or for who asked for a dry run. Levels 0 debug to 3 warning.
    pub fn log_of_call(&mut self, level: u8, text: String) {
        if let Some(dry) = &mut self.call.dry {
            return dry.log(text);
        }
        let function = self.call().map_or(String::new(), |call| String::from_utf8_lossy(&call.name).into_owned());
        // Lines of scripts stand for themselves, as in Redis.
        let line = if self.call.lua.is_some() { text.clone() } else { format!("{function}: {text}") };
        self.server.log.push(level, line);
        self.noted = true;
        let library = self.call().and_then(|call| self.manifest.find(&call.name)).map(|found| found.library.clone());
        if let Some(library) = library {
            let line = Line { at_ms: clock::now_ms(), level, core: self.core, function, text };
            self.server.function_logs.push(&library, line);
        }
    }

    fn doom_for(&mut self, shard: u32) -> Host {
        if let Some(call) = self.call_mut() {
            call.doom = Some(Doom::Retry(shard));
        }
        Host::Doomed
    }
}

pub(super) const NOT_ALLOWED: &str = "ERR This Redis command is not allowed from script";

/// Scripts and procedures have no command of that name.
pub(super) const UNKNOWN: &str = "ERR Unknown Redis command called from script";

pub(super) fn refuse(out: &mut Vec<u8>, text: &str) -> Host {
    out.extend_from_slice(text.as_bytes());
    Host::Error
}
