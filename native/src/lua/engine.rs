//! One interpreter: compiled scripts and libraries, and running them. A core makes its own at first use, and the main thread one for
//! each library that it looks at.

use std::ffi::CStr;

use super::context::{Context, Job};
use super::failure::{handle, push_error, write_error};
use super::host::{Host, Stop};
use super::library::{Loading, Registered};
use super::lists;
use super::replies::write_value;
use super::sandbox::{self, Rooms};
use crate::resp::args::OwnedArgs;
use crate::resp::reply::{Protocol, Reply};
use crate::sys::lua_owner::{Kept, lua_entry, lua_function, lua_hook, new_state};
use crate::sys::lua_stack::{Failed, GLOBALS, Stack};
use crate::sys::random;

/// Instructions between two looks at the clock, as in Redis.
const TICK_INSTRUCTIONS: i32 = 100_000;
/// The collector begins anew when so many per cent of what it left are in use. Of a small heap, often: what short scripts leave behind
/// is used again while it is in the processor's caches, which made EVALSHA of a get-compare-set 15 % faster than with 400.
const COLLECTOR_PAUSE: i32 = 130;
/// Of a heap of more than `LARGE_HEAP_BYTES`, as Lua has it: each cycle looks at all of it.
const COLLECTOR_PAUSE_LARGE: i32 = 200;
const LARGE_HEAP_BYTES: u64 = 4 << 20;
/// What one interpreter may take until it is told `script-memory-limit`.
const STATE_BYTES_MAX: usize = 1 << 30;

/// How a run ended; the reply, or the error's text, is in [`Engine::output`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// A reply in the caller's protocol. `failed`: it is an error that the script returned, or holds one; the host has counted it.
    Replied {
        failed: bool,
    },
    /// An error that nobody caught. `counted`: by the command that raised it.
    Failed {
        counted: bool,
    },
    Stopped(Stop),
}

/// Does this compile? Err: the compiler's text. In an interpreter of its own, so that any thread may ask.
pub fn check(source: &[u8], memory_bytes_max: usize) -> Result<(), Vec<u8>> {
    let (_lua, stack) = new_state(memory_bytes_max);
    compile(stack, source, c"@user_script").map_err(|_| stack.bytes(-1).unwrap_or_default().to_vec())
}

/// Bytecode is no source text: it could do anything.
fn compile(stack: Stack, source: &[u8], name: &CStr) -> Result<(), Failed> {
    if source.first() == Some(&0x1B) {
        stack.push_bytes(&[&name.to_bytes()[1..], b":1: unexpected symbol near '<binary>'"].concat());
        return Err(Failed::Syntax);
    }
    stack.compile(source, name)
}

pub struct Engine {
    stack: Stack,
    rooms: Rooms,
    /// Slot of the main stack that holds the function `enter`.
    enter: i32,
    /// Kept until the state is closed: fields are dropped in order.
    lua: mlua::Lua,
    /// Bytes above which all garbage is collected before a run.
    collect_above: u64,
    context: Kept<Context>,
}

impl Engine {
    pub fn new() -> Engine {
        let (lua, stack) = new_state(STATE_BYTES_MAX);
        let mut context = Kept::new(Context { memory_bytes_max: STATE_BYTES_MAX, ..Context::default() });
        context.get().random = random::next_u64() & 0xFFFF_FFFF_FFFF;
        let rooms = sandbox::build(&lua, stack, &context).expect("a fresh state has memory for its globals");
        context.register(stack);
        stack.set_hook(stop_hook, TICK_INSTRUCTIONS);
        stack.set_collector_pause(COLLECTOR_PAUSE);
        context.push(stack);
        for room in [rooms.script, rooms.script_hidden, rooms.function] {
            stack.raw_get_at(crate::sys::lua_stack::REGISTRY, room);
        }
        context.push(stack);
        stack.push_function(handler, 1);
        stack.push_bytes(b"KEYS");
        stack.push_bytes(b"ARGV");
        stack.push_function(enter, 7);
        let enter = stack.top();
        context.push(stack);
        stack.push_function(handler, 1);
        context.get().handler = stack.keep();
        context.push(stack);
        stack.push_function(super::nested::enter_nested, 1);
        context.get().enter_nested = stack.keep();
        Engine { stack, rooms, enter, lua, collect_above: STATE_BYTES_MAX as u64 / 2, context }
    }

    /// Compiles a script; gives its number for [`Engine::run`]. Err: the compiler's text.
    pub fn compile(&mut self, source: &[u8]) -> Result<i32, Vec<u8>> {
        let stack = self.stack;
        match compile(stack, source, c"@user_script") {
            Ok(()) => Ok(stack.keep()),
            Err(_) => {
                let text = stack.bytes(-1).unwrap_or_default().to_vec();
                stack.pop(1);
                Err(text)
            }
        }
    }

    /// Sets what the interpreter may take.
    pub fn limit_memory(&mut self, bytes_max: usize) {
        let context = self.context.get();
        if context.memory_bytes_max != bytes_max {
            context.memory_bytes_max = bytes_max;
            let _ = self.lua.set_memory_limit(bytes_max);
            self.collect_above = bytes_max as u64 / 2;
        }
    }

