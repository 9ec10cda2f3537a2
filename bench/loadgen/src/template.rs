//! Requests rendered once; sending a batch again only rewrites the digits of its keys.
//!
//!     "SET key:__key__ __val__"  →  *3\r\n$3\r\nSET\r\n$16\r\nkey:000000000000\r\n$16\r\nabcdefghijklmnop\r\n   × pipeline
//!                                                             ^ a patch: 12 digits, rewritten from the right

/// Width of `__key__`: with "key:" in front a key has 16 bytes.
pub const KEY_DIGITS: usize = 12;

const GROUP: usize = 3;

#[derive(Clone)]
pub struct Batch {
    pub bytes: Vec<u8>,
    /// Where the digits of each `__key__` start, by request.
    patches: Vec<Vec<usize>>,
}

/// Which key each request names.
pub struct Keys {
    count: u64,
    sequential: bool,
    next: u64,
    random: u64,
    groups: usize,
    digits: Vec<[u8; GROUP]>,
}

impl Keys {
    /// `count` keys, 0..count. Sequential keys run through all of them and begin again.
    pub fn new(count: u64, sequential: bool, seed: u64) -> Self {
        assert!(
            count > 0 && count <= 1_000_000_000_000,
            "{count} keys do not fit {KEY_DIGITS} digits"
        );
        let digits = (0..1000u32)
            .map(|n| {
                [
                    b'0' + (n / 100) as u8,
                    b'0' + (n / 10 % 10) as u8,
                    b'0' + (n % 10) as u8,
                ]
            })
            .collect();
        let groups = (count - 1).max(1).ilog10() as usize / GROUP + 1;
        Self {
            count,
            sequential,
            next: 0,
            random: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            groups,
            digits,
        }
    }

    fn pick(&mut self) -> u64 {
        if self.sequential {
            let index = self.next;
            self.next = if index + 1 == self.count { 0 } else { index + 1 };
            return index;
        }
        // xorshift64*, then the multiply-shift of Lemire (2019) instead of a division.
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        let word = self.random.wrapping_mul(0x2545_F491_4F6C_DD1D);
        ((word as u128 * self.count as u128) >> 64) as u64
    }

    fn write(&self, mut index: u64, digits: &mut [u8]) {
        let mut end = KEY_DIGITS;
        for _ in 0..self.groups {
            digits[end - GROUP..end].copy_from_slice(&self.digits[(index % 1000) as usize]);
            index /= 1000;
            end -= GROUP;
        }
    }
}

impl Batch {
    /// `pipeline` requests of the template. Words are split at spaces; "double quotes" keep them together.
    pub fn render(template: &str, pipeline: usize, value_size: usize) -> Result<Self, String> {
        let words = split_words(template)?;
        if words.is_empty() {
            return Err("the template is empty".into());
        }
        let value: String = (0..value_size).map(|at| (b'a' + (at % 26) as u8) as char).collect();
        let mut batch = Batch {
            bytes: Vec::new(),
            patches: Vec::new(),
        };
        for _ in 0..pipeline {
            let mut patches = Vec::new();
            batch
                .bytes
                .extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
            for word in &words {
                let word = word.replace("__val__", &value);
                let rendered = word.replace("__key__", &"0".repeat(KEY_DIGITS));
                batch
                    .bytes
                    .extend_from_slice(format!("${}\r\n", rendered.len()).as_bytes());
                let start = batch.bytes.len();
                for (nth, (at, mark)) in word.match_indices("__key__").enumerate() {
                    patches.push(start + at + nth * (KEY_DIGITS - mark.len()));
                }
                batch.bytes.extend_from_slice(rendered.as_bytes());
                batch.bytes.extend_from_slice(b"\r\n");
            }
            batch.patches.push(patches);
        }
        Ok(batch)
    }

    /// Gives the batch new keys. Cost: a few ns per key.
    pub fn patch(&mut self, keys: &mut Keys) {
        for request in &self.patches {
            let mut index = 0;
            for (nth, &at) in request.iter().enumerate() {
                // One request of a sequential run names one key, however often.
                if nth == 0 || !keys.sequential {
                    index = keys.pick();
                }
                keys.write(index, &mut self.bytes[at..at + KEY_DIGITS]);
            }
        }
    }
}

fn split_words(template: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for letter in template.chars() {
        match letter {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    if quoted {
        return Err(format!("the template has an open quote: {template}"));
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_becomes_a_request_with_its_key_patched() {
        let mut batch = Batch::render("MSET k:__key__ \"a b\" __key__x __val__", 2, 3).unwrap();
        batch.patch(&mut Keys::new(7_000, true, 1));
        let one =
            |key| format!("*5\r\n$4\r\nMSET\r\n$14\r\nk:{key:012}\r\n$3\r\na b\r\n$13\r\n{key:012}x\r\n$3\r\nabc\r\n");
        assert_eq!(String::from_utf8(batch.bytes).unwrap(), one(0) + &one(1));
    }

    #[test]
    fn random_keys_stay_in_range_and_reach_both_ends() {
        let mut keys = Keys::new(10, false, 42);
        let mut seen = [0u32; 10];
        (0..10_000).for_each(|_| seen[keys.pick() as usize] += 1);
        assert!(seen.iter().all(|count| (800..1200).contains(count)), "{seen:?}");
    }

    #[test]
    fn digits_of_large_indexes_are_written_whole() {
        let keys = Keys::new(1_000_000_000_000, false, 1);
        let mut digits = *b"000000000000";
        keys.write(987_654_321_012, &mut digits);
        assert_eq!(&digits, b"987654321012");
    }
}
