//! HEXPIRE, HPEXPIRE, HEXPIREAT, HPEXPIREAT, HTTL, HPTTL, HEXPIRETIME, HPEXPIRETIME, HPERSIST.

use super::arguments::{Unit, condition_and_fields, fields_only, time};
use super::value::HashValue;
use super::write::tell;
use super::{HASH, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::ds::entry::Object;
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::reply::Reply;
use crate::txn::{Class, Effect, Txn, WrongType};

const EXPIRE: Row = Row {
    arity: -6,
    flags: WRITE | FAST,
    keys: &[key(RW | UPDATE)],
    since: "7.4.0",
    complexity: "O(N) in the number of fields given",
    reply: "number[]",
    ..HASH
};

const TELL: Row = Row {
    arity: -5,
    flags: READONLY | FAST,
    keys: &[key(RO | ACCESS)],
    since: "7.4.0",
    complexity: "O(N) in the number of fields given",
    args: "key FIELDS numfields field [field ...]",
    reply: "number[]",
    ..HASH
};

pub const ROWS: &[Row] = &[
    Row {
        name: "hexpire",
        summary: "Has fields of a hash expire after so many seconds.",
        args: "key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
        run: Run::Data(|txn, args, reply| expire(txn, args, reply, "hexpire", Unit { ms: 1000, relative: true })),
        ..EXPIRE
    },
    Row {
        name: "hpexpire",
        summary: "Has fields of a hash expire after so many milliseconds.",
        args: "key milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
        run: Run::Data(|txn, args, reply| expire(txn, args, reply, "hpexpire", Unit { ms: 1, relative: true })),
        ..EXPIRE
    },
    Row {
        name: "hexpireat",
        summary: "Has fields of a hash expire at a time, in seconds since the epoch.",
        args: "key unix-time-seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
        run: Run::Data(|txn, args, reply| expire(txn, args, reply, "hexpireat", Unit { ms: 1000, relative: false })),
        ..EXPIRE
    },
    Row {
        name: "hpexpireat",
        summary: "Has fields of a hash expire at a time, in milliseconds since the epoch.",
        args: "key unix-time-milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
        run: Run::Data(|txn, args, reply| expire(txn, args, reply, "hpexpireat", Unit { ms: 1, relative: false })),
        ..EXPIRE
    },
    Row {
        name: "httl",
        summary: "Tells in how many seconds fields of a hash expire; -1: never, -2: there is no such field.",
        run: Run::Data(|txn, args, reply| ttl(txn, args, reply, Unit { ms: 1000, relative: true })),
        ..TELL
    },
    Row {
        name: "hpttl",
        summary: "Tells in how many milliseconds fields of a hash expire; -1: never, -2: there is no such field.",
        run: Run::Data(|txn, args, reply| ttl(txn, args, reply, Unit { ms: 1, relative: true })),
        ..TELL
    },
    Row {
        name: "hexpiretime",
        summary: "Tells when fields of a hash expire, in seconds since the epoch; -1: never, -2: there is no such field.",
        run: Run::Data(|txn, args, reply| ttl(txn, args, reply, Unit { ms: 1000, relative: false })),
        ..TELL
    },
    Row {
        name: "hpexpiretime",
        summary: "Tells when fields of a hash expire, in milliseconds since the epoch; -1: never, -2: no such field.",
        run: Run::Data(|txn, args, reply| ttl(txn, args, reply, Unit { ms: 1, relative: false })),
        ..TELL
    },
    Row {
        name: "hpersist",
        flags: WRITE | FAST,
        keys: &[key(RW | UPDATE)],
        summary: "Lets fields of a hash stay for good.",
        run: Run::Data(hpersist),
        ..TELL
    },
];

/// Replies for a field.
const NO_FIELD: i64 = -2;
const NO_EXPIRY: i64 = -1;
const NOT_MET: i64 = 0;
const DONE: i64 = 1;
const DELETED: i64 = 2;

/// What came of setting the expiry of some fields.
#[derive(Default)]
pub struct Outcome<'a> {
    /// Given an expiry, or freed of one.
    pub updated: Vec<&'a [u8]>,
    /// Taken out, since their time had come already.
    pub deleted: Vec<&'a [u8]>,
    pub emptied: bool,
}

impl Outcome<'_> {
    /// Counts and tells what happened, and gives the commands that reproduce it. `at_ms`: None took expiries away.
    pub fn tell(&self, txn: &mut Txn, key: &[u8], at_ms: Option<i64>) -> Vec<OwnedArgs> {
        let mut commands = Vec::new();
        if !self.deleted.is_empty() {
            txn.expired_subkeys += self.deleted.len() as u64;
            tell(txn, key, "hdel", self.deleted.iter().copied());
            txn.dirty += self.deleted.len() as u64 - 1;
            commands.push(with_fields(OwnedArgs::of(&[b"HDEL", key]), &self.deleted));
        }
        if !self.updated.is_empty() {
            tell(txn, key, if at_ms.is_some() { "hexpire" } else { "hpersist" }, self.updated.iter().copied());
            txn.dirty += self.updated.len() as u64 - 1;
            let (mut digits, mut count) = (itoa::Buffer::new(), itoa::Buffer::new());
            let count = count.format(self.updated.len()).as_bytes();
            let head = match at_ms {
                Some(at_ms) => OwnedArgs::of(&[b"HPEXPIREAT", key, digits.format(at_ms).as_bytes(), b"FIELDS", count]),
                None => OwnedArgs::of(&[b"HPERSIST", key, b"FIELDS", count]),
            };
            commands.push(with_fields(head, &self.updated));
        }
        if self.emptied {
            txn.signal(key, Class::Generic, "del");
        }
        commands
    }
}

