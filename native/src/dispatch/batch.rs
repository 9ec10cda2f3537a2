//! Parsing ahead: the requests of a pipeline are parsed together, their keys hashed and their buckets prefetched, then
//! they run in order. Hiding the cache misses of one request behind the parsing of the next is worth 1.5 to 2 times the
//! throughput once the keys outgrow the cache.

use crate::commands::row::Group;
use crate::commands::table::table;
use crate::resp::args::{Args, OwnedArgs, Span};
use crate::resp::parse::{self, INLINE_SPAN, Limits, Parsed, Partial};
use crate::txn::Txn;

/// Requests parsed ahead, at most: enough to cover the memory latency, few enough for the spans to stay in L1.
pub const REQUESTS_MAX: usize = 64;
/// Spans and bytes that buffers keep from batch to batch; those of a larger request are given back.
const SPANS_KEPT_MAX: usize = 64 * 1024;
const COPIED_BYTES_KEPT_MAX: usize = 1 << 20;

const _: () = assert!(size_of::<Request>() <= 32, "two to a cache line");

/// Row number of a name that is no command.
pub const UNKNOWN: u16 = u16::MAX;

#[derive(Clone, Copy)]
pub struct Request {
    first: u32,
    argc: u32,
    pub row: u16,
    /// A data command with one key.
    pub plain: bool,
    /// Argument that is its key, or the first key of a call; 0: none, or not so simple.
    pub key: u16,
    /// Hash of that key.
    pub hash: u64,
    /// Bytes it came in.
    pub bytes: u32,
    /// Where the input of the next request begins.
    end: u32,
}

#[derive(Default)]
pub struct Batch {
    /// The received bytes, and behind `received` the resolved words of inline requests.
    input: Vec<u8>,
    received: usize,
    spans: Vec<Span>,
    requests: Vec<Request>,
    next: usize,
    /// Bytes whose requests have run.
    done: usize,
    /// Bytes parsed into `requests`.
    parsed: usize,
    copied: Vec<u8>,
    /// Hashes of further keys of calls, then of all keys that may hold lists, for prefetching.
    further: Vec<u64>,
    /// Some request of this fill is an inline one.
    has_inline: bool,
}

/// How parsing went.
#[derive(Debug, PartialEq)]
pub enum Fill {
    /// Requests are there to run.
    Some,
    /// The input has no whole request left; so many bytes (from the first unparsed one) make the next one.
    Need(usize),
    /// The text of a protocol error.
    Bad(String),
}

impl Batch {
    /// Takes a connection's input over; gives back the buffer of the last one, empty.
    pub fn begin(&mut self, input: Vec<u8>) -> Vec<u8> {
        debug_assert!(self.next == self.requests.len(), "the last batch is through");
        let mut old = std::mem::replace(&mut self.input, input);
        old.clear();
        self.received = self.input.len();
        self.done = 0;
        self.parsed = 0;
        self.next = 0;
        self.requests.clear();
        self.spans.clear();
        old
    }

    /// Ends the batch: gives the input that has not run. What was parsed ahead is forgotten.
    pub fn end(&mut self, rest: &mut Vec<u8>) {
        self.input.truncate(self.received);
        if self.done == 0 && self.received > 0 {
            std::mem::swap(rest, &mut self.input);
        } else if self.done < self.received {
            let left = self.received - self.done;
            if left > 64 * 1024 {
                // A large bulk is on its way: keep its buffer.
                self.input.drain(..self.done);
                std::mem::swap(rest, &mut self.input);
            } else {
                rest.clear();
                rest.extend_from_slice(&self.input[self.done..]);
            }
        }
        self.input.clear();
        self.received = 0;
        self.done = 0;
        self.requests.clear();
        self.spans.clear();
        self.spans.shrink_to(SPANS_KEPT_MAX);
        self.copied.clear();
        self.copied.shrink_to(COPIED_BYTES_KEPT_MAX);
        self.next = 0;
    }

    /// The next request to run.
    #[inline]
    pub fn current(&self) -> Option<Request> {
        self.requests.get(self.next).copied()
    }

