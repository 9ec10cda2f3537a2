//! HGETALL, HKEYS and HVALS of a large hash, in slices between the requests of others: of a snapshot that was taken when the
//! command began, which costs next to nothing (`ds::segments`).

use super::bulk;
use super::fields::{self, FieldTable};
use crate::ds::item::Item;
use crate::resp::pieces::PIECE_BYTES;
use crate::resp::reply::Reply;
use crate::store::Store;
use crate::store::lazy_free::ELEMENTS_MIN;
use crate::txn::{Progress, Slice, Txn, Work};

/// A hash with more fields is replied in slices.
pub const AT_ONCE_FIELDS_MAX: usize = 4096;

/// Fields between two looks at the clock.
const FIELDS_PER_LOOK: usize = 128;

/// What is replied of each field.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Fields,
    Values,
    Both,
}

impl Wanted {
    #[inline]
    pub fn write(self, reply: &mut Reply, field: Item, value: Item) {
        if self != Wanted::Values {
            bulk(reply, field);
        }
        if self != Wanted::Fields {
            bulk(reply, value);
        }
    }

    /// The head of a reply of so many fields.
    pub fn begin(self, reply: &mut Reply, count: usize) {
        match self {
            Wanted::Both => reply.map(count),
            Wanted::Fields | Wanted::Values => reply.array(count),
        }
    }
}

pub struct LongReply {
    table: FieldTable,
    /// Fields that are replied, until the head is written.
    count: Option<usize>,
    now_ms: i64,
    cursor: u64,
    wanted: Wanted,
    store: &'static Store,
}

impl LongReply {
    /// Of the fields that have not expired at `now_ms`, `count` of them.
    pub fn new(table: FieldTable, count: usize, now_ms: i64, wanted: Wanted, store: &'static Store) -> LongReply {
        LongReply { table, count: Some(count), now_ms, cursor: 0, wanted, store }
    }
}

impl Work for LongReply {
    fn step(&mut self, _: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        let slice = Slice::begin();
        if let Some(count) = self.count.take() {
            self.wanted.begin(reply, count);
        }
        let mark = reply.mark();
        loop {
            self.cursor = self.table.scan(self.cursor, FIELDS_PER_LOOK, |entry| {
                if !fields::is_expired(entry, self.now_ms) {
                    self.wanted.write(reply, Item::Text(entry.key()), fields::item(entry));
                }
            });
            if self.cursor == 0 {
                return Ok(Progress::Done);
            }
            if slice.is_over() || reply.mark() - mark > PIECE_BYTES {
                return Ok(Progress::More);
            }
        }
    }
}

/// What is not shared with the key any more goes to the lazy-free thread, whichever way the connection ended.
impl Drop for LongReply {
    fn drop(&mut self) {
        if self.table.len() > ELEMENTS_MIN {
            self.store.garbage.free(0, Box::new(std::mem::take(&mut self.table)));
        }
    }
}
