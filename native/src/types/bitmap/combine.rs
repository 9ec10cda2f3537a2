//! One pass over all sources of a BITOP: each byte of the result is written once, from registers.
//!
//! ```text
//!   sources   a ▇▇▇▇▇▇▇▇▇▇▇▇      sections   |  all three  | a and b | a |
//!             b ▇▇▇▇▇▇▇▇▇▇        of the     a short source goes on with zeros, so each section is a pass over
//!             c ▇▇▇▇▇▇            result     those that reach there, or nothing but zeros
//! ```

use std::ops::Range;

use smallvec::SmallVec;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    And,
    Or,
    Xor,
    Not,
    /// The first, without any of the others.
    Diff,
    /// Any of the others, without the first.
    Diff1,
    /// The first, where any of the others is.
    AndOr,
    /// In one source alone.
    One,
}

/// The bytes of a source, wherever they are.
#[derive(Clone, Copy)]
pub struct Source {
    at: *const u8,
    len: usize,
}

impl Source {
    pub const EMPTY: Source = Source { at: std::ptr::null(), len: 0 };

    pub fn of(bytes: &[u8]) -> Source {
        Source { at: bytes.as_ptr(), len: bytes.len() }
    }

    /// A source that is its own target.
    pub fn of_target(target: *mut u8, len: usize) -> Source {
        Source { at: target.cast_const(), len }
    }

    pub fn len(&self) -> usize {
        self.len
    }
}

/// From which end a pass begins. What the last pass over the same strings has touched last is in the cache still, so the next one
/// begins there. Both ways are straight: a way back in pieces makes the processor begin anew to read ahead with each of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    Forth,
    Back,
}

/// Writes bytes `from..to` of the result to where `target` points.
///
/// # Safety
/// 1. Each source is readable for its length and not written to meanwhile, but through `target`.
/// 2. `target` is writable for `to - from` bytes.
/// 3. What `target` points to is no part of a source, or it is the very place of byte `from` of one.
pub unsafe fn combine(operation: Operation, sources: &[Source], from: usize, to: usize, target: *mut u8, way: Way) {
    let (mut begin, mut end) = (from, to);
    while begin < end {
        let (at, until) = match way {
            Way::Forth => {
                let ends = sources.iter().map(|source| source.len).filter(|len| *len > begin);
                (begin, ends.min().unwrap_or(end).min(end))
            }
            Way::Back => {
                let ends = sources.iter().map(|source| source.len).filter(|len| *len < end);
                (ends.max().unwrap_or(begin).max(begin), end)
            }
        };
        // SAFETY: (2, 3) the section is part of `from..to`. (1) sources that reach beyond `at` reach to `until`.
        unsafe { section(operation, sources, at..until, target.add(at - from), way) };
        match way {
            Way::Forth => begin = until,
            Way::Back => end = at,
        }
    }
}

/// # Safety
/// As for [`combine`], and each source either reaches to the range's end or not beyond its beginning.
unsafe fn section(operation: Operation, sources: &[Source], range: Range<usize>, target: *mut u8, way: Way) {
    let at = range.start;
    let is_here = |source: &&Source| source.len > at;
    // SAFETY: whoever is here is readable from `at` on.
    let here: SmallVec<[*const u8; 8]> =
        sources.iter().filter(is_here).map(|source| unsafe { source.at.add(at) }).collect();
    let first = sources.first().is_some_and(|source| source.len > at);
    let others = here.len() - first as usize;
    let count = range.len();
    let nothing = match operation {
        Operation::And => here.len() < sources.len(),
        Operation::Diff => !first,
        Operation::Diff1 => others == 0,
        Operation::AndOr => !first || others == 0,
        Operation::Or | Operation::Xor | Operation::Not | Operation::One => here.is_empty(),
    };
    if nothing {
        // SAFETY: (2) the target is writable for the section.
        return unsafe { target.write_bytes(0, count) };
    }
    // Without the first there is nothing to take away from the others.
    let operation = if operation == Operation::Diff1 && !first { Operation::Or } else { operation };
    // SAFETY: the pointers are readable and the target writable for `count` bytes.
    unsafe { pass_as_wide_as_can_be(operation, &here, count, target, way) }
}

