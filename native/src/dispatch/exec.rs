//! EXEC: the queued commands of a client, one after the other, under the latches of all their keys.
//!
//! A procedure in the queue suspends it (`executor.exec` keeps the place); one that turns out to need another shard rolls
//! the whole transaction back, and it is tried again with the larger set. A command that the main thread serves, or that asks all
//! cores (CLIENT LIST), suspends it too: the core holds its latches and reads nothing but that answer, mail for its VM, which the
//! answer may need, and what others ask about its connections, since two such transactions may ask each other's cores.

use super::books::told;
use super::caching::{reader, remember_read};
use super::execute::{Executor, Outcome, Pump};
use super::handler::run_handler;
use super::permission::permitted;
use crate::commands::row::{Run, flag};
use crate::commands::table::table;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::session::client::{Client, WatchedKey};
use crate::session::conn::{Conn, Wait};
use crate::session::handle::Flow;
use crate::session::multi::Multi;
use crate::session::server::Mail;
use crate::session::watches::unwatch;
use crate::store::shard::WatchFlag;
use crate::sys::clock;
use crate::txn::Progress;

/// A running EXEC.
pub(super) struct Exec {
    multi: Box<Multi>,
    next: usize,
    base: crate::txn::Savepoint,
    output_mark: usize,
    /// Database the client was in before, in case the transaction is tried again.
    db: u32,
    /// When the command that runs now began, monotonic ns.
    pub(super) since_ns: u64,
}

impl Executor {
    pub(super) fn begin_exec(&mut self, conn: &mut Conn) -> Outcome {
        let table = table();
        let Some(multi) = conn.client.multi.take() else {
            Reply::new(&mut conn.output, conn.client.proto).error(error::EXEC_WITHOUT_MULTI);
            return Outcome::Failed;
        };
        if multi.aborted {
            if let Err(shard) = self.forget_watches(conn) {
                conn.client.multi = Some(multi);
                return Outcome::Shard(shard);
            }
            conn.client.refresh();
            conn.call_shards.clear();
            Reply::new(&mut conn.output, conn.client.proto).error(error::EXEC_ABORTED);
            return Outcome::Failed;
        }
        // All shards of all keys, in ascending order. Watched keys too: one that expires counts as changed.
        let mut shards = std::mem::take(&mut self.shards);
        shards.clear();
        let store = self.txn.store;
        let mut whole = false;
        for (number, argv) in &multi.queue {
            let (row, args) = (table.row(*number), argv.borrow());
            whole |= row.flags & (flag::WHOLE | flag::WALKS) != 0;
            let _ = row.each_key(args, |index, _| shards.push(store.shard_of(store.hash(args.get(index)))));
        }
        for (_, key) in &conn.client.watched {
            shards.push(store.shard_of(store.hash(key)));
        }
        shards.extend_from_slice(&conn.call_shards);
        let latched = if whole { self.txn.latch_store() } else { self.txn.latch_all(&mut shards) };
        self.shards = shards;
        if let Err(shard) = latched {
            conn.client.multi = Some(multi);
            return Outcome::Shard(shard);
        }
        self.txn.unprime();
        let client = &conn.client;
        let broken = client.watch_broken()
            || client.watched.iter().any(|(db, key)| self.txn.expired_since_watch(*db, key, &client.watch_flag));
        self.txn.db = conn.client.db;
        if broken {
            conn.client.refresh();
            conn.call_shards.clear();
            self.unwatch_latched(conn);
            self.commit_and_release();
            Reply::new(&mut conn.output, conn.client.proto).null_array();
            return Outcome::Done;
        }
        if multi.queue.iter().any(|(number, _)| matches!(table.row(*number).run, Run::Call)) {
            self.txn.keep_undo();
        }
        let output_mark = conn.output.len();
        Reply::new(&mut conn.output, conn.client.proto).array(multi.queue.len());
        conn.client.in_exec = Some((multi.queue.len(), multi.bytes));
        let base = self.txn.savepoint();
        let since_ns = clock::mono_ns();
        self.exec = Some(Box::new(Exec { multi, next: 0, base, output_mark, db: conn.client.db, since_ns }));
        self.run_exec(conn)
    }

