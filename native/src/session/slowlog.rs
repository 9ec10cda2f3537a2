//! The logs of requests that stand out: slow ones (SLOWLOG), and those that were large or had a large reply (COMMANDLOG).

use std::collections::VecDeque;
use std::sync::Mutex;

use crate::resp::args::Args;

/// As Redis: so many arguments are kept, and so many bytes of each.
const ARGUMENTS_MAX: usize = 32;
const ARGUMENT_BYTES_MAX: usize = 128;
/// Entries kept where nobody has said how many.
pub const LENGTH_DEFAULT: usize = 128;

#[derive(Clone)]
pub struct SlowEntry {
    pub id: u64,
    /// Ms since the epoch.
    pub at_ms: i64,
    /// Microseconds it ran, or bytes of the request or reply.
    pub value: u64,
    pub argv: Vec<Vec<u8>>,
    pub address: String,
    pub client_name: Vec<u8>,
}

#[derive(Default)]
pub struct Slowlog {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    next: u64,
    entries: VecDeque<SlowEntry>,
}

impl Slowlog {
    /// Puts an entry in (its id is chosen here) and drops the oldest above `max`.
    pub fn push(&self, mut entry: SlowEntry, max: usize) {
        let mut inner = self.inner.lock().unwrap_or_else(|p| p.into_inner());
        entry.id = inner.next;
        inner.next += 1;
        inner.entries.push_front(entry);
        inner.entries.truncate(max);
    }

    /// Up to `count` entries, the latest first.
    pub fn latest(&self, count: usize) -> Vec<SlowEntry> {
        self.inner.lock().unwrap_or_else(|p| p.into_inner()).entries.iter().take(count).cloned().collect()
    }

    pub fn len(&self) -> usize {
        self.inner.lock().unwrap_or_else(|p| p.into_inner()).entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn reset(&self) {
        self.inner.lock().unwrap_or_else(|p| p.into_inner()).entries.clear();
    }
}

/// A request as the log keeps it: long arguments and long lists of them are cut, and say by how much.
pub fn shortened(args: Args) -> Vec<Vec<u8>> {
    let kept = if args.len() > ARGUMENTS_MAX { ARGUMENTS_MAX - 1 } else { args.len() };
    let mut words: Vec<Vec<u8>> = args
        .iter()
        .take(kept)
        .map(|word| {
            if word.len() <= ARGUMENT_BYTES_MAX {
                return word.to_vec();
            }
            let mut cut = word[..ARGUMENT_BYTES_MAX].to_vec();
            cut.extend_from_slice(format!("... ({} more bytes)", word.len() - ARGUMENT_BYTES_MAX).as_bytes());
            cut
        })
        .collect();
    if kept < args.len() {
        words.push(format!("... ({} more arguments)", args.len() - kept).into_bytes());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::args::OwnedArgs;

    fn entry(us: u64) -> SlowEntry {
        SlowEntry { id: 0, at_ms: 0, value: us, argv: Vec::new(), address: String::new(), client_name: Vec::new() }
    }

    #[test]
    fn the_latest_entries_are_kept_and_numbered_on_after_a_reset() {
        let log = Slowlog::default();
        for us in 0..5 {
            log.push(entry(us), 3);
        }
        assert_eq!(log.latest(10).iter().map(|e| (e.id, e.value)).collect::<Vec<_>>(), [(4, 4), (3, 3), (2, 2)]);
        assert_eq!(log.latest(1).len(), 1);
        log.reset();
        assert!(log.is_empty());
        log.push(entry(9), 3);
        assert_eq!(log.latest(1)[0].id, 5);
    }

    #[test]
    fn long_requests_are_cut() {
        let mut args = OwnedArgs::of(&[b"SET", &[b'x'; 130]]);
        assert!(shortened(args.borrow())[1].ends_with(b"x... (2 more bytes)"));
        for _ in 0..40 {
            args.push(b"a");
        }
        let words = shortened(args.borrow());
        assert_eq!((words.len(), words[31].as_slice()), (32, &b"... (11 more arguments)"[..]));
    }
}
