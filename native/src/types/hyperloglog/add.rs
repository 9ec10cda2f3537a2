//! PFADD.

use super::sparse::{self, Raised};
use super::{
    CACHE_BYTE, CACHE_STALE, Corrupted, EMPTY, Encoding, HLL, corrupted, dense, encoding, hash, no_hyperloglog, refuse,
    sparse_bytes_max,
};
use crate::commands::row::{Joined, Pieces, Row, Run, access::*, flag::*, key};
use crate::ds::entry::{INLINE_VALUE_BYTES_MAX, NewValue};
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::txn::access::Expiry;
use crate::txn::patch::Patch;
use crate::txn::{Class, Effect, Txn, WrongType};

pub const ROWS: &[Row] = &[Row {
    name: "pfadd",
    arity: -2,
    flags: WRITE | DENYOOM | FAST,
    keys: &[key(RW | INSERT)],
    complexity: "O(1) for each element.",
    summary: "Adds elements to a HyperLogLog, which is made where there is none.",
    args: "key [element [element ...]]",
    reply: "number",
    run: Run::Data(pfadd),
    pieces: Pieces::of_key(Joined::Most),
    ..HLL
}];

enum Found {
    /// Done: so many registers were raised.
    Dense(u64),
    Sparse,
    Other,
}

fn pfadd(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (key, elements) = (args.get(1), args.from(2));
    let found = txn.patch_text(key, |patch| {
        let Some(encoding) = encoding(patch.bytes()) else { return Found::Other };
        patch.unshare();
        match encoding {
            Encoding::Dense => Found::Dense(add_to_dense(patch, elements)),
            Encoding::Sparse => Found::Sparse,
        }
    });
    let bytes_max = sparse_bytes_max(&txn.store.settings);
    let (raised, outcome) = match found {
        Ok(Some(Found::Dense(raised))) => (raised, Ok(())),
        Ok(Some(Found::Sparse)) => txn.edit_short_text(key, |text| add_to_sparse(text, elements, bytes_max)),
        Ok(Some(Found::Other)) => return no_hyperloglog(reply),
        Ok(None) => {
            let mut text = EMPTY.to_vec();
            let (raised, outcome) = add_to_sparse(&mut text, elements, bytes_max);
            text[CACHE_BYTE] |= CACHE_STALE;
            put(txn, key, text, Expiry::Clear);
            (raised + 1, outcome)
        }
        Err(WrongType) => return refuse(reply, error::WRONG_TYPE),
    };
    if raised > 0 {
        txn.changed(key, Class::String, "pfadd");
        txn.dirty += raised - 1;
    }
    match outcome {
        Ok(()) => reply.int((raised > 0) as i64),
        // As in Redis, what came before the element that met the damage stays added.
        Err(Corrupted) => drop(corrupted(reply)),
    }
    if raised > 0 { Effect::Verbatim } else { Effect::None }
}

/// Puts a HyperLogLog under `key`.
pub fn put(txn: &mut Txn, key: &[u8], text: Vec<u8>, expiry: Expiry) {
    let short = text.len() <= INLINE_VALUE_BYTES_MAX;
    txn.set(key, if short { NewValue::Raw(&text) } else { NewValue::RawOwned(text) }, expiry);
}

fn add_to_dense(patch: &mut Patch, elements: Args) -> u64 {
    let mut raised = 0;
    for element in elements.iter() {
        let (index, rank) = hash::place(element);
        if let Some((at, bytes)) = dense::raised(patch.bytes(), index, rank) {
            patch.write(at, &bytes);
            raised += 1;
        }
    }
    if raised > 0 && patch.bytes()[CACHE_BYTE] & CACHE_STALE == 0 {
        let byte = patch.bytes()[CACHE_BYTE] | CACHE_STALE;
        patch.write(CACHE_BYTE, &[byte]);
    }
    raised
}

/// Adds elements to a sparse value, which becomes a dense one where it must. Gives how many registers were raised, and
/// whether that was all.
pub fn add_to_sparse(text: &mut Vec<u8>, elements: Args, bytes_max: usize) -> (u64, Result<(), Corrupted>) {
    let mut raised = 0;
    let mut rest = elements.iter();
    while let Some(element) = rest.next() {
        let (index, rank) = hash::place(element);
        match sparse::raise(text, index, rank, bytes_max) {
            Ok(Raised::No) => continue,
            Ok(Raised::Yes) => raised += 1,
            Ok(Raised::NeedsDense) => {
                match sparse::to_dense(text) {
                    Ok(made) => *text = made,
                    Err(corrupted) => return (raised, Err(corrupted)),
                }
                for element in std::iter::once(element).chain(rest) {
                    let (index, rank) = hash::place(element);
                    if let Some((at, bytes)) = dense::raised(text, index, rank) {
                        text[at..at + 3].copy_from_slice(&bytes);
                        raised += 1;
                    }
                }
                text[CACHE_BYTE] |= CACHE_STALE;
                return (raised, Ok(()));
            }
            Err(corrupted) => return (raised, Err(corrupted)),
        }
    }
    (raised, Ok(()))
}
