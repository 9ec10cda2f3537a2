//! ACL: users and their rules, the log of refusals. How rules work is in `crate::acl`.

use super::SERVER;
use crate::acl::table::Changed;
use crate::acl::user::{DEFAULT, Selector};
use crate::commands::asked;
use crate::commands::row::{Row, Run, category, flag::*};
use crate::commands::table::table;
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::session::handle::{Flow, Session};
use crate::sys::{clock, random};

/// Bits of a password that ACL GENPASS makes.
const PASSWORD_BITS: i64 = 256;
const PASSWORD_BITS_MAX: i64 = 4096;
/// Entries that ACL LOG shows.
const LOG_SHOWN: i64 = 10;

const ACL: Row = Row { flags: NOSCRIPT | LOADING | STALE, since: "6.0.0", ..SERVER };
const ACL_ADMIN: Row = Row { flags: ADMIN | NOSCRIPT | LOADING | STALE, ..ACL };

pub const ROWS: &[Row] = &[
    Row {
        name: "acl",
        arity: -2,
        flags: 0,
        complexity: "Depends on subcommand.",
        summary: "A container for Access List Control commands.",
        ..ACL
    },
    Row {
        name: "acl|cat",
        arity: -2,
        complexity: "O(1) since the categories and commands are a fixed set.",
        summary: "Returns the categories of commands, or the commands of one.",
        args: "[category]",
        reply: "string[]",
        run: Run::Session(cat),
        ..ACL
    },
    Row {
        name: "acl|deluser",
        arity: -3,
        complexity: "O(1) amortized time considering the typical user.",
        summary: "Deletes users, and closes their connections.",
        args: "username [username ...]",
        reply: "number",
        run: Run::Session(deluser),
        ..ACL_ADMIN
    },
    Row {
        name: "acl|dryrun",
        arity: -4,
        since: "7.0.0",
        complexity: "O(1).",
        summary: "Tells whether a user might run a command, without running it.",
        args: "username command [arg [arg ...]]",
        reply: "string",
        run: Run::Session(dryrun),
        ..ACL_ADMIN
    },
    Row {
        name: "acl|genpass",
        arity: -2,
        summary: "Makes a password that nobody guesses.",
        args: "[bits]",
        reply: "string",
        run: Run::Session(genpass),
        ..ACL
    },
    Row {
        name: "acl|getuser",
        arity: 3,
        complexity: "O(N). Where N is the number of password, command and pattern rules that the user has.",
        summary: "Returns a user's rules.",
        args: "username",
        reply: "Record<string, unknown> | null",
        run: Run::Session(getuser),
        ..ACL_ADMIN
    },
    Row {
        name: "acl|help",
        arity: 2,
        flags: LOADING | STALE,
        summary: "Lists the subcommands.",
        reply: "string[]",
        run: Run::Session(help),
        ..ACL
    },
    Row {
        name: "acl|list",
        arity: 2,
        complexity: "O(N). Where N is the number of configured users.",
        summary: "Returns every user's rules in the format of ACL files.",
        reply: "string[]",
        run: Run::Session(list),
        ..ACL_ADMIN
    },
    Row {
        name: "acl|load",
        arity: 2,
        complexity: "O(N). Where N is the number of configured users.",
        summary: "Takes all users from the ACL file.",
        run: Run::Control,
        ..ACL_ADMIN
    },
    Row {
        name: "acl|log",
        arity: -2,
        complexity: "O(N) with N being the number of entries shown.",
        summary: "Returns what was refused lately, or forgets it.",
        args: "[count | RESET]",
        reply: "Record<string, unknown>[] | \"OK\"",
        run: Run::Session(log),
        ..ACL_ADMIN
    },
    Row {
        name: "acl|save",
        arity: 2,
        complexity: "O(N). Where N is the number of configured users.",
        summary: "Writes all users into the ACL file.",
        run: Run::Control,
        ..ACL_ADMIN
    },
    Row {
        name: "acl|setuser",
        arity: -3,
        complexity: "O(N). Where N is the number of rules provided.",
        summary: "Makes a user, or changes one by further rules.",
        args: "username [rule [rule ...]]",
        run: Run::Session(setuser),
        ..ACL_ADMIN
    },
    Row {
        name: "acl|users",
        arity: 2,
        complexity: "O(N). Where N is the number of configured users.",
        summary: "Returns the names of all users.",
        reply: "string[]",
        run: Run::Session(users),
        ..ACL_ADMIN
    },
    Row {
        name: "acl|whoami",
        arity: 2,
        summary: "Returns the name of the connection's user.",
        reply: "string",
        run: Run::Session(whoami),
        ..ACL
    },
];

