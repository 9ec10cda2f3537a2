//! Streams through their handlers: against plain lists, with rollbacks, and the edges of each command.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering::Relaxed;

use super::id::Id;
use super::value::StreamValue;
use crate::commands::stage::{self, run_as, run_sliced};
use crate::ds::entry::Object;
use crate::resp::args::OwnedArgs;
use crate::resp::reply::Protocol;
use crate::sys::random;
use crate::txn::{self, Effect, Txn};

fn txn(block_entries: u64) -> Txn {
    let txn = txn::stage::txn();
    txn.store.settings.stream_node_max_entries.store(block_entries, Relaxed);
    txn
}

fn words(request: &str) -> Vec<&[u8]> {
    request.split(' ').map(|word| word.as_bytes()).collect()
}

/// The reply with `~` for the ends of lines.
fn run(txn: &mut Txn, request: &str) -> String {
    stage::run(txn, request).replace("\r\n", "~")
}

fn draws(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |bound| {
        state = random::step(state);
        (state >> 33) % bound
    }
}

/// All that can be seen of a stream, but for how it is cut into blocks.
fn seen(txn: &mut Txn) -> String {
    let whole = run(txn, "XINFO STREAM s FULL COUNT 0");
    if whole.starts_with('-') {
        return whole;
    }
    let (from, to) = (whole.find("$15~radix-tree-keys").expect("named"), whole.find("$17~last-gen").expect("named"));
    let stream = txn.get_object::<StreamValue>(b"s").expect("a stream").expect("there");
    assert_eq!(stream.memory_bytes(), stream.recounted_bytes());
    whole[..from].to_string() + &whole[to..]
}

type Pairs = Vec<(String, String)>;

#[derive(Clone, Default)]
struct Model {
    entries: BTreeMap<Id, Pairs>,
    last_id: Id,
    /// What is pending, by id, for whom.
    pending: BTreeMap<Id, String>,
    read: Id,
}

fn shown(entries: impl Iterator<Item = (Id, Pairs)>) -> String {
    let (mut text, mut count) = (String::new(), 0);
    for (id, pairs) in entries {
        let id = String::from_utf8(id.to_vec()).expect("ASCII");
        text += &format!("*2~${}~{id}~*{}~", id.len(), pairs.len() * 2);
        for (name, value) in pairs {
            text += &format!("${}~{name}~${}~{value}~", name.len(), value.len());
        }
        count += 1;
    }
    format!("*{count}~{text}")
}

