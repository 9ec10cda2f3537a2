//! Regular expressions as POSIX and Redis have them (extended ones, of bytes), written for the `regex` crate, which matches in time
//! that is linear in the text.
//!
//! ```text
//!   . * + ? | ^ $ ( )        the same in both; a dot is any byte; (?: ) (?i) (?-i) (?i: ) (?-i: ) too
//!   {n} {n,} {,n} {n,m}      up to 255
//!   [a-z] [^a] [[:alpha:]]   a ] that comes first is meant, and so is a backslash
//!   \w \W \s \S \d \D        letters, digits and _; blanks; digits, of ASCII
//!   \b \B \< \>              edges of words
//!   \t \n \r \f \a \e \x7F \x{7F} \Q…\E   bytes
//!   \1 …                     refused: no backreferences
//! ```

use std::borrow::Cow;

use regex::bytes::{Regex, RegexBuilder};

use crate::resp::error;

/// Longest expression, bytes.
pub const EXPRESSION_BYTES_MAX: usize = 2048;
/// Largest program that one may become, bytes: 2,048 letters of either case take 160 KiB. Compiling takes about 5 ms then.
pub const PROGRAM_BYTES_MAX: usize = 256 * 1024;
/// What a search may remember to be faster, bytes.
const CACHE_BYTES_MAX: usize = 256 * 1024;
/// Most repetitions by a number.
const REPEAT_MAX: u32 = 255;

/// Compiles an expression. Err: the error's text.
pub fn compile(pattern: &[u8], any_case: bool) -> Result<Regex, Cow<'static, str>> {
    if pattern.is_empty() {
        return Err(error::EXPRESSION_EMPTY.into());
    }
    let written = Translation { pattern, at: 0, out: String::with_capacity(pattern.len() * 2) }.run()?;
    let built = RegexBuilder::new(&written)
        .unicode(false)
        .case_insensitive(any_case)
        .dot_matches_new_line(true)
        .size_limit(PROGRAM_BYTES_MAX)
        .dfa_size_limit(CACHE_BYTES_MAX)
        .build();
    built.map_err(|why| match why {
        regex::Error::CompiledTooBig(_) => error::expression_size(PROGRAM_BYTES_MAX).into(),
        // The text shows the expression first, and then what is wrong with it.
        why => match why.to_string().rsplit("error:").next().unwrap_or_default() {
            text if text.contains("nested") => error::expression_size(PROGRAM_BYTES_MAX).into(),
            text if text.contains("repetition") => invalid("Invalid use of repetition operators"),
            text if text.contains("group") => invalid("Missing ')'"),
            _ => invalid("Invalid regexp"),
        },
    })
}

fn invalid(why: &str) -> Cow<'static, str> {
    error::expression(why).into()
}

struct Translation<'p> {
    pattern: &'p [u8],
    at: usize,
    out: String,
}

