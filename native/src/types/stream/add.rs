//! XADD and XTRIM, and the options that both take.

use std::sync::atomic::Ordering::Relaxed;

use super::block::{ENTRY_BYTES_MAX, Limits};
use super::id::{Id, Wanted};
use super::idmp::{Policy, content_id};
use super::trim::{References, Trim, Until};
use super::value::StreamValue;
use super::{STREAM, peek, refuse, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::store::Settings;
use crate::txn::edit::Inverses;
use crate::txn::{Class, Effect, Txn, WrongType};

pub const ROWS: &[Row] = &[
    Row {
        name: "xadd",
        arity: -5,
        flags: WRITE | DENYOOM | FAST,
        keys: &[key(RW | UPDATE)],
        complexity: "O(1); O(N) in the entries trimmed, where MAXLEN or MINID trims.",
        summary: "Appends an entry to a stream, under a given id or one made from the clock, and may trim the stream.",
        args: "key [NOMKSTREAM] [KEEPREF | DELREF | ACKED] [IDMPAUTO pid | IDMP pid iid] [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] <* | id> field value [field value ...]",
        reply: "string | null",
        run: Run::Data(xadd),
        ..STREAM
    },
    Row {
        name: "xtrim",
        arity: -4,
        flags: WRITE,
        keys: &[key(RW | DELETE)],
        complexity: "O(N) in the entries trimmed; whole blocks of them go at once.",
        summary: "Takes the oldest entries of a stream away, down to a length or up to an id.",
        args: "key <MAXLEN | MINID> [= | ~] threshold [LIMIT count] [KEEPREF | DELREF | ACKED]",
        reply: "number",
        run: Run::Data(xtrim),
        ..STREAM
    },
];

/// What stands before the fields.
struct Options<'a> {
    /// None: from the clock.
    id: Option<Wanted>,
    /// Index of the argument after the id.
    rest: usize,
    make: bool,
    producer: Option<(&'a [u8], Option<&'a [u8]>)>,
    trim: Option<Trim>,
}

impl References {
    pub fn parse(args: Args, index: usize) -> Option<References> {
        match () {
            () if args.is(index, "keepref") => Some(References::Keep),
            () if args.is(index, "delref") => Some(References::Drop),
            () if args.is(index, "acked") => Some(References::Obey),
            () => None,
        }
    }

    fn name(self) -> &'static [u8] {
        match self {
            References::Keep => b"KEEPREF",
            References::Drop => b"DELREF",
            References::Obey => b"ACKED",
        }
    }
}

