//! The value of a sorted set: members with scores, in one of two encodings, each change with its inverse.

use std::any::Any;
use std::sync::atomic::Ordering::Relaxed;

use super::packed::{CodedScore, PAIRS_MAX, Packed, RUN_BYTES_MAX, Span, compare};
use super::text_of;
use crate::ds::digest::Digest;
use crate::ds::entry::Object;
use crate::ds::item::{Coded, Item};
use crate::ds::scored::frame::{Edge, Probe};
use crate::ds::scored::member::{Member, order_of};
use crate::ds::scored::{Block, Gathered, Scored, walk};
use crate::ds::segments::hash;
use crate::resp::number;
use crate::store::Settings;
use crate::txn::edit::Inverses;

/// 16 bytes. A clone shares what is large with the original (see [`Scored`]).
#[derive(Clone)]
pub enum ZsetValue {
    Packed(Packed),
    Scored(Box<Scored>),
}

const _: () = assert!(size_of::<ZsetValue>() == 16);

/// How large a sorted set may get before it becomes a table and a tree for good.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// zset-max-listpack-entries
    pub members: usize,
    /// zset-max-listpack-value, bytes of a member
    pub member_bytes: usize,
}

impl Limits {
    pub fn of(settings: &Settings) -> Limits {
        Limits {
            members: settings.zset_max_listpack_entries.load(Relaxed) as usize,
            member_bytes: settings.zset_max_listpack_value.load(Relaxed) as usize,
        }
    }
}

/// What [`ZsetValue::put`] did.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Put {
    /// The member is new, with this score.
    Added(f64),
    /// Its score became another.
    Updated(f64),
    /// Its score was this already.
    Same(f64),
    /// Left alone, as `decide` wanted.
    Refused,
}

impl Default for ZsetValue {
    fn default() -> ZsetValue {
        ZsetValue::Packed(Packed::default())
    }
}

