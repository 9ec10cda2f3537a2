//! RDB files: any bytes are read to their end or refused, in bounded time, and nothing stands in a file that was cut.

use super::run;
use crate::snapshot::file::{File, Record};

const RECORDS: &[&[u8]] = &[
    b"\xfa\x09redis-ver\x055.0.1",
    b"\xfe\x03\xfb\x02\x01",
    b"\xfc\x10\x27\0\0\0\0\0\0\xf9\x07\x00\x01k\x01v",
    b"\xfd\x10\x27\0\0\xf8\x07\x02\x01s\x02\x01a\x01b",
    b"\xf5\x03lib",
    b"\xf4\x01\x02\x03",
    b"\x07\x01m\x81\0\0\0\0\0\0\x04\0\x02\x05\x05\x01x\x04\0\0\0\0\0\0\0\0\0",
    b"\xf7\x81\0\0\0\0\0\0\x04\0\x02\x02\x02\x01\x05\x03aux\0",
    b"\x16\x01h\x01\x01a\x01b\xff\xff\xff\xff\xff\xff\xff\xff",
];

#[test]
fn files_are_read_to_their_end_or_refused() {
    run("rdb files", 100_000, |draw| {
        let mut bytes = draw.pick(&[&b"REDIS0009"[..], b"REDIS0012", b"REDIS0003", b"VALKEY080"]).to_vec();
        for _ in 0..draw.below(6) {
            bytes.extend_from_slice(draw.pick(RECORDS));
        }
        bytes.push(0xff);
        bytes.extend([0; 8]);
        if draw.below(4) > 0 {
            draw.damage(&mut bytes, b"\x00\x01\x02\x40\x80\x81\xc0\xc3\xf0\xf3\xf4\xf5\xf7\xf8\xfa\xfb\xfe\xff");
        }
        let Ok(mut file) = File::open(&bytes, true) else { return };
        let (mut records, mut at) = (0, file.position());
        while let Ok(Some(record)) = file.next_record() {
            assert!(file.position() > at && !matches!(record, Record::Key(key) if key.key.len() > bytes.len() * 88));
            at = file.position();
            records += 1;
        }
        assert!(records <= bytes.len());
    });
}
