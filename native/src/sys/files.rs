//! Files in memory, and on their way to disk.

use std::fs::File;
use std::io;
use std::ops::{Deref, Range};
use std::os::fd::AsRawFd;
use std::path::Path;

/// Has the system begin to write a range of a file to disk. Nothing is waited for, unless the disk has more to do than it can queue;
/// nothing is promised, and what goes wrong is told by the next fsync.
#[cfg(target_os = "linux")]
pub fn begin_writing(file: &File, range: Range<u64>) {
    let (from, bytes) = (range.start as i64, range.end.saturating_sub(range.start) as i64);
    // SAFETY: a call on a descriptor that is open, without pointers.
    unsafe { libc::sync_file_range(file.as_raw_fd(), from, bytes, libc::SYNC_FILE_RANGE_WRITE) };
}

#[cfg(not(target_os = "linux"))]
pub fn begin_writing(_: &File, _: Range<u64>) {}

/// A file, mapped to be read once from its front. Nobody may cut it meanwhile: reading past its end ends the process.
pub struct Mapped {
    start: *mut libc::c_void,
    bytes: usize,
}

// SAFETY: the mapping is never written through this.
unsafe impl Send for Mapped {}

impl Mapped {
    pub fn open(path: &Path) -> io::Result<Mapped> {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len() as usize;
        if bytes == 0 {
            return Ok(Mapped { start: std::ptr::null_mut(), bytes });
        }
        // SAFETY: a new mapping of a file that is open, at a place that the kernel chooses.
        let start =
            unsafe { libc::mmap(std::ptr::null_mut(), bytes, libc::PROT_READ, libc::MAP_PRIVATE, file.as_raw_fd(), 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the range was mapped just now.
        unsafe { libc::madvise(start, bytes, libc::MADV_SEQUENTIAL) };
        Ok(Mapped { start, bytes })
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        if self.bytes == 0 {
            return &[];
        }
        // SAFETY: so many bytes are mapped there until this is dropped.
        unsafe { std::slice::from_raw_parts(self.start.cast(), self.bytes) }
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        if self.bytes > 0 {
            // SAFETY: the range that `open` has mapped.
            unsafe { libc::munmap(self.start, self.bytes) };
        }
    }
}
