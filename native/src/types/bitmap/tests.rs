//! Bitmaps through their handlers: against a vector of bytes looked at bit by bit, with rollbacks.

use crate::commands::stage;
use crate::sys::random;
use crate::sys::random::Seeded;
use crate::txn::Txn;
use crate::txn::stage::txn;

/// The reply with `~` for the ends of lines.
fn run(txn: &mut Txn, request: &str) -> String {
    stage::run(txn, request).replace("\r\n", "~")
}

fn text(txn: &mut Txn) -> Option<Vec<u8>> {
    txn.get_text(b"b").expect("a string").map(|mut text| text.bytes().to_vec())
}

/// The string, which is there once something was written, as bytes.
type Model = Option<Vec<u8>>;

fn bit(model: &Model, at: u64) -> u64 {
    let byte = model.as_ref().and_then(|bytes| bytes.get(at as usize / 8)).copied().unwrap_or(0);
    u64::from(byte >> (7 - at % 8) & 1)
}

fn set_bit(model: &mut Model, at: u64, on: u64) {
    let bytes = model.get_or_insert_default();
    bytes.resize(bytes.len().max(at as usize / 8 + 1), 0);
    let mask = 1 << (7 - at % 8);
    bytes[at as usize / 8] = bytes[at as usize / 8] & !mask | if on == 1 { mask } else { 0 };
}

fn field(model: &Model, at: u64, bits: u64, signed: bool) -> i128 {
    let raw = (at..at + bits).fold(0i128, |sum, at| sum << 1 | i128::from(bit(model, at)));
    if signed && raw >> (bits - 1) == 1 { raw - (1 << bits) } else { raw }
}

/// What BITFIELD replies, and does to the model.
fn change(model: &mut Model, (at, bits, signed): (u64, u64, bool), set: bool, value: i128, overflow: &str) -> String {
    let old = field(model, at, bits, signed);
    let (low, high) = if signed { (-(1i128 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) };
    let wanted = if set { value } else { old + value };
    // The string grows whether the number fits or not.
    set_bit(model, at + bits - 1, bit(model, at + bits - 1));
    let new = match overflow {
        _ if (low..=high).contains(&wanted) => wanted,
        "SAT" => wanted.clamp(low, high),
        "FAIL" => return "$-1~".into(),
        _ => wanted & ((1 << bits) - 1),
    };
    (0..bits).for_each(|index| set_bit(model, at + index, (new >> (bits - 1 - index) & 1) as u64));
    format!(":{}~", if set { old } else { field(model, at, bits, signed) })
}

/// A range as sent, and the bits that it covers.
fn range(len: i64, from: i64, to: i64, bits: bool) -> (String, std::ops::Range<u64>) {
    let units = if bits { len * 8 } else { len };
    let at = |index: i64| if index < 0 { (units + index).max(0) } else { index };
    let (start, end) = (at(from), at(to).min(units - 1));
    let scale = if bits { 1 } else { 8 };
    let covered = if start > end || from < 0 && to < 0 && from > to { 0..0 } else { start * scale..(end + 1) * scale };
    (format!("{from} {to} {}", if bits { "BIT" } else { "BYTE" }), covered.start as u64..covered.end as u64)
}

fn step(txn: &mut Txn, model: &mut Model, below: &mut impl FnMut(u64) -> u64) {
    let most = if below(40) == 0 { 30_000 } else { 700 };
    let at = below(most);
    match below(8) {
        0..3 => {
            let (old, on) = (bit(model, at), below(2));
            assert_eq!(run(txn, &format!("SETBIT b {at} {on}")), format!(":{old}~"));
            set_bit(model, at, on);
        }
        3 => assert_eq!(run(txn, &format!("GETBIT b {at}")), format!(":{}~", bit(model, at))),
        4 | 5 => {
            let (bits, signed) = (1 + below(60), below(2) == 0);
            let kind = if signed { 'i' } else { 'u' };
            let overflow = ["WRAP", "SAT", "FAIL"][below(3) as usize];
            let value = (below(1 << 31) as i64 - (1 << 30)) >> below(31);
            let set = below(2) == 0;
            let request = format!(
                "BITFIELD b GET {kind}{bits} {at} OVERFLOW {overflow} {} {kind}{bits} {at} {value}",
                if set { "SET" } else { "INCRBY" }
            );
            let before = field(model, at, bits, signed);
            let value = if set && !signed { value as u64 as i128 } else { value as i128 };
            let changed = change(model, (at, bits, signed), set, value, overflow);
            assert_eq!(run(txn, &request), format!("*2~:{before}~{changed}"), "{request}");
        }
        turn => {
            let len = model.as_ref().map_or(0, Vec::len) as i64;
            let mut index = |bits: bool| below(if bits { 800 } else { 100 }) as i64 - if bits { 300 } else { 40 };
            let bits = index(false) < 0;
            let (words, covered) = range(len, index(bits), index(bits), bits);
            if len == 0 {
                return;
            }
            if turn == 6 {
                let count: u64 = covered.map(|at| bit(model, at)).sum();
                assert_eq!(run(txn, &format!("BITCOUNT b {words}")), format!(":{count}~"), "of {len}: {words}");
                return;
            }
            let on = below(2);
            let found = covered.into_iter().find(|at| bit(model, *at) == on).map_or(-1, |at| at as i64);
            assert_eq!(run(txn, &format!("BITPOS b {on} {words}")), format!(":{found}~"), "of {len}: {on} {words}");
        }
    }
}

#[test]
fn random_changes_and_rollbacks_agree_with_bytes_looked_at_bit_by_bit() {
    changes_agree(random::next_u64());
}

pub(crate) fn changes_agree(seed: u64) {
    println!("seed {seed}");
    let mut draws = Seeded(seed);
    let mut below = |bound: u64| draws.below(bound);
    let mut txn = txn();
    for _ in 0..6 {
        txn.keep_undo();
        let mut model: Model = None;
        for _ in 0..80 {
            let (mark, kept) = (txn.savepoint(), model.clone());
            for _ in 0..below(12) {
                step(&mut txn, &mut model, &mut below);
            }
            if below(3) == 0 {
                txn.rollback_to(mark);
                model = kept;
            }
            assert_eq!(text(&mut txn), model);
        }
        txn.remove(b"b");
        txn.commit();
        assert_eq!((txn.store.counters.keys(0), txn.store.counters.bytes()), (0, 0));
    }
}
