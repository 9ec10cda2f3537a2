//! The io_uring backend: multishot accept and receive into provided buffers, one system call for a turn of the loop.
//!
//! ```text
//!   turn:  receive() copies out of the buffers that came with the last wait     send() is a plain send(2)
//!   wait:  what is still in buffers moves to the heap ▶ buffers go back ▶ requests to arm, cancel, close are pushed
//!          ▶ io_uring_enter (submit, run the kernel's deferred work, wait) ▶ completions become events
//! ```
//!
//! The ring belongs to one thread (SINGLE_ISSUER, DEFER_TASKRUN): nothing happens to it but within `wait`, and requests
//! are pushed only there. When the thread dies, the kernel cancels its requests; [`Backend::adopt`] takes over from it.
//!
//! Tried and rejected: sends as requests of the ring (figures in README.md), which also would have to outlive the thread.

mod buffers;
mod complete;
mod ring;
mod slot;

use std::io;
use std::time::Duration;

use io_uring::types::{Fd, SubmitArgs, Timespec};
use io_uring::{opcode, squeue};

use self::buffers::GROUP;
use self::ring::{ACCEPT, GENERATION_BITS, RECEIVE, Ring, SILENT, WOKEN, WRITABLE, thread_lives, user_data};
use self::slot::{Listener, Polling, Slot};
use crate::net::backend::{Backend, Event, Received, Wake};
use crate::net::socket::{accept_some, send_now};
use crate::session::server::Via;
use crate::sys::{clock, wake};

/// Bytes that may wait for a connection that is not being read before its receiving stops.
const UNREAD_BYTES_MAX: usize = 64 * 1024;
/// A new connection wakes one of the rings that listen, and that one's thread may be in a procedure. The others look for
/// themselves this often.
const LOOK_AT_LISTENERS_NS: u64 = 50_000_000;
/// How long to wait for the end of the thread that a ring is taken over from.
const ADOPT_MS_MAX: u32 = 5000;
/// `IORING_ENTER_GETEVENTS`.
const GET_EVENTS: u32 = 1;

pub struct Uring {
    ring: Ring,
    wake_fd: i32,
    listening: bool,
    listeners: Vec<Listener>,
    /// When to look at them next, coarse monotonic ns.
    look_ns: u64,
    slots: Vec<Slot>,
    /// Slots to start receiving for.
    to_receive: Vec<u32>,
    /// Slots to tell when there is room to send.
    to_poll: Vec<u32>,
    /// User data of requests to cancel.
    to_cancel: Vec<u64>,
    /// Descriptors to close after that.
    to_close: Vec<i32>,
    /// Slots that got buffers since the last wait.
    filled: Vec<u32>,
    /// The wake descriptor is watched.
    watching: bool,
    turn: u32,
    /// Events found outside a wait.
    found: Vec<Event>,
}

// SAFETY: the pointers in it are to mappings of its own; the kernel's tie to a thread is what `adopt` is for.
unsafe impl Send for Uring {}

impl Uring {
    /// `wake_fd`: the eventfd that ends a wait. Fails where the kernel has no io_uring, an old one (before 6.1), or does not
    /// let this process use it. The calling thread is the one that may use it, until another adopts it.
    pub fn new(wake_fd: i32) -> io::Result<Uring> {
        Ok(Uring {
            ring: Ring::new()?,
            wake_fd,
            listening: true,
            listeners: Vec::new(),
            look_ns: 0,
            slots: Vec::new(),
            to_receive: Vec::new(),
            to_poll: Vec::new(),
            to_cancel: Vec::new(),
            to_close: Vec::new(),
            filled: Vec::new(),
            watching: false,
            turn: 1,
            found: Vec::new(),
        })
    }

