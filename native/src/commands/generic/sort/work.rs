//! A SORT on its way: at once for some thousands of elements, in slices for more.
//!
//! ```text
//!   Gather   elements of a snapshot ─▶ texts              Sort    runs of some thousands ─▶ in order, each
//!   Weigh    BY: keys looked up ─▶ what to compare by     Merge   the runs ─▶ one order
//!                                                         Write   GET: keys looked up ─▶ reply, or the list to store
//! ```
//!
//! Done at once, all keys it reads are latched together. In slices, the elements are those of the moment it began with, and
//! the keys that BY and GET name are read when their turn comes.

use std::cmp::Ordering;

use super::elements::{Elements, Order};
use super::options::Options;
use super::pattern::{BATCH_KEYS, Keys, Pattern};
use super::source::{Source, Walk};
use crate::ds::entry::{NewValue, Object};
use crate::ds::item::Item;
use crate::resp::args::OwnedArgs;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::txn::access::Expiry;
use crate::txn::{Class, Effect, Progress, Slice, Txn, Work};
use crate::types::list::Limits;
use crate::types::list::value::ListValue;

/// Elements that are sorted in one go: about a millisecond.
pub const AT_ONCE_ELEMENTS_MAX: usize = 16_384;
/// Elements of a run that is sorted in one slice.
const RUN_ELEMENTS: usize = 2048;

/// So many elements are freed where they were gathered, in less than 0.1 ms, and their memory serves the next.
const FREED_HERE_MAX: usize = 1 << 16;
/// Elements merged between two looks at the clock.
const MERGED_ELEMENTS: usize = 256;
/// Elements of one RPUSH in the log.
const LOGGED_ELEMENTS_MAX: usize = 1024;

pub struct Sort {
    options: Options,
    source: Source,
    walk: Walk,
    elements: Elements,
    order: Order,
    /// Nothing is compared.
    unsorted: bool,
    /// The part of the order that is wanted.
    range: std::ops::Range<usize>,
    phase: Phase,
    /// How far the phase has come.
    at: usize,
    not_a_number: bool,
    /// Of each run, the next element.
    heads: Vec<usize>,
    /// The order, where it is not that of `elements`: indexes.
    merged: Vec<u32>,
    keys: Keys,
    replied: bool,
    /// What is stored: the list, and the commands that make it again where they are logged.
    stored: ListValue,
    logged: Vec<OwnedArgs>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Phase {
    Gather,
    Weigh,
    Sort,
    Merge,
    Write,
    Store,
}

impl Sort {
    /// `scripted`: what comes in no order must come in some order that does not change from run to run.
    pub fn new(options: Options, source: Source, scripted: bool) -> Sort {
        let mut order = Order { alpha: options.alpha, by: options.by.is_some(), descending: options.descending };
        let mut unsorted = options.unsorted;
        if unsorted && !source.is_ordered() && (options.store.is_some() || scripted) {
            unsorted = false;
            order = Order { alpha: true, by: false, ..order };
        }
        let len = source.len();
        let mut range = options.range(len);
        let mut walk = 0..len;
        if unsorted && source.is_ordered() {
            walk = if order.descending { len - range.end..len - range.start } else { range.clone() };
            range = 0..walk.len();
        }
        let elements = Elements::with_room(walk.len(), source.bytes_of(walk.len()));
        Sort {
            options,
            source,
            walk: Walk::through(walk),
            elements,
            order,
            unsorted,
            range,
            phase: Phase::Gather,
            at: 0,
            not_a_number: false,
            heads: Vec::new(),
            merged: Vec::new(),
            keys: Keys::default(),
            replied: false,
            stored: ListValue::default(),
            logged: Vec::new(),
        }
    }

    /// Elements that are gone through.
    pub fn work(&self) -> usize {
        if self.unsorted && self.source.is_ordered() { self.range.len() } else { self.source.len() }
    }

    /// How many keys it looks up, besides those that its words name.
    pub fn lookups(&self) -> usize {
        let by = if self.order.by && !self.unsorted { self.source.len() } else { 0 };
        by + self.range.len() * self.options.gets.iter().filter(|get| matches!(get, Pattern::Key(_))).count()
    }

