//! What an ARGREP looks for: predicates, how they are joined, and what is listed.

use std::borrow::Cow;

use memchr::memmem::Finder;
use regex::bytes::Regex;

use super::ere::{self, EXPRESSION_BYTES_MAX};
use super::limit;
use crate::resp::args::Args;
use crate::resp::{error, glob};

/// Most predicates of a request.
const PREDICATES_MAX: usize = 250;

pub struct Plan {
    tests: Vec<Test>,
    /// Tests that are ready, counted from the first: regular expressions are compiled one by one.
    ready: usize,
    all: bool,
    any_case: bool,
    pub with_values: bool,
    /// Elements listed, at most.
    pub limit: u64,
    /// The element in lower case, where one is needed.
    lower: Vec<u8>,
}

enum Test {
    Exact(Box<[u8]>),
    Contains(Box<Finder<'static>>),
    Glob(Box<[u8]>),
    Expression(Box<[u8]>),
    Compiled(Box<Regex>),
}

impl Plan {
    /// Reads predicates and options in any order; of options that exclude each other, or are repeated, the last one counts.
    pub fn parse(args: Args) -> Result<Plan, Cow<'static, str>> {
        let (mut all, mut any_case, mut with_values, mut most) = (false, false, false, u64::MAX);
        let mut tests: Vec<Test> = Vec::new();
        let mut at = 0;
        while at < args.len() {
            let is = |word: &str| args.is(at, word);
            if is("exact") || is("match") || is("glob") || is("re") {
                if at + 1 >= args.len() {
                    return Err(error::SYNTAX.into());
                }
                if tests.len() == PREDICATES_MAX {
                    return Err(error::predicates(PREDICATES_MAX).into());
                }
                let text = args.get(at + 1);
                tests.push(match () {
                    () if is("exact") => Test::Exact(text.into()),
                    () if is("match") => Test::Contains(Box::new(Finder::new(text).into_owned())),
                    () if is("glob") => Test::Glob(text.into()),
                    () if text.len() > EXPRESSION_BYTES_MAX => {
                        return Err(error::expression_length(EXPRESSION_BYTES_MAX).into());
                    }
                    () => Test::Expression(text.into()),
                });
                at += 1;
            } else if is("limit") {
                most = limit(args, at)?;
                at += 1;
            } else if is("withvalues") {
                with_values = true;
            } else if is("nocase") {
                any_case = true;
            } else if is("and") || is("or") {
                all = is("and");
            } else {
                return Err(error::SYNTAX.into());
            }
            at += 1;
        }
        if tests.is_empty() {
            return Err(error::SYNTAX.into());
        }
        if any_case {
            for test in &mut tests {
                if let Test::Contains(finder) = test {
                    let lower = finder.needle().to_ascii_lowercase();
                    **finder = Finder::new(&lower).into_owned();
                }
            }
        }
        Ok(Plan { tests, ready: 0, all, any_case, with_values, limit: most, lower: Vec::new() })
    }

    /// Makes the next test ready; false: all are. Err: the error's text. Cost: up to some ms for a regular expression.
    pub fn make_ready(&mut self) -> Result<bool, Cow<'static, str>> {
        let Some(test) = self.tests.get_mut(self.ready) else { return Ok(false) };
        if let Test::Expression(pattern) = test {
            *test = Test::Compiled(Box::new(ere::compile(pattern, self.any_case)?));
        }
        self.ready += 1;
        Ok(true)
    }

    /// Is the element one that is looked for? All tests are ready. Cost: linear in the element for each test but GLOB, whose
    /// stars may make it the product of both.
    pub fn matches(&mut self, text: &[u8]) -> bool {
        debug_assert_eq!(self.ready, self.tests.len());
        let Plan { tests, all, any_case, lower, .. } = self;
        let any_case = *any_case;
        if any_case && tests.iter().any(|test| matches!(test, Test::Contains(_))) {
            lower.clear();
            lower.extend(text.iter().map(u8::to_ascii_lowercase));
        }
        let mut holds = tests.iter().map(|test| match test {
            Test::Exact(wanted) if any_case => wanted.eq_ignore_ascii_case(text),
            Test::Exact(wanted) => **wanted == *text,
            Test::Contains(finder) => finder.find(if any_case { lower } else { text }).is_some(),
            Test::Glob(pattern) if any_case => glob::matches_any_case(pattern, text),
            Test::Glob(pattern) => glob::matches(pattern, text),
            Test::Compiled(regex) => regex.is_match(text),
            Test::Expression(_) => unreachable!("made ready before"),
        });
        if *all { holds.all(|holds| holds) } else { holds.any(|holds| holds) }
    }
}
