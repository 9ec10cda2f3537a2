//! Asking every core about its connections: CLIENT LIST, CLIENT KILL and the like.
//!
//! The asking connection is parked; each core runs the question over its own connections in its own loop, and mails its
//! answer back; the last one makes the reply. No core ever reads another's connections.

use super::conn::Conns;

/// One core's part: reads or changes its connections, gives a text and a number.
pub type Question = Box<dyn Fn(&mut Conns) -> (Vec<u8>, i64) + Send + Sync>;

/// Makes the reply, in the asker's protocol, from the texts (in the order of the cores, joined) and the sum of numbers.
pub type Combine = Box<dyn FnOnce(&mut crate::resp::reply::Reply, Vec<u8>, i64) + Send>;

pub struct Gather {
    /// None once it has been sent out.
    pub question: Option<Question>,
    pub combine: Combine,
}
