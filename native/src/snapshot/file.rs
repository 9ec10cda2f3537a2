//! An RDB file, record by record.
//!
//! ```text
//!   "REDIS" and four digits of version · "VALKEY" and three                     records, then 0xff, then from version 5 on
//!                                                                               the CRC-64 of all before it, 0: none
//!   records   0xfa name, value          a fact of the server that wrote it, or
//!                                       a library that is not in Lua             strings
//!             0xfe number               the database of what follows           a length
//!             0xfb keys, expiring       how many it has                        lengths
//!             0xfd u32, 0xfc u64        when the next key expires, s and ms    little-endian
//!             0xf8 length, 0xf9 u8      how long it was idle, s; how often it was used
//!             0xf5 string               a library of functions in Lua
//!             0xf7 id …                 what a module keeps beside keys        module.rs
//!             0xf4 three lengths        a slot, and how many keys it has       0xf3: one on its way to here (Valkey)
//!             type, key, value          value.rs
//! ```

use std::borrow::Cow;

use super::bytes::{read_length, read_number, read_string, read_text, take};
use super::crc64::crc64;
use super::libraries::LIBRARY_FACT;
use super::value::{Dialect, Loaded, kind, read_kind};
use super::{module, skip};

mod opcode {
    pub const SLOT_IMPORT: u8 = 243;
    pub const SLOT: u8 = 244;
    pub const FUNCTION: u8 = 245;
    pub const FUNCTION_PRE_GA: u8 = 246;
    pub const MODULE_AUX: u8 = 247;
    pub const IDLE: u8 = 248;
    pub const FREQUENCY: u8 = 249;
    pub const AUX: u8 = 250;
    pub const RESIZE: u8 = 251;
    pub const EXPIRY_MS: u8 = 252;
    pub const EXPIRY_S: u8 = 253;
    pub const SELECT: u8 = 254;
    pub const END: u8 = 255;
}

/// The first version with a checksum at the end.
const VERSION_SUMMED: u32 = 5;
const VERSIONS_REDIS: std::ops::RangeInclusive<u32> = 1..=79;
const VERSIONS_VALKEY: std::ops::RangeInclusive<u32> = 80..=999;

/// What stands in a file.
#[derive(Debug, PartialEq)]
pub enum Record {
    Fact(Vec<u8>, Vec<u8>),
    Library(Vec<u8>),
    Key(Box<Key>),
    /// A key of a module's type, or what a module kept beside keys: by the module's name. None: the key.
    Module(String, Option<Vec<u8>>),
}

#[derive(Debug, PartialEq)]
pub struct Key {
    pub db: u64,
    pub key: Vec<u8>,
    pub value: Loaded,
    /// Ms since the epoch.
    pub expiry: Option<i64>,
    pub idle_s: Option<u64>,
    pub frequency: Option<u8>,
}

/// Why a file is not read on; each a text for the log.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    pub text: String,
    /// Where in the file.
    pub at: usize,
}

pub struct File<'b> {
    whole: &'b [u8],
    rest: &'b [u8],
    dialect: Dialect,
    version: u32,
    check_sum: bool,
    db: u64,
    over: bool,
    /// The sum of the bytes up to here.
    summed: (u64, usize),
    sizes: Option<Sizes>,
}

/// What a file says of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    pub db: u64,
    pub keys: usize,
}

/// A run of whole records.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    pub start: usize,
    pub end: usize,
    /// The database that it begins in.
    pub db: u64,
}

/// What stands before a value.
#[derive(Clone, Copy)]
pub struct Head {
    pub db: u64,
    pub expiry: Option<i64>,
    pub idle_s: Option<u64>,
    pub frequency: Option<u8>,
}

/// A record, its texts in the file where they stand there as they are.
pub enum Item<'b> {
    Text(Head, Cow<'b, [u8]>, Cow<'b, [u8]>),
    Value(Head, Cow<'b, [u8]>, Loaded),
    Other(Record),
}

enum Found<T> {
    Key(T),
    Other(Record),
    End,
}

impl<'b> File<'b> {
    /// `check_sum`: compare the checksum at the end.
    pub fn open(whole: &'b [u8], check_sum: bool) -> Result<File<'b>, Failure> {
        let (magic, dialect, versions) = match whole {
            [b'R', b'E', b'D', b'I', b'S', ..] => (5, Dialect::Redis, VERSIONS_REDIS),
            [b'V', b'A', b'L', b'K', b'E', b'Y', ..] => (6, Dialect::Valkey, VERSIONS_VALKEY),
            _ => return Err(Failure { text: "Wrong signature trying to load DB from file".into(), at: 0 }),
        };
        let digits = whole.get(magic..9).and_then(|digits| std::str::from_utf8(digits).ok());
        let version = digits.and_then(|digits| digits.parse().ok()).unwrap_or(0);
        if !versions.contains(&version) {
            return Err(Failure { text: format!("Can't handle RDB format version {version}"), at: magic });
        }
        let (rest, summed) = (&whole[9..], (0, 0));
        Ok(File { whole, rest, dialect, version, check_sum, db: 0, over: false, summed, sizes: None })
    }

    /// The same file, to be read from the start of a piece on.
    pub fn at(&self, piece: Piece) -> File<'b> {
        File { rest: &self.whole[piece.start..], db: piece.db, over: false, sizes: None, ..*self }
    }

