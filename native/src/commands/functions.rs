//! FUNCTION and FCALL. The registry is TypeScript (control requests); calls run here.

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
    function("function|load", -3, NOSCRIPT | WRITE | DENYOOM, "Creates a library.", "[REPLACE] function-code"),
    function(
        "function|restore",
        -3,
        NOSCRIPT | WRITE | DENYOOM,
        "Restores all libraries from a payload.",
        "serialized-value [FLUSH | APPEND | REPLACE]",
    ),
    function("function|stats", 2, NOSCRIPT | ALLOW_BUSY, "Returns information about a function during execution.", ""),
];
