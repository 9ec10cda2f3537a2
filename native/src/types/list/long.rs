//! Replies with so many elements that they are written in slices, between the requests of others: from a copy of the list
//! as it was when the command ran, which costs nothing (tree.rs).

use super::Side;
use super::lazy::Lazy;
use super::value::ListValue;
use crate::ds::entry::Object;
use crate::resp::reply::Reply;
use crate::store::Store;
use crate::txn::{Progress, Slice, Txn, Work};

/// Most elements of a reply that is written at once: less than 0.1 ms of short ones.
const ELEMENTS_AT_ONCE: u64 = 8192;
/// Most bytes of one, as far as can be told from the list's size.
const BYTES_AT_ONCE: u64 = 512 * 1024;

/// Elements and bytes between two looks at the clock.
pub const ELEMENTS_PER_LOOK: u64 = 1024;
const BYTES_PER_LOOK: u64 = 64 * 1024;

/// Would a reply of `count` elements of the list take long?
#[inline]
pub fn is_long(list: &ListValue, count: u64) -> bool {
    count > ELEMENTS_AT_ONCE || (list.memory_bytes() as u64 > BYTES_AT_ONCE && count * mean_bytes(list) > BYTES_AT_ONCE)
}

fn mean_bytes(list: &ListValue) -> u64 {
    list.memory_bytes() as u64 / list.count().max(1) + 1
}

/// Bulk strings of a range of elements, after the head of the reply.
pub struct LongReply {
    list: Lazy,
    from: u64,
    left: u64,
    side: Side,
    head: Vec<u8>,
    per_look: u64,
}

impl LongReply {
    /// `list` is a copy, or what was taken out.
    pub fn new(list: ListValue, from: u64, count: u64, side: Side, head: Vec<u8>, store: &'static Store) -> LongReply {
        let per_look = (BYTES_PER_LOOK / mean_bytes(&list)).clamp(1, ELEMENTS_PER_LOOK);
        LongReply { list: Lazy::new(list, &store.garbage), from, left: count, side, head, per_look }
    }
}

impl Work for LongReply {
    fn step(&mut self, _: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        let slice = Slice::begin();
        reply.raw(&std::mem::take(&mut self.head));
        while self.left > 0 {
            let count = self.per_look.min(self.left);
            self.left -= count;
            let from = if self.side == Side::Left { self.from } else { self.from + self.left };
            self.list.list().write_bulks(from, count, self.side, reply.buffer());
            if self.side == Side::Left {
                self.from += count;
            }
            if slice.is_over() {
                break;
            }
        }
        Ok(if self.left > 0 { Progress::More } else { Progress::Done })
    }
}
