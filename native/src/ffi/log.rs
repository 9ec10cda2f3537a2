//! What the main thread asks about the log of changes and the append-only file.

use std::sync::mpsc::channel;

use super::bridge::server;
use super::control::{fill, slice_of};
use super::functions::{packed, stage, unpacked};
use crate::aof::open::{self, Place};
use crate::aof::rewrite;
use crate::resp::args::OwnedArgs;
use crate::session::durability::Order;
use crate::session::server::Pause;
use crate::snapshot::save::{self, Manner, Plan};
use crate::store::log::Head;
use crate::sys::cpu;
use crate::txn::record::push_request;

/// Opens the append-only file, before the cores run. `directives`: JSON, see [`Place`]. Gives 1 if something is being loaded, 0 if
/// there was nothing, or minus the length of the error's text, which is staged then.
///
/// # Safety
/// 1. The pair is *bytes*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_aof_start(directives: *const u8, len: f64) -> f64 {
    // SAFETY: (1)
    let place =
        serde_json::from_slice::<Place>(unsafe { slice_of(directives, len) }).map_err(|error| error.to_string());
    match place.and_then(|place| open::start(server(), place)) {
        Ok(loading) => loading as u8 as f64,
        Err(text) => -stage(text.into_bytes()),
    }
}

/// Writes the rest of the append-only file and sees to it that it is on disk; the cores have stopped. Gives 0, or the length of the
/// text of what went wrong.
///
/// # Safety
/// 1. `error` has `error_len` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_aof_stop(error: *mut u8, error_len: f64) -> f64 {
    let (done, outcome) = channel();
    server().store.log.switch_off();
    server().order(Order::Stop { done });
    match outcome.recv() {
        Ok(Err(text)) => {
            // SAFETY: (1)
            unsafe { fill(text.as_bytes(), error, error_len) }
        }
        _ => 0.0,
    }
}

/// Logs a request that the main thread has served. `words`: each behind its length (u32, little-endian).
///
/// # Safety
/// 1. The pair is *bytes*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_log_request(words: *const u8, len: f64) {
    let log = &server().store.log;
    if !log.is_on() {
        return;
    }
    // SAFETY: (1)
    let request = OwnedArgs::of(&unpacked(unsafe { slice_of(words, len) }));
    let mut body = Vec::new();
    push_request(&mut body, request.borrow());
    log.append_outside(Head { bytes: body.len() as u64, first_db: 0, last_db: 0 }, &body);
}

/// The next request about libraries of functions that was loaded: stages its words, each behind its length; gives their length, 0 if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_load_function() -> f64 {
    let Some(request) = server().loading.functions().pop_front() else { return 0.0 };
    stage(packed(request.borrow().iter()))
}

/// Saves a snapshot or rewrites the append-only file, on a thread of its own. `asked`: JSON, see [`Asked`]. Gives 0, or the length of the
/// text of what is wrong.
///
/// # Safety
/// 1. The first pair is *bytes*; `error` has `error_len` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_save_start(asked: *const u8, len: f64, error: *mut u8, error_len: f64) -> f64 {
    // SAFETY: (1)
    let started = serde_json::from_slice::<Asked>(unsafe { slice_of(asked, len) })
        .map_err(|error| error.to_string())
        .and_then(|asked| start(asked).map_err(|error| error.to_string()));
    match started {
        Ok(()) => 0.0,
        // SAFETY: (1)
        Err(text) => unsafe { fill(text.as_bytes(), error, error_len) },
    }
}

/// What is to be saved, and how.
#[derive(serde::Deserialize)]
struct Asked {
    /// The snapshot's file; none: the append-only file is rewritten.
    path: Option<std::path::PathBuf>,
    place: Place,
    /// The append-only file begins.
    begin: bool,
    /// Somebody waits for it, and is told when it fails.
    foreground: bool,
    sum: bool,
    sync_often: bool,
    /// Bytes a second; 0: as fast as it goes.
    rate: u64,
}