    /// Collects what would be in the way of the next run: Lua does not when an allocation fails.
    fn make_room(&mut self) {
        if self.stack.memory_bytes() > self.collect_above {
            self.collect_all();
        }
    }

    #[cold]
    fn collect_all(&mut self) {
        let _ = self.lua.gc_collect();
        let bytes_max = self.context.get().memory_bytes_max as u64;
        self.collect_above = (self.stack.memory_bytes() + bytes_max / 8).max(bytes_max / 2);
    }

    pub fn forget(&mut self, script: i32) {
        self.stack.let_go(script);
    }

    pub fn function(&mut self, id: u32) -> Option<i32> {
        self.context.get().functions.get(&id).copied()
    }

    /// Runs the top level of a library; gives what it registers. Err: the text of the error, without its code.
    pub fn load_library(&mut self, code: &[u8], unlimited: bool) -> Result<Vec<Registered>, Vec<u8>> {
        let stack = self.stack;
        self.make_room();
        let top = stack.top();
        if compile(stack, code, c"@user_function").is_err() {
            let text = [b"Error compiling function: ".as_slice(), stack.bytes(-1).unwrap_or_default()].concat();
            stack.set_top(top);
            return Err(text);
        }
        let registry = crate::sys::lua_stack::REGISTRY;
        stack.raw_get_at(registry, self.rooms.function);
        stack.set_environment(-2);
        self.put_behind_functions(self.rooms.loading_hidden);
        stack.raw_get_at(registry, self.rooms.function);
        stack.replace(GLOBALS);
        self.context.get().loading = Some(Loading::begin(unlimited));
        self.context.get().stack_base = Stack::depth();
        self.context.get().stop = None;
        let ran = stack.call(0, 0, 0);
        let loading = self.context.get().loading.take().unwrap_or_default();
        let result = match ran {
            Ok(()) => Ok(loading.functions),
            Err(_) => {
                let mut text = b"Error registering functions: ".to_vec();
                write_error(stack, None, &mut text);
                loading.functions.iter().for_each(|registered| stack.let_go(registered.function));
                Err(text)
            }
        };
        stack.set_top(top);
        if self.context.get().stop.take().is_some() {
            stack.set_hook(stop_hook, TICK_INSTRUCTIONS);
        }
        self.put_behind_functions(self.rooms.function_hidden);
        result
    }

    /// Makes a library's functions ready under their numbers. Err as [`Engine::load_library`].
    pub fn thaw(&mut self, code: &[u8], number_of: impl Fn(&[u8]) -> Option<u32>) -> Result<(), Vec<u8>> {
        for registered in self.load_library(code, true)? {
            match number_of(&registered.name) {
                Some(id) => {
                    if let Some(old) = self.context.get().functions.insert(id, registered.function) {
                        self.stack.let_go(old);
                    }
                }
                None => self.stack.let_go(registered.function),
            }
        }
        Ok(())
    }

    /// Keeps the functions that `stays` says, lets the others go.
    pub fn keep_functions(&mut self, stays: impl Fn(u32) -> bool) {
        let stack = self.stack;
        self.context.get().functions.retain(|id, function| {
            let stay = stays(*id);
            if !stay {
                stack.let_go(*function);
            }
            stay
        });
    }

    fn put_behind_functions(&mut self, hidden: i32) {
        let registry = crate::sys::lua_stack::REGISTRY;
        let stack = self.stack;
        stack.raw_get_at(registry, self.rooms.function_meta);
        stack.raw_get_at(registry, hidden);
        stack.set_raw_field(-2, b"__index");
        stack.pop(1);
    }

    /// The name of what [`Engine::run`] runs next, for the places of errors.
    pub fn name_job(&mut self, name: &[u8]) {
        let job = &mut self.context.get().job;
        job.name.clear();
        job.name.extend_from_slice(name);
    }

    /// Runs a compiled script, or a function (`is_script` false). `args`: keys, then arguments.
    pub fn run(
        &mut self,
        host: &mut (dyn Host + 'static),
        (function, is_script): (i32, bool),
        (args, keys): (OwnedArgs, usize),
        outer: Protocol,
    ) -> Ended {
        let stack = self.stack;
        self.make_room();
        let context = self.context.get();
        context.begin(args, keys, outer);
        context.job.function = function;
        context.job.is_script = is_script;
        context.stack_base = Stack::depth();
        if context.heap_is_large && stack.memory_bytes() < LARGE_HEAP_BYTES {
            context.heap_is_large = false;
            stack.set_collector_pause(COLLECTOR_PAUSE);
        }
        let lent = context.host.clone();
        stack.copy(self.enter);
        let ran = lent.with(host, || stack.call(0, 0, 0));
        let context = self.context.get();
        if let Some(stop) = context.stop {
            stack.set_top(self.enter);
            stack.set_hook(stop_hook, TICK_INSTRUCTIONS);
            return Ended::Stopped(stop);
        }
        let ended = match ran {
            Ok(()) if context.written.uncaught => Ended::Failed { counted: context.written.counted },
            Ok(()) => Ended::Replied { failed: context.written.failed },
            Err(failed) => {
                // Not the script's own error, but of what is around it: no memory for keys or reply.
                context.output.clear();
                write_failure(stack, context, failed);
                Ended::Failed { counted: false }
            }
        };
        stack.set_top(self.enter);
        if std::mem::take(&mut context.out_of_memory) {
            self.collect_all();
        }
        ended
    }

    /// Reply or error text of the last run.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.context.get().output)
    }

