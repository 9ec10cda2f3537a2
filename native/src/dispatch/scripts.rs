//! Scripts and functions in Lua: which one a request means, and running it where the core's loop has got to.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use sha1::{Digest, Sha1};

use super::call::CallEnd;
use super::execute::Executor;
use crate::commands::row::Row;
use crate::lua::engine::{Ended, Engine};
use crate::lua::host::{Host, Stop};
use crate::lua::{header, hex};
use crate::resp::args::Args;
use crate::resp::error;
use crate::session::manifest::Manifest;
use crate::session::scripts::Script;
use crate::session::server::SlowScript;
use crate::sys::clock;

/// Scripts of one core, dead ones included, before it looks for dead ones.
const SLOTS_MAX: usize = 2048;
/// Cycles of the collector after which what was let go is free: the one in progress may have seen it alive.
const CYCLES: u32 = 2;
/// Time that a core gives the collector in one tick, ns.
const COLLECT_NS: u64 = 1_000_000;

/// What a core knows of Lua; made at first use.
#[derive(Default)]
pub struct Lua {
    engine: Engine,
    by_digest: HashMap<[u8; 40], u32, foldhash::fast::RandomState>,
    slots: Vec<Slot>,
    /// The manifest whose libraries are ready in the engine, so that scripts can call their functions.
    manifest_version: u64,
    /// SCRIPT FLUSHes and the manifest as of which it has let go what is no more.
    swept: (u64, u64),
    /// Cycles of the collector until all is free that was let go then.
    cycles_left: u32,
}

struct Slot {
    script: Arc<Script>,
    /// Its compiled function in the engine; 0: not compiled yet.
    function: i32,
    /// All cores know it.
    shared: bool,
}

/// A script that a request names.
pub(super) struct Found {
    pub slot: u32,
    pub flags: u32,
    pub declared: bool,
}

impl Lua {
    fn slot(&mut self, digest: &[u8; 40]) -> Option<u32> {
        let slot = *self.by_digest.get(digest)?;
        if self.slots[slot as usize].script.is_alive() {
            return Some(slot);
        }
        self.by_digest.remove(digest);
        None
    }

    fn add(&mut self, digest: [u8; 40], script: Arc<Script>, shared: bool) -> u32 {
        if self.slots.len() >= SLOTS_MAX {
            self.drop_dead();
        }
        let slot = self.slots.len() as u32;
        self.slots.push(Slot { script, function: 0, shared });
        self.by_digest.insert(digest, slot);
        slot
    }

    fn drop_dead(&mut self) {
        let engine = &mut self.engine;
        self.slots.retain(|slot| {
            let alive = slot.script.is_alive();
            if !alive && slot.function != 0 {
                engine.forget(slot.function);
            }
            alive
        });
        self.by_digest = self.slots.iter().zip(0..).map(|(slot, number)| (slot.script.digest, number)).collect();
    }

    /// Lets go scripts and functions that are no more, and collects what they leave, for a slice of a tick.
    fn sweep(&mut self, flushes: u64, manifest: &Manifest) {
        if self.swept != (flushes, manifest.version) {
            self.swept = (flushes, manifest.version);
            self.drop_dead();
            let live: HashSet<u32> = manifest.ids_in_lua().collect();
            self.engine.keep_functions(|id| live.contains(&id));
            self.cycles_left = CYCLES;
        }
        let began_ns = clock::mono_ns();
        while self.cycles_left > 0 && clock::mono_ns() - began_ns < COLLECT_NS {
            self.cycles_left -= u32::from(self.engine.collect_some());
        }
    }

    /// Bytes that the interpreter has taken.
    pub fn memory_bytes(&self) -> u64 {
        self.engine.memory_bytes()
    }
}

impl Executor {
    /// The script that the request in `self.call` names. Err: the error's text.
    pub(super) fn find_script(&mut self, row: &Row) -> Result<Found, Vec<u8>> {
        let mut lua = self.lua.pop().unwrap_or_default();
        let found = self.find_script_of(&mut lua, row);
        let found = found.map(|slot| {
            let script = &lua.slots[slot as usize].script;
            self.server.scripts.touch(script);
            Found { slot, flags: script.flags, declared: script.declared }
        });
        self.lua.push(lua);
        found
    }

