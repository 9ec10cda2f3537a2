//! Requests rendered once; sending a batch again only rewrites the digits of its keys.
//!
//!     "SET key:__key__ __val__"  →  *3\r\n$3\r\nSET\r\n$16\r\nkey:000000000000\r\n$16\r\nabcdefghijklmnop\r\n   × pipeline
//!                                                             ^ a patch: 12 digits, rewritten from the right
//!
//! Marks: `__key__` a key; `__rnd:100-899__` a number of that range, padded with zeros to the width of its upper end;
//! `__plus:99__` the number before it in the same request and 99 more; `__seq__` how often this connection has run
//! through all templates, 12 digits. Rendered once: `__val__`, `__conn__` (3 digits), `__run__` (ms since 1970 when the run began).

/// Width of `__key__`: with "key:" in front a key has 16 bytes.
pub const KEY_DIGITS: usize = 12;

const GROUP: usize = 3;

#[derive(Clone)]
pub struct Batch {
    pub bytes: Vec<u8>,
    patches: Vec<Patch>,
    sequence: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Patch {
    source: Source,
    /// Where its digits end in the batch, and how many they are.
    end: usize,
    digits: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Source {
    /// `first`: a sequential run names one key a request, however often.
    Key {
        first: bool,
    },
    Range {
        low: u64,
        count: u64,
    },
    Plus(u64),
    /// Of this round through the templates, counted within the batch.
    Sequence(u64),
}

/// What is the same in all requests of one connection.
pub struct Constants {
    pub value_size: usize,
    pub connection: usize,
    pub run_ms: u128,
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
        self.below(self.count)
    }

    fn below(&mut self, count: u64) -> u64 {
        // xorshift64*, then the multiply-shift of Lemire (2019) instead of a division.
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        let word = self.random.wrapping_mul(0x2545_F491_4F6C_DD1D);
        ((word as u128 * count as u128) >> 64) as u64
    }

    /// The lowest `groups` groups of three digits; the zeros before them are there from rendering.
    fn write_key(&self, mut index: u64, digits: &mut [u8]) {
        let mut end = KEY_DIGITS;
        for _ in 0..self.groups {
            digits[end - GROUP..end].copy_from_slice(&self.digits[(index % 1000) as usize]);
            index /= 1000;
            end -= GROUP;
        }
    }

    fn write(&self, mut number: u64, digits: &mut [u8]) {
        let mut end = digits.len();
        while end >= GROUP {
            digits[end - GROUP..end].copy_from_slice(&self.digits[(number % 1000) as usize]);
            number /= 1000;
            end -= GROUP;
        }
        let rest = self.digits[(number % 1000) as usize];
        digits[..end].copy_from_slice(&rest[GROUP - end..]);
    }
}

impl Batch {
    /// `pipeline` requests, of the templates in turn. Words are split at spaces; "double quotes" keep them together.
    pub fn render(templates: &[String], pipeline: usize, constants: &Constants) -> Result<Self, String> {
        let mut batch = Batch {
            bytes: Vec::new(),
            patches: Vec::new(),
            sequence: 0,
        };
        for nth in 0..pipeline {
            batch.render_one(
                &templates[nth % templates.len()],
                (nth / templates.len()) as u64,
                constants,
            )?;
        }
        batch.sequence = 0;
        Ok(batch)
    }

    fn render_one(&mut self, template: &str, round: u64, constants: &Constants) -> Result<(), String> {
        let words = split_words(template)?;
        if words.is_empty() {
            return Err("the template is empty".into());
        }
        self.bytes.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
        let mut first = true;
        let mut width = KEY_DIGITS;
        for word in &words {
            let (text, marks) = render_word(word, round, constants, &mut width)?;
            self.bytes.extend_from_slice(format!("${}\r\n", text.len()).as_bytes());
            let start = self.bytes.len();
            for mut patch in marks {
                if let Source::Key { .. } = patch.source {
                    patch.source = Source::Key { first };
                    first = false;
                }
                patch.end += start;
                self.patches.push(patch);
            }
            self.bytes.extend_from_slice(text.as_bytes());
            self.bytes.extend_from_slice(b"\r\n");
        }
        Ok(())
    }

