//! HOTKEYS: START, STOP, GET, RESET of a collection of the keys that cost most.

use super::SERVER;
use crate::commands::row::{Row, Run, flag::*};
use crate::resp::args::Args;
use crate::resp::number;
use crate::resp::reply::Reply;
use crate::session::handle::{Flow, Session};
use crate::session::hotkeys::{Collection, Wanted};
use crate::sys::{clock, memory};

const HOTKEYS: Row = Row { arity: 2, flags: ADMIN | NOSCRIPT, since: "8.6.0", ..SERVER };

const SHOWN_DEFAULT: usize = 10;
const SHOWN_MAX: i64 = 64;
const DURATION_SECONDS_MAX: i64 = 1_000_000;

pub const ROWS: &[Row] = &[
    Row {
        name: "hotkeys",
        arity: -2,
        flags: 0,
        complexity: "Depends on subcommand.",
        summary: "A container for hotkeys tracking commands.",
        ..HOTKEYS
    },
    Row {
        name: "hotkeys|start",
        arity: -2,
        summary: "Begins to count which keys cost most time or bytes.",
        args: "METRICS count [CPU] [NET] [COUNT k] [DURATION duration] [SAMPLE ratio] [SLOTS count slot [slot ...]]",
        run: Run::Session(start),
        ..HOTKEYS
    },
    Row {
        name: "hotkeys|stop",
        summary: "Stops counting; what was counted stays to be read.",
        reply: "\"OK\" | null",
        run: Run::Session(stop),
        ..HOTKEYS
    },
    Row {
        name: "hotkeys|get",
        complexity: "O(K) where K is the number of hotkeys returned.",
        summary: "Returns the keys that cost most, and the totals.",
        reply: "unknown[] | null",
        run: Run::Session(get),
        ..HOTKEYS
    },
    Row { name: "hotkeys|reset", summary: "Forgets what was counted.", run: Run::Session(reset), ..HOTKEYS },
    Row {
        name: "hotkeys|help",
        flags: LOADING | STALE,
        since: "8.6.1",
        summary: "Lists the subcommands.",
        reply: "string[]",
        run: Run::Session(help),
        ..HOTKEYS
    },
];

fn start(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    let server = session.server;
    if server.hotkeys.with(|now| now.as_ref().is_some_and(|now| now.active)) {
        reply.error("ERR hotkey tracking session already in progress");
        return Flow::Done;
    }
    match parse(args) {
        Ok(wanted) => {
            let [own, ..] = memory::cpu_seconds();
            server.hotkeys.with(|now| *now = Some(Collection::new(wanted, clock::now_ms(), own)));
            server.judge_hotkeys();
            reply.ok();
        }
        Err(text) => reply.error(text),
    }
    Flow::Done
}

/// Err: the error's text.
fn parse(args: Args) -> Result<Wanted, &'static str> {
    if args.len() < 4 || !args.is(2, "metrics") {
        return Err("ERR METRICS parameter is required");
    }
    let within = |at: usize, low: i64, high: i64| number::integer(args.get(at)).filter(|n| (low..=high).contains(n));
    let metrics = within(3, 1, 2).ok_or("ERR METRICS count must be > 0 and <= 2")? as usize;
    let mut wanted = Wanted { cpu: false, net: false, count: SHOWN_DEFAULT, duration_ms: 0, sample_ratio: 1 };
    if args.len() < 4 + metrics {
        return Err("ERR METRICS count does not match number of metric types provided");
    }
    for at in 4..4 + metrics {
        if args.is(at, "cpu") {
            if std::mem::replace(&mut wanted.cpu, true) {
                return Err("ERR METRICS CPU defined more than once!");
            }
        } else if args.is(at, "net") && std::mem::replace(&mut wanted.net, true) {
            return Err("ERR METRICS NET defined more than once!");
        }
    }
    if !wanted.cpu && !wanted.net {
        return Err("ERR METRICS no valid metrics passed. Supported: CPU|NET");
    }
    let mut at = 4 + metrics;
    while at < args.len() {
        if at + 1 == args.len() {
            return Err("ERR syntax error");
        }
        if args.is(at, "count") {
            wanted.count = within(at + 1, 1, SHOWN_MAX).ok_or("ERR COUNT must be between 1 and 64")? as usize;
        } else if args.is(at, "duration") {
            let seconds = within(at + 1, 1, DURATION_SECONDS_MAX);
            wanted.duration_ms = seconds.ok_or("ERR DURATION must be between 1 and 1000000")? * 1000;
        } else if args.is(at, "sample") {
            let ratio = within(at + 1, 1, i32::MAX as i64);
            wanted.sample_ratio = ratio.ok_or("ERR SAMPLE ratio must be positive")? as u64;
        } else if args.is(at, "slots") {
            return Err("ERR SLOTS parameter cannot be used in non-cluster mode");
        } else {
            return Err("ERR syntax error");
        }
        at += 2;
    }
    Ok(wanted)
}

