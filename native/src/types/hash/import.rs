//! HIMPORT: hashes that have the same fields, whose names a connection sends once (Redis 8.10).
//!
//! A *fieldset* is such a list of names, under a name of its own; it belongs to the connection. In Redis hashes made so share
//! the names in memory as well; here they are hashes as any other, which a reader cannot tell but by OBJECT ENCODING.

use std::collections::HashSet;

use super::value::{HashValue, Limits, Ttl};
use super::write::tell;
use super::{HASH, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, keys};
use crate::ds::entry::NewValue;
use crate::ds::item::Item;
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::session::handle::{Flow, Session};
use crate::txn::access::Expiry;
use crate::txn::edit::Inverses;
use crate::txn::{Effect, Txn};

const IMPORT: Row = Row { since: "8.10.0", ..HASH };

pub const ROWS: &[Row] = &[
    Row {
        name: "himport",
        arity: -2,
        complexity: "Depends on subcommand.",
        summary: "A container for importing hashes that have the same fields.",
        run: Run::Container,
        ..IMPORT
    },
    Row {
        name: "himport|prepare",
        arity: -4,
        flags: DENYOOM,
        complexity: "O(N) in the number of fields",
        summary: "Names a list of fields that hashes of this connection will have.",
        args: "fieldset-name field [field ...]",
        reply: "\"OK\"",
        run: Run::Session(prepare),
        ..IMPORT
    },
    Row {
        name: "himport|set",
        arity: -5,
        flags: WRITE | DENYOOM,
        keys: &[keys(2, 2, 1, OW | UPDATE)],
        complexity: "O(N) in the number of fields",
        summary: "Makes a hash of a prepared list of fields and these values.",
        args: "key fieldset-name value [value ...]",
        reply: "\"OK\"",
        run: Run::Session(set),
        ..IMPORT
    },
    Row {
        name: "himport|discard",
        arity: 3,
        complexity: "O(N) in the number of fields",
        summary: "Forgets one list of fields.",
        args: "fieldset-name",
        reply: "number",
        run: Run::Session(discard),
        ..IMPORT
    },
    Row {
        name: "himport|discardall",
        arity: 2,
        complexity: "O(N) in the number of lists",
        summary: "Forgets all lists of fields of this connection.",
        reply: "number",
        run: Run::Session(discard_all),
        ..IMPORT
    },
];

fn prepare(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let fields = args.from(3);
    let distinct: HashSet<&[u8]> = fields.iter().collect();
    if distinct.len() != fields.len() {
        reply.error(error::FIELDSET_DUPLICATE);
        return Flow::Done;
    }
    if session.client.fieldsets.put(args.get(2), fields.iter()) {
        reply.ok();
    } else {
        reply.error(error::FIELDSETS_FULL);
    }
    Flow::Done
}

fn discard(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    reply.int(session.client.fieldsets.remove(args.get(2)) as i64);
    Flow::Done
}

fn discard_all(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.int(session.client.fieldsets.clear() as i64);
    Flow::Done
}

fn set(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let fields = session.client.fieldsets.get(args.get(3));
    Flow::Effect(make(session.txn, args.get(2), fields, args.from(4), reply))
}

fn make(txn: &mut Txn, key: &[u8], fields: Option<&[Box<[u8]>]>, values: Args, reply: &mut Reply) -> Effect {
    if txn.peek_object::<HashValue>(key).is_err() {
        return wrong_type(reply);
    }
    let refused = match fields {
        None => Some(error::NO_SUCH_FIELDSET),
        Some(fields) if fields.len() != values.len() => Some(error::FIELDSET_VALUES),
        Some(_) => None,
    };
    if let Some(text) = refused {
        reply.error(text);
        return Effect::None;
    }
    let fields = fields.unwrap_or_default();
    let names = || fields.iter().map(|field| &**field);
    let limits = Limits::of(&txn.store.settings);
    let (mut hash, mut inverses) = (HashValue::default(), Inverses::off());
    hash.make_room(fields.len(), names().chain(values.iter()), limits, &mut inverses);
    for (field, value) in names().zip(values.iter()) {
        hash.set(field, Item::Text(value), Ttl::Clear, limits, &mut inverses);
    }
    let new = txn.set(key, NewValue::Object(Box::new(hash)), Expiry::Clear);
    tell(txn, key, "hset", names());
    reply.ok();
    if !txn.record {
        return Effect::Verbatim;
    }
    let mut commands = if new { Vec::new() } else { vec![OwnedArgs::of(&[b"DEL", key])] };
    let mut command = OwnedArgs::of(&[b"HSET", key]);
    names().zip(values.iter()).for_each(|(field, value)| {
        command.push(field);
        command.push(value);
    });
    commands.push(command);
    Effect::Rewrite(commands)
}
