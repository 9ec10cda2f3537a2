//! A core as its worker sees it: open, run, stop.

use std::sync::atomic::{AtomicPtr, Ordering};

use super::control::text_of;
use super::deck::{Deck, f64_at, i32_at};
use super::listeners::listeners;
use crate::commands::table::table;
use crate::dispatch::call::CallEnd;
use crate::net::backend::Backend;
use crate::net::core::{Code, Core};
use crate::net::epoll::Epoll;
use crate::net::uring::Uring;
use crate::resp::args::OwnedArgs;
use crate::resp::error;
use crate::resp::reply::Protocol;
use crate::session::server::Server;
use crate::session::settings;
use crate::store::SHARDS_DEFAULT;
use crate::store::counters::CORES_MAX;
use crate::sys::clock;
use crate::sys::cpu;

/// What a worker holds of its core.
pub struct Bridge {
    pub core: Core,
    pub deck: Deck,
    /// Requests and replies of host commands.
    pub request: OwnedArgs,
    pub scratch: Vec<u8>,
    /// The pending call's VM was ended: the call is to fail as killed.
    killed: bool,
    /// The VM is new and has not got all its libraries yet.
    restoring: bool,
    /// Runs a function of the VM, by its number; gives the length of its result.
    pub upcall: Option<extern "C" fn(f64) -> f64>,
}

static SERVER: AtomicPtr<Server> = AtomicPtr::new(std::ptr::null_mut());
static BRIDGES: [AtomicPtr<Bridge>; CORES_MAX] = [const { AtomicPtr::new(std::ptr::null_mut()) }; CORES_MAX];

/// The server, once made. Panics before: a programmer's error.
pub fn server() -> &'static Server {
    let server = SERVER.load(Ordering::Acquire);
    assert!(!server.is_null(), "zedis_create comes first");
    // SAFETY: set once, by `zedis_create`, to a leaked box.
    unsafe { &*server }
}

/// Processors this process may use.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_cpus() -> f64 {
    cpu::allowed().len() as f64
}

/// The main thread interrupts no core from now on; nor do the threads that it starts, but those that write the log.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_wait_turns() {
    cpu::on_waking(cpu::Waking::Waits);
}

/// Makes the server, with room for `background` cores behind those that serve; `shards` 0 chooses their number. Gives 0, or -1 if there is one already or the numbers make no sense.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_create(cores: f64, background: f64, shards: f64, databases: f64) -> f64 {
    let (cores, background) = (cores as usize, background as usize);
    if cores == 0 || cores + background > CORES_MAX || !SERVER.load(Ordering::Acquire).is_null() {
        return -1.0;
    }
    let shards = if shards < 1.0 { SHARDS_DEFAULT } else { shards as usize };
    crate::sys::ahead::start();
    let server = Box::new(Server::new(cores, background, shards, databases as usize, table().catalog()));
    SERVER.store(Box::into_raw(server), Ordering::Release);
    0.0
}

/// Pushes a directive. Gives 0, or the length of the error's text, which is in `error` (cut to its capacity).
///
/// # Safety
/// 1. All pairs are *bytes*; `error` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_config(
    name: *const u8,
    name_len: f64,
    value: *const u8,
    value_len: f64,
    error: *mut u8,
    error_len: f64,
) -> f64 {
    // SAFETY: (1)
    let (name, value) = unsafe { (text_of(name, name_len), text_of(value, value_len)) };
    match settings::push(server(), &name, &value) {
        Ok(()) => 0.0,
        // SAFETY: (1)
        Err(text) => unsafe { super::control::fill(text.as_bytes(), error, error_len) },
    }
}

