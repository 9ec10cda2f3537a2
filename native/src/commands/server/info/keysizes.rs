//! The section Keysizes: how many values of each type are how long. Every key is walked for it, so it is shown only when asked for.

use std::fmt::Write;

use super::text::Text;
use crate::commands::walk::Walk;
use crate::ds::entry::Value;
use crate::resp::reply::Reply;
use crate::txn::{Progress, Txn, Work};

/// Lengths below 1, 2, 4, … 2^62, and longer ones.
const BINS: usize = 64;

/// Names of the lines, and the types they are about.
const LINES: [(&str, &str); 6] = [
    ("distrib_strings_sizes", "string"),
    ("distrib_lists_items", "list"),
    ("distrib_sets_items", "set"),
    ("distrib_zsets_items", "zset"),
    ("distrib_hashes_items", "hash"),
    ("distrib_arrays_items", "array"),
];

type Counts = [[u64; BINS]; LINES.len()];

/// Walks the databases one after the other, adds their lines to what INFO has written so far, and replies all of it.
pub struct Keysizes {
    text: Option<Text>,
    db: u32,
    walk: Walk,
    counts: Box<Counts>,
}

impl Keysizes {
    pub fn after(mut text: Text) -> Keysizes {
        text.section("Keysizes");
        Keysizes { text: Some(text), db: 0, walk: Walk::default(), counts: Box::new([[0; BINS]; LINES.len()]) }
    }
}

impl Work for Keysizes {
    fn step(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        let counts = &mut self.counts;
        let is_empty = self.walk.is_new() && txn.store.counters.keys(self.db) == 0;
        let progress = if is_empty {
            Progress::Done
        } else {
            self.walk.slice(txn, self.db, |entry| {
                let name = entry.type_name();
                let Some(line) = LINES.iter().position(|(_, of)| *of == name) else { return };
                let length = match entry.value() {
                    Value::Int(number) => itoa::Buffer::new().format(number).len(),
                    Value::Bytes(text) => text.len(),
                    Value::Object(object) => object.len(),
                };
                counts[line][bin(length)] += 1;
            })?
        };
        if progress == Progress::More {
            return Ok(Progress::More);
        }
        let text = self.text.as_mut().expect("taken at the end only");
        for ((name, _), counts) in LINES.iter().zip(counts.iter()) {
            let shown = line(counts);
            if !shown.is_empty() {
                text.field(&format!("db{}_{name}", self.db), shown);
            }
        }
        **counts = [[0; BINS]; LINES.len()];
        (self.db, self.walk) = (self.db + 1, Walk::default());
        if (self.db as usize) < txn.store.databases {
            return Ok(Progress::More);
        }
        let text = self.text.take().expect("as above").finish();
        reply.verbatim(*b"txt", text.as_bytes());
        Ok(Progress::Done)
    }
}

/// 0 for nothing, then one more per power of two.
fn bin(length: usize) -> usize {
    (usize::BITS - length.leading_zeros()) as usize % BINS
}

/// `1=19,2=655,1K=31`: the shortest length of each bin that has any, and how many it has.
fn line(counts: &[u64; BINS]) -> String {
    let mut text = String::new();
    for (at, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let shortest = if at == 0 { 0 } else { 1u64 << (at - 1) };
        let comma = if text.is_empty() { "" } else { "," };
        let (number, unit) = match shortest.max(1).ilog2() / 10 {
            0 => (shortest, ""),
            1 => (shortest >> 10, "K"),
            2 => (shortest >> 20, "M"),
            3 => (shortest >> 30, "G"),
            4 => (shortest >> 40, "T"),
            5 => (shortest >> 50, "P"),
            _ => (shortest >> 60, "E"),
        };
        let _ = write!(text, "{comma}{number}{unit}={count}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_counted_by_powers_of_two() {
        let mut counts = [0; BINS];
        for length in [0, 1, 2, 3, 4, 7, 1023, 1024, 2047, 5 << 20] {
            counts[bin(length)] += 1;
        }
        assert_eq!(line(&counts), "0=1,1=1,2=2,4=2,512=1,1K=2,4M=1");
        assert_eq!(line(&[0; BINS]), "");
    }
}
