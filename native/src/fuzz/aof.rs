//! Append-only files: any bytes are run to their end or refused, with where; a file that was cut is whole up to some request.

use super::run;
use crate::aof::manifest::Manifest;
use crate::aof::replay::{End, Replay};
use crate::commands::table::table;
use crate::session::server::Server;
use crate::txn::Txn;

const REQUESTS: &[&[u8]] = &[
    b"*2\r\n$6\r\nSELECT\r\n$1\r\n1\r\n",
    b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n5\r\n",
    b"*2\r\n$4\r\nINCR\r\n$1\r\na\r\n",
    b"*4\r\n$4\r\nHSET\r\n$1\r\nh\r\n$1\r\nf\r\n$3\r\n\r\n*\r\n",
    b"*5\r\n$4\r\nXADD\r\n$1\r\ns\r\n$3\r\n5-1\r\n$1\r\nf\r\n$1\r\nv\r\n",
    b"*5\r\n$6\r\nLINSERT\r\n$1\r\nl\r\n$6\r\nBEFORE\r\n$1\r\nx\r\n$1\r\ny\r\n",
    b"*1\r\n$5\r\nMULTI\r\n",
    b"*1\r\n$4\r\nEXEC\r\n",
    b"*1\r\n$8\r\nFLUSHALL\r\n",
    b"*3\r\n$6\r\nSWAPDB\r\n$1\r\n0\r\n$1\r\n1\r\n",
    b"*3\r\n$8\r\nFUNCTION\r\n$6\r\nDELETE\r\n$1\r\nl\r\n",
    b"*3\r\n$6\r\nCLIENT\r\n$4\r\nKILL\r\n$1\r\n1\r\n",
    b"*3\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n$1\r\n0\r\n",
    b"*5\r\n$4\r\nSORT\r\n$1\r\nl\r\n$5\r\nALPHA\r\n$5\r\nSTORE\r\n$1\r\nm\r\n",
    b"#TS:1700000000\r\n",
];

#[test]
fn logs_run_to_their_end_or_are_refused() {
    let server: &'static Server = Box::leak(Box::new(Server::new(1, 0, 4, 4, table().catalog())));
    run("append-only files", 100_000, |draw| {
        let mut bytes = Vec::new();
        for _ in 0..draw.below(8) {
            bytes.extend_from_slice(draw.pick(REQUESTS));
        }
        if draw.chance(70) {
            draw.damage(&mut bytes, b"*$#\r\n0123456789-abEX\x00\xff");
        }
        let mut txn = Txn::helper(&server.store);
        let mut replay = Replay::new(server, &mut txn, false);
        match replay.run(&bytes, 0, 0) {
            Ok(End::Whole) => (),
            Ok(End::Short { whole }) => {
                assert!((whole as usize) < bytes.len());
                assert_eq!(replay.run(&bytes[..whole as usize], 0, 0), Ok(End::Whole), "what is whole is whole");
            }
            Err(text) => assert!(text.contains("offset") || text.contains("append only file"), "{text}"),
        }
    });
}

#[test]
fn manifests_are_read_or_refused() {
    let text = b"file \"a \\x41b\" seq 1 type b\nfile c seq 1 type i\nfile d seq 2 type i startoffset 3\n# done\n";
    run("manifests of append-only files", 20_000, |draw| {
        let mut bytes = text.to_vec();
        draw.damage(&mut bytes, b"file seq type bih\"\\x0123456789\n\r /.");
        if let Ok(manifest) = Manifest::parse(&String::from_utf8_lossy(&bytes)) {
            assert_eq!(Manifest::parse(&manifest.to_text()), Ok(manifest), "it is read as it is written");
        }
    });
}
