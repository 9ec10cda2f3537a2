//! Users, for the main thread: those of the configuration, those of the ACL file, and all of them as text.

use super::bridge::server;
use super::control::{fill, slice_of, text_of};
use crate::acl::table::Declared;

/// Makes the user of a `user` line: words `[u32 length][bytes]…` without `user`. Gives 0, or the length of the error's text.
///
/// # Safety
/// 1. The pair is *bytes*; `error` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_acl_declare(words: *const u8, len: f64, error: *mut u8, error_len: f64) -> f64 {
    // SAFETY: (1)
    let words = unpack(unsafe { slice_of(words, len) });
    let Some((name, rules)) = words.split_first() else { return 0.0 };
    let text = match server().acl.declare(name, rules) {
        Ok(()) => return 0.0,
        Err(Declared::Name) => b"Spaces not allowed in ACL usernames".to_vec(),
        Err(Declared::Rule(rule, wrong)) => {
            [b"Error in user declaration '", rule.as_slice(), b"': ", wrong.text().as_bytes()].concat()
        }
    };
    // SAFETY: (1)
    unsafe { fill(&text, error, error_len) }
}

/// Takes the users of an ACL file in place of all there are. Gives 0, or the length of the error's text.
///
/// # Safety
/// 1. Both pairs are *bytes*; `error` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_acl_load(
    path: *const u8,
    path_len: f64,
    text: *const u8,
    text_len: f64,
    error: *mut u8,
    error_len: f64,
) -> f64 {
    // SAFETY: (1)
    let (path, text) = unsafe { (text_of(path, path_len), slice_of(text, text_len)) };
    match server().acl.load(&path, text) {
        Ok(()) => {
            server().judge_all();
            0.0
        }
        // SAFETY: (1)
        Err(text) => unsafe { fill(&text, error, error_len) },
    }
}

/// All users, a line `user <name> <rules>` each; gives the length of the text, which is cut to the capacity.
///
/// # Safety
/// 1. `out` has `capacity` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_acl_list(out: *mut u8, capacity: f64) -> f64 {
    let lines: Vec<Vec<u8>> = server().acl.all().iter().map(|user| user.line()).collect();
    // SAFETY: (1)
    unsafe { fill(&lines.join(&b'\n'), out, capacity) }
}

/// The words as they were packed; what is cut off at the end is left out.
fn unpack(mut packed: &[u8]) -> Vec<&[u8]> {
    let mut words = Vec::new();
    while let Some((length, rest)) = packed.split_first_chunk::<4>() {
        let Some((word, rest)) = rest.split_at_checked(u32::from_le_bytes(*length) as usize) else { break };
        words.push(word);
        packed = rest;
    }
    words
}
