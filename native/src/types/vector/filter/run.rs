//! Running a program over the attributes of a member.

use smallvec::SmallVec;

use super::json::{self, Text};
use super::{FILTER_VALUES_MAX, Literal, Operator, Program, Step, Value};
use crate::resp::number;

/// Longest text that may be read as a number, bytes.
const NUMBER_BYTES_MAX: usize = 255;

impl Program {
    /// Does the expression hold for these attributes? Allocates nothing.
    pub fn holds(&self, attributes: &[u8]) -> bool {
        // A program never needs more values than this, so they stay where they are.
        let mut values: SmallVec<[Value; FILTER_VALUES_MAX]> = SmallVec::new();
        for step in &self.steps {
            let value = match step {
                Step::Push(literal) => self.value(literal),
                Step::Field(name) => match json::field(attributes, name.of(&self.texts)) {
                    Some(value) => value,
                    None => return false,
                },
                Step::Not => {
                    let Some(value) = values.pop() else { return false };
                    Value::Number(f64::from(!value.is_true()))
                }
                Step::Two(operator) => {
                    let (Some(right), Some(left)) = (values.pop(), values.pop()) else { return false };
                    Value::Number(self.apply(*operator, left, right))
                }
            };
            values.push(value);
        }
        values.pop().is_some_and(|value| value.is_true())
    }

    fn value<'a>(&'a self, literal: &Literal) -> Value<'a> {
        match literal {
            Literal::Number(number) => Value::Number(*number),
            Literal::Text(place) => Value::Text(Text::plain(place.of(&self.texts))),
            Literal::Null => Value::Null,
            Literal::List(place) => Value::List(place.of(&self.elements)),
        }
    }

    fn apply(&self, operator: Operator, left: Value, right: Value) -> f64 {
        let (a, b) = (|| left.number(), || right.number());
        let truth = match operator {
            Operator::Power => return a().powf(b()),
            Operator::Times => return a() * b(),
            Operator::Over => return a() / b(),
            Operator::Modulo => return a() % b(),
            Operator::Plus => return a() + b(),
            Operator::Minus => return a() - b(),
            Operator::Greater => a() > b(),
            Operator::GreaterEqual => a() >= b(),
            Operator::Less => a() < b(),
            Operator::LessEqual => a() <= b(),
            Operator::Equal => left.equals(right),
            Operator::NotEqual => !left.equals(right),
            Operator::In => self.is_in(left, right),
            Operator::And => left.is_true() && right.is_true(),
            Operator::Or => left.is_true() || right.is_true(),
        };
        f64::from(truth)
    }

    /// One of a list, or a part of a text.
    fn is_in(&self, left: Value, right: Value) -> bool {
        match (left, right) {
            (_, Value::List(elements)) => elements.iter().any(|element| left.equals(self.value(element))),
            (_, Value::Array(array)) => {
                let mut found = false;
                json::elements(array, |element| {
                    found = left.equals(element);
                    found
                });
                found
            }
            (Value::Text(part), Value::Text(text)) => text.holds(part),
            _ => false,
        }
    }
}

impl Value<'_> {
    fn is_true(self) -> bool {
        match self {
            Value::Number(number) => number != 0.0,
            Value::Text(text) => !text.raw.is_empty(),
            Value::Null => false,
            Value::List(_) | Value::Array(_) => true,
        }
    }

    /// As a number; a text that is none, and everything else, is 0.
    fn number(self) -> f64 {
        match self {
            Value::Number(number) => number,
            Value::Text(text) => {
                let mut bytes = [0; NUMBER_BYTES_MAX];
                let mut len = 0;
                for byte in text.bytes() {
                    if len == NUMBER_BYTES_MAX {
                        return 0.0;
                    }
                    bytes[len] = byte;
                    len += 1;
                }
                text_number(&bytes[..len])
            }
            _ => 0.0,
        }
    }

    fn equals(self, other: Value) -> bool {
        match (self, other) {
            (Value::Text(a), Value::Text(b)) => a.equals(b),
            (Value::Null, Value::Null) => true,
            (Value::Null, _) | (_, Value::Null) => false,
            _ => self.number() == other.number(),
        }
    }
}

/// What C's strtod makes of a whole text.
fn text_number(text: &[u8]) -> f64 {
    let from = text.iter().position(|byte| !matches!(byte, b' ' | b'\t'..=b'\r')).unwrap_or(text.len());
    let text = &text[from..];
    let unsigned = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    if unsigned.eq_ignore_ascii_case(b"nan") {
        return f64::NAN;
    }
    number::double(text).unwrap_or(0.0)
}
