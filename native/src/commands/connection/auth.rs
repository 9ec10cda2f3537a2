//! AUTH, and the one check of a user's password.

use super::CONNECTION;
use crate::commands::row::{Row, Run, flag::*};
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::session::handle::{Flow, Session};

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

/// The only user there is.
pub const DEFAULT_USER: &[u8] = b"default";

fn auth(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let checked = match args.len() {
        2 if !password_set(session) => Err(error::AUTH_WITHOUT_PASSWORD),
        2 => log_in(session, DEFAULT_USER, args.get(1)),
        3 => log_in(session, args.get(1), args.get(2)),
        _ => Err(error::SYNTAX),
    };
    match checked {
        Ok(()) => reply.ok(),
        Err(text) => reply.error(text),
    }
    Flow::Done
}

pub fn password_set(session: &Session) -> bool {
    !session.server.settings.requirepass.read().unwrap_or_else(|p| p.into_inner()).is_empty()
}

/// Makes the connection this user's. Err: the error's text; the connection stays what it was. Without a password set,
/// the default user takes any.
pub fn log_in(session: &mut Session, user: &[u8], password: &[u8]) -> Result<(), &'static str> {
    let fits = {
        let wanted = session.server.settings.requirepass.read().unwrap_or_else(|p| p.into_inner());
        user == DEFAULT_USER && (wanted.is_empty() || same(&wanted, password))
    };
    if !fits {
        session.server.cores[session.core].figures.denied_logins.add(1);
        return Err(error::WRONG_PASS);
    }
    session.client.user = DEFAULT_USER.to_vec();
    session.client.authenticated = true;
    session.client.refresh();
    Ok(())
}

/// Equality in a time that tells nothing of where the two differ.
fn same(wanted: &[u8], given: &[u8]) -> bool {
    let mut differences = wanted.len() ^ given.len();
    for (index, byte) in given.iter().enumerate() {
        differences |= usize::from(byte ^ wanted[index % wanted.len()]);
    }
    differences == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_the_same_only_in_every_byte_and_the_length() {
        assert!(same(b"secret", b"secret"));
        for other in [&b""[..], b"secre", b"secrets", b"secresecret", b"Secret", b"secretsecret"] {
            assert!(!same(b"secret", other));
        }
    }
}
