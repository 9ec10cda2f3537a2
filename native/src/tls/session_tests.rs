//! A session against rustls's own client, in memory.

use std::io::{Read, Write};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use super::config::{Config, Directives};
use super::session::{SEAL_BYTES_MAX, Session};

/// A configuration without client certificates, and a client that trusts it.
pub fn pair(directives: Directives) -> (Arc<Config>, Arc<ClientConfig>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_string()]).expect("a certificate");
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let directives = Directives { certificate, key, auth_clients: "no".into(), ..directives };
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).expect("its own root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let client = client.with_root_certificates(roots).with_no_client_auth();
    (Arc::new(Config::new(&directives).expect("good")), Arc::new(client))
}

pub fn client(config: &Arc<ClientConfig>) -> ClientConnection {
    ClientConnection::new(config.clone(), ServerName::try_from("localhost").expect("a name")).expect("a client")
}

/// Hands over what the client wants to send, `step` bytes at a time, and what the session wants to send back.
fn exchange(client: &mut ClientConnection, session: &mut Session, plain: &mut Vec<u8>, step: usize) {
    loop {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).expect("memory takes all");
        }
        for part in bytes.chunks(step) {
            session.incoming().extend_from_slice(part);
            session.open(plain).expect("a good client");
        }
        let back = session.outgoing().to_vec();
        session.sent(back.len());
        let mut rest = back.as_slice();
        while !rest.is_empty() {
            client.read_tls(&mut rest).expect("memory gives all");
            client.process_new_packets().expect("a good server");
        }
        if bytes.is_empty() && back.is_empty() {
            return;
        }
    }
}

fn received(client: &mut ClientConnection, count: usize) -> Vec<u8> {
    let mut got = vec![0; count];
    client.reader().read_exact(&mut got).expect("so much is there");
    got
}

#[test]
fn bytes_come_through_however_they_are_cut() {
    for protocols in ["TLSv1.2", "TLSv1.3"] {
        let (config, trusting) = pair(Directives { protocols: protocols.into(), ..Directives::default() });
        for step in [1, 7, 1000, usize::MAX] {
            let (mut client, mut session) = (client(&trusting), Session::new(&config).expect("a session"));
            let mut plain = Vec::new();
            exchange(&mut client, &mut session, &mut plain, step);
            assert!(session.is_open() && plain.is_empty(), "{protocols} {step}");
            let request: Vec<u8> = (0..40_000u32).map(|n| n as u8).collect();
            client.writer().write_all(&request).expect("room");
            exchange(&mut client, &mut session, &mut plain, step);
            assert_eq!(plain, request);
            assert_eq!(session.seal(b"+OK\r\n").expect("open"), 5);
            exchange(&mut client, &mut session, &mut plain, step);
            assert_eq!(received(&mut client, 5), b"+OK\r\n");
        }
    }
}

#[test]
fn output_counts_as_sent_when_its_records_are() {
    let (config, trusting) = pair(Directives::default());
    let (mut client, mut session) = (client(&trusting), Session::new(&config).expect("a session"));
    assert_eq!(session.seal(b"too early").expect("no harm"), 0);
    exchange(&mut client, &mut session, &mut Vec::new(), usize::MAX);
    let reply = vec![7; 3 * SEAL_BYTES_MAX];
    assert_eq!(session.seal(&reply).expect("open"), SEAL_BYTES_MAX, "as much as is sealed at a time");
    let sealed = session.outgoing().to_vec();
    assert!(sealed.len() > SEAL_BYTES_MAX);
    assert_eq!(session.sent(1000), 0);
    assert_eq!(session.outgoing(), &sealed[1000..]);
    assert_eq!(session.sent(sealed.len() - 1000), SEAL_BYTES_MAX);
    assert!(session.outgoing().is_empty());
    let (mut rest, mut got) = (sealed.as_slice(), Vec::new());
    while !rest.is_empty() {
        client.read_tls(&mut rest).expect("memory gives all");
        let count = client.process_new_packets().expect("a good server").plaintext_bytes_to_read();
        got.extend(received(&mut client, count));
    }
    assert_eq!(got, reply[..SEAL_BYTES_MAX]);
}

#[test]
fn a_client_that_ends_its_half_still_gets_replies() {
    let (config, trusting) = pair(Directives::default());
    let (mut client, mut session) = (client(&trusting), Session::new(&config).expect("a session"));
    let mut plain = Vec::new();
    exchange(&mut client, &mut session, &mut plain, usize::MAX);
    client.writer().write_all(b"PING\r\n").expect("room");
    client.send_close_notify();
    exchange(&mut client, &mut session, &mut plain, 3);
    assert!(session.is_ended() && plain == b"PING\r\n");
    assert_eq!(session.seal(b"+PONG\r\n").expect("its own half is open"), 7);
    session.say_goodbye();
    exchange(&mut client, &mut session, &mut plain, usize::MAX);
    assert_eq!(received(&mut client, 7), b"+PONG\r\n");
    assert_eq!(client.reader().read(&mut [0; 1]).expect("an end in good order"), 0);
}

#[test]
fn sessions_are_taken_up_again() {
    for (protocols, caching) in [("TLSv1.2", true), ("TLSv1.3", true), ("TLSv1.3", false)] {
        let directives = Directives {
            protocols: protocols.into(),
            session_caching: caching,
            session_cache_timeout_s: 300,
            ..Directives::default()
        };
        let (config, trusting) = pair(directives);
        let mut kinds = Vec::new();
        for _ in 0..2 {
            let (mut client, mut session) = (client(&trusting), Session::new(&config).expect("a session"));
            exchange(&mut client, &mut session, &mut Vec::new(), usize::MAX);
            kinds.push(client.handshake_kind().expect("done"));
        }
        let resumed = kinds[1] == rustls::HandshakeKind::Resumed;
        assert_eq!(resumed, caching, "{protocols}: {kinds:?}");
    }
}

#[test]
fn nonsense_is_answered_with_an_alert() {
    let (config, _) = pair(Directives::default());
    for nonsense in [&b"PING\r\n"[..], b"*1\r\n$4\r\nPING\r\n", &[0x16, 3, 1, 0xff, 0xff], &[0x17, 3, 3, 0, 1, 0]] {
        let mut session = Session::new(&config).expect("a session");
        session.incoming().extend_from_slice(nonsense);
        assert!(session.open(&mut Vec::new()).is_err(), "{nonsense:?}");
        assert_eq!(session.outgoing().first(), Some(&0x15), "{nonsense:?}");
    }
}
