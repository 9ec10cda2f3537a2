//! Adding, removing and moving members.

use super::member::parsed;
use super::value::{Limits, SetValue};
use super::{SET, wrong_type};
use crate::commands::row::{Joined, Pieces, Row, Run, access::*, flag::*, key, keys};
use crate::ds::entry::Object;
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::txn::{Class, Effect, Txn, WrongType};

pub const ROWS: &[Row] = &[
    Row {
        name: "sadd",
        arity: -3,
        flags: WRITE | DENYOOM | FAST,
        keys: &[key(RW | INSERT)],
        element: 2,
        complexity: "O(N) in the number of members given",
        summary: "Adds members to a set and returns how many are new; a missing key counts as an empty set.",
        args: "key member [member ...]",
        reply: "number",
        run: Run::Data(sadd),
        pieces: Pieces::of_key(Joined::Sum),
        ..SET
    },
    Row {
        name: "srem",
        arity: -3,
        flags: WRITE | FAST,
        keys: &[key(RW | DELETE)],
        element: 2,
        complexity: "O(N) in the number of members given",
        summary: "Removes members from a set, and the key with the last of them; returns how many were there.",
        args: "key member [member ...]",
        reply: "number",
        run: Run::Data(srem),
        pieces: Pieces::of_key(Joined::Sum),
        ..SET
    },
    Row {
        name: "smove",
        arity: 4,
        flags: WRITE | FAST,
        keys: &[key(RW | ACCESS | DELETE), keys(2, 2, 1, RW | INSERT)],
        summary: "Moves a member from one set to another; returns 0 where the first does not have it.",
        args: "source destination member",
        reply: "number",
        run: Run::Data(smove),
        ..SET
    },
];

fn sadd(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (key, members) = (args.get(1), args.from(2));
    let limits = Limits::of(&txn.store.settings);
    let made = || SetValue::for_members(parsed(members.get(0)), members.len(), limits);
    let added = txn.edit_or_make(key, made, |set, inverses| {
        set.make_room(members.len(), limits, inverses);
        members.iter().filter(|member| set.add(parsed(member), limits, inverses)).count()
    });
    let Ok(added) = added else { return wrong_type(reply) };
    reply.int(added as i64);
    if added == 0 {
        return Effect::None;
    }
    txn.changed(key, Class::Set, "sadd");
    txn.dirty += added as u64 - 1;
    Effect::Verbatim
}

fn srem(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let key = args.get(1);
    let edited = txn.edit_object(key, |set: &mut SetValue, inverses| {
        let removed = args.from(2).iter().filter(|member| set.remove(parsed(member), inverses)).count();
        (removed, set.is_empty())
    });
    let (removed, emptied) = match edited {
        Ok(edited) => edited.unwrap_or((0, false)),
        Err(WrongType) => return wrong_type(reply),
    };
    reply.int(removed as i64);
    if removed == 0 {
        return Effect::None;
    }
    txn.changed(key, Class::Set, "srem");
    txn.dirty += removed as u64 - 1;
    if emptied {
        txn.signal(key, Class::Generic, "del");
    }
    Effect::Verbatim
}

fn smove(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (source, destination, member) = (args.get(1), args.get(2), parsed(args.get(3)));
    // As Redis: without a source nobody asks of what type the destination is.
    let there = match txn.peek_object::<SetValue>(source) {
        Ok(None) => {
            reply.int(0);
            return Effect::None;
        }
        Ok(Some(set)) => set.contains(member),
        Err(WrongType) => return wrong_type(reply),
    };
    if txn.peek_object::<SetValue>(destination).is_err() {
        return wrong_type(reply);
    }
    if !there || source == destination {
        reply.int(there as i64);
        return Effect::None;
    }
    let limits = Limits::of(&txn.store.settings);
    let taken = txn.edit_object(source, |set: &mut SetValue, inverses| {
        set.remove(member, inverses);
        set.is_empty()
    });
    txn.changed(source, Class::Set, "srem");
    if taken == Ok(Some(true)) {
        txn.signal(source, Class::Generic, "del");
    }
    let made = || SetValue::for_members(member, 1, limits);
    let added = txn.edit_or_make(destination, made, |set, inverses| set.add(member, limits, inverses));
    if added == Ok(true) {
        txn.changed(destination, Class::Set, "sadd");
    }
    reply.int(1);
    Effect::Verbatim
}
