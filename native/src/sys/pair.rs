//! Two sockets that are connected with each other.

use std::io;
use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixStream;

/// Descriptors of both ends; neither blocks, and a child process does not inherit them.
pub fn stream() -> io::Result<(i32, i32)> {
    let (one, other) = UnixStream::pair()?;
    one.set_nonblocking(true)?;
    other.set_nonblocking(true)?;
    Ok((one.into_raw_fd(), other.into_raw_fd()))
}
