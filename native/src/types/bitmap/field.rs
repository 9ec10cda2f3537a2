//! BITFIELD: integers of 1 to 64 bits anywhere in a string.

use super::{BITMAP, bit_offset, grow, refuse};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::txn::access::Text;
use crate::txn::patch::Patch;
use crate::txn::{Class, Effect, Txn, WrongType};

/// What both rows have in common.
const FIELD: Row = Row { arity: -2, complexity: "O(1) for each operation.", reply: "(number | null)[]", ..BITMAP };

pub const ROWS: &[Row] = &[
    Row {
        name: "bitfield",
        flags: WRITE | DENYOOM,
        keys: &[key(RW | ACCESS | UPDATE | VARIABLE)],
        since: "3.2.0",
        summary: "Reads, sets and counts with integers of any width inside a string value.",
        args: "key [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset value | INCRBY encoding offset increment> [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset value | INCRBY encoding offset increment> ...]]",
        run: Run::Data(bitfield),
        ..FIELD
    },
    Row {
        name: "bitfield_ro",
        flags: READONLY | FAST,
        keys: &[key(RO | ACCESS)],
        since: "6.0.0",
        summary: "Reads integers of any width inside a string value.",
        args: "key [GET encoding offset [GET encoding offset ...]]",
        run: Run::Data(bitfield_ro),
        ..FIELD
    },
];

/// An integer type as written: `i16`, `u8`.
#[derive(Clone, Copy)]
struct Encoding {
    signed: bool,
    bits: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Overflow {
    Wrap,
    Saturate,
    Fail,
}

enum Verb {
    Get,
    Set(i64),
    Add(i64),
}

struct Operation {
    verb: Verb,
    encoding: Encoding,
    offset: u64,
    overflow: Overflow,
}

fn bitfield(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    run(txn, args, reply, false)
}

fn bitfield_ro(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    run(txn, args, reply, true)
}

fn run(txn: &mut Txn, args: Args, reply: &mut Reply, readonly: bool) -> Effect {
    let operations = match parse(txn, args) {
        Ok(operations) => operations,
        Err(text) => return refuse(reply, text),
    };
    let key = args.get(1);
    let writes = operations.iter().filter(|operation| !matches!(operation.verb, Verb::Get));
    let Some(last_bit) = writes.map(|operation| operation.offset + operation.encoding.bits as u64 - 1).max() else {
        return read(txn, key, &operations, reply);
    };
    if readonly {
        return refuse(reply, error::BITFIELD_RO);
    }
    let Ok(grown) = grow(txn, key, (last_bit / 8) as usize + 1) else { return refuse(reply, error::WRONG_TYPE) };
    reply.array(operations.len());
    let written = txn.patch_text(key, |patch| {
        patch.unshare();
        operations.iter().fold(false, |written, operation| written | write(patch, operation, reply))
    });
    if !grown && written != Ok(Some(true)) {
        return Effect::None;
    }
    txn.changed(key, Class::String, "setbit");
    Effect::Verbatim
}

fn parse(txn: &Txn, args: Args) -> Result<Vec<Operation>, &'static str> {
    let mut operations = Vec::new();
    let mut overflow = Overflow::Wrap;
    let mut index = 2;
    while index < args.len() {
        let left = args.len() - index - 1;
        if args.is(index, "overflow") && left >= 1 {
            overflow = if args.is(index + 1, "wrap") {
                Overflow::Wrap
            } else if args.is(index + 1, "sat") {
                Overflow::Saturate
            } else if args.is(index + 1, "fail") {
                Overflow::Fail
            } else {
                return Err(error::BITFIELD_OVERFLOW);
            };
            index += 2;
            continue;
        }
        let (get, set, add) = (args.is(index, "get"), args.is(index, "set"), args.is(index, "incrby"));
        if !(get && left >= 2 || (set || add) && left >= 3) {
            return Err(error::SYNTAX);
        }
        let encoding = Encoding::parse(args.get(index + 1)).ok_or(error::BITFIELD_TYPE)?;
        let offset = bit_offset(txn, args.get(index + 2), Some(encoding.bits)).ok_or(error::BIT_OFFSET)?;
        let verb = if get {
            Verb::Get
        } else {
            let value = number::integer(args.get(index + 3)).ok_or(error::NOT_INTEGER)?;
            if set { Verb::Set(value) } else { Verb::Add(value) }
        };
        operations.push(Operation { verb, encoding, offset, overflow });
        index += if get { 3 } else { 4 };
    }
    Ok(operations)
}

fn read(txn: &mut Txn, key: &[u8], operations: &[Operation], reply: &mut Reply) -> Effect {
    match txn.get_text(key) {
        Ok(text) => {
            let mut text = text.unwrap_or(Text::Bytes(b""));
            let bytes = text.bytes();
            reply.array(operations.len());
            for operation in operations {
                reply.int(operation.encoding.value(bits_at(bytes, operation.offset, operation.encoding.bits)) as i64);
            }
        }
        Err(WrongType) => reply.error(error::WRONG_TYPE),
    }
    Effect::None
}

