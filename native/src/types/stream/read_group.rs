//! Reading as a consumer of a group: new entries become pending, entries that waited too long change hands, and what is pending
//! for the consumer can be read again.
//!
//! A long read goes on in slices. Each delivers some entries for good, as several reads in a row would, so a client that leaves in
//! between finds what it was sent among what is pending for it, and the rest undelivered.

use std::collections::VecDeque;

use smallvec::SmallVec;

use super::block::Entry;
use super::claim::{Effects, consumer, more};
use super::entries::Entries;
use super::group::{Group, Log};
use super::id::Id;
use super::peek;
use super::pending::{NOBODY, Pending};
use super::read::{Options, head_at, write_key};
use super::slices::{Budget, Pieces, Room, SLICE_BYTES, write_entry, write_pairs};
use super::value::StreamValue;
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::reply::{Protocol, Reply};
use crate::txn::{Class, Effect, Progress, Txn, Work};

/// Pending entries that are looked at together.
const BATCH: u64 = 64;

/// Who reads: group and consumer.
#[derive(Clone, Copy)]
struct Reader<'a> {
    group: &'a [u8],
    consumer: &'a [u8],
}

/// What is left to be read of one stream.
#[derive(Clone, Copy)]
struct Cursor {
    /// Pending entries from here on; None: new ones.
    history: Option<Id>,
    /// Entries, at most.
    count: u64,
    /// Those last delivered then or before are claimed first.
    claim_until: Option<u64>,
    /// CLAIM was given: entries come with what is known of their delivery.
    with_delivery: bool,
    no_ack: bool,
    written: u64,
}

/// What a turn at a stream has to work with.
struct Page<'p, 'r> {
    budget: &'p mut Budget,
    room: &'p mut Room,
    reply: &'p mut Reply<'r>,
}

/// How a turn at a stream ended.
struct Turn {
    /// Nothing is left for this command.
    through: bool,
    commands: Vec<OwnedArgs>,
}

/// Reads of each stream what was asked for: after an id the pending entries of the consumer, new ones where there is none.
pub fn read(txn: &mut Txn, args: Args, options: &Options, after: &[Option<Id>], reply: &mut Reply) -> Effect {
    let (group, consumer) = options.group.unwrap_or_default();
    let (reader, now_ms) = (Reader { group, consumer }, txn.wall_ms());
    let (mark, mut budget, mut room) = (reply.mark(), options.room.budget(reply), options.room);
    let mut cursors: SmallVec<[Cursor; 4]> = after.iter().map(|id| Cursor::new(options, *id, now_ms)).collect();
    let (mut served, mut commands) = (0, Vec::new());
    for stream in 0..cursors.len() {
        if room.is_full() {
            break;
        }
        let (head, key) = (reply.mark(), options.key(args, stream));
        write_key(key, reply);
        let from = reply.mark();
        let page = Page { budget: &mut budget, room: &mut room, reply };
        let turn = cursors[stream].take(txn, key, reader, page);
        commands.extend(turn.commands);
        if !turn.through {
            let db = txn.db;
            txn.effects.extend(commands.into_iter().map(|command| (db, command)));
            let left = (stream..cursors.len()).map(|stream| (options.key(args, stream).into(), cursors[stream]));
            let mut reading = Reading {
                group: group.into(),
                consumer: consumer.into(),
                left: left.collect(),
                room,
                served,
                open: Pieces::default(),
                done: Pieces::default(),
                sending: false,
            };
            reading.open.keep(from, reply);
            reply.truncate(head);
            reading.done.keep(mark, reply);
            return Effect::Slices(Box::new(reading));
        }
        if cursors[stream].is_served() {
            reply.array_at(from, cursors[stream].written as usize);
            served += 1;
        } else {
            reply.truncate(head);
        }
    }
    let changed = if txn.record { Effect::Rewrite(commands) } else { Effect::Verbatim };
    if served > 0 {
        head_at(mark, served, reply);
        return changed;
    }
    // A consumer that waits may be new.
    if let Effect::Rewrite(commands) = changed {
        let db = txn.db;
        txn.effects.extend(commands.into_iter().map(|command| (db, command)));
    }
    let again_ms = options.idle_min.filter(|_| options.block.is_some()).map(|idle_min| {
        let oldest = (0..cursors.len()).filter_map(|stream| oldest(txn, options.key(args, stream), group)).min();
        // What waits for nothing but this is there at once.
        oldest.unwrap_or(now_ms).saturating_add(idle_min).max(now_ms + 1)
    });
    txn.again_ms = again_ms;
    options.nothing(args, None, reply)
}

/// When the entry that is pending for longest was last delivered.
fn oldest(txn: &mut Txn, key: &[u8], group: &[u8]) -> Option<i64> {
    let stream = peek(txn, key).ok().flatten()?;
    let exists = |id: Id| stream.entries().get(id).is_some();
    let oldest = stream.group(group)?.pel().oldest(u64::MAX, 1, exists);
    oldest.first().filter(|row| row.owner != NOBODY).map(|row| row.time as i64)
}

