//! Publishing, and PUBSUB, which looks at subscriptions.

use super::PUBSUB;
use crate::commands::row::{Row, Run, access, flag, flag::*, keys};
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::session::handle::{Flow, Session};
use crate::store::subscriptions::Kind;
use crate::txn::{Effect, Txn};

const SEND: Row = Row {
    arity: 3,
    flags: flag::PUBSUB | LOADING | STALE | FAST | MAY_REPLICATE,
    reply: "number",
    run: Run::Data(publish),
    ..PUBSUB
};

const LOOK: Row =
    Row { arity: -2, flags: flag::PUBSUB | LOADING | STALE, since: "2.8.0", run: Run::Session(channels), ..PUBSUB };

pub const ROWS: &[Row] = &[
    Row {
        name: "publish",
        complexity: "O(N+M) where N is the number of clients subscribed to the receiving channel and M is the total number of subscribed patterns (by any client).",
        summary: "Sends a message to who listens to a channel, and returns how many do.",
        args: "channel message",
        ..SEND
    },
    Row {
        name: "spublish",
        keys: &[keys(1, 1, 1, access::NOT_KEY)],
        since: "7.0.0",
        complexity: "O(N) where N is the number of clients subscribed to the receiving shard channel.",
        summary: "Sends a message to who listens to a shard channel, and returns how many do.",
        args: "shardchannel message",
        run: Run::Data(spublish),
        ..SEND
    },
    Row {
        name: "pubsub",
        arity: -2,
        since: "2.8.0",
        complexity: "Depends on subcommand.",
        summary: "A container for Pub/Sub commands.",
        ..PUBSUB
    },
    Row {
        name: "pubsub|channels",
        complexity: "O(N) where N is the number of active channels, and assuming constant time pattern matching (relatively short channels and patterns)",
        summary: "Lists the channels that somebody listens to.",
        args: "[pattern]",
        reply: "string[]",
        ..LOOK
    },
    Row {
        name: "pubsub|numpat",
        arity: 2,
        summary: "Returns how many patterns somebody listens to.",
        reply: "number",
        run: Run::Session(numpat),
        ..LOOK
    },
    Row {
        name: "pubsub|numsub",
        complexity: "O(N) for the NUMSUB subcommand, where N is the number of requested channels",
        summary: "Returns how many listen to each of the channels.",
        args: "[channel [channel ...]]",
        reply: "(string | number)[]",
        run: Run::Session(numsub),
        ..LOOK
    },
    Row {
        name: "pubsub|shardchannels",
        since: "7.0.0",
        complexity: "O(N) where N is the number of active shard channels, and assuming constant time pattern matching (relatively short shard channels).",
        summary: "Lists the shard channels that somebody listens to.",
        args: "[pattern]",
        reply: "string[]",
        run: Run::Session(shardchannels),
        ..LOOK
    },
    Row {
        name: "pubsub|shardnumsub",
        since: "7.0.0",
        complexity: "O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard channels",
        summary: "Returns how many listen to each of the shard channels.",
        args: "[shardchannel [shardchannel ...]]",
        reply: "(string | number)[]",
        run: Run::Session(shardnumsub),
        ..LOOK
    },
    Row {
        name: "pubsub|help",
        arity: 2,
        flags: LOADING | STALE,
        since: "6.2.0",
        summary: "Lists the subcommands.",
        reply: "string[]",
        run: Run::Session(help),
        ..LOOK
    },
];

fn publish(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    reply.int(txn.publish(false, args.get(1), args.get(2)).receivers as i64);
    // Replicas have subscribers too; and whoever looks at a dry run wants to know.
    Effect::Verbatim
}

fn spublish(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    reply.int(txn.publish(true, args.get(1), args.get(2)).receivers as i64);
    Effect::Verbatim
}

fn channels(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    list(session, args, reply, Kind::Channel)
}

fn shardchannels(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    list(session, args, reply, Kind::Shard)
}

fn list(session: &mut Session, args: Args, reply: &mut Reply, kind: Kind) -> Flow {
    if args.len() > 3 {
        reply.error_bytes(&error::subcommand_syntax(args.get(1), "pubsub"));
        return Flow::Done;
    }
    let pattern = if args.len() == 3 { Some(args.get(2)) } else { None };
    let names = session.server.store.subscriptions.list(kind, pattern);
    reply.array(names.len());
    names.iter().for_each(|name| reply.bulk(name));
    Flow::Done
}

fn numpat(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.int(session.server.store.subscriptions.len(Kind::Pattern) as i64);
    Flow::Done
}

fn numsub(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    counts(session, args, reply, Kind::Channel)
}

fn shardnumsub(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    counts(session, args, reply, Kind::Shard)
}

fn counts(session: &mut Session, args: Args, reply: &mut Reply, kind: Kind) -> Flow {
    reply.array((args.len() - 2) * 2);
    for name in args.from(2).iter() {
        reply.bulk(name);
        reply.int(session.server.store.subscriptions.count(kind, name) as i64);
    }
    Flow::Done
}

fn help(_: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.help(
        "PUBSUB",
        &[
            "CHANNELS [<pattern>]",
            "    List the channels that have listeners, those that match a pattern if there is one.",
            "NUMPAT",
            "    Return how many patterns have listeners.",
            "NUMSUB [<channel> ...]",
            "    Return how many listen to each channel; those of patterns do not count.",
            "SHARDCHANNELS [<pattern>]",
            "    List the shard channels that have listeners, those that match a pattern if there is one.",
            "SHARDNUMSUB [<shardchannel> ...]",
            "    Return how many listen to each shard channel.",
        ],
    );
    Flow::Done
}
