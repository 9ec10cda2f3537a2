//! What a leaf knows of its members without looking at them: a digest of 20 bits each, in their order.
//!
//! A leaf's frame says which 20 bits those are:
//!
//! 1. by score: digest = (order of the score >> shift) - origin. Shift and origin fit the scores of the leaf, so that 60
//!    random ones have 60 digests, and so have 60 timestamps of one minute.
//! 2. by member, where all scores of the leaf are the same: the members' first `skip` bytes are the same too, the eight
//!    bytes after them are a number, and digest = (number >> shift) - origin.
//!
//! A greater digest is a greater member; equal digests tell nothing, so only then the members are looked at. Digests of
//! all that is in the leaf are exact (never cut off at an end), so from a digest the upper bits of the number come back,
//! and a leaf that splits or joins another changes its frame without a look at the members too.

use std::cmp::Ordering;

use super::member::{MemberRef, order_of};

pub const DIGEST_BITS: u32 = 20;
pub const DIGESTS: u64 = 1 << DIGEST_BITS;

/// Bits that the members use of a frame made to fit them; the rest is room for those who come, at both ends.
const FITTED_BITS: u32 = 18;

/// A place in the order of members: between two members, or at one.
#[derive(Clone, Copy)]
pub struct Probe<'a> {
    pub order: u64,
    pub edge: Edge<'a>,
}

