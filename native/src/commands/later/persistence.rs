//! BACKUP: its rows. Refused in this version.

use crate::commands::row::{Group, ROW, Row, Run, flag::*};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::session::handle::{Flow, Session};

const LATER: Row = Row { group: Group::Server, run: Run::Session(refused), ..ROW };

pub const ROWS: &[Row] = &[
    Row {
        name: "backup",
        arity: 2,
        flags: 0,
        categories: 0,
        since: "8.10.0",
        complexity: "O(1)",
        summary: "A container for commands that come later.",
        run: Run::Container,
        ..LATER
    },
    Row {
        name: "backup|abort",
        arity: 2,
        flags: ADMIN | NOSCRIPT,
        categories: 0,
        since: "8.10.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "backup|cleanup",
        arity: 2,
        flags: ADMIN | NOSCRIPT,
        categories: 0,
        since: "8.10.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "backup|help",
        arity: 2,
        flags: LOADING | STALE,
        categories: 0,
        since: "8.10.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "backup|list",
        arity: 2,
        flags: ADMIN | STALE,
        categories: 0,
        since: "8.10.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "backup|seal",
        arity: 2,
        flags: ADMIN | NOSCRIPT,
        categories: 0,
        since: "8.10.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "backup|start",
        arity: 2,
        flags: ADMIN | NOSCRIPT,
        categories: 0,
        since: "8.10.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "backup|status",
        arity: 2,
        flags: ADMIN | STALE,
        categories: 0,
        since: "8.10.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
];

fn refused(_: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let name = String::from_utf8_lossy(args.get(0)).to_uppercase();
    reply.error(&format!("ERR {name} is not in this version of Zedis; see BGSAVE"));
    Flow::Done
}
