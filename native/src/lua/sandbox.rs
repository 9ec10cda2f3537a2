//! What a script finds: the globals of Redis 7.2, which nobody can change.
//!
//! Redis marks tables read-only inside the interpreter. Here a table that is read-only is *empty*, and what it holds is in another
//! one behind its metatable, so that every read finds it and every write comes to `__newindex`:
//!
//! ```text
//!   _G {} ──metatable──▶ __index ─▶ {string = …, redis = …, KEYS = …} ──metatable──▶ __index ─▶ error: nonexistent global
//!                        __newindex ─▶ error: readonly table
//! ```
//!
//! The functions that would look past a metatable (rawset, next, table.insert, …) know these tables: `guards.rs`. One proxy of the
//! globals is for scripts, one for functions of libraries; loading a library swaps what is behind the latter for the little that
//! its top level may use.

use super::api::{self, Place, push_api};
use super::context::Context;
use super::guards;
use super::lib;
use crate::sys::lua_owner::{Kept, lua_function};
use crate::sys::lua_stack::{Function, GLOBALS, LUA_TNUMBER, LUA_TSTRING, LUA_TTABLE, Stack};

/// Numbers in the registry of what the engine needs again.
pub struct Rooms {
    /// The globals of scripts, and what is behind them: KEYS and ARGV go there.
    pub script: i32,
    pub script_hidden: i32,
    /// The globals of functions; their metatable; what is behind them while they run, and while their library is loaded.
    pub function: i32,
    pub function_meta: i32,
    pub function_hidden: i32,
    pub loading_hidden: i32,
}

/// Globals of the language that stay.
const KEPT: &[&[u8]] = &[
    b"xpcall",
    b"tostring",
    b"getfenv",
    b"next",
    b"assert",
    b"tonumber",
    b"rawequal",
    b"rawset",
    b"rawget",
    b"type",
    b"select",
    b"pairs",
    b"ipairs",
    b"setfenv",
    b"error",
    b"gcinfo",
    b"_VERSION",
    b"setmetatable",
    b"getmetatable",
    b"unpack",
    b"load",
    b"loadstring",
    b"collectgarbage",
    b"pcall",
    b"coroutine",
    b"string",
    b"table",
    b"math",
];

/// Room for fields in a table that scripts read all the time: Lua's tables chain what collides, and nearly full ones made a
/// twentieth of a short script's time.
const SPARSE: usize = 256;

/// Redis's own libraries.
type Open = fn(&mlua::Lua) -> mlua::Result<mlua::Table>;
const LIBRARIES: &[(&str, Open)] = &[
    ("bit", lib::bit::open),
    ("cjson", lib::cjson::open),
    ("cmsgpack", lib::cmsgpack::open),
    ("struct", lib::structs::open),
];

/// Builds the globals of a fresh state.
pub fn build(lua: &mlua::Lua, stack: Stack, context: &Kept<Context>) -> mlua::Result<Rooms> {
    stack.open_libraries();
    stack.set_top(0);
    // Slot 1: table ▸ what is behind it. Slot 2: table ▸ its metatable as scripts see it.
    stack.push_table(0, 32);
    stack.push_table(0, 8);
    keep_only_clock(stack);
    take_random_over(stack, context);
    for (name, open) in LIBRARIES {
        lua.globals().raw_set(*name, open(lua)?)?;
    }
    guards::install(stack, context, 1, 2);
    // Slot 3: what is behind the globals of scripts.
    stack.push_table(0, SPARSE);
    for name in KEPT.iter().copied().chain(LIBRARIES.iter().map(|(name, _)| name.as_bytes())).chain([b"os".as_slice()])
    {
        stack.raw_field(GLOBALS, name);
        stack.set_raw_field(3, name);
    }
    empty_globals(stack);
    stack.copy(GLOBALS);
    stack.set_raw_field(3, b"_G");
    for name in [b"string".as_slice(), b"table", b"math", b"coroutine", b"os"]
        .into_iter()
        .chain(LIBRARIES.iter().map(|(name, _)| name.as_bytes()))
    {
        stack.raw_field(3, name);
        protect(stack, context, false);
        stack.pop(1);
    }
    protect_strings(stack, context);
    // Slot 4: what is behind the globals of functions.
    stack.push_table(0, SPARSE);
    stack.push_nil();
    while stack.next(3) {
        stack.copy(-2);
        stack.insert(-2);
        stack.raw_set(4);
    }
    // Settings of their own: in Redis functions have another interpreter than scripts.
    lua.globals().raw_set("cjson", lib::cjson::open(lua)?)?;
    stack.raw_field(GLOBALS, b"cjson");
    protect(stack, context, false);
    stack.set_raw_field(4, b"cjson");
    empty_globals(stack);
    set_api(stack, context, 3, Place::Script);
    set_api(stack, context, 4, Place::Function);
    // Slot 5: what is behind them while a library is loaded.
    stack.push_table(0, 2);
    set_api(stack, context, 5, Place::Library);
    for hidden in 3..=5 {
        set_missing(stack, context, hidden);
    }
    // Slot 6: the globals of scripts are the state's own, slot 7: those of functions.
    stack.copy(GLOBALS);
    put_before(stack, context, 6, 3);
    stack.push_table(0, 0);
    stack.copy(7);
    stack.set_raw_field(4, b"_G");
    put_before(stack, context, 7, 4);
    stack.metatable(7);
    let keep = |index: i32| {
        stack.copy(index);
        stack.keep()
    };
    let rooms = Rooms {
        script: keep(6),
        script_hidden: keep(3),
        function: keep(7),
        function_meta: keep(8),
        function_hidden: keep(4),
        loading_hidden: keep(5),
    };
    stack.set_top(0);
    Ok(rooms)
}

