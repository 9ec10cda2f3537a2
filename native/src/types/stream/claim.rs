//! XCLAIM and XAUTOCLAIM: pending entries change hands.

use super::ack::COUNT_MAX;
use super::entries::Entries;
use super::group::{Group, Log};
use super::id::Id;
use super::pending::{NOBODY, Pending};
use super::slices::{Pieces, SLICE_BYTES, SLICE_ENTRIES, write_entry};
use super::value::StreamValue;
use super::{STREAM, refuse, refuse_bytes, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::txn::{Class, Effect, Progress, Txn, Work, WrongType};

pub const ROWS: &[Row] = &[
    Row {
        name: "xclaim",
        arity: -6,
        flags: WRITE | FAST,
        keys: &[key(RW | UPDATE)],
        complexity: "O(log(N)) for each id",
        summary: "Makes a consumer the owner of pending entries that another did not acknowledge, and returns them.",
        args: "key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds] [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]",
        reply: "unknown[]",
        run: Run::Data(xclaim),
        ..STREAM
    },
    Row {
        name: "xautoclaim",
        arity: -6,
        flags: WRITE | FAST,
        keys: &[key(RW | DELETE)],
        since: "6.2.0",
        complexity: "O(log(N)+M) with M entries looked at, ten times COUNT at most",
        summary: "Makes a consumer the owner of pending entries that have waited for long, and returns them.",
        args: "key group consumer min-idle-time start [COUNT count] [JUSTID]",
        reply: "[string, unknown[], string[]]",
        run: Run::Data(xautoclaim),
        ..STREAM
    },
];

/// Commands that do to a group elsewhere what was done here.
pub struct Effects<'a> {
    pub key: &'a [u8],
    pub group: &'a [u8],
    pub consumer: &'a [u8],
    /// None: nobody asks.
    pub commands: Option<Vec<OwnedArgs>>,
}

