//! ARGETRANGE and ARSCAN.

use super::places::Places;
use super::value::ArrayValue;
use super::{ARRAY, Cursor, REPLY_PLACES_MAX, count, index, later, limit, refuse, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::ds::sliced::Sliced;
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::store::lazy_free::Later;
use crate::txn::{Effect, Progress, Slice, Txn, Work, WrongType};

pub const ROWS: &[Row] = &[
    Row {
        name: "argetrange",
        arity: 4,
        flags: READONLY,
        keys: &[key(RO | ACCESS)],
        complexity: "O(N) in the length of the range",
        summary: "Returns what an array has at every index of a range, downwards if it begins with the greater.",
        args: "key start end",
        reply: "(string | null)[]",
        run: Run::Data(argetrange),
        ..ARRAY
    },
    Row {
        name: "arscan",
        arity: -4,
        flags: READONLY,
        keys: &[key(RO | ACCESS)],
        complexity: "O(N) in the number of elements returned",
        summary: "Returns the elements of an array within a range with their indexes, downwards if it begins with the greater.",
        args: "key start end [LIMIT count]",
        reply: "[number, string][]",
        run: Run::Data(arscan),
        ..ARRAY
    },
];

/// The arguments 2 and 3.
fn bounds(args: Args) -> Result<(u64, u64), &'static str> {
    Ok((index(args.get(2))?, index(args.get(3))?))
}

fn argetrange(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (from, to) = match bounds(args) {
        Ok(bounds) => bounds,
        Err(text) => return refuse(reply, text),
    };
    let store = txn.store;
    let array = match txn.get_object::<ArrayValue>(args.get(1)) {
        Ok(array) => array,
        Err(WrongType) => return wrong_type(reply),
    };
    let places = from.abs_diff(to) + 1;
    if places > REPLY_PLACES_MAX {
        return refuse(reply, &error::array_range(REPLY_PLACES_MAX));
    }
    let none = Sliced::default();
    let elements = array.map_or(&none, ArrayValue::elements);
    Places::new(elements, [Some((from, to)), None], places, store).begin(reply)
}

fn arscan(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (from, to) = match bounds(args) {
        Ok(bounds) => bounds,
        Err(text) => return refuse(reply, text),
    };
    let limit = match args.len() {
        4 => Ok(u64::MAX),
        6 if args.is(4, "limit") => limit(args, 4),
        6 => Err(error::SYNTAX),
        _ => return refuse(reply, &error::wrong_arity("arscan")),
    };
    let limit = match limit {
        Ok(limit) => limit,
        Err(text) => return refuse(reply, text),
    };
    let store = txn.store;
    let elements = match txn.get_object::<ArrayValue>(args.get(1)) {
        Ok(Some(array)) => array.elements(),
        Ok(None) => {
            reply.array(0);
            return Effect::None;
        }
        Err(WrongType) => return wrong_type(reply),
    };
    let left = elements.count_range(from.min(to), from.max(to)).min(limit);
    reply.array(left as usize);
    let mut scan = Scan { elements: later(elements.clone(), store), cursor: Cursor::new(from, to), left };
    scan.cursor.done = left == 0;
    match scan.go_on(reply) {
        Progress::Done => Effect::None,
        Progress::More => Effect::Slices(Box::new(scan)),
    }
}

/// Elements with their indexes, behind the head of the reply. The elements are a clone, which stays as it was.
struct Scan {
    elements: Later<Sliced>,
    cursor: Cursor,
    left: u64,
}

impl Scan {
    fn go_on(&mut self, reply: &mut Reply) -> Progress {
        let left = &mut self.left;
        self.cursor.go_on(&self.elements, Slice::begin(), |index, text| {
            reply.array(2);
            count(reply, index);
            reply.bulk(text);
            *left -= 1;
            *left > 0
        });
        if self.cursor.done { Progress::Done } else { Progress::More }
    }
}

impl Work for Scan {
    fn step(&mut self, _: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        Ok(self.go_on(reply))
    }
}
