//! HELLO: protocol, authentication and name in one step.

use super::{CONNECTION, auth, client_state};
use crate::commands::row::{Row, Run, flag::*};
use crate::resp::args::Args;
use crate::resp::reply::{Protocol, Reply};
use crate::resp::{error, number};
use crate::session::handle::{Flow, Session};
use crate::session::server::REDIS_VERSION;

pub const ROWS: &[Row] = &[Row {
    name: "hello",
    arity: -1,
    flags: NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY,
    since: "6.0.0",
    summary: "Agrees on the protocol and describes the server.",
    args: "[protover [AUTH username password] [SETNAME clientname]]",
    reply: "Record<string, unknown>",
    run: Run::Session(hello),
    ..CONNECTION
}];

/// Changes nothing unless all of it can be done.
fn hello(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    if let Err(text) = negotiate(session, args) {
        reply.error_bytes(&text);
        return Flow::Done;
    }
    reply.proto = session.client.proto;
    let zone = session.server.settings.text("availability-zone");
    reply.map(7 + usize::from(!zone.is_empty()));
    reply.text("server");
    reply.text("redis");
    reply.text("version");
    reply.text(REDIS_VERSION);
    reply.text("proto");
    reply.int(if session.client.proto == Protocol::Resp3 { 3 } else { 2 });
    reply.text("id");
    reply.int(session.client.id as i64);
    reply.text("mode");
    reply.text("standalone");
    reply.text("role");
    reply.text("master");
    reply.text("modules");
    reply.array(0);
    // As in Valkey, where there is one.
    if !zone.is_empty() {
        reply.text("availability_zone");
        reply.bulk(zone.as_bytes());
    }
    Flow::Done
}

fn negotiate(session: &mut Session, args: Args) -> Result<(), Vec<u8>> {
    let mut proto = session.client.proto;
    if args.len() > 1 {
        proto = match number::integer(args.get(1)) {
            None => return Err("ERR Protocol version is not an integer or out of range".into()),
            Some(2) => Protocol::Resp2,
            Some(3) => Protocol::Resp3,
            Some(_) => return Err(error::NO_PROTO.into()),
        };
    }
    let (mut login, mut name) = (None, None);
    let mut at = 2;
    while at < args.len() {
        let more = args.len() - at - 1;
        if args.is(at, "auth") && more >= 2 {
            login = Some((args.get(at + 1), args.get(at + 2)));
            at += 3;
        } else if args.is(at, "setname") && more >= 1 {
            name = Some(args.get(at + 1));
            if !client_state::is_plain_word(args.get(at + 1)) {
                return Err(error::BAD_CLIENT_NAME.into());
            }
            at += 2;
        } else {
            return Err(error::quoting("ERR Syntax error in HELLO option", args.get(at)));
        }
    }
    if let Some((user, password)) = login {
        auth::log_in(session, user, password, args.get(0))?;
    }
    if !session.client.authenticated {
        return Err(error::HELLO_NO_AUTH.into());
    }
    if let Some(name) = name {
        session.client.name = name.to_vec();
    }
    session.client.proto = proto;
    session.client.refresh();
    Ok(())
}
