//! XACK, XACKDEL, XNACK.

use super::delete::Named;
use super::group::{Group, Log};
use super::id::Id;
use super::value::{Deletion, StreamValue};
use super::{STREAM, ids, peek, refuse, refuse_bytes, wrong_type};
use crate::commands::row::{Joined, Pieces, Row, Run, access::*, flag::*, key};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::txn::edit::Inverses;
use crate::txn::{Class, Effect, Txn, WrongType};

pub const ROWS: &[Row] = &[
    Row {
        name: "xack",
        arity: -4,
        flags: WRITE | FAST,
        keys: &[key(RW | UPDATE)],
        complexity: "O(log(N)) for each id",
        summary: "Acknowledges entries that a consumer of a group has dealt with.",
        args: "key group id [id ...]",
        reply: "number",
        run: Run::Data(xack),
        pieces: Some(Pieces { head: |_| 3, fits: |words| ids(words).is_some(), ..Pieces::plain(Joined::Sum) }),
        ..STREAM
    },
    Row {
        name: "xackdel",
        arity: -6,
        flags: WRITE | FAST,
        keys: &[key(RW | UPDATE | DELETE)],
        since: "8.2.0",
        complexity: "O(log(N)) for each id and each group",
        summary: "Acknowledges entries for a group, and deletes them from the stream.",
        args: "key group [KEEPREF | DELREF | ACKED] IDS numids id [id ...]",
        reply: "number[]",
        run: Run::Data(xackdel),
        ..STREAM
    },
    Row {
        name: "xnack",
        arity: -7,
        flags: WRITE | FAST,
        keys: &[key(RW | UPDATE)],
        since: "8.8.0",
        complexity: "O(log(N)) for each id",
        summary: "Gives pending entries back to their group, for other consumers to claim.",
        args: "key group <SILENT | FAIL | FATAL> IDS numids id [id ...] [RETRYCOUNT count] [FORCE]",
        reply: "number",
        run: Run::Data(xnack),
        ..STREAM
    },
];

fn xack(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (key, name) = (args.get(1), args.get(2));
    let acked = txn.edit_object(key, |stream: &mut StreamValue, inverses| {
        let acked = stream.edit_group(name, inverses, |group, _, log| {
            // All ids are read before anything happens: a command that fails has done nothing.
            if args.len() == 4 {
                let id = Id::parse_strict(args.get(3), 0)?;
                return Some(group.remove(id, log).is_some() as u64);
            }
            let ids = ids(args.from(3))?;
            Some(ids.into_iter().filter(|id| group.remove(*id, log).is_some()).count() as u64)
        });
        acked.unwrap_or(Some(0))
    });
    let acked = match acked {
        Ok(None) => 0,
        Ok(Some(Some(acked))) => acked,
        Ok(Some(None)) => return refuse(reply, error::STREAM_ID),
        Err(WrongType) => return wrong_type(reply),
    };
    reply.int(acked as i64);
    txn.dirty += acked;
    if acked == 0 { Effect::None } else { Effect::Verbatim }
}

const DELETED: i64 = 1;
const NOT_PENDING: i64 = -1;
const STILL_REFERENCED: i64 = 2;

fn xackdel(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (key, name) = (args.get(1), args.get(2));
    let there = match peek(txn, key) {
        Ok(stream) => stream.is_some_and(|stream| stream.group(name).is_some()),
        Err(WrongType) => return wrong_type(reply),
    };
    let named = match Named::parse(args, 3) {
        Ok(named) => named,
        Err(text) => return refuse(reply, text),
    };
    if !there {
        named.reply_all(NOT_PENDING, reply);
        return Effect::None;
    }
    let Some(ids) = named.ids() else { return refuse(reply, error::STREAM_ID) };
    reply.array(ids.len());
    let mut acked = 0;
    let deleted = txn.edit_object(key, |stream: &mut StreamValue, inverses| {
        let keeps = |stream: &mut StreamValue, id: Id, inverses: &mut Inverses| {
            let pending = stream.edit_group(name, inverses, |group, _, log| group.remove(id, log));
            if pending.flatten().is_none() {
                return Some(NOT_PENDING);
            }
            acked += 1;
            (!stream.yields(id, named.references, inverses)).then_some(STILL_REFERENCED)
        };
        let done = |deletion| {
            reply.int(match deletion {
                // An entry that was gone before counts as deleted.
                Deletion::Done | Deletion::Missing => DELETED,
                Deletion::Kept(code) => code,
            });
        };
        stream.delete_all(ids.into_iter(), keeps, done, inverses)
    });
    txn.dirty += acked;
    if deleted.ok().flatten().unwrap_or(0) > 0 {
        txn.signal(key, Class::Stream, "xdel");
    }
    if acked == 0 { Effect::None } else { Effect::Verbatim }
}