    /// Gives the batch new keys. Cost: a few ns per key.
    pub fn patch(&mut self, keys: &mut Keys, rounds: u64) {
        let mut number = 0;
        for patch in &self.patches {
            let digits = &mut self.bytes[patch.end - patch.digits..patch.end];
            match patch.source {
                Source::Key { first } => {
                    if first || !keys.sequential {
                        number = keys.pick();
                    }
                    keys.write_key(number, digits);
                    continue;
                }
                Source::Range { low, count } => number = low + keys.below(count),
                Source::Plus(more) => number += more,
                Source::Sequence(round) => number = self.sequence + round,
            }
            keys.write(number, digits);
        }
        self.sequence += rounds;
    }
}

/// The word with zeros in place of its marks, and the marks with their ends within it.
fn render_word(
    word: &str,
    round: u64,
    constants: &Constants,
    width: &mut usize,
) -> Result<(String, Vec<Patch>), String> {
    let (mut text, mut patches, mut rest) = (String::new(), Vec::new(), word);
    while let Some((before, after)) = rest.split_once("__") {
        text.push_str(before);
        let (mark, behind) = after
            .split_once("__")
            .ok_or_else(|| format!("{word}: a mark that does not end"))?;
        rest = behind;
        let (name, argument) = mark.split_once(':').unwrap_or((mark, ""));
        let source = match name {
            "val" => {
                text.extend((0..constants.value_size).map(|at| (b'a' + (at % 26) as u8) as char));
                continue;
            }
            "conn" => {
                text.push_str(&format!("{:03}", constants.connection));
                continue;
            }
            "run" => {
                text.push_str(&constants.run_ms.to_string());
                continue;
            }
            "key" => {
                *width = KEY_DIGITS;
                Source::Key { first: true }
            }
            "seq" => {
                *width = KEY_DIGITS;
                Source::Sequence(round)
            }
            "plus" => Source::Plus(number(word, argument)?),
            "rnd" => {
                let (low, high) = argument
                    .split_once('-')
                    .ok_or_else(|| format!("{word}: a range is low-high"))?;
                *width = high.len();
                let (low, high) = (number(word, low)?, number(word, high)?);
                if high < low {
                    return Err(format!("{word}: a range is low-high"));
                }
                Source::Range {
                    low,
                    count: high - low + 1,
                }
            }
            _ => return Err(format!("{word}: no mark __{mark}__")),
        };
        text.push_str(&"0".repeat(*width));
        patches.push(Patch {
            source,
            end: text.len(),
            digits: *width,
        });
    }
    text.push_str(rest);
    Ok((text, patches))
}

fn number(word: &str, digits: &str) -> Result<u64, String> {
    digits.parse().map_err(|_| format!("{word}: {digits} is no number"))
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

    const CONSTANTS: Constants = Constants {
        value_size: 3,
        connection: 7,
        run_ms: 1_700_000_000_000,
    };

    fn render(templates: &[&str], pipeline: usize) -> Result<Batch, String> {
        let templates: Vec<String> = templates.iter().map(|each| (*each).into()).collect();
        Batch::render(&templates, pipeline, &CONSTANTS)
    }

    /// The words of all requests of the batch, in order.
    fn words(batch: &Batch) -> Vec<String> {
        let text = String::from_utf8(batch.bytes.clone()).unwrap();
        let lines = text.split("\r\n").filter(|line| !line.is_empty());
        lines
            .filter(|line| !line.starts_with(['*', '$']))
            .map(Into::into)
            .collect()
    }

    #[test]
    fn a_template_becomes_a_request_with_its_key_patched() {
        let mut batch = render(&["MSET k:__key__ \"a b\" __key__x __val__"], 2).unwrap();
        batch.patch(&mut Keys::new(7_000, true, 1), 2);
        let one =
            |key| format!("*5\r\n$4\r\nMSET\r\n$14\r\nk:{key:012}\r\n$3\r\na b\r\n$13\r\n{key:012}x\r\n$3\r\nabc\r\n");
        assert_eq!(String::from_utf8(batch.bytes).unwrap(), one(0) + &one(1));
    }

    #[test]
    fn a_range_keeps_its_width_and_plus_follows_it() {
        let mut batch = render(&["ZRANGE z __rnd:1000-9899__ __plus:99__"], 100).unwrap();
        let mut keys = Keys::new(10, false, 3);
        for _ in 0..50 {
            batch.patch(&mut keys, 100);
            let words = words(&batch);
            assert_eq!(words.len(), 400);
            for request in words.chunks(4) {
                let (start, stop): (u64, u64) = (request[2].parse().unwrap(), request[3].parse().unwrap());
                assert!(
                    (1000..=9899).contains(&start) && request[2].len() == 4,
                    "{}",
                    request[2]
                );
                assert_eq!(stop, start + 99);
            }
        }
    }

    #[test]
    fn templates_take_turns_and_share_the_number_of_their_round() {
        let mut batch = render(&["A s:__conn__ __run__-__seq__", "B __seq__"], 4).unwrap();
        let mut keys = Keys::new(10, false, 3);
        batch.patch(&mut keys, 2);
        batch.patch(&mut keys, 2);
        let id = |n: u64| format!("1700000000000-{n:012}");
        let expected = ["A", "s:007", &id(2), "B", &id(2)[14..], "A", "s:007", &id(3)];
        assert_eq!(words(&batch)[..8], expected);
    }

    #[test]
    fn a_mark_that_is_none_is_refused() {
        for wrong in [
            "GET __kex__",
            "GET __key",
            "GET __rnd:5__",
            "GET __rnd:5-4__",
            "GET __plus:x__",
        ] {
            assert!(render(&[wrong], 1).is_err(), "{wrong}");
        }
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
        keys.write_key(987_654_321_012, &mut digits);
        assert_eq!(&digits, b"987654321012");
        let mut four = *b"0000";
        keys.write(5_678, &mut four);
        assert_eq!(&four, b"5678");
    }
}