    fn run_exec(&mut self, conn: &mut Conn) -> Outcome {
        let table = table();
        let mut exec = self.exec.take().expect("an EXEC is running");
        while exec.next < exec.multi.queue.len() {
            let number = exec.multi.queue[exec.next].0;
            let args = exec.multi.queue[exec.next].1.borrow();
            let row = table.row(number);
            let mark = conn.output.len();
            // The rules may have changed since it was queued, by a command of this very transaction even.
            conn.client.judge(self.server);
            let outcome = match row.run {
                _ if let Err(denial) = permitted(&mut self.txn, &conn.client.user, number, args, conn.client.db) => {
                    let text = self.deny_queued(conn, denial, row, args);
                    Reply::new(&mut conn.output, conn.client.proto).error(&text);
                    Outcome::Failed
                }
                Run::Call => {
                    self.call.copy_request(args);
                    if self.is_monitored() && conn.call_shards.is_empty() {
                        self.show_call(&conn.client, Some(args));
                    }
                    self.begin_call(conn, number, None, true)
                }
                Run::Control | Run::Session(_) if let Some(reply) = exec.multi.answer(exec.next) => {
                    conn.output.extend_from_slice(reply);
                    if reply.first() == Some(&b'-') { Outcome::Failed } else { Outcome::Done }
                }
                Run::Control => {
                    let request = table.in_own_words(row, args);
                    self.ask_main_or_fail(conn, request, exec.since_ns, Outcome::Asks)
                }
                _ => {
                    let (outcome, flow) =
                        run_handler(&mut self.txn, &mut self.local, (self.server, self.core), row, args, conn);
                    if let Some(reader) = reader(self.core, &conn.client) {
                        remember_read(&mut self.txn, reader, row, args);
                    }
                    match (flow, std::mem::replace(&mut conn.wait, Wait::No)) {
                        // Nothing blocks inside a transaction.
                        (Some(Flow::Later { reply, .. }), _) => {
                            Reply::new(&mut conn.output, conn.client.proto).raw(&reply);
                            Outcome::Done
                        }
                        (Some(Flow::SleepMs(ms)), _) => {
                            clock::sleep_ms(ms);
                            Reply::new(&mut conn.output, conn.client.proto).ok();
                            Outcome::Done
                        }
                        (Some(Flow::Gather(gather)), _) => {
                            self.ask_cores(conn, gather);
                            Outcome::Asks
                        }
                        (Some(Flow::Control(argv)), _) => {
                            self.ask_main_or_fail(conn, argv, exec.since_ns, Outcome::Asks)
                        }
                        (Some(Flow::Exec), _) => {
                            Reply::new(&mut conn.output, conn.client.proto)
                                .error("ERR Command not allowed inside a transaction");
                            Outcome::Failed
                        }
                        (_, Wait::Begin(block)) => {
                            self.txn.again_ms = None;
                            let nothing = block.nothing.reply(conn.client.proto);
                            Reply::new(&mut conn.output, conn.client.proto).raw(nothing);
                            Outcome::Done
                        }
                        // Inside a transaction a walk runs through at once: all shards are latched.
                        (_, Wait::Work { mut work, .. }) => {
                            let mut reply = Reply::new(&mut conn.output, conn.client.proto);
                            loop {
                                match work.step(&mut self.txn, &mut reply) {
                                    Ok(Progress::More) => (),
                                    Ok(Progress::Done) => break Outcome::Done,
                                    Err(shard) => break Outcome::Shard(shard),
                                }
                            }
                        }
                        _ => outcome,
                    }
                }
            };
            match outcome {
                Outcome::Upcall | Outcome::Asks => {
                    self.exec = Some(exec);
                    return outcome;
                }
                Outcome::Close | Outcome::Kill => conn.closing = true,
                Outcome::Shard(shard) => {
                    debug_assert!(false, "{} needs shard {shard}, which its row does not name", row.name);
                    conn.output.truncate(mark);
                    Reply::new(&mut conn.output, conn.client.proto)
                        .error("ERR a key of this command was not known before");
                    self.count_failure(conn, mark, number);
                }
                Outcome::Failed => self.count_failure(conn, mark, number),
                _ => (),
            }
            if self.is_monitored() {
                self.show_queued(&conn.client, number, args);
            }
            if self.counts_hotkeys() {
                let us = (clock::mono_ns() - exec.since_ns) / 1000;
                let bytes = args.iter().map(|arg| arg.len() as u64).sum::<u64>()
                    + conn.output.len().saturating_sub(mark) as u64;
                self.count_keys(row, args, us, bytes);
            }
            self.book_queued(conn, &mut exec);
        }
        conn.client.in_exec = None;
        if let Some(tracking) = &mut conn.client.tracking {
            tracking.caching = false;
        }
        conn.client.refresh();
        self.unwatch_latched(conn);
        self.commit_and_release();
        conn.call_shards.clear();
        Outcome::Done
    }

