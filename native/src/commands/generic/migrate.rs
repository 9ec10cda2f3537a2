//! MIGRATE: keys that move to another server.
//!
//! ```text
//!   keys' shards latched ─▶ RESTORE of each, over TCP ─▶ a reply of each ─▶ those it has are deleted here
//! ```
//!
//! The keys stay latched until the other server has them, so that nobody changes what is on its way. A core would stand still meanwhile:
//! where there are background cores the request runs on one of those ([`TALKS`]).

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use crate::commands::row::{Begin, Find, Group, KeySpec, ROW, Row, Run, access, category, flag::*};
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::snapshot::payload;
use crate::txn::record::push_request;
use crate::txn::{Class, Effect, Txn};

/// Where no timeout is given.
const TIMEOUT_MS: i64 = 1000;
/// Bytes of a reply's line that are read at most.
const LINE_BYTES_MAX: u64 = 1024;
/// Requests are sent in pieces of about so many bytes.
const SEND_BYTES: usize = 64 << 10;

pub const ROWS: &[Row] = &[Row {
    name: "migrate",
    group: Group::Generic,
    arity: -6,
    flags: WRITE | MOVABLE_KEYS | TALKS,
    keys: &[
        KeySpec {
            access: access::RW | access::ACCESS | access::DELETE,
            begin: Begin::Index(3),
            find: Find::Range { last: 0, step: 1, limit: 0 },
        },
        KeySpec {
            access: access::RW | access::ACCESS | access::DELETE | access::INCOMPLETE,
            begin: Begin::Keyword { word: "keys", from: -2 },
            find: Find::Range { last: -1, step: 1, limit: 0 },
        },
    ],
    categories: category::KEYSPACE | category::DANGEROUS,
    since: "2.6.0",
    complexity: "This command actually executes a DUMP+DEL in the source instance, and a RESTORE in the target instance. See the pages of these commands for time complexity. Also an O(N) data transfer between the two instances is performed.",
    summary: "Moves keys to another server, which has them before they go here.",
    args: "host port <key | \"\"> destination-db timeout [COPY] [REPLACE] [AUTH password | AUTH2 username password] [KEYS key [key ...]]",
    reply: "\"OK\" | \"NOKEY\"",
    run: Run::Data(migrate),
    ..ROW
}];

struct Options<'a> {
    copy: bool,
    replace: bool,
    /// The words of AUTH behind its name; empty: none.
    login: Vec<&'a [u8]>,
    keys: Vec<&'a [u8]>,
    db: i64,
    timeout: Duration,
}

impl<'a> Options<'a> {
    /// Err: the error's text.
    fn read(args: Args<'a>) -> Result<Options<'a>, &'static str> {
        let mut read = Options {
            copy: false,
            replace: false,
            login: Vec::new(),
            keys: vec![args.get(3)],
            db: 0,
            timeout: Duration::ZERO,
        };
        let mut index = 6;
        while index < args.len() {
            let more = args.len() - index - 1;
            match () {
                _ if args.is(index, "copy") => read.copy = true,
                _ if args.is(index, "replace") => read.replace = true,
                _ if args.is(index, "auth") && more >= 1 => {
                    read.login = vec![args.get(index + 1)];
                    index += 1;
                }
                _ if args.is(index, "auth2") && more >= 2 => {
                    read.login = vec![args.get(index + 1), args.get(index + 2)];
                    index += 2;
                }
                _ if args.is(index, "keys") => {
                    if !args.get(3).is_empty() {
                        return Err(
                            "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string",
                        );
                    }
                    read.keys = args.from(index + 1).iter().collect();
                    break;
                }
                _ => return Err(error::SYNTAX),
            }
            index += 1;
        }
        let timeout_ms = number::integer(args.get(5)).ok_or(error::NOT_INTEGER)?;
        read.db = number::integer(args.get(4)).ok_or(error::NOT_INTEGER)?;
        let timeout_ms = if timeout_ms <= 0 { TIMEOUT_MS } else { timeout_ms };
        read.timeout = Duration::from_millis(timeout_ms as u64);
        Ok(read)
    }
}

