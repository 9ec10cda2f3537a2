//! Commands about the connection: PING, HELLO, AUTH, SELECT, CLIENT, RESET, QUIT.

use super::row::{Group, ROW, Row, Run, category, flag::*};
use crate::resp::args::Args;
use crate::resp::reply::{Protocol, Reply};
use crate::session::handle::{Flow, Session};

pub const ROWS: &[Row] = &[Row {
    name: "ping",
    arity: -1,
    flags: FAST,
    categories: category::CONNECTION,
    group: Group::Connection,
    summary: "Returns the server's liveliness response.",
    args: "[message]",
    reply: "string",
    run: Run::Session(ping),
    ..ROW
}];

fn ping(_: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    match args.len() {
        1 => reply.simple("PONG"),
        2 => reply.bulk(args.get(1)),
        _ => reply.error(&crate::resp::error::wrong_arity("ping")),
    }
    let _ = Protocol::Resp2;
    Flow::Done
}
