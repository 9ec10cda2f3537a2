//! Replies of commands as Lua values.
//!
//! | RESP | Lua |
//! |---|---|
//! | integer, bulk string | number, string |
//! | null of RESP2, null of RESP3 | false, nil |
//! | status, error | `{ok = …}`, `{err = …}` |
//! | array | table from 1 |
//! | map, set | `{map = {key = value}}`, `{set = {element = true}}` |
//! | double, big number, verbatim, boolean | `{double = …}`, `{big_number = …}`, `{verbatim_string = {format, string}}`, boolean |

use crate::resp::number;
use crate::sys::lua_stack::Stack;

use super::failure::push_reply_error;

/// Arrays in arrays of a reply; no command's are deeper than a handful.
const DEPTH_MAX: u32 = 64;

/// Pushes the reply that `reply` begins with; gives the bytes after it. Bytes that are no reply push nil and end there.
pub fn push_reply(stack: Stack, reply: &[u8]) -> &[u8] {
    push(stack, reply, 0)
}

fn push(stack: Stack, reply: &[u8], depth: u32) -> &[u8] {
    let Some((&kind, rest)) = reply.split_first() else {
        stack.push_nil();
        return reply;
    };
    let Some(end) = memchr::memchr(b'\r', rest) else {
        stack.push_nil();
        return &[];
    };
    let line = &rest[..end];
    let rest = rest.get(end + 2..).unwrap_or_default();
    if depth > DEPTH_MAX || !stack.room(8) {
        stack.push_nil();
        return &[];
    }
    match kind {
        b':' => stack.push_number(number::integer(line).unwrap_or(0) as f64),
        b'$' => match length(line) {
            None => stack.push_bool(false),
            Some(len) => {
                stack.push_bytes(rest.get(..len).unwrap_or_default());
                return rest.get(len + 2..).unwrap_or_default();
            }
        },
        b'+' => {
            stack.push_table(0, 1);
            stack.push_bytes(line);
            stack.set_raw_field(-2, b"ok");
        }
        b'-' => push_reply_error(stack, line),
        b'*' | b'>' => match length(line) {
            None => stack.push_bool(false),
            Some(count) => {
                stack.push_table(room(count), 0);
                let mut rest = rest;
                for index in 1..=count {
                    if rest.is_empty() {
                        break;
                    }
                    rest = push(stack, rest, depth + 1);
                    stack.raw_set_at(-2, index as i32);
                }
                return rest;
            }
        },
        b'%' | b'~' => {
            let count = length(line).unwrap_or(0);
            stack.push_table(0, 1);
            stack.push_table(0, count);
            let mut rest = rest;
            for _ in 0..count {
                if rest.is_empty() {
                    break;
                }
                rest = push(stack, rest, depth + 1);
                if kind == b'%' {
                    rest = push(stack, rest, depth + 1);
                } else {
                    stack.push_bool(true);
                }
                stack.raw_set(-3);
            }
            stack.set_raw_field(-2, if kind == b'%' { b"map" } else { b"set" });
            return rest;
        }
        b',' => {
            stack.push_table(0, 1);
            stack.push_number(number::double(line).unwrap_or(f64::NAN));
            stack.set_raw_field(-2, b"double");
        }
        b'(' => {
            stack.push_table(0, 1);
            stack.push_bytes(line);
            stack.set_raw_field(-2, b"big_number");
        }
        b'=' => {
            let len = length(line).unwrap_or(0);
            let text = rest.get(..len).unwrap_or_default();
            let (format, text) = text.split_at(text.len().min(3));
            stack.push_table(0, 1);
            stack.push_table(0, 2);
            stack.push_bytes(text.strip_prefix(b":").unwrap_or(text));
            stack.set_raw_field(-2, b"string");
            stack.push_bytes(format);
            stack.set_raw_field(-2, b"format");
            stack.set_raw_field(-2, b"verbatim_string");
            return rest.get(len + 2..).unwrap_or_default();
        }
        // Attributes are not for scripts; the reply that they are about follows.
        b'|' => {
            let mut rest = rest;
            for _ in 0..length(line).unwrap_or(0) * 2 {
                rest = push(stack, rest, depth + 1);
                stack.pop(1);
                if rest.is_empty() {
                    break;
                }
            }
            return push(stack, rest, depth + 1);
        }
        b'#' => stack.push_bool(line == b"t"),
        _ => stack.push_nil(),
    }
    rest
}

/// Room for so many elements as in Redis, where tables grow by doubling: Lua's `#` of a list with holes depends on it.
pub fn room(count: usize) -> usize {
    if count == 0 { 0 } else { count.next_power_of_two() }
}

/// None: -1, a null.
fn length(line: &[u8]) -> Option<usize> {
    number::integer(line).and_then(|len| usize::try_from(len).ok())
}
