//! XRANGE, XREVRANGE, XLEN.

use std::collections::VecDeque;

use super::id::Id;
use super::slices::{Budget, Interval, Rest, Room, Stretch};
use super::value::StreamValue;
use super::{STREAM, refuse, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::txn::{Effect, Txn, WrongType};

const RANGE: Row = Row {
    arity: -4,
    flags: READONLY,
    keys: &[key(RO | ACCESS)],
    complexity: "O(log(N)+M) with M entries returned, in slices that let others pass",
    reply: "[string, string[]][] | null",
    ..STREAM
};

pub const ROWS: &[Row] = &[
    Row {
        name: "xrange",
        summary: "Returns the entries of a stream between two ids, in their order.",
        args: "key start end [COUNT count]",
        run: Run::Data(xrange),
        ..RANGE
    },
    Row {
        name: "xrevrange",
        summary: "Returns the entries of a stream between two ids, the newest first.",
        args: "key end start [COUNT count]",
        run: Run::Data(xrevrange),
        ..RANGE
    },
    Row {
        name: "xlen",
        arity: 2,
        flags: READONLY | FAST,
        keys: &[key(RO)],
        summary: "Returns how many entries a stream has.",
        args: "key",
        reply: "number",
        run: Run::Data(xlen),
        ..STREAM
    },
];

fn xrange(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    range(txn, args, args.get(2), args.get(3), false, reply)
}

fn xrevrange(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    range(txn, args, args.get(3), args.get(2), true, reply)
}

/// Both ends of an interval, or the error's text.
pub fn ends(start: &[u8], end: &[u8]) -> Result<(Id, Id), &'static str> {
    let start = Id::parse_start(start).ok_or(error::STREAM_ID)?.ok_or(error::STREAM_INTERVAL_START)?;
    let end = Id::parse_end(end).ok_or(error::STREAM_ID)?.ok_or(error::STREAM_INTERVAL_END)?;
    Ok((start, end))
}

fn range(txn: &mut Txn, args: Args, start: &[u8], end: &[u8], back: bool, reply: &mut Reply) -> Effect {
    let (start, end) = match ends(start, end) {
        Ok(ends) => ends,
        Err(text) => return refuse(reply, text),
    };
    let mut count = None;
    let mut index = 4;
    while index < args.len() {
        if !args.is(index, "count") || index + 1 == args.len() {
            return refuse(reply, error::SYNTAX);
        }
        let Some(number) = number::integer(args.get(index + 1)) else { return refuse(reply, error::NOT_INTEGER) };
        count = Some(number.max(0) as u64);
        index += 2;
    }
    let store = txn.store;
    let stream = match txn.get_object::<StreamValue>(args.get(1)) {
        Ok(Some(stream)) => stream,
        Ok(None) => {
            reply.array(0);
            return Effect::None;
        }
        Err(WrongType) => return wrong_type(reply),
    };
    if count == Some(0) {
        reply.null_array();
        return Effect::None;
    }
    let entries = stream.entries();
    let most = count.unwrap_or(u64::MAX);
    let (mut interval, mark) = (Interval { start, end, back, count: most }, reply.mark());
    let mut written = 0;
    let mut budget = Budget::first(reply);
    let through = interval.write(entries, &mut budget, &mut Room::all(), &mut written, reply);
    if through {
        reply.array_at(mark, written as usize);
        return Effect::None;
    }
    interval.cut(entries);
    reply.array_at(mark, (written + interval.count) as usize);
    if interval.count == 0 {
        return Effect::None;
    }
    let rest = Stretch::new(Vec::new(), entries, interval, &store.garbage);
    Effect::Slices(Box::new(Rest(VecDeque::from([rest]))))
}

fn xlen(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match txn.get_object::<StreamValue>(args.get(1)) {
        Ok(stream) => reply.int(stream.map_or(0, |stream| stream.length() as i64)),
        Err(WrongType) => return wrong_type(reply),
    }
    Effect::None
}
