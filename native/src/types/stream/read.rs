//! XREAD and XREADGROUP: what both take, and reading without a group.

use std::borrow::Cow;
use std::collections::VecDeque;

use smallvec::SmallVec;

use super::id::{Id, until_zero};
use super::slices::{Interval, Rest, Room, Stretch};
use super::value::StreamValue;
use super::{STREAM, peek, read_group, refuse, refuse_bytes, wrong_type};
use crate::commands::row::{Begin, Find, KeySpec, Row, Run, access::*, flag::*};
use crate::commands::timeout;
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::reply::{Protocol, Reply};
use crate::resp::{error, number};
use crate::txn::{Block, Effect, Nothing, Txn, WrongType};

const READ: Row = Row {
    flags: BLOCKING | MOVABLE_KEYS,
    complexity: "O(log(N)+M) for each stream, with M entries returned, in slices that let others pass",
    reply: "Record<string, [string, string[]][]> | null",
    ..STREAM
};

pub const ROWS: &[Row] = &[
    Row {
        name: "xread",
        arity: -4,
        flags: READ.flags | READONLY,
        keys: &[streams(1)],
        summary: "Returns the entries of streams that come after given ids, and may wait for some to come.",
        args: "[COUNT count] [MAXCOUNT maxcount] [MAXSIZE maxsize] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]",
        run: Run::Data(xread),
        ..READ
    },
    Row {
        name: "xreadgroup",
        arity: -7,
        flags: READ.flags | WRITE,
        keys: &[streams(4)],
        summary: "Returns entries of streams to a consumer of a group, new ones or those pending for it, and may wait for some.",
        args: "GROUP group consumer [COUNT count] [MAXCOUNT maxcount] [MAXSIZE maxsize] [BLOCK milliseconds] [CLAIM min-idle-time] [NOACK] STREAMS key [key ...] id [id ...]",
        run: Run::Data(xreadgroup),
        ..READ
    },
];

/// The first half of what follows STREAMS.
const fn streams(from: i32) -> KeySpec {
    KeySpec {
        access: RO | ACCESS,
        begin: Begin::Keyword { word: "STREAMS", from },
        find: Find::Range { last: -1, step: 1, limit: 2 },
    }
}

/// What stands before the keys.
pub struct Options<'a> {
    /// Group and consumer.
    pub group: Option<(&'a [u8], &'a [u8])>,
    /// Entries of each stream, at most.
    pub count: u64,
    /// Of all streams together: entries, and bytes of the reply.
    pub room: Room,
    /// BLOCK was given: until when.
    pub block: Option<Option<i64>>,
    pub no_ack: bool,
    /// CLAIM: ms that pending entries must have waited.
    pub idle_min: Option<i64>,
    /// Index of the first key, and how many there are.
    pub streams: usize,
    pub streams_count: usize,
}

impl<'a> Options<'a> {
    /// Err: the error's text.
    pub fn parse(args: Args<'a>, of_group: bool, now_ms: i64, reply: &Reply) -> Result<Options<'a>, Cow<'static, str>> {
        let (mut max_count, mut max_size) = (None, None);
        let mut options = Options {
            group: None,
            count: 0,
            room: Room::all(),
            block: None,
            no_ack: false,
            idle_min: None,
            streams: 0,
            streams_count: 0,
        };
        let mut index = 1;
        while index < args.len() {
            let more = args.len() - 1 - index;
            let value = || number::integer(args.get(index + 1)).ok_or(error::NOT_INTEGER);
            if args.is(index, "claim") && more > 0 {
                if !of_group {
                    return Err(error::STREAM_CLAIM_OPTION.into());
                }
                let idle = value().map_err(|_| error::STREAM_CLAIM_IDLE)?;
                if idle < 0 {
                    return Err(error::STREAM_CLAIM_NEGATIVE.into());
                }
                options.idle_min = Some(idle);
            } else if args.is(index, "block") && more > 0 {
                options.block = Some(timeout::milliseconds(args.get(index + 1), now_ms)?);
            } else if args.is(index, "count") && more > 0 {
                options.count = value()?.max(0) as u64;
            } else if args.is(index, "maxcount") && more > 0 {
                max_count = Some(value().ok().filter(|most| *most > 0).ok_or(error::STREAM_MAXCOUNT)? as u64);
            } else if args.is(index, "maxsize") && more > 0 {
                max_size = Some(value().ok().filter(|most| *most > 0).ok_or(error::STREAM_MAXSIZE)? as usize);
            } else if args.is(index, "streams") && more > 0 {
                options.streams = index + 1;
                if more % 2 == 1 {
                    let name = if of_group { "xreadgroup" } else { "xread" };
                    return Err(error::stream_unbalanced(name).into());
                }
                options.streams_count = more / 2;
                break;
            } else if args.is(index, "group") && more >= 2 {
                if !of_group {
                    return Err(error::STREAM_GROUP_OPTION.into());
                }
                options.group = Some((args.get(index + 1), args.get(index + 2)));
                index += 1;
            } else if args.is(index, "noack") {
                if !of_group {
                    return Err(error::STREAM_NOACK_OPTION.into());
                }
                options.no_ack = true;
                index += 1;
                continue;
            } else {
                return Err(error::SYNTAX.into());
            }
            index += 2;
        }
        if options.streams == 0 {
            return Err(error::SYNTAX.into());
        }
        if of_group && options.group.is_none() {
            return Err(error::STREAM_NO_GROUP_OPTION.into());
        }
        if max_count.is_some_and(|most| most < options.count) {
            return Err(error::STREAM_MAXCOUNT_BELOW_COUNT.into());
        }
        options.room = Room::new(max_count, max_size, reply);
        if options.count == 0 {
            options.count = u64::MAX;
        }
        Ok(options)
    }

