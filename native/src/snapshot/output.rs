//! An RDB file being written: beside the one it will replace, summed up on the way, at most so fast as asked.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::crc64::crc64;

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 1 << 20;
/// Bytes after which what is written goes to disk, so that the last fsync has little left to do.
const SYNC_BYTES: u64 = 32 << 20;

/// How a file is written.
#[derive(Clone, Copy)]
pub struct Manner {
    /// `rdbchecksum`.
    pub sum: bool,
    /// `rdb-save-incremental-fsync`.
    pub sync_often: bool,
    /// Bytes a second; 0: as fast as it goes.
    pub rate: u64,
}

pub struct Output {
    file: File,
    path: PathBuf,
    target: PathBuf,
    manner: Manner,
    buffer: Vec<u8>,
    crc: u64,
    pub written: u64,
    synced: u64,
    began: Instant,
}

impl Output {
    /// Begins a file that will be `target`.
    pub fn create(target: &Path, manner: Manner) -> io::Result<Output> {
        // Names that whoever tidies up knows from Redis.
        let (pid, is_snapshot) = (std::process::id(), target.extension().is_some_and(|end| end == "rdb"));
        let name = if is_snapshot { format!("temp-{pid}.rdb") } else { format!("temp-rewriteaof-bg-{pid}.aof") };
        Output::create_as(target.with_file_name(name), target, manner)
    }

    /// As [`Output::create`], while another one may be written to the same end.
    pub fn create_beside(target: &Path, manner: Manner) -> io::Result<Output> {
        Output::create_as(target.with_file_name(format!("temp-{}-direct.rdb", std::process::id())), target, manner)
    }

    fn create_as(path: PathBuf, target: &Path, manner: Manner) -> io::Result<Output> {
        let file = File::create(&path)?;
        Ok(Output {
            file,
            path,
            target: target.into(),
            manner,
            buffer: Vec::with_capacity(BUFFER_BYTES),
            crc: 0,
            written: 0,
            synced: 0,
            began: Instant::now(),
        })
    }

    pub fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.manner.sum {
            self.crc = crc64(self.crc, &self.buffer);
        }
        self.file.write_all(&self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        if self.manner.sync_often && self.written - self.synced >= SYNC_BYTES {
            self.file.sync_data()?;
            self.synced = self.written;
        }
        if let Some(due_ms) = (self.written * 1000).checked_div(self.manner.rate) {
            let ahead = Duration::from_millis(due_ms).saturating_sub(self.began.elapsed());
            thread::sleep(ahead.min(Duration::from_secs(1)));
        }
        Ok(())
    }

    /// Writes the end of an RDB file.
    pub fn push_sum(&mut self) -> io::Result<()> {
        self.buffer.push(0xff);
        self.flush()?;
        let sum = if self.manner.sum { self.crc } else { 0 };
        self.push(&sum.to_le_bytes())
    }

    /// Has all of it on disk.
    pub fn sync(&mut self) -> io::Result<()> {
        self.flush()?;
        self.file.sync_all()
    }

    /// Puts the file in its place, which is on disk then. Gives its length.
    pub fn finish(mut self) -> io::Result<u64> {
        self.sync()?;
        self.place()
    }

    /// The second half of [`Output::finish`].
    pub fn place(mut self) -> io::Result<u64> {
        fs::rename(&self.path, &self.target)?;
        let folder = self.target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
        self.path = PathBuf::new();
        Ok(self.written)
    }
}

impl Drop for Output {
    /// A file that did not come to its end goes.
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            let _ = fs::remove_file(&self.path);
        }
    }
}
