//! What SET, DELEX and DELIFEQ ask of the value that is there, and DIGEST, which some of it is asked by.

use xxhash_rust::xxh3::xxh3_64;

use super::{STRING, rewritten};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::txn::{Class, Effect, Txn, WrongType};

pub const ROWS: &[Row] = &[
    Row {
        name: "digest",
        arity: 2,
        flags: READONLY | FAST,
        keys: &[key(RO | ACCESS)],
        since: "8.4.0",
        complexity: "O(N) where N is the length of the value.",
        summary: "Returns the XXH3 hash of a string value, as 16 hexadecimal digits.",
        args: "key",
        reply: "string | null",
        run: Run::Data(digest),
        ..STRING
    },
    Row {
        name: "delex",
        arity: -2,
        flags: WRITE | FAST,
        keys: &[key(RW | DELETE | VARIABLE)],
        since: "8.4.0",
        complexity: "O(1); O(N) for IFDEQ and IFDNE, where N is the length of the value.",
        summary: "Deletes a key if its string value, or the digest of that, is or is not the one given.",
        args: "key [IFEQ ifeq-value|IFNE ifne-value|IFDEQ ifdeq-digest|IFDNE ifdne-digest]",
        reply: "number",
        run: Run::Data(delex),
        ..STRING
    },
    Row {
        name: "delifeq",
        arity: 3,
        flags: WRITE | FAST,
        keys: &[key(RW | DELETE)],
        since: "9.0.0",
        summary: "Deletes a key if its string value is the one given.",
        args: "key value",
        reply: "number",
        run: Run::Data(delifeq),
        ..STRING
    },
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Condition<'a> {
    Always,
    /// NX: only if the key is missing.
    Missing,
    /// XX: only if the key is there.
    Present,
    /// IFEQ: only if the value is this.
    Is(&'a [u8]),
    /// IFNE: only if it is another, or none.
    IsNot(&'a [u8]),
    /// IFDEQ: only if the value's digest is this.
    DigestIs(&'a [u8]),
    /// IFDNE: only if it is another, or none.
    DigestIsNot(&'a [u8]),
}

impl<'a> Condition<'a> {
    /// The comparison at `index`: one of four words with an operand behind it.
    pub fn comparing(args: Args<'a>, index: usize) -> Option<Condition<'a>> {
        // A look at two letters spares the usual options four comparisons.
        let [b'i' | b'I', b'f' | b'F', ..] = args.get(index) else { return None };
        if index + 1 >= args.len() {
            return None;
        }
        let operand = args.get(index + 1);
        match args.get(index).to_ascii_lowercase().as_slice() {
            b"ifeq" => Some(Condition::Is(operand)),
            b"ifne" => Some(Condition::IsNot(operand)),
            b"ifdeq" => Some(Condition::DigestIs(operand)),
            b"ifdne" => Some(Condition::DigestIsNot(operand)),
            _ => None,
        }
    }

    /// May `other` be given after this one? A condition may be repeated, and two exclude each other.
    pub fn goes_with(self, other: Condition) -> bool {
        self == Condition::Always || std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }

    /// Does it hold for what is under `key`? Err: the error's text.
    pub fn holds(self, txn: &mut Txn, key: &[u8]) -> Result<bool, &'static str> {
        match self {
            Condition::Always => return Ok(true),
            Condition::Missing => return Ok(!txn.exists(key)),
            Condition::Present => return Ok(txn.exists(key)),
            _ => (),
        }
        let Some(mut text) = txn.peek_text(key).map_err(|WrongType| error::WRONG_TYPE)? else {
            return Ok(matches!(self, Condition::IsNot(_) | Condition::DigestIsNot(_)));
        };
        self.compares(text.bytes())
    }

    /// Does a comparison hold for this value? Err: the error's text.
    fn compares(self, value: &[u8]) -> Result<bool, &'static str> {
        Ok(match self {
            Condition::Is(operand) => value == operand,
            Condition::IsNot(operand) => value != operand,
            Condition::DigestIs(operand) => same_digest(value, operand)?,
            Condition::DigestIsNot(operand) => !same_digest(value, operand)?,
            Condition::Always | Condition::Missing | Condition::Present => true,
        })
    }
}

/// Is `digest`, in either case, that of `value`? Err: it is none.
fn same_digest(value: &[u8], digest: &[u8]) -> Result<bool, &'static str> {
    if digest.len() != 16 {
        return Err(error::DIGEST_LENGTH);
    }
    Ok(hexadecimal(value).as_bytes().eq_ignore_ascii_case(digest))
}

/// The digest of a value: XXH3 of 64 bits without a seed, 16 digits.
fn hexadecimal(value: &[u8]) -> String {
    format!("{:016x}", xxh3_64(value))
}

fn digest(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match txn.get_text(args.get(1)) {
        Ok(Some(mut text)) => reply.text(&hexadecimal(text.bytes())),
        Ok(None) => reply.null(),
        Err(WrongType) => reply.error(error::WRONG_TYPE),
    }
    Effect::None
}

fn delex(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let key = args.get(1);
    if args.len() == 2 {
        return delete(txn, key, true, reply);
    }
    if args.len() != 4 {
        reply.error(&error::wrong_arity("delex"));
        return Effect::None;
    }
    let holds = match txn.peek_text(key) {
        Ok(None) => Ok(false),
        Ok(Some(mut text)) => match Condition::comparing(args, 2) {
            Some(condition) => condition.compares(text.bytes()),
            None => Err(error::DELEX_CONDITION),
        },
        Err(WrongType) => Err(error::DELEX_NOT_STRING),
    };
    match holds {
        Ok(holds) => delete(txn, key, holds, reply),
        Err(text) => {
            reply.error(text);
            Effect::None
        }
    }
}

fn delifeq(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (key, value) = (args.get(1), args.get(2));
    match txn.peek_text(key) {
        Ok(text) => {
            let holds = text.is_some_and(|mut text| text.bytes() == value);
            delete(txn, key, holds, reply)
        }
        Err(WrongType) => {
            reply.error(error::WRONG_TYPE);
            Effect::None
        }
    }
}

/// Deletes `key` if the condition holds, and replies how many keys that were.
fn delete(txn: &mut Txn, key: &[u8], holds: bool, reply: &mut Reply) -> Effect {
    if !holds || !txn.remove(key) {
        reply.int(0);
        return Effect::None;
    }
    txn.changed(key, Class::Generic, "del");
    reply.int(1);
    rewritten(txn, &[b"DEL", key])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_xxh3_with_leading_zeros() {
        let value = b"v8lf0c11xh8ymlqztfd3eeq16kfn4sspw7fqmnuuq3k3t75em5wdizgcdw7uc26nnf961u2jkfzkjytls2kwlj7626sd";
        assert_eq!(hexadecimal(value), "00006c38adf31777");
        assert_eq!(same_digest(value, b"00006C38ADF31777"), Ok(true));
        assert_eq!(same_digest(value, b"6c38adf31777"), Err(error::DIGEST_LENGTH));
    }
}
