//! What a consumer group has delivered and not yet seen acknowledged: the pending entries list, in the order of ids.
//!
//! ```text
//!   block of up to 128    ms    | m m m m …      each column is a base and, for each entry, what it is above
//!                         seq   |                that: 0, 1, 2, 4 or 8 bytes, as few as the block's values need
//!                         owner | o o o o …
//!                         time  | t t t t …
//!                         count |
//! ```
//!
//! One read delivers many entries with one owner, one time and one count, so an entry mostly takes 2 to 6 bytes (a pending entry
//! of Redis: a structure of 64 bytes in three trees). Consumers have no lists of their own: a column says in a few
//! nanoseconds whether a block has anything of one owner, and where (`memchr`).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::id::Id;
use super::ladder::{Ladder, Place, Rung};

/// Entries of a block.
const BLOCK_MAX: usize = 128;
/// Blocks with no more than this many are joined with a neighbour, if that makes no more than [`JOINED_MAX`].
const JOIN_AT: usize = 24;
const JOINED_MAX: usize = 96;
/// Room that blocks are made with, by what they hold.
const ROOMS: [usize; 3] = [8, 32, BLOCK_MAX];

const COLUMNS: usize = 5;
const MS: usize = 0;
const SEQ: usize = 1;
const OWNER: usize = 2;
const TIME: usize = 3;
const COUNT: usize = 4;

/// An entry that was given back (XNACK) and belongs to no consumer.
pub const NOBODY: u32 = 0;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Pending {
    pub id: Id,
    /// A consumer's number plus 1, or [`NOBODY`].
    pub owner: u32,
    /// When it was last delivered, ms since the epoch. Of nobody's: the how-manieth it was to be given back.
    pub time: u64,
    /// How often it was delivered.
    pub count: u64,
}

impl Pending {
    fn columns(&self) -> [u64; COLUMNS] {
        [self.id.ms, self.id.seq, self.owner as u64, self.time, self.count]
    }

    fn age(&self) -> Age {
        (self.owner != NOBODY, self.time)
    }
}

/// What was given back comes first, in that order; then what was delivered longest ago.
type Age = (bool, u64);

/// 80 bytes and its data.
#[derive(Clone, Debug)]
pub struct Block {
    floor: Id,
    data: Box<[u8]>,
    base: [u64; COLUMNS],
    /// Bytes of a cell, per column.
    widths: [u8; COLUMNS],
    len: u8,
    room: u8,
}

const _: () = assert!(size_of::<Block>() == 80 && BLOCK_MAX <= u8::MAX as usize);

type Rows = [Pending; BLOCK_MAX];

impl Block {
    fn of(floor: Id, rows: &[Pending]) -> Block {
        debug_assert!(!rows.is_empty() && rows.len() <= BLOCK_MAX && floor <= rows[0].id);
        let (mut base, mut top) = ([u64::MAX; COLUMNS], [0; COLUMNS]);
        for row in rows {
            for (column, value) in row.columns().into_iter().enumerate() {
                base[column] = base[column].min(value);
                top[column] = top[column].max(value);
            }
        }
        let mut widths = [0u8; COLUMNS];
        for column in 0..COLUMNS {
            widths[column] = match top[column] - base[column] {
                0 => 0,
                1..=0xff => 1,
                0x100..=0xffff => 2,
                0x1_0000..=0xffff_ffff => 4,
                _ => 8,
            };
        }
        let room = *ROOMS.iter().find(|room| rows.len() <= **room).expect("the last is the most");
        let bytes = widths.iter().map(|width| *width as usize * room).sum();
        let data = vec![0; bytes].into_boxed_slice();
        let mut block = Block { floor, data, base, widths, len: rows.len() as u8, room: room as u8 };
        for (at, row) in rows.iter().enumerate() {
            block.write(at, row.columns());
        }
        block
    }

