//! The append-only file; see README.md.

pub mod manifest;
pub mod open;
mod reload;
pub mod replay;
pub mod requests;
pub mod rewrite;
pub mod tape;
pub mod writer;
