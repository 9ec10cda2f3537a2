//! The append-only file; see README.md.

pub mod desk;
pub mod group;
pub mod manifest;
pub mod open;
mod reload;
pub mod replay;
mod request;
pub mod requests;
pub mod rewrite;
mod scripts;
mod syncer;
pub mod tape;
pub mod writer;
