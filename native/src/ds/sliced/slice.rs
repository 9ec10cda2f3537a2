//! 4,096 neighbouring positions of an array.
//!
//! ```text
//!   sparse   (offset, word) (offset, word) …      ascending; 16 bytes an element
//!   dense    first | word or nothing …            a window that begins at `first`; 8 bytes a position
//! ```
//!
//! A slice becomes dense when the window is no dearer than the list, at least half full, and sparse again when it is less than a
//! quarter full: between the two nothing flips.

use super::word::Word;

/// Positions of a slice.
pub const SLICE_LEN: usize = 4096;
const _: () = assert!(SLICE_LEN.is_power_of_two() && SLICE_LEN <= 1 << 16);

/// Elements up to which a slice stays a list: a window would save nothing.
const SPARSE_MIN: usize = 4;
/// Fewest positions a window grows by.
const GROWTH_MIN: usize = 4;

#[derive(Clone)]
pub struct Slice {
    /// Which of the array's slices it is: index / 4,096.
    pub(super) id: u64,
    /// Bytes of the blocks of its words.
    block_bytes: usize,
    count: u16,
    form: Form,
}

#[derive(Clone)]
enum Form {
    Sparse(Vec<(u16, Word)>),
    Dense { first: u16, words: Vec<Option<Word>> },
}

impl Slice {
    /// A slice of one element.
    pub(super) fn of(id: u64, offset: usize, word: Word) -> Slice {
        let block_bytes = word.block_bytes();
        Slice { id, block_bytes, count: 1, form: Form::Sparse(vec![(offset as u16, word)]) }
    }

    #[inline]
    pub fn id(&self) -> u64 {
        self.id
    }

    #[inline]
    pub fn count(&self) -> usize {
        self.count as usize
    }

    pub fn is_dense(&self) -> bool {
        matches!(self.form, Form::Dense { .. })
    }

    /// Positions of its window, or elements that its list has room for.
    pub fn room(&self) -> usize {
        match &self.form {
            Form::Sparse(list) => list.capacity(),
            Form::Dense { words, .. } => words.len(),
        }
    }

    /// Bytes on the heap beside the slice itself.
    pub(super) fn heap_bytes(&self) -> usize {
        let own = match &self.form {
            Form::Sparse(list) => list.capacity() * size_of::<(u16, Word)>(),
            Form::Dense { words, .. } => words.capacity() * size_of::<Option<Word>>(),
        };
        own + self.block_bytes
    }

    #[inline]
    pub fn get(&self, offset: usize) -> Option<&Word> {
        match &self.form {
            Form::Sparse(list) => find(list, offset).ok().map(|at| &list[at].1),
            Form::Dense { first, words } => words.get(offset.wrapping_sub(*first as usize))?.as_ref(),
        }
    }

    /// Puts an element at `offset`; gives the one that stood there.
    pub(super) fn set(&mut self, offset: usize, word: Word) -> Option<Word> {
        self.block_bytes += word.block_bytes();
        let old = self.put(offset, word);
        match &old {
            Some(old) => self.block_bytes -= old.block_bytes(),
            None => self.count += 1,
        }
        old
    }

    fn put(&mut self, offset: usize, word: Word) -> Option<Word> {
        if let Form::Dense { first, words } = &mut self.form {
            let start = *first as usize;
            if let Some(place) = words.get_mut(offset.wrapping_sub(start)) {
                return place.replace(word);
            }
            let end = start + words.len();
            let span = end.max(offset + 1) - start.min(offset);
            if span <= 4 * (self.count as usize + 1) {
                if offset < start {
                    // As much again before it: the next that comes there does not move the rest once more.
                    let spare = (4 * (self.count as usize + 1)).saturating_sub(words.len());
                    let more = (start - offset).max((words.len() / 2).min(start).min(spare));
                    words.splice(0..0, (0..more).map(|_| None));
                    *first -= more as u16;
                    words[offset + more - start] = Some(word);
                } else {
                    grow(words, offset + 1 - start, SLICE_LEN - start);
                    words.resize_with(offset - start, || None);
                    words.push(Some(word));
                }
                return None;
            }
            self.become_sparse();
        }
        let Form::Sparse(list) = &mut self.form else { unreachable!("made sparse above") };
        match find(list, offset) {
            Ok(at) => Some(std::mem::replace(&mut list[at].1, word)),
            Err(at) => {
                if list.len() == list.capacity() {
                    list.reserve_exact((list.len() / 2).max(1));
                }
                list.insert(at, (offset as u16, word));
                self.become_dense_if_full();
                None
            }
        }
    }

