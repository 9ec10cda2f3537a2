//! Whether a file is a whole snapshot, for whoever asks without a server.

use super::control::slice_of;
use super::functions::stage;
use crate::snapshot::file::{File, Record};

/// Reads a snapshot through, from its first byte; what stands behind it is not looked at. Stages, as JSON,
/// `{"end", "keys", "expires", "libraries", "wrong"}`: bytes up to its end or to where something is wrong, and what, or null; gives
/// its length.
///
/// # Safety
/// 1. The pair is *bytes*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_check_snapshot(file: *const u8, len: f64) -> f64 {
    // SAFETY: (1)
    let answer = check(unsafe { slice_of(file, len) });
    stage(answer.to_string().into_bytes())
}

fn check(bytes: &[u8]) -> serde_json::Value {
    let (mut keys, mut expires, mut libraries) = (0, 0, 0);
    let read = File::open(bytes, true).and_then(|mut file| {
        while let Some(record) = file.next_record()? {
            match record {
                Record::Key(key) => {
                    keys += 1;
                    expires += key.expiry.is_some() as u64;
                }
                Record::Library(_) => libraries += 1,
                _ => (),
            }
        }
        Ok(file.position())
    });
    let (end, wrong) = match read {
        Ok(end) => (end, None),
        Err(failure) => (failure.at, Some(failure.text)),
    };
    serde_json::json!({ "end": end, "keys": keys, "expires": expires, "libraries": libraries, "wrong": wrong })
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn a_snapshot_ends_where_it_ends_whatever_stands_behind_it() {
        let whole = [&b"REDIS0004\x00\x01k\x01v\xfc\x10\x27\0\0\0\0\0\0\x00\x01l\x01w\xff"[..], b"*1\r\n"].concat();
        let found = check(&whole);
        assert_eq!((found["end"].as_u64(), found["keys"].as_u64()), (Some(whole.len() as u64 - 4), Some(2)));
        assert_eq!((found["expires"].as_u64(), found["wrong"].is_null()), (Some(1), true));
        let found = check(&whole[..20]);
        assert!(found["wrong"].is_string(), "{found}");
    }
}
