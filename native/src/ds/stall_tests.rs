//! What the slowest single addition costs while a structure grows to ten million elements, as CPU time of its thread, so that a
//! busy machine is not taken for a stall. Prints figures for bench/README.md:
//!
//!     cargo test --profile quick -- --ignored --nocapture slowest_additions

use super::entry::{Entry, NewValue};
use super::scored::Scored;
use super::scored::member::Member;
use super::segments::{Segments, hash, moves};
use super::table::Table;

const ELEMENTS: u64 = 10_000_000;

fn cpu_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it writes one timespec.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

fn measure(name: &str, mut add: impl FnMut(u64)) {
    let (mut slowest, mut before) = ([(0u64, 0); 6], cpu_ns());
    let (began, mut over) = (before, 0);
    for number in 0..ELEMENTS {
        let moved = moves::MOVED.get();
        add(number);
        let now = cpu_ns();
        // One that is no slower than the last of the five takes its place for nothing.
        slowest[0] = (now - before, moves::MOVED.get() - moved);
        slowest.sort_unstable();
        over += u32::from(now - before > 2_000_000);
        before = now;
    }
    let ms: Vec<String> =
        slowest[1..].iter().rev().map(|(ns, moved)| format!("{:.2} ({moved} moved)", *ns as f64 / 1e6)).collect();
    println!("{name}: slowest {} ms, {over} over 2 ms, mean {} ns", ms.join(", "), (before - began) / ELEMENTS);
}

#[test]
#[ignore = "prints figures, and takes gigabytes"]
fn slowest_additions_while_structures_grow() {
    let name = |number: u64| format!("member:{number}");
    let block = |name: &str| Entry::new(name.as_bytes(), NewValue::Text(b"value"), None);
    let mut table: Segments<Entry> = Segments::default();
    measure("a table in segments", |number| {
        let name = name(number);
        table.insert(hash(name.as_bytes()), block(&name));
    });
    drop(table);
    let mut scored = Scored::default();
    measure("members by score", |number| {
        let score = (number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11) as f64;
        scored.insert(Member::new(name(number).as_bytes(), score));
    });
    drop(scored);
    // Five times what a shard of 1,024 has of ten million keys.
    let mut tables: Vec<Table> = (0..200).map(|_| Table::new()).collect();
    measure("tables of the keyspace", |number| {
        let name = name(number);
        let hash = hash(name.as_bytes());
        tables[(hash % 200) as usize].insert(hash, block(&name));
    });
}
