//! Bytes that lie inside a value of 24 bytes while they are few, and in a block of their length after.

/// 24 bytes, less the one that says how many are used.
pub const INLINE_BYTES_MAX: usize = 23;

/// A number in 0..=23 whose other 232 values the compiler may use to tell the variants of [`Run`] and its owner apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[rustfmt::skip]
enum InlineLen {
    L0, L1, L2, L3, L4, L5, L6, L7, L8, L9, L10, L11, L12, L13, L14, L15, L16, L17, L18, L19, L20, L21, L22, L23,
}

#[rustfmt::skip]
const INLINE_LENS: [InlineLen; INLINE_BYTES_MAX + 1] = {
    use InlineLen::*;
    [L0, L1, L2, L3, L4, L5, L6, L7, L8, L9, L10, L11, L12, L13, L14, L15, L16, L17, L18, L19, L20, L21, L22, L23]
};

#[derive(Clone, Debug)]
pub struct Run(Home);

#[derive(Clone, Debug)]
enum Home {
    Inline { bytes: [u8; INLINE_BYTES_MAX], len: InlineLen },
    Block(Box<[u8]>),
}

impl Run {
    pub fn of(parts: &[&[u8]]) -> Run {
        let mut run = Run(Home::Inline { bytes: [0; INLINE_BYTES_MAX], len: InlineLen::L0 });
        run.splice(0, 0, parts);
        run
    }

    /// Takes over a buffer; it is shrunk to its length.
    pub fn from_vec(bytes: Vec<u8>) -> Run {
        if bytes.len() <= INLINE_BYTES_MAX { Run::of(&[&bytes]) } else { Run(Home::Block(bytes.into_boxed_slice())) }
    }

    #[inline]
    pub fn bytes(&self) -> &[u8] {
        match &self.0 {
            Home::Inline { bytes, len } => &bytes[..*len as usize],
            Home::Block(block) => block,
        }
    }

    #[inline]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        match &mut self.0 {
            Home::Inline { bytes, len } => &mut bytes[..*len as usize],
            Home::Block(block) => block,
        }
    }

    /// Bytes on the heap, rounded up as allocators do.
    #[inline]
    pub fn heap_bytes(&self) -> usize {
        match &self.0 {
            Home::Inline { .. } => 0,
            Home::Block(block) if block.len() <= 64 => block.len().next_multiple_of(8),
            Home::Block(block) => block.len().next_multiple_of(16),
        }
    }

    /// Replaces `remove` bytes at `at` by `parts`. The inverse is a splice too. Cost: a copy of what follows, and one
    /// reallocation if the length changes, which the allocator mostly does where the block is.
    pub fn splice(&mut self, at: usize, remove: usize, parts: &[&[u8]]) {
        let insert: usize = parts.iter().map(|part| part.len()).sum();
        let old_len = self.bytes().len();
        let new_len = old_len - remove + insert;
        match &mut self.0 {
            Home::Inline { bytes, len } if new_len <= INLINE_BYTES_MAX => {
                bytes.copy_within(at + remove..old_len, at + insert);
                fill(&mut bytes[at..at + insert], parts);
                *len = INLINE_LENS[new_len];
            }
            Home::Block(block) if new_len > INLINE_BYTES_MAX => {
                let mut made = std::mem::take(block).into_vec();
                if new_len > old_len {
                    made.reserve_exact(new_len - old_len);
                    made.resize(new_len, 0);
                }
                made.copy_within(at + remove..old_len, at + insert);
                fill(&mut made[at..at + insert], parts);
                made.truncate(new_len);
                *block = made.into_boxed_slice();
            }
            _ => {
                let old = self.bytes();
                let mut made = Vec::with_capacity(new_len);
                made.extend_from_slice(&old[..at]);
                parts.iter().for_each(|part| made.extend_from_slice(part));
                made.extend_from_slice(&old[at + remove..]);
                self.0 = if new_len <= INLINE_BYTES_MAX {
                    let mut bytes = [0; INLINE_BYTES_MAX];
                    bytes[..new_len].copy_from_slice(&made);
                    Home::Inline { bytes, len: INLINE_LENS[new_len] }
                } else {
                    Home::Block(made.into_boxed_slice())
                };
            }
        }
    }
}

fn fill(mut to: &mut [u8], parts: &[&[u8]]) {
    for part in parts {
        let (here, rest) = to.split_at_mut(part.len());
        here.copy_from_slice(part);
        to = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splices_agree_with_a_vector_in_both_homes() {
        let (mut run, mut model) = (Run::of(&[]), Vec::new());
        let mut seed = 3u64;
        let mut below = |bound: usize| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 33) as usize % bound
        };
        for turn in 0..20_000 {
            let at = below(model.len() + 1);
            let remove = below((model.len() - at).min(9) + 1);
            let part = vec![turn as u8; below(if model.len() > 40 { 3 } else { 9 })];
            let parts: [&[u8]; 2] = [&part, b"-"];
            run.splice(at, remove, &parts[..below(2) + 1]);
            let inserted = run.bytes().len() + remove - model.len();
            model.splice(at..at + remove, run.bytes()[at..at + inserted].to_vec());
            assert_eq!(run.bytes(), model);
            assert_eq!(run.heap_bytes() == 0, model.len() <= INLINE_BYTES_MAX);
        }
        assert_eq!(size_of::<Run>(), 24);
    }
}