/// Opens core `core` on the calling thread, or takes over the one whose worker was ended: its connections, its data,
/// its pending call stay. `io`: 0 auto, 1 io_uring, 2 epoll. `cpu`: processor to pin to (its place among the allowed
/// ones), -1 for none. Gives the bridge, or 0 if there is no I/O backend to be had: `error` then has why, ended by a zero.
///
/// # Safety
/// 1. `path` is *bytes* (the unix socket's path, for CLIENT LIST).
/// 2. No other thread runs this core any more.
/// 3. `error` is writable for `error_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_core_open(
    core: f64,
    io: f64,
    cpu: f64,
    path: *const u8,
    path_len: f64,
    error: *mut u8,
    error_len: f64,
) -> *mut Bridge {
    let index = core as usize;
    let refuse = |text: String| {
        // SAFETY: (3)
        unsafe { super::control::fill(format!("{text}\0").as_bytes(), error, error_len) };
        std::ptr::null_mut()
    };
    assert!(index < server().cores.len());
    server().cores[index].thread_id.store(cpu::thread_id(), Ordering::Relaxed);
    if cpu >= 0.0 {
        let allowed = cpu::allowed();
        cpu::pin(allowed[cpu as usize % allowed.len()]);
    }
    if index >= server().serving {
        // What runs long gives way to what answers.
        cpu::give_way();
    }
    let open = BRIDGES[index].load(Ordering::Acquire);
    if !open.is_null() {
        // SAFETY: (2), and the bridge is never freed.
        return match unsafe { (*open).core.adopt_thread() } {
            Ok(()) => open,
            Err(cause) => refuse(format!("its sockets cannot be taken over: {cause}")),
        };
    }
    // SAFETY: (1)
    let path = unsafe { text_of(path, path_len) };
    let net = match backend(io as u32, server().wake_fd(index)) {
        Ok(net) => net,
        Err(cause) => return refuse(cause),
    };
    *server().io.write().unwrap_or_else(|p| p.into_inner()) = net.name().to_string();
    let mut made = Core::new(server(), index, net, path);
    for listener in listeners().iter().filter(|_| index < server().serving) {
        if let Err(cause) = made.listen(listener) {
            return refuse(format!("cannot watch a listening socket: {cause}"));
        }
    }
    let bridge = Box::into_raw(Box::new(Bridge {
        core: made,
        deck: Deck::new(),
        request: OwnedArgs::default(),
        scratch: Vec::new(),
        killed: false,
        restoring: false,
        upcall: None,
    }));
    BRIDGES[index].store(bridge, Ordering::Release);
    bridge
}

const IO_AUTO: u32 = 0;
const IO_EPOLL: u32 = 2;

/// The backend that `io` asks for, or why there is none. Auto takes io_uring where the kernel has it and lets us use it.
fn backend(io: u32, wake_fd: i32) -> Result<Box<dyn Backend>, String> {
    if io != IO_EPOLL {
        match Uring::new(wake_fd) {
            Ok(uring) => return Ok(Box::new(uring)),
            Err(cause) if io != IO_AUTO => {
                return Err(format!("this kernel gives no io_uring (Linux 6.1 or newer, permitted): {cause}"));
            }
            Err(_) => (),
        }
    }
    match Epoll::new(wake_fd) {
        Ok(epoll) => Ok(Box::new(epoll)),
        Err(cause) => Err(format!("epoll: {cause}")),
    }
}

/// Address of a bridge's deck.
///
/// # Safety
/// 1. `bridge` is a *bridge*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_deck(bridge: *mut Bridge) -> *mut u8 {
    // SAFETY: (1)
    unsafe { (*bridge).deck.address() }
}

/// The bridge at an address that JavaScript passed as a number.
///
/// # Safety
/// 1. `address` is a *bridge*, and the calling thread is its core's.
#[inline]
pub(super) unsafe fn at<'a>(address: f64) -> &'a mut Bridge {
    // SAFETY: (1) the bridge is alive, and its thread makes one call at a time.
    unsafe { &mut *(address as usize as *mut Bridge) }
}

/// Outcome of a call whose VM was ended by FUNCTION KILL.
const KILLED: u32 = 7;

/// A worker that takes over says that the call its predecessor ran was killed: if it had begun, or was the one that FUNCTION
/// KILL was about.
///
/// # Safety
/// 1. As [`at`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_kill_pending(bridge: f64) {
    // SAFETY: (1)
    let bridge = unsafe { at(bridge) };
    // Sticky: this VM too may be ended before it has told what became of the call.
    let meant = server().cores[bridge.core.id].take_kill();
    let begun = bridge.deck.get_i32(i32_at::CALL_STATE) == 2;
    bridge.killed |= bridge.core.executor.call().is_some() && (begun || meant);
    bridge.restoring = true;
    bridge.deck.set_i32(i32_at::UPCALL, 0);
}

/// Name of the I/O backend in use; gives its length.
///
/// # Safety
/// 1. `out` has `capacity` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_io(out: *mut u8, capacity: f64) -> f64 {
    let name = server().io.read().unwrap_or_else(|p| p.into_inner()).clone();
    // SAFETY: (1)
    unsafe { super::control::fill(name.as_bytes(), out, capacity) }
}

