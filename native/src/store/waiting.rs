//! Clients that wait for a key to hold something: BLPOP and its like, XREAD BLOCK.
//!
//! ```text
//!   shard.waiting:  (db, key) ─▶ queue of Arc<Waiter>, first come first served
//!   waiter.state:   WAITING ──claim──▶ SERVING ──finish──▶ over
//!                      ▲                  │
//!                      └────release───────┘      cancel sets a bit beside either: from WAITING it is over at once, from
//!                                                SERVING whoever serves sees the bit when it is through
//! ```
//!
//! A waiter stands in the queues of all its keys. Whoever changes one of them, on whatever core, runs the waiter's command under
//! the latches it holds, and mails the reply to the client's core. The state decides between that and a timeout or a lost
//! connection on the client's own core; queues are touched under their shard's latch only.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

use crate::acl::user::User;
use crate::resp::args::OwnedArgs;
use crate::resp::reply::Protocol;

const WAITING: u8 = 0;
const SERVING: u8 = 1;
const OVER: u8 = 2;
const CANCELLED: u8 = 4;

/// Where a waiter stands; a new one waits.
#[derive(Default)]
pub struct State(AtomicU8);

/// One client's blocked command.
pub struct Waiter {
    pub state: State,
    /// Where its connection lives, and its client's id.
    pub core: usize,
    pub client: u64,
    pub db: u32,
    /// Who waits, by the rules of `users_version`.
    pub user: Arc<User>,
    pub users_version: u64,
    /// Each key once.
    pub keys: Vec<Box<[u8]>>,
    /// The TYPE whose presence under a key lets it run: `list`, `zset`, `stream`.
    pub awaited: &'static str,
    /// It also runs when a key goes away or holds another type.
    pub gone_counts: bool,
    /// Number of its row in the command table.
    pub row: u16,
    pub request: OwnedArgs,
    pub proto: Protocol,
    /// The reply when its time is over, in its protocol.
    pub nothing: &'static [u8],
    /// Ms since the epoch; None: for ever.
    pub deadline_ms: Option<i64>,
    /// When its command wants to run though no key changed, ms since the epoch; `i64::MAX`: never.
    pub again_ms: AtomicI64,
}

impl Waiter {
    /// Takes it to serve it. False: it is over, or somebody else serves it.
    pub fn claim(&self) -> bool {
        self.state.0.compare_exchange(WAITING, SERVING, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Puts it back into its place after a claim. False: it was cancelled meanwhile, and is over now.
    pub fn release(&self) -> bool {
        if self.state.0.compare_exchange(SERVING, WAITING, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            return true;
        }
        self.finish();
        false
    }

    /// Ends it after a claim: its reply is made.
    pub fn finish(&self) {
        self.state.0.store(OVER, Ordering::Release);
    }

    /// Ends it from its own core. False: it is being served, and its reply comes by mail whatever happens.
    pub fn cancel(&self) -> bool {
        self.state.0.fetch_or(CANCELLED, Ordering::AcqRel) == WAITING
    }

    pub fn is_over(&self) -> bool {
        !matches!(self.state.0.load(Ordering::Acquire), WAITING | SERVING)
    }
}

/// Who waits for one key.
#[derive(Default)]
pub struct Queue {
    waiters: VecDeque<Arc<Waiter>>,
    /// Waiters to whom the key's absence counts too.
    gone_counts: usize,
}

impl Queue {
    /// Adds a waiter at the end; those before it that are over go.
    pub fn push(&mut self, waiter: Arc<Waiter>) {
        while self.waiters.front().is_some_and(|first| first.is_over()) {
            self.remove_at(0);
        }
        self.gone_counts += waiter.gone_counts as usize;
        self.waiters.push_back(waiter);
    }

    pub fn get(&self, at: usize) -> Option<&Arc<Waiter>> {
        self.waiters.get(at)
    }

    /// Does anybody wait who runs when the key is not there?
    pub fn any_gone_counts(&self) -> bool {
        self.gone_counts != 0
    }

    pub fn remove_at(&mut self, at: usize) {
        if let Some(waiter) = self.waiters.remove(at) {
            self.gone_counts -= waiter.gone_counts as usize;
        }
    }

    pub fn remove(&mut self, waiter: &Arc<Waiter>) {
        // Served waiters stand near the front; those that gave up anywhere.
        if let Some(at) = self.waiters.iter().position(|other| Arc::ptr_eq(other, waiter)) {
            self.remove_at(at);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.waiters.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acl::catalog::Catalog;
    use crate::acl::table::Acl;

    fn waiter(gone_counts: bool) -> Arc<Waiter> {
        let (user, users_version) = Acl::new(Catalog::new(Vec::new(), &[])).default_now();
        Arc::new(Waiter {
            user,
            users_version,
            state: State::default(),
            core: 0,
            client: 1,
            db: 0,
            keys: vec![Box::from(&b"k"[..])],
            awaited: "list",
            gone_counts,
            row: 0,
            request: OwnedArgs::of(&[b"BLPOP", b"k", b"0"]),
            proto: Protocol::Resp2,
            nothing: b"*-1\r\n",
            deadline_ms: None,
            again_ms: i64::MAX.into(),
        })
    }

    #[test]
    fn a_cancelled_waiter_is_served_by_nobody_and_a_claimed_one_is_cancelled_by_nobody() {
        let one = waiter(false);
        assert!(one.claim() && !one.claim() && !one.cancel());
        assert!(!one.release() && one.is_over(), "the cancellation is seen when it is put back");
        let two = waiter(false);
        assert!(two.claim() && two.release() && two.cancel() && two.is_over() && !two.claim());
        let three = waiter(false);
        assert!(three.claim());
        three.finish();
        assert!(!three.cancel() && !three.claim());
    }

    #[test]
    fn a_queue_keeps_its_order_and_lets_go_of_those_that_are_over() {
        let mut queue = Queue::default();
        let all: Vec<_> = (0..4).map(|at| waiter(at == 2)).collect();
        all.iter().for_each(|one| queue.push(one.clone()));
        assert!(queue.any_gone_counts() && Arc::ptr_eq(queue.get(0).expect("four wait"), &all[0]));
        queue.remove(&all[2]);
        assert!(!queue.any_gone_counts());
        assert!(all[0].cancel() && all[1].cancel());
        queue.push(all[2].clone());
        assert!(Arc::ptr_eq(queue.get(0).expect("two wait"), &all[3]));
        queue.remove(&all[3]);
        queue.remove(&all[2]);
        assert!(queue.is_empty() && !queue.any_gone_counts());
    }
}
