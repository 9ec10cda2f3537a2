//! COMMAND DOCS: per command `{summary, since, group, complexity, …, arguments, subcommands}`.

use super::deprecated;
use super::synopsis::{self, Argument};
use crate::commands::table::table;
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::session::handle::{Flow, Session};

pub fn docs(_: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let table = table();
    let wanted: Vec<u16> = if args.len() == 2 {
        table.commands().map(|(number, _)| number).collect()
    } else {
        args.from(2).iter().filter_map(|name| table.find_full(name)).collect()
    };
    reply.map(wanted.len());
    for number in wanted {
        write(number, reply);
    }
    Flow::Done
}

/// The command's name, then its map.
fn write(number: u16, reply: &mut Reply) {
    let table = table();
    let row = table.row(number);
    let arguments = synopsis::parse(row);
    let subcommands = table.subcommands(number);
    let deprecated = deprecated::of(row.name);
    reply.text(&row.shown_name());
    let extras = usize::from(!arguments.is_empty()) + usize::from(!subcommands.is_empty());
    reply.map(4 + if deprecated.is_some() { 3 } else { 0 } + extras);
    for (field, text) in
        [("summary", row.summary), ("since", row.since), ("group", row.group.name()), ("complexity", row.complexity)]
    {
        reply.text(field);
        reply.text(text);
    }
    if let Some((since, replacement)) = deprecated {
        reply.text("doc_flags");
        reply.set(1);
        reply.simple("deprecated");
        reply.text("deprecated_since");
        reply.text(since);
        reply.text("replaced_by");
        reply.text(replacement);
    }
    if !arguments.is_empty() {
        reply.text("arguments");
        write_arguments(&arguments, reply);
    }
    if !subcommands.is_empty() {
        reply.text("subcommands");
        reply.map(subcommands.len());
        for subcommand in subcommands {
            write(*subcommand, reply);
        }
    }
}

fn write_arguments(arguments: &[Argument], reply: &mut Reply) {
    reply.array(arguments.len());
    for argument in arguments {
        write_argument(argument, reply);
    }
}

fn write_argument(argument: &Argument, reply: &mut Reply) {
    let mut flags = Vec::new();
    for (on, name) in
        [(argument.optional, "optional"), (argument.multiple, "multiple"), (argument.multiple_token, "multiple_token")]
    {
        if on {
            flags.push(name);
        }
    }
    let shown = argument.kind.is_value();
    let fields = 2
        + usize::from(shown)
        + usize::from(argument.key_spec.is_some())
        + usize::from(argument.token.is_some())
        + usize::from(!flags.is_empty())
        + usize::from(!argument.parts.is_empty());
    reply.map(fields);
    reply.text("name");
    reply.text(&argument.name);
    reply.text("type");
    reply.text(argument.kind.name());
    if shown {
        reply.text("display_text");
        reply.text(&argument.name);
    }
    if let Some(index) = argument.key_spec {
        reply.text("key_spec_index");
        reply.int(index as i64);
    }
    if let Some(token) = &argument.token {
        reply.text("token");
        reply.text(token);
    }
    if !flags.is_empty() {
        reply.text("flags");
        reply.set(flags.len());
        for flag in flags {
            reply.simple(flag);
        }
    }
    if !argument.parts.is_empty() {
        reply.text("arguments");
        write_arguments(&argument.parts, reply);
    }
}