/// Enters the loop; `outcome` and `n` tell what became of the pending up-call. Gives a [`Code`]. The deck has it too: the VM's watchdog may
/// fire while native code sleeps, and what a call gives is then thrown away as it returns.
///
/// # Safety
/// 1. As [`at`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_run(bridge: f64, outcome: f64, n: f64) -> f64 {
    // SAFETY: (1)
    let bridge = unsafe { at(bridge) };
    bridge.deck.set_i32(i32_at::RETURNED, 0);
    let code = run(bridge, outcome, n) as u32;
    bridge.deck.set_i32(i32_at::RETURNED, 1 + code as i32);
    code as f64
}

fn run(bridge: &mut Bridge, outcome: f64, n: f64) -> Code {
    let (core, deck) = (&mut bridge.core, &mut bridge.deck);
    core.vm.ended = false;
    bridge.restoring = bridge.restoring && core.needs_mail();
    if bridge.restoring {
        // The new VM gets its libraries before anything else: the requests behind the killed call need them, and so does
        // a call that was offered to the old VM and had not begun.
        let text = core.mail.pop_front().unwrap_or_default();
        deck.put_in(text.as_bytes());
        deck.set_i32(i32_at::CALL_STATE, 0);
        return Code::Mail;
    }
    // What is in Lua has no outcome of the VM's.
    let pending = core.executor.call().is_some() && (bridge.killed || !core.executor.runs_lua());
    let outcome = match (pending, std::mem::take(&mut bridge.killed)) {
        (false, _) => 0,
        (true, true) => KILLED,
        (true, false) => outcome as u32,
    };
    let limit = server().settings.procedure_result_limit.load(Ordering::Relaxed);
    let too_large = matches!(outcome, 1 | 3) && n as u64 > limit;
    let code = if too_large {
        let text = format!("ERR the result has {n} bytes, more than procedure-result-limit ({limit}) allows");
        core.run(Some(CallEnd::Error(text.as_bytes())))
    } else {
        match outcome {
            1 => core.run(Some(CallEnd::Reply(deck.out(n as usize)))),
            2 => core.run(Some(CallEnd::Error(deck.out(n as usize)))),
            3 => core.run(Some(CallEnd::Reply(deck.grown(n as usize)))),
            4 => core.run(Some(CallEnd::Terminated)),
            5 => core.run(Some(CallEnd::Int(n as i64))),
            6 => core.run(Some(CallEnd::Null)),
            KILLED => core.run(Some(CallEnd::Killed(error::FUNCTION_KILLED))),
            _ => {
                let vm_bytes = deck.get_f64(f64_at::VM_BYTES).max(0.0) as u64;
                server().cores[core.id].figures.vm_bytes.set(vm_bytes);
                if pending {
                    // A VM that has taken over runs from now on what the last one had not begun.
                    let since = &server().cores[core.id].running_since_ns;
                    let _ = since.compare_exchange(0, clock::coarse_ns(), Ordering::Relaxed, Ordering::Relaxed);
                }
                core.run(None)
            }
        }
    };
    if matches!(outcome, 2 | 3) {
        deck.shrink();
    }
    if code != Code::Call {
        core.note_entry();
    }
    match code {
        Code::Call => {
            let call = core.executor.call().expect("CALL comes with a call");
            deck.put_args(call.args.borrow().iter());
            deck.set_i32(i32_at::FN, call.function as i32);
            deck.set_i32(i32_at::NUMKEYS, call.keys as i32);
            deck.set_i32(i32_at::PROTO, if call.proto == Protocol::Resp3 { 3 } else { 2 });
            deck.set_i32(i32_at::FLAGS, call.readonly as i32);
            deck.set_i32(i32_at::STATUS, 0);
            deck.set_i32(i32_at::CALL_STATE, 1);
        }
        Code::Mail => {
            deck.set_i32(i32_at::CALL_STATE, 0);
            let text = core.mail.pop_front().unwrap_or_default();
            deck.put_in(text.as_bytes());
        }
        Code::Leave if core.executor.call().is_some() => deck.set_i32(i32_at::CALL_STATE, 1),
        _ => deck.set_i32(i32_at::CALL_STATE, 0),
    }
    code
}
