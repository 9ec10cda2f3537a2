//! DUMP and RESTORE: a value as bytes that another server takes.

use crate::commands::row::{Group, ROW, Row, Run, access::*, category, flag::*, key};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::snapshot::payload::{self, Refused};
use crate::txn::access::Expiry;
use crate::txn::{Class, Effect, Txn};

pub const ROWS: &[Row] = &[
    Row {
        name: "dump",
        arity: 2,
        flags: READONLY,
        keys: &[key(RO | ACCESS)],
        categories: category::KEYSPACE,
        group: Group::Generic,
        since: "2.6.0",
        complexity: "O(N) where N is the size of the value.",
        summary: "Writes the value of a key as bytes that RESTORE takes, here or in Redis.",
        args: "key",
        reply: "string | null",
        run: Run::Data(dump),
        ..ROW
    },
    Row {
        name: "restore",
        arity: -4,
        flags: WRITE | DENYOOM,
        keys: &[key(OW | UPDATE)],
        categories: category::KEYSPACE | category::DANGEROUS,
        group: Group::Generic,
        since: "2.6.0",
        complexity: "O(N) where N is the size of the value.",
        summary: "Creates a key from the bytes that DUMP wrote.",
        args: "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]",
        reply: "\"OK\"",
        run: Run::Data(restore),
        ..ROW
    },
    Row {
        name: "restore-asking",
        arity: -4,
        flags: WRITE | DENYOOM | ASKING,
        keys: &[key(OW | UPDATE)],
        categories: category::KEYSPACE | category::DANGEROUS,
        group: Group::Server,
        since: "3.0.0",
        complexity: "O(N) where N is the size of the value.",
        summary: "Does what RESTORE does, for keys that move between the nodes of a cluster.",
        args: "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]",
        reply: "\"OK\"",
        run: Run::Data(restore),
        ..ROW
    },
];

fn dump(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match txn.get(args.get(1)).map(payload::write) {
        None => reply.null(),
        Some(payload) => reply.bulk(&payload),
    }
    Effect::None
}

#[derive(Default)]
struct Options {
    replace: bool,
    absolute: bool,
    idle_seconds: Option<u64>,
    frequency: Option<u8>,
}

impl Options {
    /// Err: the error's text.
    fn read(args: Args) -> Result<Options, &'static str> {
        let mut read = Options::default();
        let mut index = 0;
        while index < args.len() {
            let value = (index + 1 < args.len()).then(|| number::integer(args.get(index + 1)));
            match value {
                _ if args.is(index, "replace") => read.replace = true,
                _ if args.is(index, "absttl") => read.absolute = true,
                Some(number) if args.is(index, "idletime") && read.frequency.is_none() => {
                    let seconds = u64::try_from(number.ok_or(error::NOT_INTEGER)?);
                    read.idle_seconds = Some(seconds.or(Err("ERR Invalid IDLETIME value, must be >= 0"))?);
                    index += 1;
                }
                Some(number) if args.is(index, "freq") && read.idle_seconds.is_none() => {
                    let frequency = u8::try_from(number.ok_or(error::NOT_INTEGER)?);
                    read.frequency = Some(frequency.or(Err("ERR Invalid FREQ value, must be >= 0 and <= 255"))?);
                    index += 1;
                }
                _ => return Err(error::SYNTAX),
            }
            index += 1;
        }
        Ok(read)
    }
}

fn restore(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match restore_value(txn, args) {
        Ok(effect) => {
            reply.ok();
            effect
        }
        Err(text) => {
            reply.error(text);
            Effect::None
        }
    }
}