    /// Takes the element at `offset` out. The slice may be empty then.
    pub(super) fn take(&mut self, offset: usize) -> Option<Word> {
        let word = match &mut self.form {
            Form::Sparse(list) => {
                let at = find(list, offset).ok()?;
                Some(list.remove(at).1)
            }
            Form::Dense { first, words } => words.get_mut(offset.wrapping_sub(*first as usize))?.take(),
        }?;
        self.block_bytes -= word.block_bytes();
        self.count -= 1;
        self.settle();
        Some(word)
    }

    /// Takes all from offset `from` to `to` out, both included; None: there is none. The rest may be empty.
    pub(super) fn extract(&mut self, from: usize, to: usize) -> Option<Slice> {
        let mut taken: Vec<(u16, Word)> = Vec::new();
        match &mut self.form {
            Form::Sparse(list) => {
                let (start, end) = (first_at(list, from), first_at(list, to + 1));
                taken.extend(list.drain(start..end));
            }
            Form::Dense { first, words } => {
                let start = *first as usize;
                let (from, to) = (from.max(start), (to + 1).min(start + words.len()));
                for offset in from..to.max(from) {
                    taken.extend(words[offset - start].take().map(|word| (offset as u16, word)));
                }
            }
        }
        if taken.is_empty() {
            return None;
        }
        let block_bytes = taken.iter().map(|(_, word)| word.block_bytes()).sum();
        let count = taken.len() as u16;
        self.block_bytes -= block_bytes;
        self.count -= count;
        self.settle();
        let mut taken = Slice { id: self.id, block_bytes, count, form: Form::Sparse(taken) };
        taken.become_dense_if_full();
        Some(taken)
    }

    /// Takes in another slice of the same positions, which has none that this one has.
    pub(super) fn merge(&mut self, mut other: Slice) {
        debug_assert_eq!(self.id, other.id);
        if other.count > self.count {
            std::mem::swap(self, &mut other);
        }
        let words: Vec<(u16, Word)> = match other.form {
            Form::Sparse(list) => list,
            Form::Dense { first, words } => {
                let placed = words.into_iter().enumerate();
                placed.filter_map(|(at, word)| Some((first + at as u16, word?))).collect()
            }
        };
        for (offset, word) in words {
            let old = self.set(offset as usize, word);
            debug_assert!(old.is_none());
        }
    }

    /// Elements from offset `from` to `to`, both included. O(1) for all of them.
    pub(super) fn count_range(&self, from: usize, to: usize) -> usize {
        if from == 0 && to == SLICE_LEN - 1 {
            return self.count();
        }
        match &self.form {
            Form::Sparse(list) => first_at(list, to + 1) - first_at(list, from),
            Form::Dense { .. } => self.range(from, to).filter(|place| place.1.is_some()).count(),
        }
    }

    /// Offset of the last element; there is one.
    pub(super) fn last(&self) -> usize {
        match &self.form {
            Form::Sparse(list) => list.last().expect("slices are not empty").0 as usize,
            Form::Dense { first, words } => *first as usize + words.len() - 1,
        }
    }

