//! `load` and `loadstring` in a sandbox: source text only, no bytecode; `load` collects its pieces first, so that no code runs in the
//! middle of the compiler.

use super::api::mistyped;
use super::context::Context;
use crate::sys::lua_owner::lua_function;
use crate::sys::lua_stack::{LUA_TFUNCTION, LUA_TNIL, LUA_TNUMBER, LUA_TSTRING, Stack};

/// What bytecode begins with.
const BYTECODE: u8 = 0x1B;
/// Compiling a chunk with more than that is refused: the compiler counts some things in 32 bits.
const CHUNK_BYTES_MAX: usize = 512 << 20;
/// Pieces that `load` joins at once.
const PIECES_JOINED: i32 = 200;

/// Compiles the text on top. As `load`: nil and a text where that fails.
fn compile(stack: Stack, name: i32) -> Option<i32> {
    if stack.bytes(-1).is_some_and(|source| source.len() > CHUNK_BYTES_MAX) {
        stack.push_nil();
        stack.push_bytes(b"attempt to load a too large chunk");
        return Some(2);
    }
    if stack.bytes(-1).is_some_and(|source| source.first() == Some(&BYTECODE)) {
        // Behind a space it is text, which has no such character.
        stack.push_bytes(b" ");
        stack.insert(-2);
        stack.concat(2);
    }
    let source = stack.bytes(-1).unwrap_or_default();
    // A name is a C string: copied with its end by Lua itself.
    let named = stack.bytes(name).unwrap_or(b"=(load)");
    let mut text = [0u8; 128];
    let len = named.iter().position(|byte| *byte == 0).unwrap_or(named.len()).min(text.len() - 1);
    text[..len].copy_from_slice(&named[..len]);
    let chunk = std::ffi::CStr::from_bytes_until_nul(&text).unwrap_or(c"=(load)");
    match stack.compile(source, chunk) {
        Ok(()) => Some(1),
        Err(_) => {
            stack.push_nil();
            stack.insert(-2);
            Some(2)
        }
    }
}

lua_function!(loadstring, Context, |stack, _| {
    if stack.bytes(1).is_none() {
        return mistyped(stack, 1, "loadstring", "string");
    }
    stack.set_top(2);
    if stack.bytes(2).is_none() {
        stack.copy(1);
        stack.replace(2);
    }
    stack.copy(1);
    compile(stack, 2)
});

lua_function!(load, Context, |stack, _| {
    if stack.kind(1) != LUA_TFUNCTION {
        return mistyped(stack, 1, "load", "function");
    }
    stack.set_top(2);
    if stack.bytes(2).is_none() {
        stack.push_bytes(b"=(load)");
        stack.replace(2);
    }
    stack.push_bytes(b"");
    let mut pieces = 1;
    loop {
        stack.copy(1);
        if stack.call(0, 1, 0).is_err() {
            // As Lua: an error of the reader is the result.
            stack.push_nil();
            stack.insert(-2);
            return Some(2);
        }
        match stack.kind(-1) {
            LUA_TNIL => break,
            LUA_TSTRING | LUA_TNUMBER => {
                if stack.bytes(-1).is_none_or(|piece| piece.is_empty()) {
                    break;
                }
                pieces += 1;
            }
            _ => {
                stack.push_nil();
                stack.push_place(1);
                stack.push_bytes(b"reader function must return a string");
                stack.concat(2);
                return Some(2);
            }
        }
        if pieces == PIECES_JOINED {
            stack.concat(pieces);
            pieces = 1;
            if stack.bytes(-1).is_some_and(|text| text.len() > CHUNK_BYTES_MAX) {
                return compile(stack, 2);
            }
        }
    }
    stack.pop(1);
    stack.concat(pieces);
    compile(stack, 2)
});
