//! Values as bytes, in the format of RDB files.

mod array;
mod bytes;
pub mod crc64;
pub mod direct;
mod expiring;
pub mod file;
pub mod libraries;
mod listpack;
pub mod load;
pub mod lzf;
mod make;
mod module;
mod output;
pub mod packs;
mod parallel;
pub mod payload;
mod pieces;
pub mod reload;
mod requests;
pub mod save;
mod skip;
mod stream;
mod stream_write;
pub mod value;
mod vector;
pub mod witness;
mod zset;

#[cfg(test)]
pub(crate) use stream::tests::sample as stream_sample;
