//! Positions on the earth: sorted sets whose scores are geohashes.

mod add;
mod hash;
mod options;
mod read;
mod search;
mod shape;
mod walk;

use crate::commands::row::{Group, ROW, Row, category};
use crate::resp::reply::{Protocol, Reply};
use crate::resp::{error, number};
use crate::txn::Effect;
use hash::{LATITUDES, LONGITUDES, Position};

/// What all rows of this room have in common.
const GEO: Row = Row { categories: category::GEO, group: Group::Geo, since: "3.2.0", ..ROW };

pub fn rows() -> Vec<Row> {
    [add::ROWS, read::ROWS, search::ROWS].concat()
}

/// `longitude latitude` of a request. Err: the error's text.
fn position(longitude: &[u8], latitude: &[u8]) -> Result<Position, String> {
    let (Some(longitude), Some(latitude)) = (number::double(longitude), number::double(latitude)) else {
        return Err(error::NOT_FLOAT.into());
    };
    if LONGITUDES.contains(longitude) && LATITUDES.contains(latitude) {
        Ok(Position { longitude, latitude })
    } else {
        Err(error::invalid_position(longitude, latitude))
    }
}

/// Meters of a unit.
fn unit(word: &[u8]) -> Result<f64, &'static str> {
    match word.to_ascii_lowercase().as_slice() {
        b"m" => Ok(1.0),
        b"km" => Ok(1000.0),
        b"ft" => Ok(0.3048),
        b"mi" => Ok(1609.34),
        _ => Err(error::GEO_UNIT),
    }
}

/// A distance with four decimals, as a bulk string.
fn write_distance(reply: &mut Reply, distance: f64) {
    let scaled = (distance * 10_000.0).round_ties_even() as u64;
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(scaled).as_bytes();
    let mut text = [b'0'; 32];
    let at = 26 - digits.len().min(26);
    text[at..26].copy_from_slice(digits);
    // Four digits behind the point, one before it at least.
    let start = at.min(21);
    text.copy_within(22..26, 23);
    text[22] = b'.';
    reply.bulk(&text[start..27]);
}

/// A coordinate as Redis prints long doubles: up to 17 decimals, no zeros at the end.
fn write_coordinate(reply: &mut Reply, coordinate: f64) {
    let text = format!("{coordinate:.17}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    let text = if text == "-0" { "0" } else { text };
    match reply.proto {
        Protocol::Resp2 => reply.bulk(text.as_bytes()),
        Protocol::Resp3 => reply.double_text(text.as_bytes()),
    }
}

fn write_position(reply: &mut Reply, position: Position) {
    reply.array(2);
    write_coordinate(reply, position.longitude);
    write_coordinate(reply, position.latitude);
}

#[cold]
fn refuse(reply: &mut Reply, text: &str) -> Effect {
    reply.error(text);
    Effect::None
}

#[cold]
fn wrong_type(reply: &mut Reply) -> Effect {
    refuse(reply, error::WRONG_TYPE)
}

#[cfg(test)]
pub(crate) mod tests;
