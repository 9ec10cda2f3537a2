//! EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT, TTL, PTTL, EXPIRETIME, PEXPIRETIME, PERSIST.

use std::sync::atomic::Ordering::Relaxed;

use super::keys::count_lookup;
use super::rewritten;
use crate::commands::row::{Group, ROW, Row, Run, access::*, category, flag::*, key};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::txn::{Class, Effect, Txn};

const SETTER: Row = Row {
    arity: -3,
    flags: WRITE | FAST,
    keys: &[key(RW | UPDATE)],
    categories: category::KEYSPACE,
    group: Group::Generic,
    reply: "number",
    ..ROW
};

const GETTER: Row = Row {
    arity: 2,
    flags: READONLY | FAST,
    keys: &[key(RO | ACCESS)],
    categories: category::KEYSPACE,
    group: Group::Generic,
    args: "key",
    reply: "number",
    ..ROW
};

pub const ROWS: &[Row] = &[
    Row {
        name: "expire",
        summary: "Lets a key live for so many seconds.",
        args: "key seconds [NX | XX | GT | LT]",
        run: Run::Data(|txn, args, reply| set_expiry(txn, args, reply, "expire", 1000, true)),
        ..SETTER
    },
    Row {
        name: "pexpire",
        since: "2.6.0",
        summary: "Lets a key live for so many milliseconds.",
        args: "key milliseconds [NX | XX | GT | LT]",
        run: Run::Data(|txn, args, reply| set_expiry(txn, args, reply, "pexpire", 1, true)),
        ..SETTER
    },
    Row {
        name: "expireat",
        since: "1.2.0",
        summary: "Lets a key live until a time in seconds since the epoch.",
        args: "key unix-time-seconds [NX | XX | GT | LT]",
        run: Run::Data(|txn, args, reply| set_expiry(txn, args, reply, "expireat", 1000, false)),
        ..SETTER
    },
    Row {
        name: "pexpireat",
        since: "2.6.0",
        summary: "Lets a key live until a time in milliseconds since the epoch.",
        args: "key unix-time-milliseconds [NX | XX | GT | LT]",
        run: Run::Data(|txn, args, reply| set_expiry(txn, args, reply, "pexpireat", 1, false)),
        ..SETTER
    },
    Row {
        name: "ttl",
        summary: "Tells how many seconds a key has left; -1: for ever, -2: there is no such key.",
        run: Run::Data(|txn, args, reply| {
            get_expiry(txn, args, reply, |at_ms, now_ms| in_seconds(left(at_ms, now_ms)))
        }),
        ..GETTER
    },
    Row {
        name: "pttl",
        since: "2.6.0",
        summary: "Tells how many milliseconds a key has left; -1: for ever, -2: there is no such key.",
        run: Run::Data(|txn, args, reply| get_expiry(txn, args, reply, left)),
        ..GETTER
    },
    Row {
        name: "expiretime",
        since: "7.0.0",
        summary: "Tells when a key expires, in seconds since the epoch; -1: never, -2: there is no such key.",
        run: Run::Data(|txn, args, reply| get_expiry(txn, args, reply, |at_ms, _| in_seconds(at_ms))),
        ..GETTER
    },
    Row {
        name: "pexpiretime",
        since: "7.0.0",
        summary: "Tells when a key expires, in milliseconds since the epoch; -1: never, -2: there is no such key.",
        run: Run::Data(|txn, args, reply| get_expiry(txn, args, reply, |at_ms, _| at_ms)),
        ..GETTER
    },
    Row {
        name: "persist",
        arity: 2,
        since: "2.2.0",
        summary: "Lets a key live for ever again.",
        args: "key",
        run: Run::Data(persist),
        ..SETTER
    },
];

/// When an expiry is set: conditions on the one there is.
#[derive(Default)]
struct Conditions {
    nx: bool,
    xx: bool,
    gt: bool,
    lt: bool,
}

