//! How many bytes the allocator has given out: exact, and read by one load.
//!
//! ```text
//!   thread:   what it took less what it freed, since it last told     up to SLACK_BYTES either way
//!      └─▶ USED: the sum of what all threads have told                compared with the limit whenever it changes
//! ```
//!
//! Whoever crosses the limit raises a bit that every request looks at anyway (`Server::gate`), so that a server below its limit,
//! or without one, pays nothing per request.

use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicI64, AtomicPtr, AtomicU32, AtomicU64, Ordering::Relaxed};

/// What a thread may have taken or freed without telling, bytes: some ten keys, for one locked addition.
const SLACK_BYTES: usize = 1024;

static USED: AtomicI64 = AtomicI64::new(0);
/// Beside it: what serves the log. It grows with what is written, evictions among that, and must not make others.
static APART: AtomicI64 = AtomicI64::new(0);
static LIMIT: AtomicI64 = AtomicI64::new(i64::MAX);
/// Whose bits to raise above the limit, and which.
static GATE: AtomicPtr<AtomicU32> = AtomicPtr::new(null_mut());
static BIT: AtomicU32 = AtomicU32::new(0);

thread_local! {
    static UNTOLD: Cell<i64> = const { Cell::new(0) };
    static IS_APART: Cell<bool> = const { Cell::new(false) };
    /// For tests: everything this thread took less what it freed.
    #[cfg(test)]
    static OWN: Cell<i64> = const { Cell::new(0) };
}

/// The calling thread took so many bytes, or freed them.
#[inline]
pub(super) fn note(bytes: isize) {
    #[cfg(test)]
    OWN.with(|own| own.set(own.get() + bytes as i64));
    UNTOLD.with(|untold| {
        let sum = untold.get() + bytes as i64;
        if sum.unsigned_abs() < SLACK_BYTES as u64 { untold.set(sum) } else { tell(untold, sum) }
    });
}

#[cold]
fn tell(untold: &Cell<i64>, sum: i64) {
    untold.set(0);
    if IS_APART.with(Cell::get) {
        APART.fetch_add(sum, Relaxed);
        return;
    }
    let used = USED.fetch_add(sum, Relaxed) + sum;
    if used > LIMIT.load(Relaxed) {
        raise();
    }
}

#[cold]
fn raise() {
    let gate = GATE.load(Relaxed);
    if !gate.is_null() {
        // SAFETY: `set_limit` was given a reference that lives for ever.
        let gate = unsafe { &*gate };
        let bit = BIT.load(Relaxed);
        if gate.load(Relaxed) & bit == 0 {
            gate.fetch_or(bit, Relaxed);
        }
    }
}

/// Bytes in use: exact for what this thread did, and within [`SLACK_BYTES`] for each other.
#[inline]
pub fn bytes() -> u64 {
    (USED.load(Relaxed) + UNTOLD.with(Cell::get)).max(0) as u64
}

/// Bytes in use that are kept apart, told so far.
pub fn apart_bytes() -> u64 {
    APART.load(Relaxed).max(0) as u64
}

/// Of these, bytes of a VM of ours, not of the log.
static VM: AtomicU64 = AtomicU64::new(0);

/// The same without what VMs take.
pub fn log_bytes() -> u64 {
    apart_bytes().saturating_sub(VM.load(Relaxed))
}

/// As [`apart`], for `bytes` that a VM keeps.
pub fn apart_for_vm<R>(bytes: usize, work: impl FnOnce() -> R) -> R {
    VM.fetch_add(bytes as u64, Relaxed);
    apart(work)
}

/// What the calling thread takes in `work`, which lives for as long as the process or is freed likewise, is kept apart.
pub fn apart<R>(work: impl FnOnce() -> R) -> R {
    tell_rest();
    let before = IS_APART.replace(true);
    let result = work();
    tell_rest();
    IS_APART.set(before);
    result
}

/// Tells what this thread has not told yet: before it rests.
pub fn tell_rest() {
    UNTOLD.with(|untold| {
        if untold.get() != 0 {
            tell(untold, untold.get());
        }
    });
}

/// From now on `bit` of `gate` is raised when more than `limit` bytes are in use; None: there is no limit. Lowering it is up to
/// whoever has seen it raised.
pub fn set_limit(limit: Option<u64>, gate: &'static AtomicU32, bit: u32) {
    BIT.store(bit, Relaxed);
    GATE.store(std::ptr::from_ref(gate).cast_mut(), Relaxed);
    LIMIT.store(limit.map_or(i64::MAX, |limit| i64::try_from(limit).unwrap_or(i64::MAX)), Relaxed);
}

#[cfg(test)]
pub fn of_this_thread() -> i64 {
    OWN.with(Cell::get)
}
