//! CLIENT LIST and CLIENT INFO: connections as lines of fields.

use super::CONNECTION;
use super::client_filter::ClientFilter;
use crate::commands::row::{Row, Run, flag::*};
use crate::commands::table::table;
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::{Protocol, Reply};
use crate::session::client::Client;
use crate::session::conn::{Conn, Conns, Wait};
use crate::session::gather::Gather;
use crate::session::handle::{Flow, Session};
use crate::store::subscriptions::Kind;
use crate::sys::clock;

pub const ROWS: &[Row] = &[
    Row {
        name: "client|info",
        arity: 2,
        flags: NOSCRIPT | LOADING | STALE,
        since: "6.2.0",
        summary: "Describes this connection.",
        reply: "string",
        run: Run::Session(info),
        ..CONNECTION
    },
    Row {
        name: "client|list",
        arity: -2,
        flags: ADMIN | NOSCRIPT | LOADING | STALE,
        since: "2.4.0",
        complexity: "O(N) where N is the number of client connections",
        summary: "Describes the open connections.",
        args: "[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]]",
        reply: "string",
        run: Run::Session(list),
        ..CONNECTION
    },
];

/// Kinds of connections that CLIENT LIST and CLIENT KILL tell apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ClientType {
    Normal,
    Replica,
    Pubsub,
    Master,
}

impl ClientType {
    /// Err: the error's text.
    pub fn parse(name: &[u8]) -> Result<ClientType, Vec<u8>> {
        match name.to_ascii_lowercase().as_slice() {
            b"normal" => Ok(ClientType::Normal),
            b"slave" | b"replica" => Ok(ClientType::Replica),
            b"pubsub" => Ok(ClientType::Pubsub),
            b"master" => Ok(ClientType::Master),
            _ => Err(error::quoting("ERR Unknown client type", name)),
        }
    }

    pub fn of(client: &Client) -> ClientType {
        if client.subscribed.is_some() { ClientType::Pubsub } else { ClientType::Normal }
    }
}

/// Bytes a connection holds besides its client.
#[derive(Default, Clone, Copy)]
pub struct Buffers {
    pub input: usize,
    pub input_free: usize,
    pub output: usize,
    /// Output that the network has not taken yet.
    pub unsent: usize,
    pub total: usize,
    pub blocked: bool,
    pub closing: bool,
}

impl Buffers {
    pub fn of(conn: &Conn) -> Buffers {
        Buffers {
            input: conn.input.len(),
            input_free: conn.input.capacity() - conn.input.len(),
            output: if conn.blocked { 0 } else { conn.output_bytes() },
            unsent: if conn.blocked { conn.output_bytes() } else { 0 },
            total: conn.memory_bytes(),
            blocked: matches!(conn.wait, Wait::Pause | Wait::Until(..) | Wait::Block(_)),
            closing: conn.closing,
        }
    }
}

/// One line, without its end, in the fields and order of Redis 7.2, then those of later ones (whose `watch` comes behind `multi`). `io-thread` is the core that serves the connection.
pub fn describe(client: &Client, buffers: Buffers, now_ms: i64) -> String {
    let seconds_since = |at_ms: i64| (now_ms - at_ms).max(0) / 1000;
    let queued = client.multi.as_ref().map(|multi| (multi.queue.len(), multi.bytes)).or(client.in_exec);
    let (multi, multi_bytes) = queued.map_or((-1, 0), |(count, bytes)| (count as i64, bytes));
    let mut flags = client.flags_text();
    if buffers.blocked {
        flags = with_flag(flags, 'b');
    }
    if buffers.closing {
        flags = with_flag(flags, 'c');
    }
    let subscribed = |kind| client.subscribed.as_ref().map_or(0, |own| own.of(kind).len());
    let command = if client.last_command == u16::MAX { "NULL" } else { table().row(client.last_command).name };
    format!(
        "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={flags} db={} sub={} psub={} ssub={} multi={multi} \
         qbuf={} qbuf-free={} argv-mem=0 multi-mem={multi_bytes} rbs={} rbp={} obl={} oll={} omem={} tot-mem={} \
         events={} cmd={command} user={} redir={} resp={} lib-name={} lib-ver={} io-thread={} \
         tot-net-in={} tot-net-out={} tot-cmds={} watch={}",
        client.id,
        client.address,
        client.local_address,
        client.fd,
        String::from_utf8_lossy(&client.name),
        seconds_since(client.created_ms),
        seconds_since(client.last_active_ms),
        client.db,
        subscribed(Kind::Channel),
        subscribed(Kind::Pattern),
        subscribed(Kind::Shard),
        buffers.input,
        buffers.input_free,
        buffers.output,
        buffers.output,
        buffers.output,
        usize::from(buffers.unsent > 0),
        buffers.unsent,
        buffers.total.max(size_of::<Conn>() + multi_bytes),
        if buffers.unsent > 0 { "rw" } else { "r" },
        String::from_utf8_lossy(&client.user.name),
        client.tracking.as_ref().map_or(-1, |tracking| tracking.redirect as i64),
        if client.proto == Protocol::Resp3 { 3 } else { 2 },
        String::from_utf8_lossy(&client.lib_name),
        String::from_utf8_lossy(&client.lib_ver),
        client.core,
        client.input_bytes,
        client.output_bytes,
        client.commands,
        client.watched.len(),
    )
}

