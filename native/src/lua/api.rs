//! `redis.*` besides `call` and `pcall`, and the functions of `math` that Redis has in its own way.

use sha1::{Digest, Sha1};

use super::calls::{self, take_request};
use super::context::Context;
use super::failure::{c_string, push_error};
use super::host::NoRequest;
use super::library::register_function;
use super::replies::truncated;
use super::{REDIS_VERSION, REDIS_VERSION_NUMBER, hex};
use crate::resp::reply::Protocol;
use crate::sys::lua_owner::{Kept, lua_function};
use crate::sys::lua_stack::{
    Function, LUA_TBOOLEAN, LUA_TFUNCTION, LUA_TNIL, LUA_TNONE, LUA_TNUMBER, LUA_TSTRING, LUA_TTABLE, LUA_TTHREAD,
    Stack,
};

/// Which functions the table `redis` has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// For EVAL.
    Script,
    /// For functions of a library.
    Function,
    /// For the top level of a library.
    Library,
}

const EVERYWHERE: &[(&[u8], Function)] = &[(b"log", log)];

const RUNNING: &[(&[u8], Function)] = &[
    (b"call", calls::call),
    (b"pcall", calls::pcall),
    (b"setresp", setresp),
    (b"sha1hex", sha1hex),
    (b"error_reply", error_reply),
    (b"status_reply", status_reply),
    (b"set_repl", set_repl),
    (b"acl_check_cmd", acl_check_cmd),
];

const SCRIPT: &[(&[u8], Function)] =
    &[(b"breakpoint", breakpoint), (b"debug", debug), (b"replicate_commands", replicate_commands)];

const LIBRARY: &[(&[u8], Function)] = &[(b"register_function", register_function)];

const LEVELS: &[(&[u8], f64)] =
    &[(b"LOG_DEBUG", 0.0), (b"LOG_VERBOSE", 1.0), (b"LOG_NOTICE", 2.0), (b"LOG_WARNING", 3.0)];

const REPLICATION: &[(&[u8], f64)] =
    &[(b"REPL_NONE", 0.0), (b"REPL_AOF", 1.0), (b"REPL_SLAVE", 2.0), (b"REPL_REPLICA", 2.0), (b"REPL_ALL", 3.0)];

/// Pushes the table `redis`; as `server`, Valkey's name for it, it says under that name what it is.
pub fn push_api(stack: Stack, context: &Kept<Context>, place: Place, as_server: bool) {
    stack.push_table(0, 32);
    let functions = match place {
        Place::Script => [EVERYWHERE, RUNNING, SCRIPT],
        Place::Function => [EVERYWHERE, RUNNING, &[]],
        Place::Library => [EVERYWHERE, LIBRARY, &[]],
    };
    for (name, function) in functions.concat() {
        context.push(stack);
        stack.push_function(function, 1);
        stack.set_raw_field(-2, name);
    }
    let numbers = if place == Place::Library { [LEVELS, &[]] } else { [LEVELS, REPLICATION] };
    for (name, number) in numbers.concat() {
        stack.push_number(number);
        stack.set_raw_field(-2, name);
    }
    let mut texts: Vec<(&[u8], &str)> = vec![(b"REDIS_VERSION", REDIS_VERSION)];
    let mut versions: Vec<&[u8]> = vec![b"REDIS_VERSION_NUM"];
    if as_server {
        texts.extend([(b"SERVER_NAME".as_slice(), "zedis"), (b"SERVER_VERSION", REDIS_VERSION)]);
        versions.push(b"SERVER_VERSION_NUM");
    }
    for (name, text) in texts {
        stack.push_bytes(text.as_bytes());
        stack.set_raw_field(-2, name);
    }
    for name in versions {
        stack.push_number(f64::from(REDIS_VERSION_NUMBER));
        stack.set_raw_field(-2, name);
    }
}

fn fail(stack: Stack, text: &[u8]) -> Option<i32> {
    push_error(stack, text);
    None
}

lua_function!(log, Context, |stack, context| {
    let count = stack.top();
    if count < 2 {
        return fail(stack, b"redis.log() requires two arguments or more.");
    }
    if !is_number(stack, 1) {
        return fail(stack, b"First argument must be a number (log level).");
    }
    let level = truncated(stack.number(1));
    if !(0..=3).contains(&level) {
        return fail(stack, b"Invalid debug level.");
    }
    let mut line = std::mem::take(&mut context.reply);
    line.clear();
    for index in 2..=count {
        if let Some(text) = stack.bytes(index) {
            if index > 2 {
                line.push(b' ');
            }
            line.extend_from_slice(text);
        }
    }
    context.host.get(|host| host.log(level as u8, &line));
    context.reply = line;
    Some(0)
});

fn is_number(stack: Stack, index: i32) -> bool {
    match stack.kind(index) {
        LUA_TNUMBER => true,
        // As `lua_isnumber`: a string that reads as one.
        LUA_TSTRING => stack.number(index) != 0.0 || stack.bytes(index).is_some_and(|text| text.contains(&b'0')),
        _ => false,
    }
}

