//! Requests: whatever the bytes and however they are split, parsing gives the same requests and the same end.

use super::{Draw, run};
use crate::dispatch::batch::{Batch, Fill};
use crate::resp::args::Span;
use crate::resp::parse::{self, INLINE_SPAN, Limits, Parsed};
use crate::store::Store;
use crate::txn::Txn;

const LIMITS: Limits = Limits { bulk_bytes_max: 4096, authenticated: true };

/// What came of an input: its requests, and the error that ended it.
#[derive(Debug, PartialEq, Default)]
struct Outcome {
    requests: Vec<Vec<Vec<u8>>>,
    error: Option<String>,
}

fn input(draw: &mut Draw) -> Vec<u8> {
    let mut input = Vec::new();
    for _ in 0..=draw.below(5) {
        match draw.below(8) {
            0 => {
                input.extend(draw.bytes(b"SET k \"a\\x41\\n\" 'b'\t\0", 30));
                input.extend_from_slice(draw.pick::<&[u8]>(&[b"\r\n", b"\n", b""]));
            }
            1 => input.extend_from_slice(draw.pick::<&[u8]>(&[
                b"*0\r\n",
                b"*-1\r\n",
                b"\r\n",
                b"*1000000\r\n",
                b"$3\r\n",
            ])),
            2 => request(draw, 60, 80, &mut input),
            _ => request(draw, 0, 5, &mut input),
        }
    }
    if draw.chance(50) {
        draw.damage(&mut input, b"*$\r\n0123456789-+ \"'\\\0");
    }
    input
}

/// A request of `least` arguments and up to `more` - 1 others.
fn request(draw: &mut Draw, least: usize, more: usize, input: &mut Vec<u8>) {
    let arguments = least + draw.below(more);
    input.extend(format!("*{arguments}\r\n").bytes());
    for _ in 0..arguments {
        let most = if draw.chance(5) { 3000 } else { 14 };
        let argument = draw.bytes(b"GETk\r\n$*\0\xff", most);
        input.extend(format!("${}\r\n", argument.len()).bytes());
        input.extend(argument);
        input.extend(b"\r\n");
    }
}

/// By the parser alone, all bytes at once.
fn whole(input: &[u8]) -> Outcome {
    let (mut outcome, mut at) = (Outcome::default(), 0);
    loop {
        let (mut spans, mut copied) = (Vec::new(), Vec::new());
        match parse::request(&input[at..], at as u32, LIMITS, &mut spans, &mut copied) {
            Parsed::Request { used } => {
                assert!(used > 0 && at + used <= input.len());
                let words = |span: &Span| {
                    let from = if span.at & INLINE_SPAN != 0 { &copied[..] } else { input };
                    let first = (span.at & !INLINE_SPAN) as usize;
                    from[first..first + span.len as usize].to_vec()
                };
                if !spans.is_empty() {
                    outcome.requests.push(spans.iter().map(words).collect());
                }
                at += used;
            }
            Parsed::Need { bytes } => {
                assert!(bytes > input.len() - at, "it waits for what it has");
                assert!(spans.is_empty());
                return outcome;
            }
            Parsed::Bad(text) => {
                outcome.error = Some(text);
                return outcome;
            }
        }
    }
}

/// As the loop of a core does it: through batches, as the bytes come in.
fn in_parts(draw: &mut Draw, input: &[u8], txn: &mut Txn) -> Outcome {
    let mut outcome = Outcome::default();
    let (mut batch, mut received, mut partial, mut need, mut at) = (Batch::default(), Vec::new(), None, 0, 0);
    let most = draw.pick(&[1, 40, 4000]);
    let longest = 1 + draw.below(most);
    while at < input.len() {
        let end = (at + 1 + draw.below(longest)).min(input.len());
        received.extend_from_slice(&input[at..end]);
        at = end;
        if received.len() < need {
            continue;
        }
        batch.begin(std::mem::take(&mut received));
        loop {
            while let Some(request) = batch.current() {
                outcome.requests.push(batch.args(&request).iter().map(<[u8]>::to_vec).collect());
                batch.advance();
            }
            match batch.fill(LIMITS, &mut partial, txn) {
                Fill::Some => (),
                Fill::Need(bytes) => {
                    need = bytes;
                    break;
                }
                Fill::Bad(text) => {
                    outcome.error = Some(text);
                    return outcome;
                }
            }
        }
        batch.end(&mut received);
    }
    outcome
}

#[test]
fn any_split_of_any_bytes_gives_the_same_requests() {
    let store: &'static Store = Box::leak(Box::new(Store::new(16, 16)));
    let txn = std::cell::RefCell::new(Txn::new(store, 0, true));
    run("requests", 20_000, |draw| {
        let input = input(draw);
        let expected = whole(&input);
        for _ in 0..3 {
            assert_eq!(
                in_parts(draw, &input, &mut txn.borrow_mut()),
                expected,
                "{:?}",
                input.escape_ascii().to_string()
            );
        }
    });
}

/// A rescan for each byte took 20,000 × 200,000 steps here.
#[test]
fn a_long_request_that_comes_byte_by_byte_costs_no_rescan_for_each() {
    let mut input = b"*200001\r\n".to_vec();
    input.extend(b"$1\r\nx\r\n".repeat(200_000));
    let (head, digits) = (input.len(), 20_000);
    input.push(b'$');
    input.extend(std::iter::repeat_n(b'1', digits));
    let (mut spans, mut copied, mut partial) = (Vec::new(), Vec::new(), None);
    let began = std::time::Instant::now();
    for end in head..input.len() {
        let parsed = parse::request_in_parts(&input[..end], 0, LIMITS, &mut spans, &mut copied, &mut partial);
        assert!(matches!(parsed, Parsed::Need { .. }));
    }
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    assert!(partial.is_some() && spans.is_empty());
}
