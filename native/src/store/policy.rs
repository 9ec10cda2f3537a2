//! Which keys go when memory runs out (`maxmemory-policy`), and what an entry's access clock holds under each policy.
//!
//! ```text
//!   policy              clock      the 24 bits of an entry
//!   *-lfu               Frequency  minutes (16) | logarithmic counter (8)
//!   *-lrm               Modified   seconds, of the last change
//!   all others          Access     seconds, of the last use: so that OBJECT IDLETIME tells something
//! ```
//!
//! A policy set at run time finds the clocks of the one before. As in Redis they are taken for what they are not, until keys are
//! used again.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// By what keys are chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Order {
    /// None is: commands that may need memory are refused.
    Never,
    /// The one used longest ago.
    Lru,
    /// The one used least often.
    Lfu,
    /// The one changed longest ago.
    Lrm,
    Random,
    /// The one that expires first.
    Ttl,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Policy {
    pub order: Order,
    /// Only keys that expire may go.
    pub volatile: bool,
}

/// What access clocks hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Clock {
    Access,
    Frequency,
    Modified,
}

pub const POLICIES: [(&str, Policy); 10] = [
    ("noeviction", Policy { order: Order::Never, volatile: false }),
    ("allkeys-lru", Policy { order: Order::Lru, volatile: false }),
    ("volatile-lru", Policy { order: Order::Lru, volatile: true }),
    ("allkeys-lfu", Policy { order: Order::Lfu, volatile: false }),
    ("volatile-lfu", Policy { order: Order::Lfu, volatile: true }),
    ("allkeys-lrm", Policy { order: Order::Lrm, volatile: false }),
    ("volatile-lrm", Policy { order: Order::Lrm, volatile: true }),
    ("allkeys-random", Policy { order: Order::Random, volatile: false }),
    ("volatile-random", Policy { order: Order::Random, volatile: true }),
    ("volatile-ttl", Policy { order: Order::Ttl, volatile: true }),
];

impl Policy {
    pub fn clock(self) -> Clock {
        match self.order {
            Order::Lfu => Clock::Frequency,
            Order::Lrm => Clock::Modified,
            _ => Clock::Access,
        }
    }
}

/// The policy in force.
pub struct Current {
    index: AtomicU8,
    clock: AtomicU8,
}

impl Default for Current {
    fn default() -> Current {
        Current { index: AtomicU8::new(0), clock: AtomicU8::new(Clock::Access as u8) }
    }
}

impl Current {
    /// Sets it by its name; None if there is none of that name.
    pub fn set(&self, name: &str) -> Option<()> {
        let index = POLICIES.iter().position(|(known, _)| *known == name)?;
        self.index.store(index as u8, Relaxed);
        self.clock.store(POLICIES[index].1.clock() as u8, Relaxed);
        Some(())
    }

    pub fn get(&self) -> Policy {
        POLICIES[self.index.load(Relaxed) as usize].1
    }

    pub fn name(&self) -> &'static str {
        POLICIES[self.index.load(Relaxed) as usize].0
    }

    #[inline]
    pub fn clock(&self) -> Clock {
        match self.clock.load(Relaxed) {
            0 => Clock::Access,
            1 => Clock::Frequency,
            _ => Clock::Modified,
        }
    }
}
