//! Long replies: what is too much for one turn is written in slices, between the requests of others.
//!
//! Reads go on from a snapshot (`ladder.rs`), so what they reply is one moment of the stream, and its length is known beforehand.

use std::collections::VecDeque;

use super::block::Entry;
use super::entries::Entries;
use super::id::Id;
use crate::ds::item::Item;
use crate::resp::reply::Reply;
use crate::store::lazy_free::{Later, LazyFree};
use crate::txn::{Progress, Txn, Work};

/// Entries of one slice, at most: about 0.1 ms.
pub const SLICE_ENTRIES: usize = 500;
/// Bytes of one slice; an entry more may come on top.
pub const SLICE_BYTES: usize = 64 * 1024;
/// What a command writes at once, in slices: most replies are shorter, and cost no snapshot.
const FIRST_SLICES: usize = 4;

/// How much may still be written at once.
#[derive(Clone, Copy)]
pub struct Budget {
    entries: usize,
    /// Up to where in the output.
    end: usize,
}

impl Budget {
    pub fn first(reply: &Reply) -> Budget {
        Budget { entries: SLICE_ENTRIES * FIRST_SLICES, end: reply.mark() + SLICE_BYTES * FIRST_SLICES }
    }

    pub fn slice(reply: &Reply) -> Budget {
        Budget { entries: SLICE_ENTRIES, end: reply.mark() + SLICE_BYTES }
    }

    pub fn entries(&self) -> usize {
        self.entries
    }

    /// One entry was written. False: that is enough.
    #[inline]
    pub fn spend(&mut self, reply: &Reply) -> bool {
        self.entries = self.entries.saturating_sub(1);
        self.entries > 0 && reply.mark() < self.end
    }
}

/// What a command may reply in all (MAXCOUNT, MAXSIZE).
#[derive(Clone, Copy)]
pub struct Room {
    entries: u64,
    /// Up to where in the output; the first entry may go beyond.
    end: Option<usize>,
    any: bool,
}

impl Room {
    pub fn all() -> Room {
        Room { entries: u64::MAX, end: None, any: false }
    }

    pub fn new(entries: Option<u64>, bytes: Option<usize>, reply: &Reply) -> Room {
        let end = bytes.map(|bytes| reply.mark().saturating_add(bytes));
        Room { entries: entries.unwrap_or(u64::MAX), end, any: false }
    }

    /// Entries that may still come.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    pub fn is_full(&self) -> bool {
        self.entries == 0
    }

    /// Entries that will come later.
    pub fn take(&mut self, entries: u64) {
        self.entries -= entries.min(self.entries);
    }

    /// What may be written at once. Where bytes are counted that is all: a reply of a bounded size needs no slices.
    pub fn budget(&self, reply: &Reply) -> Budget {
        match self.end {
            Some(_) => Budget { entries: usize::MAX, end: usize::MAX },
            None => Budget::first(reply),
        }
    }

    /// An entry was written, from `at` on. False: it does not fit, and is taken back; nothing fits any more.
    #[inline]
    pub fn admit(&mut self, at: usize, reply: &mut Reply) -> bool {
        if self.any && self.end.is_some_and(|end| reply.mark() > end) {
            reply.truncate(at);
            self.entries = 0;
            return false;
        }
        self.any = true;
        self.entries -= 1;
        true
    }
}

/// `[id, [name, value …]]`
#[inline]
pub fn write_entry(reply: &mut Reply, entry: &Entry) {
    reply.array(2);
    entry.id.reply(reply);
    write_pairs(reply, entry);
}

#[inline]
pub fn write_pairs(reply: &mut Reply, entry: &Entry) {
    let (fields, pairs) = entry.pairs();
    reply.array(fields * 2);
    for (name, value) in pairs {
        bulk(reply, name);
        bulk(reply, value);
    }
}

#[inline]
fn bulk(reply: &mut Reply, item: Item) {
    match item {
        Item::Int(number) => reply.bulk_int(number),
        Item::Text(text) => reply.bulk(text),
    }
}

/// Entries of an interval that are still to be written.
#[derive(Clone, Copy)]
pub struct Interval {
    pub start: Id,
    pub end: Id,
    /// From the greatest id to the least.
    pub back: bool,
    /// At most.
    pub count: u64,
}

impl Interval {
    /// Writes what budget and room allow, adds how many entries that were to `written`, and narrows the interval by them. True:
    /// nothing is left.
    #[inline]
    pub fn write(
        &mut self,
        entries: &Entries,
        budget: &mut Budget,
        room: &mut Room,
        written: &mut u64,
        reply: &mut Reply,
    ) -> bool {
        if self.count == 0 || self.start > self.end {
            self.count = 0;
            return true;
        }
        let (mut last, mut count, mut stopped) = (None, self.count, false);
        let each = |entry: Entry<'_>| {
            let at = reply.mark();
            write_entry(reply, &entry);
            if !room.admit(at, reply) {
                return false;
            }
            last = Some(entry.id);
            *written += 1;
            count -= 1;
            let more = count > 0 && !room.is_full();
            stopped = !budget.spend(reply) && more;
            more && !stopped
        };
        if self.back {
            entries.range_back(self.start, self.end, each);
        } else {
            entries.range(self.start, self.end, each);
        }
        let rest = last.filter(|_| stopped).and_then(|last| if self.back { last.previous() } else { last.next() });
        self.count = if rest.is_some() { count } else { 0 };
        match rest {
            Some(rest) if self.back => self.end = rest,
            Some(rest) => self.start = rest,
            None => (),
        }
        self.count == 0
    }

    /// What is left, where a stream has fewer than the interval may take.
    pub fn cut(&mut self, entries: &Entries) {
        if self.count > 0 {
            self.count = self.count.min(entries.count(self.start, self.end));
        }
    }
}

/// One stream of a long reply.
pub struct Stretch {
    /// What is written before its entries.
    pub head: Vec<u8>,
    pub entries: Later<Entries>,
    pub interval: Interval,
}

impl Stretch {
    pub fn new(head: Vec<u8>, entries: &Entries, interval: Interval, free: &'static LazyFree) -> Stretch {
        Stretch { head, entries: Later::new(entries.clone(), Some(free)), interval }
    }
}

/// The rest of a reply whose headers are right already.
pub struct Rest(pub VecDeque<Stretch>);

impl Work for Rest {
    fn step(&mut self, _: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        let mut budget = Budget::slice(reply);
        let Some(stretch) = self.0.front_mut() else { return Ok(Progress::Done) };
        reply.raw(&std::mem::take(&mut stretch.head));
        if stretch.interval.write(&stretch.entries, &mut budget, &mut Room::all(), &mut 0, reply) {
            self.0.pop_front();
        }
        Ok(if self.0.is_empty() { Progress::Done } else { Progress::More })
    }
}

/// Pieces of a reply whose length is known only at its end.
#[derive(Default)]
pub struct Pieces(VecDeque<Vec<u8>>);

impl Pieces {
    /// Keeps what was written since `mark`, and takes it out of the output.
    pub fn keep(&mut self, mark: usize, reply: &mut Reply) {
        self.0.push_back(reply.since(mark).to_vec());
        reply.truncate(mark);
    }

    pub fn push(&mut self, piece: Vec<u8>) {
        self.0.push_back(piece);
    }

    pub fn append(&mut self, other: &mut Pieces) {
        self.0.append(&mut other.0);
    }

    /// Writes one piece. True: it was the last.
    pub fn write(&mut self, reply: &mut Reply) -> bool {
        if let Some(piece) = self.0.pop_front() {
            reply.raw(&piece);
        }
        self.0.is_empty()
    }
}