impl<'a> Effects<'a> {
    pub fn new(key: &'a [u8], group: &'a [u8], consumer: &'a [u8], record: bool) -> Effects<'a> {
        Effects { key, group, consumer, commands: record.then(Vec::new) }
    }

    /// The consumer owns this entry now.
    pub fn claimed(&mut self, row: Pending, last_id: Id) {
        let Some(commands) = &mut self.commands else { return };
        let (time, count) = (row.time.to_string(), row.count.to_string());
        commands.push(OwnedArgs::of(&[
            b"XCLAIM",
            self.key,
            self.group,
            self.consumer,
            b"0",
            &row.id.to_vec(),
            b"TIME",
            time.as_bytes(),
            b"RETRYCOUNT",
            count.as_bytes(),
            b"FORCE",
            b"JUSTID",
            b"LASTID",
            &last_id.to_vec(),
        ]));
    }

    /// This entry is pending no longer.
    pub fn dropped(&mut self, id: Id) {
        let (key, group) = (self.key, self.group);
        if let Some(commands) = &mut self.commands {
            commands.push(OwnedArgs::of(&[b"XACK", key, group, &id.to_vec()]));
        }
    }

    pub fn made(&mut self) {
        let (key, group, consumer) = (self.key, self.group, self.consumer);
        if let Some(commands) = &mut self.commands {
            commands.push(OwnedArgs::of(&[b"XGROUP", b"CREATECONSUMER", key, group, consumer]));
        }
    }

    pub fn position(&mut self, group: &Group) {
        let (key, name) = (self.key, self.group);
        if let Some(commands) = &mut self.commands {
            let read = group.entries_read.to_string();
            let last_id = group.last_id.to_vec();
            let words: [&[u8]; 7] = [b"XGROUP", b"SETID", key, name, &last_id, b"ENTRIESREAD", read.as_bytes()];
            commands.push(OwnedArgs::of(&words));
        }
    }

    pub fn effect(self, changed: bool) -> Effect {
        match self.commands {
            Some(commands) if !commands.is_empty() => Effect::Rewrite(commands),
            None if changed => Effect::Verbatim,
            _ => Effect::None,
        }
    }
}

/// The consumer of this name, made if there is none; and whether it was.
pub fn consumer(group: &mut Group, name: &[u8], now_ms: i64, log: &mut Log) -> (u32, bool) {
    match group.find(name) {
        Some(number) => (number, false),
        None => (group.make(name, now_ms, log), true),
    }
}

struct Claim {
    ids: Vec<Id>,
    idle_min: i64,
    time: i64,
    retries: Option<u64>,
    force: bool,
    just_id: bool,
    last_id: Id,
}

impl Claim {
    /// Err: the error's text.
    fn parse(args: Args, now_ms: i64) -> Result<Claim, Vec<u8>> {
        let idle_min = number::integer(args.get(4)).ok_or(error::STREAM_CLAIM_MIN_IDLE)?.max(0);
        // What is no id may be an option.
        let ids: Vec<Id> = args.from(5).iter().map_while(|text| Id::parse_strict(text, 0)).collect();
        let mut index = 5 + ids.len();
        let mut claim =
            Claim { ids, idle_min, time: -1, retries: None, force: false, just_id: false, last_id: Id::MIN };
        while index < args.len() {
            let more = index + 1 < args.len();
            let value = |what: &str| {
                let text = format!("ERR Invalid {what} option argument for XCLAIM");
                number::integer(args.get(index + 1)).ok_or(text)
            };
            if args.is(index, "force") {
                claim.force = true;
                index += 1;
                continue;
            } else if args.is(index, "justid") {
                claim.just_id = true;
                index += 1;
                continue;
            } else if args.is(index, "idle") && more {
                claim.time = now_ms.wrapping_sub(value("IDLE")?);
            } else if args.is(index, "time") && more {
                claim.time = value("TIME")?;
            } else if args.is(index, "retrycount") && more {
                claim.retries = u64::try_from(value("RETRYCOUNT")?).ok();
            } else if args.is(index, "lastid") && more {
                claim.last_id = Id::parse_strict(args.get(index + 1), 0).ok_or(error::STREAM_ID)?;
            } else {
                return Err(error::stream_option("XCLAIM", args.get(index)));
            }
            index += 2;
        }
        // A clock elsewhere may be ahead: a time that makes no sense is now.
        if !(0..=now_ms).contains(&claim.time) {
            claim.time = now_ms;
        }
        Ok(claim)
    }
}

fn xclaim(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (key, name) = (args.get(1), args.get(2));
    match txn.get_object::<StreamValue>(key) {
        Ok(stream) if stream.is_some_and(|stream| stream.group(name).is_some()) => (),
        Ok(_) => return refuse_bytes(reply, &error::no_group(key, name, false)),
        Err(WrongType) => return wrong_type(reply),
    }
    let now_ms = txn.wall_ms();
    let claim = match Claim::parse(args, now_ms) {
        Ok(claim) => claim,
        Err(text) => return refuse_bytes(reply, &text),
    };
    let mut effects = Effects::new(key, name, args.get(3), txn.record);
    let done = txn.edit_object(key, |stream: &mut StreamValue, inverses| {
        stream.edit_group(name, inverses, |group, entries, log| {
            claim_all(&claim, group, entries, log, now_ms, &mut effects, reply)
        })
    });
    let Ok(Some(Some((changes, made)))) = done else { unreachable!("the group was there") };
    if made {
        txn.signal(key, Class::Stream, "xgroup-createconsumer");
    }
    txn.dirty += changes;
    effects.effect(changes > 0)
}

/// Claims what is named and writes the reply. Gives how much changed, and whether the consumer is new.
fn claim_all(
    claim: &Claim,
    group: &mut Group,
    entries: &Entries,
    log: &mut Log,
    now_ms: i64,
    effects: &mut Effects,
    reply: &mut Reply,
) -> (u64, bool) {
    let moved = claim.last_id > group.last_id;
    if moved {
        group.set_position(claim.last_id, group.entries_read, log);
    }
    let (number, made) = consumer(group, effects.consumer, now_ms, log);
    let (mark, mut claimed, mut dropped) = (reply.mark(), 0, 0);
    for id in &claim.ids {
        let row = group.pel().get(*id);
        let Some(entry) = entries.get(*id) else {
            // What is in the stream no longer is pending no longer.
            if row.is_some() {
                group.remove(*id, log);
                effects.dropped(*id);
                dropped += 1;
            }
            continue;
        };
        let row = match row {
            Some(row) => row,
            None if claim.force => Pending { id: *id, owner: NOBODY, time: 0, count: 1 },
            None => continue,
        };
        if row.owner != NOBODY && claim.idle_min > 0 && now_ms - (row.time as i64) < claim.idle_min {
            continue;
        }
        let count = claim.retries.unwrap_or(if claim.just_id { row.count } else { more(row.count) });
        let row = Pending { owner: number + 1, time: claim.time as u64, count, ..row };
        group.put(row, log);
        effects.claimed(row, group.last_id);
        if claim.just_id {
            id.reply(reply);
        } else {
            write_entry(reply, &entry);
        }
        claimed += 1;
    }
    group.touch(number, now_ms, claimed > 0, log);
    if made && claimed == 0 {
        effects.made();
    }
    if moved && claimed == 0 {
        effects.position(group);
    }
    reply.array_at(mark, claimed);
    (claimed as u64 + dropped + made as u64 + (moved && claimed == 0) as u64, made)
}

/// One delivery more.
pub fn more(count: u64) -> u64 {
    if count >= COUNT_MAX { count } else { count + 1 }
}

/// An XAUTOCLAIM on its way.
struct AutoClaim {
    key: Box<[u8]>,
    group: Box<[u8]>,
    consumer: Box<[u8]>,
    idle_min: i64,
    /// Where to go on.
    next: Id,
    count: u64,
    attempts: u64,
    just_id: bool,
    claimed: usize,
    pieces: Pieces,
    dropped: Vec<Id>,
    /// The reply has begun, the end of which comes after the pieces.
    ends: Option<Vec<u8>>,
}

/// Entries that may be claimed at once, as in Redis.
const COUNT_LIMIT: i64 = i64::MAX / 16;
const COUNT_USUAL: u64 = 100;
/// Entries looked at for each that may be claimed.
const ATTEMPTS: u64 = 10;

fn xautoclaim(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let Some(idle_min) = number::integer(args.get(4)) else { return refuse(reply, error::STREAM_AUTOCLAIM_MIN_IDLE) };
    let next = match Id::parse_start(args.get(5)) {
        Some(Some(start)) => start,
        Some(None) => return refuse(reply, error::STREAM_INTERVAL_START),
        None => return refuse(reply, error::STREAM_ID),
    };
    let (mut count, mut just_id) = (COUNT_USUAL, false);
    let mut index = 6;
    while index < args.len() {
        if args.is(index, "count") && index + 1 < args.len() {
            let given = number::integer(args.get(index + 1)).filter(|count| (1..=COUNT_LIMIT).contains(count));
            let Some(given) = given else { return refuse(reply, error::STREAM_AUTOCLAIM_COUNT) };
            count = given as u64;
            index += 1;
        } else if args.is(index, "justid") {
            just_id = true;
        } else {
            return refuse(reply, error::SYNTAX);
        }
        index += 1;
    }
    let (key, name) = (args.get(1), args.get(2));
    match txn.get_object::<StreamValue>(key) {
        Ok(stream) if stream.is_some_and(|stream| stream.group(name).is_some()) => (),
        Ok(_) => return refuse_bytes(reply, &error::no_group(key, name, false)),
        Err(WrongType) => return wrong_type(reply),
    }
    let mut work = AutoClaim {
        key: key.into(),
        group: name.into(),
        consumer: args.get(3).into(),
        idle_min: idle_min.max(0),
        next,
        count,
        attempts: count.saturating_mul(ATTEMPTS),
        just_id,
        claimed: 0,
        pieces: Pieces::default(),
        dropped: Vec::new(),
        ends: None,
    };
    let mark = reply.mark();
    let (cursor, effect) = work.claim(txn, SLICE_ENTRIES as u64 * 4, reply);
    match cursor {
        Some(cursor) => {
            let (head, tail) = work.frame(cursor, reply);
            reply.insert(mark, &head);
            reply.raw(&tail);
            effect
        }
        None => {
            work.pieces.keep(mark, reply);
            // What a slice has changed is in the log before the next.
            if let Effect::Rewrite(commands) = effect {
                let db = txn.db;
                txn.effects.extend(commands.into_iter().map(|command| (db, command)));
            }
            Effect::Slices(Box::new(work))
        }
    }
}

impl AutoClaim {
    /// Looks at so many entries and writes those it claims. The id: through, and where another call goes on (0-0: nowhere).
    fn claim(&mut self, txn: &mut Txn, some: u64, reply: &mut Reply) -> (Option<Id>, Effect) {
        let (key, name, now_ms) = (self.key.clone(), self.group.clone(), txn.wall_ms());
        let asked = self.consumer.clone();
        let mut effects = Effects::new(&key, &name, &asked, txn.record);
        let done = txn.edit_object(&key, |stream: &mut StreamValue, inverses| {
            stream.edit_group(&name, inverses, |group, entries, log| {
                self.claim_some(group, entries, log, now_ms, some, &mut effects, reply)
            })
        });
        // The group went between two slices: that is the end.
        let Ok(Some(Some((cursor, changes, made)))) = done else { return (Some(Id::MIN), Effect::None) };
        if made {
            txn.signal(&key, Class::Stream, "xgroup-createconsumer");
        }
        txn.dirty += changes;
        (cursor, effects.effect(changes > 0))
    }

