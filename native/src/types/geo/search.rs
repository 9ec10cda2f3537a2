//! GEOSEARCH, GEOSEARCHSTORE, and GEORADIUS and GEORADIUSBYMEMBER before them.

use super::options::{Form, Options, Sort, parse};
use super::walk::{Hit, Walk};
use super::{GEO, write_distance, write_position, wrong_type};
use crate::commands::row::{Begin, Find, KeySpec, Row, Run, access::*, flag::*, key, keys};
use crate::ds::entry::Object;
use crate::ds::scored::Gathered;
use crate::ds::segments::hash;
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::txn::{Effect, Txn};
use crate::types::zset::value::{Limits, ZsetValue};
use crate::types::zset::{bulk, store, text_of};

const COST: &str = "O(N+log(M)) with N members in the cells that cover the shape, of M";

const fn store_after(word: &'static str, from: i32) -> KeySpec {
    KeySpec {
        access: OW | UPDATE,
        begin: Begin::Keyword { word, from },
        find: Find::Range { last: 0, step: 1, limit: 0 },
    }
}

const READ: Row = Row {
    arity: -7,
    flags: READONLY,
    keys: &[key(RO | ACCESS)],
    since: "3.2.10",
    complexity: COST,
    reply: "unknown[]",
    ..GEO
};

pub const ROWS: &[Row] = &[
    Row {
        name: "geosearch",
        since: "6.2.0",
        summary: "Returns the members within a circle, a box or a polygon.",
        args: "key [FROMMEMBER member|FROMLONLAT longitude latitude] \
               <BYRADIUS radius <M|KM|FT|MI>|BYBOX width height <M|KM|FT|MI>|BYPOLYGON num-vertices longitude latitude [longitude latitude ...]> \
               [ASC|DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]",
        run: Run::Data(geosearch),
        ..READ
    },
    Row {
        name: "geosearchstore",
        arity: -8,
        flags: WRITE | DENYOOM,
        keys: &[key(OW | UPDATE), keys(2, 2, 1, RO | ACCESS)],
        since: "6.2.0",
        summary: "Stores the members within a circle, a box or a polygon under another key.",
        args: "destination source [FROMMEMBER member|FROMLONLAT longitude latitude] \
               <BYRADIUS radius <M|KM|FT|MI>|BYBOX width height <M|KM|FT|MI>|BYPOLYGON num-vertices longitude latitude [longitude latitude ...]> \
               [ASC|DESC] [COUNT count [ANY]] [STOREDIST]",
        reply: "number",
        run: Run::Data(geosearchstore),
        ..READ
    },
    Row {
        name: "georadius",
        arity: -6,
        flags: WRITE | DENYOOM | MOVABLE_KEYS,
        keys: &[key(RO | ACCESS), store_after("STORE", 6), store_after("STOREDIST", 6)],
        since: "3.2.0",
        summary: "Returns or stores the members within a distance of a position.",
        args: "key longitude latitude radius <M|KM|FT|MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC|DESC] [STORE key|STOREDIST key]",
        reply: "unknown[] | number",
        run: Run::Data(georadius),
        ..READ
    },
    Row {
        name: "georadius_ro",
        arity: -6,
        summary: "Returns the members within a distance of a position.",
        args: "key longitude latitude radius <M|KM|FT|MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC|DESC]",
        run: Run::Data(georadius_ro),
        ..READ
    },
    Row {
        name: "georadiusbymember",
        arity: -5,
        flags: WRITE | DENYOOM | MOVABLE_KEYS,
        keys: &[key(RO | ACCESS), store_after("STORE", 5), store_after("STOREDIST", 5)],
        since: "3.2.0",
        summary: "Returns or stores the members within a distance of another.",
        args: "key member radius <M|KM|FT|MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC|DESC] [STORE key|STOREDIST key]",
        reply: "unknown[] | number",
        run: Run::Data(georadiusbymember),
        ..READ
    },
    Row {
        name: "georadiusbymember_ro",
        arity: -5,
        summary: "Returns the members within a distance of another.",
        args: "key member radius <M|KM|FT|MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC|DESC]",
        run: Run::Data(georadiusbymember_ro),
        ..READ
    },
];

