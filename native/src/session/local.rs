//! What a core knows of its own connections by what they want to be told: subscriptions, MONITOR, prefixes of client-side caches.
//!
//! Only the core's own thread reads and writes it; what publishers on other cores must know is counted in
//! `store/subscriptions.rs`. Connections are named by their clients' ids.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::client::Client;
use super::server::Server;
use crate::resp::glob;
use crate::store::Store;
use crate::store::subscriptions::Kind;

type Clients = Vec<u64>;

/// A message on its way to subscribers.
pub struct Letter {
    pub shard: bool,
    pub channel: Box<[u8]>,
    pub body: Box<[u8]>,
}

/// A connection that gets a letter, and the pattern it subscribed to if it was one.
pub type Recipient = (u64, Option<Arc<[u8]>>);

#[derive(Default)]
pub struct Local {
    channels: HashMap<Box<[u8]>, Clients>,
    shards: HashMap<Box<[u8]>, Clients>,
    patterns: HashMap<Arc<[u8]>, Clients>,
    pub monitors: Clients,
    /// Of CLIENT TRACKING in broadcasting mode.
    pub prefixes: HashMap<Box<[u8]>, Clients>,
}

/// What one client subscribes to, each kind in the order of the names.
#[derive(Default)]
pub struct Subscribed {
    pub channels: std::collections::BTreeSet<Box<[u8]>>,
    pub patterns: std::collections::BTreeSet<Box<[u8]>>,
    pub shards: std::collections::BTreeSet<Box<[u8]>>,
}

impl Subscribed {
    pub fn of(&self, kind: Kind) -> &std::collections::BTreeSet<Box<[u8]>> {
        match kind {
            Kind::Channel => &self.channels,
            Kind::Pattern => &self.patterns,
            Kind::Shard => &self.shards,
        }
    }

    fn of_mut(&mut self, kind: Kind) -> &mut std::collections::BTreeSet<Box<[u8]>> {
        match kind {
            Kind::Channel => &mut self.channels,
            Kind::Pattern => &mut self.patterns,
            Kind::Shard => &mut self.shards,
        }
    }

    /// What SUBSCRIBE and its like reply as count: channels and patterns together, shard channels on their own.
    pub fn count(&self, kind: Kind) -> usize {
        if kind == Kind::Shard { self.shards.len() } else { self.channels.len() + self.patterns.len() }
    }

    pub fn is_empty(&self) -> bool {
        self.channels.is_empty() && self.patterns.is_empty() && self.shards.is_empty()
    }
}

impl Local {
    /// The client, of core `core`, subscribes to `name`; nothing happens if it does already.
    pub fn subscribe(
        &mut self,
        store: &Store,
        core: usize,
        cores: usize,
        client: &mut Client,
        kind: Kind,
        name: &[u8],
    ) {
        let first = client.subscribed.is_none();
        store.subscriptions.clients.fetch_add(first as u64, Ordering::Relaxed);
        let own = client.subscribed.get_or_insert_default();
        if !own.of_mut(kind).insert(name.into()) {
            return;
        }
        match kind {
            Kind::Channel => self.channels.entry(name.into()).or_default().push(client.id),
            Kind::Shard => self.shards.entry(name.into()).or_default().push(client.id),
            Kind::Pattern => self.patterns.entry(name.into()).or_default().push(client.id),
        }
        store.subscriptions.add(kind, name, core, cores);
        client.refresh();
    }

    /// Ends a subscription; nothing happens if there is none.
    pub fn unsubscribe(&mut self, store: &Store, core: usize, client: &mut Client, kind: Kind, name: &[u8]) {
        let Some(own) = &mut client.subscribed else { return };
        if !own.of_mut(kind).remove(name) {
            return;
        }
        if own.is_empty() {
            client.subscribed = None;
            store.subscriptions.clients.fetch_sub(1, Ordering::Relaxed);
        }
        match kind {
            Kind::Channel => forget(&mut self.channels, name, client.id),
            Kind::Shard => forget(&mut self.shards, name, client.id),
            Kind::Pattern => forget(&mut self.patterns, name, client.id),
        }
        store.subscriptions.remove(kind, name, core);
        client.refresh();
    }