    /// The bytes nobody has taken in this turn move out of the buffers, so that every wait begins with all buffers free.
    fn free_buffers(&mut self) {
        for index in self.filled.drain(..) {
            let slot = &mut self.slots[index as usize];
            while !slot.chain.is_empty() {
                self.ring.buffers.take(&mut slot.chain, &mut slot.unread);
            }
            if slot.unread.len() > UNREAD_BYTES_MAX && !slot.paused {
                slot.paused = true;
                if slot.receiving {
                    self.to_cancel.push(user_data(RECEIVE, slot.generation, index));
                }
            }
        }
        self.ring.buffers.publish();
    }

    fn push_requests(&mut self) {
        for index in std::mem::take(&mut self.to_receive) {
            let slot = &mut self.slots[index as usize];
            if slot.wants_bytes() {
                slot.receiving = true;
                let receive = opcode::RecvMulti::new(Fd(slot.fd), GROUP).build();
                self.ring.push(&receive.user_data(user_data(RECEIVE, slot.generation, index)));
            }
        }
        for index in std::mem::take(&mut self.to_poll) {
            let slot = &mut self.slots[index as usize];
            if slot.fd >= 0 && slot.polling == Polling::Wanted {
                slot.polling = Polling::InFlight;
                let poll = opcode::PollAdd::new(Fd(slot.fd), libc::POLLOUT as u32).build();
                self.ring.push(&poll.user_data(user_data(WRITABLE, slot.generation, index)));
            }
        }
        for request in std::mem::take(&mut self.to_cancel) {
            let cancel = opcode::AsyncCancel::new(request).build().flags(squeue::Flags::SKIP_SUCCESS);
            self.ring.push(&cancel.user_data(user_data(SILENT, 0, 0)));
        }
        for fd in std::mem::take(&mut self.to_close) {
            let close = opcode::Close::new(Fd(fd)).build().flags(squeue::Flags::SKIP_SUCCESS);
            self.ring.push(&close.user_data(user_data(SILENT, 0, 0)));
        }
        if !self.watching {
            self.watching = true;
            // Each signal to the eventfd completes it once more. It is never read, so there is no call for that either.
            let poll = opcode::PollAdd::new(Fd(self.wake_fd), libc::POLLIN as u32).multi(true).build();
            self.ring.push(&poll.user_data(user_data(WOKEN, 0, 0)));
        }
        if self.listening && self.listeners.iter().any(|listener| listener.fd >= 0 && !listener.accepting) {
            self.push_accepts();
        }
    }

    #[cold]
    fn push_accepts(&mut self) {
        let now_ns = clock::mono_ns();
        for (index, listener) in self.listeners.iter_mut().enumerate() {
            if listener.fd >= 0 && !listener.accepting && listener.again_ns <= now_ns {
                listener.accepting = true;
                let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
                let accept = opcode::AcceptMulti::new(Fd(listener.fd)).flags(flags).build();
                self.ring.push(&accept.user_data(user_data(ACCEPT, 0, index as u32)));
            }
        }
    }

