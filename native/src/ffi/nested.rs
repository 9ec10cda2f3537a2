//! `Zedis.fcall`: a function's call of another, see dispatch/nested.rs.

use super::bridge::at;
use super::deck::i32_at;
use super::host::unpack;
use crate::dispatch::execute::Executor;
use crate::dispatch::nested::Refused;
use crate::resp::args::OwnedArgs;
use crate::resp::error;
use crate::session::functions::End;

const ERROR: f64 = -2.0;
const DOOMED: f64 = -3.0;
const STATUS_ERROR: i32 = 1;
const STATUS_DOOMED: i32 = 3;

/// Begins a nested call: the function's name, keys and arguments lie packed as for `zedis_call`, the first `keys` after the
/// name are keys; `read_only` not 0: as FCALL_RO. Gives the function's number, its arguments are in the deck; -2: the error's
/// text is in IN; -3: the call is doomed.
///
/// # Safety
/// 1. As [`at`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_nest(bridge: f64, keys: f64, argc: f64, total: f64, big: f64, read_only: f64) -> f64 {
    // SAFETY: (1)
    let bridge = unsafe { at(bridge) };
    let source = if big != 0.0 { bridge.deck.grown(total as usize) } else { bridge.deck.out(total as usize) };
    let mut request = OwnedArgs::default();
    let unpacked = unpack(&mut request, "", source, argc as usize);
    let request = request.borrow();
    let refusal = match unpacked {
        true if request.len() >= 2 => {
            let args = request.from(2).to_owned();
            match bridge.core.executor.nest(request.get(1), keys as usize, args, read_only != 0.0) {
                Ok(id) => {
                    let call = bridge.core.executor.call().expect("a call is in progress");
                    bridge.deck.put_args(call.args.borrow().iter());
                    bridge.deck.set_i32(i32_at::NUMKEYS, call.keys as i32);
                    bridge.deck.set_i32(i32_at::PROTO, 3);
                    bridge.deck.set_i32(i32_at::FLAGS, call.readonly as i32);
                    return id as f64;
                }
                Err(refusal) => refusal,
            }
        }
        _ => Refused::Error(error::SYNTAX.as_bytes().to_vec()),
    };
    match refusal {
        Refused::Doomed => {
            bridge.deck.set_i32(i32_at::STATUS, STATUS_DOOMED);
            DOOMED
        }
        Refused::Error(text) => {
            bridge.deck.put_in(&text);
            bridge.deck.set_i32(i32_at::STATUS, STATUS_ERROR);
            ERROR
        }
    }
}

/// The outcome of a nested call of a function that the VM has not got: it is in Lua, and runs here.
const IN_LUA: u32 = 7;

/// Ends a nested call with its outcome, as `zedis_run` gets it; gives what `zedis_call` gives of a command: the length of its
/// result in IN, or -2 with the error's text there, or -3.
///
/// # Safety
/// 1. As [`at`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_unnest(bridge: f64, outcome: f64, n: f64) -> f64 {
    // SAFETY: (1)
    let bridge = unsafe { at(bridge) };
    let outcome = outcome as u32;
    let ran_in_lua = outcome == IN_LUA && bridge.core.executor.runs_lua();
    let mut failed = !ran_in_lua && !matches!(outcome, 1 | 3 | 5 | 6);
    let bytes: Vec<u8> = match outcome {
        1 | 2 => bridge.deck.out(n as usize).to_vec(),
        3 => bridge.deck.grown(n as usize).to_vec(),
        5 => format!(":{}\r\n", n as i64).into_bytes(),
        6 => b"_\r\n".to_vec(),
        IN_LUA if bridge.core.executor.runs_lua() => match Executor::run_nested_lua(&mut bridge.core) {
            Ok(reply) => reply,
            Err(Refused::Error(text)) => {
                failed = true;
                text
            }
            Err(Refused::Doomed) => Vec::new(),
        },
        IN_LUA => b"ERR Function not found".to_vec(),
        _ => {
            bridge.core.executor.fail_for_time();
            Vec::new()
        }
    };
    let executor = &mut bridge.core.executor;
    if !ran_in_lua {
        executor.unnest(if failed { End::Error } else { End::Done }, failed);
    }
    let proto = executor.call().map_or(2, |call| if call.proto == crate::resp::reply::Protocol::Resp3 { 3 } else { 2 });
    let doomed = executor.call().is_none_or(|call| call.doom.is_some());
    bridge.deck.set_i32(i32_at::PROTO, proto);
    bridge.deck.put_in(&bytes);
    let status = if doomed { STATUS_DOOMED } else { STATUS_ERROR };
    if failed || doomed {
        bridge.deck.set_i32(i32_at::STATUS, status);
    }
    match (doomed, failed) {
        (true, _) => DOOMED,
        (false, true) => ERROR,
        (false, false) => bytes.len() as f64,
    }
}
