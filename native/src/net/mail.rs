//! A core's mail: what other threads ask of it and answer it, read between requests, or while a transaction waits.

use std::sync::atomic::Ordering;

use super::core::{Code, Core};
use crate::resp::reply::Protocol;
use crate::session::conn::Wait;
use crate::session::server::Mail;
use crate::sys::{clock, wake};

/// How often a core whose transaction waits for the main thread looks at its mail if nothing wakes it, ms: an I/O backend
/// may have taken the signal already.
const ANSWER_LOOK_MS: i32 = 1;

impl Core {
    pub(super) fn has_mail(&self) -> bool {
        self.server.cores[self.id].has_mail.load(Ordering::Acquire)
            || !self.deferred.is_empty()
            || self.sweep_later
            || !self.executor.own_mail.is_empty()
    }

    pub(super) fn read_mail(&mut self) {
        if std::mem::take(&mut self.sweep_later) {
            self.end_unblocked();
            self.sweep_closing();
        }
        let mut mails = std::mem::take(&mut self.deferred);
        mails.append(&mut self.executor.own_mail);
        mails.extend(self.server.collect(self.id));
        for mail in mails {
            match mail {
                Mail::Accepted { fd, via } => {
                    self.server.cores[self.id].coming.fetch_sub(1, Ordering::Relaxed);
                    self.adopt(fd, via);
                }
                Mail::Inner { fd, user, version, local } => self.adopt_inner(fd, (user, version), local),
                Mail::JavaScript(text) => self.mail.push_back(text),
                Mail::Visit(visit) => {
                    visit(&mut self.conns);
                    self.end_unblocked();
                    self.sweep_closing();
                }
                Mail::Watched(watched, flag) => self.executor.unwatch_left(watched, flag),
                // A socket that cannot be watched is one that the other cores accept from.
                Mail::Listen(listener) => drop(self.listen(&listener)),
                Mail::Unlisten(listener) => self.unlisten(&listener),
                Mail::Look => (),
                Mail::ForgetReaders => self.executor.forget_some_readers(),
                Mail::Letter(letter) => self.letter(&letter),
                Mail::Deliver(letter, recipients) => self.deliver(&letter, &recipients),
                Mail::Invalid { client, key, by } => self.invalid(client, key, by),
                Mail::Changed(keys) => self.changed(&keys),
                Mail::Flushed => self.flushed(),
                Mail::Redirected { client, keys } => self.redirected(client, keys.as_deref()),
                Mail::Line(line) => self.monitor_line(&line),
                Mail::Served { waiter, reply, ns } => {
                    // What served it is in the log.
                    self.executor.txn.appended |= self.server.store.log.is_on();
                    self.served(&waiter, &reply, ns);
                }
                Mail::Refused { waiter, denial } => self.refused(&waiter, denial),
                Mail::Judge => {
                    self.judge();
                    self.sweep_closing();
                }
                Mail::Control { client, id, reply } => {
                    if let Some(slot) = self.by_id.get(&client).copied()
                        && let Some(mut conn) = self.conns.take(slot)
                    {
                        if let Wait::Control { id: awaited, since_ns } = conn.wait
                            && awaited == id
                        {
                            let mark = conn.output.len();
                            conn.output.extend_from_slice(&reply);
                            self.executor.book_control(&mut conn, mark, since_ns);
                            self.unpark(slot, &mut conn, mark);
                        }
                        self.finish(slot, conn);
                    }
                }
                Mail::Ran(ran) => self.ran(*ran),
                Mail::ResetFigures => self.reset_figures(),
                Mail::Answer { client, id, core, text, number } => self.answer(client, id, core, text, number),
            }
        }
    }

    /// Judges all connections by the users as they are now, the one that an up-call or an answer is awaited for too.
    fn judge(&mut self) {
        self.conns.judge(self.server);
        if let Some((_, conn)) = &mut self.current {
            conn.judge(self.server);
        }
        self.server.judged();
    }

    fn reset_figures(&mut self) {
        let figures = self.executor.figures();
        figures.collect(&mut self.executor.txn);
        figures.reset();
    }

    /// What may be read of the mail while a transaction or a call holds latches: nothing that runs a command or closes a
    /// connection, for either may commit. The rest waits. Mail for the VM is let through, because the answer to FUNCTION LOAD
    /// comes only when every core, this one too, has the library; and visits, since who asks may be waited for as well. Gives the
    /// answer that the connection which holds the latches waits for.
    fn read_mail_within(&mut self) -> Option<Vec<u8>> {
        let (slot, client, wait) = match &self.current {
            Some((slot, conn)) => (*slot, conn.client.id, Some(&conn.wait)),
            None => (0, 0, None),
        };
        let request = if let Some(Wait::Control { id, .. }) = wait { Some(*id) } else { None };
        let asked = if let Some(Wait::Gather(id)) = wait { Some(*id) } else { None };
        if let Some(id) = asked {
            self.take_gather(id, slot, client);
            self.start_gatherings();
        }
        let mut answer = None;
        let mut mails = std::mem::take(&mut self.deferred);
        mails.extend(self.server.collect(self.id));
        for mail in mails {
            match mail {
                Mail::JavaScript(text) => self.mail.push_back(text),
                Mail::ResetFigures => self.reset_figures(),
                // Whoever has to go is closed when the transaction is through; until then it is not run any more.
                Mail::Judge => {
                    self.judge();
                    self.sweep_later = true;
                }
                Mail::Control { id, reply, .. } if Some(id) == request => answer = Some(reply),
                Mail::Answer { client: asker, id, core, text, number } if Some(id) == asked && asker == client => {
                    let proto = self.current.as_ref().map_or(Protocol::Resp2, |(_, conn)| conn.client.proto);
                    if let Some(done) = self.note_answer(client, id, core, text, number) {
                        answer = Some(done.reply(proto));
                    }
                }
                Mail::Visit(visit) => {
                    self.visit_with_current(visit);
                    self.sweep_later = true;
                }
                other => self.deferred.push_back(other),
            }
        }
        answer
    }

    /// One look for the answer that the transaction of `current` waits for. The core holds latches meanwhile, so nothing else
    /// runs here: no requests, no cron.
    pub(super) fn await_answer(&mut self) -> Option<Code> {
        let mut answer = self.read_mail_within();
        if answer.is_none() && self.server.stopping.load(Ordering::Acquire) {
            answer = Some(b"-ERR the server is going down\r\n".to_vec());
        }
        let Some(answer) = answer else {
            if self.mail.is_empty() && wake::wait(self.server.wake_fd(self.id), ANSWER_LOOK_MS) {
                self.entered_ns = clock::coarse_ns();
                return Some(Code::Leave);
            }
            return None;
        };
        let (slot, mut conn) = self.current.take().expect("a transaction waits");
        let pump = self.executor.answer_exec(&mut conn, answer);
        self.after_pump(slot, conn, pump)
    }

    /// Reads the mail; is there some for the VM? A call that the last VM was ended in may hold its latches still.
    pub fn needs_mail(&mut self) -> bool {
        if self.current.is_some() {
            self.read_mail_within();
        } else {
            self.read_mail();
        }
        !self.mail.is_empty()
    }

    /// Something comes before other connections: the VM is to be told, or a transaction waits for an answer, with its latches held.
    pub(super) fn has_more_urgent(&self) -> bool {
        self.executor.noted || !self.mail.is_empty() || self.current.is_some()
    }
}