impl Cursor {
    fn new(options: &Options, after: Option<Id>, now_ms: i64) -> Cursor {
        // CLAIM means nothing for what is pending already.
        let idle_min = options.idle_min.filter(|_| after.is_none());
        Cursor {
            history: after.map(|id| id.next().unwrap_or(Id::MAX)),
            count: options.count,
            claim_until: idle_min.and_then(|idle_min| u64::try_from(now_ms.saturating_sub(idle_min)).ok()),
            with_delivery: idle_min.is_some(),
            no_ack: options.no_ack,
            written: 0,
        }
    }

    /// Is the stream in the reply? What is pending is told even if it is nothing.
    fn is_served(&self) -> bool {
        self.written > 0 || self.history.is_some()
    }

    /// Reads on, as far as the page allows.
    fn take(&mut self, txn: &mut Txn, key: &[u8], reader: Reader, mut page: Page) -> Turn {
        let (now_ms, mut through) = (txn.wall_ms(), true);
        let mut effects = Effects::new(key, reader.group, reader.consumer, txn.record);
        let taken = txn.edit_object(key, |stream: &mut StreamValue, inverses| {
            stream.edit_group(reader.group, inverses, |group, entries, log| {
                let (number, made) = consumer(group, reader.consumer, now_ms, log);
                let mut delivery =
                    Delivery { group, entries, log, effects: &mut effects, number, now_ms, owned: 0, moved: false };
                through = match self.history {
                    Some(_) => self.take_pending(&mut delivery, &mut page),
                    None => self.take_claimed(&mut delivery, &mut page) && self.take_new(&mut delivery, &mut page),
                };
                let (owned, moved) = (delivery.owned > 0, delivery.moved);
                group.touch(number, now_ms, owned, log);
                (made, owned, moved)
            })
        });
        // A group that goes between two slices has no more entries.
        let (made, owned, moved) = taken.ok().flatten().flatten().unwrap_or_default();
        if made {
            txn.dirty += 1;
            txn.signal(key, Class::Stream, "xgroup-createconsumer");
            if !owned {
                effects.made();
            }
        }
        txn.dirty += (owned || moved) as u64;
        Turn { through, commands: effects.commands.unwrap_or_default() }
    }

    /// What is pending for the consumer, again. True: all of it that was asked for.
    fn take_pending(&mut self, delivery: &mut Delivery, page: &mut Page) -> bool {
        loop {
            let start = self.history.unwrap_or(Id::MAX);
            let some = BATCH.min(self.count).min(page.room.entries()) as usize;
            if some == 0 {
                return true;
            }
            let rows: Vec<Pending> = delivery.group.pending_of(delivery.number, start).take(some).collect();
            if let Some(first) = rows.first().filter(|_| start <= delivery.group.low(delivery.number)) {
                delivery.group.raise_low(delivery.number, first.id);
            }
            for row in &rows {
                let (at, entry) = (page.reply.mark(), delivery.entries.get(row.id));
                match &entry {
                    Some(entry) => write_entry(page.reply, entry),
                    // It was deleted from the stream, but is still to be acknowledged.
                    None => {
                        page.reply.array(2);
                        row.id.reply(page.reply);
                        page.reply.null_array();
                    }
                }
                if !page.room.admit(at, page.reply) {
                    return true;
                }
                if entry.is_some() {
                    let again = Pending { time: delivery.now_ms as u64, count: more(row.count), ..*row };
                    delivery.group.put(again, delivery.log);
                }
                (self.count, self.written) = (self.count - 1, self.written + 1);
                self.history = row.id.next();
                if self.history.is_none() {
                    self.history = Some(Id::MAX);
                    return true;
                }
                if !page.budget.spend(page.reply) && self.count > 0 {
                    return false;
                }
            }
            if rows.len() < some {
                return true;
            }
        }
    }

    /// Entries that were delivered to others and waited too long. True: new ones are next.
    fn take_claimed(&mut self, delivery: &mut Delivery, page: &mut Page) -> bool {
        let Some(until) = self.claim_until else { return true };
        let want = self.count.min(page.room.entries()).min(page.budget.entries() as u64) as usize;
        let exists = |id: Id| delivery.entries.get(id).is_some();
        let rows = delivery.group.pel().oldest(until, want, exists);
        let found = rows.len();
        for row in rows {
            let Some(entry) = delivery.entries.get(row.id) else { continue };
            let at = page.reply.mark();
            let since = if row.owner == NOBODY { 0 } else { row.time as i64 };
            write_delivery(page.reply, &entry, delivery.now_ms - since, row.count);
            if !page.room.admit(at, page.reply) {
                return true;
            }
            delivery.own(row.id, more(row.count));
            (self.count, self.written) = (self.count - 1, self.written + 1);
            page.budget.spend(page.reply);
        }
        if found < want {
            self.claim_until = None;
        } else if self.count > 0 && !page.room.is_full() {
            // Those claimed just now are not claimed again.
            self.claim_until = Some(until.min((delivery.now_ms - 1) as u64));
            return false;
        }
        true
    }

