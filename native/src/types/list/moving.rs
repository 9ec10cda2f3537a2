//! LMOVE, RPOPLPUSH, LMOVEM; and what their blocking forms share with them.

use smallvec::SmallVec;

use super::limits::Limits;
use super::long::{self, LongReply};
use super::value::ListValue;
use super::{LIST, Side, refuse, wrong_type};
use crate::commands::row::{KeySpec, Row, Run, access::*, flag::*, keys};
use crate::ds::entry::Object;
use crate::ds::item::Item;
use crate::resp::args::Args;
use crate::resp::reply::{Protocol, Reply};
use crate::resp::{error, number};
use crate::txn::edit::Inverses;
use crate::txn::{Class, Effect, Txn, WrongType};

/// Keys of every command that moves: where from, and where to.
pub const FROM_AND_TO: &[KeySpec] = &[keys(1, 1, 1, RW | ACCESS | DELETE), keys(2, 2, 1, RW | INSERT)];

const MOVE: Row = Row { flags: WRITE | DENYOOM, keys: FROM_AND_TO, ..LIST };

pub const ROWS: &[Row] = &[
    Row {
        name: "lmove",
        arity: 5,
        since: "6.2.0",
        summary: "Moves an element from one end of a list to one end of another, or of the same, and returns it.",
        args: "source destination <LEFT | RIGHT> <LEFT | RIGHT>",
        reply: "string | null",
        run: Run::Data(lmove),
        ..MOVE
    },
    Row {
        name: "rpoplpush",
        arity: 3,
        since: "1.2.0",
        summary: "Moves the rightmost element of a list to the left of another, and returns it.",
        args: "source destination",
        reply: "string | null",
        run: Run::Data(rpoplpush),
        ..MOVE
    },
    Row {
        name: "lmovem",
        arity: -5,
        since: "8.10.0",
        complexity: "O(N) where N is the number of elements moved",
        summary: "Moves up to (COUNT) or exactly so many elements from one end of a list to one end of another: one by one (OBO), or as they stand (BULK).",
        args: "source destination <LEFT | RIGHT> <LEFT | RIGHT> [<COUNT count | EXACTLY exactly> <OBO | BULK>]",
        reply: "string[] | null",
        run: Run::Data(lmovem),
        ..MOVE
    },
];

fn lmove(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (from, to) = match sides(args) {
        Ok(sides) => sides,
        Err(text) => return refuse(reply, text),
    };
    or_null(move_one(txn, args, from, to, reply), reply)
}

fn rpoplpush(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    or_null(move_one(txn, args, Side::Right, Side::Left, reply), reply)
}

fn or_null(moved: Result<bool, WrongType>, reply: &mut Reply) -> Effect {
    match moved {
        Ok(true) => Effect::Verbatim,
        Ok(false) => {
            reply.null();
            Effect::None
        }
        Err(WrongType) => wrong_type(reply),
    }
}

/// Arguments 3 and 4: the ends of source and destination.
pub fn sides(args: Args) -> Result<(Side, Side), &'static str> {
    Ok((Side::of(args, 3)?, Side::of(args, 4)?))
}

/// Moves one element from the list at argument 1 to that at argument 2 and replies it. False: there is no source, nothing
/// was replied.
pub fn move_one(txn: &mut Txn, args: Args, from: Side, to: Side, reply: &mut Reply) -> Result<bool, WrongType> {
    let (source, destination) = (args.get(1), args.get(2));
    if txn.peek_list(source)?.is_none() {
        return Ok(false);
    }
    txn.peek_list(destination)?;
    let limits = Limits::of(&txn.store.settings);
    // In one edit where the two are the same: a list of one element must not go, and its expiry with it.
    let same = source == destination;
    let popped = txn.edit_object(source, |list: &mut ListValue, inverses| {
        let text = list.pop(from, &limits, inverses, text_of);
        if same {
            push_one(list, to, &text, &limits, inverses);
        }
        (text, list.is_empty())
    })?;
    let Some((text, emptied)) = popped else { return Ok(false) };
    if !same {
        txn.edit_or_make(destination, ListValue::default, |list, inverses| {
            push_one(list, to, &text, &limits, inverses);
        })?;
    }
    reply.bulk(&text);
    tell_moved(txn, source, destination, from, to, 1, emptied);
    Ok(true)
}

fn text_of(item: Item) -> SmallVec<[u8; 64]> {
    match item {
        Item::Int(number) => SmallVec::from_slice(itoa::Buffer::new().format(number).as_bytes()),
        Item::Text(text) => SmallVec::from_slice(text),
    }
}

fn push_one(list: &mut ListValue, side: Side, text: &[u8], limits: &Limits, inverses: &mut Inverses) {
    list.make_room([text].into_iter(), limits, inverses);
    list.push(side, text, limits, inverses);
}

