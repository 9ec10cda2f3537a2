//! Idempotent producers (XADD IDMP): which of a producer's messages a stream has taken, so that one sent again is not added again.
//!
//! A producer's ids are remembered for a time and up to a number, which XCFGSET sets per stream. Those whose time is over are no
//! longer found, and dropped bit by bit as messages come.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::id::Id;

/// Seconds an id may be remembered.
pub const DURATION_S: std::ops::RangeInclusive<i64> = 1..=86_400;
/// Ids of one producer that may be remembered.
pub const MAXSIZE: std::ops::RangeInclusive<i64> = 1..=10_000;

/// For how long and how many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Policy {
    pub duration_s: u32,
    pub maxsize: u32,
}

/// Producers looked at, in turn, whenever a message is remembered.
const SWEPT_AT_ONCE: usize = 8;
/// Up to so many ids are counted exactly; of more, those that are over but not dropped yet count too.
const COUNTED_MAX: u64 = 10_000;

#[derive(Clone, Debug, Default)]
pub struct Idmp {
    producers: BTreeMap<Box<[u8]>, Producer>,
    ids: u64,
    bytes: usize,
    /// The producer last swept.
    swept: Box<[u8]>,
}

#[derive(Clone, Debug, Default)]
struct Producer {
    /// Oldest first.
    order: VecDeque<Arc<[u8]>>,
    ids: HashMap<Arc<[u8]>, Id, foldhash::fast::RandomState>,
}

/// An id that was forgotten, of a producer.
pub struct Forgotten {
    pub producer: Box<[u8]>,
    iid: Arc<[u8]>,
    id: Id,
}

/// Bytes of a remembered id besides its text: its places in the two collections, and the text's counts.
const ID_BYTES: usize = size_of::<Arc<[u8]>>() * 2 + size_of::<Id>() + 16;
const PRODUCER_BYTES: usize = size_of::<(Box<[u8]>, Producer)>();

impl Policy {
    /// An entry with this id was added too long ago to count.
    fn is_over(&self, id: Id, now_ms: i64) -> bool {
        (id.ms as i128) <= now_ms as i128 - self.duration_s as i128 * 1000
    }
}

impl Idmp {
    pub fn heap_bytes(&self) -> usize {
        size_of::<Idmp>() + self.bytes
    }

    pub fn is_empty(&self) -> bool {
        self.producers.is_empty()
    }

    /// The entry that the producer's message became.
    pub fn find(&self, producer: &[u8], iid: &[u8], policy: Policy, now_ms: i64) -> Option<Id> {
        self.kept(producer, iid).filter(|id| !policy.is_over(*id, now_ms))
    }

    /// The same, of a message that may be over but was not dropped yet.
    pub fn kept(&self, producer: &[u8], iid: &[u8]) -> Option<Id> {
        self.producers.get(producer)?.ids.get(iid).copied()
    }

    /// Remembers a message, which is not remembered yet. Gives what had to make place for it.
    pub fn remember(&mut self, producer: &[u8], iid: &[u8], id: Id, policy: Policy) -> Option<Forgotten> {
        if !self.producers.contains_key(producer) {
            self.producers.insert(producer.into(), Producer::default());
            self.bytes += PRODUCER_BYTES + producer.len();
        }
        let of = self.producers.get_mut(producer).expect("there since just now");
        let iid: Arc<[u8]> = iid.into();
        self.bytes += ID_BYTES + iid.len();
        self.ids += 1;
        // One that is over by the clock, but was not dropped yet, makes place for itself.
        if of.ids.insert(iid.clone(), id).is_some() {
            of.order.retain(|other| *other != iid);
            self.bytes -= ID_BYTES + iid.len();
            self.ids -= 1;
        }
        of.order.push_back(iid);
        if of.order.len() <= policy.maxsize as usize {
            return None;
        }
        let iid = of.order.pop_front().expect("more than one");
        let id = of.ids.remove(&iid).expect("in both");
        self.bytes -= ID_BYTES + iid.len();
        self.ids -= 1;
        Some(Forgotten { producer: producer.into(), iid, id })
    }

    /// Undo of [`Idmp::remember`].
    pub fn forget(&mut self, producer: &[u8], iid: &[u8], back: Option<Forgotten>) {
        let Some(of) = self.producers.get_mut(producer) else { return };
        if of.ids.remove(iid).is_some() {
            of.order.retain(|other| **other != *iid);
            self.bytes -= ID_BYTES + iid.len();
            self.ids -= 1;
        }
        if let Some(Forgotten { iid, id, .. }) = back {
            self.bytes += ID_BYTES + iid.len();
            self.ids += 1;
            of.order.push_front(iid.clone());
            of.ids.insert(iid, id);
        }
        self.drop_if_empty(producer);
    }

    fn drop_if_empty(&mut self, producer: &[u8]) {
        if self.producers.get(producer).is_some_and(|of| of.order.is_empty()) {
            self.producers.remove(producer);
            self.bytes -= PRODUCER_BYTES + producer.len();
        }
    }