/// Options of XADD (`of_add`) and XTRIM, in Redis's order of checks. Err: the error's text.
fn parse<'a>(args: Args<'a>, of_add: bool, settings: &Settings) -> Result<Options<'a>, &'static str> {
    let (mut until, mut roughly, mut limit, mut references) = (None, false, None, None);
    let mut options = Options { id: None, rest: args.len() + 1, make: true, producer: None, trim: None };
    let mut index = 2;
    while index < args.len() {
        let more = args.len() - 1 - index;
        let is = |word: &str| args.is(index, word);
        if of_add && args.get(index) == b"*" {
            options.rest = index + 1;
            break;
        } else if (is("maxlen") || is("minid")) && more > 0 {
            if until.is_some() {
                return Err(error::STREAM_TRIM_TWICE);
            }
            let by_length = is("maxlen");
            let sign = if more >= 2 { args.get(index + 1) } else { b"" };
            roughly = sign == b"~";
            index += (roughly || sign == b"=") as usize;
            let threshold = args.get(index + 1);
            until = Some(if by_length {
                let length = number::integer(threshold).ok_or(error::NOT_INTEGER)?;
                Until::Length(u64::try_from(length).map_err(|_| error::STREAM_MAXLEN)?)
            } else {
                Until::Id(Id::parse_strict(threshold, 0).ok_or(error::STREAM_ID)?)
            });
            index += 1;
        } else if is("limit") && more > 0 {
            let count = number::integer(args.get(index + 1)).ok_or(error::NOT_INTEGER)?;
            limit = Some(u64::try_from(count).map_err(|_| error::STREAM_LIMIT)?);
            index += 1;
        } else if references.is_none() && References::parse(args, index).is_some() {
            references = References::parse(args, index);
        } else if of_add && is("nomkstream") {
            options.make = false;
        } else if of_add && is("idmpauto") && more > 0 {
            if options.producer.is_some() {
                return Err(error::STREAM_IDMP_TWICE);
            }
            if args.get(index + 1).is_empty() {
                return Err(error::STREAM_IDMP_AUTO_PRODUCER);
            }
            options.producer = Some((args.get(index + 1), None));
            index += 1;
        } else if of_add && is("idmp") && more >= 2 {
            if options.producer.is_some() {
                return Err(error::STREAM_IDMP_TWICE);
            }
            let (producer, iid) = (args.get(index + 1), args.get(index + 2));
            if producer.is_empty() {
                return Err(error::STREAM_IDMP_PRODUCER);
            }
            if iid.is_empty() {
                return Err(error::STREAM_IDMP_IID);
            }
            options.producer = Some((producer, Some(iid)));
            index += 2;
        } else if of_add {
            options.id = Some(Wanted::parse(args.get(index)).ok_or(error::STREAM_ID)?);
            if options.producer.is_some() {
                return Err(error::STREAM_IDMP_WITH_ID);
            }
            options.rest = index + 1;
            break;
        } else {
            return Err(error::SYNTAX);
        }
        index += 1;
    }
    let Some(until) = until else {
        return match (limit, of_add) {
            (Some(1..), _) => Err(error::STREAM_LIMIT_ALONE),
            (_, false) => Err(error::STREAM_NO_TRIM),
            (Some(0), true) => Err(error::STREAM_LIMIT_EXACT),
            (None, true) => Ok(options),
        };
    };
    if limit.is_some() && !roughly {
        return Err(error::STREAM_LIMIT_EXACT);
    }
    let limit = if roughly { limit.unwrap_or_else(|| usual_limit(settings)) } else { 0 };
    options.trim = Some(Trim { until, roughly, limit, references: references.unwrap_or_default() });
    Ok(options)
}

/// What `~` may take away unless it is told otherwise: 100 blocks.
fn usual_limit(settings: &Settings) -> u64 {
    match settings.stream_node_max_entries.load(Relaxed).saturating_mul(100) {
        0 => 10_000,
        entries => entries.min(1_000_000),
    }
}

