//! Counting elements that are under no key as a HyperLogLog (SUNIONCARD APPROX), as PFADD and PFCOUNT would.

use super::scalar::Raw;
use super::{REGISTERS, hash, wide};

pub struct Counter(Box<Raw>);

impl Default for Counter {
    fn default() -> Counter {
        Counter(Box::new(Raw([0; REGISTERS])))
    }
}

impl Counter {
    #[inline]
    pub fn add(&mut self, element: &[u8]) {
        let (register, rank) = hash::place(element);
        let register = &mut self.0.0[register];
        *register = rank.max(*register);
    }

    /// How many different elements, about. Cost: a microsecond.
    pub fn count(&self) -> u64 {
        wide::count(&self.0)
    }
}
