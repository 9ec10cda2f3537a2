//! SINTER SUNION SDIFF, their STORE and CARD forms, and SMEMBERS, which is the union of one set.

use super::combine::{Combination, Operation};
use super::estimate::Estimate;
use super::sliced::{Answer, SlicedAnswer, SlicedStore};
use super::snapshot::Snapshot;
use super::store::{Built, Store};
use super::value::SetValue;
use super::{SET, bulk, refuse, wrong_type};
use crate::commands::row::{Begin, Find, KeySpec, Row, Run, access::*, flag::*, key, keys};
use crate::ds::entry::Object;
use crate::resp::args::Args;
use crate::resp::reply::{Protocol, Reply};
use crate::resp::{error, number};
use crate::txn::{Effect, Txn, WrongType};

/// Members that are walked in one go: about half a millisecond. Above, others get their turns in between.
pub const AT_ONCE_MEMBERS_MAX: usize = 16_384;

const COUNTED: &[KeySpec] =
    &[KeySpec { access: RO | ACCESS, begin: Begin::Index(1), find: Find::KeyNum { keynum: 0, first: 1, step: 1 } }];

const READ: Row = Row {
    arity: -2,
    flags: READONLY,
    keys: &[keys(1, -1, 1, RO | ACCESS)],
    args: "key [key ...]",
    reply: "string[]",
    ..SET
};

const STORE: Row = Row {
    arity: -3,
    flags: WRITE | DENYOOM,
    keys: &[key(OW | UPDATE), keys(2, -1, 1, RO | ACCESS)],
    args: "destination key [key ...]",
    reply: "number",
    ..SET
};

const CARD: Row = Row {
    arity: -3,
    flags: READONLY | MOVABLE_KEYS,
    keys: COUNTED,
    args: "numkeys key [key ...] [LIMIT limit]",
    reply: "number",
    ..SET
};

const INTER_COST: &str = "O(N*M) at worst, with N members in the smallest set and M sets";
const SUM_COST: &str = "O(N) in the number of members of all sets together";

pub const ROWS: &[Row] = &[
    Row {
        name: "smembers",
        arity: 2,
        keys: &[key(RO | ACCESS)],
        complexity: "O(N) in the number of members",
        summary: "Returns all members of a set.",
        args: "key",
        run: Run::Data(sunion),
        ..READ
    },
    Row {
        name: "sinter",
        complexity: INTER_COST,
        summary: "Returns the members that all of several sets have.",
        run: Run::Data(sinter),
        ..READ
    },
    Row {
        name: "sunion",
        complexity: SUM_COST,
        summary: "Returns the members that any of several sets has, each once.",
        run: Run::Data(sunion),
        ..READ
    },
    Row {
        name: "sdiff",
        complexity: SUM_COST,
        summary: "Returns the members of the first set that none of the other sets has.",
        run: Run::Data(sdiff),
        ..READ
    },
    Row {
        name: "sinterstore",
        keys: &[key(RW | UPDATE), keys(2, -1, 1, RO | ACCESS)],
        complexity: INTER_COST,
        summary: "Stores the members that all of several sets have under a key, and returns how many they are.",
        run: Run::Data(sinterstore),
        ..STORE
    },
    Row {
        name: "sunionstore",
        complexity: SUM_COST,
        summary: "Stores the members that any of several sets has under a key, and returns how many they are.",
        run: Run::Data(sunionstore),
        ..STORE
    },
    Row {
        name: "sdiffstore",
        complexity: SUM_COST,
        summary: "Stores the members of a set that none of other sets has under a key, and returns how many they are.",
        run: Run::Data(sdiffstore),
        ..STORE
    },
    Row {
        name: "sintercard",
        since: "7.0.0",
        complexity: INTER_COST,
        summary: "Counts the members that all of several sets have, up to a limit if one is given.",
        run: Run::Data(sintercard),
        ..CARD
    },
    Row {
        name: "sunioncard",
        since: "8.10.0",
        complexity: SUM_COST,
        summary: "Counts the members that any of several sets has, exactly or (APPROX) to about 1 %, up to a limit if one is given.",
        args: "numkeys key [key ...] [APPROX] [LIMIT limit]",
        run: Run::Data(sunioncard),
        ..CARD
    },
    Row {
        name: "sdiffcard",
        since: "8.10.0",
        complexity: SUM_COST,
        summary: "Counts the members of the first set that none of the other sets has, up to a limit if one is given.",
        run: Run::Data(sdiffcard),
        ..CARD
    },
];

fn sinter(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    members(txn, Operation::Inter, args.from(1), reply)
}

fn sunion(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    members(txn, Operation::Union, args.from(1), reply)
}

fn sdiff(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    members(txn, Operation::Diff, args.from(1), reply)
}

fn sinterstore(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    store(txn, Operation::Inter, args, reply)
}

fn sunionstore(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    store(txn, Operation::Union, args, reply)
}

fn sdiffstore(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    store(txn, Operation::Diff, args, reply)
}

fn sintercard(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    card(txn, Operation::Inter, args, reply)
}

fn sunioncard(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    card(txn, Operation::Union, args, reply)
}

fn sdiffcard(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    card(txn, Operation::Diff, args, reply)
}