impl Translation<'_> {
    fn run(mut self) -> Result<String, Cow<'static, str>> {
        let mut open = 0;
        while let Some(byte) = self.next() {
            match byte {
                b'\\' => self.escape()?,
                b'[' => self.bracket()?,
                b'{' => self.bound()?,
                b'(' => {
                    open += 1;
                    open -= self.group()? as usize;
                }
                b')' if open == 0 => return Err(invalid("Missing ')'")),
                b')' => {
                    open -= 1;
                    self.out.push(')');
                }
                b'.' | b'*' | b'+' | b'?' | b'|' | b'^' | b'$' => self.out.push(byte as char),
                byte => self.literal(byte),
            }
        }
        if open > 0 { Err(invalid("Missing ')'")) } else { Ok(self.out) }
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.pattern.get(self.at).copied();
        self.at += byte.is_some() as usize;
        byte
    }

    fn rest(&self) -> &[u8] {
        &self.pattern[self.at..]
    }

    fn literal(&mut self, byte: u8) {
        if byte.is_ascii_alphanumeric() {
            self.out.push(byte as char);
        } else {
            self.out.push_str(&format!("\\x{byte:02X}"));
        }
    }

    /// What follows a `(`; true: it is flags for what comes, and closed already.
    fn group(&mut self) -> Result<bool, Cow<'static, str>> {
        if self.rest().first() != Some(&b'?') {
            // Nobody asks where a group was found.
            self.out.push_str("(?:");
            return Ok(false);
        }
        for (flags, closed) in [("?:", false), ("?i)", true), ("?-i)", true), ("?i:", false), ("?-i:", false)] {
            if self.rest().starts_with(flags.as_bytes()) {
                self.at += flags.len();
                self.out.push('(');
                self.out.push_str(flags);
                return Ok(closed);
            }
        }
        Err(invalid("Invalid regexp"))
    }

    fn escape(&mut self) -> Result<(), Cow<'static, str>> {
        let Some(byte) = self.next() else { return Err(invalid("Trailing backslash")) };
        match byte {
            b'0'..=b'9' => return Err(error::EXPRESSION_BACKREFERENCE.into()),
            b'w' | b'W' | b's' | b'S' | b'd' | b'D' | b'b' | b'B' => {
                self.out.push('\\');
                self.out.push(byte as char);
            }
            b'<' => self.out.push_str("\\b{start}"),
            b'>' => self.out.push_str("\\b{end}"),
            b't' => self.literal(b'\t'),
            b'n' => self.literal(b'\n'),
            b'r' => self.literal(b'\r'),
            b'f' => self.literal(0x0c),
            b'a' => self.literal(0x07),
            b'e' => self.literal(0x1b),
            b'x' => self.hexadecimal()?,
            b'Q' => {
                while !self.rest().starts_with(b"\\E") {
                    let Some(byte) = self.next() else { return Ok(()) };
                    self.literal(byte);
                }
                self.at += 2;
            }
            byte => self.literal(byte),
        }
        Ok(())
    }

    fn hexadecimal(&mut self) -> Result<(), Cow<'static, str>> {
        let braced = self.rest().first() == Some(&b'{');
        self.at += braced as usize;
        let most = if braced { 8 } else { 2 };
        let digits = self.rest().iter().take(most).take_while(|digit| digit.is_ascii_hexdigit()).count();
        let text = std::str::from_utf8(&self.rest()[..digits]).expect("hexadecimal digits");
        let value = if digits == 0 { 0 } else { u32::from_str_radix(text, 16).expect("eight digits at most") };
        self.at += digits;
        if braced && self.next() != Some(b'}') {
            return Err(invalid("Missing '}'"));
        }
        let byte = u8::try_from(value).map_err(|_| invalid("Invalid regexp"))?;
        self.literal(byte);
        Ok(())
    }

    /// What follows a `{`.
    fn bound(&mut self) -> Result<(), Cow<'static, str>> {
        let Some(end) = self.rest().iter().position(|byte| *byte == b'}') else { return Err(invalid("Missing '}'")) };
        let text = std::str::from_utf8(&self.rest()[..end]).map_err(|_| invalid("Invalid contents of {}"))?;
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text.parse::<u32>().ok().filter(|number| digits && *number <= REPEAT_MAX);
            number.ok_or_else(|| invalid("Invalid contents of {}"))
        };
        let (least, most) = match text.split_once(',') {
            None => (number(text)?, Some(number(text)?)),
            Some(("", most)) => (0, Some(number(most)?)),
            Some((least, "")) => (number(least)?, None),
            Some((least, most)) => (number(least)?, Some(number(most)?)),
        };
        if most.is_some_and(|most| most < least) {
            return Err(invalid("Invalid contents of {}"));
        }
        let most = most.map_or(String::new(), |most| most.to_string());
        self.out.push_str(&format!("{{{least},{most}}}"));
        self.at += end + 1;
        Ok(())
    }

    /// What follows a `[`.
    fn bracket(&mut self) -> Result<(), Cow<'static, str>> {
        let negated = self.rest().first() == Some(&b'^');
        self.at += negated as usize;
        let mut set = [false; 256];
        let start = self.at;
        loop {
            let Some(first) = self.next() else { return Err(invalid("Missing ']'")) };
            match (first, self.rest().first()) {
                (b']', _) if self.at > start + 1 => break,
                (b'[', Some(b':')) => self.class(&mut set)?,
                (b'[', Some(b'.' | b'=')) => return Err(invalid("Unknown collating element")),
                (_, Some(b'-')) if self.rest().get(1).is_some_and(|last| *last != b']') => {
                    let last = self.rest()[1];
                    self.at += 2;
                    if first > last {
                        return Err(invalid("Invalid character range"));
                    }
                    set[first as usize..=last as usize].fill(true);
                }
                _ => set[first as usize] = true,
            }
        }
        self.out.push_str(if negated { "[^" } else { "[" });
        let mut at = 0;
        while let Some(from) = (at..256).find(|byte| set[*byte]) {
            let end = (from..256).find(|byte| !set[*byte]).unwrap_or(256);
            self.out.push_str(&format!("\\x{from:02X}-\\x{:02X}", end - 1));
            at = end;
        }
        self.out.push(']');
        Ok(())
    }

    /// What follows a `[` within brackets: `:alpha:]`.
    fn class(&mut self, set: &mut [bool; 256]) -> Result<(), Cow<'static, str>> {
        let name = &self.rest()[1..];
        let end = name.windows(2).position(|pair| pair == b":]").ok_or_else(|| invalid("Missing ']'"))?;
        let holds: fn(&u8) -> bool = match &name[..end] {
            b"alnum" => u8::is_ascii_alphanumeric,
            b"alpha" => u8::is_ascii_alphabetic,
            b"blank" => |byte| matches!(byte, b' ' | b'\t'),
            b"cntrl" => u8::is_ascii_control,
            b"digit" => u8::is_ascii_digit,
            b"graph" => u8::is_ascii_graphic,
            b"lower" => u8::is_ascii_lowercase,
            b"print" => |byte| (b' '..=b'~').contains(byte),
            b"punct" => u8::is_ascii_punctuation,
            b"space" => |byte| matches!(byte, b' ' | b'\t'..=b'\r'),
            b"upper" => u8::is_ascii_uppercase,
            b"xdigit" => u8::is_ascii_hexdigit,
            _ => return Err(invalid("Unknown character class name")),
        };
        self.at += end + 3;
        (0..=255u8).filter(holds).for_each(|byte| set[byte as usize] = true);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pattern: &str, text: &[u8]) -> bool {
        compile(pattern.as_bytes(), false).unwrap_or_else(|why| panic!("{pattern}: {why}")).is_match(text)
    }

    fn refused(pattern: &str) -> String {
        compile(pattern.as_bytes(), false).expect_err("refused").into_owned()
    }

    #[test]
    fn expressions_mean_what_posix_says() {
        for (pattern, yes, no) in [
            ("^a.c$", "a\nc", "abcd"),
            ("^[]a]+$", "]a]", "b"),
            ("^[^]a]+$", "b", "]"),
            (r"^[\d]+$", r"\d", "5"),
            (r"^\d+$", "55", "d"),
            ("^[a-c-]+$", "a-c", "d"),
            ("^[[:digit:]x]+$", "1x2", "y"),
            ("^[&&a]+$", "&a", "b"),
            ("^[a~~b[]+$", "[~a", "c"),
            ("^a{,2}$", "aa", "aaa"),
            ("^a{2,}$", "aaa", "a"),
            ("^(a|b){2}$", "ab", "abb"),
            ("(foo|bar)$", "zedbar", "barz"),
            (r"\<word\>", "a word here", "swords"),
            (r"^\Qa.b*\E$", "a.b*", "acb"),
            (r"^\x41\x{42}$", "AB", "ab"),
            ("a|", "", "\u{0}never\u{0}"),
            ("^a}b]$", "a}b]", "ab"),
            ("(?i)A(?-i)B", "aB", "ab"),
            ("^# -&$", "# -&", "#"),
        ] {
            assert!(found(pattern, yes.as_bytes()), "{pattern} {yes}");
            assert!(!found(pattern, no.as_bytes()) || pattern == "a|", "{pattern} {no}");
        }
        assert!(compile(b"^\xff[\xf0-\xf9]+$", false).is_ok_and(|regex| regex.is_match(b"\xff\xf1\xf2")));
        assert!(compile(b"^FOO[a-c]$", true).is_ok_and(|regex| regex.is_match(b"fooB")));
        assert!(compile("é".as_bytes(), false).is_ok_and(|regex| regex.is_match("né".as_bytes())));
    }

    #[test]
    fn what_is_no_expression_is_refused_with_the_reason() {
        for (pattern, why) in [
            ("(", "invalid regular expression: Missing ')'"),
            (")", "invalid regular expression: Missing ')'"),
            ("[a", "invalid regular expression: Missing ']'"),
            ("[z-a]", "invalid regular expression: Invalid character range"),
            ("[[:word:]]", "invalid regular expression: Unknown character class name"),
            ("[[.a.]]", "invalid regular expression: Unknown collating element"),
            ("a{2", "invalid regular expression: Missing '}'"),
            ("a{2,1}", "invalid regular expression: Invalid contents of {}"),
            ("a{256}", "invalid regular expression: Invalid contents of {}"),
            ("a{x}", "invalid regular expression: Invalid contents of {}"),
            ("*a", "invalid regular expression: Invalid use of repetition operators"),
            ("a\\", "invalid regular expression: Trailing backslash"),
            (r"\x{1", "invalid regular expression: Missing '}'"),
            ("(?P<n>a)", "invalid regular expression: Invalid regexp"),
            (r"(a)\1", "regular expression backreferences are not supported"),
            ("", "regular expression is empty"),
            ("(((a{255}){255}){255}){255}", "regular expression is too complex, maximum is a program of 262144 bytes"),
        ] {
            assert_eq!(refused(pattern), format!("ERR {why}"), "{pattern}");
        }
        let deep = "(".repeat(1000) + &")".repeat(1000);
        assert!(refused(&deep).contains("too complex"));
    }

    #[test]
    fn the_longest_literal_fits_in_either_case() {
        let longest = "a".repeat(EXPRESSION_BYTES_MAX);
        for any_case in [false, true] {
            assert!(compile(longest.as_bytes(), any_case).is_ok_and(|regex| regex.is_match(longest.as_bytes())));
        }
    }
}
