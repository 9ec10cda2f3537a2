//! What is sorted: texts in one buffer, and what they are ordered by.

use std::cmp::Ordering;

use super::radix;
use crate::ds::item::Item;
use crate::resp::number;

/// No text to compare by: BY named a key that is not there.
const NONE: u32 = u32::MAX;
/// Its key is its weight already: it came as a number.
const WEIGHED: usize = usize::MAX;

/// Bytes of a text that room is made for beforehand, at least.
const SHORT_BYTES: usize = 8;

/// One element. Its text and the one it is compared by lie in [`Elements`].
#[derive(Clone, Copy)]
pub struct Element {
    /// Orders as the weight does, or as the first eight bytes of the text.
    key: u64,
    at: usize,
    len: u32,
    by_len: u32,
    by_at: usize,
}

#[derive(Default)]
pub struct Elements {
    texts: Vec<u8>,
    pub all: Vec<Element>,
}

/// How elements compare.
#[derive(Clone, Copy)]
pub struct Order {
    pub alpha: bool,
    /// By what BY names, not by the elements themselves.
    pub by: bool,
    pub descending: bool,
}

impl Elements {
    /// Room for so many elements of so many bytes in all, so that they are not copied again and again as they come: memory that
    /// nobody has written to costs nothing.
    pub fn with_room(elements: usize, bytes: usize) -> Elements {
        let bytes = bytes.max(elements * SHORT_BYTES);
        Elements { texts: Vec::with_capacity(bytes), all: Vec::with_capacity(elements) }
    }

    pub fn push(&mut self, item: Item) {
        let at = self.texts.len();
        let (mut key, mut by_at) = (0, 0);
        match item {
            Item::Int(number) => {
                self.texts.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
                (key, by_at) = (ordered(number as f64), WEIGHED);
            }
            Item::Text(text) => self.texts.extend_from_slice(text),
        }
        let len = (self.texts.len() - at) as u32;
        self.all.push(Element { key, at, len, by_len: NONE, by_at });
    }

    #[inline]
    pub fn text(&self, element: &Element) -> &[u8] {
        &self.texts[element.at..element.at + element.len as usize]
    }

    pub fn text_at(&self, index: usize) -> &[u8] {
        self.text(&self.all[index])
    }

    fn by(&self, element: &Element) -> Option<&[u8]> {
        (element.by_len != NONE).then(|| &self.texts[element.by_at..element.by_at + element.by_len as usize])
    }

    /// Orders an element by its own text. False: that is no number.
    pub fn weigh_itself(&mut self, index: usize, alpha: bool) -> bool {
        if !alpha && self.all[index].by_at == WEIGHED {
            return true;
        }
        let text = self.text_at(index);
        let (key, right) = if alpha { (first_bytes(text), true) } else { weight_of(Item::Text(text)) };
        self.all[index].key = key;
        right
    }

    /// Orders an element by what BY names; missing, it comes first, or counts 0. False: that is no number.
    pub fn weigh_by(&mut self, index: usize, by: Option<Item>, alpha: bool) -> bool {
        let Some(by) = by else {
            self.all[index].key = if alpha { 0 } else { ordered(0.0) };
            return true;
        };
        if !alpha {
            let (key, right) = weight_of(by);
            self.all[index].key = key;
            return right;
        }
        let by_at = self.texts.len();
        match by {
            Item::Int(number) => self.texts.extend_from_slice(itoa::Buffer::new().format(number).as_bytes()),
            Item::Text(text) => self.texts.extend_from_slice(text),
        }
        let key = first_bytes(&self.texts[by_at..]);
        let by_len = (self.texts.len() - by_at) as u32;
        let element = &mut self.all[index];
        (element.key, element.by_at, element.by_len) = (key, by_at, by_len);
        true
    }

    /// Of equal weights the lesser text comes first; of elements by equal texts, the one that came first.
    #[inline]
    pub fn compare(&self, left: &Element, right: &Element, order: Order) -> Ordering {
        let ascending = match left.key.cmp(&right.key) {
            Ordering::Equal if order.alpha && order.by => self.by(left).cmp(&self.by(right)),
            Ordering::Equal => self.text(left).cmp(self.text(right)),
            // A missing text has the key of an empty one, or of zeros, and nothing is less.
            unequal => unequal,
        };
        if order.descending { ascending.reverse() } else { ascending }
    }

    /// Sorts some of them.
    pub fn sort(&mut self, range: std::ops::Range<usize>, order: Order) {
        let sorted = self.ranked(range.clone(), range.clone(), order);
        let placed: Vec<Element> = sorted.iter().map(|&index| self.all[index as usize]).collect();
        self.all[range].copy_from_slice(&placed);
    }

    /// Indexes of all, in order so far that what stands in `wanted` is right; the rest is in any order.
    pub fn sorted_for(&self, wanted: std::ops::Range<usize>, order: Order) -> Vec<u32> {
        self.ranked(0..self.all.len(), wanted, order)
    }