fn stop(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    let stopped = session.server.hotkeys.with(|now| match now {
        Some(now) if now.active => {
            now.stop(clock::now_ms());
            true
        }
        _ => false,
    });
    session.server.judge_hotkeys();
    if stopped {
        reply.ok();
    } else {
        reply.null();
    }
    Flow::Done
}

fn get(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    let cpu_now = memory::cpu_seconds()[0];
    session.server.hotkeys.with(|now| match now {
        None => reply.null(),
        Some(now) => show(now, cpu_now, reply),
    });
    Flow::Done
}

fn show(now: &Collection, cpu_now: (f64, f64), reply: &mut Reply) {
    let wanted = &now.wanted;
    let number = |reply: &mut Reply, name: &str, value: i64| {
        reply.text(name);
        reply.int(value);
    };
    reply.array(1);
    reply.map(7 + 3 * wanted.cpu as usize + 2 * wanted.net as usize);
    number(reply, "tracking-active", now.active as i64);
    number(reply, "sample-ratio", wanted.sample_ratio as i64);
    reply.text("selected-slots");
    reply.array(1);
    reply.array(2);
    reply.int(0);
    reply.int(16_383);
    number(reply, "all-commands-all-slots-us", now.all_us as i64);
    number(reply, "net-bytes-all-commands-all-slots", now.all_bytes as i64);
    number(reply, "collection-start-time-unix-ms", now.started_ms);
    let ran_ms = if now.active { clock::now_ms() - now.started_ms } else { now.ran_ms };
    number(reply, "collection-duration-ms", ran_ms);
    if wanted.cpu {
        let ms = |now: f64, before: f64| ((now - before) * 1000.0) as i64;
        number(reply, "total-cpu-time-user-ms", ms(cpu_now.1, now.cpu_at_start.1));
        number(reply, "total-cpu-time-sys-ms", ms(cpu_now.0, now.cpu_at_start.0));
    }
    if wanted.net {
        number(reply, "total-net-bytes", now.by_net.total as i64);
    }
    let metrics = [(wanted.cpu, "by-cpu-time-us", &now.by_cpu), (wanted.net, "by-net-bytes", &now.by_net)];
    for (_, name, heaviest) in metrics.into_iter().filter(|(shown, ..)| *shown) {
        let first = heaviest.first(wanted.count);
        reply.text(name);
        reply.array(first.len() * 2);
        for (key, weight) in first {
            reply.bulk(&key);
            reply.int(weight as i64);
        }
    }
}

fn reset(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    let gone = session.server.hotkeys.with(|now| {
        let active = now.as_ref().is_some_and(|now| now.active);
        if !active {
            *now = None;
        }
        !active
    });
    if gone {
        reply.ok();
    } else {
        reply.error("ERR hotkey tracking session in progress, stop tracking first");
    }
    Flow::Done
}

fn help(_: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.help(
        "HOTKEYS",
        &[
            "START METRICS <count> [CPU] [NET] [COUNT <k>] [DURATION <seconds>] [SAMPLE <ratio>]",
            "    Begin to count which keys cost most:",
            "    * METRICS <count> [CPU] [NET]",
            "      By time, by bytes of requests and replies, or both.",
            "    * COUNT <k>",
            "      So many keys of each metric are shown (10).",
            "    * DURATION <seconds>",
            "      Stop by itself after so long.",
            "    * SAMPLE <ratio>",
            "      Count the keys of one request in so many.",
            "STOP",
            "    Stop counting; GET still shows what was counted.",
            "GET",
            "    Return the keys and the totals.",
            "RESET",
            "    Forget what was counted, once it has stopped.",
        ],
    );
    Flow::Done
}
