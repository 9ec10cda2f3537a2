//! What the log says when this library crashes the process: the signal, the place, a stack trace, in Redis's words.
//!
//! ```text
//!   a signal ─▶ from another process, or raised here (abort)?   ─yes─▶ the report, then the signal's default
//!               or does the instruction lie in this library?    ─no──▶ whoever had the signal before: JavaScriptCore uses some for itself
//! ```
//!
//! Between the signal and the end only what may be called in a handler is called (signal-safety(7)): open, write, backtrace_symbols_fd,
//! and no memory is taken. Redis's registers, INFO and memory test are not in it: a core dump has more.

use std::ffi::CString;
use std::fmt::{self, Write};
use std::fs;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering::SeqCst};

const SIGNALS: [i32; 5] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGABRT];
const FRAMES_MAX: usize = 100;

/// Path of the log; null or empty: standard output.
static PLACE: AtomicPtr<libc::c_char> = AtomicPtr::new(ptr::null_mut());
/// Where the instructions of this library lie.
static TEXT: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(0)];
static ENABLED: AtomicBool = AtomicBool::new(false);
static REPORTED: AtomicBool = AtomicBool::new(false);
/// Who had the signals before, in the order of `SIGNALS`.
static BEFORE: [AtomicPtr<libc::sigaction>; 5] = [const { AtomicPtr::new(ptr::null_mut()) }; 5];

/// The log's file is this; empty: standard output.
pub fn set_place(path: &str) {
    let path = CString::new(path).unwrap_or_default();
    // A handler may be reading the old one, which is small: it is not freed.
    PLACE.store(path.into_raw(), SeqCst);
}

/// Reports are written from now on, or no longer.
pub fn enable(on: bool) {
    if !on || TEXT[1].load(SeqCst) != 0 {
        ENABLED.store(on, SeqCst);
        return;
    }
    let here = handle as *const () as usize;
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let Some((start, end)) = maps.lines().filter_map(bounds).find(|(start, end)| (*start..*end).contains(&here)) else {
        return;
    };
    TEXT[0].store(start, SeqCst);
    TEXT[1].store(end, SeqCst);
    let mut first = [ptr::null_mut(); 1];
    for (signal, before) in SIGNALS.into_iter().zip(&BEFORE) {
        // SAFETY: both structures live long enough, the old one for ever; `handle` has the form that SA_SIGINFO asks for. The first call
        // of `backtrace` loads what it needs, which a handler must not do.
        unsafe {
            libc::backtrace(first.as_mut_ptr(), 1);
            let old = Box::into_raw(Box::new(std::mem::zeroed::<libc::sigaction>()));
            let mut new = std::mem::zeroed::<libc::sigaction>();
            new.sa_sigaction = here;
            new.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
            libc::sigemptyset(&mut new.sa_mask);
            if libc::sigaction(signal, ptr::null(), old) == 0 {
                before.store(old, SeqCst);
                libc::sigaction(signal, &new, ptr::null_mut());
            }
        }
    }
    ENABLED.store(true, SeqCst);
}

/// `7f0c1000-7f0c2000 r-xp …`: from where to where.
fn bounds(line: &str) -> Option<(usize, usize)> {
    let (start, rest) = line.split_once('-')?;
    let end = rest.split_once(' ')?.0;
    Some((usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?))
}

/// DEBUG SEGFAULT: reads where nothing is.
pub fn segfault() {
    // SAFETY: none: the end of the process is what was asked for.
    unsafe { ptr::null::<u8>().wrapping_add(0x180).read_volatile() };
}

