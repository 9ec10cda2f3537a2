//! VADD, VREM, VSETATTR.

use std::borrow::Cow;

use super::coding::Coded;
use super::project::{Projection, SEED};
use super::request::Given;
use super::value::VectorSet;
use super::{FIRST_SLICE_NS, NODES_PER_LOOK, VECTOR, refuse, until, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::ds::entry::Object;
use crate::ds::hnsw::metric::Coding;
use crate::ds::hnsw::search::{Progress as Searched, Search};
use crate::ds::hnsw::{M_MAX, M_MIN};
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::reply::Reply;
use crate::resp::{error, number};
use crate::txn::{Class, Effect, Progress, SLICE_NS, Txn, Work, WrongType};

pub const ROWS: &[Row] = &[
    Row {
        name: "vadd",
        arity: -5,
        flags: WRITE | DENYOOM | MODULE,
        keys: &[key(RW | INSERT)],
        complexity: "O(log(N)) where N is the number of members.",
        summary: "Adds a member with its vector to a vector set, or gives a member another vector.",
        args: "key [REDUCE dim] <FP32 | VALUES> vector element [CAS] [NOQUANT | Q8 | BIN] [EF build-exploration-factor] [SETATTR attributes] [M numlinks]",
        reply: "boolean | number",
        run: Run::Data(vadd),
        ..VECTOR
    },
    Row {
        name: "vrem",
        arity: 3,
        flags: WRITE | MODULE,
        keys: &[key(RW | DELETE)],
        complexity: "O(log(N)) where N is the number of members.",
        summary: "Removes a member from a vector set, and the key with the last of them.",
        args: "key element",
        reply: "boolean | number",
        run: Run::Data(vrem),
        ..VECTOR
    },
    Row {
        name: "vsetattr",
        arity: 4,
        flags: WRITE | FAST | MODULE,
        keys: &[key(RW | UPDATE)],
        summary: "Sets the attributes of a member, which are JSON text for filters; an empty text removes them.",
        args: "key element json",
        reply: "boolean | number",
        run: Run::Data(vsetattr),
        ..VECTOR
    },
];

/// Finds kept while looking for the neighbours of a new node, unless EF says otherwise.
pub const EF_DEFAULT: usize = 200;
pub const EF_MAX: i64 = 1_000_000;
const M_DEFAULT: usize = 16;

/// A VADD as it was asked for.
struct Asked<'a> {
    key: &'a [u8],
    name: &'a [u8],
    vector: Vec<f32>,
    reduce: Option<usize>,
    coding: Coding,
    m: usize,
    ef: usize,
    attributes: Option<&'a [u8]>,
}

impl<'a> Asked<'a> {
    fn parse(args: Args<'a>) -> Result<Asked<'a>, Cow<'static, str>> {
        let Some(Given { vector, reduce, taken }) = Given::parse(args, 2, true) else {
            return Err(error::VECTOR_SPECIFICATION.into());
        };
        if args.len() <= 2 + taken {
            return Err(error::wrong_arity("vadd").into());
        }
        let mut asked = Asked {
            key: args.get(1),
            name: args.get(2 + taken),
            vector,
            reduce,
            coding: Coding::Q8,
            m: M_DEFAULT,
            ef: EF_DEFAULT,
            attributes: None,
        };
        let mut at = 2 + taken + 1;
        while at < args.len() {
            let value = (at + 1 < args.len()).then(|| args.get(at + 1));
            match value {
                // The search that it moves to a thread in Redis is done in slices here, with or without it.
                _ if args.is(at, "cas") => (),
                _ if args.is(at, "noquant") => asked.coding = Coding::F32,
                _ if args.is(at, "q8") => asked.coding = Coding::Q8,
                _ if args.is(at, "bin") => asked.coding = Coding::Bin,
                Some(text) if args.is(at, "ef") => {
                    let ef = number::integer(text).filter(|ef| (1..=EF_MAX).contains(ef));
                    asked.ef = ef.ok_or(error::VECTOR_EF)? as usize;
                    at += 1;
                }
                Some(text) if args.is(at, "m") => {
                    let m = number::integer(text).filter(|m| (M_MIN as i64..=M_MAX as i64).contains(m));
                    asked.m = m.ok_or(error::VECTOR_M)? as usize;
                    at += 1;
                }
                Some(text) if args.is(at, "setattr") => {
                    asked.attributes = Some(text);
                    at += 1;
                }
                _ => return Err(error::VECTOR_OPTION.into()),
            }
            at += 1;
        }
        Ok(asked)
    }

