//! The encoding that OBJECT ENCODING calls `listpack`: members one behind the other, in the order they came.
//!
//! ```text
//!   run = u16 (how many, little endian), then items as ds/item.rs codes them
//!
//!   SADD s Ada 36   ->   02 00  03 A d a  f0 24
//! ```

use super::ints;
use super::run::Run;
use crate::ds::item::{Coded, Item, after, decoded};

pub const HEAD_BYTES: usize = 2;

/// Members at most: above are the marks of runs of integers. Lookups in so many are slow already.
pub const MEMBERS_MAX: usize = ints::MARK as usize;

/// Longest run, bytes, as Redis bounds a listpack. Above it the set becomes a table.
pub const BYTES_MAX: usize = 1 << 30;

#[derive(Clone, Copy)]
pub struct Packed<'a> {
    run: &'a [u8],
}

/// Offsets of a member in the run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    pub at: usize,
    pub end: usize,
}

pub fn empty() -> Run {
    Run::of(&[&[0, 0]])
}

impl<'a> Packed<'a> {
    /// Views a whole run, which must not be one of integers.
    #[inline]
    pub fn of(run: &'a [u8]) -> Packed<'a> {
        debug_assert!(ints::Ints::of(run).is_none());
        Packed { run }
    }

    #[inline]
    pub fn len(self) -> usize {
        u16::from_le_bytes([self.run[0], self.run[1]]) as usize
    }

    /// The whole run.
    pub fn run(self) -> &'a [u8] {
        self.run
    }

    /// Where a member stands. O(members).
    #[inline]
    pub fn find(self, member: &Coded) -> Option<Span> {
        let mut at = HEAD_BYTES;
        while at < self.run.len() {
            let end = after(self.run, at);
            if member.is(&self.run[at..end]) {
                return Some(Span { at, end });
            }
            at = end;
        }
        None
    }

    pub fn get(self, span: Span) -> Item<'a> {
        decoded(&self.run[span.at..span.end])
    }

    /// All members' spans, in their order.
    pub fn spans(self) -> impl Iterator<Item = Span> + 'a {
        let mut at = HEAD_BYTES;
        std::iter::from_fn(move || {
            (at < self.run.len()).then(|| {
                let span = Span { at, end: after(self.run, at) };
                at = span.end;
                span
            })
        })
    }

    /// All members, in their order.
    pub fn iter(self) -> impl Iterator<Item = Item<'a>> {
        self.spans().map(move |span| self.get(span))
    }
}

/// Writes the number of members.
pub fn set_len(run: &mut Run, len: usize) {
    debug_assert!(len < MEMBERS_MAX + 1);
    run.bytes_mut()[..HEAD_BYTES].copy_from_slice(&(len as u16).to_le_bytes());
}

/// A run of these.
pub fn of_items<'i>(items: impl Iterator<Item = Item<'i>>) -> Run {
    let (mut made, mut len) = (vec![0; HEAD_BYTES], 0);
    for item in items {
        let coded = Coded::of(item);
        made.extend_from_slice(coded.head());
        made.extend_from_slice(coded.body());
        len += 1;
    }
    let mut run = Run::from_vec(made);
    set_len(&mut run, len);
    run
}