    #[allow(clippy::too_many_arguments)]
    fn claim_some(
        &mut self,
        group: &mut Group,
        entries: &Entries,
        log: &mut Log,
        now_ms: i64,
        some: u64,
        effects: &mut Effects,
        reply: &mut Reply,
    ) -> (Option<Id>, u64, bool) {
        let (number, made) = consumer(group, effects.consumer, now_ms, log);
        let (before, dropped) = (self.claimed, self.dropped.len());
        let looked = some.min(self.attempts);
        let rows: Vec<Pending> = group.pel().from(self.next).take(looked as usize).collect();
        let mut last = None;
        for row in &rows {
            if self.count == 0 {
                break;
            }
            (last, self.attempts) = (Some(row.id), self.attempts - 1);
            let Some(entry) = entries.get(row.id) else {
                group.remove(row.id, log);
                effects.dropped(row.id);
                self.dropped.push(row.id);
                self.count -= 1;
                continue;
            };
            if row.owner != NOBODY && self.idle_min > 0 && now_ms - (row.time as i64) < self.idle_min {
                continue;
            }
            let count = if self.just_id { row.count } else { more(row.count) };
            let row = Pending { owner: number + 1, time: now_ms as u64, count, ..*row };
            group.put(row, log);
            effects.claimed(row, group.last_id);
            if self.just_id {
                row.id.reply(reply);
            } else {
                write_entry(reply, &entry);
            }
            (self.claimed, self.count) = (self.claimed + 1, self.count - 1);
        }
        let (claimed, dropped) = (self.claimed - before, self.dropped.len() - dropped);
        group.touch(number, now_ms, claimed > 0, log);
        if made && claimed == 0 {
            effects.made();
        }
        let next = last.map_or(Some(self.next), Id::next).and_then(|from| group.pel().from(from).next());
        let cursor = match next {
            None => Some(Id::MIN),
            Some(next) if self.count == 0 || self.attempts == 0 => Some(next.id),
            Some(next) => {
                self.next = next.id;
                None
            }
        };
        (cursor, (claimed + dropped) as u64 + made as u64, made)
    }

