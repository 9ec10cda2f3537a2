//! The data plane of Zedis. The path of a request:
//!
//! ```text
//!   net/       socket ─▶ bytes of a connection                    one loop per core; epoll or io_uring behind Backend
//!   resp/              ─▶ requests (spans into those bytes)
//!   acl/                  who may do what: asked by dispatch before anything runs
//!   dispatch/          ─▶ row of the command table, admission, keys, latches
//!   txn/               ─▶ one transaction context: undo log, changes, effects
//!   types/, commands/  ─▶ handler: reads and edits values through Txn, writes the reply
//!   aof/                  the append-only file: records of the log to disk, and back at the start
//!   lua/                  scripts: the interpreter and its libraries
//!   store/, ds/           shards, tables, entries
//!   ffi/               up-calls into the VM of the same thread, and down-calls of its procedures
//! ```
//!
//! Imports go one way: sys ← ds ← resp ← tls ← acl ← store ← txn ← session ← lua, commands, snapshot, types ← aof, dispatch ← net ← ffi ← fuzz.

#![deny(unsafe_op_in_unsafe_fn)]

pub mod acl;
pub mod aof;
pub mod commands;
pub mod dispatch;
pub mod ds;
pub mod ffi;
#[cfg(test)]
mod fuzz;
pub mod lua;
pub mod net;
pub mod resp;
pub mod session;
pub mod snapshot;
pub mod store;
pub mod sys;
pub mod tls;
pub mod txn;
pub mod types;

#[global_allocator]
static ALLOCATOR: sys::alloc::Allocator = sys::alloc::Allocator;
