//! The words after key and value of SET, after the pairs of MSETEX, and after the key of GETEX.

use std::borrow::Cow;

use super::condition::Condition;
use crate::resp::args::Args;
use crate::resp::{error, number};

/// Which command's words are known.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    Set,
    Msetex,
    Getex,
}

/// A time as written, after EX, PX, EXAT or PXAT.
#[derive(Clone, Copy)]
pub struct Time<'a> {
    pub text: &'a [u8],
    pub seconds: bool,
    pub absolute: bool,
}

pub struct Options<'a> {
    pub condition: Condition<'a>,
    pub get: bool,
    pub keep_ttl: bool,
    pub persist: bool,
    pub time: Option<Time<'a>>,
}

impl<'a> Options<'a> {
    pub const NONE: Options<'static> =
        Options { condition: Condition::Always, get: false, keep_ttl: false, persist: false, time: None };

    /// The options from argument `first` on. A word may be repeated; two that exclude each other are a syntax error.
    pub fn parse(args: Args<'a>, first: usize, allowed: Allowed) -> Result<Options<'a>, &'static str> {
        let mut options = Options { ..Options::NONE };
        let (set, getex) = (allowed == Allowed::Set, allowed == Allowed::Getex);
        let sets = set || allowed == Allowed::Msetex;
        let mut index = first;
        while index < args.len() {
            let is = |word: &str| args.is(index, word);
            let (seconds, absolute) = (is("ex") || is("exat"), is("exat") || is("pxat"));
            let compared = if set { Condition::comparing(args, index) } else { None };
            if sets && is("nx") && options.condition.goes_with(Condition::Missing) {
                options.condition = Condition::Missing;
            } else if sets && is("xx") && options.condition.goes_with(Condition::Present) {
                options.condition = Condition::Present;
            } else if let Some(condition) = compared
                && options.condition.goes_with(condition)
            {
                index += 1;
                options.condition = condition;
            } else if set && is("get") {
                options.get = true;
            } else if sets && is("keepttl") && options.time.is_none() {
                options.keep_ttl = true;
            } else if getex && is("persist") && options.time.is_none() {
                options.persist = true;
            } else if (seconds || absolute || is("px"))
                && index + 1 < args.len()
                && !options.keep_ttl
                && !options.persist
                && options.time.is_none_or(|time| time.seconds == seconds && time.absolute == absolute)
            {
                index += 1;
                options.time = Some(Time { text: args.get(index), seconds, absolute });
            } else {
                return Err(error::SYNTAX);
            }
            index += 1;
        }
        Ok(options)
    }

    /// The expiry asked for, ms since the epoch. Err: the error's text, which names `command`.
    pub fn expiry_ms(&self, now_ms: i64, command: &str) -> Result<Option<i64>, Cow<'static, str>> {
        self.time.map(|time| time.expiry_ms(now_ms, command)).transpose()
    }
}

impl Time<'_> {
    /// The time in ms since the epoch. Err: the error's text, which names `command`.
    pub fn expiry_ms(self, now_ms: i64, command: &str) -> Result<i64, Cow<'static, str>> {
        let written = number::integer(self.text).ok_or(Cow::Borrowed(error::NOT_INTEGER))?;
        let from_ms = if self.absolute { 0 } else { now_ms };
        Some(written)
            .filter(|time| *time > 0)
            .and_then(|time| if self.seconds { time.checked_mul(1000) } else { Some(time) })
            .and_then(|time_ms| time_ms.checked_add(from_ms))
            .ok_or_else(|| Cow::Owned(error::invalid_expire(command)))
    }
}
