//! HGETDEL, HGETEX, HSETEX: reading or setting fields, and what becomes of them then, in one.

use super::arguments::{Options, Which};
use super::expire::tell_expired;
use super::ttl::{Outcome, effect, fields_to_change, kept};
use super::value::{HashValue, Limits, Ttl};
use super::write::tell;
use super::{HASH, bulk, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::ds::entry::Object;
use crate::ds::item::Item;
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::reply::Reply;
use crate::txn::edit::Inverses;
use crate::txn::{Class, Effect, Txn};

const FUSED: Row = Row {
    arity: -5,
    flags: WRITE | FAST,
    since: "8.0.0",
    complexity: "O(N) in the number of fields given",
    reply: "(string | null)[]",
    ..HASH
};

pub const ROWS: &[Row] = &[
    Row {
        name: "hgetdel",
        keys: &[key(RW | ACCESS | DELETE)],
        summary: "Returns the values of fields of a hash and deletes them, and the key with the last of them.",
        args: "key FIELDS numfields field [field ...]",
        run: Run::Data(hgetdel),
        ..FUSED
    },
    Row {
        name: "hgetex",
        keys: &[key(RW | ACCESS | UPDATE)],
        summary: "Returns the values of fields of a hash, and sets when they expire or that they stay.",
        args: "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST] FIELDS numfields field [field ...]",
        run: Run::Data(hgetex),
        ..FUSED
    },
    Row {
        name: "hsetex",
        arity: -6,
        flags: WRITE | DENYOOM | FAST,
        keys: &[key(RW | UPDATE)],
        summary: "Sets fields of a hash and when they expire, if all of them or none were there where that is asked.",
        args: "key [NX | XX] [FNX | FXX] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL] FIELDS numfields field value [field value ...]",
        reply: "number",
        run: Run::Data(hsetex),
        ..FUSED
    },
];

fn hgetdel(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (now_ms, keep_expired, key) = (txn.now_ms, txn.keep_expired, args.get(1));
    let fields = match fields_to_change(txn, args, reply) {
        Ok(fields) => fields,
        Err(refused) => return refused,
    };
    let edited = txn.edit_object(key, |hash: &mut HashValue, inverses| {
        let (mut deleted, mut expired): (Vec<&[u8]>, Vec<Box<[u8]>>) = (Vec::new(), Vec::new());
        for field in fields.iter() {
            match hash.get(field, now_ms) {
                Some(value) => {
                    bulk(reply, value);
                    hash.remove(field, inverses);
                    deleted.push(field);
                }
                None => {
                    reply.null();
                    if !keep_expired && hash.remove_expired(field, now_ms, inverses) {
                        expired.push(field.into());
                    }
                }
            }
        }
        (deleted, expired, hash.is_empty())
    });
    let Ok(Some((deleted, expired, emptied))) = edited else {
        fields.iter().for_each(|_| reply.null());
        return Effect::None;
    };
    tell_expired(txn, key, &expired, emptied && deleted.is_empty());
    if deleted.is_empty() {
        return Effect::None;
    }
    tell(txn, key, "hdel", deleted.iter().copied());
    txn.dirty += deleted.len() as u64 - 1;
    if emptied {
        txn.signal(key, Class::Generic, "del");
    }
    let mut command = OwnedArgs::of(&[b"HDEL", key]);
    deleted.iter().for_each(|field| command.push(field));
    Effect::Rewrite(vec![command])
}

fn hgetex(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (now_ms, keep_expired, key) = (txn.now_ms, txn.keep_expired, args.get(1));
    if txn.peek_object::<HashValue>(key).is_err() {
        return wrong_type(reply);
    }
    let options = match Options::parse(args, Which::Get, txn.wall_ms()) {
        Ok(options) => options,
        Err(refusal) => return refusal.reply(reply),
    };
    reply.array(options.fields.len());
    let edited = txn.edit_object(key, |hash: &mut HashValue, inverses| {
        let (mut outcome, mut expired): (_, Vec<Box<[u8]>>) = (Outcome::default(), Vec::new());
        if let Some(Ttl::At(_)) = options.ttl {
            hash.mark(inverses);
        }
        for field in options.fields.iter() {
            let Some(value) = hash.get(field, now_ms) else {
                reply.null();
                if !keep_expired && hash.remove_expired(field, now_ms, inverses) {
                    expired.push(field.into());
                }
                continue;
            };
            bulk(reply, value);
            match options.ttl {
                Some(Ttl::At(at_ms)) if at_ms <= now_ms && !keep_expired => {
                    hash.remove(field, inverses);
                    outcome.deleted.push(field);
                }
                Some(Ttl::At(at_ms)) => {
                    hash.set_expiry(field, Some(kept(at_ms)), inverses);
                    outcome.updated.push(field);
                }
                Some(Ttl::Clear) => {
                    if hash.expiry(field, now_ms).flatten().is_some() {
                        hash.set_expiry(field, None, inverses);
                        outcome.updated.push(field);
                    }
                }
                Some(Ttl::Keep) | None => (),
            }
        }
        (outcome, expired, hash.is_empty())
    });
    let Ok(Some((mut outcome, expired, emptied))) = edited else {
        options.fields.iter().for_each(|_| reply.null());
        return Effect::None;
    };
    outcome.emptied = emptied && !outcome.deleted.is_empty();
    tell_expired(txn, key, &expired, emptied && outcome.deleted.is_empty());
    let at_ms = if let Some(Ttl::At(at_ms)) = options.ttl { Some(at_ms) } else { None };
    effect(outcome.tell(txn, key, at_ms))
}

fn hsetex(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (now_ms, keep_expired, key) = (txn.now_ms, txn.keep_expired, args.get(1));
    // Unlike HGETEX, this looks at its arguments before the key.
    let options = match Options::parse(args, Which::Set, txn.wall_ms()) {
        Ok(options) => options,
        Err(refusal) => return refusal.reply(reply),
    };
    let there = match txn.peek_object::<HashValue>(key) {
        Ok(hash) => hash.is_some(),
        Err(_) => return wrong_type(reply),
    };
    // Valkey's conditions on the key.
    if options.key_there.is_some_and(|asked| asked != there) {
        reply.int(0);
        return Effect::None;
    }
    let pairs = options.fields.len() / 2;
    let names = options.fields.iter().step_by(2);
    let (at_ms, ttl) = match options.ttl {
        Some(Ttl::At(at_ms)) if at_ms <= now_ms && !keep_expired => (Some(at_ms), Ttl::Clear),
        Some(Ttl::At(at_ms)) => (Some(at_ms), Ttl::At(kept(at_ms))),
        Some(ttl) => (None, ttl),
        None => (None, Ttl::Clear),
    };
    let gone = at_ms.is_some_and(|at_ms| at_ms <= now_ms && !keep_expired);
    let limits = Limits::of(&txn.store.settings);
    let set = txn.edit_or_make(key, HashValue::default, |hash, inverses| {
        let mut expired: Vec<Box<[u8]>> = Vec::new();
        if !conditions_met(hash, &options, (now_ms, keep_expired), &mut expired, inverses) {
            return (false, expired, hash.is_empty());
        }
        hash.make_room(pairs, options.fields.iter(), limits, inverses);
        for pair in 0..pairs {
            let (field, value) = (options.fields.get(pair * 2), options.fields.get(pair * 2 + 1));
            // An expiry that has passed already is none to keep.
            if ttl == Ttl::Keep && hash.remove_expired(field, now_ms, inverses) {
                expired.push(field.into());
            }
            hash.set(field, Item::Text(value), ttl, limits, inverses);
        }
        if gone {
            hash.mark(inverses);
            for field in names.clone() {
                hash.remove(field, inverses);
            }
        }
        (true, expired, hash.is_empty())
    });
    let Ok((met, expired, emptied)) = set else { return wrong_type(reply) };
    tell_expired(txn, key, &expired, emptied && !met);
    if !met {
        reply.int(0);
        return Effect::None;
    }
    tell(txn, key, "hset", names.clone());
    txn.dirty += pairs as u64 - 1;
    reply.int(1);
    let mut commands = Vec::new();
    if !gone {
        let mut set = OwnedArgs::of(&[if ttl == Ttl::Keep { b"HSETEX" as &[u8] } else { b"HSET" }, key]);
        if ttl == Ttl::Keep {
            [b"KEEPTTL" as &[u8], b"FIELDS", pairs.to_string().as_bytes()].iter().for_each(|word| set.push(word));
        }
        options.fields.iter().for_each(|word| set.push(word));
        commands.push(set);
    }
    if at_ms.is_some() {
        let names: Vec<&[u8]> = names.collect();
        let (updated, deleted) = if gone { (Vec::new(), names) } else { (names, Vec::new()) };
        let outcome = Outcome { updated, deleted, emptied };
        commands.extend(outcome.tell(txn, key, at_ms));
    }
    Effect::Rewrite(commands)
}

/// Are none of the fields there, or all, as FNX and FXX ask? Those that have expired are taken out on the way, up to the first
/// that decides it, unless they are to be kept.
fn conditions_met(
    hash: &mut HashValue,
    options: &Options,
    (now_ms, keep_expired): (i64, bool),
    expired: &mut Vec<Box<[u8]>>,
    inverses: &mut Inverses,
) -> bool {
    if !options.fnx && !options.fxx {
        return true;
    }
    for field in options.fields.iter().step_by(2) {
        if !keep_expired && hash.remove_expired(field, now_ms, inverses) {
            expired.push(field.into());
        }
        if hash.get(field, now_ms).is_some() == options.fnx {
            return false;
        }
    }
    true
}
