//! The sparse encoding: registers as runs of equal ones, in their order.
//!
//! ```text
//!   00nnnnnn            ZERO    n + 1 registers are 0                      1..=64
//!   01nnnnnn nnnnnnnn   XZERO   n + 1 registers are 0, high bits first     1..=16384
//!   1vvvvvnn            VAL     n + 1 registers are v + 1                  1..=4 of 1..=32
//!
//!   PFADD k hello   ->   XZERO 9216 · VAL 1,1 · XZERO 7167   ->   63 ff 80 5b fe
//! ```
//!
//! Which runs stand for given registers depends on how they came: a run is cut where a register in it is raised, and of
//! the runs around, those of equal values are joined. That is done here step for step as in Redis, since values have to
//! be the same bytes. What differs is how the run of a register is found: eight runs at a time.

use super::estimate::Sums;
use super::scalar::Raw;
use super::{CACHE_BYTE, CACHE_STALE, Corrupted, DENSE, DENSE_BYTES, HEADER_BYTES, REGISTERS, SPARSE_BYTES_MAX, dense};

/// Greatest register, and most registers of one run.
const VAL_MAX: u8 = 32;
const VAL_RUN_MAX: usize = 4;
const ZERO_RUN_MAX: usize = 64;
/// Runs looked at for joining, from the one before the change on.
const JOIN_STEPS: usize = 5;

/// What raising one register did.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Raised {
    /// It was no less already.
    No,
    Yes,
    /// Only the dense encoding can hold it; nothing has changed.
    NeedsDense,
}

#[derive(Clone, Copy)]
enum Kind {
    Zero,
    Xzero,
    Val(u8),
}

/// One run: where it begins, and which registers it has.
#[derive(Clone, Copy)]
struct Run {
    at: usize,
    kind: Kind,
    first: usize,
    registers: usize,
}

impl Run {
    fn bytes(self) -> usize {
        if matches!(self.kind, Kind::Xzero) { 2 } else { 1 }
    }
}

/// The run that begins at `at`. A second byte that is missing counts as 0, which is what Redis finds behind its strings.
#[inline]
fn run_at(text: &[u8], at: usize, first: usize) -> Run {
    let byte = text[at];
    let (kind, registers) = match byte >> 6 {
        0 => (Kind::Zero, byte as usize + 1),
        1 => {
            let low = text.get(at + 1).copied().unwrap_or(0);
            (Kind::Xzero, ((byte as usize & 0x3f) << 8 | low as usize) + 1)
        }
        _ => (Kind::Val((byte >> 2 & 0x1f) + 1), (byte as usize & 3) + 1),
    };
    Run { at, kind, first, registers }
}

const fn val(value: u8, registers: usize) -> u8 {
    0x80 | (value - 1) << 2 | (registers - 1) as u8
}

/// A place between runs: the one that begins at `at` has `first` as its first register, and follows the one at `prev`.
#[derive(Clone, Copy)]
pub struct Cursor {
    at: usize,
    first: usize,
    prev: Option<usize>,
}

impl Cursor {
    pub const START: Cursor = Cursor { at: HEADER_BYTES, first: 0, prev: None };
}

/// The run with register `index`, the beginning of the one before it, and a cursor that stays right whatever is done to
/// the two and what follows. Err: the runs end before.
fn find(text: &[u8], index: usize, from: Cursor) -> Result<(Run, Option<usize>, Cursor), Corrupted> {
    let Cursor { mut at, mut first, mut prev } = from;
    let mut prev_of_prev = None;
    while at < text.len() {
        // Eight runs of one byte each, all before the register: passed at once.
        if let Some(eight) = text.get(at..at + 8)
            && let Some(registers) = registers_of_eight(u64::from_le_bytes(eight.try_into().expect("eight bytes")))
            && first + registers <= index
        {
            (prev_of_prev, prev) = (Some(at + 6), Some(at + 7));
            at += 8;
            first += registers;
            continue;
        }
        // The next ones singly, up to the register or past an XZERO.
        for _ in 0..8 {
            if at >= text.len() {
                break;
            }
            let run = run_at(text, at, first);
            if index < first + run.registers {
                if at + run.bytes() > text.len() {
                    return Err(Corrupted);
                }
                let behind = match prev {
                    Some(prev) if at != from.at => {
                        let registers = run_at(text, prev, 0).registers;
                        Cursor { at: prev, first: first - registers, prev: prev_of_prev }
                    }
                    // The run before is not known well enough.
                    _ => Cursor::START,
                };
                return Ok((run, prev, behind));
            }
            (prev_of_prev, prev) = (prev, Some(at));
            at += run.bytes();
            first += run.registers;
            if run.bytes() == 2 {
                break;
            }
        }
    }
    Err(Corrupted)
}

