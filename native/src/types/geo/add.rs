//! GEOADD: ZADD with positions for scores.

use smallvec::SmallVec;

use super::hash::encode;
use super::{GEO, position, refuse};
use crate::commands::row::{Joined, Pieces, Row, Run, access::*, flag::*, key};
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::txn::{Effect, Txn};
use crate::types::zset::write::{Options, set_scores};

pub const ROWS: &[Row] = &[Row {
    name: "geoadd",
    arity: -5,
    flags: WRITE | DENYOOM,
    keys: &[key(RW | UPDATE)],
    complexity: "O(log(N)) for each member given, with N members",
    summary: "Adds members with their positions, and moves those that are there.",
    args: "key [NX|XX] [CH] longitude latitude member [longitude latitude member ...]",
    reply: "number",
    run: Run::Data(geoadd),
    pieces: Some(Pieces {
        head: |args| {
            let (options, first) = parse_options(args);
            if options.nx && options.xx { 0 } else { first }
        },
        step: 3,
        fits: |triples| {
            let fits = |index: usize| position(triples.get(index * 3), triples.get(index * 3 + 1)).is_ok();
            (0..triples.len() / 3).all(fits)
        },
        ..Pieces::plain(Joined::Sum)
    }),
    ..GEO
}];

/// The options, and the first argument behind them.
fn parse_options(args: Args) -> (Options, usize) {
    let mut options = Options::default();
    let mut first = 2;
    while first < args.len() {
        match args.get(first).to_ascii_lowercase().as_slice() {
            b"nx" => options.nx = true,
            b"xx" => options.xx = true,
            b"ch" => options.ch = true,
            _ => break,
        }
        first += 1;
    }
    (options, first)
}

fn geoadd(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (options, first) = parse_options(args);
    let words = args.len() - first;
    if words == 0 || !words.is_multiple_of(3) || (options.nx && options.xx) {
        return refuse(reply, error::SYNTAX);
    }
    let triples = args.from(first);
    let mut scores: SmallVec<[f64; 8]> = SmallVec::new();
    for index in 0..words / 3 {
        match position(triples.get(index * 3), triples.get(index * 3 + 1)) {
            Ok(position) => scores.push(encode(position)),
            Err(text) => return refuse(reply, &text),
        }
    }
    let member = |index: usize| triples.get(index * 3 + 2);
    match set_scores(txn, args.get(1), reply, options, &scores, member) {
        // As in Redis, the log has scores.
        Effect::Verbatim if txn.record => {
            let mut command = OwnedArgs::of(&[b"ZADD"]);
            args.from(1).first(first - 1).iter().for_each(|word| command.push(word));
            for (index, score) in scores.iter().enumerate() {
                command.push(itoa::Buffer::new().format(*score as u64).as_bytes());
                command.push(member(index));
            }
            Effect::Rewrite(vec![command])
        }
        effect => effect,
    }
}
