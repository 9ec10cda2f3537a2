//! The way through the members that a search may find: cell by cell in the order of Redis, cells cut in four where that
//! spares looking at many members, those that lie outside passed over.

use super::hash::{Cell, Position, decode};
use super::shape::{Place, Shape};
use crate::ds::item::Item;
use crate::ds::scored::frame::Probe;
use crate::types::zset::value::ZsetValue;

/// Members of a cell that are looked at one by one. To find the borders of four quarters costs as much as to look at some
/// tens of members.
const CELL_MEMBERS_MAX: usize = 96;
/// Members looked at between two asks whether to go on.
const TURN_MEMBERS: usize = 256;

/// Something found.
#[derive(Clone, Copy)]
pub struct Hit<'z> {
    pub member: Item<'z>,
    pub score: f64,
    /// Meters from the centre; 0 where nobody asked.
    pub distance_m: f64,
}

impl Hit<'_> {
    pub fn position(&self) -> Position {
        decode(self.score)
    }
}

#[derive(Clone, Copy)]
struct Part {
    cell: Cell,
    /// Ranks of its members; None: not looked up yet.
    ranks: Option<(usize, usize)>,
    /// All of it is inside.
    inside: bool,
}

/// Where a search stands. The sorted set must stay the same until it is through.
pub struct Walk {
    shape: Shape,
    /// Are distances wanted of what is surely inside, too?
    distances: bool,
    /// What is still to be walked, the next one last.
    parts: Vec<Part>,
}

impl Walk {
    pub fn new(shape: Shape, distances: bool) -> Walk {
        let cells = shape.cells();
        let parts = cells.into_iter().rev().map(|cell| Part { cell, ranks: None, inside: false }).collect();
        Walk { shape, distances, parts }
    }

    /// Goes on until `go_on` says no (true: there is more) or all is through. `emit` takes what is found, and says whether
    /// it wants more.
    pub fn run<'z>(
        &mut self,
        zset: &'z ZsetValue,
        mut go_on: impl FnMut() -> bool,
        mut emit: impl FnMut(Hit<'z>) -> bool,
    ) -> bool {
        let mut turn = 0;
        while let Some(mut part) = self.parts.pop() {
            let (from, to) = part.ranks.unwrap_or_else(|| {
                let (min, max) = part.cell.scores();
                (zset.rank(&Probe::score(min, false)), zset.rank(&Probe::score(max, false)))
            });
            if from == to {
                continue;
            }
            let large = to - from > CELL_MEMBERS_MAX;
            if large && !part.inside {
                match self.shape.place(part.cell) {
                    Place::Outside => continue,
                    Place::Inside => part.inside = true,
                    Place::Across if part.cell.steps < super::hash::STEPS_MAX => {
                        self.cut(zset, part.cell, from, to);
                        continue;
                    }
                    Place::Across => (),
                }
            }
            // A large part is walked in turns.
            let end = to.min(from + TURN_MEMBERS);
            if end < to {
                self.parts.push(Part { ranks: Some((end, to)), ..part });
            }
            for (member, score) in zset.walk(from, end - from, false) {
                let distance_m = match part.inside && !self.distances {
                    true => 0.0,
                    false => match self.shape.distance_to(decode(score)) {
                        Some(distance_m) => distance_m,
                        None => continue,
                    },
                };
                if !emit(Hit { member, score, distance_m }) {
                    self.parts.clear();
                    return false;
                }
            }
            turn += end - from;
            if turn >= TURN_MEMBERS {
                turn = 0;
                if !go_on() {
                    return !self.parts.is_empty();
                }
            }
        }
        false
    }

    fn cut(&mut self, zset: &ZsetValue, cell: Cell, from: usize, to: usize) {
        let quarters = cell.quarters();
        let mut ends = [to; 4];
        for (end, quarter) in ends.iter_mut().zip(&quarters[..3]) {
            *end = zset.rank(&Probe::score(quarter.scores().1, false));
        }
        for at in (0..4).rev() {
            let start = if at == 0 { from } else { ends[at - 1] };
            self.parts.push(Part { cell: quarters[at], ranks: Some((start, ends[at])), inside: false });
        }
    }
}
