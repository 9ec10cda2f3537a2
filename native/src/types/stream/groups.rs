//! XGROUP.

use super::group::{Group, UNKNOWN};
use super::id::{Id, until_zero};
use super::idmp::Policy;
use super::value::StreamValue;
use super::{STREAM, peek, refuse, refuse_bytes, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, keys};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::store::lazy_free::{ELEMENTS_MIN, Later};
use crate::txn::{Class, Effect, Txn, WrongType};

pub const ROWS: &[Row] = &[
    Row {
        name: "xgroup",
        arity: -2,
        categories: 0,
        complexity: "Depends on subcommand.",
        summary: "Makes, changes and destroys the groups of consumers that read a stream.",
        ..STREAM
    },
    Row {
        name: "xgroup|create",
        arity: -5,
        flags: WRITE | DENYOOM,
        keys: &[keys(2, 2, 1, RW | INSERT)],
        summary: "Makes a group of consumers.",
        args: "key group <id | $> [MKSTREAM] [ENTRIESREAD entries-read]",
        reply: "\"OK\"",
        run: Run::Data(create),
        ..STREAM
    },
    Row {
        name: "xgroup|createconsumer",
        arity: 5,
        flags: WRITE | DENYOOM,
        keys: &[keys(2, 2, 1, RW | INSERT)],
        since: "6.2.0",
        summary: "Makes a consumer of a group.",
        args: "key group consumer",
        reply: "number",
        run: Run::Data(create_consumer),
        ..STREAM
    },
    Row {
        name: "xgroup|delconsumer",
        arity: 5,
        flags: WRITE,
        keys: &[keys(2, 2, 1, RW | DELETE)],
        complexity: "O(N) in the pending entries of the group",
        summary: "Deletes a consumer, and returns how many entries were pending for it.",
        args: "key group consumer",
        reply: "number",
        run: Run::Data(delete_consumer),
        ..STREAM
    },
    Row {
        name: "xgroup|destroy",
        arity: 4,
        flags: WRITE,
        keys: &[keys(2, 2, 1, RW | DELETE)],
        summary: "Destroys a group of consumers.",
        args: "key group",
        reply: "number",
        run: Run::Data(destroy),
        ..STREAM
    },
    Row {
        name: "xgroup|help",
        arity: 2,
        flags: LOADING | STALE,
        summary: "Lists the subcommands.",
        reply: "string[]",
        run: Run::Data(help),
        ..STREAM
    },
    Row {
        name: "xgroup|setid",
        arity: -5,
        flags: WRITE,
        keys: &[keys(2, 2, 1, RW | UPDATE)],
        summary: "Sets the id that a group has read last.",
        args: "key group <id | $> [ENTRIESREAD entries-read]",
        reply: "\"OK\"",
        run: Run::Data(set_id),
        ..STREAM
    },
];

/// Words after the id: is MKSTREAM among them, and the count of entries read. Err: the error's text.
fn options(args: Args, of_create: bool) -> Result<(bool, i64), Vec<u8>> {
    let (mut make, mut entries_read) = (false, UNKNOWN);
    let mut index = 5;
    while index < args.len() {
        if of_create && args.is(index, "mkstream") {
            make = true;
            index += 1;
        } else if args.is(index, "entriesread") && index + 1 < args.len() {
            entries_read = number::integer(args.get(index + 1)).ok_or(error::NOT_INTEGER)?;
            if entries_read < 0 && entries_read != UNKNOWN {
                return Err(error::STREAM_ENTRIES_READ.into());
            }
            index += 2;
        } else {
            return Err(error::subcommand_syntax(args.get(1), "xgroup"));
        }
    }
    Ok((make, entries_read))
}

fn create(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (make, entries_read) = match options(args, true) {
        Ok(options) => options,
        Err(text) => return refuse_bytes(reply, &text),
    };
    let (key, name) = (args.get(2), args.get(3));
    let (last_id, added) = match peek(txn, key) {
        Ok(Some(stream)) => (stream.state().last_id, stream.state().entries_added),
        Ok(None) if make => (Id::MIN, 0),
        Ok(None) => return refuse(reply, error::STREAM_GROUP_NO_KEY),
        Err(WrongType) => return wrong_type(reply),
    };
    if args.len() > 8 {
        return refuse_bytes(reply, &error::subcommand_syntax(args.get(1), "xgroup"));
    }
    let id = if until_zero(args.get(4)) == b"$" { Some(last_id) } else { Id::parse_strict(args.get(4), 0) };
    let Some(id) = id else { return refuse(reply, error::STREAM_ID) };
    let (store, group) = (txn.store, Group::new(id, entries_read.min(added as i64)));
    let new = || StreamValue::new(Policy::of(&store.settings));
    let made =
        txn.edit_or_make(key, new, |stream: &mut StreamValue, inverses| stream.make_group(name, group, inverses));
    if made != Ok(true) {
        return refuse(reply, error::STREAM_GROUP_EXISTS);
    }
    reply.ok();
    txn.changed(key, Class::Stream, "xgroup-create");
    Effect::Verbatim
}

