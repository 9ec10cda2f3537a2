//! What a procedure's `Zedis.*` calls come down to. All of it runs inside the call that the core's loop has suspended.

use super::bridge::{Bridge, at};
use super::deck::i32_at;
use crate::dispatch::host::Host;
use crate::ds::entry::NewValue;
use crate::resp::args::OwnedArgs;
use crate::resp::error;
use crate::resp::parse::INPUT_BYTES_MAX;
use crate::resp::reply::Protocol;
use crate::txn::access::Expiry;
use crate::txn::{Class, WrongType};

const MISSING: f64 = -1.0;
const ERROR: f64 = -2.0;
const DOOMED: f64 = -3.0;

/// Buffers of more bytes are given back after the host call that needed them.
const SCRATCH_BYTES_KEPT_MAX: usize = 1 << 20;

/// STATUS of a host call whose result cannot say it.
const STATUS_OK: i32 = 0;
const STATUS_ERROR: i32 = 1;
const STATUS_DOOMED: i32 = 3;

/// Bytes of the key that `k` names: argument `k` of the call, or the first `-k-1` bytes of OUT.
///
/// # Safety
/// 1. The result is not used after the call has ended or OUT has been written to.
unsafe fn key_of<'a>(bridge: &Bridge, k: f64) -> &'a [u8] {
    let bytes: &[u8] = if k >= 0.0 {
        match bridge.core.executor.call() {
            Some(call) if (k as usize) < call.args.borrow().len() => call.args.borrow().get(k as usize),
            _ => &[],
        }
    } else {
        bridge.deck.out((-k - 1.0) as usize)
    };
    // SAFETY: (1): the call's arguments and the deck outlive the host call that this is part of.
    unsafe { std::slice::from_raw_parts(bytes.as_ptr(), bytes.len()) }
}

/// May the procedure's caller do to this key what the command does? Err: how the host call ends.
#[inline]
fn permit(bridge: &mut Bridge, command: &str, key: &[u8]) -> Result<(), f64> {
    match bridge.core.executor.host_permits_key(command, key) {
        Ok(()) => Ok(()),
        Err(text) => Err(fail(bridge, &text)),
    }
}

/// Latches the key's shard for the call in progress.
#[inline]
fn hold(bridge: &mut Bridge, k: f64, key: &[u8]) -> bool {
    let executor = &mut bridge.core.executor;
    let hash = if k >= 0.0 { executor.call_key_hash(k as usize, key) } else { executor.txn.store.hash(key) };
    executor.host_key(key, hash)
}

fn fail(bridge: &mut Bridge, text: &str) -> f64 {
    bridge.deck.put_in(text.as_bytes());
    bridge.deck.set_i32(i32_at::STATUS, STATUS_ERROR);
    ERROR
}

fn doomed(bridge: &mut Bridge) -> f64 {
    bridge.deck.set_i32(i32_at::STATUS, STATUS_DOOMED);
    DOOMED
}

fn status(bridge: &mut Bridge, value: i32) -> f64 {
    bridge.deck.set_i32(i32_at::STATUS, value);
    f64::NAN
}

/// The integer under a key; NaN with STATUS 0: there is none, 1: an error, 3: doomed.
///
/// # Safety
/// 1. As [`at`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_get_int(bridge: f64, k: f64) -> f64 {
    // SAFETY: (1)
    let bridge = unsafe { at(bridge) };
    // SAFETY: used within this call only.
    let key = unsafe { key_of(bridge, k) };
    if permit(bridge, "get", key).is_err() {
        return f64::NAN;
    }
    if !hold(bridge, k, key) {
        doomed(bridge);
        return f64::NAN;
    }
    match bridge.core.executor.txn.get_integer(key) {
        Ok(Some(number)) if number.unsigned_abs() <= 1 << 53 => number as f64,
        Ok(Some(number)) => {
            fail(bridge, &format!("ERR {number} is beyond the safe integers of JavaScript: use get_bigint"));
            f64::NAN
        }
        Ok(None) => status(bridge, STATUS_OK),
        Err(Some(WrongType)) => {
            fail(bridge, error::WRONG_TYPE);
            f64::NAN
        }
        Err(None) => {
            fail(bridge, error::NOT_INTEGER);
            f64::NAN
        }
    }
}

