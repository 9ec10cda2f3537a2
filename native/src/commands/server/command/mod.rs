//! COMMAND: the command table, told to clients.

mod deprecated;
mod docs;
mod entry;
mod getkeys;
pub mod synopsis;
mod tips;

use super::SERVER;
use crate::commands::glob;
use crate::commands::row::{Row, Run, category, flag::*};
use crate::commands::table::table;
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::session::handle::{Flow, Session};

const COMMAND: Row = Row { flags: LOADING | STALE, categories: category::CONNECTION, since: "2.8.13", ..SERVER };

pub const ROWS: &[Row] = &[
    Row {
        name: "command",
        arity: -1,
        complexity: "O(N) where N is the total number of Redis commands",
        summary: "Describes all commands.",
        reply: "unknown[]",
        run: Run::Session(command),
        ..COMMAND
    },
    Row {
        name: "command|count",
        arity: 2,
        summary: "Returns how many commands there are.",
        reply: "number",
        run: Run::Session(count),
        ..COMMAND
    },
    Row {
        name: "command|docs",
        arity: -2,
        since: "7.0.0",
        complexity: "O(N) where N is the number of commands to look up",
        summary: "Returns what a reader wants to know of commands: summary, arguments, history.",
        args: "[command-name [command-name ...]]",
        reply: "Record<string, unknown>",
        run: Run::Session(docs::docs),
        ..COMMAND
    },
    Row {
        name: "command|getkeys",
        arity: -3,
        complexity: "O(N) where N is the number of arguments to the command",
        summary: "Returns the keys of a request.",
        args: "command [arg [arg ...]]",
        reply: "string[]",
        run: Run::Session(getkeys::getkeys),
        ..COMMAND
    },
    Row {
        name: "command|getkeysandflags",
        arity: -3,
        since: "7.0.0",
        complexity: "O(N) where N is the number of arguments to the command",
        summary: "Returns the keys of a request and what it does with each.",
        args: "command [arg [arg ...]]",
        reply: "[string, string[]][]",
        run: Run::Session(getkeys::getkeysandflags),
        ..COMMAND
    },
    Row {
        name: "command|help",
        arity: 2,
        since: "5.0.0",
        summary: "Lists the subcommands.",
        reply: "string[]",
        run: Run::Session(help),
        ..COMMAND
    },
    Row {
        name: "command|info",
        arity: -2,
        complexity: "O(N) where N is the number of commands to look up",
        summary: "Returns what a client needs to know of commands: arity, flags, where their keys are.",
        args: "[command-name [command-name ...]]",
        reply: "unknown[]",
        run: Run::Session(info),
        ..COMMAND
    },
    Row {
        name: "command|list",
        arity: -2,
        since: "7.0.0",
        complexity: "O(N) where N is the total number of Redis commands",
        summary: "Returns the names of all commands, or of some.",
        args: "[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]",
        reply: "string[]",
        run: Run::Session(list),
        ..COMMAND
    },
];

fn command(_: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    if args.len() > 1 {
        reply.error_bytes(&error::unknown_subcommand(args.get(1), args.get(0)));
    } else {
        all(reply);
    }
    Flow::Done
}

fn all(reply: &mut Reply) {
    let table = table();
    reply.array(table.commands().count());
    for (number, _) in table.commands() {
        entry::write(number, reply);
    }
}

fn count(_: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.int(table().commands().count() as i64);
    Flow::Done
}

fn info(_: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    if args.len() == 2 {
        all(reply);
        return Flow::Done;
    }
    reply.array(args.len() - 2);
    for name in args.from(2).iter() {
        match table().find_full(name) {
            Some(number) => entry::write(number, reply),
            None => reply.null(),
        }
    }
    Flow::Done
}

/// The module of Redis 8 whose commands are those of vector sets.
const VECTOR_SETS: &[u8] = b"vectorset";

fn list(_: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let wanted: Box<dyn Fn(&Row) -> bool> = match args.len() {
        2 => Box::new(|_| true),
        5 if args.is(2, "filterby") && args.is(3, "module") => {
            let asks_for_ours = args.get(4) == VECTOR_SETS;
            Box::new(move |row| asks_for_ours && row.flags & MODULE != 0)
        }
        5 if args.is(2, "filterby") && args.is(3, "aclcat") => {
            let named = category::NAMES.iter().find(|(_, name)| args.is(4, name));
            let bits = named.map_or(0, |(bit, _)| *bit);
            Box::new(move |row| row.all_categories() & bits != 0)
        }
        5 if args.is(2, "filterby") && args.is(3, "pattern") => {
            let pattern = args.get(4);
            Box::new(move |row| glob::matches_any_case(pattern, row.name.as_bytes()))
        }
        _ => {
            reply.error(error::SYNTAX);
            return Flow::Done;
        }
    };
    let names: Vec<_> = table().served().filter(|(_, row)| wanted(row)).map(|(_, row)| row.shown_name()).collect();
    reply.array(names.len());
    for name in names {
        reply.text(&name);
    }
    Flow::Done
}

fn help(_: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.help(
        "COMMAND",
        &[
            "(no subcommand)",
            "    Describe all commands.",
            "COUNT",
            "    Return how many commands there are.",
            "DOCS [<command-name> [...]]",
            "    Return summary, arguments and history of commands.",
            "GETKEYS <full-command>",
            "    Return the keys of a request.",
            "GETKEYSANDFLAGS <full-command>",
            "    Return the keys of a request and what it does with each.",
            "INFO [<command-name> [...]]",
            "    Describe some commands, or all.",
            "LIST [FILTERBY (MODULE <module-name>|ACLCAT <category>|PATTERN <pattern>)]",
            "    Return the names of commands.",
        ],
    );
    Flow::Done
}
