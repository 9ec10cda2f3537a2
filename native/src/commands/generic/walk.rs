//! KEYS: a walk over the whole database in slices, between the requests of others.

use crate::commands::glob;
use crate::commands::row::{Group, ROW, Row, Run, category, flag::*};
use crate::commands::walk::Walk;
use crate::resp::args::Args;
use crate::resp::reply::{Protocol, Reply};
use crate::txn::{Effect, Progress, Txn, Work};

/// Bytes of a piece of the reply. The whole may be hundreds of megabytes: in one buffer each doubling would copy it.
const PIECE_BYTES: usize = 64 * 1024;

pub const ROWS: &[Row] = &[Row {
    name: "keys",
    arity: 2,
    flags: READONLY | WALKS,
    categories: category::KEYSPACE | category::DANGEROUS,
    group: Group::Generic,
    complexity: "O(N) where N is the number of keys of the database, in slices that let others pass.",
    summary: "Lists all keys that match a pattern.",
    args: "pattern",
    reply: "string[]",
    run: Run::Data(keys),
    ..ROW
}];

fn keys(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let mut work = Keys {
        pattern: Some(args.get(1)).filter(|pattern| *pattern != b"*").map(Box::from),
        walk: Walk::default(),
        count: 0,
        pieces: Vec::new(),
        sent: None,
    };
    // Most databases are small: the first slice is often the last.
    match work.step(txn, reply) {
        Ok(Progress::Done) => Effect::None,
        Ok(Progress::More) => Effect::Slices(Box::new(work)),
        Err(shard) if work.count == 0 => Effect::Busy(shard),
        Err(_) => Effect::Slices(Box::new(work)),
    }
}

struct Keys {
    /// None: all keys.
    pattern: Option<Box<[u8]>>,
    walk: Walk,
    count: usize,
    /// The elements of the reply so far, as bulk strings.
    pieces: Vec<Vec<u8>>,
    /// The walk is over, and so many pieces are in the reply.
    sent: Option<usize>,
}

impl Work for Keys {
    fn step(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        if self.sent.is_none() {
            if self.walk(txn)? == Progress::More {
                return Ok(Progress::More);
            }
            reply.array(self.count);
            self.sent = Some(0);
        }
        let sent = self.sent.as_mut().expect("set above");
        if let Some(piece) = self.pieces.get_mut(*sent) {
            reply.raw(&std::mem::take(piece));
            *sent += 1;
        }
        Ok(if *sent < self.pieces.len() { Progress::More } else { Progress::Done })
    }
}

impl Keys {
    /// Walks on for one slice; Done at the end of the last shard.
    fn walk(&mut self, txn: &mut Txn) -> Result<Progress, u32> {
        let Keys { pattern, walk, count, pieces, .. } = self;
        walk.slice(txn, txn.db, |entry| {
            if pattern.as_ref().is_none_or(|pattern| glob::matches(pattern, entry.key())) {
                *count += 1;
                add(pieces, entry.key());
            }
        })
    }
}

/// Puts a key into the last piece, or begins a new one.
fn add(pieces: &mut Vec<Vec<u8>>, key: &[u8]) {
    // 24: `$`, the length, two line ends.
    let bytes = key.len() + 24;
    if pieces.last().is_none_or(|piece| piece.len() + bytes > PIECE_BYTES) {
        // The first piece grows as it must, since most replies are small.
        let capacity = if pieces.is_empty() { bytes } else { PIECE_BYTES.max(bytes) };
        pieces.push(Vec::with_capacity(capacity));
    }
    let piece = pieces.last_mut().expect("pushed above");
    // Bulk strings are the same in both protocols.
    Reply::new(piece, Protocol::Resp2).bulk(key);
}

#[cfg(test)]
mod tests {
    use super::super::stage::{run, txn};
    use super::*;
    use crate::ds::entry::NewValue;
    use crate::txn::access::Expiry;

    #[test]
    fn a_large_database_is_listed_whole_in_many_slices() {
        let mut txn = txn();
        for index in 0..100_000 {
            txn.set(format!("key:{index}").as_bytes(), NewValue::Int(1), Expiry::Clear);
        }
        let (mut out, mut steps) = (Vec::new(), 0);
        let mut reply = Reply::new(&mut out, Protocol::Resp2);
        let owned = crate::resp::args::OwnedArgs::of(&[b"KEYS", b"*"]);
        if let Effect::Slices(mut work) = keys(&mut txn, owned.borrow(), &mut reply) {
            loop {
                steps += 1;
                let before = reply.mark();
                let progress = work.step(&mut txn, &mut reply).expect("all shards are held");
                assert!(reply.mark() - before <= PIECE_BYTES + 32, "a slice writes one piece");
                if progress == Progress::Done {
                    break;
                }
            }
        }
        assert!(steps > 20, "{steps} slices");
        let text = String::from_utf8(out).expect("keys are ASCII");
        let mut lines = text.split("\r\n");
        assert_eq!(lines.next(), Some("*100000"));
        let distinct: std::collections::HashSet<&str> = lines.filter(|line| line.starts_with("key:")).collect();
        assert_eq!(distinct.len(), 100_000);
    }

    #[test]
    fn patterns_choose_and_expired_keys_are_left_out() {
        let mut txn = txn();
        for (key, expiry) in [("ab", Expiry::Clear), ("b", Expiry::At(2_000_000)), ("ac", Expiry::At(500))] {
            txn.set(key.as_bytes(), NewValue::Int(1), expiry);
        }
        assert_eq!(run(&mut txn, keys, "KEYS a*").0, "*1~$2~ab~");
        assert_eq!(run(&mut txn, keys, "KEYS x").0, "*0~");
    }
}
