//! PFCOUNT.

use std::cell::RefCell;

use super::scalar::Raw;
use super::{Corrupted, Encoding, HLL, REGISTERS, cached, dense_of, encoding, estimate, refuse, sparse, wide};
use crate::commands::row::{Row, Run, access::*, flag::*, keys};
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::txn::access::Text;
use crate::txn::{Class, Effect, Txn, WrongType};

pub const ROWS: &[Row] = &[Row {
    name: "pfcount",
    arity: -2,
    flags: READONLY | MAY_REPLICATE,
    // It writes the cardinality it has counted into the value.
    keys: &[keys(1, -1, 1, RW | ACCESS)],
    complexity: "O(1) for one key, O(N) for the union of N keys.",
    summary: "Estimates how many different elements were added to a HyperLogLog, or to several together.",
    args: "key [key ...]",
    reply: "number",
    run: Run::Data(pfcount),
    ..HLL
}];

thread_local! {
    /// Where registers are laid out, a byte each: 16 KB that need not be cleared for every count.
    static RAW: RefCell<Box<Raw>> = RefCell::new(Box::new(Raw([0; REGISTERS])));
}

/// Lends this thread's room for registers; what stands there is anything.
pub fn with_raw<R>(run: impl FnOnce(&mut Raw) -> R) -> R {
    RAW.with(|raw| run(&mut raw.borrow_mut()))
}

fn pfcount(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    if args.len() > 2 {
        match with_raw(|raw| union(txn, args.from(1), raw).map(|_| wide::count(raw))) {
            Ok(cardinality) => reply.int(cardinality as i64),
            Err(text) => return refuse(reply, text),
        }
        return Effect::None;
    }
    let key = args.get(1);
    let counted = match txn.get_text(key) {
        Ok(None) => {
            reply.int(0);
            return Effect::None;
        }
        Ok(Some(mut text)) => {
            let text = text.bytes();
            let Some(encoding) = encoding(text) else { return refuse(reply, error::NOT_HYPERLOGLOG) };
            if let Some(cardinality) = cached(text) {
                reply.int(cardinality as i64);
                return Effect::None;
            }
            count(text, encoding)
        }
        Err(WrongType) => return refuse(reply, error::WRONG_TYPE),
    };
    let Ok(cardinality) = counted else { return refuse(reply, error::HYPERLOGLOG_CORRUPTED) };
    let _ = txn.patch_text(key, |patch| patch.write(8, &cardinality.to_le_bytes()));
    // A change that nobody is notified of, but that watchers and replicas see: the value is another string now.
    txn.changed(key, Class::String, "");
    reply.int(cardinality as i64);
    Effect::Verbatim
}

/// Counts the registers of one value.
pub fn count(text: &[u8], encoding: Encoding) -> Result<u64, Corrupted> {
    match encoding {
        Encoding::Sparse => sparse::sums(text).map(estimate::from_sums),
        Encoding::Dense => Ok(with_raw(|raw| {
            wide::unpack::<false>(dense_of(text), raw);
            wide::count(raw)
        })),
    }
}

/// Lays the greatest registers of all values in `raw`. True: one of them is dense. Err: the error's text.
pub fn union(txn: &mut Txn, keys: Args, raw: &mut Raw) -> Result<bool, &'static str> {
    let (mut filled, mut any_dense) = (false, false);
    for key in keys.iter() {
        let Some(mut text) = txn.get_text(key).map_err(|WrongType| error::WRONG_TYPE)? else { continue };
        fold(&mut text, raw, &mut filled, &mut any_dense)?;
    }
    if !filled {
        raw.0.fill(0);
    }
    Ok(any_dense)
}

fn fold(text: &mut Text, raw: &mut Raw, filled: &mut bool, any_dense: &mut bool) -> Result<(), &'static str> {
    let text = text.bytes();
    match encoding(text).ok_or(error::NOT_HYPERLOGLOG)? {
        Encoding::Dense => {
            *any_dense = true;
            if *filled { wide::unpack::<true>(dense_of(text), raw) } else { wide::unpack::<false>(dense_of(text), raw) }
        }
        Encoding::Sparse => {
            if !*filled {
                raw.0.fill(0);
            }
            sparse::unpack(text, raw).map_err(|Corrupted| error::HYPERLOGLOG_CORRUPTED)?;
        }
    }
    *filled = true;
    Ok(())
}