    fn find_script_of(&self, lua: &mut Lua, row: &Row) -> Result<u32, Vec<u8>> {
        let scripts = &self.server.scripts;
        if row.name.starts_with("evalsha") {
            let Ok(digest) = <[u8; 40]>::try_from(self.call.name.as_slice()) else {
                return Err(error::NO_SCRIPT.into());
            };
            if let Some(slot) = lua.slot(&digest) {
                return Ok(slot);
            }
            let script = scripts.find(&digest).ok_or(error::NO_SCRIPT)?;
            return Ok(lua.add(digest, script, true));
        }
        let source = &self.call.name;
        let digest = hex(&Sha1::digest(source).into());
        if let Some(slot) = lua.slot(&digest) {
            return Ok(slot);
        }
        if let Some(script) = scripts.find(&digest) {
            return Ok(lua.add(digest, script, true));
        }
        let header = header::read(source).map_err(|text| format!("ERR {text}").into_bytes())?;
        let script = Script::new(digest, source, (header.flags, header.declared, header.len));
        Ok(lua.add(digest, Arc::new(script), false))
    }

    /// Is the call in progress one that runs in this thread's Lua?
    pub fn runs_lua(&self) -> bool {
        self.call.active && self.call.lua.is_some()
    }

    /// What a script that was ended replies.
    pub(super) fn stopped_text(&self, stop: Stop) -> Vec<u8> {
        let name = match self.call.lua {
            Some(Callee::Script(slot)) => {
                let slots = self.lua.last().map_or(&[][..], |lua| &lua.slots);
                slots.get(slot as usize).map_or(Vec::new(), |slot| slot.script.digest.to_vec())
            }
            _ => self.call.name.clone(),
        };
        let name = String::from_utf8_lossy(&name);
        let is_script = matches!(self.call.lua, Some(Callee::Script(_)));
        match stop {
            Stop::TimeLimit => {
                let limit = self.server.settings.script_time_limit_hard.load(Relaxed);
                format!("ERR script '{name}' ran longer than script-time-limit-hard ({limit} ms) and was rolled back")
            }
            _ if is_script => {
                format!("ERR Error running script: Script killed by user with SCRIPT KILL. script: {name}")
            }
            _ => format!("ERR Error running script: Script killed by user with FUNCTION KILL. script: {name}"),
        }
        .into_bytes()
    }