fn step(txn: &mut Txn, model: &mut Model, below: &mut impl FnMut(u64) -> u64) {
    let some_id = |model: &Model, below: &mut dyn FnMut(u64) -> u64| {
        let known: Vec<Id> = model.entries.keys().copied().collect();
        match known.len() {
            0 => Id { ms: below(50), seq: 0 },
            len => known[below(len as u64) as usize],
        }
    };
    let text = |id: Id| String::from_utf8(id.to_vec()).expect("ASCII");
    match below(14) {
        0..5 => {
            let id = match below(3) {
                0 => Id { seq: model.last_id.seq + 1 + below(3), ..model.last_id },
                _ => Id { ms: model.last_id.ms + 1 + below(300), seq: below(2) },
            };
            let pairs: Pairs = (0..1 + below(3))
                .map(|index| {
                    let name = if below(8) == 0 { "other".into() } else { format!("name{index}") };
                    let value = if below(3) == 0 { below(100_000).to_string() } else { "x".repeat(below(30) as usize) };
                    (name, value)
                })
                .collect();
            let mut request = vec!["XADD".to_string(), "s".into(), text(id)];
            request.extend(pairs.iter().flat_map(|(name, value)| [name.clone(), value.clone()]));
            let words: Vec<&[u8]> = request.iter().map(|word| word.as_bytes()).collect();
            let reply = run_as(txn, Protocol::Resp2, &words).0;
            assert_eq!(reply, format!("${}\r\n{}\r\n", text(id).len(), text(id)));
            model.entries.insert(id, pairs);
            model.last_id = id;
        }
        5..7 => {
            let ids: BTreeSet<Id> = (0..1 + below(4)).map(|_| some_id(model, below)).collect();
            let names: Vec<String> = ids.iter().map(|id| text(*id)).collect();
            let gone = ids.iter().filter(|id| model.entries.remove(id).is_some()).count();
            assert_eq!(run(txn, &format!("XDEL s {}", names.join(" "))), format!(":{gone}~"));
        }
        7 => {
            let most = below(1 + model.entries.len() as u64) as usize;
            let gone = model.entries.len().saturating_sub(most);
            let first = model.entries.keys().nth(gone).copied();
            model.entries = first.map_or_else(BTreeMap::new, |first| model.entries.split_off(&first));
            assert_eq!(run(txn, &format!("XTRIM s MAXLEN = {most}")), format!(":{gone}~"));
        }
        8 => {
            let id = some_id(model, below);
            let kept = model.entries.split_off(&id);
            let gone = std::mem::replace(&mut model.entries, kept).len();
            assert_eq!(run(txn, &format!("XTRIM s MINID {}", text(id))), format!(":{gone}~"));
        }
        9 => {
            // Roughly: what goes is for the blocks to say, but it comes off the front, and never too much.
            let most = below(1 + model.entries.len() as u64);
            let before = model.entries.len() as u64;
            let gone: u64 =
                run(txn, &format!("XTRIM s MAXLEN ~ {most}"))[1..].trim_end_matches('~').parse().expect("a number");
            assert!(before - gone >= most.min(before));
            let first = model.entries.keys().nth(gone as usize).copied();
            model.entries = first.map_or_else(BTreeMap::new, |first| model.entries.split_off(&first));
        }
        10 => {
            let (start, end) = (some_id(model, below), some_id(model, below));
            let range = |count: usize| {
                let ids = model.entries.iter().map(|(id, pairs)| (*id, pairs.clone()));
                ids.filter(|(id, _)| (start..=end).contains(id)).take(count)
            };
            let count = 1 + below(20) as usize;
            let request = format!("XRANGE s {} {} COUNT {count}", text(start), text(end));
            assert_eq!(run(txn, &request), shown(range(count)));
            let back: Vec<_> = range(usize::MAX).collect();
            let request = format!("XREVRANGE s {} {}", text(end), text(start));
            assert_eq!(run(txn, &request), shown(back.into_iter().rev()));
            assert_eq!(run(txn, "XLEN s"), format!(":{}~", model.entries.len()));
        }
        11 => {
            let count = 1 + below(9) as usize;
            let consumer = format!("c{}", below(3));
            let new: Vec<(Id, Pairs)> = model
                .entries
                .iter()
                .filter(|(id, _)| **id > model.read)
                .take(count)
                .map(|(id, pairs)| (*id, pairs.clone()))
                .collect();
            let reply = run(txn, &format!("XREADGROUP GROUP g {consumer} COUNT {count} STREAMS s >"));
            let expected =
                if new.is_empty() { "*-1~".into() } else { format!("*1~*2~$1~s~{}", shown(new.clone().into_iter())) };
            assert_eq!(reply, expected);
            for (id, _) in new {
                model.read = id;
                model.pending.insert(id, consumer.clone());
            }
        }
        12 => {
            let all: Vec<Id> = model.pending.keys().copied().collect();
            let ids: BTreeSet<Id> = all.iter().copied().filter(|_| below(4) == 0).collect();
            if !ids.is_empty() {
                let names: Vec<String> = ids.iter().map(|id| text(*id)).collect();
                ids.iter().for_each(|id| drop(model.pending.remove(id)));
                assert_eq!(run(txn, &format!("XACK s g {} 0-0", names.join(" "))), format!(":{}~", ids.len()));
            }
        }
        _ => {
            let consumer = format!("c{}", below(3));
            let ids: BTreeSet<Id> = model.pending.keys().copied().filter(|_| below(3) == 0).collect();
            if !ids.is_empty() {
                let names: Vec<String> = ids.iter().map(|id| text(*id)).collect();
                let claimed: Vec<Id> = ids.iter().copied().filter(|id| model.entries.contains_key(id)).collect();
                for id in &ids {
                    match model.entries.contains_key(id) {
                        true => drop(model.pending.insert(*id, consumer.clone())),
                        false => drop(model.pending.remove(id)),
                    }
                }
                let claimed: String =
                    claimed.iter().map(|id| format!("${}~{}~", text(*id).len(), text(*id))).collect::<String>();
                let reply = run(txn, &format!("XCLAIM s g {consumer} 0 {} JUSTID", names.join(" ")));
                assert_eq!(reply.split_once('~').map(|(_, ids)| ids), Some(claimed.as_str()));
            }
        }
    }
}

