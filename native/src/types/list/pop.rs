//! LPOP, RPOP, LMPOP; and what the blocking pops share with them.

use super::limits::Limits;
use super::long::{self, LongReply};
use super::value::ListValue;
use super::{LIST, Side, bulk, refuse, wrong_type};
use crate::commands::row::{Begin, Find, KeySpec, Row, Run, access::*, flag::*, key};
use crate::ds::entry::Object;
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::reply::{Protocol, Reply};
use crate::resp::{error, number};
use crate::txn::{Class, Effect, Txn, WrongType};

const POP: Row = Row {
    arity: -2,
    flags: WRITE | FAST,
    keys: &[key(RW | ACCESS | DELETE)],
    complexity: "O(1) for each element",
    args: "key [count]",
    reply: "string | null | string[]",
    ..LIST
};

/// Keys of LMPOP and BLMPOP: as many as the number before them says.
pub const fn counted_keys(at: usize) -> KeySpec {
    KeySpec {
        access: RW | ACCESS | DELETE,
        begin: Begin::Index(at),
        find: Find::KeyNum { keynum: 0, first: 1, step: 1 },
    }
}

pub const ROWS: &[Row] = &[
    Row {
        name: "lpop",
        summary: "Removes and returns the leftmost element of a list, or as many as asked for.",
        run: Run::Data(lpop),
        ..POP
    },
    Row {
        name: "rpop",
        summary: "Removes and returns the rightmost element of a list, or as many as asked for, the last one first.",
        run: Run::Data(rpop),
        ..POP
    },
    Row {
        name: "lmpop",
        arity: -4,
        flags: WRITE | MOVABLE_KEYS,
        keys: &[counted_keys(1)],
        since: "7.0.0",
        complexity: "O(N+M) where N is the number of keys and M the number of elements returned",
        summary: "Removes and returns elements of the first of several lists that is there.",
        args: "numkeys key [key ...] <LEFT | RIGHT> [COUNT count]",
        reply: "[string, string[]] | null",
        run: Run::Data(lmpop),
        ..LIST
    },
];

fn lpop(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    if args.len() == 2 { pop_one(txn, args.get(1), Side::Left, reply) } else { pop_count(txn, args, Side::Left, reply) }
}

fn rpop(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    if args.len() == 2 {
        pop_one(txn, args.get(1), Side::Right, reply)
    } else {
        pop_count(txn, args, Side::Right, reply)
    }
}

#[inline]
fn pop_one(txn: &mut Txn, key: &[u8], side: Side, reply: &mut Reply) -> Effect {
    match take_one(txn, key, side, reply) {
        Ok(true) => Effect::Verbatim,
        Ok(false) => {
            reply.null();
            Effect::None
        }
        Err(WrongType) => wrong_type(reply),
    }
}

/// Pops one element and replies it. False: there is no such list, nothing was replied.
#[inline]
pub fn take_one(txn: &mut Txn, key: &[u8], side: Side, reply: &mut Reply) -> Result<bool, WrongType> {
    let limits = Limits::of(&txn.store.settings);
    let popped = txn.edit_object(key, |list: &mut ListValue, inverses| {
        list.pop(side, &limits, inverses, |item| bulk(reply, item));
        list.is_empty()
    })?;
    let Some(emptied) = popped else { return Ok(false) };
    tell_popped(txn, key, side, 1, emptied);
    Ok(true)
}

fn tell_popped(txn: &mut Txn, key: &[u8], side: Side, count: u64, emptied: bool) {
    txn.changed(key, Class::List, side.pop_event());
    txn.dirty += count - 1;
    if emptied {
        txn.signal(key, Class::Generic, "del");
    }
}

fn pop_count(txn: &mut Txn, args: Args, side: Side, reply: &mut Reply) -> Effect {
    if args.len() > 3 {
        return refuse(reply, &error::wrong_arity(if side == Side::Left { "lpop" } else { "rpop" }));
    }
    let Some(count) = number::integer(args.get(2)).and_then(|count| u64::try_from(count).ok()) else {
        return refuse(reply, error::NOT_POSITIVE);
    };
    let key = args.get(1);
    match txn.peek_list(key) {
        Ok(None) => {
            reply.null_array();
            return Effect::None;
        }
        Ok(Some(_)) if count == 0 => {
            reply.array(0);
            return Effect::None;
        }
        Ok(Some(_)) => (),
        Err(WrongType) => return wrong_type(reply),
    }
    let (_, long) = take_many(txn, key, side, count, &[], reply);
    match long {
        None => Effect::Verbatim,
        Some(work) => {
            if txn.record {
                txn.effects.push((txn.db, args.to_owned()));
            }
            Effect::Slices(Box::new(work))
        }
    }
}

