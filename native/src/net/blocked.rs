//! Connections whose client waits for a key: their replies, their timeouts, and what ends their waiting otherwise.

use super::core::Core;
use crate::acl::check::Denial;
use crate::dispatch::books::after_wait;
use crate::session::conn::{Conn, Wait};
use crate::store::waiting::Waiter;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// When waiting clients give up, and when the commands of those that asked for it are to run again.
#[derive(Default)]
pub(super) struct Timeouts {
    /// Ms since the epoch, client.
    by_time: BTreeSet<(i64, u64)>,
    /// Of those to run again, when; that time is in `by_time` as well.
    again: HashMap<u64, i64>,
}

impl Timeouts {
    pub(super) fn first_ms(&self) -> i64 {
        self.by_time.first().map_or(i64::MAX, |(at_ms, _)| *at_ms)
    }

    pub(super) fn len(&self) -> usize {
        self.by_time.len()
    }
}

impl Core {
    /// The client in `conn` begins to wait.
    pub(super) fn begin_block(&mut self, conn: &Conn) {
        let Wait::Block(waiter) = &conn.wait else { return };
        self.blocked += 1;
        self.executor.figures().blocked.add(1);
        if let Some(at_ms) = waiter.deadline_ms {
            self.timeouts.by_time.insert((at_ms, conn.client.id));
        }
        self.arm_again(waiter, 0);
    }

    /// Notes when a waiter's command is to run again, if it is; not before `earliest_ms`.
    fn arm_again(&mut self, waiter: &Waiter, earliest_ms: i64) {
        let at_ms = waiter.again_ms.load(Ordering::Relaxed).max(earliest_ms);
        if at_ms < i64::MAX {
            self.timeouts.again.insert(waiter.client, at_ms);
            self.timeouts.by_time.insert((at_ms, waiter.client));
        }
    }

    /// Another transaction, on whatever core, has run the waiting command: its reply goes out.
    pub(super) fn served(&mut self, waiter: &Arc<Waiter>, reply: &[u8], ns: u64) {
        let Some(slot) = self.by_id.get(&waiter.client).copied() else { return };
        let Some(mut conn) = self.conns.take(slot) else { return };
        if matches!(&conn.wait, Wait::Block(own) if Arc::ptr_eq(own, waiter)) {
            self.end_block(slot, &mut conn, reply, ns);
        }
        self.finish(slot, conn);
    }

    /// The rules of the client's user have changed: the command it has waited with was refused instead of run.
    pub(super) fn refused(&mut self, waiter: &Arc<Waiter>, denial: Denial) {
        let Some(slot) = self.by_id.get(&waiter.client).copied() else { return };
        let Some(mut conn) = self.conns.take(slot) else { return };
        if matches!(&conn.wait, Wait::Block(own) if Arc::ptr_eq(own, waiter)) {
            self.leave_block(&conn);
            conn.client.judge(self.server);
            let reply = self.executor.deny_waiter(&conn, denial, waiter.row, waiter.request.borrow());
            let mark = conn.output.len();
            conn.output.extend_from_slice(&reply);
            self.unpark(slot, &mut conn, mark);
        }
        self.finish(slot, conn);
    }

    /// Replies `reply` to a waiting client, which goes on with its next request.
    fn end_block(&mut self, slot: usize, conn: &mut Conn, reply: &[u8], ns: u64) {
        self.leave_block(conn);
        let mark = conn.output.len();
        conn.output.extend_from_slice(reply);
        self.executor.book_served(conn, mark, ns);
        conn.wait = Wait::No;
        after_wait(conn, mark);
        self.ready.push_back(slot);
    }

    /// The books of waiting connections, when one waits no longer.
    pub(super) fn leave_block(&mut self, conn: &Conn) {
        let Wait::Block(waiter) = &conn.wait else { return };
        self.blocked -= 1;
        // At once: whoever has the reply may ask INFO of another core before this one's next turn.
        let figure = &self.executor.figures().blocked;
        figure.set(figure.get().saturating_sub(1));
        if let Some(at_ms) = waiter.deadline_ms {
            self.timeouts.by_time.remove(&(at_ms, conn.client.id));
        }
        if let Some(at_ms) = self.timeouts.again.remove(&conn.client.id)
            && Some(at_ms) != waiter.deadline_ms
        {
            self.timeouts.by_time.remove(&(at_ms, conn.client.id));
        }
    }

    /// Ends the waiting of those whose time is over, and runs the commands again that asked for it.
    pub(super) fn end_overdue(&mut self, now_ms: i64) {
        while let Some(&(at_ms, client)) = self.timeouts.by_time.first() {
            if at_ms > now_ms {
                return;
            }
            self.timeouts.by_time.pop_first();
            let Some(slot) = self.by_id.get(&client).copied() else { continue };
            let Some(mut conn) = self.conns.take(slot) else { continue };
            if let Wait::Block(waiter) = &conn.wait
                && waiter.deadline_ms.is_none_or(|deadline_ms| deadline_ms > now_ms)
            {
                self.timeouts.again.remove(&client);
                self.executor.serve_again(waiter);
                if !waiter.is_over() {
                    self.arm_again(waiter, now_ms + 1);
                }
                self.conns.put_back(slot, conn);
                continue;
            }
            // One that cannot be cancelled is being served: its reply is on the way.
            if let Wait::Block(waiter) = &conn.wait
                && waiter.cancel()
            {
                let (waiter, nothing) = (waiter.clone(), waiter.nothing);
                self.executor.forget_waiter(waiter);
                self.end_block(slot, &mut conn, nothing, 0);
            }
            self.finish(slot, conn);
        }
    }

    /// Replies to those whose waiting a visit has ended; it has cancelled their waiters.
    pub(super) fn end_unblocked(&mut self) {
        for (slot, reply) in std::mem::take(&mut self.conns.unblocked) {
            let Some(mut conn) = self.conns.take(slot) else { continue };
            if let Wait::Block(waiter) = &conn.wait {
                self.executor.forget_waiter(waiter.clone());
                self.end_block(slot, &mut conn, &reply, 0);
            }
            self.finish(slot, conn);
        }
    }

    /// The connection goes: nobody is to serve its client any more.
    pub(super) fn abandon_block(&mut self, conn: &Conn) {
        if let Wait::Block(waiter) = &conn.wait {
            self.leave_block(conn);
            if waiter.cancel() {
                self.executor.forget_waiter(waiter.clone());
            }
        }
    }
}
