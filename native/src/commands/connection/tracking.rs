//! CLIENT TRACKING and what belongs to it: invalidation messages for client-side caches.

use std::sync::atomic::Ordering::Relaxed;

use super::CONNECTION;
use crate::commands::row::{Row, Run, flag::*};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::session::handle::{Flow, Session};
use crate::session::tracking::Tracking;

const OWN: Row = Row { flags: NOSCRIPT | LOADING | STALE, ..CONNECTION };

pub const ROWS: &[Row] = &[
    Row {
        name: "client|tracking",
        arity: -3,
        since: "6.0.0",
        complexity: "O(1). Some options may introduce additional complexity.",
        summary: "Turns invalidation messages for client-side caches on or off.",
        args: "<ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]",
        run: Run::Session(tracking),
        ..OWN
    },
    Row {
        name: "client|trackinginfo",
        arity: 2,
        since: "6.2.0",
        summary: "Returns how the keys of this connection are tracked.",
        reply: "Record<string, unknown>",
        run: Run::Session(trackinginfo),
        ..OWN
    },
    Row {
        name: "client|getredir",
        arity: 2,
        since: "6.0.0",
        summary: "Returns the connection that invalidation messages are redirected to.",
        reply: "number",
        run: Run::Session(getredir),
        ..OWN
    },
    Row {
        name: "client|caching",
        arity: 3,
        since: "6.0.0",
        summary: "Says whether the keys of the next request are tracked.",
        args: "<YES | NO>",
        run: Run::Session(caching),
        ..OWN
    },
];

fn tracking(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let wanted = match parse(session, args) {
        Ok(wanted) => wanted,
        Err(text) => {
            reply.error_bytes(&text);
            return Flow::Done;
        }
    };
    if args.is(2, "off") {
        session.client.stop_tracking(session.server, session.core, session.local);
        reply.ok();
    } else if !args.is(2, "on") {
        reply.error(error::SYNTAX);
    } else if let Err(text) = check(session.client.tracking.as_deref(), &wanted) {
        reply.error_bytes(&text);
    } else {
        start(session, wanted);
        reply.ok();
    }
    Flow::Done
}

/// What the options ask for. Err: the error's text.
fn parse(session: &Session, args: Args) -> Result<Wanted, Vec<u8>> {
    let mut wanted = Wanted::default();
    let mut at = 3;
    while at < args.len() {
        let more = at + 1 < args.len();
        if args.is(at, "redirect") && more {
            if wanted.options.redirect != 0 {
                return Err("ERR A client can only redirect to a single other client".into());
            }
            let id = number::integer(args.get(at + 1)).ok_or(error::NOT_INTEGER)?;
            if !session.server.is_connected(id as u64) {
                return Err("ERR The client ID you want redirect to does not exist".into());
            }
            wanted.options.redirect = id as u64;
            at += 1;
        } else if args.is(at, "prefix") && more {
            wanted.prefixes.push(args.get(at + 1).into());
            at += 1;
        } else if args.is(at, "bcast") {
            wanted.options.broadcast = true;
        } else if args.is(at, "optin") {
            wanted.options.opt_in = true;
        } else if args.is(at, "optout") {
            wanted.options.opt_out = true;
        } else if args.is(at, "noloop") {
            wanted.options.no_loop = true;
        } else {
            return Err(error::SYNTAX.into());
        }
        at += 1;
    }
    Ok(wanted)
}

#[derive(Default)]
struct Wanted {
    options: Tracking,
    prefixes: Vec<Box<[u8]>>,
}

