//! RESP2 and RESP3 on both sides: parsing requests, writing replies. Knows nothing of commands or keys.

pub mod args;
pub mod error;
pub mod extended;
pub mod glob;
pub mod json;
mod natural;
pub mod number;
pub mod parse;
pub mod pieces;
pub mod reply;
pub mod script_error;
