//! Functions of the language that a sandbox needs in another form: those that look past metatables leave read-only tables alone,
//! those that run code take source text only, and those that could take the process down have limits.
//!
//! | function | what it does otherwise |
//! |---|---|
//! | rawset, setmetatable, table.insert, remove, sort | refuse read-only tables |
//! | rawget, next, pairs, getmetatable | see what a read-only table holds; show no metatable that could be changed |
//! | load, loadstring | see `chunks.rs` |
//! | pcall | Redis's: the text of an error object instead of the object |
//! | tonumber, string.rep | see `shortcuts.rs` |
//! | unpack | no range that ends at the last integer, where Lua's own counts past it |
//! | string.find, match, gmatch, gsub | a limit to what a pattern makes the matcher nest |
//! | coroutine.resume, wrap | a limit to the C stack |
//! | collectgarbage | collects and counts, but sets nothing |

use super::api::{mistyped, misused};
use super::chunks::{load, loadstring};
use super::context::Context;
use super::replies::truncated;
use super::shortcuts::{rep, tonumber};
use crate::sys::lua_owner::{Kept, lua_function};
use crate::sys::lua_stack::{
    Function, GLOBALS, LUA_TFUNCTION, LUA_TNIL, LUA_TNUMBER, LUA_TSTRING, LUA_TTABLE, LUA_TTHREAD, MANY, Stack, upvalue,
};

pub const READONLY: &[u8] = b"Attempt to modify a readonly table";

/// Items of a pattern that may make the matcher call itself: `?`, `*`, `+`, `-` and parentheses. A call takes about 150 bytes of the C stack.
const PATTERN_NESTING_MAX: usize = 500;
/// What nested coroutines may take of the C stack together. Each may take as much again as its 200 nested C calls do.
const COROUTINES_STACK_BYTES_MAX: usize = 64 << 10;

/// Upvalues of every guard: the context, tables ▸ what is behind them, tables ▸ metatables shown, the function guarded.
const HIDDEN: i32 = upvalue(2);
const SHOWN: i32 = upvalue(3);
const ORIGINAL: i32 = upvalue(4);

/// Puts the guards in their places. `hidden`, `shown`: slots of the two tables.
pub fn install(stack: Stack, context: &Kept<Context>, hidden: i32, shown: i32) {
    let globals: &[(&[u8], Function)] = &[
        (b"rawset", refuse_readonly),
        (b"setmetatable", setmetatable),
        (b"rawget", behind_first),
        (b"next", behind_first),
        (b"pairs", pairs),
        (b"getmetatable", getmetatable),
        (b"getfenv", getfenv),
        (b"load", load),
        (b"loadstring", loadstring),
        (b"pcall", pcall),
        (b"unpack", unpack),
        (b"tonumber", tonumber),
        (b"collectgarbage", collectgarbage),
    ];
    let table: &[(&[u8], Function)] = &[
        (b"insert", refuse_readonly),
        (b"remove", refuse_readonly),
        (b"sort", refuse_readonly),
        (b"setn", refuse_readonly),
    ];
    let string: &[(&[u8], Function)] = &[
        (b"find", find),
        (b"match", pattern),
        (b"gmatch", pattern),
        (b"gsub", pattern),
        (b"gfind", pattern),
        (b"rep", rep),
    ];
    let coroutine: &[(&[u8], Function)] = &[(b"resume", resume), (b"wrap", wrap)];
    stack.raw_field(GLOBALS, b"next");
    let next = stack.top();
    let guard = |place: i32, name: &[u8], function: Function| {
        context.push(stack);
        stack.copy(hidden);
        stack.copy(shown);
        // `pairs` needs `next` instead, unguarded and guarded; `wrap` needs `create` and the guarded `resume`.
        stack.raw_field(place, name);
        match name {
            b"pairs" => {
                stack.copy(next);
                stack.replace(-2);
                stack.raw_field(place, b"next");
            }
            b"wrap" => {
                stack.raw_field(place, b"create");
                stack.replace(-2);
                stack.raw_field(place, b"resume");
            }
            _ => stack.push_nil(),
        }
        stack.push_function(function, 5);
        stack.set_raw_field(place, name);
    };
    stack.copy(GLOBALS);
    let place = stack.top();
    for (name, function) in globals {
        guard(place, name, *function);
    }
    for (library, functions) in [(b"table".as_slice(), table), (b"string", string), (b"coroutine", coroutine)] {
        stack.raw_field(GLOBALS, library);
        let place = stack.top();
        for (name, function) in functions {
            stack.raw_field(place, name);
            let there = stack.kind(-1) == LUA_TFUNCTION;
            stack.pop(1);
            if there {
                guard(place, name, *function);
            }
        }
        stack.pop(1);
    }
    stack.pop(2);
}

pub(super) fn original(stack: Stack) -> Option<i32> {
    match stack.function(ORIGINAL) {
        Some(function) => stack.instead(function),
        None => Some(0),
    }
}

/// Pushes what is behind the table at `index`, if it is read-only; else pushes nothing.
fn behind(stack: Stack, index: i32) -> bool {
    // Read-only tables have a metatable; most tables have none.
    if stack.kind(index) != LUA_TTABLE || !stack.metatable(index) {
        return false;
    }
    stack.pop(1);
    stack.copy(index);
    stack.raw_get(HIDDEN);
    if stack.kind(-1) == LUA_TTABLE {
        return true;
    }
    stack.pop(1);
    false
}

lua_function!(refuse_readonly, Context, |stack, _| {
    if !behind(stack, 1) {
        return original(stack);
    }
    // Without a place: in Redis it is the interpreter that refuses, not the function.
    stack.push_bytes(READONLY);
    None
});

