//! VSIM: the members nearest to a vector.

use std::borrow::Cow;

use super::coding::{Coded, decoded};
use super::filter::{FILTER_BYTES_MAX, FILTER_VALUES_MAX, Program, Refused};
use super::request::Given;
use super::value::{VectorSet, member_of};
use super::write::EF_MAX;
use super::{FIRST_SLICE_NS, NODES_PER_LOOK, VECTOR, refuse, until};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::ds::hnsw::Graph;
use crate::ds::hnsw::pool::Found;
use crate::ds::hnsw::scan::Scan;
use crate::ds::hnsw::search::{Progress as Searched, Search};
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::reply::{Protocol, Reply};
use crate::resp::{error, number};
use crate::txn::{Effect, Progress, SLICE_NS, Txn, Work, WrongType};

pub const ROWS: &[Row] = &[Row {
    name: "vsim",
    arity: -4,
    flags: READONLY | MODULE,
    keys: &[key(RO | ACCESS)],
    complexity: "O(log(N)) where N is the number of members; O(N) with TRUTH, in slices that let others pass.",
    summary: "Returns the members whose vectors are nearest to a vector, or to that of a member.",
    args: "key <ELE | FP32 | VALUES> vector-or-element [WITHSCORES] [WITHATTRIBS] [COUNT count] [EPSILON max-distance] [EF search-exploration-factor] [FILTER expression] [FILTER-EF max-filtering-effort] [TRUTH] [NOTHREAD]",
    reply: "string[] | Record<string, unknown>",
    run: Run::Data(vsim),
    ..VECTOR
}];

/// Finds kept, unless EF or a larger COUNT says otherwise.
const EF_DEFAULT: usize = 100;
const COUNT_DEFAULT: i64 = 10;
/// Nodes that a filtered search goes on from, for each member asked for.
const FILTER_EFFORT: i64 = 100;

/// A search costs about as much as measuring this many nodes for each find it keeps; smaller sets are looked through whole.
const SCANNED_PER_FIND: usize = 8;
/// Nodes measured between two looks at the clock: 10 to 100 µs.
const SCANNED_PER_LOOK: usize = 256;

/// Members of a reply that are written in one slice.
const WRITTEN_PER_SLICE: usize = 2_000;

struct Options {
    scores: bool,
    attributes: bool,
    count: usize,
    /// Distance from 0 to 1 that a member may have at most.
    epsilon: f32,
    ef: usize,
    filter: Option<Program>,
    filter_effort: usize,
    truth: bool,
}

impl Options {
    fn parse(args: Args) -> Result<Options, Cow<'static, str>> {
        let mut options = Options {
            scores: false,
            attributes: false,
            count: 0,
            epsilon: 2.0,
            ef: EF_DEFAULT,
            filter: None,
            filter_effort: 0,
            truth: false,
        };
        let (mut count, mut effort) = (COUNT_DEFAULT, None);
        let mut at = 0;
        while at < args.len() {
            let value = (at + 1 < args.len()).then(|| args.get(at + 1));
            let mut taken = 1;
            match value {
                _ if args.is(at, "withscores") => options.scores = true,
                _ if args.is(at, "withattribs") => options.attributes = true,
                _ if args.is(at, "truth") => options.truth = true,
                // Nothing is moved to threads here.
                _ if args.is(at, "nothread") => (),
                Some(text) => {
                    taken = 2;
                    if args.is(at, "count") {
                        count = number::integer(text).filter(|count| *count > 0).ok_or(error::VECTOR_COUNT)?;
                    } else if args.is(at, "epsilon") {
                        let epsilon = number::double(text).filter(|epsilon| *epsilon > 0.0);
                        options.epsilon = epsilon.ok_or(error::VECTOR_EPSILON)? as f32;
                    } else if args.is(at, "ef") {
                        let ef = number::integer(text).filter(|ef| (1..=EF_MAX).contains(ef));
                        options.ef = ef.ok_or(error::VECTOR_EF)? as usize;
                    } else if args.is(at, "filter-ef") {
                        let given = number::integer(text).filter(|effort| *effort > 0);
                        effort = Some(given.ok_or(error::VECTOR_FILTER_EF)?);
                    } else if args.is(at, "filter") {
                        options.filter = Some(compile(text)?);
                    } else {
                        return Err(error::VECTOR_SIM_SYNTAX.into());
                    }
                }
                None => return Err(error::VECTOR_SIM_SYNTAX.into()),
            }
            at += taken;
        }
        options.count = usize::try_from(count).unwrap_or(usize::MAX);
        options.filter_effort = effort.unwrap_or(count.saturating_mul(FILTER_EFFORT)) as usize;
        Ok(options)
    }
}