    #[inline]
    pub fn args(&self, request: &Request) -> Args<'_> {
        let first = request.first as usize;
        Args::new(&self.input, &self.spans[first..first + request.argc as usize])
    }

    /// Takes the current request, which begins anew without what it came with: a long one alone by its bytes, others as a copy.
    pub fn take_current(&mut self) -> OwnedArgs {
        let request = self.requests[self.next];
        if self.requests.len() > 1 || self.has_inline {
            return self.args(&request).to_owned();
        }
        let rest = self.input[request.end as usize..self.received].to_vec();
        let bytes = std::mem::replace(&mut self.input, rest);
        self.received = self.input.len();
        (self.requests[self.next].end, self.parsed) = (0, 0);
        OwnedArgs::of_parts(bytes, std::mem::take(&mut self.spans))
    }

    /// The current request has run.
    #[inline]
    pub fn advance(&mut self) {
        self.done = self.requests[self.next].end as usize;
        self.next += 1;
    }

    /// Hardly pipelined: reading the clock for each request costs little beside receiving and sending it.
    #[inline]
    pub fn is_small(&self) -> bool {
        self.requests.len() <= 2
    }

    pub fn unparsed(&self) -> usize {
        self.received - self.done
    }

    /// Parses the next requests, hashes their keys and prefetches what they will touch. `partial`: what is known of the
    /// request that the input starts with, from the last fill that ended with [`Fill::Need`].
    pub fn fill(&mut self, limits: Limits, partial: &mut Option<Box<Partial>>, txn: &mut Txn) -> Fill {
        self.spans.clear();
        self.requests.clear();
        self.copied.clear();
        self.has_inline = false;
        self.next = 0;
        self.parsed = self.done;
        self.input.truncate(self.received);
        let table = table();
        let mut last = Fill::Some;
        while self.requests.len() < REQUESTS_MAX && self.parsed < self.received {
            let first = self.spans.len();
            let rest = &self.input[self.parsed..];
            let base = self.parsed as u32;
            let parsed = if self.requests.is_empty() {
                parse::request_in_parts(rest, base, limits, &mut self.spans, &mut self.copied, partial)
            } else {
                parse::request(rest, base, limits, &mut self.spans, &mut self.copied)
            };
            match parsed {
                Parsed::Request { used } => {
                    self.parsed += used;
                    if self.spans.len() == first {
                        // An empty line or array: nothing to run. With requests before it, `done` follows theirs.
                        match self.requests.last_mut() {
                            Some(request) => request.end = self.parsed as u32,
                            None => self.done = self.parsed,
                        }
                        continue;
                    }
                    self.has_inline |= self.spans[first].at & INLINE_SPAN != 0;
                    let argc = (self.spans.len() - first) as u32;
                    let end = self.parsed as u32;
                    self.requests.push(Request {
                        first: first as u32,
                        argc,
                        row: UNKNOWN,
                        plain: false,
                        key: 0,
                        hash: 0,
                        bytes: used as u32,
                        end,
                    });
                }
                Parsed::Need { bytes } => {
                    last = Fill::Need(bytes);
                    break;
                }
                Parsed::Bad(text) => {
                    last = Fill::Bad(text);
                    break;
                }
            }
        }
        if self.requests.is_empty() {
            return if last == Fill::Some { Fill::Need(1) } else { last };
        }
        self.place_copied();
        let several = self.requests.len() > 1;
        for request in &mut self.requests {
            let first = request.first as usize;
            let args = Args::new(&self.input, &self.spans[first..first + request.argc as usize]);
            if let Some(row) = table.find(args.get(0)) {
                request.row = row;
                let mut key = table.plain_key(row);
                request.plain = key != 0 && key < args.len();
                if key == 0 && table.is_call(row) && args.len() > 3 && args.get(2) != b"0" {
                    key = 3;
                    if several {
                        note_further(&mut self.further, args, txn);
                    }
                }
                if key != 0 && key < args.len() {
                    request.key = key as u16;
                    request.hash = txn.store.hash(args.get(key));
                    if several {
                        txn.prefetch(request.hash, false);
                    }
                }
            }
        }
        if several {
            for hash in &self.further {
                txn.prefetch(*hash, true);
            }
            for request in &self.requests {
                if request.key != 0 {
                    txn.prefetch(request.hash, true);
                }
            }
            // A third miss for what is no string: the object its entry points to.
            self.further.retain(|hash| txn.prefetch_object(*hash));
            // Without a key it may be no command at all, which has no row.
            for request in self.requests.iter().filter(|request| request.key != 0) {
                let group = table.row(request.row).group;
                let has_object = group != Group::String && txn.prefetch_object(request.hash);
                if has_object && (group == Group::List || table.is_call(request.row)) {
                    self.further.push(request.hash);
                }
            }
            self.prefetch_elements(txn);
            self.prefetch_ends(txn);
        }
        Fill::Some
    }

    /// A fourth and fifth miss for what looks for one element of a large collection: the bucket it is in, and its block.
    fn prefetch_elements(&self, txn: &mut Txn) {
        let (table, mut useful) = (table(), 0u64);
        const { assert!(REQUESTS_MAX <= u64::BITS as usize) };
        for (index, request) in self.requests.iter().enumerate().filter(|(_, request)| request.key != 0) {
            let element = table.row(request.row).element as usize;
            if (1..request.argc as usize).contains(&element) {
                let args = self.args(request);
                useful |= (txn.prefetch_element(request.hash, args.get(element), false) as u64) << index;
            }
        }
        while useful != 0 {
            let request = &self.requests[useful.trailing_zeros() as usize];
            useful &= useful - 1;
            let element = self.args(request).get(table.row(request.row).element as usize);
            txn.prefetch_element(request.hash, element, true);
        }
    }

    /// A fourth and fifth miss for lists, which commands mostly touch at an end: what the object points to, and the end of that.
    fn prefetch_ends(&mut self, txn: &mut Txn) {
        self.further.retain(|hash| txn.prefetch_ends(*hash, false));
        for hash in self.further.drain(..) {
            txn.prefetch_ends(hash, true);
        }
    }

    /// Puts the resolved words of inline requests behind the input, where their spans can mean them.
    fn place_copied(&mut self) {
        if !self.has_inline {
            return;
        }
        let base = self.input.len() as u32;
        self.input.extend_from_slice(&self.copied);
        for span in &mut self.spans {
            if span.at & INLINE_SPAN != 0 {
                span.at = base + (span.at & !INLINE_SPAN);
            }
        }
    }
}

/// Starts loading the buckets of a call's keys behind the first, and notes their hashes.
fn note_further(further: &mut Vec<u64>, args: Args, txn: &mut Txn) {
    let &[digit @ b'2'..=b'9'] = args.get(2) else {
        return;
    };
    for index in 4..args.len().min(3 + usize::from(digit - b'0')) {
        let hash = txn.store.hash(args.get(index));
        txn.prefetch(hash, false);
        further.push(hash);
    }
}