/// Edits the group that a request names. None: it was refused.
fn edit<T>(
    txn: &mut Txn,
    args: Args,
    reply: &mut Reply,
    edit: impl FnOnce(&mut Group, &super::entries::Entries, &mut super::group::Log) -> T,
) -> Option<T> {
    let (key, name) = (args.get(2), args.get(3));
    let edited = txn.edit_object(key, |stream: &mut StreamValue, inverses| stream.edit_group(name, inverses, edit));
    match edited {
        Ok(Some(Some(result))) => return Some(result),
        Ok(Some(None)) => reply.error_bytes(&error::no_group_of(key, name)),
        Ok(None) => reply.error(error::STREAM_GROUP_NO_KEY),
        Err(WrongType) => reply.error(error::WRONG_TYPE),
    }
    None
}

fn set_id(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (_, entries_read) = match options(args, false) {
        Ok(options) => options,
        Err(text) => return refuse_bytes(reply, &text),
    };
    if args.len() > 7 {
        return refuse_bytes(reply, &error::subcommand_syntax(args.get(1), "xgroup"));
    }
    let set = edit(txn, args, reply, |group, entries, log| {
        let last = until_zero(args.get(4)) == b"$";
        let id = if last { entries.state().last_id } else { Id::parse(args.get(4), 0)? };
        group.set_position(id, entries_read.min(entries.state().entries_added as i64), log);
        Some(())
    });
    match set {
        None => return Effect::None,
        Some(None) => return refuse(reply, error::STREAM_ID),
        Some(Some(())) => (),
    }
    reply.ok();
    txn.changed(args.get(2), Class::Stream, "xgroup-setid");
    Effect::Verbatim
}

fn create_consumer(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (name, now_ms) = (args.get(4), txn.wall_ms());
    let made = edit(txn, args, reply, |group, _, log| {
        let new = group.find(name).is_none();
        if new {
            group.make(name, now_ms, log);
        }
        new
    });
    let Some(made) = made else { return Effect::None };
    reply.int(made as i64);
    if !made {
        return Effect::None;
    }
    txn.changed(args.get(2), Class::Stream, "xgroup-createconsumer");
    Effect::Verbatim
}

fn delete_consumer(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let name = args.get(4);
    let deleted = edit(txn, args, reply, |group, _, log| Some(group.delete(group.find(name)?, log)));
    let Some(deleted) = deleted else { return Effect::None };
    reply.int(deleted.unwrap_or(0) as i64);
    if deleted.is_none() {
        return Effect::None;
    }
    txn.changed(args.get(2), Class::Stream, "xgroup-delconsumer");
    Effect::Verbatim
}

fn destroy(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (key, name, store) = (args.get(2), args.get(3), txn.store);
    let destroyed = txn.edit_object(key, |stream: &mut StreamValue, inverses| {
        let Some(group) = stream.take_group(name) else { return false };
        let much = group.pel().len() as usize > ELEMENTS_MIN;
        let group = Later::new(group, much.then_some(&store.garbage));
        let name: Box<[u8]> = name.into();
        inverses.push(move |stream: &mut StreamValue| stream.put_group(name, group.into_inner()));
        true
    });
    match destroyed {
        Ok(Some(true)) => (),
        Ok(Some(false)) => {
            reply.int(0);
            return Effect::None;
        }
        Ok(None) => return refuse(reply, error::STREAM_GROUP_NO_KEY),
        Err(WrongType) => return wrong_type(reply),
    }
    reply.int(1);
    txn.changed(key, Class::Stream, "xgroup-destroy");
    Effect::Verbatim
}

fn help(_: &mut Txn, _: Args, reply: &mut Reply) -> Effect {
    reply.help(
        "xgroup",
        &[
            "CREATE <key> <group> <id|$> [MKSTREAM] [ENTRIESREAD <count>]",
            "    Make a group that reads what comes after <id>, or from now on ($). MKSTREAM makes",
            "    the stream if there is none; ENTRIESREAD says how many entries were read already.",
            "CREATECONSUMER <key> <group> <consumer>",
            "    Make a consumer of a group.",
            "DELCONSUMER <key> <group> <consumer>",
            "    Delete a consumer with what is pending for it.",
            "DESTROY <key> <group>",
            "    Destroy a group.",
            "SETID <key> <group> <id|$> [ENTRIESREAD <count>]",
            "    Let a group read on from after <id>.",
        ],
    );
    Effect::None
}
