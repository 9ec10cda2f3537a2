//! Parsing requests: RESP arrays of bulk strings, and inline commands. Any split of the bytes gives the same requests.
//!
//! Zero-copy: the result is spans into the input. A request that is not all there yet costs a rescan of its headers
//! when more bytes come, where they are few; of one with many arguments a [`Partial`] keeps what is parsed, or a client
//! that sends it byte by byte would have the server rescan it for each. Big bulks are told to the caller (`Need`), who
//! waits for them without looking.

use super::args::Span;

/// Longest inline request and longest header line, bytes (Redis: PROTO_INLINE_MAX_SIZE).
pub const INLINE_BYTES_MAX: usize = 64 * 1024;
/// Most arguments of a request (Redis: INT_MAX).
pub const MULTIBULK_MAX: i64 = i32::MAX as i64;
/// The same for a client that has not authenticated.
pub const MULTIBULK_UNAUTHENTICATED_MAX: i64 = 10;
pub const BULK_UNAUTHENTICATED_BYTES_MAX: i64 = 16 * 1024;
/// Most input of one connection that is not run yet, bytes, whatever the limits configured: below it every offset of a
/// span leaves the bit of [`INLINE_SPAN`] free, and the resolved words of inline requests still fit behind the input.
pub const INPUT_BYTES_MAX: usize = (1 << 31) - 1;
/// Longest bulk and string value, bytes, whatever `proto-max-bulk-len` says: one with its request's name and key fits
/// into the input, and no offset into a value is beyond what can be allocated.
pub const BULK_BYTES_MAX: u64 = (1 << 31) - (1 << 20);
/// Arguments from which on an incomplete request is kept in parsed form.
const PARTIAL_ARGUMENTS_MIN: usize = 64;

/// What a client may send.
#[derive(Clone, Copy)]
pub struct Limits {
    pub bulk_bytes_max: i64,
    pub authenticated: bool,
}

#[derive(Debug, PartialEq)]
pub enum Parsed {
    /// A request: its spans were appended; `used` bytes of the input are done with. No span: an empty line, no reply.
    Request { used: usize },
    /// Not all there; at least `bytes` are needed in all before it is worth trying again.
    Need { bytes: usize },
    /// The text of the error to send before closing, without `ERR Protocol error: `.
    Bad(String),
}

/// The parsed head of a long request whose rest has not come yet. It belongs to the input that starts with that request.
#[derive(Debug, Default)]
pub struct Partial {
    /// Relative to the start of the request.
    spans: Vec<Span>,
    /// Where the next argument begins, and how many are missing.
    at: usize,
    left: i64,
}

impl Partial {
    pub fn memory_bytes(&self) -> usize {
        size_of::<Partial>() + self.spans.capacity() * size_of::<Span>()
    }
}

/// Parses one request from the head of `input`. Offsets are relative to the start of `input` plus `base`.
pub fn request(input: &[u8], base: u32, limits: Limits, spans: &mut Vec<Span>, copied: &mut Vec<u8>) -> Parsed {
    let Some(first) = input.first() else { return Parsed::Need { bytes: 1 } };
    if *first == b'*' { multibulk(input, base, limits, spans, None) } else { inline(input, spans, copied) }
}

/// As [`request`], for a request that may come in parts: `partial` is what the last call left there for the same input,
/// which may only have grown at its end since. Cost: each byte is looked at once, but for the last few arguments.
pub fn request_in_parts(
    input: &[u8],
    base: u32,
    limits: Limits,
    spans: &mut Vec<Span>,
    copied: &mut Vec<u8>,
    partial: &mut Option<Box<Partial>>,
) -> Parsed {
    if let Some(known) = partial {
        let Partial { spans: parsed, at, left } = known.as_mut();
        return match arguments(input, 0, limits, at, left, parsed) {
            Ok(()) => {
                let used = *at;
                spans.extend(parsed.iter().map(|span| Span { at: base + span.at, len: span.len }));
                *partial = None;
                Parsed::Request { used }
            }
            Err(Parsed::Need { bytes }) => Parsed::Need { bytes },
            Err(bad) => {
                *partial = None;
                bad
            }
        };
    }
    if input.first() == Some(&b'*') {
        return multibulk(input, base, limits, spans, Some(partial));
    }
    request(input, base, limits, spans, copied)
}

