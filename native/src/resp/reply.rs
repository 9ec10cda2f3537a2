//! Writing replies, in the client's protocol.

use super::number;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Protocol {
    #[default]
    Resp2,
    Resp3,
}

/// Appends replies to a buffer. Shapes that RESP2 lacks fall back as in Redis: map → flat array, set → array,
/// double → bulk string, boolean → integer, null → `$-1` (or `*-1` where an array stood).
pub struct Reply<'a> {
    out: &'a mut Vec<u8>,
    pub proto: Protocol,
    /// Set by [`Reply::error`]; counted by dispatch (errorstats, failed calls).
    failed: bool,
}

impl<'a> Reply<'a> {
    pub fn new(out: &'a mut Vec<u8>, proto: Protocol) -> Reply<'a> {
        Reply { out, proto, failed: false }
    }

    pub fn failed(&self) -> bool {
        self.failed
    }

    /// Bytes written so far into the buffer; with [`Reply::truncate`] a reply can be taken back.
    pub fn mark(&self) -> usize {
        self.out.len()
    }

    pub fn truncate(&mut self, mark: usize) {
        self.out.truncate(mark);
        self.failed = false;
    }

    /// The buffer itself, for encodings that write many elements at once: whole replies in this client's protocol.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        self.out
    }

    /// What was written since `mark`.
    pub fn since(&self, mark: usize) -> &[u8] {
        &self.out[mark..]
    }

    fn resp3(&self) -> bool {
        self.proto == Protocol::Resp3
    }

    #[inline]
    pub fn ok(&mut self) {
        self.out.extend_from_slice(b"+OK\r\n");
    }

    /// A status; the text holds no CR or LF.
    pub fn simple(&mut self, text: &str) {
        debug_assert!(!text.contains(['\r', '\n']));
        self.out.push(b'+');
        self.out.extend_from_slice(text.as_bytes());
        self.out.extend_from_slice(b"\r\n");
    }

    /// An error; the text starts with its code. Line breaks in it become spaces.
    #[cold]
    pub fn error(&mut self, text: &str) {
        self.error_bytes(text.as_bytes());
    }

