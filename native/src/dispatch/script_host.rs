//! What a running script asks of the store and the server, besides what every procedure may ask (`host.rs`).

use super::execute::Executor;
use super::host::{Host, NOT_ALLOWED, UNKNOWN, refuse};
use super::permission::permitted;
use crate::commands::row::{Row, Run, SessionHandler, flag};
use crate::commands::table::table;
use crate::lua::host::NoRequest;
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::{Protocol, Reply};
use crate::session::conn::Conn;
use crate::session::handle::{Flow, Session};
use crate::sys::clock;

impl Executor {
    /// Runs a command for the script in progress, whose caller is `conn`; its reply goes to `out` in `proto`, or the error's text.
    pub fn script_command(&mut self, conn: &mut Conn, args: Args, proto: Protocol, out: &mut Vec<u8>) -> Host {
        let table = table();
        let mut found = table.find(args.get(0));
        if let Some(number) = found
            && table.is_container(number)
            && args.len() > 1
        {
            found = table.find_subcommand(number, args.get(1));
        }
        let Some(number) = found else {
            refuse(out, UNKNOWN);
            self.figures().count_error(out);
            return Host::Error;
        };
        let row = table.row(number);
        let ended = match row.run {
            Run::Data(_) => self.host_command(number, args, proto, out),
            Run::Session(handler) => self.script_session(conn, (number, handler), args, proto, out),
            _ => match self.host_admit(number, args, out) {
                Ok(_) => refuse(out, NOT_ALLOWED),
                Err(end) => end,
            },
        };
        self.txn.unprime();
        let figures = &self.figures().per_command[number as usize];
        match ended {
            Host::Replied => {
                figures.calls.add(1);
                conn.client.commands += 1;
            }
            Host::Error => {
                self.figures().count_error(out);
                figures.rejected.add(u64::from(!self.call.ran));
                figures.failed.add(u64::from(self.call.ran));
                figures.calls.add(u64::from(self.call.ran));
                conn.client.commands += u64::from(self.call.ran);
            }
            Host::Doomed => (),
        }
        self.call.ran = false;
        ended
    }

    /// A command about the connection or the server. What it changes of the connection's protocol and database is the script's own.
    fn script_session(
        &mut self,
        conn: &mut Conn,
        (number, handler): (u16, SessionHandler),
        args: Args,
        proto: Protocol,
        out: &mut Vec<u8>,
    ) -> Host {
        let row = match self.host_admit(number, args, out) {
            Ok(row) => row,
            Err(end) => return end,
        };
        if row.flags & flag::PROTECTED != 0
            && let Err(text) = self.lets(&conn.client, row)
        {
            return refuse(out, text);
        }
        if (!row.keys.is_empty() || row.flags & (flag::WHOLE | flag::WALKS) != 0)
            && let Err(end) = self.host_latch((number, row), args)
        {
            return end;
        }
        self.txn.unprime();
        self.call.ran = true;
        if self.is_monitored() {
            self.show_inner(args);
        }
        let before = (conn.client.db, conn.client.proto);
        (conn.client.db, conn.client.proto) = (self.txn.db, proto);
        let mut reply = Reply::new(out, proto);
        let flow = {
            let (server, core) = (self.server, self.core);
            let (client, txn, local) = (&mut conn.client, &mut self.txn, &mut self.local);
            handler(&mut Session { client, txn, server, core, local }, args, &mut reply)
        };
        self.txn.db = conn.client.db;
        (conn.client.db, conn.client.proto) = before;
        match flow {
            Flow::Done if out.first() == Some(&b'-') => {
                out.truncate(out.len() - 2);
                out.remove(0);
                Host::Error
            }
            Flow::Done => Host::Replied,
            Flow::Effect(effect) => self.host_effect(effect, row, args, (proto, out)),
            Flow::SleepMs(ms) => {
                clock::sleep_ms(ms);
                out.extend_from_slice(b"+OK\r\n");
                Host::Replied
            }
            // Nothing waits inside a script.
            Flow::Later { reply, .. } => {
                out.clear();
                out.extend_from_slice(&reply);
                Host::Replied
            }
            _ => {
                out.clear();
                refuse(out, NOT_ALLOWED)
            }
        }
    }

    /// May the script in progress run this command? Err: the error's text. As Redis, memory that has run out stops a script before
    /// its first write only.
    #[inline]
    pub(super) fn script_may(&mut self, row: &Row) -> Result<(), &'static str> {
        if row.flags & (flag::WRITE | flag::MAY_REPLICATE | flag::DENYOOM) == 0 {
            return Ok(());
        }
        let call = &mut self.call;
        if call.readonly && row.flags & (flag::WRITE | flag::MAY_REPLICATE) != 0 {
            return Err(error::WRITE_FROM_RO);
        }
        if call.out_of_memory && !call.allow_oom && !call.wrote && row.flags & flag::DENYOOM != 0 {
            return Err(error::OOM);
        }
        call.wrote |= row.flags & flag::WRITE != 0;
        Ok(())
    }

    /// May the script's caller run this?
    pub fn script_asks(&mut self, conn: &Conn, args: Args) -> Result<bool, NoRequest> {
        let table = table();
        let number = table.find(args.get(0)).ok_or(NoRequest::Unknown)?;
        let number = if table.is_container(number) && args.len() > 1 {
            table.find_subcommand(number, args.get(1)).ok_or(NoRequest::Unknown)?
        } else {
            number
        };
        if !table.row(number).arity_fits(args.len()) {
            return Err(NoRequest::Arity);
        }
        let db = self.txn.db;
        Ok(permitted(&mut self.txn, &conn.client.user, number, args, db).is_ok())
    }
}
