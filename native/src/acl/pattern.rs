//! Patterns of keys: the usual ones (`app:*`, a whole key) are compared as bytes, the rest as globs.

use crate::resp::glob;

pub const READ: u8 = 1;
pub const WRITE: u8 = 2;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shape {
    /// `*`: every key but the empty one, which only an empty pattern matches.
    Any,
    /// `text*`, with so many bytes before the star.
    Prefix(usize),
    /// No special character.
    Exact,
    Glob,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyPattern {
    pub text: Box<[u8]>,
    /// [`READ`] and [`WRITE`].
    pub access: u8,
    shape: Shape,
}

impl KeyPattern {
    pub fn new(text: &[u8], access: u8) -> KeyPattern {
        let special = text.iter().position(|byte| matches!(byte, b'*' | b'?' | b'[' | b'\\'));
        let shape = match special {
            None => Shape::Exact,
            Some(0) if text == b"*" => Shape::Any,
            Some(at) if text[at] == b'*' && at + 1 == text.len() => Shape::Prefix(at),
            Some(_) => Shape::Glob,
        };
        KeyPattern { text: text.into(), access, shape }
    }

    /// Does it cover `key`, for what `needs` asks? A key that is neither read nor written needs any pattern.
    #[inline]
    pub fn covers(&self, key: &[u8], needs: u8) -> bool {
        self.access & needs == needs
            && match self.shape {
                Shape::Any => !key.is_empty(),
                Shape::Prefix(bytes) => key.len() >= bytes && key[..bytes] == self.text[..bytes] && !key.is_empty(),
                Shape::Exact => *key == *self.text,
                Shape::Glob => glob::matches(&self.text, key),
            }
    }

    pub fn is_any(&self) -> bool {
        self.shape == Shape::Any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::random;

    #[test]
    fn the_short_ways_agree_with_the_glob() {
        for _ in 0..100_000 {
            let draw = |alphabet: &[u8]| -> Vec<u8> {
                (0..random::below(6)).map(|_| alphabet[random::below(alphabet.len() as u64) as usize]).collect()
            };
            let (text, key) = (draw(b"ab:*?[]^-\\"), draw(b"ab:"));
            assert_eq!(KeyPattern::new(&text, READ).covers(&key, READ), glob::matches(&text, &key), "{text:?} {key:?}");
        }
    }

    #[test]
    fn access_must_be_whole() {
        let read = KeyPattern::new(b"a*", READ);
        assert!(read.covers(b"ab", READ) && read.covers(b"ab", 0) && !read.covers(b"ab", WRITE));
        assert!(!read.covers(b"ab", READ | WRITE) && !read.covers(b"b", 0));
    }
}
