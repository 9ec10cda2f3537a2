//! BITOP: strings combined bit by bit.

use super::{BITMAP, refuse};
use crate::commands::row::{Row, Run, access::*, flag::*, keys};
use crate::ds::entry::{INLINE_VALUE_BYTES_MAX, NewValue};
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::txn::access::{Expiry, Text};
use crate::txn::{Class, Effect, Txn};

pub const ROWS: &[Row] = &[Row {
    name: "bitop",
    arity: -4,
    flags: WRITE | DENYOOM,
    keys: &[keys(2, 2, 1, OW | UPDATE), keys(3, -1, 1, RO | ACCESS)],
    since: "2.6.0",
    complexity: "O(N) where N is the number of bytes of all sources.",
    summary: "Combines string values bit by bit and stores the result.",
    args: "operation destkey key [key ...]",
    reply: "number",
    run: Run::Data(bitop),
    ..BITMAP
}];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    And,
    Or,
    Xor,
    Not,
}

fn bitop(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let words = [("and", Operation::And), ("or", Operation::Or), ("xor", Operation::Xor), ("not", Operation::Not)];
    let Some((_, operation)) = words.into_iter().find(|(word, _)| args.is(1, word)) else {
        return refuse(reply, error::SYNTAX);
    };
    if operation == Operation::Not && args.len() != 4 {
        return refuse(reply, error::BITOP_NOT);
    }
    let mut result: Vec<u8> = Vec::new();
    // The first source is copied, each further one combined with it; where one ends it goes on with zeros.
    for (turn, key) in args.from(3).iter().enumerate() {
        let Ok(text) = txn.get_text(key) else { return refuse(reply, error::WRONG_TYPE) };
        let mut text = text.unwrap_or(Text::Bytes(b""));
        let source = text.bytes();
        if turn == 0 {
            result.extend_from_slice(source);
            continue;
        }
        if source.len() > result.len() {
            result.resize(source.len(), 0);
        }
        let (shared, rest) = result.split_at_mut(source.len());
        match operation {
            Operation::And => {
                shared.iter_mut().zip(source).for_each(|(ours, theirs)| *ours &= theirs);
                rest.fill(0);
            }
            Operation::Or => shared.iter_mut().zip(source).for_each(|(ours, theirs)| *ours |= theirs),
            _ => shared.iter_mut().zip(source).for_each(|(ours, theirs)| *ours ^= theirs),
        }
    }
    if operation == Operation::Not {
        result.iter_mut().for_each(|byte| *byte = !*byte);
    }
    let (target, len) = (args.get(2), result.len());
    reply.int(len as i64);
    if len == 0 {
        if !txn.remove(target) {
            return Effect::None;
        }
        txn.changed(target, Class::Generic, "del");
        return Effect::Verbatim;
    }
    let short = len <= INLINE_VALUE_BYTES_MAX;
    txn.set(target, if short { NewValue::Raw(&result) } else { NewValue::RawOwned(result) }, Expiry::Clear);
    txn.changed(target, Class::String, "set");
    Effect::Verbatim
}
