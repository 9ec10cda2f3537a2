//! HyperLogLogs: how many different elements a set has, within 0.81 %, in 12 KB or less. They are strings, byte for byte
//! those of Redis, so a value that either has written is read by the other.
//!
//! ```text
//!   0      4          5        8              16
//!   +------+----------+--------+--------------+-----------------------------------------------------------+
//!   | HYLL | encoding | unused | cardinality  | dense (0):  16,384 registers of 6 bits                    |
//!   |      |          |        | u64, little  | sparse (1): runs of registers, see sparse.rs              |
//!   +------+----------+--------+--------------+-----------------------------------------------------------+
//!                                top bit set: not known, count again
//!
//!   PFADD k e      hash of e ─▶ register (14 bits), rank (zeros of the rest, and one) ─▶ the register keeps its greatest
//!   PFCOUNT k      registers ─▶ sum of 2^-rank, and how many are zero ─▶ estimate
//!   PFMERGE d a b  registers of all, one byte each ─▶ the greatest of each ─▶ d
//! ```

mod add;
mod count;
pub mod counter;
mod debug;
mod dense;
mod estimate;
mod hash;
mod merge;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
pub mod sparse;
mod wide;
#[cfg(target_arch = "x86_64")]
mod x86;

use crate::commands::row::{Group, ROW, Row, category};
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::txn::Effect;

/// Bits of a hash that name a register.
const P: u32 = 14;
pub const REGISTERS: usize = 1 << P;
const HEADER_BYTES: usize = 16;
/// Six bits a register.
pub const DENSE_BYTES: usize = HEADER_BYTES + REGISTERS * 6 / 8;
/// No sparse value is longer: each of its runs has a register at least, and two bytes at most.
const SPARSE_BYTES_MAX: usize = HEADER_BYTES + REGISTERS * 2;

const _: () = assert!(DENSE_BYTES == 12_304, "as Redis has it");

const DENSE: u8 = 0;
const SPARSE: u8 = 1;

/// The header of a sparse value whose cardinality is not known, and one run of 16,384 zeros.
pub const EMPTY: &[u8; 18] = b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff";

const HLL: Row = Row { categories: category::HYPERLOGLOG, group: Group::Hyperloglog, since: "2.8.9", ..ROW };

pub fn rows() -> Vec<Row> {
    [add::ROWS, count::ROWS, merge::ROWS, debug::ROWS].concat()
}

/// The runs of a sparse value do not make 16,384 registers.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub struct Corrupted;

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Encoding {
    Dense,
    Sparse,
}

/// What a string is, judged by its header and length. None: no HyperLogLog.
#[inline]
pub fn encoding(text: &[u8]) -> Option<Encoding> {
    if text.len() < HEADER_BYTES || !text.starts_with(b"HYLL") {
        return None;
    }
    match text[4] {
        DENSE if text.len() == DENSE_BYTES => Some(Encoding::Dense),
        SPARSE => Some(Encoding::Sparse),
        _ => None,
    }
}

/// The cardinality that was counted last; None if registers have changed since.
#[inline]
fn cached(text: &[u8]) -> Option<u64> {
    let bytes = text[8..HEADER_BYTES].try_into().expect("eight bytes");
    Some(u64::from_le_bytes(bytes)).filter(|cardinality| cardinality >> 63 == 0)
}

/// The byte of a header that says whether the cardinality is known, by its top bit.
const CACHE_BYTE: usize = 15;
const CACHE_STALE: u8 = 0x80;

/// Counts the registers of a value; for the fuzz target.
#[cfg(test)]
pub fn count_of(text: &[u8], encoding: Encoding) -> Result<u64, Corrupted> {
    count::count(text, encoding)
}

fn dense_of(text: &[u8]) -> &[u8; DENSE_BYTES] {
    text.try_into().expect("the length of a dense value was checked")
}

#[cold]
fn refuse(reply: &mut Reply, text: &str) -> Effect {
    reply.error(text);
    Effect::None
}

#[cold]
fn no_hyperloglog(reply: &mut Reply) -> Effect {
    refuse(reply, error::NOT_HYPERLOGLOG)
}

#[cold]
fn corrupted(reply: &mut Reply) -> Effect {
    refuse(reply, error::HYPERLOGLOG_CORRUPTED)
}

/// `hll-sparse-max-bytes`.
fn sparse_bytes_max(settings: &crate::store::Settings) -> usize {
    settings.hll_sparse_max_bytes.load(std::sync::atomic::Ordering::Relaxed) as usize
}

#[cfg(test)]
pub(crate) mod tests;
