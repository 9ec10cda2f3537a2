//! Requests as the command table describes them: a row's own arguments, with words that make and meet values of every type.

use super::Draw;
use crate::commands::row::Row;
use crate::commands::server::synopsis::{Argument, Kind, parse};

/// Few, so that commands meet each other's values.
pub const KEYS: &[&str] = &["a", "b", "c", "d", "e", "f", "g", "h"];

/// No count so far below zero that a draw with repetition fills the memory.
const INTEGERS: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "7",
    "10",
    "100",
    "1000",
    "-1",
    "-2",
    "-7",
    "-100",
    "9223372036854775807",
    "4294967296",
    "007",
    "-9223372036854775808",
    "9223372036854775808",
    "x",
    "",
    "1.5",
];
const DOUBLES: &[&str] = &[
    "0",
    "1",
    "-1",
    "1.5",
    "-0",
    "3.0e3",
    "0.1",
    "100",
    "-200",
    "inf",
    "-inf",
    "nan",
    "1e400",
    "1.7976931348623157e308",
    "x",
];
const ENDS: &[&str] =
    &["-", "+", "(1", "(a", "[a", "[m3", "[", "-inf", "+inf", "(5-1", "5-2", "0-0", "$", ">", "*", "1-*", "0-1"];
const FIELDS: &[&str] = &["u8", "i5", "u63", "i64", "u64", "i1", "u0", "#1", "i8"];
const PATTERNS: &[&str] = &["*", "m?", "m[1-4]*", "*2", "a*", "[", "\\", "w_*->f", "#", "nosort", "m*->m1"];

/// A request of one of the rows; mostly one that it takes.
pub fn request(draw: &mut Draw, rows: &[&Row]) -> Vec<Vec<u8>> {
    let row = draw.pick(rows);
    let mut words: Vec<Vec<u8>> = row.name.split('|').map(|word| word.as_bytes().to_vec()).collect();
    sequence(draw, &parse(row), &mut words);
    let name = row.name.split('|').count();
    count(draw, &mut words, 1);
    while words.len() > name && draw.chance(6) {
        let at = name + draw.below(words.len() - name);
        match draw.below(3) {
            0 => drop(words.remove(at)),
            1 => words[at] = text(draw, "value"),
            _ => words.insert(at, text(draw, "count")),
        }
    }
    words
}

fn sequence(draw: &mut Draw, arguments: &[Argument], words: &mut Vec<Vec<u8>>) {
    let from = words.len();
    for argument in arguments {
        if argument.optional && draw.chance(70) {
            continue;
        }
        let times = match argument.multiple {
            true if draw.chance(3) => 1 + draw.below(200),
            true => 1 + draw.below(4),
            false => 1,
        };
        let before = words.len();
        for turn in 0..times {
            if let Some(token) = &argument.token
                && (turn == 0 || argument.multiple_token)
            {
                words.push(token.as_bytes().to_vec());
            }
            match argument.kind {
                Kind::PureToken => (),
                Kind::OneOf => {
                    let part = &argument.parts[draw.below(argument.parts.len())];
                    sequence(draw, std::slice::from_ref(part), words);
                }
                Kind::Block => sequence(draw, &argument.parts, words),
                Kind::Key => words.push(draw.pick(KEYS).into()),
                _ => words.push(text(draw, &argument.name)),
            }
        }
        if argument.multiple {
            count(draw, &mut words[..before], times);
        }
    }
    // Options come in any order.
    if arguments.len() > 2 && words.len() > from && draw.chance(3) {
        let at = from + draw.below(words.len() - from);
        words[from..].rotate_left(at - from);
    }
}

/// Stands for the number of things that follow.
const COUNTED: &[u8] = b"{counted}";

/// Says `times` where it was to be said how many follow, most of the time.
fn count(draw: &mut Draw, words: &mut [Vec<u8>], times: usize) {
    if let Some(word) = words.iter_mut().rfind(|word| *word == COUNTED) {
        *word = if draw.chance(97) { times.to_string().into_bytes() } else { draw.pick(INTEGERS).into() };
    }
}

/// Something for a placeholder of this name.
fn text(draw: &mut Draw, name: &str) -> Vec<u8> {
    let digits = |draw: &mut Draw, most: usize| draw.below(most).to_string();
    match name {
        "numkeys" | "numfields" | "numids" | "num" => return COUNTED.to_vec(),
        _ if draw.chance(4) => return draw.bytes(b"am1 \r\n\0\xff*$-", 40),
        "member" | "field" | "element" | "pivot" | "value" | "consumer" | "group" | "start" | "stop" | "min"
        | "max"
            if draw.chance(2) =>
        {
            return vec![b'y'; draw.below(9000)];
        }
        _ => (),
    }
    let word = match name {
        "member" | "field" | "element" | "pivot" | "member1" | "member2" | "vector-or-element" if draw.chance(30) => {
            digits(draw, 40)
        }
        "member" | "field" | "element" | "pivot" | "member1" | "member2" | "vector-or-element" | "prefix" => {
            format!("m{}", digits(draw, 30))
        }
        "group" | "consumer" => draw.pick(&["g", "h"]).into(),
        "score" | "increment" | "weight" | "radius" | "width" | "height" | "timeout" => draw.pick(DOUBLES).into(),
        "longitude" | "latitude" => format!("{}.{}", draw.below(170) as i64 - 85, draw.below(1000)),
        "id" | "last-id" | "lastid" | "entries-id" | "max-deleted-id" | "threshold" if draw.chance(70) => {
            format!("{}-{}", draw.below(60), draw.below(3))
        }
        "id" | "start" | "end" | "min" | "max" | "stop" | "last-id" if draw.chance(40) => draw.pick(ENDS).into(),
        "encoding" => draw.pick(FIELDS).into(),
        "offset" | "index" | "start" | "end" | "stop" | "bit" | "count" | "cursor" if draw.chance(70) => {
            (draw.below(50) as i64 - 10).to_string()
        }
        "pattern" => draw.pick(PATTERNS).into(),
        "vector" | "dim" => draw.pick(&["1", "2", "3", "0.5", "-1"]).into(),
        "seconds" | "milliseconds" | "min-idle-time" => draw.pick(&["0", "1", "5", "100", "1000000", "-1"]).into(),
        "unix-time-seconds" => draw.pick(&["1", "1000", "2000000000"]).into(),
        "unix-time-milliseconds" => draw.pick(&["1", "1000000", "2000000000000"]).into(),
        "destination-db" | "index1" | "index2" | "db" => draw.pick(&["0", "1", "2", "3", "4"]).into(),
        "filter" | "expression" => draw.pick(&[".a > 1", "not .a", ".a in [1,2]", "(", ".b == \"x\" and .a"]).into(),
        "json" | "attributes" => draw.pick(&["{\"a\":1}", "{\"a\":3,\"b\":\"x\"}", "", "{"]).into(),
        "value" | "string" if draw.chance(60) => format!("v{}", digits(draw, 50)),
        _ if draw.chance(70) => draw.pick(INTEGERS).into(),
        _ => draw.pick(KEYS).into(),
    };
    word.into_bytes()
}
