//! May the client do that? Asked before anything runs: of requests, of what EXEC and procedures run, of who has waited.
//!
//! A user who may do everything is never asked: `client.plain` and `user.free` say so beforehand. One who may not is asked in
//! the shortest way for a command with one key ([`Executor::allows_plain`]), else in full.

use super::batch::{Request, UNKNOWN};
use super::execute::{Executor, Outcome};
use crate::acl::check::{Denial, Reason};
use crate::acl::log::{Entry, Place};
use crate::acl::user::User;
use crate::commands::asked;
use crate::commands::connection::{Buffers, describe};
use crate::commands::row::{Row, Run, flag};
use crate::commands::table::table;
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::session::client::Client;
use crate::session::conn::Conn;
use crate::session::manifest;
use crate::session::server::Pause;
use crate::sys::clock;
use crate::txn::Txn;
use std::sync::atomic::Ordering::Relaxed;

/// May the user run this? `db`: the database it would run in. Leaves word for SORT in the transaction.
pub(super) fn permitted(txn: &mut Txn, user: &User, number: u16, args: Args, db: u32) -> Result<(), Denial> {
    txn.reads_all_keys = true;
    if user.free {
        return Ok(());
    }
    let asked = asked::asked(number, args, db);
    user.check(&asked)?;
    if asked::reads_by_pattern(number) {
        txn.reads_all_keys = user.reads_all_keys(&asked);
    }
    Ok(())
}

impl Executor {
    /// Has the request to wait for the end of CLIENT PAUSE?
    #[cold]
    pub(super) fn is_paused(&mut self, conn: &Conn, row: &Row, request: &Request) -> bool {
        if row.name == "client|unpause" {
            return false;
        }
        let pause = self.server.pause(self.txn.now_ms);
        let writes = if row.name == "exec" {
            let queue = conn.client.multi.iter().flat_map(|multi| &multi.queue);
            queue.into_iter().any(|(queued, args)| self.may_write(table().row(*queued), Some(args.borrow())))
        } else {
            if matches!(row.run, Run::Call) {
                self.call.copy_request(self.batch.args(request));
            }
            self.may_write(row, None)
        };
        self.txn.keep_expired = pause != Pause::No && !writes;
        pause == Pause::All || (pause == Pause::Writes && writes)
    }

    /// What has expired stays while this request runs; it sees it too, where it may. For that its time is 0, when nothing has
    /// expired yet, as while a log is loaded.
    #[cold]
    pub(super) fn begin_sparing(&mut self, conn: &Conn, row: &Row) {
        let settings = &self.server.settings;
        let sees = settings.shows_expired.load(Relaxed) || (settings.import_mode.load(Relaxed) && conn.client.imports);
        let about_data = matches!(row.run, Run::Data(_) | Run::Call) || row.name == "exec";
        self.txn.keep_expired = true;
        self.txn.now_ms = if sees && about_data { 0 } else { clock::now_ms() };
    }

    /// After a request that was not plain. A call that goes on in the VM keeps what it began with.
    #[inline]
    pub(super) fn end_sparing(&mut self, outcome: &Outcome) {
        if !self.txn.keep_expired || matches!(outcome, Outcome::Upcall | Outcome::Asks) {
            return;
        }
        self.txn.keep_expired = false;
        if self.txn.now_ms == 0 {
            self.txn.now_ms = clock::now_ms();
        }
    }

    /// By the command's flags; of a script or function by its own, so that one flagged `no-writes` does not. `args`: of its request, where
    /// that is not in `self.call` already.
    fn may_write(&mut self, row: &Row, args: Option<Args>) -> bool {
        if !matches!(row.run, Run::Call) {
            return row.flags & (flag::WRITE | flag::MAY_REPLICATE) != 0;
        }
        if let Some(args) = args {
            self.call.copy_request(args);
        }
        let found = self.find_callee(row, row.evaluates());
        row.flags & flag::READONLY == 0 && found.map_or(true, |(_, flags, _)| flags & manifest::flag::NO_WRITES == 0)
    }

