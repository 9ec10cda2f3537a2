//! Which connections CLIENT LIST and CLIENT KILL mean: conditions that must all hold, and some that must not (Valkey 9's `NOT-…`).

use super::client_list::ClientType;
use crate::resp::args::Args;
use crate::resp::{error, number};
use crate::session::client::Client;
use crate::session::handle::Session;

/// One condition.
enum Is {
    Id(Vec<u64>),
    Type(ClientType),
    User(Vec<u8>),
    Address(String),
    LocalAddress(String),
    Name(Vec<u8>),
    LibName(Vec<u8>),
    LibVer(Vec<u8>),
    Db(u32),
    Ip(String),
    /// All these letters of CLIENT LIST's flags.
    Flags(String),
    /// All these letters of CLIENT CAPA's capabilities.
    Capabilities(Vec<u8>),
    /// Open, or idle, for at least so many seconds.
    Age(i64),
    Idle(i64),
}

#[derive(Default)]
pub struct ClientFilter {
    all: Vec<Is>,
    none: Vec<Is>,
    /// The asker's id, if it is to be left out.
    pub spared: Option<u64>,
}

impl ClientFilter {
    pub fn meets(&self, client: &Client, now_ms: i64) -> bool {
        self.spared != Some(client.id)
            && self.all.iter().all(|condition| condition.holds(client, now_ms))
            && !self.none.iter().any(|condition| condition.holds(client, now_ms))
    }

    /// The old form of CLIENT KILL.
    pub fn address(address: &[u8]) -> ClientFilter {
        ClientFilter { all: vec![Is::Address(text(address))], ..ClientFilter::default() }
    }

    /// The conditions from argument 2 on. `bad_id`: the error for an id that is none. Err: the error's text.
    pub fn parse(session: &Session, args: Args, bad_id: &str) -> Result<ClientFilter, Vec<u8>> {
        let mut filter = ClientFilter::default();
        let mut at = 2;
        while at < args.len() {
            if at + 1 == args.len() {
                return Err(error::SYNTAX.into());
            }
            let word = args.get(at).to_ascii_lowercase();
            if word == b"skipme" {
                if !args.is(at + 1, "yes") && !args.is(at + 1, "no") {
                    return Err(error::SYNTAX.into());
                }
                filter.spared = args.is(at + 1, "yes").then_some(session.client.id);
                at += 2;
                continue;
            }
            let negated = word.strip_prefix(b"not-");
            let name = negated.unwrap_or(&word);
            let (condition, used) = condition(session, (name, negated.is_some()), args.from(at + 1), bad_id)?;
            let side = if negated.is_some() { &mut filter.none } else { &mut filter.all };
            if negated.is_some() && matches!(condition, Is::Age(_) | Is::Idle(_)) {
                return Err(error::SYNTAX.into());
            }
            put(side, condition);
            at += 1 + used;
        }
        Ok(filter)
    }
}

/// As in Redis, the last of several conditions of a kind is the one that counts; ids add up.
fn put(side: &mut Vec<Is>, condition: Is) {
    let kind = std::mem::discriminant(&condition);
    match (side.iter_mut().find(|other| std::mem::discriminant(*other) == kind), condition) {
        (Some(Is::Id(ids)), Is::Id(more)) => ids.extend(more),
        (Some(other), condition) => *other = condition,
        (None, condition) => side.push(condition),
    }
}

/// Letters that a filter of flags may have: those of Valkey, whether a connection here may ever show them or not.
const FLAGS: &[u8] = b"OSMPxbtRBdcuAUreTIiEN";

/// The condition `name` with its values, of which there is one at least; and how many it took. Ids take all that follow.
fn condition(
    session: &Session,
    (name, negated): (&[u8], bool),
    values: Args,
    bad_id: &str,
) -> Result<(Is, usize), Vec<u8>> {
    let value = values.get(0);
    let positive = |name: &str| {
        let number = number::integer(value).ok_or(error::NOT_INTEGER)?;
        if number > 0 { Ok(number) } else { Err(format!("ERR {name} should be greater than 0").into_bytes()) }
    };
    let condition = match name {
        b"id" => {
            // The first must be one; those behind it are until one is no number.
            let ids: Vec<u64> = values.iter().map_while(|id| number::integer(id).map(|id| id as u64)).collect();
            if ids.is_empty() || ids.iter().any(|id| *id as i64 <= 0) {
                return Err(bad_id.into());
            }
            let used = ids.len();
            return Ok((Is::Id(ids), used));
        }
        b"type" => Is::Type(ClientType::parse(value)?),
        b"user" => {
            if session.server.acl.find(value).is_none() {
                return Err(error::quoting("ERR No such user", value));
            }
            Is::User(value.to_vec())
        }
        b"addr" => Is::Address(text(value)),
        b"laddr" => Is::LocalAddress(text(value)),
        b"name" => Is::Name(value.to_vec()),
        b"lib-name" => Is::LibName(value.to_vec()),
        b"lib-ver" => Is::LibVer(value.to_vec()),
        b"ip" => Is::Ip(text(value)),
        b"flags" => {
            if !value.iter().all(|letter| FLAGS.contains(letter)) {
                let place = if negated { "NOT-FLAGS" } else { "provided" };
                return Err(format!("ERR Unknown flags found in the {place} filter: {}", text(value)).into_bytes());
            }
            Is::Flags(text(value))
        }
        b"capa" => Is::Capabilities(value.to_ascii_lowercase()),
        b"maxage" => Is::Age(positive("maxage")?),
        b"idle" => Is::Idle(positive("idle")?),
        b"db" => {
            let db = number::integer(value).ok_or("ERR DB is not an integer or out of range")?;
            let db = u32::try_from(db).ok().filter(|db| (*db as usize) < session.server.store.databases);
            Is::Db(db.ok_or("ERR DB number should be between 0 and the number of databases")?)
        }
        _ => return Err(error::SYNTAX.into()),
    };
    Ok((condition, 1))
}

impl Is {
    fn holds(&self, client: &Client, now_ms: i64) -> bool {
        let seconds_since = |at_ms: i64| (now_ms - at_ms) / 1000;
        match self {
            Is::Id(ids) => ids.contains(&client.id),
            Is::Type(kind) => ClientType::of(client) == *kind,
            // A connection that has not logged in is nobody's.
            Is::User(user) => client.authenticated && **user == *client.user.name,
            Is::Address(address) => *address == client.address,
            Is::LocalAddress(address) => *address == client.local_address,
            Is::Name(name) => *name == client.name,
            Is::LibName(name) => *name == client.lib_name,
            Is::LibVer(version) => *version == client.lib_ver,
            Is::Db(db) => *db == client.db,
            Is::Ip(ip) => client.address.rsplit_once(':').is_some_and(|(own, _)| own.trim_matches(['[', ']']) == ip),
            Is::Flags(letters) => {
                let own = client.flags_text();
                letters.chars().all(|letter| own.contains(letter))
            }
            Is::Capabilities(letters) => letters.iter().all(|letter| *letter == b'r' && client.takes_redirects),
            Is::Age(seconds) => seconds_since(client.created_ms) >= *seconds,
            Is::Idle(seconds) => seconds_since(client.last_active_ms) >= *seconds,
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
