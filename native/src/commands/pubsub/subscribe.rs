//! Subscribing and unsubscribing. Each name is answered on its own, by a push in RESP3.

use super::PUBSUB;
use crate::commands::row::{Row, Run, access, flag::*, keys};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::session::handle::{Flow, Session};
use crate::store::subscriptions::Kind;

const BEGIN: Row = Row { arity: -2, flags: DENYOOM | PUBSUB_STATE, run: Run::Session(subscribe), ..PUBSUB };
const END: Row = Row { arity: -1, flags: PUBSUB_STATE, run: Run::Session(unsubscribe), ..PUBSUB };

const PUBSUB_STATE: u32 = crate::commands::row::flag::PUBSUB | NOSCRIPT | LOADING | STALE;

pub const ROWS: &[Row] = &[
    Row {
        name: "subscribe",
        complexity: "O(N) where N is the number of channels to subscribe to.",
        summary: "Listens to channels.",
        args: "channel [channel ...]",
        ..BEGIN
    },
    Row {
        name: "psubscribe",
        complexity: "O(N) where N is the number of patterns to subscribe to.",
        summary: "Listens to all channels whose name matches one of the patterns.",
        args: "pattern [pattern ...]",
        run: Run::Session(psubscribe),
        ..BEGIN
    },
    Row {
        name: "ssubscribe",
        keys: &[keys(1, -1, 1, access::NOT_KEY)],
        since: "7.0.0",
        complexity: "O(N) where N is the number of shard channels to subscribe to.",
        summary: "Listens to shard channels.",
        args: "shardchannel [shardchannel ...]",
        run: Run::Session(ssubscribe),
        ..BEGIN
    },
    Row {
        name: "unsubscribe",
        complexity: "O(N) where N is the number of channels to unsubscribe.",
        summary: "Listens to these channels no more, or to none at all.",
        args: "[channel [channel ...]]",
        ..END
    },
    Row {
        name: "punsubscribe",
        complexity: "O(N) where N is the number of patterns to unsubscribe.",
        summary: "Listens to these patterns no more, or to none at all.",
        args: "[pattern [pattern ...]]",
        run: Run::Session(punsubscribe),
        ..END
    },
    Row {
        name: "sunsubscribe",
        keys: &[keys(1, -1, 1, access::NOT_KEY)],
        since: "7.0.0",
        complexity: "O(N) where N is the number of shard channels to unsubscribe.",
        summary: "Listens to these shard channels no more, or to none at all.",
        args: "[shardchannel [shardchannel ...]]",
        run: Run::Session(sunsubscribe),
        ..END
    },
];

fn subscribe(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    begin(session, args, reply, Kind::Channel, "subscribe")
}

fn psubscribe(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    begin(session, args, reply, Kind::Pattern, "psubscribe")
}

fn ssubscribe(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    begin(session, args, reply, Kind::Shard, "ssubscribe")
}

fn begin(session: &mut Session, args: Args, reply: &mut Reply, kind: Kind, word: &str) -> Flow {
    let cores = session.server.serving;
    for name in args.from(1).iter() {
        session.local.subscribe(&session.server.store, session.core, cores, session.client, kind, name);
        answer(session, reply, kind, word, Some(name));
    }
    Flow::Done
}

fn unsubscribe(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    end(session, args, reply, Kind::Channel, "unsubscribe")
}

fn punsubscribe(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    end(session, args, reply, Kind::Pattern, "punsubscribe")
}

fn sunsubscribe(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    end(session, args, reply, Kind::Shard, "sunsubscribe")
}

fn end(session: &mut Session, args: Args, reply: &mut Reply, kind: Kind, word: &str) -> Flow {
    let mut names: Vec<Box<[u8]>> = args.from(1).iter().map(Box::from).collect();
    if names.is_empty() {
        names = session.client.subscribed.as_ref().map_or(Vec::new(), |own| own.of(kind).iter().cloned().collect());
        if names.is_empty() {
            answer(session, reply, kind, word, None);
        }
    }
    for name in names {
        session.local.unsubscribe(&session.server.store, session.core, session.client, kind, &name);
        answer(session, reply, kind, word, Some(&name));
    }
    Flow::Done
}

fn answer(session: &Session, reply: &mut Reply, kind: Kind, word: &str, name: Option<&[u8]>) {
    reply.push(3);
    reply.bulk(word.as_bytes());
    match name {
        Some(name) => reply.bulk(name),
        None => reply.null(),
    }
    reply.int(session.client.subscribed.as_ref().map_or(0, |own| own.count(kind)) as i64);
}
