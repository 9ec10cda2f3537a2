//! Scripts in Lua: their rows, so that clients and rules of users know them. Refused in this version.

use crate::commands::row::{Begin, Find, Group, KeySpec, ROW, Row, Run, access, category, flag::*};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::session::handle::{Flow, Session};

const LATER: Row = Row { group: Group::Scripting, run: Run::Session(refused), ..ROW };

pub const ROWS: &[Row] = &[
    Row {
        name: "eval",
        arity: -3,
        flags: NOSCRIPT | STALE | SKIP_MONITOR | NO_MANDATORY_KEYS | MOVABLE_KEYS,
        keys: &[KeySpec {
            access: access::RW | access::ACCESS | access::UPDATE,
            begin: Begin::Index(2),
            find: Find::KeyNum { keynum: 0, first: 1, step: 1 },
        }],
        categories: category::SCRIPTING,
        since: "2.6.0",
        complexity: "Depends on the script that is executed.",
        summary: "Comes with a later version; refused until then.",
        args: "script numkeys [key [key ...]] [arg [arg ...]]",
        ..LATER
    },
    Row {
        name: "evalsha",
        arity: -3,
        flags: NOSCRIPT | STALE | SKIP_MONITOR | NO_MANDATORY_KEYS | MOVABLE_KEYS,
        keys: &[KeySpec {
            access: access::RW | access::ACCESS | access::UPDATE,
            begin: Begin::Index(2),
            find: Find::KeyNum { keynum: 0, first: 1, step: 1 },
        }],
        categories: category::SCRIPTING,
        since: "2.6.0",
        complexity: "Depends on the script that is executed.",
        summary: "Comes with a later version; refused until then.",
        args: "sha1 numkeys [key [key ...]] [arg [arg ...]]",
        ..LATER
    },
    Row {
        name: "evalsha_ro",
        arity: -3,
        flags: READONLY | NOSCRIPT | STALE | SKIP_MONITOR | NO_MANDATORY_KEYS | MOVABLE_KEYS,
        keys: &[KeySpec {
            access: access::RO | access::ACCESS,
            begin: Begin::Index(2),
            find: Find::KeyNum { keynum: 0, first: 1, step: 1 },
        }],
        categories: category::SCRIPTING,
        since: "7.0.0",
        complexity: "Depends on the script that is executed.",
        summary: "Comes with a later version; refused until then.",
        args: "sha1 numkeys [key [key ...]] [arg [arg ...]]",
        ..LATER
    },
    Row {
        name: "eval_ro",
        arity: -3,
        flags: READONLY | NOSCRIPT | STALE | SKIP_MONITOR | NO_MANDATORY_KEYS | MOVABLE_KEYS,
        keys: &[KeySpec {
            access: access::RO | access::ACCESS,
            begin: Begin::Index(2),
            find: Find::KeyNum { keynum: 0, first: 1, step: 1 },
        }],
        categories: category::SCRIPTING,
        since: "7.0.0",
        complexity: "Depends on the script that is executed.",
        summary: "Comes with a later version; refused until then.",
        args: "script numkeys [key [key ...]] [arg [arg ...]]",
        ..LATER
    },
    Row {
        name: "script",
        arity: -2,
        flags: 0,
        categories: 0,
        since: "2.6.0",
        complexity: "Depends on subcommand.",
        summary: "A container for commands that come later.",
        run: Run::Container,
        ..LATER
    },
    Row {
        name: "script|debug",
        arity: 3,
        flags: NOSCRIPT,
        categories: category::SCRIPTING,
        since: "3.2.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        args: "<YES | SYNC | NO>",
        ..LATER
    },
    Row {
        name: "script|exists",
        arity: -3,
        flags: NOSCRIPT,
        categories: category::SCRIPTING,
        since: "2.6.0",
        complexity: "O(N) with N being the number of scripts to check (so checking a single script is an O(1) operation).",
        summary: "Comes with a later version; refused until then.",
        args: "sha1 [sha1 ...]",
        ..LATER
    },
    Row {
        name: "script|flush",
        arity: -2,
        flags: NOSCRIPT,
        categories: category::SCRIPTING,
        since: "2.6.0",
        complexity: "O(N) with N being the number of scripts in cache",
        summary: "Comes with a later version; refused until then.",
        args: "[ASYNC | SYNC]",
        ..LATER
    },
    Row {
        name: "script|help",
        arity: 2,
        flags: LOADING | STALE,
        categories: category::SCRIPTING,
        since: "5.0.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "script|kill",
        arity: 2,
        flags: NOSCRIPT | ALLOW_BUSY,
        categories: category::SCRIPTING,
        since: "2.6.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "script|load",
        arity: 3,
        flags: NOSCRIPT | STALE,
        categories: category::SCRIPTING,
        since: "2.6.0",
        complexity: "O(N) with N being the length in bytes of the script body.",
        summary: "Comes with a later version; refused until then.",
        args: "script",
        ..LATER
    },
    Row {
        name: "script|show",
        arity: 3,
        flags: NOSCRIPT,
        categories: category::SCRIPTING,
        since: "8.0.0",
        complexity: "O(1).",
        summary: "Comes with a later version; refused until then.",
        args: "sha1",
        ..LATER
    },
];

fn refused(_: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let name = String::from_utf8_lossy(args.get(0)).to_uppercase();
    reply.error(&format!(
        "ERR {name} is not in this version of Zedis: scripts in Lua come later; procedures in TypeScript are there (FUNCTION LOAD, FCALL)"
    ));
    Flow::Done
}
