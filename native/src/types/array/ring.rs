//! ARRING and ARLASTITEMS: an array as a ring of the latest elements.
//!
//! The ring is the places 0 … size - 1; the size is what each ARRING says. One that says another than before may first have to bring
//! the latest elements into order, from index 0 on:
//!
//! 1. Smaller than the array is long: `[d e c]`, e inserted last, size 2 → `[d e]`.
//! 2. Larger, and the next place is inside, so that growing would overwrite the oldest first: `[d e c]`, size 5 → `[c d e]`.
//!    Not after ARSEEK 0, which asks for just that.
//!
//! Only the latest without a hole between them are kept.

use super::places::Places;
use super::value::ArrayValue;
use super::{ARRAY, ELEMENTS_PER_LOOK, REPLY_PLACES_MAX, count, later, refuse, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::ds::sliced::Sliced;
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::store::Store;
use crate::store::lazy_free::Later;
use crate::txn::{Class, Effect, Progress, Slice, Txn, Work, WrongType};

pub const ROWS: &[Row] = &[
    Row {
        name: "arring",
        arity: -4,
        flags: WRITE | DENYOOM,
        keys: &[key(RW | UPDATE)],
        complexity: "O(M) in the number of values given; O(N+M) where the ring gets another size, N being what it keeps",
        summary: "Inserts elements into an array as into a ring of a number of places and returns the index of the last of them.",
        args: "key size value [value ...]",
        reply: "number",
        run: Run::Data(arring),
        ..ARRAY
    },
    Row {
        name: "arlastitems",
        arity: -3,
        flags: READONLY,
        keys: &[key(RO | ACCESS)],
        complexity: "O(N) in the number of places returned",
        summary: "Returns the last places of an array before the next insertion, the oldest first, or the newest first with REV.",
        args: "key count [REV]",
        reply: "(string | null)[]",
        run: Run::Data(arlastitems),
        ..ARRAY
    },
];

fn arring(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let Some(size) = number::integer(args.get(2)) else { return refuse(reply, error::ARRAY_RING_SIZE) };
    let Some(size) = u64::try_from(size).ok().filter(|size| *size > 0) else {
        return refuse(reply, error::ARRAY_RING_SIZE_NOT_POSITIVE);
    };
    let (key, store) = (args.get(1), txn.store);
    let order = match txn.peek_object::<ArrayValue>(key) {
        Ok(array) => array.and_then(|array| Order::of(array, size, store)),
        Err(WrongType) => return wrong_type(reply),
    };
    match order {
        None => {
            count(reply, insert(txn, args, size, None));
            Effect::Verbatim
        }
        Some(mut order) => match order.go_on(false) {
            Progress::Done => {
                count(reply, insert(txn, args, size, Some(order.made)));
                Effect::Verbatim
            }
            Progress::More => Effect::Slices(Box::new(Reorder { request: args.to_owned(), size, order, tries: 0 })),
        },
    }
}

/// Puts the values of the request into the ring, after its elements were brought into the order given; gives the last index.
fn insert(txn: &mut Txn, args: Args, size: u64, ordered: Option<Sliced>) -> u64 {
    let (key, values, store) = (args.get(1), args.from(3), txn.store);
    let inserted = txn.edit_or_make(key, ArrayValue::default, |array, inverses| {
        if let Some(elements) = ordered {
            let kept = elements.count();
            array.replace(elements, store, inverses);
            array.set_inserted(kept.checked_sub(1), inverses);
        }
        let first = array.inserted().map_or(0, |last| last + 1) % size;
        let place = |at: u64| ((first as u128 + at as u128) % size as u128) as u64;
        array.set((0..).map(place).zip(values.iter()), inverses);
        let last = place(values.len() as u64 - 1);
        array.set_inserted(Some(last), inverses);
        last
    });
    txn.changed(key, Class::Array, "arring");
    txn.dirty += values.len() as u64 - 1;
    inserted.expect("looked at before, and latched since")
}

/// Copies the latest elements of an array into a new one, from index 0 on. The array is a clone, which stays as it was.
struct Order {
    elements: Later<Sliced>,
    inserted: Option<u64>,
    /// What is to be copied still, in ascending order of indexes within each.
    parts: [Option<(u64, u64)>; 2],
    made: Sliced,
    store: &'static Store,
}

impl Order {
    /// None: the ring can be inserted into as it is.
    fn of(array: &ArrayValue, size: u64, store: &'static Store) -> Option<Order> {
        let (elements, inserted) = (array.elements(), array.inserted());
        let len = elements.len();
        let grows_inside = inserted.is_some_and(|last| last + 1 < len);
        if len == 0 || size == len || (size > len && !grows_inside) {
            return None;
        }
        let keep = size.min(len);
        let newest = inserted.map_or(len - 1, |last| last % len);
        let before = without_holes(elements, newest, keep);
        // All the way to index 0: the ones before that are at the end.
        let wrapped =
            if before == newest + 1 && before < keep { without_holes(elements, len - 1, keep - before) } else { 0 };
        let part = |last: u64, count: u64| (count > 0).then(|| (last + 1 - count, last));
        Some(Order {
            elements: later(elements.clone(), store),
            inserted,
            parts: [part(len - 1, wrapped), part(newest, before)],
            made: Sliced::default(),
            store,
        })
    }

    /// Copies for a slice, or to the end.
    fn go_on(&mut self, to_the_end: bool) -> Progress {
        let slice = Slice::begin();
        for part in &mut self.parts {
            while let Some((from, to)) = *part {
                let last = to.min(from.saturating_add(ELEMENTS_PER_LOOK - 1));
                let mut next = self.made.count();
                self.elements.walk(from, last, |_, word| {
                    self.made.set(next, word.clone());
                    next += 1;
                    true
                });
                *part = (last < to).then(|| (last + 1, to));
                if !to_the_end && slice.is_over() {
                    break;
                }
            }
            if part.is_some() {
                return Progress::More;
            }
        }
        Progress::Done
    }

    fn is_current(&self, array: &ArrayValue) -> bool {
        array.elements().is_same(&self.elements) && array.inserted() == self.inserted
    }
}

/// How many of the `most` places up to `last` have elements, counted downwards to the first hole.
fn without_holes(elements: &Sliced, last: u64, most: u64) -> u64 {
    let most = most.min(last + 1);
    let (mut full, mut most) = (0, most.min(elements.count()));
    while full < most {
        let middle = most - (most - full) / 2;
        if elements.count_range(last + 1 - middle, last) == middle {
            full = middle;
        } else {
            most = middle - 1;
        }
    }
    full
}

/// An ARRING whose elements are being brought into order, between the requests of others.
struct Reorder {
    request: OwnedArgs,
    size: u64,
    order: Order,
    tries: u32,
}

/// So often others may change the array meanwhile; then it is done at once.
const TRIES_MAX: u32 = 4;

impl Work for Reorder {
    fn step(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        let args = self.request.borrow();
        let key = args.get(1);
        txn.hold(key)?;
        let array = match txn.peek_object::<ArrayValue>(key) {
            Ok(array) => array,
            Err(WrongType) => {
                reply.error(error::WRONG_TYPE);
                return Ok(Progress::Done);
            }
        };
        let mut ordered = true;
        if !array.is_some_and(|array| self.order.is_current(array)) {
            self.tries += 1;
            match array.and_then(|array| Order::of(array, self.size, self.order.store)) {
                Some(order) => self.order = order,
                None => ordered = false,
            }
        }
        if ordered && self.order.go_on(self.tries >= TRIES_MAX) == Progress::More {
            return Ok(Progress::More);
        }
        let made = ordered.then(|| std::mem::take(&mut self.order.made));
        let last = insert(txn, args, self.size, made);
        if txn.record {
            txn.effects.push((txn.db, self.request.clone()));
        }
        count(reply, last);
        Ok(Progress::Done)
    }
}

impl Drop for Reorder {
    fn drop(&mut self) {
        drop(later(std::mem::take(&mut self.order.made), self.order.store));
    }
}

fn arlastitems(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let Some(wanted) = number::integer(args.get(2)) else { return refuse(reply, error::ARRAY_COUNT) };
    let Some(wanted) = u64::try_from(wanted).ok().filter(|wanted| *wanted > 0) else {
        reply.array(0);
        return Effect::None;
    };
    let newest_first = match args.len() {
        3 => false,
        4 if args.is(3, "rev") => true,
        4 => return refuse(reply, error::SYNTAX),
        _ => return refuse(reply, &error::wrong_arity("arlastitems")),
    };
    let store = txn.store;
    let array = match txn.get_object::<ArrayValue>(args.get(1)) {
        Ok(Some(array)) => array,
        Ok(None) => {
            reply.array(0);
            return Effect::None;
        }
        Err(WrongType) => return wrong_type(reply),
    };
    let len = array.elements().len();
    let places = wanted.min(len);
    if places > REPLY_PLACES_MAX && places > array.elements().count() {
        return refuse(reply, &error::array_count(REPLY_PLACES_MAX));
    }
    // What was inserted last may have been deleted since, or ARSEEK went elsewhere.
    let newest = array.inserted().filter(|last| *last < len).unwrap_or(len - 1);
    let before = places.min(newest + 1);
    let wrapped = places - before;
    let mut ranges = [(wrapped > 0).then(|| (len - wrapped, len - 1)), Some((newest + 1 - before, newest))];
    if newest_first {
        ranges.reverse();
        ranges = ranges.map(|range| range.map(|(from, to)| (to, from)));
    }
    Places::new(array.elements(), ranges, places, store).begin(reply)
}