fn migrate(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let options = match Options::read(args) {
        Ok(options) => options,
        Err(text) => {
            reply.error(text);
            return Effect::None;
        }
    };
    let keys: Vec<&[u8]> = options.keys.iter().copied().filter(|key| txn.get(key).is_some()).collect();
    if keys.is_empty() {
        reply.simple("NOKEY");
        return Effect::None;
    }
    let Ok(mut peer) = Peer::connect(args.get(1), args.get(2), options.timeout) else {
        reply.error("IOERR error or timeout connecting to the client");
        return Effect::None;
    };
    if peer.send_all(txn, &options, &keys).is_err() {
        reply.error("IOERR error or timeout writing to target instance");
        return Effect::None;
    }
    let before = 1 + usize::from(!options.login.is_empty());
    let taken = read_replies(&mut peer.stream, before, &keys);
    match &taken.wrong {
        None => reply.ok(),
        Some(Wrong::Socket) => reply.error("IOERR error or timeout reading from target instance"),
        Some(Wrong::Refused(text)) => reply.error(&format!("ERR Target instance replied with error: {text}")),
    }
    if options.copy || taken.keys.is_empty() {
        return Effect::None;
    }
    let mut deletes: Vec<&[u8]> = vec![b"DEL"];
    for key in taken.keys {
        if txn.remove(key) {
            txn.changed(key, Class::Generic, "del");
            deletes.push(key);
        }
    }
    super::rewritten(txn, &deletes)
}

pub(crate) enum Wrong {
    Socket,
    /// What the other server replied.
    Refused(String),
}

/// What the other server says it has.
pub(crate) struct Taken<'a> {
    pub keys: Vec<&'a [u8]>,
    /// The first thing that went wrong.
    pub wrong: Option<Wrong>,
}

/// The other server.
struct Peer {
    stream: BufReader<TcpStream>,
}

impl Peer {
    fn connect(host: &[u8], port: &[u8], timeout: Duration) -> io::Result<Peer> {
        let text = |bytes| std::str::from_utf8(bytes).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput));
        let port: u16 = text(port)?.parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        let (began, mut failed) = (Instant::now(), io::Error::from(io::ErrorKind::NotFound));
        for address in (text(host)?, port).to_socket_addrs()? {
            let left = timeout.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            match TcpStream::connect_timeout(&address, left) {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    stream.set_read_timeout(Some(timeout))?;
                    stream.set_write_timeout(Some(timeout))?;
                    return Ok(Peer { stream: BufReader::new(stream) });
                }
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    /// Sends everything without waiting for a reply.
    fn send_all(&mut self, txn: &mut Txn, options: &Options, keys: &[&[u8]]) -> io::Result<()> {
        let mut bytes = Vec::new();
        let push = |bytes: &mut Vec<u8>, words: &[&[u8]]| push_request(bytes, OwnedArgs::of(words).borrow());
        if !options.login.is_empty() {
            let name: &[&[u8]] = &[b"AUTH"];
            push(&mut bytes, &[name, options.login.as_slice()].concat());
        }
        push(&mut bytes, &[b"SELECT", options.db.to_string().as_bytes()]);
        for key in keys {
            let now_ms = txn.now_ms;
            let Some(entry) = txn.peek(key) else { continue };
            let ttl_ms = entry.expiry().map_or(0, |at_ms| (at_ms - now_ms).max(1));
            let payload = payload::write(entry);
            let mut words: Vec<&[u8]> = vec![b"RESTORE", key];
            let ttl_text = ttl_ms.to_string();
            words.extend([ttl_text.as_bytes(), payload.as_slice()]);
            if options.replace {
                words.push(b"REPLACE");
            }
            push(&mut bytes, &words);
            if bytes.len() >= SEND_BYTES {
                self.stream.get_mut().write_all(&bytes)?;
                bytes.clear();
            }
        }
        self.stream.get_mut().write_all(&bytes)
    }
}

/// Reads a reply of each request: those of the login and of SELECT (`before` of them), then one for each key.
pub(crate) fn read_replies<'a>(stream: &mut impl BufRead, before: usize, keys: &[&'a [u8]]) -> Taken<'a> {
    let mut taken = Taken { keys: Vec::new(), wrong: None };
    for _ in 0..before {
        match line(stream) {
            Ok(line) => taken.wrong = taken.wrong.or_else(|| refusal(&line)),
            Err(_) => return Taken { wrong: Some(Wrong::Socket), ..taken },
        }
    }
    // What comes is not where it was meant to be: it stays here as well.
    let lost = taken.wrong.is_some();
    for key in keys {
        let Ok(line) = line(stream) else {
            taken.wrong = taken.wrong.or(Some(Wrong::Socket));
            break;
        };
        match refusal(&line) {
            None if !lost => taken.keys.push(key),
            None => (),
            refused => taken.wrong = taken.wrong.or(refused),
        }
    }
    taken
}

fn refusal(line: &str) -> Option<Wrong> {
    line.strip_prefix('-').map(|text| Wrong::Refused(text.to_string()))
}

/// A line without its end.
fn line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    stream.take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}