    /// Where a column begins.
    #[inline]
    fn column(&self, column: usize) -> usize {
        self.widths[..column].iter().map(|width| *width as usize).sum::<usize>() * self.room as usize
    }

    #[inline]
    fn get(&self, column: usize, at: usize) -> u64 {
        let from = self.column(column);
        let cell = |bytes: usize| &self.data[from + at * bytes..][..bytes];
        self.base[column]
            + match self.widths[column] {
                0 => 0,
                1 => cell(1)[0] as u64,
                2 => u16::from_le_bytes(cell(2).try_into().expect("2 bytes")) as u64,
                4 => u32::from_le_bytes(cell(4).try_into().expect("4 bytes")) as u64,
                _ => u64::from_le_bytes(cell(8).try_into().expect("8 bytes")),
            }
    }

    fn write(&mut self, at: usize, values: [u64; COLUMNS]) {
        let mut from = 0;
        for (column, value) in values.into_iter().enumerate() {
            let width = self.widths[column] as usize;
            let above = (value - self.base[column]).to_le_bytes();
            self.data[from + at * width..][..width].copy_from_slice(&above[..width]);
            from += width * self.room as usize;
        }
    }

    #[inline]
    fn fits(&self, values: &[u64; COLUMNS]) -> bool {
        (0..COLUMNS).all(|column| {
            let (value, base, width) = (values[column], self.base[column], self.widths[column] as u32);
            value >= base && (width == 8 || (value - base) >> (8 * width) == 0)
        })
    }

    #[inline]
    fn id(&self, at: usize) -> Id {
        Id { ms: self.get(MS, at), seq: self.get(SEQ, at) }
    }

    #[inline]
    fn row(&self, at: usize) -> Pending {
        Pending {
            id: self.id(at),
            owner: self.get(OWNER, at) as u32,
            time: self.get(TIME, at),
            count: self.get(COUNT, at),
        }
    }

    fn len(&self) -> usize {
        self.len as usize
    }

    fn rows(&self, rows: &mut Rows) -> usize {
        for (at, row) in rows[..self.len()].iter_mut().enumerate() {
            *row = self.row(at);
        }
        self.len()
    }

