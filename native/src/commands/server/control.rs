//! CONFIG and SHUTDOWN: their rows. The TypeScript main thread serves them.

use super::SERVER;
use crate::commands::row::{Row, Run, flag::*};

const CONTROL: Row = Row { flags: ADMIN | NOSCRIPT | LOADING | STALE, run: Run::Control, ..SERVER };

pub const ROWS: &[Row] = &[
    Row {
        name: "config",
        arity: -2,
        since: "2.0.0",
        complexity: "Depends on subcommand.",
        summary: "A container for server configuration commands.",
        ..SERVER
    },
    Row {
        name: "config|get",
        arity: -3,
        since: "2.0.0",
        complexity: "O(N) when N is the number of configuration parameters provided",
        summary: "Returns the directives that match the patterns, with their values.",
        args: "parameter [parameter ...]",
        reply: "Record<string, string>",
        ..CONTROL
    },
    Row {
        name: "config|set",
        arity: -4,
        since: "2.0.0",
        complexity: "O(N) when N is the number of configuration parameters provided",
        summary: "Changes directives while the server runs: all of them or none.",
        args: "parameter value [parameter value ...]",
        ..CONTROL
    },
    Row {
        name: "config|resetstat",
        arity: 2,
        since: "2.0.0",
        summary: "Sets the figures of INFO back to zero.",
        ..CONTROL
    },
    Row {
        name: "config|rewrite",
        arity: 2,
        since: "2.8.0",
        summary: "Writes the directives in force into the configuration file.",
        ..CONTROL
    },
    Row {
        name: "config|help",
        arity: 2,
        flags: LOADING | STALE,
        since: "5.0.0",
        summary: "Lists the subcommands.",
        reply: "string[]",
        ..CONTROL
    },
    Row {
        name: "shutdown",
        arity: -1,
        flags: ADMIN | NOSCRIPT | LOADING | STALE | NO_MULTI | ALLOW_BUSY,
        complexity: "O(N) when saving, where N is the total number of keys in all databases when saving data, otherwise O(1)",
        summary: "Ends the server in good order.",
        args: "[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]",
        ..CONTROL
    },
];
