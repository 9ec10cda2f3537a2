//! LZF, the compression that RDB files use for longer strings and lists for nodes in their middle. RDB strings are written
//! plain here: every reader takes those.
//!
//! ```text
//!   000nnnnn                      n + 1 bytes follow as they are
//!   nnnooooo oooooooo             copy n + 2 bytes from o + 1 before the end      (n 1 to 6)
//!   111ooooo mmmmmmmm oooooooo    copy m + 9 bytes from o + 1 before the end
//! ```
//!
//! The form is Marc Lehmann's (liblzf, lzf_d.c), and so is the way to find copies: the last place of each three bytes, by a
//! hash (lzf_c.c). Ours gives every byte of a copy to the table, not only the last two.

/// Most bytes that one byte of input can stand for: three make 264.
const EXPANSION_MAX: usize = 88;

/// Bytes that go as they are under one control byte.
const LITERALS_MAX: usize = 32;
/// Farthest a copy reaches back.
const BACK_MAX: usize = 1 << 13;
/// Longest and shortest copy.
const COPY_MAX: usize = 264;
const COPY_MIN: usize = 3;

const TABLE_BITS: u32 = 12;

/// `input` compressed to at most `output_max` bytes; None if it does not get so small. Cost: about 3 ns a byte.
pub fn compress(input: &[u8], output_max: usize) -> Option<Vec<u8>> {
    // Places plus one; 0: none yet.
    let mut table = [0u32; 1 << TABLE_BITS];
    let slot = |at: usize| {
        let three = (input[at] as u32) << 16 | (input[at + 1] as u32) << 8 | input[at + 2] as u32;
        (three.wrapping_mul(0x9e37_79b1) >> (32 - TABLE_BITS)) as usize
    };
    let mut out = Vec::with_capacity(output_max.min(input.len()));
    let (mut at, mut literals) = (0, 0);
    while at + COPY_MIN <= input.len() {
        let place = &mut table[slot(at)];
        let from = (*place as usize).checked_sub(1);
        *place = at as u32 + 1;
        let copy = from.filter(|from| at - from <= BACK_MAX && input[*from..from + 3] == input[at..at + 3]);
        let Some(from) = copy else {
            at += 1;
            continue;
        };
        let len_max = COPY_MAX.min(input.len() - at);
        let len = COPY_MIN + (COPY_MIN..len_max).take_while(|more| input[from + more] == input[at + more]).count();
        write_literals(&input[literals..at], &mut out);
        let (count, back) = (len - 2, at - from - 1);
        if count < 7 {
            out.push((count << 5 | back >> 8) as u8);
        } else {
            out.extend([(7 << 5 | back >> 8) as u8, (count - 7) as u8]);
        }
        out.push(back as u8);
        let end = at + len;
        at += 1;
        while at < end {
            if at + COPY_MIN <= input.len() {
                table[slot(at)] = at as u32 + 1;
            }
            at += 1;
        }
        literals = end;
        if out.len() > output_max {
            return None;
        }
    }
    write_literals(&input[literals..], &mut out);
    (out.len() <= output_max).then_some(out)
}

fn write_literals(literals: &[u8], out: &mut Vec<u8>) {
    for some in literals.chunks(LITERALS_MAX) {
        out.push(some.len() as u8 - 1);
        out.extend_from_slice(some);
    }
}

/// The `length` bytes that `input` stands for; None if it does not.
pub fn expand(input: &[u8], length: usize) -> Option<Vec<u8>> {
    if length > input.len().checked_mul(EXPANSION_MAX)? {
        return None;
    }
    let mut out = Vec::with_capacity(length);
    let mut at = 0;
    while at < input.len() {
        let control = input[at] as usize;
        at += 1;
        if control < 32 {
            out.extend_from_slice(input.get(at..at + control + 1)?);
            at += control + 1;
        } else {
            let mut count = control >> 5;
            if count == 7 {
                count += *input.get(at)? as usize;
                at += 1;
            }
            let back = ((control & 0x1f) << 8 | *input.get(at)? as usize) + 1;
            at += 1;
            let from = out.len().checked_sub(back)?;
            // Byte by byte: the copy may overlap what it writes.
            for index in from..from + count + 2 {
                out.push(out[index]);
            }
        }
        if out.len() > length {
            return None;
        }
    }
    (out.len() == length).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::random::step;

    #[test]
    fn what_is_compressed_expands_to_what_it_was() {
        let mut seed = 7u64;
        let mut below = |bound: usize| {
            seed = step(seed);
            (seed >> 33) as usize % bound
        };
        let mut inputs: Vec<Vec<u8>> = vec![vec![b'x'; 70_000], Vec::new(), b"ab".to_vec(), b"aaaa".to_vec()];
        for _ in 0..500 {
            let (len, letters) = (below(20_000), [1, 2, 4, 256][below(4)]);
            inputs.push((0..len).map(|_| below(letters) as u8).collect());
            inputs.push((0..below(300)).flat_map(|_| format!("element:{}", below(2000)).into_bytes()).collect());
        }
        for input in inputs {
            if let Some(small) = compress(&input, input.len()) {
                assert!(small.len() <= input.len());
                assert_eq!(expand(&small, input.len()).as_ref(), Some(&input));
            }
        }
        let text = b"the same words, ".repeat(100);
        assert!(compress(&text, 60).is_some_and(|small| small.len() <= 60));
        assert_eq!(compress(b"abcdefghijklmnop", 16), None);
    }

    #[test]
    fn runs_overlaps_and_long_copies_expand() {
        assert_eq!(expand(&[2, b'a', b'b', b'c'], 3).as_deref(), Some(&b"abc"[..]));
        // One `a`, then 1 + 2 and 20 + 9 copies of the byte before.
        assert_eq!(expand(&[0, b'a', 0x20, 0, 0xe0, 20, 0], 33), Some(vec![b'a'; 33]));
        for damaged in [&[2, b'a'][..], &[0x20, 0], &[0, b'a', 0xe0], &[0, b'a', 0x20, 5]] {
            assert_eq!(expand(damaged, 4), None, "{damaged:?}");
        }
        assert_eq!(expand(&[0, b'a'], usize::MAX), None);
    }
}
