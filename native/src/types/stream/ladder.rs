//! A long sequence in the order of ids, cut into rungs (blocks of entries, blocks of pending ones), which hang in chunks.
//!
//! ```text
//!   chunks   [ chunk ][ chunk ][ chunk ] …          a deque: both ends are cheap
//!     rungs   [r][r][r] …                           up to 64 each, a deque too
//!       elements                                    as the rung keeps them
//! ```
//!
//! Each rung has a floor: its elements are not below it, those of the rungs before are. A lookup is two binary searches. To
//! append is to write at the end; to drop a long front is to drop whole chunks; an insertion moves at most 64 rungs and the
//! pointers of the chunks, 8 bytes for some thousand elements.
//!
//! A clone shares the chunks: O(chunks). Whoever changes a shared chunk makes a copy of it first, so a clone is a snapshot that
//! no change reaches, and that may be read without a latch.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};

use super::id::Id;

const CHUNK_RUNGS_MAX: usize = 64;

pub trait Rung: Clone {
    /// No element is below this.
    fn floor(&self) -> Id;
    /// Elements that count.
    fn elements(&self) -> u64;
    fn heap_bytes(&self) -> usize;
}

#[derive(Clone, Debug)]
pub struct Ladder<R> {
    chunks: VecDeque<Arc<Chunk<R>>>,
    elements: u64,
    rungs: usize,
    bytes: usize,
}

#[derive(Clone, Debug)]
pub struct Chunk<R> {
    rungs: VecDeque<R>,
    elements: u64,
    bytes: usize,
}

/// Where a rung hangs. Good until rungs come or go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    chunk: usize,
    rung: usize,
}

impl<R> Default for Ladder<R> {
    fn default() -> Ladder<R> {
        Ladder { chunks: VecDeque::new(), elements: 0, rungs: 0, bytes: 0 }
    }
}

impl<R: Rung> Chunk<R> {
    fn of(rung: R) -> Arc<Chunk<R>> {
        let mut chunk = Chunk { rungs: VecDeque::with_capacity(1), elements: rung.elements(), bytes: weight(&rung) };
        chunk.rungs.push_back(rung);
        Arc::new(chunk)
    }
}

/// The chunk, to change; a copy of it where others share it. As in `ds/segments.rs`: `Arc::make_mut` would take two locked
/// instructions each time.
#[inline]
fn own<R: Rung>(chunk: &mut Arc<Chunk<R>>) -> &mut Chunk<R> {
    // No weak references exist, so a count of one can only be ours.
    if Arc::strong_count(chunk) != 1 {
        *chunk = Arc::new((**chunk).clone());
    }
    // What others read of it happened before they let it go.
    fence(Ordering::Acquire);
    // SAFETY: the only reference is borrowed exclusively, and there are no weak ones.
    unsafe { &mut *Arc::as_ptr(chunk).cast_mut() }
}

/// Bytes a rung takes with its place.
fn weight<R: Rung>(rung: &R) -> usize {
    size_of::<R>() + rung.heap_bytes()
}

impl<R: Rung> Ladder<R> {
    pub fn elements(&self) -> u64 {
        self.elements
    }

    /// Rungs.
    pub fn len(&self) -> usize {
        self.rungs
    }

    pub fn heap_bytes(&self) -> usize {
        self.bytes + self.chunks.len() * size_of::<Chunk<R>>()
    }

    /// The rung that has `id`, if any has: the last whose floor is not above.
    #[inline]
    pub fn find(&self, id: Id) -> Option<Place> {
        let last = self.chunks.back()?;
        // Mostly the end is asked for, or there is only one chunk.
        let chunk = if last.rungs[0].floor() <= id {
            self.chunks.len() - 1
        } else {
            self.chunks.partition_point(|chunk| chunk.rungs[0].floor() <= id).checked_sub(1)?
        };
        let rungs = &self.chunks[chunk].rungs;
        let rung = if rungs[rungs.len() - 1].floor() <= id {
            rungs.len() - 1
        } else {
            rungs.partition_point(|rung| rung.floor() <= id) - 1
        };
        Some(Place { chunk, rung })
    }

    pub fn first(&self) -> Option<Place> {
        (self.rungs > 0).then_some(Place { chunk: 0, rung: 0 })
    }

    pub fn last(&self) -> Option<Place> {
        let chunk = self.chunks.len().checked_sub(1)?;
        Some(Place { chunk, rung: self.chunks[chunk].rungs.len() - 1 })
    }

    #[inline]
    pub fn after(&self, place: Place) -> Option<Place> {
        if place.rung + 1 < self.chunks[place.chunk].rungs.len() {
            return Some(Place { rung: place.rung + 1, ..place });
        }
        (place.chunk + 1 < self.chunks.len()).then_some(Place { chunk: place.chunk + 1, rung: 0 })
    }

