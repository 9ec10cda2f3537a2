//! Data structures of the store. With `ffi/`, `net/`, `sys/` and `types/*/` encodings the only room where `unsafe` is allowed.
//!
//! Words used in SAFETY comments here:
//! - *owned*: exactly one `Entry` (or one table slot) refers to the block, and frees it.
//! - *latched*: the calling thread holds the latch, so no other thread can reach the protected value.

pub mod block;
mod bucket;
pub mod digest;
pub mod due;
pub mod entry;
pub mod field;
pub mod hnsw;
pub mod item;
pub mod latch;
pub mod object;
pub mod packed;
pub mod ring;
pub mod scored;
pub mod segments;
pub mod sliced;
#[cfg(test)]
mod stall_tests;
pub mod table;
pub mod thin;
