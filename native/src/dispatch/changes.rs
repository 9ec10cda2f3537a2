//! After a commit, under its latches: who has waited for the keys that changed is served.
//!
//! ```text
//!   commit ─▶ changes ─▶ ready keys ─▶ the first waiter of each runs its command here ─▶ reply by mail to its core
//!                            ▲                        │
//!                            └──── what it changed ───┘        (a chain of BLMOVEs)
//! ```
//!
//! Order is Redis's: keys as they changed, waiters of a key as they came, each waiter once. It all happens before the latches of
//! the change are let go, so no third client comes between. A waiter whose command needs further shards has them try-latched;
//! where one is taken, it is served a little later under all its latches, in order ([`Executor::serve_deferred`]).

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::execute::Executor;
use super::handler::record_request;
use super::permission::permitted;
use crate::acl::check::{Denial, Reason};
use crate::commands::row::Run;
use crate::commands::table::table;
use crate::resp::reply::Reply;
use crate::session::server::Mail;
use crate::store::waiting::Waiter;
use crate::sys::clock;
use crate::txn::{Effect, Progress};

/// A key of a database.
pub type Name = (u32, Box<[u8]>);

/// How an attempt to serve one waiter ended.
enum Served {
    Replied,
    /// Still nothing for it: it stays in its place.
    Not,
    /// It is over, or somebody else serves it.
    Gone,
    /// A shard it needs is taken.
    Later,
}

impl Executor {
    /// Tells whoever is concerned what was committed just now. The latches of its keys are held.
    #[cold]
    pub(super) fn after_changes(&mut self) {
        let db = self.txn.db;
        let mut ready = VecDeque::new();
        self.tell(&mut ready);
        if !ready.is_empty() {
            // What was changed may have taken its time, and a key of it may have expired since.
            self.txn.set_clock(clock::now_ms());
        }
        while let Some((db, key)) = ready.pop_front() {
            self.serve(db, &key, &mut ready);
        }
        self.txn.db = db;
    }

    fn tell(&mut self, ready: &mut VecDeque<Name>) {
        let told = self.txn.take_told();
        let mut messages = told.messages.into_iter().peekable();
        for (at, change) in told.changes.into_iter().enumerate() {
            while let Some((_, message)) = messages.next_if(|(after, _)| *after <= at) {
                self.send_message(message);
            }
            self.notify(&change);
            if !change.class.is_change() {
                continue;
            }
            self.invalidate(&change);
            if self.txn.is_waited_for(change.db, &change.key) {
                let name = (change.db, change.key);
                if !ready.contains(&name) {
                    ready.push_back(name);
                }
            }
        }
        messages.for_each(|(_, message)| self.send_message(message));
    }

    /// Serves who waits for a key, as long as there is something for them.
    fn serve(&mut self, db: u32, key: &[u8], ready: &mut VecDeque<Name>) {
        let mut at = 0;
        while let Some(waiter) = self.txn.waiter_at(db, key, at) {
            self.txn.unprime();
            self.txn.db = db;
            let there = self.txn.peek(key).map(|entry| entry.type_name());
            if there.is_none() && !self.txn.is_missed(db, key) {
                break;
            }
            if there != Some(waiter.awaited) && !waiter.gone_counts {
                at += 1;
                continue;
            }
            match self.serve_one(&waiter, ready) {
                Served::Replied => (),
                Served::Not => at += 1,
                Served::Gone => at += usize::from(!waiter.is_over()),
                Served::Later => {
                    self.deferred.push((db, key.into()));
                    break;
                }
            }
        }
        // What the looks at keys found expired is a change of its own.
        if self.txn.commit() {
            self.tell(ready);
        }
    }

