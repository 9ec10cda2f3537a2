//! One row of the command table.

use std::borrow::Cow;

use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::session::handle::{Flow, Session};
use crate::txn::{Effect, Txn};

/// A command of the data plane: a function of (transaction, arguments, reply) to an effect. It does not log, notify,
/// propagate or touch a socket.
pub type DataHandler = fn(&mut Txn, Args, &mut Reply) -> Effect;

/// A command about the connection or the server.
pub type SessionHandler = fn(&mut Session, Args, &mut Reply) -> Flow;

#[derive(Clone, Copy)]
pub enum Run {
    Data(DataHandler),
    Session(SessionHandler),
    /// Has subcommands, rows named `container|subcommand`.
    Container,
    /// Served by the TypeScript main thread; see `control`.
    Control,
    /// FCALL, FCALL_RO, FCALL_DRYRUN.
    Call,
}

/// Bits of [`Row::flags`]; the first group is what COMMAND INFO shows.
pub mod flag {
    pub const WRITE: u32 = 1;
    pub const READONLY: u32 = 1 << 1;
    pub const DENYOOM: u32 = 1 << 2;
    pub const ADMIN: u32 = 1 << 3;
    pub const PUBSUB: u32 = 1 << 4;
    pub const NOSCRIPT: u32 = 1 << 5;
    pub const BLOCKING: u32 = 1 << 6;
    pub const LOADING: u32 = 1 << 7;
    pub const STALE: u32 = 1 << 8;
    pub const SKIP_MONITOR: u32 = 1 << 9;
    pub const SKIP_SLOWLOG: u32 = 1 << 10;
    pub const ASKING: u32 = 1 << 11;
    pub const FAST: u32 = 1 << 12;
    pub const NO_AUTH: u32 = 1 << 13;
    pub const MAY_REPLICATE: u32 = 1 << 14;
    pub const NO_ASYNC_LOADING: u32 = 1 << 15;
    pub const NO_MULTI: u32 = 1 << 16;
    pub const ALLOW_BUSY: u32 = 1 << 17;
    pub const MOVABLE_KEYS: u32 = 1 << 18;
    pub const NO_MANDATORY_KEYS: u32 = 1 << 19;
    pub const MODULE: u32 = 1 << 20;

    /// Latches every shard (FLUSHALL, SWAPDB).
    pub const WHOLE: u32 = 1 << 24;
    /// Walks shards one by one; inside a transaction every shard is latched beforehand.
    pub const WALKS: u32 = 1 << 25;
    /// Runs at once inside MULTI instead of being queued.
    pub const IMMEDIATE: u32 = 1 << 26;
    /// Its keys are found as SORT's are, and it reads others that its patterns name.
    pub const SORTS: u32 = 1 << 27;
    /// Only for those whom enable-debug-command or enable-module-command lets.
    pub const PROTECTED: u32 = 1 << 28;
    /// A call that tells what it would do, and is rolled back.
    pub const DRY_RUN: u32 = 1 << 29;
    /// Waits for another server: a background core runs it, where there is one.
    pub const TALKS: u32 = 1 << 30;

    /// Names as COMMAND INFO shows them, in Redis's order.
    pub const NAMES: &[(u32, &str)] = &[
        (WRITE, "write"),
        (READONLY, "readonly"),
        (DENYOOM, "denyoom"),
        (ADMIN, "admin"),
        (PUBSUB, "pubsub"),
        (NOSCRIPT, "noscript"),
        (BLOCKING, "blocking"),
        (LOADING, "loading"),
        (STALE, "stale"),
        (SKIP_MONITOR, "skip_monitor"),
        (SKIP_SLOWLOG, "skip_slowlog"),
        (ASKING, "asking"),
        (FAST, "fast"),
        (NO_AUTH, "no_auth"),
        // MAY_REPLICATE is hidden, as in Redis 7.2.
        (NO_MANDATORY_KEYS, "no_mandatory_keys"),
        (NO_ASYNC_LOADING, "no_async_loading"),
        (NO_MULTI, "no_multi"),
        (MODULE, "module"),
        (MOVABLE_KEYS, "movablekeys"),
        (ALLOW_BUSY, "allow_busy"),
    ];
}