/// `N` means no flag at all.
fn with_flag(flags: String, letter: char) -> String {
    if flags == "N" { letter.to_string() } else { format!("{flags}{letter}") }
}

fn info(session: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    let buffers = Buffers { input: session.client.unread_bytes, ..Buffers::default() };
    let line = describe(session.client, buffers, clock::now_ms());
    reply.verbatim(*b"txt", format!("{line}\n").as_bytes());
    Flow::Done
}

fn list(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    // Without any condition everybody is meant, the asker too.
    let filter = match ClientFilter::parse(session, args, "ERR Invalid client ID") {
        Ok(filter) => filter,
        Err(text) => {
            reply.error_bytes(&text);
            return Flow::Done;
        }
    };
    let asking = session.client.id;
    let question = move |conns: &mut Conns| {
        let now_ms = clock::now_ms();
        let mut text = Vec::new();
        for (_, conn) in conns.iter() {
            let client = &conn.client;
            if filter.meets(client, now_ms) && !conn.dead {
                let mut buffers = Buffers::of(conn);
                if client.id == asking {
                    buffers.input = client.unread_bytes;
                }
                text.extend_from_slice(describe(client, buffers, now_ms).as_bytes());
                text.push(b'\n');
            }
        }
        (text, 0)
    };
    let combine = |reply: &mut Reply, text: Vec<u8>, _: i64| reply.verbatim(*b"txt", &by_id(&text));
    Flow::Gather(Gather { question: Some(Box::new(question)), combine: Box::new(combine) })
}

/// The lines of all cores, oldest connection first.
fn by_id(text: &[u8]) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let id = |line: &[u8]| {
        let digits = line.iter().skip("id=".len()).take_while(|byte| byte.is_ascii_digit());
        digits.fold(0u64, |id, digit| id.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')))
    };
    lines.sort_by_key(|line| id(line));
    lines.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_several_cores_come_out_by_id() {
        assert_eq!(by_id(b"id=10 a\nid=2 b\nid=9 c\n"), b"id=2 b\nid=9 c\nid=10 a\n");
        assert_eq!(by_id(b""), b"");
    }

    #[test]
    fn a_client_without_a_command_shows_null_and_flags_add_up() {
        let acl = crate::acl::table::Acl::new(table().catalog());
        let mut client = Client::new(7, 9, ("1.2.3.4:5".into(), "1.2.3.4:6379".into()), false, 0, acl.default_now());
        let line = describe(&client, Buffers::default(), 65_000);
        assert!(line.starts_with("id=7 addr=1.2.3.4:5 laddr=1.2.3.4:6379 fd=9 name= age=65 idle=65 flags=N db=0 "));
        assert!(line.contains(" cmd=NULL ") && line.contains(" lib-name= lib-ver= io-thread=0 tot-net-in=0 "));
        client.no_touch = true;
        let blocked = Buffers { blocked: true, ..Buffers::default() };
        assert!(describe(&client, blocked, 0).contains(" flags=Tb "));
    }
}
