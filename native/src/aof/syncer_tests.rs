use std::collections::HashSet;
use std::sync::Mutex;

use super::*;
use crate::aof::tape::Tape;
use crate::store::log::{Head, Log};
use crate::sys::random::{Seeded, step};

/// A file whose bytes are in memory until the disk has them. What the disk fails to take, asked early or not, is gone, and the next fsync
/// tells of it, once: so the kernel has it.
#[derive(Default)]
struct Paper {
    content: Mutex<Vec<u8>>,
    /// What would survive a machine that stops: a flag a byte.
    safe: Mutex<Vec<bool>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    seed: u64,
    /// Bytes that the disk has failed to take, and whether an fsync is to tell.
    lost: HashSet<usize>,
    untold: bool,
    /// Of those, what an fsync has told of: with `everysec` it is not written again.
    told: HashSet<usize>,
    /// What was begun early.
    begun: Vec<Range<u64>>,
}

impl Paper {
    fn new(seed: u64) -> Arc<Paper> {
        let paper = Paper::default();
        paper.state.lock().unwrap().seed = seed;
        Arc::new(paper)
    }

    fn length(&self) -> u64 {
        self.content.lock().unwrap().len() as u64
    }

    /// The disk takes a range, or fails to.
    fn write_back(&self, range: Range<usize>) {
        let mut state = self.state.lock().unwrap();
        let mut safe = self.safe.lock().unwrap();
        state.seed = step(state.seed);
        let fails = (state.seed >> 33).is_multiple_of(5);
        for at in range {
            if fails && !safe[at] {
                state.lost.insert(at);
                state.untold = true;
            } else if !state.lost.contains(&at) {
                safe[at] = true;
            }
        }
    }
}

impl OnItsWay for Paper {
    fn begin_writing(&self, range: Range<u64>) {
        assert!(range.end <= self.length(), "{range:?} of {}", self.length());
        self.state.lock().unwrap().begun.push(range.clone());
        self.write_back(range.start as usize..range.end as usize);
    }

    fn sync_data(&self) -> io::Result<()> {
        self.write_back(0..self.length() as usize);
        let mut state = self.state.lock().unwrap();
        if !std::mem::take(&mut state.untold) {
            return Ok(());
        }
        state.told = state.lost.clone();
        Err(io::ErrorKind::Other.into())
    }
}

impl LogFile for Arc<Paper> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.content.lock().unwrap().extend_from_slice(bytes);
        self.safe.lock().unwrap().resize(self.length() as usize, false);
        Ok(bytes.len())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        self.content.lock().unwrap().truncate(bytes as usize);
        self.safe.lock().unwrap().truncate(bytes as usize);
        Ok(())
    }
}

fn append(log: &Log, bytes: usize) -> u64 {
    let body = vec![b'x'; bytes];
    log.append(0, false, Head { bytes: bytes as u64, first_db: 0, last_db: 0 }, &body);
    log.tail()
}

/// Early writes and fsyncs are done one after the other, as their thread does them, some time after they were asked for.
#[test]
fn a_disk_that_fails_an_early_write_is_told_of_by_the_next_fsync_before_anything_counts_as_on_disk() {
    for round in 0..500u64 {
        let mut draws = Seeded(round + 1);
        let mut below = |bound: u64| draws.below(bound);
        let log = Log::default();
        log.switch_on(1);
        let mut paper = Paper::new(round * 31 + 7);
        let desk = Desk::new(Tape::new(paper.clone(), 0));
        let (syncer, asked, answer) = Syncer::<Paper>::new();
        let ahead = syncer.ahead(0);
        for _ in 0..below(80) {
            match below(8) {
                0 => {
                    syncer.begin(paper.clone(), paper.length());
                }
                1 | 2 => {
                    if let Ok(ask) = asked.try_recv()
                        && let Some(outcome) = ask.carry_out(&desk)
                    {
                        answer.send(outcome).unwrap();
                    }
                }
                3 => {
                    if let Some(Ok(length)) = syncer.take_outcome() {
                        desk.seat().tape.note_synced(length);
                    }
                }
                // Another file, as a rewrite begins one.
                4 if below(6) == 0 => {
                    desk.seat().change(Tape::new(Paper::new(round), 0));
                    paper = desk.seat().tape.file().clone();
                    syncer.forget();
                }
                _ => {
                    let tail = append(&log, below(200) as usize);
                    let see = |tape: &Tape<Arc<Paper>>| ahead.note(tape.file(), tape.length());
                    assert!(desk.write_up_to(&log, tail, None, see), "nobody else writes");
                }
            }
            let dirty = desk.seat().tape.is_dirty();
            let (safe, state) = (paper.safe.lock().unwrap(), paper.state.lock().unwrap());
            let missing = (0..safe.len()).filter(|at| !safe[*at] && !state.told.contains(at)).count();
            assert!(dirty || missing == 0, "round {round}: {missing} bytes count as on disk, and are not");
            // In order, without gaps.
            assert!(state.begun.windows(2).all(|two| two[0].end == two[1].start), "round {round}: {:?}", state.begun);
            assert!(state.begun.iter().all(|range| range.end - range.start >= AHEAD_BYTES), "round {round}");
        }
    }
}

#[test]
fn the_disk_begins_with_every_few_bytes_of_each_file_and_never_with_what_is_not_written() {
    let log = Log::default();
    log.switch_on(1);
    let desk = Desk::new(Tape::new(Paper::new(1), 0));
    let (syncer, asked, _) = Syncer::<Paper>::new();
    let ahead = syncer.ahead(0);
    for _ in 0..3 {
        let mut begun = 0;
        for _ in 0..50 {
            let tail = append(&log, 100);
            desk.write_up_to(&log, tail, None, |tape| ahead.note(tape.file(), tape.length()));
            let length = desk.seat().tape.length();
            asked.try_iter().for_each(|ask| match ask {
                Ask::Begin(file, range) => {
                    assert!(Arc::ptr_eq(&file, desk.seat().tape.file()) && range.end == length);
                    begun = range.end;
                }
                Ask::Fsync(..) => unreachable!("nobody asks for one"),
            });
            assert!(length - begun < AHEAD_BYTES, "{begun} of {length}");
        }
        desk.seat().change(Tape::new(Paper::new(1), 0));
    }
}
