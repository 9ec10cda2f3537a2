//! A stream of bytes that many threads write and one reads: a ring that ranges of are claimed.
//!
//! ```text
//!   position:  head ─────────── published ───────────── tail
//!              read and free     read next       claimed, being copied
//!   append:    note "from here at most" → tail += length → copy → note "nothing"
//!   published: the least of tail and of what the writers have noted
//! ```
//!
//! Positions only rise; byte `p` lies at `p % capacity`. They leap to the next multiple of the capacity where a reader that keeps up has
//! the front of the ring used anew (`rewind`). Whoever appends while it holds a latch is ordered before whoever takes that latch later, and
//! a range is read whole or not at all, so the order per key and the atomicity of a transaction are those of the bytes.
//! One atomic addition and two plain stores an append; no lock, and no writer waits for another one's copy.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU64, Ordering};

/// A reader that keeps up has writers use this part of the ring over and over: 1/128 of 32 MiB, and what is appended in one go.
const REWIND_PART: u64 = 128;
/// What a writer notes while it copies nothing.
const NOTHING: u64 = u64::MAX;

/// A word with cache lines of its own.
#[repr(align(128))]
struct Alone(AtomicU64);

pub struct Ring {
    bytes: Box<[UnsafeCell<u8>]>,
    tail: Alone,
    head: Alone,
    /// Where what each writer copies begins, or a position before that.
    writers: Box<[Alone]>,
}

// SAFETY: a byte is written by the one thread whose claim holds its position, between head and head + capacity, and read by the
// one reader after that claim was published, before it lets the head pass.
unsafe impl Sync for Ring {}

impl Ring {
    /// `capacity` bytes, rounded up to a power of two, for writers numbered below `writers`.
    pub fn new(capacity: usize, writers: usize) -> Ring {
        let capacity = capacity.max(64).next_power_of_two();
        Ring {
            bytes: (0..capacity).map(|_| UnsafeCell::new(0)).collect(),
            tail: Alone(AtomicU64::new(0)),
            head: Alone(AtomicU64::new(0)),
            writers: (0..writers).map(|_| Alone(AtomicU64::new(NOTHING))).collect(),
        }
    }

    /// The end of what has been claimed.
    #[inline]
    pub fn tail(&self) -> u64 {
        self.tail.0.load(Ordering::Acquire)
    }

    /// Appends `front` and `body` as one range; `writer` is the calling thread's own number. Gives the position behind them. Where
    /// there is no room `full` is called again and again until the reader has made some: it should wake the reader, and wait a moment. A
    /// range may be longer than the ring.
    #[inline]
    pub fn append<const N: usize>(&self, writer: usize, front: &[u8; N], body: &[u8], full: impl Fn()) -> u64 {
        let length = (N + body.len()) as u64;
        let mine = &self.writers[writer].0;
        // The addition releases this store: a reader who sees the claim in the tail sees that it is not published.
        mine.store(self.tail.0.load(Ordering::Relaxed), Ordering::Relaxed);
        let start = self.tail.0.fetch_add(length, Ordering::AcqRel);
        let offset = start as usize & (self.bytes.len() - 1);
        let free = self.head.0.load(Ordering::Acquire) + self.bytes.len() as u64 >= start + length;
        if free && offset + N + body.len() <= self.bytes.len() {
            let place = self.bytes[offset].get();
            // SAFETY: the whole range is within the ring; its positions are of this thread's claim, and below head + capacity, so that
            // nobody reads or writes them now.
            unsafe {
                std::ptr::copy_nonoverlapping(front.as_ptr(), place, N);
                std::ptr::copy_nonoverlapping(body.as_ptr(), place.add(N), body.len());
            }
        } else {
            let at = self.copy_in(start, front, mine, &full);
            self.copy_in(at, body, mine, &full);
        }
        mine.store(NOTHING, Ordering::Release);
        start + length
    }

    #[cold]
    fn copy_in(&self, mut at: u64, mut part: &[u8], mine: &AtomicU64, full: &impl Fn()) -> u64 {
        let capacity = self.bytes.len();
        while !part.is_empty() {
            // A claim may lie whole rings ahead.
            let free = (self.head.0.load(Ordering::Acquire) + capacity as u64).saturating_sub(at);
            if free == 0 {
                // What is copied so far can be read, or a range longer than the ring would never end.
                mine.store(at, Ordering::Release);
                full();
                continue;
            }
            let offset = at as usize & (capacity - 1);
            let count = part.len().min(free as usize).min(capacity - offset);
            // SAFETY: `offset + count` is within the ring; the positions are of this thread's claim, and below head + capacity, so
            // that nobody reads or writes them now.
            unsafe { std::ptr::copy_nonoverlapping(part.as_ptr(), self.bytes[offset].get(), count) };
            at += count as u64;
            part = &part[count..];
        }
        at
    }

