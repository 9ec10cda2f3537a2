//! One command as COMMAND and COMMAND INFO describe it.
//!
//! ```text
//!   [name, arity, {flags}, first key, last key, step, {categories}, {tips}, {key specifications}, [subcommands]]
//! ```

use super::tips;
use crate::commands::row::{Begin, Find, KeySpec, Row, access, category, flag};
use crate::commands::table::table;
use crate::resp::reply::Reply;

pub fn write(number: u16, reply: &mut Reply) {
    let row = table().row(number);
    let (first, last, step) = row.legacy_keys();
    reply.array(10);
    reply.text(&row.shown_name());
    reply.int(row.arity as i64);
    let flags: Vec<&str> = flag::NAMES.iter().filter(|(bit, _)| row.flags & bit != 0).map(|(_, name)| *name).collect();
    reply.set(flags.len());
    for flag in flags {
        reply.simple(flag);
    }
    for position in [first, last, step] {
        reply.int(position);
    }
    write_categories(row, reply);
    let tips = tips::of(row.name);
    reply.set(tips.len());
    for tip in tips {
        reply.text(tip);
    }
    reply.set(row.keys.len());
    for spec in row.keys {
        write_spec(spec, reply);
    }
    let subcommands = table().subcommands(number);
    if subcommands.is_empty() {
        reply.set(0);
    } else {
        reply.array(subcommands.len());
        for subcommand in subcommands {
            write(*subcommand, reply);
        }
    }
}

fn write_categories(row: &Row, reply: &mut Reply) {
    let all = row.all_categories();
    let names: Vec<&str> = category::NAMES.iter().filter(|(bit, _)| all & bit != 0).map(|(_, name)| *name).collect();
    reply.set(names.len());
    for name in names {
        reply.simple(&format!("@{name}"));
    }
}

/// What a request does with a key: `{RW, access, update}`.
pub fn write_access(bits: u16, reply: &mut Reply) {
    let names: Vec<&str> = access::NAMES.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| *name).collect();
    reply.set(names.len());
    for name in names {
        reply.simple(name);
    }
}

fn write_spec(spec: &KeySpec, reply: &mut Reply) {
    reply.map(3);
    reply.text("flags");
    write_access(spec.access, reply);
    reply.text("begin_search");
    match spec.begin {
        Begin::Index(index) => typed(reply, "index", &[("index", index as i64)]),
        Begin::Keyword { word, from } => {
            reply.map(2);
            reply.text("type");
            reply.text("keyword");
            reply.text("spec");
            reply.map(2);
            reply.text("keyword");
            reply.text(word);
            reply.text("startfrom");
            reply.int(from as i64);
        }
        Begin::Unknown => typed(reply, "unknown", &[]),
    }
    reply.text("find_keys");
    match spec.find {
        Find::Range { last, step, limit } => {
            typed(reply, "range", &[("lastkey", last as i64), ("keystep", step as i64), ("limit", limit as i64)])
        }
        Find::KeyNum { keynum, first, step } => typed(
            reply,
            "keynum",
            &[("keynumidx", keynum as i64), ("firstkey", first as i64), ("keystep", step as i64)],
        ),
        Find::Unknown => typed(reply, "unknown", &[]),
    }
}

/// `{type: "range", spec: {lastkey: 0, …}}`
fn typed(reply: &mut Reply, kind: &str, numbers: &[(&str, i64)]) {
    reply.map(2);
    reply.text("type");
    reply.text(kind);
    reply.text("spec");
    reply.map(numbers.len());
    for (name, number) in numbers {
        reply.text(name);
        reply.int(*number);
    }
}