unsafe extern "C" fn handle(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel gives both, for as long as the handler runs.
    let (code, at, instruction) = unsafe { ((*info).si_code, (*info).si_addr() as usize, instruction_of(context)) };
    let own = (TEXT[0].load(SeqCst)..TEXT[1].load(SeqCst)).contains(&instruction);
    // Codes from 0 down are of signals that somebody has sent.
    if !(own || code <= 0) || !ENABLED.load(SeqCst) {
        return pass_on(signal, info, context);
    }
    if !REPORTED.swap(true, SeqCst) {
        // SAFETY: plain calls, of those that a handler may make.
        unsafe { report(signal, code, at, instruction) };
    }
    // SAFETY: as above. What was sent is sent again; a faulty instruction runs once more.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        if code <= 0 {
            libc::raise(signal);
        }
    }
}

/// As if this handler were not there.
fn pass_on(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let at = SIGNALS.iter().position(|known| *known == signal).unwrap_or(0);
    let before = BEFORE[at].load(SeqCst);
    // SAFETY: whoever had the signal has a function of the form that its flags say.
    unsafe {
        if before.is_null() || (*before).sa_sigaction <= libc::SIG_IGN {
            libc::signal(signal, libc::SIG_DFL);
            if (*info).si_code <= 0 {
                libc::raise(signal);
            }
        } else if (*before).sa_flags & libc::SA_SIGINFO != 0 {
            let next: extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void) =
                std::mem::transmute((*before).sa_sigaction);
            next(signal, info, context);
        } else {
            let next: extern "C" fn(i32) = std::mem::transmute((*before).sa_sigaction);
            next(signal);
        }
    }
}

/// # Safety
/// 1. `context` is what the kernel gave a handler.
unsafe fn instruction_of(context: *mut libc::c_void) -> usize {
    let context = context.cast::<libc::ucontext_t>();
    #[cfg(target_arch = "x86_64")]
    // SAFETY: (1)
    return unsafe { (*context).uc_mcontext.gregs[libc::REG_RIP as usize] as usize };
    #[cfg(target_arch = "aarch64")]
    // SAFETY: (1)
    return unsafe { (*context).uc_mcontext.pc as usize };
}

/// # Safety
/// 1. The process ends next.
unsafe fn report(signal: i32, code: i32, at: usize, instruction: usize) {
    let place = PLACE.load(SeqCst);
    // SAFETY: calls that a handler may make, on a path that lives for ever and frames of this function.
    unsafe {
        let mut fd = libc::STDOUT_FILENO;
        if !place.is_null() && *place != 0 {
            fd = libc::open(place, libc::O_WRONLY | libc::O_APPEND | libc::O_CREAT, 0o644);
        }
        let (pid, now) = (libc::getpid(), libc::time(ptr::null_mut()));
        let mut out = Lines { fd };
        let mut line = |text: fmt::Arguments| {
            let _ = writeln!(out, "{pid}:signal-handler ({now}) # {text}");
        };
        line(format_args!("=== BUG REPORT START: Cut & paste starting from here ==="));
        line(format_args!("Zedis {} crashed by signal: {signal}, si_code: {code}", env!("CARGO_PKG_VERSION")));
        if code > 0 {
            line(format_args!("Accessing address: {at:#x}"));
            line(format_args!(
                "Crashed running the instruction at: {instruction:#x}, {:#x} of this library",
                instruction.wrapping_sub(TEXT[0].load(SeqCst))
            ));
        }
        let _ = out.write_str("\n------ STACK TRACE ------\n");
        let mut frames = [ptr::null_mut(); FRAMES_MAX];
        let count = libc::backtrace(frames.as_mut_ptr(), FRAMES_MAX as i32);
        libc::backtrace_symbols_fd(frames.as_ptr(), count, fd);
        let _ = out.write_str("\n=== BUG REPORT END. Make sure to include from START to END. ===\n");
    }
}

/// A file that is written without a buffer: a piece of text at a time.
struct Lines {
    fd: i32,
}

impl Write for Lines {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // SAFETY: the text is readable for its length.
        match unsafe { libc::write(self.fd, text.as_ptr().cast(), text.len()) } {
            -1 => Err(fmt::Error),
            _ => Ok(()),
        }
    }
}
