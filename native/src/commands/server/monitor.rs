//! MONITOR: the connection becomes one that is shown every command. `dispatch/monitor.rs` makes the lines.

use std::sync::atomic::Ordering::SeqCst;

use crate::commands::row::{Group, ROW, Row, Run, flag::*};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::session::handle::{Flow, Session};

pub const ROWS: &[Row] = &[Row {
    name: "monitor",
    arity: 1,
    flags: ADMIN | NOSCRIPT | LOADING | STALE,
    group: Group::Server,
    summary: "Shows every command that the server runs, until the connection is closed or reset.",
    reply: "\"OK\"",
    run: Run::Session(monitor),
    ..ROW
}];

fn monitor(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    if !session.client.monitors {
        session.client.monitors = true;
        session.local.monitors.push(session.client.id);
        session.server.cores[session.core].monitors.fetch_add(1, SeqCst);
        session.server.judge_monitors();
    }
    reply.ok();
    Flow::Done
}
