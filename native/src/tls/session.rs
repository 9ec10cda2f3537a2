//! One connection's TLS.

use std::sync::Arc;

use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{ConnectionState, EncodeError, EncodeTlsData, EncryptError, UnbufferedStatus, WriteTraffic};

use super::config::{Config, UserField};
use super::subject;

/// Bytes of replies that are sealed at a time: what waits sealed for a slow reader is at most this.
pub const SEAL_BYTES_MAX: usize = 64 * 1024;
/// A record carries so many bytes of payload at most, and so many besides (header, tag, type).
const RECORD_BYTES: usize = 16 * 1024;
const RECORD_EXTRA_BYTES: usize = 64;
/// Room for what may be queued before the payload: a key update.
const SPARE_BYTES: usize = 256;
/// Buffers larger than this are given back once they are empty.
const KEPT_BYTES: usize = 32 * 1024;

/// The peer does not speak TLS as it should; the connection has to end, after what is in `outgoing` has been sent.
#[derive(Debug)]
pub struct Broken(pub String);

pub struct Session {
    rustls: UnbufferedServerConnection,
    user_field: UserField,
    /// Received and not deciphered: the beginning of a record.
    incoming: Vec<u8>,
    /// To be sent, from `sent` on.
    outgoing: Vec<u8>,
    sent: usize,
    /// Bytes of replies that `outgoing` holds sealed.
    sealed: usize,
    is_open: bool,
    peer_closed: bool,
    broken: bool,
}

impl Session {
    pub fn new(config: &Arc<Config>) -> Result<Session, String> {
        let rustls = UnbufferedServerConnection::new(config.rustls.clone()).map_err(|error| error.to_string())?;
        Ok(Session {
            rustls,
            user_field: config.user_field,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            sent: 0,
            sealed: 0,
            is_open: false,
            peer_closed: false,
            broken: false,
        })
    }

    /// Where received bytes are to be appended; then [`Session::open`].
    pub fn incoming(&mut self) -> &mut Vec<u8> {
        &mut self.incoming
    }

    /// The handshake is over.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// The peer has said that it sends nothing more.
    pub fn is_ended(&self) -> bool {
        self.peer_closed
    }

