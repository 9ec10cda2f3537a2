//! XDEL, XDELEX, XSETID, and what a stream keeps of idempotent producers: XCFGSET, XIDMPRECORD.

use super::id::Id;
use super::idmp::{DURATION_S, MAXSIZE, Policy};
use super::trim::References;
use super::value::{Deletion, StreamValue};
use super::{STREAM, ids, peek, refuse, wrong_type};
use crate::commands::row::{Joined, Pieces, Row, Run, access::*, flag::*, key};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::txn::edit::Inverses;
use crate::txn::{Class, Effect, Txn, WrongType};

pub const ROWS: &[Row] = &[
    Row {
        name: "xdel",
        arity: -3,
        flags: WRITE | FAST,
        keys: &[key(RW | DELETE)],
        complexity: "O(log(N)) for each entry deleted",
        summary: "Deletes entries of a stream by their ids.",
        args: "key id [id ...]",
        reply: "number",
        run: Run::Data(xdel),
        pieces: Some(Pieces { head: |_| 2, fits: |words| ids(words).is_some(), ..Pieces::plain(Joined::Sum) }),
        ..STREAM
    },
    Row {
        name: "xdelex",
        arity: -5,
        flags: WRITE | FAST,
        keys: &[key(RW | DELETE)],
        since: "8.2.0",
        complexity: "O(log(N)) for each entry deleted and each group",
        summary: "Deletes entries of a stream, and says what becomes of the references that groups have to them.",
        args: "key [KEEPREF | DELREF | ACKED] IDS numids id [id ...]",
        reply: "number[]",
        run: Run::Data(xdelex),
        ..STREAM
    },
    Row {
        name: "xsetid",
        arity: -3,
        flags: WRITE | DENYOOM | FAST,
        keys: &[key(RW | UPDATE)],
        summary: "Sets the id that a stream has given last.",
        args: "key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]",
        reply: "\"OK\"",
        run: Run::Data(xsetid),
        ..STREAM
    },
    Row {
        name: "xcfgset",
        arity: -2,
        flags: WRITE | FAST,
        keys: &[key(RW | UPDATE)],
        since: "8.6.0",
        summary: "Sets for how long a stream remembers the messages of idempotent producers, and how many of each.",
        args: "key [IDMP-DURATION duration] [IDMP-MAXSIZE maxsize]",
        reply: "\"OK\"",
        run: Run::Data(xcfgset),
        ..STREAM
    },
    Row {
        name: "xidmprecord",
        arity: 5,
        flags: WRITE | DENYOOM | FAST,
        keys: &[key(RW | UPDATE)],
        since: "8.6.2",
        summary: "Notes which message of an idempotent producer an entry was; the log and replicas need it.",
        args: "key pid iid stream-id",
        reply: "\"OK\"",
        run: Run::Data(xidmprecord),
        ..STREAM
    },
];

fn xdel(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let key = args.get(1);
    match peek(txn, key) {
        Ok(Some(_)) => (),
        Ok(None) => {
            reply.int(0);
            return Effect::None;
        }
        Err(WrongType) => return wrong_type(reply),
    }
    let Some(ids) = ids(args.from(2)) else { return refuse(reply, error::STREAM_ID) };
    let deleted = txn.edit_object(key, |stream: &mut StreamValue, inverses| {
        stream.delete_all(ids.into_iter(), |_, _, _| None, |_| (), inverses)
    });
    let deleted = deleted.ok().flatten().unwrap_or(0);
    reply.int(deleted as i64);
    after_deletes(txn, key, deleted)
}

fn after_deletes(txn: &mut Txn, key: &[u8], deleted: u64) -> Effect {
    if deleted == 0 {
        return Effect::None;
    }
    txn.changed(key, Class::Stream, "xdel");
    txn.dirty += deleted - 1;
    Effect::Verbatim
}

/// The ids that a command names with IDS, and what it says of references.
pub struct Named<'a> {
    pub references: References,
    pub ids: Args<'a>,
    pub count: usize,
}