fn compile(text: &[u8]) -> Result<Program, Cow<'static, str>> {
    Program::compile(text).map_err(|refused| match refused {
        Refused::Syntax(place) => {
            let place = if place >= text.len() { 0 } else { place };
            let rest = text[place..].split(|byte| *byte == 0).next().unwrap_or(b"");
            error::vector_filter(&String::from_utf8_lossy(rest)).into()
        }
        Refused::TooLarge => {
            format!("ERR FILTER expression is too large: at most {FILTER_BYTES_MAX} bytes, and {FILTER_VALUES_MAX} values that wait for operators").into()
        }
    })
}

fn vsim(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let mut similar = match begin(txn, args) {
        Ok(Some(similar)) => similar,
        Ok(None) => {
            reply.array(0);
            return Effect::None;
        }
        Err(text) => return refuse(reply, &text),
    };
    match similar.go_on(txn, args.get(1), FIRST_SLICE_NS, reply) {
        Progress::Done => Effect::None,
        Progress::More => Effect::Slices(Box::new(SimWork { request: args.to_owned(), similar: Some(similar) })),
    }
}

/// None: there is no such key.
fn begin(txn: &mut Txn, args: Args) -> Result<Option<Box<Similar>>, Cow<'static, str>> {
    let set = txn.get_object::<VectorSet>(args.get(1)).map_err(|WrongType| error::WRONG_TYPE)?;
    let Some(set) = set else { return Ok(None) };
    let graph = set.graph();
    let (vector, taken) = if args.is(2, "ele") {
        let Some(node) = set.node(args.get(3)) else { return Err(error::VECTOR_NO_ELEMENT.into()) };
        (decoded(graph.coding(), graph.stored(node), graph.dimensions()), 2)
    } else {
        let given = Given::parse(args, 2, false).ok_or(error::VECTOR_SPECIFICATION)?;
        let dimensions = given.vector.len();
        match set.projection().filter(|_| dimensions != graph.dimensions()) {
            None if dimensions != graph.dimensions() => {
                return Err(error::vector_dimension(dimensions, graph.dimensions()).into());
            }
            None => (given.vector, given.taken),
            Some(projection) if projection.input != dimensions => {
                return Err(error::vector_projection_dimension(dimensions, projection.input).into());
            }
            Some(projection) => (projection.apply(&given.vector), given.taken),
        }
    };
    let options = Options::parse(args.from(2 + taken))?;
    let coded = Coded::of(graph.coding(), vector);
    let width = options.ef.max(options.count).min(graph.len());
    let effort = options.filter.as_ref().map(|_| options.filter_effort);
    // A filtered search may go on from as many nodes as its effort says, and measure the neighbours of each.
    let scanned = width.max(effort.unwrap_or(0)).saturating_mul(SCANNED_PER_FIND);
    let stage = if options.truth || graph.len() <= scanned {
        // All are measured, so that no more need be kept than are asked for.
        Stage::Scan(Scan::new(coded.stored(), options.count.min(graph.len())))
    } else {
        let search = Search::new(coded.stored(), width, 0);
        Stage::Search(match effort {
            Some(effort) => search.filtered(effort),
            None => search,
        })
    };
    Ok(Some(Box::new(Similar { uid: set.uid(), options, coded, stage })))
}

/// A query under way.
struct Similar {
    uid: u64,
    options: Options,
    coded: Coded,
    stage: Stage,
}

enum Stage {
    Search(Search),
    Scan(Scan),
    Write(Writing),
    Send(Vec<Vec<u8>>),
}

/// A reply being written: pieces of it, since its length is known at the end.
struct Writing {
    /// To be written, the next one last.
    finds: Vec<Found>,
    written: usize,
    pieces: Vec<Vec<u8>>,
    removals_seen: u64,
}

