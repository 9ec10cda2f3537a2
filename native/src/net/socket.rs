//! Calls on non-blocking sockets that every backend makes.

use std::io;

use super::backend::Event;
use crate::session::server::Via;

/// Sends what the socket takes; gives how many bytes that were.
pub fn send_now(fd: i32, output: &[u8]) -> io::Result<usize> {
    let mut sent = 0;
    while sent < output.len() {
        let rest = &output[sent..];
        // SAFETY: `rest` is readable for its length.
        let count =
            unsafe { libc::send(fd, rest.as_ptr().cast(), rest.len(), libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT) };
        if count < 0 {
            let error = io::Error::last_os_error();
            match error.kind() {
                io::ErrorKind::WouldBlock => break,
                io::ErrorKind::Interrupted => continue,
                _ => return Err(error),
            }
        }
        sent += count as usize;
    }
    Ok(sent)
}

/// Accepts connections that wait, as events. A few at a time: the rest comes with the next turn, so that a flood of
/// connections starves nobody.
pub fn accept_some(listener: i32, via: Via, events: &mut Vec<Event>) {
    for _ in 0..64 {
        let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        // SAFETY: null address pointers are allowed; the result is checked.
        let fd = unsafe { libc::accept4(listener, std::ptr::null_mut(), std::ptr::null_mut(), flags) };
        if fd < 0 {
            return;
        }
        events.push(Event::Accepted { fd, via });
    }
}
