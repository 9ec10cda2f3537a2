//! Commands about the connection: who it is, how it speaks, which database it uses, and CLIENT, which looks at others.

mod auth;
mod client;
mod client_filter;
mod client_kill;
pub mod client_list;
mod client_state;
mod greeting;
mod hello;
mod tracking;

pub use client_list::{Buffers, describe};

use super::row::{Group, ROW, Row, category};

/// What rows of this room share.
const CONNECTION: Row = Row { group: Group::Connection, categories: category::CONNECTION, reply: "\"OK\"", ..ROW };

/// Every row of the room.
pub fn rows() -> Vec<Row> {
    [
        auth::ROWS,
        client::ROWS,
        client_kill::ROWS,
        client_list::ROWS,
        client_state::ROWS,
        greeting::ROWS,
        hello::ROWS,
        tracking::ROWS,
    ]
    .concat()
}
