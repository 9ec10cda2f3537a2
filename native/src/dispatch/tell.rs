//! Messages to subscribers: what PUBLISH sends, and keyspace notifications.

use std::sync::Arc;

use super::execute::Executor;
use crate::session::client::Client;
use crate::session::local::Letter;
use crate::session::server::Mail;
use crate::txn::Change;
use crate::txn::notify::{Message, event};

impl Executor {
    pub(super) fn send_message(&mut self, message: Message) {
        match message {
            Message::Published { shard, channel, body } => self.publish(shard, channel, body),
            Message::Flushed => self.invalidate_all(),
        }
    }

    /// Sends a message to the cores that have subscribers. Who subscribes on this core is settled now: a client that sends
    /// SUBSCRIBE behind this request does not get it.
    fn publish(&mut self, shard: bool, channel: Box<[u8]>, body: Box<[u8]>) {
        let audience = self.server.store.subscriptions.audience(shard, &channel);
        if audience.cores == 0 {
            return;
        }
        let letter = Arc::new(Letter { shard, channel, body });
        for core in (0..self.server.serving).filter(|core| audience.cores >> core & 1 != 0) {
            if core == self.core {
                let recipients = self.local.recipients(&letter);
                self.own_mail.push_back(Mail::Deliver(letter.clone(), recipients));
            } else {
                self.server.send(core, Mail::Letter(letter.clone()));
            }
        }
    }

    /// Publishes the keyspace events of a change, where its class is wanted and anybody listens.
    pub(super) fn notify(&mut self, change: &Change) {
        let bit = change.class.bit();
        if change.event.is_empty() || !self.txn.wants(bit) || self.server.store.subscriptions.is_quiet() {
            return;
        }
        let (db, key, name) = (change.db, &*change.key, change.event.as_bytes());
        let channel = |kind: &str, rest: &[&[u8]]| [format!("__{kind}@{db}__:").as_bytes(), &rest.concat()].concat();
        if self.txn.wants(event::KEYSPACE) {
            self.publish(false, channel("keyspace", &[key]).into(), name.into());
        }
        if self.txn.wants(event::KEYEVENT) {
            self.publish(false, channel("keyevent", &[name]).into(), key.into());
        }
        if change.subkeys.is_empty() {
            return;
        }
        let subkeys = counted(change.subkeys.iter().map(|subkey| &**subkey));
        if self.txn.wants(event::SUBKEYSPACE) {
            self.publish(false, channel("subkeyspace", &[key]).into(), [name, b"|", &subkeys].concat().into());
        }
        if self.txn.wants(event::SUBKEYEVENT) {
            let body = [&counted([key].into_iter()), b"|".as_slice(), &subkeys].concat();
            self.publish(false, channel("subkeyevent", &[name]).into(), body.into());
        }
        // A line feed parts key and field here, so a key that has one could not be told apart.
        if self.txn.wants(event::SUBKEYSPACEITEM) && !key.contains(&b'\n') {
            for subkey in &change.subkeys {
                self.publish(false, channel("subkeyspaceitem", &[key, b"\n", subkey]).into(), name.into());
            }
        }
        if self.txn.wants(event::SUBKEYSPACEEVENT) {
            self.publish(false, channel("subkeyspaceevent", &[name, b"|", key]).into(), subkeys.into());
        }
    }

    /// The client goes: nobody is to tell it anything.
    pub fn forget_client(&mut self, client: &mut Client) {
        self.local.forget(self.server, self.core, client);
    }
}

/// `3:abc,5:hello`
fn counted<'k>(names: impl Iterator<Item = &'k [u8]>) -> Vec<u8> {
    let mut text = Vec::new();
    for name in names {
        if !text.is_empty() {
            text.push(b',');
        }
        text.extend_from_slice(itoa::Buffer::new().format(name.len()).as_bytes());
        text.push(b':');
        text.extend_from_slice(name);
    }
    text
}
