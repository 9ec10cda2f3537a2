//! What a core's loop needs of the network. Another way of doing I/O is one more file that implements this.

use std::io;

use crate::session::server::Via;

/// What has happened on a socket, by the slot of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A new socket.
    Accepted { fd: i32, via: Via },
    /// Bytes, or the end of input, can be received.
    Readable { slot: usize },
    /// Output that was held back can be sent on.
    Writable { slot: usize },
    /// The wake descriptor was signalled.
    Woken,
}

/// How a receive went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// So many bytes, and perhaps more to come at once.
    Bytes { count: usize, more: bool },
    /// Nothing there now.
    Empty,
    /// The peer sent its last byte.
    Ended,
    /// The connection is broken.
    Failed,
}

pub trait Backend {
    /// `epoll` or `io_uring`, as INFO and the log show it.
    fn name(&self) -> &'static str;

    /// Starts accepting on a listening socket, shared with the other cores.
    fn listen(&mut self, fd: i32, via: Via) -> io::Result<()>;

    /// Forgets a socket that was given to `listen` and is shut down by now. It may be closed after this.
    fn unlisten(&mut self, fd: i32);

    /// Stops accepting; the sockets stay open for others.
    fn stop_listening(&mut self);

    /// Starts receiving for the connection in `slot`.
    fn add(&mut self, slot: usize, fd: i32) -> io::Result<()>;

    /// Forgets the connection in `slot` and closes its socket, at the latest in the next wait.
    fn remove(&mut self, slot: usize, fd: i32);

    /// Appends what has arrived to `into`, at most about `bytes_max`.
    fn receive(&mut self, slot: usize, fd: i32, into: &mut Vec<u8>, bytes_max: usize) -> Received;

    /// Sends of `output` what the socket takes; gives how many bytes that were. The rest is to be offered again at
    /// [`Event::Writable`].
    fn send(&mut self, slot: usize, fd: i32, output: &[u8]) -> io::Result<usize>;

    /// Waits up to `timeout_ms` for events and appends them.
    fn wait(&mut self, timeout_ms: u32, events: &mut Vec<Event>) -> Wake;

    /// The calling thread takes over from the one that used the backend so far, which was ended (or ends within
    /// moments). No byte, connection or wake-up is lost by it. An error: there is no way to go on.
    fn adopt(&mut self) -> io::Result<()>;
}

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    Events,
    /// A signal: the VM of this thread may want to be let in.
    Interrupted,
}
