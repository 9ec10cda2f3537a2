//! Scripts in Lua. EVAL and its like are calls, run by dispatch; SCRIPT is about the scripts that all cores share.

use super::row::{Begin, Find, Group, KeySpec, ROW, Row, Run, access, category, flag::*};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use sha1::{Digest, Sha1};

use crate::lua::engine::check;
use crate::lua::{header, hex};
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::session::handle::{Flow, Session};
use crate::session::scripts::Script;
use crate::session::server::{CoreShared, SlowScript};

/// A script that runs, and one of SCRIPT's subcommands.
const CALL: Row = Row { group: Group::Scripting, run: Run::Call, ..ROW };
const SCRIPT: Row = Row { group: Group::Scripting, ..ROW };

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
        summary: "Executes a server-side Lua script.",
        args: "script numkeys [key [key ...]] [arg [arg ...]]",
        ..CALL
    },
    Row {
        name: "eval_dryrun",
        arity: -3,
        flags: NOSCRIPT | STALE | SKIP_MONITOR | NO_MANDATORY_KEYS | MOVABLE_KEYS | DRY_RUN,
        keys: &[KeySpec {
            access: access::RW | access::ACCESS | access::UPDATE,
            begin: Begin::Index(2),
            find: Find::KeyNum { keynum: 0, first: 1, step: 1 },
        }],
        categories: category::SCRIPTING,
        since: "7.2.5",
        complexity: "Depends on the script that is executed.",
        summary: "Shows what a script would reply, read and change, and leaves nothing behind.",
        args: "script numkeys [key [key ...]] [arg [arg ...]]",
        ..CALL
    },
    Row {
        name: "evalsha_dryrun",
        arity: -3,
        flags: NOSCRIPT | STALE | SKIP_MONITOR | NO_MANDATORY_KEYS | MOVABLE_KEYS | DRY_RUN,
        keys: &[KeySpec {
            access: access::RW | access::ACCESS | access::UPDATE,
            begin: Begin::Index(2),
            find: Find::KeyNum { keynum: 0, first: 1, step: 1 },
        }],
        categories: category::SCRIPTING,
        since: "7.2.5",
        complexity: "Depends on the script that is executed.",
        summary: "Shows what a script would reply, read and change, and leaves nothing behind.",
        args: "sha1 numkeys [key [key ...]] [arg [arg ...]]",
        ..CALL
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
        summary: "Executes a server-side Lua script by SHA1 digest.",
        args: "sha1 numkeys [key [key ...]] [arg [arg ...]]",
        ..CALL
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
        summary: "Executes a read-only server-side Lua script by SHA1 digest.",
        args: "sha1 numkeys [key [key ...]] [arg [arg ...]]",
        ..CALL
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
        summary: "Executes a read-only server-side Lua script.",
        args: "script numkeys [key [key ...]] [arg [arg ...]]",
        ..CALL
    },
    Row {
        name: "script",
        arity: -2,
        flags: 0,
        categories: 0,
        since: "2.6.0",
        complexity: "Depends on subcommand.",
        summary: "A container for Lua scripts management commands.",
        run: Run::Container,
        ..SCRIPT
    },
    Row {
        name: "script|debug",
        arity: 3,
        flags: NOSCRIPT,
        categories: category::SCRIPTING,
        since: "3.2.0",
        complexity: "O(1)",
        summary: "Sets the debug mode of server-side Lua scripts.",
        args: "<YES | SYNC | NO>",
        run: Run::Session(debug),
        ..SCRIPT
    },
    Row {
        name: "script|exists",
        arity: -3,
        flags: NOSCRIPT,
        categories: category::SCRIPTING,
        since: "2.6.0",
        complexity: "O(N) with N being the number of scripts to check (so checking a single script is an O(1) operation).",
        summary: "Determines whether server-side Lua scripts exist in the script cache.",
        args: "sha1 [sha1 ...]",
        run: Run::Session(exists),
        ..SCRIPT
    },
    Row {
        name: "script|flush",
        arity: -2,
        flags: NOSCRIPT,
        categories: category::SCRIPTING,
        since: "2.6.0",
        complexity: "O(N) with N being the number of scripts in cache",
        summary: "Removes all server-side Lua scripts from the script cache.",
        args: "[ASYNC | SYNC]",
        run: Run::Session(flush),
        ..SCRIPT
    },
    Row {
        name: "script|help",
        arity: 2,
        flags: LOADING | STALE,
        categories: category::SCRIPTING,
        since: "5.0.0",
        complexity: "O(1)",
        summary: "Returns helpful text about the different subcommands.",
        run: Run::Session(help),
        ..SCRIPT
    },
    Row {
        name: "script|kill",
        arity: 2,
        flags: NOSCRIPT | ALLOW_BUSY,
        categories: category::SCRIPTING,
        since: "2.6.0",
        complexity: "O(1)",
        summary: "Terminates a server-side Lua script during execution.",
        run: Run::Session(kill),
        ..SCRIPT
    },
    Row {
        name: "script|load",
        arity: 3,
        flags: NOSCRIPT | STALE,
        categories: category::SCRIPTING,
        since: "2.6.0",
        complexity: "O(N) with N being the length in bytes of the script body.",
        summary: "Loads a server-side Lua script to the script cache.",
        args: "script",
        run: Run::Session(load),
        ..SCRIPT
    },
    Row {
        name: "script|show",
        arity: 3,
        flags: NOSCRIPT,
        categories: category::SCRIPTING,
        since: "8.0.0",
        complexity: "O(1).",
        summary: "Returns the source of a script in the script cache.",
        args: "sha1",
        run: Run::Session(show),
        ..SCRIPT
    },
];

