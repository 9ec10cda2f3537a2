//! The entries of a stream: blocks in the order of ids, and the numbers that change with them.
//!
//! ```text
//!   sealed   ladder of full blocks            first … last
//!   tail     the block that entries are appended to, beside the numbers
//! ```
//!
//! A clone shares the blocks and is a snapshot (`ladder.rs`). What changes here is taken back by `value.rs`.

use std::sync::Arc;

use super::block::{Block, Entry};
use super::id::Id;
use super::idmp::Policy;
use super::ladder::{Chunk, Ladder, Place, Rung};

#[derive(Clone, Debug)]
pub struct Entries {
    pub(super) sealed: Ladder<Block>,
    /// None: there are no entries in it.
    pub(super) tail: Option<Block>,
    pub(super) state: State,
}

/// The numbers of a stream, which mostly change together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct State {
    /// The id last given, to an entry that may be gone.
    pub last_id: Id,
    /// Of the first entry there is; 0-0 in an empty stream.
    pub first_id: Id,
    /// The greatest id of an entry that was deleted (not trimmed).
    pub max_deleted: Id,
    pub entries_added: u64,
    pub policy: Policy,
    /// An idempotent producer has written to it, or its policy was set.
    pub knows_producers: bool,
    pub iids_added: u64,
    pub iids_duplicates: u64,
}

/// A block: one of the ladder, or the tail.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Spot {
    Sealed(Place),
    Tail,
}

/// Blocks taken off the front.
pub enum Piece {
    Chunk(Arc<Chunk<Block>>),
    Block(Block),
}

impl Entries {
    pub fn new(policy: Policy) -> Entries {
        Entries {
            sealed: Ladder::default(),
            tail: None,
            state: State {
                last_id: Id::MIN,
                first_id: Id::MIN,
                max_deleted: Id::MIN,
                entries_added: 0,
                policy,
                knows_producers: false,
                iids_added: 0,
                iids_duplicates: 0,
            },
        }
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    /// How many there are.
    #[inline]
    pub fn length(&self) -> u64 {
        self.sealed.elements() + self.tail.as_ref().map_or(0, Block::live)
    }

    pub fn blocks(&self) -> usize {
        self.sealed.len() + self.tail.is_some() as usize
    }

    #[inline]
    pub fn heap_bytes(&self) -> usize {
        self.sealed.heap_bytes() + self.tail.as_ref().map_or(0, Rung::heap_bytes)
    }

    // ---- reading ----

    pub(super) fn block(&self, spot: Spot) -> &Block {
        match spot {
            Spot::Sealed(place) => self.sealed.at(place),
            Spot::Tail => self.tail.as_ref().expect("a spot is where a block is"),
        }
    }

    /// The block that has `id`, if any has.
    #[inline]
    pub(super) fn find(&self, id: Id) -> Option<Spot> {
        if self.tail.as_ref().is_some_and(|tail| tail.base() <= id) {
            return Some(Spot::Tail);
        }
        self.sealed.find(id).map(Spot::Sealed)
    }

    pub(super) fn first_spot(&self) -> Option<Spot> {
        self.sealed.first().map(Spot::Sealed).or(self.tail.is_some().then_some(Spot::Tail))
    }

    fn last_spot(&self) -> Option<Spot> {
        if self.tail.is_some() { Some(Spot::Tail) } else { self.sealed.last().map(Spot::Sealed) }
    }

    fn after(&self, spot: Spot) -> Option<Spot> {
        let Spot::Sealed(place) = spot else { return None };
        self.sealed.after(place).map(Spot::Sealed).or(self.tail.is_some().then_some(Spot::Tail))
    }

    fn before(&self, spot: Spot) -> Option<Spot> {
        match spot {
            Spot::Tail => self.sealed.last(),
            Spot::Sealed(place) => self.sealed.before(place),
        }
        .map(Spot::Sealed)
    }

    /// The entry with this id.
    #[inline]
    pub fn get(&self, id: Id) -> Option<Entry<'_>> {
        self.block(self.find(id)?).get(id)
    }