/// The string under a key, in IN: length * 2 + (1 if all ASCII). -1: there is none.
///
/// # Safety
/// 1. As [`at`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_get(bridge: f64, k: f64) -> f64 {
    // SAFETY: (1)
    let bridge = unsafe { at(bridge) };
    // SAFETY: used within this call only.
    let key = unsafe { key_of(bridge, k) };
    if let Err(end) = permit(bridge, "get", key) {
        return end;
    }
    if !hold(bridge, k, key) {
        return doomed(bridge);
    }
    match bridge.core.executor.txn.get_text(key) {
        Ok(None) => MISSING,
        Ok(Some(mut text)) => {
            let bytes = text.bytes();
            bridge.deck.put_in(bytes);
            (bytes.len() * 2 + bytes.is_ascii() as usize) as f64
        }
        Err(WrongType) => fail(bridge, error::WRONG_TYPE),
    }
}

/// SET key value, the value a whole number.
///
/// # Safety
/// 1. As [`at`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_set_int(bridge: f64, k: f64, value: f64) -> f64 {
    // SAFETY: (1)
    let bridge = unsafe { at(bridge) };
    // SAFETY: used within this call only.
    let key = unsafe { key_of(bridge, k) };
    set(bridge, k, key, NewValue::Int(value as i64))
}

/// SET key value, the value's bytes in OUT behind those of the key.
///
/// # Safety
/// 1. As [`at`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_set(bridge: f64, k: f64, value_len: f64) -> f64 {
    // SAFETY: (1)
    let bridge = unsafe { at(bridge) };
    let key_len = if k >= 0.0 { 0 } else { (-k - 1.0) as usize };
    // SAFETY: both are used within this call only, and OUT is not written to.
    let (key, value) = unsafe {
        let all = bridge.deck.out(key_len.saturating_add(value_len as usize));
        let value = &all[key_len.min(all.len())..];
        (key_of(bridge, k), std::slice::from_raw_parts(value.as_ptr(), value.len()))
    };
    set(bridge, k, key, NewValue::Text(value))
}

fn set(bridge: &mut Bridge, k: f64, key: &[u8], value: NewValue) -> f64 {
    if let Err(end) = permit(bridge, "set", key) {
        return end;
    }
    if !hold(bridge, k, key) {
        return doomed(bridge);
    }
    if let Err(text) = bridge.core.executor.host_may_write(true) {
        return fail(bridge, text);
    }
    let txn = &mut bridge.core.executor.txn;
    if txn.record {
        let text = match &value {
            NewValue::Int(number) => number.to_string().into_bytes(),
            NewValue::Text(text) => text.to_vec(),
            _ => unreachable!("set_int and set give these two"),
        };
        txn.effects.push((txn.db, crate::resp::args::OwnedArgs::of(&[b"SET", key, &text])));
    }
    txn.set(key, value, Expiry::Clear);
    txn.changed(key, Class::String, "set");
    0.0
}

/// INCRBY; NaN with STATUS 1: an error, 3: doomed.
///
/// # Safety
/// 1. As [`at`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_incr_by(bridge: f64, k: f64, by: f64) -> f64 {
    // SAFETY: (1)
    let bridge = unsafe { at(bridge) };
    // SAFETY: used within this call only.
    let key = unsafe { key_of(bridge, k) };
    if permit(bridge, "incrby", key).is_err() {
        return f64::NAN;
    }
    if !hold(bridge, k, key) {
        doomed(bridge);
        return f64::NAN;
    }
    let result = match bridge.core.executor.host_may_write(true) {
        Ok(()) => crate::types::string::increment(&mut bridge.core.executor.txn, key, by as i64),
        Err(text) => Err(text),
    };
    match result {
        Ok(value) => {
            let txn = &mut bridge.core.executor.txn;
            if txn.record {
                let by = (by as i64).to_string();
                txn.effects.push((txn.db, crate::resp::args::OwnedArgs::of(&[b"INCRBY", key, by.as_bytes()])));
            }
            value as f64
        }
        Err(text) => {
            fail(bridge, text);
            f64::NAN
        }
    }
}

/// EXISTS of one key: 0 or 1.
///
/// # Safety
/// 1. As [`at`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_exists(bridge: f64, k: f64) -> f64 {
    // SAFETY: (1)
    let bridge = unsafe { at(bridge) };
    // SAFETY: used within this call only.
    let key = unsafe { key_of(bridge, k) };
    if let Err(end) = permit(bridge, "exists", key) {
        return end;
    }
    if !hold(bridge, k, key) {
        return doomed(bridge);
    }
    bridge.core.executor.txn.exists(key) as u32 as f64
}

