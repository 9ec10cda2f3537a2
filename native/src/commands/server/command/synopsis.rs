//! A row's `args` text read into the tree of arguments that COMMAND DOCS sends and redis-cli's hints walk.
//!
//! ```text
//!   sequence    = { item }
//!   choices     = sequence { "|" sequence }
//!   item        = "[" choices "]"            optional
//!               | "[" the same again " ..." "]"   what stands before may be repeated: key [key ...]
//!               | "<" choices ">"            one of them
//!               | TOKEN { placeholder }      a word as it is, with the values that belong to it
//!               | placeholder
//! ```

use crate::commands::row::Row;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    String,
    Integer,
    Double,
    Key,
    Pattern,
    UnixTime,
    PureToken,
    OneOf,
    Block,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::String => "string",
            Kind::Integer => "integer",
            Kind::Double => "double",
            Kind::Key => "key",
            Kind::Pattern => "pattern",
            Kind::UnixTime => "unix-time",
            Kind::PureToken => "pure-token",
            Kind::OneOf => "oneof",
            Kind::Block => "block",
        }
    }

    /// Stands for a value that the user types.
    pub fn is_value(self) -> bool {
        !matches!(self, Kind::PureToken | Kind::OneOf | Kind::Block)
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Argument {
    pub name: String,
    pub kind: Kind,
    pub token: Option<String>,
    pub optional: bool,
    pub multiple: bool,
    /// Repeated with its token each time.
    pub multiple_token: bool,
    /// Of a block or a choice.
    pub parts: Vec<Argument>,
    /// Which key specification of the row finds this key.
    pub key_spec: Option<usize>,
}

/// The arguments of a row. What cannot be understood ends the list: hints get shorter, nothing fails.
pub fn parse(row: &Row) -> Vec<Argument> {
    let mut parser = Parser { words: split(row.args), at: 0, choice_repeats: false };
    let mut arguments = parser.choices(None).0;
    let mut next_spec = 0;
    number_keys(&mut arguments, row, &mut next_spec);
    arguments
}

/// Gives keys their specification, in order; a row without keys has none to give.
fn number_keys(arguments: &mut [Argument], row: &Row, next: &mut usize) {
    for argument in arguments {
        if argument.kind == Kind::Key {
            if row.keys.is_empty() {
                argument.kind = Kind::String;
            } else {
                argument.key_spec = Some((*next).min(row.keys.len() - 1));
                *next += 1;
            }
        }
        number_keys(&mut argument.parts, row, next);
    }
}

/// Brackets, bars and words. A bar inside a word (`YES|NO`) separates as well.
fn split(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in text.chars() {
        match letter {
            ' ' => words.push(String::new()),
            '[' | ']' | '<' | '>' | '|' => {
                words.push(letter.to_string());
                words.push(String::new());
            }
            _ => words.last_mut().expect("never empty").push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

struct Parser {
    words: Vec<String>,
    at: usize,
    /// The last branch ended with `[the whole choice ...]`.
    choice_repeats: bool,
}

impl Parser {
    fn peek(&self) -> Option<&str> {
        self.words.get(self.at).map(String::as_str)
    }

    fn take(&mut self) -> Option<String> {
        self.at += 1;
        self.words.get(self.at - 1).cloned()
    }

    /// Up to and with `end`. Gives the sequence (a choice counts as one argument), and whether it ended in `...`.
    fn choices(&mut self, end: Option<&str>) -> (Vec<Argument>, bool) {
        let mut branches = vec![Vec::new()];
        let mut repeats = false;
        while let Some(word) = self.peek() {
            if Some(word) == end {
                self.at += 1;
                break;
            }
            match word {
                "|" => {
                    self.at += 1;
                    branches.push(Vec::new());
                }
                "..." => {
                    self.at += 1;
                    repeats = true;
                }
                // A bracket that closes nothing.
                "]" | ">" => self.at += 1,
                _ => {
                    let branch = branches.last_mut().expect("never empty");
                    self.item(branch);
                }
            }
        }
        if branches.len() == 1 {
            return (branches.pop().unwrap_or_default(), repeats);
        }
        let multiple = std::mem::take(&mut self.choice_repeats);
        let parts = branches.into_iter().filter(|branch| !branch.is_empty()).map(one).collect();
        (vec![Argument { multiple, ..group(Kind::OneOf, parts) }], repeats)
    }

    fn item(&mut self, before: &mut Vec<Argument>) {
        let Some(word) = self.take() else { return };
        match word.as_str() {
            "[" => {
                let (inner, repeats) = self.choices(Some("]"));
                if inner.is_empty() {
                    return;
                }
                if repeats && inner.len() == 1 && inner[0].kind == Kind::OneOf && before.last() != inner.last() {
                    self.choice_repeats = true;
                } else if repeats {
                    repeat(before, inner);
                } else {
                    let mut argument = one(inner);
                    argument.optional = true;
                    before.push(argument);
                }
            }
            "<" => {
                let (inner, _) = self.choices(Some(">"));
                if !inner.is_empty() {
                    before.push(one(inner));
                }
            }
            _ if is_token(&word) => before.push(self.token(word)),
            _ => before.push(value(&word)),
        }
    }

    /// A token with the values that follow it.
    fn token(&mut self, token: String) -> Argument {
        let mut inner: Vec<Argument> = Vec::new();
        loop {
            match self.peek() {
                Some("<") if inner.is_empty() => self.item(&mut inner),
                Some("[") if self.repeats_last(&inner) => self.item(&mut inner),
                Some(word) if !is_symbol(word) && !is_token(word) => self.item(&mut inner),
                _ => break,
            }
        }
        let mut argument = match inner.len() {
            0 => Argument { name: token.to_lowercase(), ..plain(Kind::PureToken) },
            _ => one(inner),
        };
        if argument.token.is_some() {
            argument = group(Kind::Block, vec![argument]);
        }
        argument.token = Some(token);
        argument
    }

    /// Does `[x ...]` or `[x y ...]` come next, with x, or x and y, what stands last?
    fn repeats_last(&self, inner: &[Argument]) -> bool {
        let next = |offset: usize| self.words.get(self.at + offset).map(String::as_str);
        (1..=inner.len()).any(|count| {
            let last = &inner[inner.len() - count..];
            let same = last.iter().enumerate().all(|(at, argument)| next(1 + at) == Some(argument.name.as_str()));
            same && next(1 + count) == Some("...")
        })
    }
}

/// `x [x ...]`: marks what stands before as repeated. Where it does not stand before, it is taken as it is.
fn repeat(before: &mut Vec<Argument>, inner: Vec<Argument>) {
    let same = before.len() >= inner.len()
        && before[before.len() - inner.len()..].iter().zip(&inner).all(|(a, b)| a.name == b.name);
    if !same {
        let mut argument = one(inner);
        argument.multiple = true;
        argument.optional = true;
        before.push(argument);
        return;
    }
    let with_token = inner[0].token.is_some();
    let mut argument = one(before.split_off(before.len() - inner.len()));
    argument.multiple = true;
    argument.multiple_token = with_token && argument.token.is_some();
    before.push(argument);
}

fn is_symbol(word: &str) -> bool {
    matches!(word, "[" | "]" | "<" | ">" | "|" | "...")
}

fn is_token(word: &str) -> bool {
    !is_symbol(word) && !word.contains(|letter: char| letter.is_ascii_lowercase())
}

fn plain(kind: Kind) -> Argument {
    Argument {
        name: String::new(),
        kind,
        token: None,
        optional: false,
        multiple: false,
        multiple_token: false,
        parts: Vec::new(),
        key_spec: None,
    }
}

fn group(kind: Kind, parts: Vec<Argument>) -> Argument {
    let name = parts.iter().map(|part| part.name.as_str()).collect::<Vec<_>>().join("-");
    Argument { name, parts, ..plain(kind) }
}

/// A sequence as one argument.
fn one(mut sequence: Vec<Argument>) -> Argument {
    if sequence.len() == 1 { sequence.pop().expect("one is there") } else { group(Kind::Block, sequence) }
}

fn value(word: &str) -> Argument {
    Argument { name: word.to_string(), ..plain(kind_of(word)) }
}

fn kind_of(word: &str) -> Kind {
    match word {
        "key" | "key1" | "key2" | "newkey" | "source" | "destination" | "destkey" | "sourcekey" => Kind::Key,
        "pattern" => Kind::Pattern,
        "unix-time-seconds" | "unix-time-milliseconds" => Kind::UnixTime,
        "score" | "weight" | "longitude" | "latitude" | "radius" | "width" | "height" => Kind::Double,
        "seconds" | "milliseconds" | "count" | "offset" | "index" | "start" | "stop" | "end" | "cursor" | "numkeys"
        | "numfields" | "decrement" | "bit" | "timeout" | "ttl" | "destination-db" | "db" | "index1" | "index2"
        | "client-id" | "protover" | "version" | "min-match-len" | "numlocal" | "numreplicas" | "port" | "length"
        | "rank" | "maxlen" | "maxage" | "bits" => Kind::Integer,
        _ => Kind::String,
    }
}

/// The text again, as `parse` read it.
#[cfg(test)]
fn print(arguments: &[Argument]) -> String {
    arguments.iter().map(print_one).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
fn print_one(argument: &Argument) -> String {
    let inner = match argument.kind {
        Kind::PureToken => String::new(),
        Kind::OneOf => argument.parts.iter().map(print_one).collect::<Vec<_>>().join(" | "),
        Kind::Block => print(&argument.parts),
        _ => argument.name.clone(),
    };
    let bare = |text: String| {
        // A choice needs its own brackets unless it stands alone in the optional ones.
        if argument.kind == Kind::OneOf && (!argument.optional || argument.token.is_some()) {
            format!("<{text}>")
        } else {
            text
        }
    };
    let inner = bare(inner);
    let with_token = match (&argument.token, inner.is_empty()) {
        (Some(token), true) => token.clone(),
        (Some(token), false) => format!("{token} {inner}"),
        (None, _) => inner.clone(),
    };
    let repeated = match (argument.multiple, argument.multiple_token) {
        (false, _) => with_token,
        (true, true) => format!("{with_token} [{with_token} ...]"),
        (true, false) => format!("{with_token} [{inner} ...]"),
    };
    if argument.optional { format!("[{repeated}]") } else { repeated }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::row::{KeySpec, ROW, access, key};
    use crate::commands::table::table;

    const ONE_KEY: &[KeySpec] = &[key(access::RO)];

    fn parsed(args: &'static str) -> Vec<Argument> {
        parse(&Row { args, keys: ONE_KEY, ..ROW })
    }

    #[test]
    fn an_argument_knows_its_type_token_and_repetition() {
        let arguments = parsed("key value [NX | XX] [GET] [EX seconds | PX milliseconds | KEEPTTL]");
        let names: Vec<&str> = arguments.iter().map(|argument| argument.name.as_str()).collect();
        assert_eq!(names, ["key", "value", "nx-xx", "get", "seconds-milliseconds-keepttl"]);
        assert_eq!((arguments[0].kind, arguments[0].key_spec), (Kind::Key, Some(0)));
        assert!(arguments[3].optional && arguments[3].kind == Kind::PureToken);
        let choice = &arguments[4];
        assert_eq!((choice.kind, choice.parts[0].kind), (Kind::OneOf, Kind::Integer));
        assert_eq!(choice.parts[0].token.as_deref(), Some("EX"));

        let arguments = parsed("key field value [field value ...]");
        assert_eq!(arguments.len(), 2);
        assert!(arguments[1].multiple && arguments[1].kind == Kind::Block && arguments[1].parts.len() == 2);

        let arguments = parsed("[PREFIX prefix [PREFIX prefix ...]]");
        assert!(arguments[0].optional && arguments[0].multiple && arguments[0].multiple_token);
        let arguments = parsed("[ID client-id [client-id ...]]");
        assert!(arguments[0].optional && arguments[0].multiple && !arguments[0].multiple_token);
    }

    #[test]
    fn a_token_takes_the_values_behind_it() {
        let arguments = parsed("[protover [AUTH username password] [SETNAME clientname]]");
        assert_eq!(arguments.len(), 1);
        let block = &arguments[0];
        assert!(block.optional && block.kind == Kind::Block);
        assert_eq!(block.parts[1].token.as_deref(), Some("AUTH"));
        assert_eq!(block.parts[1].parts.len(), 2);
        assert_eq!(parsed("<YES|NO>")[0].parts.len(), 2);
    }

    #[test]
    fn nonsense_is_read_without_a_panic() {
        for args in ["]", "[", "<a", "a ...", "[...]", "| |", "[a | ", "...", "[[[[", "A [B", "a [b ...]"] {
            parsed(args);
        }
    }

    #[test]
    fn every_row_is_understood_whole() {
        // Bars with and without spaces mean the same.
        let tight = |text: &str| text.replace(" | ", "|");
        let misread: Vec<String> = (table().rows.iter())
            .filter(|row| tight(&print(&parse(row))) != tight(row.args))
            .map(|row| format!("{}\n    row  {}\n    read {}", row.name, row.args, print(&parse(row))))
            .collect();
        assert!(misread.is_empty(), "{}", misread.join("\n"));
    }
}
