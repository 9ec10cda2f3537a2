//! Where members are, and how far apart.

use super::hash::{decode, text};
use super::shape::distance;
use super::{GEO, refuse, unit, write_distance, write_position, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::txn::{Effect, Txn};
use crate::types::zset::value::ZsetValue;

const LOOK: Row = Row {
    arity: -2,
    flags: READONLY,
    keys: &[key(RO | ACCESS)],
    complexity: "O(N) in the number of members asked for",
    args: "key [member [member ...]]",
    ..GEO
};

pub const ROWS: &[Row] = &[
    Row {
        name: "geodist",
        arity: -4,
        complexity: "O(1)",
        summary: "Returns the distance between two members.",
        args: "key member1 member2 [M|KM|FT|MI]",
        reply: "string | null",
        run: Run::Data(geodist),
        ..LOOK
    },
    Row {
        name: "geohash",
        summary: "Returns the positions of members as geohash strings.",
        reply: "(string | null)[]",
        run: Run::Data(geohash),
        ..LOOK
    },
    Row {
        name: "geopos",
        summary: "Returns the longitudes and latitudes of members.",
        reply: "([number, number] | null)[]",
        run: Run::Data(geopos),
        ..LOOK
    },
];

fn geodist(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let unit_m = match args.len() {
        4 => 1.0,
        5 => match unit(args.get(4)) {
            Ok(unit_m) => unit_m,
            Err(text) => return refuse(reply, text),
        },
        _ => return refuse(reply, error::SYNTAX),
    };
    let Ok(zset) = txn.get_object::<ZsetValue>(args.get(1)) else { return wrong_type(reply) };
    let of = |at: usize| zset.and_then(|zset| zset.score(args.get(at))).map(decode);
    match (of(2), of(3)) {
        (Some(from), Some(to)) => write_distance(reply, distance(from, to) / unit_m),
        _ => reply.null(),
    }
    Effect::None
}

fn geohash(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let Ok(zset) = txn.get_object::<ZsetValue>(args.get(1)) else { return wrong_type(reply) };
    reply.array(args.len() - 2);
    for member in args.from(2).iter() {
        match zset.and_then(|zset| zset.score(member)) {
            Some(score) => reply.bulk(&text(decode(score))),
            None => reply.null(),
        }
    }
    Effect::None
}

fn geopos(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let Ok(zset) = txn.get_object::<ZsetValue>(args.get(1)) else { return wrong_type(reply) };
    reply.array(args.len() - 2);
    for member in args.from(2).iter() {
        match zset.and_then(|zset| zset.score(member)) {
            Some(score) => write_position(reply, decode(score)),
            None => reply.null_array(),
        }
    }
    Effect::None
}