/// ACL categories, a bit each, in the order ACL CAT lists them.
pub mod category {
    pub const KEYSPACE: u32 = 1;
    pub const READ: u32 = 1 << 1;
    pub const WRITE: u32 = 1 << 2;
    pub const SET: u32 = 1 << 3;
    pub const SORTED_SET: u32 = 1 << 4;
    pub const LIST: u32 = 1 << 5;
    pub const HASH: u32 = 1 << 6;
    pub const STRING: u32 = 1 << 7;
    pub const BITMAP: u32 = 1 << 8;
    pub const HYPERLOGLOG: u32 = 1 << 9;
    pub const GEO: u32 = 1 << 10;
    pub const STREAM: u32 = 1 << 11;
    pub const PUBSUB: u32 = 1 << 12;
    pub const ADMIN: u32 = 1 << 13;
    pub const FAST: u32 = 1 << 14;
    pub const SLOW: u32 = 1 << 15;
    pub const BLOCKING: u32 = 1 << 16;
    pub const DANGEROUS: u32 = 1 << 17;
    pub const CONNECTION: u32 = 1 << 18;
    pub const TRANSACTION: u32 = 1 << 19;
    pub const SCRIPTING: u32 = 1 << 20;
    pub const ARRAY: u32 = 1 << 21;

    pub const NAMES: &[(u32, &str)] = &[
        (KEYSPACE, "keyspace"),
        (READ, "read"),
        (WRITE, "write"),
        (SET, "set"),
        (SORTED_SET, "sortedset"),
        (LIST, "list"),
        (HASH, "hash"),
        (STRING, "string"),
        (BITMAP, "bitmap"),
        (HYPERLOGLOG, "hyperloglog"),
        (GEO, "geo"),
        (STREAM, "stream"),
        (PUBSUB, "pubsub"),
        (ADMIN, "admin"),
        (FAST, "fast"),
        (SLOW, "slow"),
        (BLOCKING, "blocking"),
        (DANGEROUS, "dangerous"),
        (CONNECTION, "connection"),
        (TRANSACTION, "transaction"),
        (SCRIPTING, "scripting"),
        (ARRAY, "array"),
    ];
}

/// What a command does with keys of a specification, in Redis's terms; bits.
pub mod access {
    pub const RW: u16 = 1;
    pub const RO: u16 = 1 << 1;
    pub const OW: u16 = 1 << 2;
    pub const RM: u16 = 1 << 3;
    pub const ACCESS: u16 = 1 << 4;
    pub const UPDATE: u16 = 1 << 5;
    pub const INSERT: u16 = 1 << 6;
    pub const DELETE: u16 = 1 << 7;
    pub const NOT_KEY: u16 = 1 << 8;
    pub const INCOMPLETE: u16 = 1 << 9;
    pub const VARIABLE: u16 = 1 << 10;

    pub const NAMES: &[(u16, &str)] = &[
        (RW, "RW"),
        (RO, "RO"),
        (OW, "OW"),
        (RM, "RM"),
        (ACCESS, "access"),
        (UPDATE, "update"),
        (INSERT, "insert"),
        (DELETE, "delete"),
        (NOT_KEY, "not_key"),
        (INCOMPLETE, "incomplete"),
        (VARIABLE, "variable_flags"),
    ];
}

/// Where keys begin among the arguments (`argv[0]` is the name).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Begin {
    Index(usize),
    /// After this word, searched from `from` on (negative: from the end, backwards).
    Keyword {
        word: &'static str,
        from: i32,
    },
    Unknown,
}

/// Which arguments from there on are keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Find {
    /// To `last` (relative to the beginning; negative: from the end of argv), every `step`; `limit` as Redis (a fraction).
    Range {
        last: i32,
        step: usize,
        limit: usize,
    },
    /// `keynum` (relative) holds how many follow from `first` (relative) on.
    KeyNum {
        keynum: usize,
        first: usize,
        step: usize,
    },
    Unknown,
}

/// One key specification of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeySpec {
    pub access: u16,
    pub begin: Begin,
    pub find: Find,
}

/// Keys from argument `first` to argument `last` (absolute; negative: from the end), every `step`.
pub const fn keys(first: usize, last: i32, step: usize, access: u16) -> KeySpec {
    let last = if last >= 0 { last - first as i32 } else { last };
    KeySpec { access, begin: Begin::Index(first), find: Find::Range { last, step, limit: 0 } }
}

/// The one key at argument 1.
pub const fn key(access: u16) -> KeySpec {
    keys(1, 1, 1, access)
}

/// Redis's groups, as COMMAND DOCS names them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Group {
    Generic,
    String,
    List,
    Set,
    SortedSet,
    Hash,
    Pubsub,
    Transactions,
    Connection,
    Server,
    Scripting,
    Hyperloglog,
    Cluster,
    Sentinel,
    Geo,
    Stream,
    Bitmap,
    Array,
    VectorSet,
}

impl Group {
    pub fn name(self) -> &'static str {
        match self {
            Group::Generic => "generic",
            Group::String => "string",
            Group::List => "list",
            Group::Set => "set",
            Group::SortedSet => "sorted-set",
            Group::Hash => "hash",
            Group::Pubsub => "pubsub",
            Group::Transactions => "transactions",
            Group::Connection => "connection",
            Group::Server => "server",
            Group::Scripting => "scripting",
            Group::Hyperloglog => "hyperloglog",
            Group::Cluster => "cluster",
            Group::Sentinel => "sentinel",
            Group::Geo => "geo",
            Group::Stream => "stream",
            Group::Bitmap => "bitmap",
            Group::Array => "array",
            Group::VectorSet => "vector-set",
        }
    }
}

