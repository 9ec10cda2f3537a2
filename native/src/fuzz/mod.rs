//! Fuzz targets: what reads bytes from outside, under seeded mutations.
//!
//! A short run is part of `cargo test`; `FUZZ_ROUNDS=1000000 cargo test --release fuzz::` is a long one, and `FUZZ_SEED`
//! repeats what a failure printed. `bun run fuzz` runs all of it.

mod acl;
mod aof;
mod array;
mod commands;
mod filter;
mod glob;
mod grammar;
mod hash_fields;
mod host_call;
mod hyperloglog;
mod lua_libraries;
mod lua_scripts;
mod manifest;
mod migrate;
mod numbers;
mod payload;
mod rdb_file;
mod replies;
mod requests;
mod snapshot;
mod structures;
mod tls;

/// Rounds of a target, unless `FUZZ_ROUNDS` says otherwise.
fn rounds(usual: u64) -> u64 {
    from_environment("FUZZ_ROUNDS").unwrap_or(usual)
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs `target` with a seed for each round; prints the seed of the round that panics.
fn run(name: &str, usual: u64, target: impl Fn(&mut Draw)) {
    run_heavy(name, usual, 1, target);
}

/// As [`run`], for a target whose round is the work of `weight` rounds of another: `FUZZ_ROUNDS` counts so much less for it.
fn run_heavy(name: &str, usual: u64, weight: u64, target: impl Fn(&mut Draw)) {
    let rounds = rounds(usual * weight).div_ceil(weight);
    let first = from_environment("FUZZ_SEED").unwrap_or(20_261_121);
    println!("{name}: FUZZ_SEED={first} FUZZ_ROUNDS={rounds}");
    for round in 0..rounds {
        let seed = first.wrapping_add(round);
        let blame = Blame { name, seed };
        target(&mut Draw(seed));
        std::mem::forget(blame);
    }
}

/// Says on the way out of a panic how to have it again.
struct Blame<'a> {
    name: &'a str,
    seed: u64,
}

impl Drop for Blame<'_> {
    fn drop(&mut self) {
        eprintln!("{}: repeat with FUZZ_SEED={} FUZZ_ROUNDS=1", self.name, self.seed);
    }
}

/// A seeded source of randomness (SplitMix64): the same seed gives the same run.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// Up to `most - 1` bytes of the alphabet.
    fn bytes(&mut self, alphabet: &[u8], most: usize) -> Vec<u8> {
        (0..self.below(most)).map(|_| self.pick(alphabet)).collect()
    }

    /// Changes, loses, doubles and puts in bytes, a few times or not at all.
    fn damage(&mut self, bytes: &mut Vec<u8>, telling: &[u8]) {
        while self.chance(60) {
            let at = self.below(bytes.len() + 1);
            let byte = if self.chance(70) { self.pick(telling) } else { self.next() as u8 };
            match self.below(4) {
                0 => bytes.insert(at, byte),
                1 if at < bytes.len() => bytes[at] = byte,
                2 if at < bytes.len() => drop(bytes.remove(at)),
                3 => {
                    let end = (at + self.below(20)).min(bytes.len());
                    let piece = bytes[at..end].to_vec();
                    bytes.splice(at..at, piece);
                }
                _ => (),
            }
        }
    }
}
