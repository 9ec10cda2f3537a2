//! What the main thread calls: control requests, the manifest, mail to the cores, facts.

use std::sync::Mutex;
use std::sync::atomic::Ordering;

use super::bridge::server;
use super::deck::LAYOUT;
use crate::commands::rename::rename;
use crate::commands::row::{Run, category, flag};
use crate::commands::table::table;
use crate::resp::reply::Protocol;
use crate::session::manifest::Manifest;
use crate::session::running::slow_text;
use crate::session::server::{Facts, Mail};
use crate::sys::{clock, datagram, title};

/// A request taken off the queue, until JavaScript has copied it.
static STAGED: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Text of *bytes*; what is not UTF-8 is replaced.
///
/// # Safety
/// 1. The pair is *bytes*, or its length is 0.
pub(super) unsafe fn text_of(bytes: *const u8, len: f64) -> String {
    // SAFETY: (1)
    String::from_utf8_lossy(unsafe { slice_of(bytes, len) }).into_owned()
}

/// # Safety
/// 1. The pair is *bytes* for as long as `'a`, or its length is 0.
pub(super) unsafe fn slice_of<'a>(bytes: *const u8, len: f64) -> &'a [u8] {
    if len <= 0.0 || bytes.is_null() {
        return &[];
    }
    // SAFETY: (1)
    unsafe { std::slice::from_raw_parts(bytes, len as usize) }
}

/// Copies `text` to `out` as far as it fits; gives the text's whole length.
///
/// # Safety
/// 1. `out` has `capacity` writable bytes.
pub(super) unsafe fn fill(text: &[u8], out: *mut u8, capacity: f64) -> f64 {
    let count = text.len().min(capacity as usize);
    // SAFETY: (1), and `count` is at most the capacity.
    unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), out, count) };
    text.len() as f64
}

/// Writes the layout numbers both sides must agree on; gives how many there are.
///
/// # Safety
/// 1. `out` has room for `capacity` u32, 4-aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_layout(out: *mut u32, capacity: f64) -> f64 {
    for (index, number) in LAYOUT.iter().enumerate().take(capacity as usize) {
        // SAFETY: (1)
        unsafe { out.add(index).write(*number) };
    }
    LAYOUT.len() as f64
}

/// Takes the next control request; gives the bytes it needs in [`zedis_control_copy`], 0 if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_control_next() -> f64 {
    let Some(request) = server().control.take() else { return 0.0 };
    let mut staged = STAGED.lock().unwrap_or_else(|p| p.into_inner());
    staged.clear();
    staged.extend_from_slice(&request.id.to_le_bytes());
    staged.push(if request.proto == Protocol::Resp3 { 3 } else { 2 });
    staged.push(request.local as u8);
    staged.extend_from_slice(&(request.user.len() as u32).to_le_bytes());
    staged.extend_from_slice(&request.user);
    let args = request.argv.borrow();
    staged.extend_from_slice(&(args.len() as u32).to_le_bytes());
    for arg in args.iter() {
        staged.extend_from_slice(&(arg.len() as u32).to_le_bytes());
        staged.extend_from_slice(arg);
    }
    staged.len() as f64
}

/// Copies the request taken last: u64 number, u8 protocol, u8 (1: from this machine), u32 length and bytes of the user's name, u32 count, then u32 length and bytes of each argument.
///
/// # Safety
/// 1. `out` has as many writable bytes as [`zedis_control_next`] said.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_control_copy(out: *mut u8) {
    let staged = STAGED.lock().unwrap_or_else(|p| p.into_inner());
    // SAFETY: (1)
    unsafe { std::ptr::copy_nonoverlapping(staged.as_ptr(), out, staged.len()) };
}

/// The next line that a procedure logged: a byte with its level (0 debug to 3 warning), then the text, cut to the
/// capacity. Gives its length, 0 if there is none.
///
/// # Safety
/// 1. `out` has `capacity` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_log_next(out: *mut u8, capacity: f64) -> f64 {
    let Some((level, text)) = server().log.pop() else { return 0.0 };
    let mut line = vec![level];
    line.extend_from_slice(&text.as_bytes()[..text.len().min(capacity as usize - 1)]);
    // SAFETY: (1)
    unsafe { fill(&line, out, capacity) }
}

/// Answers a control request with RESP bytes.
///
/// # Safety
/// 1. The pair is *bytes*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_control_reply(id: f64, reply: *const u8, len: f64) {
    // SAFETY: (1)
    server().answer_control(id as u64, unsafe { slice_of(reply, len) }.to_vec());
}