impl Conditions {
    /// From the arguments after the time. Err: the error's text.
    fn read(args: Args) -> Result<Conditions, Vec<u8>> {
        let mut read = Conditions::default();
        for index in 0..args.len() {
            match () {
                () if args.is(index, "nx") => read.nx = true,
                () if args.is(index, "xx") => read.xx = true,
                () if args.is(index, "gt") => read.gt = true,
                () if args.is(index, "lt") => read.lt = true,
                () => return Err(error::unsupported_option(args.get(index))),
            }
        }
        if read.nx && (read.xx || read.gt || read.lt) {
            return Err(error::EXPIRE_NX_WITH_OTHERS.into());
        }
        if read.gt && read.lt {
            return Err(error::EXPIRE_GT_WITH_LT.into());
        }
        Ok(read)
    }

    /// No expiry counts as one that is later than all others.
    fn hold(&self, now: Option<i64>, wanted_ms: i64) -> bool {
        match now {
            None => !self.xx && !self.gt,
            Some(at_ms) => !self.nx && (!self.gt || wanted_ms > at_ms) && (!self.lt || wanted_ms < at_ms),
        }
    }
}

fn set_expiry(
    txn: &mut Txn,
    args: Args,
    reply: &mut Reply,
    name: &'static str,
    unit_ms: i64,
    relative: bool,
) -> Effect {
    let key = args.get(1);
    let conditions = match Conditions::read(args.from(3)) {
        Ok(conditions) => conditions,
        Err(text) => {
            reply.error_bytes(&text);
            return Effect::None;
        }
    };
    let Some(time) = number::integer(args.get(2)) else {
        reply.error(error::NOT_INTEGER);
        return Effect::None;
    };
    let base_ms = if relative { txn.wall_ms() } else { 0 };
    let Some(at_ms) = time.checked_mul(unit_ms).and_then(|ms| ms.checked_add(base_ms)) else {
        reply.error(&error::invalid_expire(name));
        return Effect::None;
    };
    let Some(now) = txn.peek(key).map(|entry| entry.expiry()) else {
        reply.int(0);
        return Effect::None;
    };
    if !conditions.hold(now, at_ms) {
        reply.int(0);
        return Effect::None;
    }
    reply.int(1);
    if at_ms <= txn.now_ms && !txn.keep_expired {
        txn.remove(key);
        txn.changed(key, Class::Generic, "del");
        let lazy = txn.store.settings.lazyfree_lazy_expire.load(Relaxed);
        return rewritten(txn, &[if lazy { b"UNLINK" } else { b"DEL" }, key]);
    }
    // One before 1970 is kept where nothing may go (import mode); 0 is the time at which all is seen.
    txn.set_expiry(key, Some(at_ms.max(1)));
    txn.changed(key, Class::Generic, "expire");
    rewritten(txn, &[b"PEXPIREAT", key, itoa::Buffer::new().format(at_ms).as_bytes()])
}

fn persist(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let key = args.get(1);
    if txn.peek(key).and_then(|entry| entry.expiry()).is_none() {
        reply.int(0);
        return Effect::None;
    }
    txn.set_expiry(key, None);
    txn.changed(key, Class::Generic, "persist");
    reply.int(1);
    Effect::Verbatim
}

/// Replies what `of` makes of the expiry and the clock, both in ms since the epoch; -1 and -2 where there is nothing.
fn get_expiry(txn: &mut Txn, args: Args, reply: &mut Reply, of: impl Fn(i64, i64) -> i64) -> Effect {
    let found = txn.peek(args.get(1)).map(|entry| entry.expiry());
    count_lookup(txn, found.is_some());
    reply.int(match found {
        None => -2,
        Some(None) => -1,
        Some(Some(at_ms)) => of(at_ms, txn.wall_ms()),
    });
    Effect::None
}

fn left(at_ms: i64, now_ms: i64) -> i64 {
    (at_ms - now_ms).max(0)
}