    /// Does the set take such a vector? Gives it as the set has vectors.
    fn fit(&mut self, set: &VectorSet) -> Result<Coded, Cow<'static, str>> {
        let graph = set.graph();
        let given = self.vector.len();
        if graph.coding() != self.coding {
            return Err(error::VECTOR_CODING_MISMATCH.into());
        }
        if graph.m() != self.m {
            return Err(error::VECTOR_M_MISMATCH.into());
        }
        let dimensions = if set.projection().is_some() { self.reduce } else { Some(given) };
        if dimensions != Some(graph.dimensions()) {
            return Err(error::vector_dimension(given, graph.dimensions()).into());
        }
        let vector = std::mem::take(&mut self.vector);
        match set.projection() {
            None if self.reduce.is_some() => Err(error::VECTOR_NO_PROJECTION.into()),
            None => Ok(Coded::of(self.coding, vector)),
            Some(projection) if projection.input != given => {
                Err(error::vector_projection_dimension(given, projection.input).into())
            }
            Some(projection) => Ok(Coded::of(self.coding, projection.apply(&vector))),
        }
    }
}

fn vadd(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match begin(txn, args) {
        Ok(Begun::Added) => {
            reply.boolean(true);
            Effect::Verbatim
        }
        Ok(Begun::Searching(mut adding)) => match adding.go_on(txn, args.get(1), FIRST_SLICE_NS) {
            Some(new) => {
                reply.boolean(new);
                Effect::Verbatim
            }
            None => Effect::Slices(Box::new(AddWork { request: args.to_owned(), adding: Some(adding) })),
        },
        Err(text) => refuse(reply, &text),
    }
}

enum Begun {
    /// The first member of a new set: there is nothing to search.
    Added,
    Searching(Box<Adding>),
}

/// An addition whose search for neighbours is under way.
struct Adding {
    uid: u64,
    name: Box<[u8]>,
    attributes: Option<Box<[u8]>>,
    coded: Coded,
    level: usize,
    search: Search,
}

fn begin(txn: &mut Txn, args: Args) -> Result<Begun, Cow<'static, str>> {
    let mut asked = Asked::parse(args)?;
    let set = txn.peek_object::<VectorSet>(asked.key).map_err(|WrongType| error::WRONG_TYPE)?;
    let Some(set) = set else {
        let dimensions = asked.vector.len();
        let projection = asked.reduce.map(|reduce| Projection::new(SEED, dimensions, reduce));
        let (coding, m, reduced) = (asked.coding, asked.m, asked.reduce.unwrap_or(dimensions));
        let vector = std::mem::take(&mut asked.vector);
        let coded = Coded::of(coding, projection.as_ref().map(|p| p.apply(&vector)).unwrap_or(vector));
        let make = || VectorSet::new(coding, reduced, m, projection);
        let added = txn.edit_or_make(asked.key, make, |set, inverses| {
            let level = set.draw_level();
            set.add(asked.name, &coded, asked.attributes, level, &[], inverses)
        });
        debug_assert_eq!(added, Ok(true));
        txn.changed(asked.key, Class::Module, "vadd");
        return Ok(Begun::Added);
    };
    let coded = asked.fit(set)?;
    let level = set.node(asked.name).map_or_else(|| set.draw_level(), |node| set.graph().level(node));
    Ok(Begun::Searching(Box::new(Adding {
        uid: set.uid(),
        name: asked.name.into(),
        attributes: asked.attributes.map(Box::from),
        search: Search::new(coded.stored(), asked.ef, level),
        coded,
        level,
    })))
}

