//! MULTI: the queue of a client's transaction.

use crate::resp::args::OwnedArgs;

/// Bytes that one transaction may queue; beyond it the transaction is aborted.
pub const QUEUE_BYTES_MAX: usize = 1 << 30;

#[derive(Default)]
pub struct Multi {
    /// Row number and arguments of each queued command.
    pub queue: Vec<(u16, OwnedArgs)>,
    pub bytes: usize,
    /// Database that a queued SELECT will have chosen for the commands behind it.
    pub db: Option<u32>,
    /// Replies of the main thread to queued commands, by their place in the queue: a transaction that is tried again asks once.
    pub answers: Vec<(usize, Vec<u8>)>,
    /// A command was refused while queueing: EXEC will reply EXECABORT.
    pub aborted: bool,
}

impl Multi {
    /// The main thread's reply to the command at `place` of the queue, if it has come.
    pub fn answer(&self, place: usize) -> Option<&[u8]> {
        self.answers.iter().find(|(at, _)| *at == place).map(|(_, reply)| reply.as_slice())
    }

    pub fn push(&mut self, row: u16, argv: OwnedArgs) {
        self.bytes += argv.memory_bytes();
        self.queue.push((row, argv));
        if self.bytes > QUEUE_BYTES_MAX {
            self.aborted = true;
            self.queue.clear();
        }
    }
}
