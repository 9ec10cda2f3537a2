//! Members with scores, found by member and by (score, member): what OBJECT ENCODING calls `skiplist`.
//!
//! ```text
//!   member ──▶ table (ds/segments.rs) ──▶ block: score, bytes (member.rs)
//!                                           ▲
//!   (score, member), rank ──▶ tree.rs ──▶ leaf.rs: a word for each: address, and 20 bits of order (frame.rs)
//! ```
//!
//! Bytes of a member of 16 bytes: 32 the block, 12.5 its place in the table, 8.8 its word, 1 the nodes: 55.

pub mod frame;
mod inner;
mod insert;
mod leaf;
pub mod member;
mod remove;
mod tree;
pub mod walk;
mod word;

use super::segments::{Segments, Spot, hash};
use frame::Probe;
use member::{Member, MemberRef};
use tree::ScoreTree;
use walk::Walk;

pub use super::block::Block;

/// A clone shares tables, nodes and members with the original, O(members / 2048), and is a snapshot that others' changes never
/// reach; it may be read without a latch. Whoever changes what is shared makes a copy of that part first.
#[derive(Default, Clone)]
pub struct Scored {
    table: Segments<Member>,
    tree: ScoreTree,
}

impl Scored {
    pub fn len(&self) -> usize {
        self.tree.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn memory_bytes(&self) -> usize {
        size_of::<Scored>() - size_of::<Segments<Member>>() + self.table.memory_bytes() + self.tree.memory_bytes()
    }

    #[inline]
    pub fn find(&self, member: &[u8]) -> Option<Spot> {
        self.table.find(hash(member), member)
    }

    #[inline]
    pub fn at(&self, spot: Spot) -> MemberRef<'_> {
        self.table.at(spot)
    }

