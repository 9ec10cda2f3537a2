//! The epoll backend: edge-triggered, one registration for the life of a connection.

use std::collections::HashSet;
use std::io;

use super::backend::{Backend, Event, Received, Wake};
use super::socket::{accept_some, send_now};
use crate::session::server::Via;
use crate::sys::wake;

const EVENTS_MAX: usize = 256;
/// Data words of events that are no connections.
const WAKE: u64 = u64::MAX;
const LISTENER: u64 = 1 << 62;
/// Two bits tell which kind of listener.
const VIA_SHIFT: u32 = 60;

pub struct Epoll {
    fd: i32,
    wake_fd: i32,
    listeners: Vec<i32>,
    raw: Vec<libc::epoll_event>,
    /// Slots whose peer has sent its last byte. One edge tells of bytes and end together, so a short receive is not the last there.
    ended: HashSet<usize>,
}

impl Epoll {
    /// `wake_fd`: the eventfd that ends a wait.
    pub fn new(wake_fd: i32) -> io::Result<Epoll> {
        // SAFETY: no pointers; the result is checked.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        let epoll = Epoll {
            fd,
            wake_fd,
            listeners: Vec::new(),
            raw: vec![libc::epoll_event { events: 0, u64: 0 }; EVENTS_MAX],
            ended: HashSet::new(),
        };
        epoll.control(libc::EPOLL_CTL_ADD, wake_fd, libc::EPOLLIN as u32, WAKE)?;
        Ok(epoll)
    }

    fn control(&self, operation: i32, fd: i32, events: u32, data: u64) -> io::Result<()> {
        let mut event = libc::epoll_event { events, u64: data };
        // SAFETY: `event` is valid for the call; the descriptors are checked by the kernel.
        if unsafe { libc::epoll_ctl(self.fd, operation, fd, &mut event) } < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }
}

impl Backend for Epoll {
    fn name(&self) -> &'static str {
        "epoll"
    }

    fn listen(&mut self, fd: i32, via: Via) -> io::Result<()> {
        let data = LISTENER | (via as u64) << VIA_SHIFT | fd as u64;
        self.control(libc::EPOLL_CTL_ADD, fd, (libc::EPOLLIN | libc::EPOLLEXCLUSIVE) as u32, data)?;
        self.listeners.push(fd);
        Ok(())
    }

    fn unlisten(&mut self, fd: i32) {
        self.listeners.retain(|known| *known != fd);
        let _ = self.control(libc::EPOLL_CTL_DEL, fd, 0, 0);
    }

    fn stop_listening(&mut self) {
        for fd in std::mem::take(&mut self.listeners) {
            let _ = self.control(libc::EPOLL_CTL_DEL, fd, 0, 0);
        }
    }

    fn add(&mut self, slot: usize, fd: i32) -> io::Result<()> {
        let events = libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP | libc::EPOLLET;
        self.control(libc::EPOLL_CTL_ADD, fd, events as u32, slot as u64)
    }

    fn remove(&mut self, slot: usize, fd: i32) {
        self.ended.remove(&slot);
        // SAFETY: the connection owned this descriptor and is being forgotten; closing takes it off the epoll set.
        unsafe { libc::close(fd) };
    }

    fn receive(&mut self, slot: usize, fd: i32, into: &mut Vec<u8>, bytes_max: usize) -> Received {
        into.reserve(bytes_max);
        let room = into.capacity() - into.len();
        // SAFETY: `room` bytes behind the vector's length are allocated; only those the kernel filled become its length.
        let count = unsafe { libc::recv(fd, into.as_mut_ptr().add(into.len()).cast(), room, 0) };
        match count {
            0 => Received::Ended,
            count if count > 0 => {
                // SAFETY: the kernel initialised `count` bytes behind the old length.
                unsafe { into.set_len(into.len() + count as usize) };
                let more = count as usize == room || (!self.ended.is_empty() && self.ended.contains(&slot));
                Received::Bytes { count: count as usize, more }
            }
            _ => match io::Error::last_os_error().kind() {
                io::ErrorKind::WouldBlock => Received::Empty,
                io::ErrorKind::Interrupted => Received::Bytes { count: 0, more: true },
                _ => Received::Failed,
            },
        }
    }

    fn send(&mut self, _slot: usize, fd: i32, output: &[u8]) -> io::Result<usize> {
        send_now(fd, output)
    }

    fn wait(&mut self, timeout_ms: u32, events: &mut Vec<Event>) -> Wake {
        // SAFETY: `raw` has room for EVENTS_MAX events.
        let count = unsafe { libc::epoll_wait(self.fd, self.raw.as_mut_ptr(), EVENTS_MAX as i32, timeout_ms as i32) };
        if count < 0 {
            return Wake::Interrupted;
        }
        for raw in &self.raw[..count as usize] {
            let (flags, data) = (raw.events, raw.u64);
            if data == WAKE {
                wake::clear(self.wake_fd);
                events.push(Event::Woken);
            } else if data & LISTENER != 0 {
                let via = match data >> VIA_SHIFT & 3 {
                    0 => Via::Tcp,
                    1 => Via::Tls,
                    _ => Via::Unix,
                };
                accept_some((data & 0xffff_ffff) as i32, via, events);
            } else {
                let slot = data as usize;
                if flags & (libc::EPOLLRDHUP | libc::EPOLLHUP | libc::EPOLLERR) as u32 != 0 {
                    self.ended.insert(slot);
                }
                if flags & (libc::EPOLLIN | libc::EPOLLRDHUP | libc::EPOLLHUP | libc::EPOLLERR) as u32 != 0 {
                    events.push(Event::Readable { slot });
                }
                if flags & libc::EPOLLOUT as u32 != 0 {
                    events.push(Event::Writable { slot });
                }
            }
        }
        Wake::Events
    }

    /// An epoll set belongs to no thread.
    fn adopt(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Epoll {
    fn drop(&mut self) {
        // SAFETY: the descriptor is owned by this backend.
        unsafe { libc::close(self.fd) };
    }
}
