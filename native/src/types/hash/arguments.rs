//! What the commands of expiring fields have in their requests: times, conditions, and FIELDS with its fields.
//!
//! ```text
//!   HEXPIRE key time [NX|XX|GT|LT] FIELDS n field …          in any order after the time, as Redis 8.4
//!   HGETEX  key [EX n|PX n|EXAT n|PXAT n|PERSIST] FIELDS n field …                           in any order
//!   HSETEX  key [NX|XX] [FNX|FXX] [EX n|PX n|EXAT n|PXAT n|KEEPTTL] FIELDS n field value …           in any order
//!   HTTL    key FIELDS n field …                             (HPTTL HEXPIRETIME HPEXPIRETIME HPERSIST HGETDEL) as it is
//! ```

use std::borrow::Cow;

use super::value::Ttl;
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::txn::Effect;

/// No field expires later: 46 bits of ms, Redis's limit.
const EXPIRY_MS_MAX: i64 = (1 << 46) - 1;

/// No more fields than fit an int are believed, as in Redis.
const FIELDS_MAX: i64 = i32::MAX as i64;

/// The text of an error.
#[derive(Debug)]
pub struct Refusal(Cow<'static, [u8]>);

impl From<&'static str> for Refusal {
    fn from(text: &'static str) -> Refusal {
        Refusal(Cow::Borrowed(text.as_bytes()))
    }
}

impl From<String> for Refusal {
    fn from(text: String) -> Refusal {
        Refusal(Cow::Owned(text.into_bytes()))
    }
}

impl From<Vec<u8>> for Refusal {
    fn from(text: Vec<u8>) -> Refusal {
        Refusal(Cow::Owned(text))
    }
}

impl Refusal {
    #[cold]
    pub fn reply(self, reply: &mut Reply) -> Effect {
        reply.error_bytes(&self.0);
        Effect::None
    }
}

/// What a time in a request means.
#[derive(Clone, Copy)]
pub struct Unit {
    pub ms: i64,
    /// From now on, not from the epoch.
    pub relative: bool,
}

/// The time of the text, ms since the epoch.
pub fn time(text: &[u8], unit: Unit, now_ms: i64, command: &str) -> Result<i64, Refusal> {
    let time = number::integer(text).ok_or(error::NOT_INTEGER)?;
    if time < 0 {
        return Err(error::FIELD_EXPIRE_NEGATIVE.into());
    }
    let base_ms = if unit.relative { now_ms } else { 0 };
    let at_ms = time.checked_mul(unit.ms).and_then(|ms| ms.checked_add(base_ms)).filter(|ms| *ms <= EXPIRY_MS_MAX);
    at_ms.ok_or_else(|| error::invalid_expire(command).into())
}

/// When HEXPIRE sets an expiry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Condition {
    pub nx: bool,
    pub xx: bool,
    pub gt: bool,
    pub lt: bool,
}

impl Condition {
    /// Is it met by a field that expires at `before`? No expiry is later than any.
    pub fn is_met(self, before: Option<i64>, at_ms: i64) -> bool {
        match before {
            None => !self.xx && !self.gt,
            Some(before) if self.gt => before < at_ms,
            Some(before) if self.lt => before > at_ms,
            Some(_) => !self.nx,
        }
    }
}

/// Condition and fields of HEXPIRE and its kin, from argument 3 on.
pub fn condition_and_fields(args: Args<'_>) -> Result<(Condition, Args<'_>), Refusal> {
    let mut condition = Condition::default();
    let mut fields = None;
    let mut at = 3;
    while at < args.len() {
        if args.is(at, "fields") {
            if fields.is_some() {
                return Err(error::FIELDS_REPEATED.into());
            }
            if at + 2 >= args.len() {
                return Err(error::FIELDS_TOO_SHORT.into());
            }
            let count = count(args.get(at + 1)).ok_or(error::FIELDS_COUNT_BELOW_1)?;
            if count > args.len() - at - 2 {
                return Err(error::FIELDS_FEW.into());
            }
            fields = Some(args.from(at + 2).first(count));
            at += 2 + count;
            continue;
        }
        match () {
            () if args.is(at, "nx") => condition.nx = true,
            () if args.is(at, "xx") => condition.xx = true,
            () if args.is(at, "gt") => condition.gt = true,
            () if args.is(at, "lt") => condition.lt = true,
            () => return Err(error::unknown_argument(args.get(at)).into()),
        }
        at += 1;
    }
    let fields = fields.ok_or(error::FIELDS_MISSING)?;
    let Condition { nx, xx, gt, lt } = condition;
    if nx as u8 + xx as u8 + gt as u8 + lt as u8 > 1 {
        return Err(error::FIELD_CONDITIONS.into());
    }
    Ok((condition, fields))
}