    /// May this plain request of a user who may not do everything run as one of a user who may? False: look closer.
    #[inline]
    pub(super) fn allows_plain(&self, client: &Client, request: &Request) -> bool {
        if client.users_version != self.server.acl.version() {
            return false;
        }
        let Some(needs) = asked::plain_needs(request.row) else { return false };
        let key = self.batch.args(request).get(request.key as usize);
        client.user.allows(request.row, key, needs, client.db)
    }

    /// Notes a refusal in the ACL log.
    #[cold]
    pub fn note_denial(&self, conn: &Conn, reason: Reason, place: Place, object: Vec<u8>) {
        let now_ms = clock::now_ms();
        let entry = Entry {
            id: 0,
            count: 1,
            reason,
            place,
            object,
            user: conn.client.user.name.to_vec(),
            client: describe(&conn.client, Buffers::of(conn), now_ms),
            created_ms: now_ms,
            updated_ms: now_ms,
        };
        self.server.acl.log.add(entry, self.server.settings.acllog_max_len.load(Relaxed) as usize);
    }

    /// The reply to a request that its user may not make, noted in the log.
    #[cold]
    pub(super) fn deny(&self, conn: &Conn, denial: Denial, row: &Row, args: Args, place: Place) -> Vec<u8> {
        self.note_denial(conn, denial.reason, place, asked::refused_object(denial, row, args));
        [b"NOPERM ".as_slice(), &asked::explain(denial, &conn.client.user, row, args, false)].concat()
    }

    /// What EXEC replies for a command that was allowed when it was queued.
    #[cold]
    pub(super) fn deny_queued(&self, conn: &Conn, denial: Denial, row: &Row, args: Args) -> String {
        self.note_denial(conn, denial.reason, Place::Multi, asked::refused_object(denial, row, args));
        let reason = match denial.reason {
            Reason::Command | Reason::Auth | Reason::Certificate => {
                "no permission to execute the command or subcommand"
            }
            Reason::Key => "no permission to touch the specified keys",
            Reason::Channel => "no permission to access one of the channels used as arguments",
            Reason::Database => "no permission to access the database",
        };
        format!(
            "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. \
             This command is no longer allowed for the following reason: {reason}"
        )
    }

    /// A command that a client of this core has waited with was refused when it was about to run at last: gives the reply,
    /// and counts the refusal.
    pub fn deny_waiter(&self, conn: &Conn, denial: Denial, number: u16, args: Args) -> Vec<u8> {
        let row = crate::commands::table::table().row(number);
        let text = self.deny(conn, denial, row, args, Place::Toplevel);
        let mut out = Vec::new();
        Reply::new(&mut out, conn.client.proto).error_bytes(&text);
        self.figures().count_error(&out);
        if number != UNKNOWN {
            self.figures().per_command[number as usize].rejected.add(1);
        }
        out
    }

    /// Replies an error to a request that is not run. Inside MULTI that fails the transaction; a refused EXEC ends it.
    pub(super) fn refuse(&mut self, conn: &mut Conn, command: &str, text: &[u8]) -> Outcome {
        if command == "exec" {
            if let Err(shard) = self.forget_watches(conn) {
                return Outcome::Shard(shard);
            }
            conn.client.multi = None;
            conn.client.refresh();
            Reply::new(&mut conn.output, conn.client.proto).error_bytes(&error::exec_aborted_by(text));
            return Outcome::Refused;
        }
        Reply::new(&mut conn.output, conn.client.proto).error_bytes(text);
        if let Some(multi) = &mut conn.client.multi {
            multi.aborted = true;
        }
        Outcome::Refused
    }

    /// What the server protects, for those it lets. Err: the error's text.
    #[cold]
    pub(super) fn lets(&self, client: &Client, row: &Row) -> Result<(), &'static str> {
        let settings = &self.server.settings;
        let (allowed, text) = match row.name {
            "debug" => (&settings.debug_command, error::DEBUG_NOT_ALLOWED),
            _ => (&settings.module_command, error::MODULE_NOT_ALLOWED),
        };
        if allowed.to(client) { Ok(()) } else { Err(text) }
    }

    /// False once the password has been taken away: the connection is then as good as one that logged in.
    #[cold]
    pub(super) fn needs_login(&self, conn: &mut Conn) -> bool {
        conn.client.authenticated = self.server.acl.is_open();
        conn.client.refresh();
        !conn.client.authenticated
    }
}
