//! The one FFI file's other side: everything TypeScript calls, and the deck both see. `src/core/ffi.ts` mirrors it.
//!
//! Calls take and give f64 wherever they are made per request: that is the cheapest kind bun:ffi has (1.4 ns). Panics
//! cannot cross: an `extern "C"` function that panics aborts the process, which is what a programmer's error deserves.
//!
//! Words used in SAFETY comments:
//! - *bridge*: what `zedis_core_open` gave; a leaked Box, alive for ever, used by the one thread that runs that core.
//! - *bytes*: a (pointer, length) pair of a live JavaScript buffer, valid for the call.

pub mod acl;
pub mod bridge;
mod check;
pub mod control;
pub mod deck;
mod functions;
pub mod host;
mod inner;
mod listeners;
mod log;
mod nested;
pub mod tls;
