//! Members on their way through a combination of sets, some tens at a time, so that the cache misses of their lookups overlap.

use smallvec::SmallVec;

use super::ints::Ints;
use super::items::Items;
use super::member::{self, MemberRef, MemberTable};
use super::value::{SetValue, View};
use crate::ds::item::{Coded, Item, after, decoded};
use crate::ds::segments::{Glimpse, Prefix};
use crate::sys::cpu::prefetch;

/// Members of a batch, about: enough to cover the latency of memory, few enough to stay in the first cache.
pub const BATCH_MEMBERS: usize = 48;
/// A listpack with more members is indexed before it is asked for several; below, walking it is cheaper.
const INDEX_MEMBERS_MIN: usize = 8;

/// A member that may turn out to belong to the result.
#[derive(Clone, Copy)]
pub struct Candidate<'s> {
    what: What<'s>,
    /// As far as known: its first bits, the others 0.
    hash: Prefix,
}

#[derive(Clone, Copy)]
enum What<'s> {
    Item(Item<'s>),
    /// Not read yet: what is known of its hash may be enough to drop it.
    Member(MemberRef<'s>),
}

const UNKNOWN: Prefix = Prefix { hash: 0, bits: 0 };

impl<'s> Candidate<'s> {
    #[inline]
    pub fn item(&self) -> Item<'s> {
        match self.what {
            What::Item(item) => item,
            What::Member(member) => member.item(),
        }
    }

    #[inline]
    pub fn full_hash(&mut self) -> u64 {
        if self.hash.bits < 64 {
            self.hash = Prefix { hash: member::hash(self.item()), bits: 64 };
        }
        self.hash.hash
    }

    /// As much of the hash as a lookup in `table` takes.
    #[inline]
    fn hash_for(&mut self, table: &MemberTable) -> Prefix {
        if self.hash.bits < table.depth_at(self.hash.hash) + 24 {
            self.full_hash();
        }
        self.hash
    }
}

pub type Batch<'s> = SmallVec<[Candidate<'s>; BATCH_MEMBERS + 16]>;

/// A way through one set, batch by batch. The set must not change on the way; 0 begins.
#[derive(Clone, Copy, Default)]
pub struct Position(u64);

impl Position {
    /// Adds the next members to `batch`; false: they were the last.
    pub fn next<'s>(&mut self, set: &'s SetValue, batch: &mut Batch<'s>) -> bool {
        self.next_passing(set, batch, |_| true)
    }

    /// The same, without those of a table that do not `pass` by what is known of their hashes.
    #[inline]
    pub fn next_passing<'s>(
        &mut self,
        set: &'s SetValue,
        batch: &mut Batch<'s>,
        mut pass: impl FnMut(Prefix) -> bool,
    ) -> bool {
        let mut add = |item| batch.push(Candidate { what: What::Item(item), hash: UNKNOWN });
        match set.view() {
            View::Ints(ints) => {
                let (from, to) = (self.0 as usize, ints.len().min(self.0 as usize + BATCH_MEMBERS));
                (from..to).for_each(|index| add(Item::Int(ints.get(index))));
                self.0 = to as u64;
                to < ints.len()
            }
            View::Items(items) => {
                let run = items.run();
                let mut at = self.0 as usize;
                for _ in 0..BATCH_MEMBERS {
                    if at >= run.len() {
                        break;
                    }
                    let end = after(run, at);
                    add(decoded(&run[at..end]));
                    at = end;
                }
                self.0 = at as u64;
                at < run.len()
            }
            View::Table(table) => {
                self.0 = table.scan_prefixed(self.0, BATCH_MEMBERS, |hash, member| {
                    if pass(hash) {
                        prefetch(member.address());
                        batch.push(Candidate { what: What::Member(member), hash });
                    }
                });
                self.0 != 0
            }
        }
    }
}