/// # Safety
/// 1. `sources` is not empty, and each is readable for `count` bytes. 2. `target` is writable for as many. 3. It is one
///    of them, or no part of any.
unsafe fn pass_as_wide_as_can_be(operation: Operation, sources: &[*const u8], count: usize, target: *mut u8, way: Way) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: (1-3) as for the caller; the feature has just been found on this processor.
        return unsafe { super::x86::pass(operation, sources, count, target, way) };
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: (1-3) as for the caller.
    return unsafe { pass::<super::neon::Vector>(operation, sources, count, target, way) };
    #[cfg(not(target_arch = "aarch64"))]
    // SAFETY: (1-3) as for the caller.
    unsafe {
        pass::<u64>(operation, sources, count, target, way)
    }
}

/// Some bytes that are worked on at once.
pub trait Lanes: Copy {
    const BYTES: usize;
    const NONE: Self;
    /// # Safety
    /// `BYTES` bytes are readable there.
    unsafe fn load(from: *const u8) -> Self;
    /// # Safety
    /// `BYTES` bytes are writable there.
    unsafe fn store(self, to: *mut u8);
    fn and(self, other: Self) -> Self;
    fn or(self, other: Self) -> Self;
    fn xor(self, other: Self) -> Self;
    /// What is here and not in `other`.
    fn without(self, other: Self) -> Self;
    fn not(self) -> Self;
}

macro_rules! plain_lanes {
    ($of:ty) => {
        impl Lanes for $of {
            const BYTES: usize = size_of::<$of>();
            const NONE: $of = 0;
            #[inline(always)]
            unsafe fn load(from: *const u8) -> $of {
                // SAFETY: as for the caller.
                unsafe { from.cast::<$of>().read_unaligned() }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut u8) {
                // SAFETY: as for the caller.
                unsafe { to.cast::<$of>().write_unaligned(self) }
            }
            #[inline(always)]
            fn and(self, other: $of) -> $of {
                self & other
            }
            #[inline(always)]
            fn or(self, other: $of) -> $of {
                self | other
            }
            #[inline(always)]
            fn xor(self, other: $of) -> $of {
                self ^ other
            }
            #[inline(always)]
            fn without(self, other: $of) -> $of {
                self & !other
            }
            #[inline(always)]
            fn not(self) -> $of {
                !self
            }
        }
    };
}

plain_lanes!(u8);
plain_lanes!(u64);

/// # Safety
/// As for [`pass_as_wide_as_can_be`].
#[inline(always)]
pub unsafe fn pass<L: Lanes>(operation: Operation, sources: &[*const u8], count: usize, target: *mut u8, way: Way) {
    let bytes = Bytes { sources, count, target, way };
    // SAFETY: (1-3) as for the caller, in each arm.
    unsafe {
        match operation {
            Operation::And => fold::<L>(bytes, L::and, u8::and),
            Operation::Or => fold::<L>(bytes, L::or, u8::or),
            Operation::Xor => fold::<L>(bytes, L::xor, u8::xor),
            Operation::Not => first_and_rest::<L>(bytes, |first, _| first.not(), |first, _| !first),
            Operation::Diff => first_and_rest::<L>(bytes, L::without, u8::without),
            Operation::Diff1 => {
                let rest_without = |first: L, rest: L| rest.without(first);
                first_and_rest::<L>(bytes, rest_without, |first, rest| rest & !first)
            }
            Operation::AndOr => first_and_rest::<L>(bytes, L::and, u8::and),
            Operation::One => one_alone::<L>(bytes),
        }
    }
}

/// Lanes of one turn: enough to keep the loads in flight.
const TURN: usize = 4;

/// What a pass reads and writes.
#[derive(Clone, Copy)]
struct Bytes<'a> {
    sources: &'a [*const u8],
    count: usize,
    target: *mut u8,
    way: Way,
}

