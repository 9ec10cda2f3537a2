//! JSON as Lua values.
//!
//! The text ends at its length or at a zero byte, as it does for C. Tables that are begun stand in a list, so that depth costs
//! no stack.

use mlua::{Either, Lua, Table, Value};

use super::super::number::leading_number;
use super::super::{Arguments, Failure, SLOTS};
use super::{Settings, mark_array};

pub fn decode(settings: &Settings, arguments: Arguments) -> Result<Value, Failure> {
    if arguments.count() != 1 {
        return Err(Failure::argument(1, "expected 1 argument"));
    }
    let text = arguments.string(1)?;
    let text = text.as_bytes();
    if text.len() >= 2 && (text[0] == 0 || text[1] == 0) {
        return Err(Failure::text("JSON parser does not support UTF-16 or UTF-32"));
    }
    let mut reader = Reader { text: &text, at: 0, settings, key: Vec::new(), value: Vec::new() };
    let value = reader.value(arguments.lua)?;
    match reader.token(Place::Value) {
        (Token::End, _) => Ok(value),
        (token, index) => Err(unexpected("the end", &token, index)),
    }
}

#[derive(Clone, Copy)]
enum Token {
    ObjectBegin,
    ObjectEnd,
    ArrayBegin,
    ArrayEnd,
    Text(Text),
    Number(f64),
    Boolean(bool),
    Null,
    Colon,
    Comma,
    End,
    Wrong(&'static str),
}

/// Where a string's bytes are.
#[derive(Clone, Copy)]
enum Text {
    /// In the text read, from one index to another.
    Plain(usize, usize),
    /// In the reader's buffer for its place, escapes resolved.
    Unescaped,
}

/// What a token is read for: a key must outlast the reading of its value.
#[derive(Clone, Copy)]
enum Place {
    Key,
    Value,
}

/// A table that has been begun.
struct Open {
    table: Table,
    /// Elements so far; None for an object.
    count: Option<i64>,
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    settings: &'a Settings,
    key: Vec<u8>,
    value: Vec<u8>,
}

fn unexpected(expected: &str, token: &Token, index: usize) -> Failure {
    let found = match token {
        Token::ObjectBegin => "T_OBJ_BEGIN",
        Token::ObjectEnd => "T_OBJ_END",
        Token::ArrayBegin => "T_ARR_BEGIN",
        Token::ArrayEnd => "T_ARR_END",
        Token::Text(_) => "T_STRING",
        Token::Number(_) => "T_NUMBER",
        Token::Boolean(_) => "T_BOOLEAN",
        Token::Null => "T_NULL",
        Token::Colon => "T_COLON",
        Token::Comma => "T_COMMA",
        Token::End => "T_END",
        Token::Wrong(what) => what,
    };
    Failure::text(format!("Expected {expected} but found {found} at character {}", index + 1))
}

impl Reader<'_> {
    /// The value that begins here.
    fn value(&mut self, lua: &Lua) -> Result<Value, Failure> {
        let mut open: Vec<Open> = Vec::new();
        // Slots that C's tables, keys and the argument take.
        let mut slots = 1;
        let mut key = None;
        let mut result = Value::Nil;
        let (mut token, mut index) = self.token(Place::Value);
        loop {
            let mut is_empty = false;
            match token {
                Token::ObjectBegin | Token::ArrayBegin => {
                    let is_object = matches!(token, Token::ObjectBegin);
                    let depth = open.len() + 1;
                    let needed = if is_object { 3 } else { 2 };
                    let at = self.at;
                    let too_deep =
                        || Failure::text(format!("Found too many nested data structures ({depth}) at character {at}"));
                    if depth > self.settings.decode_max_depth.get() as usize || slots + needed > SLOTS {
                        return Err(too_deep());
                    }
                    slots += needed - 1;
                    let table = lua.create_table().map_err(|error| Failure::from_depth(error, too_deep))?;
                    if !is_object && self.settings.mark_arrays.get() != 0 {
                        mark_array(lua, &table).map_err(|error| Failure::from_depth(error, too_deep))?;
                    }
                    match open.last_mut() {
                        Some(parent) => self.put(lua, parent, key, &table)?,
                        None => result = Value::Table(table.clone()),
                    }
                    open.push(Open { table, count: (!is_object).then_some(0) });
                    // The first element or key, or nothing.
                    (token, index) = self.token(if is_object { Place::Key } else { Place::Value });
                    match (&token, is_object) {
                        (Token::ObjectEnd, true) | (Token::ArrayEnd, false) => is_empty = true,
                        (_, false) => continue,
                        (_, true) => {
                            key = Some(self.key_of(token, index)?);
                            (token, index) = self.token(Place::Value);
                            continue;
                        }
                    }
                }
                Token::Text(text) => {
                    let text = self.bytes(Place::Value, text);
                    match (open.last_mut(), std::str::from_utf8(text)) {
                        (Some(parent), Ok(text)) => self.put(lua, parent, key, text)?,
                        (Some(parent), Err(_)) => self.put(lua, parent, key, lua.create_string(text)?)?,
                        (None, _) => result = Value::String(lua.create_string(text)?),
                    }
                }
                Token::Number(number) => match open.last_mut() {
                    Some(parent) => self.put(lua, parent, key, number)?,
                    None => result = Value::Number(number),
                },
                Token::Boolean(is_true) => match open.last_mut() {
                    Some(parent) => self.put(lua, parent, key, is_true)?,
                    None => result = Value::Boolean(is_true),
                },
                Token::Null => match open.last_mut() {
                    Some(parent) => self.put(lua, parent, key, Value::NULL)?,
                    None => result = Value::NULL,
                },
                _ => return Err(unexpected("value", &token, index)),
            }
            // Behind a value: out of the tables that end here, and on to the next value.
            loop {
                let Some(parent) = open.last() else { return Ok(result) };
                let is_object = parent.count.is_none();
                if !is_empty {
                    (token, index) = self.token(Place::Value);
                }
                match (&token, is_object) {
                    (Token::ObjectEnd, true) | (Token::ArrayEnd, false) => {
                        is_empty = false;
                        slots -= if is_object { 2 } else { 1 };
                        open.pop();
                    }
                    (Token::Comma, true) => {
                        (token, index) = self.token(Place::Key);
                        key = Some(self.key_of(token, index)?);
                        (token, index) = self.token(Place::Value);
                        break;
                    }
                    (Token::Comma, false) => {
                        (token, index) = self.token(Place::Value);
                        break;
                    }
                    (_, true) => return Err(unexpected("comma or object end", &token, index)),
                    (_, false) => return Err(unexpected("comma or array end", &token, index)),
                }
            }
        }
    }