    #[inline]
    pub fn before(&self, place: Place) -> Option<Place> {
        if let Some(rung) = place.rung.checked_sub(1) {
            return Some(Place { rung, ..place });
        }
        let chunk = place.chunk.checked_sub(1)?;
        Some(Place { chunk, rung: self.chunks[chunk].rungs.len() - 1 })
    }

    #[inline]
    pub fn at(&self, place: Place) -> &R {
        &self.chunks[place.chunk].rungs[place.rung]
    }

    /// Changes a rung; its floor stays what it is, or goes down where it is the first of all.
    #[inline]
    pub fn edit<T>(&mut self, place: Place, edit: impl FnOnce(&mut R) -> T) -> T {
        let chunk = own(&mut self.chunks[place.chunk]);
        let rung = &mut chunk.rungs[place.rung];
        let (elements, bytes) = (rung.elements(), rung.heap_bytes());
        let result = edit(rung);
        let elements = rung.elements().wrapping_sub(elements);
        let bytes = rung.heap_bytes().wrapping_sub(bytes);
        chunk.elements = chunk.elements.wrapping_add(elements);
        self.elements = self.elements.wrapping_add(elements);
        chunk.bytes = chunk.bytes.wrapping_add(bytes);
        self.bytes = self.bytes.wrapping_add(bytes);
        result
    }

    fn count(&mut self, elements: u64, bytes: usize) {
        self.elements += elements;
        self.bytes += bytes;
        self.rungs += 1;
    }

    pub fn push_back(&mut self, rung: R) {
        let (elements, bytes) = (rung.elements(), weight(&rung));
        self.count(elements, bytes);
        match self.chunks.back_mut().filter(|chunk| chunk.rungs.len() < CHUNK_RUNGS_MAX) {
            Some(chunk) => {
                let chunk = own(chunk);
                chunk.rungs.push_back(rung);
                chunk.elements += elements;
                chunk.bytes += bytes;
            }
            None => self.chunks.push_back(Chunk::of(rung)),
        }
    }

    pub fn push_front(&mut self, rung: R) {
        let (elements, bytes) = (rung.elements(), weight(&rung));
        self.count(elements, bytes);
        match self.chunks.front_mut().filter(|chunk| chunk.rungs.len() < CHUNK_RUNGS_MAX) {
            Some(chunk) => {
                let chunk = own(chunk);
                chunk.rungs.push_front(rung);
                chunk.elements += elements;
                chunk.bytes += bytes;
            }
            None => self.chunks.push_front(Chunk::of(rung)),
        }
    }

    /// Hangs a rung where its floor belongs.
    pub fn insert(&mut self, rung: R) {
        let Some(place) = self.find(rung.floor()) else { return self.push_front(rung) };
        if Some(place) == self.last() {
            return self.push_back(rung);
        }
        let (elements, bytes) = (rung.elements(), weight(&rung));
        self.count(elements, bytes);
        let chunk = own(&mut self.chunks[place.chunk]);
        chunk.rungs.insert(place.rung + 1, rung);
        chunk.elements += elements;
        chunk.bytes += bytes;
        if chunk.rungs.len() > CHUNK_RUNGS_MAX {
            let upper = chunk.rungs.split_off(CHUNK_RUNGS_MAX / 2);
            let (elements, bytes) = (upper.iter().map(R::elements).sum(), upper.iter().map(weight).sum());
            chunk.elements -= elements;
            chunk.bytes -= bytes;
            self.chunks.insert(place.chunk + 1, Arc::new(Chunk { rungs: upper, elements, bytes }));
        }
    }

    pub fn remove(&mut self, place: Place) -> R {
        let chunk = own(&mut self.chunks[place.chunk]);
        let rung = chunk.rungs.remove(place.rung).expect("a place is where a rung hangs");
        let (elements, bytes) = (rung.elements(), weight(&rung));
        chunk.elements -= elements;
        chunk.bytes -= bytes;
        if chunk.rungs.is_empty() {
            self.chunks.remove(place.chunk);
        }
        self.elements -= elements;
        self.bytes -= bytes;
        self.rungs -= 1;
        rung
    }

    pub fn pop_back(&mut self) -> Option<R> {
        self.last().map(|place| self.remove(place))
    }

    /// Elements of the rungs between two places, neither counted.
    pub fn between(&self, low: Place, high: Place) -> u64 {
        let of = |chunk: usize, from: usize, to: usize| -> u64 {
            let rungs = &self.chunks[chunk].rungs;
            (from..to.min(rungs.len())).map(|rung| rungs[rung].elements()).sum()
        };
        if low.chunk == high.chunk {
            return of(low.chunk, low.rung + 1, high.rung);
        }
        let whole: u64 = (low.chunk + 1..high.chunk).map(|chunk| self.chunks[chunk].elements).sum();
        of(low.chunk, low.rung + 1, usize::MAX) + whole + of(high.chunk, 0, high.rung)
    }

    /// Elements of the first chunk, and the floor of what comes after it, if that is a rung.
    pub fn first_chunk(&self) -> Option<(u64, Option<Id>)> {
        let chunk = self.chunks.front()?;
        Some((chunk.elements, self.chunks.get(1).map(|next| next.rungs[0].floor())))
    }