enum Added {
    /// Under this id; so many entries were trimmed, and so many are left.
    Entry(Id, u64, u64),
    /// An idempotent producer has sent it before.
    Before(Id),
    Refused(&'static str),
}

fn xadd(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let limits = Limits::of(&txn.store.settings);
    let options = match parse(args, true, &txn.store.settings) {
        Ok(options) => options,
        Err(text) => return refuse(reply, text),
    };
    let pairs = args.from(options.rest);
    if options.rest > args.len() || pairs.len() < 2 || pairs.len() % 2 == 1 {
        return refuse(reply, &error::wrong_arity("xadd"));
    }
    if options.id == Some(Wanted::Whole(Id::MIN)) {
        return refuse(reply, error::STREAM_ID_ZERO);
    }
    let bytes = pairs.iter().map(<[u8]>::len).sum();
    let key = args.get(1);
    if !options.make || bytes > ENTRY_BYTES_MAX {
        match peek(txn, key) {
            Err(WrongType) => return wrong_type(reply),
            Ok(None) if !options.make => {
                reply.null();
                return Effect::None;
            }
            _ if bytes > ENTRY_BYTES_MAX => return refuse(reply, error::STREAM_ENTRY_TOO_LARGE),
            _ => (),
        }
    }
    let (now_ms, store) = (txn.wall_ms(), txn.store);
    let iid = options
        .producer
        .map(|(producer, iid)| (producer, iid.map_or_else(|| content_id(pairs.iter()).to_vec(), <[u8]>::to_vec)));
    let make = || StreamValue::new(Policy::of(&store.settings));
    let added = txn.edit_or_make(key, make, |stream: &mut StreamValue, inverses| {
        if let Some((producer, iid)) = &iid {
            let policy = stream.state().policy;
            if let Some(id) = stream.idmp().and_then(|idmp| idmp.find(producer, iid, policy, now_ms)) {
                stream.set_state(|state| state.iids_duplicates += 1, inverses);
                return Added::Before(id);
            }
        }
        let id = match next_id(stream.state().last_id, options.id, now_ms) {
            Ok(id) => id,
            Err(text) => return Added::Refused(text),
        };
        stream.append(id, pairs.iter(), bytes, limits, inverses);
        if let Some((producer, iid)) = &iid {
            stream.remember(producer, iid, id, now_ms, inverses);
        }
        let trimmed = options.trim.map_or(0, |trim| stream.trim(trim, &store.garbage, inverses));
        Added::Entry(id, trimmed, stream.length())
    });
    let (id, trimmed, left) = match added {
        Ok(Added::Entry(id, trimmed, left)) => (id, trimmed, left),
        Ok(Added::Before(id)) => {
            id.reply(reply);
            txn.dirty += 1;
            return Effect::None;
        }
        Ok(Added::Refused(text)) => return refuse(reply, text),
        Err(WrongType) => return wrong_type(reply),
    };
    id.reply(reply);
    txn.changed(key, Class::Stream, "xadd");
    if trimmed > 0 {
        txn.signal(key, Class::Stream, "xtrim");
    }
    let exact = matches!(options.id, Some(Wanted::Whole(_))) && options.trim.is_none_or(|trim| !trim.roughly);
    if !txn.record || exact {
        return Effect::Verbatim;
    }
    let mut command = OwnedArgs::of(&[b"XADD", key]);
    if !options.make {
        command.push(b"NOMKSTREAM");
    }
    if let Some(trim) = options.trim {
        push_trim(&mut command, trim, left);
    }
    command.push(&id.to_vec());
    pairs.iter().for_each(|text| command.push(text));
    let record = iid.map(|(producer, iid)| OwnedArgs::of(&[b"XIDMPRECORD", key, producer, &iid, &id.to_vec()]));
    Effect::Rewrite([command].into_iter().chain(record).collect())
}

/// The id of the next entry. Err: the error's text.
fn next_id(last: Id, wanted: Option<Wanted>, now_ms: i64) -> Result<Id, &'static str> {
    if last == Id::MAX {
        return Err(error::STREAM_EXHAUSTED);
    }
    let id = match wanted {
        Some(Wanted::Whole(id)) => Some(id),
        // The clock may stand behind the last id, but ids never go back.
        None if now_ms as u64 > last.ms => Some(Id { ms: now_ms as u64, seq: 0 }),
        None => last.next(),
        Some(Wanted::Ms(ms)) if ms == last.ms => last.seq.checked_add(1).map(|seq| Id { ms, seq }),
        Some(Wanted::Ms(ms)) => Some(Id { ms, seq: 0 }),
    };
    id.filter(|id| *id > last).ok_or(error::STREAM_ID_SMALL)
}

/// A trim that does the same elsewhere: what is left says how much has to go, whatever the blocks are there.
fn push_trim(command: &mut OwnedArgs, trim: Trim, left: u64) {
    if trim.references != References::Keep {
        command.push(trim.references.name());
    }
    match trim.until {
        Until::Id(id) if !trim.roughly => {
            [&b"MINID"[..], b"=", &id.to_vec()].iter().for_each(|word| command.push(word));
        }
        _ => [&b"MAXLEN"[..], b"=", left.to_string().as_bytes()].iter().for_each(|word| command.push(word)),
    }
}

fn xtrim(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let options = match parse(args, false, &txn.store.settings) {
        Ok(options) => options,
        Err(text) => return refuse(reply, text),
    };
    let Some(trim) = options.trim else { unreachable!("XTRIM without a trim is refused") };
    let (key, store) = (args.get(1), txn.store);
    let trimmed = txn.edit_object(key, |stream: &mut StreamValue, inverses: &mut Inverses| {
        (stream.trim(trim, &store.garbage, inverses), stream.length())
    });
    let (trimmed, left) = match trimmed {
        Ok(trimmed) => trimmed.unwrap_or((0, 0)),
        Err(WrongType) => return wrong_type(reply),
    };
    reply.int(trimmed as i64);
    if trimmed == 0 {
        return Effect::None;
    }
    txn.changed(key, Class::Stream, "xtrim");
    txn.dirty += trimmed - 1;
    if !txn.record || !trim.roughly {
        return Effect::Verbatim;
    }
    let mut command = OwnedArgs::of(&[b"XTRIM", key]);
    push_trim(&mut command, trim, left);
    Effect::Rewrite(vec![command])
}