impl<'a> Named<'a> {
    /// Options from argument `index` on. Err: the error's text.
    pub fn parse(args: Args<'a>, mut index: usize) -> Result<Named<'a>, &'static str> {
        let (mut references, mut ids) = (None, None);
        while index < args.len() {
            if references.is_none() && References::parse(args, index).is_some() {
                references = References::parse(args, index);
                index += 1;
            } else if args.is(index, "ids") && index + 1 < args.len() {
                let count = number::integer(args.get(index + 1)).filter(|count| *count > 0);
                let count = count.ok_or(error::STREAM_IDS_COUNT)? as u64;
                if count > (args.len() - index - 2) as u64 {
                    return Err(error::STREAM_IDS_FEW);
                }
                ids = Some((args.from(index + 2), count as usize));
                index += 2 + count as usize;
            } else {
                return Err(error::SYNTAX);
            }
        }
        let (ids, count) = ids.ok_or(error::STREAM_IDS_MISSING)?;
        Ok(Named { references: references.unwrap_or_default(), ids, count })
    }

    /// None: one is no id.
    pub fn ids(&self) -> Option<Vec<Id>> {
        self.ids.iter().take(self.count).map(|text| Id::parse_strict(text, 0)).collect()
    }

    /// The same code for each id.
    pub fn reply_all(&self, code: i64, reply: &mut Reply) {
        reply.array(self.count);
        (0..self.count).for_each(|_| reply.int(code));
    }
}

impl StreamValue {
    /// What references mean for an entry that is to be deleted: false if it has to stay, and those that go are gone.
    pub fn yields(&mut self, id: Id, references: References, inverses: &mut Inverses) -> bool {
        match references {
            References::Keep => true,
            References::Obey => !self.is_referenced(id),
            References::Drop => {
                self.drop_references(id, inverses);
                true
            }
        }
    }
}

const DELETED: i64 = 1;
const NO_ID: i64 = -1;
const STILL_REFERENCED: i64 = 2;

fn xdelex(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let key = args.get(1);
    let there = match peek(txn, key) {
        Ok(stream) => stream.is_some(),
        Err(WrongType) => return wrong_type(reply),
    };
    let named = match Named::parse(args, 2) {
        Ok(named) => named,
        Err(text) => return refuse(reply, text),
    };
    if !there {
        named.reply_all(NO_ID, reply);
        return Effect::None;
    }
    let Some(ids) = named.ids() else { return refuse(reply, error::STREAM_ID) };
    reply.array(ids.len());
    let references = named.references;
    let deleted = txn.edit_object(key, |stream: &mut StreamValue, inverses| {
        let keeps = |stream: &mut StreamValue, id: Id, inverses: &mut Inverses| {
            (!stream.yields(id, references, inverses)).then_some(STILL_REFERENCED)
        };
        let done = |deletion| {
            reply.int(match deletion {
                Deletion::Done => DELETED,
                Deletion::Missing => NO_ID,
                Deletion::Kept(code) => code,
            });
        };
        stream.delete_all(ids.into_iter(), keeps, done, inverses)
    });
    match after_deletes(txn, key, deleted.ok().flatten().unwrap_or(0)) {
        // References to entries that are gone already may have gone.
        Effect::None if references == References::Drop => Effect::Verbatim,
        effect => effect,
    }
}

fn xsetid(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let Some(id) = Id::parse_strict(args.get(2), 0) else { return refuse(reply, error::STREAM_ID) };
    let (mut added, mut max_deleted) = (None, Id::MIN);
    let mut index = 3;
    while index < args.len() {
        let more = index + 1 < args.len();
        if args.is(index, "entriesadded") && more {
            let Some(count) = number::integer(args.get(index + 1)) else { return refuse(reply, error::NOT_INTEGER) };
            let Ok(count) = u64::try_from(count) else { return refuse(reply, error::STREAM_ENTRIES_ADDED) };
            added = Some(count);
        } else if args.is(index, "maxdeletedid") && more {
            let Some(max) = Id::parse_strict(args.get(index + 1), 0) else { return refuse(reply, error::STREAM_ID) };
            if id < max {
                return refuse(reply, error::STREAM_SETID_DELETED);
            }
            max_deleted = max;
        } else {
            return refuse(reply, error::SYNTAX);
        }
        index += 2;
    }
    let key = args.get(1);
    let stream = match peek(txn, key) {
        Ok(Some(stream)) => stream,
        Ok(None) => return refuse(reply, error::NO_SUCH_KEY),
        Err(WrongType) => return wrong_type(reply),
    };
    if id < stream.state().max_deleted {
        return refuse(reply, error::STREAM_SETID_NOW_DELETED);
    }
    if stream.entries().last_live().is_some_and(|last| id < last) {
        return refuse(reply, error::STREAM_SETID_SMALL);
    }
    // An empty stream may be given any count.
    if stream.length() > 0 && added.is_some_and(|added| added < stream.length()) {
        return refuse(reply, error::STREAM_SETID_ADDED);
    }
    let set = txn.edit_object(key, |stream: &mut StreamValue, inverses| {
        stream.set_state(
            |state| {
                state.last_id = id;
                state.entries_added = added.unwrap_or(state.entries_added);
                if max_deleted != Id::MIN {
                    state.max_deleted = max_deleted;
                }
            },
            inverses,
        );
    });
    debug_assert_eq!(set, Ok(Some(())));
    reply.ok();
    txn.changed(key, Class::Stream, "xsetid");
    Effect::Verbatim
}

