//! CLIENT subcommands about the connection's own state: name, library, replies, eviction, touching, tracking.

use super::CONNECTION;
use crate::commands::row::{Row, Run, flag::*};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
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
        name: "client|tracking",
        arity: -3,
        since: "6.0.0",
        complexity: "O(1). Some options may introduce additional complexity.",
        summary: "Turns invalidation messages for client-side caches on or off.",
        args: "<ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]",
        run: Run::Session(tracking),
        ..OWN
    },
    Row {
        name: "client|trackinginfo",
        arity: 2,
        since: "6.2.0",
        summary: "Returns how the keys of this connection are tracked.",
        reply: "Record<string, unknown>",
        run: Run::Session(trackinginfo),
        ..OWN
    },
    Row {
        name: "client|getredir",
        arity: 2,
        since: "6.0.0",
        summary: "Returns the connection that invalidation messages are redirected to.",
        reply: "number",
        run: Run::Session(getredir),
        ..OWN
    },
    Row {
        name: "client|caching",
        arity: 3,
        since: "6.0.0",
        summary: "Says whether the keys of the next request are tracked.",
        args: "<YES | NO>",
        run: Run::Session(caching),
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

fn tracking(_: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let mut at = 3;
    while at < args.len() {
        if args.is(at, "redirect") && at + 1 < args.len() && number::integer(args.get(at + 1)).is_none() {
            reply.error(error::NOT_INTEGER);
            return Flow::Done;
        }
        if (args.is(at, "redirect") || args.is(at, "prefix")) && at + 1 < args.len() {
            at += 2;
        } else if ["bcast", "optin", "optout", "noloop"].iter().any(|word| args.is(at, word)) {
            at += 1;
        } else {
            reply.error(error::SYNTAX);
            return Flow::Done;
        }
    }
    if args.is(2, "off") {
        reply.ok();
    } else if args.is(2, "on") {
        reply.error(
            "ERR CLIENT TRACKING ON is not there yet in this version of Zedis: read without a client-side cache",
        );
    } else {
        reply.error(error::SYNTAX);
    }
    Flow::Done
}

fn trackinginfo(_: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.map(3);
    reply.text("flags");
    reply.set(1);
    reply.text("off");
    reply.text("redirect");
    reply.int(-1);
    reply.text("prefixes");
    reply.array(0);
    Flow::Done
}

fn getredir(_: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.int(-1);
    Flow::Done
}

fn caching(_: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.error(error::CACHING_WITHOUT_TRACKING);
    Flow::Done
}