/// A set that members are looked up in.
pub enum Probe<'s> {
    /// With where the last one was found: they are asked for in ascending order, or from the beginning.
    Ints(Ints<'s>, usize),
    Items(Items<'s>),
    Indexed(Index<'s>),
    Table(&'s MemberTable),
}

impl<'s> Probe<'s> {
    /// For about so many lookups. `ascending`: of integers in ascending order.
    pub fn new(set: &'s SetValue, lookups: usize) -> Probe<'s> {
        match set.view() {
            View::Ints(ints) => Probe::Ints(ints, 0),
            View::Items(items) if items.len() >= INDEX_MEMBERS_MIN && lookups >= INDEX_MEMBERS_MIN / 2 => {
                Index::of(items).map_or(Probe::Items(items), Probe::Indexed)
            }
            View::Items(items) => Probe::Items(items),
            View::Table(table) => Probe::Table(table),
        }
    }

    /// Keeps the candidates that are in the set, or with `there` false those that are not. `loaded`: what that looks at is on
    /// its way into the cache.
    pub fn retain(&mut self, batch: &mut Batch, there: bool, loaded: bool) {
        match self {
            Probe::Ints(ints, from) => batch.retain(|candidate| {
                let Item::Int(number) = candidate.item() else { return !there };
                // A number below the last one: another walk has begun, or one by hash.
                if *from > 0 && (*from >= ints.len() || ints.get(*from) > number) {
                    *from = 0;
                }
                match ints.gallop(number, *from) {
                    Ok(at) => {
                        *from = at;
                        there
                    }
                    Err(at) => {
                        *from = at.saturating_sub(1);
                        !there
                    }
                }
            }),
            Probe::Items(items) => {
                batch.retain(|candidate| items.find(&Coded::canonical(candidate.item())).is_some() == there);
            }
            Probe::Indexed(index) => batch.retain(|candidate| index.contains(candidate) == there),
            Probe::Table(table) => {
                if !loaded {
                    load_ahead(table, batch);
                }
                batch.retain(|candidate| is_in(table, candidate) == there);
            }
        }
    }

    /// Does a walk over `walked` know as much of each hash as a look into this takes?
    pub fn is_glimpsed_from(&self, walked: &SetValue) -> bool {
        match (self, walked.view()) {
            (Probe::Table(table), View::Table(walked)) => table.depth_at(0) <= walked.depth_at(0),
            _ => false,
        }
    }

    /// May a member with such a hash be in the set? Loads ahead the one that may be it.
    #[inline]
    pub fn may_have(&self, hash: Prefix) -> bool {
        let Probe::Table(table) = self else { return true };
        match table.glimpse(hash) {
            Glimpse::No => false,
            Glimpse::TooShort => true,
            Glimpse::Maybe(member) => {
                prefetch(member.address());
                true
            }
        }
    }
}

/// Starts loading what looking these up in a table will touch. Where their prefixes do, they go through it in its own order:
/// its buckets come by themselves.
fn load_ahead(table: &MemberTable, batch: &mut Batch) {
    let mut scattered = false;
    for candidate in batch.iter_mut() {
        match table.glimpse(candidate.hash) {
            Glimpse::No => (),
            Glimpse::Maybe(member) => prefetch(member.address()),
            Glimpse::TooShort => {
                scattered = true;
                table.prefetch(candidate.full_hash(), false);
            }
        }
    }
    if scattered {
        for candidate in batch.iter_mut() {
            table.prefetch(candidate.hash_for(table).hash, true);
        }
    }
}

/// Is it in the table? Most that are not are told by their hash alone.
#[inline]
pub fn is_in(table: &MemberTable, candidate: &mut Candidate) -> bool {
    let hash = candidate.hash_for(table);
    let found = table.find_by_prefix(hash, |other| other.is(candidate.item()));
    found.expect("the prefix is as long as the table asks").is_some()
}

/// Members of a listpack by hash: one more than where each begins in the run, in an open table at most half full.
pub struct Index<'s> {
    run: &'s [u8],
    slots: Vec<u16>,
    shift: u32,
}

impl<'s> Index<'s> {
    /// None: the run is too long for short offsets.
    fn of(items: Items<'s>) -> Option<Index<'s>> {
        let run = items.run();
        u16::try_from(run.len()).ok()?;
        let count = (items.len() * 2).next_power_of_two();
        let mut index = Index { run, slots: vec![0; count], shift: 64 - count.trailing_zeros() };
        for span in items.spans() {
            let mut slot = (member::hash(items.get(span)) >> index.shift) as usize;
            while index.slots[slot] != 0 {
                slot = (slot + 1) % count;
            }
            index.slots[slot] = span.at as u16 + 1;
        }
        Some(index)
    }

    fn contains(&self, candidate: &mut Candidate) -> bool {
        let mut slot = (candidate.full_hash() >> self.shift) as usize;
        let item = candidate.item();
        while self.slots[slot] != 0 {
            let at = self.slots[slot] as usize - 1;
            if decoded(&self.run[at..after(self.run, at)]) == item {
                return true;
            }
            slot = (slot + 1) % self.slots.len();
        }
        false
    }
}