    /// Runs the script or function of the call in progress, in `host`, which gives its executor. Gives what came of it, and the
    /// bytes that belong to it; both are for `resume`.
    pub fn run_lua(host: &mut (impl Host + AsMut<Executor> + 'static)) -> (Vec<u8>, LuaEnd) {
        let executor: &mut Executor = host.as_mut();
        let mut lua = executor.lua.pop().unwrap_or_default();
        let prepared = executor.prepare(&mut lua);
        let (function, is_script) = match prepared {
            Ok(prepared) => prepared,
            Err(text) => {
                executor.lua.push(lua);
                return (text, LuaEnd { ended: Ended::Failed { counted: false } });
            }
        };
        let call = &mut executor.call;
        let args = std::mem::take(&mut call.args);
        let (keys, proto) = (call.keys, call.proto);
        let ended = lua.engine.run(host, (function, is_script), (args, keys), proto);
        let executor: &mut Executor = host.as_mut();
        executor.call.args = lua.engine.take_args();
        let output = lua.engine.take_output();
        executor.lua.push(lua);
        (output, LuaEnd { ended })
    }

    /// For the core's tick: what SCRIPT FLUSH and FUNCTION DELETE have taken away is let go here too.
    pub fn sweep_lua(&mut self) {
        if self.lua.is_empty() {
            return;
        }
        if !self.is_background() {
            self.refresh_manifest();
        }
        let flushes = self.server.scripts.flushes();
        for lua in &mut self.lua {
            lua.sweep(flushes, &self.manifest);
        }
    }

    /// Bytes that the interpreters have taken.
    pub fn lua_bytes(&self) -> u64 {
        self.lua.iter().map(|lua| lua.memory_bytes()).sum()
    }

    /// Shows others what runs in this thread's Lua. `args`: of the outermost call.
    pub fn show_running(&self, args: Args) {
        let shared = &self.server.cores[self.core];
        let (lua, name, keys) = self.outermost();
        let is_script = matches!(lua, Some(Callee::Script(_)));
        let mut running = shared.running.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        running.show((&self.call.verb, name), args, keys);
        shared.script.begin(if is_script { SlowScript::SCRIPT } else { SlowScript::FUNCTION });
    }

    /// While the VM runs what the script has called, others see a function in JavaScript: a kill has to end the VM.
    pub fn show_in_vm(&self, inside: bool) {
        let is_script = matches!(self.outermost().0, Some(Callee::Script(_)));
        let own = if is_script { SlowScript::SCRIPT } else { SlowScript::FUNCTION };
        self.server.cores[self.core].script.begin(if inside { SlowScript::NONE } else { own });
    }

    /// Gives the buffer of [`Executor::run_lua`] back.
    pub fn give_back_output(&mut self, output: Vec<u8>) {
        if let Some(lua) = self.lua.last_mut() {
            lua.engine.give_back_output(output);
        }
    }

    /// Makes all libraries ready. One that fails says so when a function of it is called.
    #[cold]
    fn thaw_all(&self, lua: &mut Lua) {
        lua.manifest_version = self.manifest.version;
        for (name, function) in self.manifest.sorted() {
            if function.in_lua && lua.engine.function(function.id).is_none() {
                let _ = self.thaw(lua, name);
            }
        }
    }

    /// Makes the library of a function ready on this core, and lets those go that the manifest has no more. Gives the function.
    fn thaw(&self, lua: &mut Lua, name: &[u8]) -> Result<i32, Vec<u8>> {
        let manifest = &self.manifest;
        lua.engine.keep_functions(|id| manifest.find_number(id).is_some());
        let function = manifest.find(name).ok_or(error::NO_FUNCTION)?;
        let code = manifest.lua_code(&function.library).ok_or(error::NO_FUNCTION)?;
        let number_of = |name: &[u8]| {
            let found = manifest.find(name).filter(|other| other.library == function.library);
            found.map(|found| found.id)
        };
        lua.engine.thaw(code, number_of).map_err(|text| [b"ERR ".as_slice(), &text].concat())?;
        lua.engine.function(function.id).ok_or_else(|| error::NO_FUNCTION.into())
    }

    /// The compiled function of what the call in progress names, and whether it is a script. Err: the error's text.
    fn prepare(&mut self, lua: &mut Lua) -> Result<(i32, bool), Vec<u8>> {
        lua.engine.limit_memory(self.server.settings.script_memory_limit.load(Relaxed) as usize);
        if lua.manifest_version != self.manifest.version {
            self.thaw_all(lua);
        }
        match self.call.lua {
            Some(Callee::Script(slot)) => {
                let slot_index = slot as usize;
                let digest = lua.slots[slot_index].script.digest;
                if lua.slots[slot_index].function == 0 {
                    let script = lua.slots[slot_index].script.clone();
                    match lua.engine.compile(&script.source[script.header_len..]) {
                        Ok(function) => lua.slots[slot_index].function = function,
                        Err(text) => {
                            lua.by_digest.remove(&digest);
                            script.end();
                            return Err([b"ERR Error compiling script (new function): ".as_slice(), &text].concat());
                        }
                    }
                    if !lua.slots[slot_index].shared {
                        lua.slots[slot_index].script = self.server.scripts.keep(script, false);
                        lua.slots[slot_index].shared = true;
                    }
                }
                lua.engine.name_job(&digest);
                Ok((lua.slots[slot_index].function, true))
            }
            Some(Callee::Function(id)) => {
                let function = match lua.engine.function(id) {
                    Some(function) => function,
                    None => self.thaw(lua, &self.call.name)?,
                };
                lua.engine.name_job(&self.call.name);
                Ok((function, false))
            }
            None => Err(error::NO_FUNCTION.into()),
        }
    }
}

/// What a call in Lua runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Callee {
    /// A script, by its slot on this core.
    Script(u32),
    /// A function of a library, by its number in the manifest.
    Function(u32),
}

/// How a call in Lua ended.
pub struct LuaEnd {
    pub(super) ended: Ended,
}

impl LuaEnd {
    /// The same for [`Executor::resume`]. `output`: the bytes that came with it.
    pub fn with<'a>(&self, executor: &Executor, output: &'a [u8]) -> CallEnd<'a> {
        match self.ended {
            Ended::Replied { failed } => CallEnd::Script { reply: output, failed },
            Ended::Failed { counted } => {
                let keep = !executor.server.settings.script_rollback.load(Relaxed);
                CallEnd::ScriptError { text: output, counted, keep }
            }
            Ended::Stopped(stop) => CallEnd::Stopped(stop),
        }
    }
}
