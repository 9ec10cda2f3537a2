//! What the kernel says of this process's memory and processor time.

use std::fs;

use super::{ahead, usage};

/// Resident set size in bytes; 0 where /proc is not there.
pub fn resident_bytes() -> usize {
    let Ok(text) = fs::read_to_string("/proc/self/statm") else { return 0 };
    text.split_whitespace().nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * page_bytes()
}

/// Gives freed memory of the calling thread back to the system. Cost: about 20 ns a page of 64 KiB, so for idle moments.
pub fn give_back() {
    // SAFETY: no arguments but a flag; any thread may call it at any time.
    unsafe { libmimalloc_sys::mi_collect(true) }
    ahead::give_back(usage::bytes());
}

/// Physical memory of the machine in bytes; 0 where /proc is not there.
pub fn total_bytes() -> usize {
    let Ok(text) = fs::read_to_string("/proc/meminfo") else { return 0 };
    let line = text.lines().find(|line| line.starts_with("MemTotal:")).unwrap_or("");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<usize>().ok()).unwrap_or(0) * 1024
}

/// `Linux 6.18.44 x86_64`
pub fn system() -> String {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let name = if cfg!(target_os = "linux") { "Linux" } else { std::env::consts::OS };
    format!("{name} {} {}", release.trim(), std::env::consts::ARCH)
}

fn page_bytes() -> usize {
    // SAFETY: sysconf reads a constant of the system.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE).max(4096) as usize }
}

/// (system, user) processor seconds: of this process, of its ended children, of the calling thread.
pub fn cpu_seconds() -> [(f64, f64); 3] {
    [libc::RUSAGE_SELF, libc::RUSAGE_CHILDREN, libc::RUSAGE_THREAD].map(|who| {
        // SAFETY: rusage is plain numbers; all-zero is valid.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: `usage` is a valid out pointer.
        unsafe { libc::getrusage(who, &mut usage) };
        let seconds = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 / 1e6;
        (seconds(usage.ru_stime), seconds(usage.ru_utime))
    })
}
