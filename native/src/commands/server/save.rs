//! SAVE, BGSAVE, BGREWRITEAOF: served by the main thread, done by a thread of their own.

use super::SERVER;
use crate::commands::row::{Row, Run, flag::*};

const SAVES: Row = Row { flags: ADMIN | NOSCRIPT | NO_ASYNC_LOADING, run: Run::Control, ..SERVER };

pub const ROWS: &[Row] = &[
    Row {
        name: "bgrewriteaof",
        arity: 1,
        since: "1.0.0",
        complexity: "O(1)",
        summary: "Rewrites the append-only file to what makes the data set as it is, beside everything else.",
        reply: "string",
        ..SAVES
    },
    Row {
        name: "bgsave",
        arity: -1,
        since: "1.0.0",
        complexity: "O(1)",
        summary: "Saves a snapshot of this moment, beside everything else.",
        args: "[SCHEDULE]",
        reply: "string",
        ..SAVES
    },
    Row {
        name: "save",
        arity: 1,
        flags: ADMIN | NOSCRIPT | NO_ASYNC_LOADING | NO_MULTI,
        since: "1.0.0",
        complexity: "O(N) where N is the total number of keys in all databases",
        summary: "Saves a snapshot of this moment, and replies when it is on disk; others are served meanwhile.",
        ..SAVES
    },
];
