//! What the main thread asks about the log of changes and the append-only file.

use std::sync::mpsc::channel;

use super::bridge::server;
use super::control::{fill, slice_of};
use super::functions::stage;
use crate::aof::open::{self, Place};
use crate::resp::args::OwnedArgs;
use crate::session::durability::Order;
use crate::store::log::Head;
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
    let mut rest = unsafe { slice_of(words, len) };
    let mut request = OwnedArgs::default();
    while let Some((head, tail)) = rest.split_first_chunk::<4>() {
        let (word, tail) = tail.split_at(tail.len().min(u32::from_le_bytes(*head) as usize));
        request.push(word);
        rest = tail;
    }
    let mut body = Vec::new();
    push_request(&mut body, request.borrow());
    log.append_outside(&Head { bytes: body.len() as u64, first_db: 0, last_db: 0 }.to_bytes(), &body);
}

/// The next request about libraries of functions that was loaded: stages its words, each behind its length; gives their length, 0 if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_load_function() -> f64 {
    let Some(request) = server().loading.functions().pop_front() else { return 0.0 };
    let mut packed = Vec::new();
    for word in request.borrow().iter() {
        packed.extend((word.len() as u32).to_le_bytes());
        packed.extend_from_slice(word);
    }
    stage(packed)
}
