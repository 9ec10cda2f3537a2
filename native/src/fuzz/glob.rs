//! Patterns: the matcher agrees with a table over pattern elements and text, the textbook way.

use super::run;
use crate::commands::glob::{matches, matches_any_case};

enum Element {
    Star,
    /// Whether each of the 256 bytes fits.
    One(Box<[bool; 256]>),
}

fn elements(pattern: &[u8]) -> Vec<Element> {
    let (mut elements, mut at) = (Vec::new(), 0);
    while at < pattern.len() {
        let mut set = Box::new([false; 256]);
        match pattern[at] {
            b'*' => {
                elements.push(Element::Star);
                at += 1;
                continue;
            }
            b'?' => set.fill(true),
            b'[' => {
                let negated = pattern.get(at + 1) == Some(&b'^');
                at += 1 + negated as usize;
                while at < pattern.len() && pattern[at] != b']' {
                    let (first, last) = match pattern[at..] {
                        [b'\\', escaped, ..] => {
                            at += 1;
                            (escaped, escaped)
                        }
                        [first, b'-', last, ..] => {
                            at += 2;
                            (first.min(last), first.max(last))
                        }
                        _ => (pattern[at], pattern[at]),
                    };
                    set[first as usize..=last as usize].fill(true);
                    at += 1;
                }
                set.iter_mut().for_each(|fits| *fits ^= negated);
            }
            b'\\' if at + 1 < pattern.len() => {
                at += 1;
                set[pattern[at] as usize] = true;
            }
            literal => set[literal as usize] = true,
        }
        at += 1;
        elements.push(Element::One(set));
    }
    elements
}

fn plain(pattern: &[u8], text: &[u8]) -> bool {
    if text.is_empty() {
        return pattern.is_empty();
    }
    // reached[n]: the elements so far can take exactly the first n bytes.
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for element in elements(pattern) {
        match element {
            Element::Star => {
                let first = reached.iter().position(|yes| *yes).unwrap_or(reached.len());
                reached[first..].fill(true);
            }
            Element::One(set) => {
                for at in (0..text.len()).rev() {
                    reached[at + 1] = reached[at] && set[text[at] as usize];
                }
                reached[0] = false;
            }
        }
    }
    reached[text.len()]
}

#[test]
fn the_matcher_agrees_with_the_table() {
    run("glob", 50_000, |draw| {
        let most = if draw.chance(5) { 200 } else { 12 };
        let pattern = draw.bytes(b"ab*?[]^-\\cA\xff\0", most);
        let text = draw.bytes(b"abcA]\\-\xff\0", most);
        assert_eq!(matches(&pattern, &text), plain(&pattern, &text), "{pattern:?} {text:?}");
        // Blind to case it may only match more, where the pattern has no brackets that could be negated.
        if !pattern.contains(&b'[') && matches(&pattern, &text) {
            assert!(matches_any_case(&pattern, &text.to_ascii_uppercase()), "{pattern:?} {text:?}");
        }
    });
}
