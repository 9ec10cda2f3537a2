//! Errors as scripts see them: a table with the text in `err`, once caught by the handler also `source` and `line`.

use crate::sys::lua_stack::{LUA_TBOOLEAN, LUA_TTABLE, Stack};

/// Pushes `{err = "CODE text"}`. `text` is `-CODE text`, or without a code: then the code is ERR.
pub fn push_error(stack: Stack, text: &[u8]) {
    stack.push_table(0, 2);
    match text.strip_prefix(b"-") {
        Some(rest) if rest.contains(&b' ') => stack.push_bytes(trimmed(rest)),
        Some(rest) => {
            stack.push_bytes(b"ERR ");
            stack.push_bytes(trimmed(rest));
            stack.concat(2);
        }
        None => {
            stack.push_bytes(b"ERR ");
            stack.push_bytes(trimmed(text));
            stack.concat(2);
        }
    }
    stack.set_raw_field(-2, b"err");
}

/// Pushes the error that a command has replied; it was counted when the command ran.
pub fn push_reply_error(stack: Stack, text: &[u8]) {
    stack.push_table(0, 4);
    // As Redis: what has no code gets one.
    if !text.contains(&b' ') {
        stack.push_bytes(b"ERR ");
        stack.push_bytes(trimmed(text));
        stack.concat(2);
    } else {
        stack.push_bytes(trimmed(text));
    }
    stack.set_raw_field(-2, b"err");
    stack.push_bool(true);
    stack.set_raw_field(-2, b"ignore_error_stats_update");
}

/// Texts of errors and statuses are C strings in Redis: they end before their first zero.
pub fn c_string(text: &[u8]) -> &[u8] {
    &text[..memchr::memchr(0, text).unwrap_or(text.len())]
}

fn trimmed(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
    let start = text.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(0);
    &text[start.min(end)..end]
}

/// The handler of a script's errors: makes a table of the error on top, and notes where it arose.
pub fn handle(stack: Stack) {
    stack.set_top(1);
    // Level 0 is this handler. An error that a C function raised is about its caller.
    let mut place = stack.place(1);
    if place.as_ref().is_some_and(|place| place.is_c) {
        stack.set_top(1);
        place = stack.place(2);
    }
    if stack.kind(1) != LUA_TTABLE {
        stack.push_table(0, 3);
        stack.push_bytes(b"ERR ");
        push_text(stack, 1);
        stack.concat(2);
        stack.set_raw_field(-2, b"err");
        stack.replace(1);
    }
    if let Some(place) = place {
        stack.copy(2);
        stack.set_field(1, c"source");
        stack.push_number(place.line as f64);
        stack.set_field(1, c"line");
    }
    stack.set_top(1);
}

/// Pushes what `tostring` gives for plain values.
fn push_text(stack: Stack, index: i32) {
    use crate::sys::lua_stack::{LUA_TNIL, LUA_TNUMBER, LUA_TSTRING};
    match stack.kind(index) {
        LUA_TSTRING | LUA_TNUMBER => {
            stack.copy(index);
            let _ = stack.bytes(-1);
        }
        LUA_TNIL => stack.push_bytes(b"nil"),
        LUA_TBOOLEAN => stack.push_bytes(if stack.bool(index) { b"true" } else { b"false" }),
        _ => stack.push_bytes(b"(an error object)"),
    }
}

/// What an error table says.
#[derive(Default)]
pub struct Told {
    /// Its field `ignore_error_stats_update`: the error was counted already.
    pub counted: bool,
}

/// Writes the error on top as `CODE text script: name, on @user_script:3.` to `out`. `name`: of the script; None leaves the place out.
pub fn write_error(stack: Stack, name: Option<&[u8]>, out: &mut Vec<u8>) -> Told {
    if stack.kind(-1) != LUA_TTABLE {
        out.extend_from_slice(b"ERR ");
        out.extend_from_slice(stack.bytes(-1).unwrap_or(b"unknown error"));
        return Told::default();
    }
    let table = stack.top();
    stack.raw_field(table, b"err");
    out.extend_from_slice(stack.bytes(-1).map_or(b"ERR unknown error", c_string));
    stack.raw_field(table, b"source");
    stack.raw_field(table, b"line");
    if let (Some(name), true, true) = (name, stack.is_string_or_number(-1), stack.is_string_or_number(-2)) {
        out.extend_from_slice(b" script: ");
        out.extend_from_slice(name);
        out.extend_from_slice(b", on ");
        out.extend_from_slice(stack.bytes(-2).unwrap_or_default());
        out.push(b':');
        out.extend_from_slice(stack.bytes(-1).unwrap_or_default());
        out.push(b'.');
    }
    stack.raw_field(table, b"ignore_error_stats_update");
    let counted = stack.kind(-1) == LUA_TBOOLEAN && stack.bool(-1);
    stack.set_top(table);
    Told { counted }
}