fn xcfgset(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let key = args.get(1);
    let (old, knows) = match peek(txn, key) {
        Ok(Some(stream)) => (stream.state().policy, stream.state().knows_producers),
        Ok(None) => return refuse(reply, error::NO_SUCH_KEY),
        Err(WrongType) => return wrong_type(reply),
    };
    let (mut duration, mut maxsize) = (None, None);
    let mut index = 2;
    while index < args.len() {
        let more = index + 1 < args.len();
        let (given, range, twice, outside) = if args.is(index, "idmp-duration") && more {
            (&mut duration, DURATION_S, error::STREAM_IDMP_DURATION_TWICE, error::STREAM_IDMP_DURATION)
        } else if args.is(index, "idmp-maxsize") && more {
            (&mut maxsize, MAXSIZE, error::STREAM_IDMP_MAXSIZE_TWICE, error::STREAM_IDMP_MAXSIZE)
        } else {
            return refuse(reply, error::SYNTAX);
        };
        if given.is_some() {
            return refuse(reply, twice);
        }
        let Some(value) = number::integer(args.get(index + 1)) else { return refuse(reply, error::NOT_INTEGER) };
        if !range.contains(&value) {
            return refuse(reply, outside);
        }
        *given = Some(value as u32);
        index += 2;
    }
    if duration.is_none() && maxsize.is_none() {
        return refuse(reply, error::STREAM_CFG_NOTHING);
    }
    let policy = Policy { duration_s: duration.unwrap_or(old.duration_s), maxsize: maxsize.unwrap_or(old.maxsize) };
    reply.ok();
    // Many producers may say the same one after the other: that forgets nothing.
    if policy == old && knows {
        return Effect::None;
    }
    let set = txn.edit_object(key, |stream: &mut StreamValue, inverses| stream.set_policy(policy, inverses));
    debug_assert_eq!(set, Ok(Some(())));
    txn.dirty += 1;
    Effect::Verbatim
}

fn xidmprecord(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let Some(id) = Id::parse_strict(args.get(4), 0) else { return refuse(reply, error::STREAM_ID) };
    let (key, producer, iid) = (args.get(1), args.get(2), args.get(3));
    if producer.is_empty() {
        return refuse(reply, error::STREAM_IDMP_RECORD_PRODUCER);
    }
    if iid.is_empty() {
        return refuse(reply, error::STREAM_IDMP_RECORD_IID);
    }
    let now_ms = txn.wall_ms();
    let stream = match peek(txn, key) {
        Ok(Some(stream)) => stream,
        Ok(None) => return refuse(reply, error::NO_SUCH_KEY),
        Err(WrongType) => return wrong_type(reply),
    };
    if stream.entries().get(id).is_none() {
        return refuse(reply, error::STREAM_IDMP_NO_ENTRY);
    }
    match stream.idmp().and_then(|idmp| idmp.kept(producer, iid)) {
        Some(other) if other != id => return refuse(reply, error::STREAM_IDMP_OTHER_ENTRY),
        Some(_) => {
            reply.ok();
            return Effect::None;
        }
        None => (),
    }
    let noted = txn.edit_object(key, |stream: &mut StreamValue, inverses| {
        stream.remember(producer, iid, id, now_ms, inverses);
    });
    debug_assert_eq!(noted, Ok(Some(())));
    reply.ok();
    txn.dirty += 1;
    Effect::Verbatim
}