    /// Bytes read so far.
    pub fn position(&self) -> usize {
        self.whole.len() - self.rest.len()
    }

    /// Bytes of the file.
    pub fn length(&self) -> usize {
        self.whole.len()
    }

    /// The database that the next key belongs to, as far as is known.
    pub fn db(&self) -> u64 {
        self.db
    }

    /// How many keys a database has that was come to since this was last asked.
    pub fn take_sizes(&mut self) -> Option<Sizes> {
        self.sizes.take()
    }

    /// Takes what was read so far into the checksum, while it is in the cache.
    pub fn sum_up(&mut self) {
        if self.check_sum && self.version >= VERSION_SUMMED {
            let (sum, from) = self.summed;
            let to = self.position();
            self.summed = (crc64(sum, &self.whole[from..to]), to);
        }
    }

    /// The next record. None: the file is through, and whole.
    pub fn next_record(&mut self) -> Result<Option<Record>, Failure> {
        let own = |Head { db, expiry, idle_s, frequency }, key: Cow<[u8]>, value| {
            Record::Key(Box::new(Key { db, key: key.into_owned(), value, expiry, idle_s, frequency }))
        };
        let item = self.next_item()?;
        Ok(item.map(|item| match item {
            Item::Text(head, key, text) => own(head, key, Loaded::Text(text.into_owned())),
            Item::Value(head, key, value) => own(head, key, value),
            Item::Other(record) => record,
        }))
    }