fn compare(txn: &mut Txn, model: &Model) {
    assert_eq!(run(txn, "XRANGE s - +"), shown(model.entries.clone().into_iter()));
    let pending = run(txn, "XPENDING s g - + 100000");
    assert!(pending.starts_with(&format!("*{}~", model.pending.len())), "{pending}");
    let mut rest = pending.as_str();
    for (id, consumer) in &model.pending {
        let named = format!("~{}~${}~{consumer}~", String::from_utf8_lossy(&id.to_vec()), consumer.len());
        let at = rest.find(&named).unwrap_or_else(|| panic!("{named} in {rest}"));
        rest = &rest[at..];
    }
}

#[test]
fn random_changes_and_rollbacks_agree_with_plain_lists() {
    changes_agree(random::next_u64());
}

pub(crate) fn changes_agree(seed: u64) {
    println!("seed {seed}");
    let mut below = draws(seed);
    for block_entries in [1, 3, 100] {
        let mut txn = txn(block_entries);
        txn.keep_undo();
        let mut model = Model::default();
        run(&mut txn, "XGROUP CREATE s g 0 MKSTREAM");
        for _ in 0..150 {
            let (mark, before, kept) = (txn.savepoint(), seen(&mut txn), model.clone());
            for _ in 0..below(40) {
                step(&mut txn, &mut model, &mut below);
            }
            compare(&mut txn, &model);
            if below(2) == 0 {
                txn.rollback_to(mark);
                model = kept;
                assert_eq!(seen(&mut txn), before, "blocks of {block_entries}");
                compare(&mut txn, &model);
            }
            let bytes = txn.store.counters.bytes();
            let stream = txn.get_object::<StreamValue>(b"s").expect("a stream").expect("there");
            assert!(bytes >= stream.memory_bytes() as u64 && bytes < stream.memory_bytes() as u64 + 100);
        }
        run(&mut txn, "XTRIM s MAXLEN 0");
        assert!(txn.exists(b"s"));
        txn.remove(b"s");
        assert_eq!((txn.store.counters.keys(0), txn.store.counters.bytes()), (0, 0));
        txn.commit();
    }
}

#[test]
fn whole_commands_leave_no_trace_after_a_rollback() {
    for prepared in [
        "",
        "XADD s 5-1 f v",
        "XADD s 5-1 f v;XADD s 5-2 f v g w;XADD s 6-1 other 1;XGROUP CREATE s g 0;XREADGROUP GROUP g c COUNT 2 STREAMS s >",
    ] {
        for request in [
            "XADD s * f v",
            "XADD s 9-* f v",
            "XADD s MAXLEN 0 9-9 f v",
            "XADD s IDMP p i * f v",
            "XADD s IDMPAUTO p * f v",
            "XTRIM s MAXLEN 1 DELREF",
            "XTRIM s MINID 6 ACKED",
            "XDEL s 5-1 5-2",
            "XDELEX s DELREF IDS 2 5-1 5-2",
            "XACKDEL s g IDS 2 5-1 5-2",
            "XSETID s 99-9 ENTRIESADDED 77 MAXDELETEDID 4-4",
            "XCFGSET s IDMP-DURATION 7",
            "XIDMPRECORD s p i 5-1",
            "XGROUP CREATE s h $ MKSTREAM ENTRIESREAD 1",
            "XGROUP CREATECONSUMER s g d",
            "XGROUP DELCONSUMER s g c",
            "XGROUP DESTROY s g",
            "XGROUP SETID s g 0 ENTRIESREAD 0",
            "XREADGROUP GROUP g d STREAMS s >",
            "XREADGROUP GROUP g d NOACK STREAMS s >",
            "XREADGROUP GROUP g c STREAMS s 0",
            "XREADGROUP GROUP g d CLAIM 0 STREAMS s >",
            "XACK s g 5-1",
            "XNACK s g FATAL IDS 2 5-1 6-1 FORCE",
            "XCLAIM s g d 0 5-1 6-1 FORCE LASTID 6-1",
            "XAUTOCLAIM s g d 0 0",
        ] {
            let mut txn = txn(2);
            prepared.split(';').filter(|line| !line.is_empty()).for_each(|line| drop(run(&mut txn, line)));
            txn.keep_undo();
            let (mark, before, bytes) = (txn.savepoint(), seen(&mut txn), txn.store.counters.bytes());
            run(&mut txn, request);
            txn.rollback_to(mark);
            assert_eq!(seen(&mut txn), before, "{prepared} and {request}");
            let after = txn.store.counters.bytes();
            // A block or a column may stay wider than it was.
            assert!(after < bytes + 200, "{bytes} and {after} after {request}");
            txn.commit();
        }
    }
}

