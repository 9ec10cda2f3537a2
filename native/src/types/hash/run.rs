//! The small encoding, which OBJECT ENCODING calls `listpack`: all fields and values in one run of bytes, in the order
//! they came. Where the run lies is `ds/packed.rs`'s business.
//!
//! ```text
//!   pair  = item item                    field, value, each as ds/item.rs codes it
//!           item 249 i64 item            a field that expires: when, ms since the epoch, stands before its value
//!
//!   HSET h name "Ada" age 36   ->   04 n a m e  03 A d a  03 a g e  f0 24
//! ```

use crate::ds::item::{self, Coded, EXPIRY_BYTES, Item, after, decoded};

/// Pairs of a run, at most. Lookups in so many are slow already.
pub const PAIRS_MAX: usize = u16::MAX as usize;

/// Where a pair stands: offsets of its field, of its value (of its expiry, if it has one) and of its end.
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

/// When the field of the pair at `span` expires, ms since the epoch.
#[inline]
pub fn expiry(run: &[u8], span: Span) -> Option<i64> {
    item::expiry(&run[span.value..span.end])
}

/// Bytes of that.
#[inline]
pub fn expiry_bytes(run: &[u8], span: Span) -> usize {
    if expiry(run, span).is_some() { EXPIRY_BYTES } else { 0 }
}

/// Has the field of the pair at `span` expired at `now_ms`?
#[inline]
pub fn is_expired(run: &[u8], span: Span, now_ms: i64) -> bool {
    expiry(run, span).is_some_and(|at_ms| at_ms <= now_ms)
}

/// When the first of the fields expires. O(pairs).
pub fn first_due_ms(run: &[u8]) -> Option<i64> {
    spans(run).filter_map(|span| expiry(run, span)).min()
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
    fn an_expiry_before_a_value_hides_neither() {
        let mut run = Vec::new();
        for (field, value, at_ms) in
            [("a", "1", Some(7)), ("b", "text", None), ("c", "", Some(i64::MAX)), ("d", "x", Some(5))]
        {
            let (coded, text) = (Coded::of(Item::Text(field.as_bytes())), Coded::of(Item::Text(value.as_bytes())));
            run.extend([coded.head(), coded.body()].concat());
            run.extend(at_ms.map(item::expiry_head).into_iter().flatten());
            run.extend([text.head(), text.body()].concat());
        }
        let seen: Vec<_> = spans(&run).map(|span| (pair(&run, span).1.to_vec(), expiry(&run, span))).collect();
        let text = |text: &str| text.as_bytes().to_vec();
        let wanted = [(text("1"), Some(7)), (text("text"), None), (text(""), Some(i64::MAX)), (text("x"), Some(5))];
        assert_eq!(seen, wanted);
        assert_eq!(first_due_ms(&run), Some(5));
        let found = find(&run, &Coded::of(Item::Text(b"c"))).expect("it is there");
        assert!(!is_expired(&run, found, 1000) && expiry_bytes(&run, found) == EXPIRY_BYTES);
        let first = spans(&run).next().expect("there are four");
        assert!(is_expired(&run, first, 7) && !is_expired(&run, first, 6));
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
