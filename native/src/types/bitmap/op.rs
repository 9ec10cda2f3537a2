//! BITOP: strings combined bit by bit.

use std::cell::Cell;

use super::build::Build;
use super::combine::{Operation, Source, Way, combine};
use super::{BITMAP, refuse};
use crate::commands::row::{Row, Run, access::*, flag::*, keys};
use crate::ds::entry::{INLINE_VALUE_BYTES_MAX, Kind, NewValue};
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::txn::access::{Expiry, Text};
use crate::txn::{Class, Effect, Txn, WrongType};

pub const ROWS: &[Row] = &[Row {
    name: "bitop",
    arity: -4,
    flags: WRITE | DENYOOM,
    keys: &[keys(2, 2, 1, OW | UPDATE), keys(3, -1, 1, RO | ACCESS)],
    since: "2.6.0",
    complexity: "O(N) where N is the number of bytes of all sources.",
    summary: "Combines string values bit by bit and stores the result.",
    args: "<AND | OR | XOR | NOT | DIFF | DIFF1 | ANDOR | ONE> destkey key [key ...]",
    reply: "number",
    run: Run::Data(bitop),
    ..BITMAP
}];

/// What reads and writes more than this, in bytes, goes in slices: about 0.4 ms when the cache has none of it.
const BYTES_MIN: usize = 8 << 20;

const WORDS: [(&str, Operation); 8] = [
    ("and", Operation::And),
    ("or", Operation::Or),
    ("xor", Operation::Xor),
    ("not", Operation::Not),
    ("diff", Operation::Diff),
    ("diff1", Operation::Diff1),
    ("andor", Operation::AndOr),
    ("one", Operation::One),
];

fn bitop(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let Some((_, operation)) = WORDS.into_iter().find(|(word, _)| args.is(1, word)) else {
        return refuse(reply, error::SYNTAX);
    };
    match operation {
        Operation::Not if args.len() != 4 => return refuse(reply, error::BITOP_NOT),
        Operation::Diff | Operation::Diff1 | Operation::AndOr if args.len() < 5 => {
            return refuse(reply, &error::bitop_of_two(args.get(1)));
        }
        _ => (),
    }
    let sources = match Sources::look(txn, args, true) {
        Ok(sources) => sources,
        Err(WrongType) => return refuse(reply, error::WRONG_TYPE),
    };
    let len = sources.len();
    if len.saturating_mul(args.len() - 2) > BYTES_MIN {
        return Effect::Slices(Box::new(Build::new(operation, args, txn)));
    }
    if len > 0 && overwrites(txn, args.get(2), len) {
        in_place(txn, args, operation, sources);
        txn.set_expiry(args.get(2), None);
    } else if len > 0 {
        let mut made = Vec::with_capacity(len);
        // SAFETY: nothing is changed between the look and here, `made` has room for `len` bytes, and all are written.
        unsafe {
            in_both_directions(operation, sources.all(), len, made.as_mut_ptr());
            made.set_len(len);
        }
        put(txn, args.get(2), made);
    }
    finish(txn, args.get(2), len, reply)
}

/// Replaces the value of the target, for a result that is not empty.
pub fn put(txn: &mut Txn, target: &[u8], made: Vec<u8>) {
    let short = made.len() <= INLINE_VALUE_BYTES_MAX;
    txn.set(target, if short { NewValue::Raw(&made) } else { NewValue::RawOwned(made) }, Expiry::Clear);
}

/// Replies, and tells what became of the target: it has its value if there is one.
pub fn finish(txn: &mut Txn, target: &[u8], len: usize, reply: &mut Reply) -> Effect {
    reply.int(len as i64);
    if len > 0 {
        txn.changed(target, Class::String, "set");
    } else {
        if !txn.remove(target) {
            return Effect::None;
        }
        txn.changed(target, Class::Generic, "del");
    }
    Effect::Verbatim
}

/// Where the bytes of all sources are, for as long as nothing changes in the store.
pub struct Sources {
    all: Vec<Source>,
    /// Those that are the target itself.
    own: Vec<usize>,
    /// Digits of integers.
    _digits: Vec<Box<[u8]>>,
}

impl Sources {
    /// Looks all sources of a request up; `counted`: as accesses of a command that reads.
    pub fn look(txn: &mut Txn, args: Args, counted: bool) -> Result<Sources, WrongType> {
        let mut looked = Sources { all: Vec::with_capacity(args.len() - 3), own: Vec::new(), _digits: Vec::new() };
        for (turn, key) in args.from(3).iter().enumerate() {
            let text = if counted { txn.get_text(key)? } else { txn.peek_text(key)? };
            looked.all.push(match text {
                None => Source::EMPTY,
                Some(Text::Bytes(bytes)) => Source::of(bytes),
                Some(mut digits) => {
                    looked._digits.push(digits.bytes().into());
                    Source::of(looked._digits.last().expect("pushed just now"))
                }
            });
            if key == args.get(2) {
                looked.own.push(turn);
            }
        }
        Ok(looked)
    }

    pub fn all(&self) -> &[Source] {
        &self.all
    }

    /// Bytes of the result.
    pub fn len(&self) -> usize {
        self.all.iter().map(Source::len).max().unwrap_or(0)
    }
}

/// Can the result of `len` bytes be written over the target's value? Not while the undo log would want that.
fn overwrites(txn: &mut Txn, target: &[u8], len: usize) -> bool {
    !txn.keeps_undo()
        && txn.peek(target).is_some_and(|entry| entry.kind() == Kind::Heap)
        && txn.text_len(target) == Ok(len)
}

fn in_place(txn: &mut Txn, args: Args, operation: Operation, mut sources: Sources) {
    let len = sources.len();
    let _ = txn.patch_text(args.get(2), |patch| {
        let target = patch.range_mut(0, len).as_mut_ptr();
        for turn in sources.own {
            sources.all[turn] = Source::of_target(target, len);
        }
        // SAFETY: nothing else is changed meanwhile. The target has `len` bytes and is of no other key's value; where it is
        // a source, that is read through the same pointer.
        unsafe { in_both_directions(operation, &sources.all, len, target) };
    });
}

thread_local! {
    static NEXT_WAY: Cell<Way> = const { Cell::new(Way::Forth) };
}

/// The whole pass, forth and back in turn.
///
/// # Safety
/// As for [`combine`], of all bytes.
unsafe fn in_both_directions(operation: Operation, sources: &[Source], len: usize, target: *mut u8) {
    let way = NEXT_WAY.get();
    NEXT_WAY.set(if way == Way::Forth { Way::Back } else { Way::Forth });
    // SAFETY: as for the caller.
    unsafe { combine(operation, sources, 0, len, target, way) };
}
