//! Changes of a graph, one by one, each with what undoes it.
//!
//! Everything that changes a graph is one of these steps. A transaction that may be rolled back keeps them and undoes them,
//! newest first: links come back in their order, numbers to their nodes.

use super::Graph;
use super::nodes::{Stored, Tag};

/// Where steps are kept; None where nobody may want them back.
pub type Journal<'j> = Option<&'j mut Vec<Op>>;

pub enum Op {
    /// A link was added at the end.
    Linked { id: u32, level: u8 },
    /// A link was taken out, the last one put in its place.
    Unlinked { id: u32, level: u8, index: u16, to: u32 },
    /// A node was added, the last one.
    Added,
    /// A node without links went, and the last one moved into its place.
    Removed(Box<Removed>),
    /// A node has another vector.
    Replaced { id: u32, bytes: Box<[u8]>, norm: f32, range: f32 },
    /// Searches begin elsewhere.
    Entry(u32),
}

pub struct Removed {
    id: u32,
    level: u8,
    tag: Tag,
    bytes: Box<[u8]>,
    norm: f32,
    range: f32,
}

// SAFETY: the tag points to a cell that moves between threads with its owner, who keeps it beside this.
unsafe impl Send for Removed {}

fn keep(journal: &mut Journal, op: impl FnOnce() -> Op) {
    if let Some(ops) = journal {
        ops.push(op());
    }
}

impl Graph {
    fn grow(&mut self, bytes: isize) {
        self.side_bytes = self.side_bytes.strict_add_signed(bytes);
    }

    /// Adds one direction of a link.
    pub(super) fn step_link(&mut self, id: u32, level: usize, to: u32, journal: &mut Journal) {
        keep(journal, || Op::Linked { id, level: level as u8 });
        let grown = self.nodes.push_link(id, level, to);
        self.grow(grown);
    }

    /// Takes one direction of a link out.
    pub(super) fn step_unlink(&mut self, id: u32, level: usize, to: u32, journal: &mut Journal) {
        let index = self.links(id, level).position(|other| other == to).expect("links go both ways");
        keep(journal, || Op::Unlinked { id, level: level as u8, index: index as u16, to });
        self.nodes.swap_remove_link(id, level, index);
    }

    pub(super) fn step_add(&mut self, stored: Stored, tag: Tag, level: usize, journal: &mut Journal) -> u32 {
        keep(journal, || Op::Added);
        self.nodes.push(stored, tag, level)
    }

    /// Takes a node without links out; the last one gets its number.
    pub(super) fn step_remove(&mut self, id: u32, journal: &mut Journal) {
        keep(journal, || {
            let Stored { bytes, norm, range } = self.nodes.stored(id);
            let (level, tag) = (self.nodes.level(id) as u8, self.nodes.tag(id));
            Op::Removed(Box::new(Removed { id, level, tag, bytes: bytes.into(), norm, range }))
        });
        let last = self.len() as u32 - 1;
        self.move_links(last, id);
        self.nodes.swap(id, last);
        let grown = self.nodes.pop();
        self.grow(grown);
        if self.entry == last {
            self.entry = id;
        }
        self.removals.push(id, last);
    }

    /// In all links to `from`, puts `to`.
    fn move_links(&mut self, from: u32, to: u32) {
        if from == to {
            return;
        }
        for level in 0..=self.nodes.level(from) {
            let around: Vec<u32> = self.links(from, level).collect();
            for neighbour in around {
                let index = self.links(neighbour, level).position(|id| id == from).expect("links go both ways");
                self.nodes.replace_link(neighbour, level, index, to);
            }
        }
    }

    pub(super) fn step_replace(&mut self, id: u32, stored: Stored, journal: &mut Journal) {
        keep(journal, || {
            let Stored { bytes, norm, range } = self.nodes.stored(id);
            Op::Replaced { id, bytes: bytes.into(), norm, range }
        });
        self.nodes.set_stored(id, stored);
    }

    pub(super) fn step_entry(&mut self, id: u32, journal: &mut Journal) {
        let old = self.entry;
        if old != id {
            keep(journal, || Op::Entry(old));
            self.entry = id;
        }
    }

    /// Undoes steps, the last one first. The graph is as it was before the first of them.
    pub fn undo(&mut self, ops: Vec<Op>) {
        for op in ops.into_iter().rev() {
            match op {
                Op::Linked { id, level } => {
                    let last = self.degree(id, level as usize) - 1;
                    self.nodes.swap_remove_link(id, level as usize, last);
                }
                Op::Unlinked { id, level, index, to } => {
                    let grown = self.nodes.swap_insert_link(id, level as usize, index as usize, to);
                    self.grow(grown);
                }
                Op::Added => {
                    let last = self.len() as u32 - 1;
                    let grown = self.nodes.pop();
                    self.grow(grown);
                    self.removals.push(last, last);
                }
                Op::Removed(removed) => {
                    let Removed { id, level, tag, bytes, norm, range } = *removed;
                    let last = self.nodes.push(Stored { bytes: &bytes, norm, range }, tag, level as usize);
                    if last != id {
                        self.move_links(id, last);
                        self.nodes.swap(id, last);
                        if self.entry == id {
                            self.entry = last;
                        }
                    }
                    self.removals.lose();
                }
                Op::Replaced { id, bytes, norm, range } => {
                    self.nodes.set_stored(id, Stored { bytes: &bytes, norm, range });
                }
                Op::Entry(id) => self.entry = id,
            }
        }
    }
}