fn with_fields(mut command: OwnedArgs, fields: &[&[u8]]) -> OwnedArgs {
    fields.iter().for_each(|field| command.push(field));
    command
}

fn expire(txn: &mut Txn, args: Args, reply: &mut Reply, name: &str, unit: Unit) -> Effect {
    let (now_ms, keep_expired, key) = (txn.now_ms, txn.keep_expired, args.get(1));
    if txn.peek_object::<HashValue>(key).is_err() {
        return wrong_type(reply);
    }
    let parsed = time(args.get(2), unit, txn.wall_ms(), name)
        .and_then(|at_ms| condition_and_fields(args).map(|(condition, fields)| (at_ms, condition, fields)));
    let (at_ms, condition, fields) = match parsed {
        Ok(parsed) => parsed,
        Err(refusal) => return refusal.reply(reply),
    };
    reply.array(fields.len());
    let edited = txn.edit_object(key, |hash: &mut HashValue, inverses| {
        let mut outcome = Outcome::default();
        hash.mark(inverses);
        for field in fields.iter() {
            let Some(before) = hash.expiry(field, now_ms) else {
                reply.int(NO_FIELD);
                continue;
            };
            if !condition.is_met(before, at_ms) {
                reply.int(NOT_MET);
            } else if at_ms <= now_ms && !keep_expired {
                hash.remove(field, inverses);
                outcome.deleted.push(field);
                reply.int(DELETED);
            } else {
                hash.set_expiry(field, Some(kept(at_ms)), inverses);
                outcome.updated.push(field);
                reply.int(DONE);
            }
        }
        outcome.emptied = hash.is_empty();
        outcome
    });
    let Ok(Some(outcome)) = edited else {
        // No such key.
        fields.iter().for_each(|_| reply.int(NO_FIELD));
        return Effect::None;
    };
    effect(outcome.tell(txn, key, Some(at_ms)))
}

/// The time of a field that is to expire at `at_ms`. One at 0, as it comes where nothing may go (import mode), is a moment later: 0 is the time at
/// which all is seen.
pub fn kept(at_ms: i64) -> i64 {
    at_ms.max(1)
}

/// Of commands that may have come to nothing.
pub fn effect(commands: Vec<OwnedArgs>) -> Effect {
    if commands.is_empty() { Effect::None } else { Effect::Rewrite(commands) }
}

fn ttl(txn: &mut Txn, args: Args, reply: &mut Reply, unit: Unit) -> Effect {
    let now_ms = txn.now_ms;
    let Ok(hash) = txn.get_object::<HashValue>(args.get(1)) else { return wrong_type(reply) };
    let fields = match fields_only(args) {
        Ok(fields) => fields,
        Err(refusal) => return refusal.reply(reply),
    };
    reply.array(fields.len());
    for field in fields.iter() {
        reply.int(match hash.and_then(|hash| hash.expiry(field, now_ms)) {
            None => NO_FIELD,
            Some(None) => NO_EXPIRY,
            Some(Some(at_ms)) => {
                let ms = if unit.relative { at_ms - now_ms } else { at_ms };
                // Rounded up, as Redis: a field that is there has a second left.
                (ms + unit.ms - 1) / unit.ms
            }
        });
    }
    Effect::None
}

/// The fields of a request that has nothing but FIELDS after its key, which is a hash or nothing. The reply is begun, an element each.
///
/// # Errors
/// What was refused; the error is replied.
pub fn fields_to_change<'a>(txn: &mut Txn, args: Args<'a>, reply: &mut Reply) -> Result<Args<'a>, Effect> {
    if txn.peek_object::<HashValue>(args.get(1)).is_err() {
        return Err(wrong_type(reply));
    }
    let fields = fields_only(args).map_err(|refusal| refusal.reply(reply))?;
    reply.array(fields.len());
    Ok(fields)
}

fn hpersist(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (now_ms, key) = (txn.now_ms, args.get(1));
    let fields = match fields_to_change(txn, args, reply) {
        Ok(fields) => fields,
        Err(refused) => return refused,
    };
    let edited = txn.edit_object(key, |hash: &mut HashValue, inverses| {
        let mut outcome = Outcome::default();
        for field in fields.iter() {
            reply.int(match hash.expiry(field, now_ms) {
                None => NO_FIELD,
                Some(None) => NO_EXPIRY,
                Some(Some(_)) => {
                    hash.set_expiry(field, None, inverses);
                    outcome.updated.push(field);
                    DONE
                }
            });
        }
        outcome
    });
    match edited {
        Ok(Some(outcome)) => effect(outcome.tell(txn, key, None)),
        Ok(None) => {
            fields.iter().for_each(|_| reply.int(NO_FIELD));
            Effect::None
        }
        Err(WrongType) => wrong_type(reply),
    }
}
