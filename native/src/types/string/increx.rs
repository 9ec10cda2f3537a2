//! INCREX: counting within bounds, with the expiry set in the same step.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::options::Time;
use super::{STRING, rewritten};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::ds::entry::{NewValue, Value};
use crate::resp::args::Args;
use crate::resp::extended::Extended;
use crate::resp::reply::{Protocol, Reply};
use crate::resp::{error, number};
use crate::txn::access::Expiry;
use crate::txn::{Class, Effect, Txn};

pub const ROWS: &[Row] = &[Row {
    name: "increx",
    arity: -2,
    flags: WRITE | DENYOOM | FAST,
    keys: &[key(RW | ACCESS | UPDATE)],
    since: "8.8.0",
    summary: "Adds to the number under a key, within bounds and with an expiry if told to; returns the new value and what was added.",
    args: "key [NX|XX] [BYFLOAT float|BYINT integer] [SATURATE] [LBOUND lowerbound] [UBOUND upperbound] [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|PERSIST] [ENX]",
    reply: "[number, number] | [string, string]",
    run: Run::Data(increx),
    ..STRING
}];

/// The words as they were sent.
#[derive(Default)]
struct Options<'a> {
    by_integer: Option<&'a [u8]>,
    by_float: Option<&'a [u8]>,
    lower: Option<&'a [u8]>,
    upper: Option<&'a [u8]>,
    saturate: bool,
    time: Option<Time<'a>>,
    persist: bool,
    /// ENX: sets the expiry only where there is none.
    only_new_expiry: bool,
    /// NX and XX, of Valkey.
    missing: bool,
    present: bool,
}

impl<'a> Options<'a> {
    /// Err: the error's text.
    fn parse(args: Args<'a>) -> Result<Options<'a>, &'static str> {
        let mut options = Options::default();
        let mut index = 2;
        while index < args.len() {
            let is = |word: &str| args.is(index, word);
            let operand = (index + 1 < args.len()).then(|| args.get(index + 1));
            let counted = options.by_integer.is_some() || options.by_float.is_some();
            let timed = options.time.is_some() || options.persist;
            let (seconds, absolute) = (is("ex") || is("exat"), is("exat") || is("pxat"));
            let valued = match operand {
                Some(_) if is("byint") && !counted => Some(&mut options.by_integer),
                Some(_) if is("byfloat") && !counted => Some(&mut options.by_float),
                Some(_) if is("lbound") && options.lower.is_none() => Some(&mut options.lower),
                Some(_) if is("ubound") && options.upper.is_none() => Some(&mut options.upper),
                _ => None,
            };
            if let Some(place) = valued {
                *place = operand;
                index += 1;
            } else if let Some(text) = operand
                && (seconds || absolute || is("px"))
                && !timed
            {
                options.time = Some(Time { text, seconds, absolute });
                index += 1;
            } else if is("saturate") && !options.saturate {
                options.saturate = true;
            } else if is("persist") && !timed && !options.only_new_expiry {
                options.persist = true;
            } else if is("enx") && !options.only_new_expiry && !options.persist {
                options.only_new_expiry = true;
            } else if is("nx") && !options.present {
                options.missing = true;
            } else if is("xx") && !options.missing {
                options.present = true;
            } else {
                return Err(error::SYNTAX);
            }
            index += 1;
        }
        if options.only_new_expiry && options.time.is_none() {
            return Err(error::ENX_WITHOUT_EXPIRY);
        }
        Ok(options)
    }
}

/// The two kinds of numbers it counts in.
trait Number: Copy {
    const EVENT: &'static str;
    const APPLIED_TOO_LARGE: &'static str;
    const LOWEST: Self;
    const HIGHEST: Self;
    const ZERO: Self;
    fn parse(text: &[u8]) -> Option<Self>;
    /// The number under a key. Err: the error's text.
    fn read(value: Value) -> Result<Self, &'static str>;
    fn order(self, other: Self) -> Ordering;
    fn is_negative(self) -> bool;
    /// None: it does not fit.
    fn plus(self, other: Self) -> Option<Self>;
    fn minus(self, other: Self) -> Option<Self>;
    fn print(self) -> String;
    fn reply(self, reply: &mut Reply);
    fn stored(text: &str) -> NewValue<'_>;
}

