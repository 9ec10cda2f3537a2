//! What a request asks for, as users' rules see it: keys and what is done to them, channels, databases.

use std::sync::LazyLock;

use smallvec::{SmallVec, smallvec};

use super::row::{BadKeys, Row, Run, access, category, flag};
use super::table::table;
use crate::acl::check::{Asked, Denial, READ, Reason, WRITE, Wanted};
use crate::acl::user::User;
use crate::resp::args::Args;
use crate::resp::number;

/// What a row's channels are: none for most.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Channels {
    No,
    First,
    All,
    Patterns,
}

/// Rows whose requests name databases, or mean all of them; see [`databases`].
const NAME_DATABASES: [&str; 5] = ["flushall", "select", "swapdb", "move", "copy"];

/// Of each row: its channels, and what it needs of its one key, where that depends on nothing.
static FACTS: LazyLock<Vec<(Channels, Option<u8>)>> = LazyLock::new(|| {
    let facts = |row: &Row| {
        let channels = match row.name {
            "publish" | "spublish" => Channels::First,
            "subscribe" | "ssubscribe" => Channels::All,
            "psubscribe" => Channels::Patterns,
            _ => Channels::No,
        };
        let fixed = |spec: &super::row::KeySpec| spec.access & (access::VARIABLE | access::NOT_KEY) == 0;
        let only_here = !NAME_DATABASES.contains(&row.name);
        (channels, row.keys.first().filter(|spec| fixed(spec) && only_here).map(|spec| needs(spec.access)))
    };
    table().rows.iter().map(facts).collect()
});

/// What a row with one key needs of it; None where only the request tells.
#[inline]
pub fn plain_needs(number: u16) -> Option<u8> {
    FACTS[number as usize].1
}

/// A key that is read needs the right to read; one that is filled, changed or emptied, to write.
fn needs(flags: u16) -> u8 {
    let read = if flags & access::ACCESS != 0 { READ } else { 0 };
    let write = if flags & (access::INSERT | access::DELETE | access::UPDATE) != 0 { WRITE } else { 0 };
    read | write
}