lua_function!(setresp, Context, |stack, context| {
    if stack.top() != 1 {
        return fail(stack, b"redis.setresp() requires one argument.");
    }
    context.inner = match truncated(stack.number(1)) {
        2 => Protocol::Resp2,
        3 => Protocol::Resp3,
        _ => return fail(stack, b"RESP version must be 2 or 3."),
    };
    Some(0)
});

lua_function!(sha1hex, Context, |stack, _| {
    if stack.top() != 1 {
        return fail(stack, b"wrong number of arguments");
    }
    let digest = Sha1::digest(stack.bytes(1).unwrap_or_default());
    stack.push_bytes(&hex(&digest.into()));
    Some(1)
});

fn is_one_string(stack: Stack) -> bool {
    stack.top() == 1 && stack.kind(1) == LUA_TSTRING
}

const ONE_STRING: &[u8] = b"wrong number or type of arguments";

lua_function!(error_reply, Context, |stack, context| {
    if !is_one_string(stack) {
        push_error(stack, ONE_STRING);
        return Some(1);
    }
    let text = c_string(stack.bytes(1).unwrap_or_default());
    context.reply.clear();
    if text.first() != Some(&b'-') {
        context.reply.push(b'-');
    }
    context.reply.extend_from_slice(text);
    push_error(stack, &context.reply);
    Some(1)
});

lua_function!(status_reply, Context, |stack, _| {
    if !is_one_string(stack) {
        push_error(stack, ONE_STRING);
        return Some(1);
    }
    stack.push_table(0, 1);
    stack.copy(1);
    stack.set_raw_field(-2, b"ok");
    Some(1)
});

// Effects go to the log, not scripts: what a script says about replication is checked and changes nothing.
lua_function!(set_repl, Context, |stack, _| {
    if stack.top() != 1 {
        return fail(stack, b"redis.set_repl() requires one argument.");
    }
    if truncated(stack.number(1)) & !3 != 0 {
        return fail(stack, b"Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.");
    }
    Some(0)
});

lua_function!(acl_check_cmd, Context, |stack, context| {
    if let Err(text) = take_request(stack, &mut context.request) {
        return fail(stack, text);
    }
    let request = context.request.borrow();
    match context.host.get(|host| host.may(request)) {
        Some(Ok(may)) => {
            stack.push_bool(may);
            Some(1)
        }
        Some(Err(NoRequest::Arity)) => fail(stack, b"Wrong number of args for redis.acl_check_cmd()"),
        _ => fail(stack, b"Invalid command passed to redis.acl_check_cmd()"),
    }
});

lua_function!(breakpoint, Context, |stack, _| {
    stack.push_bool(false);
    Some(1)
});

lua_function!(debug, Context, |_, _| Some(0));

lua_function!(replicate_commands, Context, |stack, _| {
    stack.push_bool(true);
    Some(1)
});

// ---- math ----

/// `REDIS_LRAND48_MAX`.
const RANDOM_MAX: u64 = i32::MAX as u64;

lua_function!(random, Context, |stack, context| {
    let part = (context.next_random() % RANDOM_MAX) as f64 / RANDOM_MAX as f64;
    let last = stack.top();
    match last {
        0 => {
            stack.push_number(part);
            return Some(1);
        }
        1 | 2 => (),
        _ => return misused(stack, b"wrong number of arguments"),
    }
    if let Some(index) = (1..=last).find(|index| !is_number(stack, *index)) {
        return mistyped(stack, index, "random", "number");
    }
    let number = |index: i32| f64::from(truncated(stack.number(index)) as i32);
    let (low, high) = if last == 1 { (1.0, number(1)) } else { (number(1), number(2)) };
    if low > high {
        let text: &[u8] = if last == 1 {
            b"bad argument #1 to 'random' (interval is empty)"
        } else {
            b"bad argument #2 to 'random' (interval is empty)"
        };
        return misused(stack, text);
    }
    stack.push_number((part * (high - low + 1.0)).floor() + low);
    Some(1)
});

lua_function!(randomseed, Context, |stack, context| {
    if !is_number(stack, 1) {
        return mistyped(stack, 1, "randomseed", "number");
    }
    context.seed_random(truncated(stack.number(1)) as i32);
    Some(0)
});

/// Raises that an argument is of another type than `expected`.
pub fn mistyped(stack: Stack, index: i32, function: &str, expected: &str) -> Option<i32> {
    let got: &[u8] = match stack.kind(index) {
        LUA_TNONE => b"no value",
        LUA_TNIL => b"nil",
        LUA_TBOOLEAN => b"boolean",
        LUA_TNUMBER => b"number",
        LUA_TSTRING => b"string",
        LUA_TTABLE => b"table",
        LUA_TFUNCTION => b"function",
        LUA_TTHREAD => b"thread",
        _ => b"userdata",
    };
    stack.push_place(1);
    stack.push_bytes(b"bad argument #");
    stack.push_number(index.into());
    for piece in [" to '", function, "' (", expected, " expected, got "] {
        stack.push_bytes(piece.as_bytes());
    }
    stack.push_bytes(got);
    stack.push_bytes(b")");
    stack.concat(10);
    None
}

/// Raises a text as Lua's own functions do: with the caller's place before it.
pub fn misused(stack: Stack, text: &[u8]) -> Option<i32> {
    stack.push_place(1);
    stack.push_bytes(text);
    stack.concat(2);
    None
}
