//! CLIENT KILL: closes connections that meet conditions.

use super::CONNECTION;
use super::client_filter::ClientFilter;
use crate::commands::row::{Row, Run, flag::*};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::session::conn::Conns;
use crate::session::gather::Gather;
use crate::session::handle::{Flow, Session};
use crate::sys::clock;

pub const ROWS: &[Row] = &[Row {
    name: "client|kill",
    arity: -3,
    flags: ADMIN | NOSCRIPT | LOADING | STALE,
    since: "2.4.0",
    complexity: "O(N) where N is the number of client connections",
    summary: "Closes the connections that meet all conditions.",
    args: "<ip:port | [ID client-id] [TYPE <NORMAL | MASTER | SLAVE | REPLICA | PUBSUB>] [USER username] [ADDR ip:port] \
           [LADDR ip:port] [SKIPME <YES | NO>] [MAXAGE maxage]>",
    reply: "\"OK\" | number",
    run: Run::Session(kill),
    ..CONNECTION
}];

fn kill(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let old_form = args.len() == 3;
    let filter = if old_form {
        Ok(ClientFilter::address(args.get(2)))
    } else {
        ClientFilter::parse(session, args, "ERR client-id should be greater than 0")
    };
    let mut filter = match filter {
        Ok(filter) => filter,
        Err(text) => {
            reply.error_bytes(&text);
            return Flow::Done;
        }
    };
    let asker = session.client.id;
    if !old_form && !args.iter().any(|word| word.eq_ignore_ascii_case(b"skipme")) {
        filter.spared = Some(asker);
    }
    let question = move |conns: &mut Conns| {
        let now_ms = clock::now_ms();
        let mut killed = 0;
        for (_, conn) in conns.iter() {
            if conn.dead || !filter.meets(&conn.client, now_ms) {
                continue;
            }
            killed += 1;
            // The asker is closed once it has its reply.
            conn.closing = true;
            conn.dead = conn.client.id != asker;
        }
        (Vec::new(), killed)
    };
    let combine = move |reply: &mut Reply, _: Vec<u8>, killed: i64| match (old_form, killed) {
        (true, 0) => reply.error("ERR No such client"),
        (true, _) => reply.ok(),
        (false, killed) => reply.int(killed),
    };
    Flow::Gather(Gather { question: Some(Box::new(question)), combine: Box::new(combine) })
}
