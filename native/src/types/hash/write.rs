//! Setting, counting and deleting fields.

use super::expire::{expire_to_replace, tell_expired};
use super::value::{HashValue, Limits, Ttl};
use super::{HASH, refuse, wrong_type};
use crate::commands::row::{Joined, Pieces, Row, Run, access::*, flag::*, key};
use crate::ds::entry::Object;
use crate::ds::item::Item;
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::extended::Extended;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::txn::notify::event;
use crate::txn::{Class, Effect, Txn, WrongType};

const SET: Row = Row {
    arity: -4,
    flags: WRITE | DENYOOM | FAST,
    keys: &[key(RW | UPDATE)],
    complexity: "O(N) in the number of fields given",
    args: "key field value [field value ...]",
    ..HASH
};

const COUNT: Row = Row {
    arity: 4,
    flags: WRITE | DENYOOM | FAST,
    keys: &[key(RW | ACCESS | UPDATE)],
    args: "key field increment",
    ..HASH
};

pub const ROWS: &[Row] = &[
    Row {
        name: "hset",
        summary: "Sets fields of a hash and returns how many of them are new; a missing key counts as an empty hash.",
        reply: "number",
        run: Run::Data(hset),
        pieces: Pieces::in_pairs(Pieces::of_key(Joined::Sum)),
        ..SET
    },
    Row {
        name: "hmset",
        summary: "Sets fields of a hash, as HSET does, and returns OK.",
        reply: "\"OK\"",
        run: Run::Data(hmset),
        pieces: Pieces::in_pairs(Pieces::of_key(Joined::Last)),
        ..SET
    },
    Row {
        name: "hsetnx",
        arity: 4,
        keys: &[key(RW | INSERT)],
        complexity: "O(1)",
        summary: "Sets a field of a hash only if it is not there yet.",
        args: "key field value",
        reply: "number",
        run: Run::Data(hsetnx),
        ..SET
    },
    Row {
        name: "hincrby",
        summary: "Adds a number to the integer in a field of a hash; a missing field counts as 0.",
        reply: "number",
        run: Run::Data(hincrby),
        ..COUNT
    },
    Row {
        name: "hincrbyfloat",
        since: "2.6.0",
        summary: "Adds a number with a fraction to the value of a field of a hash; a missing field counts as 0.",
        reply: "string",
        run: Run::Data(hincrbyfloat),
        ..COUNT
    },
    Row {
        name: "hdel",
        arity: -3,
        flags: WRITE | FAST,
        keys: &[key(RW | DELETE)],
        complexity: "O(N) in the number of fields given",
        summary: "Deletes fields of a hash, and the key with the last of them.",
        args: "key field [field ...]",
        reply: "number",
        run: Run::Data(hdel),
        pieces: Pieces::of_key(Joined::Sum),
        ..HASH
    },
];

fn hset(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match set_all(txn, args, "hset") {
        Ok(new) => reply.int(new),
        Err(text) => return refuse(reply, &text),
    }
    Effect::Verbatim
}

fn hmset(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match set_all(txn, args, "hmset") {
        Ok(_) => reply.ok(),
        Err(text) => return refuse(reply, &text),
    }
    Effect::Verbatim
}

/// Sets every field of the request and gives how many are new. Err: the error's text.
#[inline]
fn set_all(txn: &mut Txn, args: Args, name: &str) -> Result<i64, std::borrow::Cow<'static, str>> {
    if args.len() % 2 == 1 {
        return Err(error::wrong_arity(name).into());
    }
    let key = args.get(1);
    let pairs = (args.len() - 2) / 2;
    let limits = Limits::of(&txn.store.settings);
    let set = txn.edit_or_make(key, HashValue::default, |hash, inverses| {
        hash.make_room(pairs, args.from(2).iter(), limits, inverses);
        let mut new = 0;
        for pair in 1..=pairs {
            let (field, value) = (args.get(pair * 2), args.get(pair * 2 + 1));
            new += hash.set(field, Item::Text(value), Ttl::Clear, limits, inverses) as i64;
        }
        new
    });
    let new = set.map_err(|WrongType| error::WRONG_TYPE)?;
    tell(txn, key, "hset", args.from(2).iter().step_by(2));
    txn.dirty += pairs as u64 - 1;
    Ok(new)
}

fn hsetnx(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let now_ms = txn.now_ms;
    let (key, field, value) = (args.get(1), args.get(2), args.get(3));
    let due = match txn.get_object::<HashValue>(key) {
        Ok(hash) => {
            if hash.is_some_and(|hash| hash.get(field, now_ms).is_some()) {
                reply.int(0);
                return Effect::None;
            }
            hash.is_some_and(|hash| hash.is_due(now_ms))
        }
        Err(WrongType) => return wrong_type(reply),
    };
    if due {
        expire_to_replace(txn, key, std::iter::once(field));
    }
    let limits = Limits::of(&txn.store.settings);
    let set = txn.edit_or_make(key, HashValue::default, |hash, inverses| {
        hash.set(field, Item::Text(value), Ttl::Clear, limits, inverses);
    });
    if set.is_err() {
        return wrong_type(reply);
    }
    tell(txn, key, "hset", std::iter::once(field));
    reply.int(1);
    Effect::Verbatim
}