fn load(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let source = args.get(2);
    let digest = hex(&Sha1::digest(source).into());
    let scripts = &session.server.scripts;
    if let Some(known) = scripts.find(&digest) {
        scripts.mark_loaded(&known);
        reply.bulk(&digest);
        return Flow::Done;
    }
    let header = match header::read(source) {
        Ok(header) => header,
        Err(text) => {
            reply.error(&format!("ERR {text}"));
            return Flow::Done;
        }
    };
    let memory_bytes_max = session.server.settings.script_memory_limit.load(Relaxed) as usize;
    if let Err(text) = check(&source[header.len..], memory_bytes_max) {
        reply.error_bytes(&[b"ERR Error compiling script (new function): ".as_slice(), &text].concat());
        return Flow::Done;
    }
    let script = Script::new(digest, source, (header.flags, header.declared, header.len));
    scripts.keep(Arc::new(script), true);
    reply.bulk(&digest);
    Flow::Done
}

fn exists(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    reply.array(args.len() - 2);
    for digest in args.from(2).iter() {
        reply.int(i64::from(find(session, digest).is_some()));
    }
    Flow::Done
}

fn show(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    match find(session, args.get(2)) {
        Some(script) => reply.bulk(&script.source),
        None => reply.error(error::NO_SCRIPT),
    }
    Flow::Done
}

fn find(session: &Session, digest: &[u8]) -> Option<Arc<Script>> {
    session.server.scripts.find(digest.try_into().ok()?)
}

/// The scripts go, whatever the word; what is freed is small, and each core lets its compiled ones go in time.
fn flush(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    if args.len() > 3 || (args.len() == 3 && !args.is(2, "sync") && !args.is(2, "async")) {
        reply.error("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
        return Flow::Done;
    }
    session.server.scripts.flush();
    reply.ok();
    Flow::Done
}

/// The script that has run longest ends, on whatever core, and is rolled back, also if it has written. Functions that run
/// beside it are FUNCTION KILL's.
fn kill(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    let since = |core: &CoreShared| core.running_since_ns.load(Relaxed);
    let running = || session.server.cores.iter().filter(|core| since(core) != 0);
    let is_script = |core: &&CoreShared| core.script.kind() == SlowScript::SCRIPT;
    match running().filter(is_script).min_by_key(|core| since(core)) {
        Some(core) => {
            core.script.kill();
            reply.ok();
        }
        None if running().next().is_some() => reply.error(error::BUSY),
        None => reply.error(error::NOT_BUSY),
    }
    Flow::Done
}

fn debug(_: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    if args.is(2, "no") {
        reply.ok();
    } else if args.is(2, "yes") || args.is(2, "sync") {
        reply.error(error::NO_DEBUGGER);
    } else {
        reply.error("ERR Use SCRIPT DEBUG YES/SYNC/NO");
    }
    Flow::Done
}

fn help(_: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.help("script", HELP);
    Flow::Done
}

const HELP: &[&str] = &[
    "DEBUG (YES|SYNC|NO)",
    "    Set the debug mode for subsequent scripts executed.",
    "EXISTS <sha1> [<sha1> ...]",
    "    Return information about the existence of the scripts in the script cache.",
    "FLUSH [ASYNC|SYNC]",
    "    Flush the Lua scripts cache. Very dangerous on replicas.",
    "    When called without the optional mode argument, the behavior is determined by the",
    "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
    "    * ASYNC: Asynchronously flush the scripts cache.",
    "    * SYNC: Synchronously flush the scripts cache.",
    "KILL",
    "    Kill the currently executing Lua script.",
    "LOAD <script>",
    "    Load a script into the scripts cache without executing it.",
    "SHOW <sha1>",
    "    Show the source of a script in the scripts cache.",
];
