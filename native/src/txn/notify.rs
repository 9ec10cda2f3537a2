//! What a transaction tells others when it is committed: changed keys, by class, and messages it publishes.

use std::sync::atomic::Ordering::Relaxed;

use super::{Change, Class, Txn};
use crate::store::subscriptions::Audience;

/// Bits of `notify-keyspace-events`, kept in `Store::events`.
pub mod event {
    pub const KEYSPACE: u32 = 1;
    pub const KEYEVENT: u32 = 1 << 1;
    pub const GENERIC: u32 = 1 << 2;
    pub const STRING: u32 = 1 << 3;
    pub const LIST: u32 = 1 << 4;
    pub const SET: u32 = 1 << 5;
    pub const HASH: u32 = 1 << 6;
    pub const ZSET: u32 = 1 << 7;
    pub const EXPIRED: u32 = 1 << 8;
    pub const EVICTED: u32 = 1 << 9;
    pub const STREAM: u32 = 1 << 10;
    pub const MISS: u32 = 1 << 11;
    pub const MODULE: u32 = 1 << 12;
    pub const NEW: u32 = 1 << 13;
    pub const OVERWRITTEN: u32 = 1 << 14;
    pub const TYPE_CHANGED: u32 = 1 << 15;
    pub const ARRAY: u32 = 1 << 16;
    /// Redis 8.8: what happens to fields of hashes, in four forms of channel and message.
    pub const SUBKEYSPACE: u32 = 1 << 17;
    pub const SUBKEYEVENT: u32 = 1 << 18;
    pub const SUBKEYSPACEITEM: u32 = 1 << 19;
    pub const SUBKEYSPACEEVENT: u32 = 1 << 20;
    pub const SUBKEYS: u32 = SUBKEYSPACE | SUBKEYEVENT | SUBKEYSPACEITEM | SUBKEYSPACEEVENT;
    /// What the letter A means.
    pub const ALL: u32 = GENERIC | STRING | LIST | SET | HASH | ZSET | EXPIRED | EVICTED | STREAM | MODULE | ARRAY;

    /// Letters of CONFIG SET, in the order that CONFIG GET prints them.
    pub const LETTERS: &[(char, u32)] = &[
        ('g', GENERIC),
        ('$', STRING),
        ('l', LIST),
        ('s', SET),
        ('h', HASH),
        ('z', ZSET),
        ('x', EXPIRED),
        ('e', EVICTED),
        ('t', STREAM),
        ('d', MODULE),
        ('a', ARRAY),
        ('n', NEW),
        ('o', OVERWRITTEN),
        ('c', TYPE_CHANGED),
        ('K', KEYSPACE),
        ('E', KEYEVENT),
        ('m', MISS),
        ('S', SUBKEYSPACE),
        ('T', SUBKEYEVENT),
        ('I', SUBKEYSPACEITEM),
        ('V', SUBKEYSPACEEVENT),
    ];

    /// The bits of a directive's text; None: it has a letter that means nothing.
    pub fn parse(text: &str) -> Option<u32> {
        text.chars().try_fold(0, |bits, letter| {
            let known = LETTERS.iter().find(|(known, _)| *known == letter).map(|(_, bit)| *bit);
            known.or((letter == 'A').then_some(ALL)).map(|bit| bits | bit)
        })
    }
}

impl Class {
    /// Its bit in `notify-keyspace-events`; 0 for what is no event.
    pub fn bit(self) -> u32 {
        match self {
            Class::Generic => event::GENERIC,
            Class::String => event::STRING,
            Class::List => event::LIST,
            Class::Set => event::SET,
            Class::Hash => event::HASH,
            Class::Zset => event::ZSET,
            Class::Stream => event::STREAM,
            Class::Array => event::ARRAY,
            Class::Module => event::MODULE,
            Class::Expired => event::EXPIRED,
            Class::Evicted => event::EVICTED,
            Class::New => event::NEW,
            Class::Overwritten => event::OVERWRITTEN,
            Class::TypeChanged => event::TYPE_CHANGED,
            Class::Miss => event::MISS,
            Class::ExpiredStays | Class::ExpiredComes | Class::Waited => 0,
        }
    }

    /// Does it say that the key's value or expiry is another now? Others only accompany such a change, or a read.
    pub fn is_change(self) -> bool {
        !matches!(self, Class::Miss | Class::Overwritten | Class::TypeChanged)
    }
}