fn whoami(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.bulk(&session.client.user.name);
    Flow::Done
}

fn users(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    let users = session.server.acl.all();
    reply.array(users.len());
    for user in users {
        reply.bulk(&user.name);
    }
    Flow::Done
}

fn list(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    let users = session.server.acl.all();
    reply.array(users.len());
    for user in users {
        reply.bulk(&user.line());
    }
    Flow::Done
}

fn setuser(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let words: Vec<&[u8]> = args.from(3).iter().collect();
    match session.server.acl.set_user(args.get(2), &words) {
        Err(text) => reply.error_bytes(&[b"ERR ", text.as_slice()].concat()),
        Ok(changed) => {
            if changed == Changed::Yes {
                session.server.judge_all();
            }
            reply.ok();
        }
    }
    stays(session)
}

/// Who takes away its own rights to be here is told that it is done, and then has to go.
fn stays(session: &mut Session) -> Flow {
    if session.client.judge(session.server) { Flow::Done } else { Flow::Close }
}

fn deluser(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    if args.from(2).iter().any(|name| name == DEFAULT) {
        reply.error("ERR The 'default' user cannot be removed");
        return Flow::Done;
    }
    let deleted = session.server.acl.delete(args.from(2).iter());
    if deleted > 0 {
        session.server.judge_all();
    }
    reply.int(deleted as i64);
    stays(session)
}

fn getuser(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let Some(user) = session.server.acl.find(args.get(2)) else {
        reply.null();
        return Flow::Done;
    };
    reply.map(3 + fields(&user.selectors[0]));
    reply.text("flags");
    let flags = user.flags();
    reply.set(flags.len());
    for flag in flags {
        reply.text(flag);
    }
    reply.text("passwords");
    reply.array(user.passwords.len());
    for password in user.password_texts() {
        reply.text(&password);
    }
    describe(&user.selectors[0], reply);
    reply.text("selectors");
    reply.array(user.selectors.len() - 1);
    for selector in &user.selectors[1..] {
        reply.map(fields(selector));
        describe(selector, reply);
    }
    Flow::Done
}

/// Redis has three fields; Valkey one more for databases, which is shown only where not all are allowed.
fn fields(selector: &Selector) -> usize {
    3 + usize::from(!selector.databases_text().is_empty())
}

fn describe(selector: &Selector, reply: &mut Reply) {
    reply.text("commands");
    reply.bulk(&selector.commands_text());
    reply.text("keys");
    reply.bulk(&selector.keys_text());
    reply.text("channels");
    reply.bulk(&selector.channels_text());
    let databases = selector.databases_text();
    if !databases.is_empty() {
        reply.text("databases");
        reply.text(&databases);
    }
}

fn dryrun(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let Some(user) = session.server.acl.find(args.get(2)) else {
        reply.error_bytes(&[&error::quoting("ERR User", args.get(2)), b" not found".as_slice()].concat());
        return Flow::Done;
    };
    let (table, request) = (table(), args.from(3));
    let found = match table.find(request.get(0)) {
        Some(number) if table.is_container(number) && request.len() > 1 => {
            table.find_subcommand(number, request.get(1))
        }
        found => found,
    };
    let Some(number) = found else {
        reply.error_bytes(&[&error::quoting("ERR Command", request.get(0)), b" not found".as_slice()].concat());
        return Flow::Done;
    };
    let row = table.row(number);
    if !row.arity_fits(request.len()) {
        reply.error(&error::wrong_arity(row.name));
        return Flow::Done;
    }
    match user.check(&asked::asked(number, request, session.client.db)) {
        Ok(()) => reply.ok(),
        Err(denial) => reply.bulk(&asked::explain(denial, &user, row, request, true)),
    }
    Flow::Done
}

