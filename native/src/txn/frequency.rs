//! What uses and changes make of an entry's 24-bit access clock, and the counters that it holds under an LFU policy.

use super::Txn;
use crate::ds::table::Place;
use crate::store::policy::Clock;
use crate::sys::random;
use std::sync::atomic::Ordering::Relaxed;

/// What a change of a key makes of its access clock.
#[derive(Clone, Copy)]
pub(super) struct Marks {
    kind: Clock,
    /// Leave it as it is: the client does not want to be noticed.
    kept: bool,
    clock: u32,
    minutes: u32,
    factor: u64,
    decay: u64,
}

impl Marks {
    /// The clock of an entry that had `access`.
    #[inline]
    pub fn after(self, access: u32) -> u32 {
        match self.kind {
            _ if self.kept => access,
            // As in Redis, a change is a use, and the counter outlives the value.
            Clock::Frequency => {
                let counter = lfu_increment(lfu_decayed(access, self.minutes, self.decay), self.factor);
                self.minutes << 8 | counter as u32
            }
            _ => self.clock,
        }
    }
}

impl Txn {
    /// `kept`: changes leave the clocks alone, but for policies that go by changes.
    #[inline]
    pub(super) fn marks(&self, kept: bool) -> Marks {
        let kind = self.store.settings.policy.clock();
        let marks = Marks { kind, kept, clock: self.access_clock, minutes: 0, factor: 0, decay: 0 };
        match kind {
            Clock::Access => marks,
            Clock::Modified => Marks { kept: false, ..marks },
            Clock::Frequency => {
                let settings = &self.store.settings;
                let (factor, decay) = (settings.lfu_log_factor.load(Relaxed), settings.lfu_decay_time.load(Relaxed));
                Marks { minutes: lfu_minutes(self.now_ms), factor, decay, ..marks }
            }
        }
    }

    /// Marks an access under an LFU policy.
    #[cold]
    pub(super) fn touch_lfu(&mut self, key: &[u8], place: Place) {
        let (db, marks) = (self.db, self.marks(false));
        let (_, shard) = self.shard_mut(key);
        let entry = shard.table(db).at(place);
        entry.touch(marks.after(entry.access()));
    }

    /// Sets a key's access clock to how long it has been idle, s, or how often it was used: to the one that the policy in force has a
    /// use for, if it is given.
    pub fn mark_access(&mut self, key: &[u8], idle_s: Option<u64>, frequency: Option<u8>) {
        let Some(clock) = self.marked_access(self.now_ms, idle_s, frequency) else { return };
        if let Some(entry) = self.peek(key) {
            entry.touch(clock);
        }
    }
}

/// Where the counter of a new key starts, so that it is not the first to be evicted.
pub const LFU_START: u32 = 5;

/// The 16-bit minute clock of LFU access fields.
pub fn lfu_minutes(now_ms: i64) -> u32 {
    (now_ms / 60_000) as u32 & 0xffff
}

/// Counter of an access field after the minutes gone by (Redis: LFUDecrAndReturn).
pub fn lfu_decayed(access: u32, minutes: u32, decay: u64) -> u8 {
    let (then, counter) = (access >> 8 & 0xffff, (access & 0xff) as u8);
    let elapsed = (minutes.wrapping_sub(then) & 0xffff) as u64;
    counter.saturating_sub(elapsed.checked_div(decay).unwrap_or(0).min(255) as u8)
}

/// Logarithmic counter: the fuller, the rarer it goes up (Redis: LFULogIncr; 5 is where new keys start).
pub fn lfu_increment(counter: u8, factor: u64) -> u8 {
    if counter == 255 {
        return 255;
    }
    let base = counter.saturating_sub(5) as f64;
    let chance = 1.0 / (base * factor as f64 + 1.0);
    if (random::next_u64() >> 11) as f64 / (1u64 << 53) as f64 <= chance { counter + 1 } else { counter }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_grow_with_the_logarithm_of_use_and_shrink_with_time() {
        let mut counter = LFU_START as u8;
        for _ in 0..1000 {
            counter = lfu_increment(counter, 10);
        }
        // Redis's documentation has 10 hits at 10, 1,000 at 18 for factor 10.
        assert!((12..26).contains(&counter), "{counter}");
        assert_eq!(lfu_increment(255, 0), 255);
        let access = 100 << 8 | 20;
        assert_eq!(
            (lfu_decayed(access, 103, 1), lfu_decayed(access, 200, 1), lfu_decayed(access, 103, 0)),
            (17, 0, 20)
        );
        // The minute clock has turned over in between.
        assert_eq!(lfu_decayed(0xfffe << 8 | 20, 1, 1), 17);
    }
}