lua_function!(setmetatable, Context, |stack, _| {
    // What is no metatable is refused before.
    if matches!(stack.kind(2), LUA_TTABLE | LUA_TNIL) && behind(stack, 1) {
        stack.push_bytes(READONLY);
        return None;
    }
    original(stack)
});

lua_function!(behind_first, Context, |stack, _| {
    if behind(stack, 1) {
        stack.replace(1);
    }
    original(stack)
});

lua_function!(pairs, Context, |stack, _| {
    if stack.kind(1) != LUA_TTABLE {
        return mistyped(stack, 1, "pairs", "table");
    }
    // Upvalue 4 is Lua's `next`, 5 the guarded one, which sees what is behind.
    if behind(stack, 1) {
        stack.copy(upvalue(5));
    } else {
        stack.copy(ORIGINAL);
    }
    stack.copy(1);
    stack.push_nil();
    Some(3)
});

lua_function!(getmetatable, Context, |stack, _| {
    let is_string = stack.kind(1) == LUA_TSTRING;
    if is_string {
        if !stack.metatable(1) {
            return original(stack);
        }
    } else if behind(stack, 1) {
        stack.pop(1);
        stack.copy(1);
    } else {
        return original(stack);
    }
    stack.raw_get(SHOWN);
    Some(1)
});

// Redis's `pcall`: of an error object the text in `err` is returned, as older scripts expect.
lua_function!(pcall, Context, |stack, _| {
    let count = stack.top();
    if count == 0 {
        return misused(stack, b"bad argument #1 to 'pcall' (value expected)");
    }
    stack.push_bool(true);
    stack.insert(1);
    if stack.call(count - 1, MANY, 0).is_ok() {
        return Some(stack.top());
    }
    stack.remove(1);
    if stack.kind(-1) == LUA_TTABLE {
        stack.field(-1, c"err");
        if matches!(stack.kind(-1), LUA_TSTRING | LUA_TNUMBER) {
            stack.replace(-2);
        } else {
            stack.pop(1);
        }
    }
    stack.push_bool(false);
    stack.insert(1);
    Some(stack.top())
});

lua_function!(unpack, Context, |stack, _| {
    let bound =
        |index: i32| if stack.kind(index) == LUA_TNUMBER { Some(truncated(stack.number(index)) as i32) } else { None };
    // A string that reads as a number is one here too.
    for index in [2, 3] {
        if stack.kind(index) == LUA_TSTRING {
            stack.push_number(stack.number(index));
            stack.replace(index);
        }
    }
    if bound(2) == Some(i32::MAX) || bound(3) == Some(i32::MAX) {
        return misused(stack, b"too many results to unpack");
    }
    original(stack)
});

fn nests_too_deep(stack: Stack) -> bool {
    if stack.kind(2) != LUA_TSTRING {
        return false;
    }
    let pattern = stack.bytes(2).unwrap_or_default();
    pattern.len() > PATTERN_NESTING_MAX
        && pattern.iter().filter(|byte| matches!(byte, b'?' | b'*' | b'+' | b'-' | b'(' | b')')).count()
            > PATTERN_NESTING_MAX
}

lua_function!(pattern, Context, |stack, _| {
    if nests_too_deep(stack) { misused(stack, b"pattern too complex") } else { original(stack) }
});

// Its fourth argument says that the pattern is plain text.
lua_function!(find, Context, |stack, _| {
    if !stack.bool(4) && nests_too_deep(stack) { misused(stack, b"pattern too complex") } else { original(stack) }
});

// The environment of a C function is that of whoever asks: what another caller's script has left is nobody's business.
lua_function!(getfenv, Context, |stack, _| {
    if stack.function(1).is_none() {
        return original(stack);
    }
    stack.copy(GLOBALS);
    Some(1)
});

lua_function!(collectgarbage, Context, |stack, _| {
    match stack.bytes(1).unwrap_or(b"collect") {
        b"stop" | b"restart" => stack.push_number(0.0),
        b"setpause" | b"setstepmul" => stack.push_number(200.0),
        _ => return original(stack),
    }
    Some(1)
});

fn is_too_deep(context: &Context) -> bool {
    context.stack_base.abs_diff(Stack::depth()) > COROUTINES_STACK_BYTES_MAX
}

lua_function!(resume, Context, |stack, context| {
    if is_too_deep(context) && stack.kind(1) == LUA_TTHREAD {
        stack.push_bool(false);
        stack.push_bytes(b"C stack overflow");
        return Some(2);
    }
    original(stack)
});

lua_function!(wrap, Context, |stack, context| {
    if stack.kind(1) != LUA_TFUNCTION {
        return misused(stack, b"bad argument #1 to 'wrap' (Lua function expected)");
    }
    stack.set_top(1);
    stack.push_pointer(std::ptr::from_mut(context).cast());
    // Upvalue 4 is `create`, 5 the guarded `resume`.
    stack.copy(upvalue(5));
    stack.copy(ORIGINAL);
    stack.copy(1);
    stack.call_through(1, 1);
    stack.push_function(wrapped, 3);
    Some(1)
});

// What `wrap` gives. Upvalues: the context, `resume`, the coroutine.
lua_function!(wrapped, Context, |stack, _| {
    let count = stack.top();
    stack.copy(upvalue(2));
    stack.insert(1);
    stack.copy(upvalue(3));
    stack.insert(2);
    stack.call_through(count + 1, MANY);
    if stack.bool(1) {
        return Some(stack.top() - 1);
    }
    if stack.kind(-1) == LUA_TSTRING {
        stack.push_place(1);
        stack.insert(-2);
        stack.concat(2);
    }
    None
});
