//! CLIENT KILL: closes connections by address, id, type, user or age.

use super::CONNECTION;
use super::client_list::ClientType;
use crate::commands::row::{Row, Run, flag::*};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::session::client::Client;
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

#[derive(Default)]
struct Filter {
    id: Option<u64>,
    address: Option<String>,
    local_address: Option<String>,
    kind: Option<ClientType>,
    user: Option<Vec<u8>>,
    /// Seconds the connection must have been open, at least.
    age_min: Option<i64>,
    /// The asker's id, if it is to be spared.
    spared: Option<u64>,
}

impl Filter {
    fn meets(&self, client: &Client, now_ms: i64) -> bool {
        self.id.is_none_or(|id| id == client.id)
            && self.address.as_ref().is_none_or(|address| *address == client.address)
            && self.local_address.as_ref().is_none_or(|address| *address == client.local_address)
            && self.kind.is_none_or(|kind| kind == ClientType::of(client))
            // A connection that has not logged in is nobody's.
            && self.user.as_ref().is_none_or(|user| client.authenticated && **user == *client.user.name)
            && self.age_min.is_none_or(|age| (now_ms - client.created_ms) / 1000 >= age)
            && self.spared != Some(client.id)
    }
}

fn kill(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let old_form = args.len() == 3;
    let filter = match parse(session, args) {
        Ok(filter) => filter,
        Err(text) => {
            reply.error_bytes(&text);
            return Flow::Done;
        }
    };
    let asker = session.client.id;
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

fn parse(session: &Session, args: Args) -> Result<Filter, Vec<u8>> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if args.len() == 3 {
        return Ok(Filter { address: Some(text(args.get(2))), ..Filter::default() });
    }
    let mut filter = Filter { spared: Some(session.client.id), ..Filter::default() };
    for at in (2..args.len()).step_by(2) {
        if at + 1 == args.len() {
            return Err(error::SYNTAX.into());
        }
        let value = args.get(at + 1);
        if args.is(at, "id") {
            let id = number::integer(value).filter(|id| *id > 0);
            filter.id = Some(id.ok_or("ERR client-id should be greater than 0")? as u64);
        } else if args.is(at, "maxage") {
            let age = number::integer(value).ok_or(error::NOT_INTEGER)?;
            if age <= 0 {
                return Err("ERR maxage should be greater than 0".into());
            }
            filter.age_min = Some(age);
        } else if args.is(at, "type") {
            filter.kind = Some(ClientType::parse(value)?);
        } else if args.is(at, "addr") {
            filter.address = Some(text(value));
        } else if args.is(at, "laddr") {
            filter.local_address = Some(text(value));
        } else if args.is(at, "user") {
            if session.server.acl.find(value).is_none() {
                return Err(error::quoting("ERR No such user", value));
            }
            filter.user = Some(value.to_vec());
        } else if args.is(at, "skipme") && (args.is(at + 1, "yes") || args.is(at + 1, "no")) {
            filter.spared = args.is(at + 1, "yes").then_some(session.client.id);
        } else {
            return Err(error::SYNTAX.into());
        }
    }
    Ok(filter)
}
