//! What commands may know of the world besides keys: the client, the server, the settings, the figures.
//!
//! Knows no command and no socket. `Session` (in `handle.rs`) is what a handler about the connection works on.

pub mod background;
pub mod client;
pub mod conn;
pub mod control;
pub mod defrag;
pub mod durability;
pub mod events;
pub mod fieldsets;
pub mod figures;
pub mod function_log;
pub mod functions;
pub mod gather;
pub mod handle;
pub mod hotkeys;
mod judge;
pub mod latency;
pub mod loading;
pub mod local;
pub mod mail;
pub mod manifest;
pub mod memory_limit;
pub mod multi;
mod pause;
pub mod rates;
pub mod running;
pub mod scripts;
pub mod server;
pub mod settings;
pub mod slowlog;
pub mod tracking;
pub mod watches;
