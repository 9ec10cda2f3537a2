//! FILTER: random expressions agree with a tree that is evaluated as it was made; random bytes are refused or run, never a
//! panic.

use super::{Draw, run};
use crate::types::vector::filter::Program;

/// An expression as a tree.
enum Tree {
    Number(i32),
    Text(&'static str),
    Null,
    Field(&'static str),
    Not(Box<Tree>),
    Two(&'static str, Box<Tree>, Box<Tree>),
    In(Box<Tree>, Vec<i32>),
}

#[derive(Clone, PartialEq, Debug)]
enum Value {
    Number(f64),
    Text(&'static str),
    Null,
}

const ATTRIBUTES: &str = r#"{"skip": {"n": [1, "}"]}, "n": 5, "zero": 0, "word": "seven", "digits": "7", "yes": true, "no": false, "nil": null}"#;

/// What the fields hold.
const FIELDS: [(&str, Value); 7] = [
    ("n", Value::Number(5.0)),
    ("zero", Value::Number(0.0)),
    ("word", Value::Text("seven")),
    ("digits", Value::Text("7")),
    ("yes", Value::Number(1.0)),
    ("no", Value::Number(0.0)),
    ("nil", Value::Null),
];

/// Operators, and how strongly they bind.
const OPERATORS: [(&str, u8); 15] = [
    ("**", 5),
    ("*", 4),
    ("/", 4),
    ("%", 4),
    ("+", 3),
    ("-", 3),
    (">", 2),
    (">=", 2),
    ("<", 2),
    ("<=", 2),
    ("==", 2),
    ("!=", 2),
    ("and", 1),
    ("&&", 1),
    ("or", 0),
];

fn tree(draw: &mut Draw, depth: usize) -> Tree {
    if depth == 0 || draw.chance(25) {
        return match draw.below(5) {
            0 => Tree::Text(draw.pick(&["", "7", "seven", "x y"])),
            1 => Tree::Null,
            2 | 3 => Tree::Field(draw.pick(&FIELDS.each_ref().map(|(name, _)| *name))),
            _ => Tree::Number(draw.below(12) as i32),
        };
    }
    match draw.below(8) {
        0 => Tree::Not(Box::new(tree(draw, depth - 1))),
        1 => Tree::In(Box::new(tree(draw, depth - 1)), (0..draw.below(4)).map(|_| draw.below(12) as i32).collect()),
        _ => {
            let (operator, _) = draw.pick(&OPERATORS);
            Tree::Two(operator, Box::new(tree(draw, depth - 1)), Box::new(tree(draw, depth - 1)))
        }
    }
}

impl Tree {
    fn strength(&self) -> u8 {
        match self {
            Tree::Two(operator, ..) => OPERATORS.iter().find(|(name, _)| name == operator).expect("of the list").1,
            Tree::In(..) => 2,
            Tree::Not(_) => 6,
            _ => 7,
        }
    }

    /// The expression, with no more parentheses than it needs (and some that it does not).
    fn print(&self, draw: &mut Draw) -> String {
        let side = |tree: &Tree, least: u8, draw: &mut Draw| {
            let text = tree.print(draw);
            if tree.strength() < least || draw.chance(10) { format!("({text})") } else { text }
        };
        match self {
            Tree::Number(number) => number.to_string(),
            Tree::Text(text) => {
                let quote = draw.pick(&['"', '\'']);
                format!("{quote}{text}{quote}")
            }
            Tree::Null => "null".to_string(),
            Tree::Field(name) => format!(".{name}"),
            Tree::Not(tree) => {
                let word = draw.pick(&["!", "not "]);
                format!("{word}{}", side(tree, 6, draw))
            }
            Tree::In(tree, list) => {
                let list: Vec<String> = list.iter().map(i32::to_string).collect();
                format!("{} in [{}]", side(tree, 2, draw), list.join(", "))
            }
            Tree::Two(operator, left, right) => {
                let own = self.strength();
                // From the left, but for `**`.
                let (least_left, least_right) = if *operator == "**" { (own + 1, own) } else { (own, own + 1) };
                format!("{} {operator} {}", side(left, least_left, draw), side(right, least_right, draw))
            }
        }
    }

    fn value(&self) -> Value {
        let truth = |truth: bool| Value::Number(f64::from(truth));
        match self {
            Tree::Number(number) => Value::Number(*number as f64),
            Tree::Text(text) => Value::Text(text),
            Tree::Null => Value::Null,
            Tree::Field(name) => FIELDS.iter().find(|(field, _)| field == name).expect("of the list").1.clone(),
            Tree::Not(tree) => truth(!tree.value().is_true()),
            Tree::In(tree, list) => {
                let value = tree.value();
                truth(list.iter().any(|element| value.equals(&Value::Number(*element as f64))))
            }
            Tree::Two(operator, left, right) => {
                let (left, right) = (left.value(), right.value());
                let (a, b) = (left.number(), right.number());
                match *operator {
                    "**" => Value::Number(a.powf(b)),
                    "*" => Value::Number(a * b),
                    "/" => Value::Number(a / b),
                    "%" => Value::Number(a % b),
                    "+" => Value::Number(a + b),
                    "-" => Value::Number(a - b),
                    ">" => truth(a > b),
                    ">=" => truth(a >= b),
                    "<" => truth(a < b),
                    "<=" => truth(a <= b),
                    "==" => truth(left.equals(&right)),
                    "!=" => truth(!left.equals(&right)),
                    "and" | "&&" => truth(left.is_true() && right.is_true()),
                    _ => truth(left.is_true() || right.is_true()),
                }
            }
        }
    }
}

impl Value {
    fn is_true(&self) -> bool {
        match self {
            Value::Number(number) => *number != 0.0,
            Value::Text(text) => !text.is_empty(),
            Value::Null => false,
        }
    }

    fn number(&self) -> f64 {
        match self {
            Value::Number(number) => *number,
            Value::Text("7") => 7.0,
            _ => 0.0,
        }
    }

    fn equals(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Text(a), Value::Text(b)) => a == b,
            (Value::Null, _) | (_, Value::Null) => self == other,
            _ => self.number() == other.number(),
        }
    }
}

#[test]
fn expressions_mean_what_their_tree_means() {
    run("filter trees", 20_000, |draw| {
        let tree = tree(draw, 5);
        let text = tree.print(draw);
        let program = Program::compile(text.as_bytes()).unwrap_or_else(|_| panic!("{text}"));
        assert_eq!(program.holds(ATTRIBUTES.as_bytes()), tree.value().is_true(), "{text}");
    });
}

#[test]
fn damaged_expressions_and_attributes_never_panic() {
    run("filter bytes", 20_000, |draw| {
        let mut text = tree(draw, 4).print(draw).into_bytes();
        draw.damage(&mut text, b"()[]!.\"'\\ &|=<>*-+%/,07einotadr\0\xff");
        let mut attributes = ATTRIBUTES.as_bytes().to_vec();
        draw.damage(&mut attributes, b"{}[]\":,\\ntfe0-+. \0\xff");
        if let Ok(program) = Program::compile(&text) {
            program.holds(&attributes);
            program.holds(ATTRIBUTES.as_bytes());
        }
    });
}