    /// Where `id` stands, or would.
    #[inline]
    fn find(&self, id: Id) -> Result<usize, usize> {
        // Mostly the oldest is acknowledged, or a new one comes.
        let len = self.len();
        match self.id(0).cmp(&id) {
            std::cmp::Ordering::Equal => return Ok(0),
            std::cmp::Ordering::Greater => return Err(0),
            std::cmp::Ordering::Less if self.id(len - 1) < id => return Err(len),
            std::cmp::Ordering::Less => (),
        }
        let (mut low, mut high) = (1, len);
        while low < high {
            let middle = (low + high) / 2;
            match self.id(middle).cmp(&id) {
                std::cmp::Ordering::Equal => return Ok(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }

    /// Puts a row in at `at`; the block is not full.
    fn insert(&mut self, at: usize, row: Pending) {
        let values = row.columns();
        if self.len == self.room || !self.fits(&values) {
            let mut rows = Rows::from([Pending::default(); BLOCK_MAX]);
            let len = self.rows(&mut rows);
            rows.copy_within(at..len, at + 1);
            rows[at] = row;
            *self = Block::of(self.floor.min(row.id), &rows[..len + 1]);
            return;
        }
        self.floor = self.floor.min(row.id);
        self.shift(at, at + 1);
        self.len += 1;
        self.write(at, values);
    }

    /// Moves the cells from `from` on so that they begin at `to`, in each column.
    fn shift(&mut self, from: usize, to: usize) {
        let (len, room) = (self.len(), self.room as usize);
        if from == len {
            return;
        }
        let mut begin = 0;
        for width in self.widths {
            let width = width as usize;
            self.data.copy_within(begin + from * width..begin + len * width, begin + to * width);
            begin += width * room;
        }
    }

    fn set(&mut self, at: usize, row: Pending) {
        let values = row.columns();
        if self.fits(&values) {
            return self.write(at, values);
        }
        let mut rows = Rows::from([Pending::default(); BLOCK_MAX]);
        let len = self.rows(&mut rows);
        rows[at] = row;
        *self = Block::of(self.floor, &rows[..len]);
    }

    /// Takes a row out; the block must keep another.
    fn remove(&mut self, at: usize) {
        self.shift(at + 1, at);
        self.len -= 1;
        if self.len() * 4 <= self.room as usize && self.room as usize > ROOMS[0] {
            let mut rows = Rows::from([Pending::default(); BLOCK_MAX]);
            let len = self.rows(&mut rows);
            *self = Block::of(self.floor, &rows[..len]);
        }
    }

    /// The rows from `at` on in a block of their own.
    fn split(&mut self, at: usize) -> Block {
        let mut rows = Rows::from([Pending::default(); BLOCK_MAX]);
        let len = self.rows(&mut rows);
        *self = Block::of(self.floor, &rows[..at]);
        Block::of(rows[at].id, &rows[at..len])
    }

    /// Takes in the rows of the block after this one.
    fn join(&mut self, next: &Block) {
        let mut rows = Rows::from([Pending::default(); BLOCK_MAX]);
        let len = self.rows(&mut rows);
        for at in 0..next.len() {
            rows[len + at] = next.row(at);
        }
        *self = Block::of(self.floor, &rows[..len + next.len()]);
    }

    /// The first row of `owner` from `at` on.
    #[inline]
    fn next_of(&self, owner: u32, at: usize) -> Option<usize> {
        let above = (owner as u64).checked_sub(self.base[OWNER])?;
        let (from, len) = (self.column(OWNER), self.len());
        match self.widths[OWNER] {
            0 => (above == 0 && at < len).then_some(at),
            1 => {
                let cells = &self.data[from + at.min(len)..from + len];
                memchr::memchr(u8::try_from(above).ok()?, cells).map(|found| at + found)
            }
            _ => (at..len).find(|at| self.get(OWNER, *at) == owner as u64),
        }
    }

    /// Nothing in the block is older.
    fn age_min(&self) -> Age {
        (self.base[OWNER] != NOBODY as u64, self.base[TIME])
    }
}

impl Rung for Block {
    #[inline]
    fn floor(&self) -> Id {
        self.floor
    }

    #[inline]
    fn elements(&self) -> u64 {
        self.len as u64
    }

    #[inline]
    fn heap_bytes(&self) -> usize {
        self.data.len().next_multiple_of(8)
    }
}

#[derive(Clone, Debug, Default)]
pub struct Pel {
    blocks: Ladder<Block>,
    /// Entries of nobody.
    nacked: u64,
}

impl Pel {
    pub fn len(&self) -> u64 {
        self.blocks.elements()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn nacked(&self) -> u64 {
        self.nacked
    }

    pub fn heap_bytes(&self) -> usize {
        self.blocks.heap_bytes()
    }

    fn spot(&self, id: Id) -> Option<(Place, usize)> {
        let place = self.blocks.find(id)?;
        Some((place, self.blocks.at(place).find(id).ok()?))
    }

    pub fn get(&self, id: Id) -> Option<Pending> {
        self.spot(id).map(|(place, at)| self.blocks.at(place).row(at))
    }

    pub fn first(&self) -> Option<Pending> {
        self.blocks.first().map(|place| self.blocks.at(place).row(0))
    }

    pub fn last(&self) -> Option<Pending> {
        let block = self.blocks.at(self.blocks.last()?);
        Some(block.row(block.len() - 1))
    }

    /// Puts an entry in, in place of the one with its id. Gives that one.
    pub fn put(&mut self, row: Pending) -> Option<Pending> {
        self.nacked += (row.owner == NOBODY) as u64;
        let place = self.blocks.find(row.id).or_else(|| self.blocks.first());
        let Some(place) = place else {
            self.blocks.push_back(Block::of(row.id, &[row]));
            return None;
        };
        let block = self.blocks.at(place);
        match block.find(row.id) {
            Ok(at) => {
                let old = block.row(at);
                self.nacked -= (old.owner == NOBODY) as u64;
                self.blocks.edit(place, |block| block.set(at, row));
                Some(old)
            }
            Err(at) if block.len() < BLOCK_MAX => {
                self.blocks.edit(place, |block| block.insert(at, row));
                None
            }
            Err(BLOCK_MAX) => {
                // After the last of a full block: ids mostly come in order, so the new block begins with this one.
                self.blocks.insert(Block::of(row.id, &[row]));
                None
            }
            Err(at) => {
                let upper = self.blocks.edit(place, |block| block.split(BLOCK_MAX / 2));
                self.blocks.insert(upper);
                let place = self.blocks.find(row.id).unwrap_or(place);
                debug_assert!(at <= BLOCK_MAX);
                self.blocks.edit(place, |block| {
                    let at = block.find(row.id).expect_err("it was not there");
                    block.insert(at, row)
                });
                None
            }
        }
    }

    pub fn remove(&mut self, id: Id) -> Option<Pending> {
        let (place, at) = self.spot(id)?;
        let block = self.blocks.at(place);
        let old = block.row(at);
        self.nacked -= (old.owner == NOBODY) as u64;
        if block.len() == 1 {
            self.blocks.remove(place);
            return Some(old);
        }
        let left = block.len() - 1;
        self.blocks.edit(place, |block| block.remove(at));
        if left <= JOIN_AT {
            self.join(place, left);
        }
        Some(old)
    }

    /// Joins a small block with a neighbour, if the two are small together.
    fn join(&mut self, place: Place, len: usize) {
        let fits = |other: &Place| len + self.blocks.at(*other).len() <= JOINED_MAX;
        let (lower, upper) = match (self.blocks.after(place).filter(fits), self.blocks.before(place).filter(fits)) {
            (Some(after), _) => (place, after),
            (None, Some(before)) => (before, place),
            (None, None) => return,
        };
        // The upper one goes first: the place before it stays good.
        let next = self.blocks.remove(upper);
        self.blocks.edit(lower, |block| block.join(&next));
    }

    /// Where entries from `from` on begin.
    fn seek(&self, from: Id) -> (Option<Place>, usize) {
        let place = self.blocks.find(from).or_else(|| self.blocks.first());
        (place, place.map_or(0, |place| self.blocks.at(place).find(from).unwrap_or_else(|at| at)))
    }

    /// Entries from `from` on, in the order of ids.
    pub fn from(&self, from: Id) -> impl Iterator<Item = Pending> + '_ {
        self.idle_from(from, u64::MAX)
    }

    /// Entries from `from` on that were last delivered at `time_max` or before, or belong to nobody. Blocks without any cost a
    /// few nanoseconds each.
    pub fn idle_from(&self, from: Id, time_max: u64) -> impl Iterator<Item = Pending> + '_ {
        let (mut place, mut at) = self.seek(from);
        std::iter::from_fn(move || {
            loop {
                let here = place?;
                let block = self.blocks.at(here);
                if block.age_min() <= (true, time_max) {
                    while at < block.len() {
                        let row = block.row(at);
                        at += 1;
                        if row.age() <= (true, time_max) {
                            return Some(row);
                        }
                    }
                }
                (place, at) = (self.blocks.after(here), 0);
            }
        })
    }

    /// Entries of one owner from `from` on. Blocks without any cost a few nanoseconds each.
    pub fn owned_from(&self, owner: u32, from: Id) -> impl Iterator<Item = Pending> + '_ {
        let (mut place, mut at) = self.seek(from);
        std::iter::from_fn(move || {
            loop {
                let here = place?;
                let block = self.blocks.at(here);
                if let Some(found) = block.next_of(owner, at) {
                    at = found + 1;
                    return Some(block.row(found));
                }
                (place, at) = (self.blocks.after(here), 0);
            }
        })
    }

    /// The entries that wait longest and that `accepts` takes, oldest first: nobody's, then those last delivered at
    /// `time_max` or before. At most `count`. Cost: a look at each block, and at the entries of those that are old enough.
    pub fn oldest(&self, time_max: u64, count: usize, mut accepts: impl FnMut(Id) -> bool) -> Vec<Pending> {
        let mut blocks = Vec::new();
        let mut place = self.blocks.first();
        while let Some(here) = place {
            let age_min = self.blocks.at(here).age_min();
            if age_min <= (true, time_max) {
                blocks.push(Reverse((age_min, Opaque(here))));
            }
            place = self.blocks.after(here);
        }
        let mut blocks = BinaryHeap::from(blocks);
        let mut rows: BinaryHeap<Reverse<(Age, Id, Opaque<Pending>)>> = BinaryHeap::new();
        let mut found = Vec::new();
        while found.len() < count {
            // The oldest row is next if no block that is left can have one as old.
            let bound = blocks.peek().map(|Reverse((age_min, _))| *age_min);
            if rows.peek().is_some_and(|Reverse((age, ..))| bound.is_none_or(|bound| *age < bound)) {
                let Some(Reverse((_, id, Opaque(row)))) = rows.pop() else { unreachable!("peeked") };
                if accepts(id) {
                    found.push(row);
                }
            } else if let Some(Reverse((_, Opaque(place)))) = blocks.pop() {
                let block = self.blocks.at(place);
                let old = (0..block.len()).map(|at| block.row(at)).filter(|row| row.age() <= (true, time_max));
                rows.extend(old.map(|row| Reverse((row.age(), row.id, Opaque(row)))));
            } else {
                break;
            }
        }
        found
    }

    /// Takes all entries of one owner out, and gives them to `gone`.
    pub fn remove_owned(&mut self, owner: u32, mut gone: impl FnMut(Pending)) {
        let mut place = self.blocks.first();
        while let Some(here) = place {
            let block = self.blocks.at(here);
            place = self.blocks.after(here);
            if block.next_of(owner, 0).is_none() {
                continue;
            }
            let mut rows = Rows::from([Pending::default(); BLOCK_MAX]);
            let len = block.rows(&mut rows);
            let floor = block.floor;
            let mut left = 0;
            for at in 0..len {
                if rows[at].owner == owner {
                    self.nacked -= (owner == NOBODY) as u64;
                    gone(rows[at]);
                } else {
                    rows[left] = rows[at];
                    left += 1;
                }
            }
            if left > 0 {
                self.blocks.edit(here, |block| *block = Block::of(floor, &rows[..left]));
                continue;
            }
            self.blocks.remove(here);
            place = self.blocks.find(floor).map_or(self.blocks.first(), |before| self.blocks.after(before));
        }
    }
}

#[cfg(test)]
impl Pel {
    /// Panics where the structure is not what it should be.
    pub fn check(&self) {
        let (mut before, mut nacked, mut len) = (None, 0, 0);
        for block in self.blocks.iter() {
            assert!(block.len() > 0 && block.floor <= block.id(0));
            for at in 0..block.len() {
                let row = block.row(at);
                assert!(before < Some(row.id));
                assert!(row.age() >= block.age_min());
                (before, nacked, len) = (Some(row.id), nacked + (row.owner == NOBODY) as u64, len + 1);
            }
        }
        assert_eq!((self.nacked, self.len()), (nacked, len));
    }

    pub fn recounted_bytes(&self) -> usize {
        self.blocks.recounted_bytes()
    }

    pub fn blocks(&self) -> usize {
        self.blocks.len()
    }
}

/// Something that takes no part in the order of what it comes with.
#[derive(Clone, Copy)]
struct Opaque<T>(T);

impl<T> PartialEq for Opaque<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Opaque<T> {}

impl<T> PartialOrd for Opaque<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Opaque<T> {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}
