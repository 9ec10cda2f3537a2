//! BLPOP, BRPOP, BLMPOP, BLMOVE, BRPOPLPUSH, BLMOVEM: the commands that wait for an element.

use super::moving::{self, FROM_AND_TO, HowMany};
use super::pop::{self, Many};
use super::{LIST, Side, refuse, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, keys};
use crate::commands::timeout;
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::reply::Reply;
use crate::txn::{Block, Effect, Nothing, Txn, WrongType};

const WAIT: Row = Row { flags: WRITE | BLOCKING, since: "2.0.0", ..LIST };

const POP: Row = Row {
    arity: -3,
    keys: &[keys(1, -2, 1, RW | ACCESS | DELETE)],
    complexity: "O(N) where N is the number of keys",
    args: "key [key ...] timeout",
    reply: "[string, string] | null",
    ..WAIT
};

const MOVE: Row =
    Row { flags: WRITE | DENYOOM | BLOCKING, keys: FROM_AND_TO, reply: "string | null", since: "6.2.0", ..WAIT };

pub const ROWS: &[Row] = &[
    Row {
        name: "blpop",
        summary: "Removes and returns the leftmost element of the first of several lists that is there; waits for one.",
        run: Run::Data(blpop),
        ..POP
    },
    Row {
        name: "brpop",
        summary: "Removes and returns the rightmost element of the first of several lists that is there; waits for one.",
        run: Run::Data(brpop),
        ..POP
    },
    Row {
        name: "blmpop",
        arity: -5,
        flags: WRITE | BLOCKING | MOVABLE_KEYS,
        keys: &[pop::counted_keys(2)],
        since: "7.0.0",
        complexity: "O(N+M) where N is the number of keys and M the number of elements returned",
        summary: "Removes and returns elements of the first of several lists that is there; waits for one.",
        args: "timeout numkeys key [key ...] <LEFT | RIGHT> [COUNT count]",
        reply: "[string, string[]] | null",
        run: Run::Data(blmpop),
        ..WAIT
    },
    Row {
        name: "blmove",
        arity: 6,
        summary: "Moves an element as LMOVE does; waits for one.",
        args: "source destination <LEFT | RIGHT> <LEFT | RIGHT> timeout",
        run: Run::Data(blmove),
        ..MOVE
    },
    Row {
        name: "brpoplpush",
        arity: 4,
        since: "2.2.0",
        summary: "Moves an element as RPOPLPUSH does; waits for one.",
        args: "source destination timeout",
        run: Run::Data(brpoplpush),
        ..MOVE
    },
    Row {
        name: "blmovem",
        arity: -6,
        since: "8.10.0",
        complexity: "O(N) where N is the number of elements moved",
        summary: "Moves elements as LMOVEM does; waits until there are enough of them.",
        args: "source destination <LEFT | RIGHT> <LEFT | RIGHT> timeout [<COUNT count | EXACTLY exactly> <OBO | BULK>]",
        reply: "string[] | null",
        run: Run::Data(blmovem),
        ..MOVE
    },
];

fn blpop(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    pop(txn, args, Side::Left, reply)
}

fn brpop(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    pop(txn, args, Side::Right, reply)
}

fn pop(txn: &mut Txn, args: Args, side: Side, reply: &mut Reply) -> Effect {
    let last = args.len() - 1;
    let deadline_ms = match timeout::seconds(args.get(last), txn.now_ms) {
        Ok(deadline_ms) => deadline_ms,
        Err(text) => return refuse(reply, text),
    };
    let keys = || args.from(1).iter().take(last - 1);
    for key in keys() {
        match txn.peek_list(key) {
            Ok(None) => continue,
            Ok(Some(_)) => (),
            Err(WrongType) => return wrong_type(reply),
        }
        reply.array(2);
        reply.bulk(key);
        let popped = pop::take_one(txn, key, side, reply);
        debug_assert_eq!(popped, Ok(true));
        let name: &[u8] = if side == Side::Left { b"LPOP" } else { b"RPOP" };
        return pop::rewritten(txn, || OwnedArgs::of(&[name, key]), None);
    }
    wait(keys(), deadline_ms, Nothing::Array)
}

fn wait<'a>(keys: impl Iterator<Item = &'a [u8]>, deadline_ms: Option<i64>, nothing: Nothing) -> Effect {
    Effect::Block(Box::new(Block {
        keys: keys.map(Box::from).collect(),
        awaited: "list",
        gone_counts: false,
        deadline_ms,
        nothing,
        request: None,
    }))
}

fn blmpop(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let read = Many::read(args, 2).and_then(|many| Ok((many, timeout::seconds(args.get(1), txn.now_ms)?)));
    let (many, deadline_ms) = match read {
        Ok(read) => read,
        Err(text) => return refuse(reply, text),
    };
    many.take(txn, reply).unwrap_or_else(|| wait(many.keys(), deadline_ms, Nothing::Array))
}

fn blmove(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let read = moving::sides(args).and_then(|(from, to)| Ok((from, to, timeout::seconds(args.get(5), txn.now_ms)?)));
    let (from, to, deadline_ms) = match read {
        Ok(read) => read,
        Err(text) => return refuse(reply, text),
    };
    match moving::move_one(txn, args, from, to, reply) {
        Ok(true) => {
            pop::rewritten(txn, || OwnedArgs::of(&[b"LMOVE", args.get(1), args.get(2), args.get(3), args.get(4)]), None)
        }
        Ok(false) => wait([args.get(1)].into_iter(), deadline_ms, Nothing::Bulk),
        Err(WrongType) => wrong_type(reply),
    }
}

fn brpoplpush(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let deadline_ms = match timeout::seconds(args.get(3), txn.now_ms) {
        Ok(deadline_ms) => deadline_ms,
        Err(text) => return refuse(reply, text),
    };
    match moving::move_one(txn, args, Side::Right, Side::Left, reply) {
        Ok(true) => pop::rewritten(txn, || OwnedArgs::of(&[b"RPOPLPUSH", args.get(1), args.get(2)]), None),
        Ok(false) => wait([args.get(1)].into_iter(), deadline_ms, Nothing::Bulk),
        Err(WrongType) => wrong_type(reply),
    }
}

fn blmovem(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let read = moving::sides(args).and_then(|(from, to)| {
        let deadline_ms = timeout::seconds(args.get(5), txn.now_ms)?;
        Ok((from, to, deadline_ms, HowMany::read(args, 6)?))
    });
    let (from, to, deadline_ms, how_many) = match read {
        Ok(read) => read,
        Err(text) => return refuse(reply, text),
    };
    match moving::move_many(txn, args, from, to, &how_many, reply) {
        Ok(Some((count, long))) => {
            let order: &[u8] = if how_many.one_by_one { b"OBO" } else { b"BULK" };
            let command = || {
                let mut digits = itoa::Buffer::new();
                let count = digits.format(count).as_bytes();
                let words = [args.get(1), args.get(2), args.get(3), args.get(4), b"EXACTLY", count, order];
                OwnedArgs::of(&[&[&b"LMOVEM"[..]], &words[..]].concat())
            };
            pop::rewritten(txn, command, long)
        }
        Ok(None) => wait([args.get(1)].into_iter(), deadline_ms, Nothing::Array),
        Err(WrongType) => wrong_type(reply),
    }
}
