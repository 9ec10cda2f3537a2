//! LATENCY: HISTOGRAM out of the timed calls, and the events that latency-monitor-threshold lets through.

use std::sync::atomic::Ordering::Relaxed;

use super::SERVER;
use super::latency_report::{self, Circumstances};
use crate::commands::row::{Row, Run, flag::*};
use crate::commands::table::table;
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::session::handle::{Flow, Session};
use crate::sys::clock;

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
        run: Run::Session(history),
        ..LATENCY
    },
    Row {
        name: "latency|latest",
        arity: 2,
        summary: "Returns the latest sample of each latency event.",
        reply: "unknown[]",
        run: Run::Session(latest),
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

fn doctor(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    let settings = &session.server.settings;
    let now = Circumstances {
        threshold_ms: settings.latency_threshold_ms.load(Relaxed),
        slowlog_us: settings.slowlog_slower_than.load(Relaxed),
        hz: settings.hz.load(Relaxed),
    };
    let report = latency_report::doctor(&session.server.events.all(), &now, clock::now_ms() / 1000);
    reply.verbatim(*b"txt", report.as_bytes());
    Flow::Done
}

fn graph(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    match session.server.events.of(args.get(2)) {
        Some((event, series)) => {
            let picture = latency_report::graph(event, &series, clock::now_ms() / 1000);
            reply.verbatim(*b"txt", picture.as_bytes());
        }
        None => reply.error_bytes(&error::quoting("ERR No samples available for event", args.get(2))),
    }
    Flow::Done
}

fn history(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let series = session.server.events.of(args.get(2)).map(|(_, series)| series).unwrap_or_default();
    reply.array(series.samples.len());
    for sample in series.samples {
        reply.array(2);
        reply.int(sample.at_s);
        reply.int(sample.ms as i64);
    }
    Flow::Done
}

fn latest(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    let all = session.server.events.all();
    reply.array(all.len());
    for (event, series) in all {
        let last = series.samples.back().expect("a series has a sample");
        reply.array(4);
        reply.text(event);
        reply.int(last.at_s);
        reply.int(last.ms as i64);
        reply.int(series.worst_ms as i64);
    }
    Flow::Done
}

fn reset(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let events: Vec<&[u8]> = args.from(2).iter().collect();
    reply.int(session.server.events.reset(&events) as i64);
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
        reply.text(&table.row(number).shown_name());
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