/// Publishes the manifest of all functions. Gives 0, or the length of the error's text.
///
/// # Safety
/// 1. Both pairs are *bytes*; `error` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_publish(json: *const u8, len: f64, error: *mut u8, error_len: f64) -> f64 {
    // SAFETY: (1)
    match Manifest::parse(unsafe { slice_of(json, len) }) {
        Ok(manifest) => {
            server().publish(manifest);
            0.0
        }
        // SAFETY: (1)
        Err(text) => unsafe { fill(text.as_bytes(), error, error_len) },
    }
}

/// Sends a message to the VM of a core.
///
/// # Safety
/// 1. The pair is *bytes*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_mail(core: f64, text: *const u8, len: f64) {
    // SAFETY: (1)
    server().send(core as usize, Mail::JavaScript(unsafe { text_of(text, len) }));
}

/// Facts for INFO, as JSON. Gives 0, or -1 if the JSON makes no sense.
///
/// # Safety
/// 1. The pair is *bytes*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_facts(json: *const u8, len: f64) -> f64 {
    // SAFETY: (1)
    match serde_json::from_slice::<Facts>(unsafe { slice_of(json, len) }) {
        Ok(facts) => {
            *server().facts.write().unwrap_or_else(|p| p.into_inner()) = facts;
            0.0
        }
        Err(_) => -1.0,
    }
}

/// Shows `text` as the process's title (`sys/title.rs`). Gives 0, or -1 where that cannot be.
///
/// # Safety
/// 1. The pair is *bytes*. Called on the main thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_title(text: *const u8, len: f64) -> f64 {
    // SAFETY: (1)
    if title::set(unsafe { slice_of(text, len) }) { 0.0 } else { -1.0 }
}

/// Sends a datagram to a socket of this machine (`sys/datagram.rs`). Gives 0, or -1 where nobody took it.
///
/// # Safety
/// 1. Both pairs are *bytes*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_datagram(path: *const u8, path_len: f64, text: *const u8, len: f64) -> f64 {
    // SAFETY: (1)
    let (path, text) = unsafe { (slice_of(path, path_len), slice_of(text, len)) };
    if datagram::send(path, text).is_ok() { 0.0 } else { -1.0 }
}

/// Tells all cores to stop: accept no more, send what is due, close, leave.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_stop() {
    write_profile();
    server().stopping.store(true, Ordering::Release);
    server().wake(u64::MAX);
}

/// Writes what a build of `bun run profile` has counted to where `LLVM_PROFILE_FILE` says: Bun ends without the handlers that would.
#[cfg(zedis_profile)]
fn write_profile() {
    unsafe extern "C" {
        fn __llvm_profile_write_file() -> i32;
    }
    // SAFETY: the runtime that `-Cprofile-generate` links has it, and any thread may call it at any time.
    let failed = unsafe { __llvm_profile_write_file() };
    assert_eq!(failed, 0, "the profile could not be written");
}

#[cfg(not(zedis_profile))]
fn write_profile() {}

/// CONFIG RESETSTAT.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_reset_stats() {
    server().reset_figures();
}

/// What core `core` runs now, as JSON `{"name":"f","command":["FCALL","f","1","k"],"ms":12,"lua":0}`; length 0 if nothing. `lua`: 1 a
/// script, 2 a function in Lua, 0 one in the core's VM.
///
/// # Safety
/// 1. `out` has `capacity` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_running(core: f64, out: *mut u8, capacity: f64) -> f64 {
    let running = server().cores[core as usize].running.lock().unwrap_or_else(|p| p.into_inner()).clone();
    let since_ns = server().cores[core as usize].running_since_ns.load(Ordering::Relaxed);
    if since_ns == 0 {
        return 0.0;
    }
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(256)]).into_owned();
    let lua = server().cores[core as usize].script.kind();
    let mut command = vec![lossy(&running.verb), lossy(&running.name), running.keys.to_string()];
    command.extend(running.args.borrow().iter().take(32).map(lossy));
    let ms = clock::coarse_ns().saturating_sub(since_ns) / 1_000_000;
    let json =
        serde_json::json!({ "name": lossy(&running.name), "command": command, "ms": ms, "lua": lua }).to_string();
    // SAFETY: (1)
    unsafe { fill(json.as_bytes(), out, capacity) }
}

/// How often the core's loop has turned so far, or -1 while a function or a script runs there, which has limits of its own. An idle loop
/// turns some times a second. For the main thread, which tells a service manager whether the cores answer.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_turns(core: f64) -> f64 {
    let core = &server().cores[core as usize];
    if core.running_since_ns.load(Ordering::Relaxed) != 0 {
        return -1.0;
    }
    core.figures.loop_cycles.get() as f64
}

/// The system's number of the core's thread, as in /proc/self/task; 0: none yet.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_core_thread(core: f64) -> f64 {
    f64::from(server().cores[core as usize].thread_id.load(Ordering::Relaxed))
}