fn genpass(_: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let bits = match args.len() {
        2 => Some(PASSWORD_BITS),
        3 => number::integer(args.get(2)),
        _ => {
            reply.error_bytes(&error::subcommand_syntax(args.get(1), "acl"));
            return Flow::Done;
        }
    };
    match bits {
        None => reply.error(error::NOT_INTEGER),
        Some(bits) if !(1..=PASSWORD_BITS_MAX).contains(&bits) => reply.error(&format!(
            "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to \
             {PASSWORD_BITS_MAX}"
        )),
        Some(bits) => {
            let digits = (bits as usize).div_ceil(4);
            reply.text(&random::hex(digits.div_ceil(2))[..digits]);
        }
    }
    Flow::Done
}

fn log(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let count = match args.len() {
        2 => LOG_SHOWN,
        3 if args.is(2, "reset") => {
            session.server.acl.log.reset();
            reply.ok();
            return Flow::Done;
        }
        3 => match number::integer(args.get(2)) {
            Some(count) => count.max(0),
            None => {
                reply.error(error::NOT_INTEGER);
                return Flow::Done;
            }
        },
        _ => {
            reply.error_bytes(&error::subcommand_syntax(args.get(1), "acl"));
            return Flow::Done;
        }
    };
    let now_ms = clock::now_ms();
    let entries = session.server.acl.log.latest(count as usize);
    reply.array(entries.len());
    for entry in entries {
        reply.map(10);
        reply.text("count");
        reply.int(entry.count as i64);
        reply.text("reason");
        reply.text(entry.reason.name());
        reply.text("context");
        reply.text(entry.place.name());
        reply.text("object");
        reply.bulk(&entry.object);
        reply.text("username");
        reply.bulk(&entry.user);
        reply.text("age-seconds");
        reply.double((now_ms - entry.updated_ms) as f64 / 1000.0);
        reply.text("client-info");
        reply.text(&entry.client);
        reply.text("entry-id");
        reply.int(entry.id as i64);
        reply.text("timestamp-created");
        reply.int(entry.created_ms);
        reply.text("timestamp-last-updated");
        reply.int(entry.updated_ms);
    }
    Flow::Done
}

fn cat(_: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    if args.len() > 3 {
        reply.error_bytes(&error::subcommand_syntax(args.get(1), "acl"));
        return Flow::Done;
    }
    if args.len() == 2 {
        reply.array(category::NAMES.len());
        for (_, name) in category::NAMES {
            reply.text(name);
        }
        return Flow::Done;
    }
    let Some((bit, _)) = category::NAMES.iter().find(|(_, name)| args.is(2, name)) else {
        reply.error_bytes(&error::quoting("ERR Unknown category", args.get(2)));
        return Flow::Done;
    };
    let names: Vec<_> =
        table().rows.iter().filter(|row| row.all_categories() & bit != 0).map(|row| row.shown_name()).collect();
    reply.array(names.len());
    for name in names {
        reply.text(&name);
    }
    Flow::Done
}

fn help(_: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.help(
        "ACL",
        &[
            "CAT [<category>]",
            "    Return all categories, or the commands of one.",
            "DELUSER <username> [<username> ...]",
            "    Delete users and close their connections.",
            "DRYRUN <username> <command> [<arg> ...]",
            "    Tell whether the user might run the command, without running it.",
            "GENPASS [<bits>]",
            "    Make a random password of so many bits, 256 unless given.",
            "GETUSER <username>",
            "    Return a user's rules.",
            "LIST",
            "    Return every user's rules in the format of ACL files.",
            "LOAD",
            "    Take all users from the ACL file.",
            "LOG [<count> | RESET]",
            "    Return what was refused lately, or forget it.",
            "SAVE",
            "    Write all users into the ACL file.",
            "SETUSER <username> [<rule> ...]",
            "    Make a user, or change one by further rules.",
            "USERS",
            "    Return the names of all users.",
            "WHOAMI",
            "    Return this connection's user.",
        ],
    );
    Flow::Done
}
