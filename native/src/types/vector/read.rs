//! What is known of a set and its members: VCARD VDIM VINFO, VEMB VGETATTR VISMEMBER VLINKS.

use super::coding::decoded;
use super::value::{VectorSet, member_of};
use super::{VECTOR, refuse, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::ds::hnsw::metric::Coding;
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::txn::{Effect, Progress, Txn, Work};

const FACT: Row =
    Row { arity: 2, flags: READONLY | FAST | MODULE, keys: &[key(RO)], args: "key", reply: "number", ..VECTOR };

const OF_MEMBER: Row =
    Row { arity: 3, flags: READONLY | FAST | MODULE, keys: &[key(RO | ACCESS)], args: "key element", ..VECTOR };

pub const ROWS: &[Row] = &[
    Row { name: "vcard", summary: "Returns how many members a vector set has.", run: Run::Data(vcard), ..FACT },
    Row {
        name: "vdim",
        summary: "Returns how many dimensions the vectors of a set have.",
        run: Run::Data(vdim),
        ..FACT
    },
    Row {
        name: "vinfo",
        summary: "Describes a vector set: how vectors are stored, how many there are, what the graph looks like.",
        reply: "Record<string, string | number> | null",
        run: Run::Data(vinfo),
        ..FACT
    },
    Row {
        name: "vemb",
        arity: -3,
        summary: "Returns the vector of a member, or with RAW the bytes that are stored for it.",
        args: "key element [RAW]",
        reply: "number[] | [string, string, number, number?] | null",
        run: Run::Data(vemb),
        ..OF_MEMBER
    },
    Row {
        name: "vgetattr",
        summary: "Returns the attributes of a member.",
        reply: "string | null",
        run: Run::Data(vgetattr),
        ..OF_MEMBER
    },
    Row {
        name: "vismember",
        flags: READONLY | MODULE,
        since: "8.2.0",
        summary: "Tells whether a vector set has a member.",
        reply: "boolean | number",
        run: Run::Data(vismember),
        ..OF_MEMBER
    },
    Row {
        name: "vlinks",
        arity: -3,
        summary: "Returns the neighbours of a member in the graph, level by level from the highest.",
        args: "key element [WITHSCORES]",
        reply: "string[][] | Record<string, number>[] | null",
        run: Run::Data(vlinks),
        ..OF_MEMBER
    },
];

/// Numbers of a vector that are written in one slice: about 0.3 ms.
const NUMBERS_PER_SLICE: usize = 4096;

fn vcard(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match txn.get_object::<VectorSet>(args.get(1)) {
        Ok(set) => reply.int(set.map_or(0, |set| set.graph().len() as i64)),
        Err(_) => return wrong_type(reply),
    }
    Effect::None
}

fn vdim(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    match txn.get_object::<VectorSet>(args.get(1)) {
        Ok(Some(set)) => reply.int(set.graph().dimensions() as i64),
        Ok(None) => return refuse(reply, error::KEY_DOES_NOT_EXIST),
        Err(_) => return wrong_type(reply),
    }
    Effect::None
}

/// The coding's name in replies.
fn coding_name(coding: Coding) -> &'static str {
    match coding {
        Coding::F32 => "f32",
        Coding::Q8 => "int8",
        Coding::Bin => "bin",
    }
}

fn vinfo(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let Ok(set) = txn.get_object::<VectorSet>(args.get(1)) else { return wrong_type(reply) };
    let Some(set) = set else {
        reply.null_array();
        return Effect::None;
    };
    let graph = set.graph();
    reply.map(9);
    reply.simple("quant-type");
    reply.simple(coding_name(graph.coding()));
    for (name, value) in [
        ("hnsw-m", graph.m() as u64),
        ("vector-dim", graph.dimensions() as u64),
        ("projection-input-dim", set.projection().map_or(0, |projection| projection.input) as u64),
        ("size", graph.len() as u64),
        ("max-level", graph.entry().map_or(0, |(_, level)| level) as u64),
        ("attributes-count", set.attributed() as u64),
        ("vset-uid", set.uid()),
        ("hnsw-max-node-uid", set.nodes_made()),
    ] {
        reply.simple(name);
        reply.int(value as i64);
    }
    Effect::None
}

fn vemb(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let options = args.from(3);
    if (0..options.len()).any(|at| !options.is(at, "raw")) {
        return refuse(reply, error::VECTOR_EMB_OPTION);
    }
    let Ok(set) = txn.get_object::<VectorSet>(args.get(1)) else { return wrong_type(reply) };
    let Some((set, node)) = set.and_then(|set| Some((set, set.node(args.get(2))?))) else {
        reply.null();
        return Effect::None;
    };
    let graph = set.graph();
    let (coding, stored) = (graph.coding(), graph.stored(node));
    if options.is_empty() {
        let values = decoded(coding, stored, graph.dimensions());
        reply.array(values.len());
        let mut numbers = Numbers { values, written: 0 };
        return match numbers.write(reply) {
            Progress::Done => Effect::None,
            Progress::More => Effect::Slices(Box::new(numbers)),
        };
    }
    reply.array(if coding == Coding::Q8 { 4 } else { 3 });
    reply.simple(coding_name(coding));
    reply.bulk(stored.bytes);
    reply.double(stored.norm as f64);
    if coding == Coding::Q8 {
        reply.double(stored.range as f64);
    }
    Effect::None
}

/// The rest of a long vector's numbers.
struct Numbers {
    values: Vec<f32>,
    written: usize,
}

impl Numbers {
    fn write(&mut self, reply: &mut Reply) -> Progress {
        let end = (self.written + NUMBERS_PER_SLICE).min(self.values.len());
        self.values[self.written..end].iter().for_each(|value| reply.double(*value as f64));
        self.written = end;
        if end < self.values.len() { Progress::More } else { Progress::Done }
    }
}

impl Work for Numbers {
    fn step(&mut self, _: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        Ok(self.write(reply))
    }
}

fn vgetattr(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let Ok(set) = txn.get_object::<VectorSet>(args.get(1)) else { return wrong_type(reply) };
    let member = set.and_then(|set| set.members().get(args.get(2)));
    match member.and_then(|member| member.attributes()) {
        Some(text) => reply.bulk(text),
        None => reply.null(),
    }
    Effect::None
}

fn vismember(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let Ok(set) = txn.get_object::<VectorSet>(args.get(1)) else { return wrong_type(reply) };
    reply.boolean(set.is_some_and(|set| set.node(args.get(2)).is_some()));
    Effect::None
}

fn vlinks(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    if args.len() > 4 || (args.len() == 4 && !args.is(3, "withscores")) {
        return refuse(reply, &error::wrong_arity("vlinks"));
    }
    let scores = args.len() == 4;
    let Ok(set) = txn.get_object::<VectorSet>(args.get(1)) else { return wrong_type(reply) };
    let Some((graph, node)) = set.and_then(|set| Some((set.graph(), set.node(args.get(2))?))) else {
        reply.null();
        return Effect::None;
    };
    reply.array(graph.level(node) + 1);
    for level in (0..=graph.level(node)).rev() {
        let degree = graph.degree(node, level);
        if scores {
            reply.map(degree)
        } else {
            reply.array(degree)
        }
        for neighbour in graph.links(node, level) {
            reply.bulk(member_of(graph, neighbour).name());
            if scores {
                // Redis rounds this one to 32 bits.
                reply.double((1.0 - graph.distance(node, neighbour) as f64 / 2.0) as f32 as f64);
            }
        }
    }
    Effect::None
}
