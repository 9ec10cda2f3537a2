//! LCS: the longest common subsequence of two strings.
//!
//! Redis fills a table of 32-bit lengths, one cell for each pair of prefixes. Neighbouring lengths of a row differ by 0
//! or 1, so ours keeps one bit a cell, 1/32 of the memory, and computes 64 cells at a time (Hyyrö, "Bit-parallel
//! LCS-length computation revisited", AWOCA 2004). The walk back through the table takes the same turns as Redis's, so
//! the same one of several longest subsequences is found.

use super::STRING;
use crate::commands::row::{Row, Run, access::*, flag::*, keys};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::txn::{Effect, Txn, WrongType};
use std::sync::atomic::Ordering::Relaxed;

pub const ROWS: &[Row] = &[Row {
    name: "lcs",
    arity: -3,
    flags: READONLY,
    keys: &[keys(1, 2, 1, RO | ACCESS)],
    since: "7.0.0",
    complexity: "O(N*M) where N and M are the lengths of the two strings; 64 pairs of bytes are one step.",
    summary: "Finds the longest common subsequence of two string values.",
    args: "key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]",
    reply: "string | number | Record<string, unknown>",
    run: Run::Data(lcs),
    ..STRING
}];

#[derive(Default)]
struct Wanted {
    len: bool,
    idx: bool,
    match_len_min: i64,
    with_match_len: bool,
}

fn lcs(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match (read(txn, args.get(1)), read(txn, args.get(2))) {
        (Ok(left), Ok(right)) => match parse(args) {
            Ok(wanted) => {
                let bytes_max = txn.store.settings.proto_max_bulk_len.load(Relaxed);
                reply_with_lcs(&left, &right, &wanted, bytes_max, reply);
            }
            Err(text) => reply.error(text),
        },
        _ => reply.error(error::LCS_NOT_STRINGS),
    }
    Effect::None
}

fn read(txn: &mut Txn, key: &[u8]) -> Result<Vec<u8>, WrongType> {
    Ok(txn.get_text(key)?.map_or(Vec::new(), |mut text| text.bytes().to_vec()))
}

fn parse(args: Args) -> Result<Wanted, &'static str> {
    let mut wanted = Wanted::default();
    let mut index = 3;
    while index < args.len() {
        if args.is(index, "idx") {
            wanted.idx = true;
        } else if args.is(index, "len") {
            wanted.len = true;
        } else if args.is(index, "withmatchlen") {
            wanted.with_match_len = true;
        } else if args.is(index, "minmatchlen") && index + 1 < args.len() {
            index += 1;
            wanted.match_len_min = number::integer(args.get(index)).ok_or(error::NOT_INTEGER)?;
        } else {
            return Err(error::SYNTAX);
        }
        index += 1;
    }
    if wanted.idx && wanted.len { Err(error::LCS_LEN_AND_IDX) } else { Ok(wanted) }
}

fn reply_with_lcs(left: &[u8], right: &[u8], wanted: &Wanted, bytes_max: u64, reply: &mut Reply) {
    // Redis's limit, in its own measure: 4 bytes a cell. Ours needs less, but what one refuses the other should not take.
    let cells = (left.len() as u64 + 1).saturating_mul(right.len() as u64 + 1);
    if cells.saturating_mul(4) > bytes_max {
        return reply.error(error::LCS_TOO_LARGE);
    }
    let lengths = Lengths::new(left, right, !wanted.len);
    if wanted.len {
        return reply.int(lengths.total as i64);
    }
    let matches = lengths.matches(left, right);
    if !wanted.idx {
        let mut common = Vec::with_capacity(lengths.total);
        for found in matches.iter().rev() {
            common.extend_from_slice(&left[found.left..found.left + found.len]);
        }
        return reply.bulk(&common);
    }
    let shown: Vec<&Match> = matches.iter().filter(|found| found.len as i64 >= wanted.match_len_min).collect();
    reply.map(2);
    reply.text("matches");
    reply.array(shown.len());
    for found in shown {
        reply.array(2 + wanted.with_match_len as usize);
        for start in [found.left, found.right] {
            reply.array(2);
            reply.int(start as i64);
            reply.int((start + found.len - 1) as i64);
        }
        if wanted.with_match_len {
            reply.int(found.len as i64);
        }
    }
    reply.text("len");
    reply.int(lengths.total as i64);
}

/// A run of equal bytes that belongs to the subsequence: where it starts in either string.
#[derive(Debug, PartialEq)]
struct Match {
    left: usize,
    right: usize,
    len: usize,
}

/// The table of lengths. Rows follow the longer string, the bits of a row the shorter one.
struct Lengths {
    /// Length of the longest common subsequence.
    total: usize,
    /// The left string is the longer one.
    left_is_long: bool,
    words: usize,
    /// Row `r` after `r` bytes of the longer string; bit `s` is 0 where the length for `s + 1` bytes of the shorter one
    /// is one more than that for `s`. Empty unless asked for.
    rows: Vec<u64>,
}

