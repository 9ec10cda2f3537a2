//! New connections: turned away, kept, or handed to another core.

use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::core::Core;
use super::listen;
use crate::acl::user::User;
use crate::resp::error;
use crate::resp::reply::Protocol;
use crate::session::client::Client;
use crate::session::conn::Conn;
use crate::session::server::{Listener, Mail, VERSION, Via};
use crate::sys::clock;

/// How CLIENT LIST shows a session of the process with itself.
const INNER_NAME: &[u8] = b"admin-api";
const INNER_ADDRESS: &str = "admin-api:0";

impl Core {
    /// Accepts from this socket as well, unless it does already.
    ///
    /// # Errors
    /// The backend cannot watch it.
    pub fn listen(&mut self, listener: &Arc<Listener>) -> std::io::Result<()> {
        if !self.listening || self.listeners.iter().any(|known| Arc::ptr_eq(known, listener)) {
            return Ok(());
        }
        self.net.listen(listener.fd.as_raw_fd(), listener.via)?;
        self.listeners.push(listener.clone());
        Ok(())
    }

    /// Accepts no more from this socket.
    pub(super) fn unlisten(&mut self, listener: &Arc<Listener>) {
        if let Some(at) = self.listeners.iter().position(|known| Arc::ptr_eq(known, listener)) {
            self.net.unlisten(listener.fd.as_raw_fd());
            self.listeners.swap_remove(at);
        }
    }

    /// A new socket: turned away, kept, or handed to the core with the fewest connections.
    pub(super) fn accepted(&mut self, fd: i32, via: Via) {
        let limit = self.server.settings.maxclients.load(Ordering::Relaxed);
        if self.server.connected.fetch_add(1, Ordering::Relaxed) >= limit {
            self.server.connected.fetch_sub(1, Ordering::Relaxed);
            self.executor.figures().rejected_connections.add(1);
            return self.turn_away(fd, via, error::MAX_CLIENTS);
        }
        let now_ns = clock::coarse_ns();
        let least = (0..self.server.serving)
            .min_by_key(|core| {
                let shared = &self.server.cores[*core];
                (*core != self.id && shared.is_held_up(now_ns), shared.load(), *core != self.id)
            })
            .expect("there is a core");
        if least == self.id {
            self.adopt(fd, via);
        } else {
            self.server.cores[least].coming.fetch_add(1, Ordering::Relaxed);
            self.server.send(least, Mail::Accepted { fd, via });
        }
    }

    /// A client that begins with a handshake would take the text for nonsense: it only sees the end.
    pub(super) fn turn_away(&mut self, fd: i32, via: Via, text: &str) {
        let line = if via == Via::Tls { String::new() } else { format!("-{text}\r\n") };
        // SAFETY: `line` is readable for its length; the socket was accepted just now and is closed here.
        unsafe {
            libc::send(fd, line.as_ptr().cast(), line.len(), libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT);
            libc::close(fd);
        }
    }

    pub(super) fn adopt(&mut self, fd: i32, via: Via) {
        let unix = via == Via::Unix;
        let (address, own, loopback) = listen::addresses(fd, if unix { Some(&self.unix_path) } else { None });
        let (user, users_version) = self.server.acl.default_now();
        if self.server.settings.protected_mode.load(Ordering::Relaxed) && user.nopass && !loopback {
            self.server.connected.fetch_sub(1, Ordering::Relaxed);
            self.executor.figures().rejected_connections.add(1);
            return self.turn_away(fd, via, error::PROTECTED);
        }
        let tls = if via == Via::Tls { self.begin_tls() } else { None };
        if via == Via::Tls && tls.is_none() {
            self.server.connected.fetch_sub(1, Ordering::Relaxed);
            return self.turn_away(fd, via, "");
        }
        if !unix {
            listen::tune(fd, self.server.settings.tcp_keepalive.load(Ordering::Relaxed));
        }
        let id = self.server.next_client_id.fetch_add(1, Ordering::Relaxed);
        let authenticated = user.enabled && user.nopass;
        let (now_ms, user) = (self.executor.txn.now_ms, (user, users_version));
        let mut client = Client::new(id, fd, (address, own), unix, now_ms, user);
        client.local = loopback;
        client.authenticated = authenticated;
        client.refresh();
        let mut conn = Box::new(Conn::new(client));
        conn.tls = tls;
        self.take_in(id, fd, conn);
    }

    /// A session of the process with itself. It counts as a client, but `maxclients` is no limit for it: whoever looks after a server
    /// that is full has to get in.
    pub(super) fn adopt_inner(&mut self, fd: i32, user: (Arc<User>, u64), local: bool) {
        self.server.cores[self.id].coming.fetch_sub(1, Ordering::Relaxed);
        self.server.connected.fetch_add(1, Ordering::Relaxed);
        let id = self.server.next_client_id.fetch_add(1, Ordering::Relaxed);
        let address = (INNER_ADDRESS.to_string(), INNER_ADDRESS.to_string());
        let mut client = Client::new(id, fd, address, true, self.executor.txn.now_ms, user);
        client.local = local;
        client.name = INNER_NAME.to_vec();
        client.lib_name = INNER_NAME.to_vec();
        client.lib_ver = VERSION.as_bytes().to_vec();
        client.proto = Protocol::Resp3;
        client.authenticated = true;
        client.refresh();
        self.take_in(id, fd, Box::new(Conn::new(client)));
    }

    fn take_in(&mut self, id: u64, fd: i32, mut conn: Box<Conn>) {
        conn.client.core = self.id;
        let slot = self.conns.insert(conn);
        self.by_id.insert(id, slot);
        self.server.note_client(id, Some(self.id));
        let figures = self.executor.figures();
        figures.connections.add(1);
        figures.clients.set(self.conns.len() as u64);
        if self.net.add(slot, fd).is_err()
            && let Some(conn) = self.conns.take(slot)
        {
            self.close(slot, conn);
        }
    }
}
