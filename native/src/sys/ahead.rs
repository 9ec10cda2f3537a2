//! Memory that is touched ahead of its use, by a thread of its own.
//!
//! The first touch of a page is a page fault: the kernel clears the page, and on a virtual machine the host may have to find
//! it first. With huge pages that is 2 MiB in one go: 0.3 ms at best, and 4 to 16 ms on a machine whose host hands memory out
//! lazily (measured; a table that grew to 50 million keys had 1,250 commands above 2 ms, nearly all of them such a fault).
//! Small pages would spread it out, and cost 10 to 15 % of the rate of random lookups. So the allocator gets one large range
//! of addresses from us, and tells us how much of it is in use; we have the pages behind that made by another thread.
//!
//! ```text
//!   range    | chunk, 32 MiB                        | chunk            | …      the allocator fills several at a time,
//!            |■■■■■■■■■■■■■■■■■□□□□□□               |■■■□□□            |        each from its start: one for each
//!                             ^     ^                                           class of sizes
//!                          used   touched: used + ahead
//! ```
//!
//! Where the range cannot be had (a limit on addresses, overcommit forbidden) the allocator finds memory by itself, and faults
//! are where they always were.

use std::ffi::c_void;
use std::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release,
};
use std::thread::Thread;
use std::time::Duration;

/// The unit in which the allocator divides a range; from its types.h.
const CHUNK_BYTES: usize = 32 << 20;
/// A huge page: what is touched in one go.
const PAGE_BYTES: usize = 2 << 20;
/// The largest arena of the allocator is 16 GiB less what describes it.
const ARENA_BYTES_MAX: usize = 480 * CHUNK_BYTES;
const RANGE_BYTES_MAX: usize = 512 << 30;
const CHUNKS_MAX: usize = RANGE_BYTES_MAX / CHUNK_BYTES;
/// What is touched ahead in each chunk: a part of what is in use in all, between these.
const AHEAD_PART: usize = 32;
const AHEAD_BYTES_MIN: usize = PAGE_BYTES;
const AHEAD_BYTES_MAX: usize = 32 << 20;

/// How far a chunk is in use, and how far it has been touched, bytes.
struct Chunk {
    used: AtomicU32,
    touched: AtomicU32,
}

static CHUNKS: [Chunk; CHUNKS_MAX] =
    [const { Chunk { used: AtomicU32::new(0), touched: AtomicU32::new(0) } }; CHUNKS_MAX];
/// Start of the range; 0: there is none.
static RANGE_AT: AtomicUsize = AtomicUsize::new(0);
/// Chunks that have been used, from the first one on.
static CHUNKS_USED: AtomicUsize = AtomicUsize::new(0);
/// Bytes in use in all chunks, as far as they have ever been.
static USED_BYTES: AtomicU64 = AtomicU64::new(0);
static TOUCHER: std::sync::OnceLock<Thread> = std::sync::OnceLock::new();
static WANTED: AtomicBool = AtomicBool::new(false);

/// The allocator's option of that name, by its number in mimalloc.h: after how long what was freed goes back to the system. What
/// goes back tears a huge page, and comes again in faults of 4 KiB each: 32,000 in the growth above at the usual second, in
/// which a table that grows has not yet found a use for what its last size took. An idle core gives back at once.
const PURGE_DELAY: i32 = 15;
const PURGE_DELAY_MS: i64 = 10_000;

fn ahead_bytes() -> usize {
    (USED_BYTES.load(Relaxed) as usize / AHEAD_PART).clamp(AHEAD_BYTES_MIN, AHEAD_BYTES_MAX)
}

unsafe extern "C" {
    /// Of mimalloc: memory to allocate from, and whom to tell which of it is in use.
    fn mi_manage_memory(
        start: *mut c_void,
        size: usize,
        is_committed: bool,
        is_pinned: bool,
        is_zero: bool,
        numa_node: i32,
        exclusive: bool,
        commit: Option<unsafe extern "C" fn(bool, *mut c_void, usize, *mut bool, *mut c_void) -> bool>,
        argument: *mut c_void,
        arena_id: *mut *mut c_void,
    ) -> bool;
}

fn physical_bytes() -> usize {
    // SAFETY: sysconf reads facts of the system.
    let (pages, page) = unsafe { (libc::sysconf(libc::_SC_PHYS_PAGES), libc::sysconf(libc::_SC_PAGESIZE)) };
    (pages.max(0) as usize) * (page.max(0) as usize)
}

