//! Commands about keys as such.

pub mod copy_rename;
pub mod dump;
pub mod expire;
pub mod keys;
pub mod migrate;
pub mod object;
pub mod scan;
pub mod sort;
pub mod wait;
pub mod walk;

use super::row::Row;
use crate::resp::args::OwnedArgs;
use crate::resp::error;
use crate::resp::number;
use crate::resp::reply::Reply;
use crate::txn::{Effect, Txn};

pub fn rows() -> Vec<Row> {
    [
        keys::ROWS,
        copy_rename::ROWS,
        dump::ROWS,
        expire::ROWS,
        migrate::ROWS,
        object::ROWS,
        scan::ROWS,
        sort::ROWS,
        wait::ROWS,
        walk::ROWS,
    ]
    .concat()
}

/// The effect of a change that another command than the one sent reproduces.
fn rewritten(txn: &Txn, command: &[&[u8]]) -> Effect {
    if txn.record { Effect::Rewrite(vec![OwnedArgs::of(command)]) } else { Effect::Verbatim }
}

/// The number of a database as an argument. None: an error was replied.
fn database(txn: &Txn, text: &[u8], reply: &mut Reply) -> Option<u32> {
    let Some(number) = number::integer(text) else {
        reply.error(error::NOT_INTEGER);
        return None;
    };
    if i32::try_from(number).is_err() {
        reply.error(&error::not_between(i32::MIN as i64, i32::MAX as i64));
        return None;
    }
    match u32::try_from(number).ok().filter(|db| (*db as usize) < txn.store.databases) {
        None => {
            reply.error(error::INVALID_DB);
            None
        }
        found => found,
    }
}

/// A transaction over a store of its own with all shards latched, and a way to run handlers on it.
#[cfg(test)]
pub(crate) mod stage {
    use super::*;
    use crate::commands::row::DataHandler;
    use crate::resp::reply::Protocol;
    use crate::txn::Progress;

    pub use crate::txn::stage::txn;

    /// The reply of one command, `\r\n` as `~`; and its effect's commands, if it is a rewriting one.
    pub fn run(txn: &mut Txn, handler: DataHandler, line: &str) -> (String, Vec<OwnedArgs>) {
        let words: Vec<&[u8]> =
            line.split(' ').map(|word| if word == "\"\"" { &b""[..] } else { word.as_bytes() }).collect();
        let mut out = Vec::new();
        let mut reply = Reply::new(&mut out, Protocol::Resp2);
        let rewritten = match handler(txn, OwnedArgs::of(&words).borrow(), &mut reply) {
            Effect::Rewrite(commands) => commands,
            Effect::Slices(mut work) => {
                while work.step(txn, &mut reply) == Ok(Progress::More) {}
                Vec::new()
            }
            _ => Vec::new(),
        };
        (String::from_utf8_lossy(&out).replace("\r\n", "~"), rewritten)
    }
}