#[test]
fn ids_come_from_the_clock_and_never_go_back() {
    let mut txn = txn(100);
    assert_eq!(run(&mut txn, "XADD s * f v"), "$9~1000000-0~");
    assert_eq!(run(&mut txn, "XADD s * f v"), "$9~1000000-1~");
    txn.set_clock(900_000);
    assert_eq!(run(&mut txn, "XADD s * f v"), "$9~1000000-2~");
    txn.set_clock(1_000_001);
    assert_eq!(run(&mut txn, "XADD s * f v"), "$9~1000001-0~");
    assert_eq!(run(&mut txn, "XADD s 1000001-* f v"), "$9~1000001-1~");
    let small = "-ERR The ID specified in XADD is equal or smaller than the target stream top item~";
    assert_eq!(run(&mut txn, "XADD s 1000001-1 f v"), small);
    assert_eq!(run(&mut txn, "XADD s 1000000-* f v"), small);
    run(&mut txn, "XADD s 2000000-18446744073709551615 f v");
    assert_eq!(run(&mut txn, "XADD s 2000000-* f v"), small);
    assert_eq!(run(&mut txn, "XADD s * f v"), "$9~2000001-0~");
    run(&mut txn, "XADD s 18446744073709551615-18446744073709551615 f v");
    assert!(run(&mut txn, "XADD s * f v").starts_with("-ERR The stream has exhausted"));
    assert_eq!(run(&mut txn, "XADD t 0-* f v"), "$3~0-1~");
    assert!(run(&mut txn, "XADD u 0-0 f v").contains("must be greater than 0-0"));
    assert!(!txn.exists(b"u"));
    txn.commit();
}

#[test]
fn whole_blocks_go_where_trimming_is_rough() {
    let mut txn = txn(10);
    for _ in 0..100 {
        run(&mut txn, "XADD s * f v");
    }
    assert_eq!(run(&mut txn, "XTRIM s MAXLEN ~ 55"), ":40~");
    assert_eq!(run(&mut txn, "XTRIM s MAXLEN ~ 30 LIMIT 15"), ":10~");
    assert_eq!(run(&mut txn, "XTRIM s MAXLEN ~ 30 LIMIT 5"), ":0~");
    assert_eq!(run(&mut txn, "XTRIM s MAXLEN = 33"), ":17~");
    assert_eq!(run(&mut txn, "XTRIM s MAXLEN ~ 31"), ":0~");
    assert_eq!(run(&mut txn, "XTRIM s MAXLEN ~ 30"), ":3~");
    txn.commit();
}

#[test]
fn a_long_stream_is_trimmed_in_chunks() {
    let mut txn = txn(10);
    for _ in 0..30_000 {
        run(&mut txn, "XADD s * f v");
    }
    txn.keep_undo();
    let mark = txn.savepoint();
    assert_eq!(run(&mut txn, "XTRIM s MAXLEN 7"), ":29993~");
    assert_eq!(run(&mut txn, "XRANGE s - + COUNT 1"), "*1~*2~$13~1000000-29993~*2~$1~f~$1~v~");
    txn.rollback_to(mark);
    assert_eq!(run(&mut txn, "XLEN s"), ":30000~");
    assert_eq!(run(&mut txn, "XRANGE s - + COUNT 1"), "*1~*2~$9~1000000-0~*2~$1~f~$1~v~");
    assert_eq!(run(&mut txn, "XTRIM s MINID 1000000-29995"), ":29995~");
    assert_eq!(run(&mut txn, "XADD s MAXLEN 2 * f v"), "$13~1000000-30000~");
    assert_eq!(run(&mut txn, "XLEN s"), ":2~");
    txn.commit();
}

#[test]
fn long_replies_are_one_moment_of_the_stream() {
    let mut txn = txn(100);
    for _ in 0..10_000 {
        run(&mut txn, "XADD s * f v");
    }
    for (request, last) in [("XRANGE s - + COUNT 9990", "1000000-9989"), ("XREVRANGE s + - COUNT 9990", "1000000-10")] {
        txn.keep_undo();
        let mark = txn.savepoint();
        let (text, slices) = run_sliced(&mut txn, request, 0, &["XTRIM s MAXLEN 10", "XADD s * f other"]);
        txn.rollback_to(mark);
        assert!(slices > 10 && text.starts_with("*9990\r\n*2\r\n"), "{slices} slices");
        assert_eq!(text.matches("*2\r\n$1\r\nf\r\n$1\r\nv\r\n").count(), 9990);
        assert!(text.ends_with(&format!("{last}\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n")));
    }
    txn.commit();
}