/// Gives the allocator its range. Runs once, when this library is loaded, before Rust code allocates anything.
extern "C" fn offer_range() {
    let bytes = physical_bytes().next_multiple_of(CHUNK_BYTES).min(RANGE_BYTES_MAX);
    if bytes == 0 {
        return;
    }
    // SAFETY: new addresses, of which nobody else knows; the length is not zero.
    let base = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            bytes + CHUNK_BYTES,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if base == libc::MAP_FAILED {
        return;
    }
    let at = (base as usize).next_multiple_of(CHUNK_BYTES);
    // SAFETY: advice about the mapping made above.
    unsafe { libc::madvise(at as *mut c_void, bytes, libc::MADV_HUGEPAGE) };
    // SAFETY: sets a number, before anything is allocated.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, PURGE_DELAY_MS) };
    RANGE_AT.store(at, Relaxed);
    let mut given = 0;
    while given < bytes {
        let size = (bytes - given).min(ARENA_BYTES_MAX);
        let none = std::ptr::null_mut();
        // SAFETY: this part of the mapping goes to the allocator for good, and is as said: private, zeroed, not in use.
        let taken = unsafe {
            mi_manage_memory(
                (at + given) as *mut c_void,
                size,
                false,
                false,
                true,
                -1,
                false,
                Some(change_use),
                none,
                none.cast(),
            )
        };
        if !taken {
            break;
        }
        given += size;
    }
    if given == 0 {
        RANGE_AT.store(0, Relaxed);
        // SAFETY: nobody has any of it.
        unsafe { libc::munmap(base, bytes + CHUNK_BYTES) };
    }
}

#[used]
#[unsafe(link_section = ".init_array")]
static OFFER_RANGE: extern "C" fn() = offer_range;

/// The allocator takes a part of the range into use, or gives one up. Whether the part is zero it must find by itself, which it
/// can: some of it may have been in use before. Called by any thread that allocates, inside the
/// allocator: it must not allocate.
///
/// # Safety
/// 1. `start` and `bytes` are a part of the range.
unsafe extern "C" fn change_use(used: bool, start: *mut c_void, bytes: usize, _: *mut bool, _: *mut c_void) -> bool {
    if !used {
        // SAFETY: (1) the allocator has no use for these bytes; they read as zero from here on.
        return unsafe { libc::madvise(start, bytes, libc::MADV_DONTNEED) } == 0;
    }
    let mut from = (start as usize).saturating_sub(RANGE_AT.load(Relaxed));
    let end = from + bytes;
    let mut wanted = false;
    let _turn = Turn::take();
    while from < end {
        let (index, in_chunk) = (from / CHUNK_BYTES, from % CHUNK_BYTES);
        let used_to = (end - index * CHUNK_BYTES).min(CHUNK_BYTES);
        let Some(chunk) = CHUNKS.get(index) else { break };
        let before = chunk.used.fetch_max(used_to as u32, Relaxed) as usize;
        if used_to > before {
            USED_BYTES.fetch_add((used_to - before.max(in_chunk)) as u64, Relaxed);
            CHUNKS_USED.fetch_max(index + 1, Relaxed);
            wanted |= used_to + ahead_bytes() / 2 > chunk.touched.load(Relaxed) as usize;
        }
        from = (index + 1) * CHUNK_BYTES;
    }
    if wanted
        && !WANTED.swap(true, Relaxed)
        && let Some(toucher) = TOUCHER.get()
    {
        toucher.unpark();
    }
    true
}

/// Gives what was touched ahead back to the system, where much less is in use than once was (`now_bytes`): it would not be used
/// for long. Any thread may call it.
pub fn give_back(now_bytes: u64) {
    let base = RANGE_AT.load(Relaxed);
    if base == 0 || now_bytes * 2 > USED_BYTES.load(Relaxed) {
        return;
    }
    for (index, chunk) in CHUNKS.iter().enumerate().take(CHUNKS_USED.load(Relaxed) + 1) {
        let _turn = Turn::take();
        let unused = (chunk.used.load(Relaxed) as usize).next_multiple_of(PAGE_BYTES);
        let touched = chunk.touched.load(Relaxed) as usize;
        if touched > unused {
            let start = (base + index * CHUNK_BYTES + unused) as *mut c_void;
            // SAFETY: a part of the range that the allocator has never had; it gets none while it is our turn. It reads as zero from
            // here on, as before.
            unsafe { libc::madvise(start, touched - unused, libc::MADV_DONTNEED) };
            chunk.touched.store(unused as u32, Relaxed);
        }
    }
}