    /// As [`File::next_record`], without copies of what can be borrowed.
    pub fn next_item(&mut self) -> Result<Option<Item<'b>>, Failure> {
        let found = self.next(|head, kind, dialect, rest| {
            let key = read_text(rest)?;
            match kind {
                kind::STRING => Some(Item::Text(head, key, read_text(rest)?)),
                kind => Some(Item::Value(head, key, read_kind(kind, dialect, rest)?)),
            }
        })?;
        Ok(match found {
            Found::Key(item) => Some(item),
            Found::Other(record) => Some(Item::Other(record)),
            Found::End => None,
        })
    }

    /// Passes over the next record; gives it where it is no key. None: as in [`File::next_record`]. Damage inside a value may not be
    /// noticed.
    pub fn skip_record(&mut self) -> Result<Option<Option<Record>>, Failure> {
        let (rest, db) = (self.rest, self.db);
        let found = self.next(|_, kind, dialect, rest| {
            skip::string(rest)?;
            skip::value(kind, dialect, rest)
        });
        match found {
            Ok(Found::Key(())) => Ok(Some(None)),
            Ok(Found::Other(record)) => Ok(Some(Some(record))),
            Ok(Found::End) => Ok(None),
            // Whoever reads it says what is wrong.
            Err(_) => {
                (self.rest, self.db) = (rest, db);
                let item = self.next_item()?;
                Ok(item.map(|item| if let Item::Other(record) = item { Some(record) } else { None }))
            }
        }
    }

    fn next<T>(
        &mut self,
        take_key: impl FnOnce(Head, u8, Dialect, &mut &'b [u8]) -> Option<T>,
    ) -> Result<Found<T>, Failure> {
        if self.over {
            return Ok(Found::End);
        }
        let at = self.position();
        match self.read(take_key) {
            Some(Ok(found)) => {
                self.over = matches!(found, Found::End);
                Ok(found)
            }
            Some(Err(text)) => Err(Failure { text, at }),
            None if self.rest.is_empty() => {
                Err(Failure { text: "Unexpected EOF reading RDB file".into(), at: self.whole.len() })
            }
            None => Err(Failure { text: "Internal error in RDB reading: the file is damaged".into(), at }),
        }
    }

    fn read<T>(
        &mut self,
        take_key: impl FnOnce(Head, u8, Dialect, &mut &'b [u8]) -> Option<T>,
    ) -> Option<Result<Found<T>, String>> {
        let (mut expiry, mut idle_s, mut frequency) = (None, None, None);
        let other = |record| Some(Ok(Found::Other(record)));
        loop {
            let rest = &mut self.rest;
            match take(rest, 1)?[0] {
                opcode::EXPIRY_S => expiry = Some(u32::from_le_bytes(take(rest, 4)?.try_into().ok()?) as i64 * 1000),
                opcode::EXPIRY_MS => expiry = Some(i64::from_le_bytes(take(rest, 8)?.try_into().ok()?)),
                opcode::IDLE => idle_s = Some(read_number(rest)?),
                opcode::FREQUENCY => frequency = Some(take(rest, 1)?[0]),
                opcode::SELECT => self.db = read_number(rest)?,
                opcode::RESIZE => {
                    let keys = read_length(rest)?;
                    read_length(rest)?;
                    // Type, key and value are a byte each at least.
                    self.sizes = Some(Sizes { db: self.db, keys: keys.min(rest.len() / 3) });
                }
                opcode::SLOT => skip_lengths(3, rest)?,
                opcode::SLOT_IMPORT => {
                    read_string(rest)?;
                    let ranges = read_length(rest)?.checked_mul(2).filter(|lengths| *lengths <= rest.len())?;
                    skip_lengths(ranges, rest)?;
                }
                opcode::AUX => {
                    let (name, value) = (read_string(rest)?, read_string(rest)?);
                    return other(if name == LIBRARY_FACT {
                        Record::Library(value)
                    } else {
                        Record::Fact(name, value)
                    });
                }
                opcode::FUNCTION => return other(Record::Library(read_string(rest)?)),
                opcode::FUNCTION_PRE_GA => return Some(Err("Pre-release function format not supported.".into())),
                opcode::MODULE_AUX => {
                    let id = read_number(rest)?;
                    // When it was written, each with an opcode of its own; both are skipped with the rest.
                    module::skip(rest)?;
                    return other(Record::Module(module::name(id), None));
                }
                opcode::END => return self.end().map(|sum| sum.map(|()| Found::End)),
                kind => {
                    let from = *rest;
                    if kind == kind::MODULE || !kind::is_known(kind) {
                        let key = read_string(rest)?;
                        if kind != kind::MODULE {
                            let key = String::from_utf8_lossy(&key);
                            return Some(Err(format!("Unknown RDB encoding type {kind} of key '{key}'")));
                        }
                        let mut ahead = *rest;
                        let id = read_number(&mut ahead)?;
                        if !module::is_known(id) {
                            module::skip(&mut ahead)?;
                            *rest = ahead;
                            return other(Record::Module(module::name(id), Some(key)));
                        }
                        *rest = from;
                    }
                    let head = Head { db: self.db, expiry, idle_s, frequency };
                    return take_key(head, kind, self.dialect, rest).map(|taken| Ok(Found::Key(taken)));
                }
            }
        }
    }

    fn end(&mut self) -> Option<Result<(), String>> {
        if self.version < VERSION_SUMMED {
            return Some(Ok(()));
        }
        self.sum_up();
        let sum = u64::from_le_bytes(take(&mut self.rest, 8)?.try_into().ok()?);
        let found = self.summed.0;
        if sum != 0 && self.check_sum && found != sum {
            return Some(Err(format!(
                "RDB CRC error. Wrong RDB checksum expected: ({sum:x}) but got ({found:x}). Aborting now."
            )));
        }
        Some(Ok(()))
    }
}

fn skip_lengths(count: usize, rest: &mut &[u8]) -> Option<()> {
    for _ in 0..count {
        read_length(rest)?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(bytes: &[u8]) -> Result<Vec<Record>, Failure> {
        let (mut file, mut records) = (File::open(bytes, true)?, Vec::new());
        while let Some(record) = file.next_record()? {
            records.push(record);
        }
        Ok(records)
    }

    #[test]
    fn a_file_is_read_record_by_record_and_what_is_wrong_with_it_is_named() {
        let mut bytes =
            b"REDIS0010\xfa\x01a\x01b\xfe\x03\xfb\x02\x01\xfc\x10\x27\0\0\0\0\0\0\xf9\x07\0\x01k\x01v".to_vec();
        bytes.extend(b"\xf5\x03lib\x07\x01m\x81\0\0\0\0\0\0\x04\0\x02\x05\x05\x01x\0\xff");
        bytes.extend(crc64(0, &bytes).to_le_bytes());
        let read = records(&bytes).expect("it is whole");
        let key = Key {
            db: 3,
            key: b"k".to_vec(),
            value: Loaded::Text(b"v".to_vec()),
            expiry: Some(10_000),
            idle_s: None,
            frequency: Some(7),
        };
        let wanted = [
            Record::Fact(b"a".to_vec(), b"b".to_vec()),
            Record::Key(Box::new(key)),
            Record::Library(b"lib".to_vec()),
            Record::Module("AAAAAAAAB".into(), Some(b"m".to_vec())),
        ];
        assert_eq!(read, wanted);
        for end in 0..bytes.len() {
            assert!(records(&bytes[..end]).is_err(), "{end}");
        }
        bytes[34] ^= 1;
        assert!(records(&bytes).is_err());
        let text = |bytes: &[u8]| records(bytes).map_err(|failure| failure.text);
        assert_eq!(text(b"REDIS0080"), Err("Can't handle RDB format version 80".into()));
        assert_eq!(text(b"VALKEY080\xff\0\0\0\0\0\0\0\0"), Ok(vec![]));
        assert_eq!(text(b"REDIS0004\xff"), Ok(vec![]));
        assert_eq!(text(b"PK\x03\x04"), Err("Wrong signature trying to load DB from file".into()));
        assert_eq!(text(b"REDIS0010\x63\x01k"), Err("Unknown RDB encoding type 99 of key 'k'".into()));
    }
}
