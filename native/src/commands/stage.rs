//! Commands for tests: run through their rows, without connections.

use super::row::Run;
use super::table::table;
use crate::resp::args::OwnedArgs;
use crate::resp::reply::{Protocol, Reply};
use crate::txn::{Effect, Progress, Txn};

pub struct Ran {
    pub reply: Vec<u8>,
    /// `Slices` of those that had some, which are over.
    pub effect: Effect,
    pub slices: usize,
}

/// Runs a request, with `between` before each of its slices; it is told how many there were.
pub fn run_between(txn: &mut Txn, proto: Protocol, request: &[&[u8]], mut between: impl FnMut(&mut Txn, usize)) -> Ran {
    let owned = OwnedArgs::of(request);
    let row = table().row(table().resolve(owned.borrow()).expect("a command"));
    assert!(row.arity_fits(request.len()), "{request:?}");
    let Run::Data(handler) = row.run else { panic!("{} is no data command", row.name) };
    let mut out = Vec::new();
    let mut reply = Reply::new(&mut out, proto);
    let mut effect = handler(txn, owned.borrow(), &mut reply);
    let mut slices = 0;
    if let Effect::Slices(work) = &mut effect {
        loop {
            between(txn, slices);
            slices += 1;
            if work.step(txn, &mut reply).expect("all shards are held") == Progress::Done {
                break;
            }
        }
    }
    Ran { reply: out, effect, slices }
}

pub fn run_as(txn: &mut Txn, proto: Protocol, request: &[&[u8]]) -> (String, Effect) {
    let Ran { reply, effect, .. } = run_between(txn, proto, request, |_, _| ());
    (String::from_utf8_lossy(&reply).into_owned(), effect)
}

/// The reply, as RESP2, to words with a space between them; `""` is an empty one.
pub fn run(txn: &mut Txn, line: &str) -> String {
    let words: Vec<&[u8]> =
        line.split(' ').map(|word| if word == "\"\"" { &b""[..] } else { word.as_bytes() }).collect();
    run_as(txn, Protocol::Resp2, &words).0
}

/// The reply to words of a request that goes in slices, with `changes` made after `after` of them; and how many it took.
pub fn run_sliced(txn: &mut Txn, line: &str, after: usize, changes: &[&str]) -> (String, usize) {
    let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    let ran = run_between(txn, Protocol::Resp2, &words, |txn, slices| {
        if slices == after {
            changes.iter().for_each(|change| drop(run(txn, change)));
        }
    });
    assert!(ran.slices > after, "{line} took {} slices", ran.slices);
    (String::from_utf8_lossy(&ran.reply).into_owned(), ran.slices)
}
