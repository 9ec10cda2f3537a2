//! The encoding that OBJECT ENCODING calls `intset`: ascending integers, all of one width.
//!
//! ```text
//!   run = 2, 4 or 8 bytes each, little endian; ds/packed.rs keeps their number, and its mark says that they are integers
//!
//!   SADD s 5 -1 300   ->   ff ff  05 00  2c 01
//! ```
//!
//! The first integer that needs more makes all wider; nothing makes them narrower again but a rollback, or the last one's
//! going.

use crate::ds::packed::Packed;

/// Elements at most, as Redis bounds an intset.
pub const ELEMENTS_MAX: usize = 1 << 30;

/// Bytes of an element where there is none yet.
const WIDTH_MIN: usize = 2;

#[derive(Clone, Copy)]
pub struct Ints<'a> {
    bytes: &'a [u8],
    width: usize,
}

/// An empty run.
pub fn empty<L>() -> Packed<L> {
    let mut run = Packed::default();
    run.set_mark(true);
    run
}

#[inline]
fn width_of(number: i64) -> usize {
    if i16::try_from(number).is_ok() {
        2
    } else if i32::try_from(number).is_ok() {
        4
    } else {
        8
    }
}

impl<'a> Ints<'a> {
    /// Views a run of so many integers.
    #[inline]
    pub fn of(bytes: &'a [u8], len: usize) -> Ints<'a> {
        Ints { bytes, width: bytes.len().checked_div(len).unwrap_or(WIDTH_MIN) }
    }

    pub fn len(self) -> usize {
        self.bytes.len() / self.width
    }

    pub fn width(self) -> usize {
        self.width
    }

    /// The one with `index` smaller ones.
    #[inline]
    pub fn get(self, index: usize) -> i64 {
        let at = index * self.width;
        match self.width {
            2 => i16::from_le_bytes(chunk(self.bytes, at)) as i64,
            4 => i32::from_le_bytes(chunk(self.bytes, at)) as i64,
            _ => i64::from_le_bytes(chunk(self.bytes, at)),
        }
    }

    pub fn iter(self) -> impl Iterator<Item = i64> + 'a {
        (0..self.len()).map(move |index| self.get(index))
    }

    #[inline]
    pub fn contains(self, number: i64) -> bool {
        width_of(number) <= self.width && self.find(number, 0, self.len()).is_ok()
    }

    /// Where `number` is, or would be, in `low..high`.
    #[inline]
    fn find(self, number: i64, mut low: usize, mut high: usize) -> Result<usize, usize> {
        while low < high {
            let middle = (low + high) / 2;
            match self.get(middle).cmp(&number) {
                std::cmp::Ordering::Equal => return Ok(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }

    /// The same from `from` on, with steps that double: for numbers that are asked for in ascending order.
    #[inline]
    pub fn gallop(self, number: i64, from: usize) -> Result<usize, usize> {
        // Sets that have much in common: the next one is it.
        if from + 1 < self.len() && self.get(from + 1) == number {
            return Ok(from + 1);
        }
        let (mut step, mut low) = (1, from);
        while low + step < self.len() && self.get(low + step) < number {
            low += step;
            step *= 2;
        }
        self.find(number, low, (low + step + 1).min(self.len()))
    }
}

#[inline]
fn chunk<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("of this length")
}

/// Puts `number` in, and gives the width there was before; None if it is there.
pub fn insert<L>(run: &mut Packed<L>, number: i64) -> Option<usize> {
    let ints = view(run);
    let old_width = ints.width;
    if width_of(number) > old_width {
        let mut numbers: Vec<i64> = ints.iter().collect();
        // What is wider than all others is less or more than all of them.
        numbers.insert(if number < 0 { 0 } else { numbers.len() }, number);
        *run = with_width(&numbers, width_of(number));
        return Some(old_width);
    }
    // Ascending ones are the commonest.
    let end = ints.len();
    let index = if end > 0 && ints.get(end - 1) < number { end } else { ints.find(number, 0, end).err()? };
    run.splice(index * old_width, 0, &[&number.to_le_bytes()[..old_width]], 1);
    Some(old_width)
}

/// Takes `number` out; false if it is not there.
pub fn remove<L>(run: &mut Packed<L>, number: i64) -> bool {
    let ints = view(run);
    let Ok(index) = ints.find(number, 0, ints.len()) else { return false };
    let width = ints.width;
    run.splice(index * width, width, &[], -1);
    true
}

/// Gives all another width, as they had it; each must fit.
pub fn rewiden<L>(run: &mut Packed<L>, width: usize) {
    let numbers: Vec<i64> = view(run).iter().collect();
    *run = with_width(&numbers, width);
}

fn view<L>(run: &Packed<L>) -> Ints<'_> {
    Ints::of(run.bytes(), run.elements())
}

/// A run of these, which must be ascending and distinct.
pub fn of_sorted<L>(numbers: &[i64]) -> Packed<L> {
    let ends = numbers.first().into_iter().chain(numbers.last());
    with_width(numbers, ends.map(|end| width_of(*end)).max().unwrap_or(WIDTH_MIN))
}

/// The same of a width that all of them fit.
pub fn with_width<L>(numbers: &[i64], width: usize) -> Packed<L> {
    let mut made = Vec::with_capacity(numbers.len() * width);
    numbers.iter().for_each(|number| made.extend_from_slice(&number.to_le_bytes()[..width]));
    let mut run = Packed::of_run(&made, numbers.len());
    run.set_mark(true);
    run
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::sys::random::step;
    use std::collections::BTreeSet;

    #[test]
    fn insertions_of_every_width_agree_with_an_ordered_set() {
        changes_agree(0);
    }

    pub(crate) fn changes_agree(first: u64) {
        let edges =
            [0, 1, -1, 0x7fff, 0x8000, -0x8000, -0x8001, 1 << 31, (1 << 31) - 1, -(1 << 31), i64::MAX, i64::MIN];
        for turn in (0..200).map(|turn| first.wrapping_add(turn)) {
            let (mut run, mut model) = (empty::<()>(), BTreeSet::new());
            let mut seed = turn;
            for _ in 0..60 {
                seed = step(seed);
                let number = match (seed >> 40) % 3 {
                    0 => edges[(seed >> 45) as usize % edges.len()],
                    1 => (seed >> 50) as i64 - 8000,
                    _ => (seed >> 33) as i64 % 40,
                };
                if (seed >> 37) % 3 == 0 {
                    assert_eq!(remove(&mut run, number), model.remove(&number));
                } else {
                    assert_eq!(insert(&mut run, number).is_some(), model.insert(number));
                }
                let ints = view(&run);
                assert!(ints.iter().eq(model.iter().copied()));
                assert!(edges.iter().all(|edge| ints.contains(*edge) == model.contains(edge)));
                let mut from = 0;
                for probe in model.iter().flat_map(|number| [*number, number.wrapping_add(1)]) {
                    let found = ints.gallop(probe, from);
                    assert_eq!(
                        found.is_ok(),
                        model.contains(&probe) && (from == 0 || ints.get(from) <= probe),
                        "{probe}"
                    );
                    if probe < i64::MAX {
                        from = found.unwrap_or_else(|at| at).min(ints.len().saturating_sub(1));
                    }
                }
            }
            let fresh: Packed<()> = of_sorted(&model.iter().copied().collect::<Vec<_>>());
            assert!(fresh.bytes().len() <= run.bytes().len());
        }
    }
}