    #[inline]
    pub fn get(&self, member: &[u8]) -> Option<MemberRef<'_>> {
        self.find(member).map(|spot| self.table.at(spot))
    }

    /// Puts a member in, which must not be there.
    pub fn insert(&mut self, member: Member) {
        let hash = hash(member.borrow().bytes());
        self.insert_hashed(hash, member);
    }

    fn insert_hashed(&mut self, hash: u64, member: Member) {
        self.tree.insert(member.borrow());
        self.table.insert(hash, member);
    }

    /// Gives the member at `spot` another score.
    pub fn set_score(&mut self, spot: Spot, score: f64) {
        let table = &mut self.table;
        // Where clones own the member too, it stays theirs, and another takes its place here.
        let shared = table.edit(spot, |member| match member.is_sole() {
            true => None,
            false => Some(std::mem::replace(member, Member::new(member.borrow().bytes(), score))),
        });
        if let Some(old) = shared {
            let bytes = old.borrow().bytes();
            self.tree.remove(old.borrow());
            let spot = self.table.find(hash(bytes), bytes).expect("replaced just now");
            return self.tree.insert(self.table.at(spot));
        }
        let raw = self.table.at(spot).raw();
        // SAFETY: the member is in the table and stays there; the score is written only through `set`, when nothing of the old
        // one is needed any more.
        let old: MemberRef = unsafe { Member::borrow_raw(raw) };
        let probe = Probe { order: member::order_of(score), ..Probe::at(old) };
        let table = &mut self.table;
        if self.tree.reposition(old, &probe, || table.edit(spot, |member| member.set_score(score))) {
            return;
        }
        self.tree.remove(old);
        self.table.edit(spot, |member| member.set_score(score));
        self.tree.insert(self.table.at(spot));
    }

    /// Takes the member at `spot` out.
    pub fn remove(&mut self, spot: Spot) -> Member {
        self.tree.remove(self.table.at(spot));
        self.table.remove(spot)
    }

    /// How many members stand before `probe`.
    #[inline]
    pub fn rank(&self, probe: &Probe) -> usize {
        self.tree.rank(probe)
    }

    /// `count` members from rank `from` on, or down from it if `backwards`.
    pub fn walk(&self, from: usize, count: usize, backwards: bool) -> Walk<'_> {
        self.tree.walk(from, count, backwards)
    }

    pub fn member_at(&self, rank: usize) -> Option<MemberRef<'_>> {
        self.tree.at(rank)
    }

    /// Takes the members of ranks `from` to `to` (excluded) out, and gives each to `gone`, in order.
    pub fn remove_range(&mut self, from: usize, to: usize, mut gone: impl FnMut(Member)) {
        let table = &mut self.table;
        for piece in self.tree.cut(from, to) {
            self.tree.drain(piece, &mut |raw| {
                // SAFETY: the tree refers to members of the table only, and this one is in it until it is removed here.
                let bytes = unsafe { Member::borrow_raw(raw) }.bytes();
                let spot = table.find(hash(bytes), bytes).expect("every member of the tree is in the table");
                gone(table.remove(spot));
            });
        }
    }

    /// The member whose hash is known.
    #[inline]
    pub fn get_hashed(&self, hash: u64, member: &[u8]) -> Option<MemberRef<'_>> {
        self.table.find(hash, member).map(|spot| self.table.at(spot))
    }

    /// Starts loading what a lookup of this hash will touch; see [`Segments::prefetch`].
    #[inline]
    pub fn prefetch(&self, hash: u64, block: bool) {
        self.table.prefetch(hash, block);
    }

    /// Has nothing changed between these two, one a clone of the other? O(members / 2048).
    pub fn is_same(&self, other: &Scored) -> bool {
        self.table.is_same(&other.table)
    }

    /// See [`Segments::scan`].
    pub fn scan<'t>(&'t self, cursor: u64, count: usize, each: impl FnMut(MemberRef<'t>)) -> u64 {
        self.table.scan(cursor, count, each)
    }

    /// Members in their order, none twice.
    pub fn load(members: impl ExactSizeIterator<Item = Member>) -> Scored {
        let mut table = Segments::default();
        table.reserve(members.len());
        let mut order = Vec::with_capacity(members.len());
        for member in members {
            order.push(member.borrow().raw());
            table.insert(hash(member.borrow().bytes()), member);
        }
        Scored { table, tree: ScoreTree::load(&order) }
    }
}

/// Members gathered by name, whose scores are final only in the end; then they are put in order.
#[derive(Default)]
pub struct Gathered {
    scored: Scored,
    /// How far `settle` has come; None: not begun.
    cursor: Option<u64>,
}

impl Gathered {
    pub fn len(&self) -> usize {
        self.scored.table.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a member, whose hash is known, with this score, or lets `combine` make another of the one it has.
    #[inline]
    pub fn add(&mut self, hash: u64, bytes: &[u8], score: f64, combine: impl FnOnce(f64) -> f64) {
        debug_assert!(self.cursor.is_none());
        let table = &mut self.scored.table;
        match table.find(hash, bytes) {
            None => table.insert(hash, Member::new(bytes, score)),
            Some(spot) => {
                let score = combine(table.at(spot).score());
                table.edit(spot, |member| member.set_score(score));
            }
        }
    }

    /// Adds a member that is not there, shared with its other owners.
    #[inline]
    pub fn share(&mut self, member: MemberRef) {
        debug_assert!(self.cursor.is_none());
        self.scored.table.insert(hash(member.bytes()), Member::duplicate(member));
    }

    /// Puts about `count` more members in order; false: all are.
    pub fn settle(&mut self, count: usize) -> bool {
        let Scored { table, tree } = &mut self.scored;
        let next = table.scan(self.cursor.unwrap_or(0), count, |member| tree.insert(member));
        self.cursor = Some(next);
        next != 0
    }

    /// What `settle` has put in order.
    pub fn finish(self) -> Scored {
        debug_assert_eq!(self.scored.table.len(), self.scored.tree.len());
        self.scored
    }
}

#[cfg(test)]
pub(crate) mod tests;
