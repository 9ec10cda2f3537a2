//! Fuzz target: what another server replies to MIGRATE.

use std::io::BufReader;

use super::run;
use crate::commands::generic::migrate::{Wrong, read_replies};

/// Whatever comes: no panic, and a key counts as taken only for a whole line that is no error, and behind none of the login or SELECT.
#[test]
fn replies_to_migrate() {
    let keys: Vec<&[u8]> = vec![b"a", b"b", b"c", b"d"];
    run("migrate", 20_000, |draw| {
        let mut bytes = Vec::new();
        for _ in 0..draw.below(8) {
            let lines: [&[u8]; 5] = [b"+OK\r\n", b"-BUSYKEY Target\r\n", b"\n", b"$3\r\n", &[b'x'; 2000]];
            bytes.extend_from_slice(draw.pick(&lines));
        }
        draw.damage(&mut bytes, b"\r\n+-");
        let before = 1 + draw.below(2);
        // In pieces of any size, as from a socket.
        let mut stream = BufReader::with_capacity(1 + draw.below(40), bytes.as_slice());
        let taken = read_replies(&mut stream, before, &keys);
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
        assert!(taken.keys.len() <= lines.saturating_sub(before));
        let refused = bytes.split(|byte| *byte == b'\n').take(before).any(|line| line.starts_with(b"-"));
        assert!(!refused || taken.keys.is_empty());
        assert!(taken.keys.len() == keys.len() || taken.wrong.is_some());
        if let Some(Wrong::Refused(text)) = taken.wrong {
            assert!(!text.contains('\n'));
        }
    });
}
