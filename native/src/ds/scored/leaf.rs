//! A leaf of the tree: up to 124 words, one for each member, in their order.
//!
//! ```text
//!   0        4       8            16           24    26    28     30      31          32
//!   +--------+-------+------------+------------+-----+-----+------+-------+-----------+------------------+
//!   | owners |       | origin u64 | order u64  | len | cap | skip | shift | by member | words: u64 x cap |
//!   +--------+-------+------------+------------+-----+-----+------+-------+-----------+------------------+
//! ```
//!
//! A leaf is as large as the allocator's class that its words need and
//! grows class by class, so that leaves are nine tenths full on average where those of one size would be seven tenths full.
//!
//! Trees that are clones of each other own nodes together (`owners`); then a node is only read, and whoever wants to change
//! it makes a copy first.
//!
//! Words used in SAFETY comments here and in `inner.rs`: a node is *live* while a tree owns it. Handles of nodes are in the
//! hands of trees alone, which edit and free nodes that they own alone, under `&mut`, and lend what is in them under `&`.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error, realloc};
use std::ptr::NonNull;
use std::sync::atomic::AtomicU32;

use super::frame::{Frame, Probe, Stand};
use super::member::MemberRef;
use super::word::{bound, digest_of, lower_bound, member_of, raw_of, word};
use crate::sys::cpu::prefetch;

/// 1 KiB: larger ones cost more to insert into than they save above.
pub const WORDS_MAX: usize = 124;
/// Fewer words than this: the leaf joins a neighbour if both fit into three quarters of a leaf.
pub const WORDS_MIN: usize = WORDS_MAX / 4;
const JOINED_MAX: usize = WORDS_MAX / 4 * 3;
/// Words that a bulk load puts into a leaf.
pub const WORDS_LOADED: usize = 108;

const HEAD: usize = 32;
/// With the head these are the allocator's classes from 96 bytes to 1 KiB.
const CAPS: [u16; 14] = [8, 12, 16, 20, 24, 28, 36, 44, 52, 60, 76, 92, 108, 124];

/// A leaf whose digests span less than this is given a finer frame, if there is one, when it splits: 2^12 of them still
/// tell 60 members apart.
const SPAN_MIN: u64 = 1 << 12;

const _: () = assert!(size_of::<Head>() == HEAD && CAPS[13] as usize == WORDS_MAX);

#[repr(C)]
struct Head {
    owners: AtomicU32,
    unused: u32,
    origin: u64,
    order: u64,
    len: u16,
    cap: u16,
    skip: u16,
    shift: u8,
    by_member: u8,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Leaf(NonNull<u8>);

fn cap_for(words: usize) -> u16 {
    CAPS[CAPS.partition_point(|cap| (*cap as usize) < words)]
}

fn layout(cap: u16) -> Layout {
    Layout::from_size_align(HEAD + cap as usize * 8, 8).expect("1 KiB at most")
}

impl Leaf {
    pub fn new(words: usize, frame: Frame) -> Leaf {
        let cap = cap_for(words);
        // SAFETY: the layout is never of size zero.
        let Some(block) = NonNull::new(unsafe { alloc(layout(cap)) }) else { handle_alloc_error(layout(cap)) };
        // SAFETY: the block has room for a head, is 8-aligned, and nothing else knows it yet.
        unsafe {
            block.cast::<Head>().write(Head {
                owners: AtomicU32::new(1),
                unused: 0,
                origin: 0,
                order: 0,
                len: 0,
                cap,
                skip: 0,
                shift: 0,
                by_member: 0,
            });
        }
        let leaf = Leaf(block);
        leaf.set_frame(frame);
        leaf
    }

    /// A leaf of its own with these words.
    fn of(words: &[u64], frame: Frame) -> Leaf {
        let leaf = Leaf::new(words.len(), frame);
        leaf.set_len(words.len());
        leaf.words().copy_from_slice(words);
        leaf
    }

    /// A leaf of members in their order. `each` gives them twice.
    pub fn of_members<'a>(members: impl ExactSizeIterator<Item = MemberRef<'a>> + Clone) -> Leaf {
        let len = members.len();
        let (first, last) = (members.clone().next(), members.clone().last());
        let (Some(first), Some(last)) = (first, last) else { unreachable!("a leaf is not empty") };
        let frame = Frame::fit(first, last);
        let leaf = Leaf::new(len, frame);
        leaf.set_len(len);
        for (slot, member) in leaf.words().iter_mut().zip(members) {
            *slot = word(frame.digest(member), member.raw());
        }
        leaf
    }

