//! XPENDING.

use super::id::Id;
use super::pending::{NOBODY, Pending};
use super::range::ends;
use super::slices::{Pieces, SLICE_BYTES, SLICE_ENTRIES};
use super::value::StreamValue;
use super::{STREAM, refuse, refuse_bytes, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::txn::{Effect, Progress, Txn, Work, WrongType};

pub const ROWS: &[Row] = &[Row {
    name: "xpending",
    arity: -3,
    flags: READONLY,
    keys: &[key(RO | ACCESS)],
    complexity: "O(N) in the entries returned, or looked at where IDLE leaves some out; O(N) in the consumers for the summary",
    summary: "Returns the entries that were delivered to consumers of a group and not acknowledged, or a summary of them.",
    args: "key group [[IDLE min-idle-time] start end count [consumer]]",
    reply: "unknown[]",
    run: Run::Data(xpending),
    ..STREAM
}];

fn xpending(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    if args.len() != 3 && !(6..=9).contains(&args.len()) {
        return refuse(reply, error::SYNTAX);
    }
    if args.len() == 3 {
        return summary(txn, args, reply);
    }
    let mut listing = match parse(args) {
        Ok(listing) => listing,
        Err(text) => return refuse(reply, text),
    };
    match listing.write(txn, reply, true) {
        Err(text) => refuse_bytes(reply, &text),
        Ok(Progress::Done) => Effect::None,
        Ok(Progress::More) => Effect::Slices(Box::new(listing)),
    }
}

fn summary(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (key, name) = (args.get(1), args.get(2));
    let group = match txn.get_object::<StreamValue>(key) {
        Ok(stream) => stream.and_then(|stream| stream.group(name)),
        Err(WrongType) => return wrong_type(reply),
    };
    let Some(group) = group else { return refuse_bytes(reply, &error::no_group(key, name, false)) };
    reply.array(4);
    reply.int(group.pel().len() as i64);
    let (Some(first), Some(last)) = (group.pel().first(), group.pel().last()) else {
        reply.null();
        reply.null();
        reply.null_array();
        return Effect::None;
    };
    first.id.reply(reply);
    last.id.reply(reply);
    let busy = || group.consumers().filter(|(_, consumer)| consumer.pending > 0);
    reply.array(busy().count());
    for (_, consumer) in busy() {
        reply.array(2);
        reply.bulk(&consumer.name);
        reply.bulk_int(consumer.pending as i64);
    }
    Effect::None
}

/// A list of pending entries that is being written.
struct Listing {
    key: Box<[u8]>,
    group: Box<[u8]>,
    consumer: Option<Box<[u8]>>,
    start: Id,
    end: Id,
    count: u64,
    /// Ms that an entry must have waited; 0: no matter.
    idle_min: i64,
    written: usize,
    pieces: Pieces,
    /// All are written, into the pieces.
    through: bool,
}

/// Err: the error's text.
fn parse(args: Args) -> Result<Listing, &'static str> {
    let (mut from, mut idle_min) = (3, 0);
    if args.is(3, "idle") {
        idle_min = number::integer(args.get(4)).ok_or(error::NOT_INTEGER)?;
        if args.len() < 8 {
            return Err(error::SYNTAX);
        }
        from = 5;
    }
    let count = number::integer(args.get(from + 2)).ok_or(error::NOT_INTEGER)?;
    let (start, end) = ends(args.get(from), args.get(from + 1))?;
    Ok(Listing {
        key: args.get(1).into(),
        group: args.get(2).into(),
        consumer: (from + 3 < args.len()).then(|| args.get(from + 3).into()),
        start,
        end,
        count: count.max(0) as u64,
        idle_min,
        written: 0,
        pieces: Pieces::default(),
        through: false,
    })
}

impl Listing {
    /// Writes some entries. Done: all of them, with their header, if this is the `first` write. Err: the error's text.
    fn write(&mut self, txn: &mut Txn, reply: &mut Reply, first: bool) -> Result<Progress, Vec<u8>> {
        let (now_ms, mark) = (txn.now_ms, reply.mark());
        let group = match txn.get_object::<StreamValue>(&self.key) {
            Ok(stream) => stream.and_then(|stream| stream.group(&self.group)),
            Err(WrongType) => return Err(error::WRONG_TYPE.into()),
        };
        let Some(group) = group else { return Err(error::no_group(&self.key, &self.group, false)) };
        // Nobody of that name: nothing is pending for him.
        let number = match &self.consumer {
            None => None,
            Some(name) => match group.find(name) {
                Some(number) => Some(number),
                None => {
                    self.through = true;
                    reply.array_at(mark, self.written);
                    return Ok(Progress::Done);
                }
            },
        };
        let time_max = if self.idle_min > 0 { now_ms.saturating_sub(self.idle_min).max(0) as u64 } else { u64::MAX };
        // Nothing has waited so long.
        let none = self.count == 0 || self.start > self.end;
        let start = self.start;
        let mut some = if first { SLICE_ENTRIES * 4 } else { SLICE_ENTRIES };
        let mut each = |row: Pending| {
            if row.id > self.end {
                return false;
            }
            reply.array(4);
            row.id.reply(reply);
            match group.owner(row) {
                Some(owner) => {
                    reply.bulk(&owner.name);
                    reply.int((now_ms - row.time as i64).max(0));
                }
                None => {
                    reply.bulk(b"");
                    reply.int(-1);
                }
            }
            reply.int(row.count as i64);
            self.written += 1;
            self.count -= 1;
            some -= 1;
            match row.id.next() {
                Some(next) if self.count > 0 => {
                    self.start = next;
                    some > 0
                }
                _ => {
                    self.count = 0;
                    false
                }
            }
        };
        let stopped = match number {
            _ if none => true,
            Some(number) => {
                let late = |row: &Pending| row.time <= time_max || row.owner == NOBODY;
                group.pending_of(number, start).filter(late).all(&mut each)
            }
            None => group.pel().idle_from(start, time_max).all(&mut each),
        };
        let more = !stopped && some == 0 && self.count > 0;
        if more || !first {
            self.pieces.keep(mark, reply);
        } else {
            reply.array_at(mark, self.written);
        }
        Ok(if more { Progress::More } else { Progress::Done })
    }
}

impl Work for Listing {
    fn step(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        if !self.through {
            txn.hold(&self.key)?;
            self.through = self.write(txn, reply, false) != Ok(Progress::More);
            if !self.through {
                return Ok(Progress::More);
            }
            reply.array(self.written);
        }
        let start = reply.mark();
        loop {
            if self.pieces.write(reply) {
                return Ok(Progress::Done);
            }
            if reply.mark() - start > SLICE_BYTES {
                return Ok(Progress::More);
            }
        }
    }
}