fn start(asked: Asked) -> std::io::Result<()> {
    let server = server();
    let manner = Manner { sum: asked.sum, sync_often: asked.sync_often, rate: asked.rate };
    let durability = &server.durability;
    let thread = std::thread::Builder::new().name("zedis-save".into());
    let spawned = match asked.path {
        Some(path) => {
            durability.begin_save(asked.foreground);
            let plan = Plan { path, manner, base: false, resp: false };
            // From the instant on requests come first where processors are scarce; but who waits for the snapshot wants it soon.
            let instant = move || {
                if !asked.foreground {
                    cpu::give_way();
                }
            };
            thread.spawn(move || server.durability.end(save::save(server, &plan, instant)))
        }
        None => {
            durability.begin_rewrite();
            thread.spawn(move || {
                server.durability.end(rewrite::rewrite(server, &asked.place, manner, asked.begin));
            })
        }
    };
    spawned.map(drop)
}

/// Has the snapshot or rewrite that goes on come to the instant that it is of?
#[unsafe(no_mangle)]
pub extern "C" fn zedis_save_begun() -> f64 {
    server().durability.begun.load(std::sync::atomic::Ordering::Acquire) as u8 as f64
}

/// The snapshot or rewrite that goes on is given up; its outcome is an error then.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_save_cancel() {
    server().durability.cancel();
}

/// How often everything was deleted (FLUSHALL).
#[unsafe(no_mangle)]
pub extern "C" fn zedis_flushes() -> f64 {
    server().store.flushes.load(std::sync::atomic::Ordering::Relaxed) as f64
}

/// How many of those the file of snapshots already shows the end of.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_flushes_saved() -> f64 {
    server().durability.flushes_saved.load(std::sync::atomic::Ordering::Relaxed) as f64
}

/// What came of it: 0 while it goes on; minus the length of the error's text, or the length of `{"bytes","keys","seconds"}`; staged.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_save_outcome() -> f64 {
    match server().take_outcome() {
        None => 0.0,
        Some(Err(text)) => -stage(text.into_bytes()),
        Some(Ok(saved)) => {
            let json = serde_json::json!({ "bytes": saved.bytes, "keys": saved.keys, "seconds": saved.seconds });
            stage(json.to_string().into_bytes())
        }
    }
}

/// The sources of all libraries, each behind its length: what snapshots hold from now on. Before a change of them is logged.
///
/// # Safety
/// 1. The pair is *bytes*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_set_libraries(sources: *const u8, len: f64) {
    // SAFETY: (1)
    let sources = unpacked(unsafe { slice_of(sources, len) });
    server().durability.set_libraries(sources.into_iter().map(<[u8]>::to_vec).collect());
}

/// Changes since the last snapshot.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_dirty() -> f64 {
    server().store.dirty.load(std::sync::atomic::Ordering::Relaxed) as f64
}

/// Bytes of the append-only file: all of it (`which` 0), or when it was last rewritten (1).
#[unsafe(no_mangle)]
pub extern "C" fn zedis_aof_bytes(which: f64) -> f64 {
    let durability = &server().durability;
    let bytes = if which == 0.0 { &durability.aof_bytes } else { &durability.aof_base_bytes };
    bytes.load(std::sync::atomic::Ordering::Relaxed) as f64
}

/// Changes are refused since snapshots cannot be written (1), or no longer (0).
#[unsafe(no_mangle)]
pub extern "C" fn zedis_save_error(failing: f64) {
    server().set_save_error(failing != 0.0);
}
/// Closes the append-only file: everything goes to disk beside, and [`zedis_aof_is_open`] tells when it has.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_aof_close() {
    server().store.log.switch_off();
    server().order(Order::Stop { done: channel().0 });
}

/// 1 while there is an append-only file.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_aof_is_open() -> f64 {
    server().durability.aof_enabled.load(std::sync::atomic::Ordering::Relaxed) as u8 as f64
}

/// The append-only file is to begin, and has no base yet (1), or it has, or is not to begin any more (0).
#[unsafe(no_mangle)]
pub extern "C" fn zedis_aof_opening(opening: f64) {
    server().set_opening(opening != 0.0);
}

/// A rewrite waits for something else to end (1), or no longer (0).
#[unsafe(no_mangle)]
pub extern "C" fn zedis_rewrite_scheduled(scheduled: f64) {
    server().durability.rewrite_scheduled.store(scheduled != 0.0, std::sync::atomic::Ordering::Relaxed);
}

/// Requests that change anything wait (1), or go on (0): the server is about to go down.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_pause_writes(pause: f64) {
    if pause != 0.0 {
        server().set_pause(Pause::Writes, i64::MAX);
    } else {
        server().set_pause(Pause::No, 0);
    }
}
