//! Sessions of the process with itself, for the HTTP API: one end of a pair of sockets goes to a core like an accepted client, the
//! other to the main thread. They are a user's from the start, without a password, and end or change with that user.

use std::cell::Cell;
use std::sync::atomic::Ordering::Relaxed;

use sha2::{Digest, Sha256};

use super::bridge::server;
use super::control::{fill, slice_of, text_of};
use super::functions::stage;
use crate::acl::check::Reason;
use crate::acl::log::{Entry, Place};
use crate::resp::json::{self, Form};
use crate::session::server::Mail;
use crate::sys::{clock, pair};

/// Bytes kept of a name that was no user's.
const REFUSED_NAME_MAX: usize = 1024;

/// Opens a session of the user `name`; `local`: on behalf of who is on this machine. Gives the main thread's end, which it owns from
/// now on, or -1: no such user or it is off, -2: no descriptor is to be had.
///
/// # Safety
/// 1. The pair is *bytes*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_inner_open(name: *const u8, len: f64, local: f64) -> f64 {
    let server = server();
    // Read first: a change in between is seen by the core's next look.
    let version = server.acl.version();
    // SAFETY: (1)
    let Some(user) = server.acl.find(unsafe { slice_of(name, len) }).filter(|user| user.enabled) else { return -1.0 };
    let Ok((ours, theirs)) = pair::stream() else { return -2.0 };
    let core = (0..server.serving).min_by_key(|core| server.cores[*core].load()).expect("there is a core");
    server.cores[core].coming.fetch_add(1, Relaxed);
    server.send(core, Mail::Inner { fd: theirs, user, version, local: local != 0.0 });
    f64::from(ours)
}

/// May whoever knows this password be that user? 1 or 0.
///
/// # Safety
/// 1. Both pairs are *bytes*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_acl_accepts(name: *const u8, len: f64, password: *const u8, password_len: f64) -> f64 {
    // SAFETY: (1)
    let (name, password) = unsafe { (slice_of(name, len), slice_of(password, password_len)) };
    f64::from(u8::from(server().acl.find(name).is_some_and(|user| user.accepts(password))))
}

/// May the user run this command (`function|list`), which touches no key? 1 or 0; nothing is noted of it.
///
/// # Safety
/// 1. Both pairs are *bytes*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_acl_may(name: *const u8, len: f64, command: *const u8, command_len: f64) -> f64 {
    // SAFETY: (1)
    let (name, command) = unsafe { (slice_of(name, len), slice_of(command, command_len)) };
    let acl = &server().acl;
    let user = acl.find(name).filter(|user| user.enabled);
    f64::from(u8::from(user.zip(acl.catalog.find(command)).is_some_and(|(user, command)| user.may(command))))
}

/// Notes for ACL LOG that somebody at `address` gave a wrong password, or no token, for the user `name` over HTTP.
///
/// # Safety
/// 1. Both pairs are *bytes*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_acl_refused(name: *const u8, len: f64, address: *const u8, address_len: f64) {
    // SAFETY: (1)
    let (name, address) = unsafe { (slice_of(name, len), text_of(address, address_len)) };
    let (server, now_ms) = (server(), clock::now_ms());
    let entry = Entry {
        id: 0,
        count: 1,
        reason: Reason::Auth,
        place: Place::Toplevel,
        object: b"HTTP".to_vec(),
        user: name[..name.len().min(REFUSED_NAME_MAX)].to_vec(),
        client: format!("id=0 addr={address} name=admin-api user=(none) lib-name=admin-api"),
        created_ms: now_ms,
        updated_ms: now_ms,
    };
    server.acl.log.add(entry, server.settings.acllog_max_len.load(Relaxed) as usize);
}

/// What a token of the user is bound to: a digest of its name and how it logs in, 32 bytes, which is another one once it has other
/// passwords and outlives a restart; behind it the user's number, 8 bytes, which tells it from one of the same name that was deleted. Gives 0
/// where there is no such user or it is off.
///
/// # Safety
/// 1. The pair is *bytes*; `out` has `capacity` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_acl_digest(name: *const u8, len: f64, out: *mut u8, capacity: f64) -> f64 {
    // SAFETY: (1)
    let Some(user) = server().acl.find(unsafe { slice_of(name, len) }).filter(|user| user.enabled) else { return 0.0 };
    let mut digest = Sha256::new();
    digest.update((user.name.len() as u64).to_le_bytes());
    digest.update(&user.name);
    digest.update([u8::from(user.nopass)]);
    for password in &user.passwords {
        digest.update(password);
    }
    // SAFETY: (1)
    unsafe { fill(&[&digest.finalize()[..], &user.id.to_le_bytes()].concat(), out, capacity) }
}

thread_local! {
    /// Memory that the next JSON is written into: what was touched before costs no fault of a page.
    static JSON: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The JSON of a reply (`form`: 0 the reply itself, 1 a text like INFO, 2 lines like CLIENT LIST) into `out`; where that has too little room it
/// is staged. Gives its length, or -1 where TypeScript has to read the reply.
///
/// # Safety
/// 1. The pair is *bytes*; `out` has `capacity` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_reply_json(reply: *const u8, len: f64, form: f64, out: *mut u8, capacity: f64) -> f64 {
    let form = [Form::Reply, Form::Info, Form::Lines][form as usize];
    // SAFETY: (1)
    let bytes = unsafe { slice_of(reply, len) };
    let mut text = JSON.take();
    text.clear();
    let written = match json::write(bytes, form, &mut text) {
        None => -1.0,
        Some(()) if text.len() as f64 > capacity => return stage(text),
        // SAFETY: (1)
        Some(()) => unsafe { fill(&text, out, capacity) },
    };
    JSON.set(text);
    written
}