    /// Entries that nobody in the group was sent. True: all of them that were asked for.
    fn take_new(&mut self, delivery: &mut Delivery, page: &mut Page) -> bool {
        if self.count == 0 || page.room.is_full() {
            return true;
        }
        let Some(start) = delivery.group.last_id.next() else { return true };
        let (mut last, mut read) = (delivery.group.last_id, delivery.group.entries_read);
        let (entries, mut stopped) = (delivery.entries, false);
        entries.range(start, Id::MAX, |entry| {
            let at = page.reply.mark();
            if self.with_delivery {
                write_delivery(page.reply, &entry, 0, 0);
            } else {
                write_entry(page.reply, &entry);
            }
            if !page.room.admit(at, page.reply) {
                return false;
            }
            read = entries.read_after(last, read, entry.id);
            last = entry.id;
            if !self.no_ack {
                delivery.own(entry.id, 1);
            }
            (self.count, self.written) = (self.count - 1, self.written + 1);
            let more = self.count > 0 && !page.room.is_full();
            stopped = !page.budget.spend(page.reply) && more;
            more && !stopped
        });
        if last != delivery.group.last_id {
            delivery.group.set_position(last, read, delivery.log);
            delivery.effects.position(delivery.group);
            delivery.moved = true;
        }
        !stopped
    }
}

/// `[id, [name, value …], ms since it was delivered, how often it was]`
fn write_delivery(reply: &mut Reply, entry: &Entry, idle_ms: i64, count: u64) {
    reply.array(4);
    entry.id.reply(reply);
    write_pairs(reply, entry);
    reply.int(idle_ms);
    reply.int(count as i64);
}

/// A consumer's turn at a group.
struct Delivery<'d, 'e> {
    group: &'d mut Group,
    entries: &'d Entries,
    log: &'d mut Log,
    effects: &'d mut Effects<'e>,
    number: u32,
    now_ms: i64,
    /// Entries that became the consumer's.
    owned: u64,
    /// The group has read further.
    moved: bool,
}

impl Delivery<'_, '_> {
    /// The consumer is sent an entry, and has to acknowledge it.
    #[inline]
    fn own(&mut self, id: Id, count: u64) {
        let row = Pending { id, owner: self.number + 1, time: self.now_ms as u64, count };
        self.group.put(row, self.log);
        self.effects.claimed(row, self.group.last_id);
        self.owned += 1;
    }
}

/// A long read on its way.
struct Reading {
    group: Box<[u8]>,
    consumer: Box<[u8]>,
    /// Streams that are not through, the first of which has begun.
    left: VecDeque<(Box<[u8]>, Cursor)>,
    room: Room,
    served: usize,
    /// Entries of the first stream that is left.
    open: Pieces,
    /// What is written of the reply, but for its header.
    done: Pieces,
    sending: bool,
}

impl Work for Reading {
    fn step(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        if !self.sending {
            if let Some((key, cursor)) = self.left.front_mut().filter(|_| !self.room.is_full()) {
                txn.hold(key)?;
                let (mark, mut budget) = (reply.mark(), Budget::slice(reply));
                let reader = Reader { group: &self.group, consumer: &self.consumer };
                let page = Page { budget: &mut budget, room: &mut self.room, reply };
                let turn = cursor.take(txn, key, reader, page);
                let db = txn.db;
                txn.effects.extend(turn.commands.into_iter().map(|command| (db, command)));
                self.open.keep(mark, reply);
                if turn.through {
                    self.close(reply.proto);
                }
                return Ok(Progress::More);
            }
            // The room is full, or nothing is left.
            if self.left.front().is_some_and(|(_, cursor)| cursor.written > 0) {
                self.close(reply.proto);
            }
            let mark = reply.mark();
            head_at(mark, self.served, reply);
            self.sending = true;
        }
        let start = reply.mark();
        while !self.done.write(reply) {
            if reply.mark() - start > SLICE_BYTES {
                return Ok(Progress::More);
            }
        }
        Ok(Progress::Done)
    }
}

impl Reading {
    /// The first stream that is left is through.
    fn close(&mut self, proto: Protocol) {
        let Some((key, cursor)) = self.left.pop_front() else { return };
        if cursor.is_served() {
            let mut head = Vec::new();
            let mut out = Reply::new(&mut head, proto);
            write_key(&key, &mut out);
            out.array(cursor.written as usize);
            self.done.push(head);
            self.done.append(&mut self.open);
            self.served += 1;
        }
        self.open = Pieces::default();
    }
}
