//! An inner node: up to 63 children, each with how many members are below it and its least member.
//!
//! ```text
//!   0        4       8           16    18    20     22          24
//!   +--------+-------+-----------+-----+-----+------+-----------+----------------+------------------+-----------------+------------------+
//!   | owners |       | order u64 | len | cap | skip | by member | keys: u64 x cap| leasts: u64 x cap| nodes: u64 x cap| counts: u64 x cap|
//!   +--------+-------+-----------+-----+-----+------+-----------+----------------+------------------+-----------------+------------------+
//!   leasts[i]  address of the least member below child i; child 0's least and key are not kept
//!   keys[i]    1. the order of its score, or
//!              2. by member, where all these leasts have one score (`order`) and share their first `skip` bytes: the eight
//!                 bytes after those
//!   nodes[i], counts[i]   the child, and the members below it
//! ```
//!
//! A search reads `keys`, and looks at members only where those are the same (and at one, for the bytes shared, in case 2:
//! with a million members of one score 2 instead of 14 before the leaf). Ranks are sums over `counts`.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;
use std::sync::atomic::AtomicU32;

use super::frame::{Edge, Probe, behind_prefix, common_prefix, window};
use super::member::{Member, MemberRef};
use crate::ds::block::Block;
use crate::sys::cpu::prefetch;

pub const CHILDREN_MAX: usize = 63;
/// Two neighbours with together so few children become one node.
const JOINED_MAX: usize = CHILDREN_MAX / 4 * 3;
const CHILDREN_MIN: usize = CHILDREN_MAX / 4;

const HEAD: usize = 24;
/// With the head these are the allocator's classes of 256 bytes, 512, 1 KiB and 2 KiB.
const CAPS: [u16; 4] = [7, 15, 31, 63];
const CHILD_BYTES: usize = 32;

const _: () = assert!(size_of::<Head>() == HEAD && HEAD + CHILDREN_MAX * CHILD_BYTES <= 2048);

#[repr(C)]
struct Head {
    owners: AtomicU32,
    unused: u32,
    order: u64,
    len: u16,
    cap: u16,
    skip: u16,
    by_member: u16,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Inner(NonNull<u8>);

/// A child: its least member, itself, and how many members are below it.
#[derive(Clone, Copy)]
pub struct Child {
    pub order: u64,
    pub least: *mut u8,
    pub node: NonNull<u8>,
    pub count: u64,
}

fn cap_for(children: usize) -> u16 {
    CAPS[CAPS.partition_point(|cap| (*cap as usize) < children)]
}

fn layout(cap: u16) -> Layout {
    Layout::from_size_align(HEAD + cap as usize * CHILD_BYTES, 8).expect("2 KiB at most")
}

impl Inner {
    pub fn new(children: usize) -> Inner {
        let cap = cap_for(children);
        // SAFETY: the layout is never of size zero.
        let Some(block) = NonNull::new(unsafe { alloc(layout(cap)) }) else { handle_alloc_error(layout(cap)) };
        // SAFETY: the block has room for a head, is 8-aligned, and nothing else knows it yet.
        unsafe {
            block.cast::<Head>().write(Head {
                owners: AtomicU32::new(1),
                unused: 0,
                order: 0,
                len: 0,
                cap,
                skip: 0,
                by_member: 0,
            })
        };
        Inner(block)
    }

    pub fn from_node(node: NonNull<u8>) -> Inner {
        Inner(node)
    }

    pub fn node(self) -> NonNull<u8> {
        self.0
    }

    pub fn free(self) {
        // SAFETY: the node is live and ends here; the layout is the one it was made with.
        unsafe { dealloc(self.0.as_ptr(), layout(self.head().cap)) }
    }

    #[inline]
    fn head(self) -> &'static mut Head {
        // SAFETY: the node is live; the tree that holds it is borrowed for as long as the caller uses this.
        unsafe { self.0.cast::<Head>().as_mut() }
    }

