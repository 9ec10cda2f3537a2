//! Items of packed runs: how one element of a small collection is written, one behind the other.
//!
//! ```text
//!   item  = 0..=239, that many bytes     text
//!         | 240 i8 | 241 i16 | 242 i32 | 243 i64        a canonical integer, little endian
//!         | 244 u32, that many bytes     long text
//!         | 249 i64 item                 one that expires, ms since the epoch before it
//!   the other codes are free for what a run says besides.
//! ```
//!
//! An integer has one form only (the shortest), so two items are equal exactly if their bytes are: a lookup codes what it looks
//! for once and compares.

const TEXT_MAX: u8 = 239;
const I8: u8 = 240;
const I16: u8 = 241;
const I32: u8 = 242;
const I64: u8 = 243;
const LONG: u8 = 244;
const EXPIRES: u8 = 249;

/// Bytes that an expiry takes before its item.
pub const EXPIRY_BYTES: usize = 9;

/// A value as its reader sees it; integers are stored as such.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Item<'a> {
    Int(i64),
    Text(&'a [u8]),
}

impl Item<'_> {
    pub fn to_vec(self) -> Vec<u8> {
        match self {
            Item::Int(number) => itoa::Buffer::new().format(number).as_bytes().to_vec(),
            Item::Text(text) => text.to_vec(),
        }
    }

    /// Length of its text, bytes.
    pub fn text_len(self) -> usize {
        match self {
            Item::Int(number) => itoa::Buffer::new().format(number).len(),
            Item::Text(text) => text.len(),
        }
    }
}

/// An item, ready to be compared with or copied into a run.
pub struct Coded<'a> {
    head: [u8; 9],
    head_len: u8,
    body: &'a [u8],
}

impl<'a> Coded<'a> {
    /// Text that is a canonical integer becomes one.
    #[inline]
    pub fn of(item: Item<'a>) -> Coded<'a> {
        match item {
            Item::Int(number) => Coded::int(number),
            Item::Text(text) => match canonical_integer(text) {
                Some(number) => Coded::int(number),
                None => Coded::text(text),
            },
        }
    }

    /// Of an item that is canonical already: an integer, or text that is none.
    #[inline]
    pub fn canonical(item: Item<'a>) -> Coded<'a> {
        match item {
            Item::Int(number) => Coded::int(number),
            Item::Text(text) => Coded::text(text),
        }
    }

    /// Text that stays text: only for what is known to be no canonical integer.
    #[inline]
    pub fn text(body: &'a [u8]) -> Coded<'a> {
        let mut head = [0; 9];
        if body.len() <= TEXT_MAX as usize {
            head[0] = body.len() as u8;
            return Coded { head, head_len: 1, body };
        }
        head[0] = LONG;
        head[1..5].copy_from_slice(&(body.len() as u32).to_le_bytes());
        Coded { head, head_len: 5, body }
    }

    pub fn int(number: i64) -> Coded<'a> {
        let mut head = [0; 9];
        let (code, bytes) = match number {
            -0x80..=0x7f => (I8, 1),
            -0x8000..=0x7fff => (I16, 2),
            -0x8000_0000..=0x7fff_ffff => (I32, 4),
            _ => (I64, 8),
        };
        head[0] = code;
        head[1..=bytes].copy_from_slice(&number.to_le_bytes()[..bytes]);
        Coded { head, head_len: bytes as u8 + 1, body: &[] }
    }

    #[inline]
    pub fn head(&self) -> &[u8] {
        &self.head[..self.head_len as usize]
    }

    #[inline]
    pub fn body(&self) -> &[u8] {
        self.body
    }

    /// Bytes it takes.
    #[inline]
    pub fn len(&self) -> usize {
        self.head_len as usize + self.body.len()
    }

    /// Never: an item has a head.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Is it the item whose bytes are exactly `item`?
    #[inline]
    pub fn is(&self, item: &[u8]) -> bool {
        // Text of one length differs in the body if at all; the first byte is the length of a short one.
        item.len() == self.len() && item[0] == self.head[0] && {
            let (head, body) = item.split_at(self.head_len as usize);
            head == self.head() && body == self.body
        }
    }
}

/// Offset after the item at `at`.
#[inline]
pub fn after(run: &[u8], at: usize) -> usize {
    match run[at] {
        short @ 0..=TEXT_MAX => at + 1 + short as usize,
        I8 => at + 2,
        I16 => at + 3,
        I32 => at + 5,
        I64 => at + 9,
        LONG => at + 5 + u32::from_le_bytes([run[at + 1], run[at + 2], run[at + 3], run[at + 4]]) as usize,
        _ => after_expiry(run, at),
    }
}

/// The same for an item that expires: apart, so that runs without such items are walked as fast as before there were any.
#[cold]
fn after_expiry(run: &[u8], at: usize) -> usize {
    debug_assert!(run[at] == EXPIRES && run[at + EXPIRY_BYTES] != EXPIRES);
    after(run, at + EXPIRY_BYTES)
}

/// What stands before an item that expires at `at_ms`.
pub fn expiry_head(at_ms: i64) -> [u8; EXPIRY_BYTES] {
    let mut head = [EXPIRES; EXPIRY_BYTES];
    head[1..].copy_from_slice(&at_ms.to_le_bytes());
    head
}

/// When the item expires whose bytes are exactly `item`, ms since the epoch.
#[inline]
pub fn expiry(item: &[u8]) -> Option<i64> {
    (item[0] == EXPIRES).then(|| i64::from_le_bytes(*item[1..].first_chunk().expect("eight bytes follow the code")))
}

/// The item whose bytes are exactly `item`.
#[inline]
pub fn decoded(item: &[u8]) -> Item<'_> {
    let int = |bytes: usize| {
        let mut wide = [if item[bytes] & 0x80 != 0 { 0xff } else { 0 }; 8];
        wide[..bytes].copy_from_slice(&item[1..=bytes]);
        Item::Int(i64::from_le_bytes(wide))
    };
    match item[0] {
        0..=TEXT_MAX => Item::Text(&item[1..]),
        I8 => int(1),
        I16 => int(2),
        I32 => int(4),
        I64 => int(8),
        LONG => Item::Text(&item[5..]),
        _ => decoded_after_expiry(item),
    }
}

#[cold]
fn decoded_after_expiry(item: &[u8]) -> Item<'_> {
    decoded(&item[EXPIRY_BYTES..])
}

/// `text` as an integer if printing that integer gives back exactly `text`, the test Redis uses for its `int` encoding.
/// Cost: rejects on the first byte that is no digit.
pub fn canonical_integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    match digits {
        [b'0'] if !negative => return Some(0),
        [b'1'..=b'9', ..] if digits.len() <= 19 => (),
        _ => return None,
    }
    let mut value: u64 = 0;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value.wrapping_mul(10).wrapping_add((digit - b'0') as u64); // 19 digits stay below u64::MAX
    }
    if negative {
        if value <= 1 << 63 { Some((value as i64).wrapping_neg()) } else { None }
    } else {
        i64::try_from(value).ok()
    }
}