/// The fields of a request that has nothing but FIELDS after its key.
pub fn fields_only(args: Args<'_>) -> Result<Args<'_>, Refusal> {
    if !args.is(2, "fields") {
        return Err(error::FIELDS_MISPLACED.into());
    }
    let count = number::integer(args.get(3)).filter(|count| *count > 0).ok_or(error::FIELDS_COUNT)?;
    if count != args.len() as i64 - 4 {
        return Err(error::FIELDS_MISMATCH.into());
    }
    Ok(args.from(4))
}

fn count(text: &[u8]) -> Option<usize> {
    number::integer(text).filter(|count| (1..=FIELDS_MAX).contains(count)).map(|count| count as usize)
}

/// Which of the two commands asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    Get,
    Set,
}

/// What HGETEX and HSETEX are told.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// HGETEX: None leaves the expiry alone, `Clear` is PERSIST. HSETEX: None clears it.
    pub ttl: Option<Ttl>,
    /// NX: there may be no hash (Some(false)), XX: there must be one (Some(true)).
    pub key_there: Option<bool>,
    /// FNX: none of the fields may be there.
    pub fnx: bool,
    /// FXX: all of them must be.
    pub fxx: bool,
    /// Fields, or fields and values in turns.
    pub fields: Args<'a>,
}

impl<'a> Options<'a> {
    pub fn parse(args: Args<'a>, which: Which, now_ms: i64) -> Result<Options<'a>, Refusal> {
        let (command, one_expiry, width) = match which {
            Which::Get => ("hgetex", error::HGETEX_ONE_EXPIRY, 1),
            Which::Set => ("hsetex", error::HSETEX_ONE_EXPIRY, 2),
        };
        let (mut ttl, mut key_there, mut fnx, mut fxx, mut fields) = (None, None, false, false, None);
        let mut at = 2;
        while at < args.len() {
            let is = |word| args.is(at, word);
            if is("fields") {
                if fields.is_some() {
                    return Err(error::FIELDS_REPEATED.into());
                }
                if at + 1 + width >= args.len() {
                    return Err(error::wrong_arity(command).into());
                }
                let count = count(args.get(at + 1)).ok_or(error::FIELDS_COUNT_INVALID)?;
                let given = args.len() - at - 2;
                let taken = count.checked_mul(width).filter(|taken| *taken <= given);
                let taken = taken.ok_or_else(|| Refusal::from(error::wrong_arity(command)))?;
                fields = Some(args.from(at + 2).first(taken));
                at += 2 + taken;
                continue;
            }
            let unit = match () {
                () if is("ex") => Some(Unit { ms: 1000, relative: true }),
                () if is("px") => Some(Unit { ms: 1, relative: true }),
                () if is("exat") => Some(Unit { ms: 1000, relative: false }),
                () if is("pxat") => Some(Unit { ms: 1, relative: false }),
                () => None,
            };
            let word = match which {
                Which::Get => is("persist").then_some(Ttl::Clear),
                Which::Set => is("keepttl").then_some(Ttl::Keep),
            };
            if unit.is_some() || word.is_some() {
                if ttl.is_some() {
                    return Err(one_expiry.into());
                }
                ttl = word;
                if let Some(unit) = unit {
                    if at + 1 >= args.len() {
                        return Err(error::FIELD_EXPIRE_MISSING.into());
                    }
                    ttl = Some(Ttl::At(time(args.get(at + 1), unit, now_ms, command)?));
                    at += 1;
                }
            } else if which == Which::Set && (is("nx") || is("xx")) {
                let there = is("xx");
                if key_there.is_some_and(|asked| asked != there) {
                    return Err(error::SYNTAX.into());
                }
                key_there = Some(there);
            } else if which == Which::Set && (is("fnx") || is("fxx")) {
                if fnx || fxx {
                    return Err(error::FNX_WITH_FXX.into());
                }
                (fnx, fxx) = (is("fnx"), is("fxx"));
            } else {
                return Err(error::unknown_argument(args.get(at)).into());
            }
            at += 1;
        }
        let fields = fields.ok_or(error::FIELDS_MISSING)?;
        Ok(Options { ttl, key_there, fnx, fxx, fields })
    }
}
