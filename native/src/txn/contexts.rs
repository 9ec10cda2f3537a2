//! The transaction contexts of one core, which its thread uses in turn, each with latches of its own.
//!
//! ```text
//!   own      what the core does, a request after the other
//!   beside   the same while a script, which has the own one, goes on for long
//!   held     a command of very many arguments: it keeps its latches from slice to slice, and the requests of others run between
//! ```
//!
//! A context that meets a latch of another one of its core need not spin: nobody lets it go meanwhile.

use super::Txn;
use crate::ds::latch::LatchSet;
use crate::store::Store;
use crate::store::counters::{CORES_MAX, HELPERS_MAX};

const BESIDE: usize = CORES_MAX;
/// Behind the helpers of [`Txn::helper_of`].
const HELD: usize = 2 * CORES_MAX + HELPERS_MAX;

pub(super) fn own_token(core: usize) -> u32 {
    core as u32 + 1
}

pub(super) fn held_token(core: usize) -> u32 {
    (HELD + core) as u32 + 1
}

impl Txn {
    /// As [`Txn::new`], for a core that may have to share its latches later.
    pub fn of_core(store: &'static Store, core: usize, sole: bool) -> Txn {
        if sole {
            store.sole.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
        Txn { sole, ..Txn::new(store, core, sole) }
    }

    /// A second context for the thread numbered `core`, beside the one whose script holds latches.
    pub fn beside(store: &'static Store, core: usize, sole: bool) -> Txn {
        let token = (BESIDE + core) as u32 + 1;
        let latches = LatchSet::new(&store.shards, token, sole).with_kin(held_token(core));
        Txn { latches, beside: true, ..Txn::new(store, core, sole) }
    }

    /// A context for the thread numbered `core` that keeps its latches while the others run.
    pub fn held(store: &'static Store, core: usize) -> Txn {
        let latches = LatchSet::new(&store.shards, held_token(core), false).with_kin(own_token(core));
        Txn { latches, beside: true, ..Txn::new(store, core, false) }
    }

    /// The core that holds a shard now.
    pub fn holder(&self, shard: u32) -> Option<usize> {
        let index = self.latches.holder(shard).checked_sub(1)? as usize;
        match index {
            0..HELD if index < 2 * CORES_MAX => Some(index % CORES_MAX),
            HELD.. => Some(index - HELD),
            _ => None,
        }
    }

    pub fn holds_latches(&self) -> bool {
        !self.latches.is_empty()
    }

    /// Other threads run transactions from now on. Nothing is latched.
    pub fn share_latches(&mut self) {
        self.latches.share();
        if std::mem::take(&mut self.sole) {
            self.store.sole.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
        }
    }
}