/// What request `args` of row `number` asks for, from a client in database `db`. Keys that make no sense are left out: the
/// handler refuses such a request and touches none.
pub fn asked(number: u16, args: Args<'_>, db: u32) -> Asked<'_> {
    let row = table().row(number);
    let mut keys: SmallVec<[(usize, u8); 8]> = SmallVec::new();
    if each_key(row, args, |index, flags| keys.push((index, needs(flags)))).is_err() {
        keys.clear();
    }
    let channels = match FACTS[number as usize].0 {
        Channels::No => SmallVec::new(),
        Channels::First => smallvec![(1, false)],
        Channels::All => (1..args.len()).map(|at| (at, false)).collect(),
        Channels::Patterns => (1..args.len()).map(|at| (at, true)).collect(),
    };
    let databases = databases(row, args, db, !keys.is_empty());
    Asked { command: number, open: row.flags & flag::NO_AUTH != 0, args, keys, channels, databases }
}

/// Does a request of this row ever name keys? Channels of shards are found like keys, and are none.
pub fn names_keys(row: &Row) -> bool {
    row.keys.iter().any(|spec| spec.access & access::NOT_KEY == 0)
}

/// Calls `each` with the index of every key and the flags it has in this very request. Err: where they are makes no sense.
pub fn each_key(row: &Row, args: Args, mut each: impl FnMut(usize, u16)) -> Result<(), BadKeys> {
    use access::{ACCESS, DELETE, OW, RO, RW, UPDATE};
    match row.name {
        // Two rows whose key specifications are incomplete, and say so.
        "migrate" => migrated_keys(args).for_each(|index| each(index, RW | ACCESS | DELETE)),
        "sort" => {
            each(1, RO | ACCESS);
            stored_key(args).into_iter().for_each(|index| each(index, OW | UPDATE));
        }
        _ => row.each_key(args, |index, flags| {
            if flags & access::NOT_KEY == 0 {
                each(index, access_of(row, args, flags));
            }
        })?,
    }
    Ok(())
}

/// MIGRATE host port key …, or MIGRATE host port "" … KEYS key [key …]. Passwords and names of AUTH and AUTH2 may be `KEYS`.
fn migrated_keys(args: Args) -> std::ops::Range<usize> {
    const OPTIONS_FROM: usize = 6;
    let one = 3..4;
    if args.len() <= 3 || !args.get(3).is_empty() {
        return one;
    }
    let mut at = OPTIONS_FROM;
    while at < args.len() {
        match () {
            _ if args.is(at, "keys") => return at + 1..args.len(),
            _ if args.is(at, "auth") => at += 2,
            _ if args.is(at, "auth2") => at += 3,
            _ => at += 1,
        }
    }
    one
}

/// SORT key … STORE destination: the last one counts.
fn stored_key(args: Args) -> Option<usize> {
    let (mut at, mut stored) = (2, None);
    while at < args.len() {
        match () {
            _ if args.is(at, "limit") => at += 3,
            _ if args.is(at, "get") || args.is(at, "by") => at += 2,
            _ if args.is(at, "store") && at + 1 < args.len() => {
                stored = Some(at + 1);
                at += 2;
            }
            _ => at += 1,
        }
    }
    stored
}

/// Access flags of this request, where the row's depend on its options.
fn access_of(row: &Row, args: Args, flags: u16) -> u16 {
    use access::{ACCESS, DELETE, OW, RM, RO, RW, UPDATE, VARIABLE};
    if flags & VARIABLE == 0 {
        return flags;
    }
    match row.name {
        "set" if (3..args.len()).any(|at| args.is(at, "get")) => RW | ACCESS | UPDATE,
        "set" if (3..args.len()).any(|at| compares(args, at)) => RW | UPDATE,
        "set" => OW | UPDATE,
        "delex" if args.len() == 2 => RM | DELETE,
        "bitfield" if only_gets(args) => RO | ACCESS,
        "bitfield" => RW | ACCESS | UPDATE,
        _ => flags & !VARIABLE,
    }
}

/// Does the option at `at` look at the value that is there?
fn compares(args: Args, at: usize) -> bool {
    ["ifeq", "ifne", "ifdeq", "ifdne"].iter().any(|word| args.is(at, word))
}

/// BITFIELD key GET encoding offset GET …
fn only_gets(args: Args) -> bool {
    args.from(2).len().is_multiple_of(3) && (2..args.len()).step_by(3).all(|at| args.is(at, "get"))
}

/// The databases that a request reads or changes. One that says so in a way that makes no sense is for the handler to refuse.
fn databases(row: &Row, args: Args, db: u32, has_keys: bool) -> Wanted {
    let named = |at: usize| {
        let database = number::integer(args.get(at)).and_then(|number| u32::try_from(number).ok());
        database.map(|database| (database, at))
    };
    match row.name {
        "flushall" => Wanted::All,
        "select" => Wanted::These(named(1).into_iter().collect()),
        "swapdb" => Wanted::These([named(1), named(2)].into_iter().flatten().collect()),
        "move" => Wanted::These([Some((db, 0)), named(2)].into_iter().flatten().collect()),
        "copy" => {
            let option = (3..args.len().saturating_sub(1)).find(|at| args.is(*at, "db"));
            Wanted::These([Some((db, 0)), option.and_then(|at| named(at + 1))].into_iter().flatten().collect())
        }
        // What a procedure does without naming keys is looked at when it does it.
        _ if matches!(row.run, Run::Call) && !has_keys => Wanted::None,
        // Walks keys for figures only.
        "info" => Wanted::None,
        _ if names_keys(row)
            || row.categories & category::KEYSPACE != 0
            || row.flags & (flag::WHOLE | flag::WALKS) != 0 =>
        {
            Wanted::These(smallvec![(db, 0)])
        }
        _ => Wanted::None,
    }
}

/// SORT and SORT_RO: BY and GET read keys that the request does not name.
pub fn reads_by_pattern(number: u16) -> bool {
    matches!(table().row(number).name, "sort" | "sort_ro")
}

/// The database that a SELECT chooses, if there is such a one among `count`.
pub fn selected(args: Args, count: usize) -> Option<u32> {
    let database = number::integer(args.get(1)).and_then(|number| u32::try_from(number).ok());
    database.filter(|database| (*database as usize) < count)
}

/// What was refused, as ACL LOG names it.
pub fn refused_object(denial: Denial, row: &Row, args: Args) -> Vec<u8> {
    match (denial.reason, denial.database) {
        (Reason::Key | Reason::Channel, _) => args.get(denial.at).to_vec(),
        (Reason::Database, Some(database)) => database.to_string().into_bytes(),
        _ => row.shown_name().as_bytes().to_vec(),
    }
}

/// Why, in a sentence, without a code. `verbose` names keys and channels, which other users' errors do not.
pub fn explain(denial: Denial, user: &User, row: &Row, args: Args, verbose: bool) -> Vec<u8> {
    let object = refused_object(denial, row, args);
    let named: &[u8] = if verbose { &object } else { b"" };
    let user = [b"User ", &*user.name, b" has no permissions to "].concat();
    match denial.reason {
        Reason::Database if verbose => [&user, b"access database ".as_slice(), named].concat(),
        Reason::Database => b"No permissions to access database".to_vec(),
        Reason::Key if verbose => [&user, b"access the '".as_slice(), named, b"' key"].concat(),
        Reason::Key => b"No permissions to access a key".to_vec(),
        Reason::Channel if verbose => [&user, b"access the '".as_slice(), named, b"' channel"].concat(),
        Reason::Channel => b"No permissions to access a channel".to_vec(),
        Reason::Command | Reason::Auth | Reason::Certificate => {
            [&user, b"run the '".as_slice(), row.shown_name().as_bytes(), b"' command"].concat()
        }
    }
}
