//! Scripts and functions in Lua that a log holds in place of what they changed, as Redis before its version 7 wrote them.
//!
//! They run on the loading thread, in an interpreter of its own, without limits and without a rollback, as there. Functions in other languages
//! need a core's VM, and none is free while a log is loaded; only what they change is ever logged.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use sha1::{Digest, Sha1};

use super::request::{Done, run_data};
use crate::commands::row::{Row, Run, flag};
use crate::commands::table::table;
use crate::lua::engine::{Ended, Engine};
use crate::lua::host::{Host, NoRequest, Ran, Stop};
use crate::lua::{header, hex};
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::reply::Protocol;
use crate::resp::{error, number};
use crate::session::manifest;
use crate::session::scripts::Script;
use crate::session::server::Server;
use crate::snapshot::libraries;
use crate::txn::Txn;

/// What runs them; the interpreter is made for the first one.
pub struct Scripts {
    server: &'static Server,
    engine: Option<Engine>,
    /// All that have been in the log, also those that the server has forgotten since because there are so many.
    known: HashMap<[u8; 40], Known>,
    functions: Functions,
    host: LoadHost,
}

struct Known {
    script: Arc<Script>,
    /// Its number in the engine; 0: not compiled yet.
    compiled: i32,
}

/// How one has ended. The error's text, where it is one.
pub type Outcome = Result<(), String>;

impl Scripts {
    pub fn new(server: &'static Server, holds: bool) -> Scripts {
        let host = LoadHost { server, holds, txn: Txn::helper(&server.store), db: 0, readonly: false, stopped: false };
        Scripts { server, engine: None, known: HashMap::new(), functions: Functions::default(), host }
    }

    /// SCRIPT LOAD.
    pub fn keep(&mut self, source: &[u8]) -> Outcome {
        let digest = self.add(source)?;
        self.compile(&digest)?;
        self.server.scripts.keep(self.known[&digest].script.clone(), true);
        Ok(())
    }

    /// SCRIPT FLUSH.
    pub fn flush(&mut self) {
        self.known.clear();
        self.engine = None;
        self.functions.applied = 0;
        self.server.scripts.flush();
    }

    /// Libraries of the file's base.
    pub fn add_libraries(&mut self, sources: &[Vec<u8>]) {
        sources.iter().for_each(|source| self.functions.put(source));
    }

    /// EVAL, EVALSHA, FCALL and their like, on `txn`. `logged`: the requests about libraries that came before it.
    pub fn run(&mut self, row: &Row, args: Args, (txn, db): (&mut Txn, u32), logged: &[OwnedArgs]) -> Outcome {
        let keys = number::integer(args.get(2)).ok_or(error::NOT_INTEGER)?;
        if keys > (args.len() - 3) as i64 {
            return Err(error::TOO_MANY_NUMKEYS.into());
        }
        let keys = usize::try_from(keys).map_err(|_| error::NEGATIVE_NUMKEYS)?;
        let readonly = row.flags & flag::READONLY != 0;
        let (function, is_script, name, flags) = if row.evaluates() {
            let digest = match row.name.starts_with("evalsha") {
                true => <[u8; 40]>::try_from(args.get(1).to_ascii_lowercase()).map_err(|_| error::NO_SCRIPT)?,
                false => self.add(args.get(1))?,
            };
            let number = self.compile(&digest)?;
            let script = &self.known[&digest].script;
            self.server.scripts.keep(script.clone(), false);
            (number, true, digest.to_vec(), script.flags)
        } else {
            let (number, flags) = self.function(args.get(1), logged)?;
            (number, false, args.get(1).to_vec(), flags)
        };
        self.host.db = db;
        self.host.readonly = readonly || flags & manifest::flag::NO_WRITES != 0;
        let engine = self.engine.get_or_insert_default();
        engine.name_job(&name);
        // The host owns what it works on while the script runs.
        std::mem::swap(&mut self.host.txn, txn);
        let given = (args.from(3).to_owned(), keys);
        let ended = engine.run(&mut self.host, (function, is_script), given, Protocol::Resp2);
        std::mem::swap(&mut self.host.txn, txn);
        let output = engine.take_output();
        let text = String::from_utf8_lossy(&output).trim_end().to_string();
        engine.give_back_output(output);
        match ended {
            Ended::Replied { failed: false, .. } => Ok(()),
            Ended::Replied { .. } | Ended::Failed { .. } => Err(text),
            Ended::Stopped(_) => Err("it was stopped".into()),
        }
    }

    /// Gives the digest of a script, which is known from now on.
    fn add(&mut self, source: &[u8]) -> Result<[u8; 40], String> {
        let digest = hex(&Sha1::digest(source).into());
        if let Entry::Vacant(place) = self.known.entry(digest) {
            let header = header::read(source)?;
            let script = Arc::new(Script::new(digest, source, (header.flags, header.declared, header.len)));
            place.insert(Known { script, compiled: 0 });
        }
        Ok(digest)
    }

    fn compile(&mut self, digest: &[u8; 40]) -> Result<i32, String> {
        let known = self.known.get_mut(digest).ok_or(error::NO_SCRIPT)?;
        if known.compiled == 0 {
            let source = &known.script.source[known.script.header_len..];
            let compiled = self.engine.get_or_insert_default().compile(source);
            known.compiled = compiled
                .map_err(|text| format!("Error compiling script (new function): {}", String::from_utf8_lossy(&text)))?;
        }
        Ok(known.compiled)
    }

