//! PUBLISH, SUBSCRIBE and their kin.

mod publish;
mod subscribe;

use super::row::{Group, ROW, Row};

/// What the rows of this room share.
const PUBSUB: Row = Row { group: Group::Pubsub, since: "2.0.0", ..ROW };

pub fn rows() -> Vec<Row> {
    [publish::ROWS, subscribe::ROWS].concat()
}
