//! The encoding that OBJECT ENCODING calls `intset`: ascending integers, all of one width.
//!
//! ```text
//!   run = u16 (0xfff2, 0xfff4, 0xfff8: the width), then width bytes each, little endian
//!
//!   SADD s 5 -1 300   ->   f2 ff  ff ff  05 00  2c 01
//! ```
//!
//! The first integer that needs more makes all wider; nothing makes them narrower again but a rollback.

use super::run::Run;

pub const HEAD_BYTES: usize = 2;

/// The first two bytes of a run of integers are above this.
pub const MARK: u16 = 0xfff0;

/// Elements at most, as Redis bounds an intset.
pub const ELEMENTS_MAX: usize = 1 << 30;

#[derive(Clone, Copy)]
pub struct Ints<'a> {
    bytes: &'a [u8],
    width: usize,
}

/// An empty run.
pub fn empty() -> Run {
    Run::of(&[&head(2)])
}

fn head(width: usize) -> [u8; 2] {
    (MARK | width as u16).to_le_bytes()
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
    /// Views a whole run; None if it is none of integers.
    #[inline]
    pub fn of(run: &'a [u8]) -> Option<Ints<'a>> {
        let mark = u16::from_le_bytes([run[0], run[1]]);
        (mark > MARK).then(|| Ints { bytes: &run[HEAD_BYTES..], width: (mark & 0xf) as usize })
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
pub fn insert(run: &mut Run, number: i64) -> Option<usize> {
    let ints = view(run);
    let old_width = ints.width;
    if width_of(number) > old_width {
        let numbers: Vec<i64> = ints.iter().collect();
        // What is wider than all others is less or more than all of them.
        let index = if number < 0 { 0 } else { numbers.len() };
        let width = width_of(number);
        let mut made = Vec::with_capacity(HEAD_BYTES + (numbers.len() + 1) * width);
        made.extend_from_slice(&head(width));
        for wide in numbers[..index].iter().chain([&number]).chain(&numbers[index..]) {
            made.extend_from_slice(&wide.to_le_bytes()[..width]);
        }
        *run = Run::from_vec(made);
        return Some(old_width);
    }
    // Ascending ones are the commonest.
    let end = ints.len();
    let index = if end > 0 && ints.get(end - 1) < number { end } else { ints.find(number, 0, end).err()? };
    let at = HEAD_BYTES + index * old_width;
    run.splice(at, 0, &[&number.to_le_bytes()[..old_width]]);
    Some(old_width)
}

/// Takes `number` out; its byte offset, or None if it is not there.
pub fn remove(run: &mut Run, number: i64) -> Option<usize> {
    let ints = view(run);
    let index = ints.find(number, 0, ints.len()).ok()?;
    let (at, width) = (HEAD_BYTES + index * ints.width, ints.width);
    run.splice(at, width, &[]);
    Some(at)
}

/// Makes all narrower, as they were; each must fit.
pub fn narrow(run: &mut Run, width: usize) {
    let numbers: Vec<i64> = view(run).iter().collect();
    *run = with_width(&numbers, width);
}

fn view(run: &Run) -> Ints<'_> {
    Ints::of(run.bytes()).expect("a run of integers")
}

/// A run of these, which must be ascending and distinct.
pub fn of_sorted(numbers: &[i64]) -> Run {
    with_width(numbers, numbers.first().into_iter().chain(numbers.last()).map(|end| width_of(*end)).max().unwrap_or(2))
}

/// The same of a width that all of them fit.
pub fn with_width(numbers: &[i64], width: usize) -> Run {
    let mut made = Vec::with_capacity(HEAD_BYTES + numbers.len() * width);
    made.extend_from_slice(&head(width));
    numbers.iter().for_each(|number| made.extend_from_slice(&number.to_le_bytes()[..width]));
    Run::from_vec(made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn insertions_of_every_width_agree_with_an_ordered_set() {
        let edges =
            [0, 1, -1, 0x7fff, 0x8000, -0x8000, -0x8001, 1 << 31, (1 << 31) - 1, -(1 << 31), i64::MAX, i64::MIN];
        for turn in 0..200u64 {
            let (mut run, mut model) = (empty(), BTreeSet::new());
            let mut seed = turn;
            for _ in 0..60 {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                let number = match (seed >> 40) % 3 {
                    0 => edges[(seed >> 45) as usize % edges.len()],
                    1 => (seed >> 50) as i64 - 8000,
                    _ => (seed >> 33) as i64 % 40,
                };
                if (seed >> 37) % 3 == 0 {
                    assert_eq!(remove(&mut run, number).is_some(), model.remove(&number));
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
            assert!(of_sorted(&model.iter().copied().collect::<Vec<_>>()).bytes().len() <= run.bytes().len());
        }
    }

    #[test]
    fn ten_short_integers_need_no_block() {
        let mut run = empty();
        (0..10).for_each(|number| assert!(insert(&mut run, number * 100).is_some()));
        assert_eq!(run.heap_bytes(), 0);
        assert!(insert(&mut run, -5).is_some());
        assert_eq!(run.heap_bytes(), 24);
    }
}