/// Calls `block` for every offset of whole turns and `byte` for the bytes left.
#[inline(always)]
fn in_turns<L: Lanes>(count: usize, way: Way, mut block: impl FnMut(usize), mut byte: impl FnMut(usize)) {
    let bytes = TURN * L::BYTES;
    let turns = count / bytes;
    // One loop for both ways: called in two places, `block` would not be inlined into code for AVX2.
    let (mut at, step) = match way {
        Way::Forth => (0, bytes),
        Way::Back => ((turns * bytes).wrapping_sub(bytes), bytes.wrapping_neg()),
    };
    for _ in 0..turns {
        block(at);
        at = at.wrapping_add(step);
    }
    (turns * bytes..count).for_each(&mut byte);
}

/// # Safety
/// A turn's bytes are readable from `at` on.
#[inline(always)]
unsafe fn load<L: Lanes>(source: *const u8, at: usize) -> [L; TURN] {
    let from = source.wrapping_add(at);
    // SAFETY: as for the caller. (Written out: what is called per lane would not be inlined into code for AVX2.)
    unsafe {
        [L::load(from), L::load(from.add(L::BYTES)), L::load(from.add(2 * L::BYTES)), L::load(from.add(3 * L::BYTES))]
    }
}

/// # Safety
/// A turn's bytes are writable from `at` on.
#[inline(always)]
unsafe fn store<L: Lanes>(made: [L; TURN], target: *mut u8, at: usize) {
    let [a, b, c, d] = made;
    let to = target.wrapping_add(at);
    // SAFETY: as for the caller.
    unsafe {
        a.store(to);
        b.store(to.add(L::BYTES));
        c.store(to.add(2 * L::BYTES));
        d.store(to.add(3 * L::BYTES));
    }
}

#[inline(always)]
fn both<L: Lanes>(one: [L; TURN], other: [L; TURN], of: impl Fn(L, L) -> L) -> [L; TURN] {
    let ([a, b, c, d], [e, f, g, h]) = (one, other);
    [of(a, e), of(b, f), of(c, g), of(d, h)]
}

/// # Safety
/// As for [`pass_as_wide_as_can_be`].
#[inline(always)]
unsafe fn fold<L: Lanes>(
    Bytes { sources, count, target, way }: Bytes,
    of: impl Fn(L, L) -> L + Copy,
    of_bytes: impl Fn(u8, u8) -> u8 + Copy,
) {
    // SAFETY: turns and bytes lie below `count`. (3) What is read at an offset is read before it is written.
    unsafe {
        in_turns::<L>(
            count,
            way,
            |at| {
                let mut made = load::<L>(sources[0], at);
                for source in &sources[1..] {
                    made = both(made, load(*source, at), of);
                }
                store(made, target, at);
            },
            |at| {
                let bytes = sources[1..].iter().map(|source| *source.add(at));
                *target.add(at) = bytes.fold(*sources[0].add(at), of_bytes);
            },
        );
    }
}

/// `of` the first source and all others together.
///
/// # Safety
/// As for [`pass_as_wide_as_can_be`].
#[inline(always)]
unsafe fn first_and_rest<L: Lanes>(
    Bytes { sources, count, target, way }: Bytes,
    of: impl Fn(L, L) -> L + Copy,
    of_bytes: impl Fn(u8, u8) -> u8 + Copy,
) {
    // SAFETY: as in `fold`.
    unsafe {
        in_turns::<L>(
            count,
            way,
            |at| {
                let mut rest = [L::NONE; TURN];
                for source in &sources[1..] {
                    rest = both(rest, load(*source, at), L::or);
                }
                store(both(load(sources[0], at), rest, of), target, at);
            },
            |at| {
                let rest = sources[1..].iter().fold(0, |sum, source| sum | *source.add(at));
                *target.add(at) = of_bytes(*sources[0].add(at), rest);
            },
        );
    }
}

