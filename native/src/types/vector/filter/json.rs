//! One field of a JSON object, without parsing the rest: values before it are walked over.
//!
//! As lenient as Redis is: what follows the field is not looked at, numbers may begin with `+`, and an escape that is not
//! one of `\n \r \t` stands for the character itself.

use super::Value;

/// Arrays in arrays that are followed, at most; deeper ones count as no value.
const DEPTH_MAX: usize = 32;
/// Characters of a number that are looked at.
const NUMBER_BYTES_MAX: usize = 255;

/// A text as it stands in JSON, quotes left out, or of the expression.
#[derive(Clone, Copy)]
pub struct Text<'a> {
    pub raw: &'a [u8],
    /// It has backslashes that mean something.
    pub escaped: bool,
}

impl<'a> Text<'a> {
    pub fn plain(raw: &'a [u8]) -> Text<'a> {
        Text { raw, escaped: false }
    }

    /// The characters meant.
    pub fn bytes(self) -> impl Iterator<Item = u8> + Clone + 'a {
        let mut raw = self.raw.iter().copied();
        std::iter::from_fn(move || match raw.next()? {
            b'\\' if self.escaped => Some(match raw.next()? {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                other => other,
            }),
            byte => Some(byte),
        })
    }

    pub fn equals(self, other: Text) -> bool {
        if !self.escaped && !other.escaped {
            return self.raw == other.raw;
        }
        self.bytes().eq(other.bytes())
    }

    /// Is `part` somewhere in it?
    pub fn holds(self, part: Text) -> bool {
        if !self.escaped && !part.escaped {
            return memchr::memmem::find(self.raw, part.raw).is_some();
        }
        let mut rest = self.bytes();
        loop {
            let mut here = rest.clone();
            if part.bytes().all(|byte| here.next() == Some(byte)) {
                return true;
            }
            if rest.next().is_none() {
                return false;
            }
        }
    }
}

/// The value of a field of the object that `text` is. None: it is not there, or no value that an expression knows.
pub fn field<'a>(text: &'a [u8], name: &[u8]) -> Option<Value<'a>> {
    let mut walk = Walk { text, at: 0 };
    walk.space();
    walk.take(b'{')?;
    loop {
        walk.space();
        // `}` ends here too: a name begins with a quote.
        let found = walk.string()?.raw == name;
        walk.space();
        walk.take(b':')?;
        walk.space();
        if found {
            return walk.value(0);
        }
        walk.skip()?;
        walk.space();
        walk.take(b',')?;
    }
}

/// Calls `each` with the elements of an array (see [`Value::Array`]) until it says stop.
pub fn elements<'a>(array: &'a [u8], mut each: impl FnMut(Value<'a>) -> bool) {
    let mut walk = Walk { text: array, at: 1 };
    walk.space();
    while walk.peek() != Some(b']') {
        let Some(value) = walk.value(0) else { return };
        if each(value) {
            return;
        }
        walk.space();
        if walk.take(b',').is_none() {
            return;
        }
        walk.space();
    }
}

struct Walk<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Walk<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t'..=b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn string(&mut self) -> Option<Text<'a>> {
        self.take(b'"')?;
        let (from, mut escaped) = (self.at, false);
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    self.at += 2;
                }
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(Text { raw: &self.text[from..self.at - 1], escaped })
    }

    fn literal(&mut self, word: &[u8]) -> Option<()> {
        self.text[self.at..].starts_with(word).then(|| self.at += word.len())
    }

    /// The value that begins here.
    fn value(&mut self, depth: usize) -> Option<Value<'a>> {
        let known = |walk: &mut Walk, word: &[u8], value: Value<'a>| {
            walk.literal(word)?;
            matches!(walk.peek(), None | Some(b' ' | b'\t'..=b'\r' | b',' | b']' | b'}')).then_some(value)
        };
        match self.peek()? {
            b'"' => self.string().map(Value::Text),
            b'[' => self.array(depth).map(Value::Array),
            b't' => known(self, b"true", Value::Number(1.0)),
            b'f' => known(self, b"false", Value::Number(0.0)),
            b'n' => known(self, b"null", Value::Null),
            b'0'..=b'9' | b'-' | b'+' => self.number().map(Value::Number),
            _ => None,
        }
    }

    fn number(&mut self) -> Option<f64> {
        let from = self.at;
        while self.at - from < NUMBER_BYTES_MAX
            && matches!(self.peek(), Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
        {
            self.at += 1;
        }
        std::str::from_utf8(&self.text[from..self.at]).ok()?.parse().ok()
    }

    /// The text of an array whose elements are all values.
    fn array(&mut self, depth: usize) -> Option<&'a [u8]> {
        let from = self.at;
        self.at += 1;
        self.space();
        if depth == DEPTH_MAX {
            return None;
        }
        if self.take(b']').is_none() {
            loop {
                self.space();
                self.value(depth + 1)?;
                self.space();
                if self.take(b',').is_none() {
                    self.take(b']')?;
                    break;
                }
            }
        }
        Some(&self.text[from..self.at])
    }

    /// Walks over any value, without a closer look.
    fn skip(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.string().map(|_| ()),
            b'{' => self.skip_brackets(b'{', b'}'),
            b'[' => self.skip_brackets(b'[', b']'),
            b't' => self.literal(b"true"),
            b'f' => self.literal(b"false"),
            b'n' => self.literal(b"null"),
            _ => {
                let from = self.at;
                while matches!(self.peek(), Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')) {
                    self.at += 1;
                }
                (self.at > from).then_some(())
            }
        }
    }

    fn skip_brackets(&mut self, open: u8, close: u8) -> Option<()> {
        let mut depth = 0usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                byte if byte == open => depth += 1,
                byte if byte == close => depth -= 1,
                _ => (),
            }
            self.at += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }
}
