//! PFMERGE.

use super::add::put;
use super::count::{union, with_raw};
use super::scalar::Raw;
use super::sparse::{self, Cursor, Raised};
use super::{
    CACHE_BYTE, CACHE_STALE, Corrupted, DENSE_BYTES, EMPTY, Encoding, HEADER_BYTES, HLL, encoding, refuse,
    sparse_bytes_max, wide,
};
use crate::commands::row::{Row, Run, access::*, flag::*, key, keys};
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::txn::access::Expiry;
use crate::txn::{Class, Effect, Txn};

pub const ROWS: &[Row] = &[Row {
    name: "pfmerge",
    arity: -2,
    flags: WRITE | DENYOOM,
    keys: &[key(RW | ACCESS | INSERT), keys(2, -1, 1, RO | ACCESS)],
    complexity: "O(N) for N keys.",
    summary: "Adds all that was added to some HyperLogLogs to another one.",
    args: "destkey [sourcekey [sourcekey ...]]",
    reply: "\"OK\"",
    run: Run::Data(pfmerge),
    ..HLL
}];

fn pfmerge(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let merged = with_raw(|raw| {
        let dense = union(txn, args.from(1), raw)?;
        store(txn, args.get(1), raw, dense).map_err(|Corrupted| error::HYPERLOGLOG_CORRUPTED)
    });
    if let Err(text) = merged {
        return refuse(reply, text);
    }
    // Redis calls it so too: it is an addition of many.
    txn.changed(args.get(1), Class::String, "pfadd");
    reply.ok();
    Effect::Verbatim
}

/// Raises the registers of the value under `key` to those in `raw`, which are no less than its own.
fn store(txn: &mut Txn, key: &[u8], raw: &Raw, dense: bool) -> Result<(), Corrupted> {
    let there = txn.patch_text(key, |patch| {
        if encoding(patch.bytes()) != Some(Encoding::Dense) {
            return false;
        }
        let text = patch.range_mut(0, DENSE_BYTES);
        pack(raw, text);
        true
    });
    match there {
        Ok(Some(true)) => return Ok(()),
        Ok(Some(false)) => {
            let bytes_max = sparse_bytes_max(&txn.store.settings);
            return txn.edit_short_text(key, |text| raise_all(text, raw, dense, bytes_max));
        }
        Ok(None) => (),
        Err(_) => unreachable!("the union has read it as a string"),
    }
    let mut text = EMPTY.to_vec();
    raise_all(&mut text, raw, dense, sparse_bytes_max(&txn.store.settings))?;
    put(txn, key, text, Expiry::Clear);
    Ok(())
}

/// The same for a sparse value in a buffer, which becomes dense if `dense` or if it must.
fn raise_all(text: &mut Vec<u8>, raw: &Raw, dense: bool, bytes_max: usize) -> Result<(), Corrupted> {
    let mut cursor = Cursor::START;
    let mut must = dense;
    for (index, register) in raw.0.iter().enumerate().filter(|(_, register)| !dense && **register != 0) {
        if sparse::raise_from(text, index, *register, bytes_max, &mut cursor)? == Raised::NeedsDense {
            must = true;
            break;
        }
    }
    if must {
        text.truncate(HEADER_BYTES);
        text.reserve_exact(DENSE_BYTES - HEADER_BYTES);
        text.resize(DENSE_BYTES, 0);
        text[4] = super::DENSE;
        pack(raw, text);
    }
    text[CACHE_BYTE] |= CACHE_STALE;
    Ok(())
}

fn pack(raw: &Raw, text: &mut [u8]) {
    wide::pack(raw, text.try_into().expect("the length of a dense value"));
    text[CACHE_BYTE] |= CACHE_STALE;
}