    /// Keys decide first, without a look at a text; only what has equal ones is compared.
    fn ranked(&self, range: std::ops::Range<usize>, wanted: std::ops::Range<usize>, order: Order) -> Vec<u32> {
        let flip = if order.descending { u64::MAX } else { 0 };
        let all = &self.all[..];
        let mut ranks: Vec<(u64, u32)> = range
            .clone()
            .map(|index| (all[index].key ^ flip, u32::try_from(index).expect("limited by a command")))
            .collect();
        radix::sort(&mut ranks);
        let mut start = 0;
        while start < ranks.len() {
            let key = ranks[start].0;
            let end = start + ranks[start..].iter().take_while(|rank| rank.0 == key).count();
            if end - start > 1 && range.start + start < wanted.end && range.start + end > wanted.start {
                let compare = |left: &(u64, u32), right: &(u64, u32)| {
                    self.compare(&all[left.1 as usize], &all[right.1 as usize], order)
                };
                // Elements by equal texts keep the order in which they came.
                if order.alpha && order.by {
                    ranks[start..end].sort_by(compare);
                } else {
                    ranks[start..end].sort_unstable_by(compare);
                }
            }
            start = end;
        }
        ranks.into_iter().map(|rank| rank.1).collect()
    }
}

fn first_bytes(text: &[u8]) -> u64 {
    let mut word = [0; 8];
    let len = text.len().min(8);
    word[..len].copy_from_slice(&text[..len]);
    u64::from_be_bytes(word)
}

/// A number that orders as the double does; both zeros are one.
fn ordered(weight: f64) -> u64 {
    let bits = (weight + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// The key of a weight, and whether it is a number.
fn weight_of(item: Item) -> (u64, bool) {
    let weight = match item {
        Item::Int(number) => Some(number as f64),
        Item::Text(text) => weight(text),
    };
    (ordered(weight.unwrap_or(0.0)), weight.is_some())
}

/// Text as C's strtod reads all of it: spaces before the number are skipped, nothing at all is 0, and text ends at a zero
/// byte. None: it is no number, not a number, or too large or too small for one.
fn weight(text: &[u8]) -> Option<f64> {
    if let Some(number) = number::integer(text) {
        return Some(number as f64);
    }
    let text = text.split(|byte| *byte == 0).next().unwrap_or(text);
    if text.is_empty() {
        return Some(0.0);
    }
    let digits = text.trim_ascii_start();
    let value = number::double(digits)?;
    let named = digits.last().is_some_and(|last| matches!(last, b'f' | b'F' | b'y' | b'Y')) && !is_hexadecimal(digits);
    let lost = value == 0.0 && mantissa(digits).any(|digit| matches!(digit, b'1'..=b'9' | b'a'..=b'f' | b'A'..=b'F'));
    ((value.is_finite() || named) && !lost).then_some(value)
}

fn is_hexadecimal(digits: &[u8]) -> bool {
    digits.iter().any(|byte| matches!(byte, b'x' | b'X'))
}

fn mantissa(digits: &[u8]) -> impl Iterator<Item = &u8> {
    let hexadecimal = is_hexadecimal(digits);
    digits
        .iter()
        .take_while(move |byte| if hexadecimal { !matches!(byte, b'p' | b'P') } else { !matches!(byte, b'e' | b'E') })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::random::step;

    #[test]
    fn weights_are_read_as_strtod_reads_them() {
        for (text, wanted) in [
            ("", Some(0.0)),
            ("12", Some(12.0)),
            (" \t12", Some(12.0)),
            ("007", Some(7.0)),
            ("+5", Some(5.0)),
            ("1e3", Some(1000.0)),
            ("0x1F", Some(31.0)),
            ("0x1p4", Some(16.0)),
            ("-inf", Some(f64::NEG_INFINITY)),
            ("Infinity", Some(f64::INFINITY)),
            ("12\0abc", Some(12.0)),
            ("-0", Some(-0.0)),
            ("0e5", Some(0.0)),
            ("1e400", None),
            ("1e-400", None),
            ("nan", None),
            ("1 ", None),
            (" ", None),
            ("abc", None),
            ("1.2.3", None),
        ] {
            assert_eq!(weight(text.as_bytes()), wanted, "{text:?}");
        }
    }

    #[test]
    fn keys_order_as_doubles_do() {
        let all = [f64::NEG_INFINITY, -1e300, -2.0, -1.0, -1e-300, 0.0, 1e-300, 1.0, 2.0, 1e300, f64::INFINITY];
        assert!(all.windows(2).all(|pair| ordered(pair[0]) < ordered(pair[1])));
        assert_eq!(ordered(0.0), ordered(-0.0));
    }

    #[test]
    fn a_selection_is_the_part_of_the_whole_order() {
        let mut seed = 1u64;
        for turn in 0..200 {
            let mut whole = Elements::default();
            for _ in 0..turn {
                seed = step(seed);
                whole.push(Item::Int((seed >> 33) as i64 % 50));
            }
            let order = Order { alpha: turn % 2 == 0, by: false, descending: turn % 3 == 0 };
            (0..turn).for_each(|index| assert!(whole.weigh_itself(index, order.alpha)));
            let part = Elements { texts: whole.texts.clone(), all: whole.all.clone() };
            whole.sort(0..turn, order);
            let start = (seed >> 40) as usize % (turn + 1);
            let end = start + (seed >> 50) as usize % (turn - start + 1);
            let sorted = part.sorted_for(start..end, order);
            let texts: Vec<_> = sorted[start..end].iter().map(|&index| part.text_at(index as usize)).collect();
            assert_eq!(texts, (start..end).map(|index| whole.text_at(index)).collect::<Vec<_>>());
            assert!((1..turn).all(|at| whole.compare(&whole.all[at - 1], &whole.all[at], order) != Ordering::Greater));
        }
    }
}