/// Registers of eight runs in as many bytes. None: one of them is an XZERO, which has two.
#[inline]
fn registers_of_eight(runs: u64) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    if !runs & runs << 1 & (ONES << 7) != 0 {
        return None;
    }
    // Lengths are the low six bits of a ZERO, the low two of a VAL.
    let val = runs >> 7 & ONES;
    let lengths = runs & (ONES * 0x3f) & !(val * 0x3c);
    let pairs = (lengths & 0x00ff_00ff_00ff_00ff) + (lengths >> 8 & 0x00ff_00ff_00ff_00ff);
    Some((pairs.wrapping_mul(0x0001_0001_0001_0001) >> 48) as usize + 8)
}

/// Raises register `index` to `rank` where it is less. `bytes_max` is the most that the value may grow to.
pub fn raise(text: &mut Vec<u8>, index: usize, rank: u8, bytes_max: usize) -> Result<Raised, Corrupted> {
    raise_from(text, index, rank, bytes_max, &mut { Cursor::START })
}

/// The same for registers that come in ascending order: `cursor` begins at the start, and saves walking there again.
pub fn raise_from(
    text: &mut Vec<u8>,
    index: usize,
    rank: u8,
    bytes_max: usize,
    cursor: &mut Cursor,
) -> Result<Raised, Corrupted> {
    debug_assert!(index < REGISTERS);
    if text.len() > SPARSE_BYTES_MAX {
        return Err(Corrupted);
    }
    if rank > VAL_MAX {
        return Ok(Raised::NeedsDense);
    }
    let (run, prev, behind) = find(text, index, *cursor)?;
    *cursor = behind;
    let last = run.first + run.registers - 1;
    let (left, right) = (index - run.first, last - index);
    let mut parts = Parts::default();
    match run.kind {
        Kind::Val(value) => {
            if value >= rank {
                return Ok(Raised::No);
            }
            parts.val(value, left);
            parts.val(rank, 1);
            parts.val(value, right);
        }
        Kind::Zero | Kind::Xzero => {
            parts.zeros(left);
            parts.val(rank, 1);
            parts.zeros(right);
        }
    }
    let parts = parts.bytes();
    if parts.len() > run.bytes() && text.len() + parts.len() - run.bytes() > bytes_max {
        return Ok(Raised::NeedsDense);
    }
    replace(text, run.at, run.bytes(), parts);
    join(text, prev.unwrap_or(HEADER_BYTES));
    text[CACHE_BYTE] |= CACHE_STALE;
    Ok(Raised::Yes)
}

/// Up to five bytes that take the place of a run.
#[derive(Default)]
struct Parts {
    bytes: [u8; 5],
    len: usize,
}