    /// The key that `token` is, and past the colon behind it.
    fn key_of(&mut self, token: Token, index: usize) -> Result<Text, Failure> {
        let Token::Text(key) = token else { return Err(unexpected("object key string", &token, index)) };
        match self.token(Place::Value) {
            (Token::Colon, _) => Ok(key),
            (token, index) => Err(unexpected("colon", &token, index)),
        }
    }

    fn put(&self, lua: &Lua, parent: &mut Open, key: Option<Text>, value: impl mlua::IntoLua) -> Result<(), Failure> {
        match (&mut parent.count, key) {
            (Some(count), _) => {
                *count += 1;
                parent.table.raw_set(*count, value)?;
            }
            (None, key) => {
                let key = self.bytes(Place::Key, key.expect("read before its value"));
                // Strings that Rust knows as text are copied to Lua's stack without a reference in between.
                let key = match std::str::from_utf8(key) {
                    Ok(text) => Either::Left(text),
                    Err(_) => Either::Right(lua.create_string(key)?),
                };
                parent.table.raw_set(key, value)?;
            }
        }
        Ok(())
    }

    fn bytes(&self, place: Place, text: Text) -> &[u8] {
        match (text, place) {
            (Text::Plain(from, to), _) => &self.text[from..to],
            (Text::Unescaped, Place::Key) => &self.key,
            (Text::Unescaped, Place::Value) => &self.value,
        }
    }

    /// The byte at `at`, zero behind the end.
    fn byte(&self, at: usize) -> u8 {
        self.text.get(at).copied().unwrap_or(0)
    }