impl Number for i64 {
    const EVENT: &'static str = "incrby";
    const APPLIED_TOO_LARGE: &'static str = error::APPLIED_OVERFLOW;
    const LOWEST: i64 = i64::MIN;
    const HIGHEST: i64 = i64::MAX;
    const ZERO: i64 = 0;

    fn parse(text: &[u8]) -> Option<i64> {
        number::integer(text)
    }
    fn read(value: Value) -> Result<i64, &'static str> {
        match value {
            Value::Int(number) => Ok(number),
            Value::Bytes(text) => number::integer(text).ok_or(error::NOT_INTEGER),
            Value::Object(_) => Err(error::WRONG_TYPE),
        }
    }
    fn order(self, other: i64) -> Ordering {
        self.cmp(&other)
    }
    fn is_negative(self) -> bool {
        self < 0
    }
    fn plus(self, other: i64) -> Option<i64> {
        self.checked_add(other)
    }
    fn minus(self, other: i64) -> Option<i64> {
        self.checked_sub(other)
    }
    fn print(self) -> String {
        self.to_string()
    }
    fn reply(self, reply: &mut Reply) {
        reply.int(self);
    }
    fn stored(text: &str) -> NewValue<'_> {
        NewValue::Text(text.as_bytes())
    }
}

impl Number for Extended {
    const EVENT: &'static str = "incrbyfloat";
    const APPLIED_TOO_LARGE: &'static str = error::APPLIED_INFINITE;
    const LOWEST: Extended = Extended::LOWEST;
    const HIGHEST: Extended = Extended::HIGHEST;
    const ZERO: Extended = Extended::ZERO;

    fn parse(text: &[u8]) -> Option<Extended> {
        Extended::parse(text)
    }
    fn read(value: Value) -> Result<Extended, &'static str> {
        let number = match value {
            Value::Int(number) => Extended::from_integer(number),
            Value::Bytes(text) => Extended::parse(text).ok_or(error::NOT_FLOAT)?,
            Value::Object(_) => return Err(error::WRONG_TYPE),
        };
        if number.is_finite() { Ok(number) } else { Err(error::VALUE_INFINITE) }
    }
    fn order(self, other: Extended) -> Ordering {
        self.compare(other)
    }
    fn is_negative(self) -> bool {
        self.compare(Extended::ZERO) == Ordering::Less
    }
    fn plus(self, other: Extended) -> Option<Extended> {
        Some(Extended::plus(self, other)).filter(|sum| sum.is_finite())
    }
    fn minus(self, other: Extended) -> Option<Extended> {
        Some(Extended::plus(self, other.negated())).filter(|sum| sum.is_finite())
    }
    fn print(self) -> String {
        Extended::print(self)
    }
    fn reply(self, reply: &mut Reply) {
        let text = Extended::print(self);
        if reply.proto == Protocol::Resp3 {
            // All its digits, which are more than a double has.
            reply.raw(format!(",{text}\r\n").as_bytes());
        } else {
            reply.text(&text);
        }
    }
    fn stored(text: &str) -> NewValue<'_> {
        NewValue::Plain(text.as_bytes())
    }
}

/// By how much, and between which values.
struct Step<N> {
    by: N,
    lower: N,
    upper: N,
}

impl<N: Number> Step<N> {
    /// Err: the error's text, of which two are for bounds that are no numbers.
    fn between(
        by: N,
        options: &Options,
        not_lower: &'static str,
        not_upper: &'static str,
    ) -> Result<Self, &'static str> {
        let lower = options.lower.map_or(Some(N::LOWEST), N::parse).ok_or(not_lower)?;
        let upper = options.upper.map_or(Some(N::HIGHEST), N::parse).ok_or(not_upper)?;
        if lower.order(upper) == Ordering::Greater {
            return Err(error::BOUNDS_CROSSED);
        }
        Ok(Step { by, lower, upper })
    }
}

