//! CLIENT subcommands about the connection's own state: name, library, replies, eviction, touching.

use super::CONNECTION;
use std::sync::atomic::Ordering::Relaxed;

use crate::commands::row::{Row, Run, flag::*};
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::session::client::ReplyMode;
use crate::session::handle::{Flow, Session};

const OWN: Row = Row { flags: NOSCRIPT | LOADING | STALE, ..CONNECTION };

pub const ROWS: &[Row] = &[
    Row {
        name: "client|getname",
        arity: 2,
        since: "2.6.9",
        summary: "Returns the connection's name.",
        reply: "string | null",
        run: Run::Session(getname),
        ..OWN
    },
    Row {
        name: "client|setname",
        arity: 3,
        since: "2.6.9",
        summary: "Gives the connection a name.",
        args: "connection-name",
        run: Run::Session(setname),
        ..OWN
    },
    Row {
        name: "client|setinfo",
        arity: 4,
        since: "7.2.0",
        summary: "Tells which library the client uses.",
        args: "<LIB-NAME libname | LIB-VER libver>",
        run: Run::Session(setinfo),
        ..OWN
    },
    Row {
        name: "client|id",
        arity: 2,
        since: "5.0.0",
        summary: "Returns the connection's number, which no other connection has had.",
        reply: "number",
        run: Run::Session(id),
        ..OWN
    },
    Row {
        name: "client|reply",
        arity: 3,
        since: "3.2.0",
        summary: "Turns the replies of this connection off and on, or skips the next.",
        args: "<ON | OFF | SKIP>",
        run: Run::Session(reply_mode),
        ..OWN
    },
    Row {
        name: "client|no-evict",
        arity: 3,
        flags: ADMIN | NOSCRIPT | LOADING | STALE,
        since: "7.0.0",
        summary: "Spares this connection when clients are evicted for their memory.",
        args: "<ON | OFF>",
        run: Run::Session(no_evict),
        ..OWN
    },
    Row {
        name: "client|no-touch",
        arity: 3,
        since: "7.2.0",
        summary: "Leaves the access times of the keys this connection reads alone.",
        args: "<ON | OFF>",
        run: Run::Session(no_touch),
        ..OWN
    },
    Row {
        name: "client|capa",
        arity: -3,
        since: "8.0.0",
        summary: "Tells what the client can do: redirect is the one capability there is.",
        args: "capability [capability ...]",
        run: Run::Session(capa),
        ..OWN
    },
    Row {
        name: "client|import-source",
        arity: 3,
        since: "8.1.0",
        summary: "Marks the connection as one that imports data, where the server is in import mode.",
        args: "<ON | OFF>",
        run: Run::Session(import_source),
        ..OWN
    },
];

/// No spaces, no control characters, nothing beyond ASCII: fit for CLIENT LIST's space-separated fields.
pub fn is_plain_word(word: &[u8]) -> bool {
    word.iter().all(|byte| (b'!'..=b'~').contains(byte))
}

fn getname(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    if session.client.name.is_empty() {
        reply.null()
    } else {
        reply.bulk(&session.client.name)
    }
    Flow::Done
}

fn setname(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    if is_plain_word(args.get(2)) {
        session.client.name = args.get(2).to_vec();
        reply.ok();
    } else {
        reply.error(error::BAD_CLIENT_NAME);
    }
    Flow::Done
}

fn setinfo(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let (field, name) = if args.is(2, "lib-name") {
        (&mut session.client.lib_name, "lib-name")
    } else if args.is(2, "lib-ver") {
        (&mut session.client.lib_ver, "lib-ver")
    } else {
        reply.error_bytes(&error::quoting("ERR Unrecognized option", args.get(2)));
        return Flow::Done;
    };
    if is_plain_word(args.get(3)) {
        *field = args.get(3).to_vec();
        reply.ok();
    } else {
        reply.error(&format!("ERR {name} cannot contain spaces, newlines or special characters."));
    }
    Flow::Done
}

fn id(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.int(session.client.id as i64);
    Flow::Done
}

fn reply_mode(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let client = &mut *session.client;
    if args.is(2, "on") {
        client.reply_mode = ReplyMode::On;
        reply.ok();
    } else if args.is(2, "off") {
        client.reply_mode = ReplyMode::Off;
    } else if args.is(2, "skip") {
        if client.reply_mode != ReplyMode::Off {
            client.reply_mode = ReplyMode::SkipNext;
        }
    } else {
        reply.error(error::SYNTAX);
    }
    client.refresh();
    Flow::Done
}

/// ON or OFF at argument 2; replies.
fn switch(args: Args, reply: &mut Reply, turn: &mut bool) -> Flow {
    if args.is(2, "on") || args.is(2, "off") {
        *turn = args.is(2, "on");
        reply.ok();
    } else {
        reply.error(error::SYNTAX);
    }
    Flow::Done
}

fn no_evict(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    switch(args, reply, &mut session.client.no_evict)
}

fn no_touch(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    switch(args, reply, &mut session.client.no_touch)
}

/// Capabilities that are not known are passed over, as in Valkey.
fn capa(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    session.client.takes_redirects |= args.from(2).iter().any(|word| word.eq_ignore_ascii_case(b"redirect"));
    reply.ok();
    Flow::Done
}

fn import_source(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    if !args.is(2, "off") && !session.server.settings.import_mode.load(Relaxed) {
        reply.error("ERR Server is not in import mode");
        return Flow::Done;
    }
    switch(args, reply, &mut session.client.imports)
}
