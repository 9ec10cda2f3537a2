//! The arguments of one request: spans into the bytes they came in; nothing is copied.

/// Offset and length in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub at: u32,
    pub len: u32,
}

/// `argv` of a request; `args[0]` is the command's name.
#[derive(Clone, Copy)]
pub struct Args<'a> {
    bytes: &'a [u8],
    spans: &'a [Span],
}

impl<'a> Args<'a> {
    /// Every span must lie inside `bytes`; [`Args::get`] panics otherwise.
    pub fn new(bytes: &'a [u8], spans: &'a [Span]) -> Args<'a> {
        Args { bytes, spans }
    }

    /// Number of arguments, the name included.
    #[inline]
    pub fn len(self) -> usize {
        self.spans.len()
    }

    pub fn is_empty(self) -> bool {
        self.spans.is_empty()
    }

    /// Argument `index`; panics if there are fewer, so handlers rely on the arity check of dispatch.
    #[inline]
    pub fn get(self, index: usize) -> &'a [u8] {
        let span = self.spans[index];
        &self.bytes[span.at as usize..span.at as usize + span.len as usize]
    }

    /// The arguments from `index` on.
    pub fn from(self, index: usize) -> Args<'a> {
        Args { bytes: self.bytes, spans: &self.spans[index.min(self.spans.len())..] }
    }

    /// The first `count` arguments; all, if there are no more.
    pub fn first(self, count: usize) -> Args<'a> {
        Args { bytes: self.bytes, spans: &self.spans[..count.min(self.spans.len())] }
    }

    pub fn iter(self) -> impl ExactSizeIterator<Item = &'a [u8]> + Clone {
        self.spans.iter().map(move |span| &self.bytes[span.at as usize..span.at as usize + span.len as usize])
    }

    /// Is argument `index` this word, in any case? `word` is lower-case.
    #[inline]
    pub fn is(self, index: usize, word: &str) -> bool {
        self.get(index).eq_ignore_ascii_case(word.as_bytes())
    }

    /// The whole request as it was received, where that is how requests are written: byte for byte what `push_request` of the log makes
    /// of it. Who sends `$03`, or other bytes than CRLF behind an argument, as readers of requests let pass, gets None.
    #[inline]
    pub fn as_sent(self) -> Option<&'a [u8]> {
        let (first, others) = self.spans.split_first()?;
        let from = self.number_before(first.at as usize, b'$', first.len as usize)?;
        let from = self.number_before(from, b'*', self.spans.len())?;
        let mut end = (first.at + first.len) as usize;
        for span in others {
            let next = self.number_before(span.at as usize, b'$', span.len as usize)?;
            if next != end + 2 || self.bytes[end..next] != *b"\r\n" {
                return None;
            }
            end = (span.at + span.len) as usize;
        }
        (self.bytes.get(end..end + 2)? == b"\r\n").then(|| &self.bytes[from..end + 2])
    }

    /// Where the line before `at` begins, if it says this.
    #[inline]
    fn number_before(self, at: usize, kind: u8, number: usize) -> Option<usize> {
        if number >= 100 {
            return self.long_number_before(at, kind, number);
        }
        // The last four bytes as one word: compared as bytes they were written and read again, which took 10 ns each.
        let crlf = u32::from_le_bytes(*b"\0\0\r\n");
        let last = u32::from_le_bytes(*self.bytes.get(..at)?.last_chunk()?);
        let (tens, ones) = (b'0' as u32 + number as u32 / 10, b'0' as u32 + number as u32 % 10);
        if number < 10 {
            return (last == u32::from(kind) | ones << 8 | crlf).then(|| at - 4);
        }
        let from = at.checked_sub(5)?;
        (self.bytes[from] == kind && last == tens | ones << 8 | crlf).then_some(from)
    }

    fn long_number_before(self, at: usize, kind: u8, number: usize) -> Option<usize> {
        let mut buffer = itoa::Buffer::new();
        let digits = buffer.format(number).as_bytes();
        let before = self.bytes.get(..at)?.strip_suffix(b"\r\n")?.strip_suffix(digits)?.strip_suffix(&[kind])?;
        Some(before.len())
    }

    /// A copy that owns its bytes (MULTI's queue).
    pub fn to_owned(self) -> OwnedArgs {
        let mut owned = OwnedArgs { bytes: Vec::new(), spans: Vec::with_capacity(self.spans.len()) };
        for argument in self.iter() {
            owned.push(argument);
        }
        owned
    }
}

/// Arguments with their own bytes.
#[derive(Default, Clone, Debug, PartialEq)]
pub struct OwnedArgs {
    bytes: Vec<u8>,
    spans: Vec<Span>,
}

impl OwnedArgs {
    pub fn of(arguments: &[&[u8]]) -> OwnedArgs {
        let mut owned = OwnedArgs::default();
        for argument in arguments {
            owned.push(argument);
        }
        owned
    }

    pub fn push(&mut self, argument: &[u8]) {
        let at = u32::try_from(self.bytes.len()).expect("a request is below 4 GiB");
        self.bytes.extend_from_slice(argument);
        self.spans.push(Span { at, len: argument.len() as u32 });
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
        self.spans.clear();
    }

    /// Puts another argument in place of argument `index`.
    pub fn set(&mut self, index: usize, argument: &[u8]) {
        let at = u32::try_from(self.bytes.len()).expect("a request is below 4 GiB");
        self.bytes.extend_from_slice(argument);
        self.spans[index] = Span { at, len: argument.len() as u32 };
    }

    pub fn borrow(&self) -> Args<'_> {
        Args::new(&self.bytes, &self.spans)
    }

    /// Becomes a copy of `arguments`, in the buffers there are.
    pub fn copy_args(&mut self, arguments: Args) {
        self.bytes.clear();
        self.spans.clear();
        for argument in arguments.iter() {
            self.push(argument);
        }
    }

    /// Becomes a copy of `other`, in the buffers there are.
    pub fn copy_from(&mut self, other: &OwnedArgs) {
        self.bytes.clear();
        self.bytes.extend_from_slice(&other.bytes);
        self.spans.clear();
        self.spans.extend_from_slice(&other.spans);
    }

    /// The first `head` arguments and those of a range behind them, as if these were all. `spans` is overwritten.
    pub fn piece<'a>(&'a self, head: usize, range: std::ops::Range<usize>, spans: &'a mut Vec<Span>) -> Args<'a> {
        spans.clear();
        spans.extend_from_slice(&self.spans[..head]);
        spans.extend_from_slice(&self.spans[range]);
        Args::new(&self.bytes, spans)
    }

    /// Arguments whose bytes are at hand already.
    pub fn of_parts(bytes: Vec<u8>, spans: Vec<Span>) -> OwnedArgs {
        OwnedArgs { bytes, spans }
    }

    pub fn memory_bytes(&self) -> usize {
        self.bytes.capacity() + self.spans.capacity() * size_of::<Span>()
    }
}