fn multibulk(
    input: &[u8],
    base: u32,
    limits: Limits,
    spans: &mut Vec<Span>,
    partial: Option<&mut Option<Box<Partial>>>,
) -> Parsed {
    let first = spans.len();
    let (count, mut at) = match header(input, 1) {
        Line::Number(count, next) => (count, next),
        Line::Need => return Parsed::Need { bytes: input.len() + 1 },
        Line::TooLong => return Parsed::Bad("too big mbulk count string".into()),
        Line::Bad => return Parsed::Bad("invalid multibulk length".into()),
    };
    if count > MULTIBULK_MAX {
        return Parsed::Bad("invalid multibulk length".into());
    }
    if count > MULTIBULK_UNAUTHENTICATED_MAX && !limits.authenticated {
        return Parsed::Bad("unauthenticated multibulk length".into());
    }
    let mut left = count.max(0);
    match arguments(input, base, limits, &mut at, &mut left, spans) {
        Ok(()) => Parsed::Request { used: at },
        Err(parsed) => {
            if let (Parsed::Need { .. }, Some(partial)) = (&parsed, partial)
                && spans.len() - first >= PARTIAL_ARGUMENTS_MIN
            {
                let spans = spans[first..].iter().map(|span| Span { at: span.at - base, len: span.len }).collect();
                *partial = Some(Box::new(Partial { spans, at, left }));
            }
            spans.truncate(first);
            parsed
        }
    }
}

/// Parses the `left` arguments from `at` on; both go on with each that is whole. Err: why the next one is not.
#[inline(always)]
fn arguments(
    input: &[u8],
    base: u32,
    limits: Limits,
    at: &mut usize,
    left: &mut i64,
    spans: &mut Vec<Span>,
) -> Result<(), Parsed> {
    while *left > 0 {
        let Some(&kind) = input.get(*at) else { return Err(Parsed::Need { bytes: input.len() + 1 }) };
        if kind != b'$' {
            return Err(Parsed::Bad(format!("expected '$', got '{}'", printable(kind))));
        }
        let (len, body) = match header(input, *at + 1) {
            Line::Number(len, next) => (len, next),
            Line::Need => return Err(Parsed::Need { bytes: input.len() + 1 }),
            Line::TooLong => return Err(Parsed::Bad("too big bulk count string".into())),
            Line::Bad => return Err(Parsed::Bad("invalid bulk length".into())),
        };
        if len < 0 || len > limits.bulk_bytes_max || len as u64 > BULK_BYTES_MAX {
            return Err(Parsed::Bad("invalid bulk length".into()));
        }
        if len > BULK_UNAUTHENTICATED_BYTES_MAX && !limits.authenticated {
            return Err(Parsed::Bad("unauthenticated bulk length".into()));
        }
        let end = body + len as usize + 2;
        if end > input.len() {
            return Err(Parsed::Need { bytes: end });
        }
        spans.push(Span { at: base + body as u32, len: len as u32 });
        *at = end;
        *left -= 1;
    }
    Ok(())
}

enum Line {
    Number(i64, usize),
    Need,
    TooLong,
    Bad,
}

/// A decimal number that ends with CRLF, from `from` on.
#[inline]
fn header(input: &[u8], from: usize) -> Line {
    // The common case, one or two digits and CRLF, without a search.
    if let [a @ b'0'..=b'9', b'\r', _, ..] = input[from..] {
        return Line::Number((a - b'0') as i64, from + 3);
    }
    if let [a @ b'1'..=b'9', b @ b'0'..=b'9', b'\r', _, ..] = input[from..] {
        return Line::Number((a - b'0') as i64 * 10 + (b - b'0') as i64, from + 4);
    }
    let rest = &input[from..];
    match memchr::memchr(b'\r', &rest[..rest.len().min(INLINE_BYTES_MAX)]) {
        None if rest.len() >= INLINE_BYTES_MAX => Line::TooLong,
        None => Line::Need,
        Some(end) if end + 1 >= rest.len() => Line::Need,
        Some(end) => match super::number::integer(&rest[..end]) {
            Some(value) => Line::Number(value, from + end + 2),
            None => Line::Bad,
        },
    }
}

fn inline(input: &[u8], spans: &mut Vec<Span>, copied: &mut Vec<u8>) -> Parsed {
    let Some(end) = memchr::memchr(b'\n', input) else {
        if input.len() >= INLINE_BYTES_MAX {
            return Parsed::Bad("too big inline request".into());
        }
        return Parsed::Need { bytes: input.len() + 1 };
    };
    if end >= INLINE_BYTES_MAX {
        return Parsed::Bad("too big inline request".into());
    }
    let line = &input[..end - usize::from(end > 0 && input[end - 1] == b'\r')];
    match split_line(line) {
        None => Parsed::Bad("unbalanced quotes in request".into()),
        Some(words) => {
            // Unquoted words would do as spans, quoted ones need their escapes resolved: both go to `copied`, whose
            // bytes the caller places after the input (see `Batch`), so that spans stay one kind.
            for word in words {
                spans.push(Span { at: INLINE_SPAN | copied.len() as u32, len: word.len() as u32 });
                copied.extend_from_slice(&word);
            }
            Parsed::Request { used: end + 1 }
        }
    }
}