fn restore_value(txn: &mut Txn, args: Args) -> Result<Effect, &'static str> {
    let key = args.get(1);
    let options = Options::read(args.from(4))?;
    if !options.replace && txn.exists(key) {
        return Err(error::BUSY_KEY);
    }
    let ttl_ms = number::integer(args.get(2)).ok_or(error::NOT_INTEGER)?;
    if ttl_ms < 0 {
        return Err("ERR Invalid TTL value, must be >= 0");
    }
    let loaded = payload::read(args.get(3)).map_err(|refused| match refused {
        Refused::Envelope => "ERR DUMP payload version or checksum are wrong",
        Refused::Content => "ERR Bad data format",
    })?;
    let old_type = if options.replace { txn.type_name(key) } else { None };
    let replaced = options.replace && txn.remove(key);
    let expiry = match (ttl_ms, options.absolute) {
        (0, _) => None,
        (at_ms, true) => Some(at_ms),
        (ms, false) => Some(ms.saturating_add(txn.wall_ms())),
    };
    if expiry.is_some_and(|at_ms| at_ms <= txn.now_ms) {
        txn.expired += 1;
        if !replaced {
            return Ok(Effect::None);
        }
        txn.changed(key, Class::Generic, "del");
        return Ok(super::rewritten(txn, &[b"DEL", key]));
    }
    let store = txn.store;
    loaded.make(&store.settings, |value| txn.set(key, value, expiry.map_or(Expiry::Clear, Expiry::At)));
    txn.mark_access(key, options.idle_seconds, options.frequency);
    txn.changed(key, Class::Generic, "restore");
    super::copy_rename::remark_overwritten(txn, key, old_type);
    match expiry {
        Some(at_ms) if !options.absolute => {
            let mut at_text = itoa::Buffer::new();
            let mut command: Vec<&[u8]> = args.iter().collect();
            command[2] = at_text.format(at_ms).as_bytes();
            command.push(b"ABSTTL");
            Ok(super::rewritten(txn, &command))
        }
        _ => Ok(Effect::Verbatim),
    }
}

#[cfg(test)]
mod tests {
    use super::super::stage::{run, txn};
    use super::*;
    use crate::ds::entry::NewValue;
    use crate::resp::args::OwnedArgs;
    use crate::resp::reply::Protocol;

    fn restored(txn: &mut Txn, words: &[&[u8]]) -> (String, Option<Vec<OwnedArgs>>) {
        let mut out = Vec::new();
        let effect = restore(txn, OwnedArgs::of(words).borrow(), &mut Reply::new(&mut out, Protocol::Resp2));
        let commands = if let Effect::Rewrite(commands) = effect { Some(commands) } else { None };
        (String::from_utf8_lossy(&out).into_owned(), commands)
    }

    #[test]
    fn a_relative_time_is_logged_as_the_absolute_one_and_idle_time_is_set() {
        let mut txn = txn();
        txn.record = true;
        txn.set(b"k", NewValue::Text(b"text"), Expiry::Clear);
        let payload = payload::write(txn.peek(b"k").expect("set"));
        assert!(restored(&mut txn, &[b"RESTORE", b"k", b"0", &payload]).0.starts_with("-BUSYKEY"));
        let (reply, commands) = restored(&mut txn, &[b"RESTORE", b"l", b"500", &payload, b"IDLETIME", b"30"]);
        assert_eq!(reply, "+OK\r\n");
        let wanted = OwnedArgs::of(&[b"RESTORE", b"l", b"1000500", &payload, b"IDLETIME", b"30", b"ABSTTL"]);
        assert_eq!(commands, Some(vec![wanted]));
        let entry = txn.peek(b"l").expect("restored");
        assert_eq!((entry.expiry(), entry.encoding()), (Some(1_000_500), "embstr"));
        assert_eq!(run(&mut txn, super::super::object::idletime, "OBJECT IDLETIME l").0, ":30~");
        let (reply, commands) = restored(&mut txn, &[b"RESTORE", b"l", b"5", &payload, b"REPLACE", b"ABSTTL"]);
        assert_eq!((reply.as_str(), commands), ("+OK\r\n", Some(vec![OwnedArgs::of(&[b"DEL", b"l"])])));
        assert!(!txn.exists(b"l"));
    }
}
