//! Pairs of a key and a number, brought into the keys' order: byte by byte from the lowest, equal keys staying as they came.
//!
//! Bytes that are the same in all keys cost nothing: ten thousand small numbers have three or four that differ.

/// Below, comparing is faster.
const PAIRS_MIN: usize = 64;

/// Stable. Cost: a few ns a pair and differing byte.
pub fn sort(pairs: &mut Vec<(u64, u32)>) {
    if pairs.len() < PAIRS_MIN {
        pairs.sort_by_key(|pair| pair.0);
        return;
    }
    let mut counts = [[0u32; 256]; 8];
    for (key, _) in pairs.iter() {
        for (byte, counts) in key.to_le_bytes().into_iter().zip(&mut counts) {
            counts[byte as usize] += 1;
        }
    }
    let mut other = vec![(0, 0); pairs.len()];
    for (nth, counts) in counts.iter_mut().enumerate() {
        if counts.iter().any(|&count| count as usize == pairs.len()) {
            continue;
        }
        let mut start = 0;
        for count in counts.iter_mut() {
            start += std::mem::replace(count, start);
        }
        for &pair in pairs.iter() {
            let place = &mut counts[(pair.0 >> (8 * nth)) as usize & 0xff];
            other[*place as usize] = pair;
            *place += 1;
        }
        std::mem::swap(pairs, &mut other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::random::step;

    #[test]
    fn pairs_come_out_as_a_stable_sort_has_them() {
        let mut seed = 7u64;
        for len in [0, 1, 63, 64, 65, 1000, 5000] {
            for mask in [u64::MAX, 0xff, 0xff00_0000_0000_0000, 0x0f0f, 0] {
                let mut pairs = Vec::new();
                for number in 0..len {
                    seed = step(seed);
                    pairs.push(((seed ^ seed >> 29) & mask, number));
                }
                let mut expected = pairs.clone();
                expected.sort_by_key(|pair| pair.0);
                sort(&mut pairs);
                assert_eq!(pairs, expected, "{len} {mask:x}");
            }
        }
    }
}