/// Where among the members of one score.
#[derive(Clone, Copy)]
pub enum Edge<'a> {
    /// Before the first.
    Start,
    /// Before this one, or where it would be.
    At(&'a [u8]),
    /// After it.
    After(&'a [u8]),
    /// After the last.
    End,
}

impl<'a> Probe<'a> {
    #[inline]
    pub fn at(member: MemberRef<'a>) -> Probe<'a> {
        Probe { order: member.order(), edge: Edge::At(member.bytes()) }
    }

    /// Before all members of this score, or after them.
    pub fn score(score: f64, after: bool) -> Probe<'a> {
        Probe { order: order_of(score), edge: if after { Edge::End } else { Edge::Start } }
    }

    /// Does `member` stand before this place?
    #[inline]
    pub fn is_after(&self, member: MemberRef) -> bool {
        let order = member.order();
        if order != self.order {
            return order < self.order;
        }
        match self.edge {
            Edge::Start => false,
            Edge::At(bytes) => member.bytes() < bytes,
            Edge::After(bytes) => member.bytes() <= bytes,
            Edge::End => true,
        }
    }

    /// Does the subtree that `member` is the first of begin before this place, or at it?
    #[inline]
    pub fn is_within(&self, member: MemberRef) -> bool {
        match self.edge {
            Edge::Start => false,
            Edge::At(bytes) | Edge::After(bytes) => member.bytes() <= bytes,
            Edge::End => true,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Frame {
    pub origin: u64,
    /// The one score's order, of a frame by member.
    pub order: u64,
    pub skip: u16,
    pub shift: u8,
    pub by_member: bool,
}

/// Where something stands in a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stand {
    Below,
    At(u64),
    Above,
}

/// The eight bytes after the first `skip`, as a number; missing ones are 0.
#[inline]
pub fn window(bytes: &[u8], skip: usize) -> u64 {
    let rest = bytes.get(skip..).unwrap_or(&[]);
    match rest.first_chunk::<8>() {
        Some(chunk) => u64::from_be_bytes(*chunk),
        None => {
            let mut chunk = [0; 8];
            chunk[..rest.len()].copy_from_slice(rest);
            u64::from_be_bytes(chunk)
        }
    }
}

/// The window of `bytes` behind `prefix`. Err: they do not begin so, and stand before (Less) or after all that do.
#[inline]
pub fn behind_prefix(bytes: &[u8], prefix: &[u8]) -> Result<u64, Ordering> {
    let shared = bytes.len().min(prefix.len());
    match bytes[..shared].cmp(&prefix[..shared]) {
        Ordering::Equal if shared == prefix.len() => Ok(window(bytes, shared)),
        Ordering::Equal => Err(Ordering::Less),
        other => Err(other),
    }
}

pub fn common_prefix(left: &[u8], right: &[u8]) -> usize {
    left.iter().zip(right).take_while(|(left, right)| left == right).count()
}

impl Frame {
    /// A frame for members of which these are the least and the greatest.
    pub fn fit(first: MemberRef, last: MemberRef) -> Frame {
        let (low, high) = (first.order(), last.order());
        if low != high {
            let (shift, origin) = Frame::span(low, high);
            return Frame { origin, order: 0, skip: 0, shift, by_member: false };
        }
        let skip = common_prefix(first.bytes(), last.bytes()).min(u16::MAX as usize);
        let (shift, origin) = Frame::span(window(first.bytes(), skip), window(last.bytes(), skip));
        Frame { origin, order: low, skip: skip as u16, shift, by_member: true }
    }

    /// Shift and origin for numbers from `low` to `high`, with equal room below and above.
    fn span(low: u64, high: u64) -> (u8, u64) {
        let bits = u64::BITS - (high - low).leading_zeros();
        let shift = bits.saturating_sub(FITTED_BITS);
        let used = (high >> shift) - (low >> shift);
        (shift as u8, (low >> shift).saturating_sub((DIGESTS - 1 - used) / 2))
    }

    #[inline]
    fn stand_of(&self, number: u64) -> Stand {
        let shifted = number >> self.shift;
        if shifted < self.origin {
            return Stand::Below;
        }
        let digest = shifted - self.origin;
        if digest < DIGESTS { Stand::At(digest) } else { Stand::Above }
    }

    /// Where `probe` stands. `sample` gives the bytes of any member of the leaf, whose first `skip` all have.
    #[inline]
    pub fn stand<'a>(&self, probe: &Probe, sample: impl FnOnce() -> &'a [u8]) -> Stand {
        if !self.by_member {
            return self.stand_of(probe.order);
        }
        if probe.order != self.order {
            return if probe.order < self.order { Stand::Below } else { Stand::Above };
        }
        match probe.edge {
            Edge::Start => Stand::Below,
            Edge::End => Stand::Above,
            Edge::At(bytes) | Edge::After(bytes) => self.stand_by_member(bytes, sample()),
        }
    }

    #[inline]
    fn stand_by_member(&self, bytes: &[u8], sample: &[u8]) -> Stand {
        match behind_prefix(bytes, &sample[..self.skip as usize]) {
            Ok(number) => self.stand_of(number),
            Err(Ordering::Less) => Stand::Below,
            Err(_) => Stand::Above,
        }
    }

    /// The digest of a member that this frame was fitted to hold.
    #[inline]
    pub fn digest(&self, member: MemberRef) -> u64 {
        let number = if self.by_member { window(member.bytes(), self.skip as usize) } else { member.order() };
        let digest = (number >> self.shift) - self.origin;
        debug_assert!(digest < DIGESTS);
        digest
    }

    /// The frame of all that is in this frame from digest `low` on, and of all in `other` up to digest `high`; None if
    /// that takes a look at the members. Both must be by score, or by member of the same score behind the same prefix.
    pub fn joined(&self, low: u64, other: &Frame, high: u64) -> Option<Frame> {
        if self.by_member != other.by_member || (self.by_member && (self.order, self.skip) != (other.order, other.skip))
        {
            return None;
        }
        let mut shift = self.shift.max(other.shift);
        let bounds =
            |shift: u8| ((low + self.origin) >> (shift - self.shift), (high + other.origin) >> (shift - other.shift));
        let (mut first, mut last) = bounds(shift);
        while last - first >= DIGESTS {
            shift += 1;
            (first, last) = bounds(shift);
        }
        Some(Frame { origin: first.saturating_sub((DIGESTS - 1 - (last - first)) / 2), shift, ..*self })
    }

    /// A digest of this frame in the frame `joined` made of it.
    #[inline]
    pub fn moved(&self, digest: u64, joined: &Frame) -> u64 {
        let digest = ((digest + self.origin) >> (joined.shift - self.shift)) - joined.origin;
        debug_assert!(digest < DIGESTS);
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ds::block::Block;
    use crate::ds::scored::member::Member;
    use crate::sys::random::step;

    fn frame_of(members: &[Member]) -> Frame {
        Frame::fit(members[0].borrow(), members[members.len() - 1].borrow())
    }

    #[test]
    fn digests_follow_the_order_of_scores_and_tell_most_apart() {
        let mut seed = 1u64;
        let mut scores: Vec<f64> = (0..60)
            .map(|_| {
                seed = step(seed);
                (seed >> 11) as f64 / 1e6 - 4e9
            })
            .collect();
        scores.sort_by(f64::total_cmp);
        let members: Vec<Member> = scores.iter().map(|score| Member::new(b"m", *score)).collect();
        let frame = frame_of(&members);
        let mut digests: Vec<u64> = members.iter().map(|member| frame.digest(member.borrow())).collect();
        assert!(digests.is_sorted());
        digests.dedup();
        // Orders are finer about zero, so the few scores there share some.
        assert!(digests.len() >= 45, "{}", digests.len());
    }

    #[test]
    fn members_of_one_score_are_told_apart_behind_what_they_share() {
        let members: Vec<Member> =
            (100..160).map(|number| Member::new(format!("player:{number}").as_bytes(), 7.0)).collect();
        let frame = frame_of(&members);
        assert_eq!((frame.by_member, frame.skip), (true, 8));
        let digests: Vec<u64> = members.iter().map(|member| frame.digest(member.borrow())).collect();
        assert!(digests.windows(2).all(|pair| pair[0] < pair[1]));
        let stand = |bytes: &[u8], score: f64| {
            frame.stand(&Probe { order: order_of(score), edge: Edge::At(bytes) }, || members[5].borrow().bytes())
        };
        assert_eq!(stand(b"player:103", 7.0), Stand::At(digests[3]));
        for below in [&b""[..], b"p", b"player:", b"player:0999", b"abc"] {
            assert_eq!(stand(below, 7.0), Stand::Below, "{below:?}");
        }
        assert_eq!(stand(b"player:2", 7.0), Stand::Above);
        assert_eq!((stand(b"player:103", 6.9), stand(b"player:103", 7.1)), (Stand::Below, Stand::Above));
    }

    #[test]
    fn frames_join_without_a_look_at_the_members() {
        let members: Vec<Member> = (0..120).map(|n| Member::new(b"m", 1e12 + (n * n) as f64)).collect();
        let (left, right) = (frame_of(&members[..60]), frame_of(&members[60..]));
        let low = left.digest(members[0].borrow());
        let high = right.digest(members[119].borrow());
        let joined = left.joined(low, &right, high).expect("both by score");
        for (index, member) in members.iter().enumerate() {
            let own = if index < 60 { left } else { right };
            assert_eq!(own.moved(own.digest(member.borrow()), &joined), joined.digest(member.borrow()));
        }
    }
}
