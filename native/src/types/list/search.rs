//! LPOS.

use super::lazy::Lazy;
use super::long::ELEMENTS_PER_LOOK;
use super::value::ListValue;
use super::{LIST, Side, refuse, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::txn::{Effect, Progress, Slice, Txn, Work};

pub const ROWS: &[Row] = &[Row {
    name: "lpos",
    arity: -3,
    flags: READONLY,
    keys: &[key(RO | ACCESS)],
    since: "6.0.6",
    complexity: "O(N) where N is the number of elements of the list, in slices that let others pass",
    summary: "Returns the index of an element in a list, or the indexes of those that equal it.",
    args: "key element [RANK rank] [COUNT num-matches] [MAXLEN len]",
    reply: "number | null | number[]",
    run: Run::Data(lpos),
    ..LIST
}];

/// A search, and how far it has come.
#[derive(Debug)]
struct Search {
    text: Box<[u8]>,
    side: Side,
    /// Matches to leave out first.
    skip: u64,
    /// Matches wanted; None: one, replied as a number.
    count: Option<u64>,
    /// Elements that may still be looked at.
    budget: u64,
    /// Elements looked at, from the side of the search.
    seen: u64,
    matches: Vec<u64>,
}

impl Search {
    fn read(args: Args) -> Result<Search, &'static str> {
        let (mut rank, mut count, mut budget) = (1, None, u64::MAX);
        let mut index = 3;
        let natural = |text: &[u8]| number::integer(text).and_then(|number| u64::try_from(number).ok());
        while index < args.len() {
            let value = if index + 1 < args.len() { args.get(index + 1) } else { return Err(error::SYNTAX) };
            if args.is(index, "rank") {
                rank = number::integer(value).ok_or(error::NOT_INTEGER)?;
                if rank == i64::MIN {
                    return Err(error::OUT_OF_LONG_RANGE);
                }
                if rank == 0 {
                    return Err(error::RANK_ZERO);
                }
            } else if args.is(index, "count") {
                count = Some(natural(value).ok_or(error::COUNT_NEGATIVE)?);
            } else if args.is(index, "maxlen") {
                budget = natural(value).ok_or(error::MAXLEN_NEGATIVE)?;
                budget = if budget == 0 { u64::MAX } else { budget };
            } else {
                return Err(error::SYNTAX);
            }
            index += 2;
        }
        Ok(Search {
            text: args.get(2).into(),
            side: if rank < 0 { Side::Right } else { Side::Left },
            skip: rank.unsigned_abs() - 1,
            count,
            budget,
            seen: 0,
            matches: Vec::new(),
        })
    }

    /// Looks at up to `count` more elements; true if that was the end of it.
    fn advance(&mut self, list: &ListValue, count: u64) -> bool {
        let len = list.count();
        let count = count.min(self.budget).min(len - self.seen);
        let from = if self.side == Side::Left { self.seen } else { len - self.seen - count };
        // COUNT 0 means all.
        let most = self.count.map_or(1, |count| if count == 0 { u64::MAX } else { count });
        let (skip, matches) = (&mut self.skip, &mut self.matches);
        list.find(&self.text, from, count, self.side, |index| {
            if *skip > 0 {
                *skip -= 1;
            } else {
                matches.push(index);
            }
            (matches.len() as u64) < most
        });
        self.seen += count;
        self.budget -= count;
        self.budget == 0 || self.seen == len || self.matches.len() as u64 >= most
    }

    fn write(&self, reply: &mut Reply) {
        match (self.count, self.matches.first()) {
            (Some(_), _) => {
                reply.array(self.matches.len());
                self.matches.iter().for_each(|index| reply.int(*index as i64));
            }
            (None, Some(index)) => reply.int(*index as i64),
            (None, None) => reply.null(),
        }
    }
}

fn lpos(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let mut search = match Search::read(args) {
        Ok(search) => search,
        Err(text) => return refuse(reply, text),
    };
    let store = txn.store;
    let Ok(list) = txn.get_object::<ListValue>(args.get(1)) else { return wrong_type(reply) };
    let Some(list) = list else {
        search.write(reply);
        return Effect::None;
    };
    if search.advance(list, ELEMENTS_PER_LOOK * 8) {
        search.write(reply);
        return Effect::None;
    }
    let list = Lazy::new(list.clone(), &store.garbage);
    Effect::Slices(Box::new(LongSearch { search, list, written: None }))
}

/// The rest of a search, in a copy of the list as it was.
struct LongSearch {
    search: Search,
    list: Lazy,
    /// The search is over, and so many matches are in the reply.
    written: Option<usize>,
}

impl Work for LongSearch {
    fn step(&mut self, _: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        let slice = Slice::begin();
        while self.written.is_none() {
            if self.search.advance(self.list.list(), ELEMENTS_PER_LOOK) {
                if self.search.matches.len() as u64 <= ELEMENTS_PER_LOOK {
                    self.search.write(reply);
                    return Ok(Progress::Done);
                }
                reply.array(self.search.matches.len());
                self.written = Some(0);
            } else if slice.is_over() {
                return Ok(Progress::More);
            }
        }
        let written = self.written.as_mut().expect("set above");
        while let Some(some) = self.search.matches[*written..].chunks(ELEMENTS_PER_LOOK as usize).next() {
            some.iter().for_each(|index| reply.int(*index as i64));
            *written += some.len();
            if slice.is_over() {
                return Ok(Progress::More);
            }
        }
        Ok(Progress::Done)
    }
}