/// DEL of one key: 0 or 1.
///
/// # Safety
/// 1. As [`at`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_del(bridge: f64, k: f64) -> f64 {
    // SAFETY: (1)
    let bridge = unsafe { at(bridge) };
    // SAFETY: used within this call only.
    let key = unsafe { key_of(bridge, k) };
    if let Err(end) = permit(bridge, "del", key) {
        return end;
    }
    if !hold(bridge, k, key) {
        return doomed(bridge);
    }
    if let Err(text) = bridge.core.executor.host_may_write(false) {
        return fail(bridge, text);
    }
    let txn = &mut bridge.core.executor.txn;
    let gone = txn.remove(key);
    if gone {
        txn.changed(key, Class::Generic, "del");
        if txn.record {
            txn.effects.push((txn.db, crate::resp::args::OwnedArgs::of(&[b"DEL", key])));
        }
    }
    gone as u32 as f64
}

/// Any data command: row `command`, its arguments after the name as `[u32 length × argc][bytes]` in OUT, or in the
/// grown buffer if `big`. Gives the length of the RESP3 reply in IN; -2: the error's text is in IN.
///
/// # Safety
/// 1. As [`at`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_call(bridge: f64, command: f64, argc: f64, total: f64, big: f64) -> f64 {
    // SAFETY: (1)
    let bridge = unsafe { at(bridge) };
    let (argc, total) = (argc as usize, total as usize);
    let source = if big != 0.0 { bridge.deck.grown(total) } else { bridge.deck.out(total) };
    let name = crate::commands::table::table().rows.get(command as usize).map_or("", |row| row.name);
    let mut request = std::mem::take(&mut bridge.request);
    if !unpack(&mut request, name, source, argc) {
        return fail(bridge, error::SYNTAX);
    }
    let mut out = std::mem::take(&mut bridge.scratch);
    let host = bridge.core.executor.host_command(command as u16, request.borrow(), Protocol::Resp3, &mut out);
    if request.memory_bytes() <= SCRATCH_BYTES_KEPT_MAX {
        bridge.request = request;
    }
    let result = match host {
        Host::Replied => {
            bridge.deck.put_in(&out);
            out.len() as f64
        }
        Host::Error => {
            bridge.deck.put_in(&out);
            bridge.deck.set_i32(i32_at::STATUS, STATUS_ERROR);
            ERROR
        }
        Host::Doomed => doomed(bridge),
    };
    if out.capacity() > SCRATCH_BYTES_KEPT_MAX {
        out = Vec::new();
    }
    bridge.scratch = out;
    result
}

/// Makes `request` the command `name` (a subcommand's is two words with `|` between) with the `argc` arguments packed in `source`. False: `source` is too short for what it says it
/// holds, or beyond what a request may be. A copy: handlers hold on to these bytes while JavaScript cannot write, but the borrow
/// checker cannot know that.
pub(crate) fn unpack(request: &mut OwnedArgs, name: &str, source: &[u8], argc: usize) -> bool {
    request.clear();
    let Some((lengths, mut rest)) = argc.checked_mul(4).and_then(|bytes| source.split_at_checked(bytes)) else {
        return false;
    };
    if rest.len() > INPUT_BYTES_MAX {
        return false;
    }
    match name.split_once('|') {
        None => request.push(name.as_bytes()),
        Some((container, subcommand)) => {
            request.push(container.as_bytes());
            request.push(subcommand.as_bytes());
        }
    }
    for raw in lengths.chunks_exact(4) {
        let len = u32::from_le_bytes([raw[0], raw[1], raw[2], raw[3]]);
        let Some((argument, behind)) = rest.split_at_checked(len as usize) else {
            return false;
        };
        request.push(argument);
        rest = behind;
    }
    true
}

/// A buffer of `n` bytes for a large result or argument.
///
/// # Safety
/// 1. As [`at`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_grow(bridge: f64, n: f64) -> f64 {
    // SAFETY: (1)
    unsafe { at(bridge) }.deck.grow(n as usize) as usize as f64
}

/// The transaction's clock, ms since the epoch.
///
/// # Safety
/// 1. As [`at`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_now(bridge: f64) -> f64 {
    // SAFETY: (1)
    unsafe { at(bridge) }.core.executor.txn.now_ms as f64
}

/// A line of a procedure for the server's log: text in OUT[0..n]. Levels 0 debug, 1 verbose, 2 notice, 3 warning.
///
/// # Safety
/// 1. As [`at`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_log(bridge: f64, level: f64, n: f64) -> f64 {
    // SAFETY: (1)
    let bridge = unsafe { at(bridge) };
    let text = String::from_utf8_lossy(bridge.deck.out(n as usize)).replace(['\r', '\n'], " ");
    bridge.core.executor.log_of_call((level as u8).min(3), text);
    0.0
}
