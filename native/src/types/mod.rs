//! One room per data type: the value, the handlers, and their table rows.

pub mod array;
pub mod bitmap;
pub mod geo;
pub mod hash;
pub mod hyperloglog;
pub mod list;
pub mod set;
pub mod stream;
pub mod string;
pub mod vector;
pub mod zset;