    /// The arguments of the last run.
    pub fn take_args(&mut self) -> OwnedArgs {
        std::mem::take(&mut self.context.get().job.args)
    }

    /// The buffer of the last run, for the next one.
    pub fn give_back_output(&mut self, output: Vec<u8>) {
        let context = self.context.get();
        context.output = output;
        context.end();
    }

    /// A step of the collector, some microseconds; true: it ended a cycle. For between two runs.
    pub fn collect_some(&mut self) -> bool {
        self.lua.gc_step().unwrap_or(true)
    }

    pub fn memory_bytes(&self) -> u64 {
        self.stack.memory_bytes()
    }
}

impl Default for Engine {
    fn default() -> Self {
        Engine::new()
    }
}

fn write_failure(stack: Stack, context: &mut Context, failed: Failed) {
    if failed == Failed::Memory {
        context.out_of_memory = true;
        let Job { is_script, name, .. } = &context.job;
        let (what, name) = (if *is_script { "script" } else { "function" }, String::from_utf8_lossy(name));
        let limit = context.memory_bytes_max;
        context.output =
            format!("ERR {what} '{name}' needed more than script-memory-limit ({limit} bytes)").into_bytes();
        return;
    }
    context.output.extend_from_slice(b"ERR Error running script ");
    context.output.extend_from_slice(&context.job.name);
    context.output.extend_from_slice(b", ");
    let text = stack.bytes(-1).unwrap_or(b"execution failure");
    context.output.extend_from_slice(&text[..text.len().min(100)]);
}

lua_function!(handler, Context, |stack, _| {
    handle(stack);
    Some(1)
});

// What runs a job within the protection that `run` gives. Upvalues: the context, globals of scripts, what is behind them, globals of
// functions, the errors' handler, the names KEYS and ARGV.
lua_entry!(enter, Context, |stack, held| {
    let context = held.get();
    let Job { function, is_script, keys, .. } = context.job;
    let globals = if is_script { upvalue(2) } else { upvalue(4) };
    // A script may have given its thread other globals.
    stack.copy(globals);
    stack.replace(GLOBALS);
    stack.copy(upvalue(5));
    stack.raw_get_at(crate::sys::lua_stack::REGISTRY, function);
    if is_script {
        stack.copy(globals);
        stack.set_environment(-2);
    }
    let args = context.job.args.borrow();
    let both = [args.first(keys), args.from(keys)];
    if is_script {
        lists::begin(stack, &mut context.lists, both);
    } else {
        for list in both {
            lists::push(stack, list);
        }
    }
    let called = stack.call(if is_script { 0 } else { 2 }, 1, 1);
    // What the script called has changed it meanwhile.
    let context = held.get();
    match called {
        Ok(()) => {
            let mut reply = Reply::new(&mut context.output, context.outer);
            let count = |text: &[u8]| context.host.get(|host| host.count_error(text)).unwrap_or_default();
            context.written = write_value(stack, &mut reply, context.inner, &count);
        }
        Err(failed) => {
            context.written.uncaught = true;
            if failed == Failed::Run && stack.kind(-1) == crate::sys::lua_stack::LUA_TTABLE {
                let told = write_error(stack, Some(&context.job.name), &mut context.output);
                context.written.counted = told.counted;
            } else {
                write_failure(stack, context, failed);
            }
        }
    }
    if is_script {
        lists::end(stack, context);
    }
    Some(0)
});

lua_hook!(stop_hook, Context, |stack, context| {
    if let Some(loading) = &context.loading {
        if loading.is_overdue() {
            context.stop = Some(Stop::TimeLimit);
            stack.set_hook(stop_hook, 1);
            push_error(stack, b"FUNCTION LOAD timeout");
            return true;
        }
        return false;
    }
    if !context.heap_is_large && stack.memory_bytes() > LARGE_HEAP_BYTES {
        context.heap_is_large = true;
        stack.set_collector_pause(COLLECTOR_PAUSE_LARGE);
    }
    if context.stop.is_none() {
        let outermost = context.aside.first().map_or(&context.job, |(job, _)| job);
        let args = outermost.args.borrow();
        context.stop = context.host.get(|host| host.tick(args)).flatten();
    }
    if context.stop.is_none() {
        return false;
    }
    // After every instruction from now on, so that a script that catches the error does not go on.
    stack.set_hook(stop_hook, 1);
    push_error(stack, b"Script killed by user with SCRIPT KILL.");
    true
});
