//! The requests in an append-only file, one by one. Stricter than the protocol of clients: nothing but what a server writes.
//!
//! ```text
//!   *2\r\n$3\r\nDEL\r\n$1\r\nk\r\n          a request
//!   #TS:1700000000\r\n                    when what follows was written
//! ```

use crate::resp::args::{Args, Span};

/// Arguments of a request at most, as there.
const ARGUMENTS_MAX: u64 = i32::MAX as u64;
/// Digits of a length, and bytes of a comment.
const DIGITS_MAX: usize = 10;
const COMMENT_BYTES_MAX: usize = 1024;

/// Why reading stops.
#[derive(Debug, PartialEq, Eq)]
pub enum Stop {
    /// The file ends inside a request.
    Short,
    /// There is something else than a request.
    Bad,
}

pub struct Requests<'b> {
    bytes: &'b [u8],
    at: usize,
    spans: Vec<Span>,
}

impl<'b> Requests<'b> {
    pub fn new(bytes: &'b [u8]) -> Requests<'b> {
        Requests { bytes, at: 0, spans: Vec::new() }
    }

    /// Where the next request begins; after an error, where that one begins.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The next request. None: the end.
    pub fn next_request(&mut self) -> Result<Option<Args<'_>>, Stop> {
        loop {
            match self.bytes.get(self.at) {
                None => return Ok(None),
                Some(b'#') => self.at += self.line(self.at, COMMENT_BYTES_MAX)?.1,
                Some(b'*') => break,
                Some(_) => return Err(Stop::Bad),
            }
        }
        let start = self.at;
        let (count, used) = self.number(start + 1)?;
        if !(1..=ARGUMENTS_MAX).contains(&count) {
            return Err(Stop::Bad);
        }
        let mut at = start + 1 + used;
        self.spans.clear();
        for _ in 0..count {
            match self.bytes.get(at) {
                None => return Err(Stop::Short),
                Some(b'$') => (),
                Some(_) => return Err(Stop::Bad),
            }
            let (len, used) = self.number(at + 1)?;
            let from = at + 1 + used;
            let end = from + len as usize;
            match self.bytes.get(end..end + 2) {
                Some(b"\r\n") => (),
                Some(_) => return Err(Stop::Bad),
                None => return Err(Stop::Short),
            }
            let offset = u32::try_from(from - start).map_err(|_| Stop::Bad)?;
            self.spans.push(Span { at: offset, len: u32::try_from(len).map_err(|_| Stop::Bad)? });
            at = end + 2;
        }
        self.at = at;
        Ok(Some(Args::new(&self.bytes[start..at], &self.spans)))
    }

    /// The line from `at` on, without its end, and how many bytes it takes with it.
    fn line(&self, at: usize, most: usize) -> Result<(&'b [u8], usize), Stop> {
        let rest = &self.bytes[at.min(self.bytes.len())..];
        let seen = &rest[..rest.len().min(most + 2)];
        match memchr::memchr(b'\n', seen) {
            Some(end) if end > 0 && seen[end - 1] == b'\r' => Ok((&seen[..end - 1], end + 1)),
            Some(_) => Err(Stop::Bad),
            None if rest.len() < most + 2 => Err(Stop::Short),
            None => Err(Stop::Bad),
        }
    }

    /// A number, and how many bytes its line takes.
    fn number(&self, at: usize) -> Result<(u64, usize), Stop> {
        let (line, used) = self.line(at, DIGITS_MAX)?;
        let digits = !line.is_empty() && line.iter().all(u8::is_ascii_digit);
        let text = std::str::from_utf8(line).ok().filter(|_| digits);
        text.and_then(|text| text.parse().ok()).map(|number| (number, used)).ok_or(Stop::Bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cut_is_short_and_every_other_byte_is_found() {
        let whole = b"#TS:1700000000\r\n*2\r\n$3\r\nDEL\r\n$2\r\nk\n\r\n*1\r\n$4\r\nEXEC\r\n";
        let mut requests = Requests::new(whole);
        let mut found = Vec::new();
        while let Some(args) = requests.next_request().expect("it is whole") {
            found.push(args.iter().map(<[u8]>::to_vec).collect::<Vec<_>>());
        }
        assert_eq!(found, [vec![b"DEL".to_vec(), b"k\n".to_vec()], vec![b"EXEC".to_vec()]]);
        for end in (1..whole.len()).filter(|end| ![16, 37].contains(end)) {
            let mut requests = Requests::new(&whole[..end]);
            let stop = loop {
                match requests.next_request() {
                    Ok(Some(_)) => (),
                    Ok(None) => panic!("{end} looks whole"),
                    Err(stop) => break stop,
                }
            };
            assert_eq!(stop, Stop::Short, "{end}");
        }
        for bad in
            [&b"DEL k\r\n"[..], b"*0\r\n", b"*1\r\n:1\r\n", b"*1\r\n$-1\r\n", b"*1\r\n$1\r\nabc", b"*x\r\n", b"*1\n"]
        {
            assert_eq!(Requests::new(bad).next_request().err(), Some(Stop::Bad), "{}", String::from_utf8_lossy(bad));
        }
    }
}
