//! A consumer group: how far it has read, who reads, and what is pending.
//!
//! Every change goes through a [`Log`], which keeps what is needed to take it back.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::id::Id;
use super::pending::{NOBODY, Pel, Pending};

/// The count of entries read is not known.
pub const UNKNOWN: i64 = -1;

#[derive(Clone, Debug)]
pub struct Group {
    /// The last entry delivered.
    pub last_id: Id,
    /// Entries ever added to the stream up to that one, or [`UNKNOWN`].
    pub entries_read: i64,
    pel: Pel,
    /// Entries given back so far: the place of the next one among them.
    nacks: u64,
    names: BTreeMap<Arc<[u8]>, u32>,
    /// By number; those of deleted consumers are free.
    consumers: Vec<Option<Consumer>>,
    free: Vec<u32>,
    name_bytes: usize,
}

#[derive(Clone, Debug)]
pub struct Consumer {
    pub name: Arc<[u8]>,
    /// When it last asked, ms since the epoch.
    pub seen_ms: i64,
    /// When it last got something; -1: never.
    pub active_ms: i64,
    /// Its pending entries.
    pub pending: u64,
    /// None of them is below this.
    low: Id,
}

/// What a consumer with its name takes besides the name: its slot, its place among the names, the name's counts.
const CONSUMER_BYTES: usize = size_of::<Option<Consumer>>() + size_of::<(Arc<[u8]>, u32)>() + 16;

/// What takes one change of a group back.
#[derive(Debug)]
enum Step {
    /// What was pending under this id.
    Pending(Id, Option<Pending>),
    Position(Id, i64),
    Times {
        consumer: u32,
        seen_ms: i64,
        active_ms: i64,
    },
    Made(u32),
    Gone(u32, Consumer),
}

/// The changes of a group since the log was begun; nothing where nobody will take them back.
#[derive(Debug)]
pub struct Log(Option<Vec<Step>>);

impl Log {
    pub fn new(on: bool) -> Log {
        Log(on.then(Vec::new))
    }

    fn push(&mut self, step: impl FnOnce() -> Step) {
        if let Some(steps) = &mut self.0 {
            steps.push(step());
        }
    }

    /// Something changed and can be taken back.
    pub fn holds(&self) -> bool {
        self.0.as_ref().is_some_and(|steps| !steps.is_empty())
    }
}

impl Group {
    pub fn new(last_id: Id, entries_read: i64) -> Group {
        Group {
            last_id,
            entries_read,
            pel: Pel::default(),
            nacks: 0,
            names: BTreeMap::new(),
            consumers: Vec::new(),
            free: Vec::new(),
            name_bytes: 0,
        }
    }

    pub fn heap_bytes(&self) -> usize {
        self.pel.heap_bytes() + self.names.len() * CONSUMER_BYTES + self.name_bytes
    }

    /// What is pending. It is changed through the methods here.
    pub fn pel(&self) -> &Pel {
        &self.pel
    }

    /// Takes the logged changes back.
    pub fn undo(&mut self, log: Log) {
        let mut off = Log(None);
        for step in log.0.into_iter().flatten().rev() {
            match step {
                Step::Pending(id, None) => drop(self.remove(id, &mut off)),
                Step::Pending(_, Some(row)) => drop(self.put(row, &mut off)),
                Step::Position(last_id, entries_read) => (self.last_id, self.entries_read) = (last_id, entries_read),
                Step::Times { consumer, seen_ms, active_ms } => {
                    let consumer = self.consumer_mut(consumer);
                    (consumer.seen_ms, consumer.active_ms) = (seen_ms, active_ms);
                }
                Step::Made(number) => drop(self.take(number)),
                Step::Gone(number, consumer) => {
                    let at = self.free.iter().rposition(|free| *free == number).expect("free since it went");
                    self.free.swap_remove(at);
                    self.seat(number, consumer);
                }
            }
        }
    }

    pub fn set_position(&mut self, last_id: Id, entries_read: i64, log: &mut Log) {
        log.push(|| Step::Position(self.last_id, self.entries_read));
        (self.last_id, self.entries_read) = (last_id, entries_read);
    }

    // ---- consumers ----

    /// Consumers with their numbers, by name.
    pub fn consumers(&self) -> impl ExactSizeIterator<Item = (u32, &Consumer)> {
        self.names.values().map(|number| (*number, self.consumer(*number)))
    }

    pub fn find(&self, name: &[u8]) -> Option<u32> {
        self.names.get(name).copied()
    }

    pub fn consumer(&self, number: u32) -> &Consumer {
        self.consumers[number as usize].as_ref().expect("the number of a consumer")
    }

