//! Lua: the interpreter, and what scripts find in it.
//!
//! ```text
//!   EVAL, FCALL ─▶ dispatch (script or function, keys, latches) ─▶ Engine::run ─▶ enter ─▶ the script ─▶ reply or error
//!                                                  redis.call ─▶ Host::command ─▶ its reply as Lua values (values.rs)
//!                                                  every 100,000 instructions ─▶ Host::tick
//! ```

pub mod api;
mod calls;
mod chunks;
mod context;
pub mod engine;
mod failure;
mod guards;
pub mod header;
pub mod host;
pub mod lib;
pub mod library;
mod lists;
mod nested;
mod replies;
mod sandbox;
mod shortcuts;
mod values;

/// What scripts are told they run on. Compatibility is with this Redis.
pub use crate::session::server::REDIS_VERSION;

/// The same as a number: 0x00MMmmpp.
const REDIS_VERSION_NUMBER: u32 = version_number(REDIS_VERSION);

const fn version_number(text: &str) -> u32 {
    let (bytes, mut index, mut number, mut part) = (text.as_bytes(), 0, 0, 0);
    while index < bytes.len() {
        if bytes[index] == b'.' {
            number = (number + part) << 8;
            part = 0;
        } else {
            part = part * 10 + (bytes[index] - b'0') as u32;
        }
        index += 1;
    }
    number + part
}

const _: () = assert!(version_number("7.2.5") == 0x07_02_05);

/// A digest as scripts are named: 40 digits of lower case.
pub fn hex(digest: &[u8; 20]) -> [u8; 40] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 40];
    for (pair, byte) in text.chunks_exact_mut(2).zip(digest) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    text
}
