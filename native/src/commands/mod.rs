//! The command table: one declarative row per command, beside its handler in `types/<type>/` or a room here.
//!
//! COMMAND, COMMAND DOCS, ACL categories, routing, the `.d.ts` of procedures and the admin API derive from the rows.

pub mod connection;
pub mod functions;
pub mod generic;
pub mod row;
pub mod server;
pub mod table;
pub mod transactions;

/// Every row of this build.
pub fn rows() -> Vec<row::Row> {
    [
        connection::ROWS,
        functions::ROWS,
        generic::ROWS,
        server::ROWS,
        transactions::ROWS,
        &crate::types::hash::rows(),
        &crate::types::string::rows(),
    ]
    .concat()
}
