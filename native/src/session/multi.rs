//! MULTI: the queue of a client's transaction.

use crate::resp::args::OwnedArgs;

/// Bytes that one transaction may queue; beyond it the transaction is aborted.
pub const QUEUE_BYTES_MAX: usize = 1 << 30;

#[derive(Default)]
pub struct Multi {
    /// Row number and arguments of each queued command.
    pub queue: Vec<(u16, OwnedArgs)>,
    pub bytes: usize,
    /// A command was refused while queueing: EXEC will reply EXECABORT.
    pub aborted: bool,
}

impl Multi {
    pub fn push(&mut self, row: u16, argv: OwnedArgs) {
        self.bytes += argv.memory_bytes();
        self.queue.push((row, argv));
        if self.bytes > QUEUE_BYTES_MAX {
            self.aborted = true;
            self.queue.clear();
        }
    }
}