impl ZsetValue {
    /// O(members) while packed, O(1) after.
    #[inline]
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        match self {
            ZsetValue::Packed(packed) => {
                packed.find(&Coded::of(Item::Text(member))).map(|(_, span)| packed.score(span))
            }
            ZsetValue::Scored(scored) => scored.get(member).map(|member| member.score()),
        }
    }

    /// How many members stand before `probe`. O(members) while packed, O(log n) after.
    pub fn rank(&self, probe: &Probe) -> usize {
        match self {
            ZsetValue::Packed(packed) => packed
                .spans()
                .take_while(|span| {
                    let order = order_of(packed.score(*span));
                    if order != probe.order {
                        return order < probe.order;
                    }
                    match probe.edge {
                        Edge::Start => false,
                        Edge::At(bytes) => compare(packed.member(*span), bytes).is_lt(),
                        Edge::After(bytes) => compare(packed.member(*span), bytes).is_le(),
                        Edge::End => true,
                    }
                })
                .count(),
            ZsetValue::Scored(scored) => scored.rank(probe),
        }
    }

    /// Rank and score of a member.
    pub fn rank_of(&self, member: &[u8]) -> Option<(usize, f64)> {
        match self {
            ZsetValue::Packed(packed) => {
                packed.find(&Coded::of(Item::Text(member))).map(|(rank, span)| (rank, packed.score(span)))
            }
            ZsetValue::Scored(scored) => {
                scored.get(member).map(|member| (scored.rank(&Probe::at(member)), member.score()))
            }
        }
    }

    /// `count` members from rank `from` on, or down from it if `backwards`.
    pub fn walk(&self, from: usize, count: usize, backwards: bool) -> Walk<'_> {
        match self {
            ZsetValue::Scored(scored) => Walk::Scored(scored.walk(from, count, backwards)),
            ZsetValue::Packed(packed) => {
                let there = if backwards { from + 1 } else { packed.len().saturating_sub(from) };
                let count = if from < packed.len() { count.min(there) } else { 0 };
                let skipped = if backwards { from + 1 - count } else { from };
                let mut spans: Vec<Span> = packed.spans().skip(skipped).take(count).collect();
                if backwards {
                    spans.reverse();
                }
                Walk::Packed(packed, spans.into_iter())
            }
        }
    }

    /// All members, in their order.
    pub fn iter(&self) -> Walk<'_> {
        self.walk(0, usize::MAX, false)
    }

    /// What a command computed, in the encoding that its size asks for.
    pub fn of(scored: Scored, limits: Limits) -> ZsetValue {
        let len = scored.len();
        let value = ZsetValue::Scored(Box::new(scored));
        if len > limits.members.min(PAIRS_MAX) {
            return value;
        }
        match value.part(0..len, limits) {
            ZsetValue::Packed(packed) => ZsetValue::Packed(packed),
            ZsetValue::Scored(_) => value,
        }
    }

    /// Has nothing changed between these two, one a clone of the other?
    pub fn is_same(&self, other: &ZsetValue) -> bool {
        match (self, other) {
            (ZsetValue::Packed(packed), ZsetValue::Packed(other)) => packed.run() == other.run(),
            (ZsetValue::Scored(scored), ZsetValue::Scored(other)) => scored.is_same(other),
            _ => false,
        }
    }

    /// A sorted set of the members of some ranks; it shares large ones with this.
    pub fn part(&self, ranks: std::ops::Range<usize>, limits: Limits) -> ZsetValue {
        let fits = ranks.len() <= limits.members.min(PAIRS_MAX);
        let walk = || self.walk(ranks.start, ranks.len(), false);
        if fits && walk().all(|(member, _)| member.text_len() <= limits.member_bytes) {
            let mut packed = Packed::default();
            for (member, score) in walk() {
                let coded = Coded::of(member);
                let end = packed.run().len();
                packed.splice(end, 0, &[coded.head(), coded.body(), CodedScore::of(score).bytes()], 1);
            }
            return ZsetValue::Packed(packed);
        }
        match self {
            ZsetValue::Packed(packed) => {
                let mut part = packed.clone();
                let spans: Vec<Span> = packed.spans().collect();
                let (start, end) = (spans[ranks.start].member, spans[ranks.end - 1].end);
                part.splice(end, packed.run().len() - end, &[], ranks.end as i32 - spans.len() as i32);
                part.splice(0, start, &[], -(ranks.start as i32));
                ZsetValue::Scored(Box::new(scored_of(&part)))
            }
            ZsetValue::Scored(scored) => {
                let members = scored.walk(ranks.start, ranks.len(), false).map(Member::duplicate);
                ZsetValue::Scored(Box::new(Scored::load(members)))
            }
        }
    }

    /// Adds `count` members from rank `from` on to what is gathered, which has none of them; large ones are shared.
    pub fn share(&self, from: usize, count: usize, gathered: &mut Gathered) {
        match self {
            ZsetValue::Scored(scored) => scored.walk(from, count, false).for_each(|member| gathered.share(member)),
            ZsetValue::Packed(_) => {
                for (found, score) in self.walk(from, count, false) {
                    text_of(found, |text| gathered.add(hash(text), text, score, |score| score));
                }
            }
        }
    }

    /// Becomes a table and a tree if `members` given ones are too many for the packed encoding, as ZADD decides before it
    /// adds anything.
    pub fn make_room(&mut self, members: usize, limits: Limits, inverses: &mut Inverses) {
        if members > limits.members {
            self.become_scored(inverses);
        }
    }

    /// Looks `member` up, lets `decide` say its score (None: leave it alone) from the one it has, and sets that.
    #[inline]
    pub fn put(
        &mut self,
        member: &[u8],
        limits: Limits,
        inverses: &mut Inverses,
        decide: impl FnOnce(Option<f64>) -> Option<f64>,
    ) -> Put {
        match self {
            ZsetValue::Scored(scored) => {
                let spot = scored.find(member);
                let old = spot.map(|spot| scored.at(spot).score());
                let Some(score) = decide(old) else { return Put::Refused };
                let (Some(spot), Some(old)) = (spot, old) else { return add_scored(scored, member, score, inverses) };
                if old == score {
                    return Put::Same(score);
                }
                scored.set_score(spot, score);
                if inverses.on() {
                    let member: Box<[u8]> = member.into();
                    inverses.push(move |zset: &mut ZsetValue| zset.put_back(&member, old));
                }
                Put::Updated(score)
            }
            ZsetValue::Packed(packed) => {
                let coded = Coded::of(Item::Text(member));
                let found = packed.find(&coded);
                let old = found.map(|(_, span)| packed.score(span));
                let Some(score) = decide(old) else { return Put::Refused };
                if let (Some((_, span)), Some(old)) = (found, old) {
                    if old == score {
                        return Put::Same(score);
                    }
                    splice(packed, span.member, span.end - span.member, &[], -1, inverses);
                    insert(packed, member, &coded, score, inverses);
                    return Put::Updated(score);
                }
                let room = packed.len() < limits.members.min(PAIRS_MAX) && packed.run().len() < RUN_BYTES_MAX;
                if room && member.len() <= limits.member_bytes {
                    insert(packed, member, &coded, score, inverses);
                    return Put::Added(score);
                }
                add_scored(self.become_scored(inverses), member, score, inverses)
            }
        }
    }

    /// Takes `member` out; false if it was not there.
    pub fn remove(&mut self, member: &[u8], inverses: &mut Inverses) -> bool {
        match self {
            ZsetValue::Packed(packed) => {
                let Some((_, span)) = packed.find(&Coded::of(Item::Text(member))) else { return false };
                splice(packed, span.member, span.end - span.member, &[], -1, inverses);
            }
            ZsetValue::Scored(scored) => {
                let Some(spot) = scored.find(member) else { return false };
                let old = scored.remove(spot);
                if inverses.on() {
                    inverses.push(move |zset: &mut ZsetValue| zset.put_member_back(old));
                }
            }
        }
        true
    }

    /// Takes the members of ranks `from` to `to` (excluded) out.
    pub fn remove_range(&mut self, from: usize, to: usize, inverses: &mut Inverses) {
        if from >= to {
            return;
        }
        match self {
            ZsetValue::Packed(packed) => {
                let spans: Vec<Span> = packed.spans().skip(from).take(to - from).collect();
                let (start, end) = (spans[0].member, spans[spans.len() - 1].end);
                splice(packed, start, end - start, &[], from as i32 - to as i32, inverses);
            }
            ZsetValue::Scored(scored) => {
                let mut gone = Vec::with_capacity(if inverses.on() { to - from } else { 0 });
                let on = inverses.on();
                scored.remove_range(from, to, |member| {
                    if on {
                        gone.push(member)
                    }
                });
                inverses.push(move |zset: &mut ZsetValue| gone.into_iter().for_each(|old| zset.put_member_back(old)));
            }
        }
    }

    /// One way, as in Redis. The inverse puts the packed run back as it was, without a copy.
    fn become_scored(&mut self, inverses: &mut Inverses) -> &mut Scored {
        if let ZsetValue::Packed(packed) = self {
            let packed = std::mem::take(packed);
            *self = ZsetValue::Scored(Box::new(scored_of(&packed)));
            inverses.push(move |zset: &mut ZsetValue| *zset = ZsetValue::Packed(packed));
        }
        match self {
            ZsetValue::Scored(scored) => scored,
            ZsetValue::Packed(_) => unreachable!("made above"),
        }
    }

    /// Undo: a member that was not there goes.
    fn take_out(&mut self, member: &[u8]) {
        let ZsetValue::Scored(scored) = self else { unreachable!("the inverse of an edit of a table") };
        if let Some(spot) = scored.find(member) {
            scored.remove(spot);
        }
    }
    /// Undo: a member has its score back.
    fn put_back(&mut self, member: &[u8], score: f64) {
        let ZsetValue::Scored(scored) = self else { unreachable!("the inverse of an edit of a table") };
        if let Some(spot) = scored.find(member) {
            scored.set_score(spot, score);
        }
    }

    /// Undo: a member that went is there again.
    fn put_member_back(&mut self, member: Member) {
        let ZsetValue::Scored(scored) = self else { unreachable!("the inverse of an edit of a table") };
        debug_assert!(scored.find(member.borrow().bytes()).is_none());
        scored.insert(member);
    }
}

