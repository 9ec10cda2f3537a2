//! Trimming: the oldest entries go, by number or by id.

use super::block::Entry;
use super::entries::Piece;
use super::id::Id;
use super::value::StreamValue;
use crate::store::lazy_free::{ELEMENTS_MIN, Later, LazyFree};
use crate::txn::edit::Inverses;

/// Until when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Until {
    /// So many entries are left.
    Length(u64),
    /// No entry is below this id.
    Id(Id),
}

/// What happens to the references that groups have to an entry (Redis 8.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum References {
    /// They stay.
    #[default]
    Keep,
    /// They go with the entry.
    Drop,
    /// The entry stays while there are any.
    Obey,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trim {
    pub until: Until,
    /// Whole blocks only (`~`).
    pub roughly: bool,
    /// Entries at most; 0: no limit.
    pub limit: u64,
    pub references: References,
}

impl StreamValue {
    /// Gives how many entries went. Cost: whole chunks of blocks go at once; entry by entry only where references count.
    pub fn trim(&mut self, trim: Trim, free: &'static LazyFree, inverses: &mut Inverses) -> u64 {
        let before = self.length();
        if trim.references == References::Keep || self.groups().len() == 0 {
            let roughly = trim.roughly && trim.references == References::Keep;
            self.trim_blocks(Trim { roughly, ..trim }, free, inverses);
        } else {
            self.trim_entries(trim, inverses);
        }
        let deleted = before - self.length();
        if deleted > 0 {
            let first_id = self.entries.first_live().unwrap_or(Id::MIN);
            self.set_state(|state| state.first_id = first_id, inverses);
        }
        deleted
    }

    fn trim_blocks(&mut self, trim: Trim, free: &'static LazyFree, inverses: &mut Inverses) {
        let (mut pieces, mut deleted, mut was_tail) = (Vec::new(), 0, false);
        loop {
            let spare = match trim.until {
                Until::Length(length) => self.length().saturating_sub(length),
                Until::Id(_) => self.length(),
            };
            if spare == 0 {
                break;
            }
            let allowed = |entries: u64| trim.limit == 0 || deleted + entries <= trim.limit;
            let below = |next: Option<Id>| match trim.until {
                Until::Length(_) => true,
                Until::Id(id) => next.is_some_and(|next| next <= id),
            };
            if let Some((entries, next)) = self.entries.front_chunk()
                && entries <= spare
                && allowed(entries)
                && below(next)
            {
                pieces.extend(self.entries.take_front_chunk());
                deleted += entries;
                continue;
            }
            let Some(front) = self.entries.front() else { break };
            let entries = front.live();
            if !allowed(entries) {
                break;
            }
            let whole = match trim.until {
                Until::Length(_) => entries <= spare,
                Until::Id(id) => below(self.entries.second_base()) || last_id(self) < id,
            };
            if whole {
                was_tail = self.entries.blocks() == 1 && self.entries.front_chunk().is_none();
                pieces.extend(self.entries.take_front());
                deleted += entries;
                continue;
            }
            break;
        }
        if !pieces.is_empty() {
            self.let_go(pieces, was_tail, free, inverses);
        }
        let allowed = |entries: u64| trim.limit == 0 || deleted + entries <= trim.limit;
        if !trim.roughly && self.entries.front().is_some_and(|front| allowed(front.live())) {
            self.trim_inside(trim.until, inverses);
        }
    }

    /// Trims entries of the first block, which is to keep some.
    fn trim_inside(&mut self, until: Until, inverses: &mut Inverses) {
        let length = self.length();
        let Some(front) = self.entries.front() else { return };
        let (mut live, mut at) = (0u32, None);
        for entry in front.entries() {
            let stop = match until {
                Until::Length(most) => length - live as u64 <= most,
                Until::Id(id) => entry.id >= id,
            };
            if stop {
                break;
            }
            live += !entry.deleted as u32;
            at = Some(entry.end);
        }
        if let Some(at) = at.filter(|_| live > 0) {
            self.trim_front(at, live, inverses);
        }
    }

    /// Entry by entry, where groups have a say. As Redis goes block by block, so that a limit counts alike.
    fn trim_entries(&mut self, trim: Trim, inverses: &mut Inverses) {
        let unread = self.groups_last_id_min().unwrap_or(Id::MAX);
        let (mut from, mut deleted) = (Id::MIN, 0u64);
        let mut ids = Vec::new();
        while let Some(block) = self.entries.block_from(from) {
            let spare = match trim.until {
                Until::Length(length) => self.length().saturating_sub(length),
                Until::Id(_) => u64::MAX,
            };
            let entries = block.live();
            if spare == 0 || (trim.limit != 0 && deleted + entries > trim.limit) {
                break;
            }
            let last = block.entries().last().map_or(Id::MAX, |entry| entry.id);
            let whole = match trim.until {
                Until::Length(_) => entries <= spare,
                Until::Id(id) => last < id,
            };
            ids.clear();
            let live = block.entries().filter(|entry: &Entry| !entry.deleted);
            ids.extend(live.map(|entry| entry.id).take_while(|id| match trim.until {
                Until::Length(_) => true,
                Until::Id(until) => *id < until,
            }));
            let mut gone = 0;
            for id in &ids {
                if gone >= spare {
                    break;
                }
                if trim.references == References::Obey {
                    // What follows is unread too.
                    if *id > unread {
                        return;
                    }
                    if self.is_referenced(*id) {
                        continue;
                    }
                } else {
                    self.drop_references(*id, inverses);
                }
                gone += self.delete(*id, inverses) as u64;
            }
            deleted += gone;
            match last.next() {
                Some(next) if whole => from = next,
                _ => break,
            }
        }
    }

    /// Drops what was taken off the front, or keeps it for the way back. Much is dropped where nobody waits.
    fn let_go(&mut self, pieces: Vec<Piece>, was_tail: bool, free: &'static LazyFree, inverses: &mut Inverses) {
        let blocks = |piece: &Piece| match piece {
            Piece::Chunk(_) => ELEMENTS_MIN,
            Piece::Block(_) => 1,
        };
        let much = pieces.iter().map(blocks).sum::<usize>() >= ELEMENTS_MIN;
        if inverses.on() {
            let pieces = Later::new(pieces, much.then_some(free));
            inverses.push(move |stream: &mut StreamValue| stream.entries.put_front(pieces.into_inner(), was_tail));
        } else if much {
            free.free(1, Box::new(pieces));
        }
    }
}

fn last_id(stream: &StreamValue) -> Id {
    stream.entries().front().and_then(|front| front.entries().last()).map_or(Id::MAX, |entry| entry.id)
}
