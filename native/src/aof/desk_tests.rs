use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

use super::*;
use crate::store::log::Head;
use crate::sys::random::{Seeded, step};

/// A file that may fail, take a part only, and refuse to be cut; nothing that it has taken is lost.
struct File {
    content: Arc<Mutex<Vec<u8>>>,
    seed: u64,
    well: Arc<AtomicBool>,
}

impl File {
    fn chance(&mut self, percent: u64) -> bool {
        self.seed = step(self.seed);
        !self.well.load(SeqCst) && (self.seed >> 33) % 100 < percent
    }
}

impl LogFile for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chance(10) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let some = if self.chance(30) { (self.seed >> 33) as usize % bytes.len() + 1 } else { bytes.len() };
        self.content.lock().unwrap().extend_from_slice(&bytes[..some]);
        Ok(some)
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.chance(20) { Err(io::ErrorKind::Other.into()) } else { Ok(()) }
    }

    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        if self.chance(30) {
            return Err(io::ErrorKind::Other.into());
        }
        self.content.lock().unwrap().truncate(bytes as usize);
        Ok(())
    }
}

fn desk(seed: u64) -> (Desk<File>, Arc<Mutex<Vec<u8>>>, Arc<AtomicBool>) {
    let (content, well) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
    (Desk::new(Tape::new(File { content: content.clone(), seed, well: well.clone() }, 0)), content, well)
}

/// Appends a request of core `core` with this number. Gives where the log ends then.
fn append(log: &Log, core: usize, number: u64) -> u64 {
    let body = format!("*2\r\n$4\r\nECHO\r\n${}\r\n{core}:{number}\r\n", format!("{core}:{number}").len());
    log.append(core, false, Head { bytes: body.len() as u64, first_db: 0, last_db: 0 }, body.as_bytes());
    log.tail()
}

/// The numbers of a core's requests, in the order of the file.
fn numbers(content: &[u8], core: usize) -> Vec<u64> {
    let text = String::from_utf8(content.to_vec()).expect("nothing but text was written");
    let start = format!("{core}:");
    text.split("\r\n").filter_map(|line| line.strip_prefix(&start)).map(|number| number.parse().unwrap()).collect()
}

/// A reply leaves when `write_up_to` says so, or the log says that it is written so far. A process that is killed then has in the file
/// whatever it wrote before, and nothing else counts.
#[test]
fn what_a_reply_tells_of_is_in_the_file_before_it_leaves_whatever_the_disk_does() {
    for round in 0..1000u64 {
        let mut draws = Seeded(round + 1);
        let mut below = |bound: u64| draws.below(bound);
        let log = Log::default();
        log.switch_on(1);
        let (desk, content, well) = desk(round * 31 + 7);
        let (mut sent, mut acknowledged) = (0, 0);
        let mut held: Vec<(u64, u64)> = Vec::new();
        for _ in 0..below(40) {
            match below(5) {
                // The log's thread, where a core could not.
                0 => {
                    let mut seat = desk.seat();
                    seat.take(&log, None);
                    if seat.write(&log, false).is_ok() {
                        desk.open(FAILED);
                    }
                }
                1 => desk.shut(SYNCING),
                2 => desk.open(SYNCING),
                _ => {
                    sent += 1;
                    let tail = append(&log, 0, sent);
                    if desk.write_up_to(&log, tail, None, |_| ()) {
                        acknowledged = sent;
                    } else {
                        held.push((tail, sent));
                    }
                }
            }
            if let Some((_, number)) = held.iter().rfind(|(at, _)| *at <= log.written()) {
                acknowledged = acknowledged.max(*number);
            }
            let found = numbers(&whole(&content.lock().unwrap()), 0);
            assert!(
                found.len() as u64 >= acknowledged,
                "round {round}: {acknowledged} left, {} are there",
                found.len()
            );
            assert!(found.iter().copied().eq(1..=found.len() as u64), "round {round}: {found:?}");
        }
        // And when the disk is well again, all is there, once and in order.
        well.store(true, SeqCst);
        let mut seat = desk.seat();
        seat.take(&log, None);
        seat.write(&log, false).expect("it is well again");
        assert!(numbers(&content.lock().unwrap(), 0).into_iter().eq(1..=sent), "round {round}");
    }
}

/// Up to the end of the last whole request.
fn whole(content: &[u8]) -> Vec<u8> {
    let end = (0..content.len()).rev().find(|at| content[*at..].starts_with(b"*2\r\n")).unwrap_or(0);
    let last = &content[end..];
    let lines = last.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\r\n")).count();
    if lines == 5 { content.to_vec() } else { content[..end].to_vec() }
}