    /// The end of what can be read. It never falls for a reader who keeps the greatest it has got.
    pub fn published(&self) -> u64 {
        let tail = self.tail.0.load(Ordering::Acquire);
        self.writers.iter().map(|writer| writer.0.load(Ordering::Acquire)).fold(tail, u64::min)
    }

    /// Shows what can be read, `most` bytes of it, in pieces, and frees its place; gives how many. For the one reader.
    pub fn take(&self, most: usize, mut show: impl FnMut(&[u8])) -> usize {
        let head = self.head.0.load(Ordering::Relaxed);
        let count = (self.published().saturating_sub(head) as usize).min(most);
        let (capacity, mut left, mut at) = (self.bytes.len(), count, head);
        while left > 0 {
            let offset = at as usize & (capacity - 1);
            let piece = left.min(capacity - offset);
            // SAFETY: published, and not yet free: nobody writes it. `offset + piece` is within the ring.
            show(unsafe { std::slice::from_raw_parts(self.bytes[offset].get(), piece) });
            at += piece as u64;
            left -= piece;
        }
        self.head.0.store(at, Ordering::Release);
        self.rewind(at);
        count
    }

    /// Where all is read, and enough, what comes next goes to the front again: into memory that the caches still hold. The positions between
    /// are claimed by nobody else, and nothing is there to be read.
    fn rewind(&self, head: u64) {
        let capacity = self.bytes.len() as u64;
        let used = head & (capacity - 1);
        let front = head - used + capacity;
        if used >= capacity / REWIND_PART
            && self.tail.0.compare_exchange(head, front, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        {
            self.head.0.store(front, Ordering::Release);
        }
    }

    /// How far the reader has come.
    pub fn head(&self) -> u64 {
        self.head.0.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_reader_that_keeps_up_has_the_front_used_over_and_over() {
        let ring = Ring::new(4096, 1);
        let (mut read, mut end) = (Vec::new(), 0);
        for number in 0..1000u32 {
            let before = ring.tail();
            end = ring.append(0, &number.to_le_bytes(), b"behind", || unreachable!("there is room"));
            assert_eq!((end - before, ring.published()), (10, end));
            assert!(end % 4096 <= 4096 / REWIND_PART + 10, "{end}");
            read.clear();
            assert_eq!(ring.take(100, |some| read.extend_from_slice(some)), 10);
            assert_eq!(read, [&number.to_le_bytes()[..], b"behind"].concat());
            assert!(ring.head() >= end && ring.head() == ring.tail());
        }
        assert!(end > 200 * 4096, "it leaps");
        // While something is left to read it does not.
        ring.append(0, &[1; 40], b"", || unreachable!("there is room"));
        let end = ring.append(0, &[2; 40], b"", || unreachable!("there is room"));
        assert_eq!((ring.take(60, |_| ()), ring.tail()), (60, end));
    }

    /// Ranges of many lengths, each with its writer and number, arrive whole, those of a writer in order.
    #[test]
    fn ranges_of_many_writers_arrive_whole_and_in_their_order() {
        const WRITERS: usize = 3;
        const RANGES: u32 = 400;
        let ring = Arc::new(Ring::new(256, WRITERS));
        let threads: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let ring = ring.clone();
                std::thread::spawn(move || {
                    for number in 0..RANGES {
                        // Some are longer than the ring.
                        let body = vec![writer as u8 * 50 + number as u8 % 50; (number as usize * 7) % 600];
                        let mut head = [writer as u8; 9];
                        head[1..5].copy_from_slice(&number.to_le_bytes());
                        head[5..].copy_from_slice(&(body.len() as u32).to_le_bytes());
                        ring.append(writer, &head, &body, std::thread::yield_now);
                    }
                })
            })
            .collect();
        let (mut bytes, mut next, mut total) = (Vec::new(), [0u32; WRITERS], 0);
        while total < RANGES * WRITERS as u32 {
            if ring.take(100, |some| bytes.extend_from_slice(some)) == 0 {
                std::thread::yield_now();
            }
            while bytes.len() >= 9 {
                let (writer, number) = (bytes[0] as usize, u32::from_le_bytes(bytes[1..5].try_into().unwrap()));
                let length = u32::from_le_bytes(bytes[5..9].try_into().unwrap()) as usize;
                if bytes.len() < 9 + length {
                    break;
                }
                assert_eq!((number, length), (next[writer], (number as usize * 7) % 600));
                assert!(bytes[9..9 + length].iter().all(|byte| *byte == writer as u8 * 50 + number as u8 % 50));
                bytes.drain(..9 + length);
                next[writer] += 1;
                total += 1;
            }
        }
        threads.into_iter().for_each(|thread| thread.join().expect("no writer fails"));
        assert!(bytes.is_empty() && ring.published() == ring.tail() && ring.head() == ring.tail());
    }
}
