//! Replies with a place for every index, holes too: ARGETRANGE and ARLASTITEMS.

use super::{BYTES_PER_LOOK, ELEMENTS_PER_LOOK, element, later};
use crate::ds::sliced::Sliced;
use crate::resp::reply::Reply;
use crate::store::Store;
use crate::store::lazy_free::Later;
use crate::txn::{Effect, Progress, Slice, Txn, Work};

/// All places of ranges, one behind the other, after the head of the reply. The elements are a clone, which stays as it was.
pub struct Places {
    elements: Later<Sliced>,
    /// The first of a range may be the greater: then it is gone through downwards.
    ranges: [Option<(u64, u64)>; 2],
    places: Option<u64>,
    per_look: u64,
}

impl Places {
    pub fn new(elements: &Sliced, ranges: [Option<(u64, u64)>; 2], places: u64, store: &'static Store) -> Places {
        let totals = elements.totals();
        let mean = totals.bytes as u64 / totals.elements.max(1) + 1;
        let per_look = (BYTES_PER_LOOK as u64 / mean).clamp(1, ELEMENTS_PER_LOOK);
        Places { elements: later(elements.clone(), store), ranges, places: Some(places), per_look }
    }

    /// The first slice is often the last.
    pub fn begin(mut self, reply: &mut Reply) -> Effect {
        match self.go_on(reply) {
            Progress::Done => Effect::None,
            Progress::More => Effect::Slices(Box::new(self)),
        }
    }

    fn go_on(&mut self, reply: &mut Reply) -> Progress {
        let slice = Slice::begin();
        if let Some(places) = self.places.take() {
            reply.array(places as usize);
        }
        for range in &mut self.ranges {
            while let Some((from, to)) = *range {
                let more = self.per_look - 1;
                let last =
                    if from <= to { to.min(from.saturating_add(more)) } else { to.max(from.saturating_sub(more)) };
                write(&self.elements, from, last, reply);
                *range = match () {
                    () if last == to => None,
                    () if from <= to => Some((last + 1, to)),
                    () => Some((last - 1, to)),
                };
                if slice.is_over() {
                    break;
                }
            }
            if range.is_some() {
                return Progress::More;
            }
        }
        Progress::Done
    }
}

/// Writes every place from one index to another, a few hundred at most.
fn write(elements: &Sliced, from: u64, to: u64, reply: &mut Reply) {
    let mut due = 0;
    let mut holes = |reply: &mut Reply, distance: u64| {
        (due..distance).for_each(|_| element(reply, None));
        due = distance + 1;
    };
    elements.walk(from, to, |index, word| {
        holes(reply, from.abs_diff(index));
        element(reply, Some(word));
        true
    });
    holes(reply, from.abs_diff(to) + 1);
}

impl Work for Places {
    fn step(&mut self, _: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        Ok(self.go_on(reply))
    }
}
