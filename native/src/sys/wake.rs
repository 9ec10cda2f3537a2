//! Eventfds: how one thread ends another's wait.

/// A new non-blocking eventfd.
pub fn create() -> i32 {
    // SAFETY: no pointers; the result is checked.
    let fd = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
    assert!(fd >= 0, "the kernel gave no eventfd");
    fd
}

/// Makes the eventfd readable.
pub fn signal(fd: i32) {
    let one = 1u64;
    // SAFETY: eight readable bytes; a full counter (EAGAIN) is readable already.
    unsafe { libc::write(fd, (&raw const one).cast(), 8) };
}

/// Makes it unreadable again.
pub fn clear(fd: i32) {
    let mut count = 0u64;
    // SAFETY: eight writable bytes; an empty counter (EAGAIN) is fine.
    unsafe { libc::read(fd, (&raw mut count).cast(), 8) };
}

/// Waits until the eventfd is readable, `timeout_ms` at most, and makes it unreadable. True: a signal ended the wait.
pub fn wait(fd: i32, timeout_ms: i32) -> bool {
    let mut polled = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: one pollfd, writable.
    let count = unsafe { libc::poll(&raw mut polled, 1, timeout_ms) };
    if count > 0 {
        clear(fd);
    }
    count < 0
}