    /// All of it, for the handler. Err: a shard is held for long, and nothing has changed.
    pub fn at_once(mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Effect, u32> {
        self.go_on(txn, reply, false, || true)?;
        if self.not_a_number {
            return Ok(Effect::None);
        }
        Ok(if self.options.store.is_some() { self.put(txn, reply) } else { Effect::None })
    }

    fn next(&mut self, phase: Phase) {
        (self.phase, self.at) = (phase, 0);
    }

    /// Goes on until `go_on` says no (More) or all is there but for storing it.
    fn go_on(
        &mut self,
        txn: &mut Txn,
        reply: &mut Reply,
        sliced: bool,
        mut go_on: impl FnMut() -> bool,
    ) -> Result<Progress, u32> {
        loop {
            match self.phase {
                Phase::Gather => {
                    let Sort { walk, source, elements, .. } = self;
                    if !walk.next(source, |item| elements.push(item)) {
                        if self.unsorted && self.source.is_ordered() && self.order.descending {
                            self.elements.all.reverse();
                        }
                        self.next(if self.unsorted { Phase::Write } else { Phase::Weigh });
                    }
                }
                Phase::Weigh if self.at == self.elements.all.len() => self.next(Phase::Sort),
                Phase::Weigh => self.weigh(txn)?,
                Phase::Sort if !sliced => {
                    self.merged = self.elements.sorted_for(self.range.clone(), self.order);
                    self.next(Phase::Write);
                }
                Phase::Sort if self.at < self.elements.all.len() => {
                    let end = (self.at + RUN_ELEMENTS).min(self.elements.all.len());
                    self.elements.sort(self.at..end, self.order);
                    self.heads.push(self.at);
                    self.at = end;
                }
                Phase::Sort => {
                    let Sort { elements, heads, order, .. } = self;
                    for parent in (0..heads.len() / 2).rev() {
                        sift_down(heads, parent, |left, right| before(elements, *order, left, right));
                    }
                    self.merged.reserve_exact(self.range.end);
                    self.next(Phase::Merge);
                }
                Phase::Merge if self.merged.len() < self.range.end => self.merge(),
                Phase::Merge => self.next(Phase::Write),
                Phase::Write => {
                    if self.write(txn, reply)? == Progress::Done {
                        self.next(Phase::Store);
                        return Ok(Progress::Done);
                    }
                }
                Phase::Store => return Ok(Progress::Done),
            }
            if !go_on() {
                return Ok(Progress::More);
            }
        }
    }

    /// Finds out what some elements are ordered by.
    fn weigh(&mut self, txn: &mut Txn) -> Result<(), u32> {
        let end = (self.at + BATCH_KEYS).min(self.elements.all.len());
        let alpha = self.order.alpha;
        let mut right = true;
        match &self.options.by {
            Some(named) if self.order.by => {
                self.keys.take(txn, named, (self.at..end).map(|index| self.elements.text_at(index)))?;
                let (elements, mut index) = (&mut self.elements, self.at);
                self.keys.read(txn, named, |by| {
                    right &= elements.weigh_by(index, by, alpha);
                    index += 1;
                });
            }
            _ => (self.at..end).for_each(|index| right &= self.elements.weigh_itself(index, alpha)),
        }
        self.not_a_number |= !right;
        self.at = end;
        Ok(())
    }

    /// Takes the least of the runs' heads some times (a heap, the run with the least head first).
    fn merge(&mut self) {
        let Sort { elements, heads, merged, order, .. } = self;
        let end = (merged.len() + MERGED_ELEMENTS).min(self.range.end);
        while merged.len() < end {
            merged.push(heads[0] as u32);
            let next = heads[0] + 1;
            if next.is_multiple_of(RUN_ELEMENTS) || next == elements.all.len() {
                heads.swap_remove(0);
            } else {
                heads[0] = next;
            }
            sift_down(heads, 0, |left, right| before(elements, *order, left, right));
        }
    }

    /// Writes or keeps what is asked for of some elements.
    fn write(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        if self.not_a_number {
            reply.error(error::SORT_NOT_DOUBLE);
            return Ok(Progress::Done);
        }
        let gets = self.options.gets.len().max(1);
        let storing = self.options.store.is_some();
        if !storing && !std::mem::replace(&mut self.replied, true) {
            reply.array(self.range.len() * gets);
        }
        let start = self.range.start + self.at;
        let end = (start + BATCH_KEYS).min(self.range.end);
        let mut found: Vec<Option<Vec<u8>>> = Vec::new();
        // One pattern after the other is looked up for the whole batch; the result has them element by element.
        let limits = Limits::of(&txn.store.settings);
        let Sort { options, elements, merged, keys, .. } = self;
        for pattern in &options.gets {
            let texts = (start..end).map(|place| elements.text_at(placed(merged, place)));
            match pattern {
                Pattern::Itself => found.extend(texts.map(|text| Some(text.to_vec()))),
                Pattern::Nothing => found.extend(texts.map(|_| None)),
                Pattern::Key(named) => {
                    keys.take(txn, named, texts)?;
                    keys.read(txn, named, |item| found.push(item.map(Item::to_vec)));
                }
            }
        }
        let count = end - start;
        for place in start..end {
            if self.options.gets.is_empty() {
                let text = self.elements.text_at(placed(&self.merged, place));
                if storing {
                    let text = text.to_vec();
                    self.keep(&text, &limits, txn.record);
                } else {
                    reply.bulk(text);
                }
            }
            for pattern in 0..self.options.gets.len() {
                match found[pattern * count + place - start].take() {
                    text if storing => self.keep(&text.unwrap_or_default(), &limits, txn.record),
                    None => reply.null(),
                    Some(text) => reply.bulk(&text),
                }
            }
        }
        self.at += count;
        Ok(if end == self.range.end { Progress::Done } else { Progress::More })
    }

    /// Stores the result as a list, or removes what is there where it is empty. The destination's shard is latched.
    fn put(&mut self, txn: &mut Txn, reply: &mut Reply) -> Effect {
        let key = self.options.store.take().expect("asked for");
        let count = self.stored.len();
        reply.int(count as i64);
        if count == 0 {
            if !txn.remove(&key) {
                return Effect::None;
            }
            txn.changed(&key, Class::Generic, "del");
            return Effect::Verbatim;
        }
        let list = std::mem::take(&mut self.stored);
        txn.set(&key, NewValue::Object(Box::new(list)), Expiry::Clear);
        txn.changed(&key, Class::List, "sortstore");
        txn.dirty += count as u64 - 1;
        if !txn.record {
            return Effect::Verbatim;
        }
        // What BY and GET have read may be other things where the log is: the result is what travels.
        Effect::Rewrite(std::mem::take(&mut self.logged))
    }

    /// Adds an element to the list that will be stored.
    fn keep(&mut self, text: &[u8], limits: &Limits, record: bool) {
        if record {
            let key = self.options.store.as_deref().expect("asked for");
            if self.logged.is_empty() {
                self.logged.push(OwnedArgs::of(&[b"DEL", key]));
            }
            if self.stored.len().is_multiple_of(LOGGED_ELEMENTS_MAX) {
                self.logged.push(OwnedArgs::of(&[b"RPUSH", key]));
            }
            self.logged.last_mut().expect("pushed above").push(text);
        }
        self.stored.add(text, limits);
    }
}

/// The element that stands at `place` of the order.
fn placed(merged: &[u32], place: usize) -> usize {
    if merged.is_empty() { place } else { merged[place] as usize }
}

fn before(elements: &Elements, order: Order, left: usize, right: usize) -> bool {
    // Of equal elements the one that came first; runs keep that order, and lie behind each other.
    let (first, second) = (&elements.all[left], &elements.all[right]);
    elements.compare(first, second, order).then(left.cmp(&right)) == Ordering::Less
}

/// Moves the head at `at` down a heap to where it belongs.
fn sift_down(heap: &mut [usize], mut at: usize, before: impl Fn(usize, usize) -> bool) {
    loop {
        let mut least = at;
        for child in [2 * at + 1, 2 * at + 2] {
            if child < heap.len() && before(heap[child], heap[least]) {
                least = child;
            }
        }
        if least == at {
            return;
        }
        heap.swap(at, least);
        at = least;
    }
}

impl Drop for Sort {
    fn drop(&mut self) {
        if self.elements.all.len() > FREED_HERE_MAX {
            let gathered = (
                std::mem::take(&mut self.elements),
                std::mem::take(&mut self.merged),
                std::mem::take(&mut self.stored),
            );
            self.source.free_later(gathered);
        }
    }
}

impl Work for Sort {
    fn step(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        let slice = Slice::begin();
        if self.go_on(txn, reply, true, || !slice.is_over())? == Progress::More {
            return Ok(Progress::More);
        }
        let Some(key) = &self.options.store else { return Ok(Progress::Done) };
        if self.not_a_number {
            return Ok(Progress::Done);
        }
        let shard = txn.store.shard_of(txn.store.hash(key));
        if !txn.latch(shard) {
            return Err(shard);
        }
        if let Effect::Rewrite(commands) = self.put(txn, reply) {
            let db = txn.db;
            txn.effects.extend(commands.into_iter().map(|command| (db, command)));
        }
        Ok(Progress::Done)
    }
}
