//! Commands whose reply comes later: slices of long work, and the books of what slept or was with others.

use super::books::told;
use super::execute::Executor;
use crate::resp::reply::Reply;
use crate::session::client::ReplyMode;
use crate::session::conn::{Conn, Wait};
use crate::sys::clock;
use crate::txn::Progress;

impl Executor {
    /// One slice of a connection's work. True: it goes on later (`conn.wait` says when); false: its reply is complete.
    pub fn work(&mut self, conn: &mut Conn) -> bool {
        let Wait::Work { mut work, .. } = std::mem::replace(&mut conn.wait, Wait::No) else { return false };
        self.txn.db = conn.client.db;
        self.txn.unprime();
        let started_ns = clock::mono_ns();
        let mark = conn.output.len();
        let mut reply = Reply::new(&mut conn.output, conn.client.proto);
        let progress = work.step(&mut self.txn, &mut reply);
        self.commit_and_release();
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
}