fn geosearch(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    search(txn, args, reply, 1, Form::Search)
}

fn geosearchstore(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    search(txn, args, reply, 2, Form::SearchStore)
}

fn georadius(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    search(txn, args, reply, 1, Form::Radius { may_store: true })
}

fn georadius_ro(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    search(txn, args, reply, 1, Form::Radius { may_store: false })
}

fn georadiusbymember(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    search(txn, args, reply, 1, Form::RadiusByMember { may_store: true })
}

fn georadiusbymember_ro(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    search(txn, args, reply, 1, Form::RadiusByMember { may_store: false })
}

fn search(txn: &mut Txn, args: Args, reply: &mut Reply, source: usize, form: Form) -> Effect {
    let limits = Limits::of(&txn.store.settings);
    let Ok(zset) = txn.get_object::<ZsetValue>(args.get(source)) else { return wrong_type(reply) };
    let options = match parse(args, form, zset) {
        Ok(options) => options,
        Err(text) => {
            reply.error_bytes(&text);
            return Effect::None;
        }
    };
    let hits = zset.map_or(Vec::new(), |zset| find(zset, &options));
    let Some(destination) = options.store else {
        reply.array(hits.len());
        hits.iter().for_each(|hit| write_hit(reply, hit, &options));
        return Effect::None;
    };
    let made = stored(&hits, &options, limits);
    let (count, before) = (hits.len(), txn.dirty);
    let event = if form == Form::SearchStore { "geosearchstore" } else { "georadiusstore" };
    let effect = store(txn, destination, reply, made, event);
    // Redis counts what was stored.
    if count > 0 {
        txn.dirty = before + count as u64;
    }
    effect
}

/// What is asked for, in the order asked for.
fn find<'z>(zset: &'z ZsetValue, options: &Options) -> Vec<Hit<'z>> {
    let distances = options.with_distance || options.sort != Sort::None || options.store_distances;
    let mut walk = Walk::new(options.shape.clone(), distances);
    let enough = if options.any { options.count } else { usize::MAX };
    let mut hits = Vec::new();
    walk.run(
        zset,
        || true,
        |hit| {
            hits.push(hit);
            hits.len() < enough
        },
    );
    sort(&mut hits, options);
    hits
}

fn sort(hits: &mut Vec<Hit>, options: &Options) {
    let count = if options.count == 0 { hits.len() } else { options.count.min(hits.len()) };
    let nearer = |left: &Hit, right: &Hit| left.distance_m.total_cmp(&right.distance_m);
    let farther = |left: &Hit, right: &Hit| nearer(right, left);
    if options.sort != Sort::None && count < hits.len() && count > 0 {
        match options.sort {
            Sort::Descending => drop(hits.select_nth_unstable_by(count - 1, farther)),
            _ => drop(hits.select_nth_unstable_by(count - 1, nearer)),
        }
    }
    hits.truncate(count);
    match options.sort {
        Sort::None => (),
        Sort::Ascending => hits.sort_by(nearer),
        Sort::Descending => hits.sort_by(farther),
    }
}

fn write_hit(reply: &mut Reply, hit: &Hit, options: &Options) {
    let extras = options.with_distance as usize + options.with_hash as usize + options.with_position as usize;
    if extras > 0 {
        reply.array(extras + 1);
    }
    bulk(reply, hit.member);
    if options.with_distance {
        write_distance(reply, hit.distance_m / options.shape.unit_m);
    }
    if options.with_hash {
        reply.int(hit.score as i64);
    }
    if options.with_position {
        write_position(reply, hit.position());
    }
}

fn stored(hits: &[Hit], options: &Options, limits: Limits) -> ZsetValue {
    let mut gathered = Gathered::default();
    for hit in hits {
        let score = if options.store_distances { hit.distance_m / options.shape.unit_m } else { hit.score };
        text_of(hit.member, |text| gathered.add(hash(text), text, score, |_| score));
    }
    while gathered.settle(usize::MAX / 16) {}
    let made = ZsetValue::of(gathered.finish(), limits);
    debug_assert!(made.len() <= hits.len());
    made
}
