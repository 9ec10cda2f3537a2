//! Arrays: the structure agrees with a plain map under any changes, cuts and clones; arguments of ARGREP are refused or searched
//! with, and its regular expressions are refused or match.

use std::collections::BTreeMap;

use super::{Draw, run};
use crate::ds::sliced::{INDEX_MAX, NUMBER_BYTES_MAX, Sliced, Word};
use crate::resp::args::OwnedArgs;
use crate::types::array::plan::Plan;

fn index(draw: &mut Draw) -> u64 {
    match draw.below(10) {
        0..5 => draw.below(150) as u64,
        5 | 6 => draw.below(9000) as u64,
        7 => draw.below(1 << 40) as u64,
        8 => INDEX_MAX - draw.below(5000) as u64,
        _ => 1 << draw.below(64),
    }
}

fn text(draw: &mut Draw) -> Vec<u8> {
    let mut text =
        [&b"0"[..], b"-1", b"3.25", b"-123456.789012", b"2305843009213693951", b"short", b"rather long text"]
            [draw.below(7)]
        .to_vec();
    if draw.chance(50) {
        draw.damage(&mut text, b"0123456789.-+e\x00\xff");
    }
    text
}

#[test]
fn structures_agree_with_a_map() {
    run("arrays", 1_500, |draw| {
        let (mut array, mut model) = (Sliced::default(), BTreeMap::new());
        let mut kept = (array.clone(), model.clone());
        let read = |word: &Word| word.text(&mut [0; NUMBER_BYTES_MAX]).to_vec();
        for _ in 0..200 {
            let at = index(draw);
            match draw.below(8) {
                0..5 => {
                    let text = text(draw);
                    assert_eq!(array.set(at, Word::of(&text)).as_ref().map(read), model.insert(at, text));
                }
                5 => assert_eq!(array.take(at).as_ref().map(read), model.remove(&at)),
                6 => {
                    let other = index(draw);
                    let taken = array.extract(at.min(other), at.max(other));
                    assert_eq!(taken.count(), model.range(at.min(other)..=at.max(other)).count() as u64);
                    if draw.chance(70) {
                        array.merge(taken);
                    } else {
                        model.retain(|index, _| !(at.min(other)..=at.max(other)).contains(index));
                    }
                }
                _ => kept = (array.clone(), model.clone()),
            }
        }
        for (array, model) in [(&array, &model), (&kept.0, &kept.1)] {
            array.check();
            let mut seen = BTreeMap::new();
            array.walk(0, INDEX_MAX, |index, word| seen.insert(index, read(word)).is_none());
            assert_eq!(seen, *model);
        }
    });
}

#[test]
fn arguments_of_argrep_are_refused_or_searched_with() {
    const WORDS: [&[u8]; 12] = [
        b"EXACT",
        b"match",
        b"GLOB",
        b"RE",
        b"AND",
        b"OR",
        b"LIMIT",
        b"WITHVALUES",
        b"NOCASE",
        b"3",
        b"^(a|b){2}[[:alpha:]x-z]*$",
        b"*a?[b-d]\\",
    ];
    run("arguments of argrep", 3_000, |draw| {
        let mut words: Vec<Vec<u8>> = (0..1 + draw.below(8)).map(|_| WORDS[draw.below(12)].to_vec()).collect();
        for word in &mut words {
            if draw.chance(30) {
                draw.damage(word, b"\\[](){}^$.*+?|-:,QExwb019\xff\x00");
            }
        }
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        let Ok(mut plan) = Plan::parse(OwnedArgs::of(&words).borrow()) else { return };
        loop {
            match plan.make_ready() {
                Ok(true) => (),
                Ok(false) => break,
                Err(why) => return assert!(why.starts_with("ERR ")),
            }
        }
        for text in [&b""[..], b"ab", b"ABz", b"\xff\x00", b"rather long text"] {
            plan.matches(text);
        }
    });
}
