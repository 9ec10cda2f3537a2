//! Adding a node, and which neighbours it gets.
//!
//! A new node asks the nearest finds of its search for links, nearest first, up to M of them:
//! 1. One that is nearer to a neighbour the node has already than to the node itself is passed over: it can be reached
//!    through that one (the paper's heuristic, algorithm 4).
//! 2. One that has no room left makes some (`make_room`) or refuses.
//! 3. If fewer than M links came of this, those passed over are asked too.
//! 4. If there is no link at all, the nearest takes one, in place of any that it can spare or beyond its room.
//!
//! `make_room` gives up one link of a full node, the longest for which this holds:
//!
//! ```text
//!        node              The link node ─ far is the longest side of a triangle: there is a `between`, linked with
//!        /   \             both and no farther from either. So `far` stays in reach, by shorter steps, and what was
//!   between ─ far          connected stays connected. (Relative neighbourhood graphs: Toussaint 1980; ours look at
//!                          triangles of links only.)
//! ```
//!
//! Equal lengths count, so that any number of equal vectors share their links evenly.

use super::nodes::{Stored, Tag};
use super::pool::Found;
use super::{BATCH, Graph, Journal};

/// Finds that a new node asks on a level, at most; more never had a chance.
const ASKED_MAX: usize = 512;
/// Links of a full node that are looked at for one to give up, at most.
const SPARED_TRIES_MAX: usize = 64;

impl Graph {
    /// Adds a node on levels 0 to `level`, linked with the finds of a search for it (per level, 0 first). Finds may be
    /// missing: then the entry stands for them.
    pub fn add(&mut self, stored: Stored, tag: Tag, level: usize, finds: &[Vec<Found>], journal: &mut Journal) -> u32 {
        let top = self.entry().map(|(_, top)| top);
        let id = self.step_add(stored, tag, level, journal);
        self.link_all(id, top, finds, journal);
        id
    }

    /// Gives a node another vector, and the neighbours that go with it.
    pub fn replace(&mut self, id: u32, stored: Stored, finds: &[Vec<Found>], journal: &mut Journal) {
        self.unlink_all(id, journal);
        self.step_replace(id, stored, journal);
        let top = (self.len() > 1).then(|| self.nodes.level(self.entry));
        self.link_all(id, top, finds, journal);
    }

    /// Links a node that has no links with finds. `top` is the highest level of the other nodes, if there are any.
    fn link_all(&mut self, id: u32, top: Option<usize>, finds: &[Vec<Found>], journal: &mut Journal) {
        let level = self.nodes.level(id);
        for at in 0..=top.map_or(0, |top| top.min(level)) {
            if top.is_none() {
                break;
            }
            let finds = finds.get(at).map_or(&[][..], Vec::as_slice);
            self.link_on(id, at, finds, journal);
        }
        if top.is_none_or(|top| level > top) {
            self.step_entry(id, journal);
        }
    }

    fn link_on(&mut self, id: u32, level: usize, finds: &[Found], journal: &mut Journal) {
        let wanted = self.m;
        // Finds of a search that was interrupted may be of a graph that has changed since.
        let is_there = |found: &&Found| {
            found.id() != id && (found.id() as usize) < self.len() && self.nodes.level(found.id()) >= level
        };
        let finds: Vec<Found> = finds.iter().filter(is_there).take(ASKED_MAX).copied().collect();
        let mut chosen: Vec<u32> = Vec::with_capacity(wanted);
        let mut passed: Vec<Found> = Vec::new();
        for found in &finds {
            if chosen.len() >= wanted {
                break;
            }
            if self.is_covered(*found, &chosen) {
                passed.push(*found);
            } else if self.connect(id, *found, level, false, journal) {
                chosen.push(found.id());
            }
        }
        for found in passed {
            if chosen.len() >= wanted {
                break;
            }
            if self.connect(id, found, level, false, journal) {
                chosen.push(found.id());
            }
        }
        if chosen.is_empty() {
            let nearest =
                finds.first().copied().unwrap_or_else(|| Found::new(self.distance(id, self.entry), self.entry));
            self.connect(id, nearest, level, true, journal);
        }
    }

    /// Is a find nearer to one of `chosen` than to the node it was found for?
    fn is_covered(&self, found: Found, chosen: &[u32]) -> bool {
        let mut distances = [0.0; BATCH];
        chosen.chunks(4).any(|some| {
            self.measure(self.probe(found.id()), some, &mut distances);
            distances[..some.len()].iter().any(|distance| *distance < found.distance())
        })
    }

    /// Links a node with a find, in both directions. False: the other has no room and makes none; forced, it takes the link
    /// beyond its room.
    pub(super) fn connect(&mut self, id: u32, to: Found, level: usize, force: bool, journal: &mut Journal) -> bool {
        let full = |graph: &Graph, id: u32| graph.degree(id, level) >= graph.degree_max(level);
        let longer_than = if force { 0.0 } else { to.distance() };
        for (end, other) in [(to.id(), id), (id, to.id())] {
            if full(self, end) && !self.make_room(end, other, longer_than, level, journal) && !force {
                return false;
            }
        }
        self.step_link(id, level, to.id(), journal);
        self.step_link(to.id(), level, id, journal);
        true
    }

    pub(super) fn disconnect(&mut self, a: u32, b: u32, level: usize, journal: &mut Journal) {
        self.step_unlink(a, level, b, journal);
        self.step_unlink(b, level, a, journal);
    }

    /// Gives up a link of a full node that is no shorter than `distance`, if one can be spared. `guest` is who the room is
    /// for.
    fn make_room(&mut self, id: u32, guest: u32, distance: f32, level: usize, journal: &mut Journal) -> bool {
        let mut around: Vec<Found> = Vec::with_capacity(self.degree(id, level));
        self.measure_links(self.probe(id), id, level, |_| true, |found| around.push(found));
        around.sort_unstable();
        let near = Near::of(&around);
        let degree_min = self.m / 2;
        for at in (0..around.len()).rev().take(SPARED_TRIES_MAX) {
            let far = around[at];
            if far.distance() < distance {
                break;
            }
            if far.id() == guest || self.degree(far.id(), level) <= degree_min {
                continue;
            }
            let spared = self.links(far.id(), level).any(|between| {
                near.place(between).is_some_and(|place| place < at)
                    && self.distance(far.id(), between) <= far.distance()
            });
            if spared {
                self.disconnect(id, far.id(), level, journal);
                return true;
            }
        }
        false
    }
}

/// Which numbers are among a node's neighbours, and at what place by distance.
struct Near {
    /// A bit for each that may be: most are not, which this tells at once.
    bits: [u64; 4],
    places: Vec<(u32, u32)>,
}

impl Near {
    fn of(around: &[Found]) -> Near {
        let mut near = Near { bits: [0; 4], places: Vec::with_capacity(around.len()) };
        for (place, found) in around.iter().enumerate() {
            let (word, bit) = Near::bit(found.id());
            near.bits[word] |= bit;
            near.places.push((found.id(), place as u32));
        }
        near.places.sort_unstable();
        near
    }

    fn bit(id: u32) -> (usize, u64) {
        let hash = id.wrapping_mul(0x9E37_79B1);
        ((hash >> 30) as usize, 1 << (hash >> 24 & 63))
    }

    fn place(&self, id: u32) -> Option<usize> {
        let (word, bit) = Near::bit(id);
        if self.bits[word] & bit == 0 {
            return None;
        }
        let at = self.places.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        Some(self.places[at].1 as usize)
    }
}
