//! FUNCTION, FCALL and FCALL_DRYRUN. The registry is TypeScript (control requests); calls run here.

use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::session::function_log::{LEVELS, LINES_MAX};
use crate::session::handle::{Flow, Session};

use super::row::{Begin, Find, Group, KeySpec, ROW, Row, Run, access, category, flag::*};

/// `numkeys` at argument 2, keys after it.
const COUNTED: KeySpec = KeySpec {
    access: access::RW | access::ACCESS | access::UPDATE,
    begin: Begin::Index(2),
    find: Find::KeyNum { keynum: 0, first: 1, step: 1 },
};

const COUNTED_RO: KeySpec = KeySpec { access: access::RO | access::ACCESS, ..COUNTED };

const fn function(name: &'static str, arity: i32, flags: u32, summary: &'static str, args: &'static str) -> Row {
    Row {
        name,
        arity,
        flags,
        categories: category::SCRIPTING,
        group: Group::Scripting,
        since: "7.0.0",
        summary,
        args,
        run: Run::Control,
        ..ROW
    }
}

pub const ROWS: &[Row] = &[
    Row {
        name: "fcall",
        arity: -3,
        flags: NOSCRIPT | STALE | SKIP_MONITOR | NO_MANDATORY_KEYS | MOVABLE_KEYS,
        keys: &[COUNTED],
        categories: category::SCRIPTING,
        group: Group::Scripting,
        since: "7.0.0",
        complexity: "Depends on the function that is executed.",
        summary: "Invokes a function.",
        args: "function numkeys [key [key ...]] [arg [arg ...]]",
        run: Run::Call,
        ..ROW
    },
    Row {
        name: "fcall_ro",
        arity: -3,
        flags: NOSCRIPT | READONLY | STALE | SKIP_MONITOR | NO_MANDATORY_KEYS | MOVABLE_KEYS,
        keys: &[COUNTED_RO],
        categories: category::SCRIPTING,
        group: Group::Scripting,
        since: "7.0.0",
        complexity: "Depends on the function that is executed.",
        summary: "Invokes a read-only function.",
        args: "function numkeys [key [key ...]] [arg [arg ...]]",
        run: Run::Call,
        ..ROW
    },
    Row {
        name: "fcall_dryrun",
        arity: -3,
        flags: NOSCRIPT | STALE | SKIP_MONITOR | NO_MANDATORY_KEYS | MOVABLE_KEYS | DRY_RUN,
        keys: &[COUNTED],
        categories: category::SCRIPTING,
        group: Group::Scripting,
        since: "7.2.5",
        complexity: "Depends on the function that is executed.",
        summary: "Shows what a function would reply, read and change, and leaves nothing behind.",
        args: "function numkeys [key [key ...]] [arg [arg ...]]",
        run: Run::Call,
        ..ROW
    },
    Row {
        name: "function",
        arity: -2,
        categories: 0,
        group: Group::Scripting,
        since: "7.0.0",
        complexity: "Depends on subcommand.",
        summary: "A container for function commands.",
        ..ROW
    },
    function("function|delete", 3, NOSCRIPT | WRITE, "Deletes a library and its functions.", "library-name"),
    function("function|dump", 2, NOSCRIPT, "Dumps all libraries into a serialized binary payload.", ""),
    function("function|flush", -2, NOSCRIPT | WRITE, "Deletes all libraries and functions.", "[ASYNC | SYNC]"),
    function("function|help", 2, LOADING | STALE, "Returns helpful text about the different subcommands.", ""),
    function("function|kill", 2, NOSCRIPT | ALLOW_BUSY, "Terminates a function during execution.", ""),
    function(
        "function|list",
        -2,
        NOSCRIPT,
        "Returns information about all libraries.",
        "[LIBRARYNAME library-name-pattern] [WITHCODE]",
    ),
    Row {
        run: Run::Session(log),
        ..function(
            "function|log",
            -3,
            NOSCRIPT,
            "Returns the last lines that a library logged.",
            "library-name [COUNT count]",
        )
    },
    function("function|load", -3, NOSCRIPT | WRITE | DENYOOM, "Creates a library.", "[REPLACE] function-code"),
    function(
        "function|restore",
        -3,
        NOSCRIPT | WRITE | DENYOOM,
        "Restores all libraries from a payload.",
        "serialized-value [FLUSH | APPEND | REPLACE]",
    ),
    function(
        "function|stats",
        -2,
        NOSCRIPT | ALLOW_BUSY,
        "Returns information about a function during execution.",
        "[WITHFUNCTIONS]",
    ),
    function(
        "function|versions",
        -3,
        NOSCRIPT,
        "Returns the last versions of a library, the latest first.",
        "library-name [WITHCODE]",
    ),
];

/// FUNCTION LOG: the library's last lines, the oldest of them first.
fn log(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let Ok(library) = std::str::from_utf8(args.get(2)) else {
        reply.error(NO_LIBRARY);
        return Flow::Done;
    };
    let count = match args.len() {
        3 => LINES_MAX,
        5 if args.is(3, "count") => match number::integer(args.get(4)) {
            Some(count) if count >= 0 => count as usize,
            Some(_) => {
                reply.error("ERR COUNT must not be negative");
                return Flow::Done;
            }
            None => {
                reply.error(error::NOT_INTEGER);
                return Flow::Done;
            }
        },
        _ => {
            reply.error(error::SYNTAX);
            return Flow::Done;
        }
    };
    if !session.server.manifest().has_library(library) {
        reply.error(NO_LIBRARY);
        return Flow::Done;
    }
    let lines = session.server.function_logs.latest(library, count);
    reply.array(lines.len());
    for line in lines {
        reply.map(5);
        reply.text("time_ms");
        reply.int(line.at_ms);
        reply.text("level");
        reply.text(LEVELS[line.level.min(3) as usize]);
        reply.text("core");
        reply.int(line.core as i64);
        reply.text("function");
        reply.text(&line.function);
        reply.text("text");
        reply.text(&line.text);
    }
    Flow::Done
}

const NO_LIBRARY: &str = "ERR Library not found";
