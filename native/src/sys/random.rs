//! Randomness: seeds from the kernel, then a small fast generator per thread.

use std::cell::Cell;

/// Fills `out` with bytes of the kernel's generator (run ids, tokens, hash seeds).
pub fn fill(out: &mut [u8]) {
    let mut done = 0;
    while done < out.len() {
        // SAFETY: the pointer and length describe the rest of `out`, which is writable.
        let n = unsafe { libc::getrandom(out[done..].as_mut_ptr().cast(), out.len() - done, 0) };
        assert!(n > 0, "the kernel gave no random bytes");
        done += n as usize;
    }
}

/// `bytes` random bytes as lower-case hexadecimal text.
pub fn hex(bytes: usize) -> String {
    let mut raw = vec![0u8; bytes];
    fill(&mut raw);
    raw.iter().map(|b| format!("{b:02x}")).collect()
}

/// The state after `state` of Knuth's linear congruential generator of 64 bits (MMIX), for draws that follow from a seed. The
/// higher bits are the better ones.
pub fn step(state: u64) -> u64 {
    state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407)
}

/// Draws of a test, that follow from its seed.
#[cfg(test)]
pub struct Seeded(pub u64);

#[cfg(test)]
impl Seeded {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = step(self.0);
        (self.0 >> 33) % bound
    }
}

thread_local! {
    static STATE: Cell<u64> = const { Cell::new(0) };
}

/// A pseudo-random 64-bit number of this thread's generator (SplitMix64, Steele et al. 2014). Not for secrets.
pub fn next_u64() -> u64 {
    STATE.with(|state| {
        let mut seed = state.get();
        if seed == 0 {
            let mut raw = [0u8; 8];
            fill(&mut raw);
            seed = u64::from_le_bytes(raw) | 1;
        }
        seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        state.set(seed);
        let mut z = seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    })
}

/// A number in `0..bound`, nearly uniform (multiply-shift; the bias is below bound / 2^64). `bound` > 0.
pub fn below(bound: u64) -> u64 {
    assert!(bound > 0);
    ((next_u64() as u128 * bound as u128) >> 64) as u64
}
