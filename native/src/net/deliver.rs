//! What connections are told without having asked just now: messages, invalidations, lines of MONITOR.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::core::Core;
use crate::resp::reply::{Protocol, Reply};
use crate::session::conn::{Conn, Wait};
use crate::session::local::{Letter, Recipient};
use crate::session::server::Mail;
use crate::session::tracking::Tracking;

impl Core {
    /// A letter for this core's subscribers.
    pub(super) fn letter(&mut self, letter: &Letter) {
        let recipients = self.executor.local.recipients(letter);
        self.deliver(letter, &recipients);
    }

    /// Writes a letter to those it is for; those that are gone meanwhile are passed over.
    pub(super) fn deliver(&mut self, letter: &Letter, recipients: &[Recipient]) {
        // All who listen to the channel itself get the same bytes, but for their protocol: made once for each.
        let mut messages: [Vec<u8>; 2] = [Vec::new(), Vec::new()];
        for (client, pattern) in recipients {
            self.tell(*client, |reply| match pattern {
                Some(pattern) => {
                    reply.push(4);
                    reply.bulk(b"pmessage");
                    reply.bulk(pattern);
                    reply.bulk(&letter.channel);
                    reply.bulk(&letter.body);
                }
                None => {
                    let protocol = reply.proto;
                    let message = &mut messages[(protocol == Protocol::Resp3) as usize];
                    if message.is_empty() {
                        write_message(letter, &mut Reply::new(message, protocol));
                    }
                    reply.raw(message);
                }
            });
        }
    }

    /// A key changed that a client has read.
    pub(super) fn invalid(&mut self, client: u64, key: Box<[u8]>, by: u64) {
        self.invalidate(client, Some(Arc::new([key])), |tracking| {
            let own = tracking.no_loop && by == client;
            !(tracking.broadcast || own)
        });
    }

    /// Keys changed: each prefix that somebody here wants to know of has a message of its own, as in Redis.
    pub(super) fn changed(&mut self, keys: &BTreeMap<Box<[u8]>, u64>) {
        let mut told = Vec::new();
        for (prefix, clients) in &self.executor.local.prefixes {
            let meant: Vec<(&Box<[u8]>, u64)> =
                keys.iter().filter(|(key, _)| key.starts_with(prefix)).map(|(key, by)| (key, *by)).collect();
            if meant.is_empty() {
                continue;
            }
            let all: Arc<[Box<[u8]>]> = meant.iter().map(|(key, _)| (*key).clone()).collect();
            for client in clients {
                let others = meant.iter().filter(|(_, by)| by != client).map(|(key, _)| (*key).clone());
                told.push((*client, all.clone(), others.collect::<Arc<[Box<[u8]>]>>()));
            }
        }
        for (client, all, others) in told {
            let no_loop = self.tracking_of(client).is_some_and(|tracking| tracking.no_loop);
            let keys = if no_loop { others } else { all };
            if !keys.is_empty() {
                self.invalidate(client, Some(keys), |tracking| tracking.broadcast);
            }
        }
    }

    /// Everything may have changed.
    pub(super) fn flushed(&mut self) {
        let with_caches = self.conns.iter().filter(|(_, conn)| conn.client.tracking.is_some());
        let clients: Vec<u64> = with_caches.map(|(_, conn)| conn.client.id).collect();
        clients.into_iter().for_each(|client| self.invalidate(client, None, |_| true));
    }

    fn tracking_of(&mut self, client: u64) -> Option<&mut Tracking> {
        let slot = self.by_id.get(&client).copied()?;
        self.conns.get(slot)?.client.tracking.as_deref_mut()
    }