/// A command as data. `ROW` is the empty one to fill in: `Row { name: "get", arity: 2, …, ..ROW }`.
#[derive(Clone, Copy)]
pub struct Row {
    /// Lower-case; `client|list` for a subcommand.
    pub name: &'static str,
    /// Arguments with the name; negative: at least so many.
    pub arity: i32,
    pub flags: u32,
    pub keys: &'static [KeySpec],
    /// The argument that names an element of the key's collection (a field, a member), to load it ahead; 0: none.
    pub element: u8,
    /// Categories besides those that follow from the flags.
    pub categories: u32,
    pub group: Group,
    pub since: &'static str,
    pub complexity: &'static str,
    pub summary: &'static str,
    /// Arguments as redis-cli's help shows them: `key value [NX | XX] [EX seconds | PX milliseconds]`.
    pub args: &'static str,
    /// The reply as a TypeScript type, for the declarations of procedures: `string | null`.
    pub reply: &'static str,
    pub run: Run,
    /// How a request of very many arguments is divided. None: it is not.
    pub pieces: Option<Pieces>,
}

/// How a request of very many arguments is run piece by piece, as one command all the same.
#[derive(Clone, Copy)]
pub struct Pieces {
    /// How many arguments every piece begins with, the name included; 0: this request is not divided.
    pub head: fn(Args) -> usize,
    /// Arguments that belong together.
    pub step: usize,
    /// May these arguments of a piece stand there? All pieces are asked before the first one runs.
    pub fits: fn(Args) -> bool,
    /// Asked of all pieces before the first one runs, with the latches held. False: nothing runs, and the reply is 0.
    pub may: Option<fn(&mut Txn, Args) -> bool>,
    /// What runs a piece; None: the command's own handler.
    pub run: Option<DataHandler>,
    pub joined: Joined,
}

/// What becomes of the replies of the pieces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Joined {
    /// The sum of integers.
    Sum,
    /// The greatest of integers.
    Most,
    /// The last one.
    Last,
    /// One array.
    Items,
}

impl Pieces {
    /// Any arguments fit, one by one, behind the name.
    pub const fn plain(joined: Joined) -> Pieces {
        Pieces { head: |_| 1, step: 1, fits: |_| true, may: None, run: None, joined }
    }

    /// Any arguments fit, one by one, behind the name and the one key.
    pub const fn of_key(joined: Joined) -> Option<Pieces> {
        Some(Pieces { head: |_| 2, ..Pieces::plain(joined) })
    }

    /// The same, where they are keys.
    pub const fn of_keys(joined: Joined) -> Option<Pieces> {
        Some(Pieces::plain(joined))
    }

    /// The same in pairs.
    pub const fn in_pairs(pieces: Option<Pieces>) -> Option<Pieces> {
        match pieces {
            Some(pieces) => Some(Pieces { step: 2, ..pieces }),
            None => None,
        }
    }
}

pub const ROW: Row = Row {
    name: "",
    arity: 0,
    flags: 0,
    keys: &[],
    element: 0,
    categories: 0,
    group: Group::Generic,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "",
    args: "",
    reply: "unknown",
    run: Run::Container,
    pieces: None,
};

/// A request whose own count of keys makes no sense.
#[derive(Debug, PartialEq, Eq)]
pub struct BadKeys;