    fn consumer_mut(&mut self, number: u32) -> &mut Consumer {
        self.consumers[number as usize].as_mut().expect("the number of a consumer")
    }

    /// Who has a pending entry; None: nobody.
    pub fn owner(&self, row: Pending) -> Option<&Consumer> {
        Some(self.consumer(row.owner.checked_sub(1)?))
    }

    /// A new consumer, whose name is free.
    pub fn make(&mut self, name: &[u8], now_ms: i64, log: &mut Log) -> u32 {
        let number = self.free.pop().unwrap_or(self.consumers.len() as u32);
        let name = Arc::from(name);
        self.seat(number, Consumer { name, seen_ms: now_ms, active_ms: -1, pending: 0, low: Id::MAX });
        log.push(|| Step::Made(number));
        number
    }

    fn seat(&mut self, number: u32, consumer: Consumer) {
        let at = number as usize;
        if self.consumers.len() <= at {
            self.consumers.resize_with(at + 1, || None);
        }
        self.name_bytes += consumer.name.len();
        self.names.insert(consumer.name.clone(), number);
        self.consumers[at] = Some(consumer);
    }

    fn take(&mut self, number: u32) -> Consumer {
        let consumer = self.consumers[number as usize].take().expect("the number of a consumer");
        self.names.remove(&consumer.name);
        self.name_bytes -= consumer.name.len();
        self.free.push(number);
        consumer
    }

    /// Deletes a consumer and what is pending for it; gives how much that was.
    pub fn delete(&mut self, number: u32, log: &mut Log) -> u64 {
        let pending = self.consumer(number).pending;
        if pending > 0 {
            self.pel.remove_owned(number + 1, |row| log.push(|| Step::Pending(row.id, Some(row))));
            // What comes back is counted as it comes.
            self.consumer_mut(number).pending = 0;
        }
        let consumer = self.take(number);
        log.push(|| Step::Gone(number, consumer));
        pending
    }

    /// The consumer asked for something, and got it if `active`.
    pub fn touch(&mut self, number: u32, now_ms: i64, active: bool, log: &mut Log) {
        let consumer = self.consumers[number as usize].as_mut().expect("the number of a consumer");
        let (seen_ms, active_ms) = (consumer.seen_ms, consumer.active_ms);
        log.push(|| Step::Times { consumer: number, seen_ms, active_ms });
        consumer.seen_ms = now_ms;
        if active {
            consumer.active_ms = now_ms;
        }
    }

    // ---- pending entries ----

    /// Makes an entry pending, in place of what is pending under its id. Gives that.
    pub fn put(&mut self, row: Pending, log: &mut Log) -> Option<Pending> {
        let old = self.pel.put(row);
        let before = old.map_or(NOBODY, |old| old.owner);
        if before != row.owner {
            if before != NOBODY {
                self.consumer_mut(before - 1).pending -= 1;
            }
            if row.owner != NOBODY {
                let consumer = self.consumer_mut(row.owner - 1);
                consumer.low = if consumer.pending == 0 { row.id } else { consumer.low.min(row.id) };
                consumer.pending += 1;
            }
        }
        log.push(|| Step::Pending(row.id, old));
        old
    }

    /// What was pending under `id` is no longer.
    pub fn remove(&mut self, id: Id, log: &mut Log) -> Option<Pending> {
        let old = self.pel.remove(id)?;
        if old.owner != NOBODY {
            self.consumer_mut(old.owner - 1).pending -= 1;
        }
        log.push(|| Step::Pending(id, Some(old)));
        Some(old)
    }

    /// Gives an entry back: nobody's, behind those that were given back before.
    pub fn give_back(&mut self, id: Id, count: u64, log: &mut Log) {
        // The place is never taken twice, so it needs no undoing.
        self.nacks += 1;
        self.put(Pending { id, owner: NOBODY, time: self.nacks, count }, log);
    }

    /// The pending entries of a consumer from `from` on.
    pub fn pending_of(&self, number: u32, from: Id) -> impl Iterator<Item = Pending> + '_ {
        let consumer = self.consumer(number);
        let rows = self.pel.owned_from(number + 1, from.max(consumer.low));
        rows.take(if consumer.pending == 0 { 0 } else { usize::MAX })
    }

    /// As far as it is now known, none of a consumer's pending entries is below `low`.
    pub fn raise_low(&mut self, number: u32, low: Id) {
        let consumer = self.consumer_mut(number);
        debug_assert!(low >= consumer.low);
        consumer.low = low;
    }

    pub fn low(&self, number: u32) -> Id {
        self.consumer(number).low
    }
}