    pub(super) fn exec_after_call(&mut self, conn: &mut Conn, outcome: Outcome) -> Outcome {
        if outcome == Outcome::Retry {
            let exec = self.exec.take().expect("an EXEC is running");
            self.txn.rollback_to(exec.base);
            self.commit_and_release();
            conn.output.truncate(exec.output_mark);
            conn.client.db = exec.db;
            conn.client.in_exec = None;
            conn.client.multi = Some(exec.multi);
            return Outcome::Retry;
        }
        let mut exec = self.exec.take().expect("an EXEC is running");
        if outcome == Outcome::Failed {
            self.figures().per_command[exec.multi.queue[exec.next].0 as usize].failed.add(1);
        }
        self.book_queued(conn, &mut exec);
        self.exec = Some(exec);
        self.run_exec(conn)
    }

    /// Goes on after the reply, of the main thread or of all cores, to the command that suspended the transaction of `conn`.
    pub fn answer_exec(&mut self, conn: &mut Conn, reply: Vec<u8>) -> Pump {
        conn.wait = Wait::No;
        let exec = self.exec.as_mut().expect("an EXEC is running");
        exec.multi.answers.push((exec.next, reply));
        let outcome = self.run_exec(conn);
        self.go_on_after(conn, outcome)
    }

    /// Counts a command of a transaction, which has run, and goes on to the next.
    fn book_queued(&mut self, conn: &mut Conn, exec: &mut Exec) {
        let (row, argv) = &exec.multi.queue[exec.next];
        let now_ns = clock::mono_ns();
        let ns = now_ns - exec.since_ns;
        let figures = self.figures();
        figures.commands.add(1);
        conn.client.commands += 1;
        figures.per_command[*row as usize].calls.add(1);
        figures.per_command[*row as usize].timed(ns, 1);
        if self.is_slow(ns) {
            self.log_slow(conn, *row, told(argv.borrow()), ns);
        }
        exec.since_ns = now_ns;
        exec.next += 1;
    }

    /// Takes the client's flag off the keys it watches, all of whose shards are latched.
    fn unwatch_latched(&mut self, conn: &mut Conn) {
        let result = conn.client.forget_watches(&mut self.txn);
        debug_assert!(result.is_ok(), "EXEC latches what is watched");
    }

    /// Takes the flag of a client that goes off the keys it watches. Those whose shards are taken come later, as mail to this core:
    /// it must not wait here, for who has them may be a transaction that waits for an answer of this very core.
    pub fn unwatch_gone(&mut self, client: &mut Client) {
        if client.forget_watches(&mut self.txn).is_err() {
            let watched = std::mem::take(&mut client.watched);
            self.own_mail.push_back(Mail::Watched(watched, client.watch_flag.clone()));
        }
        self.commit_and_release();
    }

    /// What [`Executor::unwatch_gone`] left over.
    pub fn unwatch_left(&mut self, mut watched: Vec<WatchedKey>, flag: WatchFlag) {
        if unwatch(&mut self.txn, &mut watched, &flag).is_err() {
            self.own_mail.push_back(Mail::Watched(watched, flag));
        }
        self.commit_and_release();
    }

    /// As [`Client::forget_watches`], for a connection that holds no latches.
    pub(super) fn forget_watches(&mut self, conn: &mut Conn) -> Result<(), u32> {
        let result = conn.client.forget_watches(&mut self.txn);
        self.commit_and_release();
        result
    }
}