impl Row {
    /// The name as COMMAND, the figures and ACL show it: Redis names the commands of its module for vector sets in capitals.
    pub fn shown_name(&self) -> Cow<'static, str> {
        if self.flags & flag::MODULE != 0 { self.name.to_ascii_uppercase().into() } else { self.name.into() }
    }

    /// All ACL categories: the explicit ones and those the flags imply (Redis: setImplicitACLCategories).
    pub fn all_categories(&self) -> u32 {
        let mut all = self.categories;
        let has = |bit: u32| self.flags & bit != 0;
        if has(flag::MODULE) {
            // Commands of modules are in none but those that they name.
            return all;
        }
        if has(flag::WRITE) {
            all |= category::WRITE;
        }
        if has(flag::READONLY) && self.categories & category::SCRIPTING == 0 {
            all |= category::READ;
        }
        if has(flag::ADMIN) {
            all |= category::ADMIN | category::DANGEROUS;
        }
        if has(flag::PUBSUB) {
            all |= category::PUBSUB;
        }
        if has(flag::BLOCKING) {
            all |= category::BLOCKING;
        }
        all | if has(flag::FAST) { category::FAST } else { category::SLOW }
    }

    /// EVAL, EVALSHA and their read-only forms, of the rows that call.
    #[inline]
    pub fn evaluates(&self) -> bool {
        self.name.as_bytes()[0] == b'e'
    }

    /// Does `argc` (with the name) fit?
    #[inline]
    pub fn arity_fits(&self, argc: usize) -> bool {
        if self.arity >= 0 { argc == self.arity as usize } else { argc >= -self.arity as usize }
    }

    /// Calls `each` with the index of every key argument. Err: the request's own key count makes no sense.
    pub fn each_key(&self, args: Args, mut each: impl FnMut(usize, u16)) -> Result<(), BadKeys> {
        if self.flags & flag::SORTS != 0 {
            super::generic::sort::keys_of(args, self.flags & flag::READONLY != 0, each);
            return Ok(());
        }
        for spec in self.keys {
            let begin = match spec.begin {
                Begin::Index(index) => index,
                Begin::Keyword { word, from } => match find_word(args, word, from) {
                    Some(at) => at + 1,
                    None => continue,
                },
                Begin::Unknown => return Err(BadKeys),
            };
            if begin >= args.len() {
                continue;
            }
            match spec.find {
                Find::Range { last, step, limit } => {
                    let last = if last >= 0 {
                        begin + last as usize
                    } else if limit <= 1 {
                        (args.len() as i64 + last as i64).max(0) as usize
                    } else {
                        begin + ((args.len() - begin) / limit).saturating_sub(-last as usize)
                    };
                    for index in (begin..=last.min(args.len() - 1)).step_by(step.max(1)) {
                        each(index, spec.access);
                    }
                }
                Find::KeyNum { keynum, first, step } => {
                    let Some(number) = args.iter().nth(begin + keynum) else { return Err(BadKeys) };
                    let count = crate::resp::number::integer(number).filter(|n| *n >= 0).ok_or(BadKeys)? as usize;
                    for turn in 0..count {
                        let index = begin + first + turn * step;
                        if index >= args.len() {
                            return Err(BadKeys);
                        }
                        each(index, spec.access);
                    }
                }
                Find::Unknown => return Err(BadKeys),
            }
        }
        Ok(())
    }

    /// First key, last key and step as COMMAND INFO's old fields have them.
    pub fn legacy_keys(&self) -> (i64, i64, i64) {
        match self.keys.first() {
            Some(KeySpec { begin: Begin::Index(first), find: Find::Range { last, step, .. }, .. }) => {
                let absolute = if *last >= 0 { *first as i64 + *last as i64 } else { *last as i64 };
                // Several plain specifications in a row (RENAME source, destination) read as one range.
                let joined = self.keys[1..].iter().fold(absolute, |end, spec| match (spec.begin, spec.find) {
                    (Begin::Index(next), Find::Range { last, .. }) if end >= 0 && next as i64 == end + 1 => {
                        // Negative: up to an argument counted from the end, as BITOP's and PFMERGE's sources are.
                        if last >= 0 { next as i64 + last as i64 } else { last as i64 }
                    }
                    _ => end,
                });
                (*first as i64, joined, *step as i64)
            }
            _ => (0, 0, 0),
        }
    }
}

/// The word STREAMS of XREAD and XREADGROUP, past their options: a group, a consumer or an option's value may be called so too
/// (Redis: xreadGetKeys). What follows another order than theirs is refused before a key is touched.
fn find_streams(args: Args) -> Option<usize> {
    let mut index = 1;
    while index < args.len() {
        let is = |words: &[&str]| words.iter().any(|word| args.is(index, word));
        index += match () {
            () if is(&["streams"]) => return Some(index),
            () if is(&["count", "maxcount", "maxsize", "block", "claim"]) => 2,
            () if is(&["group"]) => 3,
            () if is(&["noack"]) => 1,
            () => return None,
        };
    }
    None
}

/// STORE or STOREDIST of a GEORADIUS: the last of them is the one that counts.
fn find_store(args: Args, from: usize) -> Option<usize> {
    let (mut found, mut at) = (None, from);
    while at + 1 < args.len() {
        if args.is(at, "store") || args.is(at, "storedist") {
            found = Some(at);
            at += 1;
        }
        at += 1;
    }
    found
}

fn find_word(args: Args, word: &str, from: i32) -> Option<usize> {
    if word == "STREAMS" {
        return find_streams(args);
    }
    if word == "STORE" || word == "STOREDIST" {
        return find_store(args, from as usize).filter(|at| args.is(*at, word));
    }
    if from >= 0 {
        (from as usize..args.len()).find(|index| args.get(*index).eq_ignore_ascii_case(word.as_bytes()))
    } else {
        let start = (args.len() as i64 + from as i64).max(0) as usize;
        (1..=start.min(args.len().saturating_sub(1)))
            .rev()
            .find(|index| args.get(*index).eq_ignore_ascii_case(word.as_bytes()))
    }
}
