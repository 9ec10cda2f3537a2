//! The encoding that OBJECT ENCODING calls `listpack`: members one behind the other, in the order they came, as ds/item.rs
//! codes them.
//!
//! ```text
//!   SADD s Ada 36   ->   03 A d a  f0 24         (two elements; ds/packed.rs keeps their number)
//! ```

use crate::ds::item::{Coded, Item, after, decoded};
use crate::ds::packed::Packed;

/// Members at most. Lookups in so many are slow already.
pub const MEMBERS_MAX: usize = u16::MAX as usize;

#[derive(Clone, Copy)]
pub struct Items<'a> {
    run: &'a [u8],
    len: usize,
}

/// Offsets of a member in the run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    pub at: usize,
    pub end: usize,
}

impl<'a> Items<'a> {
    /// Views a run of so many items.
    #[inline]
    pub fn of(run: &'a [u8], len: usize) -> Items<'a> {
        Items { run, len }
    }

    #[inline]
    pub fn len(self) -> usize {
        self.len
    }

    pub fn run(self) -> &'a [u8] {
        self.run
    }

    /// Where a member stands. O(members).
    #[inline]
    pub fn find(self, member: &Coded) -> Option<Span> {
        let mut at = 0;
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
        let mut at = 0;
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

/// A run of these.
pub fn of_items<'i, L>(items: impl Iterator<Item = Item<'i>>) -> Packed<L> {
    let (mut run, mut len) = (Vec::new(), 0);
    for item in items {
        let coded = Coded::canonical(item);
        run.extend_from_slice(coded.head());
        run.extend_from_slice(coded.body());
        len += 1;
    }
    Packed::of_run(&run, len)
}
