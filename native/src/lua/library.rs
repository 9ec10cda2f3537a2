//! Libraries of functions: their top level runs once and registers functions.

use super::context::Context;
use super::failure::push_error;
use super::header::flag_named;
use crate::sys::clock;
use crate::sys::lua_owner::lua_function;
use crate::sys::lua_stack::{LUA_TFUNCTION, LUA_TNIL, LUA_TNUMBER, LUA_TSTRING, LUA_TTABLE, Stack};

/// How long the top level of a library may run, as in Redis.
pub const LOAD_MS: u64 = 500;

/// A library whose top level runs.
#[derive(Default)]
pub struct Loading {
    pub functions: Vec<Registered>,
    pub began_ns: u64,
    /// Loaded again on a core: it was accepted, so that time is no matter.
    pub unlimited: bool,
}

/// One of its functions.
#[derive(Default)]
pub struct Registered {
    pub name: Vec<u8>,
    pub description: Option<Vec<u8>>,
    pub flags: Vec<&'static str>,
    /// The function, by its number in the registry.
    pub function: i32,
}

impl Loading {
    pub fn begin(unlimited: bool) -> Loading {
        Loading { functions: Vec::new(), began_ns: clock::mono_ns(), unlimited }
    }

    pub fn is_overdue(&self) -> bool {
        !self.unlimited && clock::mono_ns() - self.began_ns > LOAD_MS * 1_000_000
    }
}

lua_function!(register_function, Context, |stack, context| {
    let Some(loading) = &mut context.loading else {
        push_error(stack, b"redis.register_function can only be called on FUNCTION LOAD command");
        return None;
    };
    match read_arguments(stack).and_then(|registered| add(loading, registered, stack)) {
        Ok(()) => Some(0),
        Err(text) => {
            push_error(stack, text.as_bytes());
            None
        }
    }
});

fn add(loading: &mut Loading, registered: Registered, stack: Stack) -> Result<(), &'static str> {
    let good = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let problem = if registered.name.is_empty() || !registered.name.iter().all(good) {
        "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long"
    } else if loading.functions.iter().any(|other| other.name == registered.name) {
        "Function already exists in the library"
    } else {
        loading.functions.push(registered);
        return Ok(());
    };
    stack.let_go(registered.function);
    Err(problem)
}

fn read_arguments(stack: Stack) -> Result<Registered, &'static str> {
    match stack.top() {
        1 => read_named(stack),
        2 => {
            let name = text(stack, 1).ok_or("first argument to redis.register_function must be a string")?;
            if stack.kind(2) != LUA_TFUNCTION {
                return Err("second argument to redis.register_function must be a function");
            }
            stack.copy(2);
            Ok(Registered { name, function: stack.keep(), ..Registered::default() })
        }
        _ => Err("wrong number of arguments to redis.register_function"),
    }
}

/// A number is a text too, as everywhere in Lua.
fn text(stack: Stack, index: i32) -> Option<Vec<u8>> {
    if stack.is_string_or_number(index) { stack.bytes(index).map(<[u8]>::to_vec) } else { None }
}

/// `{function_name = …, callback = …, description = …, flags = {…}}`
fn read_named(stack: Stack) -> Result<Registered, &'static str> {
    if stack.kind(1) != LUA_TTABLE {
        return Err(
            "calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).",
        );
    }
    let mut registered = Registered::default();
    let (mut name, mut callback) = (None, None);
    stack.push_nil();
    while stack.next(1) {
        if !matches!(stack.kind(-2), LUA_TSTRING | LUA_TNUMBER) {
            return Err("named argument key given to redis.register_function is not a string");
        }
        // A number is read as text from a copy: it must stay what it is for `next`.
        stack.copy(-2);
        let key = stack.bytes(-1).unwrap_or_default().to_ascii_lowercase();
        stack.pop(1);
        match key.as_slice() {
            b"function_name" => {
                name = Some(
                    text(stack, -1)
                        .ok_or("function_name argument given to redis.register_function must be a string")?,
                );
            }
            b"description" => {
                let given = text(stack, -1);
                registered.description =
                    Some(given.ok_or("description argument given to redis.register_function must be a string")?);
            }
            b"callback" => {
                if stack.kind(-1) != LUA_TFUNCTION {
                    return Err("callback argument given to redis.register_function must be a function");
                }
                stack.copy(-1);
                callback = Some(stack.keep());
            }
            b"flags" => {
                if stack.kind(-1) != LUA_TTABLE {
                    return Err(
                        "flags argument to redis.register_function must be a table representing function flags",
                    );
                }
                read_flags(stack, &mut registered.flags)?;
            }
            _ => return Err("unknown argument given to redis.register_function"),
        }
        stack.pop(1);
    }
    registered.name = name.ok_or("redis.register_function must get a function name argument")?;
    registered.function = callback.ok_or("redis.register_function must get a callback argument")?;
    Ok(registered)
}

fn read_flags(stack: Stack, flags: &mut Vec<&'static str>) -> Result<(), &'static str> {
    let table = stack.top();
    for index in 1.. {
        stack.raw_get_at(table, index);
        if stack.kind(-1) == LUA_TNIL {
            break;
        }
        let known = stack.bytes(-1).and_then(flag_named);
        let (name, _) = known.ok_or("unknown flag given")?;
        if !flags.contains(&name) {
            flags.push(name);
        }
        stack.pop(1);
    }
    stack.pop(1);
    Ok(())
}
