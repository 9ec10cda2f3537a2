//! LOLWUT: a drawing, and the version. `redis-cli lolwut | tail -1` is how some tools ask for it.

use crate::sys::random::step;
use std::fmt::Write;

use super::SERVER;
use crate::commands::row::{Row, Run, flag::*};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::session::server::REDIS_VERSION;
use crate::sys::random;
use crate::txn::{Effect, Txn};

pub const ROWS: &[Row] = &[Row {
    name: "lolwut",
    arity: -1,
    flags: READONLY | FAST,
    since: "5.0.0",
    complexity: "O(1)",
    summary: "Draws something, and tells the version.",
    args: "[VERSION version]",
    reply: "string",
    run: Run::Data(lolwut),
    ..SERVER
}];

const COLUMNS: usize = 64;
const ROWS_COUNT: usize = 16;
/// From valley to peak.
const SHADES: &[u8] = b" .:-=+*#%@";

fn lolwut(_: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    if args.len() >= 3 && args.is(1, "version") && number::integer(args.get(2)).is_none() {
        reply.error(error::NOT_INTEGER);
        return Effect::None;
    }
    let mut text = hills(random::next_u64());
    let _ = writeln!(text, "\nShards, seen from above. Redis ver. {REDIS_VERSION}");
    reply.verbatim(*b"txt", text.as_bytes());
    Effect::None
}

/// A landscape of a few round hills, another one for each seed.
fn hills(seed: u64) -> String {
    let mut state = seed;
    let mut next = |bound: u64| {
        state = step(state);
        (state >> 33) % bound
    };
    let tops: Vec<(f64, f64, f64)> =
        (0..6).map(|_| (next(COLUMNS as u64) as f64, next(ROWS_COUNT as u64) as f64, 4.0 + next(10) as f64)).collect();
    let mut text = String::new();
    for row in 0..ROWS_COUNT {
        for column in 0..COLUMNS {
            // A character is about twice as high as wide.
            let height: f64 = tops
                .iter()
                .map(|(x, y, radius)| {
                    let distance = (column as f64 - x).hypot(2.0 * (row as f64 - y)) / radius;
                    (-distance * distance).exp()
                })
                .sum();
            let shade = (height.min(1.0) * (SHADES.len() - 1) as f64) as usize;
            text.push(SHADES[shade] as char);
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_fits_a_terminal_and_follows_its_seed() {
        let drawing = hills(1);
        assert_eq!(drawing.lines().count(), ROWS_COUNT);
        assert!(drawing.lines().all(|line| line.len() <= COLUMNS));
        assert_eq!(drawing, hills(1));
        assert_ne!(drawing, hills(2));
    }
}
