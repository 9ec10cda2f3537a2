//! Streams: entries with ids, read by everybody or shared out among the consumers of a group.

mod ack;
mod add;
mod block;
mod claim;
mod delete;
mod entries;
mod group;
mod groups;
mod id;
mod idmp;
mod info;
mod ladder;
mod lag;
mod pending;
mod pendings;
mod range;
mod read;
mod read_group;
mod slices;
mod trim;
pub mod value;

use std::sync::atomic::Ordering::Relaxed;

use crate::commands::row::{Group, ROW, Row, category};
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::store::Settings;
use crate::txn::{Effect, Txn, WrongType};
use block::Limits;
use idmp::Policy;
use value::StreamValue;

/// What all rows of this room have in common.
const STREAM: Row = Row { categories: category::STREAM, group: Group::Stream, since: "5.0.0", ..ROW };

pub fn rows() -> Vec<Row> {
    [add::ROWS, range::ROWS, read::ROWS, delete::ROWS, groups::ROWS, ack::ROWS, claim::ROWS, pendings::ROWS, info::ROWS]
        .concat()
}

impl Limits {
    pub fn of(settings: &Settings) -> Limits {
        Limits::new(settings.stream_node_max_bytes.load(Relaxed), settings.stream_node_max_entries.load(Relaxed))
    }
}

impl Policy {
    pub fn of(settings: &Settings) -> Policy {
        Policy {
            duration_s: settings.stream_idmp_duration.load(Relaxed) as u32,
            maxsize: settings.stream_idmp_maxsize.load(Relaxed) as u32,
        }
    }
}

/// The stream under `key`, for a command that goes on to write it.
fn peek<'t>(txn: &'t mut Txn, key: &[u8]) -> Result<Option<&'t StreamValue>, WrongType> {
    match txn.peek(key).map(|entry| entry.value()) {
        None => Ok(None),
        Some(crate::ds::entry::Value::Object(object)) => {
            object.as_any().downcast_ref::<StreamValue>().map(Some).ok_or(WrongType)
        }
        Some(_) => Err(WrongType),
    }
}

/// All ids of a request. None: one is no id.
fn ids(args: Args) -> Option<Vec<id::Id>> {
    args.iter().map(|text| id::Id::parse_strict(text, 0)).collect()
}

#[cold]
fn refuse(reply: &mut Reply, text: &str) -> Effect {
    reply.error(text);
    Effect::None
}

#[cold]
fn refuse_bytes(reply: &mut Reply, text: &[u8]) -> Effect {
    reply.error_bytes(text);
    Effect::None
}

#[cold]
fn wrong_type(reply: &mut Reply) -> Effect {
    refuse(reply, error::WRONG_TYPE)
}

#[cfg(test)]
pub(crate) use ladder::tests as ladder_tests;
#[cfg(test)]
pub(crate) mod pending_tests;
#[cfg(test)]
pub(crate) mod tests;