    pub fn from_node(node: NonNull<u8>) -> Leaf {
        Leaf(node)
    }

    pub fn node(self) -> NonNull<u8> {
        self.0
    }

    pub fn free(self) {
        // SAFETY: the leaf is live and ends here; the layout is the one it was made with.
        unsafe { dealloc(self.0.as_ptr(), layout(self.head().cap)) }
    }

    #[inline]
    fn head(self) -> &'static mut Head {
        // SAFETY: the leaf is live; the tree that holds it is borrowed for as long as the caller uses this.
        unsafe { self.0.cast::<Head>().as_mut() }
    }

    pub fn owners(self) -> &'static AtomicU32 {
        &self.head().owners
    }

    #[inline]
    pub fn len(self) -> usize {
        self.head().len as usize
    }

    fn set_len(self, len: usize) {
        debug_assert!(len <= self.head().cap as usize);
        self.head().len = len as u16;
    }

    pub fn memory_bytes(self) -> usize {
        layout(self.head().cap).size()
    }

    #[inline]
    pub fn words<'a>(self) -> &'a mut [u64] {
        // SAFETY: the leaf is live and its first `len` words are initialised; the tree is borrowed as long as they are used.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_ptr().add(HEAD).cast(), self.len()) }
    }

    #[inline]
    pub fn frame(self) -> Frame {
        let head = self.head();
        Frame {
            origin: head.origin,
            order: head.order,
            skip: head.skip,
            shift: head.shift,
            by_member: head.by_member != 0,
        }
    }

    fn set_frame(self, frame: Frame) {
        let head = self.head();
        (head.origin, head.order, head.skip, head.shift) = (frame.origin, frame.order, frame.skip, frame.shift);
        head.by_member = frame.by_member as u8;
    }

    #[inline]
    pub fn first<'a>(self) -> MemberRef<'a> {
        member_of(self.words()[0])
    }

    pub fn last<'a>(self) -> MemberRef<'a> {
        member_of(self.words()[self.len() - 1])
    }

    /// Starts loading the whole leaf; its head, the words in the middle first, where a search begins.
    #[inline]
    pub fn prefetch(node: NonNull<u8>) {
        let base = node.as_ptr();
        for line in [0, 5, 8, 3, 10, 1, 2, 4, 6, 7, 9, 11] {
            prefetch(base.wrapping_add(line * 64));
        }
    }

    /// How many members stand before `probe`.
    #[inline]
    pub fn locate(self, probe: &Probe) -> usize {
        let words = self.words();
        let digest = match self.frame().stand(probe, || member_of(words[0]).bytes()) {
            Stand::Below => return 0,
            Stand::Above => return words.len(),
            Stand::At(digest) => digest,
        };
        let low = lower_bound(words, bound(digest));
        // Mostly nobody shares the digest, or the one looked for does.
        let alike = words[low..].iter().take_while(|word| digest_of(**word) == digest).count();
        low + words[low..low + alike].partition_point(|word| probe.is_after(member_of(*word)))
    }

    /// Puts a member in at `at`; the leaf may become another. There must be room in the largest.
    pub fn insert(&mut self, at: usize, member: MemberRef) {
        let len = self.len();
        debug_assert!(len < WORDS_MAX && at <= len);
        let probe = Probe::at(member);
        let digest = match len {
            0 => None,
            _ => match self.frame().stand(&probe, || self.first().bytes()) {
                Stand::At(digest) => Some(digest),
                _ => None,
            },
        };
        if len == self.head().cap as usize {
            self.resize(len + 1);
        }
        let head = self.head();
        head.len += 1;
        let words = self.words();
        words.copy_within(at..len, at + 1);
        words[at] = word(digest.unwrap_or(0), member.raw());
        if digest.is_none() {
            self.refit();
        }
    }

    /// Gives the leaf a frame that fits its members, and looks at all of them.
    pub fn refit(self) {
        let words = self.words();
        for word in words.iter() {
            prefetch(raw_of(*word));
        }
        let frame = Frame::fit(self.first(), self.last());
        self.set_frame(frame);
        for slot in words {
            *slot = word(frame.digest(member_of(*slot)), raw_of(*slot));
        }
    }

    /// Takes the word at `at` out; the leaf may become another.
    pub fn remove(&mut self, at: usize) {
        self.remove_range(at, at + 1);
    }

    pub fn remove_range(&mut self, from: usize, to: usize) {
        let len = self.len();
        self.words().copy_within(to..len, from);
        self.set_len(len - (to - from));
        self.shrink();
    }

    /// Moves the member at `from`, whose score has become another, to `to`, counted without it. Neither is the first.
    pub fn reposition(self, from: usize, to: usize) {
        let words = self.words();
        let moved = words[from];
        if to < from {
            words.copy_within(to..from, to + 1);
        } else {
            words.copy_within(from + 1..to + 1, from);
        }
        let member = member_of(moved);
        // Between two others of the leaf, so within its frame, unless that is by member: then all have one score, and
        // nobody's can have changed without leaving.
        words[to] = word(self.frame().digest(member), raw_of(moved));
    }

    /// A new leaf of the words from `from` to `to`; this one keeps them.
    pub fn copy_range(self, from: usize, to: usize) -> Leaf {
        Leaf::of(&self.words()[from..to], self.frame())
    }

    /// A copy for those who edit, while others still read this one.
    pub fn copy(self) -> Leaf {
        self.copy_range(0, self.len())
    }

    /// Parts the leaf before `at`: gives the right part.
    pub fn split(&mut self, at: usize) -> Leaf {
        let right = self.copy_range(at, self.len());
        self.set_len(at);
        self.shrink();
        self.refine();
        right.refine();
        right
    }

    /// Takes a finer frame if the digests have become too few and there is one.
    fn refine(self) {
        let words = self.words();
        let span = digest_of(words[words.len() - 1]) - digest_of(words[0]);
        let frame = self.frame();
        if span >= SPAN_MIN || words.len() < 2 {
            return;
        }
        let fitted = Frame::fit(self.first(), self.last());
        let finer = fitted.by_member != frame.by_member || fitted.skip > frame.skip || fitted.shift + 2 < frame.shift;
        if finer {
            self.refit();
        }
    }

    /// Should this leaf and the one to its right be one?
    pub fn should_join(self, right: Leaf) -> bool {
        self.len().min(right.len()) < WORDS_MIN && self.len() + right.len() <= JOINED_MAX
    }

    /// Takes over all that is in `right`, which ends.
    pub fn join(&mut self, right: Leaf) {
        let (left_len, right_len) = (self.len(), right.len());
        if right_len > 0 {
            let joined = match left_len {
                0 => Some(right.frame()),
                _ if !self.shares_prefix(right) => None,
                _ => {
                    let (low, high) = (digest_of(self.words()[0]), digest_of(right.words()[right_len - 1]));
                    self.frame().joined(low, &right.frame(), high)
                }
            };
            self.resize(left_len + right_len);
            let (frame, right_frame) = (self.frame(), right.frame());
            let joined_frame = joined.unwrap_or(frame);
            let moved = |from: &Frame, old: u64| match joined {
                Some(_) => word(from.moved(digest_of(old), &joined_frame), raw_of(old)),
                None => old,
            };
            self.words().iter_mut().for_each(|slot| *slot = moved(&frame, *slot));
            self.set_len(left_len + right_len);
            for (slot, old) in self.words()[left_len..].iter_mut().zip(right.words()) {
                *slot = moved(&right_frame, *old);
            }
            self.set_frame(joined_frame);
            if joined.is_none() {
                self.refit();
            }
        }
        right.free();
    }

    /// Do the members of both skip the same bytes, if their frames are by member?
    fn shares_prefix(self, right: Leaf) -> bool {
        let (frame, other) = (self.frame(), right.frame());
        let skip = frame.skip as usize;
        !frame.by_member
            || (other.by_member
                && frame.skip == other.skip
                && self.first().bytes()[..skip] == right.first().bytes()[..skip])
    }

    /// A smaller block where two classes less would do.
    fn shrink(&mut self) {
        let cap = self.head().cap;
        let place = CAPS.partition_point(|other| *other < cap);
        if place >= 2 && self.len() <= CAPS[place - 2] as usize {
            self.resize(self.len());
        }
    }

    fn resize(&mut self, words: usize) {
        let (old, cap) = (layout(self.head().cap), cap_for(words.max(self.len())));
        if cap == self.head().cap {
            return;
        }
        // SAFETY: the leaf is live, `old` is its layout, and the tree puts the new address where the old one was.
        let Some(block) = NonNull::new(unsafe { realloc(self.0.as_ptr(), old, layout(cap).size()) }) else {
            handle_alloc_error(layout(cap))
        };
        self.0 = block;
        self.head().cap = cap;
    }
}