/// Bits that were seen once, less those seen again.
///
/// # Safety
/// As for [`pass_as_wide_as_can_be`].
#[inline(always)]
unsafe fn one_alone<L: Lanes>(Bytes { sources, count, target, way }: Bytes) {
    // SAFETY: as in `fold`.
    unsafe {
        in_turns::<L>(
            count,
            way,
            |at| {
                let (mut once, mut again) = (load::<L>(sources[0], at), [L::NONE; TURN]);
                for source in &sources[1..] {
                    let next = load(*source, at);
                    again = both(again, both(once, next, L::and), L::or);
                    once = both(once, next, L::or);
                }
                store(both(once, again, L::without), target, at);
            },
            |at| {
                let (mut once, mut again) = (*sources[0].add(at), 0);
                for source in &sources[1..] {
                    let next = *source.add(at);
                    again |= once & next;
                    once |= next;
                }
                *target.add(at) = once & !again;
            },
        );
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::sys::random::step;

    const ALL: [Operation; 8] = [
        Operation::And,
        Operation::Or,
        Operation::Xor,
        Operation::Not,
        Operation::Diff,
        Operation::Diff1,
        Operation::AndOr,
        Operation::One,
    ];

    fn plain(operation: Operation, sources: &[Vec<u8>], at: usize) -> u8 {
        let bytes: Vec<u8> = sources.iter().map(|source| source.get(at).copied().unwrap_or(0)).collect();
        let rest = bytes[1..].iter().fold(0, |sum, byte| sum | byte);
        match operation {
            Operation::And => bytes.iter().fold(0xff, |sum, byte| sum & byte),
            Operation::Or => bytes[0] | rest,
            Operation::Xor => bytes.iter().fold(0, |sum, byte| sum ^ byte),
            Operation::Not => !bytes[0],
            Operation::Diff => bytes[0] & !rest,
            Operation::Diff1 => rest & !bytes[0],
            Operation::AndOr => bytes[0] & rest,
            Operation::One => (0..8)
                .filter(|bit| bytes.iter().filter(|byte| **byte >> bit & 1 == 1).count() == 1)
                .fold(0, |sum, bit| sum | 1 << bit),
        }
    }

    #[test]
    fn every_operation_agrees_with_a_look_at_every_byte() {
        operations_agree(5);
    }

    pub(crate) fn operations_agree(mut seed: u64) {
        let mut next = |below: u64| {
            seed = step(seed);
            (seed >> 33) % below
        };
        for round in 0..400 {
            let operation = ALL[round % 8];
            let count = if operation == Operation::Not { 1 } else { 1 + next(12) as usize };
            let sources: Vec<Vec<u8>> = (0..count)
                .map(|_| {
                    let most = if next(3) == 0 { 2_000 } else { 300 };
                    let len = next(most);
                    (0..len).map(|_| next(256) as u8).collect()
                })
                .collect();
            let len = sources.iter().map(Vec::len).max().unwrap_or(0);
            let expected: Vec<u8> = (0..len).map(|at| plain(operation, &sources, at)).collect();
            let refs: Vec<Source> = sources.iter().map(|source| Source::of(source)).collect();
            let mut made = vec![0xa5; len];
            let cut = next(len as u64 + 1) as usize;
            for way in [Way::Forth, Way::Back] {
                made.fill(0xa5);
                // SAFETY: the sources live, `made` is none of them and has room for both parts.
                unsafe {
                    combine(operation, &refs, 0, cut, made.as_mut_ptr(), way);
                    combine(operation, &refs, cut, len, made.as_mut_ptr().add(cut), way);
                }
                assert_eq!(made, expected, "{operation:?} of {count}, {way:?}");
            }

            // The same into the place of the longest source.
            let longest = sources.iter().position(|source| source.len() == len).expect("one is the longest");
            for way in [Way::Forth, Way::Back] {
                let mut target = sources[longest].clone();
                let mut refs = refs.clone();
                refs[longest] = Source::of_target(target.as_mut_ptr(), len);
                // SAFETY: the target is that source, from its first byte on.
                unsafe { combine(operation, &refs, 0, len, target.as_mut_ptr(), way) };
                assert_eq!(target, expected, "{operation:?} of {count} in place, {way:?}");
            }
        }
    }
}
