//! What a TLS client may send: bytes changed on their way, in the handshake and behind it, and records of nothing sensible.

use std::io::Write;

use super::run;
use crate::tls::config::Directives;
use crate::tls::session::Session;
use crate::tls::session_tests::{client, pair};

#[test]
fn any_bytes_are_opened_or_refused() {
    let configs: Vec<_> = ["TLSv1.2", "TLSv1.3"]
        .map(|protocols| pair(Directives { protocols: protocols.into(), ..Directives::default() }))
        .into_iter()
        .collect();
    run("tls", 300, |draw| {
        let (config, trusting) = &configs[draw.below(2)];
        let (mut client, mut session) = (client(trusting), Session::new(config).expect("a session"));
        let mut plain = Vec::new();
        for turn in 0..6 {
            let mut bytes = Vec::new();
            if turn > 2 {
                let _ = client.writer().write_all(&draw.bytes(b"PING\r\n", 20_000));
            }
            while client.wants_write() {
                client.write_tls(&mut bytes).expect("memory takes all");
            }
            if draw.chance(40) {
                draw.damage(&mut bytes, &[0x14, 0x15, 0x16, 0x17, 0x18, 3, 1, 2, 4, 0, 0xff, 0x40]);
            }
            if draw.chance(5) {
                bytes = (0..draw.below(200)).map(|_| draw.below(256) as u8).collect();
            }
            let step = 1 + draw.below(3000);
            for part in bytes.chunks(step) {
                session.incoming().extend_from_slice(part);
                if session.open(&mut plain).is_err() {
                    assert!(session.seal(b"x").is_ok_and(|count| count == 0), "a broken session says nothing more");
                    return;
                }
                assert!(session.memory_bytes() < 1 << 20);
            }
            let _ = session.seal(&draw.bytes(b"+OK\r\n", 100));
            let back = session.outgoing().to_vec();
            session.sent(back.len());
            let mut rest = back.as_slice();
            while !rest.is_empty() && client.read_tls(&mut rest).is_ok() {
                if client.process_new_packets().is_err() {
                    return;
                }
            }
        }
    });
}