fn scored_of(packed: &Packed) -> Scored {
    let mut digits = itoa::Buffer::new();
    let spans: Vec<Span> = packed.spans().collect();
    let members = spans.iter().map(|span| match packed.pair(*span) {
        (Item::Int(number), score) => Member::new(digits.format(number).as_bytes(), score),
        (Item::Text(text), score) => Member::new(text, score),
    });
    Scored::load(members)
}

#[inline]
fn add_scored(scored: &mut Scored, member: &[u8], score: f64, inverses: &mut Inverses) -> Put {
    scored.insert(Member::new(member, score));
    if inverses.on() {
        let member: Box<[u8]> = member.into();
        inverses.push(move |zset: &mut ZsetValue| zset.take_out(&member));
    }
    Put::Added(score)
}

fn insert(packed: &mut Packed, member: &[u8], coded: &Coded, score: f64, inverses: &mut Inverses) {
    let at = packed.place_for(score, member);
    splice(packed, at, 0, &[coded.head(), coded.body(), CodedScore::of(score).bytes()], 1, inverses);
}

/// An edit of a packed run, with the splice that undoes it: order and bytes come back exactly.
fn splice(packed: &mut Packed, at: usize, remove: usize, parts: &[&[u8]], pairs: i32, inverses: &mut Inverses) {
    if inverses.on() {
        let inserted: usize = parts.iter().map(|part| part.len()).sum();
        let old: Box<[u8]> = packed.run()[at..at + remove].into();
        inverses.push(move |zset: &mut ZsetValue| {
            let ZsetValue::Packed(packed) = zset else { unreachable!("the inverse of an edit of a packed set") };
            packed.splice(at, inserted, &[&old], -pairs);
        });
    }
    packed.splice(at, remove, parts, pairs);
}

