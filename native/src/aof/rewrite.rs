//! Rewriting the append-only file: a snapshot becomes the base, and what comes after its instant the only increment.
//!
//! ```text
//!   1  a new increment is made, and named in the manifest behind the others
//!   2  the snapshot's instant, all shards latched: from this position on the log goes there
//!   3  the snapshot is written beside, and put in place
//!   4  a manifest with the new base and that increment; then the old files go
//! ```
//!
//! Whenever it ends before 4, the manifest names files that together hold everything.

use std::fs;
use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use super::manifest::Manifest;
use super::open::{Place, make_folder, read_manifest, remember, write_manifest};
use super::writer::{self, Disk};
use crate::session::durability::{Order, Saved};
use crate::session::server::Server;
use crate::snapshot::save::{self, Manner, Plan};
use crate::sys::cpu;

const NOTICE: u8 = 2;
/// Before it looks again whether every core records.
const SEEN_WAIT: Duration = Duration::from_millis(1);

/// Rewrites it on the calling thread. `begin`: there is none that holds the data set, and from now on there is one.
pub fn rewrite(server: &'static Server, place: &Place, manner: Manner, begin: bool) -> Result<Saved, String> {
    make_folder(place)?;
    remember(server, place);
    let aside = place.path("temp-rewriteaof-incr.aof");
    // Where a first try has failed the log is on already.
    if begin && !server.store.log.is_on() {
        begin_aside(server, &aside).map_err(|error| error.to_string())?;
    }
    let outcome = rewrite_files(server, place, manner, begin);
    let _ = fs::remove_file(&aside);
    outcome
}

/// The log is switched on, into a file that nobody will read: what is recorded before the snapshot's instant is in that.
fn begin_aside(server: &'static Server, aside: &std::path::Path) -> io::Result<()> {
    let _ = fs::remove_file(aside);
    let disk = Disk::open(aside)?;
    server.store.log.switch_on(server.cores.len());
    writer::start(server, disk, 0)?;
    while !server.store.log.is_seen_by(server.running()) {
        server.wake(u64::MAX);
        thread::sleep(SEEN_WAIT);
    }
    Ok(())
}

fn rewrite_files(server: &'static Server, place: &Place, manner: Manner, begin: bool) -> Result<Saved, String> {
    let failed = |error: io::Error| error.to_string();
    let mut manifest = read_manifest(place)?.unwrap_or_default();
    let increment = place.increment(manifest.next_increment());
    let base = place.base(manifest.next_base());
    let appends = server.store.log.is_on();
    if appends {
        let path = place.path(&increment.name);
        // One of a rewrite that was cut off before its manifest.
        let _ = fs::remove_file(&path);
        let (file, _) = Disk::open(&path).map_err(failed)?;
        drop(file);
        // What there is from before a time without a log would miss the changes of that time.
        if !begin && (manifest.base.is_some() || !manifest.increments.is_empty()) {
            manifest.increments.push(increment.clone());
            write_manifest(place, &manifest).map_err(failed)?;
        }
        server.log.push(NOTICE, format!("Creating AOF incr file {} on background rewrite", increment.name));
    }
    let (done, rotated) = channel();
    let plan = Plan { path: place.path(&base.name), manner, base: true, resp: !place.rdb_base };
    let saved = save::save(server, &plan, || {
        cpu::give_way();
        if appends {
            let at = server.store.log.set_border();
            server.order(Order::Rotate { at, path: place.path(&increment.name), done });
        }
    })?;
    let began = Instant::now();
    if appends {
        // The log may be held up by a disk that takes nothing; then so is this.
        rotated.recv().map_err(|_| "the append-only file was closed meanwhile".to_string())?;
    }
    let mut history = std::mem::take(&mut manifest.history);
    history.extend(manifest.base.take());
    history.extend(manifest.increments.drain(..).filter(|part| part.seq < increment.seq));
    let increments = if appends { vec![increment] } else { Vec::new() };
    let with_history = Manifest { base: Some(base), increments, history };
    write_manifest(place, &with_history).map_err(failed)?;
    for part in &with_history.history {
        let _ = fs::remove_file(place.path(&part.name));
    }
    write_manifest(place, &Manifest { history: Vec::new(), ..with_history }).map_err(failed)?;
    server.durability.aof_base_bytes.store(saved.bytes, Relaxed);
    server.durability.aof_other_bytes.store(saved.bytes, Relaxed);
    if begin {
        server.set_opening(false);
    }
    server.log.push(NOTICE, "Background AOF rewrite finished successfully".into());
    Ok(Saved { seconds: saved.seconds + began.elapsed().as_secs_f64(), ..saved })
}