    /// Gives the entries of an interval, its ends included, to `each` until that says false.
    #[inline]
    pub fn range(&self, start: Id, end: Id, mut each: impl FnMut(Entry<'_>) -> bool) {
        if start > self.state.last_id {
            return;
        }
        let mut spot = self.find(start).or_else(|| self.first_spot());
        while let Some(here) = spot {
            for entry in self.block(here).live_from(start) {
                if entry.id > end || !each(entry) {
                    return;
                }
            }
            spot = self.after(here);
        }
    }

    /// The same from the greatest id to the least.
    pub fn range_back(&self, start: Id, end: Id, mut each: impl FnMut(Entry<'_>) -> bool) {
        let mut spot = if end >= self.state.last_id { self.last_spot() } else { self.find(end) };
        let mut offsets = Vec::new();
        while let Some(here) = spot {
            let block = self.block(here);
            block.live_offsets(&mut offsets);
            for at in offsets.iter().rev() {
                let entry = block.entry(*at as usize);
                if entry.id > end {
                    continue;
                }
                if entry.id < start || !each(entry) {
                    return;
                }
            }
            spot = self.before(here);
        }
    }

    /// How many entries an interval has, its ends included. Cost: a walk of two blocks and a look at the chunks between.
    pub fn count(&self, start: Id, end: Id) -> u64 {
        let Some(first) = self.find(start).or_else(|| self.first_spot()) else { return 0 };
        let Some(last) = self.find(end) else { return 0 };
        let within = |spot: Spot| {
            let entries = self.block(spot).live_from(start);
            entries.take_while(|entry| entry.id <= end).count() as u64
        };
        if first == last || start > end {
            return if start > end { 0 } else { within(first) };
        }
        let between = match (first, last) {
            (Spot::Sealed(low), Spot::Sealed(high)) => self.sealed.between(low, high),
            (Spot::Sealed(low), Spot::Tail) => {
                let high = self.sealed.last().expect("low is there");
                if low == high { 0 } else { self.sealed.between(low, high) + self.sealed.at(high).live() }
            }
            (Spot::Tail, _) => 0,
        };
        within(first) + between + within(last)
    }

    /// The id of the last entry there is.
    pub fn last_live(&self) -> Option<Id> {
        self.block(self.last_spot()?).last_live().map(|entry| entry.id)
    }

    pub(super) fn first_live(&self) -> Option<Id> {
        self.block(self.first_spot()?).first_live().map(|entry| entry.id)
    }

    // ---- blocks, for changes ----

    pub(super) fn edit_block<T>(&mut self, spot: Spot, edit: impl FnOnce(&mut Block) -> T) -> T {
        match spot {
            Spot::Sealed(place) => self.sealed.edit(place, edit),
            Spot::Tail => edit(self.tail.as_mut().expect("a spot is where a block is")),
        }
    }

    /// As [`Entries::edit_block`], of the block with this base, which is there.
    pub(super) fn edit_based<T>(&mut self, base: Id, edit: impl FnOnce(&mut Block) -> T) -> T {
        let spot = self.find(base).expect("a block that was changed is there when it is changed back");
        self.edit_block(spot, edit)
    }

    /// The block of the first entry from `id` on, deleted ones counted.
    pub(super) fn block_from(&self, id: Id) -> Option<&Block> {
        let spot = self.find(id).or_else(|| self.first_spot())?;
        let block = self.block(spot);
        if block.entries().last().is_some_and(|last| last.id >= id) {
            return Some(block);
        }
        self.after(spot).map(|spot| self.block(spot))
    }

    pub(super) fn front(&self) -> Option<&Block> {
        self.first_spot().map(|spot| self.block(spot))
    }

    /// Base of the block after the first.
    pub(super) fn second_base(&self) -> Option<Id> {
        self.after(self.first_spot()?).map(|spot| self.block(spot).base())
    }

    /// Entries of the first chunk of blocks, and the base of the block behind it.
    pub(super) fn front_chunk(&self) -> Option<(u64, Option<Id>)> {
        let (elements, next) = self.sealed.first_chunk()?;
        Some((elements, next.or(self.tail.as_ref().map(Block::base))))
    }

    pub(super) fn take_front_chunk(&mut self) -> Option<Piece> {
        self.sealed.pop_chunk().map(Piece::Chunk)
    }

    pub(super) fn take_front(&mut self) -> Option<Piece> {
        match self.sealed.first() {
            Some(place) => Some(Piece::Block(self.sealed.remove(place))),
            None => self.tail.take().map(Piece::Block),
        }
    }

    /// Undo of the takes, newest first. `was_tail`: the last piece was the tail.
    pub(super) fn put_front(&mut self, pieces: Vec<Piece>, was_tail: bool) {
        for (turn, piece) in pieces.into_iter().rev().enumerate() {
            match piece {
                Piece::Block(block) if turn == 0 && was_tail => self.tail = Some(block),
                Piece::Block(block) => self.sealed.push_front(block),
                Piece::Chunk(chunk) => self.sealed.push_chunk(chunk),
            }
        }
    }
}
