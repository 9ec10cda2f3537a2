//! Long work in slices, between the requests of others.

use super::Txn;
use crate::resp::args::OwnedArgs;
use crate::resp::reply::Reply;
use crate::sys::clock;

/// Nanoseconds of a slice of long work: what a request that comes meanwhile waits for, more or less.
pub const SLICE_NS: u64 = 100_000;

/// A slice in progress.
#[derive(Clone, Copy)]
pub struct Slice {
    began_ns: u64,
}

impl Slice {
    pub fn begin() -> Slice {
        Slice { began_ns: clock::mono_ns() }
    }

    /// Is it the turn of others? Reads the clock.
    pub fn is_over(self) -> bool {
        clock::mono_ns() - self.began_ns > SLICE_NS
    }
}

/// The rest of a command that walks much; see [`Effect::Slices`].
pub trait Work: Send {
    /// Does one [`Slice`]. Err names a shard that is held for long: come back when it is free.
    fn step(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32>;

    /// Is it one transaction over all its slices, whose latches are kept in between? It runs in [`Txn::held`] then.
    fn is_held(&self) -> bool {
        false
    }

    /// Gives it the request it came from, where it is held, before the first slice.
    fn take_request(&mut self, _: OwnedArgs) {}
}

#[derive(PartialEq, Eq, Debug)]
pub enum Progress {
    More,
    Done,
}
