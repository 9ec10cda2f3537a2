//! Strings: text and integers.
//!
//! ```text
//!   get.rs        GET GETDEL GETEX GETSET GETRANGE SUBSTR STRLEN
//!   set.rs        SET SETNX SETEX PSETEX, and the words they share with GETEX in options.rs
//!   condition.rs  DELEX DELIFEQ DIGEST, and what SET and they ask of the value that is there
//!   numbers.rs    INCR DECR INCRBY DECRBY INCRBYFLOAT
//!   increx.rs     INCREX
//!   edit.rs       APPEND SETRANGE
//!   many.rs       MGET MSET MSETNX MSETEX
//!   lcs.rs        LCS
//! ```

mod condition;
mod edit;
mod get;
mod increx;
mod lcs;
mod many;
mod numbers;
mod options;
mod set;

pub use numbers::increment;

use crate::commands::row::{Group, ROW, Row, category};
use crate::resp::args::OwnedArgs;
use crate::txn::{Effect, Txn};

/// What every row of this room has in common.
const STRING: Row = Row { categories: category::STRING, group: Group::String, ..ROW };

/// Every row of this room.
pub fn rows() -> Vec<Row> {
    [get::ROWS, set::ROWS, condition::ROWS, numbers::ROWS, increx::ROWS, edit::ROWS, many::ROWS, lcs::ROWS].concat()
}

/// The change is reproduced by `command` rather than by the request; built only if somebody keeps effects.
fn rewritten(txn: &Txn, command: &[&[u8]]) -> Effect {
    if txn.record { Effect::Rewrite(vec![OwnedArgs::of(command)]) } else { Effect::Verbatim }
}
