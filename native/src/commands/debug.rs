//! DEBUG: what tests of clients and of this server need. Dispatch refuses it unless enable-debug-command allows it.
//!
//! SEGFAULT and ASSERT end the process, so that it can be seen what the log says then (`sys/crash.rs`).

use std::sync::atomic::Ordering::Relaxed;

use super::generic::object::idle_seconds;
use super::glob;
use super::row::{Group, ROW, Row, Run, flag::*};
use super::walk::Walk;
use crate::ds::digest::Digest;
use crate::ds::entry::{EntryRef, NewValue, Value};
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::reply::{Protocol, Reply};
use crate::resp::{error, number};
use crate::session::handle::{Flow, Session};
use crate::snapshot::payload;
use crate::snapshot::reload::{Options, Refused, reload};
use crate::store::settings::LIST_PACKED_THRESHOLD;
use crate::sys::crash;
use crate::txn::access::Expiry;
use crate::txn::{Class, Effect, Progress, Slice, Txn, Work};
use crate::types::list;

pub const ROWS: &[Row] = &[Row {
    name: "debug",
    arity: -2,
    // Some subcommands look at keys that no key specification names: inside MULTI all shards are latched for it.
    flags: ADMIN | NOSCRIPT | LOADING | STALE | WALKS | PROTECTED,
    group: Group::Server,
    complexity: "Depends on subcommand.",
    summary: "A container for debugging commands.",
    args: "subcommand [arg [arg ...]]",
    run: Run::Session(debug),
    ..ROW
}];

fn debug(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let settings = &session.server.store.settings;
    let name = args.get(1).to_ascii_lowercase();
    match (name.as_slice(), args.len()) {
        (b"help", 2) => help(reply),
        (b"sleep", 3) => {
            let seconds = number::double(args.get(2)).unwrap_or(0.0).clamp(0.0, 1e9);
            if seconds > 0.0 {
                return Flow::SleepMs((seconds * 1000.0).ceil() as u64);
            }
            reply.ok();
        }
        (b"set-active-expire", 3) => {
            settings.active_expire.store(number::integer(args.get(2)).unwrap_or(0) != 0, Relaxed);
            reply.ok();
        }
        (b"set-allow-access-expired", 3) => {
            let shown = number::integer(args.get(2)).unwrap_or(0) != 0;
            session.server.set_spared(&session.server.settings.shows_expired, shown);
            reply.ok();
        }
        (b"object", 3 | 4) => {
            // As in Redis, of a key that has expired too, which stays.
            let now_ms = std::mem::take(&mut session.txn.now_ms);
            let flow = object(session, args, reply);
            session.txn.now_ms = now_ms;
            return flow;
        }
        (b"sdslen", 3) => return sdslen(session, args, reply),
        (b"stringmatch-len", 4) => reply.int(glob::matches(args.get(2), args.get(3)) as i64),
        (b"digest", 2) => return Flow::Effect(Effect::Slices(Box::<DataSetDigest>::default())),
        (b"digest-value", 2..) => return digest_values(session, args, reply),
        (b"protocol", 3) => protocol(args, reply),
        (b"error", 3) => reply.error(&String::from_utf8_lossy(args.get(2))),
        (b"log", 3) => {
            eprintln!("# DEBUG LOG: {}", String::from_utf8_lossy(args.get(2)).replace(['\r', '\n'], " "));
            reply.ok();
        }
        (b"htstats", 3 | 4) => htstats(session, args, reply),
        (b"populate", 3..=5) => return populate(session, args, reply),
        (b"quicklist-packed-threshold", 3) => packed_threshold(session, args, reply),
        (b"listpack", 3) | (b"quicklist", 3 | 4) => return list(session, args, reply),
        (b"set-disable-deny-scripts", 3) => {
            session.server.scripts.set_allow_all(number::integer(args.get(2)).unwrap_or(0) != 0);
            reply.ok();
        }
        (b"set-skip-checksum-validation", 3) => {
            payload::SKIP_SUM.store(number::integer(args.get(2)).unwrap_or(0) != 0, Relaxed);
            reply.ok();
        }
        (b"aof-flush-sleep", 3) => {
            let sleep_us = number::integer(args.get(2)).unwrap_or(0).max(0) as u64;
            session.server.durability.flush_sleep_us.store(sleep_us, Relaxed);
            reply.ok();
        }
        // Test suites switch these; there is nothing here that they would change.
        (b"dict-resizing" | b"pause-cron" | b"reply-copy-avoidance", 3)
        | (b"replybuffer", 4)
        | (b"config-rewrite-force-all", 2) => reply.ok(),
        (b"structsize", 2) => reply.simple(&format!(
            "bits:64 entry_header:8 shard:{} session_client:{}",
            size_of::<crate::store::shard::Shard>(),
            size_of::<crate::session::client::Client>()
        )),
        (b"reload", _) => return reload_data_set(session, args, reply),
        (b"segfault", 2) => crash::segfault(),
        (b"assert", 2) => std::process::abort(),
        (b"loadaof", 2) => {
            session.server.durability.await_first_base(session.txn);
            if let Err(shard) = session.txn.latch_store() {
                return Flow::Effect(Effect::Busy(shard));
            }
            match session.server.durability.load_log(session.txn) {
                Ok(libraries) => return load_libraries("loadaof", "flush", &libraries),
                Err(text) => reply.error(&format!("ERR Error trying to load the AOF files, check server logs: {text}")),
            }
        }
        _ => reply.error_bytes(&error::subcommand_syntax(args.get(1), "debug")),
    }
    Flow::Done
}