fn increx(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let key = args.get(1);
    let done = Options::parse(args).map_err(Cow::Borrowed).and_then(|options| match options.by_float {
        Some(by) => {
            let by = Extended::parse(by).ok_or(error::INCREMENT_NOT_FLOAT)?;
            if !by.is_finite() {
                return Err(error::INCREMENT_INFINITE.into());
            }
            let step = Step::between(by, &options, error::LOWER_NOT_FLOAT, error::UPPER_NOT_FLOAT)?;
            count(txn, key, &options, step, reply)
        }
        None => {
            let by = options.by_integer.map_or(Some(1), number::integer).ok_or(error::INCREMENT_NOT_INTEGER)?;
            let step = Step::between(by, &options, error::LOWER_NOT_INTEGER, error::UPPER_NOT_INTEGER)?;
            count(txn, key, &options, step, reply)
        }
    });
    done.unwrap_or_else(|text| {
        reply.error(&text);
        Effect::None
    })
}

/// Err: the error's text.
fn count<N: Number>(
    txn: &mut Txn,
    key: &[u8],
    options: &Options,
    step: Step<N>,
    reply: &mut Reply,
) -> Result<Effect, Cow<'static, str>> {
    let now_ms = txn.now_ms;
    let at_ms = options.time.map(|time| time.expiry_ms(txn.wall_ms(), "increx")).transpose()?;
    let (there, expiry_ms, old) = match txn.peek(key) {
        None => (false, None, N::ZERO),
        Some(entry) => (true, entry.expiry(), N::read(entry.value())?),
    };
    let refused = (options.missing && there) || (options.present && !there);
    let new = if refused { None } else { within(old, &step, options.saturate) };
    let Some(new) = new else {
        answer(reply, old, N::ZERO);
        return Ok(Effect::None);
    };
    let applied = new.minus(old).ok_or(N::APPLIED_TOO_LARGE)?;
    answer(reply, new, applied);
    let at_ms = at_ms.filter(|_| !(options.only_new_expiry && expiry_ms.is_some()));
    if at_ms.is_some_and(|at_ms| at_ms <= now_ms) {
        if !txn.remove(key) {
            return Ok(Effect::None);
        }
        txn.changed(key, Class::Generic, "del");
        return Ok(rewritten(txn, &[b"DEL", key]));
    }
    let expiry = match at_ms {
        Some(at_ms) => Expiry::At(at_ms),
        None if options.persist => Expiry::Clear,
        None => Expiry::Keep,
    };
    let text = new.print();
    txn.set(key, N::stored(&text), expiry);
    txn.changed(key, Class::String, N::EVENT);
    let text = text.as_bytes();
    Ok(match at_ms {
        Some(at_ms) => {
            txn.signal(key, Class::Generic, "expire");
            rewritten(txn, &[b"SET", key, text, b"PXAT", itoa::Buffer::new().format(at_ms).as_bytes()])
        }
        None if options.persist && expiry_ms.is_some() => {
            txn.signal(key, Class::Generic, "persist");
            rewritten(txn, &[b"SET", key, text])
        }
        None => rewritten(txn, &[b"SET", key, text, b"KEEPTTL"]),
    })
}

/// `old` plus the increment if that lies within the bounds, or the bound it passes if that is wanted.
fn within<N: Number>(old: N, step: &Step<N>, saturate: bool) -> Option<N> {
    let end = match old.plus(step.by) {
        Some(sum) if sum.order(step.upper) == Ordering::Greater => step.upper,
        Some(sum) if sum.order(step.lower) == Ordering::Less => step.lower,
        Some(sum) => return Some(sum),
        None if step.by.is_negative() => step.lower,
        None => step.upper,
    };
    saturate.then_some(end)
}

fn answer<N: Number>(reply: &mut Reply, value: N, applied: N) {
    reply.array(2);
    value.reply(reply);
    applied.reply(reply);
}
