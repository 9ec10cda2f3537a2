//! ACL, as far as there is one user: the default one, who may do everything.

use sha2::{Digest, Sha256};

use super::SERVER;
use crate::commands::row::{Row, Run, category, flag::*};
use crate::commands::table::table;
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::session::handle::{Flow, Session};

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
    reply.bulk(&session.client.user);
    Flow::Done
}

fn users(_: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.array(1);
    reply.text("default");
    Flow::Done
}

/// SHA-256 of the password, as ACL files keep it; None where any password does.
fn password_hash(session: &Session) -> Option<String> {
    let password = session.server.settings.requirepass.read().unwrap_or_else(|p| p.into_inner());
    (!password.is_empty()).then(|| Sha256::digest(&*password).iter().map(|byte| format!("{byte:02x}")).collect())
}

fn list(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    let password = password_hash(session).map_or("nopass".to_string(), |hash| format!("#{hash}"));
    reply.array(1);
    reply.text(&format!("user default on {password} ~* &* +@all"));
    Flow::Done
}

fn getuser(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    if args.get(2) != b"default" {
        reply.null();
        return Flow::Done;
    }
    let password = password_hash(session);
    reply.map(6);
    reply.text("flags");
    reply.set(1 + usize::from(password.is_none()));
    reply.text("on");
    if password.is_none() {
        reply.text("nopass");
    }
    reply.text("passwords");
    reply.array(usize::from(password.is_some()));
    if let Some(password) = password {
        reply.text(&password);
    }
    for (field, rule) in [("commands", "+@all"), ("keys", "~*"), ("channels", "&*")] {
        reply.text(field);
        reply.text(rule);
    }
    reply.text("selectors");
    reply.array(0);
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
    let names: Vec<&str> =
        table().rows.iter().filter(|row| row.all_categories() & bit != 0).map(|row| row.name).collect();
    reply.array(names.len());
    for name in names {
        reply.text(name);
    }
    Flow::Done
}

fn help(_: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.help(
        "ACL",
        &[
            "CAT [<category>]",
            "    Return all categories, or the commands of one.",
            "GETUSER <username>",
            "    Return a user's rules.",
            "LIST",
            "    Return every user's rules in the format of ACL files.",
            "USERS",
            "    Return the names of all users.",
            "WHOAMI",
            "    Return this connection's user.",
        ],
    );
    Flow::Done
}
