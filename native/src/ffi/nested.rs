//! `Zedis.fcall`: a function's call of another, see dispatch/nested.rs.

use super::bridge::{Bridge, at, server};
use super::deck::i32_at;
use super::host::unpack;
use crate::dispatch::call::Call;
use crate::dispatch::execute::Executor;
use crate::dispatch::nested::Refused;
use crate::lua::host::{InVm, Vm};
use crate::resp::args::OwnedArgs;
use crate::resp::error;
use crate::resp::reply::Protocol;
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
                    put_call(bridge);
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
    let ended = end(bridge, outcome as u32, n);
    let bytes = match &ended {
        InVm::Reply(bytes) | InVm::Error(bytes) => &bytes[..],
        InVm::Doomed => b"",
    };
    bridge.deck.put_in(bytes);
    match ended {
        InVm::Reply(_) => bytes.len() as f64,
        InVm::Error(_) => {
            bridge.deck.set_i32(i32_at::STATUS, STATUS_ERROR);
            ERROR
        }
        InVm::Doomed => {
            bridge.deck.set_i32(i32_at::STATUS, STATUS_DOOMED);
            DOOMED
        }
    }
}

/// Puts the nested call that has begun into the deck.
fn put_call(bridge: &mut Bridge) {
    let call = bridge.core.executor.call().expect("a call is in progress");
    bridge.deck.put_args(call.args.borrow().iter());
    bridge.deck.set_i32(i32_at::NUMKEYS, call.keys as i32);
    bridge.deck.set_i32(i32_at::PROTO, proto_of(call));
    bridge.deck.set_i32(i32_at::FLAGS, call.readonly as i32);
}

fn proto_of(call: &Call) -> i32 {
    if call.proto == Protocol::Resp3 { 3 } else { 2 }
}

/// Ends the nested call in progress with its outcome.
fn end(bridge: &mut Bridge, outcome: u32, n: f64) -> InVm {
    let ran_in_lua = outcome == IN_LUA && bridge.core.executor.runs_lua();
    let mut failed = !ran_in_lua && !matches!(outcome, 1 | 3 | 5 | 6);
    let resp3 = bridge.core.executor.call().is_some_and(|call| call.proto == Protocol::Resp3);
    let bytes: Vec<u8> = match outcome {
        1 | 2 => bridge.deck.out(n as usize).to_vec(),
        3 => bridge.deck.grown(n as usize).to_vec(),
        5 => format!(":{}\r\n", n as i64).into_bytes(),
        6 if resp3 => b"_\r\n".to_vec(),
        6 => b"$-1\r\n".to_vec(),
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
    bridge.deck.set_i32(i32_at::PROTO, executor.call().map_or(2, proto_of));
    match executor.call().is_none_or(|call| call.doom.is_some()) {
        true => InVm::Doomed,
        false if failed => InVm::Error(bytes),
        false => InVm::Reply(bytes),
    }
}

/// Tells how native code calls into the VM: `pointer` is a JSCallback of this thread that runs a function by its number, leaves its
/// outcome in the deck, gives `n`, and throws nothing.
///
/// # Safety
/// 1. As [`at`].
/// 2. The callback takes an f64, gives one, and lives until the next one is told, or as long as the core is run.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_set_upcall(bridge: f64, pointer: f64) {
    // SAFETY: (1)
    let own = unsafe { at(bridge) };
    // SAFETY: (2)
    own.upcall = Some(unsafe { std::mem::transmute::<usize, extern "C" fn(f64) -> f64>(pointer as usize) });
    own.core.vm.entry = Some(Vm { enter: enter_vm, at: bridge as usize });
}

/// Runs the nested call that a script in Lua has begun, in the VM that has called this thread's native code, and ends it.
fn enter_vm(bridge: usize) -> InVm {
    let address = bridge as f64;
    // SAFETY: `zedis_set_upcall` was given it, on this thread, and who calls this holds no borrow of the core (`Host::vm`).
    let bridge = unsafe { at(address) };
    let Some(upcall) = bridge.upcall else { return InVm::Error(b"ERR Function not found".to_vec()) };
    let state = bridge.deck.get_i32(i32_at::CALL_STATE);
    put_call(bridge);
    bridge.deck.set_i32(i32_at::UPCALL, 1);
    let function = bridge.core.executor.call().map_or(0, |call| call.function);
    let n = upcall(f64::from(function));
    // SAFETY: as above; what runs in the VM has made such borrows of its own, which are over.
    let bridge = unsafe { at(address) };
    bridge.deck.set_i32(i32_at::CALL_STATE, state);
    if bridge.deck.get_i32(i32_at::UPCALL) == 0 {
        return end(bridge, bridge.deck.get_i32(i32_at::OUTCOME) as u32, n);
    }
    // It was ended in there, or before it got there, and must be returned to before it does anything again.
    bridge.core.vm.ended = true;
    if server().cores[bridge.core.id].is_marked_for_kill() {
        bridge.core.executor.fail_call(error::FUNCTION_KILLED.into());
    } else {
        bridge.core.executor.fail_for_time();
    }
    bridge.core.executor.unnest(End::Timeout, true);
    InVm::Doomed
}
