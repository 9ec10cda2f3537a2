//! Members on their way through a combination of sets, some tens at a time, so that the cache misses of their lookups overlap.

use smallvec::SmallVec;

use super::ints::Ints;
use super::member::{self, MemberRef, MemberTable};
use super::packed::{self, Packed};
use super::value::{SetValue, View};
use crate::ds::item::{Coded, Item, after, decoded};
use crate::ds::segments::Prefix;
use crate::sys::cpu::prefetch;

/// Members of a batch, about: enough to cover the latency of memory, few enough to stay in the first cache.
pub const BATCH_MEMBERS: usize = 48;
/// Tables with more members are loaded ahead; smaller ones are in the cache after a few lookups.
const PREFETCH_MEMBERS_MIN: usize = 1024;
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
        let mut add = |item| batch.push(Candidate { what: What::Item(item), hash: UNKNOWN });
        match set.view() {
            View::Ints(ints) => {
                let (from, to) = (self.0 as usize, ints.len().min(self.0 as usize + BATCH_MEMBERS));
                (from..to).for_each(|index| add(Item::Int(ints.get(index))));
                self.0 = to as u64;
                to < ints.len()
            }
            View::Packed(packed) => {
                let run = packed.run();
                let mut at = (self.0 as usize).max(packed::HEAD_BYTES);
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
                    prefetch(member.address());
                    batch.push(Candidate { what: What::Member(member), hash });
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
    Packed(Packed<'s>),
    Indexed(Index<'s>),
    Table(&'s MemberTable),
}

impl<'s> Probe<'s> {
    /// For about so many lookups. `ascending`: of integers in ascending order.
    pub fn new(set: &'s SetValue, lookups: usize) -> Probe<'s> {
        match set.view() {
            View::Ints(ints) => Probe::Ints(ints, 0),
            View::Packed(packed) if packed.len() >= INDEX_MEMBERS_MIN && lookups >= INDEX_MEMBERS_MIN / 2 => {
                Index::of(packed).map_or(Probe::Packed(packed), Probe::Indexed)
            }
            View::Packed(packed) => Probe::Packed(packed),
            View::Table(table) => Probe::Table(table),
        }
    }

    /// Keeps the candidates that are in the set, or with `there` false those that are not.
    pub fn retain(&mut self, batch: &mut Batch, there: bool) {
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
            Probe::Packed(packed) => {
                batch.retain(|candidate| packed.find(&Coded::canonical(candidate.item())).is_some() == there);
            }
            Probe::Indexed(index) => batch.retain(|candidate| index.contains(candidate) == there),
            Probe::Table(table) => {
                if table.len() > PREFETCH_MEMBERS_MIN {
                    for blocks in [false, true] {
                        for candidate in batch.iter_mut() {
                            let hash = candidate.hash_for(table);
                            table.prefetch(hash.hash, blocks);
                        }
                    }
                }
                batch.retain(|candidate| is_in(table, candidate) == there);
            }
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

/// Members of a listpack by hash: where each begins in the run, in an open table at most half full.
pub struct Index<'s> {
    run: &'s [u8],
    slots: Vec<u16>,
    shift: u32,
}

impl<'s> Index<'s> {
    /// None: the run is too long for short offsets.
    fn of(packed: Packed<'s>) -> Option<Index<'s>> {
        let run = packed.run();
        u16::try_from(run.len()).ok()?;
        let count = (packed.len() * 2).next_power_of_two();
        let mut index = Index { run, slots: vec![0; count], shift: 64 - count.trailing_zeros() };
        for span in packed.spans() {
            let mut slot = (member::hash(packed.get(span)) >> index.shift) as usize;
            while index.slots[slot] != 0 {
                slot = (slot + 1) % count;
            }
            index.slots[slot] = span.at as u16;
        }
        Some(index)
    }

    fn contains(&self, candidate: &mut Candidate) -> bool {
        let mut slot = (candidate.full_hash() >> self.shift) as usize;
        let item = candidate.item();
        // No member begins at 0, where the head of the run is.
        while self.slots[slot] != 0 {
            let at = self.slots[slot] as usize;
            if decoded(&self.run[at..after(self.run, at)]) == item {
                return true;
            }
            slot = (slot + 1) % self.slots.len();
        }
        false
    }
}