    /// What stands before and after the entries.
    fn frame(&self, cursor: Id, reply: &Reply) -> (Vec<u8>, Vec<u8>) {
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        let mut out = Reply::new(&mut head, reply.proto);
        out.array(3);
        cursor.reply(&mut out);
        out.array(self.claimed);
        let mut out = Reply::new(&mut tail, reply.proto);
        out.array(self.dropped.len());
        self.dropped.iter().for_each(|id| id.reply(&mut out));
        (head, tail)
    }
}

impl Work for AutoClaim {
    fn step(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        let Some(ends) = &mut self.ends else {
            txn.hold(&self.key)?;
            let mark = reply.mark();
            let (cursor, effect) = self.claim(txn, SLICE_ENTRIES as u64, reply);
            self.pieces.keep(mark, reply);
            if let Effect::Rewrite(commands) = effect {
                let db = txn.db;
                txn.effects.extend(commands.into_iter().map(|command| (db, command)));
            }
            if let Some(cursor) = cursor {
                let (head, tail) = self.frame(cursor, reply);
                reply.raw(&head);
                self.ends = Some(tail);
            }
            return Ok(Progress::More);
        };
        let start = reply.mark();
        while !self.pieces.write(reply) {
            if reply.mark() - start > SLICE_BYTES {
                return Ok(Progress::More);
            }
        }
        reply.raw(&std::mem::take(ends));
        Ok(Progress::Done)
    }
}
