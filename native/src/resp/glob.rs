//! Glob patterns as Redis matches them: KEYS, SCAN MATCH, CONFIG GET, PSUBSCRIBE.
//!
//! ```text
//!   *        any bytes, none included        [abc]   one of these       \x   the byte x, inside brackets too
//!   ?        any one byte                    [a-z]   one of a range     (a trailing \ means itself)
//!   other    that byte                       [^a]    none of these      (a bracket never closed ends with the pattern)
//! ```
//!
//! Every element but `*` takes exactly one byte, so only the last `*` passed ever has to take more: the match is a loop
//! with one place to go back to, and costs at most pattern × text steps. Redis recurses here, and had to be taught not to
//! try the same suffix again and again (CVE-2022-36021).

/// Stars that a pattern may have, beside one at its end: what comes behind more of them matches nothing, as in Redis.
const STARS_MAX: usize = 1000;

/// Does the whole `text` match?
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    run(pattern, text, |byte| byte)
}

/// The same, blind to the case of ASCII letters.
pub fn matches_any_case(pattern: &[u8], text: &[u8]) -> bool {
    run(pattern, text, |byte| byte.to_ascii_lowercase())
}

#[inline]
fn run(pattern: &[u8], text: &[u8], fold: impl Fn(u8) -> u8 + Copy) -> bool {
    // As in Redis, nothing but the empty pattern matches the empty text: not even `**`.
    if text.is_empty() {
        return pattern.is_empty();
    }
    let (mut at, mut seen) = (0, 0);
    // Behind the last star passed, and how much of the text it has taken up to.
    let mut back: Option<(usize, usize)> = None;
    let mut stars = 0;
    loop {
        if pattern.get(at) == Some(&b'*') {
            while pattern.get(at) == Some(&b'*') {
                at += 1;
            }
            if at == pattern.len() {
                return true;
            }
            // One that is gone back to was counted when it was passed, and none before it is seen again.
            stars += 1;
            if stars > STARS_MAX {
                return false;
            }
            back = Some((at, seen));
            continue;
        }
        if seen == text.len() {
            return at == pattern.len();
        }
        match pattern.get(at).and_then(|_| one(&pattern[at..], text[seen], fold)) {
            Some(length) => {
                at += length;
                seen += 1;
            }
            None => match &mut back {
                None => return false,
                Some((star, taken)) => {
                    *taken += 1;
                    (at, seen) = (*star, *taken);
                }
            },
        }
    }
}

/// Does the element that `pattern` starts with match `byte`? Gives the element's length.
#[inline]
fn one(pattern: &[u8], byte: u8, fold: impl Fn(u8) -> u8) -> Option<usize> {
    match pattern[0] {
        b'?' => Some(1),
        b'[' => bracket(pattern, byte, fold),
        b'\\' if pattern.len() >= 2 => (fold(pattern[1]) == fold(byte)).then_some(2),
        literal => (fold(literal) == fold(byte)).then_some(1),
    }
}

fn bracket(pattern: &[u8], byte: u8, fold: impl Fn(u8) -> u8) -> Option<usize> {
    let byte = fold(byte);
    let mut at = 1;
    let negated = pattern.get(1) == Some(&b'^');
    at += negated as usize;
    let mut found = false;
    loop {
        match &pattern[at.min(pattern.len())..] {
            [] => break,
            [b'\\', escaped, ..] => {
                found |= fold(*escaped) == byte;
                at += 2;
            }
            [b']', ..] => {
                at += 1;
                break;
            }
            [start, b'-', end, ..] => {
                let (low, high) = if start <= end { (*start, *end) } else { (*end, *start) };
                found |= (fold(low)..=fold(high)).contains(&byte);
                at += 3;
            }
            [literal, ..] => {
                found |= fold(*literal) == byte;
                at += 1;
            }
        }
    }
    (found != negated).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::random;

    /// The definition, element by element, with recursion for `*`: slow, and obviously right.
    fn plain(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.first() {
            None => text.is_empty(),
            Some(b'*') => (0..=text.len()).any(|taken| plain(&pattern[1..], &text[taken..])),
            Some(_) => match text.first().and_then(|byte| one(pattern, *byte, |b| b)) {
                Some(length) => plain(&pattern[length..], &text[1..]),
                None => false,
            },
        }
    }

    #[test]
    fn patterns_match_as_in_redis() {
        for (pattern, yes, no) in [
            ("h?llo", "hello", "hllo"),
            ("h*llo", "heeello", "hell"),
            ("h[ae]llo", "hallo", "hillo"),
            ("h[^e]llo", "hallo", "hello"),
            ("h[f-a]llo", "hcllo", "hgllo"),
            ("a\\*b", "a*b", "axb"),
            ("a\\", "a\\", "a"),
            ("a[x", "ax", "ay"),
            ("a[^", "ax", "a"),
            ("a[\\]]", "a]", "ax"),
            ("[a-]x", "x", "ax"),
            ("[\\a-z]", "-", "b"),
            ("a[", "never", "a"),
            ("*a*b*", "xxaxxbxx", "xxbxxaxx"),
        ] {
            assert!(matches(pattern.as_bytes(), yes.as_bytes()) || yes == "never", "{pattern} {yes}");
            assert!(!matches(pattern.as_bytes(), no.as_bytes()), "{pattern} {no}");
        }
        assert!(matches(b"", b"") && !matches(b"**", b"") && !matches(b"", b"a"));
        assert!(matches_any_case(b"HeL[A-Z]*", b"hELLo") && !matches(b"HeL*", b"hELLo"));
    }

    #[test]
    fn the_loop_agrees_with_the_definition() {
        for _ in 0..200_000 {
            let draw = |alphabet: &[u8], most: u64| -> Vec<u8> {
                (0..random::below(most)).map(|_| alphabet[random::below(alphabet.len() as u64) as usize]).collect()
            };
            let (pattern, text) = (draw(b"ab*?[]^-\\c", 9), draw(b"abc]\\-", 7));
            if !text.is_empty() {
                assert_eq!(matches(&pattern, &text), plain(&pattern, &text), "{pattern:?} {text:?}");
            }
        }
    }

    #[test]
    fn stars_beyond_the_limit_match_nothing() {
        let text = [b'a'; 2000];
        assert!(matches(&b"*a".repeat(STARS_MAX), &text));
        assert!(matches(&[b"*a".repeat(STARS_MAX), b"*".to_vec()].concat(), &text));
        assert!(!matches(&b"*a".repeat(STARS_MAX + 1), &text));
        assert!(matches(&[b"*".repeat(50_000), b"a".to_vec()].concat(), &text), "stars in a row are one");
    }

    #[test]
    fn many_stars_end_in_time() {
        let pattern = [b"*a".repeat(5000), b"b".to_vec()].concat();
        let started = std::time::Instant::now();
        assert!(!matches(&pattern, &b"a".repeat(10_000)));
        assert!(started.elapsed().as_secs() < 5);
    }
}