/// Members with their scores, one after the other.
pub enum Walk<'z> {
    Packed(&'z Packed, std::vec::IntoIter<Span>),
    Scored(walk::Walk<'z>),
}

impl<'z> Iterator for Walk<'z> {
    type Item = (Item<'z>, f64);

    #[inline]
    fn next(&mut self) -> Option<(Item<'z>, f64)> {
        match self {
            Walk::Packed(packed, spans) => spans.next().map(|span| packed.pair(span)),
            Walk::Scored(walk) => walk.next().map(|member| (Item::Text(member.bytes()), member.score())),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Walk::Packed(_, spans) => spans.size_hint(),
            Walk::Scored(walk) => walk.size_hint(),
        }
    }
}

impl ExactSizeIterator for Walk<'_> {}

impl Object for ZsetValue {
    fn type_name(&self) -> &'static str {
        "zset"
    }

    fn encoding(&self) -> &'static str {
        match self {
            ZsetValue::Packed(_) => "listpack",
            ZsetValue::Scored(_) => "skiplist",
        }
    }

    #[inline]
    fn memory_bytes(&self) -> usize {
        size_of::<ZsetValue>()
            + match self {
                ZsetValue::Packed(packed) => packed.heap_bytes(),
                ZsetValue::Scored(scored) => scored.memory_bytes(),
            }
    }

    #[inline]
    fn len(&self) -> usize {
        match self {
            ZsetValue::Packed(packed) => packed.len(),
            ZsetValue::Scored(scored) => scored.len(),
        }
    }

    fn duplicate(&self) -> Box<dyn Object> {
        Box::new(self.clone())
    }

    fn digest(&self, digest: &mut Digest) {
        for (member, score) in self.iter() {
            let mut pair = Digest::default();
            pair.mix(&member.to_vec());
            pair.mix(number::percent_17g(score).as_bytes());
            digest.add_digest(&pair);
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