    /// As [`Reply::error`], for a text that quotes what a client has sent.
    #[cold]
    pub fn error_bytes(&mut self, text: &[u8]) {
        self.failed = true;
        let end = text.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
        self.out.push(b'-');
        self.out.extend(text[..end].iter().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte }));
        self.out.extend_from_slice(b"\r\n");
    }

    #[inline]
    pub fn int(&mut self, value: i64) {
        self.header(b':', value);
    }

    #[inline]
    pub fn bulk(&mut self, bytes: &[u8]) {
        self.out.reserve(bytes.len() + 24);
        let len = bytes.len() as u8;
        match bytes.len() {
            0..=9 => self.out.extend_from_slice(&[b'$', b'0' + len, b'\r', b'\n']),
            10..=99 => self.out.extend_from_slice(&[b'$', b'0' + len / 10, b'0' + len % 10, b'\r', b'\n']),
            _ => self.header(b'$', bytes.len() as i64),
        }
        self.out.extend_from_slice(bytes);
        self.out.extend_from_slice(b"\r\n");
    }

    pub fn text(&mut self, text: &str) {
        self.bulk(text.as_bytes());
    }

    /// An integer as a bulk string (GET of a number).
    #[inline]
    pub fn bulk_int(&mut self, value: i64) {
        self.bulk(itoa::Buffer::new().format(value).as_bytes());
    }

    #[inline]
    pub fn null(&mut self) {
        self.out.extend_from_slice(if self.resp3() { b"_\r\n" } else { b"$-1\r\n" });
    }

    /// Null where an array would stand.
    pub fn null_array(&mut self) {
        self.out.extend_from_slice(if self.resp3() { b"_\r\n" } else { b"*-1\r\n" });
    }

    pub fn boolean(&mut self, value: bool) {
        match (self.resp3(), value) {
            (true, true) => self.out.extend_from_slice(b"#t\r\n"),
            (true, false) => self.out.extend_from_slice(b"#f\r\n"),
            (false, _) => self.int(value as i64),
        }
    }

    pub fn double(&mut self, value: f64) {
        self.double_text(&number::double_text(value));
    }

    /// A double that somebody else wrote down.
    pub fn double_text(&mut self, text: &[u8]) {
        if self.resp3() {
            self.out.push(b',');
            self.out.extend_from_slice(text);
            self.out.extend_from_slice(b"\r\n");
        } else {
            self.bulk(text);
        }
    }

    /// `digits` of a script may be anything; what would end the line becomes spaces.
    pub fn big_number(&mut self, digits: &[u8]) {
        let digits = digits.iter().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte });
        if self.resp3() {
            self.out.push(b'(');
            self.out.extend(digits);
            self.out.extend_from_slice(b"\r\n");
        } else {
            self.bulk(&digits.collect::<Vec<u8>>());
        }
    }

    /// Text with a format of three letters (`txt`, `mkd`).
    pub fn verbatim(&mut self, format: [u8; 3], text: &[u8]) {
        if self.resp3() {
            self.header(b'=', text.len() as i64 + 4);
            self.out.extend_from_slice(&format);
            self.out.push(b':');
            self.out.extend_from_slice(text);
            self.out.extend_from_slice(b"\r\n");
        } else {
            self.bulk(text);
        }
    }

    /// `len` replies follow.
    #[inline]
    pub fn array(&mut self, len: usize) {
        self.header(b'*', len as i64);
    }

    /// Puts bytes before what was written since `mark`, which moves.
    pub fn insert(&mut self, mark: usize, bytes: &[u8]) {
        let end = self.out.len();
        self.out.extend_from_slice(bytes);
        self.out.copy_within(mark..end, mark + bytes.len());
        self.out[mark..mark + bytes.len()].copy_from_slice(bytes);
    }

    /// Puts the header of an array of `len` replies before what was written since `mark`.
    pub fn array_at(&mut self, mark: usize, len: usize) {
        let (line, bytes) = header_line(b'*', len as i64);
        self.insert(mark, &line[..bytes]);
    }

    /// The same of a set.
    pub fn set_at(&mut self, mark: usize, len: usize) {
        let (line, bytes) = header_line(if self.resp3() { b'~' } else { b'*' }, len as i64);
        self.insert(mark, &line[..bytes]);
    }

    /// The same of a map.
    pub fn map_at(&mut self, mark: usize, pairs: usize) {
        if !self.resp3() {
            return self.array_at(mark, pairs * 2);
        }
        let (line, bytes) = header_line(b'%', pairs as i64);
        self.insert(mark, &line[..bytes]);
    }

    /// `pairs` keys, each with its value, follow.
    pub fn map(&mut self, pairs: usize) {
        if self.resp3() { self.header(b'%', pairs as i64) } else { self.header(b'*', pairs as i64 * 2) }
    }

    pub fn set(&mut self, len: usize) {
        self.header(if self.resp3() { b'~' } else { b'*' }, len as i64);
    }

    /// Out-of-band data (RESP3) or the array that stands for it in RESP2.
    pub fn push(&mut self, len: usize) {
        self.header(if self.resp3() { b'>' } else { b'*' }, len as i64);
    }

    /// Bytes that are a whole reply already, in this client's protocol.
    pub fn raw(&mut self, reply: &[u8]) {
        self.out.extend_from_slice(reply);
    }

    /// HELP of a container command: an array of status lines.
    pub fn help(&mut self, container: &str, lines: &[&str]) {
        self.array(lines.len() + 3);
        self.simple(&format!("{} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", container.to_uppercase()));
        for line in lines {
            self.simple(line);
        }
        self.simple("HELP");
        self.simple("    Print this help.");
    }

    #[inline]
    fn header(&mut self, kind: u8, value: i64) {
        let (line, len) = header_line(kind, value);
        self.out.extend_from_slice(&line[..len]);
    }
}

#[inline]
fn header_line(kind: u8, value: i64) -> ([u8; 24], usize) {
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(value).as_bytes();
    let mut line = [0u8; 24];
    line[0] = kind;
    line[1..=digits.len()].copy_from_slice(digits);
    line[digits.len() + 1] = b'\r';
    line[digits.len() + 2] = b'\n';
    (line, digits.len() + 3)
}
