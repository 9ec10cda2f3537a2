//! OBJECT: what is known of a value besides its content.

use std::sync::atomic::Ordering::Relaxed;

use crate::commands::row::{Group, ROW, Row, Run, access::*, category, flag::*, keys};
use crate::ds::entry::Value;
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::store::policy::{Clock, Order};
use crate::txn::frequency::{lfu_decayed, lfu_minutes};
use crate::txn::{Effect, Txn};

/// Integers from 0 up to this one are shared objects in Redis, which do not die with one reference.
const REDIS_SHARED_INT_MAX: i64 = 9999;

const LOOK: Row = Row {
    arity: 3,
    flags: READONLY,
    keys: &[keys(2, 2, 1, RO)],
    categories: category::KEYSPACE,
    group: Group::Generic,
    since: "2.2.3",
    args: "key",
    reply: "number | null",
    ..ROW
};

pub const ROWS: &[Row] = &[
    Row {
        name: "object",
        arity: -2,
        group: Group::Generic,
        since: "2.2.3",
        complexity: "Depends on subcommand.",
        summary: "Tells what is known of a value besides its content.",
        ..ROW
    },
    Row {
        name: "object|encoding",
        summary: "Names the encoding of the value under a key.",
        reply: "string | null",
        run: Run::Data(encoding),
        ..LOOK
    },
    Row {
        name: "object|freq",
        since: "4.0.0",
        summary: "Tells how often a key is used, on a logarithmic scale (LFU policies).",
        run: Run::Data(freq),
        ..LOOK
    },
    Row {
        name: "object|help",
        arity: 2,
        flags: LOADING | STALE,
        categories: category::KEYSPACE,
        group: Group::Generic,
        since: "6.2.0",
        summary: "Lists the subcommands.",
        reply: "string[]",
        run: Run::Data(help),
        ..ROW
    },
    Row {
        name: "object|idletime",
        summary: "Tells how many seconds ago a key was last used.",
        run: Run::Data(idletime),
        ..LOOK
    },
    Row {
        name: "object|refcount",
        summary: "Tells how many references to the value there are.",
        run: Run::Data(refcount),
        ..LOOK
    },
];

fn encoding(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match txn.peek(args.get(2)) {
        Some(entry) => reply.text(entry.encoding()),
        None => reply.null(),
    }
    Effect::None
}

fn refcount(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    // Values are never shared between keys here. Redis shares its small integers, and says so with the largest number; not where
    // each needs an access clock of its own.
    let settings = &txn.store.settings;
    let clocked = matches!(settings.policy.get().order, Order::Lru | Order::Lfu | Order::Lrm);
    let shared = settings.maxmemory.load(Relaxed) == 0 || !clocked;
    match txn.peek(args.get(2)).map(|entry| entry.value()) {
        Some(Value::Int(0..=REDIS_SHARED_INT_MAX)) if shared => reply.int(i64::from(i32::MAX)),
        Some(_) => reply.int(1),
        None => reply.null(),
    }
    Effect::None
}

pub(super) fn idletime(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let lfu = txn.store.settings.policy.clock() == Clock::Frequency;
    let Some(access) = txn.peek(args.get(2)).map(|entry| entry.access()) else {
        reply.null();
        return Effect::None;
    };
    if lfu {
        reply.error(error::LFU);
    } else {
        reply.int(idle_seconds(access, txn.access_clock));
    }
    Effect::None
}

/// Seconds between two values of the 24-bit access clock, which turns over every 194 days.
pub fn idle_seconds(access: u32, clock: u32) -> i64 {
    (clock.wrapping_sub(access) & 0x00ff_ffff) as i64
}

fn freq(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let lfu = txn.store.settings.policy.clock() == Clock::Frequency;
    let decay = txn.store.settings.lfu_decay_time.load(Relaxed);
    let Some(access) = txn.peek(args.get(2)).map(|entry| entry.access()) else {
        reply.null();
        return Effect::None;
    };
    if lfu {
        reply.int(lfu_decayed(access, lfu_minutes(txn.now_ms), decay) as i64);
    } else {
        reply.error(error::NO_LFU);
    }
    Effect::None
}

fn help(_: &mut Txn, _: Args, reply: &mut Reply) -> Effect {
    reply.help(
        "object",
        &[
            "ENCODING <key>",
            "    Name the representation that the value of <key> has in memory.",
            "FREQ <key>",
            "    Tell the access counter of <key>, which grows with the logarithm of its use.",
            "    Needs one of the LFU policies.",
            "IDLETIME <key>",
            "    Tell how many seconds <key> has not been used. Needs a policy other than LFU.",
            "REFCOUNT <key>",
            "    Tell how many references to the value of <key> there are.",
        ],
    );
    Effect::None
}

#[cfg(test)]
mod tests {
    use super::super::stage::{run, txn};
    use super::*;
    use crate::ds::entry::NewValue;
    use crate::txn::access::Expiry;

    #[test]
    fn idle_time_counts_seconds_and_reading_object_does_not_reset_it() {
        let mut txn = txn();
        txn.set(b"k", NewValue::Text(b"v"), Expiry::Clear);
        txn.set_clock(1_000_000 + 7_000);
        assert_eq!(run(&mut txn, idletime, "OBJECT IDLETIME k").0, ":7~");
        assert_eq!(run(&mut txn, encoding, "OBJECT ENCODING k").0, "$6~embstr~");
        assert_eq!(run(&mut txn, idletime, "OBJECT IDLETIME k").0, ":7~");
        assert_eq!(run(&mut txn, freq, "OBJECT FREQ k").0, format!("-{}~", error::NO_LFU));
        assert!(txn.get(b"k").is_some());
        assert_eq!(run(&mut txn, idletime, "OBJECT IDLETIME k").0, ":0~");
        assert_eq!(idle_seconds(0x00ff_fffe, 3), 5);
    }

    #[test]
    fn a_new_key_has_the_starting_counter_under_an_lfu_policy() {
        let mut txn = txn();
        txn.store.settings.policy.set("allkeys-lfu").expect("there is such a policy");
        txn.set_clock(600_000_000);
        txn.set(b"k", NewValue::Text(b"v"), Expiry::Clear);
        assert_eq!(run(&mut txn, freq, "OBJECT FREQ k").0, ":5~");
        assert_eq!(run(&mut txn, idletime, "OBJECT IDLETIME k").0, format!("-{}~", error::LFU));
        txn.set_clock(600_000_000 + 120_000);
        assert_eq!(run(&mut txn, freq, "OBJECT FREQ k").0, ":3~");
    }
}