impl Parts {
    fn push(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    fn val(&mut self, value: u8, registers: usize) {
        if registers > 0 {
            self.push(val(value, registers));
        }
    }

    fn zeros(&mut self, registers: usize) {
        match registers {
            0 => (),
            1..=ZERO_RUN_MAX => self.push((registers - 1) as u8),
            _ => {
                self.push(0x40 | ((registers - 1) >> 8) as u8);
                self.push((registers - 1) as u8);
            }
        }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Puts `parts` in place of `remove` bytes at `at`.
fn replace(text: &mut Vec<u8>, at: usize, remove: usize, parts: &[u8]) {
    let (old_len, new_len) = (text.len(), text.len() + parts.len() - remove);
    if new_len > text.capacity() {
        // A value that grows goes on growing: twice its length, and 300 bytes at a time later.
        text.reserve_exact(new_len.min(300) + parts.len());
    }
    if new_len > old_len {
        text.resize(new_len, 0);
    }
    text.copy_within(at + remove..old_len, at + parts.len());
    text.truncate(new_len);
    text[at..at + parts.len()].copy_from_slice(parts);
}

/// Joins neighbours of one value, as long as a run may have so many registers.
fn join(text: &mut Vec<u8>, mut at: usize) {
    for _ in 0..JOIN_STEPS {
        if at >= text.len() {
            break;
        }
        match text[at] >> 6 {
            0 => at += 1,
            1 => at += 2,
            _ => {
                let (one, next) = (text[at], text.get(at + 1).copied().unwrap_or(0));
                let registers = (one as usize & 3) + (next as usize & 3) + 2;
                if one >> 2 == next >> 2 && registers <= VAL_RUN_MAX {
                    text[at + 1] = val((one >> 2 & 0x1f) + 1, registers);
                    text.remove(at);
                } else {
                    at += 1;
                }
            }
        }
    }
}

/// Calls `each` with the registers of every run that are not 0, and their value. Err: the runs do not make 16,384.
pub fn for_each(text: &[u8], mut each: impl FnMut(std::ops::Range<usize>, u8)) -> Result<(), Corrupted> {
    if text.len() > SPARSE_BYTES_MAX {
        return Err(Corrupted);
    }
    let (mut at, mut first) = (HEADER_BYTES, 0);
    while at < text.len() {
        let run = run_at(text, at, first);
        let end = first + run.registers;
        if end > REGISTERS {
            return Err(Corrupted);
        }
        if let Kind::Val(value) = run.kind {
            each(first..end, value);
        }
        at += run.bytes();
        first = end;
    }
    if first == REGISTERS { Ok(()) } else { Err(Corrupted) }
}

/// Takes the registers of a sparse value out: each of `raw` keeps the greater of the two. After an Err some are raised,
/// whichever. Cost: about a nanosecond a run. (Four registers at once without a branch took four times as long: the next
/// load overlaps two stores.)
pub fn unpack(text: &[u8], raw: &mut Raw) -> Result<(), Corrupted> {
    if text.len() > SPARSE_BYTES_MAX {
        return Err(Corrupted);
    }
    let runs = &text[HEADER_BYTES..];
    let (mut at, mut first) = (0, 0);
    // Where runs have too many registers, the remainder is what they wrap round to, and that is told at the end.
    let mut raise = |index: usize, value: u8| {
        let register = &mut raw.0[index % REGISTERS];
        *register = value.max(*register);
    };
    while at < runs.len() {
        let byte = runs[at];
        at += 1;
        if byte < 0x40 {
            first += byte as usize + 1;
        } else if byte >= 0x80 {
            let (value, last) = ((byte >> 2 & 0x1f) + 1, first + (byte as usize & 3));
            raise(first, value);
            while first < last {
                first += 1;
                raise(first, value);
            }
            first += 1;
        } else {
            let low = runs.get(at).copied().unwrap_or(0);
            first += ((byte as usize & 0x3f) << 8 | low as usize) + 1;
            at += 1;
        }
    }
    if first == REGISTERS { Ok(()) } else { Err(Corrupted) }
}

/// The same value in the dense encoding, its cached cardinality with it.
pub fn to_dense(text: &[u8]) -> Result<Vec<u8>, Corrupted> {
    let mut made = vec![0; DENSE_BYTES];
    made[..HEADER_BYTES].copy_from_slice(&text[..HEADER_BYTES]);
    made[4] = DENSE;
    for_each(text, |registers, value| registers.for_each(|index| dense::set(&mut made, index, value)))?;
    Ok(made)
}

/// The runs as PFDEBUG DECODE shows them: `Z:9216 v:1,1 Z:7167`.
pub fn decoded(text: &[u8]) -> Result<String, Corrupted> {
    if text.len() > SPARSE_BYTES_MAX {
        return Err(Corrupted);
    }
    let mut shown = Vec::new();
    let mut at = HEADER_BYTES;
    while at < text.len() {
        let run = run_at(text, at, 0);
        shown.push(match run.kind {
            Kind::Zero => format!("z:{}", run.registers),
            Kind::Xzero => format!("Z:{}", run.registers),
            Kind::Val(value) => format!("v:{value},{}", run.registers),
        });
        at += run.bytes();
    }
    Ok(shown.join(" "))
}

/// Per byte of a run: what its registers weigh in units of 2^-32 (bits 0 to 45), and how many are not 0 (bits 48 on).
const WEIGHTS: [u64; 256] = {
    let mut table = [0; 256];
    let mut byte = 0x80;
    while byte < 256 {
        let (value, registers) = (((byte >> 2) & 0x1f) + 1, (byte as u64 & 3) + 1);
        table[byte] = registers << (VAL_MAX as usize - value) | registers << 48;
        byte += 1;
    }
    table
};

/// What the estimate needs. Cost: half a nanosecond a byte.
pub fn sums(text: &[u8]) -> Result<Sums, Corrupted> {
    // 16,384 registers of 2^31 each stay below bit 48.
    const _: () = assert!((REGISTERS as u64) << (VAL_MAX - 1) < 1 << 48);
    if text.len() > SPARSE_BYTES_MAX {
        return Err(Corrupted);
    }
    let (mut at, mut registers, mut weight) = (HEADER_BYTES, 0, 0u64);
    while at < text.len() {
        if let Some(eight) = text.get(at..at + 8)
            && let Some(of_eight) = registers_of_eight(u64::from_le_bytes(eight.try_into().expect("eight bytes")))
        {
            // A corrupted value may overflow: what it weighs is not looked at.
            weight = eight.iter().fold(weight, |sum, byte| sum.wrapping_add(WEIGHTS[*byte as usize]));
            registers += of_eight;
            at += 8;
            continue;
        }
        let run = run_at(text, at, registers);
        weight = weight.wrapping_add(WEIGHTS[text[at] as usize]);
        registers += run.registers;
        at += run.bytes();
    }
    if registers != REGISTERS {
        return Err(Corrupted);
    }
    let zeros = REGISTERS as u32 - (weight >> 48) as u32;
    Ok(Sums { weight: (weight & ((1 << 48) - 1)) << (super::estimate::EXACT_MAX - VAL_MAX), zeros })
}
