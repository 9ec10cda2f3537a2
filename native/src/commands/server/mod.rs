//! Commands about the server: what it is and how it fares, its command table, whole databases.

mod acl;
#[cfg(test)]
mod acl_tests;
mod command;
mod control;
mod hotkeys;
mod info;
mod keyspace;
mod latency;
mod latency_report;
mod lolwut;
mod monitor;
mod role;
mod save;
mod slowlog;

use super::row::{Group, ROW, Row};
#[cfg(test)]
pub(crate) use command::synopsis;

/// What rows of this room share.
const SERVER: Row = Row { group: Group::Server, reply: "\"OK\"", ..ROW };

/// Every row of the room.
pub fn rows() -> Vec<Row> {
    [
        acl::ROWS,
        command::ROWS,
        control::ROWS,
        save::ROWS,
        hotkeys::ROWS,
        info::ROWS,
        keyspace::ROWS,
        latency::ROWS,
        lolwut::ROWS,
        monitor::ROWS,
        role::ROWS,
        slowlog::ROWS,
    ]
    .concat()
}
