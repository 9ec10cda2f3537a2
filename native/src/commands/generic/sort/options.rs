//! The words of a SORT.

use super::pattern::{Named, Pattern};
use crate::resp::args::Args;
use crate::resp::{error, number};

pub struct Options {
    pub by: Option<Named>,
    /// BY a pattern that names no key: the order stays what it is.
    pub unsorted: bool,
    pub gets: Vec<Pattern>,
    pub offset: i64,
    /// Negative: all.
    pub count: i64,
    pub descending: bool,
    pub alpha: bool,
    pub store: Option<Box<[u8]>>,
}

/// The options, in their order and with Redis's errors. `reads_all_keys`: the user may read whatever the patterns name.
pub fn parse(args: Args, readonly: bool, reads_all_keys: bool) -> Result<Options, &'static str> {
    let mut options = Options {
        by: None,
        unsorted: false,
        gets: Vec::new(),
        offset: 0,
        count: -1,
        descending: false,
        alpha: false,
        store: None,
    };
    let mut at = 2;
    while at < args.len() {
        let more = args.len() - at - 1;
        if args.is(at, "asc") {
            options.descending = false;
        } else if args.is(at, "desc") {
            options.descending = true;
        } else if args.is(at, "alpha") {
            options.alpha = true;
        } else if args.is(at, "limit") && more >= 2 {
            options.offset = number::integer(args.get(at + 1)).ok_or(error::NOT_INTEGER)?;
            options.count = number::integer(args.get(at + 2)).ok_or(error::NOT_INTEGER)?;
            at += 2;
        } else if !readonly && args.is(at, "store") && more >= 1 {
            options.store = Some(args.get(at + 1).into());
            at += 1;
        } else if args.is(at, "by") && more >= 1 {
            let text = args.get(at + 1);
            match Pattern::of(text) {
                Pattern::Key(_) if !reads_all_keys => return Err(error::SORT_BY_DENIED),
                Pattern::Key(named) => options.by = Some(named),
                // As Redis: once said, it holds for a pattern that comes later too.
                Pattern::Itself | Pattern::Nothing => options.unsorted = true,
            }
            at += 1;
        } else if args.is(at, "get") && more >= 1 {
            if !reads_all_keys {
                return Err(error::SORT_GET_DENIED);
            }
            options.gets.push(Pattern::of(args.get(at + 1)));
            at += 1;
        } else {
            return Err(error::SYNTAX);
        }
        at += 1;
    }
    Ok(options)
}

impl Options {
    /// Which of `len` elements are wanted, by their place in the order.
    pub fn range(&self, len: usize) -> std::ops::Range<usize> {
        let place = |number: i64| usize::try_from(number).unwrap_or(0).min(len);
        let start = place(self.offset);
        let end = if self.count < 0 { len } else { start.saturating_add(place(self.count)).min(len) };
        start..end
    }
}
