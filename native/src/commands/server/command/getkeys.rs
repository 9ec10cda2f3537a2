//! COMMAND GETKEYS and GETKEYSANDFLAGS: where the keys of a request are, without running it.

use super::entry;
use crate::commands::asked;
use crate::commands::table::table;
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::session::handle::{Flow, Session};

pub fn getkeys(_: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    match keys(args.from(2)) {
        Err(text) => reply.error(text),
        Ok(found) => {
            reply.array(found.len());
            for (key, _) in found {
                reply.bulk(key);
            }
        }
    }
    Flow::Done
}

pub fn getkeysandflags(_: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    match keys(args.from(2)) {
        Err(text) => reply.error(text),
        Ok(found) => {
            reply.array(found.len());
            for (key, access) in found {
                reply.array(2);
                reply.bulk(key);
                entry::write_access(access, reply);
            }
        }
    }
    Flow::Done
}

fn keys<'a>(request: Args<'a>) -> Result<Vec<(&'a [u8], u16)>, &'static str> {
    let table = table();
    let Some(mut number) = table.find(request.get(0)) else { return Err("ERR Invalid command specified") };
    if table.is_container(number) && request.len() > 1 {
        match table.find_subcommand(number, request.get(1)) {
            Some(found) => number = found,
            None => return Err("ERR Invalid command specified"),
        }
    }
    let row = table.row(number);
    if !asked::names_keys(row) {
        return Err("ERR The command has no key arguments");
    }
    if !row.arity_fits(request.len()) {
        return Err("ERR Invalid number of arguments specified for command");
    }
    let mut found = Vec::new();
    if asked::each_key(row, request, |index, access| found.push((request.get(index), access))).is_err() {
        found.clear();
    }
    if found.is_empty() && row.flags & crate::commands::row::flag::NO_MANDATORY_KEYS == 0 {
        return Err("ERR Invalid arguments specified for command");
    }
    Ok(found)
}