impl Lengths {
    fn new(left: &[u8], right: &[u8], keep_rows: bool) -> Lengths {
        let left_is_long = left.len() >= right.len();
        let (long, short) = if left_is_long { (left, right) } else { (right, left) };
        let words = short.len().div_ceil(64);
        // Where each byte value stands in the shorter string: 32 bytes for each of its bytes, of which the limit on
        // cells allows some ten thousand.
        let mut masks = vec![0u64; 256 * words];
        for (at, byte) in short.iter().enumerate() {
            masks[*byte as usize * words + at / 64] |= 1 << (at % 64);
        }
        let mut row = vec![u64::MAX; words];
        let mut rows = Vec::new();
        if keep_rows {
            rows.reserve_exact((long.len() + 1) * words);
            rows.extend_from_slice(&row);
        }
        for byte in long {
            let mask = &masks[*byte as usize * words..][..words];
            let mut carry = false;
            for (word, mask) in row.iter_mut().zip(mask) {
                let (sum, over) = word.overflowing_add(*word & mask);
                let (sum, again) = sum.overflowing_add(carry as u64);
                carry = over | again;
                *word = sum | (*word & !mask);
            }
            if keep_rows {
                rows.extend_from_slice(&row);
            }
        }
        let total = zeros_before(&row, short.len());
        Lengths { total, left_is_long, words, rows }
    }

    /// The length for the first `long` bytes of the longer string and the first `short` of the shorter one.
    fn at(&self, long: usize, short: usize) -> usize {
        zeros_before(&self.rows[long * self.words..][..self.words], short)
    }

    /// Is the length for `short` bytes of the shorter string one more than that for one byte less?
    fn steps(&self, long: usize, short: usize) -> bool {
        self.rows[long * self.words + (short - 1) / 64] >> ((short - 1) % 64) & 1 == 0
    }

    /// The runs of the subsequence, from the last to the first.
    fn matches(&self, left: &[u8], right: &[u8]) -> Vec<Match> {
        let mut matches: Vec<Match> = Vec::new();
        let (mut at_left, mut at_right) = (left.len(), right.len());
        let place = |at_left, at_right| if self.left_is_long { (at_left, at_right) } else { (at_right, at_left) };
        // Lengths here and one row up; kept along the way, so that a step along a row costs no counting.
        let mut here = self.total;
        let mut up = None;
        while at_left > 0 && at_right > 0 {
            let (long, short) = place(at_left, at_right);
            if left[at_left - 1] == right[at_right - 1] {
                (at_left, at_right, here, up) = (at_left - 1, at_right - 1, here - 1, None);
                match matches.last_mut() {
                    Some(last) if last.left == at_left + 1 && last.right == at_right + 1 => {
                        *last = Match { left: at_left, right: at_right, len: last.len + 1 };
                    }
                    _ => matches.push(Match { left: at_left, right: at_right, len: 1 }),
                }
                continue;
            }
            let one_up = *up.get_or_insert_with(|| self.at(long - 1, short));
            let one_back = here - self.steps(long, short) as usize;
            let (less_left, less_right) = if self.left_is_long { (one_up, one_back) } else { (one_back, one_up) };
            let go_up = (less_left > less_right) == self.left_is_long;
            if less_left > less_right {
                at_left -= 1;
            } else {
                at_right -= 1;
            }
            (here, up) =
                if go_up { (one_up, None) } else { (one_back, Some(one_up - self.steps(long - 1, short) as usize)) };
        }
        matches
    }
}

/// Zero bits among the first `count`.
fn zeros_before(row: &[u64], count: usize) -> usize {
    let whole: usize = row[..count / 64].iter().map(|word| word.count_zeros() as usize).sum();
    match count % 64 {
        0 => whole,
        rest => whole + (!row[count / 64] & ((1 << rest) - 1)).count_ones() as usize,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::random::step;

    /// The plain table, and the walk through it.
    fn plain(left: &[u8], right: &[u8]) -> (usize, Vec<Match>) {
        let mut table = vec![vec![0usize; right.len() + 1]; left.len() + 1];
        for i in 1..=left.len() {
            for j in 1..=right.len() {
                table[i][j] = if left[i - 1] == right[j - 1] {
                    table[i - 1][j - 1] + 1
                } else {
                    table[i - 1][j].max(table[i][j - 1])
                };
            }
        }
        let (mut i, mut j) = (left.len(), right.len());
        let mut matches: Vec<Match> = Vec::new();
        let mut open = false;
        while i > 0 && j > 0 {
            if left[i - 1] == right[j - 1] {
                (i, j) = (i - 1, j - 1);
                let len = if open { matches.pop().expect("open").len } else { 0 };
                matches.push(Match { left: i, right: j, len: len + 1 });
                open = true;
            } else {
                open = false;
                if table[i - 1][j] > table[i][j - 1] { i -= 1 } else { j -= 1 }
            }
        }
        (table[left.len()][right.len()], matches)
    }

    #[test]
    fn bits_and_the_plain_table_find_the_same_subsequence() {
        let mut seed = 5u64;
        let mut next = |below: u64| {
            seed = step(seed);
            (seed >> 33) % below
        };
        for round in 0..400 {
            let letters = 1 + next(5);
            let most = if round % 10 == 0 { 300 } else { 40 };
            let mut word = || {
                let len = next(most);
                (0..len).map(|_| b'a' + next(letters) as u8).collect::<Vec<u8>>()
            };
            let (left, right) = (word(), word());
            let lengths = Lengths::new(&left, &right, true);
            let (total, matches) = plain(&left, &right);
            assert_eq!(lengths.total, total, "{left:?} {right:?}");
            assert_eq!(Lengths::new(&left, &right, false).total, total);
            assert_eq!(lengths.matches(&left, &right), matches, "{left:?} {right:?}");
        }
    }
}
