//! From parsed requests to replies: lookup, admit, keys, latches, handler, commit.
//!
//! ```text
//!   bytes ─▶ batch (parse ahead, hash, prefetch) ─▶ execute ─┬▶ Data handler on Txn ─▶ commit ─▶ release, wake
//!                                                            ├▶ Session handler (connection, server)
//!                                                            ├▶ control queue ─▶ TypeScript main thread ─▶ mail back
//!                                                            └▶ call (FCALL, EVAL): suspended while JavaScript or Lua runs
//! ```
//!
//! Knows no sockets: `net/` brings bytes in and takes replies out. Start at [`execute`].

mod background;
pub mod batch;
pub mod books;
mod busy;
mod caching;
pub mod call;
mod changes;
mod control;
mod divided;
mod dry_run;
pub mod evict;
mod exec;
pub mod execute;
mod handler;
pub mod host;
mod hotkeys;
mod later;
mod monitor;
pub mod nested;
mod permission;
mod script_host;
pub mod scripts;
mod tell;
