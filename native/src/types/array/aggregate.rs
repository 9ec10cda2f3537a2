//! AROP: one figure of the elements within a range.

use std::cmp::Ordering;

use super::value::ArrayValue;
use super::{ARRAY, Cursor, index, later, refuse, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::ds::sliced::Sliced;
use crate::resp::args::Args;
use crate::resp::extended::Extended;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::store::lazy_free::Later;
use crate::txn::{Effect, Progress, Slice, Txn, Work, WrongType};

pub const ROWS: &[Row] = &[Row {
    name: "arop",
    arity: -5,
    flags: READONLY,
    keys: &[key(RO | ACCESS)],
    complexity: "O(N) in the number of elements in the range; O(log(N)) for USED",
    summary: "Returns a figure of the elements of an array within a range: of the numbers their sum, least, greatest or bits; or how many elements there are, or are equal to a value.",
    args: "key start end <SUM | MIN | MAX | AND | OR | XOR | MATCH value | USED>",
    reply: "string | number | null",
    run: Run::Data(arop),
    ..ARRAY
}];

/// A number that an element is.
#[derive(Clone, Copy)]
enum Number {
    Whole(i64),
    Real(Extended),
}

impl Number {
    fn real(self) -> Extended {
        match self {
            Number::Whole(whole) => Extended::from_integer(whole),
            Number::Real(real) => real,
        }
    }

    /// Whole numbers are added as such while they fit: `long double` holds them exactly too.
    fn plus(self, other: Number) -> Number {
        match (self, other) {
            (Number::Whole(a), Number::Whole(b)) if let Some(sum) = a.checked_add(b) => Number::Whole(sum),
            (a, b) => Number::Real(a.real().plus(b.real())),
        }
    }

    fn compare(self, other: Number) -> Ordering {
        match (self, other) {
            (Number::Whole(a), Number::Whole(b)) => a.cmp(&b),
            (a, b) => a.real().compare(b.real()),
        }
    }

    /// Its whole part, if that is one of 64 bits.
    fn whole(self) -> Option<i64> {
        match self {
            Number::Whole(whole) => Some(whole),
            Number::Real(real) => real.truncated(),
        }
    }
}

/// The number that a text is. Redis keeps decimals that a double can hold, short of its two lowest bits, as such doubles, and reads
/// others as `long double`: sums show it in their last digits.
fn parse(text: &[u8]) -> Option<Number> {
    if let Some(whole) = number::integer(text) {
        return Some(Number::Whole(whole));
    }
    if !matches!(text.first()?, b'0'..=b'9' | b'-' | b'+' | b'.' | b'i' | b'I') {
        return None;
    }
    if let Some(double) = number::double(text).map(|double| f64::from_bits(double.to_bits() & !3)) {
        let printed = number::double_text(double);
        if double.is_finite() && (*printed == *text || text.strip_suffix(b".0") == Some(&*printed)) {
            return Some(Number::Real(Extended::from_double(double)));
        }
    }
    Extended::parse(text).map(Number::Real)
}

enum Figure {
    Sum(Option<Number>),
    /// The least and the greatest: which way a better one compares to the best so far.
    Best(Ordering, Option<Number>),
    Bits(fn(i64, i64) -> i64, Option<i64>),
    Match(Box<[u8]>, i64),
    Used(u64),
}

impl Figure {
    fn of(args: Args) -> Result<Figure, std::borrow::Cow<'static, str>> {
        let figure = match () {
            () if args.is(4, "sum") => Figure::Sum(None),
            () if args.is(4, "min") => Figure::Best(Ordering::Less, None),
            () if args.is(4, "max") => Figure::Best(Ordering::Greater, None),
            () if args.is(4, "and") => Figure::Bits(|a, b| a & b, None),
            () if args.is(4, "or") => Figure::Bits(|a, b| a | b, None),
            () if args.is(4, "xor") => Figure::Bits(|a, b| a ^ b, None),
            () if args.is(4, "used") => Figure::Used(0),
            () if args.is(4, "match") && args.len() == 6 => return Ok(Figure::Match(args.get(5).into(), 0)),
            () if args.is(4, "match") => return Err(error::ARRAY_MATCH_VALUE.into()),
            () => return Err(error::ARRAY_OPERATION.into()),
        };
        if args.len() == 5 { Ok(figure) } else { Err(error::wrong_arity("arop").into()) }
    }

    fn add(&mut self, text: &[u8]) {
        match self {
            Figure::Match(value, count) => *count += (**value == *text) as i64,
            Figure::Used(count) => *count += 1,
            Figure::Sum(sum) => {
                if let Some(number) = parse(text) {
                    *sum = Some(sum.map_or(number, |sum| sum.plus(number)));
                }
            }
            Figure::Best(better, best) => {
                if let Some(number) = parse(text)
                    && best.is_none_or(|best| number.compare(best) == *better)
                {
                    *best = Some(number);
                }
            }
            Figure::Bits(join, bits) => {
                if let Some(whole) = parse(text).and_then(Number::whole) {
                    *bits = Some(bits.map_or(whole, |bits| join(bits, whole)));
                }
            }
        }
    }

    fn write(&self, reply: &mut Reply) {
        match self {
            Figure::Match(_, count) => reply.int(*count),
            Figure::Used(count) => super::count(reply, *count),
            Figure::Bits(_, Some(bits)) => reply.int(*bits),
            Figure::Sum(Some(number)) | Figure::Best(_, Some(number)) => reply.text(&number.real().print_general()),
            Figure::Sum(None) | Figure::Best(_, None) | Figure::Bits(_, None) => reply.null(),
        }
    }
}

fn arop(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (from, to) = match index(args.get(2)).and_then(|from| Ok((from, index(args.get(3))?))) {
        Ok(bounds) => bounds,
        Err(text) => return refuse(reply, text),
    };
    let mut figure = match Figure::of(args) {
        Ok(figure) => figure,
        Err(text) => return refuse(reply, &text),
    };
    let store = txn.store;
    let elements = match txn.get_object::<ArrayValue>(args.get(1)) {
        Ok(array) => array.map(ArrayValue::elements),
        Err(WrongType) => return wrong_type(reply),
    };
    let Some(elements) = elements else {
        figure.write(reply);
        return Effect::None;
    };
    if let Figure::Used(count) = &mut figure {
        *count = elements.count_range(from.min(to), from.max(to));
        figure.write(reply);
        return Effect::None;
    }
    let mut fold = Fold { elements: later(elements.clone(), store), cursor: Cursor::new(from, to), figure };
    match fold.go_on(reply) {
        Progress::Done => Effect::None,
        Progress::More => Effect::Slices(Box::new(fold)),
    }
}

/// The figure of the elements seen so far. The elements are a clone, which stays as it was.
struct Fold {
    elements: Later<Sliced>,
    cursor: Cursor,
    figure: Figure,
}

impl Fold {
    fn go_on(&mut self, reply: &mut Reply) -> Progress {
        let figure = &mut self.figure;
        self.cursor.go_on(&self.elements, Slice::begin(), |_, text| {
            figure.add(text);
            true
        });
        if !self.cursor.done {
            return Progress::More;
        }
        self.figure.write(reply);
        Progress::Done
    }
}

impl Work for Fold {
    fn step(&mut self, _: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        Ok(self.go_on(reply))
    }
}
