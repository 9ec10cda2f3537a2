//! VRANGE, and walks over members by name in slices.

use std::ops::Bound;

use super::value::VectorSet;
use super::{VECTOR, refuse, until, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::resp::args::Args;
use crate::resp::reply::{Protocol, Reply};
use crate::resp::{error, number};
use crate::sys::random;
use crate::txn::{Effect, Progress, SLICE_NS, Txn, Work};

pub const ROWS: &[Row] = &[Row {
    name: "vrange",
    arity: -4,
    flags: READONLY | MODULE,
    keys: &[key(RO | ACCESS)],
    since: "8.4.0",
    complexity: "O(log(N)+M) where N is the number of members and M the number returned, in slices that let others pass.",
    summary: "Returns the members of a vector set between two names, in the order of names.",
    args: "key start end [count]",
    reply: "string[]",
    run: Run::Data(vrange),
    ..VECTOR
}];

/// One end of a range as sent.
enum End<'a> {
    Least,
    Most,
    At(Bound<&'a [u8]>),
}

impl<'a> End<'a> {
    fn parse(text: &'a [u8]) -> Option<End<'a>> {
        match text {
            b"-" => Some(End::Least),
            b"+" => Some(End::Most),
            [b'[', name @ ..] if !name.is_empty() => Some(End::At(Bound::Included(name))),
            [b'(', name @ ..] if !name.is_empty() => Some(End::At(Bound::Excluded(name))),
            _ => None,
        }
    }
}

fn vrange(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    if args.len() > 5 {
        return refuse(reply, &error::wrong_arity("vrange"));
    }
    let count = if args.len() == 5 { number::integer(args.get(4)) } else { Some(-1) };
    let Some(count) = count else { return refuse(reply, error::VECTOR_RANGE_COUNT) };
    let Some(start) = End::parse(args.get(2)) else { return refuse(reply, error::VECTOR_RANGE_START) };
    let Some(end) = End::parse(args.get(3)) else { return refuse(reply, error::VECTOR_RANGE_END) };
    let (from, to) = match (start, end) {
        (End::Most, _) | (_, End::Least) => return refuse(reply, error::VECTOR_RANGE_ORDER),
        (start, end) => {
            let bound = |end| if let End::At(bound) = end { bound } else { Bound::Unbounded };
            (bound(start), bound(end))
        }
    };
    if txn.get_object::<VectorSet>(args.get(1)).is_err() {
        return wrong_type(reply);
    }
    let walk = NameWalk {
        key: args.get(1).into(),
        from: from.map(Vec::from),
        to: to.map(Vec::from),
        left: usize::try_from(count).unwrap_or(usize::MAX),
        sample: None,
        count: 0,
        pieces: Vec::new(),
        sent: None,
    };
    walk.begin(txn, reply)
}

/// A walk over members by name, of which it lists all or a random sample. Members that come or go meanwhile are seen or not.
pub struct NameWalk {
    key: Box<[u8]>,
    from: Bound<Vec<u8>>,
    to: Bound<Vec<u8>>,
    /// How many to list, at most.
    left: usize,
    /// How many there are to choose from still.
    sample: Option<usize>,
    count: usize,
    /// The elements of the reply so far, as bulk strings.
    pieces: Vec<Vec<u8>>,
    /// The walk is over, and so many pieces are in the reply.
    sent: Option<usize>,
}

/// Bytes of a piece of the reply: the whole may be many megabytes, in one buffer each doubling would copy it.
const PIECE_BYTES: usize = 64 * 1024;
/// Members looked at between two looks at the clock.
const MEMBERS_PER_LOOK: usize = 64;

impl NameWalk {
    /// Lists `count` of `members`, each subset as likely (Knuth, TAOCP 2, 3.4.2, algorithm S).
    pub fn sample(key: &[u8], count: usize, members: usize) -> NameWalk {
        NameWalk {
            key: key.into(),
            from: Bound::Unbounded,
            to: Bound::Unbounded,
            left: count,
            sample: Some(members),
            count: 0,
            pieces: Vec::new(),
            sent: None,
        }
    }

    /// The first slice is often the last.
    pub fn begin(mut self, txn: &mut Txn, reply: &mut Reply) -> Effect {
        match self.step(txn, reply) {
            Ok(Progress::Done) => Effect::None,
            Ok(Progress::More) | Err(_) => Effect::Slices(Box::new(self)),
        }
    }

    /// Walks on for one slice; Done at the end.
    fn walk(&mut self, txn: &mut Txn) -> Progress {
        let NameWalk { key, from, to, left, sample, count, pieces, .. } = self;
        let Some(set) = txn.peek_object::<VectorSet>(key).ok().flatten() else { return Progress::Done };
        let as_slice = |bound: &Bound<Vec<u8>>| bound.clone();
        let (start, end) = (as_slice(from), as_slice(to));
        let (start, end) = (start.as_ref().map(Vec::as_slice), end.as_ref().map(Vec::as_slice));
        if is_empty(start, end) {
            return Progress::Done;
        }
        let mut members = set.members().range(start, end);
        let mut last = None;
        let over = until(SLICE_NS, || {
            for _ in 0..MEMBERS_PER_LOOK {
                if *left == 0 {
                    return true;
                }
                let Some(member) = members.next() else { return true };
                last = Some(member);
                let chosen = match sample {
                    None => true,
                    Some(of) => {
                        let chosen = random::below((*of).max(1) as u64) < *left as u64;
                        *of = of.saturating_sub(1);
                        chosen
                    }
                };
                if chosen {
                    *left -= 1;
                    *count += 1;
                    add(pieces, member.name());
                }
            }
            false
        });
        if let Some(member) = last {
            *from = Bound::Excluded(member.name().to_vec());
        }
        if over { Progress::Done } else { Progress::More }
    }
}

impl Work for NameWalk {
    fn step(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        if self.sent.is_none() {
            txn.latch_key(&self.key)?;
            if self.walk(txn) == Progress::More {
                return Ok(Progress::More);
            }
            reply.array(self.count);
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

/// Nothing can lie between, which a range of a tree would take for a mistake.
fn is_empty(start: Bound<&[u8]>, end: Bound<&[u8]>) -> bool {
    match (start, end) {
        (Bound::Included(start), Bound::Included(end)) => start > end,
        (Bound::Included(start) | Bound::Excluded(start), Bound::Included(end) | Bound::Excluded(end)) => start >= end,
        _ => false,
    }
}

/// Puts a name into the last piece, or begins a new one.
fn add(pieces: &mut Vec<Vec<u8>>, name: &[u8]) {
    // 24: `$`, the length, two line ends.
    let bytes = name.len() + 24;
    if pieces.last().is_none_or(|piece| piece.len() + bytes > PIECE_BYTES) {
        // The first piece grows as it must, since most replies are small.
        pieces.push(Vec::with_capacity(if pieces.is_empty() { bytes } else { PIECE_BYTES.max(bytes) }));
    }
    let piece = pieces.last_mut().expect("pushed above");
    // Bulk strings are the same in both protocols.
    Reply::new(piece, Protocol::Resp2).bulk(name);
}