    pub fn key(&self, args: Args<'a>, stream: usize) -> &'a [u8] {
        args.get(self.streams + stream)
    }

    /// As it was sent, up to a zero byte.
    pub fn id(&self, args: Args<'a>, stream: usize) -> &'a [u8] {
        args.get(self.streams + self.streams_count + stream)
    }

    /// Nothing was there: waits, or says so.
    pub fn nothing(&self, args: Args<'a>, request: Option<OwnedArgs>, reply: &mut Reply) -> Effect {
        let Some(deadline_ms) = self.block else {
            reply.null_array();
            return Effect::None;
        };
        Effect::Block(Box::new(Block {
            keys: (0..self.streams_count).map(|stream| self.key(args, stream).into()).collect(),
            awaited: "stream",
            gone_counts: self.group.is_some(),
            deadline_ms,
            nothing: Nothing::Array,
            request,
        }))
    }
}

/// Writes what stands before the entries of a stream.
pub fn write_key(key: &[u8], reply: &mut Reply) {
    if reply.proto == Protocol::Resp2 {
        reply.array(2);
    }
    reply.bulk(key);
}

/// Puts the header of the whole before what was written since `mark`.
pub fn head_at(mark: usize, streams: usize, reply: &mut Reply) {
    if reply.proto == Protocol::Resp2 {
        reply.array_at(mark, streams);
    } else {
        reply.map_at(mark, streams);
    }
}

fn xread(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let options = match Options::parse(args, false, txn.now_ms, reply) {
        Ok(options) => options,
        Err(text) => return refuse(reply, &text),
    };
    let mut after = SmallVec::<[Id; 4]>::new();
    for stream in 0..options.streams_count {
        let found = match txn.get_object::<StreamValue>(options.key(args, stream)) {
            Ok(found) => found,
            Err(WrongType) => return wrong_type(reply),
        };
        after.push(match until_zero(options.id(args, stream)) {
            b"$" => found.map_or(Id::MIN, |stream| stream.state().last_id),
            b"+" => found.and_then(|stream| stream.entries().last_live()?.previous()).unwrap_or(Id::MIN),
            b">" => return refuse(reply, error::STREAM_NEW_OF_XREAD),
            text => match Id::parse_strict(text, 0) {
                Some(id) => id,
                None => return refuse(reply, error::STREAM_ID),
            },
        });
    }
    let (store, mark, mut budget) = (txn.store, reply.mark(), options.room.budget(reply));
    let (mut room, mut served, mut rest) = (options.room, 0, VecDeque::new());
    for (stream, after) in after.iter().enumerate() {
        let key = options.key(args, stream);
        let (Ok(Some(found)), Some(start)) = (peek(txn, key), after.next()) else { continue };
        let entries = found.entries();
        let mut interval = Interval { start, end: Id::MAX, back: false, count: options.count.min(room.entries()) };
        if start > found.state().last_id || interval.count == 0 {
            continue;
        }
        let (head, mut written) = (reply.mark(), 0);
        if rest.is_empty() {
            write_key(key, reply);
            let from = reply.mark();
            if !interval.write(entries, &mut budget, &mut room, &mut written, reply) {
                interval.cut(entries);
            }
            match written + interval.count {
                0 => reply.truncate(head),
                count => reply.array_at(from, count as usize),
            }
            if interval.count > 0 {
                rest.push_back(Stretch::new(Vec::new(), entries, interval, &store.garbage));
            }
        } else {
            // After a stream that goes on in slices all others do.
            interval.cut(entries);
            if interval.count > 0 {
                let mut text = Vec::new();
                let mut out = Reply::new(&mut text, reply.proto);
                write_key(key, &mut out);
                out.array(interval.count as usize);
                rest.push_back(Stretch::new(text, entries, interval, &store.garbage));
            }
        }
        room.take(interval.count);
        served += (written + interval.count > 0) as usize;
    }
    if served == 0 {
        // Where it waits, `$` is the last id of now, not of when it runs again.
        let request = options.block.map(|_| {
            let mut request = args.to_owned();
            after.iter().enumerate().for_each(|(stream, after)| {
                if until_zero(options.id(args, stream)) == b"$" {
                    request.set(options.streams + options.streams_count + stream, &after.to_vec());
                }
            });
            request
        });
        return options.nothing(args, request, reply);
    }
    head_at(mark, served, reply);
    if rest.is_empty() { Effect::None } else { Effect::Slices(Box::new(Rest(rest))) }
}

fn xreadgroup(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let options = match Options::parse(args, true, txn.now_ms, reply) {
        Ok(options) => options,
        Err(text) => return refuse(reply, &text),
    };
    let Some((group, _)) = options.group else { unreachable!("XREADGROUP without a group is refused") };
    let mut from = SmallVec::<[Option<Id>; 4]>::new();
    for stream in 0..options.streams_count {
        let key = options.key(args, stream);
        match txn.get_object::<StreamValue>(key) {
            Ok(found) if found.is_some_and(|found| found.group(group).is_some()) => (),
            Ok(_) => return refuse_bytes(reply, &error::no_group(key, group, true)),
            Err(WrongType) => return wrong_type(reply),
        }
        from.push(match until_zero(options.id(args, stream)) {
            b"$" => return refuse(reply, &error::stream_meaningless('$')),
            b"+" => return refuse(reply, &error::stream_meaningless('+')),
            b">" => None,
            text => match Id::parse_strict(text, 0) {
                // As in Redis, whose `>` is the last id there can be.
                Some(Id::MAX) => None,
                Some(id) => Some(id),
                None => return refuse(reply, error::STREAM_ID),
            },
        });
    }
    read_group::read(txn, args, &options, &from, reply)
}
