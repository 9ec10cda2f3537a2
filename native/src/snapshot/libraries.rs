//! The payload of FUNCTION DUMP: the sources of libraries as RDB files have them, in DUMP's envelope.
//!
//! ```text
//!   0xF5 string(source) … | version u16 | CRC-64
//! ```

use super::bytes::{read_string, write_string};
use super::payload::{close, open};

/// Opcodes of RDB files for a library, and for one of a release candidate of Redis 7.0.
const FUNCTION: u8 = 245;
const FUNCTION_PRE_GA: u8 = 246;

pub fn write(sources: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for source in sources {
        out.push(FUNCTION);
        write_string(source, &mut out);
    }
    close(out)
}

/// The sources in a payload. Err: Redis's text for what is wrong with it.
pub fn read(payload: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
    let (mut rest, _) = open(payload).ok_or("DUMP payload version or checksum are wrong")?;
    let mut sources = Vec::new();
    while let Some((kind, tail)) = rest.split_first() {
        rest = tail;
        match *kind {
            FUNCTION => sources.push(read_string(&mut rest).ok_or("Failed loading library code")?),
            FUNCTION_PRE_GA => return Err("Pre-GA function format not supported"),
            _ => return Err("given type is not a function"),
        }
    }
    Ok(sources)
}

/// The fact of an RDB file whose value is the source of a library that Redis has no engine for.
pub const LIBRARY_FACT: &[u8] = b"zedis-library";

/// Is it in Lua?
pub fn is_of_redis(source: &[u8]) -> bool {
    source.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"#!lua"))
}

/// The name that the first line of a library gives it; empty where there is none.
pub fn name_of(source: &[u8]) -> &[u8] {
    let line = source.split(|byte| *byte == b'\n').next().unwrap_or_default();
    line.split(u8::is_ascii_whitespace).find_map(|word| word.strip_prefix(b"name=")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_come_back_and_damage_is_noticed() {
        let long = b"#!lua name=l\n".iter().copied().chain(std::iter::repeat_n(b'x', 5000)).collect::<Vec<u8>>();
        let payload = write(&[b"#!lua name=a\nreturn", &long]);
        assert_eq!(read(&payload), Ok(vec![b"#!lua name=a\nreturn".to_vec(), long]));
        for at in 0..payload.len() {
            let mut changed = payload.clone();
            changed[at] ^= 1;
            assert!(read(&changed).is_err() && read(&payload[..at]).is_err());
        }
        assert_eq!(read(&close(vec![0, 1, b'a'])), Err("given type is not a function"));
        assert_eq!(read(&close(vec![FUNCTION, 200])), Err("Failed loading library code"));
    }
}
