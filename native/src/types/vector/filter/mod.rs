//! FILTER: expressions over the attributes of a member, like `.year > 1980 and .genre in ["war", "noir"]`.
//!
//! ```text
//!   compile.rs   text ─▶ tokens ─▶ a program in postfix order, once per query
//!   run.rs       program + attributes ─▶ yes or no, without allocating
//!   json.rs      one field of the attributes, found by walking over their text
//! ```
//!
//! Operators by how strongly they bind: `! not`, `**` (from the right), `* / %`, `+ -`, `> >= < <= == != in`, `and &&`,
//! `or ||`. Values are numbers, texts, null and lists; `true` and `false` of the attributes are 1 and 0. A field that is not there,
//! or is an object, makes the whole expression false.

mod compile;
mod json;
mod run;

use json::Text;

/// An expression is at most so long, bytes.
pub const FILTER_BYTES_MAX: usize = 64 * 1024;
/// Values that wait at once while a program runs, at most: what parentheses on the right of operators pile up.
pub const FILTER_VALUES_MAX: usize = 64;

/// A compiled expression.
pub struct Program {
    steps: Vec<Step>,
    /// Elements of the lists in the expression.
    elements: Vec<Literal>,
    /// Texts and names of fields, one behind the other.
    texts: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum Literal {
    Number(f64),
    Text(Place),
    Null,
    /// Elements `at..at + len`.
    List(Place),
}

/// Where something stands.
#[derive(Clone, Copy, Debug)]
struct Place {
    at: u32,
    len: u32,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Push(Literal),
    /// Pushes a field of the attributes.
    Field(Place),
    Not,
    Two(Operator),
}

/// Operators with two sides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Operator {
    Power,
    Times,
    Over,
    Modulo,
    Plus,
    Minus,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Equal,
    NotEqual,
    In,
    And,
    Or,
}

/// What a step works on.
#[derive(Clone, Copy)]
enum Value<'a> {
    Number(f64),
    Text(Text<'a>),
    Null,
    /// A list of the expression.
    List(&'a [Literal]),
    /// An array of the attributes: its text, from the bracket on, known to be well-formed.
    Array(&'a [u8]),
}

/// Why an expression does not compile.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// Near this offset, as far as that can be told; 0 otherwise.
    Syntax(usize),
    /// Longer than `FILTER_BYTES_MAX`, or more nested than `FILTER_VALUES_MAX`.
    TooLarge,
}

impl Place {
    fn of<T>(self, items: &[T]) -> &[T] {
        &items[self.at as usize..(self.at + self.len) as usize]
    }
}

#[cfg(test)]
mod tests;
