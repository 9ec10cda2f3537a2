//! SORT at once and in slices, and what the log gets.

use super::*;
use crate::commands::generic::stage::{run as run_line, txn};
use crate::commands::row::DataHandler;
use crate::resp::args::OwnedArgs;
use crate::resp::reply::Protocol;
use crate::sys::random::Seeded;
use crate::txn::{Progress, Work};
use crate::types::list::value::ListValue;

fn words(line: &str) -> OwnedArgs {
    OwnedArgs::of(&line.split(' ').map(str::as_bytes).collect::<Vec<_>>())
}

fn handler(name: &str) -> DataHandler {
    let rows = [
        crate::types::list::rows(),
        crate::types::set::rows(),
        crate::types::string::rows(),
        crate::types::hash::rows(),
    ];
    match rows.concat().iter().find(|row| row.name == name).expect("a command").run {
        Run::Data(handler) => handler,
        _ => unreachable!("data commands"),
    }
}

fn send(txn: &mut Txn, line: &str) -> String {
    let name = line.split(' ').next().unwrap_or_default().to_lowercase();
    run_line(txn, if name == "sort" { sort } else { handler(&name) }, line).0
}

/// The same request, done as one that goes on in slices.
fn in_slices(txn: &mut Txn, line: &str) -> String {
    let args = words(line);
    let options = options::parse(args.borrow(), false, true).expect("right words");
    let Ok(source) = Source::of(txn, args.borrow().get(1)) else { panic!("a list or set") };
    let mut work = Sort::new(options, source, false);
    let mut out = Vec::new();
    let mut reply = Reply::new(&mut out, Protocol::Resp2);
    while work.step(txn, &mut reply).expect("all is held") == Progress::More {}
    String::from_utf8_lossy(&out).replace("\r\n", "~")
}

#[test]
fn slices_come_to_what_one_go_comes_to() {
    let mut txn = txn();
    let mut draws = Seeded(5);
    let mut below = |bound: u64| draws.below(bound);
    for size in [0, 1, 50, 9000] {
        txn.remove(b"k");
        txn.remove(b"s");
        for _ in 0..size {
            let element = below(size * 2);
            send(&mut txn, &format!("RPUSH k {element}"));
            send(&mut txn, &format!("SADD s {element}"));
            send(&mut txn, &format!("SET w_{element} {}", below(50)));
            if element % 3 == 0 {
                send(&mut txn, &format!("HSET h_{element} f {}", below(1000)));
            }
        }
        for _ in 0..40 {
            let mut line = format!("SORT {}", ["k", "s"][below(2) as usize]);
            line += ["", " BY w_*", " BY h_*->f", " BY none_*"][below(4) as usize];
            line += ["", " DESC"][below(2) as usize];
            line += ["", " ALPHA"][below(2) as usize];
            line += ["", " GET w_*", " GET # GET h_*->f"][below(3) as usize];
            if below(2) == 0 {
                line += &format!(" LIMIT {} {}", below(size + 5), below(size + 5));
            }
            if below(3) == 0 {
                assert_eq!(in_slices(&mut txn, &format!("{line} STORE a")), send(&mut txn, &format!("{line} STORE b")));
                let list = |txn: &mut Txn, key: &[u8]| {
                    let mut all = Vec::new();
                    if let Some(list) = txn.get_object::<ListValue>(key).expect("a list") {
                        list.for_each(|item| all.push(item.to_vec()));
                    }
                    all
                };
                assert_eq!(list(&mut txn, b"a"), list(&mut txn, b"b"), "{line}");
            } else {
                assert_eq!(in_slices(&mut txn, &line), send(&mut txn, &line), "{line}");
            }
        }
    }
    txn.commit();
}

#[test]
fn a_stored_result_travels_as_what_it_is() {
    let mut txn = txn();
    send(&mut txn, "RPUSH k 2 1");
    send(&mut txn, "SET w_1 x");
    txn.record = true;
    let dirty = txn.dirty;
    let (reply, commands) = run_line(&mut txn, sort, "SORT k GET w_* GET # STORE d");
    assert_eq!((reply.as_str(), txn.dirty - dirty), (":4~", 4));
    assert_eq!(commands, [words("DEL d"), OwnedArgs::of(&[b"RPUSH", b"d", b"x", b"1", b"", b"2"])]);
    let (reply, commands) = run_line(&mut txn, sort, "SORT none STORE none");
    assert_eq!((reply.as_str(), commands.len()), (":0~", 0));
    txn.commit();
}

#[test]
fn a_rollback_brings_back_what_a_result_replaced() {
    let mut txn = txn();
    send(&mut txn, "RPUSH k 2 1");
    send(&mut txn, "SET d text");
    txn.keep_undo();
    let mark = txn.savepoint();
    assert_eq!(send(&mut txn, "SORT k STORE d"), ":2~");
    assert_eq!(send(&mut txn, "SORT k LIMIT 0 0 STORE k"), ":0~");
    txn.rollback_to(mark);
    assert_eq!(send(&mut txn, "GET d"), "$4~text~");
    assert_eq!(send(&mut txn, "SORT k"), "*2~$1~1~$1~2~");
    txn.commit();
}

#[test]
fn a_shard_that_is_held_for_long_is_waited_for_and_nothing_is_replied() {
    let store: &'static crate::store::Store = Box::leak(Box::new(crate::store::Store::new(16, 16)));
    let (mut txn, mut other) = (Txn::new(store, 0, false), Txn::new(store, 1, false));
    txn.set_clock(1_000_000);
    let shard = |key: &[u8]| store.shard_of(store.hash(key));
    assert!(txn.latch(shard(b"k")));
    send(&mut txn, "RPUSH k 1 2 3");
    let held = shard(b"w_2");
    if held == shard(b"k") {
        return;
    }
    assert!(other.latch(held));
    let mut out = Vec::new();
    let effect = sort(&mut txn, words("SORT k GET w_*").borrow(), &mut Reply::new(&mut out, Protocol::Resp2));
    assert!(matches!(effect, Effect::Busy(shard) if shard == held));
    assert!(out.is_empty());
    txn.commit();
    txn.release();
}