/// Whoever has it decides alone what the allocator has had of the range: held for a few stores, or a call of the system.
struct Turn;

static TAKEN: AtomicBool = AtomicBool::new(false);

impl Turn {
    fn take() -> Turn {
        while TAKEN.compare_exchange_weak(false, true, Acquire, Relaxed).is_err() {
            std::hint::spin_loop();
        }
        Turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        TAKEN.store(false, Release);
    }
}

/// Starts the thread that touches; once per process, where there is a range.
pub fn start() {
    if RANGE_AT.load(Relaxed) == 0 || TOUCHER.get().is_some() {
        return;
    }
    let thread = std::thread::Builder::new().name("zedis-memory".into()).spawn(|| {
        loop {
            WANTED.store(false, Relaxed);
            if !touch_ahead() {
                // The system has no memory to spare, or cannot do it. The cores will see for themselves.
                std::thread::sleep(REST);
            }
            if !WANTED.load(Relaxed) {
                std::thread::park();
            }
        }
    });
    if let Ok(handle) = thread {
        let _ = TOUCHER.set(handle.thread().clone());
        handle.thread().unpark();
    }
}

/// After a refusal of the system.
const REST: Duration = Duration::from_secs(1);

/// Touches what is to be touched now. False: the system refused.
fn touch_ahead() -> bool {
    let base = RANGE_AT.load(Relaxed);
    let mut before = 0;
    // One more than is in use: the chunk that the allocator takes when one of these is full.
    for (index, chunk) in CHUNKS.iter().enumerate().take(CHUNKS_USED.load(Relaxed) + 1) {
        let used = chunk.used.load(Relaxed) as usize;
        let ahead = ahead_bytes();
        let is_next = used == 0 && before > 0 && ahead > AHEAD_BYTES_MIN;
        if (used > 0 || is_next) && !touch(base, index, (used + ahead).min(CHUNK_BYTES)) {
            return false;
        }
        before = used;
    }
    true
}

/// Touches chunk `index` up to `wanted` bytes.
fn touch(base: usize, index: usize, wanted: usize) -> bool {
    let chunk = &CHUNKS[index];
    let mut at = chunk.touched.load(Relaxed) as usize;
    // What is in use has been touched by who uses it.
    at = at.max(chunk.used.load(Relaxed) as usize / PAGE_BYTES * PAGE_BYTES);
    while at < wanted {
        let start = (base + index * CHUNK_BYTES + at) as *mut c_void;
        // SAFETY: a part of the range, which is mapped for good. Populating changes no byte, whoever uses the page.
        if unsafe { libc::madvise(start, PAGE_BYTES, libc::MADV_POPULATE_WRITE) } != 0 {
            return false;
        }
        at += PAGE_BYTES;
        chunk.touched.store(at as u32, Relaxed);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Is the first page at this address in memory?
    fn is_resident(at: usize) -> bool {
        let mut page = 0u8;
        // SAFETY: one page is asked about, and answered for in one byte.
        unsafe { libc::mincore(at as *mut c_void, 4096, &raw mut page) == 0 && page & 1 != 0 }
    }

    #[test]
    fn what_the_allocator_takes_next_is_in_memory_already() {
        let base = RANGE_AT.load(Relaxed);
        assert_ne!(base, 0, "the allocator has a range");
        start();
        let blocks: Vec<Vec<u8>> = (0..96).map(|_| vec![1u8; 1 << 20]).collect();
        let at = blocks[95].as_ptr() as usize - base;
        assert!(at < RANGE_BYTES_MAX, "large blocks come from the range");
        let chunk = &CHUNKS[at / CHUNK_BYTES];
        let used = chunk.used.load(Relaxed) as usize;
        assert!(used > at % CHUNK_BYTES);
        let next = (used + PAGE_BYTES / 2).min(CHUNK_BYTES - 4096);
        for _ in 0..1000 {
            if is_resident(base + at / CHUNK_BYTES * CHUNK_BYTES + next) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("nobody has touched byte {next} of a chunk of which {used} are used");
    }
}