/// The push is told first, as in Redis.
fn tell_moved(txn: &mut Txn, source: &[u8], destination: &[u8], from: Side, to: Side, count: u64, emptied: bool) {
    txn.signal(destination, Class::List, to.push_event());
    txn.changed(source, Class::List, from.pop_event());
    txn.dirty += count - 1;
    if emptied {
        txn.signal(source, Class::Generic, "del");
    }
}

/// What LMOVEM and BLMOVEM ask for.
pub struct HowMany {
    pub count: u64,
    /// Nothing moves unless there are so many.
    pub exactly: bool,
    /// As if by so many LMOVEs.
    pub one_by_one: bool,
}

impl HowMany {
    /// Reads `[COUNT count | EXACTLY exactly, OBO | BULK]`, which begins at argument `at`.
    pub fn read(args: Args, at: usize) -> Result<HowMany, &'static str> {
        if args.len() == at {
            return Ok(HowMany { count: 1, exactly: false, one_by_one: false });
        }
        if args.len() != at + 3 {
            return Err(error::SYNTAX);
        }
        let exactly = args.is(at, "exactly");
        if !exactly && !args.is(at, "count") {
            return Err(error::SYNTAX);
        }
        let count = number::integer(args.get(at + 1)).filter(|count| *count > 0).ok_or(error::COUNT_NOT_POSITIVE)?;
        let one_by_one = args.is(at + 2, "obo");
        if !one_by_one && !args.is(at + 2, "bulk") {
            return Err(error::SYNTAX);
        }
        Ok(HowMany { count: count as u64, exactly, one_by_one })
    }
}

fn lmovem(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let read = sides(args).and_then(|(from, to)| Ok((from, to, HowMany::read(args, 5)?)));
    let (from, to, how_many) = match read {
        Ok(read) => read,
        Err(text) => return refuse(reply, text),
    };
    match move_many(txn, args, from, to, &how_many, reply) {
        Ok(None) => {
            reply.null_array();
            Effect::None
        }
        Ok(Some((_, None))) => Effect::Verbatim,
        Ok(Some((_, Some(work)))) => {
            if txn.record {
                txn.effects.push((txn.db, args.to_owned()));
            }
            Effect::Slices(Box::new(work))
        }
        Err(WrongType) => wrong_type(reply),
    }
}

/// Moves elements from the list at argument 1 to that at argument 2 and replies them in their new order. Gives how many;
/// and what is left of the reply, where it is a long one. None: there are not enough, nothing was replied.
///
/// ```text
///   source 1 2 3 4, COUNT 2     LEFT LEFT   LEFT RIGHT   RIGHT LEFT   RIGHT RIGHT
///     OBO  adds                   2 1          1 2          3 4          4 3
///     BULK adds                   1 2          1 2          3 4          3 4
/// ```
pub fn move_many(
    txn: &mut Txn,
    args: Args,
    from: Side,
    to: Side,
    how_many: &HowMany,
    reply: &mut Reply,
) -> Result<Option<(u64, Option<LongReply>)>, WrongType> {
    let (source, destination) = (args.get(1), args.get(2));
    let len = txn.peek_list(source)?.map_or(0, |list| list.count());
    if len == 0 || (how_many.exactly && len < how_many.count) {
        return Ok(None);
    }
    txn.peek_list(destination)?;
    let count = how_many.count.min(len);
    let (store, limits) = (txn.store, Limits::of(&txn.store.settings));
    let turn = |part: ListValue| if how_many.one_by_one && from == to { part.reversed(&limits) } else { part };
    let mut emptied = false;
    let moved;
    if source == destination {
        moved = txn.edit_object(source, |list: &mut ListValue, inverses| {
            let part = turn(list.take(from, count, &limits, store, inverses));
            list.append(to, part.clone(), &limits, store, inverses);
            part
        })?;
    } else {
        let taken = txn.edit_object(source, |list: &mut ListValue, inverses| {
            let part = turn(list.take(from, count, &limits, store, inverses));
            (part, list.is_empty())
        })?;
        let Some((part, empty)) = taken else { return Ok(None) };
        emptied = empty;
        moved = Some(txn.edit_or_make(destination, ListValue::default, |list, inverses| {
            list.append(to, part.clone(), &limits, store, inverses);
            part
        })?);
    }
    let part = moved.unwrap_or_default();
    tell_moved(txn, source, destination, from, to, count, emptied);
    let mut head = Vec::new();
    Reply::new(&mut head, Protocol::Resp2).array(count as usize);
    if !long::is_long(&part, count) {
        reply.raw(&head);
        part.write_bulks(0, count, Side::Left, reply.buffer());
        return Ok(Some((count, None)));
    }
    Ok(Some((count, Some(LongReply::new(part, 0, count, Side::Left, head, store)))))
}
