//! ARGREP: the elements within a range that predicates hold for.

use std::borrow::Cow;

use super::plan::Plan;
use super::value::ArrayValue;
use super::{ARRAY, Cursor, count, index, later, refuse};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::ds::sliced::Sliced;
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::{Protocol, Reply};
use crate::store::lazy_free::Later;
use crate::txn::{Effect, Progress, Slice, Txn, Work, WrongType};

pub const ROWS: &[Row] = &[Row {
    name: "argrep",
    arity: -6,
    flags: READONLY,
    keys: &[key(RO | ACCESS)],
    complexity: "O(N*C) in the number of elements in the range and the cost of the predicates for one",
    summary: "Returns the indexes of the elements of an array within a range that are, contain or match a text.",
    args: "key start end <EXACT string | MATCH string | GLOB pattern | RE pattern> [<EXACT string | MATCH string | GLOB pattern | RE pattern> ...] [AND | OR] [LIMIT limit] [WITHVALUES] [NOCASE]",
    reply: "number[] | [number, string][]",
    run: Run::Data(argrep),
    ..ARRAY
}];

/// Bytes of a piece of the reply: the whole may be many megabytes, in one buffer each doubling would copy it.
const PIECE_BYTES: usize = 64 * 1024;

/// A bound of the range.
#[derive(Clone, Copy)]
enum Bound {
    At(u64),
    /// `-`
    First,
    /// `+`
    Last,
}

impl Bound {
    fn parse(text: &[u8]) -> Result<Bound, Cow<'static, str>> {
        match text {
            b"-" => Ok(Bound::First),
            b"+" => Ok(Bound::Last),
            text => Ok(Bound::At(index(text)?)),
        }
    }

    fn index(self, len: u64) -> u64 {
        match self {
            Bound::At(index) => index,
            Bound::First => 0,
            Bound::Last => len - 1,
        }
    }
}

fn argrep(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let mut grep = match parse(args) {
        Ok(grep) => grep,
        Err(text) => return refuse(reply, &text),
    };
    match grep.step(txn, reply) {
        Ok(Progress::Done) => Effect::None,
        Ok(Progress::More) | Err(_) => Effect::Slices(Box::new(grep)),
    }
}

fn parse(args: Args) -> Result<Grep, Cow<'static, str>> {
    Ok(Grep {
        key: args.get(1).into(),
        bounds: (Bound::parse(args.get(2))?, Bound::parse(args.get(3))?),
        plan: Plan::parse(args.from(4))?,
        looking: None,
        found: 0,
        pieces: Vec::new(),
        sent: None,
    })
}

/// A search under way: predicates are made ready, then elements looked at, then the finds sent.
struct Grep {
    key: Box<[u8]>,
    bounds: (Bound, Bound),
    plan: Plan,
    /// The elements are a clone, which stays as it was.
    looking: Option<(Later<Sliced>, Cursor)>,
    found: u64,
    /// The elements of the reply so far.
    pieces: Vec<Vec<u8>>,
    /// The search is over, and so many pieces are in the reply.
    sent: Option<usize>,
}

impl Grep {
    /// Done: the search is over. Err: the error's text.
    fn look(&mut self, txn: &mut Txn, slice: Slice) -> Result<Progress, Cow<'static, str>> {
        while self.plan.make_ready()? {
            if slice.is_over() {
                return Ok(Progress::More);
            }
        }
        if self.looking.is_none() {
            let store = txn.store;
            let array = txn.get_object::<ArrayValue>(&self.key).map_err(|WrongType| error::WRONG_TYPE)?;
            let Some(elements) = array.map(ArrayValue::elements) else { return Ok(Progress::Done) };
            let len = elements.len();
            let cursor = Cursor::new(self.bounds.0.index(len), self.bounds.1.index(len));
            self.looking = Some((later(elements.clone(), store), cursor));
        }
        let Grep { plan, looking: Some((elements, cursor)), found, pieces, .. } = self else {
            unreachable!("set above")
        };
        cursor.go_on(elements, slice, |index, text| {
            if plan.matches(text) {
                *found += 1;
                add(pieces, index, plan.with_values.then_some(text));
            }
            *found < plan.limit
        });
        Ok(if cursor.done { Progress::Done } else { Progress::More })
    }
}

impl Work for Grep {
    fn step(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        if self.sent.is_none() {
            if self.looking.is_none() {
                txn.hold(&self.key)?;
            }
            match self.look(txn, Slice::begin()) {
                Ok(Progress::Done) => reply.array(self.found as usize),
                Ok(Progress::More) => return Ok(Progress::More),
                Err(text) => {
                    reply.error(&text);
                    return Ok(Progress::Done);
                }
            }
            self.sent = Some(0);
        }
        let sent = self.sent.as_mut().expect("set above");
        if let Some(piece) = self.pieces.get_mut(*sent) {
            reply.raw(&std::mem::take(piece));
            *sent += 1;
        }
        Ok(if *sent < self.pieces.len() { Progress::More } else { Progress::Done })
    }
}

/// Puts a find into the last piece, or begins a new one.
fn add(pieces: &mut Vec<Vec<u8>>, index: u64, text: Option<&[u8]>) {
    // 56: an index of 20 digits, a pair's head, and the bulk string's.
    let bytes = text.map_or(0, <[u8]>::len) + 56;
    if pieces.last().is_none_or(|piece| piece.len() + bytes > PIECE_BYTES) {
        // The first piece grows as it must, since most replies are small.
        pieces.push(Vec::with_capacity(if pieces.is_empty() { bytes } else { PIECE_BYTES.max(bytes) }));
    }
    let piece = pieces.last_mut().expect("pushed above");
    // Integers, arrays and bulk strings are the same in both protocols.
    let mut reply = Reply::new(piece, Protocol::Resp2);
    if text.is_some() {
        reply.array(2);
    }
    count(&mut reply, index);
    if let Some(text) = text {
        reply.bulk(text);
    }
}
