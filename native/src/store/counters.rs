//! How many keys, how many with expiry, how many bytes: a stripe per core, written by that core alone, summed by readers.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

/// Most cores (and other threads that run transactions): one bit each in a latch's waiters.
pub const CORES_MAX: usize = 64;

/// Threads beside them that put in what is in a file, at most.
pub const HELPERS_MAX: usize = 16;

pub struct Counters {
    stripes: Box<[Stripe]>,
}

#[repr(align(128))]
struct Stripe {
    databases: Box<[Database]>,
    /// Bytes of entries and of what they own; the tables' buckets come on top, see `Txn`.
    bytes: AtomicI64,
}

#[derive(Default)]
struct Database {
    keys: AtomicI64,
    expires: AtomicI64,
    /// Keys whose hash has fields that expire.
    due: AtomicI64,
}

impl Counters {
    pub fn new(databases: usize) -> Counters {
        Counters {
            stripes: (0..CORES_MAX + HELPERS_MAX)
                .map(|_| Stripe {
                    databases: (0..databases).map(|_| Database::default()).collect(),
                    bytes: AtomicI64::new(0),
                })
                .collect(),
        }
    }

    /// Adds to the stripe of `core`, whose thread alone calls this for it: no locked instruction is needed.
    #[inline]
    pub fn add(&self, core: usize, db: u32, keys: i64, expires: i64, bytes: i64) {
        let stripe = &self.stripes[core];
        bump(&stripe.bytes, bytes);
        if keys != 0 || expires != 0 {
            let database = &stripe.databases[db as usize];
            bump(&database.keys, keys);
            bump(&database.expires, expires);
        }
    }

    /// So many more keys hold elements that expire. As [`Counters::add`].
    #[inline]
    pub fn add_due(&self, core: usize, db: u32, by: i64) {
        if by != 0 {
            bump(&self.stripes[core].databases[db as usize].due, by);
        }
    }

    /// Keys that hold elements that expire.
    pub fn due(&self, db: u32) -> u64 {
        self.sum(|stripe| &stripe.databases[db as usize].due)
    }

    pub fn keys(&self, db: u32) -> u64 {
        self.sum(|stripe| &stripe.databases[db as usize].keys)
    }

    pub fn expires(&self, db: u32) -> u64 {
        self.sum(|stripe| &stripe.databases[db as usize].expires)
    }

    /// Bytes of all entries.
    pub fn bytes(&self) -> u64 {
        self.sum(|stripe| &stripe.bytes)
    }

    fn sum(&self, of: impl Fn(&Stripe) -> &AtomicI64) -> u64 {
        self.stripes.iter().map(|stripe| of(stripe).load(Relaxed)).sum::<i64>().max(0) as u64
    }
}

#[inline]
fn bump(counter: &AtomicI64, by: i64) {
    counter.store(counter.load(Relaxed).wrapping_add(by), Relaxed);
}