impl Similar {
    fn go_on(&mut self, txn: &mut Txn, key: &[u8], slice_ns: u64, reply: &mut Reply) -> Progress {
        if let Stage::Send(pieces) = &mut self.stage {
            reply.raw(&pieces.pop().unwrap_or_default());
            return if pieces.is_empty() { Progress::Done } else { Progress::More };
        }
        let Some(set) = txn.peek_object::<VectorSet>(key).ok().flatten() else { return Progress::More };
        let graph = set.graph();
        let filter = self.options.filter.as_ref();
        let mut accept = |graph: &Graph, node: u32| {
            let Some(program) = filter else { return true };
            member_of(graph, node).attributes().is_some_and(|attributes| program.holds(attributes))
        };
        let done = match &mut self.stage {
            Stage::Search(search) => {
                until(slice_ns, || search.run(graph, NODES_PER_LOOK, &mut accept) == Searched::Done)
            }
            Stage::Scan(scan) => until(slice_ns, || scan.run(graph, SCANNED_PER_LOOK, &mut accept) == Searched::Done),
            Stage::Write(_) | Stage::Send(_) => true,
        };
        if !done {
            return Progress::More;
        }
        self.begin_writing(graph);
        let Stage::Write(writing) = &mut self.stage else { unreachable!("begun just now or before") };
        writing.catch_up(graph);
        if writing.written == 0 && writing.finds.len() <= WRITTEN_PER_SLICE {
            header(reply, &self.options, writing.finds.len());
            while let Some(found) = writing.finds.pop() {
                write(reply, graph, &self.options, found);
            }
            return Progress::Done;
        }
        let mut piece = Vec::new();
        let mut out = Reply::new(&mut piece, reply.proto);
        for found in (0..WRITTEN_PER_SLICE).map_while(|_| writing.finds.pop()) {
            write(&mut out, graph, &self.options, found);
            writing.written += 1;
        }
        writing.pieces.push(piece);
        if writing.finds.is_empty() {
            header(reply, &self.options, writing.written);
            let mut pieces = std::mem::take(&mut writing.pieces);
            pieces.reverse();
            self.stage = Stage::Send(pieces);
        }
        Progress::More
    }

    /// From a search to the reply: the nearest of the finds, as many as were asked for.
    fn begin_writing(&mut self, graph: &Graph) {
        let stored = self.coded.stored();
        let finds = match std::mem::replace(&mut self.stage, Stage::Send(Vec::new())) {
            Stage::Search(search) => search.into_finds().swap_remove(0),
            Stage::Scan(scan) => scan.into_finds(),
            stage => {
                self.stage = stage;
                return;
            }
        };
        debug_assert_eq!(stored.bytes.len(), graph.coding().bytes(graph.dimensions()));
        let near = |found: &Found| found.distance() / 2.0 <= self.options.epsilon;
        let mut finds: Vec<Found> = finds.into_iter().take(self.options.count).take_while(near).collect();
        finds.reverse();
        let removals_seen = graph.removals().count();
        self.stage = Stage::Write(Writing { finds, written: 0, pieces: Vec::new(), removals_seen });
    }
}

impl Writing {
    /// Learns which nodes have gone since the last piece. Those that nobody can tell any more are left out.
    fn catch_up(&mut self, graph: &Graph) {
        match graph.removals().since(self.removals_seen) {
            None => self.finds.clear(),
            Some(removals) => {
                for (gone, from) in removals {
                    self.finds.retain(|found| found.id() != gone);
                    for found in self.finds.iter_mut().filter(|found| found.id() == from) {
                        *found = Found::new(found.distance(), gone);
                    }
                }
            }
        }
        self.removals_seen = graph.removals().count();
    }
}

fn header(reply: &mut Reply, options: &Options, count: usize) {
    let extras = options.scores as usize + options.attributes as usize;
    match reply.proto {
        Protocol::Resp3 if extras > 0 => reply.map(count),
        _ => reply.array(count * (1 + extras)),
    }
}

fn write(reply: &mut Reply, graph: &Graph, options: &Options, found: Found) {
    let member = member_of(graph, found.id());
    reply.bulk(member.name());
    if options.scores && options.attributes && reply.proto == Protocol::Resp3 {
        reply.array(2);
    }
    if options.scores {
        reply.double(1.0 - found.distance() as f64 / 2.0);
    }
    if options.attributes {
        match member.attributes() {
            Some(text) => reply.bulk(text),
            None => reply.null(),
        }
    }
}

/// A query in slices, between the requests of others. The set may change meanwhile, go, or be another.
struct SimWork {
    request: OwnedArgs,
    similar: Option<Box<Similar>>,
}

impl Work for SimWork {
    fn step(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        let args = self.request.borrow();
        let key = args.get(1);
        txn.latch_key(key)?;
        let current = txn.peek_object::<VectorSet>(key).ok().flatten().map(VectorSet::uid);
        if let Some(similar) = &self.similar
            && !matches!(similar.stage, Stage::Send(_))
            && current != Some(similar.uid)
        {
            self.similar = None;
        }
        let similar = match &mut self.similar {
            Some(similar) => similar,
            None => match begin(txn, args) {
                Ok(Some(similar)) => self.similar.insert(similar),
                Ok(None) => {
                    reply.array(0);
                    return Ok(Progress::Done);
                }
                Err(text) => {
                    reply.error(&text);
                    return Ok(Progress::Done);
                }
            },
        };
        Ok(similar.go_on(txn, key, SLICE_NS, reply))
    }
}