    /// Deciphers what was received; requests are appended to `plain`. Answers of the handshake go to `outgoing`. Not to be
    /// called again after an error.
    pub fn open(&mut self, plain: &mut Vec<u8>) -> Result<(), Broken> {
        debug_assert!(!self.broken);
        let mut done = 0;
        let result = loop {
            let UnbufferedStatus { discard, state, .. } = self.rustls.process_tls_records(&mut self.incoming[done..]);
            match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    let mut more = 0;
                    let mut failed = None;
                    while let Some(record) = traffic.next_record() {
                        match record {
                            Ok(record) => {
                                more += record.discard;
                                plain.extend_from_slice(record.payload);
                            }
                            Err(error) => failed = Some(error),
                        }
                    }
                    done += discard + more;
                    if let Some(error) = failed {
                        self.broken = true;
                        break Err(Broken(error.to_string()));
                    }
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    done += discard;
                    encode(&mut data, &mut self.outgoing);
                }
                Ok(ConnectionState::TransmitTlsData(data)) => {
                    done += discard;
                    data.done();
                }
                Ok(ConnectionState::WriteTraffic(_)) => {
                    self.is_open = true;
                    done += discard;
                    break Ok(());
                }
                Ok(ConnectionState::PeerClosed) => {
                    self.peer_closed = true;
                    done += discard;
                }
                Ok(ConnectionState::Closed) => {
                    done += discard;
                    break Ok(());
                }
                // Early data is not offered, so that a request cannot be replayed.
                Ok(_) => {
                    done += discard;
                    break Ok(());
                }
                Err(error) => {
                    self.broken = true;
                    break Err(Broken(error.to_string()));
                }
            }
        };
        if self.broken {
            self.incoming.clear();
            self.take_alert();
        }
        self.incoming.drain(..done.min(self.incoming.len()));
        if self.incoming.is_empty() && self.incoming.capacity() > KEPT_BYTES {
            self.incoming = Vec::new();
        }
        result
    }

    /// What tells the peer why the connection ends.
    fn take_alert(&mut self) {
        if self.rustls.wants_write()
            && let Ok(ConnectionState::EncodeTlsData(mut data)) = self.rustls.process_tls_records(&mut []).state
        {
            encode(&mut data, &mut self.outgoing);
        }
    }

    /// Enciphers replies, at most [`SEAL_BYTES_MAX`] of them, into `outgoing`; gives how many. 0: the handshake is not over.
    pub fn seal(&mut self, plain: &[u8]) -> Result<usize, Broken> {
        let plain = &plain[..plain.len().min(SEAL_BYTES_MAX)];
        let room = plain.len() + plain.len().div_ceil(RECORD_BYTES) * RECORD_EXTRA_BYTES + SPARE_BYTES;
        let mut sealed = Ok(0);
        self.write(|traffic, outgoing| {
            sealed = append(outgoing, room, |room| match traffic.encrypt(plain, room) {
                Ok(bytes) => Ok(bytes),
                Err(EncryptError::InsufficientSize(needed)) => Err(Some(needed.required_size)),
                Err(_) => Err(None),
            })
            .map(|()| plain.len())
            .ok_or_else(|| Broken("the keys of this connection are used up".into()));
        });
        self.sealed += *sealed.as_ref().unwrap_or(&0);
        sealed
    }

    /// Tells the peer that nothing more comes.
    pub fn say_goodbye(&mut self) {
        self.write(|traffic, outgoing| {
            let _ = append(outgoing, SPARE_BYTES, |room| match traffic.queue_close_notify(room) {
                Ok(bytes) => Ok(bytes),
                Err(EncryptError::InsufficientSize(needed)) => Err(Some(needed.required_size)),
                Err(_) => Err(None),
            });
        });
    }

    /// Runs `with` if the session may write. What rustls wants to say before that (new keys) goes first.
    fn write(&mut self, with: impl FnOnce(&mut WriteTraffic<'_, ServerConnectionData>, &mut Vec<u8>)) {
        if !self.is_open || self.broken {
            return;
        }
        loop {
            // Whole records were deciphered when they came: what is left in `incoming` changes nothing here.
            let UnbufferedStatus { discard, state, .. } = self.rustls.process_tls_records(&mut self.incoming);
            debug_assert!(discard == 0, "nothing is deciphered while writing");
            match state {
                Ok(ConnectionState::EncodeTlsData(mut data)) => encode(&mut data, &mut self.outgoing),
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::PeerClosed) => self.peer_closed = true,
                Ok(ConnectionState::WriteTraffic(mut traffic)) => return with(&mut traffic, &mut self.outgoing),
                _ => return,
            }
        }
    }

    // ---- what is to be sent ----

    pub fn outgoing(&self) -> &[u8] {
        &self.outgoing[self.sent..]
    }

    /// So many bytes of `outgoing` are sent. Gives how many bytes of replies are through with that.
    pub fn sent(&mut self, bytes: usize) -> usize {
        self.sent += bytes;
        if self.sent < self.outgoing.len() {
            return 0;
        }
        self.outgoing.clear();
        self.sent = 0;
        if self.outgoing.capacity() > KEPT_BYTES {
            self.outgoing = Vec::new();
        }
        std::mem::take(&mut self.sealed)
    }

    /// The name that the client's certificate gives it, where the configuration wants one.
    pub fn user_names(&self) -> Vec<Vec<u8>> {
        let Some([certificate, ..]) = self.rustls.peer_certificates() else { return Vec::new() };
        match self.user_field {
            UserField::Off => Vec::new(),
            UserField::CommonName => subject::common_name(certificate).into_iter().collect(),
            UserField::Uri => subject::uris(certificate),
        }
    }

    pub fn memory_bytes(&self) -> usize {
        size_of::<Session>() + self.incoming.capacity() + self.outgoing.capacity()
    }
}

fn encode(data: &mut EncodeTlsData<'_, ServerConnectionData>, outgoing: &mut Vec<u8>) {
    let _ = append(outgoing, SPARE_BYTES, |room| match data.encode(room) {
        Ok(bytes) => Ok(bytes),
        Err(EncodeError::InsufficientSize(needed)) => Err(Some(needed.required_size)),
        Err(EncodeError::AlreadyEncoded) => Err(None),
    });
}

/// Lets `write` fill `room` bytes behind `out`, or as many as it asks for instead; it gives how many it took. None: it gave up.
fn append(
    out: &mut Vec<u8>,
    room: usize,
    mut write: impl FnMut(&mut [u8]) -> Result<usize, Option<usize>>,
) -> Option<()> {
    let at = out.len();
    out.resize(at + room, 0);
    loop {
        match write(&mut out[at..]) {
            Ok(bytes) => {
                out.truncate(at + bytes);
                return Some(());
            }
            Err(Some(needed)) if needed > out.len() - at => out.resize(at + needed, 0),
            Err(_) => {
                out.truncate(at);
                return None;
            }
        }
    }
}
