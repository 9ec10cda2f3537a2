//! A RESP2/RESP3 reply counter: finds where replies end and what kind they are, and keeps nothing of their bodies.
//!
//! It resumes at any byte, so a reply of 100 MB needs no buffer. Nesting needs no stack either: a reply ends when the
//! number of items still owed reaches zero, and an aggregate of n items pays for itself and owes n more.
//!
//!     *2\r\n :1\r\n $3\r\nabc\r\n      owed: 1 → 2 → 1 → 0 = one reply of kind '*'

/// The kind under which a null of either protocol is counted (RESP3's own type byte).
pub const NULL: u8 = b'_';

const ERROR_TEXT_MAX: usize = 200;

enum State {
    /// Next byte is a type byte.
    Start,
    /// Inside a header line; digits gather in `number`.
    Line,
    /// Inside a bulk body and its CRLF: this many bytes are left.
    Body(usize),
}

/// What one connection has answered since the last `take`.
pub struct ReplyCounter {
    state: State,
    kind: u8,
    number: i64,
    negative: bool,
    owed: u64,
    top_kind: u8,
    error_text: Vec<u8>,
}

/// Totals over all connections; `kinds` is indexed by the reply's type byte.
pub struct ReplyTotals {
    pub kinds: [u64; 256],
    pub first_error: Option<String>,
    pub bulk_len_min: usize,
    pub bulk_len_max: usize,
}

impl ReplyTotals {
    pub fn new() -> Self {
        Self {
            kinds: [0; 256],
            first_error: None,
            bulk_len_min: usize::MAX,
            bulk_len_max: 0,
        }
    }

    pub fn errors(&self) -> u64 {
        self.kinds[b'-' as usize] + self.kinds[b'!' as usize]
    }
}

/// A byte that is no RESP type where one was due: the stream cannot be followed any further.
#[derive(Debug, PartialEq)]
pub struct NotResp(pub u8);

impl ReplyCounter {
    pub fn new() -> Self {
        Self {
            state: State::Start,
            kind: 0,
            number: 0,
            negative: false,
            owed: 0,
            top_kind: 0,
            error_text: Vec::new(),
        }
    }

    /// Consumes all of `bytes`; returns how many top-level replies ended in them. Cost: header bytes only.
    pub fn feed(&mut self, bytes: &[u8], totals: &mut ReplyTotals) -> Result<u32, NotResp> {
        let mut done = 0;
        let mut at = 0;
        while at < bytes.len() {
            match self.state {
                State::Start => {
                    self.begin(bytes[at])?;
                    at += 1;
                }
                State::Line => {
                    let byte = bytes[at];
                    at += 1;
                    match byte {
                        b'\n' => done += self.end_line(totals),
                        b'0'..=b'9' => self.number = self.number.wrapping_mul(10).wrapping_add((byte - b'0') as i64),
                        b'-' => self.negative = true,
                        _ => {}
                    }
                    if self.kind == b'-' && byte >= b' ' && self.error_text.len() < ERROR_TEXT_MAX {
                        self.error_text.push(byte);
                    }
                }
                State::Body(left) => {
                    let step = left.min(bytes.len() - at);
                    at += step;
                    if step == left {
                        done += self.end_item(totals);
                    } else {
                        self.state = State::Body(left - step);
                    }
                }
            }
        }
        Ok(done)
    }

    fn begin(&mut self, kind: u8) -> Result<(), NotResp> {
        if !b"+-:$*_#,(!=%~>|".contains(&kind) {
            return Err(NotResp(kind));
        }
        if self.owed == 0 {
            self.owed = 1;
            self.top_kind = kind;
        }
        self.kind = kind;
        self.number = 0;
        self.negative = false;
        self.error_text.clear();
        self.state = State::Line;
        Ok(())
    }

    fn end_line(&mut self, totals: &mut ReplyTotals) -> u32 {
        let null = self.negative;
        let count = if null { 0 } else { self.number as u64 };
        match self.kind {
            b'$' | b'=' | b'!' if !null => {
                if self.owed == 1 && self.kind == b'$' && self.top_kind == b'$' {
                    totals.bulk_len_min = totals.bulk_len_min.min(count as usize);
                    totals.bulk_len_max = totals.bulk_len_max.max(count as usize);
                }
                self.state = State::Body(count as usize + 2);
                return 0;
            }
            b'$' | b'*' if null && self.owed == 1 && self.top_kind == self.kind => self.top_kind = NULL,
            b'*' | b'~' | b'>' => self.owed += count,
            b'%' => self.owed += count * 2,
            // An attribute comes before the item it describes and is no item itself.
            b'|' => self.owed += count * 2 + 1,
            _ => {}
        }
        self.end_item(totals)
    }

    fn end_item(&mut self, totals: &mut ReplyTotals) -> u32 {
        self.state = State::Start;
        self.owed -= 1;
        if self.owed > 0 {
            return 0;
        }
        totals.kinds[self.top_kind as usize] += 1;
        if self.top_kind == b'-' && totals.first_error.is_none() {
            totals.first_error = Some(String::from_utf8_lossy(&self.error_text).into_owned());
        }
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &[u8] =
        b"+OK\r\n$3\r\nabc\r\n$-1\r\n:-5\r\n*2\r\n$1\r\na\r\n*1\r\n:1\r\n%1\r\n+k\r\n_\r\n-ERR no\r\n*0\r\n";

    #[test]
    fn every_split_of_a_reply_stream_counts_the_same() {
        for cut in 0..=SAMPLE.len() {
            let mut counter = ReplyCounter::new();
            let mut totals = ReplyTotals::new();
            let first = counter.feed(&SAMPLE[..cut], &mut totals).unwrap();
            let second = counter.feed(&SAMPLE[cut..], &mut totals).unwrap();
            assert_eq!(first + second, 8, "cut at {cut}");
            assert_eq!(totals.errors(), 1);
            assert_eq!(totals.first_error.as_deref(), Some("ERR no"));
            assert_eq!(totals.kinds[NULL as usize], 1);
            assert_eq!(totals.kinds[b'*' as usize], 2);
            assert_eq!((totals.bulk_len_min, totals.bulk_len_max), (3, 3));
        }
    }

    #[test]
    fn bytes_that_are_not_resp_are_refused() {
        let mut totals = ReplyTotals::new();
        assert_eq!(ReplyCounter::new().feed(b"HTTP/1.1", &mut totals), Err(NotResp(b'H')));
    }
}
