//! Connections by the TLS port: what is received is opened before it is input, output is sealed before it is sent.
//!
//! Output counts as sent when all of the records that hold it are: so limits, and the closing of a connection once all is
//! sent, work on the same numbers as without TLS.

use super::backend::Received;
use super::core::{Core, RECEIVE_BYTES};
use crate::acl::check::Reason;
use crate::acl::log::Place;
use crate::session::conn::Conn;
use crate::tls::session::Session;

/// A client that has not got through the handshake by then is turned out, ms.
const HANDSHAKE_MS_MAX: i64 = 10_000;
/// Level of the log for peers that speak something else: `verbose`.
const VERBOSE: u8 = 1;

impl Core {
    /// Takes in what has arrived for a connection with TLS.
    #[cold]
    pub(super) fn receive_sealed(&mut self, slot: usize, conn: &mut Conn) {
        let Some(tls) = &mut conn.tls else { return };
        match self.net.receive(slot, conn.client.fd, tls.incoming(), RECEIVE_BYTES) {
            Received::Bytes { more, .. } => {
                if more {
                    self.ready.push_back(slot);
                }
                self.open(slot, conn);
            }
            Received::Empty => (),
            Received::Ended => conn.input_ended = true,
            Received::Failed => {
                conn.dead = true;
                conn.closing = true;
            }
        }
    }

    fn open(&mut self, slot: usize, conn: &mut Conn) {
        let Some(tls) = &mut conn.tls else { return };
        if conn.input.is_empty() && conn.input.capacity() < RECEIVE_BYTES {
            conn.input = std::mem::take(&mut self.spare);
        }
        let (was_open, before) = (tls.is_open(), conn.input.len());
        let opened = tls.open(&mut conn.input);
        let (is_open, count) = (tls.is_open(), conn.input.len() - before);
        conn.input_ended |= tls.is_ended();
        let has_outgoing = !tls.outgoing().is_empty();
        self.note_received(conn, count);
        if is_open && !was_open {
            self.log_in_by_certificate(conn);
        }
        if has_outgoing && !conn.blocked {
            self.send(slot, conn);
        }
        if let Err(broken) = opened {
            self.server.log.push(VERBOSE, format!("TLS with {} failed: {}", conn.client.address, broken.0));
            conn.dead = true;
            conn.closing = true;
        }
    }

    /// The client is who its certificate says, where `tls-auth-clients-user` asks for that and there is such a user.
    fn log_in_by_certificate(&mut self, conn: &mut Conn) {
        let names = conn.tls.as_ref().map_or_else(Vec::new, |tls| tls.user_names());
        let acl = &self.server.acl;
        let version = acl.version();
        let user = names.iter().find_map(|name| acl.find(name).filter(|user| user.enabled));
        match user {
            Some(user) => {
                (conn.client.user, conn.client.users_version) = (user, version);
                conn.client.authenticated = true;
                conn.client.refresh();
            }
            None => {
                if let Some(name) = names.into_iter().next() {
                    self.executor.note_denial(conn, Reason::Certificate, Place::Toplevel, name);
                }
            }
        }
    }

    /// As [`Core::send`], for a connection with TLS.
    #[cold]
    pub(super) fn send_sealed(&mut self, slot: usize, conn: &mut Conn) {
        while let Some(tls) = &mut conn.tls {
            if tls.outgoing().is_empty() {
                match tls.seal(&conn.output[conn.sent..]) {
                    Ok(0) => return,
                    Ok(_) => (),
                    Err(_) => conn.dead = true,
                }
            }
            let Ok(count) = self.net.send(slot, conn.client.fd, tls.outgoing()) else {
                conn.dead = true;
                return;
            };
            conn.blocked = count < tls.outgoing().len();
            let through = tls.sent(count);
            self.note_sent(conn, through);
            if conn.blocked || conn.dead || conn.output_bytes() == 0 {
                return;
            }
        }
    }

    /// The last words of a connection that is being closed in good order.
    pub(super) fn say_goodbye(&mut self, slot: usize, conn: &mut Conn) {
        let Some(tls) = &mut conn.tls else { return };
        if !conn.dead && !conn.blocked {
            tls.say_goodbye();
            let _ = self.net.send(slot, conn.client.fd, tls.outgoing());
        }
    }

    /// A session for a new connection. None: TLS cannot be had.
    pub(super) fn begin_tls(&self) -> Option<Box<Session>> {
        let config = self.server.tls.read().unwrap_or_else(|p| p.into_inner()).clone()?;
        match Session::new(&config) {
            Ok(session) => Some(Box::new(session)),
            Err(text) => {
                self.server.log.push(VERBOSE, format!("TLS cannot begin: {text}"));
                None
            }
        }
    }
}

/// Has the client had all the time that a handshake may take?
pub(super) fn is_late_for_handshake(conn: &Conn, now_ms: i64) -> bool {
    conn.tls.as_ref().is_some_and(|tls| !tls.is_open()) && now_ms - conn.client.created_ms > HANDSHAKE_MS_MAX
}
