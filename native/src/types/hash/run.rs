//! The small encoding, which OBJECT ENCODING calls `listpack`: all fields and values in one run of bytes, in the order
//! they came. Where the run lies is `ds/packed.rs`'s business.
//!
//! ```text
//!   pair  = item item                    field, value, each as ds/item.rs codes it
//!   249 i64 before a value is kept free for the expiry of its field.
//!
//!   HSET h name "Ada" age 36   ->   04 n a m e  03 A d a  03 a g e  f0 24
//! ```

use crate::ds::item::{Coded, Item, after, decoded};

/// Pairs of a run, at most. Lookups in so many are slow already.
pub const PAIRS_MAX: usize = u16::MAX as usize;

/// Where a pair stands: offsets of its field, its value and its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    pub field: usize,
    pub value: usize,
    pub end: usize,
}

/// Where `field` stands. O(pairs).
#[inline]
pub fn find(run: &[u8], field: &Coded) -> Option<Span> {
    let mut at = 0;
    while at < run.len() {
        let value = after(run, at);
        let end = after(run, value);
        if field.is(&run[at..value]) {
            return Some(Span { field: at, value, end });
        }
        at = end;
    }
    None
}

/// All pairs, in their order.
pub fn spans(run: &[u8]) -> impl Iterator<Item = Span> + Clone {
    let mut at = 0;
    std::iter::from_fn(move || {
        (at < run.len()).then(|| {
            let value = after(run, at);
            let span = Span { field: at, value, end: after(run, value) };
            at = span.end;
            span
        })
    })
}

/// Field and value of the pair at `span`.
#[inline]
pub fn pair(run: &[u8], span: Span) -> (Item<'_>, Item<'_>) {
    (decoded(&run[span.field..span.value]), value(run, span))
}

#[inline]
pub fn value(run: &[u8], span: Span) -> Item<'_> {
    decoded(&run[span.value..span.end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(run: &mut Vec<u8>, field: &[u8], value: &[u8]) {
        let (field, value) = (Coded::of(Item::Text(field)), Coded::of(Item::Text(value)));
        match find(run, &field) {
            Some(span) => drop(run.splice(span.value..span.end, [value.head(), value.body()].concat())),
            None => run.extend([field.head(), field.body(), value.head(), value.body()].concat()),
        }
    }

    #[test]
    fn every_kind_of_item_reads_back_as_it_was_written() {
        let long = vec![b'x'; 70_000];
        let texts: Vec<Vec<u8>> =
            [0i64, 7, -1, 127, 128, -128, -129, 32_767, -32_769, 1 << 31, -(1 << 31), i64::MAX, i64::MIN]
                .iter()
                .map(|number| number.to_string().into_bytes())
                .chain(
                    [&b""[..], b"007", b"-0", b"+1", b"\0\r\n\xff", &[b'y'; 239], &[b'y'; 240], &long]
                        .map(<[u8]>::to_vec),
                )
                .collect();
        let mut run = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            put(&mut run, text, &texts[texts.len() - 1 - index]);
        }
        put(&mut run, &texts[3], b"changed");
        put(&mut run, &texts[3], &texts[texts.len() - 4]);
        assert_eq!(spans(&run).count(), texts.len());
        for (index, span) in spans(&run).enumerate() {
            let (field, value) = pair(&run, span);
            assert_eq!(
                (field.to_vec(), value.to_vec()),
                (texts[index].clone(), texts[texts.len() - 1 - index].clone())
            );
            assert_eq!(value.text_len(), value.to_vec().len());
        }
    }
}
