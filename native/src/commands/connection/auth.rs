//! AUTH, and the one place where a connection becomes another user's.

use super::CONNECTION;
use super::{Buffers, describe};
use crate::acl::check::Reason;
use crate::acl::log::{Entry, Place};
use crate::acl::user::DEFAULT;
use crate::commands::row::{Row, Run, flag::*};
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::session::handle::{Flow, Session};
use crate::sys::clock;
use std::sync::atomic::Ordering::Relaxed;

pub const ROWS: &[Row] = &[Row {
    name: "auth",
    arity: -2,
    flags: NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY,
    complexity: "O(N) where N is the number of passwords the user has",
    summary: "Proves who the client is.",
    args: "[username] password",
    run: Run::Session(auth),
    ..CONNECTION
}];

fn auth(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let checked = match args.len() {
        2 if session.server.acl.default_now().0.nopass => Err(error::AUTH_WITHOUT_PASSWORD),
        2 => log_in(session, DEFAULT, args.get(1), args.get(0)),
        3 => log_in(session, args.get(1), args.get(2), args.get(0)),
        _ => Err(error::SYNTAX),
    };
    match checked {
        Ok(()) => reply.ok(),
        Err(text) => reply.error(text),
    }
    Flow::Done
}

/// Makes the connection this user's. Err: the error's text; the connection stays what it was. `command`: as it was sent, for
/// the ACL log.
pub fn log_in(session: &mut Session, name: &[u8], password: &[u8], command: &[u8]) -> Result<(), &'static str> {
    let acl = &session.server.acl;
    let version = acl.version();
    let Some(user) = acl.find(name).filter(|user| user.accepts(password)) else {
        note_failure(session, name, command);
        return Err(error::WRONG_PASS);
    };
    (session.client.user, session.client.users_version) = (user, version);
    session.client.authenticated = true;
    session.client.refresh();
    Ok(())
}

fn note_failure(session: &Session, name: &[u8], command: &[u8]) {
    let now_ms = clock::now_ms();
    let in_transaction = session.client.in_exec.is_some() || session.client.multi.is_some();
    let entry = Entry {
        id: 0,
        count: 1,
        reason: Reason::Auth,
        place: if in_transaction { Place::Multi } else { Place::Toplevel },
        object: command.to_vec(),
        user: name.to_vec(),
        client: describe(session.client, Buffers::default(), now_ms),
        created_ms: now_ms,
        updated_ms: now_ms,
    };
    session.server.acl.log.add(entry, session.server.settings.acllog_max_len.load(Relaxed) as usize);
}