    pub fn pop_chunk(&mut self) -> Option<Arc<Chunk<R>>> {
        let chunk = self.chunks.pop_front()?;
        self.elements -= chunk.elements;
        self.bytes -= chunk.bytes;
        self.rungs -= chunk.rungs.len();
        Some(chunk)
    }

    /// Undo of [`Ladder::pop_chunk`].
    pub fn push_chunk(&mut self, chunk: Arc<Chunk<R>>) {
        self.elements += chunk.elements;
        self.bytes += chunk.bytes;
        self.rungs += chunk.rungs.len();
        self.chunks.push_front(chunk);
    }
}

#[cfg(test)]
impl<R: Rung> Ladder<R> {
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &R> {
        self.chunks.iter().flat_map(|chunk| chunk.rungs.iter())
    }

    /// Heap bytes, counted anew.
    pub fn recounted_bytes(&self) -> usize {
        self.iter().map(weight).sum::<usize>() + self.chunks.len() * size_of::<Chunk<R>>()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::sys::random::step;

    #[derive(Clone, Debug, PartialEq)]
    struct Step(u64);

    impl Rung for Step {
        fn floor(&self) -> Id {
            Id { ms: self.0, seq: 0 }
        }

        fn elements(&self) -> u64 {
            self.0 % 5
        }

        fn heap_bytes(&self) -> usize {
            (self.0 % 7) as usize
        }
    }

    fn check(ladder: &Ladder<Step>, model: &[u64]) {
        assert_eq!(ladder.iter().map(|step| step.0).collect::<Vec<_>>(), model);
        assert_eq!(ladder.len(), model.len());
        assert_eq!(ladder.elements(), model.iter().map(|step| step % 5).sum::<u64>());
        let bytes: usize = model.iter().map(|step| weight(&Step(*step))).sum();
        assert_eq!(ladder.bytes, bytes);
        let mut place = ladder.last();
        for step in model.iter().rev() {
            let here = place.expect("a step for each");
            assert_eq!(ladder.at(here).0, *step);
            place = ladder.before(here);
        }
        assert_eq!(place, None);
        for (low, high) in [(0, 0), (0, model.len() / 2), (model.len() / 3, model.len())] {
            let at = |index: usize| model.get(index).and_then(|step| ladder.find(Id { ms: *step, seq: 0 }));
            if let (Some(from), Some(to)) = (at(low), at(high)) {
                let expected: u64 = model[low..high].iter().skip(1).map(|step| step % 5).sum();
                assert_eq!(ladder.between(from, to), expected);
            }
        }
        for id in [0, 1, 77, 500, 999, 100_000] {
            let expected = model.iter().rev().find(|step| **step <= id).copied();
            let found = ladder.find(Id { ms: id, seq: 3 }).map(|place| ladder.at(place).0);
            assert_eq!(found, expected, "{id}");
        }
    }

    #[test]
    fn a_ladder_agrees_with_a_sorted_list() {
        changes_agree(7);
    }

    pub(crate) fn changes_agree(mut seed: u64) {
        let (mut ladder, mut model) = (Ladder::default(), Vec::new());
        let mut below = |bound: u64| {
            seed = step(seed);
            (seed >> 33) % bound
        };
        let mut snapshot = (ladder.clone(), model.clone());
        for round in 0..6000 {
            if below(30) == 0 {
                snapshot = (ladder.clone(), model.clone());
            }
            match below(10) {
                0..7 => {
                    let step = below(100_000);
                    if let Err(at) = model.binary_search(&step) {
                        model.insert(at, step);
                        ladder.insert(Step(step));
                    }
                }
                7..9 if !model.is_empty() => {
                    let step = model.remove(below(model.len() as u64) as usize);
                    let place = ladder.find(Id { ms: step, seq: 0 }).expect("there");
                    assert_eq!(ladder.remove(place), Step(step));
                }
                _ if below(40) == 0 => {
                    let first = ladder.first_chunk();
                    if let Some(chunk) = ladder.pop_chunk() {
                        let (elements, next) = first.expect("there was one");
                        let count = chunk.rungs.len();
                        assert_eq!(elements, chunk.elements);
                        assert_eq!(next.map(|id| id.ms), model.get(count).copied());
                        if below(2) == 0 {
                            ladder.push_chunk(chunk);
                        } else {
                            model.drain(..count);
                        }
                    }
                }
                _ => (),
            }
            if round % 50 == 0 {
                check(&ladder, &model);
                check(&snapshot.0, &snapshot.1);
            }
        }
        assert!(ladder.chunks.len() > 10);
        check(&ladder, &model);
        while let Some(step) = ladder.pop_back() {
            assert_eq!(Some(step.0), model.pop());
        }
        assert_eq!((ladder.elements(), ladder.heap_bytes()), (0, 0));
    }
}