/// Pops up to `count` elements of the list at `key`, which is there, and replies them as an array, after `before`. Gives
/// how many; and what is left of the reply, where it is a long one: then nothing has been replied yet.
pub fn take_many(
    txn: &mut Txn,
    key: &[u8],
    side: Side,
    count: u64,
    before: &[u8],
    reply: &mut Reply,
) -> (u64, Option<LongReply>) {
    let (store, limits, undo) = (txn.store, Limits::of(&txn.store.settings), txn.keeps_undo());
    let popped = txn.edit_object(key, |list: &mut ListValue, inverses| {
        let count = count.min(list.count());
        if !undo && long::is_long(list, count) {
            let part = list.take(side, count, &limits, store, inverses);
            return (count, Some(part), list.is_empty());
        }
        reply.raw(before);
        reply.array(count as usize);
        let from = if side == Side::Left { 0 } else { list.count() - count };
        list.write_bulks(from, count, side, reply.buffer());
        list.cut(side, count, &limits, store, inverses);
        (count, None, list.is_empty())
    });
    let Ok(Some((count, part, emptied))) = popped else { unreachable!("looked at before") };
    tell_popped(txn, key, side, count, emptied);
    let long = part.map(|part| {
        let mut head = before.to_vec();
        Reply::new(&mut head, Protocol::Resp2).array(count as usize);
        LongReply::new(part, 0, count, side, head, store)
    });
    (count, long)
}

/// What LMPOP and BLMPOP ask for.
pub struct Many<'a> {
    pub keys: Args<'a>,
    pub keys_count: usize,
    pub side: Side,
    pub count: u64,
}

impl<'a> Many<'a> {
    /// Reads `numkeys key … LEFT|RIGHT [COUNT count]`, which begins at argument `at`.
    pub fn read(args: Args<'a>, at: usize) -> Result<Many<'a>, &'static str> {
        let positive = |text: &[u8]| number::integer(text).filter(|number| *number > 0).map(|number| number as u64);
        let keys_count = positive(args.get(at)).ok_or(error::NUMKEYS_NOT_POSITIVE)?;
        let keys_count = usize::try_from(keys_count).map_err(|_| error::SYNTAX)?;
        let side_at = keys_count.checked_add(at + 1).filter(|side_at| *side_at < args.len()).ok_or(error::SYNTAX)?;
        let side = Side::of(args, side_at)?;
        let mut count = None;
        let mut index = side_at + 1;
        while index < args.len() {
            if count.is_some() || !args.is(index, "count") || index + 1 >= args.len() {
                return Err(error::SYNTAX);
            }
            count = Some(positive(args.get(index + 1)).ok_or(error::COUNT_NOT_POSITIVE)?);
            index += 2;
        }
        Ok(Many { keys: args.from(at + 1), keys_count, side, count: count.unwrap_or(1) })
    }

    pub fn keys(&self) -> impl Iterator<Item = &'a [u8]> {
        self.keys.iter().take(self.keys_count)
    }

    /// Pops from the first list that is there. None: there is none, nothing was replied.
    pub fn take(&self, txn: &mut Txn, reply: &mut Reply) -> Option<Effect> {
        for key in self.keys() {
            match txn.peek_list(key) {
                Ok(None) => continue,
                Ok(Some(_)) => (),
                Err(WrongType) => return Some(wrong_type(reply)),
            }
            let mut before = Vec::new();
            let mut head = Reply::new(&mut before, Protocol::Resp2);
            head.array(2);
            head.bulk(key);
            let (count, long) = take_many(txn, key, self.side, self.count, &before, reply);
            let mut digits = itoa::Buffer::new();
            let name: &[u8] = if self.side == Side::Left { b"LPOP" } else { b"RPOP" };
            let command = || OwnedArgs::of(&[name, key, digits.format(count).as_bytes()]);
            return Some(rewritten(txn, command, long));
        }
        None
    }
}

/// The effect of a command that another one reproduces, and whose reply may be a long one.
pub fn rewritten(txn: &mut Txn, command: impl FnOnce() -> OwnedArgs, long: Option<LongReply>) -> Effect {
    match (long, txn.record) {
        (None, false) => Effect::Verbatim,
        (None, true) => Effect::Rewrite(vec![command()]),
        (Some(work), record) => {
            if record {
                txn.effects.push((txn.db, command()));
            }
            Effect::Slices(Box::new(work))
        }
    }
}

fn lmpop(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let many = match Many::read(args, 1) {
        Ok(many) => many,
        Err(text) => return refuse(reply, text),
    };
    many.take(txn, reply).unwrap_or_else(|| {
        reply.null_array();
        Effect::None
    })
}

impl Txn {
    /// The list under `key`, without counting or marking: for a command that goes on to write it.
    pub(super) fn peek_list(&mut self, key: &[u8]) -> Result<Option<&ListValue>, WrongType> {
        use crate::ds::entry::{EntryRef, Value};
        match self.peek(key).map(EntryRef::value) {
            None => Ok(None),
            Some(Value::Object(object)) => object.as_any().downcast_ref::<ListValue>().map(Some).ok_or(WrongType),
            Some(_) => Err(WrongType),
        }
    }
}
