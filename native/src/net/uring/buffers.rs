//! The buffers an io_uring receives into: a ring that is shared with the kernel, which takes the next free one for each
//! receive. Buffers that hold received bytes are chained per connection until their bytes are taken.
//!
//! ```text
//!   one mapping:  [ring of COUNT entries, 16 B each][pad to a page][buffer 0]..[buffer COUNT-1]
//!   entry:        address u64 · length u32 · id u16 · tail u16 (of entry 0: how many entries we have given, ever)
//! ```

use std::io;
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::IoUring;
use io_uring::types::BufRingEntry;

/// Buffers of a ring: 2 MiB in all. A turn receives from about 20 connections; more only costs a turn without receiving.
pub const COUNT: u16 = 128;
/// Bytes of one.
pub const BYTES: usize = 16 * 1024;
/// From one to the next. Not a power of two: the first lines of all buffers would fall into the same few cache sets.
const STRIDE: usize = BYTES + 320;
const RING_BYTES: usize = 4096;
const TOTAL_BYTES: usize = RING_BYTES + STRIDE * COUNT as usize;
const _: () = assert!(COUNT.is_power_of_two() && COUNT as usize * size_of::<BufRingEntry>() <= RING_BYTES);
/// Group number of the only ring there is.
pub const GROUP: u16 = 0;

/// No buffer, in a [`Chain`].
const NONE: u16 = u16::MAX;

/// Buffers with received bytes, oldest first.
#[derive(Clone, Copy)]
pub struct Chain {
    first: u16,
    last: u16,
}

impl Chain {
    pub const EMPTY: Chain = Chain { first: NONE, last: NONE };

    pub fn is_empty(self) -> bool {
        self.first == NONE
    }
}

pub struct Buffers {
    /// The mapping; [`TOTAL_BYTES`] long.
    base: *mut u8,
    tail: u16,
    /// Of each buffer: the next one of its chain, and the bytes received in it.
    next: [u16; COUNT as usize],
    filled: [u32; COUNT as usize],
}

impl Buffers {
    /// Maps the buffers and gives all of them to `ring`. They must outlive it.
    pub fn new(ring: &IoUring) -> io::Result<Buffers> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a fresh anonymous mapping; the result is checked.
        let base = unsafe { libc::mmap(std::ptr::null_mut(), TOTAL_BYTES, protection, flags, -1, 0) };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let mut buffers =
            Buffers { base: base.cast(), tail: 0, next: [NONE; COUNT as usize], filled: [0; COUNT as usize] };
        // SAFETY: the mapping is page-aligned, has room for COUNT entries, and outlives the ring (see above).
        unsafe { ring.submitter().register_buf_ring_with_flags(base as u64, COUNT, GROUP, 0)? };
        for id in 0..COUNT {
            buffers.give(id);
        }
        buffers.publish();
        Ok(buffers)
    }

    /// Puts a buffer that arrived with `bytes` at the end of a chain.
    #[inline]
    pub fn chain(&mut self, chain: &mut Chain, id: u16, bytes: usize) {
        assert!(id < COUNT && bytes <= BYTES, "the kernel fills the buffers it was given");
        self.filled[id as usize] = bytes as u32;
        self.next[id as usize] = NONE;
        if chain.is_empty() {
            chain.first = id;
        } else {
            self.next[chain.last as usize] = id;
        }
        chain.last = id;
    }

    /// Moves the bytes of the oldest buffer of a chain to the end of `into`; gives how many.
    #[inline]
    pub fn take(&mut self, chain: &mut Chain, into: &mut Vec<u8>) -> usize {
        let id = chain.first;
        let bytes = self.filled[id as usize] as usize;
        // SAFETY: buffers lie behind the ring in the mapping (`chain` checked the id and the length), the kernel does not
        // write to one that it has handed out, and has initialised the bytes it said to have received.
        let filled =
            unsafe { std::slice::from_raw_parts(self.base.add(RING_BYTES + STRIDE * id as usize).cast_const(), bytes) };
        into.extend_from_slice(filled);
        self.drop_first(chain);
        bytes
    }

    /// Gives all buffers of a chain back.
    pub fn clear(&mut self, chain: &mut Chain) {
        while !chain.is_empty() {
            self.drop_first(chain);
        }
    }

    fn drop_first(&mut self, chain: &mut Chain) {
        let id = chain.first;
        chain.first = self.next[id as usize];
        self.give(id);
    }

    /// Gives a buffer to the kernel, which sees it after [`Buffers::publish`].
    #[inline]
    pub fn give(&mut self, id: u16) {
        assert!(id < COUNT);
        let index = (self.tail & (COUNT - 1)) as usize;
        // SAFETY: the ring's entries are at the start of the mapping; the kernel reads only those before the published
        // tail, and there are never more buffers in the ring than entries.
        unsafe {
            let entry = &mut *self.base.cast::<BufRingEntry>().add(index);
            entry.set_addr(self.base.add(RING_BYTES + STRIDE * id as usize) as u64);
            entry.set_len(BYTES as u32);
            entry.set_bid(id);
        }
        self.tail = self.tail.wrapping_add(1);
    }

    #[inline]
    pub fn publish(&mut self) {
        // SAFETY: the tail lies in the first entry, aligned; both sides use it atomically.
        let tail = unsafe { AtomicU16::from_ptr(BufRingEntry::tail(self.base.cast()).cast_mut()) };
        tail.store(self.tail, Ordering::Release);
    }
}

impl Drop for Buffers {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`; the ring that wrote to it is closed, and its thread runs here or is gone.
        unsafe { libc::munmap(self.base.cast(), TOTAL_BYTES) };
    }
}
