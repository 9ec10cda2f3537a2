//! Values as bytes, in the format of RDB files.

pub mod crc64;
mod expiring;
pub mod libraries;
pub mod lzf;
pub mod packs;
pub mod payload;
pub mod value;