    fn serve_one(&mut self, waiter: &Arc<Waiter>, ready: &mut VecDeque<Name>) -> Served {
        let row = table().row(waiter.row);
        let Run::Data(handler) = row.run else { unreachable!("only data commands block") };
        let request = waiter.request.borrow();
        let store = self.txn.store;
        let mut free = true;
        let _ = row.each_key(request, |index, _| {
            let shard = store.shard_of(store.hash(request.get(index)));
            free = free && self.txn.latch(shard);
        });
        if !free {
            return Served::Later;
        }
        if !waiter.claim() {
            return Served::Gone;
        }
        if let Err(denial) = self.waiter_permitted(waiter) {
            waiter.finish();
            self.txn.dequeue(waiter);
            self.mail(waiter.core, Mail::Refused { waiter: waiter.clone(), denial });
            return Served::Replied;
        }
        let started_ns = clock::mono_ns();
        self.txn.unprime();
        self.txn.db = waiter.db;
        self.txn.no_touch = false;
        let acting = std::mem::replace(&mut self.acting, waiter.client);
        let mut out = Vec::new();
        let mut reply = Reply::new(&mut out, waiter.proto);
        match handler(&mut self.txn, request, &mut reply) {
            Effect::Block(_) => {
                waiter.again_ms.store(self.txn.again_ms.take().unwrap_or(i64::MAX), Ordering::Relaxed);
                if waiter.release() {
                    return Served::Not;
                }
                out.extend_from_slice(waiter.nothing);
            }
            Effect::Busy(_) => {
                if waiter.release() {
                    return Served::Later;
                }
                out.extend_from_slice(waiter.nothing);
            }
            Effect::Slices(mut work) => while let Ok(Progress::More) = work.step(&mut self.txn, &mut reply) {},
            Effect::Verbatim => record_request(&mut self.txn, row, request),
            Effect::Rewrite(commands) => self.txn.record_commands(commands),
            Effect::None => (),
        }
        waiter.finish();
        let whole = self.txn.dequeue(waiter);
        debug_assert!(whole, "the shards of all its keys are latched");
        let changed = self.txn.commit();
        let ns = clock::mono_ns() - started_ns;
        // Its reply goes ahead of what its own change tells its cache.
        self.mail(waiter.core, Mail::Served { waiter: waiter.clone(), reply: out, ns });
        if changed {
            self.tell(ready);
        }
        self.acting = acting;
        Served::Replied
    }

    /// May who waits still do what it has waited for? Whose user is gone is about to be closed; that it may not is enough here.
    fn waiter_permitted(&mut self, waiter: &Waiter) -> Result<(), Denial> {
        let request = waiter.request.borrow();
        if waiter.users_version == self.server.acl.version() {
            return permitted(&mut self.txn, &waiter.user, waiter.row, request, waiter.db);
        }
        match self.server.acl.current(&waiter.user) {
            Some(user) => permitted(&mut self.txn, &user, waiter.row, request, waiter.db),
            None => Err(Denial { reason: Reason::Command, at: 0, database: None }),
        }
    }

    /// Sends mail; what is for this core itself needs neither lock nor wake-up.
    pub fn mail(&mut self, core: usize, mail: Mail) {
        if core == self.core {
            self.own_mail.push_back(mail);
        } else {
            self.server.send(core, mail);
        }
    }

    /// Runs the command of a waiter whose time to run again has come; others of its keys are asked on the way, in their order.
    pub fn serve_again(&mut self, waiter: &Waiter) {
        self.deferred.extend(waiter.keys.iter().map(|key| (waiter.db, key.clone())));
        self.serve_deferred();
    }

    /// Tries again what had to wait for other shards, now latched in order. Holds no latches before or after. True: there is
    /// more to try.
    pub fn serve_deferred(&mut self) -> bool {
        for (db, key) in std::mem::take(&mut self.deferred) {
            match self.latch_for_first(db, &key) {
                Ok(()) => {
                    let mut ready = VecDeque::from([(db, key)]);
                    while let Some((db, key)) = ready.pop_front() {
                        self.serve(db, &key, &mut ready);
                    }
                }
                Err(_) => self.deferred.push((db, key)),
            }
            self.commit_and_release();
        }
        !self.deferred.is_empty()
    }

    /// Latches the shards of a key and of what its first waiter needs.
    fn latch_for_first(&mut self, db: u32, key: &[u8]) -> Result<(), u32> {
        let store = self.txn.store;
        let shard = store.shard_of(store.hash(key));
        self.txn.unprime();
        self.txn.latch_all(&mut vec![shard])?;
        let Some(waiter) = self.txn.waiter_at(db, key, 0) else { return Ok(()) };
        self.txn.release();
        let mut shards = vec![shard];
        let request = waiter.request.borrow();
        let row = table().row(waiter.row);
        let _ = row.each_key(request, |index, _| shards.push(store.shard_of(store.hash(request.get(index)))));
        self.txn.latch_all(&mut shards)
    }

    /// Takes a waiter that was cancelled out of its queues, as far as their shards are free; the rest later.
    pub fn forget_waiter(&mut self, waiter: Arc<Waiter>) {
        let store = self.txn.store;
        self.txn.unprime();
        let mut all = true;
        for key in &waiter.keys {
            let shard = store.shard_of(store.hash(key));
            all &= self.txn.latch(shard);
        }
        self.txn.dequeue(&waiter);
        self.commit_and_release();
        if !all {
            self.forgotten.push(waiter);
        }
    }

    /// Tries again to take out waiters whose shards were taken; for now and then.
    pub fn forget_rest(&mut self) {
        for waiter in std::mem::take(&mut self.forgotten) {
            self.forget_waiter(waiter);
        }
    }
}