/// Runs one operation on a string that is long enough for those that write, and replies its result. True if the string
/// changed.
fn write(patch: &mut Patch, operation: &Operation, reply: &mut Reply) -> bool {
    let Operation { verb, encoding, offset, overflow } = operation;
    let first = (offset / 8) as usize;
    let past = ((offset + encoding.bits as u64).div_ceil(8)) as usize;
    let mut window = [0u8; 9];
    let there = patch.bytes().get(first..).unwrap_or(&[]);
    let count = there.len().min(past - first);
    window[..count].copy_from_slice(&there[..count]);
    let raw = bits_at(&window, offset % 8, encoding.bits);
    let old = encoding.value(raw);
    let wanted = match verb {
        Verb::Get => {
            reply.int(old as i64);
            return false;
        }
        // A negative number set into an unsigned field is a large one.
        Verb::Set(value) if encoding.signed => *value as i128,
        Verb::Set(value) => *value as u64 as i128,
        Verb::Add(by) => old + *by as i128,
    };
    // Redis asks how much could be added before it asks whether it is too little, and for these that overflows.
    let taken_for_great = encoding.signed && encoding.bits < 64 && wanted < encoding.range().1 - i64::MAX as i128;
    let new = match (verb, overflow) {
        (Verb::Set(_), Overflow::Saturate) if taken_for_great => Some(encoding.range().1),
        _ => encoding.fit(wanted, *overflow),
    };
    let Some(new) = new else {
        reply.null();
        return false;
    };
    reply.int(if matches!(verb, Verb::Set(_)) { old } else { new } as i64);
    if new == old {
        return false;
    }
    put_bits(&mut window, offset % 8, encoding.bits, new as u64);
    patch.write(first, &window[..past - first]);
    true
}

impl Encoding {
    fn parse(text: &[u8]) -> Option<Encoding> {
        let (signed, width) = match text {
            [b'i', width @ ..] => (true, width),
            [b'u', width @ ..] => (false, width),
            _ => return None,
        };
        let bits = number::integer(width)?;
        (1..=63 + signed as i64).contains(&bits).then_some(Encoding { signed, bits: bits as u32 })
    }

    /// The number that these bits (lowest first, no others set) mean.
    fn value(self, raw: u64) -> i128 {
        let unused = 64 - self.bits;
        if self.signed { ((raw << unused) as i64 >> unused) as i128 } else { raw as i128 }
    }

    fn range(self) -> (i128, i128) {
        match self.signed {
            true => (-(1i128 << (self.bits - 1)), (1i128 << (self.bits - 1)) - 1),
            false => (0, (1i128 << self.bits) - 1),
        }
    }

    /// `wanted` as this type can hold it. None: it cannot, and that fails.
    fn fit(self, wanted: i128, overflow: Overflow) -> Option<i128> {
        let (least, most) = self.range();
        match overflow {
            _ if (least..=most).contains(&wanted) => Some(wanted),
            Overflow::Wrap => Some(self.value(wanted as u64 & (u64::MAX >> (64 - self.bits)))),
            Overflow::Saturate => Some(wanted.clamp(least, most)),
            Overflow::Fail => None,
        }
    }
}

/// `count` bits from bit `offset` on; beyond the end they are 0.
fn bits_at(bytes: &[u8], offset: u64, count: u32) -> u64 {
    let first = (offset / 8) as usize;
    // 64 bits that start anywhere in a byte touch nine bytes.
    let mut wide = 0u128;
    for at in first..first + 9 {
        wide = wide << 8 | bytes.get(at).copied().unwrap_or(0) as u128;
    }
    (wide >> (72 - offset % 8 - count as u64)) as u64 & (u64::MAX >> (64 - count))
}

/// Puts the lowest `count` bits of `value` at bit `offset` (below 8) of nine bytes.
fn put_bits(window: &mut [u8; 9], offset: u64, count: u32, value: u64) {
    let shift = 72 - offset - count as u64;
    let mask = ((u64::MAX >> (64 - count)) as u128) << shift;
    let mut wide = 0u128;
    for byte in window.iter() {
        wide = wide << 8 | *byte as u128;
    }
    wide = (wide & !mask) | ((value as u128) << shift & mask);
    window.copy_from_slice(&wide.to_be_bytes()[7..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_read_back_what_was_put_and_leave_the_bits_around() {
        for count in 1..=64 {
            for offset in 0..8 {
                for fill in [0u8, 0xff] {
                    let mut window = [fill; 9];
                    let value = 0x9e37_79b9_7f4a_7c15u64 & (u64::MAX >> (64 - count));
                    put_bits(&mut window, offset, count, value);
                    assert_eq!(bits_at(&window, offset, count), value);
                    put_bits(&mut window, offset, count, if fill == 0 { 0 } else { u64::MAX });
                    assert_eq!(window, [fill; 9], "{count} bits at {offset}");
                }
            }
        }
    }

    #[test]
    fn numbers_out_of_range_wrap_saturate_or_fail() {
        let (i8, u8) = (Encoding { signed: true, bits: 8 }, Encoding { signed: false, bits: 8 });
        for (encoding, wanted, wrapped, saturated) in
            [(i8, 128, -128, 127), (i8, -129, 127, -128), (u8, 256, 0, 255), (u8, -1, 255, 0)]
        {
            assert_eq!(encoding.fit(wanted, Overflow::Wrap), Some(wrapped));
            assert_eq!(encoding.fit(wanted, Overflow::Saturate), Some(saturated));
            assert_eq!(encoding.fit(wanted, Overflow::Fail), None);
        }
        let i64 = Encoding { signed: true, bits: 64 };
        assert_eq!(i64.fit(i64::MAX as i128 + 1, Overflow::Wrap), Some(i64::MIN as i128));
    }
}