fn reload_data_set(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let mut options = Options { save: true, flush: true, merge: false };
    for word in args.iter().skip(2) {
        match word.to_ascii_lowercase().as_slice() {
            b"merge" => options.merge = true,
            b"noflush" => options.flush = false,
            b"nosave" => options.save = false,
            _ => {
                reply.error("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
                return Flow::Done;
            }
        }
    }
    if let Err(shard) = session.txn.latch_store() {
        return Flow::Effect(Effect::Busy(shard));
    }
    match reload(session.server, session.txn, options) {
        Ok(libraries) => {
            let policy = match options {
                Options { flush: true, .. } => "flush",
                Options { merge: true, .. } => "replace",
                _ => "append",
            };
            return load_libraries("reload", policy, &libraries);
        }
        Err(Refused::Save) => reply.error("ERR"),
        Err(Refused::Load) => reply.error("ERR Error trying to load the RDB dump, check server logs."),
    }
    Flow::Done
}

/// The main thread takes the libraries that a file has, and replies. `policy`: as of FUNCTION RESTORE.
fn load_libraries(name: &str, policy: &str, libraries: &[Vec<u8>]) -> Flow {
    let mut request = OwnedArgs::of(&[b"debug", name.as_bytes(), policy.as_bytes()]);
    libraries.iter().for_each(|library| request.push(library));
    Flow::Control(request)
}

/// Latches the shard of a key that no key specification names. False: it is held for long.
fn latch(txn: &mut Txn, key: &[u8]) -> Result<(), u32> {
    let shard = txn.shard_of(key);
    if txn.latch(shard) { Ok(()) } else { Err(shard) }
}

fn object(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let txn = &mut *session.txn;
    if let Err(shard) = latch(txn, args.get(2)) {
        return Flow::Effect(Effect::Busy(shard));
    }
    let (clock, settings) = (txn.access_clock, &txn.store.settings);
    let Some(entry) = txn.peek(args.get(2)) else {
        reply.error(error::NO_SUCH_KEY);
        return Flow::Done;
    };
    let fields = match entry.value() {
        Value::Object(object) => object.as_any().downcast_ref().map(|list| list::debug::fields(list, settings)),
        _ => None,
    };
    let serialized = match entry.value() {
        Value::Int(number) if i8::try_from(number).is_ok() => 2,
        Value::Int(number) if i16::try_from(number).is_ok() => 3,
        Value::Int(number) if i32::try_from(number).is_ok() => 5,
        Value::Int(number) => 1 + itoa::Buffer::new().format(number).len(),
        Value::Bytes(text) => text.len() + if text.len() < 64 { 1 } else { 2 + 3 * (text.len() >= 1 << 14) as usize },
        Value::Object(object) => object.memory_bytes(),
    };
    reply.simple(&format!(
        "Value at:{:p} refcount:1 encoding:{} serializedlength:{serialized} lru:{} lru_seconds_idle:{}{}",
        entry.key().as_ptr(),
        entry.encoding(),
        entry.access(),
        idle_seconds(entry.access(), clock),
        fields.unwrap_or_default()
    ));
    Flow::Done
}

/// The digest of a key's value and expiry, to `digest`; see `ds::digest`.
fn mix_value(entry: EntryRef, digest: &mut Digest) {
    let type_number: u32 = match entry.type_name() {
        "string" => 0,
        "list" => 1,
        "set" => 2,
        "zset" => 3,
        "hash" => 4,
        "stream" => 6,
        "array" => 7,
        // Types of modules.
        _ => 5,
    };
    digest.mix(&type_number.to_be_bytes());
    match entry.value() {
        Value::Int(number) => digest.mix(itoa::Buffer::new().format(number).as_bytes()),
        Value::Bytes(text) => digest.mix(text),
        Value::Object(object) => object.digest(digest),
    }
    if entry.expiry().is_some() {
        digest.add(b"!!expire!!");
    }
}

fn digest_values(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let txn = &mut *session.txn;
    for key in args.from(2).iter() {
        if let Err(shard) = latch(txn, key) {
            return Flow::Effect(Effect::Busy(shard));
        }
    }
    reply.array(args.len() - 2);
    for key in args.from(2).iter() {
        let mut digest = Digest::default();
        if let Some(entry) = txn.peek(key) {
            mix_value(entry, &mut digest);
        }
        reply.simple(&digest.to_string());
    }
    Flow::Done
}

/// DEBUG DIGEST: of the keys of all databases. It is of one moment if nobody writes meanwhile, or inside MULTI.
#[derive(Default)]
struct DataSetDigest {
    digest: Digest,
    db: u32,
    walk: Walk,
    /// Has the number of the database been mixed in?
    begun: bool,
}

impl Work for DataSetDigest {
    fn step(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        let DataSetDigest { digest, db, walk, begun } = self;
        if txn.store.counters.keys(*db) > 0 {
            let progress = walk.slice(txn, *db, |entry| {
                if !std::mem::replace(begun, true) {
                    digest.mix(&db.to_be_bytes());
                }
                let mut one = Digest::default();
                one.mix(entry.key());
                mix_value(entry, &mut one);
                digest.add_digest(&one);
            })?;
            if progress == Progress::More {
                return Ok(progress);
            }
        }
        (*db, *walk, *begun) = (*db + 1, Walk::default(), false);
        if (*db as usize) < txn.store.databases {
            return Ok(Progress::More);
        }
        reply.simple(&digest.to_string());
        Ok(Progress::Done)
    }
}

fn sdslen(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let txn = &mut *session.txn;
    if let Err(shard) = latch(txn, args.get(2)) {
        return Flow::Effect(Effect::Busy(shard));
    }
    let Some(entry) = txn.peek(args.get(2)) else {
        reply.error(error::NO_SUCH_KEY);
        return Flow::Done;
    };
    let Value::Bytes(text) = entry.value() else {
        reply.error("ERR Not an sds encoded string.");
        return Flow::Done;
    };
    let (key, bytes) = (entry.key().len(), entry.memory_bytes());
    reply.simple(&format!(
        "key_sds_len:{key}, key_sds_avail:0, key_zmalloc: {key}, val_sds_len:{}, val_sds_avail:0, val_zmalloc: {}",
        text.len(),
        bytes.saturating_sub(key)
    ));
    Flow::Done
}

fn htstats(session: &mut Session, args: Args, reply: &mut Reply) {
    let Some(db) = number::integer(args.get(2)) else { return reply.error(error::NOT_INTEGER) };
    if db < 0 || db as usize >= session.server.store.databases {
        return reply.error("ERR Out of range database");
    }
    let (mut keys, mut expires, mut buckets, mut largest) = (0, 0, 0, 0);
    let shards = session.server.store.shards_count();
    for shard in 0..shards {
        let _ = session.txn.with_shard(shard, |shard| {
            let table = shard.table(db as u32);
            keys += table.len();
            expires += table.expiring();
            buckets += table.buckets();
            largest = largest.max(table.len());
        });
    }
    let text = format!(
        "shards: {shards}\nkeys: {keys}\nkeys with an expiry: {expires}\nkeys of the largest shard: {largest}\nbuckets: {buckets}\nplaces in use: {:.1} %\n",
        if buckets == 0 { 0.0 } else { keys as f64 / (buckets * 7) as f64 * 100.0 }
    );
    reply.verbatim(*b"txt", text.as_bytes());
}

/// DEBUG LISTPACK and QUICKLIST: shows a value to who started the server.
fn list(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let txn = &mut *session.txn;
    if let Err(shard) = latch(txn, args.get(2)) {
        return Flow::Effect(Effect::Busy(shard));
    }
    let Some(entry) = txn.peek(args.get(2)) else {
        reply.error(error::NO_SUCH_KEY);
        return Flow::Done;
    };
    let wanted = args.get(1).to_ascii_lowercase();
    // A listpack with expiries is one to look at, too.
    let encoding = entry.encoding().strip_suffix("ex").unwrap_or(entry.encoding());
    if encoding.as_bytes() != wanted {
        let name = if wanted == b"listpack" { "listpack" } else { "quicklist" };
        reply.error(&format!("ERR Not a {name} encoded object."));
        return Flow::Done;
    }
    let elements = args.len() < 4 || number::integer(args.get(3)).unwrap_or(0) != 0;
    match entry.value() {
        Value::Object(object) if let Some(list) = object.as_any().downcast_ref() => {
            print!("{}", list::debug::picture(list, elements));
        }
        _ => println!("{} bytes", entry.memory_bytes()),
    }
    let name = if wanted == b"listpack" { "Listpack" } else { "Quicklist" };
    reply.simple(&format!("{name} structure printed on stdout"));
    Flow::Done
}

fn packed_threshold(session: &Session, args: Args, reply: &mut Reply) {
    let text = String::from_utf8_lossy(args.get(2)).to_ascii_lowercase();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: Option<u64> = match &text[digits.len()..] {
        "" | "b" => Some(1),
        "k" => Some(1000),
        "kb" => Some(1 << 10),
        "m" => Some(1_000_000),
        "mb" => Some(1 << 20),
        "g" => Some(1_000_000_000),
        "gb" => Some(1 << 30),
        _ => None,
    };
    match digits.parse::<u64>().ok().zip(unit).and_then(|(number, unit)| number.checked_mul(unit)) {
        Some(bytes) if bytes <= u32::MAX as u64 => {
            let bytes = if bytes == 0 { LIST_PACKED_THRESHOLD } else { bytes };
            session.server.store.settings.list_packed_threshold.store(bytes, Relaxed);
            reply.ok();
        }
        _ => reply.error("ERR argument must be a memory value bigger than 1 and smaller than 4gb"),
    }
}

/// One reply of each type, with the content that clients' tests know.
fn protocol(args: Args, reply: &mut Reply) {
    let name = args.get(2).to_ascii_lowercase();
    match name.as_slice() {
        b"string" => reply.bulk(b"Hello World"),
        b"integer" => reply.int(12345),
        // Not meant as pi: the value that Redis replies.
        b"double" => reply.double(3141.0 / 1000.0),
        b"null" => reply.null(),
        b"bignum" => reply.big_number(b"1234567999999999999999999999999999999"),
        b"array" => {
            reply.array(3);
            (0..3).for_each(|number| reply.int(number));
        }
        b"set" => {
            reply.set(3);
            (0..3).for_each(|number| reply.int(number));
        }
        b"map" => {
            reply.map(3);
            for number in 0..3 {
                reply.int(number);
                reply.boolean(number == 1);
            }
        }
        b"attrib" => {
            if reply.proto == Protocol::Resp3 {
                reply.raw(b"|1\r\n");
                reply.bulk(b"key-popularity");
                reply.array(2);
                reply.bulk(b"key:123");
                reply.int(90);
            }
            reply.bulk(b"Some real reply following the attribute");
        }
        b"push" => {
            if reply.proto != Protocol::Resp3 {
                return reply.error("ERR RESP2 is not supported by this command");
            }
            reply.push(2);
            reply.bulk(b"server-cpu-usage");
            reply.int(42);
            reply.bulk(b"Some real reply following the push reply");
        }
        b"verbatim" => reply.verbatim(*b"txt", b"This is a verbatim\nstring"),
        b"true" => reply.boolean(true),
        b"false" => reply.boolean(false),
        _ => reply.error(
            "ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false",
        ),
    }
}

fn populate(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let positive = |index: usize| number::integer(args.get(index)).filter(|number| *number >= 0);
    let (Some(count), Some(bytes)) = (positive(2), if args.len() > 4 { positive(4) } else { Some(0) }) else {
        reply.error(error::NOT_POSITIVE);
        return Flow::Done;
    };
    if bytes as u64 > session.server.store.settings.proto_max_bulk_len.load(Relaxed) {
        reply.error(error::STRING_TOO_LONG);
        return Flow::Done;
    }
    let prefix = if args.len() > 3 { args.get(3) } else { b"key" };
    Flow::Effect(Effect::Slices(Box::new(Populate {
        next: 0,
        count: count as u64,
        prefix: prefix.into(),
        bytes: bytes as usize,
    })))
}

/// `<prefix>:<number>` = `value:<number>`, padded with zeros to a size; keys that exist stay as they are.
struct Populate {
    next: u64,
    count: u64,
    prefix: Box<[u8]>,
    bytes: usize,
}

impl Work for Populate {
    fn step(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        let slice = Slice::begin();
        while self.next < self.count {
            let key = [&self.prefix[..], format!(":{}", self.next).as_bytes()].concat();
            // Held until the slice is over, like those of any command: changes are told to watchers under the latch.
            latch(txn, &key)?;
            if !txn.exists(&key) {
                let mut value = format!("value:{}", self.next).into_bytes();
                if self.bytes > 0 {
                    value.resize(self.bytes, 0);
                }
                txn.set(&key, NewValue::Text(&value), Expiry::Clear);
                txn.changed(&key, Class::String, "set");
                if txn.record {
                    txn.effects.push((txn.db, crate::resp::args::OwnedArgs::of(&[b"SET", &key, &value])));
                }
            }
            self.next += 1;
            if self.next.is_multiple_of(64) && slice.is_over() {
                return Ok(Progress::More);
            }
        }
        reply.ok();
        Ok(Progress::Done)
    }
}

fn help(reply: &mut Reply) {
    reply.help(
        "debug",
        &[
            "ASSERT, SEGFAULT",
            "    Crash the server, by SIGABRT or SIGSEGV.",
            "CONFIG-REWRITE-FORCE-ALL, DICT-RESIZING <0|1>, PAUSE-CRON <0|1>,",
            "    REPLYBUFFER <option> <value>, SET-DISABLE-DENY-SCRIPTS <0|1>,",
            "    SET-SKIP-CHECKSUM-VALIDATION <0|1>. RESTORE takes payloads whatever their checksum says.",
            "DIGEST",
            "    Show a digest of the data set: equal ones have the same, here and in Redis.",
            "DIGEST-VALUE <key> [<key> ...]",
            "    Show a digest of each value.",
            "ERROR <string>",
            "    Reply an error with this text.",
            "HTSTATS <db>",
            "    Show figures of the tables of a database.",
            "LISTPACK <key>, QUICKLIST <key> [<0|1>]",
            "    Print the nodes of <key>, and its elements unless 0 is given, to the server's output.",
            "LOADAOF",
            "    Write the append only file to its end, empty the databases, and load it.",
            "LOG <message>",
            "    Write a line to the server's log.",
            "OBJECT <key>",
            "    Show encoding, size and access clock of the value under <key>.",
            "POPULATE <count> [<prefix>] [<size>]",
            "    Create <count> strings named <prefix>:<number> ('key' if not given), of",
            "    <size> bytes if given. Keys that exist stay as they are.",
            "PROTOCOL <type>",
            "    Reply an example of a type: string, integer, double, bignum, null, array,",
            "    set, map, attrib, push, verbatim, true, false.",
            "QUICKLIST-PACKED-THRESHOLD <size>",
            "    Elements of lists that are <size> bytes or longer get a node of their own.",
            "    0 goes back to 1 GiB.",
            "RELOAD [NOSAVE] [NOFLUSH] [MERGE]",
            "    Save a snapshot, empty the data set and load the snapshot. NOSAVE: load the file",
            "    there is. NOFLUSH: keep what is there; a key that the file has too is an error,",
            "    with MERGE the file's goes before. Libraries of functions stay as they are.",
            "SDSLEN <key>",
            "    Show lengths of <key> and of the string under it.",
            "SET-ACTIVE-EXPIRE <0|1>",
            "    Switch off and on that expired keys go without being asked for.",
            "SLEEP <seconds>",
            "    Hold this connection, and no other, for so long. Decimals allowed.",
            "STRINGMATCH-LEN <pattern> <string>",
            "    Tell whether a glob pattern matches.",
            "STRUCTSIZE",
            "    Show sizes of structures.",
        ],
    );
}