    pub fn owners(self) -> &'static AtomicU32 {
        &self.head().owners
    }

    #[inline]
    pub fn len(self) -> usize {
        self.head().len as usize
    }

    pub fn memory_bytes(self) -> usize {
        layout(self.head().cap).size()
    }

    /// One of the four arrays.
    #[inline]
    fn array<'a>(self, which: usize) -> &'a mut [u64] {
        let (len, cap) = (self.head().len, self.head().cap);
        // SAFETY: the node is live, has room for four arrays of `cap`, and the first `len` of each are initialised.
        unsafe {
            let start = self.0.as_ptr().add(HEAD).cast::<u64>().add(which * cap as usize);
            std::slice::from_raw_parts_mut(start, len as usize)
        }
    }

    #[inline]
    fn keys<'a>(self) -> &'a mut [u64] {
        self.array(0)
    }

    #[inline]
    fn leasts<'a>(self) -> &'a mut [u64] {
        self.array(1)
    }

    #[inline]
    fn nodes<'a>(self) -> &'a mut [u64] {
        self.array(2)
    }

    #[inline]
    pub fn counts<'a>(self) -> &'a mut [u64] {
        self.array(3)
    }

    #[inline]
    pub fn child(self, at: usize) -> NonNull<u8> {
        // SAFETY: `nodes` holds addresses of live nodes only.
        unsafe { NonNull::new_unchecked(self.nodes()[at] as *mut u8) }
    }

    #[inline]
    pub fn set_child(self, at: usize, node: NonNull<u8>) {
        self.nodes()[at] = node.as_ptr() as u64;
    }

    fn whole(self, at: usize) -> Child {
        Child {
            order: if self.head().by_member != 0 { self.head().order } else { self.keys()[at] },
            least: self.leasts()[at] as *mut u8,
            node: self.child(at),
            count: self.counts()[at],
        }
    }

    #[inline]
    fn least<'a>(self, at: usize) -> MemberRef<'a> {
        // SAFETY: leasts of children but the first are members of the tree, which live (1) and are lent with it (2).
        unsafe { Member::borrow_raw(self.leasts()[at] as *mut u8) }
    }

    /// The least member below child `at` has become this one.
    pub fn set_least(self, at: usize, least: MemberRef) {
        self.leasts()[at] = least.raw() as u64;
        self.set_key(at, least.order());
    }

    /// Writes the key of child `at`, whose least is in place and has a score of this order.
    fn set_key(self, at: usize, order: u64) {
        if at > 0 && self.head().by_member != 0 {
            let sample = self.least(if at == 1 { self.len() - 1 } else { 1 });
            let skip = self.head().skip as usize;
            if order == self.head().order
                && let Some(prefix) = sample.bytes().get(..skip)
                && let Ok(number) = behind_prefix(self.least(at).bytes(), prefix)
            {
                self.keys()[at] = number;
                return;
            }
            self.keys().fill(self.head().order);
            self.head().by_member = 0;
        }
        self.keys()[at] = order;
    }

    /// Makes the keys such as the leasts allow. A look at each of them where they have one score.
    pub fn refit(self) {
        let len = self.len();
        if len < 3 {
            return;
        }
        let (first, last) = (self.least(1), self.least(len - 1));
        let by_member = first.order() == last.order();
        if !by_member {
            if self.head().by_member != 0 {
                self.keys().fill(self.head().order);
                self.head().by_member = 0;
            }
            return;
        }
        self.leasts()[1..].iter().for_each(|least| prefetch(*least as *const u8));
        let skip = common_prefix(first.bytes(), last.bytes()).min(u16::MAX as usize);
        let head = self.head();
        (head.order, head.skip, head.by_member) = (first.order(), skip as u16, 1);
        for at in 1..len {
            self.keys()[at] = window(self.least(at).bytes(), skip);
        }
    }

    /// The child that `probe` is in.
    #[inline]
    pub fn locate(self, probe: &Probe) -> usize {
        let keys = &self.keys()[1..];
        let mut wanted = probe.order;
        if self.head().by_member != 0 {
            match self.behind_prefix(probe) {
                Ok(number) => wanted = number,
                Err(at) => return at,
            }
        }
        let below = keys.partition_point(|key| *key < wanted);
        if below == keys.len() || keys[below] != wanted {
            return below;
        }
        let alike = keys[below..].partition_point(|key| *key == wanted);
        // Child `below` is the last with another key; count those that begin within.
        let (mut from, mut to) = (below, below + alike);
        while from < to {
            let middle = from.midpoint(to);
            if probe.is_within(self.least(middle + 1)) { from = middle + 1 } else { to = middle }
        }
        from
    }

    /// The key of `probe` among those by member. Err: its child, which is the first or the last.
    #[inline]
    fn behind_prefix(self, probe: &Probe) -> Result<u64, usize> {
        let last = self.len() - 1;
        if probe.order != self.head().order {
            return Err(if probe.order < self.head().order { 0 } else { last });
        }
        let bytes = match probe.edge {
            Edge::Start => return Err(0),
            Edge::End => return Err(last),
            Edge::At(bytes) | Edge::After(bytes) => bytes,
        };
        let skip = self.head().skip as usize;
        behind_prefix(bytes, &self.least(1).bytes()[..skip]).map_err(|order| if order.is_lt() { 0 } else { last })
    }

    /// Members below the children before `at`.
    #[inline]
    pub fn before(self, at: usize) -> u64 {
        self.counts()[..at].iter().sum()
    }

    pub fn count(self) -> u64 {
        self.before(self.len())
    }

    /// The child that holds the member of rank `rank`, and its rank there.
    #[inline]
    pub fn locate_rank(self, mut rank: u64) -> (usize, u64) {
        let counts = self.counts();
        for (at, count) in counts.iter().enumerate() {
            if rank < *count {
                return (at, rank);
            }
            rank -= count;
        }
        (counts.len() - 1, counts[counts.len() - 1])
    }

    pub fn has_room(self) -> bool {
        self.len() < CHILDREN_MAX
    }

    /// Puts a child in at `at`; the node may become another. There must be room in the largest.
    pub fn insert(&mut self, at: usize, child: Child) {
        let len = self.len();
        debug_assert!(len < CHILDREN_MAX && at <= len);
        if len == self.head().cap as usize {
            self.resize(len + 1);
        }
        self.head().len += 1;
        for array in 0..4 {
            self.array(array).copy_within(at..len, at + 1);
        }
        self.write(at, child);
    }

    fn write(self, at: usize, child: Child) {
        self.leasts()[at] = child.least as u64;
        self.set_key(at, child.order);
        self.set_child(at, child.node);
        self.counts()[at] = child.count;
    }

    pub fn push(&mut self, child: Child) {
        self.insert(self.len(), child);
    }

    /// Takes the children from `from` to `to` out; they are the caller's now.
    pub fn remove_range(self, from: usize, to: usize) {
        let len = self.len();
        for array in 0..4 {
            self.array(array).copy_within(to..len, from);
        }
        self.head().len -= (to - from) as u16;
    }

    /// Parts the node before `at`: gives the right part. What order and least its first child had are for the caller.
    pub fn split(self, at: usize) -> (Inner, Child) {
        let len = self.len();
        let mut right = Inner::new(len - at);
        for child in at..len {
            right.push(self.whole(child));
        }
        let first = self.whole(at);
        self.head().len = at as u16;
        self.refit();
        right.refit();
        (right, first)
    }

    /// Should this node and the one to its right be one?
    pub fn should_join(self, right: Inner) -> bool {
        self.len().min(right.len()) < CHILDREN_MIN && self.len() + right.len() <= JOINED_MAX
    }

    /// Takes over the children of `right`, which ends; `least` is the least member below it.
    pub fn join(&mut self, right: Inner, least: MemberRef) {
        for child in 0..right.len() {
            let mut child = right.whole(child);
            if child.node == right.child(0) {
                (child.order, child.least) = (least.order(), least.raw());
            }
            self.push(child);
        }
        right.free();
        self.refit();
    }

    /// A copy for those who edit, while others still read this one.
    pub fn copy(self) -> Inner {
        let mut copy = Inner::new(self.len());
        for child in 0..self.len() {
            copy.push(self.whole(child));
        }
        copy.refit();
        copy
    }

    fn resize(&mut self, children: usize) {
        // The arrays move within the block, so that a reallocation would save nothing.
        let mut larger = Inner::new(children);
        for child in 0..self.len() {
            larger.push(self.whole(child));
        }
        larger.refit();
        self.free();
        *self = larger;
    }
}
