//! Completions become events.

use std::mem::MaybeUninit;

use io_uring::cqueue;

use super::Uring;
use super::ring::{ACCEPT, GENERATION_BITS, RECEIVE, WOKEN, WRITABLE};
use super::slot::Polling;
use crate::net::backend::Event;
use crate::sys::clock;

/// A listener that failed (too many files) is tried again after so long.
const LISTEN_AGAIN_NS: u64 = 20_000_000;

impl Uring {
    /// Turns all completions that are there into events. True if there were any.
    pub(super) fn complete_all(&mut self, events: &mut Vec<Event>) -> bool {
        let mut any = false;
        let mut batch = [const { MaybeUninit::<cqueue::Entry>::uninit() }; 64];
        loop {
            let count = {
                let entries = self.ring.io.completion().fill(&mut batch);
                entries.len()
            };
            for entry in &batch[..count] {
                // SAFETY: `fill` initialised the first `count` entries.
                let entry = unsafe { entry.assume_init_ref() };
                self.complete(entry.user_data(), entry.result(), entry.flags(), events);
            }
            any |= count > 0;
            if count < batch.len() {
                return any;
            }
        }
    }

    #[inline]
    pub(super) fn complete(&mut self, user_data: u64, result: i32, flags: u32, events: &mut Vec<Event>) {
        let index = user_data as u32;
        let generation = (user_data >> 32) as u32 & GENERATION_BITS;
        match user_data >> 60 {
            RECEIVE => self.received(index, generation, result, flags, events),
            WRITABLE => {
                let slot = &mut self.slots[index as usize];
                if slot.fd >= 0 && slot.generation == generation {
                    slot.polling = Polling::No;
                    events.push(Event::Writable { slot: index as usize });
                }
            }
            ACCEPT => self.accepted(index, result, flags, events),
            WOKEN => {
                self.watching = cqueue::more(flags);
                events.push(Event::Woken);
            }
            _ => (),
        }
    }

    #[inline]
    pub(super) fn received(&mut self, index: u32, generation: u32, result: i32, flags: u32, events: &mut Vec<Event>) {
        let buffer = cqueue::buffer_select(flags);
        let slot = &mut self.slots[index as usize];
        if slot.fd < 0 || slot.generation != generation {
            if let Some(id) = buffer {
                self.ring.buffers.give(id);
            }
            return;
        }
        match (result, buffer) {
            (1.., Some(id)) => {
                if slot.chain.is_empty() {
                    self.filled.push(index);
                }
                self.ring.buffers.chain(&mut slot.chain, id, result as usize);
            }
            (0, buffer) => {
                slot.ended = true;
                if let Some(id) = buffer {
                    self.ring.buffers.give(id);
                }
            }
            // Out of buffers, cancelled by us or with a dead thread, interrupted: not the connection's fault.
            (result, _) => {
                slot.failed = ![libc::ENOBUFS, libc::ECANCELED, libc::EINTR, libc::EAGAIN].contains(&-result);
            }
        }
        if (result >= 0 || slot.failed) && slot.told != self.turn {
            slot.told = self.turn;
            events.push(Event::Readable { slot: index as usize });
        }
        if !cqueue::more(flags) {
            slot.receiving = false;
            if slot.wants_bytes() {
                self.to_receive.push(index);
            }
        }
    }

    #[cold]
    pub(super) fn accepted(&mut self, index: u32, result: i32, flags: u32, events: &mut Vec<Event>) {
        let listener = &mut self.listeners[index as usize];
        if result >= 0 {
            if self.listening {
                events.push(Event::Accepted { fd: result, via: listener.via });
            } else {
                // SAFETY: accepted just now, known to nobody.
                unsafe { libc::close(result) };
            }
        }
        if !cqueue::more(flags) {
            listener.accepting = false;
            let ours = [libc::ECANCELED, libc::EINTR, libc::EAGAIN].contains(&-result);
            listener.again_ns = if result >= 0 || ours { 0 } else { clock::mono_ns() + LISTEN_AGAIN_NS };
        }
    }
}