    /// Tells a client, or the one it redirects to, that keys (None: all) are no longer what it may have cached.
    fn invalidate(&mut self, client: u64, keys: Option<Arc<[Box<[u8]>]>>, concerns: impl FnOnce(&Tracking) -> bool) {
        let server = self.server;
        let Some(tracking) = self.tracking_of(client).filter(|tracking| concerns(tracking)) else { return };
        let redirect = tracking.redirect;
        if redirect == 0 {
            return self.push_invalid(client, keys.as_deref());
        }
        match server.core_of(redirect) {
            Some(core) => self.executor.mail(core, Mail::Redirected { client: redirect, keys }),
            None => {
                tracking.broken = true;
                self.tell_in_resp3(client, |reply| {
                    reply.push(2);
                    reply.bulk(b"tracking-redir-broken");
                    reply.int(redirect as i64);
                });
            }
        }
    }

    fn push_invalid(&mut self, client: u64, keys: Option<&[Box<[u8]>]>) {
        self.tell_in_resp3(client, |reply| {
            reply.push(2);
            reply.bulk(b"invalidate");
            invalid_keys(reply, keys);
        });
    }

    /// Keys are invalid for a connection that names this one for its messages: a push in RESP3, a message of a channel for who
    /// subscribes in RESP2, nothing otherwise.
    pub(super) fn redirected(&mut self, client: u64, keys: Option<&[Box<[u8]>]>) {
        let Some(slot) = self.by_id.get(&client).copied() else { return };
        let Some(conn) = self.conns.get(slot) else { return };
        if conn.client.proto == Protocol::Resp3 {
            self.push_invalid(client, keys);
        } else if conn.client.subscribed.is_some() {
            self.tell(client, |reply| {
                reply.push(3);
                reply.bulk(b"message");
                reply.bulk(INVALIDATION_CHANNEL);
                invalid_keys(reply, keys);
            });
        }
        // Who asks next how much that client takes is not to see more than it may.
        if self.conns.is_counting() && self.current.is_none() {
            self.send_replies();
            self.evict_clients();
        }
    }

    /// As [`Core::tell`]; nothing happens in RESP2, which has no place for what was not asked for.
    fn tell_in_resp3(&mut self, client: u64, write: impl FnOnce(&mut Reply)) {
        let slot = self.by_id.get(&client).copied();
        let speaks = slot.and_then(|slot| self.conns.get(slot)).is_some_and(|c| c.client.proto == Protocol::Resp3);
        if speaks {
            self.tell(client, write);
        }
    }

    /// A line for who runs MONITOR here.
    pub(super) fn monitor_line(&mut self, line: &Arc<[u8]>) {
        for client in self.executor.local.monitors.clone() {
            self.tell(client, |reply| reply.raw(line));
        }
    }

    /// Lets `write` append to the output of a client of this core, in its protocol; it is sent at the end of this turn. A reply
    /// that is half written is not interrupted: what comes meanwhile follows it.
    pub(super) fn tell(&mut self, client: u64, write: impl FnOnce(&mut Reply)) {
        let Some(slot) = self.by_id.get(&client).copied() else { return };
        let Some(conn) = self.conns.get(slot) else { return };
        tell_conn(conn, write);
        self.to_send.push(slot);
    }
}

fn write_message(letter: &Letter, reply: &mut Reply) {
    reply.push(3);
    reply.bulk(if letter.shard { b"smessage" } else { b"message" });
    reply.bulk(&letter.channel);
    reply.bulk(&letter.body);
}

/// Where RESP2 connections listen for invalidation messages.
const INVALIDATION_CHANNEL: &[u8] = b"__redis__:invalidate";

fn invalid_keys(reply: &mut Reply, keys: Option<&[Box<[u8]>]>) {
    match keys {
        None => reply.null_array(),
        Some(keys) => {
            reply.array(keys.len());
            keys.iter().for_each(|key| reply.bulk(key));
        }
    }
}

/// As [`Core::tell`], for a connection at hand.
fn tell_conn(conn: &mut Conn, write: impl FnOnce(&mut Reply)) {
    let half_written = matches!(conn.wait, Wait::Work { .. });
    let out = if half_written { &mut conn.told_later } else { &mut conn.output };
    write(&mut Reply::new(out, conn.client.proto));
}
