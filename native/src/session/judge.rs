//! How a change of users reaches the connections.
//!
//! ```text
//!   SETUSER ─▶ table: new User, version + 1 ─▶ the gate shuts: every request looks at the version ─▶ reply OK
//!                                          └─▶ mail to each core: judge all connections   (the last one opens the gate)
//! ```
//!
//! So whoever has the reply can count on the new rules everywhere, though no core was waited for: one may be in a procedure
//! for a second. Requests of users who may not do everything look at the version anyway; the gate is for the others, who
//! take the path that looks at nothing else.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use super::client::Client;
use super::conn::{Conn, Conns, Wait};
use super::server::{GATE_USERS, Mail, Server};
use crate::acl::user::User;

impl Server {
    /// Users have changed: from now on every request is judged by the new rules, and every core looks at its connections.
    pub fn judge_all(&self) {
        let mut judging = self.judging.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        *judging += self.serving as u64;
        self.gate.fetch_or(GATE_USERS, Ordering::SeqCst);
        drop(judging);
        for core in 0..self.serving {
            self.send(core, Mail::Judge);
        }
    }

    /// A core has judged its connections since some call of [`Server::judge_all`].
    pub fn judged(&self) {
        let mut judging = self.judging.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        *judging -= 1;
        if *judging == 0 {
            self.gate.fetch_and(!GATE_USERS, Ordering::SeqCst);
        }
    }
}

impl Client {
    /// Brings the client's user up to date. False: there is no such user any more, or it may not hear what the client listens
    /// to, and the connection has to end.
    #[inline]
    pub fn judge(&mut self, server: &Server) -> bool {
        self.users_version == server.acl.version() || self.judge_anew(server)
    }

    #[cold]
    fn judge_anew(&mut self, server: &Server) -> bool {
        // Read first: a change in between is seen by the next look.
        let version = server.acl.version();
        let Some(user) = server.acl.current(&self.user).filter(|user| self.may_listen(user)) else {
            self.authenticated = false;
            self.refresh();
            return false;
        };
        (self.user, self.users_version) = (user, version);
        self.refresh();
        true
    }
}

impl Client {
    /// May this user hear all that the client has subscribed to?
    fn may_listen(&self, user: &User) -> bool {
        self.subscribed.as_ref().is_none_or(|own| {
            let hears = |names: &BTreeSet<Box<[u8]>>, is_pattern| names.iter().all(|name| user.hears(name, is_pattern));
            hears(&own.channels, false) && hears(&own.shards, false) && hears(&own.patterns, true)
        })
    }
}

impl Conn {
    /// Judges a connection outside of its own requests: one whose user is gone is marked for closing.
    pub fn judge(&mut self, server: &Server) {
        // Who is about to be closed anyway, or has asked the main thread for this, still gets its last reply.
        if !self.client.judge(server) && !self.closing {
            self.closing = true;
            self.dead = !matches!(self.wait, Wait::Control { .. });
        }
    }
}

impl Conns {
    pub fn judge(&mut self, server: &Server) {
        for (_, conn) in self.iter() {
            conn.judge(server);
        }
    }
}
