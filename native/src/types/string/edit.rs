//! Changing part of a string where it stands.

use super::STRING;
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::ds::entry::{INLINE_VALUE_BYTES_MAX, NewValue};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::txn::access::Expiry;
use crate::txn::{Class, Effect, Txn, WrongType};
use std::sync::atomic::Ordering::Relaxed;

pub const ROWS: &[Row] = &[
    Row {
        name: "append",
        arity: 3,
        flags: WRITE | DENYOOM | FAST,
        keys: &[key(RW | INSERT)],
        since: "2.0.0",
        complexity: "O(1) amortised, for a short tail: the room a value has doubles as it grows.",
        summary: "Adds a tail to the string value of a key; a missing key counts as empty.",
        args: "key value",
        reply: "number",
        run: Run::Data(append),
        ..STRING
    },
    Row {
        name: "setrange",
        arity: 4,
        flags: WRITE | DENYOOM,
        keys: &[key(RW | UPDATE)],
        since: "2.2.0",
        complexity: "O(M) where M is the length of the value argument, and of the zero bytes where it starts beyond the end.",
        summary: "Overwrites part of a string value from an offset on; zero bytes fill a gap before it.",
        args: "key offset value",
        reply: "number",
        run: Run::Data(setrange),
        ..STRING
    },
];

/// Is a string of `len` bytes one too many for `proto-max-bulk-len`?
fn too_long(txn: &Txn, len: u64) -> bool {
    len > txn.store.settings.proto_max_bulk_len.load(Relaxed)
}

/// Length of the string under a key that is about to be written; None: no such key.
fn length(txn: &mut Txn, key: &[u8]) -> Result<Option<usize>, WrongType> {
    Ok(txn.peek_text(key)?.map(|mut text| text.bytes().len()))
}

fn append(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (key, tail) = (args.get(1), args.get(2));
    let len = match length(txn, key) {
        Ok(Some(len)) if too_long(txn, len as u64 + tail.len() as u64) => {
            return refuse(reply, error::STRING_TOO_LONG);
        }
        Ok(Some(_)) => txn.append(key, tail).unwrap_or(0),
        Ok(None) => {
            txn.set(key, NewValue::Text(tail), Expiry::Clear);
            tail.len()
        }
        Err(WrongType) => return refuse(reply, error::WRONG_TYPE),
    };
    txn.changed(key, Class::String, "append");
    reply.int(len as i64);
    Effect::Verbatim
}

fn setrange(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (key, bytes) = (args.get(1), args.get(3));
    let offset = match number::integer(args.get(2)) {
        Some(offset) if offset >= 0 => offset as u64,
        Some(_) => return refuse(reply, error::OFFSET_OUT_OF_RANGE),
        None => return refuse(reply, error::NOT_INTEGER),
    };
    let len = match length(txn, key) {
        Ok(len) => len,
        Err(WrongType) => return refuse(reply, error::WRONG_TYPE),
    };
    if bytes.is_empty() {
        reply.int(len.unwrap_or(0) as i64);
        return Effect::None;
    }
    if too_long(txn, offset + bytes.len() as u64) {
        return refuse(reply, error::STRING_TOO_LONG);
    }
    let offset = offset as usize;
    let len = match len {
        Some(_) => txn.set_range(key, offset, bytes).unwrap_or(0),
        None => {
            let mut text = vec![0; offset + bytes.len()];
            text[offset..].copy_from_slice(bytes);
            let len = text.len();
            let short = len <= INLINE_VALUE_BYTES_MAX;
            let value = if short { NewValue::Raw(&text) } else { NewValue::RawOwned(text) };
            txn.set(key, value, Expiry::Clear);
            len
        }
    };
    txn.changed(key, Class::String, "setrange");
    reply.int(len as i64);
    Effect::Verbatim
}

#[cold]
fn refuse(reply: &mut Reply, text: &str) -> Effect {
    reply.error(text);
    Effect::None
}