#[test]
fn cores_that_write_at_once_find_their_requests_in_the_file_each_in_its_order() {
    const CORES: usize = 3;
    const REQUESTS: u64 = 2000;
    let log = Arc::new(Log::default());
    log.switch_on(CORES);
    let (desk, content, well) = desk(1);
    well.store(true, SeqCst);
    let (desk, refused) = (Arc::new(desk), Arc::new(AtomicU64::new(0)));
    let cores: Vec<_> = (0..CORES)
        .map(|core| {
            let (log, desk, content, refused) = (log.clone(), desk.clone(), content.clone(), refused.clone());
            std::thread::spawn(move || {
                for number in 1..=REQUESTS {
                    let tail = append(&log, core, number);
                    if desk.write_up_to(&log, tail, None, |_| ()) {
                        if number % 100 == 0 {
                            let found = numbers(&content.lock().unwrap(), core);
                            assert!(found.into_iter().eq(1..=number));
                        }
                    } else {
                        // As the log's thread would.
                        refused.fetch_add(1, SeqCst);
                        let mut seat = desk.seat();
                        seat.take(&log, None);
                        seat.write(&log, false).expect("it is well");
                    }
                }
            })
        })
        .collect();
    cores.into_iter().for_each(|core| core.join().expect("no core fails"));
    let mut seat = desk.seat();
    seat.take(&log, None);
    seat.write(&log, false).expect("it is well");
    for core in 0..CORES {
        assert!(numbers(&content.lock().unwrap(), core).into_iter().eq(1..=REQUESTS));
    }
    assert!(refused.load(SeqCst) < CORES as u64 * REQUESTS, "some have written for themselves");
}

#[test]
fn nothing_is_written_beyond_the_border_until_the_file_is_another() {
    let log = Log::default();
    log.switch_on(1);
    let (desk, content, well) = desk(1);
    well.store(true, SeqCst);
    let before = append(&log, 0, 1);
    log.set_border();
    let behind = append(&log, 0, 2);
    assert!(desk.write_up_to(&log, before, None, |_| ()));
    assert!(!desk.write_up_to(&log, behind, None, |_| ()));
    assert_eq!(numbers(&content.lock().unwrap(), 0), [1]);
    log.clear_border();
    assert!(desk.write_up_to(&log, behind, None, |_| ()));
}

/// Several fsyncs go on, and end in any order. A disk that fails one has lost what was not on disk, and fails all that had begun by then.
#[test]
fn what_overlapping_fsyncs_promise_survives_a_crash_whichever_of_them_fails_and_whatever_their_order() {
    struct Going {
        ticket: Ticket,
        covers: usize,
        fails: bool,
    }
    for round in 0..1000u64 {
        let mut draws = Seeded(round + 1);
        let mut below = |bound: u64| draws.below(bound);
        let log = Log::default();
        log.switch_on(1);
        let (desk, content, well) = desk(round);
        // What fails here is fsync.
        well.store(true, SeqCst);
        let (mut sent, mut on_disk, mut going): (u64, usize, Vec<Going>) = (0, 0, Vec::new());
        // Where the log ended behind each request.
        let mut ends = vec![0];
        for _ in 0..below(60) {
            match below(6) {
                0 if going.len() < 3 && !desk.is_shut(FAILED) => {
                    let mut seat = desk.seat();
                    seat.take(&log, None);
                    seat.write(&log, true).expect("writing goes well");
                    let ticket = desk.begin_sync(&mut seat, &log);
                    going.push(Going { ticket, covers: content.lock().unwrap().len(), fails: false });
                }
                1 | 2 if !going.is_empty() => {
                    let one = going.swap_remove(below(going.len() as u64) as usize);
                    let fails = one.fails || below(6) == 0;
                    if fails {
                        going.iter_mut().for_each(|other| other.fails = true);
                        content.lock().unwrap()[on_disk..].fill(0);
                        desk.shut(FAILED);
                    } else {
                        on_disk = on_disk.max(one.covers);
                    }
                    let outcome = if fails { Err(io::ErrorKind::Other.into()) } else { Ok(()) };
                    desk.seat().end_sync(&log, &one.ticket, outcome);
                    on_disk = on_disk.min(content.lock().unwrap().len());
                }
                // The log's thread writes it again, and goes on when that is on disk.
                3 if desk.is_shut(FAILED) => {
                    let mut seat = desk.seat();
                    seat.take(&log, None);
                    seat.write(&log, true).expect("writing goes well");
                    seat.tape.sync().expect("it is well");
                    on_disk = content.lock().unwrap().len();
                    log.set_durable(log.written());
                    desk.open(FAILED);
                }
                _ => {
                    sent += 1;
                    ends.push(append(&log, 0, sent));
                }
            }
            let promised = ends.iter().rposition(|end| *end <= log.durable()).unwrap_or(0) as u64;
            let survives = content.lock().unwrap()[..on_disk].to_vec();
            let found = numbers(&survives, 0);
            assert!(found.len() as u64 >= promised, "round {round}: {promised} promised, {} survive", found.len());
            assert!(found.iter().copied().eq(1..=found.len() as u64), "round {round}: {found:?}");
        }
    }
}
