//! How many connections of each core subscribe to which channels and patterns: what a publisher must know.
//!
//! Which connections they are, each core knows alone (`session/local.rs`); a publisher sends one letter to every core that has
//! any. Publishing takes a lock for reading, subscribing one for writing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{RwLock, RwLockReadGuard};

use crate::resp::glob;

/// The three kinds of subscriptions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// SUBSCRIBE
    Channel,
    /// PSUBSCRIBE
    Pattern,
    /// SSUBSCRIBE
    Shard,
}

/// Subscribers by core.
type Counts = Box<[u32]>;

/// Names with how many connections of each core are concerned.
#[derive(Default)]
pub struct Names {
    counts: RwLock<HashMap<Box<[u8]>, Counts>>,
    /// How many names, to be looked at without the lock.
    len: AtomicUsize,
}

/// All subscriptions of the server.
#[derive(Default)]
pub struct Subscriptions {
    /// Connections that subscribe to anything.
    pub clients: AtomicU64,
    channels: Names,
    patterns: Names,
    shards: Names,
}

/// Who gets a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Audience {
    /// Cores that have any of them, a bit each.
    pub cores: u64,
    /// Subscriptions; a client that has several gets as many messages.
    pub receivers: u64,
}

impl Subscriptions {
    fn names(&self, kind: Kind) -> &Names {
        match kind {
            Kind::Channel => &self.channels,
            Kind::Pattern => &self.patterns,
            Kind::Shard => &self.shards,
        }
    }

    /// One more connection of `core`, of so many, subscribes to `name`.
    pub fn add(&self, kind: Kind, name: &[u8], core: usize, cores: usize) {
        self.names(kind).add(name, core, cores);
    }

    /// One connection of `core` less.
    pub fn remove(&self, kind: Kind, name: &[u8], core: usize) {
        self.names(kind).remove(name, core);
    }

    /// Does nobody listen to channels or patterns?
    #[inline]
    pub fn is_quiet(&self) -> bool {
        self.channels.len.load(Relaxed) == 0 && self.patterns.len.load(Relaxed) == 0
    }

    /// Who gets a message sent to `channel`. O(patterns), each matched against it.
    pub fn audience(&self, shard: bool, channel: &[u8]) -> Audience {
        let mut audience = Audience::default();
        let mut take = |counts: &Counts| {
            for (core, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                audience.cores |= 1 << core;
                audience.receivers += *count as u64;
            }
        };
        let direct = if shard { &self.shards } else { &self.channels };
        if direct.len.load(Relaxed) > 0
            && let Some(counts) = read(direct).get(channel)
        {
            take(counts);
        }
        if !shard && self.patterns.len.load(Relaxed) > 0 {
            read(&self.patterns)
                .iter()
                .filter(|(pattern, _)| glob::matches(pattern, channel))
                .for_each(|(_, c)| take(c));
        }
        audience
    }

    /// How many names of this kind have subscribers.
    pub fn len(&self, kind: Kind) -> usize {
        self.names(kind).len.load(Relaxed)
    }

    pub fn is_empty(&self, kind: Kind) -> bool {
        self.len(kind) == 0
    }

    /// Subscribers of one name.
    pub fn count(&self, kind: Kind, name: &[u8]) -> u64 {
        read(self.names(kind)).get(name).map_or(0, |counts| counts.iter().map(|count| *count as u64).sum())
    }

    /// The names of this kind that match the pattern; all without one.
    pub fn list(&self, kind: Kind, pattern: Option<&[u8]>) -> Vec<Box<[u8]>> {
        let names = read(self.names(kind));
        names.keys().filter(|name| pattern.is_none_or(|pattern| glob::matches(pattern, name))).cloned().collect()
    }
}

impl Names {
    /// One more connection of `core`, of so many, has this name.
    pub fn add(&self, name: &[u8], core: usize, cores: usize) {
        let mut counts = self.counts.write().unwrap_or_else(|p| p.into_inner());
        counts.entry(name.into()).or_insert_with(|| vec![0; cores].into_boxed_slice())[core] += 1;
        self.len.store(counts.len(), Relaxed);
    }

    /// One connection of `core` less.
    pub fn remove(&self, name: &[u8], core: usize) {
        let mut counts = self.counts.write().unwrap_or_else(|p| p.into_inner());
        if let Some(of) = counts.get_mut(name) {
            of[core] -= 1;
            if of.iter().all(|count| *count == 0) {
                counts.remove(name);
                self.len.store(counts.len(), Relaxed);
            }
        }
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.len.load(Relaxed)
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Cores, a bit each, that have a name which `wanted` accepts. O(names).
    pub fn cores_with(&self, wanted: impl Fn(&[u8]) -> bool) -> u64 {
        let mut cores = 0;
        for (_, counts) in read(self).iter().filter(|(name, _)| wanted(name)) {
            for (core, _) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                cores |= 1 << core;
            }
        }
        cores
    }
}

fn read(names: &Names) -> RwLockReadGuard<'_, HashMap<Box<[u8]>, Counts>> {
    names.counts.read().unwrap_or_else(|p| p.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audience_is_those_of_the_channel_and_of_every_pattern_that_matches() {
        let all = Subscriptions::default();
        assert!(all.is_quiet());
        all.add(Kind::Channel, b"news.a", 0, 4);
        all.add(Kind::Channel, b"news.a", 2, 4);
        all.add(Kind::Pattern, b"news.*", 3, 4);
        all.add(Kind::Pattern, b"*.a", 3, 4);
        all.add(Kind::Shard, b"news.a", 1, 4);
        assert_eq!(all.audience(false, b"news.a"), Audience { cores: 0b1101, receivers: 4 });
        assert_eq!(all.audience(false, b"news.b"), Audience { cores: 0b1000, receivers: 1 });
        assert_eq!(all.audience(true, b"news.a"), Audience { cores: 0b10, receivers: 1 });
        assert_eq!((all.count(Kind::Channel, b"news.a"), all.len(Kind::Pattern)), (2, 2));
        all.remove(Kind::Channel, b"news.a", 0);
        all.remove(Kind::Channel, b"news.a", 2);
        assert_eq!((all.count(Kind::Channel, b"news.a"), all.is_empty(Kind::Channel)), (0, true));
        assert_eq!(all.list(Kind::Pattern, Some(b"news*")).len(), 1);
    }
}
