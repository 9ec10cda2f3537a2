//! VRANDMEMBER.

use std::collections::HashSet;

use super::range::NameWalk;
use super::value::VectorSet;
use super::{VECTOR, refuse, until, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::sys::random;
use crate::txn::{Effect, Progress, SLICE_NS, Txn, Work};

pub const ROWS: &[Row] = &[Row {
    name: "vrandmember",
    arity: -2,
    flags: READONLY | MODULE,
    keys: &[key(RO | ACCESS)],
    complexity: "O(N) in the number of members returned; O(members of the set) for more than 1,000 different ones.",
    summary: "Returns random members of a vector set: different ones, or with a negative count any.",
    args: "key [count]",
    reply: "string | null | string[]",
    run: Run::Data(vrandmember),
    ..VECTOR
}];

/// Different members that are drawn one by one; more are chosen on a walk over all.
const DRAWN_MAX: usize = 1000;
/// Draws between two looks at the clock.
const DRAWS_PER_LOOK: usize = 100;
/// Draws with a negative count, at most.
const DRAWS_MAX: u64 = 1 << 24;

const _: () = assert!(DRAWS_MAX == 16_777_216, "the text names the limit");

const TOO_MANY_DRAWS: &str =
    "ERR COUNT value is out of range, a negative count must be at least -16777216; ask several times";

fn vrandmember(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    if args.len() > 3 {
        return refuse(reply, &error::wrong_arity("vrandmember"));
    }
    let count = match args.len() {
        2 => None,
        _ => match number::integer(args.get(2)) {
            None => return refuse(reply, error::VECTOR_RANDOM_COUNT),
            Some(0) => {
                reply.array(0);
                return Effect::None;
            }
            Some(i64::MIN) => return refuse(reply, error::VECTOR_RANDOM_RANGE),
            Some(count) if count < 0 && count.unsigned_abs() > DRAWS_MAX => return refuse(reply, TOO_MANY_DRAWS),
            count => count,
        },
    };
    let key = args.get(1);
    let Ok(set) = txn.get_object::<VectorSet>(key) else { return wrong_type(reply) };
    let Some(set) = set else {
        if count.is_some() {
            reply.array(0)
        } else {
            reply.null()
        }
        return Effect::None;
    };
    let members = set.graph().len();
    let Some(count) = count else {
        reply.bulk(drawn_name(set));
        return Effect::None;
    };
    if count < 0 {
        let mut draws = Draws { key: key.into(), left: count.unsigned_abs() as usize, drawn: Box::from(&b""[..]) };
        reply.array(draws.left);
        return match draws.write(txn, reply) {
            Progress::Done => Effect::None,
            Progress::More => Effect::Slices(Box::new(draws)),
        };
    }
    let count = usize::try_from(count).unwrap_or(usize::MAX).min(members);
    if count > DRAWN_MAX {
        return NameWalk::sample(key, count, members).begin(txn, reply);
    }
    reply.array(count);
    for node in distinct(count, members) {
        reply.bulk(set.member(node).name());
    }
    Effect::None
}

/// The name of any member, each as likely: nodes are numbered without holes.
fn drawn_name(set: &VectorSet) -> &[u8] {
    set.member(random::below(set.graph().len() as u64) as u32).name()
}

/// `count` different numbers below `bound`, each subset as likely (Floyd's), in an order that is random too.
fn distinct(count: usize, bound: usize) -> Vec<u32> {
    let mut drawn = HashSet::with_capacity(count);
    let mut order = Vec::with_capacity(count);
    for most in bound - count..bound {
        let mut number = random::below(most as u64 + 1) as u32;
        if !drawn.insert(number) {
            number = most as u32;
            drawn.insert(number);
        }
        // Where it goes among those drawn before is drawn as well: Floyd's own order favours some.
        let place = random::below(order.len() as u64 + 1) as usize;
        order.push(number);
        let last = order.len() - 1;
        order.swap(place, last);
    }
    order
}

/// Draws of any members, in slices. The reply's length is sent already: should the set go meanwhile, what is left repeats a
/// member that was drawn.
struct Draws {
    key: Box<[u8]>,
    left: usize,
    /// The first of the last slice.
    drawn: Box<[u8]>,
}

impl Draws {
    fn write(&mut self, txn: &mut Txn, reply: &mut Reply) -> Progress {
        let Draws { key, left, drawn } = self;
        let set = txn.peek_object::<VectorSet>(key).ok().flatten();
        if let Some(set) = set {
            *drawn = drawn_name(set).into();
        }
        until(SLICE_NS, || {
            for _ in 0..DRAWS_PER_LOOK.min(*left) {
                match set {
                    Some(set) => reply.bulk(drawn_name(set)),
                    None => reply.bulk(drawn),
                }
                *left -= 1;
            }
            *left == 0
        });
        if *left == 0 { Progress::Done } else { Progress::More }
    }
}

impl Work for Draws {
    fn step(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        txn.latch_key(&self.key)?;
        Ok(self.write(txn, reply))
    }
}
