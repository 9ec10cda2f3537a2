//! ARINFO.

use super::value::ArrayValue;
use super::{ARRAY, count, refuse, wrong_type};
use crate::commands::row::{Row, Run, access::*, flag::*, key};
use crate::ds::sliced::SLICE_LEN;
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::txn::{Effect, Txn, WrongType};

pub const ROWS: &[Row] = &[Row {
    name: "arinfo",
    arity: -2,
    flags: READONLY,
    keys: &[key(RO | ACCESS)],
    summary: "Returns figures of an array, with FULL those of its slices too.",
    args: "key [FULL]",
    reply: "Record<string, number>",
    run: Run::Data(arinfo),
    ..ARRAY
}];

fn arinfo(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let full = args.len() == 3 && args.is(2, "full");
    if args.len() > 2 && !full {
        return refuse(reply, error::SYNTAX);
    }
    let array = match txn.get_object::<ArrayValue>(args.get(1)) {
        Ok(Some(array)) => array,
        Ok(None) => return refuse(reply, error::NO_SUCH_KEY),
        Err(WrongType) => return wrong_type(reply),
    };
    let totals = array.elements().totals();
    let figures = [
        ("count", totals.elements),
        ("len", array.elements().len()),
        ("next-insert-index", array.next().unwrap_or(0)),
        ("slices", totals.slices),
        // The directory is a tree, whose entries are the slices; it needs no second level for far indexes.
        ("directory-size", totals.slices),
        ("super-dir-entries", 0),
        ("slice-size", SLICE_LEN as u64),
    ];
    reply.map(if full { figures.len() + 5 } else { figures.len() });
    for (name, figure) in figures {
        reply.bulk(name.as_bytes());
        count(reply, figure);
    }
    if full {
        let sparse = totals.slices - totals.dense;
        for (name, figure) in [("dense-slices", totals.dense), ("sparse-slices", sparse)] {
            reply.bulk(name.as_bytes());
            count(reply, figure);
        }
        for (name, part, whole) in [
            ("avg-dense-size", totals.dense_room, totals.dense),
            ("avg-dense-fill", totals.dense_elements, totals.dense_room),
            ("avg-sparse-size", totals.sparse_room, sparse),
        ] {
            reply.bulk(name.as_bytes());
            reply.double(if whole == 0 { 0.0 } else { part as f64 / whole as f64 });
        }
    }
    Effect::None
}
