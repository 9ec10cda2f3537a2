//! The command table: one declarative row per command, beside its handler in `types/<type>/` or a room here.
//!
//! COMMAND, COMMAND DOCS, ACL categories, routing, the `.d.ts` of procedures and the admin API derive from the rows.

pub mod asked;
pub mod connection;
pub mod debug;
pub mod functions;
pub mod generic;
pub mod later;
pub mod memory;
pub mod pubsub;
pub mod rename;
pub mod row;
pub mod scripting;
pub mod secrets;
pub mod server;
#[cfg(test)]
pub(crate) mod stage;
pub mod table;
pub mod timeout;
pub mod transactions;
pub mod walk;

/// Patterns live lower down, where users' rules need them too.
pub use crate::resp::glob;

/// Every row of this build.
pub fn rows() -> Vec<row::Row> {
    // A line each, so that rooms can be added side by side.
    [
        &connection::rows(),
        debug::ROWS,
        functions::ROWS,
        &generic::rows(),
        &later::rows(),
        memory::ROWS,
        &pubsub::rows(),
        scripting::ROWS,
        &server::rows(),
        transactions::ROWS,
        &crate::types::array::rows(),
        &crate::types::bitmap::rows(),
        &crate::types::geo::rows(),
        &crate::types::hash::rows(),
        &crate::types::hyperloglog::rows(),
        &crate::types::list::rows(),
        &crate::types::set::rows(),
        &crate::types::stream::rows(),
        &crate::types::string::rows(),
        &crate::types::zset::rows(),
        &crate::types::vector::rows(),
    ]
    .concat()
}