/// Do the options fit each other and what is in force? Err: the error's text.
fn check(now: Option<&Tracking>, wanted: &Wanted) -> Result<(), Vec<u8>> {
    let options = &wanted.options;
    if !options.broadcast && !wanted.prefixes.is_empty() {
        return Err("ERR PREFIX option requires BCAST mode to be enabled".into());
    }
    if now.is_some_and(|now| now.broadcast != options.broadcast) {
        return Err("ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.".into());
    }
    if options.broadcast && (options.opt_in || options.opt_out) {
        return Err("ERR OPTIN and OPTOUT are not compatible with BCAST".into());
    }
    if options.opt_in && options.opt_out {
        return Err("ERR You can't specify both OPTIN mode and OPTOUT mode".into());
    }
    if now.is_some_and(|now| (options.opt_in && now.opt_out) || (options.opt_out && now.opt_in)) {
        return Err("ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.".into());
    }
    let overlap = |left: &[u8], right: &[u8]| left.starts_with(right) || right.starts_with(left);
    for (at, prefix) in wanted.prefixes.iter().enumerate() {
        let clash = |other: &[u8], kind: &str| {
            let quoted = |text: &[u8]| [b"'", text.split(|byte| *byte == 0).next().unwrap_or(text), b"'"].concat();
            [
                b"ERR Prefix ".as_slice(),
                &quoted(prefix),
                b" overlaps with ",
                kind.as_bytes(),
                b" prefix ",
                &quoted(other),
            ]
            .concat()
            .into_iter()
            .chain(*b". Prefixes for a single client must not overlap.")
            .collect::<Vec<u8>>()
        };
        if let Some(other) = now.and_then(|now| now.prefixes.iter().find(|own| overlap(own, prefix))) {
            return Err(clash(other, "an existing"));
        }
        if let Some(other) = wanted.prefixes[at + 1..].iter().find(|later| overlap(later, prefix)) {
            return Err(clash(other, "another provided"));
        }
    }
    Ok(())
}

fn start(session: &mut Session, mut wanted: Wanted) {
    let (server, core) = (session.server, session.core);
    let before = session.client.tracking.take();
    if before.is_none() {
        server.tracking_clients.fetch_add(1, Relaxed);
    }
    let mut tracking = wanted.options;
    tracking.prefixes = before.map(|before| before.prefixes).unwrap_or_default();
    if tracking.broadcast {
        if wanted.prefixes.is_empty() {
            wanted.prefixes.push(Box::default());
        }
        for prefix in wanted.prefixes {
            if tracking.prefixes.insert(prefix.clone()) {
                server.store.prefixes.add(&prefix, core, server.serving);
                session.local.prefixes.entry(prefix).or_default().push(session.client.id);
            }
        }
    }
    session.client.tracking = Some(Box::new(tracking));
    server.store.refresh_notify();
    session.client.refresh();
}

fn trackinginfo(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    let tracking = session.client.tracking.as_deref();
    let is = |of: fn(&Tracking) -> bool| tracking.is_some_and(of);
    let flags = [
        (tracking.is_some(), "on"),
        (tracking.is_none(), "off"),
        (is(|t| t.broadcast), "bcast"),
        (is(|t| t.opt_in), "optin"),
        (is(|t| t.opt_in && t.caching), "caching-yes"),
        (is(|t| t.opt_out), "optout"),
        (is(|t| t.opt_out && t.caching), "caching-no"),
        (is(|t| t.no_loop), "noloop"),
        (is(|t| t.broken), "broken_redirect"),
    ];
    reply.map(3);
    reply.text("flags");
    reply.set(flags.iter().filter(|(shown, _)| *shown).count());
    flags.iter().filter(|(shown, _)| *shown).for_each(|(_, name)| reply.text(name));
    reply.text("redirect");
    reply.int(tracking.map_or(-1, |tracking| tracking.redirect as i64));
    reply.text("prefixes");
    reply.array(tracking.map_or(0, |tracking| tracking.prefixes.len()));
    tracking.into_iter().flat_map(|tracking| &tracking.prefixes).for_each(|prefix| reply.bulk(prefix));
    Flow::Done
}

fn getredir(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.int(session.client.tracking.as_ref().map_or(-1, |tracking| tracking.redirect as i64));
    Flow::Done
}

fn caching(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let Some(tracking) = &mut session.client.tracking else {
        reply.error(error::CACHING_WITHOUT_TRACKING);
        return Flow::Done;
    };
    let (yes, no) = (args.is(2, "yes"), args.is(2, "no"));
    if !yes && !no {
        reply.error(error::SYNTAX);
    } else if yes && !tracking.opt_in {
        reply.error("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
    } else if no && !tracking.opt_out {
        reply.error("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
    } else {
        tracking.caching = true;
        reply.ok();
    }
    Flow::Done
}