    /// The number of a function in the engine, and its flags.
    fn function(&mut self, name: &[u8], logged: &[OwnedArgs]) -> Result<(i32, u32), String> {
        self.functions.catch_up(logged, self.engine.get_or_insert_default());
        match self.functions.ready.get(name) {
            Some(found) => Ok(*found),
            None if self.functions.has_others() => Err("only functions in Lua run while a log is loaded".into()),
            None => Err(error::NO_FUNCTION.into()),
        }
    }
}

/// The libraries that there are at a place of the log.
#[derive(Default)]
struct Functions {
    /// Their names and sources, of all languages.
    libraries: Vec<(Vec<u8>, Vec<u8>)>,
    /// So many of the requests about libraries are in these; those of the base count as none.
    applied: usize,
    /// Those in Lua, in the engine: number and flags, by name.
    ready: HashMap<Vec<u8>, (i32, u32)>,
    changed: bool,
}

impl Functions {
    fn catch_up(&mut self, logged: &[OwnedArgs], engine: &mut Engine) {
        for request in &logged[self.applied.min(logged.len())..] {
            let args = request.borrow();
            match args.iter().nth(1).unwrap_or_default().to_ascii_lowercase().as_slice() {
                b"load" if args.len() > 2 => self.put(args.get(args.len() - 1)),
                b"delete" if args.len() == 3 => self.libraries.retain(|(name, _)| name != args.get(2)),
                b"flush" => self.libraries.clear(),
                b"restore" if args.len() > 2 => {
                    if args.len() > 3 && args.is(3, "flush") {
                        self.libraries.clear();
                    }
                    libraries::read(args.get(2)).unwrap_or_default().iter().for_each(|source| self.put(source));
                }
                _ => continue,
            }
            self.changed = true;
        }
        self.applied = logged.len();
        if !std::mem::take(&mut self.changed) {
            return;
        }
        self.ready.drain().for_each(|(_, (function, _))| engine.forget(function));
        for (_, source) in self.libraries.iter().filter(|(_, source)| is_lua(source)) {
            let code = source.iter().position(|byte| *byte == b'\n').map_or(&[][..], |end| &source[end..]);
            // One that cannot be loaded stops the start, when the main thread comes to it.
            for registered in engine.load_library(code, true).unwrap_or_default() {
                let flags = registered.flags.iter().filter_map(|name| header::flag_named(name.as_bytes()));
                let flags = flags.fold(0, |all, (_, bit)| all | bit);
                self.ready.insert(registered.name, (registered.function, flags));
            }
        }
    }

    fn put(&mut self, source: &[u8]) {
        let name = libraries::name_of(source).to_vec();
        self.libraries.retain(|(other, _)| *other != name);
        self.libraries.push((name, source.to_vec()));
        self.changed = true;
    }

    fn has_others(&self) -> bool {
        self.libraries.iter().any(|(_, source)| !is_lua(source))
    }
}

fn is_lua(source: &[u8]) -> bool {
    source.get(..5).is_some_and(|word| word.eq_ignore_ascii_case(b"#!lua"))
}

/// The server as such a script sees it: data commands, and what may stand beside them.
struct LoadHost {
    server: &'static Server,
    holds: bool,
    txn: Txn,
    db: u32,
    readonly: bool,
    stopped: bool,
}

impl Host for LoadHost {
    fn command(&mut self, request: Args, proto: Protocol, out: &mut Vec<u8>) -> Ran {
        out.clear();
        let mut refuse = |text: &str| {
            out.extend_from_slice(text.as_bytes());
            Ran::Failed
        };
        let row = match table().resolve(request) {
            Some(number) => table().row(number),
            None => return refuse("ERR Unknown Redis command called from script"),
        };
        if !row.arity_fits(request.len()) {
            return refuse("ERR Wrong number of args calling Redis command from script");
        }
        if row.flags & flag::NOSCRIPT != 0 {
            return refuse("ERR This Redis command is not allowed from script");
        }
        if self.readonly && row.flags & flag::WRITE != 0 {
            return refuse(error::WRITE_FROM_RO);
        }
        if row.name == "select" {
            let databases = self.server.store.databases as i64;
            match number::integer(request.get(1)).filter(|db| (0..databases).contains(db)) {
                None => return refuse("ERR DB index is out of range"),
                Some(db) => self.db = db as u32,
            }
            out.extend_from_slice(b"+OK\r\n");
            return Ran::Replied;
        }
        let Run::Data(handler) = row.run else {
            return refuse("ERR This Redis command is not allowed from a script while a log is loaded");
        };
        match run_data(&mut self.txn, (self.db, self.holds), (row, handler), request, (proto, out)) {
            Done::Replied => Ran::Replied,
            Done::Failed => {
                // The reply is `-text\r\n`: hand the text over.
                out.truncate(out.len() - 2);
                out.remove(0);
                Ran::Failed
            }
        }
    }

    fn take_nested_args(&mut self) -> (OwnedArgs, usize) {
        (OwnedArgs::default(), 0)
    }

    fn end_nested(&mut self, _: bool) {}

    fn may(&mut self, request: Args) -> Result<bool, NoRequest> {
        table().resolve(request).map(|_| true).ok_or(NoRequest::Unknown)
    }

    fn log(&mut self, level: u8, text: &[u8]) {
        self.server.log.push(level.min(3), String::from_utf8_lossy(text).replace(['\r', '\n'], " "));
    }

    fn tick(&mut self, _: Args) -> Option<Stop> {
        self.stopped |= self.server.stopping.load(Relaxed);
        self.stopped.then_some(Stop::Killed)
    }
}
