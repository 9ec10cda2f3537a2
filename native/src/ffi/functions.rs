//! What the main thread asks about libraries: what one in Lua registers, and the payloads of FUNCTION DUMP.

use std::sync::Mutex;
use std::sync::atomic::Ordering::Relaxed;

use super::bridge::server;
use super::control::slice_of;
use crate::lua::engine::Engine;
use crate::snapshot::{libraries, load};

/// An answer, until JavaScript has copied it.
static STAGED: Mutex<Vec<u8>> = Mutex::new(Vec::new());

pub(super) fn stage(answer: Vec<u8>) -> f64 {
    let len = answer.len() as f64;
    *STAGED.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = answer;
    len
}

/// Copies the answer staged last.
///
/// # Safety
/// 1. `out` has as many writable bytes as the call that staged it said.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_staged(out: *mut u8) {
    let staged = STAGED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    // SAFETY: (1)
    unsafe { std::ptr::copy_nonoverlapping(staged.as_ptr(), out, staged.len()) };
}

/// Runs the top level of a library in an interpreter of its own. Stages, as JSON, `{"functions": [{"name", "description", "flags"}]}` or
/// `{"error": text}`; gives its length.
///
/// # Safety
/// 1. The pair is *bytes*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_lua_library(code: *const u8, len: f64) -> f64 {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut engine = Engine::new();
    engine.limit_memory(server().settings.script_memory_limit.load(Relaxed) as usize);
    // SAFETY: (1)
    let loaded = engine.load_library(unsafe { slice_of(code, len) }, false);
    let answer = match loaded {
        Err(error) => serde_json::json!({ "error": text(&error) }),
        Ok(functions) => {
            let functions: Vec<_> = functions
                .iter()
                .map(|function| {
                    serde_json::json!({
                        "name": text(&function.name),
                        "description": function.description.as_deref().map(text),
                        "flags": function.flags,
                    })
                })
                .collect();
            serde_json::json!({ "functions": functions })
        }
    };
    stage(answer.to_string().into_bytes())
}

/// Stages the payload of FUNCTION DUMP. `sources`: of the libraries, each behind its length (u32, little-endian). Gives its length.
///
/// # Safety
/// 1. The pair is *bytes*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_dump_libraries(sources: *const u8, len: f64) -> f64 {
    // SAFETY: (1)
    let each = unpacked(unsafe { slice_of(sources, len) });
    stage(libraries::write(&each))
}

/// Stages the sources in a payload of FUNCTION DUMP, each behind its length. Gives their length, or minus the length of the error's text,
/// which is staged then.
///
/// # Safety
/// 1. The pair is *bytes*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_read_libraries(payload: *const u8, len: f64) -> f64 {
    // SAFETY: (1)
    match libraries::read(unsafe { slice_of(payload, len) }) {
        Err(text) => -stage(text.as_bytes().to_vec()),
        Ok(sources) => stage(packed(sources)),
    }
}

/// Texts, each behind its length (u32, little-endian).
pub(super) fn packed<T: AsRef<[u8]>>(texts: impl IntoIterator<Item = T>) -> Vec<u8> {
    let mut all = Vec::new();
    for text in texts {
        all.extend((text.as_ref().len() as u32).to_le_bytes());
        all.extend_from_slice(text.as_ref());
    }
    all
}

/// The texts of such bytes; one that is cut off is what there is of it.
pub(super) fn unpacked(mut rest: &[u8]) -> Vec<&[u8]> {
    let mut all = Vec::new();
    while let Some((head, tail)) = rest.split_first_chunk::<4>() {
        let (text, tail) = tail.split_at(tail.len().min(u32::from_le_bytes(*head) as usize));
        all.push(text);
        rest = tail;
    }
    all
}

/// Begins to load an RDB file; before the cores run. Gives 1; 0 if there is no such file; or minus the length of the error's text,
/// which is staged then.
///
/// # Safety
/// 1. The pair is *bytes*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_load(path: *const u8, len: f64, check_sum: f64) -> f64 {
    use std::os::unix::ffi::OsStrExt;
    // SAFETY: (1)
    let path = std::ffi::OsStr::from_bytes(unsafe { slice_of(path, len) });
    match load::start(super::bridge::server(), path.into(), check_sum != 0.0) {
        Ok(found) => found as u8 as f64,
        Err(text) => -stage(text.into_bytes()),
    }
}

/// What came of it: 0 while it goes on; minus the length of the error's text; or one more than the length of the libraries' sources,
/// each behind its length. What there is a length of is staged.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_load_outcome() -> f64 {
    match super::bridge::server().loading.take_outcome() {
        None => 0.0,
        Some(Err(text)) => -stage(text.into_bytes()),
        Some(Ok(sources)) => stage(packed(sources)) + 1.0,
    }
}

/// How far it is, as JSON of `LoadProgress`; staged. Gives its length.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_load_progress() -> f64 {
    let progress = super::bridge::server().load_progress();
    stage(serde_json::to_vec(&progress).unwrap_or_default())
}

/// Requests are served from now on.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_load_end() {
    super::bridge::server().end_loading();
}

/// FUNCTION KILL of a function in Lua that a core runs.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_kill_lua(core: f64) {
    super::bridge::server().cores[core as usize].script.kill();
}
