//! LATENCY: HISTOGRAM out of the timed calls. Events (latency-monitor-threshold) are not recorded, so the others are empty.

use super::SERVER;
use crate::commands::row::{Row, Run, flag::*};
use crate::commands::table::table;
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::session::handle::{Flow, Session};

const LATENCY: Row = Row { flags: ADMIN | NOSCRIPT | LOADING | STALE, since: "2.8.13", ..SERVER };

pub const ROWS: &[Row] = &[
    Row {
        name: "latency",
        arity: -2,
        flags: 0,
        complexity: "Depends on subcommand.",
        summary: "A container for latency diagnostics commands.",
        ..LATENCY
    },
    Row {
        name: "latency|doctor",
        arity: 2,
        summary: "Explains the recorded latency events to a human.",
        reply: "string",
        run: Run::Session(doctor),
        ..LATENCY
    },
    Row {
        name: "latency|graph",
        arity: 3,
        summary: "Draws the samples of a latency event.",
        args: "event",
        reply: "string",
        run: Run::Session(graph),
        ..LATENCY
    },
    Row {
        name: "latency|help",
        arity: 2,
        flags: LOADING | STALE,
        summary: "Lists the subcommands.",
        reply: "string[]",
        run: Run::Session(help),
        ..LATENCY
    },
    Row {
        name: "latency|histogram",
        arity: -2,
        since: "7.0.0",
        complexity: "O(N) where N is the number of commands with latency information being retrieved.",
        summary: "Returns how long calls of commands took, cumulated by powers of two.",
        args: "[command [command ...]]",
        reply: "Record<string, unknown>",
        run: Run::Session(histogram),
        ..LATENCY
    },
    Row {
        name: "latency|history",
        arity: 3,
        summary: "Returns the samples of a latency event.",
        args: "event",
        reply: "[number, number][]",
        run: Run::Session(nothing),
        ..LATENCY
    },
    Row {
        name: "latency|latest",
        arity: 2,
        summary: "Returns the latest sample of each latency event.",
        reply: "unknown[]",
        run: Run::Session(nothing),
        ..LATENCY
    },
    Row {
        name: "latency|reset",
        arity: -2,
        summary: "Forgets the samples of latency events.",
        args: "[event [event ...]]",
        reply: "number",
        run: Run::Session(reset),
        ..LATENCY
    },
];

fn doctor(_: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.verbatim(
        "txt",
        b"No latency events are recorded. LATENCY HISTOGRAM tells how long the calls of each command took, and SLOWLOG \
          GET which calls were slow.\n",
    );
    Flow::Done
}

fn graph(_: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    reply.error_bytes(&error::quoting("ERR No samples available for event", args.get(2)));
    Flow::Done
}

fn nothing(_: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.array(0);
    Flow::Done
}

fn reset(_: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.int(0);
    Flow::Done
}

fn histogram(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let table = table();
    let mut wanted: Vec<u16> = Vec::new();
    if args.len() == 2 {
        wanted.extend(0..table.rows.len() as u16);
    }
    for number in args.from(2).iter().filter_map(|name| table.find_full(name)) {
        wanted.push(number);
        wanted.extend_from_slice(table.subcommands(number));
    }
    let found: Vec<(u16, crate::session::latency::Histogram)> = wanted
        .into_iter()
        .map(|number| (number, session.server.latency_of(number as usize)))
        .filter(|(_, histogram)| histogram.count() > 0)
        .collect();
    reply.map(found.len());
    for (number, histogram) in found {
        reply.text(table.row(number).name);
        reply.map(2);
        reply.text("calls");
        reply.int(histogram.count() as i64);
        reply.text("histogram_usec");
        let steps = histogram.by_powers_of_two_us();
        reply.map(steps.len());
        for (us, calls) in steps {
            reply.int(us as i64);
            reply.int(calls as i64);
        }
    }
    Flow::Done
}

fn help(_: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.help(
        "LATENCY",
        &[
            "DOCTOR",
            "    Explain the recorded events.",
            "GRAPH <event>",
            "    Draw the samples of an event.",
            "HISTOGRAM [COMMAND ...]",
            "    Return how long calls took, cumulated by powers of two.",
            "HISTORY <event>",
            "    Return the samples of an event.",
            "LATEST",
            "    Return the latest sample of each event.",
            "RESET [<event> ...]",
            "    Forget samples.",
        ],
    );
    Flow::Done
}