fn hincrby(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let now_ms = txn.now_ms;
    let (key, field) = (args.get(1), args.get(2));
    let Some(by) = number::integer(args.get(3)) else { return refuse(reply, error::NOT_INTEGER) };
    let limits = Limits::of(&txn.store.settings);
    // A new hash cannot fail: 0 plus any increment is an integer. So no empty hash is left behind by an error.
    let counted = txn.edit_or_make(key, HashValue::default, |hash, inverses| {
        let expired = hash.is_due(now_ms) && hash.remove_expired(field, now_ms, inverses);
        let emptied = expired && hash.is_empty();
        (hash.increment(field, by, limits, inverses), expired, emptied)
    });
    let (counted, expired, emptied) = match counted {
        Ok(counted) => counted,
        Err(WrongType) => return wrong_type(reply),
    };
    if expired {
        tell_expired(txn, key, &[field.into()], emptied);
    }
    match counted {
        Ok(value) => reply.int(value),
        Err(text) => return refuse(reply, text),
    }
    tell(txn, key, "hincrby", std::iter::once(field));
    Effect::Verbatim
}

fn hincrbyfloat(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let now_ms = txn.now_ms;
    let (key, field) = (args.get(1), args.get(2));
    let Some(by) = Extended::parse(args.get(3)) else { return refuse(reply, error::NOT_FLOAT) };
    if !by.is_finite() {
        return refuse(reply, error::IS_NAN_OR_INFINITY);
    }
    let (old, due) = match txn.get_object::<HashValue>(key) {
        Ok(hash) => match hash.and_then(|hash| hash.get(field, now_ms)) {
            None => (Some(Extended::ZERO), hash.is_some_and(|hash| hash.is_due(now_ms))),
            Some(Item::Int(number)) => (Some(Extended::from_integer(number)), false),
            Some(Item::Text(text)) => (Extended::parse(text), false),
        },
        Err(WrongType) => return wrong_type(reply),
    };
    let Some(old) = old else { return refuse(reply, error::HASH_NOT_FLOAT) };
    if due {
        expire_to_replace(txn, key, std::iter::once(field));
    }
    let sum = old.plus(by);
    if !sum.is_finite() {
        return refuse(reply, error::NAN_OR_INFINITY);
    }
    let text = sum.print();
    let limits = Limits::of(&txn.store.settings);
    let mut expiry = None;
    let set = txn.edit_or_make(key, HashValue::default, |hash, inverses| {
        expiry = hash.expiry(field, now_ms).flatten();
        hash.set(field, Item::Text(text.as_bytes()), Ttl::Keep, limits, inverses);
    });
    if set.is_err() {
        return wrong_type(reply);
    }
    tell(txn, key, "hincrbyfloat", std::iter::once(field));
    reply.bulk(text.as_bytes());
    if !txn.record {
        return Effect::Verbatim;
    }
    // Another machine may round otherwise: the result is what travels, and the expiry that HSET clears.
    let mut commands = vec![OwnedArgs::of(&[b"HSET", key, field, text.as_bytes()])];
    commands.extend(expiry.map(|at_ms| {
        let mut digits = itoa::Buffer::new();
        OwnedArgs::of(&[b"HPEXPIREAT", key, digits.format(at_ms).as_bytes(), b"FIELDS", b"1", field])
    }));
    Effect::Rewrite(commands)
}

/// Fields that have expired count as long as they are there, as in Redis.
fn hdel(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let key = args.get(1);
    let wants_names = txn.wants(event::SUBKEYS);
    let edited = txn.edit_object(key, |hash: &mut HashValue, inverses| {
        let (mut removed, mut names) = (0u64, Vec::new());
        for field in args.from(2).iter() {
            if hash.remove(field, inverses) {
                removed += 1;
                if wants_names {
                    names.push(field);
                }
            }
        }
        (removed, names, hash.is_empty())
    });
    let (removed, names, emptied) = match edited {
        Ok(edited) => edited.unwrap_or_default(),
        Err(WrongType) => return wrong_type(reply),
    };
    reply.int(removed as i64);
    if removed == 0 {
        return Effect::None;
    }
    tell(txn, key, "hdel", names.into_iter());
    txn.dirty += removed - 1;
    if emptied {
        txn.signal(key, Class::Generic, "del");
    }
    Effect::Verbatim
}

/// Counts a change of these fields, and tells of it.
#[inline]
pub fn tell<'k>(txn: &mut Txn, key: &[u8], event: &'static str, fields: impl Iterator<Item = &'k [u8]>) {
    txn.dirty += 1;
    txn.signal_subkeys(key, Class::Hash, event, fields);
}
