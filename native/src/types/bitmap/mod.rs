//! Bitmaps: strings seen as bits. Bit 0 is the highest bit of the first byte; beyond the end all bits are 0.
//!
//! ```text
//!   mod.rs       SETBIT GETBIT, and what the others share
//!   count.rs     BITCOUNT BITPOS; walk.rs over long ranges, in slices
//!   op.rs        BITOP; combine.rs one pass over all sources, build.rs over long ones in slices
//!   field.rs     BITFIELD BITFIELD_RO
//!   wide.rs      counting and looking for bits: x86.rs (AVX2, AVX-512), neon.rs
//! ```

mod build;
mod combine;
mod count;
mod field;
#[cfg(target_arch = "aarch64")]
mod neon;
mod op;
mod walk;
mod wide;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::sync::atomic::Ordering::Relaxed;

use crate::commands::row::{Group, ROW, Row, Run, access::*, category, flag::*, key};
use crate::ds::entry::{INLINE_VALUE_BYTES_MAX, NewValue};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::txn::access::{Expiry, Text};
use crate::txn::{Class, Effect, Txn, WrongType};

/// What every row of this room has in common.
const BITMAP: Row = Row { categories: category::BITMAP, group: Group::Bitmap, ..ROW };

/// Every row of this room.
pub fn rows() -> Vec<Row> {
    [ROWS, count::ROWS, op::ROWS, field::ROWS].concat()
}

const ROWS: &[Row] = &[
    Row {
        name: "setbit",
        arity: 4,
        flags: WRITE | DENYOOM,
        keys: &[key(RW | ACCESS | UPDATE)],
        since: "2.2.0",
        summary: "Sets or clears a bit of a string value, which grows as needed, and returns the bit before.",
        args: "key offset value",
        reply: "number",
        run: Run::Data(setbit),
        ..BITMAP
    },
    Row {
        name: "getbit",
        arity: 3,
        flags: READONLY | FAST,
        keys: &[key(RO | ACCESS)],
        since: "2.2.0",
        summary: "Returns a bit of a string value.",
        args: "key offset",
        reply: "number",
        run: Run::Data(getbit),
        ..BITMAP
    },
];

fn setbit(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let key = args.get(1);
    let Some(offset) = bit_offset(txn, args.get(2), None) else { return refuse(reply, error::BIT_OFFSET) };
    let on = match number::integer(args.get(3)) {
        Some(bit @ 0..=1) => bit == 1,
        _ => return refuse(reply, error::BIT_VALUE),
    };
    let (byte, mask) = ((offset / 8) as usize, 0x80u8 >> (offset % 8));
    // The bit before, where the string reaches to it.
    let set = |txn: &mut Txn| {
        txn.patch_text(key, |patch| {
            patch.unshare();
            let old = *patch.bytes().get(byte)?;
            if (old & mask != 0) != on {
                patch.write(byte, &[old ^ mask]);
            }
            Some(old & mask != 0)
        })
    };
    let was_on = match set(txn) {
        Ok(Some(Some(was_on))) if was_on == on => {
            reply.int(on as i64);
            return Effect::None;
        }
        Ok(Some(Some(was_on))) => was_on,
        Ok(_) => {
            grow(txn, key, byte + 1).expect("a string, or nothing");
            let _ = set(txn);
            false
        }
        Err(WrongType) => return refuse(reply, error::WRONG_TYPE),
    };
    reply.int(was_on as i64);
    txn.changed(key, Class::String, "setbit");
    Effect::Verbatim
}

fn getbit(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let Some(offset) = bit_offset(txn, args.get(2), None) else { return refuse(reply, error::BIT_OFFSET) };
    match txn.get_text(args.get(1)) {
        Ok(text) => {
            let mut text = text.unwrap_or(Text::Bytes(b""));
            let byte = usize::try_from(offset / 8).ok().and_then(|byte| text.bytes().get(byte).copied()).unwrap_or(0);
            reply.int((byte >> (7 - offset % 8) & 1) as i64);
        }
        Err(WrongType) => reply.error(error::WRONG_TYPE),
    }
    Effect::None
}

/// A bit's offset as written; with `width`, `#3` means the fourth field of so many bits. None: no offset, or one beyond
/// the longest string.
fn bit_offset(txn: &Txn, text: &[u8], width: Option<u32>) -> Option<u64> {
    let offset = match (text, width) {
        ([b'#', index @ ..], Some(width)) => number::integer(index)?.checked_mul(width as i64)?,
        _ => number::integer(text)?,
    };
    let bytes_max = txn.store.settings.proto_max_bulk_len.load(Relaxed);
    u64::try_from(offset).ok().filter(|offset| offset / 8 < bytes_max)
}

/// Growth from which the zeros come from the system, bytes: it has them ready, page by page as they are touched.
const GROWTH_BYTES_MIN: usize = 1 << 20;

/// Makes the string under `key` at least `len` bytes long, with zero bytes; a missing key becomes one. True if it grew.
fn grow(txn: &mut Txn, key: &[u8], len: usize) -> Result<bool, WrongType> {
    let made = match txn.peek_text(key)? {
        Some(mut text) => {
            let old = text.bytes();
            if old.len() >= len {
                return Ok(false);
            }
            if len - old.len() < GROWTH_BYTES_MIN {
                let _ = txn.set_range(key, len - 1, &[0]);
                return Ok(true);
            }
            let mut made = vec![0; len];
            made[..old.len()].copy_from_slice(old);
            made
        }
        None => vec![0; len],
    };
    let short = len <= INLINE_VALUE_BYTES_MAX;
    txn.set(key, if short { NewValue::Raw(&made) } else { NewValue::RawOwned(made) }, Expiry::Keep);
    Ok(true)
}

#[cold]
fn refuse(reply: &mut Reply, text: &str) -> Effect {
    reply.error(text);
    Effect::None
}

#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
pub(crate) use {combine::tests as combine_tests, count::tests as count_tests};
