//! Latches over shards: a word each, held for the length of a command, taken in ascending order.
//!
//! ```text
//!   word:    0 free | holder's token (never 0)
//!   waiters: one bit per core that has parked connections on this latch; whoever lets go wakes those cores
//! ```
//!
//! A core loop never sleeps here: it spins for the length of an ordinary command, then gives up and parks.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use smallvec::SmallVec;

/// Turns of the spin loop before giving up: 64 pauses of up to 140 cycles, about 3 µs, some ordinary commands long.
const SPINS_MAX: u32 = 64;

/// A value behind a latch.
#[repr(align(64))]
pub struct Latched<T> {
    word: AtomicU32,
    /// A note of whoever holds the latch, for who holds it next: one bit of the value that needs no further cache line.
    marked: AtomicBool,
    waiters: AtomicU64,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached only by the thread that holds the latch, so sharing needs T: Send alone.
unsafe impl<T: Send> Sync for Latched<T> {}

impl<T> Latched<T> {
    pub fn new(value: T) -> Self {
        Latched {
            word: AtomicU32::new(0),
            marked: AtomicBool::new(false),
            waiters: AtomicU64::new(0),
            value: UnsafeCell::new(value),
        }
    }
}

/// The latches one transaction holds, over a slice of latched values. Dropping it releases all.
pub struct LatchSet<'s, T> {
    over: &'s [Latched<T>],
    token: u32,
    held: SmallVec<[u32; 8]>,
    /// Cores to wake, gathered while releasing.
    wake: u64,
    /// No other thread takes latches: plain loads and stores do.
    sole: bool,
    /// The token of another set of the same thread; 0: there is none. What it holds stays held as long as this one waits.
    kin: u32,
}

impl<'s, T> LatchSet<'s, T> {
    /// `token` names the holder: not 0, and used by one live set only. `sole` promises that this set is the only one
    /// in use over these latches, which saves the locked instructions (about 8 ns a command).
    pub fn new(over: &'s [Latched<T>], token: u32, sole: bool) -> Self {
        assert!(token != 0);
        LatchSet { over, token, held: SmallVec::new(), wake: 0, sole, kin: 0 }
    }

    /// Tells the token of a further set that the same thread uses.
    pub fn with_kin(mut self, kin: u32) -> Self {
        self.kin = kin;
        self
    }

    /// Is nothing held?
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Other sets are in use from now on. Nothing is held.
    pub fn share(&mut self) {
        debug_assert!(self.held.is_empty());
        self.sole = false;
    }

