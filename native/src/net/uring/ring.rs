//! A ring, the thread it belongs to, and how its requests are told apart.
//!
//! A request's user data names its slot and the slot's generation, so that completions of a closed connection do not
//! reach the next one in its slot:
//!
//! ```text
//!   63..60 kind · 59..32 generation · 31..0 slot (connections) or index (listeners)
//! ```

use std::io;

use io_uring::{IoUring, squeue};

use super::buffers::Buffers;

/// Entries of the submission queue; a turn with more requests submits in between.
const SUBMISSIONS: u32 = 256;
/// Entries of the completion queue: 16 bytes each. All requests of a dead thread should fit, one per connection.
const COMPLETIONS: u32 = 16 * 1024;

pub(super) const RECEIVE: u64 = 1;
pub(super) const WRITABLE: u64 = 2;
pub(super) const ACCEPT: u64 = 3;
pub(super) const WOKEN: u64 = 4;
/// Requests whose completion says nothing: cancel and close.
pub(super) const SILENT: u64 = 5;
pub(super) const GENERATION_BITS: u32 = (1 << 28) - 1;

pub(super) fn user_data(kind: u64, generation: u32, slot: u32) -> u64 {
    kind << 60 | u64::from(generation & GENERATION_BITS) << 32 | u64::from(slot)
}

/// A ring and its buffers, dropped in this order.
pub(super) struct Ring {
    pub(super) io: IoUring,
    pub(super) buffers: Buffers,
    /// Thread that made it and may use it.
    pub(super) thread: i32,
}

impl Ring {
    pub(super) fn new() -> io::Result<Ring> {
        let io = IoUring::builder()
            .setup_single_issuer()
            .setup_defer_taskrun()
            .setup_clamp()
            .setup_cqsize(COMPLETIONS)
            .build(SUBMISSIONS)?;
        if !io.params().is_feature_ext_arg() || !io.params().is_feature_nodrop() {
            return Err(io::Error::from(io::ErrorKind::Unsupported));
        }
        let buffers = Buffers::new(&io)?;
        // SAFETY: no pointers; cannot fail.
        let thread = unsafe { libc::gettid() };
        Ok(Ring { io, buffers, thread })
    }

    pub(super) fn push(&mut self, entry: &squeue::Entry) {
        // SAFETY: the requests pushed here refer to no memory, but for receives, whose buffers live as long as the ring.
        while unsafe { self.io.submission().push(entry) }.is_err() {
            // SAFETY: nothing is passed but numbers.
            if let Err(error) = unsafe { self.io.submitter().enter::<()>(SUBMISSIONS, 0, 0, None) } {
                assert!(error.kind() == io::ErrorKind::Interrupted, "submitting to a ring of one's own: {error}");
            }
        }
    }
}

/// Is there such a thread, other than the calling one?
pub(super) fn thread_lives(thread: i32) -> bool {
    // SAFETY: no pointers; signal 0 only asks.
    unsafe { libc::gettid() != thread && libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, 0) == 0 }
}
