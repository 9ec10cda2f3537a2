//! Reading LZF, the compression that RDB files use for longer strings. Nothing is written compressed here: every reader
//! takes plain strings.
//!
//! ```text
//!   000nnnnn                      n + 1 bytes follow as they are
//!   nnnooooo oooooooo             copy n + 2 bytes from o + 1 before the end      (n 1 to 6)
//!   111ooooo mmmmmmmm oooooooo    copy m + 9 bytes from o + 1 before the end
//! ```

/// Most bytes that one byte of input can stand for: three make 264.
const EXPANSION_MAX: usize = 88;

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