impl Adding {
    /// Goes on with the search, and adds the member at its end: true if it is new. None: the time is over, or the set that was
    /// searched is not there any more (see `is_current`).
    fn go_on(&mut self, txn: &mut Txn, key: &[u8], slice_ns: u64) -> Option<bool> {
        let set = txn.peek_object::<VectorSet>(key).ok().flatten()?;
        let done = until(slice_ns, || self.search.run(set.graph(), NODES_PER_LOOK, &mut |_, _| true) == Searched::Done);
        if !done {
            return None;
        }
        let found = std::mem::replace(&mut self.search, Search::new(self.coded.stored(), 1, 0));
        let finds = found.into_finds();
        let attributes = self.attributes.as_deref();
        let added = txn.edit_object(key, |set: &mut VectorSet, inverses| {
            set.add(&self.name, &self.coded, attributes, self.level, &finds, inverses)
        });
        txn.changed(key, Class::Module, "vadd");
        added.ok().flatten()
    }

    /// Is the set that was searched still under the key?
    fn is_current(&self, txn: &mut Txn, key: &[u8]) -> bool {
        txn.peek_object::<VectorSet>(key).is_ok_and(|set| set.is_some_and(|set| set.uid() == self.uid))
    }
}

/// An addition in slices, between the requests of others. The set may change meanwhile, go, or be another.
struct AddWork {
    request: OwnedArgs,
    adding: Option<Box<Adding>>,
}

impl Work for AddWork {
    fn step(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        let args = self.request.borrow();
        let key = args.get(1);
        txn.latch_key(key)?;
        if let Some(adding) = &self.adding
            && !adding.is_current(txn, key)
        {
            self.adding = None;
        }
        let adding = match &mut self.adding {
            Some(adding) => adding,
            None => match begin(txn, args) {
                Ok(Begun::Searching(adding)) => self.adding.insert(adding),
                Ok(Begun::Added) => return Ok(self.finish(txn, reply, true)),
                Err(text) => {
                    reply.error(&text);
                    return Ok(Progress::Done);
                }
            },
        };
        match adding.go_on(txn, key, SLICE_NS) {
            Some(new) => Ok(self.finish(txn, reply, new)),
            None => Ok(Progress::More),
        }
    }
}

impl AddWork {
    fn finish(&self, txn: &mut Txn, reply: &mut Reply, new: bool) -> Progress {
        if txn.record {
            txn.effects.push((txn.db, self.request.clone()));
        }
        reply.boolean(new);
        Progress::Done
    }
}

fn vrem(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (key, name) = (args.get(1), args.get(2));
    let edited = txn.edit_object(key, |set: &mut VectorSet, inverses| (set.remove(name, inverses), set.is_empty()));
    let (removed, emptied) = match edited {
        Ok(edited) => edited.unwrap_or((false, false)),
        Err(WrongType) => return wrong_type(reply),
    };
    reply.boolean(removed);
    if !removed {
        return Effect::None;
    }
    txn.changed(key, Class::Module, "vrem");
    if emptied {
        txn.signal(key, Class::Generic, "del");
    }
    Effect::Verbatim
}

fn vsetattr(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let (key, name, text) = (args.get(1), args.get(2), args.get(3));
    let edited = txn.edit_object(key, |set: &mut VectorSet, inverses| set.set_attributes(name, text, inverses));
    match edited {
        Ok(Some(true)) => (),
        Ok(_) => {
            reply.boolean(false);
            return Effect::None;
        }
        Err(WrongType) => return wrong_type(reply),
    }
    reply.boolean(true);
    txn.changed(key, Class::Module, "vsetattr");
    Effect::Verbatim
}