/// `os` is left with `clock`.
fn keep_only_clock(stack: Stack) {
    stack.push_table(0, 1);
    stack.raw_field(GLOBALS, b"os");
    stack.raw_field(-1, b"clock");
    stack.set_raw_field(-3, b"clock");
    stack.pop(1);
    stack.set_raw_field(GLOBALS, b"os");
}

fn take_random_over(stack: Stack, context: &Kept<Context>) {
    stack.raw_field(GLOBALS, b"math");
    for (name, function) in [(b"random".as_slice(), api::random as Function), (b"randomseed", api::randomseed)] {
        context.push(stack);
        stack.push_function(function, 1);
        stack.set_raw_field(-2, name);
    }
    stack.pop(1);
}

fn empty_globals(stack: Stack) {
    stack.copy(GLOBALS);
    empty(stack);
    stack.pop(1);
}

/// Takes everything out of the table on top.
fn empty(stack: Stack) {
    stack.push_nil();
    while stack.next(-2) {
        stack.pop(1);
        stack.copy(-1);
        stack.push_nil();
        stack.raw_set(-4);
    }
}

/// Makes the table on top read-only. `strict`: reading what it does not hold is an error.
fn protect(stack: Stack, context: &Kept<Context>, strict: bool) {
    let table = stack.top();
    stack.push_table(0, SPARSE);
    stack.push_nil();
    while stack.next(table) {
        stack.copy(-2);
        stack.insert(-2);
        stack.raw_set(table + 1);
    }
    stack.copy(table);
    empty(stack);
    stack.pop(1);
    if strict {
        set_missing(stack, context, table + 1);
    }
    put_before(stack, context, table, table + 1);
    stack.set_top(table);
}

/// Puts the empty table at `front` before the one at `hidden`.
fn put_before(stack: Stack, context: &Kept<Context>, front: i32, hidden: i32) {
    let top = stack.top();
    stack.push_table(0, 2);
    stack.copy(hidden);
    stack.set_raw_field(-2, b"__index");
    context.push(stack);
    stack.push_function(refuse_write, 1);
    stack.set_raw_field(-2, b"__newindex");
    stack.set_metatable(front);
    // Known to the guards.
    stack.copy(front);
    stack.copy(hidden);
    stack.raw_set(1);
    // What `getmetatable` shows where the table behind has a metatable: one that is read-only too.
    if stack.metatable(hidden) {
        let shown = stack.top();
        stack.push_table(0, 0);
        stack.push_table(0, 1);
        stack.raw_field(shown, b"__index");
        stack.set_raw_field(-2, b"__index");
        let content = stack.top();
        put_before(stack, context, content - 1, content);
        stack.copy(front);
        stack.copy(content - 1);
        stack.raw_set(2);
    }
    stack.set_top(top);
}

/// Reading what the table at `hidden` does not hold is an error.
fn set_missing(stack: Stack, context: &Kept<Context>, hidden: i32) {
    stack.push_table(0, 1);
    context.push(stack);
    stack.push_function(refuse_missing, 1);
    stack.set_raw_field(-2, b"__index");
    stack.set_metatable(hidden);
}

/// Strings have `string` as their metatable's index; scripts are shown a metatable that they cannot change.
fn protect_strings(stack: Stack, context: &Kept<Context>) {
    let top = stack.top();
    stack.push_bytes(b"");
    stack.metatable(-1);
    let real = stack.top();
    stack.push_table(0, 0);
    stack.push_table(0, 1);
    stack.raw_field(3, b"string");
    stack.set_raw_field(-2, b"__index");
    let content = stack.top();
    put_before(stack, context, content - 1, content);
    // Looked up under the real one by `getmetatable`.
    stack.copy(real);
    stack.copy(content - 1);
    stack.raw_set(2);
    // Methods of strings are found without the way over the empty table.
    stack.raw_field(3, b"string");
    stack.raw_get(1);
    if stack.kind(-1) == LUA_TTABLE {
        stack.set_raw_field(real, b"__index");
    }
    stack.set_top(top);
}

/// Sets `redis` and `server` in the table at `hidden`.
fn set_api(stack: Stack, context: &Kept<Context>, hidden: i32, place: Place) {
    for (name, as_server) in [(b"redis".as_slice(), false), (b"server", true)] {
        push_api(stack, context, place, as_server);
        protect(stack, context, place == Place::Library);
        stack.set_raw_field(hidden, name);
    }
}

lua_function!(refuse_write, Context, |stack, _| api::misused(stack, guards::READONLY));

lua_function!(refuse_missing, Context, |stack, context| {
    if !matches!(stack.kind(2), LUA_TSTRING | LUA_TNUMBER) {
        return api::misused(stack, b"Second argument to luaProtectedTableError must be a string or number");
    }
    let mut text = std::mem::take(&mut context.reply);
    text.clear();
    text.extend_from_slice(b"Script attempted to access nonexistent global variable '");
    text.extend_from_slice(stack.bytes(2).unwrap_or_default());
    text.push(b'\'');
    stack.push_place(1);
    stack.push_bytes(&text);
    stack.concat(2);
    context.reply = text;
    None
});