    /// Places from offset `from` to `to`, both included, in either direction: all elements, and some that are empty.
    pub fn range(&self, from: usize, to: usize) -> impl DoubleEndedIterator<Item = (usize, Option<&Word>)> {
        let (mut sparse, mut dense, mut start) = (&[][..], &[][..], 0);
        match &self.form {
            Form::Sparse(list) => sparse = &list[first_at(list, from)..first_at(list, to + 1)],
            Form::Dense { first, words } => {
                start = from.max(*first as usize);
                let end = (to + 1).min(*first as usize + words.len()).max(start);
                dense = if start < end { &words[start - *first as usize..end - *first as usize] } else { &[] };
            }
        }
        let sparse = sparse.iter().map(|(offset, word)| (*offset as usize, Some(word)));
        let dense = dense.iter().enumerate().map(move |(at, word)| (start + at, word.as_ref()));
        sparse.chain(dense)
    }

    fn become_dense_if_full(&mut self) {
        let Form::Sparse(list) = &mut self.form else { return };
        let (Some(first), Some(last)) = (list.first(), list.last()) else { return };
        let (first, span) = (first.0, (last.0 - first.0) as usize + 1);
        if list.len() <= SPARSE_MIN || span > 2 * list.len() {
            return;
        }
        let mut words = Vec::with_capacity(span);
        for (offset, word) in list.drain(..) {
            words.resize_with((offset - first) as usize, || None);
            words.push(Some(word));
        }
        self.form = Form::Dense { first, words };
    }

    fn become_sparse(&mut self) {
        let Form::Dense { first, words } = &mut self.form else { return };
        let mut list = Vec::with_capacity(self.count as usize + 1);
        for (at, word) in std::mem::take(words).into_iter().enumerate() {
            list.extend(word.map(|word| (*first + at as u16, word)));
        }
        self.form = Form::Sparse(list);
    }

    /// After elements went: a window ends with an element, is not less than a quarter full, and room that is not needed is given
    /// back.
    fn settle(&mut self) {
        match &mut self.form {
            Form::Sparse(list) => {
                if list.capacity() > 4 && list.len() * 2 < list.capacity() {
                    list.shrink_to(list.len() + list.len() / 4 + 1);
                }
            }
            Form::Dense { words, .. } => {
                while words.last().is_some_and(Option::is_none) {
                    words.pop();
                }
                if (self.count as usize) * 4 < words.len() {
                    self.become_sparse();
                } else if words.len() * 4 < words.capacity() {
                    words.shrink_to(words.len() * 2);
                }
            }
        }
    }

    /// Panics where something does not hold that everything else relies on.
    #[cfg(any(test, feature = "verify"))]
    pub fn check(&self) {
        let count = self.range(0, SLICE_LEN - 1).filter(|place| place.1.is_some()).count();
        let bytes: usize = self.range(0, SLICE_LEN - 1).filter_map(|place| Some(place.1?.block_bytes())).sum();
        assert_eq!((count, bytes), (self.count(), self.block_bytes));
        assert!(count > 0 && self.get(self.last()).is_some());
        match &self.form {
            Form::Sparse(list) => {
                assert!(list.is_sorted_by(|a, b| a.0 < b.0) && (list.last().unwrap().0 as usize) < SLICE_LEN)
            }
            Form::Dense { first, words } => {
                assert!(
                    *first as usize + words.len() <= SLICE_LEN && words.len() <= count * 4,
                    "{count} of {}",
                    words.len()
                );
            }
        }
    }
}

/// Room for `len` words at least, of which there can be `most`: half as much again, so that growth stays cheap and slack small.
fn grow(words: &mut Vec<Option<Word>>, len: usize, most: usize) {
    if len > words.capacity() {
        let wanted = (len + (len / 2).max(GROWTH_MIN)).min(most);
        words.reserve_exact(wanted - words.len());
    }
}

#[inline]
fn find(list: &[(u16, Word)], offset: usize) -> Result<usize, usize> {
    list.binary_search_by(|(at, _)| (*at as usize).cmp(&offset))
}

/// Where the first element at or behind `offset` is.
fn first_at(list: &[(u16, Word)], offset: usize) -> usize {
    find(list, offset).unwrap_or_else(|at| at)
}