    #[inline]
    fn take(&self, latch: &Latched<T>) -> bool {
        if self.sole {
            if latch.word.load(Ordering::Relaxed) != 0 {
                return false;
            }
            latch.word.store(self.token, Ordering::Relaxed);
            return true;
        }
        latch.word.compare_exchange(0, self.token, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Runs `look` on a value if its latch is free this instant (or held here); to prefetch, never to decide.
    #[inline]
    pub fn glance(&mut self, index: u32, look: impl FnOnce(&T)) {
        let latch = &self.over[index as usize];
        let held = latch.word.load(Ordering::Relaxed) == self.token;
        if held || self.take(latch) {
            // SAFETY: the latch is held by this set until `let_go` below; no `&mut` from `get` is alive.
            look(unsafe { &*latch.value.get() });
            if !held {
                self.wake |= let_go(latch);
            }
        }
    }

    /// Takes latch `index` if it is free or soon free; false if its holder is in for long. Already held: true.
    #[inline]
    pub fn acquire(&mut self, index: u32) -> bool {
        let latch = &self.over[index as usize];
        if self.take(latch) {
            self.held.push(index);
            return true;
        }
        self.acquire_slowly(index)
    }

    #[cold]
    fn acquire_slowly(&mut self, index: u32) -> bool {
        let latch = &self.over[index as usize];
        for _ in 0..SPINS_MAX {
            let word = latch.word.load(Ordering::Relaxed);
            if word == self.token {
                return true;
            }
            if word == self.kin && word != 0 {
                return false;
            }
            if word == 0
                && latch.word.compare_exchange_weak(0, self.token, Ordering::Acquire, Ordering::Relaxed).is_ok()
            {
                self.held.push(index);
                return true;
            }
            std::hint::spin_loop();
        }
        false
    }

    /// Takes all of `indices` (ascending, distinct) or none; Err names the one that was taken.
    pub fn acquire_all(&mut self, indices: &[u32]) -> Result<(), u32> {
        debug_assert!(indices.is_sorted());
        for &index in indices {
            if !self.acquire(index) {
                self.release();
                return Err(index);
            }
        }
        Ok(())
    }

    /// Asks that `core` be woken when latch `index` is let go. False if it is free already: try again instead of parking.
    pub fn wait_for(&self, index: u32, core: usize) -> bool {
        let latch = &self.over[index as usize];
        latch.waiters.fetch_or(1 << core, Ordering::SeqCst);
        latch.word.load(Ordering::SeqCst) != 0
    }

    pub fn holds(&self, index: u32) -> bool {
        self.over[index as usize].word.load(Ordering::Relaxed) == self.token
    }

    /// The token of whoever holds latch `index`; 0: nobody.
    pub fn holder(&self, index: u32) -> u32 {
        self.over[index as usize].word.load(Ordering::Relaxed)
    }

    pub fn held(&self) -> &[u32] {
        &self.held
    }

    /// The value behind a held latch. Panics if the latch is not held: a programmer's error.
    #[inline]
    pub fn get(&mut self, index: u32) -> &mut T {
        let latch = &self.over[index as usize];
        assert!(latch.word.load(Ordering::Relaxed) == self.token, "shard {index} is not latched");
        // SAFETY: this set holds the latch (token checked), tokens are unique, and `&mut self` makes this the only borrow.
        unsafe { &mut *latch.value.get() }
    }

    /// As [`LatchSet::get`], to read.
    #[inline]
    pub fn peek(&self, index: u32) -> &T {
        let latch = &self.over[index as usize];
        assert!(latch.word.load(Ordering::Relaxed) == self.token, "shard {index} is not latched");
        // SAFETY: as in `get`; `&self` allows shared borrows only, and a `&mut` from `get` would borrow self exclusively.
        unsafe { &*latch.value.get() }
    }

    /// The mark of a held latch.
    #[inline]
    pub fn is_marked(&self, index: u32) -> bool {
        let latch = &self.over[index as usize];
        assert!(latch.word.load(Ordering::Relaxed) == self.token, "shard {index} is not latched");
        latch.marked.load(Ordering::Relaxed)
    }

    /// Sets the mark of a held latch, or takes it away.
    pub fn mark(&mut self, index: u32, on: bool) {
        let latch = &self.over[index as usize];
        assert!(latch.word.load(Ordering::Relaxed) == self.token, "shard {index} is not latched");
        latch.marked.store(on, Ordering::Relaxed);
    }

    /// Lets one latch go.
    pub fn release_one(&mut self, index: u32) {
        if let Some(at) = self.held.iter().position(|held| *held == index) {
            self.held.swap_remove(at);
            self.wake |= let_go(&self.over[index as usize]);
        }
    }

    /// Lets everything go.
    #[inline]
    pub fn release(&mut self) {
        for &index in &self.held {
            self.wake |= let_go(&self.over[index as usize]);
        }
        self.held.clear();
    }

    /// Cores (a bit each) to wake for what was released since the last call.
    #[inline]
    pub fn take_wakes(&mut self) -> u64 {
        std::mem::take(&mut self.wake)
    }
}

#[inline]
fn let_go<T>(latch: &Latched<T>) -> u64 {
    latch.word.store(0, Ordering::Release);
    // A parking core sets its bit, then looks at the word again, both sequentially consistent; here the word is cleared
    // before the bits are read. Without a full fence the two sides could miss each other for one turn, and parked
    // connections are also looked at on every timer tick, so the cheap order is enough.
    if latch.waiters.load(Ordering::Relaxed) != 0 { latch.waiters.swap(0, Ordering::SeqCst) } else { 0 }
}

impl<T> Drop for LatchSet<'_, T> {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_excludes_another_until_released() {
        let latches: Vec<Latched<u32>> = (0..4).map(Latched::new).collect();
        let mut one = LatchSet::new(&latches, 1, false);
        let mut two = LatchSet::new(&latches, 2, false);
        assert!(one.acquire(2) && one.acquire(2));
        assert!(!two.acquire(2));
        assert_eq!(two.acquire_all(&[1, 2]), Err(2));
        assert!(two.held().is_empty());
        assert!(two.wait_for(2, 5));
        *one.get(2) = 9;
        one.release();
        assert_eq!(one.take_wakes(), 1 << 5);
        assert!(two.acquire(2));
        assert_eq!(*two.get(2), 9);
    }

    #[test]
    fn counters_behind_latches_lose_nothing_between_threads() {
        let latches: Vec<Latched<u64>> = (0..2).map(|_| Latched::new(0)).collect();
        std::thread::scope(|scope| {
            for token in 1..=4 {
                let latches = &latches;
                scope.spawn(move || {
                    let mut set = LatchSet::new(latches, token, false);
                    for turn in 0..20_000u32 {
                        while !set.acquire(turn & 1) {
                            std::thread::yield_now();
                        }
                        *set.get(turn & 1) += 1;
                        set.release();
                    }
                });
            }
        });
        let mut all = LatchSet::new(&latches, 9, false);
        assert!(all.acquire(0) && all.acquire(1));
        assert_eq!(*all.get(0) + *all.get(1), 80_000);
    }
}
