//! Commands whose reply comes later: slices of long work, and the books of what slept or was with others.

use std::sync::Arc;

use super::batch::Request;
use super::books::told;
use super::execute::{Executor, Outcome};
use crate::resp::reply::Reply;
use crate::session::client::ReplyMode;
use crate::session::conn::{Conn, Wait, Walk};
use crate::session::gather::Gather;
use crate::session::handle::Flow;
use crate::store::waiting::{State, Waiter};
use crate::sys::clock;
use crate::txn::{Nothing, Progress};

impl Executor {
    /// One slice of a connection's work. True: it goes on later (`conn.wait` says when); false: its reply is complete.
    pub fn work(&mut self, conn: &mut Conn) -> bool {
        let Wait::Work { mut work, .. } = std::mem::replace(&mut conn.wait, Wait::No) else { return false };
        let is_held = work.is_held();
        if is_held && !self.enter_held(conn.client.id) {
            conn.wait = Wait::Work { work, blocked_on: None };
            return true;
        }
        self.acting = conn.client.id;
        self.txn.db = conn.client.db;
        self.txn.unprime();
        let started_ns = clock::mono_ns();
        let mark = conn.output.len();
        let mut reply = Reply::new(&mut conn.output, conn.client.proto);
        let progress = work.step(&mut self.txn, &mut reply);
        let failed = reply.failed();
        if !is_held || progress != Ok(Progress::More) {
            self.commit_and_release();
        }
        if is_held {
            self.leave_held(progress == Ok(Progress::Done));
        }
        if failed {
            self.count_failure(conn, mark, conn.client.last_command);
        }
        if conn.client.reply_mode != ReplyMode::On {
            conn.output.truncate(mark);
        }
        if let Some(walk) = &mut conn.walk {
            walk.ns += clock::mono_ns() - started_ns;
        }
        match progress {
            Ok(Progress::Done) => {
                self.book_walk(conn);
                false
            }
            Ok(Progress::More) => {
                conn.wait = Wait::Work { work, blocked_on: None };
                true
            }
            Err(shard) => {
                conn.wait = Wait::Work { work, blocked_on: Some(shard) };
                true
            }
        }
    }

    /// Books the time of a command that is through, after slices or a sleep.
    pub fn book_walk(&self, conn: &mut Conn) {
        let Some(walk) = conn.walk.take() else { return };
        self.figures().per_command[walk.row as usize].timed(walk.ns, 1);
        self.note_latency(walk.row, walk.ns);
        if self.is_slow(walk.ns) {
            self.log_slow(conn, walk.row, walk.argv, walk.ns);
        }
    }

    /// The main thread has served the control request of `conn`, and its reply stands in the output from `mark` on.
    pub fn book_control(&mut self, conn: &mut Conn, mark: usize, since_ns: u64) {
        let row = conn.client.last_command;
        let figures = self.figures();
        figures.commands.add(1);
        conn.client.commands += 1;
        figures.per_command[row as usize].calls.add(1);
        figures.per_command[row as usize].timed(clock::mono_ns() - since_ns, 1);
        if conn.output.get(mark) == Some(&b'-') {
            self.count_failure(conn, mark, row);
        }
    }

    /// A client that waited for a key has its reply, which stands in the output from `mark` on; its command ran for `ns`.
    pub fn book_served(&mut self, conn: &mut Conn, mark: usize, ns: u64) {
        let row = conn.client.last_command;
        let figures = self.figures();
        figures.commands.add(1);
        conn.client.commands += 1;
        figures.per_command[row as usize].calls.add(1);
        figures.per_command[row as usize].timed(ns, 1);
        if conn.output.get(mark) == Some(&b'-') {
            self.count_failure(conn, mark, row);
        }
        if self.is_slow(ns)
            && let Wait::Block(waiter) = &conn.wait
        {
            self.log_slow(conn, row, told(waiter.request.borrow()), ns);
        }
    }

    /// Puts a client whose command found nothing into the queues of its keys, whose shards are latched.
    pub(super) fn begin_wait(&mut self, conn: &mut Conn, row: u16, request: &Request) {
        let Wait::Begin(block) = std::mem::replace(&mut conn.wait, Wait::No) else { return };
        let client = &conn.client;
        let mut keys = block.keys;
        keys.sort();
        keys.dedup();
        let waiter = Arc::new(Waiter {
            state: State::default(),
            core: self.core,
            client: client.id,
            db: client.db,
            keys,
            user: client.user.clone(),
            users_version: client.users_version,
            awaited: block.awaited,
            gone_counts: block.gone_counts,
            row,
            request: block.request.unwrap_or_else(|| self.batch.args(request).to_owned()),
            proto: client.proto,
            // As Redis: the end of the time is told by a null array whatever the command.
            nothing: Nothing::Array.reply(client.proto),
            deadline_ms: block.deadline_ms,
            again_ms: self.txn.again_ms.take().unwrap_or(i64::MAX).into(),
        });
        self.txn.unprime();
        self.txn.enqueue(&waiter);
        conn.wait = Wait::Block(waiter);
    }

    pub(super) fn ask_cores(&mut self, conn: &mut Conn, gather: Gather) {
        self.next_gather += 1;
        conn.wait = Wait::Gather(self.next_gather);
        self.asked.push((self.next_gather, gather));
    }

    /// What a handler's flow means for the request.
    pub(super) fn after_flow(&mut self, conn: &mut Conn, (outcome, flow): (Outcome, Option<Flow>)) -> Outcome {
        match flow {
            None => outcome,
            Some(Flow::Exec) => self.begin_exec(conn),
            Some(Flow::Gather(gather)) => {
                self.ask_cores(conn, gather);
                Outcome::Waits
            }
            Some(Flow::Control(argv)) => self.ask_main_or_fail(conn, argv, clock::mono_ns(), Outcome::Waits),
            Some(Flow::SleepMs(ms)) => {
                conn.wait = Wait::Until(clock::now_ms().saturating_add_unsigned(ms), b"+OK\r\n".to_vec());
                if let Some(request) = self.batch.current() {
                    let argv = told(self.batch.args(&request));
                    conn.walk = Some(Box::new(Walk { row: conn.client.last_command, ns: ms * 1_000_000, argv }));
                }
                Outcome::Waits
            }
            Some(Flow::Later { ms, reply }) => {
                let at_ms = ms.map_or(i64::MAX, |ms| clock::now_ms().saturating_add_unsigned(ms));
                conn.wait = Wait::Until(at_ms, reply);
                Outcome::Waits
            }
            Some(_) => outcome,
        }
    }
}