/// What becomes of the count of deliveries of an entry that is given back.
#[derive(Clone, Copy)]
enum Mode {
    /// As if it had not been delivered.
    Silent,
    /// It was delivered, and dealing with it failed.
    Fail,
    /// Dealing with it will never succeed.
    Fatal,
}

/// More cannot be said of deliveries.
pub const COUNT_MAX: u64 = i64::MAX as u64;

impl Mode {
    fn count(self, deliveries: u64) -> u64 {
        match self {
            Mode::Silent => deliveries.saturating_sub(1),
            Mode::Fail => deliveries,
            Mode::Fatal => COUNT_MAX,
        }
    }
}

struct Nack<'a> {
    mode: Mode,
    ids: Args<'a>,
    count: usize,
    force: bool,
    retries: Option<u64>,
}

impl<'a> Nack<'a> {
    /// Err: the error's text.
    fn parse(args: Args<'a>) -> Result<Nack<'a>, Vec<u8>> {
        let mode = match () {
            () if args.is(3, "silent") => Mode::Silent,
            () if args.is(3, "fail") => Mode::Fail,
            () if args.is(3, "fatal") => Mode::Fatal,
            () => return Err(error::STREAM_NACK_MODE.into()),
        };
        let (mut ids, mut force, mut retries) = (None, false, None);
        let mut index = 4;
        while index < args.len() {
            let more = index + 1 < args.len();
            if args.is(index, "ids") && more {
                let count = number::integer(args.get(index + 1)).filter(|count| (1..=i32::MAX as i64).contains(count));
                let count = count.ok_or(error::STREAM_NACK_NUMIDS)? as usize;
                if count > args.len() - index - 2 {
                    return Err(error::STREAM_NACK_FEW_IDS.into());
                }
                ids = Some((args.from(index + 2), count));
                index += 2 + count;
            } else if args.is(index, "force") {
                force = true;
                index += 1;
            } else if args.is(index, "retrycount") && more {
                let count = number::integer(args.get(index + 1)).ok_or(error::NOT_INTEGER)?;
                retries = Some(u64::try_from(count).map_err(|_| error::STREAM_NACK_RETRYCOUNT)?);
                index += 2;
            } else {
                return Err(error::stream_option("XNACK", args.get(index)));
            }
        }
        let (ids, count) = ids.ok_or(error::STREAM_NACK_NO_IDS)?;
        Ok(Nack { mode, ids, count, force, retries })
    }

    /// Gives one entry back; false if it is not pending (and, with FORCE, not in the stream either).
    fn give_back(&self, id: Id, group: &mut Group, entries: &super::entries::Entries, log: &mut Log) -> bool {
        let deliveries = match group.pel().get(id) {
            Some(row) => row.count,
            None if self.force && entries.get(id).is_some() => 0,
            None => return false,
        };
        group.give_back(id, self.retries.unwrap_or_else(|| self.mode.count(deliveries)), log);
        true
    }
}

fn xnack(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (key, name) = (args.get(1), args.get(2));
    match peek(txn, key) {
        Ok(stream) if stream.is_some_and(|stream| stream.group(name).is_some()) => (),
        Ok(_) => return refuse_bytes(reply, &error::no_group(key, name, false)),
        Err(WrongType) => return wrong_type(reply),
    }
    let nack = match Nack::parse(args) {
        Ok(nack) => nack,
        Err(text) => return refuse_bytes(reply, &text),
    };
    let ids: Option<Vec<Id>> = nack.ids.iter().take(nack.count).map(|text| Id::parse_strict(text, 0)).collect();
    let Some(ids) = ids else { return refuse(reply, error::STREAM_ID) };
    let given = txn.edit_object(key, |stream: &mut StreamValue, inverses| {
        stream.edit_group(name, inverses, |group, entries, log| {
            ids.into_iter().filter(|id| nack.give_back(*id, group, entries, log)).count() as u64
        })
    });
    let given = given.ok().flatten().flatten().unwrap_or(0);
    reply.int(given as i64);
    if given == 0 {
        return Effect::None;
    }
    txn.dirty += given;
    // Who waits for entries to claim may have some now.
    txn.signal(key, Class::Waited, "");
    Effect::Verbatim
}