/// To the nearest second.
fn in_seconds(ms: i64) -> i64 {
    // Unsigned: the last representable half second rounds up too.
    ((ms as u64 + 500) / 1000) as i64
}

#[cfg(test)]
mod tests {
    use super::super::stage::{run, txn};
    use super::*;
    use crate::commands::row::DataHandler;
    use crate::ds::entry::NewValue;
    use crate::txn::access::Expiry;

    fn handler(name: &str) -> DataHandler {
        match ROWS.iter().find(|row| row.name == name).expect("a row of this room").run {
            Run::Data(handler) => handler,
            _ => unreachable!("all are data commands"),
        }
    }

    #[test]
    fn conditions_compare_with_the_expiry_there_is() {
        for (now, wanted, holds) in [
            (None, 5, [true, true, false, false, true]),
            (Some(3), 5, [true, false, true, true, false]),
            (Some(5), 5, [true, false, true, false, false]),
            (Some(9), 5, [true, false, true, false, true]),
        ] {
            for (index, words) in ["", "NX", "XX", "GT", "LT"].into_iter().enumerate() {
                let owned = crate::resp::args::OwnedArgs::of(
                    &words.split(' ').filter(|w| !w.is_empty()).map(str::as_bytes).collect::<Vec<_>>(),
                );
                let conditions = Conditions::read(owned.borrow()).expect("they go together");
                assert_eq!(conditions.hold(now, wanted), holds[index], "{now:?} {wanted} {words}");
            }
        }
    }

    #[test]
    fn an_expiry_is_logged_as_the_absolute_time() {
        let mut txn = txn();
        txn.record = true;
        txn.set(b"k", NewValue::Int(1), Expiry::Clear);
        let (reply, effect) = run(&mut txn, handler("expire"), "EXPIRE k 10");
        assert_eq!(
            (reply.as_str(), effect),
            (":1~", vec![crate::resp::args::OwnedArgs::of(&[b"PEXPIREAT", b"k", b"1010000"])])
        );
        assert_eq!(run(&mut txn, handler("ttl"), "TTL k").0, ":10~");
        assert_eq!(run(&mut txn, handler("pexpiretime"), "PEXPIRETIME k").0, ":1010000~");
        assert_eq!(run(&mut txn, handler("persist"), "PERSIST k").0, ":1~");
        assert_eq!(run(&mut txn, handler("pttl"), "PTTL k").0, ":-1~");
        let (reply, effect) = run(&mut txn, handler("pexpireat"), "PEXPIREAT k 1000000");
        assert_eq!((reply.as_str(), effect), (":1~", vec![crate::resp::args::OwnedArgs::of(&[b"DEL", b"k"])]));
        assert_eq!(run(&mut txn, handler("ttl"), "TTL k").0, ":-2~");
    }

    #[test]
    fn times_that_do_not_fit_are_refused() {
        let mut txn = txn();
        txn.set(b"k", NewValue::Int(1), Expiry::Clear);
        for (name, time) in
            [("expire", i64::MAX), ("expire", i64::MAX / 1000), ("expireat", i64::MIN), ("pexpire", i64::MAX)]
        {
            let reply = run(&mut txn, handler(name), &format!("{name} k {time}")).0;
            assert_eq!(reply, format!("-ERR invalid expire time in '{name}' command~"), "{time}");
        }
        assert_eq!(run(&mut txn, handler("pexpireat"), &format!("x k {}", i64::MAX)).0, ":1~");
        assert_eq!(run(&mut txn, handler("expiretime"), "x k").0, ":9223372036854776~");
        assert_eq!(run(&mut txn, handler("expire"), "x k 5 GT LT").0, format!("-{}~", error::EXPIRE_GT_WITH_LT));
        assert_eq!(run(&mut txn, handler("expire"), "x k 5 foo").0, "-ERR Unsupported option foo~");
    }
}