    /// Drains a ring whose thread was ended. Gives whether nothing was lost.
    fn drain_dead(&mut self) -> bool {
        let mut events = std::mem::take(&mut self.found);
        let mut gone = false;
        for _ in 0..ADOPT_MS_MAX * 5 {
            gone = !thread_lives(self.ring.thread);
            // Once more after its end: its last requests were cancelled on its way out.
            self.complete_all(&mut events);
            if gone {
                break;
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        self.found = events;
        gone && !self.ring.io.submission().cq_overflow()
    }
}

impl Backend for Uring {
    fn name(&self) -> &'static str {
        "io_uring"
    }

    fn listen(&mut self, fd: i32, via: Via) -> io::Result<()> {
        let listener = Listener { fd, via, accepting: false, again_ns: 0 };
        match self.listeners.iter_mut().find(|place| place.is_vacant()) {
            Some(place) => *place = listener,
            None => self.listeners.push(listener),
        }
        Ok(())
    }

    fn unlisten(&mut self, fd: i32) {
        if let Some(index) = self.listeners.iter().position(|listener| listener.fd == fd) {
            self.listeners[index].fd = -1;
            if self.listeners[index].accepting {
                self.to_cancel.push(user_data(ACCEPT, 0, index as u32));
            }
        }
    }

    fn stop_listening(&mut self) {
        self.listening = false;
        for (index, listener) in self.listeners.iter().enumerate() {
            if listener.accepting {
                self.to_cancel.push(user_data(ACCEPT, 0, index as u32));
            }
        }
    }

    fn add(&mut self, slot: usize, fd: i32) -> io::Result<()> {
        while self.slots.len() <= slot {
            self.slots.push(Slot::VACANT);
        }
        let generation = self.slots[slot].generation;
        debug_assert!(self.slots[slot].fd < 0);
        self.slots[slot] = Slot { fd, generation, ..Slot::VACANT };
        self.to_receive.push(slot as u32);
        Ok(())
    }

    fn remove(&mut self, slot: usize, fd: i32) {
        let index = slot as u32;
        let Some(slot) = self.slots.get_mut(slot) else { return };
        debug_assert!(slot.fd == fd);
        self.ring.buffers.clear(&mut slot.chain);
        let (receive, poll) = (user_data(RECEIVE, slot.generation, index), user_data(WRITABLE, slot.generation, index));
        let (receiving, polling) = (slot.receiving, slot.polling == Polling::InFlight);
        *slot = Slot { generation: (slot.generation + 1) & GENERATION_BITS, ..Slot::VACANT };
        if receiving {
            self.to_cancel.push(receive);
        }
        if polling {
            self.to_cancel.push(poll);
        }
        if receiving || polling {
            // Requests hold the socket open: they are cancelled first.
            self.to_close.push(fd);
        } else {
            // SAFETY: the connection owned this descriptor and is being forgotten.
            unsafe { libc::close(fd) };
        }
    }

    fn receive(&mut self, index: usize, _fd: i32, into: &mut Vec<u8>, bytes_max: usize) -> Received {
        let slot = &mut self.slots[index];
        let mut count = 0;
        if !slot.unread.is_empty() {
            count = slot.unread.len().min(bytes_max);
            into.extend_from_slice(&slot.unread[..count]);
            slot.unread.drain(..count);
            if slot.unread.is_empty() {
                slot.unread = Vec::new();
            }
        }
        while slot.unread.is_empty() && count < bytes_max && !slot.chain.is_empty() {
            count += self.ring.buffers.take(&mut slot.chain, into);
        }
        if slot.paused && slot.unread.is_empty() {
            slot.paused = false;
            if slot.wants_bytes() {
                self.to_receive.push(index as u32);
            }
        }
        match count {
            0 if slot.failed => Received::Failed,
            0 if slot.ended => Received::Ended,
            0 => Received::Empty,
            count => Received::Bytes { count, more: slot.has_more() },
        }
    }

    fn send(&mut self, slot: usize, fd: i32, output: &[u8]) -> io::Result<usize> {
        let sent = send_now(fd, output)?;
        if sent < output.len() && self.slots[slot].polling == Polling::No {
            self.slots[slot].polling = Polling::Wanted;
            self.to_poll.push(slot as u32);
        }
        Ok(sent)
    }

    fn wait(&mut self, timeout_ms: u32, events: &mut Vec<Event>) -> Wake {
        self.free_buffers();
        self.push_requests();
        events.append(&mut self.found);
        let timeout_ms = if events.is_empty() { timeout_ms } else { 0 };
        let submitting = self.ring.io.submission().len();
        let before_ns = if submitting > 0 && timeout_ms > 0 { clock::mono_ns() } else { 0 };
        let entered = if timeout_ms == 0 {
            // SAFETY: nothing is passed but numbers.
            unsafe { self.ring.io.submitter().enter::<()>(submitting as u32, 0, GET_EVENTS, None) }
        } else {
            let time = Timespec::from(Duration::from_millis(timeout_ms.into()));
            self.ring.io.submitter().submit_with_args(1, &SubmitArgs::new().timespec(&time))
        };
        self.turn = self.turn.wrapping_add(1);
        let now_ns = clock::coarse_ns();
        if now_ns >= self.look_ns && self.listening {
            self.look_ns = now_ns + LOOK_AT_LISTENERS_NS;
            for listener in self.listeners.iter().filter(|listener| listener.fd >= 0) {
                accept_some(listener.fd, listener.via, events);
            }
        }
        if self.complete_all(events) {
            return Wake::Events;
        }
        match entered {
            Err(error) if error.raw_os_error() == Some(libc::EINTR) => Wake::Interrupted,
            // A call that has submitted something does not say that a signal ended its wait: it ended early.
            Ok(_) if before_ns != 0 && clock::mono_ns() - before_ns < u64::from(timeout_ms) * 1_000_000 => {
                Wake::Interrupted
            }
            _ => Wake::Events,
        }
    }

    fn adopt(&mut self) -> io::Result<()> {
        let whole = self.drain_dead();
        self.free_buffers();
        if !whole {
            // Completions are lost: whose receive has not ended may miss bytes. Such a connection cannot go on.
            for (index, slot) in self.slots.iter_mut().enumerate().filter(|(_, slot)| slot.fd >= 0 && slot.receiving) {
                slot.failed = true;
                self.found.push(Event::Readable { slot: index });
            }
        }
        self.ring = Ring::new()?;
        self.to_cancel.clear();
        for fd in self.to_close.drain(..) {
            // SAFETY: connections that were removed owned these.
            unsafe { libc::close(fd) };
        }
        self.watching = false;
        for listener in &mut self.listeners {
            listener.accepting = false;
        }
        self.to_receive.clear();
        self.to_poll.clear();
        for (index, slot) in self.slots.iter_mut().enumerate() {
            slot.receiving = false;
            if slot.wants_bytes() {
                self.to_receive.push(index as u32);
            }
            if slot.polling != Polling::No {
                slot.polling = Polling::Wanted;
                self.to_poll.push(index as u32);
            }
        }
        wake::signal(self.wake_fd);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::fd::IntoRawFd;
    use std::os::unix::net::UnixStream;

    #[test]
    fn completions_that_a_dying_thread_has_not_seen_are_taken_over_once_it_is_dead() {
        let Ok(_) = Uring::new(wake::create()) else { return eprintln!("io_uring not tested") };
        let (own, mut peer) = UnixStream::pair().unwrap();
        let fd = own.into_raw_fd();
        let (give, take) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let mut net = Uring::new(wake::create()).unwrap();
            net.add(0, fd).unwrap();
            net.wait(0, &mut Vec::new());
            peer.write_all(b"not seen").unwrap();
            drop(peer);
            // The kernel receives; the thread ends before it looks.
            // SAFETY: nothing is passed but numbers.
            unsafe { net.ring.io.submitter().enter::<()>(0, 0, GET_EVENTS, None) }.unwrap();
            assert!(!net.ring.io.completion().is_empty());
            give.send(net).ok();
            std::thread::sleep(Duration::from_millis(30));
        });
        let mut net = take.recv().unwrap();
        let old = net.ring.thread;
        net.adopt().unwrap();
        assert!(!thread_lives(old), "a living thread still owns its ring");
        let (mut events, mut got) = (Vec::new(), Vec::new());
        net.wait(0, &mut events);
        assert!(events.contains(&Event::Readable { slot: 0 }));
        assert_eq!(net.receive(0, fd, &mut got, 100), Received::Bytes { count: 8, more: true });
        assert_eq!(net.receive(0, fd, &mut got, 100), Received::Ended);
        assert_eq!(got, b"not seen");
        net.remove(0, fd);
        thread.join().unwrap();
    }
}
