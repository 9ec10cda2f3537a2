//! A core's mail: what other threads ask of it and answer it, read between requests, or while a transaction waits.

use std::sync::atomic::Ordering;

use super::core::{Code, Core};
use crate::session::conn::Wait;
use crate::session::server::Mail;
use crate::sys::{clock, wake};

/// How often a core whose transaction waits for the main thread looks at its mail if nothing wakes it, ms: an I/O backend
/// may have taken the signal already.
const ANSWER_LOOK_MS: i32 = 1;

impl Core {
    pub(super) fn read_mail(&mut self) {
        if std::mem::take(&mut self.sweep_later) {
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
                Mail::JavaScript(text) => self.mail.push_back(text),
                Mail::Visit(visit) => {
                    visit(&mut self.conns);
                    self.end_unblocked();
                    self.sweep_closing();
                }
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

    /// What may be read of the mail while a transaction or a call holds latches: nothing that runs a command, closes a
    /// connection or visits one, for any of them may commit. The rest waits. Mail for the VM is let through, because the answer
    /// to FUNCTION LOAD comes only when every core, this one too, has the library. Gives the answer to the request `awaited`.
    fn read_mail_within(&mut self, awaited: Option<u64>) -> Option<Vec<u8>> {
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
                Mail::Control { id, reply, .. } if Some(id) == awaited => answer = Some(reply),
                other => self.deferred.push_back(other),
            }
        }
        answer
    }

    /// One look for the main thread's answer to the transaction of `current`. The core holds latches meanwhile, so nothing
    /// else runs here: no requests, no cron, no visits.
    pub(super) fn await_answer(&mut self) -> Option<Code> {
        let (_, conn) = self.current.as_ref().expect("a transaction waits");
        let Wait::Control { id: awaited, .. } = conn.wait else { unreachable!("it waits for the main thread") };
        let mut answer = self.read_mail_within(Some(awaited));
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
            self.read_mail_within(None);
        } else {
            self.read_mail();
        }
        !self.mail.is_empty()
    }
}