#[test]
fn a_long_read_of_a_group_delivers_all_of_it() {
    let mut txn = txn(100);
    for _ in 0..7_000 {
        run(&mut txn, "XADD a * f v");
        run(&mut txn, "XADD b * f v");
    }
    run(&mut txn, "XGROUP CREATE a g 0");
    run(&mut txn, "XGROUP CREATE b g 1000000-6998");
    let whole = run(&mut txn, "XREADGROUP GROUP g c STREAMS a b > >");
    assert!(whole.starts_with("*2~*2~$1~a~*7000~*2~$9~1000000-0~"));
    assert!(whole.ends_with("*2~$1~b~*1~*2~$12~1000000-6999~*2~$1~f~$1~v~"), "{}", &whole[whole.len() - 100..]);
    assert!(run(&mut txn, "XPENDING a g").starts_with("*4~:7000~$9~1000000-0~$12~1000000-6999~"));
    let again = run(&mut txn, "XREADGROUP GROUP g c STREAMS a b 0 0");
    assert!(again.starts_with("*2~*2~$1~a~*7000~") && again.len() == whole.len());
    txn.set_clock(1_000_001);
    let claimed = run(&mut txn, "XREADGROUP GROUP g d CLAIM 0 STREAMS a b > >");
    assert!(claimed.starts_with("*2~*2~$1~a~*7000~*4~"), "{}", &claimed[..40]);
    let automatic = run(&mut txn, "XAUTOCLAIM a g e 0 0 COUNT 6999 JUSTID");
    assert!(automatic.starts_with("*3~$12~1000000-6999~*6999~$9~1000000-0~") && automatic.ends_with("*0~"));
    assert!(run(&mut txn, "XPENDING a g - + 9999 e").starts_with("*6999~"));
    txn.commit();
}

#[test]
fn what_travels_reproduces_what_happened() {
    let (mut here, mut there) = (txn(10), txn(3));
    here.record = true;
    for request in [
        "XADD s * f v",
        "XADD s * g w h 1",
        "XADD s 1000005-* f v",
        "XADD s IDMP p i * f v",
        "XADD s NOMKSTREAM MAXLEN ~ 2 * f v",
        "XADD s MINID = 1000005 * f v",
        "XGROUP CREATE s g 0",
        "XGROUP CREATE s h 0",
        "XREADGROUP GROUP g a COUNT 2 STREAMS s >",
        "XREADGROUP GROUP h z NOACK COUNT 1 STREAMS s >",
        "XCLAIM s g b 0 1000005-0 IDLE 500",
        "XAUTOCLAIM s g c 0 0 COUNT 1",
        "XCLAIM s g d 0 1-1",
        "XREADGROUP GROUP g e CLAIM 0 COUNT 1 STREAMS s >",
        "XACK s g 1000005-0",
        "XNACK s g FAIL IDS 1 1000005-1",
        "XADD s * f v",
        "XREADGROUP GROUP g a STREAMS s >",
        "XDEL s 1000005-1",
        "XCLAIM s g b 0 1000005-1",
        "XTRIM s MAXLEN ~ 1 ACKED",
    ] {
        for now_ms in [1_000_010, 1_000_011] {
            here.set_clock(now_ms);
            let effect = run_as(&mut here, Protocol::Resp2, &words(request)).1;
            let mut commands: Vec<OwnedArgs> = here.effects.drain(..).map(|(_, command)| command).collect();
            match effect {
                Effect::Verbatim => commands.push(OwnedArgs::of(&words(request))),
                Effect::Rewrite(more) => commands.extend(more),
                _ => (),
            }
            there.set_clock(1_000_500);
            for command in commands {
                let words: Vec<&[u8]> = command.borrow().iter().collect();
                let reply = run_as(&mut there, Protocol::Resp2, &words).0;
                assert!(!reply.starts_with('-'), "{words:?}: {reply}");
            }
        }
        let (mut mine, mut theirs) = (seen(&mut here), seen(&mut there));
        // When a consumer was last seen does not travel, nor how often a message was refused.
        for text in [&mut mine, &mut theirs] {
            for name in ["$9~seen-time~:", "$11~active-time~:", "$15~iids-duplicates~:"] {
                while let Some(at) = text.find(name) {
                    let end = at + name.len() + text[at + name.len()..].find('~').expect("an end");
                    text.replace_range(at..end, "*");
                }
            }
        }
        assert_eq!(mine, theirs, "after {request}");
    }
    here.commit();
    there.commit();
}
