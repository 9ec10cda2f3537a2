//! A digest of values that equal data sets share, whatever order, encoding or server they live in: that of DEBUG DIGEST in Redis
//! (`debug.c`), so that suites and people can compare with it.
//!
//! What has an order is *mixed* in, each step hashing the last; what has none is *added*, by exclusive or.

use std::fmt;

use sha1::{Digest as _, Sha1};

#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Digest([u8; 20]);

impl Digest {
    /// Adds `bytes`, in whatever order with others that are added.
    pub fn add(&mut self, bytes: &[u8]) {
        let hash: [u8; 20] = Sha1::digest(bytes).into();
        self.0.iter_mut().zip(hash).for_each(|(byte, other)| *byte ^= other);
    }

    /// Mixes `bytes` in, after all that went before.
    pub fn mix(&mut self, bytes: &[u8]) {
        self.add(bytes);
        self.0 = Sha1::digest(self.0).into();
    }

    /// Adds a digest of something of its own: a member with its score, a key with its value.
    pub fn add_digest(&mut self, other: &Digest) {
        self.add(&other.0);
    }
}

/// 40 hexadecimal digits.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(steps: &[(bool, &[u8])]) -> String {
        let mut digest = Digest::default();
        for (mixed, bytes) in steps {
            if *mixed { digest.mix(bytes) } else { digest.add(bytes) }
        }
        digest.to_string()
    }

    #[test]
    fn an_order_is_seen_where_it_is_mixed_in_and_only_there() {
        assert_eq!(of(&[]), "0".repeat(40));
        assert_eq!(of(&[(false, b"a")]), "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8");
        assert_eq!(of(&[(false, b"a"), (false, b"b")]), of(&[(false, b"b"), (false, b"a")]));
        assert_eq!(of(&[(false, b"a"), (false, b"a")]), of(&[]));
        assert_ne!(of(&[(true, b"a"), (true, b"b")]), of(&[(true, b"b"), (true, b"a")]));
    }
}