    /// Drops what is over of some producers, other ones each time.
    pub fn sweep(&mut self, policy: Policy, now_ms: i64) {
        let beyond = (Bound::Excluded(&*self.swept), Bound::Unbounded);
        let some: Vec<Box<[u8]>> =
            self.producers.range::<[u8], _>(beyond).take(SWEPT_AT_ONCE).map(|(name, _)| name.clone()).collect();
        self.swept = some.last().cloned().unwrap_or_default();
        for producer in some {
            let of = self.producers.get_mut(&producer).expect("found just now");
            while let Some(iid) = of.order.front().filter(|iid| policy.is_over(of.ids[*iid], now_ms)).cloned() {
                of.order.pop_front();
                of.ids.remove(&iid);
                self.bytes -= ID_BYTES + iid.len();
                self.ids -= 1;
            }
            self.drop_if_empty(&producer);
        }
    }

    /// Producers, and ids of them all.
    pub fn counts(&self, policy: Policy, now_ms: i64) -> (u64, u64) {
        if self.ids > COUNTED_MAX {
            return (self.producers.len() as u64, self.ids);
        }
        let (mut producers, mut ids) = (0, 0);
        for of in self.producers.values() {
            let count = of.ids.values().filter(|id| !policy.is_over(**id, now_ms)).count() as u64;
            producers += (count > 0) as u64;
            ids += count;
        }
        (producers, ids)
    }
}

/// The id of a message by its content (IDMPAUTO): the same for the same pairs in whatever order. As Redis makes it, since such ids
/// are in its RDB files: the sum and the exclusive or of XXH3-128 of each name, its length (8 bytes) and its value.
pub fn content_id<'p>(mut pairs: impl Iterator<Item = &'p [u8]>) -> [u8; 16] {
    let (mut sum, mut xor) = ([0u64; 2], [0u64; 2]);
    while let (Some(name), Some(value)) = (pairs.next(), pairs.next()) {
        let mut pair = Xxh3::new();
        pair.update(name);
        pair.update(&(name.len() as u64).to_le_bytes());
        pair.update(value);
        let digest = pair.digest128();
        for (half, bits) in [digest as u64, (digest >> 64) as u64].into_iter().enumerate() {
            sum[half] = sum[half].wrapping_add(bits);
            xor[half] ^= bits;
        }
    }
    let (low, high) = (sum[0] ^ xor[1].rotate_left(1), sum[1] ^ xor[0].rotate_left(1));
    ((high as u128) << 64 | low as u128).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy { duration_s: 10, maxsize: 3 };

    fn id(ms: u64) -> Id {
        Id { ms, seq: 0 }
    }

    #[test]
    fn messages_are_remembered_for_a_time_and_up_to_a_number() {
        let mut idmp = Idmp::default();
        for ms in 1..=3 {
            assert!(idmp.remember(b"p", format!("m{ms}").as_bytes(), id(ms * 1000), POLICY).is_none());
        }
        idmp.remember(b"q", b"m1", id(3000), POLICY);
        assert_eq!(idmp.find(b"p", b"m1", POLICY, 5000), Some(id(1000)));
        assert_eq!(idmp.find(b"p", b"m1", POLICY, 11_000), None);
        assert_eq!(idmp.counts(POLICY, 5000), (2, 4));
        let bytes = idmp.heap_bytes();
        let back = idmp.remember(b"p", b"m4", id(4000), POLICY);
        assert_eq!(idmp.find(b"p", b"m1", POLICY, 5000), None);
        idmp.forget(b"p", b"m4", back);
        assert_eq!((idmp.find(b"p", b"m1", POLICY, 5000), idmp.heap_bytes()), (Some(id(1000)), bytes));
        idmp.sweep(POLICY, 12_500);
        assert_eq!(idmp.counts(POLICY, 12_500), (2, 2));
        idmp.sweep(POLICY, 20_000);
        idmp.sweep(POLICY, 20_000);
        assert_eq!((idmp.is_empty(), idmp.bytes), (true, 0));
    }

    #[test]
    fn a_message_sent_again_when_its_time_is_over_is_remembered_anew() {
        let mut idmp = Idmp::default();
        idmp.remember(b"p", b"m", id(1000), POLICY);
        assert!(idmp.remember(b"p", b"m", id(50_000), POLICY).is_none());
        assert_eq!(idmp.find(b"p", b"m", POLICY, 51_000), Some(id(50_000)));
        idmp.sweep(POLICY, 70_000);
        assert_eq!((idmp.is_empty(), idmp.bytes), (true, 0));
    }

    #[test]
    fn content_alone_makes_a_content_id() {
        let of = |pairs: &[&str]| content_id(pairs.iter().map(|text| text.as_bytes()));
        assert_eq!(of(&["a", "1", "b", "2"]), of(&["b", "2", "a", "1"]));
        assert_ne!(of(&["a", "1", "b", "2"]), of(&["a", "2", "b", "1"]));
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["a", "1"]), of(&["a", "1", "a", "1"]));
    }
}