/// The keys that make up the result, each once; none if that makes it empty. Err: one holds another type.
pub fn sources<'a>(txn: &mut Txn, operation: Operation, keys: Args<'a>) -> Result<Vec<&'a [u8]>, WrongType> {
    let mut found: Vec<&[u8]> = Vec::with_capacity(keys.len());
    let mut empty = false;
    for (number, key) in keys.iter().enumerate() {
        let exists = txn.get_object::<SetValue>(key)?.is_some();
        empty |= match operation {
            Operation::Inter => !exists,
            Operation::Diff => number == 0 && !exists || number > 0 && key == keys.get(0),
            Operation::Union | Operation::Chain => false,
        };
        // Looking for repetitions costs keys × keys; those of long requests are left in, which is right as well.
        if exists && (keys.len() > 64 || !found.contains(&key)) {
            found.push(key);
        }
    }
    if empty {
        found.clear();
    }
    Ok(found)
}

/// The sets under these keys, which [`sources`] has found.
pub fn looked_up<'t>(txn: &'t Txn, keys: &[&[u8]]) -> Vec<&'t SetValue> {
    keys.iter().filter_map(|key| txn.look::<SetValue>(key)).collect()
}

/// How many members a walk goes through.
pub fn work(operation: Operation, sets: &[&SetValue]) -> usize {
    match operation {
        Operation::Inter => sets.iter().map(|set| set.len()).min().unwrap_or(0),
        _ => sets.iter().map(|set| set.len()).sum(),
    }
}

fn members(txn: &mut Txn, operation: Operation, keys: Args, reply: &mut Reply) -> Effect {
    let Ok(found) = sources(txn, operation, keys) else { return wrong_type(reply) };
    let sets = looked_up(txn, &found);
    if work(operation, &sets) > AT_ONCE_MEMBERS_MAX {
        let snapshot = Snapshot::of(sets.into_iter().cloned(), txn.store);
        return Effect::Slices(Box::new(SlicedAnswer::new(operation, snapshot, Answer::Members)));
    }
    if let [set] = sets[..] {
        reply.set(set.len());
        set.for_each(|member| bulk(reply, member));
        return Effect::None;
    }
    let (mut body, mut count) = (Vec::new(), 0);
    let mut out = Reply::new(&mut body, Protocol::Resp2);
    Combination::new(operation, &sets).run(
        &sets,
        || true,
        |member| {
            bulk(&mut out, member);
            count += 1;
            true
        },
    );
    reply.set(count);
    reply.raw(&body);
    Effect::None
}

fn store(txn: &mut Txn, operation: Operation, args: Args, reply: &mut Reply) -> Effect {
    let (destination, keys) = (args.get(1), args.from(2));
    let Ok(found) = sources(txn, operation, keys) else { return wrong_type(reply) };
    let sets = looked_up(txn, &found);
    if work(operation, &sets) > AT_ONCE_MEMBERS_MAX {
        return Effect::Slices(Box::new(SlicedStore::new(txn, operation, args)));
    }
    let mut built = Built::new(operation, &sets, &txn.store.settings);
    built.run(&sets, || true);
    let result = built.finish(&sets);
    let store = Store { operation, destination };
    store.put(txn, result, reply)
}

/// The rest of a request that counts: `numkeys key [key ...] [APPROX] [LIMIT limit]`.
fn card(txn: &mut Txn, operation: Operation, args: Args, reply: &mut Reply) -> Effect {
    let Some(numkeys) = number::integer(args.get(1)).filter(|numkeys| *numkeys > 0) else {
        return refuse(reply, error::NUMKEYS_NOT_POSITIVE);
    };
    if numkeys > args.len() as i64 - 2 {
        return refuse(reply, error::TOO_MANY_NUMKEYS);
    }
    let options = 2 + numkeys as usize;
    let (mut limit, mut approximate, mut at) = (0, false, options);
    while at < args.len() {
        if args.is(at, "limit") && at + 1 < args.len() {
            let Some(given) = number::integer(args.get(at + 1)).filter(|limit| *limit >= 0) else {
                return refuse(reply, error::LIMIT_NEGATIVE);
            };
            limit = given as usize;
            at += 2;
        } else if operation == Operation::Union && args.is(at, "approx") {
            approximate = true;
            at += 1;
        } else {
            return refuse(reply, error::SYNTAX);
        }
    }
    // 0 is no limit.
    let limit = if limit == 0 { usize::MAX } else { limit };
    let keys = args.from(2).first(numkeys as usize);
    let Ok(found) = sources(txn, operation, keys) else { return wrong_type(reply) };
    let sets = looked_up(txn, &found);
    if let [set] = sets[..] {
        reply.int(set.len().min(limit) as i64);
        return Effect::None;
    }
    let answer = match approximate {
        true => Answer::Estimate(Box::new(Estimate::new(limit))),
        false => Answer::Count { limit },
    };
    let operation = if approximate { Operation::Chain } else { operation };
    let work = work(operation, &sets);
    let snapshot = |sets: Vec<&SetValue>| Snapshot::of(sets.into_iter().cloned(), txn.store);
    if work > AT_ONCE_MEMBERS_MAX {
        return Effect::Slices(Box::new(SlicedAnswer::new(operation, snapshot(sets), answer)));
    }
    let (mut answer, mut combination) = (answer, Combination::new(operation, &sets));
    let mut count = 0;
    combination.run(
        &sets,
        || true,
        |member| {
            count += 1;
            answer.counts_on(member, count)
        },
    );
    reply.int(answer.counted(count) as i64);
    Effect::None
}