/// Marks a span whose offset is into the `copied` bytes, until the batch has put those behind the input.
pub const INLINE_SPAN: u32 = 1 << 31;

/// Splits a line as Redis's sdssplitargs: words, "double quotes" with escapes, 'single quotes'. None: unbalanced.
pub fn split_line(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut at = 0;
    loop {
        while at < line.len() && is_space(line[at]) {
            at += 1;
        }
        if at >= line.len() {
            return Some(words);
        }
        let mut word = Vec::new();
        let mut quote = 0u8;
        loop {
            let byte = line.get(at).copied();
            match (quote, byte) {
                (0, None) => break,
                (_, None) => return None,
                (0, Some(b)) if is_space(b) || b == 0 => break,
                (0, Some(b @ (b'"' | b'\''))) => quote = b,
                (b'"', Some(b'\\'))
                    if at + 3 < line.len() && line[at + 1] == b'x' && hex2(&line[at + 2..]).is_some() =>
                {
                    word.push(hex2(&line[at + 2..]).expect("checked by the guard"));
                    at += 3;
                }
                (b'"', Some(b'\\')) if at + 1 < line.len() => {
                    at += 1;
                    word.push(match line[at] {
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        b'b' => 8,
                        b'a' => 7,
                        other => other,
                    });
                }
                (b'\'', Some(b'\\')) if line.get(at + 1) == Some(&b'\'') => {
                    at += 1;
                    word.push(b'\'');
                }
                (q, Some(b)) if q != 0 && b == q => {
                    // A closing quote must be followed by a space or the end.
                    if line.get(at + 1).is_some_and(|next| !is_space(*next)) {
                        return None;
                    }
                    at += 1;
                    break;
                }
                (_, Some(b)) => word.push(b),
            }
            at += 1;
        }
        words.push(word);
        if at < line.len() && line[at] == 0 {
            return Some(words);
        }
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | 0x0b | 0x0c)
}

fn hex2(text: &[u8]) -> Option<u8> {
    let digit = |b: u8| (b as char).to_digit(16);
    Some((digit(*text.first()?)? * 16 + digit(*text.get(1)?)?) as u8)
}

fn printable(byte: u8) -> char {
    match byte {
        // As in every error: a line break would end the reply early.
        b'\r' | b'\n' => ' ',
        byte if byte.is_ascii_graphic() || byte == b' ' => byte as char,
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Limits = Limits { bulk_bytes_max: 1 << 29, authenticated: true };

    fn words(input: &[u8]) -> Result<(Vec<Vec<u8>>, usize), Parsed> {
        let (mut spans, mut copied) = (Vec::new(), Vec::new());
        match request(input, 0, OPEN, &mut spans, &mut copied) {
            Parsed::Request { used } => Ok((
                spans
                    .iter()
                    .map(|s| {
                        let from = if s.at & INLINE_SPAN != 0 { &copied[..] } else { input };
                        let at = (s.at & !INLINE_SPAN) as usize;
                        from[at..at + s.len as usize].to_vec()
                    })
                    .collect(),
                used,
            )),
            other => Err(other),
        }
    }

    #[test]
    fn every_prefix_of_a_request_is_incomplete_and_the_whole_is_not() {
        let whole = b"*3\r\n$3\r\nSET\r\n$12\r\nkey:00000001\r\n$0\r\n\r\n";
        for end in 0..whole.len() {
            assert!(matches!(words(&whole[..end]), Err(Parsed::Need { bytes }) if bytes > end), "{end}");
        }
        let (parsed, used) = words(whole).expect("complete");
        assert_eq!((parsed.len(), used), (3, whole.len()));
        assert_eq!(parsed[1], b"key:00000001");
    }

    #[test]
    fn protocol_errors_have_the_texts_of_redis() {
        for (input, text) in [
            (&b"*1\r\n%3\r\n"[..], "expected '$', got '%'"),
            (b"*x\r\n", "invalid multibulk length"),
            (b"*1\r\n$-2\r\n", "invalid bulk length"),
            (b"*1\r\n$4294967296\r\n", "invalid bulk length"),
            (b"*99999999999\r\n", "invalid multibulk length"),
            (b"GET \"a\r\n", "unbalanced quotes in request"),
        ] {
            assert_eq!(words(input), Err(Parsed::Bad(text.into())));
        }
    }

    #[test]
    fn inline_words_resolve_quotes_and_escapes() {
        let (parsed, _) = words(b"SET \"a\\x41\\n\" 'it\\'s' plain\r\n").expect("complete");
        assert_eq!(parsed, [&b"SET"[..], b"aA\n", b"it's", b"plain"]);
        assert_eq!(words(b"\r\n").expect("complete").0.len(), 0);
    }
}