    /// The next token and where it is, or where it is wrong.
    fn token(&mut self, place: Place) -> (Token, usize) {
        while matches!(self.byte(self.at), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
        let index = self.at;
        let token = match self.byte(index) {
            b'{' => Token::ObjectBegin,
            b'}' => Token::ObjectEnd,
            b'[' => Token::ArrayBegin,
            b']' => Token::ArrayEnd,
            b':' => Token::Colon,
            b',' => Token::Comma,
            0 => return (Token::End, index),
            b'"' => {
                let token = self.string(place);
                return (token, if matches!(token, Token::Wrong(_)) { self.at } else { index });
            }
            b'-' | b'0'..=b'9' => {
                let is_wrong = self.settings.decode_invalid_numbers.get() == 0 && self.is_invalid_number();
                return (if is_wrong { Token::Wrong("invalid number") } else { self.number() }, index);
            }
            b'f' | b'i' | b'I' | b'n' | b'N' | b't' | b'+' => return (self.word(), index),
            _ => return (Token::Wrong("invalid token"), index),
        };
        self.at += 1;
        (token, index)
    }

    fn word(&mut self) -> Token {
        let rest = &self.text[self.at..];
        let words: [(&[u8], Token); 3] =
            [(b"true", Token::Boolean(true)), (b"false", Token::Boolean(false)), (b"null", Token::Null)];
        for (word, token) in words {
            if rest.starts_with(word) {
                self.at += word.len();
                return token;
            }
        }
        if self.settings.decode_invalid_numbers.get() != 0 && self.is_invalid_number() {
            return self.number();
        }
        Token::Wrong("invalid token")
    }

    /// Whether a number that C reads begins here and JSON has none such.
    fn is_invalid_number(&self) -> bool {
        if self.byte(self.at) == b'+' {
            return true;
        }
        let at = self.at + usize::from(self.byte(self.at) == b'-');
        match self.byte(at) {
            b'0' => matches!(self.byte(at + 1), b'x' | b'X' | b'0'..=b'9'),
            byte if byte <= b'9' => false,
            _ => self
                .text
                .get(at..at + 3)
                .is_some_and(|word| word.eq_ignore_ascii_case(b"inf") || word.eq_ignore_ascii_case(b"nan")),
        }
    }

    fn number(&mut self) -> Token {
        match leading_number(&self.text[self.at..]) {
            Some((number, length)) => {
                self.at += length;
                Token::Number(number)
            }
            None => Token::Wrong("invalid number"),
        }
    }

    /// The string whose quote is here. Leaves `at` behind it, or where it is wrong.
    fn string(&mut self, place: Place) -> Token {
        self.at += 1;
        let from = self.at;
        let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0);
        let plain = |at: usize| {
            let rest = self.text.get(at..).unwrap_or_default();
            at + rest.iter().position(is_special).unwrap_or(rest.len())
        };
        let mut end = plain(from);
        if self.byte(end) == b'"' {
            self.at = end + 1;
            return Token::Text(Text::Plain(from, end));
        }
        let mut out = std::mem::take(match place {
            Place::Key => &mut self.key,
            Place::Value => &mut self.value,
        });
        out.clear();
        out.extend_from_slice(&self.text[from..end]);
        let token = loop {
            match self.byte(end) {
                b'"' => {
                    end += 1;
                    break Token::Text(Text::Unescaped);
                }
                b'\\' => {
                    let byte = match self.byte(end + 1) {
                        byte @ (b'"' | b'\\' | b'/') => byte,
                        b'b' => 0x08,
                        b't' => b'\t',
                        b'n' => b'\n',
                        b'f' => 0x0c,
                        b'r' => b'\r',
                        b'u' => match self.unicode(end) {
                            Some((character, length)) => {
                                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                                end += length;
                                continue;
                            }
                            None => break Token::Wrong("invalid unicode escape code"),
                        },
                        _ => break Token::Wrong("invalid escape code"),
                    };
                    out.push(byte);
                    end += 2;
                }
                0 => break Token::Wrong("unexpected end of string"),
                _ => {
                    let from = end;
                    let rest = &self.text[from..];
                    end += rest.iter().position(is_special).unwrap_or(rest.len());
                    out.extend_from_slice(&self.text[from..end]);
                }
            }
        };
        self.at = end;
        match place {
            Place::Key => self.key = out,
            Place::Value => self.value = out,
        }
        token
    }

    /// The character that the escape at `at` stands for, with the other half of its pair if it is one, and its length.
    fn unicode(&self, at: usize) -> Option<(char, usize)> {
        let unit = self.hex(at + 2)?;
        if unit & 0xF800 != 0xD800 {
            return Some((char::from_u32(unit)?, 6));
        }
        if unit & 0x400 != 0 || self.byte(at + 6) != b'\\' || self.byte(at + 7) != b'u' {
            return None;
        }
        let low = self.hex(at + 8)?;
        if low & 0xFC00 != 0xDC00 {
            return None;
        }
        Some((char::from_u32(((unit & 0x3FF) << 10 | low & 0x3FF) + 0x10000)?, 12))
    }

    fn hex(&self, at: usize) -> Option<u32> {
        (0..4).try_fold(0, |value, place| Some(value << 4 | (self.byte(at + place) as char).to_digit(16)?))
    }
}

#[cfg(test)]
mod tests;