/// Something a transaction tells beside the changes of keys.
pub enum Message {
    /// PUBLISH and SPUBLISH.
    Published { shard: bool, channel: Box<[u8]>, body: Box<[u8]> },
    /// All keys may have gone (FLUSHALL, FLUSHDB), for client-side caches.
    Flushed,
}

/// All that a committed transaction tells, in the order it happened.
#[derive(Default)]
pub struct Told {
    pub changes: Vec<Change>,
    /// Each after so many changes.
    pub messages: Vec<(usize, Message)>,
    /// FLUSHALL is part of the transaction.
    flushed: bool,
}

impl Txn {
    /// Is an event of this class wanted?
    #[inline]
    pub fn wants(&self, bit: u32) -> bool {
        self.store.events.load(Relaxed) & bit != 0
    }

    /// As [`Txn::signal`], with the fields or members that the event is about.
    pub fn signal_subkeys<'k>(
        &mut self,
        key: &[u8],
        class: Class,
        event: &'static str,
        subkeys: impl Iterator<Item = &'k [u8]>,
    ) {
        let before = self.told.changes.len();
        self.signal(key, class, event);
        if self.wants(event::SUBKEYS)
            && self.wants(class.bit())
            && let Some(change) = self.told.changes.get_mut(before)
        {
            change.subkeys = subkeys.map(Box::from).collect();
        }
    }

    /// What was under `key`, of the type `old`, has given way to a value of the type `new`.
    pub fn remark_overwritten(&mut self, key: &[u8], old: &'static str, new: &'static str) {
        self.remark(key, Class::Overwritten, "overwritten");
        if old != new {
            self.remark(key, Class::TypeChanged, "type_changed");
        }
    }

    /// An event that says something of a key besides its change, only where it is wanted.
    #[inline]
    pub(super) fn remark(&mut self, key: &[u8], class: Class, event: &'static str) {
        if self.wants(class.bit()) {
            self.told.changes.push(Change { db: self.db, key: key.into(), class, event, subkeys: Box::default() });
        }
    }

    /// What was told piece by piece of one key is told once: each event where it came first, with the subkeys of all.
    pub fn fold_changes(&mut self) {
        let mut folded: Vec<Change> = Vec::new();
        for change in self.told.changes.drain(..) {
            match folded.iter_mut().find(|first| first.class == change.class && first.event == change.event) {
                Some(first) if first.key == change.key => {
                    let mut subkeys = std::mem::take(&mut first.subkeys).into_vec();
                    subkeys.extend(change.subkeys);
                    first.subkeys = subkeys.into();
                }
                _ => folded.push(change),
            }
        }
        self.told.changes = folded;
    }

    /// Publishes when the transaction is committed. Gives who will get it, as things stand.
    pub fn publish(&mut self, shard: bool, channel: &[u8], body: &[u8]) -> Audience {
        let audience = self.store.subscriptions.audience(shard, channel);
        if audience.cores != 0 {
            let at = self.told.changes.len();
            let message = Message::Published { shard, channel: channel.into(), body: body.into() };
            self.told.messages.push((at, message));
        }
        audience
    }

    /// Notes that keys went by the database.
    pub fn flushed(&mut self) {
        let at = self.told.changes.len();
        self.told.messages.push((at, Message::Flushed));
    }

    /// This is a FLUSHALL.
    pub fn note_flush(&mut self) {
        self.store.flushes.fetch_add(1, Relaxed);
        self.told.flushed = true;
    }

    /// Has one been part of the transaction? Before the rest is taken.
    #[inline]
    pub fn take_flush(&mut self) -> bool {
        std::mem::take(&mut self.told.flushed)
    }

    /// What is to be told since the last commit.
    pub fn take_told(&mut self) -> Told {
        std::mem::take(&mut self.told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_stand_for_classes_and_others_are_refused() {
        assert_eq!(event::parse(""), Some(0));
        assert_eq!(event::parse("KEA"), Some(event::KEYSPACE | event::KEYEVENT | event::ALL));
        assert_eq!(event::parse("A").map(|bits| bits & (event::NEW | event::MISS | event::OVERWRITTEN)), Some(0));
        assert_eq!(event::parse("KQ"), None);
        let mut all = 0;
        for (letter, bit) in event::LETTERS {
            assert_eq!(all & bit, 0, "{letter}");
            all |= bit;
        }
    }
}
