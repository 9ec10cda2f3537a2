//! Which files an append-only file consists of, as Redis 7 writes it down.
//!
//! ```text
//!   file appendonly.aof.1.base.rdb seq 1 type b        the state at some moment; at most one
//!   file appendonly.aof.1.incr.aof seq 1 type i        what came after it, in order of their numbers
//!   file appendonly.aof.0.incr.aof seq 0 type h        not needed any more, to be removed
//! ```

use std::fmt::Write;

/// Longest line, bytes.
const LINE_BYTES_MAX: usize = 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub name: String,
    pub seq: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    pub base: Option<Part>,
    pub increments: Vec<Part>,
    pub history: Vec<Part>,
}

impl Manifest {
    /// Err: what is wrong with it, with the line's number.
    pub fn parse(text: &str) -> Result<Manifest, String> {
        let mut manifest = Manifest::default();
        let mut last_seq = 0;
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_end_matches('\r');
            let wrong = |what: &str| format!("{what}, in line {} of the manifest: '{line}'", index + 1);
            if line.len() > LINE_BYTES_MAX {
                return Err(format!("The AOF manifest file contains too long line: line {}", index + 1));
            }
            if line.starts_with('#') {
                continue;
            }
            let words = split(line).ok_or_else(|| wrong("Invalid AOF manifest file format"))?;
            let (mut name, mut seq, mut kind) = (None, None, None);
            // What is not known is skipped, in pairs: newer versions write more.
            for pair in words.chunks(2) {
                let [key, value] = pair else { return Err(wrong("Invalid AOF manifest file format")) };
                match key.to_ascii_lowercase().as_str() {
                    "file" => name = Some(value.clone()),
                    "seq" => seq = value.parse::<u64>().ok(),
                    "type" => kind = value.chars().next(),
                    _ => (),
                }
            }
            let (Some(name), Some(seq), Some(kind)) = (name, seq, kind) else {
                return Err(wrong("Invalid AOF manifest file format"));
            };
            if name.contains('/') || name.is_empty() || name == ".." {
                return Err(wrong("File can't be a path, just a filename"));
            }
            let part = Part { name, seq };
            match kind {
                'b' if manifest.base.is_some() => return Err(wrong("Found duplicate base file information")),
                'b' => manifest.base = Some(part),
                'i' if seq <= last_seq => return Err(wrong("Found a non-monotonic sequence number")),
                'i' => {
                    last_seq = seq;
                    manifest.increments.push(part);
                }
                'h' => manifest.history.push(part),
                _ => return Err(wrong("Unknown AOF file type")),
            }
        }
        if manifest.base.is_none() && manifest.increments.is_empty() && manifest.history.is_empty() {
            return Err("Found an empty AOF manifest".into());
        }
        Ok(manifest)
    }

    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let lines = self
            .base
            .iter()
            .map(|part| (part, 'b'))
            .chain(self.history.iter().map(|part| (part, 'h')))
            .chain(self.increments.iter().map(|part| (part, 'i')));
        for (Part { name, seq }, kind) in lines {
            let name = quoted(name);
            let _ = writeln!(text, "file {name} seq {seq} type {kind}");
        }
        text
    }

    /// The number that the next increment gets.
    pub fn next_increment(&self) -> u64 {
        self.increments.iter().chain(&self.history).map(|part| part.seq).max().unwrap_or(0) + 1
    }

    pub fn next_base(&self) -> u64 {
        self.base.iter().chain(&self.history).map(|part| part.seq).max().unwrap_or(0) + 1
    }
}

/// A name as a word: in quotes where it holds anything special.
fn quoted(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\' && byte != b'\'';
    if name.bytes().all(plain) {
        return name.into();
    }
    let mut text = String::from("\"");
    for byte in name.bytes() {
        match byte {
            b'"' | b'\\' => text.extend(['\\', byte as char]),
            b' ' => text.push(' '),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            byte if plain(byte) || byte == b'\'' => text.push(byte as char),
            byte => drop(write!(text, "\\x{byte:02x}")),
        }
    }
    text.push('"');
    text
}

/// The words of a line; those in quotes may hold blanks and `\xHH`. None: a quote that does not end, or bytes that are no text.
fn split(line: &str) -> Option<Vec<String>> {
    let (mut words, mut bytes) = (Vec::new(), line.bytes().peekable());
    loop {
        while bytes.next_if(|byte| *byte == b' ' || *byte == b'\t').is_some() {}
        let Some(first) = bytes.next() else { return Some(words) };
        let mut word = Vec::new();
        if first == b'"' {
            loop {
                match bytes.next()? {
                    b'"' => break,
                    b'\\' => match bytes.next()? {
                        b'x' => {
                            let digits = [bytes.next()?, bytes.next()?];
                            word.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
                        }
                        b'n' => word.push(b'\n'),
                        b'r' => word.push(b'\r'),
                        b't' => word.push(b'\t'),
                        other => word.push(other),
                    },
                    byte => word.push(byte),
                }
            }
        } else {
            word.push(first);
            while let Some(byte) = bytes.next_if(|byte| *byte != b' ' && *byte != b'\t') {
                word.push(byte);
            }
        }
        words.push(String::from_utf8(word).ok()?);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, seq: u64) -> Part {
        Part { name: name.into(), seq }
    }

    #[test]
    fn a_manifest_is_read_as_it_was_written() {
        let manifest = Manifest {
            base: Some(part("a.aof.2.base.rdb", 2)),
            increments: vec![part("a.aof.3.incr.aof", 3), part("with \"blank\" \\ é.4", 4)],
            history: vec![part("a.aof.1.base.rdb", 1)],
        };
        assert_eq!(Manifest::parse(&manifest.to_text()), Ok(manifest.clone()));
        assert_eq!((manifest.next_base(), manifest.next_increment()), (3, 5));
        let redis =
            "file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i startoffset 7\n";
        let read = Manifest::parse(redis).expect("Redis writes it so");
        assert_eq!(read.increments, [part("appendonly.aof.1.incr.aof", 1)]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, what) in [
            ("", "empty"),
            ("file a seq 1", "Invalid AOF manifest file format, in line 1"),
            ("file a seq 1 type b\nfile b seq 2 type b", "duplicate base file information, in line 2"),
            ("file a seq 2 type i\nfile b seq 2 type i", "non-monotonic"),
            ("file ../a seq 2 type i", "can't be a path"),
            ("file a seq 2 type x", "Unknown AOF file type"),
            ("file \"a seq 2 type x", "Invalid AOF manifest"),
            ("file a seq 2 type i\n\nfile b seq 3 type i", "Invalid AOF manifest file format, in line 2"),
        ] {
            let error = Manifest::parse(text).expect_err(text);
            assert!(error.contains(what), "{text}: {error}");
        }
    }
}