    /// Forgets all that the client wanted to be told: it goes, or RESET.
    pub fn forget(&mut self, server: &Server, core: usize, client: &mut Client) {
        let store = &server.store;
        if std::mem::take(&mut client.monitors) {
            self.monitors.retain(|id| *id != client.id);
            server.cores[core].monitors.fetch_sub(1, Ordering::SeqCst);
            server.judge_monitors();
        }
        client.stop_tracking(server, core, self);
        for kind in [Kind::Channel, Kind::Pattern, Kind::Shard] {
            let names: Vec<Box<[u8]>> = match &client.subscribed {
                Some(own) => own.of(kind).iter().cloned().collect(),
                None => break,
            };
            names.iter().for_each(|name| self.unsubscribe(store, core, client, kind, name));
        }
    }

    /// A client wants to know of keys with this prefix no more.
    pub fn forget_prefix(&mut self, prefix: &[u8], client: u64) {
        forget(&mut self.prefixes, prefix, client);
    }

    /// The connections of this core that a letter is for: subscribers of its channel, then those of patterns.
    pub fn recipients(&self, letter: &Letter) -> Vec<Recipient> {
        let direct = if letter.shard { &self.shards } else { &self.channels };
        let mut all: Vec<Recipient> =
            direct.get(&letter.channel).map_or(&[][..], Vec::as_slice).iter().map(|id| (*id, None)).collect();
        if !letter.shard {
            for (pattern, clients) in &self.patterns {
                if glob::matches(pattern, &letter.channel) {
                    all.extend(clients.iter().map(|id| (*id, Some(pattern.clone()))));
                }
            }
        }
        all
    }
}

/// Takes one client off a name, and the name away with the last.
fn forget<K: std::hash::Hash + Eq + std::borrow::Borrow<[u8]>>(
    names: &mut HashMap<K, Clients>,
    name: &[u8],
    client: u64,
) {
    let Some(clients) = names.get_mut(name) else { return };
    if let Some(at) = clients.iter().position(|id| *id == client) {
        clients.remove(at);
    }
    if clients.is_empty() {
        names.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acl::catalog::Catalog;

    fn client(server: &Server, id: u64) -> Client {
        Client::new(id, 0, Default::default(), false, 0, server.acl.default_now())
    }

    fn letter(channel: &[u8]) -> Letter {
        Letter { shard: false, channel: channel.into(), body: Box::default() }
    }

    #[test]
    fn a_client_gets_a_letter_once_for_its_channel_and_once_for_each_pattern() {
        let server = Server::new(2, 0, 1, 1, Catalog::new(Vec::new(), &[]));
        let store = &server.store;
        let (mut local, mut one, mut two) = (Local::default(), client(&server, 1), client(&server, 2));
        local.subscribe(store, 0, 2, &mut one, Kind::Channel, b"news");
        local.subscribe(store, 0, 2, &mut one, Kind::Channel, b"news");
        local.subscribe(store, 0, 2, &mut one, Kind::Pattern, b"n*");
        local.subscribe(store, 0, 2, &mut two, Kind::Pattern, b"n*");
        local.subscribe(store, 0, 2, &mut two, Kind::Shard, b"news");
        let got = local.recipients(&letter(b"news"));
        assert_eq!(got.iter().filter(|(id, pattern)| *id == 1 && pattern.is_none()).count(), 1);
        assert_eq!(got.iter().filter(|(_, pattern)| pattern.is_some()).count(), 2);
        assert_eq!(one.subscribed.as_ref().map(|own| (own.count(Kind::Pattern), own.count(Kind::Shard))), Some((2, 0)));
        assert_eq!(store.subscriptions.audience(false, b"news").receivers, 3);
        local.forget(&server, 0, &mut one);
        local.forget(&server, 0, &mut two);
        assert!(local.recipients(&letter(b"news")).is_empty() && one.subscribed.is_none());
        assert!(store.subscriptions.is_quiet() && store.subscriptions.is_empty(Kind::Shard));
        assert!(local.channels.is_empty() && local.patterns.is_empty() && local.shards.is_empty());
    }
}
