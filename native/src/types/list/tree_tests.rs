//! The tree against a plain vector of nodes.

use super::*;
use crate::sys::random::step;
use crate::types::list::element::{Element, Item};
use crate::types::list::run::Run;

const LIMITS: Limits = Limits { bytes_max: 4096, count_max: usize::MAX, depth: 0, plain_min: 1 << 30 };

struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = step(self.0);
        (self.0 >> 33) as usize % bound
    }
}

/// A node of the numbers in `from..to`; large enough not to be made one with others.
fn node(numbers: &[usize]) -> Node {
    let mut run = Run::default();
    for number in numbers {
        run.push(Side::Right, &Element::of(format!("{number}:{}", "x".repeat(1000)).as_bytes()));
    }
    Node::Packed(run)
}

fn numbers(node: &Node) -> Vec<usize> {
    let number = |item: Item| String::from_utf8_lossy(&item.to_vec()).split(':').next().and_then(|n| n.parse().ok());
    node.view().items(0, usize::MAX).filter_map(number).collect()
}

fn all(tree: &Tree) -> Vec<Vec<usize>> {
    let mut found = Vec::new();
    tree.visit(0, tree.sum().elements, Side::Left, &mut |node, skip, take| {
        assert_eq!((skip, take), (0, node.len()));
        found.push(numbers(node));
        true
    });
    found
}

#[test]
fn random_edits_splits_and_joins_agree_with_a_vector() {
    edits_agree(crate::sys::random::next_u64());
}

pub(crate) fn edits_agree(seed: u64) {
    println!("seed {seed}");
    let mut dice = Dice(seed);
    let mut tree = Tree::default();
    let mut model: Vec<Vec<usize>> = Vec::new();
    let mut next = 0;
    for step in 0..6000 {
        let growing = step / 1000 % 2 == 0;
        let made: Vec<usize> = (0..2 + dice.below(2)).map(|offset| next + offset).collect();
        next += 10;
        let before = (step % 97 == 0).then(|| (tree.clone(), model.clone()));
        match (dice.below(12), growing) {
            (0..4, true) => {
                tree.push(Side::Left, node(&made));
                model.insert(0, made);
            }
            (4..8, true) => {
                tree.push(Side::Right, node(&made));
                model.push(made);
            }
            (0..3, false) => {
                let popped = tree.pop(Side::Left);
                assert_eq!(popped.map(|node| numbers(&node)), (!model.is_empty()).then(|| model.remove(0)));
            }
            (3..6, false) => {
                let popped = tree.pop(Side::Right);
                assert_eq!(popped.map(|node| numbers(&node)), model.pop());
            }
            (6..10, _) if !model.is_empty() => {
                let place = dice.below(model.len());
                let first: usize = model[..place].iter().map(Vec::len).sum();
                let offset = dice.below(model[place].len());
                let count = dice.below(4);
                let parts: Vec<Vec<usize>> =
                    (0..count).map(|part| vec![next + part * 2, next + part * 2 + 1]).collect();
                next += 10;
                tree.edit((first + offset) as u64, &LIMITS, |old, at| {
                    assert_eq!((numbers(&old), at), (model[place].clone(), offset));
                    parts.iter().map(|part| node(part)).collect()
                });
                model.splice(place..=place, parts);
            }
            _ if !model.is_empty() => {
                let elements: usize = model.iter().map(Vec::len).sum();
                let at = dice.below(elements);
                let (found, offset) = tree.find(at as u64).expect("there");
                let (found, offset) = (numbers(found), offset);
                let (left, middle, right) = std::mem::take(&mut tree).split(at as u64);
                left.check();
                right.check();
                let (middle, place) = middle.expect("there");
                assert_eq!((numbers(&middle), place), (found, offset));
                let mut whole = left;
                if dice.below(2) == 0 {
                    whole.push(Side::Right, middle);
                    tree = whole.join(right);
                } else {
                    let mut right = right;
                    right.push(Side::Left, middle);
                    tree = whole.join(right);
                }
            }
            _ => (),
        }
        if step % 20 == 0 {
            tree.check();
            assert_eq!(all(&tree), model);
        }
        if let Some((copy, kept)) = before {
            assert_eq!(all(&copy), kept, "a copy keeps what it had");
        }
        assert_eq!(tree.sum().elements, model.iter().map(|part| part.len() as u64).sum::<u64>());
    }
}

#[test]
fn a_range_is_visited_from_both_sides() {
    let mut tree = Tree::default();
    for number in 0..5000 {
        tree.push(Side::Right, node(&[number * 2, number * 2 + 1]));
    }
    tree.check();
    let mut dice = Dice(11);
    for _ in 0..200 {
        let from = dice.below(10_000);
        let count = dice.below(10_000 - from) + 1;
        for side in [Side::Left, Side::Right] {
            let mut found = Vec::new();
            tree.visit(from as u64, count as u64, side, &mut |node, skip, take| {
                let mut part = numbers(node)[skip..skip + take].to_vec();
                if side == Side::Right {
                    part.reverse();
                }
                found.extend(part);
                true
            });
            let mut wanted: Vec<usize> = (from..from + count).collect();
            if side == Side::Right {
                wanted.reverse();
            }
            assert_eq!(found, wanted);
        }
    }
}

#[test]
fn small_nodes_beside_each_other_become_one() {
    let mut tree = Tree::default();
    let small = |text: &[u8]| Node::of(text, &LIMITS);
    for text in [b"a", b"b", b"c"] {
        tree.push(Side::Right, small(text));
    }
    tree.edit(1, &LIMITS, |node, _| smallvec::smallvec![node]);
    assert_eq!((tree.sum().nodes, tree.sum().elements), (1, 3));
    tree.check();
}