/// Puts a line into the log for each function in JavaScript that has run for longer than `busy-reply-threshold` since this was called last:
/// its own core is in it, and cannot.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_tell_slow() {
    let server = server();
    let threshold_ms = server.settings.busy_reply_threshold.load(Ordering::Relaxed);
    if threshold_ms == 0 {
        return;
    }
    let now_ns = clock::coarse_ns();
    for core in &server.cores {
        if let Some(ms) = core.has_become_slow(threshold_ms, now_ns) {
            let name = core.running.lock().unwrap_or_else(|p| p.into_inner()).name.clone();
            server.log.push(3, slow_text(&name, ms, "FUNCTION KILL"));
        }
    }
}

/// Is the main thread to start the background cores? 1 once a call has come for them.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_background_wanted() -> f64 {
    server().background.is_wanted() as u32 as f64
}

/// The background cores are about to start: from now on they are sent mail as the others are.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_background_start() {
    server().background.started.store(true, Ordering::SeqCst);
}

/// What each function did, as JSON: an array of `{"name":"f","library":"l","calls":3,…}`, by name. Gives its length.
///
/// # Safety
/// 1. `out` has `capacity` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_function_figures(out: *mut u8, capacity: f64) -> f64 {
    let manifest = server().manifest();
    let figures = manifest.sorted().into_iter().map(|(name, function)| {
        let sums = server().function_sums(function.slot);
        serde_json::json!({
            "name": String::from_utf8_lossy(name),
            "library": function.library,
            "calls": sums.calls,
            "errors": sums.errors,
            "rollbacks": sums.rollbacks,
            "retries": sums.retries,
            "timeouts": sums.timeouts,
            "kills": sums.kills,
            "keys": sums.keys,
            "usec": sums.nanoseconds / 1000,
            "p50_usec": sums.us_at(0.5),
            "p99_usec": sums.us_at(0.99),
            "max_usec": sums.max_ns as f64 / 1000.0,
            "path": server().path_of(function),
        })
    });
    let json = serde_json::Value::Array(figures.collect()).to_string();
    // SAFETY: (1)
    unsafe { fill(json.as_bytes(), out, capacity) }
}

/// FUNCTION KILL of what core `core` runs now: that call is to fail, even if the VM had been offered it and not begun. `set` 0 only asks.
/// Gives 1 if what runs now is a call that was marked so.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_mark_kill(core: f64, set: f64) -> f64 {
    let core = &server().cores[core as usize];
    if set != 0.0 {
        core.mark_kill();
    }
    f64::from(core.is_marked_for_kill())
}

/// FUNCTION KILL while nothing runs: the call that has waited longest for a background core fails, if one has waited for `least_ms`.
/// Gives 1 if there was one.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_kill_queued(least_ms: f64) -> f64 {
    f64::from(server().kill_queued(least_ms as u64))
}

/// A `rename-command` line, before [`super::bridge::zedis_create`]: an empty `to` takes the command away. Gives 0, or the
/// length of the error's text.
///
/// # Safety
/// 1. All pairs are *bytes*; `error` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_rename(
    from: *const u8,
    from_len: f64,
    to: *const u8,
    to_len: f64,
    error: *mut u8,
    error_len: f64,
) -> f64 {
    // SAFETY: (1)
    let (from, to) = unsafe { (text_of(from, from_len), text_of(to, to_len)) };
    match rename(&from, &to) {
        Ok(()) => 0.0,
        // SAFETY: (1)
        Err(text) => unsafe { fill(text.as_bytes(), error, error_len) },
    }
}

/// The command table as JSON, an object per row that was not taken away, with the name it goes by; gives its length.
///
/// # Safety
/// 1. `out` has `capacity` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_table(out: *mut u8, capacity: f64) -> f64 {
    // SAFETY: (1)
    unsafe { fill(table_json().as_bytes(), out, capacity) }
}

fn table_json() -> String {
    let names = |bits: u32, of: &[(u32, &'static str)]| -> Vec<&'static str> {
        of.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| *name).collect()
    };
    let rows: Vec<serde_json::Value> = table()
        .served()
        .map(|(index, row)| {
            let (first, last, step) = row.legacy_keys();
            serde_json::json!({
                "index": index,
                "name": table().name(index),
                "arity": row.arity,
                "flags": names(row.flags, flag::NAMES),
                "categories": names(row.all_categories(), category::NAMES),
                "group": row.group.name(),
                "since": row.since,
                "summary": row.summary,
                "complexity": row.complexity,
                "args": row.args,
                "reply": row.reply,
                "keys": { "first": first, "last": last, "step": step },
                "kind": match row.run {
                    Run::Data(_) => "data",
                    Run::Session(_) => "session",
                    Run::Container => "container",
                    Run::Control => "control",
                    Run::Call => "call",
                },
            })
        })
        .collect();
    serde_json::Value::Array(rows).to_string()
}
