//! What a script returns, as a reply: the other way round of `values.rs`.

use crate::resp::reply::{Protocol, Reply};
use crate::sys::lua_stack::{LUA_TBOOLEAN, LUA_TNIL, LUA_TNUMBER, LUA_TSTRING, LUA_TTABLE, Stack};

use super::failure::{c_string, write_error};

/// Tables in tables of a result; one that holds itself would go on for ever. Redis ends by the room on Lua's stack, 8,000 slots.
const DEPTH_MAX: u32 = 1000;
/// Of a reply; tables may hold one another so that it would have no end.
const REPLY_BYTES_MAX: usize = 512 << 20;

/// What the reply says besides its bytes.
#[derive(Default, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Written {
    /// It is an error reply, or holds one.
    pub failed: bool,
    /// The error that the script did not catch was counted when a command made it.
    pub counted: bool,
    /// It nests too deep, or is too large: the rest is left out, or tables that hold each other would be written for ever.
    ended: bool,
    /// It is not a reply but the text of an error that the script did not catch.
    pub uncaught: bool,
}

struct Writing<'a> {
    inner: Protocol,
    written: Written,
    count: &'a dyn Fn(&[u8]),
}

/// Writes the value on top, which it takes off, to `reply`. `inner`: what the script has set by `redis.setresp`; `count` is told the
/// texts of errors that no command has counted.
pub fn write_value(stack: Stack, reply: &mut Reply, inner: Protocol, count: &dyn Fn(&[u8])) -> Written {
    let mut writing = Writing { inner, written: Written::default(), count };
    write(stack, reply, 0, &mut writing);
    writing.written
}

fn write(stack: Stack, reply: &mut Reply, depth: u32, writing: &mut Writing) {
    if writing.written.ended || depth > DEPTH_MAX || reply.mark() > REPLY_BYTES_MAX || !stack.room(8) {
        writing.written.ended = true;
        reply.error("ERR reached lua stack limit");
        stack.pop(1);
        return;
    }
    match stack.kind(-1) {
        LUA_TSTRING => reply.bulk(stack.bytes(-1).unwrap_or_default()),
        LUA_TNUMBER => reply.int(truncated(stack.number(-1))),
        LUA_TBOOLEAN => match (writing.inner, stack.bool(-1)) {
            (Protocol::Resp2, true) => reply.int(1),
            (Protocol::Resp2, false) => reply.null(),
            (Protocol::Resp3, value) => reply.boolean(value),
        },
        LUA_TTABLE => write_table(stack, reply, depth, writing),
        _ => reply.null(),
    }
    stack.pop(1);
}

fn write_table(stack: Stack, reply: &mut Reply, depth: u32, writing: &mut Writing) {
    let table = stack.top();
    // An array needs no look at names where there is a first element only if it has none of them: they come first in Redis too.
    let has = |name: &[u8], kind: i32| {
        stack.raw_field(table, name);
        let found = stack.kind(-1) == kind;
        if !found {
            stack.pop(1);
        }
        found
    };
    if has(b"err", LUA_TSTRING) {
        stack.pop(1);
        let mut text = Vec::new();
        let told = write_error(stack, None, &mut text);
        reply.error_bytes(&text);
        writing.written.failed = true;
        if !told.counted {
            (writing.count)(&text);
        }
    } else if has(b"ok", LUA_TSTRING) {
        let text = c_string(stack.bytes(-1).unwrap_or_default());
        let line = text.iter().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte });
        let buffer = reply.buffer();
        buffer.push(b'+');
        buffer.extend(line);
        buffer.extend_from_slice(b"\r\n");
    } else if has(b"double", LUA_TNUMBER) {
        reply.double(stack.number(-1));
    } else if has(b"big_number", LUA_TSTRING) {
        reply.big_number(stack.bytes(-1).unwrap_or_default());
    } else if has(b"verbatim_string", LUA_TTABLE) {
        let verbatim = stack.top();
        stack.raw_field(verbatim, b"format");
        stack.raw_field(verbatim, b"string");
        if stack.kind(-1) == LUA_TSTRING && stack.kind(-2) == LUA_TSTRING {
            write_verbatim(reply, stack.bytes(-2).unwrap_or_default(), stack.bytes(-1).unwrap_or_default());
        } else {
            stack.set_top(table);
            write_collection(stack, reply, depth, writing);
        }
    } else {
        write_collection(stack, reply, depth, writing);
    }
    stack.set_top(table);
}

/// As Redis: a format is three bytes, longer ones are cut and shorter ones filled with spaces.
fn write_verbatim(reply: &mut Reply, format: &[u8], text: &[u8]) {
    let mut three = [b' '; 3];
    for (to, from) in three.iter_mut().zip(c_string(format)) {
        *to = *from;
    }
    reply.verbatim(three, text);
}

fn write_collection(stack: Stack, reply: &mut Reply, depth: u32, writing: &mut Writing) {
    let table = stack.top();
    for is_map in [true, false] {
        stack.raw_field(table, if is_map { b"map" } else { b"set" });
        if stack.kind(-1) != LUA_TTABLE {
            stack.pop(1);
            continue;
        }
        let elements = stack.top();
        let mark = reply.mark();
        let mut count = 0;
        stack.push_nil();
        while !writing.written.ended && stack.next(elements) {
            // key value ▸ key key, then the value over it
            stack.copy(-2);
            write(stack, reply, depth + 1, writing);
            if is_map {
                write(stack, reply, depth + 1, writing);
            } else {
                stack.pop(1);
            }
            count += 1;
        }
        stack.set_top(elements);
        if is_map {
            reply.map_at(mark, count);
        } else {
            reply.set_at(mark, count);
        }
        return;
    }
    let mark = reply.mark();
    let mut count = 0;
    while !writing.written.ended {
        stack.raw_get_at(table, count as i32 + 1);
        if stack.kind(-1) == LUA_TNIL {
            break;
        }
        write(stack, reply, depth + 1, writing);
        count += 1;
    }
    reply.array_at(mark, count);
}

/// As a cast of C on x86-64: towards zero, and the least integer where there is none.
pub fn truncated(number: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&number) { number as i64 } else { i64::MIN }
}
